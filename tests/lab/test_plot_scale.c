/* The axes of plots: ticks, units, places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/plot_scale.h"

static const char *tick(const struct plot_scale *scale, unsigned index)
{
    static char out[32];
    return plot_scale_print(scale, index, out, sizeof out);
}

static void values_start_at_zero_and_end_on_a_tick(void **state)
{
    (void)state;
    struct plot_scale scale = plot_scale_from_zero(PLOT_SEGMENTS, 87, 6);
    assert_true(scale.low == 0 && scale.high == 100);
    assert_true(scale.step == 20);
    assert_int_equal(scale.ticks, 6);
    assert_string_equal(tick(&scale, 0), "0");
    assert_string_equal(tick(&scale, 5), "100");
    assert_string_equal(scale.symbol, "segments");
    scale = plot_scale_from_zero(PLOT_SEGMENTS, 2, 6); /* never a part of a segment */
    assert_true(scale.step == 1);
    assert_int_equal(scale.ticks, 3);
}

static void units_keep_numbers_short(void **state)
{
    (void)state;
    struct plot_scale scale = plot_scale_from_zero(PLOT_BIT_RATE, 48e6, 5);
    assert_string_equal(scale.symbol, "Mbit/s");
    assert_string_equal(tick(&scale, 1), "10");
    scale = plot_scale_from_zero(PLOT_BIT_RATE, 940, 5);
    assert_string_equal(scale.symbol, "bit/s");
    scale = plot_scale_from_zero(PLOT_TIME, 0.0415, 5);
    assert_string_equal(scale.symbol, "ms");
    assert_string_equal(tick(&scale, 4), "40");
    scale = plot_scale_from_zero(PLOT_BYTES, 2.5e9, 5);
    assert_string_equal(scale.symbol, "GB");
    assert_int_equal(scale.decimals, 1);
    assert_string_equal(tick(&scale, 1), "0.5");
    scale = plot_scale_from_zero(PLOT_TIME, 3e-9, 3); /* smaller than the smallest unit */
    assert_string_equal(scale.symbol, "us");
    assert_true(scale.ticks >= 2);
}

static void time_ends_where_it_was_asked_to(void **state)
{
    (void)state;
    struct plot_scale scale = plot_scale_exact(PLOT_TIME, 0.33, 2.1, 8);
    assert_true(scale.low == 0.33 && scale.high == 2.1);
    assert_string_equal(scale.symbol, "s");
    assert_string_equal(tick(&scale, 0), "0.5");
    assert_string_equal(tick(&scale, scale.ticks - 1), "2.0");
    assert_true(plot_scale_place(&scale, 0.33) == 0);
    assert_true(plot_scale_place(&scale, 2.1) == 1);
    assert_true(plot_scale_place(&scale, 3) > 1);
    scale = plot_scale_exact(PLOT_TIME, 100, 100.25, 5); /* a close look at a late moment: seconds, with decimals */
    assert_string_equal(scale.symbol, "s");
    assert_string_equal(tick(&scale, 1), "100.05");
    scale = plot_scale_exact(PLOT_TIME, 0, 0.25, 5);
    assert_string_equal(scale.symbol, "ms");
}

static void odd_ranges_are_ranges(void **state)
{
    (void)state;
    struct plot_scale scale = plot_scale_exact(PLOT_TIME, 5, 5, 8);
    assert_true(scale.high > scale.low);
    scale = plot_scale_from_zero(PLOT_BYTES, 0, 0);
    assert_true(scale.high > 0 && scale.ticks >= 2);
    for (double high = 1; high < 1e12; high *= 1.37)
        for (unsigned wanted = 0; wanted < 30; wanted++) {
            scale = plot_scale_from_zero(PLOT_BYTES, high, wanted);
            assert_in_range(scale.ticks, 2, PLOT_TICKS_MAX);
            assert_true(scale.high >= high * 0.999999);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_start_at_zero_and_end_on_a_tick),
        cmocka_unit_test(units_keep_numbers_short),
        cmocka_unit_test(time_ends_where_it_was_asked_to),
        cmocka_unit_test(odd_ranges_are_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
