#ifndef IMP_BASE_MEMORY_H
#define IMP_BASE_MEMORY_H

#include <stddef.h>

/* The one door to the heap. None of these returns NULL: when memory is exhausted the process says so in one sentence on
 * stderr and aborts, because a half-built virtual internet has no useful way on. Sizes are in bytes; size 0 is allowed.
 * Ownership passes to the caller, who ends it with memory_free(). */
void *memory_take(size_t size_bytes);                            /* uninitialised */
void *memory_take_aligned(size_t alignment, size_t size_bytes);  /* uninitialised; a power of two, such as a cache line */
void *memory_take_zeroed(size_t count, size_t size_bytes);       /* count * size, overflow-checked, zeroed */
void *memory_grow(void *block, size_t count, size_t size_bytes); /* like realloc, overflow-checked */
char *memory_copy_text(const char *text);
void memory_free(void *block); /* NULL is allowed */

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define count_of(array)                     (sizeof(array) / sizeof((array)[0]))

#endif
