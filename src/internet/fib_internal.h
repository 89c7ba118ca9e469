#ifndef IMP_INTERNET_FIB_INTERNAL_H
#define IMP_INTERNET_FIB_INTERNAL_H

#include "internet/fib.h"

/* What the two forms of a forwarding table share: fib.c's trie, and fib_flat.c's array for a host that has a handful of routes. */
static inline struct fib_key fib_mask_of(unsigned length)
{
    struct fib_key mask = {length >= 64 ? ~UINT64_C(0) : ~(~UINT64_C(0) >> length), 0};
    if (length >= 128)
        mask.low = ~UINT64_C(0);
    else if (length > 64)
        mask.low = ~(~UINT64_C(0) >> (length - 64));
    return mask;
}
static inline bool fib_begins_with(struct fib_key key, struct fib_key prefix, unsigned length)
{
    struct fib_key mask = fib_mask_of(length);
    return (((key.high ^ prefix.high) & mask.high) | ((key.low ^ prefix.low) & mask.low)) == 0;
}
static inline struct fib_key fib_key_masked(struct fib_key key, unsigned length)
{
    struct fib_key mask = fib_mask_of(length);
    return (struct fib_key){key.high & mask.high, key.low & mask.low};
}
struct prefix fib_prefix_of(const struct fib *fib, struct fib_key key, uint8_t length);

static inline bool fib_hop_says(const struct next_hop *hop, const struct fib_change *change) /* all of it */
{
    return hop->kind == change->kind && hop->on == change->on && ip_equal(&hop->gateway, &change->gateway) &&
           ip_equal(&hop->source, &change->source);
}
static inline bool fib_same_route(const struct next_hop *hop, uint32_t metric, const struct fib_change *change)
{
    return metric == change->metric && hop->kind == change->kind && hop->on == change->on &&
           ip_equal(&hop->gateway, &change->gateway);
}
/* In the list of its prefix: own addresses first, then by metric, then by age. */
static inline bool fib_goes_before(const struct next_hop *hop, uint32_t metric, const struct fib_change *change)
{
    bool unicast = hop->kind == HOP_UNICAST, change_unicast = change->kind == HOP_UNICAST;
    return unicast != change_unicast ? !unicast : metric <= change->metric;
}
/* Whether fib_remove() means this route of the prefix. */
static inline bool fib_is_meant(const struct next_hop *hop, uint32_t metric, const struct fib_change *change, bool any_metric)
{
    return hop->kind == change->kind && (!change->on || hop->on == change->on) &&
           (!change->gateway.family || ip_equal(&hop->gateway, &change->gateway)) &&
           (!change->source.family || ip_equal(&hop->source, &change->source)) && (any_metric || metric == change->metric);
}

/* ---- fib_flat.c: while fib->root is NULL ---- */
static inline unsigned fib_flat_limit(const struct fib *fib) /* with more, the trie is faster */
{
    return fib->family == 4 ? FIB_FLAT_ROUTES_IPV4 : FIB_FLAT_ROUTES_IPV6;
}
const struct next_hop *fib_flat_lookup(const struct fib *fib, struct fib_key key);
bool fib_flat_find(const struct fib *fib, struct fib_key key, const struct ip_interface *on, struct fib_entry *out);
bool fib_flat_at(const struct fib *fib, size_t position, struct fib_entry *out);
int fib_flat_add(struct fib *fib, const struct fib_change *change); /* IMP_IN_USE; IMP_LIMIT: it is full */
int fib_flat_remove(struct fib *fib, const struct fib_change *change, bool any_metric);
struct fib_change fib_flat_change(const struct fib *fib, const struct flat_route *route); /* what adds it */

#endif
