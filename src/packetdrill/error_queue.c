/* The queue of errors of a TCP socket, which recvmsg(MSG_ERRQUEUE) reads: the completions of MSG_ZEROCOPY.
 *
 * With SO_ZEROCOPY set, each send() with MSG_ZEROCOPY has a number, from 0. When the last of its bytes is acknowledged the program may use
 * its memory again, and is told so: a range of numbers, since completions that follow one another are told as one. Here the bytes were
 * copied when they were sent, as Linux does for a device without scatter-gather, and SO_EE_CODE_ZEROCOPY_COPIED says so.
 *
 * All completions are of that one kind and in order, so what waits to be told is always one range; what is under way is a list of
 * where, in the stream, each send ended. A connection that ends completes them all. There are no timers. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#include "base/memory.h"
#include "packetdrill/socket.h"

void zero_copy_sent(struct socket *socket)
{
    struct zero_copy *zero = &socket->zero_copy;
    if (zero->count == zero->capacity) {
        zero->capacity = zero->capacity ? 2 * zero->capacity : 16;
        zero->ends = memory_grow(zero->ends, zero->capacity, sizeof *zero->ends);
    }
    zero->ends[zero->count++] = socket->written;
}

void zero_copy_observe(struct socket *socket, const struct tcp_info *info)
{
    struct zero_copy *zero = &socket->zero_copy;
    uint32_t done = 0;
    while (done < zero->count && (info->state == TCP_CLOSED || info->bytes_acked >= zero->ends[done]))
        done++;
    if (!done)
        return;
    memmove(zero->ends, zero->ends + done, (zero->count - done) * sizeof *zero->ends);
    zero->count -= done;
    zero->complete += done;
    socket->descriptor.ins++;
}

bool error_queue_waiting(const struct socket *socket) { return socket->zero_copy.complete != socket->zero_copy.told; }

void zero_copy_end(struct socket *socket)
{
    memory_free(socket->zero_copy.ends);
    socket->zero_copy = (struct zero_copy){0};
}

ssize_t error_queue_receive(struct socket *socket, struct msghdr *message)
{
    struct zero_copy *zero = &socket->zero_copy;
    if (!error_queue_waiting(socket))
        return fail(EAGAIN);
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 offender; /* nobody; an AF_INET socket's is shorter */
    } told = {.error = {.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
                        .ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
                        .ee_info = zero->told,
                        .ee_data = zero->complete - 1}};
    bool six = socket->domain == AF_INET6;
    size_t bytes = sizeof told.error + (six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    message->msg_namelen = 0;
    message->msg_flags = MSG_ERRQUEUE;
    if (message->msg_control && message->msg_controllen >= CMSG_SPACE(bytes)) {
        struct cmsghdr *control = CMSG_FIRSTHDR(message);
        *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes),
                                    .cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP,
                                    .cmsg_type = six ? IPV6_RECVERR : IP_RECVERR};
        memcpy(CMSG_DATA(control), &told, bytes);
        message->msg_controllen = CMSG_SPACE(bytes);
    } else {
        message->msg_controllen = 0;
        message->msg_flags |= MSG_CTRUNC;
    }
    zero->told = zero->complete;
    return 0;
}
