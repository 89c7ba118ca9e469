/* Queue disciplines of a wire. CoDel is compared, frame by frame and instant by instant, with a simulation of its own here: RFC 8289's
 * pseudocode as printed, a device queue and a transmitter, stepped from event to event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "base/memory.h"
#include "engine/codel.h"
#include "engine/engine.h"
#include "engine/frame.h"
#include "engine/wire.h"

enum { SENT = 20000, DEVICE = 3, LIMIT = 60 };

struct packet {
    int64_t at_ns;
    uint32_t length;
    bool capable;
};
struct outcome { /* what left, in order */
    uint32_t which[SENT];
    int64_t when_ns[SENT];
    bool marked[SENT];
    uint32_t count, dropped, refused;
};

/* ---- the model ---- */

struct model {
    const struct packet *packets;
    uint32_t queue[SENT], head, tail, bytes, device[DEVICE], in_device;
    bool sending, marked_one;
    uint32_t sent;
    int64_t done_ns;
    bool marks[SENT];
    bool ecn;
    int64_t first_above, drop_next;
    uint32_t count, last_count;
    bool dropping;
};
#define TARGET   (5 * NS_PER_MS)
#define INTERVAL (100 * NS_PER_MS)

static int64_t law(int64_t t, uint32_t count) { return t + (int64_t)((double)INTERVAL / sqrt((double)count)); }

static int model_fetch(struct model *m, int64_t now, bool *ok)
{
    *ok = false;
    if (m->head == m->tail) {
        m->first_above = 0;
        return -1;
    }
    uint32_t which = m->queue[m->head++];
    m->bytes -= m->packets[which].length;
    if (now - m->packets[which].at_ns < TARGET || m->bytes <= CODEL_MAXPACKET_BYTES)
        m->first_above = 0;
    else if (!m->first_above)
        m->first_above = now + INTERVAL;
    else
        *ok = now >= m->first_above;
    return (int)which;
}

static bool model_marks(struct model *m, int which) { return m->ecn && m->packets[which].capable && (m->marks[which] = true); }

static int model_dequeue(struct model *m, int64_t now, struct outcome *out)
{
    bool ok;
    int which = model_fetch(m, now, &ok);
    if (which < 0) {
        m->dropping = false;
    } else if (m->dropping) {
        if (!ok)
            m->dropping = false;
        while (which >= 0 && m->dropping && now >= m->drop_next) {
            m->count++;
            m->drop_next = law(m->drop_next, m->count);
            if (model_marks(m, which))
                return which;
            out->dropped++;
            which = model_fetch(m, now, &ok);
            if (which < 0 || !ok)
                m->dropping = false;
        }
    } else if (ok) {
        m->dropping = true;
        uint32_t delta = m->count - m->last_count;
        m->count = delta > 1 && now - m->drop_next < 16 * INTERVAL ? delta : 1;
        m->drop_next = law(now, m->count);
        m->last_count = m->count;
        if (!model_marks(m, which)) {
            out->dropped++;
            which = model_fetch(m, now, &ok);
        }
    }
    return which;
}

static void model_move(struct model *m, int64_t now, struct outcome *out)
{
    for (;;) {
        if (!m->sending && m->in_device) {
            m->sent = m->device[0];
            memmove(m->device, m->device + 1, --m->in_device * sizeof m->device[0]);
            m->sending = true;
            m->done_ns = now + (int64_t)m->packets[m->sent].length * 1000;
        }
        if (m->in_device == DEVICE)
            return;
        int which = model_dequeue(m, now, out);
        if (which < 0)
            return;
        m->device[m->in_device++] = (uint32_t)which;
    }
}

static void model_run(const struct packet *packets, bool ecn, struct outcome *out)
{
    struct model *m = memory_take_zeroed(1, sizeof *m);
    m->packets = packets;
    m->ecn = ecn;
    for (uint32_t next = 0; next < SENT || m->sending;) {
        if (m->sending && (next == SENT || m->done_ns <= packets[next].at_ns)) {
            m->sending = false;
            out->which[out->count] = m->sent;
            out->marked[out->count] = m->marks[m->sent];
            out->when_ns[out->count++] = m->done_ns;
            model_move(m, m->done_ns, out);
        } else if (m->tail - m->head >= LIMIT) {
            next++;
            out->refused++;
        } else {
            m->bytes += packets[next].length;
            m->queue[m->tail++] = next;
            model_move(m, packets[next++].at_ns, out);
        }
    }
    memory_free(m);
}

/* ---- the wire ---- */

static bool mark(struct frame **frame)
{
    if (!((*frame)->data[4] & 1))
        return false;
    *frame = frame_own(*frame, 0);
    (*frame)->data[4] |= 2;
    return true;
}

