/* Streams and listeners: the waiting half of net.h's calls, the same in both worlds.
 *
 * net_dial makes the object, then waits for the world to say that it is connected; on failure nobody ever saw its handle. Accepting,
 * reading, writing and lending are the loop that net.c's essay describes. A write goes on until everything was taken. What a stream's own
 * operations cannot do without a copy (lending), or cannot say (that more follows), is an ordinary write.
 *
 * A serving listener holds no task. When the world says that it changed, a timer of the present instant is set, since the world may be in
 * the middle of a segment; the timer accepts all that waits and starts a task for each. At the limit of tasks it stops accepting:
 * connections wait in the backlog until a task ends, and beyond that clients are refused by the transport, as they should be.
 *
 * A stream may stand on a stream: net_stream_register() moves the lower one out of the table of handles (its old handle goes stale) and
 * gives the pair one new handle. The layer's operations follow the same rule as a world's: they never wait. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/limits.h"
#include "net/net_config.h"
#include "net/net_lend.h"
#include "net/net_serve.h"

static struct net_object *stream_object(struct stream stream)
{
    return net_object_find(stream.net, NET_STREAM, stream.index, stream.generation);
}

static struct stream stream_handle(const struct net_object *object)
{
    return (struct stream){object->net, object->index, net_object_generation(object)};
}

int net_dial(struct net *net, const struct endpoint *remote, const struct dial_options *options, struct instant deadline,
             struct stream *out)
{
    static const struct dial_options NO_OPTIONS;
    struct net_object *object;
    if (ip_is_multicast(&remote->address) || ip_is_broadcast(&remote->address) || remote->port == 0 || !remote->address.family)
        return IMP_INVALID;
    if (task_current() && task_cancelled(task_current()))
        return IMP_CANCELLED; /* nothing new is begun by a task that is being stopped */
    int error = net->world->dial(net, remote, options ? options : &NO_OPTIONS, &object);
    if (error)
        return error;
    *out = stream_handle(object);
    for (;;) {
        object = stream_object(*out);
        if (!object)
            return IMP_STALE;
        error = net->world->connected(object);
        if (error == IMP_BUSY) {
            error = net_object_wait(object, deadline);
            if (error == 0)
                continue;
            object = stream_object(*out);
        }
        if (error && object)
            net_stream_close_object(object, true);
        return error;
    }
}

int stream_local(struct stream stream, struct endpoint *out)
{
    struct net_object *object = stream_object(stream);
    return object ? object->stream->local(object, out) : IMP_STALE;
}

int stream_remote(struct stream stream, struct endpoint *out)
{
    struct net_object *object = stream_object(stream);
    return object ? object->stream->remote(object, out) : IMP_STALE;
}

/* On a host a peer may be so quick that a task never has to wait; its loop would then never look at the clock, at other sockets or at
 * Ctrl-C. So now and then it steps aside. */
static int take_turns(struct net *net)
{
    if (!net || !net->world->turn || ++net->streak < LIMIT_NET_STREAK)
        return 0;
    net->streak = 0;
    return task_sleep(net->world->turn(net));
}

struct transfer { /* what is to be read, written or lent: one of the three */
    void *in;
    const void *out;
    struct block *block;
    uint32_t offset; /* in the block */
    bool more;       /* something follows what is written */
    size_t length;
};

static ssize_t transfer_try(struct net_object *object, const struct transfer *t)
{
    const struct stream_ops *ops = object->stream;
    if (t->in)
        return ops->read(object, t->in, t->length);
    if (t->block && ops->lend)
        return ops->lend(object, t->block, t->offset, (uint32_t)t->length);
    const void *from = t->block ? t->block->data + t->offset : t->out;
    return (t->more && ops->write_more ? ops->write_more : ops->write)(object, from, t->length);
}

/* As much as can be at once, waiting until something can. */
static ssize_t move(struct stream stream, const struct transfer *t, struct instant deadline)
{
    if (t->length == 0)
        return IMP_INVALID;
    int turn = take_turns(stream.net);
    if (turn)
        return turn;
    for (;;) {
        struct net_object *object = stream_object(stream);
        if (!object)
            return IMP_STALE;
        ssize_t moved = transfer_try(object, t);
        if (moved != IMP_BUSY)
            return moved;
        int error = net_object_wait(object, deadline);
        if (error)
            return error;
    }
}

/* All of it. */
static int move_all(struct stream stream, struct transfer t, struct instant deadline)
{
    while (t.length > 0) {
        ssize_t took = move(stream, &t, deadline);
        if (took < 0)
            return (int)took;
        if (t.block)
            t.offset += (uint32_t)took;
        else
            t.out = (const uint8_t *)t.out + took;
        t.length -= (size_t)took;
    }
    return stream_object(stream) ? 0 : IMP_STALE;
}

ssize_t stream_read(struct stream stream, void *out, size_t capacity, struct instant deadline)
{
    return move(stream, &(struct transfer){.in = out, .length = capacity}, deadline);
}

int stream_read_all(struct stream stream, void *out, size_t length, struct instant deadline)
{
    for (size_t at = 0; at < length;) {
        ssize_t got = stream_read(stream, (uint8_t *)out + at, length - at, deadline);
        if (got <= 0)
            return got == 0 ? IMP_CLOSED : (int)got;
        at += (size_t)got;
    }
    return 0;
}

ssize_t stream_write_some(struct stream stream, const void *data, size_t length, struct instant deadline)
{
    return move(stream, &(struct transfer){.out = data, .length = length}, deadline);
}

