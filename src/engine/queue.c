/* The queue of timers: a heap for what is near, a wheel for what is far.
 *
 * Order is exact: by when a timer is due, then by the tie-break of design.md section 2. Only what is due in the next microsecond or so is
 * kept in that order, in a heap (an array, four children to a parent), which therefore has a handful of entries. All else waits in a
 * hierarchical wheel (Varghese and Lauck, SOSP 1987): seven levels of 256 lists, a list of level 0 for 1,024 ns, one of level 1 for
 * 256 times that, and so on, up to the last nanosecond that there is. So scheduling is a list insertion at the place that the highest
 * bits say, and a timer passes two or three lists on its way to the heap, however many others there are: it costs the same with ten timers and with a
 * hundred thousand. A lab of a hundred TCP flows has 500 timers pending; a heap alone spent 440 instructions on a frame there, this 240.
 *
 * An entry's level is the highest digit (of 8 bits) in which its time differs from `base`, the start of the microsecond that
 * was last emptied into the heap; its list in that level is that digit. So all lists of a level lie before all of the next level, and the first
 * list that is not empty has the earliest entries. When the heap is empty, base moves to the earliest entry, and that list is dealt
 * out again: to the heap, or to lower levels. What is scheduled before the end of base's microsecond, even long before it (the clock may be
 * far behind, when nothing else was due), goes straight to the heap, so the order holds in every case. When the heap grows beyond
 * what is sensible, as after such a jump, base goes back and everything is dealt out anew; that happens again only after it has doubled.
 *
 * Entries carry their whole key, so that nothing here follows a pointer to a timer except to write where it is. Timers are members of
 * their owners, entries lie in two arrays that grow by doubling: nothing is allocated per event. When nothing is scheduled a large pool is given
 * back: it may be the trace of a busy time with a hundred thousand timers. A timer's slot is 0 (idle), a place in
 * the heap + 1, or a place in the pool with IN_WHEEL. */
#include "engine/queue.h"

#include <string.h>

#include "base/memory.h"
#include "engine/engine.h"

enum { GRAIN_BITS = 10, SPILL_LEAST = 64, POOL_KEPT = 1024 /* entries, when nothing is scheduled */ };
#define IN_WHEEL UINT32_C(0x80000000)

struct wheel_entry {
    struct queue_entry entry;
    uint32_t next, previous; /* places in the pool; 0: none */
    uint32_t list;           /* which of queue.slots */
};

void queue_free(struct queue *queue)
{
    memory_free(queue->heap);
    memory_free(queue->pool);
    *queue = (struct queue){0};
}

/* ---- the heap ---- */

/* Both halves of the key as one number, since due_ns is never negative: compared without a branch to mispredict. */
static inline unsigned __int128 entry_key(const struct queue_entry *entry)
{
    return (unsigned __int128)(uint64_t)entry->due_ns << 64 | entry->tie;
}

static inline bool entry_before(const struct queue_entry *a, const struct queue_entry *b)
{
    return entry_key(a) < entry_key(b);
}

/* Field by field: what was just written in halves and is read as a whole makes the processor wait. */
static inline void place(struct queue *queue, uint32_t at, const struct queue_entry *entry)
{
    struct queue_entry *to = &queue->heap[at];
    to->due_ns = entry->due_ns;
    to->tie = entry->tie;
    to->timer = entry->timer;
    to->touches = entry->touches;
    entry->timer->slot = at + 1;
}

/* The entry may not lie in the heap itself, unless behind its end. */
static inline void sift_up(struct queue *queue, uint32_t at, const struct queue_entry *entry)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 4;
        if (!entry_before(entry, &queue->heap[parent]))
            break;
        place(queue, at, &queue->heap[parent]);
        at = parent;
    }
    place(queue, at, entry);
}

static void sift_down(struct queue *queue, uint32_t at, const struct queue_entry *entry)
{
    for (;;) {
        uint32_t child = at * 4 + 1;
        if (child >= queue->count)
            break;
        uint32_t end = child + 4 < queue->count ? child + 4 : queue->count;
        uint32_t least = child;
        unsigned __int128 least_key = entry_key(&queue->heap[child]);
        for (uint32_t c = child + 1; c < end; c++) {
            unsigned __int128 key = entry_key(&queue->heap[c]);
            least = key < least_key ? c : least;
            least_key = key < least_key ? key : least_key;
        }
        if (!(least_key < entry_key(entry)))
            break;
        place(queue, at, &queue->heap[least]);
        at = least;
    }
    place(queue, at, entry);
}

static inline void heap_add(struct queue *queue, const struct queue_entry *entry)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
        queue->heap = memory_grow(queue->heap, queue->capacity, sizeof *queue->heap);
    }
    sift_up(queue, queue->count++, entry);
}

