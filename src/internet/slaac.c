/* A host that listens to routers: router discovery (RFC 4861 section 6.3), stateless address autoconfiguration (RFC 4862 section 5.5), and
 * the DNS servers that routers tell of (RFC 8106).
 *
 * Asking. Once its link-local address is usable, a host solicits routers, three times, four seconds apart, until one answers. When nobody has
 * answered four seconds after the last, there is no router, and the interface counts as settled. `ndp_interface.solicit` is the timer.
 *
 * Listening. An advertisement is a list of facts with lifetimes. The router itself becomes a default route of metric 1024 (as on
 * Linux); one that neighbour unreachability detection finds silent keeps its place at metric 2048, so that any other is taken
 * first (section 6.3.6). A prefix that is on-link becomes a route to the link; one that is autonomous becomes an address, which says
 * nothing about the link (section 6.3.4), so the two are kept apart and end apart.
 * Addresses are the prefix and the modified EUI-64 of the MAC (RFC 4291 Appendix A) and go through duplicate address detection.
 *
 * Lifetimes. config.c lets addresses become deprecated and end; routers, on-link prefixes and DNS servers have a timer here. An
 * advertisement cannot cut an address's life to less than two hours (RFC 4862 section 5.5.3 e), lest anyone could with one packet.
 *
 * Left out on purpose: DHCPv6 (the M and O flags), temporary and stable-privacy addresses (RFC 8981, RFC 7217), router preferences (RFC 4191),
 * the search list of RFC 8106. */
#include "base/error.h"
#include "internet/icmpv6.h"
#include "internet/ipv6.h"
#include "internet/ndp.h"

enum { SOLICITATIONS = 3, METRIC_ROUTER = 1024, METRIC_SILENT_ROUTER = 2048, METRIC_LINK_PREFIX = 256 };
#define SOLICITATION_INTERVAL_NS (4 * NS_PER_S)
#define TWO_HOURS_NS             (2 * 3600 * NS_PER_S)

struct default_router {
    struct list link;
    struct ip_interface *on;
    struct ip address;
    bool silent; /* unreachable, when last heard of */
    struct timer expiry;
};
struct link_prefix {
    struct list link;
    struct ip_interface *on;
    struct prefix prefix; /* on this link */
    struct timer expiry;
};

static const struct event_type SOLICITATION = {
    .name = "router-solicitation", .protocol = "NDP", .story = "is there a router on this link?", .fields = {{"to", FIELD_IP}}};
static const struct event_type ROUTER_FOUND = {
    .name = "router-found",
    .protocol = "NDP",
    .story = "takes {router} as its default router for {lifetime}",
    .fields = {{"from", FIELD_IP}, {"router", FIELD_IP}, {"lifetime", FIELD_DURATION}}};
static const struct event_type ROUTER_LOST = {.name = "router-lost",
                                              .protocol = "NDP",
                                              .story = "{router} is no default router any more: {why}",
                                              .fields = {{"router", FIELD_IP}, {"why", FIELD_TEXT}}};
static const struct event_type ADDRESS_MADE = {
    .name = "slaac-address",
    .protocol = "NDP",
    .story = "makes itself the address {address} from the prefix {prefix}",
    .fields = {{"address", FIELD_IP}, {"prefix", FIELD_PREFIX}, {"from", FIELD_IP}, {"valid", FIELD_DURATION}}};

static int64_t lifetime_ns(uint32_t seconds)
{
    return seconds == NDP_LIFETIME_INFINITE ? INT64_MAX : (int64_t)seconds * NS_PER_S;
}

/* ---- asking ---- */

static void solicit_fire(struct timer *timer, struct instant now)
{
    struct ndp_interface *ndp = container_of(timer, struct ndp_interface, solicit);
    struct ip_interface *on = ndp->on;
    const struct ip_address *source = ndp_link_local(on);
    if (!source || ndp->solicitations == SOLICITATIONS) {
        ndp->solicits = false;
        return;
    }
    ndp->solicitations++;
    timer_set(on->stack->node, timer, instant_add(now, SOLICITATION_INTERVAL_NS), solicit_fire);
    if (event_wanted(on->stack->node))
        event_emit(on->stack->node, &SOLICITATION, (union event_value[]){{.ip = NDP_ALL_ROUTERS}});
    struct ndp_message message = {
        .type = ICMPV6_ROUTER_SOLICITATION, .has_source_link = true, .source_link = on->interface->mac};
    ndp_send(on, &source->info.prefix.address, &NDP_ALL_ROUTERS, &message);
}

