/* The engine end to end: order of timers, wires' arithmetic, faults, digests, power, frames that are not lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "engine/queue.h"
#include "engine/wire.h"

/* ---- the queue against a sorted model ---- */

enum queue_times { CLOSE_TOGETHER, OF_ALL_SIZES, AROUND_A_CLOCK };

/* Ties, all distances up to the last instant there is, and what a run looks like: a clock that follows what is taken. */
static int64_t some_time(struct random *random, enum queue_times times, int64_t clock)
{
    if (times == CLOSE_TOGETHER)
        return (int64_t)random_below(random, 50);
    if (times == OF_ALL_SIZES)
        return (int64_t)(random_u64(random) >> (1 + random_below(random, 63)));
    return clock + (int64_t)(random_u64(random) >> (24 + random_below(random, 40)));
}

static void queue_agrees(enum queue_times times)
{
    enum { TIMERS = 300, ROUNDS = 20000 };
    static struct timer timers[TIMERS];
    static struct queue_entry model[TIMERS];
    bool in[TIMERS] = {false};
    struct queue queue = {0};
    struct random random;
    random_seed(&random, 7, "queue");
    memset(timers, 0, sizeof timers);
    uint64_t tie = 0;
    int64_t clock = 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t which = random_below(&random, TIMERS);
        uint64_t what = random_below(&random, 4);
        if (what < 2) {
            int64_t due = some_time(&random, times, clock);
            model[which] = (struct queue_entry){due, tie, &timers[which], NULL};
            in[which] = true;
            queue_set(&queue, &timers[which], due, tie++, &timers[which]);
        } else if (what == 2) {
            in[which] = false;
            queue_remove(&queue, &timers[which]);
        } else {
            size_t best = TIMERS;
            for (size_t i = 0; i < TIMERS; i++)
                if (in[i] && (best == TIMERS || model[i].due_ns < model[best].due_ns ||
                              (model[i].due_ns == model[best].due_ns && model[i].tie < model[best].tie)))
                    best = i;
            const struct queue_entry *first = queue_first(&queue);
            if (best == TIMERS) {
                assert_null(first);
                continue;
            }
            assert_ptr_equal(first->timer, &timers[best]);
            clock = first->due_ns;
            queue_remove(&queue, first->timer);
            in[best] = false;
        }
    }
    queue_free(&queue);
}

static void queue_gives_what_a_sort_gives(void **state)
{
    (void)state;
    queue_agrees(CLOSE_TOGETHER);
    queue_agrees(OF_ALL_SIZES);
    queue_agrees(AROUND_A_CLOCK);
}

/* Far timers alone, looked at, then very many near ones: they all lie before what was looked at, and the queue has to deal anew. */
static void queue_finds_its_way_back(void **state)
{
    (void)state;
    enum { TIMERS = 5000 };
    static struct timer timers[TIMERS], far;
    struct queue queue = {0};
    struct random random;
    random_seed(&random, 9, "queue");
    memset(timers, 0, sizeof timers);
    queue_set(&queue, &far, 7200 * NS_PER_S, 0, &far);
    assert_ptr_equal(queue_first(&queue)->timer, &far);
    for (size_t i = 0; i < TIMERS; i++)
        queue_set(&queue, &timers[i], (int64_t)random_below(&random, NS_PER_S), i + 1, &timers[i]);
    assert_true(queue.count < 1000); /* most of them wait in the wheel again */
    int64_t last = 0;
    for (size_t i = 0; i < TIMERS; i++) {
        const struct queue_entry *first = queue_first(&queue);
        assert_true(first->due_ns >= last);
        last = first->due_ns;
        queue_remove(&queue, first->timer);
    }
    assert_ptr_equal(queue_first(&queue)->timer, &far);
    queue_remove(&queue, &far);
    assert_true(queue.pool_capacity > TIMERS);
    assert_null(queue_first(&queue));
    assert_int_equal(queue.pool_capacity, 0); /* nothing is scheduled: what the busy time took is given back */
    queue_set(&queue, &far, 7200 * NS_PER_S, 0, &far);
    assert_ptr_equal(queue_first(&queue)->timer, &far);
    queue_free(&queue);
}

