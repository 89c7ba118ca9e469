#ifndef IMP_PACKETDRILL_PACKETDRILL_INTERFACE_H
#define IMP_PACKETDRILL_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The table through which the packetdrill program drives a stack that is not the kernel's. The order and the types of the members are
 * the contract with that program. Each call gets `userdata` first, returns what the Linux call of its name returns, and sets errno. */
struct packetdrill_interface {
    void *userdata;
    void (*free)(void *userdata);
    int (*socket)(void *userdata, int domain, int type, int protocol);
    int (*bind)(void *userdata, int fd, const struct sockaddr *address, socklen_t length);
    int (*listen)(void *userdata, int fd, int backlog);
    int (*accept)(void *userdata, int fd, struct sockaddr *address, socklen_t *length);
    int (*connect)(void *userdata, int fd, const struct sockaddr *address, socklen_t length);
    ssize_t (*read)(void *userdata, int fd, void *buffer, size_t count);
    ssize_t (*readv)(void *userdata, int fd, const struct iovec *pieces, int count);
    ssize_t (*recv)(void *userdata, int fd, void *buffer, size_t count, int flags);
    ssize_t (*recvfrom)(void *userdata, int fd, void *buffer, size_t count, int flags, struct sockaddr *address,
                        socklen_t *length);
    ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *message, int flags);
    ssize_t (*write)(void *userdata, int fd, const void *buffer, size_t count);
    ssize_t (*writev)(void *userdata, int fd, const struct iovec *pieces, int count);
    ssize_t (*send)(void *userdata, int fd, const void *buffer, size_t count, int flags);
    ssize_t (*sendto)(void *userdata, int fd, const void *buffer, size_t count, int flags, const struct sockaddr *address,
                      socklen_t length);
    ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *message, int flags);
    int (*fcntl)(void *userdata, int fd, int command, ...);
    int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
    int (*close)(void *userdata, int fd);
    int (*shutdown)(void *userdata, int fd, int how);
    int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *length);
    int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value, socklen_t length);
    int (*poll)(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);
    /* A raw IP packet goes into the stack: 0 or -1. */
    int (*netdev_send)(void *userdata, const void *packet, size_t count);
    /* The next raw IP packet that the stack sent: 0 with its length in *count (0: none came) and when it left, or -1. */
    int (*netdev_receive)(void *userdata, void *packet, size_t *count, long long *time_us);
    int (*usleep)(void *userdata, useconds_t us);
    int (*gettimeofday)(void *userdata, struct timeval *time, struct timezone *zone);
    int (*epoll_create)(void *userdata, int size);
    int (*epoll_ctl)(void *userdata, int epoll_fd, int operation, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *userdata, int epoll_fd, struct epoll_event *events, int maximum, int timeout_ms);
    int (*pipe)(void *userdata, int fds[2]);
    int (*splice)(void *userdata, int fd_in, loff_t *offset_in, int fd_out, loff_t *offset_out, size_t length, unsigned flags);
};

void packetdrill_interface_init(const char *flags, struct packetdrill_interface *table);

#endif
