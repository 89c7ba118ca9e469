/* IPv4: packets in, packets out, packets through (RFC 791, RFC 1122 section 3, RFC 1812).
 *
 *   ipv4_input -- sound? -- for us? ---- fragments whole? -- ICMP or a transport
 *                             |
 *                             +-- forward: TTL, MTU, next hop -- output
 *   ipv4_send -- route -- source -- header -- fits? or cut ---- output -- neighbour, group or loopback
 *
 * One lookup in the forwarding table answers whether a destination is this node, a broadcast, or somewhere else, since own and broadcast
 * addresses are routes. The host model is weak (RFC 1122 3.3.4.2): a packet for any of our addresses is taken on any interface.
 *
 * Forwarding edits the packet in place when nobody else holds it: the TTL and, by RFC 1624, the checksum. Nothing is copied, allocated or
 * summed. What may not pass: packets that came in a link-level broadcast (RFC 1122 3.3.6), link-local addresses (RFC 3927 section
 * 7), loopback addresses, subnet broadcasts (RFC 2644). No redirects are sent, and options pass unread; source routes are not followed.
 *
 * On the way out a packet without a source gets one: the route's, or the interface's address on the next hop's subnet, or its first.
 * DF packets that are too large come back as IMP_TOO_BIG; the path's MTU is remembered in pmtu.c. Packets that may never be
 * fragmented have identification 0 (RFC 6864). Our own broadcasts are not delivered to ourselves.
 *
 * Timers: none here. Left out: multicast membership (IGMP) and multicast forwarding. */
#include "internet/ipv4.h"

#include "base/checksum.h"
#include "base/error.h"
#include "internet/fragment.h"
#include "internet/icmp.h"
#include "internet/stack_internal.h"
#include "internet/way.h"

const struct event_type IP_FORWARD = {
    .name = "ip-forward",
    .protocol = "IP",
    .story = "forwards {source} -> {destination} out of {interface}, TTL now {ttl}",
    .level = EVENT_DETAIL,
    .fields = {
        {"source", FIELD_IP}, {"destination", FIELD_IP}, {"next", FIELD_IP}, {"interface", FIELD_TEXT}, {"ttl", FIELD_NUMBER}}};

enum {
    TRAFFIC_CLASS_AT = 1,
    TOTAL_AT = 2,
    IDENTIFICATION_AT = 4,
    FLAGS_AT = 6,
    TTL_AT = 8,
    PROTOCOL_AT = 9,
    CHECKSUM_AT = 10,
    SOURCE_AT = 12,
    DESTINATION_AT = 16,
    PLAIN_START = 4 << 4 | IPV4_HEADER_BYTES / 4, /* the first byte of a header without options */
    DONT_FRAGMENT = 0x4000,
    FRAGMENT_MASK = 0x3fff /* more fragments, or an offset */
};

/* ---- out ---- */

/* The last of output()'s ways: it is the only one that makes a neighbour known. */
static void output_neighbour(struct stack *stack, const struct ip_hop *hop, struct frame *packet, struct instant now)
{
    struct interface *interface = hop->on->interface;
    struct neighbour *neighbour = hop->known ? neighbour_find(&stack->neighbours, interface, &hop->next) : NULL;
    if (!neighbour) {
        neighbour_send(&stack->neighbours, interface, &hop->next, packet, now);
        return;
    }
    *hop->known = neighbour;
    neighbour_hand(neighbour, packet, now);
}

/* Hands a complete packet (taken; data at its header) to the link. */
static void output(struct stack *stack, const struct ip_hop *hop, struct frame *packet, struct instant now)
{
    if (hop->known && *hop->known) {
        neighbour_hand(*hop->known, packet, now);
        return;
    }
    struct interface *interface = hop->on->interface;
    if (hop->kind == HOP_LOCAL || interface->loopback)
        stack_loop_back(stack, packet, ETHERTYPE_IPV4, now);
    else if (hop->kind == HOP_BROADCAST)
        interface->transmit(interface, packet, ETHERTYPE_IPV4, &MAC_BROADCAST, now);
    else if (ip_is_multicast(&hop->next))
        interface->transmit(interface, packet, ETHERTYPE_IPV4, (struct mac[]){mac_of_multicast(&hop->next)}, now);
    else
        output_neighbour(stack, hop, packet, now);
}

