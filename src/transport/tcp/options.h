#ifndef IMP_TRANSPORT_TCP_OPTIONS_H
#define IMP_TRANSPORT_TCP_OPTIONS_H

#include "transport/tcp/tcp.h"

/* What a program may turn on one socket while it lives, as Linux's setsockopt() does. On a listener a knob is for the connections that come of
 * it later. Switches are 0 or 1. */
enum tcp_knob {
    TCP_KNOB_NO_DELAY,
    TCP_KNOB_CORK,   /* nothing that is not full leaves; 0 lets go what waits */
    TCP_KNOB_WRITER, /* 1: somebody waits for the connection to open, to write at once: the handshake's ACK may ride on that */
    TCP_KNOB_MORE,   /* 1: corks; 0: uncorks, but sends nothing by itself (MSG_MORE) */
    TCP_KNOB_KEEP_ALIVE,
    TCP_KNOB_KEEP_IDLE_S,
    TCP_KNOB_KEEP_INTERVAL_S,
    TCP_KNOB_KEEP_COUNT,
    TCP_KNOB_SYN_COUNT,           /* retransmissions of a SYN */
    TCP_KNOB_USER_TIMEOUT_MS,     /* RFC 5482; 0: by the number of retransmissions */
    TCP_KNOB_USER_TIMEOUT_OPTION, /* 1: tells the peer, and listens to what it tells (RFC 5482); 0: does neither */
    TCP_KNOB_LINGER2_S,           /* FIN-WAIT-2 without an owner; as int32_t: 0 the node's, negative none */
    TCP_KNOB_QUICK_ACK,           /* 1: acknowledge at once for now; 0: wait for company */
    TCP_KNOB_SEND_BUFFER,         /* bytes; no auto-tuning after */
    TCP_KNOB_RECEIVE_BUFFER,
    TCP_KNOB_MAXIMUM_SEGMENT, /* bytes; before the handshake */
    TCP_KNOB_TTL,
    TCP_KNOB_TRAFFIC_CLASS,  /* its ECN bits are not taken */
    TCP_KNOB_NOT_SENT_LOW,   /* bytes: writable only below so much that was not yet sent; 0: no such rule */
    TCP_KNOB_DEFER_ACCEPT_S, /* a listener's connections are acceptable when data came */
    TCP_KNOB_BACKLOG,        /* a listener's */
    TCP_KNOB_PACING_MOST,    /* bytes a second; 0: no such bound */
    TCP_KNOB_FAST_OPEN,      /* a listener's queue of Fast Open requests; 0: none */
    TCP_KNOB_FAST_OPEN_NO_COOKIE,
    TCP_KNOB_THIN_LINEAR,
    TCP_KNOB_RTO_MOST_MS, /* the RTO's upper end */
    TCP_KNOB_URGENT,      /* enum tcp_urgent_style; before the first pointer comes */
    TCP_KNOB_SEND_MEMORY, /* as SEND_BUFFER, but counted as Linux does: twice as much, with the packets' own cost */
};
/* What a socket that asks for so large a buffer gets: no more than net.core.wmem_max (sending) or rmem_max. */
uint32_t tcp_buffer_allowed(const struct tcp *tcp, uint32_t bytes, bool sending);
/* 0, or IMP_UNSUPPORTED. */
int tcp_set(struct tcp_socket *socket, enum tcp_knob knob, uint32_t value);
int tcp_set_congestion(struct tcp_socket *socket, const char *name); /* of a connection under way too; IMP_NOT_FOUND */
bool tcp_congestion_known(const char *name);
const char *tcp_congestion_default(const struct tcp *tcp);
/* Fast Open (RFC 7413). The bytes that the SYN of a connection may carry that waits for its first data; -1: it does not wait. */
int32_t tcp_fast_open_room(const struct tcp_socket *socket);
/* A listener's own key: 16 bytes, or 32 for two; else IMP_INVALID. And the node's: how many bytes of it there are, 0 when it has none yet. */
int tcp_fast_open_key_set(struct tcp_socket *listener, const uint8_t *bytes, size_t count);
size_t tcp_fast_open_key(const struct tcp *tcp, uint8_t out[32]);
void tcp_forget_peers(struct tcp *tcp); /* the cookies and what else was learnt of other hosts */
/* As tcp_write(). MORE: what is not a full segment waits for what follows, as with a cork for this call. RECORD: nothing written later goes into a
 * segment with the last of these bytes (MSG_EOR). URGENT: the last of them is urgent (MSG_OOB). */
enum tcp_send_flag { TCP_SEND_MORE = 1, TCP_SEND_RECORD = 2, TCP_SEND_URGENT = 4 };
ssize_t tcp_send(struct tcp_socket *socket, const void *data, size_t length, unsigned flags);
/* As tcp_read(), but the bytes stay. */
ssize_t tcp_peek(const struct tcp_socket *socket, void *out, size_t capacity);
/* What a reader knows of urgent data (RFC 6093): nothing of it; where it is, in line; or the last byte of it is not in the stream. */
enum tcp_urgent_style { TCP_URGENT_PLAIN, TCP_URGENT_MARKED, TCP_URGENT_APART };
struct tcp_urgent {
    bool here;         /* the urgent byte came, and was not read */
    bool at_mark;      /* the next byte is the urgent one, or would be, were it in the stream */
    uint32_t ahead;    /* bytes that may be read before the mark, or all that is there */
    uint32_t readable; /* the same where the byte is apart, else all that is there (SIOCINQ) */
    uint32_t notices;  /* pointers that came */
};
void tcp_urgent(const struct tcp_socket *connection, struct tcp_urgent *out);
/* The byte that is apart: 1; 0 at the stream's end; IMP_BUSY when it was only announced; IMP_INVALID when there is none. */
int tcp_urgent_read(struct tcp_socket *connection, uint8_t *byte, bool stays);

#endif
