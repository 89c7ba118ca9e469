/* BBR, version 3 (draft-ietf-ccwg-bbr, whose sections are cited here; the figures for ECN, which the draft leaves open, are those of Google's
 * implementation for Linux): version 1's model of the path (bbr.c), with bounds that it learns from loss.
 *
 * Version 1 asks only how fast the path delivers and how short it is, and keeps up to twice their product in flight whatever is lost. Beside flows
 * that answer to loss, and in small buffers, that is too much. Version 3 also remembers how much in flight, and how fast, the path was seen to bear:
 *
 *   long term    max_bw, the best rate of this and the last cycle of probing; inflight_longterm, the flight at which more than 2 % were lost
 *                while the flow probed (section 5.5.10.2). Cruising stays 15 % below it, so that others find room
 *   short term   bw_shortterm and inflight_shortterm: after a round trip with losses outside of probing, 0.7 of what they were, but not less than
 *                what was delivered in it (section 5.5.10.3). Forgotten when the next probing begins
 *
 *   startup      gain 2.77, window 2 products: until the rate stands still for three rounds, or a round loses more than 2 % in six places (5.3.1)
 *   drain        gain 0.5 until one product is in flight (5.3.2)
 *   down         gain 0.9: until the queue of the probing is gone and there is headroom (5.3.3.1)
 *   cruise       gain 1, for two to three seconds, or as many rounds as a Reno flow would take to grow by one such window (5.3.3.2, 5.3.3.5)
 *   refill       gain 1 for a round without the short-term bounds, so that the pipe is full when probing begins (5.3.3.3)
 *   up           gain 1.25, window 2.25: the flight's bound is raised by 1, 2, 4 ... segments a round trip, until too much is lost or marked or
 *                the rate no longer grows (5.3.3.4)
 *   probe RTT    every five seconds at the latest: half a product in flight for 200 ms, so that the queue empties and the path's own
 *                round trip can be seen (5.3.4)
 *
 * ECN. The share of marked segments is averaged over rounds, as DCTCP does (alpha, gain 1/16). A round with marks outside of probing takes
 * alpha / 3 off inflight_shortterm; more than half of a round marked while probing is as too much loss; so it is for two rounds in startup.
 *
 * Rates are in segments per 2^24 microseconds, gains in 1/256, as in bbr.c. Random waiting is drawn from the time, so that flows do not move in
 * step and a run repeats. No timers: time comes with the ACKs; pacing is output.c's. Left out: the send quantum and the offload budget (segments
 * leave one by one here). */
#include "transport/tcp/congestion/congestion.h"

#include "base/number.h"

enum {
    UNIT_SHIFT = 24,
    GAIN_ONE = 256,
    GAIN_STARTUP = 710, /* 2.77, 4 ln 2 */
    GAIN_DRAIN = 128,
    GAIN_DOWN = 230, /* 0.9 */
    GAIN_UP = 320,
    GAIN_CWND = 512,
    GAIN_CWND_UP = 576,
    GAIN_CWND_PROBE_RTT = 128,
    FLIGHT_LEAST = 4, /* MinPipeCwnd */
    FULL_ROUNDS = 3,
    FULL_LOSSES = 6,
    FULL_MARKED_ROUNDS = 2,
    LOSS_PERCENT = 2,
    KEPT_PERCENT = 70,     /* Beta */
    HEADROOM_PERCENT = 15, /* Headroom */
    RENO_ROUNDS_MOST = 63,
    SLOPE_ROUNDS_MOST = 30,
    ALPHA_ONE = 1024,
    ALPHA_SHIFT = 4,
    ALPHA_PART = 3,
    AGGREGATION_ROUNDS = 5,
    EPOCH_SEGMENTS_MOST = 1 << 20,
    INFINITE = UINT32_MAX,
};
#define RATE_INFINITE         UINT64_MAX
#define MIN_RTT_KEPT_NS       (10 * NS_PER_S)
#define PROBE_RTT_INTERVAL_NS (5 * NS_PER_S)
#define PROBE_RTT_NS          (200 * NS_PER_MS)
#define PROBE_WAIT_NS         (2 * NS_PER_S) /* and up to a second more */
enum mode { STARTUP, DRAIN, DOWN, CRUISE, REFILL, UP, PROBE_RTT };
enum ack_phase { ACKS_INIT, ACKS_REFILLING, ACKS_PROBE_STARTING, ACKS_PROBE_FEEDBACK, ACKS_PROBE_STOPPING };

