/* Feeds ARP packets to the parser, and what it takes back to the builder; then to a host with an address, neighbours that it is asking for, and
 * a permanent one. The input is a sequence of 28-byte packets, each behind a byte that says how much time passes. */
#include <assert.h>
#include <stdint.h>

#include "hosts.h"
#include "internet/config.h"
#include "link/arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_format(const uint8_t *packet, size_t length)
{
    struct arp_packet parsed;
    if (arp_parse(packet, length, &parsed) != 0)
        return;
    uint8_t bytes[ARP_BYTES];
    arp_build(&parsed, bytes);
    assert(memcmp(bytes, packet, sizeof bytes) == 0);
    char text[160];
    assert(strlen(arp_print(&parsed, text, sizeof text)) < sizeof text - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    struct hosts hosts = hosts_create(false);
    struct interface *interface = stack_interface_find(hosts.target, 2);
    struct ip fixed = ip4(0xc0000209), asked = ip4(0xc0000202);
    (void)stack_neighbour_set(hosts.target, 2, &fixed, (struct mac){{2, 9, 9, 9, 9, 9}});
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 1) {
        uint8_t pause = reader_u8(&reader);
        size_t length = reader_left(&reader) < ARP_BYTES ? reader_left(&reader) : (size_t)ARP_BYTES;
        const uint8_t *packet = reader_take(&reader, length);
        check_format(packet, length);
        struct frame *question = frame_create(hosts.engine, FRAME_HEADROOM, 64);
        memset(frame_append(question, 64), 0, 64);
        (void)stack_send(hosts.target, &(struct packet_info){.destination = asked, .protocol = 253}, question);
        struct frame *frame = frame_create(hosts.engine, FRAME_HEADROOM, ARP_BYTES);
        memcpy(frame_append(frame, (uint32_t)length), packet, length);
        interface->receive(interface, frame, ETHERTYPE_ARP, (struct mac){{2, 0, 0, 0, 0, 2}}, engine_now(hosts.engine));
        engine_run(hosts.engine, instant_add(engine_now(hosts.engine), pause * NS_PER_S / 4));
    }
    struct neighbour_info info;
    for (size_t at = 0; stack_neighbour_info(hosts.target, &at, &info) == 0;)
        assert(!ip_equal(&info.address, &fixed) || (info.state == NEIGHBOUR_PERMANENT && info.mac.b[1] == 9));
    hosts_destroy(&hosts);
    return 0;
}
