/* The service "dns-authoritative": a name server that owns zones.
 *
 * An answer (RFC 1034 section 4.3.2) begins in the zone nearest to the name, and goes on for as long as aliases lead to names that this
 * server owns too:
 *
 *   no such zone     REFUSED: it is not for us to say
 *   a set            the answer; for NS, MX and SRV also the addresses of the hosts they name, when we have them
 *   an alias         the CNAME, and then the same for its target
 *   a cut            a referral: the child's NS records with their addresses (glue), and no AA, since it is not our word
 *   nothing          the zone's SOA, whose TTL and MINIMUM say for how long the absence may be remembered (RFC 2308 section 3);
 *                    NXDOMAIN, or NOERROR when the name exists
 *
 * The answer to ANY is one set only (RFC 8482 section 4.1), so that nobody can be drowned in what others own. Records stand in the
 * zone's order, always the same; with `rotate` they take turns, likewise the same in every run of a lab.
 *
 * Zones are read when the node starts, and kept. Left out on purpose: zone transfers, updates, NOTIFY; the NS set in the authority section
 * of a full answer, which helps nobody. */
#include "application/dns/authoritative.h"

#include <stdio.h>
#include <string.h>

#include "application/dns/server.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "host/folder.h"
#include "net/service.h"

/* ---- answering, without a network ---- */

static struct dns_zone *nearest_zone(const struct dns_zones *zones, const struct dns_name *name)
{
    struct dns_zone *nearest = NULL;
    for (size_t i = 0; i < zones->count; i++)
        if (dns_name_within(name, &zones->list[i].origin) &&
            (!nearest || dns_name_within(&zones->list[i].origin, &nearest->origin)))
            nearest = &zones->list[i];
    return nearest;
}

static void add_set(struct arena *arena, struct dns_records *records, const struct dns_name *owner, const struct dns_set *set,
                    size_t turn)
{
    for (size_t i = 0; i < set->count; i++)
        dns_records_add(arena, records,
                        &(struct dns_record){.name = *owner,
                                             .type = set->type,
                                             .class = DNS_CLASS_IN,
                                             .ttl_s = set->ttl_s,
                                             .data = set->data[(i + turn) % set->count]});
}

