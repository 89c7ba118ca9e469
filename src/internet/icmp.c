/* ICMP: the internet layer speaking about itself (RFC 792, RFC 1122 section 3.2.2, RFC 1812 section 4.3).
 *
 * In: echo requests are answered by turning the packet round; errors are matched to the packet of ours that they quote and told to its transport;
 * everything is shown to the raw listeners (ping, traceroute).
 *
 * Out: an error quotes the packet it is about, up to 576 bytes in all, and is never sent about another error, a broadcast, a fragment behind
 * the first, or a source that is not one host (RFC 1122 3.2.2), and not faster than icmp_limit.c allows. Its source is our address that the
 * packet was sent to, or else that of the interface by which the error leaves, which is what makes traceroute show routers.
 *
 * "Fragmentation needed" lowers the path's MTU (pmtu.c), once the transport believes that it is about a packet of its own. An old router that does not say its MTU gets RFC 1191 section 7's plateaus. Errors from
 * strangers are believed only as far as the quoted packet has one of our addresses as its source; the transports check the rest.
 *
 * Left out: timestamp, address mask, redirects (neither sent nor followed), echo to a broadcast (RFC 1122 3.2.2.6 allows silence). */
#include "internet/icmp.h"

#include "base/checksum.h"
#include "base/error.h"
#include "internet/ipv4.h"

#define ECHO_FIELDS                                                                                                            \
    {                                                                                                                          \
        {"to", FIELD_IP}, {"id", FIELD_NUMBER}, {"seq", FIELD_NUMBER}, { "bytes", FIELD_BYTES }                                \
    }
static const struct event_type ECHO_REQUEST = {
    .name = "icmp-echo-request", .protocol = "ICMP", .story = "echo request {seq}: are you there?", .fields = ECHO_FIELDS};
static const struct event_type ECHO_REPLY = {
    .name = "icmp-echo-reply", .protocol = "ICMP", .story = "echo reply {seq}: here I am", .fields = ECHO_FIELDS};
static const struct event_type UNREACHABLE = {
    .name = "icmp-unreachable",
    .protocol = "ICMP",
    .story = "{what} unreachable: the packet for {destination} cannot go on",
    .fields = {{"to", FIELD_IP}, {"what", FIELD_TEXT}, {"code", FIELD_NUMBER}, {"destination", FIELD_IP}}};
static const struct event_type TOO_BIG = {
    .name = "icmp-fragmentation-needed",
    .protocol = "ICMP",
    .story = "fragmentation needed: the packet for {destination} is too large, the next link takes {mtu}",
    .fields = {{"to", FIELD_IP}, {"destination", FIELD_IP}, {"mtu", FIELD_BYTES}}};
static const struct event_type TIME_EXCEEDED = {.name = "icmp-time-exceeded",
                                                .protocol = "ICMP",
                                                .story = "time exceeded: {why}, on the way to {destination}",
                                                .fields = {{"to", FIELD_IP}, {"why", FIELD_TEXT}, {"destination", FIELD_IP}}};
static const struct event_type PARAMETER_PROBLEM = {
    .name = "icmp-parameter-problem",
    .protocol = "ICMP",
    .story = "parameter problem: byte {pointer} of the packet for {destination} is wrong",
    .fields = {{"to", FIELD_IP}, {"pointer", FIELD_NUMBER}, {"destination", FIELD_IP}}};

/* ---- errors out ---- */

static void tell_error(struct stack *stack, const struct ipv4_header *about, uint8_t type, uint8_t code, uint32_t parameter)
{
    const union event_value to = {.ip = about->source}, destination = {.ip = about->destination};
    if (type == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED)
        event_emit(stack->node, &TOO_BIG, (union event_value[]){to, destination, {.number = parameter}});
    else if (type == ICMP_UNREACHABLE)
        event_emit(stack->node, &UNREACHABLE,
                   (union event_value[]){to, {.text = icmp_unreachable_text(code)}, {.number = code}, destination});
    else if (type == ICMP_TIME_EXCEEDED)
        event_emit(stack->node, &TIME_EXCEEDED,
                   (union event_value[]){
                       to, {.text = code == ICMP_REASSEMBLY ? "fragments are missing" : "the TTL reached zero"}, destination});
    else
        event_emit(stack->node, &PARAMETER_PROBLEM, (union event_value[]){to, {.number = parameter >> 24}, destination});
}

