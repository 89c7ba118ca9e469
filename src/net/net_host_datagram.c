/* This machine's datagrams: UDP, and ICMP for ping and traceroute, on kernel sockets (net_host.c's essay tells how objects are watched).
 *
 * A connected UDP socket must hear that nobody listens, or that no route leads there: IP_RECVERR makes the kernel report every ICMP
 * error. Each is both a pending error, given once by the next call, and an entry in the socket's error queue; the queue is emptied when the
 * error is given, or the socket would stay "ready" for ever.
 *
 * ICMP goes through a raw socket where that is allowed (CAP_NET_RAW). Otherwise through a ping socket (SOCK_DGRAM, net.ipv4.ping_group_range),
 * on which the kernel chooses the echo identifier, gives us only replies to our own requests, and reports errors about them in the error
 * queue. Those entries are written out as the ICMP messages that they were (RFC 792, RFC 4443): type, code, four bytes of information, the quoted
 * IP header as far as it is known, and the quoted echo, so that traceroute reads the same bytes in every world.
 *
 * A raw IPv4 socket gives the IP header too, which is cut off after its TTL was read; a raw IPv6 socket gives none and fills in the
 * checksum, since the kernel alone knows the source address that the pseudo-header needs. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>
/* its struct timespec comes from time.h */
#include <linux/errqueue.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "net/net_host_internal.h"

enum { IP_HEADER_BYTES = 20, IPV6_HEADER_BYTES = 40, ICMP_HEADER_BYTES = 8, CONTROL_BYTES = 256 };

static struct host_object *host_of(struct net_object *object) { return (struct host_object *)object; }

static void set_option(int fd, int level, int option, int value) { (void)setsockopt(fd, level, option, &value, sizeof(value)); }

static void set_dont_fragment(struct host_object *object)
{
    if (object->family != 6)
        set_option(object->source.fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    if (object->family != 4)
        set_option(object->source.fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
}

/* What the kernel tells beside a datagram. */
struct beside {
    int interface, hops;
    struct ip local;                /* the address to answer from */
    struct sock_extended_err error; /* error queue only */
    struct sockaddr_storage reporter;
};

static ssize_t receive_with(struct host_object *object, void *out, size_t capacity, struct endpoint *from,
                            struct beside *beside, int flags)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    union {
        char bytes[CONTROL_BYTES];
        struct cmsghdr align;
    } control;
    struct iovec part = {out, capacity};
    struct msghdr message = {.msg_name = &address,
                             .msg_namelen = sizeof(address),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control)};
    *beside = (struct beside){.interface = 0};
    ssize_t got = recvmsg(object->source.fd, &message, flags);
    if (got < 0)
        return got;
    host_address_read(&address, from);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        const void *data = CMSG_DATA(c);
        bool v4 = c->cmsg_level == IPPROTO_IP, v6 = c->cmsg_level == IPPROTO_IPV6;
        if (v4 && c->cmsg_type == IP_PKTINFO) {
            const struct in_pktinfo *info = data;
            beside->interface = info->ipi_ifindex;
            beside->local = ip4_of_bytes((const uint8_t *)&info->ipi_spec_dst);
        } else if (v6 && c->cmsg_type == IPV6_PKTINFO) {
            const struct in6_pktinfo *info = data;
            beside->interface = (int)info->ipi6_ifindex;
            if (!beside->local.family)
                beside->local = host_ip_read(&info->ipi6_addr);
        } else if ((v4 && c->cmsg_type == IP_TTL) || (v6 && c->cmsg_type == IPV6_HOPLIMIT)) {
            memcpy(&beside->hops, data, sizeof(beside->hops));
        } else if ((v4 && c->cmsg_type == IP_RECVERR) || (v6 && c->cmsg_type == IPV6_RECVERR)) {
            memcpy(&beside->error, data, sizeof(beside->error));
            size_t left = c->cmsg_len - CMSG_LEN(sizeof(beside->error));
            memcpy(&beside->reporter, SO_EE_OFFENDER((struct sock_extended_err *)(uintptr_t)data),
                   left < sizeof(beside->reporter) ? left : sizeof(beside->reporter));
        }
    }
    return got;
}

