#ifndef TESTS_PACKETDRILL_GUEST_H
#define TESTS_PACKETDRILL_GUEST_H

/* The thread that makes the calls that block, the clock, and the world's beginning and end. */
#include "driver.h"

static void *guest_main(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&guest_lock);
    for (;;) {
        while (!guest_work && !guest_ending)
            pthread_cond_wait(&guest_more, &guest_lock);
        if (guest_ending)
            break;
        struct blocked *work = guest_work;
        guest_entered = true;
        pthread_cond_broadcast(&guest_more);
        pthread_mutex_unlock(&guest_lock);
        long result = work->run(work->argument);
        int error = errno;
        int64_t end = now_us();
        pthread_mutex_lock(&guest_lock);
        work->result = result;
        work->error = error;
        work->end_us = end;
        guest_work = NULL;
        guest_running = false;
        pthread_cond_broadcast(&guest_more);
    }
    pthread_mutex_unlock(&guest_lock);
    return NULL;
}

/* As packetdrill: goes on once the guest is on its way, without knowing whether it has entered the call. */
static void begin(struct blocked *work, long (*run)(void *), void *argument)
{
    *work = (struct blocked){.run = run, .argument = argument};
    pthread_mutex_lock(&guest_lock);
    assert_false(guest_running);
    guest_work = work;
    guest_running = true;
    guest_entered = false;
    pthread_cond_broadcast(&guest_more);
    while (!guest_entered)
        pthread_cond_wait(&guest_more, &guest_lock);
    pthread_mutex_unlock(&guest_lock);
}

static int64_t since_start(int64_t us) { return us - start_us; }

/* Waits in real time only: the call must be over already in virtual time. */
static void finish(struct blocked *work, long result, double at_s)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 5;
    pthread_mutex_lock(&guest_lock);
    while (guest_running)
        if (pthread_cond_timedwait(&guest_more, &guest_lock, &limit) == ETIMEDOUT)
            fail_msg("the blocked call did not return");
    pthread_mutex_unlock(&guest_lock);
    if (work->result != result)
        fail_msg("the call returned %ld (%s), not %ld", work->result, strerror(work->error), result);
    int64_t off = since_start(work->end_us) - (int64_t)(at_s * 1e6);
    if (off < 0 || off > 100)
        fail_msg("the call returned at %.6f s, not %.6f", (double)since_start(work->end_us) / 1e6, at_s);
}

/* ---- the clock ---- */

static void at(double at_s) /* as packetdrill waits: sleeps until just before, then spins */
{
    int64_t until = start_us + (int64_t)(at_s * 1e6);
    for (;;) {
        int64_t left = until - now_us();
        if (left <= 0)
            break;
        if (left > 20)
            table.usleep(world, (useconds_t)(left - 20));
    }
}

static void world_init(const char *flags) /* another world in the same plug-in */
{
    union { /* ISO C has no conversion from an object's address to a function's */
        void *object;
        void (*function)(const char *, struct packetdrill_interface *);
    } init = {dlsym(plugin, "packetdrill_interface_init")};
    assert_non_null(init.object);
    init.function(flags, &table);
    world = table.userdata;
    six = false;
    local_known = false;
    peer_ts = 0;
    int64_t begin_us = now_us();
    while (now_us() < begin_us + 100000)
        ;
    start_us = now_us();
}

static int world_start(const char *flags)
{
    const char *path = getenv("IMP_PACKETDRILL");
    plugin = dlopen(path ? path : "build/libimp-packetdrill.so", RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fail_msg("%s", dlerror());
    world_init(flags);
    guest_ending = guest_running = false;
    return pthread_create(&guest, NULL, guest_main, NULL);
}

static int setup(void **state)
{
    (void)state;
    unsetenv("IMP_SYSCTL_FILE");
    return world_start(NULL);
}

static int teardown(void **state)
{
    (void)state;
    pthread_mutex_lock(&guest_lock);
    bool stuck = guest_running; /* a scene that failed: the guest stays where it is */
    guest_ending = true;
    pthread_cond_broadcast(&guest_more);
    pthread_mutex_unlock(&guest_lock);
    if (stuck)
        return 0;
    pthread_join(guest, NULL);
    table.free(world);
    dlclose(plugin);
    return 0;
}

#endif
