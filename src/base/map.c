/* The table from keys of bytes to pointers.
 *
 * Two arrays: `entries`, in order of insertion, and `slots`, an open-addressing index into them with linear probing. Lookups go
 * through the slots; iteration walks the entries, so it gives the order of insertion and never the order of a hash. A removed entry
 * stays where it is, marked dead, and its slot goes on leading to it so that probes pass over it; when the entries are full, the
 * live ones are closed up and the index is rebuilt, twice as large if most were live. Removing is therefore safe while iterating.
 *
 * Keys of up to 16 bytes (addresses, most names) lie inside the entry, longer ones on the heap. The hash is SipHash, since peers
 * choose many of the keys, keyed by the kernel's random bytes for this process: the key moves slots about, never results. */
#include "base/map.h"

#include <assert.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/hash.h"
#include "base/memory.h"

enum { KEY_INSIDE_BYTES = 16, SLOTS_FIRST = 4 };
static const uint32_t DEAD = UINT32_MAX; /* as an entry's length */

struct map_entry {
    void *value;
    uint32_t hash;
    uint32_t length; /* of the key */
    union {
        uint8_t inside[KEY_INSIDE_BYTES];
        uint8_t *outside;
    } key;
};

static size_t entry_capacity(size_t slot_count) { return slot_count / 4 * 3; }

static uint32_t key_hash(const void *key, size_t length)
{
    struct hash_key secret = {{0}};
    const void *kernel_random = (const void *)getauxval(AT_RANDOM); /* 16 bytes; absent only on odd kernels */
    if (kernel_random)
        memcpy(&secret, kernel_random, sizeof secret);
    return (uint32_t)hash_keyed(secret, key, length);
}

static const uint8_t *entry_key(const struct map_entry *entry)
{
    return entry->length <= KEY_INSIDE_BYTES ? entry->key.inside : entry->key.outside;
}

static struct map_entry *find(const struct map *map, uint32_t hash, const void *key, size_t length)
{
    if (map->count == 0)
        return NULL;
    size_t mask = map->slot_count - 1;
    for (size_t slot = hash & mask; map->slots[slot]; slot = (slot + 1) & mask) {
        struct map_entry *entry = &map->entries[map->slots[slot] - 1];
        if (entry->hash == hash && entry->length == length && (length == 0 || memcmp(entry_key(entry), key, length) == 0))
            return entry;
    }
    return NULL;
}

static void index_entry(struct map *map, size_t at)
{
    size_t mask = map->slot_count - 1, slot = map->entries[at].hash & mask;
    while (map->slots[slot])
        slot = (slot + 1) & mask;
    map->slots[slot] = (uint32_t)at + 1;
}

/* Called with the entries full: closes up the dead ones, or makes room for more. */
static void rebuild(struct map *map)
{
    if (map->slot_count == 0 || map->count > entry_capacity(map->slot_count) / 2) {
        map->slot_count = map->slot_count ? map->slot_count * 2 : SLOTS_FIRST;
        assert(map->slot_count <= UINT32_MAX / 2);
        map->entries = memory_grow(map->entries, entry_capacity(map->slot_count), sizeof *map->entries);
    }
    memory_free(map->slots);
    map->slots = memory_take_zeroed(map->slot_count, sizeof *map->slots);
    size_t kept = 0;
    for (size_t at = 0; at < map->used; at++)
        if (map->entries[at].length != DEAD) {
            map->entries[kept] = map->entries[at];
            index_entry(map, kept++);
        }
    map->used = kept;
}

void *map_get(const struct map *map, const void *key, size_t length)
{
    if (map->count == 0)
        return NULL;
    const struct map_entry *entry = find(map, key_hash(key, length), key, length);
    return entry ? entry->value : NULL;
}

void *map_put(struct map *map, const void *key, size_t length, void *value)
{
    assert(length < DEAD);
    uint32_t hash = key_hash(key, length);
    struct map_entry *entry = find(map, hash, key, length);
    if (entry) {
        void *replaced = entry->value;
        entry->value = value;
        return replaced;
    }
    if (map->used == entry_capacity(map->slot_count))
        rebuild(map);
    entry = &map->entries[map->used];
    *entry = (struct map_entry){.value = value, .hash = hash, .length = (uint32_t)length};
    uint8_t *room = entry->key.inside;
    if (length > KEY_INSIDE_BYTES)
        room = entry->key.outside = memory_take(length);
    if (length)
        memcpy(room, key, length);
    index_entry(map, map->used++);
    map->count++;
    return NULL;
}

void *map_remove(struct map *map, const void *key, size_t length)
{
    struct map_entry *entry = map->count ? find(map, key_hash(key, length), key, length) : NULL;
    if (!entry)
        return NULL;
    void *value = entry->value;
    if (entry->length > KEY_INSIDE_BYTES)
        memory_free(entry->key.outside);
    *entry = (struct map_entry){.length = DEAD};
    map->count--;
    return value;
}

bool map_next(const struct map *map, size_t *at, const void **key, size_t *length, void **value)
{
    while (*at < map->used) {
        const struct map_entry *entry = &map->entries[(*at)++];
        if (entry->length == DEAD)
            continue;
        if (key)
            *key = entry_key(entry);
        if (length)
            *length = entry->length;
        if (value)
            *value = entry->value;
        return true;
    }
    return false;
}

void map_free(struct map *map)
{
    for (size_t at = 0; at < map->used; at++)
        if (map->entries[at].length != DEAD && map->entries[at].length > KEY_INSIDE_BYTES)
            memory_free(map->entries[at].key.outside);
    memory_free(map->entries);
    memory_free(map->slots);
    *map = (struct map){0};
}
