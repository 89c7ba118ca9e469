/* Feeds one message to ICMPv6 and neighbour discovery: first to the parsers, whose result is built and parsed again and must be the
 * same; then, with a good checksum and hop limit 255, to a host or a router. The first byte chooses the node and the addresses. */
#include <stdint.h>

#include "hosts.h"
#include "internet/icmpv6.h"
#include "internet/ipv6.h"
#include "internet/ndp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_formats(const uint8_t *message, size_t length)
{
    struct ndp_message parsed, back;
    if (ndp_parse(message, length, &parsed) == 0) {
        uint8_t bytes[NDP_BUILD_BYTES + 16];
        struct writer writer = writer_of(bytes, sizeof bytes);
        if (parsed.dns_count == 0)
            parsed.dns_lifetime_s = 0; /* an option without servers is not built */
        ndp_build(&writer, &parsed);
        assert(!writer.failed && ndp_parse(bytes, writer.at, &back) == 0);
        assert(memcmp(&parsed, &back, sizeof back) == 0);
        char text[NDP_TEXT_BYTES];
        (void)ndp_print(&parsed, text, sizeof text);
    }
    struct icmpv6_quote quote;
    if (icmpv6_quote_parse(message, length, &quote) == 0 && quote.has_transport)
        assert(quote.transport.length >= 8 && quote.transport.data + quote.transport.length == message + length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 1400)
        return 0;
    check_formats(data + 1, size - 1);
    uint32_t length = (uint32_t)size - 1;
    struct hosts hosts = hosts_create(data[0] & 4);
    static const struct ip SOURCES[] = {
        {6, {0xfe, 0x80, [15] = 9}}, {6, {0}}, {6, {0x20, 1, 0xd, 0xb8, [15] = 2}}, {6, {0xfe, 0x80, [15] = 2}}};
    struct ipv6_header header = {
        .payload_bytes = (uint16_t)length, .next_header = PROTOCOL_ICMPV6, .hop_limit = 255, .source = SOURCES[data[0] & 3]};
    static const struct ip TARGET = {6, {0x20, 1, 0xd, 0xb8, [15] = 1}};
    header.destination = data[0] & 8 ? NDP_ALL_NODES : data[0] & 16 ? ip6_solicited_node(&TARGET) : TARGET;
    for (unsigned times = 0; times < 2; times++) { /* the second time it changes what the first has left */
        struct frame *frame = frame_create(hosts.engine, FRAME_HEADROOM, IPV6_HEADER_BYTES + length);
        struct writer writer = writer_of(frame_append(frame, IPV6_HEADER_BYTES + length), IPV6_HEADER_BYTES + length);
        ipv6_header_build(&writer, &header);
        writer_bytes(&writer, data + 1, length);
        frame->flags = (uint16_t)(FRAME_SUMS_GOOD | (ip_is_multicast(&header.destination) ? FRAME_BROADCAST : 0));
        ipv6_input(stack_ip_interface(hosts.target, 2), frame, (struct mac){{2, 0, 0, 0, 0, 2}}, engine_now(hosts.engine));
        engine_run(hosts.engine, instant_add(engine_now(hosts.engine), 2 * NS_PER_S));
    }
    hosts_destroy(&hosts);
    return 0;
}
