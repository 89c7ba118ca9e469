/* Feeds packets to a router's and a host's IPv6 input: headers, extension headers, fragments, forwarding, and whatever the transports make of
 * the rest. The input is a sequence of (flags, length in two bytes, packet); bit 0 of the flags says that checksums are to be
 * taken as good, bit 1 that the frame was a broadcast, bit 2 (of the first) that the node is a router. */
#include <stdint.h>

#include "base/bytes.h"
#include "hosts.h"
#include "internet/ipv6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_formats(const uint8_t *packet, size_t length)
{
    struct ipv6_header header, back;
    struct reader reader = reader_of(packet, length);
    if (ipv6_header_parse(&reader, &header) != 0)
        return;
    uint8_t bytes[IPV6_HEADER_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ipv6_header_build(&writer, &header);
    assert(memcmp(bytes, packet, sizeof bytes) == 0);
    reader = reader_of(bytes, sizeof bytes);
    assert(ipv6_header_parse(&reader, &back) == 0);
    char text[IPV6_TEXT_BYTES];
    (void)ipv6_header_print(&back, text, sizeof text);
    struct ipv6_walk walk = ipv6_walk_start(&header);
    while (ipv6_walk_on(&walk, packet, length) == IPV6_FRAGMENT)
        assert(walk.offset_bytes <= length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096 || size == 0)
        return 0;
    struct hosts hosts = hosts_create(data[0] & 4);
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 3) {
        uint8_t flags = reader_u8(&reader);
        size_t length = reader_u16(&reader) & 0x7ff;
        if (length > reader_left(&reader))
            length = reader_left(&reader);
        const uint8_t *packet = reader_take(&reader, length);
        check_formats(packet, length);
        struct frame *frame = frame_create(hosts.engine, FRAME_HEADROOM, (uint32_t)length);
        memcpy(frame_append(frame, (uint32_t)length), packet, length);
        frame->flags = (uint16_t)((flags & 1 ? FRAME_SUMS_GOOD : 0) | (flags & 2 ? FRAME_BROADCAST : 0));
        ipv6_input(stack_ip_interface(hosts.target, 2), frame, (struct mac){{2, 0, 0, 0, 0, 2}}, engine_now(hosts.engine));
        engine_run(hosts.engine, instant_add(engine_now(hosts.engine), 100 * NS_PER_MS));
    }
    hosts_destroy(&hosts);
    return 0;
}
