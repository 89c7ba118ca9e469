/* Two hosts on one wire, from nothing: ARP, echo, what a host refuses, and what it says when nobody is there. */
#include "world.h"

struct pair {
    struct engine *engine;
    struct stack *a, *b;
    struct interface *ia, *ib;
    struct wire *wire;
};

static struct pair pair_make(void)
{
    struct pair p = {.engine = engine_create(1)};
    p.a = host(p.engine, "a");
    p.b = host(p.engine, "b");
    p.ia = attach(p.a, "eth0", "10.0.0.1/24");
    p.ib = attach(p.b, "eth0", "10.0.0.2/24");
    p.wire = join(p.ia->port, p.ib->port);
    return p;
}

static enum neighbour_state state_of(struct stack *stack, const char *address)
{
    struct neighbour_info info;
    struct ip ip = ip_of(address);
    for (size_t at = 0; stack_neighbour_info(stack, &at, &info) == 0;)
        if (ip_equal(&info.address, &ip))
            return info.state;
    return NEIGHBOUR_FAILED;
}

static void echo_goes_there_and_back(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct watch asked, answered;
    struct heard heard;
    watch_start(p.engine, &asked, "arp-request", "a");
    watch_start(p.engine, &answered, "arp-reply", "b");
    listen_icmp(p.a, &heard);
    for (uint16_t i = 1; i <= 3; i++)
        assert_int_equal(ping(p.a, "10.0.0.2", i, 56), 0); /* all three wait for one question */
    run_for(p.engine, NS_PER_S);
    assert_int_equal(heard.count, 3);
    assert_int_equal(heard.last.type, ICMP_ECHO_REPLY);
    assert_int_equal(heard.last.sequence, 3);
    assert_int_equal(heard.length, 64);
    assert_int_equal(heard.ttl, 64);
    assert_int_equal(asked.count, 1);
    assert_int_equal(answered.count, 1);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_REACHABLE);
    world_end(p.engine);
}

static void a_stale_neighbour_is_checked_when_used(void **state)
{
    (void)state;
    struct pair p = pair_make();
    ping(p.a, "10.0.0.2", 1, 0);
    run_for(p.engine, NS_PER_S);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_REACHABLE);
    run_for(p.engine, 46 * NS_PER_S);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_STALE);
    struct watch asked;
    watch_start(p.engine, &asked, "arp-request", "a");
    ping(p.a, "10.0.0.2", 2, 0);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_DELAY);
    run_for(p.engine, 6 * NS_PER_S); /* the check is a question to the known MAC alone */
    assert_int_equal(asked.count, 1);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_REACHABLE);
    run_for(p.engine, 46 * NS_PER_S);
    wire_set_up(p.wire, false);
    wire_set_up(p.wire, true); /* neighbours are forgotten with the carrier */
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_FAILED);
    world_end(p.engine);
}

static void tcp_confirms_a_neighbour(void **state)
{
    (void)state;
    struct pair p = pair_make();
    ping(p.a, "10.0.0.2", 1, 0);
    run_for(p.engine, 50 * NS_PER_S);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_STALE);
    struct ip b = ip_of("10.0.0.2");
    stack_confirm(p.a, &b);
    assert_int_equal(state_of(p.a, "10.0.0.2"), NEIGHBOUR_REACHABLE);
    world_end(p.engine);
}

static void nobody_answers(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct watch asked, failed, unreachable;
    watch_start(p.engine, &asked, "arp-request", "a");
    watch_start(p.engine, &failed, "neighbour-failed", "a");
    watch_start(p.engine, &unreachable, "icmp-unreachable", "a");
    struct heard heard;
    listen_icmp(p.a, &heard);
    for (unsigned i = 0; i < LIMIT_NEIGHBOUR_QUEUE_FRAMES + 3; i++)
        assert_int_equal(ping(p.a, "10.0.0.9", 1, 0), 0);
    run_for(p.engine, 10 * NS_PER_S);
    assert_int_equal(asked.count, NEIGHBOUR_SOLICITATIONS);
    assert_int_equal(failed.count, 1);
    assert_int_equal(stack_node(p.a)->drops[DROP_NEIGHBOUR_QUEUE_FULL], 3);
    assert_int_equal(stack_node(p.a)->drops[DROP_NEIGHBOUR_FAILED], LIMIT_NEIGHBOUR_QUEUE_FRAMES);
    assert_true(unreachable.count >= 1);
    assert_int_equal(heard.last.type, ICMP_UNREACHABLE);
    assert_int_equal(heard.last.code, ICMP_HOST_UNREACHABLE);
    world_end(p.engine);
}

static void a_host_sends_to_itself(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct heard heard;
    listen_icmp(p.a, &heard);
    assert_int_equal(ping(p.a, "10.0.0.1", 1, 3000), 0);
    assert_int_equal(ping(p.a, "127.0.0.1", 2, 0), 0);
    assert_int_equal(ping(p.a, "127.8.9.10", 3, 0), 0);
    assert_int_equal(heard.count, 0); /* never by a direct call */
    run_for(p.engine, 0);
    assert_int_equal(heard.count, 6); /* each request and each reply */
    world_end(p.engine);
}

