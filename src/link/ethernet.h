#ifndef IMP_LINK_ETHERNET_H
#define IMP_LINK_ETHERNET_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "link/interface.h"

/* The Ethernet II header (IEEE 802.3 clause 3, RFC 894): destination, source, EtherType. Preamble and check sequence are the wire's
 * affair (wire_settings.overhead_bytes) and not in a frame's bytes. */
struct ethernet_header {
    struct mac destination, source;
    uint16_t ethertype; /* at most 1500: an 802.3 length instead, which nobody here speaks */
};

static inline int ethernet_parse(const uint8_t *data, size_t length, struct ethernet_header *out) /* 0 or IMP_TRUNCATED */
{
    if (length < ETHERNET_HEADER_BYTES)
        return IMP_TRUNCATED;
    memcpy(out->destination.b, data, 6);
    memcpy(out->source.b, data + 6, 6);
    out->ethertype = load_u16(data + 12);
    return 0;
}
static inline void ethernet_write(uint8_t out[ETHERNET_HEADER_BYTES], const struct mac *destination, const struct mac *source,
                                  uint16_t ethertype)
{
    memcpy(out, destination->b, 6);
    memcpy(out + 6, source->b, 6);
    store_u16(out + 12, ethertype);
}
static inline void ethernet_build(const struct ethernet_header *header, uint8_t out[ETHERNET_HEADER_BYTES])
{
    ethernet_write(out, &header->destination, &header->source, header->ethertype);
}
/* "02:..:01 > ff:..:ff, ethertype ARP (0x0806)", as tcpdump -e begins a line. Returns `out`. 80 bytes always suffice. */
char *ethernet_print(const struct ethernet_header *header, char *out, size_t size_bytes);
const char *ethertype_name(uint16_t ethertype); /* "IPv4", "ARP" ...; "Unknown" */

#endif
