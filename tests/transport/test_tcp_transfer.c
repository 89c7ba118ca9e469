/* Whole transfers between two stacks over a wire with faults: over many seeds every byte arrives once and in order, both ends end
 * CLOSED, and no frame leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>

#include "base/random.h"
#include "pair.c"
#include "transport/tcp/congestion/congestion.h"

static unsigned sockets_left(struct tcp *tcp)
{
    unsigned count = 0;
    for (struct tcp_socket *s = NULL; (s = tcp_socket_next(tcp, s));)
        count++;
    return count;
}

struct trial {
    uint64_t seed, a_bytes, b_bytes;
    struct wire_settings ab, ba;
    uint32_t mtu, a_chunk, b_chunk;
    struct tcp_settings a, b;
    bool ipv6;
};

static void run(const struct trial *t)
{
    struct pair p = pair_create(t->seed, &t->ab, &t->ba, t->mtu ? t->mtu : 1500, t->ipv6);
    for (unsigned i = 0; i < 2 && t->seed % 3 == 0; i++) /* accurate ECN, whose option takes its room from segments and SACK */
        assert_int_equal(tcp_sysctl_set(p.tcp[i], "net.ipv4.tcp_ecn", "3"), 0);
    engine_run(p.engine, (struct instant){5 * NS_PER_S}); /* IPv6 duplicate address detection */
    struct end *a = memory_take_zeroed(1, sizeof *a), *b = memory_take_zeroed(1, sizeof *b);
    *a = (struct end){.total = t->a_bytes, .chunk = t->a_chunk, .lends = t->seed % 3 == 0};
    *b = (struct end){.total = t->b_bytes, .chunk = t->b_chunk, .lends = t->seed % 3 == 1};
    assert_int_equal(pair_start(&p, a, b, t->a, t->b), 0);
    engine_run(p.engine, (struct instant){3600 * NS_PER_S});
    if (a->wrong || b->wrong || a->read != t->b_bytes || b->read != t->a_bytes || !a->closed || !b->closed)
        print_error("seed %llu mtu %u: a wrote %llu read %llu error %d closed "
                    "%d; b wrote %llu read %llu error %d closed %d\n",
                    (unsigned long long)t->seed, t->mtu, (unsigned long long)a->written, (unsigned long long)a->read, a->error,
                    a->closed, (unsigned long long)b->written, (unsigned long long)b->read, b->error, b->closed);
    assert_false(a->wrong);
    assert_false(b->wrong);
    assert_int_equal(a->error, 0);
    assert_int_equal(b->error, 0);
    assert_int_equal(b->read, t->a_bytes);
    assert_int_equal(a->read, t->b_bytes);
    assert_true(a->closed && b->closed);
    tcp_close(b->listener);
    assert_int_equal(sockets_left(p.tcp[0]), 0);
    assert_int_equal(sockets_left(p.tcp[1]), 0);
    assert_int_equal(engine_counts(p.engine).frames_alive, 0);
    memory_free(a);
    memory_free(b);
    pair_destroy(&p);
}

static const struct wire_settings CLEAN = {
    .rate_bps = 100000000, .delay_ns = 5 * NS_PER_MS, .queue_frames = 100, .overhead_bytes = 24};

static void a_clean_wire_carries_both_ways(void **state)
{
    (void)state;
    struct trial t = {.seed = 1, .a_bytes = 1000000, .b_bytes = 300000, .ab = CLEAN, .ba = CLEAN};
    run(&t);
    t.ipv6 = true;
    run(&t);
}

static void nothing_at_all_is_a_transfer_too(void **state)
{
    (void)state;
    run(&(struct trial){.seed = 1, .ab = CLEAN, .ba = CLEAN});
}

static void tiny_buffers_and_chunks(void **state)
{
    (void)state;
    struct trial t = {.seed = 3,
                      .a_bytes = 100000,
                      .b_bytes = 2000,
                      .ab = CLEAN,
                      .ba = CLEAN,
                      .a_chunk = 700,
                      .b_chunk = 33,
                      .b = {.receive_buffer_bytes = 2304},
                      .a = {.send_buffer_bytes = 4608}};
    run(&t);
}

static void a_tiny_mtu(void **state)
{
    (void)state;
    struct trial t = {.seed = 4, .a_bytes = 50000, .ab = CLEAN, .ba = CLEAN, .mtu = 576};
    run(&t);
    t.mtu = 100;
    run(&t);
}

/* What was not sent yet forbids writing on (TCP_NOTSENT_LOWAT) at the moment when an acknowledgement makes room; the writer is told when it has left. */
static void a_writer_waits_for_what_is_not_sent(void **state)
{
    (void)state;
    struct trial t = {.seed = 6, .a_bytes = 100000, .ab = CLEAN, .ba = CLEAN};
    t.a = (struct tcp_settings){.send_buffer_bytes = 4608, .personal.not_sent_low = 600};
    run(&t);
    t.a.send_buffer_bytes = 60000;
    run(&t);
    t.a = (struct tcp_settings){.personal.not_sent_low = 1};
    run(&t);
}

