/* The packet printer's ICMPv6: echo, errors, and neighbour discovery with its options.
 *
 * The line ends in the message's length, except that -v moves it in front for neighbour discovery and leaves it out elsewhere: so it is in
 * tcpdump. The facts are those of internet/icmpv6_format.c and ndp_format.c. The options of a discovery message are walked here once more, a line
 * each with -v: in the order of the wire, those too that imp's own parser reads over (Linux puts a nonce into its probes, RFC 7527).
 *
 * RFC 4443, RFC 4861 section 4, RFC 8106 section 5.1. There is no state and there are no timers. Left out on purpose: multicast listener
 * discovery beyond its name. */
#include "base/bytes.h"
#include "internet/icmpv6.h"
#include "internet/ipv6.h"
#include "internet/ndp.h"
#include "tools/packet_print_rooms.h"

/* ---- neighbour discovery ---- */

static void print_lifetime(struct print *print, const char *what, uint32_t seconds)
{
    if (seconds == NDP_LIFETIME_INFINITE)
        text_format(print->out, ", %s time infinity", what);
    else
        text_format(print->out, ", %s time %us", what, seconds);
}

static void print_prefix_option(struct print *print, struct reader *value)
{
    char text[PREFIX_TEXT_BYTES];
    struct prefix prefix = {.length = reader_u8(value)};
    uint8_t flags = reader_u8(value);
    uint32_t valid_s = reader_u32(value), preferred_s = reader_u32(value);
    reader_skip(value, 4);
    const uint8_t *address = reader_take(value, 16);
    if (!address)
        return;
    prefix.address = ip6_of_bytes(address);
    text_format(print->out, "%s, Flags [%s%s%s]", prefix_print(&prefix, text, sizeof text), flags & 0x80 ? "onlink" : "",
                (flags & 0xc0) == 0xc0 ? ", " : "",
                flags & 0x40   ? "auto"
                : flags & 0x80 ? ""
                               : "none");
    print_lifetime(print, "valid", valid_s);
    print_lifetime(print, "pref.", preferred_s);
}

enum { OPTION_SOURCE_LINK = 1, OPTION_TARGET_LINK = 2, OPTION_PREFIX = 3, OPTION_MTU = 5, OPTION_RDNSS = 25 };

static const char *option_name(uint8_t type)
{
    switch (type) {
    case OPTION_SOURCE_LINK: return "source link-address";
    case OPTION_TARGET_LINK: return "destination link-address";
    case OPTION_PREFIX: return "prefix info";
    case OPTION_MTU: return "mtu";
    case OPTION_RDNSS: return "rdnss";
    default: return "unknown";
    }
}

static void print_option(struct print *print, uint8_t type, struct reader value)
{
    char text[MAC_TEXT_BYTES];
    struct mac mac;
    const uint8_t *bytes = value.data;
    text_format(print->out, "\n\t  %s option (%u), length %zu (%zu): ", option_name(type), type, value.length + 2,
                (value.length + 2) / 8);
    switch (type) {
    case OPTION_SOURCE_LINK:
    case OPTION_TARGET_LINK:
        reader_copy(&value, mac.b, sizeof mac.b);
        text_add(print->out, mac_print(mac, text, sizeof text));
        break;
    case OPTION_PREFIX: print_prefix_option(print, &value); break;
    case OPTION_MTU:
        reader_skip(&value, 2);
        text_format(print->out, " %u", reader_u32(&value));
        break;
    case OPTION_RDNSS:
        reader_skip(&value, 2);
        text_format(print->out, " lifetime %us,", reader_u32(&value));
        while (reader_left(&value) >= 16) {
            struct ip server = ip6_of_bytes(reader_take(&value, 16));
            text_add(print->out, " addr: ");
            print_address(print, &server);
        }
        break;
    default:
        if (print->options->verbose == 1)
            print_hex(print, "\n\t  ", bytes, value.length);
        break;
    }
    if (print->options->verbose > 1)
        print_hex(print, "\n\t    ", bytes, value.length);
}

