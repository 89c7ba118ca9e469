#ifndef IMP_NET_NET_H
#define IMP_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/time.h"
#include "net/net_options.h"

/* What an application may know of the world: the one door. Two worlds stand behind it, a lab node's own stack (net_lab.c) and this
 * machine's kernel (net_host.c); one conformance suite runs on both. Calls that can wait must be made inside a task (net_spawn) and
 * take a deadline: they return IMP_TIMEOUT when it passes, IMP_CANCELLED when the node goes down. A deadline in the past asks without waiting. A
 * handle is an index and a generation: once closed, every call on it returns IMP_STALE. Handles are plain values, free to copy. */
struct net;
struct node;

struct instant net_now(struct net *net);
/* Unix time of instant 0, for what prints dates. In a lab that is always 1 January 2026, 00:00 UTC, so that its bytes are the same each time. */
int64_t net_wall_offset_ns(struct net *net);
struct node *net_node(struct net *net); /* for events, arenas and randomness: a lab's node, or the host's one node */
const char *net_name(struct net *net);  /* the node's name, or this machine's host name */
uint64_t net_random(struct net *net);
void net_random_fill(struct net *net, void *out, size_t length);
int net_sleep(struct net *net, struct instant until);
/* A new task on this node; `name` and `argument` are borrowed for its life. Cancelled before its first run, it still runs. IMP_LIMIT. */
int net_spawn(struct net *net, const char *name, void (*run)(struct net *net, void *argument), void *argument);

/* What services leave for tools, by name (dhclient finds the DHCP client so); the last one counts, NULL takes it away. Both are borrowed. */
void net_shelf_put(struct net *net, const char *name, void *value);
void *net_shelf_get(struct net *net, const char *name); /* NULL when nothing is there */

/* ---- streams: a two-way run of bytes ---- */
struct stream {
    struct net *net;
    uint32_t index, generation;
};
struct listener {
    struct net *net;
    uint32_t index, generation;
};
/* Connects by TCP. IMP_REFUSED, IMP_UNREACHABLE, IMP_TIMEOUT; IMP_INVALID for a group address. `options` may be NULL. */
int net_dial(struct net *net, const struct endpoint *remote, const struct dial_options *options, struct instant deadline,
             struct stream *out);
/* Listens. Address family 0 listens on IPv4 and IPv6, port 0 is chosen. Never waits, and may be called outside a task. IMP_IN_USE. */
int net_listen(struct net *net, const struct endpoint *local, struct listener *out);
/* Likewise; what is accepted has these options. */
int net_listen_tuned(struct net *net, const struct endpoint *local, const struct stream_options *options, struct listener *out);
int listener_accept(struct listener listener, struct instant deadline, struct stream *out);
/* Without a task of its own: each accepted stream gets one that runs `serve`, and is closed behind it. */
int listener_serve(struct listener listener, const char *name, void (*serve)(struct stream stream, void *argument),
                   void *argument);
int listener_local(struct listener listener, struct endpoint *out);
int listener_close(struct listener listener);

/* At least one byte, 0 at the peer's end of stream, or an error (IMP_RESET, IMP_TIMEOUT ...). */
ssize_t stream_read(struct stream stream, void *out, size_t capacity, struct instant deadline);
/* Exactly `length` bytes: 0, or IMP_CLOSED when the stream ended before, or an error. */
int stream_read_all(struct stream stream, void *out, size_t length, struct instant deadline);
/* Everything, waiting for room: 0 or an error. The bytes are copied (or sent) before it returns. */
int stream_write(struct stream stream, const void *data, size_t length, struct instant deadline);
/* At least one byte of it, as much as there is room for: how many, or an error. */
ssize_t stream_write_some(struct stream stream, const void *data, size_t length, struct instant deadline);
int stream_finish(struct stream stream); /* half-close: no more will be written; reading goes on */
int stream_close(struct stream stream);  /* lets go; what was written is still delivered in the background */
int stream_reset(struct stream stream);  /* lets go at once; the peer sees IMP_RESET */
int stream_local(struct stream stream, struct endpoint *out);
int stream_remote(struct stream stream, struct endpoint *out);

/* ---- datagrams ---- */
struct udp {
    struct net *net;
    uint32_t index, generation;
};
int net_udp(struct net *net, const struct udp_options *options, struct udp *out);
/* `to` may be NULL on a connected socket. Does not wait for the network: 0 when it was sent or queued. */
int udp_send(struct udp udp, const void *data, size_t length, const struct endpoint *to);
/* One datagram; its length, cut to `capacity`. `from` may be NULL; from->interface tells where it arrived. */
ssize_t udp_receive(struct udp udp, void *out, size_t capacity, struct endpoint *from, struct instant deadline);
struct udp_request {
    struct endpoint from; /* its interface tells where it arrived */
    struct ip to;         /* the address it was sent to: this node's, a group, or a broadcast one */
    const uint8_t *data;  /* borrowed for the call */
    size_t length;
};
/* Without a task of its own: each datagram gets one that runs `serve`; past `tasks_max` at once they wait in the socket's buffer. */
int udp_serve(struct udp udp, const char *name, unsigned tasks_max,
              void (*serve)(struct udp udp, const struct udp_request *request, void *argument), void *argument);
/* To who asked, from the address that was asked: a client takes no answer from another one (RFC 1123 4.1.3.5). */
int udp_answer(struct udp udp, const struct udp_request *request, const void *data, size_t length);
int udp_set_ttl(struct udp udp, uint8_t ttl);
int udp_local(struct udp udp, struct endpoint *out);
int udp_close(struct udp udp);

/* ---- raw ICMP and ICMPv6, for ping and traceroute ---- */
struct icmp {
    struct net *net;
    uint32_t index, generation;
};
struct icmp_options {
    uint8_t family, ttl;           /* 4 or 6; 0 = default */
    bool dont_fragment, broadcast; /* broadcast: may send to everyone on a subnet */
    uint16_t interface;            /* send by this one, whatever the routes say; 0 = as they say */
    struct ip source;              /* family 0: chosen */
};
struct icmp_received {
    struct endpoint from;
    uint8_t ttl; /* of the packet that brought it; 0 when the world does not tell */
    struct instant time;
};
int net_icmp(struct net *net, const struct icmp_options *options, struct icmp *out); /* IMP_DENIED without the privilege */
/* An ICMP message from its type on; its checksum is filled in. A host's kernel may replace an echo's identifier: icmp_identifier(). */
int icmp_send(struct icmp icmp, const void *message, size_t length, const struct ip *to);
uint16_t icmp_identifier(struct icmp icmp); /* for echo requests: what their replies and quoted errors will carry */
int icmp_set_ttl(struct icmp icmp, uint8_t ttl);
/* Any ICMP message that reaches this node, from its type on: replies and errors alike. Length, cut to capacity. */
ssize_t icmp_receive(struct icmp icmp, void *out, size_t capacity, struct icmp_received *about, struct instant deadline);
int icmp_close(struct icmp icmp);

/* ---- waiting on several things ---- */
enum wait_for { WAIT_READ, WAIT_WRITE, WAIT_ACCEPT, WAIT_UDP, WAIT_ICMP, WAIT_PACKET };
struct wait_source {
    enum wait_for what;
    uint32_t index, generation; /* of the handle */
};
#define wait_on(kind, handle) ((struct wait_source){(kind), (handle).index, (handle).generation})
/* The index of the first source that is ready (a failed or stale one is ready too), IMP_TIMEOUT, or IMP_CANCELLED. */
int net_wait(struct net *net, const struct wait_source *sources, size_t count, struct instant deadline);

#endif
