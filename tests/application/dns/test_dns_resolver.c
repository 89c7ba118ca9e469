/* A resolver against servers of every kind, over this machine's loopback: the root at 127.0.1.1, the servers of zones at 127.0.1.2 and on,
 * all on one high port. What was asked of whom is read off the event stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "application/dns/authoritative.h"
#include "application/dns/recursive.h"
#include "application/dns/server.h"
#include "application/dns/story.h"
#include "application/dns/stub.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"
#include "engine/node.h"
#include "host/loop.h"
#include "net/net_config.h"
#include "net/net_host.h"

#define SOA "@ SOA ns hm 1 1h 15m 1w 5m\n"
static const struct {
    const char *address, *zone, *text;
} OWNERS[] = {
    {"127.0.1.1", ".",
     "$TTL 1d\n@ SOA a.root. hm.root. 1 1h 15m 1w 5m\n@ NS a.root.\na.root. A 127.0.1.1\n"
     "example. NS ns.example.\nns.example. A 127.0.1.2\n"
     "test. NS ns.test.\nns.test. A 127.0.1.3\n"
     "0.0.127.in-addr.arpa. NS ns.test.\n"},
    {"127.0.1.2", "example",
     "$TTL 1h\n" SOA "@ NS ns\nns A 127.0.1.2\n"
     "shop NS ns.shop\nns.shop A 127.0.1.4\n"
     "glueless NS ns.helper.test.\n"
     "circle NS ns.circle.test.\n"
     "lame NS ns1.lame\nlame NS ns2.lame\nns1.lame A 127.0.1.6\nns2.lame A 127.0.1.4\n"
     "dead NS ns.dead\nns.dead A 127.0.1.99\n"
     "halfdead NS ns1.halfdead\nhalfdead NS ns2.halfdead\nns1.halfdead A 127.0.1.99\nns2.halfdead A 127.0.1.4\n"
     "poison NS ns.poison\nns.poison A 127.0.1.7\n"
     "old NS ns.old\nns.old A 127.0.1.8\n"
     "parrot NS ns.parrot\nns.parrot A 127.0.1.9\n"},
    {"127.0.1.3", "test",
     "$TTL 1h\n" SOA
     "@ NS ns\nns A 127.0.1.3\nhelper NS ns\nbank A 192.0.2.100\ncircle NS ns.circle.example.\nloop1 CNAME loop2\n"},
    {"127.0.1.3", "helper.test", "$TTL 1h\n" SOA "@ NS ns.test.\nns A 127.0.1.4\nhost A 192.0.2.7\n"},
    {"127.0.1.3", "0.0.127.in-addr.arpa",
     "$TTL 1h\n@ SOA ns.test. hm.test. 1 1 1 1 1\n@ NS ns.test.\n7 PTR seven.shop.example.\n"},
    {"127.0.1.4", "shop.example",
     "$TTL 5m\n" SOA "@ NS ns\nns A 127.0.1.4\nwww CNAME web\nweb A 192.0.2.80\nweb AAAA 2001:db8::80\nout CNAME bank.test.\n"
     "dead-end CNAME nothing.test.\nfour A 192.0.2.4\na.b.c A 192.0.2.3\nself CNAME loop2.test.\n"
     "big TXT \"00000000000000000000000000000000000000000000000000000000000000000000000000000000\"\n"},
    {"127.0.1.4", "glueless.example", "$TTL 5m\n" SOA "@ NS ns.helper.test.\nwww A 192.0.2.81\n"},
    {"127.0.1.4", "lame.example", "$TTL 5m\n" SOA "@ NS ns1\n@ NS ns2\nns1 A 127.0.1.6\nns2 A 127.0.1.4\nwww A 192.0.2.82\n"},
    {"127.0.1.4", "halfdead.example",
     "$TTL 5m\n" SOA "@ NS ns1\n@ NS ns2\nns1 A 127.0.1.99\nns2 A 127.0.1.4\nwww A 192.0.2.83\n"},
};

static uint16_t port;
static struct engine *engine;
static struct loop *loop;
static struct net *net;
static struct arena arena;
static struct dns_resolver resolver;
static struct ip root_address;
static struct dns_hint hint = {.name = "a.root", .addresses = &root_address, .address_count = 1};

/* ---- the story, as lines such as "dns-question 127.0.1.1 www.shop.example" ---- */

static struct text story;