/* RFC 1122 3.2.2: what no error may be sent about. */
static bool may_be_told(struct stack *stack, const struct frame *packet, const struct ipv4_header *header,
                        const uint8_t *payload, size_t payload_bytes)
{
    if ((packet->flags & FRAME_BROADCAST) || header->offset_bytes || ip_is_any(&header->source) ||
        ip_is_multicast(&header->source) || ip_is_broadcast(&header->source) || ip_is_multicast(&header->destination))
        return false;
    if (header->protocol == PROTOCOL_ICMP &&
        (payload_bytes < 1 || (payload[0] != ICMP_ECHO_REQUEST && payload[0] != ICMP_ECHO_REPLY)))
        return false;
    const struct next_hop *back = fib_lookup(&stack->fib4, &header->source);
    return !back || back->kind != HOP_BROADCAST;
}

void icmp_send_error(struct ip_interface *on, const struct frame *packet, uint8_t type, uint8_t code, uint32_t parameter,
                     struct instant now)
{
    struct stack *stack = on->stack;
    const uint8_t *ip = packet->room + packet->network;
    uint32_t linear = (uint32_t)(packet->data + packet->length - ip);
    struct ipv4_header header;
    if (ipv4_parse(ip, linear, &header) != 0 ||
        !may_be_told(stack, packet, &header, ip + header.header_bytes, linear - header.header_bytes))
        return;
    bool always = type == ICMP_UNREACHABLE && code == ICMP_FRAGMENTATION_NEEDED; /* path MTU discovery needs every one */
    if (!always && !icmp_error_allowed(stack, &header.source, now)) {
        stack->node->drops[DROP_ICMP_RATE_LIMITED]++;
        return;
    }
    if (event_wanted(stack->node))
        tell_error(stack, &header, type, code, parameter);
    uint32_t quote = linear + packet->tail_length;
    quote = quote < header.total_bytes ? quote : header.total_bytes;
    quote = quote < ICMP_QUOTE_BYTES ? quote : (uint32_t)ICMP_QUOTE_BYTES;
    uint32_t from_linear = quote < linear ? quote : linear;
    struct frame *message = frame_create(stack->node->engine, FRAME_HEADROOM, ICMP_HEADER_BYTES + quote);
    icmp_build(&(struct icmp_header){.type = type, .code = code, .parameter = parameter},
               frame_append(message, ICMP_HEADER_BYTES));
    memcpy(frame_append(message, from_linear), ip, from_linear);
    if (quote > from_linear)
        memcpy(frame_append(message, quote - from_linear), frame_tail(packet), quote - from_linear);
    store_u16(message->data + 2, checksum_finish(frame_checksum(message, 0, 0)));
    struct packet_info info = {.destination = header.source, .protocol = PROTOCOL_ICMP, .traffic_class = 0xc0};
    if (stack_is_local(stack, &header.destination))
        info.source = header.destination;
    ipv4_send(stack, &info, message);
}

void icmp_tell_sent(struct stack *stack, const struct ip *destination, const struct frame *message)
{
    struct icmp_header header;
    if (icmp_parse(message->data, message->length, &header) != 0)
        return;
    const struct event_type *type = header.type == ICMP_ECHO_REQUEST ? &ECHO_REQUEST
                                    : header.type == ICMP_ECHO_REPLY ? &ECHO_REPLY
                                                                     : NULL;
    if (type)
        event_emit(stack->node, type,
                   (union event_value[]){{.ip = *destination},
                                         {.number = header.identifier},
                                         {.number = header.sequence},
                                         {.number = frame_total(message) - ICMP_HEADER_BYTES}});
}

/* ---- in ---- */

