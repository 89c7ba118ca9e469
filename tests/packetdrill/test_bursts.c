/* Sending in bunches, as Linux does with GSO: PSH, sizes, the send buffer's memory, records, edge-triggered writers. */
#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[200000];

/* Accepted at once, so that the round trip is next to nothing and bunches are as large as the windows allow. */
static int accepted_near(void)
{
    int fd = listener(1);
    in(SYN_TEXT);
    out(0, "S. 0:0(0) ack 1");
    in(". 1:1(0) ack 1 win 257");
    int connection = table.accept(world, fd, NULL, NULL);
    assert_int_equal(table.close(world, fd), 0);
    return connection;
}

/* Segments of 1000 bytes from `first` on, of which these end with PSH. */
static void expect(unsigned first, unsigned count, const char *pushes)
{
    assert_int_equal(strlen(pushes), count);
    for (unsigned i = 0; i < count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %u:%u(1000)", pushes[i] == 'P' ? "P." : ".", first + i * 1000, first + (i + 1) * 1000);
        out(-1, text);
    }
}

/* No bunch is larger than half the congestion window; what is cut off keeps the PSH of the write's end. */
static void test_half_a_window(void **state)
{
    (void)state;
    int fd = accepted_near();
    assert_int_equal(table.write(world, fd, buffer, 12000), 12000);
    expect(1, 10, "....P....P");
    in(". 1:1(0) ack 1001 win 257");
    expect(10001, 2, ".P");
}

/* What is sent again is in the bunches of before, less what arrived; of one segment alone, only the write's end has PSH. */
static void test_retransmissions(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 10000), 10000);
    expect(1, 10, ".P.P.P.P.P");
    at(0.3);
    in(". 1:1(0) ack 1 win 257 <sack 5001:9001>");
    expect(1, 4, ".P.P");
    at(0.4);
    in(". 1:1(0) ack 4001 win 257 <sack 5001:9001>");
    expect(4001, 1, ".");
    at(0.5);
    in(". 1:1(0) ack 9001 win 257");
    expect(9001, 1, "P");
}

/* The limit is soft: a bunch is begun while the memory of those before it is below 40000, and then filled. */
static void test_memory(void **state)
{
    (void)state;
    int fd = accepted_near();
    set_option(fd, SOL_SOCKET, SO_SNDBUF, 20000);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(table.write(world, fd, buffer, 100000), 42000); /* ten sent, and two bunches of 16000 */
    must_fail(table.write(world, fd, buffer, 1), EAGAIN);
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 0);
    expect(1, 10, "....P....P");
    in(". 1:1(0) ack 10001 win 257");
    assert_int_equal(table.poll(world, &one, 1, 0), 0); /* less than a third is free */
    expect(10001, 16, ".........P.....P");
    expect(26001, 4, "...P");
    in(". 1:1(0) ack 26001 win 257");
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
}

/* Bytes of two records never share a bunch. */
static void test_records(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 1);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 10000), 10000);
    expect(1, 10, ".P.P.P.P.P");
    assert_int_equal(table.send(world, fd, buffer, 400, MSG_EOR), 400);
    assert_int_equal(table.send(world, fd, buffer, 400, MSG_EOR), 400);
    assert_int_equal(table.send(world, fd, buffer, 400, 0), 400);
    assert_int_equal(table.send(world, fd, buffer, 400, 0), 400);
    at(0.3);
    in(". 1:1(0) ack 10001 win 257");
    out(0.3, "P. 10001:10401(400)");
    out(0.3, "P. 10401:10801(400)");
    out(0.3, "P. 10801:11601(800)");
}

/* An edge-triggered writer is woken when a full buffer has room again, and not by room in one that was not full. */
static void test_edges(void **state)
{
    (void)state;
    int fd = accepted_near(), set = table.epoll_create(world, 1);
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET}, told;
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_NONBLOCK), 0);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, 20000);
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), 0);
    assert_int_equal(table.epoll_wait(world, set, &told, 1, 0), 1);
    assert_int_equal(table.write(world, fd, buffer, 30000), 30000);
    assert_int_equal(table.epoll_wait(world, set, &told, 1, 0), 0);
    in(". 1:1(0) ack 10001 win 257");
    in(". 1:1(0) ack 30001 win 257");
    assert_int_equal(table.epoll_wait(world, set, &told, 1, 0), 0); /* it never met the limit */
    assert_true(table.write(world, fd, buffer, 100000) < 100000);
    assert_int_equal(table.epoll_wait(world, set, &told, 1, 0), 0);
    in(". 1:1(0) ack 60001 win 257");
    assert_int_equal(table.epoll_wait(world, set, &told, 1, 0), 1);
    assert_int_equal(told.events, EPOLLOUT);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_half_a_window), SCENE(test_retransmissions), SCENE(test_memory), SCENE(test_records), SCENE(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
