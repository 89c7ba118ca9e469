/* System calls: what they return and which errno they set; options, TCP_INFO, settings from a file, UDP, IPv6, pipes. */
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[100000];

static struct linux_tcp_info info_of(int fd)
{
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(length, sizeof info);
    return info;
}

static void test_socket_errors(void **state)
{
    (void)state;
    must_fail(table.socket(world, 77, SOCK_STREAM, 0), EAFNOSUPPORT);
    must_fail(table.socket(world, AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    must_fail(table.close(world, 98), EBADF);
    must_fail(table.read(world, 99, buffer, 1), EBADF);
    int fd = make_socket(SOCK_STREAM);
    assert_true(fd >= 3);
    must_fail(table.read(world, fd, buffer, 1), ENOTCONN);
    must_fail(table.write(world, fd, buffer, 1), EPIPE);
    must_fail(table.shutdown(world, fd, SHUT_WR), ENOTCONN);
    must_fail(table.accept(world, fd, NULL, NULL), EINVAL);
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLOUT | POLLHUP);
    assert_int_equal(table.close(world, fd), 0);
    must_fail(table.close(world, fd), EBADF);
    assert_int_equal(make_socket(SOCK_STREAM), fd); /* the lowest free number */
}

static void test_bind_errors(void **state)
{
    (void)state;
    int first = make_socket(SOCK_STREAM), second = make_socket(SOCK_STREAM);
    do_bind(first, 7000);
    struct sockaddr_storage name;
    socklen_t n = name_of(true, 7000, &name);
    must_fail(table.bind(world, second, (struct sockaddr *)&name, n), EADDRINUSE);
    must_fail(table.bind(world, first, (struct sockaddr *)&name, n), EINVAL);
    n = name_of(false, 7001, &name);
    must_fail(table.bind(world, second, (struct sockaddr *)&name, n), EADDRNOTAVAIL);
    set_option(first, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(second, SOL_SOCKET, SO_REUSEADDR, 1);
    do_bind(second, 7000);
}

static void test_connect_nonblocking(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM);
    assert_int_equal(table.fcntl(world, fd, F_GETFL), O_RDWR);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    assert_int_equal(table.fcntl(world, fd, F_GETFL), O_RDWR | O_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0, "S 0:0(0)");
    must_fail(do_connect(fd, SERVER_PORT), EALREADY);
    must_fail(table.read(world, fd, buffer, 1), EAGAIN);
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 0);
    at(0.1);
    in("S. 0:0(0) ack 1 win 5792 <mss 1460,sackOK>");
    out(0.1, ". 1:1(0) ack 1");
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLOUT);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
    assert_int_equal(do_connect(fd, SERVER_PORT), 0);
    must_fail(do_connect(fd, SERVER_PORT), EISCONN);
}

static void test_connect_refused_nonblocking(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0, "S 0:0(0)");
    in("R. 0:0(0) ack 1 win 0");
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLIN | POLLOUT | POLLHUP | POLLERR);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
}

static void test_accept_nonblocking(void **state)
{
    (void)state;
    int fd = listener(5);
    table.fcntl(world, fd, F_SETFL, O_RDWR | O_NONBLOCK);
    must_fail(table.accept(world, fd, NULL, NULL), EAGAIN);
    in(SYN_TEXT);
    out(0, "S. 0:0(0) ack 1");
    must_fail(table.accept(world, fd, NULL, NULL), EAGAIN);
    at(0.1);
    in(". 1:1(0) ack 1 win 257");
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    int connection = table.accept(world, fd, (struct sockaddr *)&name, &length);
    assert_true(connection > 0);
    assert_int_equal(length, sizeof name);
    assert_int_equal(ntohs(name.sin_port), REMOTE_PORT);
    assert_memory_equal(&name.sin_addr, REMOTE4, 4);
    assert_int_equal(table.fcntl(world, connection, F_GETFL), O_RDWR); /* not inherited */
}

