/* ip: shows and changes a node's interfaces, addresses, routes and neighbours, in iproute2's words.
 *
 * `ip [OPTIONS] OBJECT COMMAND ...`: this file reads the options, finds the object, and has the small things that the objects share: the walk
 * along the words, abbreviations, and what to say when something is wrong. Each object has a room of its own: ip_link.c,
 * ip_address.c, ip_route.c, ip_neighbour.c. All of them see and change the node through net_config.h only.
 *
 * Words may be abbreviated to any beginning: `ip a`, `ip ro sh`. Output, messages and exit status are those of iproute2 6.1: 2 when the kernel
 * (here the node's stack) refuses, 1 or 255 when the line makes no sense.
 *
 * No state outlives a call, there are no timers. Left out on purpose: policy rules, tunnels, namespaces, JSON; each is refused as
 * unknown, as by an iproute2 that was built without it. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "tools/ip_tool.h"

const char *ip_peek(const struct ip_tool *tool) { return tool->at < tool->run->argc ? tool->run->argv[tool->at] : NULL; }

const char *ip_word(struct ip_tool *tool) { return tool->at < tool->run->argc ? tool->run->argv[tool->at++] : NULL; }

bool ip_matches(const char *word, const char *full) { return *word && strncmp(word, full, strlen(word)) == 0; }

const char *ip_value(struct ip_tool *tool)
{
    const char *value = ip_word(tool);
    if (!value)
        tool_complain(tool->run, "Command line is not complete. Try option \"help\"\n");
    return value;
}

int ip_command(struct ip_tool *tool, const char *const *commands)
{
    const char *word = ip_peek(tool);
    for (int i = 0; word && commands[i]; i++) {
        if (!ip_matches(word, commands[i]))
            continue;
        tool->at++;
        return i;
    }
    return -1;
}

int ip_unknown_command(struct ip_tool *tool, const char *word, const char *object)
{
    tool_complain(tool->run, "Command \"%s\" is unknown, try \"ip %s help\".\n", word, object);
    return 255;
}

bool ip_device(struct ip_tool *tool, const char *name, struct interface_info *out)
{
    if (net_interface_find(tool->net, name, out) == 0)
        return true;
    tool_complain(tool->run, "Cannot find device \"%s\"\n", name);
    return false;
}

bool ip_device_shown(struct ip_tool *tool, const char *name, struct interface_info *out)
{
    if (net_interface_find(tool->net, name, out) == 0)
        return true;
    tool_complain(tool->run, "Device \"%s\" does not exist.\n", name);
    return false;
}

int ip_selection_read(struct ip_tool *tool, struct ip_selection *out)
{
    const char *word, *name = NULL;
    struct interface_info only;
    *out = (struct ip_selection){.index = 0};
    while ((word = ip_word(tool))) {
        if (strcmp(word, "up") == 0)
            out->up_only = true;
        else if (strcmp(word, "dev") != 0)
            name = word;
        else if (!(name = ip_value(tool)))
            return 255;
    }
    if (name && !ip_device_shown(tool, name, &only))
        return 1;
    out->index = name ? only.index : 0;
    return 0;
}

bool ip_selected(const struct ip_selection *selection, const struct interface_info *info)
{
    return (!selection->index || selection->index == info->index) && (!selection->up_only || info->flags & INTERFACE_UP);
}

int ip_invalid(struct ip_tool *tool, const char *what, const char *value)
{
    const char *family = tool->family == 4 ? "inet " : tool->family == 6 ? "inet6 " : "any valid ";
    tool_complain(tool->run, "Error: %s%s is expected rather than \"%s\".\n", family, what, value);
    return 1;
}

int ip_refused(struct ip_tool *tool, const char *sentence)
{
    tool_complain(tool->run, "RTNETLINK answers: %s\n", sentence);
    return 2;
}

const char *ip_error_words(int error)
{
    switch (error) {
    case IMP_IN_USE: return "File exists";
    case IMP_NOT_FOUND: return "No such file or directory";
    case IMP_UNREACHABLE: return "Network is unreachable";
    case IMP_INVALID: return "Invalid argument";
    case IMP_UNSUPPORTED: return "Operation not supported";
    case IMP_DENIED: return "Operation not permitted";
    case IMP_LIMIT: return "Cannot allocate memory";
    default: return imp_error_text(error);
    }
}

bool ip_prefix(struct ip_tool *tool, const char *word, struct prefix *out)
{
    if (strcmp(word, "default") == 0) {
        *out = (struct prefix){.address = ip_any(tool->family ? tool->family : 4)};
        return true;
    }
    return prefix_parse(word, out) == 0 && (tool->family == 0 || tool->family == out->address.family);
}

const char *ip_interface_name(struct ip_tool *tool, uint16_t index, char out[16])
{
    struct interface_info info;
    for (size_t at = 0; net_interface_next(tool->net, &at, &info) == 0;)
        if (info.index == index) {
            memcpy(out, info.name, sizeof info.name);
            return out;
        }
    (void)snprintf(out, 16, "if%u", index);
    return out;
}

/* 0 go on, else the exit status + 1. */
static int option(struct ip_tool *tool, const char *word)
{
    const char *name = word + (strncmp(word, "--", 2) == 0 ? 2 : 1);
    if (strcmp(name, "4") == 0)
        tool->family = 4;
    else if (strcmp(name, "6") == 0)
        tool->family = 6;
    else if (ip_matches(name, "brief") && strlen(name) > 1)
        tool->brief = true;
    else if (ip_matches(name, "oneline"))
        tool->one_line = true;
    else if (ip_matches(name, "stats") || ip_matches(name, "statistics"))
        tool->statistics++;
    else if (ip_matches(name, "details") || strncmp(name, "c", 1) == 0 || ip_matches(name, "Numeric"))
        return 0; /* colours, and details that a node of imp has none of */
    else if (ip_matches(name, "family")) {
        const char *family = ip_value(tool);
        tool->family = family && strcmp(family, "inet6") == 0 ? 6 : 4;
        return family ? 0 : 256;
    } else if (strcmp(name, "V") == 0 || ip_matches(name, "Version")) {
        tool_print(tool->run, "ip utility, imp " IMP_VERSION " as iproute2-6.1.0\n");
        return 1;
    } else {
        tool_complain(tool->run, "Option \"%s\" is unknown, try \"ip -help\".\n", word);
        return 256;
    }
    return 0;
}

