/* A lab node's raw sockets: ICMP for ping and traceroute, packet sockets for DHCP and tcpdump.
 *
 * Both are listeners on the stack that keep copies in a bounded queue until the application reads them; when the queue is full the newest is
 * lost, as on any host. They copy because what they are shown is borrowed, and still to be worked on by others.
 *
 * ICMP: every message that reaches the node, of the socket's family. Identifiers count up from a random start, so that two pings on one
 * node never take each other's replies.
 *
 * Packets: a tap on one interface, or on each that there is when the socket opens. They show whole Ethernet frames. */
#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/frame.h"
#include "internet/stack.h"
#include "net/limits.h"
#include "net/net_lab_internal.h"

/* ---- the queue of copies ---- */
struct raw_object {
    struct net_object object;
    struct list queue; /* struct lab_queued.link */
    uint32_t queued;
};

static struct lab_queued *queue_add(struct raw_object *raw, uint32_t length, uint32_t limit, struct instant now)
{
    if (raw->queued >= limit)
        return NULL;
    struct lab_queued *entry = memory_take_zeroed(1, sizeof(*entry) + length);
    entry->length = length;
    entry->time = now;
    list_push_back(&raw->queue, &entry->link);
    raw->queued++;
    return entry;
}

static struct lab_queued *queue_first(struct raw_object *raw)
{
    return raw->queued ? list_entry(raw->queue.next, struct lab_queued, link) : NULL;
}

static void queue_drop(struct raw_object *raw, struct lab_queued *entry)
{
    list_remove(&entry->link);
    raw->queued--;
    memory_free(entry);
}

static void queue_end(struct raw_object *raw)
{
    for (struct lab_queued *entry; (entry = queue_first(raw));)
        queue_drop(raw, entry);
}

/* ---- ICMP ---- */
struct lab_icmp {
    struct raw_object raw;
    struct icmp_listener listener;
    struct icmp_options options;
    uint16_t identifier;
};

static void icmp_heard(struct icmp_listener *listener, const struct packet_info *info, const uint8_t *message, size_t length,
                       struct instant now)
{
    struct lab_icmp *icmp = container_of(listener, struct lab_icmp, listener);
    if (icmp->options.interface && info->interface != icmp->options.interface)
        return;
    struct lab_queued *entry = queue_add(&icmp->raw, (uint32_t)length, LIMIT_NET_ICMP_QUEUE, now);
    if (!entry)
        return;
    entry->from = (struct endpoint){.address = info->source, .interface = info->interface};
    entry->ttl = info->ttl;
    memcpy(entry->data, message, length);
    net_object_changed(&icmp->raw.object);
}

int lab_icmp_open(struct net *net, const struct icmp_options *options, struct net_object **out)
{
    struct net_lab *lab = (struct net_lab *)net;
    if (options->source.family && (options->source.family != options->family || !stack_is_local(net->stack, &options->source)))
        return IMP_INVALID;
    struct lab_icmp *icmp = net_object_create(net, NET_ICMP, sizeof(*icmp));
    if (!icmp)
        return IMP_LIMIT;
    if (!lab->next_identifier)
        lab->next_identifier = (uint16_t)(net_random(net) | 1);
    list_init(&icmp->raw.queue);
    icmp->options = *options;
    icmp->identifier = lab->next_identifier++;
    icmp->listener = (struct icmp_listener){.family = options->family, .message = icmp_heard};
    stack_icmp_listen(net->stack, &icmp->listener);
    *out = &icmp->raw.object;
    return 0;
}

void lab_icmp_close(struct net_object *object)
{
    struct lab_icmp *icmp = (struct lab_icmp *)object;
    stack_icmp_unlisten(&icmp->listener);
    queue_end(&icmp->raw);
}

uint16_t lab_icmp_identifier(struct net_object *icmp) { return ((struct lab_icmp *)icmp)->identifier; }
void lab_icmp_set_ttl(struct net_object *icmp, uint8_t ttl) { ((struct lab_icmp *)icmp)->options.ttl = ttl; }
bool lab_icmp_readable(const struct net_object *icmp) { return ((const struct raw_object *)icmp)->queued > 0; }

int lab_icmp_send(struct net_object *object, const void *message, size_t length, const struct ip *to)
{
    struct lab_icmp *icmp = (struct lab_icmp *)object;
    struct stack *stack = object->net->stack;
    bool v6 = icmp->options.family == 6;
    if (to->family != icmp->options.family)
        return IMP_INVALID;
    if (length > UINT16_MAX - 60)
        return IMP_TOO_BIG;
    struct packet_info info = {.source = icmp->options.source,
                               .destination = *to,
                               .protocol = v6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP,
                               .ttl = icmp->options.ttl,
                               .interface = icmp->options.interface,
                               .broadcast_allowed = icmp->options.broadcast,
                               .dont_fragment = icmp->options.dont_fragment};
    struct frame *frame = frame_create(object->net->node->engine, FRAME_HEADROOM, (uint32_t)length);
    uint8_t *copy = frame_append(frame, (uint32_t)length);
    memcpy(copy, message, length);
    store_u16(copy + 2, 0);
    if (!v6) /* ICMPv6's covers the source address (RFC 4443 section 2.3), which the stack is yet to choose: it fills it in */
        store_u16(copy + 2, checksum_finish(checksum_partial(copy, length, 0)));
    return stack_send(stack, &info, frame);
}

