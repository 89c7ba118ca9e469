/* sysctl: the settings of a node's TCP and IP, by their Linux names, as the real one (procps) reads and writes them.
 *
 * It is a thin coat over net_sysctl_*(): `sysctl NAME` shows, `sysctl NAME=VALUE` (with or without -w) sets and shows, `-a` lists all in the
 * order of their names, `-p FILE` sets what a file says. The name of a folder, such as net.ipv4, stands for all in it; `-r` keeps those that
 * a regular expression matches. Dots and slashes both separate. What is set counts for connections that begin afterwards.
 *
 * Left out: the system's own files (-p without one, --system), and every setting of a kernel that imp's stack has no use for. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/tool.h"

enum { NAME_MAX_BYTES = 96, NAMES_MAX = 256, WORDS_MAX = 64, FILE_BYTES_MAX = 65536 };
struct sysctl {
    struct tool_run *run;
    bool all, only_values, only_names, ignore_unknown, quiet, binary, writes, dry_run;
    pcre2_code *pattern; /* of -r, or NULL */
    const char *path;    /* of -p, or NULL */
    const char *words[WORDS_MAX];
    size_t word_count;
};

static const char USAGE[] = "\nUsage:\n sysctl [options] [variable[=value] ...]\n\nOptions:\n"
                            "  -a, --all            display all variables\n"
                            "  -A                   alias of -a\n"
                            "  -X                   alias of -a\n"
                            "      --dry-run        Print the key and values but do not write\n"
                            "  -b, --binary         print value without new line\n"
                            "  -e, --ignore         ignore unknown variables errors\n"
                            "  -N, --names          print variable names without values\n"
                            "  -n, --values         print only values of the given variable(s)\n"
                            "  -p, --load=<file>    read values from file\n"
                            "  -f                   alias of -p\n"
                            "  -r, --pattern <expression>\n"
                            "                       select setting that match expression\n"
                            "  -q, --quiet          do not echo variable set\n"
                            "  -w, --write          enable writing a value to variable\n"
                            "\n -h, --help     display this help and exit\n";

static bool selected(const struct sysctl *s, const char *name)
{
    if (!s->pattern)
        return true;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(s->pattern, NULL);
    bool found = pcre2_match(s->pattern, (PCRE2_SPTR)name, strlen(name), 0, 0, match, NULL) >= 0;
    pcre2_match_data_free(match);
    return found;
}

static void show(const struct sysctl *s, const char *name, const char *value)
{
    if (!selected(s, name))
        return;
    if (s->only_names)
        tool_print(s->run, "%s\n", name);
    else if (s->binary)
        tool_print(s->run, "%s", value);
    else if (s->only_values)
        tool_print(s->run, "%s\n", value);
    else
        tool_print(s->run, "%s = %s\n", name, value);
}

