#ifndef IMP_LAB_LAB_H
#define IMP_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/time.h"
#include "engine/engine.h"
#include "lab/fault.h"

/* A lab, from its file to a running world and back to nothing. Who runs labs (run, test, exec, shell, the web page) does:
 *
 *   lab_load(path, &faults, &lab)          the file, checked; or all of its faults
 *   world_create(lab, &options, ...)       engine, nodes, wires, stacks, services started; virtual time 0
 *   world_settle(world)                    until addresses and services are ready
 *   scenario_run(world, ...) (scenario.h)  the steps of the file
 *   world_destroy(world, &leaks)           everything ends; tells what was left over (nothing, unless imp has a defect)
 */
struct lab;
struct world;
struct net;
struct node;
struct stack;
struct tool;

/* 0, or IMP_MALFORMED with at least one fault (also when the file cannot be read). End with lab_free(). */
int lab_load(const char *path, struct fault_list *faults, struct lab **out);
int lab_load_bytes(const char *path, const void *data, size_t length, struct fault_list *faults, struct lab **out);
void lab_free(struct lab *lab);
const char *lab_name(const struct lab *lab);
const char *lab_about(const struct lab *lab); /* never NULL */

/* The wall clock of a live run: waits until `due` or until something from outside arrived, and says what time it is now (at most
 * `due`). In virtual time there is none. */
struct world_clock {
    struct instant (*wait)(struct world_clock *clock, struct instant due);
};
struct world_options {
    bool seed_given;
    uint64_t seed;                 /* instead of the file's */
    bool digest;                   /* engine_digest_enable() */
    struct world_clock *clock;     /* NULL: virtual time. Borrowed for the world's life. */
    struct observer *observers[4]; /* added before anything happens; removed by world_destroy() */
};
/* The lab is borrowed for the world's life. IMP_INVALID with a sentence in `error` when a service cannot start. */
int world_create(const struct lab *lab, const struct world_options *options, struct text *error, struct world **out);

struct engine *world_engine(struct world *world);
const struct lab *world_lab(const struct world *world);
struct node *world_node(struct world *world, const char *name);   /* NULL when there is none */
struct net *world_net(struct world *world, const char *name);     /* NULL for a switch, a hub, and a node that is off */
struct stack *world_stack(struct world *world, const char *name); /* likewise */
/* The wire of that name, or the one plugged into "node.port"; NULL when there is none. */
struct wire *world_wire(struct world *world, const char *name);

/* Runs until `until`, or until `done` (may be NULL) says so after an engine_stop(). True when done. */
bool world_run(struct world *world, struct instant until, bool (*done)(void *context), void *context);
/* Ends the run soon: world_run() and world_settle() return false from now on. May be called in a signal handler. */
void world_interrupt(struct world *world);
bool world_interrupted(const struct world *world);
bool world_settled(const struct world *world); /* every address is ready and every service says so */
bool world_settle(struct world *world);        /* runs until settled, at most WORLD_SETTLE_LIMIT_S: false when that passed */
bool world_settle_by(struct world *world, struct instant limit); /* likewise, at most until `limit` */
enum { WORLD_SETTLE_LIMIT_S = 30 };
/* The names of what is not settled, for the person; at most a few. */
void world_unsettled(const struct world *world, struct text *out);

/* Power. Off: services stop, the stack ends, what is plugged in loses its carrier. On: all is built anew, as at the start. */
int world_power(struct world *world, const char *node, bool on, struct text *error);

/* What was not given back: 0 each, or imp has a defect. */
struct world_leaks {
    uint64_t frames, tasks;
};
void world_destroy(struct world *world, struct world_leaks *leaks); /* `leaks` may be NULL */

#endif
