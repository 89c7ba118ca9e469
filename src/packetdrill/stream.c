/* TCP sockets: opening, accepting, ending, and what poll() says of them.
 *
 * Linux's errors. A connection that ends for a reason leaves that reason in the socket once (sk_err): the next call that looks takes it
 * (connect, read, write, SO_ERROR), and after that reads give 0 and writes EPIPE. TCP itself keeps the reason for good, so the "once" is
 * here: stream_observe() runs after everything that happens, notices the end and translates the reason. A reset after the peer's FIN
 * is EPIPE to a writer and plain end of stream to a reader.
 *
 * connect() on a socket that does not block gives EINPROGRESS, EALREADY while it lasts, then 0 once or the error, then EISCONN. After a
 * failure the socket is as good as new.
 *
 * close() with SO_LINGER: zero seconds resets, more wait until everything including the FIN is acknowledged, or that long. The waiting
 * happens before TCP's own close, since after that the socket is not ours any more.
 *
 * The backlog of Linux admits one connection more than it says. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "packetdrill/linux_tcp.h"
#include "packetdrill/socket.h"
#include "transport/tcp/options.h"

static void tcp_changed(struct tcp_socket *tcp, void *owner)
{
    (void)tcp;
    struct socket *socket = owner;
    if (socket->listening)
        socket->descriptor.ins++;
}

/* Whom Linux would wake: readers by each segment with data, the peer's FIN and the end; writers when a full buffer has room again, by the
 * connection's opening and its end. TCP's own word comes only for the first bytes in an empty buffer. */
static void wakes_observe(struct socket *socket, const struct tcp_info *info)
{
    bool over = info->state == TCP_CLOSED, opened = tcp_connected(socket->tcp) != IMP_BUSY;
    if (info->bytes_received != socket->received || info->finished_receiving != socket->finished)
        socket->descriptor.ins++;
    if ((opened && !socket->opened) || (socket->no_space && !info->no_space))
        socket->descriptor.outs++;
    if (over) {
        socket->descriptor.ins++;
        socket->descriptor.outs++;
        socket->descriptor.errors++;
    }
    socket->received = info->bytes_received;
    socket->finished = info->finished_receiving;
    socket->opened = opened;
    socket->no_space = info->no_space;
}

static enum tcp_state state_of(const struct socket *socket)
{
    struct tcp_info info;
    if (!socket->tcp)
        return TCP_CLOSED;
    tcp_socket_info(socket->tcp, &info);
    return info.state;
}

void stream_observe(struct socket *socket, struct instant now)
{
    if (!socket->tcp || socket->listening || socket->ended)
        return;
    struct tcp_info info;
    tcp_socket_info(socket->tcp, &info);
    wakes_observe(socket, &info);
    error_queue_observe(socket, &info, now);
    if (info.state != TCP_CLOSED)
        return;
    socket->ended = true;
    int error = tcp_connected(socket->tcp);
    if (error == IMP_RESET && info.finished_receiving)
        socket->error = EPIPE;
    else if (error && error != IMP_CLOSED)
        socket->error = errno_of(error);
}

int stream_take_error(struct socket *socket)
{
    stream_observe(socket, drill_now(socket->drill));
    int error = socket->error;
    socket->error = 0;
    return error;
}

void stream_settings(struct socket *socket, struct tcp_settings *out)
{
    *out = (struct tcp_settings){.local = socket->local,
                                 .remote = socket->remote,
                                 .ttl = 0,
                                 .congestion = socket->congestion[0] ? socket->congestion : NULL,
                                 .changed = tcp_changed,
                                 .owner = socket};
}

/* ---- connect ---- */

static void let_go(struct socket *socket)
{
    if (socket->tcp)
        tcp_close(socket->tcp);
    socket->tcp = NULL;
    socket->ended = socket->connecting = socket->shut_read = socket->shut_write = false;
    socket->bound = socket->named;
}

static bool connect_done(struct drill *drill, void *context)
{
    (void)drill;
    struct socket *socket = context;
    return !socket->tcp || tcp_connected(socket->tcp) != IMP_BUSY;
}

static int connect_result(struct socket *socket)
{
    if (!socket->tcp)
        return fail(ECONNABORTED);
    stream_observe(socket, drill_now(socket->drill));
    if (socket->ended) {
        int error = stream_take_error(socket);
        let_go(socket);
        return fail(error ? error : ECONNABORTED);
    }
    socket->connecting = false;
    return 0;
}

