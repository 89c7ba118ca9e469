#ifndef TESTS_NET_LENDING_H
#define TESTS_NET_LENDING_H

/* The conformance suite's tests of net/net_lend.h; included by conformance.c, whose helpers they use. */

/* ---- lending: bytes that lie in a block go out whole and in order, and the block comes back ---- */
enum { LENT_BYTES = 24 << 20, LENT_SKIP = 3 };

static struct block *block_filled(uint32_t capacity)
{
    struct block *block = block_create(capacity);
    fill(block->data, capacity, 0);
    block_sum(block);
    return block;
}

/* The same block twice, with copied bytes in front, between and behind: more than fits any buffer, so that the writer has to wait. */
static void lend_writer(struct world *world)
{
    struct stream stream = test_dial(world);
    struct block *block = block_filled(LENT_BYTES);
    uint8_t byte;
    assert_int_equal(stream_lend_some(stream, block, 0, 0, in_ms(world, 1000)), IMP_INVALID);
    assert_int_equal(stream_lend(stream, block, 0, 0, in_ms(world, 1000)), 0);
    assert_int_equal(stream_write_more(stream, "front", 5, in_ms(world, 1000)), 0);
    assert_int_equal(stream_lend(stream, block, LENT_SKIP, LENT_BYTES - LENT_SKIP, in_ms(world, 25000)), 0);
    world->done = true;
    assert_int_equal(stream_write(stream, "middle", 6, in_ms(world, 25000)), 0);
    assert_int_equal(stream_lend(stream, block, LENT_SKIP, 1000, in_ms(world, 25000)), 0);
    assert_int_equal(stream_write_more(stream, "behind", 6, in_ms(world, 25000)), 0);
    assert_int_equal(stream_finish(stream), 0); /* which sends that, too */
    assert_int_equal(stream_lend(stream, block, 0, 1, in_ms(world, 1000)), IMP_CLOSED);
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 25000)), 0); /* the peer has everything, */
    assert_int_equal(block->refs, 1);                                        /* and so the block is ours alone */
    assert_int_equal(stream_close(stream), 0);
    assert_int_equal(stream_lend(stream, block, 0, 1, in_ms(world, 1000)), IMP_STALE);
    assert_int_equal(stream_write_more(stream, "late", 4, in_ms(world, 1000)), IMP_STALE);
    block_release(block);
}

static void expect_bytes(struct world *world, struct stream stream, size_t length, size_t from)
{
    static uint8_t got[CHUNK], expected[CHUNK];
    for (size_t at = 0; at < length;) {
        size_t n = length - at < CHUNK ? length - at : CHUNK;
        assert_int_equal(stream_read_all(stream, got, n, in_ms(world, 10000)), 0);
        fill(expected, n, from + at);
        assert_memory_equal(got, expected, n);
        at += n;
    }
}

static void lend_reader(struct world *world)
{
    char words[8];
    struct stream stream = test_accept(world);
    assert_int_equal(net_sleep(world->server, in_ms(world, 200)), 0);
    assert_false(world->done); /* lending waits for room as writing does */
    assert_int_equal(stream_read_all(stream, words, 5, in_ms(world, 5000)), 0);
    assert_memory_equal(words, "front", 5);
    expect_bytes(world, stream, LENT_BYTES - LENT_SKIP, LENT_SKIP);
    assert_int_equal(stream_read_all(stream, words, 6, in_ms(world, 5000)), 0);
    assert_memory_equal(words, "middle", 6);
    expect_bytes(world, stream, 1000, LENT_SKIP);
    assert_int_equal(stream_read_all(stream, words, 6, in_ms(world, 5000)), 0);
    assert_memory_equal(words, "behind", 6);
    assert_int_equal(stream_read(stream, words, 1, in_ms(world, 5000)), 0);
    assert_int_equal(stream_close(stream), 0);
}

static void test_lend(struct world *world)
{
    test_both(world, lend_reader, lend_writer);
    assert_true(world->done);
}

/* What was lent is delivered although the stream is closed and the block let go of at once. */
static void lend_close_writer(struct world *world)
{
    struct stream stream = test_dial(world);
    struct block *block = block_filled(100000);
    assert_int_equal(stream_lend(stream, block, 0, block->capacity, in_ms(world, 5000)), 0);
    block_release(block);
    assert_int_equal(stream_close(stream), 0);
}

static void lend_close_reader(struct world *world)
{
    uint8_t byte;
    struct stream stream = test_accept(world);
    assert_int_equal(net_sleep(world->server, in_ms(world, 50)), 0);
    expect_bytes(world, stream, 100000, 0);
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 5000)), 0);
    assert_int_equal(stream_close(stream), 0);
}

static void test_lend_and_close(struct world *world) { test_both(world, lend_close_reader, lend_close_writer); }

/* A full buffer takes a part, then nothing; a peer that resets is told, and holds no block. */
static void lend_reset_writer(struct world *world)
{
    struct stream stream = test_dial(world);
    struct block *block = block_filled(LENT_BYTES);
    size_t total = 0;
    ssize_t took;
    while ((took = stream_lend_some(stream, block, (uint32_t)total, (uint32_t)(LENT_BYTES - total), INSTANT_ZERO)) > 0)
        total += (size_t)took;
    assert_int_equal(took, IMP_TIMEOUT);
    assert_true(total > 0 && total < LENT_BYTES);
    assert_int_equal(stream_lend(stream, block, (uint32_t)total, (uint32_t)(LENT_BYTES - total), in_ms(world, 200)),
                     IMP_TIMEOUT);
    world->flag = true;
    assert_int_equal(stream_lend(stream, block, 0, LENT_BYTES, in_ms(world, 10000)), IMP_RESET);
    assert_int_equal(stream_close(stream), 0);
    assert_int_equal(block->refs, 1);
    block_release(block);
}

static void lend_reset_reader(struct world *world)
{
    struct stream stream = test_accept(world);
    while (!world->flag)
        assert_int_equal(net_sleep(world->server, in_ms(world, 5)), 0);
    assert_int_equal(net_sleep(world->server, in_ms(world, 20)), 0);
    assert_int_equal(stream_reset(stream), 0);
}

static void test_lend_and_reset(struct world *world) { test_both(world, lend_reset_reader, lend_reset_writer); }

#endif
