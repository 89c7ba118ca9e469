/* UDP over real nodes and wires: the format, the choice of a socket, ports, queues, errors. */
#include "../internet/world6_look.h"

#include "base/checksum.h"
#include "internet/ports.h"
#include "transport/limits.h"

struct pair { /* two hosts on one wire, both families */
    struct world *world;
    struct stack *a, *b;
};

static struct pair pair_create(void)
{
    struct pair pair = {.world = world_create(7)};
    pair.a = world_node(pair.world, "a", false);
    pair.b = world_node(pair.world, "b", false);
    world_wire(pair.a, pair.b, 1500);
    world_address(pair.a, 2, "192.0.2.1/24");
    world_address(pair.b, 2, "192.0.2.2/24");
    world_address(pair.a, 2, "2001:db8::1/64");
    world_address(pair.b, 2, "2001:db8::2/64");
    world_run(pair.world, 3 * NS_PER_S);
    return pair;
}

static void note_change(struct udp_socket *socket, void *owner)
{
    (void)socket;
    ++*(unsigned *)owner;
}

static struct udp_socket *open_at(struct stack *stack, const char *local, const char *remote, bool reuse)
{
    struct udp_socket_settings settings = {.reuse = reuse, .broadcast = true};
    struct udp_socket *socket;
    if (local)
        assert_int_equal(endpoint_parse(local, 0, &settings.local), 0);
    if (remote)
        assert_int_equal(endpoint_parse(remote, 0, &settings.remote), 0);
    assert_int_equal(udp_open(udp_of(stack), &settings, &socket), 0);
    return socket;
}

/* A socket of both families. */
static struct udp_socket *open_port(struct stack *stack, uint16_t port)
{
    struct udp_socket_settings settings = {.local.port = port, .broadcast = true};
    struct udp_socket *socket;
    assert_int_equal(udp_open(udp_of(stack), &settings, &socket), 0);
    return socket;
}

static void send_text(struct udp_socket *socket, const char *to, const char *text)
{
    struct endpoint endpoint;
    assert_int_equal(endpoint_parse(to, 0, &endpoint), 0);
    assert_int_equal(udp_socket_send(socket, text, strlen(text), &endpoint), 0);
}

