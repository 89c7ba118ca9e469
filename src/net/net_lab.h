#ifndef IMP_NET_NET_LAB_H
#define IMP_NET_NET_LAB_H

#include "net/net.h"

/* A lab node as a world: net.h on the node's own stack, TCP and UDP, with the capability to configure and packet sockets. The stack
 * (stack_of), udp_create() and tcp_create() must have been made before, and end after: udp_destroy() and tcp_destroy() want no sockets left. */
struct net *net_lab_create(struct node *node);
/* Closes everything that is open without a word to the peers. The node's tasks must have ended (node_power_off(), engine_destroy()). */
void net_lab_destroy(struct net *net);
struct net *net_lab_of(const struct node *node); /* NULL: a switch, or a node that is off */

#endif
