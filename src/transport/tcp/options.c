/* What a program may turn on a socket: Linux's setsockopt() for TCP, and looking at bytes without taking them.
 *
 * Most of what a socket may want to be different from its node's sysctls is in struct tcp_personal, which a listener has in its settings and
 * hands to the connections it makes, and which the rooms that have the rule ask (timers.c for keep-alive, output.c for the
 * cork). A knob that changes what may be sent right now calls output(); one that concerns a timer sets it anew from this instant, as
 * Linux does.
 *
 * TCP_QUICKACK is not a switch in Linux but a push: it ends the state in which ACKs wait for data to ride on, and settles at once what is
 * owed; later events may bring that state back. So it is here. */
#include "transport/tcp/options.h"

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "transport/limits.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/receive_memory.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/user_timeout.h"

static uint32_t at_least(uint32_t value, uint32_t least) { return value < least ? least : value; }

/* ---- what a listener keeps for its children, and a connection for itself ---- */

static bool set_personal(struct tcp_personal *personal, enum tcp_knob knob, uint32_t value)
{
    switch (knob) {
    case TCP_KNOB_KEEP_IDLE_S: personal->keep_idle_s = (uint16_t)value; return true;
    case TCP_KNOB_KEEP_INTERVAL_S: personal->keep_interval_s = (uint16_t)value; return true;
    case TCP_KNOB_KEEP_COUNT: personal->keep_count = (uint8_t)value; return true;
    case TCP_KNOB_SYN_COUNT: personal->syn_count = (uint8_t)value; return true;
    case TCP_KNOB_USER_TIMEOUT_MS: personal->user_timeout_ms = value; return true;
    case TCP_KNOB_USER_TIMEOUT_OPTION:
        personal->user_timeout_option = value ? USER_TIMEOUT_OPTION_ON : USER_TIMEOUT_OPTION_OFF;
        return true;
    case TCP_KNOB_LINGER2_S: personal->linger2_s = (int32_t)value; return true;
    case TCP_KNOB_TRAFFIC_CLASS: personal->traffic_class = (uint8_t)(value & ~3u); return true;
    case TCP_KNOB_FAST_OPEN_NO_COOKIE: personal->fast_open_no_cookie = value != 0; return true;
    case TCP_KNOB_NOT_SENT_LOW: personal->not_sent_low = value; return true;
    case TCP_KNOB_PACING_MOST: personal->pacing_most = value; return true;
    case TCP_KNOB_URGENT: personal->urgent = (uint8_t)value; return true;
    default: return false;
    }
}

static int set_listener(struct tcp_listener *listener, enum tcp_knob knob, uint32_t value)
{
    struct tcp_settings *settings = &listener->settings;
    switch (knob) {
    case TCP_KNOB_NO_DELAY: settings->no_delay = value != 0; return 0;
    case TCP_KNOB_KEEP_ALIVE: settings->keep_alive = value != 0; return 0;
    case TCP_KNOB_TTL: settings->ttl = (uint8_t)value; return 0;
    case TCP_KNOB_SEND_BUFFER:
    case TCP_KNOB_SEND_MEMORY:
        settings->send_buffer_bytes = value;
        settings->send_memory = knob == TCP_KNOB_SEND_MEMORY;
        return 0;
    case TCP_KNOB_RECEIVE_BUFFER: settings->receive_buffer_bytes = value; return 0;
    case TCP_KNOB_MAXIMUM_SEGMENT: settings->maximum_segment = (uint16_t)value; return 0;
    case TCP_KNOB_FAST_OPEN: listener->fast_open->most = value; return 0;
    case TCP_KNOB_DEFER_ACCEPT_S: settings->defer_accept_s = value; return 0;
    case TCP_KNOB_BACKLOG: listener->backlog = value < LIMIT_TCP_BACKLOG ? value : LIMIT_TCP_BACKLOG; return 0;
    default: return set_personal(&settings->personal, knob, value) ? 0 : IMP_UNSUPPORTED;
    }
}

/* ---- a connection ---- */

static bool running(const struct tcp_connection *c) { return c->socket.state >= TCP_ESTABLISHED; }

static void set_flag(struct tcp_connection *c, uint32_t flag, bool on) { c->flags = on ? c->flags | flag : c->flags & ~flag; }

static void set_keep_alive(struct tcp_connection *c, bool on, struct instant now)
{
    bool was = c->flags & CONNECTION_KEEP_ALIVE;
    set_flag(c, CONNECTION_KEEP_ALIVE, on);
    if (!on)
        timer_clear(c, TIMER_KEEP_ALIVE);
    else if (!was && running(c))
        timer_due(c, TIMER_KEEP_ALIVE, instant_add(now, keep_alive_idle_ns(c)));
}

/* Linux lets go what waits even when the cork is in. */
static void set_no_delay(struct tcp_connection *c, bool on, struct instant now)
{
    set_flag(c, CONNECTION_NO_DELAY, on);
    if (!on || !running(c))
        return;
    bool corked = c->flags & CONNECTION_CORKED;
    set_flag(c, CONNECTION_CORKED, false);
    output(c, now);
    set_flag(c, CONNECTION_CORKED, corked);
}

static void set_send_memory(struct tcp_connection *c, uint32_t value)
{
    c->snd.limit = at_least(value < UINT32_MAX / 2 ? 2 * value : UINT32_MAX, LIMIT_TCP_SEND_BUFFER_LEAST);
    set_flag(c, CONNECTION_SEND_FIXED | CONNECTION_SEND_MEMORY, true);
    connection_tell(c);
}