struct bbr3 {
    uint8_t mode, ack_phase, full_count, loss_events, marked_rounds, undo_mode, up_rounds;
    bool full, full_now, round_start, loss_round_start, loss_in_round, marked_in_round, probe_samples, probe_round_done,
        idle_restart, restore, probe_rtt_expired;
    uint32_t inflight_longterm, inflight_shortterm, inflight_latest; /* segments */
    uint64_t max_bw[2], bw_shortterm, bw_latest, full_bw;            /* max_bw: of this cycle, and of the last */
    uint64_t next_round, loss_round;                                 /* `delivered` when they end */
    int64_t min_rtt_ns, probe_rtt_min_ns;
    struct instant min_rtt_time, probe_rtt_min_time, cycle_time, probe_rtt_done;
    int64_t probe_wait_ns;
    uint32_t rounds_since_probe, up_acks, up_per; /* one segment more for each up_per acknowledged */
    uint32_t prior_cwnd;
    uint32_t undo_inflight_longterm, undo_inflight_shortterm;
    uint64_t undo_bw_shortterm;
    uint32_t round_acked, round_marked, alpha; /* ECN */
    struct instant epoch;                      /* aggregation of ACKs (section 5.5.9) */
    uint32_t epoch_acked, aggregation_round, aggregated[2];
    uint32_t mss_bytes; /* for people */
};
static struct bbr3 *bbr3_of(struct congestion *cc) { return congestion_state(cc, sizeof(struct bbr3)); }
static uint64_t max_bw(const struct bbr3 *s) { return s->max_bw[0] > s->max_bw[1] ? s->max_bw[0] : s->max_bw[1]; }
static uint64_t bandwidth(const struct bbr3 *s) { return max_bw(s) < s->bw_shortterm ? max_bw(s) : s->bw_shortterm; }
static bool in_probe_bw(const struct bbr3 *s) { return s->mode >= DOWN && s->mode <= UP; }
static bool is_probing(const struct bbr3 *s) { return s->mode == STARTUP || s->mode == REFILL || s->mode == UP; }

static uint64_t rate_of(const struct congestion_ack *ack)
{
    return ack->interval_ns > 0 ? ((uint64_t)ack->rate_segments << UNIT_SHIFT) * 1000 / (uint64_t)ack->interval_ns : 0;
}

/* gain × rate × least RTT, in segments. */
static uint32_t product(const struct bbr3 *s, uint64_t rate, uint32_t gain)
{
    if (s->min_rtt_ns == 0)
        return CONGESTION_INITIAL_WINDOW;
    uint64_t segments = rate * (uint64_t)(s->min_rtt_ns / 1000) * gain / GAIN_ONE;
    return (uint32_t)((segments + (1u << UNIT_SHIFT) - 1) >> UNIT_SHIFT);
}

static uint32_t with_headroom(const struct bbr3 *s) /* section 5.6.4.7 */
{
    if (s->inflight_longterm == INFINITE)
        return INFINITE;
    uint32_t room =
        most(1, s->inflight_longterm / 100 * HEADROOM_PERCENT + s->inflight_longterm % 100 * HEADROOM_PERCENT / 100);
    return s->inflight_longterm > room + FLIGHT_LEAST ? s->inflight_longterm - room : FLIGHT_LEAST;
}

static uint32_t target_inflight(const struct congestion *cc, const struct bbr3 *s)
{
    return least(product(s, bandwidth(s), GAIN_ONE), cc->cwnd);
}

/* ---- the phases ---- */

static void round_begin(struct bbr3 *s, uint64_t delivered) { s->next_round = delivered; }

static void full_bw_reset(struct bbr3 *s, uint64_t rate)
{
    s->full_bw = rate;
    s->full_count = 0;
    s->full_now = false;
}

static void short_term_forget(struct bbr3 *s)
{
    s->bw_shortterm = RATE_INFINITE;
    s->inflight_shortterm = INFINITE;
}

static void down_begin(struct bbr3 *s, struct instant now, uint64_t delivered)
{
    uint64_t draw = (uint64_t)now.ns * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    s->mode = DOWN;
    s->loss_in_round = s->marked_in_round = false;
    s->bw_latest = 0;
    s->inflight_latest = 0;
    s->up_per = INFINITE;
    s->rounds_since_probe = (uint32_t)(draw & 1);
    s->probe_wait_ns = PROBE_WAIT_NS + (int64_t)(draw >> 1) * NS_PER_S / (INT64_C(1) << 31);
    s->cycle_time = now;
    s->ack_phase = ACKS_PROBE_STOPPING;
    round_begin(s, delivered);
}

