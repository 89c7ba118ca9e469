/* Out-of-order data (RFC 9293 3.10.7.4, seventh step: "should be queued", and so it is).
 *
 * The queue is a short sorted array of islands. Loss makes one gap per burst, so there are few islands even when thousands of segments
 * wait; a segment is placed by a binary search for its island and is nearly always appended to one. A retransmission that closes
 * a gap merges two islands by joining their chains.
 *
 * Where copies overlap, the bytes that came first stay and the newcomer is trimmed. An island that a newcomer covers whole is given up for it,
 * so the chain of each island is always in order and without overlap, and taking it out is a matter of one pointer.
 *
 * The bound is the receive window (acknowledge.c accepts nothing beyond it) and LIMIT_TCP_ISLANDS; where memory is counted
 * (receive_memory.c) the frames bring their charge along, and the latest are given up first. There is no timer. */
#include "transport/tcp/reassembly.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "transport/limits.h"
#include "transport/tcp/receive_buffer.h"

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

static void islands_remove(struct reassembly *queue, uint32_t at, uint32_t count)
{
    memmove(queue->islands + at, queue->islands + at + count, (queue->count - at - count) * sizeof *queue->islands);
    queue->count = (uint16_t)(queue->count - count);
    if (queue->count == 0) {
        memory_free(queue->islands);
        queue->islands = NULL;
        queue->capacity = 0;
    }
}

static int islands_insert(struct reassembly *queue, uint32_t at, struct island island)
{
    if (queue->count == LIMIT_TCP_ISLANDS)
        return IMP_LIMIT;
    if (queue->count == queue->capacity) {
        queue->capacity = (uint16_t)(queue->capacity ? queue->capacity * 2 : 4);
        queue->islands = memory_grow(queue->islands, queue->capacity, sizeof *queue->islands);
    }
    memmove(queue->islands + at + 1, queue->islands + at, (queue->count - at) * sizeof *queue->islands);
    queue->islands[at] = island;
    queue->count++;
    return 0;
}

/* The first island that ends at or after `start`: the one that a segment there touches or precedes. */
static uint32_t island_find(const struct reassembly *queue, struct sequence start)
{
    uint32_t low = 0, high = queue->count;
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
static void islands_swallow(struct reassembly *queue, uint32_t at, struct sequence start, struct sequence end,
                            struct sack_block *duplicate)
{
    uint32_t covered = 0;
    while (at + covered < queue->count && sequence_at_most(start, queue->islands[at + covered].start) &&
           sequence_at_most(queue->islands[at + covered].end, end)) {
        struct island *island = &queue->islands[at + covered];
        if (sequence_equal(duplicate->start, duplicate->end))
            *duplicate = (struct sack_block){island->start, island->end};
        queue->bytes -= sequence_distance(island->start, island->end);
        queue->memory -= chain_release(island->first);
        covered++;
    }
    if (covered)
        islands_remove(queue, at, covered);
}

/* Joins island `at` with its successor when they touch. */
static void islands_merge(struct reassembly *queue, uint32_t at)
{
    if (at + 1 >= queue->count || !sequence_equal(queue->islands[at].end, queue->islands[at + 1].start))
        return;
    struct island *a = &queue->islands[at], *b = &queue->islands[at + 1];
    a->last->next = b->first;
    a->last = b->last;
    a->end = b->end;
    islands_remove(queue, at + 1, 1);
}

int reassembly_add(struct reassembly *queue, struct sequence start, struct frame *payload, struct sack_block *duplicate)
{
    struct sequence end = sequence_add(start, frame_total(payload));
    *duplicate = (struct sack_block){start, start};
    uint32_t at = island_find(queue, start);
    if (at < queue->count &&
        sequence_at_most(queue->islands[at].start, start)) { /* it begins inside, or right behind, an island */
        struct island *island = &queue->islands[at];
        struct sequence known = sequence_before(end, island->end) ? end : island->end;
        uint32_t old = sequence_distance(start, known);
        island->touched = ++queue->touches;
        if (old > 0)
            *duplicate = (struct sack_block){start, known};
        if (sequence_equal(known, end)) {
            frame_release(payload);
            return 0;
        }
        payload = frame_own(payload, 0);
        frame_skip(payload, old);
        start = known;
        islands_swallow(queue, at + 1, start, end, duplicate);
    } else {
        payload = frame_own(payload, 0);
        islands_swallow(queue, at, start, end, duplicate);
    }
    bool extends = at < queue->count && sequence_equal(queue->islands[at].end, start);
    uint32_t next = extends ? at + 1 : at;
    if (next < queue->count && sequence_before(queue->islands[next].start, end)) { /* its end is known already */
        struct sequence known = queue->islands[next].start;
        if (sequence_equal(duplicate->start, duplicate->end))
            *duplicate = (struct sack_block){known, end};
        frame_trim(payload, sequence_distance(start, known));
        end = known;
    }
    payload->next = NULL;
    if (extends) {
        struct island *island = &queue->islands[at];
        island->last->next = payload;
        island->last = payload;
        island->end = end;
        island->touched = ++queue->touches;
    } else if (islands_insert(queue, at, (struct island){start, end, payload, payload, ++queue->touches}) != 0) {
        frame_release(payload);
        return IMP_LIMIT;
    }
    queue->bytes += sequence_distance(start, end);
    queue->memory += payload->charge;
    islands_merge(queue, at);
    return 0;
}

struct frame *reassembly_take(struct reassembly *queue, struct sequence next, uint32_t *bytes)
{
    while (queue->count && sequence_at_most(queue->islands[0].start, next)) {
        struct island island = queue->islands[0];
        queue->bytes -= sequence_distance(island.start, island.end);
        for (const struct frame *frame = island.first; frame; frame = frame->next)
            queue->memory -= frame->charge;
        islands_remove(queue, 0, 1);
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
        for (uint32_t i = 0; i < queue->count; i++)
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
static uint32_t island_shorten(struct reassembly *queue, uint32_t goal)
{
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
    queue->bytes -= sequence_distance(sequence_add(island->start, bytes), island->end);
    if (last) {
        last->next = NULL;
        island->last = last;
        island->end = sequence_add(island->start, bytes);
    } else {
        islands_remove(queue, queue->count - 1u, 1);
    }
    uint32_t freed = chain_release(cut);
    queue->memory -= freed;
    return freed;
}

bool reassembly_prune(struct reassembly *queue, struct sequence start, uint32_t goal)
{
    bool any = false;
    while (goal && queue->count && sequence_at_most(start, queue->islands[queue->count - 1].start)) {
        uint32_t freed = island_shorten(queue, goal);
        goal -= freed < goal ? freed : goal;
        any = true;
    }
    return any;
}

void reassembly_free(struct reassembly *queue)
{
    for (uint32_t i = 0; i < queue->count; i++)
        (void)chain_release(queue->islands[i].first);
    memory_free(queue->islands);
    *queue = (struct reassembly){0};
}