static void print_options(struct print *print, struct view message)
{
    static const uint8_t BEHIND[] = {8, 16, 24, 24}; /* where they begin: RFC 4861 sections 4.1 to 4.4 */
    struct view options = view_from(message, BEHIND[message.data[0] - ICMPV6_ROUTER_SOLICITATION]);
    struct reader reader = reader_of(options.data, options.have);
    while (reader_left(&reader)) {
        uint8_t type = reader_u8(&reader);
        size_t length = reader_u8(&reader) * (size_t)8;
        const uint8_t *value = length ? reader_take(&reader, length - 2) : NULL;
        if (!value) {
            text_add(print->out, " [|icmp6]");
            return;
        }
        print_option(print, type, reader_of(value, length - 2));
    }
}

static void print_ndp_target(struct print *print, const struct ndp_message *ndp)
{
    text_add(print->out, ndp->type == ICMPV6_NEIGHBOUR_SOLICITATION ? ", who has " : ", tgt is ");
    print_address(print, &ndp->target);
    if (ndp->type != ICMPV6_NEIGHBOUR_ADVERTISEMENT || !print->options->verbose)
        return;
    const char *separator = ", Flags [";
    const struct {
        bool set;
        const char *name;
    } flags[] = {{ndp->router, "router"}, {ndp->solicited, "solicited"}, {ndp->override, "override"}};
    for (unsigned i = 0; i < 3; i++) {
        if (!flags[i].set)
            continue;
        text_format(print->out, "%s%s", separator, flags[i].name);
        separator = ", ";
    }
    text_add(print->out, separator[2] == 'F' ? ", Flags [none]" : "]");
}

static void print_ndp(struct print *print, struct view message)
{
    static const char *const NAMES[] = {"router solicitation", "router advertisement", "neighbor solicitation",
                                        "neighbor advertisement"};
    struct ndp_message ndp;
    bool verbose = print->options->verbose > 0;
    text_add(print->out, NAMES[message.data[0] - ICMPV6_ROUTER_SOLICITATION]);
    if (verbose)
        text_format(print->out, ", length %zu", message.length);
    if (ndp_parse(message.data, message.have, &ndp) != 0) {
        text_add(print->out, " [|icmp6]");
    } else {
        if (ndp.type == ICMPV6_NEIGHBOUR_SOLICITATION || ndp.type == ICMPV6_NEIGHBOUR_ADVERTISEMENT)
            print_ndp_target(print, &ndp);
        else if (ndp.type == ICMPV6_ROUTER_ADVERTISEMENT && verbose)
            text_format(
                print->out,
                "\n\thop limit %u, Flags [none], pref medium, router lifetime %us, reachable time %ums, retrans timer %ums",
                ndp.hop_limit, ndp.router_lifetime_s, ndp.reachable_ms, ndp.retransmit_ms);
        if (verbose)
            print_options(print, message);
    }
    if (!verbose)
        text_format(print->out, ", length %zu", message.length);
}

/* ---- errors ---- */

static void print_port_unreachable(struct print *print, const struct icmpv6_quote *quote)
{
    uint8_t protocol = quote->info.protocol;
    print_address(print, &quote->info.destination);
    if (!quote->has_transport || (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP)) {
        text_format(print->out, " protocol %u port unreachable", protocol);
        return;
    }
    text_add(print->out, protocol == PROTOCOL_TCP ? " tcp port " : " udp port ");
    print_port(print, protocol, load_u16(quote->transport.data + 2));
}

static void print_unreachable(struct print *print, uint8_t code, const struct icmpv6_quote *quote)
{
    text_add(print->out, "destination unreachable, ");
    switch (code) {
    case ICMPV6_NO_ROUTE: text_add(print->out, "unreachable route "); break;
    case ICMPV6_PROHIBITED: text_add(print->out, " unreachable prohibited "); break;
    case ICMPV6_BEYOND_SCOPE: text_add(print->out, "beyond scope "); break;
    case ICMPV6_ADDRESS_UNREACHABLE: text_add(print->out, "unreachable address "); break;
    case ICMPV6_PORT_UNREACHABLE:
        text_add(print->out, "unreachable port, ");
        print_port_unreachable(print, quote);
        return;
    default: text_format(print->out, "unknown unreach code (%u) ", code); break;
    }
    print_address(print, &quote->info.destination);
}

