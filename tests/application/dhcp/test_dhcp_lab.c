/* DHCP between real nodes, in virtual time: a lease from its first Discover to its end, and everything that can come between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "engine/event.h"
#include "engine/node.h"
#include "internet/config.h"
#include "lab/lab.h"
#include "net/net_config.h"

static struct lab *lab;
static struct world *world;
static struct fault_list faults;

/* Counts the events of each name. */
static struct {
    struct observer observer;
    struct {
        const char *name;
        unsigned count;
    } seen[64];
    unsigned names;
} counter;

static void count_event(struct observer *observer, const struct event *event)
{
    (void)observer;
    for (unsigned i = 0; i < counter.names; i++) {
        if (strcmp(counter.seen[i].name, event->type->name) == 0) {
            counter.seen[i].count++;
            return;
        }
    }
    if (counter.names < count_of(counter.seen)) {
        counter.seen[counter.names].name = event->type->name;
        counter.seen[counter.names++].count = 1;
    }
}

static unsigned seen(const char *name)
{
    for (unsigned i = 0; i < counter.names; i++)
        if (strcmp(counter.seen[i].name, name) == 0)
            return counter.seen[i].count;
    return 0;
}

static void begin(const char *nodes)
{
    struct text file = {0}, error = {0};
    text_format(&file, "lab: dhcp\nnodes:\n  sw: { kind: switch }\n%s", nodes);
    memset(&counter, 0, sizeof counter);
    counter.observer.event = count_event;
    struct world_options options = {.observers = {&counter.observer}};
    if (lab_load_bytes("dhcp.yaml", file.data, file.length, &faults, &lab))
        fail_msg("%s", faults.faults[0].text);
    if (world_create(lab, &options, &error, &world))
        fail_msg("%s", text_string(&error));
    text_free(&file);
    text_free(&error);
}

static int end(void **state)
{
    (void)state;
    struct world_leaks leaks;
    world_destroy(world, &leaks);
    assert_int_equal(leaks.frames, 0);
    assert_int_equal(leaks.tasks, 0);
    lab_free(lab);
    fault_list_free(&faults);
    faults = (struct fault_list){0};
    return 0;
}

static void run_to(int64_t seconds) { (void)world_run(world, (struct instant){seconds * NS_PER_S}, NULL, NULL); }

/* The IPv4 address that a node has from DHCP, as text; "" for none. */
static const char *address_of(const char *node)
{
    static char text[IP_TEXT_BYTES];
    struct net *net = world_net(world, node);
    struct address_info info;
    for (size_t at = 0; net && net_address_next(net, &at, &info) == 0;)
        if (info.origin == ADDRESS_DHCP)
            return ip_print(&info.prefix.address, text, sizeof text);
    return "";
}

static bool has_default_route(const char *node)
{
    struct net *net = world_net(world, node);
    struct route_info route;
    for (size_t at = 0; net_route_next(net, &at, &route) == 0;)
        if (route.origin == ROUTE_DHCP && route.destination.length == 0 && route.destination.address.family == 4)
            return true;
    return false;
}

#define HOME(lease)                                                                                                            \
    "  home:\n    kind: router\n    ports: { lan: { address: 192.168.1.1/24 } }\n    services:\n"                              \
    "      dhcp-server: { port: lan, range: 192.168.1.100-192.168.1.110, lease: " lease ", dns: 192.168.1.1, domain: home }\n"
#define WIRES "wires: [ laptop - sw, sw - home.lan ]\n"

static void a_laptop_gets_all_that_it_needs(void **state)
{
    (void)state;
    begin("  laptop: { kind: host }\n" HOME("12h") WIRES);
    run_to(2);
    assert_string_equal(address_of("laptop"), "192.168.1.100");
    assert_true(has_default_route("laptop"));
    const struct resolver_config *resolver = net_resolver(world_net(world, "laptop"));
    assert_int_equal(resolver->server_count, 1);
    assert_string_equal(resolver->search, "home");
    assert_int_equal(seen("dhcp-discover"), 1);
    assert_int_equal(seen("dhcp-offer"), 1);
    assert_int_equal(seen("dhcp-request"), 1);
    assert_int_equal(seen("dhcp-ack"), 1);
    assert_int_equal(seen("dhcp-bound"), 1);
    assert_true(list_empty(&world_node(world, "laptop")->tasks)); /* a bound client costs no task */
}

