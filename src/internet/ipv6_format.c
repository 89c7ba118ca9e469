/* IPv6's formats (RFC 8200): the fixed header, the fragment header, and the walk along the chain of extension headers.
 *
 * The chain is a linked list inside the packet: each header names the kind of the next. The walk keeps three positions: where the
 * next header starts, which field named it (an ICMPv6 parameter problem points there), and how many were passed, because a chain
 * without a limit is a way to make a router work for nothing.
 *
 * Options (hop-by-hop, destination) are type, length, value. We know padding only, so what happens to any other option is what its
 * two highest bits ask for (section 4.2): skip it, discard, discard and report, or report unless the packet went to a group.
 *
 * A routing header is passed over when it has no segments left. With segments left we are not an intermediate hop of any kind we
 * support, type 0 included, which RFC 5095 forbids: section 4.4 wants a parameter problem that points at the type.
 *
 * Left out on purpose: jumbograms (RFC 2675), router alert (RFC 2711: passed over like padding would be, by its action bits), AH and
 * ESP, segment routing. */
#include <stdio.h>

#include "base/error.h"
#include "internet/ipv6.h"

int ipv6_header_parse(struct reader *reader, struct ipv6_header *out)
{
    uint32_t first = reader_u32(reader);
    out->traffic_class = (uint8_t)(first >> 20);
    out->flow_label = first & 0xfffff;
    out->payload_bytes = reader_u16(reader);
    out->next_header = reader_u8(reader);
    out->hop_limit = reader_u8(reader);
    const uint8_t *addresses = reader_take(reader, 32);
    if (!addresses)
        return IMP_TRUNCATED;
    out->source = ip6_of_bytes(addresses);
    out->destination = ip6_of_bytes(addresses + 16);
    return first >> 28 == 6 ? 0 : IMP_MALFORMED;
}

void ipv6_header_build(struct writer *writer, const struct ipv6_header *header)
{
    writer_u32(writer, 6u << 28 | (uint32_t)header->traffic_class << 20 | (header->flow_label & 0xfffff));
    writer_u16(writer, header->payload_bytes);
    writer_u8(writer, header->next_header);
    writer_u8(writer, header->hop_limit);
    writer_bytes(writer, header->source.b, 16);
    writer_bytes(writer, header->destination.b, 16);
}

char *ipv6_header_print(const struct ipv6_header *header, char *out, size_t size_bytes)
{
    char source[IP_TEXT_BYTES], destination[IP_TEXT_BYTES];
    (void)snprintf(out, size_bytes, "%s > %s next %u hops %u payload %u", ip_print(&header->source, source, sizeof source),
                   ip_print(&header->destination, destination, sizeof destination), header->next_header, header->hop_limit,
                   header->payload_bytes);
    return out;
}

int ipv6_fragment_parse(struct reader *reader, struct ipv6_fragment *out)
{
    out->next_header = reader_u8(reader);
    reader_skip(reader, 1);
    uint16_t field = reader_u16(reader);
    out->offset_bytes = field & 0xfff8u; /* the field counts units of eight bytes, above three other bits */
    out->more = field & 1;
    out->identification = reader_u32(reader);
    return reader->failed ? IMP_TRUNCATED : 0;
}

void ipv6_fragment_build(struct writer *writer, const struct ipv6_fragment *fragment)
{
    writer_u8(writer, fragment->next_header);
    writer_u8(writer, 0);
    writer_u16(writer, (uint16_t)((fragment->offset_bytes & 0xfff8) | fragment->more));
    writer_u32(writer, fragment->identification);
}

static enum ipv6_verdict problem(struct ipv6_walk *walk, uint8_t code, size_t pointer)
{
    walk->code = code;
    walk->pointer_bytes = (uint32_t)pointer;
    return IPV6_PROBLEM;
}

/* The options of a hop-by-hop or destination header, from `at` to `end`. */
static enum ipv6_verdict options_walk(struct ipv6_walk *walk, const uint8_t *packet, size_t at, size_t end)
{
    for (unsigned count = 0; at < end; count++) {
        uint8_t type = packet[at];
        if (count == LIMIT_IPV6_OPTIONS)
            return IPV6_DISCARD;
        if (type == 0) { /* Pad1: the one option without a length */
            at++;
            continue;
        }
        if (at + 2 > end || at + 2 + packet[at + 1] > end)
            return IPV6_DISCARD;
        if (type != 1) { /* PadN */
            switch (type >> 6) {
            case 0: break;
            case 1: return IPV6_DISCARD;
            case 2: walk->problem_to_group = true; return problem(walk, 2, at);
            default: return problem(walk, 2, at);
            }
        }
        at += 2u + packet[at + 1];
    }
    return IPV6_GO_ON;
}

struct ipv6_walk ipv6_walk_start(const struct ipv6_header *header)
{
    return (struct ipv6_walk){.next_header = header->next_header, .offset_bytes = IPV6_HEADER_BYTES, .named_at_bytes = 6};
}

enum ipv6_verdict ipv6_walk_on(struct ipv6_walk *walk, const uint8_t *packet, size_t length)
{
    for (;;) {
        uint8_t kind = walk->next_header;
        if (kind != NEXT_HOP_BY_HOP && kind != NEXT_ROUTING && kind != NEXT_FRAGMENT && kind != NEXT_DESTINATION)
            return IPV6_GO_ON;
        size_t at = walk->offset_bytes;
        if (walk->extensions++ == LIMIT_IPV6_EXTENSIONS || at + 8 > length)
            return IPV6_DISCARD;
        if (kind == NEXT_HOP_BY_HOP && at != IPV6_HEADER_BYTES) /* only directly behind the fixed header (section 4.1) */
            return problem(walk, 1, walk->named_at_bytes);
        size_t bytes = kind == NEXT_FRAGMENT ? IPV6_FRAGMENT_HEADER_BYTES : 8u + packet[at + 1] * 8u;
        if (at + bytes > length)
            return IPV6_DISCARD;
        walk->next_header = packet[at];
        walk->named_at_bytes = (uint32_t)at;
        walk->offset_bytes = (uint32_t)(at + bytes);
        if (kind == NEXT_FRAGMENT) {
            struct reader reader = reader_of(packet + at, bytes);
            (void)ipv6_fragment_parse(&reader, &walk->fragment);
            return IPV6_FRAGMENT;
        }
        if (kind == NEXT_ROUTING) {
            if (packet[at + 3] != 0) /* segments left */
                return problem(walk, 0, at + 2);
            continue;
        }
        enum ipv6_verdict verdict = options_walk(walk, packet, at + 2, at + bytes);
        if (verdict != IPV6_GO_ON)
            return verdict;
    }
}

unsigned ipv6_scope(const struct ip *address)
{
    if (address->b[0] == 0xff)
        return address->b[1] & 0xf;
    if (ip_is_link_local(address) || ip_is_loopback(address))
        return 2;
    if (address->b[0] == 0xfe && (address->b[1] & 0xc0) == 0xc0)
        return 5; /* the deprecated site-local fec0::/10 */
    return 14;
}

unsigned ipv6_common_bits(const struct ip *a, const struct ip *b)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < 16; i++) {
        unsigned differ = a->b[i] ^ b->b[i];
        if (differ)
            return bits + (unsigned)__builtin_clz(differ) - 24;
        bits += 8;
    }
    return bits;
}
