/* UDP (RFC 768; over IPv6: RFC 8200 section 8.1): from datagrams to sockets and back.
 *
 * Structures. A node's layer holds its sockets twice: in a list in the order of opening, which every walk that can be seen from
 * outside uses, and in chains by local port, which arriving datagrams use. The table of chains doubles with the number of
 * sockets, and there is none before the first socket, so that an idle node pays only for the layer itself. Ports are chosen by
 * this node, not by its peers, so the low bits of the port are hash enough.
 *
 * A datagram's way in: format, checksum (not for frames that this program built and nobody has damaged since), then the socket that
 * fits best: one that names the remote end before one that does not, then one that names the local address, then the
 * interface, then the family. Of equals the one opened first. A broadcast or multicast is for every socket that fits, in the order of
 * opening, and each gets its own copy. What fits no socket is answered by ICMP port unreachable, unless it was sent to a group
 * (RFC 1122 section 3.2.2).
 *
 * A waiting datagram is its frame: who sent it and to whom is noted in the frame's headroom, where its headers were, so that nothing
 * is allocated for it. A queue is bounded in bytes; what does not fit is dropped and counted.
 *
 * A datagram's way out: stack_path() tells the source address for the checksum, stack_send() does the rest. A local port of 0
 * becomes a random free one (RFC 6056 section 3.3.1) from the node's own random numbers.
 *
 * ICMP errors reach connected sockets only, as on every BSD-like system: RFC 1122 section 4.1.3.3 wants them passed on, and only
 * there is it clear to whom. "Too big" counts as one only for a socket that forbids fragments; otherwise the path MTU below learns.
 *
 * There are no timers. Left out on purpose: UDP-Lite, the zero checksums that RFC 6935 allows tunnels over IPv6, jumbograms, and
 * IPv4-mapped addresses (a socket with local family 0 serves both families under their own addresses). */
#include "transport/udp.h"

#include <assert.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"
#include "internet/ports.h"
#include "transport/limits.h"

struct udp_socket {
    struct list link;        /* in the order of opening */
    struct udp_socket *next; /* of the same chain, in the order of opening */
    struct udp_layer *udp;
    struct endpoint local, remote;
    uint16_t interface;
    uint8_t ttl, traffic_class;
    bool broadcast, dont_fragment, reuse;
    bool tentative; /* bound to an address whose duplicate address detection had not ended */
    int error;      /* pending, given once */
    void (*changed)(struct udp_socket *socket, void *owner);
    void *owner;
    struct frame *first, *last;         /* datagrams waiting; data at the payload, struct note before it */
    uint32_t queued_bytes, queue_count; /* payload bytes; datagrams */
};

struct udp_layer {
    struct stack *stack;
    struct node *node;
    struct list sockets;
    struct udp_socket **chains; /* by the low bits of the local port; NULL before the first socket */
    uint32_t chain_count;       /* 0, or a power of two */
    uint32_t socket_count;
};

/* What is remembered of a waiting datagram beside its payload: written into the frame's headroom, unaligned. */
struct note {
    struct endpoint from;
    struct ip to;
};

static const struct event_type UDP_SENT = {
    .name = "udp-sent",
    .protocol = "UDP",
    .story = "{bytes} from port {source-port} to port {port}",
    .level = EVENT_DETAIL,
    .fields = {{"to", FIELD_IP}, {"port", FIELD_NUMBER}, {"source-port", FIELD_NUMBER}, {"bytes", FIELD_BYTES}}};
static const struct event_type UDP_RECEIVED = {
    .name = "udp-received",
    .protocol = "UDP",
    .story = "{bytes} from port {source-port} arrived at port {port}",
    .level = EVENT_DETAIL,
    .fields = {{"from", FIELD_IP}, {"port", FIELD_NUMBER}, {"source-port", FIELD_NUMBER}, {"bytes", FIELD_BYTES}}};

/* ---- the format ---- */

int udp_header_parse(struct reader *reader, struct udp_header *out)
{
    out->source_port = reader_u16(reader);
    out->destination_port = reader_u16(reader);
    out->length_bytes = reader_u16(reader);
    out->checksum = reader_u16(reader);
    if (reader->failed)
        return IMP_TRUNCATED;
    return out->length_bytes < UDP_HEADER_BYTES ? IMP_MALFORMED : 0;
}

void udp_header_build(struct writer *writer, const struct udp_header *header)
{
    writer_u16(writer, header->source_port);
    writer_u16(writer, header->destination_port);
    writer_u16(writer, header->length_bytes);
    writer_u16(writer, header->checksum);
}

