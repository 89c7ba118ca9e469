#ifndef IMP_TRANSPORT_TCP_CONNECTION_H
#define IMP_TRANSPORT_TCP_CONNECTION_H

#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/connection_flags.h"
#include "transport/tcp/opening.h"
#include "transport/tcp/reassembly.h"
#include "transport/tcp/receive_buffer.h"
#include "transport/tcp/repair.h"
#include "transport/tcp/retransmit_queue.h"
#include "transport/tcp/rtt.h"
#include "transport/tcp/seldom.h"
#include "transport/tcp/send_buffer.h"
#include "transport/tcp/sending.h"
#include "transport/tcp/tcp_internal.h"

/* A connection: RFC 9293's transmission control block. An idle established one is this and little else: the buffers and queues in it hold no memory when
 * empty, and what is not always needed is apart, each part with a header of its own and taken when it is first written to, by
 * X_of(). So NULL means that there is nothing of it. tests/transport/test_tcp_idle.c keeps the size. `snd` and `rcv` carry the RFC's names (section 3.3.1). */
struct tcp_connection {
    struct tcp_socket socket;
    struct timer timer;            /* one for all: fires at the earliest of `due`, or earlier (then it is set again) */
    struct instant *due;           /* TIMER_COUNT deadlines; NULL: there is none. timer_when() */
    struct opening *opening;       /* until it is established, and accepted */
    struct sending *sending;       /* from the first byte written, or the FIN, on */
    struct repair *repair;         /* from a loss until it is quiet again */
    struct accurate_ecn *accurate; /* where accurate ECN is asked for, or spoken */
    const struct seldom *seldom;   /* what few connections have; never NULL */
    uint32_t flags;
    uint32_t pseudo_sum; /* of the addresses and the protocol: all but the length */
    int16_t error;       /* what ended it; 0 or a negative imp_error */
    uint16_t mtu;        /* of the path, at most 65535 */
    uint16_t mtu_told;   /* what our MSS option speaks of: the first link, unless an answer to our SYN said less */
    uint16_t mss;        /* payload of a full segment, timestamps deducted (Eff.snd.MSS but for SACK blocks) */
    uint16_t mss_peer;   /* what the peer's option allows */
    uint8_t ttl, retries, backoff, probes, keep_alive_probes;
    struct {
        struct sequence iss, una, nxt, wl1; /* WL2 decides nothing: acknowledgement.c */
        struct sequence partial_end;        /* where the last segment that was not full ends (Minshall's variant of Nagle) */
        uint32_t wnd, wnd_max;
        uint32_t limit; /* of the buffer, bytes */
        uint8_t scale;
    } snd;
    struct {
        uint8_t state; /* enum recovery_state */
        bool undo_possible;
        bool reordering_seen;
        bool frto;            /* RFC 5682: finding out whether a timeout was real */
        struct sequence high; /* recovery ends when this is acknowledged */
        uint32_t reordering;  /* duplicate ACKs that mean loss */
    } recovery;
    struct {
        struct sequence irs, nxt, wup; /* wup: RCV.NXT as last sent */
        uint32_t wnd;                  /* as last sent, counted from wup */
        uint32_t limit;                /* of the buffer, bytes; receive_memory.c says of what */
        uint32_t most;                 /* where memory is counted: no larger window is offered yet */
        uint8_t scale, ratio;          /* of the window; of `limit` what is payload, in 256ths (0: it does not count memory) */
        uint16_t mss;                  /* estimate of the peer's segment size */
        struct sequence tune_start;    /* auto-tuning: what was read since */
        struct instant tune_time;
        uint32_t tune_space;
        uint32_t memory; /* that what waits to be read takes, where it is counted */
        int64_t rtt_ns;
    } rcv;
    struct send_buffer send; /* from snd.una on (from snd.una + 1 while the SYN is not acknowledged) */
    struct receive_buffer receive;
    struct reassembly *reassembly; /* NULL while nothing is missing */
    struct retransmit_queue sent;
    struct rtt rtt;
    struct congestion congestion;
    struct {                    /* RFC 8985 */
        struct instant time;    /* when the latest segment that is known to have arrived was sent, */
        int64_t rtt_ns;         /* how long it took, */
        struct sequence end;    /* and where it ends */
        uint8_t steps, persist; /* the window is steps quarters of the least RTT, for `persist` recoveries more */
        bool advanced, dsack_seen;
        uint64_t adjusted;                   /* c->delivered when the window last grew */
        bool probe_out, probe_retransmitted; /* a tail loss probe is out, up to probe_end; it was an old segment */
        struct sequence probe_end;
    } rack;
    struct {
        uint32_t recent, offset;
        struct instant recent_time;
    } ts;
    struct {
        uint8_t pending;      /* enum ack_flag */
        uint8_t quick;        /* ACKs to be sent at once */
        uint8_t answers;      /* data that went soon after data came, since that last was not so */
        bool pingpong : 1;    /* data went both ways: ACKs ride on data */
        bool by_syn : 1;      /* rcv.wnd was told by a SYN, which cannot say more than 65535 */
        struct sequence edge; /* the furthest right edge of the window ever told: receive_edge() */
        int64_t timeout_ns;   /* the delayed ACK's; 0 until data came */
        struct instant last_receive;
        struct sack_block duplicate; /* to be reported (RFC 2883); empty: start == end */
    } ack;
    struct instant last_send;  /* of data */
    struct instant last_heard; /* anything acceptable */
    struct {
        uint64_t bytes_sent, bytes_acked, bytes_received, bytes_retransmitted;
        uint32_t segments_sent, segments_received, data_segments_sent, data_segments_received, duplicates_reported, reorderings;
        uint32_t retransmits, timeouts;
    } count;
    uint64_t delivered;    /* segments, over the connection's life */
    uint32_t delivered_ce; /* of them (with accurate ECN, of all packets) the peer told that they were marked */
    uint32_t lost;         /* how often one was taken for lost */
};

static inline struct tcp_connection *connection_of(struct tcp_socket *socket)
{
    return container_of(socket, struct tcp_connection, socket);
}

#endif
