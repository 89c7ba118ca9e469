/* Addresses: text forms both ways, classes, prefixes, and addresses made from others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

static struct ip ip_of(const char *text)
{
    struct ip ip = {0};
    if (ip_parse(text, &ip))
        fail_msg("'%s' was refused", text);
    return ip;
}

static struct prefix prefix_of(const char *text)
{
    struct prefix prefix = {0};
    if (prefix_parse(text, &prefix))
        fail_msg("'%s' was refused", text);
    return prefix;
}

static void macs_are_read_and_printed(void **state)
{
    (void)state;
    struct mac mac;
    char out[MAC_TEXT_BYTES];
    assert_int_equal(mac_parse("02:00:5E:10:00:ff", &mac), 0);
    assert_string_equal(mac_print(mac, out, sizeof out), "02:00:5e:10:00:ff");
    assert_int_equal(mac_parse("02-00-5e-10-00-ff", &mac), 0);
    assert_string_equal(mac_print(mac, out, sizeof out), "02:00:5e:10:00:ff");
    assert_false(mac_is_group(mac));
    assert_true(mac_is_group(MAC_BROADCAST));
    assert_true(mac_equal(MAC_NONE, (struct mac){{0}}));
    assert_false(mac_equal(MAC_NONE, MAC_BROADCAST));
    static const char *const malformed[] = {"",
                                            "02",
                                            "02:00:5e:10:00",
                                            "02:00:5e:10:00:f",
                                            "02:00:5e:10:00:ff:00",
                                            "2:0:5e:10:0:ff",
                                            "02:00:5e:10:00:fg",
                                            "0200.5e10.00ff",
                                            ":02:00:5e:10:00:ff",
                                            "02:00:5e:10:00:ff "};
    for (size_t i = 0; i < count_of(malformed); i++)
        assert_int_equal(mac_parse(malformed[i], &mac), IMP_MALFORMED);
}

/* RFC 5952 sections 1, 2, 4 and 5, and RFC 4291 section 2.2: what is read, and how it is printed. */
static void ipv6_text_follows_rfc_5952(void **state)
{
    (void)state;
    static const char *const forms[][2] = {
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
        {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},
        {"2001:db8:aaaa:bbbb:cccc:dddd::1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"}, /* one zero group is not shortened */
        {"2001:db8:0:0:0::1", "2001:db8::1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},       /* the longest run */
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"}, /* the first of equal runs */
        {"FF01:0:0:0:0:0:0:101", "ff01::101"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"::", "::"},
        {"1::", "1::"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"0:0:3:4:5:6:0:0", "::3:4:5:6:0:0"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"::ffff:c000:201", "::ffff:192.0.2.1"},
        {"::192.0.2.1", "::c000:201"}, /* no known prefix: RFC 5952 section 5 leaves it in hexadecimal */
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
        {"fe80::1", "fe80::1"},
    };
    for (size_t i = 0; i < count_of(forms); i++) {
        struct ip ip = ip_of(forms[i][0]);
        char out[IP_TEXT_BYTES];
        assert_int_equal(ip.family, 6);
        assert_string_equal(ip_print(&ip, out, sizeof out), forms[i][1]);
    }
}

static void wrong_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const malformed[] = {"",
                                            "1.2.3",
                                            "1.2.3.4.5",
                                            "1.2.3.256",
                                            "01.2.3.4",
                                            "1.2.3.04",
                                            "1..2.3",
                                            ".1.2.3.4",
                                            "1.2.3.4.",
                                            "1.2.3.4 ",
                                            " 1.2.3.4",
                                            "1.2.3.-4",
                                            "0x1.2.3.4",
                                            "1.2.3.4444",
                                            "a.b.c.d",
                                            "1234567890",
                                            ":",
                                            ":::",
                                            "::1::",
                                            "1::2::3",
                                            "1:2:3:4:5:6:7",
                                            "1:2:3:4:5:6:7:8:9",
                                            ":1:2:3:4:5:6:7",
                                            "1:2:3:4:5:6:7:",
                                            "1:2:3:4:5:6:7:8:",
                                            "1:2:3:4:5:6:7:8::",
                                            "1:2:3:4::5:6:7:8",
                                            "12345::",
                                            "00001::",
                                            "g::",
                                            "::1.2.3",
                                            "::1.2.3.4.5",
                                            "::1.2.3.4:5",
                                            "1:2:3:4:5:6:7:1.2.3.4",
                                            "::256.1.1.1",
                                            "fe80::1%eth0",
                                            "[::1]",
                                            "::1/128",
                                            "1.2.3.4:80"};
    for (size_t i = 0; i < count_of(malformed); i++) {
        struct ip ip = {.family = 9};
        if (ip_parse(malformed[i], &ip) != IMP_MALFORMED)
            fail_msg("'%s' was taken", malformed[i]);
        assert_int_equal(ip.family, 9); /* untouched */
    }
}

