/* Cutting and joining: every order, duplicates, overlaps, missing pieces, limits, options. */
#include "world.h"

#include "base/random.h"
#include "internet/fragment.h"
#include "internet/ipv4.h"

enum { PIECES_MAX = 200 };

struct pieces {
    struct frame *frame[PIECES_MAX];
    unsigned count;
};

static void collect(void *context, struct frame *piece)
{
    struct pieces *pieces = context;
    assert_true(pieces->count < PIECES_MAX);
    pieces->frame[pieces->count++] = piece;
}

static struct frame *packet_of(struct engine *engine, uint32_t payload, const uint8_t *options, uint8_t option_bytes)
{
    struct frame *packet = frame_create(engine, FRAME_HEADROOM, IPV4_HEADER_MAXIMUM + payload);
    struct ipv4_header header = {.header_bytes = (uint8_t)(IPV4_HEADER_BYTES + option_bytes),
                                 .total_bytes = (uint16_t)(IPV4_HEADER_BYTES + option_bytes + payload),
                                 .identification = 77,
                                 .ttl = 9,
                                 .protocol = 253,
                                 .options = options,
                                 .source = ip_of("10.0.0.1"),
                                 .destination = ip_of("10.0.0.2")};
    ipv4_build(&header, frame_append(packet, header.header_bytes));
    uint8_t *data = frame_append(packet, payload);
    for (uint32_t i = 0; i < payload; i++)
        data[i] = (uint8_t)(i * 31 + (i >> 8));
    packet->flags = FRAME_SUMS_GOOD;
    return packet;
}

static struct frame *give(struct ip_interface *on, struct frame *piece)
{
    struct ipv4_header header;
    piece->network = frame_mark(piece);
    assert_int_equal(ipv4_parse(piece->data, piece->length, &header), 0);
    frame_pull(piece, header.header_bytes);
    const struct fragment fragment = {.source = header.source,
                                      .destination = header.destination,
                                      .identification = header.identification,
                                      .protocol = header.protocol,
                                      .offset_bytes = header.offset_bytes,
                                      .more = header.more_fragments};
    return fragment_add(on, &fragment, piece, stack_now(on->stack));
}

static void assert_payload(struct frame *whole, uint32_t payload)
{
    assert_non_null(whole);
    assert_int_equal(frame_total(whole), payload);
    for (uint32_t i = 0; i < payload; i++)
        assert_int_equal(whole->data[i], (uint8_t)(i * 31 + (i >> 8)));
    assert_int_equal(whole->room[whole->network] >> 4, 4); /* the first fragment's header lies in front */
    assert_false(whole->flags & FRAME_SUMS_GOOD);          /* good pieces do not make a good whole: RFC 4963 */
    frame_release(whole);
}

static struct ip_interface *place(struct engine *engine, struct stack **stack)
{
    *stack = host(engine, "b");
    return attach(*stack, "eth0", "10.0.0.2/24")->layer3;
}

static void any_order(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    struct random random;
    random_seed(&random, 1, "order");
    for (unsigned round = 0; round < 300; round++) {
        uint32_t payload = 1 + (uint32_t)random_below(&random, 9000), mtu = 68 + (uint32_t)random_below(&random, 1400);
        struct pieces pieces = {.count = 0};
        unsigned made = fragment_cut_ipv4(stack, packet_of(engine, payload, NULL, 0), mtu, collect, &pieces);
        assert_int_equal(made, pieces.count);
        struct frame *whole = NULL;
        for (unsigned left = pieces.count; left > 0; left--) {
            unsigned which = (unsigned)random_below(&random, left);
            struct frame *piece = pieces.frame[which];
            pieces.frame[which] = pieces.frame[left - 1];
            assert_true(frame_total(piece) <= mtu);
            assert_true(ipv4_checksum_good(piece->data, 20));
            if (left > 1 && random_below(&random, 4) == 0) /* a duplicate changes nothing */
                assert_null(give(on, frame_own(frame_hold(piece), 0)));
            assert_null(whole);
            whole = give(on, piece);
        }
        if (made == 1) /* offset 0, nothing more: joined at once */
            assert_non_null(whole);
        assert_payload(whole, payload);
        assert_int_equal(fragment_waiting(stack), 0);
    }
    world_end(engine);
}

