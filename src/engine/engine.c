/* The engine: a clock, and what is due next.
 *
 * A world is a queue of timers and nothing else: a frame on a wire is a timer of that wire's direction, a sleeping task is a timer
 * of that task, TCP's retransmission is a timer of that connection. engine_step() takes the first, moves the clock to it and
 * calls it. The clock never goes back, and nobody but this file moves it. Virtual time and wall-clock time differ only in who says how far
 * to go: engine_run(INSTANT_NEVER), or a host loop that says "until now" each time it wakes.
 *
 * Order is (due, node that set the timer, that node's own counter). It depends on no pointer, no thread and no global counter, so a
 * run repeats to the byte, and a later engine may fire the timers of different nodes in parallel and arrive at the same bytes.
 *
 * The timers of wires are treated apart: most of what fires is a wire with more frames behind the first, so its entry stays in the
 * queue while the frame is delivered and is then moved to the next frame's time, in place of a removal and an insertion.
 *
 * Left out on purpose: threads. Partitions with their own queues can be added behind this header. */
#include "engine/engine.h"

#include <assert.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/memory.h"
#include "engine/engine_internal.h"

struct engine *engine_create(uint64_t seed)
{
    struct engine *engine = memory_take_zeroed(1, sizeof *engine);
    engine->seed = seed;
    list_init(&engine->observers);
    return engine;
}

void engine_destroy(struct engine *engine)
{
    if (!engine)
        return;
    for (uint32_t id = 1; id <= engine->node_count; id++)
        node_tasks_end(engine->node_by_id[id]);
    nodes_destroy(engine);
    wires_destroy(engine);
    stacks_free(&engine->stacks);
    frames_free(&engine->frames);
    queue_free(&engine->queue);
    map_free(&engine->nodes);
    map_free(&engine->wires);
    memory_free(engine->node_by_id);
    arena_free(&engine->arena);
    memory_free(engine);
}

struct instant engine_now(const struct engine *engine) { return engine->now; }
uint64_t engine_seed(const struct engine *engine) { return engine->seed; }
void engine_stop(struct engine *engine) { engine->stopping = true; }

struct instant engine_next_due(const struct engine *engine)
{
    /* looking may move what is next into the heap, which changes nothing that anyone sees */
    const struct queue_entry *first = queue_first((struct queue *)&engine->queue);
    return first ? (struct instant){first->due_ns} : INSTANT_NEVER;
}

bool engine_step(struct engine *engine, struct instant until)
{
    const struct queue_entry *first = queue_first(&engine->queue);
    if (!first || first->due_ns > until.ns)
        return false;
    struct timer *timer = first->timer;
    if (first->due_ns > engine->now.ns)
        engine->now.ns = first->due_ns;
    engine->timers_fired++;
    if (timer->fire != wire_fire)
        queue_remove(&engine->queue, timer);
    timer->fire(timer, engine->now);
    return true;
}

uint64_t engine_run(struct engine *engine, struct instant until)
{
    uint64_t before = engine->timers_fired;
    engine->stopping = false;
    while (!engine->stopping && engine_step(engine, until))
        ;
    if (!engine->stopping && !instant_is_never(until) && engine->now.ns < until.ns)
        engine->now = until;
    return engine->timers_fired - before;
}

void engine_clock_set(struct engine *engine, struct instant now)
{
    now = instant_min(now, engine_next_due(engine));
    engine->now = instant_max(now, engine->now);
}

void timer_set(struct node *node, struct timer *timer, struct instant due, void (*fire)(struct timer *, struct instant))
{
    struct engine *engine = node->engine;
    if (instant_is_never(due)) {
        queue_remove(&engine->queue, timer);
        return;
    }
    timer->fire = fire;
    queue_set(&engine->queue, timer, instant_max(due, engine->now).ns, node_tie(node), timer);
}

void timer_cancel(struct node *node, struct timer *timer) { queue_remove(&node->engine->queue, timer); }

struct engine_counts engine_counts(const struct engine *engine)
{
    return (struct engine_counts){
        .timers_fired = engine->timers_fired,
        .frames_carried = engine->frames_carried,
        .frames_alive = engine->frames.alive,
        .tasks_alive = engine->tasks_alive,
        .task_switches = engine->task_switches,
    };
}

void engine_digest_enable(struct engine *engine) { engine->digesting = true; }
