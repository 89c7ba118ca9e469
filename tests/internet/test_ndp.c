/* Neighbour discovery and autoconfiguration between real nodes: addresses made, tested, deprecated and lost; routers found, lost and
 * replaced; and what must not be believed. */
#include "world6_look.h"

#include "link/switch.h"

struct lan { /* two hosts, each on a link of its own with the router */
    struct world *world;
    struct stack *h, *r, *k;
};

static const struct advertise_settings ADVERTISE = {.enabled = true};

static struct lan lan_create(uint64_t seed)
{
    struct lan lan = {.world = world_create(seed)};
    lan.h = world_node(lan.world, "h", false);
    lan.r = world_node(lan.world, "r", true);
    lan.k = world_node(lan.world, "k", false);
    world_wire(lan.h, lan.r, 1500);
    world_wire(lan.r, lan.k, 1500);
    world_address(lan.r, 2, "2001:db8:1::1/64");
    world_address(lan.r, 3, "2001:db8:2::1/64");
    return lan;
}

static struct address_info slaac_address(struct stack *stack)
{
    struct address_info info;
    assert_true(world_find_address(stack, 2, ADDRESS_SLAAC, 6, &info));
    return info;
}

static bool has_slaac_address(struct stack *stack)
{
    struct address_info info;
    return world_find_address(stack, 2, ADDRESS_SLAAC, 6, &info);
}

/* The metric of the default route by a gateway; 0: there is none. */
static uint32_t default_route_metric(struct stack *stack, const char *gateway)
{
    struct route_info route;
    for (size_t at = 0; stack_route_info(stack, &at, &route) == 0;)
        if (route.destination.address.family == 6 && route.destination.length == 0 && route.origin == ROUTE_RA) {
            struct ip ip = gateway ? ip_of(gateway) : route.gateway;
            if (ip_equal(&ip, &route.gateway))
                return route.metric;
        }
    return 0;
}

static void a_link_without_routers_settles(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1500);
    assert_false(stack_settled(h));
    world_settle(world);
    assert_in_range(engine_now(world->engine).ns, 13 * NS_PER_S, 14 * NS_PER_S + NS_PER_S / 10);
    assert_int_equal(world_count(world, h, "router-solicitation"), 3);
    assert_int_equal(world_count(world, h, "dad-probe"), 1);
    assert_int_equal(world_count(world, k, "dad-done"), 1);
    struct ip local = world_link_local(k, 2);
    assert_true(stack_is_local(k, &local) && !stack_is_local(h, &local));
    world_destroy(world);
}

static void told_dns(void *context, const struct ip *servers, unsigned count)
{
    unsigned *seen = context;
    *seen = count ? 100 * count + servers[0].b[15] : 0;
}

