#ifndef IMP_PACKETDRILL_SOCKET_H
#define IMP_PACKETDRILL_SOCKET_H

#include <sys/socket.h>

#include "packetdrill/descriptor.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

/* A socket as Linux's calls know it, over TCP's and UDP's own sockets, which are made late: a TCP one by listen() or connect(), a UDP one by
 * the first call that needs it. Functions return what the system call returns, -1 with errno set. */
enum { SOCKET_OPTIONS = 64, IOV_LIMIT = 1024, LIMIT_READ = 1 << 25 }; /* LIMIT_READ: more than any buffer holds */
struct error_queue {                                                  /* error_queue.c */
    struct list queue;                                                /* of what recvmsg(MSG_ERRQUEUE) is to tell */
    uint64_t *ends; /* where in the stream each send with MSG_ZEROCOPY that is under way ended */
    uint32_t count, capacity, complete;
    struct list marks;   /* of sends whose times are wanted (SO_TIMESTAMPING) */
    uint64_t stamp_base; /* the byte that OPT_ID counts from */
};
struct socket {
    struct descriptor descriptor;
    struct drill *drill;
    int domain;             /* AF_INET, AF_INET6 */
    struct tcp_socket *tcp; /* NULL: neither listening nor connected */
    struct udp_socket *udp;
    struct endpoint local, remote;
    bool named;                        /* by bind(): the local name stays when a connection ends */
    bool bound, listening, connecting; /* connecting: connect() has not yet told how it ended */
    bool ended;                        /* the connection is over, and `error` has been set */
    bool shut_read, shut_write;
    uint64_t received; /* bytes; it and the next two as last observed */
    bool finished, opened, no_space;
    uint64_t written; /* bytes that TCP took */
    struct error_queue errors;
    int error; /* errno to be told once, as SO_ERROR */
    int backlog;
    uint8_t fast_open_key[32], fast_open_key_bytes; /* TCP_FASTOPEN_KEY; 0 bytes: the node's */
    int linger_s;                                   /* -1: none */
    int64_t receive_timeout_ns, send_timeout_ns;    /* 0: none */
    char congestion[16];
    int32_t values[SOCKET_OPTIONS]; /* by the rows of options.c */
};

/* ---- socket.c: what both kinds share, and names ---- */
int socket_make(struct drill *drill, int domain, int type, int protocol);
struct socket *socket_hold(struct drill *drill, int fd); /* NULL: EBADF, ENOTSOCK */
int socket_bind(struct socket *socket, const struct sockaddr *address, socklen_t length);
int socket_connect(struct socket *socket, const struct sockaddr *address, socklen_t length);
int endpoint_of_address(const struct socket *socket, const struct sockaddr *address, socklen_t length, struct endpoint *out);
void address_of_endpoint(const struct socket *socket, const struct endpoint *endpoint, struct sockaddr *address,
                         socklen_t *length);
int errno_of(int error); /* of a negative imp_error */
int fail(int number);    /* sets errno; -1 */
struct instant socket_deadline(const struct socket *socket, int64_t timeout_ns);
bool message_valid(const struct msghdr *message, bool whole); /* false: EFAULT; whole: the last byte of each piece counts */
size_t message_bytes(const struct msghdr *message);
size_t message_room(const struct msghdr *message);                  /* the same for reading, at most LIMIT_READ */
void *message_gather(const struct msghdr *message, size_t *length); /* one run of bytes; memory_free() it */
void message_scatter(struct msghdr *message, const void *data, size_t length);

/* ---- stream.c ---- */
int stream_connect(struct socket *socket, const struct endpoint *remote);
int stream_open(struct socket *socket, const struct endpoint *remote, bool fast); /* the SYN leaves, or waits for data */
int stream_open_wait(struct socket *socket, bool patient, int when_not);          /* when_not: errno while it is not over */
int stream_disconnect(struct socket *socket);
int stream_listen(struct socket *socket, int backlog);
int stream_accept(struct socket *socket, struct sockaddr *address, socklen_t *length);
int stream_shutdown(struct socket *socket, int how);
void stream_close(struct drill *drill, struct socket *socket);
short stream_events(struct socket *socket);
void stream_observe(struct socket *socket, struct instant now);
int stream_take_error(struct socket *socket); /* errno, once; 0: none */
void stream_settings(struct socket *socket, struct tcp_settings *out);

