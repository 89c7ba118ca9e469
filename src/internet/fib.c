/* The forwarding table: a path-compressed binary trie (Morrison's PATRICIA) from prefixes to lists of routes. A table of a
 * handful of routes is an array instead (fib_flat.c), becomes a trie when it has one more, and an array again only once it has been empty.
 *
 *                 10.0.0.0/8 -> eth1
 *                /                  \
 *     10.1.0.0/16 -> eth2        10.200.0.0/14 (a join, no route)
 *                                 /                \
 *                        10.200.0.0/16 -> r2     10.202.5.0/24 -> r3
 *
 * Every node is a prefix; a child is longer than its parent and begins with the parent's bits. A node either has routes or joins two
 * children, so there are fewer than twice as many nodes as prefixes. A lookup goes down as long as the bits agree and remembers the last node
 * with routes. Beyond FIB_FAST_ROUTES the compiled poptrie answers instead, and every change here
 * tells it which prefix to forget.
 *
 * Routes for one prefix are a list: local and broadcast first (an own address is never routed away), then by metric, then by age. The first
 * is the one used; equal metrics stand next to each other, which is where equal-cost multipath would choose. Next hops are shared and
 * counted: a full table has a million routes and a few dozen next hops, so what the fast path reads stays in the cache.
 *
 * `unicast_count` makes the n-th route of a listing findable in one descent, so that a listing by position is not quadratic. */
#include "internet/fib.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/fib_internal.h"
#include "internet/poptrie.h"

enum { DEPTH_MAX = 130 };

/* ---- keys ---- */

static inline unsigned bit_at(struct fib_key key, unsigned at)
{
    return (unsigned)((at < 64 ? key.high >> (63 - at) : key.low >> (127 - at)) & 1);
}

static unsigned common_bits(struct fib_key a, struct fib_key b, unsigned limit)
{
    unsigned common = 128;
    if (a.high != b.high)
        common = (unsigned)__builtin_clzll(a.high ^ b.high);
    else if (a.low != b.low)
        common = 64 + (unsigned)__builtin_clzll(a.low ^ b.low);
    return common < limit ? common : limit;
}

struct prefix fib_prefix_of(const struct fib *fib, struct fib_key key, uint8_t length)
{
    struct prefix prefix = {.address = {.family = fib->family}, .length = length};
    for (unsigned i = 0; i < 8; i++) {
        prefix.address.b[i] = (uint8_t)(key.high >> (56 - 8 * i));
        prefix.address.b[8 + i] = (uint8_t)(key.low >> (56 - 8 * i));
    }
    return prefix;
}

/* ---- next hops ---- */

/* The next hop that says what the change says, shared or new; NULL when there are too many. */
static struct fib_hop *hop_hold(struct fib *fib, const struct fib_change *change)
{
    uint32_t hole = 0;
    for (uint32_t i = 1; i < fib->hop_count; i++) {
        struct fib_hop *hop = fib->hops[i];
        if (!hop) {
            hole = i;
        } else if (fib_hop_says(&hop->hop, change)) {
            hop->refs++;
            return hop;
        }
    }
    if (!hole) {
        hole = fib->hop_count ? fib->hop_count : 1;
        if (hole > LIMIT_NEXT_HOPS)
            return NULL;
        if (hole >= fib->hop_capacity) {
            fib->hop_capacity = fib->hop_capacity ? fib->hop_capacity * 2 : 8;
            fib->hops = memory_grow(fib->hops, fib->hop_capacity, sizeof(struct fib_hop *));
        }
        fib->hops[0] = NULL;
        fib->hop_count = hole + 1;
    }
    struct fib_hop *hop = memory_take_zeroed(1, sizeof *hop);
    *hop = (struct fib_hop){
        .hop = {.on = change->on, .gateway = change->gateway, .source = change->source, .kind = (uint8_t)change->kind},
        .index = hole,
        .refs = 1};
    fib->hops[hole] = hop;
    return hop;
}

static void hop_release(struct fib *fib, struct fib_hop *hop)
{
    if (--hop->refs > 0)
        return;
    fib->hops[hop->index] = NULL;
    memory_free(hop);
}

