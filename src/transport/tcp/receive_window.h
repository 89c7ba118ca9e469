#ifndef IMP_TRANSPORT_TCP_RECEIVE_WINDOW_H
#define IMP_TRANSPORT_TCP_RECEIVE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/tcp/connection.h"

/* The window that a connection offers, and how its receive buffer grows (receive_window.c). All in bytes of payload. */
uint32_t receive_window(const struct tcp_connection *c);      /* what is left of the window last offered */
struct sequence receive_edge(const struct tcp_connection *c); /* the furthest right edge that the peer was ever told */
uint32_t receive_window_full(const struct tcp_connection *c); /* the largest that the buffer allows */
uint32_t receive_window_first(const struct tcp_connection *c, uint32_t unit); /* for a SYN: in whole segments of `unit` bytes */
void receive_window_begin(struct tcp_connection *c, uint32_t window);     /* that was, or would have been, told on our SYN */
void receive_window_settle(struct tcp_connection *c, struct instant now); /* the handshake is over */
uint32_t receive_window_select(struct tcp_connection *c);                 /* to be told now */
void receive_window_told(struct tcp_connection *c, uint32_t window);
/* With a counted buffer the window may now be raised to less than was told before: then an ACK can wait. */
bool receive_window_advances(struct tcp_connection *c);
bool receive_window_doubles(struct tcp_connection *c); /* the reader has made room that is worth an ACK */
/* A segment of `payload` bytes came, which costs `memory`: of counted buffers, in order (then it is charged already) or ahead of it. */
void receive_window_grow(struct tcp_connection *c, uint32_t payload, uint32_t memory, bool in_order);
uint32_t receive_mss_told(const struct tcp_connection *c); /* in our SYN */
void receive_window_narrow(struct tcp_connection *c);      /* the buffer is over its bound */
void receive_ratio_learn(struct tcp_connection *c, uint32_t payload, uint32_t memory);
void receive_tune(struct tcp_connection *c, struct instant now); /* after a read */
void receive_tune_ahead(struct tcp_connection *c);               /* data came out of order */

#endif
