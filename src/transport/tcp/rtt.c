/* How long a round trip takes, and how long to wait for an acknowledgement (RFC 6298).
 *
 *   first sample R:  SRTT = R, RTTVAR = R / 2
 *   later:           RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R|,  SRTT = 7/8 SRTT + 1/8 R
 *   RTO = SRTT + max(G, 4 RTTVAR), at least a minimum, at most 120 s; without a sample 1 s, and 3 s once data flows
 *
 * RFC 6298 was written for a minimum of one second, and for one sample a round trip. Linux, whose behaviour is the reference here,
 * takes a sample with every acknowledgement and allows 200 ms (tcp_rto_min_us), and refines the estimator so that this is safe:
 *   - the deviation is tracked per sample, its maximum per round trip is what RTTVAR follows: up at once, down by a quarter a round
 *     trip, so that many equal samples within one window do not talk the timeout down;
 *   - a sample below SRTT moves the deviation by an eighth of its weight, since a faster path is no reason to wait longer;
 *   - the minimum applies to the 4 RTTVAR term, not to the sum: RTO is never below SRTT + 200 ms.
 * (The variables here hold "4 RTTVAR" as one number, as in Linux's rttvar_us.)
 *
 * The least sample is kept for five minutes (tcp_min_rtt_wlen) for those who ask for the path's base delay. Nothing here has a timer. */
#include "transport/tcp/rtt.h"

static void minimum_update(struct rtt *rtt, int64_t sample_ns, struct instant now)
{
    if (rtt->minimum_ns == 0 || sample_ns <= rtt->minimum_ns ||
        instant_since(now, rtt->minimum_time) > rtt->minimum_kept_s * NS_PER_S) {
        rtt->minimum_ns = sample_ns;
        rtt->minimum_time = now;
    }
}

int64_t rtt_least_ns(const struct rtt *rtt) { return rtt->least_us ? rtt->least_us * NS_PER_US : TCP_RTO_MIN_NS; }

void rtt_sample(struct rtt *rtt, int64_t sample_ns, struct sequence una, struct sequence nxt, struct instant now)
{
    if (sample_ns <= 0)
        sample_ns = 1;
    minimum_update(rtt, sample_ns, now);
    if (rtt->smoothed_ns == 0) {
        rtt->smoothed_ns = sample_ns;
        rtt->deviation_ns = sample_ns * 2;
        rtt->variation_ns = rtt->deviation_ns > rtt_least_ns(rtt) ? rtt->deviation_ns : rtt_least_ns(rtt);
        rtt->deviation_max_ns = rtt->variation_ns;
        rtt->round_end = nxt;
        return;
    }
    int64_t error = sample_ns - rtt->smoothed_ns;
    rtt->smoothed_ns += error / 8;
    if (error < 0) {
        error = -error - rtt->deviation_ns / 4;
        if (error > 0)
            error /= 8;
    } else {
        error -= rtt->deviation_ns / 4;
    }
    rtt->deviation_ns += error; /* deviation_ns is four times the mean deviation, so a quarter of the error is the whole */
    if (rtt->deviation_ns > rtt->deviation_max_ns) {
        rtt->deviation_max_ns = rtt->deviation_ns;
        if (rtt->deviation_max_ns > rtt->variation_ns)
            rtt->variation_ns = rtt->deviation_max_ns;
    }
    if (sequence_after(una, rtt->round_end)) {
        if (rtt->deviation_max_ns < rtt->variation_ns)
            rtt->variation_ns -= (rtt->variation_ns - rtt->deviation_max_ns) / 4;
        rtt->round_end = nxt;
        rtt->deviation_max_ns = rtt_least_ns(rtt);
    }
}

void rtt_unknown(struct rtt *rtt) { rtt->variation_ns = TCP_RTO_UNKNOWN_NS; }

static int64_t most_ns(const struct rtt *rtt) { return rtt->most_ms ? rtt->most_ms * NS_PER_MS : TCP_RTO_MAX_NS; }

int64_t rtt_timeout_ns(const struct rtt *rtt)
{
    int64_t rto = rtt->smoothed_ns + rtt->variation_ns, most = most_ns(rtt);
    if (!rto)
        rto = TCP_RTO_INITIAL_NS;
    return rto < most ? rto : most;
}

int64_t rtt_backed_off_ns(const struct rtt *rtt, unsigned backoff)
{
    int64_t rto = rtt_timeout_ns(rtt), most = most_ns(rtt);
    for (unsigned i = 0; i < backoff && rto < most; i++)
        rto *= 2;
    return rto < most ? rto : most;
}
