/* The table of file descriptors.
 *
 * The program under test sees numbers only. Behind a number is a struct descriptor, the first member of a socket, a pipe's end or an epoll
 * set. A blocked call keeps a hold on what it waits for, because another call may close the number meanwhile: the number is then free
 * at once, the structure when the last hold is given back. There are no duplicates of a descriptor (packetdrill has no dup).
 *
 * Nothing here waits, and nothing has a time. */
#include "packetdrill/descriptor.h"

#include <errno.h>
#include <poll.h>

#include "packetdrill/socket.h"

enum { FIRST_DESCRIPTOR = 3 };

int descriptor_add(struct drill *drill, struct descriptor *descriptor)
{
    for (int fd = FIRST_DESCRIPTOR; fd < LIMIT_DESCRIPTORS; fd++) {
        if (drill->descriptors[fd])
            continue;
        drill->descriptors[fd] = descriptor;
        descriptor->fd = fd;
        return fd;
    }
    descriptor->destroy(drill, descriptor);
    errno = EMFILE;
    return -1;
}

struct descriptor *descriptor_hold(struct drill *drill, int fd)
{
    if (fd < 0 || fd >= LIMIT_DESCRIPTORS || !drill->descriptors[fd]) {
        errno = EBADF;
        return NULL;
    }
    drill->descriptors[fd]->holds++;
    return drill->descriptors[fd];
}

void descriptor_release(struct drill *drill, struct descriptor *descriptor)
{
    if (--descriptor->holds == 0 && descriptor->closed)
        descriptor->destroy(drill, descriptor);
}

int descriptor_close(struct drill *drill, int fd)
{
    struct descriptor *descriptor = descriptor_hold(drill, fd);
    if (!descriptor)
        return -1;
    drill->descriptors[fd] = NULL;
    descriptor->closed = true;
    if (descriptor->kind == DESCRIPTOR_STREAM)
        stream_close(drill, (struct socket *)descriptor);
    descriptor_release(drill, descriptor);
    return 0;
}

short descriptor_events(struct drill *drill, struct descriptor *descriptor)
{
    switch (descriptor->kind) {
    case DESCRIPTOR_STREAM: return stream_events((struct socket *)descriptor);
    case DESCRIPTOR_DATAGRAM: return datagram_events((struct socket *)descriptor);
    case DESCRIPTOR_PIPE: return pipe_events(descriptor);
    case DESCRIPTOR_EPOLL: break;
    }
    (void)drill;
    return 0;
}

void descriptors_observe(struct drill *drill)
{
    for (int fd = FIRST_DESCRIPTOR; fd < LIMIT_DESCRIPTORS; fd++)
        if (drill->descriptors[fd] && drill->descriptors[fd]->kind == DESCRIPTOR_STREAM)
            stream_observe((struct socket *)drill->descriptors[fd], drill_now(drill));
}

void descriptors_end(struct drill *drill)
{
    for (int fd = FIRST_DESCRIPTOR; fd < LIMIT_DESCRIPTORS; fd++)
        if (drill->descriptors[fd])
            (void)descriptor_close(drill, fd);
}
