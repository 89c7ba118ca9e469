/* How the kernel comes to stand where a virtual node stood.
 *
 * Each interface of the node gets a TAP device of its own name, MAC and MTU, and the kernel gets the node's addresses and routes as they
 * are at that moment, DHCP and router advertisements done. Frames that the kernel sends leave through the node's port, as if its own NIC had
 * sent them. Frames that arrive at the port are looked at by taken_receive(), which puts itself in the place of the NIC's receive:
 *
 *     ARP reply, neighbour advertisement            both: each keeps a neighbour cache
 *     router advertisement                          the virtual node, which keeps the lifetimes
 *     TCP or UDP for a port that a service of the   the virtual node: a DHCP client renews its lease, a web server
 *       virtual node has open                       goes on serving
 *     everything else                               the kernel
 *
 * So there is one station on the wire, with one MAC and one address, and two that share its ports. Services that bind their ports are the
 * exception and keep them; all other ports, every ping and every refusal are the kernel's.
 *
 * IPv6 is copied rather than learned again: the kernel would need seconds for duplicate address detection and a router solicitation, and
 * might choose other addresses than the ones the lab has seen.
 *
 * How frames cross, in large pieces where they can, is kernel_port.c's affair. */
#include "cli/takeover.h"

#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "cli/kernel_port.h"
#include "engine/frame.h"
#include "host/netlink.h"
#include "internet/stack.h"
#include "link/interface.h"
#include "net/net_config.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

enum { LOOK_BYTES = 14 + 60 + 8, ARP_REPLY = 2, ND_ROUTER_ADVERTISEMENT = 134, ND_NEIGHBOUR_ADVERTISEMENT = 136 };

struct taken {
    struct list link; /* in all_taken */
    struct takeover *takeover;
    struct port *port;
    struct interface *interface;
    void (*receive)(struct port *port, struct frame *frame_taken, struct instant now); /* the NIC's own */
    struct kernel_port kernel;
};
struct takeover {
    const struct live *live;
    struct stack *stack;
    struct taken *taken;
    size_t count;
};

/* A port's `receive` is given nothing but the port, so the ports that are taken are found here. */
static struct list all_taken = {&all_taken, &all_taken};

/* ---- whose frame is it? ---- */
enum receiver { FOR_KERNEL = 1, FOR_NODE = 2 };

static bool tcp_has(struct stack *stack, const struct endpoint *local, const struct endpoint *remote)
{
    struct endpoint at, peer;
    for (struct tcp_socket *s = NULL; (s = tcp_socket_next(tcp_of(stack), s));) {
        tcp_local(s, &at);
        tcp_remote(s, &peer);
        if (at.port == local->port &&
            (peer.port == 0 || (peer.port == remote->port && ip_equal(&peer.address, &remote->address))))
            return true;
    }
    return false;
}

static bool udp_has(struct stack *stack, const struct endpoint *local, const struct endpoint *remote)
{
    struct endpoint at, peer;
    for (struct udp_socket *s = NULL; (s = udp_socket_next(udp_of(stack), s));) {
        udp_socket_local(s, &at);
        udp_socket_remote(s, &peer);
        if (at.port == local->port &&
            (!peer.address.family || (peer.port == remote->port && ip_equal(&peer.address, &remote->address))))
            return true;
    }
    return false;
}

static enum receiver receiver_of_ports(struct stack *stack, struct reader *r, uint8_t protocol, const struct ip *source,
                                       const struct ip *destination)
{
    struct endpoint remote = {.address = *source, .port = reader_u16(r)};
    struct endpoint local = {.address = *destination, .port = reader_u16(r)};
    if (r->failed)
        return FOR_KERNEL;
    bool open = protocol == PROTOCOL_TCP ? tcp_has(stack, &local, &remote) : udp_has(stack, &local, &remote);
    return open ? FOR_NODE : FOR_KERNEL;
}

static enum receiver receiver_of_ipv4(struct stack *stack, struct reader *r)
{
    uint8_t header[20];
    reader_copy(r, header, sizeof(header));
    if (r->failed || (load_u16(header + 6) & 0x3fff)) /* fragments have no ports to go by */
        return FOR_KERNEL;
    reader_skip(r, (size_t)(header[0] & 0x0f) * 4 - sizeof(header));
    struct ip source = ip4_of_bytes(header + 12), destination = ip4_of_bytes(header + 16);
    if (header[9] != PROTOCOL_TCP && header[9] != PROTOCOL_UDP)
        return FOR_KERNEL;
    return receiver_of_ports(stack, r, header[9], &source, &destination);
}

