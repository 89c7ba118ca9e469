#ifndef IMP_PACKETDRILL_DESCRIPTOR_H
#define IMP_PACKETDRILL_DESCRIPTOR_H

#include <sys/types.h>

#include "packetdrill/drill.h"

/* What is behind a file descriptor. Its number is one of this process's, so no other file has it meanwhile. A call that may wait holds the
 * descriptor meanwhile, so that a close in between does not pull it away. Functions return a value or -1 with errno set. */
enum descriptor_kind { DESCRIPTOR_STREAM, DESCRIPTOR_DATAGRAM, DESCRIPTOR_PIPE, DESCRIPTOR_EPOLL };
struct descriptor {
    enum descriptor_kind kind;
    int fd;
    uint64_t serial; /* no other of this world has it, also when the number and the memory are used again */
    bool nonblocking;
    bool closed; /* its number is gone; freed when no call holds it */
    unsigned holds;
    uint64_t ins, outs, errors; /* wake-ups so far of readers, of writers and for errors: what edge-triggered epoll counts */
    void (*destroy)(struct drill *drill, struct descriptor *descriptor);
};

void descriptors_begin(struct drill *drill);
int descriptor_add(struct drill *drill, struct descriptor *descriptor); /* its number, or -1 EMFILE */
struct descriptor *descriptor_hold(struct drill *drill, int fd);        /* NULL: EBADF */
void descriptor_release(struct drill *drill, struct descriptor *descriptor);
int descriptor_close(struct drill *drill, int fd);
short descriptor_events(struct drill *drill, struct descriptor *descriptor); /* what poll() would tell of it */
void descriptors_observe(struct drill *drill); /* after anything may have happened: notes who died, who has sent what */
void descriptors_end(struct drill *drill);

/* ---- poll.c, pipe.c ---- */
struct pollfd;
struct epoll_event;
int poll_wait(struct drill *drill, struct pollfd *fds, unsigned long count, int timeout_ms);
int epoll_make(struct drill *drill, int size);
int epoll_change(struct drill *drill, int epoll_fd, int operation, int fd, const struct epoll_event *event);
int epoll_collect(struct drill *drill, int epoll_fd, struct epoll_event *events, int maximum, int timeout_ms);
int pipe_make(struct drill *drill, int fds[2]);
short pipe_events(const struct descriptor *descriptor);
struct msghdr;
ssize_t pipe_read(struct drill *drill, struct descriptor *descriptor, struct msghdr *message, bool nonblocking);
ssize_t pipe_write(struct drill *drill, struct descriptor *descriptor, const struct msghdr *message, bool nonblocking);
ssize_t pipe_splice(struct drill *drill, int fd_in, int fd_out, size_t length, unsigned flags);

#endif
