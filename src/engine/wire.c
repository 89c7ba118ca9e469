/* Wires: rate, delay, a drop-tail queue, and faults.
 *
 * When a frame is handed over, everything about its journey is decided at once. The direction knows until when it is busy; the
 * frame leaves when the line is free (departure = max(now, busy) + bytes * 8 / rate) and arrives one delay later. So a hop costs one event, the
 * arrival, and a queue is never simulated step by step: how many frames still wait is how many departures lie in the future,
 * which the `departures` ring answers lazily. Drop-tail is exact, since it depends on the past only.
 *
 * Frames in flight lie in a ring in order of arrival; the direction's one timer stands at the first. Delivery keeps the timer's entry in
 * the queue and moves it on (see engine.c). Each entry carries the sender's tie-break of the moment when it was sent, so that
 * simultaneous arrivals at different nodes are ordered by who sent them, not by which wire was looked at first. Jitter keeps order (RFC
 * 4689 treats reordering as a fault of its own): an arrival is never before the previous one. Frames that `reorder` holds back travel in a
 * second ring with a timer of its own, overtaken by those behind.
 *
 * Random numbers come from the direction's own stream, seeded by the wire's name and side, and are drawn only for faults that are
 * switched on. The digest hashes each delivered frame with its time and length.
 *
 * Queue disciplines. Step marking looks at the queue that a frame finds, so it is decided on arrival like the rest and costs nothing more. CoDel
 * decides when a frame leaves its queue, by how long it has waited; and what it drops makes those behind leave earlier. So such frames do wait, in
 * the ring of the direction's `lounge`, whose timer stands at the moment when the device can take the next one: the departure of the first of
 * the `departures`, when device_frames wait behind the one being sent. What it then lets pass takes the same way as any other frame. That is
 * exact: the same drops and marks at the same instants as if every queue were simulated. A frame that need not wait costs no event more.
 *
 * Left out: half duplex and shared media (a wire is full duplex), and other disciplines than these. */
#include "engine/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "engine/byte_limit.h"
#include "engine/codel.h"
#include "engine/engine_internal.h"
#include "engine/flight.h"

enum { CACHE_LINE = 64, NAME_INSIDE_BYTES = 24 };

struct channel { /* frames in flight that keep their order */
    struct timer timer;
    struct flight flight;
    struct direction *direction;
    int64_t last_arrival_ns;
};
struct lounge { /* a CoDel queue */
    struct timer timer;
    struct direction *direction;
    struct flight waiting; /* when_ns: when it came */
    uint64_t waiting_bytes;
    struct codel codel;
    struct byte_limit limit; /* with device_hold_ns */
};
/* In order of use: an arrival reads the first line, a departure the next two as well, and without faults nothing more of it is touched. The settings are
 * shared by all wires that were made with the same ones, until somebody asks for a direction's own to change them. */
struct direction {
    _Alignas(CACHE_LINE) struct channel normal;
    struct port *to, *from;
    struct flight departures;
    uint64_t queued_bytes;
    int64_t busy_until_ns;
    bool watched; /* the wire has, or had, taps */
    bool has_lounge;
    _Alignas(CACHE_LINE) const struct wire_settings *settings;
    struct wire_counts counts;
    struct wire_settings *own;  /* NULL: the settings are shared */
    struct lounge *lounge;      /* NULL until the discipline is CoDel and a frame comes */
    struct channel *late;       /* NULL until a frame is held back */
    struct random *random;      /* NULL until the first is drawn */
    struct stream_hash *digest; /* NULL until a frame is added */
};
struct wire {
    struct direction direction[2]; /* [side]: from that side */
    const char *name;
    struct engine *engine;
    uint32_t place; /* in order of creation */
    bool up;
    struct list taps;
    char short_name[NAME_INSIDE_BYTES]; /* where `name` points to, if it fits */
};
_Static_assert(sizeof(struct channel) == CACHE_LINE && offsetof(struct direction, settings) == 2 * CACHE_LINE, "as said above");

/* ---- making and finding ---- */

