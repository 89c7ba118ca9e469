#ifndef IMP_TRANSPORT_TCP_EVENTS_H
#define IMP_TRANSPORT_TCP_EVENTS_H

#include "transport/tcp/ack_news.h"
#include "transport/tcp/connection.h"

/* TCP's typed events. Each function asks event_wanted() itself and is cheap when nobody listens. */
void event_state(const struct tcp_connection *c, enum tcp_state from, enum tcp_state to);
void event_syn(const struct tcp_connection *c, bool retransmitted);
void event_syn_ack(const struct tcp_connection *c, bool retransmitted);
void event_established(const struct tcp_connection *c);
void event_ecn(const struct tcp_connection *c, const char *what); /* agreed on */
void event_ecn_failed(const struct tcp_connection *c, const char *why);
void event_fin(const struct tcp_connection *c);
void event_reset_sent(const struct tcp *tcp, const struct endpoint *to, uint16_t local_port, const char *why);
void event_reset_received(const struct tcp_connection *c);
void event_retransmit(const struct tcp_connection *c, const struct sent *sent, const char *why);
void event_timeout(const struct tcp_connection *c, int64_t rto_ns);
void event_recovery(const struct tcp_connection *c, uint32_t cwnd, const char *why);
void event_zero_window(const struct tcp_connection *c, bool closed);
void event_probe(const struct tcp_connection *c, const char *why);
void event_user_timeout(const struct tcp_connection *c, int64_t told_ns, int64_t timeout_ns); /* the peer told of its own */
void event_path_probe(const struct tcp_connection *c, uint32_t mtu, const char *what);
void event_end(const struct tcp_connection *c, int error);
/* Samples, for plots: after each ACK, when the window moved without one, and for each segment with data that leaves. */
void event_acknowledged(const struct tcp_connection *c, const struct ack_news *news);
void event_window(const struct tcp_connection *c);
void event_segment(const struct tcp_connection *c, const struct sent *sent);

#endif
