/* DHCP's format: there and back, options in three fields, hostile lengths; and the frames made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "application/dhcp/frame.h"
#include "application/dhcp/message.h"
#include "base/error.h"
#include "base/memory.h"

static struct ip address(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}

static struct dhcp_message full(void)
{
    struct dhcp_message m = {.reply = true, .hops = 1, .xid = 0x12345678, .seconds = 9, .broadcast = true, .type = DHCP_OFFER};
    m.your = address("192.168.1.100");
    m.relay = address("10.0.0.1");
    m.mac = (struct mac){{2, 0, 0, 0, 0, 1}};
    m.server = m.routers[0] = m.dns[0] = address("192.168.1.1");
    m.dns[1] = address("9.9.9.9");
    m.ntp[0] = address("192.168.1.2");
    m.broadcast_address = address("192.168.1.255");
    m.lease_s = 43200;
    m.renew_s = 21600;
    m.rebind_s = 37800;
    m.prefix_length = 24;
    m.mtu = 1400;
    m.size_max = 1500;
    m.routes[0] = (struct dhcp_route){{address("10.0.0.0"), 9}, address("192.168.1.3")};
    m.routes[1] = (struct dhcp_route){{ip_any(4), 0}, address("192.168.1.1")};
    m.route_count = 2;
    strcpy(m.domain, "home.example");
    strcpy(m.host_name, "laptop");
    strcpy(m.text, "why not");
    memcpy(m.client_id, "\1\2\3\4\5\6\7", 7);
    m.client_id_length = 7;
    memcpy(m.wanted, "\1\3\6", 3);
    m.wanted_count = 3;
    return m;
}

static void a_message_comes_back_as_it_was(void **state)
{
    (void)state;
    struct dhcp_message m = full(), back;
    uint8_t bytes[LIMIT_DHCP_MESSAGE_BYTES];
    int length = dhcp_build(&m, bytes, sizeof bytes);
    assert_true(length >= 300);
    assert_int_equal(dhcp_parse(bytes, (size_t)length, &back), 0);
    assert_memory_equal(&m, &back, sizeof m);
    struct text text = {0};
    dhcp_print(&back, &text);
    assert_non_null(strstr(text.data, "Offer xid 12345678"));
    assert_non_null(strstr(text.data, "192.168.1.100"));
    text_free(&text);
}

static void options_overflow_into_file_and_sname(void **state)
{
    (void)state;
    struct dhcp_message m = full(), back;
    uint8_t bytes[600];
    memset(m.domain, 'd', 100);
    memset(m.text, 't', 60);
    m.domain[100] = m.text[60] = 0;
    int whole = dhcp_build(&m, bytes, sizeof bytes);
    assert_true(whole > 300);
    assert_int_equal(bytes[44], 0);
    assert_int_equal(bytes[108], 0);
    for (size_t capacity = 300; capacity < (size_t)whole;
         capacity += 7) { /* less and less room: the rest goes to the other fields */
        int length = dhcp_build(&m, bytes, capacity);
        if (length == IMP_NO_SPACE)
            continue;
        assert_true((size_t)length <= capacity);
        assert_int_equal(dhcp_parse(bytes, (size_t)length, &back), 0);
        assert_memory_equal(&m, &back, sizeof m);
    }
    assert_int_equal(dhcp_build(&m, bytes, 299), IMP_NO_SPACE);
    int length = dhcp_build(&m, bytes, 400);
    assert_true(length > 0 && bytes[108] != 0);
}

/* A message with these option bytes. */
static int parse_options(const void *options, size_t length, struct dhcp_message *out)
{
    uint8_t bytes[1200];
    struct dhcp_message m = {.type = DHCP_DISCOVER, .mac = {{2, 0, 0, 0, 0, 1}}};
    assert_true(dhcp_build(&m, bytes, sizeof bytes) > 0);
    memcpy(bytes + 240, options, length);
    return dhcp_parse(bytes, 240 + length, out);
}

static void long_options_are_joined(void **state)
{
    (void)state;
    struct dhcp_message m;
    static const uint8_t CUT[] = {53, 1, 1, 12, 3, 'l', 'a', 'p', 0, 0, 12, 3, 't', 'o', 'p', 255};
    assert_int_equal(parse_options(CUT, sizeof CUT, &m), 0);
    assert_string_equal(m.host_name, "laptop"); /* RFC 3396 */
    static const uint8_t CONTROL[] = {53, 1, 1, 12, 6, 'l', 'a', '\n', 't', 'o', 'p', 255};
    assert_int_equal(parse_options(CONTROL, sizeof CONTROL, &m), 0);
    assert_string_equal(m.host_name, "la");
}

