#ifndef IMP_TRANSPORT_TCP_FAST_OPEN_H
#define IMP_TRANSPORT_TCP_FAST_OPEN_H

#include "transport/tcp/connection.h"

/* TCP Fast Open (RFC 7413): data on the SYN, for those who have shown that they receive at their address. */
enum fast_open_bit { /* of net.ipv4.tcp_fastopen, as Linux */
                     FAST_OPEN_CLIENT = 1,
                     FAST_OPEN_SERVER = 2,
                     FAST_OPEN_CLIENT_NO_COOKIE = 4,     /* data on the SYN though no cookie is known */
                     FAST_OPEN_SERVER_NO_COOKIE = 0x200, /* taken though there is none */
                     FAST_OPEN_SERVER_ALL = 0x400,       /* listeners take it without asking for it */
};
enum fast_open_failure { /* why no data went with our SYN, or not for good; Linux's numbers */
                         FAST_OPEN_FAILED_NO_COOKIE = 1,
                         FAST_OPEN_FAILED_NOT_TAKEN = 2,
                         FAST_OPEN_FAILED_LATE = 3,
};
struct fast_open_cookie {
    uint8_t length;    /* 0: asks for one */
    bool experimental; /* in the form of before RFC 7413 */
    uint8_t bytes[TCP_FAST_OPEN_COOKIE_MAX];
};
/* How many connections of a listener are open fast, that is before their peer has shown that it is there. Shared by the listener and those
 * connections; freed with the last of them. */
struct fast_open_queue {
    uint32_t holders, pending, most;
    uint32_t resets; /* of those that ended by RST: counted for a minute more, */
    struct instant resets_until;
    struct fast_open_key key; /* the listener's own, when set */
};

/* The client's side. connect() begins. With a cookie at hand the SYN waits for the first data (CONNECTION_DEFERRED). */
void fast_open_connect(struct tcp_connection *c, struct instant now);
void fast_open_go(struct tcp_connection *c, struct instant now); /* what waited leaves, with the data that is there */
void fast_open_answered(struct tcp_connection *c, const struct tcp_segment *syn_ack, struct instant now);
/* Signs that packets vanish, or not: the timer went off after so many timeouts in a row (`over`: for the last time), a reset came that was
 * not next in line, the connection is over. */
void fast_open_silence(struct tcp_connection *c, uint32_t timeouts, bool over, struct instant now);
void fast_open_strange_reset(struct tcp_connection *c, struct instant now);
void fast_open_over(struct tcp_connection *c, struct instant now);
void syn_data_again(struct tcp_connection *c,
                    struct instant now); /* handshake.c: what was on our SYN and was not taken leaves */

/* The server's side. True: the SYN opens its connection at once, and its data counts. *answer: the cookie for the SYN+ACK when *with_cookie. */
bool fast_open_accepts(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *syn,
                       struct instant now, struct fast_open_cookie *answer, bool *with_cookie);
void fast_open_begin(struct tcp_connection *c, struct tcp_listener *listener);
void fast_open_end(struct tcp_connection *c, bool reset); /* the handshake is over, one way or the other */
void fast_open_release(struct fast_open_queue *queue);    /* may be NULL */

void fast_open_cache_free(struct tcp *tcp);
/* "11111111-22222222-33333333-44444444", or two of them with a comma: IMP_MALFORMED. Without a tcp only checks. */
int fast_open_key_parse(struct tcp *tcp, const char *text);
void fast_open_key_print(const struct tcp *tcp, char *out, size_t size_bytes);

#endif
