/* Which of a node's addresses a packet leaves with: RFC 6724 section 5.
 *
 * All usable addresses are candidates; for a destination of link scope only those of the outgoing interface, because no other
 * means anything on that link (section 4). They are compared in pairs, rule by rule, and the first rule that sees a difference decides:
 *   1  the destination itself, when it is one of ours
 *   2  an appropriate scope: the smallest that reaches the destination's, else the largest
 *   3  not a deprecated one
 *   5  one of the outgoing interface
 *   6  a label that matches the destination's: so that a unique local address is not used towards the internet
 *   8  the longest prefix in common with the destination, counted up to the candidate's own prefix length
 * and of equals the one that was added first.
 *
 * A node has few addresses, and transports ask once a connection, so there is no table and no cache. Left out on purpose: home
 * addresses (rule 4, mobile IP), a policy table that can be changed, and temporary addresses (rule 7, RFC 8981). */
#include "internet/ipv6.h"
#include "internet/stack_internal.h"

struct choice {
    const struct ip *destination;
    const struct ip_interface *on;
    unsigned scope, label; /* the destination's */
};

/* The default policy table's labels (RFC 6724 section 2.1), without those of addresses that no longer exist. */
static unsigned label_of(const struct ip *address)
{
    if (ip_is_loopback(address))
        return 0;
    if ((address->b[0] & 0xfe) == 0xfc)
        return 13; /* unique local */
    if (address->b[0] == 0x20 && address->b[1] == 0x02)
        return 2; /* 6to4 */
    if (load_u32(address->b) == 0x20010000)
        return 5; /* Teredo */
    return 1;
}

static unsigned bits_in_common(const struct choice *choice, const struct ip_address *candidate)
{
    unsigned bits = ipv6_common_bits(&candidate->info.prefix.address, choice->destination);
    return bits < candidate->info.prefix.length ? bits : candidate->info.prefix.length;
}

/* Is `a` better than `b`, which came before it? */
static bool better(const struct choice *choice, const struct ip_address *a, const struct ip_address *b)
{
    const struct ip *address_a = &a->info.prefix.address, *address_b = &b->info.prefix.address;
    if (ip_equal(address_b, choice->destination) || ip_equal(address_a, choice->destination))
        return !ip_equal(address_b, choice->destination);
    unsigned scope_a = ipv6_scope(address_a), scope_b = ipv6_scope(address_b);
    if (scope_a < scope_b)
        return scope_a >= choice->scope;
    if (scope_b < scope_a)
        return scope_b < choice->scope;
    bool deprecated_a = a->info.state == ADDRESS_DEPRECATED, deprecated_b = b->info.state == ADDRESS_DEPRECATED;
    if (deprecated_a != deprecated_b)
        return deprecated_b;
    if ((a->on == choice->on) != (b->on == choice->on))
        return a->on == choice->on;
    bool matches_a = label_of(address_a) == choice->label, matches_b = label_of(address_b) == choice->label;
    if (matches_a != matches_b)
        return matches_a;
    return bits_in_common(choice, a) > bits_in_common(choice, b);
}

static const struct ip_address *best_of(const struct choice *choice, const struct ip_interface *on,
                                        const struct ip_address *best)
{
    list_each (link, &on->addresses) {
        const struct ip_address *candidate = list_entry(link, struct ip_address, link);
        const struct ip *address = &candidate->info.prefix.address;
        if (address->family != 6 || !candidate->active)
            continue;
        if (on != choice->on && ip_is_link_local(address)) /* valid on its own link only */
            continue;
        if (ip_is_loopback(address) && !ip_is_loopback(choice->destination) && !choice->on->interface->loopback)
            continue; /* never leaves the node (RFC 4291 section 2.5.3) */
        if (!best || better(choice, candidate, best))
            best = candidate;
    }
    return best;
}

struct ip ipv6_source(const struct stack *stack, const struct ip_hop *hop, const struct ip *destination)
{
    if (hop->source.family)
        return hop->source;
    struct choice choice = {destination, hop->on, ipv6_scope(destination), label_of(destination)};
    const struct ip_address *best = NULL;
    if (choice.scope <= 2 && hop->kind != HOP_LOCAL) {
        best = best_of(&choice, hop->on, NULL);
    } else {
        list_each (link, &stack->interfaces)
            best = best_of(&choice, ip_interface_of(list_entry(link, struct interface, link)), best);
    }
    return best ? best->info.prefix.address : (struct ip){0};
}
