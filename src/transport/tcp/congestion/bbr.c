/* BBR, version 1 (Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016; draft-cardwell-iccrg-bbr-congestion-control-00): a model of
 * the path instead of an answer to loss.
 *
 * Two numbers describe a path: the rate of its bottleneck (the highest delivery rate of the last ten round trips) and its round trip without a
 * queue (the least of the last ten seconds). Their product is what should be in flight. BBR paces at gain × rate and bounds the flight to
 * gain × product:
 *
 *   startup     gain 2.89 (2 / ln 2): doubles each round trip, until three in a row have not brought a quarter more
 *   drain       its inverse: what startup queued drains
 *   probe rate  eight phases of a round trip: 1.25 once (is there more?), 0.75 once (drain what that queued), 1 for six
 *   probe RTT   when the least RTT is ten seconds old: four segments in flight for 200 ms, so that queues empty and it can be seen
 *
 * Loss does not shrink the model; in recovery the flight is held to what is delivered for one round trip (packet conservation). Version
 * 3's bounds by loss and ECN are bbr3.c's; the long-term sampling for token-bucket policers of Linux's version 1 is left out.
 *
 * Rates are in segments per 2^24 microseconds, gains in 1/256, as in Linux. The rate's maximum over ten round trips is kept as the best of
 * two halves of five, which is enough and small. The phase in which the cycle begins varies with the time it begins at, so that flows do
 * not move in step. No timers: time comes with the ACKs; pacing is output.c's. */
#include "transport/tcp/congestion/congestion.h"

enum {
    UNIT_SHIFT = 24,
    GAIN_ONE = 256,
    GAIN_HIGH = 739,
    GAIN_DRAIN = 88,
    GAIN_CWND = 512,
    CYCLE = 8,
    ROUNDS_KEPT = 5,
    FLIGHT_LEAST = 4,
    FULL_ROUNDS = 3,
    EXTRA_SEGMENTS = 3
};
#define RTT_KEPT_NS  (10 * NS_PER_S)
#define PROBE_RTT_NS (200 * NS_PER_MS)
static const uint16_t CYCLE_GAINS[CYCLE] = {320, 192, 256, 256, 256, 256, 256, 256};
enum mode { STARTUP, DRAIN, PROBE_RATE, PROBE_RTT };

struct bbr {
    uint64_t rate[2]; /* best of the present five round trips, and of the five before */
    uint64_t full_rate;
    uint64_t next_round; /* `delivered` when the present round trip ends */
    int64_t min_rtt_ns;
    struct instant min_rtt_time, cycle_time, probe_done;
    uint32_t rounds, prior_cwnd;
    uint32_t mss_bytes; /* for people */
    uint16_t pacing_gain, cwnd_gain;
    uint8_t mode, cycle, full_count;
    bool full, round_start, probe_round_done, conserve, restore, idle_restart;
};

static struct bbr *bbr_of(struct congestion *cc) { return congestion_state(cc, sizeof(struct bbr)); }
static uint64_t best_rate(const struct bbr *s) { return s->rate[0] > s->rate[1] ? s->rate[0] : s->rate[1]; }

static void bbr_start(struct congestion *cc, struct instant now)
{
    struct bbr *s = bbr_of(cc);
    *s =
        (struct bbr){.pacing_gain = GAIN_HIGH, .cwnd_gain = GAIN_HIGH, .mode = STARTUP, .min_rtt_time = now, .cycle_time = now};
    cc->ssthresh = UINT32_MAX;
}

static void round_update(struct bbr *s, const struct congestion_ack *ack)
{
    s->round_start = false;
    if (ack->interval_ns <= 0 || ack->prior_delivered < s->next_round)
        return;
    s->next_round = ack->delivered;
    s->round_start = true;
    s->conserve = false;
    if (++s->rounds % ROUNDS_KEPT == 0) {
        s->rate[1] = s->rate[0];
        s->rate[0] = 0;
    }
}

static void rate_update(struct bbr *s, const struct congestion_ack *ack)
{
    round_update(s, ack);
    if (ack->interval_ns <= 0 || ack->rate_segments == 0)
        return;
    uint64_t rate = ((uint64_t)ack->rate_segments << UNIT_SHIFT) * 1000 / (uint64_t)ack->interval_ns;
    if ((!ack->app_limited || rate >= best_rate(s)) && rate > s->rate[0])
        s->rate[0] = rate;
}

/* gain × rate × least RTT, in segments; the present window while there is no model yet. */
static uint32_t product(const struct bbr *s, uint32_t gain)
{
    if (s->min_rtt_ns == 0)
        return CONGESTION_INITIAL_WINDOW;
    uint64_t segments = best_rate(s) * (uint64_t)(s->min_rtt_ns / 1000);
    return (uint32_t)(((segments * gain / GAIN_ONE) + (1u << UNIT_SHIFT) - 1) >> UNIT_SHIFT);
}

