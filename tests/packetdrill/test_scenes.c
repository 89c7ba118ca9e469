/* Scenes of TCP as Linux behaves, at exact virtual times: windows, losses, timers, the ways to end. */
#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[100000];

/* Two leave at a time at this pace, and the second of them is pushed. */
static void expect_segments(double at_s, unsigned first, unsigned count, unsigned each, const char *last_flags)
{
    for (unsigned i = 0; i < count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s %u:%u(%u)",
                 i + 1 == count ? last_flags
                 : i % 2        ? "P."
                                : ".",
                 first + i * each, first + (i + 1) * each, each);
        out(at_s, text);
    }
}

/* ---- sending ---- */

static void test_initial_window(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 20000), 20000);
    expect_segments(0.2, 1, 10, 1000, "P.");
    at(0.3);
    in(". 1:1(0) ack 2001 win 257");
    expect_segments(0.3, 10001, 4, 1000, "P.");
}

static void test_fast_retransmit(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 4000), 4000);
    expect_segments(0.2, 1, 4, 1000, "P.");
    at(0.3);
    in(". 1:1(0) ack 1 win 257 <sack 1001:2001>");
    in(". 1:1(0) ack 1 win 257 <sack 1001:3001>");
    in(". 1:1(0) ack 1 win 257 <sack 1001:4001>");
    out(0.3, ". 1:1001(1000)");
    at(0.4);
    in(". 1:1(0) ack 4001 win 257");
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.total_retransmits, 1);
    assert_int_equal(info.unacked, 0);
    assert_int_equal(info.send_ssthresh, 7);
}

static void test_counts(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 4000), 4000);
    expect_segments(0.2, 1, 4, 1000, "P.");
    at(0.3);
    in(". 1:1(0) ack 1 win 257 <sack 1001:4001>");
    out(0.3, ". 1:1001(1000)");
    at(0.4);
    in("P. 1:101(100) ack 4001 win 257 <sack 1:1001>"); /* both copies came */
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.data_segments_out, 5);
    assert_int_equal(info.data_segments_in, 1);
    assert_int_equal(info.bytes_retransmitted, 1000);
    assert_int_equal(info.dsack_duplicates, 1);
    assert_int_equal(info.reordering_seen, 0);
}

static void test_retransmission_timeouts(void **state)
{
    (void)state;
    int fd = accepted(0); /* SRTT 100 ms, RTO 300 ms */
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 1000), 1000);
    out(0.2, "P. 1:1001(1000)");
    out(0.5, "P. 1:1001(1000)"); /* the tail loss probe, which the RTO bounds */
    out(0.8, "P. 1:1001(1000)");
    out(1.4, "P. 1:1001(1000)");
    out(2.6, "P. 1:1001(1000)");
    out(5.0, "P. 1:1001(1000)");
}

static void test_tail_loss_probe(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 4000), 4000);
    expect_segments(0.2, 1, 4, 1000, "P.");
    out(0.402, "P. 3001:4001(1000)"); /* twice the round trip after the last segment, and two of Linux's ticks */
}

static void test_syn_ack_retransmitted(void **state)
{
    (void)state;
    (void)listener(1);
    in(SYN_TEXT);
    out(0, "S. 0:0(0) ack 1");
    out(1, "S. 0:0(0) ack 1");
    out(3, "S. 0:0(0) ack 1");
    out(7, "S. 0:0(0) ack 1");
}

static void test_syn_retransmitted(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    static const int times_s[] = {0, 1, 2, 3, 4, 5, 7, 11, 19, 35}; /* tcp_syn_linear_timeouts is 4 */
    for (unsigned i = 0; i < sizeof times_s / sizeof *times_s; i++)
        out(times_s[i], "S 0:0(0)");
}

static void test_nagle(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 100), 100);
    out(0.2, "P. 1:101(100)");
    assert_int_equal(table.write(world, fd, buffer, 100), 100); /* waits for the ACK */
    at(0.25);
    in(". 1:1(0) ack 101 win 257");
    out(0.25, "P. 101:201(100)");
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 1);
    assert_int_equal(table.write(world, fd, buffer, 100), 100);
    out(0.25, "P. 201:301(100)");
}

