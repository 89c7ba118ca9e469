/* What the internet layer answers ARP: which addresses are ours, from which of them to ask, and what becomes of packets that
 * nobody will ever receive. link/arp.c has the protocol and link/neighbour.c the cache; neither knows of addresses.
 *
 * A question is asked from the address that the first waiting packet carries, when that is one of this interface's, and otherwise from one on
 * the target's subnet, so that the neighbour learns the address that it will answer to. Without any address it is a probe (0.0.0.0).
 *
 * A conflict is answered with one announcement at most every ten seconds: RFC 5227 section 2.4 (b), defend and keep the address. */
#include "internet/arp_host.h"

#include "internet/icmp.h"
#include "link/arp.h"

#define DEFEND_INTERVAL_NS (10 * NS_PER_S)

static bool owns(struct interface *interface, const struct ip *address)
{
    const struct ip_address *mine = ip_interface_address(ip_interface_of(interface), address);
    return mine && mine->active;
}

static void conflict(struct interface *interface, const struct ip *address, struct mac mac, struct instant now)
{
    (void)mac;
    struct ip_interface *on = ip_interface_of(interface);
    if (on->defended.ns && instant_since(now, on->defended) < DEFEND_INTERVAL_NS)
        return;
    on->defended = now;
    arp_announce(interface, address, now);
}

static const struct arp_owner OWNER = {.owns = owns, .conflict = conflict};

static void solicit(struct neighbour *neighbour, bool unicast, struct instant now)
{
    struct ip_interface *on = ip_interface_of(neighbour->interface);
    struct ip source = {0};
    const struct frame *waiting = neighbour->queue_first;
    if (waiting && waiting->length >= 20) {
        struct ip sender = ip4_of_bytes(waiting->data + 12);
        if (owns(neighbour->interface, &sender))
            source = sender;
    }
    if (!source.family) {
        const struct ip_hop hop = {.on = on, .kind = HOP_UNICAST, .next = neighbour->address};
        source = ipv4_source(on->stack, &hop, &neighbour->address);
    }
    if (!source.family)
        source = ip_any(4);
    arp_ask(neighbour->interface, &source, &neighbour->address, unicast ? &neighbour->mac : NULL, now);
}

static void unreachable(struct neighbour *neighbour, struct frame *packet, struct instant now)
{
    struct ip_interface *on = ip_interface_of(neighbour->interface);
    icmp_send_error(on, packet, ICMP_UNREACHABLE, ICMP_HOST_UNREACHABLE, 0, now);
    node_drop(on->stack->node, packet, DROP_NEIGHBOUR_FAILED);
}

const struct neighbour_ops ARP_NEIGHBOUR_OPS = {.ethertype = ETHERTYPE_IPV4, .solicit = solicit, .unreachable = unreachable};

void arp_host_input(struct ip_interface *on, struct frame *packet, struct instant now)
{
    arp_input(&on->stack->neighbours, &OWNER, on->interface, packet, now);
}
