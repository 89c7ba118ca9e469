/* The door's own half: what both worlds share.
 *
 * An application holds handles; behind a handle stands an object in its node's table. A handle is the index of a slot and the slot's
 * generation, which moves on whenever an object leaves: a handle kept too long finds another generation and gets IMP_STALE, never
 * somebody else's connection. The table starts empty, so that a node without applications costs nothing.
 *
 * No operation of a world waits. A blocking call of net.h is always the same loop: find the object, try the operation, and while it says
 * IMP_BUSY wait on the object's condition. Since the handle is looked up again after every wait, another task may close it at any
 * moment: closing wakes the waiters and takes them off the condition, which then can be freed under them.
 *
 * A deadline in the past asks without waiting, also outside a task. A result that is there wins against a deadline that has passed.
 *
 * Tasks are the engine's in both worlds (on a host the event loop drives an engine by the wall clock). They are counted here, so that a
 * node's limit holds. net_wait enters the conditions of all its sources at once: a waiter lives on the waiting task's stack.
 *
 * net_stream.c has streams and listeners, net_datagram.c has UDP, ICMP and packet sockets, net_config.c the capability to
 * configure. net_lab.c and net_host.c are the worlds. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/limits.h"
#include "net/net_internal.h"

/* ---- time, names, randomness ---- */
struct instant net_now(struct net *net) { return engine_now(net->node->engine); }
int64_t net_wall_offset_ns(struct net *net) { return net->wall_offset_ns; }
struct node *net_node(struct net *net) { return net->node; }
const char *net_name(struct net *net) { return net->name; }
void net_random_fill(struct net *net, void *out, size_t length) { net->world->random_fill(net, out, length); }

uint64_t net_random(struct net *net)
{
    uint64_t value;
    net_random_fill(net, &value, sizeof(value));
    return value;
}

int net_sleep(struct net *net, struct instant until)
{
    (void)net;
    return task_sleep(until);
}

/* ---- the shelf: a node has one or two things on it ---- */
struct shelf_item {
    struct shelf_item *next;
    const char *name;
    void *value;
};

