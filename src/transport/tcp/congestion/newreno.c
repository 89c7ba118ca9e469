/* Reno (RFC 5681; its recovery, NewReno, RFC 6582, is recovery.c's, which all controls share).
 *
 * Below the threshold the window grows by what was acknowledged: it doubles each round trip. Above it, by one segment a round
 * trip. On a loss it is halved. That is the sawtooth of the textbooks.
 *
 * The window does not grow when the sender did not fill it (RFC 7661's concern): an application that trickles proves nothing about the
 * path. There is no state of its own, no timer, nothing left out. */
#include "transport/tcp/congestion/congestion.h"

static uint32_t reno_ssthresh(struct congestion *cc, struct instant now)
{
    (void)now;
    uint32_t half = cc->cwnd / 2;
    return half > CONGESTION_WINDOW_LEAST ? half : CONGESTION_WINDOW_LEAST;
}

static void reno_avoid(struct congestion *cc, const struct congestion_ack *ack)
{
    if (!ack->window_limited)
        return;
    uint32_t acked = ack->acked;
    if (congestion_in_slow_start(cc))
        acked = congestion_slow_start(cc, acked);
    if (acked)
        congestion_additive(cc, cc->cwnd, acked);
}

static uint32_t reno_undo(struct congestion *cc, uint32_t prior_cwnd) { return cc->cwnd > prior_cwnd ? cc->cwnd : prior_cwnd; }

const struct congestion_ops CONGESTION_RENO = {
    .name = "reno",
    .summary = "additive increase, halve on loss (RFC 5681, RFC 6582)",
    .ssthresh = reno_ssthresh,
    .avoid = reno_avoid,
    .undo = reno_undo,
};

/* The same by its other name: what RFC 6582 adds to RFC 5681 is in recovery.c, for every control. */
const struct congestion_ops CONGESTION_NEWRENO = {
    .name = "newreno",
    .summary = "the same as reno, by RFC 6582's name",
    .ssthresh = reno_ssthresh,
    .avoid = reno_avoid,
    .undo = reno_undo,
};
