#ifndef IMP_LINK_SWITCH_H
#define IMP_LINK_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "engine/node.h"

/* A learning switch (IEEE 802.1D transparent bridge): it learns on which port each station lives, and sends a frame for a known station there
 * only, everything else everywhere. No spanning tree yet: a loop of switches storms, as it does in life. */
struct switch_settings {
    int64_t ageing_ns;    /* a station not heard for so long is forgotten; 0 = 300 s */
    uint32_t table_limit; /* stations remembered; 0 = 8192. When full, new ones are not learned: their frames are flooded */
};
struct switch_counts {
    uint64_t forwarded, flooded, filtered; /* to one port; to all others; back where it came from or reserved: to none */
    uint64_t learned, aged, table_full;
};
struct switch_device;

/* Makes `node` a switch; its ports, those made later too once switch_port_add() names them, are the switch's. It sets node->device, and goes
 * with the node. */
struct switch_device *switch_create(struct node *node, const struct switch_settings *settings); /* NULL: the defaults */
void switch_port_add(struct switch_device *device, struct port *port);
struct switch_device *switch_of(const struct node *node); /* NULL when the node is something else */
struct switch_counts switch_counts(const struct switch_device *device);

struct switch_station { /* a line of the MAC table */
    struct mac mac;
    struct port *port;
    int64_t age_ns;
};
/* The table, the longest unheard first: *at = 0 to start. 0, or IMP_NOT_FOUND at the end. */
int switch_station_next(const struct switch_device *device, size_t *at, struct switch_station *out);

#endif