void slaac_start(struct ip_interface *on, int64_t delay_ns, struct instant now)
{
    if (!on->stack->settings.accept_router_advertisements || on->interface->loopback)
        return;
    on->ndp->solicits = true;
    on->ndp->solicitations = 0;
    timer_set(on->stack->node, &on->ndp->solicit, instant_add(now, delay_ns), solicit_fire);
}

void slaac_stop(struct ip_interface *on)
{
    timer_cancel(on->stack->node, &on->ndp->solicit);
    on->ndp->solicits = false;
}

/* ---- default routers ---- */

static struct fib_change router_route(const struct default_router *router)
{
    return (struct fib_change){.destination = {ip_any(6), 0},
                               .kind = HOP_UNICAST,
                               .gateway = router->address,
                               .on = router->on,
                               .metric = router->silent ? METRIC_SILENT_ROUTER : METRIC_ROUTER,
                               .origin = ROUTE_RA};
}

static struct default_router *router_find(const struct ip_interface *on, const struct ip *address)
{
    list_each (link, &on->stack->ndp->routers) {
        struct default_router *router = list_entry(link, struct default_router, link);
        if (router->on == on && ip_equal(&router->address, address))
            return router;
    }
    return NULL;
}

static void router_remove(struct default_router *router, const char *why)
{
    struct stack *stack = router->on->stack;
    struct fib_change route = router_route(router);
    (void)fib_remove(&stack->fib6, &route, false); /* it may be gone with its interface */
    struct neighbour *neighbour = neighbour_find(&stack->neighbours, router->on->interface, &router->address);
    if (neighbour)
        neighbour->locked = false;
    if (why && event_wanted(stack->node))
        event_emit(stack->node, &ROUTER_LOST, (union event_value[]){{.ip = router->address}, {.text = why}});
    timer_cancel(stack->node, &router->expiry);
    list_remove(&router->link);
    stack->ndp->router_count--;
    memory_free(router);
}

static void router_expire(struct timer *timer, struct instant now)
{
    (void)now;
    router_remove(container_of(timer, struct default_router, expiry), "its lifetime is over");
}

/* `neighbour` NULL: nothing is known of its MAC yet. */
static void router_take(struct ip_interface *on, const struct ip *address, uint16_t lifetime_s, struct neighbour *neighbour,
                        struct instant now)
{
    struct stack *stack = on->stack;
    struct default_router *router = router_find(on, address);
    if (lifetime_s == 0) {
        if (router)
            router_remove(router, "it says so");
        return;
    }
    if (!router) {
        if (stack->ndp->router_count == LIMIT_NDP_ROUTERS)
            return;
        router = memory_take_zeroed(1, sizeof *router);
        router->on = on;
        router->address = *address;
        list_push_back(&stack->ndp->routers, &router->link);
        stack->ndp->router_count++;
        if (event_wanted(stack->node))
            event_emit(stack->node, &ROUTER_FOUND,
                       (union event_value[]){{.ip = *address}, {.ip = *address}, {.number = lifetime_ns(lifetime_s)}});
    }
    if (neighbour)
        neighbour->locked = true;
    slaac_router_reachable(on, address, true); /* it speaks: worth a try again */
    struct fib_change route = router_route(router);
    (void)fib_add(&stack->fib6, &route); /* IMP_IN_USE: it is there, unless the interface was down meanwhile */
    timer_set(stack->node, &router->expiry, instant_add(now, lifetime_ns(lifetime_s)), router_expire);
}

void slaac_router_reachable(struct ip_interface *on, const struct ip *address, bool reachable)
{
    struct default_router *router = router_find(on, address);
    if (!router || router->silent == !reachable)
        return;
    struct fib_change route = router_route(router);
    (void)fib_remove(&on->stack->fib6, &route, false);
    router->silent = !reachable;
    route = router_route(router);
    (void)fib_add(&on->stack->fib6, &route);
}

void slaac_router_gone(struct ip_interface *on, const struct ip *address)
{
    struct default_router *router = router_find(on, address);
    if (router)
        router_remove(router, "it has become a host");
}

/* ---- prefixes ---- */

static struct fib_change link_prefix_route(const struct link_prefix *prefix)
{
    return (struct fib_change){
        .destination = prefix->prefix, .kind = HOP_UNICAST, .on = prefix->on, .metric = METRIC_LINK_PREFIX, .origin = ROUTE_RA};
}

