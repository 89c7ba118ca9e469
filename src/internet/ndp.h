#ifndef IMP_INTERNET_NDP_H
#define IMP_INTERNET_NDP_H

#include "base/bytes.h"
#include "internet/config.h"
#include "internet/stack_internal.h"

/* Neighbour discovery (RFC 4861) and address autoconfiguration (RFC 4862). ndp_format.c has the messages; ndp.c asks and answers for
 * addresses and makes sure that they are nobody else's; slaac.c is a host that listens to routers; advertise.c is a router that speaks. */
enum { LIMIT_NDP_PREFIXES = 8, LIMIT_NDP_DNS = 3, LIMIT_NDP_ROUTERS = 8, LIMIT_NDP_LINK_PREFIXES = 16 };
enum { NDP_HOP_LIMIT = 255, NDP_LIFETIME_INFINITE = 0xffffffff }; /* seconds */

/* ---- the format ---- */
struct ndp_prefix { /* RFC 4861 section 4.6.2 */
    struct prefix prefix;
    bool on_link, autonomous;
    uint32_t valid_s, preferred_s;
};
struct ndp_message {
    uint8_t type;                     /* enum icmpv6_type, 133..136 */
    bool router, solicited, override; /* an advertisement's flags */
    struct ip target;                 /* of a neighbour solicitation or advertisement */
    uint8_t hop_limit;                /* these four: of a router advertisement; 0 = says nothing */
    uint16_t router_lifetime_s;
    uint32_t reachable_ms, retransmit_ms;
    bool has_source_link, has_target_link; /* options, with the MAC that goes with either */
    struct mac source_link, target_link;
    uint32_t mtu; /* 0: no such option */
    struct ndp_prefix prefixes[LIMIT_NDP_PREFIXES];
    unsigned prefix_count;
    struct ip dns[LIMIT_NDP_DNS]; /* RFC 8106 section 5.1 */
    unsigned dns_count;
    uint32_t dns_lifetime_s;
};
/* Parses a whole message from its ICMPv6 type on. 0, IMP_TRUNCATED, or IMP_MALFORMED: a wrong code, an option of length 0 or past the end, a
 * target that is a group. Unknown options are passed over; of prefixes and servers, those past the limits are too. */
int ndp_parse(const uint8_t *data, size_t length, struct ndp_message *out);
/* The checks of RFC 4861 sections 6.1 and 7.1 that need the packet's addresses and hop limit. */
bool ndp_valid(const struct ndp_message *message, const struct packet_info *info);
void ndp_build(struct writer *writer, const struct ndp_message *message); /* the checksum field is zero */
enum { NDP_TEXT_BYTES = 160, NDP_BUILD_BYTES = 16 + 8 + 8 + LIMIT_NDP_PREFIXES * 32 + 8 + LIMIT_NDP_DNS * 16 };
char *ndp_print(const struct ndp_message *message, char *out, size_t size_bytes);

/* ---- what the rooms share ---- */
struct advertiser;
struct ndp_interface { /* ip_interface.ndp */
    struct ip_interface *on;
    struct timer solicit;          /* slaac.c: the next router solicitation, or giving up */
    struct advertiser *advertiser; /* advertise.c: NULL unless this router advertises here */
    uint32_t mtu;                  /* told by a router; 0: not told */
    uint8_t solicitations, hop_limit;
    bool solicits, in_routers_group; /* solicits: waits for a router advertisement */
};
struct ndp_server {
    struct ip address;
    struct instant until;
};
struct ndp_dns { /* slaac.c: the DNS servers that routers tell of */
    struct stack *stack;
    struct ndp_server servers[LIMIT_NDP_DNS];
    unsigned count;
    struct timer expiry;
};
struct ndp_stack { /* stack.ndp */
    struct stack *stack;
    struct list routers;       /* slaac.c: struct default_router.link, in the order in which they were heard of */
    struct list link_prefixes; /* slaac.c: struct link_prefix.link, on-link prefixes */
    unsigned router_count, link_prefix_count;
    struct ndp_dns *dns; /* NULL: none are known */
    void (*told)(void *context, const struct ip *servers, unsigned count);
    void *told_context;
};

/* A message for this node (borrowed, from its ICMPv6 type on). False: a check of RFC 4861 failed, and it must be dropped. */
bool ndp_input(struct ip_interface *on, const struct packet_info *info, struct bytes message, struct mac source,
               struct instant now);
/* Sends with hop limit 255. A `source` of :: is allowed. */
void ndp_send(struct ip_interface *on, const struct ip *source, const struct ip *destination,
              const struct ndp_message *message);
uint8_t ndp_hop_limit(const struct ip_interface *on);             /* told by a router; 0: not told */
struct ip_address *ndp_link_local(const struct ip_interface *on); /* a usable link-local address; NULL: none (yet) */
extern const struct ip NDP_ALL_NODES, NDP_ALL_ROUTERS;            /* ff02::1, ff02::2 */

/* slaac.c */
void slaac_start(struct ip_interface *on, int64_t delay_ns,
                 struct instant now);       /* solicits routers, if this node listens to them */
void slaac_stop(struct ip_interface *on);   /* stops asking; what was learnt stays until it expires */
void slaac_forget(struct ip_interface *on); /* forgets routers and prefixes: the interface ends */
void slaac_advertised(struct ip_interface *on, const struct ip *router, const struct ndp_message *message, struct mac station,
                      struct instant now);
/* A neighbour turned out to be gone (`reachable` false), or to be there, or no router any more: the choice of default routers follows. */
void slaac_router_reachable(struct ip_interface *on, const struct ip *address, bool reachable);
void slaac_router_gone(struct ip_interface *on, const struct ip *address);
void slaac_stack_destroy(struct ndp_stack *ndp);

/* advertise.c */
void advertise_start(struct ip_interface *on, struct instant now); /* a usable link-local address is there */
void advertise_stop(struct ip_interface *on);                      /* the interface does not run; settings stay */
void advertise_forget(struct ip_interface *on);                    /* the interface ends */
void advertise_solicited(struct ip_interface *on, struct instant now);

#endif
