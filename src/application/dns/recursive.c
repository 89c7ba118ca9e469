/* Recursive resolution (RFC 1034 section 5.3.3).
 *
 * A question is worked on by the task of the client that asked it, as plain sequential code:
 *
 *   resolve   the name's aliases, one after the other: from the cache, or else by
 *     iterate   from the nearest zone whose servers are known (the cut; at worst the root) from referral to referral, down to an answer
 *       ask_zone  each server of the cut, the fastest first, in rounds that wait longer and longer
 *         ask_server  one exchange over UDP, again without EDNS0 or over TCP when the server wants it so
 *
 * A server's response is first classified, and only then used. Everything it says must lie within the zone it was asked as a server
 * of (the bailiwick): a server of shop.example may not tell us about bank.example, nor that the root has moved. What is kept goes into the cache
 * with the trust it deserves; glue lets us go on, yet never answers a client.
 *
 * A name server's own address may be unknown (a referral to a name in another zone): then that is resolved first, one level deeper. All
 * of it is bounded: depth, referrals, aliases, questions in total, and the client's patience.
 *
 * The same question asked by several clients is worked on once: the first is its flight's pilot, the others wait for it to land and then
 * look into the cache. Only clients' own questions are shared, not those one level deeper, so that no two flights can wait for each other.
 *
 * With forwarders, asking them takes the place of iterate(); the rest is the same.
 *
 * Left out on purpose: DNSSEC validation (its place is between classifying and keeping), root priming (RFC 8109; the hints are used as they are),
 * prefetching, and DNS cookies. */
#include "application/dns/recursive.h"

#include <stdio.h>

#include "application/dns/exchange.h"
#include "application/dns/story.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/task.h"
#include "net/net_config.h"

struct job { /* a client's question and what it may still cost */
    struct dns_resolver *resolver;
    struct arena *arena;
    struct instant deadline;
    unsigned questions_left;
};
struct outcome {
    uint16_t rcode;
    struct dns_records answer, authority;
};
struct candidate { /* a server's address */
    struct endpoint endpoint;
    unsigned rounds; /* asked so often */
    bool useless;    /* answered, and of no use for this cut */
};
struct cut { /* a zone and who serves it */
    struct dns_name zone;
    bool from_hints, forwarders;
    size_t name_count, server_count;
    struct {
        struct dns_name name;
        bool resolved; /* its addresses are among the candidates, as far as there are any */
    } names[LIMIT_DNS_ZONE_SERVERS];
    struct candidate servers[LIMIT_DNS_SERVER_ADDRESSES];
};
enum step { STEP_DONE, STEP_ALIAS, STEP_FAILED };

static enum step resolve(struct job *job, struct dns_name name, uint16_t type, unsigned depth, struct outcome *out);

/* ---- the servers of a zone ---- */

static void cut_add_server(struct job *job, struct cut *cut, const struct ip *address)
{
    struct route_info route;
    int routed = net_route_get(job->resolver->net, address, &route);
    if ((routed != 0 && routed != IMP_UNSUPPORTED) || cut->server_count == LIMIT_DNS_SERVER_ADDRESSES)
        return; /* an IPv6 server is of no use to a host without IPv6 */
    for (size_t i = 0; i < cut->server_count; i++)
        if (ip_equal(&cut->servers[i].endpoint.address, address))
            return;
    cut->servers[cut->server_count++].endpoint = (struct endpoint){.address = *address, .port = job->resolver->port};
}

static void cut_add_records(struct job *job, struct cut *cut, const struct dns_records *records, const struct dns_name *owner)
{
    for (size_t i = 0; i < records->count; i++) {
        const struct dns_record *r = &records->list[i];
        if ((r->type != DNS_TYPE_A && r->type != DNS_TYPE_AAAA) || (owner && !dns_name_equal(&r->name, owner)))
            continue;
        struct ip address = r->type == DNS_TYPE_A ? ip4_of_bytes(r->data.data) : ip6_of_bytes(r->data.data);
        cut_add_server(job, cut, &address);
    }
}

