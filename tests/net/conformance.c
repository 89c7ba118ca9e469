/* The one conformance suite of net.h: each test runs in every world, over IPv4 and over IPv6.
 *
 * It is included, not linked, by test_conformance_host.c and test_conformance_lab.c, which supply world_create() and world_destroy(): this
 * machine's loopback in real time, two nodes and a wire in virtual time. A test is a few tasks on the doors of world.h; what it asserts is
 * what net.h promises, and nothing that only one of the worlds would do. */
#include "world.h"

static struct world *world_create(void);
static void world_destroy(struct world *world);

static void test_listen(struct world *world)
{
    assert_int_equal(net_listen(world->server, &(struct endpoint){.address = world->at.address}, &world->listener), 0);
    struct endpoint local;
    assert_int_equal(listener_local(world->listener, &local), 0);
    assert_int_not_equal(local.port, 0);
    world->at.port = local.port;
}

/* A server that has a listener, and a client, until both have returned. */
static void test_both(struct world *world, void (*server)(struct world *), void (*client)(struct world *))
{
    test_listen(world);
    world_start(world, world->server, server);
    world_start(world, world->client, client);
    world_finish(world);
}

static struct stream test_dial(struct world *world)
{
    struct stream stream = {0};
    assert_int_equal(net_dial(world->client, &world->at, NULL, in_ms(world, 10000), &stream), 0);
    return stream;
}

static struct stream test_accept(struct world *world)
{
    struct stream stream = {0};
    assert_int_equal(listener_accept(world->listener, in_ms(world, 10000), &stream), 0);
    return stream;
}

static void serve_echo(struct stream stream, void *argument)
{
    struct world *world = argument;
    uint8_t buffer[4096];
    ssize_t got;
    world->count++;
    while ((got = stream_read(stream, buffer, sizeof(buffer), INSTANT_NEVER)) > 0)
        if (stream_write(stream, buffer, (size_t)got, INSTANT_NEVER) != 0)
            return;
}

static void fill(uint8_t *data, size_t length, size_t from)
{
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)((from + i) * 2654435761u >> 13);
}

/* ---- echo ---- */
static void echo_client(struct world *world)
{
    static uint8_t sent[100000], got[sizeof(sent)];
    struct endpoint local, remote;
    struct stream stream = test_dial(world);
    fill(sent, sizeof(sent), 7);
    assert_int_equal(stream_remote(stream, &remote), 0);
    assert_true(endpoint_equal(&remote, &world->at));
    assert_int_equal(stream_local(stream, &local), 0);
    assert_int_equal(local.address.family, world->at.address.family);
    for (size_t at = 0; at < sizeof(sent); at += 10000) {
        assert_int_equal(stream_write(stream, sent + at, 10000, in_ms(world, 5000)), 0);
        assert_int_equal(stream_read_all(stream, got + at, 10000, in_ms(world, 5000)), 0);
    }
    assert_memory_equal(sent, got, sizeof(sent));
    assert_int_equal(stream_finish(stream), 0);
    assert_int_equal(stream_read(stream, got, 1, in_ms(world, 5000)), 0);
    assert_int_equal(stream_read_all(stream, got, 1, in_ms(world, 5000)), IMP_CLOSED);
    assert_int_equal(stream_close(stream), 0);
}

static void test_echo(struct world *world)
{
    test_listen(world);
    assert_int_equal(listener_serve(world->listener, "echo", serve_echo, world), 0);
    world_start(world, world->client, echo_client);
    world_finish(world);
    assert_int_equal(world->count, 1);
}

/* ---- backpressure: the writer blocks until the reader reads, and no byte is lost ---- */
enum { BACKPRESSURE_BYTES = 24 << 20, CHUNK = 60000 };

static void backpressure_writer(struct world *world)
{
    struct stream stream = test_dial(world);
    uint8_t *data = memory_take(BACKPRESSURE_BYTES);
    fill(data, BACKPRESSURE_BYTES, 0);
    assert_int_equal(stream_write(stream, data, BACKPRESSURE_BYTES, in_ms(world, 25000)), 0);
    world->done = true;
    memory_free(data);
    assert_int_equal(stream_close(stream), 0);
}

