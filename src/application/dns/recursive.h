#ifndef IMP_APPLICATION_DNS_RECURSIVE_H
#define IMP_APPLICATION_DNS_RECURSIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/cache.h"
#include "application/dns/message.h"
#include "application/dns/servers.h"
#include "net/net.h"

/* A resolver that finds answers: from its cache, by asking the owners of zones from the root on, or by asking other resolvers. */
struct dns_hint { /* a root server */
    const char *name;
    const struct ip *addresses;
    size_t address_count;
};
struct dns_resolver {
    struct net *net;
    const struct dns_hint *hints;
    size_t hint_count;
    bool
        forward; /* the root is never asked; these are, in turn, or when there are none the node's own resolvers (net_resolver()) */
    const struct endpoint *forwarders;
    size_t forwarder_count;
    uint16_t port; /* of the servers that own zones: 53 */
    bool mix_case; /* spell questions in random case, against forged answers */
    bool minimise; /* tell each server only as much of the name as it needs to know (RFC 9156) */
    struct dns_cache cache;
    struct dns_server_memory servers;
    struct list flights; /* questions being worked on, so that none is asked twice at a time */
};
void dns_resolver_init(struct dns_resolver *resolver, size_t cache_entries); /* the other fields stay as they are */
void dns_resolver_free(struct dns_resolver *resolver);

/* Fills in the response's rcode, answer and authority (a denial's SOA), allocated from the arena. Inside a task; takes as long as it takes,
 * up to the deadline. Without `recurse` only the cache is looked into, and REFUSED if it does not know. Always answers: what cannot be found out is SERVFAIL. Returns a note for the story. IMP_CANCELLED shows as SERVFAIL too. */
const char *dns_resolver_ask(struct dns_resolver *resolver, struct arena *arena, const struct dns_question *question,
                             bool recurse, struct instant deadline, struct dns_message *response);

#endif
