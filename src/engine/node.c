/* Nodes and ports.
 *
 * A node owns little: a name, a list of ports, a list of tasks, counters of drops, and two things that make a run repeatable: a stream of
 * random numbers seeded from the lab's seed and the node's name, and a counter of the events it has caused. What the node is (host,
 * switch, router) hangs on `device`; the engine only ends it when the node ends.
 *
 * A frame leaves through port_transmit(), which is the wire's business (wire.c), and arrives through the port's `receive`.
 *
 * Power: switching a node off cancels its tasks and runs each to its end, so that an application sees IMP_CANCELLED and can give back
 * what it holds, and then tells the ports at both ends of each wire that the carrier fell. The device itself is rebuilt by whoever
 * built it. Names are found through a map that iterates in the order of creation; ids are that order too. */
#include "engine/node.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "engine/engine_internal.h"
#include "engine/task.h"
#include "engine/wire.h"

static const struct event_type PACKET_DROP = {
    .name = "packet-drop",
    .protocol = "drop",
    .story = "drops a frame of {length}: {why}",
    .level = EVENT_DETAIL,
    .fields = {{"reason", FIELD_TEXT}, {"why", FIELD_TEXT}, {"length", FIELD_BYTES}},
};

enum { PORTS_FEW = 16 }; /* so many are looked through one by one */

struct node *node_create(struct engine *engine, const char *name)
{
    if (node_find(engine, name))
        return NULL;
    struct node *node = memory_take_zeroed(1, sizeof *node);
    node->engine = engine;
    node->name = arena_copy_text(&engine->arena, name);
    node->id = ++engine->node_count;
    assert(node->id < 1u << 24);
    node->up = true;
    list_init(&node->ports);
    list_init(&node->tasks);
    random_seed(&node->random, engine->seed, name);
    map_put(&engine->nodes, name, strlen(name), node);
    if ((node->id & (node->id - 1)) == 0) /* grows at powers of two */
        engine->node_by_id = memory_grow(engine->node_by_id, (size_t)node->id * 2, sizeof(struct node *));
    engine->node_by_id[node->id] = node;
    return node;
}

void nodes_destroy(struct engine *engine)
{
    for (uint32_t id = 1; id <= engine->node_count; id++) {
        struct node *node = engine->node_by_id[id];
        if (node->device_destroy)
            node->device_destroy(node);
    }
    for (uint32_t id = 1; id <= engine->node_count; id++) {
        struct node *node = engine->node_by_id[id];
        if (node->port_names)
            map_free(node->port_names);
        memory_free(node->port_names);
        memory_free(node);
    }
    engine->node_count = 0;
}

struct node *node_find(struct engine *engine, const char *name) { return map_get(&engine->nodes, name, strlen(name)); }

struct node *node_next(struct engine *engine, const struct node *node)
{
    uint32_t id = node ? node->id + 1 : 1;
    return id <= engine->node_count ? engine->node_by_id[id] : NULL;
}

void node_drop(struct node *node, struct frame *frame, enum drop_reason reason)
{
    node->drops[reason]++;
    if (event_wanted(node))
        event_emit(node, &PACKET_DROP,
                   (union event_value[]){{.text = drop_reason_name(reason)},
                                         {.text = drop_reason_sentence(reason)},
                                         {.number = (int64_t)frame_total(frame)}});
    frame_release(frame);
}

struct port *port_create(struct node *node, const char *name)
{
    if (port_find(node, name))
        return NULL;
    struct arena *arena = &node->engine->arena;
    struct port *port = arena_take(arena, sizeof *port);
    port->node = node;
    port->name = arena_copy_text(arena, name);
    assert(node->port_count < UINT16_MAX);
    port->index = (uint16_t)node->port_count++;
    list_push_back(&node->ports, &port->link);
    if (node->port_count == PORTS_FEW) {
        node->port_names = memory_take_zeroed(1, sizeof *node->port_names);
        list_each (link, &node->ports) {
            struct port *known = list_entry(link, struct port, link);
            map_put(node->port_names, known->name, strlen(known->name), known);
        }
    } else if (node->port_names) {
        map_put(node->port_names, name, strlen(name), port);
    }
    return port;
}

struct port *port_find(struct node *node, const char *name)
{
    if (node->port_names)
        return map_get(node->port_names, name, strlen(name));
    list_each (link, &node->ports) {
        struct port *port = list_entry(link, struct port, link);
        if (strcmp(port->name, name) == 0)
            return port;
    }
    return NULL;
}

bool port_has_carrier(const struct port *port)
{
    return port->wire && wire_is_up(port->wire) && port->node->up && wire_peer(port)->node->up;
}

void node_tasks_end(struct node *node)
{
    for (;;) { /* a task that ends may start others: they are cancelled before they first run */
        struct task *task = node_task_first(node);
        if (!task)
            return;
        task_end(task);
    }
}

static void tell_carriers(struct node *node)
{
    list_each (link, &node->ports) {
        struct port *port = list_entry(link, struct port, link);
        struct port *peer = wire_peer(port);
        if (!peer || !wire_is_up(port->wire) || !peer->node->up)
            continue;
        if (peer->carrier)
            peer->carrier(peer, node->up);
        if (port->carrier)
            port->carrier(port, node->up);
    }
}

void node_power_off(struct node *node)
{
    if (!node->up)
        return;
    node_tasks_end(node);
    node->up = false;
    tell_carriers(node);
}

void node_power_on(struct node *node)
{
    if (node->up)
        return;
    node->up = true;
    tell_carriers(node);
}
