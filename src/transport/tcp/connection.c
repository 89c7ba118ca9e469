/* A connection's life: how it comes to be, changes state, and ends.
 *
 * set_state() is the only place that writes a connection's state, and it tells the event "tcp-state". The states are those of RFC 9293
 * section 3.3.2. CLOSED is the end: the connection leaves the table, its timers and what it wanted to send are dropped; what it had
 * received stays readable, and `error` says why it ended. It is freed when its owner has let go too (CONNECTION_DETACHED), at
 * the end of the call that brought the later of the two about (bury()).
 *
 * TIME-WAIT comes in two sizes. While the owner still holds the socket, it is this same structure with its TIMER_LIFE running; once
 * nobody does, the connection is replaced by a struct tcp_time_wait of a fifth of the size.
 *
 * Memory. An established connection that never spoke is this structure alone: buffers, the retransmission queue and the reassembly
 * queue hold nothing when empty. What only the opening needs (opening.h) goes when it is established and accepted. The first write
 * takes what is learnt of the path (sending.h, and the congestion control's own), which stays; the first loss takes what its repair needs
 * (repair.h), which goes in the first quiet moment after it (timers.c). What few connections have is in seldom.h. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/receive_memory.h"
#include "transport/tcp/rooms.h"

const struct seldom SELDOM_NOTHING;

static uint32_t bounded(uint32_t asked, uint32_t least)
{
    return asked < least ? least : asked > LIMIT_TCP_BUFFER_ASKED ? (uint32_t)LIMIT_TCP_BUFFER_ASKED : asked;
}

uint8_t connection_window_scale(const struct tcp *tcp, const struct tcp_settings *settings)
{
    uint32_t most = settings->receive_buffer_bytes ? bounded(settings->receive_buffer_bytes, LIMIT_TCP_RECEIVE_BUFFER_LEAST)
                                                   : tcp->sysctls->rmem[2];
    uint8_t scale = 0;
    while (most >> scale > UINT16_MAX && scale < TCP_WINDOW_SCALE_MAX)
        scale++;
    return scale;
}

static void buffers_prepare(struct tcp_connection *c, const struct tcp_settings *settings)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    c->rtt.most_ms = sysctls->rto_max_ms;
    c->rtt.least_us = sysctls->rto_min_us;
    c->rtt.minimum_kept_s = sysctls->min_rtt_wlen_s;
    c->snd.limit = sysctls->wmem[1];
    c->rcv.ratio = sysctls->rmem_overhead ? RECEIVE_RATIO_FIRST : 0;
    c->rcv.limit = sysctls->rmem_overhead
                       ? sysctls->rmem[1]
                       : sysctls->rmem[1] / 2; /* the window that Linux offers: half is for its bookkeeping */
    if (settings->send_buffer_bytes) {
        c->snd.limit = bounded(settings->send_buffer_bytes, LIMIT_TCP_SEND_BUFFER_LEAST);
        c->flags |= CONNECTION_SEND_FIXED;
    }
    if (sysctls->wmem_overhead || (settings->send_buffer_bytes && settings->send_memory))
        c->flags |= CONNECTION_SEND_MEMORY;
    if (settings->send_buffer_bytes && c->flags & CONNECTION_SEND_MEMORY)
        c->snd.limit = bounded(2 * settings->send_buffer_bytes, LIMIT_TCP_SEND_BUFFER_LEAST);
    if (settings->receive_buffer_bytes) {
        uint32_t asked = settings->receive_buffer_bytes;
        c->rcv.limit = sysctls->rmem_overhead ? 2 * bounded(asked, LIMIT_TCP_RECEIVE_BUFFER_LEAST / 2)
                                              : bounded(asked, LIMIT_TCP_RECEIVE_BUFFER_LEAST);
        c->flags |= CONNECTION_RECEIVE_FIXED;
    }
    c->rcv.scale = connection_window_scale(c->socket.tcp, settings);
}

