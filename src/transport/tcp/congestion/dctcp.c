/* DCTCP (RFC 8257): shrinking in proportion to how much was marked, for networks whose queues mark early.
 *
 * alpha estimates the share of segments that met a queue: once a window of data, alpha = (1 - 1/16) alpha + 1/16 (share marked in it). On
 * congestion the window falls by alpha / 2 of itself: a little for a little queue, by half when everything was marked. Growth is Reno's,
 * and so is the answer to a loss.
 *
 * The RFC's numbers are real, and the window is one of bytes. So alpha is kept in 2^-20, and what is left of a segment when the window has
 * shrunk counts towards the next segment of growth: with alpha at a few hundredths a decrease is of four and a half segments, and without its
 * half the queue would be marked a fifth more often. (Linux has 1/1024, which below 1/32 forgets at half the speed, and drops the fraction.) Alpha begins at one,
 * so that the first mark is taken seriously; it is shown in 1/1024. The receiver's half is ecn.c's. No timers. */
#include "transport/tcp/congestion/congestion.h"

enum { ALPHA_ONE = 1 << 20, ALPHA_SHOWN = 1024, GAIN_SHIFT = 4 };

struct dctcp {
    uint32_t alpha;
    uint32_t acked, marked; /* segments of the present window */
    struct sequence window_end;
    bool begun;
};

static struct dctcp *dctcp_of(struct congestion *cc) { return congestion_state(cc, sizeof(struct dctcp)); }

static void dctcp_start(struct congestion *cc, struct instant now)
{
    (void)now;
    dctcp_of(cc)->alpha = ALPHA_ONE;
}

static void dctcp_acked(struct congestion *cc, const struct congestion_ack *ack)
{
    struct dctcp *s = dctcp_of(cc);
    if (!s->begun) {
        s->begun = true;
        s->window_end = ack->nxt;
    }
    s->acked += ack->acked;
    s->marked += ack->marked;
    if (sequence_before(ack->una, s->window_end))
        return;
    uint32_t share = s->acked ? (uint32_t)((uint64_t)s->marked * ALPHA_ONE / s->acked) : 0;
    uint32_t decay = s->alpha >> GAIN_SHIFT;
    s->alpha -= decay ? decay : s->alpha; /* it ends at zero */
    s->alpha += share >> GAIN_SHIFT;
    if (s->alpha > ALPHA_ONE)
        s->alpha = ALPHA_ONE;
    s->acked = s->marked = 0;
    s->window_end = ack->nxt;
}

static uint32_t dctcp_ssthresh(struct congestion *cc, struct instant now)
{
    (void)now;
    uint64_t threshold = (uint64_t)cc->cwnd * (2 * ALPHA_ONE - dctcp_of(cc)->alpha); /* in 1 / (2 * ALPHA_ONE) */
    uint32_t whole = (uint32_t)(threshold / (2 * ALPHA_ONE));
    if (whole < CONGESTION_WINDOW_LEAST)
        return CONGESTION_WINDOW_LEAST;
    cc->count = (uint32_t)(threshold % (2 * ALPHA_ONE) * whole / (2 * ALPHA_ONE));
    return whole;
}

static void dctcp_event(struct congestion *cc, enum congestion_event event, struct instant now)
{
    if (event == CONGESTION_RECOVERY || event == CONGESTION_TIMEOUT) /* a loss is answered as by Reno (RFC 8257 section 3.5) */
        cc->ssthresh = CONGESTION_RENO.ssthresh(cc, now);
}

static void dctcp_avoid(struct congestion *cc, const struct congestion_ack *ack) { CONGESTION_RENO.avoid(cc, ack); }
static uint32_t dctcp_undo(struct congestion *cc, uint32_t prior_cwnd) { return cc->cwnd > prior_cwnd ? cc->cwnd : prior_cwnd; }

static void dctcp_describe(const struct congestion *cc, char *out, size_t size_bytes)
{
    const struct dctcp *s = cc->state;
    congestion_describe(out, size_bytes, "dctcp:(alpha:%u)", s->alpha / (ALPHA_ONE / ALPHA_SHOWN));
}

const struct congestion_ops CONGESTION_DCTCP = {
    .name = "dctcp",
    .summary = "shrinks by the share of marked segments (RFC 8257)",
    .ecn = true,
    .start = dctcp_start,
    .ssthresh = dctcp_ssthresh,
    .avoid = dctcp_avoid,
    .acked = dctcp_acked,
    .undo = dctcp_undo,
    .event = dctcp_event,
    .describe = dctcp_describe,
};
