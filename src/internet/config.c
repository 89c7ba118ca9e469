/* The door by which a stack's interfaces, addresses, routes and neighbours are seen and changed: ip(8)'s back end, DHCP's and the routing
 * daemons' hands. Everything goes by value; nothing here waits.
 *
 * Setting an interface down takes all routes over it out and forgets its neighbours, as Linux does; its addresses stay in the list, and
 * their own routes come back when it is set up again. Losing the carrier changes no route: packets are dropped at the port.
 *
 * A route's interface is found from its gateway, which must be on a link of ours. Connected routes belong to their addresses; those made here are
 * told as events. Lists are walked by position; for routes a position is found in one descent (fib_at), IPv4's first. */
#include "internet/config.h"

#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/ipv4.h"
#include "internet/stack_internal.h"
#include "link/arp.h"

#define ROUTE_FIELDS                                                                                                           \
    {                                                                                                                          \
        {"destination", FIELD_PREFIX}, {"gateway", FIELD_IP}, {"interface", FIELD_TEXT}, {"metric", FIELD_NUMBER},             \
        {                                                                                                                      \
            "origin", FIELD_TEXT                                                                                               \
        }                                                                                                                      \
    }
static const struct event_type ROUTE_ADDED = {.name = "route-added",
                                              .protocol = "ROUTE",
                                              .story = "route to {destination} via {gateway} on {interface} ({origin})",
                                              .fields = ROUTE_FIELDS};
static const struct event_type ROUTE_REMOVED = {.name = "route-removed",
                                                .protocol = "ROUTE",
                                                .story = "no longer a route to {destination} via {gateway} on {interface}",
                                                .fields = ROUTE_FIELDS};

static const char *origin_name(enum route_origin origin)
{
    static const char *const names[] = {"connected", "static", "dhcp", "ra", "rip", "ospf", "bgp", "isis", "eigrp"};
    return names[origin];
}

/* ---- interfaces ---- */

int stack_interface_info(struct stack *stack, size_t *at, struct interface_info *out)
{
    struct interface *interface = stack_interface_next(stack, NULL);
    for (size_t i = 0; interface && i < *at; i++)
        interface = stack_interface_next(stack, interface);
    if (!interface)
        return IMP_NOT_FOUND;
    ++*at;
    *out =
        (struct interface_info){.index = interface->index,
                                .mac = interface->mac,
                                .mtu = interface->mtu,
                                .flags = (interface->up ? (uint32_t)INTERFACE_UP : 0) |
                                         (interface_running(interface) ? (uint32_t)INTERFACE_RUNNING : 0) |
                                         (interface->loopback ? (uint32_t)INTERFACE_LOOPBACK
                                                              : (uint32_t)INTERFACE_BROADCAST | (uint32_t)INTERFACE_MULTICAST),
                                .sent_frames = interface->sent_frames,
                                .sent_bytes = interface->sent_bytes,
                                .received_frames = interface->received_frames,
                                .received_bytes = interface->received_bytes,
                                .send_drops = interface->send_drops,
                                .receive_drops = interface->receive_drops};
    snprintf(out->name, sizeof out->name, "%s", interface->name);
    return 0;
}

int stack_interface_set_up(struct stack *stack, uint16_t index, bool up)
{
    struct ip_interface *on = stack_ip_interface(stack, index);
    if (!on)
        return IMP_NOT_FOUND;
    if (on->interface->up == up)
        return 0;
    if (!up) {
        list_each (link, &on->addresses)
            ip_address_deactivate(list_entry(link, struct ip_address, link));
        fib_remove_interface(&stack->fib4, on);
        fib_remove_interface(&stack->fib6, on);
    }
    interface_set_up(on->interface, up);
    list_each (link, &on->addresses) {
        struct ip_address *address = list_entry(link, struct ip_address, link);
        if (!up || address->info.prefix.address.family != 4 || address->active)
            continue;
        ip_address_activate(address);
        if (interface_running(on->interface) && !on->interface->loopback)
            arp_announce(on->interface, &address->info.prefix.address, stack_now(stack));
    }
    return 0;
}

int stack_interface_set_mtu(struct stack *stack, uint16_t index, uint32_t mtu)
{
    struct interface *interface = stack_interface_find(stack, index);
    if (!interface)
        return IMP_NOT_FOUND;
    if (mtu < IPV4_MINIMUM_MTU || mtu > (interface->loopback ? (uint32_t)LOOPBACK_MTU : 65535))
        return IMP_INVALID;
    interface->mtu = mtu;
    return 0;
}

