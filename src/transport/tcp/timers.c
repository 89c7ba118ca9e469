/* Time in a connection: one engine timer, eight deadlines.
 *
 * Each concern writes its deadline into `due`; the connection's single timer is in the engine's queue at the earliest of them, or earlier.
 * Moving a deadline later, as every ACK does to the retransmission timer, touches only the array: the timer then goes off too early,
 * finds nothing due, and is set again. So the queue sees at most a few entries per round trip, not one per segment.
 *
 *   RETRANSMIT  RTO after the last ACK that acknowledged something (RFC 6298), doubled each time; SYN and SYN+ACK likewise
 *   PERSIST     the same backoff while the peer's window is closed (RFC 9293 3.8.6.1)
 *   ACK         the delayed acknowledgement
 *   KEEP_ALIVE  2 hours of silence, then a probe each 75 s, nine of them (RFC 9293 3.8.4)
 *   LIFE        FIN-WAIT-2 without an owner, TIME-WAIT with one: 60 s
 *   REORDER, PROBE, PACE  belong to the rooms that are named so
 *
 * Giving up. Data is retransmitted until the silence has lasted as long as tcp_retries2 timeouts from the least RTO would (924.6
 * s), as Linux counts; a connection without an owner is given tcp_orphan_retries. What the path complained about meanwhile
 * (ICMP) then is the error told.
 *
 * When the timer goes off with nothing outstanding, the connection has been quiet, and gives its retransmission ring back, and what it knew of
 * the last repair; and the array too, when no deadline is left in it. */
#include <assert.h>

#include "base/error.h"
#include "transport/limits.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/user_timeout.h"

enum { THIN_SEGMENTS = 4, THIN_RETRIES = 6 }; /* Linux's */

static void connection_fire(struct timer *timer, struct instant now);

void timer_due(struct tcp_connection *c, enum tcp_timer which, struct instant due)
{
    if (instant_is_never(due)) {
        timer_clear(c, which);
        return;
    }
    if (!c->due) {
        c->due = memory_grow(NULL, TIMER_COUNT, sizeof *c->due);
        for (unsigned i = 0; i < TIMER_COUNT; i++)
            c->due[i] = INSTANT_NEVER;
    }
    c->due[which] = due;
    if (!timer_pending(&c->timer) || instant_before(due, c->timer.due))
        timer_set(c->socket.tcp->node, &c->timer, due, connection_fire);
}

void timer_clear(struct tcp_connection *c, enum tcp_timer which)
{
    if (c->due)
        c->due[which] = INSTANT_NEVER;
}

void timers_clear(struct tcp_connection *c)
{
    memory_free(c->due);
    c->due = NULL;
}

/* RFC 5482: once something was sent again, no timer lasts longer than the user's patience (which ends it exactly then, as in Linux). */
static struct instant user_timeout_bound(const struct tcp_connection *c, struct instant due, struct instant now)
{
    if (!user_timeout_ms(c) || (!c->retries && !c->probes))
        return due;
    struct instant end = instant_add(c->repair->first_retransmit, user_timeout_ms(c) * NS_PER_MS);
    return instant_min(due, instant_max(end, instant_add(now, NS_PER_MS)));
}

/* As Linux since 6.5, the first so many SYNs follow each other at the same interval: it is loss rather than congestion that ate them, most of
 * the time. A socket that counts its SYNs itself (TCP_SYNCNT) has that count, and each wait twice as long as the one before. */
static uint32_t syn_linear(const struct tcp_connection *c)
{
    bool asks = c->socket.state == TCP_SYN_SENT && !c->seldom->personal.syn_count;
    return asks ? c->socket.tcp->sysctls->syn_linear_timeouts : 0;
}

void timer_restart_retransmit(struct tcp_connection *c, struct instant now)
{
    bool syn = c->socket.state == TCP_SYN_SENT || c->socket.state == TCP_SYN_RECEIVED;
    uint32_t linear = syn ? syn_linear(c) : 0, tries = syn ? c->opening->syn_retries : 0;
    uint32_t backoff = tries > linear ? tries - linear : 0;
    if (syn)
        timer_due(c, TIMER_RETRANSMIT, instant_add(now, rtt_backed_off_ns(&c->rtt, backoff)));
    else if (c->sent.count)
        timer_due(c, TIMER_RETRANSMIT, user_timeout_bound(c, instant_add(now, rtt_backed_off_ns(&c->rtt, c->backoff)), now));
    else
        timer_clear(c, TIMER_RETRANSMIT);
    timer_clear(c, TIMER_PROBE);
}

static void give_up(struct tcp_connection *c)
{
    connection_end(c, c->seldom->soft_error ? c->seldom->soft_error : IMP_TIMEOUT);
}

