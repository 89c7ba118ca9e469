/* The neighbour cache: which MAC is behind a next hop's address, and how sure we are of it. ARP and NDP share it.
 *
 * States (RFC 4861 section 7.3.2), with what moves between them:
 *
 *      (none) --packet--> INCOMPLETE --answer--> REACHABLE --30 s, seen at the next use--> STALE
 *                             |                      ^                                       | packet
 *                       3 questions unanswered       | answer, or a hint from TCP            v
 *                             v                      +------- PROBE <----5 s, no hint----- DELAY
 *                          FAILED <---3 questions----------------+
 *
 * Packets wait in INCOMPLETE, a limited number per neighbour, the oldest giving way; in all other states but FAILED they are sent at once to the
 * MAC that is known. A packet to a FAILED neighbour starts again from INCOMPLETE. PERMANENT entries never change.
 *
 * Timers: one per entry, used in INCOMPLETE and PROBE (1 s between questions) and in DELAY (5 s). REACHABLE needs none: when it
 * ended is seen from `reachable_until` at the next use, so that an idle lab has no events.
 *
 * The table is a chained hash that starts at two slots, for a host that knows its router, and doubles. Lists are walked in order of
 * creation, so no hash order reaches a lab's bytes. When the limit is reached, the oldest entry that is not in use for resolution gives way.
 *
 * Left out: gratuitous creation of entries from overheard traffic, and proxying. */
#include "link/neighbour.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"
#include "engine/node.h"

static const struct event_type NEIGHBOUR_STATE = {
    .name = "neighbour-state",
    .protocol = "LINK",
    .story = "neighbour {address} ({mac}): {old} -> {state}",
    .level = EVENT_DETAIL,
    .fields = {
        {"address", FIELD_IP}, {"mac", FIELD_MAC}, {"old", FIELD_TEXT}, {"state", FIELD_TEXT}, {"interface", FIELD_TEXT}}};
static const struct event_type NEIGHBOUR_LOST = {
    .name = "neighbour-failed",
    .protocol = "LINK",
    .story = "nobody on {interface} answers for {address}; packets given up: {waiting}",
    .fields = {{"address", FIELD_IP}, {"interface", FIELD_TEXT}, {"waiting", FIELD_NUMBER}}};

enum { SLOTS_FIRST = 2 };

static void neighbour_fire(struct timer *timer, struct instant now);