struct output_context {
    struct stack *stack;
    const struct ip_hop *hop;
    struct instant now;
};

static void output_piece(void *context, struct frame *piece)
{
    struct output_context *to = context;
    output(to->stack, to->hop, piece, to->now);
}

static void output_in_pieces(struct stack *stack, const struct ip_hop *hop, struct frame *packet, uint32_t mtu,
                             struct instant now)
{
    struct output_context context = {stack, hop, now};
    fragment_cut_ipv4(stack, packet, mtu, output_piece, &context);
}

struct ip ipv4_source(const struct stack *stack, const struct ip_hop *hop, const struct ip *destination)
{
    if (hop->source.family)
        return hop->source;
    if (hop->kind == HOP_LOCAL)
        return *destination;
    struct ip first = {0}, other = {0};
    list_each (link, &hop->on->addresses) {
        const struct ip_address *address = list_entry(link, struct ip_address, link);
        if (address->info.prefix.address.family != 4 || !address->active)
            continue;
        if (prefix_contains(&address->info.prefix, &hop->next))
            return address->info.prefix.address;
        if (!first.family)
            first = address->info.prefix.address;
    }
    if (first.family || hop->kind == HOP_BROADCAST)
        return first;
    /* An interface without an address of its own borrows one of the node's (RFC 1812 section 2.2.7). */
    list_each (link, (struct list *)&stack->interfaces) {
        const struct ip_interface *on = ip_interface_of(list_entry(link, struct interface, link));
        list_each (entry, (struct list *)&on->addresses) {
            const struct ip_address *address = list_entry(entry, struct ip_address, link);
            if (address->info.prefix.address.family == 4 && address->active && !other.family &&
                !ip_is_loopback(&address->info.prefix.address))
                other = address->info.prefix.address;
        }
    }
    return other;
}

/* Finds the way and the source. */
static int prepare(struct stack *stack, const struct packet_info *info, struct ip_hop *hop, struct ip *source)
{
    if (info->destination.family != 4 || ip_is_any(&info->destination))
        return IMP_INVALID;
    int error = stack_route(stack, &info->destination, info->interface, hop);
    if (error)
        return error;
    if (hop->kind == HOP_BROADCAST && !info->broadcast_allowed)
        return IMP_DENIED;
    *source = info->source.family ? info->source : ipv4_source(stack, hop, &info->destination);
    if (!source->family && (hop->kind == HOP_BROADCAST || ip_is_multicast(&info->destination)))
        *source = ip_any(4); /* before there is an address: DHCP */
    return source->family ? 0 : IMP_UNREACHABLE;
}

/* Nearly every segment of TCP: from a known address to where another packet went before, whole, never to be cut. False: it is not such a
 * one, and nothing has happened. What it does is what the rest of ipv4_send() would do. */
static inline bool send_as_before(struct stack *stack, const struct packet_info *info, struct frame *packet, struct instant now)
{
    if (info->interface || info->source.family != 4 || !info->dont_fragment || info->protocol == PROTOCOL_ICMP || stack->pmtu ||
        packet->refs > 1 || frame_headroom(packet) < IPV4_HEADER_BYTES + ETHERNET_HEADER_BYTES)
        return false;
    uint32_t destination, total = frame_total(packet) + IPV4_HEADER_BYTES;
    memcpy(&destination, info->destination.b, sizeof destination);
    const struct way *way = way_known(stack, destination);
    if (!way || !way->neighbour || total > way->neighbour->interface->mtu || total > IPV4_TOTAL_MAXIMUM)
        return false;
    packet->transport = frame_mark(packet);
    uint8_t *ip = frame_push(packet, IPV4_HEADER_BYTES);
    uint32_t first = (uint32_t)PLAIN_START << 24 | (uint32_t)info->traffic_class << 16 | total;
    uint32_t second = DONT_FRAGMENT; /* identification 0 */
    uint32_t third = (uint32_t)(info->ttl ? info->ttl : stack->settings.default_ttl) << 24 | (uint32_t)info->protocol << 16;
    uint64_t sum = (uint64_t)first + second + third + load_u32(info->source.b) + load_u32(info->destination.b);
    third |= checksum_finish(checksum_combine((uint32_t)sum, (uint32_t)(sum >> 32)));
    store_u32(ip, first);
    store_u32(ip + IDENTIFICATION_AT, second);
    store_u32(ip + TTL_AT, third);
    memcpy(ip + SOURCE_AT, info->source.b, 4);
    memcpy(ip + DESTINATION_AT, info->destination.b, 4);
    packet->network = frame_mark(packet);
    packet->flags |= FRAME_SUMS_GOOD;
    neighbour_hand(way->neighbour, packet, now);
    return true;
}

