/* Scenes of TCP Fast Open, as Linux's calls have it. The cookies are Linux's for these addresses and the key of the public scripts. */
#include <netinet/in.h>

#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[5000];
static const char COOKIE[] = "3021b9d889017eeb", COOKIE6[] = "c1d1e9742a47a9bc", COOKIE_ZERO[] = "b7c12350a90dc8f5";

static long send_fast(int fd, size_t bytes, int flags)
{
    struct sockaddr_storage name;
    socklen_t n = name_of(false, SERVER_PORT, &name);
    return table.sendto(world, fd, buffer, bytes, flags | MSG_FASTOPEN, (struct sockaddr *)&name, n);
}

static long blocking_send_fast(void *argument) { return send_fast(*(int *)argument, 2000, 0); }

static struct linux_tcp_info tcpi(int fd)
{
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    return info;
}

static uint8_t tcpi_options(int fd) { return tcpi(fd).options; }

/* A first connection, which gets the cookie. */
static void learn_cookie(double at_s)
{
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    at(at_s);
    must_fail(send_fast(fd, 1000, 0), EINPROGRESS);
    out(at_s, "S 0:0(0) win 65535 <mss 1460,sackOK,TS,ws 8,FO>");
    must_fail(send_fast(fd, 1000, 0), EALREADY);
    at(at_s + 0.01);
    in("S. 0:0(0) ack 1 win 5840 <mss 1040,sackOK,ws 6,FO abcd1234>");
    out(at_s + 0.01, ". 1:1(0) ack 1");
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
    assert_int_equal(tcpi_options(fd) & LINUX_TCPI_SYN_DATA, 0);
    assert_int_equal(tcpi(fd).fast_open_client_fail, 1); /* no cookie */
    assert_int_equal(table.close(world, fd), 0);
    out(at_s + 0.01, "F. 1:1(0) ack 1");
    at(at_s + 0.02);
    in("F. 1:1(0) ack 2 win 92");
    out(at_s + 0.02, ". 2:2(0) ack 2");
    local_known = false;
}

static void test_client(void **state)
{
    (void)state;
    learn_cookie(0);
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    at(0.1);
    assert_int_equal(send_fast(fd, 2000, 0), 1000); /* the MSS that was told, without the room of the options */
    out(0.1, "S 0:1000(1000) win 65535 <mss 1460,sackOK,TS,ws 8,FO abcd1234>");
    must_fail(table.send(world, fd, buffer, 100, 0), EAGAIN);
    at(0.11);
    in("S. 0:0(0) ack 1001 win 5840 <mss 1040,sackOK,ws 6>");
    out(0.11, ". 1001:1001(0) ack 1");
    assert_true(tcpi_options(fd) & LINUX_TCPI_SYN_DATA);
    assert_int_equal(tcpi(fd).fast_open_client_fail, 0);
    assert_int_equal(do_connect(fd, SERVER_PORT), 0);
    must_fail(send_fast(fd, 100, 0), EISCONN);
    assert_int_equal(table.send(world, fd, buffer, 100, 0), 100);
    out(0.11, "P. 1001:1101(100) ack 1");
}

static void test_client_blocks(void **state)
{
    (void)state;
    learn_cookie(0);
    int fd = make_socket(SOCK_STREAM);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_NODELAY, 1);
    struct blocked work;
    at(0.1);
    begin(&work, blocking_send_fast, &fd);
    out(0.1, "S 0:1000(1000)");
    at(0.15);
    in("S. 0:0(0) ack 1 win 5840 <mss 1040,sackOK,ws 6>"); /* not taken */
    out(0.15, "P. 1:1001(1000) ack 1");
    out(0.15, "P. 1001:2001(1000) ack 1");
    finish(&work, 2000, 0.15);
    assert_int_equal(tcpi_options(fd) & LINUX_TCPI_SYN_DATA, 0);
    assert_int_equal(tcpi(fd).fast_open_client_fail, 2); /* data not acknowledged */
}

