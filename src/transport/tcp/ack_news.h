#ifndef IMP_TRANSPORT_TCP_ACK_NEWS_H
#define IMP_TRANSPORT_TCP_ACK_NEWS_H

#include "base/time.h"
#include "transport/tcp/segment.h"

/* What one acknowledgement told the sender; filled in by acknowledgement.c, read by recovery.c. */
struct ack_news {
    struct instant now;
    struct sequence prior_una;
    struct sequence prior_highest; /* the end of what had been SACKed, or prior_una */
    uint32_t prior_in_flight, prior_lost;
    uint32_t acked_segments; /* popped from the retransmission queue */
    uint32_t acked_bytes;
    uint32_t newly_sacked;
    uint32_t delivered;       /* acked or sacked for the first time */
    bool advanced;            /* SND.UNA moved */
    bool data_acked;          /* at least one record was popped */
    bool retransmitted_acked; /* and one of them had been retransmitted */
    bool duplicate;           /* a duplicate ACK in RFC 5681's sense */
    bool window_update;
    bool echo;       /* congestion was marked: ECE, or accurate ECN's count */
    uint32_t marked; /* so many segments */
    uint32_t delivered_bytes;
    bool dsack;
    bool new_data_first; /* F-RTO asks for new data before anything is sent again */
    bool original_acked; /* something sent once, before the recovery began, arrived (RFC 5682) */
    bool dsack_of_probe;
    uint64_t prior_delivered; /* c->delivered when the newest segment told of had been sent */
    bool sampled, app_limited;
    struct instant prior_time;
    uint32_t sample_in_flight, sample_lost; /* what was out when it left; lost since */
    int64_t send_interval_ns;
    int64_t rtt_ns, congestion_rtt_ns; /* or -1 */
    const struct tcp_segment *segment;
};

#endif
