/* Master files and the search in a zone: what is read, which faults are told and where, RFC 4592's own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "application/dns/zone.h"
#include "base/error.h"
#include "base/memory.h"

static struct dns_name name(const char *text)
{
    struct dns_name out;
    assert_int_equal(dns_name_parse(text, NULL, &out), 0);
    return out;
}

static struct arena arena;
static struct dns_zone zone;

static int load(const char *origin, const char *master, struct text *errors)
{
    struct dns_name o = name(origin);
    dns_zone_init(&zone, &arena, &o);
    return dns_zone_parse(&zone, master, strlen(master), "zone", errors);
}

static void unload(void)
{
    dns_zone_free(&zone);
    arena_free(&arena);
}

static void load_good(const char *origin, const char *master)
{
    struct text errors = {0};
    if (load(origin, master, &errors) != 0)
        fail_msg("%s", text_string(&errors));
    text_free(&errors);
}

#define HEAD "@ SOA ns hostmaster 1 1h 15m 1w 5m\n@ NS ns\nns A 192.0.2.53\n"

/* The set as text: "TTL data | data"; "" when there is none. */
static const char *set_text(const char *owner, uint16_t type)
{
    static char out[512];
    struct dns_name n = name(owner);
    const struct dns_zone_node *node = dns_zone_find(&zone, &n);
    const struct dns_set *set = node ? dns_node_set(node, type) : NULL;
    struct text text = {0};
    if (set)
        text_format(&text, "%u", set->ttl_s);
    for (size_t i = 0; set && i < set->count; i++) {
        text_add(&text, i ? " | " : " ");
        dns_rdata_print(type, set->data[i], &text);
    }
    snprintf(out, sizeof out, "%s", text_string(&text));
    text_free(&text);
    return out;
}

static void test_master_forms(void **state)
{
    (void)state;
    load_good("shop.example", "; a comment\n"
                              "$TTL 5m\n"
                              "@   IN SOA ns host\\.master (  ; opens\n"
                              "       2026010100 1h\n"
                              "       15m 1w 60 ) ; closes\n"
                              "    NS  ns\n"
                              "    60 IN NS ns.other.example.\r\n"
                              "ns  A   192.0.2.53\n"
                              "www IN 30 AAAA 2001:db8::80\n"
                              "    30 IN A 192.0.2.80\n"
                              "    A 192.0.2.81\n"
                              "    A 192.0.2.80 ; again\n"
                              "text TXT \"a;b (c)\" d\\;e \"\"\n"
                              "$ORIGIN sub\n"
                              "@ MX 10 mail\n"
                              "host.shop.example. 1h A 192.0.2.1\n"
                              "$ORIGIN .\n"
                              "x.shop.example CNAME www.shop.example\n"
                              "raw.shop.example TYPE65280 \\# 2 beef");
    assert_string_equal(set_text("shop.example", DNS_TYPE_SOA),
                        "300 ns.shop.example. host\\.master.shop.example. 2026010100 3600 900 604800 60");
    assert_string_equal(set_text("shop.example", DNS_TYPE_NS), "300 ns.shop.example. | ns.other.example.");
    assert_string_equal(set_text("WWW.shop.example", DNS_TYPE_AAAA), "30 2001:db8::80");
    assert_string_equal(set_text("www.shop.example", DNS_TYPE_A), "30 192.0.2.80 | 192.0.2.81");
    assert_string_equal(set_text("text.shop.example", DNS_TYPE_TXT), "300 \"a;b (c)\" \"d;e\" \"\"");
    assert_string_equal(set_text("sub.shop.example", DNS_TYPE_MX), "300 10 mail.sub.shop.example.");
    assert_string_equal(set_text("host.shop.example", DNS_TYPE_A), "3600 192.0.2.1");
    assert_string_equal(set_text("x.shop.example", DNS_TYPE_CNAME), "300 www.shop.example.");
    assert_string_equal(set_text("raw.shop.example", 65280), "300 \\# 2 BEEF");
    unload();
    /* Without $TTL: the last TTL given, and before any the SOA's minimum. */
    load_good("example", HEAD "a A 192.0.2.1\nb 77 A 192.0.2.2\nc A 192.0.2.3\n");
    assert_string_equal(set_text("a.example", DNS_TYPE_A), "300 192.0.2.1");
    assert_string_equal(set_text("c.example", DNS_TYPE_A), "77 192.0.2.3");
    unload();
    /* The root is a zone like others. */
    load_good(".", "@ SOA a.root. host. 1 1 1 1 1\n@ NS a.root.\na.root A 192.0.2.1\n");
    assert_string_equal(set_text("a.root", DNS_TYPE_A), "1 192.0.2.1");
    unload();
}

