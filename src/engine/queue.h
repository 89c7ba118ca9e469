#ifndef IMP_ENGINE_QUEUE_H
#define IMP_ENGINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/* The queue of timers: a heap of four children a node, ordered by (due, tie). The keys lie in the heap itself, so that comparing
 * touches no timer; each timer knows its slot, so that it can be moved or taken out. Source: any text on d-ary heaps. */
struct timer;
struct queue_entry {
    int64_t due_ns;
    uint64_t tie;
    struct timer *timer;
};
struct queue {
    struct queue_entry *heap;
    uint32_t count, capacity;
};

void queue_free(struct queue *queue);
/* Puts the timer in, or moves it, to (due, tie). Writes timer->due and timer->slot. */
void queue_set(struct queue *queue, struct timer *timer, int64_t due_ns, uint64_t tie);
void queue_remove(struct queue *queue, struct timer *timer); /* nothing when it is idle */
static inline const struct queue_entry *queue_first(const struct queue *queue) { return queue->count ? queue->heap : NULL; }

#endif