static void what_cannot_be_sent(void **state)
{
    (void)state;
    struct pair p = pair_make();
    assert_int_equal(ping(p.a, "192.168.1.1", 1, 0), IMP_UNREACHABLE);
    assert_int_equal(ping(p.a, "10.0.0.255", 1, 0), IMP_DENIED);
    assert_int_equal(ping(p.a, "255.255.255.255", 1, 0), IMP_DENIED);
    assert_int_equal(ping(p.a, "0.0.0.0", 1, 0), IMP_INVALID);
    assert_int_equal(ping_with(p.a, (struct packet_info){.destination = ip_of("10.0.0.2"), .dont_fragment = true}, 1, 1473),
                     IMP_TOO_BIG);
    assert_int_equal(ping_with(p.a, (struct packet_info){.destination = ip_of("10.0.0.2"), .dont_fragment = true}, 1, 1472), 0);
    assert_int_equal(ping_with(p.a, (struct packet_info){.destination = ip_of("10.0.0.2"), .interface = 9}, 1, 0),
                     IMP_UNREACHABLE);
    world_end(p.engine);
}

static void broadcasts_arrive_and_are_not_answered(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct heard heard;
    listen_icmp(p.b, &heard);
    assert_int_equal(ping_with(p.a, (struct packet_info){.destination = ip_of("10.0.0.255"), .broadcast_allowed = true}, 1, 0),
                     0);
    assert_int_equal(
        ping_with(p.a, (struct packet_info){.destination = ip_of("255.255.255.255"), .broadcast_allowed = true}, 2, 0), 0);
    assert_int_equal(ping_with(p.a, (struct packet_info){.destination = ip_of("224.0.0.1")}, 3, 0), 0);
    run_for(p.engine, NS_PER_S);
    assert_int_equal(heard.count, 3);
    assert_int_equal(stack_node(p.b)->drops[DROP_ICMP_BROADCAST_ECHO], 3);
    world_end(p.engine);
}

static void protocol_nobody_speaks(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct heard heard;
    listen_icmp(p.a, &heard);
    struct frame *frame = frame_create(p.engine, FRAME_HEADROOM, 20);
    memset(frame_append(frame, 20), 0, 20);
    assert_int_equal(stack_send(p.a, &(struct packet_info){.destination = ip_of("10.0.0.2"), .protocol = 200}, frame), 0);
    run_for(p.engine, NS_PER_S);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.last.type, ICMP_UNREACHABLE);
    assert_int_equal(heard.last.code, ICMP_PROTOCOL_UNREACHABLE);
    assert_int_equal(stack_node(p.b)->drops[DROP_IP_UNKNOWN_PROTOCOL], 1);
    world_end(p.engine);
}

static void a_host_does_not_forward_nor_answer_for_others(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct interface *far = attach(p.b, "eth1", "10.9.0.2/24");
    (void)far;
    route(p.a, "10.9.0.0/24", "10.0.0.2");
    struct heard heard;
    listen_icmp(p.a, &heard);
    ping(p.a, "10.9.0.2", 1, 0); /* the weak host model: ours on any interface */
    ping(p.a, "10.9.0.7", 2, 0);
    run_for(p.engine, NS_PER_S);
    assert_int_equal(heard.count, 1);
    assert_int_equal(stack_node(p.b)->drops[DROP_IP_NOT_FOR_US], 1);
    /* No proxy ARP: b has 10.9.0.2 on another interface and does not answer for it here. */
    const struct address_info second = {
        .interface = 2, .prefix = prefix_of("10.9.0.1/24"), .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    assert_int_equal(stack_address_add(p.a, &second), 0);
    const struct route_info gone = {.destination = prefix_of("10.9.0.0/24"), .gateway = ip_of("10.0.0.2")};
    assert_int_equal(stack_route_remove(p.a, &gone), 0);
    ping(p.a, "10.9.0.2", 3, 0);
    run_for(p.engine, 10 * NS_PER_S);
    assert_int_equal(heard.last.type, ICMP_UNREACHABLE);
    assert_int_equal(heard.last.code, ICMP_HOST_UNREACHABLE);
    world_end(p.engine);
}

static void two_with_one_address(void **state)
{
    (void)state;
    struct pair p = pair_make();
    struct watch conflict, announced;
    watch_start(p.engine, &conflict, "arp-conflict", "b");
    watch_start(p.engine, &announced, "arp-announce", "b");
    const struct address_info same = {
        .interface = 2, .prefix = prefix_of("10.0.0.2/24"), .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    run_for(p.engine, NS_PER_S);
    assert_int_equal(stack_address_add(p.a, &same), 0); /* announced, and seen by its owner */
    run_for(p.engine, NS_PER_S);
    assert_int_equal(conflict.count, 2);  /* the announcement, and the other one defending in turn */
    assert_int_equal(announced.count, 1); /* defended once */
    world_end(p.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_goes_there_and_back),
        cmocka_unit_test(a_stale_neighbour_is_checked_when_used),
        cmocka_unit_test(tcp_confirms_a_neighbour),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(a_host_sends_to_itself),
        cmocka_unit_test(what_cannot_be_sent),
        cmocka_unit_test(broadcasts_arrive_and_are_not_answered),
        cmocka_unit_test(protocol_nobody_speaks),
        cmocka_unit_test(a_host_does_not_forward_nor_answer_for_others),
        cmocka_unit_test(two_with_one_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