/* ---- UDP ---- */
int host_udp_open(struct net *net, const struct udp_options *options, struct net_object **out)
{
    struct sockaddr_storage address;
    struct host_object *udp;
    bool connect_it = options->remote.address.family != 0;
    uint8_t family = connect_it ? options->remote.address.family : options->local.address.family;
    int fd = host_socket(&family, SOCK_DGRAM, 0, 0);
    if (fd < 0)
        return host_error(errno);
    int error = host_object_create(net, NET_UDP, fd, &udp);
    if (error)
        return error;
    udp->family = family;
    udp->connected = connect_it;
    if (family != 6)
        set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (family != 4)
        set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    if (connect_it)
        set_option(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6, family == 4 ? IP_RECVERR : IPV6_RECVERR, 1);
    if (options->broadcast)
        set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (options->dont_fragment)
        set_dont_fragment(udp);
    if (options->ttl)
        error = host_set_hops(udp, options->ttl);
    if (!error && options->traffic_class)
        error = host_set_traffic_class(udp->source.fd, udp->family, options->traffic_class);
    if (options->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &(int){options->interface}, sizeof(int)) != 0)
        error = host_error(errno);
    struct endpoint local = options->local;
    if (!local.address.family)
        local.address = ip_any(family == 4 ? 4 : 6);
    socklen_t length = host_address_make(&local, false, &address);
    if (!error && connect_it && local.address.family != family)
        error = IMP_INVALID;
    if (!error && bind(fd, (struct sockaddr *)&address, length) != 0)
        error = host_error(errno);
    length = host_address_make(&options->remote, false, &address);
    if (!error && connect_it && connect(fd, (struct sockaddr *)&address, length) != 0)
        error = host_error(errno);
    if (error) {
        host_object_close(&udp->object);
        net_object_free(&udp->object);
        return error;
    }
    *out = &udp->object;
    return 0;
}

/* Asks the kernel to send from `source`. A socket of both families takes its IPv4 addresses mapped. */
static void control_source(struct msghdr *message, const struct host_object *udp, const struct ip *source)
{
    bool v4 = udp->family == 4;
    struct cmsghdr *c = message->msg_control;
    c->cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
    c->cmsg_type = v4 ? IP_PKTINFO : IPV6_PKTINFO;
    if (v4) {
        struct in_pktinfo info = {.ipi_ifindex = 0};
        memcpy(&info.ipi_spec_dst, source->b, 4);
        c->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(c), &info, sizeof(info));
    } else {
        struct sockaddr_storage address;
        host_address_make(&(struct endpoint){.address = *source}, true, &address);
        struct in6_pktinfo info = {.ipi6_addr = ((const struct sockaddr_in6 *)&address)->sin6_addr};
        c->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(c), &info, sizeof(info));
    }
    message->msg_controllen = CMSG_SPACE(c->cmsg_len - CMSG_LEN(0));
}

