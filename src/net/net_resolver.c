/* The resolver's configuration: which servers to ask, which domain to search, which names are known without asking.
 *
 * Both worlds keep it in the same plain struct. On a host it is read once from /etc/resolv.conf and /etc/hosts (net_host_resolver.c);
 * in a lab the lab file, DHCP and router advertisements fill it. It is bounded: RESOLVER_SERVERS_MAX servers as in every resolv.conf(5),
 * RESOLVER_HOSTS_MAX names. Who resolves names (application/dns) reads it anew for each question, so a new lease takes effect at once.
 * The hosts' array grows only when there are any, since most nodes have none. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "net/net_internal.h"

const struct resolver_config *net_resolver(struct net *net) { return &net->resolver; }

int net_resolver_set(struct net *net, const struct endpoint *servers, unsigned count, const char *search)
{
    struct resolver_config *resolver = &net->resolver;
    size_t length = search ? strlen(search) : 0;
    if (count > RESOLVER_SERVERS_MAX || length >= NAME_BYTES_MAX)
        return IMP_LIMIT;
    for (unsigned i = 0; i < count; i++)
        resolver->servers[i] = servers[i];
    resolver->server_count = count;
    char *before = net->search;
    net->search = length ? memory_copy_text(search) : NULL;
    resolver->search = length ? net->search : "";
    memory_free(before);
    return 0;
}

int net_resolver_host_add(struct net *net, const char *name, const struct ip *address)
{
    struct resolver_config *resolver = &net->resolver;
    if (strlen(name) >= sizeof(resolver->hosts->name))
        return IMP_INVALID;
    if (resolver->host_count == RESOLVER_HOSTS_MAX)
        return IMP_LIMIT;
    resolver->hosts = memory_grow(resolver->hosts, resolver->host_count + 1, sizeof(*resolver->hosts));
    struct resolver_host *host = &resolver->hosts[resolver->host_count++];
    *host = (struct resolver_host){.address = *address};
    strcpy(host->name, name);
    return 0;
}
