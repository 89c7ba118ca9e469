#ifndef IMP_NET_NET_LAB_INTERNAL_H
#define IMP_NET_NET_LAB_INTERNAL_H

#include "net/net_internal.h"

struct tcp;
struct tcp_socket;
struct udp_layer;

/* What net_lab.c (TCP and UDP, the world's table) and net_lab_raw.c (ICMP and packet sockets) share. */
struct net_lab {
    struct net net;
    struct tcp *tcp;
    struct udp_layer *udp;
    uint16_t next_identifier; /* of ICMP echoes */
};

/* Messages or frames that wait in a raw socket: copies, oldest first. */
struct lab_queued {
    struct list link;
    struct endpoint from; /* ICMP */
    uint8_t ttl;          /* ICMP */
    bool outgoing;        /* packets */
    uint16_t interface;   /* packets */
    struct instant time;
    uint32_t length;
    uint8_t data[];
};

void net_socket_inside(const struct tcp_socket *socket, struct socket_inside *out); /* net_config.c */

int lab_icmp_open(struct net *net, const struct icmp_options *options, struct net_object **out);
int lab_icmp_send(struct net_object *icmp, const void *message, size_t length, const struct ip *to);
ssize_t lab_icmp_receive(struct net_object *icmp, void *out, size_t capacity, struct icmp_received *about);
uint16_t lab_icmp_identifier(struct net_object *icmp);
void lab_icmp_set_ttl(struct net_object *icmp, uint8_t ttl);
bool lab_icmp_readable(const struct net_object *icmp);
void lab_icmp_close(struct net_object *icmp);

int lab_packet_open(struct net *net, const struct packet_options *options, struct net_object **out);
int lab_packet_send(struct net_object *packet, uint16_t interface, const void *frame, size_t length);
ssize_t lab_packet_receive(struct net_object *packet, void *out, size_t capacity, struct packet_received *about);
bool lab_packet_readable(const struct net_object *packet);
void lab_packet_close(struct net_object *packet);

#endif