static void broken_messages_are_refused(void **state)
{
    (void)state;
    struct dhcp_message m = full();
    uint8_t bytes[600];
    int length = dhcp_build(&m, bytes, sizeof bytes);
    for (size_t n = 0; n < 240; n++)
        assert_int_equal(dhcp_parse(bytes, n, &m), IMP_TRUNCATED);
    for (size_t n = 240; n < (size_t)length; n++)
        (void)dhcp_parse(bytes, n, &m); /* no crash, whatever it says */
    bytes[236] ^= 1;
    assert_int_equal(dhcp_parse(bytes, (size_t)length, &m), IMP_MALFORMED);
    static const struct {
        size_t length;
        uint8_t options[24];
    } BAD[] = {
        {3, {53, 2, 1}},                               /* runs past the end */
        {1, {53}},                                     /* no length */
        {4, {53, 1, 99, 255}},                         /* no such type */
        {5, {53, 2, 1, 1, 255}},                       /* too long */
        {9, {53, 1, 1, 54, 3, 1, 2, 3, 255}},          /* half an address */
        {9, {53, 1, 1, 3, 3, 1, 2, 3, 255}},           /* half a list */
        {8, {53, 1, 1, 51, 2, 1, 2, 255}},             /* half a time */
        {7, {53, 1, 1, 52, 1, 4, 255}},                /* overload of nothing */
        {7, {53, 1, 1, 61, 1, 1, 255}},                /* a client identifier without one */
        {11, {53, 1, 1, 121, 5, 33, 1, 2, 3, 4, 255}}, /* a prefix of 33 bits */
        {10, {53, 1, 1, 121, 4, 24, 10, 0, 0, 255}},   /* a route without its router */
    };
    for (size_t i = 0; i < count_of(BAD); i++)
        if (parse_options(BAD[i].options, BAD[i].length, &m) != IMP_MALFORMED)
            fail_msg("case %zu was taken", i);
}

static void frames_go_both_ways(void **state)
{
    (void)state;
    struct dhcp_frame frame = {.source_mac = {{2, 0, 0, 0, 0, 1}},
                               .destination_mac = MAC_BROADCAST,
                               .source = {.address = ip_any(4), .port = 68},
                               .destination = {.address = address("255.255.255.255"), .port = 67}},
                      back;
    struct bytes payload = {(const uint8_t *)"hello", 5}, got;
    uint8_t bytes[200];
    int length = dhcp_frame_build(&frame, payload, bytes, sizeof bytes);
    assert_int_equal(length, 47);
    assert_int_equal(dhcp_frame_parse(bytes, (size_t)length, &back, &got), 0);
    assert_int_equal(got.length, 5);
    assert_memory_equal(got.data, "hello", 5);
    assert_true(endpoint_equal(&back.destination, &frame.destination));
    assert_int_equal(dhcp_frame_parse(bytes, 60, &back, &got), 0); /* padding behind it */
    for (size_t i = 14; i < 47; i++) {                             /* any one bit wrong is seen: two checksums guard it */
        bytes[i] ^= 4;
        assert_int_not_equal(dhcp_frame_parse(bytes, (size_t)length, &back, &got), 0);
        bytes[i] ^= 4;
    }
    for (size_t n = 0; n < (size_t)length; n++)
        assert_int_not_equal(dhcp_frame_parse(bytes, n, &back, &got), 0);
    assert_int_equal(dhcp_frame_build(&frame, payload, bytes, 46), IMP_NO_SPACE);
}

static void probes_find_conflicts(void **state)
{
    (void)state;
    struct mac us = {{2, 0, 0, 0, 0, 1}}, them = {{2, 0, 0, 0, 0, 2}}, who;
    struct ip ip = address("192.168.1.100"), other = address("192.168.1.101");
    uint8_t frame[ARP_FRAME_BYTES];
    dhcp_probe_build(us, &ip, frame);
    assert_false(dhcp_probe_conflict(frame, sizeof frame, us, &ip, &who)); /* our own */
    dhcp_probe_build(them, &ip, frame);
    assert_true(dhcp_probe_conflict(frame, sizeof frame, us, &ip, &who)); /* both probe for it */
    assert_true(mac_equal(who, them));
    assert_false(dhcp_probe_conflict(frame, sizeof frame, us, &other, &who));
    memcpy(frame + 28, ip.b, 4); /* their sender address */
    frame[21] = 2;               /* a reply */
    assert_true(dhcp_probe_conflict(frame, sizeof frame, us, &ip, &who));
    assert_false(dhcp_probe_conflict(frame, sizeof frame - 1, us, &ip, &who));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_back_as_it_was),
        cmocka_unit_test(options_overflow_into_file_and_sname),
        cmocka_unit_test(long_options_are_joined),
        cmocka_unit_test(broken_messages_are_refused),
        cmocka_unit_test(frames_go_both_ways),
        cmocka_unit_test(probes_find_conflicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
