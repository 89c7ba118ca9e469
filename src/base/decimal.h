#ifndef IMP_BASE_DECIMAL_H
#define IMP_BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

/* Numbers with a unit behind, as people write them: "1.5 s", "64k", "2.5Gbit/s". Durations, sizes and rates share this. */
struct unit {
    const char *name;
    uint64_t scale; /* in the smallest unit: ns, bytes, bit/s */
};

/* Parses the whole of `text`: digits, an optional fraction, spaces, one of the `count` units (their names exactly). A part that is
 * smaller than 1 is cut off. Returns 0, IMP_MALFORMED, or IMP_INVALID when the product is larger than `max`. */
int decimal_parse(const char *text, const struct unit *units, size_t count, uint64_t max, uint64_t *out);

/* Prints `value` in `unit` with all the decimals it takes and no more: 1500000 in ms (10^6) is "1.5 ms". The scale must be a power
 * of ten if the value is not a multiple of it. Returns `out`, cut to size. */
char *decimal_print(uint64_t value, const struct unit *unit, char *out, size_t size_bytes);

#endif
