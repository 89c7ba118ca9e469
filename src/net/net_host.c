/* This machine as a world: net.h on non-blocking kernel sockets.
 *
 * Each handle's object has one descriptor, watched edge-triggered for everything from its creation to its close. An edge only says "look
 * again": it wakes the object's waiters, and they repeat their system call until it says EAGAIN. So no readiness is ever kept in two places,
 * and none can be missed, since one thread tries, waits and polls in that order.
 *
 * A socket for "both families" is an IPv6 one with IPV6_V6ONLY off, which carries IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2); on a
 * kernel without IPv6 it is an IPv4 one. Addresses are unmapped before anyone sees them.
 *
 * TCP sends without Nagle's delay, as net_lab does: applications here write whole messages. Half-close is shutdown(SHUT_WR); a reset is
 * close() with a linger time of zero; a plain close() lets the kernel deliver what was written. What is lent is written like anything else: the
 * kernel's own ways without a copy (MSG_ZEROCOPY) pin pages and tell later, which costs more than the copy below some tens of kilobytes.
 *
 * The node of this world lives in the loop's engine like a lab's, so tasks, timers and conditions are the same. Randomness comes from
 * the kernel, since here it may guard secrets.
 *
 * Left out on purpose: the capability to configure and packet sockets. This machine's network is its administrator's. */
#include "net/net_host.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "host/files.h"
#include "net/limits.h"
#include "net/net_host_internal.h"

static struct host_object *host_of(struct net_object *object) { return (struct host_object *)object; }

/* ---- addresses ---- */
socklen_t host_address_make(const struct endpoint *endpoint, bool both, struct sockaddr_storage *out)
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};
    memset(out, 0, sizeof(*out));
    if (endpoint->address.family == 4 && !both) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(endpoint->port);
        memcpy(&in->sin_addr, endpoint->address.b, 4);
        return sizeof(*in);
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(endpoint->port);
    in6->sin6_scope_id = endpoint->interface;
    if (endpoint->address.family == 4) {
        memcpy(&in6->sin6_addr, MAPPED, 12);
        memcpy(in6->sin6_addr.s6_addr + 12, endpoint->address.b, 4);
    } else {
        memcpy(&in6->sin6_addr, endpoint->address.b, 16);
    }
    return sizeof(*in6);
}

struct ip host_ip_read(const struct in6_addr *in)
{
    return IN6_IS_ADDR_V4MAPPED(in) ? ip4_of_bytes(in->s6_addr + 12) : ip6_of_bytes(in->s6_addr);
}

void host_address_read(const struct sockaddr_storage *address, struct endpoint *out)
{
    *out = (struct endpoint){.port = 0};
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        out->address = ip4_of_bytes((const uint8_t *)&in->sin_addr);
        out->port = ntohs(in->sin_port);
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        out->port = ntohs(in6->sin6_port);
        out->interface = (uint16_t)in6->sin6_scope_id;
        out->address = host_ip_read(&in6->sin6_addr);
    }
}

