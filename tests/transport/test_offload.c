/* Cutting large segments and joining small ones: every field that changes, every reason not to, and that the two undo each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "host/virtio_header.h"
#include "transport/offload/cut.h"
#include "transport/offload/join.h"
#include "transport/tcp/segment.h"

enum { PAYLOAD = 4000, MSS = 1448, PIECES = 3, TIMESTAMPS = 12, FRAMES = 200 };

static struct engine *engine;
static struct frame *frames[FRAMES]; /* pieces, or what was delivered */
static unsigned frame_count;

static int set_up(void **state)
{
    (void)state;
    engine = engine_create(1);
    frame_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < frame_count; i++)
        frame_release(frames[i]);
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
    return 0;
}

static void keep(void *context, struct frame *frame)
{
    (void)context;
    assert_true(frame_count < FRAMES);
    frames[frame_count++] = frame;
}

struct shape { /* of a test frame */
    bool ipv6, tagged;
    uint8_t flags;
    uint32_t sequence, acknowledgement, payload;
    uint16_t number;
    uint32_t timestamp;
    uint8_t traffic_class;
    bool sack;
};

static uint8_t byte_of(uint32_t sequence) { return (uint8_t)(sequence * 7 + sequence / 253); }

/* Writes a frame; the checksum's field holds the pseudo-header's sum. Returns where TCP starts. */
static uint16_t frame_write(const struct shape *s, uint8_t *out, uint32_t *length)
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    struct writer w = writer_of(out, 70000);
    uint32_t tcp_bytes = 20 + TIMESTAMPS + s->payload;
    writer_bytes(&w, macs, sizeof macs);
    if (s->tagged)
        writer_u32(&w, 0x81000007);
    writer_u16(&w, s->ipv6 ? 0x86dd : 0x0800);
    uint16_t network = (uint16_t)w.at;
    if (s->ipv6) {
        writer_u32(&w, 0x60000000u | (uint32_t)s->traffic_class << 20 | 0x12345);
        writer_u16(&w, (uint16_t)tcp_bytes);
        writer_u16(&w, 6 << 8 | 64);
        for (unsigned i = 0; i < 32; i++)
            writer_u8(&w, (uint8_t)(0x20 + i));
    } else {
        writer_u16(&w, (uint16_t)(0x4500 | s->traffic_class));
        writer_u16(&w, (uint16_t)(20 + tcp_bytes));
        writer_u16(&w, s->number);
        writer_u16(&w, 0x4000);
        writer_u32(&w, 64u << 24 | 6 << 16);
        writer_u32(&w, 0x0a000001);
        writer_u32(&w, 0x0a000002);
        store_u16(out + network + 10, checksum_finish(checksum_partial(out + network, 20, 0)));
    }
    uint16_t transport = (uint16_t)w.at;
    struct offload_headers h = {.family = s->ipv6 ? 6 : 4, .network = network};
    uint32_t pseudo = checksum_combine(offload_pseudo_sum(out, &h), tcp_bytes);
    writer_u16(&w, 1000);
    writer_u16(&w, 2000);
    writer_u32(&w, s->sequence);
    writer_u32(&w, s->acknowledgement);
    writer_u16(&w, (uint16_t)((5 + TIMESTAMPS / 4) << 12 | s->flags));
    writer_u16(&w, 501);
    writer_u16(&w, (uint16_t)~checksum_finish(pseudo));
    writer_u16(&w, 0);
    writer_u32(&w, s->sack ? 0x0101050a : 0x0101080a);
    writer_u32(&w, s->timestamp);
    writer_u32(&w, 77);
    for (uint32_t i = 0; i < s->payload; i++)
        writer_u8(&w, byte_of(s->sequence + i));
    assert_false(w.failed);
    *length = (uint32_t)w.at;
    return transport;
}

/* A frame as it comes off a wire, sums done; known to be good when `good`. */
static struct frame *frame_of(const struct shape *s, bool good)
{
    static uint8_t bytes[70000];
    uint32_t length;
    uint16_t transport = frame_write(s, bytes, &length);
    struct frame *frame = frame_create(engine, FRAME_HEADROOM, length);
    memcpy(frame_append(frame, length), bytes, length);
    offload_complete_checksum(frame, transport, 16);
    if (good)
        frame->flags |= FRAME_SUMS_GOOD;
    return frame;
}

static struct offload_large large_of(const struct shape *s)
{
    struct offload_large large = {.block = block_create(70000),
                                  .offset = 10,
                                  .family = s->ipv6 ? 6 : 4,
                                  .segment_bytes = MSS,
                                  .frame_bytes_max = 14 + 4 + 1520};
    large.transport = frame_write(s, large.block->data + 10, &large.length);
    return large;
}