/* ---- the table of sockets ---- */

static struct udp_socket **chain_of(const struct udp_layer *udp, uint16_t port)
{
    return &udp->chains[port & (udp->chain_count - 1)];
}

static void chain_append(struct udp_layer *udp, struct udp_socket *socket)
{
    struct udp_socket **at = chain_of(udp, socket->local.port);
    while (*at)
        at = &(*at)->next;
    socket->next = NULL;
    *at = socket;
}

static void table_insert(struct udp_layer *udp, struct udp_socket *socket)
{
    list_push_back(&udp->sockets, &socket->link);
    udp->socket_count++;
    if (udp->socket_count <= udp->chain_count) {
        chain_append(udp, socket);
        return;
    }
    udp->chain_count = udp->chain_count ? udp->chain_count * 2 : 4;
    memory_free(udp->chains);
    udp->chains = memory_take_zeroed(udp->chain_count, sizeof *udp->chains);
    list_each (link, &udp->sockets)
        chain_append(udp, list_entry(link, struct udp_socket, link));
}

static void table_remove(struct udp_layer *udp, struct udp_socket *socket)
{
    struct udp_socket **at = chain_of(udp, socket->local.port);
    while (*at != socket)
        at = &(*at)->next;
    *at = socket->next;
    list_remove(&socket->link);
    if (--udp->socket_count == 0) {
        memory_free(udp->chains);
        udp->chains = NULL;
        udp->chain_count = 0;
    }
}

/* Could one datagram fit both? The local addresses overlap when they are equal or one of them stands for the other too. */
static bool local_overlaps(const struct udp_socket *a, const struct udp_socket *b)
{
    if (a->interface && b->interface && a->interface != b->interface)
        return false;
    if (a->local.address.family && b->local.address.family) {
        if (a->local.address.family != b->local.address.family)
            return false;
        return ip_is_any(&a->local.address) || ip_is_any(&b->local.address) || ip_equal(&a->local.address, &b->local.address);
    }
    return true;
}

static bool port_is_free(const struct udp_layer *udp, const struct udp_socket *wanted, uint16_t port)
{
    if (!udp->chain_count)
        return true;
    for (const struct udp_socket *other = *chain_of(udp, port); other; other = other->next)
        if (other->local.port == port && !(other->reuse && wanted->reuse) && local_overlaps(other, wanted))
            return false;
    return true;
}

/* RFC 6056 section 3.3.1: a random start, then the next free one. */
static int port_choose(struct udp_layer *udp, struct udp_socket *socket)
{
    const struct ports *ports = stack_ports(udp->stack);
    const uint32_t count = (uint32_t)(ports->last - ports->first + 1);
    uint32_t start = (uint32_t)random_below(&udp->node->random, count);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t port = (uint16_t)(ports->first + (start + i) % count);
        if (!ports_reserved(ports, port) && port_is_free(udp, socket, port)) {
            socket->local.port = port;
            return 0;
        }
    }
    return IMP_IN_USE;
}

/* How well a socket fits a datagram from `info->source`, `source_port` to `info->destination` at the socket's port: 0 = not. */
static unsigned socket_score(const struct udp_socket *socket, const struct packet_info *info, uint16_t source_port)
{
    const struct ip *local = &socket->local.address, *remote = &socket->remote.address;
    unsigned score = 1;
    if (local->family) {
        if (local->family != info->destination.family)
            return 0;
        score += 1;
        if (!ip_is_any(local)) {
            if (!ip_equal(local, &info->destination))
                return 0;
            score += 4;
        }
    }
    if (remote->family) {
        if (socket->remote.port != source_port || !ip_equal(remote, &info->source))
            return 0;
        score += 8;
    }
    if (socket->interface) {
        if (socket->interface != info->interface)
            return 0;
        score += 2;
    }
    return score;
}

static struct udp_socket *socket_find(const struct udp_layer *udp, const struct packet_info *info, uint16_t port,
                                      uint16_t source_port)
{
    struct udp_socket *best = NULL;
    unsigned best_score = 0;
    for (struct udp_socket *socket = udp->chain_count ? *chain_of(udp, port) : NULL; socket; socket = socket->next) {
        unsigned score = socket->local.port == port ? socket_score(socket, info, source_port) : 0;
        if (score > best_score) {
            best = socket;
            best_score = score;
        }
    }
    return best;
}

/* ---- the way in ---- */