/* ---- descriptors ---- */
int host_socket(uint8_t *family, int type, int protocol4, int protocol6)
{
    int flags = type | SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (*family == 4)
        return socket(AF_INET, flags, protocol4);
    int fd = socket(AF_INET6, flags, protocol6);
    if (*family == 6) {
        if (fd >= 0)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
        return fd;
    }
    if (fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    *family = 4;
    return socket(AF_INET, flags, protocol4);
}

static void object_ready(struct loop_source *source, uint32_t events)
{
    (void)events;
    net_object_changed(&container_of(source, struct host_object, source)->object);
}

int host_object_create(struct net *net, enum net_kind kind, int fd, struct host_object **out)
{
    struct host_object *object = net_object_create(net, kind, sizeof(*object));
    if (!object) {
        close(fd);
        return IMP_LIMIT;
    }
    object->source.ready = object_ready;
    int error = loop_add(((struct net_host *)net)->loop, &object->source, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    if (error) {
        close(fd);
        net_object_free(&object->object);
        return error;
    }
    *out = object;
    return 0;
}

void host_object_close(struct net_object *object)
{
    struct host_object *host = host_of(object);
    loop_remove(((struct net_host *)object->net)->loop, &host->source);
    close(host->source.fd);
}

bool host_object_poll(struct net_object *object, short events)
{
    struct pollfd poll_fd = {.fd = host_of(object)->source.fd, .events = events};
    return poll(&poll_fd, 1, 0) > 0;
}

static bool object_readable(struct net_object *object) { return host_object_poll(object, POLLIN); }

int host_object_local(struct net_object *object, struct endpoint *out)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);
    if (getsockname(host_of(object)->source.fd, (struct sockaddr *)&address, &length) != 0)
        return host_error(errno);
    host_address_read(&address, out);
    if (host_of(object)->family == 0 && ip_is_any(&out->address))
        out->address = (struct ip){.family = 0};
    return 0;
}

int host_set_hops(struct host_object *object, uint8_t ttl)
{
    int value = ttl ? ttl : -1, error = 0;
    if (object->family != 6)
        error |= setsockopt(object->source.fd, IPPROTO_IP, IP_TTL, &value, sizeof(value));
    if (object->family != 4)
        error |= setsockopt(object->source.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value, sizeof(value));
    return error ? host_error(errno) : 0;
}

int host_set_traffic_class(int fd, uint8_t family, uint8_t traffic_class)
{
    int value = traffic_class, error = 0;
    if (family != 6)
        error |= setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof value);
    if (family != 4)
        error |= setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &value, sizeof value);
    return error ? host_error(errno) : 0;
}

static int object_set_ttl(struct net_object *object, uint8_t ttl) { return host_set_hops(host_of(object), ttl); }

/* ---- streams ---- */
static ssize_t tcp_stream_read(struct net_object *stream, void *out, size_t capacity)
{
    ssize_t got = recv(host_of(stream)->source.fd, out, capacity, 0);
    return got >= 0 ? got : host_error(errno);
}

static ssize_t send_now(const struct host_object *stream, const void *data, size_t length, int flags)
{
    if (stream->finished)
        return IMP_CLOSED;
    ssize_t took = send(stream->source.fd, data, length, MSG_NOSIGNAL | flags);
    return took >= 0 ? took : host_error(errno);
}

static ssize_t tcp_stream_write(struct net_object *stream, const void *data, size_t length)
{
    return send_now(host_of(stream), data, length, 0);
}

static ssize_t tcp_stream_write_more(struct net_object *stream, const void *data, size_t length)
{
    return send_now(host_of(stream), data, length, MSG_MORE);
}

static int tcp_stream_finish(struct net_object *stream)
{
    host_of(stream)->finished = true;
    return shutdown(host_of(stream)->source.fd, SHUT_WR) == 0 ? 0 : host_error(errno);
}

static void tcp_stream_close(struct net_object *stream, bool reset)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        setsockopt(host_of(stream)->source.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    host_object_close(stream);
}

static bool tcp_stream_writable(struct net_object *stream) { return host_object_poll(stream, POLLOUT); }

static int tcp_stream_remote(struct net_object *stream, struct endpoint *out)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof(address);
    if (getpeername(host_of(stream)->source.fd, (struct sockaddr *)&address, &length) != 0)
        return host_error(errno);
    host_address_read(&address, out);
    return 0;
}

