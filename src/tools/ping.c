/* ping: echo requests (RFC 792, RFC 4443) and what comes back.
 *
 * The options, output and exit status are those of iputils: 0 when at least one reply came, 1 when none did, 2 for any other error. One task does it
 * all: it sends when the interval has passed, and between sends it waits for messages until the next send or the end. Each request
 * carries its sequence number and the instant it was sent, so a reply is matched without a table; which sequence numbers were answered is a bitmap, for
 * duplicates.
 *
 * Errors quote the packet they are about; ours are known by the identifier in the quoted echo request. A name is looked up once, and
 * addresses that answer are looked up the other way unless -n or a numeric address is given, as iputils does. An address of a link has its
 * interface behind a '%', or from -I.
 *
 * Left out: flood and preload (a tool of a lab has no use for them, and a host must not be offered them), record route, patterns. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "application/dns/stub.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/tool.h"

enum {
    ECHO_HEADER_BYTES = 8,
    STAMP_BYTES = 8,
    TIMED_BYTES = 16 /* iputils sends a timeval */,
    DATA_BYTES_MAX = 65507,
    SEQUENCE_BITS = 65536
};
enum { ZONED_TEXT_BYTES = IP_TEXT_BYTES + 16 };
enum { ICMP4_ECHO = 8, ICMP4_ECHO_REPLY = 0, ICMP6_ECHO = 128, ICMP6_ECHO_REPLY = 129, FRAGMENT_HEADER = 44 };

struct ping {
    struct tool_run *run;
    struct net *net;
    struct icmp icmp;
    const char *target;
    const char *bound; /* what -I says: an interface, or an address to send from */
    struct ip address, source;
    uint16_t interface;
    uint8_t family;
    uint64_t count; /* 0: until interrupted */
    int64_t interval_ns, reply_wait_ns, deadline_ns;
    uint32_t data_bytes;
    uint8_t ttl;
    bool numeric, quiet, dont_fragment, broadcast, tell_missing;
    struct instant start, last_sent;
    uint64_t sent, received, duplicates, errors;
    double rtt_sum_ms, rtt_square_ms, rtt_min_ms, rtt_max_ms;
    uint8_t answered[SEQUENCE_BITS / 8];
    struct ip named_address; /* whose name is in `named` */
    char named[NAME_BYTES_MAX + ZONED_TEXT_BYTES + 4];
    uint8_t message[65536];
};

/* ---- options ---- */

static int64_t seconds_of(const char *text, int64_t fallback)
{
    char *end;
    double value = strtod(text, &end);
    return *end || !(value >= 0) || value > 1e6 ? fallback : (int64_t)(value * (double)NS_PER_S);
}

static int usage(struct tool_run *run)
{
    tool_complain(run, "\nUsage\n  ping [options] <destination>\n\nOptions:\n"
                       "  <destination>      dns name or ip address\n"
                       "  -b                 allow pinging broadcast\n"
                       "  -c <count>         stop after <count> replies\n"
                       "  -i <interval>      seconds between sending each packet\n"
                       "  -I <interface>     either interface name or address\n"
                       "  -M <pmtu opt>      define path MTU discovery, can be one of <do|dont|want>\n"
                       "  -n                 no reverse DNS name resolution\n"
                       "  -O                 report outstanding replies\n"
                       "  -q                 quiet output\n"
                       "  -s <size>          use <size> as number of data bytes to be sent\n"
                       "  -t <ttl>           define time to live\n"
                       "  -w <deadline>      stop after <deadline> seconds\n"
                       "  -W <timeout>       time to wait for a response\n"
                       "  -4                 use IPv4\n"
                       "  -6                 use IPv6\n");
    return 2;
}

static int bad_value(struct ping *ping, const char *value)
{
    tool_complain(ping->run, "ping: invalid argument: '%s'\n", value);
    return 1;
}

static int number_option(struct ping *ping, int letter, const char *value)
{
    uint64_t number;
    uint64_t most = letter == 'c' ? INT64_MAX : letter == 's' ? DATA_BYTES_MAX : 255;
    int error = number_parse(value, UINT64_MAX, &number);
    if (error)
        return bad_value(ping, value);
    if (number > most || (number == 0 && letter == 'c')) {
        tool_complain(ping->run, "ping: invalid argument: '%s': out of range: %d <= value <= %" PRIu64 "\n", value,
                      letter == 'c', most);
        return 1;
    }
    if (letter == 'c')
        ping->count = number;
    else if (letter == 's')
        ping->data_bytes = (uint32_t)number;
    else
        ping->ttl = (uint8_t)number;
    return 0;
}

