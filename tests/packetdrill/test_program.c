/* The table used exactly as the packetdrill program uses it, where that is not what one would think: which thread waits for what, and
 * what goes to the kernel past the table. The scenes around calls are in the other files. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "packetdrill/linux_tcp.h"
#include "scene.h"

static char buffer[200000];

static double real_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- the second thread, as in the program: it waits itself until its call is due, and the main thread sleeps meanwhile ---- */

enum syscall_state { IDLE, ENQUEUED, RUNNING };
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t dequeued, idle;
    enum syscall_state state;
    double due_s;
    long (*run)(void);
    long result;
    int error;
    int64_t begin_us, end_us;
} syscalls = {.mutex = PTHREAD_MUTEX_INITIALIZER, .dequeued = PTHREAD_COND_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};
static int call_fd, call_count, call_timeout_ms;

static void *syscall_main(void *unused)
{
    (void)unused;
    at(syscalls.due_s);
    pthread_mutex_lock(&syscalls.mutex);
    syscalls.state = RUNNING;
    pthread_mutex_unlock(&syscalls.mutex);
    pthread_cond_signal(&syscalls.dequeued);
    syscalls.begin_us = now_us();
    errno = 0;
    long result = syscalls.run();
    syscalls.error = errno;
    syscalls.end_us = now_us();
    pthread_mutex_lock(&syscalls.mutex);
    syscalls.result = result;
    syscalls.state = IDLE;
    pthread_cond_signal(&syscalls.idle);
    pthread_mutex_unlock(&syscalls.mutex);
    return NULL;
}

static pthread_t blocks(double due_s, long (*run)(void))
{
    pthread_t thread;
    pthread_mutex_lock(&syscalls.mutex);
    assert_int_equal(syscalls.state, IDLE);
    syscalls.state = ENQUEUED;
    syscalls.due_s = due_s;
    syscalls.run = run;
    assert_int_equal(pthread_create(&thread, NULL, syscall_main, NULL), 0);
    while (syscalls.state == ENQUEUED)
        pthread_cond_wait(&syscalls.dequeued, &syscalls.mutex);
    pthread_mutex_unlock(&syscalls.mutex);
    return thread;
}

/* Before its own next call the main thread waits for the other's to be over, in real time, one second at most. */
static void await_idle(void)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 1;
    pthread_mutex_lock(&syscalls.mutex);
    while (syscalls.state != IDLE)
        if (pthread_cond_timedwait(&syscalls.idle, &syscalls.mutex, &limit) == ETIMEDOUT)
            fail_msg("a blocking call is still in progress");
    pthread_mutex_unlock(&syscalls.mutex);
}

static void ended(pthread_t thread, long result, double at_s)
{
    pthread_join(thread, NULL);
    if (syscalls.result != result)
        fail_msg("the call returned %ld (%s), not %ld", syscalls.result, strerror(syscalls.error), result);
    int64_t off = since_start(syscalls.end_us) - (int64_t)(at_s * 1e6);
    if (off < 0 || off > 60)
        fail_msg("the call returned at %.6f s, not %.6f", (double)since_start(syscalls.end_us) / 1e6, at_s);
}

static long run_accept(void)
{
    struct sockaddr_storage name; /* never cleared before the call */
    socklen_t length = sizeof name;
    return table.accept(world, call_fd, (struct sockaddr *)&name, &length);
}
static long run_read(void) { return table.read(world, call_fd, buffer, (size_t)call_count); }
static long run_write(void) { return table.write(world, call_fd, buffer, (size_t)call_count); }
static long run_connect(void) { return do_connect(call_fd, SERVER_PORT); }
static long run_poll(void)
{
    struct pollfd one = {.fd = call_fd, .events = POLLIN, .revents = POLLIN}; /* the program leaves what it expects there */
    int result = table.poll(world, &one, 1, call_timeout_ms);
    return result == 0 && one.revents ? -2 : result;
}
static long run_epoll(void)
{
    struct epoll_event found[4];
    return table.epoll_wait(world, call_fd, found, 4, call_timeout_ms);
}

