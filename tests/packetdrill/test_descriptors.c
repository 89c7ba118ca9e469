/* Descriptors: when no number is free, when one is used again; pipes at their limits; options that the first segment must know. */
#include <sys/epoll.h>
#include <sys/resource.h>

#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[70000];

/* accept() without a free number takes nothing out of the queue. */
static void test_accept_without_number(void **state)
{
    (void)state;
    int fd = listener(5);
    in(SYN_TEXT);
    out(0, "S. 0:0(0) ack 1");
    at(0.1);
    in(". 1:1(0) ack 1 win 257");
    in("P. 1:101(100) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 101");
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int refused = table.accept(world, fd, NULL, NULL), error = errno;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    errno = error;
    must_fail(refused, EMFILE);
    at(0.2);
    in("P. 101:201(100) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 201");
    int connection = table.accept(world, fd, NULL, NULL);
    assert_true(connection > fd);
    assert_int_equal(table.read(world, connection, buffer, sizeof buffer), 200);
}

/* What is closed leaves the epoll set, though the next socket has its number and, as it happens, its memory. */
static void test_watch_of_closed_number(void **state)
{
    (void)state;
    int set = table.epoll_create(world, 1);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLHUP}, found[4];
    for (int i = 0; i < 3; i++) {
        int fd = make_socket(SOCK_STREAM);
        assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), 0);
        assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
        assert_int_equal(table.close(world, fd), 0);
        assert_int_equal(make_socket(SOCK_STREAM), fd);
        assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 0);
        assert_int_equal(table.close(world, fd), 0);
    }
}

static void test_pipe_edges(void **state)
{
    (void)state;
    int set = table.epoll_create(world, 1), ends[2];
    struct epoll_event in_event = {.events = EPOLLIN | EPOLLET}, out_event = {.events = EPOLLOUT | EPOLLET}, found[4];
    assert_int_equal(table.pipe(world, ends), 0);
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, ends[0], &in_event), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 0);
        assert_int_equal(table.write(world, ends[1], "abc", 3), 3);
        assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
        assert_int_equal(found[0].events, EPOLLIN);
    }
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, ends[1], &out_event), 0);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
    assert_int_equal(table.read(world, ends[0], buffer, 9), 9);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
    assert_int_equal(found[0].events, EPOLLOUT);
    assert_int_equal(table.close(world, ends[0]), 0);
    assert_int_equal(table.epoll_wait(world, set, found, 4, 0), 1);
    assert_int_equal(found[0].events, EPOLLOUT | EPOLLERR);
}

/* What a full socket does not take stays in the pipe, in order, and with what is behind it. */
static void test_splice_into_full_socket(void **state)
{
    (void)state;
    int fd = accepted(0), ends[2];
    set_option(fd, SOL_SOCKET, SO_SNDBUF, 5000);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    assert_int_equal(table.pipe(world, ends), 0);
    for (size_t i = 0; i < sizeof buffer; i++)
        buffer[i] = (char)(i % 251);
    assert_int_equal(table.write(world, ends[1], buffer, 60000), 60000);
    int sent = table.splice(world, ends[0], NULL, fd, NULL, 50000, SPLICE_F_NONBLOCK);
    assert_true(sent > 0 && sent < 50000);
    must_fail(table.splice(world, ends[0], NULL, fd, NULL, 50000, SPLICE_F_NONBLOCK), EAGAIN);
    static char rest[70000];
    assert_int_equal(table.read(world, ends[0], rest, sizeof rest), 60000 - sent);
    assert_memory_equal(rest, buffer + sent, (size_t)(60000 - sent));
    assert_int_equal(table.write(world, ends[1], "abc", 3), 3);
    must_fail(table.splice(world, ends[0], NULL, ends[1], NULL, 3, 0), EINVAL); /* one pipe */
    assert_int_equal(table.splice(world, fd, NULL, ends[1], NULL, 0, 0), 0);
}

static void test_first_segment_options(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    set_option(fd, IPPROTO_IP, IP_TOS, 0x2b);
    set_option(fd, IPPROTO_IP, IP_TTL, 9);
    set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 77); /* of the other family */
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0, "S 0:0(0)");
    assert_int_equal(received[1], 0x28);
    assert_int_equal(received[8], 9);
    six = true;
    local_known = false;
    fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, 0x2b);
    set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
    set_option(fd, IPPROTO_IP, IP_TTL, 77);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0, "S 0:0(0)");
    assert_int_equal((received[0] & 15) << 4 | received[1] >> 4, 0x28);
    assert_int_equal(received[7], 9);
}

static void test_what_options_tell(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM), datagram = make_socket(SOCK_DGRAM), number = 1;
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    uint32_t memory[9];
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    length = sizeof memory;
    assert_int_equal(table.getsockopt(world, fd, SOL_SOCKET, SO_MEMINFO, memory, &length), 0);
    assert_int_equal(memory[1], 540000); /* as SO_RCVBUF and SO_SNDBUF */
    assert_int_equal(memory[3], 262144);
    static const int MISSING[] = {
        10, 24, 27, 37}; /* TCP_WINDOW_CLAMP, TCP_TIMESTAMP, TCP_SAVE_SYN, TCP_TX_DELAY: refused, not passed over */
    for (unsigned i = 0; i < sizeof MISSING / sizeof *MISSING; i++)
        must_fail(table.setsockopt(world, fd, IPPROTO_TCP, MISSING[i], &number, sizeof number), ENOPROTOOPT);
    do_bind(datagram, 5000);
    must_fail(table.recv(world, datagram, buffer, sizeof buffer, MSG_PEEK), EOPNOTSUPP);
    fd = accepted(0);
    length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_true(info.maximum_pacing_rate == UINT64_MAX);
    set_option(fd, SOL_SOCKET, SO_MAX_PACING_RATE, 125000);
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.maximum_pacing_rate, 125000);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(test_accept_without_number),   SCENE(test_watch_of_closed_number), SCENE(test_pipe_edges),
        SCENE(test_splice_into_full_socket), SCENE(test_first_segment_options),  SCENE(test_what_options_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