int stack_interface_set_mac(struct stack *stack, uint16_t index, struct mac mac)
{
    struct ip_interface *on = stack_ip_interface(stack, index);
    if (!on)
        return IMP_NOT_FOUND;
    if (on->interface->loopback || mac_is_group(mac) || mac_equal(mac, MAC_NONE))
        return IMP_INVALID;
    struct instant now = stack_now(stack);
    on->interface->mac = mac;
    list_each (link, &on->addresses) {
        const struct ip_address *address = list_entry(link, struct ip_address, link);
        if (address->active && address->info.prefix.address.family == 4 && interface_running(on->interface))
            arp_announce(on->interface, &address->info.prefix.address, now);
    }
    ipv6_mac_changed(on, now);
    return 0;
}

/* ---- addresses ---- */

int stack_address_info(struct stack *stack, size_t *at, struct address_info *out)
{
    size_t skip = *at;
    for (struct interface *interface = NULL; (interface = stack_interface_next(stack, interface));)
        list_each (link, &ip_interface_of(interface)->addresses) {
            if (skip-- > 0)
                continue;
            *out = list_entry(link, struct ip_address, link)->info;
            ++*at;
            return 0;
        }
    return IMP_NOT_FOUND;
}

int stack_address_add(struct stack *stack, const struct address_info *address)
{
    struct ip_interface *on = stack_ip_interface(stack, address->interface);
    return on ? ip_interface_address_add(on, address) : IMP_NOT_FOUND;
}

int stack_address_remove(struct stack *stack, uint16_t interface, const struct prefix *prefix)
{
    struct ip_interface *on = stack_ip_interface(stack, interface);
    struct ip_address *address = on ? ip_interface_address(on, &prefix->address) : NULL;
    if (!address || address->info.prefix.length != prefix->length)
        return IMP_NOT_FOUND;
    return ip_address_remove(address);
}

bool stack_settled(const struct stack *stack)
{
    list_each (link, (struct list *)&stack->interfaces) {
        const struct interface *interface = list_entry(link, struct interface, link);
        if (!interface_running(interface))
            continue; /* what waits for a carrier may wait for ever */
        list_each (entry, &ip_interface_of(interface)->addresses) {
            if (list_entry(entry, struct ip_address, link)->info.state == ADDRESS_TENTATIVE)
                return false;
        }
    }
    return ipv6_settled(stack);
}

/* ---- routes ---- */

static void route_value(const struct fib_entry *entry, struct route_info *out)
{
    const struct next_hop *hop = entry->hop;
    *out = (struct route_info){.destination = entry->destination,
                               .gateway = hop->gateway,
                               .interface = hop->on->interface->index,
                               .metric = entry->metric,
                               .origin = (enum route_origin)entry->origin,
                               .source = hop->source};
}

int stack_route_info(struct stack *stack, size_t *at, struct route_info *out)
{
    struct fib_entry entry;
    size_t fours = fib_unicast_count(&stack->fib4);
    if (!(*at < fours ? fib_at(&stack->fib4, *at, &entry) : fib_at(&stack->fib6, *at - fours, &entry)))
        return IMP_NOT_FOUND;
    route_value(&entry, out);
    ++*at;
    return 0;
}

int stack_route_get(struct stack *stack, const struct ip *destination, struct route_info *out)
{
    struct ip_hop hop;
    if (!ip_bits(destination))
        return IMP_INVALID;
    int error = stack_route(stack, destination, 0, &hop);
    if (error)
        return error;
    struct fib_entry entry;
    if (fib_find(stack_fib(stack, destination->family), destination, NULL, &entry))
        route_value(&entry, out);
    else /* a group: no route of its own */
        *out = (struct route_info){.destination = {*destination, (uint8_t)ip_bits(destination)},
                                   .interface = hop.on->interface->index};
    out->source = destination->family == 4 ? ipv4_source(stack, &hop, destination) : ipv6_source(stack, &hop, destination);
    out->broadcast = hop.kind == HOP_BROADCAST;
    if (!pmtu_known(stack, destination, stack_now(stack), &out->path_mtu, &out->path_until))
        out->path_mtu = 0;
    return 0;
}

static void tell_route(struct stack *stack, const struct event_type *type, const struct fib_change *change)
{
    if (event_wanted(stack->node))
        event_emit(stack->node, type,
                   (union event_value[]){{.prefix = prefix_network(&change->destination)},
                                         {.ip = change->gateway},
                                         {.text = change->on ? change->on->interface->name : ""},
                                         {.number = change->metric},
                                         {.text = origin_name((enum route_origin)change->origin)}});
}

/* The interface by which a gateway is a neighbour; NULL when none is. An address that is still tentative has no connected route yet, but
 * its prefix tells as well: a node's routes can be set together with its addresses. */
