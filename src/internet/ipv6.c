/* IPv6 (RFC 8200): a packet's way in, through, and out. The formats are in ipv6_format.c, the choice of a source in ipv6_source.c.
 *
 * In. ipv6_input() checks the fixed header, cuts the link's padding off, and asks whose packet it is. For us: one of our addresses
 * (of this very interface when it is link-local), or a group; which groups we are in, the NIC's filter knows. Then the walk along
 * the extension headers, with a stop at a fragment header for reassembly, which fragment.c does for both families; an "atomic"
 * fragment, the only one of its packet, never waits for anything (RFC 6946). Last come ICMPv6 or a transport.
 *
 * Through. A router looks at the fixed header only (section 4: hop-by-hop options are examined where configured, and here they are
 * not), and in this order: scope, hop limit, route, MTU. Each refusal is an ICMPv6 error and a counted drop. Routers do not fragment.
 *
 * Out. ipv6_send() finds the route and the source, makes the header and the ICMPv6 checksum, and cuts the packet into fragments
 * when it is larger than the path MTU and the sender did not forbid that. A packet to ourselves goes round through lo. The
 * identification of fragments is random (RFC 7739 section 5.3).
 *
 * A link whose MTU is below 1280 carries no IPv6 (section 5); ndp.c leaves such an interface without addresses.
 *
 * There is no state here and there are no timers. Left out on purpose: flow labels (always 0), multicast routing, a copy of our
 * own multicasts to ourselves, the parameter problem for a first fragment that lacks headers (RFC 7112): such a packet fails its
 * transport's checks instead. */
#include "internet/ipv6.h"

#include "base/checksum.h"
#include "base/error.h"
#include "internet/fragment.h"
#include "internet/icmpv6.h"
#include "internet/ndp.h"

struct arrival { /* a packet on its way in */
    struct ip_interface *on;
    struct frame *frame; /* taken */
    struct ipv6_header header;
    const struct next_hop *hop; /* the way to its destination, where that was looked up; NULL: there is none */
    struct mac source;
    struct instant now;
};

static void arrival_drop(const struct arrival *in, enum drop_reason reason)
{
    node_drop(in->on->stack->node, in->frame, reason);
}

static void arrival_refuse(const struct arrival *in, uint8_t type, uint8_t code, uint32_t parameter, enum drop_reason reason)
{
    icmpv6_send_error(in->on, in->frame, type, code, parameter, in->now);
    arrival_drop(in, reason);
}

/* ---- for us ---- */

static bool protocol_known(const struct stack *stack, uint8_t protocol)
{
    if (protocol == PROTOCOL_ICMPV6)
        return true;
    for (unsigned i = 0; i < LIMIT_TRANSPORTS; i++)
        if (stack->transports[i].ops && stack->transports[i].protocol == protocol)
            return true;
    return false;
}

static void deliver_up(struct arrival *in, const struct ipv6_walk *walk)
{
    struct stack *stack = in->on->stack;
    if (walk->next_header == NEXT_NONE) {
        frame_release(in->frame);
        return;
    }
    if (!protocol_known(stack, walk->next_header)) {
        arrival_refuse(in, ICMPV6_PROBLEM, 1, walk->named_at_bytes, DROP_IP_UNKNOWN_PROTOCOL);
        return;
    }
    struct packet_info info = {.source = in->header.source,
                               .destination = in->header.destination,
                               .protocol = walk->next_header,
                               .ttl = in->header.hop_limit,
                               .traffic_class = in->header.traffic_class,
                               .interface = in->on->interface->index};
    in->frame->transport = frame_mark(in->frame);
    if (info.protocol == PROTOCOL_ICMPV6)
        icmpv6_input(in->on, &info, in->frame, in->source, in->now);
    else
        stack_deliver(stack, &info, in->frame);
}

