/* The cache: times to the nanosecond, absences, trust, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "application/dns/cache.h"
#include "application/limits.h"
#include "base/memory.h"

static struct dns_cache cache;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    dns_cache_init(&cache, 4);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dns_cache_free(&cache);
    arena_free(&arena);
    return 0;
}

static struct instant at(double seconds) { return (struct instant){(int64_t)(seconds * 1e9)}; }

static struct dns_name name(const char *text)
{
    struct dns_name out;
    assert_int_equal(dns_name_parse(text, NULL, &out), 0);
    return out;
}

static struct dns_record record(const char *owner, uint16_t type, uint32_t ttl_s, const char *data)
{
    return (struct dns_record){.name = name(owner),
                               .type = type,
                               .class = DNS_CLASS_IN,
                               .ttl_s = ttl_s,
                               .data = {(const uint8_t *)data, strlen(data)}};
}

static bool put(double now, const char *owner, uint16_t type, uint32_t ttl_s, const char *data, enum dns_trust trust)
{
    struct dns_record r = record(owner, type, ttl_s, data);
    return dns_cache_put(&cache, at(now), &r, 1, trust);
}

static struct dns_record soa(uint32_t ttl_s, uint32_t minimum_s)
{
    static uint8_t data[22];
    store_u32(data + 18, minimum_s);
    return (struct dns_record){
        .name = name("example"), .type = DNS_TYPE_SOA, .class = DNS_CLASS_IN, .ttl_s = ttl_s, .data = {data, 22}};
}

static const struct dns_entry *find(double now, const char *owner, uint16_t type)
{
    struct dns_name n = name(owner);
    return dns_cache_find(&cache, at(now), &n, type, DNS_TRUST_ANSWER);
}

static void test_times(void **state)
{
    (void)state;
    struct dns_record two[] = {record("www.example", DNS_TYPE_A, 300, "aaaa"), record("www.example", DNS_TYPE_A, 200, "bbbb")};
    assert_true(dns_cache_put(&cache, at(10), two, 2, DNS_TRUST_AUTHORITATIVE));
    struct dns_records out = {0};
    struct dns_name spelt = name("WWW.example");
    const struct dns_entry *entry = find(60.5, "WWW.Example", DNS_TYPE_A);
    assert_non_null(entry);
    dns_entry_copy(entry, at(60.5), &spelt, &arena, &out);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.list[0].ttl_s, 149); /* the least TTL counts for the set; never rounded up */
    assert_memory_equal(out.list[1].data.data, "bbbb", 4);
    assert_memory_equal(out.list[0].name.b, spelt.b, spelt.length);
    assert_non_null(find(209.999999999, "www.example", DNS_TYPE_A));
    assert_null(find(210, "www.example", DNS_TYPE_A));
    assert_null(find(20, "www.example", DNS_TYPE_AAAA));
    assert_true(put(10, "zero.example", DNS_TYPE_A, 0, "aaaa", DNS_TRUST_AUTHORITATIVE));
    assert_null(find(10, "zero.example", DNS_TYPE_A));
    assert_true(put(0, "long.example", DNS_TYPE_A, INT32_MAX, "aaaa", DNS_TRUST_AUTHORITATIVE));
    assert_non_null(find(LIMIT_DNS_TTL_S - 1, "long.example", DNS_TYPE_A));
    assert_null(find(LIMIT_DNS_TTL_S, "long.example", DNS_TYPE_A));
}

