#ifndef IMP_LAB_SCENARIO_H
#define IMP_LAB_SCENARIO_H

#include "lab/job.h"
#include "lab/lab.h"

/* The steps of a lab's scenario, done one after the other, and what was found. */

/* Who wants to see the steps as they happen (the story, --json). Any of the functions may be NULL. What is given is borrowed. */
struct scenario_watcher {
    void (*said)(struct scenario_watcher *watcher, struct instant now, const char *sentence);
    void (*started)(struct scenario_watcher *watcher, struct instant now, const struct job *job);
    void (*ended)(struct scenario_watcher *watcher, struct instant now, const struct job *job);
    void (*fault)(struct scenario_watcher *watcher, struct instant now, const char *sentence);
    /* An expectation was judged: `sentence` says what was expected and, when it failed, what was seen. */
    void (*judged)(struct scenario_watcher *watcher, struct instant now, struct position at, bool held, const char *sentence);
};
struct scenario_result {
    size_t held, failed;
    size_t steps_left; /* not reached before `until` */
    bool settled;      /* false: the lab was not settled after 30 s and went on regardless */
    struct instant ended;
};
struct scenario;

/* Made before anything runs, so that every event since the lab's start counts: `world_options.observers` gets scenario_observer(),
 * which is NULL when no step asks for events. */
struct scenario *scenario_create(const struct lab *lab);
struct observer *scenario_observer(struct scenario *scenario);
/* Settles the lab (unless the first step says `at`), and does the steps, all at or before `until`; INSTANT_NEVER: to the end. */
void scenario_run(struct scenario *scenario, struct world *world, struct instant until, struct scenario_watcher *watcher,
                  struct scenario_result *result);
void scenario_destroy(struct scenario *scenario); /* after its world, which removes the observer */

#endif
