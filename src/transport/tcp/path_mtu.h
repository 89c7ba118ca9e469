#ifndef IMP_TRANSPORT_TCP_PATH_MTU_H
#define IMP_TRANSPORT_TCP_PATH_MTU_H

#include "transport/tcp/connection.h"

/* How large a segment may be: what the path takes, the peer's option, and the socket's own wish. */
uint32_t connection_headers(const struct tcp_connection *c);           /* bytes of IP's and TCP's, without options */
uint32_t connection_mss(const struct tcp_connection *c, uint32_t mtu); /* payload of a full segment in packets of this size */
void connection_update_mss(struct tcp_connection *c);
void connection_grow_mtu(struct tcp_connection *c); /* with CONNECTION_PATH_SHORT: does the stack know better by now? */
bool connection_shrink_mtu(struct tcp_connection *c, uint32_t mtu); /* false: it is no news */

/* The search upwards: packetization-layer path MTU discovery (RFC 8899). */
enum path_probe_answer { PATH_PROBE_NONE, PATH_PROBE_WAIT, PATH_PROBE_SENT };
void path_probe_begin(struct tcp_connection *c, struct instant now); /* the handshake is over */
enum path_probe_answer path_probe_send(struct tcp_connection *c, struct instant now);
void path_probe_acknowledged(struct tcp_connection *c);
bool path_probe_lost(struct tcp_connection *c, struct instant now); /* true: that was all that was lost */
void path_probe_silence(struct tcp_connection *c, struct instant now);

#endif
