/* A router that speaks (RFC 4861 section 6.2): "I am a router; these prefixes are on this link".
 *
 * On an interface where it is asked to, a router advertises from the moment its link-local address is usable: three times within 16
 * seconds each, so that the hosts that are there learn soon, then at random times between a third of the interval and the interval
 * (200 s unless told otherwise). A solicitation is answered to everyone, within half a second but never sooner than three seconds
 * after the last advertisement (section 6.2.6): so one answer serves all hosts of a link that was just switched on. One timer a
 * link does all this; `last` remembers when the last one went out.
 *
 * What is advertised follows the interface's own configuration at that moment: each /64 of its static addresses, on-link and
 * autonomous, with the lifetimes of RFC 4861 section 6.2.1 (30 days valid, 7 preferred). When advertising ends by
 * configuration, a last advertisement with lifetime 0 tells the hosts (section 6.2.5).
 *
 * Left out on purpose: comparing what other routers say (section 6.2.7), unicast answers, the M and O flags, route information. */
#include "base/error.h"
#include "internet/icmpv6.h"
#include "internet/ndp.h"

enum { INITIAL_ADVERTISEMENTS = 3, VALID_S = 30 * 24 * 3600, PREFERRED_S = 7 * 24 * 3600 };
#define INITIAL_INTERVAL_NS (16 * NS_PER_S)
#define ANSWER_DELAY_NS     (500 * NS_PER_MS)
#define BETWEEN_NS          (3 * NS_PER_S)
#define DEFAULT_INTERVAL_NS (200 * NS_PER_S)
#define DEFAULT_LIFETIME_NS (1800 * NS_PER_S)
#define LIFETIME_MAXIMUM_NS (9000 * NS_PER_S) /* RFC 4861 section 6.2.1, AdvDefaultLifetime */
#define INTERVAL_MINIMUM_NS (4 * NS_PER_S)
#define INTERVAL_MAXIMUM_NS (1800 * NS_PER_S)

struct advertiser {
    struct ip_interface *on;
    struct advertise_settings settings; /* with the defaults filled in */
    struct timer timer;
    struct instant last; /* when the last one was sent; meaningful once `spoken` */
    uint8_t initial;     /* of the first few, how many are left */
    bool spoken;
    bool answers; /* the next one answers a solicitation */
};

static const struct event_type ADVERTISEMENT = {
    .name = "router-advertisement",
    .protocol = "NDP",
    .story = "I am a router for {lifetime}; prefix {prefix} lasts {valid}",
    .fields = {{"to", FIELD_IP}, {"lifetime", FIELD_DURATION}, {"prefix", FIELD_PREFIX}, {"valid", FIELD_DURATION}}};
static const struct event_type ADVERTISEMENT_AGAIN = {
    .name = "router-advertisement-again",
    .protocol = "NDP",
    .story = "I am still a router for {lifetime}; prefix {prefix} lasts {valid}",
    .level = EVENT_DETAIL,
    .fields = {{"to", FIELD_IP}, {"lifetime", FIELD_DURATION}, {"prefix", FIELD_PREFIX}, {"valid", FIELD_DURATION}}};
static const struct event_type ADVERTISEMENT_BARE = {.name = "router-advertisement-bare",
                                                     .protocol = "NDP",
                                                     .story = "I am a router for {lifetime}, with no prefix to tell",
                                                     .fields = {{"to", FIELD_IP}, {"lifetime", FIELD_DURATION}}};
static const struct event_type ADVERTISEMENT_NONE = {
    .name = "router-advertisement-none",
    .protocol = "NDP",
    .story = "I am no default router; prefix {prefix} lasts {valid}",
    .fields = {{"to", FIELD_IP}, {"lifetime", FIELD_DURATION}, {"prefix", FIELD_PREFIX}, {"valid", FIELD_DURATION}}};

static bool prefix_told(const struct ndp_message *message, const struct prefix *prefix)
{
    for (unsigned i = 0; i < message->prefix_count; i++)
        if (prefix_equal(&message->prefixes[i].prefix, prefix))
            return true;
    return false;
}

static void prefixes_tell(const struct ip_interface *on, struct ndp_message *message)
{
    list_each (link, &on->addresses) {
        const struct ip_address *address = list_entry(link, struct ip_address, link);
        const struct prefix *own = &address->info.prefix;
        if (own->address.family != 6 || own->length != 64 || address->info.origin != ADDRESS_STATIC ||
            address->info.state == ADDRESS_DUPLICATE || ip_is_link_local(&own->address))
            continue;
        struct prefix network = prefix_network(own);
        if (message->prefix_count == LIMIT_NDP_PREFIXES || prefix_told(message, &network))
            continue;
        message->prefixes[message->prefix_count++] = (struct ndp_prefix){
            .prefix = network, .on_link = true, .autonomous = true, .valid_s = VALID_S, .preferred_s = PREFERRED_S};
    }
}

static void advertisement_event(const struct advertiser *advertiser, const struct ndp_message *message)
{
    const struct event_type *type = advertiser->answers || !advertiser->spoken ? &ADVERTISEMENT : &ADVERTISEMENT_AGAIN;
    union event_value values[4] = {{.ip = NDP_ALL_NODES}, {.number = message->router_lifetime_s * NS_PER_S}};
    if (message->prefix_count == 0)
        type = &ADVERTISEMENT_BARE;
    else if (message->router_lifetime_s == 0 && type == &ADVERTISEMENT)
        type = &ADVERTISEMENT_NONE;
    values[2].prefix = message->prefixes[0].prefix;
    values[3].number = message->prefixes[0].valid_s * NS_PER_S;
    event_emit(advertiser->on->stack->node, type, values);
}

