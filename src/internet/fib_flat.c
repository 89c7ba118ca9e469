/* The forwarding table of a host: an array of at most FIB_FLAT_ROUTES_IPV4 or _IPV6 routes, as many as it is found as fast in as in a trie.
 *
 * Most nodes of a large lab are hosts with one interface: the loopback, an own address, its subnet and broadcast address, a way out.
 * As a trie those five routes are some eight nodes, five lists and five next hops, each a block of its own; as an array they are one block of 72
 * bytes a route. So a table starts as an array, its next hops inside, and becomes fib.c's trie when it outgrows this (fib_branch).
 * Answers and order are the same in both forms, which tests/internet/test_fib.c compares with each other.
 *
 *   sorted by key, then length, then own addresses first, metric, age:
 *   0.0.0.0/0 -> gateway | 10.0.0.0/16 | 10.0.0.7/32 local | 10.0.255.255/32 broadcast | 127.0.0.0/8 local
 *
 * Prefixes that hold an address lie inside one another, and in this order the longest of them comes last. So a lookup goes backwards: past
 * all whose key is greater than the address, to the first that holds it, and from there to the first route of that prefix.
 *
 * The block has exactly the size of what is in it. A change copies a few hundred bytes; who changes routes all the time has more than these.
 * No timers. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/fib_internal.h"

static inline bool same_prefix(const struct flat_route *route, struct fib_key key, unsigned length)
{
    return route->key.high == key.high && route->key.low == key.low && route->length == length;
}

/* The first route of the prefix that this one belongs to. */
static inline const struct flat_route *first_of(const struct fib *fib, const struct flat_route *route)
{
    while (route > fib->flat && same_prefix(route - 1, route->key, route->length))
        route--;
    return route;
}

/* Of the longest prefix that holds the key, among the `count` first routes. IPv4 has half the arithmetic: it looks at `high` alone, and shifts in
 * two steps, since a prefix of length 0 has nothing to compare. */
static inline const struct flat_route *longest4(const struct fib *fib, uint64_t key, size_t count)
{
    const struct flat_route *first = fib->flat;
    for (const struct flat_route *route = first + count; route > first;) {
        route--;
        if (route->key.high <= key && !((route->key.high ^ key) >> 1 >> (63 - route->length)))
            return first_of(fib, route);
    }
    return NULL;
}

static inline const struct flat_route *longest6(const struct fib *fib, struct fib_key key, size_t count)
{
    const struct flat_route *first = fib->flat;
    for (const struct flat_route *route = first + count; route > first;) {
        route--;
        if (route->key.high <= key.high && fib_begins_with(key, route->key, route->length))
            return first_of(fib, route);
    }
    return NULL;
}

static inline const struct flat_route *longest(const struct fib *fib, struct fib_key key, size_t count)
{
    return fib->family == 4 ? longest4(fib, key.high, count) : longest6(fib, key, count);
}

const struct next_hop *fib_flat_lookup(const struct fib *fib, struct fib_key key)
{
    const struct flat_route *route = longest(fib, key, fib->flat_count);
    return route ? &route->hop : NULL;
}

static void entry_of(const struct fib *fib, const struct flat_route *route, struct fib_entry *out)
{
    *out = (struct fib_entry){fib_prefix_of(fib, route->key, route->length), &route->hop, route->metric, route->origin};
}

bool fib_flat_find(const struct fib *fib, struct fib_key key, const struct ip_interface *on, struct fib_entry *out)
{
    size_t count = fib->flat_count;
    for (const struct flat_route *route; (route = longest(fib, key, count)); count = (size_t)(route - fib->flat)) {
        for (const struct flat_route *r = route; r < fib->flat + fib->flat_count && same_prefix(r, route->key, route->length);
             r++)
            if (!on || r->hop.on == on) {
                entry_of(fib, r, out);
                return true;
            }
    }
    return false;
}

bool fib_flat_at(const struct fib *fib, size_t position, struct fib_entry *out)
{
    for (unsigned i = 0; i < fib->flat_count; i++)
        if (fib->flat[i].hop.kind == HOP_UNICAST && position-- == 0) {
            entry_of(fib, &fib->flat[i], out);
            return true;
        }
    return false;
}

/* ---- change ---- */

static bool sorts_before(const struct flat_route *route, struct fib_key key, unsigned length)
{
    if (route->key.high != key.high)
        return route->key.high < key.high;
    return route->key.low != key.low ? route->key.low < key.low : route->length < length;
}

int fib_flat_add(struct fib *fib, const struct fib_change *change)
{
    unsigned length = change->destination.length, at = 0;
    struct fib_key key = fib_key_masked(fib_key_of(&change->destination.address), length);
    while (at < fib->flat_count && sorts_before(&fib->flat[at], key, length))
        at++;
    for (unsigned i = at; i < fib->flat_count && same_prefix(&fib->flat[i], key, length); i++)
        if (fib_same_route(&fib->flat[i].hop, fib->flat[i].metric, change))
            return IMP_IN_USE;
    if (fib->flat_count == fib_flat_limit(fib))
        return IMP_LIMIT;
    while (at < fib->flat_count && same_prefix(&fib->flat[at], key, length) &&
           fib_goes_before(&fib->flat[at].hop, fib->flat[at].metric, change))
        at++;
    fib->flat = memory_grow(fib->flat, fib->flat_count + 1u, sizeof *fib->flat);
    memmove(fib->flat + at + 1, fib->flat + at, (fib->flat_count++ - at) * sizeof *fib->flat);
    fib->flat[at] = (struct flat_route){
        .key = key,
        .hop = {.on = change->on, .gateway = change->gateway, .source = change->source, .kind = (uint8_t)change->kind},
        .metric = change->metric,
        .length = (uint8_t)length,
        .origin = change->origin};
    fib->route_count++;
    return 0;
}

int fib_flat_remove(struct fib *fib, const struct fib_change *change, bool any_metric)
{
    unsigned length = change->destination.length;
    struct fib_key key = fib_key_masked(fib_key_of(&change->destination.address), length);
    for (unsigned i = 0; i < fib->flat_count; i++) {
        struct flat_route *route = &fib->flat[i];
        if (!same_prefix(route, key, length) || !fib_is_meant(&route->hop, route->metric, change, any_metric))
            continue;
        memmove(route, route + 1, (--fib->flat_count - i) * sizeof *route);
        fib->route_count--;
        if (fib->flat_count) {
            fib->flat = memory_grow(fib->flat, fib->flat_count, sizeof *fib->flat);
        } else {
            memory_free(fib->flat);
            fib->flat = NULL;
        }
        return 0;
    }
    return IMP_NOT_FOUND;
}

struct fib_change fib_flat_change(const struct fib *fib, const struct flat_route *route)
{
    return (struct fib_change){.destination = fib_prefix_of(fib, route->key, route->length),
                               .kind = (enum hop_kind)route->hop.kind,
                               .gateway = route->hop.gateway,
                               .on = route->hop.on,
                               .source = route->hop.source,
                               .metric = route->metric,
                               .origin = route->origin};
}