static void refill_begin(struct bbr3 *s, uint64_t delivered)
{
    s->mode = REFILL;
    short_term_forget(s);
    s->up_rounds = 0;
    s->up_acks = 0;
    s->ack_phase = ACKS_REFILLING;
    round_begin(s, delivered);
}

/* The next round trip may raise the bound by twice as many segments as this one. */
static void slope_raise(const struct congestion *cc, struct bbr3 *s)
{
    uint32_t growth = 1u << s->up_rounds;
    if (s->up_rounds < SLOPE_ROUNDS_MOST)
        s->up_rounds++;
    s->up_per = most(cc->cwnd / growth, 1);
}

static void up_begin(const struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    s->mode = UP;
    s->ack_phase = ACKS_PROBE_STARTING;
    round_begin(s, ack->delivered);
    full_bw_reset(s, rate_of(ack));
    s->cycle_time = ack->now;
    slope_raise(cc, s);
}

/* ---- what the flight may be ---- */

/* Too much was in flight for the path: that is the bound now, and probing is over (section 5.5.10.2). */
static void too_high(const struct congestion *cc, struct bbr3 *s, uint32_t in_flight, bool app_limited, struct instant now,
                     uint64_t delivered)
{
    s->probe_samples = false;
    if (!app_limited)
        s->inflight_longterm = most(in_flight, target_inflight(cc, s) * KEPT_PERCENT / 100);
    if (s->mode == UP)
        down_begin(s, now, delivered);
}

static bool marked_too_much(const struct bbr3 *s)
{
    return s->round_marked > 1 && s->round_marked * 2 > s->round_acked && s->alpha > 0;
}

static bool is_too_high(const struct bbr3 *s, const struct congestion_ack *ack)
{
    return (uint64_t)ack->sample_lost * 100 > (uint64_t)ack->sample_in_flight * LOSS_PERCENT ||
           (s->round_start && marked_too_much(s));
}

static void raise_upward(const struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    if (!ack->cwnd_limited || cc->cwnd < s->inflight_longterm)
        return;
    s->up_acks += ack->acked;
    if (s->up_acks >= s->up_per) {
        uint32_t delta = s->up_acks / s->up_per;
        s->up_acks -= delta * s->up_per;
        s->inflight_longterm += delta;
    }
    if (s->round_start)
        slope_raise(cc, s);
}

static void long_term_adapt(const struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    if (s->ack_phase == ACKS_PROBE_STARTING && s->round_start) {
        s->ack_phase = ACKS_PROBE_FEEDBACK;
    } else if (s->ack_phase == ACKS_PROBE_STOPPING && s->round_start) {
        s->probe_samples = false;
        s->ack_phase = ACKS_INIT;
        if (in_probe_bw(s) && !ack->app_limited && s->max_bw[0]) { /* a cycle of probing is over */
            s->max_bw[1] = s->max_bw[0];
            s->max_bw[0] = 0;
        }
    }
    if (is_too_high(s, ack)) {
        if (s->probe_samples)
            too_high(cc, s, ack->sample_in_flight, ack->app_limited, ack->now, ack->delivered);
        return;
    }
    if (s->inflight_longterm == INFINITE)
        return;
    if (ack->sample_in_flight > s->inflight_longterm)
        s->inflight_longterm = ack->sample_in_flight;
    if (s->mode == UP)
        raise_upward(cc, s, ack);
}

static void short_term_adapt(const struct congestion *cc, struct bbr3 *s) /* section 5.5.10.3 */
{
    if (is_probing(s) || (!s->loss_in_round && !s->marked_in_round))
        return;
    if (s->inflight_shortterm == INFINITE)
        s->inflight_shortterm = cc->cwnd;
    uint32_t marked = s->inflight_shortterm;
    if (s->marked_in_round)
        marked -= (uint32_t)((uint64_t)marked * s->alpha / ALPHA_ONE / ALPHA_PART);
    if (s->loss_in_round) {
        if (s->bw_shortterm == RATE_INFINITE)
            s->bw_shortterm = max_bw(s);
        uint64_t kept = s->bw_shortterm / 100 * KEPT_PERCENT;
        s->bw_shortterm = s->bw_latest > kept ? s->bw_latest : kept;
        s->inflight_shortterm = most(s->inflight_latest, (uint32_t)((uint64_t)s->inflight_shortterm * KEPT_PERCENT / 100));
    }
    s->inflight_shortterm = least(s->inflight_shortterm, marked);
}

