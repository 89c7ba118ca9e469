/* TCP sockets: bytes in and out.
 *
 * Receiving, in Linux's order: what is in the buffer first; then the end of the stream; then the error that ended the connection, once;
 * then 0. A call that blocks waits until there is one byte, or with MSG_WAITALL (or SO_RCVLOWAT) as many as that. MSG_PEEK leaves
 * the bytes, MSG_TRUNC drops them without a copy.
 *
 * Sending: a call that blocks returns when the last byte is in the send buffer, one that does not with what fitted. MSG_MORE corks for
 * this one call, MSG_EOR ends a record. MSG_FASTOPEN is fast_open.c's. MSG_ZEROCOPY is a copy, whose completion error_queue.c tells.
 * There is no signal: EPIPE is all.
 *
 * Urgent data as Linux has it: the last urgent byte is not in the stream but for recv(MSG_OOB), which never waits, unless SO_OOBINLINE is set. A
 * read that got anything ends at the mark, whatever it was to wait for. SIGURG is not sent: there is no one here to send it to. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/memory.h"
#include "packetdrill/linux_tcp.h"
#include "packetdrill/socket.h"
#include "transport/tcp/options.h"

/* ---- receiving ---- */

struct readiness { /* what a blocked call waits for */
    struct socket *socket;
    size_t bytes;
};

static bool input_ended(struct socket *socket)
{
    struct tcp_info info;
    stream_observe(socket, drill_now(socket->drill));
    if (!socket->tcp || socket->ended || socket->shut_read || socket->error)
        return true;
    tcp_socket_info(socket->tcp, &info);
    return info.finished_receiving;
}

static bool bytes_came(struct drill *drill, void *context)
{
    (void)drill;
    const struct readiness *want = context;
    if (input_ended(want->socket))
        return true;
    struct tcp_info info;
    struct tcp_urgent urgent;
    tcp_socket_info(want->socket->tcp, &info);
    tcp_urgent(want->socket->tcp, &urgent);
    bool passes = urgent.at_mark && urgent.readable < info.receive_queue; /* over a byte that is not for this reader */
    return info.receive_queue >= want->bytes + passes;
}

/* Nothing is left to read: the end (0), the error, or -1 with EAGAIN. */
static ssize_t nothing_left(struct socket *socket)
{
    struct tcp_info info;
    tcp_socket_info(socket->tcp, &info);
    if (info.finished_receiving)
        return 0;
    int error = stream_take_error(socket);
    if (error)
        return fail(error);
    return socket->ended || socket->shut_read ? 0 : fail(EAGAIN);
}

static bool at_mark(const struct socket *socket)
{
    struct tcp_urgent urgent;
    tcp_urgent(socket->tcp, &urgent);
    return urgent.at_mark;
}

static ssize_t receive_urgent(struct socket *socket, struct msghdr *message, int flags)
{
    uint8_t byte = 0;
    int n = tcp_urgent_read(socket->tcp, &byte, flags & MSG_PEEK);
    if (n < 0)
        return n == IMP_INVALID ? fail(EINVAL) : socket->shut_read ? 0 : fail(EAGAIN);
    if (n == 0)
        return 0;
    message->msg_flags |= MSG_OOB;
    if (message_room(message) == 0) {
        message->msg_flags |= MSG_TRUNC;
        return 0;
    }
    if (!(flags & MSG_TRUNC))
        message_scatter(message, &byte, 1);
    return 1;
}

static ssize_t take(struct socket *socket, uint8_t *to, size_t length, int flags)
{
    if (fast_open_waits(socket))
        return IMP_BUSY; /* reading does not let the SYN go */
    return flags & MSG_PEEK ? tcp_peek(socket->tcp, to, length) : tcp_read(socket->tcp, to, length);
}

