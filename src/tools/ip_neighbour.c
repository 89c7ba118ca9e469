/* ip neigh: the neighbour cache (ARP's and neighbour discovery's), entry by entry with its state.
 *
 * Shows an address, the interface, the MAC where one is known, and the state of RFC 4861 section 7.3.2, in the order in which the node learnt
 * them. An entry added by hand is PERMANENT. flush forgets what is learnt, never what was set by hand, and wants to be told of which
 * interface or address, lest a slip empties everything: `ip neigh flush all`.
 *
 * Everything goes through net_config.h. No state, no timers. Left out on purpose: proxies, and the other states (NOARP) that a
 * cache of imp does not have. */
#include <string.h>

#include "base/error.h"
#include "tools/ip_tool.h"

struct selection { /* of entries to show or to flush */
    struct interface_info device;
    struct prefix prefix;
    bool by_device, by_prefix, all;
    const char *state; /* NULL: any */
};

static int read_selection(struct ip_tool *tool, struct selection *selection)
{
    const char *word;
    *selection = (struct selection){0};
    while ((word = ip_word(tool))) {
        if (strcmp(word, "dev") == 0) {
            const char *device = ip_value(tool);
            if (!device)
                return 255;
            if (!ip_device(tool, device, &selection->device))
                return 1;
            selection->by_device = true;
        } else if (strcmp(word, "nud") == 0) {
            if (!(selection->state = ip_value(tool)))
                return 255;
            if (strcmp(selection->state, "all") == 0)
                selection->state = NULL;
        } else if (strcmp(word, "all") == 0) {
            selection->all = true;
        } else {
            if (strcmp(word, "to") == 0 && !(word = ip_value(tool)))
                return 255;
            if (!ip_prefix(tool, word, &selection->prefix))
                return ip_invalid(tool, "prefix", word);
            selection->by_prefix = true;
        }
    }
    return 0;
}

static bool selected(const struct ip_tool *tool, const struct selection *selection, const struct neighbour_info *neighbour)
{
    return (tool->family == 0 || tool->family == neighbour->address.family) &&
           (!selection->by_device || selection->device.index == neighbour->interface) &&
           (!selection->by_prefix || prefix_contains(&selection->prefix, &neighbour->address)) &&
           (!selection->state || text_equal_fold(selection->state, neighbour_state_name(neighbour->state)));
}

static int show(struct ip_tool *tool)
{
    struct selection selection;
    struct neighbour_info neighbour;
    char address[IP_TEXT_BYTES], mac[MAC_TEXT_BYTES], name[16];
    int status = read_selection(tool, &selection);
    if (status)
        return status;
    for (uint8_t family = 4; family <= 6; family += 2) /* the kernel has a table for each */
        for (size_t at = 0; net_neighbour_next(tool->net, &at, &neighbour) == 0;) {
            if (neighbour.address.family != family || !selected(tool, &selection, &neighbour))
                continue;
            tool_print(tool->run, "%s ", ip_print(&neighbour.address, address, sizeof address));
            if (!selection.by_device)
                tool_print(tool->run, "dev %s ", ip_interface_name(tool, neighbour.interface, name));
            if (neighbour.state != NEIGHBOUR_INCOMPLETE && neighbour.state != NEIGHBOUR_FAILED)
                tool_print(tool->run, "lladdr %s ", mac_print(neighbour.mac, mac, sizeof mac));
            tool_print(tool->run, "%s%s \n", neighbour.router ? "router " : "", neighbour_state_name(neighbour.state));
        }
    return 0;
}

static int flush(struct ip_tool *tool)
{
    struct selection selection;
    struct neighbour_info neighbour;
    int status = read_selection(tool, &selection);
    if (status)
        return status;
    if (!selection.by_device && !selection.by_prefix && !selection.state && !selection.all) {
        tool_complain(tool->run, "Flush requires arguments.\n");
        return 1;
    }
    size_t at = 0;
    while (net_neighbour_next(tool->net, &at, &neighbour) == 0)
        if (selected(tool, &selection, &neighbour) && neighbour.state != NEIGHBOUR_PERMANENT &&
            net_neighbour_remove(tool->net, neighbour.interface, &neighbour.address) == 0)
            at = 0; /* the positions have moved */
    return 0;
}

static bool known(struct ip_tool *tool, const struct neighbour_info *wanted)
{
    struct neighbour_info neighbour;
    for (size_t at = 0; net_neighbour_next(tool->net, &at, &neighbour) == 0;)
        if (neighbour.interface == wanted->interface && ip_equal(&neighbour.address, &wanted->address))
            return true;
    return false;
}

static int read_entry(struct ip_tool *tool, struct neighbour_info *entry, bool *has_mac)
{
    struct interface_info info;
    const char *word, *value;
    *entry = (struct neighbour_info){0};
    *has_mac = false;
    while ((word = ip_word(tool))) {
        bool keyword =
            strcmp(word, "dev") == 0 || strcmp(word, "lladdr") == 0 || strcmp(word, "nud") == 0 || strcmp(word, "to") == 0;
        value = keyword ? ip_value(tool) : word;
        if (!value)
            return 255;
        if (strcmp(word, "dev") == 0) {
            if (!ip_device(tool, value, &info))
                return 1;
            entry->interface = info.index;
        } else if (strcmp(word, "lladdr") == 0) {
            if (mac_parse(value, &entry->mac) != 0) {
                tool_complain(tool->run, "\"%s\" is invalid lladdr.\n", value);
                return 1;
            }
            *has_mac = true;
        } else if (strcmp(word, "nud") != 0 && ip_parse(value, &entry->address) != 0) {
            return ip_invalid(tool, "address", value);
        }
    }
    if (!entry->interface || !entry->address.family) {
        tool_complain(tool->run, "Device and destination are required arguments.\n");
        return 255;
    }
    return 0;
}

static int change(struct ip_tool *tool, int command)
{
    enum { ADD, REPLACE, CHANGE, DELETE };
    struct neighbour_info entry;
    bool has_mac;
    int status = read_entry(tool, &entry, &has_mac);
    if (status)
        return status;
    int error = 0;
    if (command == DELETE)
        error = net_neighbour_remove(tool->net, entry.interface, &entry.address);
    else if (!has_mac)
        error = IMP_INVALID;
    else if (command == ADD && known(tool, &entry))
        error = IMP_IN_USE;
    else if (command == CHANGE && !known(tool, &entry))
        error = IMP_NOT_FOUND;
    else
        error = net_neighbour_set(tool->net, entry.interface, &entry.address, entry.mac);
    return error ? ip_refused(tool, ip_error_words(error)) : 0;
}

int ip_neighbour_run(struct ip_tool *tool)
{
    static const char *const COMMANDS[] = {"add", "replace", "change", "delete", "show", "list", "lst", "ls", "flush", NULL};
    const char *word = ip_peek(tool);
    int command = word ? ip_command(tool, COMMANDS) : 4;
    if (command < 0)
        return ip_unknown_command(tool, word, "neigh");
    return command == 8 ? flush(tool) : command >= 4 ? show(tool) : change(tool, command);
}
