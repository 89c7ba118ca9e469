#ifndef IMP_TESTS_INTERNET_WORLD6_LOOK_H
#define IMP_TESTS_INTERNET_WORLD6_LOOK_H

/* What the tests look at in a world of world6.h, and what they put into it: events, addresses and drops; an ear for ICMPv6; pings and
 * packets made by hand. */
#include "world6.h"

static inline unsigned world_count(const struct world *world, const struct stack *stack, const char *event)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->event_count; i++)
        count += strcmp(world->events[i].name, event) == 0 && (!stack || world->events[i].node == stack_node(stack));
    return count;
}

/* The n-th address (from 0) of an origin on an interface; false when there are not so many. */
static inline bool world_find_address(struct stack *stack, uint16_t interface, enum address_origin origin, uint8_t family,
                                      struct address_info *out)
{
    for (size_t at = 0; stack_address_info(stack, &at, out) == 0;)
        if (out->interface == interface && out->origin == origin && out->prefix.address.family == family)
            return true;
    return false;
}

static inline struct ip world_link_local(struct stack *stack, uint16_t interface)
{
    struct address_info info;
    assert_true(world_find_address(stack, interface, ADDRESS_LINK_LOCAL, 6, &info));
    return info.prefix.address;
}

static inline uint64_t world_drops(const struct stack *stack, enum drop_reason reason)
{
    return stack_node(stack)->drops[reason];
}

/* What a node's raw ICMP listener has heard. */
struct ear {
    struct icmp_listener listener; /* first: the listener is the ear */
    unsigned count;
    struct icmpv6_header last;
    struct packet_info info;
    size_t length;
    uint8_t message[1500];
};

static inline void ear_hear(struct icmp_listener *listener, const struct packet_info *info, const uint8_t *message,
                            size_t length, struct instant now)
{
    (void)now;
    struct ear *ear = (struct ear *)listener;
    struct reader reader = reader_of(message, length);
    struct icmpv6_header header;
    if (icmpv6_header_parse(&reader, &header) != 0 || header.type >= ICMPV6_ROUTER_SOLICITATION)
        return; /* neighbour discovery goes on all the time */
    ear->last = header;
    ear->count++;
    ear->info = *info;
    ear->length = length;
    memcpy(ear->message, message, length < sizeof ear->message ? length : sizeof ear->message);
}

static inline void ear_open(struct ear *ear, struct stack *stack)
{
    *ear = (struct ear){.listener = {.family = 6, .message = ear_hear}};
    stack_icmp_listen(stack, &ear->listener);
}

static inline int world_ping(struct stack *stack, const char *to, uint16_t interface, uint16_t data_bytes, uint8_t ttl)
{
    struct packet_info info = {.destination = ip_of(to), .protocol = PROTOCOL_ICMPV6, .ttl = ttl, .interface = interface};
    struct frame *frame = frame_create(stack_node(stack)->engine, FRAME_HEADROOM, 8u + data_bytes);
    struct writer writer = writer_of(frame_append(frame, 8u + data_bytes), 8u + data_bytes);
    icmpv6_header_build(&writer, &(struct icmpv6_header){.type = ICMPV6_ECHO_REQUEST, .parameter = 0x12340001});
    for (unsigned i = 0; i < data_bytes; i++)
        writer_u8(&writer, (uint8_t)i);
    return stack_send(stack, &info, frame);
}

/* A packet as if a neighbour had sent it: `header` says all but the length. `flags` are the frame's. */
static inline void world_inject(struct stack *stack, uint16_t interface, struct ipv6_header header, const void *behind,
                                size_t length, uint16_t flags)
{
    static const struct mac STATION = {{2, 0xee, 0, 0, 0, 1}};
    struct node *node = stack_node(stack);
    struct frame *frame = frame_create(node->engine, FRAME_HEADROOM, (uint32_t)(IPV6_HEADER_BYTES + length));
    header.payload_bytes = (uint16_t)length;
    struct writer writer =
        writer_of(frame_append(frame, (uint32_t)(IPV6_HEADER_BYTES + length)), (uint32_t)(IPV6_HEADER_BYTES + length));
    ipv6_header_build(&writer, &header);
    writer_bytes(&writer, behind, length);
    frame->flags |= flags;
    ipv6_input(stack_ip_interface(stack, interface), frame, STATION, engine_now(node->engine));
}

/* A neighbour discovery message from a neighbour. */
static inline void world_inject_ndp(struct stack *stack, const char *source, const char *destination,
                                    const struct ndp_message *message, uint8_t hop_limit)
{
    uint8_t bytes[NDP_BUILD_BYTES];
    struct writer writer = writer_of(bytes, sizeof bytes);
    ndp_build(&writer, message);
    assert_false(writer.failed);
    struct ipv6_header header = {
        .next_header = PROTOCOL_ICMPV6, .hop_limit = hop_limit, .source = ip_of(source), .destination = ip_of(destination)};
    world_inject(stack, 2, header, bytes, writer.at, FRAME_SUMS_GOOD);
}

#endif