/* The last few that wires were made with are looked at: the wires of a range follow one another. */
static const struct wire_settings *settings_shared(struct engine *engine, const struct wire_settings *settings)
{
    for (unsigned i = 0; i < count_of(engine->settings); i++)
        if (engine->settings[i] && memcmp(engine->settings[i], settings, sizeof *settings) == 0)
            return engine->settings[i];
    struct wire_settings *copy = arena_take(&engine->arena, sizeof *copy);
    *copy = *settings;
    engine->settings[engine->settings_next++ % count_of(engine->settings)] = copy;
    return copy;
}

static void direction_init(struct wire *wire, unsigned side, struct port *from, struct port *to,
                           const struct wire_settings *settings)
{
    struct direction *direction = &wire->direction[side];
    direction->settings = settings_shared(wire->engine, settings);
    direction->from = from;
    direction->to = to;
    direction->normal.direction = direction;
    direction->normal.timer.fire = wire_fire;
    from->wire = wire;
    from->side = (uint8_t)side;
    from->out = direction;
}

struct wire *wire_create(struct port *a, struct port *b, const char *name, const struct wire_settings *ab,
                         const struct wire_settings *ba)
{
    assert(!a->wire && !b->wire && a != b);
    struct engine *engine = a->node->engine;
    if (wire_find(engine, name))
        return NULL;
    struct wire *wire = arena_take_aligned(&engine->arena, CACHE_LINE, sizeof *wire);
    size_t name_bytes = strlen(name) + 1;
    wire->name = name_bytes <= sizeof wire->short_name ? memcpy(wire->short_name, name, name_bytes)
                                                       : arena_copy_text(&engine->arena, name);
    wire->engine = engine;
    wire->place = (uint32_t)map_count(&engine->wires);
    wire->up = true;
    list_init(&wire->taps);
    map_put(&engine->wires, name, strlen(name), wire);
    direction_init(wire, 0, a, b, ab);
    direction_init(wire, 1, b, a, ba);
    if (a->carrier)
        a->carrier(a, port_has_carrier(a));
    if (b->carrier)
        b->carrier(b, port_has_carrier(b));
    return wire;
}

const char *wire_name(const struct wire *wire) { return wire->name; }
struct port *wire_end(const struct wire *wire, unsigned side) { return wire->direction[side].from; }
struct port *wire_peer(const struct port *port) { return port->wire ? port->wire->direction[port->side].to : NULL; }
struct wire *wire_find(struct engine *engine, const char *name) { return map_get(&engine->wires, name, strlen(name)); }
struct wire_settings *wire_direction_settings(struct wire *wire, unsigned from_side)
{
    struct direction *direction = &wire->direction[from_side];
    if (!direction->own) {
        direction->own = arena_take(&wire->engine->arena, sizeof *direction->own);
        *direction->own = *direction->settings;
        direction->settings = direction->own;
    }
    return direction->own;
}
bool wire_is_up(const struct wire *wire) { return wire->up; }

struct wire *wire_next(struct engine *engine, const struct wire *wire)
{
    size_t at = wire ? wire->place + 1 : 0;
    void *value = NULL;
    return map_next(&engine->wires, &at, NULL, NULL, &value) ? value : NULL;
}

static void channel_free(struct engine *engine, struct channel *channel)
{
    for (; channel->flight.count; flight_pop(&channel->flight))
        frame_release(flight_front(&channel->flight)->frame);
    queue_remove(&engine->queue, &channel->timer);
    flight_free(&channel->flight);
}

static void lounge_free(struct engine *engine, struct lounge *lounge)
{
    if (!lounge)
        return;
    for (; lounge->waiting.count; flight_pop(&lounge->waiting))
        frame_release(flight_front(&lounge->waiting)->frame);
    queue_remove(&engine->queue, &lounge->timer);
    flight_free(&lounge->waiting);
    memory_free(lounge);
}

void wires_destroy(struct engine *engine)
{
    for (struct wire *wire = NULL; (wire = wire_next(engine, wire));)
        for (unsigned side = 0; side < 2; side++) {
            channel_free(engine, &wire->direction[side].normal);
            if (wire->direction[side].late)
                channel_free(engine, wire->direction[side].late);
            memory_free(wire->direction[side].late);
            flight_free(&wire->direction[side].departures);
            lounge_free(engine, wire->direction[side].lounge);
        }
}