static int time_option(struct ping *ping, int letter, const char *value)
{
    int64_t ns = seconds_of(value, -1);
    if (ns < 0)
        return bad_value(ping, value);
    if (letter == 'i') {
        if (ns < 2 * NS_PER_MS) {
            tool_complain(ping->run, "ping: cannot flood, minimal interval is 2ms\n");
            return 2;
        }
        ping->interval_ns = ns;
    } else if (letter == 'W') {
        ping->reply_wait_ns = ns ? ns : NS_PER_S;
    } else {
        ping->deadline_ns = ns;
    }
    return 0;
}

static int fragment_option(struct ping *ping, const char *value)
{
    if (strcmp(value, "do") == 0 || strcmp(value, "probe") == 0)
        ping->dont_fragment = true;
    else if (strcmp(value, "dont") != 0 && strcmp(value, "want") != 0)
        return bad_value(ping, value);
    return 0;
}

static int read_options(struct ping *ping)
{
    struct options options = options_of(ping->run->argc, ping->run->argv, "bc:hi:I:M:nOqs:t:w:W:46");
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        int status = 0;
        switch (letter) {
        case OPTIONS_OPERAND: ping->target = options.value; break;
        case OPTIONS_UNKNOWN:
            tool_complain(ping->run, "ping: invalid option -- '%c'\n", options.letter);
            return usage(ping->run);
        case OPTIONS_NO_VALUE:
            tool_complain(ping->run, "ping: option requires an argument -- '%c'\n", options.letter);
            return usage(ping->run);
        case 'c':
        case 's':
        case 't': status = number_option(ping, letter, options.value); break;
        case 'i':
        case 'W':
        case 'w': status = time_option(ping, letter, options.value); break;
        case 'M': status = fragment_option(ping, options.value); break;
        case 'b': ping->broadcast = true; break;
        case 'h': (void)usage(ping->run); return 2;
        case 'I': ping->bound = options.value; break;
        case 'n': ping->numeric = true; break;
        case 'O': ping->tell_missing = true; break;
        case 'q': ping->quiet = true; break;
        case '4': ping->family = 4; break;
        case '6': ping->family = 6; break;
        }
        if (status)
            return status;
    }
    if (!ping->target) {
        tool_complain(ping->run, "ping: usage error: Destination address required\n");
        return 1;
    }
    return 0;
}

/* ---- what is printed of others ---- */

static const char *interface_name(struct ping *ping, uint16_t index, char name[16])
{
    struct interface_info info;
    for (size_t at = 0; net_interface_next(ping->net, &at, &info) == 0;)
        if (info.index == index) {
            snprintf(name, 16, "%s", info.name);
            return name;
        }
    snprintf(name, 16, "%u", index);
    return name;
}

/* With the zone of an address that means something on its link only (RFC 4007 section 11). */
static char *print_address(struct ping *ping, const struct ip *address, char *out, size_t size_bytes)
{
    char number[IP_TEXT_BYTES], name[16];
    ip_print(address, number, sizeof number);
    bool zoned = ping->interface && address->family == 6 && ip_is_link_local(address);
    snprintf(out, size_bytes, "%s%s%s", number, zoned ? "%" : "", zoned ? interface_name(ping, ping->interface, name) : "");
    return out;
}

static const char *name_of(struct ping *ping, const struct ip *address)
{
    if (ip_equal(address, &ping->named_address))
        return ping->named;
    char number[ZONED_TEXT_BYTES], name[NAME_BYTES_MAX];
    print_address(ping, address, number, sizeof number);
    ping->named_address = *address;
    struct instant deadline = instant_add(net_now(ping->net), 2 * NS_PER_S);
    if (ping->numeric)
        snprintf(ping->named, sizeof ping->named, "%s", number);
    else /* as iputils: the number stands for a name that cannot be found */
        snprintf(ping->named, sizeof ping->named, "%s (%s)",
                 dns_reverse(ping->net, address, deadline, name, sizeof name) == 0 ? name : number, number);
    return ping->named;
}

