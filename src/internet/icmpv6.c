/* ICMPv6 (RFC 4443): how IPv6 nodes tell each other what went wrong, and whether they are there.
 *
 * In: the checksum (which covers a pseudo-header, unlike ICMPv4's; section 2.3) is verified, listeners such as ping see the
 * message, and then it is an echo request, which is turned round in place; neighbour discovery, which ndp.c handles; or an error.
 * An error quotes the start of a packet that this node sent. It is believed only when the quoted source is one of our addresses; "too
 * big" goes into the path MTU cache (RFC 8201), and the transport that the quote belongs to is told.
 *
 * Out: icmpv6_send_error() quotes as much of the packet as fits in 1280 bytes (section 2.4 c). Section 2.4(e) says when to keep
 * silent: about an ICMPv6 error or a redirect, about a packet to a group (except "too big", which path MTU discovery for multicast
 * needs, and an unknown option that asks for it), and about a source that is not one node. Section 2.4(f) wants a rate limit: token
 * buckets that both families share ("too big" is exempt). The answer comes from the address that the packet was sent to, when that is ours, so that the
 * sender recognises it.
 *
 * Checksums are put in by ipv6_send(), which knows the source address; so nobody here has to choose one first.
 *
 * There is no state and there are no timers. Left out on purpose: extended echo (RFC 8335), node information, MLD: switches here do
 * not snoop and there is no multicast routing, so nobody would listen to a report. */
#include "internet/icmpv6.h"

#include "base/checksum.h"
#include "base/error.h"
#include "internet/ipv6.h"
#include "internet/ndp.h"

/* Echo events are told by who sends, as ICMPv4's are, ours and the tools' alike. */
static const struct event_type ECHO_REQUEST = {
    .name = "icmpv6-echo-request",
    .protocol = "ICMPv6",
    .story = "echo request {seq}: are you there?",
    .fields = {{"to", FIELD_IP}, {"id", FIELD_NUMBER}, {"seq", FIELD_NUMBER}, {"bytes", FIELD_BYTES}}};
static const struct event_type ECHO_REPLY = {
    .name = "icmpv6-echo-reply",
    .protocol = "ICMPv6",
    .story = "echo reply {seq}: here I am",
    .fields = {{"to", FIELD_IP}, {"id", FIELD_NUMBER}, {"seq", FIELD_NUMBER}, {"bytes", FIELD_BYTES}}};
static const struct event_type TOO_BIG = {
    .name = "icmpv6-packet-too-big",
    .protocol = "ICMPv6",
    .story = "packet too big: the packet for {destination} is too large, the next link takes {mtu}",
    .fields = {{"to", FIELD_IP}, {"destination", FIELD_IP}, {"mtu", FIELD_BYTES}}};
static const struct event_type ERROR_SENT = {
    .name = "icmpv6-error",
    .protocol = "ICMPv6",
    .story = "{what}: the packet for {destination} cannot go on",
    .fields = {
        {"to", FIELD_IP}, {"what", FIELD_TEXT}, {"destination", FIELD_IP}, {"type", FIELD_NUMBER}, {"code", FIELD_NUMBER}}};
/* ---- in ---- */

static void error_input(struct ip_interface *on, const struct packet_info *info, const struct icmpv6_header *header,
                        struct bytes quoted, struct instant now)
{
    struct stack *stack = on->stack;
    struct stack_error error;
    struct icmpv6_quote quote;
    if (!icmpv6_error_meaning(header, &error) || icmpv6_quote_parse(quoted.data, quoted.length, &quote) != 0 ||
        !stack_is_local(stack, &quote.info.source)) /* we cannot have sent that */
        return;
    error.reporter = info->source;
    bool too_big = header->type == ICMPV6_TOO_BIG;
    if (too_big &&
        error.mtu < IPV6_MTU_MINIMUM) /* RFC 8201 section 4: no link may be that narrow; it is an attack or an error */
        return;
    quote.info.interface = info->interface;
    bool believed = !quote.has_transport || stack_deliver_error(stack, &quote.info, quote.transport, &error);
    if (too_big && believed)
        pmtu_update(stack, &quote.info.destination, error.mtu, now);
}

/* Turns the request (taken) round: only its type changes, and the addresses. */
static void echo_answer(struct ip_interface *on, const struct packet_info *info, struct frame *frame)
{
    frame = frame_own(frame, FRAME_HEADROOM / 2);
    frame->data[0] = ICMPV6_ECHO_REPLY;
    frame->flags &= (uint16_t)~FRAME_BROADCAST;
    struct packet_info answer = {.destination = info->source,
                                 .protocol = PROTOCOL_ICMPV6,
                                 .traffic_class = info->traffic_class,
                                 .interface = ip_is_link_local(&info->source) ? on->interface->index : 0};
    if (!ip_is_multicast(&info->destination))
        answer.source = info->destination; /* RFC 4443 section 4.2 */
    (void)ipv6_send(on->stack, &answer, frame);
}

static bool checksum_good(struct frame *frame, const struct packet_info *info)
{
    if (frame->flags & FRAME_SUMS_GOOD)
        return true;
    uint32_t sum = stack_pseudo_sum(&info->source, &info->destination, PROTOCOL_ICMPV6, frame->length);
    return checksum_finish(checksum_partial(frame->data, frame->length, sum)) == 0;
}