/* Takes a server's name into the cut, with the addresses that a referral brought (NULL: none) or the cache holds. */
static void cut_add_name(struct job *job, struct cut *cut, const struct dns_name *name, const struct dns_records *glue)
{
    static const uint16_t TYPES[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
    struct dns_resolver *r = job->resolver;
    struct instant now = net_now(r->net);
    if (cut->name_count == LIMIT_DNS_ZONE_SERVERS)
        return;
    size_t before = cut->server_count;
    if (glue)
        cut_add_records(job, cut, glue, name);
    for (size_t i = 0; i < count_of(TYPES); i++) {
        const struct dns_entry *entry = dns_cache_find(&r->cache, now, name, TYPES[i], DNS_TRUST_ADDITIONAL);
        struct dns_records known = {0};
        if (entry && entry->kind == DNS_CACHED_SET) {
            dns_entry_copy(entry, now, name, job->arena, &known);
            cut_add_records(job, cut, &known, NULL);
        }
    }
    cut->names[cut->name_count].name = *name;
    cut->names[cut->name_count++].resolved = cut->server_count > before;
}

/* Can it be asked at all? A server whose address only its own zone knows cannot. */
static bool cut_is_usable(const struct cut *cut)
{
    if (cut->server_count > 0)
        return true;
    for (size_t i = 0; i < cut->name_count; i++)
        if (!dns_name_within(&cut->names[i].name, &cut->zone))
            return true;
    return false;
}

static struct cut *cut_make(struct job *job, const struct dns_name *zone)
{
    struct cut *cut = arena_take(job->arena, sizeof *cut);
    cut->zone = *zone;
    return cut;
}

/* The nearest zone above or at the name whose servers we know. */
static struct cut *cut_find(struct job *job, const struct dns_name *name)
{
    struct dns_resolver *r = job->resolver;
    for (unsigned labels = dns_name_labels(name) + 1; labels-- > 0;) {
        struct dns_name zone = dns_name_suffix(name, labels);
        const struct dns_entry *entry = dns_cache_find(&r->cache, net_now(r->net), &zone, DNS_TYPE_NS, DNS_TRUST_REFERRAL);
        if (!entry || entry->kind != DNS_CACHED_SET)
            continue;
        struct dns_records servers = {0};
        struct cut *cut = cut_make(job, &zone);
        dns_entry_copy(entry, net_now(r->net), &zone, job->arena, &servers);
        for (size_t i = 0; i < servers.count; i++) {
            struct dns_name server = dns_rdata_name(servers.list[i].data, 0);
            cut_add_name(job, cut, &server, NULL);
        }
        if (cut_is_usable(cut))
            return cut;
    }
    struct cut *root = cut_make(job, &DNS_ROOT);
    root->from_hints = true;
    for (size_t i = 0; i < r->hint_count; i++)
        for (size_t j = 0; j < r->hints[i].address_count; j++)
            cut_add_server(job, root, &r->hints[i].addresses[j]);
    return root;
}

/* Finds the addresses of one more of the cut's servers. False when there is none left to find. */
static bool cut_resolve_one(struct job *job, struct cut *cut, unsigned depth)
{
    static const uint16_t TYPES[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
    if (depth >= LIMIT_DNS_DEPTH)
        return false;
    for (size_t i = 0; i < cut->name_count; i++) {
        if (cut->names[i].resolved)
            continue;
        cut->names[i].resolved = true;
        if (dns_name_within(&cut->names[i].name, &cut->zone))
            continue;
        size_t before = cut->server_count;
        for (size_t t = 0; t < count_of(TYPES) && cut->server_count == before; t++) {
            struct outcome found = {0};
            if (resolve(job, cut->names[i].name, TYPES[t], depth + 1, &found) == STEP_DONE)
                cut_add_records(job, cut, &found.answer, NULL);
        }
        if (cut->server_count > before)
            return true;
    }
    return false;
}

/* ---- what a response is ---- */

enum verdict { VERDICT_ANSWER, VERDICT_DENIAL, VERDICT_REFERRAL, VERDICT_USELESS };

static const struct dns_record *find_record(const struct dns_records *records, const struct dns_name *owner, uint16_t type)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->list[i].type == type && (!owner || dns_name_equal(&records->list[i].name, owner)))
            return &records->list[i];
    return NULL;
}

static bool type_fits(uint16_t type, uint16_t asked) { return type == asked || asked == DNS_TYPE_ANY; }

