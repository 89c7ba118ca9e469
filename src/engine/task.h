#ifndef IMP_ENGINE_TASK_H
#define IMP_ENGINE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"

struct node;

/* A task: a conversation written as plain sequential code on a small stack of its own. It runs until it parks; nothing else of its
 * engine runs meanwhile. It belongs to a node and ends when its function returns. A task that is woken runs as an event of its own
 * at the same instant, in the node's order. When its node goes down or the engine ends, it is cancelled (one that never ran yet runs now, so that it can give back what it was given): every call that
 * blocks then returns IMP_CANCELLED at once, and it must return soon without blocking again. */
struct task;

enum { TASK_STACK_BYTES = 64 * 1024 }; /* mapped lazily, a guard page below; four times that under a sanitizer */

/* `name` is borrowed for the task's life. The first run is an event at the present instant. */
struct task *task_start(struct node *node, const char *name, void (*run)(void *argument), void *argument);
struct task *task_current(void); /* NULL outside any task */
struct node *task_node(const struct task *task);
const char *task_name(const struct task *task);
/* Waits: 0 when woken, IMP_TIMEOUT at the deadline, IMP_CANCELLED. Only inside a task. */
int task_park(struct instant deadline);
void task_wake(struct task *task);    /* several wakes before it runs count once */
int task_sleep(struct instant until); /* 0, or IMP_CANCELLED */
void task_cancel(struct task *task);  /* takes effect when it next runs, which is now */
bool task_cancelled(const struct task *task);

/* What a task waits for. A zeroed condition must be made ready with condition_init(). Waking a condition wakes every waiter; each
 * looks again for itself whether what it wants is there. A waiter is on the waiting task's own stack, so a task can wait on several. */
struct condition {
    struct list waiters;
};
struct waiter {
    struct list link;
    struct task *task;
};
static inline void condition_init(struct condition *condition) { list_init(&condition->waiters); }
void condition_wake(struct condition *condition);
void condition_enter(struct condition *condition, struct waiter *waiter); /* the present task will be woken too */
void condition_leave(struct waiter *waiter);
int condition_wait(struct condition *condition, struct instant deadline); /* enter, park, leave */

#endif
