#ifndef IMP_APPLICATION_DHCP_LEASE_H
#define IMP_APPLICATION_DHCP_LEASE_H

#include "application/dhcp/message.h"
#include "base/map.h"
#include "base/time.h"
#include "net/service.h"

/* A DHCP server's mind, with no network: pools of addresses, who has which until when, and the reply to each message. */
struct dhcp_reservation {
    const char *who; /* a MAC address, or the host name that the client sends; offset 0 */
    struct ip address;
};
struct dhcp_pool { /* one subnet; as configured */
    const char *port;
    struct config_range range;
    struct prefix subnet; /* family 0: that of the port's address */
    int64_t lease_ns;     /* INT64_MAX: for ever */
    struct ip *routers, *dns, *ntp;
    size_t router_count, dns_count, ntp_count;
    const char *domain;
    const struct dhcp_reservation *reservations;
    size_t reservation_count;
};

enum dhcp_lease_state { DHCP_LEASE_FREE, DHCP_LEASE_OFFERED, DHCP_LEASE_BOUND, DHCP_LEASE_DECLINED };
struct dhcp_lease {
    struct ip address;
    enum dhcp_lease_state state;
    struct instant until; /* the state's end; then it is free, but remembers whose it was */
    struct mac mac;
    uint8_t key_length;
    uint8_t key[LIMIT_DHCP_CLIENT_ID_BYTES + 1]; /* who: 0 and the MAC, or 1 and the client identifier */
    char host_name[LIMIT_DHCP_TEXT_BYTES];
};
struct dhcp_leases {
    struct map by_address, by_client; /* -> struct dhcp_lease */
};

/* What is known of a message's way here. */
struct dhcp_arrival {
    const struct dhcp_pool *pool; /* of the port, or of the relay's subnet */
    struct prefix subnet;         /* of the pool */
    struct ip server;             /* our address there */
    struct instant now;
};
/* Decides. True: `reply` is to be sent. `lease` (may be NULL when there is none) is what it was about. */
bool dhcp_leases_answer(struct dhcp_leases *leases, const struct dhcp_arrival *arrival, const struct dhcp_message *message,
                        struct dhcp_message *reply, const struct dhcp_lease **lease);
bool dhcp_lease_is_held(const struct dhcp_lease *lease, struct instant now); /* bound, and its time is not over */
/* Where a reply goes (RFC 2131 section 4.1). *by_mac: it must be sent to the client's MAC address, as nobody answers ARP for that address yet. */
struct endpoint dhcp_reply_destination(const struct dhcp_message *message, const struct dhcp_message *reply, bool *by_mac);
/* A pool's faults, in one sentence: 0 or IMP_INVALID. */
int dhcp_pool_check(const struct dhcp_pool *pool, char *error, size_t error_bytes);
void dhcp_leases_free(struct dhcp_leases *leases);

#endif