static uint32_t flight_target(const struct bbr *s, uint32_t gain)
{
    uint32_t target = product(s, gain) + EXTRA_SEGMENTS;
    target = (target + 1) & ~1u; /* delayed ACKs come for two */
    return s->mode == PROBE_RATE && gain > GAIN_ONE ? target + 2 : target;
}

static void cycle_begin(struct bbr *s, struct instant now)
{
    s->mode = PROBE_RATE;
    s->cycle = (uint8_t)((uint64_t)now.ns / 1000 % (CYCLE - 1)); /* any phase but the one that drains */
    s->cycle = s->cycle >= 1 ? (uint8_t)(s->cycle + 1) : 0;
    s->cycle_time = now;
}

static void cycle_update(struct bbr *s, const struct congestion_ack *ack)
{
    if (s->mode != PROBE_RATE)
        return;
    bool long_enough = instant_since(ack->now, s->cycle_time) > s->min_rtt_ns;
    uint16_t gain = CYCLE_GAINS[s->cycle];
    bool over = long_enough;
    if (gain > GAIN_ONE)
        over = long_enough && (ack->lost || ack->in_flight >= flight_target(s, gain)); /* long enough to have been seen */
    else if (gain < GAIN_ONE)
        over = long_enough || ack->in_flight <= flight_target(s, GAIN_ONE);
    if (over) {
        s->cycle = (uint8_t)((s->cycle + 1) % CYCLE);
        s->cycle_time = ack->now;
    }
}

static void startup_check(struct bbr *s, const struct congestion_ack *ack)
{
    if (s->full || !s->round_start || ack->app_limited)
        return;
    if (best_rate(s) >= s->full_rate * 5 / 4) {
        s->full_rate = best_rate(s);
        s->full_count = 0;
        return;
    }
    s->full = ++s->full_count >= FULL_ROUNDS;
}

static void drain_check(struct congestion *cc, struct bbr *s, const struct congestion_ack *ack)
{
    if (s->mode == STARTUP && s->full) {
        s->mode = DRAIN;
        cc->ssthresh = flight_target(s, GAIN_ONE);
    }
    if (s->mode == DRAIN && ack->in_flight <= flight_target(s, GAIN_ONE))
        cycle_begin(s, ack->now);
}

static void rtt_update(struct congestion *cc, struct bbr *s, const struct congestion_ack *ack)
{
    bool expired = instant_since(ack->now, s->min_rtt_time) > RTT_KEPT_NS;
    if (ack->rtt_ns > 0 && (s->min_rtt_ns == 0 || ack->rtt_ns <= s->min_rtt_ns || expired)) {
        s->min_rtt_ns = ack->rtt_ns;
        s->min_rtt_time = ack->now;
    }
    if (expired && !s->idle_restart && s->mode != PROBE_RTT) {
        s->mode = PROBE_RTT;
        s->prior_cwnd = cc->cwnd;
        s->probe_done = INSTANT_ZERO;
    }
    if (s->mode == PROBE_RTT) {
        if (s->probe_done.ns == 0 && ack->in_flight <= FLIGHT_LEAST) {
            s->probe_done = instant_add(ack->now, PROBE_RTT_NS);
            s->probe_round_done = false;
            s->next_round = ack->delivered;
        } else if (s->probe_done.ns) {
            s->probe_round_done |= s->round_start;
            if (s->probe_round_done && instant_reached(ack->now, s->probe_done)) {
                s->min_rtt_time = ack->now;
                if (cc->cwnd < s->prior_cwnd)
                    cc->cwnd = s->prior_cwnd;
                if (s->full)
                    cycle_begin(s, ack->now);
                else
                    s->mode = STARTUP;
            }
        }
    }
    if (ack->acked)
        s->idle_restart = false;
}

static void gains_update(struct bbr *s)
{
    static const uint16_t pacing[] = {GAIN_HIGH, GAIN_DRAIN, GAIN_ONE, GAIN_ONE},
                          cwnd[] = {GAIN_HIGH, GAIN_HIGH, GAIN_CWND, GAIN_ONE};
    s->pacing_gain = s->mode == PROBE_RATE ? CYCLE_GAINS[s->cycle] : pacing[s->mode];
    s->cwnd_gain = cwnd[s->mode];
}

