#ifndef IMP_TRANSPORT_LIMITS_H
#define IMP_TRANSPORT_LIMITS_H

/* What a node's transports may hold at most. Past a limit, opening says IMP_LIMIT and arriving data is dropped and counted. */
enum {
    LIMIT_UDP_SOCKETS = 65536,         /* a node */
    LIMIT_UDP_RECEIVE_BYTES = 212992,  /* waiting in one socket, as Linux (net.core.rmem_default); checked before adding */
    LIMIT_UDP_DATAGRAM_OVERHEAD = 256, /* what each waiting datagram counts beside its own bytes, so that empty ones end too */
    /* ---- TCP ---- */
    LIMIT_TCP_SOCKETS = 4 * 1024 * 1024, /* connections and listeners of one node */
    LIMIT_TCP_TIME_WAIT = 262144,        /* connections of one node that wait out their time; above it they end at once */
    LIMIT_TCP_CORE_BUFFER =
        212992,               /* most a socket may ask for unless the node is told otherwise (net.core.rmem_max, wmem_max) */
    LIMIT_TCP_BACKLOG = 4096, /* most a listener may ask for */
    LIMIT_TCP_BACKLOG_DEFAULT = 128,            /* what it gets when it does not ask */
    LIMIT_TCP_RECEIVE_BUFFER = 6 * 1024 * 1024, /* auto-tuning stops here */
    LIMIT_TCP_RECEIVE_BUFFER_DEFAULT = 128 * 1024,
    LIMIT_TCP_RECEIVE_BUFFER_LEAST = 2304,
    LIMIT_TCP_SEND_BUFFER = 4 * 1024 * 1024, /* auto-tuning stops here */
    LIMIT_TCP_SEND_BUFFER_DEFAULT = 128 * 1024,
    LIMIT_TCP_SEND_BUFFER_LEAST = 4608,
    LIMIT_TCP_BUFFER_ASKED = 1024 * 1024 * 1024, /* a socket may ask for more than auto-tuning gives, up to this */
    LIMIT_TCP_BLOCK_LEAST = 2 * 1024,            /* a block of a send buffer; they double as a stream goes on, */
    LIMIT_TCP_BLOCK = 64 * 1024,                 /* up to this */
    LIMIT_TCP_ISLANDS = 1024,                    /* gaps in one connection's out-of-order queue */
    LIMIT_TCP_FLIGHT = 1024 * 1024,              /* segments of one connection sent and not acknowledged */
    LIMIT_TCP_FAST_OPEN_PEERS = 256,             /* addresses of which a node keeps a cookie */
    LIMIT_TCP_MSS_LEAST = 48,                    /* a peer that asks for less gets this: tiny segments are an attack */
    LIMIT_TCP_SYN_RETRIES = 6,                   /* 1, 2, 4 ... s: 127 s in all, and */
    LIMIT_TCP_SYN_LINEAR = 4,                    /* so many at 1 s before */
    LIMIT_TCP_SYN_ACK_RETRIES = 5,
    LIMIT_TCP_RETRIES = 15,       /* of data: 924.6 s at the least RTO */
    LIMIT_TCP_ORPHAN_RETRIES = 8, /* the same, when the owner has let go */
    LIMIT_TCP_KEEP_ALIVE_PROBES = 9,
    LIMIT_TCP_USER_TIMEOUT_S = 0x7fff * 60, /* what the option can say (RFC 5482 section 3.4) */
    LIMIT_TCP_CHALLENGES_PER_SECOND = 1000, /* of one node (RFC 5961 section 7) */
};

#endif
