/* ip route: the forwarding table, and the question which way a packet would go.
 *
 * A route's line is its destination, the gateway ("via"), the interface, who put it there ("proto"), its scope, the source address that
 * packets over it get, and its metric: in iproute2's order. IPv4 and IPv6 differ in it as they do there: IPv6 is shown by `ip -6 route`, has no
 * scope, always a metric and a preference (RFC 4191), and writes no blank at the end of a line.
 *
 * `ip route get` asks the stack's own lookup, so it answers what the stack would do. Everything goes through net_config.h. No state, no
 * timers. Left out on purpose: tables other than main, multipath, route types such as blackhole, metrics such as mtu or hoplimit. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tools/ip_tool.h"

static const char *origin_name(enum route_origin origin)
{
    static const char *const NAMES[] = {"kernel", "static", "dhcp", "ra", "rip", "ospf", "bgp", "isis", "eigrp"};
    return NAMES[origin];
}

static uint32_t shown_metric(const struct route_info *route) /* Linux gives every IPv6 route one */
{
    if (route->metric || route->destination.address.family == 4)
        return route->metric;
    return route->origin == ROUTE_CONNECTED ? 256 : 1024;
}

static bool without_carrier(struct ip_tool *tool, uint16_t interface)
{
    struct interface_info info;
    for (size_t at = 0; net_interface_next(tool->net, &at, &info) == 0;)
        if (info.index == interface)
            return !(info.flags & (INTERFACE_RUNNING | INTERFACE_LOOPBACK));
    return false;
}

static void print_destination(const struct route_info *route, struct text *out)
{
    char text[PREFIX_TEXT_BYTES];
    const struct prefix *destination = &route->destination;
    if (destination->length == 0)
        text_add(out, "default");
    else if (destination->length == ip_bits(&destination->address))
        text_add(out, ip_print(&destination->address, text, sizeof text));
    else
        text_add(out, prefix_print(destination, text, sizeof text));
}

static void print_route(struct ip_tool *tool, const struct route_info *route, bool device_known, struct text *out)
{
    char text[IP_TEXT_BYTES], name[16];
    bool is4 = route->destination.address.family == 4;
    print_destination(route, out);
    if (route->gateway.family)
        text_format(out, " via %s", ip_print(&route->gateway, text, sizeof text));
    if (!device_known)
        text_format(out, " dev %s", ip_interface_name(tool, route->interface, name));
    text_format(out, " proto %s", origin_name(route->origin));
    if (is4 && !route->gateway.family)
        text_add(out, " scope link");
    if (route->source.family)
        text_format(out, " src %s", ip_print(&route->source, text, sizeof text));
    if (shown_metric(route))
        text_format(out, " metric %u", shown_metric(route));
    if (without_carrier(tool, route->interface))
        text_add(out, " linkdown");
    text_add(out, is4 ? " \n" : " pref medium\n");
}

/* ---- show ---- */

/* The kernel walks its IPv6 tree from below: by address, a longer prefix before the shorter one that holds it, the default route last. */
struct placed_route {
    struct route_info route;
    size_t place; /* in the stack's own order */
};

static int by_tree(const void *a, const void *b)
{
    const struct placed_route *first = a, *second = b;
    const struct route_info *x = &first->route, *y = &second->route;
    uint8_t shorter = x->destination.length < y->destination.length ? x->destination.length : y->destination.length;
    struct prefix left = prefix_network(&(struct prefix){x->destination.address, shorter});
    struct prefix right = prefix_network(&(struct prefix){y->destination.address, shorter});
    int order = memcmp(left.address.b, right.address.b, sizeof left.address.b);
    if (!order)
        order = (int)y->destination.length - (int)x->destination.length;
    if (!order)
        order = x->metric < y->metric ? -1 : x->metric > y->metric;
    return order ? order : first->place < second->place ? -1 : 1;
}

