/* Datagrams: UDP, raw ICMP and packet sockets, the waiting half of net.h's and net_config.h's calls.
 *
 * Sending never waits: a network is allowed to lose what it has no room for. Receiving is the loop of net.c's essay. A serving udp
 * socket (a DNS server, say) holds no task: each datagram gets one, with a copy of the datagram, and at most `tasks_max` run at once; what
 * arrives meanwhile waits in the socket's own bounded buffer, and past that it is lost and counted there. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/limits.h"
#include "net/net_serve.h"

static struct net_object *udp_object(struct udp udp) { return net_object_find(udp.net, NET_UDP, udp.index, udp.generation); }
static struct net_object *icmp_object(struct icmp icmp)
{
    return net_object_find(icmp.net, NET_ICMP, icmp.index, icmp.generation);
}
static struct net_object *packet_object(struct packet packet)
{
    return net_object_find(packet.net, NET_PACKET, packet.index, packet.generation);
}

static int object_close(struct net_object *object)
{
    if (!object)
        return IMP_STALE;
    object->net->world->close(object);
    net_object_free(object);
    return 0;
}

/* ---- UDP ---- */
int net_udp(struct net *net, const struct udp_options *options, struct udp *out)
{
    struct net_object *object;
    int error = net->world->udp_open(net, options, &object);
    if (!error)
        *out = (struct udp){net, object->index, net_object_generation(object)};
    return error;
}

int udp_send(struct udp udp, const void *data, size_t length, const struct endpoint *to)
{
    struct net_object *object = udp_object(udp);
    return object ? udp.net->world->udp_send(object, data, length, to, NULL) : IMP_STALE;
}

ssize_t udp_receive(struct udp udp, void *out, size_t capacity, struct endpoint *from, struct instant deadline)
{
    struct endpoint ignored;
    struct ip to;
    for (;;) {
        struct net_object *object = udp_object(udp);
        if (!object)
            return IMP_STALE;
        ssize_t got = udp.net->world->udp_receive(object, out, capacity, from ? from : &ignored, &to);
        if (got > (ssize_t)capacity)
            got = (ssize_t)capacity;
        if (got != IMP_BUSY)
            return got;
        int error = net_object_wait(object, deadline);
        if (error)
            return error;
    }
}

int udp_set_ttl(struct udp udp, uint8_t ttl)
{
    struct net_object *object = udp_object(udp);
    return object ? udp.net->world->set_ttl(object, ttl) : IMP_STALE;
}

int udp_local(struct udp udp, struct endpoint *out)
{
    struct net_object *object = udp_object(udp);
    return object ? udp.net->world->local(object, out) : IMP_STALE;
}

int udp_close(struct udp udp) { return object_close(udp_object(udp)); }

struct serve_datagram { /* one datagram, for its task */
    struct net_serve_call call;
    void (*serve)(struct udp udp, const struct udp_request *request, void *argument);
    void *argument;
    struct udp udp;
    struct udp_request request;
    uint8_t data[];
};

static void serve_datagram_run(struct net *net, void *context)
{
    struct serve_datagram *work = context;
    work->serve(work->udp, &work->request, work->argument);
    net_serve_call_end(net, &work->call);
}

static int udp_serve_one(struct net_object *object)
{
    static uint8_t buffer[LIMIT_NET_UDP_BYTES]; /* only until it is copied to its right size; nothing runs in between */
    struct net *net = object->net;
    struct net_serve *serve = object->serve;
    struct udp_request request;
    if (net->task_count >= LIMIT_NET_TASKS)
        return IMP_LIMIT;
    ssize_t got = net->world->udp_receive(object, buffer, sizeof(buffer), &request.from, &request.to);
    if (got < 0)
        return got == IMP_BUSY ? IMP_BUSY : 0; /* an ICMP error is nothing to a server: on to the next datagram */
    struct serve_datagram *work = memory_take(sizeof(*work) + (size_t)got);
    *work = (struct serve_datagram){.call = net_serve_call(object),
                                    .serve = serve->serve.udp,
                                    .argument = serve->argument,
                                    .udp = {net, object->index, net_object_generation(object)},
                                    .request = request};
    work->request.data = work->data;
    work->request.length = (size_t)got;
    memcpy(work->data, buffer, (size_t)got);
    return net_task_start(net, serve->name, serve_datagram_run, work, true);
}

