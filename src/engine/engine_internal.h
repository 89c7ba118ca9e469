#ifndef IMP_ENGINE_ENGINE_INTERNAL_H
#define IMP_ENGINE_ENGINE_INTERNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "engine/node.h"
#include "engine/queue.h"

/* What the rooms of engine/ share and nobody else sees. */
enum { FRAME_CLASSES = 3 }; /* FRAME_SMALL, FRAME_MIDDLE, FRAME_LARGE */
struct frame_pool {
    struct frame *free[FRAME_CLASSES];
    uint32_t free_count[FRAME_CLASSES];
    uint64_t alive;
};
struct stack_pool { /* task stacks that wait for their next task, linked through their first bytes */
    void *free;
    uint32_t free_count;
};
struct engine {
    struct instant now;
    uint64_t seed;
    struct queue queue;
    struct list observers;
    uint32_t samplers; /* observers that want samples */
    struct frame_pool frames;
    struct stack_pool stacks;
    struct map nodes; /* by name, in order of creation */
    struct map wires;
    struct node **node_by_id; /* [1..node_count] */
    uint32_t node_count;
    struct arena arena;                      /* wires, ports and names */
    const struct wire_settings *settings[4]; /* which wires were made with of late */
    uint32_t settings_next;
    uint64_t timers_fired, frames_carried, tasks_alive, task_switches;
    bool (*mark)(struct frame **frame); /* wires_mark_with() */
    bool stopping, digesting;
};

/* The queue's tie-break: the node, then its own count of events caused. 2^24 nodes, 2^40 events each. */
static inline uint64_t node_tie(struct node *node) { return (uint64_t)node->id << 40 | node->counter++; }

void wire_fire(struct timer *timer, struct instant now); /* known to engine_step(), which keeps its place in the queue */
void wires_destroy(struct engine *engine);
void nodes_destroy(struct engine *engine);
void node_tasks_end(struct node *node);          /* cancels every task and runs it to its end */
struct task *node_task_first(struct node *node); /* the first that is not running right now; NULL: none */
void task_end(struct task *task);                /* cancels it and runs it to where it parks or ends */
void stacks_free(struct stack_pool *stacks);
void frames_free(struct frame_pool *pool);

#endif
