/* HyStart as Ha and Rhee published it in 2008 and Linux's CUBIC still has it: the forerunner of HyStart++ (hystart.c).
 *
 * Two signs, each of which ends slow start at once, from a window of 16 segments on:
 *
 *   delay  more than eight round-trip samples of one round were all longer than the least ever by an eighth (4 to 16 ms): a queue has formed
 *   train  the ACKs of a round come closer than 2 ms to each other, and the last of them came later in the round than half the least round
 *          trip (the whole where segments are paced; and an allowance for segments that travel in bunches): what is out already fills the path
 *
 * Rounds too are counted from that window on, as in Linux 5.16 to 6.13, where the sooner ones do not even begin one; later kernels count all.
 *
 * RFC 9406 prefers a gentler end, since either sign may be jitter; this one is for who wants to see what Linux does (sysctl
 * net.ipv4.tcp_cubic_hystart; tcp_cubic_hystart_detect says which sign counts, as the module's parameter in Linux). A timeout begins it
 * anew. No timers. */
#include "transport/tcp/congestion/hystart.h"

enum { SAMPLES = 8, LOW_WINDOW = 16, BUNCH_BYTES = 4 * 65536 };
#define TRAIN_GAP_NS     (2 * NS_PER_MS)
#define BUNCH_MAX_NS     NS_PER_MS
#define THRESHOLD_MIN_NS (4 * NS_PER_MS)
#define THRESHOLD_MAX_NS (16 * NS_PER_MS)

static void round_begin(struct hystart_classic *h, const struct congestion_ack *ack)
{
    h->begun = true;
    h->round_end = ack->nxt;
    h->round_start = h->train_end = ack->now;
    h->current_ns = 0;
    h->samples = 0;
}

/* How long four of the largest bunches take at the rate of slow start, twice the window a round trip; at most a millisecond. */
static int64_t bunch_ns(const struct congestion *cc, const struct congestion_ack *ack)
{
    uint64_t window = 2ull * cc->cwnd * ack->mss_bytes;
    if (!window || ack->smoothed_rtt_ns <= 0)
        return 0;
    uint64_t ns = (uint64_t)BUNCH_BYTES * (uint64_t)ack->smoothed_rtt_ns / window;
    return ns < (uint64_t)BUNCH_MAX_NS ? (int64_t)ns : BUNCH_MAX_NS;
}

static bool train_fills_path(struct hystart_classic *h, const struct congestion *cc, int64_t delay_min_ns,
                             const struct congestion_ack *ack)
{
    if (instant_since(ack->now, h->train_end) > TRAIN_GAP_NS)
        return false;
    h->train_end = ack->now;
    int64_t enough = delay_min_ns + bunch_ns(cc, ack);
    if (!cc->paced) /* a pace spreads a window over half a round trip by itself */
        enough /= 2;
    return instant_since(ack->now, h->round_start) > enough;
}

static bool delay_grew(struct hystart_classic *h, int64_t delay_min_ns, int64_t rtt_ns)
{
    if (h->current_ns == 0 || rtt_ns < h->current_ns)
        h->current_ns = rtt_ns;
    if (h->samples < SAMPLES) {
        h->samples++;
        return false;
    }
    int64_t more = delay_min_ns / 8;
    more = more < THRESHOLD_MIN_NS ? THRESHOLD_MIN_NS : more > THRESHOLD_MAX_NS ? THRESHOLD_MAX_NS : more;
    return h->current_ns > delay_min_ns + more;
}

bool hystart_classic_acknowledged(struct hystart_classic *h, const struct congestion *cc, int64_t delay_min_ns,
                                  const struct congestion_ack *ack)
{
    if (h->found || cc->cwnd < LOW_WINDOW)
        return false;
    if (!h->begun || sequence_after(ack->una, h->round_end))
        round_begin(h, ack);
    bool train = train_fills_path(h, cc, delay_min_ns, ack);
    bool delay = delay_grew(h, delay_min_ns, ack->rtt_ns);
    uint8_t signs = cc->classic_signs ? cc->classic_signs : CONGESTION_SIGN_TRAIN | CONGESTION_SIGN_DELAY;
    h->found = (train && signs & CONGESTION_SIGN_TRAIN) || (delay && signs & CONGESTION_SIGN_DELAY);
    return h->found;
}