/* ---- what an ACK tells ---- */

static void marks_count(struct bbr3 *s, const struct congestion_ack *ack)
{
    s->round_acked += ack->acked;
    s->round_marked += ack->marked;
    s->marked_in_round |= ack->marked > 0;
    if (!s->round_start)
        return;
    uint32_t share = s->round_acked ? (uint32_t)((uint64_t)s->round_marked * ALPHA_ONE / s->round_acked) : 0;
    s->alpha = s->alpha - (s->alpha >> ALPHA_SHIFT) + (share >> ALPHA_SHIFT);
}

static void marks_round_over(struct bbr3 *s)
{
    if (!s->round_start)
        return;
    bool much = marked_too_much(s);
    s->marked_rounds = much ? (uint8_t)least(s->marked_rounds + 1u, FULL_MARKED_ROUNDS) : 0;
    s->round_acked = s->round_marked = 0;
}

static void signals_update(const struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    uint64_t rate = rate_of(ack);
    bool sampled = ack->interval_ns > 0;
    s->loss_round_start = s->round_start = false;
    if (sampled) {
        s->bw_latest = rate > s->bw_latest ? rate : s->bw_latest;
        s->inflight_latest = most(s->inflight_latest, ack->rate_segments);
        if (ack->prior_delivered >= s->loss_round) {
            s->loss_round = ack->delivered;
            s->loss_round_start = true;
        }
        if (ack->prior_delivered >= s->next_round) {
            s->next_round = ack->delivered;
            s->round_start = true;
            s->rounds_since_probe++;
        }
        if ((!ack->app_limited || rate >= max_bw(s)) && rate > s->max_bw[0])
            s->max_bw[0] = rate;
    }
    marks_count(s, ack);
    if (ack->lost && s->loss_events < UINT8_MAX)
        s->loss_events++;
    if (s->loss_round_start)
        short_term_adapt(cc, s);
}

/* After everything else has looked at the round that is over. */
static void signals_advance(struct bbr3 *s, const struct congestion_ack *ack)
{
    marks_round_over(s);
    if (!s->loss_round_start)
        return;
    s->loss_in_round = s->marked_in_round = false;
    s->loss_events = 0;
    s->bw_latest = rate_of(ack);
    s->inflight_latest = ack->rate_segments;
}

/* How many segments more than the rate explains are acknowledged at once. */
static void aggregation_update(const struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    if (s->round_start && ++s->aggregation_round >= AGGREGATION_ROUNDS) {
        s->aggregation_round = 0;
        s->aggregated[1] = s->aggregated[0];
        s->aggregated[0] = 0;
    }
    uint64_t elapsed_us = (uint64_t)instant_since(ack->now, s->epoch) / 1000;
    uint32_t expected = elapsed_us < 1000000 ? (uint32_t)(bandwidth(s) * elapsed_us >> UNIT_SHIFT) : INFINITE;
    if (s->epoch_acked <= expected || s->epoch_acked > EPOCH_SEGMENTS_MOST) {
        s->epoch = ack->now;
        s->epoch_acked = 0;
        expected = 0;
    }
    s->epoch_acked += ack->acked;
    uint32_t extra = least(s->epoch_acked - least(expected, s->epoch_acked), cc->cwnd);
    s->aggregated[0] = most(s->aggregated[0], extra);
}

static void startup_check(struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    if (!s->full_now && s->round_start && !ack->app_limited) {
        uint64_t rate = rate_of(ack);
        if (rate >= s->full_bw / 4 * 5) {
            full_bw_reset(s, rate);
        } else {
            s->full_now = ++s->full_count >= FULL_ROUNDS;
            s->full |= s->full_now;
        }
    }
    if (s->mode != STARTUP)
        return;
    bool lossy = s->loss_round_start && s->loss_events >= FULL_LOSSES && is_too_high(s, ack);
    bool marked = s->round_start && marked_too_much(s) && s->marked_rounds + 1 >= FULL_MARKED_ROUNDS;
    if (!s->full && (lossy || marked)) {
        s->full = true;
        s->inflight_longterm = most(product(s, max_bw(s), GAIN_ONE), s->inflight_latest);
    }
    if (s->full) {
        s->mode = DRAIN;
        cc->ssthresh = product(s, max_bw(s), GAIN_ONE);
    }
}