static void set_quick_ack(struct tcp_connection *c, uint32_t value, struct instant now)
{
    c->ack.pingpong = value == 0;
    c->ack.answers = 0;
    if (value == 0)
        return;
    bool owes = c->ack.pending & ACK_WANTED;
    if (owes && (c->socket.state == TCP_ESTABLISHED || c->socket.state == TCP_CLOSE_WAIT))
        output_ack(c, now);
    if ((value & 1) == 0)
        c->ack.pingpong = true;
}

static int set_connection(struct tcp_connection *c, enum tcp_knob knob, uint32_t value, struct instant now)
{
    switch (knob) {
    case TCP_KNOB_NO_DELAY: set_no_delay(c, value, now); return 0;
    case TCP_KNOB_CORK:
        set_flag(c, CONNECTION_CORKED, value);
        if (!value && running(c))
            output(c, now);
        return 0;
    case TCP_KNOB_WRITER:
        if (c->opening)
            c->opening->writer_waits = value != 0;
        return 0;
    case TCP_KNOB_MORE: set_flag(c, CONNECTION_CORKED, value); return 0;
    case TCP_KNOB_KEEP_ALIVE: set_keep_alive(c, value, now); return 0;
    case TCP_KNOB_KEEP_IDLE_S:
        seldom_of(&c->seldom)->personal.keep_idle_s = (uint16_t)value;
        if (c->flags & CONNECTION_KEEP_ALIVE && running(c))
            timer_due(c, TIMER_KEEP_ALIVE, instant_max(now, instant_add(c->last_heard, keep_alive_idle_ns(c))));
        return 0;
    case TCP_KNOB_QUICK_ACK: set_quick_ack(c, value, now); return 0;
    case TCP_KNOB_SEND_BUFFER:
        c->snd.limit = at_least(value, LIMIT_TCP_SEND_BUFFER_LEAST);
        set_flag(c, CONNECTION_SEND_FIXED, true);
        connection_tell(c);
        return 0;
    case TCP_KNOB_SEND_MEMORY: set_send_memory(c, value); return 0;
    case TCP_KNOB_RTO_MOST_MS: c->rtt.most_ms = value; return 0;
    case TCP_KNOB_RECEIVE_BUFFER:
        value = value < LIMIT_TCP_BUFFER_ASKED ? value : LIMIT_TCP_BUFFER_ASKED;
        c->rcv.limit = at_least(receive_memory_counted(c) ? 2 * value : value, LIMIT_TCP_RECEIVE_BUFFER_LEAST);
        set_flag(c, CONNECTION_RECEIVE_FIXED, true);
        return 0;
    case TCP_KNOB_MAXIMUM_SEGMENT:
        if (!running(c))
            seldom_of(&c->seldom)->mss_asked = (uint16_t)value;
        return 0;
    case TCP_KNOB_TTL: c->ttl = (uint8_t)value; return 0;
    default:
        if (!set_personal(&seldom_of(&c->seldom)->personal, knob, value))
            return IMP_UNSUPPORTED;
        if (knob == TCP_KNOB_PACING_MOST && value)
            c->congestion.paced = true; /* and stays so, as in Linux */
        if (running(c) && (knob == TCP_KNOB_USER_TIMEOUT_MS || knob == TCP_KNOB_USER_TIMEOUT_OPTION))
            user_timeout_changed(c);
        return 0;
    }
}

uint32_t tcp_buffer_allowed(const struct tcp *tcp, uint32_t bytes, bool sending)
{
    return least(bytes, sending ? tcp->sysctls->wmem_max : tcp->sysctls->rmem_max);
}

int tcp_set(struct tcp_socket *socket, enum tcp_knob knob, uint32_t value)
{
    if (socket->kind == SOCKET_LISTENER)
        return set_listener(listener_of(socket), knob, value);
    if (socket->state == TCP_CLOSED)
        return 0;
    int error = set_connection(connection_of(socket), knob, value, tcp_now(socket->tcp));
    bury(socket->tcp);
    return error;
}

bool tcp_congestion_known(const char *name) { return congestion_find(name) != NULL; }

const char *tcp_congestion_default(const struct tcp *tcp) { return tcp->congestion->name; }

int tcp_set_congestion(struct tcp_socket *socket, const char *name)
{
    const struct congestion_ops *ops = congestion_find(name);
    if (!ops)
        return IMP_NOT_FOUND;
    if (socket->kind == SOCKET_LISTENER)
        listener_of(socket)->settings.congestion = ops->name;
    else if (connection_of(socket)->congestion.ops != ops)
        congestion_start(&connection_of(socket)->congestion, ops, tcp_now(socket->tcp));
    return 0;
}

ssize_t tcp_peek(const struct tcp_socket *socket, void *out, size_t capacity)
{
    const struct tcp_connection *c = container_of(socket, const struct tcp_connection, socket);
    if (c->receive.length == 0)
        return tcp_read((struct tcp_socket *)(uintptr_t)socket, out, 0);
    uint32_t done = 0, skip = 0;
    if (c->seldom->urgent.state != URGENT_NONE)
        capacity = urgent_look(c, capacity < UINT32_MAX ? (uint32_t)capacity : UINT32_MAX, &skip);
    if (skip && c->receive.length == 1)
        return c->flags & CONNECTION_FIN_RECEIVED ? 0 : IMP_BUSY;
    for (const struct frame *frame = c->receive.first; frame && done < capacity; frame = frame->next) {
        uint32_t held = frame_total(frame) - skip, room = (uint32_t)(capacity - done);
        uint32_t n = held < room ? held : room;
        frame_copy_out(frame, skip, (uint8_t *)out + done, n);
        skip = 0;
        done += n;
    }
    return (ssize_t)done;
}