static void answer_echo(struct stack *stack, const struct packet_info *info, struct frame *message)
{
    if (message->flags & FRAME_BROADCAST) {
        node_drop(stack->node, message, DROP_ICMP_BROADCAST_ECHO);
        return;
    }
    message = frame_own(message, FRAME_HEADROOM / 2);
    uint16_t checksum = checksum_update(load_u16(message->data + 2), load_u16(message->data), ICMP_ECHO_REPLY << 8);
    message->data[0] = ICMP_ECHO_REPLY;
    message->data[1] = 0;
    store_u16(message->data + 2, checksum);
    message->link = message->network = message->transport = 0;
    const struct packet_info answer = {.source = info->destination,
                                       .destination = info->source,
                                       .protocol = PROTOCOL_ICMP,
                                       .traffic_class = info->traffic_class};
    ipv4_send(stack, &answer, message);
}

/* RFC 1191 section 7: the next lower of the MTUs in common use, for routers that do not tell theirs. */
static uint32_t plateau_below(uint32_t total)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};
    for (unsigned i = 0; i < sizeof plateaus / sizeof plateaus[0]; i++)
        if (plateaus[i] < total)
            return plateaus[i];
    return IPV4_MINIMUM_MTU;
}

static struct stack_error error_meaning(const struct icmp_header *header)
{
    struct stack_error error = {.error = IMP_UNREACHABLE};
    if (header->type == ICMP_TIME_EXCEEDED) {
        error.error = IMP_TIMEOUT;
    } else if (header->type == ICMP_PARAMETER_PROBLEM) {
        error.error = IMP_MALFORMED;
    } else if (header->code == ICMP_FRAGMENTATION_NEEDED) {
        error.error = IMP_TOO_BIG;
        error.hard = true;
    } else if (header->code == ICMP_PORT_UNREACHABLE || header->code == ICMP_PROTOCOL_UNREACHABLE) {
        error.error = IMP_REFUSED;
        error.hard = true;
    } else if (header->code == 9 || header->code == 10 || header->code == ICMP_PROHIBITED) {
        error.error = IMP_DENIED;
    }
    return error;
}

static void take_error(struct ip_interface *on, const struct packet_info *info, const struct icmp_header *header,
                       const struct frame *message, struct instant now)
{
    struct stack *stack = on->stack;
    struct bytes quote = {message->data + ICMP_HEADER_BYTES, message->length - ICMP_HEADER_BYTES};
    struct ipv4_header about;
    if (ipv4_parse(quote.data, quote.length, &about) != 0 || quote.length < about.header_bytes + 8u || about.offset_bytes ||
        !stack_is_local(stack, &about.source))
        return;
    struct stack_error error = error_meaning(header);
    error.reporter = info->source;
    if (error.error == IMP_TOO_BIG) {
        error.mtu = header->sequence ? header->sequence : plateau_below(about.total_bytes);
        if (error.mtu < IPV4_MINIMUM_MTU)
            error.mtu = IPV4_MINIMUM_MTU;
    }
    const struct packet_info quoted = {.source = about.source,
                                       .destination = about.destination,
                                       .protocol = about.protocol,
                                       .ttl = about.ttl,
                                       .traffic_class = about.traffic_class,
                                       .dont_fragment = about.dont_fragment,
                                       .interface = on->interface->index};
    struct bytes transport = {quote.data + about.header_bytes, quote.length - about.header_bytes};
    if (stack_deliver_error(stack, &quoted, transport, &error) && error.error == IMP_TOO_BIG)
        pmtu_update(stack, &about.destination, error.mtu, now);
}

void icmp_input(struct ip_interface *on, const struct packet_info *info, struct frame *message, struct instant now)
{
    struct stack *stack = on->stack;
    message = frame_linear(message);
    struct icmp_header header;
    if (icmp_parse(message->data, message->length, &header) != 0 ||
        (!(message->flags & FRAME_SUMS_GOOD) && checksum_finish(frame_checksum(message, 0, 0)) != 0)) {
        node_drop(stack->node, message, DROP_ICMP_MALFORMED);
        return;
    }
    stack_tell_listeners(stack, 4, info, message->data, message->length, now);
    switch (header.type) {
    case ICMP_ECHO_REQUEST: answer_echo(stack, info, message); return;
    case ICMP_UNREACHABLE:
    case ICMP_TIME_EXCEEDED:
    case ICMP_PARAMETER_PROBLEM: take_error(on, info, &header, message, now); break;
    default: break; /* RFC 1122 3.2.2: unknown types are silently discarded; replies were for the listeners */
    }
    frame_release(message);
}