static void on_event(struct observer *observer, const struct event *event)
{
    (void)observer;
    char to[ENDPOINT_TEXT_BYTES] = "";
    enum field_kind kind;
    const union event_value *peer = event_value_find(event, "to", &kind), *name = event_value_find(event, "name", NULL);
    if (strncmp(event->type->name, "dns-", 4) != 0 || !name)
        return;
    if (peer)
        ip_print(&peer->endpoint.address, to, sizeof to);
    text_format(&story, "%s %s %s\n", event->type->name + 4, to, name->text);
}

static unsigned told(const char *line)
{
    unsigned count = 0;
    for (const char *p = text_string(&story); (p = strstr(p, line)); p += strlen(line))
        count++;
    return count;
}

/* ---- the servers ---- */

static const char *owner_answer(void *context, struct arena *a, const struct dns_client *client,
                                const struct dns_message *query, struct dns_message *response)
{
    (void)client;
    return dns_zones_answer(context, a, query, response);
}

static const char *refuse(void *context, struct arena *a, const struct dns_client *client, const struct dns_message *query,
                          struct dns_message *response)
{
    (void)context, (void)a, (void)client, (void)query;
    response->rcode = DNS_REFUSED;
    return NULL;
}

static void add(struct arena *a, struct dns_records *to, const char *owner, uint16_t type, const char *data)
{
    struct dns_record r = {.type = type, .class = DNS_CLASS_IN, .ttl_s = 300};
    struct dns_token word = {.text = data};
    const char *error;
    size_t at;
    struct writer w = writer_of(arena_take(a, 256), 256);
    assert_int_equal(dns_name_parse(owner, NULL, &r.name), 0);
    assert_int_equal(dns_rdata_parse(type, &word, 1, NULL, &w, &error, &at), 0);
    r.data = (struct bytes){w.data, w.at};
    dns_records_add(a, to, &r);
}

/* Tells the truth about itself, and lies about others in every section. */
static const char *poison(void *context, struct arena *a, const struct dns_client *client, const struct dns_message *query,
                          struct dns_message *response)
{
    (void)context, (void)client, (void)query;
    response->authoritative = true;
    add(a, &response->section[DNS_ANSWER], "www.poison.example", DNS_TYPE_CNAME, "bank.test.");
    add(a, &response->section[DNS_ANSWER], "bank.test", DNS_TYPE_A, "192.0.2.66");
    add(a, &response->section[DNS_AUTHORITY], "test", DNS_TYPE_NS, "ns.poison.example.");
    add(a, &response->section[DNS_ADDITIONAL], "ns.test", DNS_TYPE_A, "127.0.1.7");
    return NULL;
}

/* Does not know EDNS0, and copies names in lower case. */
static const char *old(void *context, struct arena *a, const struct dns_client *client, const struct dns_message *query,
                       struct dns_message *response)
{
    (void)context, (void)client;
    response->edns.present = false;
    if (query->edns.present) {
        response->rcode = DNS_FORMERR;
        return NULL;
    }
    response->authoritative = true;
    response->question.name = dns_name_fold(&query->question.name);
    add(a, &response->section[DNS_ANSWER], "www.old.example", DNS_TYPE_A, "192.0.2.84");
    return NULL;
}

/* Compresses its names against the question, so that they come in the question's random case. */
static const char *parrot(void *context, struct arena *a, const struct dns_client *client, const struct dns_message *query,
                          struct dns_message *response)
{
    (void)context, (void)client;
    struct dns_record alias = {.name = query->question.name, .type = DNS_TYPE_CNAME, .class = DNS_CLASS_IN, .ttl_s = 300};
    struct dns_name zone = dns_name_suffix(&alias.name, 2), *host = arena_take(a, sizeof *host);
    assert_int_equal(dns_name_child(&zone, "host", host), 0);
    alias.data = (struct bytes){host->b, host->length};
    response->authoritative = true;
    dns_records_add(a, &response->section[DNS_ANSWER], &alias);
    add(a, &response->section[DNS_ANSWER], "host.parrot.example", DNS_TYPE_A, "192.0.2.85");
    return NULL;
}

static const char *ask_resolver(void *context, struct arena *a, const struct dns_client *client,
                                const struct dns_message *query, struct dns_message *response)
{
    (void)client;
    response->recursion_available = true;
    struct instant deadline = instant_add(net_now(net), 5 * NS_PER_S);
    return dns_resolver_ask(context, a, &query->question, query->recursion_desired, deadline, response);
}

