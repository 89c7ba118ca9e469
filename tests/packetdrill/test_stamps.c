/* SO_TIMESTAMPING: when what was sent left and was acknowledged, by recvmsg(MSG_ERRQUEUE). */
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "scene.h"

enum { TIMES = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK | SOF_TIMESTAMPING_SOFTWARE };

static char buffer[20000];

/* The next of the error queue is this kind of time, of this byte. */
static void told(int fd, uint32_t kind, uint32_t byte, double at_s)
{
    _Alignas(struct cmsghdr) char control[256];
    struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
    struct scm_timestamping times;
    struct sock_extended_err error;
    assert_int_equal(table.recvmsg(world, fd, &message, MSG_ERRQUEUE), 0);
    assert_int_equal(message.msg_flags, MSG_ERRQUEUE | MSG_TRUNC);
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    assert_int_equal(first->cmsg_level, SOL_SOCKET);
    assert_int_equal(first->cmsg_type, SO_TIMESTAMPING);
    memcpy(&times, CMSG_DATA(first), sizeof times);
    struct cmsghdr *second = CMSG_NXTHDR(&message, first);
    assert_int_equal(second->cmsg_level, IPPROTO_IP);
    assert_int_equal(second->cmsg_type, IP_RECVERR);
    memcpy(&error, CMSG_DATA(second), sizeof error);
    assert_int_equal(error.ee_errno, ENOMSG);
    assert_int_equal(error.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
    assert_int_equal(error.ee_info, kind);
    assert_int_equal(error.ee_data, byte);
    int64_t us = (int64_t)times.ts[0].tv_sec * 1000000 + times.ts[0].tv_nsec / 1000;
    assert_in_range(us - start_us, (int64_t)(at_s * 1e6), (int64_t)(at_s * 1e6) + 100);
}

static void nothing_told(int fd)
{
    _Alignas(struct cmsghdr) char control[256];
    struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
    must_fail(table.recvmsg(world, fd, &message, MSG_ERRQUEUE), EAGAIN);
}

/* The last byte of a send that the congestion window cuts leaves with the first ACK. */
static void test_last_byte(void **state)
{
    (void)state;
    int fd = accepted(0);
    assert_int_equal(table.write(world, fd, buffer, 500), 500);
    at(0.2);
    in(". 1:1(0) ack 501 win 257");
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, TIMES | SOF_TIMESTAMPING_OPT_ID);
    nothing_told(fd);
    assert_int_equal(table.write(world, fd, buffer, 12000), 12000);
    assert_int_equal(table.write(world, fd, buffer, 100), 100);
    nothing_told(fd);
    at(0.3);
    in(". 1:1(0) ack 2501 win 257");
    struct pollfd one = {.fd = fd, .events = POLLIN};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLERR);
    told(fd, SCM_TSTAMP_SCHED, 11999, 0.3);
    told(fd, SCM_TSTAMP_SND, 11999, 0.3);
    told(fd, SCM_TSTAMP_SCHED, 12099, 0.3);
    told(fd, SCM_TSTAMP_SND, 12099, 0.3);
    nothing_told(fd);
    at(0.35);
    in(". 1:1(0) ack 12501 win 257");
    at(0.4);
    in(". 1:1(0) ack 12601 win 257");
    told(fd, SCM_TSTAMP_ACK, 11999, 0.35);
    told(fd, SCM_TSTAMP_ACK, 12099, 0.4);
    nothing_told(fd);
}

/* A send's own control message says which of its times are wanted. */
static void test_control_message(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_SOFTWARE);
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(uint32_t))] = {0};
    struct iovec piece = {buffer, 1000};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){CMSG_LEN(sizeof(uint32_t)), SOL_SOCKET, SO_TIMESTAMPING};
    uint32_t flags = SOF_TIMESTAMPING_TX_ACK;
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &flags, sizeof flags);
    assert_int_equal(table.sendmsg(world, fd, &message, 0), 1000);
    assert_int_equal(table.write(world, fd, buffer, 1000), 1000);
    flags = SOF_TIMESTAMPING_OPT_ID;
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &flags, sizeof flags);
    must_fail(table.sendmsg(world, fd, &message, 0), EINVAL);
    nothing_told(fd);
    at(0.2);
    in(". 1:1(0) ack 2001 win 257");
    told(fd, SCM_TSTAMP_ACK, 0, 0.2); /* without OPT_ID there is no number */
    nothing_told(fd);
}

static void test_refused(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM), value = SOF_TIMESTAMPING_OPT_ID;
    must_fail(table.setsockopt(world, fd, SOL_SOCKET, SO_TIMESTAMPING, &value, sizeof value), EINVAL); /* of no connection */
    value = 1 << 30;
    must_fail(table.setsockopt(world, fd, SOL_SOCKET, SO_TIMESTAMPING, &value, sizeof value), EINVAL);
    value = 1 << 16; /* OPT_ID_TCP: only with OPT_ID */
    must_fail(table.setsockopt(world, fd, SOL_SOCKET, SO_TIMESTAMPING, &value, sizeof value), EINVAL);
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, TIMES);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_TIMESTAMPING), TIMES);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_last_byte),
        SCENE(test_control_message),
        SCENE(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
