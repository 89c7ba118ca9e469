/* A learning switch: the transparent bridge of IEEE 802.1D section 7, without the spanning tree.
 *
 * For every frame: the source's MAC is noted with the port it came from; then the destination decides. A station in the table is
 * sent to on its port alone; a group address or an unknown station goes to every other port that has carrier ("flooding"), each
 * holding a reference to the same frame: nothing is copied here. A station on the port where the frame came from needs no help: the frame is
 * filtered. The groups 01:80:c2:00:00:00 to 0f belong to the link itself (802.1D 7.12.6) and are never forwarded.
 *
 * The table is open-addressed by MAC (linear probing, doubled when half full, deletion by closing the gap). Its entries are also in a list by
 * last hearing, oldest first, so ageing looks only at the list's head: one timer, set to when the head would be too old. A frame from a
 * known station moves its entry to the tail and leaves the timer alone; when the timer fires too early, it is set anew.
 *
 * A port that loses its carrier takes its stations with it at once, since whoever is plugged in next is somebody else.
 *
 * Left out: spanning tree (it gets its own room), VLANs, and multicast snooping. */
#include "link/switch.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/list.h"
#include "base/memory.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "link/ethernet.h"

static const struct event_type SWITCH_LEARNED = {.name = "switch-learned",
                                                 .protocol = "Ethernet",
                                                 .story = "learns: {mac} is behind port {port}",
                                                 .level = EVENT_DETAIL,
                                                 .fields = {{"mac", FIELD_MAC}, {"port", FIELD_TEXT}}};
static const struct event_type SWITCH_MOVED = {.name = "switch-moved",
                                               .protocol = "Ethernet",
                                               .story = "learns: {mac} has moved from port {old} to port {port}",
                                               .fields = {{"mac", FIELD_MAC}, {"old", FIELD_TEXT}, {"port", FIELD_TEXT}}};
static const struct event_type SWITCH_AGED = {.name = "switch-aged",
                                              .protocol = "Ethernet",
                                              .story = "forgets {mac} on port {port}: {why}",
                                              .level = EVENT_DETAIL,
                                              .fields = {{"mac", FIELD_MAC}, {"port", FIELD_TEXT}, {"why", FIELD_TEXT}}};
static const struct event_type SWITCH_FLOODED = {.name = "switch-flooded",
                                                 .protocol = "Ethernet",
                                                 .story = "{why} {mac}: sends the frame from port {port} to all others",
                                                 .level = EVENT_DETAIL,
                                                 .fields = {{"mac", FIELD_MAC}, {"port", FIELD_TEXT}, {"why", FIELD_TEXT}}};

#define SWITCH_AGEING_NS (300 * NS_PER_S) /* 802.1D table 7-5 */
enum { SWITCH_TABLE_LIMIT = 8192, SLOTS_FIRST = 16 };

struct station {
    struct list link; /* by last hearing, oldest first */
    uint64_t key;     /* the MAC as a number */
    struct port *port;
    struct instant heard;
};
struct switch_device {
    struct node *node;
    struct switch_settings settings;
    struct station **slots;
    uint32_t slot_count, station_count;
    struct list stations;
    struct timer ageing;
    struct switch_counts counts;
};

/* ---- the table ---- */

static uint64_t key_of(const uint8_t mac[6]) { return (uint64_t)load_u16(mac) << 32 | load_u32(mac + 2); }

static struct mac mac_of(uint64_t key)
{
    struct mac mac;
    store_u16(mac.b, (uint16_t)(key >> 32));
    store_u32(mac.b + 2, (uint32_t)key);
    return mac;
}

static uint32_t slot_of(const struct switch_device *device, uint64_t key)
{
    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (device->slot_count - 1);
}

static struct station *station_find(const struct switch_device *device, uint64_t key)
{
    if (!device->slots)
        return NULL;
    uint32_t at = slot_of(device, key);
    while (device->slots[at] && device->slots[at]->key != key)
        at = (at + 1) & (device->slot_count - 1);
    return device->slots[at];
}

