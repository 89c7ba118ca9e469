/* The switch, the hub and the card between them: who learns what, who hears what, what is forgotten. Stations are bare interfaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"
#include "engine/wire.h"
#include "link/ethernet.h"
#include "link/hub.h"
#include "link/interface.h"
#include "link/switch.h"

enum { STATIONS = 4 };

struct station {
    struct interface *interface;
    unsigned heard;
    uint32_t last_length;
    struct mac last_source;
};
struct lan {
    struct engine *engine;
    struct node *middle;
    struct station stations[STATIONS];
    struct wire *wires[STATIONS];
    struct observer observer;
    unsigned learned, moved, aged, flooded;
};

static void station_receive(struct interface *interface, struct frame *packet, uint16_t ethertype, struct mac source,
                            struct instant now)
{
    (void)ethertype, (void)now;
    struct station *station = interface->layer3;
    station->heard++;
    station->last_length = frame_total(packet);
    station->last_source = source;
    frame_release(packet);
}

static void lan_event(struct observer *observer, const struct event *event)
{
    struct lan *lan = container_of(observer, struct lan, observer);
    lan->learned += strcmp(event->type->name, "switch-learned") == 0;
    lan->moved += strcmp(event->type->name, "switch-moved") == 0;
    lan->aged += strcmp(event->type->name, "switch-aged") == 0;
    lan->flooded += strcmp(event->type->name, "switch-flooded") == 0;
}

static struct lan *lan_make(bool hub, const struct switch_settings *settings)
{
    static struct lan lan;
    lan = (struct lan){.engine = engine_create(1), .observer = {.event = lan_event}};
    observer_add(lan.engine, &lan.observer);
    lan.middle = node_create(lan.engine, "middle");
    const struct wire_settings wire = {.rate_bps = 1000000000, .delay_ns = 1000};
    char name[32];
    for (unsigned i = 0; i < STATIONS; i++) {
        snprintf(name, sizeof name, "p%u", i);
        port_create(lan.middle, name);
    }
    if (hub)
        hub_create(lan.middle);
    else
        switch_create(lan.middle, settings);
    for (unsigned i = 0; i < STATIONS; i++) {
        snprintf(name, sizeof name, "h%u", i);
        struct port *port = port_create(node_create(lan.engine, name), "eth0");
        struct interface *interface = interface_create_nic(port, MAC_NONE, ETHERNET_MTU, 1);
        interface->up = true;
        interface->receive = station_receive;
        interface->layer3 = &lan.stations[i];
        lan.stations[i].interface = interface;
        snprintf(name, sizeof name, "p%u", i);
        struct port *far = port_find(lan.middle, name);
        snprintf(name, sizeof name, "w%u", i);
        lan.wires[i] = wire_create(far, port, name, &wire, &wire);
    }
    return &lan;
}

static void say(struct lan *lan, unsigned from, struct mac to, uint32_t bytes)
{
    struct interface *interface = lan->stations[from].interface;
    struct frame *frame = frame_create(lan->engine, FRAME_HEADROOM, bytes + 1);
    memset(frame_append(frame, bytes), 0x55, bytes);
    interface->transmit(interface, frame, 0x88b5, &to, engine_now(lan->engine));
    engine_run(lan->engine, instant_add(engine_now(lan->engine), NS_PER_MS));
}

static struct mac mac_of_station(const struct lan *lan, unsigned i) { return lan->stations[i].interface->mac; }

static void assert_heard(const struct lan *lan, unsigned a, unsigned b, unsigned c, unsigned d)
{
    assert_int_equal(lan->stations[0].heard, a);
    assert_int_equal(lan->stations[1].heard, b);
    assert_int_equal(lan->stations[2].heard, c);
    assert_int_equal(lan->stations[3].heard, d);
}

static void lan_end(struct lan *lan)
{
    engine_run(lan->engine, instant_add(engine_now(lan->engine), 700 * NS_PER_S));
    for (unsigned i = 0; i < STATIONS; i++)
        interface_destroy(lan->stations[i].interface);
    assert_int_equal(engine_counts(lan->engine).frames_alive, 0);
    engine_destroy(lan->engine);
}

static void it_learns(void **state)
{
    (void)state;
    struct lan *lan = lan_make(false, NULL);
    struct switch_device *device = switch_of(lan->middle);
    assert_non_null(device);
    say(lan, 0, mac_of_station(lan, 1), 100); /* unknown: to all, and only the one it is for takes it */
    assert_heard(lan, 0, 1, 0, 0);
    assert_int_equal(lan->stations[2].interface->node->drops[DROP_ETHERNET_NOT_FOR_US], 1);
    assert_int_equal(lan->flooded, 1);
    say(lan, 1, mac_of_station(lan, 0), 100); /* known by now: one port */
    say(lan, 0, mac_of_station(lan, 1), 100);
    assert_heard(lan, 1, 2, 0, 0);
    assert_int_equal(lan->stations[2].interface->node->drops[DROP_ETHERNET_NOT_FOR_US], 1);
    struct switch_counts counts = switch_counts(device);
    assert_int_equal(counts.learned, 2);
    assert_int_equal(counts.flooded, 1);
    assert_int_equal(counts.forwarded, 2);
    assert_int_equal(lan->learned, 2);
    struct switch_station station;
    size_t at = 0;
    assert_int_equal(switch_station_next(device, &at, &station), 0);
    assert_true(mac_equal(station.mac, mac_of_station(lan, 1))); /* longest unheard first */
    assert_string_equal(station.port->name, "p1");
    assert_int_equal(switch_station_next(device, &at, &station), 0);
    assert_int_equal(switch_station_next(device, &at, &station), IMP_NOT_FOUND);
    lan_end(lan);
}

