/* The stub resolver.
 *
 * Names are tried one after the other (the search domain's first for a name without dots), servers likewise: each gets 5 seconds, and
 * after the last the first gets another chance, as resolv.conf's defaults have it. For both families the two questions, A and AAAA,
 * leave at once on one socket, and their answers are told apart by their ids. An answer cut short is asked for again over TCP.
 *
 * A server that says it failed (SERVFAIL, REFUSED ...) is passed over for the next one; a name that does not exist is an answer, and ends
 * the search for that name.
 *
 * There is no cache here: that is the resolver's business, and a lab then shows each look-up. The order of addresses is RFC 6724's in the two
 * rules that decide nearly always: avoid what cannot be reached, and prefer IPv6.
 *
 * Left out on purpose: nsswitch, search lists of several domains, and options of resolv.conf. */
#include "application/dns/stub.h"

#include <stdio.h>
#include <string.h>

#include "application/dns/exchange.h"
#include "application/dns/story.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/net_config.h"

enum { QUESTIONS_MAX = 2 };

struct question { /* of one type, and what came of it */
    struct dns_message query, response;
    bool answered;
};
struct lookup {
    struct net *net;
    struct arena arena;
    struct instant deadline;
    struct question questions[QUESTIONS_MAX];
    size_t count;
};

/* ---- asking one server ---- */

static bool useful(const struct dns_message *response)
{
    return response->rcode == DNS_NOERROR || response->rcode == DNS_NXDOMAIN;
}

static bool all_answered(const struct lookup *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (!l->questions[i].answered)
            return false;
    return true;
}

/* What came belongs to one of the questions, or to nobody. IMP_REFUSED when the server says that it cannot help. */
static int take_response(struct lookup *l, const uint8_t *data, size_t length)
{
    struct dns_message response;
    if (dns_message_parse(&l->arena, data, length, &response) != 0)
        return 0;
    for (size_t i = 0; i < l->count; i++) {
        struct question *q = &l->questions[i];
        if (q->answered || !dns_message_answers(&response, &q->query))
            continue;
        if (!useful(&response))
            return IMP_REFUSED;
        q->response = response;
        q->answered = true;
    }
    return 0;
}

static int ask_over_tcp(struct lookup *l, const struct endpoint *server, struct question *q, struct instant until)
{
    struct dns_exchange x = {
        .net = l->net, .arena = &l->arena, .server = *server, .query = q->query, .deadline = until, .tcp = true};
    dns_story_over_tcp(l->net, server, &q->query.question);
    int error = dns_exchange(&x, &q->response);
    return error ? error : useful(&q->response) ? 0 : IMP_REFUSED;
}

static int ask_over_udp(struct lookup *l, const struct endpoint *server, struct instant until, int64_t waited_ns)
{
    struct udp udp;
    uint8_t buffer[LIMIT_DNS_UDP_BYTES];
    int error = dns_udp_open(l->net, NULL, server, &udp);
    if (error)
        return error;
    for (size_t i = 0; i < l->count && !error; i++) {
        const struct dns_question *question = &l->questions[i].query.question;
        if (l->questions[i].answered)
            continue;
        if (waited_ns)
            dns_story_retry(l->net, server, question, waited_ns);
        else
            dns_story_question(l->net, server, question, "asks its resolver");
        int length = dns_message_build(&l->questions[i].query, buffer, sizeof buffer);
        error = length < 0 ? length : udp_send(udp, buffer, (size_t)length, NULL);
    }
    while (!error && !all_answered(l)) {
        ssize_t length = udp_receive(udp, buffer, sizeof buffer, NULL, until);
        error = length < 0 ? (int)length : take_response(l, buffer, (size_t)length);
    }
    (void)udp_close(udp);
    return error;
}

static int ask_server(struct lookup *l, const struct endpoint *server, int64_t waited_ns)
{
    struct instant until = instant_min(instant_add(net_now(l->net), LIMIT_DNS_STUB_TRY_S * NS_PER_S), l->deadline);
    int error = ask_over_udp(l, server, until, waited_ns);
    for (size_t i = 0; i < l->count && !error; i++)
        if (l->questions[i].response.truncated)
            error = ask_over_tcp(l, server, &l->questions[i], until);
    return error;
}

