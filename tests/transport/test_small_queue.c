/* Small queues (small_queue.c): a host's own wire loses nothing, little waits there, and what waits is not sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lane.c"

enum { STREAMS = 20 };

struct outcome {
    uint64_t received, retransmits;
    struct wire_counts own; /* the sender's own wire */
};

/* Bulk streams from a host whose own wire is the bottleneck. */
static struct outcome bulk(bool small_queues, uint64_t bps, uint32_t queue_frames, uint16_t streams, int64_t seconds)
{
    struct wire_settings edge = {.rate_bps = bps, .queue_frames = queue_frames}, middle = {.delay_ns = 20 * NS_PER_MS};
    struct lane lane = lane_create(&edge, &middle);
    tcp_sysctl_set(lane.tcp[0], "net.imp.tcp_small_queues", small_queues ? "1" : "0");
    lane_warm(&lane, (struct instant){NS_PER_S});
    lane_neighbours_stay(&lane);
    static struct lane_flow flows[STREAMS];
    for (uint16_t i = 0; i < streams; i++)
        lane_flow_start(&lane, &flows[i], i, (struct tcp_settings){0}, false, (struct instant){NS_PER_S});
    engine_run(lane.engine, (struct instant){(1 + seconds) * NS_PER_S});
    struct outcome outcome = {.own = wire_counts(wire_find(lane.engine, "left"), 0)};
    for (uint16_t i = 0; i < streams; i++) {
        struct tcp_info info = lane_flow_info(&flows[i]);
        outcome.received += flows[i].end[1].received;
        outcome.retransmits += info.retransmits;
    }
    lane_destroy(&lane);
    return outcome;
}

static void own_wire_loses_nothing(void **state)
{
    (void)state;
    struct outcome without = bulk(false, 10000000, 100, 1, 10), with = bulk(true, 10000000, 100, 1, 10);
    assert_true(without.own.queue_drops > 0 && without.own.queue_frames_peak == 100);
    assert_int_equal(with.own.queue_drops, 0);
    assert_in_range(with.own.queue_frames_peak, 3, 8); /* two pieces, of what the pace brings in a millisecond */
    assert_int_equal(with.retransmits, 0);
    assert_true(with.received * 8 >= 9400000 * UINT64_C(10)); /* and the wire is full: 1448 of 1514 bytes, less slow start */
}

/* Four segments of each of twenty streams take more than seven seconds to leave: longer than any RTO. What is still there is not sent again. */
static void what_waits_is_not_lost(void **state)
{
    (void)state;
    struct outcome without = bulk(false, 128000, 0, STREAMS, 60), with = bulk(true, 128000, 0, STREAMS, 60);
    print_message("  sent again: %u, without small queues %u\n", (unsigned)with.retransmits, (unsigned)without.retransmits);
    assert_int_equal(with.retransmits, 0);
    assert_true(without.retransmits > STREAMS);
    assert_true(with.own.queue_frames_peak < without.own.queue_frames_peak);
    assert_true(with.received > without.received);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_wire_loses_nothing), cmocka_unit_test(what_waits_is_not_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
