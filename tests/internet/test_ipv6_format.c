/* The formats of IPv6, ICMPv6 and neighbour discovery: round trips, each way a chain of extension headers can end, each check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/icmpv6.h"
#include "internet/ipv6.h"
#include "internet/ndp.h"

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(text, &ip), 0);
    return ip;
}

static void the_fixed_header_goes_round(void **state)
{
    (void)state;
    struct ipv6_header header = {.traffic_class = 0xb8,
                                 .flow_label = 0xabcde,
                                 .payload_bytes = 1234,
                                 .next_header = PROTOCOL_UDP,
                                 .hop_limit = 63,
                                 .source = ip_of("2001:db8::1"),
                                 .destination = ip_of("ff02::fb")};
    uint8_t bytes[IPV6_HEADER_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ipv6_header_build(&writer, &header);
    assert_false(writer.failed);
    assert_int_equal(bytes[0], 0x6b);
    assert_int_equal(bytes[1], 0x8a);
    struct ipv6_header back;
    struct reader reader = reader_of(bytes, sizeof bytes);
    assert_int_equal(ipv6_header_parse(&reader, &back), 0);
    assert_int_equal(back.traffic_class, 0xb8);
    assert_int_equal(back.flow_label, 0xabcde);
    assert_int_equal(back.payload_bytes, 1234);
    assert_true(ip_equal(&back.source, &header.source) && ip_equal(&back.destination, &header.destination));
    char text[IPV6_TEXT_BYTES];
    assert_string_equal(ipv6_header_print(&back, text, sizeof text), "2001:db8::1 > ff02::fb next 17 hops 63 payload 1234");
    reader = reader_of(bytes, sizeof bytes - 1);
    assert_int_equal(ipv6_header_parse(&reader, &back), IMP_TRUNCATED);
    bytes[0] = 0x45;
    reader = reader_of(bytes, sizeof bytes);
    assert_int_equal(ipv6_header_parse(&reader, &back), IMP_MALFORMED);
}

static void the_fragment_header_goes_round(void **state)
{
    (void)state;
    struct ipv6_fragment fragment = {.next_header = 58, .offset_bytes = 1448, .more = true, .identification = 0xdeadbeef}, back;
    uint8_t bytes[IPV6_FRAGMENT_HEADER_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ipv6_fragment_build(&writer, &fragment);
    struct reader reader = reader_of(bytes, sizeof bytes);
    assert_int_equal(ipv6_fragment_parse(&reader, &back), 0);
    assert_int_equal(back.next_header, 58);
    assert_int_equal(back.offset_bytes, 1448);
    assert_true(back.more);
    assert_int_equal(back.identification, 0xdeadbeef);
}

/* A packet of a fixed header and the given bytes behind it, walked. */
static enum ipv6_verdict walk(uint8_t next_header, const uint8_t *behind, size_t length, struct ipv6_walk *out)
{
    uint8_t packet[600] = {0};
    struct ipv6_header header = {
        .next_header = next_header, .source = ip_of("2001:db8::1"), .destination = ip_of("2001:db8::2")};
    struct writer writer = writer_of(packet, sizeof packet);
    ipv6_header_build(&writer, &header);
    writer_bytes(&writer, behind, length);
    assert_false(writer.failed);
    *out = ipv6_walk_start(&header);
    return ipv6_walk_on(out, packet, writer.at);
}

static void a_walk_passes_what_it_knows(void **state)
{
    (void)state;
    struct ipv6_walk at;
    assert_int_equal(walk(PROTOCOL_TCP, NULL, 0, &at), IPV6_GO_ON);
    assert_int_equal(at.offset_bytes, 40);
    assert_int_equal(at.named_at_bytes, 6);
    const uint8_t chain[] = {NEXT_ROUTING,     0, 1, 4, 0,    0, 0, 0,  /* hop-by-hop: PadN */
                             NEXT_DESTINATION, 0, 0, 0, 0,    0, 0, 0,  /* routing, no segments left */
                             PROTOCOL_UDP,     0, 0, 0, 0x1e, 2, 9, 9}; /* destination: Pad1 twice, an unknown option to skip */
    assert_int_equal(walk(NEXT_HOP_BY_HOP, chain, sizeof chain, &at), IPV6_GO_ON);
    assert_int_equal(at.next_header, PROTOCOL_UDP);
    assert_int_equal(at.offset_bytes, 64);
    assert_int_equal(at.named_at_bytes, 56);
}

