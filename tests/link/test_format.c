/* The formats of Ethernet and ARP: round trips, short and wrong input, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "link/arp.h"
#include "link/ethernet.h"

static struct mac mac_of(const char *text)
{
    struct mac mac;
    assert_int_equal(mac_parse(text, &mac), 0);
    return mac;
}

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}

static void ethernet_round_trip(void **state)
{
    (void)state;
    const struct ethernet_header header = {mac_of("ff:ff:ff:ff:ff:ff"), mac_of("02:00:00:00:00:01"), ETHERTYPE_ARP};
    uint8_t bytes[ETHERNET_HEADER_BYTES];
    ethernet_build(&header, bytes);
    struct ethernet_header back;
    assert_int_equal(ethernet_parse(bytes, sizeof bytes, &back), 0);
    assert_memory_equal(&back, &header, sizeof header);
    for (size_t n = 0; n < sizeof bytes; n++)
        assert_int_equal(ethernet_parse(bytes, n, &back), IMP_TRUNCATED);
    char text[80];
    assert_string_equal(ethernet_print(&header, text, sizeof text),
                        "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806)");
    assert_string_equal(ethertype_name(0x1234), "Unknown");
}

static void arp_round_trip(void **state)
{
    (void)state;
    const struct arp_packet packet = {.operation = ARP_REPLY,
                                      .sender_mac = mac_of("02:00:00:00:00:01"),
                                      .target_mac = mac_of("02:00:00:00:00:02"),
                                      .sender = ip_of("10.0.0.1"),
                                      .target = ip_of("10.0.0.2")};
    uint8_t bytes[ARP_BYTES];
    arp_build(&packet, bytes);
    static const uint8_t expected[ARP_BYTES] = {0,  1, 8, 0, 6, 4, 0, 2, 2, 0, 0,  0, 0, 1,
                                                10, 0, 0, 1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2};
    assert_memory_equal(bytes, expected, sizeof expected);
    struct arp_packet back;
    assert_int_equal(arp_parse(bytes, sizeof bytes, &back), 0);
    assert_int_equal(back.operation, ARP_REPLY);
    assert_true(mac_equal(back.sender_mac, packet.sender_mac) && mac_equal(back.target_mac, packet.target_mac));
    assert_true(ip_equal(&back.sender, &packet.sender) && ip_equal(&back.target, &packet.target));
    for (size_t n = 0; n < sizeof bytes; n++)
        assert_int_equal(arp_parse(bytes, n, &back), IMP_TRUNCATED);
    static const size_t checked[] = {0, 1, 2, 3, 4, 5}; /* hardware, protocol, their lengths */
    for (size_t i = 0; i < sizeof checked / sizeof checked[0]; i++) {
        bytes[checked[i]] ^= 0x10;
        assert_int_equal(arp_parse(bytes, sizeof bytes, &back), IMP_MALFORMED);
        bytes[checked[i]] ^= 0x10;
    }
}

static void arp_printed(void **state)
{
    (void)state;
    char text[160];
    struct arp_packet packet = {.operation = ARP_REQUEST,
                                .sender_mac = mac_of("02:00:00:00:00:01"),
                                .sender = ip_of("10.0.0.1"),
                                .target = ip_of("10.0.0.2")};
    assert_string_equal(arp_print(&packet, text, sizeof text), "Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
    packet.operation = ARP_REPLY;
    assert_string_equal(arp_print(&packet, text, sizeof text), "Reply 10.0.0.1 is-at 02:00:00:00:00:01, length 28");
    packet.operation = ARP_REQUEST;
    packet.target = packet.sender;
    assert_string_equal(arp_print(&packet, text, sizeof text), "Announcement 10.0.0.1, length 28");
    packet.sender = ip_of("0.0.0.0");
    assert_string_equal(arp_print(&packet, text, sizeof text), "Probe who-has 10.0.0.1, length 28");
    packet.operation = 9;
    assert_string_equal(arp_print(&packet, text, sizeof text), "Unknown ARP operation 9, length 28");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ethernet_round_trip),
        cmocka_unit_test(arp_round_trip),
        cmocka_unit_test(arp_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
