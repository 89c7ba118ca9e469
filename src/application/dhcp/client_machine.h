#ifndef IMP_APPLICATION_DHCP_CLIENT_MACHINE_H
#define IMP_APPLICATION_DHCP_CLIENT_MACHINE_H

#include "application/dhcp/message.h"
#include "base/time.h"

/* A DHCP client's states and timers (RFC 2131 section 4.4), with no network: it is told what arrived and what time it is, and says what to
 * send, what to do, and when it wants to be asked again. */
enum dhcp_client_state {
    DHCP_CLIENT_INIT,
    DHCP_CLIENT_SELECTING,
    DHCP_CLIENT_REQUESTING,
    DHCP_CLIENT_PROBING, /* acknowledged; looking whether somebody else uses the address */
    DHCP_CLIENT_BOUND,
    DHCP_CLIENT_RENEWING,
    DHCP_CLIENT_REBINDING,
    DHCP_CLIENT_STOPPED, /* released */
};
const char *dhcp_client_state_name(enum dhcp_client_state state);

struct dhcp_machine {
    enum dhcp_client_state state;
    struct mac mac;
    const char *host_name; /* borrowed; may be NULL */
    uint32_t xid;
    unsigned attempt;   /* of the present state */
    bool gave_up_once;  /* a first round of Discovers found no server */
    struct instant due; /* ask again then; INSTANT_NEVER: only when something arrives */
    struct instant began, renew_at, rebind_at, end_at;
    struct ip address, server; /* the address offered, had, or last had */
    uint8_t prefix_length;
};

enum dhcp_client_act {
    DHCP_ACT_NONE,
    DHCP_ACT_BIND,   /* configure what the acknowledgement says: a new lease, or the same renewed */
    DHCP_ACT_UNBIND, /* take the address and all that came with it away */
};
struct dhcp_client_output {
    bool send;
    struct dhcp_message message;
    struct ip destination; /* 255.255.255.255, or the server */
    enum dhcp_client_act act;
    struct prefix unbound; /* with DHCP_ACT_UNBIND: what it was */
    bool refused;          /* ... and that a server said no; else the time was over */
};

/* Each fills `out` wholly. `random` is 32 fresh random bits. */
void dhcp_machine_start(struct dhcp_machine *machine, struct instant now);
void dhcp_machine_due(struct dhcp_machine *machine, struct instant now, uint32_t random, struct dhcp_client_output *out);
/* True when the message was for this client and meant something to it. */
bool dhcp_machine_hear(struct dhcp_machine *machine, const struct dhcp_message *message, struct instant now, uint32_t random,
                       struct dhcp_client_output *out);
void dhcp_machine_conflict(struct dhcp_machine *machine, struct instant now,
                           struct dhcp_client_output *out); /* while PROBING */
void dhcp_machine_release(struct dhcp_machine *machine, uint32_t random, struct dhcp_client_output *out);

#endif
