#ifndef IMP_BASE_ARENA_H
#define IMP_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/* An arena owns everything allocated from it until arena_free() ends them all at once. It starts empty (all zero bytes is a
 * valid empty arena) and grows in chunks: the first is small, so that ten thousand idle nodes stay cheap. Alignment is 16. */
struct arena_chunk;
struct arena {
    struct arena_chunk *chunk; /* newest */
    size_t used_bytes;         /* handed out, over all chunks */
};

void *arena_take(struct arena *arena, size_t size_bytes); /* zeroed; never NULL */
/* The same at a multiple of `alignment`, a power of two above 16. */
void *arena_take_aligned(struct arena *arena, size_t alignment, size_t size_bytes);
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *data, size_t length); /* adds a NUL behind */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
