/* A segment arrives (RFC 9293 section 3.10.7.4): the eight steps, for every state from SYN-RECEIVED on.
 *
 *   1 sequence number   PAWS (RFC 7323 section 5), then the window. What is outside is answered by an ACK, not too often, and dropped
 *   2 RST               exactly at RCV.NXT it ends the connection; elsewhere in the window it gets a challenge (RFC 5961 section 3)
 *   3 security          not here
 *   4 SYN               a challenge (RFC 5961 section 4); in SYN-RECEIVED a repeated SYN gets its SYN+ACK again
 *   5 ACK               acknowledgement.c; the states that wait for the ACK of our FIN move on
 *   6 URG               urgent.c: nothing, unless the application asked to be told
 *   7 text              receive_data(): queued in order, kept for later, or known already
 *   8 FIN               when everything before it is here
 *
 * Most segments of a running connection are predicted: ESTABLISHED, exactly the next in order or without data, no flags but ACK and PSH. They
 * skip the first four steps. Answers leave at the end, once: output() sends data, which carries the ACK; ack_decide() sends or
 * delays it when none went.
 *
 * The acceptance test is Linux's rather than the RFC's four-row table: what ends at or behind the last acknowledgement sent and starts
 * at or before the window's right edge is looked at. That keeps ACKs useful while the window is zero, as RFC 9293 asks; data
 * outside the window is cut off in receive_data(). */
#include <assert.h>

#include "base/error.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/receive_memory.h"
#include "transport/tcp/receive_window.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/user_timeout.h"

#define PAWS_VALID_NS                                                                                                          \
    (INT64_C(24) * 24 * 3600 * NS_PER_S) /* RFC 7323 5.5: an idle connection's timestamp proves nothing for ever */

/* RFC 7323 section 4.3: TS.Recent moves only with segments that span the last acknowledgement sent. */
void timestamp_accept(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    if (segment->options & TCP_OPTION_TIMESTAMPS && c->flags & CONNECTION_TIMESTAMPS &&
        sequence_at_most(segment->sequence, c->rcv.wup) &&
        ((int32_t)(segment->timestamp - c->ts.recent) >= 0 || instant_since(now, c->ts.recent_time) > PAWS_VALID_NS)) {
        c->ts.recent = segment->timestamp;
        c->ts.recent_time = now;
    }
}

static bool timestamp_old(const struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    return c->flags & CONNECTION_TIMESTAMPS && segment->options & TCP_OPTION_TIMESTAMPS &&
           (int32_t)(segment->timestamp - c->ts.recent) < 0 && instant_since(now, c->ts.recent_time) <= PAWS_VALID_NS;
}

/* An old duplicate of a pure ACK is harmless and not worth an answer (RFC 7323 5.3 R1 would send one; Linux lets it pass the same way). */
static bool in_window(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    return !sequence_before(tcp_segment_end(segment), c->rcv.wup) && !sequence_after(segment->sequence, receive_edge(c));
}

static void drop(struct tcp_connection *c, struct frame *frame, enum drop_reason reason)
{
    node_drop(c->socket.tcp->node, frame, reason);
}

static void reset_received(struct tcp_connection *c)
{
    event_reset_received(c);
    int handshake = c->flags & CONNECTION_FAST_OPEN ? IMP_RESET : IMP_REFUSED;
    fast_open_end(c, true);
    switch ((enum tcp_state)c->socket.state) {
    case TCP_SYN_RECEIVED: connection_end(c, handshake); break;
    case TCP_CLOSING:
    case TCP_LAST_ACK:
    case TCP_TIME_WAIT: connection_end(c, c->flags & CONNECTION_FIN_RECEIVED && c->send.length == 0 ? 0 : IMP_RESET); break;
    default: connection_end(c, IMP_RESET); break;
    }
}

/* With accurate ECN a client tells how each of the peer's SYN+ACKs came (RFC 9768 section 3.2.2.1). */
static void challenge_syn(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    if (c->accurate) {
        accurate_syn_again(c, segment);
        c->accurate->reflects = true;
    }
    ack_challenge(c, now);
    if (c->accurate)
        c->accurate->reflects = false;
}

/* SYN-RECEIVED, and the peer's SYN comes again. Who listens answers as before, but not to each of many. Where both asked it is a segment below the
 * window as any other (RFC 9293 3.10.7.4, first step): the SYN+ACK goes again by its timer. */
static void syn_again(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    if (c->accurate)
        accurate_syn_again(c, segment);
    if (!c->opening->listener && !(c->flags & CONNECTION_FAST_OPEN))
        ack_challenge(c, now);
    else if (!ack_rate_limited(c, now))
        output_syn(c, NULL, now);
}

