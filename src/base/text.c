/* Growing strings, and the small readers of words and numbers that lab files, options and tools share.
 *
 * A `struct text` is a buffer that doubles; it always ends with a NUL, so it can be handed to printf at any time. JSON strings are
 * made here because several writers need them and because bytes from a wire may get into them: what is not valid UTF-8 (RFC 3629:
 * no surrogates, no overlong forms, nothing past U+10FFFF) becomes U+FFFD, so the output is JSON whatever came in.
 *
 * "Did you mean": text_nearest() offers a candidate only when few edits part it from the word, as a typing slip would; a wrong
 * suggestion is worse than none. The distance is the optimal string alignment one: a swap of neighbours is one edit.
 *
 * Left out on purpose: locales, wide characters, case folding outside ASCII. Names in a lab file are ASCII. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/number.h"

enum { TEXT_FIRST_BYTES = 64 };

static char *text_room(struct text *text, size_t length) /* for that many bytes and a NUL, at the end */
{
    size_t needed;
    if (__builtin_add_overflow(text->length, length, &needed) || __builtin_add_overflow(needed, 1, &needed))
        needed = SIZE_MAX; /* memory_grow says so and ends */
    if (needed > text->capacity) {
        size_t capacity = text->capacity > SIZE_MAX / 2 ? SIZE_MAX : text->capacity * 2;
        if (capacity < TEXT_FIRST_BYTES)
            capacity = TEXT_FIRST_BYTES;
        text->capacity = capacity < needed ? needed : capacity;
        text->data = memory_grow(text->data, text->capacity, 1);
    }
    return text->data + text->length;
}

void text_add_bytes(struct text *text, const void *data, size_t length)
{
    char *room = text_room(text, length);
    if (length)
        memcpy(room, data, length);
    room[length] = 0;
    text->length += length;
}

void text_add(struct text *text, const char *string) { text_add_bytes(text, string, strlen(string)); }
void text_add_char(struct text *text, char c) { text_add_bytes(text, &c, 1); }

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_format_list(text, format, arguments);
    va_end(arguments);
}

void text_format_list(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    size_t left = text->capacity - text->length;
    int length = vsnprintf(left ? text->data + text->length : NULL, left, format, arguments);
    if (length > 0 && (size_t)length >= left)
        (void)vsnprintf(text_room(text, (size_t)length), (size_t)length + 1, format, again);
    va_end(again);
    if (length > 0)
        text->length += (size_t)length;
    else
        text_add_bytes(text, "", 0); /* nothing to add, but the NUL is promised */
}

/* The length of the valid UTF-8 character at `s`, 0 when there is none. */
static size_t utf8_length(const uint8_t *s, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    if (length <= 1)
        return length;
    if (length > left)
        return 0;
    uint32_t code = s[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        code = code << 6 | (s[i] & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < smallest[length] || surrogate || code > 0x10ffff ? 0 : length;
}

void text_add_json(struct text *text, const char *string, size_t length)
{
    const uint8_t *at = (const uint8_t *)string, *end = at + length;
    text_add_char(text, '"');
    while (at < end) {
        size_t n = utf8_length(at, (size_t)(end - at));
        if (n == 0)
            text_add(text, "\xef\xbf\xbd");
        else if (*at == '"' || *at == '\\')
            text_format(text, "\\%c", *at);
        else if (*at == '\n')
            text_add(text, "\\n");
        else if (*at < 0x20)
            text_format(text, "\\u%04x", *at);
        else
            text_add_bytes(text, at, n);
        at += n ? n : 1;
    }
    text_add_char(text, '"');
}

const char *text_string(const struct text *text) { return text->data ? text->data : ""; }

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->data)
        text->data[0] = 0;
}

void text_free(struct text *text)
{
    memory_free(text->data);
    *text = (struct text){0};
}

int number_parse(const char *string, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    bool too_large = false;
    if (!*string)
        return IMP_MALFORMED;
    for (; *string; string++) {
        if (*string < '0' || *string > '9')
            return IMP_MALFORMED;
        too_large |= __builtin_mul_overflow(value, 10, &value);
        too_large |= __builtin_add_overflow(value, (uint64_t)(*string - '0'), &value);
    }
    if (too_large || value > max)
        return IMP_INVALID;
    *out = value;
    return 0;
}