static void test_master_faults(void **state)
{
    (void)state;
    static const struct {
        const char *master, *expected; /* the beginning of the first fault */
    } CASES[] = {
        {"", "zone:1:1: the zone has no SOA"},
        {"@ SOA ns hm 1 1 1 1 1\n", "zone:2:1: the zone has no name server"},
        {"@ SOA ns hm 1 1 1 1 1\n@ NS ns\n", "zone:3:1: a name server of the zone"},
        {HEAD "www A 192.0.2.300\n", "zone:4:7: an IPv4 address was expected"},
        {HEAD "www A\n", "zone:4:5: more was expected"},
        {HEAD "www A 192.0.2.1 192.0.2.2\n", "zone:4:17: the end of the record"},
        {HEAD "www\n", "zone:4:1: a record type was expected"},
        {HEAD "www IN 5m\n", "zone:4:8: a record type was expected"},
        {HEAD "www AAA ::1\n", "zone:4:5: \"AAA\" is no record type; did you mean A"},
        {HEAD "www OPT x\n", "zone:4:5: \"OPT\" is no record type"},
        {HEAD "www ANY x\n", "zone:4:5: \"ANY\" is no record type"},
        {HEAD "www CH A 192.0.2.1\n", "zone:4:5: only class IN"},
        {HEAD "www 5x A 192.0.2.1\n", "zone:4:5: a time to live"},
        {HEAD "a..b A 192.0.2.1\n", "zone:4:1: a domain name was expected"},
        {HEAD "www.other. A 192.0.2.1\n", "zone:4:1: the name is outside of the zone"},
        {HEAD "x CNAME ns\nx A 192.0.2.1\n", "zone:5:1: a name that is an alias"},
        {HEAD "ns CNAME x\n", "zone:4:1: a name that is an alias"},
        {HEAD "x CNAME ns\nx CNAME y\n", "zone:5:1: a name can be an alias"},
        {HEAD "@ SOA ns hm 1 1 1 1 1\n", "zone:4:1: a zone has one SOA"},
        {HEAD "x SOA ns hm 1 1 1 1 1\n", "zone:4:1: a SOA record belongs"},
        {HEAD "x TXT \"open\n", "zone:4:7: the quoted string has no end"},
        {HEAD "x TXT ( a\nb\n", "zone:4:7: the parenthesis is never closed"},
        {HEAD "x TXT ( a ( b ) )\n", "zone:4:11: parentheses do not nest"},
        {HEAD "x TXT a )\n", "zone:4:9: no parenthesis is open"},
        {HEAD "$INCLUDE other\n", "zone:4:1: the directives known here"},
        {HEAD "$TTL\n", "zone:4:1: a time in seconds"},
        {HEAD "$TTL soon\n", "zone:4:6: a time in seconds"},
        {HEAD "$ORIGIN a..b\n", "zone:4:9: a domain name was expected behind $ORIGIN"},
        {"  A 192.0.2.1\n" HEAD, "zone:1:3: the line begins with a blank"},
        {"www A 192.0.2.1\n" HEAD, "zone:1:5: the record has no TTL"},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct text errors = {0};
        assert_int_equal(load("example", CASES[i].master, &errors), IMP_MALFORMED);
        if (strncmp(text_string(&errors), CASES[i].expected, strlen(CASES[i].expected)) != 0)
            fail_msg("expected %s, got %s", CASES[i].expected, text_string(&errors));
        text_free(&errors);
        unload();
    }
    /* All faults are told, each with its place. */
    struct text errors = {0};
    assert_int_equal(load("example", HEAD "a A x\nb B y\nc A 192.0.2.1\nd MX z\n", &errors), IMP_MALFORMED);
    assert_non_null(strstr(text_string(&errors), "zone:4:5:"));
    assert_non_null(strstr(text_string(&errors), "zone:5:3:"));
    assert_null(strstr(text_string(&errors), "zone:6"));
    assert_non_null(strstr(text_string(&errors), "zone:7:6:"));
    text_free(&errors);
    unload();
}

struct search {
    const char *name;
    uint16_t type;
    enum dns_found found;
    const char *node; /* whose set answers; NULL for none */
};

static void check_searches(const struct search *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct dns_name n = name(cases[i].name);
        struct dns_lookup result;
        enum dns_found found = dns_zone_lookup(&zone, &n, cases[i].type, &result);
        if (found != cases[i].found)
            fail_msg("%s: found %d, expected %d", cases[i].name, found, cases[i].found);
        assert_int_equal(result.set != NULL, cases[i].node != NULL);
        if (cases[i].node) {
            struct dns_name node = name(cases[i].node);
            assert_true(dns_name_equal(&result.node->name, &node));
        }
    }
}

