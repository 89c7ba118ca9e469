/* Sockets as Linux's calls know them: what is common to TCP and UDP.
 *
 * Names come as struct sockaddr_in and sockaddr_in6. An AF_INET6 socket that is given an IPv4-mapped address (::ffff:a.b.c.d, RFC 4291
 * 2.5.5.2) speaks IPv4, and is told of IPv4 peers in that form (RFC 3493 3.7).
 *
 * bind() only notes the name, for TCP, whose sockets are made by listen() and connect(); so the question whether a name is taken is
 * answered here, from the table of descriptors and from what TCP itself still holds (RFC 9293's TIME-WAIT among it). The rule is
 * Linux's: two sockets may share a port when both asked for SO_REUSEADDR and neither listens.
 *
 * A message is scattered over pieces of memory (struct iovec); gather and scatter turn that into one run of bytes and back. */
#include "packetdrill/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/ports.h"
#include "transport/limits.h"

enum { MESSAGE_MOST = 0x7ffff000 }; /* bytes in one call, as on Linux */

int fail(int number)
{
    errno = number;
    return -1;
}

int errno_of(int error)
{
    switch ((enum imp_error)error) {
    case IMP_OK: return 0;
    case IMP_TIMEOUT: return ETIMEDOUT;
    case IMP_CLOSED: return EPIPE;
    case IMP_RESET: return ECONNRESET;
    case IMP_REFUSED: return ECONNREFUSED;
    case IMP_UNREACHABLE: return EHOSTUNREACH;
    case IMP_IN_USE: return EADDRINUSE;
    case IMP_UNSUPPORTED: return EOPNOTSUPP;
    case IMP_DENIED: return EACCES;
    case IMP_TOO_BIG: return EMSGSIZE;
    case IMP_BUSY: return EAGAIN;
    case IMP_LIMIT: return ENOBUFS;
    case IMP_NOT_FOUND: return ENOENT;
    default: return EINVAL;
    }
}

/* ---- names ---- */

int endpoint_of_address(const struct socket *socket, const struct sockaddr *address, socklen_t length, struct endpoint *out)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (!address || length < sizeof(sa_family_t))
        return fail(EINVAL);
    *out = (struct endpoint){.port = 0};
    if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in) && socket->domain == AF_INET) {
        struct sockaddr_in name;
        memcpy(&name, address, sizeof name);
        out->address = ip4(ntohl(name.sin_addr.s_addr));
        out->port = ntohs(name.sin_port);
        return 0;
    }
    if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6) && socket->domain == AF_INET6) {
        struct sockaddr_in6 name;
        memcpy(&name, address, sizeof name);
        const uint8_t *bytes = name.sin6_addr.s6_addr;
        out->address = memcmp(bytes, mapped, sizeof mapped) == 0 ? ip4_of_bytes(bytes + 12) : ip6_of_bytes(bytes);
        out->port = ntohs(name.sin6_port);
        out->interface = (uint16_t)name.sin6_scope_id;
        return 0;
    }
    return fail(address->sa_family == (sa_family_t)socket->domain ? EINVAL : EAFNOSUPPORT);
}

void address_of_endpoint(const struct socket *socket, const struct endpoint *endpoint, struct sockaddr *address,
                         socklen_t *length)
{
    if (!length)
        return;
    struct sockaddr_in six_or_four = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
    const void *name = &six_or_four;
    socklen_t bytes = sizeof six_or_four;
    memcpy(&six_or_four.sin_addr, endpoint->address.b, 4);
    if (socket->domain == AF_INET6) {
        if (endpoint->address.family == 4) {
            six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xff;
            memcpy(six.sin6_addr.s6_addr + 12, endpoint->address.b, 4);
        } else {
            memcpy(&six.sin6_addr, endpoint->address.b, 16);
        }
        name = &six;
        bytes = sizeof six;
    }
    if (address)
        memcpy(address, name, *length < bytes ? *length : bytes);
    *length = bytes;
}

static bool addresses_meet(const struct ip *a, const struct ip *b) { return ip_is_any(a) || ip_is_any(b) || ip_equal(a, b); }

static bool taken(const struct socket *socket, const struct endpoint *local)
{
    struct drill *drill = socket->drill;
    bool reuse = option_value(socket, SOL_SOCKET, SO_REUSEADDR) || option_value(socket, SOL_SOCKET, SO_REUSEPORT);
    bool known = false;
    for (int fd = 0; fd < LIMIT_DESCRIPTORS; fd++) {
        const struct socket *other = (const struct socket *)drill->descriptors[fd];
        if (!other || other == socket || other->descriptor.kind != socket->descriptor.kind || !other->bound ||
            other->local.port != local->port || !addresses_meet(&other->local.address, &local->address))
            continue;
        known = true;
        bool both = reuse && (option_value(other, SOL_SOCKET, SO_REUSEADDR) || option_value(other, SOL_SOCKET, SO_REUSEPORT));
        if (!both || (other->listening && !option_value(other, SOL_SOCKET, SO_REUSEPORT)))
            return true;
    }
    if (known || reuse || socket->descriptor.kind != DESCRIPTOR_STREAM)
        return false;
    for (struct tcp_socket *at = tcp_socket_next(drill->tcp, NULL); at; at = tcp_socket_next(drill->tcp, at)) {
        struct endpoint name;
        tcp_local(at, &name);
        if (name.port == local->port && addresses_meet(&name.address, &local->address))
            return true;
    }
    return false;
}