const char *neighbour_state_name(enum neighbour_state state)
{
    static const char *const names[] = {"INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "PERMANENT"};
    return (unsigned)state < count_of(names) ? names[state] : "?";
}

/* ---- the table ---- */

static uint32_t hash_of(const struct interface *interface, const struct ip *address)
{
    uint64_t high, low;
    memcpy(&high, address->b, 8);
    memcpy(&low, address->b + 8, 8);
    uint64_t mixed = (high ^ low * UINT64_C(0x9e3779b97f4a7c15) ^ interface->index) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(mixed >> 32);
}

void neighbour_cache_init(struct neighbour_cache *cache, struct node *node, void *layer3, const struct neighbour_ops *ops4,
                          const struct neighbour_ops *ops6)
{
    *cache = (struct neighbour_cache){.node = node,
                                      .layer3 = layer3,
                                      .ops4 = ops4,
                                      .ops6 = ops6,
                                      .reachable4_ns = NEIGHBOUR_REACHABLE_NS,
                                      .reachable6_ns = NEIGHBOUR_REACHABLE_NS,
                                      .retransmit6_ns = NEIGHBOUR_RETRANSMIT_NS};
    list_init(&cache->all);
}

static const struct neighbour_ops *ops_of(const struct neighbour *neighbour)
{
    return neighbour->address.family == 4 ? neighbour->cache->ops4 : neighbour->cache->ops6;
}

struct neighbour *neighbour_find(const struct neighbour_cache *cache, const struct interface *interface,
                                 const struct ip *address)
{
    if (!cache->slots)
        return NULL;
    struct neighbour *n = cache->slots[hash_of(interface, address) & (cache->slot_count - 1)];
    while (n && (n->interface != interface || memcmp(&n->address, address, sizeof *address) != 0))
        n = n->chain;
    return n;
}

static void table_grow(struct neighbour_cache *cache)
{
    memory_free(cache->slots);
    cache->slot_count = cache->slot_count ? cache->slot_count * 2 : SLOTS_FIRST;
    cache->slots = memory_take_zeroed(cache->slot_count, sizeof(struct neighbour *));
    list_each (link, &cache->all) {
        struct neighbour *n = list_entry(link, struct neighbour, link);
        struct neighbour **slot = &cache->slots[hash_of(n->interface, &n->address) & (cache->slot_count - 1)];
        n->chain = *slot;
        *slot = n;
    }
}

static struct frame *queue_take(struct neighbour *n)
{
    struct frame *first = n->queue_first;
    n->queue_first = n->queue_last = NULL;
    n->queued = 0;
    return first;
}

static void entry_free(struct neighbour *n)
{
    struct neighbour_cache *cache = n->cache;
    struct neighbour **at = &cache->slots[hash_of(n->interface, &n->address) & (cache->slot_count - 1)];
    while (*at != n)
        at = &(*at)->chain;
    *at = n->chain;
    timer_cancel(cache->node, &n->timer);
    list_remove(&n->link);
    cache->count--;
    cache->removals++;
    memory_free(n);
}

static bool make_room(struct neighbour_cache *cache, struct instant now)
{
    list_each (link, &cache->all) {
        struct neighbour *n = list_entry(link, struct neighbour, link);
        enum neighbour_state state = neighbour_state_at(n, now);
        if (!n->locked && (state == NEIGHBOUR_STALE || state == NEIGHBOUR_FAILED || state == NEIGHBOUR_REACHABLE)) {
            neighbour_remove(n, now);
            return true;
        }
    }
    return false;
}

static struct neighbour *neighbour_create(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                          struct instant now)
{
    if (cache->count >= LIMIT_NEIGHBOURS && !make_room(cache, now))
        return NULL;
    struct neighbour *n = memory_take_zeroed(1, sizeof *n);
    n->cache = cache;
    n->interface = interface;
    n->address = *address;
    n->ethertype = ops_of(n)->ethertype;
    n->state = NEIGHBOUR_FAILED; /* nothing known: the caller moves it on */
    list_push_back(&cache->all, &n->link);
    if (++cache->count > cache->slot_count) {
        table_grow(cache); /* which also puts the new entry into its slot */
        return n;
    }
    struct neighbour **slot = &cache->slots[hash_of(interface, address) & (cache->slot_count - 1)];
    n->chain = *slot;
    *slot = n;
    return n;
}

/* ---- the states ---- */

static int64_t retransmit_ns(const struct neighbour *n)
{
    return n->address.family == 6 ? n->cache->retransmit6_ns : NEIGHBOUR_RETRANSMIT_NS;
}

/* The only transition. Sets the state's timer and sends its first question. */
static void set_state(struct neighbour *n, enum neighbour_state state, struct instant now)
{
    struct node *node = n->cache->node;
    enum neighbour_state old = n->state;
    n->state = (uint8_t)state;
    n->solicitations = 0;
    struct instant due = INSTANT_NEVER;
    if (state == NEIGHBOUR_REACHABLE) {
        int64_t base = n->address.family == 6 ? n->cache->reachable6_ns : n->cache->reachable4_ns;
        n->reachable_until = instant_add(now, base / 2 + (int64_t)random_below(&node->random, (uint64_t)base + 1));
    } else if (state == NEIGHBOUR_DELAY) {
        due = instant_add(now, NEIGHBOUR_DELAY_NS);
    } else if (state == NEIGHBOUR_INCOMPLETE || state == NEIGHBOUR_PROBE) {
        due = instant_add(now, retransmit_ns(n));
    }
    timer_set(node, &n->timer, due, neighbour_fire);
    if (old != state && event_wanted(node))
        event_emit(node, &NEIGHBOUR_STATE,
                   (union event_value[]){{.ip = n->address},
                                         {.mac = n->mac},
                                         {.text = n->told ? neighbour_state_name(old) : "NONE"},
                                         {.text = neighbour_state_name(state)},
                                         {.text = n->interface->name}});
    n->told = true;
    if (state == NEIGHBOUR_INCOMPLETE || state == NEIGHBOUR_PROBE) {
        n->solicitations = 1;
        ops_of(n)->solicit(n, state == NEIGHBOUR_PROBE, now);
    }
}

static void fail(struct neighbour *n, struct instant now)
{
    const struct neighbour_ops *ops = ops_of(n);
    struct node *node = n->cache->node;
    uint16_t waiting = n->queued;
    struct frame *packet = queue_take(n);
    set_state(n, NEIGHBOUR_FAILED, now);
    n->mac = MAC_NONE;
    if (event_wanted(node))
        event_emit(node, &NEIGHBOUR_LOST,
                   (union event_value[]){{.ip = n->address}, {.text = n->interface->name}, {.number = waiting}});
    if (ops->lost)
        ops->lost(n, now);
    while (packet) {
        struct frame *next = packet->next;
        packet->next = NULL;
        ops->unreachable(n, packet, now); /* may enter the cache again, for the error's own way; `n` is not used below */
        packet = next;
    }
}

static void neighbour_fire(struct timer *timer, struct instant now)
{
    struct neighbour *n = container_of(timer, struct neighbour, timer);
    if (n->state == NEIGHBOUR_DELAY) {
        set_state(n, NEIGHBOUR_PROBE, now);
    } else if (n->solicitations >= NEIGHBOUR_SOLICITATIONS) {
        fail(n, now);
    } else {
        n->solicitations++;
        timer_set(n->cache->node, &n->timer, instant_add(now, retransmit_ns(n)), neighbour_fire);
        ops_of(n)->solicit(n, n->state == NEIGHBOUR_PROBE, now);
    }
}

enum neighbour_state neighbour_state_at(const struct neighbour *n, struct instant now)
{
    return n->state == NEIGHBOUR_REACHABLE && instant_reached(now, n->reachable_until) ? NEIGHBOUR_STALE : n->state;
}

/* ---- sending ---- */

static void transmit(struct neighbour *n, struct frame *packet, struct instant now)
{
    if (neighbour_state_at(n, now) == NEIGHBOUR_STALE) {
        n->state = NEIGHBOUR_STALE;
        set_state(n, NEIGHBOUR_DELAY, now);
    }
    n->interface->transmit(n->interface, packet, n->ethertype, &n->mac, now);
}

static void transmit_queue(struct neighbour *n, struct instant now)
{
    struct frame *packet = queue_take(n);
    while (packet) {
        struct frame *next = packet->next;
        packet->next = NULL;
        transmit(n, packet, now);
        packet = next;
    }
}

static void queue_push(struct neighbour *n, struct frame *packet)
{
    packet = frame_own(packet, ETHERNET_HEADER_BYTES); /* its `next` is used here */
    packet->next = NULL;
    if (n->queued == LIMIT_NEIGHBOUR_QUEUE_FRAMES) { /* RFC 4861 7.2.2: the newest replaces the oldest */
        struct frame *oldest = n->queue_first;
        n->queue_first = oldest->next;
        oldest->next = NULL;
        n->queued--;
        node_drop(n->cache->node, oldest, DROP_NEIGHBOUR_QUEUE_FULL);
    }
    if (n->queue_first)
        n->queue_last->next = packet;
    else
        n->queue_first = packet;
    n->queue_last = packet;
    n->queued++;
}

void neighbour_send(struct neighbour_cache *cache, struct interface *interface, const struct ip *address, struct frame *packet,
                    struct instant now)
{
    struct neighbour *n = neighbour_find(cache, interface, address);
    if (!n && !(n = neighbour_create(cache, interface, address, now))) {
        node_drop(cache->node, packet, DROP_NEIGHBOUR_QUEUE_FULL);
        return;
    }
    neighbour_hand(n, packet, now);
}

/* To one that must be asked first, or doubted from now on. */
static __attribute__((noinline)) void hand_in_doubt(struct neighbour *n, struct frame *packet, struct instant now)
{
    if (n->state != NEIGHBOUR_FAILED && n->state != NEIGHBOUR_INCOMPLETE) {
        transmit(n, packet, now);
        return;
    }
    queue_push(n, packet);
    if (n->state == NEIGHBOUR_FAILED)
        set_state(n, NEIGHBOUR_INCOMPLETE, now);
}

void neighbour_hand(struct neighbour *n, struct frame *packet, struct instant now)
{
    enum neighbour_state state = neighbour_state_at(n, now);
    if (state == NEIGHBOUR_FAILED || state == NEIGHBOUR_INCOMPLETE || state == NEIGHBOUR_STALE)
        hand_in_doubt(n, packet, now);
    else
        n->interface->transmit(n->interface, packet, n->ethertype, &n->mac, now);
}

/* ---- what others tell ---- */

struct neighbour *neighbour_learn(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                  struct mac mac, struct instant now)
{
    struct neighbour *n = neighbour_find(cache, interface, address);
    if (!n && !(n = neighbour_create(cache, interface, address, now)))
        return NULL;
    bool known = n->state != NEIGHBOUR_FAILED && n->state != NEIGHBOUR_INCOMPLETE;
    if (n->state == NEIGHBOUR_PERMANENT || (known && mac_equal(n->mac, mac)))
        return n;
    n->mac = mac;
    set_state(n, NEIGHBOUR_STALE, now);
    transmit_queue(n, now);
    return n;
}

void neighbour_answer(struct neighbour *n, const struct mac *mac, bool solicited, bool override, struct instant now)
{
    if (n->state == NEIGHBOUR_PERMANENT)
        return;
    if (n->state == NEIGHBOUR_INCOMPLETE || n->state == NEIGHBOUR_FAILED) {
        if (!mac)
            return;
        n->mac = *mac;
        set_state(n, solicited ? NEIGHBOUR_REACHABLE : NEIGHBOUR_STALE, now);
        transmit_queue(n, now);
        return;
    }
    bool changed = mac && !mac_equal(*mac, n->mac);
    if (changed && !override) { /* RFC 4861 7.2.5 case I: doubt what is known, but keep it */
        if (n->state == NEIGHBOUR_REACHABLE)
            set_state(n, NEIGHBOUR_STALE, now);
        return;
    }
    if (changed)
        n->mac = *mac;
    if (solicited)
        set_state(n, NEIGHBOUR_REACHABLE, now);
    else if (changed)
        set_state(n, NEIGHBOUR_STALE, now);
}

void neighbour_confirm(struct neighbour *n, struct instant now)
{
    /* TCP confirms with every acknowledgement: not worth a timer and a random number each time. */
    if (n->state == NEIGHBOUR_REACHABLE && instant_since(n->reachable_until, now) > NEIGHBOUR_REACHABLE_NS / 4)
        return;
    if (n->state == NEIGHBOUR_REACHABLE || n->state == NEIGHBOUR_STALE || n->state == NEIGHBOUR_DELAY ||
        n->state == NEIGHBOUR_PROBE)
        set_state(n, NEIGHBOUR_REACHABLE, now);
}

struct neighbour *neighbour_probe(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                  struct instant now)
{
    struct neighbour *n = neighbour_find(cache, interface, address);
    if (!n && !(n = neighbour_create(cache, interface, address, now)))
        return NULL;
    if (n->state == NEIGHBOUR_FAILED)
        set_state(n, NEIGHBOUR_INCOMPLETE, now);
    else if (neighbour_state_at(n, now) == NEIGHBOUR_STALE)
        set_state(n, NEIGHBOUR_PROBE, now);
    return n;
}

/* ---- by hand ---- */

struct neighbour *neighbour_set_permanent(struct neighbour_cache *cache, struct interface *interface, const struct ip *address,
                                          struct mac mac, struct instant now)
{
    struct neighbour *n = neighbour_find(cache, interface, address);
    if (!n && !(n = neighbour_create(cache, interface, address, now)))
        return NULL;
    n->mac = mac;
    set_state(n, NEIGHBOUR_PERMANENT, now);
    transmit_queue(n, now);
    return n;
}

void neighbour_remove(struct neighbour *n, struct instant now)
{
    if (n->state != NEIGHBOUR_FAILED && ops_of(n)->lost)
        ops_of(n)->lost(n, now);
    struct frame *packet = queue_take(n);
    struct node *node = n->cache->node;
    entry_free(n);
    while (packet) {
        struct frame *next = packet->next;
        node_drop(node, packet, DROP_NEIGHBOUR_FAILED);
        packet = next;
    }
}

void neighbour_flush(struct neighbour_cache *cache, const struct interface *interface, struct instant now)
{
    list_each (link, &cache->all) {
        struct neighbour *n = list_entry(link, struct neighbour, link);
        if (n->interface == interface && n->state != NEIGHBOUR_PERMANENT)
            neighbour_remove(n, now);
    }
}

struct neighbour *neighbour_next(const struct neighbour_cache *cache, const struct neighbour *after)
{
    const struct list *link = after ? after->link.next : cache->all.next;
    return link == &cache->all ? NULL : list_entry(link, struct neighbour, link);
}

void neighbour_cache_free(struct neighbour_cache *cache)
{
    list_each (link, &cache->all) {
        struct neighbour *n = list_entry(link, struct neighbour, link);
        for (struct frame *packet = queue_take(n), *next; packet; packet = next) {
            next = packet->next;
            frame_release(packet);
        }
        entry_free(n);
    }
    memory_free(cache->slots);
    cache->slots = NULL;
    cache->slot_count = 0;
}