/* ---- carrying ---- */

/* Forgets the departures that have happened. */
static inline void departures_pass(struct direction *direction, struct instant now)
{
    struct flight *departures = &direction->departures;
    for (struct flight_entry *first; (first = flight_front(departures)) && first->when_ns <= now.ns; flight_pop(departures))
        direction->queued_bytes -= first->tie;
}

/* The same, where the device has byte limits: as one leaves, the next goes from the device's queue onto the line. */
static void device_departures_pass(struct direction *direction, struct instant now)
{
    struct flight *departures = &direction->departures;
    if (!direction->lounge || !direction->settings->device_hold_ns) {
        departures_pass(direction, now);
        return;
    }
    for (struct flight_entry *first; (first = flight_front(departures)) && first->when_ns <= now.ns;) {
        int64_t when = first->when_ns;
        direction->queued_bytes -= first->tie;
        flight_pop(departures);
        if ((first = flight_front(departures)))
            byte_limit_completed(&direction->lounge->limit, (uint32_t)first->tie, when, direction->settings->device_hold_ns);
    }
}

/* What has left is forgotten when it matters, mostly many frames at a time: before the ring would grow, or the queue counts as longer than ever, or
 * as full, or where somebody looks at its length. */
static inline bool departures_matter(const struct direction *direction)
{
    const struct wire_settings *settings = direction->settings;
    uint32_t most = direction->departures.count;
    return most == direction->departures.capacity || most > direction->counts.queue_frames_peak ||
           (settings->queue_frames && most >= settings->queue_frames) || settings->queue_bytes ||
           settings->discipline != DISCIPLINE_TAIL || direction->has_lounge;
}

static inline bool queue_has_room(struct direction *direction, uint32_t length, struct instant now)
{
    const struct wire_settings *settings = direction->settings;
    if (!departures_matter(direction))
        return true;
    departures_pass(direction, now);
    uint32_t waiting = direction->departures.count;
    if (waiting > direction->counts.queue_frames_peak)
        direction->counts.queue_frames_peak = waiting;
    if (settings->queue_frames && waiting >= settings->queue_frames)
        return false;
    return !settings->queue_bytes || direction->queued_bytes + length <= settings->queue_bytes || waiting == 0;
}

/* When the frame's last bit has left. */
static inline int64_t departure_of(struct direction *direction, uint32_t length, struct instant now)
{
    const struct wire_settings *settings = direction->settings;
    int64_t start = direction->busy_until_ns > now.ns ? direction->busy_until_ns : now.ns;
    uint64_t bits = (uint64_t)((int64_t)length + settings->overhead_bytes) * 8;
    int64_t departure = start + (int64_t)(bits * (uint64_t)NS_PER_S / settings->rate_bps); /* 64 KiB * 8e9 fits easily */
    direction->busy_until_ns = departure;
    direction->queued_bytes += length;
    flight_push(&direction->departures, NULL, departure, length);
    return departure;
}

/* The direction's own stream. Most wires have no faults and never draw. */
static struct random *random_of(struct direction *direction)
{
    if (!direction->random) {
        const struct port *from = direction->from;
        char stream[300];
        snprintf(stream, sizeof stream, "wire %s %u", from->wire->name, from->side);
        direction->random = arena_take(&from->node->engine->arena, sizeof *direction->random);
        random_seed(direction->random, from->node->engine->seed, stream);
    }
    return direction->random;
}

static bool chance(struct direction *direction, uint32_t ppm)
{
    return ppm && random_below(random_of(direction), 1000000) < ppm;
}

static inline void channel_push(struct channel *channel, struct frame *frame, int64_t arrival_ns, uint64_t tie)
{
    if (arrival_ns < channel->last_arrival_ns)
        arrival_ns = channel->last_arrival_ns;
    channel->last_arrival_ns = arrival_ns;
    flight_push(&channel->flight, frame, arrival_ns, tie);
    if (channel->flight.count == 1)
        queue_set(&channel->direction->from->node->engine->queue, &channel->timer, arrival_ns, tie, frame);
}

