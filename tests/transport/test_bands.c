/* The published bands (docs/tcp-bands.md): the window of one flow and the rates of many, compared with what ns-3's and Shadow's own validation
 * programs found. Each case runs its network in virtual time and samples the congestion window every millisecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lane.c"

/* ns-3's point-to-point links carry 2 bytes of PPP where imp's carry 14 of Ethernet. Rates are raised so that the same packets a second go
 * through. Shadow counts IP packets alone. */
#define PPP_RATE(bps) ((uint64_t)(bps) / 1502 * 1514)
enum { IP_ALONE = -14 };

struct range {
    double from_s, until_s;
    uint32_t least, most; /* of cwnd, in segments */
};

struct watch { /* one flow, watched */
    struct lane lane;
    struct lane_flow flow;
    uint32_t samples[40000]; /* cwnd at each millisecond */
    double alpha[40000];     /* DCTCP's estimate, likewise */
    uint32_t count;
    uint64_t received[40]; /* at each second */
};

static void edges_and_middle(struct watch *w, int64_t edge_ns, const struct wire_settings *middle)
{
    struct wire_settings edge = {.rate_bps = PPP_RATE(1000000000), .delay_ns = edge_ns, .queue_frames = 1000};
    w->lane = lane_create(&edge, middle);
    w->count = 0;
}

static void watch_until(struct watch *w, double end_s)
{
    for (; w->count < end_s * 1000; w->count++) {
        engine_run(w->lane.engine, (struct instant){w->count * NS_PER_MS});
        struct tcp_info info = lane_flow_info(&w->flow);
        w->samples[w->count] = info.cwnd_segments;
        const char *alpha = strstr(info.congestion_state, "alpha:");
        w->alpha[w->count] = alpha ? strtod(alpha + 6, NULL) / 1024 : 0;
        if (w->count % 1000 == 0)
            w->received[w->count / 1000] = w->flow.end[1].received;
    }
    w->received[w->count / 1000] = w->flow.end[1].received;
}

static void go(struct watch *w, const char *congestion, double start_s, double end_s)
{
    lane_warm(&w->lane, (struct instant){(int64_t)(start_s * 0.9e9)});
    struct tcp_settings settings = {
        .congestion = congestion, .send_buffer_bytes = 8192000, .receive_buffer_bytes = 8192000, .maximum_segment = 1460};
    lane_flow_start(&w->lane, &w->flow, 0, settings, false, (struct instant){(int64_t)(start_s * 1e9)});
    watch_until(w, end_s);
}

static struct range seen(const struct watch *w, double from_s, double until_s)
{
    struct range range = {from_s, until_s, UINT32_MAX, 0};
    for (uint32_t i = (uint32_t)(from_s * 1000); i <= until_s * 1000 && i < w->count; i++) {
        range.least = w->samples[i] < range.least ? w->samples[i] : range.least;
        range.most = w->samples[i] > range.most ? w->samples[i] : range.most;
    }
    print_message("  %.3f to %.3f s: cwnd %u to %u\n", from_s, until_s, range.least, range.most);
    return range;
}

static double mbit_per_s(const struct watch *w, uint32_t from_s, uint32_t until_s)
{
    double rate = (double)(w->received[until_s] - w->received[from_s]) * 8 / 1e6 / (until_s - from_s);
    print_message("  %u to %u s: %.2f Mbit/s\n", from_s, until_s, rate);
    return rate;
}

static void between(double value, double least, double most)
{
    if (value < least || value > most)
        fail_msg("%.3f is outside %.3f to %.3f", value, least, most);
}

/* The device's queue of three packets has byte limits besides, as in ns-3's program, with its hold time of 1 ms. */
static struct wire_settings validation(int64_t rtt_ms, bool ecn, bool byte_limits)
{
    struct wire_settings middle = {.rate_bps = PPP_RATE(50000000),
                                   .delay_ns = rtt_ms * NS_PER_MS / 2,
                                   .queue_frames = 1000,
                                   .discipline = DISCIPLINE_CODEL,
                                   .device_frames = 3,
                                   .device_hold_ns = byte_limits ? NS_PER_MS : 0,
                                   .ecn = ecn,
                                   .mark_delay_ns = ecn ? NS_PER_MS : 0};
    return middle;
}