/* Takes a frame whose data is the payload. */
static void socket_enqueue(struct udp_socket *socket, struct frame *frame, const struct note *note)
{
    uint64_t held = socket->queued_bytes + (uint64_t)socket->queue_count * LIMIT_UDP_DATAGRAM_OVERHEAD;
    if (held + frame->length + LIMIT_UDP_DATAGRAM_OVERHEAD > LIMIT_UDP_RECEIVE_BYTES) {
        node_drop(socket->udp->node, frame, DROP_UDP_BUFFER_FULL);
        return;
    }
    frame = frame_own(frame, sizeof *note);
    memcpy(frame->data - sizeof *note, note, sizeof *note);
    frame->next = NULL;
    if (socket->last)
        socket->last->next = frame;
    else
        socket->first = frame;
    socket->last = frame;
    socket->queued_bytes += frame->length;
    socket->queue_count++;
    if (socket->changed)
        socket->changed(socket, socket->owner);
}

static void group_deliver(struct udp_layer *udp, const struct packet_info *info, struct frame *frame,
                          const struct udp_header *header, const struct note *note)
{
    struct udp_socket *pending = NULL; /* the last that fits gets the frame itself, those before it copies */
    for (struct udp_socket *socket = udp->chain_count ? *chain_of(udp, header->destination_port) : NULL; socket;
         socket = socket->next) {
        if (socket->local.port != header->destination_port || !socket_score(socket, info, header->source_port))
            continue;
        if (pending)
            socket_enqueue(pending, frame_own(frame_hold(frame), sizeof *note), note);
        pending = socket;
    }
    if (pending)
        socket_enqueue(pending, frame, note);
    else
        node_drop(udp->node, frame, DROP_UDP_NO_SOCKET);
}

static bool checksum_good(struct frame *frame, const struct packet_info *info, const struct udp_header *header)
{
    if (frame->flags & FRAME_SUMS_GOOD)
        return true;
    if (!header->checksum) /* none was made; IPv6 does not allow that (RFC 8200 section 8.1) */
        return info->source.family == 4;
    uint32_t sum = stack_pseudo_sum(&info->source, &info->destination, PROTOCOL_UDP, header->length_bytes);
    return checksum_finish(frame_checksum(frame, 0, sum)) == 0;
}

static bool sent_to_group(const struct udp_layer *udp, const struct packet_info *info, const struct frame *frame)
{
    if (ip_is_multicast(&info->destination) || ip_is_broadcast(&info->destination))
        return true;
    /* A subnet's broadcast address looks like any other; that it came in a broadcast frame and is not ours tells. */
    return (frame->flags & FRAME_BROADCAST) && !stack_is_local(udp->stack, &info->destination);
}

static void udp_input(struct stack *stack, void *context, const struct packet_info *info, struct frame *packet_taken)
{
    struct udp_layer *udp = context;
    struct frame *frame = frame_linear(packet_taken);
    struct udp_header header;
    struct reader reader = reader_of(frame->data, frame->length);
    if (udp_header_parse(&reader, &header) != 0 || header.length_bytes > frame->length) {
        node_drop(udp->node, frame, DROP_UDP_MALFORMED);
        return;
    }
    frame_trim(frame, header.length_bytes);
    if (!checksum_good(frame, info, &header)) {
        node_drop(udp->node, frame, DROP_UDP_CHECKSUM);
        return;
    }
    bool group = sent_to_group(udp, info, frame);
    struct udp_socket *socket = group ? NULL : socket_find(udp, info, header.destination_port, header.source_port);
    if (!group && !socket) {
        stack_refuse_port(stack, info, frame, DROP_UDP_NO_SOCKET);
        return;
    }
    if (event_wanted(udp->node))
        event_emit(udp->node, &UDP_RECEIVED,
                   (union event_value[]){{.ip = info->source},
                                         {.number = header.destination_port},
                                         {.number = header.source_port},
                                         {.number = header.length_bytes - UDP_HEADER_BYTES}});
    struct note note = {.from = {info->source, header.source_port, info->interface}, .to = info->destination};
    frame_pull(frame, UDP_HEADER_BYTES);
    if (group)
        group_deliver(udp, info, frame, &header, &note);
    else
        socket_enqueue(socket, frame, &note);
}

/* An ICMP error about a datagram of ours: `info` and `quoted` are as we sent it, so the remote end is the destination. */
static bool udp_error(struct stack *stack, void *context, const struct packet_info *info, struct bytes quoted,
                      const struct stack_error *error)
{
    (void)stack;
    struct udp_layer *udp = context;
    struct udp_header header;
    struct reader reader = reader_of(quoted.data, quoted.length);
    if (udp_header_parse(&reader, &header) != 0)
        return false;
    struct packet_info reversed = {.source = info->destination, .destination = info->source, .interface = info->interface};
    struct udp_socket *socket = socket_find(udp, &reversed, header.source_port, header.destination_port);
    if (!socket)
        return false;
    if (!socket->remote.address.family || (error->error == IMP_TOO_BIG && !socket->dont_fragment))
        return true;
    socket->error = error->error;
    if (socket->changed)
        socket->changed(socket, socket->owner);
    return true;
}

