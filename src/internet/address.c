/* A node's own addresses, and the routes that come and go with them.
 *
 * An address in use puts up to three routes into its family's table: itself (local), its subnet (connected, from this address), and the subnet's broadcast
 * address (IPv4). IPv4 addresses are in use from the moment they are added, and are announced by ARP; IPv6 ones when duplicate address
 * detection has passed (ndp.c), though their subnet's route is there at once, as on Linux. Addresses made by SLAAC bring no connected route: whether their prefix is on the link is for the router's
 * advertisement to say (RFC 4861 6.3.4), and slaac.c does it. A full-length prefix has no subnet, and neither has the loopback, all of whose 127/8 is
 * local.
 *
 * Each entry has one timer for its lifetimes (RFC 4862 section 5.5.4, and DHCP's lease): PREFERRED, then DEPRECATED (still valid, not chosen for new
 * conversations), then gone. */
#include <assert.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/stack_internal.h"
#include "link/arp.h"

static const struct event_type ADDRESS_ADDED = {
    .name = "address-added",
    .protocol = "IP",
    .story = "{interface} has the address {prefix} ({origin})",
    .fields = {{"interface", FIELD_TEXT}, {"prefix", FIELD_PREFIX}, {"origin", FIELD_TEXT}}};
/* The same for what the person wrote down and what every interface has anyway: no step of the story. */
static const struct event_type ADDRESS_ADDED_AS_TOLD = {
    .name = "address-added",
    .protocol = "IP",
    .story = "{interface} has the address {prefix} ({origin})",
    .level = EVENT_DETAIL,
    .fields = {{"interface", FIELD_TEXT}, {"prefix", FIELD_PREFIX}, {"origin", FIELD_TEXT}}};
static const struct event_type ADDRESS_REMOVED = {.name = "address-removed",
                                                  .protocol = "IP",
                                                  .story = "{interface} no longer has the address {prefix}",
                                                  .level = EVENT_DETAIL,
                                                  .fields = {{"interface", FIELD_TEXT}, {"prefix", FIELD_PREFIX}}};

enum { METRIC_CONNECTED_IPV6 = 256 }; /* as Linux gives */

static const char *origin_name(enum address_origin origin)
{
    static const char *const names[] = {"set by hand", "from DHCP", "made from a router's prefix", "link-local"};
    return names[origin];
}

struct ip_address *ip_interface_address(const struct ip_interface *on, const struct ip *address)
{
    list_each (link, (struct list *)&on->addresses) {
        struct ip_address *entry = list_entry(link, struct ip_address, link);
        if (ip_equal(&entry->info.prefix.address, address))
            return entry;
    }
    return NULL;
}

struct ip_address *stack_address_find(const struct stack *stack, const struct ip *address)
{
    list_each (link, (struct list *)&stack->interfaces) {
        struct ip_address *entry = ip_interface_address(ip_interface_of(list_entry(link, struct interface, link)), address);
        if (entry)
            return entry;
    }
    return NULL;
}

/* ---- its routes ---- */

static struct fib_change local_route(const struct ip_address *address)
{
    const struct prefix *prefix = &address->info.prefix;
    bool whole_net = address->on->interface->loopback && prefix->address.family == 4;
    return (struct fib_change){
        .kind = HOP_LOCAL,
        .on = address->on,
        .destination = {prefix->address, whole_net ? prefix->length : (uint8_t)ip_bits(&prefix->address)}};
}

static bool has_subnet(const struct ip_address *address)
{
    const struct prefix *prefix = &address->info.prefix;
    return prefix->length < ip_bits(&prefix->address) && !address->on->interface->loopback &&
           address->info.origin != ADDRESS_SLAAC;
}

static struct fib_change connected_route(const struct ip_address *address)
{
    const struct prefix *prefix = &address->info.prefix;
    struct fib_change change = {.kind = HOP_UNICAST, .on = address->on, .destination = *prefix, .origin = ROUTE_CONNECTED};
    if (prefix->address.family == 4)
        change.source = prefix->address;
    else
        change.metric = METRIC_CONNECTED_IPV6;
    return change;
}

static void subnet_routes_add(const struct ip_address *address)
{
    struct fib *fib = stack_fib(address->on->stack, address->info.prefix.address.family);
    if (!has_subnet(address))
        return;
    struct fib_change connected = connected_route(address);
    (void)fib_add(fib, &connected); /* IMP_IN_USE: another address of the subnet has brought it */
    struct ip broadcast = prefix_broadcast(&address->info.prefix);
    if (broadcast.family == 4) {
        struct fib_change change = {.kind = HOP_BROADCAST, .on = address->on, .destination = {broadcast, 32}};
        (void)fib_add(fib, &change);
    }
}

