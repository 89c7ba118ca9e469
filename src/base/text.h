#ifndef IMP_BASE_TEXT_H
#define IMP_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string. All zero bytes is a valid empty text. `data` is NUL-terminated once anything was added, else NULL;
 * text_string() is never NULL. The owner ends it with text_free(). */
struct text {
    char *data;
    size_t length, capacity;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *data, size_t length);
void text_add_char(struct text *text, char c);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_format_list(struct text *text, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
void text_add_json(struct text *text, const char *string, size_t length); /* quoted; invalid UTF-8 becomes U+FFFD */
const char *text_string(const struct text *text);
void text_clear(struct text *text); /* keeps the memory */
void text_free(struct text *text);

/* Decimal only, the whole string, 0..max. Returns 0, IMP_MALFORMED or IMP_INVALID (past max). */
int number_parse(const char *string, uint64_t max, uint64_t *out);
/* "1500", "64k", "2M", "1.5G" with powers of 1000; "KiB", "MiB" ... with powers of 1024; an optional "B" behind. */
int size_parse(const char *string, uint64_t *bytes_out);
/* "100k", "10M", "1G", "2.5Gbit/s", "56kbps": bits per second, powers of 1000. */
int rate_parse(const char *string, uint64_t *bits_per_second_out);
/* In the largest unit that leaves a whole number: "64 KiB", "2 MB", "1500 B"; and "2.5 Gbit/s", with decimals. What they print can be
 * parsed back to the same number. Return `out`; 32 bytes always suffice. */
char *size_print(uint64_t bytes, char *out, size_t size_bytes);
char *rate_print(uint64_t bits_per_second, char *out, size_t size_bytes);
bool text_equal_fold(const char *a, const char *b); /* ASCII case folded */
/* Edits between two words (insert, delete, replace, swap neighbours each cost 1); for "did you mean". */
unsigned text_distance(const char *a, const char *b);
/* The candidate nearest to `word`, or NULL when none is near enough to be what was meant. `candidates` ends with NULL. */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
