/* Word splitting, as sh does it, for the `run` of a scenario.
 *
 * Outside quotes, blanks separate words and a backslash takes the next character as it is. Within '...' everything is as it is;
 * within "..." a backslash counts only before $, `, ", \ and a newline (POSIX 2.2.3). What sh would act upon and this does not is
 * refused at load time with a sentence, rather than handed to a tool as a strange argument: | < > ; ( ) ` and $ outside single
 * quotes, and & anywhere but at the end. A # begins a comment only in a shell script; here it is a character like others.
 */
#include "lab/words.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "lab/limits.h"

struct splitter {
    const char *at;
    struct arena *arena;
    struct words *out;
    struct text word;
    bool in_word; /* '' is a word too */
    const char *error;
};

static void word_end(struct splitter *s)
{
    if (!s->in_word)
        return;
    if (s->out->count == LIMIT_LAB_WORDS)
        s->error = "too many words";
    else
        s->out->words[s->out->count++] = arena_copy_bytes(s->arena, text_string(&s->word), s->word.length);
    text_clear(&s->word);
    s->in_word = false;
}

static void quoted(struct splitter *s, char quote)
{
    s->in_word = true;
    for (s->at++; *s->at && *s->at != quote; s->at++) {
        if (quote == '"' && *s->at == '\\' && s->at[1] && strchr("$`\"\\\n", s->at[1]))
            s->at++;
        else if (quote == '"' && strchr("$`", *s->at))
            s->error = "'$' and '`' are for a shell: `imp shell` has one";
        text_add_char(&s->word, *s->at);
    }
    if (!*s->at)
        s->error = quote == '"' ? "a \" without its end" : "a ' without its end";
    else
        s->at++;
}

static void step(struct splitter *s)
{
    char c = *s->at;
    if (c == ' ' || c == '\t' || c == '\n') {
        word_end(s);
        s->at++;
    } else if (c == '\'' || c == '"') {
        quoted(s, c);
    } else if (c == '&' && !s->at[1 + strspn(s->at + 1, " \t\n")]) {
        word_end(s);
        s->out->background = true;
        s->at += strlen(s->at);
    } else if (strchr("|<>;()`$&", c)) {
        s->error = arena_format(s->arena, "'%c' is for a shell (pipes, redirections, lists): `imp shell` has one", c);
    } else {
        if (c == '\\' && s->at[1])
            s->at++;
        s->in_word = true;
        text_add_char(&s->word, *s->at++);
    }
}

int words_split(const char *text, struct arena *arena, struct words *out, const char **error)
{
    struct splitter s = {.at = text, .arena = arena, .out = out};
    size_t most = strlen(text) / 2 + 1; /* a word and a blank each */
    *out = (struct words){.words = arena_take(arena, ((most < LIMIT_LAB_WORDS ? most : LIMIT_LAB_WORDS) + 2) * sizeof(char *))};
    while (*s.at && !s.error)
        step(&s);
    if (!s.error)
        word_end(&s);
    text_free(&s.word);
    if (!s.error && !out->count)
        s.error = "no command";
    *error = s.error;
    return s.error ? IMP_MALFORMED : 0;
}