static bool has_answer(const struct dns_message *m, const struct dns_name *name, uint16_t type)
{
    const struct dns_records *answer = &m->section[DNS_ANSWER];
    for (size_t i = 0; i < answer->count; i++)
        if ((type_fits(answer->list[i].type, type) || answer->list[i].type == DNS_TYPE_CNAME) &&
            dns_name_equal(&answer->list[i].name, name))
            return true;
    return false;
}

static enum verdict classify(const struct cut *cut, const struct dns_name *name, uint16_t type, const struct dns_message *m,
                             const char **why)
{
    *why = dns_rcode_name(m->rcode);
    if (m->rcode != DNS_NOERROR && m->rcode != DNS_NXDOMAIN)
        return VERDICT_USELESS;
    bool answer = has_answer(m, name, type);
    if (cut->forwarders || m->authoritative)
        return answer ? VERDICT_ANSWER : VERDICT_DENIAL;
    *why = "it does not own the zone (a lame server)";
    const struct dns_record *servers = find_record(&m->section[DNS_AUTHORITY], NULL, DNS_TYPE_NS);
    if (answer || m->rcode != DNS_NOERROR || !servers)
        return VERDICT_USELESS;
    /* A referral must lead down, towards the name: never up, sideways or to where we are. */
    *why = "its referral does not lead on";
    bool down = dns_name_within(name, &servers->name) && dns_name_within(&servers->name, &cut->zone) &&
                !dns_name_equal(&servers->name, &cut->zone);
    return down ? VERDICT_REFERRAL : VERDICT_USELESS;
}

/* ---- asking ---- */

static int exchange_with(struct job *job, struct candidate *server, const struct dns_question *question, bool forward, bool tcp,
                         struct dns_message *response)
{
    struct dns_resolver *r = job->resolver;
    const struct ip *address = &server->endpoint.address;
    struct instant start = net_now(r->net);
    unsigned round = server->rounds > 0 ? server->rounds - 1 : 0;
    int64_t timeout_ns =
        dns_server_timeout_ns(&r->servers, address, start, round + (tcp ? 2 : 0)); /* TCP: two round trips and a look up */
    bool edns = dns_server_has_edns(&r->servers, address, start);
    struct dns_exchange x = {.net = r->net,
                             .arena = job->arena,
                             .server = server->endpoint,
                             .query = dns_query((uint16_t)net_random(r->net), &question->name, question->type, forward,
                                                edns ? LIMIT_DNS_UDP_BYTES : 0),
                             .deadline = instant_min(instant_add(start, timeout_ns), job->deadline),
                             .tcp = tcp,
                             /* A server that cannot copy case would never be heard: insist no longer in the last round. */
                             .mix_case = r->mix_case && round + 1 < LIMIT_DNS_ROUNDS};
    if (job->questions_left == 0)
        return IMP_LIMIT;
    job->questions_left--;
    int error = dns_exchange(&x, response);
    struct instant end = net_now(r->net);
    if (!error && !tcp)
        dns_server_answered(&r->servers, address, end, instant_since(end, start));
    else if (error && error != IMP_CANCELLED)
        dns_server_silent(&r->servers, address, end, timeout_ns);
    return error;
}

static int ask_server(struct job *job, struct candidate *server, const struct dns_question *question, bool forward,
                      struct dns_message *response)
{
    struct dns_resolver *r = job->resolver;
    int error = exchange_with(job, server, question, forward, false, response);
    if (!error && !response->edns.present && (response->rcode == DNS_FORMERR || response->rcode == DNS_NOTIMP) &&
        dns_server_has_edns(&r->servers, &server->endpoint.address, net_now(r->net))) {
        dns_server_lacks_edns(&r->servers, &server->endpoint.address, net_now(r->net)); /* RFC 6891 section 7 */
        dns_story_question(r->net, &server->endpoint, question, "without EDNS0, which the server does not know");
        error = exchange_with(job, server, question, forward, false, response);
    }
    if (!error && response->truncated) {
        dns_story_over_tcp(r->net, &server->endpoint, question);
        error = exchange_with(job, server, question, forward, true, response);
    }
    return error;
}