/* ---- lookup ---- */

void fib_init(struct fib *fib, uint8_t family) { *fib = (struct fib){.family = family, .version = 1}; }

/* fib_lookup() on the trie itself, for 32-bit keys: half the arithmetic, and it is the way of nearly every packet. */
static const struct fib_node *trie_lookup4(const struct fib *fib, uint64_t key)
{
    const struct fib_node *best = NULL;
    for (const struct fib_node *node = fib->root; node;) {
        if ((key ^ node->key.high) & ~(~UINT64_C(0) >> node->length))
            break;
        if (node->routes)
            best = node;
        node = node->child[key >> (63 - node->length) & 1];
    }
    return best;
}

static const struct fib_node *trie_lookup6(const struct fib *fib, struct fib_key key)
{
    const struct fib_node *best = NULL;
    for (const struct fib_node *node = fib->root; node && fib_begins_with(key, node->key, node->length);) {
        if (node->routes)
            best = node;
        if (node->length == 128)
            break;
        node = node->child[bit_at(key, node->length)];
    }
    return best;
}

const struct next_hop *fib_lookup(struct fib *fib, const struct ip *destination)
{
    struct fib_key key = fib_key_of(destination);
    if (fib->fast) {
        const struct fib_hop *hop = fib->hops[poptrie_lookup(fib->fast, key)];
        return hop ? &hop->hop : NULL;
    }
    if (!fib->root)
        return fib_flat_lookup(fib, key);
    const struct fib_node *best = fib->family == 4 ? trie_lookup4(fib, key.high) : trie_lookup6(fib, key);
    return best ? &best->routes->hop->hop : NULL;
}

static void entry_of(const struct fib *fib, const struct fib_node *node, const struct route *route, struct fib_entry *out)
{
    *out = (struct fib_entry){fib_prefix_of(fib, node->key, node->length), &route->hop->hop, route->metric, route->origin};
}

bool fib_find(const struct fib *fib, const struct ip *destination, const struct ip_interface *on, struct fib_entry *out)
{
    struct fib_key key = fib_key_of(destination);
    bool found = false;
    if (!fib->root)
        return fib_flat_find(fib, key, on, out);
    for (const struct fib_node *node = fib->root; node && fib_begins_with(key, node->key, node->length);) {
        for (const struct route *route = node->routes; route; route = route->next)
            if (!on || route->hop->hop.on == on) {
                entry_of(fib, node, route, out);
                found = true;
                break;
            }
        if (node->length == 128)
            break;
        node = node->child[bit_at(key, node->length)];
    }
    return found;
}

size_t fib_unicast_count(const struct fib *fib)
{
    if (fib->root)
        return fib->root->unicast_count;
    size_t count = 0;
    for (unsigned i = 0; i < fib->flat_count; i++)
        count += fib->flat[i].hop.kind == HOP_UNICAST;
    return count;
}

bool fib_at(const struct fib *fib, size_t position, struct fib_entry *out)
{
    const struct fib_node *node = fib->root;
    if (!node)
        return fib_flat_at(fib, position, out);
    if (position >= node->unicast_count)
        return false;
    for (;;) {
        for (const struct route *route = node->routes; route; route = route->next)
            if (route->hop->hop.kind == HOP_UNICAST && position-- == 0) {
                entry_of(fib, node, route, out);
                return true;
            }
        size_t below = node->child[0] ? node->child[0]->unicast_count : 0;
        bool right = position >= below;
        if (right)
            position -= below;
        node = node->child[right];
        assert(node);
    }
}

/* ---- change ---- */

