/* The conformance suite of net.h in a lab: two nodes on one wire. */
#include "conformance.c"

#include "engine/wire.h"
#include "internet/config.h"
#include "net/net_config.h"
#include "net/net_lab.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

static void lab_run(struct world *world, int64_t limit_ns)
{
    if (world->running)
        engine_run(world->engine, instant_add(engine_now(world->engine), limit_ns * 4)); /* virtual time costs nothing */
}

static void lab_stop(struct world *world) { engine_stop(world->engine); }
static void lab_power_off(struct world *world, struct net *net)
{
    (void)world;
    node_power_off(net_node(net));
}

static struct net *node_net(struct engine *engine, const char *name, const char *address4, const char *second4,
                            const char *address6)
{
    struct node *node = node_create(engine, name);
    struct stack *stack = stack_create(node, &(struct stack_settings){0});
    struct interface *interface = stack_interface_add(stack, port_create(node, "eth0"), MAC_NONE, ETHERNET_MTU);
    const char *texts[] = {address4, second4, address6};
    udp_create(stack);
    tcp_create(stack);
    for (unsigned i = 0; i < 3; i++) {
        struct address_info address = {.interface = interface->index,
                                       .origin = ADDRESS_STATIC,
                                       .preferred_until = INSTANT_NEVER,
                                       .valid_until = INSTANT_NEVER};
        assert_int_equal(prefix_parse(texts[i], &address.prefix), 0);
        assert_int_equal(stack_address_add(stack, &address), 0);
    }
    return net_lab_create(node);
}

static struct world *world_create(void)
{
    struct world *world = memory_take_zeroed(1, sizeof(*world));
    struct wire_settings settings = {.rate_bps = 1000000000, .delay_ns = 200 * NS_PER_US};
    world->engine = engine_create(1);
    world->is_lab = true;
    world->client = node_net(world->engine, "client", "192.0.2.1/24", "192.0.2.3/24", "2001:db8::1/64");
    world->server = node_net(world->engine, "server", "192.0.2.2/24", "192.0.2.4/24", "2001:db8::2/64");
    wire_create(port_find(net_node(world->client), "eth0"), port_find(net_node(world->server), "eth0"), "wire", &settings,
                &settings);
    assert_int_equal(ip_parse("192.0.2.2", &world->address4), 0);
    assert_int_equal(ip_parse("192.0.2.4", &world->second4), 0);
    assert_int_equal(ip_parse("2001:db8::2", &world->address6), 0);
    world->run = lab_run;
    world->stop = lab_stop;
    world->power_off = lab_power_off;
    engine_run(world->engine, (struct instant){5 * NS_PER_S}); /* duplicate address detection */
    return world;
}

static void node_end(struct net *net)
{
    struct node *node = net_node(net);
    struct stack *stack = stack_of(node);
    node_power_off(node);
    net_lab_destroy(net);
    assert_null(net_lab_of(node));
    tcp_destroy(tcp_of(stack));
    udp_destroy(udp_of(stack));
}

static void world_destroy(struct world *world)
{
    node_end(world->client);
    node_end(world->server);
    assert_int_equal(engine_counts(world->engine).tasks_alive, 0);
    engine_destroy(world->engine);
    memory_free(world);
}

/* What only this world promises: nothing is copied, so the connection holds the block; and a head that goes with a body makes no segment of
 * its own. */
static void thrifty_client(struct world *world)
{
    struct stream stream = test_dial(world);
    struct socket_inside inside;
    struct block *block = block_filled(10000);
    uint8_t byte;
    assert_int_equal(net_stream_inside(stream, &inside), 0);
    uint32_t mss = inside.mss_bytes;
    assert_int_equal(stream_write_more(stream, "head", 4, in_ms(world, 1000)), 0);
    assert_int_equal(net_sleep(world->client, in_ms(world, 50)), 0);
    assert_int_equal(net_stream_inside(stream, &inside), 0);
    assert_int_equal(inside.data_segments_sent, 0);
    assert_int_equal(stream_lend(stream, block, 0, block->capacity, in_ms(world, 1000)), 0);
    assert_true(block->refs > 1);
    assert_int_equal(stream_finish(stream), 0);
    assert_int_equal(stream_read(stream, &byte, 1, in_ms(world, 1000)), 0);
    assert_int_equal(net_stream_inside(stream, &inside), 0);
    assert_int_equal(inside.data_segments_sent, (4 + block->capacity + mss - 1) / mss);
    assert_int_equal(stream_close(stream), 0);
    assert_int_equal(block->refs, 1);
    block_release(block);
}