int ipv4_send(struct stack *stack, const struct packet_info *info, struct frame *packet)
{
    struct instant now = stack_now(stack);
    if (send_as_before(stack, info, packet, now))
        return 0;
    struct ip_hop hop;
    struct ip source;
    int error = prepare(stack, info, &hop, &source);
    uint32_t total = frame_total(packet) + IPV4_HEADER_BYTES, mtu = 0;
    if (!error && total > IPV4_TOTAL_MAXIMUM)
        error = IMP_TOO_BIG;
    if (!error) {
        mtu = hop.kind == HOP_LOCAL ? LOOPBACK_MTU : pmtu_get(stack, &info->destination, hop.on->interface->mtu, now);
        if (total > mtu && info->dont_fragment)
            error = IMP_TOO_BIG;
    }
    if (error) {
        frame_release(packet);
        return error;
    }
    if (info->protocol == PROTOCOL_ICMP && event_wanted(stack->node))
        icmp_tell_sent(stack, &info->destination, packet);
    packet = frame_own(packet, IPV4_HEADER_BYTES + ETHERNET_HEADER_BYTES);
    packet->transport = frame_mark(packet);
    const struct ipv4_header header = {
        .header_bytes = IPV4_HEADER_BYTES,
        .traffic_class = info->traffic_class,
        .total_bytes = (uint16_t)total,
        .identification = info->dont_fragment ? 0 : ++stack->identification,
        .dont_fragment = info->dont_fragment,
        .ttl = info->ttl                             ? info->ttl
               : ip_is_multicast(&info->destination) ? 1
                                                     : stack->settings.default_ttl,
        .protocol = info->protocol,
        .source = source,
        .destination = info->destination,
    };
    ipv4_build(&header, frame_push(packet, IPV4_HEADER_BYTES));
    packet->network = frame_mark(packet);
    packet->flags |= FRAME_SUMS_GOOD;
    if (total > mtu)
        output_in_pieces(stack, &hop, packet, mtu, now);
    else
        output(stack, &hop, packet, now);
    return 0;
}

/* ---- through ---- */

static void refuse(struct ip_interface *on, struct frame *packet, enum drop_reason reason, uint8_t type, uint8_t code,
                   uint32_t parameter, struct instant now)
{
    icmp_send_error(on, packet, type, code, parameter, now);
    node_drop(on->stack->node, packet, reason);
}

static void tell_forward(struct stack *stack, const struct ipv4_header *header, const struct ip_hop *hop)
{
    event_emit(stack->node, &IP_FORWARD,
               (union event_value[]){{.ip = header->source},
                                     {.ip = header->destination},
                                     {.ip = hop->next},
                                     {.text = hop->on->interface->name},
                                     {.number = header->ttl - 1}});
}

static inline void count_hop(uint8_t *ip)
{
    ip[TTL_AT]--;
    /* RFC 1624 equation 3, as checksum_update(): a word whose upper byte becomes one less adds 0xffff - 0x100 */
    store_u16(ip + CHECKSUM_AT, checksum_finish((uint32_t)(uint16_t)~load_u16(ip + CHECKSUM_AT) + 0xfeff));
}

/* To where another one went before, through a neighbour that is known. False: this one needs more than that. */
static inline bool forward_as_before(struct stack *stack, const struct way *way, uint32_t total, struct frame *packet,
                                     struct instant now)
{
    const uint8_t *from = packet->data + SOURCE_AT, *to = packet->data + DESTINATION_AT;
    bool link_local = (from[0] == 169 && from[1] == 254) || (to[0] == 169 && to[1] == 254);
    if (!stack->settings.forwarding || from[0] == 0 || link_local || packet->data[TTL_AT] <= 1 || packet->refs > 1 ||
        total > way->neighbour->interface->mtu || event_wanted(stack->node))
        return false;
    count_hop(packet->data);
    neighbour_hand(way->neighbour, packet, now);
    return true;
}

