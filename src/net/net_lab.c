/* A lab node as a world: net.h on our own stack.
 *
 * This file is thin, because TCP and UDP were made for it: they never wait, and tell through `changed` that a socket is worth another look.
 * Their owner is the object behind the handle, and `changed` wakes whoever waits for it (net_object_changed). ICMP and packet sockets, which
 * keep queues of their own, are in net_lab_raw.c; the capability to configure is net_config.c over internet/config.h.
 *
 * Streams are made without Nagle's delay unless it is asked for, as on a host: applications here write whole messages.
 *
 * Determinism: handles, identifiers and tasks come in the order of the node's own events; randomness is the node's stream.
 *
 * Memory: a node without applications has this struct and nothing else; the table of handles starts empty.
 *
 * Power: when the node goes down its tasks end first, each closing what it holds; net_lab_destroy() closes the rest, and the stack and this
 * door are built anew on the way up. */
#include "net/net_lab.h"

#include <assert.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/ecn.h"
#include "internet/stack.h"
#include "net/limits.h"
#include "net/net_lab_internal.h"
#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/options.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

struct lab_object { /* a TCP or UDP socket behind a handle */
    struct net_object object;
    struct tcp_socket *tcp;
    struct udp_socket *udp;
};

static struct lab_object *lab_of(struct net_object *object) { return (struct lab_object *)object; }
static struct net_lab *world_of(struct net *net) { return (struct net_lab *)net; }

static void tcp_changed(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    net_object_changed(owner);
}

static void udp_changed(struct udp_socket *socket, void *owner)
{
    (void)socket;
    net_object_changed(owner);
}

/* ---- streams ---- */
static ssize_t tcp_stream_read(struct net_object *stream, void *out, size_t capacity)
{
    return tcp_read(lab_of(stream)->tcp, out, capacity);
}

static ssize_t tcp_stream_write(struct net_object *stream, const void *data, size_t length)
{
    return tcp_write(lab_of(stream)->tcp, data, length);
}

static ssize_t tcp_stream_write_more(struct net_object *stream, const void *data, size_t length)
{
    return tcp_send(lab_of(stream)->tcp, data, length, TCP_SEND_MORE);
}

static ssize_t tcp_stream_lend(struct net_object *stream, struct block *block, uint32_t offset, uint32_t length)
{
    return tcp_write_block(lab_of(stream)->tcp, block, offset, length);
}

static int tcp_stream_finish(struct net_object *stream) { return tcp_finish(lab_of(stream)->tcp); }

static void tcp_stream_close(struct net_object *stream, bool reset)
{
    if (reset)
        tcp_abort(lab_of(stream)->tcp);
    else
        tcp_close(lab_of(stream)->tcp);
}

static bool tcp_stream_readable(struct net_object *stream) { return tcp_readable(lab_of(stream)->tcp); }
static bool tcp_stream_writable(struct net_object *stream) { return tcp_writable(lab_of(stream)->tcp); }

static int tcp_stream_local(struct net_object *stream, struct endpoint *out)
{
    tcp_local(lab_of(stream)->tcp, out);
    return 0;
}

static int tcp_stream_remote(struct net_object *stream, struct endpoint *out)
{
    tcp_remote(lab_of(stream)->tcp, out);
    return 0;
}

static int tcp_stream_inside(struct net_object *stream, struct socket_inside *out)
{
    net_socket_inside(lab_of(stream)->tcp, out);
    return 0;
}

/* What net.h's options say in TCP's terms; IMP_NOT_FOUND for a congestion control that there is not. */
static int settings_tune(const struct net *net, struct tcp_settings *settings, const struct stream_options *options)
{
    const struct tcp *tcp = tcp_of(net->stack);
    settings->send_buffer_bytes = tcp_buffer_allowed(tcp, options->buffer_bytes, true);
    settings->receive_buffer_bytes = tcp_buffer_allowed(tcp, options->buffer_bytes, false);
    settings->maximum_segment = options->maximum_segment;
    settings->no_delay = !options->delay;
    settings->personal.traffic_class = options->traffic_class & (uint8_t)~ECN_MASK;
    settings->congestion = options->congestion;
    return options->congestion && !congestion_find(options->congestion) ? IMP_NOT_FOUND : 0;
}

static const struct stream_ops TCP_STREAM = {.read = tcp_stream_read,
                                             .write = tcp_stream_write,
                                             .write_more = tcp_stream_write_more,
                                             .lend = tcp_stream_lend,
                                             .finish = tcp_stream_finish,
                                             .close = tcp_stream_close,
                                             .readable = tcp_stream_readable,
                                             .writable = tcp_stream_writable,
                                             .local = tcp_stream_local,
                                             .remote = tcp_stream_remote,
                                             .inside = tcp_stream_inside};

static struct lab_object *tcp_object(struct net *net, enum net_kind kind)
{
    struct lab_object *object = net_object_create(net, kind, sizeof(*object));
    if (object && kind == NET_STREAM)
        object->object.stream = &TCP_STREAM;
    return object;
}

static int lab_dial(struct net *net, const struct endpoint *remote, const struct dial_options *options, struct net_object **out)
{
    struct lab_object *stream = tcp_object(net, NET_STREAM);
    if (!stream)
        return IMP_LIMIT;
    struct tcp_settings settings = {.local = options->local,
                                    .remote = *remote,
                                    .ttl = options->ttl,
                                    .fast_open = options->fast_open,
                                    .changed = tcp_changed,
                                    .owner = stream};
    int error = settings_tune(net, &settings, &options->stream);
    if (!error)
        error = tcp_connect(world_of(net)->tcp, &settings, &stream->tcp);
    if (error)
        net_object_free(&stream->object);
    else
        *out = &stream->object;
    return error;
}

