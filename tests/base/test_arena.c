/* Arenas: alignment, zeroing, no overlap, texts, large pieces between small ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/random.h"

static void an_empty_arena_is_valid(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_free(&arena);
    assert_null(arena.chunk);
    assert_non_null(arena_take(&arena, 0));
    arena_free(&arena);
    assert_int_equal(arena.used_bytes, 0);
}

/* Many sizes, small and larger than a chunk: each block keeps what was written to it until the end. */
static void blocks_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    enum { BLOCKS = 3000 };
    static uint8_t *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    struct arena arena = {0};
    struct random random;
    random_seed(&random, 7, "arena");
    for (size_t i = 0; i < BLOCKS; i++) {
        sizes[i] = random_below(&random, i % 50 == 0 ? 100000 : 200);
        blocks[i] = arena_take(&arena, sizes[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t at = 0; at < sizes[i]; at++)
            if (blocks[i][at])
                fail_msg("byte %zu of block %zu is not zero", at, i);
        memset(blocks[i], (int)(i % 255 + 1), sizes[i]);
    }
    size_t total = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        total += sizes[i];
        for (size_t at = 0; at < sizes[i]; at++)
            if (blocks[i][at] != i % 255 + 1)
                fail_msg("byte %zu of block %zu was overwritten", at, i);
    }
    assert_true(arena.used_bytes >= total && arena.used_bytes < total + 16 * BLOCKS);
    arena_free(&arena);
}

static void aligned_blocks_are_aligned_zeroed_and_dense(void **state)
{
    (void)state;
    enum { COUNT = 400, BYTES = 192, LINE = 64 };
    struct arena arena = {0};
    for (unsigned i = 0; i < 1000; i++) /* so that the chunks are large by now */
        arena_take(&arena, 16);
    size_t before = arena.used_bytes;
    for (unsigned i = 0; i < COUNT; i++) {
        uint8_t *block = arena_take_aligned(&arena, LINE, BYTES);
        assert_int_equal((uintptr_t)block % LINE, 0);
        for (unsigned at = 0; at < BYTES; at++)
            assert_int_equal(block[at], 0);
        memset(block, 0xff, BYTES);
    }
    assert_true(arena.used_bytes - before < COUNT * (BYTES + 4)); /* lost only where a chunk begins */
    for (unsigned i = 0; i < COUNT; i++) {                        /* with others between */
        assert_int_equal((uintptr_t)arena_take_aligned(&arena, 128, 1 + i * 7 % 500) % 128, 0);
        memset(arena_take(&arena, 1 + i % 50), 0xff, 1 + i % 50);
    }
    arena_free(&arena);
}

static void texts_are_copied_and_formatted(void **state)
{
    (void)state;
    struct arena arena = {0};
    char original[] = "router";
    char *copy = arena_copy_text(&arena, original);
    original[0] = 'x';
    assert_string_equal(copy, "router");
    char *bytes = arena_copy_bytes(&arena, "a\0b", 3);
    assert_memory_equal(bytes, "a\0b\0", 4);
    assert_string_equal(arena_copy_bytes(&arena, NULL, 0), "");
    assert_string_equal(arena_format(&arena, "%s-%d", copy, 42), "router-42");
    char *wide = arena_format(&arena, "%0900d", 7);
    assert_int_equal(strlen(wide), 900);
    assert_string_equal(copy, "router");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_arena_is_valid), cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(aligned_blocks_are_aligned_zeroed_and_dense), cmocka_unit_test(texts_are_copied_and_formatted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
