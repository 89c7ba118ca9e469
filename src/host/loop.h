#ifndef IMP_HOST_LOOP_H
#define IMP_HOST_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "base/list.h"
#include "base/time.h"
#include "engine/engine.h"

/* Drives an engine by the wall clock: fires its timers when they are due, and in between sleeps in epoll until a file descriptor is ready
 * or a signal comes. Instants go on from where the engine's clock stood when the loop was made, so that a lab can run ahead in virtual time
 * first. One thread; everything below is called from it. */
struct loop;

/* NULL when the kernel gives no epoll (errno tells). The engine is borrowed and must outlive the loop. */
struct loop *loop_create(struct engine *engine);
void loop_destroy(struct loop *loop); /* sources and signals must be removed first; descriptors are their owners' */
struct engine *loop_engine(const struct loop *loop);
struct instant loop_now(const struct loop *loop);     /* what the wall clock says, as the engine's time */
int64_t loop_wall_offset_ns(const struct loop *loop); /* Unix time of instant 0 */

/* A descriptor watched; a member of its owner. `events` are epoll's, with EPOLLET or without. `ready` may remove any source. */
struct loop_source {
    int fd;
    void (*ready)(struct loop_source *source, uint32_t events);
};
int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events); /* 0 or IMP_SYSTEM, IMP_LIMIT */
int loop_change(struct loop *loop, struct loop_source *source, uint32_t events);
void loop_remove(struct loop *loop, struct loop_source *source); /* before its descriptor is closed */

/* Told at the end of each turn: everything due at the moment has been fired, and the loop is about to look at its sources. What was held
 * back to go together goes now. A member of its owner. */
struct loop_turn {
    struct list link;
    void (*ended)(struct loop_turn *turn);
};
void loop_turn_add(struct loop *loop, struct loop_turn *turn);
void loop_turn_remove(struct loop_turn *turn);

/* Signals, delivered between events as plain calls. They are blocked for the process until loop_signals_release(). */
void loop_signals(struct loop *loop, const int *signals, unsigned count,
                  void (*caught)(void *context, const struct signalfd_siginfo *info), void *context);
void loop_signals_release(struct loop *loop); /* also what a forked child calls before exec */

/* Runs until loop_stop(), or until `deadline`. 0 when stopped, IMP_TIMEOUT at the deadline, IMP_SYSTEM. */
int loop_run(struct loop *loop, struct instant deadline);
void loop_stop(struct loop *loop);

/* The errno of a failed system call as an enum imp_error: EAGAIN is IMP_BUSY, ECONNREFUSED is IMP_REFUSED ... */
int host_error(int error_number);

#endif