static void run_slaac(char digest[33])
{
    struct lan lan = lan_create(5);
    struct advertise_settings settings = {.enabled = true, .dns = {ip_of("2001:db8:1::53")}, .interval_ns = 10 * NS_PER_S};
    assert_int_equal(stack_advertise(lan.r, 2, &settings), 0);
    assert_int_equal(stack_advertise(lan.r, 3, &ADVERTISE), 0);
    unsigned dns = 0;
    stack_on_advertised_dns(lan.h, told_dns, &dns);
    world_settle(lan.world);
    world_run(lan.world, 3 * NS_PER_S);
    struct address_info h = slaac_address(lan.h), k = slaac_address(lan.k);
    struct prefix prefix;
    assert_int_equal(prefix_parse("2001:db8:1::/64", &prefix), 0);
    assert_true(prefix_contains(&prefix, &h.prefix.address));
    struct ip local = world_link_local(lan.h, 2);
    assert_memory_equal(local.b + 8, h.prefix.address.b + 8, 8); /* the same identifier */
    assert_int_equal(h.state, ADDRESS_PREFERRED);
    assert_int_equal(h.prefix.length, 64);
    assert_int_equal(dns, 100 + 0x53);
    assert_int_equal(default_route_metric(lan.h, NULL), 1024);
    assert_int_equal(world_count(lan.world, lan.h, "slaac-address"), 1);
    assert_int_equal(world_count(lan.world, lan.h, "router-found"), 1);
    assert_true(world_count(lan.world, lan.r, "router-advertisement") > 0);

    struct ear ear;
    ear_open(&ear, lan.h);
    char text[IP_TEXT_BYTES];
    assert_int_equal(world_ping(lan.h, ip_print(&k.prefix.address, text, sizeof text), 0, 32, 0), 0);
    world_run(lan.world, NS_PER_S);
    assert_int_equal(ear.last.type, ICMPV6_ECHO_REPLY);
    assert_true(ip_equal(&ear.info.source, &k.prefix.address) && ip_equal(&ear.info.destination, &h.prefix.address));
    stack_icmp_unlisten(&ear.listener);

    struct udp_socket_settings at_k = {.local.port = 7}, at_h = {.remote = {k.prefix.address, 7, 0}};
    struct udp_socket *server, *client;
    assert_int_equal(udp_open(udp_of(lan.k), &at_k, &server), 0);
    assert_int_equal(udp_open(udp_of(lan.h), &at_h, &client), 0);
    assert_int_equal(udp_socket_send(client, "echo", 4, NULL), 0);
    world_run(lan.world, NS_PER_S);
    struct endpoint from;
    char data[8];
    assert_int_equal(udp_socket_receive(server, data, sizeof data, &from, NULL), 4);
    assert_int_equal(udp_socket_send(server, data, 4, &from), 0);
    world_run(lan.world, NS_PER_S);
    assert_int_equal(udp_socket_receive(client, data, sizeof data, &from, NULL), 4);
    udp_socket_close(server);
    udp_socket_close(client);
    world_run(lan.world, 100 * NS_PER_S);
    assert_int_equal(dns, 100 + 0x53); /* refreshed in time */
    engine_digest(lan.world->engine, digest);
    world_destroy(lan.world);
}

static void hosts_configure_themselves_the_same_way_each_time(void **state)
{
    (void)state;
    char one[33], two[33];
    run_slaac(one);
    run_slaac(two);
    assert_string_equal(one, two);
}

static enum address_state state_of(struct stack *stack, const char *address)
{
    struct address_info info;
    struct ip ip = ip_of(address);
    for (size_t at = 0; stack_address_info(stack, &at, &info) == 0;)
        if (ip_equal(&info.prefix.address, &ip))
            return info.state;
    fail_msg("no address %s", address);
    return ADDRESS_DUPLICATE;
}

static void a_newcomer_does_not_get_a_taken_address(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1500);
    world_address(h, 2, "2001:db8::7/64");
    world_settle(world);
    world_address(k, 2, "2001:db8::7/64");
    assert_false(stack_settled(k));
    world_settle(world);
    assert_int_equal(state_of(h, "2001:db8::7"), ADDRESS_PREFERRED);
    assert_int_equal(state_of(k, "2001:db8::7"), ADDRESS_DUPLICATE);
    assert_int_equal(world_count(world, k, "dad-conflict"), 1);
    assert_int_equal(world_count(world, h, "dad-conflict"), 0);
    struct ip address = ip_of("2001:db8::7");
    assert_false(stack_is_local(k, &address));
    assert_int_equal(world_ping(k, "2001:db8::7", 2, 8, 0), 0); /* it can even talk to the owner */
    world_run(world, NS_PER_S);
    assert_int_equal(world_count(world, h, "icmpv6-echo-reply"), 1);
    struct prefix prefix;
    assert_int_equal(prefix_parse("2001:db8::7/64", &prefix), 0);
    assert_int_equal(stack_address_remove(k, 2, &prefix), 0);
    world_destroy(world);
}

