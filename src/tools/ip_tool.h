#ifndef IMP_TOOLS_IP_TOOL_H
#define IMP_TOOLS_IP_TOOL_H

#include "base/text.h"
#include "net/net_config.h"
#include "tools/tool.h"

/* What the rooms of the tool `ip` share: one command line, read word by word. Exit status as iproute2's: 1 and 255 for what it could not
 * understand, 2 for what the node refused. */
struct ip_tool {
    struct tool_run *run;
    struct net *net;
    uint8_t family; /* -4, -6; 0 both */
    bool brief, one_line;
    unsigned statistics; /* -s, -s -s */
    int at;              /* the next word */
};

const char *ip_word(struct ip_tool *tool); /* the next one, taken; NULL at the end */
const char *ip_peek(const struct ip_tool *tool);
bool ip_matches(const char *word, const char *full); /* an abbreviation of it, as "a" is of "address" */
/* The value behind a keyword; NULL when the line ends, which has been said then. */
const char *ip_value(struct ip_tool *tool);
/* Understands one of the objects' commands: the index into `commands` (which ends with NULL), -1 when it is none. */
int ip_command(struct ip_tool *tool, const char *const *commands);
int ip_unknown_command(struct ip_tool *tool, const char *word, const char *object); /* says so; 255 */
bool ip_device(struct ip_tool *tool, const char *name, struct interface_info *out); /* or says "Cannot find device" */
bool ip_device_shown(struct ip_tool *tool, const char *name, struct interface_info *out);
struct ip_selection { /* which interfaces `show [dev] NAME up` means */
    uint16_t index;   /* 0: any */
    bool up_only;
};
int ip_selection_read(struct ip_tool *tool, struct ip_selection *out); /* the rest of the line; 0 or the exit status */
bool ip_selected(const struct ip_selection *selection, const struct interface_info *info);
int ip_invalid(struct ip_tool *tool, const char *what, const char *value); /* Error: any valid ... is expected; 1 */
int ip_refused(struct ip_tool *tool, const char *sentence);                /* RTNETLINK answers: ...; 2 */
const char *ip_error_words(int error);                                     /* as strerror() says it of Linux's errno */
/* A destination or an address with its length; without "/n" the full one. "default" too, of the tool's family or IPv4. */
bool ip_prefix(struct ip_tool *tool, const char *word, struct prefix *out);
const char *ip_interface_name(struct ip_tool *tool, uint16_t index, char out[16]);
/* The line, or with -o the first half of it, that ip addr and ip link begin an interface with. */
void ip_print_interface(struct ip_tool *tool, const struct interface_info *info, bool with_mode, struct text *out);

int ip_link_run(struct ip_tool *tool);
int ip_address_run(struct ip_tool *tool);
int ip_route_run(struct ip_tool *tool);
int ip_neighbour_run(struct ip_tool *tool);

#endif