static int usage(struct ip_tool *tool)
{
    tool_complain(tool->run, "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n"
                             "where  OBJECT := { address | link | neighbour | route }\n"
                             "       OPTIONS := { -4 | -6 | -br[ief] | -o[neline] | -s[tatistics] | -V[ersion] }\n");
    return 255;
}

static int ip_run(struct tool_run *run)
{
    static const struct {
        const char *name;
        int (*run)(struct ip_tool *tool);
    } OBJECTS[] = {{"address", ip_address_run},    {"route", ip_route_run},         {"link", ip_link_run},
                   {"neighbor", ip_neighbour_run}, {"neighbour", ip_neighbour_run}, {NULL, NULL}};
    struct ip_tool tool = {.run = run, .net = run->net, .at = 1};
    const char *word;
    while ((word = ip_peek(&tool)) && word[0] == '-') {
        tool.at++;
        int status = option(&tool, word);
        if (status)
            return status - 1;
    }
    word = ip_word(&tool);
    if (!word || ip_matches(word, "help"))
        return usage(&tool);
    struct interface_info info;
    size_t at = 0;
    if (net_interface_next(run->net, &at, &info) == IMP_UNSUPPORTED) {
        tool_complain(run, "ip: this machine's network is not imp's to show: use its own ip\n");
        return 1;
    }
    for (size_t i = 0; OBJECTS[i].name; i++)
        if (ip_matches(word, OBJECTS[i].name))
            return OBJECTS[i].run(&tool);
    tool_complain(run, "Object \"%s\" is unknown, try \"ip help\".\n", word);
    return 1;
}

const struct tool IP_TOOL = {
    .name = "ip", .summary = "show and change interfaces, addresses, routes, neighbours", .run = ip_run, .lab_only = true};