int stream_open_wait(struct socket *socket, bool patient, int when_not)
{
    if (!connect_done(socket->drill, socket) &&
        (!patient || !drill_wait(socket->drill, connect_done, socket, socket_deadline(socket, socket->send_timeout_ns))))
        return fail(when_not);
    return connect_result(socket);
}

int stream_open(struct socket *socket, const struct endpoint *remote, bool fast)
{
    socket->remote = *remote;
    if (ip_is_any(&socket->remote.address)) /* as Linux: this host */
        return fail(ECONNREFUSED);
    if (!socket->bound)
        socket->local = (struct endpoint){.address = {.family = 0}};
    else if (ip_is_any(&socket->local.address))
        socket->local.address = ip_any(remote->address.family);
    struct tcp_settings settings;
    stream_settings(socket, &settings);
    socket->error = 0;
    options_prepare(socket, &settings);
    settings.fast_open = fast;
    settings.bound = socket->bound;
    int error = tcp_connect(socket->drill->tcp, &settings, &socket->tcp);
    if (error)
        return fail(error == IMP_UNREACHABLE ? ENETUNREACH : error == IMP_IN_USE ? EADDRNOTAVAIL : errno_of(error));
    tcp_local(socket->tcp, &socket->local);
    socket->bound = socket->connecting = true;
    options_apply(socket);
    return 0;
}

int stream_connect(struct socket *socket, const struct endpoint *remote)
{
    bool patient = !socket->descriptor.nonblocking, fast = option_value(socket, IPPROTO_TCP, LINUX_TCP_FASTOPEN_CONNECT) != 0;
    if (socket->listening || (socket->tcp && !socket->connecting) || fast_open_waits(socket))
        return fail(EISCONN);
    if (socket->tcp)
        return stream_open_wait(socket, patient, EALREADY);
    if (stream_open(socket, remote, fast) != 0)
        return -1;
    return fast_open_waits(socket) ? 0 : stream_open_wait(socket, patient, EINPROGRESS);
}

int stream_disconnect(struct socket *socket)
{
    if (socket->tcp) {
        if (socket->listening)
            tcp_close(socket->tcp);
        else
            tcp_abort(socket->tcp);
        socket->tcp = NULL;
    }
    socket->listening = false;
    socket->error = 0;
    let_go(socket);
    return 0;
}

/* ---- listen and accept ---- */

int stream_listen(struct socket *socket, int backlog)
{
    if (socket->tcp && !socket->listening)
        return fail(EINVAL);
    uint32_t most = socket->drill->backlog_most;
    socket->backlog = (backlog < 0 || (uint32_t)backlog > most ? (int)most : backlog) + 1;
    if (socket->listening)
        return tcp_set(socket->tcp, TCP_KNOB_BACKLOG, (uint32_t)socket->backlog) ? fail(EINVAL) : 0;
    struct tcp_settings settings;
    stream_settings(socket, &settings);
    settings.backlog = socket->backlog;
    settings.remote = (struct endpoint){.port = 0};
    if (socket->domain == AF_INET6 && ip_is_any(&settings.local.address) && !option_value(socket, IPPROTO_IPV6, IPV6_V6ONLY))
        settings.local.address = (struct ip){.family = 0};
    options_prepare(socket, &settings);
    int32_t *queue = option_place(socket, IPPROTO_TCP, LINUX_TCP_FASTOPEN);
    if (*queue == 0)
        *queue = (int32_t)fast_open_queue_default(socket, socket->backlog - 1);
    int error = tcp_listen(socket->drill->tcp, &settings, &socket->tcp);
    if (error)
        return fail(errno_of(error));
    tcp_local(socket->tcp, &socket->local);
    socket->bound = socket->listening = true;
    options_apply(socket);
    fast_open_listen(socket);
    return 0;
}

static bool acceptable(struct drill *drill, void *context)
{
    (void)drill;
    struct socket *socket = context;
    return !socket->listening || tcp_readable(socket->tcp);
}

