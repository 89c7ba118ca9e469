/* Running a tool for a person.
 *
 * A tool is sequential code on a task. Two ways of Ctrl-C fit such tools. ping catches it: it stops asking, prints its summary and exits;
 * in our tools that is a look at io->interrupted between two steps. curl does not catch it: it simply dies; here the task is cancelled, every
 * call that waits returns IMP_CANCELLED, the tool cleans up and returns, and its status is replaced by 130, what a shell says of a program
 * that SIGINT ended. Which kind a tool is shows by itself: it has asked before, or it has not. One that asked but does not come to its next
 * question in TOOL_GRACE_MS is cancelled too; so is any at a second Ctrl-C.
 *
 * A tool whose reader has gone away (`ping host | head -1`) is cancelled, as SIGPIPE would end its namesake. */
#include "cli/tool_task.h"

#include "base/error.h"
#include "base/memory.h"
#include "engine/task.h"

static void run(struct net *net, void *argument)
{
    struct tool_task *task = argument;
    struct tool_run tool_run = {.net = net, .io = &task->io, .argc = task->argc, .argv = task->argv};
    task->task = task_current();
    int status = task->cancelled ? TOOL_STATUS_INTERRUPTED : task->tool->run(&tool_run);
    timer_cancel(net_node(net), &task->grace);
    task->task = NULL;
    task->ended(task, task->cancelled ? TOOL_STATUS_INTERRUPTED : status & 0xff);
}

int tool_task_start(struct tool_task *task) { return net_spawn(task->net, task->tool->name, run, task); }

void tool_task_cancel(struct tool_task *task)
{
    task->cancelled = true;
    if (task->task)
        task_cancel(task->task);
}

static void grace_over(struct timer *timer, struct instant now)
{
    (void)now;
    tool_task_cancel(container_of(timer, struct tool_task, grace));
}

void tool_task_interrupt(struct tool_task *task)
{
    bool again = task->interrupt;
    task->interrupt = true;
    if (!task->task || !task->asked || again) {
        tool_task_cancel(task);
        return;
    }
    struct instant due = instant_add(net_now(task->net), TOOL_GRACE_MS * NS_PER_MS);
    timer_set(net_node(task->net), &task->grace, due, grace_over);
}

bool tool_task_interrupted(struct tool_task *task)
{
    task->asked = true;
    return task->interrupt;
}
