/* Socket options.
 *
 * Nearly all are numbers that are set and read back. Each has a row: level, name, the value at the start, the range, and the knob of TCP that
 * it turns, if any. The values are kept by the socket, so that they can be set before TCP's own socket exists and are inherited by what
 * accept() makes; options_apply() turns the knobs when there is something to turn. The others, whose value is not one int, or is
 * Linux's to compute, are functions below.
 *
 * Linux doubles what SO_SNDBUF and SO_RCVBUF ask for, since its own bookkeeping takes half; what TCP gets is the half, which makes the
 * windows come out the same. Options of the IP layer that have no effect on what a script sees are accepted and kept. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/ecn.h"
#include "packetdrill/linux_tcp.h"
#include "packetdrill/socket.h"
#include "transport/tcp/options.h"

enum { NO_KNOB = -1, DATAGRAM_BUFFER = 212992 /* net.core.rmem_default and wmem_default */ };
struct option_row {
    int level, name;
    int32_t initial, least, most; /* most 1 and least 0: a switch, where any number but zero is 1 */
    int knob;
};
static const struct option_row ROWS[] = {
    {SOL_SOCKET, SO_REUSEADDR, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_REUSEPORT, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_KEEPALIVE, 0, 0, 1, TCP_KNOB_KEEP_ALIVE},
    {SOL_SOCKET, SO_BROADCAST, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_DONTROUTE, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_OOBINLINE, 0, 0, 1, TCP_KNOB_URGENT},
    {SOL_SOCKET, SO_TIMESTAMP, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_TIMESTAMPNS, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_TIMESTAMPING, 0, 0, STAMPS_KNOWN, NO_KNOB},
    {SOL_SOCKET, SO_PRIORITY, 0, INT32_MIN, INT32_MAX, NO_KNOB},
    {SOL_SOCKET, SO_MARK, 0, INT32_MIN, INT32_MAX, NO_KNOB},
    {SOL_SOCKET, SO_RCVLOWAT, 1, 0, INT32_MAX, NO_KNOB},
    {SOL_SOCKET, SO_BUSY_POLL, 0, 0, INT32_MAX, NO_KNOB},
    {SOL_SOCKET, SO_INCOMING_CPU, 0, INT32_MIN, INT32_MAX, NO_KNOB},
    {SOL_SOCKET, SO_ZEROCOPY, 0, 0, 1, NO_KNOB},
    {SOL_SOCKET, SO_MAX_PACING_RATE, -1, INT32_MIN, INT32_MAX, TCP_KNOB_PACING_MOST},
    {IPPROTO_IP, IP_TOS, 0, 0, 255, TCP_KNOB_TRAFFIC_CLASS},
    {IPPROTO_IP, IP_TTL, 64, 1, 255, TCP_KNOB_TTL},
    {IPPROTO_IP, IP_MTU_DISCOVER, 1, 0, 5, NO_KNOB},
    {IPPROTO_IP, IP_RECVTOS, 0, 0, 1, NO_KNOB},
    {IPPROTO_IP, IP_RECVERR, 0, 0, 1, NO_KNOB},
    {IPPROTO_IP, IP_FREEBIND, 0, 0, 1, NO_KNOB},
    {IPPROTO_IP, IP_TRANSPARENT, 0, 0, 1, NO_KNOB},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 0, 0, 1, NO_KNOB},
    {IPPROTO_IP, LINUX_IP_LOCAL_PORT_RANGE, 0, INT32_MIN, INT32_MAX, NO_KNOB},
    {IPPROTO_IPV6, IPV6_V6ONLY, 0, 0, 1, NO_KNOB},
    {IPPROTO_IPV6, IPV6_TCLASS, 0, 0, 255, TCP_KNOB_TRAFFIC_CLASS},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, 1, 255, TCP_KNOB_TTL},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1, 0, 5, NO_KNOB},
    {IPPROTO_IPV6, IPV6_RECVERR, 0, 0, 1, NO_KNOB},
    {IPPROTO_TCP, LINUX_TCP_NODELAY, 0, 0, 1, TCP_KNOB_NO_DELAY},
    {IPPROTO_TCP, LINUX_TCP_CORK, 0, 0, 1, TCP_KNOB_CORK},
    {IPPROTO_TCP, LINUX_TCP_MAXSEG, 0, 88, 32767, TCP_KNOB_MAXIMUM_SEGMENT},
    {IPPROTO_TCP, LINUX_TCP_KEEPIDLE, 7200, 1, 32767, TCP_KNOB_KEEP_IDLE_S},
    {IPPROTO_TCP, LINUX_TCP_KEEPINTVL, 75, 1, 32767, TCP_KNOB_KEEP_INTERVAL_S},
    {IPPROTO_TCP, LINUX_TCP_KEEPCNT, 9, 1, 127, TCP_KNOB_KEEP_COUNT},
    {IPPROTO_TCP, LINUX_TCP_SYNCNT, 6, 1, 127, TCP_KNOB_SYN_COUNT},
    {IPPROTO_TCP, LINUX_TCP_LINGER2, 60, INT32_MIN, INT32_MAX, TCP_KNOB_LINGER2_S},
    {IPPROTO_TCP, LINUX_TCP_DEFER_ACCEPT, 0, INT32_MIN, INT32_MAX, TCP_KNOB_DEFER_ACCEPT_S},
    {IPPROTO_TCP, LINUX_TCP_QUICKACK, 1, 0, INT32_MAX, TCP_KNOB_QUICK_ACK},
    {IPPROTO_TCP, LINUX_TCP_THIN_LINEAR_TIMEOUTS, 0, 0, 1, TCP_KNOB_THIN_LINEAR},
    {IPPROTO_TCP, LINUX_TCP_THIN_DUPACK, 0, 0, 1, NO_KNOB},
    {IPPROTO_TCP, LINUX_TCP_USER_TIMEOUT, 0, 0, INT32_MAX, TCP_KNOB_USER_TIMEOUT_MS},
    {IPPROTO_TCP, LINUX_TCP_FASTOPEN, 0, 0, INT32_MAX, TCP_KNOB_FAST_OPEN},
    {IPPROTO_TCP, LINUX_TCP_NOTSENT_LOWAT, 0, INT32_MIN, INT32_MAX, TCP_KNOB_NOT_SENT_LOW},
    {IPPROTO_TCP, LINUX_TCP_FASTOPEN_CONNECT, 0, 0, 1, NO_KNOB},
    {IPPROTO_TCP, LINUX_TCP_FASTOPEN_NO_COOKIE, 0, 0, 1, TCP_KNOB_FAST_OPEN_NO_COOKIE},
    {IPPROTO_TCP, LINUX_TCP_INQ, 0, 0, 1, NO_KNOB},
    {IPPROTO_TCP, LINUX_TCP_RTO_MAX_MS, 120000, 1000, 120000, TCP_KNOB_RTO_MOST_MS},
    /* What the two buffers were asked for; 0: never asked. Read back through buffer_bytes(). */
    {SOL_SOCKET, SO_SNDBUF, 0, 0, INT32_MAX / 2, TCP_KNOB_SEND_MEMORY},
    {SOL_SOCKET, SO_RCVBUF, 0, 0, INT32_MAX / 2, TCP_KNOB_RECEIVE_BUFFER},
};
_Static_assert(count_of(ROWS) <= SOCKET_OPTIONS, "a socket keeps a value for each row");