/* The addresses of the hosts that a set names, from our zones; glue too, if it is a referral that needs them. */
static void add_addresses(struct dns_zones *zones, struct arena *arena, const struct dns_set *set, bool glue,
                          struct dns_message *response)
{
    static const uint16_t TYPES[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
    struct dns_records *more = &response->section[DNS_ADDITIONAL];
    int offset = dns_rdata_target_offset(set->type);
    for (size_t i = 0; offset >= 0 && i < set->count; i++) {
        struct dns_name target = dns_rdata_name(set->data[i], (size_t)offset);
        const struct dns_zone *zone = nearest_zone(zones, &target);
        const struct dns_zone_node *node = zone ? dns_zone_find(zone, &target) : NULL;
        for (size_t t = 0; node && t < count_of(TYPES); t++) {
            struct dns_lookup found;
            const struct dns_set *addresses = dns_node_set(node, TYPES[t]);
            if (addresses && !dns_records_have(more, &target, TYPES[t]) &&
                (glue || dns_zone_lookup(zone, &target, TYPES[t], &found) == DNS_FOUND_SET))
                add_set(arena, more, &target, addresses, 0);
        }
    }
}

static void add_soa(struct arena *arena, const struct dns_zone *zone, struct dns_message *response)
{
    const struct dns_set *soa = dns_node_set(dns_zone_find(zone, &zone->origin), DNS_TYPE_SOA);
    struct dns_set brief = *soa;
    uint32_t minimum_s = dns_soa_minimum_s(soa->data[0]);
    brief.ttl_s = minimum_s < soa->ttl_s ? minimum_s : soa->ttl_s; /* RFC 2308 section 3 */
    add_set(arena, &response->section[DNS_AUTHORITY], &zone->origin, &brief, 0);
}

const char *dns_zones_answer(struct dns_zones *zones, struct arena *arena, const struct dns_message *query,
                             struct dns_message *response)
{
    struct dns_name name = query->question.name;
    struct dns_zone *zone = nearest_zone(zones, &name);
    if (!zone) {
        response->rcode = DNS_REFUSED;
        return "it has no zone with that name";
    }
    response->authoritative = true;
    for (unsigned links = 0; zone && links <= LIMIT_DNS_CHAIN; links++, zone = nearest_zone(zones, &name)) {
        struct dns_lookup found;
        switch (dns_zone_lookup(zone, &name, query->question.type, &found)) {
        case DNS_FOUND_SET:
            add_set(arena, &response->section[DNS_ANSWER], &name, found.set, zones->rotate ? zones->turn++ : 0);
            add_addresses(zones, arena, found.set, false, response);
            return "from its own zone";
        case DNS_FOUND_ALIAS:
            if (dns_records_have(&response->section[DNS_ANSWER], &name, DNS_TYPE_CNAME))
                return "its aliases lead in a circle";
            add_set(arena, &response->section[DNS_ANSWER], &name, found.set, 0);
            name = dns_rdata_name(found.set->data[0], 0);
            break;
        case DNS_FOUND_REFERRAL:
            response->authoritative = links > 0; /* AA speaks of the first name (RFC 1035 section 4.1.1) */
            add_set(arena, &response->section[DNS_AUTHORITY], &found.node->name, found.set, 0);
            add_addresses(zones, arena, found.set, true, response);
            return NULL;
        case DNS_FOUND_NXDOMAIN:
            response->rcode = DNS_NXDOMAIN; /* of the last name in the chain (RFC 2308 section 2.1) */
            /* fallthrough */
        case DNS_FOUND_NODATA: add_soa(arena, zone, response); return "its own zone says so";
        }
    }
    return "from its own zone; the alias leads elsewhere";
}

/* ---- the service ---- */

struct zone_config {
    const char *name, *file, *text;
};
struct authoritative_config {
    struct zone_config *zones;
    size_t zone_count;
    struct ip *listen;
    size_t listen_count;
    uint16_t port;
    bool rotate;
};
struct authoritative {
    struct dns_zones zones;
    struct dns_server server;
};

static const struct config_key ZONE_KEYS[] = {
    {.name = "file",
     .kind = CONFIG_FILE,
     .offset = offsetof(struct zone_config, file),
     .about = "The zone as a master file (RFC 1035 section 5)."},
    {.name = "value",
     .kind = CONFIG_TEXT,
     .offset = offsetof(struct zone_config, text),
     .about = "The zone itself, in a master file's form: a block of text."},
    {.name = NULL},
};
static const struct config_key KEYS[] = {
    {.name = "zones",
     .kind = CONFIG_MAP,
     .required = true,
     .offset = offsetof(struct authoritative_config, zones),
     .count_offset = offsetof(struct authoritative_config, zone_count),
     .keys = ZONE_KEYS,
     .element_bytes = sizeof(struct zone_config),
     .about = "The zones that it owns: the name of each, and its text or its file. \".\" is the root."},
    {.name = "port",
     .kind = CONFIG_NUMBER,
     .offset = offsetof(struct authoritative_config, port),
     .bytes = 2,
     .minimum = 1,
     .maximum = 65535,
     .fallback = "53",
     .about = "The UDP and TCP port."},
    {.name = "listen",
     .kind = CONFIG_IP,
     .list = true,
     .offset = offsetof(struct authoritative_config, listen),
     .count_offset = offsetof(struct authoritative_config, listen_count),
     .about = "The addresses to listen on; all of the node's when none is given."},
    {.name = "rotate",
     .kind = CONFIG_BOOL,
     .offset = offsetof(struct authoritative_config, rotate),
     .fallback = "false",
     .about = "Whether the records of a set take turns in being the first, which spreads clients over servers."},
    {.name = NULL},
};

/* Reads one zone. Faults are added to `errors`, a line each. */
static int zone_load(const struct zone_config *config, struct arena *arena, struct dns_zone *zone, struct text *errors)
{
    struct dns_name origin;
    if (dns_name_parse(config->name, NULL, &origin) != 0) {
        text_format(errors, "\"%s\" is no domain name\n", config->name);
        return IMP_MALFORMED;
    }
    dns_zone_init(zone, arena, &origin);
    if ((config->text != NULL) == (config->file != NULL)) {
        text_format(errors, "zone %s: its text or its file was expected, one of them\n", config->name);
        return IMP_MALFORMED;
    }
    if (config->text) {
        char *label = arena_format(arena, "zone %s", config->name);
        return dns_zone_parse(zone, config->text, strlen(config->text), label, errors);
    }
    struct arena file = {0};
    const uint8_t *text;
    uint64_t length;
    int error = host_folder_file(config->file, &file, LIMIT_DNS_ZONE_BYTES, &text, &length);
    if (error)
        text_format(errors, "%s: %s\n", config->file, imp_error_text(error));
    else
        error = dns_zone_parse(zone, (const char *)text, length, config->file, errors);
    arena_free(&file);
    return error;
}

/* One sentence from many lines: all of them, joined, as far as there is room. */
static void tell(const struct text *errors, char *error, size_t error_bytes)
{
    snprintf(error, error_bytes, "%s", text_string(errors));
    size_t length = strlen(error);
    while (length > 0 && error[length - 1] == '\n')
        error[--length] = '\0';
}

static int authoritative_check(const void *config, const char **key, char *error, size_t error_bytes)
{
    const struct authoritative_config *c = config;
    struct text errors = {0};
    int result = 0;
    *key = "zones";
    if (c->zone_count == 0) {
        snprintf(error, error_bytes, "it wants one zone at least");
        return IMP_INVALID;
    }
    for (size_t i = 0; i < c->zone_count; i++) {
        struct arena arena = {0};
        struct dns_zone zone = {0};
        int one = zone_load(&c->zones[i], &arena, &zone, &errors);
        result = result ? result : one;
        dns_zone_free(&zone);
        arena_free(&arena);
    }
    tell(&errors, error, error_bytes);
    text_free(&errors);
    return result;
}

static const char *authoritative_answer(void *context, struct arena *arena, const struct dns_client *client,
                                        const struct dns_message *query, struct dns_message *response)
{
    (void)client;
    return dns_zones_answer(context, arena, query, response);
}

static void authoritative_stop(void *state)
{
    struct authoritative *a = state;
    for (size_t i = 0; i < a->zones.count; i++)
        dns_zone_free(&a->zones.list[i]);
}

static int authoritative_start(const struct service_start *start, void **state)
{
    const struct authoritative_config *config = start->config;
    struct authoritative *a = arena_take(start->arena, sizeof *a);
    struct text errors = {0};
    int error = 0;
    a->zones.list = arena_take(start->arena, config->zone_count * sizeof *a->zones.list);
    a->zones.rotate = config->rotate;
    for (size_t i = 0; i < config->zone_count && !error; i++) {
        error = zone_load(&config->zones[i], start->arena, &a->zones.list[i], &errors);
        a->zones.count++;
    }
    tell(&errors, start->error, start->error_bytes);
    text_free(&errors);
    if (!error) {
        a->server = (struct dns_server){.net = start->net,
                                        .name = "dns-authoritative",
                                        .addresses = config->listen,
                                        .address_count = config->listen_count,
                                        .port = config->port,
                                        .answer = authoritative_answer,
                                        .context = &a->zones};
        error = dns_server_start(&a->server);
        if (error)
            snprintf(start->error, start->error_bytes, "cannot listen on port %u: %s", config->port,
                     service_listen_error(error));
    }
    if (error)
        authoritative_stop(a);
    *state = a;
    return error;
}

const struct service DNS_AUTHORITATIVE = {
    .name = "dns-authoritative",
    .udp = true,
    .summary =
        "A name server that owns zones: it answers from them, refers to the owners of zones below, and refuses the rest.",
    .config_bytes = sizeof(struct authoritative_config),
    .keys = KEYS,
    .check = authoritative_check,
    .start = authoritative_start,
    .stop = authoritative_stop,
};
