/* What a real program gets out of a lab: bulk TCP between a socket of the kernel and a virtual node's TCP, over a TAP device, both directions.
 *
 *     kernel socket (a process of its own, on the second core) <-> TAP <-> port - wire without a limit - imp's node (this process, on the first)
 *
 * What crosses the wire are real frames of the MTU. The peer is the kernel with itself over a veth pair between two network namespaces, a
 * core each, in the same run. On a busy machine the wall tells little: the last column is what imp's own processor time would carry in a second. It needs
 * root (or the right to make network namespaces and TAP devices) and says so where it has not. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/kernel_port.h"
#include "engine/wire.h"
#include "host/netlink.h"
#include "internet/config.h"
#include "internet/stack.h"
#include "transport/tcp/tcp.h"

enum { CHUNK = 256 * 1024, PORT = 5201 };
static const double WARM_UP_S = 0.5, MEASURE_S = 3;

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

/* ---- the kernel's side ---- */

static int fail(const char *what)
{
    fprintf(stderr, "bench_tap: %s: %s\n", what, strerror(errno));
    return -1;
}

static int dial(const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    inet_pton(AF_INET, address, &to.sin_addr);
    for (int tries = 0; tries < 100; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
            return fd;
        close(fd);
        usleep(20000);
    }
    return fail("connect");
}

static int listening(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0 ? fd : fail("listen");
}

static _Atomic uint64_t nobody_reads; /* the count of an end that the other one measures */

/* Sends or receives until it is killed, and counts in shared memory. */
static _Noreturn void move_bytes(int fd, bool sends, _Atomic uint64_t *count)
{
    char *buffer = memory_take_zeroed(1, CHUNK);
    ssize_t n;
    while ((n = sends ? write(fd, buffer, CHUNK) : read(fd, buffer, CHUNK)) > 0)
        *count += (uint64_t)n;
    _exit(0);
}

static pid_t spawn(unsigned core)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(core);
    }
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static int set_up_interface(const char *name, const char *address)
{
    struct prefix prefix;
    int netlink = netlink_open(), index = (int)if_nametoindex(name);
    if (netlink < 0 || !index || prefix_parse(address, &prefix) != 0 || netlink_link_up(netlink, index) != 0 ||
        netlink_address_add(netlink, index, &prefix) != 0)
        return fail(name);
    close(netlink);
    return 0;
}

/* ---- imp's side ---- */

struct end {
    struct tcp_socket *listener, *socket;
    struct node *node;
    struct timer timer;
    bool sends;
    uint64_t bytes;
    uint8_t *buffer;
};

static void end_changed(struct tcp_socket *socket, void *owner);

static void end_run(struct timer *timer, struct instant now)
{
    struct end *e = container_of(timer, struct end, timer);
    ssize_t n;
    (void)now;
    if (!e->socket && tcp_accept(e->listener, end_changed, e, &e->socket) != 0)
        return;
    if (e->sends) {
        while ((n = tcp_write(e->socket, e->buffer, CHUNK)) > 0)
            e->bytes += (uint64_t)n;
    } else {
        while ((n = tcp_read(e->socket, e->buffer, CHUNK)) > 0)
            e->bytes += (uint64_t)n;
    }
}

static void end_changed(struct tcp_socket *socket, void *owner)
{
    struct end *e = owner;
    (void)socket;
    if (!timer_pending(&e->timer))
        timer_set(e->node, &e->timer, INSTANT_ZERO, end_run);
}

static struct kernel_port *the_kernel; /* a port's `receive` is given nothing but the port */
static void to_kernel(struct port *port, struct frame *frame, struct instant now)
{
    (void)port, (void)now;
    kernel_port_receive(the_kernel, frame);
}

struct result {
    uint64_t bytes, frames, answers, writes;
    double wall, cpu;
};

struct bench_world {
    struct engine *engine;
    struct stack *stack;
    struct tcp *tcp;
    struct node *host;
    struct port *port, *edge;
};

static struct bench_world world_make(uint32_t mtu)
{
    struct bench_world w = {.engine = engine_create(1)};
    struct wire_settings wire = {.delay_ns = 0};
    w.host = node_create(w.engine, "host");
    w.stack = stack_create(w.host, &(struct stack_settings){.default_ttl = 64});
    w.port = port_create(w.host, "eth0");
    struct interface *interface = stack_interface_add(w.stack, w.port, MAC_NONE, mtu);
    w.tcp = tcp_create(w.stack);
    struct address_info address = {.interface = interface->index,
                                   .origin = ADDRESS_STATIC,
                                   .state = ADDRESS_PREFERRED,
                                   .preferred_until = INSTANT_NEVER,
                                   .valid_until = INSTANT_NEVER};
    (void)prefix_parse("10.9.0.1/24", &address.prefix);
    (void)stack_address_add(w.stack, &address);
    w.edge = port_create(node_create(w.engine, "edge"), "eth0");
    wire_create(w.port, w.edge, "wire", &wire, &wire);
    return w;
}

static uint64_t end_bytes(const struct end *e)
{
    struct tcp_info info = {0};
    if (e->socket && e->sends)
        tcp_socket_info(e->socket, &info);
    return e->sends ? info.bytes_acked : e->bytes;
}

