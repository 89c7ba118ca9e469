/* Calls that block come from a second thread and end at exact virtual times; handshakes, data, closing. */
#include "scene.h"

static char buffer[100000];

struct call {
    int fd;
    size_t count;
};
static long run_accept(void *argument) { return table.accept(world, ((struct call *)argument)->fd, NULL, NULL); }
static long run_read(void *argument)
{
    struct call *call = argument;
    return table.read(world, call->fd, buffer, call->count);
}
static long run_write(void *argument)
{
    struct call *call = argument;
    return table.write(world, call->fd, buffer, call->count);
}
static long run_connect(void *argument) { return do_connect(((struct call *)argument)->fd, SERVER_PORT); }
static long run_close(void *argument) { return table.close(world, ((struct call *)argument)->fd); }
struct poll_call {
    struct pollfd fds[2];
    nfds_t count;
    int timeout_ms;
};
static long run_poll(void *argument)
{
    struct poll_call *call = argument;
    return table.poll(world, call->fds, call->count, call->timeout_ms);
}

static void test_handshake(void **state)
{
    (void)state;
    int fd = listener(1);
    at(0.1);
    in("S 0:0(0) win 32792 <mss 1460,sackOK,ws 7>");
    out(0.1, "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,ws 8>");
    at(0.2);
    in(". 1:1(0) ack 1 win 257");
    int connection = table.accept(world, fd, NULL, NULL);
    assert_int_equal(connection, fd + 1);
    at(0.3);
    in("P. 1:1001(1000) ack 1 win 257");
    out(0.3, ". 1:1(0) ack 1001");
    assert_int_equal(table.read(world, connection, buffer, 2000), 1000);
    assert_memory_equal(buffer, "bcdefg", 6);
    assert_int_equal(table.write(world, connection, buffer, 500), 500);
    out(0.3, "P. 1:501(500) ack 1001");
}

static void test_accept_blocks(void **state)
{
    (void)state;
    int fd = listener(1);
    struct blocked work;
    struct call call = {.fd = fd};
    at(0);
    begin(&work, run_accept, &call);
    at(0.1);
    in(SYN_TEXT);
    out(0.1, "S. 0:0(0) ack 1");
    at(0.2);
    in(". 1:1(0) ack 1 win 257");
    finish(&work, fd + 1, 0.2);
}

static void test_read_blocks(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct blocked work;
    struct call call = {.fd = fd, .count = 2000};
    at(0.2);
    begin(&work, run_read, &call);
    at(0.5);
    in("P. 1:101(100) ack 1 win 257");
    out(0.5, ". 1:1(0) ack 101");
    finish(&work, 100, 0.5);
    begin(&work, run_read, &call);
    at(0.7);
    in("F. 101:101(0) ack 1 win 257");
    out(0.74, ". 1:1(0) ack 102"); /* it waited for our own FIN to ride on */
    finish(&work, 0, 0.7);
}

static void test_read_ended_by_reset(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct blocked work;
    struct call call = {.fd = fd, .count = 2000};
    begin(&work, run_read, &call);
    at(0.5);
    in("R. 1:1(0) ack 1 win 257");
    finish(&work, -1, 0.5);
    assert_int_equal(work.error, ECONNRESET);
    assert_int_equal(table.read(world, fd, buffer, 10), 0); /* the error is told once */
    must_fail(table.write(world, fd, buffer, 10), EPIPE);
}

static void segments(double at_s, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %u:%u(1000)", i % 2 ? "P." : ".", first + i * 1000, first + 1000 + i * 1000);
        out(at_s, text);
    }
}

/* SO_SNDBUF's double is for the bytes and for each packet's own cost, and the packet that reaches it is still taken whole: 20000 bytes are. More
 * is taken when a third is free. */
static void test_write_blocks(void **state)
{
    (void)state;
    int fd = listener(1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, 10000);
    in("S 0:0(0) win 20000 <mss 1000,sackOK>");
    out(0, "S. 0:0(0) ack 1");
    at(0.1);
    in(". 1:1(0) ack 1 win 20000");
    int connection = table.accept(world, fd, NULL, NULL);
    struct blocked work;
    struct call call = {.fd = connection, .count = 30000};
    at(0.2);
    begin(&work, run_write, &call);
    segments(0.2, 1, 10);
    at(0.3);
    in(". 1:1(0) ack 10001 win 20000");
    segments(0.3, 10001, 10);
    at(0.4);
    in(". 1:1(0) ack 20001 win 20000");
    segments(0.4, 20001, 10);
    finish(&work, 30000, 0.4);
}