static void test_cork(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_CORK, 1);
    assert_int_equal(table.write(world, fd, buffer, 600), 600);
    at(0.25);
    assert_int_equal(table.write(world, fd, buffer, 600), 600);
    out(0.25, ". 1:1001(1000)");
    at(0.3);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_CORK, 0);
    out(0.3, "P. 1001:1201(200)");
}

static void test_more_to_come(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.send(world, fd, buffer, 100, MSG_MORE), 100);
    at(0.25);
    assert_int_equal(table.send(world, fd, buffer, 100, 0), 100);
    out(0.25, "P. 1:201(200)");
}

static void test_zero_window_probes(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 1000), 1000);
    out(0.2, "P. 1:1001(1000)");
    at(0.3);
    in(". 1:1(0) ack 1001 win 0");
    assert_int_equal(table.write(world, fd, buffer, 1000), 1000);
    out(0.6, ". 1000:1000(0) ack 1");
    out(1.2, ". 1000:1000(0) ack 1");
    at(1.3);
    in(". 1:1(0) ack 1001 win 257");
    out(1.3, "P. 1001:2001(1000)");
}

/* ---- receiving ---- */

static void test_delayed_ack(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 100), 100); /* data both ways ends the quick ACKs */
    out(0.2, "P. 1:101(100)");
    at(0.21);
    in("P. 1:101(100) ack 101 win 257");
    out(0.21, ". 101:101(0) ack 101"); /* the first data: acknowledged at once */
    assert_int_equal(table.read(world, fd, buffer, 200), 100);
    assert_int_equal(table.write(world, fd, buffer, 100), 100);
    out(0.21, "P. 101:201(100) ack 101");
    at(0.22);
    in("P. 101:201(100) ack 201 win 257");
    out(0.26, ". 201:201(0) ack 201");
}

static void test_every_second_segment(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_QUICKACK, 0);
    in(". 1:1461(1460) ack 1 win 257");
    in("P. 1461:2921(1460) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 2921");
}

/* Packets whose memory is mostly overhead do not let the window's edge move, and then two segments are no reason. */
static void test_every_second_segment_but_not_of_small_ones(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_QUICKACK, 0);
    in(". 1:1001(1000) ack 1 win 257");
    in("P. 1001:2001(1000) ack 1 win 257");
    out(0.24, ". 1:1(0) ack 2001");
}

/* SO_MEMINFO, SO_RCVBUF and TCP_INFO tell of the receive buffer's memory. */
static void test_receive_memory(void **state)
{
    (void)state;
    int fd = accepted(0);
    in(". 1:10001(10000) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 10001");
    uint32_t memory[9];
    socklen_t length = sizeof memory;
    assert_int_equal(table.getsockopt(world, fd, SOL_SOCKET, SO_MEMINFO, memory, &length), 0);
    assert_int_equal(memory[0], 12544);
    assert_int_equal(memory[1], 540000);
    struct linux_tcp_info info;
    socklen_t info_length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &info_length), 0);
    assert_int_equal(info.receive_ssthresh, 268640 + 20000);
    assert_int_equal(table.read(world, fd, buffer, 10000), 10000);
    assert_int_equal(table.getsockopt(world, fd, SOL_SOCKET, SO_MEMINFO, memory, &length), 0);
    assert_int_equal(memory[0], 0);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, 10000);
    assert_int_equal(table.getsockopt(world, fd, SOL_SOCKET, SO_MEMINFO, memory, &length), 0);
    assert_int_equal(memory[1], 20000);
}

static void test_out_of_order(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in(". 1001:2001(1000) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 1");
    in(". 1:1001(1000) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 2001");
    assert_int_equal(table.read(world, fd, buffer, 5000), 2000);
}

