/* The registry of tools, one line each, and the two ways in which every tool speaks.
 *
 * A tool is found by its name or one of its aliases: by a scenario's `run`, by `imp shell` (which puts a link for each name first on
 * the PATH), and by `imp NAME` on this machine. To add one: write tools/NAME.c with its `struct tool`, declare it and list it here.
 *
 * Output is formatted into a bounded buffer; a longer line goes through a text of its own, so that nothing is ever cut. */
#include "tools/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

extern const struct tool ARP_TOOL, CURL_TOOL, DHCLIENT_TOOL, DIG_TOOL, IFCONFIG_TOOL, IP_TOOL, IPERF3_TOOL, NETSTAT_TOOL,
    NSLOOKUP_TOOL, PING_TOOL, SS_TOOL, SYNFLOOD_TOOL, SYSCTL_TOOL, TCPDUMP_TOOL, TRACEROUTE_TOOL;

const struct tool *const TOOLS[] = {
    &ARP_TOOL,      &CURL_TOOL, &DHCLIENT_TOOL, &DIG_TOOL,      &IFCONFIG_TOOL, &IP_TOOL,      &IPERF3_TOOL,     &NETSTAT_TOOL,
    &NSLOOKUP_TOOL, &PING_TOOL, &SS_TOOL,       &SYNFLOOD_TOOL, &SYSCTL_TOOL,   &TCPDUMP_TOOL, &TRACEROUTE_TOOL, NULL,
};

const struct tool *tool_find(const char *name)
{
    for (size_t i = 0; TOOLS[i]; i++) {
        if (strcmp(TOOLS[i]->name, name) == 0)
            return TOOLS[i];
        for (const char *const *alias = TOOLS[i]->aliases; alias && *alias; alias++)
            if (strcmp(*alias, name) == 0)
                return TOOLS[i];
    }
    return NULL;
}

static void speak(void (*sink)(void *, const void *, size_t), void *context, const char *format, va_list arguments)
{
    char line[512];
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(line, sizeof line, format, arguments);
    if (length >= (int)sizeof line) {
        struct text text = {0};
        text_format_list(&text, format, again);
        sink(context, text.data, text.length);
        text_free(&text);
    } else if (length > 0) {
        sink(context, line, (size_t)length);
    }
    va_end(again);
}

void tool_print(struct tool_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    speak(run->io->out, run->io->context, format, arguments);
    va_end(arguments);
}

void tool_complain(struct tool_run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    speak(run->io->error, run->io->context, format, arguments);
    va_end(arguments);
}