static void check_sums(struct frame *frame, const struct offload_headers *h)
{
    if (h->family == 4)
        assert_int_equal(checksum_finish(checksum_partial(frame->data + h->network, 20, 0)), 0);
    uint32_t sum = checksum_combine(offload_pseudo_sum(frame->data, h), h->end - h->transport);
    frame->flags = (uint16_t)(frame->flags & ~FRAME_TAIL_SUMMED); /* from the bytes themselves */
    assert_int_equal(checksum_finish(frame_checksum(frame, h->transport, sum)), 0);
}

static void cut_and_check(struct shape s)
{
    s.flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR;
    s.sequence = 0xfffffe00; /* wraps on the way */
    s.payload = PAYLOAD;
    s.number = 0xffff;
    struct offload_large large = large_of(&s);
    assert_int_equal(offload_cut(engine, &large, keep, NULL), PIECES);
    block_release(large.block);
    for (unsigned i = 0; i < PIECES; i++) {
        struct offload_headers h;
        struct frame *f = frames[i];
        assert_true(offload_headers_find(f->data, f->length, frame_total(f), 0, &h));
        assert_int_equal(h.end, frame_total(f));
        assert_int_equal(h.end - h.payload, i < 2 ? MSS : PAYLOAD - 2 * MSS);
        assert_true(f->flags & FRAME_SUMS_GOOD);
        check_sums(f, &h);
        const uint8_t *tcp = f->data + h.transport;
        uint32_t sequence = s.sequence + i * MSS;
        assert_int_equal(load_u32(tcp + 4), sequence);
        assert_int_equal(tcp[13], TCP_ACK | (i == 0 ? TCP_CWR : 0) | (i == 2 ? TCP_PSH | TCP_FIN : 0));
        if (!s.ipv6)
            assert_int_equal(load_u16(f->data + h.network + 4), (uint16_t)(0xffff + i));
        for (uint32_t at = h.payload; at < h.end; at++) {
            uint8_t byte;
            frame_copy_out(f, at, &byte, 1);
            assert_int_equal(byte, byte_of(sequence + at - h.payload));
        }
    }
}

static void a_large_segment_is_cut(void **state)
{
    (void)state;
    cut_and_check((struct shape){.traffic_class = 2});
}

static void with_ipv6(void **state)
{
    (void)state;
    cut_and_check((struct shape){.ipv6 = true});
}

static void behind_a_vlan_tag(void **state)
{
    (void)state;
    cut_and_check((struct shape){.ipv6 = true, .tagged = true});
}

static void what_is_no_segment_is_refused(void **state)
{
    (void)state;
    const struct shape s = {.payload = PAYLOAD, .flags = TCP_ACK};
    struct offload_large good = large_of(&s), bad;
#define REFUSED(error, change)                                                                                                 \
    do {                                                                                                                       \
        bad = good;                                                                                                            \
        change;                                                                                                                \
        assert_int_equal(offload_cut(engine, &bad, keep, NULL), error);                                                        \
    } while (0)
    REFUSED(IMP_MALFORMED, bad.family = 6);
    REFUSED(IMP_MALFORMED, bad.segment_bytes = 0);
    REFUSED(IMP_MALFORMED, bad.length--);
    REFUSED(IMP_MALFORMED, bad.length = 20);
    REFUSED(IMP_MALFORMED, bad.transport += 4);
    REFUSED(IMP_TOO_BIG, bad.frame_bytes_max = 1000);
    REFUSED(IMP_TOO_BIG, bad.segment_bytes = 3000);
#undef REFUSED
    assert_int_equal(frame_count, 0);
    good.block->data[good.offset + 34 + 16] ^= 1; /* a sum that the addresses do not have */
    assert_int_equal(offload_cut(engine, &good, keep, NULL), PIECES);
    assert_false(frames[0]->flags & FRAME_SUMS_GOOD);
    block_release(good.block);
}

static void a_half_done_checksum_is_finished(void **state)
{
    (void)state;
    const struct shape s = {.ipv6 = true, .payload = 777, .flags = TCP_ACK};
    keep(NULL, frame_of(&s, false));
    struct offload_headers h;
    assert_true(offload_headers_find(frames[0]->data, frames[0]->length, frames[0]->length, 0, &h));
    check_sums(frames[0], &h);
}

/* ---- joining ---- */

static struct {
    uint32_t pieces, payload, segment;
    bool whole;      /* has the headers of a large segment, */
    uint8_t tcp[32]; /* these */
} delivered[FRAMES];
static unsigned delivered_count;