static void test_receiver_closes_window(void **state)
{
    (void)state;
    int fd = listener(1);
    set_option(fd, SOL_SOCKET, SO_RCVBUF, 3000);
    at(0);
    in("S 0:0(0) win 32792 <mss 1000,sackOK>");
    out(0, "S. 0:0(0) ack 1");
    at(0.1);
    in(". 1:1(0) ack 1 win 257");
    int connection = table.accept(world, fd, NULL, NULL);
    in("P. 1:1001(1000) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 1001");
    in("P. 1001:2001(1000) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 2001");
    at(0.2);
    assert_int_equal(table.read(world, connection, buffer, 2000), 2000);
    out(0.2, ". 1:1(0) ack 2001"); /* the window has opened again */
}

static void test_keep_alive(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_KEEPIDLE, 5);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_KEEPINTVL, 2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_KEEPCNT, 3);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    out(5.2, ". 0:0(0) ack 1");
    out(7.2, ". 0:0(0) ack 1");
    out(9.2, ". 0:0(0) ack 1");
    out(11.2, "R. 1:1(0) ack 1");
    must_fail(table.read(world, fd, buffer, 10), ETIMEDOUT);
}

static void test_user_timeout(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_USER_TIMEOUT, 2000);
    assert_int_equal(table.write(world, fd, buffer, 3000), 3000);
    expect_segments(0.2, 1, 3, 1000, "P.");
    out(0.402, "P. 2001:3001(1000)"); /* the probe */
    out(0.702, ". 1:1001(1000)");
    out(1.302, ". 1:1001(1000)");
    out(2.502, ". 1:1001(1000)");
    at(2.6);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
    at(2.703); /* two seconds after the first retransmission by timeout */
    must_fail(table.write(world, fd, buffer, 1), ETIMEDOUT);
}

static void test_not_sent_low_water(void **state)
{
    (void)state;
    int fd = accepted(0);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NOTSENT_LOWAT, 3000);
    at(0.2);
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(table.write(world, fd, buffer, 14000), 14000);
    assert_int_equal(table.poll(world, &one, 1, 0), 0); /* four thousand bytes have not been sent */
    expect_segments(0.2, 1, 10, 1000, "P.");
    in(". 1:1(0) ack 2001 win 257");
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
}

/* ---- listening ---- */

static void test_backlog(void **state)
{
    (void)state;
    (void)listener(0); /* one connection fits nevertheless */
    in(SYN_TEXT);
    out(0, "S. 0:0(0) ack 1");
    in(". 1:1(0) ack 1 win 257");
    at(0.1);
    remote_port++;
    in(SYN_TEXT); /* dropped without a word */
    assert_false(next_packet());
}

static void test_port_closed(void **state)
{
    (void)state;
    local_port = 9999;
    remote_port = REMOTE_PORT;
    local_first = 0;
    in(SYN_TEXT);
    out(0, "R. 0:0(0) ack 1");
}

static void test_listener_gone(void **state)
{
    (void)state;
    int fd = listener(5);
    in(SYN_TEXT);
    out(0, "S. 0:0(0) ack 1");
    in(". 1:1(0) ack 1 win 257");
    at(0.1);
    assert_int_equal(table.close(world, fd), 0);
    out(0.1, "R. 1:1(0) ack 1");
}

/* ---- ending ---- */

static void test_close_first(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.close(world, fd), 0);
    out(0.2, "F. 1:1(0) ack 1");
    at(0.3);
    in(". 1:1(0) ack 2 win 257");
    at(0.4);
    in("F. 1:1(0) ack 2 win 257");
    out(0.4, ". 2:2(0) ack 2");
    at(0.5);
    in("F. 1:1(0) ack 2 win 257"); /* our ACK was lost */
    out(0.5, ". 2:2(0) ack 2");
}

static void test_close_second(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in("F. 1:1(0) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 2");
    assert_int_equal(table.read(world, fd, buffer, 10), 0);
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLIN | POLLOUT | POLLRDHUP);
    at(0.3);
    assert_int_equal(table.close(world, fd), 0);
    out(0.3, "F. 1:1(0) ack 2");
    at(0.4);
    in(". 2:2(0) ack 2 win 257");
    in(". 2:2(0) ack 2 win 257"); /* nobody is here any more */
    out(0.4, "R 2:2(0)");
}