static int row_of(int level, int name)
{
    if (level == SOL_SOCKET && name == SO_SNDBUFFORCE)
        name = SO_SNDBUF;
    if (level == SOL_SOCKET && name == SO_RCVBUFFORCE)
        name = SO_RCVBUF;
    for (unsigned i = 0; i < count_of(ROWS); i++)
        if (ROWS[i].level == level && ROWS[i].name == name)
            return (int)i;
    return -1;
}

void options_default(struct socket *socket)
{
    for (unsigned i = 0; i < count_of(ROWS); i++)
        socket->values[i] = ROWS[i].initial;
}

int32_t *option_place(struct socket *socket, int level, int name) { return &socket->values[row_of(level, name)]; }

int32_t option_value(const struct socket *socket, int level, int name) { return socket->values[row_of(level, name)]; }

static uint32_t urgent_style(int32_t in_line) { return in_line ? TCP_URGENT_MARKED : TCP_URGENT_APART; }

static bool speaks_ipv6(const struct socket *socket)
{
    uint8_t family = socket->remote.address.family;
    return family ? family == 6 : socket->domain == AF_INET6;
}

static void apply(struct socket *socket, unsigned row)
{
    const struct option_row *about = &ROWS[row];
    uint32_t value = (uint32_t)socket->values[row];
    if (!socket->tcp || about->knob == NO_KNOB || about->level == (speaks_ipv6(socket) ? IPPROTO_IP : IPPROTO_IPV6))
        return;
    if (about->knob == TCP_KNOB_URGENT)
        value = urgent_style(socket->values[row]);
    if (about->knob == TCP_KNOB_PACING_MOST && value == UINT32_MAX) /* no bound */
        value = 0;
    (void)tcp_set(socket->tcp, (enum tcp_knob)about->knob, value);
}

