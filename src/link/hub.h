#ifndef IMP_LINK_HUB_H
#define IMP_LINK_HUB_H

#include "engine/node.h"

/* A hub: whatever comes in on one port goes out on every other (IEEE 802.3 clause 9's repeater, without collisions: wires are full
 * duplex). It learns nothing. It sets node->device and goes with the node. */
void hub_create(struct node *node); /* the node's ports so far are the hub's */
void hub_port_add(struct node *node, struct port *port);

#endif