static void test_options(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_RCVBUF),
                     540000); /* the second of tcp_rmem, as long as there is no connection */
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_SNDBUF), 262144);
    assert_int_equal(table.close(world, fd), 0);
    fd = accepted(0);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 5);
    assert_int_equal(get_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY), 1);
    assert_int_equal(get_option(fd, IPPROTO_TCP, LINUX_TCP_MAXSEG), 1000);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, 20000);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_SNDBUF), 40000);
    uint32_t memory[9];
    socklen_t bytes = sizeof memory;
    assert_int_equal(table.getsockopt(world, fd, SOL_SOCKET, SO_MEMINFO, memory, &bytes), 0);
    assert_int_equal(bytes, sizeof memory);
    assert_int_equal(memory[3], 40000); /* as Linux: what SO_SNDBUF tells */
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    assert_int_equal(get_option(fd, IPPROTO_IP, IP_MTU), 1500);
    int number = 200;
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_KEEPCNT, &number, sizeof number), EINVAL);
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_REPAIR, &number, sizeof number), EPERM);
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, 999, &number, sizeof number), ENOPROTOOPT);
    char name[16];
    socklen_t length = sizeof name;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_CONGESTION, name, &length), 0);
    assert_string_equal(name, "cubic");
    assert_int_equal(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_CONGESTION, "reno", 4), 0);
    length = sizeof name;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_CONGESTION, name, &length), 0);
    assert_string_equal(name, "reno");
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_CONGESTION, "none", 4), ENOENT);
}

static void test_peek_and_queues(void **state)
{
    (void)state;
    int fd = accepted(0), value;
    in("P. 1:101(100) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 101");
    assert_int_equal(table.ioctl(world, fd, SIOCINQ, &value), 0);
    assert_int_equal(value, 100);
    assert_int_equal(table.recv(world, fd, buffer, 10, MSG_PEEK), 10);
    assert_int_equal(table.recv(world, fd, buffer, 10, MSG_TRUNC), 10);
    struct iovec pieces[2] = {{buffer, 1}, {buffer + 50, 100}};
    assert_int_equal(table.readv(world, fd, pieces, 2), 90);
    assert_int_equal(buffer[0], 'a' + 11);
    assert_int_equal(buffer[50], 'a' + 12);
    must_fail(table.recv(world, fd, buffer, 10, MSG_DONTWAIT), EAGAIN);
    assert_int_equal(table.write(world, fd, buffer, 20000), 20000);
    assert_int_equal(table.ioctl(world, fd, SIOCOUTQ, &value), 0);
    assert_int_equal(value, 20000);
    assert_int_equal(table.ioctl(world, fd, SIOCOUTQNSD, &value), 0);
    assert_int_equal(value, 10000); /* ten segments are out */
}

static void test_tcp_info(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct linux_tcp_info info = info_of(fd);
    assert_int_equal(info.state, 1);
    assert_int_equal(info.options, LINUX_TCPI_SACK | LINUX_TCPI_WSCALE);
    assert_int_equal(info.send_cwnd, 10);
    assert_int_equal(info.send_ssthresh, INT32_MAX);
    assert_int_equal(info.send_mss, 1000);
    assert_int_equal(info.advertised_mss, 1460);
    assert_int_equal(info.path_mtu, 1500);
    assert_int_equal(info.send_scale, 7);
    assert_true(info.rtt >= 99900 && info.rtt < 100100);
    assert_int_equal(info.rto / 1000, (info.rtt + 200000) / 1000);
    assert_int_equal(table.write(world, fd, buffer, 3000), 3000);
    info = info_of(fd);
    assert_int_equal(info.unacked, 3);
    assert_int_equal(info.bytes_sent, 3000);
    assert_int_equal(info.not_sent_bytes, 0);
    at(0.15);
    in(". 1:1(0) ack 1001 win 257");
    at(0.2);
    assert_int_equal(info_of(fd).last_ack_received, 50);
    assert_int_equal(info_of(fd).last_data_sent, 100);
    uint8_t state_only = 0;
    socklen_t length = 1;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &state_only, &length), 0);
    assert_int_equal(state_only, 1);
}