struct tcp_connection *connection_create(struct tcp *tcp, const struct tcp_settings *settings, const struct endpoint *local,
                                         const struct endpoint *remote, const struct path *path)
{
    struct instant now = tcp_now(tcp);
    struct tcp_connection *c = memory_take_zeroed(1, sizeof *c);
    c->socket = (struct tcp_socket){.tcp = tcp,
                                    .local = *local,
                                    .remote = *remote,
                                    .kind = SOCKET_CONNECTION,
                                    .state = TCP_CLOSED,
                                    .changed = settings->changed,
                                    .owner = settings->owner};
    list_push_back(&tcp->connections, &c->socket.link);
    tcp->connection_count++;
    demux_add(tcp, &c->socket);
    c->flags = (settings->no_delay ? CONNECTION_NO_DELAY : 0u) | (settings->keep_alive ? CONNECTION_KEEP_ALIVE : 0u);
    buffers_prepare(c, settings);
    c->ttl = settings->ttl;
    c->opening = memory_take_zeroed(1, sizeof *c->opening);
    c->opening->connection = c;
    c->seldom = &SELDOM_NOTHING;
    if (memcmp(&settings->personal, &SELDOM_NOTHING.personal, sizeof settings->personal) != 0)
        seldom_of(&c->seldom)->personal = settings->personal;
    if (settings->maximum_segment)
        seldom_of(&c->seldom)->mss_asked = settings->maximum_segment;
    c->mss_peer = remote->address.family == 4 ? 536 : 1220; /* RFC 9293 3.7.1, until its option says otherwise */
    c->mtu = (uint16_t)(path->mtu < UINT16_MAX ? path->mtu : UINT16_MAX);
    c->mtu_told = (uint16_t)(path->link_mtu < UINT16_MAX ? path->link_mtu : UINT16_MAX);
    if (c->mtu < LIMIT_TCP_MSS_LEAST + 20 + TCP_HEADER_BYTES)
        c->flags |= CONNECTION_MAY_FRAGMENT; /* IPv4 alone allows such a link (RFC 791: 68 bytes) */
    if (ip_is_link_local(&remote->address))
        seldom_of(&c->seldom)->interface = path->interface;
    c->pseudo_sum = stack_pseudo_sum(&local->address, &remote->address, PROTOCOL_TCP, 0);
    c->snd.iss = initial_sequence(tcp, local, remote, now);
    c->snd.una = c->snd.nxt = c->snd.partial_end = c->snd.iss;
    c->ts.offset = timestamp_offset(tcp, local, remote);
    c->recovery.reordering = tcp->sysctls->reordering;
    c->rack.steps = 1;
    c->recovery.high = c->snd.iss;
    c->last_heard = now;
    c->rcv.mss = 536;
    const struct congestion_ops *ops = congestion_find(settings->congestion);
    c->congestion.cwnd = tcp->sysctls->initial_window;
    c->congestion.ssthresh = UINT32_MAX;
    c->congestion.slow_start_exit = (uint8_t)tcp->sysctls->cubic_hystart;
    c->congestion.classic_signs = (uint8_t)tcp->sysctls->cubic_hystart_detect;
    c->congestion.unfriendly = !tcp->sysctls->cubic_friendliness;
    c->congestion.paced = tcp->sysctls->paced || settings->personal.pacing_most;
    congestion_start(&c->congestion, ops ? ops : tcp->congestion, now);
    connection_update_mss(c);
    return c;
}

void opening_over(struct tcp_connection *c)
{
    if (!c->opening || c->opening->listener || c->socket.state < TCP_ESTABLISHED)
        return;
    assert(!c->opening->fast_open);
    memory_free(c->opening);
    c->opening = NULL;
}

void set_state(struct tcp_connection *c, enum tcp_state to)
{
    enum tcp_state from = c->socket.state;
    assert(from != to);
    c->socket.state = (uint8_t)to;
    event_state(c, from, to);
}

void connection_tell(struct tcp_connection *c)
{
    if (c->socket.changed)
        c->socket.changed(&c->socket, c->socket.owner);
}

static void grave_add(struct tcp_connection *c)
{
    if (c->flags & CONNECTION_DEAD)
        return;
    c->flags |= CONNECTION_DEAD;
    demux_remove(c->socket.tcp, &c->socket);
    c->socket.chain = c->socket.tcp->graves ? &c->socket.tcp->graves->socket : NULL;
    c->socket.tcp->graves = c;
}