static void two_who_probe_at_once_both_give_way(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1500);
    world_settle(world);
    world_address(h, 2, "2001:db8::7/64");
    struct ndp_message probe = {.type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = ip_of("2001:db8::7")};
    world_inject_ndp(h, "fe80::77", "ff02::1:ff00:7", &probe, 255); /* a question, not a probe: no conflict */
    assert_int_equal(state_of(h, "2001:db8::7"), ADDRESS_TENTATIVE);
    world_inject_ndp(h, "::", "ff02::1:ff00:7", &probe, 255);
    assert_int_equal(state_of(h, "2001:db8::7"), ADDRESS_DUPLICATE);
    world_run(world, 5 * NS_PER_S);
    assert_int_equal(state_of(h, "2001:db8::7"), ADDRESS_DUPLICATE);
    world_address(h, 2, "2001:db8::8/64"); /* and by an advertisement */
    struct ndp_message answer = {.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = ip_of("2001:db8::8"), .override = true};
    world_inject_ndp(h, "2001:db8::8", "ff02::1", &answer, 255);
    assert_int_equal(state_of(h, "2001:db8::8"), ADDRESS_DUPLICATE);
    world_destroy(world);
}

static struct ndp_message advertisement_of(uint32_t valid_s, uint32_t preferred_s)
{
    struct ndp_message message = {.type = ICMPV6_ROUTER_ADVERTISEMENT, .router_lifetime_s = 1800, .prefix_count = 1};
    message.prefixes[0] =
        (struct ndp_prefix){.on_link = true, .autonomous = true, .valid_s = valid_s, .preferred_s = preferred_s};
    assert_int_equal(prefix_parse("2001:db8:9::/64", &message.prefixes[0].prefix), 0);
    return message;
}

static void lifetimes_run_out(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    world_settle(lan.world);
    struct ndp_message message = advertisement_of(40, 20);
    message.router_lifetime_s = 30;
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    world_run(lan.world, 3 * NS_PER_S);
    assert_int_equal(slaac_address(lan.h).state, ADDRESS_PREFERRED);
    assert_int_equal(default_route_metric(lan.h, "fe80::9"), 1024);
    struct ip there = ip_of("2001:db8:9::77");
    struct route_info route;
    assert_int_equal(stack_route_get(lan.h, &there, &route), 0);
    assert_int_equal(route.gateway.family, 0); /* on link */
    world_run(lan.world, 18 * NS_PER_S);
    assert_int_equal(slaac_address(lan.h).state, ADDRESS_DEPRECATED);
    world_run(lan.world, 10 * NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 0);
    assert_int_equal(world_count(lan.world, lan.h, "router-lost"), 1);
    world_run(lan.world, 10 * NS_PER_S);
    assert_false(has_slaac_address(lan.h));
    assert_int_equal(stack_route_get(lan.h, &there, &route), IMP_UNREACHABLE);
    world_destroy(lan.world);
}

/* RFC 4862 section 5.5.3 e. */
static void nobody_can_cut_a_life_to_less_than_two_hours(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    world_settle(lan.world);
    struct ndp_message message = advertisement_of(30 * 3600, 3600);
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    world_run(lan.world, 3 * NS_PER_S);
    static const struct {
        uint32_t told_s, expected_s;
    } CASES[] = {{3 * 3600, 3 * 3600}, {60, 2 * 3600}, {0, 2 * 3600}, {2 * 3600 + 1, 2 * 3600 + 1}, {NDP_LIFETIME_INFINITE, 0}};
    for (size_t i = 0; i < count_of(CASES); i++) {
        message = advertisement_of(CASES[i].told_s, 0);
        world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
        struct address_info info = slaac_address(lan.h);
        struct instant expected =
            CASES[i].expected_s ? instant_add(engine_now(lan.world->engine), CASES[i].expected_s * NS_PER_S) : INSTANT_NEVER;
        assert_int_equal(info.valid_until.ns, expected.ns);
        assert_int_equal(info.state, ADDRESS_DEPRECATED);
    }
    message = advertisement_of(7200, 7200);
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    assert_int_equal(slaac_address(lan.h).state, ADDRESS_PREFERRED);
    world_destroy(lan.world);
}