static void backpressure_reader(struct world *world)
{
    static uint8_t got[CHUNK], expected[CHUNK];
    struct stream stream = test_accept(world);
    assert_int_equal(net_sleep(world->server, in_ms(world, 200)), 0);
    assert_false(world->done);
    size_t total = 0;
    ssize_t n;
    while ((n = stream_read(stream, got, sizeof(got), in_ms(world, 10000))) > 0) {
        fill(expected, (size_t)n, total);
        assert_memory_equal(got, expected, (size_t)n);
        total += (size_t)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(total, BACKPRESSURE_BYTES);
    assert_true(world->done);
    assert_int_equal(stream_close(stream), 0);
}

static void test_backpressure(struct world *world) { test_both(world, backpressure_reader, backpressure_writer); }

#include "lending.h"

/* ---- half-close: one direction ends, the other goes on ---- */
static void half_close_client(struct world *world)
{
    struct stream stream = test_dial(world);
    uint8_t byte;
    size_t total = 0;
    assert_int_equal(stream_write(stream, "question", 8, in_ms(world, 1000)), 0);
    assert_int_equal(stream_finish(stream), 0);
    assert_int_equal(stream_write(stream, "more", 4, in_ms(world, 1000)), IMP_CLOSED);
    while (stream_read(stream, &byte, 1, in_ms(world, 5000)) == 1)
        total++;
    assert_int_equal(total, 5000);
    assert_int_equal(stream_close(stream), 0);
}

static void half_close_server(struct world *world)
{
    struct stream stream = test_accept(world);
    uint8_t buffer[5000] = {0};
    assert_int_equal(stream_read_all(stream, buffer, 8, in_ms(world, 5000)), 0);
    assert_memory_equal(buffer, "question", 8);
    assert_int_equal(stream_read(stream, buffer, 1, in_ms(world, 5000)), 0);
    assert_int_equal(net_sleep(world->server, in_ms(world, 20)), 0);
    assert_int_equal(stream_write(stream, buffer, sizeof(buffer), in_ms(world, 5000)), 0);
    assert_int_equal(stream_close(stream), 0);
}

static void test_half_close(struct world *world) { test_both(world, half_close_server, half_close_client); }

/* ---- reset ---- */
static void reset_client(struct world *world)
{
    struct stream stream = test_dial(world);
    uint8_t byte;
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 5000)), IMP_RESET);
    int error = stream_write(stream, "x", 1, in_ms(world, 1000));
    assert_true(error == IMP_RESET || error == IMP_CLOSED);
    assert_int_equal(stream_close(stream), 0);
}

static void reset_server(struct world *world)
{
    struct stream stream = test_accept(world);
    assert_int_equal(net_sleep(world->server, in_ms(world, 20)), 0);
    assert_int_equal(stream_reset(stream), 0);
    assert_int_equal(stream_reset(stream), IMP_STALE);
}

static void test_reset(struct world *world) { test_both(world, reset_server, reset_client); }

/* ---- refusal, bad arguments ---- */
static void refusal_client(struct world *world)
{
    struct stream stream;
    struct endpoint group = {.port = 80};
    struct instant before = net_now(world->client);
    assert_int_equal(net_dial(world->client, &world->at, NULL, in_ms(world, 10000), &stream), IMP_REFUSED);
    assert_true(instant_since(net_now(world->client), before) < 5 * NS_PER_S);
    assert_int_equal(stream_close(stream), IMP_STALE);
    assert_int_equal(ip_parse(world->at.address.family == 4 ? "224.0.0.1" : "ff02::1", &group.address), 0);
    assert_int_equal(net_dial(world->client, &group, NULL, in_ms(world, 100), &stream), IMP_INVALID);
    struct endpoint no_port = {.address = world->at.address};
    assert_int_equal(net_dial(world->client, &no_port, NULL, in_ms(world, 100), &stream), IMP_INVALID);
}

static void test_refusal(struct world *world)
{
    test_listen(world); /* a port that is surely free afterwards */
    struct listener second;
    assert_int_equal(net_listen(world->server, &world->at, &second), IMP_IN_USE);
    assert_int_equal(listener_close(world->listener), 0);
    world_start(world, world->client, refusal_client);
    world_finish(world);
}