static void link_prefix_remove(struct link_prefix *prefix)
{
    struct stack *stack = prefix->on->stack;
    struct fib_change route = link_prefix_route(prefix);
    (void)fib_remove(&stack->fib6, &route, false);
    timer_cancel(stack->node, &prefix->expiry);
    list_remove(&prefix->link);
    stack->ndp->link_prefix_count--;
    memory_free(prefix);
}

static void link_prefix_expire(struct timer *timer, struct instant now)
{
    (void)now;
    link_prefix_remove(container_of(timer, struct link_prefix, expiry));
}

static void link_prefix_take(struct ip_interface *on, const struct ndp_prefix *told, struct instant now)
{
    struct ndp_stack *ndp = on->stack->ndp;
    struct link_prefix *found = NULL;
    list_each (link, &ndp->link_prefixes) {
        struct link_prefix *prefix = list_entry(link, struct link_prefix, link);
        if (prefix->on == on && prefix_equal(&prefix->prefix, &told->prefix))
            found = prefix;
    }
    if (told->valid_s == 0) {
        if (found)
            link_prefix_remove(found);
        return;
    }
    if (!found) {
        if (ndp->link_prefix_count == LIMIT_NDP_LINK_PREFIXES)
            return;
        found = memory_take_zeroed(1, sizeof *found);
        found->on = on;
        found->prefix = told->prefix;
        list_push_back(&ndp->link_prefixes, &found->link);
        ndp->link_prefix_count++;
    }
    struct fib_change route = link_prefix_route(found);
    (void)fib_add(&on->stack->fib6, &route);
    timer_set(on->stack->node, &found->expiry, instant_add(now, lifetime_ns(told->valid_s)), link_prefix_expire);
}

/* RFC 4862 section 5.5.3 e: an address that we have. */
static void address_refresh(struct ip_address *address, const struct ndp_prefix *told, struct instant now)
{
    struct instant valid = instant_add(now, lifetime_ns(told->valid_s));
    int64_t left_ns = instant_since(address->info.valid_until, now);
    if (lifetime_ns(told->valid_s) > TWO_HOURS_NS || lifetime_ns(told->valid_s) > left_ns)
        address->info.valid_until = valid;
    else if (left_ns > TWO_HOURS_NS)
        address->info.valid_until = instant_add(now, TWO_HOURS_NS);
    address->info.preferred_until = instant_add(now, lifetime_ns(told->preferred_s));
    if (address->active)
        address->info.state = told->preferred_s ? ADDRESS_PREFERRED : ADDRESS_DEPRECATED;
    ip_address_schedule(address);
}

static void address_make(struct ip_interface *on, const struct ndp_prefix *told, const struct ip *router, struct instant now)
{
    struct node *node = on->stack->node;
    struct address_info info = {.interface = on->interface->index,
                                .prefix = {ip6_from_prefix_and_mac(&told->prefix.address, on->interface->mac), 64},
                                .origin = ADDRESS_SLAAC,
                                .preferred_until = instant_add(now, lifetime_ns(told->preferred_s)),
                                .valid_until = instant_add(now, lifetime_ns(told->valid_s))};
    if (ip_interface_address(on, &info.prefix.address)) /* set by hand */
        return;
    if (event_wanted(node))
        event_emit(node, &ADDRESS_MADE,
                   (union event_value[]){{.ip = info.prefix.address},
                                         {.prefix = told->prefix},
                                         {.ip = *router},
                                         {.number = lifetime_ns(told->valid_s)}});
    (void)stack_address_add(on->stack, &info);
}

static void prefix_take(struct ip_interface *on, const struct ndp_prefix *told, const struct ip *router, struct instant now)
{
    if (ip_is_link_local(&told->prefix.address) || ip_is_multicast(&told->prefix.address) || told->preferred_s > told->valid_s)
        return; /* RFC 4862 section 5.5.3 b, c */
    if (told->on_link)
        link_prefix_take(on, told, now);
    if (!told->autonomous || told->prefix.length != 64) /* the interface identifier has the other 64 bits */
        return;
    list_each (link, &on->addresses) {
        struct ip_address *address = list_entry(link, struct ip_address, link);
        if (address->info.origin == ADDRESS_SLAAC && prefix_contains(&told->prefix, &address->info.prefix.address)) {
            address_refresh(address, told, now);
            return;
        }
    }
    if (told->valid_s != 0)
        address_make(on, told, router, now);
}

/* ---- DNS servers ---- */

static void dns_expire(struct timer *timer, struct instant now);

