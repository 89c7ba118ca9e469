/* The IPv4 header's format: read, written, printed (RFC 791 section 3.1).
 *
 *   version 4, IHL | class | total length | identification | flags, offset | TTL | protocol | checksum | source | destination | options
 *
 * Reading is on the path of every packet, so it looks at fixed offsets after one length check. It returns facts; what they mean is
 * decided in ipv4.c. Offsets of fragments are in bytes here, in units of eight on the wire.
 *
 * Options are kept as bytes. Only their framing is checked: routers of today neither record routes nor follow source routes (RFC
 * 7126), and hosts ignore what they do not know (RFC 1122 section 3.2.1.8). */
#include <assert.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "internet/ipv4.h"
#include "internet/stack.h"

enum { FLAG_DONT_FRAGMENT = 0x4000, FLAG_MORE = 0x2000, OFFSET_MASK = 0x1fff };

int ipv4_parse(const void *data, size_t length, struct ipv4_header *out)
{
    const uint8_t *p = data;
    if (length < IPV4_HEADER_BYTES)
        return IMP_TRUNCATED;
    out->header_bytes = (uint8_t)((p[0] & 15) * 4);
    out->traffic_class = p[1];
    out->total_bytes = load_u16(p + 2);
    out->identification = load_u16(p + 4);
    uint16_t flags = load_u16(p + 6);
    out->dont_fragment = flags & FLAG_DONT_FRAGMENT;
    out->more_fragments = flags & FLAG_MORE;
    out->offset_bytes = (uint16_t)((flags & OFFSET_MASK) * 8);
    out->ttl = p[8];
    out->protocol = p[9];
    out->checksum = load_u16(p + 10);
    out->source = (struct ip){.family = 4, .b = {p[12], p[13], p[14], p[15]}};
    out->destination = (struct ip){.family = 4, .b = {p[16], p[17], p[18], p[19]}};
    out->options = p + IPV4_HEADER_BYTES;
    if (p[0] >> 4 != 4 || out->header_bytes < IPV4_HEADER_BYTES || out->total_bytes < out->header_bytes)
        return IMP_MALFORMED;
    return length < out->header_bytes ? IMP_TRUNCATED : 0;
}

bool ipv4_checksum_good(const void *header, size_t header_bytes)
{
    return checksum_finish(checksum_words(header, header_bytes / 4, 0)) == 0;
}

void ipv4_build(const struct ipv4_header *header, uint8_t *out)
{
    assert(header->header_bytes >= IPV4_HEADER_BYTES && header->header_bytes <= IPV4_HEADER_MAXIMUM &&
           header->header_bytes % 4 == 0);
    out[0] = (uint8_t)(0x40 | header->header_bytes / 4);
    out[1] = header->traffic_class;
    store_u16(out + 2, header->total_bytes);
    store_u16(out + 4, header->identification);
    store_u16(out + 6, (uint16_t)((header->dont_fragment ? FLAG_DONT_FRAGMENT : 0) | (header->more_fragments ? FLAG_MORE : 0) |
                                  header->offset_bytes / 8));
    out[8] = header->ttl;
    out[9] = header->protocol;
    store_u16(out + 10, 0);
    memcpy(out + 12, header->source.b, 4);
    memcpy(out + 16, header->destination.b, 4);
    if (header->header_bytes > IPV4_HEADER_BYTES)
        memcpy(out + IPV4_HEADER_BYTES, header->options, header->header_bytes - IPV4_HEADER_BYTES);
    store_u16(out + 10, checksum_finish(checksum_words(out, header->header_bytes / 4, 0)));
}

bool ipv4_options_sound(const struct ipv4_header *header, uint8_t *at)
{
    enum { END = 0, NO_OPERATION = 1 };
    unsigned count = header->header_bytes - (unsigned)IPV4_HEADER_BYTES;
    for (unsigned i = 0; i < count && header->options[i] != END;) {
        *at = (uint8_t)(IPV4_HEADER_BYTES + i);
        if (header->options[i] == NO_OPERATION) {
            i++;
            continue;
        }
        if (i + 1 >= count || header->options[i + 1] < 2 || header->options[i + 1] > count - i) {
            *at = (uint8_t)(*at + 1);
            return false;
        }
        i += header->options[i + 1];
    }
    return true;
}

const char *protocol_name(uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_ICMP: return "ICMP";
    case PROTOCOL_TCP: return "TCP";
    case PROTOCOL_UDP: return "UDP";
    case PROTOCOL_ICMPV6: return "ICMPv6";
    default: return "unknown";
    }
}

char *ipv4_print(const struct ipv4_header *header, char *out, size_t size_bytes)
{
    char source[IP_TEXT_BYTES], destination[IP_TEXT_BYTES];
    snprintf(out, size_bytes, "%s > %s: proto %s (%u), ttl %u, id %u, offset %u, length %u, flags [%s%s%s]",
             ip_print(&header->source, source, sizeof source), ip_print(&header->destination, destination, sizeof destination),
             protocol_name(header->protocol), header->protocol, header->ttl, header->identification, header->offset_bytes,
             header->total_bytes, header->more_fragments ? "+" : "", header->dont_fragment ? "DF" : "",
             header->more_fragments || header->dont_fragment ? "" : "none");
    return out;
}
