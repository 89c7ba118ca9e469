#ifndef IMP_APPLICATION_DNS_STUB_H
#define IMP_APPLICATION_DNS_STUB_H

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/time.h"
#include "net/net.h"

/* The resolver that every program has: turns a name into addresses, as getaddrinfo() does. Inside a task. It looks, in this order, at
 * literal addresses, localhost (RFC 6761 section 6.3), the hosts file, and asks the node's resolvers (net_resolver()), which do the real
 * work. A name without a dot has the search domain tried first (ndots 1); one that ends with a dot is tried as it is only.
 *
 * `family`: 4, 6 or 0 for both. At most `max` addresses into `out`, the one to try first first: addresses that this node has a route to
 * before those it has not, IPv6 before IPv4 (RFC 6724), else in the order received.
 *
 * Returns how many (at least 1), or IMP_NOT_FOUND (no such name, or no address of the family), IMP_INVALID (no name at all),
 * IMP_UNREACHABLE (no resolver is known, or none can be reached), IMP_TIMEOUT (none answered), IMP_REFUSED (those that answered failed),
 * IMP_CANCELLED. */
int dns_resolve(struct net *net, const char *name, uint8_t family, struct instant deadline, struct ip *out, size_t max);

/* The name of an address (PTR, or the hosts file), without the last dot: 0 and a NUL-terminated name cut to `size`, or an error as above. */
int dns_reverse(struct net *net, const struct ip *address, struct instant deadline, char *out, size_t size);

/* The PTR owner of an address: 1.2.0.192.in-addr.arpa (RFC 1035 section 3.5), ... .ip6.arpa (RFC 3596 section 2.5). */
struct dns_name;
void dns_reverse_name(const struct ip *address, struct dns_name *out);

#endif
