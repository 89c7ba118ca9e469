/* Pipes, and splice() between a pipe and a socket.
 *
 * A pipe is one ring of bytes that both of its ends point to; each end has a descriptor of its own, and the ring goes with the last. Reading an
 * empty pipe waits, or ends when nobody can write any more; writing a full one waits, or is EPIPE when nobody will read. The capacity
 * is Linux's 64 KiB.
 *
 * splice() ends at urgent data, also where that is in line: as long as it is next, there is nothing to move (0, or EAGAIN for who does not wait).
 * It moves bytes through a buffer of this program's: nothing is saved by it, but the calls' results are Linux's. One side must be a
 * pipe. It waits for the first byte only. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "packetdrill/descriptor.h"
#include "packetdrill/socket.h"

enum { PIPE_BYTES = 65536 };
struct ring {
    uint32_t first, length;
    struct descriptor *reader, *writer; /* NULL: closed */
    uint8_t bytes[PIPE_BYTES];
};
struct pipe_end {
    struct descriptor descriptor;
    struct ring *ring;
    bool writes;
};

static void end_destroy(struct drill *drill, struct descriptor *descriptor)
{
    (void)drill;
    struct pipe_end *end = (struct pipe_end *)descriptor;
    *(end->writes ? &end->ring->writer : &end->ring->reader) = NULL;
    struct descriptor *other = end->writes ? end->ring->reader : end->ring->writer;
    if (other)
        other->ins++, other->outs++, other->errors++;
    else
        memory_free(end->ring);
    memory_free(end);
}

int pipe_make(struct drill *drill, int fds[2])
{
    struct ring *ring = memory_take_zeroed(1, sizeof *ring);
    struct pipe_end *ends[2];
    for (int i = 0; i < 2; i++) {
        ends[i] = memory_take_zeroed(1, sizeof *ends[i]);
        *ends[i] = (struct pipe_end){{.kind = DESCRIPTOR_PIPE, .destroy = end_destroy}, ring, i == 1};
    }
    ring->reader = &ends[0]->descriptor;
    ring->writer = &ends[1]->descriptor;
    fds[0] = descriptor_add(drill, &ends[0]->descriptor);
    if (fds[0] < 0) {
        end_destroy(drill, &ends[1]->descriptor);
        return -1;
    }
    fds[1] = descriptor_add(drill, &ends[1]->descriptor);
    if (fds[1] < 0) {
        (void)descriptor_close(drill, fds[0]);
        return fail(EMFILE);
    }
    return 0;
}

short pipe_events(const struct descriptor *descriptor)
{
    const struct pipe_end *end = (const struct pipe_end *)descriptor;
    const struct ring *ring = end->ring;
    if (end->writes)
        return (short)((ring->length < PIPE_BYTES ? POLLOUT | POLLWRNORM : 0) | (ring->reader ? 0 : POLLERR));
    return (short)((ring->length ? POLLIN | POLLRDNORM : 0) | (ring->writer ? 0 : POLLHUP));
}

static bool has_bytes(struct drill *drill, void *context)
{
    (void)drill;
    const struct ring *ring = context;
    return ring->length || !ring->writer;
}

static bool has_room(struct drill *drill, void *context)
{
    (void)drill;
    const struct ring *ring = context;
    return ring->length < PIPE_BYTES || !ring->reader;
}

static size_t ring_peek(const struct ring *ring, uint8_t *out, size_t length)
{
    size_t n = length < ring->length ? length : ring->length;
    for (size_t i = 0; i < n; i++)
        out[i] = ring->bytes[(ring->first + i) % PIPE_BYTES];
    return n;
}

static void ring_drop(struct ring *ring, size_t length)
{
    uint32_t n = length < ring->length ? (uint32_t)length : ring->length;
    ring->first = (ring->first + n) % PIPE_BYTES;
    ring->length -= n;
    if (n && ring->writer)
        ring->writer->outs++;
}

static size_t ring_put(struct ring *ring, const uint8_t *data, size_t length)
{
    size_t room = PIPE_BYTES - ring->length, n = length < room ? length : room;
    for (size_t i = 0; i < n; i++)
        ring->bytes[(ring->first + ring->length + i) % PIPE_BYTES] = data[i];
    ring->length += (uint32_t)n;
    if (n && ring->reader)
        ring->reader->ins++;
    return n;
}

ssize_t pipe_read(struct drill *drill, struct descriptor *descriptor, struct msghdr *message, bool nonblocking)
{
    struct pipe_end *end = (struct pipe_end *)descriptor;
    if (end->writes)
        return fail(EBADF);
    if (!has_bytes(drill, end->ring) && (nonblocking || !drill_wait(drill, has_bytes, end->ring, INSTANT_NEVER)))
        return fail(EAGAIN);
    size_t length = message_room(message);
    uint8_t *buffer = memory_take(length ? length : 1);
    size_t n = ring_peek(end->ring, buffer, length);
    ring_drop(end->ring, n);
    message_scatter(message, buffer, n);
    memory_free(buffer);
    return (ssize_t)n;
}

