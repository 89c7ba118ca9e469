/* The registry of services: what the `services:` of a node in a lab file may name.
 *
 * A service lives wholly in its own room under application/ (or routing/, filter/ ...): one exported `struct service` with its
 * name, its configuration as a typed schema, and how to start. This table is the only place outside that room which knows it:
 * from here the lab loader finds it by name, checks its configuration, and `imp docs` writes its reference. To add one, include
 * its header below and add one line, in the order of the names, which is the order of the reference page.
 */
#include "net/service.h"

#include <stddef.h>

#include "application/dhcp/client.h"
#include "application/dhcp/server.h"
#include "application/dns/authoritative.h"
#include "application/dns/resolver.h"
#include "application/http/server.h"
#include "tools/iperf3.h"

const struct service *const SERVICES[] = {
    &DHCP_CLIENT_SERVICE, &DHCP_SERVER_SERVICE,   &DNS_AUTHORITATIVE, &DNS_FORWARDER,
    &DNS_RESOLVER,        &IPERF3_SERVER_SERVICE, &WEB_SERVICE,       NULL,
};