int socket_bind(struct socket *socket, const struct sockaddr *address, socklen_t length)
{
    struct endpoint local;
    if (endpoint_of_address(socket, address, length, &local) != 0)
        return -1;
    if (socket->bound || socket->tcp)
        return fail(EINVAL);
    if (!ip_is_any(&local.address) && !ip_is_multicast(&local.address) && !device_own(socket->drill, &local.address))
        return fail(EADDRNOTAVAIL);
    if (local.port) {
        if (taken(socket, &local))
            return fail(EADDRINUSE);
    } else {
        local.port = PORTS_FIRST;
        while (taken(socket, &local))
            if (local.port++ == PORTS_LAST)
                return fail(EADDRINUSE);
    }
    socket->local = local;
    socket->bound = socket->named = true;
    return socket->descriptor.kind == DESCRIPTOR_DATAGRAM ? datagram_open(socket) : 0;
}

int socket_connect(struct socket *socket, const struct sockaddr *address, socklen_t length)
{
    if (address && length >= sizeof(sa_family_t) && address->sa_family == AF_UNSPEC)
        return socket->descriptor.kind == DESCRIPTOR_STREAM ? stream_disconnect(socket) : datagram_connect(socket, NULL);
    struct endpoint remote;
    if (endpoint_of_address(socket, address, length, &remote) != 0)
        return -1;
    return socket->descriptor.kind == DESCRIPTOR_STREAM ? stream_connect(socket, &remote) : datagram_connect(socket, &remote);
}

/* ---- life ---- */

static void socket_destroy(struct drill *drill, struct descriptor *descriptor)
{
    (void)drill;
    struct socket *socket = (struct socket *)descriptor;
    if (socket->descriptor.kind == DESCRIPTOR_DATAGRAM)
        datagram_end(socket);
    error_queue_end(socket);
    memory_free(socket);
}

int socket_make(struct drill *drill, int domain, int type, int protocol)
{
    int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (domain != AF_INET && domain != AF_INET6)
        return fail(EAFNOSUPPORT);
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM)
        return fail(ESOCKTNOSUPPORT);
    if (protocol != 0 && protocol != (kind == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP))
        return fail(EPROTONOSUPPORT);
    struct socket *socket = memory_take_zeroed(1, sizeof *socket);
    socket->descriptor = (struct descriptor){.kind = kind == SOCK_STREAM ? DESCRIPTOR_STREAM : DESCRIPTOR_DATAGRAM,
                                             .nonblocking = type & SOCK_NONBLOCK,
                                             .destroy = socket_destroy};
    socket->drill = drill;
    socket->domain = domain;
    socket->linger_s = -1;
    options_default(socket);
    error_queue_begin(socket);
    return descriptor_add(drill, &socket->descriptor);
}

struct socket *socket_hold(struct drill *drill, int fd)
{
    struct descriptor *descriptor = descriptor_hold(drill, fd);
    if (!descriptor)
        return NULL;
    if (descriptor->kind != DESCRIPTOR_STREAM && descriptor->kind != DESCRIPTOR_DATAGRAM) {
        descriptor_release(drill, descriptor);
        errno = ENOTSOCK;
        return NULL;
    }
    return (struct socket *)descriptor;
}

struct instant socket_deadline(const struct socket *socket, int64_t timeout_ns)
{
    return timeout_ns ? instant_add(drill_now(socket->drill), timeout_ns) : INSTANT_NEVER;
}

/* ---- messages ---- */

/* A program under test may pass any number for an address; the kernel would say EFAULT. Asks whether that page is mapped. */
static bool page_there(const void *address)
{
    union {
        const void *given;
        uintptr_t number;
        void *page;
    } at = {address};
    unsigned char resident;
    at.number &= ~(uintptr_t)4095;
    return mincore(at.page, 1, &resident) == 0;
}

static bool message_there(const struct msghdr *message)
{
    if (!page_there(message) || message->msg_iovlen > IOV_LIMIT ||
        (message->msg_iovlen && (!message->msg_iov || !page_there(message->msg_iov))))
        return false;
    for (size_t i = 0; i < message->msg_iovlen; i++)
        if (message->msg_iov[i].iov_len && !page_there(message->msg_iov[i].iov_base))
            return false;
    return true;
}

/* What is read may be less than there was said to be room for; what is written is copied whole. */
bool message_valid(const struct msghdr *message, bool whole)
{
    if (!message_there(message))
        return false;
    for (size_t i = 0; whole && i < message->msg_iovlen; i++) {
        const struct iovec *piece = &message->msg_iov[i];
        if (piece->iov_len > MESSAGE_MOST ||
            (piece->iov_len && !page_there((const uint8_t *)piece->iov_base + (piece->iov_len - 1))))
            return false;
    }
    return true;
}

size_t message_bytes(const struct msghdr *message)
{
    size_t total = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        size_t left = MESSAGE_MOST - total;
        total += message->msg_iov[i].iov_len < left ? message->msg_iov[i].iov_len : left;
    }
    return total;
}

size_t message_room(const struct msghdr *message)
{
    size_t total = message_bytes(message);
    return total < LIMIT_READ ? total : LIMIT_READ;
}

void *message_gather(const struct msghdr *message, size_t *length)
{
    *length = message_bytes(message);
    uint8_t *bytes = memory_take(*length ? *length : 1), *to = bytes;
    for (size_t i = 0, left = *length; left; i++) {
        size_t n = message->msg_iov[i].iov_len < left ? message->msg_iov[i].iov_len : left;
        if (n)
            memcpy(to, message->msg_iov[i].iov_base, n);
        to += n;
        left -= n;
    }
    return bytes;
}

void message_scatter(struct msghdr *message, const void *data, size_t length)
{
    const uint8_t *from = data;
    for (size_t i = 0; i < message->msg_iovlen && length; i++) {
        size_t n = message->msg_iov[i].iov_len < length ? message->msg_iov[i].iov_len : length;
        if (n)
            memcpy(message->msg_iov[i].iov_base, from, n);
        from += n;
        length -= n;
    }
}
