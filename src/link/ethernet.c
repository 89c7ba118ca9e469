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