static void deliver(void *context, const struct joined *j)
{
    (void)context;
    assert_true(delivered_count < FRAMES);
    delivered[delivered_count].pieces = j->count;
    delivered[delivered_count].payload = j->payload_bytes;
    delivered[delivered_count].segment = j->segment_bytes;
    delivered[delivered_count].whole = j->headers != NULL;
    if (j->headers) {
        uint8_t start[OFFLOAD_HEADERS_MAX];
        joined_headers(j, start);
        memcpy(delivered[delivered_count].tcp, start + j->headers->transport, 32);
        uint32_t sequence = load_u32(start + j->headers->transport + 4), total = 0;
        for (uint32_t i = 0; i < j->count; i++) {
            struct joined_payload p = joined_payload(j, i);
            for (uint32_t at = 0; at < p.linear_bytes + p.tail_bytes; at++, total++)
                assert_int_equal(at < p.linear_bytes ? p.linear[at] : p.tail[at - p.linear_bytes], byte_of(sequence + total));
        }
        assert_int_equal(total, j->payload_bytes);
    } else {
        frame_copy_out(j->frames[0], 34, delivered[delivered_count].tcp, 32);
    }
    delivered_count++;
}

static struct join join;
static void begin(void)
{
    join_init(&join, deliver, NULL);
    delivered_count = 0;
}
static void add(struct shape s, bool good)
{
    s.flags |= TCP_ACK;
    join_add(&join, frame_of(&s, good));
}

static void cutting_and_joining_undo_each_other(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        const struct shape s = {
            .ipv6 = round & 1, .tagged = round & 2, .flags = TCP_ACK | TCP_PSH, .payload = PAYLOAD, .sequence = 5};
        struct offload_large large = large_of(&s);
        begin();
        frame_count = 0;
        offload_cut(engine, &large, keep, NULL);
        for (unsigned i = 0; i < PIECES; i++)
            join_add(&join, frames[i]);
        frame_count = 0;
        assert_int_equal(delivered_count, 1); /* PSH ended it */
        assert_int_equal(delivered[0].pieces, PIECES);
        assert_int_equal(delivered[0].payload, PAYLOAD);
        assert_int_equal(delivered[0].segment, MSS);
        assert_memory_equal(delivered[0].tcp, large.block->data + large.offset + large.transport, 32); /* the sum too */
        block_release(large.block);
    }
}

static void only_what_continues_is_joined(void **state)
{
    (void)state;
    const struct shape first = {.sequence = 100, .payload = 1000, .number = 7, .timestamp = 9, .acknowledgement = 3};
    struct shape second = first;
    second.sequence += 1000;
    second.number++;
    struct shape others[10];
    for (unsigned i = 0; i < 10; i++)
        others[i] = second;
    others[0].sequence++;        /* a hole */
    others[1].sequence -= 1000;  /* again */
    others[2].timestamp++;       /* another moment */
    others[3].acknowledgement++; /* news */
    others[4].number = 100;      /* not in a row */
    others[5].traffic_class = 3; /* congestion experienced */
    others[6].flags = TCP_ECE;   /* heard of it */
    others[7].flags = TCP_FIN;   /* the end */
    others[8].payload = 1001;    /* longer than the first */
    others[9].flags = TCP_CWR;
    for (unsigned i = 0; i < 10; i++) {
        begin();
        add(first, true);
        assert_int_equal(delivered_count, 0);
        add(others[i], true);
        assert_int_equal(delivered_count >= 1, 1);
        assert_int_equal(delivered[0].pieces, 1);
        join_flush(&join);
        assert_int_equal(delivered_count, 2);
        assert_int_equal(load_u32(delivered[1].tcp + 4), others[i].sequence); /* in the wire's order */
    }
    begin();
    add(first, true);
    second.number = first.number; /* identifications that stay, as with DF they may (RFC 6864) */
    second.payload = 400;
    add(second, true);
    assert_int_equal(delivered_count, 1); /* a short one ends it */
    assert_int_equal(delivered[0].pieces, 2);
}

static void damaged_segments_go_alone(void **state)
{
    (void)state;
    struct shape s = {.sequence = 100, .payload = 1000};
    begin();
    add(s, false); /* the sums are added up here */
    s.sequence += 1000;
    s.number++;
    struct frame *bad = frame_of(&(struct shape){.sequence = 1100, .payload = 1000, .number = 1, .flags = TCP_ACK}, false);
    bad->data[500] ^= 4;
    join_add(&join, bad);
    assert_int_equal(delivered_count, 2);
    assert_int_equal(delivered[0].pieces, 1);
    assert_true(delivered[0].whole);
    assert_false(delivered[1].whole); /* as it is */
    join_flush(&join);
    assert_int_equal(delivered_count, 2);
}

static void a_large_segment_ends_at_64_kib(void **state)
{
    (void)state;
    struct shape s = {.payload = 1448};
    begin();
    for (unsigned i = 0; i < 60; i++, s.sequence += s.payload, s.number++)
        add(s, true);
    assert_int_equal(delivered_count, 1);
    assert_int_equal(delivered[0].pieces, 45);
    join_flush(&join);
    assert_int_equal(delivered[1].pieces, 15);
}

