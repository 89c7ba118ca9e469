/* ICMPv6's format (RFC 4443 section 2.1): type, code, checksum, and four bytes whose meaning depends on the type; behind them an
 * echo's data, or the packet that an error is about.
 *
 * An error quotes that packet from its IPv6 header on, as far as 1280 bytes reach, so icmpv6_quote_parse() must bear a packet that ends
 * anywhere: it tells what there is, and whether the transport's first eight bytes, its ports among them, are there too. The second
 * and later fragments of a packet have no transport header; an error about one can still be about the path's MTU.
 *
 * icmpv6_error_meaning() is the table from types and codes to what a transport understands. RFC 1122 section 4.2.3.9 calls an error
 * hard when trying again cannot help; it speaks of IPv4, and RFC 5461 section 2.1 tells what corresponds to that in IPv6.
 *
 * Nothing here has state. Left out on purpose: extensions behind the quote (RFC 4884). */
#include "internet/icmpv6.h"

#include "base/error.h"
#include "internet/ipv6.h"

int icmpv6_header_parse(struct reader *reader, struct icmpv6_header *out)
{
    out->type = reader_u8(reader);
    out->code = reader_u8(reader);
    out->checksum = reader_u16(reader);
    out->parameter = reader_u32(reader);
    return reader->failed ? IMP_TRUNCATED : 0;
}

void icmpv6_header_build(struct writer *writer, const struct icmpv6_header *header)
{
    writer_u8(writer, header->type);
    writer_u8(writer, header->code);
    writer_u16(writer, header->checksum);
    writer_u32(writer, header->parameter);
}

const char *icmpv6_print(uint8_t type, uint8_t code)
{
    static const char *const UNREACHABLE[] = {"no route to destination",
                                              "communication administratively prohibited",
                                              "beyond scope of source address",
                                              "address unreachable",
                                              "port unreachable",
                                              "source address failed policy",
                                              "reject route to destination"};
    static const char *const PROBLEM[] = {"erroneous header field", "unrecognized next header", "unrecognized option"};
    switch (type) {
    case ICMPV6_UNREACHABLE: return code < count_of(UNREACHABLE) ? UNREACHABLE[code] : "destination unreachable";
    case ICMPV6_TOO_BIG: return "packet too big";
    case ICMPV6_TIME_EXCEEDED: return code == 0 ? "hop limit exceeded in transit" : "fragment reassembly time exceeded";
    case ICMPV6_PROBLEM: return code < count_of(PROBLEM) ? PROBLEM[code] : "parameter problem";
    case ICMPV6_ECHO_REQUEST: return "echo request";
    case ICMPV6_ECHO_REPLY: return "echo reply";
    case ICMPV6_ROUTER_SOLICITATION: return "router solicitation";
    case ICMPV6_ROUTER_ADVERTISEMENT: return "router advertisement";
    case ICMPV6_NEIGHBOUR_SOLICITATION: return "neighbour solicitation";
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT: return "neighbour advertisement";
    case ICMPV6_REDIRECT: return "redirect";
    default: return type < 128 ? "unknown error" : "unknown message";
    }
}

int icmpv6_quote_parse(const uint8_t *quoted, size_t length, struct icmpv6_quote *out)
{
    *out = (struct icmpv6_quote){0};
    struct ipv6_header header;
    struct reader reader = reader_of(quoted, length);
    int error = ipv6_header_parse(&reader, &header);
    if (error)
        return error;
    struct ipv6_walk walk = ipv6_walk_start(&header);
    enum ipv6_verdict verdict = ipv6_walk_on(&walk, quoted, length);
    if (verdict == IPV6_FRAGMENT && walk.fragment.offset_bytes == 0)
        verdict = ipv6_walk_on(&walk, quoted, length);
    out->info = (struct packet_info){.source = header.source,
                                     .destination = header.destination,
                                     .protocol = walk.next_header,
                                     .ttl = header.hop_limit,
                                     .traffic_class = header.traffic_class};
    if (verdict == IPV6_GO_ON && walk.offset_bytes + 8 <= length) {
        out->has_transport = true;
        out->transport = (struct bytes){quoted + walk.offset_bytes, length - walk.offset_bytes};
    }
    return 0;
}

bool icmpv6_error_meaning(const struct icmpv6_header *header, struct stack_error *out)
{
    *out = (struct stack_error){.error = IMP_UNREACHABLE};
    switch (header->type) {
    case ICMPV6_UNREACHABLE:
        if (header->code == ICMPV6_PORT_UNREACHABLE) {
            out->error = IMP_REFUSED;
            out->hard = true;
        } else if (header->code == ICMPV6_PROHIBITED || header->code == 5 || header->code == 6) {
            out->error = IMP_DENIED;
        }
        return true;
    case ICMPV6_TOO_BIG:
        out->error = IMP_TOO_BIG;
        out->hard = true;
        out->mtu = header->parameter;
        return true;
    case ICMPV6_TIME_EXCEEDED: out->error = IMP_TIMEOUT; return true;
    case ICMPV6_PROBLEM:
        out->hard = header->code == 1; /* "unrecognized next header" is what ICMPv4 calls protocol unreachable */
        out->error = out->hard ? IMP_REFUSED : IMP_MALFORMED;
        return true;
    default: return false;
    }
}
