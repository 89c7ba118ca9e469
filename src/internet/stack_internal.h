#ifndef IMP_INTERNET_STACK_INTERNAL_H
#define IMP_INTERNET_STACK_INTERNAL_H

#include "engine/engine.h"
#include "engine/event.h"
#include "internet/fib.h"
#include "internet/info.h"
#include "internet/stack.h"
#include "link/neighbour.h"

/* What the rooms of internet/ share: ipv4, icmp, fragment, pmtu, config (both families where generic) on one side, ipv6, icmpv6, ndp, slaac,
 * advertise on the other. Nothing outside this folder includes it. */
struct ndp_stack; /* ip6's own, per stack and per interface */
struct ndp_interface;
struct fragment_table;
struct pmtu_table;
struct icmp_limit;
struct way_cache;

struct ip_address { /* one address of one interface */
    struct list link;
    struct ip_interface *on;
    struct address_info info;
    bool active;           /* its local, connected and broadcast routes are in the table */
    uint8_t probes;        /* ip6: duplicate address detection probes sent */
    struct timer probe;    /* ip6: duplicate address detection */
    struct timer lifetime; /* config.c: preferred -> deprecated -> gone */
};
struct ip_interface { /* the layer-3 side of an interface: interface->layer3 */
    struct stack *stack;
    struct interface *interface;
    struct list addresses; /* both families, in order of addition */
    struct ndp_interface *ndp;
    struct instant defended; /* when an IPv4 address was last defended (RFC 5227 2.4) */
};
struct transport {
    const struct transport_ops *ops;
    void *context;
    uint8_t protocol;
};
enum { LIMIT_TRANSPORTS = 6, LIMIT_INTERFACES = 1024, LIMIT_ADDRESSES_PER_INTERFACE = 64 };

struct stack {
    struct node *node;
    struct stack_settings settings;
    struct list interfaces; /* struct interface.link, by index */
    uint16_t interface_count;
    uint16_t identification; /* IPv4's, of the last packet that needed one */
    struct fib fib4, fib6;
    struct neighbour_cache neighbours;
    struct transport transports[LIMIT_TRANSPORTS];
    struct list icmp_listeners;
    struct fragment_table *fragments; /* these three: NULL until needed */
    struct pmtu_table *pmtu;
    struct icmp_limit *icmp_limit;
    struct way_cache *ways; /* NULL until the first packet */
    struct ports *ports;    /* NULL: the usual ones */
    struct ndp_stack *ndp;
};

static inline struct ip_interface *ip_interface_of(const struct interface *interface) { return interface->layer3; }
static inline struct fib *stack_fib(struct stack *stack, uint8_t family) { return family == 4 ? &stack->fib4 : &stack->fib6; }
static inline struct instant stack_now(const struct stack *stack) { return engine_now(stack->node->engine); }
struct ip_interface *stack_ip_interface(const struct stack *stack, uint16_t index); /* NULL: none of that index */

/* ---- core: stack.c ---- */
struct ip_hop { /* how to reach a destination */
    struct ip_interface *on;
    enum hop_kind kind;
    struct ip next;           /* the neighbour to hand it to: the gateway, or the destination itself */
    struct ip source;         /* the route's preferred source, family 0: none */
    struct neighbour **known; /* where the neighbour is remembered (way.h); NULL: nowhere */
};
/* `interface` 0: by the table. Otherwise over that interface: its best route, or on link when it has none (and for link-local and multicast
 * destinations always on link). Multicast without an interface: the default route's, else the first one that runs. IMP_UNREACHABLE. */
int stack_route(struct stack *stack, const struct ip *destination, uint16_t interface, struct ip_hop *out);
/* Hands a packet for this node (taken; data at the transport header) to its transport, or reports protocol unreachable. */
void stack_deliver(struct stack *stack, const struct packet_info *info, struct frame *packet_taken);
/* Tells the transport of info->protocol, if there is one, of an ICMP error about a packet that this node sent. */
bool stack_deliver_error(struct stack *stack, const struct packet_info *quoted_info, struct bytes quoted,
                         const struct stack_error *error);
void stack_tell_listeners(struct stack *stack, uint8_t family, const struct packet_info *info, const uint8_t *message,
                          size_t length, struct instant now);
/* Sends a whole IP packet back up through lo, as an event of its own (the packet is taken). */
void stack_loop_back(struct stack *stack, struct frame *packet_taken, uint16_t ethertype, struct instant now);

