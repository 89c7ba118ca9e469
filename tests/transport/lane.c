/* A lane: host a - router - router - host b, with a bottleneck in the middle, TCP on both hosts, and bulk flows either way. The world of
 * the tests that look at windows and rates. Header-only: each test is one program. */
#ifndef IMP_TESTS_TRANSPORT_LANE_H
#define IMP_TESTS_TRANSPORT_LANE_H

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/node.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/ecn.h"
#include "internet/stack.h"
#include "transport/tcp/tcp.h"

enum { LANE_CHUNK = 64 * 1024, LANE_PORT = 5000 };

struct lane {
    struct engine *engine;
    struct stack *stack[4]; /* a, r1, r2, b */
    struct tcp *tcp[2];     /* of a and b */
    struct ip address[2];
    struct wire *bottleneck; /* side 0 is r1 */
};

struct lane_end {
    struct timer timer;
    struct node *node;
    struct lane_flow *flow;
    struct tcp_socket *socket;
    bool sends; /* as much as the window lets through */
    uint64_t received;
    int error;
};
struct lane_flow {
    struct tcp *tcp;
    struct tcp_settings settings;
    struct tcp_socket *listener;
    struct lane_end end[2]; /* who connects, who accepts */
};

static inline struct port *lane_port(struct stack *stack, const char *name, const char *address)
{
    struct port *port = port_create(stack_node(stack), name);
    struct interface *interface = stack_interface_add(stack, port, MAC_NONE, ETHERNET_MTU);
    struct address_info info = {.interface = interface->index, .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    if (prefix_parse(address, &info.prefix) < 0 || stack_address_add(stack, &info) < 0)
        abort();
    return port;
}

static inline void lane_route(struct stack *stack, const char *prefix, const char *gateway)
{
    struct route_info info = {.origin = ROUTE_STATIC};
    if (prefix_parse(prefix, &info.destination) < 0 || ip_parse(gateway, &info.gateway) < 0 ||
        stack_route_add(stack, &info) < 0)
        abort();
}

static uint64_t lane_seed = 1;

static inline struct lane lane_create(const struct wire_settings *edge, const struct wire_settings *middle)
{
    struct lane lane = {.engine = engine_create(lane_seed)};
    static const char *const names[4] = {"a", "r1", "r2", "b"};
    for (unsigned i = 0; i < 4; i++)
        lane.stack[i] =
            stack_create(node_create(lane.engine, names[i]), &(struct stack_settings){.forwarding = i == 1 || i == 2});
    wires_mark_with(lane.engine, ecn_mark_frame);
    wire_create(lane_port(lane.stack[0], "eth0", "10.0.0.1/24"), lane_port(lane.stack[1], "left", "10.0.0.2/24"), "left", edge,
                edge);
    lane.bottleneck = wire_create(lane_port(lane.stack[1], "middle", "10.0.1.1/24"),
                                  lane_port(lane.stack[2], "middle", "10.0.1.2/24"), "middle", middle, middle);
    wire_create(lane_port(lane.stack[2], "right", "10.0.2.2/24"), lane_port(lane.stack[3], "eth0", "10.0.2.1/24"), "right",
                edge, edge);
    lane_route(lane.stack[0], "0.0.0.0/0", "10.0.0.2");
    lane_route(lane.stack[3], "0.0.0.0/0", "10.0.2.2");
    lane_route(lane.stack[1], "10.0.2.0/24", "10.0.1.2");
    lane_route(lane.stack[2], "10.0.0.0/24", "10.0.1.1");
    for (unsigned i = 0; i < 2; i++)
        lane.tcp[i] = tcp_create(lane.stack[i * 3]);
    ip_parse("10.0.0.1", &lane.address[0]);
    ip_parse("10.0.2.1", &lane.address[1]);
    return lane;
}

/* Lets the neighbours learn each other's addresses, as on ns-3's point-to-point links, where there is nothing to learn: else the first round trip of
 * the first flow would be ARP's. */
static inline void lane_warm(struct lane *lane, struct instant until)
{
    struct tcp_socket *refused;
    if (tcp_connect(lane->tcp[0], &(struct tcp_settings){.remote = {.address = lane->address[1], .port = 9}}, &refused) < 0)
        abort();
    engine_run(lane->engine, until);
    tcp_close(refused);
}

/* What the neighbours have learned they know for good: else a node whose own wire's queue is seconds long would answer ARP from behind it, too late, and
 * meanwhile be unreachable. */
static inline void lane_neighbours_stay(struct lane *lane)
{
    struct neighbour_info known;
    for (unsigned i = 0; i < 4; i++)
        for (size_t at = 0; stack_neighbour_info(lane->stack[i], &at, &known) == 0;)
            stack_neighbour_set(lane->stack[i], known.interface, &known.address, known.mac);
}

static inline void lane_destroy(struct lane *lane)
{
    for (unsigned i = 0; i < 2; i++)
        tcp_destroy(lane->tcp[i]);
    for (unsigned i = 0; i < 4; i++)
        stack_destroy(lane->stack[i]);
    engine_destroy(lane->engine);
}

static inline void lane_changed(struct tcp_socket *socket, void *owner)
{
    struct lane_end *end = owner;
    (void)socket;
    if (!timer_pending(&end->timer))
        timer_set(end->node, &end->timer, INSTANT_ZERO, end->timer.fire);
}

static inline void lane_open(struct lane_end *end)
{
    struct lane_flow *flow = end->flow;
    if (end == &flow->end[0]) {
        end->error = tcp_connect(flow->tcp, &flow->settings, &end->socket);
        return;
    }
    tcp_accept(flow->listener, lane_changed, end, &end->socket);
}

static inline void lane_run(struct timer *timer, struct instant now)
{
    static uint8_t bytes[LANE_CHUNK];
    struct lane_end *end = container_of(timer, struct lane_end, timer);
    (void)now;
    if (!end->socket)
        lane_open(end);
    if (!end->socket || end->error || tcp_connected(end->socket) == IMP_BUSY)
        return;
    ssize_t n = IMP_BUSY;
    while (end->sends && (n = tcp_write(end->socket, bytes, sizeof bytes)) > 0)
        ;
    if (n != IMP_BUSY)
        end->error = (int)n;
    while ((n = tcp_read(end->socket, bytes, sizeof bytes)) > 0)
        end->received += (uint64_t)n;
}

/* From host a to b, and back too if `both`, starting at `at`. `settings`: congestion, buffers ... of both ends. */
static inline void lane_flow_start(struct lane *lane, struct lane_flow *flow, uint16_t number, struct tcp_settings settings,
                                   bool both, struct instant at)
{
    *flow = (struct lane_flow){.tcp = lane->tcp[0], .settings = settings};
    for (unsigned i = 0; i < 2; i++)
        flow->end[i] = (struct lane_end){
            .timer.fire = lane_run, .node = stack_node(lane->stack[i * 3]), .flow = flow, .sends = i == 0 || both};
    uint16_t port = (uint16_t)(LANE_PORT + number);
    settings.changed = flow->settings.changed = lane_changed;
    settings.owner = &flow->end[1];
    settings.local.port = port;
    flow->settings.owner = &flow->end[0];
    flow->settings.remote = (struct endpoint){.address = lane->address[1], .port = port};
    if (tcp_listen(lane->tcp[1], &settings, &flow->listener) < 0)
        abort();
    timer_set(flow->end[0].node, &flow->end[0].timer, at, lane_run);
}

static inline struct tcp_info lane_flow_info(const struct lane_flow *flow)
{
    struct tcp_info info = {0};
    if (flow->end[0].socket && !flow->end[0].error)
        tcp_socket_info(flow->end[0].socket, &info);
    return info;
}

#endif