static void advertise(struct advertiser *advertiser, int64_t lifetime_ns, struct instant now)
{
    struct ip_interface *on = advertiser->on;
    const struct advertise_settings *settings = &advertiser->settings;
    const struct ip_address *source = ndp_link_local(on);
    if (!source)
        return;
    struct ndp_message message = {.type = ICMPV6_ROUTER_ADVERTISEMENT,
                                  .hop_limit = 64,
                                  .router_lifetime_s = (uint16_t)(lifetime_ns / NS_PER_S),
                                  .has_source_link = true,
                                  .source_link = on->interface->mac,
                                  .mtu = settings->mtu,
                                  .dns_lifetime_s = (uint32_t)(3 * settings->interval_ns / NS_PER_S)};
    prefixes_tell(on, &message);
    while (message.dns_count < LIMIT_NDP_DNS && settings->dns[message.dns_count].family == 6) {
        message.dns[message.dns_count] = settings->dns[message.dns_count];
        message.dns_count++;
    }
    if (event_wanted(on->stack->node))
        advertisement_event(advertiser, &message);
    ndp_send(on, &source->info.prefix.address, &NDP_ALL_NODES, &message);
    advertiser->last = now;
    advertiser->spoken = true;
    advertiser->answers = false;
}

static void advertise_fire(struct timer *timer, struct instant now)
{
    struct advertiser *advertiser = container_of(timer, struct advertiser, timer);
    struct node *node = advertiser->on->stack->node;
    /* One that does not forward is no default router (section 6.2.5); one may also be configured so (AdvDefaultLifetime 0). */
    bool router = advertiser->on->stack->settings.forwarding && !advertiser->settings.not_default;
    advertise(advertiser, router ? advertiser->settings.lifetime_ns : 0, now);
    int64_t most_ns = advertiser->settings.interval_ns, least_ns = most_ns / 3;
    int64_t wait_ns = least_ns + (int64_t)random_below(&node->random, (uint64_t)(most_ns - least_ns));
    if (advertiser->initial > 0) {
        advertiser->initial--;
        if (wait_ns > INITIAL_INTERVAL_NS)
            wait_ns = INITIAL_INTERVAL_NS;
    }
    timer_set(node, timer, instant_add(now, wait_ns), advertise_fire);
}

void advertise_start(struct ip_interface *on, struct instant now)
{
    struct advertiser *advertiser = on->ndp->advertiser;
    if (!advertiser || !ndp_link_local(on) || !interface_running(on->interface))
        return;
    advertiser->initial = INITIAL_ADVERTISEMENTS - 1;
    struct instant due = advertiser->spoken ? instant_max(now, instant_add(advertiser->last, BETWEEN_NS)) : now;
    timer_set(on->stack->node, &advertiser->timer, due, advertise_fire);
}

void advertise_stop(struct ip_interface *on)
{
    if (on->ndp->advertiser)
        timer_cancel(on->stack->node, &on->ndp->advertiser->timer);
}

void advertise_forget(struct ip_interface *on)
{
    advertise_stop(on);
    memory_free(on->ndp->advertiser);
    on->ndp->advertiser = NULL;
}

void advertise_solicited(struct ip_interface *on, struct instant now)
{
    struct advertiser *advertiser = on->ndp->advertiser;
    if (!advertiser || !timer_pending(&advertiser->timer)) /* not speaking, or not yet */
        return;
    struct node *node = on->stack->node;
    struct instant due = instant_add(now, (int64_t)random_below(&node->random, ANSWER_DELAY_NS));
    if (advertiser->spoken)
        due = instant_max(due, instant_add(advertiser->last, BETWEEN_NS));
    advertiser->answers = true;
    if (instant_before(due, advertiser->timer.due))
        timer_set(node, &advertiser->timer, due, advertise_fire);
}

static int64_t bounded(int64_t value_ns, int64_t fallback_ns, int64_t least_ns, int64_t most_ns)
{
    if (value_ns == 0)
        return fallback_ns;
    return value_ns < least_ns ? least_ns : value_ns > most_ns ? most_ns : value_ns;
}

int stack_advertise(struct stack *stack, uint16_t interface, const struct advertise_settings *settings)
{
    struct ip_interface *on = stack_ip_interface(stack, interface);
    if (!on)
        return IMP_NOT_FOUND;
    if (on->interface->loopback)
        return IMP_INVALID;
    struct instant now = stack_now(stack);
    struct advertiser *advertiser = on->ndp->advertiser;
    if (!settings->enabled) {
        if (advertiser && advertiser->spoken && timer_pending(&advertiser->timer))
            advertise(advertiser, 0, now);
        advertise_forget(on);
        return 0;
    }
    if (!advertiser) {
        advertiser = memory_take_zeroed(1, sizeof *advertiser);
        advertiser->on = on;
        on->ndp->advertiser = advertiser;
    }
    advertiser->settings = *settings;
    advertiser->settings.interval_ns =
        bounded(settings->interval_ns, DEFAULT_INTERVAL_NS, INTERVAL_MINIMUM_NS, INTERVAL_MAXIMUM_NS);
    advertiser->settings.lifetime_ns = bounded(settings->lifetime_ns, DEFAULT_LIFETIME_NS, NS_PER_S, LIFETIME_MAXIMUM_NS);
    advertise_start(on, now);
    return 0;
}