void icmpv6_input(struct ip_interface *on, const struct packet_info *info, struct frame *packet_taken, struct mac source,
                  struct instant now)
{
    struct stack *stack = on->stack;
    struct frame *frame = frame_linear(packet_taken);
    struct icmpv6_header header;
    struct reader reader = reader_of(frame->data, frame->length);
    if (icmpv6_header_parse(&reader, &header) != 0 || !checksum_good(frame, info)) {
        node_drop(stack->node, frame, DROP_ICMP_MALFORMED);
        return;
    }
    stack_tell_listeners(stack, 6, info, frame->data, frame->length, now);
    switch (header.type) {
    case ICMPV6_ECHO_REQUEST: echo_answer(on, info, frame); return;
    case ICMPV6_ECHO_REPLY: break; /* it was for the listeners */
    case ICMPV6_ROUTER_SOLICITATION:
    case ICMPV6_ROUTER_ADVERTISEMENT:
    case ICMPV6_NEIGHBOUR_SOLICITATION:
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT:
        if (!ndp_input(on, info, (struct bytes){frame->data, frame->length}, source, now)) {
            node_drop(stack->node, frame, DROP_NDP_INVALID);
            return;
        }
        break;
    default: error_input(on, info, &header, reader_rest(&reader), now); break;
    }
    frame_release(frame);
}

/* ---- errors out ---- */

/* RFC 4443 section 2.4(e.1, e.2): never about an error, which could go on for ever, nor about a redirect. */
static bool quotes_error(const struct icmpv6_quote *quote)
{
    if (quote->info.protocol != PROTOCOL_ICMPV6)
        return false;
    /* What it is stands in a part that we cannot see: it might be an error. */
    return !quote->has_transport || quote->transport.data[0] < 128 || quote->transport.data[0] == ICMPV6_REDIRECT;
}

static bool error_forbidden(const struct frame *packet, const struct icmpv6_quote *quote, uint8_t type, uint8_t code)
{
    const struct ip *source = &quote->info.source;
    bool to_group = ip_is_multicast(&quote->info.destination) || (packet->flags & FRAME_BROADCAST);
    bool excepted = type == ICMPV6_TOO_BIG || (type == ICMPV6_PROBLEM && code == 2);
    return (to_group && !excepted) || ip_is_any(source) || ip_is_multicast(source) || quotes_error(quote);
}

static void error_event(struct stack *stack, const struct icmpv6_quote *quote, const struct icmpv6_header *header)
{
    const union event_value to = {.ip = quote->info.source}, destination = {.ip = quote->info.destination};
    if (header->type == ICMPV6_TOO_BIG)
        event_emit(stack->node, &TOO_BIG, (union event_value[]){to, destination, {.number = header->parameter}});
    else
        event_emit(stack->node, &ERROR_SENT,
                   (union event_value[]){to,
                                         {.text = icmpv6_print(header->type, header->code)},
                                         destination,
                                         {.number = header->type},
                                         {.number = header->code}});
}

void icmpv6_send_error(struct ip_interface *on, const struct frame *packet, uint8_t type, uint8_t code, uint32_t parameter,
                       struct instant now)
{
    struct stack *stack = on->stack;
    const uint8_t *start = packet->room + packet->network;
    uint32_t pulled = (uint32_t)(packet->data - start); /* headers already behind us, but still in the room */
    struct icmpv6_quote quote;
    if (icmpv6_quote_parse(start, pulled + packet->length, &quote) != 0 || error_forbidden(packet, &quote, type, code))
        return;
    bool always = type == ICMPV6_TOO_BIG; /* path MTU discovery needs every one; Linux does not limit them either */
    if (!always && !icmp_error_allowed(stack, &quote.info.source, now)) {
        stack->node->drops[DROP_ICMP_RATE_LIMITED]++;
        return;
    }
    uint32_t length = pulled + frame_total(packet), room = IPV6_MTU_MINIMUM - IPV6_HEADER_BYTES - ICMPV6_HEADER_BYTES;
    if (length > room)
        length = room;
    struct frame *frame = frame_create(stack->node->engine, FRAME_HEADROOM, ICMPV6_HEADER_BYTES + length);
    struct writer writer = writer_of(frame_append(frame, ICMPV6_HEADER_BYTES), ICMPV6_HEADER_BYTES);
    struct icmpv6_header header = {.type = type, .code = code, .parameter = parameter};
    icmpv6_header_build(&writer, &header);
    uint8_t *body = frame_append(frame, length);
    uint32_t head = pulled < length ? pulled : length;
    memcpy(body, start, head);
    frame_copy_out(packet, 0, body + head, length - head);
    if (event_wanted(stack->node) && !stack_is_local(stack, &quote.info.source)) /* what a node tells itself is no news */
        error_event(stack, &quote, &header);
    struct packet_info info = {.destination = quote.info.source,
                               .protocol = PROTOCOL_ICMPV6,
                               .interface = ip_is_link_local(&quote.info.source) ? on->interface->index : 0};
    if (stack_is_local(stack, &quote.info.destination))
        info.source = quote.info.destination; /* RFC 4443 section 2.2(a) */
    (void)ipv6_send(stack, &info, frame);
}

void icmpv6_tell_sent(struct stack *stack, const struct ip *destination, const struct frame *message)
{
    struct icmpv6_header header;
    struct reader reader = reader_of(message->data, message->length);
    if (icmpv6_header_parse(&reader, &header) != 0 || (header.type != ICMPV6_ECHO_REQUEST && header.type != ICMPV6_ECHO_REPLY))
        return;
    event_emit(stack->node, header.type == ICMPV6_ECHO_REQUEST ? &ECHO_REQUEST : &ECHO_REPLY,
               (union event_value[]){{.ip = *destination},
                                     {.number = header.parameter >> 16},
                                     {.number = header.parameter & 0xffff},
                                     {.number = frame_total(message) - ICMPV6_HEADER_BYTES}});
}