int udp_serve(struct udp udp, const char *name, unsigned tasks_max,
              void (*serve)(struct udp udp, const struct udp_request *request, void *argument), void *argument)
{
    struct net_object *object = udp_object(udp);
    if (!object)
        return IMP_STALE;
    if (tasks_max == 0)
        return IMP_INVALID;
    net_serve_begin(object, name, udp_serve_one, tasks_max, argument)->serve.udp = serve;
    net_serve_due(object, 0);
    return 0;
}

int udp_answer(struct udp udp, const struct udp_request *request, const void *data, size_t length)
{
    struct net_object *object = udp_object(udp);
    const struct ip *to = &request->to;
    bool everyone = ip_is_any(to) || ip_is_multicast(to) || ip_is_broadcast(to);
    return object ? udp.net->world->udp_send(object, data, length, &request->from, everyone ? NULL : to) : IMP_STALE;
}

/* ---- ICMP ---- */
int net_icmp(struct net *net, const struct icmp_options *options, struct icmp *out)
{
    struct net_object *object;
    if (options->family != 4 && options->family != 6)
        return IMP_INVALID;
    int error = net->world->icmp_open(net, options, &object);
    if (!error)
        *out = (struct icmp){net, object->index, net_object_generation(object)};
    return error;
}

int icmp_send(struct icmp icmp, const void *message, size_t length, const struct ip *to)
{
    struct net_object *object = icmp_object(icmp);
    if (!object)
        return IMP_STALE;
    return length < 8 ? IMP_INVALID : icmp.net->world->icmp_send(object, message, length, to);
}

uint16_t icmp_identifier(struct icmp icmp)
{
    struct net_object *object = icmp_object(icmp);
    return object ? icmp.net->world->icmp_identifier(object) : 0;
}

int icmp_set_ttl(struct icmp icmp, uint8_t ttl)
{
    struct net_object *object = icmp_object(icmp);
    return object ? icmp.net->world->set_ttl(object, ttl) : IMP_STALE;
}

ssize_t icmp_receive(struct icmp icmp, void *out, size_t capacity, struct icmp_received *about, struct instant deadline)
{
    for (;;) {
        struct net_object *object = icmp_object(icmp);
        if (!object)
            return IMP_STALE;
        ssize_t got = icmp.net->world->icmp_receive(object, out, capacity, about);
        if (got != IMP_BUSY)
            return got;
        int error = net_object_wait(object, deadline);
        if (error)
            return error;
    }
}

int icmp_close(struct icmp icmp) { return object_close(icmp_object(icmp)); }

/* ---- packet sockets ---- */
int net_packet(struct net *net, const struct packet_options *options, struct packet *out)
{
    struct net_object *object;
    if (!net->world->packet_open)
        return IMP_UNSUPPORTED;
    int error = net->world->packet_open(net, options, &object);
    if (!error)
        *out = (struct packet){net, object->index, net_object_generation(object)};
    return error;
}

int packet_send(struct packet packet, uint16_t interface, const void *frame, size_t length)
{
    struct net_object *object = packet_object(packet);
    return object ? packet.net->world->packet_send(object, interface, frame, length) : IMP_STALE;
}

ssize_t packet_receive(struct packet packet, void *out, size_t capacity, struct packet_received *about, struct instant deadline)
{
    struct packet_received unasked;
    if (!about)
        about = &unasked;
    for (;;) {
        struct net_object *object = packet_object(packet);
        if (!object)
            return IMP_STALE;
        ssize_t got = packet.net->world->packet_receive(object, out, capacity, about);
        if (got != IMP_BUSY)
            return got;
        int error = net_object_wait(object, deadline);
        if (error)
            return error;
    }
}

int packet_close(struct packet packet) { return object_close(packet_object(packet)); }
