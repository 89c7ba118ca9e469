/* TCP's header: round trips, hostile options, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/error.h"
#include "transport/tcp/segment.h"

static void round_trip(struct tcp_segment segment, uint32_t payload)
{
    uint8_t bytes[TCP_HEADER_MAXIMUM_BYTES];
    uint32_t header = tcp_segment_build(&segment, bytes);
    assert_int_equal(header, tcp_segment_header_bytes(&segment));
    assert_int_equal(header % 4, 0);
    struct tcp_segment back;
    memset(&back, 0, sizeof back);
    assert_int_equal(tcp_segment_parse(bytes, header, header + payload, &back), 0);
    segment.header_bytes = (uint8_t)header;
    segment.payload_bytes = payload;
    assert_memory_equal(&back, &segment, sizeof back);
}

static void every_combination_of_options_goes_round(void **state)
{
    (void)state;
    for (unsigned options = 0; options < 256; options++) {
        struct tcp_segment s;
        memset(&s, 0, sizeof s);
        s.source_port = 40000;
        s.destination_port = 80;
        s.sequence.n = 0xfffffff0;
        s.acknowledgement.n = 7;
        s.window = 1234;
        s.urgent = 9;
        s.flags = TCP_ACK | TCP_PSH | TCP_ECE | (options & 1 ? TCP_AE : 0);
        s.options = (uint8_t)options;
        if (options & TCP_OPTION_MSS)
            s.mss = 1460;
        if (options & TCP_OPTION_WINDOW_SCALE)
            s.window_scale = 14;
        if (options & TCP_OPTION_TIMESTAMPS) {
            s.timestamp = 0x01020304;
            s.timestamp_echo = 0xfffefdfc;
        }
        if (options & TCP_OPTION_SACK) {
            s.sack_count = 1;
            s.sack[0] = (struct sack_block){{1}, {2}};
        }
        if (options & TCP_OPTION_FAST_OPEN) {
            s.cookie_length = 4;
            memcpy(s.cookie, "cook", 4);
        }
        if (options & TCP_OPTION_USER_TIMEOUT) {
            s.user_timeout = 0x7ffe;
            s.user_timeout_minutes = true;
        }
        const uint32_t room = TCP_HEADER_MAXIMUM_BYTES - TCP_HEADER_BYTES;
        if (options & TCP_OPTION_ACCURATE_ECN) {
            s.ecn.order_1 = options & TCP_OPTION_MSS;
            s.ecn.count = 1;
            if (tcp_segment_option_bytes(&s) > room)
                s.ecn.count = 0;
            s.ecn.field[0] = s.ecn.count ? 0xfedcba : 0;
        }
        if (tcp_segment_option_bytes(&s) > room)
            continue;
        round_trip(s, options * 10);
    }
}

static struct tcp_segment with_counts(uint8_t options, unsigned count, bool order_1)
{
    struct tcp_segment s;
    memset(&s, 0, sizeof s);
    s.flags = TCP_ACK | TCP_AE | TCP_ECE;
    s.options = (uint8_t)(options | TCP_OPTION_ACCURATE_ECN);
    s.window_scale = options & TCP_OPTION_WINDOW_SCALE ? 7 : 0;
    if (options & TCP_OPTION_SACK) {
        s.sack_count = 2;
        s.sack[0] = (struct sack_block){{1}, {2}};
        s.sack[1] = (struct sack_block){{5}, {9}};
    }
    s.ecn.order_1 = order_1;
    s.ecn.count = (uint8_t)count;
    for (unsigned i = 0; i < count; i++)
        s.ecn.field[i] = i == 1 ? 0xffffff : 0x010203 * (i + 1);
    return s;
}

/* Both orders, all lengths, in each neighbourhood whose filling its end may take the place of. */
static void ecn_counts_go_round_in_both_orders(void **state)
{
    (void)state;
    static const uint8_t NEIGHBOURS[] = {0,
                                         TCP_OPTION_SACK,
                                         TCP_OPTION_SACK_PERMITTED,
                                         TCP_OPTION_WINDOW_SCALE,
                                         TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WINDOW_SCALE,
                                         TCP_OPTION_TIMESTAMPS,
                                         TCP_OPTION_TIMESTAMPS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WINDOW_SCALE};
    for (unsigned i = 0; i < sizeof NEIGHBOURS; i++)
        for (unsigned count = 0; count <= TCP_ECN_COUNTS_MAX; count++) {
            round_trip(with_counts(NEIGHBOURS[i], count, false), 100);
            round_trip(with_counts(NEIGHBOURS[i], count, true), 0);
        }
}

