/* What is known of the MTU of paths (RFC 1191, RFC 8201), for both families.
 *
 * A router that could not send a packet on told the next link's MTU; for ten minutes packets to that destination are made no larger
 * (RFC 1191 section 6.3), then the full size is tried again. Only lowering is ever learned. The values are kept in a direct-mapped table made when the first one
 * arrives: the way of every packet stays one test on a node that never met a small link, and one comparison on one that did. Two destinations on the same place
 * forget each other, at the price of learning again.
 *
 * There is no timer: age is looked at on use. The floors are 68 bytes for IPv4 and 1280 for IPv6, below which nothing is believed. */
#include "base/memory.h"
#include "internet/stack_internal.h"

enum { LIMIT_PATHS = 256, FLOOR_IPV4_BYTES = 68, FLOOR_IPV6_BYTES = 1280 };
#define PATH_MTU_AGE_NS (600 * NS_PER_S)

static const struct event_type PATH_MTU = {.name = "path-mtu",
                                           .protocol = "IP",
                                           .story = "the path to {destination} takes packets of at most {mtu}",
                                           .fields = {{"destination", FIELD_IP}, {"mtu", FIELD_BYTES}}};

struct pmtu_table {
    struct {
        struct ip destination;
        uint32_t mtu_bytes;
        struct instant until;
    } paths[LIMIT_PATHS];
};

static unsigned place_of(const struct ip *address)
{
    unsigned hash = 0;
    for (unsigned i = 0; i < sizeof address->b; i++)
        hash = hash * 31 + address->b[i];
    return (hash ^ hash >> 8) % LIMIT_PATHS;
}

bool pmtu_known(const struct stack *stack, const struct ip *destination, struct instant now, uint32_t *mtu,
                struct instant *until)
{
    if (__builtin_expect(!stack->pmtu, 1))
        return false;
    unsigned place = place_of(destination);
    *mtu = stack->pmtu->paths[place].mtu_bytes;
    *until = stack->pmtu->paths[place].until;
    return ip_equal(&stack->pmtu->paths[place].destination, destination) && !instant_reached(now, *until);
}

uint32_t pmtu_get(struct stack *stack, const struct ip *destination, uint32_t link_mtu, struct instant now)
{
    uint32_t mtu;
    struct instant until;
    return pmtu_known(stack, destination, now, &mtu, &until) && mtu < link_mtu ? mtu : link_mtu;
}

void pmtu_update(struct stack *stack, const struct ip *destination, uint32_t mtu, struct instant now)
{
    uint32_t floor = destination->family == 4 ? FLOOR_IPV4_BYTES : FLOOR_IPV6_BYTES;
    mtu = mtu < floor ? floor : mtu;
    if (mtu >= pmtu_get(stack, destination, UINT32_MAX, now))
        return;
    if (!stack->pmtu)
        stack->pmtu = memory_take_zeroed(1, sizeof *stack->pmtu);
    unsigned place = place_of(destination);
    stack->pmtu->paths[place].destination = *destination;
    stack->pmtu->paths[place].mtu_bytes = mtu;
    stack->pmtu->paths[place].until = instant_add(now, PATH_MTU_AGE_NS);
    if (event_wanted(stack->node))
        event_emit(stack->node, &PATH_MTU, (union event_value[]){{.ip = *destination}, {.number = mtu}});
}