void options_apply(struct socket *socket)
{
    for (unsigned i = 0; i < count_of(ROWS); i++)
        if (socket->values[i] != ROWS[i].initial)
            apply(socket, i);
}

/* What must be known before the first segment leaves. */
void options_prepare(const struct socket *socket, struct tcp_settings *settings)
{
    settings->send_buffer_bytes = (uint32_t)option_value(socket, SOL_SOCKET, SO_SNDBUF);
    settings->send_memory = true;
    settings->receive_buffer_bytes = (uint32_t)option_value(socket, SOL_SOCKET, SO_RCVBUF);
    settings->maximum_segment = (uint16_t)option_value(socket, IPPROTO_TCP, LINUX_TCP_MAXSEG);
    settings->no_delay = option_value(socket, IPPROTO_TCP, LINUX_TCP_NODELAY) != 0;
    settings->personal.fast_open_no_cookie = option_value(socket, IPPROTO_TCP, LINUX_TCP_FASTOPEN_NO_COOKIE) != 0;
    settings->personal.urgent = (uint8_t)urgent_style(option_value(socket, SOL_SOCKET, SO_OOBINLINE));
    settings->keep_alive = option_value(socket, SOL_SOCKET, SO_KEEPALIVE) != 0;
    uint32_t range = (uint32_t)option_value(socket, IPPROTO_IP, LINUX_IP_LOCAL_PORT_RANGE);
    settings->port_first = range & UINT16_MAX;
    settings->port_last = (uint16_t)(range >> 16);
    bool six = speaks_ipv6(socket);
    int32_t ttl = six ? option_value(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS) : option_value(socket, IPPROTO_IP, IP_TTL);
    settings->ttl = ttl == 64 ? 0 : (uint8_t)ttl;
    int32_t class = six ? option_value(socket, IPPROTO_IPV6, IPV6_TCLASS) : option_value(socket, IPPROTO_IP, IP_TOS);
    settings->personal.traffic_class = (uint8_t)(class & ~ECN_MASK);
}

/* ---- set ---- */

static int set_timeout(const void *value, socklen_t length, int64_t *out_ns)
{
    struct timeval time;
    if (length < sizeof time)
        return fail(EINVAL);
    memcpy(&time, value, sizeof time);
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return fail(EDOM);
    *out_ns = time.tv_sec < 0 ? 0 : (int64_t)time.tv_sec * NS_PER_S + (int64_t)time.tv_usec * NS_PER_US;
    return 0;
}

static int set_linger(struct socket *socket, const void *value, socklen_t length)
{
    struct linger linger;
    if (length < sizeof linger)
        return fail(EINVAL);
    memcpy(&linger, value, sizeof linger);
    socket->linger_s = !linger.l_onoff ? -1 : linger.l_linger < 0 ? INT32_MAX : linger.l_linger;
    return 0;
}

static int set_congestion(struct socket *socket, const void *value, socklen_t length)
{
    char name[sizeof socket->congestion] = "";
    memcpy(name, value, length < sizeof name ? length : sizeof name - 1);
    if (!tcp_congestion_known(name))
        return fail(ENOENT);
    memcpy(socket->congestion, name, sizeof name);
    if (socket->tcp)
        (void)tcp_set_congestion(socket->tcp, name);
    return 0;
}

static int set_special(struct socket *socket, int level, int name, const void *value, socklen_t length)
{
    bool stream = socket->descriptor.kind == DESCRIPTOR_STREAM;
    if (level == SOL_SOCKET) {
        switch (name) {
        case SO_LINGER: return set_linger(socket, value, length);
        case SO_RCVTIMEO: return set_timeout(value, length, &socket->receive_timeout_ns);
        case SO_SNDTIMEO: return set_timeout(value, length, &socket->send_timeout_ns);
        default: return fail(ENOPROTOOPT);
        }
    }
    if (level == IPPROTO_TCP && stream) {
        switch (name) {
        case LINUX_TCP_CONGESTION: return set_congestion(socket, value, length);
        case LINUX_TCP_FASTOPEN_KEY: return fast_open_key_set(socket, value, length);
        case LINUX_TCP_REPAIR: return fail(EPERM);
        default: return fail(ENOPROTOOPT);
        }
    }
    return fail(ENOPROTOOPT);
}

