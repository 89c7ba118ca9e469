/* The stack: a node's interfaces, its two forwarding tables, its neighbours, and the transports above.
 *
 *        tcp   udp   raw listeners
 *          \    |    /
 *        stack_send / stack_deliver          (this file: which family, which transport)
 *          ipv4 + icmp | ipv6 + icmpv6        (rooms of their own, over stack_internal.h)
 *        fib, neighbours, pmtu, fragments     (shared)
 *          nic ... nic  loopback              (link/)
 *
 * The link layer hands packets up by EtherType through interface->receive. Going out, stack_route() says by which interface and to which
 * neighbour: the forwarding table decides, unless the sender bound itself to an interface. Multicast and limited broadcast have no
 * route; they leave by the named interface, or by the one that the default route uses.
 *
 * Everything is freed by stack_destroy(), which the node calls when it ends. The tables that only some nodes need (path MTUs, fragments, ICMP
 * limits) are made when first needed, so that an idle host stays small. */
#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "internet/arp_host.h"
#include "internet/fragment.h"
#include "internet/icmp.h"
#include "internet/stack_internal.h"
#include "internet/way.h"
#include "link/arp.h"

static const struct event_type INTERFACE_UP_EVENT = {.name = "interface-up",
                                                     .protocol = "LINK",
                                                     .story = "{interface} is up",
                                                     .level = EVENT_DETAIL,
                                                     .fields = {{"interface", FIELD_TEXT}}};
static const struct event_type INTERFACE_DOWN_EVENT = {
    .name = "interface-down", .protocol = "LINK", .story = "{interface} is down", .fields = {{"interface", FIELD_TEXT}}};

enum { DEFAULT_TTL = 64 };
static const struct mac MAC_ALL_HOSTS = {{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}}; /* 224.0.0.1, RFC 1112 section 4 */

/* ---- from and to the interfaces ---- */

static void receive(struct interface *interface, struct frame *packet, uint16_t ethertype, struct mac source,
                    struct instant now)
{
    struct ip_interface *on = ip_interface_of(interface);
    switch (ethertype) {
    case ETHERTYPE_IPV4: ipv4_input(on, packet, now); break;
    case ETHERTYPE_IPV6: ipv6_input(on, packet, source, now); break;
    case ETHERTYPE_ARP: arp_host_input(on, packet, now); break;
    default: node_drop(interface->node, packet, DROP_ETHERNET_UNKNOWN_TYPE);
    }
}

static void carrier(struct interface *interface, bool up)
{
    struct ip_interface *on = ip_interface_of(interface);
    struct stack *stack = on->stack;
    struct instant now = stack_now(stack);
    if (event_wanted(stack->node))
        event_emit(stack->node, up ? &INTERFACE_UP_EVENT : &INTERFACE_DOWN_EVENT,
                   (union event_value[]){{.text = interface->name}});
    if (!up)
        neighbour_flush(&stack->neighbours, interface, now);
    list_each (link, &on->addresses) {
        const struct ip_address *address = list_entry(link, struct ip_address, link);
        if (up && address->active && address->info.prefix.address.family == 4)
            arp_announce(interface, &address->info.prefix.address, now);
    }
    ipv6_interface_running(on, up, now);
}

static struct ip_interface *interface_adopt(struct stack *stack, struct interface *interface)
{
    struct ip_interface *on = memory_take_zeroed(1, sizeof *on);
    on->stack = stack;
    on->interface = interface;
    list_init(&on->addresses);
    interface->layer3 = on;
    interface->receive = receive;
    interface->carrier = carrier;
    interface->up = true;
    list_push_back(&stack->interfaces, &interface->link);
    return on;
}

void stack_loop_back(struct stack *stack, struct frame *packet, uint16_t ethertype, struct instant now)
{
    struct interface *lo = list_entry(stack->interfaces.next, struct interface, link);
    lo->transmit(lo, packet, ethertype, &MAC_NONE, now);
}

/* ---- life ---- */

static void node_device_destroy(struct node *node) { stack_destroy(node->device); }

