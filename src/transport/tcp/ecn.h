#ifndef IMP_TRANSPORT_TCP_ECN_H
#define IMP_TRANSPORT_TCP_ECN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "transport/tcp/segment.h"

/* Explicit congestion notification: classic (RFC 3168) or, where c->accurate is set, accurate (accurate_ecn.h). Segments have the ECN field of their IP
 * header in ip_ecn. */
struct tcp_connection;

uint16_t ecn_syn_flags(struct tcp_connection *c); /* of the SYN or SYN+ACK about to leave */
void ecn_handshake(struct tcp_connection *c, const struct tcp_segment *syn);
void ecn_established(const struct tcp_connection *c);        /* tells what was agreed on */
uint8_t ecn_mark(struct tcp_connection *c, bool new_data);   /* the ECN field of a packet about to leave, */
uint16_t ecn_flags(struct tcp_connection *c, bool new_data); /* and the flags of its segment */
void ecn_received(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now);
bool ecn_echoed(const struct tcp_connection *c, const struct tcp_segment *segment); /* an ACK tells of congestion: ECE */

#endif
