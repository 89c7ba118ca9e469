/* Congestion window validation: cwnd is worth only what the path was seen to bear (RFC 2861, RFC 7661).
 *
 * A window that the sender does not fill says nothing about the path. Three things follow. It must not grow (an application that trickles would
 * have a window of any size in the end); after a pause it must shrink, and when it was not filled for long, since others may have taken the room
 * meanwhile. That is done as in Linux, which follows RFC 2861, unless tcp_slow_start_after_idle is 0:
 *
 *   growth    only if cwnd was used to the full at some instant of the last round trip; in slow start, if more than half of it was
 *   a pause   of more than an RTO: cwnd is halved for each RTO, down to the initial window (also RFC 5681 section 4.1)
 *   an RTO of sending less than cwnd, with nothing waiting in a full buffer: cwnd goes half the way to the most that was out
 *
 * ssthresh then is three quarters of the old cwnd at least, so that slow start brings the window back quickly if the path is still free.
 *
 * RFC 7661 replaced that, since for traffic that comes in bursts (video, requests over one connection) it takes the window away in each lull. With
 * net.imp.tcp_window_validation 1 it is done so instead:
 *
 *   pipeACK           what was acknowledged in a round trip, the most of the last three round trips or second (section 4.2)
 *   validated         as long as pipeACK is half of cwnd at least (section 4.3): all is as ever
 *   non-validated     else: cwnd stays, and does not grow (section 4.4). Bursts may use it, for five minutes; then, and each five minutes later, it is
 *                     halved (section 4.4.3), and ssthresh is three quarters of what it was
 *   a loss meanwhile  is answered from max(pipeACK, what was out), not from cwnd (section 4.4.1)
 *
 * BBR, which does not go by what cwnd allows, is left out of all of it. No timers: time is looked at when something is sent. */
#include "transport/tcp/validation.h"

#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/sending.h"

#define NON_VALIDATED_NS (300 * NS_PER_S) /* RFC 7661 section 4.4.3: five minutes */

static bool by_7661(const struct tcp_connection *c)
{
    return c->socket.tcp->sysctls->window_validation && !c->congestion.ops->control;
}

static void threshold_remember(struct congestion *cc)
{
    uint32_t kept = cc->cwnd / 2 + cc->cwnd / 4;
    if (cc->ssthresh != UINT32_MAX && cc->ssthresh < kept)
        cc->ssthresh = kept;
}

/* ---- RFC 2861, as Linux ---- */

static bool is_limited(const struct tcp_connection *c)
{
    const struct congestion *cc = &c->congestion;
    return c->flags & CONNECTION_CWND_LIMITED || (cc->cwnd < cc->ssthresh && cc->cwnd < 2 * c->sending->validation.usage_out);
}

static void note_usage(struct tcp_connection *c, bool limited)
{
    struct validation *v = &sending_of(&c->sending)->validation;
    bool was = c->flags & CONNECTION_CWND_LIMITED;
    if (!sequence_before(c->snd.una, v->usage_end) || limited || (!was && c->sent.count > v->usage_out)) {
        c->flags = (c->flags & ~(uint32_t)CONNECTION_CWND_LIMITED) | (limited ? (uint32_t)CONNECTION_CWND_LIMITED : 0u);
        v->usage_out = c->sent.count;
        v->usage_end = c->snd.nxt;
    }
}

static void shrink_to_use(struct tcp_connection *c)
{
    struct congestion *cc = &c->congestion;
    uint32_t least = c->socket.tcp->sysctls->initial_window, used = sending_of(&c->sending)->validation.used;
    used = used > least ? used : least;
    bool waits = !tcp_writable(&c->socket); /* in a full buffer: then it is the receiver's window that limits, or ours */
    if (c->recovery.state != RECOVERY_OPEN || waits || used >= cc->cwnd)
        return;
    threshold_remember(cc);
    cc->cwnd = (cc->cwnd + used) / 2;
    event_window(c);
}

static void validate(struct tcp_connection *c, struct instant now)
{
    struct validation *v = &sending_of(&c->sending)->validation;
    if (is_limited(c)) {
        v->used = 0;
        v->since = now;
        return;
    }
    if (c->sent.count > v->used)
        v->used = c->sent.count;
    if (!c->socket.tcp->sysctls->slow_start_after_idle || c->congestion.ops->control || by_7661(c) ||
        instant_since(now, v->since) < rtt_timeout_ns(&c->rtt))
        return;
    shrink_to_use(c);
    v->used = 0;
    v->since = now;
}

