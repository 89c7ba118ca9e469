/* The DHCP client: sockets, addresses and routes around client_machine.c.
 *
 * A conversation (asking for an address, renewing one) is a task. It holds a packet socket while there is no address, since nothing but whole
 * frames can be sent from 0.0.0.0 and received for an address that is not ours yet; and a UDP socket on port 68, for renewing and so that
 * a server's unicast is not answered with "port unreachable". When the machine is bound, the task ends, everything it held is given back,
 * and a timer starts the next conversation when the lease is half over: a bound host costs one small struct.
 *
 *   timer -> converse(): [ due? -> machine -> send, bind, unbind ] [ wait for a message until due -> machine -> ... ] until bound
 *
 * Between an acknowledgement and the use of its address the client probes by ARP (RFC 5227) through a second packet socket. Binding means: the
 * address with its lifetime, the default route or the classless ones (RFC 3442: then the router option counts for nothing), the
 * resolvers and the domain. Unbinding takes away the address and all routes of this port that DHCP brought.
 *
 * dhclient asks for a release or a new beginning. A conversation that is under way is told by a flag, and looks at it whenever it wakes.
 *
 * Left out on purpose: NTP and MTU settings, and several servers' offers compared. */
#include "application/dhcp/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "application/dhcp/frame.h"
#include "application/dhcp/story.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/node.h"
#include "engine/task.h"
#include "net/net_config.h"

struct dhcp_client {
    struct net *net;
    const char *port;
    uint16_t interface;
    struct dhcp_machine machine;
    struct timer timer; /* starts the next conversation */
    bool talking;       /* a conversation is under way */
    bool asked_to_stop, asked_to_start;
    struct mac server_mac;    /* who sent the last acknowledgement, for the story; MAC_BROADCAST when not known */
    struct condition changed; /* a conversation has ended, or it is bound */
    const struct dhcp_client_watch *watch;
    struct dhcp_client *next; /* of the same node */
};

struct conversation {
    struct dhcp_client *client;
    struct udp udp;
    struct packet packet;
    struct dhcp_message ack; /* the last one that the machine took */
    struct dhcp_client_output out;
    uint8_t frame[DHCP_FRAME_BYTES_MAX];
};

static const char SHELF[] = "dhcp-client"; /* under this name the node's clients can be found */

static uint32_t dice(struct net *net) { return (uint32_t)net_random(net); }

__attribute__((format(printf, 2, 3))) static void say(const struct dhcp_client *client, const char *format, ...)
{
    if (!client->watch || !client->watch->line)
        return;
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    client->watch->line(client->watch->context, line);
}

/* ---- the address and what comes with it ---- */

struct lease_routes {
    struct route_info list[LIMIT_DHCP_ROUTES + 1];
    size_t count;
};

/* True, and taken out of `routes`, when it is one of them. */
static bool take_route(struct lease_routes *routes, const struct route_info *route)
{
    for (size_t i = 0; i < routes->count; i++) {
        const struct route_info *wanted = &routes->list[i];
        if (prefix_equal(&wanted->destination, &route->destination) && ip_equal(&wanted->gateway, &route->gateway) &&
            ip_equal(&wanted->source, &route->source)) {
            routes->list[i] = routes->list[--routes->count];
            return true;
        }
    }
    return false;
}

/* Removes every route of this port that DHCP brought, but those in `kept`, which are taken out of there. Positions shift when one goes, so
 * each search begins anew. */
static void remove_routes(const struct dhcp_client *client, struct lease_routes *kept)
{
    struct lease_routes left = *kept;
    struct route_info route;
    for (size_t at = 0; net_route_next(client->net, &at, &route) == 0;) {
        if (route.origin != ROUTE_DHCP || route.interface != client->interface || take_route(&left, &route))
            continue;
        if (net_route_remove(client->net, &route))
            break;
        at = 0;
        left = *kept;
    }
    *kept = left;
}

