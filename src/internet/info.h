#ifndef IMP_INTERNET_INFO_H
#define IMP_INTERNET_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/time.h"
#include "link/neighbour_state.h"

/* What a node's network looks like from outside: plain values, for configuring and for showing. */

enum interface_flag {
    INTERFACE_UP = 1,
    INTERFACE_RUNNING = 2,
    INTERFACE_LOOPBACK = 4,
    INTERFACE_BROADCAST = 8,
    INTERFACE_MULTICAST = 16
};
struct interface_info {
    uint16_t index; /* from 1; 1 is lo */
    char name[16];
    struct mac mac;
    uint32_t mtu;
    uint32_t flags;
    uint64_t sent_frames, sent_bytes, received_frames, received_bytes, send_drops, receive_drops;
};

enum address_origin { ADDRESS_STATIC, ADDRESS_DHCP, ADDRESS_SLAAC, ADDRESS_LINK_LOCAL };
enum address_state { ADDRESS_TENTATIVE, ADDRESS_PREFERRED, ADDRESS_DEPRECATED, ADDRESS_DUPLICATE };
struct address_info {
    uint16_t interface;
    struct prefix prefix; /* the address with its prefix length */
    uint8_t origin;       /* enum address_origin */
    uint8_t state;        /* enum address_state */
    bool unchecked;       /* IPv6: usable at once, with no duplicate address detection (RFC 4862 5.4), for who knows better */
    struct instant preferred_until, valid_until; /* INSTANT_NEVER: for ever */
};

enum route_origin {
    ROUTE_CONNECTED,
    ROUTE_STATIC,
    ROUTE_DHCP,
    ROUTE_RA,
    ROUTE_RIP,
    ROUTE_OSPF,
    ROUTE_BGP,
    ROUTE_ISIS,
    ROUTE_EIGRP
};
struct route_info {
    struct prefix destination; /* network; 0.0.0.0/0 or ::/0 is the default route */
    struct ip gateway;         /* family 0: on link */
    uint16_t interface;        /* 0 when adding: found from the gateway */
    uint32_t metric;
    enum route_origin origin;
    struct ip source; /* preferred source, family 0: none */
    /* Of the answer for one destination only: */
    bool broadcast;            /* it is a subnet's broadcast address */
    uint32_t path_mtu;         /* what a router on the way told; 0: nothing */
    struct instant path_until; /* how long that is believed */
};

struct neighbour_info {
    struct ip address;
    struct mac mac;
    uint16_t interface;
    enum neighbour_state state;
    bool router;
};

#endif