/* ---- two nodes and a wire ---- */

struct receiver {
    unsigned count;
    int64_t times[4096];
    uint32_t lengths[4096];
    uint8_t first_bytes[4096];
    bool echo;
};

static void receive(struct port *port, struct frame *frame, struct instant now)
{
    struct receiver *receiver = port->owner;
    assert_true(receiver->count < 4096);
    receiver->times[receiver->count] = now.ns;
    receiver->lengths[receiver->count] = frame_total(frame);
    receiver->first_bytes[receiver->count++] = frame->data[0];
    if (receiver->echo)
        port_transmit(port, frame, now);
    else
        frame_release(frame);
}

struct pair {
    struct engine *engine;
    struct port *a, *b;
    struct wire *wire;
    struct receiver at_a, at_b;
};

static void pair_make(struct pair *pair, uint64_t seed, const struct wire_settings *settings)
{
    memset(pair, 0, sizeof *pair);
    pair->engine = engine_create(seed);
    pair->a = port_create(node_create(pair->engine, "a"), "eth0");
    pair->b = port_create(node_create(pair->engine, "b"), "eth0");
    pair->a->receive = pair->b->receive = receive;
    pair->a->owner = &pair->at_a;
    pair->b->owner = &pair->at_b;
    pair->wire = wire_create(pair->a, pair->b, "a-b", settings, settings);
    assert_non_null(pair->wire);
}

static struct frame *frame_of(struct engine *engine, uint32_t length, uint8_t fill)
{
    struct frame *frame = frame_create(engine, FRAME_HEADROOM, length);
    memset(frame_append(frame, length), fill, length);
    return frame;
}

static void rate_delay_and_overhead_add_up(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, &(struct wire_settings){.rate_bps = 1000000000, .delay_ns = 1000, .overhead_bytes = 24});
    port_transmit(pair.a, frame_of(pair.engine, 1226, 1), INSTANT_ZERO); /* 1250 bytes on the line: 10 us */
    port_transmit(pair.a, frame_of(pair.engine, 101, 2), INSTANT_ZERO);  /* 125: 1 us behind it */
    engine_run(pair.engine, INSTANT_NEVER);
    assert_int_equal(pair.at_b.count, 2);
    assert_int_equal(pair.at_b.times[0], 11000);
    assert_int_equal(pair.at_b.times[1], 12000);
    assert_int_equal(pair.at_b.lengths[1], 101);
    assert_int_equal(engine_counts(pair.engine).frames_alive, 0);
    assert_int_equal(engine_counts(pair.engine).frames_carried, 2);
    assert_int_equal(engine_now(pair.engine).ns, 12000);
    engine_destroy(pair.engine);
}

static void drop_tail_is_exact(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, &(struct wire_settings){.rate_bps = 8000000, .queue_frames = 3}); /* 1 byte a microsecond */
    for (uint8_t i = 0; i < 5; i++)
        port_transmit(pair.a, frame_of(pair.engine, 100, i), INSTANT_ZERO);
    assert_int_equal(wire_queue_length(pair.wire, 0, INSTANT_ZERO), 3);
    engine_run(pair.engine, (struct instant){100000}); /* exactly when the first has left */
    port_transmit(pair.a, frame_of(pair.engine, 100, 9), engine_now(pair.engine));
    port_transmit(pair.a, frame_of(pair.engine, 100, 10), engine_now(pair.engine));
    engine_run(pair.engine, INSTANT_NEVER);
    const uint8_t expected[] = {0, 1, 2, 9};
    assert_int_equal(pair.at_b.count, 4);
    assert_memory_equal(pair.at_b.first_bytes, expected, 4);
    assert_int_equal(wire_counts(pair.wire, 0).queue_drops, 3);
    assert_int_equal(pair.a->node->drops[DROP_WIRE_QUEUE_FULL], 3);
    assert_int_equal(wire_counts(pair.wire, 0).queue_frames_peak, 3);
    engine_destroy(pair.engine);

    pair_make(&pair, 1, &(struct wire_settings){.rate_bps = 8000000, .queue_bytes = 250});
    for (uint8_t i = 0; i < 4; i++)
        port_transmit(pair.a, frame_of(pair.engine, 100, i), INSTANT_ZERO);
    engine_run(pair.engine, INSTANT_NEVER);
    assert_int_equal(pair.at_b.count, 2);
    engine_destroy(pair.engine);
}