static void test_guest_waits_for_its_time(void **state)
{
    (void)state;
    call_fd = listener(1);
    pthread_t thread = blocks(0.3, run_accept); /* the clock is at 0: only the guest can bring it to 0.3 */
    at(0.4);
    in(SYN_TEXT);
    out(0.4, "S. 0:0(0) ack 1");
    at(0.5);
    in(". 1:1(0) ack 1 win 257");
    await_idle();
    ended(thread, syscalls.result, 0.5);
    assert_true(since_start(syscalls.begin_us) >= 300000 && since_start(syscalls.begin_us) < 300060);
    int connection = call_fd = (int)syscalls.result;
    assert_true(connection > 2);
    call_count = 1000;
    thread = blocks(7200.0, run_read); /* two hours, in one leap */
    at(7200.5);
    in("P. 1:101(100) ack 1 win 257");
    out(7200.5, ". 1:1(0) ack 101");
    await_idle();
    ended(thread, 100, 7200.5);
    thread = blocks(7200.5, run_read); /* due now */
    at(7200.6);
    in("P. 101:201(100) ack 1 win 257");
    ended(thread, 100, 7200.6);
}

static void test_main_waits_for_the_guest(void **state)
{
    (void)state;
    int fd = accepted(0);
    double start = real_s();
    call_fd = fd;
    call_timeout_ms = 3000;
    pthread_t thread = blocks(0.2, run_poll);
    await_idle(); /* three virtual seconds, in which the main thread asks for nothing */
    ended(thread, 0, 3.2);
    int set = table.epoll_create(world, 1);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    assert_int_equal(table.epoll_ctl(world, set, EPOLL_CTL_ADD, fd, &event), 0);
    call_fd = set;
    call_timeout_ms = 500;
    thread = blocks(4, run_epoll);
    await_idle();
    ended(thread, 0, 4.5);
    int client = call_fd = make_socket(SOCK_STREAM);
    set_option(client, IPPROTO_TCP, LINUX_TCP_SYNCNT, 1);
    local_known = false;
    thread = blocks(5, run_connect); /* timers on the way: the SYN again after one second, the end after three */
    out(5, "S 0:0(0)");
    await_idle();
    ended(thread, -1, 8);
    assert_int_equal(syscalls.error, ETIMEDOUT);
    out(6, "S 0:0(0)");
    assert_true(real_s() - start < 3);
}

