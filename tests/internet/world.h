/* A small world for the tests of layers 2 and 3: nodes with stacks, wires, and a way to count events. */
#ifndef TEST_INTERNET_WORLD_H
#define TEST_INTERNET_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/node.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/icmp.h"
#include "internet/stack.h"

static inline struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}
static inline struct prefix prefix_of(const char *text)
{
    struct prefix prefix;
    assert_int_equal(prefix_parse(text, &prefix), 0);
    return prefix;
}

static inline struct stack *host(struct engine *engine, const char *name)
{
    return stack_create(node_create(engine, name), &(struct stack_settings){0});
}
static inline struct stack *router(struct engine *engine, const char *name)
{
    return stack_create(node_create(engine, name), &(struct stack_settings){.forwarding = true});
}

/* A new interface on a new port, with an address unless `address` is NULL. */
static inline struct interface *attach(struct stack *stack, const char *port, const char *address)
{
    struct interface *interface = stack_interface_add(stack, port_create(stack_node(stack), port), MAC_NONE, ETHERNET_MTU);
    if (address) {
        const struct address_info info = {.interface = interface->index,
                                          .prefix = prefix_of(address),
                                          .preferred_until = INSTANT_NEVER,
                                          .valid_until = INSTANT_NEVER};
        assert_int_equal(stack_address_add(stack, &info), 0);
    }
    return interface;
}
static inline struct wire *join(struct port *a, struct port *b)
{
    char name[100];
    snprintf(name, sizeof name, "%s.%s - %s.%s", a->node->name, a->name, b->node->name, b->name);
    const struct wire_settings settings = {.rate_bps = 1000000000, .delay_ns = 10 * NS_PER_US};
    return wire_create(a, b, name, &settings, &settings);
}
static inline void route(struct stack *stack, const char *destination, const char *gateway)
{
    const struct route_info info = {.destination = prefix_of(destination), .gateway = ip_of(gateway), .origin = ROUTE_STATIC};
    assert_int_equal(stack_route_add(stack, &info), 0);
}

/* Sends an echo request with `bytes` of data; returns what stack_send() does. */
static inline int ping_with(struct stack *stack, struct packet_info info, uint16_t sequence, uint32_t bytes)
{
    struct frame *message = frame_create(stack_node(stack)->engine, FRAME_HEADROOM, ICMP_HEADER_BYTES + bytes);
    icmp_build(&(struct icmp_header){.type = ICMP_ECHO_REQUEST, .identifier = 7, .sequence = sequence},
               frame_append(message, ICMP_HEADER_BYTES));
    uint8_t *data = bytes ? frame_append(message, bytes) : NULL;
    for (uint32_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)(i * 7 + sequence);
    store_u16(message->data + 2, checksum_finish(frame_checksum(message, 0, 0)));
    info.protocol = PROTOCOL_ICMP;
    return stack_send(stack, &info, message);
}
static inline int ping(struct stack *stack, const char *to, uint16_t sequence, uint32_t bytes)
{
    return ping_with(stack, (struct packet_info){.destination = ip_of(to)}, sequence, bytes);
}

/* The ICMP messages that a stack was given. */
struct heard {
    struct icmp_listener listener;
    unsigned count;
    struct icmp_header last;
    struct ip from;
    uint8_t ttl;
    size_t length;
};

static inline void heard_message(struct icmp_listener *listener, const struct packet_info *info, const uint8_t *message,
                                 size_t length, struct instant now)
{
    (void)now;
    struct heard *heard = container_of(listener, struct heard, listener);
    heard->count++;
    icmp_parse(message, length, &heard->last);
    heard->from = info->source;
    heard->ttl = info->ttl;
    heard->length = length;
}

static inline void listen_icmp(struct stack *stack, struct heard *heard)
{
    *heard = (struct heard){.listener = {.family = 4, .message = heard_message}};
    stack_icmp_listen(stack, &heard->listener);
}

/* Counts the events of one name; keeps the story of the last one. */
struct watch {
    struct observer observer;
    const char *name;
    const char *node; /* NULL: any */
    unsigned count;
};

static inline void watch_event(struct observer *observer, const struct event *event)
{
    struct watch *watch = container_of(observer, struct watch, observer);
    if (strcmp(event->type->name, watch->name) == 0 && (!watch->node || strcmp(event->node->name, watch->node) == 0))
        watch->count++;
}

static inline void watch_start(struct engine *engine, struct watch *watch, const char *name, const char *node)
{
    *watch = (struct watch){.observer = {.event = watch_event}, .name = name, .node = node};
    observer_add(engine, &watch->observer);
}

static inline void run_for(struct engine *engine, int64_t ns) { engine_run(engine, instant_add(engine_now(engine), ns)); }

/* Ends the world and checks that no frame was leaked. */
static inline void world_end(struct engine *engine)
{
    run_for(engine, 400 * NS_PER_S);
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

#endif