/* Drops what has run out, tells if anything is new or gone, and sets the timer for what ends next. */
static void dns_settle(struct ndp_stack *ndp, bool changed, struct instant now)
{
    struct ndp_dns *dns = ndp->dns;
    struct instant next = INSTANT_NEVER;
    struct ip servers[LIMIT_NDP_DNS];
    unsigned kept = 0;
    for (unsigned i = 0; i < dns->count; i++) {
        if (instant_reached(now, dns->servers[i].until)) {
            changed = true;
            continue;
        }
        next = instant_min(next, dns->servers[i].until);
        servers[kept] = dns->servers[i].address;
        dns->servers[kept++] = dns->servers[i];
    }
    dns->count = kept;
    timer_set(ndp->stack->node, &dns->expiry, next, dns_expire);
    if (!kept) {
        memory_free(dns);
        ndp->dns = NULL;
    }
    if (changed && ndp->told)
        ndp->told(ndp->told_context, servers, kept);
}

static void dns_expire(struct timer *timer, struct instant now)
{
    dns_settle(container_of(timer, struct ndp_dns, expiry)->stack->ndp, false, now);
}

static void dns_take(struct ndp_stack *ndp, const struct ndp_message *message, struct instant now)
{
    bool changed = false;
    struct instant until = instant_add(now, lifetime_ns(message->dns_lifetime_s));
    if (!ndp->dns) {
        ndp->dns = memory_take_zeroed(1, sizeof *ndp->dns);
        ndp->dns->stack = ndp->stack;
    }
    struct ndp_dns *dns = ndp->dns;
    for (unsigned i = 0; i < message->dns_count; i++) {
        unsigned at = 0;
        while (at < dns->count && !ip_equal(&dns->servers[at].address, &message->dns[i]))
            at++;
        if (at == LIMIT_NDP_DNS || (at == dns->count && message->dns_lifetime_s == 0))
            continue;
        changed |= at == dns->count;
        dns->count += at == dns->count;
        dns->servers[at] = (struct ndp_server){message->dns[i], until};
    }
    dns_settle(ndp, changed, now);
}

void stack_on_advertised_dns(struct stack *stack, void (*told)(void *context, const struct ip *servers, unsigned count),
                             void *context)
{
    stack->ndp->told = told;
    stack->ndp->told_context = context;
    if (stack->ndp->dns)
        dns_settle(stack->ndp, true, stack_now(stack));
}

/* ---- an advertisement ---- */

void slaac_advertised(struct ip_interface *on, const struct ip *router, const struct ndp_message *message, struct mac station,
                      struct instant now)
{
    (void)station;
    struct stack *stack = on->stack;
    if (!stack->settings.accept_router_advertisements)
        return;
    slaac_stop(on);
    struct neighbour *neighbour = message->has_source_link
                                      ? neighbour_learn(&stack->neighbours, on->interface, router, message->source_link, now)
                                      : neighbour_find(&stack->neighbours, on->interface, router);
    if (neighbour)
        neighbour->router = true;
    if (message->hop_limit)
        on->ndp->hop_limit = message->hop_limit;
    if (message->reachable_ms)
        stack->neighbours.reachable6_ns = message->reachable_ms * NS_PER_MS;
    if (message->retransmit_ms)
        stack->neighbours.retransmit6_ns = message->retransmit_ms * NS_PER_MS;
    if (message->mtu >= IPV6_MTU_MINIMUM && message->mtu <= on->interface->mtu)
        on->ndp->mtu = message->mtu;
    router_take(on, router, message->router_lifetime_s, neighbour, now);
    for (unsigned i = 0; i < message->prefix_count; i++)
        prefix_take(on, &message->prefixes[i], router, now);
    if (message->dns_count > 0)
        dns_take(stack->ndp, message, now);
}

/* ---- the end ---- */

void slaac_forget(struct ip_interface *on)
{
    struct ndp_stack *ndp = on->stack->ndp;
    list_each (link, &ndp->routers) {
        struct default_router *router = list_entry(link, struct default_router, link);
        if (router->on == on)
            router_remove(router, NULL);
    }
    list_each (link, &ndp->link_prefixes) {
        struct link_prefix *prefix = list_entry(link, struct link_prefix, link);
        if (prefix->on == on)
            link_prefix_remove(prefix);
    }
}

void slaac_stack_destroy(struct ndp_stack *ndp)
{
    if (ndp->dns)
        timer_cancel(ndp->stack->node, &ndp->dns->expiry);
    memory_free(ndp->dns);
    while (!list_empty(&ndp->routers))
        router_remove(list_entry(ndp->routers.next, struct default_router, link), NULL);
    while (!list_empty(&ndp->link_prefixes))
        link_prefix_remove(list_entry(ndp->link_prefixes.next, struct link_prefix, link));
}
