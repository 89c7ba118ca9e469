/* In what pieces a stream leaves, what a sender waits for, and how much a send buffer takes. */
#include <sys/epoll.h>

#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[40000];

static struct linux_tcp_info info_of(int fd)
{
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    return info;
}

/* MSG_EOR: what comes later goes behind the last byte of a record into a segment of its own; two records never share one. */
static void test_records(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 1);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_CORK, 1);
    at(0.2);
    assert_int_equal(table.send(world, fd, buffer, 100, 0), 100);
    assert_int_equal(table.send(world, fd, buffer, 50, MSG_EOR), 50);
    assert_int_equal(table.send(world, fd, buffer, 30, MSG_EOR), 30);
    assert_int_equal(table.send(world, fd, buffer, 1200, 0), 1200);
    out(0.2, "P. 1:151(150)"); /* a record is complete: the cork does not hold it */
    out(0.2, "P. 151:181(30)");
    out(0.2, ". 181:1181(1000)");
    at(0.3);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_CORK, 0);
    out(0.3, "P. 1181:1381(200)");
}

/* MSG_MORE marks nothing for PSH, though the bytes go when everything before them is acknowledged. */
static void test_more(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.send(world, fd, buffer, 2100, MSG_MORE), 2100);
    out(0.2, ". 1:1001(1000)");
    out(0.2, "P. 1001:2001(1000)");
    at(0.3);
    in(". 1:1(0) ack 2001 win 257");
    out(0.3, ". 2001:2101(100)");
    in(". 1:1(0) ack 2101 win 257");
    at(0.4);
    assert_int_equal(table.send(world, fd, buffer, 40, MSG_MORE), 40);
    at(0.5);
    assert_int_equal(table.send(world, fd, buffer, 60, 0), 60);
    out(0.5, "P. 2101:2201(100)");
}

/* TCP_NODELAY lets go what a cork holds, but the cork stays in. */
static void test_no_delay_opens_cork(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_CORK, 1);
    at(0.2);
    assert_int_equal(table.send(world, fd, buffer, 70, 0), 70);
    at(0.25);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 1);
    out(0.25, "P. 1:71(70)");
    at(0.3);
    in(". 1:1(0) ack 71 win 257");
    assert_int_equal(table.send(world, fd, buffer, 30, 0), 30);
    at(0.31);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_CORK, 0);
    out(0.31, "P. 71:101(30)");
}

/* Pinned pages are fragments of a packet, of which there are 17 at most. Copied ones are not. */
static void test_fragments(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 1);
    struct iovec pieces[20];
    for (unsigned i = 0; i < 20; i++)
        pieces[i] = (struct iovec){buffer, i == 3 ? 0 : 2};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 20};
    at(0.2);
    assert_int_equal(table.sendmsg(world, fd, &message, 0), 38);
    out(0.2, "P. 1:39(38)");
    assert_int_equal(table.sendmsg(world, fd, &message, MSG_ZEROCOPY), 38);
    out(0.2, "P. 39:73(34)");
    out(0.2, "P. 73:77(4)");
}

/* The time for which the peer's window holds bytes back is part of the time in which there is something to send. */
static void test_window_limited(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in(". 1:1(0) ack 1 win 0");
    in("P. 1:2(1) ack 1 win 0");
    out(0.2, ". 1:1(0) ack 2");
    assert_int_equal(info_of(fd).busy_time, 0);
    assert_int_equal(table.write(world, fd, buffer, 500), 500);
    at(0.3);
    assert_in_range(info_of(fd).window_limited, 99900, 100100);
    in(". 2:2(0) ack 1 win 257");
    out(0.3, "P. 1:501(500)");
    at(0.4);
    in(". 2:2(0) ack 501 win 257");
    at(0.6);
    struct linux_tcp_info info = info_of(fd);
    assert_in_range(info.window_limited, 99900, 100100);
    assert_in_range(info.busy_time, 199900, 200100);
    assert_int_equal(info.buffer_limited, 0);
}

/* SO_SNDBUF is for the packets with what they cost Linux beside their bytes; the one that passes the limit is still taken whole. */
static void test_send_buffer(void **state)
{
    (void)state;
    int fd = listener(1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, 1000); /* too little: 4608 is the least */
    in("S 0:0(0) win 2000 <mss 1000,sackOK>");
    out(0, "S. 0:0(0) ack 1");
    at(0.1);
    in(". 1:1(0) ack 1 win 2000");
    int connection = table.accept(world, fd, NULL, NULL);
    assert_int_equal(table.send(world, connection, buffer, 10000, MSG_DONTWAIT), 3000);
    must_fail(table.send(world, connection, buffer, 1, MSG_DONTWAIT), EAGAIN);
    struct pollfd one = {.fd = connection, .events = POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 0);
    out(0.1, ". 1:1001(1000)");
    out(0.1, "P. 1001:2001(1000)");
    at(0.2);
    in(". 1:1(0) ack 2001 win 2000");
    out(0.2, "P. 2001:3001(1000)");
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
}

/* A completion is an edge for whoever watches the socket, for reading or not, and no edge for writers. */
static void test_error_edges(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
    int set = table.epoll_create(world, 1);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET}, got;
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), 0);
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 1);
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 0);
    at(0.2);
    assert_int_equal(table.send(world, fd, buffer, 100, MSG_ZEROCOPY), 100);
    out(0.2, "P. 1:101(100)");
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 0);
    in(". 1:1(0) ack 101 win 257");
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 1);
    assert_int_equal(got.events, EPOLLOUT | EPOLLERR);
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 0);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_records),        SCENE(test_more),        SCENE(test_no_delay_opens_cork), SCENE(test_fragments),
        SCENE(test_window_limited), SCENE(test_send_buffer), SCENE(test_error_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