static void test_command_stops_the_clock(void **state)
{
    (void)state;
    call_fd = accepted(0);
    call_timeout_ms = 1000;
    pthread_t thread = blocks(0.2, run_poll);
    pid_t child = fork(); /* a shell command of the script's */
    if (child == 0) {
        usleep(200000);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    int64_t now = since_start(now_us());
    assert_true(now >= 200000 && now < 200100);
    at(1.3);
    ended(thread, 0, 1.2);
}

static void test_write_ends_by_an_ack(void **state)
{
    (void)state;
    call_fd = accepted(0);
    set_option(call_fd, SOL_SOCKET, SO_SNDBUF, 8000);
    call_count = 60000;
    pthread_t thread = blocks(0.2, run_write);
    unsigned sent = 1;
    for (double when = 0.3; sent <= 60000; when += 0.01) {
        at(when);
        if (!next_packet())
            break;
        sent = get32(received + 24) - local_first + (unsigned)received_bytes - 40;
        char ack[64];
        snprintf(ack, sizeof ack, ". 1:1(0) ack %u win 1000", sent);
        in(ack);
    }
    pthread_join(thread, NULL);
    assert_int_equal(syscalls.result, 60000);
}

static void test_nothing_comes(void **state)
{
    (void)state;
    double real = real_s();
    int64_t before = now_us();
    for (int i = 0; i < 20; i++) {
        long long time = 7;
        received_bytes = sizeof received;
        assert_int_equal(table.netdev_receive(world, received, &received_bytes, &time), 0);
        assert_int_equal(received_bytes, 0);
    }
    int64_t passed = now_us() - before;
    assert_true(passed >= 20000000 && passed < 20001000); /* a virtual second each */
    assert_true(real_s() - real < 5);
    before = now_us();
    assert_int_equal(table.usleep(world, 0), 0);
    assert_true(now_us() - before <= 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(table.usleep(world, UINT32_MAX), 0); /* 71 minutes, the most that it takes */
    assert_true(now_us() - before >= 3 * (int64_t)UINT32_MAX);
}

/* ---- past the table ---- */

static void test_kernel_close(void **state)
{
    (void)state;
    int fd = accepted(0), own = open("/dev/null", O_RDONLY);
    assert_true(own > 2 && own != fd);
    int other = make_socket(SOCK_STREAM);
    assert_true(other != own && other != fd);
    assert_int_equal(close(fd), 0); /* what a script left open: the kernel's close, and a reset after it */
    out(0.1, "F. 1:1(0) ack 1");
    in("R. 1:1(0) ack 1 win 257");
    must_fail(table.read(world, fd, buffer, 1), EBADF);
    must_fail(close(fd), EBADF);
    assert_int_equal(table.close(world, own), 0); /* the table has no open(), but closes what the program opened */
    must_fail(close(own), EBADF);
    assert_int_equal(close(other), 0);
}

static void test_kernel_getsockopt(void **state)
{
    (void)state;
    int fd = accepted(0);
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(length, sizeof info);
    assert_int_equal(info.state, 1);
    assert_int_equal(info.send_cwnd, 10);
    assert_int_equal(info.send_mss, 1000);
    uint8_t control[20];
    length = sizeof control;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, LINUX_TCP_CC_INFO, control, &length), 0);
    uint32_t memory[9];
    length = sizeof memory;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length), 0);
    assert_int_equal(length, sizeof memory);
    int real = socket(AF_INET, SOCK_DGRAM, 0), type = 0; /* the program's own goes to the kernel */
    length = sizeof type;
    assert_int_equal(getsockopt(real, SOL_SOCKET, SO_TYPE, &type, &length), 0);
    assert_int_equal(type, SOCK_DGRAM);
    assert_int_equal(close(real), 0);
}

static void test_kernel_sendfile(void **state)
{
    (void)state;
    int fd = accepted(0), file = memfd_create("file", MFD_CLOEXEC);
    for (int i = 0; i < 3000; i++)
        buffer[i] = (char)('a' + i % 26);
    assert_int_equal(write(file, buffer, 3000), 3000);
    off_t offset = 10;
    assert_int_equal(sendfile(fd, file, &offset, 5), 5);
    assert_int_equal(offset, 15);
    out(0.1, "P. 1:6(5) ack 1");
    assert_memory_equal(received + 40, "klmno", 5);
    in(". 1:1(0) ack 6 win 257");
    offset = 2995;
    assert_int_equal(sendfile(fd, file, &offset, 100), 5); /* to the file's end */
    out(0.1, "P. 6:11(5) ack 1");
    assert_int_equal(sendfile(fd, file, &offset, 100), 0);
    offset = 0;
    must_fail(sendfile(fd, 999, &offset, 5), EBADF);
    assert_int_equal(close(file), 0);
}

static void test_splice_offsets(void **state)
{
    (void)state;
    int fd = accepted(0), ends[2];
    assert_int_equal(table.pipe(world, ends), 0);
    in("P. 1:101(100) ack 1 win 257");
    out(0.1, ". 1:1(0) ack 101");
    loff_t none_in = 0, none_out = 0, some = 5; /* the program passes pointers where the script says NULL */
    assert_int_equal(table.splice(world, fd, &none_in, ends[1], &none_out, 1000, 0), 100);
    must_fail(table.splice(world, ends[0], &some, fd, &none_out, 1000, 0), ESPIPE);
    assert_int_equal(table.splice(world, ends[0], &none_in, fd, &none_out, 1000, 0), 100);
    out(0.1, "P. 1:101(100) ack 101");
}

