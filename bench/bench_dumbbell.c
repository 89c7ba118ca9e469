/* The dumbbell: n senders - r1 = bottleneck = r2 - n receivers, for a comparison with ns-3 of the very same network.
 *
 *   bench_dumbbell [--n N] [--dur SECONDS] [--bw BITS] [--cc NAME] [--copy yes]
 *
 * Access links 1 Gbit/s and 1 ms; the bottleneck 1 Gbit/s and 10 ms; queues of 2000 packets; segments of 1448 bytes; send buffers of
 * 4 MiB and receive buffers of 6 MiB; every flow starts at 0.1 s and sends for ever. Every byte is real: written by an
 * application, checksummed, carried over three wires and two routers, and copied to an application that reads it. The senders are like a server
 * whose clients all ask for the same file: they lend TCP a block in memory (tcp_write_block()), again and again, whose sums were taken once. With --copy
 * each writes from a buffer instead (tcp_write()), so that every byte is copied and summed on its way into the send buffer.
 *
 * ns-3's twin is bench/ns3-dumbbell.cc; scripts/bench-dumbbell runs both and prints the ratio. A frame is counted each time that it
 * crosses a wire, in both. What was made equal:
 * - ns-3's links are point-to-point: 2 bytes of PPP on 1500 of IP, where imp's frame has 14 of Ethernet. Rates are raised by
 *   1514/1502, so that the same packets a second go through.
 * - ns-3's queue is 2000 packets of FifoQueueDisc, 100 of the device behind it, and the one being sent: 2101 together.
 * - Timestamps and SACK are on, the initial window is 10, delayed acknowledgements are of two segments, in both.
 * What differs, and does not matter to the goodput: imp resolves its neighbours by ARP, acknowledges each of the first segments at once as Linux
 * does, and leaves slow start by HyStart++ where ns-3 does by HyStart. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/frame.h"
#include "engine/node.h"
#include "engine/task.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/stack.h"
#include "net/net.h"
#include "net/net_lab.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

enum { CHUNK = 64 * 1024, PORT = 5000 };
enum { RECEIVE_BUFFER = 6 << 20, QUEUE = 2000 + 100 + 1 };

struct flow {
    struct tcp *sender, *receiver;
    struct node *sender_node, *receiver_node;
    struct endpoint to;
    const char *congestion;
    struct tcp_socket *out, *listener, *in;
    struct timer start;
    uint64_t received;
};

static struct block *file; /* what every flow sends, again and again: as a server does with a file that many ask for */
static bool copying;
static uint8_t sink[CHUNK];

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* ---- the applications: as thin as ns-3's BulkSend and PacketSink, each a task ---- */

struct end {
    struct condition changed;
};

static void note(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    condition_wake(&((struct end *)owner)->changed);
}

static void send_for_ever(void *argument)
{
    struct flow *flow = argument;
    struct end end;
    condition_init(&end.changed);
    if (task_sleep((struct instant){100 * NS_PER_MS}) < 0)
        return;
    struct tcp_settings settings = {.remote = flow->to, .congestion = flow->congestion, .changed = note, .owner = &end};
    if (tcp_connect(flow->sender, &settings, &flow->out) < 0)
        abort();
    uint32_t at = 0;
    for (;;) {
        ssize_t n = IMP_BUSY;
        if (tcp_connected(flow->out) == 0)
            n = copying ? tcp_write(flow->out, file->data + at, CHUNK - at) : tcp_write_block(flow->out, file, at, CHUNK - at);
        if (n > 0)
            at = (at + (uint32_t)n) % CHUNK;
        if (n == IMP_BUSY && condition_wait(&end.changed, INSTANT_NEVER) == 0)
            continue;
        if (n < 0)
            break;
    }
    tcp_abort(flow->out);
}

static void receive_for_ever(void *argument)
{
    struct flow *flow = argument;
    struct end end;
    condition_init(&end.changed);
    struct tcp_settings settings = {
        .local = {.port = PORT}, .receive_buffer_bytes = RECEIVE_BUFFER, .changed = note, .owner = &end};
    if (tcp_listen(flow->receiver, &settings, &flow->listener) < 0)
        abort();
    int result;
    while ((result = tcp_accept(flow->listener, note, &end, &flow->in)) == IMP_BUSY)
        if (condition_wait(&end.changed, INSTANT_NEVER) < 0)
            break;
    while (result == 0) {
        ssize_t n = tcp_read(flow->in, sink, sizeof sink);
        if (n > 0)
            flow->received += (uint64_t)n;
        else if (n != IMP_BUSY || condition_wait(&end.changed, INSTANT_NEVER) < 0)
            break;
    }
    if (flow->in)
        tcp_abort(flow->in);
    tcp_close(flow->listener);
}

/* ---- the network ---- */

static struct stack *host(struct engine *engine, const char *name, bool router)
{
    struct node *node = node_create(engine, name);
    struct stack *stack = stack_create(node, &(struct stack_settings){.forwarding = router});
    if (!router) {
        udp_create(stack);
        tcp_create(stack);
    }
    return stack;
}

