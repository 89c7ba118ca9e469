/* A network interface card: the piece between a wire and the internet layer.
 *
 * Receiving, in the order of real hardware: the carrier and the administrator must have it up; promiscuous taps see every frame;
 * the filter keeps what is addressed to our MAC, to everyone, or to a group that was joined; the other taps see that; then the
 * Ethernet header is pulled and `receive` gets the packet. What the filter refuses is counted and forgotten without an event, as
 * a card's filter does: on a flooding switch that is most of what arrives.
 *
 * Sending: the packet must fit the MTU; the header goes into the headroom; a frame under 60 bytes is padded with zeros (IEEE 802.3
 * 4.2.3.3 counts 64 with the check sequence); taps see it; the port has it. A packet socket sends whole frames by interface_send_raw().
 *
 * `frame->link` is set here on both ways, so that captures and ICMP quotes find the header. Groups are counted: two joins need two
 * leaves. There are no queues and no interrupts: the wire has the queue, and departure is computed there.
 *
 * Left out on purpose: checksum offload (FRAME_SUMS_GOOD says the same with less), more than one unicast address, pause frames. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/engine.h"
#include "link/ethernet.h"
#include "link/interface.h"
#include "link/loopback.h"

struct nic_group {
    struct mac mac;
    uint16_t joins; /* at most one for each address of the node and socket of its applications */
};

static struct nic_group *group_find(struct interface *interface, struct mac mac)
{
    for (uint32_t i = 0; i < interface->group_count; i++)
        if (mac_equal(interface->groups[i].mac, mac))
            return &interface->groups[i];
    return NULL;
}

static void show_taps(struct interface *interface, const struct frame *frame, bool outgoing, bool promiscuous,
                      struct instant now)
{
    list_each (link, &interface->taps) {
        struct interface_tap *tap = list_entry(link, struct interface_tap, link);
        if (outgoing || tap->promiscuous == promiscuous)
            tap->frame(tap, interface, frame, outgoing, now);
    }
}

/* Not to our own address: to everyone, or to a group that was joined. */
static __attribute__((noinline)) bool for_our_groups(struct interface *interface, const uint8_t *destination)
{
    struct mac mac;
    memcpy(mac.b, destination, sizeof mac.b);
    return mac_is_group(mac) && (mac_equal(mac, MAC_BROADCAST) || group_find(interface, mac));
}

static void nic_receive(struct port *port, struct frame *frame, struct instant now)
{
    struct interface *interface = port->owner;
    __builtin_prefetch(interface->layer3);
    if (!interface->up) {
        interface->receive_drops++;
        node_drop(interface->node, frame, DROP_INTERFACE_DOWN);
        return;
    }
    bool tapped = !list_empty(&interface->taps);
    if (tapped)
        show_taps(interface, frame, false, true, now);
    const uint8_t *bytes = frame->data;
    struct ethernet_header header;
    if (ethernet_parse(bytes, frame->length, &header) != 0) {
        interface->receive_drops++;
        node_drop(interface->node, frame, DROP_ETHERNET_MALFORMED);
        return;
    }
    bool group = memcmp(bytes, interface->mac.b, sizeof interface->mac.b) != 0; /* or somebody else */
    if (group && !for_our_groups(interface, bytes)) {
        interface->node->drops[DROP_ETHERNET_NOT_FOR_US]++;
        frame_release(frame);
        return;
    }
    interface->received_frames++;
    interface->received_bytes += frame_total(frame);
    if (tapped)
        show_taps(interface, frame, false, false, now);
    if (frame->refs > 1) /* the marks and the pull below are edits */
        frame = frame_own(frame, 0);
    frame->link = frame_mark(frame);
    frame->flags = (uint16_t)((frame->flags & ~FRAME_BROADCAST) | (group ? FRAME_BROADCAST : 0));
    frame_pull(frame, ETHERNET_HEADER_BYTES);
    interface->receive(interface, frame, header.ethertype, header.source, now);
}

/* Takes a frame under the minimum, gives one of the minimum's length that is the caller's alone. */
static struct frame *padded(struct interface *interface, struct frame *frame)
{
    if (frame->tail_length)
        frame = frame_linear(frame);
    frame = frame_own(frame, 0);
    uint32_t missing = ETHERNET_MINIMUM_BYTES - frame->length;
    if (frame->room_bytes - frame_headroom(frame) - frame->length < missing) {
        struct frame *roomy = frame_create(interface->node->engine, 0, ETHERNET_MINIMUM_BYTES);
        memcpy(frame_append(roomy, frame->length), frame->data, frame->length);
        roomy->flags = frame->flags;
        frame_release(frame);
        frame = roomy;
    }
    memset(frame_append(frame, missing), 0, missing);
    return frame;
}

