/* The services "dns-resolver" and "dns-forwarder".
 *
 * Both are one server body (server.c) in front of one engine (recursive.c); they differ in their configuration and in whether the engine
 * begins at the root or at an upstream resolver. Each client's question is worked on by the task that server.c gave it, and takes as
 * long as it takes: up to LIMIT_DNS_CLIENT_S, by which time any client has given up.
 *
 * A resolver that answers everybody is a weapon: it can be made to flood a victim with answers (RFC 5358). So `allow` names the
 * networks that may ask; in a lab, where nothing is said, everybody may.
 *
 * A forwarder without `upstream` asks the resolvers that the node itself was told of, by DHCP or in its configuration, and so follows
 * when they change. */
#include "application/dns/resolver.h"

#include <stdio.h>

#include "application/dns/recursive.h"
#include "application/dns/server.h"
#include "application/limits.h"
#include "base/error.h"

struct resolver_service_config {
    struct dns_hint *hints;
    size_t hint_count;
    struct endpoint *upstream;
    size_t upstream_count;
    struct prefix *allow;
    size_t allow_count;
    struct ip *listen;
    size_t listen_count;
    uint32_t cache_entries;
    uint16_t port, server_port;
    bool mix_case, minimise;
};
struct resolver_service {
    const struct resolver_service_config *config;
    struct dns_resolver resolver;
    struct dns_server server;
};

#define FIELD(member) offsetof(struct resolver_service_config, member)

static const struct config_key HINT_KEYS[] = {
    {.name = "value",
     .kind = CONFIG_IP,
     .required = true,
     .list = true,
     .offset = offsetof(struct dns_hint, addresses),
     .count_offset = offsetof(struct dns_hint, address_count),
     .about = "The root server's addresses."},
    {.name = NULL},
};

#define COMMON_KEYS                                                                                                            \
    {.name = "allow",                                                                                                          \
     .kind = CONFIG_PREFIX,                                                                                                    \
     .list = true,                                                                                                             \
     .offset = FIELD(allow),                                                                                                   \
     .count_offset = FIELD(allow_count),                                                                                       \
     .about = "The networks that may ask; everybody when none is given."},                                                     \
        {.name = "cache",                                                                                                      \
         .kind = CONFIG_NUMBER,                                                                                                \
         .offset = FIELD(cache_entries),                                                                                       \
         .bytes = 4,                                                                                                           \
         .minimum = 1,                                                                                                         \
         .maximum = 10000000,                                                                                                  \
         .fallback = "10000",                                                                                                  \
         .about = "How many record sets are remembered; beyond that, the one used longest ago is forgotten."},                 \
        {.name = "port",                                                                                                       \
         .kind = CONFIG_NUMBER,                                                                                                \
         .offset = FIELD(port),                                                                                                \
         .bytes = 2,                                                                                                           \
         .minimum = 1,                                                                                                         \
         .maximum = 65535,                                                                                                     \
         .fallback = "53",                                                                                                     \
         .about = "The UDP and TCP port to listen on."},                                                                       \
        {.name = "listen",                                                                                                     \
         .kind = CONFIG_IP,                                                                                                    \
         .list = true,                                                                                                         \
         .offset = FIELD(listen),                                                                                              \
         .count_offset = FIELD(listen_count),                                                                                  \
         .about = "The addresses to listen on; all of the node's when none is given."},                                        \
    {                                                                                                                          \
        .name = "random-case", .kind = CONFIG_BOOL, .offset = FIELD(mix_case), .fallback = "true",                             \
        .about = "Whether questions are spelt in random case, which makes forging an answer harder."                           \
    }

static const struct config_key RESOLVER_KEYS[] = {
    {.name = "hints",
     .kind = CONFIG_MAP,
     .required = true,
     .offset = FIELD(hints),
     .count_offset = FIELD(hint_count),
     .keys = HINT_KEYS,
     .element_bytes = sizeof(struct dns_hint),
     .about = "The root servers: the name of each, and its address or addresses."},
    {.name = "minimise",
     .kind = CONFIG_BOOL,
     .offset = FIELD(minimise),
     .fallback = "false",
     .about = "Whether each server is told only as much of the name as it needs to know (QNAME minimisation, RFC 9156)."},
    {.name = "server-port",
     .kind = CONFIG_NUMBER,
     .offset = FIELD(server_port),
     .bytes = 2,
     .minimum = 1,
     .maximum = 65535,
     .fallback = "53",
     .about = "The port of the servers that it asks."},
    COMMON_KEYS,
    {.name = NULL},
};

