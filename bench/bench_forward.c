/* What a hop through a router costs: a chain of ten routers between two hosts, a stream of small packets, everything included (wire,
 * Ethernet, forwarding table, TTL and checksum, neighbour). Beside it, in the same run, the same chain of bare ports that hand
 * each frame on untouched: what the engine alone costs. And the memory of an idle host. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine/wire.h"
#include "internet/config.h"
#include "internet/stack.h"

enum { ROUTERS = 10, BATCH = 64, ROUNDS = 3000, PAYLOAD = 64 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t arrived;
static void count_input(struct stack *stack, void *context, const struct packet_info *info, struct frame *packet)
{
    (void)stack, (void)context, (void)info;
    arrived++;
    frame_release(packet);
}
static const struct transport_ops COUNTER = {.input = count_input};

static void address(struct stack *stack, struct interface *interface, uint32_t ip)
{
    const struct address_info info = {
        .interface = interface->index, .prefix = {ip4(ip), 24}, .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    stack_address_add(stack, &info);
}

static void route(struct stack *stack, uint32_t net, uint32_t gateway)
{
    const struct route_info info = {.destination = {ip4(net), 24}, .gateway = ip4(gateway), .origin = ROUTE_STATIC};
    stack_route_add(stack, &info);
}

static const struct wire_settings FAST = {.rate_bps = 10000000000, .delay_ns = 1000, .overhead_bytes = 24};

/* Node i has 10.i-1.0.2 on its left and 10.i.0.1 on its right; the ends are hosts. */
static struct stack *make_chain(struct engine *engine, struct stack *stacks[ROUTERS + 2])
{
    struct port *right = NULL;
    char name[32];
    for (uint32_t i = 0; i < ROUTERS + 2; i++) {
        snprintf(name, sizeof name, "n%u", i);
        struct node *node = node_create(engine, name);
        stacks[i] = stack_create(node, &(struct stack_settings){.forwarding = i > 0 && i <= ROUTERS});
        if (i > 0) {
            struct port *left = port_create(node, "left");
            address(stacks[i], stack_interface_add(stacks[i], left, MAC_NONE, 1500), 0x0a000002 + ((i - 1) << 16));
            snprintf(name, sizeof name, "w%u", i);
            wire_create(right, left, name, &FAST, &FAST);
        }
        if (i <= ROUTERS) {
            right = port_create(node, "right");
            address(stacks[i], stack_interface_add(stacks[i], right, MAC_NONE, 1500), 0x0a000001 + (i << 16));
        }
        for (uint32_t far = 0; far <= ROUTERS; far++)
            if (far > i)
                route(stacks[i], 0x0a000000 + (far << 16), 0x0a000002 + (i << 16));
            else if (i > 0 && far < i - 1)
                route(stacks[i], 0x0a000000 + (far << 16), 0x0a000001 + ((i - 1) << 16));
    }
    return stacks[0];
}

static double chain_ns(void)
{
    struct engine *engine = engine_create(1);
    struct stack *stacks[ROUTERS + 2];
    struct stack *first = make_chain(engine, stacks);
    stack_transport_register(stacks[ROUTERS + 1], 253, &COUNTER, NULL);
    const struct packet_info info = {.destination = ip4(0x0a000002 + (ROUTERS << 16)), .protocol = 253};
    arrived = 0;
    double start = 0;
    uint64_t hops = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (round == 10) { /* neighbours are known by now */
            start = seconds();
            hops = engine_counts(engine).frames_carried;
        }
        for (unsigned i = 0; i < BATCH; i++) {
            struct frame *frame = frame_create(engine, FRAME_HEADROOM, PAYLOAD);
            memset(frame_append(frame, PAYLOAD), 0, PAYLOAD);
            stack_send(first, &info, frame);
        }
        engine_run(engine, instant_add(engine_now(engine), NS_PER_MS));
    }
    double spent = seconds() - start;
    hops = engine_counts(engine).frames_carried - hops;
    double frames = (double)BATCH * (ROUNDS - 10);
    printf("ten routers: %.2f M frames/s through the chain, %.1f ns per hop, %llu of %u arrived\n", frames / spent / 1e6,
           spent * 1e9 / (double)hops, (unsigned long long)arrived, BATCH * ROUNDS);
    engine_destroy(engine);
    return spent * 1e9 / (double)hops;
}

static void pass_on(struct port *port, struct frame *frame, struct instant now)
{
    struct port *other = port->owner;
    if (other)
        port_transmit(other, frame, now);
    else
        frame_release(frame);
}

static double bare_ns(void)
{
    struct engine *engine = engine_create(1);
    struct port *right = NULL, *first = NULL;
    char name[32];
    for (unsigned i = 0; i < ROUTERS + 2; i++) {
        snprintf(name, sizeof name, "n%u", i);
        struct node *node = node_create(engine, name);
        struct port *left = port_create(node, "left");
        if (right) {
            snprintf(name, sizeof name, "w%u", i);
            wire_create(right, left, name, &FAST, &FAST);
        }
        right = port_create(node, "right");
        left->receive = pass_on;
        left->owner = i <= ROUTERS ? right : NULL;
        if (!first)
            first = right;
    }
    double start = seconds();
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < BATCH; i++) {
            struct frame *frame = frame_create(engine, FRAME_HEADROOM, PAYLOAD + 34);
            memset(frame_append(frame, PAYLOAD + 34), 0, PAYLOAD + 34);
            port_transmit(first, frame, engine_now(engine));
        }
        engine_run(engine, instant_add(engine_now(engine), NS_PER_MS));
    }
    double ns = (seconds() - start) * 1e9 / (double)engine_counts(engine).frames_carried;
    engine_destroy(engine);
    return ns;
}

static void idle_host(void)
{
    enum { HOSTS = 1000 };
    struct engine *engine = engine_create(1);
    size_t before = mallinfo2().uordblks;
    char name[32];
    for (unsigned i = 0; i < HOSTS; i++) {
        snprintf(name, sizeof name, "h%u", i);
        struct node *node = node_create(engine, name);
        struct stack *stack = stack_create(node, &(struct stack_settings){0});
        address(stack, stack_interface_add(stack, port_create(node, "eth0"), MAC_NONE, 1500), 0x0a000002 + i * 256);
        const struct route_info info = {
            .gateway = ip4(0x0a000001 + i * 256), .destination = {ip4(0), 0}, .origin = ROUTE_STATIC};
        stack_route_add(stack, &info);
    }
    printf("an idle host with one address and a default route: %zu bytes of heap\n", (mallinfo2().uordblks - before) / HOSTS);
    engine_destroy(engine);
}

int main(void)
{
    double chain = chain_ns(), bare = bare_ns();
    printf("bare ports alone: %.1f ns per hop; the router's share %.1f ns; ratio %.2f\n", bare, chain - bare, chain / bare);
    idle_host();
    return 0;
}