ssize_t lab_icmp_receive(struct net_object *object, void *out, size_t capacity, struct icmp_received *about)
{
    struct lab_queued *entry = queue_first((struct raw_object *)object);
    if (!entry)
        return IMP_BUSY;
    size_t length = entry->length < capacity ? entry->length : capacity;
    memcpy(out, entry->data, length);
    *about = (struct icmp_received){.from = entry->from, .ttl = entry->ttl, .time = entry->time};
    queue_drop((struct raw_object *)object, entry);
    return (ssize_t)length;
}

/* ---- packet sockets ---- */
struct packet_tap {
    struct interface_tap tap;
    struct lab_packet *packet;
};
struct lab_packet {
    struct raw_object raw;
    struct packet_options options;
    struct packet_tap *taps;
    size_t tap_count;
};

static void packet_seen(struct interface_tap *tap, struct interface *interface, const struct frame *frame, bool outgoing,
                        struct instant now)
{
    struct lab_packet *packet = container_of(tap, struct packet_tap, tap)->packet;
    uint32_t length = frame_total(frame);
    uint8_t ethertype[2];
    if ((outgoing && !packet->options.outgoing) || length < ETHERNET_HEADER_BYTES)
        return;
    frame_copy_out(frame, ETHERNET_HEADER_BYTES - sizeof(ethertype), ethertype, sizeof(ethertype));
    if (packet->options.ethertype && packet->options.ethertype != load_u16(ethertype))
        return;
    struct lab_queued *entry = queue_add(&packet->raw, length, LIMIT_NET_PACKET_QUEUE, now);
    if (!entry)
        return;
    entry->interface = interface->index;
    entry->outgoing = outgoing;
    frame_copy_out(frame, 0, entry->data, length);
    net_object_changed(&packet->raw.object);
}

static void packet_tap_add(struct lab_packet *packet, struct interface *interface)
{
    struct packet_tap *tap = &packet->taps[packet->tap_count++];
    tap->packet = packet;
    tap->tap.frame = packet_seen;
    tap->tap.promiscuous = packet->options.promiscuous;
    list_push_back(&interface->taps, &tap->tap.link);
}

int lab_packet_open(struct net *net, const struct packet_options *options, struct net_object **out)
{
    struct interface *only = options->interface ? stack_interface_find(net->stack, options->interface) : NULL;
    size_t count = 0;
    if (options->interface && !only)
        return IMP_NOT_FOUND;
    struct lab_packet *packet = net_object_create(net, NET_PACKET, sizeof(*packet));
    if (!packet)
        return IMP_LIMIT;
    for (struct interface *i = NULL; (i = stack_interface_next(net->stack, i));)
        count++;
    list_init(&packet->raw.queue);
    packet->options = *options;
    packet->taps = memory_take_zeroed(only ? 1 : count, sizeof(*packet->taps));
    if (only)
        packet_tap_add(packet, only);
    for (struct interface *i = NULL; !only && (i = stack_interface_next(net->stack, i));)
        packet_tap_add(packet, i);
    *out = &packet->raw.object;
    return 0;
}

void lab_packet_close(struct net_object *object)
{
    struct lab_packet *packet = (struct lab_packet *)object;
    for (size_t i = 0; i < packet->tap_count; i++)
        list_remove(&packet->taps[i].tap.link);
    memory_free(packet->taps);
    queue_end(&packet->raw);
}

bool lab_packet_readable(const struct net_object *packet) { return ((const struct raw_object *)packet)->queued > 0; }

int lab_packet_send(struct net_object *object, uint16_t index, const void *data, size_t length)
{
    struct net *net = object->net;
    struct interface *interface = stack_interface_find(net->stack, index);
    if (!interface)
        return IMP_NOT_FOUND;
    if (length < ETHERNET_HEADER_BYTES)
        return IMP_INVALID;
    if (length > ETHERNET_HEADER_BYTES + interface->mtu)
        return IMP_TOO_BIG;
    if (!interface_running(interface))
        return IMP_UNREACHABLE;
    struct frame *frame = frame_create(net->node->engine, FRAME_HEADROOM, (uint32_t)length);
    memcpy(frame_append(frame, (uint32_t)length), data, length);
    interface_send_raw(interface, frame, net_now(net));
    return 0;
}

ssize_t lab_packet_receive(struct net_object *object, void *out, size_t capacity, struct packet_received *about)
{
    struct lab_queued *entry = queue_first((struct raw_object *)object);
    if (!entry)
        return IMP_BUSY;
    size_t length = entry->length < capacity ? entry->length : capacity;
    memcpy(out, entry->data, length);
    *about = (struct packet_received){
        .interface = entry->interface, .outgoing = entry->outgoing, .time = entry->time, .length = entry->length};
    queue_drop((struct raw_object *)object, entry);
    return (ssize_t)length;
}