static void cycle_update(const struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    if (s->mode == DRAIN && ack->in_flight <= product(s, bandwidth(s), GAIN_ONE))
        down_begin(s, ack->now, ack->delivered);
    if (!s->full)
        return;
    long_term_adapt(cc, s, ack);
    if (s->mode == DOWN || s->mode == CRUISE) {
        bool waited = instant_since(ack->now, s->cycle_time) > s->probe_wait_ns;
        if (waited || s->rounds_since_probe >= least(target_inflight(cc, s), RENO_ROUNDS_MOST))
            refill_begin(s, ack->delivered);
        else if (s->mode == DOWN && ack->in_flight <= with_headroom(s) && ack->in_flight <= product(s, max_bw(s), GAIN_ONE))
            s->mode = CRUISE;
    } else if (s->mode == REFILL && s->round_start) {
        s->probe_samples = true;
        up_begin(cc, s, ack);
    } else if (s->mode == UP) {
        if (ack->cwnd_limited && cc->cwnd >= s->inflight_longterm)
            full_bw_reset(s, rate_of(ack)); /* the bound held it back, not the path */
        else if (s->full_now)
            down_begin(s, ack->now, ack->delivered);
    }
}

/* ---- the round trip ---- */

static void probe_rtt_end(struct congestion *cc, struct bbr3 *s, struct instant now, uint64_t delivered)
{
    s->probe_rtt_min_time = now;
    cc->cwnd = most(cc->cwnd, s->prior_cwnd);
    short_term_forget(s);
    if (s->full) {
        down_begin(s, now, delivered);
        s->mode = CRUISE;
    } else {
        s->mode = STARTUP;
    }
}

static void cwnd_save(const struct congestion *cc, struct bbr3 *s)
{
    s->prior_cwnd = !s->restore && s->mode != PROBE_RTT ? cc->cwnd : most(s->prior_cwnd, cc->cwnd);
}

static uint32_t probe_rtt_cwnd(const struct bbr3 *s)
{
    return most(product(s, bandwidth(s), GAIN_CWND_PROBE_RTT), FLIGHT_LEAST);
}

static void rtt_update(struct bbr3 *s, const struct congestion_ack *ack)
{
    s->probe_rtt_expired = instant_since(ack->now, s->probe_rtt_min_time) > PROBE_RTT_INTERVAL_NS;
    if (ack->rtt_ns > 0 && (!s->probe_rtt_min_ns || ack->rtt_ns < s->probe_rtt_min_ns || s->probe_rtt_expired)) {
        s->probe_rtt_min_ns = ack->rtt_ns;
        s->probe_rtt_min_time = ack->now;
    }
    bool expired = instant_since(ack->now, s->min_rtt_time) > MIN_RTT_KEPT_NS;
    if (s->probe_rtt_min_ns && (!s->min_rtt_ns || s->probe_rtt_min_ns < s->min_rtt_ns || expired)) {
        s->min_rtt_ns = s->probe_rtt_min_ns;
        s->min_rtt_time = s->probe_rtt_min_time;
    }
}

static void probe_rtt_check(struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack)
{
    if (s->mode != PROBE_RTT && s->probe_rtt_expired && !s->idle_restart) {
        cwnd_save(cc, s);
        s->mode = PROBE_RTT;
        s->probe_rtt_done = INSTANT_ZERO;
        s->ack_phase = ACKS_PROBE_STOPPING;
        round_begin(s, ack->delivered);
    }
    if (s->mode == PROBE_RTT) {
        if (s->probe_rtt_done.ns == 0 && ack->in_flight <= probe_rtt_cwnd(s)) {
            s->probe_rtt_done = instant_add(ack->now, PROBE_RTT_NS);
            s->probe_round_done = false;
            round_begin(s, ack->delivered);
        } else if (s->probe_rtt_done.ns) {
            s->probe_round_done |= s->round_start;
            if (s->probe_round_done && instant_reached(ack->now, s->probe_rtt_done))
                probe_rtt_end(cc, s, ack->now, ack->delivered);
        }
    }
    if (ack->acked)
        s->idle_restart = false;
}

