/* Feeds one datagram to UDP, over IPv4 or IPv6 as the first byte says, to a group or not, with its checksum looked at or not; what
 * arrives is read. Then the same bytes as the quote of an ICMP error. */
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_format(const uint8_t *datagram, size_t length)
{
    struct udp_header header;
    struct reader reader = reader_of(datagram, length);
    if (udp_header_parse(&reader, &header) != 0)
        return;
    uint8_t bytes[UDP_HEADER_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    udp_header_build(&writer, &header);
    assert(memcmp(bytes, datagram, sizeof bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 2000)
        return 0;
    uint32_t length = (uint32_t)size - 1;
    check_format(data + 1, length);
    struct hosts hosts = hosts_create(false);
    bool four = data[0] & 1, group = data[0] & 2;
    struct ip group4 = ip4(0xffffffff), group6 = {6, {0xff, 2, [15] = 1}};
    struct packet_info info = {.protocol = PROTOCOL_UDP, .ttl = 9, .interface = 2};
    info.source = four ? ip4(0xc0000202) : (struct ip){6, {0x20, 1, 0xd, 0xb8, [15] = 2}};
    info.destination = four ? ip4(0xc0000201) : (struct ip){6, {0x20, 1, 0xd, 0xb8, [15] = 1}};
    struct udp_socket *sockets[3];
    const struct udp_socket_settings settings[3] = {{.local.port = 53, .reuse = true},
                                                    {.local.port = 53, .reuse = true},
                                                    {.local.port = 68, .remote = {info.source, 67, 0}}};
    for (unsigned i = 0; i < count_of(sockets); i++) {
        int error = udp_open(udp_of(hosts.target), &settings[i], &sockets[i]);
        assert(error == 0);
    }
    struct packet_info arrives = info;
    if (group)
        arrives.destination = four ? group4 : group6;
    uint32_t header = four ? 20 : 40;
    struct frame *frame = frame_create(hosts.engine, FRAME_HEADROOM, length);
    memcpy(frame_append(frame, length), data + 1, length);
    memset(frame_push(frame, header), 0, header); /* room for the IP header, which an ICMP error would quote */
    frame->network = frame_mark(frame);
    frame_pull(frame, header);
    frame->flags = (uint16_t)((data[0] & 4 ? FRAME_SUMS_GOOD : 0) | (group ? FRAME_BROADCAST : 0));
    stack_deliver(hosts.target, &arrives, frame);
    struct packet_info ours = {
        .source = info.destination, .destination = info.source, .protocol = PROTOCOL_UDP, .interface = 2};
    const struct stack_error error = {.error = IMP_REFUSED, .hard = true, .reporter = info.source};
    stack_deliver_error(hosts.target, &ours, (struct bytes){data + 1, length}, &error);
    for (unsigned i = 0; i < count_of(sockets); i++) {
        uint8_t out[100];
        ssize_t got;
        while ((got = udp_socket_receive(sockets[i], out, sizeof out, NULL, NULL)) != IMP_BUSY)
            assert(got <= (ssize_t)length);
        assert(udp_socket_queued(sockets[i]) == 0);
        udp_socket_close(sockets[i]);
    }
    hosts_destroy(&hosts);
    return 0;
}