static void receive(struct port *port, struct frame *frame, struct instant now)
{
    struct outcome *out = port->owner;
    memcpy(&out->which[out->count], frame->data, 4);
    out->marked[out->count] = frame->data[4] & 2;
    out->when_ns[out->count++] = now.ns;
    frame_release(frame);
}

static struct port *ends(struct engine *engine, const struct wire_settings *settings, struct outcome *out)
{
    struct port *a = port_create(node_create(engine, "a"), "eth0"), *b = port_create(node_create(engine, "b"), "eth0");
    b->receive = receive;
    b->owner = out;
    assert_non_null(wire_create(a, b, "a-b", settings, settings));
    wires_mark_with(engine, mark);
    return a;
}

static struct frame *frame_of(struct engine *engine, uint32_t number, const struct packet *packet)
{
    struct frame *frame = frame_create(engine, 0, packet->length);
    memset(frame_append(frame, packet->length), 0, packet->length);
    memcpy(frame->data, &number, 4);
    frame->data[4] = packet->capable;
    return frame;
}

static void wire_run(const struct packet *packets, bool ecn, struct outcome *out)
{
    struct engine *engine = engine_create(1);
    struct port *a = ends(
        engine,
        &(struct wire_settings){
            .rate_bps = 8000000, .discipline = DISCIPLINE_CODEL, .ecn = ecn, .device_frames = DEVICE, .queue_frames = LIMIT},
        out);
    for (uint32_t i = 0; i < SENT; i++) {
        engine_run(engine, (struct instant){packets[i].at_ns});
        port_transmit(a, frame_of(engine, i, &packets[i]), engine_now(engine));
    }
    engine_run(engine, INSTANT_NEVER);
    out->dropped = (uint32_t)wire_counts(a->wire, 0).early_drops;
    out->refused = (uint32_t)wire_counts(a->wire, 0).queue_drops;
    assert_int_equal(a->node->drops[DROP_WIRE_QUEUE_EARLY], out->dropped);
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

static void compare(bool ecn)
{
    static struct packet packets[SENT];
    struct random random;
    random_seed(&random, 5, "codel");
    int64_t now = 0;
    for (uint32_t i = 0; i < SENT; i++) { /* a frame a millisecond goes through; a little more comes, in waves */
        now += (int64_t)random_below(&random, (i / 500) % 4 ? 1700 : 2600) * NS_PER_US;
        packets[i] = (struct packet){now, 500 + (uint32_t)random_below(&random, 1000), random_below(&random, 3) > 0};
    }
    struct outcome *expected = memory_take_zeroed(1, sizeof *expected), *seen = memory_take_zeroed(1, sizeof *seen);
    model_run(packets, ecn, expected);
    wire_run(packets, ecn, seen);
    assert_true(expected->dropped > 100);
    assert_true(expected->refused > 10);
    assert_int_equal(seen->dropped, expected->dropped);
    assert_int_equal(seen->refused, expected->refused);
    assert_int_equal(seen->count, expected->count);
    uint32_t marked = 0;
    for (uint32_t i = 0; i < expected->count; i++) {
        assert_int_equal(seen->which[i], expected->which[i]);
        assert_int_equal(seen->when_ns[i], expected->when_ns[i]);
        assert_int_equal(seen->marked[i], expected->marked[i]);
        marked += expected->marked[i];
    }
    assert_true(ecn ? marked > 100 : marked == 0);
    memory_free(expected);
    memory_free(seen);
}

static void codel_is_exact(void **state)
{
    (void)state;
    compare(false);
}

static void codel_marks_are_exact(void **state)
{
    (void)state;
    compare(true);
}

/* ---- small ones ---- */

static void codel_drops_ever_faster(void **state)
{
    (void)state;
    struct codel codel = {0};
    struct codel_frame frame = {
        .waited_ns = 20 * NS_PER_MS, .bytes_behind = 30000, .target_ns = TARGET, .interval_ns = INTERVAL};
    int64_t drops[8];
    unsigned count = 0;
    for (frame.now_ns = NS_PER_MS; count < 4; frame.now_ns += NS_PER_MS)
        if (codel_dequeue(&codel, &frame))
            drops[count++] = frame.now_ns / NS_PER_MS;
    assert_int_equal(drops[0], 101); /* above target from 1 ms on */
    assert_int_equal(drops[1], 201); /* 100 / sqrt 1 */
    assert_int_equal(drops[2], 272); /* 100 / sqrt 2 = 70.7 */
    assert_int_equal(drops[3], 330); /* 100 / sqrt 3 = 57.7 */
    frame.waited_ns = NS_PER_MS;
    assert_false(codel_dequeue(&codel, &frame));
    assert_false(codel.dropping);
    frame.waited_ns = 20 * NS_PER_MS;
    for (count = 0; count < 1; frame.now_ns += NS_PER_MS)
        count += codel_dequeue(&codel, &frame);
    assert_int_equal(codel.count, 3); /* resumed: it had grown by three since the last time */
}

static void step_marks_above_its_threshold(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct outcome *out = memory_take_zeroed(1, sizeof *out);
    struct port *a = ends(
        engine,
        &(struct wire_settings){.rate_bps = 8000000, .discipline = DISCIPLINE_STEP, .mark_frames = 2, .queue_frames = 5}, out);
    for (uint32_t i = 0; i < 6; i++)
        port_transmit(a, frame_of(engine, i, &(struct packet){0, 100, i != 4}), INSTANT_ZERO);
    engine_run(engine, INSTANT_NEVER);
    const bool expected[] = {false, false, false, true, false};
    assert_int_equal(out->count, 5);
    assert_memory_equal(out->marked, expected, sizeof expected);
    assert_int_equal(wire_counts(a->wire, 0).marked, 1);
    assert_int_equal(engine_counts(engine).timers_fired, 5);
    memory_free(out);
    engine_destroy(engine);
}

static void mark_delay_marks_all_that_waited(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct outcome *out = memory_take_zeroed(1, sizeof *out);
    struct port *a = ends(
        engine, &(struct wire_settings){.rate_bps = 8000000, .discipline = DISCIPLINE_CODEL, .mark_delay_ns = NS_PER_MS}, out);
    for (uint32_t i = 0; i < 20; i++)
        port_transmit(a, frame_of(engine, i, &(struct packet){0, 100, true}), INSTANT_ZERO);
    assert_int_equal(wire_queue_length(a->wire, 0, INSTANT_ZERO), 20);
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(out->count, 20);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(out->marked[i], i > 10); /* frame i waits i * 100 us */
    memory_free(out);
    engine_destroy(engine);
}

static void a_wire_that_falls_loses_what_waits(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct outcome *out = memory_take_zeroed(1, sizeof *out);
    struct port *a = ends(engine, &(struct wire_settings){.rate_bps = 8000000, .discipline = DISCIPLINE_CODEL}, out);
    for (uint32_t i = 0; i < 20; i++)
        port_transmit(a, frame_of(engine, i, &(struct packet){0, 100, true}), INSTANT_ZERO);
    engine_run(engine, (struct instant){250 * NS_PER_US});
    wire_set_up(a->wire, false);
    assert_int_equal(a->node->drops[DROP_WIRE_DOWN], 18);
    wire_set_up(a->wire, true);
    port_transmit(a, frame_of(engine, 77, &(struct packet){0, 100, true}), engine_now(engine));
    for (uint32_t i = 0; i < 3; i++) /* these lie in the queue when the engine ends */
        port_transmit(a, frame_of(engine, 78, &(struct packet){0, 100, true}), engine_now(engine));
    engine_run(engine, (struct instant){350 * NS_PER_US});
    assert_int_equal(out->count, 3);
    assert_int_equal(out->which[2], 77);
    assert_int_equal(out->when_ns[2], 350 * NS_PER_US);
    memory_free(out);
    engine_destroy(engine);
}

static void a_discipline_may_change_while_frames_wait(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct outcome *out = memory_take_zeroed(1, sizeof *out);
    struct port *a = ends(engine, &(struct wire_settings){.rate_bps = 8000000, .discipline = DISCIPLINE_CODEL}, out);
    for (uint32_t i = 0; i < 10; i++)
        port_transmit(a, frame_of(engine, i, &(struct packet){0, 100, true}), INSTANT_ZERO);
    engine_run(engine, (struct instant){150 * NS_PER_US});
    *wire_direction_settings(a->wire, 0) = (struct wire_settings){0};
    for (uint32_t i = 10; i < 20; i++)
        port_transmit(a, frame_of(engine, i, &(struct packet){0, 100, true}), engine_now(engine));
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(out->count, 20);
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(out->which[i], i);
    memory_free(out);
    engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(codel_is_exact),
                                       cmocka_unit_test(codel_marks_are_exact),
                                       cmocka_unit_test(codel_drops_ever_faster),
                                       cmocka_unit_test(step_marks_above_its_threshold),
                                       cmocka_unit_test(mark_delay_marks_all_that_waited),
                                       cmocka_unit_test(a_wire_that_falls_loses_what_waits),
                                       cmocka_unit_test(a_discipline_may_change_while_frames_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