struct stack *stack_create(struct node *node, const struct stack_settings *settings)
{
    assert(!node->device);
    struct stack *stack = memory_take_zeroed(1, sizeof *stack);
    stack->node = node;
    stack->settings = *settings;
    if (stack->settings.default_ttl == 0)
        stack->settings.default_ttl = DEFAULT_TTL;
    list_init(&stack->interfaces);
    list_init(&stack->icmp_listeners);
    fib_init(&stack->fib4, 4);
    fib_init(&stack->fib6, 6);
    neighbour_cache_init(&stack->neighbours, node, stack, &ARP_NEIGHBOUR_OPS, &NDP_NEIGHBOUR_OPS);
    node->device = stack;
    node->device_destroy = node_device_destroy;
    ipv6_stack_create(stack);
    struct ip_interface *lo = interface_adopt(stack, interface_create_loopback(node, ++stack->interface_count));
    struct address_info home = {.interface = lo->interface->index,
                                .prefix = {.address = ip4(0x7f000001), .length = 8},
                                .preferred_until = INSTANT_NEVER,
                                .valid_until = INSTANT_NEVER};
    ip_interface_address_add(lo, &home);
    ipv6_interface_created(lo);
    return stack;
}

static void interface_release(struct stack *stack, struct interface *interface)
{
    struct ip_interface *on = ip_interface_of(interface);
    list_each (link, &on->addresses)
        ip_address_remove(list_entry(link, struct ip_address, link));
    ipv6_interface_destroyed(on);
    fib_remove_interface(&stack->fib4, on);
    fib_remove_interface(&stack->fib6, on);
    list_remove(&interface->link);
    interface_destroy(interface);
    memory_free(on);
}

void stack_destroy(struct stack *stack)
{
    struct node *node = stack->node;
    neighbour_cache_free(&stack->neighbours);
    fragment_table_free(stack);
    while (!list_empty(&stack->interfaces)) /* the loopback last */
        interface_release(stack, list_entry(stack->interfaces.previous, struct interface, link));
    ipv6_stack_destroy(stack);
    list_each (link, &stack->icmp_listeners)
        list_remove(link);
    fib_free(&stack->fib4);
    fib_free(&stack->fib6);
    memory_free(stack->pmtu);
    memory_free(stack->ports);
    memory_free(stack->icmp_limit);
    memory_free(stack->ways);
    memory_free(stack);
    node->device = NULL;
    node->device_destroy = NULL;
}

struct stack *stack_of(const struct node *node) { return node->device_destroy == node_device_destroy ? node->device : NULL; }
struct node *stack_node(const struct stack *stack) { return stack->node; }

struct interface *stack_interface_add(struct stack *stack, struct port *port, struct mac mac, uint32_t mtu)
{
    assert(stack->interface_count < LIMIT_INTERFACES);
    struct interface *interface = interface_create_nic(port, mac, mtu ? mtu : ETHERNET_MTU, ++stack->interface_count);
    struct ip_interface *on = interface_adopt(stack, interface);
    interface_join(interface, MAC_ALL_HOSTS);
    ipv6_interface_created(on);
    if (interface_running(interface))
        carrier(interface, true);
    return interface;
}

struct interface *stack_interface_next(struct stack *stack, struct interface *after)
{
    struct list *link = after ? after->link.next : stack->interfaces.next;
    return link == &stack->interfaces ? NULL : list_entry(link, struct interface, link);
}

struct interface *stack_interface_find(struct stack *stack, uint16_t index)
{
    for (struct interface *interface = NULL; (interface = stack_interface_next(stack, interface));)
        if (interface->index == index)
            return interface;
    return NULL;
}

struct interface *stack_interface_named(struct stack *stack, const char *name)
{
    for (struct interface *interface = NULL; (interface = stack_interface_next(stack, interface));)
        if (strcmp(interface->name, name) == 0)
            return interface;
    return NULL;
}

struct ip_interface *stack_ip_interface(const struct stack *stack, uint16_t index)
{
    struct interface *interface = stack_interface_find((struct stack *)stack, index);
    return interface ? ip_interface_of(interface) : NULL;
}

/* ---- the way ---- */

