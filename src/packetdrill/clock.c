/* Time and threads.
 *
 * The clock is virtual. It moves only when the driver's thread (packetdrill's main thread) asks for it: usleep() moves it on by that much,
 * netdev_receive() up to the next packet, and each gettimeofday() by a microsecond, since packetdrill spins on it for the last stretch before
 * an event. (After many in a row the steps grow, so that a program which only spins gets on too.) Moving means: the engine's timers
 * fire, each at its instant, and guests wake at theirs.
 *
 * A guest is another thread: packetdrill makes the calls that it expects to block from one. Such a call sleeps on a condition
 * variable of its own, and leaves behind what it waits for: a predicate and a deadline. After every instant at which something
 * happened, the driver asks the predicates, and lets go those whose time has come.
 *
 * Two things must hold for exact times, and both come to "the clock stands still while any other thread is running":
 *   - packetdrill takes the end time of a blocked call by gettimeofday() in the guest, just after the call has returned
 *   - it starts the guest and goes on at once, though the guest has perhaps not yet entered the call
 * So before the driver moves the clock it lets the others run until they all sleep, which the kernel tells of each thread in
 * /proc/self/task/TID/stat. The lock is not held meanwhile. A thread that will not sleep costs a bounded time and is then ignored.
 *
 * A driver's own call that blocks (a script that does not say so) moves the clock by itself until it is done. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/descriptor.h"
#include "packetdrill/drill.h"

#define QUIET_NS   (INT64_C(4) * 3600 * NS_PER_S) /* longer than any timer of TCP's lasts */
#define SILENCE_NS NS_PER_S                       /* what passes in vain when nothing at all is to come */
enum { CREEP_NS = 1000, CREEP_PATIENCE = 64, CREEP_FAST_NS = 20000, LIMIT_IMPATIENCE = 5, LIMIT_SILENCES = 100 };
static const double PATIENCE_S = 0.5; /* for another thread to sleep */

struct wait {
    struct list link;
    bool (*ready)(struct drill *drill, void *context);
    void *context;
    struct instant deadline;
    pthread_cond_t wake;
    bool woken, came;
};

int64_t drill_wall_us(struct instant time) { return DRILL_EPOCH_S * 1000000 + time.ns / NS_PER_US; }

/* ---- the other threads ---- */

static bool thread_sleeps(const char *thread)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true; /* it has ended */
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return true;
    text[n] = 0;
    const char *name_end = strrchr(text, ')');
    return !name_end || strchr("SZXTt", name_end[2]) != NULL;
}

static bool others_sleep(void)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return true;
    char self[24];
    snprintf(self, sizeof self, "%ld", (long)syscall(SYS_gettid));
    bool all = true;
    struct dirent *entry;
    while (all && (entry = readdir(tasks)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, self) != 0)
            all = thread_sleeps(entry->d_name);
    closedir(tasks);
    return all;
}

