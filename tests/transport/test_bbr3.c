/* BBR version 3 on a lane: its phases as draft-ietf-ccwg-bbr names them, how long they last, and what bounds the flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lane.c"

static const char *const PHASES[] = {"startup",         "drain",       "probe_bw_down", "probe_bw_cruise",
                                     "probe_bw_refill", "probe_bw_up", "probe_rtt"};
enum { STARTUP, DRAIN, DOWN, CRUISE, REFILL, UP, PROBE_RTT, PHASES_COUNT, MOST_MS = 30000 };

struct seen { /* at each millisecond */
    uint8_t phase[MOST_MS];
    uint32_t cwnd[MOST_MS];
    uint32_t count;
    uint64_t received_at_2s, received;
    uint64_t retransmits, sent;
    uint64_t marked;
    uint64_t queued; /* frames at the bottleneck, summed over the milliseconds from 2 s on */
};
static struct seen seen;

static uint8_t phase_of(const char *state)
{
    const char *mode = strstr(state, "mode:");
    for (uint8_t i = 0; mode && i < PHASES_COUNT; i++)
        if (strncmp(mode + 5, PHASES[i], strlen(PHASES[i])) == 0)
            return i;
    return STARTUP;
}

/* One flow through a bottleneck of 20 Mbit/s and 40 ms: 66 segments. */
static void watch(const char *control, struct wire_settings middle, bool ecn, uint32_t until_ms)
{
    struct wire_settings edge = {.rate_bps = 1000000000, .delay_ns = 1000};
    middle.rate_bps = 20000000;
    middle.delay_ns = 20 * NS_PER_MS;
    struct lane lane = lane_create(&edge, &middle);
    wire_direction_settings(lane.bottleneck, 1)->loss_ppm = 0;
    for (unsigned i = 0; i < 2 && ecn; i++)
        tcp_sysctl_set(lane.tcp[i], "net.ipv4.tcp_ecn", "1");
    static struct lane_flow flow;
    lane_warm(&lane, (struct instant){NS_PER_MS});
    lane_flow_start(&lane, &flow, 0, (struct tcp_settings){.congestion = control}, false, (struct instant){NS_PER_MS});
    seen.queued = 0;
    for (seen.count = 0; seen.count < until_ms; seen.count++) {
        engine_run(lane.engine, (struct instant){seen.count * NS_PER_MS});
        struct tcp_info info = lane_flow_info(&flow);
        seen.phase[seen.count] = phase_of(info.congestion_state);
        seen.cwnd[seen.count] = info.cwnd_segments;
        seen.retransmits = info.retransmits;
        seen.sent = info.segments_sent;
        if (seen.count >= 2000)
            seen.queued += wire_queue_length(lane.bottleneck, 0, engine_now(lane.engine));
        if (seen.count == 2000)
            seen.received_at_2s = flow.end[1].received;
    }
    seen.received = flow.end[1].received;
    seen.marked = wire_counts(lane.bottleneck, 0).marked;
    lane_destroy(&lane);
}

static double mbit_per_s(void) { return (double)(seen.received - seen.received_at_2s) * 8e-3 / (seen.count - 2000); }

static void a_phase_follows_the_one_before(void **state)
{
    (void)state;
    watch("bbr3", (struct wire_settings){.queue_frames = 400}, false, MOST_MS);
    static const bool may[PHASES_COUNT][PHASES_COUNT] = {
        [STARTUP] = {[DRAIN] = true, [PROBE_RTT] = true, [DOWN] = true /* a drain shorter than a millisecond */},
        [DRAIN] = {[DOWN] = true, [CRUISE] = true, [PROBE_RTT] = true},
        [DOWN] = {[CRUISE] = true, [REFILL] = true, [PROBE_RTT] = true},
        [CRUISE] = {[REFILL] = true, [PROBE_RTT] = true},
        [REFILL] = {[UP] = true, [PROBE_RTT] = true},
        [UP] = {[DOWN] = true, [PROBE_RTT] = true},
        [PROBE_RTT] = {[CRUISE] = true}};
    uint32_t spent[PHASES_COUNT] = {0}, begun[PHASES_COUNT] = {0};
    for (uint32_t i = 1; i < seen.count; i++) {
        uint8_t was = seen.phase[i - 1], is = seen.phase[i];
        spent[is]++;
        if (was == is)
            continue;
        begun[is]++;
        if (!may[was][is])
            fail_msg("%s after %s at %u ms", PHASES[is], PHASES[was], i);
    }
    assert_in_range(begun[UP], 8, 14); /* each two to three seconds */
    assert_in_range(begun[PROBE_RTT], 4, 6);
    assert_true(spent[CRUISE] + spent[DOWN] > seen.count / 2);
    assert_true(spent[STARTUP] < 1000);
    assert_true(mbit_per_s() > 18.3); /* 19.1 is what the wire can */
    assert_int_equal(seen.retransmits, 0);
}

