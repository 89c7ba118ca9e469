/* The nodes of a lab file: ranges expanded, ports made, addresses read.
 *
 * An entry of `nodes` becomes a group: its configuration once, and a node for each name of its range. What the words of `address`
 * say (`dhcp`, `auto`, `none`, or addresses) becomes a plan per port; a port that the file does not list, because a wire makes it,
 * gets the group's plain plan. So a thousand hosts of one line share everything but their names and numbers.
 *
 * What is absent: a host's port asks for an address by DHCP and listens to router advertisements, as a laptop does. A port that
 * says anything has what it says and no more. A router's port that says nothing has none. Switches and hubs have no addresses at all.
 */
#include "lab/loader.h"

#include <string.h>

#include "application/dns/name.h"
#include "base/error.h"
#include "base/memory.h"
#include "lab/pattern.h"
#include "net/net_config.h"

enum { PORTS_FEW = 16 };

static void *grown(void *array, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room)
        return array;
    *room = *room ? 2 * *room : 16;
    return memory_grow(array, *room, element_bytes);
}

struct lab_port *loader_port_add(struct loader *l, struct lab_node *node, const char *name, const struct port_plan *plan)
{
    struct lab_port *port = arena_take(&l->lab->arena, sizeof *port);
    *port = (struct lab_port){.name = name, .node = node, .plan = plan};
    if (node->port_count == node->port_room) {
        node->port_room = node->port_room ? 2 * node->port_room : 2;
        node->ports = memory_grow(node->ports, node->port_room, sizeof *node->ports);
    }
    node->ports[node->port_count++] = port;
    if (node->port_count == PORTS_FEW) { /* a switch for thousands: found by a table from now on */
        node->port_names = memory_take_zeroed(1, sizeof *node->port_names);
        for (size_t i = 0; i + 1 < node->port_count; i++)
            map_put(node->port_names, node->ports[i]->name, strlen(node->ports[i]->name), node->ports[i]);
    }
    if (node->port_names)
        map_put(node->port_names, name, strlen(name), port);
    return port;
}

static bool has_stack(const struct lab_group *group)
{
    return group->config.kind == NODE_HOST || group->config.kind == NODE_ROUTER;
}

/* An interface address must be one that a host can have in its network. */
static const char *address_objection(const struct prefix *prefix)
{
    struct prefix network = prefix_network(prefix);
    struct ip broadcast = prefix_broadcast(prefix);
    if (ip_is_any(&prefix->address) || ip_is_multicast(&prefix->address) || ip_is_broadcast(&prefix->address))
        return "is no address of a host";
    if (ip_is_loopback(&prefix->address))
        return "is a loopback address, which every node has anyway and no wire carries";
    if (prefix->length == 0)
        return "has a prefix length of 0, expected one from 1 on";
    if (prefix->address.family == 4 && prefix->length < 31 && ip_equal(&prefix->address, &network.address))
        return "is the address of the network itself, expected one inside it";
    if (prefix->address.family == 4 && broadcast.family && ip_equal(&prefix->address, &broadcast))
        return "is the broadcast address of its network, expected one inside it";
    return NULL;
}

static void plan_prefix(struct loader *l, struct port_plan *plan, const char *word, struct position at)
{
    static const char *const words[] = {"dhcp", "auto", "none", NULL};
    struct prefix prefix;
    if (prefix_parse(word, &prefix)) {
        fault_add(l->faults, at, "'%.80s' for 'address', expected an address such as 192.168.1.1/24, or dhcp, auto or none%s",
                  word, fault_did_you_mean(l->faults, word, words));
        return;
    }
    const char *objection = !strchr(word, '/') ? "has no prefix length, expected one such as 192.168.1.1/24 or 2001:db8::1/64"
                                               : address_objection(&prefix);
    if (objection) {
        fault_add(l->faults, at, "'%s' %s", word, objection);
        return;
    }
    plan->prefixes[plan->prefix_count++] = prefix;
}

