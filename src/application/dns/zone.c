/* A zone as a tree of names, and the search in it.
 *
 * The tree is a table from a name to its node, holding every name that exists: each owner of records and all names between it and
 * the origin, which exist though they own nothing (RFC 4592 section 2.2.2). A search steps down from the origin, label by label:
 *
 *   - a node below the origin that owns NS records is a cut: what is beneath belongs to someone else, and is referred there;
 *   - the whole name found: the node answers, by the type asked for, by a CNAME, or with "no such data";
 *   - a step not found: the last node found is the closest encloser, and only `*` directly under it may answer in the name's place
 *     (RFC 4592 section 3.3.1); an ancestor's wildcard never reaches past a name that exists.
 *
 * A name beneath a cut may own addresses: glue, which only a referral carries. dns_zone_find() sees them, a lookup never does.
 *
 * Nodes come from the owner's arena, and the zone never changes once loaded. Left out on purpose: DNAME (RFC 6672), zone transfers
 * and updates. DNSSEC will add an order of the names (NSEC) beside the table. */
#include "application/dns/zone.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

void dns_zone_init(struct dns_zone *zone, struct arena *arena, const struct dns_name *origin)
{
    *zone = (struct dns_zone){.arena = arena, .origin = *origin};
}

void dns_zone_free(struct dns_zone *zone) { map_free(&zone->nodes); }

const struct dns_zone_node *dns_zone_find(const struct dns_zone *zone, const struct dns_name *name)
{
    struct dns_name key = dns_name_fold(name);
    return map_get(&zone->nodes, key.b, key.length);
}

const struct dns_set *dns_node_set(const struct dns_zone_node *node, uint16_t type)
{
    for (const struct dns_set *set = node->sets; set; set = set->next)
        if (set->type == type)
            return set;
    return NULL;
}

/* The node of a name, made with all nodes up to the origin when they are not there. */
static struct dns_zone_node *node_make(struct dns_zone *zone, const struct dns_name *name)
{
    struct dns_zone_node *wanted = NULL;
    unsigned labels = dns_name_labels(name);
    for (unsigned n = dns_name_labels(&zone->origin); n <= labels; n++) {
        struct dns_name part = dns_name_suffix(name, n), key = dns_name_fold(&part);
        wanted = map_get(&zone->nodes, key.b, key.length);
        if (!wanted) {
            wanted = arena_take(zone->arena, sizeof *wanted);
            wanted->name = part;
            map_put(&zone->nodes, key.b, key.length, wanted);
        }
    }
    return wanted;
}

static const char *add_fault(const struct dns_zone *zone, const struct dns_name *name, uint16_t type)
{
    const struct dns_zone_node *node = dns_zone_find(zone, name);
    const struct dns_set *alias = node ? dns_node_set(node, DNS_TYPE_CNAME) : NULL;
    if (!dns_name_within(name, &zone->origin))
        return "the name is outside of the zone";
    if (type == DNS_TYPE_SOA && !dns_name_equal(name, &zone->origin))
        return "a SOA record belongs to the zone's own name only";
    if (type == DNS_TYPE_SOA && node && dns_node_set(node, type))
        return "a zone has one SOA record only";
    if (type == DNS_TYPE_CNAME && alias)
        return "a name can be an alias (CNAME) of one other name only";
    if (type == DNS_TYPE_CNAME ? node && node->sets : alias != NULL)
        return "a name that is an alias (CNAME) can have no other records (RFC 1034 section 3.6.2)";
    return NULL;
}

int dns_zone_add(struct dns_zone *zone, const struct dns_name *name, uint16_t type, uint32_t ttl_s, struct bytes data,
                 const char **error)
{
    *error = add_fault(zone, name, type);
    if (*error)
        return IMP_INVALID;
    struct dns_zone_node *node = node_make(zone, name);
    struct dns_set **place = &node->sets;
    while (*place && (*place)->type != type)
        place = &(*place)->next;
    struct dns_set *set = *place;
    if (!set) {
        set = *place = arena_take(zone->arena, sizeof *set);
        set->type = type;
        set->ttl_s = ttl_s; /* the first record's counts for the set: a set has one TTL (RFC 2181 section 5.2) */
    }
    for (size_t i = 0; i < set->count; i++)
        if (set->data[i].length == data.length && memcmp(set->data[i].data, data.data, data.length) == 0)
            return 0;
    if (set->count == set->capacity) {
        size_t capacity = set->capacity ? set->capacity * 2 : 1;
        struct bytes *grown = arena_take(zone->arena, capacity * sizeof *grown);
        if (set->count)
            memcpy(grown, set->data, set->count * sizeof *grown);
        set->data = grown;
        set->capacity = capacity;
    }
    set->data[set->count++] = (struct bytes){(uint8_t *)arena_copy_bytes(zone->arena, data.data, data.length), data.length};
    return 0;
}

const char *dns_zone_fault(const struct dns_zone *zone)
{
    const struct dns_zone_node *apex = dns_zone_find(zone, &zone->origin);
    if (!apex || !dns_node_set(apex, DNS_TYPE_SOA))
        return "the zone has no SOA record, such as: @ SOA ns hostmaster 1 1h 15m 1w 5m";
    const struct dns_set *servers = dns_node_set(apex, DNS_TYPE_NS);
    if (!servers)
        return "the zone has no name server, such as: @ NS ns";
    for (size_t i = 0; i < servers->count; i++) {
        struct dns_name target = dns_rdata_name(servers->data[i], 0);
        if (!dns_name_within(&target, &zone->origin))
            continue;
        const struct dns_zone_node *node = dns_zone_find(zone, &target);
        if (!node || (!dns_node_set(node, DNS_TYPE_A) && !dns_node_set(node, DNS_TYPE_AAAA)))
            return "a name server of the zone is within the zone, and has no address (A or AAAA) in it";
    }
    return NULL;
}

static enum dns_found answer_of(const struct dns_zone_node *node, uint16_t type, struct dns_lookup *out)
{
    out->node = node;
    out->set = type == DNS_TYPE_ANY ? node->sets : dns_node_set(node, type);
    if (out->set)
        return DNS_FOUND_SET;
    out->set = dns_node_set(node, DNS_TYPE_CNAME);
    return out->set ? DNS_FOUND_ALIAS : DNS_FOUND_NODATA;
}

enum dns_found dns_zone_lookup(const struct dns_zone *zone, const struct dns_name *name, uint16_t type, struct dns_lookup *out)
{
    assert(dns_name_within(name, &zone->origin));
    unsigned origin_labels = dns_name_labels(&zone->origin), labels = dns_name_labels(name);
    const struct dns_zone_node *node = NULL;
    *out = (struct dns_lookup){0};
    for (unsigned n = origin_labels; n <= labels; n++) {
        struct dns_name part = dns_name_suffix(name, n);
        const struct dns_zone_node *next = dns_zone_find(zone, &part);
        if (!next) {
            struct dns_name wildcard;
            if (!node || dns_name_child(&node->name, "*", &wildcard) != 0)
                return DNS_FOUND_NXDOMAIN;
            const struct dns_zone_node *star = dns_zone_find(zone, &wildcard);
            return star ? answer_of(star, type, out) : DNS_FOUND_NXDOMAIN;
        }
        node = next;
        const struct dns_set *cut = n > origin_labels ? dns_node_set(node, DNS_TYPE_NS) : NULL;
        if (cut) {
            *out = (struct dns_lookup){.node = node, .set = cut};
            return DNS_FOUND_REFERRAL;
        }
    }
    return answer_of(node, type, out);
}