static void faults_happen_at_their_rates(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 3,
              &(struct wire_settings){.delay_ns = 1000000,
                                      .loss_ppm = 100000,
                                      .duplicate_ppm = 50000,
                                      .corrupt_ppm = 20000,
                                      .reorder_ppm = 30000,
                                      .reorder_ns = 5000,
                                      .jitter_ns = 100});
    enum { SENT = 3000 };
    for (int i = 0; i < SENT; i++) {
        port_transmit(pair.a, frame_of(pair.engine, 60, 0), engine_now(pair.engine));
        engine_run(pair.engine, instant_add(engine_now(pair.engine), 1000));
    }
    engine_run(pair.engine, INSTANT_NEVER);
    struct wire_counts counts = wire_counts(pair.wire, 0);
    assert_in_range(counts.lost, SENT / 10 - 80, SENT / 10 + 80);
    assert_in_range(counts.duplicated, 80, 200);
    assert_in_range(counts.corrupted, 25, 90);
    assert_int_equal(pair.at_b.count, SENT - counts.lost + counts.duplicated);
    for (unsigned i = 1; i < pair.at_b.count; i++)
        assert_true(pair.at_b.times[i] >= pair.at_b.times[i - 1]);
    assert_int_equal(engine_counts(pair.engine).frames_alive, 0);
    engine_destroy(pair.engine);
}

static void reordering_overtakes(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, &(struct wire_settings){.delay_ns = 10, .reorder_ppm = 1000000, .reorder_ns = 1000});
    port_transmit(pair.a, frame_of(pair.engine, 60, 1), INSTANT_ZERO);
    wire_direction_settings(pair.wire, 0)->reorder_ppm = 0;
    port_transmit(pair.a, frame_of(pair.engine, 60, 2), INSTANT_ZERO);
    engine_run(pair.engine, INSTANT_NEVER);
    assert_int_equal(pair.at_b.count, 2);
    assert_int_equal(pair.at_b.first_bytes[0], 2);
    assert_int_equal(pair.at_b.times[1], 1010);
    engine_destroy(pair.engine);
}

/* Sends with every fault on and echoes back; the digest must depend on the seed and on nothing else. */
static void digest_of(uint64_t seed, bool extra_node, char out[33])
{
    struct pair pair;
    struct wire_settings settings = {.rate_bps = 10000000,
                                     .delay_ns = 12345,
                                     .jitter_ns = 5000,
                                     .loss_ppm = 50000,
                                     .duplicate_ppm = 10000,
                                     .corrupt_ppm = 10000,
                                     .reorder_ppm = 20000,
                                     .reorder_ns = 777777,
                                     .queue_frames = 20};
    pair_make(&pair, seed, &settings);
    if (extra_node)
        node_create(pair.engine, "bystander");
    pair.at_b.echo = true;
    engine_digest_enable(pair.engine);
    for (uint8_t i = 0; i < 200; i++) {
        port_transmit(pair.a, frame_of(pair.engine, 60u + i, i), engine_now(pair.engine));
        engine_run(pair.engine, instant_add(engine_now(pair.engine), 50000));
    }
    engine_run(pair.engine, INSTANT_NEVER);
    engine_digest(pair.engine, out);
    engine_destroy(pair.engine);
}