static enum receiver receiver_of_ipv6(struct stack *stack, struct reader *r)
{
    uint8_t header[40];
    reader_copy(r, header, sizeof(header));
    struct ip source = ip6_of_bytes(header + 8), destination = ip6_of_bytes(header + 24);
    if (header[6] == PROTOCOL_TCP || header[6] == PROTOCOL_UDP)
        return receiver_of_ports(stack, r, header[6], &source, &destination);
    uint8_t type = header[6] == PROTOCOL_ICMPV6 ? reader_u8(r) : 0;
    if (type == ND_ROUTER_ADVERTISEMENT)
        return FOR_NODE;
    return type == ND_NEIGHBOUR_ADVERTISEMENT ? FOR_NODE | FOR_KERNEL : FOR_KERNEL;
}

static enum receiver receiver_of(struct stack *stack, const struct frame *frame)
{
    uint8_t start[LOOK_BYTES];
    uint32_t length = frame_total(frame) < sizeof(start) ? frame_total(frame) : sizeof(start);
    frame_copy_out(frame, 0, start, length);
    struct reader r = reader_of(start, length);
    reader_skip(&r, ETHERNET_HEADER_BYTES - 2);
    switch (reader_u16(&r)) {
    case ETHERTYPE_IPV4: return receiver_of_ipv4(stack, &r);
    case ETHERTYPE_IPV6: return receiver_of_ipv6(stack, &r);
    case ETHERTYPE_ARP: reader_skip(&r, 6); return reader_u16(&r) == ARP_REPLY ? FOR_NODE | FOR_KERNEL : FOR_KERNEL;
    default: return FOR_KERNEL;
    }
}

/* ---- frames for both ---- */
static void taken_receive(struct port *port, struct frame *frame, struct instant now)
{
    list_each (link, &all_taken) {
        struct taken *taken = list_entry(link, struct taken, link);
        if (taken->port != port)
            continue;
        enum receiver receiver = receiver_of(taken->takeover->stack, frame);
        if (receiver == (FOR_KERNEL | FOR_NODE))
            kernel_port_receive(&taken->kernel, frame_hold(frame));
        if (receiver == FOR_KERNEL)
            kernel_port_receive(&taken->kernel, frame);
        else
            taken->receive(port, frame, now);
        return;
    }
}

/* ---- the node's configuration ---- */
static struct net *net_of(const struct live *live) { return world_net(live->world, live->node_name); }

void takeover_resolv_conf(const struct live *live, struct text *out)
{
    const struct resolver_config *resolver = net_resolver(net_of(live));
    char address[IP_TEXT_BYTES];
    for (unsigned i = 0; i < resolver->server_count; i++)
        text_format(out, "nameserver %s\n", ip_print(&resolver->servers[i].address, address, sizeof(address)));
    if (resolver->search[0])
        text_format(out, "search %s\n", resolver->search);
}

