/* A DHCP client's states: each one's timer, each message in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "application/dhcp/client_machine.h"

static struct ip address(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}

static struct dhcp_machine m;
static struct dhcp_client_output out;
static struct instant now;

static int set_up(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    m.mac = (struct mac){{2, 0, 0, 0, 0, 1}};
    m.host_name = "laptop";
    now = (struct instant){5 * NS_PER_S};
    dhcp_machine_start(&m, now);
    return 0;
}

/* Moves to when the machine is due, and asks it. Random bits 1000 change a backoff by nothing. */
static void due(void)
{
    assert_true(m.due.ns >= now.ns && !instant_is_never(m.due));
    now = m.due;
    dhcp_machine_due(&m, now, 1000, &out);
}

static bool hear(enum dhcp_type type, uint32_t lease_s)
{
    struct dhcp_message message = {.reply = true,
                                   .type = type,
                                   .xid = m.xid,
                                   .mac = m.mac,
                                   .your = address("192.168.1.100"),
                                   .server = address("192.168.1.1"),
                                   .lease_s = lease_s,
                                   .prefix_length = 16};
    return dhcp_machine_hear(&m, &message, now, 1000, &out);
}

static void to_bound(uint32_t lease_s)
{
    due();
    assert_true(hear(DHCP_OFFER, lease_s));
    assert_true(hear(DHCP_ACK, lease_s));
    due();
    assert_int_equal(m.state, DHCP_CLIENT_BOUND);
    assert_int_equal(out.act, DHCP_ACT_BIND);
}

static void the_straight_way(void **state)
{
    (void)state;
    due();
    assert_int_equal(m.state, DHCP_CLIENT_SELECTING);
    assert_true(out.send);
    assert_int_equal(out.message.type, DHCP_DISCOVER);
    assert_string_equal(out.message.host_name, "laptop");
    assert_true(ip_is_broadcast(&out.destination));
    assert_int_equal(m.due.ns, now.ns + 4 * NS_PER_S);
    assert_false(hear(DHCP_ACK, 1000)); /* not asked for */
    assert_true(hear(DHCP_OFFER, 1000));
    assert_int_equal(m.state, DHCP_CLIENT_REQUESTING);
    assert_int_equal(out.message.type, DHCP_REQUEST);
    assert_true(ip_equal(&out.message.requested, &m.address));
    assert_true(ip_equal(&out.message.server, &m.server));
    assert_int_equal(out.message.client.family, 0);
    assert_false(hear(DHCP_OFFER, 1000)); /* the first one was taken */
    assert_true(hear(DHCP_ACK, 1000));
    assert_int_equal(m.state, DHCP_CLIENT_PROBING);
    assert_int_equal(out.act, DHCP_ACT_NONE);
    struct instant acknowledged = now;
    due();
    assert_int_equal(m.state, DHCP_CLIENT_BOUND);
    assert_int_equal(out.act, DHCP_ACT_BIND);
    assert_int_equal(m.prefix_length, 16);
    assert_int_equal(m.due.ns, acknowledged.ns + 500 * NS_PER_S);
}

static void discovers_are_repeated_ever_slower(void **state)
{
    (void)state;
    static const int64_t SECONDS[] = {4, 8, 16, 32, 64, 64, 64};
    due();
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(m.due.ns - now.ns, SECONDS[i] * NS_PER_S);
        assert_int_equal(m.gave_up_once, i + 1 > LIMIT_DHCP_FIRST_ROUND);
        uint32_t xid = m.xid;
        due();
        assert_int_equal(out.message.type, DHCP_DISCOVER);
        assert_int_equal(out.message.xid, xid);
    }
    dhcp_machine_due(&m, now, 0, &out); /* the extremes of the random part */
    assert_int_equal(m.due.ns - now.ns, 63 * NS_PER_S);
    dhcp_machine_due(&m, now, 2000, &out);
    assert_int_equal(m.due.ns - now.ns, 65 * NS_PER_S);
}

static void a_request_without_an_answer_begins_anew(void **state)
{
    (void)state;
    due();
    assert_true(hear(DHCP_OFFER, 1000));
    for (int i = 1; i < LIMIT_DHCP_REQUESTS; i++) {
        due();
        assert_int_equal(m.state, DHCP_CLIENT_REQUESTING);
        assert_int_equal(out.message.type, DHCP_REQUEST);
    }
    due();
    assert_int_equal(m.state, DHCP_CLIENT_INIT);
    due();
    assert_int_equal(out.message.type, DHCP_DISCOVER);
    assert_true(out.message.requested.family == 4); /* it still would like that address */
}

static void a_nak_begins_anew(void **state)
{
    (void)state;
    due();
    assert_true(hear(DHCP_OFFER, 1000));
    assert_true(hear(DHCP_NAK, 0));
    assert_int_equal(m.state, DHCP_CLIENT_INIT);
    assert_int_equal(out.act, DHCP_ACT_NONE);
    assert_true(m.due.ns > now.ns);
}

static void a_conflict_is_declined(void **state)
{
    (void)state;
    due();
    assert_true(hear(DHCP_OFFER, 1000));
    assert_true(hear(DHCP_ACK, 1000));
    dhcp_machine_conflict(&m, now, &out);
    assert_int_equal(out.message.type, DHCP_DECLINE);
    assert_true(out.message.requested.family == 4 && out.message.server.family == 4);
    assert_int_equal(m.state, DHCP_CLIENT_INIT);
    assert_int_equal(m.due.ns, now.ns + 10 * NS_PER_S);
    due();
    assert_int_equal(out.message.requested.family, 0);
}