/* One bit flipped, at random, behind the Ethernet header, as a line's noise that slipped through the FCS would. */
static struct frame *corrupted(struct direction *direction, struct frame *frame)
{
    uint32_t total = frame_total(frame);
    if (total <= 14)
        return frame;
    frame = frame_linear(frame);
    frame = frame_own(frame, 0);
    uint64_t bit = random_below(random_of(direction), (uint64_t)(total - 14) * 8);
    frame->data[14 + bit / 8] ^= (uint8_t)(1u << (bit & 7));
    frame->flags = (uint16_t)(frame->flags & ~(FRAME_SUMS_GOOD | FRAME_TAIL_SUMMED));
    direction->counts.corrupted++;
    return frame;
}

static struct channel *late_channel(struct direction *direction)
{
    if (!direction->late) {
        direction->late = memory_take_zeroed(1, sizeof *direction->late);
        direction->late->direction = direction;
        direction->late->timer.fire = wire_fire;
    }
    return direction->late;
}

/* On the way, with whatever may happen there. */
static void journey(struct direction *direction, struct frame *frame, int64_t departure_ns)
{
    struct node *sender = direction->from->node;
    const struct wire_settings *settings = direction->settings;
    int64_t arrival = departure_ns + settings->delay_ns;
    if (settings->largest_bytes && frame_total(frame) > settings->largest_bytes) {
        direction->counts.lost++;
        node_drop(sender, frame, DROP_WIRE_TOO_BIG);
        return;
    }
    if (chance(direction, settings->loss_ppm)) {
        direction->counts.lost++;
        node_drop(sender, frame, DROP_WIRE_LOST);
        return;
    }
    if (settings->jitter_ns)
        arrival += (int64_t)random_below(random_of(direction), (uint64_t)settings->jitter_ns + 1);
    if (chance(direction, settings->corrupt_ppm))
        frame = corrupted(direction, frame);
    if (chance(direction, settings->duplicate_ppm)) {
        direction->counts.duplicated++;
        channel_push(&direction->normal, frame_hold(frame), arrival, node_tie(sender));
    }
    if (chance(direction, settings->reorder_ppm))
        channel_push(late_channel(direction), frame, arrival + settings->reorder_ns, node_tie(sender));
    else
        channel_push(&direction->normal, frame, arrival, node_tie(sender));
}

static void taps_see(struct wire *wire, unsigned side, const struct frame *frame, struct instant now)
{
    list_each (link, &wire->taps) {
        struct wire_tap *tap = list_entry(link, struct wire_tap, link);
        tap->frame(tap, wire, side, frame, now);
    }
}

/* The frame has its place on the line, and goes. */
static inline void embark(struct direction *direction, struct frame *frame, uint32_t length, struct instant now,
                          int64_t departure_ns)
{
    struct port *port = direction->from;
    direction->counts.frames++;
    direction->counts.bytes += length;
    if (__builtin_expect(direction->watched, 0))
        taps_see(port->wire, port->side, frame, now);
    const struct wire_settings *settings = direction->settings;
    if ((settings->loss_ppm | settings->corrupt_ppm | settings->duplicate_ppm | settings->reorder_ppm |
         settings->largest_bytes) == 0 &&
        settings->jitter_ns == 0)
        channel_push(&direction->normal, frame, departure_ns + settings->delay_ns, node_tie(port->node));
    else
        journey(direction, frame, departure_ns);
}

static bool mark(struct direction *direction, struct frame **frame)
{
    bool (*hook)(struct frame **) = direction->from->node->engine->mark;
    bool marked = hook && hook(frame);
    direction->counts.marked += marked;
    return marked;
}

/* ---- the CoDel queue ---- */

static void lounge_fire(struct timer *timer, struct instant now);

static bool device_has_room(struct direction *direction, struct instant now)
{
    device_departures_pass(direction, now);
    if (direction->settings->device_hold_ns && direction->departures.count && !byte_limit_has_room(&direction->lounge->limit))
        return false;
    return direction->departures.count <= direction->settings->device_frames;
}

