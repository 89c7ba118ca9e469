/* netstat and ifconfig: net-tools' older words for what ss, ip route and ip addr show.
 *
 * Many notes and books still use them, so a lab's hosts understand them: `netstat -rn` is the IPv4 (with -6 the IPv6) forwarding table,
 * `netstat -an` the sockets, `-t`, `-u` and `-l` choose among them as in ss; `ifconfig` shows the interfaces with their addresses and
 * counters, the loopback last. They only show: changes are made with ip.
 *
 * Data flows from net_config.h's lists straight to the output, a line an entry: unlike ss, the columns have fixed widths. No state, no timers.
 * Left out on purpose: -i, -s, -p, masquerading, and setting anything with ifconfig (`ip` does that; it is refused with that hint). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "internet/stack.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/port_name.h"
#include "tools/tool.h"

struct netstat {
    struct tool_run *run;
    struct net *net;
    bool all, listening, numeric, routes, tcp, udp;
    uint8_t family; /* 0 both */
};

static const char *interface_name(struct net *net, uint16_t index, struct interface_info *info)
{
    for (size_t at = 0; net_interface_next(net, &at, info) == 0;)
        if (info->index == index)
            return info->name;
    return "?";
}

static bool unsupported(struct tool_run *run)
{
    struct interface_info info;
    size_t at = 0;
    if (net_interface_next(run->net, &at, &info) != IMP_UNSUPPORTED)
        return false;
    tool_complain(run, "%s: this machine's network is not imp's to show: use its own %s\n", run->argv[0], run->argv[0]);
    return true;
}

/* ---- netstat -r ---- */

static struct ip mask_of(uint8_t length) { return ip4(length ? UINT32_MAX << (32 - length) : 0); }

static void show_routes4(struct netstat *netstat)
{
    struct route_info route;
    struct interface_info info;
    char destination[IP_TEXT_BYTES], gateway[IP_TEXT_BYTES], mask[IP_TEXT_BYTES];
    tool_print(netstat->run, "Kernel IP routing table\n"
                             "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n");
    for (size_t at = 0; net_route_next(netstat->net, &at, &route) == 0;) {
        if (route.destination.address.family != 4)
            continue;
        struct ip via = route.gateway.family ? route.gateway : ip_any(4), genmask = mask_of(route.destination.length);
        bool is_default = route.destination.length == 0 && !netstat->numeric;
        bool is_host = route.destination.length == 32;
        tool_print(netstat->run, "%-15s %-15s %-15s %-5s %5d %-5d %6d %s\n",
                   is_default ? "default" : ip_print(&route.destination.address, destination, sizeof destination),
                   ip_print(&via, gateway, sizeof gateway), ip_print(&genmask, mask, sizeof mask),
                   route.gateway.family ? is_host ? "UGH" : "UG"
                   : is_host            ? "UH"
                                        : "U",
                   0, 0, 0, interface_name(netstat->net, route.interface, &info));
    }
}

static void show_routes6(struct netstat *netstat)
{
    struct route_info route;
    struct interface_info info;
    char destination[PREFIX_TEXT_BYTES], gateway[IP_TEXT_BYTES];
    tool_print(netstat->run, "Kernel IPv6 routing table\n"
                             "Destination                    Next Hop                   Flag Met Ref Use If\n");
    for (size_t at = 0; net_route_next(netstat->net, &at, &route) == 0;) {
        if (route.destination.address.family != 6)
            continue;
        struct ip via = route.gateway.family ? route.gateway : ip_any(6);
        uint32_t metric = route.metric ? route.metric : route.origin == ROUTE_CONNECTED ? 256 : 1024;
        tool_print(netstat->run, "%-30s %-26s %-4s %-3u %-3u %3u %s\n",
                   route.destination.length ? prefix_print(&route.destination, destination, sizeof destination) : "[::]/0",
                   route.gateway.family ? ip_print(&via, gateway, sizeof gateway) : "[::]", route.gateway.family ? "UG" : "U",
                   metric, 1, 0, interface_name(netstat->net, route.interface, &info));
    }
}

/* ---- netstat -an ---- */

static const char *long_state(const struct socket_info *socket)
{
    static const char *const NAMES[][2] = {
        {"ESTAB", "ESTABLISHED"},     {"SYN-SENT", "SYN_SENT"},    {"SYN-RECV", "SYN_RECV"},
        {"FIN-WAIT-1", "FIN_WAIT1"},  {"FIN-WAIT-2", "FIN_WAIT2"}, {"TIME-WAIT", "TIME_WAIT"},
        {"CLOSE-WAIT", "CLOSE_WAIT"}, {"LAST-ACK", "LAST_ACK"},    {"UNCONN", ""}};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (strcmp(NAMES[i][0], socket->state) == 0)
            return NAMES[i][1];
    return socket->state;
}