static void slot_put(struct switch_device *device, struct station *station)
{
    uint32_t at = slot_of(device, station->key);
    while (device->slots[at])
        at = (at + 1) & (device->slot_count - 1);
    device->slots[at] = station;
}

static void table_grow(struct switch_device *device)
{
    memory_free(device->slots);
    device->slot_count = device->slot_count ? device->slot_count * 2 : SLOTS_FIRST;
    device->slots = memory_take_zeroed(device->slot_count, sizeof(struct station *));
    list_each (link, &device->stations)
        slot_put(device, list_entry(link, struct station, link));
}

static void station_remove(struct switch_device *device, struct station *station)
{
    uint32_t mask = device->slot_count - 1, hole = slot_of(device, station->key);
    while (device->slots[hole] != station)
        hole = (hole + 1) & mask;
    for (uint32_t at = (hole + 1) & mask; device->slots[at]; at = (at + 1) & mask) {
        uint32_t home = slot_of(device, device->slots[at]->key);
        if (((at - home) & mask) >= ((at - hole) & mask)) { /* it may not stand behind a gap */
            device->slots[hole] = device->slots[at];
            hole = at;
        }
    }
    device->slots[hole] = NULL;
    list_remove(&station->link);
    device->station_count--;
    memory_free(station);
}

static void station_forget(struct switch_device *device, struct station *station, const char *why)
{
    device->counts.aged++;
    if (event_wanted(device->node))
        event_emit(device->node, &SWITCH_AGED,
                   (union event_value[]){{.mac = mac_of(station->key)}, {.text = station->port->name}, {.text = why}});
    station_remove(device, station);
}

static void ageing_fire(struct timer *timer, struct instant now)
{
    struct switch_device *device = container_of(timer, struct switch_device, ageing);
    while (!list_empty(&device->stations)) {
        struct station *oldest = list_entry(device->stations.next, struct station, link);
        struct instant due = instant_add(oldest->heard, device->settings.ageing_ns);
        if (!instant_reached(now, due)) {
            timer_set(device->node, &device->ageing, due, ageing_fire);
            return;
        }
        station_forget(device, oldest, "not heard of for too long");
    }
}

static void learn_new(struct switch_device *device, struct port *port, uint64_t key, struct instant now)
{
    if (device->station_count >= device->settings.table_limit) {
        device->counts.table_full++;
        return;
    }
    struct station *station = memory_take_zeroed(1, sizeof *station);
    *station = (struct station){.key = key, .port = port, .heard = now};
    if ((device->station_count + 1) * 2 > device->slot_count)
        table_grow(device);
    slot_put(device, station);
    list_push_back(&device->stations, &station->link);
    device->station_count++;
    device->counts.learned++;
    if (!timer_pending(&device->ageing))
        timer_set(device->node, &device->ageing, instant_add(now, device->settings.ageing_ns), ageing_fire);
    if (event_wanted(device->node))
        event_emit(device->node, &SWITCH_LEARNED, (union event_value[]){{.mac = mac_of(key)}, {.text = port->name}});
}

static void learn(struct switch_device *device, struct port *port, uint64_t key, struct instant now)
{
    struct station *station = station_find(device, key);
    if (!station) {
        learn_new(device, port, key, now);
        return;
    }
    if (station->port != port) {
        if (event_wanted(device->node))
            event_emit(device->node, &SWITCH_MOVED,
                       (union event_value[]){{.mac = mac_of(key)}, {.text = station->port->name}, {.text = port->name}});
        station->port = port;
    }
    station->heard = now;
    if (station->link.next != &device->stations) {
        list_remove(&station->link);
        list_push_back(&device->stations, &station->link);
    }
}

/* ---- forwarding ---- */

static void flood_tell(struct switch_device *device, const struct port *from, struct mac to)
{
    static const struct mac everyone = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    const char *why = memcmp(&to, &everyone, sizeof to) == 0 ? "for everyone at"
                      : mac_is_group(to)                     ? "for the group"
                                                             : "does not know the port of";
    event_emit(device->node, &SWITCH_FLOODED, (union event_value[]){{.mac = to}, {.text = from->name}, {.text = why}});
}

