#ifndef IMP_LAB_JOB_H
#define IMP_LAB_JOB_H

#include "base/list.h"
#include "lab/world.h"
#include "tools/tool.h"

/* A tool running on a node, as a task of that node, with its output captured: what a scenario's `run` starts. */
struct job {
    struct list link; /* its owner's */
    struct world *world;
    struct node *node;
    const char *command;       /* as typed, borrowed */
    struct text output, error; /* at most LIMIT_LAB_OUTPUT_BYTES each */
    bool output_cut;
    struct instant started, ended;
    int status; /* 0..255 once done */
    bool done, interrupted;
    /* the job's own */
    const struct tool *tool;
    struct tool_io io;
    struct tool_run run;
    struct task *task;
};

/* Starts it; the words are borrowed until the job is freed. A node that is off, or a tool that is not there, is a job done at once with status
 * 127 and a sentence in `error`. engine_stop() is called when the job is done. */
struct job *job_start(struct world *world, struct world_node *node, const char *command, int word_count, char **words);
void job_interrupt(struct job *job); /* as Ctrl-C */
void job_free(struct job *job);      /* once it is done, or its world is gone */

#endif
