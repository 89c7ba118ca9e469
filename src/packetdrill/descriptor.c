/* The table of file descriptors.
 *
 * The program under test sees numbers only. Behind a number is a struct descriptor, the first member of a socket, a pipe's end or an epoll
 * set. A blocked call keeps a hold on what it waits for, because another call may close the number meanwhile: the number is then free
 * at once, the structure when the last hold is given back. There are no duplicates of a descriptor (packetdrill has no dup).
 *
 * The numbers are real ones of this process: each is taken by a duplicate of one empty file, the anchor. packetdrill opens files of its
 * own, which must not get the same numbers, and at its end it hands the numbers of sockets that a script left open to the kernel's own
 * close(), and takes it ill when that fails. So a number may be gone, or be another file's, when we come to close it; the anchor's inode
 * tells.
 *
 * Nothing here waits, and nothing has a time. */
#include "packetdrill/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packetdrill/socket.h"

enum { FIRST_DESCRIPTOR = 3 };

static bool number_take(struct drill *drill, int *out_fd)
{
    *out_fd = fcntl(drill->anchor, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    if (*out_fd >= 0 && *out_fd < LIMIT_DESCRIPTORS && !drill->descriptors[*out_fd])
        return true;
    /* A number of ours that the program gave to the kernel's close(): the descriptor behind it is over. */
    if (*out_fd >= 0 && *out_fd < LIMIT_DESCRIPTORS)
        return descriptor_close(drill, *out_fd) == 0 && number_take(drill, out_fd);
    if (*out_fd >= 0)
        (void)close(*out_fd);
    return false;
}

static void number_give_back(const struct drill *drill, int fd)
{
    struct stat ours, about;
    if (fstat(drill->anchor, &ours) == 0 && fstat(fd, &about) == 0 && about.st_ino == ours.st_ino &&
        about.st_dev == ours.st_dev)
        (void)close(fd);
}

void descriptors_begin(struct drill *drill) { drill->anchor = memfd_create("imp", MFD_CLOEXEC); }

int descriptor_add(struct drill *drill, struct descriptor *descriptor)
{
    if (!number_take(drill, &descriptor->fd)) {
        descriptor->destroy(drill, descriptor);
        errno = EMFILE;
        return -1;
    }
    drill->descriptors[descriptor->fd] = descriptor;
    descriptor->serial = ++drill->descriptors_made;
    return descriptor->fd;
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
    number_give_back(drill, fd);
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
    (void)close(drill->anchor);
}