/* With its header, of `total` bytes. */
static inline void send_whole(struct interface *interface, struct frame *frame, uint32_t total, struct instant now)
{
    if (!interface->up) {
        interface->send_drops++;
        node_drop(interface->node, frame, DROP_INTERFACE_DOWN);
        return;
    }
    if (total > interface->mtu + ETHERNET_HEADER_BYTES) {
        interface->send_drops++;
        node_drop(interface->node, frame, DROP_IP_TOO_BIG);
        return;
    }
    if (total < ETHERNET_MINIMUM_BYTES) {
        frame = padded(interface, frame);
        total = ETHERNET_MINIMUM_BYTES;
    }
    interface->sent_frames++;
    interface->sent_bytes += total;
    if (!list_empty(&interface->taps))
        show_taps(interface, frame, true, true, now);
    port_transmit(interface->port, frame, now);
}

void interface_send_raw(struct interface *interface, struct frame *frame, struct instant now)
{
    uint32_t total = frame_total(frame);
    bool down = !interface->up || !interface->port;
    if (down || total < ETHERNET_HEADER_BYTES) {
        interface->send_drops++;
        node_drop(interface->node, frame, down ? DROP_INTERFACE_DOWN : DROP_ETHERNET_MALFORMED);
        return;
    }
    send_whole(interface, frame, total, now);
}

static void nic_transmit(struct interface *interface, struct frame *packet, uint16_t ethertype, const struct mac *destination,
                         struct instant now)
{
    if (packet->refs != 1 || frame_headroom(packet) < ETHERNET_HEADER_BYTES) {
        nic_transmit(interface, frame_own(packet, ETHERNET_HEADER_BYTES), ethertype, destination, now);
        return;
    }
    ethernet_write(frame_push(packet, ETHERNET_HEADER_BYTES), destination, &interface->mac, ethertype);
    packet->link = frame_mark(packet);
    send_whole(interface, packet, frame_total(packet), now);
}

static void nic_carrier(struct port *port, bool up)
{
    struct interface *interface = port->owner;
    if (interface->up && interface->carrier)
        interface->carrier(interface, up);
}

bool interface_running(const struct interface *interface)
{
    return interface->up && (interface->loopback || port_has_carrier(interface->port));
}

void interface_set_up(struct interface *interface, bool up)
{
    bool was_running = interface_running(interface);
    interface->up = up;
    if (interface_running(interface) != was_running && interface->carrier)
        interface->carrier(interface, !was_running);
}

void interface_join(struct interface *interface, struct mac mac)
{
    struct nic_group *group = group_find(interface, mac);
    if (!group) {
        interface->groups = memory_grow(interface->groups, interface->group_count + 1, sizeof *group);
        group = &interface->groups[interface->group_count++];
        *group = (struct nic_group){.mac = mac};
    }
    assert(group->joins < UINT16_MAX);
    group->joins++;
}

void interface_leave(struct interface *interface, struct mac mac)
{
    struct nic_group *group = group_find(interface, mac);
    assert(group);
    if (--group->joins > 0)
        return;
    *group = interface->groups[--interface->group_count];
}

static struct mac mac_from_names(const struct port *port)
{
    char name[256];
    snprintf(name, sizeof name, "mac/%s/%s", port->node->name, port->name);
    struct random random;
    random_seed(&random, engine_seed(port->node->engine), name);
    struct mac mac;
    random_fill(&random, mac.b, sizeof mac.b);
    mac.b[0] = 0x02; /* locally administered, one station (IEEE 802 8.4) */
    return mac;
}

struct interface *interface_create_nic(struct port *port, struct mac mac, uint32_t mtu, uint16_t index)
{
    struct interface *interface = memory_take_aligned(_Alignof(struct interface), sizeof *interface);
    *interface = (struct interface){0};
    interface->node = port->node;
    interface->port = port;
    interface->name = port->name;
    interface->index = index;
    interface->mac = mac_equal(mac, MAC_NONE) ? mac_from_names(port) : mac;
    interface->mtu = mtu;
    interface->transmit = nic_transmit;
    list_init(&interface->taps);
    port->owner = interface;
    port->receive = nic_receive;
    port->carrier = nic_carrier;
    return interface;
}

void interface_destroy(struct interface *interface)
{
    list_each (link, &interface->taps)
        list_remove(link);
    memory_free(interface->groups);
    if (interface->port) {
        interface->port->owner = NULL;
        interface->port->receive = NULL;
        interface->port->carrier = NULL;
        memory_free(interface);
    } else {
        loopback_destroy(interface);
    }
}
