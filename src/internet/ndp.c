/* Neighbour discovery (RFC 4861) and duplicate address detection (RFC 4862 section 5.4): what ARP is to IPv4, and more.
 *
 * Which MAC has an address? The question (neighbour solicitation) goes to the address's own group, whose last 24 bits are the
 * address's, so that it disturbs hardly anyone but its owner; the owner answers with a neighbour advertisement. States, timers and
 * waiting packets are those of the shared cache, link/neighbour.c; here are the messages and their rules (sections 7.2.3 to 7.2.5).
 *
 * Is an address mine? Before a node uses an address it asks for it, from the unspecified address: after a random delay of up to a
 * second, so that a hundred nodes switched on together do not speak at once, one probe, and a second of silence, and the address
 * becomes usable. If anyone answers, or asks the same from the unspecified address, it never does. `ip_address.probe` is the timer,
 * `ip_address.probes` the number of probes sent. Addresses of an interface that does not run wait; those of lo need no test.
 *
 * When an interface's link-local address has become usable, the interface can speak: a host solicits routers (slaac.c), a router
 * begins to advertise (advertise.c).
 *
 * Here too is the glue between the stack's core and the rooms of IPv6: interfaces and addresses that come and go. A link with an MTU
 * below 1280 gets no link-local address (RFC 8200 section 5).
 *
 * Left out on purpose: redirects, proxy advertisements, anycast delays, optimistic and enhanced detection (RFC 4429, RFC 7527). */
#include "internet/ndp.h"

#include "base/error.h"
#include "internet/icmpv6.h"
#include "internet/ipv6.h"

