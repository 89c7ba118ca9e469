#ifndef IMP_LAB_PATTERN_H
#define IMP_LAB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A name that may stand for many: "h[1-100]" is h1 ... h100, "h[01-20]" is h01 ... h20 (as wide as the first number is written),
 * "p[1-4]h[1-16]" is 64 names, the last range counting fastest. A name without brackets stands for itself. */
enum { PATTERN_RANGES_MAX = 4 };
struct pattern {
    const char *text; /* borrowed */
    struct pattern_range {
        size_t start, end; /* of "[1-100]" in the text: first character, one past the last */
        uint32_t first, last;
        uint32_t width; /* digits, at least */
    } ranges[PATTERN_RANGES_MAX];
    size_t range_count;
    size_t count; /* names it stands for, at least 1 */
};

/* 0; or IMP_MALFORMED or IMP_LIMIT, with a sentence in *error (static text). */
int pattern_parse(const char *text, struct pattern *out, const char **error);
/* The name of `index`, below count; lives as long as the arena. */
char *pattern_name(const struct pattern *pattern, size_t index, struct arena *arena);

#endif
