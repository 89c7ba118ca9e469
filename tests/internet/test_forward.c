/* Routers: TTL, no route, MTU, path MTU discovery, rate limits, broadcasts, scopes; and the whole way by ICMP alone. */
#include "world.h"

#include "internet/fragment.h"

struct chain { /* a -- r1 -- r2 -- b */
    struct engine *engine;
    struct stack *a, *r1, *r2, *b;
    struct interface *middle; /* r1's towards r2 */
    struct wire *last;
    struct heard heard; /* at a */
};

static struct chain *chain_make(void)
{
    static struct chain c;
    c = (struct chain){.engine = engine_create(1)};
    c.a = host(c.engine, "a");
    c.r1 = router(c.engine, "r1");
    c.r2 = router(c.engine, "r2");
    c.b = host(c.engine, "b");
    struct interface *a = attach(c.a, "eth0", "10.1.0.2/24"), *r1a = attach(c.r1, "left", "10.1.0.1/24");
    c.middle = attach(c.r1, "right", "10.2.0.1/24");
    struct interface *r2a = attach(c.r2, "left", "10.2.0.2/24"), *r2b = attach(c.r2, "right", "10.3.0.1/24");
    struct interface *b = attach(c.b, "eth0", "10.3.0.2/24");
    join(a->port, r1a->port);
    join(c.middle->port, r2a->port);
    c.last = join(r2b->port, b->port);
    route(c.a, "0.0.0.0/0", "10.1.0.1");
    route(c.b, "0.0.0.0/0", "10.3.0.1");
    route(c.r1, "10.3.0.0/24", "10.2.0.2");
    route(c.r2, "10.1.0.0/24", "10.2.0.1");
    listen_icmp(c.a, &c.heard);
    return &c;
}

static void assert_from(const struct chain *c, const char *address)
{
    struct ip ip = ip_of(address);
    assert_true(ip_equal(&c->heard.from, &ip));
}

static void there_and_back(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    struct watch forwarded;
    watch_start(c->engine, &forwarded, "ip-forward", NULL);
    assert_int_equal(ping(c->a, "10.3.0.2", 1, 1000), 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.count, 1);
    assert_int_equal(c->heard.last.type, ICMP_ECHO_REPLY);
    assert_int_equal(c->heard.ttl, 62);
    assert_int_equal(forwarded.count, 4);
    world_end(c->engine);
}

static void ttl_runs_out_router_by_router(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    static const char *const hops[] = {"10.1.0.1", "10.2.0.2"};
    for (uint8_t ttl = 1; ttl <= 3; ttl++) {
        assert_int_equal(ping_with(c->a, (struct packet_info){.destination = ip_of("10.3.0.2"), .ttl = ttl}, ttl, 40), 0);
        run_for(c->engine, NS_PER_S);
        assert_int_equal(c->heard.count, ttl);
        if (ttl < 3) {
            assert_int_equal(c->heard.last.type, ICMP_TIME_EXCEEDED);
            assert_from(c, hops[ttl - 1]);
            assert_int_equal(c->heard.length, ICMP_HEADER_BYTES + 20 + 8 + 40); /* the whole packet is quoted */
        }
    }
    assert_int_equal(c->heard.last.type, ICMP_ECHO_REPLY);
    world_end(c->engine);
}

static void no_route_is_told(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    ping(c->a, "192.0.2.1", 1, 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.count, 1);
    assert_int_equal(c->heard.last.type, ICMP_UNREACHABLE);
    assert_int_equal(c->heard.last.code, ICMP_NET_UNREACHABLE);
    assert_from(c, "10.1.0.1");
    assert_int_equal(stack_node(c->r1)->drops[DROP_IP_NO_ROUTE], 1);
    ping(c->a, "10.3.0.77", 2, 0); /* the net is there, the host is not */
    run_for(c->engine, 5 * NS_PER_S);
    assert_int_equal(c->heard.last.code, ICMP_HOST_UNREACHABLE);
    assert_from(c, "10.2.0.2");
    world_end(c->engine);
}

