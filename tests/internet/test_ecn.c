/* The mark "congestion experienced" (RFC 3168): both families, tags, checksums, shared frames, and what must not be touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "engine/engine.h"
#include "engine/frame.h"
#include "internet/ecn.h"

static struct frame *packet(struct engine *engine, bool tagged, unsigned version, unsigned codepoint)
{
    struct frame *frame = frame_create(engine, FRAME_HEADROOM, 100);
    memset(frame_append(frame, 60 + (tagged ? 4 : 0)), 0, 60 + (tagged ? 4 : 0));
    uint8_t *type = frame->data + 12;
    if (tagged) {
        type[0] = 0x81;
        type += 4;
    }
    uint8_t *header = type + 2;
    if (version == 4) {
        type[0] = 0x08;
        header[0] = 0x45;
        header[1] = (uint8_t)(0xb8 | codepoint);
        header[3] = 40;
        uint16_t sum = checksum_finish(checksum_partial(header, 20, 0));
        header[10] = (uint8_t)(sum >> 8);
        header[11] = (uint8_t)sum;
    } else {
        type[0] = 0x86;
        type[1] = 0xdd;
        header[0] = 0x6b;
        header[1] = (uint8_t)(0x80 | codepoint << 4 | 0x5);
    }
    return frame;
}

static void capable_packets_are_marked(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    for (unsigned version = 4; version <= 6; version += 2)
        for (int tagged = 0; tagged < 2; tagged++)
            for (unsigned codepoint = 0; codepoint < 4; codepoint++) {
                struct frame *frame = packet(engine, tagged, version, codepoint);
                uint32_t at = tagged ? 18 : 14;
                assert_int_equal(ecn_mark_frame(&frame), codepoint != ECN_NOT_ECT);
                unsigned now = codepoint ? ECN_CE : ECN_NOT_ECT;
                if (version == 4) {
                    assert_int_equal(frame->data[at + 1], 0xb8 | now);
                    assert_int_equal(checksum_finish(checksum_partial(frame->data + at, 20, 0)), 0);
                } else {
                    assert_int_equal(frame->data[at], 0x6b);
                    assert_int_equal(frame->data[at + 1], 0x80 | now << 4 | 0x5);
                }
                frame_release(frame);
            }
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

static void a_shared_frame_is_copied_first(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct frame *frame = packet(engine, false, 4, ECN_ECT_0), *other = frame_hold(frame);
    assert_true(ecn_mark_frame(&frame));
    assert_ptr_not_equal(frame, other);
    assert_int_equal(other->data[15], 0xb8 | ECN_ECT_0);
    assert_int_equal(frame->data[15], 0xb8 | ECN_CE);
    frame_release(frame);
    frame_release(other);
    assert_int_equal(engine_counts(engine).frames_alive, 0);
    engine_destroy(engine);
}

static void what_is_no_ip_packet_stays(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct frame *arp = packet(engine, false, 4, ECN_ECT_0);
    arp->data[13] = 6;
    assert_false(ecn_mark_frame(&arp));
    frame_release(arp);
    struct frame *stub = packet(engine, false, 4, ECN_ECT_0);
    frame_trim(stub, 33);
    assert_false(ecn_mark_frame(&stub));
    frame_trim(stub, 10);
    assert_false(ecn_mark_frame(&stub));
    frame_release(stub);
    struct frame *tag = packet(engine, true, 4, ECN_ECT_0);
    frame_trim(tag, 37);
    assert_false(ecn_mark_frame(&tag));
    frame_release(tag);
    engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(capable_packets_are_marked),
                                       cmocka_unit_test(a_shared_frame_is_copied_first),
                                       cmocka_unit_test(what_is_no_ip_packet_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
