/* What TCP costs: goodput simulated per wall second over a 1 Gbit/s wire (the ratio to real time), and between two nodes on a wire
 * without a limit (in-memory Gbit/s, beside plain memcpy in the same run); memory of an idle established connection.
 *
 *   bench_tcp [WORD]     only the lines whose title has the word in it */
#include <malloc.h>
#include <time.h>

#include "../tests/transport/pair.c"
#include "transport/tcp/congestion/congestion.h"

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* on an idle machine a wall second; on a busy one still our own cost */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct bulk { /* one end of a stream that only counts */
    struct tcp_socket *socket, *listener;
    struct node *node;
    struct timer timer;
    uint64_t bytes;
    bool sends;
    uint8_t *buffer;
    struct block *lent; /* NULL: what is sent is copied from the buffer */
};
enum { CHUNK = 64 * 1024 };

static void bulk_changed(struct tcp_socket *socket, void *owner);

static void bulk_run(struct timer *timer, struct instant now)
{
    struct bulk *e = container_of(timer, struct bulk, timer);
    (void)now;
    if (e->listener && !e->socket && tcp_accept(e->listener, bulk_changed, e, &e->socket) != 0)
        return;
    ssize_t n;
    if (e->sends) {
        if (tcp_connected(e->socket) != 0)
            return;
        while ((n = e->lent ? tcp_write_block(e->socket, e->lent, (uint32_t)(e->bytes % CHUNK),
                                              (uint32_t)(CHUNK - e->bytes % CHUNK))
                            : tcp_write(e->socket, e->buffer, CHUNK)) > 0)
            e->bytes += (uint64_t)n;
    } else {
        while ((n = tcp_read(e->socket, e->buffer, CHUNK)) > 0)
            e->bytes += (uint64_t)n;
    }
}

static void bulk_changed(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    struct bulk *e = owner;
    if (!timer_pending(&e->timer))
        timer_set(e->node, &e->timer, INSTANT_ZERO, bulk_run);
}

static const char *asked = ""; /* what a title must have in it */

static void bulk(const char *title, struct wire_settings wire, uint32_t mtu, int64_t virtual_ns, const char *congestion,
                 bool lends)
{
    if (!strstr(title, asked))
        return;
    struct pair p = pair_create(1, &wire, &wire, mtu, false);
    struct bulk a = {.node = p.node[0], .sends = true, .buffer = memory_take_zeroed(1, CHUNK)};
    struct bulk b = {.node = p.node[1], .buffer = memory_take_zeroed(1, CHUNK)};
    if (lends) {
        a.lent = block_create(CHUNK);
        memset(a.lent->data, 'x', CHUNK);
        block_sum(a.lent);
    }
    struct tcp_settings settings = {.local = {.port = 80}, .changed = bulk_changed, .owner = &b};
    (void)tcp_listen(p.tcp[1], &settings, &b.listener);
    settings = (struct tcp_settings){
        .remote = {.address = p.address[1], .port = 80}, .changed = bulk_changed, .owner = &a, .congestion = congestion};
    (void)tcp_connect(p.tcp[0], &settings, &a.socket);
    double start = seconds();
    engine_run(p.engine, (struct instant){virtual_ns});
    double wall = seconds() - start, virtual_s = (double)virtual_ns / 1e9;
    struct engine_counts counts = engine_counts(p.engine);
    printf("%-34s %7.0f Mbit/s of virtual time, %6.1f times real time, %6.2f Gbit/s of goodput a wall second, %5.2f M "
           "frames/s, %.2f timers a frame\n",
           title, (double)b.bytes * 8 / virtual_s / 1e6, virtual_s / wall, (double)b.bytes * 8 / wall / 1e9,
           (double)counts.frames_carried / wall / 1e6, (double)counts.timers_fired / (double)counts.frames_carried);
    struct tcp_info info;
    tcp_socket_info(a.socket, &info);
    printf("%34s cwnd %u, RTT %.2f ms, %llu of %llu segments sent again\n", "", info.cwnd_segments, (double)info.rtt_ns / 1e6,
           (unsigned long long)info.retransmits, (unsigned long long)info.segments_sent);
    pair_destroy(&p);
    block_release(a.lent);
    memory_free(a.buffer);
    memory_free(b.buffer);
}

