/* Tasks: stackful coroutines.
 *
 * A task's memory is one mapping: a guard page at the bottom, then the stack, with struct task itself at the top. Mappings are
 * kept for the next task (a conversation usually lasts milliseconds), and the kernel gives them pages only as they are touched.
 *
 * Running a task is a call: task_resume() switches to its stack and comes back when the task parks or ends. A task can
 * therefore be resumed from the engine, and also from inside another task (which happens when one switches a node off). Parking with a
 * deadline sets the task's one timer to the deadline; a wake moves that timer to now. So a task costs at most one entry in the queue, and it
 * runs at an instant and in an order that the queue's rules decide.
 *
 * Waking is sticky: a wake that comes while the task is running makes its next park return at once. Conditions may therefore wake
 * spuriously, and everybody who waits looks again.
 *
 * Switching is a page of assembly (task_switch.S) on x86-64 and AArch64, and ucontext elsewhere. AddressSanitizer is told of every
 * switch, or it would take the other stack for an overflow. */
#include "engine/task.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/engine_internal.h"
#include "engine/sanitizer.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#define IMP_UCONTEXT 1
#include <ucontext.h>
#else
#define IMP_UCONTEXT 0
#endif

#if IMP_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum { GUARD_BYTES = 4096, STACKS_FREE_MAX = 4096 };
enum { STACK_BYTES = IMP_ADDRESS_SANITIZER ? 4 * TASK_STACK_BYTES : TASK_STACK_BYTES };

enum task_phase { TASK_NEW, TASK_PARKED, TASK_RUNNING, TASK_ENDED };

struct task {
    struct list link; /* in its node */
    struct timer timer;
    struct node *node;
    const char *name;
    void (*run)(void *argument);
    void *argument;
    enum task_phase phase;
    bool woken, cancelled;
    struct task *resumer; /* the task, if any, that this one goes back to */
#if IMP_UCONTEXT
    ucontext_t context, back_context;
#else
    void *stack_pointer, *back_pointer;
#endif
#if IMP_ADDRESS_SANITIZER
    void *fake_stack, *back_fake_stack;
    const void *back_bottom;
    size_t back_bytes;
#endif
};

static _Thread_local struct task *current;

struct task *task_current(void) { return current; }
struct node *task_node(const struct task *task) { return task->node; }
const char *task_name(const struct task *task) { return task->name; }
bool task_cancelled(const struct task *task) { return task->cancelled; }

/* ---- stacks ---- */

static uint8_t *task_mapping(struct task *task) { return (uint8_t *)(task + 1) - STACK_BYTES - GUARD_BYTES; }

static struct task *stack_obtain(struct stack_pool *pool)
{
    struct task *task = pool->free;
    if (task) {
        memcpy(&pool->free, task, sizeof(void *));
        pool->free_count--;
        memset(task, 0, sizeof *task);
        return task;
    }
    uint8_t *mapping =
        mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED || mprotect(mapping, GUARD_BYTES, PROT_NONE) != 0) {
        fputs("imp: no memory for another task's stack\n", stderr);
        abort();
    }
    return (struct task *)(void *)(mapping + GUARD_BYTES + STACK_BYTES) - 1; /* the mapping is fresh: all zero */
}

static void stack_give_back(struct stack_pool *pool, struct task *task)
{
    if (pool->free_count >= STACKS_FREE_MAX) {
        munmap(task_mapping(task), GUARD_BYTES + STACK_BYTES);
        return;
    }
#if IMP_ADDRESS_SANITIZER
    ASAN_UNPOISON_MEMORY_REGION(task_mapping(task) + GUARD_BYTES, STACK_BYTES);
#endif
    memcpy(task, &pool->free, sizeof(void *));
    pool->free = task;
    pool->free_count++;
}

void stacks_free(struct stack_pool *pool)
{
    while (pool->free) {
        struct task *task = pool->free;
        memcpy(&pool->free, task, sizeof(void *));
        munmap(task_mapping(task), GUARD_BYTES + STACK_BYTES);
    }
    pool->free_count = 0;
}

/* ---- switching ---- */

static void switch_back(struct task *task, bool for_ever);

static void task_body(struct task *task)
{
#if IMP_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(NULL, &task->back_bottom, &task->back_bytes);
#endif
    task->run(task->argument);
    task->phase = TASK_ENDED;
    switch_back(task, true);
    abort(); /* an ended task is never resumed */
}

#if IMP_UCONTEXT
static void task_entry(unsigned high, unsigned low) { task_body((struct task *)(uintptr_t)((uint64_t)high << 32 | low)); }
static void task_prepare(struct task *task)
{
    getcontext(&task->context);
    task->context.uc_stack.ss_sp = task_mapping(task) + GUARD_BYTES;
    task->context.uc_stack.ss_size = STACK_BYTES - sizeof *task;
    uint64_t address = (uintptr_t)task;
    makecontext(&task->context, (void (*)(void))task_entry, 2, (unsigned)(address >> 32), (unsigned)address);
}
static void machine_switch_to(struct task *task) { swapcontext(&task->back_context, &task->context); }
static void machine_switch_back(struct task *task) { swapcontext(&task->context, &task->back_context); }
#else
void task_switch(void **save, void *load);