static int fail(const struct sysctl *s, const char *name, int error)
{
    char path[NAME_MAX_BYTES];
    switch (error) {
    case IMP_NOT_FOUND:
        if (s->ignore_unknown)
            return 0;
        snprintf(path, sizeof path, "%s", name);
        for (char *c = path; *c; c++)
            *c = *c == '.' ? '/' : *c;
        tool_complain(s->run, "sysctl: cannot stat /proc/sys/%s: No such file or directory\n", path);
        return 1;
    case IMP_DENIED: tool_complain(s->run, "sysctl: permission denied on key \"%s\"\n", name); return 1;
    case IMP_UNSUPPORTED: tool_complain(s->run, "sysctl: this machine's settings are for its own sysctl\n"); return 1;
    default: tool_complain(s->run, "sysctl: setting key \"%s\": Invalid argument\n", name); return 1;
    }
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* All settings in a folder ("net.ipv4"), or all there are; IMP_NOT_FOUND when there are none. */
static int show_all(const struct sysctl *s, const char *folder)
{
    char name[NAME_MAX_BYTES], value[SYSCTL_TEXT_BYTES], *names[NAMES_MAX];
    size_t count = 0, shown = 0, length = strlen(folder);
    for (const char *next; count < NAMES_MAX && (next = net_sysctl_name(count, name, sizeof name)) != NULL;)
        names[count++] = memory_copy_text(next);
    qsort(names, count, sizeof *names, by_name);
    int error = 0;
    for (size_t i = 0; i < count; i++) {
        bool inside = length == 0 || (strncmp(names[i], folder, length) == 0 && names[i][length] == '.');
        int got = inside ? net_sysctl_get(s->run->net, names[i], value, sizeof value) : IMP_NOT_FOUND;
        if (got == 0)
            show(s, names[i], value);
        else if (inside)
            error = got;
        shown += inside;
        memory_free(names[i]);
    }
    return error ? error : shown ? 0 : IMP_NOT_FOUND;
}

static size_t trimmed(const char *text, size_t length)
{
    while (length && strchr(" \t\r", text[length - 1]))
        length--;
    return length;
}

static int set(const struct sysctl *s, const char *name, const char *text)
{
    char value[SYSCTL_TEXT_BYTES];
    int error = net_sysctl_set(s->dry_run ? NULL : s->run->net, name, text);
    if (error == IMP_NOT_FOUND && net_sysctl_get(s->run->net, name, value, sizeof value) == 0)
        error = IMP_INVALID; /* the setting is there: it is the value that is not, such as a congestion control */
    if (error)
        return fail(s, name, error);
    if (s->quiet)
        return 0;
    if (s->dry_run || net_sysctl_get(s->run->net, name, value, sizeof value) != 0)
        (void)snprintf(value, sizeof value, "%s", text);
    show(s, name, value);
    return 0;
}

static int take(const struct sysctl *s, const char *word)
{
    char name[NAME_MAX_BYTES], value[SYSCTL_TEXT_BYTES];
    const char *equals = strchr(word, '=');
    size_t length = trimmed(word, equals ? (size_t)(equals - word) : strlen(word));
    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, word, length);
    name[length] = '\0';
    for (char *c = name; *c; c++)
        *c = *c == '/' ? '.' : *c;
    if (equals) {
        const char *text = equals + 1 + strspn(equals + 1, " \t");
        size_t bytes = trimmed(text, strlen(text));
        if (bytes >= sizeof value)
            return fail(s, name, IMP_INVALID);
        (void)snprintf(value, sizeof value, "%.*s", (int)bytes, text);
        return selected(s, name) ? set(s, name, value) : 0;
    }
    if (s->writes) {
        tool_complain(s->run, "sysctl: command line(0): invalid syntax, continuing...\n");
        return 1;
    }
    int error = net_sysctl_get(s->run->net, name, value, sizeof value);
    if (error == IMP_NOT_FOUND && (error = show_all(s, name)) == 0)
        return 0;
    if (error)
        return fail(s, name, error);
    show(s, name, value);
    return 0;
}

/* A line each, "name = value"; what begins with '#' or ';' is said to people, and a '-' in front forgives an error (sysctl.d(5)). */
static int load(struct sysctl *s)
{
    const struct tool_io *io = s->run->io;
    size_t length = 0;
    int error = IMP_UNSUPPORTED, status = 0;
    char *bytes = io->file_read ? (char *)io->file_read(io->context, s->path, FILE_BYTES_MAX, &length, &error) : NULL;
    if (!bytes) {
        tool_complain(s->run, "sysctl: cannot open \"%s\": %s\n", s->path, imp_error_text(error));
        return 1;
    }
    char line[NAME_MAX_BYTES + SYSCTL_TEXT_BYTES];
    unsigned number = 0;
    for (const char *at = bytes, *end; at < bytes + length; at = end + 1) {
        end = memchr(at, '\n', (size_t)(bytes + length - at));
        end = end ? end : bytes + length;
        number++;
        while (at < end && strchr(" \t", *at))
            at++;
        if (at == end || *at == '#' || *at == ';' || *at == '\r')
            continue;
        bool forgiven = *at == '-', before = s->ignore_unknown;
        (void)snprintf(line, sizeof line, "%.*s", (int)(end - at - forgiven), at + forgiven);
        if (!strchr(line, '=')) {
            tool_complain(s->run, "sysctl: %s(%u): invalid syntax, continuing...\n", s->path, number);
            status = 1;
            continue;
        }
        s->ignore_unknown = before || forgiven;
        int failed = take(s, line);
        s->ignore_unknown = before;
        status |= forgiven ? 0 : failed;
    }
    memory_free(bytes);
    return status;
}

