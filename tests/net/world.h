#ifndef TESTS_NET_WORLD_H
#define TESTS_NET_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/node.h"
#include "engine/task.h"
#include "net/net.h"
#include "net/net_lend.h"

/* A world under test: two doors (the same one on a host), and how to let it run. Tests are tasks on them. */
struct world {
    struct engine *engine;
    struct net *server, *client;
    struct ip address4, address6; /* of the server, as the client sees it */
    struct ip second4;            /* another one */
    bool is_lab;
    void (*run)(struct world *world, int64_t limit_ns); /* until every task of world_start() has ended, or the limit */
    void (*stop)(struct world *world);
    void (*power_off)(struct world *world, struct net *net); /* NULL: not in this world */
    unsigned running;
    /* For the tests. */
    struct endpoint at; /* where the test's server listens */
    struct listener listener;
    struct stream stream;
    struct udp udp;
    struct task *task;
    unsigned count, peak;
    bool flag, done;
    int result;
};

struct world_task {
    struct world *world;
    void (*body)(struct world *world);
};

static void world_task_run(struct net *net, void *argument)
{
    struct world_task task = *(struct world_task *)argument;
    (void)net;
    memory_free(argument);
    task.body(task.world);
    if (--task.world->running == 0)
        task.world->stop(task.world);
}

static inline void world_start(struct world *world, struct net *net, void (*body)(struct world *world))
{
    struct world_task *task = memory_take(sizeof(*task));
    *task = (struct world_task){world, body};
    world->running++;
    assert_int_equal(net_spawn(net, "test", world_task_run, task), 0);
}

/* Runs what was started to its end; a test that hangs fails. */
static inline void world_finish(struct world *world)
{
    world->run(world, 30 * NS_PER_S);
    assert_int_equal(world->running, 0);
}

static inline struct instant in_ms(struct world *world, int64_t ms)
{
    return instant_add(net_now(world->client), ms * NS_PER_MS);
}

#endif
