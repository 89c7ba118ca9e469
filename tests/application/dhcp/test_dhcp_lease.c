/* A DHCP server's decisions: who gets which address, and what each message is answered with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "application/dhcp/lease.h"
#include "base/error.h"
#include "base/memory.h"

static struct ip address(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}

static struct dhcp_leases leases;
static struct dhcp_pool pool;
static struct dhcp_arrival arrival;
static struct dhcp_message reply;
static const struct dhcp_lease *lease;

static int set_up(void **state)
{
    (void)state;
    memset(&leases, 0, sizeof leases);
    pool = (struct dhcp_pool){
        .range = {address("192.168.1.100"), address("192.168.1.103")}, .lease_ns = 1000 * NS_PER_S, .domain = "home"};
    arrival = (struct dhcp_arrival){.pool = &pool, .subnet = {address("192.168.1.1"), 24}, .server = address("192.168.1.1")};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dhcp_leases_free(&leases);
    return 0;
}

static struct dhcp_message from(unsigned client, enum dhcp_type type)
{
    return (struct dhcp_message){.type = type, .xid = client, .mac = {{2, 0, 0, 0, 0, (uint8_t)client}}};
}

static bool ask(const struct dhcp_message *message) { return dhcp_leases_answer(&leases, &arrival, message, &reply, &lease); }

static void check_your(const char *text)
{
    struct ip want = address(text);
    char got[IP_TEXT_BYTES];
    if (!ip_equal(&reply.your, &want))
        fail_msg("%s instead of %s", ip_print(&reply.your, got, sizeof got), text);
}

static void offer(unsigned client, const char *want)
{
    struct dhcp_message m = from(client, DHCP_DISCOVER);
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_OFFER);
    check_your(want);
}

static void get(unsigned client, const char *want)
{
    offer(client, want);
    struct dhcp_message m = from(client, DHCP_REQUEST);
    m.requested = reply.your;
    m.server = reply.server;
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_ACK);
    check_your(want);
}

static void four_messages_give_an_address(void **state)
{
    (void)state;
    struct dhcp_message m = from(1, DHCP_DISCOVER);
    memcpy(m.client_id, "\1abc", 4);
    m.client_id_length = 4;
    assert_true(ask(&m));
    assert_int_equal(reply.xid, 1);
    assert_int_equal(reply.client_id_length, 4); /* RFC 6842 */
    assert_int_equal(reply.lease_s, 1000);
    assert_int_equal(reply.renew_s, 500);
    assert_int_equal(reply.rebind_s, 875);
    assert_int_equal(reply.prefix_length, 24);
    assert_string_equal(reply.domain, "home");
    assert_true(ip_equal(&reply.routers[0], &arrival.server)); /* unless told otherwise */
    assert_int_equal(lease->state, DHCP_LEASE_OFFERED);
    get(1, "192.168.1.101");
    assert_int_equal(lease->state, DHCP_LEASE_BOUND);
    assert_true(dhcp_lease_is_held(lease, arrival.now));
}

static void the_same_client_gets_the_same_address(void **state)
{
    (void)state;
    get(1, "192.168.1.100");
    get(2, "192.168.1.101");
    arrival.now = instant_add(arrival.now, 2000 * NS_PER_S); /* both are over */
    get(2, "192.168.1.101");
    get(1, "192.168.1.100");
    get(3, "192.168.1.102");
}

static void a_full_pool_gives_what_was_free_for_longest(void **state)
{
    (void)state;
    get(1, "192.168.1.100");
    arrival.now = instant_add(arrival.now, NS_PER_S);
    get(2, "192.168.1.101");
    get(3, "192.168.1.102");
    get(4, "192.168.1.103");
    struct dhcp_message m = from(5, DHCP_DISCOVER);
    assert_false(ask(&m));
    arrival.now = instant_add(arrival.now, 2000 * NS_PER_S);
    get(5, "192.168.1.100");
    get(1, "192.168.1.101"); /* its own is gone */
}

static void an_offer_is_kept_for_a_while(void **state)
{
    (void)state;
    offer(1, "192.168.1.100");
    offer(2, "192.168.1.101");
    arrival.now = instant_add(arrival.now, (LIMIT_DHCP_OFFER_HOLD_S + 1) * NS_PER_S);
    struct dhcp_message m = from(3, DHCP_DISCOVER);
    m.requested = address("192.168.1.100");
    assert_true(ask(&m));
    check_your("192.168.1.100");
}

static void wishes_and_reservations_count(void **state)
{
    (void)state;
    struct dhcp_reservation reserved[] = {{"02:00:00:00:00:09", address("192.168.1.50")},
                                          {"Printer", address("192.168.1.100")}};
    pool.reservations = reserved;
    pool.reservation_count = 2;
    get(9, "192.168.1.50"); /* outside of the range, and its own */
    struct dhcp_message m = from(1, DHCP_DISCOVER);
    m.requested = address("192.168.1.102");
    assert_true(ask(&m));
    check_your("192.168.1.102");
    m = from(2, DHCP_DISCOVER);
    m.requested = address("192.168.1.50"); /* another's */
    assert_true(ask(&m));
    check_your("192.168.1.101"); /* .100 is the printer's */
    m = from(3, DHCP_DISCOVER);
    strcpy(m.host_name, "printer");
    assert_true(ask(&m));
    check_your("192.168.1.100");
}

