/* The cache.
 *
 * A table from (name, type) to an entry, and a list of the entries by last use. An entry is one block of memory: what it is about, how
 * far it is trusted, when it ends, and the records' data behind it. Absences are entries too: "no such type" under (name, type), "no
 * such name" under (name, 0), since it answers for every type.
 *
 * Three rules keep lies out. Only a resolver that checked the bailiwick puts anything in. A set is replaced only by one at least as
 * trusted (RFC 2181 section 5.4.1), so that a stray additional record never displaces an answer. And a delegation that is renewed with
 * the same trust keeps its old end: a zone that its parent took away cannot hold on to life by being asked ("ghost domains").
 *
 * Time is an argument. An entry past its end is dead to every question, and leaves when its place is wanted or it is replaced: no timer.
 * TTLs are bounded from above, so that a mistake of a week is the worst; TTL 0 is not remembered at all. A failure is remembered for a
 * few seconds (RFC 9520), so that a broken zone is not asked for again with every question.
 *
 * Left out on purpose: serving stale records (RFC 8767), prefetching, NSEC (RFC 8198). */
#include "application/dns/cache.h"

#include <string.h>

#include "application/limits.h"
#include "base/memory.h"

void dns_cache_init(struct dns_cache *cache, size_t entries_max)
{
    *cache = (struct dns_cache){.entries_max = entries_max ? entries_max : 1,
                                .ttl_max_s = LIMIT_DNS_TTL_S,
                                .negative_ttl_max_s = LIMIT_DNS_NEGATIVE_TTL_S};
    list_init(&cache->used);
}

static void entry_end(struct dns_cache *cache, struct dns_entry *entry)
{
    map_remove(&cache->entries, entry->key, entry->key_bytes);
    list_remove(&entry->used);
    memory_free(entry);
}

void dns_cache_free(struct dns_cache *cache)
{
    while (cache->used.next && !list_empty(&cache->used))
        entry_end(cache, list_entry(cache->used.next, struct dns_entry, used));
    map_free(&cache->entries);
}

static uint16_t key_of(const struct dns_name *name, uint16_t type, uint8_t key[DNS_NAME_BYTES_MAX + 2])
{
    struct dns_name folded = dns_name_fold(name);
    memcpy(key, folded.b, folded.length);
    store_u16(key + folded.length, type);
    return (uint16_t)(folded.length + 2);
}

static struct dns_entry *entry_find(const struct dns_cache *cache, const struct dns_name *name, uint16_t type)
{
    uint8_t key[DNS_NAME_BYTES_MAX + 2];
    uint16_t length = key_of(name, type, key);
    return map_get(&cache->entries, key, length);
}

/* A new entry in the place of whatever was there, with room for the records' data. */
static struct dns_entry *entry_make(struct dns_cache *cache, const struct dns_name *name, uint16_t type,
                                    const struct dns_record *records, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += records[i].data.length;
    struct dns_entry *entry = memory_take_zeroed(1, sizeof *entry + count * sizeof entry->data[0] + bytes);
    uint8_t *to = (uint8_t *)&entry->data[count];
    for (size_t i = 0; i < count; i++) {
        entry->data[i] = (struct bytes){to, records[i].data.length};
        if (records[i].data.length)
            memcpy(to, records[i].data.data, records[i].data.length);
        to += records[i].data.length;
    }
    entry->name = *name;
    entry->type = type;
    entry->count = count;
    entry->key_bytes = key_of(name, type, entry->key);
    struct dns_entry *old = map_get(&cache->entries, entry->key, entry->key_bytes);
    if (old)
        entry_end(cache, old);
    while (map_count(&cache->entries) >= cache->entries_max) {
        entry_end(cache, list_entry(cache->used.previous, struct dns_entry, used));
        cache->evictions++;
    }
    map_put(&cache->entries, entry->key, entry->key_bytes, entry);
    list_push_front(&cache->used, &entry->used);
    return entry;
}