static inline void heap_remove(struct queue *queue, uint32_t at)
{
    const struct queue_entry *last = &queue->heap[--queue->count];
    if (at == queue->count)
        return;
    if (at > 0 && entry_before(last, &queue->heap[(at - 1) / 4]))
        sift_up(queue, at, last);
    else
        sift_down(queue, at, last);
}

/* ---- the wheel ---- */

static inline uint64_t base_grain(const struct queue *queue) { return (queue->horizon_ns >> GRAIN_BITS) - 1; }

static inline uint32_t pool_take(struct queue *queue)
{
    uint32_t at = queue->pool_free;
    if (at) {
        queue->pool_free = queue->pool[at].next;
        return at;
    }
    if (queue->pool_used == queue->pool_capacity) {
        queue->pool_capacity = queue->pool_capacity ? queue->pool_capacity * 2 : 64;
        queue->pool = memory_grow(queue->pool, queue->pool_capacity, sizeof *queue->pool);
        if (queue->pool_used == 0)
            queue->pool_used = 1;
    }
    return queue->pool_used++;
}

/* Into the list that its time says, seen from base; `at` is its place in the pool. Its time is at or behind the horizon. */
static inline void wheel_link(struct queue *queue, uint32_t at, int64_t due_ns)
{
    uint64_t grain = (uint64_t)due_ns >> GRAIN_BITS, differs = grain ^ base_grain(queue);
    unsigned level = (63u - (unsigned)__builtin_clzll(differs)) / WHEEL_SLOT_BITS;
    unsigned slot = (unsigned)(grain >> (level * WHEEL_SLOT_BITS)) % WHEEL_SLOTS;
    uint32_t list = level * WHEEL_SLOTS + slot, first = queue->slots[list];
    struct wheel_entry *entry = &queue->pool[at];
    entry->list = list;
    entry->previous = 0;
    entry->next = first;
    if (first)
        queue->pool[first].previous = at;
    queue->slots[list] = at;
    queue->occupied[level][slot / 64] |= UINT64_C(1) << slot % 64;
    queue->words[level] |= UINT32_C(1) << slot / 64;
    queue->levels |= UINT32_C(1) << level;
}

static inline void wheel_add(struct queue *queue, const struct queue_entry *entry)
{
    uint32_t at = pool_take(queue);
    struct queue_entry *to = &queue->pool[at].entry;
    to->due_ns = entry->due_ns;
    to->tie = entry->tie;
    to->timer = entry->timer;
    to->touches = entry->touches;
    entry->timer->slot = at | IN_WHEEL;
    queue->wheel_count++;
    wheel_link(queue, at, entry->due_ns);
}

static inline void pool_give(struct queue *queue, uint32_t at)
{
    queue->pool[at].next = queue->pool_free;
    queue->pool_free = at;
    queue->wheel_count--;
}

static inline void list_emptied(struct queue *queue, uint32_t list)
{
    unsigned level = list / WHEEL_SLOTS, word = list % WHEEL_SLOTS / 64;
    queue->slots[list] = 0;
    queue->occupied[level][word] &= ~(UINT64_C(1) << list % 64);
    if (queue->occupied[level][word])
        return;
    queue->words[level] &= ~(UINT32_C(1) << word);
    if (!queue->words[level])
        queue->levels &= ~(UINT32_C(1) << level);
}

static void wheel_remove(struct queue *queue, uint32_t at)
{
    struct wheel_entry *entry = &queue->pool[at];
    if (entry->next)
        queue->pool[entry->next].previous = entry->previous;
    if (entry->previous)
        queue->pool[entry->previous].next = entry->next;
    else if (entry->next)
        queue->slots[entry->list] = entry->next;
    else
        list_emptied(queue, entry->list);
    pool_give(queue, at);
}

/* ---- both ---- */

static inline bool near(const struct queue *queue, int64_t due_ns) { return (uint64_t)due_ns < queue->horizon_ns; }

static inline void horizon_set(struct queue *queue, int64_t earliest_ns)
{
    queue->horizon_ns = (((uint64_t)earliest_ns >> GRAIN_BITS) + 1) << GRAIN_BITS;
}

/* Deals the entries of a list out again, base having moved. */
static void deal(struct queue *queue, uint32_t at)
{
    while (at) {
        uint32_t next = queue->pool[at].next;
        const struct queue_entry *entry = &queue->pool[at].entry;
        if (near(queue, entry->due_ns)) {
            pool_give(queue, at); /* which leaves the entry as it is */
            heap_add(queue, entry);
        } else {
            wheel_link(queue, at, entry->due_ns);
        }
        at = next;
    }
}

static inline uint32_t first_list(const struct queue *queue) /* the wheel is not empty */
{
    unsigned level = (unsigned)__builtin_ctz(queue->levels), word = (unsigned)__builtin_ctz(queue->words[level]);
    return level * WHEEL_SLOTS + word * 64 + (unsigned)__builtin_ctzll(queue->occupied[level][word]);
}