/* ---- deadlines ---- */
static void timeout_body(struct world *world)
{
    struct stream stream;
    struct udp udp;
    uint8_t byte;
    struct instant before = net_now(world->server);
    assert_int_equal(listener_accept(world->listener, in_ms(world, 40), &stream), IMP_TIMEOUT);
    assert_true(instant_since(net_now(world->server), before) >= 40 * NS_PER_MS);
    world->flag = true;
    stream = test_accept(world);
    before = net_now(world->server);
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 40)), IMP_TIMEOUT);
    assert_true(instant_since(net_now(world->server), before) >= 40 * NS_PER_MS);
    assert_int_equal(stream_close(stream), 0);
    assert_int_equal(net_udp(world->server, &(struct udp_options){0}, &udp), 0);
    assert_int_equal(udp_receive(udp, &byte, 1, NULL, in_ms(world, 10)), IMP_TIMEOUT);
    assert_int_equal(udp_close(udp), 0);
}

static void timeout_client(struct world *world)
{
    while (!world->flag)
        assert_int_equal(net_sleep(world->client, in_ms(world, 5)), 0);
    struct stream stream = test_dial(world);
    assert_int_equal(net_sleep(world->client, in_ms(world, 100)), 0);
    assert_int_equal(stream_close(stream), 0);
}

static void test_timeout(struct world *world) { test_both(world, timeout_body, timeout_client); }

/* A deadline in the past asks without waiting, and may be used outside any task. */
static void past_server(struct world *world)
{
    struct stream stream = test_accept(world);
    uint8_t byte = 0;
    assert_int_equal(stream_read(stream, &byte, 1, INSTANT_ZERO), IMP_TIMEOUT);
    world->flag = true;
    assert_int_equal(net_sleep(world->server, in_ms(world, 100)), 0);
    assert_int_equal(stream_read(stream, &byte, 1, INSTANT_ZERO), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(stream_write(stream, "y", 1, INSTANT_ZERO), 0);
    assert_int_equal(stream_close(stream), 0);
}

static void past_client(struct world *world)
{
    struct stream stream = test_dial(world);
    uint8_t byte;
    while (!world->flag)
        assert_int_equal(net_sleep(world->client, in_ms(world, 5)), 0);
    assert_int_equal(stream_write(stream, "x", 1, in_ms(world, 100)), 0);
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 1000)), 1);
    assert_int_equal(stream_close(stream), 0);
}

static void test_deadline_in_the_past(struct world *world)
{
    struct stream stream;
    test_listen(world);
    assert_int_equal(listener_accept(world->listener, INSTANT_ZERO, &stream), IMP_TIMEOUT);
    world_start(world, world->server, past_server);
    world_start(world, world->client, past_client);
    world_finish(world);
}

/* ---- cancel ---- */
static void cancelled_body(struct world *world)
{
    struct stream stream = test_dial(world);
    struct stream other;
    uint8_t byte;
    world->task = task_current();
    world->flag = true;
    assert_int_equal(stream_read(stream, &byte, 1, INSTANT_NEVER), IMP_CANCELLED);
    assert_int_equal(stream_read(stream, &byte, 1, INSTANT_NEVER), IMP_CANCELLED);
    assert_int_equal(net_sleep(world->client, in_ms(world, 1000)), IMP_CANCELLED);
    int error = net_dial(world->client, &world->at, NULL, INSTANT_NEVER, &other);
    assert_true(error != 0);
    assert_int_equal(stream_close(stream), 0);
    world->done = true;
}

static void cancelling_body(struct world *world)
{
    while (!world->flag)
        assert_int_equal(net_sleep(world->server, in_ms(world, 5)), 0);
    assert_int_equal(net_sleep(world->server, in_ms(world, 20)), 0);
    assert_false(world->done);
    if (world->power_off)
        world->power_off(world, world->client);
    else
        task_cancel(world->task);
    assert_int_equal(net_sleep(world->server, in_ms(world, 20)), 0);
    assert_true(world->done);
}

static void test_cancel(struct world *world)
{
    test_listen(world);
    world_start(world, world->client, cancelled_body);
    world_start(world, world->server, cancelling_body);
    world_finish(world);
}