static void of_acknowledgements_the_last_remains(void **state)
{
    (void)state;
    struct shape s = {.acknowledgement = 0xfffff000, .sequence = 9};
    begin();
    for (unsigned i = 0; i < 20; i++, s.acknowledgement += 2896, s.timestamp++)
        add(s, true);
    assert_int_equal(delivered_count, 0);
    join_flush(&join);
    assert_int_equal(delivered_count, 1);
    assert_false(delivered[0].whole);
    assert_int_equal(load_u32(delivered[0].tcp + 8), 0xfffff000u + 19 * 2896);
    begin();
    s.acknowledgement = 0;
    for (unsigned i = 0; i < 30; i++, s.acknowledgement += 2896)
        add(s, true);
    join_flush(&join);
    assert_int_equal(delivered_count, 2); /* each stands for 64 KiB at most */
    assert_int_equal(load_u32(delivered[0].tcp + 8), 65535 / 2896 * 2896);
    assert_int_equal(load_u32(delivered[1].tcp + 8), 29 * 2896);
}

static void acknowledgements_with_news_all_arrive(void **state)
{
    (void)state;
    const struct shape first = {.acknowledgement = 1000, .sequence = 9};
    struct shape others[6];
    for (unsigned i = 0; i < 6; i++) {
        others[i] = first;
        others[i].acknowledgement += 1000;
    }
    others[0].acknowledgement = 1000; /* a duplicate */
    others[1].acknowledgement = 500;  /* an old one */
    others[2].sack = true;
    others[3].flags = TCP_ECE;
    others[4].traffic_class = 3;
    others[5].payload = 1; /* with data */
    for (unsigned i = 0; i < 6; i++) {
        begin();
        add(first, true);
        add(others[i], true);
        join_flush(&join);
        assert_int_equal(delivered_count, 2);
        assert_int_equal(load_u32(delivered[0].tcp + 8), 1000);
        assert_int_equal(load_u32(delivered[1].tcp + 8), others[i].acknowledgement);
    }
    begin(); /* behind data too: it is a duplicate for the peer */
    add((struct shape){.acknowledgement = 1000, .sequence = 9, .payload = 100}, true);
    add((struct shape){.acknowledgement = 1000, .sequence = 109}, true);
    join_flush(&join);
    assert_int_equal(delivered_count, 2);
}

/* ---- the virtio header ---- */

static void virtio_headers(void **state)
{
    (void)state;
    const struct virtio_header in = {.needs_checksum = true,
                                     .segmentation = VIRTIO_TCP_IPV6,
                                     .ecn = true,
                                     .header_bytes = 86,
                                     .segment_bytes = 1428,
                                     .checksum_start = 54,
                                     .checksum_offset = 16};
    const uint8_t wanted[VIRTIO_HEADER_BYTES] = {1, 0x84, 86, 0, 0x94, 5, 54, 0, 16, 0};
    uint8_t bytes[VIRTIO_HEADER_BYTES];
    struct virtio_header out;
    virtio_header_build(&in, bytes);
    assert_memory_equal(bytes, wanted, sizeof wanted);
    assert_int_equal(virtio_header_parse(bytes, 72, &out), 0);
    virtio_header_build(&out, bytes);
    assert_memory_equal(bytes, wanted, sizeof wanted);
    assert_int_equal(virtio_header_parse(bytes, 71, &out), IMP_MALFORMED); /* the field lies outside */
    const uint8_t faults[][VIRTIO_HEADER_BYTES] = {
        {0, 1, 0, 0, 0x94, 5, 0, 0, 0, 0},          /* to be cut, with a checksum already */
        {1, 1, 0, 0, 0, 0, 34, 0, 16, 0},           /* into nothing */
        {0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0},          /* CWR of no segment */
        {1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, /* far outside */
    };
    for (size_t i = 0; i < count_of(faults); i++)
        assert_int_equal(virtio_header_parse(faults[i], 65549, &out), IMP_MALFORMED);
    assert_int_equal(virtio_header_parse((const uint8_t[VIRTIO_HEADER_BYTES]){1, 3, 0, 0, 5, 0, 0, 0, 0, 0}, 1000, &out),
                     IMP_UNSUPPORTED);
    assert_int_equal(virtio_header_parse((const uint8_t[VIRTIO_HEADER_BYTES]){0}, 14, &out), 0);
    assert_false(out.needs_checksum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_large_segment_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(with_ipv6, set_up, tear_down),
        cmocka_unit_test_setup_teardown(behind_a_vlan_tag, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_segment_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_half_done_checksum_is_finished, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cutting_and_joining_undo_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_continues_is_joined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_segments_go_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_segment_ends_at_64_kib, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_acknowledgements_the_last_remains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(acknowledgements_with_news_all_arrive, set_up, tear_down),
        cmocka_unit_test(virtio_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