static void fragments_are_cut_again(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    struct pieces first = {.count = 0}, second = {.count = 0};
    fragment_cut_ipv4(stack, packet_of(engine, 4000, NULL, 0), 1500, collect, &first);
    for (unsigned i = 0; i < first.count; i++)
        fragment_cut_ipv4(stack, first.frame[i], 400, collect, &second);
    assert_int_equal(first.count, 3);
    struct frame *whole = NULL;
    for (unsigned i = second.count; i > 0; i--)
        whole = give(on, second.frame[i - 1]);
    assert_payload(whole, 4000);
    world_end(engine);
}

/* RFC 4963: an identification that is used again joins what does not belong together. Only a checksum can find that, so it must be asked. */
static void pieces_of_two_packets_are_not_trusted(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    struct pieces old = {.count = 0}, new = {.count = 0};
    struct frame *other = packet_of(engine, 1000, NULL, 0);
    memset(other->data + IPV4_HEADER_BYTES, 0xee, 1000);
    fragment_cut_ipv4(stack, other, 600, collect, &old);
    fragment_cut_ipv4(stack, packet_of(engine, 1000, NULL, 0), 600, collect, &new);
    assert_true(old.frame[0]->flags & FRAME_SUMS_GOOD);
    assert_true(new.frame[1]->flags &FRAME_SUMS_GOOD);
    assert_null(give(on, old.frame[0]));
    struct frame *whole = give(on, new.frame[1]);
    assert_non_null(whole);
    assert_int_equal(whole->data[0], 0xee);
    assert_int_equal(whole->data[999], (uint8_t)(999 * 31 + (999 >> 8)));
    assert_false(whole->flags & FRAME_SUMS_GOOD);
    frame_release(whole);
    frame_release(old.frame[1]);
    frame_release(new.frame[0]);
    world_end(engine);
}

static void overlaps_are_refused(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    struct pieces a = {.count = 0}, b = {.count = 0};
    fragment_cut_ipv4(stack, packet_of(engine, 3000, NULL, 0), 1020, collect, &a);
    fragment_cut_ipv4(stack, packet_of(engine, 3000, NULL, 0), 820, collect, &b);
    assert_null(give(on, a.frame[0]));
    assert_int_equal(fragment_waiting(stack), 1);
    assert_null(give(on, b.frame[1])); /* 800..1599 against 0..999 */
    assert_int_equal(fragment_waiting(stack), 0);
    assert_int_equal(stack_node(stack)->drops[DROP_FRAGMENT_MALFORMED], 2);
    assert_null(give(on, a.frame[2])); /* the end, 2000..2999: then something behind it */
    struct frame *late = b.frame[2];
    late->data[6] = 0x20 | (3200 / 8 >> 8);
    late->data[7] = (uint8_t)(3200 / 8);
    assert_null(give(on, late));
    assert_int_equal(fragment_waiting(stack), 0);
    frame_release(a.frame[1]);
    frame_release(b.frame[0]);
    frame_release(b.frame[3]);
    world_end(engine);
}

static void senseless_pieces_are_dropped(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    struct fragment fragment = {.source = ip_of("10.0.0.1"), .destination = ip_of("10.0.0.2"), .more = true};
    struct frame *odd = frame_create(engine, FRAME_HEADROOM, 9), *empty = frame_create(engine, FRAME_HEADROOM, 9);
    memset(frame_append(odd, 9), 0, 9);
    assert_null(fragment_add(on, &fragment, odd, INSTANT_ZERO)); /* not a multiple of eight, and more to come */
    assert_null(fragment_add(on, &fragment, empty, INSTANT_ZERO));
    fragment.offset_bytes = 65528;
    struct frame *beyond = frame_create(engine, FRAME_HEADROOM, 16);
    memset(frame_append(beyond, 16), 0, 16);
    assert_null(fragment_add(on, &fragment, beyond, INSTANT_ZERO));
    assert_int_equal(stack_node(stack)->drops[DROP_FRAGMENT_MALFORMED], 3);
    assert_int_equal(fragment_waiting(stack), 0);
    world_end(engine);
}