/* Hands a fragment to reassembly; true when that completed a packet, whose frame then replaces the fragment's. */
static bool fragment_completes(struct arrival *in, const struct ipv6_walk *walk)
{
    const struct ipv6_fragment *part = &walk->fragment;
    uint32_t payload = frame_total(in->frame) - walk->offset_bytes;
    if (part->offset_bytes == 0 && !part->more) {
        frame_pull(in->frame, walk->offset_bytes);
        return true;
    }
    if (part->more && payload % 8 != 0) { /* section 4.5: point at the payload length, as it is the field that is wrong */
        arrival_refuse(in, ICMPV6_PROBLEM, 0, 4, DROP_FRAGMENT_MALFORMED);
        return false;
    }
    if (part->offset_bytes + payload > IPV6_PAYLOAD_MAXIMUM) { /* and here at the fragment offset */
        arrival_refuse(in, ICMPV6_PROBLEM, 0, walk->offset_bytes - 6, DROP_FRAGMENT_MALFORMED);
        return false;
    }
    struct fragment fragment = {.source = in->header.source,
                                .destination = in->header.destination,
                                .identification = part->identification,
                                .offset_bytes = part->offset_bytes,
                                .more = part->more};
    frame_pull(in->frame, walk->offset_bytes);
    in->frame = fragment_add(in->on, &fragment, in->frame, in->now);
    return in->frame != NULL;
}

/* `in->frame`: data at the IPv6 header, from where the walk counts, also when reassembly has put another frame there: its headers are
 * those of the first fragment. */
static void deliver(struct arrival *in)
{
    struct ipv6_walk walk = ipv6_walk_start(&in->header);
    uint32_t pulled = 0;
    for (;;) {
        const uint8_t *start = in->frame->data - pulled;
        switch (ipv6_walk_on(&walk, start, pulled + in->frame->length)) {
        case IPV6_GO_ON:
            frame_pull(in->frame, walk.offset_bytes - pulled);
            deliver_up(in, &walk);
            return;
        case IPV6_FRAGMENT:
            if (pulled || !fragment_completes(in, &walk)) {
                if (pulled) /* a fragment of a fragment: no sender makes that */
                    arrival_drop(in, DROP_FRAGMENT_MALFORMED);
                return;
            }
            pulled = walk.offset_bytes;
            continue;
        case IPV6_DISCARD: arrival_drop(in, DROP_IPV6_MALFORMED); return;
        case IPV6_PROBLEM:
            if (walk.code == 2 && !walk.problem_to_group && ip_is_multicast(&in->header.destination))
                arrival_drop(in, DROP_IPV6_MALFORMED); /* the option asks for silence then */
            else
                arrival_refuse(in, ICMPV6_PROBLEM, walk.code, walk.pointer_bytes, DROP_IPV6_MALFORMED);
            return;
        }
    }
}

/* ---- through ---- */

static void tell_forward(const struct arrival *in, const struct ip *next)
{
    event_emit(in->on->stack->node, &IP_FORWARD,
               (union event_value[]){{.ip = in->header.source},
                                     {.ip = in->header.destination},
                                     {.ip = *next},
                                     {.text = in->hop->on->interface->name},
                                     {.number = in->header.hop_limit - 1}});
}

static void forward(struct arrival *in)
{
    struct stack *stack = in->on->stack;
    const struct next_hop *hop = in->hop;
    if (!stack->settings.forwarding || (in->frame->flags & FRAME_BROADCAST)) {
        arrival_drop(in, DROP_IP_NOT_FOR_US);
    } else if (ip_is_any(&in->header.source)) {
        arrival_drop(in, DROP_IP_BAD_SOURCE);
    } else if (ip_is_link_local(&in->header.destination)) {
        arrival_drop(in, DROP_IP_SCOPE);
    } else if (ip_is_link_local(&in->header.source)) { /* RFC 4443 section 3.1, code 2 */
        arrival_refuse(in, ICMPV6_UNREACHABLE, ICMPV6_BEYOND_SCOPE, 0, DROP_IP_SCOPE);
    } else if (in->header.hop_limit <= 1) {
        arrival_refuse(in, ICMPV6_TIME_EXCEEDED, 0, 0, DROP_IP_TTL_EXPIRED);
    } else if (!hop || hop->kind != HOP_UNICAST) {
        arrival_refuse(in, ICMPV6_UNREACHABLE, ICMPV6_NO_ROUTE, 0, DROP_IP_NO_ROUTE);
    } else if (frame_total(in->frame) > ipv6_link_mtu(hop->on)) {
        arrival_refuse(in, ICMPV6_TOO_BIG, 0, ipv6_link_mtu(hop->on), DROP_IP_TOO_BIG);
    } else {
        struct frame *frame = frame_own(in->frame, ETHERNET_HEADER_BYTES);
        frame->network = frame_mark(frame);
        frame->data[7]--; /* the hop limit; no checksum covers it */
        struct ip next =
            hop->gateway.family ? hop->gateway : in->header.destination; /* a copy: the table may change meanwhile */
        if (event_wanted(stack->node))
            tell_forward(in, &next);
        neighbour_send(&stack->neighbours, hop->on->interface, &next, frame, in->now);
    }
}

