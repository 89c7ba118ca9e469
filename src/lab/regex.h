#ifndef IMP_LAB_REGEX_H
#define IMP_LAB_REGEX_H

#include <stdbool.h>
#include <stddef.h>

/* What an expectation says of a text: a plain part of it, or a PCRE2 pattern between slashes: /^[0-9]+ bytes/ . Flags behind the
 * last slash: i folds case, s lets a dot match a newline; ^ and $ match at lines always. */
int regex_check(const char *expected, char *error, size_t error_bytes); /* 0, or IMP_MALFORMED with a sentence */
bool regex_holds(const char *expected, const char *text, size_t length);

#endif