static void prefixes_that_make_no_address(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    world_settle(lan.world);
    struct ndp_message message = advertisement_of(0, 0); /* valid for no time */
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    message = advertisement_of(10, 20); /* preferred longer than valid */
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    message = advertisement_of(100, 50);
    message.prefixes[0].prefix.length = 48;
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    message = advertisement_of(100, 50);
    message.prefixes[0].autonomous = false;
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    message = advertisement_of(100, 50);
    message.prefixes[0].prefix.address = ip_of("fe80::");
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    assert_false(has_slaac_address(lan.h));
    struct lan other = lan; /* a router listens to nobody */
    message = advertisement_of(100, 50);
    world_inject_ndp(other.r, "fe80::9", "ff02::1", &message, 255);
    assert_false(has_slaac_address(other.r));
    assert_int_equal(default_route_metric(other.r, NULL), 0);
    world_destroy(lan.world);
}

static void what_a_router_says_of_the_link_is_heard(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    world_settle(lan.world);
    struct ndp_message message = advertisement_of(1000, 500);
    message.mtu = 1400;
    message.hop_limit = 33;
    message.dns[0] = ip_of("fd00::53");
    message.dns_count = 1;
    message.dns_lifetime_s = 20;
    unsigned dns = 7;
    stack_on_advertised_dns(lan.h, told_dns, &dns);
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    world_run(lan.world, 3 * NS_PER_S);
    assert_int_equal(dns, 100 + 0x53);
    struct ip there = ip_of("2001:db8:9::77");
    struct path path;
    assert_int_equal(stack_path(lan.h, &there, 0, &path), 0);
    assert_int_equal(path.mtu, 1400);
    assert_int_equal(ndp_hop_limit(stack_ip_interface(lan.h, 2)), 33);
    message.mtu = 1279; /* no IPv6 link is that narrow */
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 255);
    assert_int_equal(stack_path(lan.h, &there, 0, &path), 0);
    assert_int_equal(path.mtu, 1400);
    world_run(lan.world, 21 * NS_PER_S);
    assert_int_equal(dns, 0); /* they have run out */
    world_destroy(lan.world);
}

static void routers_come_and_go(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    assert_int_equal(stack_advertise(lan.r, 2, &ADVERTISE), 0);
    world_settle(lan.world);
    assert_int_equal(default_route_metric(lan.h, NULL), 1024);
    assert_int_equal(stack_advertise(lan.r, 2, &(struct advertise_settings){0}), 0); /* it says good-bye */
    world_run(lan.world, NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 0);
    assert_true(has_slaac_address(lan.h)); /* its prefix lives on */
    assert_int_equal(stack_advertise(lan.r, 2, &ADVERTISE), 0);
    world_run(lan.world, 4 * NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 1024);
    struct ndp_message answer = {
        .type = ICMPV6_NEIGHBOUR_ADVERTISEMENT, .target = world_link_local(lan.r, 2), .override = true};
    char text[IP_TEXT_BYTES];
    world_inject_ndp(lan.h, ip_print(&answer.target, text, sizeof text), "ff02::1", &answer,
                     255); /* the router flag is not set */
    assert_int_equal(default_route_metric(lan.h, NULL), 0);
    world_run(lan.world, 20 * NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 1024); /* the next advertisement has brought it back */
    stack_set_forwarding(lan.r, false);
    world_run(lan.world, 200 * NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 0);
    stack_set_forwarding(lan.r, true);
    world_run(lan.world, 200 * NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 1024);
    assert_int_equal(stack_advertise(lan.r, 9, &ADVERTISE), IMP_NOT_FOUND);
    assert_int_equal(stack_advertise(lan.r, 1, &ADVERTISE), IMP_INVALID);
    world_destroy(lan.world);
}

/* RFC 4861 section 6.2.1, AdvDefaultLifetime 0: its prefixes are taken, a default route is not. */
static void a_router_may_be_no_default_router(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    assert_int_equal(stack_advertise(lan.r, 2, &(struct advertise_settings){.enabled = true, .not_default = true}), 0);
    world_settle(lan.world);
    world_run(lan.world, 30 * NS_PER_S);
    assert_int_equal(slaac_address(lan.h).state, ADDRESS_PREFERRED);
    assert_int_equal(default_route_metric(lan.h, NULL), 0);
    assert_int_equal(world_count(lan.world, lan.h, "router-found"), 0);
    assert_true(world_count(lan.world, lan.r, "router-advertisement-none") > 0);
    assert_int_equal(world_count(lan.world, lan.r, "router-advertisement"), 0);
    world_destroy(lan.world);
}