const struct ip NDP_ALL_NODES = {6, {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
const struct ip NDP_ALL_ROUTERS = {6, {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}};

enum { DAD_PROBES = 1 };
#define DAD_DELAY_NS NS_PER_S /* MAX_RTR_SOLICITATION_DELAY */

static const struct event_type QUESTION = {.name = "ndp-question",
                                           .protocol = "NDP",
                                           .story = "who has {target}? tell {source}",
                                           .fields = {{"to", FIELD_IP}, {"target", FIELD_IP}, {"source", FIELD_IP}}};
static const struct event_type CHECK = {.name = "ndp-check",
                                        .protocol = "NDP",
                                        .story = "is {target} still there?",
                                        .level = EVENT_DETAIL,
                                        .fields = {{"to", FIELD_IP}, {"target", FIELD_IP}}};
static const struct event_type ANSWER = {.name = "ndp-answer",
                                         .protocol = "NDP",
                                         .story = "{target} is at {mac}",
                                         .fields = {{"to", FIELD_IP}, {"target", FIELD_IP}, {"mac", FIELD_MAC}}};
static const struct event_type CONFIRMATION = {.name = "ndp-confirmation",
                                               .protocol = "NDP",
                                               .story = "{target} is still at {mac}",
                                               .level = EVENT_DETAIL,
                                               .fields = {{"to", FIELD_IP}, {"target", FIELD_IP}, {"mac", FIELD_MAC}}};
static const struct event_type DAD_PROBE = {.name = "dad-probe",
                                            .protocol = "NDP",
                                            .story = "does anyone have {address} already?",
                                            .level = EVENT_DETAIL,
                                            .fields = {{"address", FIELD_IP}}};
static const struct event_type DAD_DONE = {.name = "dad-done",
                                           .protocol = "NDP",
                                           .story = "nobody else has {address}: takes it",
                                           .level = EVENT_DETAIL,
                                           .fields = {{"address", FIELD_IP}}};
static const struct event_type DAD_CONFLICT = {.name = "dad-conflict",
                                               .protocol = "NDP",
                                               .story = "{address} is already in use by {station}: does not take it",
                                               .fields = {{"address", FIELD_IP}, {"station", FIELD_MAC}}};

uint8_t ndp_hop_limit(const struct ip_interface *on) { return on->ndp->hop_limit; }

uint32_t ipv6_link_mtu(const struct ip_interface *on)
{
    return on->ndp->mtu && on->ndp->mtu < on->interface->mtu ? on->ndp->mtu : on->interface->mtu;
}

struct ip_address *ndp_link_local(const struct ip_interface *on)
{
    list_each (link, &on->addresses) {
        struct ip_address *address = list_entry(link, struct ip_address, link);
        if (address->active && address->info.prefix.address.family == 6 && ip_is_link_local(&address->info.prefix.address))
            return address;
    }
    return NULL;
}

void ndp_send(struct ip_interface *on, const struct ip *source, const struct ip *destination, const struct ndp_message *message)
{
    struct frame *frame = frame_create(on->stack->node->engine, FRAME_HEADROOM, NDP_BUILD_BYTES);
    struct writer writer = writer_of(frame_append(frame, NDP_BUILD_BYTES), NDP_BUILD_BYTES);
    ndp_build(&writer, message);
    frame_trim(frame, (uint32_t)writer.at);
    struct packet_info info = {.source = *source,
                               .destination = *destination,
                               .protocol = PROTOCOL_ICMPV6,
                               .ttl = NDP_HOP_LIMIT,
                               .interface = on->interface->index};
    (void)ipv6_send(on->stack, &info, frame);
}

/* ---- the question ---- */

/* Section 7.2.2: the source of the packet that prompted the question, when it is ours on that link, so that the answer's owner learns how to
 * reach us with the same message; else the link-local address. Family 0: none is usable yet. */
static struct ip question_source(const struct ip_interface *on, const struct neighbour *neighbour)
{
    const struct frame *waiting = neighbour->queue_first;
    if (waiting && waiting->length >= IPV6_HEADER_BYTES) {
        struct ip source = ip6_of_bytes(waiting->data + 8);
        const struct ip_address *ours = ip_interface_address(on, &source);
        if (ours && ours->active)
            return source;
    }
    const struct ip_address *local = ndp_link_local(on);
    return local ? local->info.prefix.address : (struct ip){0};
}

static void ndp_solicit(struct neighbour *neighbour, bool unicast, struct instant now)
{
    (void)now;
    struct ip_interface *on = ip_interface_of(neighbour->interface);
    struct ip source = question_source(on, neighbour);
    if (!source.family)
        return;
    struct ip to = unicast ? neighbour->address : ip6_solicited_node(&neighbour->address);
    if (event_wanted(on->stack->node))
        event_emit(on->stack->node, unicast ? &CHECK : &QUESTION,
                   (union event_value[]){{.ip = to}, {.ip = neighbour->address}, {.ip = source}});
    struct ndp_message message = {.type = ICMPV6_NEIGHBOUR_SOLICITATION,
                                  .target = neighbour->address,
                                  .has_source_link = true,
                                  .source_link = on->interface->mac};
    ndp_send(on, &source, &to, &message);
}

static void ndp_unreachable(struct neighbour *neighbour, struct frame *packet_taken, struct instant now)
{
    struct ip_interface *on = ip_interface_of(neighbour->interface);
    packet_taken->network = frame_mark(packet_taken);
    icmpv6_send_error(on, packet_taken, ICMPV6_UNREACHABLE, ICMPV6_ADDRESS_UNREACHABLE, 0, now);
    node_drop(on->stack->node, packet_taken, DROP_NEIGHBOUR_FAILED);
}

static void ndp_lost(struct neighbour *neighbour, struct instant now)
{
    (void)now;
    slaac_router_reachable(ip_interface_of(neighbour->interface), &neighbour->address, false);
}

const struct neighbour_ops NDP_NEIGHBOUR_OPS = {
    .ethertype = ETHERTYPE_IPV6, .solicit = ndp_solicit, .unreachable = ndp_unreachable, .lost = ndp_lost};

/* ---- duplicate address detection ---- */

static void dad_fire(struct timer *timer, struct instant now)
{
    struct ip_address *address = container_of(timer, struct ip_address, probe);
    struct ip_interface *on = address->on;
    struct stack *stack = on->stack;
    const struct ip *target = &address->info.prefix.address;
    bool done = address->probes >= DAD_PROBES;
    if (event_wanted(stack->node))
        event_emit(stack->node, done ? &DAD_DONE : &DAD_PROBE, (union event_value[]){{.ip = *target}});
    if (!done) {
        struct ip nobody = ip_any(6), group = ip6_solicited_node(target);
        struct ndp_message message = {.type = ICMPV6_NEIGHBOUR_SOLICITATION, .target = *target};
        ndp_send(on, &nobody, &group, &message);
        address->probes++;
        timer_set(stack->node, timer, instant_add(now, stack->neighbours.retransmit6_ns), dad_fire);
        return;
    }
    bool could_speak = ndp_link_local(on) != NULL;
    ip_address_activate(address);
    if (!could_speak && ndp_link_local(on)) {
        slaac_start(on, 0, now); /* the random delay before the probe was this one's too (RFC 4861 section 6.3.7) */
        advertise_start(on, now);
    }
}

static void dad_start(struct ip_address *address, struct instant now)
{
    struct node *node = address->on->stack->node;
    address->probes = 0;
    int64_t delay_ns = (int64_t)random_below(&node->random, DAD_DELAY_NS);
    timer_set(node, &address->probe, instant_add(now, delay_ns), dad_fire);
}

static void dad_failed(struct ip_address *address, struct mac station)
{
    struct node *node = address->on->stack->node;
    timer_cancel(node, &address->probe);
    address->info.state = ADDRESS_DUPLICATE;
    if (event_wanted(node))
        event_emit(node, &DAD_CONFLICT, (union event_value[]){{.ip = address->info.prefix.address}, {.mac = station}});
}

/* ---- answers ---- */

static void advertise_address(struct ip_interface *on, const struct ip *target, const struct ip *to, bool solicited,
                              const struct event_type *told_as)
{
    struct ndp_message message = {.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT,
                                  .target = *target,
                                  .router = on->stack->settings.forwarding,
                                  .solicited = solicited,
                                  .override = true,
                                  .has_target_link = true,
                                  .target_link = on->interface->mac};
    if (event_wanted(on->stack->node))
        event_emit(on->stack->node, told_as, (union event_value[]){{.ip = *to}, {.ip = *target}, {.mac = on->interface->mac}});
    ndp_send(on, target, to, &message);
}

static void solicitation_input(struct ip_interface *on, const struct packet_info *info, const struct ndp_message *message,
                               struct mac station, struct instant now)
{
    struct ip_address *address = ip_interface_address(on, &message->target);
    if (!address || address->info.state == ADDRESS_DUPLICATE)
        return;
    bool nobody = ip_is_any(&info->source);
    if (nobody && mac_equal(station, on->interface->mac)) /* our own probe, come back over a loop of switches */
        return;
    if (!address->active) { /* RFC 4862 section 5.4.3: only another's probe means anything while ours is under way */
        if (nobody)
            dad_failed(address, station);
        return;
    }
    if (nobody) { /* someone tests our address: everyone must hear that it is taken */
        advertise_address(on, &message->target, &NDP_ALL_NODES, false, &ANSWER);
        return;
    }
    if (message->has_source_link)
        (void)neighbour_learn(&on->stack->neighbours, on->interface, &info->source, message->source_link, now);
    const struct event_type *told_as =
        ip_is_multicast(&info->destination) ? &ANSWER : &CONFIRMATION; /* it knows, and makes sure */
    advertise_address(on, &message->target, &info->source, true, told_as);
}

static void advertisement_input(struct ip_interface *on, const struct ndp_message *message, struct mac station,
                                struct instant now)
{
    struct ip_address *ours = ip_interface_address(on, &message->target);
    if (ours && ours->info.state != ADDRESS_DUPLICATE) {
        if (!ours->active)
            dad_failed(ours, station);
        return;
    }
    struct neighbour *neighbour = neighbour_find(&on->stack->neighbours, on->interface, &message->target);
    if (!neighbour) /* section 7.2.5: nobody here has asked */
        return;
    bool was_router = neighbour->router;
    neighbour->router = message->router;
    neighbour_answer(neighbour, message->has_target_link ? &message->target_link : NULL, message->solicited, message->override,
                     now);
    if (was_router && !message->router)
        slaac_router_gone(on, &message->target);
    else if (message->router && message->solicited)
        slaac_router_reachable(on, &message->target, true);
}

static void router_solicitation_input(struct ip_interface *on, const struct packet_info *info,
                                      const struct ndp_message *message, struct instant now)
{
    if (!on->stack->settings.forwarding)
        return;
    if (message->has_source_link && !ip_is_any(&info->source)) {
        struct neighbour *neighbour =
            neighbour_learn(&on->stack->neighbours, on->interface, &info->source, message->source_link, now);
        if (neighbour)
            neighbour->router = false; /* section 6.2.6: routers do not ask */
    }
    advertise_solicited(on, now);
}

bool ndp_input(struct ip_interface *on, const struct packet_info *info, struct bytes bytes, struct mac source,
               struct instant now)
{
    struct ndp_message message;
    if (ndp_parse(bytes.data, bytes.length, &message) != 0 || !ndp_valid(&message, info))
        return false;
    if (on->interface->loopback)
        return true;
    switch (message.type) {
    case ICMPV6_NEIGHBOUR_SOLICITATION: solicitation_input(on, info, &message, source, now); break;
    case ICMPV6_NEIGHBOUR_ADVERTISEMENT: advertisement_input(on, &message, source, now); break;
    case ICMPV6_ROUTER_SOLICITATION: router_solicitation_input(on, info, &message, now); break;
    default: slaac_advertised(on, &info->source, &message, source, now); break;
    }
    return true;
}

/* ---- what comes and goes ---- */

void ipv6_stack_create(struct stack *stack)
{
    stack->ndp = memory_take_zeroed(1, sizeof *stack->ndp);
    stack->ndp->stack = stack;
    list_init(&stack->ndp->routers);
    list_init(&stack->ndp->link_prefixes);
}

void ipv6_stack_destroy(struct stack *stack)
{
    slaac_stack_destroy(stack->ndp);
    memory_free(stack->ndp);
    stack->ndp = NULL;
}

static void routers_group_follow(struct ip_interface *on)
{
    bool wanted = on->stack->settings.forwarding && !on->interface->loopback;
    if (wanted == on->ndp->in_routers_group)
        return;
    on->ndp->in_routers_group = wanted;
    (wanted ? interface_join : interface_leave)(on->interface, mac_of_multicast(&NDP_ALL_ROUTERS));
}

void ipv6_interface_created(struct ip_interface *on)
{
    on->ndp = memory_take_zeroed(1, sizeof *on->ndp);
    on->ndp->on = on;
    struct address_info own = {
        .interface = on->interface->index, .preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    if (on->interface->loopback) {
        own.prefix = (struct prefix){{6, {[15] = 1}}, 128};
        own.origin = ADDRESS_STATIC;
    } else {
        interface_join(on->interface, mac_of_multicast(&NDP_ALL_NODES));
        routers_group_follow(on);
        if (on->interface->mtu < IPV6_MTU_MINIMUM)
            return;
        own.prefix = (struct prefix){ip6_link_local(on->interface->mac), 64};
        own.origin = ADDRESS_LINK_LOCAL;
    }
    (void)stack_address_add(on->stack, &own);
}

void ipv6_interface_destroyed(struct ip_interface *on)
{
    slaac_stop(on);
    slaac_forget(on);
    advertise_forget(on);
    memory_free(on->ndp);
    on->ndp = NULL;
}

void ipv6_interface_running(struct ip_interface *on, bool up, struct instant now)
{
    if (on->interface->loopback)
        return;
    list_each (link, &on->addresses) {
        struct ip_address *address = list_entry(link, struct ip_address, link);
        if (address->info.prefix.address.family != 6 || address->active || address->info.state == ADDRESS_DUPLICATE)
            continue;
        address->info.state = ADDRESS_TENTATIVE; /* again, when the administrator had set the interface down */
        if (!up)
            timer_cancel(on->stack->node, &address->probe);
        else if (!timer_pending(&address->probe))
            dad_start(address, now);
    }
    if (!up) {
        slaac_stop(on);
        advertise_stop(on);
    } else if (ndp_link_local(on)) { /* it has run before: what routers say may have changed meanwhile */
        slaac_start(on, (int64_t)random_below(&on->stack->node->random, NS_PER_S), now);
        advertise_start(on, now);
    }
}

void ipv6_address_added(struct ip_address *address)
{
    struct ip_interface *on = address->on;
    if (on->interface->loopback) {
        ip_address_activate(address);
        return;
    }
    struct ip group = ip6_solicited_node(&address->info.prefix.address);
    interface_join(on->interface, mac_of_multicast(&group));
    if (address->info.unchecked) {
        ip_address_activate(address);
        return;
    }
    if (interface_running(on->interface))
        dad_start(address, stack_now(on->stack));
}

void ipv6_address_removed(struct ip_address *address)
{
    struct ip_interface *on = address->on;
    timer_cancel(on->stack->node, &address->probe);
    if (on->interface->loopback)
        return;
    struct ip group = ip6_solicited_node(&address->info.prefix.address);
    interface_leave(on->interface, mac_of_multicast(&group));
}

bool ipv6_settled(const struct stack *stack)
{
    list_each (link, &stack->interfaces)
        if (ip_interface_of(list_entry(link, struct interface, link))->ndp->solicits)
            return false;
    return true;
}

void ipv6_forwarding_changed(struct stack *stack)
{
    list_each (link, &stack->interfaces) {
        struct ip_interface *on = ip_interface_of(list_entry(link, struct interface, link));
        routers_group_follow(on);
        if (!stack->settings.accept_router_advertisements)
            slaac_stop(on);
    }
}

void ipv6_mac_changed(struct ip_interface *on, struct instant now)
{
    (void)now;
    list_each (link, &on->addresses) {
        struct ip_address *address = list_entry(link, struct ip_address, link);
        if (address->active && address->info.prefix.address.family == 6 && interface_running(on->interface))
            advertise_address(on, &address->info.prefix.address, &NDP_ALL_NODES, false, &ANSWER); /* RFC 4861 section 7.2.6 */
    }
}
