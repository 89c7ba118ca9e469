/* ARP: "who has 10.0.0.2?" asked of everyone on the link, answered by its owner alone (RFC 826).
 *
 *   hardware type 1 | protocol 0x0800 | 6 | 4 | operation | sender MAC, IP | target MAC, IP       (28 bytes)
 *
 * Receiving follows RFC 826's "packet reception": a sender that is already in the cache is refreshed by whatever it says; it is added only when the
 * packet is a question for us, since then we are about to talk to it. A reply is believed only for an entry that exists, and confirms
 * it (neighbour.c's REACHABLE) only when it was addressed to us: an unasked announcement makes it STALE. So nobody's cache fills with what it
 * never asked for (Linux's arp_accept=0). An address is answered for on its own interface only (Linux's arp_ignore=1).
 *
 * RFC 5227 in a lean form: an address that comes up is announced; a packet from another station that claims our address is a conflict, told
 * as the event "arp-conflict" and to layer 3, which defends with one announcement at most every ten seconds (section 2.4 b). A probe
 * (sender 0.0.0.0) for our address is answered like any question; this is how a DHCP client's check finds us. Waiting out three probes
 * before a static address is used (section 2.1) is left to who configures it, as Linux does.
 *
 * Timers: none here; questions are repeated by neighbour.c. Left out: RARP, proxy ARP, other hardware. */
#include "link/arp.h"

#include <assert.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/event.h"
#include "engine/node.h"

static const struct event_type ARP_ASKED = {
    .name = "arp-request",
    .protocol = "ARP",
    .story = "who has {address}? tell {tell}",
    .fields = {{"to", FIELD_MAC}, {"address", FIELD_IP}, {"tell", FIELD_IP}, {"interface", FIELD_TEXT}}};
static const struct event_type ARP_PROBED = {.name = "arp-probe",
                                             .protocol = "ARP",
                                             .story = "does anyone use {address}?",
                                             .fields = {{"to", FIELD_MAC}, {"address", FIELD_IP}, {"interface", FIELD_TEXT}}};
static const struct event_type ARP_ANSWERED = {
    .name = "arp-reply",
    .protocol = "ARP",
    .story = "{address} is at {mac}",
    .fields = {{"to", FIELD_MAC}, {"address", FIELD_IP}, {"mac", FIELD_MAC}, {"interface", FIELD_TEXT}}};
static const struct event_type ARP_ANNOUNCED = {
    .name = "arp-announce",
    .protocol = "ARP",
    .story = "announces: {address} is at {mac}",
    .level = EVENT_DETAIL,
    .fields = {{"to", FIELD_MAC}, {"address", FIELD_IP}, {"mac", FIELD_MAC}, {"interface", FIELD_TEXT}}};
static const struct event_type ARP_CONFLICT = {
    .name = "arp-conflict",
    .protocol = "ARP",
    .story = "conflict: {from} also uses our address {address}",
    .fields = {{"from", FIELD_MAC}, {"address", FIELD_IP}, {"interface", FIELD_TEXT}}};

/* ---- format ---- */

int arp_parse(const void *data, size_t length, struct arp_packet *out)
{
    struct reader r = reader_of(data, length);
    uint16_t hardware = reader_u16(&r), protocol = reader_u16(&r);
    uint8_t hardware_bytes = reader_u8(&r), protocol_bytes = reader_u8(&r);
    out->operation = reader_u16(&r);
    uint8_t sender[4], target[4];
    reader_copy(&r, out->sender_mac.b, 6);
    reader_copy(&r, sender, 4);
    reader_copy(&r, out->target_mac.b, 6);
    reader_copy(&r, target, 4);
    out->sender = ip4_of_bytes(sender);
    out->target = ip4_of_bytes(target);
    if (r.failed)
        return IMP_TRUNCATED;
    return hardware == 1 && protocol == ETHERTYPE_IPV4 && hardware_bytes == 6 && protocol_bytes == 4 ? 0 : IMP_MALFORMED;
}

void arp_build(const struct arp_packet *packet, uint8_t out[ARP_BYTES])
{
    struct writer w = writer_of(out, ARP_BYTES);
    writer_u16(&w, 1);
    writer_u16(&w, ETHERTYPE_IPV4);
    writer_u8(&w, 6);
    writer_u8(&w, 4);
    writer_u16(&w, packet->operation);
    writer_bytes(&w, packet->sender_mac.b, 6);
    writer_bytes(&w, packet->sender.b, 4);
    writer_bytes(&w, packet->target_mac.b, 6);
    writer_bytes(&w, packet->target.b, 4);
    assert(!w.failed && w.at == ARP_BYTES);
}

