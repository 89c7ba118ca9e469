#ifndef IMP_ENGINE_ENGINE_H
#define IMP_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"

/* One world: a clock that is told how far to go, a queue of timers, and the nodes and wires that share them. The engine reads no
 * clock of its own: virtual time is `engine_run(e, until)` in one go; by the wall clock, the host calls it again and again with
 * what the clock says. Timers fire in the order (due, node that set them, that node's own counter): see design.md section 2. */
struct engine;
struct node;
struct timer;
struct observer;

struct engine *engine_create(uint64_t seed);
void engine_destroy(struct engine *engine); /* nodes, wires, tasks and frames end with it; cancels tasks first */

struct instant engine_now(const struct engine *engine);
uint64_t engine_seed(const struct engine *engine);
/* Fires everything due at or before `until`, in order, and leaves the clock at `until` (or where engine_stop() was called).
 * INSTANT_NEVER runs until nothing is scheduled; the clock then stays at the last event. Returns the number of timers fired. */
uint64_t engine_run(struct engine *engine, struct instant until);
/* Fires at most one timer due at or before `until`; false when there was none (the clock does not move then). */
bool engine_step(struct engine *engine, struct instant until);
struct instant engine_next_due(const struct engine *engine);      /* INSTANT_NEVER when nothing is scheduled */
void engine_stop(struct engine *engine);                          /* engine_run() returns after the present timer */
void engine_clock_set(struct engine *engine, struct instant now); /* moves the clock on, up to the next due timer at most */

/* Timers are members of their owners; container_of() finds the owner in `fire`. A zeroed timer is idle. */
struct timer {
    struct instant due;
    void (*fire)(struct timer *timer, struct instant now);
    uint32_t slot; /* place in the queue + 1; 0 = idle */
};
/* Schedules, or moves, to `due` (in the past counts as now). INSTANT_NEVER cancels. */
void timer_set(struct node *node, struct timer *timer, struct instant due, void (*fire)(struct timer *, struct instant));
void timer_cancel(struct node *node, struct timer *timer);
static inline bool timer_pending(const struct timer *timer) { return timer->slot != 0; }

/* What a benchmark and a leak check want to know. */
struct engine_counts {
    uint64_t timers_fired;
    uint64_t frames_carried; /* frame-hops: deliveries at the end of a wire */
    uint64_t frames_alive;   /* taken from the pool and not given back */
    uint64_t tasks_alive;
    uint64_t task_switches;
};
struct engine_counts engine_counts(const struct engine *engine);

/* The digest (design.md section 2): asked for before the run, read after it. 32 lower-case hex digits and a NUL. */
void engine_digest_enable(struct engine *engine);
void engine_digest(const struct engine *engine, char out[33]);

#endif
