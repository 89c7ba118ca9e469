/* Feeds Ethernet headers to the parser, and what it takes back to the builder; then frames to a card and to a switch that learns. The input is a
 * sequence of (station, length in two bytes, frame). */
#include <assert.h>
#include <stdint.h>

#include "base/bytes.h"
#include "engine/wire.h"
#include "link/ethernet.h"
#include "link/interface.h"
#include "link/switch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STATIONS = 3 };

static void take(struct interface *interface, struct frame *packet, uint16_t ethertype, struct mac source, struct instant now)
{
    (void)interface, (void)ethertype, (void)source, (void)now;
    assert(frame_total(packet) <= FRAME_MAXIMUM);
    frame_release(packet);
}

static void check_format(const uint8_t *frame, size_t length)
{
    struct ethernet_header header;
    if (ethernet_parse(frame, length, &header) != 0) {
        assert(length < ETHERNET_HEADER_BYTES);
        return;
    }
    uint8_t bytes[ETHERNET_HEADER_BYTES];
    ethernet_build(&header, bytes);
    assert(memcmp(bytes, frame, sizeof bytes) == 0);
    char text[80];
    assert(strlen(ethernet_print(&header, text, sizeof text)) < sizeof text - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[STATIONS] = {"a", "b", "c"};
    struct engine *engine = engine_create(1);
    struct node *middle = node_create(engine, "switch");
    struct switch_device *device = switch_create(middle, &(struct switch_settings){.table_limit = 16, .ageing_ns = NS_PER_S});
    struct interface *stations[STATIONS];
    const struct wire_settings settings = {.delay_ns = 1000};
    for (unsigned i = 0; i < STATIONS; i++) {
        struct port *port = port_create(node_create(engine, names[i]), "eth0"), *far = port_create(middle, names[i]);
        switch_port_add(device, far);
        stations[i] = interface_create_nic(port, MAC_NONE, ETHERNET_MTU, 1);
        stations[i]->up = true;
        stations[i]->receive = take;
        wire_create(port, far, names[i], &settings, &settings);
    }
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 3) {
        uint8_t station = reader_u8(&reader);
        size_t length = reader_u16(&reader) & 0x7ff;
        length = length < reader_left(&reader) ? length : reader_left(&reader);
        const uint8_t *bytes = reader_take(&reader, length);
        check_format(bytes, length);
        struct frame *frame = frame_create(engine, FRAME_HEADROOM, (uint32_t)length);
        memcpy(frame_append(frame, (uint32_t)length), bytes, length);
        interface_send_raw(stations[station % STATIONS], frame, engine_now(engine));
        engine_run(engine, instant_add(engine_now(engine), (station & 4 ? 400 : 1) * NS_PER_MS));
    }
    engine_run(engine, instant_add(engine_now(engine), 2 * NS_PER_S));
    size_t at = 0;
    struct switch_station left;
    assert(switch_station_next(device, &at, &left) != 0); /* all aged */
    for (unsigned i = 0; i < STATIONS; i++)
        interface_destroy(stations[i]);
    assert(engine_counts(engine).frames_alive == 0);
    engine_destroy(engine);
    return 0;
}