/* ---- addresses: address.c; an IPv4 address is active at once, an IPv6 one when ip6 says so ---- */
struct ip_address *stack_address_find(const struct stack *stack, const struct ip *address); /* any state; NULL */
struct ip_address *ip_interface_address(const struct ip_interface *on, const struct ip *address);
/* Adds, or changes the lifetimes of, an address; a new one is TENTATIVE until active. IMP_INVALID, IMP_IN_USE, IMP_LIMIT. */
int ip_interface_address_add(struct ip_interface *on, const struct address_info *info);
/* Its local, broadcast and (SLAAC: none, the router's advertisement says) connected routes go in. */
void ip_address_activate(struct ip_address *address);   /* PREFERRED; "address-added" is told */
void ip_address_deactivate(struct ip_address *address); /* its routes go out; the entry stays */
int ip_address_remove(struct ip_address *address);      /* deactivates, tells ipv6_address_removed(), frees */
void ip_address_schedule(struct ip_address *address);   /* the lifetimes changed */

/* ---- shared by both families ---- */
bool icmp_error_allowed(struct stack *stack, const struct ip *to,
                        struct instant now); /* token buckets: per destination and for all */
bool pmtu_known(const struct stack *stack, const struct ip *destination, struct instant now, uint32_t *mtu_bytes,
                struct instant *until);
uint32_t pmtu_get(struct stack *stack, const struct ip *destination, uint32_t link_mtu_bytes,
                  struct instant now); /* <= link MTU */
void pmtu_update(struct stack *stack, const struct ip *destination, uint32_t mtu_bytes, struct instant now);

extern const struct event_type IP_FORWARD;     /* ipv4.c: source, destination, next, interface, ttl */
extern const struct event_type FRAGMENTS_MADE; /* fragment.c: destination, bytes, count, mtu, id */

/* ---- IPv4: ipv4.c, icmp.c ---- */
void ipv4_input(struct ip_interface *on, struct frame *packet_taken,
                struct instant now); /* data at the IP header, padding still there */
int ipv4_send(struct stack *stack, const struct packet_info *info, struct frame *payload_taken);
struct ip ipv4_source(const struct stack *stack, const struct ip_hop *hop,
                      const struct ip *destination); /* family 0: has none */
/* About a packet (borrowed; packet->network marks its IP header) that came in on `on`; says nothing where RFC 1122 3.2.2 forbids it. */
void icmp_send_error(struct ip_interface *on, const struct frame *packet, uint8_t type, uint8_t code, uint32_t parameter,
                     struct instant now);
void ipv4_reassembly_timeout(struct ip_interface *on, struct frame *first_taken, struct instant now);
extern const struct neighbour_ops ARP_NEIGHBOUR_OPS;

/* ---- IPv6: what the ip6 room supplies ---- */
void ipv6_stack_create(struct stack *stack); /* sets stack->ndp or leaves it NULL */
void ipv6_stack_destroy(struct stack *stack);
void ipv6_interface_created(struct ip_interface *on); /* gives it its link-local address, joins groups; for lo: ::1 */
void ipv6_interface_destroyed(struct ip_interface *on);
void ipv6_interface_running(struct ip_interface *on, bool up,
                            struct instant now); /* carrier or administrator: DAD and RS start here */
void ipv6_address_added(
    struct ip_address *address); /* joins the solicited-node group, starts DAD, then ip_address_activate() */
void ipv6_address_removed(struct ip_address *address); /* leaves the group, cancels `probe` */
/* No router solicitation outstanding. Tentative addresses are looked at by config.c: only those on interfaces that run count, the others wait
 * for a carrier. */
bool ipv6_settled(const struct stack *stack);
void ipv6_forwarding_changed(
    struct stack *stack); /* settings.forwarding is new: joins or leaves all-routers, ends or starts RS */
void ipv6_mac_changed(struct ip_interface *on, struct instant now); /* tells the neighbours: unsolicited advertisements */
uint32_t ipv6_link_mtu(const struct ip_interface *on); /* the interface's, or what a router advertisement made of it */
void ipv6_input(struct ip_interface *on, struct frame *packet_taken, struct mac source, struct instant now);
int ipv6_send(struct stack *stack, const struct packet_info *info, struct frame *payload_taken);
struct ip ipv6_source(const struct stack *stack, const struct ip_hop *hop,
                      const struct ip *destination); /* RFC 6724; family 0: none */
void icmpv6_send_error(struct ip_interface *on, const struct frame *packet, uint8_t type, uint8_t code, uint32_t parameter,
                       struct instant now);
void ipv6_reassembly_timeout(struct ip_interface *on, struct frame *first_taken, struct instant now);
extern const struct neighbour_ops NDP_NEIGHBOUR_OPS;

#endif