/* Steps 1 to 4. False: the segment is dealt with, and so is the frame. */
static bool acceptable(struct tcp_connection *c, const struct tcp_segment *segment, struct frame *frame, struct instant now)
{
    bool reset = segment->flags & TCP_RST;
    if (!reset && timestamp_old(c, segment, now)) {
        ack_duplicate(c, segment, now);
        drop(c, frame, DROP_TCP_PAWS);
        return false;
    }
    bool repeated_syn =
        c->socket.state == TCP_SYN_RECEIVED && segment->flags & TCP_SYN && sequence_equal(segment->sequence, c->rcv.irs);
    if (repeated_syn && segment->flags & TCP_ACK && !reset && sequence_equal(segment->acknowledgement, c->snd.nxt))
        return true; /* the answer of a simultaneous open: taken for its ACK */
    if (repeated_syn && !reset) {
        syn_again(c, segment, now);
        frame_release(frame);
        return false;
    }
    if (!in_window(c, segment)) {
        if (!reset)
            ack_duplicate(c, segment, now);
        drop(c, frame, DROP_TCP_OUT_OF_WINDOW);
        return false;
    }
    if (reset) {
        if (sequence_equal(segment->sequence, c->rcv.nxt)) {
            reset_received(c);
            frame_release(frame);
        } else {
            fast_open_strange_reset(c, now);
            ack_challenge(c, now);
            drop(c, frame, DROP_TCP_INVALID);
        }
        return false;
    }
    if (segment->flags & TCP_SYN) {
        challenge_syn(c, segment, now);
        drop(c, frame, DROP_TCP_INVALID);
        return false;
    }
    if (!(segment->flags & TCP_ACK)) {
        drop(c, frame, DROP_TCP_INVALID);
        return false;
    }
    return true;
}

/* Nobody accepts as fast as they come: tcp_abort_on_overflow tells the peer at once, where it would try again otherwise. */
static void overflow_reset(struct tcp_connection *c, const struct packet_info *info, const struct tcp_segment *segment)
{
    event_reset_sent(c->socket.tcp, &c->socket.remote, c->socket.local.port, "the accept queue is full");
    reply_reset(c->socket.tcp, info, segment);
    connection_end(c, IMP_LIMIT);
}

/* Step 5 in SYN-RECEIVED. */
static bool syn_acknowledged(struct tcp_connection *c, const struct packet_info *info, const struct tcp_segment *segment,
                             struct frame *frame, struct instant now)
{
    if (!sequence_after(segment->acknowledgement, c->snd.iss) || sequence_after(segment->acknowledgement, c->snd.nxt)) {
        event_reset_sent(c->socket.tcp, &c->socket.remote, c->socket.local.port, "acknowledges what was never sent");
        reply_reset(c->socket.tcp, info, segment);
        drop(c, frame, DROP_TCP_INVALID);
        return false;
    }
    if (listener_defers(c) && segment->payload_bytes == 0 && !(segment->flags & TCP_FIN)) {
        c->flags |= CONNECTION_BARE_ACK; /* TCP_DEFER_ACCEPT: who says nothing is not let in yet */
        drop(c, frame, DROP_TCP_BACKLOG_FULL);
        return false;
    }
    if (!listener_established(c)) {
        if (c->socket.tcp->sysctls->abort_on_overflow)
            overflow_reset(c, info, segment);
        drop(c, frame, DROP_TCP_BACKLOG_FULL);
        return false;
    }
    if (!(segment->flags & TCP_SYN)) {
        c->snd.wnd = (uint32_t)segment->window << c->snd.scale;
        c->snd.wl1 = segment->sequence;
        if (c->snd.wnd > c->snd.wnd_max)
            c->snd.wnd_max = c->snd.wnd;
    }
    if (segment->flags & TCP_SYN) /* the peer has not heard us: it is still in SYN-RECEIVED */
        c->ack.pending |= ACK_WANTED | ACK_NOW;
    if (c->accurate)
        accurate_third(c, segment);
    handshake_done(c, segment, now);
    if (c->accurate && c->accurate->reflects)
        output_ack(c, now);
    if (c->sent.count) /* Fast Open: what was sent meanwhile */
        timer_restart_retransmit(c, now);
    syn_data_again(c, now);
    if (c->flags & CONNECTION_FIN_QUEUED) /* closed while opening */
        set_state(c, TCP_FIN_WAIT_1);
    return true;
}

