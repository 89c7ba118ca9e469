/* Arenas: many small allocations, one end.
 *
 * A lab, a node or a request allocates as it goes and is thrown away whole, so nothing in it needs a free of its own. An arena is
 * a chain of chunks, the newest first, and an allocation moves a mark forward in the newest chunk. The first chunk is 288 bytes,
 * header included, because a lab may have ten thousand idle nodes; each next one doubles, up to 64 KiB, so that the number of
 * chunks stays small. An allocation that would waste most of a chunk gets one of its own, placed behind the newest so that the
 * newest keeps filling.
 *
 * Memory is zeroed when its chunk is made, so taking it is an addition. There is no way to give back a single allocation and no
 * "mark and rewind": who needs those wants another arena. */
#include "base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { ALIGNMENT = 16, CHUNK_FIRST_BYTES = 288, CHUNK_LARGEST_BYTES = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size_bytes; /* of `data` */
    size_t used_bytes;
    _Alignas(ALIGNMENT) unsigned char data[];
};

static struct arena_chunk *chunk_create(size_t data_bytes)
{
    size_t total;
    if (__builtin_add_overflow(data_bytes, sizeof(struct arena_chunk), &total))
        total = SIZE_MAX; /* cannot be had: memory_take_zeroed says so */
    struct arena_chunk *chunk = memory_take_zeroed(1, total);
    chunk->size_bytes = data_bytes;
    return chunk;
}

static void *chunk_take(struct arena_chunk *chunk, size_t size_bytes)
{
    void *block = chunk->data + chunk->used_bytes;
    chunk->used_bytes += size_bytes;
    return block;
}

void *arena_take(struct arena *arena, size_t size_bytes)
{
    size_t rounded = size_bytes > SIZE_MAX - ALIGNMENT ? SIZE_MAX : (size_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *newest = arena->chunk;
    arena->used_bytes += rounded;
    if (newest && rounded <= newest->size_bytes - newest->used_bytes)
        return chunk_take(newest, rounded);

    size_t total = CHUNK_FIRST_BYTES;
    if (newest)
        total = (newest->size_bytes + sizeof(struct arena_chunk)) * 2;
    if (total > CHUNK_LARGEST_BYTES)
        total = CHUNK_LARGEST_BYTES;
    size_t usual = total - sizeof(struct arena_chunk);
    if (newest && rounded > usual / 4) { /* a chunk of its own, behind the newest */
        struct arena_chunk *own = chunk_create(rounded);
        own->older = newest->older;
        newest->older = own;
        return chunk_take(own, rounded);
    }
    struct arena_chunk *chunk = chunk_create(rounded > usual ? rounded : usual);
    chunk->older = newest;
    arena->chunk = chunk;
    return chunk_take(chunk, rounded);
}

/* What lies before an aligned block is lost; one behind another of a size that keeps the alignment loses nothing. */
void *arena_take_aligned(struct arena *arena, size_t alignment, size_t size_bytes)
{
    assert(alignment > ALIGNMENT && (alignment & (alignment - 1)) == 0);
    struct arena_chunk *newest = arena->chunk;
    size_t before = newest ? -(uintptr_t)(newest->data + newest->used_bytes) & (alignment - 1) : 0;
    size_t room = newest ? newest->size_bytes - newest->used_bytes : 0;
    if (before <= room && size_bytes <= room - before) {
        newest->used_bytes += before;
        arena->used_bytes += before;
        return arena_take(arena, size_bytes);
    }
    uintptr_t block = (uintptr_t)arena_take(arena, size_bytes + alignment - ALIGNMENT);
    return (void *)((block + alignment - 1) & ~(uintptr_t)(alignment - 1));
}

char *arena_copy_text(struct arena *arena, const char *text) { return arena_copy_bytes(arena, text, strlen(text)); }

char *arena_copy_bytes(struct arena *arena, const void *data, size_t length)
{
    char *copy = arena_take(arena, length + 1); /* the NUL is there already */
    if (length)
        memcpy(copy, data, length);
    return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size_bytes = length < 0 ? 1 : (size_t)length + 1;
    char *out = arena_take(arena, size_bytes);
    (void)vsnprintf(out, size_bytes, format, again);
    va_end(again);
    return out;
}

void arena_free(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunk, *older; chunk; chunk = older) {
        older = chunk->older;
        memory_free(chunk);
    }
    *arena = (struct arena){0};
}
