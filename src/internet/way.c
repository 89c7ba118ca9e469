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
 * The table is made when the first packet comes, small for a host, large for a router. No timers. Only IPv4: IPv6's way has scopes and
 * redirects in it. */
#include "internet/way.h"

#include "base/memory.h"

enum { HOST_BITS = 3, ROUTER_BITS = 10 };

static void cache_make(struct stack *stack)
{
    unsigned bits = stack->settings.forwarding ? ROUTER_BITS : HOST_BITS;
    stack->ways = memory_take_zeroed(1, sizeof *stack->ways + (sizeof(struct way) << bits));
    stack->ways->bits = bits;
}

struct way *way_fill(struct stack *stack, const struct ip *destination)
{
    const struct next_hop *hop = fib_lookup(&stack->fib4, destination);
    if (!hop)
        return NULL;
    if (!stack->ways)
        cache_make(stack);
    uint32_t number;
    memcpy(&number, destination->b, sizeof number);
    struct way *way = &stack->ways->ways[way_place(stack->ways, number)];
    *way = (struct way){.destination = number, .version = way_version(stack), .hop = hop};
    return way;
}
