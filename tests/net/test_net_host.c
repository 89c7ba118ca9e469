/* What only a host has: resolv.conf and hosts files, capabilities that are missing; and a stream on a stream. */
#include "world.h"

#include <unistd.h>

#include "host/files.h"
#include "host/loop.h"
#include "net/net_config.h"
#include "net/net_host.h"
#include "net/net_internal.h"

static struct engine *engine;
static struct loop *loop;
static struct net *net;

static int set_up(void **state)
{
    (void)state;
    engine = engine_create(1);
    loop = loop_create(engine);
    net = net_host_create(loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    net_host_destroy(net);
    loop_destroy(loop);
    engine_destroy(engine);
    return 0;
}

static void resolv_conf_is_read(void **state)
{
    (void)state;
    char text[IP_TEXT_BYTES];
    net_host_read_resolv_conf(
        net, "# comment\n\tnameserver 192.0.2.1 # one\nnameserver fe80::1%eth0\nnameserver\nnameserver 2001:db8::53\r\n"
             "domain old.example\nsearch first.example second.example\noptions ndots:5\n"
             "nameserver 192.0.2.3\nnameserver 192.0.2.4\n");
    const struct resolver_config *config = net_resolver(net);
    assert_int_equal(config->server_count, 3);
    assert_string_equal(ip_print(&config->servers[0].address, text, sizeof(text)), "192.0.2.1");
    assert_string_equal(ip_print(&config->servers[1].address, text, sizeof(text)), "2001:db8::53");
    assert_string_equal(ip_print(&config->servers[2].address, text, sizeof(text)), "192.0.2.3");
    assert_int_equal(config->servers[2].port, 53);
    assert_string_equal(config->search, "first.example");
    net_host_read_resolv_conf(net, "");
    assert_int_equal(config->server_count, 1);
    assert_true(ip_is_loopback(&config->servers[0].address));
    assert_string_equal(config->search, "");
}

static void hosts_are_read(void **state)
{
    (void)state;
    const struct resolver_config *config = net_resolver(net);
    unsigned before = config->host_count;
    net_host_read_hosts(net,
                        "192.0.2.9 nine.example nine # nobody\n#192.0.2.10 ten\nnonsense word\n2001:db8::9 nine\n192.0.2.11");
    assert_int_equal(config->host_count, before + 3);
    assert_string_equal(config->hosts[before].name, "nine.example");
    assert_string_equal(config->hosts[before + 1].name, "nine");
    assert_int_equal(config->hosts[before + 2].address.family, 6);
    for (unsigned i = 0; i < 2 * RESOLVER_HOSTS_MAX; i++)
        net_host_read_hosts(net, "192.0.2.9 more\n");
    assert_int_equal(config->host_count, RESOLVER_HOSTS_MAX);
}

static void resolver_settings_are_bounded(void **state)
{
    (void)state;
    struct endpoint servers[RESOLVER_SERVERS_MAX + 1] = {0};
    char name[NAME_BYTES_MAX + 1];
    memset(name, 'a', sizeof(name));
    name[NAME_BYTES_MAX] = '\0';
    assert_int_equal(net_resolver_set(net, servers, RESOLVER_SERVERS_MAX + 1, NULL), IMP_LIMIT);
    assert_int_equal(net_resolver_set(net, servers, 1, name), IMP_LIMIT);
    assert_int_equal(net_resolver_set(net, servers, 1, NULL), 0);
    assert_int_equal(net_resolver_host_add(net, name, &servers[0].address), IMP_INVALID);
}

static void missing_capabilities_are_told(void **state)
{
    (void)state;
    struct interface_info interface;
    struct route_info route;
    struct socket_info sockets;
    struct packet packet;
    size_t at = 0;
    assert_int_equal(net_interface_next(net, &at, &interface), IMP_UNSUPPORTED);
    assert_int_equal(net_interface_find(net, "lo", &interface), IMP_UNSUPPORTED);
    assert_int_equal(net_route_next(net, &at, &route), IMP_UNSUPPORTED);
    assert_int_equal(net_socket_next(net, &at, &sockets), IMP_UNSUPPORTED);
    assert_int_equal(net_packet(net, &(struct packet_options){0}, &packet), IMP_UNSUPPORTED);
}

/* ---- a stream on a stream: every byte is turned over on its way ---- */
static uint8_t turned[64];

static ssize_t turn_read(struct net_object *object, void *out, size_t capacity)
{
    struct net_object *below = ((struct net_stream_layer *)object)->below;
    ssize_t got = below->stream->read(below, out, capacity);
    for (ssize_t i = 0; i < got; i++)
        ((uint8_t *)out)[i] ^= 0xff;
    return got;
}

static ssize_t turn_write(struct net_object *object, const void *data, size_t length)
{
    struct net_object *below = ((struct net_stream_layer *)object)->below;
    if (length > sizeof(turned))
        length = sizeof(turned);
    for (size_t i = 0; i < length; i++)
        turned[i] = ((const uint8_t *)data)[i] ^ 0xff;
    return below->stream->write(below, turned, length);
}

static int turn_finish(struct net_object *object)
{
    struct net_object *below = ((struct net_stream_layer *)object)->below;
    return below->stream->finish(below);
}

static void turn_close(struct net_object *object, bool reset)
{
    net_stream_close_object(((struct net_stream_layer *)object)->below, reset);
}

static bool turn_readable(struct net_object *object)
{
    struct net_object *below = ((struct net_stream_layer *)object)->below;
    return below->stream->readable(below);
}

static const struct stream_ops TURN = {
    .read = turn_read, .write = turn_write, .finish = turn_finish, .close = turn_close, .readable = turn_readable};

static struct listener listener;

static void layer_body(struct net *unused, void *argument)
{
    (void)unused;
    (void)argument;
    struct endpoint at = {.address = ip4(0x7f000001)};
    struct stream client, server, plain;
    struct net_stream_layer *layer;
    uint8_t got[5];
    assert_int_equal(net_listen(net, &at, &listener), 0);
    assert_int_equal(listener_local(listener, &at), 0);
    assert_int_equal(net_dial(net, &at, NULL, INSTANT_NEVER, &plain), 0);
    assert_int_equal(listener_accept(listener, INSTANT_NEVER, &server), 0);
    assert_int_equal(net_stream_register(net, &TURN, sizeof(*layer), &plain, &layer, &client), 0);
    assert_int_equal(stream_close(plain), IMP_STALE); /* it belongs to the layer now */
    assert_int_equal(net_stream_register(net, &TURN, sizeof(*layer), &plain, &layer, &client), IMP_STALE);
    assert_int_equal(stream_write(client, "hello", 5, INSTANT_NEVER), 0);
    assert_int_equal(stream_read_all(server, got, 5, INSTANT_NEVER), 0);
    assert_int_equal(got[0], 'h' ^ 0xff);
    assert_int_equal(stream_read(client, got, 5, instant_add(net_now(net), 10 * NS_PER_MS)), IMP_TIMEOUT);
    assert_int_equal(stream_write(server, got, 5, INSTANT_NEVER), 0);
    struct wait_source source = wait_on(WAIT_READ, client);
    assert_int_equal(net_wait(net, &source, 1, instant_add(net_now(net), NS_PER_S)), 0); /* woken by the stream below */
    assert_int_equal(stream_read_all(client, got, 5, INSTANT_NEVER), 0);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(stream_finish(client), 0);
    assert_int_equal(stream_read(server, got, 1, INSTANT_NEVER), 0);
    /* The rest is left open: net_host_destroy() ends a layer and what is below it once each. */
    loop_stop(loop);
}

static void a_stream_may_stand_on_a_stream(void **state)
{
    (void)state;
    assert_int_equal(net_spawn(net, "layer", layer_body, NULL), 0);
    assert_int_equal(loop_run(loop, instant_add(loop_now(loop), 10 * NS_PER_S)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(resolv_conf_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hosts_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resolver_settings_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_capabilities_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_may_stand_on_a_stream, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