static void broadcasts_reach_all(void **state)
{
    (void)state;
    struct lan *lan = lan_make(false, NULL);
    say(lan, 2, MAC_BROADCAST, 10);
    assert_heard(lan, 1, 1, 0, 1);
    assert_int_equal(lan->stations[0].last_length, 46); /* padded to 60 with the header */
    assert_true(mac_equal(lan->stations[0].last_source, mac_of_station(lan, 2)));
    struct mac group = {{1, 0, 0x5e, 0, 0, 9}};
    say(lan, 2, group, 10);
    assert_heard(lan, 1, 1, 0, 1);
    interface_join(lan->stations[3].interface, group);
    interface_join(lan->stations[3].interface, group);
    interface_leave(lan->stations[3].interface, group);
    say(lan, 2, group, 10);
    assert_heard(lan, 1, 1, 0, 2);
    interface_leave(lan->stations[3].interface, group);
    say(lan, 2, group, 10);
    assert_heard(lan, 1, 1, 0, 2);
    say(lan, 2, (struct mac){{0x01, 0x80, 0xc2, 0, 0, 0x0e}}, 10); /* stays on the link: 802.1D 7.12.6 */
    assert_int_equal(lan->middle->drops[DROP_SWITCH_RESERVED_GROUP], 1);
    lan_end(lan);
}

static void it_forgets(void **state)
{
    (void)state;
    struct lan *lan = lan_make(false, NULL);
    say(lan, 0, MAC_BROADCAST, 10);
    engine_run(lan->engine, (struct instant){200 * NS_PER_S});
    say(lan, 0, MAC_BROADCAST, 10);
    say(lan, 1, MAC_BROADCAST, 10);
    engine_run(lan->engine, (struct instant){499 * NS_PER_S});
    assert_int_equal(lan->aged, 0);
    engine_run(lan->engine, (struct instant){501 * NS_PER_S});
    assert_int_equal(lan->aged, 2);
    say(lan, 2, mac_of_station(lan, 0), 10);
    assert_int_equal(lan->flooded, 4);
    wire_set_up(lan->wires[2], false); /* whoever was behind that port is not known to be there any more */
    assert_int_equal(lan->aged, 3);
    lan_end(lan);
}

static void it_follows_who_moves(void **state)
{
    (void)state;
    struct lan *lan = lan_make(false, NULL);
    say(lan, 0, MAC_BROADCAST, 10);
    lan->stations[3].interface->mac = mac_of_station(lan, 0);
    say(lan, 3, MAC_BROADCAST, 10);
    assert_int_equal(lan->moved, 1);
    say(lan, 1, mac_of_station(lan, 0), 10);
    assert_heard(lan, 1, 2, 2, 2);
    lan->stations[1].interface->mac = mac_of_station(lan, 0);
    say(lan, 1, mac_of_station(lan, 0), 10); /* to itself: filtered */
    assert_int_equal(lan->middle->drops[DROP_SWITCH_SAME_PORT], 1);
    lan_end(lan);
}

static void its_table_has_a_limit(void **state)
{
    (void)state;
    struct lan *lan = lan_make(false, &(struct switch_settings){.table_limit = 100, .ageing_ns = NS_PER_S});
    for (unsigned i = 0; i < 150; i++) {
        lan->stations[0].interface->mac.b[5] = (uint8_t)i;
        say(lan, 0, MAC_BROADCAST, 10);
    }
    struct switch_counts counts = switch_counts(switch_of(lan->middle));
    assert_int_equal(counts.learned, 100);
    assert_int_equal(counts.table_full, 50);
    engine_run(lan->engine, instant_add(engine_now(lan->engine), 2 * NS_PER_S));
    assert_int_equal(switch_counts(switch_of(lan->middle)).aged, 100);
    lan_end(lan);
}

