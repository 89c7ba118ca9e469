/* A lab brought to life: the engine's nodes, ports and wires made from the loaded lab, run, and ended without a rest.
 *
 * Everything is made before anything starts: nodes with their ports, then wires, then stacks, then services, each in the order of the file.
 * So nothing that a service does at time 0 depends on where in the file its peer stands, and an interface finds its carrier there
 * when it comes up.
 *
 * "Settled" is asked after every event while a lab comes up, of up to 100,000 nodes. So the question keeps a place: the nodes before
 * it were settled when last asked. Only the one at that place is asked again; when all are past, everything is asked once more.
 *
 * In virtual time the engine runs as far as it is told. In a live run a clock is given: the world waits for it before each event, and whatever
 * the clock's owner does meanwhile (real packets on a TAP device) finds the engine at the present instant.
 */
#include "lab/world.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"
#include "engine/wire.h"
#include "internet/ecn.h"
#include "net/net_lab.h"

struct world_node *world_node_of(struct world *world, const char *name) { return map_get(&world->by_name, name, strlen(name)); }

struct instant world_now(const struct world *world) { return engine_now(world->engine); }
struct engine *world_engine(struct world *world) { return world->engine; }
const struct lab *world_lab(const struct world *world) { return world->lab; }

struct node *world_node(struct world *world, const char *name)
{
    struct world_node *node = world_node_of(world, name);
    return node ? node->node : NULL;
}

struct net *world_net(struct world *world, const char *name)
{
    struct world_node *node = world_node_of(world, name);
    return node ? node->net : NULL;
}

struct stack *world_stack(struct world *world, const char *name)
{
    struct world_node *node = world_node_of(world, name);
    return node ? node->stack : NULL;
}

struct wire *world_wire_of(struct world *world, const struct lab_wire *wire) { return wire_find(world->engine, wire->name); }

struct wire *world_wire(struct world *world, const char *name)
{
    const struct lab_wire *wire = lab_wire_find(world->lab, name);
    return wire ? world_wire_of(world, wire) : NULL;
}

static void nodes_create(struct world *world)
{
    const struct lab *lab = world->lab;
    world->nodes = memory_take_zeroed(lab->node_count, sizeof *world->nodes);
    for (size_t i = 0; i < lab->node_count; i++) {
        struct world_node *node = &world->nodes[i];
        node->lab = lab->nodes[i];
        node->node = node_create(world->engine, node->lab->name);
        for (size_t k = 0; k < node->lab->port_count; k++)
            port_create(node->node, node->lab->ports[k]->name);
        map_put(&world->by_name, node->lab->name, strlen(node->lab->name), node);
    }
}

static struct port *port_of(struct world *world, const struct lab_port *port)
{
    return port_find(world_node_of(world, port->node->name)->node, port->name);
}

static void wires_create(struct world *world)
{
    const struct lab *lab = world->lab;
    for (size_t i = 0; i < lab->wire_count; i++) {
        const struct lab_wire *wire = lab->wires[i];
        wire_create(port_of(world, wire->ends[0]), port_of(world, wire->ends[1]), wire->name, &wire->settings[0],
                    &wire->settings[1]);
    }
}

static int nodes_start(struct world *world, struct text *error)
{
    for (size_t i = 0; i < world->lab->node_count; i++) {
        int result = world_node_start(world, &world->nodes[i], error);
        if (result)
            return result;
    }
    for (size_t i = 0; i < world->lab->node_count; i++) {
        int result = world_node_services_start(&world->nodes[i], error);
        if (result)
            return result;
    }
    return 0;
}

int world_create(const struct lab *lab, const struct world_options *options, struct text *error, struct world **out)
{
    struct world *world = memory_take_zeroed(1, sizeof *world);
    world->lab = lab;
    if (options)
        world->options = *options;
    world->engine = engine_create(world->options.seed_given ? world->options.seed : lab->config.seed);
    if (world->options.digest)
        engine_digest_enable(world->engine);
    nodes_create(world);
    wires_create(world);
    wires_mark_with(world->engine, ecn_mark_frame);
    for (size_t i = 0; i < count_of(world->options.observers); i++)
        if (world->options.observers[i])
            observer_add(world->engine, world->options.observers[i]);
    *out = world;
    int result = nodes_start(world, error);
    if (result) {
        world_destroy(world, NULL);
        *out = NULL;
    }
    return result;
}