static void print_error(struct print *print, const struct icmpv6_header *icmp, struct view rest)
{
    struct icmpv6_quote quote;
    bool sound = icmpv6_quote_parse(rest.data, rest.have, &quote) == 0;
    if (icmp->type == ICMPV6_TOO_BIG) {
        text_format(print->out, "packet too big, mtu %u", icmp->parameter);
    } else if (icmp->type == ICMPV6_PROBLEM) {
        static const char *const WHAT[] = {"erroneous - octet", "next header - octet", "option - octet"};
        if (icmp->code < 3)
            text_format(print->out, "parameter problem, %s %u", WHAT[icmp->code], icmp->parameter);
        else
            text_format(print->out, "parameter problem, code-#%u", icmp->code);
    } else if (!sound) {
        text_add(print->out, "[|icmp6]");
    } else if (icmp->type == ICMPV6_UNREACHABLE) {
        print_unreachable(print, icmp->code, &quote);
    } else {
        text_add(print->out, icmp->code == 0 ? "time exceeded in-transit for " : "time exceeded in-transit (reassembly)");
        if (icmp->code == 0)
            print_address(print, &quote.info.destination);
    }
    if (!print->options->verbose)
        text_format(print->out, ", length %zu", rest.length + ICMPV6_HEADER_BYTES);
}

/* ---- */

void print_icmpv6(struct print *print, const struct print_ip *ip, struct view message)
{
    enum { LISTENER_QUERY = 130, LISTENER_REPORT = 131, LISTENER_DONE = 132, LISTENER_REPORT_2 = 143 };
    struct icmpv6_header icmp;
    struct reader reader = reader_of(message.data, message.have);
    bool whole = !ip->fragmented && message.have == message.length;
    if (icmpv6_header_parse(&reader, &icmp) != 0) {
        text_add(print->out, "ICMP6, [|icmp6]");
        return;
    }
    if (print->options->verbose && whole) {
        uint16_t remainder = print_sum(ip, message);
        if (remainder)
            text_format(print->out, "[bad icmp6 cksum 0x%04x -> 0x%04x!] ", icmp.checksum,
                        print_sum_should_be(icmp.checksum, remainder));
        else
            text_add(print->out, "[icmp6 sum ok] ");
    }
    text_add(print->out, "ICMP6, ");
    if (icmp.type >= ICMPV6_ROUTER_SOLICITATION && icmp.type <= ICMPV6_NEIGHBOUR_ADVERTISEMENT) {
        print_ndp(print, message);
        return;
    }
    if (icmp.type >= ICMPV6_UNREACHABLE && icmp.type <= ICMPV6_PROBLEM) {
        print_error(print, &icmp, view_from(message, ICMPV6_HEADER_BYTES));
        return;
    }
    switch (icmp.type) {
    case ICMPV6_ECHO_REQUEST:
    case ICMPV6_ECHO_REPLY:
        text_format(print->out, "echo %s, id %u, seq %u", icmp.type == ICMPV6_ECHO_REQUEST ? "request" : "reply",
                    icmp.parameter >> 16, icmp.parameter & 0xffff);
        break;
    case ICMPV6_REDIRECT: text_add(print->out, "redirect"); break;
    case LISTENER_QUERY: text_add(print->out, "multicast listener query"); break;
    case LISTENER_REPORT: text_add(print->out, "multicast listener report"); break;
    case LISTENER_DONE: text_add(print->out, "multicast listener done"); break;
    case LISTENER_REPORT_2:
        text_format(print->out, "multicast listener report v2, %u group record(s)", icmp.parameter & 0xffff);
        break;
    default: text_format(print->out, "unknown icmp6 type (%u)", icmp.type); break;
    }
    if (!print->options->verbose)
        text_format(print->out, ", length %zu", message.length);
}