/* ---- in ---- */

static bool header_good(struct arrival *in)
{
    struct reader reader = reader_of(in->frame->data, in->frame->length);
    if (ipv6_header_parse(&reader, &in->header) != 0)
        return false;
    uint32_t total = IPV6_HEADER_BYTES + (uint32_t)in->header.payload_bytes;
    if (total > frame_total(in->frame) || ip_is_any(&in->header.destination))
        return false;
    if (total < frame_total(in->frame))
        frame_trim(in->frame, total);
    return true;
}

/* One look into the forwarding table tells both whether a packet is ours and, if not, where it goes. */
static bool is_for_us(struct arrival *in)
{
    struct stack *stack = in->on->stack;
    const struct ip *destination = &in->header.destination;
    if (ip_is_multicast(destination))
        return true;
    if (ip_is_link_local(destination) && !in->on->interface->loopback) {
        const struct ip_address *address = ip_interface_address(in->on, destination);
        return address && address->active;
    }
    in->hop = fib_lookup(&stack->fib6, destination);
    return in->hop && in->hop->kind == HOP_LOCAL;
}

void ipv6_input(struct ip_interface *on, struct frame *packet_taken, struct mac source, struct instant now)
{
    struct arrival in = {.on = on, .frame = packet_taken, .source = source, .now = now};
    if (!header_good(&in)) {
        arrival_drop(&in, DROP_IPV6_MALFORMED);
        return;
    }
    in.frame->network = frame_mark(in.frame);
    if (ip_is_multicast(&in.header.source)) {
        arrival_drop(&in, DROP_IP_BAD_SOURCE);
        return;
    }
    if (!on->interface->loopback && (ip_is_loopback(&in.header.source) || ip_is_loopback(&in.header.destination))) {
        arrival_drop(&in, DROP_IP_SCOPE); /* RFC 4291 section 2.5.3 */
        return;
    }
    if (is_for_us(&in))
        deliver(&in);
    else
        forward(&in);
}

void ipv6_reassembly_timeout(struct ip_interface *on, struct frame *first_taken, struct instant now)
{
    first_taken->network = frame_mark(first_taken);
    icmpv6_send_error(on, first_taken, ICMPV6_TIME_EXCEEDED, 1, 0, now);
    node_drop(on->stack->node, first_taken, DROP_FRAGMENT_TIMEOUT);
}

/* ---- out ---- */

struct departure {
    struct stack *stack;
    struct ip_hop hop;
    struct ipv6_header header; /* payload_bytes still 0 */
    struct instant now;
};

/* Puts the header before a payload (taken) and lets it go. */
static void depart(struct departure *out, struct frame *frame)
{
    frame = frame_own(frame, IPV6_HEADER_BYTES + ETHERNET_HEADER_BYTES);
    frame->transport = frame_mark(frame);
    out->header.payload_bytes = (uint16_t)frame_total(frame);
    struct writer writer = writer_of(frame_push(frame, IPV6_HEADER_BYTES), IPV6_HEADER_BYTES);
    ipv6_header_build(&writer, &out->header);
    frame->network = frame_mark(frame);
    struct interface *interface = out->hop.on->interface;
    if (out->hop.kind == HOP_LOCAL || interface->loopback)
        stack_loop_back(out->stack, frame, ETHERTYPE_IPV6, out->now);
    else if (ip_is_multicast(&out->header.destination))
        interface->transmit(interface, frame, ETHERTYPE_IPV6, (struct mac[]){mac_of_multicast(&out->header.destination)},
                            out->now);
    else
        neighbour_send(&out->stack->neighbours, interface, &out->hop.next, frame, out->now);
}

