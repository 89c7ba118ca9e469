#ifndef IMP_APPLICATION_DNS_EXCHANGE_H
#define IMP_APPLICATION_DNS_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "application/dns/message.h"
#include "net/net.h"

/* One question to one server, and its answer. Inside a task. */
struct dns_exchange {
    struct net *net;
    struct arena *arena; /* for the response's records */
    struct endpoint server;
    struct dns_message query; /* with its id */
    struct instant deadline;
    bool tcp;              /* over TCP from the start */
    bool mix_case;         /* spell the name in random case and insist on it (a longer id in effect: "0x20") */
    struct ip local;       /* family 0: chosen */
    size_t response_bytes; /* out: the response's size */
};
/* Sends and waits for the response that belongs to the query; others are counted and ignored. 0, IMP_TIMEOUT, IMP_REFUSED, IMP_UNREACHABLE ..., or
 * IMP_MALFORMED when over TCP what came was no DNS. A truncated UDP answer is given as it is. */
int dns_exchange(struct dns_exchange *exchange, struct dns_message *response);

/* A UDP socket connected to `remote` (family 0: unconnected, of remote's port's no concern) on a port chosen at random: one secret more for who
 * would forge an answer (RFC 5452 section 9.2). */
int dns_udp_open(struct net *net, const struct ip *local, const struct endpoint *remote, struct udp *out);
/* One message over a stream with its length in front (RFC 1035 section 4.2.2). The read gives its length, into at most
 * LIMIT_DNS_MESSAGE_BYTES. */
int dns_stream_write(struct stream stream, const uint8_t *message, size_t length, struct instant deadline);
int dns_stream_read(struct stream stream, uint8_t *out, struct instant deadline);

#endif