/* The node for a prefix, made if need be, and the links that lead to it (the last one is its own). */
static struct fib_node *node_reach(struct fib *fib, struct fib_key key, unsigned length, struct fib_node **links[],
                                   unsigned *depth)
{
    struct fib_node **link = &fib->root;
    *depth = 0;
    for (;;) {
        links[(*depth)++] = link;
        struct fib_node *node = *link;
        unsigned common = node ? common_bits(key, node->key, length < node->length ? length : node->length) : 0;
        if (node && common == node->length && node->length == length)
            return node;
        if (node && common == node->length) {
            link = &node->child[bit_at(key, node->length)];
            continue;
        }
        struct fib_node *fresh = memory_take_zeroed(1, sizeof *fresh);
        fresh->key = key;
        fresh->length = (uint8_t)length;
        if (node && common == length) { /* the new prefix stands above the node */
            fresh->child[bit_at(node->key, length)] = node;
            fresh->unicast_count = node->unicast_count;
        } else if (node) { /* they part ways after `common` bits */
            struct fib_node *join = memory_take_zeroed(1, sizeof *join);
            join->key = fib_key_masked(key, common);
            join->length = (uint8_t)common;
            join->child[bit_at(node->key, common)] = node;
            join->child[bit_at(key, common)] = fresh;
            join->unicast_count = node->unicast_count;
            *link = join;
            links[(*depth)++] = &join->child[bit_at(key, common)];
            return fresh;
        }
        *link = fresh;
        return fresh;
    }
}

static struct fib_node *node_find(struct fib *fib, struct fib_key key, unsigned length, struct fib_node **links[],
                                  unsigned *depth)
{
    *depth = 0;
    for (struct fib_node **link = &fib->root; *link; link = &(*link)->child[bit_at(key, (*link)->length)]) {
        links[(*depth)++] = link;
        if ((*link)->length > length || !fib_begins_with(key, (*link)->key, (*link)->length))
            return NULL;
        if ((*link)->length == length)
            return *link;
    }
    return NULL;
}

static void counts_change(struct fib_node **links[], unsigned depth, int by)
{
    for (unsigned i = 0; i < depth; i++)
        (*links[i])->unicast_count += (uint32_t)by;
}

static void fast_forget(struct fib *fib, struct fib_key key, unsigned length)
{
    if (!fib->fast && fib->route_count > FIB_FAST_ROUTES)
        fib->fast = poptrie_create(fib);
    else if (fib->fast)
        poptrie_forget(fib->fast, key, length);
}

static int trie_add(struct fib *fib, const struct fib_change *change)
{
    struct fib_hop *hop = fib->route_count < LIMIT_FIB_ROUTES ? hop_hold(fib, change) : NULL;
    if (!hop)
        return IMP_LIMIT;
    unsigned length = change->destination.length, depth;
    struct fib_key key = fib_key_masked(fib_key_of(&change->destination.address), length);
    struct fib_node **links[DEPTH_MAX];
    struct fib_node *node = node_reach(fib, key, length, links, &depth);
    for (const struct route *route = node->routes; route; route = route->next)
        if (fib_same_route(&route->hop->hop, route->metric, change)) {
            hop_release(fib, hop);
            return IMP_IN_USE;
        }
    struct route **at = &node->routes;
    while (*at && fib_goes_before(&(*at)->hop->hop, (*at)->metric, change))
        at = &(*at)->next;
    struct route *route = memory_take_zeroed(1, sizeof *route);
    *route = (struct route){.next = *at, .hop = hop, .metric = change->metric, .origin = change->origin};
    *at = route;
    fib->route_count++;
    if (change->kind == HOP_UNICAST)
        counts_change(links, depth, 1);
    fast_forget(fib, key, length);
    return 0;
}

void fib_branch(struct fib *fib)
{
    struct flat_route *flat = fib->flat;
    unsigned count = fib->flat_count;
    fib->flat = NULL;
    fib->flat_count = 0;
    fib->route_count -= count;
    for (unsigned i = 0; i < count; i++) { /* in order, so that those of one prefix keep theirs */
        struct fib_change change = fib_flat_change(fib, &flat[i]);
        int error = trie_add(fib, &change);
        assert(error == 0);
        (void)error;
    }
    memory_free(flat);
    fib->version++;
}

int fib_add(struct fib *fib, const struct fib_change *change)
{
    assert(change->destination.address.family == fib->family);
    int error = fib->root ? IMP_LIMIT : fib_flat_add(fib, change);
    if (error == IMP_LIMIT) {
        if (!fib->root)
            fib_branch(fib);
        error = trie_add(fib, change);
    }
    if (error == 0)
        fib->version++;
    return error;
}

