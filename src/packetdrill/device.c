/* The device: a node whose one interface ends in packetdrill.
 *
 * The interface is a NIC with a wire to a second node that does nothing, so that it has a carrier. Its `transmit` is replaced: what IP
 * hands down is copied, without a link header, into the queue that netdev_receive() reads, and what netdev_send() brings goes up the way
 * a NIC's packets do. So ARP and Ethernet never come into it.
 *
 * Nobody out there answers a neighbour's question. All that is not on link goes by default routes to a gateway whose MAC is known for
 * good, and a station on link that speaks is learnt for good before it is answered. What the stack says on its own behalf
 * (neighbour and router discovery, multicast listener reports) is dropped, as if the wire had lost it: a script is about
 * transports, and nothing else may come between. Duplicate address detection is over before the first call returns.
 *
 * Packets that this node sends to itself go over its loopback and are not seen. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/frame.h"
#include "engine/node.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/stack.h"
#include "link/interface.h"
#include "packetdrill/drill.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

static const struct mac STATION = {{0x02, 0, 0, 0, 0, 0x01}};

/* Neighbour and router discovery, and multicast listeners' reports (behind a hop-by-hop header). */
static bool is_own_talk(const struct frame *packet, uint16_t ethertype)
{
    if (ethertype != ETHERTYPE_IPV6)
        return ethertype != ETHERTYPE_IPV4;
    if (frame_total(packet) < 41)
        return true;
    uint8_t head[41];
    frame_copy_out(packet, 0, head, sizeof head);
    if (head[6] == 0)
        return true;
    return head[6] == PROTOCOL_ICMPV6 && ((head[40] >= 130 && head[40] <= 137) || head[40] == 143);
}

static void device_transmit(struct interface *interface, struct frame *packet, uint16_t ethertype,
                            const struct mac *destination, struct instant now)
{
    (void)destination;
    struct drill *drill = wire_peer(interface->port)->owner;
    if (drill->open && !is_own_talk(packet, ethertype) && drill->captured_count < LIMIT_CAPTURED) {
        uint32_t length = frame_total(packet);
        struct captured *captured = memory_take(sizeof *captured + length);
        *captured = (struct captured){.time = now, .length = length};
        frame_copy_out(packet, 0, captured->bytes, length);
        list_push_back(&drill->captured, &captured->link);
        drill->captured_count++;
    }
    frame_release(packet);
}

static void nowhere(struct port *port, struct frame *frame, struct instant now)
{
    (void)port;
    (void)now;
    frame_release(frame);
}

static void family_setup(struct drill *drill, const struct prefix *local)
{
    struct address_info address = {.interface = drill->interface->index,
                                   .prefix = *local,
                                   .origin = ADDRESS_STATIC,
                                   .preferred_until = INSTANT_NEVER,
                                   .valid_until = INSTANT_NEVER};
    int error = stack_address_add(drill->stack, &address);
    struct ip gateway = local->address; /* any other address of the subnet: the last byte's bits turned round */
    unsigned last = local->address.family == 4 ? 3 : 15;
    gateway.b[last] ^= 0xff;
    struct route_info route = {.destination = {.address = ip_any(local->address.family)},
                               .gateway = gateway,
                               .interface = drill->interface->index,
                               .origin = ROUTE_STATIC};
    if (!error)
        error = stack_route_add(drill->stack, &route);
    if (!error)
        error = stack_neighbour_set(drill->stack, drill->interface->index, &gateway, STATION);
    if (error)
        fprintf(stderr, "imp: the local address cannot be set up: %s\n", imp_error_text(error));
}

/* A script may have a local address of its own, and packetdrill one by chance (IPv6); it comes with bind(), or with a packet to it. */
bool device_own(struct drill *drill, const struct ip *address)
{
    struct prefix *local = address->family == 4 ? &drill->flags.local4 : &drill->flags.local6;
    if (stack_is_local(drill->stack, address))
        return true;
    struct ip broadcast = prefix_broadcast(local);
    if (address->family == 4 && (!prefix_contains(local, address) || ip_equal(address, &broadcast)))
        return false;
    if (address->family == 6 && (ip_is_multicast(address) || ip_is_any(address) || ip_equal(address, &drill->flags.remote6)))
        return false;
    struct address_info info = {.interface = drill->interface->index,
                                .prefix = {.address = *address, .length = address->family == 4 ? local->length : 128},
                                .origin = ADDRESS_STATIC,
                                .unchecked = true,
                                .preferred_until = INSTANT_NEVER,
                                .valid_until = INSTANT_NEVER};
    return stack_address_add(drill->stack, &info) == 0;
}

void device_create(struct drill *drill)
{
    drill->engine = engine_create(1);
    drill->node = node_create(drill->engine, "imp");
    drill->stack = stack_create(drill->node, &(struct stack_settings){0});
    drill->udp = udp_create(drill->stack);
    drill->tcp = tcp_create(drill->stack);
    struct port *inner = port_create(drill->node, "tun0");
    struct port *outer = port_create(node_create(drill->engine, "packetdrill"), "tun0");
    outer->receive = nowhere;
    outer->owner = drill;
    drill->interface = stack_interface_add(drill->stack, inner, MAC_NONE, drill->flags.mtu);
    struct wire_settings settings = {0};
    wire_create(inner, outer, "tun0", &settings, &settings);
    drill->interface->transmit = device_transmit;
    family_setup(drill, &drill->flags.local4);
    family_setup(drill, &drill->flags.local6);
    engine_run(drill->engine, instant_add(INSTANT_ZERO, 10 * NS_PER_S));
    drill->open = true;
}

void device_destroy(struct drill *drill)
{
    struct list *link;
    while ((link = list_pop_front(&drill->captured)) != NULL)
        memory_free(list_entry(link, struct captured, link));
    tcp_destroy(drill->tcp);
    udp_destroy(drill->udp);
    engine_destroy(drill->engine);
}

static void learn_station(struct drill *drill, const struct ip *source)
{
    const struct prefix *local = source->family == 4 ? &drill->flags.local4 : &drill->flags.local6;
    if (prefix_contains(local, source) && !ip_equal(source, &local->address))
        (void)stack_neighbour_set(drill->stack, drill->interface->index, source, STATION);
}

int device_inject(struct drill *drill, const void *packet, size_t length)
{
    const uint8_t *bytes = packet;
    uint8_t version = length ? bytes[0] >> 4 : 0;
    if ((version == 4 && length < 20) || (version == 6 && length < 40) || (version != 4 && version != 6) || length > 65535) {
        errno = EINVAL;
        return -1;
    }
    struct ip source = version == 4 ? ip4_of_bytes(bytes + 12) : ip6_of_bytes(bytes + 8);
    learn_station(drill, &source);
    struct ip destination = version == 4 ? ip4_of_bytes(bytes + 16) : ip6_of_bytes(bytes + 24);
    (void)device_own(drill, &destination);
    struct frame *frame = frame_create(drill->engine, FRAME_HEADROOM, (uint32_t)length);
    memcpy(frame_append(frame, (uint32_t)length), packet, length);
    drill->interface->receive(drill->interface, frame, version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, STATION,
                              drill_now(drill));
    return 0;
}
