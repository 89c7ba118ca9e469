/* Frames made by hand: the one place where an application builds its own Ethernet, IPv4, UDP and ARP.
 *
 * A client without an address cannot use a socket: its datagrams come from 0.0.0.0, and the answer is addressed to an address that it
 * does not have yet. A server answering such a client by unicast cannot ask by ARP who has that address, because nobody answers for it
 * yet (RFC 2131 section 4.1). Both therefore use packet sockets, as dhclient and dnsmasq do, and need these few lines.
 *
 * Before a client uses its address it asks once, from 0.0.0.0, whether somebody has it (RFC 5227 section 2.1.1); an ARP packet from
 * another station that has the address as its sender, or that probes for the same one, is a conflict.
 *
 * Left out on purpose: IPv4 options on the way out, fragments, VLAN tags. */
#include "application/dhcp/frame.h"

#include <string.h>

#include "base/checksum.h"
#include "base/error.h"

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, IPV4_BYTES = 20, UDP_BYTES = 8, PROTOCOL_NUMBER_UDP = 17, DEFAULT_TTL = 64 };

static uint32_t pseudo_sum(const uint8_t *addresses, size_t udp_length)
{
    uint8_t tail[4] = {0, PROTOCOL_NUMBER_UDP, (uint8_t)(udp_length >> 8), (uint8_t)udp_length};
    return checksum_partial(tail, sizeof tail, checksum_partial(addresses, 8, 0));
}

int dhcp_frame_build(const struct dhcp_frame *frame, struct bytes payload, void *out, size_t capacity)
{
    struct writer w = writer_of(out, capacity);
    uint8_t *bytes = out;
    uint16_t udp_length = (uint16_t)(UDP_BYTES + payload.length), ip_length = (uint16_t)(IPV4_BYTES + udp_length);
    if (payload.length > DHCP_FRAME_BYTES_MAX - DHCP_FRAME_HEADERS_BYTES)
        return IMP_NO_SPACE;
    writer_bytes(&w, frame->destination_mac.b, 6);
    writer_bytes(&w, frame->source_mac.b, 6);
    writer_u16(&w, TYPE_IPV4);
    writer_u16(&w, 0x4510); /* version 4, five words; low delay, as every DHCP client asks for */
    writer_u16(&w, ip_length);
    writer_u32(&w, 0); /* identification 0 and no flags: it is never cut */
    writer_u8(&w, DEFAULT_TTL);
    writer_u8(&w, PROTOCOL_NUMBER_UDP);
    writer_u16(&w, 0);
    writer_bytes(&w, frame->source.address.b, 4);
    writer_bytes(&w, frame->destination.address.b, 4);
    writer_u16(&w, frame->source.port);
    writer_u16(&w, frame->destination.port);
    writer_u16(&w, udp_length);
    writer_u16(&w, 0);
    writer_bytes(&w, payload.data, payload.length);
    if (w.failed)
        return IMP_NO_SPACE;
    uint8_t *ip = bytes + 14, *udp = ip + IPV4_BYTES;
    store_u16(ip + 10, checksum_finish(checksum_partial(ip, IPV4_BYTES, 0)));
    uint16_t sum = checksum_finish(checksum_partial(udp, udp_length, pseudo_sum(ip + 12, udp_length)));
    store_u16(udp + 6, sum ? sum : 0xffff); /* RFC 768: zero would mean that there is none */
    return (int)w.at;
}

int dhcp_frame_parse(const void *data, size_t length, struct dhcp_frame *out, struct bytes *payload)
{
    const uint8_t *bytes = data, *ip = bytes + 14;
    if (length < DHCP_FRAME_HEADERS_BYTES || load_u16(bytes + 12) != TYPE_IPV4 || ip[0] >> 4 != 4 ||
        ip[9] != PROTOCOL_NUMBER_UDP || load_u16(ip + 6) & 0x3fff) /* more fragments, or not the first */
        return IMP_NOT_FOUND;
    size_t header = (ip[0] & 15u) * 4u, total = load_u16(ip + 2);
    if (header < IPV4_BYTES || total < header + UDP_BYTES || total > length - 14)
        return IMP_MALFORMED;
    const uint8_t *udp = ip + header;
    size_t udp_length = load_u16(udp + 4);
    if (udp_length < UDP_BYTES || udp_length > total - header || checksum_finish(checksum_partial(ip, header, 0)) != 0)
        return IMP_MALFORMED;
    if (load_u16(udp + 6) && checksum_finish(checksum_partial(udp, udp_length, pseudo_sum(ip + 12, udp_length))) != 0)
        return IMP_MALFORMED;
    memset(out, 0, sizeof *out);
    memcpy(out->destination_mac.b, bytes, 6);
    memcpy(out->source_mac.b, bytes + 6, 6);
    out->source = (struct endpoint){.address = ip4_of_bytes(ip + 12), .port = load_u16(udp)};
    out->destination = (struct endpoint){.address = ip4_of_bytes(ip + 16), .port = load_u16(udp + 2)};
    *payload = (struct bytes){udp + UDP_BYTES, udp_length - UDP_BYTES};
    return 0;
}

static const uint8_t ARP_START[6] = {0, 1, 0x08, 0, 6, 4}; /* Ethernet, IPv4, and the lengths of their addresses */

void dhcp_probe_build(struct mac mac, const struct ip *address, uint8_t out[ARP_FRAME_BYTES])
{
    struct writer w = writer_of(out, ARP_FRAME_BYTES);
    writer_bytes(&w, MAC_BROADCAST.b, 6);
    writer_bytes(&w, mac.b, 6);
    writer_u16(&w, TYPE_ARP);
    writer_bytes(&w, ARP_START, sizeof ARP_START);
    writer_u16(&w, 1); /* a request */
    writer_bytes(&w, mac.b, 6);
    writer_zeros(&w, 4 + 6);
    writer_bytes(&w, address->b, 4);
}

bool dhcp_probe_conflict(const void *data, size_t length, struct mac mac, const struct ip *address, struct mac *who)
{
    const uint8_t *bytes = data, *arp = bytes + 14;
    if (length < ARP_FRAME_BYTES || load_u16(bytes + 12) != TYPE_ARP || memcmp(arp, ARP_START, sizeof ARP_START) != 0)
        return false;
    static const uint8_t NONE[4];
    const uint8_t *sender_mac = arp + 8, *sender_ip = arp + 14, *target_ip = arp + 24;
    memcpy(who->b, sender_mac, 6);
    if (mac_equal(*who, mac))
        return false;
    bool has_it = !memcmp(sender_ip, address->b, 4);
    bool probes_for_it = load_u16(arp + 6) == 1 && !memcmp(sender_ip, NONE, 4) && !memcmp(target_ip, address->b, 4);
    return has_it || probes_for_it;
}
