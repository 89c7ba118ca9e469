/* The settings of a node's TCP and IP by the names that Linux gives them, for sysctl and for the lab file's key of that name.
 *
 * TCP keeps a table of its own (transport/tcp/sysctl.c); here are the few of the internet layer, and the list of congestion controls (all of
 * them allowed), which is only to be read. A setting that Linux has and imp has no use for is not in any table, and asking for it is
 * IMP_NOT_FOUND.
 *
 * Setting without a net checks the name and the value, for a lab file that is being loaded. This machine's own settings are its administrator's:
 * there every call returns IMP_UNSUPPORTED. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "internet/config.h"
#include "internet/ports.h"
#include "net/net_internal.h"
#include "transport/tcp/congestion/congestion.h"
#include "transport/tcp/tcp.h"

static const char AVAILABLE[] = "net.ipv4.tcp_available_congestion_control",
                  ALLOWED[] = "net.ipv4.tcp_allowed_congestion_control", FORWARD[] = "net.ipv4.ip_forward",
                  FORWARD_6[] = "net.ipv6.conf.all.forwarding", PORTS[] = "net.ipv4.ip_local_port_range",
                  RESERVED[] = "net.ipv4.ip_local_reserved_ports";
static const char *const NAMES[] = {AVAILABLE, ALLOWED, FORWARD, FORWARD_6, PORTS, RESERVED};

/* A node has no one who may use fewer of them than another. */
static bool is_controls(const char *name) { return strcmp(name, AVAILABLE) == 0 || strcmp(name, ALLOWED) == 0; }

static bool is_forwarding(const char *name) { return strcmp(name, FORWARD) == 0 || strcmp(name, FORWARD_6) == 0; }

int net_sysctl_set(struct net *net, const char *name, const char *value)
{
    uint64_t number;
    if (net && !net->stack)
        return IMP_UNSUPPORTED;
    if (is_controls(name))
        return IMP_DENIED;
    if (strcmp(name, PORTS) == 0)
        return stack_ports_set_range(net ? net->stack : NULL, value);
    if (strcmp(name, RESERVED) == 0)
        return stack_ports_set_reserved(net ? net->stack : NULL, value);
    if (!is_forwarding(name))
        return tcp_sysctl_set(net ? tcp_of(net->stack) : NULL, name, value);
    int error = number_parse(value, 1, &number);
    if (!error && net)
        stack_set_forwarding(net->stack, number != 0);
    return error;
}

int net_sysctl_get(struct net *net, const char *name, char *out, size_t size_bytes)
{
    if (!net->stack)
        return IMP_UNSUPPORTED;
    if (is_forwarding(name)) {
        snprintf(out, size_bytes, "%d", stack_forwarding(net->stack));
        return 0;
    }
    if (strcmp(name, PORTS) == 0 || strcmp(name, RESERVED) == 0) {
        (strcmp(name, PORTS) == 0 ? ports_print_range : ports_print_reserved)(stack_ports(net->stack), out, size_bytes);
        return 0;
    }
    if (!is_controls(name))
        return tcp_sysctl_get(tcp_of(net->stack), name, out, size_bytes);
    size_t count, at = 0;
    const struct congestion_ops *const *all = congestion_all(&count);
    for (size_t i = 0; i < count && at < size_bytes; i++)
        at += (size_t)snprintf(out + at, size_bytes - at, "%s%s", i ? " " : "", all[i]->name);
    return 0;
}

const char *net_sysctl_name(size_t at, char *out, size_t size_bytes)
{
    if (at >= count_of(NAMES))
        return tcp_sysctl_name(at - count_of(NAMES), out, size_bytes);
    snprintf(out, size_bytes, "%s", NAMES[at]);
    return out;
}
