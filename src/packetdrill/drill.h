#ifndef IMP_PACKETDRILL_DRILL_H
#define IMP_PACKETDRILL_DRILL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"
#include "engine/engine.h"
#include "packetdrill/flags.h"

/* The plug-in's world: an engine with one node, whose only wire ends in the program that drives us. One lock is around everything: each
 * call of the table takes it first. The thread that made the world drives the clock; what other threads (guests) may do to it, clock.c says. */
struct captured { /* a raw IP packet that the stack sent */
    struct list link;
    struct instant time;
    uint32_t length;
    uint8_t bytes[];
};
struct descriptor;
enum { LIMIT_DESCRIPTORS = 1024, LIMIT_CAPTURED = 1 << 16 };

struct drill {
    struct list link; /* among all worlds (outside.c) */
    pthread_mutex_t lock;
    pthread_t driver;    /* the thread that made the world, */
    pid_t driver_task;   /* the same as the kernel counts */
    bool driver_inside;  /* in a call */
    uint64_t calls;      /* made so far, by anyone, */
    unsigned inside;     /* and how many are under way */
    bool ending;         /* free() was called */
    unsigned looks;      /* calls of gettimeofday in a row that a guest made */
    struct list waits;   /* struct wait.link: guests that are blocked */
    bool guest_woken;    /* since others were last known to sleep */
    unsigned creeps;     /* calls of gettimeofday in a row */
    unsigned silences;   /* times in a row that nothing was received */
    unsigned impatience; /* times that another thread would not sleep */
    struct drill_flags flags;
    struct engine *engine;
    struct node *node;
    struct stack *stack;
    struct tcp *tcp;
    struct udp_layer *udp;
    struct interface *interface;
    struct list captured;
    uint32_t captured_count;
    bool open;             /* what is sent is captured: not while the world is being made */
    uint64_t sysctl_mark;  /* of the settings file as last read, */
    uint32_t forgotten;    /* and its commands that were obeyed */
    int64_t children_used; /* by the program's children that had ended when a socket was last made */
    uint32_t backlog_most; /* net.core.somaxconn */
    int anchor;            /* the file whose duplicates take our descriptors' numbers */
    uint64_t descriptors_made;
    struct descriptor *descriptors[LIMIT_DESCRIPTORS];
};

/* ---- clock.c: time and threads ---- */
#define DRILL_EPOCH_S INT64_C(1000000000) /* what gettimeofday says when the world is made */
static inline struct instant drill_now(const struct drill *drill) { return engine_now(drill->engine); }
int64_t drill_wall_us(struct instant time);
void drill_enter(struct drill *drill); /* takes the lock */
void drill_leave(struct drill *drill); /* runs what is due now, wakes guests, gives the lock back; keeps errno */
/* Blocks until `ready` says so (true) or the deadline passes (false; INSTANT_NEVER: none). A guest sleeps while the driver moves the
 * clock; the driver moves it itself, and gives up when nothing is going to happen. Nothing borrowed from before the call may be
 * trusted after it, but what `ready` and the caller keep alive. */
bool drill_wait(struct drill *drill, bool (*ready)(struct drill *drill, void *context), void *context, struct instant deadline);
void drill_look(struct drill *drill); /* someone asks for the time; takes the place of drill_enter() */
void drill_advance(struct drill *drill, struct instant until);
bool drill_send_away(struct drill *drill);         /* the world ends: all guests leave their calls; false: someone does not */
bool drill_advance_to_packet(struct drill *drill); /* until one is captured; false: none will be */

/* ---- device.c: the wire's end ---- */
void device_create(struct drill *drill); /* node, stack, addresses; settled */
void device_destroy(struct drill *drill);
bool device_own(struct drill *drill, const struct ip *address);            /* ours, or from now on; false: it cannot be */
int device_inject(struct drill *drill, const void *packet, size_t length); /* 0, or -1 with errno */

/* ---- outside.c: what the program would ask the kernel of our descriptors ---- */
struct packetdrill_interface;
void outside_begin(struct drill *drill, const struct packetdrill_interface *table);
void outside_end(struct drill *drill);

/* ---- sysctl.c ---- */
void sysctl_default(struct drill *drill);
void sysctl_refresh(struct drill *drill); /* reads the file of IMP_SYSCTL_FILE when it has changed */
void sysctl_shells_seen(struct drill *drill);
void sysctl_shells_wait(struct drill *drill,
                        uint64_t us); /* before a sleep of `us`, without the lock: gives a shell's jobs real time */

#endif