/* ---- stream_data.c ---- */
ssize_t stream_receive(struct socket *socket, struct msghdr *message, int flags);
ssize_t stream_send(struct socket *socket, const struct msghdr *message, int flags);
bool stream_stops(const struct socket *socket); /* at urgent data, which splice() does not move */
int stream_ioctl(struct socket *socket, unsigned long request, int *value);

/* ---- fast_open.c ---- */
int fast_open_refuses(const struct socket *socket, int name, int32_t value); /* errno of setting such an option now; 0: none */
int fast_open_key_set(struct socket *socket, const void *value, socklen_t length);
size_t fast_open_key_get(const struct socket *socket, uint8_t out[32]);
void fast_open_listen(struct socket *socket); /* the listener gets the socket's key */
uint32_t fast_open_queue_default(const struct socket *socket, int backlog);
bool fast_open_waits(const struct socket *socket); /* connect() was called, but the SYN waits for data */
/* Before bytes are sent: those that go with a SYN, 0 when none do, or -1. What is left of them is to be sent the usual way only if
 * the connection is open then. */
ssize_t fast_open_send(struct socket *socket, const struct msghdr *message, const void *data, size_t length, int flags);

/* ---- error_queue.c ---- */
enum {
    STAMPS_OPT_ID = 1 << 7,
    STAMPS_OPT_ID_TCP = 1 << 16,
    STAMPS_KNOWN = (1 << 18) - 1
}; /* of SO_TIMESTAMPING, Linux 6.12's */
void error_queue_begin(struct socket *socket);
void error_queue_end(struct socket *socket);
void error_queue_observe(struct socket *socket, const struct tcp_info *info, struct instant now);
bool error_queue_waiting(const struct socket *socket);
ssize_t error_queue_receive(struct socket *socket, struct msghdr *message); /* EAGAIN: it is empty */
void zero_copy_sent(struct socket *socket);                                 /* a send with MSG_ZEROCOPY has just been taken */
int stamps_check(const struct socket *socket, uint32_t flags);              /* errno of setting SO_TIMESTAMPING so; 0: none */
void stamps_begin(struct socket *socket, uint32_t flags);                   /* OPT_ID counts from here */
/* The times that this send asks for, by the option or its own control message. Errno, 0: none. */
int stamps_wanted(const struct socket *socket, const struct msghdr *message, uint32_t *flags);
void stamps_sent(struct socket *socket, uint32_t flags); /* it has just been taken */

/* ---- datagram.c ---- */
ssize_t datagram_receive(struct socket *socket, struct msghdr *message, int flags);
ssize_t datagram_send(struct socket *socket, const struct msghdr *message, int flags);
int datagram_connect(struct socket *socket, const struct endpoint *remote);
short datagram_events(struct socket *socket);
int datagram_ioctl(struct socket *socket, unsigned long request, int *value);
int datagram_open(struct socket *socket); /* if it is not yet */
int datagram_shutdown(struct socket *socket, int how);
void datagram_end(struct socket *socket);

/* ---- options.c ---- */
void options_default(struct socket *socket);
void options_prepare(const struct socket *socket, struct tcp_settings *settings); /* what the first segment must know */
void options_apply(struct socket *socket);                                        /* to a TCP socket just made */
int32_t *option_place(struct socket *socket, int level, int name);                /* of a number that options.c has a row for */
int32_t option_value(const struct socket *socket, int level, int name);
int option_set(struct socket *socket, int level, int name, const void *value, socklen_t length);
int option_get(struct socket *socket, int level, int name, void *value, socklen_t *length);

/* ---- info.c ---- */
int info_get(struct socket *socket, void *value, socklen_t *length); /* TCP_INFO */

#endif