static void random_addresses_read_back_as_printed(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 1, "addresses");
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[16];
        random_fill(&random, bytes, sizeof bytes);
        for (size_t j = 0; j < 16; j += 2) /* many zero groups */
            if (random_below(&random, 2))
                bytes[j] = bytes[j + 1] = 0;
        struct endpoint endpoint = {i % 2 ? ip4_of_bytes(bytes) : ip6_of_bytes(bytes), (uint16_t)random_u64(&random),
                                    i % 3 ? 0 : (uint16_t)random_u64(&random)},
                        endpoint_back;
        struct prefix prefix = {endpoint.address, (uint8_t)random_below(&random, i % 2 ? 33 : 129)}, prefix_back;
        struct ip back;
        char out[ENDPOINT_TEXT_BYTES];
        assert_int_equal(ip_parse(ip_print(&endpoint.address, out, IP_TEXT_BYTES), &back), 0);
        assert_true(ip_equal(&back, &endpoint.address));
        assert_int_equal(prefix_parse(prefix_print(&prefix, out, PREFIX_TEXT_BYTES), &prefix_back), 0);
        assert_true(prefix_equal(&prefix_back, &prefix));
        assert_int_equal(endpoint_parse(endpoint_print(&endpoint, out, ENDPOINT_TEXT_BYTES), 7, &endpoint_back), 0);
        assert_true(endpoint_equal(&endpoint_back, &endpoint));
    }
    struct ip longest = ip_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    char out[IP_TEXT_BYTES];
    assert_int_equal(strlen(ip_print(&longest, out, sizeof out)), 39);
    assert_string_equal(ip_print(&(struct ip){0}, out, sizeof out), "none");
}

static void numbers_and_order(void **state)
{
    (void)state;
    struct ip a = ip4(0xc0000201), b = ip_of("192.0.2.2"), c = ip_of("::1"), none = {0};
    assert_true(ip4_number(&a) == 0xc0000201);
    assert_int_equal(ip4_number(&c), 0);
    assert_int_equal(ip_compare(&a, &b), -1);
    assert_int_equal(ip_compare(&b, &a), 1);
    assert_int_equal(ip_compare(&a, &a), 0);
    assert_int_equal(ip_compare(&b, &c), -1); /* the family first */
    assert_int_equal(ip_bits(&a), 32);
    assert_int_equal(ip_bits(&c), 128);
    assert_int_equal(ip_bits(&none), 0);
    struct ip four = ip_any(4), six = ip_any(6);
    assert_true(ip_is_any(&none) && ip_is_any(&four) && ip_is_any(&six));
    assert_false(ip_equal(&four, &six));
}