static struct port *attach(struct stack *stack, const char *name, uint32_t address)
{
    struct port *port = port_create(stack_node(stack), name);
    struct interface *interface = stack_interface_add(stack, port, MAC_NONE, ETHERNET_MTU);
    struct address_info info = {.interface = interface->index,
                                .prefix = {ip4(address), 30},
                                .preferred_until = INSTANT_NEVER,
                                .valid_until = INSTANT_NEVER};
    if (stack_address_add(stack, &info) < 0)
        abort();
    return port;
}

static void route(struct stack *stack, uint32_t network, uint8_t length, uint32_t gateway)
{
    struct route_info info = {.destination = {ip4(network), length}, .gateway = ip4(gateway), .origin = ROUTE_STATIC};
    if (stack_route_add(stack, &info) < 0)
        abort();
}

static void join(struct port *a, struct port *b, uint64_t rate_bps, int64_t delay_ns)
{
    struct wire_settings settings = {.rate_bps = rate_bps / 1502 * 1514, .delay_ns = delay_ns, .queue_frames = QUEUE};
    char name[80];
    snprintf(name, sizeof name, "%s-%s", a->node->name, b->node->name);
    wire_create(a, b, name, &settings, &settings);
}

static void side(struct engine *engine, struct stack *router, unsigned i, unsigned group, const char *letter, struct flow *flow)
{
    uint32_t network = 10u << 24 | group << 20 | i << 2;
    char name[16], port[16];
    snprintf(name, sizeof name, "%s%u", letter, i);
    snprintf(port, sizeof port, "p%u", i);
    struct stack *stack = host(engine, name, false);
    join(attach(stack, "eth0", network + 1), attach(router, port, network + 2), 1000000000, NS_PER_MS);
    route(stack, 0, 0, network + 2);
    if (group) {
        flow->receiver = tcp_of(stack);
        flow->receiver_node = stack_node(stack);
        flow->to = (struct endpoint){.address = ip4(network + 1), .port = PORT};
    } else {
        flow->sender = tcp_of(stack);
        flow->sender_node = stack_node(stack);
    }
}

static void run(unsigned flows, double duration_s, uint64_t bottleneck_bps, const char *congestion)
{
    struct engine *engine = engine_create(1);
    struct stack *r1 = host(engine, "r1", true), *r2 = host(engine, "r2", true);
    uint32_t middle = 10u << 24 | 255u << 16;
    join(attach(r1, "core", middle + 1), attach(r2, "core", middle + 2), bottleneck_bps, 10 * NS_PER_MS);
    route(r1, 10u << 24 | 1u << 20, 12, middle + 2);
    route(r2, 10u << 24, 12, middle + 1);
    struct flow *all = memory_take_zeroed(flows, sizeof *all);
    for (unsigned i = 0; i < flows; i++) {
        side(engine, r1, i, 0, "s", &all[i]);
        side(engine, r2, i, 1, "d", &all[i]);
        all[i].congestion = congestion;
        task_start(all[i].receiver_node, "sink", receive_for_ever, &all[i]);
        task_start(all[i].sender_node, "bulk", send_for_ever, &all[i]);
    }
    double start = seconds(CLOCK_MONOTONIC), start_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    engine_run(engine, (struct instant){(int64_t)(duration_s * 1e9)});
    double wall = seconds(CLOCK_MONOTONIC) - start, cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
    uint64_t bytes = 0;
    for (unsigned i = 0; i < flows; i++)
        bytes += all[i].received;
    struct engine_counts counts = engine_counts(engine);
    printf("flows %u sim_s %g wall_s %.4f goodput_Mbps %.1f frames_tx %" PRIu64
           " frames_per_wall_s %.0f faster_than_real %.1f drops %u cpu_s %.4f\n",
           flows, duration_s, wall, (double)bytes * 8 / duration_s / 1e6, counts.frames_carried,
           (double)counts.frames_carried / wall, duration_s / wall, stack_node(r1)->drops[DROP_WIRE_QUEUE_FULL], cpu);
    engine_destroy(engine);
    memory_free(all);
}

int main(int argc, char **argv)
{
    unsigned flows = 0;
    double duration_s = 5;
    uint64_t bottleneck_bps = 1000000000;
    const char *congestion = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--n") == 0)
            flows = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--dur") == 0)
            duration_s = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--bw") == 0)
            bottleneck_bps = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--cc") == 0)
            congestion = argv[i + 1];
        else if (strcmp(argv[i], "--copy") == 0)
            copying = strcmp(argv[i + 1], "yes") == 0;
    }
    file = block_create(CHUNK);
    for (size_t i = 0; i < CHUNK; i++)
        file->data[i] = (uint8_t)(i * 31);
    block_sum(file);
    if (flows) {
        run(flows, duration_s, bottleneck_bps, congestion);
        return 0;
    }
    run(10, duration_s, bottleneck_bps, congestion);
    run(100, duration_s, bottleneck_bps, congestion);
    return 0;
}