static void test_sysctl_file(void **state)
{
    (void)state;
    char path[] = "/tmp/imp-sysctl-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(setenv("IMP_SYSCTL_FILE", path, 1), 0);
    assert_int_equal(dprintf(file, "net.ipv4.tcp_sack=0\n# no\nno.such.thing = 5\nnet.ipv4.tcp_timestamps = 0\n"), 71);
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0, "S 0:0(0) win 65535 <mss 1460,ws 8>");
    assert_true(dprintf(file, "net.ipv4.tcp_sack=1\n") > 0); /* the later line counts */
    fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    local_known = false;
    out(0, "S 0:0(0) win 65535 <mss 1460,sackOK,ws 8>");
    assert_true(dprintf(file, "/proc/sys/net/ipv4/tcp_rmem=4096 131072 1000000\n") > 0);
    assert_true(dprintf(file, "net.core.somaxconn=3\nnet.core.somaxconn=-1\nnet.core.somaxconn=many\n") > 0);
    assert_int_equal(info_of(listener(50)).sacked, 3); /* values that cannot be count for nothing */
    local_known = false;
    in("S 0:0(0) win 32792 <mss 1000,sackOK,ws 7>");
    out(0, "S. 0:0(0) ack 1 win 64240 <mss 1460,sackOK,ws 4>");
    assert_true(dprintf(file,
                        "-q -w net.ipv4.tcp_rmem=\"4096 131072 6291456\" net/ipv4/tcp_sack = 0 net.ipv4.tcp_timestamps=\"1\"\n"
                        "\"net.ipv4.tcp_window_scaling=1\"\nnet.ipv4.tcp_ecn= net.ipv4.tcp_base_mss=\n") > 0);
    fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    local_known = false;
    out(-1, "S 0:0(0) win 64240 <mss 1460,TS,ws 7>");
    close(file);
    unlink(path);
}

static void test_udp(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_DGRAM);
    do_bind(fd, 5000);
    uint8_t datagram[12] = {0x30, 0x39, 0x13, 0x88, 0, 12, 0, 0, 'p', 'i', 'n', 'g'};
    inject(IPPROTO_UDP, datagram, sizeof datagram, 6, 0);
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    assert_int_equal(table.recvfrom(world, fd, buffer, 100, 0, (struct sockaddr *)&from, &length), 4);
    assert_memory_equal(buffer, "ping", 4);
    assert_int_equal(ntohs(from.sin_port), 12345);
    assert_int_equal(table.sendto(world, fd, "pong!", 5, 0, (struct sockaddr *)&from, length), 5);
    assert_true(next_packet());
    assert_int_equal(received_bytes, 20 + 8 + 5);
    assert_int_equal(received[9], IPPROTO_UDP);
    assert_int_equal(get16(received + 20), 5000);
    assert_memory_equal(received + 28, "pong!", 5);
    must_fail(table.recv(world, fd, buffer, 10, MSG_DONTWAIT), EAGAIN);
    must_fail(table.send(world, fd, "x", 1, 0), EDESTADDRREQ);
}

static void test_ipv6(void **state)
{
    (void)state;
    six = true;
    int fd = listener(1);
    at(0.1);
    in("S 0:0(0) win 32792 <mss 1440,sackOK,ws 7>");
    out(0.1, "S. 0:0(0) ack 1 win 65535 <mss 1440,sackOK,ws 8>");
    at(0.2);
    in(". 1:1(0) ack 1 win 257");
    int connection = table.accept(world, fd, NULL, NULL);
    assert_true(connection > 0);
    assert_int_equal(table.write(world, connection, buffer, 100), 100);
    out(0.2, "P. 1:101(100) ack 1");
}