/* ---- the world's end ---- */

static void test_end_with_a_blocked_guest(void **state)
{
    (void)state;
    call_fd = accepted(0);
    call_count = 100;
    pthread_t thread = blocks(0.2, run_read);
    usleep(5000);
    double start = real_s();
    table.free(world);
    assert_true(real_s() - start < 2);
    struct packetdrill_interface gone = table;
    assert_ptr_equal(gone.userdata, world);
    world_init(NULL); /* the guest asks for the time yet: of the next world */
    pthread_join(thread, NULL);
    assert_int_equal(syscalls.result, -1);
}

static int descriptors_open(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_one_after_another(void **state)
{
    (void)state;
    table.free(world);
    int before = descriptors_open();
    for (int i = 0; i < 20; i++) {
        world_init(NULL);
        int fd = accepted(0), set = table.epoll_create(world, 1), ends[2];
        assert_int_equal(table.pipe(world, ends), 0);
        assert_int_equal(table.write(world, fd, buffer, 5000), 5000);
        if (i % 2)
            assert_int_equal(close(fd), 0);
        assert_true(set > 2);
        table.free(world);
        assert_int_equal(descriptors_open(), before);
    }
    world_init(NULL);
}

static void test_two_at_once(void **state)
{
    (void)state;
    struct packetdrill_interface first = table;
    int fd = accepted(0);
    world_init(NULL);
    int other = accepted(0);
    assert_true(other != fd); /* numbers are the process's */
    must_fail(table.read(world, fd, buffer, 1), EBADF);
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0); /* each asked of its own world */
    assert_int_equal(close(other), 0);
    table.free(world);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    table = first;
    world = first.userdata;
}

/* The program locks its memory, what is yet to come too: nothing may be reserved that would not fit. */
static void test_locked_memory(void **state)
{
    (void)state;
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        skip();
    double start = real_s();
    table.free(world);
    world_init(NULL);
    int fd = accepted(0);
    call_fd = fd;
    call_count = 100;
    pthread_t thread = blocks(0.2, run_read);
    at(0.3);
    in("P. 1:101(100) ack 1 win 257");
    ended(thread, 100, 0.3);
    assert_int_equal(table.write(world, fd, buffer, 100000), 100000);
    assert_true(real_s() - start < 5);
    assert_int_equal(munlockall(), 0);
}

/* ---- what the program was told ---- */

/* In a process of its own, whose command line is the program's (main()). */
static void test_told(void **state)
{
    (void)state;
    int fd = make_socket(SOCK_STREAM);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_NONBLOCK), 0);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0, "S 0:0(0) win 65535 <mss 8960"); /* the MTU is the script's */
    static const uint8_t TOLD[4] = {10, 1, 2, 3};
    assert_memory_equal(received + 12, TOLD, 4); /* the address the command line's */
    struct sockaddr_in name = {.sin_family = AF_INET};
    memcpy(&name.sin_addr, "\x0a\x01\x02\x63", 4);
    fd = make_socket(SOCK_STREAM);
    assert_int_equal(table.bind(world, fd, (struct sockaddr *)&name, sizeof name), 0); /* of the same network */
    memcpy(&name.sin_addr, "\x0a\x01\x03\x01", 4);
    fd = make_socket(SOCK_STREAM);
    must_fail(table.bind(world, fd, (struct sockaddr *)&name, sizeof name), EADDRNOTAVAIL);
    six = true;
    local_known = false;
    fd = listener(1);
    in("S 0:0(0) win 65535 <mss 1100,sackOK>");
    out(0, "S. 0:0(0) ack 1");
    in(". 1:1(0) ack 1 win 65535");
    fd = table.accept(world, fd, NULL, NULL);
    in(". 1:5001(5000) ack 1 win 65535");
    struct linux_tcp_info info;
    socklen_t length = sizeof info;
    assert_int_equal(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_INFO, &info, &length), 0);
    assert_int_equal(info.receive_mss, 1000); /* and of what pieces it was joined */
}

