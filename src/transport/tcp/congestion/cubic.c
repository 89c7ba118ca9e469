/* CUBIC (RFC 9438), the default here as in most of the Internet.
 *
 * After a loss at W_max the window drops to 0.7 of it and then follows a cubic of the time since: steeply back towards W_max, flat around it,
 * where the loss was, then steeply beyond, looking for more:
 *
 *     W(t) = C (t - K)^3 + W_max,   K = cubic root of ((W_max - cwnd) / C),   C = 0.4 segments / s^3
 *
 * Growth depends on time, not on the round trip, so flows of different RTTs share more fairly than Reno's. Where Reno would be faster (short
 * round trips, small windows) CUBIC follows an estimate of Reno's window (section 4.3). A flow that loses below its last W_max gives up
 * some more, to let a newcomer in (fast convergence, section 4.7). Slow start ends by HyStart++
 * (hystart.c), or as Linux's does (hystart_classic.c).
 *
 * Arithmetic is in integers, so that every machine computes the same: time in 1/1024 s, C as 410/1024, as in Linux, whose rounding this
 * keeps. At most each second segment acknowledged grows the window by one. Time spent idle does not count: the curve is moved (CONGESTION_START).
 * No timers. */
#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/congestion/hystart.h"

enum { SCALE = 1024, BETA = 717 /* 0.7 */, C_SCALED = 410 /* 0.4 */, RENO_SHARE = 8 * (SCALE + BETA) / 3 / (SCALE - BETA) };

struct cubic {
    uint32_t last_max;  /* W_max */
    uint32_t origin;    /* of the present curve */
    uint32_t k;         /* 1/1024 s */
    uint32_t reno_cwnd; /* what Reno would have */
    uint32_t reno_acked;
    uint32_t per;             /* segments to acknowledge for one more of window */
    uint32_t last_cwnd;       /* for which `per` was computed, */
    struct instant last_time; /* at this time */
    struct instant epoch;     /* the curve's t = 0; 0: a new one is due */
    struct instant last_ack;
    int64_t delay_min_ns;
    union { /* by congestion.slow_start_exit */
        struct hystart plus;
        struct hystart_classic classic;
    } hystart;
};

static struct cubic *cubic_of(struct congestion *cc) { return congestion_state(cc, sizeof(struct cubic)); }

/* The integer cube root, bit by bit. */
static uint32_t cube_root(uint64_t n)
{
    uint64_t root = 0;
    for (int shift = 63; shift >= 0; shift -= 3) {
        root <<= 1;
        uint64_t step = 3 * root * (root + 1) + 1;
        if ((n >> shift) >= step) {
            n -= step << shift;
            root++;
        }
    }
    return (uint32_t)root;
}

static uint32_t ticks(int64_t ns) { return (uint32_t)((uint64_t)ns * SCALE / (uint64_t)NS_PER_S); }

static void epoch_begin(struct congestion *cc, struct cubic *s, uint32_t acked, struct instant now)
{
    s->epoch = now;
    s->reno_acked = acked;
    s->reno_cwnd = cc->cwnd;
    if (s->last_max <= cc->cwnd) {
        s->k = 0;
        s->origin = cc->cwnd;
    } else {
        s->k = cube_root((uint64_t)(s->last_max - cc->cwnd) * ((UINT64_C(1) << 40) / C_SCALED));
        s->origin = s->last_max;
    }
}

static uint32_t curve(const struct cubic *s, struct instant now)
{
    uint32_t t = ticks(instant_since(now, s->epoch) + s->delay_min_ns);
    uint64_t offset = t < s->k ? s->k - t : t - s->k;
    if (offset > 1u << 16) /* more than a minute off: beyond any window */
        offset = 1u << 16;
    uint32_t delta = (uint32_t)((C_SCALED * offset * offset * offset) >> 40);
    return t < s->k ? (s->origin > delta ? s->origin - delta : 0) : s->origin + delta;
}

/* Section 4.3: Reno with a decrease of 0.7 grows by 3 (1 - 0.7) / (1 + 0.7) segments a round trip. */
static void follow_reno(const struct congestion *cc, struct cubic *s)
{
    uint32_t per = cc->cwnd * RENO_SHARE >> 3;
    while (per && s->reno_acked > per) {
        s->reno_acked -= per;
        s->reno_cwnd++;
    }
    if (s->reno_cwnd > cc->cwnd) {
        uint32_t most = cc->cwnd / (s->reno_cwnd - cc->cwnd);
        if (s->per > most)
            s->per = most;
    }
}

