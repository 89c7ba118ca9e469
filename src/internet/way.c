/* Ways: the answer for the packet before serves this one too.
 *
 * Most packets go where another one has just gone. Two questions are asked of each: which route, and which neighbour. The answers are kept
 * together by destination in a small direct-mapped table, so that a router's hop is one comparison instead of a walk through a trie and a
 * hash of the neighbour's address; on a host, too, each segment asks twice. Two destinations on the same place forget each other, which costs
 * the walk again.
 *
 * Nothing has to be told of a change. Each entry carries the version of the tables that it was read from: any change of a route, and any
 * neighbour that is removed, makes a new version, and with it every entry stale at once. A neighbour's state and MAC are not copied:
 * they are looked at in the entry itself each time. So a run's bytes are the same as without this table.
 *
 * The table is made when the first packet comes, with four places, and doubles when as many entries have had to give way. No timers. Only IPv4: IPv6's way has scopes and
 * redirects in it. */
#include "internet/way.h"

#include "base/memory.h"

enum { BITS_FIRST = 2, LIMIT_BITS = 10 };

static struct way_cache *cache_make(unsigned bits)
{
    size_t bytes = sizeof(struct way_cache) + (sizeof(struct way) << bits);
    struct way_cache *cache = memory_take_zeroed(1, bytes);
    cache->bits = bits;
    return cache;
}

/* Where the destination belongs; first in a larger table, when too many have had to give way in this one. */
static struct way *place_make(struct stack *stack, uint32_t destination)
{
    struct way_cache *cache = stack->ways;
    if (!cache)
        cache = stack->ways = cache_make(BITS_FIRST);
    struct way *way = &cache->ways[way_place(cache, destination)];
    if (way->version != way_version(stack) || ++cache->lost < 1u << cache->bits || cache->bits == LIMIT_BITS)
        return way;
    stack->ways = cache_make(cache->bits + 1);
    memory_free(cache);
    return &stack->ways->ways[way_place(stack->ways, destination)];
}

struct way *way_fill(struct stack *stack, const struct ip *destination)
{
    const struct next_hop *hop = fib_lookup(&stack->fib4, destination);
    if (!hop)
        return NULL;
    uint32_t number;
    memcpy(&number, destination->b, sizeof number);
    struct way *way = place_make(stack, number);
    *way = (struct way){.destination = number, .version = way_version(stack), .hop = hop};
    return way;
}
