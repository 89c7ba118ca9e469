#ifndef IMP_APPLICATION_DNS_SERVERS_H
#define IMP_APPLICATION_DNS_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/map.h"
#include "base/time.h"

/* What a resolver remembers of the servers it asked: how fast they answer, and what they cannot do. Bounded, and forgotten after a
 * while. All zero bytes is a valid empty memory. */
struct dns_server_memory {
    struct map servers;
};
void dns_servers_free(struct dns_server_memory *memory);
/* By which to choose: the smoothed round-trip time, or for an unknown server a middling figure. */
int64_t dns_server_rank_ns(const struct dns_server_memory *memory, const struct ip *address, struct instant now);
/* How long to wait for its answer in round 0, 1, 2 ... of asking: each waits twice as long. */
int64_t dns_server_timeout_ns(const struct dns_server_memory *memory, const struct ip *address, struct instant now,
                              unsigned round);
void dns_server_answered(struct dns_server_memory *memory, const struct ip *address, struct instant now, int64_t rtt_ns);
void dns_server_silent(struct dns_server_memory *memory, const struct ip *address, struct instant now, int64_t waited_ns);
void dns_server_lacks_edns(struct dns_server_memory *memory, const struct ip *address, struct instant now);
bool dns_server_has_edns(const struct dns_server_memory *memory, const struct ip *address, struct instant now);

#endif