static void missing_pieces_time_out(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    struct watch told;
    watch_start(engine, &told, "icmp-time-exceeded", "b");
    struct pieces a = {.count = 0};
    fragment_cut_ipv4(stack, packet_of(engine, 3000, NULL, 0), 1500, collect, &a);
    assert_int_equal(a.count, 3);
    assert_null(give(on, a.frame[0]));
    assert_null(give(on, a.frame[2]));
    frame_release(a.frame[1]);
    run_for(engine, 29 * NS_PER_S);
    assert_int_equal(fragment_waiting(stack), 1);
    run_for(engine, 2 * NS_PER_S);
    assert_int_equal(fragment_waiting(stack), 0);
    assert_int_equal(stack_node(stack)->drops[DROP_FRAGMENT_TIMEOUT], 2);
    assert_int_equal(told.count, 1);
    world_end(engine);
}

static void the_oldest_gives_way(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    for (uint32_t i = 0; i < LIMIT_REASSEMBLIES + 10; i++) {
        const struct fragment fragment = {
            .source = ip_of("10.0.0.1"), .destination = ip_of("10.0.0.2"), .identification = i, .more = true};
        struct frame *piece = frame_create(engine, FRAME_HEADROOM, 8);
        memset(frame_append(piece, 8), 0, 8);
        piece->network = frame_mark(piece);
        assert_null(fragment_add(on, &fragment, piece, INSTANT_ZERO));
    }
    assert_int_equal(fragment_waiting(stack), LIMIT_REASSEMBLIES);
    assert_int_equal(stack_node(stack)->drops[DROP_FRAGMENT_LIMIT], 10);
    world_end(engine);
}

static void options_are_copied_or_not(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct stack *stack;
    struct ip_interface *on = place(engine, &stack);
    static const uint8_t options[] = {148, 4, 0, 0 /* router alert: copied */, 7, 7, 4, 0, 0, 0, 0 /* record route: not */, 0};
    struct pieces a = {.count = 0};
    fragment_cut_ipv4(stack, packet_of(engine, 2000, options, sizeof options), 1500, collect, &a);
    assert_int_equal(a.count, 2);
    struct ipv4_header header;
    assert_int_equal(ipv4_parse(a.frame[0]->data, a.frame[0]->length, &header), 0);
    assert_int_equal(header.header_bytes, 32);
    assert_int_equal(ipv4_parse(a.frame[1]->data, a.frame[1]->length, &header), 0);
    assert_int_equal(header.header_bytes, 24);
    assert_memory_equal(header.options, options, 4);
    assert_null(give(on, a.frame[1]));
    assert_payload(give(on, a.frame[0]), 2000);
    struct pieces none = {.count = 0};
    assert_int_equal(fragment_cut_ipv4(stack, packet_of(engine, 100, NULL, 0), 27, collect, &none), 0);
    assert_int_equal(stack_node(stack)->drops[DROP_IP_TOO_BIG], 1);
    world_end(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order),
        cmocka_unit_test(fragments_are_cut_again),
        cmocka_unit_test(pieces_of_two_packets_are_not_trusted),
        cmocka_unit_test(overlaps_are_refused),
        cmocka_unit_test(senseless_pieces_are_dropped),
        cmocka_unit_test(missing_pieces_time_out),
        cmocka_unit_test(the_oldest_gives_way),
        cmocka_unit_test(options_are_copied_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