bool world_run(struct world *world, struct instant until, bool (*done)(void *context), void *context)
{
    struct world_clock *clock = world->options.clock;
    while (!world->interrupted) {
        if (done && done(context))
            return true;
        struct instant due = engine_next_due(world->engine);
        if (instant_reached(world_now(world), until) && instant_before(until, due))
            return false;
        if (instant_is_never(until) && instant_is_never(due) && !clock)
            return false;
        struct instant target = until;
        if (clock)
            target = instant_min(until, clock->wait(clock, instant_min(until, due)));
        engine_run(world->engine, target);
    }
    return false;
}

void world_interrupt(struct world *world)
{
    world->interrupted = true;
    engine_stop(world->engine);
}

bool world_interrupted(const struct world *world) { return world->interrupted; }

bool world_settled(const struct world *const_world)
{
    struct world *world = (struct world *)(uintptr_t)const_world; /* only its scratch is changed */
    size_t count = world->lab->node_count;
    while (world->settled_count < count && world_node_settled(&world->nodes[world->settled_count]))
        world->settled_count++;
    if (world->settled_count < count)
        return false;
    world->settled_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!world_node_settled(&world->nodes[i]))
            return false;
    return true;
}

static bool is_settled(void *context) { return world_settled(context); }

bool world_settle(struct world *world)
{
    return world_settle_by(world, instant_add(world_now(world), WORLD_SETTLE_LIMIT_S * NS_PER_S));
}

bool world_settle_by(struct world *world, struct instant limit)
{
    if (world->options.clock)
        return world_run(world, limit, is_settled, world);
    while (!world_settled(world))
        if (world->interrupted || !engine_step(world->engine, limit))
            return false;
    return true;
}

void world_unsettled(const struct world *world, struct text *out)
{
    enum { NAMES_MAX = 5 };
    size_t found = 0;
    for (size_t i = 0; i < world->lab->node_count; i++) {
        if (world_node_settled(&world->nodes[i]))
            continue;
        if (++found <= NAMES_MAX)
            text_format(out, "%s%s", found > 1 ? ", " : "", world->nodes[i].lab->name);
    }
    if (found > NAMES_MAX)
        text_format(out, " and %zu more", found - NAMES_MAX);
}

int world_power(struct world *world, const char *name, bool on, struct text *error)
{
    struct world_node *node = world_node_of(world, name);
    if (!node)
        return IMP_NOT_FOUND;
    if (node->node->up == on)
        return 0;
    if (!on) {
        node_power_off(node->node);
        world_node_stop(node);
        if (node->node->device_destroy)
            node->node->device_destroy(node->node);
        node->node->device = NULL;
        node->node->device_destroy = NULL;
        return 0;
    }
    node_power_on(node->node);
    int result = world_node_start(world, node, error);
    return result ? result : world_node_services_start(node, error);
}

void world_destroy(struct world *world, struct world_leaks *leaks)
{
    if (!world)
        return;
    for (size_t i = 0; i < count_of(world->options.observers); i++)
        if (world->options.observers[i])
            observer_remove(world->engine, world->options.observers[i]);
    for (size_t i = 0; i < world->lab->node_count; i++)
        if (world->nodes[i].node)
            node_power_off(world->nodes[i].node);
    for (size_t i = 0; i < world->lab->node_count; i++)
        world_node_stop(&world->nodes[i]);
    for (struct wire *wire = NULL; (wire = wire_next(world->engine, wire));)
        wire_set_up(wire, false); /* what is in flight is given back */
    struct engine_counts counts = engine_counts(world->engine);
    if (leaks)
        *leaks = (struct world_leaks){counts.frames_alive, counts.tasks_alive};
    engine_destroy(world->engine);
    for (size_t i = 0; i < world->file_count; i++) {
        memory_free(world->files[i].path);
        text_free(&world->files[i].content);
    }
    memory_free(world->files);
    map_free(&world->by_name);
    memory_free(world->nodes);
    memory_free(world);
}
