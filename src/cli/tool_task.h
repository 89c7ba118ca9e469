#ifndef IMP_CLI_TOOL_TASK_H
#define IMP_CLI_TOOL_TASK_H

#include <stdbool.h>

#include "engine/engine.h"
#include "tools/tool.h"

/* A tool running as a task, by the wall clock, for a person who may press Ctrl-C: what `imp TOOL` and `imp shell` share. The struct is
 * a member of its owner, who fills in the first part and keeps it all until `ended` was called. */
struct tool_task {
    const struct tool *tool;
    struct net *net;
    struct tool_io io; /* its `interrupted` must be tool_task_interrupted(), called with this struct */
    int argc;
    char **argv;
    void (*ended)(struct tool_task *task, int status); /* the last call of the task; may free everything */

    struct task *task; /* NULL before and after it runs */
    struct timer grace;
    bool interrupt, asked, cancelled;
};
enum { TOOL_GRACE_MS = 1500, TOOL_STATUS_INTERRUPTED = 130 };

int tool_task_start(struct tool_task *task); /* 0, or an error, and then `ended` is not called */
/* Ctrl-C: a tool that asks for interruptions has TOOL_GRACE_MS to finish in its own way; any other is cancelled, and ends with
 * TOOL_STATUS_INTERRUPTED. */
void tool_task_interrupt(struct tool_task *task);
bool tool_task_interrupted(struct tool_task *task); /* for the tool's `interrupted` */
void tool_task_cancel(struct tool_task *task);      /* nobody reads its output any more */

#endif