static int show(struct ip_tool *tool)
{
    struct interface_info device;
    struct prefix only;
    struct route_info route;
    bool by_device = false, by_prefix = false;
    uint8_t family = tool->family ? tool->family : 4;
    const char *word;
    struct text out = {0};
    while ((word = ip_word(tool))) {
        bool keyword = strcmp(word, "dev") == 0 || strcmp(word, "table") == 0 || strcmp(word, "proto") == 0 ||
                       strcmp(word, "to") == 0 || strcmp(word, "exact") == 0;
        const char *value = keyword ? ip_value(tool) : word;
        if (!value)
            return 255;
        if (strcmp(word, "dev") == 0) {
            if (!ip_device(tool, value, &device))
                return 1;
            by_device = true;
        } else if (strcmp(word, "table") == 0) {
            if (strcmp(value, "main") != 0 && strcmp(value, "all") != 0 && strcmp(value, "254") != 0)
                return 0; /* there is only one */
        } else {
            if (!ip_prefix(tool, value, &only))
                return ip_invalid(tool, "prefix", value);
            by_prefix = true;
            family = only.address.family;
        }
    }
    struct placed_route *routes = NULL;
    size_t count = 0;
    for (size_t at = 0; net_route_next(tool->net, &at, &route) == 0;)
        if (route.destination.address.family == family && (!by_device || route.interface == device.index) &&
            (!by_prefix || prefix_equal(&route.destination, &only))) {
            routes = memory_grow(routes, count + 1, sizeof *routes);
            routes[count] = (struct placed_route){route, count};
            count++;
        }
    if (family == 6 && count > 0)
        qsort(routes, count, sizeof *routes, by_tree);
    for (size_t i = 0; i < count; i++)
        print_route(tool, &routes[i].route, by_device, &out);
    memory_free(routes);
    tool_print(tool->run, "%s", text_string(&out));
    text_free(&out);
    return 0;
}

/* ---- get ---- */

static bool own_address(struct ip_tool *tool, const struct ip *address)
{
    struct address_info info;
    for (size_t at = 0; net_address_next(tool->net, &at, &info) == 0;)
        if (ip_equal(&info.prefix.address, address))
            return true;
    return ip_is_loopback(address);
}

static int get(struct ip_tool *tool)
{
    struct prefix destination;
    struct route_info route;
    const char *word = ip_word(tool);
    char text[IP_TEXT_BYTES], name[16];
    if (word && strcmp(word, "to") == 0)
        word = ip_word(tool);
    if (!word) {
        tool_complain(tool->run, "need at least a destination address\n");
        return 1;
    }
    if (!ip_prefix(tool, word, &destination))
        return ip_invalid(tool, "prefix", word);
    const struct ip *address = &destination.address;
    int error = net_route_get(tool->net, address, &route);
    if (error)
        return ip_refused(tool, ip_error_words(error));
    bool is4 = address->family == 4, local = own_address(tool, address);
    struct text out = {0};
    text_format(&out, "%s%s",
                local                             ? "local "
                : route.broadcast                 ? "broadcast "
                : ip_is_multicast(address) && is4 ? "multicast "
                                                  : "",
                ip_print(address, text, sizeof text));
    if (!is4)
        text_add(&out, " from ::");
    if (route.gateway.family && !local)
        text_format(&out, " via %s", ip_print(&route.gateway, text, sizeof text));
    text_format(&out, " dev %s", local ? "lo" : ip_interface_name(tool, route.interface, name));
    if (!is4)
        text_format(&out, " proto %s", origin_name(local ? ROUTE_CONNECTED : route.origin));
    struct ip source = local ? *address : route.source;
    if (source.family)
        text_format(&out, " src %s", ip_print(&source, text, sizeof text));
    char path[48] = "";
    if (route.path_mtu)
        snprintf(path, sizeof path, "expires %" PRId64 "sec mtu %" PRIu32 " ",
                 instant_since(route.path_until, net_now(tool->net)) / NS_PER_S, route.path_mtu);
    if (is4)
        text_format(&out, " uid 0 \n    cache %s%s\n", local ? "<local> " : route.broadcast ? "<local,brd> " : "", path);
    else
        text_format(&out, " metric %u %spref medium\n", local ? 0 : shown_metric(&route), path);
    tool_print(tool->run, "%s", text_string(&out));
    text_free(&out);
    return 0;
}

/* ---- changes ---- */

