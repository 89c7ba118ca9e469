#ifndef IMP_TRANSPORT_LIMITS_H
#define IMP_TRANSPORT_LIMITS_H

/* What a node's transports may hold at most. Past a limit, opening says IMP_LIMIT and arriving data is dropped and counted. */
enum {
    LIMIT_UDP_SOCKETS = 65536,         /* a node */
    LIMIT_UDP_RECEIVE_BYTES = 212992,  /* waiting in one socket, as Linux (net.core.rmem_default); checked before adding */
    LIMIT_UDP_DATAGRAM_OVERHEAD = 256, /* what each waiting datagram counts beside its own bytes, so that empty ones end too */
    EPHEMERAL_PORT_FIRST = 32768,      /* as Linux (net.ipv4.ip_local_port_range), inside RFC 6056's 1024..65535 */
    EPHEMERAL_PORT_LAST = 60999,
};

#endif