/* ---- stale handles ---- */
static void test_stale_handle(struct world *world)
{
    struct listener second;
    struct endpoint local;
    struct stream stream = {0};
    test_listen(world);
    assert_int_equal(listener_close(world->listener), 0);
    assert_int_equal(listener_close(world->listener), IMP_STALE);
    assert_int_equal(net_listen(world->server, &(struct endpoint){.address = world->at.address}, &second), 0);
    assert_int_equal(second.index, world->listener.index);
    assert_int_equal(listener_local(world->listener, &local), IMP_STALE);
    assert_int_equal(listener_accept(world->listener, INSTANT_ZERO, &stream), IMP_STALE);
    assert_int_equal(listener_serve(world->listener, "x", serve_echo, world), IMP_STALE);
    assert_int_equal(udp_close((struct udp){world->server, second.index, second.generation}), IMP_STALE); /* another kind */
    assert_int_equal(stream_close(stream), IMP_STALE); /* a handle that never was */
    assert_int_equal(stream_write(stream, "x", 1, INSTANT_ZERO), IMP_STALE);
    struct wait_source source = wait_on(WAIT_ACCEPT, world->listener);
    assert_int_equal(net_wait(world->server, &source, 1, INSTANT_ZERO), 0); /* ready: it has an error to tell */
    assert_int_equal(listener_close(second), 0);
}

/* ---- a thousand at once ---- */
enum { MANY = 1000 };

static void many_client(struct world *world)
{
    struct stream stream = test_dial(world);
    uint8_t sent[4], got[4];
    store_u32(sent, stream.index);
    if (++world->peak == MANY)
        world->flag = true;
    while (!world->flag) /* all are open now */
        assert_int_equal(net_sleep(world->client, in_ms(world, 10)), 0);
    assert_int_equal(stream_write(stream, sent, 4, in_ms(world, 20000)), 0);
    assert_int_equal(stream_read_all(stream, got, 4, in_ms(world, 20000)), 0);
    assert_memory_equal(sent, got, 4);
    assert_int_equal(stream_close(stream), 0);
}

static void test_a_thousand_at_once(struct world *world)
{
    test_listen(world);
    assert_int_equal(listener_serve(world->listener, "echo", serve_echo, world), 0);
    for (unsigned i = 0; i < MANY; i++)
        world_start(world, world->client, many_client);
    world_finish(world);
    assert_int_equal(world->count, MANY);
}

/* ---- UDP ---- */
static void serve_udp_echo(struct udp udp, const struct udp_request *request, void *argument)
{
    struct world *world = argument;
    if (++world->count > world->peak)
        world->peak = world->count;
    (void)net_sleep(world->server, in_ms(world, 5));
    assert_int_equal(udp_answer(udp, request, request->data, request->length), 0);
    world->count--;
}

static void udp_echo_client(struct world *world)
{
    struct udp udp;
    struct endpoint from;
    char buffer[2000];
    assert_int_equal(net_udp(world->client, &(struct udp_options){0}, &udp), 0);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(udp_send(udp, "hello", 5, &world->at), 0);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(udp_receive(udp, buffer, sizeof(buffer), &from, in_ms(world, 5000)), 5);
        assert_memory_equal(buffer, "hello", 5);
        assert_true(ip_equal(&from.address, &world->at.address));
        assert_int_equal(from.port, world->at.port);
        assert_int_not_equal(from.interface, 0);
    }
    assert_int_equal(udp_send(udp, NULL, 0, &world->at), 0); /* an empty datagram is one too */
    assert_int_equal(udp_receive(udp, buffer, sizeof(buffer), &from, in_ms(world, 5000)), 0);
    assert_int_equal(udp_close(udp), 0);
    assert_int_equal(udp_close(udp), IMP_STALE);
}

static void test_udp_listen(struct world *world)
{
    struct endpoint local;
    struct udp_options options = {.local = {.address = world->at.address}};
    assert_int_equal(net_udp(world->server, &options, &world->udp), 0);
    assert_int_equal(udp_local(world->udp, &local), 0);
    world->at.port = local.port;
}

static void test_udp_echo(struct world *world)
{
    test_udp_listen(world);
    assert_int_equal(udp_serve(world->udp, "udp-echo", 2, serve_udp_echo, world), 0);
    world_start(world, world->client, udp_echo_client);
    world_finish(world);
    assert_int_equal(world->peak, 2);
}