static int tcp_stream_inside(struct net_object *stream, struct socket_inside *out)
{
    struct tcp_info info;
    socklen_t length = sizeof(info);
    static char congestion[16]; /* copied out by who asks, before anybody asks again */
    socklen_t name_length = sizeof(congestion) - 1;
    if (getsockopt(host_of(stream)->source.fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return host_error(errno);
    memset(congestion, 0, sizeof(congestion));
    (void)getsockopt(host_of(stream)->source.fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &name_length);
    *out = (struct socket_inside){.congestion = congestion,
                                  .mss_bytes = info.tcpi_snd_mss,
                                  .window_scale_send = info.tcpi_snd_wscale,
                                  .window_scale_receive = info.tcpi_rcv_wscale,
                                  .ecn = info.tcpi_options & TCPI_OPT_ECN,
                                  .ecn_seen = info.tcpi_options & TCPI_OPT_ECN_SEEN,
                                  .cwnd_segments = info.tcpi_snd_cwnd,
                                  .ssthresh_segments = info.tcpi_snd_ssthresh,
                                  .rtt_ns = info.tcpi_rtt * NS_PER_US,
                                  .rtt_variation_ns = info.tcpi_rttvar * NS_PER_US,
                                  .rto_ns = info.tcpi_rto * NS_PER_US,
                                  .retransmits = info.tcpi_total_retrans};
    return 0;
}

/* Before connect() and listen(), so that the window scale fits. */
static int tune(int fd, uint8_t family, const struct stream_options *options)
{
    int bytes = options->buffer_bytes < INT_MAX ? (int)options->buffer_bytes : INT_MAX, segment = options->maximum_segment;
    if (bytes && (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) != 0 ||
                  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0))
        return host_error(errno);
    if (segment && setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) != 0)
        return host_error(errno);
    int error = options->traffic_class ? host_set_traffic_class(fd, family, options->traffic_class) : 0;
    if (error)
        return error;
    const char *name = options->congestion;
    if (name && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) != 0)
        return errno == ENOENT ? IMP_NOT_FOUND : host_error(errno);
    return 0;
}

static const struct stream_ops TCP_STREAM = {.read = tcp_stream_read,
                                             .write = tcp_stream_write,
                                             .write_more = tcp_stream_write_more,
                                             .finish = tcp_stream_finish,
                                             .close = tcp_stream_close,
                                             .readable = object_readable,
                                             .writable = tcp_stream_writable,
                                             .local = host_object_local,
                                             .remote = tcp_stream_remote,
                                             .inside = tcp_stream_inside};

static int stream_create(struct net *net, int fd, uint8_t family, bool delay, struct host_object **out)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){!delay}, sizeof(int));
    int error = host_object_create(net, NET_STREAM, fd, out);
    if (error)
        return error;
    (*out)->object.stream = &TCP_STREAM;
    (*out)->family = family;
    return 0;
}

static int host_dial(struct net *net, const struct endpoint *remote, const struct dial_options *options,
                     struct net_object **out)
{
    struct sockaddr_storage address;
    struct host_object *stream;
    uint8_t family = remote->address.family;
    int fd = host_socket(&family, SOCK_STREAM, 0, 0);
    if (fd < 0)
        return host_error(errno);
    int error = stream_create(net, fd, family, options->stream.delay, &stream);
    if (error)
        return error;
    error = tune(fd, family, &options->stream);
    if (!error && options->ttl)
        error = host_set_hops(stream, options->ttl);
    if (!error && (options->local.address.family || options->local.port)) {
        struct endpoint local = options->local;
        if (!local.address.family)
            local.address = ip_any(family);
        socklen_t length = host_address_make(&local, false, &address);
        if (local.address.family != family)
            error = IMP_INVALID;
        else if (bind(fd, (struct sockaddr *)&address, length) != 0)
            error = host_error(errno);
    }
    if (options->fast_open) /* a kernel that cannot connects the ordinary way */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &(int){1}, sizeof(int));
    socklen_t length = host_address_make(remote, false, &address);
    if (!error && connect(fd, (struct sockaddr *)&address, length) != 0 && errno != EINPROGRESS)
        error = host_error(errno);
    if (error) {
        net_stream_close_object(&stream->object, true);
        return error;
    }
    *out = &stream->object;
    return 0;
}