static void want_route(const struct dhcp_client *client, struct lease_routes *routes, struct prefix destination,
                       const struct ip *gateway)
{
    routes->list[routes->count++] = (struct route_info){.destination = destination,
                                                        .gateway = ip_is_any(gateway) ? (struct ip){0} : *gateway,
                                                        .interface = client->interface,
                                                        .origin = ROUTE_DHCP,
                                                        .source = client->machine.address};
}

static void bind_lease(struct dhcp_client *client, const struct dhcp_message *ack)
{
    const struct dhcp_machine *machine = &client->machine;
    struct net *net = client->net;
    struct address_info address = {.interface = client->interface,
                                   .prefix = {machine->address, machine->prefix_length},
                                   .origin = ADDRESS_DHCP,
                                   .preferred_until = machine->end_at,
                                   .valid_until = machine->end_at};
    net_address_add(net, &address);
    struct lease_routes routes = {.count = 0}; /* a renewal that changes none leaves them in place */
    for (size_t i = 0; i < ack->route_count; i++)
        want_route(client, &routes, ack->routes[i].destination, &ack->routes[i].gateway);
    if (!ack->route_count && ack->routers[0].family)
        want_route(client, &routes, (struct prefix){ip_any(4), 0}, &ack->routers[0]);
    remove_routes(client, &routes);
    for (size_t i = 0; i < routes.count; i++)
        net_route_add(net, &routes.list[i]);
    struct endpoint servers[RESOLVER_SERVERS_MAX];
    unsigned count = 0;
    for (; count < LIMIT_DHCP_ADDRESSES && count < RESOLVER_SERVERS_MAX && ack->dns[count].family; count++)
        servers[count] = (struct endpoint){.address = ack->dns[count], .port = 53};
    if (count)
        net_resolver_set(net, servers, count, ack->domain);
    int64_t renew_in = instant_is_never(machine->renew_at) ? INT64_MAX : instant_since(machine->renew_at, net_now(net));
    if (renew_in != INT64_MAX) /* in whole seconds: that is what a lease is counted in */
        renew_in = (renew_in + NS_PER_S / 2) / NS_PER_S * NS_PER_S;
    dhcp_tell_bound(net, &address.prefix, renew_in);
    char text[IP_TEXT_BYTES];
    say(client, "bound to %s -- renewal in %lld seconds.", ip_print(&machine->address, text, sizeof text),
        (long long)(renew_in / NS_PER_S));
}

static void unbind_lease(struct dhcp_client *client, const struct prefix *address)
{
    remove_routes(client, &(struct lease_routes){.count = 0});
    net_address_remove(client->net, client->interface, address);
}

/* ---- sending ---- */

