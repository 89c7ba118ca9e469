/* The queue of timers.
 *
 * A heap in an array, four children to a parent: half as deep as a binary heap, and the four children's keys share one or two
 * cache lines. An entry carries its whole key (when it is due, and the tie-break of design.md section 2), so sifting compares entries
 * without following a pointer; only a move writes into a timer, to tell it its new slot.
 *
 * Nothing here is allocated per event: the array grows by doubling, and timers are members of their owners. A lab has few pending
 * timers (a wire direction has one entry, however many frames it carries), so the heap is shallow and stays in the nearest cache;
 * bench_engine prints what an event costs beside a binary heap.
 *
 * Slots in timers count from 1, since a zeroed timer is an idle one. */
#include "engine/queue.h"

#include "base/memory.h"
#include "engine/engine.h"

void queue_free(struct queue *queue)
{
    memory_free(queue->heap);
    *queue = (struct queue){0};
}

/* Both halves of the key as one number, since due_ns is never negative: compared without a branch to mispredict. */
static inline unsigned __int128 entry_key(const struct queue_entry *entry)
{
    return (unsigned __int128)(uint64_t)entry->due_ns << 64 | entry->tie;
}

static inline bool entry_before(const struct queue_entry *a, const struct queue_entry *b)
{
    return entry_key(a) < entry_key(b);
}

static inline void place(struct queue *queue, uint32_t at, const struct queue_entry *entry)
{
    queue->heap[at] = *entry;
    entry->timer->slot = at + 1;
}

static void sift_up(struct queue *queue, uint32_t at, struct queue_entry entry)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 4;
        if (!entry_before(&entry, &queue->heap[parent]))
            break;
        place(queue, at, &queue->heap[parent]);
        at = parent;
    }
    place(queue, at, &entry);
}

static void sift_down(struct queue *queue, uint32_t at, struct queue_entry entry)
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
        if (!(least_key < entry_key(&entry)))
            break;
        place(queue, at, &queue->heap[least]);
        at = least;
    }
    place(queue, at, &entry);
}

void queue_set(struct queue *queue, struct timer *timer, int64_t due_ns, uint64_t tie)
{
    struct queue_entry entry = {.due_ns = due_ns, .tie = tie, .timer = timer};
    timer->due.ns = due_ns;
    if (timer->slot) {
        uint32_t at = timer->slot - 1;
        if (entry_before(&entry, &queue->heap[at]))
            sift_up(queue, at, entry);
        else
            sift_down(queue, at, entry);
        return;
    }
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
        queue->heap = memory_grow(queue->heap, queue->capacity, sizeof *queue->heap);
    }
    sift_up(queue, queue->count++, entry);
}

void queue_remove(struct queue *queue, struct timer *timer)
{
    if (!timer->slot)
        return;
    uint32_t at = timer->slot - 1;
    timer->slot = 0;
    struct queue_entry last = queue->heap[--queue->count];
    if (at == queue->count)
        return;
    if (at > 0 && entry_before(&last, &queue->heap[(at - 1) / 4]))
        sift_up(queue, at, last);
    else
        sift_down(queue, at, last);
}
