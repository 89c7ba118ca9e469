/* Urgent data through the calls, as Linux has it: MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI, splice(). */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "scene.h"

static char buffer[4000];

static int ioctl_value(int fd, unsigned long request)
{
    int value = -1;
    assert_int_equal(table.ioctl(world, fd, request, &value), 0);
    return value;
}

static short events_of(int fd)
{
    struct pollfd at_ = {.fd = fd, .events = POLLIN | POLLPRI};
    (void)table.poll(world, &at_, 1, 0);
    return at_.revents;
}

static int server(double at_s)
{
    int fd = accepted(at_s);
    at(at_s + 0.2);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    return fd;
}

static void test_out_of_line(void **state)
{
    (void)state;
    int fd = server(0);
    must_fail(table.recv(world, fd, buffer, 1, MSG_OOB), EINVAL); /* there is none */
    in("U. 1:11(10) ack 1 win 257 urg 5");                        /* a pointer behind the fifth byte, 'f' */
    assert_int_equal(events_of(fd), POLLIN | POLLPRI);
    assert_int_equal(ioctl_value(fd, FIONREAD), 4);
    assert_int_equal(ioctl_value(fd, SIOCATMARK), 0);
    assert_int_equal(table.recv(world, fd, buffer, 10, MSG_OOB | MSG_PEEK), 1);
    assert_int_equal(buffer[0], 'f');
    assert_int_equal(table.recv(world, fd, buffer, 100, MSG_PEEK), 4);
    assert_int_equal(table.recv(world, fd, buffer, 100, MSG_WAITALL), 4); /* a read ends at the mark */
    assert_int_equal(ioctl_value(fd, SIOCATMARK), 1);
    assert_int_equal(table.recv(world, fd, buffer, 10, MSG_OOB), 1);
    assert_int_equal(buffer[0], 'f');
    must_fail(table.recv(world, fd, buffer, 10, MSG_OOB), EINVAL); /* it was read */
    assert_int_equal(events_of(fd), POLLIN);
    assert_int_equal(table.recv(world, fd, buffer, 100, MSG_PEEK), 5); /* without it */
    assert_int_equal(buffer[0], 'g');
    assert_int_equal(ioctl_value(fd, SIOCATMARK), 1);
    assert_int_equal(table.read(world, fd, buffer, 100), 5);
    assert_int_equal(buffer[0], 'g');
    assert_int_equal(ioctl_value(fd, SIOCATMARK), 0);
}

/* The only byte there is the urgent one: nothing for who reads the stream. */
static void test_alone(void **state)
{
    (void)state;
    int fd = server(0);
    in("U. 1:2(1) ack 1 win 257 urg 1");
    assert_int_equal(events_of(fd), POLLPRI);
    assert_int_equal(ioctl_value(fd, FIONREAD), 0);
    must_fail(table.recv(world, fd, buffer, 100, MSG_PEEK), EAGAIN);
    must_fail(table.read(world, fd, buffer, 100), EAGAIN);
    must_fail(table.recv(world, fd, buffer, 1, MSG_OOB), EINVAL); /* passed over: lost */
}

static void test_announced(void **state)
{
    (void)state;
    int fd = server(0);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_RDWR), 0);
    in("U. 1:3(2) ack 1 win 257 urg 5");
    must_fail(table.recv(world, fd, buffer, 1, MSG_OOB), EAGAIN); /* which never waits */
    assert_int_equal(events_of(fd), POLLIN);
    in(". 3:6(3) ack 1 win 257");
    assert_int_equal(events_of(fd), POLLIN | POLLPRI);
    assert_int_equal(table.recv(world, fd, buffer, 1, MSG_OOB), 1);
}

static void test_in_line(void **state)
{
    (void)state;
    int fd = server(0);
    set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_OOBINLINE), 1);
    in("U. 1:11(10) ack 1 win 257 urg 5");
    must_fail(table.recv(world, fd, buffer, 1, MSG_OOB), EINVAL);
    assert_int_equal(ioctl_value(fd, FIONREAD), 10);
    assert_int_equal(table.read(world, fd, buffer, 100), 4);
    assert_int_equal(ioctl_value(fd, SIOCATMARK), 1);
    assert_int_equal(table.read(world, fd, buffer, 100), 6);
    assert_int_equal(buffer[0], 'f');
}

static void test_splice(void **state)
{
    (void)state;
    int fd = server(0), ends[2];
    assert_int_equal(table.pipe(world, ends), 0);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_RDWR), 0);
    in("U. 1:11(10) ack 1 win 257 urg 5");
    assert_int_equal(table.splice(world, fd, NULL, ends[1], NULL, 100, 0), 4);
    assert_int_equal(table.splice(world, fd, NULL, ends[1], NULL, 100, 0), 0); /* it does not move urgent data */
    must_fail(table.splice(world, fd, NULL, ends[1], NULL, 100, SPLICE_F_NONBLOCK), EAGAIN);
    assert_int_equal(table.read(world, fd, buffer, 2), 2);
    assert_int_equal(table.splice(world, fd, NULL, ends[1], NULL, 100, 0), 3);
}

static void test_sent(void **state)
{
    (void)state;
    int fd = server(0);
    assert_int_equal(table.send(world, fd, buffer, 100, 0), 100);
    out(0.2, "P. 1:101(100)");
    assert_int_equal(table.send(world, fd, buffer, 1, MSG_OOB), 1); /* Nagle does not hold it */
    out(0.2, "PU. 101:102(1) ack 1 urg 1");
    assert_int_equal(table.send(world, fd, buffer, 1500, MSG_OOB | MSG_MORE), 1500);
    out(0.2, "U. 102:1102(1000) ack 1 urg 1500");
    out(0.2, "U. 1102:1602(500) ack 1 urg 500");
    at(0.3);
    in(". 1:1(0) ack 1602 win 257");
    assert_int_equal(table.send(world, fd, buffer, 10, 0), 10);
    out(0.3, "P. 1602:1612(10)");
}

static void test_watched(void **state)
{
    (void)state;
    int fd = server(0), set = table.epoll_create(world, 1);
    struct epoll_event event = {.events = EPOLLPRI | EPOLLET}, got;
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), 0);
    in(". 1:11(10) ack 1 win 257");
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 0);
    in("U. 11:21(10) ack 1 win 257 urg 10");
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 1);
    assert_int_equal(got.events, EPOLLPRI);
    assert_int_equal(table.epoll_wait(world, set, &got, 1, 0), 0);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {SCENE(test_out_of_line), SCENE(test_alone), SCENE(test_announced), SCENE(test_in_line),
                                       SCENE(test_splice),      SCENE(test_sent),  SCENE(test_watched)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