void takeover_hosts(const struct live *live, struct text *out)
{
    struct net *net = net_of(live);
    const struct resolver_config *resolver = net_resolver(net);
    char address[IP_TEXT_BYTES];
    struct address_info info;
    text_add(out, "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    for (size_t at = 0; net_address_next(net, &at, &info) == 0;)
        if (!ip_is_loopback(&info.prefix.address) && !ip_is_link_local(&info.prefix.address))
            text_format(out, "%s %s\n", ip_print(&info.prefix.address, address, sizeof(address)), live->node_name);
    for (unsigned i = 0; i < resolver->host_count; i++)
        text_format(out, "%s %s\n", ip_print(&resolver->hosts[i].address, address, sizeof(address)), resolver->hosts[i].name);
}

static struct taken *taken_find(struct takeover *takeover, uint16_t interface)
{
    for (size_t i = 0; i < takeover->count; i++)
        if (takeover->taken[i].interface->index == interface)
            return &takeover->taken[i];
    return NULL;
}

static int copy_addresses(struct takeover *takeover, int netlink, char *error, size_t error_bytes)
{
    struct address_info info;
    char text[PREFIX_TEXT_BYTES];
    for (size_t at = 0; net_address_next(net_of(takeover->live), &at, &info) == 0;) {
        struct taken *taken = taken_find(takeover, info.interface);
        if (!taken || info.state == ADDRESS_TENTATIVE || info.state == ADDRESS_DUPLICATE)
            continue;
        int failed = netlink_address_add(netlink, taken->kernel.tap.interface, &info.prefix);
        /* A kernel without IPv6 is no reason to do without IPv4. */
        if (failed && failed != IMP_IN_USE && info.prefix.address.family == 4) {
            snprintf(error, error_bytes, "the kernel does not take the address %s: %s",
                     prefix_print(&info.prefix, text, sizeof(text)), imp_error_text(failed));
            return failed;
        }
    }
    return 0;
}

/* Routes on the link first: the gateways of the others are found through them. */
static int copy_routes(struct takeover *takeover, int netlink, bool with_gateway, char *error, size_t error_bytes)
{
    struct route_info info;
    char text[PREFIX_TEXT_BYTES];
    for (size_t at = 0; net_route_next(net_of(takeover->live), &at, &info) == 0;) {
        struct taken *taken = taken_find(takeover, info.interface);
        if (!taken || info.origin == ROUTE_CONNECTED || (info.gateway.family != 0) != with_gateway)
            continue;
        int failed = netlink_route_add(netlink, taken->kernel.tap.interface, &info.destination, &info.gateway, &info.source,
                                       info.metric);
        if (failed && failed != IMP_IN_USE && info.destination.address.family == 4) {
            snprintf(error, error_bytes, "the kernel does not take the route to %s: %s",
                     prefix_print(&info.destination, text, sizeof(text)), imp_error_text(failed));
            return failed;
        }
    }
    return 0;
}

static int configure(struct takeover *takeover, char *error, size_t error_bytes)
{
    int netlink = netlink_open(), failed = netlink < 0 ? netlink : 0;
    for (size_t i = 0; !failed && i < takeover->count; i++)
        if (takeover->taken[i].interface->up)
            failed = netlink_link_up(netlink, takeover->taken[i].kernel.tap.interface);
    if (failed)
        snprintf(error, error_bytes, "the TAP device does not come up: %s", imp_error_text(failed));
    if (!failed)
        failed = copy_addresses(takeover, netlink, error, error_bytes);
    if (!failed)
        failed = copy_routes(takeover, netlink, false, error, error_bytes);
    if (!failed)
        failed = copy_routes(takeover, netlink, true, error, error_bytes);
    if (netlink >= 0)
        close(netlink);
    return failed;
}

/* ---- beginning and end ---- */
static int take(struct takeover *takeover, struct interface *interface, char *error, size_t error_bytes)
{
    struct taken *taken = &takeover->taken[takeover->count];
    int failed = kernel_port_open(&taken->kernel, takeover->live->loop, interface->port, interface->name, interface->mac,
                                  interface->mtu, error, error_bytes);
    if (failed)
        return failed;
    taken->takeover = takeover;
    taken->interface = interface;
    taken->port = interface->port;
    taken->receive = interface->port->receive;
    interface->port->receive = taken_receive;
    list_push_back(&all_taken, &taken->link);
    takeover->count++;
    return 0;
}

int takeover_start(const struct live *live, struct takeover **out, char *error, size_t error_bytes)
{
    struct takeover *takeover = memory_take_zeroed(1, sizeof(*takeover));
    size_t count = 0;
    int failed = 0;
    takeover->live = live;
    takeover->stack = world_stack(live->world, live->node_name);
    for (struct interface *i = NULL; (i = stack_interface_next(takeover->stack, i));)
        count++;
    takeover->taken = memory_take_zeroed(count, sizeof(*takeover->taken));
    for (struct interface *i = NULL; !failed && (i = stack_interface_next(takeover->stack, i));)
        if (i->port)
            failed = take(takeover, i, error, error_bytes);
    if (!failed)
        failed = configure(takeover, error, error_bytes);
    if (failed)
        takeover_end(takeover);
    else
        *out = takeover;
    return failed;
}

void takeover_end(struct takeover *takeover)
{
    if (!takeover)
        return;
    for (size_t i = 0; i < takeover->count; i++) {
        struct taken *taken = &takeover->taken[i];
        list_remove(&taken->link);
        taken->port->receive = taken->receive;
        kernel_port_close(&taken->kernel);
    }
    memory_free(takeover->taken);
    memory_free(takeover);
}
