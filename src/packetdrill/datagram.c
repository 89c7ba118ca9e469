/* UDP sockets.
 *
 * UDP's own socket is made by bind(), or by the first call that needs it. connect() makes it anew with the
 * peer's name, because the layer below chooses the local address when it opens one; what had arrived before is lost, which Linux keeps.
 *
 * A datagram larger than the buffer is cut and MSG_TRUNC says so; with MSG_TRUNC asked for, the call returns the full length. An ICMP
 * error about a connected socket's datagram is told by the next call (RFC 1122 4.1.3.3).
 *
 * MSG_PEEK is refused (EOPNOTSUPP), since the layer below has no such call. */
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/memory.h"
#include "packetdrill/socket.h"

static void udp_changed(struct udp_socket *udp, void *owner)
{
    (void)udp;
    struct socket *socket = owner;
    socket->descriptor.ins++;
}

static int make(struct socket *socket, const struct endpoint *remote)
{
    if (socket->udp && !remote)
        return 0;
    if (socket->udp)
        udp_socket_close(socket->udp);
    socket->udp = NULL;
    struct endpoint local = socket->local;
    if (socket->domain == AF_INET && local.address.family == 0)
        local.address = ip_any(4);
    if (ip_is_any(&local.address) && remote && remote->address.family)
        local.address = ip_any(remote->address.family);
    struct udp_socket_settings settings = {.local = local,
                                           .remote = remote ? *remote : socket->remote,
                                           .broadcast = option_value(socket, SOL_SOCKET, SO_BROADCAST) != 0,
                                           .reuse = option_value(socket, SOL_SOCKET, SO_REUSEADDR) != 0,
                                           .changed = udp_changed,
                                           .owner = socket};
    int error = udp_open(socket->drill->udp, &settings, &socket->udp);
    if (error)
        return fail(error == IMP_UNREACHABLE ? ENETUNREACH : errno_of(error));
    udp_socket_local(socket->udp, &socket->local);
    socket->bound = true;
    return 0;
}

int datagram_open(struct socket *socket) { return make(socket, NULL); }

void datagram_end(struct socket *socket)
{
    if (socket->udp)
        udp_socket_close(socket->udp);
    socket->udp = NULL;
}

int datagram_connect(struct socket *socket, const struct endpoint *remote)
{
    static const struct endpoint nobody;
    if (make(socket, remote ? remote : &nobody) != 0)
        return -1;
    socket->remote = remote ? *remote : nobody;
    return 0;
}

int datagram_shutdown(struct socket *socket, int how)
{
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return fail(EINVAL);
    if (socket->remote.address.family == 0)
        return fail(ENOTCONN);
    socket->shut_read |= how != SHUT_WR;
    socket->shut_write |= how != SHUT_RD;
    return 0;
}

static bool readable(struct drill *drill, void *context)
{
    (void)drill;
    struct socket *socket = context;
    return socket->shut_read || !socket->udp || udp_socket_readable(socket->udp);
}

ssize_t datagram_receive(struct socket *socket, struct msghdr *message, int flags)
{
    if (flags & MSG_ERRQUEUE)
        return fail(EAGAIN);
    if (flags & MSG_PEEK)
        return fail(EOPNOTSUPP);
    if (make(socket, NULL) != 0)
        return -1;
    bool patient = !socket->descriptor.nonblocking && !(flags & MSG_DONTWAIT);
    if (!readable(socket->drill, socket) &&
        (!patient || !drill_wait(socket->drill, readable, socket, socket_deadline(socket, socket->receive_timeout_ns))))
        return fail(EAGAIN);
    if (!socket->udp || !udp_socket_readable(socket->udp))
        return 0;
    size_t length = message_room(message);
    uint8_t *buffer = memory_take(length ? length : 1);
    struct endpoint from;
    struct ip to;
    ssize_t n = udp_socket_receive(socket->udp, buffer, length, &from, &to);
    if (n < 0) {
        memory_free(buffer);
        return fail(errno_of((int)n));
    }
    bool cut = (size_t)n > length;
    message_scatter(message, buffer, cut ? length : (size_t)n);
    memory_free(buffer);
    address_of_endpoint(socket, &from, message->msg_name, message->msg_name ? &message->msg_namelen : NULL);
    message->msg_controllen = 0;
    message->msg_flags = cut ? MSG_TRUNC : 0;
    return cut && !(flags & MSG_TRUNC) ? (ssize_t)length : n;
}

ssize_t datagram_send(struct socket *socket, const struct msghdr *message, int flags)
{
    (void)flags;
    struct endpoint to;
    if (socket->shut_write)
        return fail(EPIPE);
    if (message->msg_name && endpoint_of_address(socket, message->msg_name, message->msg_namelen, &to) != 0)
        return -1;
    if (!message->msg_name && socket->remote.address.family == 0)
        return fail(EDESTADDRREQ);
    if (make(socket, NULL) != 0)
        return -1;
    size_t length;
    void *data = message_gather(message, &length);
    int error = udp_socket_send(socket->udp, data, length, message->msg_name ? &to : NULL);
    memory_free(data);
    if (error)
        return fail(error == IMP_UNREACHABLE ? ENETUNREACH : errno_of(error));
    return (ssize_t)length;
}

short datagram_events(struct socket *socket)
{
    if (make(socket, NULL) != 0)
        return POLLERR;
    int events = POLLOUT | POLLWRNORM;
    if (udp_socket_readable(socket->udp))
        events |= POLLIN | POLLRDNORM;
    if (socket->shut_read)
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (socket->shut_read && socket->shut_write)
        events |= POLLHUP;
    return (short)events;
}

int datagram_ioctl(struct socket *socket, unsigned long request, int *value)
{
    switch (request) {
    case SIOCINQ: *value = socket->udp ? (int)udp_socket_queued(socket->udp) : 0; return 0;
    case SIOCOUTQ: *value = 0; return 0;
    default: return fail(ENOTTY);
    }
}