static void ecn_counts_lie_as_in_linux(void **state)
{
    (void)state;
    uint8_t bytes[TCP_HEADER_MAXIMUM_BYTES];
    struct tcp_segment three = with_counts(0, 3, true), one = with_counts(TCP_OPTION_SACK, 1, true);
    assert_int_equal(tcp_segment_build(&three, bytes), 32);
    static const uint8_t aligned[] = {174, 11, 1, 2, 3, 255, 255, 255, 3, 6, 9, 1};
    assert_memory_equal(bytes + 20, aligned, sizeof aligned);
    assert_int_equal(bytes[12], 0x81); /* AE is the last bit of the first half */
    assert_int_equal(bytes[13], TCP_ACK | TCP_ECE);
    assert_int_equal(tcp_segment_build(&one, bytes), 44); /* its fifth byte is where SACK's first NOP would be */
    static const uint8_t shared[] = {174, 5, 1, 2, 3, 1, 5, 18};
    assert_memory_equal(bytes + 20, shared, sizeof shared);
    assert_int_equal(tcp_segment_option_bytes(&one), 24);
}

static int parse(const uint8_t *options, size_t length, struct tcp_segment *out)
{
    uint8_t bytes[60] = {0};
    memcpy(bytes + 20, options, length);
    size_t header = 20 + (length + 3) / 4 * 4;
    bytes[12] = (uint8_t)(header / 4 << 4);
    return tcp_segment_parse(bytes, header, (uint32_t)header, out);
}