/* Takes nodes out that neither have routes nor join two children, from the last link upwards. */
static void nodes_prune(struct fib_node **links[], unsigned depth)
{
    while (depth > 0) {
        struct fib_node **link = links[--depth], *node = *link;
        if (node->routes || (node->child[0] && node->child[1]))
            return;
        *link = node->child[0] ? node->child[0] : node->child[1];
        memory_free(node);
    }
}

/* Nothing is left: what serves the trie alone goes, and the next route is the first of an array. */
static void trie_ended(struct fib *fib)
{
    poptrie_free(fib->fast);
    memory_free(fib->hops);
    fib->fast = NULL;
    fib->hops = NULL;
    fib->hop_count = fib->hop_capacity = 0;
}

static int trie_remove(struct fib *fib, const struct fib_change *change, bool any_metric)
{
    unsigned length = change->destination.length, depth;
    struct fib_key key = fib_key_masked(fib_key_of(&change->destination.address), length);
    struct fib_node **links[DEPTH_MAX];
    struct fib_node *node = node_find(fib, key, length, links, &depth);
    if (!node)
        return IMP_NOT_FOUND;
    for (struct route **at = &node->routes; *at; at = &(*at)->next) {
        struct route *route = *at;
        if (!fib_is_meant(&route->hop->hop, route->metric, change, any_metric))
            continue;
        *at = route->next;
        if (route->hop->hop.kind == HOP_UNICAST)
            counts_change(links, depth, -1);
        hop_release(fib, route->hop);
        memory_free(route);
        fib->route_count--;
        nodes_prune(links, depth);
        if (fib->root)
            fast_forget(fib, key, length);
        else
            trie_ended(fib);
        return 0;
    }
    return IMP_NOT_FOUND;
}

int fib_remove(struct fib *fib, const struct fib_change *change, bool any_metric)
{
    int error = fib->root ? trie_remove(fib, change, any_metric) : fib_flat_remove(fib, change, any_metric);
    if (error == 0)
        fib->version++;
    return error;
}

static const struct fib_node *node_using(const struct fib_node *node, const struct ip_interface *on, const struct route **found)
{
    if (!node)
        return NULL;
    for (const struct route *route = node->routes; route; route = route->next)
        if (route->hop->hop.on == on) {
            *found = route;
            return node;
        }
    const struct fib_node *below = node_using(node->child[0], on, found);
    return below ? below : node_using(node->child[1], on, found);
}

/* What takes one of the interface's routes out. False: it has none. */
static bool change_of_interface(const struct fib *fib, const struct ip_interface *on, struct fib_change *out)
{
    const struct route *route;
    const struct fib_node *node = node_using(fib->root, on, &route);
    if (node)
        *out = (struct fib_change){.destination = fib_prefix_of(fib, node->key, node->length),
                                   .kind = (enum hop_kind)route->hop->hop.kind,
                                   .gateway = route->hop->hop.gateway,
                                   .on = route->hop->hop.on,
                                   .source = route->hop->hop.source,
                                   .metric = route->metric};
    for (unsigned i = 0; !node && i < fib->flat_count; i++)
        if (fib->flat[i].hop.on == on) {
            *out = fib_flat_change(fib, &fib->flat[i]);
            return true;
        }
    return node != NULL;
}

void fib_remove_interface(struct fib *fib, const struct ip_interface *on)
{
    struct fib_change change;
    while (change_of_interface(fib, on, &change)) {
        int error = fib_remove(fib, &change, false);
        assert(error == 0);
        (void)error;
    }
}

static void node_free(struct fib *fib, struct fib_node *node)
{
    if (!node)
        return;
    node_free(fib, node->child[0]);
    node_free(fib, node->child[1]);
    for (struct route *route = node->routes, *next; route; route = next) {
        next = route->next;
        hop_release(fib, route->hop);
        memory_free(route);
    }
    memory_free(node);
}

void fib_free(struct fib *fib)
{
    poptrie_free(fib->fast);
    node_free(fib, fib->root);
    memory_free(fib->hops);
    memory_free(fib->flat);
    fib_init(fib, fib->family);
}
