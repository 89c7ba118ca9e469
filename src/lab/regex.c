/* Expected texts: a plain part, or a regular expression between slashes.
 *
 * A text that begins with a slash and has a second one, with only flags behind it, is a pattern; anything else is looked for as it
 * stands. Patterns are compiled by PCRE2 when the lab is loaded (to report what is wrong with them) and again when they are used,
 * which is rare enough. Matching is bounded by LIMIT_LAB_MATCH_STEPS, so that a pattern with exponential backtracking fails instead
 * of hanging; a pattern that ran into the bound does not hold.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "lab/regex.h"

#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "lab/limits.h"

/* The pattern between the slashes and its options; false when `expected` is a plain text. */
static bool pattern_of(const char *expected, const char **start, size_t *length, uint32_t *options)
{
    const char *last = strrchr(expected, '/');
    if (*expected != '/' || last == expected || last[1 + strspn(last + 1, "is")])
        return false;
    *start = expected + 1;
    *length = (size_t)(last - *start);
    *options = PCRE2_MULTILINE | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF;
    if (strchr(last, 'i'))
        *options |= PCRE2_CASELESS;
    if (strchr(last, 's'))
        *options |= PCRE2_DOTALL;
    return true;
}

static pcre2_code *compile(const char *start, size_t length, uint32_t options, char *error, size_t error_bytes)
{
    int code;
    PCRE2_SIZE at;
    pcre2_code *regex = pcre2_compile((PCRE2_SPTR)start, length, options, &code, &at, NULL);
    if (!regex && error) {
        PCRE2_UCHAR message[120];
        pcre2_get_error_message(code, message, sizeof message);
        snprintf(error, error_bytes, "%s, at its character %zu", (const char *)message, (size_t)at + 1);
    }
    return regex;
}

int regex_check(const char *expected, char *error, size_t error_bytes)
{
    const char *start;
    size_t length;
    uint32_t options;
    if (!pattern_of(expected, &start, &length, &options))
        return 0;
    pcre2_code *regex = compile(start, length, options, error, error_bytes);
    pcre2_code_free(regex);
    return regex ? 0 : IMP_MALFORMED;
}

bool regex_holds(const char *expected, const char *text, size_t length)
{
    const char *start;
    size_t pattern_length;
    uint32_t options;
    if (!pattern_of(expected, &start, &pattern_length, &options))
        return !*expected || memmem(text, length, expected, strlen(expected)) != NULL;
    pcre2_code *regex = compile(start, pattern_length, options, NULL, 0);
    if (!regex)
        return false;
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_set_match_limit(context, LIMIT_LAB_MATCH_STEPS);
    int result = pcre2_match(regex, (PCRE2_SPTR)text, length, 0, 0, data, context);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_code_free(regex);
    return result >= 0;
}
