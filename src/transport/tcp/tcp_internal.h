#ifndef IMP_TRANSPORT_TCP_TCP_INTERNAL_H
#define IMP_TRANSPORT_TCP_TCP_INTERNAL_H

#include "base/hash.h"
#include "base/list.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/node.h"
#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/reassembly.h"
#include "transport/tcp/receive_buffer.h"
#include "transport/tcp/resend_order.h"
#include "transport/tcp/retransmit_queue.h"
#include "transport/tcp/rtt.h"
#include "transport/tcp/segment.h"
#include "transport/tcp/send_buffer.h"
#include "transport/tcp/sysctl.h"
#include "transport/tcp/tcp.h"

/* What the rooms of TCP share: the structures. What each room offers the others is in rooms.h. Nothing outside this folder includes either. */
enum socket_kind { SOCKET_LISTENER, SOCKET_CONNECTION, SOCKET_TIME_WAIT };

struct tcp_socket {           /* what listeners, connections and those that wait out their time have in common */
    struct list link;         /* in its tcp's list of its kind, in order of creation */
    struct tcp_socket *chain; /* the next of the same hash */
    struct tcp *tcp;
    struct endpoint local, remote; /* a listener's remote is all zero */
    uint32_t hash;
    uint8_t kind, state;
    bool hashed;
    void (*changed)(struct tcp_socket *socket, void *owner); /* NULL: the owner has let go, or has none yet */
    void *owner;
};

struct tcp {
    struct stack *stack;
    struct node *node;
    struct tcp_socket **table; /* by keyed hash of both endpoints; doubles as it fills */
    uint32_t table_size, table_count;
    struct tcp_socket *latest; /* the socket of the last segment: a bulk transfer is found without hashing */
    struct hash_key key, isn_key, port_key;
    uint16_t port_counter;
    struct list listeners, connections, time_waits; /* time_waits: the first to expire first */
    uint32_t connection_count, time_wait_count;
    struct timer time_wait_timer;
    struct tcp_connection *graves; /* closed and let go of; freed when the present call is over */
    struct instant challenge_second;
    uint32_t challenge_count;
    const struct congestion_ops *congestion; /* of new connections */
    struct tcp_sysctls sysctls;
    struct instant cookies_until; /* SYN cookies may come back until then */
};

struct tcp_listener {
    struct tcp_socket socket;
    struct tcp_settings settings;
    struct list half_open, ready; /* tcp_connection.waiting */
    uint32_t half_open_count, ready_count, backlog;
};

struct tcp_time_wait { /* all that is left of a connection for its last minute */
    struct tcp_socket socket;
    struct instant expires;
    struct sequence send_next, receive_next;
    uint32_t window; /* as on the wire */
    uint32_t timestamp_recent, timestamp_offset;
    bool timestamps;
};