static void advertisements_keep_their_distance(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    struct advertise_settings settings = {.enabled = true, .interval_ns = 12 * NS_PER_S};
    assert_int_equal(stack_advertise(lan.r, 2, &settings), 0);
    world_run(lan.world, 300 * NS_PER_S);
    int64_t last_ns = -1;
    unsigned count = 0;
    for (unsigned i = 0; i < lan.world->event_count; i++) {
        const struct world_event *event = &lan.world->events[i];
        if (strncmp(event->name, "router-advertisement", 20) != 0)
            continue;
        if (last_ns >= 0)
            assert_in_range(event->time.ns - last_ns, 3 * NS_PER_S, 12 * NS_PER_S);
        last_ns = event->time.ns;
        count++;
    }
    assert_in_range(count, 300 / 12, 300 / 4 + 2);
    world_destroy(lan.world);
}

/* A host between two routers: when the one it uses falls silent, it takes the other. */
static void a_silent_router_is_replaced(void **state)
{
    (void)state;
    struct world *world = world_create(21);
    struct node *hub = node_create(world->engine, "sw");
    struct stack *h = world_node(world, "h", false),
                 *stacks[3] = {h, world_node(world, "r1", true), world_node(world, "r2", true)};
    struct wire *wires[3];
    struct switch_device *device = switch_create(hub, NULL);
    for (unsigned i = 0; i < 3; i++) {
        struct port *port = port_create(stack_node(stacks[i]), "eth0");
        char name[8];
        (void)snprintf(name, sizeof name, "p%u", i);
        struct port *far = port_create(hub, name);
        stack_interface_add(stacks[i], port, MAC_NONE, 1500);
        struct wire_settings settings = {.delay_ns = 1000};
        switch_port_add(device, far);
        wires[i] = wire_create(port, far, name, &settings, &settings);
    }
    world_address(stacks[1], 2, "2001:db8:1::1/64");
    world_address(stacks[2], 2, "2001:db8:1::2/64");
    for (unsigned i = 1; i < 3; i++) {
        world_address(stacks[i], 1, "2001:db8:99::1/128"); /* something behind both */
        assert_int_equal(stack_advertise(stacks[i], 2, &ADVERTISE), 0);
    }
    world_settle(world);
    world_run(world, 20 * NS_PER_S);
    struct ip far = ip_of("2001:db8:99::1");
    struct route_info route;
    assert_int_equal(stack_route_get(h, &far, &route), 0);
    struct ip first = world_link_local(stacks[1], 2);
    unsigned used = ip_equal(&route.gateway, &first) ? 1 : 2;
    struct ear ear;
    ear_open(&ear, h);
    assert_int_equal(world_ping(h, "2001:db8:99::1", 0, 8, 0), 0);
    world_run(world, NS_PER_S);
    assert_int_equal(ear.count, 1);
    wire_set_up(wires[used], false);
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(world_ping(h, "2001:db8:99::1", 0, 8, 0), 0);
        world_run(world, NS_PER_S);
    }
    unsigned before = ear.count;
    assert_int_equal(world_ping(h, "2001:db8:99::1", 0, 8, 0), 0);
    world_run(world, NS_PER_S);
    assert_int_equal(ear.count, before + 1);
    assert_int_equal(stack_route_get(h, &far, &route), 0);
    struct ip other = world_link_local(stacks[3 - used], 2);
    assert_true(ip_equal(&route.gateway, &other));
    stack_icmp_unlisten(&ear.listener);
    world_destroy(world);
}

