/* Out-of-order data (RFC 9293 3.10.7.4, seventh step: "should be queued", and so it is).
 *
 * The queue is a short sorted array of islands. Loss makes one gap per burst, so there are few islands even when thousands of segments
 * wait; a segment is placed by a binary search for its island and is nearly always appended to one. A retransmission that closes
 * a gap merges two islands by joining their chains.
 *
 * Where copies overlap, the bytes that came first stay and the newcomer is trimmed. An island that a newcomer covers whole is given up for it,
 * so the chain of each island is always in order and without overlap, and taking it out is a matter of one pointer.
 *
 * The bound is the receive window (input.c accepts nothing beyond it) and LIMIT_TCP_ISLANDS; where memory is counted
 * (receive_memory.c) the frames bring their charge along, and the latest are given up first. There is no timer. */
#include "transport/tcp/reassembly.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "transport/limits.h"
#include "transport/tcp/receive_buffer.h"

enum { ISLANDS_FIRST = 4 };

static uint32_t chain_release(struct frame *frame) /* what it was charged with */
{
    uint32_t memory = 0;
    while (frame) {
        struct frame *next = frame->next;
        memory += frame->charge;
        frame->next = NULL;
        frame_release(frame);
        frame = next;
    }
    return memory;
}

static void islands_remove(struct reassembly **slot, uint32_t at, uint32_t count)
{
    struct reassembly *queue = *slot;
    memmove(queue->islands + at, queue->islands + at + count, (queue->count - at - count) * sizeof *queue->islands);
    queue->count = (uint16_t)(queue->count - count);
    if (queue->count == 0) {
        memory_free(queue);
        *slot = NULL;
    }
}

static struct reassembly *islands_grow(struct reassembly *queue)
{
    uint16_t count = (uint16_t)reassembly_count(queue), capacity = (uint16_t)(count ? count * 2 : ISLANDS_FIRST);
    struct reassembly *grown = memory_grow(queue, 1, sizeof *grown + capacity * sizeof *grown->islands);
    if (!count)
        *grown = (struct reassembly){0};
    grown->capacity = capacity;
    return grown;
}

static int islands_insert(struct reassembly **slot, uint32_t at, struct island island)
{
    if (reassembly_count(*slot) == LIMIT_TCP_ISLANDS)
        return IMP_LIMIT;
    if (!*slot || (*slot)->count == (*slot)->capacity)
        *slot = islands_grow(*slot);
    struct reassembly *queue = *slot;
    memmove(queue->islands + at + 1, queue->islands + at, (queue->count - at) * sizeof *queue->islands);
    island.touched = ++queue->touches;
    queue->islands[at] = island;
    queue->count++;
    return 0;
}

static struct island *island_at(struct reassembly *queue, uint32_t at) /* NULL: there is none */
{
    return at < reassembly_count(queue) ? &queue->islands[at] : NULL;
}