static void classes_of_addresses(void **state)
{
    (void)state;
    enum { LOOPBACK = 1, MULTICAST = 2, LINK_LOCAL = 4, BROADCAST = 8, PRIVATE = 16, ANY = 32 };
    static const struct {
        const char *text;
        unsigned classes;
    } known[] = {{"127.0.0.1", LOOPBACK},
                 {"127.255.0.3", LOOPBACK},
                 {"128.0.0.1", 0},
                 {"224.0.0.1", MULTICAST},
                 {"239.255.255.255", MULTICAST},
                 {"240.0.0.1", 0},
                 {"169.254.3.4", LINK_LOCAL},
                 {"169.253.3.4", 0},
                 {"255.255.255.255", BROADCAST},
                 {"255.255.255.254", 0},
                 {"10.1.2.3", PRIVATE},
                 {"11.0.0.0", 0},
                 {"172.15.0.1", 0},
                 {"172.16.0.1", PRIVATE},
                 {"172.31.255.255", PRIVATE},
                 {"172.32.0.0", 0},
                 {"192.168.0.1", PRIVATE},
                 {"192.169.0.1", 0},
                 {"0.0.0.0", ANY},
                 {"8.8.8.8", 0},
                 {"::", ANY},
                 {"::1", LOOPBACK},
                 {"::2", 0},
                 {"ff02::1", MULTICAST},
                 {"fe80::1", LINK_LOCAL},
                 {"febf::1", LINK_LOCAL},
                 {"fec0::1", 0},
                 {"fc00::1", PRIVATE},
                 {"fdff::1", PRIVATE},
                 {"fe00::1", 0},
                 {"2001:db8::1", 0}};
    for (size_t i = 0; i < count_of(known); i++) {
        struct ip ip = ip_of(known[i].text);
        unsigned classes = (ip_is_loopback(&ip) ? LOOPBACK : 0U) | (ip_is_multicast(&ip) ? MULTICAST : 0U) |
                           (ip_is_link_local(&ip) ? LINK_LOCAL : 0U) | (ip_is_broadcast(&ip) ? BROADCAST : 0U) |
                           (ip_is_private(&ip) ? PRIVATE : 0U) | (ip_is_any(&ip) ? ANY : 0U);
        if (classes != known[i].classes)
            fail_msg("%s: classes %u, not %u", known[i].text, classes, known[i].classes);
    }
}

static void prefixes_contain_and_end(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *inside, *outside, *network, *broadcast;
    } known[] = {{"192.168.1.77/24", "192.168.1.255", "192.168.2.0", "192.168.1.0/24", "192.168.1.255"},
                 {"10.0.0.1/31", "10.0.0.0", "10.0.0.2", "10.0.0.0/31", "none"},
                 {"10.0.0.1/32", "10.0.0.1", "10.0.0.0", "10.0.0.1/32", "none"},
                 {"10.0.0.6/30", "10.0.0.7", "10.0.0.8", "10.0.0.4/30", "10.0.0.7"},
                 {"172.16.5.4/12", "172.31.255.255", "172.32.0.0", "172.16.0.0/12", "172.31.255.255"},
                 {"0.0.0.0/0", "255.1.2.3", "::1", "0.0.0.0/0", "255.255.255.255"},
                 {"2001:db8::5/33", "2001:db8:7fff::", "2001:db8:8000::", "2001:db8::/33", "none"},
                 {"fe80::/10", "febf::1", "fec0::1", "fe80::/10", "none"},
                 {"::/0", "ff::1", "1.2.3.4", "::/0", "none"}};
    for (size_t i = 0; i < count_of(known); i++) {
        struct prefix prefix = prefix_of(known[i].prefix), network = prefix_network(&prefix);
        struct ip inside = ip_of(known[i].inside), outside = ip_of(known[i].outside), last = prefix_broadcast(&prefix);
        char out[PREFIX_TEXT_BYTES];
        assert_true(prefix_contains(&prefix, &inside));
        assert_true(prefix_contains(&prefix, &prefix.address));
        assert_false(prefix_contains(&prefix, &outside));
        assert_string_equal(prefix_print(&network, out, sizeof out), known[i].network);
        assert_string_equal(ip_print(&last, out, sizeof out), known[i].broadcast);
    }
    assert_int_equal(prefix_of("10.0.0.1").length, 32);
    assert_int_equal(prefix_of("::1").length, 128);
    struct prefix none = {0}, a = prefix_of("10.0.0.1/24"), b = prefix_of("10.0.0.2/24");
    assert_false(prefix_contains(&none, &none.address));
    assert_false(prefix_equal(&a, &b));
    static const char *const malformed[] = {
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "10/8", "10.0.0.0/ 8"};
    for (size_t i = 0; i < count_of(malformed); i++)
        assert_int_equal(prefix_parse(malformed[i], &none), IMP_MALFORMED);
}

