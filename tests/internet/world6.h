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

static inline unsigned world_count(const struct world *world, const struct stack *stack, const char *event)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->event_count; i++)
        count += strcmp(world->events[i].name, event) == 0 && (!stack || world->events[i].node == stack_node(stack));
    return count;
}

/* The n-th address (from 0) of an origin on an interface; false when there are not so many. */
static inline bool world_find_address(struct stack *stack, uint16_t interface, enum address_origin origin, uint8_t family,
                                      struct address_info *out)
{
    for (size_t at = 0; stack_address_info(stack, &at, out) == 0;)
        if (out->interface == interface && out->origin == origin && out->prefix.address.family == family)
            return true;
    return false;
}

static inline struct ip world_link_local(struct stack *stack, uint16_t interface)
{
    struct address_info info;
    assert_true(world_find_address(stack, interface, ADDRESS_LINK_LOCAL, 6, &info));
    return info.prefix.address;
}

static inline uint64_t world_drops(const struct stack *stack, enum drop_reason reason)
{
    return stack_node(stack)->drops[reason];
}

/* What a node's raw ICMP listener has heard. */
struct ear {
    struct icmp_listener listener; /* first: the listener is the ear */
    unsigned count;
    struct icmpv6_header last;
    struct packet_info info;
    size_t length;
    uint8_t message[1500];
};

static inline void ear_hear(struct icmp_listener *listener, const struct packet_info *info, const uint8_t *message,
                            size_t length, struct instant now)
{
    (void)now;
    struct ear *ear = (struct ear *)listener;
    struct reader reader = reader_of(message, length);
    struct icmpv6_header header;
    if (icmpv6_header_parse(&reader, &header) != 0 || header.type >= ICMPV6_ROUTER_SOLICITATION)
        return; /* neighbour discovery goes on all the time */
    ear->last = header;
    ear->count++;
    ear->info = *info;
    ear->length = length;
    memcpy(ear->message, message, length < sizeof ear->message ? length : sizeof ear->message);
}

static inline void ear_open(struct ear *ear, struct stack *stack)
{
    *ear = (struct ear){.listener = {.family = 6, .message = ear_hear}};
    stack_icmp_listen(stack, &ear->listener);
}

static inline int world_ping(struct stack *stack, const char *to, uint16_t interface, uint16_t data_bytes, uint8_t ttl)
{
    struct packet_info info = {.destination = ip_of(to), .protocol = PROTOCOL_ICMPV6, .ttl = ttl, .interface = interface};
    struct frame *frame = frame_create(stack_node(stack)->engine, FRAME_HEADROOM, 8u + data_bytes);
    struct writer writer = writer_of(frame_append(frame, 8u + data_bytes), 8u + data_bytes);
    icmpv6_header_build(&writer, &(struct icmpv6_header){.type = ICMPV6_ECHO_REQUEST, .parameter = 0x12340001});
    for (unsigned i = 0; i < data_bytes; i++)
        writer_u8(&writer, (uint8_t)i);
    return stack_send(stack, &info, frame);
}

/* A packet as if a neighbour had sent it: `header` says all but the length. `flags` are the frame's. */
static inline void world_inject(struct stack *stack, uint16_t interface, struct ipv6_header header, const void *behind,
                                size_t length, uint16_t flags)
{
    static const struct mac STATION = {{2, 0xee, 0, 0, 0, 1}};
    struct node *node = stack_node(stack);
    struct frame *frame = frame_create(node->engine, FRAME_HEADROOM, (uint32_t)(IPV6_HEADER_BYTES + length));
    header.payload_bytes = (uint16_t)length;
    struct writer writer =
        writer_of(frame_append(frame, (uint32_t)(IPV6_HEADER_BYTES + length)), (uint32_t)(IPV6_HEADER_BYTES + length));
    ipv6_header_build(&writer, &header);
    writer_bytes(&writer, behind, length);
    frame->flags |= flags;
    ipv6_input(stack_ip_interface(stack, interface), frame, STATION, engine_now(node->engine));
}

/* A neighbour discovery message from a neighbour. */
static inline void world_inject_ndp(struct stack *stack, const char *source, const char *destination,
                                    const struct ndp_message *message, uint8_t hop_limit)
{
    uint8_t bytes[NDP_BUILD_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ndp_build(&writer, message);
    assert_false(writer.failed);
    struct ipv6_header header = {
        .next_header = PROTOCOL_ICMPV6, .hop_limit = hop_limit, .source = ip_of(source), .destination = ip_of(destination)};
    world_inject(stack, 2, header, bytes, writer.at, FRAME_SUMS_GOOD);
}

#endif
