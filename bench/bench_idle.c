/* A million TCP connections that say nothing: both ends in this process, each opened by a real handshake over a wire, and what an end then takes.
 *
 * One client address, one server address; 25,000 connections to each of 40 ports, since that is what the ephemeral ports of one address give. Two
 * cases, each in a process of its own: connections that never carried a byte, and connections that have each carried one both ways and fell silent
 * again. The figures, over both ends, after ten minutes of silence: what the allocator has handed out (mallinfo2), what the process has grown by, and all
 * that is resident, its program and libraries included. That they are alive is shown by a
 * byte each way through one in a thousand. The peer is the kernel: connections over the loopback, as many as the limit of
 * open files allows, by what its slab caches grow (which leaves out pages that are no slab). An argument asks for another number than a million. */
#include <arpa/inet.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../tests/transport/pair.c"

enum { A_PORT = 25000, PORT = 1000, AT_ONCE = 100, SAMPLE = 1000, KERNEL_MAX = 20000 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A figure in KiB of a /proc file, in bytes: "VmRSS:" of status, "Slab:" of meminfo. */
static uint64_t proc_bytes(const char *path, const char *name)
{
    char line[256];
    uint64_t kib = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoull(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    return kib * 1024;
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static uint64_t resident_bytes(void) { return proc_bytes("/proc/self/status", "VmRSS:"); }

static void nothing(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    (void)owner;
}

/* Bytes of the kernel's slab for one end of a loopback connection; 0: not measured. */
static double kernel_end(unsigned *count)
{
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
    unsigned pairs = files.rlim_cur > 2 * KERNEL_MAX + 100 ? KERNEL_MAX : (unsigned)(files.rlim_cur / 2) - 50;
    int *fds = memory_take_zeroed(2 * (size_t)pairs, sizeof *fds);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned made = 0;
    if (bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 16) == 0 &&
        getsockname(listener, (struct sockaddr *)&at, &length) == 0) {
        uint64_t before = proc_bytes("/proc/meminfo", "Slab:");
        for (; made < pairs; made++) {
            fds[2 * made] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (fds[2 * made] < 0 || connect(fds[2 * made], (struct sockaddr *)&at, sizeof at) != 0)
                break;
            fds[2 * made + 1] = accept(listener, NULL, NULL);
        }
        *count = made;
        uint64_t after = proc_bytes("/proc/meminfo", "Slab:");
        for (unsigned i = 0; i < 2 * made; i++) {
            struct linger at_once = {.l_onoff = 1}; /* a reset: no TIME_WAIT by the thousand */
            (void)setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            close(fds[i]);
        }
        close(listener);
        memory_free(fds);
        return made && after > before ? (double)(after - before) / 2 / made : 0;
    }
    close(listener);
    memory_free(fds);
    return 0;
}

struct ends { /* both ends of each connection, by number */
    struct tcp_socket **client, **server;
    unsigned count;
};

/* Opens connections [from, from + count) to the listener, and lets their handshakes end. */
static struct instant open_some(struct pair *p, struct tcp_socket *listener, uint16_t port, struct ends *ends, unsigned from,
                                unsigned count, struct instant now)
{
    struct tcp_settings settings = {.remote = {.address = p->address[1], .port = port}, .changed = nothing};
    for (unsigned i = from; i < from + count; i++)
        if (tcp_connect(p->tcp[0], &settings, &ends->client[i]) != 0) {
            fprintf(stderr, "bench_idle: connection %u cannot be opened\n", i);
            exit(1);
        }
    now = instant_add(now, NS_PER_MS);
    engine_run(p->engine, now);
    for (unsigned i = from; i < from + count; i++)
        if (tcp_connected(ends->client[i]) != 0 || tcp_accept(listener, nothing, NULL, &ends->server[i]) != 0) {
            fprintf(stderr, "bench_idle: connection %u was not established\n", i);
            exit(1);
        }
    return now;
}

/* A byte each way through each `step`th of them; how many arrived. */
static unsigned talk(struct pair *p, const struct ends *ends, unsigned step, struct instant *now)
{
    unsigned good = 0;
    for (unsigned i = 0; i < ends->count; i += step) {
        uint8_t there = (uint8_t)i, back = (uint8_t)(i + 1), got[2] = {0};
        (void)tcp_write(ends->client[i], &there, 1);
        (void)tcp_write(ends->server[i], &back, 1);
        *now = instant_add(*now, 10000);
        engine_run(p->engine, *now);
        good += tcp_read(ends->server[i], got, 1) == 1 && tcp_read(ends->client[i], got + 1, 1) == 1 && got[0] == there &&
                got[1] == back;
    }
    return good;
}

static struct tcp_socket **ends_table(unsigned count)
{
    struct tcp_socket **table = memory_take_zeroed(count, sizeof *table);
    memset(table, 1, count * sizeof *table); /* so that it is resident before */
    return table;
}

/* Allocated bytes an end; 0 when not all of them work. */
static double measure(unsigned count, bool have_spoken)
{
    struct wire_settings wire = {.delay_ns = 1000};
    struct pair p = pair_create(1, &wire, &wire, 1500, false);
    struct ends ends = {.client = ends_table(count), .server = ends_table(count), .count = count};
    struct instant now = {NS_PER_MS};
    engine_run(p.engine, now);
    size_t heap = heap_bytes(), resident = resident_bytes();
    double start = seconds();
    struct tcp_socket *listener = NULL;
    for (unsigned i = 0; i < count; i += AT_ONCE) {
        uint16_t port = (uint16_t)(PORT + i / A_PORT);
        struct tcp_settings settings = {.local = {.port = port}, .changed = nothing, .backlog = 4096};
        if (i % A_PORT == 0 && tcp_listen(p.tcp[1], &settings, &listener) != 0)
            return 0;
        now = open_some(&p, listener, port, &ends, i, count - i < AT_ONCE ? count - i : AT_ONCE, now);
    }
    double wall = seconds() - start;
    bool all = !have_spoken || talk(&p, &ends, 1, &now) == count;
    now = instant_add(now, 600 * NS_PER_S); /* whatever was still to be settled is */
    engine_run(p.engine, now);
    double end = (double)(heap_bytes() - heap) / 2 / count, grown = (double)(resident_bytes() - resident) / 2 / count;
    double whole = (double)resident_bytes();
    printf("%u connections that %s: %.0f bytes an end allocated; %.2f us to open each\n", count,
           have_spoken ? "have spoken and fell silent" : "never spoke", end, wall / count * 1e6);
    printf("    resident: %.0f bytes an end; the whole process: %.0f bytes an end, %.2f GiB\n", grown, whole / 2 / count,
           whole / (1 << 30));
    unsigned sampled = (count + SAMPLE - 1) / SAMPLE, good = talk(&p, &ends, SAMPLE, &now);
    printf("    a byte each way through %u of them: %u arrived\n", sampled, good);
    pair_destroy(&p);
    memory_free(ends.client);
    memory_free(ends.server);
    return all && good == sampled ? end : 0;
}

/* The same in a process of its own, so that it finds no memory that is resident already. */
static double measure_alone(unsigned count, bool have_spoken)
{
    int ends[2];
    double end = 0;
    fflush(stdout);
    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        end = measure(count, have_spoken);
        bool told = write(ends[1], &end, sizeof end) == sizeof end;
        exit(told ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &end, sizeof end) != sizeof end)
        end = 0;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return end;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000, kernel_count = 0;
    double idle = measure_alone(count, false), spoken = measure_alone(count, true);
    double kernel = kernel_end(&kernel_count);
    if (kernel > 0)
        printf("the kernel, %u connections over its loopback: %.0f bytes an end of slab; ratio: %.1f\n", kernel_count, kernel,
               kernel / idle);
    else
        printf("the kernel over its loopback: not measured\n");
    return idle > 0 && spoken > 0 ? 0 : 1;
}
