/* Instants saturate; durations are read strictly and printed so that they can be read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/time.h"

static void instants_add_and_compare(void **state)
{
    (void)state;
    struct instant t = instant_add(INSTANT_ZERO, 5 * NS_PER_MS);
    assert_int_equal(t.ns, 5000000);
    assert_int_equal(instant_since(t, INSTANT_ZERO), 5 * NS_PER_MS);
    assert_true(instant_before(INSTANT_ZERO, t));
    assert_false(instant_before(t, t));
    assert_true(instant_reached(t, t));
    assert_false(instant_reached(INSTANT_ZERO, t));
    assert_int_equal(instant_min(t, INSTANT_ZERO).ns, 0);
    assert_int_equal(instant_max(t, INSTANT_ZERO).ns, t.ns);
    assert_true(instant_is_never(instant_add(t, INT64_MAX)));
    assert_true(instant_is_never(instant_add(INSTANT_NEVER, 1)));
    assert_false(instant_is_never(t));
}

static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"1.5s", 1500000000},
                {"20ms", 20000000},
                {"300us", 300000},
                {"5 min", 300 * NS_PER_S},
                {"5m", 300 * NS_PER_S},
                {"12h", 12 * 3600 * NS_PER_S},
                {"2d", 2 * 86400 * NS_PER_S},
                {"0", 0},
                {"0s", 0},
                {"1 ns", 1},
                {"1.0000000009s", 1000000000}, /* a part of a nanosecond is cut off */
                {"0.5h", 1800 * NS_PER_S},
                {"007ms", 7000000},
                {"9223372036854775807ns", INT64_MAX},
                {"9223372036.854775807 s", INT64_MAX},
                {"0.00000000000000000000000000001s", 0}};
    for (size_t i = 0; i < count_of(good); i++) {
        int64_t ns = -1;
        assert_int_equal(duration_parse(good[i].text, &ns), 0);
        assert_int_equal(ns, good[i].ns);
    }
}

static void wrong_durations_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {"",       "5",    "-1s", "+1s", " 1s",  "1s ",  "1 s x", "s",     ".5s",  "1.s",
                                            "1.2.3s", "1e3s", "1 S", "1ss", "0x1s", "1,5s", "00",    "1 day", "1\ts", "never"};
    for (size_t i = 0; i < count_of(malformed); i++) {
        int64_t ns = 77;
        if (duration_parse(malformed[i], &ns) != IMP_MALFORMED)
            fail_msg("'%s' was taken", malformed[i]);
        assert_int_equal(ns, 77); /* untouched */
    }
    static const char *const too_large[] = {"9223372036854775808ns", "9223372037s", "106752d", "18446744073709551616ns",
                                            "99999999999999999999999999999999999999999999999999s"};
    for (size_t i = 0; i < count_of(too_large); i++) {
        int64_t ns;
        if (duration_parse(too_large[i], &ns) != IMP_INVALID)
            fail_msg("'%s' was taken", too_large[i]);
    }
}

static void durations_are_printed_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } good[] = {{0, "0 s"},
                {1, "1 ns"},
                {1500, "1.5 us"},
                {20 * NS_PER_MS, "20 ms"},
                {1500 * NS_PER_MS, "1.5 s"},
                {90 * NS_PER_S, "90 s"},
                {60 * NS_PER_S, "1 min"},
                {5400 * NS_PER_S, "90 min"},
                {12 * 3600 * NS_PER_S, "12 h"},
                {86400 * NS_PER_S, "1 d"},
                {61 * NS_PER_S + 1, "61.000000001 s"},
                {-1500 * NS_PER_MS, "-1.5 s"},
                {INT64_MAX, "9223372036.854775807 s"},
                {INT64_MIN, "-9223372036.854775808 s"}};
    for (size_t i = 0; i < count_of(good); i++) {
        char out[32];
        assert_string_equal(duration_print(good[i].ns, out, sizeof out), good[i].text);
    }
    char small[4];
    assert_string_equal(duration_print(20 * NS_PER_MS, small, sizeof small), "20 ");
}

static void what_is_printed_reads_back(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1, "durations");
    for (int i = 0; i < 20000; i++) {
        int64_t ns = (int64_t)(random_u64(&random) >> (1 + random_below(&random, 63))), back = -1;
        char out[32];
        assert_int_equal(duration_parse(duration_print(ns, out, sizeof out), &back), 0);
        assert_int_equal(back, ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(instants_add_and_compare), cmocka_unit_test(durations_are_read),
                                       cmocka_unit_test(wrong_durations_are_refused),
                                       cmocka_unit_test(durations_are_printed_as_people_write_them),
                                       cmocka_unit_test(what_is_printed_reads_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
