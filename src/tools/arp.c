/* arp: the IPv4 neighbour cache in net-tools' words.
 *
 * Two forms of the same entries: a table with columns, and, with -a, the sentences of BSD ("? (10.0.0.2) at 02:... [ether] on eth0"). Entries
 * are added and removed with -s and -d. Hosts may be named: names are resolved through the node's own resolver, and unless -n is given the
 * entries' addresses are shown by their names where they have one, each asked for once a call.
 *
 * The cache is seen and changed through net_config.h. Exit status as net-tools': 255 for a fault, 3 for a wrong option. No state, no
 * timers. Left out on purpose: proxy entries (pub), -D, and reading entries from a file. */
#include <stdio.h>
#include <string.h>

#include "application/dns/stub.h"
#include "base/error.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/tool.h"

#define NAME_WAIT_NS (3 * NS_PER_S)
enum arp_action { ARP_SHOW, ARP_SET, ARP_DELETE };

struct arp_tool {
    struct tool_run *run;
    struct net *net;
    enum arp_action action;
    bool sentences, numeric, temporary;
    const char *interface; /* NULL: any */
    const char *words[2];
    int word_count;
};

static int usage(struct arp_tool *tool)
{
    tool_complain(tool->run, "Usage:\n"
                             "  arp [-n] [-i <if>] [-a] [<hostname>]             <-Display ARP cache\n"
                             "  arp      [-i <if>] -d  <host>                    <-Delete ARP entry\n"
                             "  arp      [-i <if>] -s  <host> <hwaddr>           <-Add entry\n");
    return 3;
}

static const char *name_of(struct arp_tool *tool, const struct ip *address, char out[NAME_BYTES_MAX])
{
    struct instant deadline = instant_add(net_now(tool->net), NAME_WAIT_NS);
    return !tool->numeric && dns_reverse(tool->net, address, deadline, out, NAME_BYTES_MAX) == 0 ? out : NULL;
}

static const char *interface_name(struct arp_tool *tool, uint16_t index, struct interface_info *info)
{
    for (size_t at = 0; net_interface_next(tool->net, &at, info) == 0;)
        if (info->index == index)
            return info->name;
    return "?";
}

static void show_entry(struct arp_tool *tool, const struct neighbour_info *entry, const char *interface)
{
    char address[IP_TEXT_BYTES], mac[MAC_TEXT_BYTES], name_text[NAME_BYTES_MAX];
    bool complete = entry->state != NEIGHBOUR_INCOMPLETE && entry->state != NEIGHBOUR_FAILED;
    bool permanent = entry->state == NEIGHBOUR_PERMANENT;
    const char *name = name_of(tool, &entry->address, name_text);
    ip_print(&entry->address, address, sizeof address);
    mac_print(entry->mac, mac, sizeof mac);
    if (tool->sentences && complete)
        tool_print(tool->run, "%s (%s) at %s [ether]%s on %s\n", name ? name : "?", address, mac, permanent ? " PERM" : "",
                   interface);
    else if (tool->sentences)
        tool_print(tool->run, "%s (%s) at <incomplete> on %s\n", name ? name : "?", address, interface);
    else if (complete)
        tool_print(tool->run, "%-23.23s  %-6s  %-18.18s  %-20s  %s\n", name ? name : address, "ether", mac,
                   permanent ? "CM" : "C", interface);
    else
        tool_print(tool->run, "%-23.23s  %-6s  %-18.18s  %-20s  %s\n", name ? name : address, "", "(incomplete)", "",
                   interface);
}

/* The host's IPv4 address: 0, or the exit status when there is none, which has been said. */
static int resolve(struct arp_tool *tool, const char *host, struct ip *out)
{
    struct instant deadline = instant_add(net_now(tool->net), 4 * NAME_WAIT_NS);
    if (dns_resolve(tool->net, host, 4, deadline, out, 1) == 1)
        return 0;
    tool_complain(tool->run, "%s: Host name lookup failure\n", host);
    return 255;
}

static int show(struct arp_tool *tool)
{
    struct neighbour_info entry;
    struct interface_info info;
    struct ip only = {0};
    char text[IP_TEXT_BYTES];
    unsigned entries = 0, shown = 0;
    if (tool->word_count && resolve(tool, tool->words[0], &only))
        return 255;
    for (size_t at = 0; net_neighbour_next(tool->net, &at, &entry) == 0;) {
        if (entry.address.family != 4)
            continue;
        entries++;
        const char *interface = interface_name(tool, entry.interface, &info);
        if ((only.family && !ip_equal(&only, &entry.address)) || (tool->interface && strcmp(tool->interface, interface) != 0))
            continue;
        if (!tool->sentences && shown == 0)
            tool_print(tool->run, "Address                  HWtype  HWaddress           Flags Mask            Iface\n");
        show_entry(tool, &entry, interface);
        shown++;
    }
    if (shown == 0 && only.family && !tool->sentences)
        tool_print(tool->run, "%s (%s) -- no entry\n", tool->words[0], ip_print(&only, text, sizeof text));
    else if (shown == 0 && (only.family || tool->interface))
        tool_print(tool->run, "arp: in %u entries no match found.\n", entries);
    return 0;
}