/* The server to ask next: of those asked least often the fastest; in the order given among equals. */
static struct candidate *next_server(struct job *job, struct cut *cut, unsigned round)
{
    struct dns_resolver *r = job->resolver;
    struct candidate *best = NULL;
    int64_t best_ns = 0;
    for (size_t i = 0; i < cut->server_count; i++) {
        struct candidate *c = &cut->servers[i];
        if (c->useless || c->rounds > round)
            continue;
        int64_t rank_ns = cut->forwarders ? 0 : dns_server_rank_ns(&r->servers, &c->endpoint.address, net_now(r->net));
        if (!best || rank_ns < best_ns) {
            best = c;
            best_ns = rank_ns;
        }
    }
    return best;
}

static void tell_question(struct job *job, const struct cut *cut, const struct candidate *server,
                          const struct dns_question *question, unsigned depth)
{
    char zone[DNS_NAME_TEXT_BYTES], note[DNS_NAME_TEXT_BYTES + 80];
    struct dns_name name = dns_name_fold(&cut->zone); /* it may have come back in the mixed case of a question of ours */
    const char *prefix = depth ? "to find a name server's address; " : "";
    if (cut->forwarders)
        snprintf(note, sizeof note, "not in its cache, so it asks its own resolver");
    else if (cut->from_hints && map_count(&job->resolver->cache.entries) == 0)
        snprintf(note, sizeof note, "its cache is empty, so it starts at the root");
    else if (cut->zone.length == 1)
        snprintf(note, sizeof note, "%sit knows nobody nearer than the root", prefix);
    else
        snprintf(note, sizeof note, "%sasks a server of %s", prefix, dns_name_print_plain(&name, zone));
    dns_story_question(job->resolver->net, &server->endpoint, question, note);
}

/* Asks the cut's servers until one is of use. */
static enum verdict ask_zone(struct job *job, struct cut *cut, const struct dns_question *question, unsigned depth,
                             struct dns_message *response)
{
    struct net *net = job->resolver->net;
    int64_t waited_ns = 0;
    for (unsigned round = 0; round < LIMIT_DNS_ROUNDS;) {
        struct candidate *server = next_server(job, cut, round);
        if (!server) {
            if (!cut_resolve_one(job, cut, depth))
                round++;
            continue;
        }
        if (instant_reached(net_now(net), job->deadline) || job->questions_left == 0)
            break;
        server->rounds++;
        if (waited_ns)
            dns_story_retry(net, &server->endpoint, question, waited_ns);
        else
            tell_question(job, cut, server, question, depth);
        struct instant start = net_now(net);
        int error = ask_server(job, server, question, cut->forwarders, response);
        if (error == IMP_CANCELLED)
            break;
        waited_ns = error ? instant_since(net_now(net), start) : 0;
        if (error) {
            dns_story_useless(net, &server->endpoint, question, imp_error_text(error));
            continue;
        }
        const char *why;
        enum verdict verdict = classify(cut, &question->name, question->type, response, &why);
        if (verdict != VERDICT_USELESS)
            return verdict;
        server->useless = true;
        dns_story_useless(net, &server->endpoint, question, why);
    }
    return VERDICT_USELESS;
}

/* ---- keeping what was learned ---- */

/* The records of one name and type, wherever they stand in the section, all spelt like `owner`, put into the cache and added to `out`. */
static size_t keep_set(struct job *job, const struct dns_records *section, const struct dns_name *owner, uint16_t type,
                       enum dns_trust trust, struct dns_records *out)
{
    struct dns_records set = {0};
    for (size_t i = 0; i < section->count; i++) {
        struct dns_record record = section->list[i];
        if (record.type != type || record.class != DNS_CLASS_IN || !dns_name_equal(&record.name, owner))
            continue;
        record.name = *owner;
        dns_records_add(job->arena, &set, &record);
        if (out)
            dns_records_add(job->arena, out, &record);
    }
    if (set.count)
        dns_cache_put(&job->resolver->cache, net_now(job->resolver->net), set.list, set.count, trust);
    return set.count;
}

static void keep_all_types(struct job *job, const struct dns_records *section, const struct dns_name *owner,
                           enum dns_trust trust, struct dns_records *out)
{
    for (size_t i = 0; i < section->count; i++)
        if (dns_name_equal(&section->list[i].name, owner) && !find_record(out, owner, section->list[i].type))
            keep_set(job, section, owner, section->list[i].type, trust, out);
}

