/* ip addr: the addresses of the interfaces, with their scopes, states and lifetimes.
 *
 * Under each interface's own lines (ip_link.c) stand its addresses, IPv4's first. The scope follows from the address (RFC 4007 for IPv6;
 * Linux calls IPv4's loopback "host" and its link-local addresses "link"); "dynamic" means that it will expire unless DHCP or a router renews
 * it, "tentative" that duplicate address detection has not ended, "deprecated" that no new connection should use it (RFC 4862 section 5.5.4).
 *
 * add, del and flush change them through net_config.h; lifetimes are told in seconds, and the node keeps instants. No state, no timers. Left
 * out on purpose: labels, peers of point-to-point links, the broadcast address as a setting of its own (it follows from the prefix). */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tools/ip_tool.h"

static const char *scope_name(const struct ip *address)
{
    return ip_is_loopback(address) ? "host" : ip_is_link_local(address) ? "link" : "global";
}

static void print_lifetime(struct ip_tool *tool, const char *name, struct instant until, struct text *out)
{
    int64_t left_ns = instant_is_never(until) ? 0 : instant_since(until, net_now(tool->net));
    if (instant_is_never(until))
        text_format(out, "%s forever", name);
    else
        text_format(out, "%s %" PRId64 "sec", name, left_ns > 0 ? left_ns / NS_PER_S : 0);
}

static void print_flags(const struct address_info *address, struct text *out)
{
    if (address->state == ADDRESS_DUPLICATE)
        text_add(out, "dadfailed ");
    if (address->state == ADDRESS_TENTATIVE || address->state == ADDRESS_DUPLICATE)
        text_add(out, "tentative ");
    if (address->state == ADDRESS_DEPRECATED)
        text_add(out, "deprecated ");
    if (!instant_is_never(address->valid_until))
        text_add(out, "dynamic ");
    if (address->origin == ADDRESS_SLAAC)
        text_add(out, "mngtmpaddr ");
}

static void print_address(struct ip_tool *tool, const struct interface_info *info, const struct address_info *address,
                          struct text *out)
{
    char text[PREFIX_TEXT_BYTES];
    bool is4 = address->prefix.address.family == 4;
    prefix_print(&address->prefix, text, sizeof text);
    if (tool->brief) {
        text_format(out, "%s ", text);
        return;
    }
    if (tool->one_line)
        text_format(out, "%u: %s", info->index, info->name);
    text_format(out, "    %s %s ", is4 ? "inet" : "inet6", text);
    struct ip broadcast = is4 ? prefix_broadcast(&address->prefix) : (struct ip){0};
    if (broadcast.family && !(info->flags & INTERFACE_LOOPBACK))
        text_format(out, "brd %s ", ip_print(&broadcast, text, sizeof text));
    text_format(out, "scope %s ", scope_name(&address->prefix.address));
    print_flags(address, out);
    text_format(out, "%s%s       ", is4 ? info->name : "", tool->one_line ? "\\" : "\n");
    print_lifetime(tool, "valid_lft", address->valid_until, out);
    print_lifetime(tool, " preferred_lft", address->preferred_until, out);
    text_add_char(out, '\n');
}

static bool shown(const struct ip_tool *tool, const struct interface_info *info, const struct address_info *address,
                  uint8_t family)
{
    return address->interface == info->index && address->prefix.address.family == family &&
           (tool->family == 0 || tool->family == family);
}

/* In the kernel's order: IPv4 as they were added; of IPv6 the newest first, and those of the link behind those of wider scope. */
static void print_addresses(struct ip_tool *tool, const struct interface_info *info, uint8_t family, bool of_link,
                            struct text *out)
{
    struct address_info address;
    size_t *places = NULL, count = 0;
    for (size_t at = 0, next = 0; net_address_next(tool->net, &next, &address) == 0; at = next)
        if (shown(tool, info, &address, family) && (family == 6 && ip_is_link_local(&address.prefix.address)) == of_link) {
            places = memory_grow(places, count + 1, sizeof *places);
            places[count++] = at;
        }
    for (size_t i = 0; i < count; i++) {
        size_t at = places[family == 4 ? i : count - 1 - i];
        if (net_address_next(tool->net, &at, &address) == 0)
            print_address(tool, info, &address, out);
    }
    memory_free(places);
}

static void print_interface(struct ip_tool *tool, const struct interface_info *info, struct text *out)
{
    struct text lines = {0};
    print_addresses(tool, info, 4, false, &lines);
    print_addresses(tool, info, 6, false, &lines);
    print_addresses(tool, info, 6, true, &lines);
    if (lines.length || tool->family == 0) { /* with -4 or -6 only those that have such addresses */
        if (!tool->one_line || tool->brief)
            ip_print_interface(tool, info, false, out);
        if (!tool->one_line && !tool->brief)
            text_add_char(out, '\n');
        text_add(out, text_string(&lines));
        if (tool->brief)
            text_add_char(out, '\n');
    }
    text_free(&lines);
}

static int show(struct ip_tool *tool)
{
    struct interface_info info;
    struct ip_selection selection;
    struct text out = {0};
    int status = ip_selection_read(tool, &selection);
    if (status)
        return status;
    for (size_t at = 0; net_interface_next(tool->net, &at, &info) == 0;)
        if (ip_selected(&selection, &info))
            print_interface(tool, &info, &out);
    tool_print(tool->run, "%s", text_string(&out));
    text_free(&out);
    return 0;
}