/* Where multicast and broadcast leave when the sender named no interface. */
static struct ip_interface *interface_for_groups(struct stack *stack, uint8_t family)
{
    struct ip any = ip_any(family);
    struct fib_entry entry;
    if (fib_find(stack_fib(stack, family), &any, NULL, &entry) && entry.hop->kind == HOP_UNICAST)
        return entry.hop->on;
    for (struct interface *interface = NULL; (interface = stack_interface_next(stack, interface));)
        if (!interface->loopback && interface_running(interface))
            return ip_interface_of(interface);
    return NULL;
}

static int route_on_link(struct stack *stack, const struct ip *destination, struct ip_interface *on, struct ip_hop *out)
{
    if (!on)
        on = interface_for_groups(stack, destination->family);
    if (!on)
        return IMP_UNREACHABLE;
    *out = (struct ip_hop){.on = on, .kind = ip_is_broadcast(destination) ? HOP_BROADCAST : HOP_UNICAST, .next = *destination};
    return 0;
}

static void hop_of(const struct next_hop *hop, const struct ip *destination, struct ip_hop *out)
{
    *out = (struct ip_hop){
        .on = hop->on, .kind = hop->kind, .next = hop->gateway.family ? hop->gateway : *destination, .source = hop->source};
}

int stack_route(struct stack *stack, const struct ip *destination, uint16_t interface, struct ip_hop *out)
{
    struct ip_interface *on = NULL;
    if (interface && !(on = stack_ip_interface(stack, interface)))
        return IMP_UNREACHABLE;
    if (ip_is_multicast(destination) || ip_is_broadcast(destination))
        return route_on_link(stack, destination, on, out);
    struct fib *fib = stack_fib(stack, destination->family);
    struct way *way = destination->family == 4 ? way_find(stack, destination) : NULL;
    const struct next_hop *hop = way ? way->hop : destination->family == 4 ? NULL : fib_lookup(fib, destination);
    if (hop && (!on || hop->kind == HOP_LOCAL)) {
        hop_of(hop, destination, out);
        out->known = way ? &way->neighbour : NULL;
        return 0;
    }
    if (!on)
        return IMP_UNREACHABLE;
    struct fib_entry entry;
    if (ip_is_link_local(destination) || !fib_find(fib, destination, on, &entry))
        return route_on_link(stack, destination, on, out);
    hop_of(entry.hop, destination, out);
    return 0;
}

int stack_path(struct stack *stack, const struct ip *destination, uint16_t interface, struct path *out)
{
    struct ip_hop hop;
    int error = stack_route(stack, destination, interface, &hop);
    if (error)
        return error;
    bool four = destination->family == 4;
    *out = (struct path){.interface = hop.on->interface->index,
                         .local = hop.kind == HOP_LOCAL,
                         .source = four ? ipv4_source(stack, &hop, destination) : ipv6_source(stack, &hop, destination)};
    if (out->local) {
        out->mtu = out->link_mtu = four ? 65535 : LOOPBACK_MTU;
    } else {
        out->link_mtu = four ? hop.on->interface->mtu : ipv6_link_mtu(hop.on);
        out->mtu = pmtu_get(stack, destination, out->link_mtu, stack_now(stack));
    }
    return out->source.family ? 0 : IMP_UNREACHABLE;
}

int stack_send(struct stack *stack, const struct packet_info *info, struct frame *payload)
{
    if (info->destination.family == 4)
        return ipv4_send(stack, info, payload);
    if (info->destination.family == 6)
        return ipv6_send(stack, info, payload);
    frame_release(payload);
    return IMP_INVALID;
}

bool stack_is_local(const struct stack *stack, const struct ip *address)
{
    if (address->family != 4 && address->family != 6)
        return false;
    const struct next_hop *hop = fib_lookup(stack_fib((struct stack *)stack, address->family), address);
    return hop && hop->kind == HOP_LOCAL;
}

bool stack_will_be_local(const struct stack *stack, const struct ip *address)
{
    const struct ip_address *own = stack_is_local(stack, address) ? NULL : stack_address_find(stack, address);
    return own ? own->info.state == ADDRESS_TENTATIVE : stack_is_local(stack, address);
}

uint32_t stack_pseudo_sum(const struct ip *source, const struct ip *destination, uint8_t protocol, uint32_t length)
{
    size_t bytes = ip_bits(source) / 8;
    uint32_t sum = checksum_partial(source->b, bytes, 0);
    sum = checksum_partial(destination->b, bytes, sum);
    const uint8_t rest[8] = {
        (uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8), (uint8_t)length, 0, 0, 0, protocol};
    return checksum_partial(rest, sizeof rest, sum);
}

