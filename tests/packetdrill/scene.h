#ifndef TESTS_PACKETDRILL_SCENE_H
#define TESTS_PACKETDRILL_SCENE_H

/* Names and sockets, and the beginnings that many scenes share. */
#include "segment_out.h"

static socklen_t name_of(bool local, uint16_t port, struct sockaddr_storage *out_)
{
    memset(out_, 0, sizeof *out_);
    if (six) {
        struct sockaddr_in6 *name = (struct sockaddr_in6 *)out_;
        name->sin6_family = AF_INET6;
        name->sin6_port = htons(port);
        memcpy(&name->sin6_addr, local ? LOCAL6 : REMOTE6, 16);
        return sizeof *name;
    }
    struct sockaddr_in *name = (struct sockaddr_in *)out_;
    name->sin_family = AF_INET;
    name->sin_port = htons(port);
    memcpy(&name->sin_addr, local ? LOCAL4 : REMOTE4, 4);
    return sizeof *name;
}

static int make_socket(int type) { return table.socket(world, six ? AF_INET6 : AF_INET, type, 0); }

static void do_bind(int fd, uint16_t port)
{
    struct sockaddr_storage name;
    socklen_t n = name_of(true, port, &name);
    assert_int_equal(table.bind(world, fd, (struct sockaddr *)&name, n), 0);
}

static int do_connect(int fd, uint16_t port)
{
    struct sockaddr_storage name;
    socklen_t n = name_of(false, port, &name);
    return table.connect(world, fd, (struct sockaddr *)&name, n);
}

static void set_option(int fd, int level, int name, int value)
{
    assert_int_equal(table.setsockopt(world, fd, level, name, &value, sizeof value), 0);
}

static int get_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;
    assert_int_equal(table.getsockopt(world, fd, level, name, &value, &length), 0);
    return value;
}

static int listener(int backlog) /* a server's socket, listening */
{
    int fd = make_socket(SOCK_STREAM);
    assert_true(fd >= 3);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    do_bind(fd, SERVER_PORT);
    assert_int_equal(table.listen(world, fd, backlog), 0);
    local_port = SERVER_PORT;
    remote_port = REMOTE_PORT;
    return fd;
}

static void must_fail(long result, int error)
{
    int was = errno;
    assert_int_equal(result, -1);
    if (was != error)
        fail_msg("errno is %d (%s), not %d (%s)", was, strerror(was), error, strerror(error));
}

#define SYN_TEXT "S 0:0(0) win 32792 <mss 1000,sackOK,ws 7>"

/* A connection from the remote host, accepted: `at_s` SYN, 0.1 s later its ACK. */
static int accepted(double at_s)
{
    int fd = listener(1);
    at(at_s);
    in(SYN_TEXT);
    out(at_s, "S. 0:0(0) ack 1");
    at(at_s + 0.1);
    in(". 1:1(0) ack 1 win 257");
    int connection = table.accept(world, fd, NULL, NULL);
    assert_true(connection > fd);
    assert_int_equal(table.close(world, fd), 0);
    return connection;
}

#endif