static void expect_text(struct udp_socket *socket, const char *text, struct endpoint *from)
{
    char buffer[64] = "";
    struct ip to;
    struct endpoint sender;
    assert_int_equal(udp_socket_receive(socket, buffer, sizeof buffer, from ? from : &sender, &to), strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
}

static void expect_nothing(struct udp_socket *socket)
{
    assert_false(udp_socket_readable(socket));
    assert_int_equal(udp_socket_receive(socket, NULL, 0, NULL, NULL), IMP_BUSY);
}

static void the_format_goes_round(void **state)
{
    (void)state;
    struct udp_header header = {1234, 53, 20, 0xabcd}, back;
    uint8_t bytes[UDP_HEADER_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    udp_header_build(&writer, &header);
    struct reader reader = reader_of(bytes, sizeof bytes);
    assert_int_equal(udp_header_parse(&reader, &back), 0);
    assert_memory_equal(&back, &header, sizeof back);
    reader = reader_of(bytes, 7);
    assert_int_equal(udp_header_parse(&reader, &back), IMP_TRUNCATED);
    store_u16(bytes + 4, 7);
    reader = reader_of(bytes, sizeof bytes);
    assert_int_equal(udp_header_parse(&reader, &back), IMP_MALFORMED);
}

static void echo_over_both_families(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket *server = open_port(pair.b, 7), *client = open_port(pair.a, 0);
    static const char *const TO[] = {"192.0.2.2:7", "[2001:db8::2]:7"};
    for (unsigned i = 0; i < 2; i++) {
        struct endpoint from, local;
        send_text(client, TO[i], "hello");
        world_run(pair.world, NS_PER_S);
        expect_text(server, "hello", &from);
        udp_socket_local(client, &local);
        assert_int_equal(from.port, local.port);
        assert_int_equal(from.interface, 2);
        assert_int_equal(udp_socket_send(server, "olleh", 5, &from), 0);
        world_run(pair.world, NS_PER_S);
        expect_text(client, "olleh", &from);
        assert_int_equal(from.port, 7);
    }
    assert_true(world_count(pair.world, pair.a, "udp-sent") == 2 && world_count(pair.world, pair.b, "udp-received") == 2);
    udp_socket_close(server);
    udp_socket_close(client);
    world_destroy(pair.world);
}

static void large_datagrams_travel_in_fragments(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket *server = open_port(pair.b, 9), *client = open_port(pair.a, 0);
    static const char *const TO[] = {"192.0.2.2:9", "[2001:db8::2]:9"};
    static const size_t MOST[] = {65507, 65527};
    uint8_t *data = memory_take(65528), *back = memory_take(65528);
    for (size_t i = 0; i < 65528; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    for (unsigned i = 0; i < 2; i++) {
        struct endpoint to;
        assert_int_equal(endpoint_parse(TO[i], 0, &to), 0);
        send_text(client, TO[i], "first the neighbour"); /* so that the fragments need not wait for its address */
        world_run(pair.world, NS_PER_S);
        expect_text(server, "first the neighbour", NULL);
        assert_int_equal(udp_socket_send(client, data, MOST[i] + 1, &to), IMP_TOO_BIG);
        assert_int_equal(udp_socket_send(client, data, MOST[i], &to), 0);
        world_run(pair.world, NS_PER_S);
        assert_int_equal(udp_socket_queued(server), MOST[i]);
        assert_int_equal(udp_socket_receive(server, back, 65528, NULL, NULL), MOST[i]);
        assert_memory_equal(back, data, MOST[i]);
    }
    memory_free(data);
    memory_free(back);
    udp_socket_close(server);
    udp_socket_close(client);
    world_destroy(pair.world);
}

static void the_most_specific_socket_gets_it(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket *client = open_at(pair.a, "192.0.2.1:5000", NULL, false);
    struct udp_socket *any = open_at(pair.b, "0.0.0.0:99", NULL, true);
    struct udp_socket *bound = open_at(pair.b, "192.0.2.2:99", NULL, true);
    struct udp_socket *connected = open_at(pair.b, "192.0.2.2:99", "192.0.2.1:5000", true);
    struct udp_socket *other = open_at(pair.b, "192.0.2.2:99", "192.0.2.1:5001", true);
    send_text(client, "192.0.2.2:99", "one");
    world_run(pair.world, NS_PER_S);
    expect_text(connected, "one", NULL);
    udp_socket_close(connected);
    send_text(client, "192.0.2.2:99", "two");
    world_run(pair.world, NS_PER_S);
    expect_text(bound, "two", NULL);
    udp_socket_close(bound);
    send_text(client, "192.0.2.2:99", "three");
    world_run(pair.world, NS_PER_S);
    expect_text(any, "three", NULL);
    expect_nothing(other);
    udp_socket_close(other);
    udp_socket_close(any);
    udp_socket_close(client);
    world_destroy(pair.world);
}

static void groups_reach_every_socket(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket *client = open_port(pair.a, 0);
    struct udp_socket *one = open_at(pair.b, "0.0.0.0:520", NULL, true), *two = open_at(pair.b, "0.0.0.0:520", NULL, true);
    struct udp_socket *six = open_at(pair.b, "[::]:520", NULL, true),
                      *elsewhere = open_at(pair.b, "[2001:db8::2]:520", NULL, true);
    static const char *const TO[] = {"255.255.255.255:520", "192.0.2.255:520", "224.0.0.1:520"};
    for (unsigned i = 0; i < 3; i++) {
        send_text(client, TO[i], "all");
        world_run(pair.world, NS_PER_S);
        expect_text(one, "all", NULL);
        expect_text(two, "all", NULL);
        expect_nothing(six);
    }
    send_text(client, "[ff02::1]:520", "six");
    world_run(pair.world, NS_PER_S);
    expect_text(six, "six", NULL);
    expect_nothing(one);
    expect_nothing(elsewhere);
    send_text(client, "192.0.2.255:521", "nobody");
    world_run(pair.world, NS_PER_S);
    assert_int_equal(world_drops(pair.b, DROP_UDP_NO_SOCKET), 1);
    expect_nothing(client); /* no port unreachable about a broadcast */
    udp_socket_close(one);
    udp_socket_close(two);
    udp_socket_close(six);
    udp_socket_close(elsewhere);
    udp_socket_close(client);
    world_destroy(pair.world);
}

static void broadcast_must_be_allowed(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket_settings settings = {0};
    struct udp_socket *socket;
    assert_int_equal(udp_open(udp_of(pair.a), &settings, &socket), 0);
    struct endpoint to = {.address = ip_of("255.255.255.255"), .port = 9};
    assert_int_equal(udp_socket_send(socket, "x", 1, &to), IMP_DENIED);
    udp_socket_close(socket);
    world_destroy(pair.world);
}

static void ports_are_guarded_and_chosen(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_layer *udp = udp_of(pair.a);
    struct udp_socket *first = open_port(pair.a, 53), *socket;
    struct udp_socket_settings settings = {.local = {ip_of("192.0.2.1"), 53, 0}};
    assert_int_equal(udp_open(udp, &settings, &socket), IMP_IN_USE);
    assert_null(socket);
    settings.local = (struct endpoint){ip_of("192.0.2.77"), 54, 0};
    assert_int_equal(udp_open(udp, &settings, &socket), IMP_INVALID); /* not ours */
    settings.local = (struct endpoint){ip_of("192.0.2.1"), 54, 0};
    settings.remote = (struct endpoint){ip_of("2001:db8::2"), 54, 0};
    assert_int_equal(udp_open(udp, &settings, &socket), IMP_INVALID); /* two families */
    settings.local = (struct endpoint){0};
    settings.remote = (struct endpoint){ip_of("203.0.113.1"), 54, 0};
    assert_int_equal(udp_open(udp, &settings, &socket), IMP_UNREACHABLE);
    settings = (struct udp_socket_settings){.local = {ip_of("2001:db8::1"), 54, 0}};
    struct udp_socket *six, *four;
    assert_int_equal(udp_open(udp, &settings, &six), 0);
    settings.local = (struct endpoint){ip_of("0.0.0.0"), 54, 0}; /* another family: no conflict */
    assert_int_equal(udp_open(udp, &settings, &four), 0);
    udp_socket_close(six);
    udp_socket_close(four);
    struct endpoint local;
    struct udp_socket *chosen = open_at(pair.a, NULL, "[2001:db8::2]:9", false);
    udp_socket_local(chosen, &local);
    struct ip expected = ip_of("2001:db8::1");
    assert_true(ip_equal(&local.address, &expected));
    assert_in_range(local.port, PORTS_FIRST, PORTS_LAST);
    assert_ptr_equal(udp_socket_next(udp, NULL), first);
    assert_ptr_equal(udp_socket_next(udp, first), chosen);
    assert_null(udp_socket_next(udp, chosen));
    udp_socket_close(chosen);
    udp_socket_close(first);
    world_destroy(pair.world);
}

static void every_ephemeral_port_can_be_had_once(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_layer *udp = udp_of(pair.a);
    unsigned count = 0;
    static bool seen[65536];
    memset(seen, 0, sizeof seen);
    struct udp_socket_settings settings = {0};
    struct udp_socket *socket;
    int error;
    while ((error = udp_open(udp, &settings, &socket)) == 0) {
        struct endpoint local;
        udp_socket_local(socket, &local);
        assert_false(seen[local.port]);
        seen[local.port] = true;
        count++;
    }
    assert_int_equal(error, IMP_IN_USE);
    assert_int_equal(count, PORTS_LAST - PORTS_FIRST + 1);
    while ((socket = udp_socket_next(udp, NULL)) != NULL)
        udp_socket_close(socket);
    world_destroy(pair.world);
}

static void a_queue_ends_at_its_limit(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    unsigned changes = 0;
    struct udp_socket_settings settings = {.local.port = 9, .changed = note_change, .owner = &changes};
    struct udp_socket *server, *client = open_port(pair.a, 0);
    assert_int_equal(udp_open(udp_of(pair.b), &settings, &server), 0);
    char data[1000] = "";
    struct endpoint to = {.address = ip_of("192.0.2.2"), .port = 9};
    unsigned fit = LIMIT_UDP_RECEIVE_BYTES / (sizeof data + LIMIT_UDP_DATAGRAM_OVERHEAD);
    for (unsigned i = 0; i < fit + 5; i++) {
        assert_int_equal(udp_socket_send(client, data, sizeof data, &to), 0);
        world_run(pair.world, 10 * NS_PER_MS);
    }
    assert_int_equal(udp_socket_queued(server), fit * sizeof data);
    assert_int_equal(world_drops(pair.b, DROP_UDP_BUFFER_FULL), 5);
    assert_int_equal(changes, fit);
    assert_int_equal(udp_socket_receive(server, data, 10, NULL, NULL), sizeof data); /* the full length, cut to what fits */
    assert_int_equal(udp_socket_queued(server), (fit - 1) * sizeof data);
    udp_socket_close(server); /* with datagrams waiting: they must be released */
    udp_socket_close(client);
    world_run(pair.world, NS_PER_S);
    world_destroy(pair.world);
}

static void a_closed_port_refuses(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    static const char *const TO[] = {"192.0.2.2:9", "[2001:db8::2]:9"};
    for (unsigned i = 0; i < 2; i++) {
        struct udp_socket *connected = open_at(pair.a, NULL, TO[i], false), *loose = open_port(pair.a, 0);
        assert_int_equal(udp_socket_send(connected, "x", 1, NULL), 0);
        send_text(loose, TO[i], "x");
        world_run(pair.world, 2 * NS_PER_S);
        assert_int_equal(world_drops(pair.b, DROP_UDP_NO_SOCKET), 2 * (i + 1));
        assert_true(udp_socket_readable(connected));
        assert_int_equal(udp_socket_send(connected, "x", 1, NULL), IMP_REFUSED); /* given once */
        expect_nothing(connected);
        expect_nothing(loose);
        assert_int_equal(udp_socket_send(loose, "x", 1, NULL), IMP_INVALID); /* to whom? */
        udp_socket_close(connected);
        udp_socket_close(loose);
    }
    world_destroy(pair.world);
}

/* Hands a datagram to a's UDP as if it had come from b, with its checksum field and length as given. */
static void inject(struct stack *stack, const char *source, const char *destination, uint16_t checksum, uint16_t length,
                   bool right)
{
    struct packet_info info = {
        .source = ip_of(source), .destination = ip_of(destination), .protocol = PROTOCOL_UDP, .interface = 2};
    bool four = info.source.family == 4;
    struct frame *frame = frame_create(stack_node(stack)->engine, FRAME_HEADROOM, 12);
    struct writer writer = writer_of(frame_append(frame, 12), 12);
    udp_header_build(&writer, &(struct udp_header){1000, 99, length, checksum});
    writer_bytes(&writer, "data", 4);
    if (right)
        store_u16(frame->data + 6, checksum_finish(checksum_partial(
                                       frame->data, 12, stack_pseudo_sum(&info.source, &info.destination, PROTOCOL_UDP, 12))));
    uint32_t header = four ? 20 : 40;
    frame_push(frame, header); /* bytes of an IP header that nobody looks at, but which the mark needs */
    memset(frame->data, 0, header);
    frame->network = frame_mark(frame);
    frame_pull(frame, header);
    stack_deliver(stack, &info, frame);
}

static void checksums_are_looked_at(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket *socket = open_port(pair.a, 99);
    inject(pair.a, "192.0.2.2", "192.0.2.1", 0, 12, true);
    expect_text(socket, "data", NULL);
    inject(pair.a, "192.0.2.2", "192.0.2.1", 0, 12, false); /* none made: allowed in IPv4 */
    expect_text(socket, "data", NULL);
    inject(pair.a, "192.0.2.2", "192.0.2.1", 0x1234, 12, false);
    expect_nothing(socket);
    inject(pair.a, "2001:db8::2", "2001:db8::1", 0, 12, true);
    expect_text(socket, "data", NULL);
    inject(pair.a, "2001:db8::2", "2001:db8::1", 0, 12, false);
    expect_nothing(socket);
    assert_int_equal(world_drops(pair.a, DROP_UDP_CHECKSUM), 2);
    inject(pair.a, "192.0.2.2", "192.0.2.1", 0, 13, false); /* longer than the packet */
    inject(pair.a, "192.0.2.2", "192.0.2.1", 0, 7, false);
    expect_nothing(socket);
    assert_int_equal(world_drops(pair.a, DROP_UDP_MALFORMED), 2);
    inject(pair.a, "192.0.2.2", "192.0.2.1", 0, 9, false); /* shorter: the rest is not data */
    expect_text(socket, "d", NULL);
    udp_socket_close(socket);
    world_destroy(pair.world);
}

static void a_node_can_talk_to_itself(void **state)
{
    (void)state;
    struct pair pair = pair_create();
    struct udp_socket *server = open_port(pair.a, 9), *client = open_port(pair.a, 0);
    static const char *const TO[] = {"127.0.0.1:9", "[::1]:9", "192.0.2.1:9", "[2001:db8::1]:9"};
    for (unsigned i = 0; i < 4; i++) {
        send_text(client, TO[i], "me");
        world_run(pair.world, NS_PER_MS);
        expect_text(server, "me", NULL);
    }
    udp_socket_close(server);
    udp_socket_close(client);
    world_destroy(pair.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_format_goes_round),
        cmocka_unit_test(echo_over_both_families),
        cmocka_unit_test(large_datagrams_travel_in_fragments),
        cmocka_unit_test(the_most_specific_socket_gets_it),
        cmocka_unit_test(groups_reach_every_socket),
        cmocka_unit_test(broadcast_must_be_allowed),
        cmocka_unit_test(ports_are_guarded_and_chosen),
        cmocka_unit_test(every_ephemeral_port_can_be_had_once),
        cmocka_unit_test(a_queue_ends_at_its_limit),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(checksums_are_looked_at),
        cmocka_unit_test(a_node_can_talk_to_itself),
    };
    return cmocka_run_group_tests_name("transport/udp", tests, NULL, NULL);
}