static const struct config_key FORWARDER_KEYS[] = {
    {.name = "upstream",
     .kind = CONFIG_ENDPOINT,
     .list = true,
     .minimum = 53,
     .offset = FIELD(upstream),
     .count_offset = FIELD(upstream_count),
     .about =
         "The resolvers to ask, the first first; when none is given those that the node itself uses, such as DHCP told it."},
    COMMON_KEYS,
    {.name = NULL},
};

static bool may_ask(const struct resolver_service_config *config, const struct ip *client)
{
    for (size_t i = 0; i < config->allow_count; i++)
        if (prefix_contains(&config->allow[i], client))
            return true;
    return config->allow_count == 0;
}

static const char *resolver_answer(void *context, struct arena *arena, const struct dns_client *client,
                                   const struct dns_message *query, struct dns_message *response)
{
    struct resolver_service *s = context;
    if (!may_ask(s->config, &client->address.address)) {
        response->rcode = DNS_REFUSED;
        return "it does not answer this network";
    }
    response->recursion_available = true;
    struct instant deadline = instant_add(net_now(s->resolver.net), LIMIT_DNS_CLIENT_S * NS_PER_S);
    return dns_resolver_ask(&s->resolver, arena, &query->question, query->recursion_desired, deadline, response);
}

static int start(const struct service_start *start, void **state, const char *name, bool forward)
{
    const struct resolver_service_config *config = start->config;
    struct resolver_service *s = arena_take(start->arena, sizeof *s);
    s->config = config;
    s->resolver = (struct dns_resolver){.net = start->net,
                                        .hints = config->hints,
                                        .hint_count = config->hint_count,
                                        .forward = forward,
                                        .forwarders = config->upstream,
                                        .forwarder_count = config->upstream_count,
                                        .port = config->server_port,
                                        .mix_case = config->mix_case,
                                        .minimise = config->minimise};
    dns_resolver_init(&s->resolver, config->cache_entries);
    s->server = (struct dns_server){.net = start->net,
                                    .name = name,
                                    .addresses = config->listen,
                                    .address_count = config->listen_count,
                                    .port = config->port,
                                    .answer = resolver_answer,
                                    .context = s};
    int error = dns_server_start(&s->server);
    if (error) {
        snprintf(start->error, start->error_bytes, "cannot listen on port %u: %s", config->port, service_listen_error(error));
        dns_resolver_free(&s->resolver);
    }
    *state = s;
    return error;
}

static int resolver_start(const struct service_start *s, void **state) { return start(s, state, "dns-resolver", false); }
static int forwarder_start(const struct service_start *s, void **state) { return start(s, state, "dns-forwarder", true); }

static void resolver_stop(void *state)
{
    struct resolver_service *s = state;
    dns_resolver_free(&s->resolver);
}

static int resolver_check(const void *config, const char **key, char *error, size_t error_bytes)
{
    const struct resolver_service_config *c = config;
    struct dns_name name;
    *key = "hints";
    if (c->hint_count == 0) {
        snprintf(error, error_bytes, "it wants one root server at least, such as { a.root: 192.0.2.4 }");
        return IMP_INVALID;
    }
    for (size_t i = 0; i < c->hint_count; i++)
        if (dns_name_parse(c->hints[i].name, NULL, &name)) {
            snprintf(error, error_bytes, "'%.80s' is no domain name", c->hints[i].name);
            return IMP_INVALID;
        }
    return 0;
}

const struct service DNS_RESOLVER = {
    .name = "dns-resolver",
    .udp = true,
    .summary = "A recursive resolver: finds what clients ask for, from the root down, and remembers it.",
    .config_bytes = sizeof(struct resolver_service_config),
    .keys = RESOLVER_KEYS,
    .check = resolver_check,
    .start = resolver_start,
    .stop = resolver_stop,
};

const struct service DNS_FORWARDER = {
    .name = "dns-forwarder",
    .udp = true,
    .summary = "A caching forwarder: passes questions on to another resolver and remembers the answers, as a home router does.",
    .config_bytes = sizeof(struct resolver_service_config),
    .keys = FORWARDER_KEYS,
    .start = forwarder_start,
    .stop = resolver_stop,
};
