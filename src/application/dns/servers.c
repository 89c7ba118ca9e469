/* Which of a zone's servers to ask, and how long to wait.
 *
 * For each server asked there are the two figures that TCP keeps of a path (RFC 6298): a smoothed round-trip time and its variation.
 * The rank is the first, so the nearest server is asked most; an unknown one ranks in the middle, so that a server known to be fast is
 * preferred and one known to be slow gives others their chance. The wait is srtt + 4 * rttvar within bounds, twice as long in each round.
 *
 * Silence counts as an answer that took twice as long as what is known: a dead server sinks below the others, and since everything here is
 * forgotten after a quarter of an hour, it gets another chance. When the memory is full, the server met first is forgotten.
 *
 * Left out on purpose: rank by address family, and probing for better servers by chance, which BIND does and no lab needs. */
#include "application/dns/servers.h"

#include <string.h>

#include "application/limits.h"
#include "base/memory.h"

enum { UNKNOWN_RANK_MS = 400, UNKNOWN_TIMEOUT_MS = 800, TIMEOUT_MIN_MS = 200, TIMEOUT_MAX_MS = 5000, RANK_MAX_MS = 20000 };

struct server {
    int64_t srtt_ns, rttvar_ns; /* srtt_ns 0: never answered, never silent */
    bool no_edns;
    struct instant until; /* forgotten then */
};

static struct server *find(const struct dns_server_memory *memory, const struct ip *address, struct instant now)
{
    struct server *server = map_get(&memory->servers, address, sizeof *address);
    return server && instant_before(now, server->until) ? server : NULL;
}

static struct server *make(struct dns_server_memory *memory, const struct ip *address, struct instant now)
{
    struct server *server = map_get(&memory->servers, address, sizeof *address);
    if (!server) {
        if (map_count(&memory->servers) >= LIMIT_DNS_SERVER_MEMORY) {
            size_t at = 0;
            const void *key;
            size_t length;
            void *oldest;
            if (map_next(&memory->servers, &at, &key, &length, &oldest)) {
                map_remove(&memory->servers, key, length);
                memory_free(oldest);
            }
        }
        server = memory_take_zeroed(1, sizeof *server);
        map_put(&memory->servers, address, sizeof *address, server);
    } else if (!instant_before(now, server->until)) {
        *server = (struct server){0};
    }
    server->until = instant_add(now, LIMIT_DNS_SERVER_MEMORY_S * NS_PER_S);
    return server;
}

void dns_servers_free(struct dns_server_memory *memory)
{
    void *server;
    for (size_t at = 0; map_next(&memory->servers, &at, NULL, NULL, &server);)
        memory_free(server);
    map_free(&memory->servers);
}

int64_t dns_server_rank_ns(const struct dns_server_memory *memory, const struct ip *address, struct instant now)
{
    const struct server *server = find(memory, address, now);
    return server && server->srtt_ns ? server->srtt_ns : UNKNOWN_RANK_MS * NS_PER_MS;
}

int64_t dns_server_timeout_ns(const struct dns_server_memory *memory, const struct ip *address, struct instant now,
                              unsigned round)
{
    const struct server *server = find(memory, address, now);
    int64_t timeout_ns = UNKNOWN_TIMEOUT_MS * NS_PER_MS;
    if (server && server->srtt_ns)
        timeout_ns = server->srtt_ns + 4 * server->rttvar_ns;
    timeout_ns = timeout_ns > TIMEOUT_MIN_MS * NS_PER_MS ? timeout_ns : TIMEOUT_MIN_MS * NS_PER_MS;
    timeout_ns <<= round;
    return timeout_ns < TIMEOUT_MAX_MS * NS_PER_MS ? timeout_ns : TIMEOUT_MAX_MS * NS_PER_MS;
}

void dns_server_answered(struct dns_server_memory *memory, const struct ip *address, struct instant now, int64_t rtt_ns)
{
    struct server *server = make(memory, address, now);
    rtt_ns = rtt_ns > 0 ? rtt_ns : 1;
    if (server->srtt_ns == 0) {
        server->srtt_ns = rtt_ns;
        server->rttvar_ns = rtt_ns / 2;
    } else {
        int64_t off = rtt_ns - server->srtt_ns;
        server->rttvar_ns += ((off < 0 ? -off : off) - server->rttvar_ns) / 4;
        server->srtt_ns += off / 8;
    }
}

void dns_server_silent(struct dns_server_memory *memory, const struct ip *address, struct instant now, int64_t waited_ns)
{
    struct server *server = make(memory, address, now);
    int64_t worse_ns = 2 * (server->srtt_ns > waited_ns ? server->srtt_ns : waited_ns);
    server->srtt_ns = worse_ns < RANK_MAX_MS * NS_PER_MS ? worse_ns : RANK_MAX_MS * NS_PER_MS;
}

void dns_server_lacks_edns(struct dns_server_memory *memory, const struct ip *address, struct instant now)
{
    make(memory, address, now)->no_edns = true;
}

bool dns_server_has_edns(const struct dns_server_memory *memory, const struct ip *address, struct instant now)
{
    const struct server *server = find(memory, address, now);
    return !server || !server->no_edns;
}
