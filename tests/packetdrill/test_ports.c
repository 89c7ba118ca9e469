/* Ports of our own connections: ranges (IP_LOCAL_PORT_RANGE), names given by bind(), and what TIME-WAIT leaves of them. */
#include "packetdrill/linux_tcp.h"
#include "scene.h"

static int client(unsigned first, unsigned last)
{
    int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    set_option(fd, IPPROTO_IP, LINUX_IP_LOCAL_PORT_RANGE, (int)(last << 16 | first));
    assert_int_equal(get_option(fd, IPPROTO_IP, LINUX_IP_LOCAL_PORT_RANGE), (int)(last << 16 | first));
    return fd;
}

/* Connects, with the peer's timestamps if `stamps`, and closes first, so that TIME-WAIT is on our side. */
static void open_and_close(int fd, bool stamps)
{
    local_known = false;
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(-1, "S 0:0(0)");
    in(stamps ? "S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK,TS>" : "S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK>");
    out(-1, ". 1:1(0) ack 1");
    assert_int_equal(table.close(world, fd), 0);
    out(-1, "F. 1:1(0) ack 1");
    in(stamps ? "F. 1:1(0) ack 2 win 100 <TS>" : "F. 1:1(0) ack 2 win 100");
    out(-1, ". 2:2(0) ack 2");
}

static void test_range(void **state)
{
    (void)state;
    bool seen[3] = {false};
    for (unsigned i = 0; i < 3; i++) {
        local_known = false;
        must_fail(do_connect(client(5000, 5002), SERVER_PORT), EINPROGRESS);
        out(-1, "S 0:0(0)");
        assert_in_range(local_port, 5000, 5002);
        assert_false(seen[local_port - 5000]);
        seen[local_port - 5000] = true;
    }
    must_fail(do_connect(client(5000, 5002), SERVER_PORT), EADDRNOTAVAIL);
    int fd = make_socket(SOCK_STREAM), turned = 5000 << 16 | 5001;
    must_fail(table.setsockopt(world, fd, IPPROTO_IP, LINUX_IP_LOCAL_PORT_RANGE, &turned, sizeof turned), EINVAL);
}

/* With tcp_tw_reuse a port may be taken again a second after its end, if timestamps tell old from new. */
static void test_reuse(void **state)
{
    (void)state;
    peer_ts = 700;
    open_and_close(client(6000, 6000), true);
    must_fail(do_connect(client(6000, 6000), SERVER_PORT), EADDRNOTAVAIL);
    at(0.99);
    must_fail(do_connect(client(6000, 6000), SERVER_PORT), EADDRNOTAVAIL);
    at(1.01);
    local_known = false;
    must_fail(do_connect(client(6000, 6000), SERVER_PORT), EINPROGRESS);
    out(1.01, "S 0:0(0)");
    open_and_close(client(6001, 6001), false);
    at(10);
    must_fail(do_connect(client(6001, 6001), SERVER_PORT), EADDRNOTAVAIL);
}

/* Whoever was given the port by bind() has it at once. */
static void test_bound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        int fd = make_socket(SOCK_STREAM | SOCK_NONBLOCK);
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        do_bind(fd, 6000);
        open_and_close(fd, true);
    }
}

static int setup_reuse(void **state)
{
    (void)state;
    static char path[] = "/tmp/imp-ports-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd, "net.ipv4.tcp_tw_reuse=1\n");
    close(fd);
    setenv("IMP_SYSCTL_FILE", path, 1);
    int result = world_start(NULL);
    unlink(path);
    memcpy(path, "/tmp/imp-ports-XXXXXX", sizeof path);
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_range, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reuse, setup_reuse, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