static void test_client_refused(void **state)
{
    (void)state;
    learn_cookie(0);
    int fd = make_socket(SOCK_STREAM);
    struct blocked work;
    at(0.1);
    begin(&work, blocking_send_fast, &fd);
    out(0.1, "S 0:1000(1000)");
    at(0.15);
    in("R. 0:0(0) ack 1001 win 0");
    finish(&work, -1, 0.15);
    assert_int_equal(work.error, ECONNREFUSED);
}

static void test_connect_waits_for_data(void **state)
{
    (void)state;
    learn_cookie(0);
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_CONNECT, 1);
    at(0.1);
    assert_int_equal(do_connect(fd, SERVER_PORT), 0);
    must_fail(do_connect(fd, SERVER_PORT), EISCONN);
    must_fail(table.read(world, fd, buffer, 10), EAGAIN);
    struct pollfd one = {.fd = fd, .events = POLLIN | POLLOUT};
    assert_int_equal(table.poll(world, &one, 1, 0), 1);
    assert_int_equal(one.revents, POLLOUT);
    at(0.2);
    assert_int_equal(table.write(world, fd, buffer, 400), 400);
    out(0.2, "S 0:400(400) win 65535 <mss 1460,sackOK,TS,ws 8,FO abcd1234>");
    must_fail(do_connect(fd, SERVER_PORT), EALREADY);
}

static void test_client_without_cookie(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_NO_COOKIE, 1);
    assert_int_equal(send_fast(fd, 4000, 0), 1420);
    out(0, "S 0:1420(1420) win 65535 <mss 1460,sackOK,TS,ws 8>");
}

/* Writes a line to the settings file. */
static void setting(const char *path, const char *line)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(line, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* What is known of peers is forgotten when the settings say so, and each time only once. */
static void test_forgets(void **state)
{
    (void)state;
    char path[] = "/tmp/imp-fast-open-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    assert_int_equal(setenv("IMP_SYSCTL_FILE", path, 1), 0);
    learn_cookie(0);
    setting(path, "net.ipv4.tcp_fastopen_cookies=0\nnet.ipv4.tcp_fastopen_cookies=10\n");
    learn_cookie(0.1);
    setting(path, "net.ipv4.tcp_ecn=0\n"); /* the file is read again, but the command was obeyed */
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    at(0.2);
    assert_int_equal(send_fast(fd, 100, 0), 100);
    out(0.2, "S 0:100(100) win 65535 <mss 1460,sackOK,TS,ws 8,FO abcd1234>");
    assert_int_equal(table.close(world, fd), 0);
    local_known = false;
    setting(path, "tcp_metrics=flush\n");
    learn_cookie(0.3);
    fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK); /* while the SYN waits for data */
    set_option(fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_CONNECT, 1);
    at(0.4);
    assert_int_equal(do_connect(fd, SERVER_PORT), 0);
    setting(path, "tcp_metrics=flush\n");
    assert_int_equal(get_option(fd, SOL_SOCKET, SO_ERROR), 0);
    must_fail(table.write(world, fd, buffer, 100), EINPROGRESS);
    out(0.4, "S 0:0(0) win 65535 <mss 1460,sackOK,TS,ws 8,FO>");
    assert_int_equal(unlink(path), 0);
}

/* A caller that waits with more to write: its data carries the ACK of the SYN+ACK, and the answer to it is acknowledged late. */
static void test_waiting_writer_saves_an_ack(void **state)
{
    (void)state;
    learn_cookie(0);
    int fd = make_socket(SOCK_STREAM);
    struct blocked work;
    at(0.1);
    begin(&work, blocking_send_fast, &fd);
    out(0.1, "S 0:1000(1000)");
    at(0.12);
    in("S. 0:0(0) ack 1001 win 5840 <mss 1460,sackOK,ws 6>");
    out(0.12, "P. 1001:2001(1000) ack 1");
    finish(&work, 2000, 0.12);
    at(0.13);
    in("P. 1:101(100) ack 2001 win 257");
    out(0.17, ". 2001:2001(0) ack 101");
}