enum tcp_timer {
    TIMER_RETRANSMIT, /* RFC 6298; on SYN and SYN+ACK too */
    TIMER_REORDER,    /* RFC 8985 6.3: how long a gap may be reordering */
    TIMER_PROBE,      /* RFC 8985 7: tail loss probe */
    TIMER_PERSIST,    /* RFC 9293 3.8.6.1: zero-window probes, and the sender's silly window override */
    TIMER_ACK,        /* delayed acknowledgement */
    TIMER_PACE,       /* when the next segment may leave */
    TIMER_KEEP_ALIVE, /* RFC 9293 3.8.4 */
    TIMER_LIFE,       /* FIN-WAIT-2 without an owner, TIME-WAIT with one */
    TIMER_COUNT,
};
enum recovery_state {                    /* the sender's view of loss; names as in Linux and in ss */
                      RECOVERY_OPEN,     /* nothing amiss */
                      RECOVERY_DISORDER, /* duplicate ACKs or SACKs, not yet taken for loss */
                      RECOVERY_REDUCING, /* the window shrinks for another reason than loss: ECN */
                      RECOVERY_RECOVERY, /* fast recovery */
                      RECOVERY_LOSS,     /* after a retransmission timeout */
};
enum connection_flag {
    CONNECTION_TIMESTAMPS = 1,
    CONNECTION_SACK = 2,
    CONNECTION_WINDOW_SCALE = 4, /* agreed on */
    CONNECTION_NO_DELAY = 8,
    CONNECTION_KEEP_ALIVE = 16,
    CONNECTION_FIN_QUEUED = 32, /* the application has finished: a FIN goes behind the last byte */
    CONNECTION_FIN_SENT = 64,
    CONNECTION_FIN_RECEIVED = 128, /* and everything before it */
    CONNECTION_FIN_AHEAD = 256,    /* a FIN came out of order: rcv.fin */
    CONNECTION_DETACHED = 512,     /* the owner has let go */
    CONNECTION_DEAD = 1024,        /* on tcp->graves */
    CONNECTION_RECEIVE_FIXED = 2048,
    CONNECTION_SEND_FIXED = 4096,     /* buffer sizes asked for: no auto-tuning */
    CONNECTION_FRESH = 8192,          /* made by a listener and not accepted yet */
    CONNECTION_CWND_LIMITED = 16384,  /* the last round trip's window was used to the full */
    CONNECTION_PATH_SHRANK = 65536,   /* what is out is to be cut anew: TIMER_RETRANSMIT does it */
    CONNECTION_MAY_FRAGMENT = 131072, /* the path takes less than any segment of ours: IPv4 may cut them */
    CONNECTION_COOKIE = 2097152,      /* opened by a SYN cookie: when the SYN+ACK left is not known */
    CONNECTION_ECN = 262144,          /* agreed on */
    CONNECTION_ECN_ECHO = 524288,     /* our ACKs carry ECE */
    CONNECTION_ECN_REDUCED = 1048576, /* the next new segment carries CWR */
    CONNECTION_READY = 32768,         /* in its listener's ready queue, or was */
};
enum ack_flag { ACK_WANTED = 1, ACK_NOW = 2, ACK_PUSHED = 4 };