/* What CoDel says of a frame that leaves the queue: false when it was dropped. */
static bool codel_passes(struct direction *direction, struct frame **frame, int64_t waited_ns, struct instant now)
{
    const struct wire_settings *settings = direction->settings;
    struct lounge *lounge = direction->lounge;
    uint64_t behind = lounge->waiting_bytes;
    struct codel_frame asked = {.now_ns = now.ns,
                                .waited_ns = waited_ns,
                                .bytes_behind = behind < UINT32_MAX ? (uint32_t)behind : UINT32_MAX,
                                .target_ns = settings->target_ns ? settings->target_ns : CODEL_TARGET_MS * NS_PER_MS,
                                .interval_ns = settings->interval_ns ? settings->interval_ns : CODEL_INTERVAL_MS * NS_PER_MS};
    bool late = codel_dequeue(&lounge->codel, &asked);
    bool over = settings->mark_delay_ns && waited_ns > settings->mark_delay_ns;
    bool marked = (over || (late && settings->ecn)) && mark(direction, frame);
    if (!late || (marked && settings->ecn))
        return true;
    direction->counts.early_drops++;
    node_drop(direction->from->node, *frame, DROP_WIRE_QUEUE_EARLY);
    return false;
}

/* Lets into the device what it has room for. */
static void lounge_empty(struct direction *direction, struct instant now)
{
    struct lounge *lounge = direction->lounge;
    while (device_has_room(direction, now)) {
        struct flight_entry *first = flight_front(&lounge->waiting);
        if (!first) {
            codel_empty(&lounge->codel);
            flight_rest(&lounge->waiting);
            return;
        }
        struct frame *frame = first->frame;
        int64_t waited = now.ns - first->when_ns;
        flight_pop(&lounge->waiting);
        uint32_t length = frame_total(frame);
        lounge->waiting_bytes -= length;
        if (!codel_passes(direction, &frame, waited, now))
            continue;
        if (direction->settings->device_hold_ns) {
            byte_limit_queued(&lounge->limit, length);
            if (!direction->departures.count)
                byte_limit_completed(&lounge->limit, length, now.ns, direction->settings->device_hold_ns);
        }
        /* settings may have changed meanwhile: without a rate it leaves at once */
        int64_t departure = direction->settings->rate_bps ? departure_of(direction, length, now) : now.ns;
        embark(direction, frame, length, now, departure);
    }
    if (lounge->waiting.count)
        timer_set(direction->from->node, &lounge->timer, (struct instant){flight_front(&direction->departures)->when_ns},
                  lounge_fire);
}

static void lounge_lose(struct direction *direction, enum drop_reason reason)
{
    struct lounge *lounge = direction->lounge;
    while (lounge && lounge->waiting.count) {
        struct frame *frame = flight_front(&lounge->waiting)->frame;
        flight_pop(&lounge->waiting);
        node_drop(direction->from->node, frame, reason);
    }
    if (lounge) {
        timer_cancel(direction->from->node, &lounge->timer);
        lounge->waiting_bytes = 0;
        codel_empty(&lounge->codel);
    }
}

static void lounge_fire(struct timer *timer, struct instant now)
{
    struct direction *direction = container_of(timer, struct lounge, timer)->direction;
    if (direction->from->node->up)
        lounge_empty(direction, now);
    else
        lounge_lose(direction, DROP_NODE_DOWN);
}

static void lounge_enter(struct direction *direction, struct frame *frame, struct instant now)
{
    const struct wire_settings *settings = direction->settings;
    struct lounge *lounge = direction->lounge;
    if (!lounge) {
        lounge = direction->lounge = memory_take_zeroed(1, sizeof *lounge);
        lounge->direction = direction;
        direction->has_lounge = true;
        departures_pass(direction, now);
    }
    uint32_t length = frame_total(frame), waiting = lounge->waiting.count;
    if (waiting && ((settings->queue_frames && waiting >= settings->queue_frames) ||
                    (settings->queue_bytes && lounge->waiting_bytes + length > settings->queue_bytes))) {
        direction->counts.queue_drops++;
        node_drop(direction->from->node, frame, DROP_WIRE_QUEUE_FULL);
        return;
    }
    if (!waiting && device_has_room(direction, now))
        codel_empty(&lounge->codel); /* the device has asked for a frame since the last one, and there was none */
    flight_push(&lounge->waiting, frame, now.ns, 0);
    lounge->waiting_bytes += length;
    if (waiting + 1 > direction->counts.queue_frames_peak)
        direction->counts.queue_frames_peak = waiting + 1;
    if (!waiting)
        lounge_empty(direction, now);
}