static void test_icmp_too_big(void **state)
{
    (void)state;
    learn_cookie(0);
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    at(0.1);
    assert_int_equal(send_fast(fd, 2000, 0), 1000);
    out(0.1, "S 0:1000(1000)");
    at(0.11);
    uint8_t error[36] = {3, 4};
    put16(error + 6, 900);
    memcpy(error + 8, received, 28);
    inject(IPPROTO_ICMP, error, sizeof error, 2, 0);
    out(0.11, "S 0:0(0) win 65535 <mss 860,sackOK,TS,ws 8>");
    assert_int_equal(tcpi_options(fd) & LINUX_TCPI_SYN_DATA, 0);
}

/* ---- the server ---- */

static int server(int queue)
{
    int fd = listener(5);
    if (queue)
        set_option(fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN, queue);
    return fd;
}

static void test_server(void **state)
{
    (void)state;
    int fd = server(0);
    assert_int_equal(get_option(fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN), 5); /* by the sysctl */
    char segment[120], cookie[80];
    in("S 0:0(0) win 32792 <mss 1000,sackOK,FO>");
    snprintf(cookie, sizeof cookie, "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,FO %s>", COOKIE);
    out(0, cookie);
    at(0.1);
    remote_port++;
    local_known = false;
    snprintf(segment, sizeof segment, "S 0:1000(1000) win 32792 <mss 1000,sackOK,FO %s>", COOKIE);
    in(segment);
    out(0.1, "S. 0:0(0) ack 1001 win 65535 <mss 1460,sackOK>");
    int child = table.accept(world, fd, NULL, NULL);
    assert_true(child > fd);
    assert_int_equal(tcpi_options(child) & (LINUX_TCPI_SYN_DATA | LINUX_TCPI_FAST_OPEN_CHILD), 32 | 128);
    assert_int_equal(get_option(child, IPPROTO_TCP, LINUX_TCP_MAXSEG), 536);
    assert_int_equal(table.read(world, child, buffer, 2000), 1000);
    assert_int_equal(table.write(world, child, buffer, 100), 100); /* before the handshake is over */
    out(0.1, "P. 1:101(100) ack 1001");
    at(0.2);
    in(". 1001:1001(0) ack 101 win 257");
    assert_int_equal(table.close(world, child), 0);
    out(0.2, "F. 101:101(0) ack 1001");
}

static void test_server_ipv6(void **state)
{
    (void)state;
    six = true;
    (void)server(1);
    char cookie[100];
    in("S 0:0(0) win 32792 <mss 1000,sackOK,FO>");
    snprintf(cookie, sizeof cookie, "S. 0:0(0) ack 1 win 65535 <mss 1440,sackOK,FO %s>", COOKIE6);
    out(0, cookie);
}

static void test_server_key(void **state)
{
    (void)state;
    int fd = server(2);
    uint32_t words[8] = {0};
    socklen_t length = sizeof words;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_KEY, words, &length), 0);
    assert_int_equal(length, 16);
    assert_int_equal(words[0], 0xa1a1a1a1u);
    assert_int_equal(words[3], 0xd4d4d4d4u);
    memset(words, 0, sizeof words);
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_KEY, words, 15), EINVAL);
    assert_int_equal(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_KEY, words, 16), 0);
    in("S 0:0(0) win 32792 <mss 1000,sackOK,FO>");
    char cookie[80];
    snprintf(cookie, sizeof cookie, "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,FO %s>", COOKIE_ZERO);
    out(0, cookie);
}