/* A connected client takes answers from the address that it asked, and from no other: of a server on any address, too. */
static void udp_second_address_client(struct world *world)
{
    const struct ip asked[] = {world->address4, world->second4};
    for (unsigned i = 0; i < 2; i++) {
        struct udp udp;
        char buffer[10];
        struct endpoint from, to = {.address = asked[i], .port = world->at.port};
        assert_int_equal(net_udp(world->client, &(struct udp_options){.remote = to}, &udp), 0);
        assert_int_equal(udp_send(udp, "hello", 5, NULL), 0);
        assert_int_equal(udp_receive(udp, buffer, sizeof(buffer), &from, in_ms(world, 5000)), 5);
        assert_true(ip_equal(&from.address, &asked[i]));
        assert_int_equal(udp_close(udp), 0);
    }
}

static void test_udp_second_address(struct world *world)
{
    world->at.address = (struct ip){0};
    test_udp_listen(world);
    assert_int_equal(udp_serve(world->udp, "udp-echo", 2, serve_udp_echo, world), 0);
    world_start(world, world->client, udp_second_address_client);
    world_finish(world);
}

static void udp_refused_client(struct world *world)
{
    struct udp udp;
    char buffer[10];
    assert_int_equal(net_udp(world->client, &(struct udp_options){.remote = world->at}, &udp), 0);
    assert_int_equal(udp_send(udp, "hello", 5, NULL), 0);
    assert_int_equal(udp_receive(udp, buffer, sizeof(buffer), NULL, in_ms(world, 5000)), IMP_REFUSED);
    assert_int_equal(udp_receive(udp, buffer, sizeof(buffer), NULL, in_ms(world, 10)), IMP_TIMEOUT); /* given once */
    assert_int_equal(udp_close(udp), 0);
}

static void test_udp_refusal(struct world *world)
{
    test_udp_listen(world);
    assert_int_equal(udp_close(world->udp), 0);
    world_start(world, world->client, udp_refused_client);
    world_finish(world);
}

static void udp_truncation_client(struct world *world)
{
    struct udp udp;
    assert_int_equal(net_udp(world->client, &(struct udp_options){.remote = world->at}, &udp), 0);
    assert_int_equal(udp_send(udp, "0123456789", 10, NULL), 0);
    assert_int_equal(udp_send(udp, "abc", 3, NULL), 0);
    assert_int_equal(udp_close(udp), 0);
}

static void udp_truncation_server(struct world *world)
{
    char buffer[4];
    assert_int_equal(udp_receive(world->udp, buffer, 4, NULL, in_ms(world, 5000)), 4);
    assert_memory_equal(buffer, "0123", 4);
    assert_int_equal(udp_receive(world->udp, buffer, 4, NULL, in_ms(world, 5000)), 3);
    assert_memory_equal(buffer, "abc", 3);
}

static void test_udp_truncation(struct world *world)
{
    test_udp_listen(world);
    world_start(world, world->server, udp_truncation_server);
    world_start(world, world->client, udp_truncation_client);
    world_finish(world);
}

/* ---- waiting on several things ---- */
static void wait_server(struct world *world)
{
    struct stream stream;
    uint8_t byte;
    struct wait_source sources[3] = {wait_on(WAIT_UDP, world->udp), wait_on(WAIT_ACCEPT, world->listener)};
    assert_int_equal(net_wait(world->server, sources, 2, in_ms(world, 20)), IMP_TIMEOUT);
    world->flag = true;
    assert_int_equal(net_wait(world->server, sources, 2, in_ms(world, 5000)), 1);
    assert_int_equal(listener_accept(world->listener, INSTANT_ZERO, &stream), 0);
    sources[2] = (struct wait_source)wait_on(WAIT_READ, stream);
    assert_int_equal(net_wait(world->server, sources, 3, in_ms(world, 5000)), 2);
    assert_int_equal(stream_read(stream, &byte, 1, INSTANT_ZERO), 1);
    sources[2].what = WAIT_WRITE;
    assert_int_equal(net_wait(world->server, sources, 3, in_ms(world, 5000)), 2);
    sources[2].what = WAIT_READ;
    assert_int_equal(net_wait(world->server, sources, 3, in_ms(world, 5000)), 0);
    assert_int_equal(udp_receive(world->udp, &byte, 1, NULL, INSTANT_ZERO), 1);
    assert_int_equal(net_wait(world->server, sources, 3, in_ms(world, 5000)), 2); /* the end of the stream */
    assert_int_equal(stream_close(stream), 0);
}

