/* The Ethernet II frame format: fourteen bytes in front of every packet on a wire.
 *
 *   destination (6) | source (6) | EtherType (2) | payload (46..MTU)
 *
 * The reader is bounds-checked and returns facts; who the frame is for is decided by nic.c and switch.c. A frame shorter than 60
 * bytes is padded by the sender (nic.c), and the receiver's layer 3 cuts the padding off by its own length field, because the
 * header does not say how long the payload is.
 *
 * Left out on purpose: the preamble and the frame check sequence (a wire counts their time, and a corrupted frame is what the checksums
 * above are for), 802.3 length fields with LLC (IP has not used them since RFC 894), and VLAN tags, which get a room of their own. */
#include "link/ethernet.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"

int ethernet_parse(const void *data, size_t length, struct ethernet_header *out)
{
    struct reader r = reader_of(data, length);
    reader_copy(&r, out->destination.b, 6);
    reader_copy(&r, out->source.b, 6);
    out->ethertype = reader_u16(&r);
    return r.failed ? IMP_TRUNCATED : 0;
}

void ethernet_build(const struct ethernet_header *header, uint8_t out[ETHERNET_HEADER_BYTES])
{
    memcpy(out, header->destination.b, 6);
    memcpy(out + 6, header->source.b, 6);
    store_u16(out + 12, header->ethertype);
}

const char *ethertype_name(uint16_t ethertype)
{
    switch (ethertype) {
    case ETHERTYPE_IPV4: return "IPv4";
    case ETHERTYPE_ARP: return "ARP";
    case ETHERTYPE_VLAN: return "802.1Q";
    case ETHERTYPE_IPV6: return "IPv6";
    default: return "Unknown";
    }
}

char *ethernet_print(const struct ethernet_header *header, char *out, size_t size_bytes)
{
    char source[MAC_TEXT_BYTES], destination[MAC_TEXT_BYTES];
    snprintf(out, size_bytes, "%s > %s, ethertype %s (0x%04x)", mac_print(header->source, source, sizeof source),
             mac_print(header->destination, destination, sizeof destination), ethertype_name(header->ethertype),
             header->ethertype);
    return out;
}
