/* Port names: what ss, netstat and tcpdump write in place of a number unless they are asked not to.
 *
 * On a real machine the names come from /etc/services, a file that differs between distributions; a lab must print the same bytes
 * everywhere, so the table is here. It has the services that imp's labs run, or are likely to meet, under the names that
 * IANA's registry (RFC 6335) and Debian's file agree on, in order of their numbers.
 *
 * Structures: one sorted table, searched by halving. No state, no timers. Left out on purpose: aliases ("www"), and the thousands of registered
 * ports that nobody sees. */
#include "tools/port_name.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum { IN_TCP = 1, IN_UDP = 2, IN_BOTH = 3 };
struct port_entry {
    uint16_t port;
    uint8_t in;
    const char *name;
};
static const struct port_entry PORTS[] = {
    {7, IN_BOTH, "echo"},
    {9, IN_BOTH, "discard"},
    {13, IN_BOTH, "daytime"},
    {19, IN_BOTH, "chargen"},
    {20, IN_TCP, "ftp-data"},
    {21, IN_TCP, "ftp"},
    {22, IN_TCP, "ssh"},
    {23, IN_TCP, "telnet"},
    {25, IN_TCP, "smtp"},
    {37, IN_BOTH, "time"},
    {43, IN_TCP, "whois"},
    {49, IN_BOTH, "tacacs"},
    {53, IN_BOTH, "domain"},
    {67, IN_UDP, "bootps"},
    {68, IN_UDP, "bootpc"},
    {69, IN_UDP, "tftp"},
    {79, IN_TCP, "finger"},
    {80, IN_TCP, "http"},
    {88, IN_BOTH, "kerberos"},
    {110, IN_TCP, "pop3"},
    {111, IN_BOTH, "sunrpc"},
    {113, IN_TCP, "auth"},
    {119, IN_TCP, "nntp"},
    {123, IN_UDP, "ntp"},
    {137, IN_UDP, "netbios-ns"},
    {138, IN_UDP, "netbios-dgm"},
    {139, IN_TCP, "netbios-ssn"},
    {143, IN_TCP, "imap2"},
    {161, IN_BOTH, "snmp"},
    {162, IN_BOTH, "snmp-trap"},
    {179, IN_TCP, "bgp"},
    {389, IN_BOTH, "ldap"},
    {443, IN_BOTH, "https"},
    {445, IN_TCP, "microsoft-ds"},
    {465, IN_TCP, "submissions"},
    {500, IN_UDP, "isakmp"},
    {514, IN_UDP, "syslog"},
    {520, IN_UDP, "route"},
    {546, IN_UDP, "dhcpv6-client"},
    {547, IN_UDP, "dhcpv6-server"},
    {587, IN_TCP, "submission"},
    {636, IN_BOTH, "ldaps"},
    {853, IN_BOTH, "domain-s"},
    {873, IN_TCP, "rsync"},
    {993, IN_TCP, "imaps"},
    {995, IN_TCP, "pop3s"},
    {1080, IN_TCP, "socks"},
    {1194, IN_BOTH, "openvpn"},
    {1812, IN_UDP, "radius"},
    {1813, IN_UDP, "radius-acct"},
    {2049, IN_BOTH, "nfs"},
    {3128, IN_TCP, "squid"},
    {3306, IN_TCP, "mysql"},
    {4500, IN_UDP, "ipsec-nat-t"},
    {5060, IN_BOTH, "sip"},
    {5353, IN_UDP, "mdns"},
    {5432, IN_TCP, "postgresql"},
    {6379, IN_TCP, "redis"},
    {8080, IN_TCP, "http-alt"},
};

static uint8_t transport_bit(uint8_t protocol) { return protocol == 6 ? IN_TCP : protocol == 17 ? IN_UDP : IN_BOTH; }

const char *port_name(uint8_t protocol, uint16_t port)
{
    size_t low = 0, high = count_of(PORTS);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (PORTS[middle].port == port)
            return PORTS[middle].in & transport_bit(protocol) ? PORTS[middle].name : NULL;
        if (PORTS[middle].port < port)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int port_parse(uint8_t protocol, const char *text)
{
    uint64_t number;
    if (number_parse(text, 65535, &number) == 0)
        return (int)number;
    for (size_t i = 0; i < count_of(PORTS); i++)
        if ((PORTS[i].in & transport_bit(protocol)) && strcmp(PORTS[i].name, text) == 0)
            return PORTS[i].port;
    return -1;
}
