#ifndef IMP_TRANSPORT_TCP_USER_TIMEOUT_H
#define IMP_TRANSPORT_TCP_USER_TIMEOUT_H

#include "transport/tcp/connection.h"

uint32_t user_timeout_agreed_ms(const struct tcp_connection *c);
/* How long sent data may go unacknowledged before the connection ends: milliseconds, 0 for as long as tcp_retries2 says. */
static inline uint32_t user_timeout_ms(const struct tcp_connection *c)
{
    return c->seldom->personal.user_timeout_ms || !c->seldom->user_timeout.remote_s ? c->seldom->personal.user_timeout_ms
                                                                                    : user_timeout_agreed_ms(c);
}
/* The option (RFC 5482). It goes on a SYN, on the first segment after it, and on data until a segment that had it is acknowledged. */
void user_timeout_changed(struct tcp_connection *c);                            /* there is something to tell */
void user_timeout_offer(struct tcp_connection *c, struct tcp_segment *segment); /* on a SYN, or a segment that has room */
void user_timeout_carried(struct tcp_connection *c, struct sequence end);       /* by data that ends there */
void user_timeout_received(struct tcp_connection *c, const struct tcp_segment *segment);
uint32_t user_timeout_room(struct tcp_connection *c); /* bytes of a segment that the option takes now */

#endif