static ssize_t receive_into(struct socket *socket, uint8_t *buffer, size_t length, int flags)
{
    bool patient = !socket->descriptor.nonblocking && !(flags & MSG_DONTWAIT);
    struct instant deadline = socket_deadline(socket, socket->receive_timeout_ns);
    size_t least = (size_t)option_value(socket, SOL_SOCKET, SO_RCVLOWAT);
    size_t target = flags & MSG_WAITALL ? length : least < length ? least : length;
    size_t done = 0;
    for (;;) {
        ssize_t n = take(socket, buffer + done, length - done, flags);
        if (n > 0 && flags & MSG_PEEK && (size_t)n < target && patient && !input_ended(socket)) {
            struct readiness want = {socket, target};
            if (drill_wait(socket->drill, bytes_came, &want, deadline) && socket->tcp)
                continue;
        }
        if (n > 0)
            done += (size_t)n;
        if (done >= target || (flags & MSG_PEEK && n > 0) || (done && socket->tcp && at_mark(socket)))
            return (ssize_t)done;
        if (input_ended(socket))
            return done ? (ssize_t)done : socket->tcp ? nothing_left(socket) : 0;
        if (!patient)
            return done ? (ssize_t)done : fail(EAGAIN);
        struct readiness want = {socket, 1};
        if (!drill_wait(socket->drill, bytes_came, &want, deadline))
            return done ? (ssize_t)done : fail(EAGAIN);
        if (!socket->tcp)
            return done ? (ssize_t)done : 0;
    }
}

/* TCP_INQ: how much is left to read, as a control message; 1 at the end of the stream. */
static void tell_queue(struct socket *socket, struct msghdr *message, size_t room)
{
    struct tcp_info info = {.finished_receiving = true};
    if (socket->tcp)
        tcp_socket_info(socket->tcp, &info);
    int left = info.receive_queue ? (int)info.receive_queue : info.finished_receiving;
    if (!message->msg_control || room < CMSG_SPACE(sizeof left)) {
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    message->msg_controllen = room;
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof left), .cmsg_level = IPPROTO_TCP, .cmsg_type = LINUX_TCP_INQ};
    memcpy(CMSG_DATA(control), &left, sizeof left);
    message->msg_controllen = CMSG_SPACE(sizeof left);
}

bool stream_stops(const struct socket *socket)
{
    struct tcp_info info;
    if (!socket->tcp || socket->listening)
        return false;
    tcp_socket_info(socket->tcp, &info);
    return info.receive_queue > 0 && at_mark(socket);
}

ssize_t stream_receive(struct socket *socket, struct msghdr *message, int flags)
{
    size_t length = message_room(message);
    size_t control_room = message->msg_controllen;
    message->msg_namelen = 0;
    if (flags & MSG_ERRQUEUE)
        return error_queue_receive(socket, message);
    message->msg_controllen = 0;
    message->msg_flags = 0;
    if (!socket->tcp || socket->listening) {
        int error = stream_take_error(socket);
        return fail(error ? error : ENOTCONN);
    }
    if (flags & MSG_OOB)
        return receive_urgent(socket, message, flags);
    if (length == 0)
        return 0;
    uint8_t *buffer = memory_take(length);
    ssize_t n = receive_into(socket, buffer, length, flags);
    int error = errno;
    if (n > 0 && !(flags & MSG_TRUNC))
        message_scatter(message, buffer, (size_t)n);
    memory_free(buffer);
    if (n >= 0 && option_value(socket, IPPROTO_TCP, LINUX_TCP_INQ))
        tell_queue(socket, message, control_room);
    errno = error;
    return n;
}

/* ---- sending ---- */

enum { PACKET_FRAGMENTS = 17 }; /* Linux's MAX_SKB_FRAGS */

static bool output_ready(struct drill *drill, void *context)
{
    (void)drill;
    struct socket *socket = context;
    stream_observe(socket, drill_now(socket->drill));
    if (!socket->tcp || socket->ended || socket->error || socket->shut_write)
        return true;
    return tcp_connected(socket->tcp) == 0 && tcp_writable(socket->tcp);
}

static ssize_t send_failed(struct socket *socket, size_t done)
{
    if (done)
        return (ssize_t)done;
    int error = socket->tcp ? stream_take_error(socket) : 0;
    return fail(error ? error : EPIPE);
}

/* Where the packet ends in which byte `done` of a MSG_ZEROCOPY message goes: each piece of the message is a fragment of its own. */
static size_t fragments_end(const struct msghdr *message, size_t done)
{
    size_t end = 0;
    unsigned count = 0;
    for (size_t i = 0; i < message->msg_iovlen && count < PACKET_FRAGMENTS; i++) {
        end += message->msg_iov[i].iov_len;
        count += message->msg_iov[i].iov_len > 0 && end > done;
    }
    return end;
}