static void equal_seeds_give_equal_digests(void **state)
{
    (void)state;
    char first[33], again[33], other_seed[33], with_bystander[33];
    digest_of(42, false, first);
    digest_of(42, false, again);
    digest_of(43, false, other_seed);
    digest_of(42, true, with_bystander);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other_seed);
    assert_string_equal(first, with_bystander);
    assert_int_equal(strlen(first), 32);
}

static void carrier_note(struct port *port, bool up)
{
    struct receiver *receiver = port->owner;
    receiver->lengths[4095] += up ? 100 : 1; /* counts: 100 per up, 1 per down */
}

static void wires_and_nodes_go_down_and_up(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, &(struct wire_settings){.delay_ns = 1000});
    pair.b->carrier = carrier_note;
    assert_true(port_has_carrier(pair.a));
    port_transmit(pair.a, frame_of(pair.engine, 60, 1), INSTANT_ZERO);
    wire_set_up(pair.wire, false); /* in flight: lost */
    port_transmit(pair.a, frame_of(pair.engine, 60, 2), INSTANT_ZERO);
    assert_false(port_has_carrier(pair.b));
    engine_run(pair.engine, INSTANT_NEVER);
    assert_int_equal(pair.at_b.count, 0);
    assert_int_equal(pair.a->node->drops[DROP_WIRE_DOWN], 2);
    wire_set_up(pair.wire, true);
    port_transmit(pair.a, frame_of(pair.engine, 60, 3), INSTANT_ZERO);
    node_power_off(pair.b->node);
    assert_false(port_has_carrier(pair.a));
    engine_run(pair.engine, INSTANT_NEVER);
    assert_int_equal(pair.at_b.count, 0);
    assert_int_equal(pair.b->node->drops[DROP_NODE_DOWN], 1);
    node_power_off(pair.a->node);
    node_power_on(pair.b->node);
    node_power_on(pair.a->node);
    port_transmit(pair.a, frame_of(pair.engine, 60, 4), engine_now(pair.engine));
    engine_run(pair.engine, INSTANT_NEVER);
    assert_int_equal(pair.at_b.count, 1);
    assert_int_equal(pair.at_b.lengths[4095], 100 + 100 + 1 + 1); /* wire down, up; own power off; both up again */
    assert_int_equal(engine_counts(pair.engine).frames_alive, 0);
    engine_destroy(pair.engine);
}

/* ---- ties ---- */

struct tied {
    struct timer timer;
    struct node *node;
    char mark;
};
static char order[16];
static size_t order_length;

static void tied_fire(struct timer *timer, struct instant now)
{
    (void)now;
    order[order_length++] = container_of(timer, struct tied, timer)->mark;
}

static void ties_go_by_node_then_by_its_counter(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct node *first = node_create(engine, "first"), *second = node_create(engine, "second");
    assert_null(node_create(engine, "first"));
    struct tied timers[] = {{.node = second, .mark = 'c'},
                            {.node = first, .mark = 'a'},
                            {.node = second, .mark = 'd'},
                            {.node = first, .mark = 'b'},
                            {.node = first, .mark = 'x'}};
    for (size_t i = 0; i < count_of(timers); i++)
        timer_set(timers[i].node, &timers[i].timer, (struct instant){5}, tied_fire);
    timer_cancel(first, &timers[4].timer);
    assert_false(timer_pending(&timers[4].timer));
    order_length = 0;
    assert_int_equal(engine_next_due(engine).ns, 5);
    assert_int_equal(engine_run(engine, (struct instant){4}), 0);
    assert_int_equal(engine_run(engine, (struct instant){9}), 4);
    assert_memory_equal(order, "abcd", 4);
    assert_int_equal(engine_now(engine).ns, 9);
    timer_set(first, &timers[0].timer, (struct instant){3}, tied_fire); /* the past counts as now */
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(engine_now(engine).ns, 9);
    engine_destroy(engine);
}

/* ---- frames ---- */