static void test_simultaneous_close(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.close(world, fd), 0);
    out(0.2, "F. 1:1(0) ack 1");
    in("F. 1:1(0) ack 1 win 257");
    out(0.2, ". 2:2(0) ack 2");
    in(". 2:2(0) ack 2 win 257");
}

static void test_close_with_data_unread(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in("P. 1:101(100) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 101");
    assert_int_equal(table.close(world, fd), 0);
    out(0.2, "R. 1:1(0) ack 101");
}

static void test_data_after_close(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.close(world, fd), 0);
    out(0.2, "F. 1:1(0) ack 1");
    at(0.3);
    in("P. 1:101(100) ack 2 win 257");
    out(0.3, "R 2:2(0)");
}

static void test_linger_zero(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct linger linger = {.l_onoff = 1};
    assert_int_equal(table.setsockopt(world, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    at(0.2);
    assert_int_equal(table.close(world, fd), 0);
    out(0.2, "R. 1:1(0) ack 1");
}

static void test_shutdown(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    assert_int_equal(table.shutdown(world, fd, SHUT_WR), 0);
    out(0.2, "F. 1:1(0) ack 1");
    must_fail(table.write(world, fd, buffer, 1), EPIPE);
    in("P. 1:101(100) ack 2 win 257");
    out(0.2, ". 2:2(0) ack 101");
    assert_int_equal(table.read(world, fd, buffer, 1000), 100);
    assert_int_equal(table.shutdown(world, fd, SHUT_RD), 0);
    assert_int_equal(table.read(world, fd, buffer, 1000), 0);
}

static void test_reset_is_told_once(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in("R. 1:1(0) ack 1 win 0");
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLIN | POLLOUT | POLLERR | POLLHUP);
    must_fail(table.write(world, fd, buffer, 1), ECONNRESET);
    must_fail(table.write(world, fd, buffer, 1), EPIPE);
    assert_int_equal(table.read(world, fd, buffer, 1), 0);
}

static void test_reset_after_fin_is_a_broken_pipe(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in("F. 1:1(0) ack 1 win 257");
    out(0.2, ". 1:1(0) ack 2");
    in("R. 2:2(0) ack 1 win 0");
    assert_int_equal(table.read(world, fd, buffer, 1), 0);
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), EPIPE);
}

static void test_challenge(void **state)
{
    (void)state;
    int fd = accepted(0);
    at(0.2);
    in("R. 50:50(0) ack 1 win 0"); /* in the window, but not the next: asked whether it is meant (RFC 5961) */
    out(0.2, ". 1:1(0) ack 1");
    assert_int_equal(table.write(world, fd, buffer, 10), 10);
    out(0.2, "P. 1:11(10) ack 1");
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_initial_window),
        SCENE(test_fast_retransmit),
        SCENE(test_counts),
        SCENE(test_retransmission_timeouts),
        SCENE(test_tail_loss_probe),
        SCENE(test_syn_ack_retransmitted),
        SCENE(test_syn_retransmitted),
        SCENE(test_nagle),
        SCENE(test_cork),
        SCENE(test_more_to_come),
        SCENE(test_zero_window_probes),
        SCENE(test_delayed_ack),
        SCENE(test_every_second_segment),
        SCENE(test_every_second_segment_but_not_of_small_ones),
        SCENE(test_receive_memory),
        SCENE(test_out_of_order),
        SCENE(test_receiver_closes_window),
        SCENE(test_keep_alive),
        SCENE(test_user_timeout),
        SCENE(test_not_sent_low_water),
        SCENE(test_backlog),
        SCENE(test_port_closed),
        SCENE(test_listener_gone),
        SCENE(test_close_first),
        SCENE(test_close_second),
        SCENE(test_simultaneous_close),
        SCENE(test_close_with_data_unread),
        SCENE(test_data_after_close),
        SCENE(test_linger_zero),
        SCENE(test_shutdown),
        SCENE(test_reset_is_told_once),
        SCENE(test_reset_after_fin_is_a_broken_pipe),
        SCENE(test_challenge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