static void pacing_set(struct congestion *cc, struct bbr *s, const struct congestion_ack *ack)
{
    uint64_t rate = best_rate(s);
    s->mss_bytes = ack->mss_bytes;
    if (rate == 0) { /* no sample yet: the initial window over a round trip */
        int64_t rtt = ack->smoothed_rtt_ns > 0 ? ack->smoothed_rtt_ns : NS_PER_MS;
        rate = ((uint64_t)cc->cwnd << UNIT_SHIFT) * 1000 / (uint64_t)rtt;
    }
    uint64_t bytes =
        ((rate * ack->mss_bytes * s->pacing_gain / GAIN_ONE) * 15625 >> UNIT_SHIFT) * 64; /* a million microseconds */
    bytes -= bytes / 100; /* a little below, so that a queue never grows from rounding */
    if (s->full || bytes > cc->pacing_bytes_per_s)
        cc->pacing_bytes_per_s = bytes ? bytes : 1;
}

static void window_set(struct congestion *cc, struct bbr *s, const struct congestion_ack *ack)
{
    uint32_t cwnd = cc->cwnd, target = flight_target(s, s->cwnd_gain);
    if (ack->lost)
        cwnd = cwnd > ack->lost ? cwnd - ack->lost : 1;
    if (s->conserve) {
        if (cwnd < ack->in_flight)
            cwnd = ack->in_flight;
    } else if (s->full) {
        cwnd = cwnd + ack->acked < target ? cwnd + ack->acked : target;
    } else if (cwnd < target || ack->delivered < CONGESTION_INITIAL_WINDOW) {
        cwnd += ack->acked;
    }
    if (s->restore && !s->conserve) {
        s->restore = false;
        cwnd = cwnd > s->prior_cwnd ? cwnd : s->prior_cwnd;
    }
    if (cwnd < FLIGHT_LEAST)
        cwnd = FLIGHT_LEAST;
    cc->cwnd = s->mode == PROBE_RTT && cwnd > FLIGHT_LEAST ? FLIGHT_LEAST : cwnd;
}

static void bbr_control(struct congestion *cc, const struct congestion_ack *ack)
{
    struct bbr *s = bbr_of(cc);
    rate_update(s, ack);
    cycle_update(s, ack);
    startup_check(s, ack);
    drain_check(cc, s, ack);
    rtt_update(cc, s, ack);
    gains_update(s);
    pacing_set(cc, s, ack);
    if (ack->acked)
        window_set(cc, s, ack);
}

static uint32_t bbr_ssthresh(struct congestion *cc, struct instant now)
{
    struct bbr *s = bbr_of(cc);
    (void)now;
    if (!s->restore && s->mode != PROBE_RTT)
        s->prior_cwnd = cc->cwnd;
    return cc->ssthresh;
}

static void bbr_event(struct congestion *cc, enum congestion_event event, struct instant now)
{
    struct bbr *s = bbr_of(cc);
    (void)now;
    if (event == CONGESTION_RECOVERY) {
        s->conserve = s->restore = true;
    } else if (event == CONGESTION_TIMEOUT) {
        s->full_rate = 0;
        s->round_start = true;
        s->restore = true;
    } else if (event == CONGESTION_OPEN && s->restore) {
        s->conserve = false;
    } else if (event == CONGESTION_RESTART) {
        s->idle_restart = true;
    }
}

static uint32_t bbr_undo(struct congestion *cc, uint32_t prior_cwnd)
{
    struct bbr *s = bbr_of(cc);
    s->full_rate = 0;
    s->full_count = 0;
    return cc->cwnd > prior_cwnd ? cc->cwnd : prior_cwnd;
}

static void bbr_avoid(struct congestion *cc, const struct congestion_ack *ack)
{
    (void)cc;
    (void)ack;
}

static void bbr_describe(const struct congestion *cc, char *out, size_t size_bytes)
{
    const struct bbr *s = cc->state;
    static const char *const modes[] = {"startup", "drain", "probe_bw", "probe_rtt"};
    congestion_describe(out, size_bytes, "bbr:(bw:%.0fbps,mrtt:%g,pacing_gain:%g,cwnd_gain:%g,mode:%s)",
                        (double)best_rate(s) * s->mss_bytes * 8e6 / (1 << UNIT_SHIFT), (double)s->min_rtt_ns / 1e6,
                        s->pacing_gain / 256.0, s->cwnd_gain / 256.0, modes[s->mode]);
}

const struct congestion_ops CONGESTION_BBR = {
    .name = "bbr",
    .summary = "a model of the path: its rate and its least round trip (BBR version 1)",
    .own_window = true,
    .start = bbr_start,
    .ssthresh = bbr_ssthresh,
    .avoid = bbr_avoid,
    .control = bbr_control,
    .undo = bbr_undo,
    .event = bbr_event,
    .describe = bbr_describe,
};