/* Reads the words of `address`; `yaml` is the mapping in which they stand. */
static void plan_fill(struct loader *l, const struct lab_group *group, struct port_plan *plan, const char **words, size_t count,
                      const struct yaml *yaml)
{
    plan->at = yaml;
    if (count == 0) {
        plan->dhcp = plan->accept_advertisements = group->config.kind == NODE_HOST;
        return;
    }
    plan->prefixes = arena_take(&l->lab->arena, count * sizeof *plan->prefixes);
    for (size_t i = 0; i < count; i++) {
        struct position at = yaml_position(yaml, "address", i);
        if (!words[i])
            continue; /* no text: a fault already told */
        if (!has_stack(group))
            fault_add(l->faults, at, "an address on a %s, expected one on a host or a router", NODE_KINDS[group->config.kind]);
        else if (strcmp(words[i], "dhcp") == 0)
            plan->dhcp = true;
        else if (strcmp(words[i], "auto") == 0)
            plan->accept_advertisements = true;
        else if (strcmp(words[i], "none") == 0) {
            if (count > 1)
                fault_add(l->faults, at, "'none' beside other addresses");
        } else
            plan_prefix(l, plan, words[i], at);
    }
}

static void group_advertise(struct loader *l, const struct lab_group *group, struct port_config *port, const struct yaml *yaml)
{
    const struct yaml *given = yaml_find(yaml, "advertise");
    if (!given)
        return;
    if (group->config.kind != NODE_ROUTER)
        fault_add(l->faults, given->at, "'advertise' on a %s, expected it on a router's port", NODE_KINDS[group->config.kind]);
    if (given->kind == YAML_MAP && !yaml_find(given, "enabled"))
        port->advertise.enabled = true;
    if (port->advertise.dns_count > 3)
        fault_add(l->faults, yaml_position(given, "dns", 3), "a fourth DNS server, expected at most 3");
}

static void group_plans(struct loader *l, struct lab_group *group)
{
    struct node_config *config = &group->config;
    bool shorthand = config->address_count || !mac_equal(config->mac, MAC_NONE);
    const char *word = config->address_count ? "address" : "mac";
    group->plans = arena_take(&l->lab->arena, (config->port_count ? config->port_count : 1) * sizeof *group->plans);
    if (!config->port_count) {
        plan_fill(l, group, &group->plans[0], config->addresses, config->address_count, group->yaml);
        return;
    }
    if (shorthand)
        fault_add(l->faults, yaml_find_item(group->yaml, word)->key->at,
                  "'%s' on a node that lists its ports, expected it on the port", word);
    const struct yaml *ports = yaml_find(group->yaml, "ports");
    for (size_t i = 0; i < config->port_count; i++) {
        struct port_config *port = &config->ports[i];
        struct position at = ports->items[i].key->at;
        if (!loader_name_good(port->name, LIMIT_LAB_PORT_NAME_BYTES))
            fault_add(l->faults, at, "'%.80s' as the name of a port, expected at most %d letters, digits, '-' or '_'",
                      port->name, LIMIT_LAB_PORT_NAME_BYTES);
        else if (has_stack(group) && strcmp(port->name, "lo") == 0)
            fault_add(l->faults, at, "'lo' as the name of a port: it is the loopback's");
        group->plans[i].config = port;
        plan_fill(l, group, &group->plans[i], port->addresses, port->address_count, ports->items[i].value);
        group_advertise(l, group, port, ports->items[i].value);
    }
}

