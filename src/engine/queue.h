#ifndef IMP_ENGINE_QUEUE_H
#define IMP_ENGINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/* The queue of timers, ordered by (due, tie): a small heap of what is due soon, and a wheel in which the rest waits without being
 * sorted. Each timer knows where it is, so that it can be moved or taken out. */
struct timer;
struct queue_entry {
    int64_t due_ns; /* at least 0 */
    uint64_t tie;
    struct timer *timer;
    const void *touches; /* what will be looked at when it fires, so that it can be asked for in time; never followed */
};
enum { WHEEL_LEVELS = 7, WHEEL_SLOT_BITS = 8, WHEEL_SLOTS = 1 << WHEEL_SLOT_BITS };
struct wheel_entry;
struct queue {
    struct queue_entry *heap; /* everything due before horizon_ns */
    uint32_t count, capacity;
    uint32_t spill_at; /* so many in the heap are too many */
    uint32_t wheel_count;
    uint64_t horizon_ns;      /* the end of base's grain; 0: nothing was ever scheduled */
    struct wheel_entry *pool; /* [0] is no entry, so that 0 ends a list */
    uint32_t pool_used, pool_capacity, pool_free;
    uint32_t levels;                                   /* a bit for each level that has entries, */
    uint32_t words[WHEEL_LEVELS];                      /* for each word of those that is not zero, */
    uint64_t occupied[WHEEL_LEVELS][WHEEL_SLOTS / 64]; /* and for each list that is not empty */
    uint32_t slots[WHEEL_LEVELS * WHEEL_SLOTS];
};

void queue_free(struct queue *queue);
/* Puts the timer in, or moves it, to (due, tie). Writes timer->due and timer->slot. `touches`: see above; the timer itself at least. */
void queue_set(struct queue *queue, struct timer *timer, int64_t due_ns, uint64_t tie, const void *touches);
/* The same for the first of all, which has been seen by queue_first() and is still in its place, and not to be earlier than it was. */
void queue_move_first(struct queue *queue, int64_t due_ns, uint64_t tie, const void *touches);
void queue_remove(struct queue *queue, struct timer *timer);             /* nothing when it is idle */
const struct queue_entry *queue_refill(struct queue *queue);             /* queue_first()'s other case: the heap is empty */
static inline const struct queue_entry *queue_first(struct queue *queue) /* NULL when nothing is scheduled */
{
    return queue->count ? queue->heap : queue_refill(queue);
}

#endif
