#ifndef IMP_TRANSPORT_TCP_VALIDATION_H
#define IMP_TRANSPORT_TCP_VALIDATION_H

#include "transport/tcp/connection.h"

/* Is what cwnd allows still known of the path (RFC 2861, RFC 7661)? */
void validation_sent(struct tcp_connection *c, bool limited, struct instant now); /* after sending; `limited`: cwnd ended it */
void validation_after_idle(struct tcp_connection *c,
                           struct instant now); /* before the first data after everything was acknowledged */
void validation_acknowledged(struct tcp_connection *c, struct instant now);
void validation_loss(struct tcp_connection *c);         /* before the window is reduced for congestion */
bool validation_growth(const struct tcp_connection *c); /* may cwnd grow? */

#endif
