#ifndef IMP_TRANSPORT_TCP_TCP_INTERNAL_H
#define IMP_TRANSPORT_TCP_TCP_INTERNAL_H

#include "base/hash.h"
#include "base/list.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/node.h"
#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/resend_order.h"
#include "transport/tcp/segment.h"
#include "transport/tcp/sysctl.h"
#include "transport/tcp/tcp.h"

/* What the rooms of TCP share: the structures. What each room offers the others is in rooms.h. Nothing outside this folder includes either. */
struct fast_open_peer;
struct fast_open_queue;
struct fast_open_key { /* two, so that cookies live on while the key is changed */
    struct hash_key key[2];
    bool second, set;
};
enum socket_kind { SOCKET_LISTENER, SOCKET_CONNECTION, SOCKET_TIME_WAIT };

struct tcp_socket {           /* what listeners, connections and those that wait out their time have in common */
    struct list link;         /* in its tcp's list of its kind, in order of creation */
    struct tcp_socket *chain; /* the next of the same hash */
    struct tcp *tcp;
    struct endpoint local, remote; /* a listener's remote is all zero */
    uint32_t hash;
    uint8_t kind, state;
    bool hashed;
    void (*changed)(struct tcp_socket *socket, void *owner); /* NULL: the owner has let go, or has none yet */
    void *owner;
};

struct tcp {
    struct stack *stack;
    struct node *node;
    struct tcp_socket **table; /* by keyed hash of both endpoints; doubles as it fills */
    uint32_t table_size, table_count;
    struct tcp_socket *latest; /* the socket of the last segment: a bulk transfer is found without hashing */
    struct hash_key key, isn_key, port_key;
    uint16_t port_counter;
    struct list listeners, connections, time_waits; /* time_waits: the first to expire first */
    uint32_t connection_count, time_wait_count;
    struct timer time_wait_timer;
    struct tcp_connection *graves; /* closed and let go of; freed when the present call is over */
    struct instant challenge_second;
    uint32_t challenge_count;
    const struct congestion_ops *congestion; /* of new connections */
    const struct tcp_sysctls *sysctls;       /* TCP_SYSCTLS_STANDARD, or */
    struct tcp_sysctls *own_sysctls;         /* NULL until one is set */
    struct instant cookies_until;            /* SYN cookies may come back until then */
    struct fast_open_key fast_open_key;
    struct fast_open_peer *fast_open_peers; /* NULL until one is known */
    struct instant fast_open_paused;        /* when clients last had to leave it, */
    uint32_t fast_open_pauses;              /* and how often in a row */
};

struct tcp_listener {
    struct tcp_socket socket;
    struct tcp_settings settings;
    struct list half_open, ready; /* tcp_connection.waiting */
    uint32_t half_open_count, ready_count, backlog;
    struct fast_open_queue *fast_open;
};

#define TIME_WAIT_NS (60 * NS_PER_S) /* 2 MSL, with Linux's MSL */
struct tcp_time_wait {               /* all that is left of a connection for its last minute */
    struct tcp_socket socket;
    struct instant since, expires;
    struct instant answered; /* the last time that what carries nothing was */
    struct sequence send_next, receive_next;
    uint32_t window; /* as on the wire */
    uint32_t timestamp_recent, timestamp_offset;
    bool timestamps;
};

static inline struct tcp_listener *listener_of(struct tcp_socket *socket)
{
    return container_of(socket, struct tcp_listener, socket);
}
static inline struct tcp_time_wait *time_wait_of(struct tcp_socket *socket)
{
    return container_of(socket, struct tcp_time_wait, socket);
}

#endif