/* Asks all of the lookup's types for one name, of the node's servers in turn. */
static int ask_name(struct lookup *l, const struct dns_name *name, const uint16_t *types, size_t count)
{
    const struct resolver_config *config = net_resolver(l->net);
    int error = IMP_UNREACHABLE;
    int64_t waited_ns = 0;
    l->count = count;
    for (size_t i = 0; i < count; i++)
        l->questions[i] =
            (struct question){.query = dns_query((uint16_t)net_random(l->net), name, types[i], true, LIMIT_DNS_UDP_BYTES)};
    for (unsigned attempt = 0; attempt < LIMIT_DNS_STUB_TRIES; attempt++)
        for (unsigned i = 0; i < config->server_count; i++) {
            struct instant start = net_now(l->net);
            if (instant_reached(start, l->deadline))
                return IMP_TIMEOUT;
            error = ask_server(l, &config->servers[i], waited_ns);
            if (error == 0 || error == IMP_CANCELLED)
                return error;
            waited_ns = instant_since(net_now(l->net), start);
        }
    return error;
}

/* ---- names to try ---- */

/* Calls `ask` for each name that `text` may stand for, until one is found. */
static int ask_names(struct lookup *l, const char *text, const uint16_t *types, size_t count,
                     bool (*found)(struct lookup *, void *), void *context)
{
    const struct resolver_config *config = net_resolver(l->net);
    struct dns_name search, name;
    size_t length = strlen(text);
    bool absolute = length > 0 && text[length - 1] == '.';
    bool has_search = !absolute && config->search[0] && dns_name_parse(config->search, NULL, &search) == 0;
    bool search_first = strchr(text, '.') == NULL; /* ndots:1 */
    int result = IMP_NOT_FOUND;
    for (int i = 0; i < 2; i++) {
        bool searching = search_first == (i == 0);
        if (searching && !has_search)
            continue;
        int error = dns_name_parse(text, searching ? &search : NULL, &name);
        if (!error)
            error = ask_name(l, &name, types, count);
        if (error != IMP_CANCELLED && found(l, context)) /* one type may have been answered, the other not */
            return 0;
        if (error == IMP_CANCELLED)
            return error;
        if (error && result == IMP_NOT_FOUND)
            result = error == IMP_MALFORMED || error == IMP_LIMIT ? IMP_INVALID : error;
    }
    return result;
}

/* ---- addresses ---- */

struct addresses {
    struct ip *list;
    size_t count, max;
};

static void add_address(struct addresses *to, const struct ip *address)
{
    for (size_t i = 0; i < to->count; i++)
        if (ip_equal(&to->list[i], address))
            return;
    if (to->count < to->max)
        to->list[to->count++] = *address;
}

/* The end of the answer's aliases. */
static struct dns_name real_name(const struct dns_message *m)
{
    const struct dns_records *answer = &m->section[DNS_ANSWER];
    struct dns_name name = m->question.name;
    for (unsigned links = 0, found = 1; found && links < LIMIT_DNS_CHAIN; links++) {
        found = 0;
        for (size_t i = 0; i < answer->count && !found; i++)
            if (answer->list[i].type == DNS_TYPE_CNAME && dns_name_equal(&answer->list[i].name, &name)) {
                name = dns_rdata_name(answer->list[i].data, 0);
                found = 1;
            }
    }
    return name;
}

static bool find_addresses(struct lookup *l, void *context)
{
    struct addresses *to = context;
    for (size_t i = 0; i < l->count; i++) {
        const struct dns_message *m = &l->questions[i].response;
        struct dns_name name = real_name(m);
        for (size_t j = 0; j < m->section[DNS_ANSWER].count; j++) {
            const struct dns_record *r = &m->section[DNS_ANSWER].list[j];
            if (r->type != m->question.type || !dns_name_equal(&r->name, &name))
                continue;
            struct ip address = r->type == DNS_TYPE_A ? ip4_of_bytes(r->data.data) : ip6_of_bytes(r->data.data);
            add_address(to, &address);
        }
    }
    return to->count > 0;
}

/* Whether packets to it have a way out, as far as this world tells: RFC 6724 section 6, rules 1 and 2. */
static bool reachable(struct net *net, const struct ip *address)
{
    struct route_info route;
    int error = net_route_get(net, address, &route);
    if (error == IMP_UNSUPPORTED)
        return true;
    return error == 0 && (!ip_is_link_local(&route.source) || ip_is_link_local(address));
}

static int preference(struct net *net, const struct ip *address)
{
    return (reachable(net, address) ? 2 : 0) + (address->family == 6 ? 1 : 0);
}

static void put_in_order(struct net *net, struct addresses *a)
{
    for (size_t i = 1; i < a->count; i++) { /* insertion: stable, and few */
        struct ip address = a->list[i];
        int value = preference(net, &address);
        size_t at = i;
        for (; at > 0 && preference(net, &a->list[at - 1]) < value; at--)
            a->list[at] = a->list[at - 1];
        a->list[at] = address;
    }
}

static bool is_localhost(const char *name)
{
    size_t length = strlen(name);
    char plain[16];
    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length < 9 || (length > 9 && name[length - 10] != '.'))
        return false;
    snprintf(plain, sizeof plain, "%.9s", name + length - 9);
    return text_equal_fold(plain, "localhost");
}