void stack_confirm(struct stack *stack, const struct ip *destination)
{
    struct way *way = destination->family == 4 ? way_find(stack, destination) : NULL;
    struct neighbour *neighbour = way ? way->neighbour : NULL;
    if (!neighbour) {
        const struct next_hop *hop = fib_lookup(stack_fib(stack, destination->family), destination);
        if (!hop || hop->kind != HOP_UNICAST)
            return;
        neighbour = neighbour_find(&stack->neighbours, hop->on->interface, hop->gateway.family ? &hop->gateway : destination);
    }
    if (neighbour)
        neighbour_confirm(neighbour, stack_now(stack));
}

/* ---- the transports ---- */

static struct transport *transport_find(const struct stack *stack, uint8_t protocol)
{
    for (unsigned i = 0; i < LIMIT_TRANSPORTS && stack->transports[i].ops; i++)
        if (stack->transports[i].protocol == protocol)
            return (struct transport *)&stack->transports[i];
    return NULL;
}

void stack_transport_register(struct stack *stack, uint8_t protocol, const struct transport_ops *ops, void *context)
{
    struct transport *transport = transport_find(stack, protocol);
    for (unsigned i = 0; !transport && i < LIMIT_TRANSPORTS; i++)
        if (!stack->transports[i].ops)
            transport = &stack->transports[i];
    assert(transport);
    if (ops) {
        *transport = (struct transport){ops, context, protocol};
        return;
    }
    struct transport *last = transport; /* leaves: the last takes its place, so that there is no gap */
    while (last + 1 < stack->transports + LIMIT_TRANSPORTS && last[1].ops)
        last++;
    *transport = *last;
    *last = (struct transport){0};
}

void *stack_transport_context(const struct stack *stack, uint8_t protocol)
{
    const struct transport *transport = transport_find(stack, protocol);
    return transport ? transport->context : NULL;
}

void stack_deliver(struct stack *stack, const struct packet_info *info, struct frame *packet)
{
    const struct transport *transport = transport_find(stack, info->protocol);
    if (transport) {
        transport->ops->input(stack, transport->context, info, packet);
        return;
    }
    struct ip_interface *on = stack_ip_interface(stack, info->interface);
    if (info->source.family == 4)
        icmp_send_error(on, packet, ICMP_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE, 0, stack_now(stack));
    else
        icmpv6_send_error(on, packet, 4, 1, 6, stack_now(stack)); /* unrecognised next header, whose field is byte 6 */
    node_drop(stack->node, packet, DROP_IP_UNKNOWN_PROTOCOL);
}

bool stack_deliver_error(struct stack *stack, const struct packet_info *info, struct bytes quoted,
                         const struct stack_error *error)
{
    const struct transport *transport = transport_find(stack, info->protocol);
    if (!transport || !transport->ops->error)
        return true; /* nobody knows better: ping's packets, for one */
    return transport->ops->error(stack, transport->context, info, quoted, error);
}

void stack_refuse_port(struct stack *stack, const struct packet_info *info, struct frame *packet, enum drop_reason reason)
{
    struct ip_interface *on = stack_ip_interface(stack, info->interface);
    if (info->source.family == 4)
        icmp_send_error(on, packet, ICMP_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, stack_now(stack));
    else
        icmpv6_send_error(on, packet, 1, 4, 0, stack_now(stack));
    node_drop(stack->node, packet, reason);
}

void stack_icmp_listen(struct stack *stack, struct icmp_listener *listener)
{
    list_push_back(&stack->icmp_listeners, &listener->link);
}
void stack_icmp_unlisten(struct icmp_listener *listener) { list_remove(&listener->link); }

void stack_tell_listeners(struct stack *stack, uint8_t family, const struct packet_info *info, const uint8_t *message,
                          size_t length, struct instant now)
{
    list_each (link, &stack->icmp_listeners) {
        struct icmp_listener *listener = list_entry(link, struct icmp_listener, link);
        if (listener->family == 0 || listener->family == family)
            listener->message(listener, info, message, length, now);
    }
}
