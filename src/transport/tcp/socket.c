/* What applications call (RFC 9293 section 3.9.1: OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS), by tcp.h's names.
 *
 * Nothing here waits. A call does what it can at once and says IMP_BUSY when that is nothing; `changed` tells when to look again: when data
 * comes into an empty buffer, when a full send buffer has a third free, when the connection opens, ends or half-ends.
 *
 * The stream to read ends with 0 once the peer's FIN is reached, and with the connection's error once everything that came before is
 * read. The stream to write ends with tcp_finish(): a FIN behind the last byte. tcp_close() is both halves: what was written is
 * still delivered, but data left unread (or that comes later) is answered with RST, so that the peer does not take it for read
 * (RFC 2525 section 2.17).
 *
 * Timers and limits: none here but the buffers' sizes. */
#include <assert.h>

#include "base/error.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/options.h"
#include "transport/tcp/receive_memory.h"
#include "transport/tcp/receive_window.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/send_memory.h"

const char *tcp_state_name(enum tcp_state state)
{
    static const char *const names[] = {"UNCONN",     "LISTEN",     "SYN-SENT", "SYN-RECV", "ESTAB",    "FIN-WAIT-1",
                                        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK", "TIME-WAIT"};
    return (unsigned)state < count_of(names) ? names[state] : "UNKNOWN";
}

/* In the place of one that waits out its time, the numbers go on well above what that one can have used (as Linux). */
static struct tcp_connection *connect_create(struct tcp *tcp, const struct tcp_settings *settings, const struct endpoint *local,
                                             const struct endpoint *remote, const struct path *path, struct tcp_socket *before)
{
    struct tcp_time_wait old = {.timestamps = false};
    if (before) {
        old = *time_wait_of(before);
        time_wait_free(time_wait_of(before));
    }
    struct tcp_connection *c = connection_create(tcp, settings, local, remote, path);
    if (!before)
        return c;
    c->snd.iss = sequence_add(old.send_next, UINT16_MAX + 2);
    c->snd.una = c->snd.nxt = c->snd.partial_end = c->recovery.high = c->snd.iss;
    c->ts.recent = old.timestamp_recent;
    return c;
}

int tcp_connect(struct tcp *tcp, const struct tcp_settings *settings, struct tcp_socket **out)
{
    struct endpoint local = settings->local, remote = settings->remote;
    if (remote.port == 0 || remote.address.family == 0 || ip_is_any(&remote.address) || ip_is_multicast(&remote.address) ||
        ip_is_broadcast(&remote.address))
        return IMP_INVALID;
    if (tcp->connection_count >= LIMIT_TCP_SOCKETS)
        return IMP_LIMIT;
    struct path path;
    int error = stack_path(tcp->stack, &remote.address, remote.interface, &path);
    if (error)
        return error;
    if (ip_is_any(&local.address))
        local.address = path.source;
    else if (!stack_is_local(tcp->stack, &local.address))
        return IMP_INVALID;
    if (local.port == 0)
        error = port_choose(tcp, settings, &local, &remote);
    struct tcp_socket *before = error ? NULL : demux_find(tcp, &local, &remote);
    if (before && !time_wait_reusable(before, settings->bound && settings->local.port, tcp_now(tcp)))
        error = IMP_IN_USE;
    if (error)
        return error;
    struct tcp_connection *c = connect_create(tcp, settings, &local, &remote, &path, before);
    set_state(c, TCP_SYN_SENT);
    if (settings->fast_open && tcp->sysctls->fastopen & FAST_OPEN_CLIENT)
        fast_open_connect(c, tcp_now(tcp));
    else
        output_syn(c, NULL, tcp_now(tcp));
    *out = &c->socket;
    return 0;
}

int tcp_connected(const struct tcp_socket *socket)
{
    const struct tcp_connection *c = container_of(socket, const struct tcp_connection, socket);
    if (c->flags & (CONNECTION_DEFERRED | CONNECTION_FAST_OPEN))
        return 0;
    if (socket->state == TCP_SYN_SENT || socket->state == TCP_SYN_RECEIVED)
        return IMP_BUSY;
    return socket->state == TCP_CLOSED ? c->error : 0;
}

static bool stream_ended(const struct tcp_connection *c)
{
    return c->flags & CONNECTION_FIN_RECEIVED || c->socket.state == TCP_CLOSED || c->socket.state == TCP_TIME_WAIT;
}

ssize_t tcp_read(struct tcp_socket *socket, void *out, size_t capacity)
{
    struct tcp_connection *c = connection_of(socket);
    assert(socket->kind == SOCKET_CONNECTION);
    uint32_t wanted = capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX;
    if (c->seldom->urgent.state != URGENT_NONE)
        wanted = urgent_limit(c, wanted);
    if (c->receive.length == 0) {
        if (c->flags & CONNECTION_DEFERRED)
            fast_open_go(c, tcp_now(socket->tcp)); /* who waits for an answer will not ask first */
        if (!stream_ended(c))
            return IMP_BUSY;
        return c->flags & CONNECTION_FIN_RECEIVED ? 0 : c->error;
    }
    uint32_t n = receive_buffer_read(&c->receive, out, wanted, &c->rcv.memory);
    if (c->seldom->urgent.state != URGENT_NONE)
        urgent_passed(c);
    if (socket->state != TCP_CLOSED && n > 0) {
        struct instant now = tcp_now(socket->tcp);
        receive_tune(c, now);
        ack_after_read(c, now);
        bury(socket->tcp);
    }
    return (ssize_t)n;
}

static bool open_for_writing(const struct tcp_connection *c)
{
    switch ((enum tcp_state)c->socket.state) {
    case TCP_SYN_SENT:
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT: return !(c->flags & CONNECTION_FIN_QUEUED);
    default: return false;
    }
}

/* How much of `length` bytes the send buffer may take now, or why none. */
static ssize_t write_room(struct tcp_connection *c, size_t length)
{
    assert(c->socket.kind == SOCKET_CONNECTION);
    if (c->socket.state == TCP_CLOSED)
        return c->error ? c->error : IMP_CLOSED;
    if (!open_for_writing(c))
        return IMP_CLOSED;
    if (length == 0)
        return 0;
    uint32_t most = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX, room = burst_room(c);
    if (!room)
        busy_wants_room(c);
    return !room ? IMP_BUSY : most < room ? (ssize_t)most : (ssize_t)room;
}

static ssize_t write_now(struct tcp_connection *c, const struct burst_write *write, size_t wanted)
{
    struct tcp *tcp = c->socket.tcp;
    bool corks = write->more && !(c->flags & CONNECTION_CORKED);
    uint32_t n = burst_write(c, write, tcp_now(tcp));
    if (n < wanted)
        busy_wants_room(c);
    if (n && write->urgent)
        urgent_written(c);
    if (c->flags & CONNECTION_DEFERRED)
        fast_open_go(c, tcp_now(tcp));
    if (corks)
        c->flags |= CONNECTION_CORKED;
    if (n)
        output(c, tcp_now(tcp));
    if (n < wanted)
        busy_wants_room(c); /* still, whatever has just left */
    if (corks)
        c->flags &= ~(uint32_t)CONNECTION_CORKED;
    bury(tcp);
    return n ? (ssize_t)n : IMP_BUSY;
}

ssize_t tcp_send(struct tcp_socket *socket, const void *data, size_t length, unsigned flags)
{
    struct tcp_connection *c = connection_of(socket);
    ssize_t n = write_room(c, length);
    if (n <= 0)
        return n;
    bool whole = (size_t)n == length;
    struct burst_write write = {.data = data,
                                .length = (uint32_t)n,
                                .more = flags & TCP_SEND_MORE && whole,
                                .record = flags & TCP_SEND_RECORD && whole,
                                .urgent = flags & TCP_SEND_URGENT};
    return write_now(c, &write, length);
}

ssize_t tcp_write(struct tcp_socket *socket, const void *data, size_t length) { return tcp_send(socket, data, length, 0); }

ssize_t tcp_write_block(struct tcp_socket *socket, struct block *block, uint32_t offset, uint32_t length)
{
    struct tcp_connection *c = connection_of(socket);
    ssize_t n = write_room(c, length);
    if (n <= 0)
        return n;
    return write_now(c, &(struct burst_write){.block = block, .offset = offset, .length = (uint32_t)n}, length);
}

/* Our half ends: the FIN goes behind the last byte. */
static void finish(struct tcp_connection *c, struct instant now)
{
    if (c->flags & CONNECTION_FIN_QUEUED)
        return;
    c->flags |= CONNECTION_FIN_QUEUED;
    if (c->flags & CONNECTION_DEFERRED)
        fast_open_go(c, now);
    if (c->socket.state == TCP_ESTABLISHED)
        set_state(c, TCP_FIN_WAIT_1);
    else if (c->socket.state == TCP_CLOSE_WAIT)
        set_state(c, TCP_LAST_ACK);
    output(c, now);
}

int tcp_finish(struct tcp_socket *socket)
{
    struct tcp_connection *c = connection_of(socket);
    assert(socket->kind == SOCKET_CONNECTION);
    if (socket->state == TCP_CLOSED)
        return c->error ? c->error : IMP_CLOSED;
    finish(c, tcp_now(socket->tcp));
    bury(socket->tcp);
    return 0;
}

static void abandon(struct tcp_connection *c, const char *why)
{
    bool silent = c->socket.state == TCP_SYN_SENT || c->socket.state == TCP_CLOSED || c->socket.state == TCP_TIME_WAIT;
    if (!silent) {
        event_reset_sent(c->socket.tcp, &c->socket.remote, c->socket.local.port, why);
        output_reset(c, tcp_now(c->socket.tcp));
    }
    c->flags |= CONNECTION_DETACHED;
    c->socket.changed = NULL;
    listener_forget(c);
    if (c->socket.state != TCP_CLOSED)
        connection_end(c, IMP_CLOSED);
    else
        connection_detach(c);
}

int tcp_kill(struct tcp_socket *socket)
{
    struct tcp *tcp = socket->tcp;
    if (socket->kind != SOCKET_CONNECTION || socket->state == TCP_CLOSED)
        return IMP_UNSUPPORTED;
    struct tcp_connection *c = connection_of(socket);
    if (socket->state != TCP_SYN_SENT) {
        event_reset_sent(tcp, &socket->remote, socket->local.port, "ended from outside");
        output_reset(c, tcp_now(tcp));
    }
    connection_end(c, IMP_RESET);
    bury(tcp);
    return 0;
}

void tcp_close(struct tcp_socket *socket)
{
    struct tcp *tcp = socket->tcp;
    if (socket->kind == SOCKET_LISTENER) {
        tcp_listener_close(listener_of(socket));
        bury(tcp);
        return;
    }
    struct tcp_connection *c = connection_of(socket);
    if (socket->state == TCP_SYN_SENT)
        abandon(c, "");
    else if (c->receive.length > 0 && socket->state != TCP_CLOSED && socket->state != TCP_TIME_WAIT)
        abandon(c, "closed with data unread");
    else {
        if (socket->state != TCP_CLOSED && socket->state != TCP_TIME_WAIT)
            finish(c, tcp_now(tcp));
        connection_detach(c);
    }
    bury(tcp);
}

void tcp_abort(struct tcp_socket *socket)
{
    struct tcp *tcp = socket->tcp;
    if (socket->kind == SOCKET_LISTENER)
        tcp_listener_close(listener_of(socket));
    else
        abandon(connection_of(socket), "aborted by its owner");
    bury(tcp);
}

bool tcp_readable(const struct tcp_socket *socket)
{
    if (socket->kind == SOCKET_LISTENER)
        return container_of(socket, const struct tcp_listener, socket)->ready_count > 0;
    const struct tcp_connection *c = container_of(socket, const struct tcp_connection, socket);
    return c->receive.length > 0 || stream_ended(c);
}

bool tcp_writable(const struct tcp_socket *socket)
{
    if (socket->kind != SOCKET_CONNECTION)
        return false;
    const struct tcp_connection *c = container_of(socket, const struct tcp_connection, socket);
    if (socket->state == TCP_CLOSED)
        return true; /* to be told the error */
    if (c->flags & CONNECTION_SEND_MEMORY && socket->state >= TCP_ESTABLISHED)
        return send_memory_writable(c);
    bool open = socket->state >= TCP_ESTABLISHED || c->flags & (CONNECTION_DEFERRED | CONNECTION_FAST_OPEN);
    if (open && !(c->flags & CONNECTION_DEFERRED) && send_memory_held_back(c))
        return false;
    return open && c->send.length + c->snd.limit / 3 <= c->snd.limit;
}

void tcp_want_space(struct tcp_socket *socket)
{
    if (socket->kind == SOCKET_CONNECTION && !tcp_writable(socket))
        busy_wants_room(connection_of(socket));
}

void tcp_local(const struct tcp_socket *socket, struct endpoint *out) { *out = socket->local; }
void tcp_remote(const struct tcp_socket *socket, struct endpoint *out) { *out = socket->remote; }

static bool opened(const struct tcp_connection *c)
{
    return c->socket.state >= TCP_ESTABLISHED && c->socket.state != TCP_TIME_WAIT;
}

static void timer_info(const struct tcp_connection *c, struct tcp_info *out)
{
    out->timer_due =
        instant_min(timer_when(c, TIMER_RETRANSMIT), instant_min(timer_when(c, TIMER_PROBE), timer_when(c, TIMER_REORDER)));
    out->timer = "on";
    if (!instant_is_never(out->timer_due))
        return;
    static const struct {
        enum tcp_timer which;
        const char *name;
    } others[] = {{TIMER_PERSIST, "persist"}, {TIMER_LIFE, "timewait"}, {TIMER_KEEP_ALIVE, "keepalive"}};
    out->timer = NULL;
    for (unsigned i = 0; i < count_of(others) && !out->timer; i++) {
        if (instant_is_never(timer_when(c, others[i].which)))
            continue;
        out->timer_due = timer_when(c, others[i].which);
        out->timer = others[i].name;
    }
}

static void detail_info(const struct tcp_connection *c, struct tcp_info *out)
{
    struct instant now = tcp_now(c->socket.tcp);
    out->recovery_state = c->recovery.state;
    out->backoff = c->backoff;
    out->probes = c->probes;
    out->timestamps = c->flags & CONNECTION_TIMESTAMPS;
    out->sack = c->flags & CONNECTION_SACK;
    out->window_scaling = c->flags & CONNECTION_WINDOW_SCALE;
    out->ecn_seen = c->flags & CONNECTION_ECN_SEEN;
    out->delivered_ce = c->delivered_ce;
    out->accurate_ecn = c->accurate && c->socket.state != TCP_SYN_SENT;
    out->accurate_ecn_asked = c->accurate && c->socket.state == TCP_SYN_SENT;
    out->ecn = c->flags & CONNECTION_ECN || out->accurate_ecn;
    if (c->accurate) {
        out->accurate_ecn_failed = c->accurate->failed;
        out->accurate_ecn_option_seen = c->accurate->seen;
        out->received_ce = c->accurate->received_ce;
        memcpy(out->received_ecn_bytes, c->accurate->received_bytes, sizeof out->received_ecn_bytes);
        memcpy(out->delivered_ecn_bytes, c->accurate->delivered_bytes, sizeof out->delivered_ecn_bytes);
    }
    out->syn_data = c->seldom->fast_open.data_taken;
    out->fast_open_child = c->seldom->fast_open.child;
    out->fast_open_failure = c->seldom->fast_open.failure;
    out->app_limited = c->sending && c->sending->rate.app_limited > 0;
    out->path_mtu = c->mtu;
    uint32_t mss = c->mtu - (c->socket.remote.address.family == 4 ? 40u : 60u);
    out->advertised_mss = c->seldom->mss_asked && c->seldom->mss_asked < mss ? c->seldom->mss_asked : mss;
    out->receive_mss = c->rcv.mss;
    out->unacked = c->sent.count;
    out->sacked = c->sent.sacked;
    out->lost = c->sent.lost;
    out->retransmitted = c->sent.retransmitted;
    out->reordering = c->recovery.reordering;
    out->timeouts = c->count.timeouts;
    out->minimum_rtt_ns = c->rtt.minimum_ns;
    out->receive_rtt_ns = c->rcv.rtt_ns;
    out->ack_timeout_ns = c->ack.timeout_ns;
    out->last_send_ns = instant_since(now, c->last_send);
    out->last_receive_ns = instant_since(now, c->ack.last_receive);
    out->last_ack_ns = instant_since(now, c->last_heard);
    out->receive_space = c->rcv.tune_space;
    uint64_t rate = burst_rate(c);
    out->pacing_rate = rate == UINT64_MAX ? 0 : rate;
    out->delivery_rate = c->sending ? c->sending->rate.bytes_per_s : 0;
    out->delivered = c->delivered;
    out->outstanding = opened(c) ? sequence_distance(c->snd.una, output_end(c)) + ((c->flags & CONNECTION_FIN_QUEUED) != 0) : 0;
    out->not_sent = opened(c) ? out->outstanding - sequence_distance(c->snd.una, c->snd.nxt) : 0;
    out->send_buffer = c->flags & CONNECTION_SEND_MEMORY ? c->snd.limit / 2 : c->snd.limit;
    busy_info(c, out, now);
    out->receive_buffer = c->rcv.limit;
    out->receive_memory_counted = receive_memory_counted(c);
    out->receive_memory = out->receive_memory_counted ? receive_memory_used(c) : c->receive.length;
    out->receive_window_most = out->receive_memory_counted ? c->rcv.most : receive_window_full(c);
    out->timeouts_in_a_row = c->retries;
    out->no_space = c->flags & CONNECTION_SEND_MEMORY ? c->sending && c->sending->busy.wants_room : !tcp_writable(&c->socket);
    out->finished_receiving = c->flags & CONNECTION_FIN_RECEIVED;
    if (c->congestion.ops->describe)
        c->congestion.ops->describe(&c->congestion, out->congestion_state, sizeof out->congestion_state);
    timer_info(c, out);
}

static void connection_info(const struct tcp_connection *c, struct tcp_info *out)
{
    out->receive_queue = c->receive.length;
    out->send_queue = c->send.length;
    out->mss = c->mss;
    out->window_scale_send = c->snd.scale;
    out->window_scale_receive = c->rcv.scale;
    out->cwnd_segments = c->congestion.cwnd;
    out->ssthresh_segments = c->congestion.ssthresh;
    out->rtt_ns = c->rtt.smoothed_ns;
    out->rtt_variation_ns = c->rtt.deviation_ns / 4;
    out->rto_ns = rtt_backed_off_ns(&c->rtt, c->backoff);
    out->bytes_sent = c->count.bytes_sent;
    out->bytes_acked = c->count.bytes_acked;
    out->bytes_received = c->count.bytes_received;
    out->segments_sent = c->count.segments_sent;
    out->segments_received = c->count.segments_received;
    out->bytes_retransmitted = c->count.bytes_retransmitted;
    out->data_segments_sent = c->count.data_segments_sent;
    out->data_segments_received = c->count.data_segments_received;
    out->duplicates_reported = c->count.duplicates_reported;
    out->reorderings = c->count.reorderings;
    out->retransmits = c->count.retransmits;
    out->send_window = c->snd.wnd;
    out->receive_window = c->rcv.wnd;
    out->congestion = c->congestion.ops->name;
    detail_info(c, out);
}

void tcp_socket_info(const struct tcp_socket *socket, struct tcp_info *out)
{
    *out = (struct tcp_info){.state = socket->state, .local = socket->local, .remote = socket->remote, .owner = socket->owner};
    if (socket->kind == SOCKET_LISTENER) {
        const struct tcp_listener *listener = container_of(socket, const struct tcp_listener, socket);
        out->receive_queue = listener->ready_count;
        out->send_queue = listener->backlog;
        out->congestion = listener->settings.congestion ? listener->settings.congestion : socket->tcp->congestion->name;
        out->cwnd_segments = socket->tcp->sysctls->initial_window;
        out->ssthresh_segments = UINT32_MAX;
    } else if (socket->kind == SOCKET_CONNECTION) {
        connection_info(container_of(socket, const struct tcp_connection, socket), out);
    } else {
        out->timer = "timewait";
        out->timer_due = container_of(socket, const struct tcp_time_wait, socket)->expires;
    }
}

/* The three lists as one: the place behind `link` in its list, or the start of the next list that has anything. */
struct tcp_socket *tcp_socket_next(struct tcp *tcp, struct tcp_socket *after)
{
    struct list *const lists[] = {&tcp->listeners, &tcp->connections, &tcp->time_waits};
    unsigned at = after ? after->kind : 0;
    struct list *link = after ? after->link.next : lists[0]->next;
    for (;;) {
        while (link != lists[at]) {
            struct tcp_socket *socket = list_entry(link, struct tcp_socket, link);
            if (socket->state != TCP_CLOSED)
                return socket;
            link = link->next;
        }
        if (++at == count_of(lists))
            return NULL;
        link = lists[at]->next;
    }
}