/* Literal addresses, localhost, the hosts file. True when the name is one of those, with or without an address of the family. */
static bool known_here(struct net *net, const char *name, uint8_t family, struct addresses *to)
{
    struct ip address;
    if (ip_parse(name, &address) == 0) {
        if (!family || address.family == family)
            add_address(to, &address);
        return true;
    }
    const struct resolver_config *config = net_resolver(net);
    bool known = false;
    for (unsigned i = 0; i < config->host_count; i++)
        if (text_equal_fold(config->hosts[i].name, name)) {
            known = true;
            if (!family || config->hosts[i].address.family == family)
                add_address(to, &config->hosts[i].address);
        }
    if (!known && is_localhost(name)) {
        struct ip four = ip4(0x7f000001), six = ip6_of_bytes((const uint8_t[16]){[15] = 1});
        if (family != 4)
            add_address(to, &six);
        if (family != 6)
            add_address(to, &four);
        known = true;
    }
    return known;
}

int dns_resolve(struct net *net, const char *name, uint8_t family, struct instant deadline, struct ip *out, size_t max)
{
    static const uint16_t TYPES[] = {DNS_TYPE_A, DNS_TYPE_AAAA};
    struct ip gathered[LIMIT_DNS_ADDRESSES];
    struct addresses all = {.list = gathered, .max = count_of(gathered)};
    int error = name[0] ? 0 : IMP_INVALID;
    if (!error && !known_here(net, name, family, &all)) {
        struct lookup *l = memory_take_zeroed(1, sizeof *l);
        l->net = net;
        l->deadline = deadline;
        error = ask_names(l, name, TYPES + (family == 6), family ? 1 : 2, find_addresses, &all);
        arena_free(&l->arena);
        memory_free(l);
    }
    if (error)
        return error;
    put_in_order(net, &all);
    size_t count = all.count < max ? all.count : max;
    memcpy(out, gathered, count * sizeof *out);
    return count > 0 ? (int)count : IMP_NOT_FOUND;
}

/* ---- names of addresses ---- */

void dns_reverse_name(const struct ip *address, struct dns_name *out)
{
    char text[80];
    size_t at = 0;
    if (address->family == 4) {
        snprintf(text, sizeof text, "%u.%u.%u.%u.in-addr.arpa.", address->b[3], address->b[2], address->b[1], address->b[0]);
    } else {
        for (int i = 31; i >= 0; i--) {
            text[at++] = "0123456789abcdef"[i % 2 ? address->b[i / 2] & 15 : address->b[i / 2] >> 4];
            text[at++] = '.';
        }
        snprintf(text + at, sizeof text - at, "ip6.arpa.");
    }
    (void)dns_name_parse(text, NULL, out); /* always sound */
}

static bool find_name(struct lookup *l, void *context)
{
    const struct dns_message *m = &l->questions[0].response;
    struct dns_name name = real_name(m);
    for (size_t i = 0; i < m->section[DNS_ANSWER].count; i++) {
        const struct dns_record *r = &m->section[DNS_ANSWER].list[i];
        if (r->type != DNS_TYPE_PTR || !dns_name_equal(&r->name, &name))
            continue;
        struct dns_name target = dns_rdata_name(r->data, 0);
        dns_name_print_plain(&target, context);
        return true;
    }
    return false;
}

int dns_reverse(struct net *net, const struct ip *address, struct instant deadline, char *out, size_t size)
{
    static const uint16_t TYPE = DNS_TYPE_PTR;
    const struct resolver_config *config = net_resolver(net);
    for (unsigned i = 0; i < config->host_count; i++)
        if (ip_equal(&config->hosts[i].address, address)) {
            snprintf(out, size, "%s", config->hosts[i].name);
            return 0;
        }
    const struct ip four = ip4(0x7f000001), six = ip6_of_bytes((const uint8_t[16]){[15] = 1});
    if (ip_equal(address, &four) || ip_equal(address, &six)) { /* as every hosts file has it; RFC 6761 section 6.3 */
        snprintf(out, size, "localhost");
        return 0;
    }
    struct lookup *l = memory_take_zeroed(1, sizeof *l);
    struct dns_name owner;
    char text[DNS_NAME_TEXT_BYTES], name[DNS_NAME_TEXT_BYTES];
    l->net = net;
    l->deadline = deadline;
    dns_reverse_name(address, &owner);
    int error = ask_names(l, dns_name_print(&owner, text), &TYPE, 1, find_name, name);
    arena_free(&l->arena);
    memory_free(l);
    if (!error)
        snprintf(out, size, "%s", name);
    return error;
}