static void requests_that_cannot_be_are_refused(void **state)
{
    (void)state;
    get(1, "192.168.1.100");
    struct dhcp_message m = from(2, DHCP_REQUEST);
    m.server = arrival.server;
    m.requested = address("192.168.1.100"); /* another's */
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_NAK);
    m.server = (struct ip){0};
    m.requested = address("10.0.0.5"); /* INIT-REBOOT from another network */
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_NAK);
    m.requested = address("192.168.1.102"); /* INIT-REBOOT of an unknown client: silence */
    assert_false(ask(&m));
    m.requested = (struct ip){0};
    assert_false(ask(&m));
    m.reply = true;
    assert_false(ask(&m));
}

static void another_servers_client_frees_its_offer(void **state)
{
    (void)state;
    offer(1, "192.168.1.100");
    struct dhcp_message m = from(1, DHCP_REQUEST);
    m.server = address("192.168.1.2");
    m.requested = address("192.168.1.200");
    assert_false(ask(&m));
    m = from(2, DHCP_DISCOVER);
    m.requested = address("192.168.1.100");
    assert_true(ask(&m));
    check_your("192.168.1.100");
}

static void renewing_extends(void **state)
{
    (void)state;
    get(1, "192.168.1.100");
    arrival.now = instant_add(arrival.now, 600 * NS_PER_S);
    struct dhcp_message m = from(1, DHCP_REQUEST);
    m.client = address("192.168.1.100");
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_ACK);
    assert_int_equal(lease->until.ns, 1600 * NS_PER_S);
    bool by_mac;
    struct endpoint to = dhcp_reply_destination(&m, &reply, &by_mac);
    assert_true(ip_equal(&to.address, &m.client));
    dhcp_leases_free(&leases); /* a power cut */
    memset(&leases, 0, sizeof leases);
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_ACK);
}

static void declined_and_released(void **state)
{
    (void)state;
    get(1, "192.168.1.100");
    struct dhcp_message m = from(2, DHCP_DECLINE); /* not its own */
    m.requested = address("192.168.1.100");
    m.server = arrival.server;
    assert_false(ask(&m));
    m.mac = from(1, DHCP_DECLINE).mac;
    assert_false(ask(&m));
    offer(1, "192.168.1.101");
    offer(3, "192.168.1.102");
    arrival.now = instant_add(arrival.now, (LIMIT_DHCP_QUARANTINE_S + 1) * NS_PER_S);
    get(1, "192.168.1.101");
    m = from(1, DHCP_RELEASE);
    m.client = address("192.168.1.101");
    assert_false(ask(&m));
    m = from(4, DHCP_DISCOVER);
    m.requested = address("192.168.1.101");
    assert_true(ask(&m));
    check_your("192.168.1.101");
}

static void inform_gets_configuration_only(void **state)
{
    (void)state;
    struct dhcp_message m = from(1, DHCP_INFORM);
    assert_false(ask(&m));
    m.client = address("192.168.1.7");
    assert_true(ask(&m));
    assert_int_equal(reply.type, DHCP_ACK);
    assert_int_equal(reply.lease_s, 0);
    assert_int_equal(reply.your.family, 0);
    assert_string_equal(reply.domain, "home");
    assert_int_equal(map_count(&leases.by_address), 0);
}

static void replies_find_their_way(void **state)
{
    (void)state;
    static const struct {
        bool relay, client, broadcast, nak;
        const char *want;
        uint16_t port;
        bool by_mac;
    } CASES[] = {
        {true, true, true, true, "10.0.0.1", 67, false},           {false, true, true, false, "192.168.1.7", 68, false},
        {false, false, true, false, "255.255.255.255", 68, false}, {false, false, false, false, "192.168.1.9", 68, true},
        {false, true, false, true, "255.255.255.255", 68, false},  {false, false, false, true, "255.255.255.255", 68, false},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct dhcp_message m = from(1, DHCP_REQUEST),
                            r = {.type = CASES[i].nak ? DHCP_NAK : DHCP_ACK, .your = address("192.168.1.9")};
        bool by_mac;
        if (CASES[i].relay)
            m.relay = address("10.0.0.1");
        if (CASES[i].client)
            m.client = address("192.168.1.7");
        m.broadcast = CASES[i].broadcast;
        struct endpoint to = dhcp_reply_destination(&m, &r, &by_mac);
        struct ip want = address(CASES[i].want);
        assert_true(ip_equal(&to.address, &want));
        assert_int_equal(to.port, CASES[i].port);
        assert_int_equal(by_mac, CASES[i].by_mac);
    }
}

static void bad_pools_are_explained(void **state)
{
    (void)state;
    char error[200];
    assert_int_equal(dhcp_pool_check(&pool, error, sizeof error), 0);
    struct dhcp_pool bad = pool;
    bad.range.last = address("192.168.1.1");
    assert_int_equal(dhcp_pool_check(&bad, error, sizeof error), IMP_INVALID);
    bad.range.last = address("192.200.1.1");
    assert_int_equal(dhcp_pool_check(&bad, error, sizeof error), IMP_INVALID);
    bad = pool;
    struct ip six = address("::1");
    bad.dns = &six;
    bad.dns_count = 1;
    assert_int_equal(dhcp_pool_check(&bad, error, sizeof error), IMP_INVALID);
    assert_non_null(strstr(error, "dns"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(four_messages_give_an_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_client_gets_the_same_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_pool_gives_what_was_free_for_longest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_offer_is_kept_for_a_while, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wishes_and_reservations_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_that_cannot_be_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_servers_client_frees_its_offer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renewing_extends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(declined_and_released, set_up, tear_down),
        cmocka_unit_test_setup_teardown(inform_gets_configuration_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(replies_find_their_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_pools_are_explained, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