/* RFC 4592 section 2.2.1: its zone, and what it says of each question. */
static void test_wildcards(void **state)
{
    (void)state;
    load_good("example", "$TTL 3600\n"
                         "example. SOA ns.example.com. hm 1 1 1 1 1\n"
                         "example. NS ns.example.com.\n"
                         "example. NS ns.example.net.\n"
                         "*.example. TXT \"this is a wildcard\"\n"
                         "*.example. MX 10 host1.example.\n"
                         "sub.*.example. TXT \"this is not a wildcard\"\n"
                         "host1.example. A 192.0.2.1\n"
                         "_ssh._tcp.host1.example. SRV 0 0 22 host1\n"
                         "_ssh._tcp.host2.example. SRV 0 0 22 host2\n"
                         "subdel.example. NS ns.example.com.\n"
                         "subdel.example. NS ns.example.net.\n");
    static const struct search CASES[] = {
        {"host3.example", DNS_TYPE_MX, DNS_FOUND_SET, "*.example"},
        {"host3.example", DNS_TYPE_A, DNS_FOUND_NODATA, NULL},
        {"foo.bar.example", DNS_TYPE_TXT, DNS_FOUND_SET, "*.example"},
        {"host1.example", DNS_TYPE_MX, DNS_FOUND_NODATA, NULL},
        {"sub.*.example", DNS_TYPE_MX, DNS_FOUND_NODATA, NULL},
        {"_telnet._tcp.host1.example", DNS_TYPE_SRV, DNS_FOUND_NXDOMAIN, NULL},
        {"host.subdel.example", DNS_TYPE_A, DNS_FOUND_REFERRAL, "subdel.example"},
        {"ghost.*.example", DNS_TYPE_MX, DNS_FOUND_NXDOMAIN, NULL},
        {"_tcp.host2.example", DNS_TYPE_A, DNS_FOUND_NODATA, NULL}, /* an empty non-terminal */
        {"host2.example", DNS_TYPE_MX, DNS_FOUND_NODATA, NULL},     /* another, which hides the wildcard */
        {"*.example", DNS_TYPE_TXT, DNS_FOUND_SET, "*.example"},
    };
    check_searches(CASES, count_of(CASES));
    unload();
}

static void test_searches(void **state)
{
    (void)state;
    load_good("example", HEAD "alias CNAME www\nwww A 192.0.2.80\nwww TXT x\n"
                              "*.w CNAME www\n"
                              "child NS ns.child\nns.child A 192.0.2.54\n"
                              "a.b.c A 192.0.2.1\n");
    static const struct search CASES[] = {
        {"www.example", DNS_TYPE_A, DNS_FOUND_SET, "www.example"},
        {"WWW.EXAMPLE", DNS_TYPE_ANY, DNS_FOUND_SET, "www.example"},
        {"www.example", DNS_TYPE_AAAA, DNS_FOUND_NODATA, NULL},
        {"alias.example", DNS_TYPE_A, DNS_FOUND_ALIAS, "alias.example"},
        {"alias.example", DNS_TYPE_CNAME, DNS_FOUND_SET, "alias.example"},
        {"any.w.example", DNS_TYPE_A, DNS_FOUND_ALIAS, "*.w.example"},
        {"example", DNS_TYPE_NS, DNS_FOUND_SET, "example"},
        {"child.example", DNS_TYPE_NS, DNS_FOUND_REFERRAL, "child.example"},
        {"ns.child.example", DNS_TYPE_A, DNS_FOUND_REFERRAL, "child.example"},
        {"b.c.example", DNS_TYPE_A, DNS_FOUND_NODATA, NULL},
        {"c.example", DNS_TYPE_ANY, DNS_FOUND_NODATA, NULL},
        {"x.c.example", DNS_TYPE_A, DNS_FOUND_NXDOMAIN, NULL},
        {"nope.example", DNS_TYPE_A, DNS_FOUND_NXDOMAIN, NULL},
        {"x.www.example", DNS_TYPE_A, DNS_FOUND_NXDOMAIN, NULL},
    };
    check_searches(CASES, count_of(CASES));
    struct dns_name glue = name("ns.child.example");
    assert_non_null(dns_zone_find(&zone, &glue)); /* glue is there for whoever builds a referral */
    unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_master_forms),
        cmocka_unit_test(test_master_faults),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_searches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