/* ---- what is set ---- */

static uint32_t pacing_gain(const struct bbr3 *s)
{
    static const uint16_t gains[] = {GAIN_STARTUP, GAIN_DRAIN, GAIN_DOWN, GAIN_ONE, GAIN_ONE, GAIN_UP, GAIN_ONE};
    return gains[s->mode];
}

static uint32_t cwnd_gain(const struct bbr3 *s)
{
    return s->mode == UP ? GAIN_CWND_UP : s->mode == PROBE_RTT ? GAIN_CWND_PROBE_RTT : GAIN_CWND;
}

static void pacing_set(struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack) /* section 5.6.2 */
{
    uint64_t rate = bandwidth(s);
    s->mss_bytes = ack->mss_bytes;
    if (max_bw(s) == 0) { /* no sample yet: the window over a round trip */
        int64_t rtt = ack->smoothed_rtt_ns > 0 ? ack->smoothed_rtt_ns : NS_PER_MS;
        rate = ((uint64_t)cc->cwnd << UNIT_SHIFT) * 1000 / (uint64_t)rtt;
    }
    uint64_t bytes =
        ((rate * ack->mss_bytes * pacing_gain(s) / GAIN_ONE) * 15625 >> UNIT_SHIFT) * 64; /* a million microseconds */
    bytes -= bytes / 100; /* PacingMarginPercent: a little below, so that a queue never grows from rounding */
    if (s->full || bytes > cc->pacing_bytes_per_s)
        cc->pacing_bytes_per_s = bytes ? bytes : 1;
}

static void window_set(struct congestion *cc, struct bbr3 *s, const struct congestion_ack *ack) /* section 5.6.4 */
{
    uint32_t target = product(s, bandwidth(s), cwnd_gain(s)) + most(s->aggregated[0], s->aggregated[1]);
    target = most(target, FLIGHT_LEAST) + (s->mode == UP ? 2 : 0);
    uint32_t cwnd = cc->cwnd;
    if (ack->lost)
        cwnd = cwnd > ack->lost ? cwnd - ack->lost : 1;
    if (s->full)
        cwnd = least(cwnd + ack->acked, target);
    else if (cwnd < target || ack->delivered < 2 * CONGESTION_INITIAL_WINDOW)
        cwnd += ack->acked;
    cwnd = most(cwnd, FLIGHT_LEAST);
    uint32_t cap = INFINITE;
    if (s->mode == PROBE_RTT)
        cwnd = least(cwnd, probe_rtt_cwnd(s));
    if (in_probe_bw(s) && s->mode != CRUISE)
        cap = s->inflight_longterm;
    else if (s->mode == PROBE_RTT || s->mode == CRUISE)
        cap = with_headroom(s);
    cap = most(least(cap, s->inflight_shortterm), FLIGHT_LEAST);
    cc->cwnd = least(cwnd, cap);
}

static void bbr3_control(struct congestion *cc, const struct congestion_ack *ack)
{
    struct bbr3 *s = bbr3_of(cc);
    signals_update(cc, s, ack);
    aggregation_update(cc, s, ack);
    startup_check(cc, s, ack);
    cycle_update(cc, s, ack);
    rtt_update(s, ack);
    probe_rtt_check(cc, s, ack);
    signals_advance(s, ack);
    pacing_set(cc, s, ack);
    if (ack->acked)
        window_set(cc, s, ack);
}

/* ---- losses ---- */

/* Of the segments sent before the lost one and with it, at which did the losses pass two percent? That is how many may be in flight. */
static uint32_t in_flight_at_loss(const struct congestion_loss *loss)
{
    uint32_t before = loss->in_flight ? loss->in_flight - 1 : 0, lost = loss->lost_since ? loss->lost_since - 1 : 0;
    uint64_t allowed = (uint64_t)before * LOSS_PERCENT;
    return before + (allowed > (uint64_t)lost * 100 ? (uint32_t)((allowed - (uint64_t)lost * 100) / (100 - LOSS_PERCENT)) : 0);
}