void port_transmit(struct port *port, struct frame *frame, struct instant now)
{
    struct direction *direction = port->out;
    struct node *sender = port->node;
    if (!direction || !sender->up) {
        node_drop(sender, frame, !port->wire ? DROP_PORT_UNCONNECTED : direction ? DROP_NODE_DOWN : DROP_WIRE_DOWN);
        return;
    }
    uint32_t length = frame_total(frame);
    int64_t departure = now.ns;
    if (direction->settings->discipline == DISCIPLINE_CODEL || (direction->has_lounge && direction->lounge->waiting.count)) {
        lounge_enter(direction, frame, now);
        return;
    }
    if (direction->settings->rate_bps) {
        if (!queue_has_room(direction, length, now)) {
            direction->counts.queue_drops++;
            node_drop(sender, frame, DROP_WIRE_QUEUE_FULL);
            return;
        }
        if (direction->settings->discipline == DISCIPLINE_STEP &&
            direction->departures.count > direction->settings->mark_frames)
            mark(direction, &frame);
        departure = departure_of(direction, length, now);
    }
    sender->departed_ns = departure;
    embark(direction, frame, length, now, departure);
}

static void digest_add(struct direction *direction, const struct frame *frame, struct instant now)
{
    if (!direction->digest)
        direction->digest = arena_take(&direction->from->node->engine->arena, sizeof *direction->digest);
    struct stream_hash *digest = direction->digest;
    stream_hash_add_u64(digest, (uint64_t)now.ns);
    stream_hash_add_u64(digest, frame_total(frame));
    stream_hash_add_joined(digest, frame->data, frame->length, frame->tail_length ? frame_tail(frame) : NULL,
                           frame->tail_length); /* where the tail begins is no property of the bytes */
}

/* The last frame has arrived, so it has also left. */
static void channel_rest(struct channel *channel, struct engine *engine)
{
    struct direction *direction = channel->direction;
    queue_remove(&engine->queue, &channel->timer);
    flight_rest(&channel->flight);
    if (channel == &direction->normal && direction->busy_until_ns <= engine->now.ns) {
        if (direction->settings->device_hold_ns)
            device_departures_pass(direction, engine->now); /* they count */
        flight_rest(&direction->departures);
        direction->queued_bytes = 0;
    }
}

/* Whose turn is next is known now; what it will look at was last touched when the frame was sent, a whole queue of frames ago. So that it is
 * in the cache by then, it is asked for while this one is dealt with. The queue knows the addresses, so that asking waits for nothing. */
static inline void prefetch_next(struct engine *engine)
{
    const struct queue_entry *next = queue_first(&engine->queue);
    if (!next)
        return;
    const char *frame = next->touches, *channel = (const char *)next->timer;
    __builtin_prefetch(channel);
    __builtin_prefetch(channel + CACHE_LINE);
    __builtin_prefetch(frame);
    __builtin_prefetch(frame + 3 * CACHE_LINE); /* where TCP's headers lie: transport/tcp/output.c */
    __builtin_prefetch(frame + 4 * CACHE_LINE);
}

void wire_fire(struct timer *timer, struct instant now)
{
    struct channel *channel = container_of(timer, struct channel, timer);
    struct direction *direction = channel->direction;
    struct port *to = direction->to;
    __builtin_prefetch(to->owner); /* is asked first by who receives; until then the queue has to be seen to */
    __builtin_prefetch((const char *)to->owner + CACHE_LINE);
    struct engine *engine = to->node->engine;
    struct frame *frame = flight_front(&channel->flight)->frame;
    flight_pop(&channel->flight);
    struct flight_entry *next = flight_front(&channel->flight);
    if (next) {
        queue_move_first(&engine->queue, next->when_ns, next->tie, next->frame);
        __builtin_prefetch(next + 1); /* is read when this channel's timer fires again */
    } else {
        channel_rest(channel, engine);
    }
    prefetch_next(engine);
    engine->frames_carried++;
    if (engine->digesting)
        digest_add(direction, frame, now);
    if (!to->node->up || !to->receive)
        node_drop(to->node, frame, to->node->up ? DROP_PORT_UNCONNECTED : DROP_NODE_DOWN);
    else
        to->receive(to, frame, now);
}