static const char *unreachable_text4(uint8_t code)
{
    static const char *const TEXTS[] = {"Destination Net Unreachable",
                                        "Destination Host Unreachable",
                                        "Destination Protocol Unreachable",
                                        "Destination Port Unreachable",
                                        NULL,
                                        "Source Route Failed",
                                        "Destination Net Unknown",
                                        "Destination Host Unknown",
                                        "Source Host Isolated",
                                        "Destination Net Prohibited",
                                        "Destination Host Prohibited",
                                        "Destination Net Unreachable for Type of Service",
                                        "Destination Host Unreachable for Type of Service",
                                        "Packet filtered",
                                        "Precedence Violation",
                                        "Precedence Cutoff"};
    return code < count_of(TEXTS) && TEXTS[code] ? TEXTS[code] : "Dest Unreachable";
}

static const char *unreachable_text6(uint8_t code)
{
    static const char *const TEXTS[] = {"No route",
                                        "Administratively prohibited",
                                        "Beyond scope of source address",
                                        "Address unreachable",
                                        "Port unreachable",
                                        "Source address failed ingress/egress policy",
                                        "Reject route to destination"};
    return code < count_of(TEXTS) ? TEXTS[code] : "Unknown code";
}

static void describe_error(uint8_t family, uint8_t type, uint8_t code, uint32_t number, char *out, size_t size_bytes)
{
    if (family == 4 && type == 3 && code == 4)
        snprintf(out, size_bytes, "Frag needed and DF set (mtu = %" PRIu32 ")", number & 0xffff);
    else if (family == 6 && type == 2)
        snprintf(out, size_bytes, "Packet too big: mtu=%" PRIu32, number);
    else if (family == 4 && type == 3)
        snprintf(out, size_bytes, "%s", unreachable_text4(code));
    else if (family == 6 && type == 1)
        snprintf(out, size_bytes, "Destination unreachable: %s", unreachable_text6(code));
    else if (family == 4 && type == 11)
        snprintf(out, size_bytes, "%s", code == 0 ? "Time to live exceeded" : "Frag reassembly time exceeded");
    else if (family == 6 && type == 3)
        snprintf(out, size_bytes, "Time exceeded: %s", code == 0 ? "Hop limit" : "Defragmentation failure");
    else if (type == (family == 4 ? 12 : 4))
        snprintf(out, size_bytes, "Parameter problem: pointer = %" PRIu32, family == 4 ? number >> 24 : number);
    else
        snprintf(out, size_bytes, "Bad ICMP type: %u", type);
}

/* ---- sending and receiving ---- */

static void complain_too_long(struct ping *ping)
{
    struct route_info route;
    struct interface_info interface;
    uint32_t mtu = 0;
    if (net_route_get(ping->net, &ping->address, &route) == 0)
        for (size_t at = 0; net_interface_next(ping->net, &at, &interface) == 0;)
            if (interface.index == route.interface)
                mtu = route.path_mtu && route.path_mtu < interface.mtu ? route.path_mtu : interface.mtu;
    tool_complain(ping->run, "ping: local error: message too long");
    if (mtu)
        tool_complain(ping->run, ping->address.family == 4 ? ", mtu=%" PRIu32 : ", mtu: %" PRIu32, mtu);
    tool_complain(ping->run, "\n");
}

static int send_one(struct ping *ping)
{
    uint32_t length = ECHO_HEADER_BYTES + ping->data_bytes;
    uint8_t *message = memory_take_zeroed(1, length);
    struct writer w = writer_of(message, length);
    uint16_t sequence = (uint16_t)(ping->sent + 1);
    writer_u8(&w, ping->address.family == 4 ? ICMP4_ECHO : ICMP6_ECHO);
    writer_u8(&w, 0);
    writer_u16(&w, 0);
    writer_u16(&w, icmp_identifier(ping->icmp));
    writer_u16(&w, sequence);
    ping->last_sent = net_now(ping->net);
    uint32_t filled = 0;
    if (ping->data_bytes >= TIMED_BYTES) {
        writer_u64(&w, (uint64_t)ping->last_sent.ns);
        filled = STAMP_BYTES;
    }
    for (uint32_t i = filled; i < ping->data_bytes; i++)
        writer_u8(&w, (uint8_t)i);
    ping->answered[sequence / 8] &= (uint8_t) ~(1u << (sequence & 7));
    int result = icmp_send(ping->icmp, message, length, &ping->address);
    memory_free(message);
    ping->sent++;
    if (result == IMP_CANCELLED)
        return result;
    if (result == IMP_TOO_BIG)
        complain_too_long(ping);
    else if (result == IMP_UNREACHABLE)
        tool_complain(ping->run, "ping: sendmsg: Network is unreachable\n");
    else if (result < 0)
        tool_complain(ping->run, "ping: sendmsg: %s\n", imp_error_text(result));
    if (result < 0)
        ping->errors++;
    return 0;
}