static void bbr3_lost(struct congestion *cc, const struct congestion_loss *loss)
{
    struct bbr3 *s = bbr3_of(cc);
    if (!s->loss_in_round) {
        s->loss_round = loss->delivered;
        s->undo_mode = s->mode;
        s->undo_bw_shortterm = s->bw_shortterm;
        s->undo_inflight_shortterm = s->inflight_shortterm;
        s->undo_inflight_longterm = s->inflight_longterm;
    }
    s->loss_in_round = true;
    if (s->probe_samples && (uint64_t)loss->lost_since * 100 > (uint64_t)loss->in_flight * LOSS_PERCENT)
        too_high(cc, s, in_flight_at_loss(loss), loss->app_limited, loss->now, loss->delivered);
}

static uint32_t bbr3_ssthresh(struct congestion *cc, struct instant now)
{
    (void)now;
    cwnd_save(cc, bbr3_of(cc));
    return cc->ssthresh;
}

static uint32_t bbr3_undo(struct congestion *cc, uint32_t prior_cwnd) /* section 5.5.11 */
{
    struct bbr3 *s = bbr3_of(cc);
    s->loss_in_round = false;
    full_bw_reset(s, 0);
    s->bw_shortterm = s->bw_shortterm > s->undo_bw_shortterm ? s->bw_shortterm : s->undo_bw_shortterm;
    s->inflight_shortterm = most(s->inflight_shortterm, s->undo_inflight_shortterm);
    s->inflight_longterm = most(s->inflight_longterm, s->undo_inflight_longterm);
    if (s->mode == DRAIN && s->undo_mode == STARTUP) {
        s->full = false;
        s->mode = STARTUP;
    }
    s->restore = false;
    return most(cc->cwnd, most(prior_cwnd, s->prior_cwnd));
}

static void bbr3_event(struct congestion *cc, enum congestion_event event, struct instant now)
{
    struct bbr3 *s = bbr3_of(cc);
    if (event == CONGESTION_RECOVERY || event == CONGESTION_TIMEOUT) {
        s->restore = true;
        if (event == CONGESTION_TIMEOUT) {
            full_bw_reset(s, 0);
            if (!is_probing(s) && s->inflight_shortterm == INFINITE) /* from the window before the timeout, not after it */
                s->inflight_shortterm = most(cc->cwnd, s->prior_cwnd);
        }
    } else if (event == CONGESTION_OPEN && s->restore) {
        s->restore = false;
        cc->cwnd = most(cc->cwnd, s->prior_cwnd);
    } else if (event == CONGESTION_START) { /* section 5.4 */
        s->idle_restart = true;
        s->epoch = now;
        s->epoch_acked = 0;
        if (s->mode == PROBE_RTT && s->probe_rtt_done.ns && instant_reached(now, s->probe_rtt_done))
            probe_rtt_end(cc, s, now, s->next_round);
    }
}

static void bbr3_start(struct congestion *cc, struct instant now)
{
    struct bbr3 *s = bbr3_of(cc);
    s->min_rtt_time = s->probe_rtt_min_time = s->cycle_time = s->epoch = now;
    s->inflight_longterm = INFINITE;
    short_term_forget(s);
    s->up_per = INFINITE;
    s->alpha = ALPHA_ONE;
    cc->ssthresh = UINT32_MAX;
}

static void bbr3_avoid(struct congestion *cc, const struct congestion_ack *ack)
{
    (void)cc;
    (void)ack;
}

static void bbr3_describe(const struct congestion *cc, char *out, size_t size_bytes)
{
    static const char *const modes[] = {"startup",         "drain",       "probe_bw_down", "probe_bw_cruise",
                                        "probe_bw_refill", "probe_bw_up", "probe_rtt"};
    const struct bbr3 *s = cc->state;
    congestion_describe(out, size_bytes, "bbr:(bw:%.0fbps,mrtt:%g,pacing_gain:%g,cwnd_gain:%g,mode:%s)",
                        (double)bandwidth(s) * s->mss_bytes * 8e6 / (1 << UNIT_SHIFT), (double)s->min_rtt_ns / 1e6,
                        pacing_gain(s) / 256.0, cwnd_gain(s) / 256.0, modes[s->mode]);
}

const struct congestion_ops CONGESTION_BBR3 = {
    .name = "bbr3",
    .summary = "BBR version 3: a model of the path, bounded by loss and marks (draft-ietf-ccwg-bbr)",
    .own_window = true,
    .start = bbr3_start,
    .ssthresh = bbr3_ssthresh,
    .avoid = bbr3_avoid,
    .control = bbr3_control,
    .lost = bbr3_lost,
    .undo = bbr3_undo,
    .event = bbr3_event,
    .describe = bbr3_describe,
};