static void test_connect_blocks(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM);
    struct blocked work;
    struct call call = {.fd = fd};
    at(0);
    begin(&work, run_connect, &call);
    out(0, "S 0:0(0) win 65535 <mss 1460,sackOK,TS,ws 8>");
    at(0.1);
    peer_ts = 700;
    in("S. 0:0(0) ack 1 win 5792 <mss 1460,sackOK,TS,ws 6>");
    out(0.1, ". 1:1(0) ack 1");
    finish(&work, 0, 0.1);
}

static void test_connect_refused(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM);
    struct blocked work;
    struct call call = {.fd = fd};
    begin(&work, run_connect, &call);
    out(0, "S 0:0(0)");
    at(0.1);
    in("R. 0:0(0) ack 1 win 0");
    finish(&work, -1, 0.1);
    assert_int_equal(work.error, ECONNREFUSED);
}

static void test_connect_times_out(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM);
    set_option(fd, IPPROTO_TCP, 7 /* TCP_SYNCNT */, 3);
    struct blocked work;
    struct call call = {.fd = fd};
    begin(&work, run_connect, &call);
    out(0, "S 0:0(0)");
    out(1, "S 0:0(0)");
    out(3, "S 0:0(0)");
    out(7, "S 0:0(0)");
    at(16);
    finish(&work, -1, 15);
    assert_int_equal(work.error, ETIMEDOUT);
}

static void test_poll_times_out(void **state)
{
    (void)state;
    struct poll_call call = {.fds = {{.fd = accepted(0), .events = POLLIN}}, .count = 1, .timeout_ms = 300};
    struct blocked work;
    at(0.2);
    begin(&work, run_poll, &call);
    at(1);
    finish(&work, 0, 0.5);
}

static void test_poll_woken(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct poll_call call = {.fds = {{.fd = -1}, {.fd = fd, .events = POLLIN}}, .count = 2, .timeout_ms = -1};
    struct blocked work;
    at(0.2);
    begin(&work, run_poll, &call);
    at(0.4);
    in("P. 1:11(10) ack 1 win 257");
    out(0.4, ". 1:1(0) ack 11");
    finish(&work, 1, 0.4);
    assert_int_equal(call.fds[1].revents, POLLIN);
    call.fds[1].events = POLLOUT | POLLIN;
    assert_int_equal(table.poll(world, call.fds, 2, 0), 1);
    assert_int_equal(call.fds[1].revents, POLLOUT | POLLIN);
}

static void test_close_lingers(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct linger linger = {.l_onoff = 1, .l_linger = 5};
    assert_int_equal(table.setsockopt(world, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    struct blocked work;
    struct call call = {.fd = fd};
    at(0.2);
    begin(&work, run_close, &call);
    out(0.2, "F. 1:1(0) ack 1");
    at(0.7);
    in(". 1:1(0) ack 2 win 257");
    finish(&work, 0, 0.7);
}

static void test_receive_timeout(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct timeval time = {.tv_usec = 250000};
    assert_int_equal(table.setsockopt(world, fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), 0);
    struct blocked work;
    struct call call = {.fd = fd, .count = 10};
    at(0.2);
    begin(&work, run_read, &call);
    at(2);
    finish(&work, -1, 0.45);
    assert_int_equal(work.error, EAGAIN);
}

static void test_driver_blocks(void **state)
{
    (void)state;
    int fd = accepted(0); /* a call from the main thread that blocks moves the clock by itself */
    struct pollfd one = {.fd = fd, .events = POLLIN};
    at(0.2);
    assert_int_equal(table.poll(world, &one, 1, 500), 0);
    assert_true(since_start(now_us()) >= 700000 && since_start(now_us()) < 700100);
}

static void test_silence(void **state)
{
    (void)state;
    (void)listener(1);
    int64_t before = now_us();
    assert_false(next_packet());
    assert_true(now_us() - before >= 1000000);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_handshake),      SCENE(test_accept_blocks),  SCENE(test_read_blocks),     SCENE(test_read_ended_by_reset),
        SCENE(test_write_blocks),   SCENE(test_connect_blocks), SCENE(test_connect_refused), SCENE(test_connect_times_out),
        SCENE(test_poll_times_out), SCENE(test_poll_woken),     SCENE(test_close_lingers),   SCENE(test_receive_timeout),
        SCENE(test_driver_blocks),  SCENE(test_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
