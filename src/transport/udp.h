#ifndef IMP_TRANSPORT_UDP_H
#define IMP_TRANSPORT_UDP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/bytes.h"
#include "internet/stack.h"

/* A node's UDP (RFC 768, RFC 8200 8.1): sockets by local and remote endpoint, bounded receive queues, ICMP errors to connected sockets.
 * Nothing here waits; `changed` tells the owner that something arrived or failed. */
struct udp_layer;
struct udp_socket;

/* The format. Parsing returns facts and leaves the reader behind the header: 0, IMP_TRUNCATED, or IMP_MALFORMED when the length
 * field says less than a header. Whether `length_bytes` fits the packet is the caller's question. */
enum { UDP_HEADER_BYTES = 8 };
struct udp_header {
    uint16_t source_port, destination_port;
    uint16_t length_bytes; /* header and data */
    uint16_t checksum;     /* 0: none (IPv4 only) */
};
int udp_header_parse(struct reader *reader, struct udp_header *out);
void udp_header_build(struct writer *writer, const struct udp_header *header);

struct udp_layer *udp_create(struct stack *stack);
void udp_destroy(struct udp_layer *udp); /* sockets must be closed */
struct udp_layer *udp_of(const struct stack *stack);

struct udp_socket_settings {
    struct endpoint local, remote; /* remote family 0: unconnected; local family 0: both families; port 0: an ephemeral one */
    uint16_t interface;            /* bound to it; 0: any */
    uint8_t ttl;                   /* 0: the node's default; 1 for a group */
    uint8_t traffic_class;
    bool broadcast, dont_fragment, reuse; /* reuse: several sockets may share a multicast or broadcast port */
    void (*changed)(struct udp_socket *socket, void *owner); /* only to take note: not to call back into the socket */
    void *owner;
};
/* A connected socket's local address is chosen here, once. IMP_IN_USE; IMP_LIMIT; IMP_INVALID: the local address is not ours, or the two
 * families differ; IMP_UNREACHABLE: no route to `remote`. */
int udp_open(struct udp_layer *udp, const struct udp_socket_settings *settings, struct udp_socket **out);
void udp_socket_close(struct udp_socket *socket);
/* `to` may be NULL on a connected socket. 0, a pending error, or stack_send()'s; IMP_TOO_BIG when no UDP datagram can be that long. */
int udp_socket_send(struct udp_socket *socket, const void *data, size_t length, const struct endpoint *to);
/* Likewise, from an address of the node on a socket that has none of its own; one that is not ours (a broadcast address) counts as none. */
int udp_socket_send_from(struct udp_socket *socket, const void *data, size_t length, const struct endpoint *to,
                         const struct ip *source);
/* The oldest datagram: its full length (may exceed capacity), IMP_BUSY when there is none, or a pending error, given once. */
ssize_t udp_socket_receive(struct udp_socket *socket, void *out, size_t capacity, struct endpoint *from, struct ip *to);
bool udp_socket_readable(const struct udp_socket *socket); /* a datagram or an error waits */
void udp_socket_set_ttl(struct udp_socket *socket, uint8_t ttl);
void udp_socket_local(const struct udp_socket *socket, struct endpoint *out);
void udp_socket_remote(const struct udp_socket *socket, struct endpoint *out); /* family 0: unconnected */
uint32_t udp_socket_queued(const struct udp_socket *socket);                   /* bytes waiting */
struct udp_socket *udp_socket_next(struct udp_layer *udp, struct udp_socket *after);

#endif