static const char *endpoint_text(struct netstat *netstat, const struct socket_info *socket, const struct endpoint *endpoint,
                                 char out[80])
{
    char address[IP_TEXT_BYTES], number[8];
    bool four = socket->local.address.family == 4;
    const char *name = endpoint->port && !netstat->numeric ? port_name(socket->protocol, endpoint->port) : NULL;
    (void)snprintf(number, sizeof number, "%u", endpoint->port);
    (void)snprintf(out, 80, "%s:%s",
                   endpoint->address.family ? ip_print(&endpoint->address, address, sizeof address)
                   : four                   ? "0.0.0.0"
                                            : "::",
                   endpoint->port == 0 ? "*"
                   : name              ? name
                                       : number);
    return out;
}

static void show_sockets(struct netstat *netstat, uint8_t protocol)
{
    struct socket_info socket;
    char local[80], remote[80];
    for (uint8_t family = 4; family <= 6; family += 2)
        for (size_t at = 0; net_socket_next(netstat->net, &at, &socket) == 0;) {
            bool four = socket.local.address.family == 4;
            bool waits = strcmp(socket.state, "LISTEN") == 0 || strcmp(socket.state, "UNCONN") == 0;
            bool wanted =
                socket.protocol == protocol && four == (family == 4) && (!netstat->family || netstat->family == family);
            if (!wanted || (!netstat->all && waits != netstat->listening))
                continue;
            uint32_t send = strcmp(socket.state, "LISTEN") == 0 ? 0 : socket.send_queue;
            tool_print(netstat->run, "%s%-2s %6u %6u %-23s %-23s %-11s\n", protocol == PROTOCOL_TCP ? "tcp" : "udp",
                       four ? "" : "6", socket.receive_queue, send, endpoint_text(netstat, &socket, &socket.local, local),
                       endpoint_text(netstat, &socket, &socket.remote, remote), long_state(&socket));
        }
}

static int netstat_run(struct tool_run *run)
{
    struct netstat netstat = {.run = run, .net = run->net};
    struct options options = options_of(run->argc, run->argv, "alnrtu46pWe");
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        switch (letter) {
        case 'a': netstat.all = true; break;
        case 'l': netstat.listening = true; break;
        case 'n': netstat.numeric = true; break;
        case 'r': netstat.routes = true; break;
        case 't': netstat.tcp = true; break;
        case 'u': netstat.udp = true; break;
        case '4':
        case '6': netstat.family = (uint8_t)(letter - '0'); break;
        case 'p':
        case 'W':
        case 'e': break;
        default:
            tool_complain(run, "netstat: imp's netstat has no such option or argument\n"
                               "usage: netstat [-46r] [-n] or netstat [-46tu] [-a|-l] [-n]\n");
            return 1;
        }
    }
    if (unsupported(run))
        return 1;
    if (netstat.routes) {
        if (netstat.family == 6)
            show_routes6(&netstat);
        else
            show_routes4(&netstat);
        return 0;
    }
    tool_print(
        run,
        "Active Internet connections (%s)\nProto Recv-Q Send-Q Local Address           Foreign Address         State      \n",
        netstat.all         ? "servers and established"
        : netstat.listening ? "only servers"
                            : "w/o servers");
    if (netstat.tcp || !netstat.udp)
        show_sockets(&netstat, PROTOCOL_TCP);
    if (netstat.udp || !netstat.tcp)
        show_sockets(&netstat, PROTOCOL_UDP);
    return 0;
}

/* ---- ifconfig ---- */

static void show_bytes(struct tool_run *run, const char *what, uint64_t packets, uint64_t bytes)
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double scaled = (double)bytes;
    unsigned unit = 0;
    for (; scaled >= 1024 && unit < 4; unit++)
        scaled /= 1024;
    if (unit) /* net-tools cuts, it does not round */
        scaled = (double)(uint64_t)(scaled * 10) / 10;
    tool_print(run, "        %s packets %" PRIu64 "  bytes %" PRIu64 " (%.1f %s)\n", what, packets, bytes, scaled, UNITS[unit]);
}

