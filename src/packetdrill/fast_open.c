/* TCP Fast Open (RFC 7413) as Linux's calls have it.
 *
 * A client asks by sendto() with MSG_FASTOPEN and a name, on a socket that is not connected, or by TCP_FASTOPEN_CONNECT before connect().
 * With a cookie at hand (or when none is needed) the first bytes go with the SYN: the call tells how many, if it may not block; one that may
 * waits until the connection is open, and then sends the rest. connect() says 0 at once, and the SYN waits for the first write; meanwhile
 * the socket is writable, and a second connect() says EISCONN. Without a cookie the SYN asks for one, and all goes on as after connect(): a
 * call that may not block says EINPROGRESS, and has sent nothing.
 *
 * A server has TCP_FASTOPEN, the most connections that may be open before their handshake ends, or the sysctl's bit 0x400, with which listen()
 * sets that to its backlog. TCP_FASTOPEN_KEY gives a listener a key of its own; a socket that has none tells the node's.
 *
 * No timers: TCP has them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "packetdrill/linux_tcp.h"
#include "packetdrill/socket.h"
#include "transport/tcp/options.h"

enum { CLIENT = 1, SERVER = 2, SERVER_ALL = 0x400 }; /* of net.ipv4.tcp_fastopen */

static unsigned long setting(const struct socket *socket)
{
    char text[24] = "0";
    (void)tcp_sysctl_get(socket->drill->tcp, "net.ipv4.tcp_fastopen", text, sizeof text);
    return strtoul(text, NULL, 10);
}

/* ---- options ---- */

int fast_open_refuses(const struct socket *socket, int name, int32_t value)
{
    bool fresh = !socket->tcp;
    switch (name) {
    case LINUX_TCP_FASTOPEN: return fresh || socket->listening ? 0 : EINVAL;
    case LINUX_TCP_FASTOPEN_NO_COOKIE: return value >= 0 && value <= 1 && (fresh || socket->listening) ? 0 : EINVAL;
    case LINUX_TCP_FASTOPEN_CONNECT:
        if (value < 0 || value > 1)
            return EINVAL;
        return !(setting(socket) & CLIENT) ? EOPNOTSUPP : fresh ? 0 : EINVAL;
    default: return 0;
    }
}

int fast_open_key_set(struct socket *socket, const void *value, socklen_t length)
{
    if (length != 16 && length != 32)
        return fail(EINVAL);
    memcpy(socket->fast_open_key, value, length);
    socket->fast_open_key_bytes = (uint8_t)length;
    fast_open_listen(socket);
    return 0;
}

size_t fast_open_key_get(const struct socket *socket, uint8_t out[32])
{
    if (!socket->fast_open_key_bytes)
        return tcp_fast_open_key(socket->drill->tcp, out);
    memcpy(out, socket->fast_open_key, sizeof socket->fast_open_key);
    return socket->fast_open_key_bytes;
}

void fast_open_listen(struct socket *socket)
{
    if (socket->tcp && socket->listening && socket->fast_open_key_bytes)
        (void)tcp_fast_open_key_set(socket->tcp, socket->fast_open_key, socket->fast_open_key_bytes);
}

uint32_t fast_open_queue_default(const struct socket *socket, int backlog)
{
    unsigned long bits = setting(socket);
    return backlog > 0 && bits & SERVER && bits & SERVER_ALL ? (uint32_t)backlog : 0;
}

/* ---- the client ---- */

bool fast_open_waits(const struct socket *socket)
{
    return socket->tcp && !socket->listening && tcp_fast_open_room(socket->tcp) >= 0;
}

/* MSG_FASTOPEN: the connection that `message` names, unless it is under way. */
static int begin(struct socket *socket, const struct msghdr *message)
{
    const struct sockaddr *name = message->msg_name;
    if (!(setting(socket) & CLIENT) || (name && message->msg_namelen >= sizeof(sa_family_t) && name->sa_family == AF_UNSPEC))
        return fail(EOPNOTSUPP);
    if (fast_open_waits(socket))
        return 0;
    if (socket->tcp && !socket->connecting)
        return fail(EISCONN);
    if (socket->tcp && tcp_connected(socket->tcp) == IMP_BUSY)
        return fail(EALREADY);
    struct endpoint remote;
    if (!socket->tcp &&
        (endpoint_of_address(socket, name, message->msg_namelen, &remote) != 0 || stream_open(socket, &remote, true) != 0))
        return -1;
    return 0;
}

ssize_t fast_open_send(struct socket *socket, const struct msghdr *message, const void *data, size_t length, int flags)
{
    if (flags & MSG_FASTOPEN && begin(socket, message) != 0)
        return -1;
    size_t with_syn = 0;
    if (fast_open_waits(socket)) {
        size_t room = (size_t)tcp_fast_open_room(socket->tcp);
        with_syn = length < room ? length : room;
        if (with_syn)
            (void)tcp_write(socket->tcp, data, with_syn);
        else
            (void)tcp_read(socket->tcp, (uint8_t[1]){0}, 0); /* lets the SYN go */
        socket->written += with_syn;
    } else if (!(flags & MSG_FASTOPEN)) {
        return 0;
    }
    bool patient = !socket->descriptor.nonblocking && !(flags & MSG_DONTWAIT);
    if (patient && with_syn < length)
        (void)tcp_set(socket->tcp, TCP_KNOB_WRITER, 1);
    int result = stream_open_wait(socket, patient, EINPROGRESS);
    if (socket->tcp)
        (void)tcp_set(socket->tcp, TCP_KNOB_WRITER, 0);
    return result == 0 || (errno == EINPROGRESS && with_syn) ? (ssize_t)with_syn : -1;
}