/* ---- the door ---- */

static const struct transport_ops UDP_OPS = {.input = udp_input, .error = udp_error};

struct udp_layer *udp_create(struct stack *stack)
{
    struct udp_layer *udp = memory_take_zeroed(1, sizeof *udp);
    udp->stack = stack;
    udp->node = stack_node(stack);
    list_init(&udp->sockets);
    stack_transport_register(stack, PROTOCOL_UDP, &UDP_OPS, udp);
    return udp;
}

void udp_destroy(struct udp_layer *udp)
{
    assert(udp->socket_count == 0);
    stack_transport_register(udp->stack, PROTOCOL_UDP, NULL, NULL);
    memory_free(udp->chains);
    memory_free(udp);
}

struct udp_layer *udp_of(const struct stack *stack) { return stack_transport_context(stack, PROTOCOL_UDP); }

/* Completes a socket's local end, or says why it cannot be. */
static int socket_bind(struct udp_layer *udp, struct udp_socket *socket)
{
    struct ip *local = &socket->local.address;
    const struct ip *remote = &socket->remote.address;
    if (remote->family) {
        if ((local->family && local->family != remote->family) || !socket->remote.port)
            return IMP_INVALID;
        if (ip_is_any(local)) {
            struct path path;
            int error = stack_path(udp->stack, remote, socket->interface, &path);
            if (error)
                return error;
            *local = path.source;
        }
    }
    if (!ip_is_any(local) && !ip_is_multicast(local) && !ip_is_broadcast(local)) {
        socket->tentative = !stack_is_local(udp->stack, local);
        if (!stack_will_be_local(udp->stack, local))
            return IMP_INVALID;
    }
    if (!socket->local.port)
        return port_choose(udp, socket);
    return port_is_free(udp, socket, socket->local.port) ? 0 : IMP_IN_USE;
}

int udp_open(struct udp_layer *udp, const struct udp_socket_settings *settings, struct udp_socket **out)
{
    *out = NULL;
    if (udp->socket_count >= LIMIT_UDP_SOCKETS)
        return IMP_LIMIT;
    struct udp_socket wanted = {.udp = udp,
                                .local = settings->local,
                                .remote = settings->remote,
                                .interface = settings->interface,
                                .ttl = settings->ttl,
                                .traffic_class = settings->traffic_class,
                                .broadcast = settings->broadcast,
                                .dont_fragment = settings->dont_fragment,
                                .reuse = settings->reuse,
                                .changed = settings->changed,
                                .owner = settings->owner};
    if (!wanted.interface)
        wanted.interface = settings->local.interface ? settings->local.interface : settings->remote.interface;
    int error = socket_bind(udp, &wanted);
    if (error)
        return error;
    struct udp_socket *socket = memory_take(sizeof *socket);
    *socket = wanted;
    table_insert(udp, socket);
    *out = socket;
    return 0;
}

void udp_socket_close(struct udp_socket *socket)
{
    table_remove(socket->udp, socket);
    while (socket->first) {
        struct frame *frame = socket->first;
        socket->first = frame->next;
        frame_release(frame);
    }
    memory_free(socket);
}

static int error_take(struct udp_socket *socket)
{
    int error = socket->error;
    socket->error = 0;
    return error;
}

static struct frame *datagram_build(struct udp_layer *udp, const struct packet_info *info, const struct udp_header *header,
                                    const void *data)
{
    uint32_t payload = (uint32_t)header->length_bytes - UDP_HEADER_BYTES;
    struct frame *frame = frame_create(udp->node->engine, FRAME_HEADROOM, header->length_bytes);
    uint8_t *bytes = frame_append(frame, header->length_bytes);
    struct writer writer = writer_of(bytes, UDP_HEADER_BYTES);
    udp_header_build(&writer, header); /* its checksum field is still zero */
    uint32_t sum = stack_pseudo_sum(&info->source, &info->destination, PROTOCOL_UDP, header->length_bytes);
    sum = checksum_partial(bytes, UDP_HEADER_BYTES, sum);
    uint16_t checksum = checksum_finish(checksum_copy(bytes + UDP_HEADER_BYTES, data, payload, sum));
    store_u16(bytes + 6, checksum ? checksum : 0xffff); /* zero would say "none"; the two are equal in ones' complement */
    frame->flags |= FRAME_SUMS_GOOD;
    return frame;
}

