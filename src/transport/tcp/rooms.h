#ifndef IMP_TRANSPORT_TCP_ROOMS_H
#define IMP_TRANSPORT_TCP_ROOMS_H

#include "transport/tcp/ack_news.h"
#include "transport/tcp/connection.h"
#include "transport/tcp/tcp_internal.h"
#include "transport/tcp/timers.h"

struct fast_open_cookie;
/* What each room of TCP offers the others, by file. Segments and frames are handed down from tcp.c; `now` is the event's time. */

/* tcp.c: the table of sockets, ports, initial sequence numbers */
struct tcp_socket *demux_find(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote);
struct tcp_listener *demux_find_listener(struct tcp *tcp, const struct endpoint *local);
void demux_add(struct tcp *tcp, struct tcp_socket *socket);
void demux_remove(struct tcp *tcp, struct tcp_socket *socket);
bool port_free(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote);
/* Fills in local->port, from the settings' range; IMP_IN_USE. */
int port_choose(struct tcp *tcp, const struct tcp_settings *settings, struct endpoint *local, const struct endpoint *remote);
struct sequence initial_sequence(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote,
                                 struct instant now);
uint32_t timestamp_offset(struct tcp *tcp, const struct endpoint *local, const struct endpoint *remote);
static inline uint32_t timestamp_clock(struct instant now) { return (uint32_t)(now.ns / NS_PER_MS); }
static inline struct instant tcp_now(const struct tcp *tcp) { return engine_now(tcp->node->engine); }

/* connection.c: birth, states, death */
struct tcp_connection *connection_create(struct tcp *tcp, const struct tcp_settings *settings, const struct endpoint *local,
                                         const struct endpoint *remote, const struct path *path);
uint8_t connection_window_scale(const struct tcp *tcp, const struct tcp_settings *settings);
void set_state(struct tcp_connection *c, enum tcp_state to); /* the only transition; tells "tcp-state" */
void connection_end(struct tcp_connection *c, int error);    /* to CLOSED; told to the owner, freed later when there is none */
void connection_time_wait(struct tcp_connection *c, struct instant now);
void connection_orphan_wait(struct tcp_connection *c, struct instant now); /* in FIN-WAIT-2 without an owner */
void connection_detach(struct tcp_connection *c);
void connection_tell(struct tcp_connection *c); /* calls `changed` */
void bury(struct tcp *tcp);                     /* frees the dead; at the end of every way in */
void connection_free(struct tcp_connection *c); /* no word to anyone */

/* time_wait.c */
void time_wait_create(struct tcp_connection *c, struct instant expires);
void time_wait_input(struct tcp_time_wait *tw, const struct packet_info *info, const struct tcp_segment *segment,
                     struct frame *frame_taken, struct instant now);
bool time_wait_reusable(const struct tcp_socket *socket, bool bound, struct instant now); /* a connection may take its place */
void time_wait_free(struct tcp_time_wait *tw);

/* listener.c */
void listener_input(struct tcp_listener *listener, const struct packet_info *info, const struct tcp_segment *segment,
                    struct frame *frame_taken, struct instant now);
bool listener_established(struct tcp_connection *c); /* false: the queue is full, the ACK is to be ignored */
/* Retransmissions of the SYN+ACK that a connection waits through for its first data (TCP_DEFER_ACCEPT); 0: it does not, or no longer. */
uint32_t listener_defers(const struct tcp_connection *c);
void listener_forget(struct tcp_connection *c); /* it leaves the listener's queues */
void tcp_listener_close(struct tcp_listener *listener);

/* input.c, handshake.c */
void connection_input(struct tcp_connection *c, const struct packet_info *info, const struct tcp_segment *segment,
                      struct frame *frame_taken, struct instant now);
void syn_sent_input(struct tcp_connection *c, const struct tcp_segment *segment, struct frame *frame_taken, struct instant now);
void handshake_options(struct tcp_connection *c, const struct tcp_segment *syn, struct instant now);
/* To ESTABLISHED; the segment acknowledges our SYN, and perhaps what was on it. */
void handshake_done(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now);
void receive_data(struct tcp_connection *c, const struct tcp_segment *segment, struct frame *frame_taken, struct instant now);
void timestamp_accept(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now);

/* acknowledgement.c: what the peer's ACKs say (false: not acceptable); recovery.c: what to do about loss */
bool acknowledgement_input(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now);
void recovery_acknowledged(struct tcp_connection *c, struct ack_news *news);
void recovery_duplicate_reported(struct tcp_connection *c); /* a D-SACK, when nothing is out any more */
void recovery_timeout(struct tcp_connection *c, struct instant now);
void recovery_retransmit(struct tcp_connection *c, struct instant now); /* sends what is taken for lost, as cwnd allows */
void recovery_without_congestion(struct tcp_connection *c);             /* what is marked lost was lost to something else */
void recovery_path_shrank(struct tcp_connection *c, struct instant now);
void recovery_mark_lost(struct tcp_connection *c, struct sent *sent);
void recovery_enter(struct tcp_connection *c, struct instant now);
void recovery_reduce_once(struct tcp_connection *c, struct instant now); /* a loss that is already repaired */
void recovery_first_segment(struct tcp_connection *c);                   /* PRR lets one out at least */
bool recovery_in_reduction(const struct tcp_connection *c);              /* PRR governs cwnd */

