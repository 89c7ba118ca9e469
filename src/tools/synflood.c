/* synflood: SYNs from addresses that nobody has, as many as told, for labs that show what a listener does against them (RFC 4987).
 *
 * It is no namesake of anything, and it is made to be useless outside a lab: it runs only as a scenario's `run` in virtual time, where no real device, no
 * TAP and no kernel can be at the other end of a wire. Anywhere else, and that includes `imp exec`, `imp shell` and `imp run --live`, it refuses.
 *
 * Frames are made whole and sent through a packet socket, with source addresses of 198.18.0.0/15, which RFC 2544 set aside for measurements in
 * closed networks. The next hop's MAC address is the neighbour cache's; a datagram to the target makes the node ask for it. */
#include <string.h>

#include "application/dns/stub.h"
#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/text.h"
#include "internet/ipv4.h"
#include "link/ethernet.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/tool.h"
#include "transport/tcp/segment.h"

enum { RATE = 1000, COUNT = 1000, COUNT_MAX = 1000000, TTL = 64, MSS = 1460, PROTOCOL_OF_TCP = 6, ETHERTYPE_OF_IPV4 = 0x0800 };

struct flood {
    struct tool_run *run;
    struct endpoint target;
    uint64_t count, rate; /* SYNs, and how many a second */
    struct route_info route;
    struct mac source, next_hop;
    struct packet packet;
};

static int fail(const struct flood *flood, const char *why)
{
    tool_complain(flood->run, "synflood: %s\n", why);
    return 1;
}

static int arguments_read(struct flood *flood, const char **host)
{
    struct options options = options_of(flood->run->argc, flood->run->argv, "c:r:");
    uint64_t number = 0;
    unsigned operands = 0;
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        if (option == OPTIONS_OPERAND && operands++ == 0) {
            *host = options.value;
            continue;
        }
        bool valued = option == 'c' || option == 'r' || (option == OPTIONS_OPERAND && operands == 2);
        if (!valued || number_parse(options.value, option == OPTIONS_OPERAND ? 65535 : COUNT_MAX, &number) || number == 0)
            return fail(flood, "usage: synflood [-c COUNT] [-r PER-SECOND] HOST PORT");
        if (option == OPTIONS_OPERAND)
            flood->target.port = (uint16_t)number;
        else
            *(option == 'c' ? &flood->count : &flood->rate) = number;
    }
    return operands == 2 ? 0 : fail(flood, "usage: synflood [-c COUNT] [-r PER-SECOND] HOST PORT");
}

/* Who gets the frames: asked for by a datagram that nobody waits for. */
static int next_hop_find(struct flood *flood)
{
    struct net *net = flood->run->net;
    struct udp udp;
    struct endpoint discard = {.address = flood->target.address, .port = 9};
    if (net_route_get(net, &flood->target.address, &flood->route) != 0)
        return fail(flood, "no route leads there");
    if (net_udp(net, &(struct udp_options){.remote = discard}, &udp) == 0) {
        (void)udp_send(udp, "", 0, NULL);
        (void)net_sleep(net, instant_add(net_now(net), NS_PER_S));
        (void)udp_close(udp);
    }
    const struct ip *hop = flood->route.gateway.family ? &flood->route.gateway : &flood->target.address;
    struct neighbour_info neighbour;
    struct interface_info interface;
    bool found = false;
    for (size_t at = 0; !found && net_neighbour_next(net, &at, &neighbour) == 0;)
        found = neighbour.interface == flood->route.interface && ip_equal(&neighbour.address, hop);
    if (!found)
        return fail(flood, "nobody answers for the next hop");
    flood->next_hop = neighbour.mac;
    for (size_t at = 0; net_interface_next(net, &at, &interface) == 0;)
        if (interface.index == flood->route.interface)
            flood->source = interface.mac;
    return 0;
}

static size_t frame_build(const struct flood *flood, uint8_t *out)
{
    uint64_t random = net_random(flood->run->net);
    struct ip from = ip4(0xc6120000u | ((uint32_t)random & 0x1ffff)); /* 198.18.0.0/15 */
    struct tcp_segment syn = {.source_port = (uint16_t)(1024 + (random >> 20) % 60000),
                              .destination_port = flood->target.port,
                              .sequence = {(uint32_t)(random >> 32)},
                              .window = 65535,
                              .flags = TCP_SYN,
                              .options = TCP_OPTION_MSS,
                              .mss = MSS};
    uint32_t bytes = tcp_segment_header_bytes(&syn);
    struct ipv4_header ip = {.header_bytes = IPV4_HEADER_BYTES,
                             .total_bytes = (uint16_t)(IPV4_HEADER_BYTES + bytes),
                             .ttl = TTL,
                             .protocol = PROTOCOL_OF_TCP,
                             .source = from,
                             .destination = flood->target.address};
    struct ethernet_header ethernet = {.destination = flood->next_hop, .source = flood->source, .ethertype = ETHERTYPE_OF_IPV4};
    uint8_t pseudo[12], *tcp = out + ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;
    ethernet_build(&ethernet, out);
    ipv4_build(&ip, out + ETHERNET_HEADER_BYTES);
    tcp_segment_build(&syn, tcp);
    memcpy(pseudo, from.b, 4);
    memcpy(pseudo + 4, flood->target.address.b, 4);
    store_u16(pseudo + 8, PROTOCOL_OF_TCP);
    store_u16(pseudo + 10, (uint16_t)bytes);
    store_u16(tcp + TCP_CHECKSUM_OFFSET,
              checksum_finish(checksum_partial(tcp, bytes, checksum_partial(pseudo, sizeof pseudo, 0))));
    return ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + bytes;
}

static int pour(struct flood *flood)
{
    struct net *net = flood->run->net;
    struct packet_options options = {.interface = flood->route.interface, .ethertype = ETHERTYPE_OF_IPV4};
    uint8_t frame[ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES + 60];
    if (net_packet(net, &options, &flood->packet) != 0)
        return fail(flood, "no packet socket can be opened");
    struct instant begin = net_now(net);
    uint64_t sent = 0;
    for (; sent < flood->count; sent++) {
        if (net_sleep(net, instant_add(begin, (int64_t)(sent * (uint64_t)NS_PER_S / flood->rate))) == IMP_CANCELLED ||
            packet_send(flood->packet, flood->route.interface, frame, frame_build(flood, frame)) != 0)
            break;
    }
    (void)packet_close(flood->packet);
    tool_print(flood->run, "%llu SYNs sent\n", (unsigned long long)sent);
    return sent == flood->count ? 0 : 1;
}

static int synflood_run(struct tool_run *run)
{
    struct flood flood = {.run = run, .count = COUNT, .rate = RATE};
    const char *host = NULL;
    if (!run->io->virtual_time)
        return fail(&flood, "it runs only in a lab's scenario, in virtual time");
    int status = arguments_read(&flood, &host);
    if (status)
        return status;
    struct instant deadline = instant_add(net_now(run->net), 10 * NS_PER_S);
    if (dns_resolve(run->net, host, 4, deadline, &flood.target.address, 1) < 1)
        return fail(&flood, "there is no such host");
    status = next_hop_find(&flood);
    return status ? status : pour(&flood);
}

const struct tool SYNFLOOD_TOOL = {
    .name = "synflood", .summary = "SYNs from nowhere, in a lab's scenario only", .run = synflood_run, .lab_only = true};