/* For a transport of this node, and in one piece. */
static inline bool deliver_as_before(struct ip_interface *on, struct frame *packet)
{
    const uint8_t *ip = packet->data;
    if (ip[PROTOCOL_AT] == PROTOCOL_ICMP || ip[SOURCE_AT] == 0 || ip[DESTINATION_AT] == 127 ||
        (load_u16(ip + FLAGS_AT) & FRAGMENT_MASK))
        return false;
    frame_pull(packet, IPV4_HEADER_BYTES);
    packet->transport = frame_mark(packet);
    struct packet_info info; /* filled member by member: it would be cleared before, and waited for */
    ip4_store(&info.source, ip + SOURCE_AT);
    ip4_store(&info.destination, ip + DESTINATION_AT);
    info.protocol = ip[PROTOCOL_AT];
    info.ttl = ip[TTL_AT];
    info.traffic_class = ip[TRAFFIC_CLASS_AT];
    info.dont_fragment = load_u16(ip + FLAGS_AT) & DONT_FRAGMENT;
    info.broadcast_allowed = false;
    info.interface = on->interface->index;
    stack_deliver(on->stack, &info, packet);
    return true;
}

/* Nearly every packet: a plain header, built by this program and not damaged since, and a way that is known from the packet before. False: it is not
 * such a one, and nothing has happened. It does what the rest of ipv4_input() would do, in less than half of the steps. */
static inline bool input_as_before(struct ip_interface *on, struct frame *packet, struct instant now)
{
    const uint8_t *ip = packet->data;
    if (packet->length < IPV4_HEADER_BYTES || ip[0] != PLAIN_START ||
        (packet->flags & (FRAME_SUMS_GOOD | FRAME_BROADCAST)) != FRAME_SUMS_GOOD)
        return false;
    uint32_t destination, total = load_u16(ip + TOTAL_AT);
    memcpy(&destination, ip + DESTINATION_AT, sizeof destination);
    const struct way *way = way_known(on->stack, destination);
    bool odd_source = ip[SOURCE_AT] == 127 || ip[SOURCE_AT] >= 224;
    if (!way || odd_source || total != frame_total(packet))
        return false;
    return way->neighbour                ? forward_as_before(on->stack, way, total, packet, now)
           : way->hop->kind == HOP_LOCAL ? deliver_as_before(on, packet)
                                         : false;
}

static void forward(struct ip_interface *on, const struct ipv4_header *header, struct way *way, struct frame *packet,
                    struct instant now)
{
    const struct next_hop *route = way->hop;
    struct stack *stack = on->stack;
    if (packet->flags & FRAME_BROADCAST) {
        node_drop(stack->node, packet, DROP_IP_NOT_FOR_US);
        return;
    }
    if (ip_is_link_local(&header->source) || ip_is_link_local(&header->destination) || ip_is_any(&header->source)) {
        node_drop(stack->node, packet, DROP_IP_SCOPE);
        return;
    }
    if (header->ttl <= 1) {
        refuse(on, packet, DROP_IP_TTL_EXPIRED, ICMP_TIME_EXCEEDED, ICMP_TTL_IN_TRANSIT, 0, now);
        return;
    }
    uint32_t mtu = route->on->interface->mtu;
    if (header->total_bytes > mtu && header->dont_fragment) {
        refuse(on, packet, DROP_IP_TOO_BIG, ICMP_UNREACHABLE, ICMP_FRAGMENTATION_NEEDED, mtu, now);
        return;
    }
    struct ip_hop hop = {.on = route->on,
                         .kind = HOP_UNICAST,
                         .next = route->gateway.family ? route->gateway : header->destination,
                         .known = &way->neighbour};
    if (event_wanted(stack->node))
        tell_forward(stack, header, &hop);
    packet = frame_own(packet, ETHERNET_HEADER_BYTES);
    count_hop(packet->data);
    if (header->total_bytes > mtu)
        output_in_pieces(stack, &hop, packet, mtu, now);
    else
        output(stack, &hop, packet, now);
}

/* ---- in ---- */