static int remove_entry(struct arp_tool *tool)
{
    struct neighbour_info entry;
    struct interface_info info;
    struct ip address;
    if (tool->word_count == 0) {
        tool_complain(tool->run, "arp: need host name\n");
        return 255;
    }
    if (resolve(tool, tool->words[0], &address))
        return 255;
    for (size_t at = 0; net_neighbour_next(tool->net, &at, &entry) == 0;) {
        bool here = !tool->interface || strcmp(tool->interface, interface_name(tool, entry.interface, &info)) == 0;
        if (here && ip_equal(&entry.address, &address))
            return net_neighbour_remove(tool->net, entry.interface, &address) ? 255 : 0;
    }
    tool_complain(tool->run, "No ARP entry for %s\n", tool->words[0]);
    return 255;
}

/* The interface that the address is on link of. */
static int set(struct arp_tool *tool)
{
    struct interface_info info;
    struct address_info address;
    struct ip host;
    struct mac mac;
    if (tool->word_count == 0) {
        tool_complain(tool->run, "arp: need host name\n");
        return 255;
    }
    if (resolve(tool, tool->words[0], &host))
        return 255;
    if (tool->word_count < 2) {
        tool_complain(tool->run, "arp: need hardware address\n");
        return 255;
    }
    if (mac_parse(tool->words[1], &mac) != 0) {
        tool_complain(tool->run, "arp: invalid hardware address\n");
        return 255;
    }
    for (size_t at = 0; net_address_next(tool->net, &at, &address) == 0;) {
        bool here = !tool->interface || strcmp(tool->interface, interface_name(tool, address.interface, &info)) == 0;
        if (here && prefix_contains(&address.prefix, &host)) {
            int error = net_neighbour_set(tool->net, address.interface, &host, mac);
            if (!error)
                return 0;
            tool_complain(tool->run, "SIOCSARP: %s\n", imp_error_text(error));
            return 255;
        }
    }
    tool_complain(tool->run, "SIOCSARP: Network is unreachable\n");
    return 255;
}

static int long_option(struct arp_tool *tool, const char *word)
{
    if (strcmp(word, "--all") == 0)
        tool->sentences = true;
    else if (strcmp(word, "--numeric") == 0)
        tool->numeric = true;
    else if (strcmp(word, "--delete") == 0)
        tool->action = ARP_DELETE;
    else if (strcmp(word, "--set") == 0)
        tool->action = ARP_SET;
    else if (strcmp(word, "--verbose") != 0) {
        tool_complain(tool->run, "arp: unrecognized option '%s'\n", word);
        return usage(tool);
    }
    return 0;
}

static int read_options(struct arp_tool *tool)
{
    struct options options = options_of(tool->run->argc, tool->run->argv, "aenvdsi:H:");
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        int status = 0;
        switch (letter) {
        case OPTIONS_OPERAND:
            if (tool->word_count < 2 && strcmp(options.value, "temp") != 0)
                tool->words[tool->word_count++] = options.value;
            break;
        case OPTIONS_UNKNOWN:
            if (options.letter == '-') {
                status = long_option(tool, options.argv[options.at - 1]);
                options.cluster = NULL;
                break;
            }
            tool_complain(tool->run, "arp: invalid option -- '%c'\n", options.letter);
            return usage(tool);
        case OPTIONS_NO_VALUE:
            tool_complain(tool->run, "arp: option requires an argument -- '%c'\n", options.letter);
            return usage(tool);
        case 'a': tool->sentences = true; break;
        case 'e': tool->sentences = false; break;
        case 'n': tool->numeric = true; break;
        case 'i': tool->interface = options.value; break;
        case 'd': tool->action = ARP_DELETE; break;
        case 's': tool->action = ARP_SET; break;
        default: break;
        }
        if (status)
            return status;
    }
    return 0;
}

static int arp_run(struct tool_run *run)
{
    struct arp_tool tool = {.run = run, .net = run->net};
    struct interface_info info;
    size_t at = 0;
    int status = read_options(&tool);
    if (status)
        return status;
    if (net_interface_next(run->net, &at, &info) == IMP_UNSUPPORTED) {
        tool_complain(run, "arp: this machine's network is not imp's to show: use its own arp\n");
        return 255;
    }
    if (tool.interface && net_interface_find(run->net, tool.interface, &info) != 0) {
        tool_complain(run, "arp: device \"%s\" has no index: No such device\n", tool.interface);
        return 255;
    }
    return tool.action == ARP_SET ? set(&tool) : tool.action == ARP_DELETE ? remove_entry(&tool) : show(&tool);
}

const struct tool ARP_TOOL = {.name = "arp", .summary = "show and change the ARP cache", .run = arp_run, .lab_only = true};
