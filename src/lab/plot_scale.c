/* The axes of a plot: ticks that a person would choose.
 *
 * A tick's distance is 1, 2 or 5 times a power of ten, in the unit that is shown, whichever gives about as many ticks as there is room for. The
 * unit is the largest in which the axis's far end is at least 1, so that numbers stay short: 0.25 s is shown in ms, 48000000 bit/s in
 * Mbit/s. Decimals follow from the step alone, so all ticks of an axis have as many.
 *
 * A time axis ends exactly where it was asked to, since people give --from and --to; a value axis starts at 0, because a plot of a
 * window or a rate that does not is easily misread, and ends on a tick.
 *
 * No state, no timers: pure functions of numbers, tested as such. */
#include "lab/plot_scale.h"

#include <math.h>
#include <stdio.h>

struct unit_row {
    double unit;
    const char *symbol;
};
enum { UNITS_MAX = 4 };
static const struct unit_row UNITS[][UNITS_MAX] = {
    [PLOT_TIME] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}},
    [PLOT_SEGMENTS] = {{1, "segments"}},
    [PLOT_BIT_RATE] = {{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}, {1, "bit/s"}},
    [PLOT_BYTES] = {{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "bytes"}},
};

static const struct unit_row *unit_for(enum plot_quantity quantity, double size)
{
    const struct unit_row *row = UNITS[quantity];
    for (unsigned i = 0; i + 1 < UNITS_MAX && row[1].symbol && size < row->unit; i++)
        row++;
    return row;
}

/* The least step of 1, 2 or 5 times a power of ten that makes no more than `wanted` steps of `span`. */
static double nice_step(double span, unsigned wanted, int *exponent)
{
    static const double FACTORS[] = {1, 2, 5, 10};
    double rough = span / (wanted ? wanted : 1);
    *exponent = (int)floor(log10(rough));
    double power = pow(10, *exponent);
    unsigned i = 0;
    while (i < 3 && FACTORS[i] * power < rough * (1 - 1e-9))
        i++;
    if (i == 3)
        ++*exponent;
    return FACTORS[i] * power;
}

static struct plot_scale scale_make(enum plot_quantity quantity, double low, double high, unsigned wanted)
{
    if (!(high > low))
        high = low + 1;
    if (wanted < 2)
        wanted = 2;
    if (wanted > PLOT_TICKS_MAX - 2)
        wanted = PLOT_TICKS_MAX - 2;
    double size = fabs(high) > fabs(low) ? fabs(high) : fabs(low);
    const struct unit_row *row = unit_for(quantity, quantity == PLOT_TIME ? high - low : size);
    if (quantity == PLOT_TIME && size >= 10 && high - low >= 1e-3) /* far from the start: seconds and their decimals */
        row = UNITS[PLOT_TIME];
    struct plot_scale scale = {.low = low, .high = high, .unit = row->unit, .symbol = row->symbol};
    int exponent;
    double step = nice_step((high - low) / row->unit, wanted, &exponent);
    if (quantity == PLOT_SEGMENTS && step < 1) {
        step = 1;
        exponent = 0;
    }
    scale.step = step * row->unit;
    scale.decimals = exponent < 0 ? -exponent : 0;
    return scale;
}

static void count_ticks(struct plot_scale *scale)
{
    scale->first = ceil(scale->low / scale->step - 1e-9) * scale->step;
    scale->ticks = (unsigned)(floor((scale->high - scale->first) / scale->step + 1e-9) + 1);
}

struct plot_scale plot_scale_exact(enum plot_quantity quantity, double low, double high, unsigned wanted)
{
    struct plot_scale scale = scale_make(quantity, low, high, wanted);
    count_ticks(&scale);
    return scale;
}

struct plot_scale plot_scale_from_zero(enum plot_quantity quantity, double high, unsigned wanted)
{
    struct plot_scale scale = scale_make(quantity, 0, high, wanted);
    scale.high = ceil(scale.high / scale.step - 1e-9) * scale.step;
    count_ticks(&scale);
    return scale;
}

double plot_scale_tick(const struct plot_scale *scale, unsigned index) { return scale->first + index * scale->step; }

char *plot_scale_print(const struct plot_scale *scale, unsigned index, char *out, size_t size_bytes)
{
    double value = plot_scale_tick(scale, index) / scale->unit;
    snprintf(out, size_bytes, "%.*f", scale->decimals, fabs(value) < 1e-9 ? 0.0 : value);
    return out;
}

double plot_scale_place(const struct plot_scale *scale, double value)
{
    return (value - scale->low) / (scale->high - scale->low);
}