/* sack.c: the scoreboard; rack.c: losses by time, and the tail loss probe */
void sack_input(struct tcp_connection *c, struct ack_news *news);
/* `low` came after what was sent later, up to `high`. */
void sack_reordering_seen(struct tcp_connection *c, struct sequence low, struct sequence high);
void rack_advance(struct tcp_connection *c, const struct sent *sent, struct instant now); /* it arrived */
void rack_sent_again(struct tcp_connection *c, const struct sent *sent);                  /* its time is set */
void rack_scoreboard_changed(struct tcp_connection *c); /* marks were taken back: all is to be looked at again */
void rack_mark_lost(struct tcp_connection *c, const struct ack_news *news);
bool rack_recent(const struct tcp_connection *c, const struct sent *sent, struct instant now); /* too young to be lost */
void rack_adjust(struct tcp_connection *c, const struct ack_news *news);
void rack_reorder_timeout(struct tcp_connection *c, struct instant now);
bool probe_schedule(struct tcp_connection *c, struct instant now, bool after_ack); /* false: it is the RTO's turn */
void probe_send(struct tcp_connection *c, struct instant now);
void probe_acknowledged(struct tcp_connection *c, const struct ack_news *news);

/* ack_policy.c: when to acknowledge */
/* `memory`: what it costs a counted buffer. */
void ack_data_received(struct tcp_connection *c, const struct tcp_segment *segment, uint32_t memory, struct instant now);
void ack_decide(struct tcp_connection *c, struct instant now);       /* after a segment was processed */
void ack_with_request(struct tcp_connection *c, struct instant now); /* of a SYN+ACK, when a writer waits */
void ack_sent(struct tcp_connection *c, struct instant now);         /* a segment with ACK left */
void ack_data_sent(struct tcp_connection *c, struct instant now);
void ack_timer(struct tcp_connection *c, struct instant now);
void ack_after_read(struct tcp_connection *c, struct instant now);
void ack_quickly(struct tcp_connection *c, unsigned count);
void ack_conversation_over(struct tcp_connection *c); /* answers do not follow data soon: ACKs do not wait for one */
/* The answer to an unacceptable one, rate-limited. */
void ack_duplicate(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now);
void ack_challenge(struct tcp_connection *c, struct instant now); /* RFC 5961 */
/* Whether something that carries nothing was answered within tcp_invalid_ratelimit; else this answer counts. */
bool ack_rate_limited(struct tcp_connection *c, struct instant now);

/* output.c */
void output(struct tcp_connection *c, struct instant now); /* sends what may be sent */
void output_ack(struct tcp_connection *c, struct instant now);
/* SYN or SYN+ACK, by state; `cookie` for its Fast Open option, NULL: none */
void output_syn(struct tcp_connection *c, const struct fast_open_cookie *cookie, struct instant now);
void output_reset(struct tcp_connection *c, struct instant now);
int output_sent(struct tcp_connection *c, uint32_t index, struct instant now); /* (re)transmits a record of the queue */
void output_probe(struct tcp_connection *c, struct instant now);               /* an old byte, that must be answered */
void output_new(struct tcp_connection *c, uint32_t length, bool fin, struct instant now); /* the next bytes, as one segment */
bool output_one_more(struct tcp_connection *c, struct instant now); /* past cwnd, within the window: a probe */
void output_persist(struct tcp_connection *c, struct instant now);  /* the persist timer went off */
uint32_t output_mss(struct tcp_connection *c);                      /* payload of a full segment now */
/* small_queue.c: what waits at the node's own wire. Around each transmission; may another piece go? when does this one leave? */
void small_queue_before(struct tcp_connection *c, struct instant now);
void small_queue_sent(struct tcp_connection *c, const struct sent *sent);
bool small_queue_full(struct tcp_connection *c, struct instant now);
struct instant small_queue_departure(const struct tcp_connection *c, const struct sent *sent);
bool output_paced(struct tcp_connection *c, struct instant now); /* it is not yet time for another segment */
struct sequence output_end(const struct tcp_connection *c);      /* behind the last byte in the send buffer */
int output_segment(struct tcp *tcp, const struct packet_info *info,
                   const struct tcp_segment *segment); /* a bare one, of no connection's */
void reply_reset(struct tcp *tcp, const struct packet_info *info, const struct tcp_segment *segment); /* RFC 9293 3.10.7.1 */

/* rate.c */
void rate_sent(struct tcp_connection *c, struct sent *sent, struct instant now);
void rate_delivered(struct tcp_connection *c, const struct sent *sent, struct ack_news *news);
void rate_sample(struct tcp_connection *c, const struct ack_news *news, struct congestion_ack *out);
void rate_check_app_limited(struct tcp_connection *c);

/* icmp.c */
bool tcp_icmp_error(struct stack *stack, void *context, const struct packet_info *info, struct bytes quoted,
                    const struct stack_error *error);

#endif