struct tcp_connection {
    struct tcp_socket socket;
    struct tcp_listener *listener; /* until accepted */
    struct list waiting;           /* in the listener's half_open or ready */
    struct timer timer;            /* one for all: fires at the earliest of `due`, or earlier (then it is set again) */
    struct instant due[TIMER_COUNT];
    uint32_t flags;
    int error;           /* what ended it; 0 or a negative imp_error */
    int soft_error;      /* the last ICMP complaint, told when the connection times out (RFC 1122 4.2.3.9) */
    uint32_t pseudo_sum; /* of the addresses and the protocol: all but the length */
    uint16_t interface;
    uint16_t mtu;       /* of the path, at most 65535 */
    uint16_t mss;       /* payload of a full segment, timestamps deducted (Eff.snd.MSS but for SACK blocks) */
    uint16_t mss_peer;  /* what the peer's option allows */
    uint16_t mss_asked; /* the socket's own clamp; 0 = none */
    uint8_t ttl, syn_retries, retries, backoff, probes, keep_alive_probes;
    struct {
        struct sequence iss, una, nxt, wl1, wl2;
        struct sequence partial_end; /* where the last segment that was not full ends (Minshall's variant of Nagle) */
        uint32_t wnd, wnd_max;
        uint32_t limit; /* of the buffer, bytes */
        uint8_t scale;
    } snd;
    struct {
        struct sequence irs, nxt, wup; /* wup: RCV.NXT as last sent */
        struct sequence fin;
        uint32_t wnd;   /* as last sent, counted from wup */
        uint32_t limit; /* of the buffer, bytes */
        uint8_t scale;
        uint16_t mss;               /* estimate of the peer's segment size */
        struct sequence tune_start; /* auto-tuning: what was read since */
        struct instant tune_time;
        uint32_t tune_space;
        int64_t rtt_ns;
    } rcv;
    struct send_buffer send; /* from snd.una on (from snd.una + 1 while the SYN is not acknowledged) */
    struct receive_buffer receive;
    struct reassembly reassembly;
    struct retransmit_queue sent;
    struct rtt rtt;
    struct congestion congestion;
    struct {
        uint8_t state; /* enum recovery_state */
        bool undo_possible;
        bool reordering_seen;
        struct sequence high;        /* recovery ends when this is acknowledged */
        struct sequence undo_marker; /* SND.UNA when it began */
        uint32_t undo_retransmits;   /* retransmissions not yet shown to be unneeded; with undo_possible */
        uint32_t retransmit_stamp;   /* timestamp of the first retransmission (Eifel, RFC 3522) */
        uint32_t prior_cwnd, prior_ssthresh;
        uint32_t prr_delivered, prr_out;
        uint32_t reordering;             /* duplicate ACKs that mean loss */
        bool frto;                       /* RFC 5682: finding out whether a timeout was real */
        struct sequence retransmit_hint; /* nothing before this waits to be sent again */
        struct instant first_retransmit; /* when the present silence began */
        struct sequence highest_sacked;  /* end of it; with sent.sacked > 0 */
        struct sack_block cache
            [TCP_SACK_BLOCKS_MAX]; /* the last SACK option, in order of the stream: what is known need not be looked at again */
    } recovery;
    struct {                    /* RFC 8985 */
        struct instant time;    /* when the latest segment that is known to have arrived was sent, */
        struct sequence end;    /* where it ends, */
        int64_t rtt_ns;         /* and how long it took */
        uint64_t adjusted;      /* c->delivered when the reordering window last grew */
        uint8_t steps, persist; /* the window is steps quarters of the least RTT, for `persist` recoveries more */
        bool advanced, dsack_seen;
        bool probe_out, probe_retransmitted; /* a tail loss probe is out, up to probe_end; it was an old segment */
        struct sequence probe_end;
        struct sequence settled;    /* nothing before this waits for RACK's judgement, unless it was sent again */
        struct resend_order again;  /* what was */
    } rack;
    struct {
        uint32_t recent, offset;
        struct instant recent_time;
    } ts;
    struct {
        uint8_t pending;    /* enum ack_flag */
        uint8_t quick;      /* ACKs to be sent at once */
        uint8_t pingpong;   /* data went both ways: ACKs ride on data */
        int64_t timeout_ns; /* the delayed ACK's; 0 until data came */
        struct instant last_receive, last_oow;
        struct sack_block duplicate; /* to be reported (RFC 2883); empty: start == end */
    } ack;
    struct instant last_send;  /* of data */
    struct instant last_heard; /* anything acceptable */
    struct sequence usage_end; /* cwnd validation: a round trip of sending */
    uint32_t usage_out;        /* the most segments out in it */
    struct {
        uint64_t bytes_sent, bytes_acked, bytes_received, segments_sent, segments_received;
        uint32_t retransmits, timeouts;
    } count;
    uint64_t delivered; /* segments, over the connection's life */
    struct {            /* rate.c */
        struct instant delivered_time, first_sent;
        uint64_t bytes_per_s; /* the last good sample; 0 = none */
        uint64_t app_limited; /* until this much is delivered, samples say what the application did; 0 = not */
    } rate;
    struct instant pace_next; /* when the next segment may leave, for controls that pace */
};

/* What one acknowledgement told the sender; filled in by acknowledgement.c, read by recovery.c. */
struct ack_news {
    struct instant now;
    struct sequence prior_una;
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
    bool echo; /* ECE */
    bool dsack;
    bool new_data_first; /* F-RTO asks for new data before anything is sent again */
    bool original_acked; /* something sent once, before the recovery began, arrived (RFC 5682) */
    bool dsack_of_probe;
    uint64_t prior_delivered; /* c->delivered when the newest segment told of had been sent */
    bool sampled, app_limited;
    struct instant prior_time;
    int64_t send_interval_ns;
    int64_t rtt_ns, congestion_rtt_ns; /* or -1 */
    const struct tcp_segment *segment;
};

static inline struct tcp_connection *connection_of(struct tcp_socket *socket)
{
    return container_of(socket, struct tcp_connection, socket);
}
static inline struct tcp_listener *listener_of(struct tcp_socket *socket)
{
    return container_of(socket, struct tcp_listener, socket);
}
static inline struct tcp_time_wait *time_wait_of(struct tcp_socket *socket)
{
    return container_of(socket, struct tcp_time_wait, socket);
}

#endif