static void errors_are_rate_limited(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    ping(c->a, "10.1.0.1", 0, 0); /* so that ARP is out of the way */
    run_for(c->engine, NS_PER_S);
    c->heard.count = 0;
    for (uint16_t i = 0; i < 50; i++)
        ping(c->a, "192.0.2.1", i, 0);
    run_for(c->engine, NS_PER_S / 2);
    assert_int_equal(c->heard.count, 6); /* the burst */
    assert_int_equal(stack_node(c->r1)->drops[DROP_ICMP_RATE_LIMITED], 44);
    run_for(c->engine, 3 * NS_PER_S);
    for (uint16_t i = 0; i < 50; i++)
        ping(c->a, "192.0.2.1", i, 0);
    run_for(c->engine, NS_PER_S / 2);
    assert_int_equal(c->heard.count, 9); /* one for each second that passed */
    world_end(c->engine);
}

static void path_mtu_is_discovered(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    assert_int_equal(stack_interface_set_mtu(c->r1, c->middle->index, 1000), 0);
    struct ip b = ip_of("10.3.0.2");
    struct path path;
    assert_int_equal(stack_path(c->a, &b, 0, &path), 0);
    assert_int_equal(path.mtu, 1500);
    const struct packet_info info = {.destination = b, .dont_fragment = true};
    assert_int_equal(ping_with(c->a, info, 1, 1200), 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.last.type, ICMP_UNREACHABLE);
    assert_int_equal(c->heard.last.code, ICMP_FRAGMENTATION_NEEDED);
    assert_int_equal(c->heard.last.sequence, 1000); /* the MTU, RFC 1191 section 4 */
    assert_int_equal(stack_path(c->a, &b, 0, &path), 0);
    assert_int_equal(path.mtu, 1000);
    assert_int_equal(ping_with(c->a, info, 2, 1200), IMP_TOO_BIG);
    assert_int_equal(ping_with(c->a, info, 3, 972), 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.last.type, ICMP_ECHO_REPLY);
    run_for(c->engine, 601 * NS_PER_S); /* forgotten after ten minutes */
    assert_int_equal(stack_path(c->a, &b, 0, &path), 0);
    assert_int_equal(path.mtu, 1500);
    world_end(c->engine);
}

static void routers_cut_what_may_be_cut(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    struct watch cut, joined;
    stack_interface_set_mtu(c->r1, c->middle->index, 600);
    watch_start(c->engine, &cut, "fragments-made", "r1");
    watch_start(c->engine, &joined, "fragments-reassembled", "b");
    assert_int_equal(ping(c->a, "10.3.0.2", 1, 5000), 0); /* cut by a, and again by r1 */
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.count, 1);
    assert_int_equal(c->heard.length, 5008);
    assert_int_equal(cut.count, 3); /* the last of a's four is small enough */
    assert_int_equal(joined.count, 1);
    world_end(c->engine);
}

