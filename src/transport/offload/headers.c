/* The headers that cutting and joining have to know: Ethernet, VLAN tags, IPv4 or IPv6, TCP.
 *
 * Cutting a large segment and joining small ones change the same few fields: the lengths in the IP header, the IPv4 identification and checksum, the
 * TCP sequence number, flags and checksum. So both work on the bytes of the headers as they are and on these offsets, in place of the layers'
 * parsers: everything that is not changed is carried as it came, known or not.
 *
 * A packet whose lengths do not agree (IHL, data offset, total length) is no candidate for either. */
#include "transport/offload/headers.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "internet/stack.h"
#include "link/interface.h"

enum {
    TAG_BYTES = 4,
    TAGS_MAX = 2,
    ETHERTYPE_SERVICE_TAG = 0x88a8, /* the outer tag of two (IEEE 802.1Q, 9.6) */
    IPV4_LEAST = 20,
    IPV6_BYTES = 40,
    TCP_LEAST = 20,
    FRAGMENT_MASK = 0x3fff /* more fragments, and the offset */
};

static bool find_ipv4(const uint8_t *start, uint32_t seen, uint16_t transport, struct offload_headers *out)
{
    const uint8_t *ip = start + out->network;
    if (seen - out->network < IPV4_LEAST || ip[0] >> 4 != 4 || ip[9] != PROTOCOL_TCP || load_u16(ip + 6) & FRAGMENT_MASK)
        return false;
    uint32_t bytes = (ip[0] & 15u) * 4;
    out->family = 4;
    out->transport = (uint16_t)(out->network + bytes);
    out->end = out->network + (uint32_t)load_u16(ip + 2);
    return bytes >= IPV4_LEAST && (transport == 0 || transport == out->transport);
}

static bool find_ipv6(const uint8_t *start, uint32_t seen, uint16_t transport, struct offload_headers *out)
{
    const uint8_t *ip = start + out->network;
    if (seen - out->network < IPV6_BYTES || ip[0] >> 4 != 6)
        return false;
    out->family = 6;
    out->transport = (uint16_t)(out->network + IPV6_BYTES);
    out->end = out->network + IPV6_BYTES + (uint32_t)load_u16(ip + 4);
    if (ip[6] == PROTOCOL_TCP)
        return transport == 0 || transport == out->transport;
    if (transport < out->transport + 8)
        return false;
    out->transport = transport;
    return true;
}

bool offload_headers_find(const uint8_t *start, uint32_t start_bytes, uint32_t total_bytes, uint16_t transport,
                          struct offload_headers *out)
{
    uint32_t at = ETHERNET_HEADER_BYTES;
    uint32_t seen = start_bytes < OFFLOAD_HEADERS_MAX ? start_bytes : (uint32_t)OFFLOAD_HEADERS_MAX;
    if (seen < at)
        return false;
    uint16_t type = load_u16(start + at - 2);
    for (unsigned i = 0; i < TAGS_MAX && (type == ETHERTYPE_VLAN || type == ETHERTYPE_SERVICE_TAG); i++) {
        at += TAG_BYTES;
        if (seen < at)
            return false;
        type = load_u16(start + at - 2);
    }
    *out = (struct offload_headers){.network = (uint16_t)at};
    bool found = type == ETHERTYPE_IPV4 ? find_ipv4(start, seen, transport, out)
                                        : type == ETHERTYPE_IPV6 && find_ipv6(start, seen, transport, out);
    if (!found || seen < (uint32_t)out->transport + TCP_LEAST)
        return false;
    uint32_t bytes = (uint32_t)(start[out->transport + 12] >> 4) * 4;
    out->payload = (uint16_t)(out->transport + bytes);
    return bytes >= TCP_LEAST && seen >= out->payload && out->end >= out->payload && out->end <= total_bytes;
}

uint32_t offload_pseudo_sum(const uint8_t *start, const struct offload_headers *headers)
{
    const uint8_t *ip = start + headers->network;
    return headers->family == 4 ? checksum_partial(ip + 12, 8, PROTOCOL_TCP) : checksum_partial(ip + 8, 32, PROTOCOL_TCP);
}

void offload_set_length(uint8_t *start, const struct offload_headers *headers, uint32_t payload_bytes)
{
    uint8_t *ip = start + headers->network;
    uint32_t total = headers->payload - headers->network + payload_bytes;
    if (headers->family == 6) {
        store_u16(ip + 4, (uint16_t)(total - IPV6_BYTES));
        return;
    }
    store_u16(ip + 2, (uint16_t)total);
    store_u16(ip + 10, 0);
    store_u16(ip + 10, checksum_finish(checksum_partial(ip, (size_t)headers->transport - headers->network, 0)));
}