static void routes_remove(struct ip_address *address)
{
    struct fib *fib = stack_fib(address->on->stack, address->info.prefix.address.family);
    struct fib_change change = local_route(address);
    (void)fib_remove(fib, &change, true); /* an interface that goes takes its routes first */
    if (!has_subnet(address))
        return;
    change = connected_route(address);
    (void)fib_remove(fib, &change, false);
    struct ip broadcast = prefix_broadcast(&address->info.prefix);
    if (broadcast.family == 4) {
        change = (struct fib_change){.kind = HOP_BROADCAST, .on = address->on, .destination = {broadcast, 32}};
        (void)fib_remove(fib, &change, true);
    }
    struct prefix net = prefix_network(&address->info.prefix);
    list_each (link, &address->on->addresses) /* others on the subnet need its routes */
    {
        const struct ip_address *other = list_entry(link, struct ip_address, link);
        struct prefix other_net = prefix_network(&other->info.prefix);
        if (other != address && (other->active || net.address.family == 6) && prefix_equal(&net, &other_net))
            subnet_routes_add(other);
    }
}

void ip_address_activate(struct ip_address *address)
{
    struct ip_interface *on = address->on;
    struct node *node = on->stack->node;
    address->info.state = ADDRESS_PREFERRED;
    if (address->active)
        return;
    address->active = true;
    struct fib_change local = local_route(address);
    (void)fib_add(stack_fib(on->stack, address->info.prefix.address.family), &local); /* IMP_IN_USE: twice on one interface */
    subnet_routes_add(address);
    bool as_told = address->info.origin == ADDRESS_STATIC || address->info.origin == ADDRESS_LINK_LOCAL;
    if (event_wanted(node) && !on->interface->loopback)
        event_emit(node, as_told ? &ADDRESS_ADDED_AS_TOLD : &ADDRESS_ADDED,
                   (union event_value[]){{.text = on->interface->name},
                                         {.prefix = address->info.prefix},
                                         {.text = origin_name(address->info.origin)}});
    ip_address_schedule(address);
}

void ip_address_deactivate(struct ip_address *address)
{
    struct ip_interface *on = address->on;
    if (!address->active)
        return;
    address->active = false;
    routes_remove(address);
    if (event_wanted(on->stack->node) && !on->interface->loopback)
        event_emit(on->stack->node, &ADDRESS_REMOVED,
                   (union event_value[]){{.text = on->interface->name}, {.prefix = address->info.prefix}});
}

/* ---- life ---- */

int ip_address_remove(struct ip_address *address)
{
    if (address->active)
        ip_address_deactivate(address);
    else
        routes_remove(address);
    if (address->info.prefix.address.family == 6)
        ipv6_address_removed(address);
    timer_cancel(address->on->stack->node, &address->lifetime);
    timer_cancel(address->on->stack->node, &address->probe);
    list_remove(&address->link);
    memory_free(address);
    return 0;
}

static void lifetime_fire(struct timer *timer, struct instant now)
{
    struct ip_address *address = container_of(timer, struct ip_address, lifetime);
    if (instant_reached(now, address->info.valid_until))
        ip_address_remove(address);
    else
        ip_address_schedule(address);
}

void ip_address_schedule(struct ip_address *address)
{
    struct instant now = stack_now(address->on->stack);
    struct address_info *info = &address->info;
    bool preferred = !instant_reached(now, info->preferred_until);
    if (info->state == ADDRESS_PREFERRED && !preferred)
        info->state = ADDRESS_DEPRECATED;
    else if (info->state == ADDRESS_DEPRECATED && preferred)
        info->state = ADDRESS_PREFERRED;
    struct instant due = preferred ? instant_min(info->preferred_until, info->valid_until) : info->valid_until;
    timer_set(address->on->stack->node, &address->lifetime, due, lifetime_fire);
}

int ip_interface_address_add(struct ip_interface *on, const struct address_info *info)
{
    const struct ip *ip = &info->prefix.address;
    if (!ip_bits(ip) || info->prefix.length > ip_bits(ip) || info->prefix.length == 0 || ip_is_any(ip) || ip_is_multicast(ip) ||
        ip_is_broadcast(ip) || info->origin > ADDRESS_LINK_LOCAL || (ip_is_loopback(ip) && !on->interface->loopback))
        return IMP_INVALID;
    struct ip_address *address = ip_interface_address(on, ip);
    if (address && address->info.prefix.length == info->prefix.length) {
        address->info.preferred_until = info->preferred_until;
        address->info.valid_until = info->valid_until;
        ip_address_schedule(address);
        return 0;
    }
    if (address)
        return IMP_IN_USE;
    unsigned count = 0;
    list_each (link, &on->addresses)
        count++;
    if (count >= LIMIT_ADDRESSES_PER_INTERFACE)
        return IMP_LIMIT;
    address = memory_take_zeroed(1, sizeof *address);
    address->on = on;
    address->info = *info;
    address->info.interface = on->interface->index;
    address->info.state = ADDRESS_TENTATIVE;
    list_push_back(&on->addresses, &address->link);
    if (ip->family == 6) {
        subnet_routes_add(
            address); /* at once, as Linux does: routes by way of a gateway may follow before the address is ready */
        ipv6_address_added(address);
        return 0;
    }
    ip_address_activate(address);
    if (!on->interface->loopback && interface_running(on->interface))
        arp_announce(on->interface, ip, stack_now(on->stack));
    return 0;
}