static void a_walk_stops_at_a_fragment(void **state)
{
    (void)state;
    struct ipv6_walk at;
    const uint8_t chain[] = {PROTOCOL_UDP, 0, 0x05, 0xa9, 0, 0, 0, 7};
    assert_int_equal(walk(NEXT_FRAGMENT, chain, sizeof chain, &at), IPV6_FRAGMENT);
    assert_int_equal(at.fragment.offset_bytes, 0x5a8);
    assert_true(at.fragment.more);
    assert_int_equal(at.fragment.identification, 7);
    assert_int_equal(at.offset_bytes, 48);
    assert_int_equal(at.next_header, PROTOCOL_UDP);
}

static void options_end_as_their_bits_ask(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        enum ipv6_verdict verdict;
        bool to_group;
    } CASES[] = {
        {0x3e, IPV6_GO_ON, false}, {0x7e, IPV6_DISCARD, false}, {0xbe, IPV6_PROBLEM, true}, {0xfe, IPV6_PROBLEM, false}};
    for (size_t i = 0; i < count_of(CASES); i++) {
        uint8_t chain[] = {PROTOCOL_UDP, 0, 0, CASES[i].type, 0, 1, 1, 0};
        struct ipv6_walk at;
        assert_int_equal(walk(NEXT_DESTINATION, chain, sizeof chain, &at), CASES[i].verdict);
        assert_int_equal(at.problem_to_group, CASES[i].to_group);
        if (CASES[i].verdict == IPV6_PROBLEM) {
            assert_int_equal(at.code, 2);
            assert_int_equal(at.pointer_bytes, 43);
        }
    }
}

static void a_walk_refuses_what_is_wrong(void **state)
{
    (void)state;
    struct ipv6_walk at;
    const uint8_t segments[] = {PROTOCOL_TCP, 0, 0, 1, 0, 0, 0, 0}; /* RFC 5095 */
    assert_int_equal(walk(NEXT_ROUTING, segments, sizeof segments, &at), IPV6_PROBLEM);
    assert_int_equal(at.code, 0);
    assert_int_equal(at.pointer_bytes, 42);
    const uint8_t late[] = {NEXT_HOP_BY_HOP, 0, 1, 4, 0, 0, 0, 0, PROTOCOL_TCP, 0, 1, 4, 0, 0, 0, 0};
    assert_int_equal(walk(NEXT_DESTINATION, late, sizeof late, &at), IPV6_PROBLEM);
    assert_int_equal(at.code, 1);
    assert_int_equal(at.pointer_bytes, 40);
    const uint8_t past[] = {PROTOCOL_TCP, 1, 1, 4, 0, 0, 0, 0};
    assert_int_equal(walk(NEXT_DESTINATION, past, sizeof past, &at), IPV6_DISCARD);
    assert_int_equal(walk(NEXT_DESTINATION, past, 7, &at), IPV6_DISCARD);
    const uint8_t option_past[] = {PROTOCOL_TCP, 0, 1, 5, 0, 0, 0, 0};
    assert_int_equal(walk(NEXT_DESTINATION, option_past, sizeof option_past, &at), IPV6_DISCARD);
    uint8_t many[8 * (LIMIT_IPV6_EXTENSIONS + 1)] = {0};
    for (size_t i = 0; i < sizeof many; i += 8) {
        many[i] = NEXT_DESTINATION;
        many[i + 2] = 1;
        many[i + 3] = 4;
    }
    assert_int_equal(walk(NEXT_DESTINATION, many, sizeof many, &at), IPV6_DISCARD);
    uint8_t options[8 + 32] = {PROTOCOL_TCP, 4}; /* all Pad1 */
    assert_int_equal(walk(NEXT_DESTINATION, options, sizeof options, &at), IPV6_DISCARD);
}

static void scopes_and_common_bits(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        unsigned scope;
    } CASES[] = {{"fe80::1", 2}, {"::1", 2},         {"ff02::1", 2}, {"ff05::2", 5},
                 {"fec0::1", 5}, {"2001:db8::", 14}, {"fd00::1", 14}};
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct ip address = ip_of(CASES[i].address);
        assert_int_equal(ipv6_scope(&address), CASES[i].scope);
    }
    struct ip a = ip_of("2001:db8::1"), b = ip_of("2001:db8::8000:1"), c = ip_of("8000::");
    assert_int_equal(ipv6_common_bits(&a, &a), 128);
    assert_int_equal(ipv6_common_bits(&a, &b), 96);
    assert_int_equal(ipv6_common_bits(&a, &c), 0);
}