static void test_epoll(void **state)
{
    (void)state;
    int fd = accepted(0), set = table.epoll_create(world, 1);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = 7}, found[4];
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), 0);
    must_fail(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), EEXIST);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 0);
    in("P. 1:101(100) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 101");
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
    assert_int_equal(found[0].events, EPOLLIN);
    assert_int_equal(found[0].data.u32, 7);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 0); /* edge: told once */
    in("P. 101:201(100) ack 1 win 257");
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1); /* and again when more came */
    event.events = EPOLLIN | EPOLLONESHOT;
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_MOD, fd, &event), 0);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 0);
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_DEL, fd, NULL), 0);
    must_fail(table.epoll_ctl(world, set, EPOLL_CTL_DEL, fd, NULL), ENOENT);
    int64_t before = now_us();
    assert_int_equal(table.epoll_wait(world, set, found, 4, 100), 0);
    assert_true(now_us() - before >= 100000 && now_us() - before < 100100);
}

static void test_bad_pointers_and_queue_length(void **state)
{
    (void)state;
    int fd = accepted(0), on = 1;
    in("P. 1:101(100) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 101");
    must_fail(table.read(world, fd, NULL, 10), EFAULT);
    must_fail(table.write(world, fd, (void *)(uintptr_t)0x10, 10), EFAULT);
    assert_int_equal(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INQ, &on, sizeof on), 0);
    _Alignas(struct cmsghdr) char control[64];
    struct iovec piece = {buffer, 30};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    assert_int_equal(table.recvmsg(world, fd, &message, 0), 30);
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    assert_non_null(first);
    assert_int_equal(first->cmsg_type, LINUX_TCP_INQ);
    int left;
    memcpy(&left, CMSG_DATA(first), sizeof left);
    assert_int_equal(left, 70);
}

static void test_zero_copy(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
    _Alignas(struct cmsghdr) char control[128];
    struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
    assert_int_equal(table.send(world, fd, buffer, 4000, MSG_ZEROCOPY), 4000);
    assert_int_equal(table.send(world, fd, buffer, 1000, MSG_ZEROCOPY), 1000);
    must_fail(table.recvmsg(world, fd, &message, MSG_ERRQUEUE), EAGAIN);
    in(". 1:1(0) ack 5001 win 257");
    struct pollfd one = {.fd = fd, .events = POLLIN};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLERR);
    assert_int_equal(table.recvmsg(world, fd, &message, MSG_ERRQUEUE), 0);
    assert_int_equal(message.msg_flags, MSG_ERRQUEUE);
    uint32_t range[2]; /* ee_info and ee_data: the first and the last send */
    memcpy(range, CMSG_DATA(CMSG_FIRSTHDR(&message)) + 8, sizeof range);
    assert_int_equal(range[0], 0);
    assert_int_equal(range[1], 1);
    message.msg_controllen = sizeof control;
    must_fail(table.recvmsg(world, fd, &message, MSG_ERRQUEUE), EAGAIN);
}

static void test_pipe_and_splice(void **state)
{
    (void)state;
    int fd = accepted(0), ends[2];
    assert_int_equal(table.pipe(world, ends), 0);
    in("P. 1:101(100) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 101");
    assert_int_equal(table.splice(world, fd, NULL, ends[1], NULL, 1000, 0), 100);
    assert_int_equal(table.splice(world, ends[0], NULL, fd, NULL, 1000, 0), 100);
    out(0.1, "P. 1:101(100) ack 101");
    assert_int_equal(table.write(world, ends[1], "abc", 3), 3);
    assert_int_equal(table.read(world, ends[0], buffer, 10), 3);
    must_fail(table.write(world, ends[0], "abc", 3), EBADF);
    assert_int_equal(table.close(world, ends[1]), 0);
    assert_int_equal(table.read(world, ends[0], buffer, 10), 0);
    must_fail(table.splice(world, fd, NULL, fd, NULL, 10, 0), EINVAL);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_socket_errors),
        SCENE(test_bind_errors),
        SCENE(test_connect_nonblocking),
        SCENE(test_connect_refused_nonblocking),
        SCENE(test_accept_nonblocking),
        SCENE(test_options),
        SCENE(test_peek_and_queues),
        SCENE(test_tcp_info),
        SCENE(test_sysctl_file),
        SCENE(test_udp),
        SCENE(test_ipv6),
        SCENE(test_epoll),
        SCENE(test_zero_copy),
        SCENE(test_bad_pointers_and_queue_length),
        SCENE(test_pipe_and_splice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