char *arp_print(const struct arp_packet *packet, char *out, size_t size_bytes)
{
    char sender[IP_TEXT_BYTES], target[IP_TEXT_BYTES], mac[MAC_TEXT_BYTES];
    ip_print(&packet->sender, sender, sizeof sender);
    ip_print(&packet->target, target, sizeof target);
    if (packet->operation == ARP_REQUEST && ip_equal(&packet->sender, &packet->target))
        snprintf(out, size_bytes, "Announcement %s, length %d", sender, ARP_BYTES);
    else if (packet->operation == ARP_REQUEST && ip_is_any(&packet->sender))
        snprintf(out, size_bytes, "Probe who-has %s, length %d", target, ARP_BYTES);
    else if (packet->operation == ARP_REQUEST)
        snprintf(out, size_bytes, "Request who-has %s tell %s, length %d", target, sender, ARP_BYTES);
    else if (packet->operation == ARP_REPLY)
        snprintf(out, size_bytes, "Reply %s is-at %s, length %d", sender, mac_print(packet->sender_mac, mac, sizeof mac),
                 ARP_BYTES);
    else
        snprintf(out, size_bytes, "Unknown ARP operation %u, length %d", packet->operation, ARP_BYTES);
    return out;
}

/* ---- sending ---- */

static void arp_send(struct interface *interface, const struct arp_packet *packet, struct mac destination, struct instant now)
{
    struct frame *frame = frame_create(interface->node->engine, FRAME_HEADROOM, ETHERNET_MINIMUM_BYTES);
    arp_build(packet, frame_append(frame, ARP_BYTES));
    frame->network = frame_mark(frame);
    interface->transmit(interface, frame, ETHERTYPE_ARP, &destination, now);
}

void arp_ask(struct interface *interface, const struct ip *source, const struct ip *target, const struct mac *known,
             struct instant now)
{
    struct mac to = known ? *known : MAC_BROADCAST;
    if (event_wanted(interface->node)) {
        if (ip_is_any(source))
            event_emit(interface->node, &ARP_PROBED,
                       (union event_value[]){{.mac = to}, {.ip = *target}, {.text = interface->name}});
        else
            event_emit(interface->node, &ARP_ASKED,
                       (union event_value[]){{.mac = to}, {.ip = *target}, {.ip = *source}, {.text = interface->name}});
    }
    arp_send(interface,
             &(struct arp_packet){.operation = ARP_REQUEST, .sender_mac = interface->mac, .sender = *source, .target = *target},
             to, now);
}

void arp_announce(struct interface *interface, const struct ip *address, struct instant now)
{
    if (event_wanted(interface->node))
        event_emit(interface->node, &ARP_ANNOUNCED,
                   (union event_value[]){
                       {.mac = MAC_BROADCAST}, {.ip = *address}, {.mac = interface->mac}, {.text = interface->name}});
    arp_send(
        interface,
        &(struct arp_packet){.operation = ARP_REQUEST, .sender_mac = interface->mac, .sender = *address, .target = *address},
        MAC_BROADCAST, now);
}

static void arp_answer(struct interface *interface, const struct arp_packet *question, struct instant now)
{
    if (event_wanted(interface->node))
        event_emit(
            interface->node, &ARP_ANSWERED,
            (union event_value[]){
                {.mac = question->sender_mac}, {.ip = question->target}, {.mac = interface->mac}, {.text = interface->name}});
    arp_send(interface,
             &(struct arp_packet){.operation = ARP_REPLY,
                                  .sender_mac = interface->mac,
                                  .sender = question->target,
                                  .target_mac = question->sender_mac,
                                  .target = question->sender},
             question->sender_mac, now);
}

/* ---- receiving ---- */

static bool sender_is_sound(const struct arp_packet *packet)
{
    return !mac_is_group(packet->sender_mac) && !mac_equal(packet->sender_mac, MAC_NONE) && !ip_is_multicast(&packet->sender) &&
           !ip_is_broadcast(&packet->sender) && !ip_is_loopback(&packet->sender);
}

void arp_input(struct neighbour_cache *cache, const struct arp_owner *owner, struct interface *interface, struct frame *frame,
               struct instant now)
{
    struct arp_packet packet;
    if (arp_parse(frame->data, frame->length, &packet) != 0 || !sender_is_sound(&packet)) {
        node_drop(interface->node, frame, DROP_ARP_MALFORMED);
        return;
    }
    frame_release(frame);
    if (packet.operation != ARP_REQUEST && packet.operation != ARP_REPLY)
        return;
    if (mac_equal(packet.sender_mac, interface->mac))
        return; /* our own, come back through a hub or a loop */
    bool probe = ip_is_any(&packet.sender);
    if (!probe && owner->owns(interface, &packet.sender)) {
        if (event_wanted(interface->node))
            event_emit(interface->node, &ARP_CONFLICT,
                       (union event_value[]){{.mac = packet.sender_mac}, {.ip = packet.sender}, {.text = interface->name}});
        owner->conflict(interface, &packet.sender, packet.sender_mac, now);
        return;
    }
    bool for_us = owner->owns(interface, &packet.target);
    struct neighbour *known = probe ? NULL : neighbour_find(cache, interface, &packet.sender);
    if (packet.operation == ARP_REPLY) {
        /* To 0.0.0.0 is answered what a host asks that has no address (any more). */
        bool solicited = (for_us || ip_is_any(&packet.target)) && mac_equal(packet.target_mac, interface->mac);
        if (known)
            neighbour_answer(known, &packet.sender_mac, solicited, true, now);
        return;
    }
    if (known || (for_us && !probe))
        neighbour_learn(cache, interface, &packet.sender, packet.sender_mac, now);
    if (for_us)
        arp_answer(interface, &packet, now);
}
