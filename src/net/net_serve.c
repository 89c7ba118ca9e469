/* Serving without a task: how a listener or a udp socket waits for work at the cost of a timer that is not even set.
 *
 * The world calls net_object_changed() from wherever it is, perhaps in the middle of a segment. That sets the server's timer to the present
 * instant, so that the work is done as an event of its own, in the node's order. The timer's function takes what is there, one thing at
 * a time, until there is nothing more, or the server's tasks are at their maximum. A task that ends sets the timer again if the server had
 * to stop. When the world itself has no room (a host out of file descriptors), the timer tries again a little later, since no change
 * would announce that there is room again.
 *
 * A server may be closed, even replaced, while its tasks still run: they know it by handle, not by pointer. */
#include "net/net_serve.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/limits.h"
#include "net/service.h"

const char *service_listen_error(int error)
{
    return error == IMP_INVALID ? "the node does not have that address" : imp_error_text(error);
}

static void serve_fire(struct timer *timer, struct instant now)
{
    struct net_serve *serve = container_of(timer, struct net_serve, timer);
    (void)now;
    while (serve->tasks < serve->tasks_max) {
        int error = serve->one(serve->object);
        if (error == IMP_LIMIT || error == IMP_SYSTEM)
            net_serve_due(serve->object, LIMIT_NET_ACCEPT_RETRY_MS * NS_PER_MS);
        if (error)
            return;
    }
}

void net_serve_due(struct net_object *object, int64_t after_ns)
{
    struct net_serve *serve = object->serve;
    timer_set(object->net->node, &serve->timer, instant_add(net_now(object->net), after_ns), serve_fire);
}

struct net_serve *net_serve_begin(struct net_object *object, const char *name, int (*one)(struct net_object *),
                                  uint32_t tasks_max, void *argument)
{
    net_serve_end(object);
    object->serve = memory_take_zeroed(1, sizeof(*object->serve));
    *object->serve =
        (struct net_serve){.object = object, .name = name, .one = one, .tasks_max = tasks_max, .argument = argument};
    return object->serve;
}

void net_serve_end(struct net_object *object)
{
    if (!object->serve)
        return;
    timer_cancel(object->net->node, &object->serve->timer);
    memory_free(object->serve);
    object->serve = NULL;
}

struct net_serve_call net_serve_call(struct net_object *object)
{
    object->serve->tasks++;
    return (struct net_serve_call){object->kind, object->index, net_object_generation(object)};
}

void net_serve_call_end(struct net *net, const struct net_serve_call *call)
{
    struct net_object *object = net_object_find(net, call->kind, call->index, call->generation);
    if (object && object->serve && object->serve->tasks-- == object->serve->tasks_max)
        net_serve_due(object, 0);
}