static void task_entry(void) { task_body(current); }

static void task_prepare(struct task *task)
{
    uintptr_t top = (uintptr_t)task & ~(uintptr_t)15;
#if defined(__x86_64__)
    uint64_t *sp = (uint64_t *)top;
    *--sp = 0; /* a return address that nobody returns to; it also aligns the stack as a call would */
    *--sp = (uint64_t)(uintptr_t)task_entry;
    sp -= 6; /* rbp rbx r12 r13 r14 r15 */
    memset(sp, 0, 6 * sizeof *sp);
#else
    uint64_t *sp = (uint64_t *)(top - 160);
    memset(sp, 0, 160);
    sp[1] = (uint64_t)(uintptr_t)task_entry; /* x30 */
#endif
    task->stack_pointer = sp;
}
static void machine_switch_to(struct task *task) { task_switch(&task->back_pointer, task->stack_pointer); }
static void machine_switch_back(struct task *task) { task_switch(&task->stack_pointer, task->back_pointer); }
#endif

static void switch_to(struct task *task)
{
#if IMP_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(&task->back_fake_stack, task_mapping(task) + GUARD_BYTES, STACK_BYTES - sizeof *task);
    machine_switch_to(task);
    __sanitizer_finish_switch_fiber(task->back_fake_stack, NULL, NULL);
#else
    machine_switch_to(task);
#endif
}

static void switch_back(struct task *task, bool for_ever)
{
#if IMP_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(for_ever ? NULL : &task->fake_stack, task->back_bottom, task->back_bytes);
    machine_switch_back(task);
    __sanitizer_finish_switch_fiber(task->fake_stack, &task->back_bottom, &task->back_bytes);
#else
    (void)for_ever;
    machine_switch_back(task);
#endif
}

/* Runs the task until it parks or ends; frees it when it ended. */
static void task_resume(struct task *task)
{
    struct engine *engine = task->node->engine;
    queue_remove(&engine->queue, &task->timer);
    task->resumer = current;
    current = task;
    task->phase = TASK_RUNNING;
    engine->task_switches++;
    switch_to(task);
    current = task->resumer;
    if (task->phase == TASK_ENDED) {
        list_remove(&task->link);
        engine->tasks_alive--;
        stack_give_back(&engine->stacks, task);
    }
}

static void task_fire(struct timer *timer, struct instant now)
{
    (void)now;
    task_resume(container_of(timer, struct task, timer));
}

/* ---- the contract ---- */

struct task *task_start(struct node *node, const char *name, void (*run)(void *argument), void *argument)
{
    struct task *task = stack_obtain(&node->engine->stacks);
    task->node = node;
    task->name = name;
    task->run = run;
    task->argument = argument;
    task->phase = TASK_NEW;
    task_prepare(task);
    list_push_back(&node->tasks, &task->link);
    node->engine->tasks_alive++;
    timer_set(node, &task->timer, node->engine->now, task_fire);
    return task;
}

int task_park(struct instant deadline)
{
    struct task *task = current;
    assert(task && task->phase == TASK_RUNNING);
    if (task->cancelled)
        return IMP_CANCELLED;
    if (!task->woken) {
        struct engine *engine = task->node->engine;
        if (instant_reached(engine->now, deadline))
            return IMP_TIMEOUT;
        timer_set(task->node, &task->timer, deadline, task_fire);
        task->phase = TASK_PARKED;
        switch_back(task, false);
        if (task->cancelled)
            return IMP_CANCELLED;
        if (!task->woken)
            return IMP_TIMEOUT;
    }
    task->woken = false;
    return 0;
}

void task_wake(struct task *task)
{
    if (task->woken)
        return;
    task->woken = true;
    if (task->phase == TASK_PARKED)
        timer_set(task->node, &task->timer, task->node->engine->now, task_fire);
}

int task_sleep(struct instant until)
{
    for (;;) {
        int result = task_park(until);
        if (result == IMP_TIMEOUT)
            return 0;
        if (result < 0)
            return result;
    }
}

void task_cancel(struct task *task)
{
    task->cancelled = true;
    if (task->phase == TASK_PARKED)
        timer_set(task->node, &task->timer, task->node->engine->now, task_fire);
}

struct task *node_task_first(struct node *node)
{
    list_each (link, &node->tasks) {
        struct task *task = list_entry(link, struct task, link);
        if (task->phase != TASK_RUNNING) /* whoever is running now ends by itself: it is cancelled below */
            return task;
        task->cancelled = true;
    }
    return NULL;
}

void task_end(struct task *task)
{
    task->cancelled = true;
    task_resume(task);
}

/* ---- conditions ---- */

void condition_wake(struct condition *condition)
{
    list_each (link, &condition->waiters) {
        task_wake(list_entry(link, struct waiter, link)->task);
    }
}

void condition_enter(struct condition *condition, struct waiter *waiter)
{
    assert(current);
    waiter->task = current;
    list_push_back(&condition->waiters, &waiter->link);
}

void condition_leave(struct waiter *waiter) { list_remove(&waiter->link); }

int condition_wait(struct condition *condition, struct instant deadline)
{
    struct waiter waiter = {0};
    condition_enter(condition, &waiter);
    int result = task_park(deadline);
    condition_leave(&waiter);
    return result;
}
