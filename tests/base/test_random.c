/* The generator's published outputs, streams by name, and uniformity within wide bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "base/random.h"

static void the_generator_is_xoshiro256_starstar(void **state)
{
    (void)state;
    static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240), UINT64_C(1216172134540287360)};
    struct random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < count_of(expected); i++)
        assert_true(random_u64(&random) == expected[i]);
}

static void a_stream_depends_on_seed_and_name_only(void **state)
{
    (void)state;
    struct random a, b, other_name, other_seed;
    random_seed(&a, 1, "laptop");
    random_seed(&b, 1, "laptop");
    random_seed(&other_name, 1, "laptop2");
    random_seed(&other_seed, 2, "laptop");
    int same_name = 0, same_seed = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = random_u64(&a);
        assert_true(x == random_u64(&b));
        same_name += x == random_u64(&other_name);
        same_seed += x == random_u64(&other_seed);
    }
    assert_int_equal(same_name + same_seed, 0);
}

static void bounded_numbers_are_uniform(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1, "dice");
    int seen[6] = {0};
    for (int i = 0; i < 60000; i++)
        seen[random_below(&random, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(seen[i], 9600, 10400); /* more than four standard deviations wide */
    assert_int_equal(random_below(&random, 1), 0);
    int high = 0; /* a bound where plain multiplication without rejection would be uneven by a third */
    const uint64_t bound = UINT64_C(3) << 62;
    for (int i = 0; i < 30000; i++) {
        uint64_t x = random_below(&random, bound);
        assert_true(x < bound);
        high += x >= UINT64_C(1) << 63;
    }
    assert_in_range(high, 9600, 10400);
}

static void units_lie_below_one(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1, "unit");
    double sum = 0;
    for (int i = 0; i < 100000; i++) {
        double x = random_unit(&random);
        assert_true(x >= 0 && x < 1);
        sum += x;
    }
    assert_true(sum > 49500 && sum < 50500);
}

static void filling_keeps_to_the_length(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        uint8_t a[48], b[48];
        struct random random;
        memset(a, 0xa5, sizeof a);
        memset(b, 0x5a, sizeof b);
        random_seed(&random, 9, "fill");
        random_fill(&random, a, length);
        random_seed(&random, 9, "fill");
        random_fill(&random, b, length);
        assert_memory_equal(a, b, length);
        assert_int_equal(a[length], 0xa5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_generator_is_xoshiro256_starstar),
                                       cmocka_unit_test(a_stream_depends_on_seed_and_name_only),
                                       cmocka_unit_test(bounded_numbers_are_uniform), cmocka_unit_test(units_lie_below_one),
                                       cmocka_unit_test(filling_keeps_to_the_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
