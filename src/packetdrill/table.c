/* The table: each member is a system call's shell.
 *
 * A shell takes the lock (drill_enter), finds the descriptor, does the call, and gives the lock back (drill_leave), which also lets happen
 * what is due at the same instant, such as the segments that loop back to this node. read(), recv() and their kin are all one call with
 * a struct msghdr, and so are write() and send().
 *
 * packetdrill makes one world in its life. free() ends it, with everything in it; nothing is sent then. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "packetdrill/packetdrill_interface.h"
#include "packetdrill/socket.h"

/* ---- opening and naming ---- */

static int call_socket(void *world, int domain, int type, int protocol)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    sysctl_shells_seen(drill);
    int fd = socket_make(drill, domain, type, protocol);
    drill_leave(drill);
    return fd;
}

static int call_bind(void *world, int fd, const struct sockaddr *address, socklen_t length)
{
    struct drill *drill = world;
    drill_enter(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = socket ? socket_bind(socket, address, length) : -1;
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

static int call_listen(void *world, int fd, int backlog)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = -1;
    if (socket && socket->descriptor.kind == DESCRIPTOR_STREAM)
        result = stream_listen(socket, backlog);
    else if (socket)
        errno = EOPNOTSUPP;
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

static int call_accept(void *world, int fd, struct sockaddr *address, socklen_t *length)
{
    struct drill *drill = world;
    drill_enter(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = -1;
    if (socket && socket->descriptor.kind == DESCRIPTOR_STREAM)
        result = stream_accept(socket, address, length);
    else if (socket)
        errno = EOPNOTSUPP;
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

static int call_connect(void *world, int fd, const struct sockaddr *address, socklen_t length)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = socket ? socket_connect(socket, address, length) : -1;
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

/* ---- bytes in ---- */

static ssize_t receive(struct drill *drill, struct descriptor *descriptor, struct msghdr *message, int flags)
{
    switch (descriptor->kind) {
    case DESCRIPTOR_STREAM: return stream_receive((struct socket *)descriptor, message, flags);
    case DESCRIPTOR_DATAGRAM: return datagram_receive((struct socket *)descriptor, message, flags);
    case DESCRIPTOR_PIPE: return pipe_read(drill, descriptor, message, descriptor->nonblocking);
    case DESCRIPTOR_EPOLL: break;
    }
    return fail(EINVAL);
}

static ssize_t call_recvmsg(void *world, int fd, struct msghdr *message, int flags)
{
    struct drill *drill = world;
    drill_enter(drill);
    struct descriptor *descriptor = descriptor_hold(drill, fd);
    ssize_t n = !descriptor ? -1 : message_valid(message, false) ? receive(drill, descriptor, message, flags) : fail(EFAULT);
    if (descriptor)
        descriptor_release(drill, descriptor);
    drill_leave(drill);
    return n;
}

static ssize_t call_recvfrom(void *world, int fd, void *buffer, size_t count, int flags, struct sockaddr *address,
                             socklen_t *length)
{
    struct iovec piece = {buffer, count};
    struct msghdr message = {
        .msg_name = address, .msg_namelen = address && length ? *length : 0, .msg_iov = &piece, .msg_iovlen = 1};
    ssize_t n = call_recvmsg(world, fd, &message, flags);
    if (n >= 0 && length)
        *length = message.msg_namelen;
    return n;
}

static ssize_t call_recv(void *world, int fd, void *buffer, size_t count, int flags)
{
    return call_recvfrom(world, fd, buffer, count, flags, NULL, NULL);
}

static ssize_t call_read(void *world, int fd, void *buffer, size_t count)
{
    return call_recvfrom(world, fd, buffer, count, 0, NULL, NULL);
}

static ssize_t call_readv(void *world, int fd, const struct iovec *pieces, int count)
{
    struct iovec copy[IOV_LIMIT];
    if (count < 0 || count > IOV_LIMIT)
        return fail(EINVAL);
    if (count && !pieces)
        return fail(EFAULT);
    if (count)
        memcpy(copy, pieces, (size_t)count * sizeof *pieces);
    struct msghdr message = {.msg_iov = copy, .msg_iovlen = (size_t)count};
    return call_recvmsg(world, fd, &message, 0);
}

/* ---- bytes out ---- */

static ssize_t transmit(struct drill *drill, struct descriptor *descriptor, const struct msghdr *message, int flags)
{
    switch (descriptor->kind) {
    case DESCRIPTOR_STREAM: return stream_send((struct socket *)descriptor, message, flags);
    case DESCRIPTOR_DATAGRAM: return datagram_send((struct socket *)descriptor, message, flags);
    case DESCRIPTOR_PIPE: return pipe_write(drill, descriptor, message, descriptor->nonblocking);
    case DESCRIPTOR_EPOLL: break;
    }
    return fail(EINVAL);
}

static ssize_t call_sendmsg(void *world, int fd, const struct msghdr *message, int flags)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    struct descriptor *descriptor = descriptor_hold(drill, fd);
    ssize_t n = !descriptor ? -1 : message_valid(message, true) ? transmit(drill, descriptor, message, flags) : fail(EFAULT);
    if (descriptor)
        descriptor_release(drill, descriptor);
    drill_leave(drill);
    return n;
}

static ssize_t call_sendto(void *world, int fd, const void *buffer, size_t count, int flags, const struct sockaddr *address,
                           socklen_t length)
{
    union { /* struct iovec has no const; nobody writes through it here */
        const void *given;
        void *kept;
    } bytes = {buffer}, name = {address};
    struct iovec piece = {bytes.kept, count};
    struct msghdr message = {.msg_name = name.kept, .msg_namelen = length, .msg_iov = &piece, .msg_iovlen = 1};
    return call_sendmsg(world, fd, &message, flags);
}

static ssize_t call_send(void *world, int fd, const void *buffer, size_t count, int flags)
{
    return call_sendto(world, fd, buffer, count, flags, NULL, 0);
}

static ssize_t call_write(void *world, int fd, const void *buffer, size_t count)
{
    return call_sendto(world, fd, buffer, count, 0, NULL, 0);
}

static ssize_t call_writev(void *world, int fd, const struct iovec *pieces, int count)
{
    struct iovec copy[IOV_LIMIT];
    if (count < 0 || count > IOV_LIMIT)
        return fail(EINVAL);
    if (count && !pieces)
        return fail(EFAULT);
    if (count)
        memcpy(copy, pieces, (size_t)count * sizeof *pieces);
    struct msghdr message = {.msg_iov = copy, .msg_iovlen = (size_t)count};
    return call_sendmsg(world, fd, &message, 0);
}

/* ---- control ---- */

static int control(struct descriptor *descriptor, int command, long argument)
{
    switch (command) {
    case F_GETFL: return O_RDWR | (descriptor->nonblocking ? O_NONBLOCK : 0);
    case F_SETFL: descriptor->nonblocking = argument & O_NONBLOCK; return 0;
    case F_GETFD: return 0;
    case F_SETFD: return 0;
    default: return fail(EINVAL);
    }
}

static int call_fcntl(void *world, int fd, int command, ...)
{
    struct drill *drill = world;
    va_list arguments;
    va_start(arguments, command);
    long argument = command == F_SETFL || command == F_SETFD ? va_arg(arguments, int) : 0;
    va_end(arguments);
    drill_enter(drill);
    struct descriptor *descriptor = descriptor_hold(drill, fd);
    int result = descriptor ? control(descriptor, command, argument) : -1;
    if (descriptor)
        descriptor_release(drill, descriptor);
    drill_leave(drill);
    return result;
}

static int call_ioctl(void *world, int fd, unsigned long request, ...)
{
    struct drill *drill = world;
    va_list arguments;
    va_start(arguments, request);
    int *value = va_arg(arguments, int *);
    va_end(arguments);
    drill_enter(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = -1;
    if (socket && !value)
        errno = EFAULT;
    else if (socket && request == FIONBIO)
        socket->descriptor.nonblocking = *value != 0, result = 0;
    else if (socket)
        result = socket->descriptor.kind == DESCRIPTOR_STREAM ? stream_ioctl(socket, request, value)
                                                              : datagram_ioctl(socket, request, value);
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

/* The table has no open(), so what it does not know is a file that the program opened by itself. */
static int call_close(void *world, int fd)
{
    struct drill *drill = world;
    drill_enter(drill);
    int result = descriptor_close(drill, fd);
    drill_leave(drill);
    return result != 0 && fd > STDERR_FILENO ? close(fd) : result;
}

static int call_shutdown(void *world, int fd, int how)
{
    struct drill *drill = world;
    drill_enter(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = -1;
    if (socket && socket->descriptor.kind == DESCRIPTOR_STREAM)
        result = stream_shutdown(socket, how);
    else if (socket)
        result = datagram_shutdown(socket, how);
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

static int call_getsockopt(void *world, int fd, int level, int name, void *value, socklen_t *length)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = socket ? option_get(socket, level, name, value, length) : -1;
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

static int call_setsockopt(void *world, int fd, int level, int name, const void *value, socklen_t length)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    struct socket *socket = socket_hold(drill, fd);
    int result = !socket ? -1 : length && !value ? fail(EFAULT) : option_set(socket, level, name, value, length);
    if (socket)
        descriptor_release(drill, &socket->descriptor);
    drill_leave(drill);
    return result;
}

/* ---- waiting for several ---- */

static int call_poll(void *world, struct pollfd *fds, nfds_t count, int timeout_ms)
{
    struct drill *drill = world;
    if (count && !fds)
        return fail(EFAULT);
    drill_enter(drill);
    int result = poll_wait(drill, fds, count, timeout_ms);
    drill_leave(drill);
    return result;
}

static int call_epoll_create(void *world, int size)
{
    struct drill *drill = world;
    drill_enter(drill);
    int result = epoll_make(drill, size);
    drill_leave(drill);
    return result;
}

static int call_epoll_ctl(void *world, int epoll_fd, int operation, int fd, struct epoll_event *event)
{
    struct drill *drill = world;
    drill_enter(drill);
    int result = epoll_change(drill, epoll_fd, operation, fd, event);
    drill_leave(drill);
    return result;
}

static int call_epoll_wait(void *world, int epoll_fd, struct epoll_event *events, int maximum, int timeout_ms)
{
    struct drill *drill = world;
    drill_enter(drill);
    int result = epoll_collect(drill, epoll_fd, events, maximum, timeout_ms);
    drill_leave(drill);
    return result;
}

static int call_pipe(void *world, int fds[2])
{
    struct drill *drill = world;
    if (!fds)
        return fail(EFAULT);
    drill_enter(drill);
    int result = pipe_make(drill, fds);
    drill_leave(drill);
    return result;
}

/* packetdrill passes pointers to the offsets that a script writes as NULL, or 0: an offset of 0 is none. */
static int call_splice(void *world, int in, loff_t *offset_in, int out, loff_t *offset_out, size_t length, unsigned flags)
{
    struct drill *drill = world;
    if ((offset_in && *offset_in) || (offset_out && *offset_out))
        return fail(ESPIPE);
    drill_enter(drill);
    ssize_t n = pipe_splice(drill, in, out, length, flags);
    drill_leave(drill);
    return (int)n;
}

/* ---- the wire and the clock ---- */

static int call_netdev_send(void *world, const void *packet, size_t count)
{
    struct drill *drill = world;
    drill_enter(drill);
    sysctl_refresh(drill);
    int result = device_inject(drill, packet, count);
    drill_leave(drill);
    return result;
}

static int call_netdev_receive(void *world, void *packet, size_t *count, long long *time_us)
{
    struct drill *drill = world;
    drill_enter(drill);
    size_t room = *count;
    *count = 0;
    *time_us = 0;
    if (drill_advance_to_packet(drill)) {
        struct captured *captured = list_entry(list_pop_front(&drill->captured), struct captured, link);
        drill->captured_count--;
        *count = captured->length < room ? captured->length : room;
        memcpy(packet, captured->bytes, *count);
        *time_us = drill_wall_us(captured->time);
        memory_free(captured);
    }
    drill_leave(drill);
    return 0;
}

static int call_usleep(void *world, useconds_t us)
{
    struct drill *drill = world;
    sysctl_shells_wait(drill, us);
    drill_enter(drill);
    drill_advance(drill, instant_add(drill_now(drill), us * NS_PER_US));
    drill_leave(drill);
    return 0;
}

static int call_gettimeofday(void *world, struct timeval *time, struct timezone *zone)
{
    (void)zone;
    struct drill *drill = world;
    drill_look(drill);
    int64_t us = drill_wall_us(drill_now(drill));
    *time = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    drill_leave(drill);
    return 0;
}

/* ---- the world ---- */

static void call_free(void *world)
{
    struct drill *drill = world;
    outside_end(drill);
    drill_enter(drill);
    if (!drill_send_away(drill)) {
        drill_leave(drill); /* someone is in a call still: what they stand on must stay */
        return;
    }
    drill->open = false;
    descriptors_end(drill);
    device_destroy(drill);
    pthread_mutex_unlock(&drill->lock);
    pthread_mutex_destroy(&drill->lock);
    memory_free(drill);
}

static struct drill *world_make(const char *flags)
{
    struct drill *drill = memory_take_zeroed(1, sizeof *drill);
    pthread_mutex_init(&drill->lock, NULL);
    drill->driver = pthread_self();
    drill->driver_task = gettid();
    list_init(&drill->waits);
    list_init(&drill->captured);
    drill->backlog_most = 4096;
    if (drill_flags_parse(flags, &drill->flags) != 0)
        fprintf(stderr, "imp: --so_flags has a value that cannot be read: %s\n", flags);
    descriptors_begin(drill);
    device_create(drill);
    sysctl_default(drill);
    sysctl_refresh(drill);
    return drill;
}

__attribute__((visibility("default"))) void packetdrill_interface_init(const char *flags, struct packetdrill_interface *table)
{
    *table = (struct packetdrill_interface){.userdata = world_make(flags),
                                            .free = call_free,
                                            .socket = call_socket,
                                            .bind = call_bind,
                                            .listen = call_listen,
                                            .accept = call_accept,
                                            .connect = call_connect,
                                            .read = call_read,
                                            .readv = call_readv,
                                            .recv = call_recv,
                                            .recvfrom = call_recvfrom,
                                            .recvmsg = call_recvmsg,
                                            .write = call_write,
                                            .writev = call_writev,
                                            .send = call_send,
                                            .sendto = call_sendto,
                                            .sendmsg = call_sendmsg,
                                            .fcntl = call_fcntl,
                                            .ioctl = call_ioctl,
                                            .close = call_close,
                                            .shutdown = call_shutdown,
                                            .getsockopt = call_getsockopt,
                                            .setsockopt = call_setsockopt,
                                            .poll = call_poll,
                                            .netdev_send = call_netdev_send,
                                            .netdev_receive = call_netdev_receive,
                                            .usleep = call_usleep,
                                            .gettimeofday = call_gettimeofday,
                                            .epoll_create = call_epoll_create,
                                            .epoll_ctl = call_epoll_ctl,
                                            .epoll_wait = call_epoll_wait,
                                            .pipe = call_pipe,
                                            .splice = call_splice};
    outside_begin(table->userdata, table);
}
