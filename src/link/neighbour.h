#ifndef IMP_LINK_NEIGHBOUR_H
#define IMP_LINK_NEIGHBOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "engine/engine.h"
#include "engine/frame.h"
#include "link/interface.h"
#include "link/neighbour_state.h"

/* A node's neighbour cache: from a next hop's address to its MAC. One cache serves ARP and NDP; the states are those of RFC 4861 section 7.3,
 * which Linux uses for ARP too. Each family supplies the question (`solicit`) and is told of packets that nobody will ever receive. */
enum { LIMIT_NEIGHBOURS = 4096, LIMIT_NEIGHBOUR_QUEUE_FRAMES = 64, NEIGHBOUR_SOLICITATIONS = 3 };
#define NEIGHBOUR_REACHABLE_NS  (30 * NS_PER_S) /* times a random 0.5 .. 1.5 */
#define NEIGHBOUR_RETRANSMIT_NS NS_PER_S
#define NEIGHBOUR_DELAY_NS      (5 * NS_PER_S)

struct neighbour_cache;
struct neighbour {
    struct list link;        /* in the cache, in order of creation */
    struct neighbour *chain; /* in its hash slot */
    struct neighbour_cache *cache;
    struct interface *interface;
    struct ip address;
    struct mac mac;        /* known unless INCOMPLETE or FAILED */
    uint8_t state;         /* as stored; neighbour_state_at() tells when REACHABLE has become STALE */
    uint8_t solicitations; /* sent in this state */
    bool router;           /* IPv6: it says so (IsRouter) */
    bool told;             /* that it exists: its first state comes from nowhere */
    bool locked;           /* in use by the ip6 room (a default router): never evicted */
    uint16_t queued;
    uint16_t ethertype;                     /* of its packets: the ops' */
    struct frame *queue_first, *queue_last; /* packets that wait; data at the IP header */
    struct instant reachable_until;
    struct timer timer;
};
struct neighbour_ops {
    uint16_t ethertype; /* of the packets to send */
    /* Asks for neighbour->address: to neighbour->mac when `unicast`, else to all who might be it. */
    void (*solicit)(struct neighbour *neighbour, bool unicast, struct instant now);
    /* Nobody answered: the packet (taken, data at its IP header) is to be reported (ICMP host or address unreachable) and dropped. */
    void (*unreachable)(struct neighbour *neighbour, struct frame *packet_taken, struct instant now);
    /* The entry has just become FAILED, or is about to be removed while it was not; may be NULL. Must not remove entries. */
    void (*lost)(struct neighbour *neighbour, struct instant now);
};
struct neighbour_cache {
    struct node *node;
    void *layer3; /* the stack, for the ops */
    const struct neighbour_ops *ops4, *ops6;
    struct list all;
    struct neighbour **slots; /* NULL until the first entry */
    uint32_t slot_count, count;
    uint64_t removals;                    /* entries that were found before may be gone when this has grown */
    int64_t reachable4_ns, reachable6_ns; /* base reachable time; a router advertisement may change IPv6's */
    int64_t retransmit6_ns;
};

void neighbour_cache_init(struct neighbour_cache *cache, struct node *node, void *layer3, const struct neighbour_ops *ops4,
                          const struct neighbour_ops *ops6);
void neighbour_cache_free(struct neighbour_cache *cache); /* waiting packets are released without a word */

struct neighbour *neighbour_find(const struct neighbour_cache *cache, const struct interface *interface,
                                 const struct ip *address);
/* Sends a packet (taken; data at its IP header, headroom for the link's) to a neighbour; asks first, if need be, and lets it wait. */
void neighbour_send(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                    struct frame *packet_taken, struct instant now);
void neighbour_hand(struct neighbour *neighbour, struct frame *packet_taken, struct instant now); /* the same, once found */

/* Someone spoke and told its MAC unasked: an ARP request, the source link-layer option of NS, RS and RA. Creates the entry if there is
 * none; a new or changed MAC makes it STALE (RFC 4861 7.2.3) and lets waiting packets go. Returns the entry, NULL when the cache is full. */
struct neighbour *neighbour_learn(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                  struct mac mac, struct instant now);
/* An answer: an ARP reply (solicited, override) or a neighbour advertisement, RFC 4861 7.2.5. `mac` NULL: no target link-layer option.
 * The caller sets neighbour->router. No entry is created: pass only one that was found. */
void neighbour_answer(struct neighbour *neighbour, const struct mac *mac, bool solicited, bool override, struct instant now);
void neighbour_confirm(struct neighbour *neighbour, struct instant now); /* the way there and back works (RFC 4861 7.3.1) */
/* Starts to resolve or to probe now, without a packet: for router reachability. Returns the entry, NULL when the cache is full. */
struct neighbour *neighbour_probe(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                  struct instant now);

enum neighbour_state neighbour_state_at(const struct neighbour *neighbour, struct instant now);
struct neighbour *neighbour_set_permanent(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                          struct mac mac, struct instant now);
void neighbour_remove(struct neighbour *neighbour, struct instant now); /* what waits is dropped */
void neighbour_flush(struct neighbour_cache *cache, const struct interface *interface,
                     struct instant now); /* all but permanent ones */
struct neighbour *neighbour_next(const struct neighbour_cache *cache, const struct neighbour *after); /* NULL starts and ends */

#endif