/* Our FIN is acknowledged: the rest of step 5. */
static void fin_acknowledged(struct tcp_connection *c, struct instant now)
{
    if (!(c->flags & CONNECTION_FIN_SENT) || !sequence_equal(c->snd.una, c->snd.nxt) || c->sent.count)
        return;
    if (c->socket.state == TCP_FIN_WAIT_1) {
        set_state(c, TCP_FIN_WAIT_2);
        connection_tell(c);
        if (c->flags & CONNECTION_DETACHED)
            connection_orphan_wait(c, now);
    } else if (c->socket.state == TCP_CLOSING) {
        connection_time_wait(c, now);
    } else if (c->socket.state == TCP_LAST_ACK) {
        connection_end(c, 0);
    }
}

/* Step 8. RCV.NXT has reached the FIN. */
static void fin_received(struct tcp_connection *c, struct instant now)
{
    c->rcv.nxt = sequence_add(c->rcv.nxt, 1);
    c->flags |= CONNECTION_FIN_RECEIVED;
    c->flags &= ~(uint32_t)CONNECTION_FIN_AHEAD;
    c->ack.pending |= ACK_WANTED;
    c->ack.duplicate.end = c->ack.duplicate.start; /* there is nothing left to select from */
    reassembly_free(&c->reassembly);
    switch ((enum tcp_state)c->socket.state) {
    case TCP_ESTABLISHED: /* our own FIN may follow soon, and take the ACK along: Linux waits for it a little */
        set_state(c, TCP_CLOSE_WAIT);
        c->ack.pingpong = true;
        break;
    case TCP_FIN_WAIT_1:
        c->ack.pending |= ACK_NOW;
        set_state(c, TCP_CLOSING);
        break; /* its ACK of our FIN would have made it FIN-WAIT-2 already */
    case TCP_FIN_WAIT_2: connection_time_wait(c, now); return;
    default: assert(false && "a FIN cannot be received twice");
    }
    connection_tell(c);
}

/* What waited out of order and is now in turn. */
static void join_islands(struct tcp_connection *c)
{
    uint32_t bytes;
    struct frame *chain;
    while (c->reassembly && (chain = reassembly_take(&c->reassembly, c->rcv.nxt, &bytes)) != NULL) {
        c->rcv.nxt = sequence_add(c->rcv.nxt, bytes);
        c->count.bytes_received += bytes;
        while (chain) {
            struct frame *frame = chain;
            chain = frame->next;
            frame->next = NULL;
            c->rcv.memory += receive_buffer_add(&c->receive, c->socket.tcp->node->engine, frame, 0);
        }
    }
}

static void keep_for_later(struct tcp_connection *c, struct sequence start, struct frame *payload)
{
    struct sack_block duplicate;
    bool counted = receive_memory_counted(c);
    if (counted && c->flags & CONNECTION_SACK) /* without SACK the window stays, so that our ACKs count as duplicates */
        receive_window_grow(c, frame_total(payload), payload->charge, false);
    c->ack.pending |= ACK_WANTED | ACK_NOW; /* RFC 5681 4.2: a gap is told at once */
    if (reassembly_add(&c->reassembly, start, payload, &duplicate) != 0)
        c->socket.tcp->node->drops[DROP_TCP_BUFFER_FULL]++;
    if (!sequence_equal(duplicate.start, duplicate.end) && c->flags & CONNECTION_SACK)
        c->ack.duplicate = duplicate;
    if (counted)
        receive_tune_ahead(c);
}

static void queue_in_order(struct tcp_connection *c, struct frame *payload, uint32_t length, struct receive_charge charge)
{
    bool was_empty = c->receive.length == 0;
    c->rcv.memory += receive_buffer_add(&c->receive, c->socket.tcp->node->engine, payload, charge.spare);
    if (charge.memory)
        receive_window_grow(c, length, charge.memory, true);
    c->rcv.nxt = sequence_add(c->rcv.nxt, length);
    c->count.bytes_received += length;
    if (c->reassembly) {
        c->ack.pending |= ACK_WANTED | ACK_NOW; /* RFC 5681 4.2: and so is the filling of one */
        const struct island *first = &c->reassembly->islands[0];
        if (c->flags & CONNECTION_SACK && sequence_before(first->start, c->rcv.nxt)) /* it came again, in order this time */
            c->ack.duplicate =
                (struct sack_block){first->start, sequence_before(first->end, c->rcv.nxt) ? first->end : c->rcv.nxt};
        join_islands(c);
    }
    if (was_empty)
        connection_tell(c);
}

