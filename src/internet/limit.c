/* How often ICMP errors may be sent (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f), for both families, with Linux's figures.
 *
 * Two token buckets must both have a token. The node's: a thousand errors a second, fifty at once. The destination's: one a second, six at once,
 * so that traceroute's three probes to a hop are all answered, and a flood of packets to a closed port is not mirrored.
 *
 * Destinations are kept in a small direct-mapped table made with the first error; one that lands on another's place starts with a full bucket, so a
 * collision is never stricter than it should be. Tokens are counted in nanoseconds of credit: time passes, credit grows up to the
 * burst, an error costs one period. There is no timer. */
#include "base/memory.h"
#include "internet/stack_internal.h"

enum { PLACES = 64, NODE_BURST = 50, DESTINATION_BURST = 6 };
#define NODE_PERIOD_NS        (NS_PER_S / 1000)
#define DESTINATION_PERIOD_NS NS_PER_S

struct bucket {
    int64_t credit_ns;
    struct instant filled;
};
struct icmp_limit {
    struct bucket node;
    struct {
        struct ip address;
        struct bucket bucket;
    } places[PLACES];
};

static bool has_token(struct bucket *bucket, int64_t period_ns, int64_t burst, struct instant now)
{
    int64_t credit = bucket->credit_ns + instant_since(now, bucket->filled);
    bucket->credit_ns = credit < period_ns * burst ? credit : period_ns * burst;
    bucket->filled = now;
    return bucket->credit_ns >= period_ns;
}

static unsigned place_of(const struct ip *address)
{
    unsigned hash = 0;
    for (unsigned i = 0; i < sizeof address->b; i++)
        hash = hash * 31 + address->b[i];
    return (hash ^ hash >> 8) % PLACES;
}

bool icmp_error_allowed(struct stack *stack, const struct ip *to, struct instant now)
{
    if (ip_is_loopback(to))
        return true;
    struct icmp_limit *limit = stack->icmp_limit;
    if (!limit) {
        limit = stack->icmp_limit = memory_take_zeroed(1, sizeof *limit);
        limit->node = (struct bucket){NODE_PERIOD_NS * NODE_BURST, now};
    }
    unsigned place = place_of(to);
    struct bucket *bucket = &limit->places[place].bucket;
    if (!ip_equal(&limit->places[place].address, to)) {
        limit->places[place].address = *to;
        *bucket = (struct bucket){DESTINATION_PERIOD_NS * DESTINATION_BURST, now};
    }
    if (!has_token(&limit->node, NODE_PERIOD_NS, NODE_BURST, now) ||
        !has_token(bucket, DESTINATION_PERIOD_NS, DESTINATION_BURST, now))
        return false;
    limit->node.credit_ns -= NODE_PERIOD_NS;
    bucket->credit_ns -= DESTINATION_PERIOD_NS;
    return true;
}
