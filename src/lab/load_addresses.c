/* Addresses and routes of the loaded nodes, once all ports are known.
 *
 * A group's addresses are those of its first node; the others count up. Here it is checked that the counting stays inside the
 * network, and that addresses without a port have exactly one to go to. `gateway` becomes a default route; `routes` are read in
 * the words of `ip route add`, since who learns them here will type them elsewhere. A next hop must be on one of the node's own
 * networks, else no packet would ever reach it; only where a port gets its address from others (DHCP, advertisements) can that not be known.
 */
#include "lab/loader.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

static size_t plan_count(const struct lab_group *group) { return group->config.port_count ? group->config.port_count : 1; }

/* The range's last address must still be one of the network. */
static void check_range(struct loader *l, const struct lab_group *group, const struct port_plan *plan)
{
    for (size_t i = 0; i < plan->prefix_count && group->node_count > 1; i++) {
        const struct prefix *prefix = &plan->prefixes[i];
        struct ip last = lab_address_step(prefix->address, (uint32_t)group->node_count - 1),
                  broadcast = prefix_broadcast(prefix);
        if (last.family && prefix_contains(prefix, &last) && !(broadcast.family && ip_equal(&last, &broadcast)))
            continue;
        char text[PREFIX_TEXT_BYTES];
        fault_add(l->faults, yaml_position(plan->at, "address", i), "%s counted up for %zu nodes leaves its network",
                  prefix_print(prefix, text, sizeof text), group->node_count);
    }
}

/* Two ports in one network: a packet for it could leave by either. */
static void check_overlap(struct loader *l, const struct lab_group *group)
{
    for (size_t a = 0; a < plan_count(group); a++)
        for (size_t b = 0; b < a; b++)
            for (size_t i = 0; i < group->plans[a].prefix_count; i++)
                for (size_t k = 0; k < group->plans[b].prefix_count; k++) {
                    const struct prefix *x = &group->plans[a].prefixes[i], *y = &group->plans[b].prefixes[k];
                    if (!prefix_contains(x, &y->address) && !prefix_contains(y, &x->address))
                        continue;
                    char text[PREFIX_TEXT_BYTES];
                    fault_add(l->faults, yaml_position(group->plans[a].at, "address", i),
                              "%s overlaps the network of the port '%s'", prefix_print(x, text, sizeof text),
                              group->plans[b].config->name);
                }
}

/* Static addresses on a node that lists no ports go to its one port. */
static void check_one_port(struct loader *l, const struct lab_group *group)
{
    const struct node_config *config = &group->config;
    bool has_stack = config->kind == NODE_HOST || config->kind == NODE_ROUTER;
    if (!has_stack || config->port_count || (!config->address_count && mac_equal(config->mac, MAC_NONE)))
        return;
    const char *key = config->address_count ? "address" : "mac";
    struct position at = yaml_find_item(group->yaml, key)->key->at;
    for (size_t i = 0; i < group->node_count; i++) {
        const struct lab_node *node = &group->nodes[i];
        if (node->port_count == 0)
            fault_add(l->faults, at, "'%s', but no wire leads to %s", key, node->name);
        else if (node->port_count > 1)
            fault_add(l->faults, at, "'%s', but %s has %zu ports, expected 'ports' with an address each", key, node->name,
                      node->port_count);
    }
}

static bool on_link(const struct lab_group *group, const struct ip *hop, bool *dynamic)
{
    *dynamic = false;
    for (size_t i = 0; i < plan_count(group); i++) {
        const struct port_plan *plan = &group->plans[i];
        for (size_t k = 0; k < plan->prefix_count; k++)
            if (prefix_contains(&plan->prefixes[k], hop))
                return true;
        *dynamic |= hop->family == 4 ? plan->dhcp : plan->accept_advertisements;
    }
    return ip_is_link_local(hop);
}

static bool is_own(const struct lab_group *group, const struct ip *hop)
{
    for (size_t i = 0; i < plan_count(group) && group->node_count == 1; i++) /* in a range one may be the others' */
        for (size_t k = 0; k < group->plans[i].prefix_count; k++)
            if (ip_equal(&group->plans[i].prefixes[k].address, hop))
                return true;
    return false;
}

static void route_add(struct loader *l, struct lab_group *group, const struct lab_route *route)
{
    bool dynamic;
    char text[IP_TEXT_BYTES];
    if (route->gateway.family && !on_link(group, &route->gateway, &dynamic) && !dynamic) {
        fault_add(l->faults, route->at, "the next hop %s is in none of the node's networks",
                  ip_print(&route->gateway, text, sizeof text));
        return;
    }
    if (is_own(group, &route->gateway)) {
        fault_add(l->faults, route->at, "the next hop %s is the node itself", ip_print(&route->gateway, text, sizeof text));
        return;
    }
    if (ip_is_link_local(&route->gateway) && !route->port && plan_count(group) > 1) {
        fault_add(l->faults, route->at, "the link-local next hop %s may be on any port, expected 'dev PORT'",
                  ip_print(&route->gateway, text, sizeof text));
        return;
    }
    for (size_t i = 0; i < group->route_count; i++)
        if (prefix_equal(&group->routes[i].destination, &route->destination) && group->routes[i].metric == route->metric) {
            fault_add(l->faults, route->at, "a second route to the same destination: the other is in line %u",
                      group->routes[i].at.line);
            return;
        }
    group->routes[group->route_count++] = *route;
}