int stream_write(struct stream stream, const void *data, size_t length, struct instant deadline)
{
    return move_all(stream, (struct transfer){.out = data, .length = length}, deadline);
}

int stream_write_more(struct stream stream, const void *data, size_t length, struct instant deadline)
{
    return move_all(stream, (struct transfer){.out = data, .more = true, .length = length}, deadline);
}

static struct transfer lending(struct block *block, uint32_t offset, uint32_t length)
{
    assert(offset <= block->capacity && length <= block->capacity - offset);
    return (struct transfer){.block = block, .offset = offset, .length = length};
}

ssize_t stream_lend_some(struct stream stream, struct block *block, uint32_t offset, uint32_t length, struct instant deadline)
{
    struct transfer t = lending(block, offset, length);
    return move(stream, &t, deadline);
}

int stream_lend(struct stream stream, struct block *block, uint32_t offset, uint32_t length, struct instant deadline)
{
    return move_all(stream, lending(block, offset, length), deadline);
}

int net_stream_inside(struct stream stream, struct socket_inside *out)
{
    struct net_object *object = stream_object(stream);
    if (!object)
        return IMP_STALE;
    return object->stream->inside ? object->stream->inside(object, out) : IMP_UNSUPPORTED;
}

int stream_finish(struct stream stream)
{
    struct net_object *object = stream_object(stream);
    return object ? object->stream->finish(object) : IMP_STALE;
}

void net_stream_close_object(struct net_object *stream, bool reset)
{
    stream->stream->close(stream, reset);
    net_object_free(stream);
}

int stream_close(struct stream stream)
{
    struct net_object *object = stream_object(stream);
    if (!object)
        return IMP_STALE;
    net_stream_close_object(object, false);
    return 0;
}

int stream_reset(struct stream stream)
{
    struct net_object *object = stream_object(stream);
    if (!object)
        return IMP_STALE;
    net_stream_close_object(object, true);
    return 0;
}

int net_stream_register(struct net *net, const struct stream_ops *ops, size_t bytes, const struct stream *below,
                        struct net_stream_layer **out, struct stream *handle)
{
    struct net_object *lower = NULL;
    if (below && !(lower = stream_object(*below)))
        return IMP_STALE;
    struct net_stream_layer *layer = net_object_create(net, NET_STREAM, bytes);
    if (!layer)
        return IMP_LIMIT;
    layer->object.stream = ops;
    if (lower) {
        net->slots[lower->index].generation++; /* from now on only the layer reaches it */
        net_object_detach(lower);
        lower->above = &layer->object;
        layer->below = lower;
    }
    *out = layer;
    *handle = stream_handle(&layer->object);
    return 0;
}

/* ---- listeners ---- */
static struct net_object *listener_object(struct listener listener)
{
    return net_object_find(listener.net, NET_LISTENER, listener.index, listener.generation);
}

int net_listen(struct net *net, const struct endpoint *local, struct listener *out)
{
    return net_listen_tuned(net, local, &(struct stream_options){.buffer_bytes = 0}, out);
}

int net_listen_tuned(struct net *net, const struct endpoint *local, const struct stream_options *options, struct listener *out)
{
    struct net_object *object;
    int error = net->world->listen(net, local, options, &object);
    if (!error)
        *out = (struct listener){net, object->index, net_object_generation(object)};
    return error;
}

int listener_accept(struct listener listener, struct instant deadline, struct stream *out)
{
    for (;;) {
        struct net_object *accepted, *object = listener_object(listener);
        if (!object)
            return IMP_STALE;
        int error = listener.net->world->accept(object, &accepted);
        if (error == 0)
            *out = stream_handle(accepted);
        if (error != IMP_BUSY)
            return error;
        error = net_object_wait(object, deadline);
        if (error)
            return error;
    }
}

int listener_local(struct listener listener, struct endpoint *out)
{
    struct net_object *object = listener_object(listener);
    return object ? listener.net->world->local(object, out) : IMP_STALE;
}

int listener_close(struct listener listener)
{
    struct net_object *object = listener_object(listener);
    if (!object)
        return IMP_STALE;
    listener.net->world->close(object);
    net_object_free(object);
    return 0;
}

struct serve_stream { /* one accepted connection, for its task */
    struct net_serve_call call;
    void (*serve)(struct stream stream, void *argument);
    void *argument;
    struct stream stream;
};

static void serve_stream_run(struct net *net, void *context)
{
    struct serve_stream *work = context;
    work->serve(work->stream, work->argument);
    (void)stream_close(work->stream); /* stale when the application closed it: as good */
    net_serve_call_end(net, &work->call);
}

static int listener_serve_one(struct net_object *listener)
{
    struct net *net = listener->net;
    struct net_serve *serve = listener->serve;
    struct net_object *accepted;
    if (net->task_count >= LIMIT_NET_TASKS)
        return IMP_LIMIT;
    int error = net->world->accept(listener, &accepted);
    if (error)
        return error;
    struct serve_stream *work = memory_take(sizeof(*work));
    *work = (struct serve_stream){net_serve_call(listener), serve->serve.stream, serve->argument, stream_handle(accepted)};
    return net_task_start(net, serve->name, serve_stream_run, work, true);
}

int listener_serve(struct listener listener, const char *name, void (*serve)(struct stream stream, void *argument),
                   void *argument)
{
    struct net_object *object = listener_object(listener);
    if (!object)
        return IMP_STALE;
    struct net_serve *state = net_serve_begin(object, name, listener_serve_one, UINT32_MAX, argument);
    state->serve.stream = serve;
    net_serve_due(object, 0);
    return 0;
}
