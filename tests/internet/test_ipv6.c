/* IPv6 packets through real nodes: in, through, out, in fragments, and every error on the way. */
#include "world6_look.h"

#include "base/checksum.h"
#include "internet/fragment.h"

struct path3 { /* h -- r -- k, static addresses */
    struct world *world;
    struct stack *h, *r, *k;
    struct ear ear; /* at h */
};

static struct path3 path_create(uint32_t far_mtu)
{
    struct path3 path = {.world = world_create(11)};
    path.h = world_node(path.world, "h", false);
    path.r = world_node(path.world, "r", true);
    path.k = world_node(path.world, "k", false);
    world_wire(path.h, path.r, 1500);
    world_wire(path.r, path.k, far_mtu);
    world_address(path.h, 2, "2001:db8:1::2/64");
    world_address(path.r, 2, "2001:db8:1::1/64");
    world_address(path.r, 3, "2001:db8:2::1/64");
    world_address(path.k, 2, "2001:db8:2::2/64");
    world_run(path.world, 3 * NS_PER_S);
    world_route(path.h, "::/0", "2001:db8:1::1");
    world_route(path.k, "::/0", "2001:db8:2::1");
    return path;
}

static void a_ping_crosses_a_router(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    assert_int_equal(world_ping(path.h, "2001:db8:2::2", 0, 56, 0), 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.count, 1);
    assert_int_equal(path.ear.last.type, ICMPV6_ECHO_REPLY);
    assert_int_equal(path.ear.last.parameter, 0x12340001);
    assert_int_equal(path.ear.length, 64);
    assert_int_equal(path.ear.message[63], 55);
    assert_int_equal(path.ear.info.ttl, 63);
    assert_int_equal(world_count(path.world, path.k, "icmpv6-echo-reply"), 1);
    assert_int_equal(world_count(path.world, path.h, "ndp-question"), 1);
    assert_int_equal(world_count(path.world, path.r, "ip-forward"), 2);
    assert_int_equal(world_count(path.world, path.r, "ndp-answer"), 2); /* to h, and to k for the way back */
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void the_hop_limit_ends(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    assert_int_equal(world_ping(path.h, "2001:db8:2::2", 0, 8, 1), 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.count, 1);
    assert_int_equal(path.ear.last.type, ICMPV6_TIME_EXCEEDED);
    struct ip router = ip_of("2001:db8:1::1");
    assert_true(ip_equal(&path.ear.info.source, &router));
    assert_int_equal(world_drops(path.r, DROP_IP_TTL_EXPIRED), 1);
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void no_way_and_nobody_there_are_told(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    assert_int_equal(world_ping(path.h, "2001:db8:9::1", 0, 8, 0), 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.last.type, ICMPV6_UNREACHABLE);
    assert_int_equal(path.ear.last.code, ICMPV6_NO_ROUTE);
    assert_int_equal(world_drops(path.r, DROP_IP_NO_ROUTE), 1);
    assert_int_equal(world_ping(path.h, "2001:db8:2::99", 0, 8, 0), 0);
    world_run(path.world, 5 * NS_PER_S);
    assert_int_equal(path.ear.last.code, ICMPV6_ADDRESS_UNREACHABLE);
    assert_int_equal(path.ear.count, 2);
    assert_int_equal(world_drops(path.r, DROP_NEIGHBOUR_FAILED), 1);
    assert_int_equal(world_ping(path.r, "2001:db8:9::1", 0, 8, 0), IMP_UNREACHABLE); /* a node without a route knows at once */
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void a_narrow_link_is_learnt(void **state)
{
    (void)state;
    struct path3 path = path_create(1300);
    ear_open(&path.ear, path.h);
    struct path way;
    struct ip far = ip_of("2001:db8:2::2");
    assert_int_equal(stack_path(path.h, &far, 0, &way), 0);
    assert_int_equal(way.mtu, 1500);
    assert_int_equal(world_ping(path.h, "2001:db8:2::2", 0, 1400, 0), 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.last.type, ICMPV6_TOO_BIG);
    assert_int_equal(path.ear.last.parameter, 1300);
    assert_int_equal(path.ear.length, 1240); /* the error fits in 1280 bytes */
    assert_int_equal(world_drops(path.r, DROP_IP_TOO_BIG), 1);
    assert_int_equal(world_count(path.world, path.h, "path-mtu"), 1);
    assert_int_equal(stack_path(path.h, &far, 0, &way), 0);
    assert_int_equal(way.mtu, 1300);
    assert_int_equal(world_ping(path.h, "2001:db8:2::2", 0, 1400, 0), 0); /* now in fragments, and so is the answer */
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.last.type, ICMPV6_ECHO_REPLY);
    assert_int_equal(path.ear.length, 1408);
    assert_int_equal(world_count(path.world, path.h, "fragments-made"), 1);
    assert_int_equal(world_count(path.world, path.k, "fragments-made"), 1); /* its own link is the narrow one */
    for (unsigned i = 0; i < 1400; i++)
        assert_int_equal(path.ear.message[8 + i], (uint8_t)i);
    struct udp_socket_settings settings = {.remote = {far, 9, 0}, .dont_fragment = true};
    struct udp_socket *socket;
    assert_int_equal(udp_open(udp_of(path.h), &settings, &socket), 0);
    uint8_t data[1400] = {0};
    assert_int_equal(udp_socket_send(socket, data, sizeof data, NULL), IMP_TOO_BIG);
    udp_socket_close(socket);
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void a_false_too_big_is_not_believed(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    struct ip far = ip_of("2001:db8:2::2"), us = ip_of("2001:db8:1::2"), stranger = ip_of("2001:db8:1::77");
    const struct {
        const struct ip *source;
        uint32_t mtu, expected;
        uint16_t port; /* only 5000 sent anything (RFC 5927) */
    } CASES[] = {{&stranger, 1300, 1500, 5000},
                 {&us, 1300, 1500, 5001},
                 {&us, 1200, 1500, 5000},
                 {&us, 1400, 1400, 5000},
                 {&us, 1450, 1400, 5000}};
    struct udp_socket_settings settings = {.local = {us, 5000, 0}, .remote = {far, 9, 0}};
    struct udp_socket *socket;
    assert_int_equal(udp_open(udp_of(path.h), &settings, &socket), 0);
    for (size_t i = 0; i < count_of(CASES); i++) {
        uint8_t message[8 + 48] = {0};
        struct writer writer = writer_of(message, sizeof message);
        icmpv6_header_build(&writer, &(struct icmpv6_header){.type = ICMPV6_TOO_BIG, .parameter = CASES[i].mtu});
        ipv6_header_build(&writer,
                          &(struct ipv6_header){.next_header = PROTOCOL_UDP, .source = *CASES[i].source, .destination = far});
        udp_header_build(&writer, &(struct udp_header){.source_port = CASES[i].port, .destination_port = 9, .length_bytes = 8});
        world_inject(
            path.h, 2,
            (struct ipv6_header){.next_header = 58, .hop_limit = 60, .source = ip_of("2001:db8:1::1"), .destination = us},
            message, sizeof message, FRAME_SUMS_GOOD);
        struct path way;
        assert_int_equal(stack_path(path.h, &far, 0, &way), 0);
        assert_int_equal(way.mtu, CASES[i].expected);
    }
    udp_socket_close(socket);
    world_destroy(path.world);
}

static void link_local_stays_on_its_link(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    struct ip far = ip_of("2001:db8:2::2"), local = world_link_local(path.h, 2), other = ip_of("fe80::1234");
    struct ipv6_header header = {.next_header = PROTOCOL_UDP, .hop_limit = 64, .source = local, .destination = far};
    uint8_t data[16] = {0};
    world_inject(path.r, 2, header, data, sizeof data, 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.last.type, ICMPV6_UNREACHABLE);
    assert_int_equal(path.ear.last.code, ICMPV6_BEYOND_SCOPE);
    header.destination = other;
    world_inject(path.r, 2, header, data, sizeof data, 0);
    assert_int_equal(world_drops(path.r, DROP_IP_SCOPE), 2);
    assert_int_equal(path.ear.count, 1);
    /* The router's other link-local address is not for this link. */
    header.destination = world_link_local(path.r, 3);
    world_inject(path.r, 2, header, data, sizeof data, 0);
    assert_int_equal(world_drops(path.r, DROP_IP_SCOPE), 3);
    char text[IP_TEXT_BYTES];
    struct ip peer = world_link_local(path.r, 2);
    assert_int_equal(world_ping(path.h, ip_print(&peer, text, sizeof text), 2, 8, 0), 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.last.type, ICMPV6_ECHO_REPLY);
    assert_true(ip_equal(&path.ear.info.source, &peer) && ip_equal(&path.ear.info.destination, &local));
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void what_is_not_for_us_or_wrong_is_dropped(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    uint8_t data[16] = {0};
    struct ipv6_header good = {
        .next_header = PROTOCOL_UDP, .hop_limit = 64, .source = ip_of("2001:db8:1::9"), .destination = ip_of("2001:db8:5::1")};
    world_inject(path.h, 2, good, data, sizeof data, 0);
    assert_int_equal(world_drops(path.h, DROP_IP_NOT_FOR_US), 1);
    struct ipv6_header header = good;
    header.source = ip_of("ff02::1");
    world_inject(path.h, 2, header, data, sizeof data, 0);
    assert_int_equal(world_drops(path.h, DROP_IP_BAD_SOURCE), 1);
    header.source = ip_any(6);
    world_inject(path.r, 2, header, data, sizeof data, 0);
    assert_int_equal(world_drops(path.r, DROP_IP_BAD_SOURCE), 1);
    header.source = ip_of("::1");
    world_inject(path.h, 2, header, data, sizeof data, 0);
    assert_int_equal(world_drops(path.h, DROP_IP_SCOPE), 1);
    header = good;
    header.destination = ip_of("::");
    world_inject(path.h, 2, header, data, sizeof data, 0);
    assert_int_equal(world_drops(path.h, DROP_IPV6_MALFORMED), 1);
    world_inject(path.r, 2, good, data, sizeof data, FRAME_BROADCAST); /* a unicast packet in a broadcast frame */
    assert_int_equal(world_drops(path.r, DROP_IP_NOT_FOR_US), 1);
    struct frame *frame = frame_create(path.world->engine, FRAME_HEADROOM, 60);
    memset(frame_append(frame, 60), 0x66, 60); /* a payload length that the frame has not */
    ipv6_input(stack_ip_interface(path.h, 2), frame, MAC_NONE, engine_now(path.world->engine));
    assert_int_equal(world_drops(path.h, DROP_IPV6_MALFORMED), 2);
    world_destroy(path.world);
}

static void problems_are_pointed_at(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    struct ipv6_header header = {.hop_limit = 64, .source = ip_of("2001:db8:1::2"), .destination = ip_of("2001:db8:1::1")};
    static const struct {
        uint8_t next, bytes[16];
        uint8_t code;
        uint32_t pointer;
    } CASES[] = {{200, {0}, 1, 6},
                 {NEXT_DESTINATION, {201, 0, 1, 4}, 1, 40},
                 {NEXT_DESTINATION, {PROTOCOL_UDP, 0, 0xc5, 0}, 2, 42},
                 {NEXT_ROUTING, {PROTOCOL_UDP, 0, 0, 1}, 0, 42},
                 {NEXT_FRAGMENT, {PROTOCOL_UDP, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7}, 0, 4},
                 {NEXT_FRAGMENT, {PROTOCOL_UDP, 0, 0xff, 0xf8, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7}, 0, 42}};
    for (size_t i = 0; i < count_of(CASES); i++) {
        header.next_header = CASES[i].next;
        world_inject(path.r, 2, header, CASES[i].bytes, CASES[i].pointer == 4 ? 15 : 16, 0);
        world_run(path.world, 2 * NS_PER_S);
        assert_int_equal(path.ear.count, i + 1);
        assert_int_equal(path.ear.last.type, ICMPV6_PROBLEM);
        assert_int_equal(path.ear.last.code, CASES[i].code);
        assert_int_equal(path.ear.last.parameter, CASES[i].pointer);
    }
    uint8_t silent[16] = {PROTOCOL_UDP, 0, 0x45, 0};
    header.next_header = NEXT_DESTINATION;
    world_inject(path.r, 2, header, silent, sizeof silent, 0);
    uint8_t group[16] = {PROTOCOL_UDP, 0, 0xc5, 0}; /* silent to a group; action 10 is not */
    header.destination = NDP_ALL_NODES;
    world_inject(path.r, 2, header, group, sizeof group, FRAME_BROADCAST);
    world_run(path.world, 2 * NS_PER_S);
    assert_int_equal(path.ear.count, count_of(CASES));
    group[2] = 0x85;
    world_inject(path.r, 2, header, group, sizeof group, FRAME_BROADCAST);
    world_run(path.world, 2 * NS_PER_S);
    assert_int_equal(path.ear.count, count_of(CASES) + 1);
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

/* RFC 4443 section 2.4(e). */
static void errors_beget_no_errors(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    struct ipv6_header header = {
        .next_header = 58, .hop_limit = 1, .source = ip_of("2001:db8:1::2"), .destination = ip_of("2001:db8:2::2")};
    uint8_t message[16] = {ICMPV6_UNREACHABLE};
    world_inject(path.r, 2, header, message, sizeof message, 0); /* about an error */
    message[0] = ICMPV6_REDIRECT;
    world_inject(path.r, 2, header, message, sizeof message, 0); /* about a redirect */
    message[0] = ICMPV6_ECHO_REQUEST;
    world_inject(path.r, 2, header, message, 4, 0); /* too short to tell */
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.count, 0);
    assert_int_equal(world_drops(path.r, DROP_IP_TTL_EXPIRED), 3);
    world_inject(path.r, 2, header, message, sizeof message, 0);
    world_run(path.world, NS_PER_S);
    assert_int_equal(path.ear.count, 1);
    unsigned before = path.ear.count;
    for (unsigned i = 0; i < 2000; i++) /* at one instant: a rate limit must stop them */
        world_inject(path.r, 2, header, message, sizeof message, 0);
    world_run(path.world, NS_PER_S);
    assert_true(path.ear.count - before < 100 && world_drops(path.r, DROP_ICMP_RATE_LIMITED) > 1900);
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void part_inject(struct stack *stack, uint32_t identification, uint32_t offset, bool more, const uint8_t *data,
                        size_t length)
{
    struct ipv6_header header = {
        .next_header = NEXT_FRAGMENT, .hop_limit = 64, .source = ip_of("2001:db8:1::1"), .destination = ip_of("2001:db8:1::2")};
    uint8_t bytes[600];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ipv6_fragment_build(&writer, &(struct ipv6_fragment){58, offset, more, identification});
    writer_bytes(&writer, data, length);
    assert_false(writer.failed);
    world_inject(stack, 2, header, bytes, writer.at, FRAME_SUMS_GOOD);
}

static void fragments_are_put_together(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    ear_open(&path.ear, path.h);
    uint8_t echo[48] = {ICMPV6_ECHO_REPLY};
    for (uint8_t i = 8; i < 48; i++)
        echo[i] = i;
    const struct ip from = ip_of("2001:db8:1::1"), to = ip_of("2001:db8:1::2");
    uint32_t pseudo_sum = stack_pseudo_sum(&from, &to, PROTOCOL_ICMPV6, sizeof echo);
    store_u16(echo + 2, checksum_finish(checksum_partial(echo, sizeof echo, pseudo_sum))); /* it is looked at: RFC 4963 */
    part_inject(path.h, 1, 32, false, echo + 32, 16);
    part_inject(path.h, 1, 16, true, echo + 16, 16);
    part_inject(path.h, 1, 16, true, echo + 16, 16); /* a duplicate */
    assert_int_equal(path.ear.count, 0);
    part_inject(path.h, 1, 0, true, echo, 16);
    assert_int_equal(path.ear.count, 1);
    assert_int_equal(path.ear.length, 48);
    assert_memory_equal(path.ear.message, echo, 48);
    part_inject(path.h, 2, 0, false, echo, 48); /* atomic: at once, also while another of that number waits */
    assert_int_equal(path.ear.count, 2);
    part_inject(path.h, 3, 0, true, echo, 32);
    part_inject(path.h, 3, 24, false, echo + 24, 24); /* overlaps: the whole is gone (RFC 5722) */
    part_inject(path.h, 3, 32, false, echo + 32, 16);
    assert_int_equal(path.ear.count, 2);
    uint8_t other[16] = {1};
    part_inject(path.h, 4, 0, true, echo, 32);
    part_inject(path.h, 4, 32, false, other, 16); /* what does not belong to it is found by the checksum */
    assert_int_equal(path.ear.count, 2);
    assert_int_equal(world_drops(path.h, DROP_ICMP_MALFORMED), 1);
    assert_true(world_drops(path.h, DROP_FRAGMENT_MALFORMED) > 0);
    stack_icmp_unlisten(&path.ear.listener);
    world_destroy(path.world);
}

static void reassembly_gives_up(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    struct ear ear;
    ear_open(&ear, path.r);
    uint8_t echo[16] = {ICMPV6_ECHO_REPLY};
    part_inject(path.h, 5, 0, true, echo, 16);
    part_inject(path.h, 6, 16, true, echo, 16); /* without the first, nobody is told */
    assert_int_equal(fragment_waiting(path.h), 2);
    world_run(path.world, 61 * NS_PER_S);
    assert_int_equal(fragment_waiting(path.h), 0);
    assert_int_equal(ear.count, 1);
    assert_int_equal(ear.last.type, ICMPV6_TIME_EXCEEDED);
    assert_int_equal(ear.last.code, 1);
    assert_int_equal(world_drops(path.h, DROP_FRAGMENT_TIMEOUT), 2);
    stack_icmp_unlisten(&ear.listener);
    world_destroy(path.world);
}

static void checksums_of_icmpv6_are_looked_at(void **state)
{
    (void)state;
    struct path3 path = path_create(1500);
    uint8_t message[16] = {ICMPV6_ECHO_REQUEST, 0, 0x12, 0x34};
    struct ipv6_header header = {
        .next_header = 58, .hop_limit = 9, .source = ip_of("2001:db8:1::1"), .destination = ip_of("2001:db8:1::2")};
    world_inject(path.h, 2, header, message, sizeof message, 0);
    world_inject(path.h, 2, header, message, 7, FRAME_SUMS_GOOD);
    assert_int_equal(world_drops(path.h, DROP_ICMP_MALFORMED), 2);
    world_destroy(path.world);
}

/* As a lab does: addresses and routes at once, while the addresses are still tentative. */
static void a_route_can_come_before_its_address_is_usable(void **state)
{
    (void)state;
    struct world *world = world_create(3);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1500);
    world_address(h, 2, "2001:db8:1::2/64");
    world_route(h, "::/0", "2001:db8:1::1");
    assert_int_equal(world_ping(h, "2001:db8:9::9", 0, 8, 0), IMP_UNREACHABLE); /* from which address? */
    struct route_info route = {.gateway = ip_of("2001:db8:2::1"), .destination = {ip_any(6), 0}};
    assert_int_equal(stack_route_add(h, &route), IMP_UNREACHABLE);
    world_settle(world);
    assert_int_equal(world_ping(h, "2001:db8:9::9", 0, 8, 0), 0);
    world_destroy(world);
}

static void the_source_is_chosen_well(void **state)
{
    (void)state;
    struct world *world = world_create(3);
    struct stack *h = world_node(world, "h", false), *k = world_node(world, "k", false);
    world_wire(h, k, 1500);
    world_wire(h, k, 1500);
    world_address(h, 2, "2001:db8:1::2/64");
    world_address(h, 2, "2001:db8:7::2/64");
    world_address(h, 2, "fd00:1::2/64");
    world_address(h, 3, "2001:db8:3::2/64");
    world_run(world, 3 * NS_PER_S);
    world_route(h, "::/0", "2001:db8:1::1");
    struct path path;
    static const struct {
        const char *to, *from;
        uint16_t interface;
    } CASES[] = {
        {"2001:db8:1::2", "2001:db8:1::2", 0},  /* itself */
        {"2001:db8:7::99", "2001:db8:7::2", 0}, /* the longest match */
        {"2001:db8:1::99", "2001:db8:1::2", 0},
        {"fd00:1::5", "fd00:1::2", 0},
        {"2001:db8:3::9", "2001:db8:3::2", 0}, /* its interface */
        {"::1", "::1", 0},
        {"ff05::1", "2001:db8:1::2", 2}, /* scope: link-local would not reach */
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct ip to = ip_of(CASES[i].to), from = ip_of(CASES[i].from);
        assert_int_equal(stack_path(h, &to, CASES[i].interface, &path), 0);
        if (!ip_equal(&path.source, &from))
            fail_msg("case %zu", i);
    }
    struct ip to = ip_of("ff02::1"), from = world_link_local(h, 3);
    assert_int_equal(stack_path(h, &to, 3, &path), 0);
    assert_true(ip_equal(&path.source, &from));
    /* A deprecated address gives way, though it matches better. */
    struct address_info old = {.interface = 2, .preferred_until = engine_now(world->engine), .valid_until = INSTANT_NEVER};
    assert_int_equal(prefix_parse("2001:db8:7::2/64", &old.prefix), 0);
    assert_int_equal(stack_address_add(h, &old), 0);
    world_run(world, NS_PER_S);
    to = ip_of("2001:db8:7::99");
    from = ip_of("2001:db8:1::2");
    assert_int_equal(stack_path(h, &to, 0, &path), 0);
    assert_true(ip_equal(&path.source, &from));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ping_crosses_a_router),
        cmocka_unit_test(the_hop_limit_ends),
        cmocka_unit_test(no_way_and_nobody_there_are_told),
        cmocka_unit_test(a_narrow_link_is_learnt),
        cmocka_unit_test(a_false_too_big_is_not_believed),
        cmocka_unit_test(link_local_stays_on_its_link),
        cmocka_unit_test(what_is_not_for_us_or_wrong_is_dropped),
        cmocka_unit_test(problems_are_pointed_at),
        cmocka_unit_test(errors_beget_no_errors),
        cmocka_unit_test(fragments_are_put_together),
        cmocka_unit_test(reassembly_gives_up),
        cmocka_unit_test(checksums_of_icmpv6_are_looked_at),
        cmocka_unit_test(a_route_can_come_before_its_address_is_usable),
        cmocka_unit_test(the_source_is_chosen_well),
    };
    return cmocka_run_group_tests_name("internet/ipv6", tests, NULL, NULL);
}