static struct dns_zone zone_list[count_of(OWNERS)];
static struct dns_zones zones[count_of(OWNERS)];
static struct dns_server servers[16];
static struct ip server_addresses[16];
static size_t server_count;

static void start_server(const char *address,
                         const char *(*answer)(void *, struct arena *, const struct dns_client *, const struct dns_message *,
                                               struct dns_message *),
                         void *context, uint16_t udp_bytes)
{
    assert_int_equal(ip_parse(address, &server_addresses[server_count]), 0);
    struct dns_server *server = &servers[server_count];
    *server = (struct dns_server){.net = net,
                                  .name = "dns",
                                  .addresses = &server_addresses[server_count++],
                                  .address_count = 1,
                                  .port = port,
                                  .udp_bytes = udp_bytes,
                                  .answer = answer,
                                  .context = context};
    assert_int_equal(dns_server_start(server), 0);
}

static void start_owners(void)
{
    struct text errors = {0};
    for (size_t i = 0, first = 0; i < count_of(OWNERS); i++) {
        struct dns_name origin;
        assert_int_equal(dns_name_parse(OWNERS[i].zone, NULL, &origin), 0);
        dns_zone_init(&zone_list[i], &arena, &origin);
        if (dns_zone_parse(&zone_list[i], OWNERS[i].text, strlen(OWNERS[i].text), OWNERS[i].zone, &errors) != 0)
            fail_msg("%s", text_string(&errors));
        if (i + 1 == count_of(OWNERS) || strcmp(OWNERS[i].address, OWNERS[i + 1].address) != 0) {
            zones[first] = (struct dns_zones){.list = &zone_list[first], .count = i + 1 - first};
            start_server(OWNERS[i].address, owner_answer, &zones[first], strcmp(OWNERS[i].address, "127.0.1.4") == 0 ? 130 : 0);
            first = i + 1;
        }
    }
    text_free(&errors);
    start_server("127.0.1.6", refuse, NULL, 0);
    start_server("127.0.1.7", poison, NULL, 0);
    start_server("127.0.1.8", old, NULL, 0);
    start_server("127.0.1.9", parrot, NULL, 0);
}

static struct observer observer = {.event = on_event};