/* Random faults, settings and sizes from one number. */
static struct trial trial_of(uint64_t seed)
{
    struct random r;
    random_seed(&r, seed, "trial");
    struct trial t = {
        .seed = seed, .a_bytes = random_below(&r, 200000), .b_bytes = random_below(&r, 3) ? random_below(&r, 100000) : 0};
    static const uint64_t rates[] = {0, 1000000, 10000000, 1000000000};
    struct wire_settings *ways[] = {&t.ab, &t.ba};
    for (unsigned i = 0; i < 2; i++) {
        *ways[i] = (struct wire_settings){.rate_bps = rates[random_below(&r, 4)],
                                          .delay_ns = (int64_t)random_below(&r, 50 * 1000000),
                                          .jitter_ns = (int64_t)random_below(&r, 3000000),
                                          .loss_ppm = (uint32_t)random_below(&r, 60000),
                                          .duplicate_ppm = (uint32_t)random_below(&r, 30000),
                                          .corrupt_ppm = (uint32_t)random_below(&r, 20000),
                                          .reorder_ppm = (uint32_t)random_below(&r, 50000),
                                          .reorder_ns = (int64_t)random_below(&r, 20000000),
                                          .queue_frames = 20 + (uint32_t)random_below(&r, 200),
                                          .overhead_bytes = 24};
    }
    static const uint32_t mtus[] = {1500, 1500, 576, 1280, 9000};
    t.mtu = mtus[random_below(&r, 5)];
    t.ipv6 = t.mtu >= 1280 && random_below(&r, 3) == 0;
    t.a_chunk = 1 + (uint32_t)random_below(&r, 20000);
    t.b_chunk = 1 + (uint32_t)random_below(&r, 20000);
    t.a.no_delay = random_below(&r, 2);
    size_t count;
    const struct congestion_ops *const *all = congestion_all(&count);
    t.a.congestion = all[random_below(&r, count)]->name;
    t.b.congestion = all[random_below(&r, count)]->name;
    if (random_below(&r, 3) == 0)
        t.a.receive_buffer_bytes = t.b.receive_buffer_bytes = 2304 + (uint32_t)random_below(&r, 60000);
    if (random_below(&r, 3) == 0)
        t.a.send_buffer_bytes = 4608 + (uint32_t)random_below(&r, 30000);
    return t;
}

static uint64_t seed_first = 1, seed_count = 500, seed_now; /* 0: none runs */

static int repeat_print(void **state)
{
    (void)state;
    if (seed_now)
        print_error("repeat with: build/transport_test_tcp_transfer %llu 1\n", (unsigned long long)seed_now);
    seed_now = 0;
    return 0;
}

static void aborted(int signal_number)
{
    repeat_print(NULL);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void many_seeds_of_faults(void **state)
{
    (void)state;
    for (uint64_t seed = seed_first; seed < seed_first + seed_count; seed++) {
        struct trial t = trial_of(seed);
        seed_now = seed;
        run(&t);
    }
    seed_now = 0;
}

/* Each control fills most of a plain bottleneck: 20 Mbit/s, 40 ms, a queue of one such product. */
static void every_congestion_control_fills_a_wire(void **state)
{
    (void)state;
    size_t count;
    const struct congestion_ops *const *all = congestion_all(&count);
    for (size_t i = 0; i < count; i++) {
        struct wire_settings ab = {.rate_bps = 20000000, .delay_ns = 20 * NS_PER_MS, .queue_frames = 70, .overhead_bytes = 24};
        struct pair p = pair_create(1, &ab, &ab, 1500, false);
        struct end *a = memory_take_zeroed(1, sizeof *a), *b = memory_take_zeroed(1, sizeof *b);
        *a = (struct end){.total = 20000000};
        assert_int_equal(pair_start(&p, a, b, (struct tcp_settings){.congestion = all[i]->name}, (struct tcp_settings){0}), 0);
        engine_run(p.engine, (struct instant){8 * NS_PER_S});
        double goodput = (double)b->read * 8 / 8 / 1e6;
        if (goodput < 15)
            print_error("%s: %.1f Mbit/s\n", all[i]->name, goodput);
        assert_true(goodput > 15);
        assert_false(b->wrong);
        tcp_abort(a->socket);
        tcp_close(b->listener);
        engine_run(p.engine, (struct instant){9 * NS_PER_S});
        memory_free(a);
        memory_free(b);
        pair_destroy(&p);
    }
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    (void)state;
    char digest[2][33];
    for (unsigned i = 0; i < 2; i++) {
        struct trial t = trial_of(7);
        struct pair p = pair_create(7, &t.ab, &t.ba, t.mtu, t.ipv6);
        engine_digest_enable(p.engine);
        engine_run(p.engine, (struct instant){5 * NS_PER_S});
        struct end *a = memory_take_zeroed(1, sizeof *a), *b = memory_take_zeroed(1, sizeof *b);
        a->total = 100000;
        assert_int_equal(pair_start(&p, a, b, t.a, t.b), 0);
        engine_run(p.engine, (struct instant){100 * NS_PER_S});
        engine_digest(p.engine, digest[i]);
        tcp_close(b->listener);
        memory_free(a);
        memory_free(b);
        pair_destroy(&p);
    }
    assert_string_equal(digest[0], digest[1]);
}

/* With two numbers: only these seeds of faults (first, count), as `make swarm` does. */
int main(int count, char **arguments)
{
    signal(SIGABRT, aborted); /* an assertion of imp's own */
    if (count == 3) {
        seed_first = strtoull(arguments[1], NULL, 10);
        seed_count = strtoull(arguments[2], NULL, 10);
        const struct CMUnitTest only[] = {cmocka_unit_test_teardown(many_seeds_of_faults, repeat_print)};
        return cmocka_run_group_tests_name("tcp swarm", only, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_wire_carries_both_ways),
        cmocka_unit_test(nothing_at_all_is_a_transfer_too),
        cmocka_unit_test(tiny_buffers_and_chunks),
        cmocka_unit_test(a_tiny_mtu),
        cmocka_unit_test(a_writer_waits_for_what_is_not_sent),
        cmocka_unit_test_teardown(many_seeds_of_faults, repeat_print),
        cmocka_unit_test(every_congestion_control_fills_a_wire),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
    };
    return cmocka_run_group_tests_name("tcp transfer", tests, NULL, NULL);
}
