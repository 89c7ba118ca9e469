/* ip link: interfaces, their counters, and their four settings: up, down, MTU, address.
 *
 * An interface's first line is shared with ip addr (ip_print_interface): its flags, MTU and state. A NIC is UP when it has a carrier and the
 * administrator wants it, the loopback's state is UNKNOWN, as Linux has it.
 *
 * With -s the counters follow; with -s -s also what the node dropped, by name and with the number: the reasons of engine/drop.h take the
 * place of Linux's error kinds, which no virtual wire can have (a frame's checksum or framing error, a FIFO overrun). They are the node's,
 * not the interface's, so they stand behind the last one. No state, no timers. Left out on purpose: creating and deleting links, qdiscs and
 * their settings, groups, masters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/node.h"
#include "tools/ip_tool.h"

static const char *state_name(const struct interface_info *info)
{
    if (info->flags & INTERFACE_LOOPBACK)
        return info->flags & INTERFACE_UP ? "UNKNOWN" : "DOWN";
    return info->flags & INTERFACE_RUNNING ? "UP" : "DOWN";
}

static void print_flags(const struct interface_info *info, struct text *out)
{
    bool up = info->flags & INTERFACE_UP, running = info->flags & INTERFACE_RUNNING,
         loopback = info->flags & INTERFACE_LOOPBACK;
    text_format(out, "<%s%s%s%s>", up && !running && !loopback ? "NO-CARRIER," : "",
                loopback ? "LOOPBACK" : "BROADCAST,MULTICAST", up ? ",UP" : "", up && (running || loopback) ? ",LOWER_UP" : "");
}

void ip_print_interface(struct ip_tool *tool, const struct interface_info *info, bool with_mode, struct text *out)
{
    char mac[MAC_TEXT_BYTES];
    bool loopback = info->flags & INTERFACE_LOOPBACK;
    if (tool->brief) {
        text_format(out, "%-16s %-14s ", info->name, state_name(info));
        return;
    }
    text_format(out, "%u: %s: ", info->index, info->name);
    print_flags(info, out);
    if (tool->family == 6 && !with_mode) {
        text_format(out, " mtu %u state %s qlen 1000", info->mtu, state_name(info));
        return;
    }
    text_format(out, " mtu %u qdisc %s state %s %sgroup default qlen 1000", info->mtu, loopback ? "noqueue" : "fq_codel",
                state_name(info), with_mode ? "mode DEFAULT " : "");
    if (tool->family == 4 && !with_mode)
        return;
    text_format(out, "%s    link/%s %s brd %s", tool->one_line ? "\\" : "\n", loopback ? "loopback" : "ether",
                mac_print(info->mac, mac, sizeof mac), loopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff");
}

static void print_counts(struct ip_tool *tool, const struct interface_info *info, struct text *out)
{
    const char *end = tool->one_line ? "\\" : "\n";
    text_format(out, "%s    RX:  bytes packets errors dropped  missed   mcast           %s", end, end);
    text_format(out, "    %10" PRIu64 " %7" PRIu64 " %6u %7" PRIu64 " %7u %7u ", info->received_bytes, info->received_frames, 0,
                info->receive_drops, 0, 0);
    text_format(out, "%s    TX:  bytes packets errors dropped carrier collsns           %s", end, end);
    text_format(out, "    %10" PRIu64 " %7" PRIu64 " %6u %7" PRIu64 " %7u %7u ", info->sent_bytes, info->sent_frames, 0,
                info->send_drops, 0, 0);
}

static void print_drops(struct ip_tool *tool, struct text *out)
{
    const struct node *node = net_node(tool->net);
    for (int reason = 0; reason < DROP_REASON_COUNT; reason++)
        if (node->drops[reason])
            text_format(out, "dropped %" PRIu32 " %s: %s\n", node->drops[reason], drop_reason_name((enum drop_reason)reason),
                        drop_reason_sentence((enum drop_reason)reason));
}

static int show(struct ip_tool *tool)
{
    struct interface_info info;
    struct ip_selection selection;
    struct text out = {0};
    int status = ip_selection_read(tool, &selection);
    if (status)
        return status;
    for (size_t at = 0; net_interface_next(tool->net, &at, &info) == 0;) {
        if (!ip_selected(&selection, &info))
            continue;
        ip_print_interface(tool, &info, true, &out);
        if (tool->brief) {
            char mac[MAC_TEXT_BYTES];
            text_format(&out, "%s ", mac_print(info.mac, mac, sizeof mac));
            print_flags(&info, &out);
            text_add_char(&out, ' ');
        } else if (tool->statistics) {
            print_counts(tool, &info, &out);
        }
        text_add_char(&out, '\n');
    }
    if (tool->statistics > 1)
        print_drops(tool, &out);
    tool_print(tool->run, "%s", text_string(&out));
    text_free(&out);
    return 0;
}

static int set_mtu(struct ip_tool *tool, const struct interface_info *info, const char *value)
{
    uint64_t mtu;
    if (number_parse(value, UINT32_MAX, &mtu) != 0) {
        tool_complain(tool->run, "Error: argument \"%s\" is wrong: Invalid \"mtu\" value\n\n", value);
        return 255;
    }
    int error = net_interface_set_mtu(tool->net, info->index, (uint32_t)mtu);
    if (error == IMP_INVALID || error == IMP_TOO_BIG) {
        tool_complain(tool->run, "Error: mtu %s than device %s.\n", mtu < info->mtu ? "less" : "greater",
                      mtu < info->mtu ? "minimum" : "maximum");
        return 2;
    }
    return error ? ip_refused(tool, ip_error_words(error)) : 0;
}

static int set_one(struct ip_tool *tool, const struct interface_info *info, const char *word)
{
    int error = 0;
    if (strcmp(word, "up") == 0 || strcmp(word, "down") == 0) {
        error = net_interface_set_up(tool->net, info->index, word[0] == 'u');
    } else if (strcmp(word, "mtu") == 0) {
        const char *value = ip_value(tool);
        return value ? set_mtu(tool, info, value) : 255;
    } else if (ip_matches(word, "address")) {
        struct mac mac;
        const char *value = ip_value(tool);
        if (!value)
            return 255;
        if (mac_parse(value, &mac) != 0) {
            tool_complain(tool->run, "\"%s\" is invalid lladdr.\n", value);
            return 1;
        }
        error = mac_is_group(mac) ? IMP_UNREACHABLE : net_interface_set_mac(tool->net, info->index, mac);
        if (error == IMP_UNREACHABLE)
            return ip_refused(tool, "Cannot assign requested address");
    } else {
        tool_complain(tool->run, "Error: either \"dev\" is duplicate, or \"%s\" is a garbage.\n", word);
        return 255;
    }
    return error ? ip_refused(tool, ip_error_words(error)) : 0;
}

static int set(struct ip_tool *tool)
{
    struct interface_info info;
    const char *name = ip_word(tool), *word;
    if (name && strcmp(name, "dev") == 0)
        name = ip_value(tool);
    if (!name) {
        tool_complain(tool->run, "Not enough of information: \"dev\" argument is required.\n");
        return 255;
    }
    if (!ip_device(tool, name, &info))
        return 1;
    int status = 0;
    while (status == 0 && (word = ip_word(tool)))
        status = set_one(tool, &info, word);
    return status;
}

int ip_link_run(struct ip_tool *tool)
{
    static const char *const COMMANDS[] = {"set", "show", "list", "lst", "ls", NULL};
    const char *word = ip_peek(tool);
    int command = word ? ip_command(tool, COMMANDS) : 1;
    if (command < 0)
        return ip_unknown_command(tool, word, "link");
    return command == 0 ? set(tool) : show(tool);
}
