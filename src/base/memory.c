/* The one door to the heap.
 *
 * Nothing outside base/ calls malloc: arenas, pools, texts and maps all come here, so that running out of memory is answered in
 * one place and in one way. That answer is to say so and abort. A virtual internet of which some nodes failed to allocate would
 * go on with wrong results, and no caller of forty layers could test its own out-of-memory path honestly.
 *
 * Sizes that come from a product are checked for overflow here, once. There is deliberately no statistics, no tagging and no
 * cache: the C library's allocator is good, and per-frame paths use the pools of engine/ and never get here. */
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size_bytes)
{
    (void)fprintf(stderr, "imp: out of memory (%zu bytes were asked for)\n", size_bytes);
    abort();
}

void *memory_take(size_t size_bytes)
{
    void *block = malloc(size_bytes ? size_bytes : 1);
    if (!block)
        out_of_memory(size_bytes);
    return block;
}

void *memory_take_aligned(size_t alignment, size_t size_bytes)
{
    void *block = NULL;
    if (posix_memalign(&block, alignment, size_bytes ? size_bytes : 1) != 0)
        out_of_memory(size_bytes);
    return block;
}

void *memory_take_zeroed(size_t count, size_t size_bytes)
{
    if (count == 0 || size_bytes == 0)
        count = size_bytes = 1;
    void *block = calloc(count, size_bytes); /* checks the product itself */
    if (!block)
        out_of_memory(size_bytes);
    return block;
}

void *memory_grow(void *block, size_t count, size_t size_bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, size_bytes, &total))
        out_of_memory(SIZE_MAX);
    void *grown = realloc(block, total ? total : 1);
    if (!grown)
        out_of_memory(total);
    return grown;
}

char *memory_copy_text(const char *text)
{
    size_t size_bytes = strlen(text) + 1;
    return memcpy(memory_take(size_bytes), text, size_bytes);
}

void memory_free(void *block) { free(block); }