static void keep_denial(struct job *job, const struct cut *cut, const struct dns_name *name, uint16_t type,
                        const struct dns_message *m, struct outcome *out)
{
    const struct dns_record *soa = find_record(&m->section[DNS_AUTHORITY], NULL, DNS_TYPE_SOA);
    if (soa && (!dns_name_within(name, &soa->name) || !dns_name_within(&soa->name, &cut->zone)))
        soa = NULL;
    out->rcode = m->rcode;
    dns_cache_put_absence(&job->resolver->cache, net_now(job->resolver->net), name, type,
                          m->rcode == DNS_NXDOMAIN ? DNS_CACHED_NXDOMAIN : DNS_CACHED_NODATA, soa);
    if (soa)
        dns_records_add(job->arena, &out->authority, soa);
}

/* Follows the answer's aliases from *name as far as this server may speak of them. */
static enum step keep_answer(struct job *job, const struct cut *cut, struct dns_name *name, uint16_t type,
                             const struct dns_message *m, struct outcome *out)
{
    const struct dns_records *answer = &m->section[DNS_ANSWER];
    enum dns_trust trust = m->authoritative ? DNS_TRUST_AUTHORITATIVE : DNS_TRUST_ANSWER;
    for (unsigned links = 0; links < LIMIT_DNS_CHAIN && dns_name_within(name, &cut->zone); links++) {
        if (type == DNS_TYPE_ANY) {
            size_t before = out->answer.count;
            keep_all_types(job, answer, name, trust, &out->answer);
            if (out->answer.count > before)
                return STEP_DONE;
        } else if (keep_set(job, answer, name, type, trust, &out->answer) > 0) {
            return STEP_DONE;
        }
        if (dns_records_have(&out->answer, name, DNS_TYPE_CNAME))
            return STEP_FAILED; /* in a circle */
        const struct dns_record *alias = find_record(answer, name, DNS_TYPE_CNAME);
        if (!alias) {
            /* The chain's end is denied by the same message: for a zone's owner when it owns that name too, for a forwarder always. */
            if (links > 0 && find_record(&m->section[DNS_AUTHORITY], NULL, DNS_TYPE_SOA)) {
                keep_denial(job, cut, name, type, m, out);
                return STEP_DONE;
            }
            return STEP_ALIAS;
        }
        keep_set(job, answer, name, DNS_TYPE_CNAME, trust, &out->answer);
        *name = dns_rdata_name(alias->data, 0);
    }
    return STEP_ALIAS;
}

/* The cut that a referral leads to. Its NS set and, within the bailiwick, its glue are kept. */
static struct cut *keep_referral(struct job *job, const struct cut *from, const struct dns_message *m)
{
    const struct dns_records *authority = &m->section[DNS_AUTHORITY], *additional = &m->section[DNS_ADDITIONAL];
    struct dns_name zone = find_record(authority, NULL, DNS_TYPE_NS)->name;
    struct cut *cut = cut_make(job, &zone);
    struct dns_records servers = {0};
    keep_set(job, authority, &zone, DNS_TYPE_NS, DNS_TRUST_REFERRAL, &servers);
    for (size_t i = 0; i < servers.count; i++) {
        struct dns_name server = dns_rdata_name(servers.list[i].data, 0);
        bool ours = dns_name_within(&server, &from->zone);
        if (ours) {
            keep_set(job, additional, &server, DNS_TYPE_A, DNS_TRUST_ADDITIONAL, NULL);
            keep_set(job, additional, &server, DNS_TYPE_AAAA, DNS_TRUST_ADDITIONAL, NULL);
        }
        cut_add_name(job, cut, &server, ours ? additional : NULL);
    }
    return cut;
}

/* ---- the walk ---- */

