/* Durations as text.
 *
 * Time itself is arithmetic on one integer and lives in time.h. Here is only what people read and write: lab files say "20ms" or
 * "5 min", stories and tools print "1.5 s". What is printed can be parsed back to the same number of nanoseconds.
 *
 * Printing takes the largest unit that leaves a whole number, or one with decimals from seconds down, where units are powers of ten
 * apart: "12 h", "90 min", "90.5 s". Minutes and hours never get decimals, because nobody reads "1.508 min". */
#include "base/time.h"

#include <stdio.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/memory.h"

static const struct unit UNITS[] = {/* largest first */
                                    {"d", 86400 * (uint64_t)NS_PER_S},
                                    {"h", 3600 * (uint64_t)NS_PER_S},
                                    {"min", 60 * (uint64_t)NS_PER_S},
                                    {"s", (uint64_t)NS_PER_S},
                                    {"ms", (uint64_t)NS_PER_MS},
                                    {"us", (uint64_t)NS_PER_US},
                                    {"ns", 1},
                                    {"m", 60 * (uint64_t)NS_PER_S}};
static const size_t PRINTED_UNITS = count_of(UNITS) - 1; /* "m" is read, not written: it could be metres or milli */

int duration_parse(const char *text, int64_t *ns_out)
{
    if (text[0] == '0' && text[1] == 0) {
        *ns_out = 0;
        return 0;
    }
    uint64_t ns;
    int error = decimal_parse(text, UNITS, count_of(UNITS), INT64_MAX, &ns);
    if (error == 0)
        *ns_out = (int64_t)ns;
    return error;
}

char *duration_print(int64_t ns, char *out, size_t size_bytes)
{
    const char *sign = ns < 0 ? "-" : "";
    uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    const struct unit *unit = &UNITS[3]; /* 0 is "0 s" */
    for (size_t i = 0; i < PRINTED_UNITS && size; i++) {
        unit = &UNITS[i];
        if (size >= unit->scale && (unit->scale <= (uint64_t)NS_PER_S || size % unit->scale == 0))
            break;
    }
    char number[32];
    (void)snprintf(out, size_bytes, "%s%s", sign, decimal_print(size, unit, number, sizeof number));
    return out;
}
