#ifndef IMP_INTERNET_CONFIG_H
#define IMP_INTERNET_CONFIG_H

#include "internet/info.h"
#include "internet/stack.h"

/* Reading and changing a stack's addresses, routes and neighbours. Lists are walked by position: *at = 0 first, until IMP_NOT_FOUND.
 * Semantics, limits and errors are those of net/net_config.h, whose lab side is a thin layer over this. */
int stack_interface_info(struct stack *stack, size_t *at, struct interface_info *out);
int stack_interface_set_up(struct stack *stack, uint16_t interface, bool up);
int stack_interface_set_mtu(struct stack *stack, uint16_t interface, uint32_t mtu);
int stack_interface_set_mac(struct stack *stack, uint16_t interface, struct mac mac);
int stack_address_info(struct stack *stack, size_t *at, struct address_info *out);
int stack_address_add(struct stack *stack, const struct address_info *address);
int stack_address_remove(struct stack *stack, uint16_t interface, const struct prefix *prefix);
int stack_route_info(struct stack *stack, size_t *at, struct route_info *out);
int stack_route_get(struct stack *stack, const struct ip *destination, struct route_info *out);
int stack_route_add(struct stack *stack, const struct route_info *route);
int stack_route_remove(struct stack *stack, const struct route_info *route);
int stack_neighbour_info(struct stack *stack, size_t *at, struct neighbour_info *out);
int stack_neighbour_set(struct stack *stack, uint16_t interface, const struct ip *address, struct mac mac);
int stack_neighbour_remove(struct stack *stack, uint16_t interface, const struct ip *address);
void stack_set_forwarding(struct stack *stack, bool forwarding);
bool stack_forwarding(const struct stack *stack);
/* True when no address is tentative and, where router advertisements are accepted, no router solicitation is outstanding. */
bool stack_settled(const struct stack *stack);

/* A router's advertisements on an interface (RFC 4861 6.2): each /64 of the interface's static addresses, on-link and autonomous. */
struct advertise_settings {
    bool enabled;
    int64_t interval_ns; /* between unsolicited ones, at most; 0 = 200 s */
    int64_t lifetime_ns; /* router lifetime; 0 = 30 min; as a default router */
    bool not_default;    /* the lifetime told is 0: a router for its prefixes, and no default router */
    struct ip dns[3];    /* RFC 8106; family 0 ends */
    uint32_t mtu;        /* 0: not told */
};
int stack_advertise(struct stack *stack, uint16_t interface, const struct advertise_settings *settings);
/* Told of the DNS servers that advertisements bring (RFC 8106). */
void stack_on_advertised_dns(struct stack *stack, void (*told)(void *context, const struct ip *servers, unsigned count),
                             void *context);

#endif
