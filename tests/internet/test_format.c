/* The formats of IPv4 and ICMP: round trips, short and wrong input, options, printing. */
#include "world.h"

#include "internet/ipv4.h"

static void ipv4_round_trip(void **state)
{
    (void)state;
    static const uint8_t options[] = {148, 4, 0, 0};
    const struct ipv4_header header = {.header_bytes = 24,
                                       .traffic_class = 0xb8,
                                       .total_bytes = 1024,
                                       .identification = 0x1234,
                                       .more_fragments = true,
                                       .offset_bytes = 1480,
                                       .ttl = 63,
                                       .protocol = PROTOCOL_UDP,
                                       .options = options,
                                       .source = ip_of("192.0.2.1"),
                                       .destination = ip_of("198.51.100.7")};
    uint8_t bytes[24];
    ipv4_build(&header, bytes);
    assert_true(ipv4_checksum_good(bytes, sizeof bytes));
    struct ipv4_header back;
    assert_int_equal(ipv4_parse(bytes, sizeof bytes, &back), 0);
    assert_int_equal(back.header_bytes, 24);
    assert_int_equal(back.traffic_class, 0xb8);
    assert_int_equal(back.total_bytes, 1024);
    assert_int_equal(back.identification, 0x1234);
    assert_true(back.more_fragments && !back.dont_fragment);
    assert_int_equal(back.offset_bytes, 1480);
    assert_int_equal(back.ttl, 63);
    assert_int_equal(back.protocol, PROTOCOL_UDP);
    assert_memory_equal(back.options, options, sizeof options);
    assert_true(ip_equal(&back.source, &header.source) && ip_equal(&back.destination, &header.destination));
    char text[200];
    assert_string_equal(ipv4_print(&back, text, sizeof text),
                        "192.0.2.1 > 198.51.100.7: proto UDP (17), ttl 63, id 4660, offset 1480, length 1024, flags [+]");
    for (size_t n = 0; n < sizeof bytes; n++)
        assert_int_equal(ipv4_parse(bytes, n, &back), IMP_TRUNCATED);
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) { /* any one bit wrong is noticed */
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(ipv4_checksum_good(bytes, sizeof bytes));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void ipv4_malformed(void **state)
{
    (void)state;
    const struct ipv4_header header = {
        .header_bytes = 20, .total_bytes = 20, .source = ip_of("1.2.3.4"), .destination = ip_of("5.6.7.8")};
    uint8_t bytes[20];
    struct ipv4_header back;
    ipv4_build(&header, bytes);
    bytes[0] = 0x65;
    assert_int_equal(ipv4_parse(bytes, sizeof bytes, &back), IMP_MALFORMED); /* version */
    bytes[0] = 0x44;
    assert_int_equal(ipv4_parse(bytes, sizeof bytes, &back), IMP_MALFORMED); /* header shorter than 20 */
    bytes[0] = 0x45;
    bytes[3] = 19;
    assert_int_equal(ipv4_parse(bytes, sizeof bytes, &back), IMP_MALFORMED); /* total shorter than the header */
}

static void options_checked(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[4];
        bool sound;
        uint8_t at;
    } cases[] = {{{1, 1, 1, 0}, true, 0},   {{7, 4, 4, 0}, true, 0},   {{0, 9, 9, 9}, true, 0},  {{7, 5, 4, 0}, false, 21},
                 {{1, 7, 1, 0}, false, 22}, {{1, 1, 1, 7}, false, 24}, {{7, 0, 0, 0}, false, 21}};
    for (size_t i = 0; i < count_of(cases); i++) {
        const struct ipv4_header header = {.header_bytes = 24, .options = cases[i].bytes};
        uint8_t at = 0;
        assert_int_equal(ipv4_options_sound(&header, &at), cases[i].sound);
        if (!cases[i].sound)
            assert_int_equal(at, cases[i].at);
    }
}