static void stop(struct tcp_connection *c)
{
    fast_open_end(c, false);
    timers_clear(c);
    timer_cancel(c->socket.tcp->node, &c->timer);
    send_buffer_free(&c->send);
    if (c->sending)
        burst_free(&c->sending->burst);
    retransmit_queue_free(&c->sent);
    if (c->repair)
        resend_order_free(&c->repair->again);
    reassembly_free(&c->reassembly);
    demux_remove(c->socket.tcp, &c->socket);
}

void connection_end(struct tcp_connection *c, int error)
{
    if (c->socket.state == TCP_CLOSED)
        return;
    c->error = (int16_t)error;
    fast_open_over(c, tcp_now(c->socket.tcp));
    if (error && error != IMP_RESET && error != IMP_CLOSED)
        event_end(c, error);
    bool half_open = c->socket.state == TCP_SYN_RECEIVED && c->opening->listener && !(c->flags & CONNECTION_READY);
    set_state(c, TCP_CLOSED);
    stop(c);
    if (half_open) {
        listener_forget(c);
        c->flags |= CONNECTION_DETACHED;
    }
    if (c->flags & CONNECTION_DETACHED)
        grave_add(c);
    else
        connection_tell(c);
}

void connection_time_wait(struct tcp_connection *c, struct instant now)
{
    if (c->ack.pending)
        output_ack(c, now); /* of the peer's FIN, while there is still a connection to send it */
    fast_open_over(c, now);
    set_state(c, TCP_TIME_WAIT);
    timers_clear(c);
    struct instant expires = instant_add(now, TIME_WAIT_NS);
    if (c->flags & CONNECTION_DETACHED) {
        stop(c);
        time_wait_create(c, expires);
        grave_add(c);
    } else {
        timer_due(c, TIMER_LIFE, expires);
        connection_tell(c);
    }
}

/* As Linux, which keeps no more than TIME-WAIT's little then: nothing is told of marks to a peer who has everything and will be reset if
 * it sends more than its FIN. */
static void tell_no_marks(struct tcp_connection *c)
{
    if (c->accurate)
        c->accurate->over = true;
}

/* Nobody holds the socket any more: how long the peer may still take to end its half (Linux's TCP_LINGER2 and tcp_fin_timeout). */
void connection_orphan_wait(struct tcp_connection *c, struct instant now)
{
    int32_t linger2_s = c->seldom->personal.linger2_s;
    int64_t least = (rtt_timeout_ns(&c->rtt) << 2) - (rtt_timeout_ns(&c->rtt) >> 1);
    int64_t wait = (linger2_s > 0 ? (uint32_t)linger2_s : c->socket.tcp->sysctls->fin_timeout_s) * NS_PER_S;
    if (linger2_s < 0) {
        event_reset_sent(c->socket.tcp, &c->socket.remote, c->socket.local.port, "nobody waits for the other half");
        output_reset(c, now);
        connection_end(c, 0);
        return;
    }
    tell_no_marks(c);
    timer_due(c, TIMER_LIFE, instant_add(now, wait > least ? wait : least));
}

void connection_detach(struct tcp_connection *c)
{
    c->flags |= CONNECTION_DETACHED;
    c->socket.changed = NULL;
    c->socket.owner = NULL;
    receive_buffer_free(&c->receive);
    c->rcv.memory = 0;
    if (c->socket.state == TCP_CLOSED) {
        grave_add(c);
    } else if (c->socket.state == TCP_TIME_WAIT) {
        struct instant expires = timer_when(c, TIMER_LIFE);
        stop(c);
        time_wait_create(c, expires);
        grave_add(c);
    } else if (c->socket.state == TCP_FIN_WAIT_2) {
        connection_orphan_wait(c, tcp_now(c->socket.tcp));
    }
}

void connection_free(struct tcp_connection *c)
{
    struct tcp *tcp = c->socket.tcp;
    listener_forget(c);
    stop(c);
    receive_buffer_free(&c->receive);
    accurate_drop(c);
    list_remove(&c->socket.link);
    tcp->connection_count--;
    congestion_end(&c->congestion);
    memory_free(c->sending);
    repair_free(&c->repair);
    memory_free(c->opening);
    seldom_free(&c->seldom);
    memory_free(c);
}

void bury(struct tcp *tcp)
{
    while (tcp->graves) {
        struct tcp_connection *c = tcp->graves;
        tcp->graves = c->socket.chain ? connection_of(c->socket.chain) : NULL;
        connection_free(c);
    }
}