static struct watch watch;

static void cubic_through_codel(void **state)
{
    (void)state;
    struct wire_settings middle = validation(50, false, true);
    edges_and_middle(&watch, 1000, &middle);
    go(&watch, "cubic", 5, 18.1);
    assert_true(seen(&watch, 5.43, 5.465).most >= 500);
    assert_true(seen(&watch, 5.795, 6).most <= 390);
    assert_true(seen(&watch, 14, 14.197).least >= 165);
    assert_true(seen(&watch, 17, 18.026).least >= 120);
    lane_destroy(&watch.lane);
}

struct band {
    double least, most;
};

/* Goodput in each second of from_s to until_s, and alpha's mean in its last five. */
static void dctcp_at(int64_t rtt_ms, bool byte_limits, uint32_t from_s, uint32_t until_s, struct band goodput,
                     struct band alpha)
{
    struct wire_settings middle = validation(rtt_ms, true, byte_limits);
    edges_and_middle(&watch, 1000, &middle);
    for (unsigned i = 0; i < 2; i++) {
        tcp_sysctl_set(watch.lane.tcp[i], "net.ipv4.tcp_ecn", "1");
        tcp_sysctl_set(watch.lane.tcp[i], "net.imp.tcp_prr", byte_limits ? "0" : "1");
    }
    go(&watch, "dctcp", 5, until_s);
    struct wire_counts counts = wire_counts(watch.lane.bottleneck, 0);
    double sum = 0;
    for (uint32_t i = (until_s - 5) * 1000; i < until_s * 1000; i++)
        sum += watch.alpha[i];
    double mean = sum / 5000;
    print_message("  %d ms%s: alpha %.4f\n", (int)rtt_ms, byte_limits ? "" : ", no byte limits", mean);
    for (uint32_t at = from_s; at < until_s; at++)
        between(mbit_per_s(&watch, at, at + 1), goodput.least, goodput.most);
    between(mean, alpha.least, alpha.most);
    assert_int_equal(counts.early_drops, 0);
    lane_destroy(&watch.lane);
}

static void dctcp_keeps_a_short_path_full(void **state)
{
    (void)state;
    dctcp_at(10, true, 7, 16, (struct band){48, 49}, (struct band){0.06, 0.085});
}

static void dctcp_keeps_a_long_path_full(void **state)
{
    (void)state;
    dctcp_at(80, true, 32, 39, (struct band){47.5, 48.5}, (struct band){0.015, 0.029}); /* the page says why not 0.025 */
}

/* The same queue without byte limits: ns-3's program itself then finds 0.126 and 0.057 (docs/tcp-bands.md). */
static void dctcp_on_a_plain_device(void **state)
{
    (void)state;
    dctcp_at(10, false, 7, 16, (struct band){48, 49}, (struct band){0.109, 0.141});
    dctcp_at(80, false, 34, 39, (struct band){47.5, 48.5}, (struct band){0.043, 0.074});
}

/* ns3tcp-cubic: the helper that gives out addresses puts CoDel in front of a device queue of two packets. */
static struct wire_settings ns3tcp(uint64_t bps, int64_t rtt_ms)
{
    return (struct wire_settings){.rate_bps = PPP_RATE(bps),
                                  .delay_ns = rtt_ms * NS_PER_MS / 2,
                                  .queue_frames = 10240,
                                  .discipline = DISCIPLINE_CODEL,
                                  .device_frames = 2};
}

static void cubic_alone(void **state)
{
    (void)state;
    struct wire_settings middle = ns3tcp(100000000, 5);
    edges_and_middle(&watch, 5000, &middle);
    go(&watch, "cubic", 0.1, 19);
    struct range all = seen(&watch, 1, 19);
    assert_true(all.least >= 60 && all.most <= 110);
    lane_destroy(&watch.lane);
}

static void widen(struct timer *timer, struct instant now)
{
    (void)timer;
    (void)now;
    for (unsigned side = 0; side < 2; side++)
        wire_direction_settings(watch.lane.bottleneck, side)->rate_bps = PPP_RATE(100000000);
}

