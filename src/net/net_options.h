#ifndef IMP_NET_NET_OPTIONS_H
#define IMP_NET_NET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"

/* What net.h's calls that open something may be asked for. Zero is always the world's default. */
struct stream_options {       /* of a TCP connection */
    uint32_t buffer_bytes;    /* of sending and of receiving, instead of auto-tuning */
    uint16_t maximum_segment; /* bytes */
    uint8_t traffic_class;    /* its DSCP bits: TCP decides about ECN itself */
    bool delay;             /* Nagle's: a segment that is not full waits until what is out was acknowledged (RFC 9293 3.7.4) */
    const char *congestion; /* a congestion control's name, borrowed for the call; IMP_NOT_FOUND */
};
struct dial_options {
    struct endpoint local; /* family 0 and port 0: chosen */
    uint8_t ttl;           /* 0 = the node's default */
    struct stream_options stream;
    bool fast_open; /* RFC 7413, for who writes first: the first write goes with the SYN, and may be what tells of failure */
};
struct udp_options {
    struct endpoint local;  /* as for net_listen() */
    struct endpoint remote; /* family 0: unconnected. Connected: only its datagrams arrive, and its ICMP errors are ours */
    uint16_t interface;     /* bind to one interface; 0 = any */
    uint8_t ttl;            /* 0 = default */
    uint8_t traffic_class;  /* DSCP and ECN bits of what is sent */
    bool broadcast;         /* may send to broadcast addresses */
    bool dont_fragment;     /* IMP_TOO_BIG instead of fragments */
};

#endif
