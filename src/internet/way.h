#ifndef IMP_INTERNET_WAY_H
#define IMP_INTERNET_WAY_H

#include "internet/stack_internal.h"

/* What the forwarding table says of an IPv4 destination, and the neighbour behind it, remembered from the packet before. */
struct way {
    uint32_t destination; /* as it lies in memory */
    uint64_t version;     /* of the tables that it was read from; 0: empty */
    const struct next_hop *hop;
    struct neighbour *neighbour; /* NULL: not met yet */
};
struct way_cache {
    unsigned bits; /* the table has 2^bits places */
    unsigned lost; /* entries that gave way to another since it had this size */
    struct way ways[];
};

struct way *way_fill(struct stack *stack, const struct ip *destination);
static inline unsigned way_place(const struct way_cache *cache, uint32_t destination)
{
    return destination * UINT32_C(0x9e3779b1) >> (32 - cache->bits);
}
static inline uint64_t way_version(const struct stack *stack) /* both only grow, so that a sum stands for the two */
{
    return stack->fib4.version + stack->neighbours.removals;
}
/* Only what is remembered; NULL: nothing is. `number` as it lies in memory. */
static inline struct way *way_known(const struct stack *stack, uint32_t number)
{
    struct way_cache *cache = stack->ways;
    struct way *way = cache ? &cache->ways[way_place(cache, number)] : NULL;
    return way && way->destination == number && way->version == way_version(stack) ? way : NULL;
}
/* NULL: no route. Holds until the next way is asked for. */
static inline struct way *way_find(struct stack *stack, const struct ip *destination)
{
    uint32_t number;
    memcpy(&number, destination->b, sizeof number);
    struct way *way = way_known(stack, number);
    return way ? way : way_fill(stack, destination);
}

#endif