int stream_accept(struct socket *socket, struct sockaddr *address, socklen_t *length)
{
    if (!socket->listening)
        return fail(EINVAL);
    if (!acceptable(socket->drill, socket) &&
        (socket->descriptor.nonblocking ||
         !drill_wait(socket->drill, acceptable, socket, socket_deadline(socket, socket->receive_timeout_ns))))
        return fail(EAGAIN);
    if (!socket->listening)
        return fail(EINVAL);
    struct socket *child = memory_take_zeroed(1, sizeof *child);
    *child = *socket;
    child->descriptor = (struct descriptor){.kind = DESCRIPTOR_STREAM, .destroy = socket->descriptor.destroy};
    child->listening = child->named = false;
    child->error = 0;
    child->tcp = NULL;
    child->written = 0;
    error_queue_begin(child);
    int fd = descriptor_add(socket->drill, &child->descriptor); /* first: without a number the connection stays in the queue */
    if (fd < 0)
        return -1;
    int error = tcp_accept(socket->tcp, tcp_changed, child, &child->tcp);
    if (error) {
        (void)descriptor_close(socket->drill, fd);
        return fail(errno_of(error));
    }
    tcp_local(child->tcp, &child->local);
    tcp_remote(child->tcp, &child->remote);
    address_of_endpoint(child, &child->remote, address, length);
    return fd;
}

/* ---- the end ---- */

int stream_shutdown(struct socket *socket, int how)
{
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return fail(EINVAL);
    stream_observe(socket, drill_now(socket->drill));
    if (!socket->tcp || socket->ended)
        return fail(ENOTCONN);
    if (socket->listening)
        return how == SHUT_WR ? 0 : stream_disconnect(socket);
    if (state_of(socket) == TCP_SYN_SENT)
        return stream_disconnect(socket);
    socket->descriptor.ins++;
    socket->descriptor.outs++;
    if (how != SHUT_WR)
        socket->shut_read = true;
    if (how != SHUT_RD) {
        socket->shut_write = true;
        (void)tcp_finish(socket->tcp);
    }
    return 0;
}

static bool lingered(struct drill *drill, void *context)
{
    (void)drill;
    enum tcp_state state = state_of(context);
    return state != TCP_FIN_WAIT_1 && state != TCP_CLOSING && state != TCP_LAST_ACK;
}

static void linger(struct drill *drill, struct socket *socket)
{
    struct tcp_info info;
    tcp_socket_info(socket->tcp, &info);
    if (info.receive_queue || info.state == TCP_SYN_SENT || tcp_finish(socket->tcp) != 0)
        return;
    (void)drill_wait(drill, lingered, socket, instant_add(drill_now(drill), socket->linger_s * NS_PER_S));
}

void stream_close(struct drill *drill, struct socket *socket)
{
    if (!socket->tcp)
        return;
    if (socket->linger_s > 0 && !socket->listening)
        linger(drill, socket);
    if (socket->linger_s == 0 && !socket->listening)
        tcp_abort(socket->tcp);
    else
        tcp_close(socket->tcp);
    socket->tcp = NULL;
    socket->listening = false;
}

/* ---- poll ---- */

short stream_events(struct socket *socket)
{
    if (socket->listening)
        return tcp_readable(socket->tcp) ? POLLIN | POLLRDNORM : 0;
    if (!socket->tcp)
        return POLLOUT | POLLWRNORM | POLLHUP;
    stream_observe(socket, drill_now(socket->drill));
    struct tcp_info info;
    tcp_socket_info(socket->tcp, &info);
    bool closed = info.state == TCP_CLOSED;
    bool in_over = closed || socket->shut_read || info.finished_receiving;
    bool out_over = closed || socket->shut_write;
    int events = 0;
    if (closed || (in_over && out_over))
        events |= POLLHUP;
    if (in_over)
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (tcp_connected(socket->tcp) != IMP_BUSY) {
        uint32_t least = (uint32_t)option_value(socket, SOL_SOCKET, SO_RCVLOWAT);
        struct tcp_urgent urgent;
        tcp_urgent(socket->tcp, &urgent);
        least += urgent.at_mark && urgent.readable < info.receive_queue; /* the byte that is passed over does not count */
        if (info.receive_queue && info.receive_queue >= least)
            events |= POLLIN | POLLRDNORM;
        if (urgent.here)
            events |= POLLPRI;
        if (out_over || tcp_writable(socket->tcp))
            events |= POLLOUT | POLLWRNORM;
        else
            tcp_want_space(socket->tcp);
    }
    if (socket->error || error_queue_waiting(socket))
        events |= POLLERR;
    return (short)events;
}