static enum step iterate(struct job *job, struct dns_name *name, uint16_t type, unsigned depth, struct outcome *out)
{
    struct cut *cut = cut_find(job, name);
    unsigned labels = dns_name_labels(name), shown = labels;
    if (job->resolver->minimise)
        shown = dns_name_labels(&cut->zone) + 1;
    for (unsigned i = 0; i < LIMIT_DNS_REFERRALS; i++) {
        bool whole = shown >= labels;
        struct dns_question question = {
            .name = dns_name_suffix(name, shown), .type = whole ? type : DNS_TYPE_A, .class = DNS_CLASS_IN};
        struct dns_message response;
        switch (ask_zone(job, cut, &question, depth, &response)) {
        case VERDICT_REFERRAL:
            cut = keep_referral(job, cut, &response);
            if (job->resolver->minimise)
                shown = dns_name_labels(&cut->zone) + 1;
            break;
        case VERDICT_ANSWER:
            if (whole)
                return keep_answer(job, cut, name, type, &response, out);
            shown++;
            break;
        case VERDICT_DENIAL:
            if (whole) {
                keep_denial(job, cut, name, type, &response, out);
                return STEP_DONE;
            }
            /* Some servers deny names that have others beneath them (RFC 9156 section 2.3): then show all of it. */
            shown = response.rcode == DNS_NXDOMAIN ? labels : shown + 1;
            break;
        case VERDICT_USELESS: return STEP_FAILED;
        }
    }
    return STEP_FAILED;
}

static enum step forward(struct job *job, struct dns_name *name, uint16_t type, struct outcome *out)
{
    struct dns_resolver *r = job->resolver;
    struct cut *cut = cut_make(job, &DNS_ROOT);
    cut->forwarders = true;
    const struct resolver_config *own = net_resolver(r->net);
    const struct endpoint *list = r->forwarder_count ? r->forwarders : own->servers;
    size_t count = r->forwarder_count ? r->forwarder_count : own->server_count;
    for (size_t i = 0; i < count && cut->server_count < LIMIT_DNS_SERVER_ADDRESSES; i++)
        if (r->forwarder_count || !ip_is_loopback(&list[i].address)) /* which would be ourselves */
            cut->servers[cut->server_count++].endpoint = list[i];
    struct dns_question question = {.name = *name, .type = type, .class = DNS_CLASS_IN};
    struct dns_message response;
    switch (ask_zone(job, cut, &question, 0, &response)) {
    case VERDICT_ANSWER: return keep_answer(job, cut, name, type, &response, out);
    case VERDICT_DENIAL: keep_denial(job, cut, name, type, &response, out); return STEP_DONE;
    default: return STEP_FAILED;
    }
}

/* STEP_FAILED: the cache knows nothing. *left_ns: for how long it will still know. */
static enum step from_cache(struct job *job, struct dns_name *name, uint16_t type, struct outcome *out, int64_t *left_ns)
{
    struct dns_cache *cache = &job->resolver->cache;
    struct instant now = net_now(job->resolver->net);
    const struct dns_entry *entry = dns_cache_find(cache, now, name, type, DNS_TRUST_ANSWER);
    if (!entry && type != DNS_TYPE_CNAME)
        entry = dns_cache_find(cache, now, name, DNS_TYPE_CNAME, DNS_TRUST_ANSWER);
    if (!entry || type == DNS_TYPE_ANY ||
        (entry->kind != DNS_CACHED_SET && entry->type != type && entry->kind != DNS_CACHED_NXDOMAIN))
        return STEP_FAILED;
    *left_ns = instant_since(entry->expires, now);
    dns_entry_copy(entry, now, name, job->arena, entry->kind == DNS_CACHED_SET ? &out->answer : &out->authority);
    if (entry->kind == DNS_CACHED_SET && entry->type == DNS_TYPE_CNAME && type != DNS_TYPE_CNAME) {
        *name = dns_rdata_name(entry->data[0], 0);
        return STEP_ALIAS;
    }
    out->rcode = entry->kind == DNS_CACHED_NXDOMAIN  ? DNS_NXDOMAIN
                 : entry->kind == DNS_CACHED_FAILURE ? DNS_SERVFAIL
                                                     : DNS_NOERROR;
    return STEP_DONE;
}