static void show_addresses(struct tool_run *run, const struct interface_info *info)
{
    struct address_info address;
    char text[IP_TEXT_BYTES], mask_text[IP_TEXT_BYTES], broadcast_text[IP_TEXT_BYTES];
    bool first = true;
    for (size_t at = 0; net_address_next(run->net, &at, &address) == 0;) {
        if (address.interface != info->index || address.prefix.address.family != 4 || !first)
            continue; /* one IPv4 address is all that ifconfig knows of an interface */
        struct ip mask = mask_of(address.prefix.length), broadcast = prefix_broadcast(&address.prefix);
        tool_print(run, "        inet %s  netmask %s", ip_print(&address.prefix.address, text, sizeof text),
                   ip_print(&mask, mask_text, sizeof mask_text));
        if (broadcast.family && !(info->flags & INTERFACE_LOOPBACK))
            tool_print(run, "  broadcast %s", ip_print(&broadcast, broadcast_text, sizeof broadcast_text));
        tool_print(run, "\n");
        first = false;
    }
    for (size_t at = 0; net_address_next(run->net, &at, &address) == 0;) {
        if (address.interface != info->index || address.prefix.address.family != 6)
            continue;
        const struct ip *ip = &address.prefix.address;
        tool_print(run, "        inet6 %s  prefixlen %u  scopeid %s\n", ip_print(ip, text, sizeof text), address.prefix.length,
                   ip_is_loopback(ip)     ? "0x10<host>"
                   : ip_is_link_local(ip) ? "0x20<link>"
                                          : "0x0<global>");
    }
}

static void show_interface(struct tool_run *run, const struct interface_info *info)
{
    char mac[MAC_TEXT_BYTES];
    bool loopback = info->flags & INTERFACE_LOOPBACK, up = info->flags & INTERFACE_UP;
    bool running = up && (loopback || (info->flags & INTERFACE_RUNNING));
    unsigned flags = (up ? 1u : 0) | (loopback ? 8u : 2u | 4096u) | (running ? 64u : 0);
    tool_print(run, "%s: flags=%u<%s%s%s%s>  mtu %u\n", info->name, flags, up ? "UP," : "", loopback ? "LOOPBACK" : "BROADCAST",
               running ? ",RUNNING" : "", loopback ? "" : ",MULTICAST", info->mtu);
    show_addresses(run, info);
    if (loopback)
        tool_print(run, "        loop  txqueuelen 1000  (Local Loopback)\n");
    else
        tool_print(run, "        ether %s  txqueuelen 1000  (Ethernet)\n", mac_print(info->mac, mac, sizeof mac));
    show_bytes(run, "RX", info->received_frames, info->received_bytes);
    tool_print(run, "        RX errors 0  dropped %" PRIu64 "  overruns 0  frame 0\n", info->receive_drops);
    show_bytes(run, "TX", info->sent_frames, info->sent_bytes);
    tool_print(run, "        TX errors 0  dropped %" PRIu64 " overruns 0  carrier 0  collisions 0\n\n", info->send_drops);
}

static int ifconfig_run(struct tool_run *run)
{
    struct interface_info info;
    const char *name = NULL;
    bool all = false;
    for (int i = 1; i < run->argc; i++) {
        if (strcmp(run->argv[i], "-a") == 0)
            all = true;
        else if (!name && run->argv[i][0] != '-')
            name = run->argv[i];
        else {
            tool_complain(run,
                          "ifconfig: imp's ifconfig only shows: ifconfig [-a] [INTERFACE]; `ip addr` and `ip link` change\n");
            return 1;
        }
    }
    if (unsupported(run))
        return 1;
    if (name && net_interface_find(run->net, name, &info) != 0) {
        tool_complain(run, "%s: error fetching interface information: Device not found\n", name);
        return 1;
    }
    for (int loopback = 0; loopback < 2; loopback++) /* the loopback comes last */
        for (size_t at = 0; net_interface_next(run->net, &at, &info) == 0;)
            if (((info.flags & INTERFACE_LOOPBACK) != 0) == loopback &&
                (name ? strcmp(name, info.name) == 0 : all || (info.flags & INTERFACE_UP)))
                show_interface(run, &info);
    return 0;
}

const struct tool NETSTAT_TOOL = {
    .name = "netstat", .summary = "show sockets and routes", .run = netstat_run, .lab_only = true};
const struct tool IFCONFIG_TOOL = {.name = "ifconfig", .summary = "show interfaces", .run = ifconfig_run, .lab_only = true};
