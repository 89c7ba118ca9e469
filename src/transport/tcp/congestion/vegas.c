/* Vegas (Brakmo and Peterson, 1995): keeping a few segments in the queue, and no more.
 *
 * The least round trip ever seen is the path without a queue. What the window would deliver in that time, less what it does deliver, is
 * waiting in a queue: cwnd (RTT - base) / base segments. Once a round trip Vegas compares that with its marks: below alpha (2) it grows by
 * one, above beta (4) it shrinks by one, between it is content. Slow start ends when more than gamma (1) wait.
 *
 * It loses nothing on its own, and everything against Reno, which fills the queue that Vegas leaves; that is what it is here to show. With
 * fewer than three samples in a round trip it does as Reno. Figures as in Linux. No timers. */
#include "transport/tcp/congestion/congestion.h"

enum { ALPHA = 2, BETA = 4, GAMMA = 1, SAMPLES_LEAST = 3 };

struct vegas {
    int64_t base_ns, least_ns; /* ever; in this round trip */
    struct sequence round_end;
    uint32_t samples;
    bool begun;
};

static struct vegas *vegas_of(struct congestion *cc) { return congestion_state(cc, sizeof(struct vegas)); }

static void vegas_acked(struct congestion *cc, const struct congestion_ack *ack)
{
    struct vegas *s = vegas_of(cc);
    if (ack->rtt_ns <= 0)
        return;
    if (s->base_ns == 0 || ack->rtt_ns < s->base_ns)
        s->base_ns = ack->rtt_ns;
    if (s->samples == 0 || ack->rtt_ns < s->least_ns)
        s->least_ns = ack->rtt_ns;
    s->samples++;
}

static void adjust(struct congestion *cc, const struct vegas *s)
{
    uint64_t waiting = (uint64_t)cc->cwnd * (uint64_t)(s->least_ns - s->base_ns) / (uint64_t)s->base_ns;
    if (congestion_in_slow_start(cc)) {
        if (waiting > GAMMA) {
            uint32_t target = (uint32_t)((uint64_t)cc->cwnd * (uint64_t)s->base_ns / (uint64_t)s->least_ns);
            cc->cwnd = target + 1 < cc->cwnd ? target + 1 : cc->cwnd;
            cc->ssthresh = cc->cwnd > 3 ? cc->cwnd - 1 : CONGESTION_WINDOW_LEAST;
        }
    } else if (waiting > BETA) {
        cc->cwnd--;
        cc->ssthresh = cc->cwnd > 3 ? cc->cwnd - 1 : CONGESTION_WINDOW_LEAST;
    } else if (waiting < ALPHA) {
        cc->cwnd++;
    }
    if (cc->cwnd < CONGESTION_WINDOW_LEAST)
        cc->cwnd = CONGESTION_WINDOW_LEAST;
}

static void vegas_avoid(struct congestion *cc, const struct congestion_ack *ack)
{
    struct vegas *s = vegas_of(cc);
    if (!s->begun) {
        s->begun = true;
        s->round_end = ack->nxt;
    }
    bool round_over = sequence_after(ack->una, s->round_end);
    bool enough = s->samples >= SAMPLES_LEAST;
    if (round_over && enough)
        adjust(cc, s);
    if (congestion_in_slow_start(cc) && ack->window_limited)
        (void)congestion_slow_start(cc, ack->acked);
    else if (round_over && !enough)
        CONGESTION_RENO.avoid(cc, ack);
    if (round_over) {
        s->round_end = ack->nxt;
        s->samples = 0;
    }
}

static uint32_t vegas_ssthresh(struct congestion *cc, struct instant now) { return CONGESTION_RENO.ssthresh(cc, now); }
static uint32_t vegas_undo(struct congestion *cc, uint32_t prior_cwnd) { return cc->cwnd > prior_cwnd ? cc->cwnd : prior_cwnd; }

static void vegas_event(struct congestion *cc, enum congestion_event event, struct instant now)
{
    (void)now;
    if (event == CONGESTION_RECOVERY || event == CONGESTION_TIMEOUT || event == CONGESTION_RESTART) {
        vegas_of(cc)->begun = false; /* what was measured was of another window */
        vegas_of(cc)->samples = 0;
    }
}

const struct congestion_ops CONGESTION_VEGAS = {
    .name = "vegas",
    .summary = "keeps two to four segments in the queue, by the round trip (Brakmo and Peterson)",
    .ssthresh = vegas_ssthresh,
    .avoid = vegas_avoid,
    .acked = vegas_acked,
    .undo = vegas_undo,
    .event = vegas_event,
};