/* The first island that ends at or after `start`: the one that a segment there touches or precedes. */
static uint32_t island_find(const struct reassembly *queue, struct sequence start)
{
    uint32_t low = 0, high = reassembly_count(queue);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (sequence_before(queue->islands[middle].end, start))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Gives up islands from `at` on that lie wholly inside [start, end). */
static void islands_swallow(struct reassembly **slot, uint32_t at, struct sequence start, struct sequence end,
                            struct sack_block *duplicate)
{
    uint32_t covered = 0;
    struct island *island;
    while ((island = island_at(*slot, at + covered)) != NULL && sequence_at_most(start, island->start) &&
           sequence_at_most(island->end, end)) {
        if (sequence_equal(duplicate->start, duplicate->end))
            *duplicate = (struct sack_block){island->start, island->end};
        (*slot)->memory -= chain_release(island->first);
        covered++;
    }
    if (covered)
        islands_remove(slot, at, covered);
}

/* Joins island `at` with its successor when they touch. */
static void islands_merge(struct reassembly **slot, uint32_t at)
{
    struct island *a = island_at(*slot, at), *b = island_at(*slot, at + 1);
    if (!b || !sequence_equal(a->end, b->start))
        return;
    a->last->next = b->first;
    a->last = b->last;
    a->end = b->end;
    islands_remove(slot, at + 1, 1);
}

int reassembly_add(struct reassembly **slot, struct sequence start, struct frame *payload, struct sack_block *duplicate)
{
    struct sequence end = sequence_add(start, frame_total(payload));
    *duplicate = (struct sack_block){start, start};
    uint32_t at = island_find(*slot, start);
    struct island *island = island_at(*slot, at);
    if (island && sequence_at_most(island->start, start)) { /* it begins inside, or right behind, an island */
        struct sequence known = sequence_before(end, island->end) ? end : island->end;
        uint32_t old = sequence_distance(start, known);
        island->touched = ++(*slot)->touches;
        if (old > 0)
            *duplicate = (struct sack_block){start, known};
        if (sequence_equal(known, end)) {
            frame_release(payload);
            return 0;
        }
        payload = frame_own(payload, 0);
        frame_skip(payload, old);
        start = known;
        islands_swallow(slot, at + 1, start, end, duplicate);
    } else {
        payload = frame_own(payload, 0);
        islands_swallow(slot, at, start, end, duplicate);
    }
    island = island_at(*slot, at);
    bool extends = island && sequence_equal(island->end, start);
    const struct island *next = island_at(*slot, extends ? at + 1 : at);
    if (next && sequence_before(next->start, end)) { /* its end is known already */
        struct sequence known = next->start;
        if (sequence_equal(duplicate->start, duplicate->end))
            *duplicate = (struct sack_block){known, end};
        frame_trim(payload, sequence_distance(start, known));
        end = known;
    }
    payload->next = NULL;
    if (extends) {
        island->last->next = payload;
        island->last = payload;
        island->end = end;
        island->touched = ++(*slot)->touches;
    } else if (islands_insert(slot, at, (struct island){.start = start, .end = end, .first = payload, .last = payload}) != 0) {
        frame_release(payload);
        return IMP_LIMIT;
    }
    (*slot)->memory += payload->charge;
    islands_merge(slot, at);
    return 0;
}

struct frame *reassembly_take(struct reassembly **slot, struct sequence next, uint32_t *bytes)
{
    while (*slot && sequence_at_most((*slot)->islands[0].start, next)) {
        struct island island = (*slot)->islands[0];
        for (const struct frame *frame = island.first; frame; frame = frame->next)
            (*slot)->memory -= frame->charge;
        islands_remove(slot, 0, 1);
        uint32_t old = sequence_distance(island.start, next);
        while (island.first && old >= frame_total(island.first)) { /* what the frames in order have brought meanwhile */
            struct frame *frame = island.first;
            old -= frame_total(frame);
            island.first = frame->next;
            frame->next = NULL;
            frame_release(frame);
        }
        if (!island.first)
            continue;
        frame_skip(island.first, old);
        *bytes = sequence_distance(next, island.end);
        return island.first;
    }
    return NULL;
}

unsigned reassembly_blocks(const struct reassembly *queue, struct sack_block *out, unsigned capacity)
{
    unsigned count = 0;
    uint32_t below = UINT32_MAX;
    while (count < capacity) {
        const struct island *latest = NULL;
        for (uint32_t i = 0; i < reassembly_count(queue); i++)
            if (queue->islands[i].touched < below && (!latest || queue->islands[i].touched > latest->touched))
                latest = &queue->islands[i];
        if (!latest)
            break;
        out[count++] = (struct sack_block){latest->start, latest->end};
        below = latest->touched;
    }
    return count;
}

/* Cuts off as few frames at the end of the last island as free `goal`, or all of it. */
static uint32_t island_shorten(struct reassembly **slot, uint32_t goal)
{
    struct reassembly *queue = *slot;
    struct island *island = &queue->islands[queue->count - 1];
    uint32_t left = 0, bytes = 0;
    for (const struct frame *frame = island->first; frame; frame = frame->next)
        left += frame->charge;
    struct frame *last = NULL, *cut = island->first; /* what is kept, and the first that goes */
    while (left - cut->charge >= goal && cut->next) {
        left -= cut->charge;
        bytes += frame_total(cut);
        last = cut;
        cut = cut->next;
    }
    uint32_t freed = chain_release(cut);
    queue->memory -= freed;
    if (last) {
        last->next = NULL;
        island->last = last;
        island->end = sequence_add(island->start, bytes);
    } else {
        islands_remove(slot, queue->count - 1u, 1);
    }
    return freed;
}

bool reassembly_prune(struct reassembly **slot, struct sequence start, uint32_t goal)
{
    bool any = false;
    while (goal && *slot && sequence_at_most(start, (*slot)->islands[(*slot)->count - 1].start)) {
        uint32_t freed = island_shorten(slot, goal);
        goal -= freed < goal ? freed : goal;
        any = true;
    }
    return any;
}

void reassembly_free(struct reassembly **slot)
{
    for (uint32_t i = 0; i < reassembly_count(*slot); i++)
        (void)chain_release((*slot)->islands[i].first);
    memory_free(*slot);
    *slot = NULL;
}
