/* What an idle connection takes, kept: bench/bench_idle.c measures it for a million of them, this for some thousands. It is what the allocator has
 * handed out in a world of two hosts, over both ends: the connections, what hangs on them, their places in the table. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/sanitizer.h"
#include "pair.c"

enum { CONNECTIONS = 8000, AT_ONCE = 100, ALL = CONNECTIONS + AT_ONCE, PORT = 1000, WORDS = 20000 };
enum { SILENT_MOST = 800, SPOKEN_MOST = 1024 }; /* bytes an end */

struct idle {
    struct pair pair;
    struct tcp_socket *listener;
    struct tcp_socket *end[ALL][2]; /* who asked, who was asked; the first AT_ONCE are not counted */
    struct instant now;
    size_t before;
};

static size_t allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void nothing(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    (void)owner;
}

static void pass(struct idle *idle, int64_t ns)
{
    idle->now = instant_add(idle->now, ns);
    engine_run(idle->pair.engine, idle->now);
}

/* Connections [from, from + AT_ONCE). */
static void open_some(struct idle *idle, unsigned from)
{
    struct tcp_settings settings = {.remote = {.address = idle->pair.address[1], .port = PORT}, .changed = nothing};
    for (unsigned i = from; i < from + AT_ONCE; i++)
        assert_int_equal(tcp_connect(idle->pair.tcp[0], &settings, &idle->end[i][0]), 0);
    pass(idle, NS_PER_MS);
    for (unsigned i = from; i < from + AT_ONCE; i++) {
        assert_int_equal(tcp_connected(idle->end[i][0]), 0);
        assert_int_equal(tcp_accept(idle->listener, nothing, NULL, &idle->end[i][1]), 0);
    }
}

static unsigned drain(struct tcp_socket *socket)
{
    static uint8_t buffer[65536];
    unsigned bytes = 0;
    ssize_t n;
    while ((n = tcp_read(socket, buffer, sizeof buffer)) > 0)
        bytes += (unsigned)n;
    return bytes;
}

/* `bytes` each way through each of connections [from, from + AT_ONCE), read as they come, so that hardly a frame waits. */
static void talk_some(struct idle *idle, unsigned from, unsigned bytes)
{
    static uint8_t words[WORDS];
    unsigned got[AT_ONCE][2] = {{0}}, left = 2 * AT_ONCE;
    for (unsigned i = 0; i < AT_ONCE; i++)
        for (unsigned side = 0; side < 2; side++)
            assert_int_equal(tcp_write(idle->end[from + i][side], words, bytes), bytes);
    for (unsigned step = 0; step < 100000 && left; step++) {
        pass(idle, step < 100 ? 100000 : 10 * NS_PER_MS);
        for (unsigned i = 0; i < AT_ONCE; i++)
            for (unsigned side = 0; side < 2; side++) {
                unsigned n = got[i][side] < bytes ? drain(idle->end[from + i][side]) : 0;
                got[i][side] += n;
                left -= n && got[i][side] == bytes;
            }
    }
    assert_int_equal(left, 0);
}

/* The pools of frames keep what a busy moment took, and give some of it back each time that no frame is under way: the small ones
 * here after one small segment, the large ones after two, which are gathered in one. */
static void settle(struct idle *idle)
{
    uint8_t byte = 0;
    for (unsigned i = 0; i < 500; i++) {
        for (unsigned k = 0; k <= i % 2; k++)
            assert_int_equal(tcp_write(idle->end[0][0], &byte, 1), 1);
        pass(idle, NS_PER_S);
        assert_int_equal(drain(idle->end[0][1]), 1 + i % 2);
    }
    pass(idle, 600 * NS_PER_S);
}

static struct idle *idle_create(void)
{
    struct idle *idle = memory_take_zeroed(1, sizeof *idle);
    struct wire_settings wire = {.delay_ns = 10000};
    idle->pair = pair_create(1, &wire, &wire, 1500, false);
    struct tcp_settings listen = {.local = {.port = PORT}, .changed = nothing, .backlog = AT_ONCE};
    assert_int_equal(tcp_listen(idle->pair.tcp[1], &listen, &idle->listener), 0);
    open_some(idle, 0);
    talk_some(idle, 0, WORDS); /* the pools have then what they keep for ever */
    settle(idle);
    idle->before = allocated();
    for (unsigned i = AT_ONCE; i < ALL; i += AT_ONCE)
        open_some(idle, i);
    return idle;
}

static void idle_destroy(struct idle *idle)
{
    pair_destroy(&idle->pair);
    memory_free(idle);
}

/* Bytes an end, after ten minutes of silence. */
static size_t idle_bytes(struct idle *idle, const char *what)
{
    settle(idle);
    size_t bytes = (allocated() - idle->before) / 2 / CONNECTIONS;
    if (IMP_ADDRESS_SANITIZER) /* whose allocator does not tell */
        return 0;
    print_message("  that %s: %u bytes an end\n", what, (unsigned)bytes);
    assert_true(bytes > 0);
    return bytes;
}

static void talk(struct idle *idle, unsigned bytes)
{
    for (unsigned i = AT_ONCE; i < ALL; i += AT_ONCE)
        talk_some(idle, i, bytes);
}

static void who_never_spoke(void **state)
{
    (void)state;
    struct idle *idle = idle_create();
    assert_true(idle_bytes(idle, "never spoke") < SILENT_MOST);
    idle_destroy(idle);
}

static void who_has_spoken(void **state)
{
    (void)state;
    struct idle *idle = idle_create();
    talk(idle, 1);
    assert_true(idle_bytes(idle, "have said a byte each way") < SPOKEN_MOST);
    talk(idle, WORDS);
    assert_true(idle_bytes(idle, "have said 20,000 bytes each way") < SPOKEN_MOST);
    talk(idle, 1); /* and they are alive */
    idle_destroy(idle);
}

/* What was learnt of the path stays, what belonged to the repair goes. */
static void who_has_lost_something(void **state)
{
    (void)state;
    struct idle *idle = idle_create();
    for (unsigned side = 0; side < 2; side++) {
        wire_direction_settings(idle->pair.wire, side)->loss_ppm = 200000;
        wire_direction_settings(idle->pair.wire, side)->reorder_ppm = 50000;
    }
    talk(idle, WORDS);
    for (unsigned side = 0; side < 2; side++) {
        wire_direction_settings(idle->pair.wire, side)->loss_ppm = 0;
        wire_direction_settings(idle->pair.wire, side)->reorder_ppm = 0;
    }
    unsigned lost = 0;
    for (unsigned i = AT_ONCE; i < ALL; i++)
        for (unsigned side = 0; side < 2; side++) {
            struct tcp_info info;
            tcp_socket_info(idle->end[i][side], &info);
            lost += info.retransmits > 0;
        }
    assert_true(lost > 2 * CONNECTIONS * 8 / 10);
    assert_true(idle_bytes(idle, "have lost something on the way") < SPOKEN_MOST);
    talk(idle, 1);
    idle_destroy(idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_never_spoke),
        cmocka_unit_test(who_has_spoken),
        cmocka_unit_test(who_has_lost_something),
    };
    return cmocka_run_group_tests_name("tcp idle", tests, NULL, NULL);
}