static void what_routers_keep_to_themselves(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    /* A subnet's broadcast, from afar (RFC 2644). */
    ping_with(c->a, (struct packet_info){.destination = ip_of("10.3.0.255"), .broadcast_allowed = true}, 1, 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(stack_node(c->r2)->drops[DROP_IP_SCOPE], 1);
    /* A link-local source (RFC 3927 section 7). */
    ping_with(c->a, (struct packet_info){.destination = ip_of("10.3.0.2"), .source = ip_of("169.254.1.1")}, 1, 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(stack_node(c->r1)->drops[DROP_IP_SCOPE], 1);
    /* Sources that nobody can have, and 127/8 from outside. */
    static const char *const sources[] = {"224.0.0.5", "255.255.255.255", "127.0.0.1", "0.1.2.3"};
    for (size_t i = 0; i < count_of(sources); i++)
        ping_with(c->a, (struct packet_info){.destination = ip_of("10.3.0.2"), .source = ip_of(sources[i])}, 1, 0);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(stack_node(c->r1)->drops[DROP_IP_BAD_SOURCE], count_of(sources));
    assert_int_equal(c->heard.count, 0);
    world_end(c->engine);
}

static void routes_come_and_go(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    struct route_info info, found;
    struct ip b = ip_of("10.3.0.2");
    assert_int_equal(stack_route_get(c->a, &b, &found), 0);
    struct ip gateway = ip_of("10.1.0.1"), source = ip_of("10.1.0.2");
    assert_true(ip_equal(&found.gateway, &gateway));
    assert_true(ip_equal(&found.source, &source));
    assert_int_equal(found.origin, ROUTE_STATIC);
    info = (struct route_info){.destination = prefix_of("0.0.0.0/0"), .gateway = gateway};
    assert_int_equal(stack_route_add(c->a, &info), IMP_IN_USE);
    info.gateway = ip_of("172.16.0.1");
    assert_int_equal(stack_route_add(c->a, &info), IMP_UNREACHABLE); /* no link leads to that gateway */
    info.gateway = source;
    info.interface = 2;
    assert_int_equal(stack_route_add(c->a, &info), IMP_INVALID); /* itself */
    size_t at = 0, count = 0;
    while (stack_route_info(c->a, &at, &info) == 0)
        count++;
    assert_true(count >= 2); /* connected and default, besides IPv6's */
    assert_int_equal(stack_interface_set_up(c->a, 2, false), 0);
    assert_int_equal(ping(c->a, "10.3.0.2", 1, 0), IMP_UNREACHABLE);
    assert_int_equal(ping(c->a, "10.1.0.1", 1, 0), IMP_UNREACHABLE);
    assert_int_equal(stack_interface_set_up(c->a, 2, true), 0);
    assert_int_equal(ping(c->a, "10.1.0.1", 1, 0), 0); /* the connected route is back, the static one is not */
    assert_int_equal(ping(c->a, "10.3.0.2", 1, 0), IMP_UNREACHABLE);
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.last.type, ICMP_ECHO_REPLY);
    world_end(c->engine);
}

static void addresses_have_lifetimes(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *a = host(engine, "a");
    struct interface *eth0 = attach(a, "eth0", NULL);
    struct instant now = engine_now(engine);
    struct address_info info = {.interface = eth0->index,
                                .prefix = prefix_of("10.0.0.5/24"),
                                .origin = ADDRESS_DHCP,
                                .preferred_until = instant_add(now, 10 * NS_PER_S),
                                .valid_until = instant_add(now, 20 * NS_PER_S)};
    assert_int_equal(stack_address_add(a, &info), 0);
    struct ip ip = ip_of("10.0.0.5");
    assert_true(stack_is_local(a, &ip));
    run_for(engine, 11 * NS_PER_S);
    struct address_info seen;
    bool deprecated = false;
    for (size_t at = 0; stack_address_info(a, &at, &seen) == 0;)
        deprecated |= ip_equal(&seen.prefix.address, &ip) && seen.state == ADDRESS_DEPRECATED;
    assert_true(deprecated);
    assert_true(stack_is_local(a, &ip));
    info.valid_until = instant_add(now, 30 * NS_PER_S); /* renewed */
    assert_int_equal(stack_address_add(a, &info), 0);
    run_for(engine, 14 * NS_PER_S);
    assert_true(stack_is_local(a, &ip));
    run_for(engine, 6 * NS_PER_S);
    assert_false(stack_is_local(a, &ip));
    assert_int_equal(stack_address_remove(a, eth0->index, &info.prefix), IMP_NOT_FOUND);
    info.prefix = prefix_of("224.0.0.9/24");
    assert_int_equal(stack_address_add(a, &info), IMP_INVALID);
    world_end(engine);
}

static void two_addresses_share_a_subnet(void **state)
{
    (void)state;
    struct chain *c = chain_make();
    const struct address_info second = {
        .interface = 2, .prefix = prefix_of("10.1.0.3/24"), .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    assert_int_equal(stack_address_add(c->a, &second), 0);
    struct prefix first = prefix_of("10.1.0.2/24");
    assert_int_equal(stack_address_remove(c->a, 2, &first), 0);
    assert_int_equal(ping(c->a, "10.1.0.1", 1, 0), 0); /* the connected route now belongs to the other one */
    run_for(c->engine, NS_PER_S);
    assert_int_equal(c->heard.last.type, ICMP_ECHO_REPLY);
    world_end(c->engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(ttl_runs_out_router_by_router),
        cmocka_unit_test(no_route_is_told),
        cmocka_unit_test(errors_are_rate_limited),
        cmocka_unit_test(path_mtu_is_discovered),
        cmocka_unit_test(routers_cut_what_may_be_cut),
        cmocka_unit_test(what_routers_keep_to_themselves),
        cmocka_unit_test(routes_come_and_go),
        cmocka_unit_test(addresses_have_lifetimes),
        cmocka_unit_test(two_addresses_share_a_subnet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
