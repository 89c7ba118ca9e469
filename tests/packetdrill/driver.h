#ifndef TESTS_PACKETDRILL_DRIVER_H
#define TESTS_PACKETDRILL_DRIVER_H

/* Drives build/libimp-packetdrill.so as packetdrill does: the main thread moves the clock, sends and receives packets and makes the calls that do
 * not block; one other thread makes those that do, and takes the time right after each. Segments are written in a short text:
 *
 *   "S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS,ws 8>"
 *
 * flags (S F R P and . for ACK), first and last sequence number relative to the side's first, bytes, acknowledgement, window as on the
 * wire, options. An expectation need not go on to the end: what it says must be how the packet's text begins. */
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "packetdrill/packetdrill_interface.h"

#pragma GCC diagnostic ignored "-Wunused-function" /* no scene file needs all of this */

enum { SERVER_PORT = 8080, REMOTE_PORT = 40001 };

struct blocked { /* a call that the guest makes */
    long (*run)(void *argument);
    void *argument;
    long result;
    int error;
    int64_t end_us;
};
static struct packetdrill_interface table;
static void *world, *plugin;
static int64_t start_us;
static bool six;             /* scenes over IPv6 */
static uint32_t local_first; /* our side's first sequence number, learnt */
static uint16_t local_port, remote_port; /* of the connection in the scene */
static bool local_known;
static uint32_t peer_ts, ts_echo; /* timestamps: when the peer's segment carries them */
static pthread_t guest;
static pthread_mutex_t guest_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t guest_more = PTHREAD_COND_INITIALIZER;
static struct blocked *guest_work;
static bool guest_running, guest_entered, guest_ending;

static int64_t now_us(void)
{
    struct timeval time;
    assert_int_equal(table.gettimeofday(world, &time, NULL), 0);
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

/* ---- the guest ---- */

static void *guest_main(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&guest_lock);
    for (;;) {
        while (!guest_work && !guest_ending)
            pthread_cond_wait(&guest_more, &guest_lock);
        if (guest_ending)
            break;
        struct blocked *work = guest_work;
        guest_entered = true;
        pthread_cond_broadcast(&guest_more);
        pthread_mutex_unlock(&guest_lock);
        long result = work->run(work->argument);
        int error = errno;
        int64_t end = now_us();
        pthread_mutex_lock(&guest_lock);
        work->result = result;
        work->error = error;
        work->end_us = end;
        guest_work = NULL;
        guest_running = false;
        pthread_cond_broadcast(&guest_more);
    }
    pthread_mutex_unlock(&guest_lock);
    return NULL;
}

/* As packetdrill: goes on once the guest is on its way, without knowing whether it has entered the call. */
static void begin(struct blocked *work, long (*run)(void *), void *argument)
{
    *work = (struct blocked){.run = run, .argument = argument};
    pthread_mutex_lock(&guest_lock);
    assert_false(guest_running);
    guest_work = work;
    guest_running = true;
    guest_entered = false;
    pthread_cond_broadcast(&guest_more);
    while (!guest_entered)
        pthread_cond_wait(&guest_more, &guest_lock);
    pthread_mutex_unlock(&guest_lock);
}

static int64_t since_start(int64_t us) { return us - start_us; }

/* Waits in real time only: the call must be over already in virtual time. */
static void finish(struct blocked *work, long result, double at_s)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 5;
    pthread_mutex_lock(&guest_lock);
    while (guest_running)
        if (pthread_cond_timedwait(&guest_more, &guest_lock, &limit) == ETIMEDOUT)
            fail_msg("the blocked call did not return");
    pthread_mutex_unlock(&guest_lock);
    if (work->result != result)
        fail_msg("the call returned %ld (%s), not %ld", work->result, strerror(work->error), result);
    int64_t off = since_start(work->end_us) - (int64_t)(at_s * 1e6);
    if (off < 0 || off > 100)
        fail_msg("the call returned at %.6f s, not %.6f", (double)since_start(work->end_us) / 1e6, at_s);
}

/* ---- the clock ---- */

static void at(double at_s) /* as packetdrill waits: sleeps until just before, then spins */
{
    int64_t until = start_us + (int64_t)(at_s * 1e6);
    for (;;) {
        int64_t left = until - now_us();
        if (left <= 0)
            break;
        if (left > 20)
            table.usleep(world, (useconds_t)(left - 20));
    }
}