static void hostile_options_do_no_harm(void **state)
{
    (void)state;
    struct tcp_segment s;
    memset(&s, 0, sizeof s);
    static const uint8_t zero_length[] = {2, 0, 5, 180}, one[] = {2, 1, 0, 0}, past_end[] = {3, 40, 1, 1}, cut[] = {1, 1, 1, 2};
    static const uint8_t huge_scale[] = {3, 3, 200, 0}, wrong_mss[] = {2, 3, 1, 1, 3, 3, 5, 0},
                         sack_odd[] = {5, 9, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0};
    static const uint8_t sack_none[] = {5, 2, 1, 1}, end_then_more[] = {0, 2, 4, 5, 180, 0, 0, 0},
                         cookie_odd[] = {34, 5, 1, 2, 3, 0, 0, 0};
    assert_int_equal(parse(zero_length, sizeof zero_length, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(one, sizeof one, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(past_end, sizeof past_end, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(cut, sizeof cut, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(huge_scale, sizeof huge_scale, &s), 0);
    assert_int_equal(s.options, TCP_OPTION_WINDOW_SCALE);
    assert_int_equal(s.window_scale, 14);
    assert_int_equal(parse(wrong_mss, sizeof wrong_mss, &s), 0); /* the bad one is passed over, the next one counts */
    assert_int_equal(s.options, TCP_OPTION_WINDOW_SCALE);
    assert_int_equal(parse(sack_odd, sizeof sack_odd, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(sack_none, sizeof sack_none, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(end_then_more, sizeof end_then_more, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(cookie_odd, sizeof cookie_odd, &s), 0);
    assert_int_equal(s.options, 0);
}

static void experiments_are_told_by_their_number(void **state)
{
    (void)state;
    struct tcp_segment s;
    memset(&s, 0, sizeof s);
    static const uint8_t asks[] = {254, 4, 0xf9, 0x89}, shows[] = {254, 8, 0xf9, 0x89, 'c', 'o', 'o', 'k'},
                         other[] = {254, 8, 0xf9, 0x88, 1, 2, 3, 4}, bare[] = {254, 3, 0xf9, 1},
                         odd[] = {254, 9, 0xf9, 0x89, 1, 2, 3, 4, 5, 0, 0, 0}, plain[] = {34, 6, 'c', 'o', 'o', 'k', 1, 1};
    assert_int_equal(parse(asks, sizeof asks, &s), 0);
    assert_int_equal(s.options, TCP_OPTION_FAST_OPEN);
    assert_true(s.experimental && s.cookie_length == 0);
    assert_int_equal(parse(shows, sizeof shows, &s), 0);
    assert_true(s.experimental && s.cookie_length == 4);
    assert_memory_equal(s.cookie, "cook", 4);
    assert_int_equal(parse(plain, sizeof plain, &s), 0);
    assert_true(!s.experimental && s.cookie_length == 4);
    assert_int_equal(parse(other, sizeof other, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(bare, sizeof bare, &s), 0);
    assert_int_equal(s.options, 0);
    assert_int_equal(parse(odd, sizeof odd, &s), 0);
    assert_int_equal(s.options, 0);
    for (unsigned length = 0; length <= TCP_FAST_OPEN_COOKIE_MAX; length += length ? 2 : 4) {
        memset(&s, 0, sizeof s);
        s.options = TCP_OPTION_FAST_OPEN;
        s.experimental = true;
        s.cookie_length = (uint8_t)length;
        round_trip(s, 0);
    }
}

/* RFC 9768 section 3.2.3: an unknown length is read as far as there are whole fields. */
static void odd_ecn_counts_are_read_as_far_as_they_go(void **state)
{
    (void)state;
    static const uint8_t four[] = {172, 4, 9, 9}, seven[] = {174, 7, 0, 1, 0, 9, 9, 0}, empty[] = {172, 2, 1, 1},
                         long_one[] = {172, 15, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 9, 0};
    struct tcp_segment s;
    memset(&s, 0, sizeof s);
    assert_int_equal(parse(four, sizeof four, &s), 0);
    assert_int_equal(s.options, TCP_OPTION_ACCURATE_ECN);
    assert_int_equal(s.ecn.count, 0);
    assert_int_equal(parse(seven, sizeof seven, &s), 0);
    assert_true(s.ecn.order_1);
    assert_int_equal(s.ecn.count, 1);
    assert_int_equal(s.ecn.field[0], 256);
    assert_int_equal(parse(empty, sizeof empty, &s), 0);
    assert_false(s.ecn.order_1);
    assert_int_equal(s.ecn.count, 0);
    assert_int_equal(parse(long_one, sizeof long_one, &s), 0);
    assert_int_equal(s.ecn.count, 3);
    assert_int_equal(s.ecn.field[2], 3);
}

static void impossible_headers_are_malformed(void **state)
{
    (void)state;
    struct tcp_segment s;
    uint8_t bytes[60] = {0};
    bytes[12] = 0x50;
    assert_int_equal(tcp_segment_parse(bytes, 19, 19, &s), IMP_MALFORMED);
    assert_int_equal(tcp_segment_parse(bytes, 20, 20, &s), 0);
    bytes[12] = 0x40;
    assert_int_equal(tcp_segment_parse(bytes, 60, 60, &s), IMP_MALFORMED);
    bytes[12] = 0xf0;
    assert_int_equal(tcp_segment_parse(bytes, 59, 59, &s), IMP_MALFORMED);
    assert_int_equal(tcp_segment_parse(bytes, 60, 60, &s), 0);
}

static void printing_reads_like_tcpdump(void **state)
{
    (void)state;
    struct tcp_segment s = {.source_port = 40000,
                            .destination_port = 80,
                            .sequence = {1},
                            .acknowledgement = {2},
                            .flags = TCP_SYN | TCP_ACK,
                            .window = 64240,
                            .options = TCP_OPTION_MSS | TCP_OPTION_WINDOW_SCALE,
                            .mss = 1460,
                            .window_scale = 7};
    char text[TCP_SEGMENT_TEXT_BYTES], small[20];
    assert_string_equal(tcp_segment_print(&s, text, sizeof text),
                        "40000 > 80 [S.] seq 1 ack 2 win 64240 <mss 1460,wscale 7> length 0");
    assert_string_equal(tcp_segment_print(&s, small, sizeof small), "40000 > 80 [S.] seq");
    struct tcp_segment counted = with_counts(0, 3, false);
    counted.flags = TCP_ACK | TCP_AE | TCP_CWR;
    assert_string_equal(tcp_segment_print(&counted, text, sizeof text),
                        "0 > 0 [We.] seq 0 ack 0 win 0 <ecn e0b 66051 ceb 16777215 e1b 198153> length 0");
}

static void sequence_numbers_wrap(void **state)
{
    (void)state;
    struct sequence a = {0xfffffff0}, b = {0x10};
    assert_true(sequence_before(a, b));
    assert_true(sequence_after(b, a));
    assert_int_equal(sequence_distance(a, b), 0x20);
    assert_true(sequence_equal(sequence_add(a, 0x20), b));
    assert_true(sequence_equal(sequence_max(a, b), b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_options_goes_round),
        cmocka_unit_test(ecn_counts_go_round_in_both_orders),
        cmocka_unit_test(ecn_counts_lie_as_in_linux),
        cmocka_unit_test(odd_ecn_counts_are_read_as_far_as_they_go),
        cmocka_unit_test(hostile_options_do_no_harm),
        cmocka_unit_test(experiments_are_told_by_their_number),
        cmocka_unit_test(impossible_headers_are_malformed),
        cmocka_unit_test(printing_reads_like_tcpdump),
        cmocka_unit_test(sequence_numbers_wrap),
    };
    return cmocka_run_group_tests_name("tcp segment", tests, NULL, NULL);
}
