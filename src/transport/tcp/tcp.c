/* A node's TCP: where segments come in, and how they find their socket.
 *
 * Rooms. RFC 9293 calls the state of a connection its TCB; here that is struct tcp_connection (tcp_internal.h), and each concern of it
 * is a file: segment.c the format; tcp.c (this one) the table of sockets; socket.c what applications call; listener.c and handshake.c
 * opening; input.c what a segment does; acknowledgement.c what its ACK says; recovery.c losses; congestion/ how fast; output.c
 * sending; ack_policy.c when to acknowledge and the window offered; timers.c time; connection.c states and death; time_wait.c
 * the quiet minute after; icmp.c errors from the path.
 *
 * A segment's way in: parse, checksum (not for frames that this program built and nobody damaged), one lookup, connection_input(). All
 * sockets are in one table, chained by a keyed hash of both endpoints (the key is the node's own: peers cannot aim at a chain). A
 * listener is in it under a remote of zero, found when nothing more specific is: first under the exact address, then under any
 * address of the family, then under any at all. The socket of the latest segment is tried before anything is hashed.
 *
 * Everything that frees a connection only puts it on `graves`; every way in (segment, ICMP error, timer, call) ends with bury(). So
 * no room needs to fear that the connection it works on vanishes under it.
 *
 * Ports are chosen as RFC 6056 section 3.3.3 says (hash-based offset and a counter), initial sequence numbers as RFC 6528. */
#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "internet/ecn.h"
#include "internet/ports.h"
#include "transport/limits.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/rooms.h"

enum { TABLE_FIRST = 16 };

static void tcp_input(struct stack *stack, void *context, const struct packet_info *info, struct frame *frame);
static const struct transport_ops TCP_OPS = {.input = tcp_input, .error = tcp_icmp_error};

struct tcp *tcp_create(struct stack *stack)
{
    struct tcp *tcp = memory_take_zeroed(1, sizeof *tcp);
    tcp->stack = stack;
    tcp->node = stack_node(stack);
    list_init(&tcp->listeners);
    list_init(&tcp->connections);
    list_init(&tcp->time_waits);
    struct hash_key *keys[] = {&tcp->key, &tcp->isn_key, &tcp->port_key};
    for (unsigned i = 0; i < count_of(keys); i++)
        random_fill(&tcp->node->random, keys[i], sizeof *keys[i]);
    tcp->port_counter = (uint16_t)random_u64(&tcp->node->random);
    size_t count;
    tcp->sysctls = &TCP_SYSCTLS_STANDARD;
    tcp->congestion = congestion_all(&count)[0];
    stack_transport_register(stack, PROTOCOL_TCP, &TCP_OPS, tcp);
    return tcp;
}

void tcp_destroy(struct tcp *tcp)
{
    while (!list_empty(&tcp->connections))
        connection_free(connection_of(list_entry(tcp->connections.next, struct tcp_socket, link)));
    while (!list_empty(&tcp->time_waits))
        time_wait_free(time_wait_of(list_entry(tcp->time_waits.next, struct tcp_socket, link)));
    while (!list_empty(&tcp->listeners)) {
        struct tcp_socket *socket = list_entry(tcp->listeners.next, struct tcp_socket, link);
        list_remove(&socket->link);
        fast_open_release(listener_of(socket)->fast_open);
        memory_free(listener_of(socket));
    }
    timer_cancel(tcp->node, &tcp->time_wait_timer);
    fast_open_cache_free(tcp);
    memory_free(tcp->own_sysctls);
    memory_free(tcp->table);
    memory_free(tcp);
}

struct tcp *tcp_of(const struct stack *stack) { return stack_transport_context(stack, PROTOCOL_TCP); }

/* ---- the table ---- */

static inline bool endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static size_t endpoint_bytes(const struct endpoint *e, uint8_t *out)
{
    size_t n = e->address.family == 4 ? 4 : e->address.family == 6 ? 16 : 0;
    memcpy(out, e->address.b, n);
    store_u16(out + n, e->port);
    return n + 2;
}