int option_set(struct socket *socket, int level, int name, const void *value, socklen_t length)
{
    int row = row_of(level, name);
    if (level == IPPROTO_TCP && socket->descriptor.kind != DESCRIPTOR_STREAM)
        return fail(ENOPROTOOPT);
    if (row < 0)
        return set_special(socket, level, name, value, length);
    const struct option_row *about = &ROWS[row];
    int32_t number;
    if (length < sizeof number) {
        if (level != IPPROTO_IP || length == 0)
            return fail(EINVAL);
        number = *(const uint8_t *)value; /* IPPROTO_IP takes a single byte too */
    } else {
        memcpy(&number, value, sizeof number);
    }
    uint32_t first = (uint32_t)number & UINT16_MAX, last = (uint32_t)number >> 16;
    if (level == IPPROTO_IP && name == LINUX_IP_LOCAL_PORT_RANGE && first && last && first > last)
        return fail(EINVAL);
    int refused = level == IPPROTO_TCP ? fast_open_refuses(socket, name, number) : 0;
    if (refused)
        return fail(refused);
    if (level == IPPROTO_TCP && name == LINUX_TCP_FASTOPEN && number > (int32_t)socket->drill->backlog_most)
        number = (int32_t)socket->drill->backlog_most;
    if (about->least == 0 && about->most == 1)
        number = number != 0;
    if ((number < about->least || number > about->most) && !(number == 0 && about->knob == TCP_KNOB_MAXIMUM_SEGMENT))
        return fail(EINVAL);
    int32_t before = socket->values[row];
    if (level == SOL_SOCKET && name == SO_TIMESTAMPING) {
        refused = stamps_check(socket, (uint32_t)number);
        if (refused)
            return fail(refused);
        if (number & ~before & STAMPS_OPT_ID)
            stamps_begin(socket, (uint32_t)number);
    }
    socket->values[row] = number;
    apply(socket, (unsigned)row);
    return 0;
}

/* ---- get ---- */

static int give(const void *from, size_t bytes, void *value, socklen_t *length)
{
    if (*length > bytes)
        *length = (socklen_t)bytes;
    memcpy(value, from, *length);
    return 0;
}

static int give_number(int32_t number, void *value, socklen_t *length) { return give(&number, sizeof number, value, length); }

static int give_timeout(int64_t ns, void *value, socklen_t *length)
{
    struct timeval time = {.tv_sec = ns / NS_PER_S, .tv_usec = ns % NS_PER_S / NS_PER_US};
    return give(&time, sizeof time, value, length);
}

/* What a socket begins with: the middle one of tcp_rmem's or tcp_wmem's three. */
static uint32_t buffer_default(const struct socket *socket, int name)
{
    char text[64];
    uint32_t middle = 0;
    const char *setting = name == SO_SNDBUF ? "net.ipv4.tcp_wmem" : "net.ipv4.tcp_rmem";
    if (tcp_sysctl_get(socket->drill->tcp, setting, text, sizeof text) == 0)
        (void)sscanf(text, "%*u %u", &middle);
    return middle;
}

static uint32_t buffer_bytes(const struct socket *socket, int name)
{
    uint32_t asked = (uint32_t)option_value(socket, SOL_SOCKET, name), least = name == SO_SNDBUF ? 4608 : 2304;
    if (asked)
        return asked * 2 < least ? least : asked * 2;
    if (socket->descriptor.kind != DESCRIPTOR_STREAM)
        return DATAGRAM_BUFFER;
    if (!socket->tcp || socket->listening)
        return buffer_default(socket, name);
    struct tcp_info info;
    tcp_socket_info(socket->tcp, &info);
    bool doubled = name == SO_RCVBUF && !info.receive_memory_counted;
    return name == SO_SNDBUF ? info.send_buffer : doubled ? 2 * info.receive_buffer : info.receive_buffer;
}