/* A shell line left a job in the background, which sets something a little later: the script's next sleep is long enough for it. */
static void test_background_job(void **state)
{
    (void)state;
    char path[] = "/tmp/imp-program-XXXXXX", line[128];
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(setenv("IMP_SYSCTL_FILE", path, 1), 0);
    int fd = make_socket(SOCK_STREAM);
    snprintf(line, sizeof line, "{ sleep 0.005; echo net.ipv4.tcp_timestamps=0 > %s; } &", path);
    assert_int_equal(system(line), 0);
    at(0.4);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_NONBLOCK), 0);
    must_fail(do_connect(fd, SERVER_PORT), EINPROGRESS);
    out(0.4, "S 0:0(0) win 65535 <mss 1460,sackOK,ws 8>");
    assert_int_equal(unsetenv("IMP_SYSCTL_FILE"), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(file), 0);
}

static void test_program_options(void **state)
{
    (void)state;
    static const char SCRIPT[] =
        "// a script\n/* with\n --mtu=1 */\n\n--mtu=9000 --local_ip=10.9.9.9\n--tolerance_usecs=1 --mss=1000\n"
        "0 socket(...)\n--mtu=1000\n";
    char path[] = "/tmp/imp-program-XXXXXX.pkt";
    int file = mkstemps(path, 4);
    assert_true(file >= 0);
    assert_int_equal(write(file, SCRIPT, sizeof SCRIPT - 1), sizeof SCRIPT - 1);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "packetdrill", "--so_filename=x", "--local_ip", "10.1.2.3", "--netmask_ip=255.255.255.0",
              "--ip_version=ipv4", path, (char *)NULL);
        _exit(99);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(file), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_any_own_ipv6_address(void **state)
{
    (void)state;
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(7)};
    name.sin6_addr.s6_addr[0] = 0xfd;
    name.sin6_addr.s6_addr[15] = 0x77;
    int fd = table.socket(world, AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(table.bind(world, fd, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(table.listen(world, fd, 1), 0);
    fd = table.socket(world, AF_INET6, SOCK_DGRAM, 0);
    memcpy(&name.sin6_addr, REMOTE6, 16);
    must_fail(table.bind(world, fd, (struct sockaddr *)&name, sizeof name), EADDRNOTAVAIL);
}

/* ---- nonsense ---- */

static void test_nonsense(void **state)
{
    (void)state;
    static const int BAD[] = {-1, -2147483647 - 1, 0, 900, 1024, 1 << 20, 2147483647};
    struct msghdr message = {.msg_iovlen = 0};
    struct iovec none = {NULL, 0};
    struct epoll_event event;
    int value = 0;
    socklen_t length = sizeof value;
    for (unsigned i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        int fd = BAD[i];
        struct sockaddr_storage name;
        socklen_t n = name_of(true, 1, &name);
        must_fail(table.bind(world, fd, (struct sockaddr *)&name, n), EBADF);
        must_fail(table.listen(world, fd, 1), EBADF);
        must_fail(table.accept(world, fd, NULL, NULL), EBADF);
        must_fail(table.connect(world, fd, (struct sockaddr *)&name, n), EBADF);
        must_fail(table.read(world, fd, buffer, 1), EBADF);
        must_fail(table.readv(world, fd, &none, 1), EBADF);
        must_fail(table.recvmsg(world, fd, &message, 0), EBADF);
        must_fail(table.write(world, fd, buffer, 1), EBADF);
        must_fail(table.sendmsg(world, fd, &message, 0), EBADF);
        must_fail(table.fcntl(world, fd, F_GETFL), EBADF);
        must_fail(table.ioctl(world, fd, 0x541b, &value), EBADF);
        must_fail(table.shutdown(world, fd, SHUT_WR), EBADF);
        must_fail(table.getsockopt(world, fd, SOL_SOCKET, SO_ERROR, &value, &length), EBADF);
        must_fail(table.setsockopt(world, fd, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value), EBADF);
        must_fail(table.epoll_ctl(world, fd, EPOLL_CTL_ADD, fd, &event), EBADF);
        must_fail(table.epoll_wait(world, fd, &event, 1, 0), EBADF);
        must_fail(table.splice(world, fd, NULL, fd, NULL, 1, 0), EBADF);
        if (fd != 0)
            must_fail(table.close(world, fd), EBADF);
    }
    int fd = accepted(0);
    must_fail(table.bind(world, fd, NULL, 0), EINVAL);
    must_fail(table.connect(world, fd, NULL, 0), EINVAL);
    must_fail(table.readv(world, fd, NULL, 3), EFAULT);
    must_fail(table.writev(world, fd, &none, -1), EINVAL);
    must_fail(table.writev(world, fd, &none, 1 << 20), EINVAL);
    must_fail(table.recvmsg(world, fd, NULL, 0), EFAULT);
    must_fail(table.sendmsg(world, fd, NULL, 0), EFAULT);
    must_fail(table.setsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_NODELAY, NULL, 4), EFAULT);
    must_fail(table.getsockopt(world, fd, IPPROTO_TCP, LINUX_TCP_NODELAY, NULL, &length), EFAULT);
    must_fail(table.ioctl(world, fd, 0x541b, NULL), EFAULT);
    must_fail(table.epoll_create(world, 0), EINVAL);
    must_fail(table.pipe(world, NULL), EFAULT);
    must_fail(table.poll(world, NULL, 1, 0), EFAULT);
    assert_int_equal(table.poll(world, NULL, 0, 0), 0);
    must_fail(table.netdev_send(world, "", 0), EINVAL);
    must_fail(table.netdev_send(world, "\x45", 1), EINVAL);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
    must_fail(table.read(world, fd, buffer, (size_t)1 << 40), EAGAIN); /* a count is not a size of anything */
    assert_int_equal(table.write(world, fd, "", 0), 0);
    in("P. 1:11(10) ack 1 win 257");
    assert_int_equal(table.read(world, fd, buffer, (size_t)1 << 40), 10);
}

static void *errno_main(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        errno = 0;
        must_fail(table.read(world, 900, buffer, 1), EBADF);
        must_fail(table.read(world, *(int *)argument, buffer, 1), EAGAIN);
    }
    return NULL;
}

