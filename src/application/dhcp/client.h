#ifndef IMP_APPLICATION_DHCP_CLIENT_H
#define IMP_APPLICATION_DHCP_CLIENT_H

#include "application/dhcp/client_machine.h"
#include "net/service.h"

/* The service "dhcp-client", for one port: `address: dhcp` in the lab file starts it. Settled when it is bound, or when its first round
 * of asking found no server. */
struct dhcp_client_config {
    const char *port;
};
extern const struct service DHCP_CLIENT_SERVICE;

/* For the tool dhclient, inside a task. `port` NULL: the node's first port with a client. `line` (may be NULL) is told each step, as dhclient -v
 * prints it. */
struct dhcp_client_watch {
    void (*line)(void *context, const char *text);
    void *context;
};
/* Gives the lease back and stops: 0, IMP_NOT_FOUND (no client there), or IMP_CLOSED when it was stopped already. */
int dhcp_client_release(struct net *net, const char *port, const struct dhcp_client_watch *watch);
/* Starts a stopped client, has a bound one begin anew, and waits until it is bound: 0, IMP_NOT_FOUND, IMP_TIMEOUT. */
int dhcp_client_obtain(struct net *net, const char *port, struct instant deadline, const struct dhcp_client_watch *watch);

#endif
