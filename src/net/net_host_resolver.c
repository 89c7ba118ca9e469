/* This machine's resolver configuration: resolv.conf(5) and hosts(5), read into struct resolver_config.
 *
 * resolv.conf: the first RESOLVER_SERVERS_MAX `nameserver` lines (an IPv6 zone such as fe80::1%eth0 is left out: the address is skipped,
 * since a resolver without its zone could not be reached), and the first name of `search` or `domain`, the last such line winning. With
 * no nameserver at all the resolver is on this machine, 127.0.0.1. Options and sortlist are not read.
 *
 * hosts: an address and its names on a line; '#' starts a comment. Past RESOLVER_HOSTS_MAX names the rest is ignored. Broken lines are
 * skipped, as every resolver does. */
#include <string.h>

#include "base/error.h"
#include "net/net_host.h"
#include "net/net_internal.h"

enum { DNS_PORT = 53, WORD_BYTES = 256 };

/* The next word of a line; false at its end. A longer word is cut, and then parses as nothing. */
static bool next_word(const char **at, char word[WORD_BYTES])
{
    const char *p = *at + strspn(*at, " \t\r");
    size_t length = strcspn(p, " \t\r\n#;");
    *at = p + length;
    if (length >= WORD_BYTES)
        length = WORD_BYTES - 1;
    memcpy(word, p, length);
    word[length] = '\0';
    return length > 0;
}

static const char *next_line(const char *at)
{
    at += strcspn(at, "\n");
    return *at ? at + 1 : at;
}

void net_host_read_resolv_conf(struct net *net, const char *text)
{
    struct endpoint servers[RESOLVER_SERVERS_MAX];
    unsigned count = 0;
    char search[WORD_BYTES] = "", word[WORD_BYTES];
    for (const char *line = text; *line; line = next_line(line)) {
        const char *at = line;
        if (!next_word(&at, word))
            continue;
        if (strcmp(word, "search") == 0 || strcmp(word, "domain") == 0) {
            if (next_word(&at, word))
                strcpy(search, word);
        } else if (strcmp(word, "nameserver") == 0 && next_word(&at, word) && count < RESOLVER_SERVERS_MAX) {
            struct endpoint server = {.port = DNS_PORT};
            if (ip_parse(word, &server.address) == 0)
                servers[count++] = server;
        }
    }
    if (count == 0)
        servers[count++] = (struct endpoint){.address = ip4(0x7f000001), .port = DNS_PORT};
    (void)net_resolver_set(net, servers, count, search);
}

void net_host_read_hosts(struct net *net, const char *text)
{
    char word[WORD_BYTES];
    struct ip address;
    for (const char *line = text; *line; line = next_line(line)) {
        const char *at = line;
        if (!next_word(&at, word) || ip_parse(word, &address) != 0)
            continue;
        while (next_word(&at, word))
            if (net_resolver_host_add(net, word, &address) == IMP_LIMIT)
                return;
    }
}