void validation_after_idle(struct tcp_connection *c, struct instant now)
{
    struct congestion *cc = &c->congestion;
    int64_t rto = rtt_timeout_ns(&c->rtt), idle = instant_since(now, c->last_send);
    if (idle <= rto || !c->count.bytes_sent)
        return;
    if (cc->ops->event)
        cc->ops->event(cc, CONGESTION_RESTART, now);
    if (!c->socket.tcp->sysctls->slow_start_after_idle || cc->ops->control || by_7661(c))
        return;
    uint32_t least = c->socket.tcp->sysctls->initial_window;
    least = least < cc->cwnd ? least : cc->cwnd;
    threshold_remember(cc);
    for (idle -= rto; idle > 0 && cc->cwnd > least; idle -= rto)
        cc->cwnd /= 2;
    if (cc->cwnd < least)
        cc->cwnd = least;
    struct validation *v = &sending_of(&c->sending)->validation;
    v->used = 0;
    v->since = now;
}

/* ---- RFC 7661 ---- */

static uint32_t pipe_ack(const struct pipe_ack *pipe) { return pipe->most[0] > pipe->most[1] ? pipe->most[0] : pipe->most[1]; }

/* Undefined until a round trip was measured, which counts as validated (section 4.2). */
static bool is_validated(const struct tcp_connection *c)
{
    const struct pipe_ack *pipe = &c->seldom->pipe;
    return !pipe->measured || pipe_ack(pipe) >= c->congestion.cwnd / 2;
}

/* The maximum over a period of three round trips, or a second: as the best of its two halves. */
static void pipe_age(const struct tcp_connection *c, struct pipe_ack *pipe, struct instant now)
{
    int64_t period = 3 * c->rtt.smoothed_ns > NS_PER_S ? 3 * c->rtt.smoothed_ns : NS_PER_S;
    int64_t age = instant_since(now, pipe->since);
    if (age <= period / 2)
        return;
    pipe->most[1] = age > period ? 0 : pipe->most[0];
    pipe->most[0] = 0;
    pipe->since = now;
}

void validation_acknowledged(struct tcp_connection *c, struct instant now)
{
    struct pipe_ack *pipe = &seldom_of(&c->seldom)->pipe;
    if (!by_7661(c) || (pipe->begun && sequence_before(c->snd.una, pipe->round_end)))
        return;
    pipe_age(c, pipe, now);
    if (pipe->begun) {
        uint32_t sample = (uint32_t)(c->delivered - pipe->round_delivered);
        pipe->most[0] = sample > pipe->most[0] ? sample : pipe->most[0];
        pipe->measured = true;
    }
    pipe->begun = true;
    pipe->round_end = c->snd.nxt;
    pipe->round_delivered = c->delivered;
}

/* Five minutes of a window that was not filled. */
static void non_validated_over(struct tcp_connection *c, struct instant now)
{
    struct pipe_ack *pipe = &seldom_of(&c->seldom)->pipe;
    struct congestion *cc = &c->congestion;
    pipe_age(c, pipe, now);
    if (is_validated(c) || is_limited(c)) {
        pipe->validated = now;
        return;
    }
    if (instant_since(now, pipe->validated) < NON_VALIDATED_NS)
        return;
    uint32_t least = c->socket.tcp->sysctls->initial_window;
    threshold_remember(cc);
    if (cc->cwnd > least)
        cc->cwnd = cc->cwnd / 2 > least ? cc->cwnd / 2 : least;
    pipe->validated = now;
    event_window(c);
}

void validation_loss(struct tcp_connection *c)
{
    if (!by_7661(c) || is_validated(c))
        return;
    uint32_t pipe = pipe_ack(&c->seldom->pipe), out = c->sent.count;
    uint32_t used = pipe > out ? pipe : out;
    if (used < c->congestion.cwnd)
        c->congestion.cwnd = used > CONGESTION_WINDOW_LEAST ? used : CONGESTION_WINDOW_LEAST;
}

/* ---- both ---- */

bool validation_growth(const struct tcp_connection *c) { return by_7661(c) ? is_validated(c) && is_limited(c) : is_limited(c); }

void validation_sent(struct tcp_connection *c, bool limited, struct instant now)
{
    note_usage(c, limited);
    validate(c, now);
    if (by_7661(c))
        non_validated_over(c, now);
}