static void count_rtt(struct ping *ping, double ms)
{
    if (ping->received - ping->duplicates == 0 || ms < ping->rtt_min_ms)
        ping->rtt_min_ms = ms;
    if (ms > ping->rtt_max_ms)
        ping->rtt_max_ms = ms;
    ping->rtt_sum_ms += ms;
    ping->rtt_square_ms += ms * ms;
}

/* iputils prints three significant digits: 0.042, 1.25, 31.2, 118. */
static void print_ms(char *out, size_t size_bytes, double ms)
{
    snprintf(out, size_bytes, "%.*f", ms >= 99.95 ? 0 : ms >= 9.995 ? 1 : ms >= 0.9995 ? 2 : 3, ms);
}

static void take_reply(struct ping *ping, struct reader *r, size_t length, const struct icmp_received *about)
{
    uint16_t sequence = reader_u16(r);
    bool stamped = ping->data_bytes >= TIMED_BYTES && reader_left(r) >= STAMP_BYTES;
    double ms = stamped ? (double)(about->time.ns - (int64_t)reader_u64(r)) / 1e6 : 0;
    bool duplicate = ping->answered[sequence / 8] & 1u << (sequence & 7);
    ping->answered[sequence / 8] |= (uint8_t)(1u << (sequence & 7));
    if (duplicate)
        ping->duplicates++;
    else if (stamped)
        count_rtt(ping, ms);
    ping->received++;
    if (ping->quiet)
        return;
    char time[40] = "", ttl[16] = "";
    if (stamped) {
        char number[24];
        print_ms(number, sizeof number, ms);
        snprintf(time, sizeof time, " time=%s ms", number);
    }
    if (about->ttl)
        snprintf(ttl, sizeof ttl, " ttl=%u", about->ttl);
    tool_print(ping->run, "%zu bytes from %s: icmp_seq=%u%s%s%s\n", length, name_of(ping, &about->from.address), sequence, ttl,
               time, duplicate ? " (DUP!)" : "");
}

/* The sequence number of our echo request that the error quotes, or -1 when it is about something else. */
static int quoted_sequence(struct ping *ping, struct reader *r)
{
    uint8_t version = (uint8_t)(r->at < r->length ? r->data[r->at] : 0);
    uint8_t protocol = 0;
    if (version >> 4 == 4) {
        reader_skip(r, 9);
        protocol = reader_u8(r);
        reader_skip(r, (size_t)(version & 15) * 4 >= 20 ? (size_t)(version & 15) * 4 - 10 : 10);
    } else {
        reader_skip(r, 6);
        protocol = reader_u8(r);
        reader_skip(r, 33);
        if (protocol == FRAGMENT_HEADER) { /* the first fragment: the others quote no echo header */
            protocol = reader_u8(r);
            reader_skip(r, 1);
            uint16_t offset_and_more = reader_u16(r);
            reader_skip(r, 4);
            if (offset_and_more >> 3)
                return -1;
        }
    }
    uint8_t type = reader_u8(r);
    reader_skip(r, 3);
    uint16_t identifier = reader_u16(r), sequence = reader_u16(r);
    bool ours = !r->failed && (protocol == 1 || protocol == 58) && (type == ICMP4_ECHO || type == ICMP6_ECHO) &&
                identifier == icmp_identifier(ping->icmp);
    return ours ? sequence : -1;
}

static void take_message(struct ping *ping, const uint8_t *message, size_t length, const struct icmp_received *about)
{
    struct reader r = reader_of(message, length);
    uint8_t family = ping->address.family, type = reader_u8(&r), code = reader_u8(&r);
    reader_skip(&r, 2);
    if (type == (family == 4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY)) {
        uint16_t identifier = reader_u16(&r);
        if (!r.failed && length >= ECHO_HEADER_BYTES && identifier == icmp_identifier(ping->icmp))
            take_reply(ping, &r, length, about);
        return;
    }
    bool error = family == 4 ? type == 3 || type == 11 || type == 12 : type < 128;
    uint32_t number = reader_u32(&r);
    int sequence = error ? quoted_sequence(ping, &r) : -1;
    if (sequence < 0)
        return;
    ping->errors++;
    if (ping->quiet)
        return;
    char what[96];
    describe_error(family, type, code, number, what, sizeof what);
    tool_print(ping->run, "From %s icmp_seq=%d %s\n", name_of(ping, &about->from.address), sequence, what);
}

