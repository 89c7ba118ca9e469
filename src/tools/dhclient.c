/* dhclient: gives a lease back, or asks for one anew.
 *
 *   dhclient [-v] [PORT]      begins anew and waits until the port has an address
 *   dhclient -r [-v] [PORT]   gives the address back
 *
 * The lease itself is the business of the node's DHCP client (application/dhcp/client.h), which this tool finds there; it only asks and
 * waits. With -v each message is told as ISC dhclient words it. Exit status 0, or 2 when nobody answered, 1 for a wrong call.
 *
 * Left out on purpose: lease files, scripts, DHCPv6, starting a client on a port that has none. */
#include <string.h>

#include "application/dhcp/client.h"
#include "base/error.h"
#include "tools/options.h"
#include "tools/tool.h"

static void line(void *context, const char *text) { tool_complain(context, "%s\n", text); }

static int dhclient_run(struct tool_run *run)
{
    struct options options = options_of(run->argc, run->argv, "rv14dq");
    const char *port = NULL;
    bool release = false, verbose = false;
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        if (option == 'r')
            release = true;
        else if (option == 'v')
            verbose = true;
        else if (option == OPTIONS_OPERAND && !port)
            port = options.value;
        else if (option != '1' && option != '4' && option != 'd' && option != 'q') {
            tool_complain(run, "Usage: dhclient [-r] [-v] [interface]\n");
            return 1;
        }
    }
    struct dhcp_client_watch watch = {verbose ? line : NULL, run};
    struct instant deadline = instant_add(net_now(run->net), 60 * NS_PER_S);
    int error = release ? dhcp_client_release(run->net, port, &watch) : dhcp_client_obtain(run->net, port, deadline, &watch);
    if (error == IMP_NOT_FOUND && port)
        tool_complain(run, "dhclient: no DHCP client runs on \"%s\"\n", port);
    else if (error == IMP_NOT_FOUND)
        tool_complain(run, "dhclient: no DHCP client runs here\n");
    else if (error == IMP_TIMEOUT)
        tool_complain(run, "No DHCPOFFERS received.\n");
    return error && error != IMP_CLOSED ? 2 : 0;
}

const struct tool DHCLIENT_TOOL = {
    .name = "dhclient", .summary = "get or give back an address by DHCP", .run = dhclient_run, .lab_only = true};
