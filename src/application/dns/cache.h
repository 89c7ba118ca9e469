#ifndef IMP_APPLICATION_DNS_CACHE_H
#define IMP_APPLICATION_DNS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/message.h"
#include "base/list.h"
#include "base/map.h"
#include "base/time.h"

/* What a resolver remembers: record sets for their TTL, and absences (RFC 2308). Bounded: the entry used longest ago makes room. */

/* How far a set may be believed, least first: RFC 2181 section 5.4.1. Only what is at least DNS_TRUST_ANSWER may answer a client. */
enum dns_trust {
    DNS_TRUST_NONE,
    DNS_TRUST_ADDITIONAL,    /* from an additional section: glue */
    DNS_TRUST_REFERRAL,      /* from the authority section of a referral */
    DNS_TRUST_ANSWER,        /* from an answer without AA: another resolver's word */
    DNS_TRUST_AUTHORITY,     /* from the authority section of an answer with AA */
    DNS_TRUST_AUTHORITATIVE, /* from an answer with AA */
};
enum dns_cached { DNS_CACHED_SET, DNS_CACHED_NODATA, DNS_CACHED_NXDOMAIN, DNS_CACHED_FAILURE };
struct dns_entry {
    struct list used;                    /* in dns_cache.used */
    uint8_t key[DNS_NAME_BYTES_MAX + 2]; /* the folded name and the type */
    uint16_t key_bytes;
    enum dns_cached kind;
    enum dns_trust trust;
    struct instant expires;
    struct dns_name name; /* spelt as it came */
    uint16_t type;
    size_t count; /* of the set's records; of an absence's: 1 when `data[0]` is the zone's SOA, else 0 */
    struct dns_name soa_owner;
    struct bytes data[];
};
struct dns_cache {
    struct map entries;
    struct list used; /* the latest first */
    size_t entries_max;
    uint32_t ttl_max_s, negative_ttl_max_s;
    uint64_t hits, misses, evictions;
};

void dns_cache_init(struct dns_cache *cache, size_t entries_max);
void dns_cache_free(struct dns_cache *cache);
/* Remembers the records of one name and type, copied; `records` has `count` of them, with a TTL each, of which the least counts. Refused (false)
 * when something more trusted is there and still good. */
bool dns_cache_put(struct dns_cache *cache, struct instant now, const struct dns_record *records, size_t count,
                   enum dns_trust trust);
/* Remembers that the name has no records of the type, or (NXDOMAIN) does not exist, or (FAILURE) could not be resolved just now. `soa`
 * (NULL for a failure) tells for how long; an absence without one is not remembered (RFC 2308 section 5). */
void dns_cache_put_absence(struct dns_cache *cache, struct instant now, const struct dns_name *name, uint16_t type,
                           enum dns_cached kind, const struct dns_record *soa);
/* What is known of the name and type with at least that trust, an NXDOMAIN of the whole name included; NULL when nothing is. Borrowed
 * until the next put. */
const struct dns_entry *dns_cache_find(struct dns_cache *cache, struct instant now, const struct dns_name *name, uint16_t type,
                                       enum dns_trust least);
/* Adds the entry's records (an absence's SOA) to `records`, copied, with the TTL that is left. `owner`: how to spell the name. */
void dns_entry_copy(const struct dns_entry *entry, struct instant now, const struct dns_name *owner, struct arena *arena,
                    struct dns_records *records);

#endif
