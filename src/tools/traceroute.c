/* traceroute: which routers a packet meets, found by letting it die on the way.
 *
 * Probes leave with a hop limit of 1, 2, 3 ...; the router at which one expires says so (ICMP time exceeded), and so names itself. The
 * destination answers a UDP probe with port unreachable, since nobody listens on ports from 33434 on, and an echo probe (-I) with an echo
 * reply. All probes of a hop leave at once; replies are matched by what they quote: our UDP source port and the probe's own destination
 * port, or our echo identifier and the probe's sequence number.
 *
 * Options and output are those of Linux's traceroute (Dmitry Butskoy's): "!H", "!N", "!P", "!X", "!F-1400" and "!<code>" mark unreachables, a star a probe
 * that nobody answered. Exit status 0, or 2 for wrong usage, 1 when the probes cannot be sent.
 *
 * Left out: TCP probes (-T), paths through options, AS look-ups. */
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

enum { PROBES_MAX = 10, HOPS_MAX = 255, MESSAGE_BYTES = 2048, DATA_BYTES = 32 };

struct probe {
    uint16_t mark; /* destination port, or sequence number */
    struct instant sent, answered;
    bool done, arrived;
    struct ip from;
    char note[16];
};
struct trace {
    struct tool_run *run;
    struct net *net;
    const char *target;
    struct ip address;
    struct udp udp;
    struct icmp icmp;
    uint8_t family;
    uint16_t local_port, base_port, next_mark;
    unsigned first, hops, probes;
    int64_t wait_ns;
    bool numeric, echo;
};

static int usage(struct trace *trace, const char *what)
{
    tool_complain(
        trace->run,
        "%s\nUsage:\n  traceroute [ -46In ] [ -f first_ttl ] [ -m max_ttl ] [ -p port ] [ -q nqueries ] [ -w wait ] host\n",
        what);
    return 2;
}

static int number_option(struct trace *trace, int letter, const char *value)
{
    uint64_t number;
    uint64_t most = letter == 'p' ? 65535 : letter == 'q' ? PROBES_MAX : HOPS_MAX;
    if (number_parse(value, most, &number) < 0 || number == 0) {
        tool_complain(trace->run, "Bad option `-%c' (argc %d): %s is not a number from 1 to %u\n", letter, trace->run->argc,
                      value, (unsigned)most);
        return 2;
    }

    if (letter == 'p')
        trace->base_port = (uint16_t)number;
    else
        *(letter == 'f' ? &trace->first : letter == 'm' ? &trace->hops : &trace->probes) = (unsigned)number;
    return 0;
}

static int read_options(struct trace *trace)
{
    struct options options = options_of(trace->run->argc, trace->run->argv, "46Inf:m:p:q:w:");
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        int status = 0;
        switch (letter) {
        case OPTIONS_OPERAND:
            if (trace->target)
                return usage(trace, "Only one host, please; a packet length is not supported.");
            trace->target = options.value;
            break;
        case OPTIONS_UNKNOWN:
            tool_complain(trace->run, "Bad option `-%c' (argc %d)\n", options.letter, options.at - 1);
            return 2;
        case OPTIONS_NO_VALUE:
            tool_complain(trace->run, "Option `-%c' (argc %d) requires an argument\n", options.letter, options.at - 1);
            return 2;
        case '4': trace->family = 4; break;
        case '6': trace->family = 6; break;
        case 'I': trace->echo = true; break;
        case 'n': trace->numeric = true; break;
        case 'w': {
            char *end;
            double wait = strtod(options.value, &end);
            if (*end || !(wait > 0) || wait > 1000)
                return usage(trace, "The wait is a number of seconds, up to 1000.");
            trace->wait_ns = (int64_t)(wait * (double)NS_PER_S);
            break;
        }
        default: status = number_option(trace, letter, options.value); break;
        }
        if (status)
            return status;
    }
    if (!trace->target)
        return usage(trace, "Specify \"host\" missing argument.");
    return trace->first > trace->hops ? usage(trace, "first hop out of range") : 0;
}

/* ---- probes ---- */

