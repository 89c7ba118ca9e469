#ifndef IMP_LAB_WORDS_H
#define IMP_LAB_WORDS_H

#include <stdbool.h>

#include "base/arena.h"

/* Splits a command line into words as sh does, with quotes and backslashes, but nothing more: no variables, no globs, and no
 * pipes, redirections or lists (those need `imp shell`). A single "&" at the end is taken off and reported. */
struct words {
    char **words; /* words[count] is NULL */
    int count;
    bool background;
};
/* 0, or IMP_MALFORMED or IMP_UNSUPPORTED with a sentence in *error (from the arena). */
int words_split(const char *text, struct arena *arena, struct words *out, const char **error);

#endif
