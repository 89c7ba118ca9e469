/* The parts of TCP that need no connection: reassembly against a plain model, the buffers, the retransmission queue, the RTT estimator,
 * the window arithmetic of congestion control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "base/random.h"
#include "engine/engine.h"
#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/reassembly.h"
#include "transport/tcp/receive_buffer.h"
#include "transport/tcp/retransmit_queue.h"
#include "transport/tcp/rtt.h"
#include "transport/tcp/send_buffer.h"

static uint8_t value(uint32_t at) { return (uint8_t)(at * 13 + at / 256); }

static struct frame *piece(struct engine *engine, uint32_t start, uint32_t end, bool tail)
{
    struct frame *frame = frame_create(engine, 0, end - start);
    uint32_t charge = 100 + start % 50;
    if (tail) {
        struct block *block = block_create(end - start);
        for (uint32_t i = start; i < end; i++)
            block->data[i - start] = value(i);
        frame_set_tail(frame, block, block->data, end - start);
        block_release(block);
    } else {
        uint8_t *p = frame_append(frame, end - start);
        for (uint32_t i = start; i < end; i++)
            p[i - start] = value(i);
    }
    frame->charge = charge;
    return frame;
}

enum { STREAM = 600 };

/* Pieces at random, overlapping in every way; the islands must always be exactly the runs of bytes that came. */
static void reassembly_agrees_with_a_model(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct random r;
        random_seed(&r, seed, "reassembly");
        uint32_t base = 0xffffff00u; /* across the wrap */
        struct reassembly *queue = NULL;
        bool have[STREAM + 1] = {false};
        for (unsigned n = 0; n < 60; n++) {
            uint32_t start = 1 + (uint32_t)random_below(&r, STREAM - 40), end = start + 1 + (uint32_t)random_below(&r, 39);
            struct sack_block duplicate;
            bool any = false;
            for (uint32_t i = start; i < end; i++)
                any |= have[i];
            assert_int_equal(
                reassembly_add(&queue, (struct sequence){base + start}, piece(engine, start, end, n & 1), &duplicate), 0);
            assert_int_equal(any, !sequence_equal(duplicate.start, duplicate.end));
            for (uint32_t i = start; i < end; i++)
                have[i] = true;
            uint32_t at = 0;
            for (uint32_t i = 0; i < STREAM; i++) {
                if (!have[i] || (i && have[i - 1]))
                    continue;
                uint32_t stop = i;
                while (have[stop])
                    stop++;
                assert_true(at < reassembly_count(queue));
                assert_int_equal(queue->islands[at].start.n, base + i);
                assert_int_equal(queue->islands[at].end.n, base + stop);
                uint32_t chain = 0;
                for (struct frame *f = queue->islands[at].first; f; f = f->next)
                    chain += frame_total(f);
                assert_int_equal(chain, stop - i);
                at++;
            }
            assert_int_equal(at, reassembly_count(queue));
        }
        /* Take it out as a reader would, and compare every byte. */
        struct receive_buffer buffer = {0};
        uint32_t memory = 0;
        for (uint32_t next = 0; next < STREAM;) {
            uint32_t bytes, charged = reassembly_memory(queue);
            struct frame *chain = have[next] ? reassembly_take(&queue, (struct sequence){base + next}, &bytes) : NULL;
            assert_int_equal(have[next], chain != NULL);
            if (!chain) {
                next++;
                continue;
            }
            charged -= reassembly_memory(queue);
            while (chain) {
                struct frame *f = chain;
                chain = f->next;
                f->next = NULL;
                memory += receive_buffer_add(&buffer, engine, f, 0);
            }
            assert_int_equal(memory, charged);
            uint8_t out[STREAM];
            assert_int_equal(receive_buffer_read(&buffer, out, sizeof out, &memory), bytes);
            assert_int_equal(memory, 0);
            for (uint32_t i = 0; i < bytes; i++)
                assert_int_equal(out[i], value(next + i));
            next += bytes;
        }
        assert_null(queue);
        reassembly_free(&queue);
        receive_buffer_free(&buffer);
        assert_int_equal(engine_counts(engine).frames_alive, 0);
    }
    engine_destroy(engine);
}