/* Section 5.3.4: half a product for 200 ms and a round trip, five seconds after the last time that the round trip was as short. */
static void the_round_trip_is_probed(void **state)
{
    (void)state;
    watch("bbr3", (struct wire_settings){.queue_frames = 400}, false, 12000);
    uint32_t first = 0, last = 0, least = UINT32_MAX;
    for (uint32_t i = 0; i < 8000; i++) {
        if (seen.phase[i] != PROBE_RTT)
            continue;
        first = first ? first : i;
        last = i;
        least = seen.cwnd[i] < least ? seen.cwnd[i] : least;
    }
    assert_in_range(first, 4900, 5300);
    assert_in_range(last - first, 200, 340);
    assert_in_range(least, 30, 36); /* of 66 */
}

/* A buffer of a sixth of the product: version 3 learns from loss what version 1 does not. */
static void loss_bounds_the_flight(void **state)
{
    (void)state;
    watch("bbr3", (struct wire_settings){.queue_frames = 11}, false, 20000);
    double lost = (double)seen.retransmits / (double)seen.sent, rate = mbit_per_s();
    watch("bbr", (struct wire_settings){.queue_frames = 11}, false, 20000);
    print_message("  version 3 loses %.4f at %.1f Mbit/s, version 1 %.4f at %.1f Mbit/s\n", lost, rate,
                  (double)seen.retransmits / (double)seen.sent, mbit_per_s());
    assert_true(rate > 17 && lost < 0.015);
    assert_true((double)seen.retransmits / (double)seen.sent > 2 * lost);
}

/* One percent of random loss is below the threshold of two: the flight is not bounded by it, and most of the rate is kept. */
static void some_loss_is_borne(void **state)
{
    (void)state;
    watch("bbr3", (struct wire_settings){.queue_frames = 400, .loss_ppm = 10000}, false, 20000);
    double rate = mbit_per_s();
    watch("cubic", (struct wire_settings){.queue_frames = 400, .loss_ppm = 10000}, false, 20000);
    print_message("  %.1f Mbit/s, cubic %.1f\n", rate, mbit_per_s());
    assert_true(rate > 12 && rate > 3 * mbit_per_s());
}

/* A queue that marks early: nothing is lost, and the probing ends at the marks. */
static void marks_bound_the_flight(void **state)
{
    (void)state;
    struct wire_settings marking = {.queue_frames = 400, .discipline = DISCIPLINE_STEP, .mark_frames = 15};
    watch("bbr3", marking, true, 20000);
    uint64_t queued = seen.queued, marked = seen.marked;
    double rate = mbit_per_s();
    assert_int_equal(seen.retransmits, 0);
    watch("bbr3", marking, false, 20000);
    print_message("  %.1f Mbit/s, %u marked, a queue of %.1f on the average; without ECN %.1f\n", rate, (unsigned)marked,
                  (double)queued / (seen.count - 2000), (double)seen.queued / (seen.count - 2000));
    assert_true(marked > 0 && rate > 17);
    assert_true(queued * 10 < seen.queued * 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_phase_follows_the_one_before),
                                       cmocka_unit_test(the_round_trip_is_probed), cmocka_unit_test(loss_bounds_the_flight),
                                       cmocka_unit_test(some_loss_is_borne), cmocka_unit_test(marks_bound_the_flight)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
