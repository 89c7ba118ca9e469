/* The packet printer's network layer: IPv4 and IPv6.
 *
 * Both end in the same place: a transport, ICMP, or the protocol's number when nobody here can read it. The view is cut to the length that
 * the header states, so that an Ethernet frame's padding is not taken for data. A fragment that is not the first has no header above IP; a
 * first fragment has, but its checksum cannot be verified, which `fragmented` tells the layer above.
 *
 * Parsing is internet/ipv4_format.c's and internet/ipv6_format.c's (RFC 791, RFC 8200). There is no state and there are no timers. Left
 * out on purpose: the contents of IPv4 options and of IPv6 hop-by-hop options, which imp's own nodes do not send. */
#include "base/bytes.h"
#include "base/checksum.h"
#include "internet/ipv4.h"
#include "internet/ipv6.h"
#include "internet/stack.h"
#include "tools/packet_print_rooms.h"

static void print_transport(struct print *print, const struct print_ip *ip, struct view payload)
{
    switch (ip->protocol) {
    case PROTOCOL_TCP: print_tcp(print, ip, payload); return;
    case PROTOCOL_UDP: print_udp(print, ip, payload); return;
    case PROTOCOL_ICMP: print_icmp(print, ip, payload); return;
    case PROTOCOL_ICMPV6: print_icmpv6(print, ip, payload); return;
    case NEXT_NONE: text_add(print->out, "no next header"); return;
    default: text_format(print->out, " ip-proto-%u %zu", ip->protocol, payload.length); return;
    }
}

static bool prints_own_hosts(uint8_t protocol) { return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP; }

/* The names of /etc/protocols, in small letters. */
static const char *protocol_word(uint8_t protocol)
{
    return protocol == PROTOCOL_ICMP     ? "icmp"
           : protocol == PROTOCOL_TCP    ? "tcp"
           : protocol == PROTOCOL_UDP    ? "udp"
           : protocol == PROTOCOL_ICMPV6 ? "ipv6-icmp"
                                         : NULL;
}

/* ---- IPv4 ---- */

static void print_ipv4_details(struct print *print, const struct ipv4_header *header, const uint8_t *bytes)
{
    static const char *const ECN[4] = {"", ",ECT(1)", ",ECT(0)", ",CE"};
    static const char *const FLAGS[4] = {"none", "DF", "+", "+, DF"};
    text_format(print->out, "(tos 0x%x%s", header->traffic_class, ECN[header->traffic_class & 3]);
    if (header->ttl)
        text_format(print->out, ", ttl %u", header->ttl);
    text_format(print->out, ", id %u, offset %u, flags [%s], proto %s (%u), length %u", header->identification,
                header->offset_bytes, FLAGS[header->more_fragments << 1 | header->dont_fragment],
                protocol_name(header->protocol), header->protocol, header->total_bytes);
    if (header->header_bytes > IPV4_HEADER_BYTES)
        text_format(print->out, ", options (%u bytes)", header->header_bytes - IPV4_HEADER_BYTES);
    if (!ipv4_checksum_good(bytes, header->header_bytes)) {
        uint16_t remainder = checksum_finish(checksum_partial(bytes, header->header_bytes, 0));
        text_format(print->out, ", bad cksum %x (->%x)!", header->checksum, print_sum_should_be(header->checksum, remainder));
    }
    text_add(print->out, ")\n    ");
}

void print_ipv4(struct print *print, struct view packet)
{
    struct ipv4_header header;
    bool named = !print->options->link;
    int error = ipv4_parse(packet.data, packet.have, &header);
    if (error && packet.have >= 1 && packet.data[0] >> 4 != 4) {
        text_format(print->out, "IP%u (invalid)", packet.data[0] >> 4);
        return;
    }
    text_add(print->out, named ? "IP " : "");
    if (error && packet.have >= IPV4_HEADER_BYTES && (packet.data[0] & 15) < 5) {
        text_format(print->out, "bad-hlen %u", (packet.data[0] & 15) * 4);
        return;
    }
    if (error) {
        text_add(print->out, packet.have < packet.length || packet.have < IPV4_HEADER_BYTES ? " [|ip]" : "bad-len");
        return;
    }
    if (header.total_bytes > packet.length && !print->quotes)
        text_format(print->out, "truncated-ip - %zu bytes missing! ", header.total_bytes - packet.length);
    if (print->options->verbose)
        print_ipv4_details(print, &header, packet.data);
    struct print_ip ip = {.source = header.source,
                          .destination = header.destination,
                          .protocol = header.protocol,
                          .fragmented = header.more_fragments || header.offset_bytes};
    packet.length = header.total_bytes;
    packet = view_cut(packet, header.total_bytes);
    if (header.offset_bytes) {
        const char *word = print->options->numeric ? NULL : protocol_word(header.protocol);
        print_hosts(print, &ip);
        if (word)
            text_add(print->out, word);
        else
            text_format(print->out, "ip-proto-%u", header.protocol);
        return;
    }
    if (!prints_own_hosts(header.protocol))
        print_hosts(print, &ip);
    print_transport(print, &ip, view_from(packet, header.header_bytes));
}

