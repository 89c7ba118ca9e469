/* The event loop of a process that lives by the wall clock: `imp exec`, `imp shell`, `imp run --live`, and tools on this machine.
 *
 * The engine knows nothing of descriptors, and the kernel nothing of tasks; the loop is where they meet, and it is small:
 *
 *     fire what is due -> end the turn -> how long until the next? -> sleep in epoll -> tell the engine the time -> tell the sources
 *
 * A source's `ready` wakes conditions or hands frames to ports; the tasks run when the engine next fires what is due. Before sources
 * are told, the engine's clock is moved to the present (never past a due timer), so that whatever they cause carries the right time.
 *
 * Time: CLOCK_MONOTONIC, as a distance from the loop's creation, added to the instant where the engine stood. epoll_pwait2 sleeps to the
 * nanosecond (Linux 5.11); on an older kernel the sleep is rounded up to milliseconds.
 *
 * A source may be removed, and its owner freed, while the same batch of epoll events still names it: removal strikes it out of the batch.
 *
 * Signals come through a signalfd like any other source, so that nothing ever runs in a signal handler.
 *
 * Left out on purpose: threads, and io_uring, which a later loop may put behind the same header. */
#include "host/loop.h"

#include <assert.h>
#include <errno.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

enum { BATCH = 64, BURST = 256 };

struct loop {
    struct engine *engine;
    int epoll_fd;
    bool stopped, no_pwait2;
    int64_t start_ns;    /* the monotonic clock's reading when... */
    struct instant base; /* ... the engine stood here */
    struct epoll_event *batch;
    int batch_count;
    struct list turns;
    struct loop_source signals;
    sigset_t signals_blocked, signals_before;
    void (*caught)(void *context, const struct signalfd_siginfo *info);
    void *caught_context;
};

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

struct loop *loop_create(struct engine *engine)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return NULL;
    struct loop *loop = memory_take_zeroed(1, sizeof(*loop));
    loop->engine = engine;
    loop->epoll_fd = fd;
    loop->start_ns = clock_ns(CLOCK_MONOTONIC);
    loop->base = engine_now(engine);
    loop->signals.fd = -1;
    list_init(&loop->turns);
    return loop;
}

void loop_destroy(struct loop *loop)
{
    loop_signals_release(loop);
    close(loop->epoll_fd);
    memory_free(loop);
}

struct engine *loop_engine(const struct loop *loop) { return loop->engine; }

struct instant loop_now(const struct loop *loop) { return instant_add(loop->base, clock_ns(CLOCK_MONOTONIC) - loop->start_ns); }

int64_t loop_wall_offset_ns(const struct loop *loop) { return clock_ns(CLOCK_REALTIME) - loop_now(loop).ns; }

static int control(struct loop *loop, int operation, struct loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll_fd, operation, source->fd, &event) == 0 ? 0 : host_error(errno);
}