static void wait_client(struct world *world)
{
    struct udp udp;
    struct endpoint local;
    while (!world->flag)
        assert_int_equal(net_sleep(world->client, in_ms(world, 5)), 0);
    struct stream stream = test_dial(world);
    assert_int_equal(net_sleep(world->client, in_ms(world, 20)), 0);
    assert_int_equal(stream_write(stream, "x", 1, in_ms(world, 1000)), 0);
    assert_int_equal(net_sleep(world->client, in_ms(world, 20)), 0);
    assert_int_equal(udp_local(world->udp, &local), 0);
    local.address = world->at.address;
    assert_int_equal(net_udp(world->client, &(struct udp_options){.remote = local}, &udp), 0);
    assert_int_equal(udp_send(udp, "u", 1, NULL), 0);
    assert_int_equal(net_sleep(world->client, in_ms(world, 20)), 0);
    assert_int_equal(stream_close(stream), 0);
    assert_int_equal(udp_close(udp), 0);
}

static void test_wait_on_several(struct world *world)
{
    test_udp_listen(world);
    test_both(world, wait_server, wait_client);
}

/* ---- closing under a waiting task ---- */
static void close_reader(struct world *world)
{
    uint8_t byte;
    world->stream = test_dial(world);
    world->flag = true;
    assert_int_equal(stream_read(world->stream, &byte, 1, in_ms(world, 5000)), IMP_STALE);
    world->done = true;
}

static void close_waiter(struct world *world)
{
    while (!world->flag)
        assert_int_equal(net_sleep(world->client, in_ms(world, 5)), 0);
    struct wait_source source = wait_on(WAIT_READ, world->stream);
    assert_int_equal(net_wait(world->client, &source, 1, in_ms(world, 5000)), 0);
}

static void close_closer(struct world *world)
{
    while (!world->flag)
        assert_int_equal(net_sleep(world->client, in_ms(world, 5)), 0);
    assert_int_equal(net_sleep(world->client, in_ms(world, 20)), 0);
    assert_int_equal(stream_close(world->stream), 0);
}

static void test_close_while_another_task_reads(struct world *world)
{
    test_listen(world);
    world_start(world, world->client, close_reader);
    world_start(world, world->client, close_waiter);
    world_start(world, world->client, close_closer);
    world_finish(world);
    assert_true(world->done);
}

static void accept_waiter(struct world *world)
{
    struct stream stream;
    world->flag = true;
    assert_int_equal(listener_accept(world->listener, in_ms(world, 5000), &stream), IMP_STALE);
    assert_int_equal(listener_accept(world->listener, in_ms(world, 5000), &stream), IMP_STALE);
}

static void accept_closer(struct world *world)
{
    struct stream stream;
    assert_int_equal(net_sleep(world->client, in_ms(world, 20)), 0);
    assert_int_equal(listener_close(world->listener), 0);
    assert_int_equal(net_dial(world->client, &world->at, NULL, in_ms(world, 5000), &stream), IMP_REFUSED);
}

static void test_accept_after_close(struct world *world) { test_both(world, accept_waiter, accept_closer); }

/* ---- one listener for both families ---- */
static void both_client(struct world *world)
{
    const struct ip addresses[] = {world->address4, world->address6};
    uint8_t byte;
    for (unsigned i = 0; i < 2; i++) {
        world->at.address = addresses[i];
        struct stream stream = test_dial(world);
        assert_int_equal(stream_write(stream, "b", 1, in_ms(world, 1000)), 0);
        assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 5000)), 1);
        assert_int_equal(stream_close(stream), 0);
    }
}

static void both_serve(struct stream stream, void *argument)
{
    struct world *world = argument;
    struct endpoint remote, local;
    uint8_t byte;
    assert_int_equal(stream_remote(stream, &remote), 0);
    assert_int_equal(stream_local(stream, &local), 0);
    assert_true(ip_equal(&local.address, &world->at.address));
    assert_int_equal(remote.address.family, world->at.address.family);
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 5000)), 1);
    assert_int_equal(stream_write(stream, &byte, 1, in_ms(world, 1000)), 0);
}

