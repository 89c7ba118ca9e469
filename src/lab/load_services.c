/* The services of the loaded nodes: each found in the registry, its configuration filled by its own schema.
 *
 * A group's services are configured once, for all nodes of its range: a configuration is read-only. The value of a service
 * is its configuration, or a list of configurations, one for each instance (a DHCP server on two ports).
 *
 * `address: dhcp` is a shorthand too: it stands for the service dhcp-client with that port. Such clients are configured once per
 * port name, not per node, because "eth0" of a thousand hosts is one and the same configuration.
 */
#include "lab/loader.h"

#include <string.h>

#include "base/memory.h"

static const struct service *service_find(const char *name)
{
    for (size_t i = 0; SERVICES[i]; i++)
        if (strcmp(SERVICES[i]->name, name) == 0)
            return SERVICES[i];
    return NULL;
}

static const char *const *service_names(struct loader *l)
{
    size_t count = 0;
    while (SERVICES[count])
        count++;
    const char **names = arena_take(&l->lab->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = SERVICES[i]->name;
    return names;
}

/* A check that found several things tells each on a line of its own; each becomes a fault. */
static void check_told(struct loader *l, struct position at, const char *what, const char *error)
{
    while (*error) {
        size_t length = strcspn(error, "\n");
        if (length)
            fault_add(l->faults, at, "%s: %.*s", what, (int)length, error);
        error += length + (error[length] == '\n');
    }
}

static const void *service_configure(struct loader *l, const struct service *service, const struct yaml *given,
                                     const char *folder, const char *const *ports)
{
    struct fill fill = {.arena = &l->lab->arena, .faults = l->faults, .folder = folder, .ports = ports};
    void *config = arena_take(&l->lab->arena, service->config_bytes ? service->config_bytes : 1);
    const char *what = arena_format(&l->lab->arena, "the service %s", service->name);
    if (!fill_record(&fill, service->keys, given, config, what) || !service->check)
        return config;
    const char *key = NULL;
    char error[LIMIT_LAB_CHECK_BYTES] = "its configuration does not hold together";
    if (service->check(config, &key, error, sizeof error))
        check_told(l, key ? yaml_position(given, key, SIZE_MAX) : given->at, what, error);
    return config;
}

/* What a service gives out on a port must be of that port's network. A port that gets its own address later may have any. */
static void check_given_one(struct loader *l, const struct lab_port *port, const struct lab_service *service,
                            const struct config_range *range, const char *key, struct position at)
{
    const struct port_plan *plan = port ? port->plan : NULL;
    const struct prefix *own = NULL;
    for (size_t i = 0; plan && i < plan->prefix_count; i++) {
        if (plan->prefixes[i].address.family != range->first.family)
            continue;
        if (prefix_contains(&plan->prefixes[i], &range->first) && prefix_contains(&plan->prefixes[i], &range->last))
            return;
        own = own ? own : &plan->prefixes[i];
    }
    char text[PREFIX_TEXT_BYTES], first[IP_TEXT_BYTES];
    if (own && ip_equal(&range->first, &range->last))
        fault_add(l->faults, at, "the service %s: %s in '%s' is not within the network of port %s, %s", service->service->name,
                  ip_print(&range->first, first, sizeof first), key, port->name, prefix_print(own, text, sizeof text));
    else if (own)
        fault_add(l->faults, at, "the service %s: '%s' is not within the network of port %s, %s", service->service->name, key,
                  port->name, prefix_print(own, text, sizeof text));
}

static void check_given(struct loader *l, const struct lab_group *group, const struct lab_service *service,
                        const struct yaml *given)
{
    const char *name = NULL, *key = NULL;
    struct config_range range = {0};
    for (size_t at = 0; service->service->gives && (key = service->service->gives(service->config, at, &name, &range)); at++)
        if (name && range.first.family)
            check_given_one(l, lab_port_find(&group->nodes[0], name), service, &range, key,
                            yaml_position(given, key, SIZE_MAX));
}

/* ---- two services on one port ---- */

/* What a service's keys say of where it listens: `port` is a number (all such services speak TCP there) or the name of one of the node's
 * ports (DHCP); `listen` or `address` are its addresses, none for all. */
struct listening {
    uint16_t number;
    const char *port;
    const struct ip *addresses;
    size_t count;
};

static struct listening listening_of(const struct lab_service *service)
{
    struct listening out = {0};
    const char *config = service->config;
    for (const struct config_key *key = service->service->keys; key && key->name; key++) {
        bool where = strcmp(key->name, "listen") == 0 || strcmp(key->name, "address") == 0;
        if (strcmp(key->name, "port") == 0 && key->kind == CONFIG_NUMBER && key->bytes == 2)
            memcpy(&out.number, config + key->offset, sizeof out.number);
        else if (strcmp(key->name, "port") == 0 && key->kind == CONFIG_PORT_NAME)
            memcpy(&out.port, config + key->offset, sizeof out.port);
        else if (where && key->kind == CONFIG_IP && key->list) {
            memcpy(&out.addresses, config + key->offset, sizeof out.addresses);
            memcpy(&out.count, config + key->count_offset, sizeof out.count);
        } else if (where && key->kind == CONFIG_IP) {
            out.addresses = (const struct ip *)(const void *)(config + key->offset);
            out.count = out.addresses->family != 0;
        }
    }
    return out;
}

static bool addresses_meet(const struct listening *a, const struct listening *b)
{
    if (!a->count || !b->count)
        return true;
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (ip_equal(&a->addresses[i], &b->addresses[k]) || ip_is_any(&a->addresses[i]) || ip_is_any(&b->addresses[k]))
                return true;
    return false;
}

/* The last of the group's services must not want what another has: it could not start. */
static void check_apart(struct loader *l, const struct lab_group *group, const struct yaml *given)
{
    const struct lab_service *last = &group->services[group->service_count - 1];
    struct listening own = listening_of(last);
    for (const struct lab_service *other = group->services; other < last; other++) {
        struct listening its = listening_of(other);
        bool same = own.number ? own.number == its.number && addresses_meet(&own, &its)
                               : own.port && its.port && other->service == last->service && strcmp(own.port, its.port) == 0;
        if (!same)
            continue;
        if (own.number)
            fault_add(l->faults, given->at, "the service %s listens on port %u, where %s of the same node does already",
                      last->service->name, own.number, other->service->name);
        else
            fault_add(l->faults, given->at, "the service %s is on the port %s twice", last->service->name, own.port);
        return;
    }
}

static void clash(struct loader *l, const struct lab_service *service, struct position at, const struct service *fixed)
{
    struct listening own = listening_of(service);
    if (service->service->udp && fixed->udp_port && own.number == fixed->udp_port)
        fault_add(l->faults, at, "the service %s listens on UDP port %u, which is that of %s on the same node",
                  service->service->name, own.number, fixed->name);
}

/* Services whose port is always the same one, and those that may be told theirs. */
static void check_fixed(struct loader *l, const struct lab_group *group, const struct service *client)
{
    bool by_dhcp = false;
    for (size_t i = 0; i < group->node_count; i++)
        for (size_t k = 0; k < group->nodes[i].port_count; k++)
            by_dhcp |= group->nodes[i].ports[k]->dhcp_client != NULL;
    for (size_t i = 0; i < group->service_count; i++) {
        const struct service *own = group->services[i].service;
        const struct yaml *services = yaml_find(group->yaml, "services");
        struct position at = yaml_position(services, own->name, SIZE_MAX);
        for (size_t k = 0; k < group->service_count; k++)
            clash(l, &group->services[i], at, group->services[k].service);
        if (by_dhcp)
            clash(l, &group->services[i], at, client);
    }
}

static void group_services(struct loader *l, struct lab_group *group)
{
    const struct yaml *services = yaml_find(group->yaml, "services");
    if (!services || yaml_is_null(services))
        return;
    if (services->kind != YAML_MAP) {
        fault_add(l->faults, services->at, "%s for 'services', expected a mapping of services by name",
                  yaml_kind_name(services));
        return;
    }
    size_t most = 0;
    for (size_t i = 0; i < services->count; i++)
        most += services->items[i].value->kind == YAML_LIST ? services->items[i].value->count : 1;
    group->services = most ? arena_take(&l->lab->arena, most * sizeof *group->services) : NULL;
    const char *const *ports = lab_port_names(l->lab, &group->nodes[0]);
    for (size_t i = 0; i < services->count; i++) {
        const struct yaml_item *item = &services->items[i];
        const struct service *service = service_find(item->key->text);
        if (!service) {
            fault_add(l->faults, item->key->at, "there is no service '%.80s'%s", item->key->text,
                      fault_did_you_mean(l->faults, item->key->text, service_names(l)));
            continue;
        }
        bool list = item->value->kind == YAML_LIST;
        for (size_t k = 0; k < (list ? item->value->count : 1); k++) {
            const struct yaml *given = list ? item->value->items[k].value : item->value;
            group->services[group->service_count] =
                (struct lab_service){service, service_configure(l, service, given, group->folder, ports)};
            check_given(l, group, &group->services[group->service_count++], given);
            check_apart(l, group, given);
        }
    }
}

static bool has_service(const struct lab_group *group, const struct service *service)
{
    for (size_t i = 0; i < group->service_count; i++)
        if (group->services[i].service == service)
            return true;
    return false;
}

static const struct lab_service *dhcp_client_for(struct loader *l, const struct service *client, const struct lab_port *port,
                                                 struct position at)
{
    struct lab_service *made = map_get(&l->dhcp_clients, port->name, strlen(port->name));
    if (made)
        return made;
    struct yaml *given = yaml_make_map(&l->lab->arena, at, 1);
    given->items[0] =
        (struct yaml_item){yaml_make_scalar(&l->lab->arena, at, "port"), yaml_make_scalar(&l->lab->arena, at, port->name)};
    made = arena_take(&l->lab->arena, sizeof *made);
    *made = (struct lab_service){client, service_configure(l, client, given, "", NULL)};
    map_put(&l->dhcp_clients, port->name, strlen(port->name), made);
    return made;
}

/* Every port whose plan says dhcp gets its client, unless the file configures clients itself. */
static void group_dhcp(struct loader *l, struct lab_group *group, const struct service *client)
{
    if (!client || has_service(group, client))
        return;
    for (size_t i = 0; i < group->node_count; i++)
        for (size_t k = 0; k < group->nodes[i].port_count; k++) {
            struct lab_port *port = group->nodes[i].ports[k];
            if (port->plan && port->plan->dhcp && port->wire)
                port->dhcp_client = dhcp_client_for(l, client, port, group->at);
        }
}

void load_services(struct loader *l)
{
    const struct service *client = service_find("dhcp-client");
    for (size_t i = 0; i < l->lab->group_count; i++) {
        group_services(l, l->lab->groups[i]);
        group_dhcp(l, l->lab->groups[i], client);
        check_fixed(l, l->lab->groups[i], client);
    }
}
