#ifndef IMP_APPLICATION_DNS_SERVER_H
#define IMP_APPLICATION_DNS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/message.h"
#include "net/net.h"

/* What every DNS server does, whatever it knows: UDP and TCP (RFC 7766) on one port, EDNS0, refusing what makes no sense, sizes and
 * truncation. What it knows comes from `answer`. */
struct dns_client {
    struct endpoint address;
    bool tcp;
};
struct dns_server {
    struct net *net;
    const char *name;           /* of its tasks */
    const struct ip *addresses; /* to listen on; none: all of the node's */
    size_t address_count;
    uint16_t port;
    uint16_t udp_bytes; /* the largest datagram sent and accepted; 0: LIMIT_DNS_UDP_BYTES */
    /* Answers a well-formed question of class IN, inside a task of its own, and may wait. `response` comes filled in as far as it
     * follows from the question (id, question, RD, EDNS); what is added may come from the arena, which lives until it is sent.
     * Returns a note for the story, or NULL. */
    const char *(*answer)(void *context, struct arena *arena, const struct dns_client *client, const struct dns_message *query,
                          struct dns_message *response);
    void *context;
};
/* Opens the sockets. `server` must live as long as the node is up. IMP_IN_USE and others of net_listen(); nothing is left open then. */
int dns_server_start(struct dns_server *server);

/* One message in, one out, without a network: 0 when nothing is to be said (what came was no query). `out` holds LIMIT_DNS_MESSAGE_BYTES. */
int dns_server_handle(struct dns_server *server, const struct dns_client *client, const uint8_t *data, size_t length,
                      uint8_t *out);

#endif