/* How long `retries` doublings from the least RTO last. */
static int64_t patience_ns(unsigned retries)
{
    int64_t total = 0, step = TCP_RTO_MIN_NS;
    for (unsigned i = 0; i <= retries; i++) {
        total += step;
        step = step * 2 < TCP_RTO_MAX_NS ? step * 2 : TCP_RTO_MAX_NS;
    }
    return total;
}

static void syn_timeout(struct tcp_connection *c, struct instant now)
{
    struct opening *opening = c->opening;
    bool answer = c->socket.state == TCP_SYN_RECEIVED;
    uint32_t asks =
        c->seldom->personal.syn_count ? c->seldom->personal.syn_count : c->socket.tcp->sysctls->syn_retries + syn_linear(c);
    uint32_t most = answer ? c->socket.tcp->sysctls->synack_retries + ((c->flags & CONNECTION_FAST_OPEN) != 0) : asks;
    fast_open_silence(c, opening->syn_retries, opening->syn_retries >= most, now);
    if (opening->syn_retries >= most) {
        give_up(c);
        return;
    }
    uint32_t deferred = answer && c->flags & CONNECTION_BARE_ACK ? listener_defers(c) : 0;
    opening->syn_retries++;
    if (deferred &&
        opening->syn_retries < deferred) { /* the peer has our SYN, and only its data is awaited: asked again at the end */
        timer_restart_retransmit(c, now);
        return;
    }
    c->count.retransmits++;
    output_syn(c, NULL, now);
}

/* A peer that took back its whole window but goes on to answer is not dead, however long that lasts: what is sent again are window probes
 * (RFC 9293 3.8.6 and 3.8.6.1). Only its silence counts then, as in Linux; who has no owner is not given that much. */
static bool silence_over(const struct tcp_connection *c, struct instant now)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    int64_t user = user_timeout_ms(c) * NS_PER_MS, silence = instant_since(now, c->repair->first_retransmit);
    bool orphan = c->flags & CONNECTION_DETACHED;
    if (c->snd.wnd > 0 || orphan)
        return silence >= (user ? user : patience_ns(orphan ? sysctls->orphan_retries : sysctls->retries2));
    int64_t patience = user ? user : 2 * c->rtt.most_ms * NS_PER_MS;
    return silence > patience && instant_since(now, c->last_heard) > patience;
}

/* tcp_thin_linear_timeouts: a stream of a few small segments fills no queue, and loses much by a doubled wait. */
static bool thin(const struct tcp_connection *c)
{
    return c->socket.tcp->sysctls->thin_linear_timeouts && c->socket.state == TCP_ESTABLISHED &&
           c->sent.count < THIN_SEGMENTS && c->congestion.ssthresh != UINT32_MAX && c->retries <= THIN_RETRIES;
}

static void retransmit_timeout(struct tcp_connection *c, struct instant now)
{
    if (c->socket.state == TCP_SYN_SENT || c->socket.state == TCP_SYN_RECEIVED) {
        syn_timeout(c, now);
        return;
    }
    if (c->flags & CONNECTION_PATH_SHRANK) {
        c->flags &= ~(uint32_t)CONNECTION_PATH_SHRANK;
        recovery_path_shrank(c, now);
        timer_restart_retransmit(c, now);
        return;
    }
    if (!c->sent.count)
        return;
    struct instant departure = small_queue_departure(c, sent_at(&c->sent, 0));
    if (!instant_reached(now, departure)) {
        timer_due(c, TIMER_RETRANSMIT, instant_add(departure, rtt_backed_off_ns(&c->rtt, c->backoff)));
        return;
    }
    if (c->retries == 0)
        repair_of(&c->repair)->first_retransmit = now;
    bool over = silence_over(c, now);
    fast_open_silence(c, c->retries, over, now);
    if (over) {
        give_up(c);
        return;
    }
    if (c->socket.tcp->sysctls->mtu_probing && c->retries &&
        instant_since(now, c->repair->first_retransmit) >= patience_ns(c->socket.tcp->sysctls->retries1))
        path_probe_silence(c, now);
    event_timeout(c, rtt_backed_off_ns(&c->rtt, c->backoff));
    c->count.timeouts++;
    recovery_timeout(c, now);
    if (c->retries < UINT8_MAX)
        c->retries++;
    c->backoff = thin(c) ? 0 : c->backoff < 30 ? c->backoff + 1 : 30;
    timer_restart_retransmit(c, now);
}

static void persist_timeout(struct tcp_connection *c, struct instant now)
{
    if (c->sent.count || !sequence_before(c->snd.nxt, output_end(c)))
        return;
    bool orphan = c->flags & CONNECTION_DETACHED;
    if (c->probes == 0)
        repair_of(&c->repair)->first_retransmit = now;
    int64_t silence = instant_since(now, c->repair->first_retransmit);
    bool patience_over = user_timeout_ms(c) && silence >= user_timeout_ms(c) * NS_PER_MS;
    if (patience_over || c->probes >= (orphan ? c->socket.tcp->sysctls->orphan_retries : c->socket.tcp->sysctls->retries2)) {
        give_up(c);
        return;
    }
    c->probes++;
    if (c->backoff < 30)
        c->backoff++;
    output_persist(c, now);
    if (!c->sent.count)
        timer_due(c, TIMER_PERSIST, user_timeout_bound(c, instant_add(now, rtt_backed_off_ns(&c->rtt, c->backoff)), now));
}