int host_udp_send(struct net_object *object, const void *data, size_t length, const struct endpoint *to,
                  const struct ip *source)
{
    struct host_object *udp = host_of(object);
    struct sockaddr_storage address;
    socklen_t address_length = 0;
    if (!udp->connected) {
        if (!to || (udp->family && to->address.family != udp->family))
            return IMP_INVALID;
        address_length = host_address_make(to, udp->family == 0, &address);
    }
    union {
        char bytes[CONTROL_BYTES];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec part = {(void *)(uintptr_t)data, length};
    struct msghdr message = {.msg_name = address_length ? &address : NULL,
                             .msg_namelen = address_length,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes};
    if (source)
        control_source(&message, udp, source);
    ssize_t sent = sendmsg(udp->source.fd, &message, MSG_NOSIGNAL);
    if (sent >= 0 || errno == EAGAIN || errno == ENOBUFS)
        return 0; /* a full queue loses it, as any queue on its way may */
    return host_error(errno);
}

ssize_t host_udp_receive(struct net_object *object, void *out, size_t capacity, struct endpoint *from, struct ip *to)
{
    struct host_object *udp = host_of(object);
    struct beside beside;
    ssize_t got = receive_with(udp, out, capacity, from, &beside, 0);
    if (got >= 0) {
        from->interface = (uint16_t)beside.interface;
        *to = beside.local;
        return got;
    }
    int error = errno;
    if (udp->connected) {
        char quoted[64];
        struct endpoint sent_to;
        while (receive_with(udp, quoted, sizeof(quoted), &sent_to, &beside, MSG_ERRQUEUE) >= 0)
            if (error == EAGAIN)
                error = (int)beside.error.ee_errno;
    }
    return host_error(error);
}

/* ---- ICMP ---- */
int host_icmp_open(struct net *net, const struct icmp_options *options, struct net_object **out)
{
    struct sockaddr_storage address;
    struct host_object *icmp;
    struct endpoint local = {.address = options->source};
    uint8_t family = options->family;
    bool raw = true;
    int fd = host_socket(&family, SOCK_RAW, IPPROTO_ICMP, IPPROTO_ICMPV6);
    if (fd < 0 && (errno == EPERM || errno == EACCES)) {
        raw = false;
        fd = host_socket(&family, SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_ICMPV6);
    }
    if (fd < 0)
        return host_error(errno);
    int error = host_object_create(net, NET_ICMP, fd, &icmp);
    if (error)
        return error;
    icmp->family = family;
    icmp->raw = raw;
    if (family == 4)
        set_option(fd, IPPROTO_IP, IP_RECVTTL, 1);
    else
        set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
    if (!raw)
        set_option(fd, family == 4 ? IPPROTO_IP : IPPROTO_IPV6, family == 4 ? IP_RECVERR : IPV6_RECVERR, 1);
    if (options->dont_fragment)
        set_dont_fragment(icmp);
    if (options->broadcast)
        set_option(fd, SOL_SOCKET, SO_BROADCAST, 1);
    if (options->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &(int){options->interface}, sizeof(int)) != 0)
        error = host_error(errno);
    if (!error && options->ttl)
        error = host_set_hops(icmp, options->ttl);
    if (!local.address.family)
        local.address = ip_any(family);
    socklen_t length = host_address_make(&local, false, &address);
    if (!error && (!raw || options->source.family) && bind(fd, (struct sockaddr *)&address, length) != 0)
        error = host_error(errno);
    icmp->identifier = (uint16_t)net_random(net);
    if (!error && !raw && (error = host_object_local(&icmp->object, &local)) == 0)
        icmp->identifier = local.port; /* the kernel's choice */
    if (error) {
        host_object_close(&icmp->object);
        net_object_free(&icmp->object);
        return error;
    }
    *out = &icmp->object;
    return 0;
}

uint16_t host_icmp_identifier(struct net_object *icmp) { return host_of(icmp)->identifier; }

int host_icmp_send(struct net_object *object, const void *message, size_t length, const struct ip *to)
{
    struct host_object *icmp = host_of(object);
    struct sockaddr_storage address;
    static uint8_t copy[65536]; /* a task's stack is too small for it, and nothing runs in between */
    if (to->family != icmp->family)
        return IMP_INVALID;
    if (length > sizeof(copy))
        return IMP_TOO_BIG;
    memcpy(copy, message, length);
    store_u16(copy + 2, 0);
    if (icmp->family == 4)
        store_u16(copy + 2, checksum_finish(checksum_partial(copy, length, 0)));
    socklen_t address_length = host_address_make(&(struct endpoint){.address = *to}, false, &address);
    ssize_t sent = sendto(icmp->source.fd, copy, length, MSG_NOSIGNAL, (struct sockaddr *)&address, address_length);
    if (sent >= 0 || errno == EAGAIN || errno == ENOBUFS)
        return 0;
    return host_error(errno);
}

