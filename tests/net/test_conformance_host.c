/* The conformance suite of net.h on this machine's kernel, over the loopback. */
#include "conformance.c"

#include "host/loop.h"
#include "net/net_host.h"

struct host_world {
    struct world world;
    struct loop *loop;
};

static void host_run(struct world *world, int64_t limit_ns)
{
    struct loop *loop = ((struct host_world *)world)->loop;
    if (world->running)
        (void)loop_run(loop, instant_add(loop_now(loop), limit_ns));
}

static void host_stop(struct world *world) { loop_stop(((struct host_world *)world)->loop); }

static struct world *world_create(void)
{
    struct host_world *host = memory_take_zeroed(1, sizeof(*host));
    struct world *world = &host->world;
    world->engine = engine_create(1);
    host->loop = loop_create(world->engine);
    assert_non_null(host->loop);
    world->server = world->client = net_host_create(host->loop);
    assert_int_equal(ip_parse("127.0.0.1", &world->address4), 0);
    assert_int_equal(ip_parse("127.0.0.2", &world->second4), 0);
    assert_int_equal(ip_parse("::1", &world->address6), 0);
    world->run = host_run;
    world->stop = host_stop;
    return world;
}

static void world_destroy(struct world *world)
{
    struct host_world *host = (struct host_world *)world;
    net_host_destroy(world->server);
    loop_destroy(host->loop);
    assert_int_equal(engine_counts(world->engine).tasks_alive, 0);
    engine_destroy(world->engine);
    memory_free(world);
}

int main(void) { return cmocka_run_group_tests_name("net on a host", CONFORMANCE_TESTS, NULL, NULL); }