static ssize_t send_bytes(struct socket *socket, const struct msghdr *message, const uint8_t *data, size_t length, size_t done,
                          int flags)
{
    bool pinned = flags & MSG_ZEROCOPY && option_value(socket, SOL_SOCKET, SO_ZEROCOPY);
    bool patient = !socket->descriptor.nonblocking && !(flags & MSG_DONTWAIT);
    struct instant deadline = socket_deadline(socket, socket->send_timeout_ns);
    for (;;) {
        stream_observe(socket, drill_now(socket->drill));
        if (!socket->tcp || socket->ended || socket->shut_write || socket->error)
            return send_failed(socket, done);
        if (done == length)
            return (ssize_t)done;
        bool opening = tcp_connected(socket->tcp) == IMP_BUSY;
        size_t end = pinned ? fragments_end(message, done) : length;
        unsigned how = (flags & MSG_MORE && end == length ? TCP_SEND_MORE : 0u) |
                       (flags & MSG_EOR || end < length ? TCP_SEND_RECORD : 0u) | (flags & MSG_OOB ? TCP_SEND_URGENT : 0u);
        size_t asked = end - done;
        ssize_t n = opening ? IMP_BUSY : tcp_send(socket->tcp, data + done, asked, how);
        if (n > 0) {
            done += (size_t)n;
            socket->written += (uint64_t)n;
            if (!patient && (size_t)n < asked) /* there is no more room */
                return (ssize_t)done;
            continue;
        }
        if (n != IMP_BUSY)
            return send_failed(socket, done);
        if (!patient)
            return done ? (ssize_t)done : fail(EAGAIN);
        if (opening)
            (void)tcp_set(socket->tcp, TCP_KNOB_WRITER, 1);
        bool ready = drill_wait(socket->drill, output_ready, socket, deadline);
        if (opening && socket->tcp)
            (void)tcp_set(socket->tcp, TCP_KNOB_WRITER, 0);
        if (!ready)
            return done ? (ssize_t)done : fail(EAGAIN);
    }
}

ssize_t stream_send(struct socket *socket, const struct msghdr *message, int flags)
{
    bool opens = flags & MSG_FASTOPEN && !socket->listening;
    if ((!socket->tcp && !opens) || socket->listening) {
        int error = stream_take_error(socket);
        return fail(error ? error : EPIPE);
    }
    size_t length;
    uint32_t stamps;
    int refused = stamps_wanted(socket, message, &stamps);
    if (refused)
        return fail(refused);
    uint8_t *data = message_gather(message, &length);
    ssize_t with_syn = opens || fast_open_waits(socket) ? fast_open_send(socket, message, data, length, flags) : 0;
    if (with_syn < 0) {
        memory_free(data);
        return -1;
    }
    ssize_t n = send_bytes(socket, message, data, length, (size_t)with_syn, flags);
    int error = errno;
    if (n > 0 && flags & MSG_ZEROCOPY && option_value(socket, SOL_SOCKET, SO_ZEROCOPY))
        zero_copy_sent(socket);
    if (n > 0)
        stamps_sent(socket, stamps);
    memory_free(data);
    errno = error;
    return n;
}

int stream_ioctl(struct socket *socket, unsigned long request, int *value)
{
    struct tcp_info info = {.state = TCP_CLOSED};
    if (socket->listening)
        return fail(EINVAL);
    if (socket->tcp)
        tcp_socket_info(socket->tcp, &info);
    bool opening = info.state == TCP_SYN_SENT || info.state == TCP_SYN_RECEIVED;
    struct tcp_urgent urgent = {.at_mark = false};
    if (socket->tcp)
        tcp_urgent(socket->tcp, &urgent);
    switch (request) {
    case SIOCINQ: *value = opening ? 0 : (int)urgent.readable; return 0;
    case SIOCOUTQ: *value = opening ? 0 : (int)info.outstanding; return 0;
    case SIOCOUTQNSD: *value = opening ? 0 : (int)info.not_sent; return 0;
    case SIOCATMARK: *value = urgent.at_mark; return 0;
    default: return fail(ENOTTY);
    }
}
