#ifndef IMP_APPLICATION_DHCP_MESSAGE_H
#define IMP_APPLICATION_DHCP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/limits.h"
#include "base/address.h"
#include "base/text.h"

/* DHCP messages (RFC 2131 section 2) with the options that imp knows (RFC 2132, 3442, 3396, 6842). Addresses that are absent have family 0. */
enum { DHCP_SERVER_PORT = 67, DHCP_CLIENT_PORT = 68 };
enum dhcp_type {
    DHCP_BOOTP = 0, /* no message type: plain BOOTP, which nobody here speaks */
    DHCP_DISCOVER,
    DHCP_OFFER,
    DHCP_REQUEST,
    DHCP_DECLINE,
    DHCP_ACK,
    DHCP_NAK,
    DHCP_RELEASE,
    DHCP_INFORM,
};
const char *dhcp_type_name(enum dhcp_type type); /* "Discover" */

struct dhcp_route { /* RFC 3442 */
    struct prefix destination;
    struct ip gateway; /* 0.0.0.0: on link */
};
struct dhcp_message {
    bool reply; /* op: from a server */
    uint8_t hops;
    uint32_t xid;
    uint16_t seconds; /* since the client began */
    bool broadcast;   /* the client cannot take unicast before it has an address */
    struct ip client; /* ciaddr: the client's, when it has one */
    struct ip your;   /* yiaddr: what the client is given */
    struct ip next;   /* siaddr */
    struct ip relay;  /* giaddr */
    struct mac mac;   /* chaddr */

    enum dhcp_type type;
    struct ip requested, server;                 /* options 50, 54 */
    uint32_t lease_s, renew_s, rebind_s;         /* 51, 58, 59; 0: absent. 0xffffffff: for ever */
    uint8_t prefix_length;                       /* 1, as a length; 0: absent */
    struct ip routers[LIMIT_DHCP_ADDRESSES];     /* 3; family 0 ends, so with the next two */
    struct ip dns[LIMIT_DHCP_ADDRESSES];         /* 6 */
    struct ip ntp[LIMIT_DHCP_ADDRESSES];         /* 42 */
    struct ip broadcast_address;                 /* 28 */
    uint16_t mtu;                                /* 26; 0: absent */
    uint16_t size_max;                           /* 57; 0: absent */
    struct dhcp_route routes[LIMIT_DHCP_ROUTES]; /* 121 */
    size_t route_count;
    char domain[LIMIT_DHCP_TEXT_BYTES];            /* 15 */
    char host_name[LIMIT_DHCP_TEXT_BYTES];         /* 12 */
    char text[LIMIT_DHCP_TEXT_BYTES];              /* 56: why, in a NAK or a Decline */
    uint8_t client_id[LIMIT_DHCP_CLIENT_ID_BYTES]; /* 61 */
    size_t client_id_length;
    uint8_t wanted[LIMIT_DHCP_CLIENT_ID_BYTES]; /* 55: the options a client asks for */
    size_t wanted_count;
};

/* 0, IMP_TRUNCATED, or IMP_MALFORMED (magic cookie, lengths, an option twice as long as it may be). Unknown options are read over. */
int dhcp_parse(const void *data, size_t length, struct dhcp_message *out);
/* Writes the message, padded to BOOTP's 300 bytes. Options that do not fit `capacity` go into the file and sname fields (option 52). Returns the
 * length or IMP_NO_SPACE. */
int dhcp_build(const struct dhcp_message *message, void *out, size_t capacity);
/* What a person wants to know of it, in one line: "Offer 192.168.1.100 lease 43200 s ...". */
void dhcp_print(const struct dhcp_message *message, struct text *out);

#endif
