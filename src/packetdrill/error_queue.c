/* The queue of errors of a TCP socket, which recvmsg(MSG_ERRQUEUE) reads: completions of MSG_ZEROCOPY, and the times of SO_TIMESTAMPING.
 *
 * With SO_ZEROCOPY set, each send() with MSG_ZEROCOPY has a number, from 0. When the last of its bytes is acknowledged the program may use
 * its memory again, and is told so: a range of numbers, since completions that follow one another in the queue are told as one. Here the
 * bytes were copied when they were sent, as Linux does for a device without scatter-gather, and SO_EE_CODE_ZEROCOPY_COPIED says so. A
 * connection that ends completes them all.
 *
 * With SO_TIMESTAMPING, a send() is told when its last byte left for the device (SCHED and, at the same instant here, SND), and when it
 * was acknowledged (ACK). With OPT_ID the number of that byte goes along, counted from where the stream stood when the option was set.
 * Linux brings the packet itself too, as far as there is room for it; here none of it is given, so all of it is truncated (MSG_TRUNC).
 * A byte that has to be sent again is told of once.
 *
 * What is under way is two lists of where in the stream each send ended; error_queue_observe() compares them with TCP's own account
 * at each instant at which something happened. There are no timers. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "base/memory.h"
#include "packetdrill/socket.h"

enum { RECORDED = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_ACK };

struct error_entry { /* told, but not yet read */
    struct list link;
    struct sock_extended_err error;
    struct instant time; /* of a timestamp */
    bool timed, truncated;
};
struct stamp_mark { /* a send whose times are wanted */
    struct list link;
    uint64_t end;
    uint32_t flags;
    bool left;
};

/* ---- what is told ---- */

static void tell(struct socket *socket, struct error_entry told)
{
    struct error_entry *entry = memory_take(sizeof *entry);
    *entry = told;
    list_push_back(&socket->errors.queue, &entry->link);
    socket->descriptor.errors++;
}

static void tell_completion(struct socket *socket, uint32_t first, uint32_t last)
{
    struct error_entry told = {
        .error = {
            .ee_origin = SO_EE_ORIGIN_ZEROCOPY, .ee_code = SO_EE_CODE_ZEROCOPY_COPIED, .ee_info = first, .ee_data = last}};
    struct list *queue = &socket->errors.queue;
    struct error_entry *before = list_empty(queue) ? NULL : list_entry(queue->previous, struct error_entry, link);
    if (!before || before->timed || before->error.ee_data + 1 != first) {
        tell(socket, told);
        return;
    }
    before->error.ee_data = last;
    socket->descriptor.errors++;
}

static void tell_time(struct socket *socket, const struct stamp_mark *mark, uint32_t kind, struct instant now)
{
    uint32_t flags = (uint32_t)option_value(socket, SOL_SOCKET, SO_TIMESTAMPING);
    uint32_t key = flags & STAMPS_OPT_ID ? (uint32_t)(mark->end - 1 - socket->errors.stamp_base) : 0;
    tell(socket, (struct error_entry){
                     .error = {.ee_errno = ENOMSG, .ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_info = kind, .ee_data = key},
                     .time = now,
                     .timed = true,
                     .truncated = !(flags & SOF_TIMESTAMPING_OPT_TSONLY)});
}

/* ---- what is under way ---- */

void error_queue_begin(struct socket *socket)
{
    socket->errors = (struct error_queue){.stamp_base = 0};
    list_init(&socket->errors.queue);
    list_init(&socket->errors.marks);
}

void zero_copy_sent(struct socket *socket)
{
    struct error_queue *errors = &socket->errors;
    if (errors->count == errors->capacity) {
        errors->capacity = errors->capacity ? 2 * errors->capacity : 16;
        errors->ends = memory_grow(errors->ends, errors->capacity, sizeof *errors->ends);
    }
    errors->ends[errors->count++] = socket->written;
}

int stamps_check(const struct socket *socket, uint32_t flags)
{
    struct tcp_info info = {.state = TCP_CLOSED};
    if (socket->tcp)
        tcp_socket_info(socket->tcp, &info);
    bool anew = flags & STAMPS_OPT_ID && !(option_value(socket, SOL_SOCKET, SO_TIMESTAMPING) & STAMPS_OPT_ID);
    bool idle = info.state == TCP_CLOSED || socket->listening;
    if (flags & SOF_TIMESTAMPING_OPT_STATS && !(flags & SOF_TIMESTAMPING_OPT_TSONLY))
        return EINVAL;
    if (flags & STAMPS_OPT_ID_TCP && !(flags & STAMPS_OPT_ID))
        return EINVAL;
    return anew && idle && socket->descriptor.kind == DESCRIPTOR_STREAM ? EINVAL : 0;
}

void stamps_begin(struct socket *socket, uint32_t flags)
{
    struct tcp_info info = {.state = TCP_CLOSED};
    if (!socket->tcp || socket->descriptor.kind != DESCRIPTOR_STREAM)
        return;
    tcp_socket_info(socket->tcp, &info);
    bool opening = info.state == TCP_SYN_SENT || info.state == TCP_SYN_RECEIVED; /* the SYN has a number too */
    socket->errors.stamp_base = flags & STAMPS_OPT_ID_TCP ? socket->written : info.bytes_acked - opening;
}