static uint64_t hash_endpoints(struct hash_key key, const struct endpoint *local, const struct endpoint *remote)
{
    uint8_t bytes[36];
    size_t n = endpoint_bytes(local, bytes);
    n += endpoint_bytes(remote, bytes + n);
    return hash_keyed(key, bytes, n);
}

static struct tcp_socket *table_find(const struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote)
{
    if (tcp->table_size == 0)
        return NULL;
    uint32_t hash = (uint32_t)hash_endpoints(tcp->key, local, remote);
    struct tcp_socket *socket = tcp->table[hash & (tcp->table_size - 1)];
    while (socket && !(socket->hash == hash && endpoint_same(&socket->remote, remote) && endpoint_same(&socket->local, local)))
        socket = socket->chain;
    return socket;
}

struct tcp_socket *demux_find(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote)
{
    struct tcp_socket *socket = tcp->latest;
    if (socket && endpoint_same(&socket->remote, remote) && endpoint_same(&socket->local, local))
        return socket;
    socket = table_find(tcp, local, remote);
    if (socket)
        tcp->latest = socket;
    return socket;
}

struct tcp_listener *demux_find_listener(struct tcp *tcp, const struct endpoint *local)
{
    static const struct endpoint none;
    struct endpoint at = {.address = local->address, .port = local->port};
    struct tcp_socket *socket = table_find(tcp, &at, &none);
    if (!socket) {
        at.address = ip_any(local->address.family);
        socket = table_find(tcp, &at, &none);
    }
    if (!socket) {
        at.address = none.address;
        socket = table_find(tcp, &at, &none);
    }
    return socket ? listener_of(socket) : NULL;
}

static void table_grow(struct tcp *tcp)
{
    uint32_t size = tcp->table_size ? tcp->table_size * 2 : TABLE_FIRST;
    struct tcp_socket **table = memory_take_zeroed(size, sizeof *table);
    for (uint32_t i = 0; i < tcp->table_size; i++) {
        for (struct tcp_socket *socket = tcp->table[i], *next; socket; socket = next) {
            next = socket->chain;
            socket->chain = table[socket->hash & (size - 1)];
            table[socket->hash & (size - 1)] = socket;
        }
    }
    memory_free(tcp->table);
    tcp->table = table;
    tcp->table_size = size;
}

void demux_add(struct tcp *tcp, struct tcp_socket *socket)
{
    assert(!socket->hashed);
    if (tcp->table_count >= tcp->table_size)
        table_grow(tcp);
    socket->hash = (uint32_t)hash_endpoints(tcp->key, &socket->local, &socket->remote);
    struct tcp_socket **place = &tcp->table[socket->hash & (tcp->table_size - 1)];
    socket->chain = *place;
    *place = socket;
    socket->hashed = true;
    tcp->table_count++;
}

void demux_remove(struct tcp *tcp, struct tcp_socket *socket)
{
    if (!socket->hashed)
        return;
    struct tcp_socket **place = &tcp->table[socket->hash & (tcp->table_size - 1)];
    while (*place != socket)
        place = &(*place)->chain;
    *place = socket->chain;
    socket->chain = NULL;
    socket->hashed = false;
    tcp->table_count--;
    if (tcp->latest == socket)
        tcp->latest = NULL;
}

/* ---- ports and sequence numbers ---- */

bool port_free(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote)
{
    const struct tcp_socket *socket = table_find(tcp, local, remote);
    return (!socket || time_wait_reusable(socket, false, tcp_now(tcp))) && !demux_find_listener(tcp, local);
}

int port_choose(struct tcp *tcp, const struct tcp_settings *settings, struct endpoint *local, const struct endpoint *remote)
{
    const struct ports *ports = stack_ports(tcp->stack);
    uint32_t first = settings->port_first ? settings->port_first : ports->first;
    uint32_t last = settings->port_last ? settings->port_last : ports->last;
    if (first > last)
        return IMP_INVALID;
    uint32_t range = last - first + 1;
    struct endpoint from = *local;
    from.port = 0;
    uint32_t offset = (uint32_t)(hash_endpoints(tcp->port_key, &from, remote) % range);
    for (uint32_t i = 0; i < range; i++) {
        local->port = (uint16_t)(first + (offset + tcp->port_counter++) % range);
        if (!ports_reserved(ports, local->port) && port_free(tcp, local, remote))
            return 0;
    }
    return IMP_IN_USE;
}

