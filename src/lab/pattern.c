/* Node ranges: one line of a lab file for a hundred hosts.
 *
 * A pattern is parsed once into the places of its brackets; any of its names is then made from its index alone, as a number in
 * mixed radix whose last digit is the last range. Nothing is expanded before it is needed, so a pattern that stands for too many
 * names is refused by its count, without making one of them.
 *
 * "h[01-20]" keeps the zeros: each number is written at least as wide as the first one. Ranges count upwards only; "[5-1]" is a
 * fault, since it is more likely a slip than a wish.
 */
#include "lab/pattern.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "lab/limits.h"

/* A run of decimal digits; its value, and where it ends. At most 9 digits. */
static const char *digits_parse(const char *p, uint32_t *value)
{
    const char *start = p;
    for (*value = 0; *p >= '0' && *p <= '9' && p - start < 9; p++)
        *value = *value * 10 + (uint32_t)(*p - '0');
    return p == start ? NULL : p;
}

static const char TOO_LONG[] = "a number of a range has at most nine digits";

static int range_parse(const char *text, const char *bracket, struct pattern_range *range, const char **error)
{
    *error = "a range is written [FIRST-LAST], such as [1-100]";
    const char *p = digits_parse(bracket + 1, &range->first);
    if (p && *p >= '0' && *p <= '9')
        *error = TOO_LONG;
    if (!p || *p != '-')
        return IMP_MALFORMED;
    range->width = (uint32_t)(p - bracket - 1);
    p = digits_parse(p + 1, &range->last);
    if (p && *p >= '0' && *p <= '9')
        *error = TOO_LONG;
    if (!p || *p != ']')
        return IMP_MALFORMED;
    range->start = (size_t)(bracket - text);
    range->end = (size_t)(p + 1 - text);
    *error = "a range counts upwards, such as [1-100]";
    return range->last < range->first ? IMP_MALFORMED : 0;
}

int pattern_parse(const char *text, struct pattern *out, const char **error)
{
    *out = (struct pattern){.text = text, .count = 1};
    for (const char *p = text; (p = strpbrk(p, "[]")); p = text + out->ranges[out->range_count - 1].end) {
        if (*p == ']') {
            *error = "a ']' without its '['";
            return IMP_MALFORMED;
        }
        if (out->range_count == PATTERN_RANGES_MAX) {
            *error = "more than 4 ranges in one name";
            return IMP_LIMIT;
        }
        struct pattern_range *range = &out->ranges[out->range_count++];
        int result = range_parse(text, p, range, error);
        if (result)
            return result;
        uint64_t count = out->count * ((uint64_t)range->last - range->first + 1);
        if (count > LIMIT_LAB_RANGE) {
            *error = "it stands for more than 100,000 names";
            return IMP_LIMIT;
        }
        out->count = (size_t)count;
    }
    return 0;
}

char *pattern_name(const struct pattern *pattern, size_t index, struct arena *arena)
{
    if (!pattern->range_count)
        return arena_copy_text(arena, pattern->text);
    uint32_t numbers[PATTERN_RANGES_MAX];
    for (size_t i = pattern->range_count; i-- > 0;) {
        const struct pattern_range *range = &pattern->ranges[i];
        size_t span = (size_t)range->last - range->first + 1;
        numbers[i] = range->first + (uint32_t)(index % span);
        index /= span;
    }
    struct text name = {0};
    size_t at = 0;
    for (size_t i = 0; i < pattern->range_count; i++) {
        text_add_bytes(&name, pattern->text + at, pattern->ranges[i].start - at);
        text_format(&name, "%0*u", (int)pattern->ranges[i].width, numbers[i]);
        at = pattern->ranges[i].end;
    }
    text_add(&name, pattern->text + at);
    char *copy = arena_copy_text(arena, text_string(&name));
    text_free(&name);
    return copy;
}