int stamps_wanted(const struct socket *socket, const struct msghdr *message, uint32_t *flags)
{
    *flags = (uint32_t)option_value(socket, SOL_SOCKET, SO_TIMESTAMPING);
    struct msghdr copy = *message;
    for (struct cmsghdr *at = copy.msg_control ? CMSG_FIRSTHDR(&copy) : NULL; at; at = CMSG_NXTHDR(&copy, at)) {
        uint32_t more;
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_TIMESTAMPING)
            continue;
        if (at->cmsg_len != CMSG_LEN(sizeof more))
            return EINVAL;
        memcpy(&more, CMSG_DATA(at), sizeof more);
        if (more & ~(uint32_t)SOF_TIMESTAMPING_TX_RECORD_MASK)
            return EINVAL;
        *flags = (*flags & ~(uint32_t)SOF_TIMESTAMPING_TX_RECORD_MASK) | more;
    }
    return 0;
}

void stamps_sent(struct socket *socket, uint32_t flags)
{
    if (!(flags & RECORDED))
        return;
    struct stamp_mark *mark = memory_take(sizeof *mark);
    *mark = (struct stamp_mark){.end = socket->written, .flags = flags};
    list_push_back(&socket->errors.marks, &mark->link);
}

static void zero_copy_observe(struct socket *socket, const struct tcp_info *info)
{
    struct error_queue *errors = &socket->errors;
    uint32_t done = 0;
    while (done < errors->count && (info->state == TCP_CLOSED || info->bytes_acked >= errors->ends[done]))
        done++;
    if (!done)
        return;
    memmove(errors->ends, errors->ends + done, (errors->count - done) * sizeof *errors->ends);
    errors->count -= done;
    errors->complete += done;
    tell_completion(socket, errors->complete - done, errors->complete - 1);
}

static void stamps_observe(struct socket *socket, const struct tcp_info *info, struct instant now)
{
    bool opening = info->state == TCP_SYN_SENT || info->state == TCP_SYN_RECEIVED;
    uint64_t left = opening ? 0 : info->bytes_acked + info->outstanding - info->not_sent; /* a FIN at the end does no harm */
    list_each (link, &socket->errors.marks) {
        struct stamp_mark *mark = list_entry(link, struct stamp_mark, link);
        if (!mark->left && left >= mark->end) {
            mark->left = true;
            if (mark->flags & SOF_TIMESTAMPING_TX_SCHED)
                tell_time(socket, mark, SCM_TSTAMP_SCHED, now);
            if (mark->flags & SOF_TIMESTAMPING_TX_SOFTWARE)
                tell_time(socket, mark, SCM_TSTAMP_SND, now);
        }
        bool acked = info->bytes_acked >= mark->end;
        if (acked && mark->flags & SOF_TIMESTAMPING_TX_ACK)
            tell_time(socket, mark, SCM_TSTAMP_ACK, now);
        if (acked) {
            list_remove(&mark->link);
            memory_free(mark);
        }
    }
}

void error_queue_observe(struct socket *socket, const struct tcp_info *info, struct instant now)
{
    if (!list_empty(&socket->errors.marks))
        stamps_observe(socket, info, now);
    zero_copy_observe(socket, info);
}

void error_queue_end(struct socket *socket)
{
    struct list *link;
    while ((link = list_pop_front(&socket->errors.queue)) != NULL)
        memory_free(list_entry(link, struct error_entry, link));
    while ((link = list_pop_front(&socket->errors.marks)) != NULL)
        memory_free(list_entry(link, struct stamp_mark, link));
    memory_free(socket->errors.ends);
    error_queue_begin(socket);
}

/* ---- reading ---- */

bool error_queue_waiting(const struct socket *socket) { return !list_empty(&socket->errors.queue); }

static void control_add(struct msghdr *message, size_t room, int level, int type, const void *data, size_t bytes)
{
    if (!message->msg_control || room - message->msg_controllen < CMSG_SPACE(bytes)) {
        message->msg_flags |= MSG_CTRUNC;
        return;
    }
    struct cmsghdr *control = (struct cmsghdr *)(void *)((char *)message->msg_control + message->msg_controllen);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes), .cmsg_level = level, .cmsg_type = type};
    memcpy(CMSG_DATA(control), data, bytes);
    message->msg_controllen += CMSG_SPACE(bytes);
}

ssize_t error_queue_receive(struct socket *socket, struct msghdr *message)
{
    struct list *first = list_pop_front(&socket->errors.queue);
    if (!first)
        return fail(EAGAIN);
    struct error_entry *entry = list_entry(first, struct error_entry, link);
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 offender; /* nobody; an AF_INET socket's is shorter */
    } told = {.error = entry->error};
    bool six = socket->domain == AF_INET6;
    size_t bytes = sizeof told.error + (six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    size_t room = message->msg_controllen;
    message->msg_namelen = 0;
    message->msg_controllen = 0;
    message->msg_flags = MSG_ERRQUEUE | (entry->truncated ? MSG_TRUNC : 0);
    if (entry->timed && option_value(socket, SOL_SOCKET, SO_TIMESTAMPING) & SOF_TIMESTAMPING_SOFTWARE) {
        int64_t us = drill_wall_us(entry->time);
        struct scm_timestamping times = {.ts = {{.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}}};
        control_add(message, room, SOL_SOCKET, SO_TIMESTAMPING, &times, sizeof times);
    }
    control_add(message, room, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, &told, bytes);
    memory_free(entry);
    return 0;
}
