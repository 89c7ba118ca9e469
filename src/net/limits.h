#ifndef IMP_NET_LIMITS_H
#define IMP_NET_LIMITS_H

/* The limits of the door between applications and a world. Each is per node. */
enum {
    LIMIT_NET_HANDLES = 65536,       /* open streams, listeners and sockets together */
    LIMIT_NET_TASKS = 16384,         /* tasks started by net_spawn, listener_serve and udp_serve */
    LIMIT_NET_WAIT_SOURCES = 64,     /* sources of one net_wait */
    LIMIT_NET_UDP_BYTES = 65535,     /* the longest datagram that udp_serve hands on */
    LIMIT_NET_ICMP_QUEUE = 64,       /* messages that wait in an ICMP socket */
    LIMIT_NET_PACKET_QUEUE = 1024,   /* frames that wait in a packet socket */
    LIMIT_NET_BACKLOG = 1024,        /* connections that wait to be accepted */
    LIMIT_NET_STREAK = 64,           /* stream calls of a host's tasks before the others have their turn */
    LIMIT_NET_ACCEPT_RETRY_MS = 100, /* the pause of a serving listener when the world has no room for a connection */
};

#endif