/* ---- IPv6 ---- */

static const char *next_header_name(uint8_t next)
{
    switch (next) {
    case NEXT_HOP_BY_HOP: return "Options";
    case NEXT_ROUTING: return "Routing";
    case NEXT_FRAGMENT: return "Fragment";
    default: return protocol_name(next);
    }
}

/* "frag (0|1448) ", and where it is not the first fragment nothing more can be said. False: stop here. */
static bool print_fragment(struct print *print, const struct ipv6_walk *walk, size_t length)
{
    text_add(print->out, "frag (");
    if (print->options->verbose)
        text_format(print->out, "0x%08x:", walk->fragment.identification);
    text_format(print->out, "%u|%zu)", walk->fragment.offset_bytes, length - walk->offset_bytes);
    if (walk->fragment.offset_bytes)
        return false;
    text_add_char(print->out, ' ');
    return true;
}

static void print_ipv6_payload(struct print *print, const struct ipv6_header *header, struct view packet)
{
    struct print_ip ip = {.source = header->source, .destination = header->destination, .protocol = header->next_header};
    if (!prints_own_hosts(header->next_header))
        print_hosts(print, &ip);
    if (header->next_header == NEXT_HOP_BY_HOP)
        text_add(print->out, "HBH ");
    else if (header->next_header == NEXT_DESTINATION)
        text_add(print->out, "DSTOPT ");
    else if (header->next_header == NEXT_ROUTING)
        text_add(print->out, "srcrt ");
    struct ipv6_walk walk = ipv6_walk_start(header);
    for (;;) {
        enum ipv6_verdict verdict = ipv6_walk_on(&walk, packet.data, packet.have);
        ip.protocol = walk.next_header;
        if (verdict == IPV6_GO_ON)
            break;
        if (verdict != IPV6_FRAGMENT || walk.offset_bytes > packet.length) {
            text_add(print->out, packet.have < packet.length ? "[|ip6]" : "[invalid extension header]");
            return;
        }
        ip.fragmented = true;
        if (!print_fragment(print, &walk, packet.length))
            return;
    }
    print_transport(print, &ip, view_from(packet, walk.offset_bytes));
}

void print_ipv6(struct print *print, struct view packet)
{
    struct ipv6_header header;
    struct reader reader = reader_of(packet.data, packet.have);
    bool named = !print->options->link;
    int error = ipv6_header_parse(&reader, &header);
    if (packet.have < IPV6_HEADER_BYTES) {
        text_add(print->out, " [|ip6]");
        return;
    }
    text_add(print->out, named ? "IP6 " : "");
    if (error) {
        text_format(print->out, "version error: %u != 6", packet.data[0] >> 4);
        return;
    }
    size_t total = IPV6_HEADER_BYTES + (size_t)header.payload_bytes;
    if (total > packet.length && !print->quotes)
        text_format(print->out, "truncated-ip6 - %zu bytes missing!", total - packet.length);
    if (print->options->verbose) {
        text_add_char(print->out, '(');
        if (header.traffic_class)
            text_format(print->out, "class 0x%02x, ", header.traffic_class);
        if (header.flow_label)
            text_format(print->out, "flowlabel 0x%05x, ", header.flow_label);
        text_format(print->out, "hlim %u, next-header %s (%u) payload length: %u) ", header.hop_limit,
                    next_header_name(header.next_header), header.next_header, header.payload_bytes);
    }
    packet.length = total;
    print_ipv6_payload(print, &header, view_cut(packet, total));
}
