/* The DHCP server: a socket around lease.c.
 *
 * One UDP socket on port 67, bound to the port it serves, with no task of its own: each message is parsed, put to
 * dhcp_leases_answer(), and its reply sent to where RFC 2131 section 4.1 says:
 *
 *   through a relay         to the relay, port 67                            (also for clients of other subnets, see `subnet`)
 *   a client with an address   to that address, through the stack
 *   one that asks for it, and every Nak   to 255.255.255.255
 *   else                    to the offered address at the client's MAC: as a frame made by hand, since nobody answers ARP for it yet
 *
 * The server's own address on that port is its identifier, looked up for each message, so that a change of address is
 * followed. A message that breaks its format is counted as dhcp-malformed, one that asks in vain since every address is taken as dhcp-no-address.
 *
 * There are no timers: a lease is over when somebody asks and its time has passed. Left out on purpose: see lease.c. */
#include "application/dhcp/server.h"

#include <stdio.h>
#include <string.h>

#include "application/dhcp/frame.h"
#include "application/dhcp/story.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/node.h"
#include "net/net_config.h"

struct dhcp_server {
    struct net *net;
    const struct dhcp_pool *pool;
    struct interface_info interface;
    struct udp udp;
    struct dhcp_leases leases;
};

const struct dhcp_lease *dhcp_server_lease_next(const void *state, size_t *at)
{
    const struct dhcp_server *server = state;
    void *lease;
    return map_next(&server->leases.by_address, at, NULL, NULL, &lease) ? lease : NULL;
}

/* Our address on the port: the one whose network holds the pool, else (when the pool is a relay's) the first. */
static bool own_address(struct dhcp_server *server, struct prefix *out)
{
    struct address_info info;
    bool found = false;
    for (size_t at = 0; net_address_next(server->net, &at, &info) == 0;) {
        if (info.interface != server->interface.index || info.prefix.address.family != 4)
            continue;
        if (!found || prefix_contains(&info.prefix, &server->pool->range.first))
            *out = info.prefix;
        found = true;
    }
    return found;
}

/* To a client that has no address yet: nobody would answer ARP for it, so the frame is made by hand. */
static int send_by_mac(struct dhcp_server *server, const struct ip *source, const struct endpoint *to, struct mac mac,
                       struct bytes message)
{
    uint8_t bytes[DHCP_FRAME_BYTES_MAX];
    struct dhcp_frame frame = {.source_mac = server->interface.mac,
                               .destination_mac = mac,
                               .source = {.address = *source, .port = DHCP_SERVER_PORT},
                               .destination = *to};
    struct packet_options options = {.interface = server->interface.index,
                                     .ethertype = 0x88b5}; /* only to send: a type nobody uses */
    struct packet packet;
    int length = dhcp_frame_build(&frame, message, bytes, sizeof bytes);
    int error = length < 0 ? length : net_packet(server->net, &options, &packet);
    if (error)
        return error;
    error = packet_send(packet, server->interface.index, bytes, (size_t)length);
    packet_close(packet);
    return error;
}

static void send_reply(struct dhcp_server *server, const struct dhcp_message *message, const struct dhcp_message *reply)
{
    uint8_t bytes[LIMIT_DHCP_MESSAGE_BYTES];
    /* The client says how large an IP packet it takes; every client takes 576 (RFC 2132 section 9.10). */
    size_t limit = message->size_max > 576 ? message->size_max - 28u : LIMIT_DHCP_REPLY_BYTES;
    int length = dhcp_build(reply, bytes, limit < sizeof bytes ? limit : sizeof bytes);
    if (length < 0)
        return;
    bool by_mac;
    struct endpoint to = dhcp_reply_destination(message, reply, &by_mac);
    to.interface = message->relay.family ? 0 : server->interface.index;
    bool to_all = !by_mac && ip_is_broadcast(&to.address);
    dhcp_tell_message(server->net, reply, to_all ? MAC_BROADCAST : message->mac);
    if (by_mac)
        send_by_mac(server, &reply->server, &to, message->mac, (struct bytes){bytes, (size_t)length});
    else
        udp_send(server->udp, bytes, (size_t)length, &to);
}

static void serve(struct udp udp, const struct udp_request *request, void *argument)
{
    struct dhcp_server *server = argument;
    struct dhcp_message message, reply;
    struct prefix own;
    const struct dhcp_lease *lease;
    (void)udp;
    if (dhcp_parse(request->data, request->length, &message)) {
        net_node(server->net)->drops[DROP_DHCP_MALFORMED]++;
        return;
    }
    if (!own_address(server, &own))
        return;
    struct dhcp_arrival arrival = {.pool = server->pool,
                                   .subnet = server->pool->subnet.address.family ? server->pool->subnet : own,
                                   .server = own.address,
                                   .now = net_now(server->net)};
    /* A relay's address tells the client's subnet: another pool's clients are another instance's business. */
    const struct ip *where = message.relay.family ? &message.relay : &server->pool->range.first;
    if (!prefix_contains(&arrival.subnet, where))
        return;
    if (dhcp_leases_answer(&server->leases, &arrival, &message, &reply, &lease)) {
        send_reply(server, &message, &reply);
    } else if (message.type == DHCP_DISCOVER && !message.reply) { /* section 4.3.1: no offer, but the operator should know */
        net_node(server->net)->drops[DROP_DHCP_NO_ADDRESS]++;
        dhcp_tell_exhausted(server->net, message.mac, &server->pool->range.first, &server->pool->range.last);
    }
}