static int host_connected(struct net_object *stream)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (!host_object_poll(stream, POLLOUT))
        return IMP_BUSY;
    if (getsockopt(host_of(stream)->source.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return host_error(errno);
    return error ? host_error(error) : 0;
}

static int host_listen(struct net *net, const struct endpoint *local, const struct stream_options *options,
                       struct net_object **out)
{
    struct sockaddr_storage address;
    struct host_object *listener;
    uint8_t family = local->address.family;
    int fd = host_socket(&family, SOCK_STREAM, 0, 0);
    if (fd < 0)
        return host_error(errno);
    struct endpoint at = *local;
    if (!at.address.family)
        at.address = ip_any(family == 4 ? 4 : 6);
    socklen_t length = host_address_make(&at, false, &address);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)); /* no wait for TIME_WAIT of an earlier run */
    int error = tune(fd, family, options);
    if (!error && (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, LIMIT_NET_BACKLOG) != 0))
        error = host_error(errno);
    if (error) {
        close(fd);
        return error;
    }
    error = host_object_create(net, NET_LISTENER, fd, &listener);
    if (error)
        return error;
    listener->family = family;
    listener->delay = options->delay;
    *out = &listener->object;
    return 0;
}

static int host_accept(struct net_object *listener, struct net_object **out)
{
    struct host_object *stream;
    int fd = accept4(host_of(listener)->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno == ECONNABORTED ? IMP_BUSY : host_error(errno);
    int error = stream_create(listener->net, fd, host_of(listener)->family, host_of(listener)->delay, &stream);
    if (!error)
        *out = &stream->object;
    return error;
}

/* ---- the world ---- */
static void host_random_fill(struct net *net, void *out, size_t length)
{
    (void)net;
    for (size_t at = 0; at < length;) {
        ssize_t got = getrandom((uint8_t *)out + at, length - at, 0);
        assert(got > 0 || errno == EINTR);
        at += got > 0 ? (size_t)got : 0;
    }
}

/* A moment later than anything that the loop's present round runs. */
static struct instant host_turn(struct net *net)
{
    struct net_host *host = container_of(net, struct net_host, net);
    return instant_add(loop_now(host->loop), 1);
}

static const struct net_world HOST_WORLD = {.random_fill = host_random_fill,
                                            .turn = host_turn,
                                            .dial = host_dial,
                                            .connected = host_connected,
                                            .listen = host_listen,
                                            .accept = host_accept,
                                            .udp_open = host_udp_open,
                                            .udp_send = host_udp_send,
                                            .udp_receive = host_udp_receive,
                                            .icmp_open = host_icmp_open,
                                            .icmp_send = host_icmp_send,
                                            .icmp_receive = host_icmp_receive,
                                            .icmp_identifier = host_icmp_identifier,
                                            .close = host_object_close,
                                            .readable = object_readable,
                                            .local = host_object_local,
                                            .set_ttl = object_set_ttl};

static void read_file_into(struct net *net, const char *path, void (*read_text)(struct net *net, const char *text))
{
    int error;
    size_t length;
    uint8_t *text = host_file_read(path, HOST_CONFIG_BYTES_MAX, &length, &error);
    if (text)
        read_text(net, (const char *)text);
    memory_free(text);
}

struct net *net_host_create(struct loop *loop)
{
    char name[256] = "localhost";
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)gethostname(name, sizeof(name) - 1);
    struct net_host *host = memory_take_zeroed(1, sizeof(*host));
    struct node *node = node_create(loop_engine(loop), name);
    assert(node); /* one per engine */
    net_init(&host->net, &HOST_WORLD, node);
    host->net.wall_offset_ns = loop_wall_offset_ns(loop);
    host->loop = loop;
    read_file_into(&host->net, "/etc/resolv.conf", net_host_read_resolv_conf);
    read_file_into(&host->net, "/etc/hosts", net_host_read_hosts);
    return &host->net;
}

void net_host_destroy(struct net *net)
{
    if (net->node->up)
        node_power_off(net->node);
    net_end(net);
    memory_free(net);
}
