#ifndef IMP_TRANSPORT_TCP_TCP_H
#define IMP_TRANSPORT_TCP_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "internet/stack.h"

/* A node's TCP (RFC 9293), seen from above: the door for net/, tools and the lab. Nothing here waits; `changed` tells the owner that
 * the socket may have become readable, writable, connected, acceptable or failed, and the owner looks again. It is called from inside
 * TCP: the owner must only take note (wake a condition), and not call back into the socket. The rooms inside share tcp_internal.h. */
struct tcp;
struct tcp_socket;

enum tcp_state {
    TCP_CLOSED,
    TCP_LISTEN,
    TCP_SYN_SENT,
    TCP_SYN_RECEIVED,
    TCP_ESTABLISHED,
    TCP_FIN_WAIT_1,
    TCP_FIN_WAIT_2,
    TCP_CLOSE_WAIT,
    TCP_CLOSING,
    TCP_LAST_ACK,
    TCP_TIME_WAIT
};
const char *tcp_state_name(enum tcp_state state); /* as ss writes it: "ESTAB", "TIME-WAIT" ... */

struct tcp *tcp_create(struct stack *stack);
void tcp_destroy(struct tcp *tcp); /* every connection vanishes without a word, as in a power cut */
struct tcp *tcp_of(const struct stack *stack);

enum user_timeout_option { USER_TIMEOUT_OPTION_AS_NODE, USER_TIMEOUT_OPTION_OFF, USER_TIMEOUT_OPTION_ON };
/* What a socket may have different from its node's sysctls (options.h sets it); zero means as the node. */
struct tcp_personal {
    uint16_t keep_idle_s, keep_interval_s;
    uint8_t keep_count, syn_count;
    uint8_t traffic_class;    /* without its ECN bits */
    bool fast_open_no_cookie; /* data goes on a SYN, and is taken from one, without a cookie */
    uint32_t user_timeout_ms;
    uint8_t user_timeout_option; /* enum user_timeout_option */
    int32_t linger2_s;           /* negative: no FIN-WAIT-2 without an owner */
    uint32_t not_sent_low;       /* bytes */
    uint8_t urgent;              /* enum tcp_urgent_style */
    uint32_t pacing_most; /* bytes a second: segments leave at the pace that suits the window, and never faster than this */
};
struct tcp_settings { /* for one socket; zero means the node's default */
    struct endpoint local, remote;
    bool bound;                     /* local.port is the caller's own: a connection in TIME-WAIT is no hindrance (RFC 6191) */
    uint16_t port_first, port_last; /* where local.port is 0: the range that it is chosen from; 0: the usual bounds */
    uint8_t ttl;
    uint32_t send_buffer_bytes, receive_buffer_bytes;
    bool send_memory;         /* the send buffer is counted as by TCP_KNOB_SEND_MEMORY */
    uint16_t maximum_segment; /* clamp, bytes */
    bool no_delay;            /* Nagle off */
    bool keep_alive;
    int backlog;             /* listeners; 0 = 128 */
    uint32_t defer_accept_s; /* listeners: connections are acceptable when data came, or after about so long; 0: at once */
    bool
        fast_open; /* RFC 7413: where a cookie is known the first write goes with the SYN, and tcp_connected() is 0 until then */
    uint32_t fast_open_queue; /* listeners: connections that may be open before their handshake ends; 0: none */
    const char *congestion;   /* name of a congestion control */
    struct tcp_personal personal;
    void (*changed)(struct tcp_socket *socket, void *owner);
    void *owner;
};
int tcp_connect(struct tcp *tcp, const struct tcp_settings *settings,
                struct tcp_socket **out); /* SYN sent; IMP_UNREACHABLE, IMP_IN_USE ... */
int tcp_listen(struct tcp *tcp, const struct tcp_settings *settings,
               struct tcp_socket **out); /* local family 0: both families */
/* The oldest established connection, which becomes the caller's with this owner and `changed`; IMP_BUSY when none waits. */
int tcp_accept(struct tcp_socket *listener, void (*changed)(struct tcp_socket *, void *), void *owner, struct tcp_socket **out);
int tcp_connected(const struct tcp_socket *socket); /* 0, IMP_BUSY while connecting, or why it failed */
/* Bytes read, 0 at the end of the stream, IMP_BUSY when there is nothing yet, or the error that ended the connection. */
ssize_t tcp_read(struct tcp_socket *socket, void *out, size_t capacity);
/* Bytes taken into the send buffer (1..length), IMP_BUSY when it is full, IMP_CLOSED after tcp_finish(), or the error. */
ssize_t tcp_write(struct tcp_socket *socket, const void *data, size_t length);
/* The same without a copy: a slice of a block (borrowed; the connection holds it itself as long as it needs to), whose bytes must not change any
 * more. A block that was given to block_sum() is not even read. */