static void pool_rest(struct queue *queue)
{
    if (queue->pool_capacity <= POOL_KEPT)
        return;
    memory_free(queue->pool);
    queue->pool = NULL;
    queue->pool_used = queue->pool_capacity = queue->pool_free = 0;
}

const struct queue_entry *queue_refill(struct queue *queue)
{
    if (!queue->wheel_count) {
        pool_rest(queue);
        return NULL;
    }
    uint32_t list = first_list(queue), first = queue->slots[list];
    queue->spill_at = SPILL_LEAST;
    if (!queue->pool[first].next) { /* alone, as it mostly is: no need to deal */
        const struct queue_entry *entry = &queue->pool[first].entry;
        list_emptied(queue, list);
        pool_give(queue, first);
        horizon_set(queue, entry->due_ns);
        place(queue, queue->count++, entry);
        return queue->heap;
    }
    int64_t earliest_ns = queue->pool[first].entry.due_ns;
    for (uint32_t at = queue->pool[first].next; at; at = queue->pool[at].next) {
        int64_t due_ns = queue->pool[at].entry.due_ns;
        earliest_ns = due_ns < earliest_ns ? due_ns : earliest_ns;
    }
    list_emptied(queue, list);
    horizon_set(queue, earliest_ns);
    deal(queue, first);
    return queue->heap;
}

/* The heap is too large: base goes back to where it begins, and all is dealt out again. That is worth it only for a good part of all. */
static void spill(struct queue *queue)
{
    if (queue->count <= queue->wheel_count / 4) {
        queue->spill_at = queue->wheel_count / 4;
        return;
    }
    horizon_set(queue, queue->heap[0].due_ns);
    uint32_t chain = 0;
    for (unsigned list = 0; list < WHEEL_LEVELS * WHEEL_SLOTS; list++) {
        for (uint32_t at = queue->slots[list], next; at; at = next) {
            next = queue->pool[at].next;
            queue->pool[at].next = chain;
            chain = at;
        }
    }
    memset(queue->slots, 0, sizeof queue->slots);
    memset(queue->occupied, 0, sizeof queue->occupied);
    memset(queue->words, 0, sizeof queue->words);
    queue->levels = 0;
    uint32_t count = queue->count;
    queue->count = 0;
    for (uint32_t i = 0; i < count; i++) { /* what stays is added in place: never before where it was read */
        struct queue_entry entry = queue->heap[i];
        if (near(queue, entry.due_ns))
            heap_add(queue, &entry);
        else
            wheel_add(queue, &entry);
    }
    deal(queue, chain);
    queue->spill_at = 2 * queue->count > SPILL_LEAST ? 2 * queue->count : (uint32_t)SPILL_LEAST;
}

static void add(struct queue *queue, const struct queue_entry *entry)
{
    if (!queue->horizon_ns) { /* the very first */
        horizon_set(queue, entry->due_ns);
        queue->spill_at = SPILL_LEAST;
    }
    if (!near(queue, entry->due_ns)) {
        wheel_add(queue, entry);
        return;
    }
    heap_add(queue, entry);
    if (queue->count > queue->spill_at)
        spill(queue);
}

void queue_set(struct queue *queue, struct timer *timer, int64_t due_ns, uint64_t tie, const void *touches)
{
    struct queue_entry entry = {.due_ns = due_ns, .tie = tie, .timer = timer, .touches = touches};
    timer->due.ns = due_ns;
    if (timer->slot & IN_WHEEL) {
        wheel_remove(queue, timer->slot & ~IN_WHEEL);
    } else if (timer->slot && near(queue, due_ns)) {
        uint32_t at = timer->slot - 1;
        if (entry_before(&entry, &queue->heap[at]))
            sift_up(queue, at, &entry);
        else
            sift_down(queue, at, &entry);
        return;
    } else if (timer->slot) {
        heap_remove(queue, timer->slot - 1);
    }
    add(queue, &entry);
}

void queue_move_first(struct queue *queue, int64_t due_ns, uint64_t tie, const void *touches)
{
    const struct queue_entry entry = {.due_ns = due_ns, .tie = tie, .timer = queue->heap[0].timer, .touches = touches};
    entry.timer->due.ns = due_ns;
    if (near(queue, due_ns)) {
        sift_down(queue, 0, &entry);
        return;
    }
    if (--queue->count)
        sift_down(queue, 0, &queue->heap[queue->count]);
    wheel_add(queue, &entry);
}

void queue_remove(struct queue *queue, struct timer *timer)
{
    if (!timer->slot)
        return;
    uint32_t slot = timer->slot;
    timer->slot = 0;
    if (slot & IN_WHEEL)
        wheel_remove(queue, slot & ~IN_WHEEL);
    else
        heap_remove(queue, slot - 1);
}
