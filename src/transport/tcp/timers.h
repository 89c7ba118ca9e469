#ifndef IMP_TRANSPORT_TCP_TIMERS_H
#define IMP_TRANSPORT_TCP_TIMERS_H

#include "transport/tcp/connection.h"

/* A connection's deadlines, all kept by one timer of the engine (timers.c). */
int64_t keep_alive_idle_ns(const struct tcp_connection *c);
void timer_due(struct tcp_connection *c, enum tcp_timer which, struct instant due); /* INSTANT_NEVER clears it */
void timer_clear(struct tcp_connection *c, enum tcp_timer which);
void timers_clear(struct tcp_connection *c);                                 /* all of them */
void timer_restart_retransmit(struct tcp_connection *c, struct instant now); /* by what is outstanding */
void timer_keep_alive(struct tcp_connection *c, struct instant now);
static inline struct instant timer_when(const struct tcp_connection *c, enum tcp_timer which)
{
    return c->due ? c->due[which] : INSTANT_NEVER;
}

#endif
