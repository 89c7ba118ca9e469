/* What makes a node of the engine a host, a router, a switch or a hub: done at power on, undone at power off.
 *
 * A host is built from below: the stack with the loopback, an interface per port, addresses and routes, UDP and TCP on it, the
 * door for applications (net_lab), the resolver's settings, and last the services. It ends in the reverse order, after its tasks:
 * services let go of what they hold, the door closes what is still open, the transports vanish without a word, as in a power cut.
 * Everything that the services took from the arena they were given goes with the power.
 *
 * A switch loses what it learned with its power, but the device itself goes with the engine's node.
 */
#include "lab/world.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "internet/config.h"
#include "link/hub.h"
#include "link/switch.h"
#include "net/net_config.h"
#include "net/net_lab.h"
#include "transport/tcp/tcp.h"
#include "transport/udp.h"

static struct mac mac_step(struct mac mac, uint32_t index)
{
    unsigned carry = 0;
    for (int i = 5; i >= 0; i--, index >>= 8) {
        unsigned sum = mac.b[i] + (index & 0xff) + carry;
        mac.b[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return mac;
}

static struct mac port_mac(const struct lab_port *port)
{
    const struct lab_node *node = port->node;
    struct mac mac = port->plan->config ? port->plan->config->mac : node->group->config.mac;
    return mac_equal(mac, MAC_NONE) ? mac : mac_step(mac, node->index);
}

static uint32_t port_mtu(const struct lab_port *port)
{
    if (port->plan->config && port->plan->config->mtu)
        return port->plan->config->mtu;
    return port->node->group->config.mtu ? port->node->group->config.mtu : ETHERNET_MTU;
}

static void port_start(struct world_node *node, const struct lab_port *port)
{
    const struct port_plan *plan = port->plan;
    struct interface *interface =
        stack_interface_add(node->stack, port_find(node->node, port->name), port_mac(port), port_mtu(port));
    for (size_t i = 0; i < plan->prefix_count; i++) {
        struct address_info address = {
            .interface = interface->index,
            .prefix = {lab_address_step(plan->prefixes[i].address, node->lab->index), plan->prefixes[i].length},
            .origin = ADDRESS_STATIC,
            .preferred_until = INSTANT_NEVER,
            .valid_until = INSTANT_NEVER};
        stack_address_add(node->stack, &address);
    }
    if (!plan->config || !plan->config->advertise.enabled)
        return;
    const struct advertise_config *config = &plan->config->advertise;
    struct advertise_settings settings = {.enabled = true,
                                          .interval_ns = config->interval_ns,
                                          .lifetime_ns = config->lifetime_ns,
                                          .not_default = config->lifetime_ns == 0,
                                          .mtu = config->mtu};
    for (size_t i = 0; i < config->dns_count && i < count_of(settings.dns); i++)
        settings.dns[i] = config->dns[i];
    stack_advertise(node->stack, interface->index, &settings);
}

static void routes_start(struct world_node *node)
{
    const struct lab_group *group = node->lab->group;
    for (size_t i = 0; i < group->route_count; i++) {
        const struct lab_route *from = &group->routes[i];
        struct route_info route = {
            .destination = from->destination, .gateway = from->gateway, .metric = from->metric, .origin = ROUTE_STATIC};
        const char *port = from->port;
        if (!port && ip_is_link_local(&from->gateway) && node->lab->port_count)
            port = node->lab->ports[0]->name;
        if (port)
            route.interface = stack_interface_named(node->stack, port)->index;
        stack_route_add(node->stack, &route);
    }
}

/* DNS servers from router advertisements (RFC 8106), unless the file or DHCP named some. */
static void on_advertised_dns(void *context, const struct ip *servers, unsigned count)
{
    struct world_node *node = context;
    const struct resolver_config *now = net_resolver(node->net);
    bool ours = now->server_count && ip_equal(&now->servers[0].address, &node->advertised_dns);
    if (!count || (now->server_count && !ours))
        return;
    struct endpoint endpoints[RESOLVER_SERVERS_MAX] = {0};
    if (count > RESOLVER_SERVERS_MAX)
        count = RESOLVER_SERVERS_MAX;
    for (unsigned i = 0; i < count; i++)
        endpoints[i] = (struct endpoint){.address = servers[i], .port = 53};
    node->advertised_dns = servers[0];
    net_resolver_set(node->net, endpoints, count, now->search[0] ? now->search : NULL);
}

static void resolver_start(struct world_node *node)
{
    const struct node_config *config = &node->lab->group->config;
    struct endpoint servers[RESOLVER_SERVERS_MAX] = {0};
    unsigned count = 0;
    for (; count < config->dns_count && count < RESOLVER_SERVERS_MAX; count++)
        servers[count] = (struct endpoint){.address = config->dns[count], .port = 53};
    if (count || config->search)
        net_resolver_set(node->net, servers, count, config->search);
    for (size_t i = 0; i < config->host_count; i++)
        for (size_t k = 0; k < config->hosts[i].value_count; k++)
            net_resolver_host_add(node->net, config->hosts[i].name, &config->hosts[i].value[k]);
    stack_on_advertised_dns(node->stack, on_advertised_dns, node);
}

int world_node_start(struct world *world, struct world_node *node, struct text *error)
{
    const struct lab_group *group = node->lab->group;
    (void)world;
    (void)error;
    if (group->config.kind == NODE_SWITCH) {
        switch_create(node->node, &(struct switch_settings){.ageing_ns = group->config.ageing_ns});
        return 0;
    }
    if (group->config.kind == NODE_HUB) {
        hub_create(node->node);
        return 0;
    }
    struct stack_settings settings = {.forwarding = group->forwarding,
                                      .accept_router_advertisements = group->accept_advertisements,
                                      .default_ttl = group->config.ttl};
    node->stack = stack_create(node->node, &settings);
    for (size_t i = 0; i < node->lab->port_count; i++)
        port_start(node, node->lab->ports[i]);
    routes_start(node);
    node->udp = udp_create(node->stack);
    node->tcp = tcp_create(node->stack);
    node->net = net_lab_create(node->node);
    for (size_t i = 0; i < group->config.sysctl_count; i++)
        (void)net_sysctl_set(node->net, group->config.sysctls[i].name, group->config.sysctls[i].value); /* checked at load */
    resolver_start(node);
    return 0;
}

static int service_start_one(struct world_node *node, const struct lab_service *service, struct text *error)
{
    char sentence[256] = "";
    struct service_start start = {
        .net = node->net, .config = service->config, .arena = &node->arena, .error = sentence, .error_bytes = sizeof sentence};
    struct started_service *started = &node->services[node->service_count];
    *started = (struct started_service){.service = service};
    int result = service->service->start(&start, &started->state);
    if (result == 0) {
        node->service_count++;
        return 0;
    }
    text_format(error, "%s: the service %s cannot start: %s", node->lab->name, service->service->name,
                *sentence ? sentence : imp_error_text(result));
    return IMP_INVALID;
}

int world_node_services_start(struct world_node *node, struct text *error)
{
    if (!node->net)
        return 0;
    const struct lab_group *group = node->lab->group;
    size_t most = group->service_count;
    for (size_t i = 0; i < node->lab->port_count; i++)
        most += node->lab->ports[i]->dhcp_client != NULL;
    if (!most)
        return 0;
    node->services = arena_take(&node->arena, most * sizeof *node->services);
    for (size_t i = 0; i < node->lab->port_count; i++)
        if (node->lab->ports[i]->dhcp_client) {
            int result = service_start_one(node, node->lab->ports[i]->dhcp_client, error);
            if (result)
                return result;
        }
    for (size_t i = 0; i < group->service_count; i++) {
        int result = service_start_one(node, &group->services[i], error);
        if (result)
            return result;
    }
    return 0;
}

void world_node_stop(struct world_node *node)
{
    for (uint32_t i = node->service_count; i-- > 0;)
        if (node->services[i].service->service->stop)
            node->services[i].service->service->stop(node->services[i].state);
    node->service_count = 0;
    node->services = NULL;
    if (node->net) {
        net_lab_destroy(node->net);
        tcp_destroy(node->tcp);
        udp_destroy(node->udp);
        stack_destroy(node->stack);
    }
    node->net = NULL;
    node->stack = NULL;
    node->tcp = NULL;
    node->udp = NULL;
    node->advertised_dns = (struct ip){0};
    arena_free(&node->arena);
}

bool world_node_settled(const struct world_node *node)
{
    if (node->stack && !stack_settled(node->stack))
        return false;
    for (uint32_t i = 0; i < node->service_count; i++) {
        const struct started_service *started = &node->services[i];
        if (started->service->service->settled && !started->service->service->settled(started->state))
            return false;
    }
    return true;
}