static double real_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Lets the others run, without the lock, until they all sleep. */
static void let_others_run(struct drill *drill)
{
    drill->guest_woken = false;
    if (drill->impatience >= LIMIT_IMPATIENCE)
        return;
    pthread_mutex_unlock(&drill->lock);
    double start = real_seconds();
    bool sleeping;
    unsigned looks = 0;
    while (!(sleeping = others_sleep()) && real_seconds() - start < PATIENCE_S) {
        if (looks++ < 20)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    pthread_mutex_lock(&drill->lock);
    if (!sleeping)
        drill->impatience++;
}

/* ---- guests ---- */

static struct instant earliest_deadline(const struct drill *drill)
{
    struct instant earliest = INSTANT_NEVER;
    list_each (link, &drill->waits)
        earliest = instant_min(earliest, list_entry(link, struct wait, link)->deadline);
    return earliest;
}

/* Lets go the guests whose time has come, and, in the driver, what they do until they sleep again comes first. */
static void wake_guests(struct drill *drill)
{
    descriptors_observe(drill);
    list_each (link, &drill->waits) {
        struct wait *wait = list_entry(link, struct wait, link);
        bool came = wait->ready(drill, wait->context);
        if (!came && !instant_reached(drill_now(drill), wait->deadline))
            continue;
        wait->came = came;
        wait->woken = true;
        list_remove(&wait->link);
        pthread_cond_signal(&wait->wake);
        drill->guest_woken = true;
    }
}

void drill_enter(struct drill *drill)
{
    pthread_mutex_lock(&drill->lock);
    if (pthread_equal(pthread_self(), drill->driver))
        drill->creeps = 0;
}

void drill_leave(struct drill *drill)
{
    int error = errno;
    engine_run(drill->engine, drill_now(drill));
    wake_guests(drill);
    pthread_mutex_unlock(&drill->lock);
    errno = error;
}

/* Goes to the next instant at which something is to happen, or to `until`. Only in the driver. */
static void step(struct drill *drill, struct instant until)
{
    struct instant next = instant_min(engine_next_due(drill->engine), earliest_deadline(drill));
    next = instant_max(instant_min(next, until), drill_now(drill));
    engine_run(drill->engine, next);
    wake_guests(drill);
    if (drill->guest_woken)
        let_others_run(drill);
}

static bool driver_wait(struct drill *drill, bool (*ready)(struct drill *, void *), void *context, struct instant deadline)
{
    struct instant limit = instant_add(drill_now(drill), QUIET_NS);
    for (;;) {
        descriptors_observe(drill);
        if (ready(drill, context))
            return true;
        if (instant_reached(drill_now(drill), deadline))
            return false;
        struct instant next = instant_min(engine_next_due(drill->engine), earliest_deadline(drill));
        if (instant_is_never(deadline) && instant_before(limit, next)) {
            fputs("imp: a call that was expected not to block waits for what will never happen\n", stderr);
            return false;
        }
        step(drill, deadline);
    }
}

bool drill_wait(struct drill *drill, bool (*ready)(struct drill *, void *), void *context, struct instant deadline)
{
    if (ready(drill, context))
        return true;
    if (instant_reached(drill_now(drill), deadline))
        return false;
    if (pthread_equal(pthread_self(), drill->driver))
        return driver_wait(drill, ready, context, deadline);
    struct wait wait = {.ready = ready, .context = context, .deadline = deadline};
    pthread_cond_init(&wait.wake, NULL);
    list_push_back(&drill->waits, &wait.link);
    while (!wait.woken)
        pthread_cond_wait(&wait.wake, &drill->lock);
    pthread_cond_destroy(&wait.wake);
    return wait.came;
}

/* ---- what the driver asks for ---- */

void drill_advance(struct drill *drill, struct instant until)
{
    let_others_run(drill);
    do
        step(drill, until);
    while (instant_before(drill_now(drill), until));
}

void drill_creep(struct drill *drill)
{
    if (drill->guest_woken)
        let_others_run(drill);
    int64_t stride = drill->creeps++ < CREEP_PATIENCE ? CREEP_NS : CREEP_FAST_NS;
    struct instant until = instant_add(drill_now(drill), stride);
    do
        step(drill, until);
    while (instant_before(drill_now(drill), until));
}

bool drill_advance_to_packet(struct drill *drill)
{
    if (list_empty(&drill->captured))
        let_others_run(drill);
    struct instant start = drill_now(drill), limit = instant_add(start, QUIET_NS);
    while (list_empty(&drill->captured)) {
        struct instant next = instant_min(engine_next_due(drill->engine), earliest_deadline(drill));
        if (instant_before(limit, next)) {
            drill_advance(drill, instant_add(drill_now(drill), SILENCE_NS));
            if (list_empty(&drill->captured) && ++drill->silences > LIMIT_SILENCES) {
                fputs("imp: packetdrill goes on waiting for packets, but none will ever come\n", stderr);
                _exit(1);
            }
            return !list_empty(&drill->captured);
        }
        step(drill, next);
    }
    drill->silences = 0;
    return true;
}
