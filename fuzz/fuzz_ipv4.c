/* Feeds packets to a router's and a host's IPv4 input: headers, options, fragments, forwarding, and whatever the transports make of the rest. The
 * input is a sequence of (flags, length in two bytes, packet); bit 0 of the flags says that checksums are to be taken as good, bit 1 that
 * the frame was a broadcast, bit 2 (of the first) that the node is a router, bits 3 and 4 how much time passes. */
#include <assert.h>
#include <stdint.h>

#include "hosts.h"
#include "internet/config.h"
#include "internet/ipv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_format(const uint8_t *packet, size_t length)
{
    struct ipv4_header header, back;
    if (ipv4_parse(packet, length, &header) != 0)
        return;
    assert(header.header_bytes <= length && header.total_bytes >= header.header_bytes);
    uint8_t bytes[IPV4_HEADER_MAXIMUM], at = 0;
    ipv4_build(&header, bytes);
    assert(ipv4_checksum_good(bytes, header.header_bytes));
    assert(ipv4_parse(bytes, header.header_bytes, &back) == 0);
    assert(back.offset_bytes == header.offset_bytes && back.more_fragments == header.more_fragments && back.ttl == header.ttl);
    if (!ipv4_options_sound(&header, &at))
        assert(at >= IPV4_HEADER_BYTES && at <= header.header_bytes);
    char text[200];
    assert(strlen(ipv4_print(&header, text, sizeof text)) < sizeof text - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096 || size == 0)
        return 0;
    struct hosts hosts = hosts_create(data[0] & 4);
    struct interface *interface = stack_interface_find(hosts.target, 2);
    (void)stack_interface_set_mtu(hosts.target, 2, 600);
    const struct route_info far = {.destination = {ip4(0), 0}, .gateway = ip4(0xc0000202)};
    (void)stack_route_add(hosts.target, &far);
    struct ip gateway = ip4(0xc0000202);
    (void)stack_neighbour_set(hosts.target, 2, &gateway, (struct mac){{2, 0, 0, 0, 0, 2}});
    static const int64_t pauses_ns[] = {0, NS_PER_MS, NS_PER_S, 31 * NS_PER_S};
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 3) {
        uint8_t flags = reader_u8(&reader);
        size_t length = reader_u16(&reader) & 0x7ff;
        length = length < reader_left(&reader) ? length : reader_left(&reader);
        const uint8_t *packet = reader_take(&reader, length);
        check_format(packet, length);
        struct frame *frame = frame_create(hosts.engine, FRAME_HEADROOM, (uint32_t)length);
        memcpy(frame_append(frame, (uint32_t)length), packet, length);
        frame->flags = (uint16_t)((flags & 1 ? FRAME_SUMS_GOOD : 0) | (flags & 2 ? FRAME_BROADCAST : 0));
        interface->receive(interface, frame, ETHERTYPE_IPV4, (struct mac){{2, 0, 0, 0, 0, 2}}, engine_now(hosts.engine));
        engine_run(hosts.engine, instant_add(engine_now(hosts.engine), pauses_ns[flags >> 3 & 3]));
    }
    hosts_destroy(&hosts);
    return 0;
}