static const char *const ROUTE_WORDS[] = {"via", "dev", "metric", NULL};

/* One "WORD VALUE" pair of a route. NULL when it is good, else what was expected. */
static const char *route_word(struct loader *l, const struct lab_group *group, struct lab_route *route, const char *word,
                              const char *value)
{
    uint64_t metric;
    if (strcmp(word, "via") == 0)
        return ip_parse(value, &route->gateway) ? "an address behind 'via'" : NULL;
    if (strcmp(word, "metric") == 0) {
        if (number_parse(value, UINT32_MAX, &metric))
            return "a number behind 'metric'";
        route->metric = (uint32_t)metric;
        return NULL;
    }
    if (strcmp(word, "dev") != 0)
        return "PREFIX via GATEWAY, or PREFIX dev PORT";
    if (lab_port_find(&group->nodes[0], value)) {
        route->port = arena_copy_text(&l->lab->arena, value);
        return NULL;
    }
    const char *const *names = lab_port_names(l->lab, &group->nodes[0]);
    return arena_format(&l->lab->arena, "a port of the node behind 'dev'%s", fault_did_you_mean(l->faults, value, names));
}

static void route_load(struct loader *l, struct lab_group *group, const char *text, struct position at)
{
    struct lab_route route = {.at = at};
    char *copy = arena_copy_text(&l->lab->arena, text), *rest = NULL;
    const char *to = strtok_r(copy, " \t", &rest), *expected = NULL, *word = NULL;
    bool is_default = to && strcmp(to, "default") == 0;
    if (!to || (!is_default && (prefix_parse(to, &route.destination) || (!strchr(to, '/') && strchr(to, '.')))))
        expected = "a destination such as 10.0.0.0/8 or default";
    while (!expected && (word = strtok_r(NULL, " \t", &rest))) {
        const char *value = strtok_r(NULL, " \t", &rest);
        expected = value ? route_word(l, group, &route, word, value) : "a value behind each word";
    }
    if (!expected && !route.gateway.family && !route.port)
        expected = "'via GATEWAY' or 'dev PORT'";
    if (!expected && is_default)
        route.destination = (struct prefix){.address = ip_any(route.gateway.family ? route.gateway.family : 4)};
    struct prefix network = prefix_network(&route.destination);
    if (!expected && !prefix_equal(&network, &route.destination))
        expected = "a network: bits are set behind the prefix length";
    if (!expected && route.gateway.family && route.gateway.family != route.destination.address.family)
        expected = "a next hop of the same family as the destination";
    if (expected) {
        bool known = !word || strcmp(word, "via") == 0 || strcmp(word, "dev") == 0 || strcmp(word, "metric") == 0;
        const char *nearest = known ? "" : fault_did_you_mean(l->faults, word, ROUTE_WORDS);
        fault_add(l->faults, at, "'%.80s' as a route, expected %s%s", text, expected, nearest);
        return;
    }
    route_add(l, group, &route);
}

static void group_routes(struct loader *l, struct lab_group *group)
{
    const struct node_config *config = &group->config;
    size_t most = config->gateway_count + config->route_count;
    if (!most || config->kind == NODE_SWITCH || config->kind == NODE_HUB)
        return;
    group->routes = arena_take(&l->lab->arena, most * sizeof *group->routes);
    for (size_t i = 0; i < config->gateway_count; i++)
        if (config->gateways[i].family) {
            const struct ip *gateway = &config->gateways[i];
            struct position at = yaml_position(group->yaml, "gateway", i);
            route_add(l, group, &(struct lab_route){{ip_any(gateway->family), 0}, *gateway, NULL, 0, at});
        }
    for (size_t i = 0; i < config->route_count; i++)
        if (config->routes[i]) /* NULL where the file has no text: a fault already told */
            route_load(l, group, config->routes[i], yaml_position(group->yaml, "routes", i));
}

void load_addresses(struct loader *l)
{
    for (size_t i = 0; i < l->lab->group_count; i++) {
        struct lab_group *group = l->lab->groups[i];
        for (size_t k = 0; k < plan_count(group); k++)
            check_range(l, group, &group->plans[k]);
        check_overlap(l, group);
        check_one_port(l, group);
        group_routes(l, group);
    }
}