/* An entry of a ping socket's error queue, written out as the ICMP message that it was. */
static size_t error_message_build(const struct host_object *icmp, const struct beside *beside, const struct endpoint *to,
                                  const struct bytes *quoted, struct writer *out)
{
    bool v4 = icmp->family == 4;
    writer_u8(out, beside->error.ee_type);
    writer_u8(out, beside->error.ee_code);
    writer_u16(out, 0);
    writer_u32(out, beside->error.ee_info); /* the MTU where there is one */
    uint8_t header[IPV6_HEADER_BYTES] = {(uint8_t)(v4 ? 0x45 : 0x60)};
    if (v4) {
        store_u16(header + 2, (uint16_t)(IP_HEADER_BYTES + quoted->length));
        header[9] = IPPROTO_ICMP;
        memcpy(header + 16, to->address.b, 4);
    } else {
        store_u16(header + 4, (uint16_t)quoted->length);
        header[6] = IPPROTO_ICMPV6;
        memcpy(header + 24, to->address.b, 16);
    }
    writer_bytes(out, header, v4 ? IP_HEADER_BYTES : IPV6_HEADER_BYTES);
    writer_bytes(out, quoted->data, quoted->length);
    return out->at;
}

static ssize_t icmp_receive_error(struct host_object *icmp, void *out, size_t capacity, struct icmp_received *about)
{
    uint8_t quoted[1500], message[ICMP_HEADER_BYTES + IPV6_HEADER_BYTES + sizeof(quoted)];
    struct beside beside;
    struct endpoint to;
    for (;;) {
        ssize_t got = receive_with(icmp, quoted, sizeof(quoted), &to, &beside, MSG_ERRQUEUE);
        if (got < 0)
            return host_error(errno);
        if (beside.error.ee_origin != SO_EE_ORIGIN_ICMP && beside.error.ee_origin != SO_EE_ORIGIN_ICMP6)
            continue; /* our own kernel's complaint, which the send that caused it has returned too */
        struct writer w = writer_of(message, sizeof(message));
        size_t length = error_message_build(icmp, &beside, &to, &(struct bytes){quoted, (size_t)got}, &w);
        host_address_read(&beside.reporter, &about->from);
        if (length > capacity)
            length = capacity;
        memcpy(out, message, length);
        return (ssize_t)length;
    }
}

ssize_t host_icmp_receive(struct net_object *object, void *out, size_t capacity, struct icmp_received *about)
{
    struct host_object *icmp = host_of(object);
    struct beside beside;
    static uint8_t packet[65536]; /* likewise */
    *about = (struct icmp_received){.time = loop_now(((struct net_host *)object->net)->loop)};
    for (;;) {
        if (!icmp->raw) {
            ssize_t got = icmp_receive_error(icmp, out, capacity, about);
            if (got != IMP_BUSY)
                return got;
        }
        ssize_t got = receive_with(icmp, packet, sizeof(packet), &about->from, &beside, 0);
        if (got < 0 && !icmp->raw && errno != EAGAIN)
            continue; /* the pending error of an entry that the queue has for us next */
        if (got < 0)
            return host_error(errno);
        struct reader r = reader_of(packet, (size_t)got);
        if (icmp->raw && icmp->family == 4)
            reader_skip(&r, (size_t)(packet[0] & 0x0f) * 4);
        struct bytes message = reader_rest(&r);
        if (message.length < ICMP_HEADER_BYTES)
            continue;
        about->ttl = (uint8_t)beside.hops;
        about->from.port = 0;
        size_t length = message.length < capacity ? message.length : capacity;
        memcpy(out, message.data, length);
        return (ssize_t)length;
    }
}