ssize_t tcp_write_block(struct tcp_socket *socket, struct block *block, uint32_t offset, uint32_t length);
int tcp_finish(struct tcp_socket *socket); /* FIN behind what was written */
void tcp_close(struct tcp_socket
                   *socket); /* the owner lets go: FIN (or RST when unread data is lost, RFC 2525 2.17); never use it again */
void tcp_abort(struct tcp_socket *socket);          /* the owner lets go: RST */
int tcp_kill(struct tcp_socket *socket);            /* RST; the owner sees IMP_RESET. IMP_UNSUPPORTED: no connection */
bool tcp_readable(const struct tcp_socket *socket); /* data, end, error, or a connection to accept */
bool tcp_writable(const struct tcp_socket *socket);
void tcp_want_space(struct tcp_socket *socket); /* it is not writable: `changed` shall tell when it is */
void tcp_local(const struct tcp_socket *socket, struct endpoint *out);
void tcp_remote(const struct tcp_socket *socket, struct endpoint *out);

/* A node's settings by their Linux names ("net.ipv4.tcp_sack"); IMP_NOT_FOUND, IMP_MALFORMED, IMP_INVALID (out of range).
 * tcp_sysctl_set() without a tcp only checks. */
int tcp_sysctl_set(struct tcp *tcp, const char *name, const char *value);
int tcp_sysctl_get(const struct tcp *tcp, const char *name, char *out, size_t size_bytes);
const char *tcp_sysctl_name(size_t at, char *out, size_t size_bytes); /* the at-th name, NULL behind the last */

/* For ss and plots. */
struct tcp_info {
    enum tcp_state state;
    struct endpoint local, remote;
    uint32_t receive_queue, send_queue; /* bytes unread; bytes not acknowledged. A listener: waiting; backlog */
    uint32_t mss, window_scale_send, window_scale_receive;
    uint32_t cwnd_segments, ssthresh_segments; /* ssthresh UINT32_MAX: not set yet */
    int64_t rtt_ns, rtt_variation_ns, rto_ns;
    uint64_t bytes_sent, bytes_acked, bytes_received, segments_sent, segments_received, retransmits;
    uint64_t bytes_retransmitted;
    uint32_t data_segments_sent, data_segments_received, duplicates_reported, reorderings;
    uint32_t send_window, receive_window;
    /* What ss -i shows beyond that; the names are those of Linux's struct tcp_info. */
    uint8_t recovery_state; /* 0 open, 1 disorder, 2 reducing, 3 recovery, 4 loss */
    uint8_t backoff, probes;
    bool timestamps, sack, window_scaling, ecn, app_limited, syn_data, fast_open_child;
    uint8_t fast_open_failure; /* of a client: 1 no cookie, 2 its data was not acknowledged, 3 its SYN was sent again */
    bool ecn_seen, accurate_ecn, accurate_ecn_asked;        /* `ecn` is any kind of it */
    uint8_t accurate_ecn_failed, accurate_ecn_option_seen;  /* Linux's codes: accurate_ecn.h */
    uint32_t delivered_ce, received_ce;                     /* packets marked: as the peer tells; as they came */
    uint32_t delivered_ecn_bytes[4], received_ecn_bytes[4]; /* by the IP header's ECN field */
    uint32_t path_mtu, advertised_mss, receive_mss;
    uint32_t unacked, sacked, lost, retransmitted, reordering; /* segments */
    uint32_t timeouts;
    int64_t minimum_rtt_ns, receive_rtt_ns, ack_timeout_ns, last_send_ns, last_receive_ns,
        last_ack_ns;                     /* the last three: since then */
    uint32_t receive_space;              /* bytes: what auto-tuning last measured */
    uint64_t pacing_rate, delivery_rate; /* bytes a second; 0 = none */
    uint64_t delivered;                  /* segments */
    uint32_t outstanding, not_sent; /* bytes, a FIN counts for one: not acknowledged, and the part of it that has not left */
    uint32_t send_buffer, receive_buffer; /* their sizes, bytes */
    bool receive_memory_counted;          /* the latter counts what packets take, not only payload, */
    uint32_t receive_memory;              /* and so does this, of what is in it */
    uint32_t receive_window_most;         /* no larger window is offered yet */
    int64_t busy_ns, window_limited_ns,
        buffer_limited_ns; /* something was under way; the second and third are part of the first */
    uint32_t timeouts_in_a_row;
    bool finished_receiving;   /* the peer's FIN was reached */
    bool no_space;             /* a writer met the send buffer's limit, and is to be told of room */
    struct instant timer_due;  /* of the next timer that matters, */
    const char *timer;         /* "on" (retransmission), "persist", "keepalive", "timewait", or NULL */
    char congestion_state[96]; /* as the control describes itself: "bbr:(bw:1000000bps,mrtt:20,...)" */
    const char *congestion;
    void *owner;
};
void tcp_socket_info(const struct tcp_socket *socket, struct tcp_info *out);
struct tcp_socket *tcp_socket_next(struct tcp *tcp,
                                   struct tcp_socket *after); /* listeners first, then connections, in order of creation */

#endif