static void islands_are_bounded(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct reassembly *queue = NULL;
    struct sack_block duplicate;
    int error = 0;
    uint32_t n = 0;
    for (; error == 0 && n < 100000; n++)
        error = reassembly_add(&queue, (struct sequence){n * 2}, piece(engine, n * 2, n * 2 + 1, false), &duplicate);
    assert_true(error != 0 && n < 5000);
    reassembly_free(&queue);
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

static void tiny_payloads_are_gathered(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct receive_buffer buffer = {0};
    uint32_t memory = 0;
    for (uint32_t i = 0; i < 3000; i++)
        memory += receive_buffer_add(&buffer, engine, piece(engine, i, i + 1, false), 9);
    assert_in_range(memory, 3000 / 10 * 100, 3000 / 10 * 150); /* each tenth is charged for, the others lie behind it */
    assert_true(engine_counts(engine).frames_alive < 10);
    uint8_t out[3000];
    for (uint32_t at = 0; at < 3000; at += 100)
        assert_int_equal(receive_buffer_read(&buffer, out + at, 100, &memory), 100);
    assert_int_equal(memory, 0);
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(out[i], value(i));
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

/* Asks for the sum of every run of a segment's length; those that are known must be right. Returns how many were. */
static uint32_t sums_are_true(struct send_buffer *buffer, uint32_t unit)
{
    static uint8_t run[40000];
    uint32_t known = 0, sum;
    uint32_t step = unit < 100 ? 997 : 1; /* of one-byte runs a few will do */
    for (uint32_t offset = 0; unit && offset + unit <= buffer->length && known < 3; offset += step)
        if (send_buffer_sum(buffer, offset, unit, &sum)) {
            known++;
            send_buffer_copy(buffer, offset, run, unit);
            assert_int_equal(checksum_finish(sum), checksum_finish(checksum_partial(run, unit, 0)));
            offset += unit - step;
        }
    return known;
}

static void sums_follow_a_short_segment(void **state)
{
    (void)state;
    enum { UNIT = 1448, SHORT = 376 };
    struct send_buffer buffer = {0};
    static uint8_t data[100 * UNIT];
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = value(i);
    send_buffer_write(&buffer, data, 10 * UNIT, UNIT);
    uint32_t sum;
    assert_true(send_buffer_sum(&buffer, 0, UNIT, &sum));
    assert_false(send_buffer_sum(&buffer, SHORT, UNIT, &sum)); /* the first that begins elsewhere */
    send_buffer_write(&buffer, data + 10 * UNIT, 90 * UNIT, UNIT);
    uint32_t known = 0, total = 0;
    for (uint32_t offset = SHORT + 20 * UNIT; offset + UNIT <= buffer.length; offset += UNIT, total++)
        if (send_buffer_sum(&buffer, offset, UNIT, &sum)) {
            known++;
            assert_int_equal(checksum_finish(sum), checksum_finish(checksum_partial(data + offset, UNIT, 0)));
        }
    assert_int_equal(known, total);
    assert_int_equal(total, 79);
    send_buffer_free(&buffer);
}

static void the_send_buffer_keeps_a_stream(void **state)
{
    (void)state;
    struct send_buffer buffer = {0};
    struct random r;
    random_seed(&r, 1, "send");
    uint32_t head = 0, end = 0, unit = 0, sums = 0;
    static uint8_t data[30000];
    for (unsigned n = 0; n < 2000; n++) {
        if (n % 400 == 0)
            unit = n == 0 ? 0 : n == 400 ? 1448 : n == 800 ? 537 : n == 1200 ? 1 : 40000;
        uint64_t what = random_below(&r, 4);
        if (what == 0) { /* lent, in two slices of which the second may go on where the first ended */
            uint32_t count = 2 + (uint32_t)random_below(&r, 3000), before = (uint32_t)random_below(&r, 100);
            struct block *block = block_create(before + count + 7);
            memset(block->data, 0xee, block->capacity);
            for (uint32_t i = 0; i < count; i++)
                block->data[before + i] = value(end + i);
            if (random_below(&r, 2))
                block_sum(block);
            send_buffer_lend(&buffer, block, before, count / 2);
            send_buffer_lend(&buffer, block, before + count / 2, count - count / 2);
            assert_int_equal(block->refs, 2);
            block_release(block);
            end += count;
        } else if (what == 1) {
            uint32_t count = (uint32_t)random_below(&r, sizeof data);
            for (uint32_t i = 0; i < count; i++)
                data[i] = value(end + i);
            send_buffer_write(&buffer, data, count, unit);
            end += count;
        } else {
            uint32_t count = (uint32_t)random_below(&r, end - head + 1);
            send_buffer_drop(&buffer, count);
            head += count;
        }
        assert_int_equal(buffer.length, end - head);
        if (buffer.length == 0)
            assert_null(buffer.head);
        for (unsigned looks = 0; looks < 3 && buffer.length; looks++) {
            uint32_t offset = (uint32_t)random_below(&r, buffer.length);
            uint32_t count = buffer.length - offset < 2000 ? buffer.length - offset : 2000;
            send_buffer_copy(&buffer, offset, data, count);
            for (uint32_t i = 0; i < count; i++)
                assert_int_equal(data[i], value(head + offset + i));
        }
        sums += sums_are_true(&buffer, unit);
    }
    assert_true(sums > 1000);
    send_buffer_free(&buffer);
}

static void check_counts(const struct retransmit_queue *queue)
{
    uint32_t sacked = 0, lost = 0, retransmitted = 0;
    for (uint32_t i = 0; i < queue->count; i++) {
        const struct sent *s = sent_at(queue, i);
        sacked += (s->flags & SENT_SACKED) != 0;
        lost += (s->flags & SENT_LOST) != 0;
        retransmitted += (s->flags & SENT_RETRANSMITTED) != 0;
        if (i)
            assert_true(sequence_equal(sent_end(sent_at(queue, i - 1)), s->start));
    }
    assert_int_equal(sacked, queue->sacked);
    assert_int_equal(lost, queue->lost);
    assert_int_equal(retransmitted, queue->retransmitted);
}

static void the_retransmission_queue_counts_exactly(void **state)
{
    (void)state;
    struct retransmit_queue queue = {0};
    struct random r;
    random_seed(&r, 2, "queue");
    struct sequence next = {0xffff0000u};
    for (unsigned n = 0; n < 20000; n++) {
        uint64_t what = random_below(&r, 10);
        if (what < 5 || queue.count == 0) {
            struct sent sent = {.start = next, .length = n % 5000 < 2500 ? 1448 : 1 + (uint32_t)random_below(&r, 1448)};
            retransmit_queue_push(&queue, sent);
            next = sent_end(&sent);
        } else if (what < 7) {
            retransmit_queue_pop(&queue);
        } else {
            uint32_t i = (uint32_t)random_below(&r, queue.count);
            struct sent *sent = sent_at(&queue, i);
            assert_int_equal(retransmit_queue_find(&queue, sent->start), i);
            if (what == 7)
                retransmit_queue_mark_lost(&queue, sent);
            else if (what == 8 && !(sent->flags & SENT_SACKED))
                retransmit_queue_mark_sacked(&queue, sent);
            else if (sent->length > 1)
                retransmit_queue_split(&queue, i, sent->length / 2);
        }
        if (n % 1000 == 999)
            (void)retransmit_queue_resegment(&queue, 700);
        if (n % 97 == 0)
            check_counts(&queue);
    }
    check_counts(&queue);
    retransmit_queue_free(&queue);
}

static void the_estimator_follows_rfc_6298_as_linux_does(void **state)
{
    (void)state;
    struct rtt rtt = {0};
    struct sequence una = {0}, nxt = {1000};
    assert_int_equal(rtt_timeout_ns(&rtt), NS_PER_S);
    rtt_sample(&rtt, 100 * NS_PER_MS, una, nxt, INSTANT_ZERO);
    assert_int_equal(rtt.smoothed_ns, 100 * NS_PER_MS);
    assert_int_equal(rtt_timeout_ns(&rtt), 300 * NS_PER_MS); /* R + 4 R/2 */
    for (unsigned i = 0; i < 200; i++) {
        una = nxt;
        nxt.n += 1000;
        una.n += 1;
        rtt_sample(&rtt, 100 * NS_PER_MS, una, nxt, (struct instant){i});
    }
    assert_in_range(rtt_timeout_ns(&rtt), 300 * NS_PER_MS, 301 * NS_PER_MS); /* never below SRTT + 200 ms */
    assert_int_equal(rtt_backed_off_ns(&rtt, 2), 4 * rtt_timeout_ns(&rtt));
    assert_int_equal(rtt_backed_off_ns(&rtt, 40), 120 * NS_PER_S);
    rtt_sample(&rtt, 900 * NS_PER_MS, una, nxt, INSTANT_ZERO);
    assert_true(rtt_timeout_ns(&rtt) > 900 * NS_PER_MS); /* one jump is enough to wait longer */
    assert_int_equal(rtt.minimum_ns, 100 * NS_PER_MS);
}

static void reno_grows_as_rfc_5681_says(void **state)
{
    (void)state;
    struct congestion cc = {0};
    congestion_start(&cc, congestion_find("newreno"), INSTANT_ZERO);
    assert_string_equal(cc.ops->name, "newreno");
    assert_ptr_equal(cc.ops->avoid, congestion_find("reno")->avoid);
    assert_null(congestion_find("nonsense"));
    assert_int_equal(cc.cwnd, 10);
    struct congestion_ack ack = {.acked = 10, .window_limited = true};
    cc.ops->avoid(&cc, &ack);
    assert_int_equal(cc.cwnd, 20); /* doubled in a round trip */
    cc.ssthresh = cc.ops->ssthresh(&cc, INSTANT_ZERO);
    assert_int_equal(cc.ssthresh, 10);
    cc.cwnd = 10;
    for (unsigned i = 0; i < 10; i++) {
        ack.acked = 1;
        cc.ops->avoid(&cc, &ack);
    }
    assert_int_equal(cc.cwnd, 11); /* one more in a round trip */
    ack.window_limited = false;
    ack.acked = 100;
    cc.ops->avoid(&cc, &ack);
    assert_int_equal(cc.cwnd, 11);
    cc.cwnd = 3;
    assert_int_equal(cc.ops->ssthresh(&cc, INSTANT_ZERO), 2);
    congestion_end(&cc);
}

static struct congestion_ack ack_at(int64_t ns, uint32_t acked)
{
    static uint32_t una = 1;
    una += acked;
    return (struct congestion_ack){
        .now = {ns}, .acked = acked, .window_limited = true, .rtt_ns = 100 * NS_PER_MS, .una = {una}, .nxt = {una + 100}};
}

/* RFC 9438: from 700 after a loss at 1000 the window is back at 1000 after K = cubic root of (300 / 0.4) = 9.09 s, flat there, then beyond. */
static void cubic_follows_its_curve(void **state)
{
    (void)state;
    struct congestion cc = {0};
    congestion_start(&cc, congestion_find("cubic"), INSTANT_ZERO);
    cc.cwnd = 1000;
    cc.cwnd = cc.ssthresh = cc.ops->ssthresh(&cc, INSTANT_ZERO);
    assert_int_equal(cc.cwnd, 700);
    uint32_t at_5 = 0, at_9 = 0, at_12 = 0;
    for (int64_t ms = 10; ms <= 15000; ms += 10) {
        struct congestion_ack ack = ack_at(ms * NS_PER_MS, cc.cwnd / 10);
        cc.ops->acked(&cc, &ack);
        cc.ops->avoid(&cc, &ack);
        at_5 = ms == 5000 ? cc.cwnd : at_5;
        at_9 = ms == 9000 ? cc.cwnd : at_9;
        at_12 = ms == 12000 ? cc.cwnd : at_12;
    }
    assert_in_range(at_5, 960, 985); /* 1000 - 0.4 * 4.09^3 = 972.6 */
    assert_in_range(at_9, 995, 1003);
    assert_in_range(at_12, 1005, 1025); /* 1000 + 0.4 * 2.91^3 = 1009.9 */
    assert_true(cc.cwnd > 1060);        /* 1000 + 0.4 * 5.9^3 = 1082 */
    uint32_t before = cc.cwnd = 900;    /* a loss below the last one: some is given up for a newcomer */
    cc.cwnd = cc.ssthresh = cc.ops->ssthresh(&cc, (struct instant){15 * NS_PER_S});
    assert_int_equal(cc.cwnd, before * 717 / 1024);
    congestion_end(&cc);
}

/* RFC 9406: when the round trips grow, slow start turns careful and then ends, before a loss. */
static void hystart_leaves_slow_start(void **state)
{
    (void)state;
    struct congestion cc = {.slow_start_exit = CONGESTION_EXIT_PLUS};
    congestion_start(&cc, congestion_find("cubic"), INSTANT_ZERO);
    uint32_t una = 1;
    unsigned rounds = 0;
    for (; rounds < 40 && cc.ssthresh == UINT32_MAX; rounds++) {
        int64_t rtt = 50 * NS_PER_MS + (rounds < 5 ? 0 : (int64_t)(rounds - 4) * 10 * NS_PER_MS);
        uint32_t window = cc.cwnd, end = una + window;
        for (uint32_t i = 0; i < window; i++) {
            una++;
            struct congestion_ack ack = {
                .now = {(int64_t)una}, .acked = 1, .window_limited = true, .rtt_ns = rtt, .una = {una}, .nxt = {end + i}};
            cc.ops->acked(&cc, &ack);
            cc.ops->avoid(&cc, &ack);
        }
    }
    assert_in_range(rounds, 9, 14);
    assert_in_range(cc.cwnd, cc.ssthresh, cc.ssthresh + cc.ssthresh / 5);
    congestion_end(&cc);
}

/* One round of slow start in which each segment's ACK comes `gap_ns` after the one before and took `rtt_ns`. */
static void slow_start_round(struct congestion *cc, uint32_t *una, struct instant *now, int64_t gap_ns, int64_t rtt_ns)
{
    uint32_t window = cc->cwnd, end = *una + window;
    for (uint32_t i = 0; i < window && cc->ssthresh == UINT32_MAX; i++) {
        ++*una;
        *now = instant_add(*now, gap_ns);
        struct congestion_ack ack = {.now = *now,
                                     .acked = 1,
                                     .window_limited = true,
                                     .mss_bytes = 1000,
                                     .rtt_ns = rtt_ns,
                                     .smoothed_rtt_ns = rtt_ns,
                                     .una = {*una},
                                     .nxt = {end + 2 * i}};
        cc->ops->acked(cc, &ack);
        cc->ops->avoid(cc, &ack);
    }
}

/* Linux's HyStart: the ninth sample of a round that is an eighth above the least ever ends slow start at once; eight do not. */
static void classic_hystart_sees_delay(void **state)
{
    (void)state;
    struct congestion cc = {.slow_start_exit = CONGESTION_EXIT_CLASSIC};
    struct instant now = {NS_PER_S};
    uint32_t una = 1;
    congestion_start(&cc, congestion_find("cubic"), now);
    cc.cwnd = 20; /* rounds count from 16 on */
    slow_start_round(&cc, &una, &now, 3 * NS_PER_MS, 100 * NS_PER_MS);
    assert_int_equal(cc.cwnd, 40);
    slow_start_round(&cc, &una, &now, 3 * NS_PER_MS, 112 * NS_PER_MS); /* less than an eighth more */
    assert_int_equal(cc.cwnd, 80);
    assert_int_equal(cc.ssthresh, UINT32_MAX);
    slow_start_round(&cc, &una, &now, 3 * NS_PER_MS, 113 * NS_PER_MS);
    assert_int_equal(cc.ssthresh, 88); /* the first ACK ended the old round; eight samples later the ninth decides */
    assert_int_equal(cc.cwnd, 88);
    congestion_end(&cc);
}

/* And ACKs that come back to back for more than half the least round trip. */
static void classic_hystart_sees_trains(void **state)
{
    (void)state;
    struct congestion cc = {.slow_start_exit = CONGESTION_EXIT_CLASSIC};
    struct instant now = {NS_PER_S};
    uint32_t una = 1;
    congestion_start(&cc, congestion_find("cubic"), now);
    cc.cwnd = 20; /* rounds count from 16 on */
    slow_start_round(&cc, &una, &now, NS_PER_MS, 60 * NS_PER_MS);
    assert_int_equal(cc.ssthresh, UINT32_MAX); /* twenty ACKs take 20 ms */
    slow_start_round(&cc, &una, &now, 2 * NS_PER_MS, 60 * NS_PER_MS);
    assert_in_range(cc.ssthresh, 54, 57); /* 16 gaps are 32 ms, more than (60 + 1) / 2 */
    cc.slow_start_exit = CONGESTION_EXIT_NONE;
    cc.cwnd = 0;
    congestion_start(&cc, congestion_find("cubic"), now);
    for (unsigned i = 0; i < 4; i++)
        slow_start_round(&cc, &una, &now, NS_PER_MS, (60 + 20 * i) * NS_PER_MS);
    assert_int_equal(cc.cwnd, 160);
    congestion_end(&cc);
}

/* tcp_cubic_hystart_detect: each of the two signs may be left out. */
static void classic_hystart_may_look_at_one_sign(void **state)
{
    (void)state;
    struct congestion cc = {.slow_start_exit = CONGESTION_EXIT_CLASSIC, .classic_signs = CONGESTION_SIGN_DELAY};
    struct instant now = {NS_PER_S};
    uint32_t una = 1;
    congestion_start(&cc, congestion_find("cubic"), now);
    for (unsigned i = 0; i < 3; i++)
        slow_start_round(&cc, &una, &now, 2 * NS_PER_MS, 60 * NS_PER_MS); /* trains, but no delay */
    assert_int_equal(cc.ssthresh, UINT32_MAX);
    cc.classic_signs = CONGESTION_SIGN_TRAIN;
    cc.cwnd = 0;
    congestion_start(&cc, congestion_find("cubic"), now);
    for (unsigned i = 0; i < 3; i++)
        slow_start_round(&cc, &una, &now, 3 * NS_PER_MS, (60 + 20 * i) * NS_PER_MS); /* delay, but no trains */
    assert_int_equal(cc.ssthresh, UINT32_MAX);
    congestion_end(&cc);
}

/* tcp_cubic_friendliness 0: on the curve's plateau the window stays where Reno's estimate (RFC 9438 section 4.3) would lift it. */
static void cubic_without_reno_keeps_its_plateau(void **state)
{
    (void)state;
    uint32_t after[2];
    for (unsigned unfriendly = 0; unfriendly < 2; unfriendly++) {
        struct congestion cc = {.unfriendly = unfriendly};
        congestion_start(&cc, congestion_find("cubic"), INSTANT_ZERO);
        cc.cwnd = 50;
        cc.cwnd = cc.ssthresh = cc.ops->ssthresh(&cc, INSTANT_ZERO);
        for (int64_t ms = 10; ms <= 3000; ms += 10) { /* ten milliseconds a round trip */
            struct congestion_ack ack = ack_at(ms * NS_PER_MS, cc.cwnd);
            ack.rtt_ns = 10 * NS_PER_MS;
            cc.ops->acked(&cc, &ack);
            cc.ops->avoid(&cc, &ack);
        }
        after[unfriendly] = cc.cwnd;
        congestion_end(&cc);
    }
    assert_in_range(after[1], 45, 51); /* 50 is W_max */
    assert_true(after[0] > 150);       /* half a segment a round trip, three hundred times */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classic_hystart_sees_delay),
        cmocka_unit_test(classic_hystart_sees_trains),
        cmocka_unit_test(classic_hystart_may_look_at_one_sign),
        cmocka_unit_test(cubic_without_reno_keeps_its_plateau),
        cmocka_unit_test(cubic_follows_its_curve),
        cmocka_unit_test(hystart_leaves_slow_start),
        cmocka_unit_test(reassembly_agrees_with_a_model),
        cmocka_unit_test(islands_are_bounded),
        cmocka_unit_test(tiny_payloads_are_gathered),
        cmocka_unit_test(sums_follow_a_short_segment),
        cmocka_unit_test(the_send_buffer_keeps_a_stream),
        cmocka_unit_test(the_retransmission_queue_counts_exactly),
        cmocka_unit_test(the_estimator_follows_rfc_6298_as_linux_does),
        cmocka_unit_test(reno_grows_as_rfc_5681_says),
    };
    return cmocka_run_group_tests_name("tcp pieces", tests, NULL, NULL);
}