/* The socket's own address, else the one asked for, else the one that the path has. */
static int choose_source(struct udp_socket *socket, const struct ip *asked, struct packet_info *info)
{
    const struct ip *local = &socket->local.address;
    if (!ip_is_any(local) && !ip_is_multicast(local) && !ip_is_broadcast(local)) {
        if (socket->tentative && !stack_is_local(socket->udp->stack, local))
            return IMP_UNREACHABLE; /* RFC 4862 section 2: nothing is sent from a tentative address */
        socket->tentative = false;
        info->source = *local;
        return 0;
    }
    if (asked && asked->family == info->destination.family && stack_is_local(socket->udp->stack, asked)) {
        info->source = *asked;
        return 0;
    }
    struct path path;
    int error = stack_path(socket->udp->stack, &info->destination, info->interface, &path);
    if (!error)
        info->source = path.source;
    return error;
}

int udp_socket_send(struct udp_socket *socket, const void *data, size_t length, const struct endpoint *to)
{
    return udp_socket_send_from(socket, data, length, to, NULL);
}

int udp_socket_send_from(struct udp_socket *socket, const void *data, size_t length, const struct endpoint *to,
                         const struct ip *source)
{
    struct udp_layer *udp = socket->udp;
    if (socket->error)
        return error_take(socket);
    if (!to)
        to = &socket->remote;
    const struct ip *local = &socket->local.address;
    if (!to->address.family || !to->port || (local->family && local->family != to->address.family))
        return IMP_INVALID;
    /* 65535 is all that IPv4's total length and IPv6's payload length can say: the IPv4 header counts, the IPv6 one does not. */
    if (length > 65535u - UDP_HEADER_BYTES - (to->address.family == 4 ? 20u : 0u))
        return IMP_TOO_BIG;
    struct packet_info info = {.destination = to->address,
                               .protocol = PROTOCOL_UDP,
                               .ttl = socket->ttl,
                               .traffic_class = socket->traffic_class,
                               .dont_fragment = socket->dont_fragment,
                               .broadcast_allowed = socket->broadcast,
                               .interface = to->interface ? to->interface : socket->interface};
    if (!info.ttl && ip_is_multicast(&to->address))
        info.ttl = 1; /* RFC 1112 section 6.1: a group is not left to spread unless asked */
    int error = choose_source(socket, source, &info);
    if (error)
        return error;
    if (event_wanted(udp->node))
        event_emit(udp->node, &UDP_SENT,
                   (union event_value[]){
                       {.ip = to->address}, {.number = to->port}, {.number = socket->local.port}, {.number = (int64_t)length}});
    struct udp_header header = {socket->local.port, to->port, (uint16_t)(UDP_HEADER_BYTES + length), 0};
    return stack_send(udp->stack, &info, datagram_build(udp, &info, &header, data));
}

ssize_t udp_socket_receive(struct udp_socket *socket, void *out, size_t capacity, struct endpoint *from, struct ip *to)
{
    if (socket->error)
        return error_take(socket);
    struct frame *frame = socket->first;
    if (!frame)
        return IMP_BUSY;
    socket->first = frame->next;
    if (!socket->first)
        socket->last = NULL;
    socket->queue_count--;
    socket->queued_bytes -= frame->length;
    struct note note;
    memcpy(&note, frame->data - sizeof note, sizeof note);
    if (from)
        *from = note.from;
    if (to)
        *to = note.to;
    ssize_t length = (ssize_t)frame->length;
    size_t copied = frame->length < capacity ? frame->length : capacity;
    if (copied)
        memcpy(out, frame->data, copied);
    frame_release(frame);
    return length;
}

bool udp_socket_readable(const struct udp_socket *socket) { return socket->first || socket->error; }
void udp_socket_set_ttl(struct udp_socket *socket, uint8_t ttl) { socket->ttl = ttl; }
void udp_socket_local(const struct udp_socket *socket, struct endpoint *out) { *out = socket->local; }
void udp_socket_remote(const struct udp_socket *socket, struct endpoint *out) { *out = socket->remote; }
uint32_t udp_socket_queued(const struct udp_socket *socket) { return socket->queued_bytes; }

struct udp_socket *udp_socket_next(struct udp_layer *udp, struct udp_socket *after)
{
    struct list *link = after ? after->link.next : udp->sockets.next;
    return link == &udp->sockets ? NULL : list_entry(link, struct udp_socket, link);
}
