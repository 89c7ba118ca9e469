#ifndef IMP_LAB_PLOT_SCALE_H
#define IMP_LAB_PLOT_SCALE_H

#include <stddef.h>

/* An axis of a plot: which numbers stand at its ticks, in which unit, and where a value lies on it. Values are in base units: seconds,
 * bits per second, bytes, segments. */
enum plot_quantity { PLOT_TIME, PLOT_SEGMENTS, PLOT_BIT_RATE, PLOT_BYTES };
struct plot_scale {
    double low, high;   /* the axis's ends; low < high */
    double step;        /* between ticks: 1, 2 or 5 times a power of ten of the unit */
    double first;       /* the first tick, at or after low */
    unsigned ticks;     /* how many */
    double unit;        /* base units in one of the unit shown */
    const char *symbol; /* "ms", "Mbit/s", "segments" */
    int decimals;       /* that the ticks' numbers need */
};
enum { PLOT_TICKS_MAX = 20 };

/* From `low` to `high` exactly (the time axis). About `wanted` ticks, 2 or more; at most PLOT_TICKS_MAX. */
struct plot_scale plot_scale_exact(enum plot_quantity quantity, double low, double high, unsigned wanted);
/* From 0 to the first tick at or above `high` (a value axis). */
struct plot_scale plot_scale_from_zero(enum plot_quantity quantity, double high, unsigned wanted);
double plot_scale_tick(const struct plot_scale *scale, unsigned index);
/* The tick's number in the scale's unit, "1.5". Returns `out`. */
char *plot_scale_print(const struct plot_scale *scale, unsigned index, char *out, size_t size_bytes);
double plot_scale_place(const struct plot_scale *scale, double value); /* 0 at low, 1 at high; not clamped */

#endif
