#ifndef IMP_NET_NET_INTERNAL_H
#define IMP_NET_NET_INTERNAL_H

#include "base/list.h"
#include "engine/frame.h"
#include "engine/node.h"
#include "engine/task.h"
#include "net/net.h"
#include "net/net_config.h"

/* What the two worlds, and streams that stand on streams, share behind net.h. Applications never include it.
 *
 * Behind each handle stands an object. No operation of a world waits: it gives IMP_BUSY, and calls net_object_changed() when it is worth
 * asking again. The waiting, the deadlines and the tasks are all in net.c, once. net_object_changed() may be called from inside a
 * transport: it only wakes tasks and sets a timer. */
enum net_kind { NET_STREAM = 1, NET_LISTENER, NET_UDP, NET_ICMP, NET_PACKET };
struct net_object;
struct stack;

struct stream_ops {
    ssize_t (*read)(struct net_object *stream, void *out, size_t capacity);       /* bytes, 0 = end, IMP_BUSY, an error */
    ssize_t (*write)(struct net_object *stream, const void *data, size_t length); /* bytes taken (> 0), IMP_BUSY, an error */
    ssize_t (*write_more)(struct net_object *stream, const void *data, size_t length);                 /* NULL: write() does */
    ssize_t (*lend)(struct net_object *stream, struct block *block, uint32_t offset, uint32_t length); /* likewise */
    int (*finish)(struct net_object *stream);
    void (*close)(struct net_object *stream, bool reset); /* lets go of everything but the object itself */
    bool (*readable)(struct net_object *stream);
    bool (*writable)(struct net_object *stream);
    int (*local)(struct net_object *stream, struct endpoint *out);
    int (*remote)(struct net_object *stream, struct endpoint *out);
    int (*inside)(struct net_object *stream, struct socket_inside *out); /* NULL: it cannot tell */
};

struct net_serve; /* what a serving listener or udp socket keeps */

struct net_object { /* the head of a world's own struct */
    struct net *net;
    uint32_t index;
    enum net_kind kind;
    struct condition changed;
    const struct stream_ops *stream; /* streams only */
    struct net_object *above;        /* the stream that stands on this one, which then hears of changes too */
    struct net_serve *serve;
};

/* A world. An `open` makes an object by net_object_create() and gives it through `out`, or fails and leaves nothing. */
struct net_world {
    void (*random_fill)(struct net *net, void *out, size_t length);
    int (*dial)(struct net *net, const struct endpoint *remote, const struct dial_options *options, struct net_object **out);
    int (*connected)(struct net_object *stream); /* 0, IMP_BUSY, or why it failed */
    int (*listen)(struct net *net, const struct endpoint *local, const struct stream_options *options, struct net_object **out);
    int (*accept)(struct net_object *listener, struct net_object **out);
    int (*udp_open)(struct net *net, const struct udp_options *options, struct net_object **out);
    /* `to` and `source` may be NULL: the connected peer; an address of the world's choice */
    int (*udp_send)(struct net_object *udp, const void *data, size_t length, const struct endpoint *to,
                    const struct ip *source);
    ssize_t (*udp_receive)(struct net_object *udp, void *out, size_t capacity, struct endpoint *from, struct ip *to);
    int (*icmp_open)(struct net *net, const struct icmp_options *options, struct net_object **out);
    int (*icmp_send)(struct net_object *icmp, const void *message, size_t length, const struct ip *to);
    ssize_t (*icmp_receive)(struct net_object *icmp, void *out, size_t capacity, struct icmp_received *about);
    uint16_t (*icmp_identifier)(struct net_object *icmp);
    int (*packet_open)(struct net *net, const struct packet_options *options, struct net_object **out); /* NULL: unsupported */
    int (*packet_send)(struct net_object *packet, uint16_t interface, const void *frame, size_t length);
    ssize_t (*packet_receive)(struct net_object *packet, void *out, size_t capacity, struct packet_received *about);
    /* Until when a task that never had to wait lets the others have their turn; NULL: never, since the world's time stands still meanwhile. */
    struct instant (*turn)(struct net *net);
    /* For every kind but streams. */
    void (*close)(struct net_object *object);
    bool (*readable)(struct net_object *object);
    int (*local)(struct net_object *object, struct endpoint *out);
    int (*set_ttl)(struct net_object *object, uint8_t ttl); /* udp and icmp */
};

struct net_slot {
    struct net_object *object; /* NULL: free */
    uint32_t generation;
    uint32_t next_free; /* index + 1 */
};
struct net { /* the head of a world's own struct */
    const struct net_world *world;
    struct node *node;
    struct stack *stack; /* what the capability "configure" works on; NULL where there is none */
    const char *name;
    struct net_slot *slots; /* grows from nothing, and goes when nothing is open */
    uint32_t slot_count, slot_free, open_count, task_count;
    uint32_t generation; /* that new slots begin with: no handle was ever given out with it */
    uint32_t streak;     /* stream calls since the last turn */
    struct list tasks;   /* struct net_task.link */
    struct resolver_config resolver;
    char *search; /* what the resolver's points to; NULL: none */
    int64_t wall_offset_ns;
    struct shelf_item *shelf; /* what services left there */
};

void net_init(struct net *net, const struct net_world *world, struct node *node);
/* Closes what is still open and frees the table. The node's tasks must have ended. */
void net_end(struct net *net);

/* A zeroed object of `bytes` with a handle; NULL when the limit is reached. */
void *net_object_create(struct net *net, enum net_kind kind, size_t bytes);
/* Takes the object out of the table, wakes who waits for it (they will find their handle stale), and frees it. */
void net_object_free(struct net_object *object);
void net_object_detach(struct net_object *object); /* only wakes the waiters and lets them go */
void net_object_changed(struct net_object *object);
struct net_object *net_object_find(struct net *net, enum net_kind kind, uint32_t index, uint32_t generation); /* NULL: stale */
uint32_t net_object_generation(const struct net_object *object);
/* Waits until the object changes: 0 when it is worth asking again, IMP_TIMEOUT, IMP_CANCELLED. The object may be gone then. */
int net_object_wait(struct net_object *object, struct instant deadline);
/* Starts a task that counts towards the limit. `owned`: the argument is heap memory, freed behind the task, also when it never ran (the
 * world ends first), and also on failure. */
int net_task_start(struct net *net, const char *name, void (*run)(struct net *net, void *argument), void *argument, bool owned);
void net_serve_due(struct net_object *object, int64_t after_ns); /* looks at a serving object soon, as an event of its own */
void net_serve_end(struct net_object *object);

/* Registers a stream on a stream (TLS, a tunnel). `below` may be NULL; else it is taken: its handle becomes stale, the new stream's ops reach
 * it as object->below through net_stream_below(), and its changes wake the new stream's waiters. The new stream's `close` must end it by
 * net_stream_close_object(). The new object is zeroed behind its head. */
struct net_stream_layer { /* the head of such an object */
    struct net_object object;
    struct net_object *below;
};
int net_stream_register(struct net *net, const struct stream_ops *ops, size_t bytes, const struct stream *below,
                        struct net_stream_layer **out, struct stream *handle);
void net_stream_close_object(struct net_object *stream, bool reset);

#endif
