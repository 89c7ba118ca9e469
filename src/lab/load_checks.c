/* What only the whole lab shows: one address on two nodes of the same link, and switches wired in a circle.
 *
 * Ports that hear each other's broadcasts are one segment: the two ends of a wire, and all ports of a switch or a hub. Segments
 * are found by union and find over the ports. Within a segment an address must be unique; in different ones the same private
 * address may well be used twice, as in every home. MAC addresses are not checked: two alike are
 * what a lab on duplicate address detection is made of.
 *
 * A wire whose ends are in one segment already closes a loop, in which a broadcast would go round for ever: no frame has a time
 * to live, and a switch copies it out of every other port each time. Real switches are saved by a spanning tree; ours have none, so
 * such a lab would only fill the terminal and is refused.
 */
#include "lab/loader.h"

#include <string.h>

#include "base/memory.h"

struct segments {
    uint32_t *parent;
    size_t count;
};

static uint32_t segment_root(struct segments *s, uint32_t at)
{
    while (s->parent[at] != at)
        at = s->parent[at] = s->parent[s->parent[at]];
    return at;
}

static void segments_join(struct segments *s, const struct lab_port *a, const struct lab_port *b)
{
    s->parent[segment_root(s, a->segment)] = segment_root(s, b->segment);
}

static void segments_find(struct loader *l, struct segments *s)
{
    const struct lab *lab = l->lab;
    for (size_t i = 0; i < lab->node_count; i++)
        s->count += lab->nodes[i]->port_count;
    s->parent = memory_take_zeroed(s->count + 1, sizeof *s->parent);
    uint32_t next = 0;
    for (size_t i = 0; i < lab->node_count; i++) {
        const struct lab_node *node = lab->nodes[i];
        bool bridges = node->group->config.kind == NODE_SWITCH || node->group->config.kind == NODE_HUB;
        for (size_t k = 0; k < node->port_count; k++) {
            node->ports[k]->segment = next;
            s->parent[next] = next;
            next++;
            if (bridges && k)
                segments_join(s, node->ports[k], node->ports[0]);
        }
    }
    for (size_t i = 0; i < lab->wire_count; i++) {
        const struct lab_wire *wire = lab->wires[i];
        if (segment_root(s, wire->ends[0]->segment) == segment_root(s, wire->ends[1]->segment))
            fault_add(
                l->faults, wire->at,
                "the wire %s closes a loop, in which a broadcast would go round for ever: the switches have no spanning tree",
                wire->name);
        segments_join(s, wire->ends[0], wire->ends[1]);
    }
}

enum { MTU_IPV6 = 1280 }; /* RFC 8200 section 5 */

struct claim_key {
    uint32_t segment;
    struct ip address;
};

/* The port that has the address already; NULL, and it is the port's now. */
static const struct lab_port *claim(struct map *claims, uint32_t segment, const struct ip *address, struct lab_port *port)
{
    struct claim_key key;
    memset(&key, 0, sizeof key); /* padding is part of a key's bytes */
    key.segment = segment;
    key.address = *address;
    const struct lab_port *before = map_get(claims, &key, sizeof key);
    if (!before)
        map_put(claims, &key, sizeof key, port);
    return before;
}

static void check_port(struct loader *l, struct segments *s, struct map *claims, struct lab_port *port)
{
    const struct port_plan *plan = port->plan;
    const struct lab_node *node = port->node;
    uint32_t segment = segment_root(s, port->segment);
    uint32_t mtu = plan->config && plan->config->mtu ? plan->config->mtu : node->group->config.mtu;
    for (size_t i = 0; i < plan->prefix_count; i++) {
        struct ip address = lab_address_step(plan->prefixes[i].address, node->index);
        const struct lab_port *before = address.family ? claim(claims, segment, &address, port) : NULL;
        char text[IP_TEXT_BYTES];
        if (before && before->node != node)
            fault_add(l->faults, yaml_position(plan->at, "address", i), "%s of %s is also the address of %s, on the same link",
                      ip_print(&address, text, sizeof text), node->name, before->node->name);
        if (before == port && node->index == 0) /* once for a range */
            fault_add(l->faults, yaml_position(plan->at, "address", i), "%s is here twice",
                      ip_print(&address, text, sizeof text));
        if (address.family == 6 && mtu && mtu < MTU_IPV6 && node->index == 0)
            fault_add(l->faults, yaml_position(plan->at, "address", i),
                      "an IPv6 address on a port whose MTU is %u, expected one of %d at least", mtu, MTU_IPV6);
    }
    struct mac mac = plan->config ? plan->config->mac : node->group->config.mac;
    if (mac_equal(mac, MAC_NONE) && node->index == 0 && plan->at && yaml_find(plan->at, "mac"))
        fault_add(l->faults, yaml_position(plan->at, "mac", 0), "no port has the MAC address 00:00:00:00:00:00");
    if (mac_is_group(mac) && plan->at)
        fault_add(l->faults, yaml_position(plan->at, "mac", 0),
                  "a group address as the MAC address of a port, expected an even first byte");
}

void load_checks(struct loader *l)
{
    struct segments s = {0};
    struct map claims = {0};
    segments_find(l, &s);
    for (size_t i = 0; i < l->lab->node_count; i++)
        for (size_t k = 0; k < l->lab->nodes[i]->port_count; k++)
            if (l->lab->nodes[i]->ports[k]->plan)
                check_port(l, &s, &claims, l->lab->nodes[i]->ports[k]);
    map_free(&claims);
    memory_free(s.parent);
}