static void test_absences(void **state)
{
    (void)state;
    struct dns_record short_minimum = soa(3600, 300), short_ttl = soa(60, 300);
    struct dns_name a = name("a.example"), b = name("b.example"), c = name("c.example");
    dns_cache_put_absence(&cache, at(0), &a, DNS_TYPE_A, DNS_CACHED_NODATA, &short_minimum);
    assert_int_equal(find(299, "a.example", DNS_TYPE_A)->kind, DNS_CACHED_NODATA);
    assert_null(find(299, "a.example", DNS_TYPE_AAAA)); /* another type may exist */
    assert_null(find(300, "a.example", DNS_TYPE_A));
    dns_cache_put_absence(&cache, at(0), &b, DNS_TYPE_A, DNS_CACHED_NXDOMAIN, &short_ttl);
    assert_int_equal(find(59, "b.example", DNS_TYPE_A)->kind, DNS_CACHED_NXDOMAIN);
    assert_int_equal(find(59, "b.example", DNS_TYPE_AAAA)->kind, DNS_CACHED_NXDOMAIN); /* no type exists */
    assert_null(find(60, "b.example", DNS_TYPE_A));
    struct dns_records out = {0};
    dns_entry_copy(find(30, "b.example", DNS_TYPE_MX), at(30), &b, &arena, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.list[0].type, DNS_TYPE_SOA);
    assert_int_equal(out.list[0].ttl_s, 30);
    struct dns_name example = name("example");
    assert_true(dns_name_equal(&out.list[0].name, &example));
    dns_cache_put_absence(&cache, at(0), &c, DNS_TYPE_A, DNS_CACHED_NODATA, NULL); /* RFC 2308 section 5 */
    assert_null(find(0, "c.example", DNS_TYPE_A));
    dns_cache_put_absence(&cache, at(0), &c, DNS_TYPE_A, DNS_CACHED_FAILURE, NULL);
    assert_int_equal(find(LIMIT_DNS_FAILURE_TTL_S - 1, "c.example", DNS_TYPE_A)->kind, DNS_CACHED_FAILURE);
    assert_null(find(LIMIT_DNS_FAILURE_TTL_S, "c.example", DNS_TYPE_A));
    /* A failure gives way to anything, and a name that turns out to exist is denied no longer. */
    dns_cache_put_absence(&cache, at(10), &c, DNS_TYPE_A, DNS_CACHED_FAILURE, NULL);
    assert_true(put(11, "c.example", DNS_TYPE_A, 60, "aaaa", DNS_TRUST_ANSWER));
    assert_int_equal(find(11, "c.example", DNS_TYPE_A)->kind, DNS_CACHED_SET);
    dns_cache_put_absence(&cache, at(20), &b, DNS_TYPE_A, DNS_CACHED_NXDOMAIN, &short_minimum);
    assert_true(put(21, "b.example", DNS_TYPE_TXT, 60, "x", DNS_TRUST_AUTHORITATIVE));
    assert_null(find(22, "b.example", DNS_TYPE_A));
}

static void test_trust(void **state)
{
    (void)state;
    struct dns_name n = name("ns.example");
    assert_true(put(0, "ns.example", DNS_TYPE_A, 300, "glue", DNS_TRUST_ADDITIONAL));
    assert_null(find(0, "ns.example", DNS_TYPE_A)); /* glue answers nobody */
    assert_non_null(dns_cache_find(&cache, at(0), &n, DNS_TYPE_A, DNS_TRUST_ADDITIONAL));
    assert_true(put(1, "ns.example", DNS_TYPE_A, 100, "real", DNS_TRUST_AUTHORITATIVE));
    assert_false(put(2, "ns.example", DNS_TYPE_A, 300, "glue", DNS_TRUST_ADDITIONAL));
    assert_memory_equal(find(2, "ns.example", DNS_TYPE_A)->data[0].data, "real", 4);
    assert_true(put(3, "ns.example", DNS_TYPE_A, 100, "next", DNS_TRUST_AUTHORITATIVE)); /* the same trust replaces */
    assert_memory_equal(find(3, "ns.example", DNS_TYPE_A)->data[0].data, "next", 4);
    assert_true(put(200, "ns.example", DNS_TYPE_A, 300, "glue", DNS_TRUST_ADDITIONAL)); /* the better one has ended */
    /* A delegation does not live longer for being repeated. */
    struct dns_name zone = name("zone.example");
    assert_true(put(0, "zone.example", DNS_TYPE_NS, 100, "ns", DNS_TRUST_REFERRAL));
    assert_true(put(50, "zone.example", DNS_TYPE_NS, 100, "ns", DNS_TRUST_REFERRAL));
    assert_non_null(dns_cache_find(&cache, at(99), &zone, DNS_TYPE_NS, DNS_TRUST_REFERRAL));
    assert_null(dns_cache_find(&cache, at(100), &zone, DNS_TYPE_NS, DNS_TRUST_REFERRAL));
}

static void test_bound(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < count_of(NAMES); i++)
        assert_true(put(0, NAMES[i], DNS_TYPE_A, 300, "aaaa", DNS_TRUST_AUTHORITATIVE));
    assert_non_null(find(0, "a", DNS_TYPE_A)); /* now b is the one used longest ago */
    assert_true(put(0, "e", DNS_TYPE_A, 300, "aaaa", DNS_TRUST_AUTHORITATIVE));
    assert_null(find(0, "b", DNS_TYPE_A));
    assert_non_null(find(0, "a", DNS_TYPE_A));
    assert_non_null(find(0, "c", DNS_TYPE_A));
    assert_int_equal(map_count(&cache.entries), 4);
    assert_int_equal(cache.evictions, 1);
    assert_true(put(0, "e", DNS_TYPE_A, 300, "bbbb", DNS_TRUST_AUTHORITATIVE)); /* replacing evicts nobody */
    assert_int_equal(cache.evictions, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_absences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_trust, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
