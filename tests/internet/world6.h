#ifndef IMP_TESTS_INTERNET_WORLD6_H
#define IMP_TESTS_INTERNET_WORLD6_H

/* A small world for tests of layers 3 and 4: hosts and routers on wires, and an observer that remembers the events by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/icmpv6.h"
#include "internet/ipv6.h"
#include "internet/ndp.h"
#include "internet/stack_internal.h"
#include "transport/udp.h"

enum { WORLD_EVENTS = 4096, WORLD_NODES = 8 };
struct world_event {
    char name[32];
    const struct node *node;
    struct instant time;
    struct ip address; /* the first IP among its fields */
};
struct world {
    struct observer observer; /* first: the observer is the world */
    struct engine *engine;
    struct stack *stacks[WORLD_NODES];
    unsigned stack_count, event_count;
    struct world_event events[WORLD_EVENTS];
};

static inline void world_event(struct observer *observer, const struct event *event)
{
    struct world *world = (struct world *)observer;
    if (getenv("WORLD_STORY"))
        printf("%12.6f %-8s %s\n", (double)event->time.ns / 1e9, event->node->name, event->type->name);
    if (world->event_count == WORLD_EVENTS)
        return;
    struct world_event *seen = &world->events[world->event_count++];
    (void)snprintf(seen->name, sizeof seen->name, "%s", event->type->name);
    seen->node = event->node;
    seen->time = event->time;
    for (size_t i = 0; i < event_field_count(event->type); i++)
        if (event->type->fields[i].kind == FIELD_IP && !seen->address.family)
            seen->address = event->values[i].ip;
}

static inline struct world *world_create(uint64_t seed)
{
    struct world *world = memory_take_zeroed(1, sizeof *world);
    world->engine = engine_create(seed);
    world->observer.event = world_event;
    observer_add(world->engine, &world->observer);
    engine_digest_enable(world->engine);
    return world;
}

/* Ends the world; once what waits has run out, no frame may be left over. Sockets are the test's to close. */
static inline void world_destroy(struct world *world)
{
    engine_run(world->engine, instant_add(engine_now(world->engine), 400 * NS_PER_S));
    assert_int_equal(engine_counts(world->engine).frames_alive, 0);
    for (unsigned i = 0; i < world->stack_count; i++)
        if (udp_of(world->stacks[i]))
            udp_destroy(udp_of(world->stacks[i]));
    engine_destroy(world->engine);
    memory_free(world);
}

static inline struct stack *world_node(struct world *world, const char *name, bool router)
{
    struct node *node = node_create(world->engine, name);
    struct stack_settings settings = {.forwarding = router, .accept_router_advertisements = !router};
    struct stack *stack = stack_create(node, &settings);
    udp_create(stack);
    world->stacks[world->stack_count++] = stack;
    return stack;
}

/* A wire between two nodes over new ports; the interfaces come up and are numbered from 2 in each node. */
static inline struct wire *world_wire(struct stack *a, struct stack *b, uint32_t mtu)
{
    char name_a[16], name_b[16], name[64];
    struct node *node_a = stack_node(a), *node_b = stack_node(b);
    (void)snprintf(name_a, sizeof name_a, "eth%u", node_a->port_count);
    (void)snprintf(name_b, sizeof name_b, "eth%u", node_b->port_count);
    (void)snprintf(name, sizeof name, "%s.%s-%s.%s", node_a->name, name_a, node_b->name, name_b);
    struct port *port_a = port_create(node_a, name_a), *port_b = port_create(node_b, name_b);
    stack_interface_add(a, port_a, MAC_NONE, mtu);
    stack_interface_add(b, port_b, MAC_NONE, mtu);
    struct wire_settings settings = {.rate_bps = 1000000000, .delay_ns = 50 * NS_PER_US};
    return wire_create(port_a, port_b, name, &settings, &settings);
}

static inline struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}

static inline void world_address(struct stack *stack, uint16_t interface, const char *prefix)
{
    struct address_info info = {.interface = interface, .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    assert_int_equal(prefix_parse(prefix, &info.prefix), 0);
    assert_int_equal(stack_address_add(stack, &info), 0);
}

static inline void world_route(struct stack *stack, const char *destination, const char *gateway)
{
    struct route_info route = {.gateway = ip_of(gateway), .origin = ROUTE_STATIC};
    assert_int_equal(prefix_parse(destination, &route.destination), 0);
    assert_int_equal(stack_route_add(stack, &route), 0);
}

static inline void world_run(struct world *world, int64_t for_ns)
{
    engine_run(world->engine, instant_add(engine_now(world->engine), for_ns));
}

/* Runs until every stack has settled; fails after a virtual minute. */
static inline void world_settle(struct world *world)
{
    for (unsigned tenths = 0; tenths < 600; tenths++) {
        bool settled = true;
        for (unsigned i = 0; i < world->stack_count; i++)
            settled &= stack_settled(world->stacks[i]);
        if (settled)
            return;
        world_run(world, 100 * NS_PER_MS);
    }
    fail_msg("not settled after a minute");
}

#endif