ssize_t pipe_write(struct drill *drill, struct descriptor *descriptor, const struct msghdr *message, bool nonblocking)
{
    struct pipe_end *end = (struct pipe_end *)descriptor;
    if (!end->writes)
        return fail(EBADF);
    size_t length, done = 0;
    uint8_t *data = message_gather(message, &length);
    int error = 0;
    while (done < length && !error) {
        if (!end->ring->reader)
            error = EPIPE;
        else if (!has_room(drill, end->ring) && (nonblocking || !drill_wait(drill, has_room, end->ring, INSTANT_NEVER)))
            error = EAGAIN;
        else
            done += ring_put(end->ring, data + done, length - done);
    }
    memory_free(data);
    return done || !error ? (ssize_t)done : fail(error);
}

/* ---- splice ---- */

/* Bytes leave the pipe only when they were sent. */
static ssize_t move_out(struct drill *drill, struct pipe_end *from, struct descriptor *out, struct iovec *piece, unsigned flags)
{
    bool waits = !(flags & SPLICE_F_NONBLOCK);
    struct msghdr message = {.msg_iov = piece, .msg_iovlen = 1};
    if (from->writes)
        return fail(EBADF);
    if (!has_bytes(drill, from->ring) && (!waits || !drill_wait(drill, has_bytes, from->ring, INSTANT_NEVER)))
        return fail(EAGAIN);
    piece->iov_len = ring_peek(from->ring, piece->iov_base, piece->iov_len);
    if (piece->iov_len == 0)
        return 0;
    ssize_t sent =
        out->kind == DESCRIPTOR_PIPE
            ? pipe_write(drill, out, &message, true)
            : stream_send((struct socket *)out, &message, (waits ? 0 : MSG_DONTWAIT) | (flags & SPLICE_F_MORE ? MSG_MORE : 0));
    if (sent > 0)
        ring_drop(from->ring, (size_t)sent);
    return sent;
}

static ssize_t move_in(struct drill *drill, struct socket *from, struct descriptor *to, struct iovec *piece, bool waits)
{
    struct msghdr message = {.msg_iov = piece, .msg_iovlen = 1};
    if (stream_stops(from))
        return waits && !from->descriptor.nonblocking ? 0 : fail(EAGAIN);
    ssize_t n = stream_receive(from, &message, waits ? 0 : MSG_DONTWAIT);
    piece->iov_len = n > 0 ? (size_t)n : 0;
    return n > 0 ? pipe_write(drill, to, &message, true) : n;
}

static ssize_t move(struct drill *drill, struct descriptor *in, struct descriptor *out, size_t length, unsigned flags)
{
    struct pipe_end *from = (struct pipe_end *)in, *to = (struct pipe_end *)out;
    bool waits = !(flags & SPLICE_F_NONBLOCK);
    if ((in->kind != DESCRIPTOR_PIPE && out->kind != DESCRIPTOR_PIPE) || (in->kind == out->kind && from->ring == to->ring))
        return fail(EINVAL);
    if (length > PIPE_BYTES)
        length = PIPE_BYTES;
    if (out->kind == DESCRIPTOR_PIPE) {
        if (!to->writes)
            return fail(EBADF);
        if (!has_room(drill, to->ring) && (!waits || !drill_wait(drill, has_room, to->ring, INSTANT_NEVER)))
            return fail(EAGAIN);
        size_t room = PIPE_BYTES - to->ring->length;
        length = length < room ? length : room;
    }
    struct iovec piece = {memory_take(length ? length : 1), length};
    void *bytes = piece.iov_base;
    ssize_t n = in->kind == DESCRIPTOR_PIPE ? move_out(drill, from, out, &piece, flags)
                                            : move_in(drill, (struct socket *)in, out, &piece, waits);
    int error = errno;
    memory_free(bytes);
    errno = error;
    return n;
}

ssize_t pipe_splice(struct drill *drill, int fd_in, int fd_out, size_t length, unsigned flags)
{
    if (length == 0)
        return 0;
    struct descriptor *in = descriptor_hold(drill, fd_in);
    if (!in)
        return -1;
    struct descriptor *out = descriptor_hold(drill, fd_out);
    ssize_t n = -1;
    if (out && (in->kind == DESCRIPTOR_EPOLL || out->kind == DESCRIPTOR_EPOLL || in->kind == DESCRIPTOR_DATAGRAM ||
                out->kind == DESCRIPTOR_DATAGRAM))
        errno = EINVAL;
    else if (out)
        n = move(drill, in, out, length, flags);
    if (out)
        descriptor_release(drill, out);
    descriptor_release(drill, in);
    return n;
}
