#ifndef IMP_LINK_ARP_H
#define IMP_LINK_ARP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "link/neighbour.h"

/* The Address Resolution Protocol (RFC 826) for IPv4 over Ethernet, with the announcements and the conflict detection of RFC 5227.
 * The cache is link/neighbour.h's; which addresses are ours is known above, and told here by `struct arp_owner`. */
enum { ARP_BYTES = 28, ARP_REQUEST = 1, ARP_REPLY = 2 };
struct arp_packet {
    uint16_t operation; /* ARP_REQUEST or ARP_REPLY; others parse, and are ignored */
    struct mac sender_mac, target_mac;
    struct ip sender, target; /* family 4; a sender of 0.0.0.0 is a probe (RFC 5227 2.1.1) */
};
/* 0, IMP_TRUNCATED, or IMP_MALFORMED (not Ethernet and IPv4). Padding behind is ignored. */
int arp_parse(const void *data, size_t length, struct arp_packet *out);
void arp_build(const struct arp_packet *packet, uint8_t out[ARP_BYTES]);
/* "Request who-has 10.0.0.2 tell 10.0.0.1, length 28", as tcpdump prints it. Returns `out`. 160 bytes always suffice. */
char *arp_print(const struct arp_packet *packet, char *out, size_t size_bytes);

struct arp_owner {                                                       /* what layer 3 answers */
    bool (*owns)(struct interface *interface, const struct ip *address); /* it is ours on this interface: answer for it */
    /* Someone else with `mac` uses our `address`; called after the "arp-conflict" event. */
    void (*conflict)(struct interface *interface, const struct ip *address, struct mac mac, struct instant now);
};
/* An ARP packet (taken; data at its first byte) that came in. */
void arp_input(struct neighbour_cache *cache, const struct arp_owner *owner, struct interface *interface,
               struct frame *packet_taken, struct instant now);
/* Asks for `target`: everyone, or (to check) `known` alone when it is not NULL. `source` 0.0.0.0 makes it a probe. */
void arp_ask(struct interface *interface, const struct ip *source, const struct ip *target, const struct mac *known,
             struct instant now);
/* Tells everyone that `address` is here (RFC 5227 section 3: a request for itself). */
void arp_announce(struct interface *interface, const struct ip *address, struct instant now);

#endif