/* The first nine are what size_print() writes; in each family the larger first. */
static const struct unit SIZES[] = {{"TiB", UINT64_C(1) << 40},
                                    {"GiB", UINT64_C(1) << 30},
                                    {"MiB", UINT64_C(1) << 20},
                                    {"KiB", UINT64_C(1) << 10},
                                    {"TB", UINT64_C(1000000000000)},
                                    {"GB", 1000000000},
                                    {"MB", 1000000},
                                    {"kB", 1000},
                                    {"B", 1},
                                    {"", 1},
                                    {"k", 1000},
                                    {"K", 1000},
                                    {"KB", 1000},
                                    {"M", 1000000},
                                    {"G", 1000000000},
                                    {"T", UINT64_C(1000000000000)},
                                    {"Ki", UINT64_C(1) << 10},
                                    {"Mi", UINT64_C(1) << 20},
                                    {"Gi", UINT64_C(1) << 30},
                                    {"Ti", UINT64_C(1) << 40}};
enum { SIZES_PRINTED = 9 };

int size_parse(const char *string, uint64_t *bytes_out)
{
    return decimal_parse(string, SIZES, count_of(SIZES), UINT64_MAX, bytes_out);
}

char *size_print(uint64_t bytes, char *out, size_t size_bytes)
{
    const struct unit *unit = &SIZES[0];
    while (unit < &SIZES[SIZES_PRINTED - 1] && (bytes == 0 || bytes % unit->scale != 0))
        unit++;
    return decimal_print(bytes, unit, out, size_bytes);
}

static const struct unit RATES[] = {
    {"Tbit/s", UINT64_C(1000000000000)}, {"Gbit/s", 1000000000}, {"Mbit/s", 1000000}, {"kbit/s", 1000}, {"bit/s", 1}};

int rate_parse(const char *string, uint64_t *bits_per_second_out)
{
    static const char *const endings[] = {"", "bit/s", "bps", "bit", "b/s"};
    static const struct unit prefixes[] = {{"", 1},        {"k", 1000},       {"K", 1000},
                                           {"M", 1000000}, {"G", 1000000000}, {"T", UINT64_C(1000000000000)}};
    struct unit units[count_of(endings) * count_of(prefixes)];
    char names[count_of(units)][8];
    for (size_t i = 0; i < count_of(units); i++) {
        const struct unit *prefix = &prefixes[i % count_of(prefixes)];
        (void)snprintf(names[i], sizeof names[i], "%s%s", prefix->name, endings[i / count_of(prefixes)]);
        units[i] = (struct unit){names[i], prefix->scale};
    }
    return decimal_parse(string, units, count_of(units), UINT64_MAX, bits_per_second_out);
}

char *rate_print(uint64_t bits_per_second, char *out, size_t size_bytes)
{
    const struct unit *unit = &RATES[0];
    while (unit < &RATES[count_of(RATES) - 1] && bits_per_second < unit->scale)
        unit++;
    return decimal_print(bits_per_second, unit, out, size_bytes);
}

static char fold(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool text_equal_fold(const char *a, const char *b)
{
    while (*a && fold(*a) == fold(*b))
        a++, b++;
    return fold(*a) == fold(*b);
}

unsigned text_distance(const char *a, const char *b)
{
    size_t b_length = strlen(b);
    unsigned *rows = memory_take_zeroed(3 * (b_length + 1), sizeof *rows); /* of the table: the present one and two before it */
    unsigned *before_last = rows, *last = rows + b_length + 1, *row = last + b_length + 1;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; a[i - 1]; i++) {
        unsigned *oldest = before_last;
        before_last = last;
        last = row;
        row = oldest;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before_last[j - 2] + 1);
        }
    }
    unsigned distance = row[b_length];
    memory_free(rows);
    return distance;
}

const char *text_nearest(const char *word, const char *const *candidates)
{
    unsigned length = (unsigned)strlen(word), best = 2 + length / 4; /* a slip, and one more every four letters */
    const char *nearest = NULL;
    if (best > length)
        best = length; /* what shares nothing with the word is no slip of it */
    for (; *candidates; candidates++) {
        unsigned distance = text_distance(word, *candidates);
        if (distance < best) {
            best = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}
