/* Byte queue limits: the limit rises when the line ran dry, and shrinks when more than enough lay there for a whole hold time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/byte_limit.h"

enum { PACKET = 1500, HOLD_NS = 1000000 };

static void the_first_packet_may_go(void **state)
{
    (void)state;
    struct byte_limit limit = {0};
    assert_true(byte_limit_has_room(&limit));
    byte_limit_queued(&limit, PACKET);
    assert_false(byte_limit_has_room(&limit)); /* nothing is known yet: one at a time */
}

static void a_dry_line_raises_the_limit(void **state)
{
    (void)state;
    struct byte_limit limit = {0};
    byte_limit_queued(&limit, PACKET);
    byte_limit_completed(&limit, PACKET, 1, HOLD_NS);
    assert_int_equal(limit.limit, PACKET);
    assert_true(byte_limit_has_room(&limit));
    byte_limit_queued(&limit, PACKET);
    assert_true(byte_limit_has_room(&limit)); /* exactly at the limit: the next may pass it */
    byte_limit_queued(&limit, PACKET);
    assert_false(byte_limit_has_room(&limit));
    byte_limit_completed(&limit, 2 * PACKET, 2, HOLD_NS); /* all of it is gone, and more was wanted */
    assert_true(limit.limit > PACKET);
}

static void slack_is_taken_off_after_the_hold_time(void **state)
{
    (void)state;
    struct byte_limit limit = {.limit = 20 * PACKET, .adjusted = 20 * PACKET, .least_slack = UINT32_MAX};
    int64_t now = 0;
    uint32_t out = 0;
    for (unsigned i = 0; i < 100; i++) { /* ten are always there, one leaves at a time: the line never waits */
        for (; out < 10 && byte_limit_has_room(&limit); out++)
            byte_limit_queued(&limit, PACKET);
        now += HOLD_NS / 10;
        byte_limit_completed(&limit, PACKET, now, HOLD_NS);
        out--;
    }
    assert_true(limit.limit <= 3 * PACKET); /* twice what is completed at a time, and what one packet may pass it by */
    assert_true(limit.limit > 0);
}

static void counts_wrap_around(void **state)
{
    (void)state;
    struct byte_limit limit = {.queued = UINT32_MAX - 100,
                               .completed = UINT32_MAX - 100,
                               .adjusted = UINT32_MAX - 100 + PACKET,
                               .limit = PACKET,
                               .previous_queued = UINT32_MAX - 100};
    byte_limit_queued(&limit, PACKET);
    assert_true(byte_limit_has_room(&limit));
    byte_limit_queued(&limit, PACKET);
    assert_false(byte_limit_has_room(&limit));
    byte_limit_completed(&limit, PACKET, 1, HOLD_NS);
    assert_true(byte_limit_has_room(&limit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_packet_may_go), cmocka_unit_test(a_dry_line_raises_the_limit),
                                       cmocka_unit_test(slack_is_taken_off_after_the_hold_time),
                                       cmocka_unit_test(counts_wrap_around)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
