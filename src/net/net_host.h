#ifndef IMP_NET_NET_HOST_H
#define IMP_NET_NET_HOST_H

#include "net/net.h"

struct loop;

/* This machine as a world: net.h on the kernel's sockets. It makes one node, named as the machine is, in the loop's engine, and reads the
 * resolver's configuration from /etc/resolv.conf and /etc/hosts. The capability to configure and packet sockets are not offered
 * (IMP_UNSUPPORTED). Raises the limit of open files to what is allowed. One per engine. */
struct net *net_host_create(struct loop *loop);
/* Powers the node off, which cancels its tasks and lets them end, then closes everything. */
void net_host_destroy(struct net *net);

/* Reads what resolv.conf(5) and hosts(5) say; unknown lines are skipped, as resolvers do. For net_host_create(), and for tests. */
void net_host_read_resolv_conf(struct net *net, const char *text);
void net_host_read_hosts(struct net *net, const char *text);

#endif