static void flood(struct switch_device *device, struct port *from, struct frame *frame, uint64_t key, struct instant now)
{
    device->counts.flooded++;
    if (event_wanted(device->node))
        flood_tell(device, from, mac_of(key));
    list_each (link, &device->node->ports) {
        struct port *port = list_entry(link, struct port, link);
        if (port != from && port->owner == device && port_has_carrier(port))
            port_transmit(port, frame_hold(frame), now);
    }
    frame_release(frame);
}

static void switch_receive(struct port *port, struct frame *frame, struct instant now)
{
    struct switch_device *device = port->owner;
    struct ethernet_header header;
    if (ethernet_parse(frame->data, frame->length, &header) != 0) {
        node_drop(device->node, frame, DROP_ETHERNET_MALFORMED);
        return;
    }
    if (!mac_is_group(header.source))
        learn(device, port, key_of(header.source.b), now);
    uint64_t to = key_of(header.destination.b);
    if (to >> 4 == UINT64_C(0x0180c200000)) {
        device->counts.filtered++;
        node_drop(device->node, frame, DROP_SWITCH_RESERVED_GROUP);
        return;
    }
    struct station *station = mac_is_group(header.destination) ? NULL : station_find(device, to);
    if (!station) {
        flood(device, port, frame, to, now);
    } else if (station->port == port) {
        device->counts.filtered++;
        node_drop(device->node, frame, DROP_SWITCH_SAME_PORT);
    } else {
        device->counts.forwarded++;
        port_transmit(station->port, frame, now);
    }
}

static void switch_carrier(struct port *port, bool up)
{
    struct switch_device *device = port->owner;
    if (up)
        return;
    list_each (link, &device->stations) {
        struct station *station = list_entry(link, struct station, link);
        if (station->port == port)
            station_forget(device, station, "the port lost its carrier");
    }
}

/* ---- making ---- */

static void switch_destroy(struct node *node)
{
    struct switch_device *device = node->device;
    timer_cancel(node, &device->ageing);
    list_each (link, &device->stations)
        station_remove(device, list_entry(link, struct station, link));
    list_each (link, &node->ports) {
        struct port *port = list_entry(link, struct port, link);
        if (port->owner == device) {
            port->owner = NULL;
            port->receive = NULL;
            port->carrier = NULL;
        }
    }
    memory_free(device->slots);
    memory_free(device);
    node->device = NULL;
    node->device_destroy = NULL;
}

void switch_port_add(struct switch_device *device, struct port *port)
{
    assert(port->node == device->node);
    port->owner = device;
    port->receive = switch_receive;
    port->carrier = switch_carrier;
}

struct switch_device *switch_create(struct node *node, const struct switch_settings *settings)
{
    struct switch_device *device = memory_take_zeroed(1, sizeof *device);
    device->node = node;
    if (settings)
        device->settings = *settings;
    if (device->settings.ageing_ns == 0)
        device->settings.ageing_ns = SWITCH_AGEING_NS;
    if (device->settings.table_limit == 0)
        device->settings.table_limit = SWITCH_TABLE_LIMIT;
    list_init(&device->stations);
    list_each (link, &node->ports)
        switch_port_add(device, list_entry(link, struct port, link));
    node->device = device;
    node->device_destroy = switch_destroy;
    return device;
}

struct switch_device *switch_of(const struct node *node)
{
    return node->device_destroy == switch_destroy ? node->device : NULL;
}

struct switch_counts switch_counts(const struct switch_device *device) { return device->counts; }

int switch_station_next(const struct switch_device *device, size_t *at, struct switch_station *out)
{
    const struct list *link = device->stations.next;
    for (size_t i = 0; i < *at && link != &device->stations; i++)
        link = link->next;
    if (link == &device->stations)
        return IMP_NOT_FOUND;
    const struct station *station = list_entry(link, struct station, link);
    *out = (struct switch_station){.mac = mac_of(station->key),
                                   .port = station->port,
                                   .age_ns = instant_since(engine_now(device->node->engine), station->heard)};
    ++*at;
    return 0;
}