static void wider_path(bool friendly)
{
    struct wire_settings middle = ns3tcp(50000000, 20);
    edges_and_middle(&watch, 5000, &middle);
    tcp_sysctl_set(watch.lane.tcp[0], "net.ipv4.tcp_cubic_friendliness", friendly ? "1" : "0");
    tcp_sysctl_set(watch.lane.tcp[0], "net.ipv4.tcp_cubic_hystart", "2"); /* the older one, and pacing, as in ns-3's program */
    tcp_sysctl_set(watch.lane.tcp[0], "net.imp.tcp_paced", "1");
    struct timer change = {0};
    timer_set(stack_node(watch.lane.stack[1]), &change, (struct instant){10 * NS_PER_S}, widen);
    go(&watch, "cubic", 0.1, 19);
}

static void cubic_finds_a_wider_path(void **state)
{
    (void)state;
    wider_path(true);
    struct range after = seen(&watch, 13, 15);
    assert_true(after.least >= 150 && after.most <= 220);
    lane_destroy(&watch.lane);
}

static void cubic_without_renos_help(void **state)
{
    (void)state;
    wider_path(false);
    struct range after = seen(&watch, 11, 15), later = seen(&watch, 17.9, 18.5);
    assert_true(after.least >= 107 && after.most <= 123);
    /* from 17.5 s on in ns-3: the curve counts from the last decrease, and here that is 0.4 s later */
    assert_true(later.least >= 169 && later.most <= 215);
    lane_destroy(&watch.lane);
}

/* ---- Shadow's tgen grid: 5 s, both ways at once on each connection, the best second of each way counts ---- */

enum grid_network {
    GRID_OWN_WIRE, /* as in Shadow: each host's own wire has the rate, and holds back what it cannot take yet */
    GRID_ROUTER,   /* a queue of one bandwidth-delay product behind a router, which loses what it cannot take */
};
struct grid_cell {
    enum grid_network network;
    uint64_t bps;
    int64_t rtt_ms;
    double least_bytes;
    bool no_timestamps; /* Shadow's packets carry 40 bytes of headers */
};
enum { GRID_SEEDS = 3 };

static struct lane grid_lane(const struct grid_cell *cell)
{
    struct wire_settings limited = {.rate_bps = cell->bps, .overhead_bytes = IP_ALONE};
    struct wire_settings middle = {.delay_ns = cell->rtt_ms * NS_PER_MS / 2}, edge = {0};
    if (cell->network == GRID_OWN_WIRE) {
        edge = limited;
    } else {
        middle.rate_bps = limited.rate_bps;
        middle.overhead_bytes = limited.overhead_bytes;
        middle.queue_bytes = (uint32_t)(cell->bps / 8 / 1000 * (uint64_t)cell->rtt_ms);
    }
    struct lane lane = lane_create(&edge, &middle);
    for (unsigned i = 0; i < 2; i++) {
        tcp_sysctl_set(lane.tcp[i], "net.imp.tcp_small_queues", cell->network == GRID_OWN_WIRE ? "1" : "0");
        tcp_sysctl_set(lane.tcp[i], "net.ipv4.tcp_timestamps", cell->no_timestamps ? "0" : "1");
    }
    return lane;
}

/* The streams start within ten milliseconds, each seed in another order. */
static void grid_run(const struct grid_cell *cell, uint16_t streams, uint64_t best[2])
{
    struct lane lane = grid_lane(cell);
    int64_t start = 2 * cell->rtt_ms * NS_PER_MS;
    lane_warm(&lane, (struct instant){start});
    struct random random;
    random_seed(&random, lane_seed, "grid");
    struct lane_flow *flows = memory_take_zeroed(streams, sizeof *flows);
    for (uint16_t i = 0; i < streams; i++) {
        struct instant at = {start + (int64_t)random_below(&random, 10 * NS_PER_MS)};
        lane_flow_start(&lane, &flows[i], i, (struct tcp_settings){0}, cell->network == GRID_OWN_WIRE || streams > 1, at);
    }
    uint64_t last[2] = {0};
    best[0] = best[1] = 0;
    for (int64_t s = 1; s <= 5; s++) {
        engine_run(lane.engine, (struct instant){start + s * NS_PER_S});
        for (unsigned way = 0; way < 2; way++) {
            uint64_t sum = 0;
            for (uint16_t i = 0; i < streams; i++)
                sum += flows[i].end[1 - way].received;
            best[way] = sum - last[way] > best[way] ? sum - last[way] : best[way];
            last[way] = sum;
        }
    }
    lane_destroy(&lane);
    memory_free(flows);
}

