#ifndef IMP_CLI_LIVE_H
#define IMP_CLI_LIVE_H

#include "host/loop.h"
#include "lab/lab.h"

/* A lab brought up in virtual time and then run by the wall clock, for `imp exec` and `imp shell`. */
struct live {
    struct lab *lab;
    struct world *world;
    struct loop *loop;
    const char *node_name;
    struct node *node;
};
/* Loads the lab, starts it, and lets it settle. 0, or the exit status after a sentence on standard error, and then nothing is left.
 * `command` is the name for messages. */
int live_start(struct live *live, const char *command, const char *lab_path, const char *node_name);
void live_end(struct live *live);

/* Holds back the signals that live_run_child() passes on, from before the child is made, so that none that comes in between ends us. `before` is
 * the mask that the child is to have. */
void live_hold_signals(sigset_t *before);
/* Lets a child process and the lab run until the child ends. SIGINT, SIGTERM, SIGHUP and SIGQUIT that were sent to us alone are passed on to
 * it; those of the terminal reach it anyway. Returns what wait() told. Signals are held back still. */
int live_run_child(struct live *live, pid_t child);

#endif