static int world_start(const char *flags)
{
    const char *path = getenv("IMP_PACKETDRILL");
    plugin = dlopen(path ? path : "build/libimp-packetdrill.so", RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fail_msg("%s", dlerror());
    union { /* ISO C has no conversion from an object's address to a function's */
        void *object;
        void (*function)(const char *, struct packetdrill_interface *);
    } init = {dlsym(plugin, "packetdrill_interface_init")};
    assert_non_null(init.object);
    init.function(flags, &table);
    world = table.userdata;
    six = false;
    local_known = false;
    peer_ts = 0;
    int64_t begin_us = now_us();
    while (now_us() < begin_us + 100000)
        ;
    start_us = now_us();
    guest_ending = guest_running = false;
    return pthread_create(&guest, NULL, guest_main, NULL);
}

static int setup(void **state)
{
    (void)state;
    unsetenv("IMP_SYSCTL_FILE");
    return world_start(NULL);
}

static int teardown(void **state)
{
    (void)state;
    pthread_mutex_lock(&guest_lock);
    bool stuck = guest_running; /* a scene that failed: the guest stays where it is */
    guest_ending = true;
    pthread_cond_broadcast(&guest_more);
    pthread_mutex_unlock(&guest_lock);
    if (stuck)
        return 0;
    pthread_join(guest, NULL);
    table.free(world);
    dlclose(plugin);
    return 0;
}

/* ---- segments ---- */

static void put16(uint8_t *at_, uint32_t v) { at_[0] = (uint8_t)(v >> 8), at_[1] = (uint8_t)v; }
static void put32(uint8_t *at_, uint32_t v) { put16(at_, v >> 16), put16(at_ + 2, v); }
static uint32_t get16(const uint8_t *at_) { return (uint32_t)at_[0] << 8 | at_[1]; }
static uint32_t get32(const uint8_t *at_) { return get16(at_) << 16 | get16(at_ + 2); }

static uint32_t sum_of(const uint8_t *bytes, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += (i & 1) ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static const uint8_t LOCAL4[4] = {192, 168, 0, 1}, REMOTE4[4] = {192, 0, 2, 1};
static const uint8_t LOCAL6[16] = {0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, [15] = 1};
static const uint8_t REMOTE6[16] = {0xfd, 0x3d, 0xfa, 0x7b, 0xd1, 0x7d, [15] = 1};

/* Sends payload `bytes` (a transport header and what follows; its checksum field at `sum_at` still zero) from the remote host. */
static void inject(uint8_t protocol, uint8_t *transport, size_t bytes, size_t sum_at, uint8_t traffic_class)
{
    static uint8_t packet[66000];
    const uint8_t *from = six ? REMOTE6 : REMOTE4, *to = six ? LOCAL6 : LOCAL4;
    size_t address = six ? 16 : 4, header = six ? 40 : 20;
    uint32_t sum = sum_of(from, address, sum_of(to, address, (uint32_t)(protocol + bytes)));
    put16(transport + sum_at, fold(sum_of(transport, bytes, sum)));
    memset(packet, 0, header);
    if (six) {
        packet[0] = 0x60;
        put16(packet + 4, (uint32_t)bytes);
        packet[6] = protocol;
        packet[7] = 64;
        memcpy(packet + 8, from, 16);
        memcpy(packet + 24, to, 16);
    } else {
        packet[0] = 0x45;
        packet[1] = traffic_class;
        put16(packet + 2, (uint32_t)(header + bytes));
        packet[8] = 64;
        packet[9] = protocol;
        memcpy(packet + 12, from, 4);
        memcpy(packet + 16, to, 4);
        put16(packet + 10, fold(sum_of(packet, 20, 0)));
    }
    memcpy(packet + header, transport, bytes);
    assert_int_equal(table.netdev_send(world, packet, header + bytes), 0);
}

static size_t put_options(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned a, b;
    for (const char *p = text; p && *p && *p != '>'; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        if (sscanf(p, "mss %u", &a) == 1)
            out[n] = 2, out[n + 1] = 4, put16(out + n + 2, a), n += 4;
        else if (sscanf(p, "ws %u", &a) == 1)
            out[n] = 3, out[n + 1] = 3, out[n + 2] = (uint8_t)a, n += 3;
        else if (strncmp(p, "sackOK", 6) == 0)
            out[n] = 4, out[n + 1] = 2, n += 2;
        else if (sscanf(p, "sack %u:%u", &a, &b) == 2)
            out[n] = 5, out[n + 1] = 10, put32(out + n + 2, local_first + a), put32(out + n + 6, local_first + b), n += 10;
        else if (strncmp(p, "TS", 2) == 0)
            out[n] = 8, out[n + 1] = 10, put32(out + n + 2, peer_ts), put32(out + n + 6, ts_echo), n += 10;
        else
            fail_msg("an option is not understood: %s", p);
    }
    while (n & 3)
        out[n++] = 1;
    return n;
}

static void in(const char *text) /* a segment from the remote host arrives now */
{
    static uint8_t segment[66000];
    char flags[8], options[96] = "";
    unsigned first, last, bytes, ack = 0, window = 0;
    if (sscanf(text, "%7s %u:%u(%u)", flags, &first, &last, &bytes) != 4)
        fail_msg("not a segment: %s", text);
    const char *place = strstr(text, "ack ");
    if (place)
        (void)sscanf(place, "ack %u", &ack);
    place = strstr(text, "win ");
    if (place)
        (void)sscanf(place, "win %u", &window);
    place = strchr(text, '<');
    if (place)
        (void)sscanf(place, "<%95[^>]", options);
    memset(segment, 0, 60);
    size_t header = 20 + put_options(options, segment + 20);
    put16(segment, remote_port);
    put16(segment + 2, local_port);
    put32(segment + 4, first);
    bool acks = strchr(flags, '.') != NULL;
    put32(segment + 8, acks ? local_first + ack : 0);
    segment[12] = (uint8_t)(header / 4 << 4);
    segment[13] = (uint8_t)((strchr(flags, 'F') ? 1 : 0) | (strchr(flags, 'S') ? 2 : 0) | (strchr(flags, 'R') ? 4 : 0) |
                            (strchr(flags, 'P') ? 8 : 0) | (acks ? 16 : 0));
    put16(segment + 14, window);
    for (unsigned i = 0; i < bytes; i++)
        segment[header + i] = (uint8_t)('a' + (first + i) % 26);
    inject(IPPROTO_TCP, segment, header + bytes, 16, 0);
}

static void print_options(const uint8_t *options, size_t n, char *out, size_t room)
{
    size_t done = (size_t)snprintf(out, room, " <");
    for (size_t i = 0; i < n && options[i];) {
        size_t length = options[i] == 1 ? 1 : options[i + 1];
        const uint8_t *value = options + i + 2;
        const char *comma = done > 2 ? "," : "";
        if (options[i] == 2)
            done += (size_t)snprintf(out + done, room - done, "%smss %u", comma, get16(value));
        else if (options[i] == 3)
            done += (size_t)snprintf(out + done, room - done, "%sws %u", comma, value[0]);
        else if (options[i] == 4)
            done += (size_t)snprintf(out + done, room - done, "%ssackOK", comma);
        else if (options[i] == 5)
            for (size_t k = 0; k + 8 <= length - 2; k += 8)
                done += (size_t)snprintf(out + done, room - done, "%ssack %u:%u", done > 2 ? "," : "", get32(value + k),
                                         get32(value + k + 4));
        else if (options[i] == 8) {
            ts_echo = get32(value);
            done += (size_t)snprintf(out + done, room - done, "%sTS", comma);
        }
        i += length;
    }
    snprintf(out + done, room - done, ">");
}

static uint8_t received[66000];
static size_t received_bytes, received_header; /* of the last packet: all of it, and its IP header */
static int64_t received_us;

static bool next_packet(void)
{
    long long time;
    received_bytes = sizeof received;
    assert_int_equal(table.netdev_receive(world, received, &received_bytes, &time), 0);
    received_us = since_start(time);
    if (!received_bytes)
        return false;
    assert_int_equal(received[0] >> 4, six ? 6 : 4);
    received_header = six ? 40 : 20;
    return true;
}

/* The next packet left at that time, and begins so. */
static void out(double at_s, const char *text)
{
    if (!next_packet())
        fail_msg("no packet came; expected %s", text);
    const uint8_t *segment = received + received_header;
    size_t header = (size_t)(segment[12] >> 4) * 4;
    uint8_t bits = segment[13];
    if (!local_known && bits & 2) {
        local_known = true;
        local_first = get32(segment + 4);
        local_port = (uint16_t)get16(segment);
        remote_port = (uint16_t)get16(segment + 2);
    }
    unsigned bytes = (unsigned)(received_bytes - received_header - header);
    uint32_t first = get32(segment + 4) - local_first;
    char line[256], options[160] = "";
    if (header > 20)
        print_options(segment + 20, header - 20, options, sizeof options);
    int n = snprintf(line, sizeof line, "%s%s%s%s%s %u:%u(%u)", bits & 1 ? "F" : "", bits & 2 ? "S" : "", bits & 4 ? "R" : "",
                     bits & 8 ? "P" : "", bits & 16 ? "." : "", first, first + bytes, bytes);
    if (bits & 16)
        n += snprintf(line + n, sizeof line - (size_t)n, " ack %u", get32(segment + 8));
    snprintf(line + n, sizeof line - (size_t)n, " win %u%s", get16(segment + 14), options);
    if (strncmp(line, text, strlen(text)) != 0)
        fail_msg("at %.6f s came \"%s\", not \"%s\"", (double)received_us / 1e6, line, text);
    int64_t off = received_us - (int64_t)(at_s * 1e6);
    if (off < -20 || off > 120)
        fail_msg("\"%s\" came at %.6f s, not %.6f", line, (double)received_us / 1e6, at_s);
}

/* ---- names and sockets ---- */

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
