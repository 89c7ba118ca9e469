#ifndef IMP_APPLICATION_DNS_ZONE_H
#define IMP_APPLICATION_DNS_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/name.h"
#include "application/dns/rdata.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"

/* A zone in memory: the part of the tree of names that one authority answers for, from its origin down to where it delegates. */
struct dns_set { /* the records of one name and type */
    struct dns_set *next;
    uint16_t type;
    uint32_t ttl_s;
    size_t count, capacity;
    struct bytes *data; /* uncompressed, in the order given */
};
struct dns_zone_node { /* a name that exists; with no sets it is an empty non-terminal (RFC 4592 section 2.2.2) */
    struct dns_name name;
    struct dns_set *sets;
};
struct dns_zone {
    struct arena *arena; /* borrowed: holds the nodes, the sets and their data */
    struct dns_name origin;
    struct map nodes; /* folded name -> struct dns_zone_node */
};

void dns_zone_init(struct dns_zone *zone, struct arena *arena, const struct dns_name *origin);
void dns_zone_free(struct dns_zone *zone); /* the arena is not touched */

/* Adds a record, copying its data; an equal one is already there once. On IMP_INVALID *error tells in a phrase why it cannot stand
 * in this zone. */
int dns_zone_add(struct dns_zone *zone, const struct dns_name *name, uint16_t type, uint32_t ttl_s, struct bytes data,
                 const char **error);
const struct dns_zone_node *dns_zone_find(const struct dns_zone *zone, const struct dns_name *name); /* NULL when absent */
const struct dns_set *dns_node_set(const struct dns_zone_node *node, uint16_t type);                 /* NULL when absent */
/* What every zone must have: one SOA and name servers at its origin, and addresses for those within it. A phrase, or NULL. */
const char *dns_zone_fault(const struct dns_zone *zone);

/* The algorithm of RFC 1034 section 4.3.2 steps 2 and 3, as RFC 4592 has it. `name` must be within the zone. */
enum dns_found {
    DNS_FOUND_SET,      /* `set` answers; for ANY any one set of the name (RFC 8482 section 4.1) */
    DNS_FOUND_ALIAS,    /* `set` is a CNAME */
    DNS_FOUND_REFERRAL, /* `set` is the NS set of the zone below, `node` its cut */
    DNS_FOUND_NODATA,   /* the name exists, and has no record of that type */
    DNS_FOUND_NXDOMAIN, /* the name does not exist */
};
struct dns_lookup {
    const struct dns_zone_node *node; /* a wildcard's node may answer for another name */
    const struct dns_set *set;
};
enum dns_found dns_zone_lookup(const struct dns_zone *zone, const struct dns_name *name, uint16_t type, struct dns_lookup *out);

/* Reads a master file (RFC 1035 section 5; $TTL of RFC 2308 section 4) into an empty zone. Every fault is added to `errors`, a line
 * each: "FILE:LINE:COLUMN: what was expected". IMP_MALFORMED when there was one; the zone is then not to be used. */
int dns_zone_parse(struct dns_zone *zone, const char *text, size_t length, const char *file, struct text *errors);

#endif