static struct ip_interface *link_of_gateway(struct stack *stack, const struct ip *gateway)
{
    const struct next_hop *hop = fib_lookup(stack_fib(stack, gateway->family), gateway);
    if (hop && hop->kind == HOP_UNICAST && !hop->gateway.family)
        return hop->on;
    for (struct interface *interface = NULL; (interface = stack_interface_next(stack, interface));)
        list_each (link, &ip_interface_of(interface)->addresses) {
            const struct ip_address *address = list_entry(link, struct ip_address, link);
            if (address->info.state == ADDRESS_TENTATIVE && prefix_contains(&address->info.prefix, gateway) &&
                !ip_is_link_local(gateway))
                return address->on;
        }
    return NULL;
}

int stack_route_add(struct stack *stack, const struct route_info *route)
{
    uint8_t family = route->destination.address.family;
    if ((family != 4 && family != 6) || route->destination.length > ip_bits(&route->destination.address) ||
        (route->gateway.family && route->gateway.family != family) || route->origin > ROUTE_EIGRP ||
        (route->source.family && route->source.family != family) || (route->gateway.family && ip_is_multicast(&route->gateway)))
        return IMP_INVALID;
    struct fib_change change = {.destination = route->destination,
                                .kind = HOP_UNICAST,
                                .gateway = route->gateway,
                                .source = route->source,
                                .metric = route->metric,
                                .origin = (uint8_t)route->origin};
    if (route->interface) {
        change.on = stack_ip_interface(stack, route->interface);
        if (!change.on)
            return IMP_NOT_FOUND;
    } else if (route->gateway.family) {
        change.on = link_of_gateway(stack, &route->gateway);
        if (!change.on)
            return IMP_UNREACHABLE;
    } else {
        return IMP_INVALID;
    }
    if (route->gateway.family && stack_is_local(stack, &route->gateway))
        return IMP_INVALID;
    int error = fib_add(stack_fib(stack, family), &change);
    if (!error)
        tell_route(stack, &ROUTE_ADDED, &change);
    return error;
}

int stack_route_remove(struct stack *stack, const struct route_info *route)
{
    uint8_t family = route->destination.address.family;
    if (family != 4 && family != 6)
        return IMP_INVALID;
    struct fib_change change = {.destination = route->destination,
                                .kind = HOP_UNICAST,
                                .gateway = route->gateway,
                                .metric = route->metric,
                                .origin = (uint8_t)route->origin};
    if (route->interface && !(change.on = stack_ip_interface(stack, route->interface)))
        return IMP_NOT_FOUND;
    int error = fib_remove(stack_fib(stack, family), &change, route->metric == 0);
    if (!error)
        tell_route(stack, &ROUTE_REMOVED, &change);
    return error;
}

bool stack_forwarding(const struct stack *stack) { return stack->settings.forwarding; }

void stack_set_forwarding(struct stack *stack, bool forwarding)
{
    if (stack->settings.forwarding == forwarding)
        return;
    stack->settings.forwarding = forwarding;
    ipv6_forwarding_changed(stack);
}

/* ---- neighbours ---- */

int stack_neighbour_info(struct stack *stack, size_t *at, struct neighbour_info *out)
{
    struct neighbour *neighbour = neighbour_next(&stack->neighbours, NULL);
    for (size_t i = 0; neighbour && i < *at; i++)
        neighbour = neighbour_next(&stack->neighbours, neighbour);
    if (!neighbour)
        return IMP_NOT_FOUND;
    ++*at;
    *out = (struct neighbour_info){.address = neighbour->address,
                                   .mac = neighbour->mac,
                                   .interface = neighbour->interface->index,
                                   .state = neighbour_state_at(neighbour, stack_now(stack)),
                                   .router = neighbour->router};
    return 0;
}

int stack_neighbour_set(struct stack *stack, uint16_t index, const struct ip *address, struct mac mac)
{
    struct interface *interface = stack_interface_find(stack, index);
    if (!interface)
        return IMP_NOT_FOUND;
    if (interface->loopback || !ip_bits(address) || ip_is_multicast(address) || mac_is_group(mac) ||
        stack_is_local(stack, address))
        return IMP_INVALID;
    return neighbour_set_permanent(&stack->neighbours, interface, address, mac, stack_now(stack)) ? 0 : IMP_LIMIT;
}

int stack_neighbour_remove(struct stack *stack, uint16_t index, const struct ip *address)
{
    struct interface *interface = stack_interface_find(stack, index);
    struct neighbour *neighbour = interface ? neighbour_find(&stack->neighbours, interface, address) : NULL;
    if (!neighbour)
        return IMP_NOT_FOUND;
    neighbour_remove(neighbour, stack_now(stack));
    return 0;
}
