/* A hub: the repeater that a switch is compared with. Every frame is repeated on every other port with carrier; all stations see everything,
 * and their NICs' filters throw away what is for others (ethernet-not-for-us). There is no state and no timer; a frame is held
 * once per port, never copied.
 *
 * A real hub is one collision domain at half duplex. Wires here are full duplex, so a hub neither collides nor slows down; what it shows is the
 * difference in who hears what. A loop of hubs repeats a frame for ever, as in life. */
#include "link/hub.h"

#include <assert.h>

#include "engine/frame.h"

static void hub_receive(struct port *from, struct frame *frame, struct instant now)
{
    list_each (link, &from->node->ports) {
        struct port *port = list_entry(link, struct port, link);
        if (port != from && port->receive == hub_receive && port_has_carrier(port))
            port_transmit(port, frame_hold(frame), now);
    }
    frame_release(frame);
}

static void hub_destroy(struct node *node)
{
    list_each (link, &node->ports) {
        struct port *port = list_entry(link, struct port, link);
        if (port->receive == hub_receive)
            port->receive = NULL;
    }
    node->device = NULL;
    node->device_destroy = NULL;
}

void hub_port_add(struct node *node, struct port *port)
{
    assert(port->node == node);
    port->receive = hub_receive;
}

void hub_create(struct node *node)
{
    list_each (link, &node->ports)
        hub_port_add(node, list_entry(link, struct port, link));
    node->device_destroy = hub_destroy;
}