static void endpoints_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } known[] = {{"1.2.3.4:80", "1.2.3.4:80"},
                 {"1.2.3.4", "1.2.3.4:53"},
                 {"[::1]:80", "[::1]:80"},
                 {"[::1]", "[::1]:53"},
                 {"::1", "[::1]:53"},
                 {"fe80::1%2", "[fe80::1%2]:53"},
                 {"[fe80::1%2]:0", "[fe80::1%2]:0"},
                 {"*:80", "*:80"},
                 {"*", "*:53"},
                 {"1.2.3.4:65535", "1.2.3.4:65535"}};
    for (size_t i = 0; i < count_of(known); i++) {
        struct endpoint endpoint;
        char out[ENDPOINT_TEXT_BYTES];
        assert_int_equal(endpoint_parse(known[i].text, 53, &endpoint), 0);
        assert_string_equal(endpoint_print(&endpoint, out, sizeof out), known[i].printed);
    }
    static const char *const malformed[] = {
        "",       ":80",          "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "[::1",          "[::1]80",
        "[::1]:", "[1.2.3.4]:80", "::1]:80",  "fe80::1%eth0",  "fe80::1%",   "fe80::1%65536", "[]:80",
        "www:80", "1.2.3.4:80:90"};
    for (size_t i = 0; i < count_of(malformed); i++) {
        struct endpoint endpoint;
        if (endpoint_parse(malformed[i], 53, &endpoint) != IMP_MALFORMED)
            fail_msg("'%s' was taken", malformed[i]);
    }
}

static void addresses_are_made_from_others(void **state)
{
    (void)state;
    struct mac mac;
    char out[IP_TEXT_BYTES];
    assert_int_equal(mac_parse("34:56:78:9a:bc:de", &mac), 0); /* RFC 4291 Appendix A's pattern */
    struct ip link_local = ip6_link_local(mac), network = ip_of("2001:db8:1:2::"),
              global = ip6_from_prefix_and_mac(&network, mac);
    assert_string_equal(ip_print(&link_local, out, sizeof out), "fe80::3656:78ff:fe9a:bcde");
    assert_string_equal(ip_print(&global, out, sizeof out), "2001:db8:1:2:3656:78ff:fe9a:bcde");
    struct ip target = ip_of("4037::01:800:200e:8c6c"), solicited = ip6_solicited_node(&target); /* RFC 4291 section 2.7.1 */
    assert_string_equal(ip_print(&solicited, out, sizeof out), "ff02::1:ff0e:8c6c");
    struct ip group = ip_of("224.128.64.1"), group6 = ip_of("ff02::1:ff0e:8c6c");
    assert_string_equal(mac_print(mac_of_multicast(&group), out, sizeof out), "01:00:5e:00:40:01");
    assert_string_equal(mac_print(mac_of_multicast(&group6), out, sizeof out), "33:33:ff:0e:8c:6c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(macs_are_read_and_printed),
                                       cmocka_unit_test(ipv6_text_follows_rfc_5952),
                                       cmocka_unit_test(wrong_addresses_are_refused),
                                       cmocka_unit_test(random_addresses_read_back_as_printed),
                                       cmocka_unit_test(numbers_and_order),
                                       cmocka_unit_test(classes_of_addresses),
                                       cmocka_unit_test(prefixes_contain_and_end),
                                       cmocka_unit_test(endpoints_are_read),
                                       cmocka_unit_test(addresses_are_made_from_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