/* Cuts a payload (taken) into fragments that fit `mtu`, which is at least 1280: RFC 8200 section 4.5. */
static void depart_in_fragments(struct departure *out, struct frame *payload, uint32_t mtu)
{
    struct node *node = out->stack->node;
    uint32_t total = frame_total(payload);
    uint32_t room = (mtu - IPV6_HEADER_BYTES - IPV6_FRAGMENT_HEADER_BYTES) & ~7u;
    struct ipv6_fragment fragment = {.next_header = out->header.next_header,
                                     .identification = (uint32_t)random_u64(&node->random)};
    out->header.next_header = NEXT_FRAGMENT;
    if (event_wanted(node))
        event_emit(node, &FRAGMENTS_MADE,
                   (union event_value[]){{.ip = out->header.destination},
                                         {.number = total + IPV6_HEADER_BYTES},
                                         {.number = (total + room - 1) / room},
                                         {.number = mtu},
                                         {.number = fragment.identification}});
    for (uint32_t at = 0; at < total; at += room) {
        uint32_t length = total - at < room ? total - at : room;
        struct frame *piece = frame_create(node->engine, FRAME_HEADROOM, IPV6_FRAGMENT_HEADER_BYTES + length);
        struct writer writer = writer_of(frame_append(piece, IPV6_FRAGMENT_HEADER_BYTES), IPV6_FRAGMENT_HEADER_BYTES);
        fragment.offset_bytes = at;
        fragment.more = at + length < total;
        ipv6_fragment_build(&writer, &fragment);
        frame_copy_out(payload, at, frame_append(piece, length), length);
        piece->flags = payload->flags;
        depart(out, piece);
    }
    frame_release(payload);
}

/* The ICMPv6 checksum covers the addresses, so it can be made only here (RFC 4443 section 2.3). */
static struct frame *checksummed(struct frame *payload, const struct ipv6_header *header)
{
    if (frame_total(payload) < 4)
        return payload;
    payload = frame_own(payload, 0);
    store_u16(payload->data + 2, 0);
    uint32_t sum = stack_pseudo_sum(&header->source, &header->destination, PROTOCOL_ICMPV6, frame_total(payload));
    store_u16(payload->data + 2, checksum_finish(frame_checksum(payload, 0, sum)));
    payload->flags |= FRAME_SUMS_GOOD;
    return payload;
}

static uint8_t hop_limit_of(const struct stack *stack, const struct packet_info *info, const struct ip_hop *hop)
{
    if (info->ttl)
        return info->ttl;
    if (ip_is_multicast(&info->destination))
        return 1;
    uint8_t told = ndp_hop_limit(hop->on); /* by a router */
    return told ? told : stack->settings.default_ttl ? stack->settings.default_ttl : 64;
}

int ipv6_send(struct stack *stack, const struct packet_info *info, struct frame *payload_taken)
{
    struct departure out = {.stack = stack, .now = stack_now(stack)};
    int error = ip_is_any(&info->destination) ? IMP_INVALID : stack_route(stack, &info->destination, info->interface, &out.hop);
    if (!error)
        out.header = (struct ipv6_header){.traffic_class = info->traffic_class,
                                          .next_header = info->protocol,
                                          .hop_limit = hop_limit_of(stack, info, &out.hop),
                                          .source = info->source.family ? info->source
                                                                        : ipv6_source(stack, &out.hop, &info->destination),
                                          .destination = info->destination};
    if (!error && !out.header.source.family)
        error = IMP_UNREACHABLE;
    if (error) {
        frame_release(payload_taken);
        return error;
    }
    bool local = out.hop.kind == HOP_LOCAL || out.hop.on->interface->loopback;
    uint32_t mtu = local ? LOOPBACK_MTU : pmtu_get(stack, &info->destination, ipv6_link_mtu(out.hop.on), out.now);
    bool fits = frame_total(payload_taken) + IPV6_HEADER_BYTES <= mtu;
    if (frame_total(payload_taken) > IPV6_PAYLOAD_MAXIMUM || (!fits && (info->dont_fragment || mtu < IPV6_MTU_MINIMUM))) {
        frame_release(payload_taken);
        return IMP_TOO_BIG;
    }
    struct frame *payload = payload_taken;
    if (info->protocol == PROTOCOL_ICMPV6) {
        payload = checksummed(payload, &out.header);
        if (event_wanted(stack->node))
            icmpv6_tell_sent(stack, &info->destination, payload);
    }
    if (fits)
        depart(&out, payload);
    else
        depart_in_fragments(&out, payload, mtu);
    return 0;
}