/* SO_MEMINFO: in Linux's order what is received, the receive buffer, -, the send buffer, -, what is to be sent, -, -, -. */
static int get_memory(struct socket *socket, void *value, socklen_t *length)
{
    struct tcp_info info = {.state = TCP_CLOSED};
    if (socket->tcp && !socket->listening)
        tcp_socket_info(socket->tcp, &info);
    uint32_t numbers[9] = {info.receive_memory, buffer_bytes(socket, SO_RCVBUF), 0, buffer_bytes(socket, SO_SNDBUF), 0,
                           info.send_queue};
    return give(numbers, sizeof numbers, value, length);
}

static int get_socket(struct socket *socket, int name, void *value, socklen_t *length)
{
    bool stream = socket->descriptor.kind == DESCRIPTOR_STREAM;
    struct linger linger = {socket->linger_s >= 0, socket->linger_s >= 0 ? socket->linger_s : 0};
    switch (name) {
    case SO_ERROR: return give_number(stream ? stream_take_error(socket) : 0, value, length);
    case SO_MEMINFO: return get_memory(socket, value, length);
    case SO_TYPE: return give_number(stream ? SOCK_STREAM : SOCK_DGRAM, value, length);
    case SO_DOMAIN: return give_number(socket->domain, value, length);
    case SO_PROTOCOL: return give_number(stream ? IPPROTO_TCP : IPPROTO_UDP, value, length);
    case SO_ACCEPTCONN: return give_number(socket->listening, value, length);
    case SO_LINGER: return give(&linger, sizeof linger, value, length);
    case SO_RCVTIMEO: return give_timeout(socket->receive_timeout_ns, value, length);
    case SO_SNDTIMEO: return give_timeout(socket->send_timeout_ns, value, length);
    default: return fail(ENOPROTOOPT);
    }
}

static const char *congestion_of(const struct socket *socket)
{
    if (socket->congestion[0])
        return socket->congestion;
    struct tcp_info info = {.congestion = NULL};
    if (socket->tcp && !socket->listening)
        tcp_socket_info(socket->tcp, &info);
    return info.congestion ? info.congestion : tcp_congestion_default(socket->drill->tcp);
}

static int get_tcp(struct socket *socket, int name, void *value, socklen_t *length)
{
    const char *congestion = congestion_of(socket);
    switch (name) {
    case LINUX_TCP_INFO: return info_get(socket, value, length);
    case LINUX_TCP_CONGESTION: {
        char padded[16] = "";
        snprintf(padded, sizeof padded, "%s", congestion);
        return give(padded, sizeof padded, value, length);
    }
    case LINUX_TCP_FASTOPEN_KEY: {
        uint8_t key[32];
        return give(key, fast_open_key_get(socket, key), value, length);
    }
    case LINUX_TCP_CC_INFO: *length = 0; return 0;
    default: return fail(ENOPROTOOPT);
    }
}

static int get_mss(struct socket *socket, void *value, socklen_t *length)
{
    int32_t asked = option_value(socket, IPPROTO_TCP, LINUX_TCP_MAXSEG);
    struct tcp_info info = {.state = TCP_CLOSED};
    if (socket->tcp)
        tcp_socket_info(socket->tcp, &info);
    bool settled = !socket->listening && info.mss && info.state >= TCP_ESTABLISHED;
    return give_number(settled ? (int32_t)info.mss : asked ? asked : 536, value, length);
}

int option_get(struct socket *socket, int level, int name, void *value, socklen_t *length)
{
    if (!value || !length)
        return fail(EFAULT);
    if (level == IPPROTO_TCP && socket->descriptor.kind != DESCRIPTOR_STREAM)
        return fail(EOPNOTSUPP);
    if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF))
        return give_number((int32_t)buffer_bytes(socket, name), value, length);
    if (level == IPPROTO_TCP && name == LINUX_TCP_MAXSEG)
        return get_mss(socket, value, length);
    if ((level == IPPROTO_IP && name == IP_MTU) || (level == IPPROTO_IPV6 && name == IPV6_MTU)) {
        struct path path;
        if (socket->remote.address.family == 0 ||
            stack_path(socket->drill->stack, &socket->remote.address, socket->remote.interface, &path) != 0)
            return fail(ENOTCONN);
        return give_number((int32_t)path.mtu, value, length);
    }
    int row = row_of(level, name);
    if (row >= 0)
        return give_number(socket->values[row], value, length);
    if (level == SOL_SOCKET)
        return get_socket(socket, name, value, length);
    return level == IPPROTO_TCP ? get_tcp(socket, name, value, length) : fail(ENOPROTOOPT);
}
