#ifndef IMP_APPLICATION_DHCP_SERVER_H
#define IMP_APPLICATION_DHCP_SERVER_H

#include "application/dhcp/lease.h"
#include "net/service.h"

/* The service "dhcp-server" (RFC 2131). Its configuration is one struct dhcp_pool; a node that serves several subnets has
 * several instances. */
extern const struct service DHCP_SERVER_SERVICE;

/* What a page or a tool may show: the leases in the order in which they were first given; *at = 0 first, NULL at the end. */
const struct dhcp_lease *dhcp_server_lease_next(const void *state, size_t *at);

#endif