/* The name of every setting there is, for did-you-mean; ends with NULL. */
static const char *const *sysctl_names(struct arena *arena)
{
    char name[SYSCTL_TEXT_BYTES];
    size_t count = 0;
    while (net_sysctl_name(count, name, sizeof name))
        count++;
    const char **names = arena_take(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_format(arena, "%s", net_sysctl_name(i, name, sizeof name));
    names[count] = NULL;
    return names;
}

static void group_sysctls(struct loader *l, struct lab_group *group)
{
    const struct yaml *map = yaml_find(group->yaml, "sysctl");
    for (size_t i = 0; i < group->config.sysctl_count && i < map->count; i++) {
        const struct sysctl_entry *entry = &group->config.sysctls[i];
        const struct yaml_item *item = &map->items[i];
        int error = net_sysctl_set(NULL, entry->name, entry->value);
        const char *const *names = sysctl_names(&l->lab->arena);
        bool known = false;
        for (size_t k = 0; names[k]; k++)
            known |= strcmp(names[k], entry->name) == 0;
        if (error && !known)
            fault_add(l->faults, item->key->at, "there is no setting '%.80s'%s", entry->name,
                      fault_did_you_mean(l->faults, entry->name, names));
        else if (error == IMP_DENIED)
            fault_add(l->faults, item->key->at, "'%s' is only to be read", entry->name);
        else if (error)
            fault_add(l->faults, item->value->at, "'%.80s' is no value for %s", entry->value, entry->name);
    }
}

static void group_settings(struct loader *l, struct lab_group *group)
{
    struct node_config *config = &group->config;
    group->forwarding = yaml_find(group->yaml, "forwarding") ? config->forwarding : config->kind == NODE_ROUTER;
    for (size_t i = 0; i < (config->port_count ? config->port_count : 1); i++)
        group->accept_advertisements |= group->plans[i].accept_advertisements;
    struct dns_name domain;
    if (config->search && (!*config->search || dns_name_parse(config->search, NULL, &domain)))
        fault_add(l->faults, yaml_position(group->yaml, "search", 0),
                  "'%.80s' for 'search', expected a domain such as home.example", config->search);
    if (config->dns_count > 3)
        fault_add(l->faults, yaml_position(group->yaml, "dns", 3), "a fourth DNS server, expected at most 3");
    static const char *const stack_keys[] = {"gateway",    "dns",    "search", "hosts",   "routes",
                                             "forwarding", "sysctl", "ttl",    "services"};
    group_sysctls(l, group);
    for (size_t i = 0; i < count_of(stack_keys) && !has_stack(group); i++) {
        const struct yaml_item *item = yaml_find_item(group->yaml, stack_keys[i]);
        if (item)
            fault_add(l->faults, item->key->at, "'%s' on a %s, expected it on a host or a router", stack_keys[i],
                      NODE_KINDS[config->kind]);
    }
    const struct yaml_item *ageing = yaml_find_item(group->yaml, "ageing");
    if (ageing && config->kind != NODE_SWITCH)
        fault_add(l->faults, ageing->key->at, "'ageing' on a %s, expected it on a switch", NODE_KINDS[config->kind]);
}

/* Makes the node `index` of the group's range, with the ports that the file lists. */
static void node_add(struct loader *l, struct lab_group *group, const struct pattern *pattern, uint32_t index)
{
    struct lab *lab = l->lab;
    const char *name = pattern_name(pattern, index, &lab->arena);
    struct lab_node *node = &group->nodes[group->node_count];
    const struct lab_node *before = map_get(&lab->node_names, name, strlen(name));
    if (before) {
        fault_add(l->faults, group->at, "there is a node '%s' already, in %s line %u", name, before->group->at.file,
                  before->group->at.line);
        return;
    }
    *node = (struct lab_node){.name = name, .group = group, .index = index};
    group->node_count++;
    map_put(&lab->node_names, name, strlen(name), node);
    lab->nodes = grown(lab->nodes, lab->node_count, &lab->node_room, sizeof *lab->nodes);
    lab->nodes[lab->node_count++] = node;
    for (size_t i = 0; i < group->config.port_count; i++)
        loader_port_add(l, node, group->config.ports[i].name, &group->plans[i]);
}

static void group_add(struct loader *l, struct load_file *file, const struct node_config *config, const struct yaml_item *item)
{
    struct lab *lab = l->lab;
    struct pattern pattern;
    const char *error;
    if (pattern_parse(config->pattern, &pattern, &error)) {
        fault_add(l->faults, item->key->at, "'%.80s' as a name: %s", config->pattern, error);
        return;
    }
    if (!loader_name_good(pattern_name(&pattern, 0, &lab->arena), LIMIT_LAB_NAME_BYTES) ||
        !loader_name_good(pattern_name(&pattern, pattern.count - 1, &lab->arena), LIMIT_LAB_NAME_BYTES)) {
        fault_add(l->faults, item->key->at, "'%.80s' as the name of a node, expected at most %d letters, digits, '-' or '_'",
                  config->pattern, LIMIT_LAB_NAME_BYTES);
        return;
    }
    if (lab->node_count + pattern.count > LIMIT_LAB_NODES) {
        fault_add(l->faults, item->key->at, "more than %d nodes with this one", LIMIT_LAB_NODES);
        return;
    }
    struct lab_group *group = arena_take(&lab->arena, sizeof *group);
    *group = (struct lab_group){.config = *config, .at = item->key->at, .yaml = item->value, .folder = file->folder};
    group_plans(l, group);
    group_settings(l, group);
    group->nodes = arena_take(&lab->arena, pattern.count * sizeof *group->nodes);
    for (uint32_t i = 0; i < pattern.count; i++)
        node_add(l, group, &pattern, i);
    if (!group->node_count)
        return;
    lab->groups = grown(lab->groups, lab->group_count, &lab->group_room, sizeof *lab->groups);
    lab->groups[lab->group_count++] = group;
}

void load_nodes(struct loader *l, struct load_file *file)
{
    const struct yaml *nodes = yaml_find(file->root, "nodes");
    for (size_t i = 0; i < file->config.node_count; i++)
        group_add(l, file, &file->config.nodes[i], &nodes->items[i]);
}