static void thrifty_server(struct world *world)
{
    static uint8_t got[10004];
    struct stream stream = test_accept(world);
    assert_int_equal(stream_read_all(stream, got, sizeof got, in_ms(world, 5000)), 0);
    assert_int_equal(stream_close(stream), 0);
}

static void test_thrifty(struct world *world) { test_both(world, thrifty_server, thrifty_client); }

/* The ports that are chosen from, and how large a buffer and a backlog may be, are a node's settings; all by their Linux names. */
static void settings_client(struct world *world)
{
    struct net *net = world->client;
    struct stream streams[3];
    struct endpoint local;
    struct udp udp;
    struct socket_info info;
    size_t at = 0;
    char text[SYSCTL_TEXT_BYTES];
    struct dial_options wide = {.stream = {.buffer_bytes = 1 << 20}};
    assert_int_equal(net_sysctl_get(net, "net.ipv4.ip_local_port_range", text, sizeof text), 0);
    assert_string_equal(text, "32768\t60999");
    assert_int_equal(net_sysctl_set(net, "net.ipv4.ip_local_port_range", "40000 40002"), 0);
    assert_int_equal(net_sysctl_set(net, "net.ipv4.ip_local_reserved_ports", "1-3,40001"), 0);
    assert_int_equal(net_sysctl_get(net, "net.ipv4.ip_local_reserved_ports", text, sizeof text), 0);
    assert_string_equal(text, "1-3,40001");
    assert_int_equal(net_sysctl_set(net, "net.ipv4.ip_local_port_range", "5 4"), IMP_INVALID);
    assert_int_equal(net_sysctl_set(net, "net.ipv4.ip_local_port_range", "0 4"), IMP_INVALID);
    assert_int_equal(net_sysctl_set(net, "net.ipv4.ip_local_port_range", "5"), IMP_MALFORMED);
    assert_int_equal(net_sysctl_set(net, "net.ipv4.ip_local_reserved_ports", "5;6"), IMP_MALFORMED);
    assert_int_equal(net_sysctl_set(net, "net.core.wmem_max", "300000"), 0);
    unsigned seen = 0;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(net_dial(net, &world->at, &wide, in_ms(world, 1000), &streams[i]), 0);
        assert_int_equal(stream_local(streams[i], &local), 0);
        assert_true(local.port == 40000 || local.port == 40002);
        seen += local.port;
    }
    assert_int_equal(seen, 80002);
    assert_int_equal(net_dial(net, &world->at, &wide, in_ms(world, 1000), &streams[2]), IMP_IN_USE); /* both are taken */
    assert_int_equal(net_udp(net, &(struct udp_options){.local = {.port = 0}}, &udp), 0);
    assert_int_equal(udp_local(udp, &local), 0);
    assert_true(local.port == 40000 || local.port == 40002);
    while (net_socket_next(net, &at, &info) == 0)
        if (info.protocol == 6) {
            assert_int_equal(info.send_buffer_bytes, 300000);
            assert_int_equal(info.receive_buffer_bytes, 212992);
        }
    assert_int_equal(udp_close(udp), 0);
    assert_int_equal(stream_close(streams[0]), 0);
    assert_int_equal(stream_close(streams[1]), 0);
}

static void test_settings(struct world *world)
{
    struct socket_info info;
    size_t at = 0;
    assert_int_equal(net_sysctl_set(world->server, "net.core.somaxconn", "7"), 0);
    test_listen(world);
    assert_int_equal(net_socket_next(world->server, &at, &info), 0);
    assert_int_equal(info.send_queue, 7);
    world_start(world, world->client, settings_client);
    world_finish(world);
}

static void settings_bound_sockets(void **state) { conform(state, test_settings); }

static void lending_copies_nothing(void **state) { conform(state, test_thrifty); }

int main(void)
{
    static const struct CMUnitTest OWN_TESTS[] = {cmocka_unit_test(lending_copies_nothing),
                                                  cmocka_unit_test(settings_bound_sockets)};
    int failed = cmocka_run_group_tests_name("net in a lab", CONFORMANCE_TESTS, NULL, NULL);
    return failed + cmocka_run_group_tests_name("only in a lab", OWN_TESTS, NULL, NULL);
}