static enum step resolve(struct job *job, struct dns_name name, uint16_t type, unsigned depth, struct outcome *out)
{
    for (unsigned links = 0; links < LIMIT_DNS_CHAIN; links++) {
        if (dns_records_have(&out->answer, &name, DNS_TYPE_CNAME))
            break; /* the aliases lead in a circle */
        struct dns_name at = name;
        int64_t left_ns;
        enum step step = from_cache(job, &name, type, out, &left_ns);
        if (step == STEP_FAILED)
            step = job->resolver->forward ? forward(job, &name, type, out) : iterate(job, &name, type, depth, out);
        if (step == STEP_DONE)
            return STEP_DONE;
        if (step == STEP_FAILED) {
            dns_cache_put_absence(&job->resolver->cache, net_now(job->resolver->net), &at, type, DNS_CACHED_FAILURE, NULL);
            break;
        }
    }
    out->rcode = DNS_SERVFAIL;
    return STEP_FAILED;
}

/* ---- clients ---- */

struct flight {
    struct list link; /* in the resolver's flights */
    struct dns_question question;
    struct condition landed;
    unsigned holders; /* the pilot and those who wait */
    bool done;
};

static void flight_leave(struct flight *flight)
{
    if (--flight->holders == 0)
        memory_free(flight);
}

/* Waits for who is asking the same already. Returns NULL then, and else the flight that the caller is now the pilot of. */
static struct flight *flight_board(struct dns_resolver *r, const struct dns_question *question, struct instant deadline)
{
    list_each (link, &r->flights) {
        struct flight *flight = list_entry(link, struct flight, link);
        if (flight->question.type != question->type || !dns_name_equal(&flight->question.name, &question->name))
            continue;
        flight->holders++;
        while (!flight->done && condition_wait(&flight->landed, deadline) == 0)
            ;
        flight_leave(flight);
        return NULL;
    }
    struct flight *flight = memory_take_zeroed(1, sizeof *flight);
    flight->question = *question;
    flight->holders = 1;
    condition_init(&flight->landed);
    list_push_back(&r->flights, &flight->link);
    return flight;
}

static void flight_land(struct flight *flight)
{
    list_remove(&flight->link);
    flight->done = true;
    condition_wake(&flight->landed);
    flight_leave(flight);
}

/* Is all of the answer in the cache? Then it is in `out`. */
static bool whole_from_cache(struct job *job, const struct dns_question *question, struct outcome *out)
{
    struct dns_name name = question->name;
    int64_t least_ns = INT64_MAX, left_ns;
    for (unsigned links = 0; links < LIMIT_DNS_CHAIN; links++) {
        enum step step = from_cache(job, &name, question->type, out, &left_ns);
        if (step == STEP_FAILED)
            break;
        least_ns = left_ns < least_ns ? left_ns : least_ns;
        if (step == STEP_DONE) {
            dns_story_cached(job->resolver->net, question, least_ns / NS_PER_S * NS_PER_S);
            return true;
        }
    }
    *out = (struct outcome){0};
    return false;
}

const char *dns_resolver_ask(struct dns_resolver *r, struct arena *arena, const struct dns_question *question, bool recurse,
                             struct instant deadline, struct dns_message *response)
{
    struct job job = {.resolver = r, .arena = arena, .deadline = deadline, .questions_left = LIMIT_DNS_QUESTIONS};
    struct outcome out = {0};
    const char *note = "from its cache";
    bool known = whole_from_cache(&job, question, &out);
    if (!known && !recurse) {
        response->rcode = DNS_REFUSED;
        return "not in its cache, and it was not asked to find out";
    }
    if (!known) {
        struct flight *flight = flight_board(r, question, deadline);
        if (flight || !whole_from_cache(&job, question, &out)) {
            note = r->forward ? "as its resolver says" : "as the zone's owner says";
            resolve(&job, question->name, question->type, 0, &out);
        }
        if (flight)
            flight_land(flight);
    }
    if (out.rcode == DNS_SERVFAIL) {
        out.answer.count = out.authority.count = 0;
        note = "nobody who could tell answered";
    }
    response->rcode = out.rcode;
    response->section[DNS_ANSWER] = out.answer;
    response->section[DNS_AUTHORITY] = out.authority;
    return note;
}

void dns_resolver_init(struct dns_resolver *r, size_t cache_entries)
{
    dns_cache_init(&r->cache, cache_entries);
    r->servers = (struct dns_server_memory){0};
    list_init(&r->flights);
}

void dns_resolver_free(struct dns_resolver *r)
{
    dns_cache_free(&r->cache);
    dns_servers_free(&r->servers);
}