static void a_lease_is_renewed(void **state)
{
    (void)state;
    to_bound(1000);
    due();
    assert_int_equal(m.state, DHCP_CLIENT_RENEWING);
    assert_int_equal(out.message.type, DHCP_REQUEST);
    assert_true(ip_equal(&out.destination, &m.server));
    assert_true(ip_equal(&out.message.client, &m.address));
    assert_int_equal(out.message.requested.family, 0);
    assert_int_equal(out.message.server.family, 0);
    assert_true(hear(DHCP_ACK, 2000));
    assert_int_equal(m.state, DHCP_CLIENT_BOUND);
    assert_int_equal(out.act, DHCP_ACT_BIND);
    assert_int_equal(m.due.ns, now.ns + 1000 * NS_PER_S);
}

static void a_lease_that_nobody_extends_is_over(void **state)
{
    (void)state;
    to_bound(8000);
    struct instant end = m.end_at, rebind = m.rebind_at;
    due();
    unsigned renewals = 0, rebindings = 0;
    while (m.state == DHCP_CLIENT_RENEWING || m.state == DHCP_CLIENT_REBINDING) {
        if (out.send && m.state == DHCP_CLIENT_RENEWING) {
            renewals++;
            assert_true(now.ns < rebind.ns);
        } else if (out.send) {
            rebindings++;
            assert_true(ip_is_broadcast(&out.destination));
            assert_true(now.ns >= rebind.ns && now.ns < end.ns);
        }
        due();
    }
    assert_true(renewals >= 3 && rebindings >= 3);
    assert_int_equal(now.ns, end.ns);
    assert_int_equal(m.state, DHCP_CLIENT_INIT);
    assert_int_equal(out.act, DHCP_ACT_UNBIND);
    assert_false(out.refused);
    assert_int_equal(out.unbound.length, 16);
}

static void a_nak_while_renewing_takes_the_address_away(void **state)
{
    (void)state;
    to_bound(1000);
    due();
    assert_true(hear(DHCP_NAK, 0));
    assert_int_equal(out.act, DHCP_ACT_UNBIND);
    assert_true(out.refused);
    assert_int_equal(m.state, DHCP_CLIENT_INIT);
    assert_int_equal(m.address.family, 0);
}

static void for_ever_needs_no_timer(void **state)
{
    (void)state;
    due();
    assert_true(hear(DHCP_OFFER, UINT32_MAX));
    assert_true(hear(DHCP_ACK, UINT32_MAX));
    due();
    assert_int_equal(m.state, DHCP_CLIENT_BOUND);
    assert_true(instant_is_never(m.due));
}

static void a_release_ends_it(void **state)
{
    (void)state;
    to_bound(1000);
    dhcp_machine_release(&m, 7, &out);
    assert_int_equal(out.message.type, DHCP_RELEASE);
    assert_true(ip_equal(&out.destination, &m.server));
    assert_int_equal(out.message.wanted_count, 0);
    assert_int_equal(out.act, DHCP_ACT_UNBIND);
    assert_int_equal(m.state, DHCP_CLIENT_STOPPED);
    assert_true(instant_is_never(m.due));
    dhcp_machine_release(&m, 7, &out); /* nothing is left to give back */
    assert_false(out.send);
    dhcp_machine_start(&m, now);
    due();
    assert_int_equal(out.message.type, DHCP_DISCOVER);
}

static void strangers_are_not_heard(void **state)
{
    (void)state;
    due();
    struct dhcp_message good = {.reply = true,
                                .type = DHCP_OFFER,
                                .xid = m.xid,
                                .mac = m.mac,
                                .your = address("192.168.1.100"),
                                .server = address("192.168.1.1"),
                                .lease_s = 10};
    struct dhcp_message bad = good;
    bad.xid++;
    assert_false(dhcp_machine_hear(&m, &bad, now, 0, &out));
    bad = good;
    bad.mac.b[5]++;
    assert_false(dhcp_machine_hear(&m, &bad, now, 0, &out));
    bad = good;
    bad.reply = false;
    assert_false(dhcp_machine_hear(&m, &bad, now, 0, &out));
    bad = good;
    bad.server = (struct ip){0};
    assert_false(dhcp_machine_hear(&m, &bad, now, 0, &out));
    bad = good;
    bad.your = address("224.0.0.1");
    assert_false(dhcp_machine_hear(&m, &bad, now, 0, &out));
    bad = good;
    bad.lease_s = 0;
    assert_false(dhcp_machine_hear(&m, &bad, now, 0, &out));
    assert_int_equal(m.state, DHCP_CLIENT_SELECTING);
    assert_true(dhcp_machine_hear(&m, &good, now, 0, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_straight_way, set_up),
        cmocka_unit_test_setup(discovers_are_repeated_ever_slower, set_up),
        cmocka_unit_test_setup(a_request_without_an_answer_begins_anew, set_up),
        cmocka_unit_test_setup(a_nak_begins_anew, set_up),
        cmocka_unit_test_setup(a_conflict_is_declined, set_up),
        cmocka_unit_test_setup(a_lease_is_renewed, set_up),
        cmocka_unit_test_setup(a_lease_that_nobody_extends_is_over, set_up),
        cmocka_unit_test_setup(a_nak_while_renewing_takes_the_address_away, set_up),
        cmocka_unit_test_setup(for_ever_needs_no_timer, set_up),
        cmocka_unit_test_setup(a_release_ends_it, set_up),
        cmocka_unit_test_setup(strangers_are_not_heard, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