/* "--pattern=X" and the like, as a letter; -1: there is none such, or its value is missing. */
static int long_letter(struct options *options)
{
    static const struct {
        const char *name;
        char letter;
    } NAMES[] = {{"all", 'a'},   {"binary", 'b'}, {"ignore", 'e'}, {"names", 'N'},   {"values", 'n'}, {"load", 'p'},
                 {"quiet", 'q'}, {"write", 'w'},  {"help", 'h'},   {"dry-run", 'd'}, {"pattern", 'r'}};
    const char *word = options->argv[options->at - 1] + 2, *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    options->cluster = NULL;
    for (size_t i = 0; i < count_of(NAMES); i++) {
        bool valued = NAMES[i].letter == 'p' || NAMES[i].letter == 'r';
        if (strlen(NAMES[i].name) != length || strncmp(NAMES[i].name, word, length) != 0)
            continue;
        if (valued && !equals && options->at >= options->argc)
            return -1;
        if (valued)
            options->value = equals ? equals + 1 : options->argv[options->at++];
        return NAMES[i].letter;
    }
    return -1;
}

static pcre2_code *compiled(const char *pattern)
{
    int error;
    PCRE2_SIZE at;
    return pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern), 0, &error, &at, NULL);
}

/* 0, or the exit status + 1. */
static int set_option(struct sysctl *s, int letter, const char *value)
{
    switch (letter) {
    case 'a':
    case 'A':
    case 'X': s->all = true; break;
    case 'b': s->binary = true; break;
    case 'd': s->dry_run = true; break;
    case 'e': s->ignore_unknown = true; break;
    case 'n': s->only_values = true; break;
    case 'N': s->only_names = true; break;
    case 'q': s->quiet = true; break;
    case 'w': s->writes = true; break;
    case 'p':
    case 'f': s->path = value; break;
    case 'r':
        pcre2_code_free(s->pattern);
        if (!(s->pattern = compiled(value))) {
            tool_complain(s->run, "sysctl: \"%s\" is no regular expression\n", value);
            return 1 + 1;
        }
        break;
    case 'h': tool_print(s->run, "%s", USAGE); return 0 + 1;
    case OPTIONS_OPERAND:
        if (s->word_count == WORDS_MAX) {
            tool_complain(s->run, "sysctl: more than %u variables at once\n", (unsigned)WORDS_MAX);
            return 1 + 1;
        }
        s->words[s->word_count++] = value;
        break;
    }
    return 0;
}

static int read_options(struct sysctl *s)
{
    struct options options = options_of(s->run->argc, s->run->argv, "aAXewnNqbhr:p:f:");
    int status = 0;
    for (int option; !status && (option = options_next(&options)) != OPTIONS_END;) {
        if (option == OPTIONS_UNKNOWN && options.letter == '-' && (option = long_letter(&options)) < 0) {
            tool_complain(s->run, "sysctl: unrecognized option '%s'\n%s", options.argv[options.at - 1], USAGE);
            return 1 + 1;
        }
        if (option == OPTIONS_UNKNOWN || option == OPTIONS_NO_VALUE) {
            tool_complain(s->run,
                          option == OPTIONS_UNKNOWN ? "sysctl: invalid option -- '%c'\n%s"
                                                    : "sysctl: option requires an argument -- '%c'\n%s",
                          options.letter, USAGE);
            return 1 + 1;
        }
        status = set_option(s, option, options.value);
    }
    return status;
}

static int act(struct sysctl *s)
{
    if (s->path)
        return load(s);
    if (s->all || (s->pattern && !s->word_count)) {
        int error = show_all(s, "");
        return error ? fail(s, "", error) : 0;
    }
    if (!s->word_count) {
        tool_complain(s->run, "sysctl: no variables specified\nTry `sysctl -h' for more information.\n");
        return 1;
    }
    int status = 0;
    for (size_t i = 0; i < s->word_count; i++)
        status |= take(s, s->words[i]);
    return status;
}

static int sysctl_run(struct tool_run *run)
{
    struct sysctl s = {.run = run};
    int status = read_options(&s);
    status = status ? status - 1 : act(&s);
    pcre2_code_free(s.pattern);
    return status;
}

const struct tool SYSCTL_TOOL = {
    .name = "sysctl", .summary = "show or change settings of TCP and IP", .run = sysctl_run, .lab_only = true};