static void an_icmpv6_error_says_what_it_means(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, code;
        int error;
        bool hard;
    } CASES[] = {{1, 0, IMP_UNREACHABLE, false}, {1, 1, IMP_DENIED, false}, {1, 3, IMP_UNREACHABLE, false},
                 {1, 4, IMP_REFUSED, true},      {2, 0, IMP_TOO_BIG, true}, {3, 0, IMP_TIMEOUT, false},
                 {4, 0, IMP_MALFORMED, false},   {4, 1, IMP_REFUSED, true}};
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct icmpv6_header header = {.type = CASES[i].type, .code = CASES[i].code, .parameter = 1400};
        struct stack_error error;
        assert_true(icmpv6_error_meaning(&header, &error));
        assert_int_equal(error.error, CASES[i].error);
        assert_int_equal(error.hard, CASES[i].hard);
        assert_int_equal(error.mtu, CASES[i].type == 2 ? 1400 : 0);
    }
    struct stack_error error;
    assert_false(icmpv6_error_meaning(&(struct icmpv6_header){.type = ICMPV6_ECHO_REQUEST}, &error));
    assert_string_equal(icmpv6_print(1, 4), "port unreachable");
    assert_string_equal(icmpv6_print(1, 99), "destination unreachable");
    assert_string_equal(icmpv6_print(200, 0), "unknown message");
}

static void a_quote_is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    uint8_t packet[64] = {0};
    struct ipv6_header header = {
        .next_header = NEXT_FRAGMENT, .hop_limit = 3, .source = ip_of("fd00::1"), .destination = ip_of("fd00::2")};
    struct writer writer = writer_of(packet, sizeof packet);
    ipv6_header_build(&writer, &header);
    ipv6_fragment_build(&writer, &(struct ipv6_fragment){.next_header = PROTOCOL_UDP, .more = true});
    writer_u32(&writer, 0x04d20035);
    writer_u32(&writer, 0);
    struct icmpv6_quote quote;
    assert_int_equal(icmpv6_quote_parse(packet, writer.at, &quote), 0);
    assert_true(quote.has_transport);
    assert_int_equal(quote.info.protocol, PROTOCOL_UDP);
    assert_int_equal(load_u16(quote.transport.data), 1234);
    assert_int_equal(icmpv6_quote_parse(packet, writer.at - 1, &quote), 0);
    assert_false(quote.has_transport);
    assert_int_equal(icmpv6_quote_parse(packet, 39, &quote), IMP_TRUNCATED);
    packet[42] = 0x01; /* a later fragment: what is in it is not a header */
    assert_int_equal(icmpv6_quote_parse(packet, writer.at, &quote), 0);
    assert_false(quote.has_transport);
}

static const struct mac STATION = {{2, 1, 2, 3, 4, 5}};

