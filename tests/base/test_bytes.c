/* Readers and writers: what is written reads back, and an error sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

static void what_is_written_reads_back(void **state)
{
    (void)state;
    uint8_t room[64];
    struct writer w = writer_of(room, sizeof room);
    writer_u8(&w, 0x12);
    writer_u16(&w, 0x3456);
    writer_u32(&w, 0x789abcde);
    writer_u64(&w, UINT64_C(0x0123456789abcdef));
    writer_bytes(&w, "imp", 3);
    writer_zeros(&w, 3);
    writer_patch_u16(&w, 1, 0xfedc);
    assert_false(w.failed);
    assert_int_equal(w.at, 21);
    assert_int_equal(room[1], 0xfe); /* big-endian */

    struct reader r = reader_of(room, w.at);
    char text[3];
    assert_int_equal(reader_u8(&r), 0x12);
    assert_int_equal(reader_u16(&r), 0xfedc);
    assert_int_equal(reader_u32(&r), 0x789abcde);
    assert_true(reader_u64(&r) == UINT64_C(0x0123456789abcdef));
    reader_copy(&r, text, 3);
    assert_memory_equal(text, "imp", 3);
    assert_int_equal(reader_left(&r), 3);
    assert_int_equal(reader_u24(&r), 0);
    assert_non_null(reader_take(&r, 0));
    assert_int_equal(reader_rest(&r).length, 0);
    assert_false(r.failed);
}

static void a_readers_error_sticks(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3, 4, 5};
    struct reader r = reader_of(data, sizeof data);
    uint8_t out[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    assert_int_equal(reader_u32(&r), 0x01020304);
    assert_int_equal(reader_u16(&r), 0);
    assert_true(r.failed);
    assert_int_equal(reader_u8(&r), 0); /* though a byte is there */
    assert_int_equal(reader_left(&r), 0);
    reader_copy(&r, out, sizeof out);
    assert_memory_equal(out, "\0\0\0\0\0\0\0\0", 8);
    assert_null(reader_take(&r, 0));
    struct reader huge = reader_of(data, sizeof data);
    reader_skip(&huge, 1);
    assert_null(reader_take(&huge, SIZE_MAX)); /* no overflow */
    struct reader half = reader_of(data, 5);
    assert_true(reader_u64(&half) == 0x0102030400000000 && half.failed);
}

static void a_writers_error_sticks(void **state)
{
    (void)state;
    uint8_t room[5] = {7, 7, 7, 7, 7};
    struct writer w = writer_of(room, 4);
    writer_u16(&w, 0x0102);
    writer_u32(&w, 0x03040506);
    assert_true(w.failed);
    writer_u8(&w, 9);
    assert_int_equal(w.at, 2);
    assert_memory_equal(room, "\1\2\7\7\7", 5);
    assert_null(writer_take(&w, SIZE_MAX));
    struct writer patch = writer_of(room, 4);
    writer_u8(&patch, 1);
    writer_patch_u16(&patch, 0, 0xffff);
    assert_true(patch.failed);
    struct writer far = writer_of(room, 4);
    writer_u32(&far, 1);
    writer_patch_u16(&far, 3, 0xffff);
    assert_true(far.failed);
    assert_int_equal(room[3], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_reads_back), cmocka_unit_test(a_readers_error_sticks),
                                       cmocka_unit_test(a_writers_error_sticks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