/* Linux since 6.17 does not cut what ends beyond the window (which RFC 9293 3.10.7.4 allows, but does not ask for): it is taken whole when the
 * application has read all that came before, and it is next in order or not more than the memory for twice the buffer. */
static bool beyond_welcome(const struct tcp_connection *c, struct sequence start, struct sequence end)
{
    return c->receive.length == 0 &&
           (sequence_at_most(start, c->rcv.nxt) ||
            sequence_distance(c->rcv.nxt, end) <= (receive_memory_counted(c) ? 1u : 2u) * c->rcv.limit);
}

/* What is not to be cut is refused whole: beyond all that was ever told it has to be welcome, and what was told may have been taken back. */
static bool outside(struct tcp_connection *c, const struct tcp_segment *segment, struct sequence start, struct sequence end,
                    struct instant now)
{
    if (sequence_after(end, receive_edge(c)) && !beyond_welcome(c, start, end)) {
        ack_duplicate(c, segment, now);
        return true;
    }
    struct sequence first = sequence_before(start, c->rcv.nxt) ? c->rcv.nxt : start;
    if (sequence_before(first, sequence_add(c->rcv.nxt, receive_window(c))))
        return false;
    c->ack.pending |= ACK_WANTED | ACK_NOW;
    ack_conversation_over(c);
    ack_quickly(c, 16);
    return true;
}

/* There is no memory for it. What is ahead of its turn vanishes without a word, so that nothing counts as a duplicate ACK; what is in turn is taken
 * all the same if there is nothing to read. */
static bool refused(struct tcp_connection *c, struct sequence start)
{
    if (sequence_after(start, c->rcv.nxt))
        return true;
    c->ack.pending |= ACK_WANTED | ACK_NOW | ACK_NO_MEMORY;
    return c->receive.length > 0;
}

/* The frame's payload from `start` to `end`, and what it is charged with. */
static struct frame *payload_of(struct frame *frame, const struct tcp_segment *segment, uint32_t skip, uint32_t length,
                                uint32_t memory)
{
    frame = frame_own(frame, 0);
    frame_pull(frame, segment->header_bytes);
    frame_trim(frame, skip + length);
    if (skip)
        frame_skip(frame, skip);
    frame->flags &= (uint16_t)~FRAME_TAIL_SUMMED;
    frame->charge = memory;
    return frame;
}

/* Steps 7 and 8. */
void receive_data(struct tcp_connection *c, const struct tcp_segment *segment, struct frame *frame, struct instant now)
{
    struct sequence start = sequence_add(segment->sequence, (segment->flags & TCP_SYN) != 0);
    struct sequence end = sequence_add(start, segment->payload_bytes);
    struct sequence edge = sequence_add(c->rcv.nxt, receive_window(c));
    bool fin = segment->flags & TCP_FIN;
    if (!sequence_after(sequence_add(end, fin), c->rcv.nxt)) { /* all of it is known: the peer missed our ACK */
        if (c->accurate && segment->payload_bytes)
            accurate_duplicate(c, start);
        if (c->flags & CONNECTION_SACK && segment->payload_bytes)
            c->ack.duplicate = (struct sack_block){start, end};
        c->ack.pending |= ACK_WANTED | ACK_NOW;
        ack_quickly(c, 16);
        frame_release(frame);
        return;
    }
    bool whole = c->socket.tcp->sysctls->whole_segments && segment->payload_bytes;
    bool old = sequence_before(start, c->rcv.nxt); /* its first part is */
    if (old && c->flags & CONNECTION_SACK)
        c->ack.duplicate = (struct sack_block){start, c->rcv.nxt};
    if (whole && outside(c, segment, start, end, now)) {
        drop(c, frame, DROP_TCP_OUT_OF_WINDOW);
        return;
    }
    if (!whole && sequence_after(end, edge)) { /* cut off what is beyond the window; a FIN may stand just behind it */
        c->ack.pending |= ACK_WANTED | ACK_NOW;
        fin = false;
        end = edge;
        if (!sequence_before(start, edge)) {
            drop(c, frame, DROP_TCP_OUT_OF_WINDOW);
            return;
        }
    }
    struct receive_charge charge = {0};
    if (receive_memory_counted(c) && segment->payload_bytes) {
        charge = receive_memory_charge(connection_headers(c) - TCP_HEADER_BYTES + frame_total(frame));
        if (!receive_memory_admit(c, start, segment->payload_bytes) && refused(c, start)) {
            drop(c, frame, DROP_TCP_BUFFER_FULL);
            return;
        }
    }
    uint32_t skip = old ? sequence_distance(start, c->rcv.nxt) : 0;
    start = sequence_add(start, skip);
    uint32_t length = sequence_distance(start, end);
    frame = payload_of(frame, segment, skip, length, charge.memory);
    if (length > 0 && segment->flags & TCP_SYN)
        c->ack.pending |= ACK_WANTED; /* what answers the SYN acknowledges it, and no rhythm begins with it (as Linux) */
    else if (length > 0)
        ack_data_received(c, segment, charge.memory, now);
    if (fin) {
        c->flags |= CONNECTION_FIN_AHEAD;
        seldom_of(&c->seldom)->fin = end;
        bool calm = sequence_equal(start, c->rcv.nxt) && sequence_after(edge, c->rcv.nxt); /* in order, and there was room */
        c->ack.pending |= calm ? ACK_WANTED : ACK_WANTED | ACK_NOW;
    }
    if (length == 0)
        frame_release(frame);
    else if (sequence_equal(start, c->rcv.nxt))
        queue_in_order(c, frame, length, charge);
    else
        keep_for_later(c, start, frame);
    if (c->flags & CONNECTION_FIN_AHEAD && sequence_equal(c->rcv.nxt, c->seldom->fin))
        fin_received(c, now);
}