static void a_hub_repeats_everything(void **state)
{
    (void)state;
    struct lan *lan = lan_make(true, NULL);
    assert_null(switch_of(lan->middle));
    for (unsigned i = 0; i < 3; i++)
        say(lan, 0, mac_of_station(lan, 1), 100);
    assert_heard(lan, 0, 3, 0, 0);
    assert_int_equal(lan->stations[3].interface->node->drops[DROP_ETHERNET_NOT_FOR_US], 3);
    lan_end(lan);
}

struct spy {
    struct interface_tap tap;
    unsigned in, out;
    uint32_t last_length;
};
static void spy_frame(struct interface_tap *tap, struct interface *interface, const struct frame *frame, bool outgoing,
                      struct instant now)
{
    (void)interface, (void)now;
    struct spy *spy = container_of(tap, struct spy, tap);
    outgoing ? spy->out++ : spy->in++;
    spy->last_length = frame_total(frame);
}

static void taps_see_frames(void **state)
{
    (void)state;
    struct lan *lan = lan_make(true, NULL);
    struct spy nosy = {.tap = {.promiscuous = true, .frame = spy_frame}}, modest = {.tap = {.frame = spy_frame}};
    struct interface *third = lan->stations[2].interface;
    list_push_back(&third->taps, &nosy.tap.link);
    list_push_back(&third->taps, &modest.tap.link);
    say(lan, 0, mac_of_station(lan, 1), 100);
    say(lan, 0, mac_of_station(lan, 2), 100);
    say(lan, 2, mac_of_station(lan, 0), 10);
    assert_int_equal(nosy.in, 2);
    assert_int_equal(modest.in, 1);
    assert_int_equal(nosy.out, 1);
    assert_int_equal(modest.out, 1);
    assert_int_equal(modest.last_length, ETHERNET_MINIMUM_BYTES);
    lan_end(lan);
}

static void the_card_refuses(void **state)
{
    (void)state;
    struct lan *lan = lan_make(true, NULL);
    say(lan, 0, mac_of_station(lan, 1), ETHERNET_MTU);
    assert_heard(lan, 0, 1, 0, 0);
    say(lan, 0, mac_of_station(lan, 1), ETHERNET_MTU + 1);
    assert_int_equal(lan->stations[0].interface->node->drops[DROP_IP_TOO_BIG], 1);
    interface_set_up(lan->stations[0].interface, false);
    say(lan, 0, mac_of_station(lan, 1), 10);
    assert_int_equal(lan->stations[0].interface->send_drops, 2);
    say(lan, 1, MAC_BROADCAST, 10);
    assert_int_equal(lan->stations[0].interface->node->drops[DROP_INTERFACE_DOWN], 2);
    assert_heard(lan, 0, 1, 1, 1);
    struct frame *stub = frame_create(lan->engine, FRAME_HEADROOM, 4);
    memset(frame_append(stub, 4), 0, 4);
    port_transmit(lan->stations[2].interface->port, stub, engine_now(lan->engine));
    engine_run(lan->engine, instant_add(engine_now(lan->engine), NS_PER_MS));
    assert_int_equal(lan->stations[3].interface->node->drops[DROP_ETHERNET_MALFORMED], 1);
    lan_end(lan);
}

static void names_make_macs(void **state)
{
    (void)state;
    struct lan *lan = lan_make(true, NULL);
    for (unsigned i = 0; i < STATIONS; i++) {
        assert_int_equal(mac_of_station(lan, i).b[0], 2);
        for (unsigned j = 0; j < i; j++)
            assert_false(mac_equal(mac_of_station(lan, i), mac_of_station(lan, j)));
    }
    struct mac first = mac_of_station(lan, 0);
    lan_end(lan);
    lan = lan_make(true, NULL);
    assert_true(mac_equal(first, mac_of_station(lan, 0)));
    lan_end(lan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(broadcasts_reach_all),
        cmocka_unit_test(it_forgets),
        cmocka_unit_test(it_follows_who_moves),
        cmocka_unit_test(its_table_has_a_limit),
        cmocka_unit_test(a_hub_repeats_everything),
        cmocka_unit_test(taps_see_frames),
        cmocka_unit_test(the_card_refuses),
        cmocka_unit_test(names_make_macs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