static void copy(void)
{
    uint8_t *from = memory_take_zeroed(1, 64 << 20), *to = memory_take_zeroed(1, 64 << 20);
    double start = seconds();
    for (unsigned i = 0; i < 8; i++)
        memcpy(to, from + (i & 1), (64 << 20) - 1);
    printf("memcpy, for comparison: %.1f Gbit/s\n", 8.0 * 8 * (64 << 20) / (seconds() - start) / 1e9);
    memory_free(from);
    memory_free(to);
}

static void count_changed(struct tcp_socket *socket, void *owner)
{
    (void)socket;
    (void)owner;
}

static void idle(unsigned count)
{
    struct wire_settings wire = {.delay_ns = 1000};
    struct pair p = pair_create(1, &wire, &wire, 1500, false);
    struct tcp_settings settings = {.local = {.port = 80}, .changed = count_changed, .backlog = 4096};
    struct tcp_socket *listener, *socket;
    (void)tcp_listen(p.tcp[1], &settings, &listener);
    settings = (struct tcp_settings){.remote = {.address = p.address[1], .port = 80}, .changed = count_changed};
    struct instant now = {NS_PER_MS};
    engine_run(p.engine, now);
    size_t before = mallinfo2().uordblks;
    double start = seconds();
    for (unsigned i = 0; i < count; i++) {
        if (i == 25000) { /* the ephemeral ports of one address end here: listen on another port as well */
            settings.remote.port = 81;
            struct tcp_settings more = {.local = {.port = 81}, .changed = count_changed, .backlog = 4096};
            (void)tcp_listen(p.tcp[1], &more, &listener);
        }
        (void)tcp_connect(p.tcp[0], &settings, &socket);
        now = instant_add(now, 10000);
        engine_run(p.engine, now);
        (void)tcp_accept(listener, count_changed, NULL, &socket);
    }
    double wall = seconds() - start;
    engine_run(p.engine, instant_add(now, 300 * NS_PER_S));
    printf("%u idle connections: %.0f bytes an end, %.2f us to open each\n", count,
           (double)(mallinfo2().uordblks - before) / 2 / count, wall / count * 1e6);
    pair_destroy(&p);
}

int main(int argc, char **argv)
{
    asked = argc > 1 ? argv[1] : "";
    struct wire_settings gigabit = {.rate_bps = 1000000000, .delay_ns = 500000, .queue_frames = 1000, .overhead_bytes = 24};
    bulk("1 Gbit/s, 1 ms round trip", gigabit, 1500, 3 * NS_PER_S, NULL, false);
    gigabit.loss_ppm = 1000;
    bulk("the same with 0.1 % loss", gigabit, 1500, 3 * NS_PER_S, NULL, false);
    struct wire_settings narrow = {
        .rate_bps = 100000000, .delay_ns = 10 * NS_PER_MS, .queue_frames = 300, .overhead_bytes = 24};
    size_t count;
    const struct congestion_ops *const *all = congestion_all(&count);
    for (size_t i = 0; i < count; i++) {
        char title[64];
        snprintf(title, sizeof title, "100 Mbit/s, 20 ms, %s", all[i]->name);
        bulk(title, narrow, 1500, 15 * NS_PER_S, all[i]->name, false);
    }
    struct wire_settings free_wire = {.delay_ns = 100000};
    bulk("no limit, MTU 1500", free_wire, 1500, NS_PER_S / 10, NULL, false);
    bulk("the same, bytes lent, not copied in", free_wire, 1500, NS_PER_S / 10, NULL, true);
    bulk("no limit, MTU 9000", free_wire, 9000, NS_PER_S / 10, NULL, false);
    bulk("no limit, MTU 65535", free_wire, 65535, NS_PER_S / 10, NULL, false);
    if (*asked)
        return 0;
    copy();
    idle(50000);
    return 0;
}