/* 0 or an exit status; the keywords of a route being added or deleted. */
static int route_keyword(struct ip_tool *tool, const char *word, struct route_info *route)
{
    struct interface_info info;
    uint64_t number;
    const char *value = ip_value(tool);
    if (!value)
        return 255;
    if (strcmp(word, "via") == 0) {
        if (strcmp(value, "inet6") == 0 && !(value = ip_value(tool)))
            return 255;
        return ip_parse(value, &route->gateway) == 0 ? 0 : ip_invalid(tool, "address", value);
    }
    if (strcmp(word, "src") == 0)
        return ip_parse(value, &route->source) == 0 ? 0 : ip_invalid(tool, "address", value);
    if (strcmp(word, "dev") == 0) {
        if (!ip_device(tool, value, &info))
            return 1;
        route->interface = info.index;
        return 0;
    }
    if (strcmp(word, "proto") == 0 || strcmp(word, "protocol") == 0) {
        for (int origin = ROUTE_CONNECTED; origin <= ROUTE_EIGRP; origin++)
            if (strcmp(value, origin_name((enum route_origin)origin)) == 0)
                route->origin = (enum route_origin)origin;
        return 0;
    }
    if (number_parse(value, UINT32_MAX, &number) != 0) {
        tool_complain(tool->run, "Error: argument \"%s\" is wrong: \"metric\" value is invalid\n\n", value);
        return 255;
    }
    route->metric = (uint32_t)number;
    return 0;
}

static int read_route(struct ip_tool *tool, struct route_info *route)
{
    static const char *const KEYWORDS[] = {"via", "src", "dev", "proto", "protocol", "metric", "priority", "preference", NULL};
    const char *word;
    bool has_destination = false;
    *route = (struct route_info){.origin = ROUTE_STATIC};
    while ((word = ip_word(tool))) {
        bool keyword = false;
        for (int i = 0; KEYWORDS[i]; i++)
            keyword |= strcmp(word, KEYWORDS[i]) == 0;
        if (keyword) {
            int status = route_keyword(tool, word, route);
            if (status)
                return status;
        } else if (strcmp(word, "table") == 0 || strcmp(word, "scope") == 0) {
            if (!ip_value(tool)) /* the main table, and the scope that follows from the gateway, are all there is */
                return 255;
        } else if (strcmp(word, "onlink") != 0) {
            if (has_destination || !ip_prefix(tool, word, &route->destination))
                return ip_invalid(tool, "prefix", word);
            has_destination = true;
        }
    }
    if (route->destination.length == 0 && route->gateway.family == 6)
        route->destination.address = ip_any(6); /* "default via fd00::1" without -6 */
    if (!has_destination)
        return ip_refused(tool, "No such device");
    return 0;
}

static int complain(struct ip_tool *tool, const struct route_info *route, int error, bool adding)
{
    if (!adding && error == IMP_NOT_FOUND)
        return ip_refused(tool, "No such process");
    if (error == IMP_UNREACHABLE && route->destination.address.family == 6)
        return ip_refused(tool, "No route to host");
    if (error == IMP_UNREACHABLE) {
        tool_complain(tool->run, "Error: Nexthop has invalid gateway.\n");
        return 2;
    }
    return ip_refused(tool, error == IMP_NOT_FOUND ? "No such device" : ip_error_words(error));
}

static int change(struct ip_tool *tool, bool adding, bool replacing)
{
    struct route_info route, old;
    int status = read_route(tool, &route);
    if (status)
        return status;
    struct prefix network = prefix_network(&route.destination);
    if (adding && !prefix_equal(&network, &route.destination)) {
        tool_complain(tool->run, "Error: Invalid prefix for given prefix length.\n");
        return 2;
    }
    size_t at = 0;
    while (adding && net_route_next(tool->net, &at, &old) == 0) {
        if (!prefix_equal(&old.destination, &route.destination) || shown_metric(&old) != shown_metric(&route))
            continue;
        if (!replacing && route.destination.address.family == 4)
            return ip_refused(tool, "File exists"); /* Linux allows one IPv4 route for each prefix and metric */
        if (replacing && net_route_remove(tool->net, &old) == 0)
            at = 0;
    }
    int error = adding ? net_route_add(tool->net, &route) : net_route_remove(tool->net, &route);
    return error ? complain(tool, &route, error, adding) : 0;
}

int ip_route_run(struct ip_tool *tool)
{
    static const char *const COMMANDS[] = {"show", "list", "lst", "ls", "add", "replace", "change", "delete", "get", NULL};
    const char *word = ip_peek(tool);
    int command = word ? ip_command(tool, COMMANDS) : 0;
    if (command < 0)
        return ip_unknown_command(tool, word, "route");
    if (command == 8)
        return get(tool);
    if (command == 7)
        return change(tool, false, false);
    return command >= 4 ? change(tool, true, command > 4) : show(tool);
}
