/* The messages of neighbour discovery (RFC 4861 section 4; RFC 8106 section 5.1): router and neighbour solicitations and advertisements.
 *
 * Each is an ICMPv6 header, four bytes whose meaning depends on the type, what belongs to the type, and options. An option is a
 * type, a length in units of eight bytes, and a value. Parsing fills one plain struct for all four types, in which what a message
 * does not carry is zero; building writes the options that the struct has.
 *
 * Checks come in two parts: ndp_parse() refuses what breaks the format by itself; ndp_valid() looks at the packet around the message,
 * above all at the hop limit of 255, which proves that no router forwarded it.
 *
 * Left out on purpose: redirects (a host here takes the detour through its router), and options for secured discovery (RFC 3971). */
#include <stdio.h>

#include "base/error.h"
#include "internet/icmpv6.h"
#include "internet/ndp.h"

enum { OPTION_SOURCE_LINK = 1, OPTION_TARGET_LINK = 2, OPTION_PREFIX = 3, OPTION_MTU = 5, OPTION_RDNSS = 25 };

static void prefix_parse_option(struct reader *option, struct ndp_message *out)
{
    struct ndp_prefix found = {.prefix.length = reader_u8(option)};
    uint8_t flags = reader_u8(option);
    found.on_link = flags & 0x80;
    found.autonomous = flags & 0x40;
    found.valid_s = reader_u32(option);
    found.preferred_s = reader_u32(option);
    reader_skip(option, 4);
    const uint8_t *address = reader_take(option, 16);
    if (!address || found.prefix.length > 128 || out->prefix_count == LIMIT_NDP_PREFIXES)
        return;
    found.prefix.address = ip6_of_bytes(address);
    found.prefix = prefix_network(&found.prefix);
    out->prefixes[out->prefix_count++] = found;
}

static void dns_parse_option(struct reader *option, struct ndp_message *out)
{
    reader_skip(option, 2);
    out->dns_lifetime_s = reader_u32(option);
    while (reader_left(option) >= 16 && out->dns_count < LIMIT_NDP_DNS)
        out->dns[out->dns_count++] = ip6_of_bytes(reader_take(option, 16));
}

static int options_parse(struct reader *reader, struct ndp_message *out)
{
    while (reader_left(reader) > 0) {
        uint8_t type = reader_u8(reader);
        size_t length = reader_u8(reader) * 8u;
        if (reader->failed || length == 0 || reader_left(reader) < length - 2)
            return IMP_MALFORMED; /* RFC 4861 section 4.6: the whole message is to be dropped */
        struct reader option = reader_of(reader_take(reader, length - 2), length - 2);
        switch (type) {
        case OPTION_SOURCE_LINK:
            out->has_source_link = true;
            reader_copy(&option, out->source_link.b, 6);
            break;
        case OPTION_TARGET_LINK:
            out->has_target_link = true;
            reader_copy(&option, out->target_link.b, 6);
            break;
        case OPTION_PREFIX: prefix_parse_option(&option, out); break;
        case OPTION_MTU:
            reader_skip(&option, 2);
            out->mtu = reader_u32(&option);
            break;
        case OPTION_RDNSS: dns_parse_option(&option, out); break;
        default: break;
        }
    }
    return 0;
}

int ndp_parse(const uint8_t *data, size_t length, struct ndp_message *out)
{
    *out = (struct ndp_message){0};
    struct reader reader = reader_of(data, length);
    out->type = reader_u8(&reader);
    uint8_t code = reader_u8(&reader);
    reader_skip(&reader, 2);
    uint32_t word = reader_u32(&reader);
    const uint8_t *target;
    switch (out->type) {
    case ICMPV6_ROUTER_SOLICITATION: break;
    case ICMPV6_ROUTER_ADVERTISEMENT:
        out->hop_limit = (uint8_t)(word >> 24);
        out->router_lifetime_s = (uint16_t)word;
        out->reachable_ms = reader_u32(&reader);
        out->retransmit_ms = reader_u32(&reader);
        break;
    case ICMPV6_NEIGHBOUR_SOLICITATION:
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
        if (out->type == ICMPV6_NEIGHBOUR_ADVERTISEMENT) {
            out->router = word >> 31 & 1;
            out->solicited = word >> 30 & 1;
            out->override = word >> 29 & 1;
        }
        target = reader_take(&reader, 16);
        if (target)
            out->target = ip6_of_bytes(target);
        break;
    default: return IMP_MALFORMED;
    }
    if (reader.failed)
        return IMP_TRUNCATED;
    if (code != 0 || ip_is_multicast(&out->target))
        return IMP_MALFORMED;
    return options_parse(&reader, out);
}

