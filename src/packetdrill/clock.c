/* Time and threads.
 *
 * The clock is virtual. It moves only when it is asked to: usleep() moves it on by that much, netdev_receive() up to the next packet, and each
 * gettimeofday() by a microsecond, since packetdrill spins on it for the last stretch before an event. (After many in a row the steps
 * grow, so that a program which only spins gets on too.) Moving means: the engine's timers fire, each at its instant, and guests wake at
 * theirs.
 *
 * The driver is the thread that made the world, packetdrill's main thread. A guest is another thread: packetdrill makes the calls that it
 * expects to block from one. Such a call sleeps on a condition variable of its own, and leaves behind what it waits for: a predicate
 * and a deadline. After every instant at which something happened, the predicates are asked, and those whose time has come let go.
 *
 * Two things must hold for exact times, and both come to "the clock stands still while any other thread is running":
 *   - packetdrill takes the end time of a blocked call by gettimeofday() in the guest, just after the call has returned
 *   - it starts the guest and goes on at once, though the guest has perhaps not yet entered the call
 * So before anyone moves the clock, the others run until they all sleep, which the kernel tells of each thread in
 * /proc/self/task/TID/stat. The lock is not held meanwhile. A thread that will not sleep costs a bounded time and is then ignored.
 *
 * A guest moves the clock in three cases:
 *   - it is in the guest that packetdrill waits until a blocking call's time to start has come, with usleep() and gettimeofday(), the
 *     driver asleep meanwhile. So a guest's usleep() is as the driver's, and its gettimeofday() too when it asks again and again; the
 *     first time after another call only looks, which leaves the end time of a call what it was
 *   - the driver waits for the guest: before each call that it makes itself, and at the end, packetdrill waits in real time, up to a
 *     second, for the blocked call to be over. Nobody would move the clock then, and at the end it takes that for an error. So a
 *     guest that has seen for a few looks that the driver sleeps, is not in here, and has no child process (a script's shell command)
 *     to wait for, goes on itself to what it waits for
 *   - never otherwise; a driver's own call that blocks (a script that does not say so) moves the clock by itself until it is done. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/descriptor.h"
#include "packetdrill/drill.h"

#define QUIET_NS   (INT64_C(4) * 3600 * NS_PER_S) /* longer than any timer of TCP's lasts */
#define SILENCE_NS NS_PER_S                       /* what passes in vain when nothing at all is to come */
enum { CREEP_NS = 1000, CREEP_PATIENCE = 64, CREEP_FAST_NS = 20000, LIMIT_IMPATIENCE = 5, LIMIT_SILENCES = 100 };
enum { LOOK_NS = 10000000, LOOKS_IDLE = 3, LIMIT_STEPS_ALONE = 1000 }; /* a guest that looks whether the driver waits for it */
static const double PATIENCE_S = 0.5;                                  /* for another thread to sleep */

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

static bool is_driver(const struct drill *drill) { return pthread_equal(pthread_self(), drill->driver); }

static void enter(struct drill *drill)
{
    pthread_mutex_lock(&drill->lock);
    drill->calls++;
    drill->inside++;
    if (is_driver(drill))
        drill->driver_inside = true;
}

void drill_enter(struct drill *drill)
{
    enter(drill);
    drill->creeps = 0;
    if (!is_driver(drill))
        drill->looks = 0;
}

void drill_leave(struct drill *drill)
{
    int error = errno;
    engine_run(drill->engine, drill_now(drill));
    wake_guests(drill);
    drill->inside--;
    if (is_driver(drill))
        drill->driver_inside = false;
    pthread_mutex_unlock(&drill->lock);
    errno = error;
}

/* Goes to the next instant at which something is to happen, or to `until`. */
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

static bool driver_idle(const struct drill *drill)
{
    char task[24];
    siginfo_t about;
    snprintf(task, sizeof task, "%ld", (long)drill->driver_task);
    return !drill->driver_inside && thread_sleeps(task) && waitid(P_ALL, 0, &about, WEXITED | WNOHANG | WNOWAIT) != 0 &&
           errno == ECHILD;
}

/* The driver waits for this guest: goes on without it, until it stirs. */
static void go_alone(struct drill *drill, const struct wait *wait)
{
    uint64_t calls = drill->calls;
    struct instant limit = instant_add(drill_now(drill), QUIET_NS);
    for (unsigned i = 0; i < LIMIT_STEPS_ALONE && !wait->woken && drill->calls == calls; i++) {
        struct instant next = instant_min(engine_next_due(drill->engine), earliest_deadline(drill));
        if (instant_before(limit, next))
            return;
        step(drill, next);
    }
}

static void guest_wait(struct drill *drill, struct wait *wait)
{
    uint64_t calls = drill->calls;
    unsigned idle = 0;
    while (!wait->woken) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_NS;
        if (until.tv_nsec >= NS_PER_S)
            until.tv_sec++, until.tv_nsec -= NS_PER_S;
        if (pthread_cond_timedwait(&wait->wake, &drill->lock, &until) == 0)
            continue;
        idle = drill->calls == calls && driver_idle(drill) ? idle + 1 : 0;
        calls = drill->calls;
        if (idle >= LOOKS_IDLE && !wait->woken)
            go_alone(drill, wait);
    }
}

bool drill_wait(struct drill *drill, bool (*ready)(struct drill *, void *), void *context, struct instant deadline)
{
    if (ready(drill, context))
        return true;
    if (drill->ending || instant_reached(drill_now(drill), deadline))
        return false;
    if (is_driver(drill))
        return driver_wait(drill, ready, context, deadline);
    struct wait wait = {.ready = ready, .context = context, .deadline = deadline};
    pthread_cond_init(&wait.wake, NULL);
    list_push_back(&drill->waits, &wait.link);
    guest_wait(drill, &wait);
    pthread_cond_destroy(&wait.wake);
    return wait.came;
}

bool drill_send_away(struct drill *drill)
{
    drill->ending = true;
    list_each (link, &drill->waits) {
        struct wait *wait = list_entry(link, struct wait, link);
        wait->woken = true;
        list_remove(&wait->link);
        pthread_cond_signal(&wait->wake);
    }
    for (double start = real_seconds(); drill->inside > 1 && real_seconds() - start < PATIENCE_S;) {
        pthread_mutex_unlock(&drill->lock);
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        pthread_mutex_lock(&drill->lock);
    }
    return drill->inside == 1;
}

/* ---- what moves the clock ---- */

void drill_advance(struct drill *drill, struct instant until)
{
    if (!is_driver(drill))
        drill->looks++; /* who sleeps is waiting: the next look is not the first one after a call */
    let_others_run(drill);
    do
        step(drill, until);
    while (instant_before(drill_now(drill), until));
}

static void creep(struct drill *drill)
{
    if (drill->guest_woken)
        let_others_run(drill);
    int64_t stride = drill->creeps++ < CREEP_PATIENCE ? CREEP_NS : CREEP_FAST_NS;
    struct instant until = instant_add(drill_now(drill), stride);
    do
        step(drill, until);
    while (instant_before(drill_now(drill), until));
}

void drill_look(struct drill *drill)
{
    enter(drill);
    if (is_driver(drill) || drill->looks++)
        creep(drill);
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