static bool may_receive(const struct tcp_connection *c)
{
    return c->socket.state == TCP_ESTABLISHED || c->socket.state == TCP_FIN_WAIT_1 || c->socket.state == TCP_FIN_WAIT_2;
}

/* Data for an owner who has let go is lost, and the peer must hear that (RFC 9293 3.6.1, RFC 2525 2.17). */
static bool nobody_reads(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    return c->flags & CONNECTION_DETACHED && segment->payload_bytes > 0 &&
           sequence_after(tcp_segment_end(segment), c->rcv.nxt) && may_receive(c);
}

static bool predicted(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    return c->socket.state == TCP_ESTABLISHED && (segment->flags & ~TCP_PSH) == TCP_ACK &&
           sequence_equal(segment->sequence, c->rcv.nxt) &&
           (!(segment->options & TCP_OPTION_TIMESTAMPS) || (int32_t)(segment->timestamp - c->ts.recent) >= 0);
}

void connection_input(struct tcp_connection *c, const struct packet_info *info, const struct tcp_segment *segment,
                      struct frame *frame, struct instant now)
{
    c->count.segments_received++;
    c->count.data_segments_received += segment->payload_bytes > 0;
    if (c->socket.state == TCP_SYN_SENT) {
        syn_sent_input(c, segment, frame, now);
        return;
    }
    if (!predicted(c, segment) && !acceptable(c, segment, frame, now))
        return;
    if (c->socket.state == TCP_SYN_RECEIVED && !syn_acknowledged(c, info, segment, frame, now))
        return;
    if (c->accurate)
        accurate_received(c, segment);
    if (!sequence_after(segment->acknowledgement, c->snd.nxt) && !sequence_before(segment->acknowledgement, c->snd.una))
        timestamp_accept(c, segment, now);
    if (segment->options & TCP_OPTION_USER_TIMEOUT)
        user_timeout_received(c, segment);
    c->last_heard = now;
    c->keep_alive_probes = 0;
    if (!acknowledgement_input(c, segment, now)) {
        drop(c, frame, DROP_TCP_INVALID);
        return;
    }
    fin_acknowledged(c, now);
    if (nobody_reads(c, segment)) {
        event_reset_sent(c->socket.tcp, &c->socket.remote, c->socket.local.port, "data came, and nobody will read it");
        reply_reset(c->socket.tcp, info, segment); /* as if no connection were here */
        connection_end(c, IMP_CLOSED);
    }
    if ((segment->flags & TCP_URG || c->seldom->urgent.state == URGENT_ANNOUNCED) && may_receive(c))
        urgent_received(c, segment, frame);
    if (c->socket.state != TCP_CLOSED && (segment->payload_bytes || segment->flags & TCP_FIN)) {
        if (may_receive(c)) {
            ecn_received(c, segment, now);
            receive_data(c, segment, frame, now);
            frame = NULL;
        } else if (sequence_before(segment->sequence, c->rcv.nxt)) {
            c->ack.pending |=
                ACK_WANTED | ACK_NOW; /* the peer missed our ACK; what is behind its FIN is ignored (RFC 9293 3.10.7.4) */
        }
    }
    if (c->socket.state != TCP_CLOSED && !(c->flags & CONNECTION_DEAD)) {
        output(c, now);
        ack_decide(c, now);
    }
    frame_release(frame);
}
