#ifndef IMP_INTERNET_STACK_H
#define IMP_INTERNET_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/bytes.h"
#include "engine/frame.h"
#include "engine/node.h"
#include "link/interface.h"

/* A node's internet layer: IPv4 and IPv6 side by side over its interfaces, with one forwarding table per family. Transports
 * register by protocol number. This header is the door for what stands above (transport, net, lab); the rooms inside (ipv4, ipv6, icmp, ndp,
 * fib, fragments ...) share stack_internal.h. */
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };
struct stack;

struct stack_settings {
    bool forwarding; /* a router */
    bool accept_router_advertisements;
    uint8_t default_ttl; /* 0 = 64 */
};
struct stack *stack_create(struct node *node,
                           const struct stack_settings *settings); /* sets node->device; makes lo up with its addresses */
void stack_destroy(struct stack *stack);
struct stack *stack_of(const struct node *node); /* NULL for a node that has none (a switch) */
struct node *stack_node(const struct stack *stack);
struct interface *stack_interface_add(struct stack *stack, struct port *port, struct mac mac,
                                      uint32_t mtu); /* comes up; IPv6 link-local too */
struct interface *stack_interface_find(struct stack *stack, uint16_t index);
struct interface *stack_interface_named(struct stack *stack, const char *name);
struct interface *stack_interface_next(struct stack *stack, struct interface *after); /* NULL starts and ends */

/* What goes with a packet between the transports and the internet layer. */
struct packet_info {
    struct ip source, destination; /* source of family 0 on the way out: chosen */
    uint8_t protocol;
    uint8_t ttl;           /* hop limit; on the way out 0 = default */
    uint8_t traffic_class; /* DSCP and ECN */
    bool dont_fragment;    /* IPv4 DF; the sender gets IMP_TOO_BIG when the (path) MTU is smaller */
    bool broadcast_allowed;
    uint16_t interface; /* in: where it arrived. out: 0, or the one to use (scoped, bound, or not routed) */
};
/* Sends a transport payload (taken, also on failure). The frame's data starts at the transport header, whose checksum is done (ICMPv6's is
 * put in here, as it covers the source); at least 60 bytes of headroom. Returns 0, IMP_UNREACHABLE, IMP_TOO_BIG, IMP_DENIED (broadcast not allowed), IMP_INVALID. */
int stack_send(struct stack *stack, const struct packet_info *info, struct frame *payload_taken);
/* The source address and the outgoing interface that stack_send() would use, and the path MTU known so far. */
struct path {
    struct ip source;
    uint16_t interface;
    uint32_t mtu;      /* of the whole IP packet */
    uint32_t link_mtu; /* of the first link alone */
    bool local;        /* to this node itself */
};
int stack_path(struct stack *stack, const struct ip *destination, uint16_t interface, struct path *out);
bool stack_is_local(const struct stack *stack, const struct ip *address); /* one of ours, usable (not tentative) */
bool stack_will_be_local(const struct stack *stack,
                         const struct ip *address); /* or tentative: a server may bind to it already */
/* The pseudo-header's part of a transport checksum (RFC 9293 3.1, RFC 8200 8.1). */
uint32_t stack_pseudo_sum(const struct ip *source, const struct ip *destination, uint8_t protocol, uint32_t length);

struct stack_error { /* an ICMP error about a packet that this node sent, as the transports see it */
    int error; /* IMP_UNREACHABLE, IMP_REFUSED (port), IMP_TOO_BIG, IMP_TIMEOUT (TTL, reassembly), IMP_DENIED (prohibited), IMP_MALFORMED */
    bool hard;          /* RFC 1122 4.2.3.9: protocol or port unreachable, or fragmentation needed */
    uint32_t mtu;       /* for IMP_TOO_BIG */
    struct ip reporter; /* who sent the ICMP message */
};
struct transport_ops {
    /* A packet for this protocol (taken); frame->data at the transport header, trimmed to the IP length; frame->network marks the IP header. */
    void (*input)(struct stack *stack, void *context, const struct packet_info *info, struct frame *packet_taken);
    /* An ICMP error that quotes one of our packets; `quoted` starts at the quoted transport header (at least 8 bytes). `info` is the
     * quoted packet's. False: it is not about anything that may be under way, so nothing is to be believed of it (RFC 5927). */
    bool (*error)(struct stack *stack, void *context, const struct packet_info *info, struct bytes quoted,
                  const struct stack_error *error);
};
/* `ops` NULL: the protocol leaves, as a transport does before its layer ends. */
void stack_transport_register(struct stack *stack, uint8_t protocol, const struct transport_ops *ops, void *context);
void *stack_transport_context(const struct stack *stack, uint8_t protocol);
/* For input(): nobody is there; sends ICMP port unreachable (rate-limited) about the frame, which is taken and counted as `reason`. */
void stack_refuse_port(struct stack *stack, const struct packet_info *info, struct frame *packet_taken,
                       enum drop_reason reason);
/* Confirms reachability of a next hop (RFC 4861 7.3.1): TCP calls it on forward progress. */
void stack_confirm(struct stack *stack, const struct ip *destination);

/* Raw ICMP listeners (ping, traceroute): see every ICMP message delivered to this node; the bytes are borrowed. */
struct icmp_listener {
    struct list link;
    uint8_t family;
    void (*message)(struct icmp_listener *listener, const struct packet_info *info, const uint8_t *message, size_t length,
                    struct instant now);
};
void stack_icmp_listen(struct stack *stack, struct icmp_listener *listener);
void stack_icmp_unlisten(struct icmp_listener *listener);

#endif