static int send_probe(struct trace *trace, struct probe *probe, uint8_t ttl)
{
    *probe = (struct probe){.mark = trace->next_mark++, .sent = net_now(trace->net)};
    uint8_t data[8 + DATA_BYTES];
    for (uint8_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)('@' + i);
    if (trace->echo) {
        struct writer w = writer_of(data, sizeof data);
        writer_u8(&w, trace->address.family == 4 ? 8 : 128);
        writer_u8(&w, 0);
        writer_u16(&w, 0);
        writer_u16(&w, icmp_identifier(trace->icmp));
        writer_u16(&w, probe->mark);
        icmp_set_ttl(trace->icmp, ttl);
        return icmp_send(trace->icmp, data, sizeof data, &trace->address);
    }
    struct endpoint to = {.address = trace->address, .port = probe->mark};
    udp_set_ttl(trace->udp, ttl);
    int result = udp_send(trace->udp, data, DATA_BYTES, &to);
    return result == IMP_REFUSED || result == IMP_UNREACHABLE ? udp_send(trace->udp, data, DATA_BYTES, &to)
                                                              : result; /* an earlier error */
}

/* What the quoted packet says of itself: the mark of the probe it was, or -1 when it was none of ours. */
static int quoted_mark(struct trace *trace, struct reader *r)
{
    uint8_t version = r->at < r->length ? r->data[r->at] : 0;
    uint8_t protocol;
    if (version >> 4 == 4) {
        size_t header = (size_t)(version & 15) * 4;
        reader_skip(r, 9);
        protocol = reader_u8(r);
        reader_skip(r, header >= 20 ? header - 10 : 10);
    } else {
        reader_skip(r, 6);
        protocol = reader_u8(r);
        reader_skip(r, 33);
    }
    uint16_t one = reader_u16(r), two = reader_u16(r), three = reader_u16(r), four = reader_u16(r);
    if (r->failed)
        return -1;
    if (!trace->echo)
        return protocol == 17 && one == trace->local_port ? two : -1;
    return (protocol == 1 || protocol == 58) && three == icmp_identifier(trace->icmp) ? four : -1;
}

static void note_unreachable(struct probe *probe, uint8_t family, uint8_t code, uint32_t number)
{
    static const char *const NOTES4[] = {"!N", "!H", "!P", "",   NULL, "!S", "!U", "!W",
                                         NULL, "!A", "!Z", "!Q", "!T", "!X", "!V", "!C"};
    static const char *const NOTES6[] = {"!N", "!X", "!S", "!H", ""};
    const char *note = family == 4               ? (code < count_of(NOTES4) ? NOTES4[code] : NULL)
                       : code < count_of(NOTES6) ? NOTES6[code]
                                                 : NULL;
    if (family == 4 && code == 4)
        snprintf(probe->note, sizeof probe->note, "!F-%u", number & 0xffff);
    else if (note)
        snprintf(probe->note, sizeof probe->note, "%s", note);
    else
        snprintf(probe->note, sizeof probe->note, "!<%u>", code);
}

static void take_message(struct trace *trace, struct probe *probes, const uint8_t *message, size_t length,
                         const struct icmp_received *about)
{
    struct reader r = reader_of(message, length);
    uint8_t family = trace->address.family, type = reader_u8(&r), code = reader_u8(&r);
    reader_skip(&r, 2);
    bool reply = type == (family == 4 ? 0 : 129);
    bool expired = type == (family == 4 ? 11 : 3), unreachable = type == (family == 4 ? 3 : 1);
    int mark = -1;
    uint32_t number = 0;
    if (reply && trace->echo) {
        uint16_t identifier = reader_u16(&r), sequence = reader_u16(&r);
        mark = !r.failed && identifier == icmp_identifier(trace->icmp) ? sequence : -1;
    } else if (expired || unreachable) {
        number = reader_u32(&r);
        mark = quoted_mark(trace, &r);
    }
    for (unsigned i = 0; mark >= 0 && i < trace->probes; i++) {
        struct probe *probe = &probes[i];
        if (probe->mark != mark || probe->done)
            continue;
        probe->done = true;
        probe->answered = about->time;
        probe->from = about->from.address;
        probe->arrived = reply || unreachable;
        if (unreachable)
            note_unreachable(probe, family, code, number);
    }
}

static int await(struct trace *trace, struct probe *probes)
{
    struct instant until = instant_add(net_now(trace->net), trace->wait_ns);
    uint8_t message[MESSAGE_BYTES];
    for (;;) {
        bool all = true;
        for (unsigned i = 0; i < trace->probes; i++)
            all = all && probes[i].done;
        if (all)
            return 0;
        if (trace->run->io->interrupted(trace->run->io->context))
            return IMP_CANCELLED;
        struct icmp_received about;
        struct instant tick = instant_min(until, instant_add(net_now(trace->net), 100 * NS_PER_MS));
        ssize_t length = icmp_receive(trace->icmp, message, sizeof message, &about, tick);
        if (length >= 0)
            take_message(trace, probes, message, (size_t)length, &about);
        else if (length != IMP_TIMEOUT)
            return (int)length;
        else if (instant_reached(net_now(trace->net), until))
            return 0;
    }
}