bool ndp_valid(const struct ndp_message *message, const struct packet_info *info)
{
    if (info->ttl != NDP_HOP_LIMIT)
        return false;
    struct ip group;
    switch (message->type) {
    case ICMPV6_ROUTER_SOLICITATION: return !(ip_is_any(&info->source) && message->has_source_link);
    case ICMPV6_ROUTER_ADVERTISEMENT: return ip_is_link_local(&info->source);
    case ICMPV6_NEIGHBOUR_SOLICITATION:
        group = ip6_solicited_node(&message->target);
        return !ip_is_any(&info->source) || (ip_equal(&info->destination, &group) && !message->has_source_link);
    default: return !(ip_is_multicast(&info->destination) && message->solicited);
    }
}

static void link_build(struct writer *writer, uint8_t type, struct mac mac)
{
    writer_u8(writer, type);
    writer_u8(writer, 1);
    writer_bytes(writer, mac.b, 6);
}

static void prefix_build(struct writer *writer, const struct ndp_prefix *prefix)
{
    writer_u8(writer, OPTION_PREFIX);
    writer_u8(writer, 4);
    writer_u8(writer, prefix->prefix.length);
    writer_u8(writer, (uint8_t)(prefix->on_link << 7 | prefix->autonomous << 6));
    writer_u32(writer, prefix->valid_s);
    writer_u32(writer, prefix->preferred_s);
    writer_u32(writer, 0);
    writer_bytes(writer, prefix->prefix.address.b, 16);
}

void ndp_build(struct writer *writer, const struct ndp_message *message)
{
    writer_u8(writer, message->type);
    writer_zeros(writer, 3);
    switch (message->type) {
    case ICMPV6_ROUTER_SOLICITATION: writer_u32(writer, 0); break;
    case ICMPV6_ROUTER_ADVERTISEMENT:
        writer_u32(writer, (uint32_t)message->hop_limit << 24 | message->router_lifetime_s);
        writer_u32(writer, message->reachable_ms);
        writer_u32(writer, message->retransmit_ms);
        break;
    default:
        writer_u32(writer,
                   (uint32_t)message->router << 31 | (uint32_t)message->solicited << 30 | (uint32_t)message->override << 29);
        writer_bytes(writer, message->target.b, 16);
        break;
    }
    if (message->has_source_link)
        link_build(writer, OPTION_SOURCE_LINK, message->source_link);
    if (message->has_target_link)
        link_build(writer, OPTION_TARGET_LINK, message->target_link);
    if (message->mtu) {
        writer_u32(writer, OPTION_MTU << 24 | 1 << 16);
        writer_u32(writer, message->mtu);
    }
    for (unsigned i = 0; i < message->prefix_count; i++)
        prefix_build(writer, &message->prefixes[i]);
    if (message->dns_count) {
        writer_u32(writer, (uint32_t)OPTION_RDNSS << 24 | (1 + 2 * message->dns_count) << 16);
        writer_u32(writer, message->dns_lifetime_s);
        for (unsigned i = 0; i < message->dns_count; i++)
            writer_bytes(writer, message->dns[i].b, 16);
    }
}

char *ndp_print(const struct ndp_message *message, char *out, size_t size_bytes)
{
    char address[PREFIX_TEXT_BYTES];
    const char *name = icmpv6_print(message->type, 0);
    if (message->target.family)
        (void)snprintf(out, size_bytes, "%s of %s%s%s%s", name, ip_print(&message->target, address, sizeof address),
                       message->router ? " router" : "", message->solicited ? " solicited" : "",
                       message->override ? " override" : "");
    else if (message->type == ICMPV6_ROUTER_ADVERTISEMENT)
        (void)snprintf(out, size_bytes, "%s lifetime %u s, %u prefixes%s%s", name, message->router_lifetime_s,
                       message->prefix_count, message->prefix_count ? ", first " : "",
                       message->prefix_count ? prefix_print(&message->prefixes[0].prefix, address, sizeof address) : "");
    else
        (void)snprintf(out, size_bytes, "%s", name);
    return out;
}
