#ifndef IMP_TESTS_SWARM_SIDE_H
#define IMP_TESTS_SWARM_SIDE_H

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/node.h"
#include "engine/task.h"
#include "plan.h"
#include "transport/tcp/tcp.h"
#include "witness.h"

/* The world of one seed, and the two sides of each conversation in it: each side is a task that opens, writes, reads and ends as its plan says. */
enum fate { RUNNING, DONE, ABORTED, FAILED, CANCELLED, UNACCEPTED };
extern const char *const FATES[];

struct side {
    struct world *world;
    const struct plan_side *plan;
    const struct plan_talk *talk;
    unsigned host, role; /* 0 connects, 1 accepts */
    uint16_t port;
    struct condition changed;
    struct tcp_socket *listener, *socket;
    /* Of this round: */
    unsigned round;
    uint32_t written, read, writes;
    bool finished, at_end;
    struct instant next_write, next_read;
    bool stopped;
    /* Of all: */
    bool wrong;        /* a byte that the other side did not write there */
    bool wrong_length; /* more than was written so far, or an end elsewhere than behind the last byte */
    enum fate fate;    /* of the last round */
    int error;
    uint8_t buffer[65536];
};
struct world {
    const struct plan *plan;
    struct engine *engine;
    struct node *node[PLAN_NODES];
    struct stack *stack[PLAN_NODES];
    struct tcp *tcp[PLAN_NODES]; /* hosts only */
    struct wire *wire[PLAN_WIRES];
    struct side side[PLAN_TALKS][2];
    struct observer observer;
    struct witness witness;
    struct instant last_end; /* of a side */
};

struct ip address_of(const struct plan *plan, unsigned link, unsigned side);
void side_start(struct world *world, unsigned talk, unsigned role); /* before the talk's time */

#endif