static void a_block_knows_its_sums(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 3, "block");
    for (uint32_t capacity = 0; capacity < 1000; capacity += 1 + capacity / 3) {
        struct block *block = block_create(capacity);
        random_fill(&random, block->data, capacity);
        block_sum(block);
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t offset = (uint32_t)random_below(&random, capacity + 1);
            uint32_t length = (uint32_t)random_below(&random, capacity - offset + 1);
            uint32_t sum = checksum_partial(block->data + offset, length, 0x1234);
            assert_int_equal(checksum_finish(checksum_combine(block_checksum(block, offset, length), 0x1234)),
                             checksum_finish(sum));
        }
        block_release(block);
    }
}

static void frames_keep_marks_and_tails_when_copied(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct frame *frame = frame_create(engine, 64, 100);
    uint8_t *bytes = frame_append(frame, 51);
    for (uint8_t i = 0; i < 51; i++)
        bytes[i] = i;
    frame->link = frame_mark(frame);
    frame_pull(frame, 14);
    frame->network = frame_mark(frame);
    frame_pull(frame, 20);
    struct block *block = block_create(1000);
    memset(block->data, 0xab, 1000);
    frame_set_tail(frame, block, block->data + 10, 333);
    uint32_t sum = frame_checksum(frame, 0, 0);
    struct frame *other = frame_hold(frame);
    struct frame *own = frame_own(frame, 0); /* shared: a copy */
    assert_ptr_not_equal(own, other);
    assert_ptr_equal(frame_tail(own), frame_tail(other));
    assert_int_equal(own->room[own->network], 14);
    assert_int_equal(own->room[own->link], 0);
    assert_int_equal(own->data[0], 34);
    struct frame *linear = frame_linear(own);
    assert_int_equal(linear->length, 17 + 333);
    assert_int_equal(linear->tail_length, 0);
    assert_int_equal(linear->room[linear->network], 14);
    assert_int_equal(linear->data[17], 0xab);
    uint16_t folded = (uint16_t)(frame_checksum(linear, 0, 0) % 0xffff), before = (uint16_t)(sum % 0xffff);
    assert_int_equal(folded, before);
    uint8_t out[20];
    frame_copy_out(other, 10, out, 20);
    assert_int_equal(out[6], 50);
    assert_int_equal(out[7], 0xab);
    frame_trim(other, 20);
    assert_int_equal(other->tail_length, 3);
    frame_trim(other, 5);
    assert_int_equal(frame_total(other), 5);
    assert_int_equal(block->refs, 1);
    frame_release(other);
    struct frame *same = frame_own(linear, 0);
    assert_ptr_equal(same, linear);
    same = frame_own(same, 4000);
    assert_true(frame_headroom(same) >= 4000);
    frame_release(same);
    block_release(block);
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

static void every_profile_is_sound(void **state)
{
    (void)state;
    size_t count;
    const struct wire_profile *profiles = wire_profiles(&count);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(wire_profile_find(profiles[i].name), &profiles[i]);
        assert_true(profiles[i].up.delay_ns >= 0 && strlen(profiles[i].summary) > 10);
        assert_true(profiles[i].up.rate_bps == 0 || profiles[i].up.queue_bytes || profiles[i].up.queue_frames);
    }
    assert_null(wire_profile_find("carrier-pigeon"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_gives_what_a_sort_gives),
        cmocka_unit_test(queue_finds_its_way_back),
        cmocka_unit_test(rate_delay_and_overhead_add_up),
        cmocka_unit_test(drop_tail_is_exact),
        cmocka_unit_test(faults_happen_at_their_rates),
        cmocka_unit_test(reordering_overtakes),
        cmocka_unit_test(equal_seeds_give_equal_digests),
        cmocka_unit_test(wires_and_nodes_go_down_and_up),
        cmocka_unit_test(ties_go_by_node_then_by_its_counter),
        cmocka_unit_test(a_block_knows_its_sums),
        cmocka_unit_test(frames_keep_marks_and_tails_when_copied),
        cmocka_unit_test(every_profile_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