/* Takes messages until `until`, or sooner when everything asked for has been answered. */
static int listen_until(struct ping *ping, struct instant until)
{
    enum { TICK_MS = 100 }; /* how soon Ctrl-C is noticed */
    for (;;) {
        if (ping->run->io->interrupted(ping->run->io->context))
            return IMP_CANCELLED;
        if (ping->count && ping->received - ping->duplicates + ping->errors >= ping->count)
            return 0;
        struct icmp_received about;
        struct instant tick = instant_min(until, instant_add(net_now(ping->net), TICK_MS * NS_PER_MS));
        ssize_t length = icmp_receive(ping->icmp, ping->message, sizeof ping->message, &about, tick);
        if (length >= 0)
            take_message(ping, ping->message, (size_t)length, &about);
        else if (length != IMP_TIMEOUT)
            return (int)length;
        else if (instant_reached(net_now(ping->net), until))
            return 0;
    }
}

/* How long replies are waited for behind the last request: two round trips where there were any, -W where not. */
static int64_t last_wait_ns(const struct ping *ping)
{
    int64_t twice_ns = (int64_t)(2 * ping->rtt_max_ms * NS_PER_MS);
    return !ping->received ? ping->reply_wait_ns : twice_ns < ping->interval_ns ? ping->interval_ns : twice_ns;
}

static void go(struct ping *ping)
{
    struct instant end = ping->deadline_ns ? instant_add(ping->start, ping->deadline_ns) : INSTANT_NEVER;
    struct instant next = ping->start;
    for (;;) {
        bool last = ping->count && ping->sent + 1 >= ping->count && !ping->deadline_ns;
        if (send_one(ping) < 0)
            return;
        next = instant_add(next, ping->interval_ns);
        struct instant until = last ? instant_add(net_now(ping->net), last_wait_ns(ping)) : next;
        if (listen_until(ping, instant_min(until, end)) < 0 || last || instant_reached(net_now(ping->net), end))
            return;
        if (ping->count && ping->received - ping->duplicates + ping->errors >= ping->count)
            return;
        uint16_t sequence = (uint16_t)ping->sent;
        if (ping->tell_missing && !(ping->answered[sequence / 8] & 1u << (sequence & 7)))
            tool_print(ping->run, "no answer yet for icmp_seq=%u\n", sequence);
    }
}

static void summarise(struct ping *ping)
{
    uint64_t answered = ping->received - ping->duplicates;
    tool_print(ping->run, "\n--- %s ping statistics ---\n%" PRIu64 " packets transmitted, %" PRIu64 " received", ping->target,
               ping->sent, answered);
    if (ping->duplicates)
        tool_print(ping->run, ", +%" PRIu64 " duplicates", ping->duplicates);
    if (ping->errors)
        tool_print(ping->run, ", +%" PRIu64 " errors", ping->errors);
    double lost = ping->sent ? (double)(ping->sent - answered) * 100.0 / (double)ping->sent : 0;
    tool_print(ping->run, ", %.6g%% packet loss, time %" PRId64 "ms\n", lost,
               instant_since(ping->last_sent, ping->start) / NS_PER_MS);
    if (!answered || ping->data_bytes < TIMED_BYTES) {
        tool_print(ping->run, "\n");
    } else {
        double mean = ping->rtt_sum_ms / (double)answered;
        double variance = ping->rtt_square_ms / (double)answered - mean * mean;
        tool_print(ping->run, "rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", ping->rtt_min_ms, mean, ping->rtt_max_ms,
                   variance > 0 ? sqrt(variance) : 0);
    }
}

static int open_socket(struct ping *ping)
{
    struct icmp_options options = {.family = ping->address.family,
                                   .ttl = ping->ttl,
                                   .dont_fragment = ping->dont_fragment,
                                   .broadcast = ping->broadcast,
                                   .interface = ping->interface,
                                   .source = ping->source};
    int result = net_icmp(ping->net, &options, &ping->icmp);
    if (result == IMP_DENIED)
        tool_complain(ping->run,
                      "ping: socktype: Operation not permitted; ICMP needs root, CAP_NET_RAW or net.ipv4.ping_group_range\n");
    else if (result == IMP_INVALID && ping->source.family)
        tool_complain(ping->run, "ping: bind: Cannot assign requested address\n");
    else if (result < 0)
        tool_complain(ping->run, "ping: cannot open an ICMP socket: %s\n", imp_error_text(result));
    return result;
}

