/* The packet printer's ICMP for IPv4: echo, errors, redirects.
 *
 * An error's line names what could not be reached, which stands in the quoted packet: the host, the protocol or the port. With -v the
 * quoted packet is printed below, by the same code that prints any other, at most LIMIT_PACKET_PRINT_QUOTES deep, as an error about an error must
 * not exist but any bytes may say that it does.
 *
 * Parsing is internet/icmp_format.c's and, for the quote, internet/ipv4_format.c's. RFC 792, RFC 1812 section 5.2.7, RFC 1191 section 4. There is no
 * state and there are no timers. Left out on purpose: timestamps and other types that no node of today sends. */
#include "base/bytes.h"
#include "internet/icmp.h"
#include "internet/ipv4.h"
#include "internet/stack.h"
#include "tools/packet_print_rooms.h"

enum { CODE_HOST_PROHIBITED = 10, CODE_NET_PROHIBITED = 9 };

static void print_port_unreachable(struct print *print, const struct ipv4_header *quoted, struct view transport)
{
    print_address(print, &quoted->destination);
    if (transport.have < 4) {
        text_format(print->out, " protocol %u unreachable", quoted->protocol);
        return;
    }
    uint16_t port = load_u16(transport.data + 2);
    if (quoted->protocol == PROTOCOL_TCP || quoted->protocol == PROTOCOL_UDP) {
        text_add(print->out, quoted->protocol == PROTOCOL_TCP ? " tcp port " : " udp port ");
        print_port(print, quoted->protocol, port);
    } else {
        text_format(print->out, " protocol %u port %u", quoted->protocol, port);
    }
    text_add(print->out, " unreachable");
}

static void print_unreachable(struct print *print, const struct icmp_header *icmp, const struct ipv4_header *quoted,
                              struct view transport)
{
    switch (icmp->code) {
    case ICMP_NET_UNREACHABLE:
        text_add(print->out, "net ");
        print_address(print, &quoted->destination);
        text_add(print->out, " unreachable");
        break;
    case ICMP_PROTOCOL_UNREACHABLE:
        print_address(print, &quoted->destination);
        text_format(print->out, " protocol %u unreachable", quoted->protocol);
        break;
    case ICMP_PORT_UNREACHABLE: print_port_unreachable(print, quoted, transport); break;
    case ICMP_FRAGMENTATION_NEEDED:
        print_address(print, &quoted->destination);
        text_add(print->out, " unreachable - need to frag");
        if (icmp->parameter & 0xffff)
            text_format(print->out, " (mtu %u)", icmp->parameter & 0xffff);
        break;
    case CODE_NET_PROHIBITED:
    case CODE_HOST_PROHIBITED:
    case ICMP_PROHIBITED:
        text_add(print->out, icmp->code == CODE_NET_PROHIBITED ? "net " : "host ");
        print_address(print, &quoted->destination);
        text_add(print->out,
                 icmp->code == ICMP_PROHIBITED ? " unreachable - admin prohibited filter" : " unreachable - admin prohibited");
        break;
    case ICMP_HOST_UNREACHABLE:
        text_add(print->out, "host ");
        print_address(print, &quoted->destination);
        text_add(print->out, " unreachable");
        break;
    default:
        print_address(print, &quoted->destination);
        text_format(print->out, " unreachable - #%u", icmp->code);
        break;
    }
}

static bool is_error(uint8_t type)
{
    return type == ICMP_UNREACHABLE || type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

static void print_error(struct print *print, const struct icmp_header *icmp, struct view quote)
{
    struct ipv4_header quoted;
    if (ipv4_parse(quote.data, quote.have, &quoted) != 0) {
        text_add(print->out, "[|icmp]");
        return;
    }
    struct ip gateway = ip4(icmp->parameter);
    switch (icmp->type) {
    case ICMP_UNREACHABLE: print_unreachable(print, icmp, &quoted, view_from(quote, quoted.header_bytes)); break;
    case ICMP_TIME_EXCEEDED:
        text_add(print->out, icmp->code == ICMP_TTL_IN_TRANSIT ? "time exceeded in-transit" : "ip reassembly time exceeded");
        break;
    case ICMP_REDIRECT:
        text_add(print->out, "redirect ");
        print_address(print, &quoted.destination);
        text_add(print->out, icmp->code == 0 ? " to net " : " to host ");
        print_address(print, &gateway);
        break;
    default:
        text_add(print->out, "parameter problem - ");
        if (icmp->code == 0)
            text_format(print->out, "octet %u", icmp->parameter >> 24);
        else
            text_format(print->out, "code %u", icmp->code);
        break;
    }
}

void print_icmp(struct print *print, const struct print_ip *ip, struct view message)
{
    struct icmp_header icmp;
    text_add(print->out, "ICMP ");
    if (icmp_parse(message.data, message.have, &icmp) != 0) {
        text_add(print->out, "[|icmp]");
        return;
    }
    struct view rest = view_from(message, ICMP_HEADER_BYTES);
    if (icmp.type == ICMP_ECHO_REQUEST || icmp.type == ICMP_ECHO_REPLY)
        text_format(print->out, "echo %s, id %u, seq %u", icmp.type == ICMP_ECHO_REQUEST ? "request" : "reply", icmp.identifier,
                    icmp.sequence);
    else if (is_error(icmp.type))
        print_error(print, &icmp, rest);
    else
        text_format(print->out, "type-#%u", icmp.type);
    text_format(print->out, ", length %zu", message.length);
    if (!print->options->verbose)
        return;
    if (!ip->fragmented && message.have == message.length) {
        uint16_t remainder = print_sum(ip, message);
        if (remainder)
            text_format(print->out, " (wrong icmp cksum %x (->%x)!)", icmp.checksum,
                        print_sum_should_be(icmp.checksum, remainder));
    }
    if (is_error(icmp.type) && print->quotes < LIMIT_PACKET_PRINT_QUOTES) {
        text_add(print->out, "\n\t");
        print->quotes++;
        print_ipv4(print, rest);
        print->quotes--;
    }
}
