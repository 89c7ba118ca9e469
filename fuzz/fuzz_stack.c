/* Feeds whole Ethernet frames to a router with TCP, UDP, IPv6 and a listener on each: the way of every byte that a real network can send
 * it. The input is a sequence of (flags, length in two bytes, frame); bit 0 of the flags says that checksums are to be taken as good, bit
 * 1 puts the router's MAC into the frame, bits 2 and 3 how much time passes. */
#include <assert.h>
#include <stdint.h>

#include "hosts.h"
#include "transport/tcp/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void changed_udp(struct udp_socket *socket, void *owner)
{
    (void)owner;
    assert(udp_socket_queued(socket) < 1 << 24);
}
static void changed_tcp(struct tcp_socket *socket, void *owner) { (void)socket, (void)owner; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    struct hosts hosts = hosts_create(true);
    struct tcp *tcp = tcp_create(hosts.target);
    struct tcp_socket *listener;
    struct udp_socket *socket;
    const struct tcp_settings listen = {.local = {.port = 80}, .changed = changed_tcp};
    const struct udp_socket_settings open = {.local = {.port = 53}, .changed = changed_udp};
    int error = tcp_listen(tcp, &listen, &listener);
    assert(error == 0);
    error = udp_open(udp_of(hosts.target), &open, &socket);
    assert(error == 0);
    static const int64_t pauses_ns[] = {0, NS_PER_MS, NS_PER_S, 31 * NS_PER_S};
    struct port *port = port_find(stack_node(hosts.target), "eth0");
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 3) {
        uint8_t flags = reader_u8(&reader);
        size_t length = reader_u16(&reader) & 0x7ff;
        length = length < reader_left(&reader) ? length : reader_left(&reader);
        struct frame *frame = frame_create(hosts.engine, FRAME_HEADROOM, (uint32_t)length);
        memcpy(frame_append(frame, (uint32_t)length), reader_take(&reader, length), length);
        if ((flags & 2) && length >= ETHERNET_HEADER_BYTES)
            memcpy(frame->data, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
        frame->flags = flags & 1 ? FRAME_SUMS_GOOD : 0;
        port->receive(port, frame, engine_now(hosts.engine));
        engine_run(hosts.engine, instant_add(engine_now(hosts.engine), pauses_ns[flags >> 2 & 3]));
    }
    udp_socket_close(socket);
    tcp_close(listener);
    engine_run(hosts.engine, instant_add(engine_now(hosts.engine), 1000 * NS_PER_S));
    tcp_destroy(tcp);
    hosts_destroy(&hosts);
    return 0;
}
