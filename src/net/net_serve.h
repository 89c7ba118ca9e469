#ifndef IMP_NET_NET_SERVE_H
#define IMP_NET_NET_SERVE_H

#include "net/net_internal.h"

/* A listener or udp socket that serves without a task of its own: net_serve.c looks at it when it changed, and starts a task for each
 * thing that `one` finds there. */
struct net_serve {
    struct timer timer;
    struct net_object *object;
    const char *name;
    int (*one)(
        struct net_object *object); /* takes one thing and starts its task: 0, IMP_BUSY when there is nothing, or an error */
    union {
        void (*stream)(struct stream stream, void *argument);
        void (*udp)(struct udp udp, const struct udp_request *request, void *argument);
    } serve;
    void *argument;
    uint32_t tasks, tasks_max;
};

/* What a serving task remembers of its server, which may be closed while it runs. */
struct net_serve_call {
    enum net_kind kind;
    uint32_t index, generation;
};

struct net_serve *net_serve_begin(struct net_object *object, const char *name, int (*one)(struct net_object *),
                                  uint32_t tasks_max, void *argument);
struct net_serve_call net_serve_call(struct net_object *object); /* counts a task */
void net_serve_call_end(struct net *net, const struct net_serve_call *call);

#endif
