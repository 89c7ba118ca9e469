#ifndef IMP_NET_NET_HOST_INTERNAL_H
#define IMP_NET_NET_HOST_INTERNAL_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "host/loop.h"
#include "net/net_internal.h"

/* What net_host.c (TCP, the world's table) and net_host_datagram.c (UDP and ICMP) share. */
struct net_host {
    struct net net;
    struct loop *loop;
};
struct host_object { /* a kernel socket behind a handle */
    struct net_object object;
    struct loop_source source;
    uint8_t family; /* 4, 6, or 0 for an IPv6 socket that carries both */
    bool finished;  /* TCP: half-closed by us */
    bool delay;     /* a listener whose streams have Nagle's delay */
    bool connected; /* UDP */
    bool raw;       /* ICMP: a raw socket, not a ping socket */
    uint16_t identifier;
};

/* Address structures. `both`: the socket is an IPv6 one that carries IPv4 as ::ffff:a.b.c.d. */
socklen_t host_address_make(const struct endpoint *endpoint, bool both, struct sockaddr_storage *out);
struct ip host_ip_read(const struct in6_addr *in); /* a mapped one is IPv4 */
void host_address_read(const struct sockaddr_storage *address, struct endpoint *out);

/* Wraps a non-blocking descriptor (taken, closed on failure) into an object that the loop watches. */
int host_object_create(struct net *net, enum net_kind kind, int fd, struct host_object **out);
void host_object_close(struct net_object *object);
bool host_object_poll(struct net_object *object, short events); /* asks the kernel without waiting */
int host_object_local(struct net_object *object, struct endpoint *out);
int host_set_hops(struct host_object *object, uint8_t ttl);
int host_set_traffic_class(int fd, uint8_t family, uint8_t traffic_class); /* family as in struct host_object */
/* A socket of the family (0: both, or IPv4 alone where the kernel has no IPv6, told through *family). */
int host_socket(uint8_t *family, int type, int protocol4, int protocol6);

int host_udp_open(struct net *net, const struct udp_options *options, struct net_object **out);
int host_udp_send(struct net_object *udp, const void *data, size_t length, const struct endpoint *to, const struct ip *source);
ssize_t host_udp_receive(struct net_object *udp, void *out, size_t capacity, struct endpoint *from, struct ip *to);
int host_icmp_open(struct net *net, const struct icmp_options *options, struct net_object **out);
int host_icmp_send(struct net_object *icmp, const void *message, size_t length, const struct ip *to);
ssize_t host_icmp_receive(struct net_object *icmp, void *out, size_t capacity, struct icmp_received *about);
uint16_t host_icmp_identifier(struct net_object *icmp);

#endif