static int set_up(void **state)
{
    (void)state;
    port = (uint16_t)(20000 + getpid() % 10000);
    engine = engine_create(1);
    observer_add(engine, &observer);
    loop = loop_create(engine);
    net = net_host_create(loop);
    assert_int_equal(ip_parse("127.0.1.1", &root_address), 0);
    resolver = (struct dns_resolver){.net = net, .hints = &hint, .hint_count = 1, .port = port, .mix_case = true};
    dns_resolver_init(&resolver, 1000);
    server_count = 0;
    start_owners();
    start_server("127.0.1.53", ask_resolver, &resolver, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    net_host_destroy(net);
    loop_destroy(loop);
    observer_remove(engine, &observer);
    engine_destroy(engine);
    dns_resolver_free(&resolver);
    for (size_t i = 0; i < count_of(zone_list); i++)
        dns_zone_free(&zone_list[i]);
    arena_free(&arena);
    text_free(&story);
    return 0;
}

/* ---- one question, as a client's task would ask it ---- */

struct ask {
    const char *name;
    uint16_t type;
    bool done;
    struct dns_message response;
    char answer[512];
};
static unsigned asks_left;

static void ask_task(struct net *world, void *argument)
{
    struct ask *ask = argument;
    struct dns_question question = {.type = ask->type, .class = DNS_CLASS_IN};
    assert_int_equal(dns_name_parse(ask->name, NULL, &question.name), 0);
    ask->response = (struct dns_message){.question = question};
    dns_resolver_ask(&resolver, &arena, &question, true, instant_add(net_now(world), 20 * NS_PER_S), &ask->response);
    struct text text = {0};
    dns_answer_print(&ask->response, &text);
    snprintf(ask->answer, sizeof ask->answer, "%s %s", dns_rcode_name(ask->response.rcode), text_string(&text));
    text_free(&text);
    ask->done = true;
    if (--asks_left == 0)
        loop_stop(loop);
}

static void run_asks(struct ask *asks, unsigned count)
{
    asks_left = count;
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(net_spawn(net, "ask", ask_task, &asks[i]), 0);
    (void)loop_run(loop, instant_add(loop_now(loop), 30 * NS_PER_S));
    for (unsigned i = 0; i < count; i++)
        assert_true(asks[i].done);
}

static struct dns_message check_ask(const char *name, uint16_t type, const char *expected)
{
    struct ask ask = {.name = name, .type = type};
    text_clear(&story);
    run_asks(&ask, 1);
    if (strcmp(ask.answer, expected) != 0)
        fail_msg("%s: expected %s, got %s; story:\n%s", name, expected, ask.answer, text_string(&story));
    return ask.response;
}

/* ---- tests ---- */

static void test_from_the_root(void **state)
{
    (void)state;
    check_ask("www.shop.example", DNS_TYPE_A, "NOERROR web.shop.example = 192.0.2.80");
    assert_string_equal(text_string(&story), "question 127.0.1.1 www.shop.example\n"
                                             "referral 127.0.0.1 www.shop.example\n"
                                             "question 127.0.1.2 www.shop.example\n"
                                             "referral 127.0.0.1 www.shop.example\n"
                                             "question 127.0.1.4 www.shop.example\n"
                                             "answer 127.0.0.1 www.shop.example\n");
    check_ask("www.shop.example", DNS_TYPE_A, "NOERROR web.shop.example = 192.0.2.80"); /* nobody is asked */
    assert_string_equal(text_string(&story), "cache-hit  www.shop.example\n");
    check_ask("web.shop.example", DNS_TYPE_AAAA, "NOERROR 2001:db8::80"); /* the zone's server is known */
    assert_int_equal(told("question"), 1);
    check_ask("other.example", DNS_TYPE_A, "NXDOMAIN ");
    assert_int_equal(told("question"), 1);
    assert_int_equal(told("nxdomain 127.0.0.1 other.example"), 1);
    check_ask("other.example", DNS_TYPE_TXT, "NXDOMAIN "); /* no type of it exists */
    assert_int_equal(told("question"), 0);
    struct dns_message m = check_ask("four.shop.example", DNS_TYPE_AAAA, "NOERROR ");
    assert_int_equal(m.section[DNS_AUTHORITY].count, 1);
    assert_int_equal(m.section[DNS_AUTHORITY].list[0].type, DNS_TYPE_SOA);
    assert_int_equal(m.section[DNS_AUTHORITY].list[0].ttl_s, 300);
    check_ask("four.shop.example", DNS_TYPE_AAAA, "NOERROR ");
    assert_int_equal(told("question"), 0);
    check_ask("web.shop.example", DNS_TYPE_ANY, "NOERROR 192.0.2.80");
}

static void test_aliases(void **state)
{
    (void)state;
    check_ask("out.shop.example", DNS_TYPE_A, "NOERROR bank.test = 192.0.2.100");
    assert_int_equal(told("question 127.0.1.3 bank.test"), 1);
    check_ask("dead-end.shop.example", DNS_TYPE_A, "NXDOMAIN nothing.test");
    check_ask("self.shop.example", DNS_TYPE_A, "NXDOMAIN loop2.test");
    check_ask("www.shop.example", DNS_TYPE_CNAME, "NOERROR web.shop.example.");
}

static void test_lame(void **state)
{
    (void)state;
    check_ask("www.lame.example", DNS_TYPE_A, "NOERROR 192.0.2.82");
    assert_int_equal(told("question 127.0.1.6 www.lame.example"), 1);
    assert_int_equal(told("useless"), 1);
    assert_int_equal(told("question 127.0.1.4 www.lame.example"), 1);
}

static void test_half_dead(void **state)
{
    (void)state;
    check_ask("www.halfdead.example", DNS_TYPE_A, "NOERROR 192.0.2.83"); /* ICMP says at once that nobody is there */
    assert_int_equal(told("question 127.0.1.99 www.halfdead.example"), 1);
    assert_int_equal(told("question 127.0.1.4 www.halfdead.example"), 1);
    check_ask("x.halfdead.example", DNS_TYPE_A, "NXDOMAIN "); /* the one that answered is asked first from now on */
    assert_int_equal(told("127.0.1.99"), 0);
}

static void test_hard_cases(void **state)
{
    (void)state;
    check_ask("www.glueless.example", DNS_TYPE_A, "NOERROR 192.0.2.81");
    assert_int_equal(told("question 127.0.1.3 ns.helper.test"), 1);
    check_ask("www.dead.example", DNS_TYPE_A, "SERVFAIL ");
    check_ask("www.dead.example", DNS_TYPE_A, "SERVFAIL "); /* a failure is remembered for a moment */
    assert_int_equal(told("question"), 0);
    check_ask("www.circle.example", DNS_TYPE_A, "SERVFAIL "); /* each of two zones' servers is in the other */
    check_ask("www.parrot.example", DNS_TYPE_A, "NOERROR host.parrot.example = 192.0.2.85");
    check_ask("www.old.example", DNS_TYPE_A, "NOERROR 192.0.2.84");
    check_ask("big.shop.example", DNS_TYPE_TXT,
              "NOERROR \"00000000000000000000000000000000000000000000000000000000000000000000000000000000\"");
    assert_int_equal(told("truncated"), 1);
    assert_int_equal(told("over-tcp 127.0.1.4"), 1);
}

static void test_bailiwick(void **state)
{
    (void)state;
    check_ask("www.poison.example", DNS_TYPE_A, "NOERROR bank.test = 192.0.2.100"); /* not its lie */
    check_ask("bank.test", DNS_TYPE_A, "NOERROR 192.0.2.100");
    check_ask("helper.test", DNS_TYPE_NS, "NOERROR ns.test.");
    assert_int_equal(told("127.0.1.7"), 0);
}

static void test_sharing(void **state)
{
    (void)state;
    struct ask asks[5];
    for (size_t i = 0; i < count_of(asks); i++)
        asks[i] = (struct ask){.name = i % 2 ? "WEB.shop.example" : "web.shop.example", .type = DNS_TYPE_A};
    text_clear(&story);
    run_asks(asks, count_of(asks));
    for (size_t i = 0; i < count_of(asks); i++)
        assert_string_equal(asks[i].answer, "NOERROR 192.0.2.80");
    assert_int_equal(told("question"), 3);
    assert_int_equal(told("cache-hit"), 4);
}

static void test_minimisation(void **state)
{
    (void)state;
    resolver.minimise = true;
    check_ask("a.b.c.shop.example", DNS_TYPE_A, "NOERROR 192.0.2.3");
    assert_int_equal(told("question 127.0.1.1 example\n"), 1);
    assert_int_equal(told("question 127.0.1.2 shop.example\n"), 1);
    assert_int_equal(told("question 127.0.1.1 a.b.c.shop.example"), 0);
    assert_int_equal(told("question 127.0.1.4 c.shop.example"), 1);
    assert_int_equal(told("question 127.0.1.4 a.b.c.shop.example"), 1);
    check_ask("x.y.z.shop.example", DNS_TYPE_A, "NXDOMAIN ");
}

static void test_forwarding(void **state)
{
    (void)state;
    struct endpoint upstream = {.port = port};
    assert_int_equal(ip_parse("127.0.1.53", &upstream.address), 0);
    struct dns_resolver recursive = resolver;
    dns_resolver_init(&recursive, 100);
    servers[server_count - 1].context = &recursive;
    resolver.forward = true;
    resolver.forwarders = &upstream;
    resolver.forwarder_count = 1;
    check_ask("out.shop.example", DNS_TYPE_A, "NOERROR bank.test = 192.0.2.100");
    assert_int_equal(told("question 127.0.1.53"), 1);
    check_ask("out.shop.example", DNS_TYPE_A, "NOERROR bank.test = 192.0.2.100");
    assert_int_equal(told("question"), 0);
    check_ask("dead-end.shop.example", DNS_TYPE_A, "NXDOMAIN nothing.test");
    struct dns_message m = check_ask("dead-end.shop.example", DNS_TYPE_A, "NXDOMAIN nothing.test");
    assert_int_equal(told("question"), 0);
    assert_int_equal(m.section[DNS_AUTHORITY].count, 1);
    check_ask("www.dead.example", DNS_TYPE_A, "SERVFAIL ");
    dns_resolver_free(&recursive);
}

/* ---- the stub ---- */

static void stub_task(struct net *world, void *argument)
{
    (void)argument;
    struct ip found[8], expected;
    char name[256];
    struct instant never = instant_add(net_now(world), 20 * NS_PER_S);
    assert_int_equal(dns_resolve(world, "192.0.2.1", 0, never, found, 8), 1);
    assert_int_equal(dns_resolve(world, "192.0.2.1", 6, never, found, 8), IMP_NOT_FOUND);
    assert_int_equal(dns_resolve(world, "2001:db8::1", 0, never, found, 8), 1);
    assert_int_equal(dns_resolve(world, "", 0, never, found, 8), IMP_INVALID);
    assert_int_equal(dns_resolve(world, "a..b", 0, never, found, 8), IMP_INVALID);
    assert_int_equal(dns_resolve(world, "foo.LOCALHOST.", 0, never, found, 8), 2);
    assert_true(ip_is_loopback(&found[0]) && found[0].family == 6);
    assert_int_equal(dns_resolve(world, "printer", 0, never, found, 8), 1); /* the hosts file */
    assert_int_equal(ip_parse("192.0.2.99", &expected), 0);
    assert_true(ip_equal(&found[0], &expected));
    text_clear(&story);
    assert_int_equal(dns_resolve(world, "www.shop.example", 0, never, found, 8), 2); /* by way of its alias */
    assert_int_equal(found[0].family + found[1].family, 10);
    assert_int_equal(told("question 127.0.1.53 www.shop.example"), 2); /* A and AAAA */
    assert_int_equal(dns_resolve(world, "www.shop.example", 0, never, found, 1), 1);
    assert_int_equal(dns_resolve(world, "www.shop.example", 4, never, found, 8), 1);
    assert_int_equal(dns_resolve(world, "four.shop.example", 0, never, found, 8), 1);
    assert_int_equal(dns_resolve(world, "four.shop.example", 6, never, found, 8), IMP_NOT_FOUND);
    assert_int_equal(dns_resolve(world, "four", 0, never, found, 8), 1); /* the search domain */
    assert_int_equal(dns_resolve(world, "four.", 0, never, found, 8), IMP_NOT_FOUND);
    assert_int_equal(dns_resolve(world, "nope.shop.example", 0, never, found, 8), IMP_NOT_FOUND);
    assert_int_equal(dns_resolve(world, "www.dead.example", 0, never, found, 8), IMP_REFUSED); /* SERVFAIL */
    assert_int_equal(ip_parse("127.0.1.7", &expected), 0);
    assert_int_equal(dns_reverse(world, &expected, never, name, sizeof name), IMP_NOT_FOUND);
    assert_int_equal(ip_parse("192.0.2.99", &expected), 0);
    assert_int_equal(dns_reverse(world, &expected, never, name, sizeof name), 0);
    assert_string_equal(name, "printer");
    expected = ip4(0x7f000107 - 0x100);
    assert_int_equal(dns_reverse(world, &expected, never, name, sizeof name), 0);
    assert_string_equal(name, "seven.shop.example");
    loop_stop(loop);
    asks_left = 0;
}

static void test_stub(void **state)
{
    (void)state;
    struct endpoint server = {.port = port};
    struct ip printer;
    assert_int_equal(ip_parse("127.0.1.53", &server.address), 0);
    assert_int_equal(ip_parse("192.0.2.99", &printer), 0);
    assert_int_equal(net_resolver_set(net, &server, 1, "shop.example"), 0);
    assert_int_equal(net_resolver_host_add(net, "printer", &printer), 0);
    asks_left = 1;
    assert_int_equal(net_spawn(net, "stub", stub_task, NULL), 0);
    (void)loop_run(loop, instant_add(loop_now(loop), 30 * NS_PER_S));
    assert_int_equal(asks_left, 0);
}

static void test_reverse_names(void **state)
{
    (void)state;
    struct ip ip;
    struct dns_name name;
    char text[DNS_NAME_TEXT_BYTES];
    assert_int_equal(ip_parse("192.0.2.5", &ip), 0);
    dns_reverse_name(&ip, &name);
    assert_string_equal(dns_name_print(&name, text), "5.2.0.192.in-addr.arpa.");
    assert_int_equal(ip_parse("4321:0:1:2:3:4:567:89ab", &ip), 0); /* RFC 3596 section 2.5 */
    dns_reverse_name(&ip, &name);
    assert_string_equal(dns_name_print(&name, text),
                        "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_from_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_aliases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lame, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hard_cases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bailiwick, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sharing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_minimisation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forwarding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stub, set_up, tear_down),
        cmocka_unit_test(test_reverse_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