static void say_sent(const struct dhcp_client *client, const struct dhcp_message *message, const struct ip *to)
{
    char name[16], address[IP_TEXT_BYTES], target[IP_TEXT_BYTES];
    snprintf(name, sizeof name, "%s", dhcp_type_name(message->type));
    for (char *p = name; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    ip_print(to, target, sizeof target);
    int64_t wait_s = (instant_since(client->machine.due, net_now(client->net)) + NS_PER_S / 2) / NS_PER_S;
    if (message->type == DHCP_DISCOVER)
        say(client, "DHCPDISCOVER on %s to %s port 67 interval %lld", client->port, target, (long long)wait_s);
    else
        say(client, "DHCP%s of %s on %s to %s port 67", name, ip_print(&client->machine.address, address, sizeof address),
            client->port, target);
}

/* By UDP when there is an address, else as a frame. */
static void send_message(struct conversation *c)
{
    struct dhcp_client *client = c->client;
    const struct dhcp_message *message = &c->out.message;
    uint8_t bytes[LIMIT_DHCP_MESSAGE_BYTES];
    int length = dhcp_build(message, bytes, sizeof bytes);
    if (length < 0)
        return;
    bool to_all = ip_is_broadcast(&c->out.destination);
    say_sent(client, message, &c->out.destination);
    dhcp_tell_message(client->net, message, to_all ? MAC_BROADCAST : client->server_mac);
    struct endpoint to = {.address = c->out.destination, .port = DHCP_SERVER_PORT};
    if (message->client.family) {
        to.interface = to_all ? client->interface : 0;
        udp_send(c->udp, bytes, (size_t)length, &to);
        return;
    }
    struct dhcp_frame frame = {.source_mac = client->machine.mac,
                               .destination_mac = MAC_BROADCAST,
                               .source = {.address = ip_any(4), .port = DHCP_CLIENT_PORT},
                               .destination = to};
    int framed = dhcp_frame_build(&frame, (struct bytes){bytes, (size_t)length}, c->frame, sizeof c->frame);
    if (framed > 0)
        packet_send(c->packet, client->interface, c->frame, (size_t)framed);
}

static void perform(struct conversation *c)
{
    if (c->out.send)
        send_message(c);
    if (c->out.act == DHCP_ACT_BIND)
        bind_lease(c->client, &c->ack);
    if (c->out.act == DHCP_ACT_UNBIND) {
        if (c->client->machine.state != DHCP_CLIENT_STOPPED)
            dhcp_tell_lost(c->client->net, &c->out.unbound.address, c->out.refused);
        unbind_lease(c->client, &c->out.unbound);
    }
}

/* ---- receiving ---- */

static void hear(struct conversation *c, struct bytes data, struct mac from)
{
    struct dhcp_machine *machine = &c->client->machine;
    struct net *net = c->client->net;
    struct dhcp_message message;
    char address[IP_TEXT_BYTES], server[IP_TEXT_BYTES];
    if (dhcp_parse(data.data, data.length, &message)) {
        net_node(net)->drops[DROP_DHCP_MALFORMED]++;
        return;
    }
    if (!dhcp_machine_hear(machine, &message, net_now(net), dice(net), &c->out))
        return;
    say(c->client, "DHCP%s of %s from %s",
        message.type == DHCP_OFFER ? "OFFER"
        : message.type == DHCP_ACK ? "ACK"
                                   : "NAK",
        ip_print(&message.your, address, sizeof address), ip_print(&message.server, server, sizeof server));
    if (message.type == DHCP_ACK) {
        c->ack = message;
        c->client->server_mac = from;
    }
    perform(c);
}

/* Waits for one message until the machine is due. 0, IMP_TIMEOUT, or an error that ends the conversation. */
static int receive(struct conversation *c)
{
    struct net *net = c->client->net;
    struct wait_source sources[] = {wait_on(WAIT_PACKET, c->packet), wait_on(WAIT_UDP, c->udp)};
    int which = net_wait(net, sources, count_of(sources), c->client->machine.due);
    if (which < 0)
        return which;
    if (which == 1) { /* with an address, the stack delivers; without one, this is what the packet socket has seen too */
        struct endpoint from;
        ssize_t n = udp_receive(c->udp, c->frame, sizeof c->frame, &from, net_now(net));
        bool extending = c->client->machine.state == DHCP_CLIENT_RENEWING || c->client->machine.state == DHCP_CLIENT_REBINDING;
        if (n > 0 && extending && from.port == DHCP_SERVER_PORT)
            hear(c, (struct bytes){c->frame, (size_t)n}, c->client->server_mac);
        return n == IMP_CANCELLED ? IMP_CANCELLED : 0;
    }
    ssize_t n = packet_receive(c->packet, c->frame, sizeof c->frame, NULL, net_now(net));
    struct dhcp_frame frame;
    struct bytes data;
    bool extending = c->client->machine.state == DHCP_CLIENT_RENEWING || c->client->machine.state == DHCP_CLIENT_REBINDING;
    if (n > 0 && !extending && dhcp_frame_parse(c->frame, (size_t)n, &frame, &data) == 0 &&
        frame.destination.port == DHCP_CLIENT_PORT && frame.source.port == DHCP_SERVER_PORT)
        hear(c, data, frame.source_mac);
    return n == IMP_CANCELLED || n == IMP_STALE ? (int)n : 0;
}

/* Asks by ARP whether somebody has the address, and waits until the machine is due. 0 (nobody), 1 (a conflict), or an error. */
static int probe(struct conversation *c, struct mac *who)
{
    struct dhcp_client *client = c->client;
    struct packet_options options = {.interface = client->interface, .ethertype = 0x0806};
    struct packet arp;
    uint8_t frame[64];
    int error = net_packet(client->net, &options, &arp);
    if (error)
        return error;
    dhcp_probe_build(client->machine.mac, &client->machine.address, frame);
    packet_send(arp, client->interface, frame, ARP_FRAME_BYTES);
    int result = 0;
    for (;;) {
        ssize_t n = packet_receive(arp, frame, sizeof frame, NULL, client->machine.due);
        if (n == IMP_TIMEOUT)
            break;
        if (n < 0)
            result = (int)n;
        else if (dhcp_probe_conflict(frame, (size_t)n, client->machine.mac, &client->machine.address, who))
            result = 1;
        if (result)
            break;
    }
    packet_close(arp);
    return result;
}

/* ---- a conversation ---- */

/* One turn of the machine: what is due, or what arrives before. */
static int step(struct conversation *c)
{
    struct dhcp_machine *machine = &c->client->machine;
    struct net *net = c->client->net;
    if (machine->state == DHCP_CLIENT_PROBING) {
        struct mac who;
        struct ip address = machine->address;
        int found = probe(c, &who);
        if (found < 0)
            return found;
        if (found) {
            dhcp_tell_conflict(net, &address, who);
            dhcp_machine_conflict(machine, net_now(net), &c->out);
            perform(c);
            return 0;
        }
    }
    if (instant_reached(net_now(net), machine->due)) {
        dhcp_machine_due(machine, net_now(net), dice(net), &c->out);
        perform(c);
        return 0;
    }
    int error = receive(c);
    return error == IMP_TIMEOUT ? 0 : error;
}

static int open_sockets(struct conversation *c)
{
    struct dhcp_client *client = c->client;
    struct interface_info info;
    struct udp_options udp = {
        .local = {.address = ip_any(4), .port = DHCP_CLIENT_PORT}, .interface = client->interface, .broadcast = true};
    struct packet_options packet = {.interface = client->interface, .ethertype = 0x0800};
    int error = net_interface_find(client->net, client->port, &info);
    if (error)
        return error;
    client->machine.mac = info.mac; /* looked up each time: a person may have changed it */
    error = net_udp(client->net, &udp, &c->udp);
    if (error)
        return error;
    error = net_packet(client->net, &packet, &c->packet);
    if (error)
        udp_close(c->udp);
    return error;
}

static void release_now(struct conversation *c)
{
    dhcp_machine_release(&c->client->machine, dice(c->client->net), &c->out);
    perform(c);
}

static void fire(struct timer *timer, struct instant now);

static void schedule(struct dhcp_client *client, struct instant due)
{
    timer_set(net_node(client->net), &client->timer, due, fire);
}

static void converse(struct net *net, void *argument)
{
    struct dhcp_client *client = argument;
    struct conversation *c = memory_take_zeroed(1, sizeof *c);
    c->client = client;
    int error = open_sockets(c);
    while (!error) {
        if (client->asked_to_stop) {
            release_now(c);
            client->asked_to_stop = false;
        } else if (client->asked_to_start) {
            dhcp_machine_start(&client->machine, net_now(net));
            client->asked_to_start = false;
        }
        enum dhcp_client_state state = client->machine.state;
        if (state == DHCP_CLIENT_STOPPED || (state == DHCP_CLIENT_BOUND && !instant_reached(net_now(net), client->machine.due)))
            break;
        error = step(c);
    }
    if (!error) {
        packet_close(c->packet);
        udp_close(c->udp);
    }
    memory_free(c);
    client->talking = false;
    if (error == IMP_CANCELLED)
        return;
    schedule(client, error ? instant_add(net_now(net), NS_PER_S) : client->machine.due); /* an error: no room now, try again */
    condition_wake(&client->changed);
}

static void fire(struct timer *timer, struct instant now)
{
    struct dhcp_client *client = container_of(timer, struct dhcp_client, timer);
    if (client->talking)
        return;
    if (net_spawn(client->net, "dhcp-client", converse, client) == 0)
        client->talking = true;
    else
        schedule(client, instant_add(now, NS_PER_S));
}

/* ---- what dhclient asks for ---- */

static struct dhcp_client *client_find(struct net *net, const char *port)
{
    struct dhcp_client *client = net_shelf_get(net, SHELF);
    while (client && port && strcmp(client->port, port) != 0)
        client = client->next;
    return client;
}

/* Has the conversation look at its flags: starts one, or lets the one under way wake at once. */
static void nudge(struct dhcp_client *client)
{
    struct instant now = net_now(client->net);
    if (!client->talking)
        schedule(client, now);
}

static int await(struct dhcp_client *client, enum dhcp_client_state state, struct instant deadline)
{
    int error = 0;
    while (!error && (client->talking || timer_pending(&client->timer)) &&
           (client->asked_to_stop || client->asked_to_start || client->machine.state != state))
        error = condition_wait(&client->changed, deadline);
    return error;
}

int dhcp_client_release(struct net *net, const char *port, const struct dhcp_client_watch *watch)
{
    struct dhcp_client *client = client_find(net, port);
    if (!client)
        return IMP_NOT_FOUND;
    if (client->machine.state == DHCP_CLIENT_STOPPED)
        return IMP_CLOSED;
    client->watch = watch;
    client->asked_to_stop = true;
    nudge(client);
    int error =
        await(client, DHCP_CLIENT_STOPPED, instant_add(net_now(net), 70 * NS_PER_S)); /* at most one retransmission's pause */
    client->watch = NULL;
    return error;
}

int dhcp_client_obtain(struct net *net, const char *port, struct instant deadline, const struct dhcp_client_watch *watch)
{
    struct dhcp_client *client = client_find(net, port);
    if (!client)
        return IMP_NOT_FOUND;
    client->watch = watch;
    client->asked_to_start = client->machine.state == DHCP_CLIENT_STOPPED || client->machine.state == DHCP_CLIENT_BOUND;
    nudge(client);
    int error = await(client, DHCP_CLIENT_BOUND, deadline);
    client->watch = NULL;
    return error;
}

/* ---- the service ---- */

static int start(const struct service_start *start, void **state)
{
    const struct dhcp_client_config *config = start->config;
    struct dhcp_client *client = arena_take(start->arena, sizeof *client);
    struct interface_info info;
    int error = net_interface_find(start->net, config->port, &info);
    if (error) {
        snprintf(start->error, start->error_bytes, "dhcp-client: port %s: %s", config->port, imp_error_text(error));
        return error;
    }
    client->net = start->net;
    client->port = config->port;
    client->interface = info.index;
    client->machine.host_name = net_name(start->net);
    client->next = net_shelf_get(start->net, SHELF);
    client->server_mac = MAC_BROADCAST;
    condition_init(&client->changed);
    net_shelf_put(start->net, SHELF, client);
    dhcp_machine_start(&client->machine, net_now(start->net));
    schedule(client, client->machine.due);
    *state = client;
    return 0;
}

static void stop(void *state)
{
    struct dhcp_client *client = state;
    timer_cancel(net_node(client->net), &client->timer);
    net_shelf_put(client->net, SHELF, NULL); /* the node is going down, with all of its clients */
}

static bool settled(const void *state)
{
    const struct dhcp_client *client = state;
    return client->machine.gave_up_once || client->machine.state == DHCP_CLIENT_STOPPED ||
           (client->machine.state >= DHCP_CLIENT_BOUND && !ip_is_any(&client->machine.address));
}

static const struct config_key KEYS[] = {{.name = "port",
                                          .kind = CONFIG_PORT_NAME,
                                          .required = true,
                                          .offset = offsetof(struct dhcp_client_config, port),
                                          .about = "The port that gets its address by DHCP."},
                                         {.name = NULL}};

const struct service DHCP_CLIENT_SERVICE = {
    .name = "dhcp-client",
    .udp_port = DHCP_CLIENT_PORT,
    .summary =
        "Gets a port's IPv4 address, routes and resolvers by DHCP (RFC 2131); `address: dhcp` on a port is the short form.",
    .config_bytes = sizeof(struct dhcp_client_config),
    .keys = KEYS,
    .start = start,
    .stop = stop,
    .settled = settled,
};