int loop_add(struct loop *loop, struct loop_source *source, int fd, uint32_t events)
{
    source->fd = fd;
    return control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_change(struct loop *loop, struct loop_source *source, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
    (void)control(loop, EPOLL_CTL_DEL, source, 0);
    for (int i = 0; i < loop->batch_count; i++)
        if (loop->batch[i].data.ptr == source)
            loop->batch[i].data.ptr = NULL;
}

void loop_turn_add(struct loop *loop, struct loop_turn *turn) { list_push_back(&loop->turns, &turn->link); }
void loop_turn_remove(struct loop_turn *turn) { list_remove(&turn->link); }

static void end_turn(struct loop *loop)
{
    list_each (link, &loop->turns) {
        struct loop_turn *turn = list_entry(link, struct loop_turn, link);
        turn->ended(turn);
    }
}

static int64_t sleep_ns(struct loop *loop, struct instant deadline)
{
    struct instant due = instant_min(engine_next_due(loop->engine), deadline);
    if (instant_is_never(due))
        return -1;
    int64_t ns = instant_since(due, loop_now(loop));
    return ns > 0 ? ns : 0;
}

static int wait_ready(struct loop *loop, struct epoll_event *events, int64_t ns)
{
    if (!loop->no_pwait2) {
        struct timespec timeout = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
        int count = epoll_pwait2(loop->epoll_fd, events, BATCH, ns < 0 ? NULL : &timeout, NULL);
        if (count >= 0 || errno != ENOSYS)
            return count;
        loop->no_pwait2 = true;
    }
    int64_t ms = ns < 0 ? -1 : (ns + NS_PER_MS - 1) / NS_PER_MS;
    return epoll_wait(loop->epoll_fd, events, BATCH, (int)(ms > 60000 ? 60000 : ms));
}

/* Fires what is due, at most a burst of it: a task that rests for a nanosecond at a time must not keep the loop from the clock and from
 * the kernel's news. True when there may be more. */
static bool run_burst(struct loop *loop, struct instant until)
{
    for (unsigned i = 0; i < BURST; i++)
        if (loop->stopped || !engine_step(loop->engine, until))
            return false;
    return true;
}

int loop_run(struct loop *loop, struct instant deadline)
{
    struct epoll_event events[BATCH];
    loop->stopped = false;
    for (;;) {
        bool more = run_burst(loop, instant_min(loop_now(loop), deadline));
        end_turn(loop);
        if (loop->stopped)
            return 0;
        if (!more && instant_reached(loop_now(loop), deadline)) {
            engine_run(loop->engine, deadline);
            end_turn(loop);
            return IMP_TIMEOUT;
        }
        int count = wait_ready(loop, events, more ? 0 : sleep_ns(loop, deadline));
        if (count < 0 && errno != EINTR)
            return IMP_SYSTEM;
        engine_clock_set(loop->engine, loop_now(loop));
        loop->batch = events;
        loop->batch_count = count;
        for (int i = 0; i < count; i++) {
            struct loop_source *source = events[i].data.ptr;
            if (source)
                source->ready(source, events[i].events);
        }
        loop->batch_count = 0;
        if (loop->stopped)
            return 0;
    }
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    engine_stop(loop->engine);
}

static void signals_ready(struct loop_source *source, uint32_t events)
{
    struct loop *loop = container_of(source, struct loop, signals);
    struct signalfd_siginfo info;
    (void)events;
    while (source->fd >= 0 && read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        loop->caught(loop->caught_context, &info);
}

void loop_signals(struct loop *loop, const int *signals, unsigned count,
                  void (*caught)(void *context, const struct signalfd_siginfo *info), void *context)
{
    assert(loop->signals.fd < 0);
    sigemptyset(&loop->signals_blocked);
    for (unsigned i = 0; i < count; i++)
        sigaddset(&loop->signals_blocked, signals[i]);
    sigprocmask(SIG_BLOCK, &loop->signals_blocked, &loop->signals_before);
    loop->caught = caught;
    loop->caught_context = context;
    loop->signals.ready = signals_ready;
    int fd = signalfd(-1, &loop->signals_blocked, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd >= 0 && loop_add(loop, &loop->signals, fd, EPOLLIN) != 0)
        close(fd);
}

void loop_signals_release(struct loop *loop)
{
    if (loop->signals.fd < 0)
        return;
    loop_remove(loop, &loop->signals);
    close(loop->signals.fd);
    loop->signals.fd = -1;
    sigprocmask(SIG_SETMASK, &loop->signals_before, NULL);
}

int host_error(int error_number)
{
    switch (error_number) {
    case EAGAIN:
    case EINPROGRESS:
    case EALREADY:
    case EINTR: return IMP_BUSY;
    case ECONNREFUSED: return IMP_REFUSED;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: return IMP_RESET;
    case ETIMEDOUT: return IMP_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: return IMP_UNREACHABLE;
    case EADDRINUSE: return IMP_IN_USE;
    case EACCES:
    case EPERM: return IMP_DENIED;
    case EMSGSIZE: return IMP_TOO_BIG;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC: return IMP_LIMIT;
    case ENOENT: return IMP_NOT_FOUND;
    case EINVAL: return IMP_INVALID;
    case ENOTCONN: return IMP_CLOSED;
    case EPROTONOSUPPORT:
    case EOPNOTSUPP:
    case ENOPROTOOPT: return IMP_UNSUPPORTED;
    default: return IMP_SYSTEM;
    }
}
