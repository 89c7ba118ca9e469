/* HyStart++ (RFC 9406): leaving slow start by the round-trip time.
 *
 * Slow start doubles the window each round trip until something is lost, and then about half a window is. But before the loss the queue
 * fills, and the round trips grow. So the least RTT of each round is compared with that of the round before: when it has grown by an
 * eighth (at least 4 ms, at most 16 ms), conservative slow start begins, with a quarter of the growth. If within five rounds the RTT falls
 * below where that began, it was only jitter, and slow start goes on; else congestion avoidance takes over.
 *
 * The figures are those of RFC 9406 section 4.3. Only slow start from the beginning is watched: after a loss the threshold is known. No timers. */
#include "transport/tcp/congestion/hystart.h"

enum { SAMPLES = 8, CONSERVATIVE_ROUNDS = 5, DIVISOR = 4 };
#define THRESHOLD_MIN_NS (4 * NS_PER_MS)
#define THRESHOLD_MAX_NS (16 * NS_PER_MS)

static void round_begin(struct hystart *h, struct sequence nxt)
{
    h->begun = true;
    h->round_end = nxt;
    h->last_ns = h->current_ns;
    h->current_ns = 0;
    h->samples = 0;
}

static int64_t threshold_ns(int64_t rtt)
{
    int64_t t = rtt / 8;
    return t < THRESHOLD_MIN_NS ? THRESHOLD_MIN_NS : t > THRESHOLD_MAX_NS ? THRESHOLD_MAX_NS : t;
}

bool hystart_acknowledged(struct hystart *h, const struct congestion_ack *ack)
{
    if (!h->begun)
        round_begin(h, ack->nxt);
    if (ack->rtt_ns > 0) {
        if (h->current_ns == 0 || ack->rtt_ns < h->current_ns)
            h->current_ns = ack->rtt_ns;
        if (h->samples < SAMPLES)
            h->samples++;
    }
    if (h->samples >= SAMPLES && h->current_ns && h->last_ns) {
        if (!h->conservative && h->current_ns >= h->last_ns + threshold_ns(h->last_ns)) {
            h->conservative = true;
            h->conservative_rounds = 0;
            h->baseline_ns = h->current_ns;
        } else if (h->conservative && h->current_ns < h->baseline_ns) {
            h->conservative = false;
        }
    }
    if (!sequence_after(ack->una, h->round_end))
        return false;
    round_begin(h, ack->nxt);
    return h->conservative && ++h->conservative_rounds >= CONSERVATIVE_ROUNDS;
}

uint32_t hystart_growth(struct hystart *h, uint32_t acked)
{
    if (!h->conservative)
        return acked;
    h->fraction += acked;
    uint32_t growth = h->fraction / DIVISOR;
    h->fraction %= DIVISOR;
    return growth;
}