static void icmp_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[ICMP_HEADER_BYTES];
    char text[120];
    struct icmp_header back;
    icmp_build(&(struct icmp_header){.type = ICMP_ECHO_REQUEST, .identifier = 7, .sequence = 300}, bytes);
    assert_int_equal(icmp_parse(bytes, sizeof bytes, &back), 0);
    assert_int_equal(back.identifier, 7);
    assert_int_equal(back.sequence, 300);
    assert_string_equal(icmp_print(&back, 64, text, sizeof text), "ICMP echo request, id 7, seq 300, length 64");
    icmp_build(&(struct icmp_header){.type = ICMP_UNREACHABLE, .code = ICMP_FRAGMENTATION_NEEDED, .parameter = 1400}, bytes);
    assert_int_equal(icmp_parse(bytes, sizeof bytes, &back), 0);
    assert_int_equal(back.parameter, 1400);
    assert_string_equal(icmp_print(&back, 36, text, sizeof text), "ICMP unreachable - need to frag (mtu 1400), length 36");
    for (size_t n = 0; n < sizeof bytes; n++)
        assert_int_equal(icmp_parse(bytes, n, &back), IMP_TRUNCATED);
    static const struct {
        struct icmp_header header;
        const char *text;
    } cases[] = {
        {{.type = ICMP_UNREACHABLE, .code = ICMP_PORT_UNREACHABLE}, "ICMP port unreachable, length 36"},
        {{.type = ICMP_TIME_EXCEEDED}, "ICMP time exceeded in-transit, length 36"},
        {{.type = ICMP_TIME_EXCEEDED, .code = ICMP_REASSEMBLY}, "ICMP ip reassembly time exceeded, length 36"},
        {{.type = ICMP_PARAMETER_PROBLEM, .parameter = 21u << 24}, "ICMP parameter problem - octet 21, length 36"},
        {{.type = 99, .code = 1}, "ICMP type 99 code 1, length 36"},
    };
    for (size_t i = 0; i < count_of(cases); i++)
        assert_string_equal(icmp_print(&cases[i].header, 36, text, sizeof text), cases[i].text);
    assert_string_equal(icmp_unreachable_text(ICMP_PROHIBITED), "prohibited");
    assert_string_equal(icmp_unreachable_text(99), "other");
}

/* Whole packets, as a wire would bring them: what the input refuses, by name. */
static void input_refuses(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack = host(engine, "a");
    struct interface *eth0 = attach(stack, "eth0", "10.0.0.1/24");
    const struct ipv4_header good = {.header_bytes = 20,
                                     .total_bytes = 28,
                                     .ttl = 9,
                                     .protocol = PROTOCOL_ICMP,
                                     .source = ip_of("10.0.0.2"),
                                     .destination = ip_of("10.0.0.1")};
    static const struct {
        int at;
        uint8_t value;
        enum drop_reason reason;
    } cases[] = {{0, 0x55, DROP_IPV4_MALFORMED}, {0, 0x4f, DROP_IPV4_MALFORMED}, {3, 29, DROP_IPV4_MALFORMED},
                 {8, 8, DROP_IPV4_CHECKSUM},     {19, 9, DROP_IP_NOT_FOR_US},    {20, 1, DROP_ICMP_MALFORMED}};
    for (size_t i = 0; i < count_of(cases); i++) {
        struct frame *frame = frame_create(engine, FRAME_HEADROOM, 64);
        struct ipv4_header header = good;
        if (cases[i].at == 19)
            header.destination.b[3] = 9;
        ipv4_build(&header, frame_append(frame, 20));
        memset(frame_append(frame, 8), 0, 8);
        if (cases[i].at != 19)
            frame->data[cases[i].at] = cases[i].value;
        uint64_t before = stack_node(stack)->drops[cases[i].reason];
        eth0->receive(eth0, frame, ETHERTYPE_IPV4, MAC_NONE, engine_now(engine));
        assert_int_equal(stack_node(stack)->drops[cases[i].reason], before + 1);
    }
    struct frame *unknown = frame_create(engine, FRAME_HEADROOM, 64);
    eth0->receive(eth0, unknown, 0x1234, MAC_NONE, engine_now(engine));
    assert_int_equal(stack_node(stack)->drops[DROP_ETHERNET_UNKNOWN_TYPE], 1);
    world_end(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_round_trip), cmocka_unit_test(ipv4_malformed), cmocka_unit_test(options_checked),
        cmocka_unit_test(icmp_round_trip), cmocka_unit_test(input_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
