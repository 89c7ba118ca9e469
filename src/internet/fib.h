#ifndef IMP_INTERNET_FIB_H
#define IMP_INTERNET_FIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/bytes.h"

/* A forwarding table for one family: prefixes to next hops, longest prefix first, the lowest metric among equal prefixes. Local
 * and broadcast addresses are in it too, as host routes of their kind, so that one lookup says everything about a destination.
 * A handful of routes, as a host has, are a sorted array (fib_flat.c). More are a path-compressed binary trie; and when a table grows large, a
 * compiled trie (poptrie.h) is put beside that for speed, and kept in step. */
struct ip_interface;
struct poptrie;

enum hop_kind {
    HOP_LOCAL,     /* this node */
    HOP_BROADCAST, /* a subnet's broadcast address */
    HOP_UNICAST,   /* send to `gateway`, or to the destination itself when that is of family 0 */
};
struct next_hop { /* where packets go; immutable */
    struct ip_interface *on;
    struct ip gateway;
    struct ip source; /* preferred source, family 0: none */
    uint8_t kind;     /* enum hop_kind */
};
struct fib_key { /* an address, its first bit the highest of `high` */
    uint64_t high, low;
};
struct flat_route { /* in the array */
    struct fib_key key;
    struct next_hop hop;
    uint32_t metric;
    uint8_t length;
    uint8_t origin; /* enum route_origin */
};
struct fib_hop { /* in the trie: shared by all routes that say the same, so that a full table has few of them; counted */
    struct next_hop hop;
    uint32_t index; /* in fib.hops, from 1 */
    uint32_t refs;
};
struct route {          /* in the trie */
    struct route *next; /* same prefix, next in order of (local and broadcast first, metric, age) */
    struct fib_hop *hop;
    uint32_t metric;
    uint8_t origin; /* enum route_origin */
};
struct fib_node { /* a prefix; without routes it only joins its two children */
    struct fib_key key;
    struct route *routes;
    struct fib_node *child[2];
    uint32_t unicast_count; /* unicast routes here and below */
    uint8_t length;
};
struct fib {
    uint8_t family;
    uint8_t flat_count;
    uint32_t route_count;             /* of all kinds */
    struct flat_route *flat;          /* NULL unless it is small */
    struct fib_node *root;            /* NULL while it is small */
    uint64_t version;                 /* grows with every change: what was looked up before may no longer hold */
    struct fib_hop **hops;            /* by index; NULL where there is none */
    uint32_t hop_count, hop_capacity; /* hop_count: one more than the highest index ever used */
    struct poptrie *fast;             /* NULL while the table is not large */
};

enum {
    FIB_FLAT_ROUTES_IPV4 = 6,
    FIB_FLAT_ROUTES_IPV6 = 8,
    FIB_FAST_ROUTES = 256,
    LIMIT_FIB_ROUTES = 1 << 22,
    LIMIT_NEXT_HOPS = 65535
};

void fib_init(struct fib *fib, uint8_t family);
void fib_free(struct fib *fib);

/* The best next hop; NULL: no route. Valid until the table changes. */
const struct next_hop *fib_lookup(struct fib *fib, const struct ip *destination);

struct fib_change {
    struct prefix destination; /* host bits are ignored */
    enum hop_kind kind;
    struct ip gateway; /* family 0: on link */
    struct ip_interface *on;
    struct ip source;
    uint32_t metric;
    uint8_t origin;
};
/* IMP_IN_USE: the same prefix, metric, kind, gateway and interface are there already; IMP_LIMIT. */
int fib_add(struct fib *fib, const struct fib_change *change);
/* Removes the first route with this destination and kind whose gateway (unless family 0), interface (unless NULL), source (unless
 * family 0) and metric (unless `any_metric`) agree. IMP_NOT_FOUND. */
int fib_remove(struct fib *fib, const struct fib_change *change, bool any_metric);
/* Removes every route over an interface. */
void fib_remove_interface(struct fib *fib, const struct ip_interface *on);

/* One route as a value, for lists and for "route get". */
struct fib_entry {
    struct prefix destination;
    const struct next_hop *hop; /* valid until the table changes */
    uint32_t metric;
    uint8_t origin; /* enum route_origin */
};
/* The route that fib_lookup() would use; `on` not NULL: only routes over that interface are looked at. False: none. */
bool fib_find(const struct fib *fib, const struct ip *destination, const struct ip_interface *on, struct fib_entry *out);
size_t fib_unicast_count(const struct fib *fib);
/* The unicast route at a position, in order of prefix, then length, then metric; in steps of the trie's depth. False: past the end. */
bool fib_at(const struct fib *fib, size_t position, struct fib_entry *out);
void fib_branch(struct fib *fib); /* makes the array a trie before it must become one: for comparisons */

static inline struct fib_key fib_key_of(const struct ip *address)
{
    if (address->family == 4)
        return (struct fib_key){(uint64_t)load_u32(address->b) << 32, 0};
    return (struct fib_key){(uint64_t)load_u32(address->b) << 32 | load_u32(address->b + 4),
                            (uint64_t)load_u32(address->b + 8) << 32 | load_u32(address->b + 12)};
}

#endif