static struct ndp_message round_trip(const struct ndp_message *message)
{
    uint8_t bytes[NDP_BUILD_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ndp_build(&writer, message);
    assert_false(writer.failed);
    struct ndp_message back;
    assert_int_equal(ndp_parse(bytes, writer.at, &back), 0);
    for (size_t length = 0; length < writer.at; length++) { /* cut anywhere: an error, or an end between two options */
        struct ndp_message part;
        int error = ndp_parse(bytes, length, &part);
        assert_true(error != 0 || (length >= 8 && length % 8 == 0));
    }
    return back;
}

static void neighbour_messages_go_round(void **state)
{
    (void)state;
    struct ndp_message solicitation = {
        .type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = ip_of("fe80::2"), .has_source_link = true, .source_link = STATION};
    struct ndp_message back = round_trip(&solicitation);
    assert_memory_equal(&back, &solicitation, sizeof back);
    struct ndp_message advertisement = {.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT,
                                        .router = true,
                                        .override = true,
                                        .target = ip_of("2001:db8::2"),
                                        .has_target_link = true,
                                        .target_link = STATION};
    back = round_trip(&advertisement);
    assert_memory_equal(&back, &advertisement, sizeof back);
    char text[NDP_TEXT_BYTES];
    assert_string_equal(ndp_print(&back, text, sizeof text), "neighbour advertisement of 2001:db8::2 router override");
}

static void a_router_advertisement_goes_round(void **state)
{
    (void)state;
    struct ndp_message message = {.type = ICMPV6_ROUTER_ADVERTISEMENT,
                                  .hop_limit = 64,
                                  .router_lifetime_s = 1800,
                                  .reachable_ms = 30000,
                                  .retransmit_ms = 1000,
                                  .has_source_link = true,
                                  .source_link = STATION,
                                  .mtu = 1492,
                                  .prefix_count = LIMIT_NDP_PREFIXES,
                                  .dns = {ip_of("2001:db8::53"), ip_of("2001:db8::54")},
                                  .dns_count = 2,
                                  .dns_lifetime_s = 600};
    for (unsigned i = 0; i < message.prefix_count; i++)
        message.prefixes[i] = (struct ndp_prefix){{ip_of("2001:db8::"), 64}, i % 2, i % 3, 100 + i, 50 + i};
    struct ndp_message back = round_trip(&message);
    assert_memory_equal(&back, &message, sizeof back);
    char text[NDP_TEXT_BYTES];
    assert_string_equal(ndp_print(&back, text, sizeof text),
                        "router advertisement lifetime 1800 s, 8 prefixes, first 2001:db8::/64");
}

static void wrong_messages_are_refused(void **state)
{
    (void)state;
    struct ndp_message message = {
        .type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = ip_of("fe80::2"), .has_source_link = true, .source_link = STATION};
    uint8_t bytes[NDP_BUILD_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ndp_build(&writer, &message);
    struct ndp_message back;
    bytes[1] = 1; /* the code */
    assert_int_equal(ndp_parse(bytes, writer.at, &back), IMP_MALFORMED);
    bytes[1] = 0;
    bytes[25] = 0; /* an option of length zero */
    assert_int_equal(ndp_parse(bytes, writer.at, &back), IMP_MALFORMED);
    bytes[25] = 2; /* one that runs past the end */
    assert_int_equal(ndp_parse(bytes, writer.at, &back), IMP_MALFORMED);
    bytes[25] = 1;
    bytes[8] = 0xff; /* a group as the target */
    assert_int_equal(ndp_parse(bytes, writer.at, &back), IMP_MALFORMED);
    bytes[0] = ICMPV6_REDIRECT;
    assert_int_equal(ndp_parse(bytes, writer.at, &back), IMP_MALFORMED);
    assert_int_equal(ndp_parse(bytes, 3, &back), IMP_MALFORMED);
}

static void validity_follows_the_packet(void **state)
{
    (void)state;
    struct ip local = ip_of("fe80::1"), global = ip_of("2001:db8::1"), nobody = ip_any(6), target = ip_of("fe80::aa:bbcc");
    struct ip group = ip6_solicited_node(&target), nodes = ip_of("ff02::1");
    struct ndp_message ns = {.type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = target};
    struct ndp_message ns_link = ns, na = ns, na_solicited, rs = {.type = ICMPV6_ROUTER_SOLICITATION}, rs_link = rs;
    struct ndp_message ra = {.type = ICMPV6_ROUTER_ADVERTISEMENT};
    ns_link.has_source_link = rs_link.has_source_link = true;
    na.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT;
    na_solicited = na;
    na_solicited.solicited = true;
    const struct {
        const struct ndp_message *message;
        struct ip source, destination;
        bool good;
    } CASES[] = {{&ns, local, group, true},
                 {&ns, nobody, group, true},
                 {&ns, nobody, nodes, false},
                 {&ns_link, local, group, true},
                 {&ns_link, nobody, group, false},
                 {&na, local, nodes, true},
                 {&na_solicited, local, global, true},
                 {&na_solicited, local, nodes, false},
                 {&rs, nobody, nodes, true},
                 {&rs_link, local, nodes, true},
                 {&rs_link, nobody, nodes, false},
                 {&ra, local, nodes, true},
                 {&ra, global, nodes, false}};
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct packet_info info = {.source = CASES[i].source, .destination = CASES[i].destination, .ttl = 255};
        assert_int_equal(ndp_valid(CASES[i].message, &info), CASES[i].good);
        info.ttl = 254; /* a router has forwarded it */
        assert_false(ndp_valid(CASES[i].message, &info));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fixed_header_goes_round),
        cmocka_unit_test(the_fragment_header_goes_round),
        cmocka_unit_test(a_walk_passes_what_it_knows),
        cmocka_unit_test(a_walk_stops_at_a_fragment),
        cmocka_unit_test(options_end_as_their_bits_ask),
        cmocka_unit_test(a_walk_refuses_what_is_wrong),
        cmocka_unit_test(scopes_and_common_bits),
        cmocka_unit_test(an_icmpv6_error_says_what_it_means),
        cmocka_unit_test(a_quote_is_read_as_far_as_it_goes),
        cmocka_unit_test(neighbour_messages_go_round),
        cmocka_unit_test(a_router_advertisement_goes_round),
        cmocka_unit_test(wrong_messages_are_refused),
        cmocka_unit_test(validity_follows_the_packet),
    };
    return cmocka_run_group_tests_name("internet/ipv6_format", tests, NULL, NULL);
}