static void test_errno_of_each_thread(void **state)
{
    (void)state;
    int fd = accepted(0);
    assert_int_equal(table.fcntl(world, fd, F_SETFL, O_NONBLOCK), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, errno_main, &fd), 0);
    for (int i = 0; i < 2000; i++) {
        errno = 0;
        must_fail(table.listen(world, -1, 1), EBADF);
        must_fail(table.epoll_create(world, 0), EINVAL);
    }
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    (void)argv;
    const struct CMUnitTest told[] = {cmocka_unit_test_setup_teardown(test_told, setup, teardown)};
    if (argc > 1)
        return cmocka_run_group_tests(told, NULL, NULL);
#define SCENE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCENE(test_guest_waits_for_its_time),
        SCENE(test_main_waits_for_the_guest),
        SCENE(test_command_stops_the_clock),
        SCENE(test_write_ends_by_an_ack),
        SCENE(test_nothing_comes),
        SCENE(test_kernel_close),
        SCENE(test_kernel_getsockopt),
        SCENE(test_kernel_sendfile),
        SCENE(test_splice_offsets),
        SCENE(test_end_with_a_blocked_guest),
        SCENE(test_one_after_another),
        SCENE(test_two_at_once),
        SCENE(test_locked_memory),
        SCENE(test_program_options),
        SCENE(test_background_job),
        SCENE(test_any_own_ipv6_address),
        SCENE(test_nonsense),
        SCENE(test_errno_of_each_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
