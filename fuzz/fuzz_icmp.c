/* Feeds ICMP messages to a host that has just sent a packet, so that errors may quote it: echoes, unreachables of all codes, path MTUs. The
 * input is a sequence of (flags, length in two bytes, message). Bit 0 of the flags puts the head of the packet that was sent behind the
 * message's first eight bytes, so that the quote is true; bit 1 makes it a broadcast. */
#include <assert.h>
#include <stdint.h>

#include "hosts.h"
#include "internet/config.h"
#include "internet/icmp.h"
#include "internet/ipv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t OWN = 0xc0000201, PEER = 0xc0000202;

static void check_format(const uint8_t *message, size_t length)
{
    struct icmp_header header, back;
    if (icmp_parse(message, length, &header) != 0)
        return;
    uint8_t bytes[ICMP_HEADER_BYTES];
    icmp_build(&header, bytes);
    assert(icmp_parse(bytes, sizeof bytes, &back) == 0 && back.parameter == header.parameter && back.type == header.type);
    char text[120];
    assert(strlen(icmp_print(&header, length, text, sizeof text)) < sizeof text - 1);
}

static struct frame *message_frame(struct hosts *hosts, uint8_t flags, const uint8_t *message, size_t length)
{
    struct frame *frame = frame_create(hosts->engine, FRAME_HEADROOM, 4096);
    struct ipv4_header header = {
        .header_bytes = IPV4_HEADER_BYTES, .ttl = 64, .protocol = PROTOCOL_ICMP, .source = ip4(PEER), .destination = ip4(OWN)};
    struct ipv4_header quoted = {.header_bytes = IPV4_HEADER_BYTES,
                                 .total_bytes = 100,
                                 .ttl = 64,
                                 .source = ip4(OWN),
                                 .destination = ip4(PEER),
                                 .protocol = length ? message[0] % 2 ? PROTOCOL_UDP : PROTOCOL_TCP : 0};
    size_t head = length < ICMP_HEADER_BYTES ? length : (size_t)ICMP_HEADER_BYTES, quote = flags & 1 ? IPV4_HEADER_BYTES : 0;
    header.total_bytes = (uint16_t)(IPV4_HEADER_BYTES + quote + length);
    ipv4_build(&header, frame_append(frame, IPV4_HEADER_BYTES));
    memcpy(frame_append(frame, (uint32_t)head), message, head);
    if (quote)
        ipv4_build(&quoted, frame_append(frame, IPV4_HEADER_BYTES));
    memcpy(frame_append(frame, (uint32_t)(length - head)), message + head, length - head);
    frame->flags = (uint16_t)(FRAME_SUMS_GOOD | (flags & 2 ? FRAME_BROADCAST : 0));
    return frame;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    struct hosts hosts = hosts_create(false);
    struct interface *interface = stack_interface_find(hosts.target, 2);
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 3) {
        uint8_t flags = reader_u8(&reader);
        size_t length = reader_u16(&reader) & 0x7ff;
        length = length < reader_left(&reader) ? length : reader_left(&reader);
        const uint8_t *message = reader_take(&reader, length);
        check_format(message, length);
        interface->receive(interface, message_frame(&hosts, flags, message, length), ETHERTYPE_IPV4,
                           (struct mac){{2, 0, 0, 0, 0, 2}}, engine_now(hosts.engine));
        engine_run(hosts.engine, instant_add(engine_now(hosts.engine), NS_PER_S));
    }
    struct ip peer = ip4(PEER);
    struct path path;
    assert(stack_path(hosts.target, &peer, 0, &path) == 0 &&
           path.mtu >= IPV4_MINIMUM_MTU); /* believed down to the floor only */
    hosts_destroy(&hosts);
    return 0;
}