static void deliver(struct ip_interface *on, const struct ipv4_header *header, struct frame *packet, struct instant now)
{
    struct stack *stack = on->stack;
    uint8_t fault_at;
    if (header->header_bytes > IPV4_HEADER_BYTES && !ipv4_options_sound(header, &fault_at)) {
        refuse(on, packet, DROP_IPV4_MALFORMED, ICMP_PARAMETER_PROBLEM, 0, (uint32_t)fault_at << 24, now);
        return;
    }
    frame_pull(packet, header->header_bytes);
    if (header->more_fragments || header->offset_bytes) {
        const struct fragment fragment = {.source = header->source,
                                          .destination = header->destination,
                                          .identification = header->identification,
                                          .protocol = header->protocol,
                                          .offset_bytes = header->offset_bytes,
                                          .more = header->more_fragments};
        packet = fragment_add(on, &fragment, packet, now);
        if (!packet)
            return;
    }
    packet->transport = frame_mark(packet);
    const struct packet_info info = {.source = header->source,
                                     .destination = header->destination,
                                     .protocol = header->protocol,
                                     .ttl = header->ttl,
                                     .traffic_class = header->traffic_class,
                                     .dont_fragment = header->dont_fragment,
                                     .interface = on->interface->index};
    if (header->protocol == PROTOCOL_ICMP)
        icmp_input(on, &info, packet, now);
    else
        stack_deliver(stack, &info, packet);
}

/* RFC 1122 3.2.1.3, RFC 1812 5.3.7: addresses that no host has, and those that stay inside a node. */
static bool source_sound(const struct ip_interface *on, const struct ip *source)
{
    uint8_t net = source->b[0];
    return !(net >= 224 && (net < 240 || ip_is_broadcast(source))) && (net != 127 || on->interface->loopback) &&
           (net != 0 || ip_is_any(source));
}

static __attribute__((noinline)) void input(struct ip_interface *on, struct frame *packet, struct instant now)
{
    struct stack *stack = on->stack;
    struct ipv4_header header;
    if (ipv4_parse(packet->data, packet->length, &header) != 0 || header.total_bytes > frame_total(packet)) {
        node_drop(stack->node, packet, DROP_IPV4_MALFORMED);
        return;
    }
    if (!(packet->flags & FRAME_SUMS_GOOD) && !ipv4_checksum_good(packet->data, header.header_bytes)) {
        node_drop(stack->node, packet, DROP_IPV4_CHECKSUM);
        return;
    }
    if (header.total_bytes < frame_total(packet))
        frame_trim(packet, header.total_bytes); /* Ethernet's padding */
    if (!source_sound(on, &header.source)) {
        node_drop(stack->node, packet, DROP_IP_BAD_SOURCE);
        return;
    }
    if (ip_is_multicast(&header.destination) || ip_is_broadcast(&header.destination)) {
        packet->flags |= FRAME_BROADCAST;
        deliver(on, &header, packet, now);
        return;
    }
    struct way *way = way_find(stack, &header.destination);
    const struct next_hop *hop = way ? way->hop : NULL;
    if (hop && hop->kind == HOP_LOCAL) {
        if (header.destination.b[0] == 127 && !on->interface->loopback)
            node_drop(stack->node, packet, DROP_IP_SCOPE);
        else
            deliver(on, &header, packet, now);
    } else if (hop && hop->kind == HOP_BROADCAST) {
        packet->flags |= FRAME_BROADCAST;
        if (hop->on == on)
            deliver(on, &header, packet, now);
        else
            node_drop(stack->node, packet, DROP_IP_SCOPE);
    } else if (!stack->settings.forwarding) {
        node_drop(stack->node, packet, DROP_IP_NOT_FOR_US);
    } else if (!hop) {
        refuse(on, packet, DROP_IP_NO_ROUTE, ICMP_UNREACHABLE, ICMP_NET_UNREACHABLE, 0, now);
    } else {
        forward(on, &header, way, packet, now);
    }
}

void ipv4_input(struct ip_interface *on, struct frame *packet, struct instant now)
{
    packet->network = frame_mark(packet);
    if (!input_as_before(on, packet, now))
        input(on, packet, now);
}

void ipv4_reassembly_timeout(struct ip_interface *on, struct frame *first, struct instant now)
{
    refuse(on, first, DROP_FRAGMENT_TIMEOUT, ICMP_TIME_EXCEEDED, ICMP_REASSEMBLY, 0, now);
}