static struct result measure(struct loop *loop, const struct end *end)
{
    (void)loop_run(loop, instant_add(loop_now(loop), (int64_t)(WARM_UP_S * 1e9)));
    double cpu = now_s(CLOCK_PROCESS_CPUTIME_ID), start = now_s(CLOCK_MONOTONIC);
    uint64_t before = end_bytes(end);
    (void)loop_run(loop, instant_add(loop_now(loop), (int64_t)(MEASURE_S * 1e9)));
    return (struct result){
        .bytes = end_bytes(end) - before, .wall = now_s(CLOCK_MONOTONIC) - start, .cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu};
}

/* A transfer between a process with the kernel's socket and the node. */
static int over_tap(uint32_t mtu, bool to_imp, struct result *out)
{
    struct bench_world w = world_make(mtu);
    struct loop *loop = loop_create(w.engine);
    struct kernel_port kernel;
    char error[256] = "";
    if (kernel_port_open(&kernel, loop, w.edge, "tap9", (struct mac){{2, 0, 0, 0, 0, 9}}, mtu, error, sizeof error) != 0) {
        printf("bench_tap: not measured: %s\n", error);
        return -1;
    }
    int failed = set_up_interface("tap9", "10.9.0.2/24");
    if (!failed) {
        struct end end = {.node = w.host, .sends = !to_imp, .buffer = memory_take_zeroed(1, CHUNK)};
        struct tcp_settings settings = {.local = {.port = PORT}, .changed = end_changed, .owner = &end};
        the_kernel = &kernel;
        w.edge->receive = to_kernel;
        (void)tcp_listen(w.tcp, &settings, &end.listener);
        pid_t child = spawn(1);
        if (child == 0)
            move_bytes(dial("10.9.0.1"), to_imp, &nobody_reads);
        *out = measure(loop, &end);
        end_child(child);
        out->frames = to_imp ? kernel.sent_frames : kernel.received_frames;
        out->answers = to_imp ? kernel.received_frames : kernel.sent_frames;
        out->writes = kernel.writes;
        if (kernel.lost || kernel.refused_frames)
            printf("bench_tap: %llu frames were lost at the TAP and %llu refused\n", (unsigned long long)kernel.lost,
                   (unsigned long long)kernel.refused_frames);
        memory_free(end.buffer);
    }
    kernel_port_close(&kernel);
    loop_destroy(loop);
    tcp_destroy(w.tcp);
    stack_destroy(w.stack);
    engine_destroy(w.engine);
    return failed;
}

/* The peer: the kernel's TCP with itself, a veth pair between two namespaces. */
static double over_veth(uint32_t mtu)
{
    _Atomic uint64_t *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ready[2], go[2];
    char byte = 0, command[200];
    if (count == MAP_FAILED || pipe(ready) != 0 || pipe(go) != 0)
        return fail("a pipe");
    pid_t far = spawn(1);
    if (far == 0) {
        if (unshare(CLONE_NEWNET) != 0 || write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1 ||
            set_up_interface("veth1", "10.8.0.2/24") != 0)
            _exit(1);
        move_bytes(accept(listening(), NULL, NULL), false, count);
    }
    snprintf(command, sizeof command, "ip link add veth0 mtu %u type veth peer name veth1 mtu %u netns %d", mtu, mtu, (int)far);
    double rate = -1;
    if (read(ready[0], &byte, 1) == 1 && system(command) == 0 && set_up_interface("veth0", "10.8.0.1/24") == 0 &&
        write(go[1], &byte, 1) == 1) {
        pid_t near = spawn(0);
        if (near == 0)
            move_bytes(dial("10.8.0.2"), true, &nobody_reads);
        usleep((unsigned)(WARM_UP_S * 1e6));
        uint64_t before = *count;
        double start = now_s(CLOCK_MONOTONIC);
        usleep((unsigned)(MEASURE_S * 1e6));
        rate = (double)(*count - before) * 8 / (now_s(CLOCK_MONOTONIC) - start) / 1e9;
        end_child(near);
    }
    end_child(far); /* and the veth pair with its namespace */
    for (unsigned i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
    munmap(count, sizeof *count);
    return rate;
}

int main(void)
{
    if (unshare(CLONE_NEWNET) != 0) {
        printf("bench_tap: not measured: making a network namespace is not allowed here (run as root)\n");
        return 0;
    }
    pin(0);
    static const uint32_t mtus[] = {1500, 9000};
    for (size_t i = 0; i < count_of(mtus); i++) {
        double peer = over_veth(mtus[i]);
        for (unsigned to_imp = 0; to_imp < 2; to_imp++) {
            struct result r;
            if (over_tap(mtus[i], to_imp, &r) != 0)
                return 0;
            double rate = (double)r.bytes * 8 / r.wall / 1e9;
            printf(
                "MTU %u, %s: %.2f Gbit/s; %.2f a second of imp's processor; %.1f data frames a frame back, %.1f frames a write "
                "into the kernel; the kernel over veth: %.2f Gbit/s, ratio: %.2f\n",
                mtus[i], to_imp ? "kernel to imp" : "imp to kernel", rate, (double)r.bytes * 8 / r.cpu / 1e9,
                (double)r.frames / (double)r.answers, (double)(to_imp ? r.answers : r.frames) / (double)r.writes, peer,
                rate / peer);
        }
    }
    return 0;
}