static void test_both_families(struct world *world)
{
    world->at.address = (struct ip){.family = 0};
    test_listen(world);
    assert_int_equal(listener_serve(world->listener, "both", both_serve, world), 0);
    world_start(world, world->client, both_client);
    world_finish(world);
}

/* ---- ICMP ---- */
static void ping_client(struct world *world)
{
    struct icmp icmp;
    struct icmp_received about;
    bool v4 = world->at.address.family == 4;
    uint8_t request[16] = {(uint8_t)(v4 ? 8 : 128)}, reply[64];
    int error = net_icmp(world->client, &(struct icmp_options){.family = world->at.address.family}, &icmp);
    if (error == IMP_DENIED && !world->is_lab)
        return; /* neither raw nor ping sockets are allowed here */
    assert_int_equal(error, 0);
    uint16_t identifier = icmp_identifier(icmp);
    request[4] = (uint8_t)(identifier >> 8);
    request[5] = (uint8_t)identifier;
    request[7] = 3;
    memcpy(request + 8, "imp ping", 8);
    assert_int_equal(icmp_send(icmp, request, sizeof(request), &world->at.address), 0);
    ssize_t got;
    do /* a raw socket sees all: on a loopback its own request, with IPv6 neighbour discovery */
        got = icmp_receive(icmp, reply, sizeof(reply), &about, in_ms(world, 5000));
    while (got > 0 && reply[0] != (v4 ? 0 : 129));
    assert_int_equal(got, sizeof(request));
    assert_memory_equal(reply + 4, request + 4, sizeof(request) - 4);
    assert_true(ip_equal(&about.from.address, &world->at.address));
    assert_int_equal(about.ttl, 64);
    assert_int_equal(icmp_receive(icmp, reply, sizeof(reply), &about, in_ms(world, 10)), IMP_TIMEOUT);
    assert_int_equal(icmp_close(icmp), 0);
}

static void test_ping(struct world *world)
{
    world_start(world, world->client, ping_client);
    world_finish(world);
}

/* ---- time and randomness ---- */
static void sleep_body(struct world *world)
{
    struct instant before = net_now(world->client);
    assert_int_equal(net_sleep(world->client, in_ms(world, 30)), 0);
    assert_true(instant_since(net_now(world->client), before) >= 30 * NS_PER_MS);
    assert_int_equal(net_sleep(world->client, before), 0); /* in the past */
    assert_true(net_random(world->client) != net_random(world->client));
    assert_ptr_equal(task_node(task_current()), net_node(world->client));
    assert_true(strlen(net_name(world->client)) > 0);
}

static void test_time_and_randomness(struct world *world)
{
    world_start(world, world->client, sleep_body);
    world_finish(world);
}

/* ---- running them ---- */
static void conform(void **state, void (*test)(struct world *world))
{
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct world *world = world_create();
        world->at.address = v6 ? world->address6 : world->address4;
        test(world);
        world_destroy(world);
    }
}
#define CONFORMANCE(X)                                                                                                         \
    X(echo)                                                                                                                    \
    X(backpressure)                                                                                                            \
    X(lend)                                                                                                                    \
    X(lend_and_close)                                                                                                          \
    X(lend_and_reset)                                                                                                          \
    X(half_close)                                                                                                              \
    X(reset)                                                                                                                   \
    X(refusal)                                                                                                                 \
    X(timeout)                                                                                                                 \
    X(deadline_in_the_past)                                                                                                    \
    X(cancel)                                                                                                                  \
    X(stale_handle)                                                                                                            \
    X(a_thousand_at_once)                                                                                                      \
    X(udp_echo)                                                                                                                \
    X(udp_second_address)                                                                                                      \
    X(udp_refusal)                                                                                                             \
    X(udp_truncation)                                                                                                          \
    X(wait_on_several)                                                                                                         \
    X(close_while_another_task_reads)                                                                                          \
    X(accept_after_close)                                                                                                      \
    X(both_families)                                                                                                           \
    X(ping)                                                                                                                    \
    X(time_and_randomness)
#define X(name)                                                                                                                \
    static void name(void **state) { conform(state, test_##name); }
CONFORMANCE(X)
#undef X
#define X(name) cmocka_unit_test(name),
static const struct CMUnitTest CONFORMANCE_TESTS[] = {CONFORMANCE(X)};
#undef X