static int start(const struct service_start *start, void **state)
{
    struct dhcp_server *server = arena_take(start->arena, sizeof *server);
    server->net = start->net;
    server->pool = start->config;
    int error = net_interface_find(start->net, server->pool->port, &server->interface);
    struct udp_options options = {
        .local = {.address = ip_any(4), .port = DHCP_SERVER_PORT}, .interface = server->interface.index, .broadcast = true};
    if (!error)
        error = net_udp(start->net, &options, &server->udp);
    if (!error)
        error = udp_serve(server->udp, "dhcp-server", LIMIT_DHCP_TASKS, serve, server);
    if (error)
        snprintf(start->error, start->error_bytes, "dhcp-server: cannot listen on port %s: %s", server->pool->port,
                 imp_error_text(error));
    *state = server;
    return error;
}

static void stop(void *state)
{
    struct dhcp_server *server = state;
    dhcp_leases_free(&server->leases);
}

static int check(const void *config, const char **key_out, char *error, size_t error_bytes)
{
    *key_out = "range";
    return dhcp_pool_check(config, error, error_bytes);
}

static const char *gives(const void *config, size_t at, const char **port_out, struct config_range *range_out)
{
    const struct dhcp_pool *pool = config;
    *port_out = pool->port;
    if (pool->subnet.address.family || at > pool->reservation_count) /* a relay's clients are elsewhere */
        return NULL;
    const struct ip *kept = at ? &pool->reservations[at - 1].address : NULL;
    *range_out = kept ? (struct config_range){*kept, *kept} : pool->range;
    return kept ? "reservations" : "range";
}

#define POOL(member) offsetof(struct dhcp_pool, member)
static const struct config_key RESERVATION_KEYS[] = {{.name = "value",
                                                      .kind = CONFIG_IP,
                                                      .required = true,
                                                      .offset = offsetof(struct dhcp_reservation, address),
                                                      .about = "The address that is kept for this client."},
                                                     {.name = NULL}};
static const struct config_key KEYS[] = {
    {.name = "port",
     .kind = CONFIG_PORT_NAME,
     .required = true,
     .offset = POOL(port),
     .about = "The port whose network is served."},
    {.name = "range",
     .kind = CONFIG_RANGE,
     .required = true,
     .offset = POOL(range),
     .about = "The addresses to give, the first and the last."},
    {.name = "lease",
     .kind = CONFIG_DURATION,
     .offset = POOL(lease_ns),
     .minimum = (uint64_t)NS_PER_S,
     .maximum = UINT32_MAX * (uint64_t)NS_PER_S - (uint64_t)NS_PER_S, /* all ones would be "for ever" (RFC 2131 section 3.3) */
     .fallback = "12h",
     .about = "How long a client may keep an address before it must ask again."},
    {.name = "router",
     .kind = CONFIG_IP,
     .list = true,
     .offset = POOL(routers),
     .count_offset = POOL(router_count),
     .about = "The default router that clients are told; the server's own address on the port unless given, none for 0.0.0.0."},
    {.name = "dns",
     .kind = CONFIG_IP,
     .list = true,
     .offset = POOL(dns),
     .count_offset = POOL(dns_count),
     .about = "The resolvers that clients are told."},
    {.name = "domain", .kind = CONFIG_TEXT, .offset = POOL(domain), .about = "The domain that clients search names in."},
    {.name = "ntp",
     .kind = CONFIG_IP,
     .list = true,
     .offset = POOL(ntp),
     .count_offset = POOL(ntp_count),
     .about = "The time servers that clients are told."},
    {.name = "reservations",
     .kind = CONFIG_MAP,
     .offset = POOL(reservations),
     .count_offset = POOL(reservation_count),
     .keys = RESERVATION_KEYS,
     .element_bytes = sizeof(struct dhcp_reservation),
     .about = "Addresses kept for certain clients, by MAC address or by the host name that they send."},
    {.name = "subnet",
     .kind = CONFIG_PREFIX,
     .offset = POOL(subnet),
     .about = "The clients' network, when they are behind a relay; the port's own unless given."},
    {.name = NULL}};

const struct service DHCP_SERVER_SERVICE = {
    .name = "dhcp-server",
    .udp_port = DHCP_SERVER_PORT,
    .summary = "Gives IPv4 addresses and configuration to hosts of one network (RFC 2131).",
    .config_bytes = sizeof(struct dhcp_pool),
    .keys = KEYS,
    .check = check,
    .gives = gives,
    .start = start,
    .stop = stop,
};