/* ---- changes ---- */

static bool read_lifetime(struct ip_tool *tool, const char *value, struct instant *out)
{
    uint64_t seconds;
    if (value && strcmp(value, "forever") == 0) {
        *out = INSTANT_NEVER;
        return true;
    }
    if (value && number_parse(value, UINT32_MAX, &seconds) == 0) {
        *out = instant_add(net_now(tool->net), (int64_t)seconds * NS_PER_S);
        return true;
    }
    tool_complain(tool->run, "Error: argument \"%s\" is wrong: lifetime value\n", value ? value : "");
    return false;
}

/* "P dev X [valid_lft S] [preferred_lft S]": 0 or an exit status. */
static int read_address(struct ip_tool *tool, struct address_info *address)
{
    struct interface_info info;
    const char *word, *device = NULL, *prefix = NULL;
    *address = (struct address_info){.preferred_until = INSTANT_NEVER, .valid_until = INSTANT_NEVER};
    while ((word = ip_word(tool))) {
        if (strcmp(word, "dev") == 0) {
            if (!(device = ip_value(tool)))
                return 255;
        } else if (strcmp(word, "brd") == 0 || ip_matches(word, "broadcast") || strcmp(word, "scope") == 0) {
            if (!ip_value(tool)) /* both follow from the prefix here */
                return 255;
        } else if (strcmp(word, "valid_lft") == 0) {
            if (!read_lifetime(tool, ip_value(tool), &address->valid_until))
                return 1;
        } else if (strcmp(word, "preferred_lft") == 0) {
            if (!read_lifetime(tool, ip_value(tool), &address->preferred_until))
                return 1;
        } else if (strcmp(word, "nodad") != 0 && strcmp(word, "noprefixroute") != 0) {
            prefix = strcmp(word, "local") == 0 ? ip_value(tool) : word;
            if (!prefix)
                return 255;
            if (!ip_prefix(tool, prefix, &address->prefix) || strcmp(prefix, "default") == 0)
                return ip_invalid(tool, "prefix", prefix);
        }
    }
    if (!device) {
        tool_complain(tool->run, "Not enough information: \"dev\" argument is required.\n");
        return 1;
    }
    if (!ip_device(tool, device, &info))
        return 1;
    if (!prefix)
        return ip_refused(tool, "Invalid argument");
    address->interface = info.index;
    return 0;
}

static int complain(struct ip_tool *tool, const struct address_info *address, int error, bool adding)
{
    bool is4 = address->prefix.address.family == 4;
    if (error == IMP_IN_USE && is4)
        tool_complain(tool->run, "Error: ipv4: Address already assigned.\n");
    else if (error == IMP_IN_USE)
        tool_complain(tool->run, "Error: ipv6: address already assigned.\n");
    else if (error == IMP_NOT_FOUND && !adding)
        tool_complain(tool->run, "Error: %s.\n", is4 ? "ipv4: Address not found" : "ipv6: address not found");
    else
        return ip_refused(tool, ip_error_words(error));
    return 2;
}

static bool has_address(struct ip_tool *tool, const struct address_info *wanted)
{
    struct address_info address;
    for (size_t at = 0; net_address_next(tool->net, &at, &address) == 0;)
        if (address.interface == wanted->interface && ip_equal(&address.prefix.address, &wanted->prefix.address))
            return true;
    return false;
}

static int change(struct ip_tool *tool, bool adding, bool replacing)
{
    struct address_info address;
    int status = read_address(tool, &address);
    if (status)
        return status;
    int error = adding && !replacing && has_address(tool, &address) ? IMP_IN_USE
                : adding                                            ? net_address_add(tool->net, &address)
                         : net_address_remove(tool->net, address.interface, &address.prefix);
    return error ? complain(tool, &address, error, adding) : 0;
}

static int flush(struct ip_tool *tool)
{
    struct interface_info info;
    struct address_info address;
    const char *word, *device = NULL;
    while ((word = ip_word(tool)))
        device = strcmp(word, "dev") == 0 ? ip_value(tool) : word;
    if (!device) {
        tool_complain(tool->run, "Flush requires arguments.\n");
        return 255;
    }
    if (!ip_device_shown(tool, device, &info))
        return 1;
    size_t at = 0;
    while (net_address_next(tool->net, &at, &address) == 0) {
        bool ours = address.interface == info.index && (tool->family == 0 || tool->family == address.prefix.address.family);
        if (ours && net_address_remove(tool->net, info.index, &address.prefix) == 0)
            at = 0; /* the positions have moved */
    }
    return 0;
}

int ip_address_run(struct ip_tool *tool)
{
    static const char *const COMMANDS[] = {"add", "change", "replace", "delete", "flush", "show", "list", "lst", "ls", NULL};
    const char *word = ip_peek(tool);
    int command = word ? ip_command(tool, COMMANDS) : 5;
    if (command < 0)
        return ip_unknown_command(tool, word, "address");
    if (command <= 2)
        return change(tool, true, command > 0);
    return command == 3 ? change(tool, false, false) : command == 4 ? flush(tool) : show(tool);
}
