/* The loopback interface: what a node sends to itself comes back as an event of its own at the same instant.
 *
 * Never by a direct call: TCP on both ends of one connection would then re-enter itself, and a stack of calls as deep as a conversation
 * would run on a task's small stack. So a packet is put into a FIFO, a timer is set to the present instant, and when it fires,
 * what was waiting then is delivered. A packet sent during that delivery waits for the next firing, still at the same instant.
 *
 *   transmit -> FIFO -> timer (now) -> receive
 *
 * There is no Ethernet on a loopback; for taps alone a header with empty MACs is put in front, as Linux shows it, and taken off again.
 * The packets carry FRAME_SUMS_GOOD as built: nothing can corrupt them here. */
#include "link/loopback.h"

#include "base/memory.h"
#include "link/ethernet.h"

struct loopback {
    struct interface interface;
    struct frame *first, *last;
    struct timer timer;
};

static void show_taps(struct interface *interface, struct frame *packet, uint16_t ethertype, bool outgoing, struct instant now)
{
    if (list_empty(&interface->taps))
        return;
    const struct ethernet_header header = {.ethertype = ethertype};
    ethernet_build(&header, frame_push(packet, ETHERNET_HEADER_BYTES));
    list_each (link, &interface->taps) {
        struct interface_tap *tap = list_entry(link, struct interface_tap, link);
        tap->frame(tap, interface, packet, outgoing, now);
    }
    frame_pull(packet, ETHERNET_HEADER_BYTES);
}

static void deliver(struct timer *timer, struct instant now)
{
    struct loopback *loopback = container_of(timer, struct loopback, timer);
    struct interface *interface = &loopback->interface;
    struct frame *packet = loopback->first;
    loopback->first = loopback->last = NULL;
    while (packet) {
        struct frame *next = packet->next;
        packet->next = NULL;
        uint16_t ethertype = packet->length && packet->data[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4;
        interface->received_frames++;
        interface->received_bytes += frame_total(packet);
        show_taps(interface, packet, ethertype, false, now);
        interface->receive(interface, packet, ethertype, MAC_NONE, now);
        packet = next;
    }
}

static void loopback_transmit(struct interface *interface, struct frame *packet, uint16_t ethertype,
                              const struct mac *destination, struct instant now)
{
    (void)destination;
    struct loopback *loopback = container_of(interface, struct loopback, interface);
    if (!interface->up) {
        interface->send_drops++;
        node_drop(interface->node, packet, DROP_INTERFACE_DOWN);
        return;
    }
    packet = frame_own(packet, ETHERNET_HEADER_BYTES);
    packet->link = 0;
    packet->flags &= (uint16_t)~FRAME_BROADCAST;
    interface->sent_frames++;
    interface->sent_bytes += frame_total(packet);
    show_taps(interface, packet, ethertype, true, now);
    packet->next = NULL;
    if (loopback->last)
        loopback->last->next = packet;
    else
        loopback->first = packet;
    loopback->last = packet;
    if (!timer_pending(&loopback->timer))
        timer_set(interface->node, &loopback->timer, now, deliver);
}

struct interface *interface_create_loopback(struct node *node, uint16_t index)
{
    struct loopback *loopback = memory_take_aligned(_Alignof(struct loopback), sizeof *loopback);
    *loopback = (struct loopback){0};
    struct interface *interface = &loopback->interface;
    interface->node = node;
    interface->name = "lo";
    interface->index = index;
    interface->mtu = LOOPBACK_MTU;
    interface->loopback = true;
    interface->transmit = loopback_transmit;
    list_init(&interface->taps);
    return interface;
}

void loopback_destroy(struct interface *interface)
{
    struct loopback *loopback = container_of(interface, struct loopback, interface);
    timer_cancel(interface->node, &loopback->timer);
    while (loopback->first) {
        struct frame *packet = loopback->first;
        loopback->first = packet->next;
        frame_release(packet);
    }
    memory_free(loopback);
}