/* An interface by its name, or by its index where this world does not tell names. */
static int find_interface(struct ping *ping, const char *name)
{
    struct interface_info info;
    uint64_t index;
    if (net_interface_find(ping->net, name, &info) == 0)
        ping->interface = info.index;
    else if (number_parse(name, UINT16_MAX, &index) == 0 && index > 0)
        ping->interface = (uint16_t)index;
    else
        return IMP_NOT_FOUND;
    return 0;
}

/* The target's address, and what to bind to. 0, or 2 after a complaint. */
static int find_target(struct ping *ping)
{
    char name[NAME_BYTES_MAX];
    const char *zone = strchr(ping->target, '%');
    snprintf(name, sizeof name, "%.*s", zone ? (int)(zone - ping->target) : (int)sizeof name - 1, ping->target);
    if (ping->bound && ip_parse(ping->bound, &ping->source) != 0 && find_interface(ping, ping->bound) != 0) {
        tool_complain(ping->run, "ping: unknown iface: %s\n", ping->bound);
        return 2;
    }
    if (ip_parse(name, &ping->address) == 0)
        ping->numeric = true;
    struct instant deadline = instant_add(net_now(ping->net), 30 * NS_PER_S);
    uint8_t family = ping->family ? ping->family : ping->source.family;
    if ((zone && (ping->address.family != 6 || find_interface(ping, zone + 1) != 0)) ||
        dns_resolve(ping->net, name, family, deadline, &ping->address, 1) < 1) {
        tool_complain(ping->run, "ping: %s: Name or service not known\n", ping->target);
        return 2;
    }
    if (ping->address.family == 4 && ip_is_any(&ping->address)) /* "this host" (RFC 1122 section 3.2.1.3), as Linux has it */
        ping->address = ip4(0x7f000001);
    return 0;
}

/* Is there a way, and may it be taken? 0, or 2 after a complaint. */
static int find_way(struct ping *ping)
{
    struct route_info route = {0}; /* a world that does not tell of its routes will say so when the first request is sent */
    int error = net_route_get(ping->net, &ping->address, &route);
    if (error == IMP_UNREACHABLE && !ping->interface) {
        tool_complain(ping->run, "ping: connect: Network is unreachable\n");
        return 2;
    }
    bool broadcast = !error && (route.broadcast || ip_is_broadcast(&ping->address));
    if (broadcast && !ping->broadcast) {
        tool_complain(ping->run, "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n");
        return 2;
    }
    if (broadcast)
        tool_complain(ping->run, "WARNING: pinging broadcast address\n");
    if (ping->bound && !ping->source.family)
        ping->source = route.interface == ping->interface ? route.source : (struct ip){0};
    return 0;
}

static void print_start(struct ping *ping)
{
    char number[ZONED_TEXT_BYTES], source[ZONED_TEXT_BYTES], name[16], from[sizeof source + sizeof name + 8] = "";
    bool is4 = ping->address.family == 4;
    struct ip none = ip_any(ping->address.family);
    if (ping->bound)
        snprintf(from, sizeof from, "%sfrom %s %s: ", is4 ? " " : "",
                 print_address(ping, ping->source.family ? &ping->source : &none, source, sizeof source),
                 ping->interface ? interface_name(ping, ping->interface, name) : "");
    print_address(ping, &ping->address, number, sizeof number);
    if (is4)
        tool_print(ping->run, "PING %s (%s)%s%u(%u) bytes of data.\n", ping->target, number, from[0] ? from : " ",
                   ping->data_bytes, ping->data_bytes + 28);
    else
        tool_print(ping->run, "PING %s(%s) %s%u data bytes\n", ping->target, name_of(ping, &ping->address), from,
                   ping->data_bytes);
}

static int ping_run(struct tool_run *run)
{
    struct ping *ping = memory_take_zeroed(1, sizeof *ping);
    *ping =
        (struct ping){.run = run, .net = run->net, .interval_ns = NS_PER_S, .reply_wait_ns = 10 * NS_PER_S, .data_bytes = 56};
    int status = read_options(ping);
    if (!status)
        status = find_target(ping);
    if (!status)
        status = find_way(ping);
    if (!status && open_socket(ping) < 0)
        status = 2;
    if (!status) {
        print_start(ping);
        ping->start = net_now(run->net);
        go(ping);
        icmp_close(ping->icmp);
        summarise(ping);
        status = ping->received ? 0 : 1;
    }
    memory_free(ping);
    return status;
}

const struct tool PING_TOOL = {.name = "ping", .summary = "send ICMP echo requests to a host", .run = ping_run};
