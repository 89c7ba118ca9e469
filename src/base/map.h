#ifndef IMP_BASE_MAP_H
#define IMP_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A table from a key of bytes to a pointer. Keys are copied; values are borrowed. Iteration is in order of insertion (a removed
 * key's place is closed up), so that no hash order can reach a lab's bytes. All zero bytes is a valid empty map. */
struct map_entry;
struct map {
    struct map_entry *entries; /* in order of insertion */
    uint32_t *slots;           /* open addressing, index + 1 into entries, 0 = free */
    size_t count, used, slot_count;
};

void *map_get(const struct map *map, const void *key, size_t length);        /* NULL when absent */
void *map_put(struct map *map, const void *key, size_t length, void *value); /* returns the value it replaced, or NULL */
void *map_remove(struct map *map, const void *key, size_t length);           /* returns the value, or NULL */
static inline size_t map_count(const struct map *map) { return map->count; }
/* for (size_t at = 0; map_next(&map, &at, &key, &length, &value);) ...  The key stays the map's. No change while iterating,
 * but removing the entry just given is allowed. Any of the out pointers may be NULL. */
bool map_next(const struct map *map, size_t *at, const void **key, size_t *length, void **value);
void map_free(struct map *map); /* the values are not touched */

#endif