static struct shelf_item **shelf_find(struct net *net, const char *name)
{
    struct shelf_item **at = &net->shelf;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

void *net_shelf_get(struct net *net, const char *name)
{
    const struct shelf_item *item = *shelf_find(net, name);
    return item ? item->value : NULL;
}

void net_shelf_put(struct net *net, const char *name, void *value)
{
    struct shelf_item **at = shelf_find(net, name), *item = *at;
    if (value && !item) {
        item = *at = memory_take(sizeof *item);
        *item = (struct shelf_item){.name = name};
    }
    if (value) {
        item->value = value;
    } else if (item) {
        *at = item->next;
        memory_free(item);
    }
}

/* ---- tasks ---- */
struct net_task {
    struct list link; /* in its net */
    struct net *net;  /* NULL once it is gone */
    void (*run)(struct net *net, void *argument);
    void *argument;
    bool started, argument_owned;
};

static void net_task_free(struct net_task *task)
{
    list_remove(&task->link);
    if (task->argument_owned)
        memory_free(task->argument);
    memory_free(task);
}

static void task_run(void *context)
{
    struct net_task *task = context;
    task->started = true;
    task->run(task->net, task->argument);
    if (task->net)
        task->net->task_count--;
    net_task_free(task);
}

int net_task_start(struct net *net, const char *name, void (*run)(struct net *net, void *argument), void *argument, bool owned)
{
    if (net->task_count >= LIMIT_NET_TASKS) {
        if (owned)
            memory_free(argument);
        return IMP_LIMIT;
    }
    struct net_task *task = memory_take(sizeof(*task));
    *task = (struct net_task){.net = net, .run = run, .argument = argument, .argument_owned = owned};
    list_push_back(&net->tasks, &task->link);
    net->task_count++;
    task_start(net->node, name, task_run, task);
    return 0;
}

int net_spawn(struct net *net, const char *name, void (*run)(struct net *net, void *argument), void *argument)
{
    return net_task_start(net, name, run, argument, false);
}

/* A task that was cancelled before it first ran never will; one that switched its own node off still runs, and must not come back here. */
static void tasks_end(struct net *net)
{
    list_each (link, &net->tasks) {
        struct net_task *task = list_entry(link, struct net_task, link);
        if (!task->started) {
            net_task_free(task);
        } else {
            task->net = NULL;
            list_remove(&task->link);
        }
    }
}

/* ---- beginning and end ---- */
void net_init(struct net *net, const struct net_world *world, struct node *node)
{
    net->world = world;
    net->node = node;
    net->name = node->name;
    net->resolver.search = "";
    net->generation = 1;
    list_init(&net->tasks);
}

void net_end(struct net *net)
{
    tasks_end(net);
    for (uint32_t i = 0; i < net->slot_count; i++) {
        struct net_object *object = net->slots[i].object;
        if (!object || object->above)
            continue; /* the stream that stands on it ends it */
        if (object->kind == NET_STREAM) {
            net_stream_close_object(object, true);
        } else {
            net->world->close(object);
            net_object_free(object);
        }
    }
    assert(net->open_count == 0);
    memory_free(net->slots);
    memory_free(net->resolver.hosts);
    memory_free(net->search);
    while (net->shelf)
        net_shelf_put(net, net->shelf->name, NULL);
}

/* ---- the table of handles ---- */
static uint32_t slot_take(struct net *net)
{
    if (net->slot_free == 0) {
        uint32_t count = net->slot_count ? net->slot_count * 2 : 4;
        net->slots = memory_grow(net->slots, count, sizeof(*net->slots));
        for (uint32_t i = count; i-- > net->slot_count;) {
            net->slots[i] = (struct net_slot){.generation = net->generation, .next_free = net->slot_free};
            net->slot_free = i + 1;
        }
        net->slot_count = count;
    }
    uint32_t index = net->slot_free - 1;
    net->slot_free = net->slots[index].next_free;
    return index;
}

/* Nothing is open: the table goes. What it grows to next begins with generations that no handle of this one has. */
static void slots_free(struct net *net)
{
    for (uint32_t i = 0; i < net->slot_count; i++)
        if (net->slots[i].generation > net->generation)
            net->generation = net->slots[i].generation;
    memory_free(net->slots);
    net->slots = NULL;
    net->slot_count = net->slot_free = 0;
}

void *net_object_create(struct net *net, enum net_kind kind, size_t bytes)
{
    if (net->open_count >= LIMIT_NET_HANDLES)
        return NULL;
    struct net_object *object = memory_take_zeroed(1, bytes);
    object->net = net;
    object->kind = kind;
    object->index = slot_take(net);
    condition_init(&object->changed);
    net->slots[object->index].object = object;
    net->open_count++;
    return object;
}

void net_object_detach(struct net_object *object)
{
    condition_wake(&object->changed);
    while (list_pop_front(&object->changed.waiters))
        ; /* a waiter off the list is left in peace by condition_leave() */
}

void net_object_free(struct net_object *object)
{
    struct net *net = object->net;
    struct net_slot *slot = &net->slots[object->index];
    net_object_detach(object);
    net_serve_end(object);
    assert(slot->object == object);
    *slot = (struct net_slot){.generation = slot->generation + 1, .next_free = net->slot_free};
    net->slot_free = object->index + 1;
    memory_free(object);
    if (--net->open_count == 0)
        slots_free(net);
}

struct net_object *net_object_find(struct net *net, enum net_kind kind, uint32_t index, uint32_t generation)
{
    if (!net || index >= net->slot_count)
        return NULL;
    const struct net_slot *slot = &net->slots[index];
    return slot->generation == generation && slot->object && slot->object->kind == kind ? slot->object : NULL;
}

uint32_t net_object_generation(const struct net_object *object) { return object->net->slots[object->index].generation; }

void net_object_changed(struct net_object *object)
{
    for (; object; object = object->above) {
        condition_wake(&object->changed);
        if (object->serve)
            net_serve_due(object, 0);
    }
}

/* ---- waiting ---- */
static int may_wait(struct net *net, struct instant deadline)
{
    struct task *task = task_current();
    if (task && task_cancelled(task))
        return IMP_CANCELLED;
    if (instant_reached(net_now(net), deadline))
        return IMP_TIMEOUT;
    assert(task); /* only a task can wait */
    return 0;
}

int net_object_wait(struct net_object *object, struct instant deadline)
{
    int error = may_wait(object->net, deadline);
    if (error)
        return error;
    error = condition_wait(&object->changed, deadline);
    return error == IMP_TIMEOUT ? 0 : error; /* what came at the same instant is looked for first */
}

static bool source_ready(struct net_object *object, enum wait_for what)
{
    if (object->kind != NET_STREAM)
        return object->net->world->readable(object);
    return what == WAIT_WRITE ? object->stream->writable(object) : object->stream->readable(object);
}

static struct net_object *source_find(struct net *net, const struct wait_source *source)
{
    static const enum net_kind KINDS[] = {[WAIT_READ] = NET_STREAM, [WAIT_WRITE] = NET_STREAM, [WAIT_ACCEPT] = NET_LISTENER,
                                          [WAIT_UDP] = NET_UDP,     [WAIT_ICMP] = NET_ICMP,    [WAIT_PACKET] = NET_PACKET};
    return net_object_find(net, KINDS[source->what], source->index, source->generation);
}

int net_wait(struct net *net, const struct wait_source *sources, size_t count, struct instant deadline)
{
    struct waiter waiters[LIMIT_NET_WAIT_SOURCES];
    if (count > LIMIT_NET_WAIT_SOURCES)
        return IMP_LIMIT;
    for (;;) {
        for (size_t i = 0; i < count; i++) {
            struct net_object *object = source_find(net, &sources[i]);
            if (!object || source_ready(object, sources[i].what))
                return (int)i;
        }
        int error = may_wait(net, deadline);
        if (error)
            return error;
        for (size_t i = 0; i < count; i++)
            condition_enter(&source_find(net, &sources[i])->changed, &waiters[i]);
        error = task_park(deadline);
        for (size_t i = 0; i < count; i++)
            condition_leave(&waiters[i]);
        if (error && error != IMP_TIMEOUT)
            return error;
    }
}
