/* Numbers with units, in exact arithmetic.
 *
 * A person writes "2.5Gbit/s" or "1.5 s"; the program wants whole bits per second and whole nanoseconds. Floating point would turn
 * some of these into the number next to them, on some machines, and a lab must be the same everywhere. So the digits are read into
 * one integer with a count of how many stood behind the point, multiplied by the unit in 128 bits, and divided by that power of
 * ten. Twenty-odd digits are enough for every value that fits 64 bits; more of them in a fraction are read and ignored, more of
 * them in front are out of range. There are no signs and no exponents: no duration, size or rate of a lab has one. */
#include "base/decimal.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { FRACTION_DIGITS_MAX = 12 };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

int decimal_parse(const char *text, const struct unit *units, size_t count, uint64_t max, uint64_t *out)
{
    unsigned __int128 value = 0;
    uint64_t divisor = 1;
    bool too_large = false;
    const char *at = text;
    if (!is_digit(*at))
        return IMP_MALFORMED;
    for (; is_digit(*at); at++) {
        value = value * 10 + (unsigned)(*at - '0');
        if (value > UINT64_MAX) {
            too_large = true;
            value = UINT64_MAX;
        }
    }
    if (*at == '.') {
        if (!is_digit(*++at))
            return IMP_MALFORMED;
        for (int digits = 0; is_digit(*at); at++, digits++)
            if (digits < FRACTION_DIGITS_MAX && value <= UINT64_MAX / 10 * (unsigned __int128)1000000) {
                value = value * 10 + (unsigned)(*at - '0');
                divisor *= 10;
            }
    }
    while (*at == ' ')
        at++;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(at, units[i].name) != 0)
            continue;
        unsigned __int128 product;
        if (too_large || __builtin_mul_overflow(value, (unsigned __int128)units[i].scale, &product) || product / divisor > max)
            return IMP_INVALID;
        *out = (uint64_t)(product / divisor);
        return 0;
    }
    return IMP_MALFORMED;
}

char *decimal_print(uint64_t value, const struct unit *unit, char *out, size_t size_bytes)
{
    uint64_t whole = value / unit->scale, rest = value % unit->scale;
    char fraction[FRACTION_DIGITS_MAX + 2] = "";
    size_t length = 0;
    for (uint64_t place = unit->scale / 10; rest && length < FRACTION_DIGITS_MAX; place /= 10) {
        fraction[length + 1] = (char)('0' + rest / place);
        rest %= place;
        length++;
    }
    if (length)
        fraction[0] = '.';
    (void)snprintf(out, size_bytes, "%" PRIu64 "%s %s", whole, fraction, unit->name);
    return out;
}