static int lab_connected(struct net_object *stream) { return tcp_connected(lab_of(stream)->tcp); }

static int lab_listen(struct net *net, const struct endpoint *local, const struct stream_options *options,
                      struct net_object **out)
{
    struct lab_object *listener = tcp_object(net, NET_LISTENER);
    if (!listener)
        return IMP_LIMIT;
    struct tcp_settings settings = {.local = *local,
                                    .backlog = LIMIT_NET_BACKLOG,
                                    .fast_open_queue = LIMIT_NET_BACKLOG,
                                    .changed = tcp_changed,
                                    .owner = listener};
    int error = settings_tune(net, &settings, options);
    if (!error)
        error = tcp_listen(world_of(net)->tcp, &settings, &listener->tcp);
    if (error)
        net_object_free(&listener->object);
    else
        *out = &listener->object;
    return error;
}

static int lab_accept(struct net_object *listener, struct net_object **out)
{
    if (!tcp_readable(lab_of(listener)->tcp))
        return IMP_BUSY;
    struct lab_object *stream = tcp_object(listener->net, NET_STREAM);
    if (!stream)
        return IMP_LIMIT;
    int error = tcp_accept(lab_of(listener)->tcp, tcp_changed, stream, &stream->tcp);
    if (error)
        net_object_free(&stream->object);
    else
        *out = &stream->object;
    return error;
}

/* ---- UDP ---- */
static int lab_udp_open(struct net *net, const struct udp_options *options, struct net_object **out)
{
    struct lab_object *udp = net_object_create(net, NET_UDP, sizeof(*udp));
    if (!udp)
        return IMP_LIMIT;
    struct udp_socket_settings settings = {.local = options->local,
                                           .remote = options->remote,
                                           .interface = options->interface,
                                           .ttl = options->ttl,
                                           .traffic_class = options->traffic_class,
                                           .broadcast = options->broadcast,
                                           .dont_fragment = options->dont_fragment,
                                           .changed = udp_changed,
                                           .owner = udp};
    int error = udp_open(world_of(net)->udp, &settings, &udp->udp);
    if (error)
        net_object_free(&udp->object);
    else
        *out = &udp->object;
    return error;
}

static int lab_udp_send(struct net_object *udp, const void *data, size_t length, const struct endpoint *to,
                        const struct ip *source)
{
    return udp_socket_send_from(lab_of(udp)->udp, data, length, to, source);
}

static ssize_t lab_udp_receive(struct net_object *udp, void *out, size_t capacity, struct endpoint *from, struct ip *to)
{
    return udp_socket_receive(lab_of(udp)->udp, out, capacity, from, to);
}

/* ---- every kind but streams ---- */
static void lab_close(struct net_object *object)
{
    switch (object->kind) {
    case NET_UDP: udp_socket_close(lab_of(object)->udp); break;
    case NET_ICMP: lab_icmp_close(object); break;
    case NET_PACKET: lab_packet_close(object); break;
    default: tcp_close(lab_of(object)->tcp); break;
    }
}

static bool lab_readable(struct net_object *object)
{
    switch (object->kind) {
    case NET_UDP: return udp_socket_readable(lab_of(object)->udp);
    case NET_ICMP: return lab_icmp_readable(object);
    case NET_PACKET: return lab_packet_readable(object);
    default: return tcp_readable(lab_of(object)->tcp);
    }
}

static int lab_local(struct net_object *object, struct endpoint *out)
{
    if (object->kind == NET_UDP)
        udp_socket_local(lab_of(object)->udp, out);
    else
        tcp_local(lab_of(object)->tcp, out);
    return 0;
}

static int lab_set_ttl(struct net_object *object, uint8_t ttl)
{
    if (object->kind == NET_UDP)
        udp_socket_set_ttl(lab_of(object)->udp, ttl);
    else
        lab_icmp_set_ttl(object, ttl);
    return 0;
}

static void lab_random_fill(struct net *net, void *out, size_t length) { random_fill(&net->node->random, out, length); }

static const struct net_world LAB_WORLD = {.random_fill = lab_random_fill,
                                           .dial = lab_dial,
                                           .connected = lab_connected,
                                           .listen = lab_listen,
                                           .accept = lab_accept,
                                           .udp_open = lab_udp_open,
                                           .udp_send = lab_udp_send,
                                           .udp_receive = lab_udp_receive,
                                           .icmp_open = lab_icmp_open,
                                           .icmp_send = lab_icmp_send,
                                           .icmp_receive = lab_icmp_receive,
                                           .icmp_identifier = lab_icmp_identifier,
                                           .packet_open = lab_packet_open,
                                           .packet_send = lab_packet_send,
                                           .packet_receive = lab_packet_receive,
                                           .close = lab_close,
                                           .readable = lab_readable,
                                           .local = lab_local,
                                           .set_ttl = lab_set_ttl};

struct net *net_lab_create(struct node *node)
{
    struct stack *stack = stack_of(node);
    assert(stack && !node->net);
    struct net_lab *lab = memory_take_zeroed(1, sizeof(*lab));
    net_init(&lab->net, &LAB_WORLD, node);
    lab->net.wall_offset_ns = INT64_C(1767225600) * NS_PER_S; /* 1 January 2026, whatever the machine's clock says */
    lab->net.stack = stack;
    lab->tcp = tcp_of(stack);
    lab->udp = udp_of(stack);
    assert(lab->tcp && lab->udp);
    node->net = lab;
    return &lab->net;
}

void net_lab_destroy(struct net *net)
{
    net->node->net = NULL;
    net_end(net);
    memory_free(net);
}

struct net *net_lab_of(const struct node *node) { return node->net; }