struct sequence initial_sequence(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote,
                                 struct instant now)
{
    uint32_t hash = (uint32_t)hash_endpoints(tcp->isn_key, local, remote);
    return (struct sequence){hash +
                             (uint32_t)(now.ns / (4 * NS_PER_US))}; /* RFC 6528 section 3: M ticks every 4 microseconds */
}

/* The same for all connections between two hosts, so that timestamps go up from one connection to the next (RFC 6191). */
uint32_t timestamp_offset(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote)
{
    struct endpoint a = {.address = local->address}, b = {.address = remote->address};
    if (tcp->sysctls->timestamps == TCP_TIMESTAMPS_PLAIN)
        return 0;
    return (uint32_t)(hash_endpoints(tcp->isn_key, &a, &b) >> 32);
}

/* ---- segments come in ---- */

static bool checksum_good(const struct packet_info *info, struct frame *frame)
{
    if (frame->flags & FRAME_SUMS_GOOD)
        return true;
    uint32_t sum = stack_pseudo_sum(&info->source, &info->destination, PROTOCOL_TCP, frame_total(frame));
    return checksum_finish(frame_checksum(frame, 0, sum)) == 0;
}

/* For the socket that the segment before was for. */
static inline bool is_latest(const struct tcp_socket *socket, const struct packet_info *info, const struct tcp_segment *segment)
{
    return socket && socket->remote.port == segment->source_port && socket->local.port == segment->destination_port &&
           memcmp(&socket->remote.address, &info->source, sizeof info->source) == 0 &&
           memcmp(&socket->local.address, &info->destination, sizeof info->destination) == 0;
}

static void segment_input(struct tcp *tcp, const struct packet_info *info, const struct tcp_segment *segment,
                          struct frame *frame)
{
    struct instant now = tcp_now(tcp);
    if (is_latest(tcp->latest, info, segment) && tcp->latest->kind == SOCKET_CONNECTION) {
        connection_input(connection_of(tcp->latest), info, segment, frame, now);
        return;
    }
    struct endpoint local = {.address = info->destination, .port = segment->destination_port};
    struct endpoint remote = {.address = info->source, .port = segment->source_port};
    struct tcp_socket *socket = demux_find(tcp, &local, &remote);
    if (socket && socket->kind == SOCKET_CONNECTION) {
        connection_input(connection_of(socket), info, segment, frame, now);
        return;
    }
    if (socket && socket->kind == SOCKET_TIME_WAIT) {
        time_wait_input(time_wait_of(socket), info, segment, frame, now);
        return;
    }
    struct tcp_listener *listener = demux_find_listener(tcp, &local);
    if (listener) {
        listener_input(listener, info, segment, frame, now);
        return;
    }
    if (!(segment->flags & TCP_RST))
        event_reset_sent(tcp, &remote, local.port, segment->flags & TCP_SYN ? "nobody listens there" : "no such connection");
    reply_reset(tcp, info, segment);
    node_drop(tcp->node, frame, DROP_TCP_NO_SOCKET);
}

static void tcp_input(struct stack *stack, void *context, const struct packet_info *info, struct frame *frame)
{
    (void)stack;
    struct tcp *tcp = context;
    struct tcp_segment segment;
    if (frame->flags & FRAME_BROADCAST || ip_is_multicast(&info->destination)) {
        node_drop(tcp->node, frame, DROP_TCP_INVALID);
        return;
    }
    if (tcp_segment_parse(frame->data, frame->length, frame_total(frame), &segment) != 0) {
        node_drop(tcp->node, frame, DROP_TCP_MALFORMED);
        return;
    }
    if (!checksum_good(info, frame)) {
        node_drop(tcp->node, frame, DROP_TCP_CHECKSUM);
        return;
    }
    segment.ip_ecn = info->traffic_class & ECN_MASK;
    segment_input(tcp, info, &segment, frame);
    bury(tcp);
}