static void update(struct congestion *cc, struct cubic *s, uint32_t acked, struct instant now)
{
    s->reno_acked += acked;
    if (s->last_cwnd == cc->cwnd && instant_since(now, s->last_time) <= NS_PER_S / 32)
        return;
    bool same_epoch_time = s->epoch.ns && s->last_time.ns == now.ns;
    s->last_cwnd = cc->cwnd;
    s->last_time = now;
    if (!s->epoch.ns)
        epoch_begin(cc, s, acked, now);
    if (!same_epoch_time || !s->per) {
        uint32_t target = curve(s, now);
        s->per = target > cc->cwnd ? cc->cwnd / (target - cc->cwnd) : 100 * cc->cwnd;
        if (s->last_max == 0 && s->per > 20) /* no loss yet: do not stand still */
            s->per = 20;
    }
    if (!cc->unfriendly)
        follow_reno(cc, s);
    if (s->per < 2)
        s->per = 2;
}

static void cubic_avoid(struct congestion *cc, const struct congestion_ack *ack)
{
    struct cubic *s = cubic_of(cc);
    if (!ack->window_limited)
        return;
    uint32_t acked = ack->acked;
    if (congestion_in_slow_start(cc)) {
        bool careful = cc->slow_start_exit == CONGESTION_EXIT_PLUS && cc->ssthresh == UINT32_MAX;
        uint32_t growth = careful ? hystart_growth(&s->hystart.plus, acked) : acked;
        acked = congestion_slow_start(cc, growth);
        if (!acked)
            return;
    }
    update(cc, s, acked, ack->now);
    congestion_additive(cc, s->per, acked);
}

static bool slow_start_over(const struct congestion *cc, struct cubic *s, const struct congestion_ack *ack)
{
    switch ((enum congestion_exit)cc->slow_start_exit) {
    case CONGESTION_EXIT_PLUS: return cc->ssthresh == UINT32_MAX && hystart_acknowledged(&s->hystart.plus, ack);
    case CONGESTION_EXIT_CLASSIC: return hystart_classic_acknowledged(&s->hystart.classic, cc, s->delay_min_ns, ack);
    case CONGESTION_EXIT_NONE: break;
    }
    return false;
}

static void cubic_acked(struct congestion *cc, const struct congestion_ack *ack)
{
    struct cubic *s = cubic_of(cc);
    s->last_ack = ack->now;
    if (ack->rtt_ns <= 0 ||
        (s->epoch.ns && instant_since(ack->now, s->epoch) < NS_PER_S)) /* right after a loss the queue is not itself */
        return;
    if (s->delay_min_ns == 0 || ack->rtt_ns < s->delay_min_ns)
        s->delay_min_ns = ack->rtt_ns;
    if (congestion_in_slow_start(cc) && slow_start_over(cc, s, ack))
        cc->ssthresh = cc->cwnd;
}

static uint32_t cubic_ssthresh(struct congestion *cc, struct instant now)
{
    struct cubic *s = cubic_of(cc);
    (void)now;
    s->epoch = INSTANT_ZERO;
    s->last_max = cc->cwnd < s->last_max ? cc->cwnd * (SCALE + BETA) / (2 * SCALE) : cc->cwnd;
    uint32_t threshold = (uint32_t)((uint64_t)cc->cwnd * BETA / SCALE);
    return threshold > CONGESTION_WINDOW_LEAST ? threshold : CONGESTION_WINDOW_LEAST;
}

static uint32_t cubic_undo(struct congestion *cc, uint32_t prior_cwnd) { return cc->cwnd > prior_cwnd ? cc->cwnd : prior_cwnd; }

static void cubic_event(struct congestion *cc, enum congestion_event event, struct instant now)
{
    struct cubic *s = cubic_of(cc);
    if (event == CONGESTION_TIMEOUT) {
        struct hystart plus = s->hystart.plus;
        *s = (struct cubic){0};
        if (cc->slow_start_exit == CONGESTION_EXIT_PLUS)
            s->hystart.plus = plus;
    } else if (event == CONGESTION_START && s->epoch.ns && s->last_ack.ns) {
        s->epoch = instant_add(s->epoch, instant_since(now, s->last_ack));
        if (instant_before(now, s->epoch))
            s->epoch = now;
    }
}

const struct congestion_ops CONGESTION_CUBIC = {
    .name = "cubic",
    .summary = "a cubic of the time since the last loss (RFC 9438), with HyStart++ (RFC 9406)",
    .ssthresh = cubic_ssthresh,
    .avoid = cubic_avoid,
    .acked = cubic_acked,
    .undo = cubic_undo,
    .event = cubic_event,
};