/* Accepted before the handshake is over, disconnected (which the peer hears of), and used as a client: nothing of the server is left in it. */
static void test_disconnect(void **state)
{
    (void)state;
    int fd = server(2);
    char segment[120];
    snprintf(segment, sizeof segment, "S 0:500(500) win 32792 <mss 1000,sackOK,FO %s>", COOKIE);
    in(segment);
    out(0, "S. 0:0(0) ack 501");
    int child = table.accept(world, fd, NULL, NULL);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    assert_int_equal(table.connect(world, child, &nobody, sizeof nobody), 0);
    out(0, "R. 1:1(0) ack 501");
    must_fail(table.read(world, child, buffer, 10), ENOTCONN);
    assert_int_equal(table.fcntl(world, child, F_SETFL, O_NONBLOCK), 0);
    must_fail(do_connect(child, SERVER_PORT), EINPROGRESS);
    local_known = false;
    out(0, "S 0:0(0) win 65535 <mss 1460,sackOK,TS,ws 8>");
    assert_int_not_equal(local_port, SERVER_PORT); /* nobody gave it a name */
    out(1, "S 0:0(0)");
}

/* A local address of the script's own: it is ours once a socket is bound to it, if it is of our subnet. */
static void test_other_address(void **state)
{
    (void)state;
    struct sockaddr_storage name;
    socklen_t n = name_of(true, SERVER_PORT, &name);
    struct sockaddr_in *other = (struct sockaddr_in *)&name;
    other->sin_addr.s_addr = htonl(0xc0a80107);
    int fd = make_socket(SOCK_STREAM);
    assert_int_equal(table.bind(world, fd, (struct sockaddr *)&name, n), 0);
    assert_int_equal(table.listen(world, fd, 1), 0);
    other->sin_addr.s_addr = htonl(0x0a000001);
    fd = make_socket(SOCK_STREAM);
    must_fail(table.bind(world, fd, (struct sockaddr *)&name, n), EADDRNOTAVAIL);
}

static void test_server_without_cookie(void **state)
{
    (void)state;
    int fd = server(2);
    set_option(fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_NO_COOKIE, 1);
    in("S 0:500(500) win 32792 <mss 1000,sackOK>");
    out(0, "S. 0:0(0) ack 501");
    int child = table.accept(world, fd, NULL, NULL);
    assert_int_equal(table.read(world, child, buffer, 2000), 500);
}

static void test_options(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM), value = 2;
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_CONNECT, &value, sizeof value), EINVAL);
    value = -1;
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN, &value, sizeof value), EINVAL);
    must_fail(table.sendto(world, fd, buffer, 10, MSG_FASTOPEN, NULL, 0), EINVAL);
    int connected = accepted(0);
    value = 1;
    must_fail(table.setsockopt(world, connected, IPPROTO_TCP, LINUX_TCP_FASTOPEN, &value, sizeof value), EINVAL);
    must_fail(send_fast(connected, 10, 0), EISCONN);
}

static void test_off(void **state)
{
    (void)state;
    char path[] = "/tmp/imp-fast-open-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "net.ipv4.tcp_fastopen=0\n", 24), 24);
    assert_int_equal(close(file), 0);
    assert_int_equal(setenv("IMP_SYSCTL_FILE", path, 1), 0);
    int fd = make_socket(SOCK_STREAM), value = 1;
    must_fail(send_fast(fd, 10, 0), EOPNOTSUPP);
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_FASTOPEN_CONNECT, &value, sizeof value), EOPNOTSUPP);
    (void)server(2);
    in("S 0:0(0) win 32792 <mss 1000,sackOK,FO>");
    out(0, "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK>");
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_client),
        SCENE(test_client_blocks),
        SCENE(test_client_refused),
        SCENE(test_connect_waits_for_data),
        SCENE(test_client_without_cookie),
        SCENE(test_forgets),
        SCENE(test_waiting_writer_saves_an_ack),
        SCENE(test_icmp_too_big),
        SCENE(test_other_address),
        SCENE(test_disconnect),
        SCENE(test_server),
        SCENE(test_server_ipv6),
        SCENE(test_server_key),
        SCENE(test_server_without_cookie),
        SCENE(test_options),
        SCENE(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