static void an_interface_starts_again(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    assert_int_equal(stack_advertise(lan.r, 2, &ADVERTISE), 0);
    world_settle(lan.world);
    struct ip address = slaac_address(lan.h).prefix.address;
    assert_int_equal(stack_interface_set_up(lan.h, 2, false), 0);
    assert_false(stack_is_local(lan.h, &address));
    assert_true(stack_settled(lan.h));
    world_run(lan.world, 10 * NS_PER_S);
    unsigned probes = world_count(lan.world, lan.h, "dad-probe");
    assert_int_equal(stack_interface_set_up(lan.h, 2, true), 0);
    assert_false(stack_settled(lan.h));
    world_settle(lan.world);
    assert_int_equal(world_count(lan.world, lan.h, "dad-probe"), probes + 2);
    assert_true(stack_is_local(lan.h, &address));
    world_run(lan.world, 4 * NS_PER_S);
    assert_int_equal(default_route_metric(lan.h, NULL), 1024);
    world_destroy(lan.world);
}

static void a_new_mac_is_announced(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1500);
    world_address(h, 2, "2001:db8::1/64");
    world_address(k, 2, "2001:db8::2/64");
    world_settle(world);
    struct ear ear;
    ear_open(&ear, h);
    assert_int_equal(world_ping(h, "2001:db8::2", 0, 8, 0), 0);
    world_run(world, NS_PER_S);
    struct mac mac = {{2, 9, 9, 9, 9, 9}};
    assert_int_equal(stack_interface_set_mac(k, 2, mac), 0);
    world_run(world, NS_PER_S);
    struct ip address = ip_of("2001:db8::2");
    struct neighbour_info info = {0};
    for (size_t at = 0; stack_neighbour_info(h, &at, &info) == 0;)
        if (ip_equal(&info.address, &address))
            break;
    assert_true(ip_equal(&info.address, &address) && mac_equal(info.mac, mac));
    assert_int_equal(world_ping(h, "2001:db8::2", 0, 8, 0), 0);
    world_run(world, NS_PER_S);
    assert_int_equal(ear.count, 2);
    stack_icmp_unlisten(&ear.listener);
    world_destroy(world);
}

static void invalid_messages_are_dropped_and_counted(void **state)
{
    (void)state;
    struct lan lan = lan_create(9);
    world_settle(lan.world);
    struct ndp_message message = advertisement_of(1000, 500);
    world_inject_ndp(lan.h, "fe80::9", "ff02::1", &message, 254); /* from beyond the link */
    world_inject_ndp(lan.h, "2001:db8:1::1", "ff02::1", &message, 255);
    struct ndp_message probe = {.type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = ip_of("2001:db8::7"), .has_source_link = true};
    world_inject_ndp(lan.h, "::", "ff02::1:ff00:7", &probe, 255);
    assert_int_equal(world_drops(lan.h, DROP_NDP_INVALID), 3);
    assert_false(has_slaac_address(lan.h));
    world_destroy(lan.world);
}

static void a_narrow_interface_speaks_no_ipv6(void **state)
{
    (void)state;
    struct world *world = world_create(1);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1000);
    world_settle(world);
    struct address_info info;
    assert_false(world_find_address(h, 2, ADDRESS_LINK_LOCAL, 6, &info));
    assert_int_equal(engine_now(world->engine).ns, 0);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_without_routers_settles),
        cmocka_unit_test(hosts_configure_themselves_the_same_way_each_time),
        cmocka_unit_test(a_newcomer_does_not_get_a_taken_address),
        cmocka_unit_test(two_who_probe_at_once_both_give_way),
        cmocka_unit_test(lifetimes_run_out),
        cmocka_unit_test(nobody_can_cut_a_life_to_less_than_two_hours),
        cmocka_unit_test(prefixes_that_make_no_address),
        cmocka_unit_test(what_a_router_says_of_the_link_is_heard),
        cmocka_unit_test(routers_come_and_go),
        cmocka_unit_test(a_router_may_be_no_default_router),
        cmocka_unit_test(advertisements_keep_their_distance),
        cmocka_unit_test(a_silent_router_is_replaced),
        cmocka_unit_test(an_interface_starts_again),
        cmocka_unit_test(a_new_mac_is_announced),
        cmocka_unit_test(invalid_messages_are_dropped_and_counted),
        cmocka_unit_test(a_narrow_interface_speaks_no_ipv6),
    };
    return cmocka_run_group_tests_name("internet/ndp", tests, NULL, NULL);
}