/* ---- up and down ---- */

static void channel_lose(struct channel *channel)
{
    struct node *sender = channel->direction->from->node;
    while (channel->flight.count) {
        struct frame *frame = flight_front(&channel->flight)->frame;
        flight_pop(&channel->flight);
        node_drop(sender, frame, DROP_WIRE_DOWN);
    }
    queue_remove(&sender->engine->queue, &channel->timer);
    channel->last_arrival_ns = 0;
}

void wire_set_up(struct wire *wire, bool up)
{
    if (wire->up == up)
        return;
    wire->up = up;
    for (unsigned side = 0; side < 2; side++)
        wire->direction[side].from->out = up ? &wire->direction[side] : NULL;
    for (unsigned side = 0; side < 2; side++) {
        struct direction *direction = &wire->direction[side];
        if (!up) {
            channel_lose(&direction->normal);
            if (direction->late)
                channel_lose(direction->late);
            lounge_lose(direction, DROP_WIRE_DOWN);
            direction->departures.count = 0;
            if (direction->lounge)
                direction->lounge->limit = (struct byte_limit){0};
            direction->queued_bytes = 0;
            direction->busy_until_ns = 0;
        }
    }
    bool carrier = up && wire->direction[0].from->node->up && wire->direction[1].from->node->up;
    for (unsigned side = 0; side < 2; side++) {
        struct port *port = wire->direction[side].from;
        if (port->carrier && (carrier || port->node->up))
            port->carrier(port, carrier);
    }
}

/* ---- looking ---- */

struct wire_counts wire_counts(const struct wire *wire, unsigned from_side) { return wire->direction[from_side].counts; }

uint32_t wire_queue_length(struct wire *wire, unsigned from_side, struct instant now)
{
    struct direction *direction = &wire->direction[from_side];
    device_departures_pass(direction, now);
    return direction->departures.count + (direction->lounge ? direction->lounge->waiting.count : 0);
}

void wires_mark_with(struct engine *engine, bool (*hook)(struct frame **frame)) { engine->mark = hook; }

void wire_tap_add(struct wire *wire, struct wire_tap *tap)
{
    list_push_back(&wire->taps, &tap->link);
    wire->direction[0].watched = wire->direction[1].watched = true;
}
void wire_tap_remove(struct wire_tap *tap) { list_remove(&tap->link); }

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct wire *const *)a)->name, (*(const struct wire *const *)b)->name);
}

/* Folds the directions' hashes in the order of the wires' names, so that neither the order of the lab file nor of the run matters. */
void engine_digest(const struct engine *engine, char out[33])
{
    size_t count = map_count(&engine->wires);
    struct wire **wires = memory_take((count + 1) * sizeof(struct wire *));
    size_t filled = 0;
    void *value;
    for (size_t at = 0; map_next(&engine->wires, &at, NULL, NULL, &value);)
        wires[filled++] = value;
    qsort(wires, filled, sizeof *wires, by_name);
    struct stream_hash total = {0};
    for (size_t i = 0; i < filled; i++) {
        stream_hash_add(&total, wires[i]->name, strlen(wires[i]->name) + 1);
        for (unsigned side = 0; side < 2; side++) {
            uint8_t part[16];
            const struct stream_hash silent = {0}, *digest = wires[i]->direction[side].digest;
            stream_hash_finish(digest ? digest : &silent, part);
            stream_hash_add(&total, part, sizeof part);
        }
    }
    memory_free(wires);
    uint8_t digest[16];
    stream_hash_finish(&total, digest);
    for (unsigned i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
