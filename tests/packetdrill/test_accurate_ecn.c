/* Accurate ECN (RFC 9768) as a program sees it: what TCP_INFO has of it, and settings that change in the middle. */
#include "packetdrill/linux_tcp.h"
#include "scene.h"

#define SCENE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static char buffer[4096], path[] = "/tmp/imp-sysctl-XXXXXX";

static struct linux_tcp_info info_of(int fd)
{
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(length, sizeof info);
    return info;
}

static void setting(const char *line)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(line, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("IMP_SYSCTL_FILE", path, 1), 0);
}

static void test_counts(void **state)
{
    (void)state;
    setting("net.ipv4.tcp_ecn=3\n");
    int fd = listener(1);
    in("SEWA 0:0(0) win 32792 <mss 1012,sackOK,ws 7>");
    out(0, "SW. 0:0(0) ack 1 win 65535 <mss 1460,ECN 1 0 1,sackOK,ws 8>");
    at(0.1);
    in("W. 1:1(0) ack 1 win 257 ect 2 <ECN 1 0 1>");
    fd = table.accept(world, fd, NULL, NULL);
    struct linux_tcp_info info = info_of(fd);
    assert_int_equal(info.options, LINUX_TCPI_SACK | LINUX_TCPI_WSCALE | LINUX_TCPI_ECN | LINUX_TCPI_ECN_SEEN);
    assert_int_equal(info.ecn_mode, LINUX_TCPI_ECN_ACCURATE);
    assert_int_equal(info.accurate_option_seen, 2);
    assert_int_equal(info.accurate_failed, 0);
    in("PEA. 1:1001(1000) ack 1 win 257 ect 3");
    out(0.1, "WA. 1:1(0) ack 1001 win 1046 <ECN 1 1000 1>");
    in("PEA. 1001:1101(100) ack 1 win 257 ect 1");
    out(0.1, "WA. 1:1(0) ack 1101 win 1046 <ECN 101 1000 1>");
    assert_int_equal(table.write(world, fd, buffer, 3000), 3000);
    out(0.1, "WA. 1:1001(1000) ack 1101");
    at(0.2);
    setting("net.ipv4.tcp_ecn_option=0\n");
    in("WA. 1101:1101(0) ack 3001 win 257 ect 2 <ECN 1 1000 2001>");
    assert_int_equal(table.write(world, fd, buffer, 100), 100);
    info = info_of(fd);
    assert_int_equal(info.received_ce, 1);
    assert_int_equal(info.received_ce_bytes, 1000);
    assert_int_equal(info.received_ect1_bytes, 100);
    assert_int_equal(info.received_ect0_bytes, 0);
    assert_int_equal(info.delivered_ce, 1);
    assert_int_equal(info.delivered_ce_bytes, 1000);
    assert_int_equal(info.delivered_ect0_bytes, 2000);
    assert_int_equal(info.delivered_ect1_bytes, 0);
    (void)next_packet();
    (void)next_packet();
    out(0.2, "PWA. 3001:3101(100) ack 1101 win"); /* without the option */
    assert_int_equal(received_bytes, 20 + 20 + 100);
}

static void test_classic(void **state)
{
    (void)state;
    setting("net.ipv4.tcp_ecn=3\n");
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    assert_int_equal(info_of(fd).ecn_mode, LINUX_TCPI_ECN_PENDING);
    out(0, "SEWA 0:0(0) win");
    in("SE. 0:0(0) ack 1 win 65535 <mss 1000>");
    out(0, ". 1:1(0) ack 1");
    struct linux_tcp_info info = info_of(fd);
    assert_int_equal(info.ecn_mode, LINUX_TCPI_ECN_RFC3168);
    assert_int_equal(info.options, LINUX_TCPI_ECN);
    assert_int_equal(table.write(world, fd, buffer, 1000), 1000);
    out(0, "P. 1:1001(1000) ack 1");
    at(0.1);
    in("E. 1:1(0) ack 1001 win 65535");
    assert_int_equal(info_of(fd).delivered_ce, 1);
}

static void test_bleached(void **state)
{
    (void)state;
    setting("net.ipv4.tcp_ecn=3\n");
    int fd = listener(1);
    in("SEWA 0:0(0) win 32792 <mss 1012>");
    out(0, "SW. 0:0(0) ack 1");
    in(". 1:1(0) ack 1 win 257");
    fd = table.accept(world, fd, NULL, NULL);
    assert_int_equal(info_of(fd).accurate_failed, 2);
    assert_int_equal(info_of(fd).ecn_mode, LINUX_TCPI_ECN_ACCURATE);
}

int main(void)
{
    int file = mkstemp(path);
    if (file < 0)
        return 1;
    close(file);
    const struct CMUnitTest tests[] = {SCENE(test_counts), SCENE(test_classic), SCENE(test_bleached)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