static struct instant expiry(struct instant now, uint32_t ttl_s, uint32_t max_s)
{
    return instant_add(now, (int64_t)(ttl_s < max_s ? ttl_s : max_s) * NS_PER_S);
}

bool dns_cache_put(struct dns_cache *cache, struct instant now, const struct dns_record *records, size_t count,
                   enum dns_trust trust)
{
    uint32_t ttl_s = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        ttl_s = records[i].ttl_s < ttl_s ? records[i].ttl_s : ttl_s;
    struct instant expires = expiry(now, ttl_s, cache->ttl_max_s);
    const struct dns_entry *old = entry_find(cache, &records->name, records->type);
    if (old && old->kind != DNS_CACHED_FAILURE && instant_before(now, old->expires)) {
        if (old->trust > trust)
            return false;
        if (old->trust == trust && old->kind == DNS_CACHED_SET && records->type == DNS_TYPE_NS)
            expires = instant_min(expires, old->expires);
    }
    if (ttl_s == 0)
        return true;
    struct dns_entry *entry = entry_make(cache, &records->name, records->type, records, count);
    entry->kind = DNS_CACHED_SET;
    entry->trust = trust;
    entry->expires = expires;
    if (trust >= DNS_TRUST_ANSWER) { /* the name exists after all */
        struct dns_entry *denial = entry_find(cache, &records->name, DNS_TYPE_NONE);
        if (denial)
            entry_end(cache, denial);
    }
    return true;
}

void dns_cache_put_absence(struct dns_cache *cache, struct instant now, const struct dns_name *name, uint16_t type,
                           enum dns_cached kind, const struct dns_record *soa)
{
    uint32_t ttl_s = LIMIT_DNS_FAILURE_TTL_S;
    if (kind != DNS_CACHED_FAILURE) {
        if (!soa)
            return;
        ttl_s = dns_soa_minimum_s(soa->data);
        ttl_s = soa->ttl_s < ttl_s ? soa->ttl_s : ttl_s; /* RFC 2308 section 5 */
    }
    if (ttl_s == 0)
        return;
    struct dns_entry *entry = entry_make(cache, name, kind == DNS_CACHED_NXDOMAIN ? DNS_TYPE_NONE : type, soa, soa ? 1 : 0);
    entry->kind = kind;
    entry->trust = DNS_TRUST_AUTHORITATIVE;
    entry->expires = expiry(now, ttl_s, cache->negative_ttl_max_s);
    if (soa)
        entry->soa_owner = soa->name;
}

const struct dns_entry *dns_cache_find(struct dns_cache *cache, struct instant now, const struct dns_name *name, uint16_t type,
                                       enum dns_trust least)
{
    const uint16_t types[] = {type, DNS_TYPE_NONE};
    for (size_t i = 0; i < count_of(types); i++) {
        struct dns_entry *entry = entry_find(cache, name, types[i]);
        if (!entry || instant_reached(now, entry->expires) || entry->trust < least)
            continue;
        list_remove(&entry->used);
        list_push_front(&cache->used, &entry->used);
        cache->hits++;
        return entry;
    }
    cache->misses++;
    return NULL;
}

void dns_entry_copy(const struct dns_entry *entry, struct instant now, const struct dns_name *owner, struct arena *arena,
                    struct dns_records *records)
{
    uint32_t left_s = (uint32_t)(instant_since(entry->expires, now) / NS_PER_S);
    bool set = entry->kind == DNS_CACHED_SET;
    for (size_t i = 0; i < entry->count; i++)
        dns_records_add(
            arena, records,
            &(struct dns_record){.name = set ? *owner : entry->soa_owner,
                                 .type = set ? entry->type : DNS_TYPE_SOA,
                                 .class = DNS_CLASS_IN,
                                 .ttl_s = left_s,
                                 .data = {(uint8_t *)arena_copy_bytes(arena, entry->data[i].data, entry->data[i].length),
                                          entry->data[i].length}});
}
