/* The Internet checksum: the RFCs' own examples, and a plain word-by-word sum as the model for everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/random.h"

static uint16_t naive(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < length; at++)
        sum += (uint64_t)data[at] << (at % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void rfc_1071_section_3(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(checksum_finish(checksum_partial(bytes, sizeof bytes, 0)), (uint16_t)~0xddf2);
}

static void an_ipv4_header_sums_to_zero(void **state)
{
    (void)state;
    uint8_t header[] = {0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7};
    uint16_t sum = checksum_finish(checksum_partial(header, sizeof header, 0));
    assert_int_equal(sum, 0xb861);
    store_u16(header + 10, sum);
    assert_int_equal(checksum_finish(checksum_partial(header, sizeof header, 0)), 0);
}

static void rfc_1624_section_4(void **state)
{
    (void)state;
    assert_int_equal(checksum_update(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void every_length_and_alignment_agrees_with_the_model(void **state)
{
    (void)state;
    uint8_t data[600], copy[608];
    struct random random;
    random_seed(&random, 3, "checksum");
    for (int round = 0; round < 3; round++) {
        random_fill(&random, data, sizeof data);
        if (round == 1)
            memset(data, 0xff, sizeof data); /* the most carries */
        if (round == 2)
            memset(data, 0, sizeof data);
        for (size_t from = 0; from < 9; from++)
            for (size_t length = 0; from + length <= sizeof data; length++) {
                uint16_t expected = naive(data + from, length);
                assert_int_equal(checksum_finish(checksum_partial(data + from, length, 0)), expected);
                memset(copy, 0xa5, sizeof copy);
                assert_int_equal(checksum_finish(checksum_copy(copy + 3, data + from, length, 0)), expected);
                assert_memory_equal(copy + 3, data + from, length);
                if (3 + length < sizeof copy)
                    assert_int_equal(copy[3 + length], 0xa5); /* not a byte further */
            }
    }
}

static void runs_combine_at_even_and_odd_offsets(void **state)
{
    (void)state;
    uint8_t data[301];
    struct random random;
    random_seed(&random, 4, "checksum");
    random_fill(&random, data, sizeof data);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        uint32_t head = checksum_partial(data, cut, 0), tail = checksum_partial(data + cut, sizeof data - cut, 0);
        uint32_t both = checksum_combine(head, cut % 2 ? checksum_swap(tail) : tail);
        assert_int_equal(checksum_finish(both), naive(data, sizeof data));
        if (cut % 2 == 0)
            assert_int_equal(checksum_finish(checksum_partial(data + cut, sizeof data - cut, head)), naive(data, sizeof data));
    }
    assert_int_equal(checksum_combine(UINT32_MAX, 1), 1); /* the carry comes in again */
    assert_int_equal(checksum_partial(NULL, 0, 77), 77);
    assert_int_equal(checksum_copy(NULL, NULL, 0, 77), 77);
}

static void an_update_equals_a_new_sum(void **state)
{
    (void)state;
    uint8_t data[40];
    struct random random;
    random_seed(&random, 5, "checksum");
    for (int i = 0; i < 5000; i++) {
        random_fill(&random, data, sizeof data);
        size_t at = 2 * random_below(&random, sizeof data / 2);
        uint16_t before = naive(data, sizeof data), old = load_u16(data + at);
        uint16_t word = i % 7 == 0 ? 0 : i % 7 == 1 ? 0xffff : (uint16_t)random_u64(&random);
        store_u16(data + at, word);
        assert_int_equal(checksum_update(before, old, word), naive(data, sizeof data));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_1071_section_3),
        cmocka_unit_test(an_ipv4_header_sums_to_zero),
        cmocka_unit_test(rfc_1624_section_4),
        cmocka_unit_test(every_length_and_alignment_agrees_with_the_model),
        cmocka_unit_test(runs_combine_at_even_and_odd_offsets),
        cmocka_unit_test(an_update_equals_a_new_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