/* ---- what is shown ---- */

static void print_router(struct trace *trace, const struct ip *address)
{
    char number[IP_TEXT_BYTES], name[NAME_BYTES_MAX];
    ip_print(address, number, sizeof number);
    if (trace->numeric) {
        tool_print(trace->run, "  %s", number);
        return;
    }
    struct instant deadline = instant_add(net_now(trace->net), 5 * NS_PER_S);
    bool named = dns_reverse(trace->net, address, deadline, name, sizeof name) == 0;
    tool_print(trace->run, "  %s (%s)", named ? name : number, number);
}

static bool print_hop(struct trace *trace, unsigned hop, const struct probe *probes)
{
    bool arrived = false;
    struct ip last = {0};
    tool_print(trace->run, "%2u", hop);
    for (unsigned i = 0; i < trace->probes; i++) {
        const struct probe *probe = &probes[i];
        if (!probe->done) {
            tool_print(trace->run, " *");
            continue;
        }
        if (!ip_equal(&probe->from, &last))
            print_router(trace, &probe->from);
        last = probe->from;
        tool_print(trace->run, "  %.3f ms", (double)instant_since(probe->answered, probe->sent) / 1e6);
        if (probe->note[0])
            tool_print(trace->run, " %s", probe->note);
        arrived = arrived || probe->arrived;
    }
    tool_print(trace->run, "\n");
    return arrived;
}

static int open_sockets(struct trace *trace)
{
    struct icmp_options icmp = {.family = trace->address.family};
    int result = net_icmp(trace->net, &icmp, &trace->icmp);
    if (result < 0) {
        tool_complain(trace->run, "traceroute: cannot listen for ICMP: %s\n",
                      result == IMP_DENIED ? "Operation not permitted" : imp_error_text(result));
        return result;
    }
    struct udp_options udp = {.local = {.address = ip_any(trace->address.family)}};
    struct endpoint local;
    result = net_udp(trace->net, &udp, &trace->udp);
    if (result < 0 || (result = udp_local(trace->udp, &local)) < 0) {
        tool_complain(trace->run, "traceroute: cannot open a UDP socket: %s\n", imp_error_text(result));
        icmp_close(trace->icmp);
        return result;
    }
    trace->local_port = local.port;
    return 0;
}

static int walk(struct trace *trace)
{
    struct probe probes[PROBES_MAX];
    for (unsigned hop = trace->first; hop <= trace->hops; hop++) {
        for (unsigned i = 0; i < trace->probes; i++) {
            int result = send_probe(trace, &probes[i], (uint8_t)hop);
            if (result == IMP_CANCELLED)
                return 1;
            if (result < 0) {
                tool_complain(trace->run, "send: %s\n",
                              result == IMP_UNREACHABLE ? "Network is unreachable" : imp_error_text(result));
                return 1;
            }
        }
        if (await(trace, probes) < 0)
            return 1;
        if (print_hop(trace, hop, probes))
            return 0;
    }
    return 0;
}

static int traceroute_run(struct tool_run *run)
{
    struct trace trace = {
        .run = run, .net = run->net, .first = 1, .hops = 30, .probes = 3, .wait_ns = 5 * NS_PER_S, .base_port = 33434};
    int status = read_options(&trace);
    if (status)
        return status;
    struct instant deadline = instant_add(net_now(run->net), 30 * NS_PER_S);
    uint8_t first = trace.family ? trace.family : 4; /* of a name with both kinds of addresses traceroute takes IPv4 */
    if (dns_resolve(run->net, trace.target, first, deadline, &trace.address, 1) < 1 &&
        (trace.family || dns_resolve(run->net, trace.target, 6, deadline, &trace.address, 1) < 1)) {
        tool_complain(run, "%s: Name or service not known\nCannot handle \"host\" cmdline arg `%s' on position 1 (argc %d)\n",
                      trace.target, trace.target, run->argc - 1);
        return 2;
    }
    if (open_sockets(&trace) < 0)
        return 1;
    trace.next_mark = trace.echo ? 1 : trace.base_port;
    char number[IP_TEXT_BYTES];
    ip_print(&trace.address, number, sizeof number);
    tool_print(run, "traceroute to %s (%s), %u hops max, %u byte packets\n", trace.target, number, trace.hops,
               trace.address.family == 4 ? 60u : 80u);
    status = walk(&trace);
    udp_close(trace.udp);
    icmp_close(trace.icmp);
    return status;
}

const struct tool TRACEROUTE_TOOL = {
    .name = "traceroute", .summary = "print the route packets take to a host", .run = traceroute_run};