int64_t keep_alive_idle_ns(const struct tcp_connection *c)
{
    return (c->seldom->personal.keep_idle_s ? c->seldom->personal.keep_idle_s : c->socket.tcp->sysctls->keepalive_time_s) *
           NS_PER_S;
}

void timer_keep_alive(struct tcp_connection *c, struct instant now)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    int64_t idle_ns = keep_alive_idle_ns(c);
    uint32_t most = c->seldom->personal.keep_count ? c->seldom->personal.keep_count : sysctls->keepalive_probes;
    uint32_t interval_s =
        c->seldom->personal.keep_interval_s ? c->seldom->personal.keep_interval_s : sysctls->keepalive_intvl_s;
    struct instant heard = c->last_heard;
    if (!(c->flags & CONNECTION_KEEP_ALIVE))
        return;
    if (c->sent.count || sequence_before(c->snd.nxt, output_end(c)) || instant_since(now, heard) < idle_ns) {
        struct instant due = instant_add(heard, idle_ns); /* data of our own is its own probe */
        timer_due(c, TIMER_KEEP_ALIVE, instant_reached(now, due) ? instant_add(now, idle_ns) : due);
        return;
    }
    uint32_t patience_ms = user_timeout_ms(c); /* takes the place of the number of probes */
    bool over = patience_ms ? c->keep_alive_probes > 0 && instant_since(now, heard) >= patience_ms * NS_PER_MS
                            : c->keep_alive_probes >= most;
    if (over) {
        output_reset(c, now);
        give_up(c);
        return;
    }
    c->keep_alive_probes++;
    event_probe(c, "asks whether the other side is still there");
    output_probe(c, now);
    timer_due(c, TIMER_KEEP_ALIVE, instant_add(now, interval_s * NS_PER_S));
}

static void fire_one(struct tcp_connection *c, enum tcp_timer which, struct instant now)
{
    switch (which) {
    case TIMER_RETRANSMIT: retransmit_timeout(c, now); break;
    case TIMER_PERSIST: persist_timeout(c, now); break;
    case TIMER_ACK: ack_timer(c, now); break;
    case TIMER_KEEP_ALIVE: timer_keep_alive(c, now); break;
    case TIMER_LIFE: connection_end(c, c->socket.state == TCP_TIME_WAIT ? 0 : IMP_TIMEOUT); break;
    case TIMER_REORDER: rack_reorder_timeout(c, now); break;
    case TIMER_PROBE: probe_send(c, now); break;
    case TIMER_PACE:
        if (c->sent.lost)
            recovery_retransmit(c, now);
        output(c, now);
        break;
    case TIMER_COUNT: break;
    }
}

/* Nothing is out. What is kept of a repair means nothing then, unless the silence of a peer that keeps its window closed is measured, or the peer may
 * yet say that it was needless: that takes it a round trip at most. */
static void quiet(struct tcp_connection *c, struct instant now)
{
    retransmit_queue_free(&c->sent);
    if (c->recovery.state != RECOVERY_OPEN)
        return;
    if (c->recovery.undo_possible) {
        struct instant over = instant_add(c->last_send, rtt_backed_off_ns(&c->rtt, 0));
        if (instant_reached(now, over))
            c->recovery.undo_possible = false;
        else if (!timer_pending(&c->timer) || instant_before(over, c->timer.due))
            timer_set(c->socket.tcp->node, &c->timer, over, connection_fire);
    }
    if (!c->recovery.undo_possible && !c->retries && !c->probes)
        repair_free(&c->repair);
}

static void connection_fire(struct timer *timer, struct instant now)
{
    struct tcp_connection *c = container_of(timer, struct tcp_connection, timer);
    struct tcp *tcp = c->socket.tcp;
    for (unsigned i = 0; i < TIMER_COUNT && c->socket.state != TCP_CLOSED; i++) {
        if (!instant_reached(now, timer_when(c, (enum tcp_timer)i)))
            continue;
        timer_clear(c, (enum tcp_timer)i);
        fire_one(c, (enum tcp_timer)i, now);
    }
    if (c->socket.state != TCP_CLOSED) {
        struct instant earliest = INSTANT_NEVER;
        for (unsigned i = 0; i < TIMER_COUNT; i++)
            earliest = instant_min(earliest, timer_when(c, (enum tcp_timer)i));
        if (!instant_is_never(earliest)) {
            timer_set(tcp->node, timer, earliest, connection_fire);
        } else {
            timers_clear(c);
        }
        if (c->sent.count == 0)
            quiet(c, now);
    }
    bury(tcp);
}
