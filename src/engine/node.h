#ifndef IMP_ENGINE_NODE_H
#define IMP_ENGINE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/random.h"
#include "engine/drop.h"
#include "engine/engine.h"

/* A node: a name, ports, its own random numbers and its own event counter. What makes it a host, a switch or a router hangs on
 * `device`, which the engine does not look into. Nodes touch each other only through wires. */
struct frame;
struct map;
struct port;
struct wire;
struct direction;

struct node {
    struct engine *engine;
    const char *name; /* unique in the engine */
    uint32_t id;      /* in order of creation, from 1 */
    bool up;
    uint64_t counter;    /* events this node has caused: the tie-break */
    int64_t departed_ns; /* when what it last handed to a wire will have left; not of what waits in a CoDel queue */
    struct random random;
    struct list ports; /* struct port.link, in order of creation */
    uint32_t port_count;
    struct map *port_names; /* name -> port; NULL while they are few */
    struct list tasks;      /* struct task.link */
    void *device;           /* owned by whoever set it: a struct stack of internet/, a struct switch of link/ */
    void (*device_destroy)(struct node *node);
    void *
        net; /* the applications' door to this node (struct net of net/), NULL: none; ended by who made it, before the device */
    uint32_t drops[DROP_REASON_COUNT];
};

struct node *node_create(struct engine *engine, const char *name);      /* NULL when the name is taken */
struct node *node_find(struct engine *engine, const char *name);        /* NULL when absent */
struct node *node_next(struct engine *engine, const struct node *node); /* in order of creation; NULL starts and ends */
/* Counts the drop, tells observers (a "packet-drop" event with what is known of the packet), and takes the frame. */
__attribute__((cold)) void node_drop(struct node *node, struct frame *frame_taken, enum drop_reason reason);

/* A port: where a wire is plugged in. `receive` takes the frame; it is NULL until a link layer claims the port. */
struct port {
    struct node *node;
    struct direction *out; /* what leaves: engine/wire.c's own; NULL: no wire, or it is down */
    struct wire *wire;     /* NULL: nothing plugged in */
    uint8_t side;          /* 0 or 1: which end of the wire this is */
    uint16_t index;        /* from 0 */
    void *owner;           /* the interface or switch port behind it */
    void (*receive)(struct port *port, struct frame *frame_taken, struct instant now);
    void (*carrier)(struct port *port,
                    bool up); /* told when the wire, or the node at its far end, goes down or up; may be NULL */
    const char *name;         /* unique in the node, such as "eth0" or "lan" */
    struct list link;
};

struct port *port_create(struct node *node, const char *name); /* NULL when the name is taken */
struct port *port_find(struct node *node, const char *name);
bool port_has_carrier(const struct port *port); /* a wire is plugged in, it is up, and both nodes are */
/* Hands a frame (taken) to the wire, which loses, delays and delivers it. */
void port_transmit(struct port *port, struct frame *frame_taken, struct instant now);

/* Power. Down: every task of the node is cancelled and run to its end, carriers fall, frames that arrive are dropped. The devices'
 * owner (lab/) rebuilds the node's stack and services on the way up. */
void node_power_off(struct node *node);
void node_power_on(struct node *node);

#endif
