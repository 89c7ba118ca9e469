#ifndef IMP_HOST_NETLINK_H
#define IMP_HOST_NETLINK_H

#include <stdint.h>

#include "base/address.h"

/* Sets up interfaces, addresses and routes of the kernel's network namespace that this process is in (rtnetlink(7)). Each call asks
 * the kernel and waits for its answer: 0 or a negative enum imp_error, IMP_IN_USE when it was there already. */
int netlink_open(void); /* a descriptor, or an error; closed by the caller */
int netlink_link_up(int fd, int interface);
int netlink_address_add(int fd, int interface, const struct prefix *address); /* IPv6 without duplicate address detection */
/* `gateway` and `source` of family 0: none. */
int netlink_route_add(int fd, int interface, const struct prefix *destination, const struct ip *gateway,
                      const struct ip *source, uint32_t metric);

#endif
