/* Two hosts and a wire, with TCP on both: the world of the end-to-end tests, of the fuzzed connection and of the benchmark.
 *
 * pair_create() builds two nodes with a stack each and tells each the other's hardware address. pair_start() lets b listen and a
 * connect; from then on each end is driven by its socket's `changed`: it writes what it has, reads what is there, checks every byte
 * against a pattern, finishes when it has written all, and closes when it has also read the end.
 *
 * It is included as text, since every test is one program of its own. */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/node.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/stack.h"
#include "transport/tcp/tcp.h"

struct pair {
    struct engine *engine;
    struct node *node[2];
    struct stack *stack[2];
    struct tcp *tcp[2];
    struct interface *interface[2];
    struct wire *wire;
    struct ip address[2];
};

static inline struct pair pair_create(uint64_t seed, const struct wire_settings *ab, const struct wire_settings *ba,
                                      uint32_t mtu, bool ipv6)
{
    struct pair p = {.engine = engine_create(seed)};
    struct port *port[2];
    for (unsigned i = 0; i < 2; i++) {
        p.node[i] = node_create(p.engine, i ? "b" : "a");
        struct stack_settings settings = {.default_ttl = 64};
        p.stack[i] = stack_create(p.node[i], &settings);
        port[i] = port_create(p.node[i], "eth0");
        p.interface[i] = stack_interface_add(p.stack[i], port[i], MAC_NONE, mtu);
        p.tcp[i] = tcp_create(p.stack[i]);
        struct address_info address = {.interface = p.interface[i]->index,
                                       .origin = ADDRESS_STATIC,
                                       .state = ADDRESS_PREFERRED,
                                       .preferred_until = INSTANT_NEVER,
                                       .valid_until = INSTANT_NEVER};
        const char *const text[2][2] = {{"10.0.0.1/24", "10.0.0.2/24"}, {"2001:db8::1/64", "2001:db8::2/64"}};
        int error = prefix_parse(text[ipv6][i], &address.prefix);
        if (error == 0)
            error = stack_address_add(p.stack[i], &address);
        if (error)
            fprintf(stderr, "address: %s\n", imp_error_text(error));
        p.address[i] = address.prefix.address;
    }
    p.wire = wire_create(port[0], port[1], "w", ab, ba);
    for (unsigned i = 0; i < 2;
         i++) /* a bad wire would teach ARP a wrong address, or make the neighbour seem gone: not TCP's affair */
        (void)stack_neighbour_set(p.stack[i], p.interface[i]->index, &p.address[!i], p.interface[!i]->mac);
    return p;
}

static inline void pair_destroy(struct pair *p)
{
    for (unsigned i = 0; i < 2; i++)
        tcp_destroy(p->tcp[i]);
    for (unsigned i = 0; i < 2; i++)
        stack_destroy(p->stack[i]);
    engine_destroy(p->engine);
}

/* One end of a transfer: writes `total` bytes of a pattern, reads the other's, checks each, then closes. */
struct end {
    struct tcp_socket *socket;
    struct tcp_socket *listener;
    uint64_t total, written, read;
    uint32_t chunk; /* most bytes a read or write */
    uint8_t key, peer_key;
    bool finished, at_end, closed, wrong, reads_nothing;
    bool lends; /* every other write is a block, half of these with their sums known */
    uint32_t writes;
    int error;
    struct timer timer;
    struct node *node;
    uint8_t buffer[65536];
};

static inline uint8_t pattern(uint64_t offset, uint8_t key) { return (uint8_t)((offset * 31 + offset / 251 + key) & 0xff); }

static inline void end_changed(struct tcp_socket *socket, void *owner);

static inline ssize_t end_write(struct end *e, uint32_t n)
{
    uint32_t kind = e->lends ? e->writes++ % 4 : 0;
    if (kind % 2 == 0)
        return tcp_write(e->socket, e->buffer, n);
    struct block *block = block_create(n + 10);
    memset(block->data, 0xee, n + 10);
    memcpy(block->data + 5, e->buffer, n);
    if (kind == 3)
        block_sum(block);
    ssize_t done = tcp_write_block(e->socket, block, 5, n);
    block_release(block);
    return done;
}

static inline void end_run(struct timer *timer, struct instant now)
{
    struct end *e = container_of(timer, struct end, timer);
    (void)now;
    if (e->listener && !e->socket && tcp_accept(e->listener, end_changed, e, &e->socket) != 0)
        return;
    if (!e->socket || e->closed)
        return;
    int connected = tcp_connected(e->socket);
    if (connected == IMP_BUSY)
        return;
    while (e->written < e->total) {
        uint32_t n = e->total - e->written < e->chunk ? (uint32_t)(e->total - e->written) : e->chunk;
        for (uint32_t i = 0; i < n; i++)
            e->buffer[i] = pattern(e->written + i, e->key);
        ssize_t done = end_write(e, n);
        if (done <= 0) {
            if (done != IMP_BUSY)
                e->error = (int)done;
            break;
        }
        e->written += (uint64_t)done;
    }
    if (e->written == e->total && !e->finished) {
        e->finished = true;
        tcp_finish(e->socket);
    }
    while (!e->reads_nothing && !e->at_end) {
        ssize_t n = tcp_read(e->socket, e->buffer, e->chunk);
        if (n == IMP_BUSY)
            break;
        if (n < 0) {
            e->error = (int)n;
            break;
        }
        e->at_end = n == 0;
        for (ssize_t i = 0; i < n; i++)
            e->wrong |= e->buffer[i] != pattern(e->read + (uint64_t)i, e->peer_key);
        e->read += (uint64_t)n;
    }
    if ((e->at_end && e->finished) || e->error) {
        e->closed = true;
        tcp_close(e->socket);
    }
}

static inline void end_changed(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    struct end *e = owner;
    if (!timer_pending(&e->timer))
        timer_set(e->node, &e->timer, INSTANT_ZERO, end_run);
}

/* b listens on port 80, a connects. Both ends are then driven by their `changed`. */
static inline int pair_start(struct pair *p, struct end *a, struct end *b, struct tcp_settings sa, struct tcp_settings sb)
{
    a->node = p->node[0];
    b->node = p->node[1];
    a->key = b->peer_key = 1;
    b->key = a->peer_key = 2;
    if (!a->chunk)
        a->chunk = sizeof a->buffer;
    if (!b->chunk)
        b->chunk = sizeof b->buffer;
    sb.local = (struct endpoint){.port = 80};
    sb.changed = end_changed;
    sb.owner = b;
    int error = tcp_listen(p->tcp[1], &sb, &b->listener);
    if (error)
        return error;
    sa.remote = (struct endpoint){.address = p->address[1], .port = 80};
    sa.changed = end_changed;
    sa.owner = a;
    return tcp_connect(p->tcp[0], &sa, &a->socket);
}