static void a_lease_is_renewed_again_and_again(void **state)
{
    (void)state;
    begin("  laptop: { kind: host }\n" HOME("60s") WIRES);
    run_to(300); /* at half of each minute */
    assert_in_range(seen("dhcp-bound"), 9, 11);
    assert_int_equal(seen("dhcp-discover"), 1);
    assert_int_equal(seen("dhcp-lost"), 0);
    assert_string_equal(address_of("laptop"), "192.168.1.100");
}

static void without_its_server_a_lease_ends(void **state)
{
    (void)state;
    struct text error = {0};
    begin("  laptop: { kind: host }\n" HOME("1h") WIRES);
    run_to(10);
    assert_int_equal(world_power(world, "home", false, &error), 0);
    run_to(3500);
    assert_string_equal(address_of("laptop"), "192.168.1.100");
    assert_true(seen("dhcp-request") >= 4); /* renewing, then asking all */
    run_to(3700);
    assert_string_equal(address_of("laptop"), "");
    assert_false(has_default_route("laptop"));
    assert_int_equal(seen("dhcp-lost"), 1);
    unsigned discovers = seen("dhcp-discover");
    assert_true(discovers >= 2);
    assert_int_equal(world_power(world, "home", true, &error), 0);
    run_to(4000); /* it asks for what it had, and gets it */
    assert_string_equal(address_of("laptop"), "192.168.1.100");
    text_free(&error);
}

static void a_server_that_forgot_lets_its_clients_stay(void **state)
{
    (void)state;
    struct text error = {0};
    begin("  laptop: { kind: host }\n" HOME("10m") WIRES);
    run_to(10);
    assert_int_equal(world_power(world, "home", false, &error), 0);
    run_to(20);
    assert_int_equal(world_power(world, "home", true, &error), 0);
    run_to(1200);
    assert_string_equal(address_of("laptop"), "192.168.1.100");
    assert_int_equal(seen("dhcp-lost"), 0);
    assert_int_equal(seen("dhcp-discover"), 1);
    text_free(&error);
}

static void an_address_in_use_is_declined(void **state)
{
    (void)state;
    begin("  squatter: { kind: host, ports: { eth0: { address: 192.168.1.100/24 } } }\n"
          "  laptop: { kind: host }\n" HOME("12h") "wires: [ laptop - sw, sw - home.lan, squatter - sw ]\n");
    run_to(20);
    assert_int_equal(seen("dhcp-conflict"), 1);
    assert_int_equal(seen("dhcp-decline"), 1);
    assert_string_equal(address_of("laptop"), "192.168.1.101");
}

static void many_clients_get_an_address_each(void **state)
{
    (void)state;
    begin("  h[1-12]: { kind: host }\n" HOME("12h") "wires: [ 'h[1-12] - sw', sw - home.lan ]\n");
    run_to(30);
    unsigned with = 0;
    char name[8];
    for (int i = 1; i <= 12; i++) {
        snprintf(name, sizeof name, "h%d", i);
        with += *address_of(name) != 0;
    }
    assert_int_equal(with, 11); /* the range has no more: the twelfth goes on asking */
    assert_true(seen("dhcp-discover") > 12);
}

static void a_reservation_by_name(void **state)
{
    (void)state;
    begin(
        "  laptop: { kind: host }\n"
        "  home:\n    kind: router\n    ports: { lan: { address: 192.168.1.1/24 } }\n    services:\n"
        "      dhcp-server: { port: lan, range: 192.168.1.100-192.168.1.110, reservations: { laptop: 192.168.1.7 } }\n" WIRES);
    run_to(2);
    assert_string_equal(address_of("laptop"), "192.168.1.7");
}

static void nobody_answers(void **state)
{
    (void)state;
    begin("  laptop: { kind: host }\n  other: { kind: host, ports: { eth0: { address: 192.168.1.2/24 } } }\nwires: [ laptop - "
          "sw, sw - other ]\n");
    assert_true(world_settle(world)); /* it gave up waiting, not asking */
    assert_string_equal(address_of("laptop"), "");
    unsigned before = seen("dhcp-discover");
    run_to(200);
    assert_true(seen("dhcp-discover") > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_laptop_gets_all_that_it_needs, end),
        cmocka_unit_test_teardown(a_lease_is_renewed_again_and_again, end),
        cmocka_unit_test_teardown(without_its_server_a_lease_ends, end),
        cmocka_unit_test_teardown(a_server_that_forgot_lets_its_clients_stay, end),
        cmocka_unit_test_teardown(an_address_in_use_is_declined, end),
        cmocka_unit_test_teardown(many_clients_get_an_address_each, end),
        cmocka_unit_test_teardown(a_reservation_by_name, end),
        cmocka_unit_test_teardown(nobody_answers, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