/* Each seed by itself. */
static void grid(const struct grid_cell *cell, uint16_t streams, unsigned seeds)
{
    for (lane_seed = 1; lane_seed <= seeds; lane_seed++) {
        uint64_t best[2];
        grid_run(cell, streams, best);
        print_message("  %s, %.0f Mbit/s, %d ms, %u streams, seed %u: %.4g and %.4g MB/s\n",
                      cell->network == GRID_OWN_WIRE ? "own wire" : "router", (double)cell->bps / 1e6, (int)cell->rtt_ms,
                      streams, (unsigned)lane_seed, (double)best[0] / 1e6, (double)best[1] / 1e6);
        bool one_way = cell->network == GRID_ROUTER && streams == 1;
        assert_true((double)best[0] >= cell->least_bytes);
        assert_true(one_way || (double)best[1] >= cell->least_bytes);
    }
    lane_seed = 1;
}

static const struct grid_cell OWN_WIRE[] = {
    {GRID_OWN_WIRE, 1000000, 300, 87.5e3, false},
    {GRID_OWN_WIRE, 10000000, 200, 1.1e6, false},
    {GRID_OWN_WIRE, 100000000, 100, 11.5e6, false},
};
/* One ACK for two segments, padded to Ethernet's least frame: 120 MB/s would be one of 40 bytes (docs/tcp-bands.md). */
static const struct grid_cell OWN_GIGABIT = {GRID_OWN_WIRE, 1000000000, 10, 119.8e6, true};
static const struct grid_cell ROUTER_GIGABIT = {GRID_ROUTER, 1000000000, 10, 120e6, true};

static void tgen_on_own_wires(void **state)
{
    (void)state;
    for (unsigned i = 0; i < count_of(OWN_WIRE); i++)
        for (uint16_t streams = 1; streams <= 1000; streams = (uint16_t)(streams * 10))
            grid(&OWN_WIRE[i], streams, GRID_SEEDS);
    grid(&OWN_GIGABIT, 1, 1);
    grid(&OWN_GIGABIT, 10, 1);
}

/* Where a router drops, a stream of which a segment is missing reads nothing until it came. */
static void tgen_through_a_router(void **state)
{
    (void)state;
    static const struct grid_cell rows[] = {{GRID_ROUTER, 1000000, 300, 87.5e3, false},
                                            {GRID_ROUTER, 10000000, 200, 1.1e6, false},
                                            {GRID_ROUTER, 100000000, 100, 11.5e6, false}};
    for (unsigned i = 0; i < count_of(rows); i++)
        for (uint16_t streams = 1; streams <= 1000; streams = (uint16_t)(streams * 10))
            grid(&rows[i], streams, GRID_SEEDS);
    grid(&ROUTER_GIGABIT, 1, 1);
    grid(&ROUTER_GIGABIT, 10, GRID_SEEDS);
}

/* The corner that takes longest (--all). */
static void tgen_gigabit(void **state)
{
    (void)state;
    grid(&OWN_GIGABIT, 100, GRID_SEEDS);
    grid(&OWN_GIGABIT, 1000, GRID_SEEDS);
    grid(&ROUTER_GIGABIT, 100, GRID_SEEDS);
    grid(&ROUTER_GIGABIT, 1000, GRID_SEEDS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cubic_through_codel),

                                       cmocka_unit_test(dctcp_on_a_plain_device),
                                       cmocka_unit_test(dctcp_keeps_a_short_path_full),
                                       cmocka_unit_test(dctcp_keeps_a_long_path_full),
                                       cmocka_unit_test(cubic_alone),
                                       cmocka_unit_test(cubic_finds_a_wider_path),
                                       cmocka_unit_test(cubic_without_renos_help),
                                       cmocka_unit_test(tgen_on_own_wires),
                                       cmocka_unit_test(tgen_through_a_router)};
    const struct CMUnitTest corner[] = {cmocka_unit_test(tgen_gigabit)}; /* some seconds long: only when asked for */
    if (argc > 1 && strcmp(argv[1], "--all") == 0 && cmocka_run_group_tests(corner, NULL, NULL))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
