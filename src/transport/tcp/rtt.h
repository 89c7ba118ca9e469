#ifndef IMP_TRANSPORT_TCP_RTT_H
#define IMP_TRANSPORT_TCP_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "transport/tcp/sequence.h"

/* The round-trip time and the retransmission timeout (RFC 6298), estimated as Linux does. All zero bytes: nothing measured yet. */
#define TCP_RTO_MIN_NS     (200 * NS_PER_MS)
#define TCP_RTO_MAX_NS     (120 * NS_PER_S)
#define TCP_RTO_INITIAL_NS (1 * NS_PER_S) /* RFC 6298 2.1 */
#define TCP_RTO_UNKNOWN_NS (3 * NS_PER_S) /* RFC 6298 5.7 */
enum { RTT_ECHO_MAX_MS = 120000 };        /* an older echo of a timestamp is none */

struct rtt {
    int64_t smoothed_ns;       /* SRTT; 0 until the first sample */
    int64_t deviation_ns;      /* mean deviation, smoothed over samples */
    int64_t deviation_max_ns;  /* the largest of this round trip */
    int64_t variation_ns;      /* RTTVAR, at least rtt_least_ns(): the term that RTO adds */
    struct sequence round_end; /* when this is acknowledged, a round trip has passed */
    uint32_t most_ms;          /* the RTO's upper end; 0: TCP_RTO_MAX_NS */
    uint32_t least_us;         /* what it adds to SRTT at least; 0: TCP_RTO_MIN_NS */
    uint32_t minimum_kept_s;   /* how long the least sample counts */
    int64_t minimum_ns;        /* the least sample of the last minutes (RFC 8985, BBR, Vegas); 0 = none */
    struct instant minimum_time;
};

/* One sample. `una` and `nxt` are SND.UNA and SND.NXT, which tell when a round trip has passed. */
void rtt_sample(struct rtt *rtt, int64_t sample_ns, struct sequence una, struct sequence nxt, struct instant now);
int64_t rtt_least_ns(const struct rtt *rtt);
void rtt_unknown(struct rtt *rtt);                                  /* the handshake gave no sample */
int64_t rtt_timeout_ns(const struct rtt *rtt);                      /* RTO without backoff */
int64_t rtt_backed_off_ns(const struct rtt *rtt, unsigned backoff); /* doubled `backoff` times */

#endif
