/* The forwarding table against a naive model: random prefixes in, out, and looked up, on both sides of the size at which it is compiled. */
#include "world.h"

#include "base/random.h"
#include "internet/fib.h"
#include "internet/poptrie.h"

enum { MODEL_ROUTES = 10000 };

struct model_route {
    struct prefix prefix;
    uint32_t gateway, metric;
    bool present;
};
static struct model_route model[MODEL_ROUTES];
static size_t model_count;

static struct ip gateway_of(uint8_t family, uint32_t number)
{
    struct ip ip = {.family = family};
    ip.b[0] = 0xfc;
    ip.b[family == 4 ? 2 : 14] = (uint8_t)(number >> 8);
    ip.b[family == 4 ? 3 : 15] = (uint8_t)number;
    return ip;
}

static struct ip random_ip(struct random *random, uint8_t family)
{
    struct ip ip = {.family = family};
    random_fill(random, ip.b, family == 4 ? 4 : 16);
    ip.b[0] = (uint8_t)(ip.b[0] & 3); /* crowded, so that prefixes lie inside one another */
    ip.b[1] &= 7;
    return ip;
}

static struct fib_change change_of(const struct model_route *r)
{
    return (struct fib_change){.destination = r->prefix,
                               .kind = HOP_UNICAST,
                               .metric = r->metric,
                               .gateway = gateway_of(r->prefix.address.family, r->gateway)};
}

static const struct model_route *model_lookup(const struct ip *ip)
{
    const struct model_route *best = NULL;
    for (size_t i = 0; i < MODEL_ROUTES; i++) {
        const struct model_route *r = &model[i];
        if (r->present && prefix_contains(&r->prefix, ip) &&
            (!best || r->prefix.length > best->prefix.length ||
             (r->prefix.length == best->prefix.length && r->metric < best->metric)))
            best = r;
    }
    return best;
}

static void compare(struct fib *fib, struct random *random, uint8_t family, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct ip ip = random_ip(random, family);
        if (i % 2) { /* near a prefix's edge */
            ip = model[random_below(random, model_count)].prefix.address;
            ip.b[family == 4 ? 3 : 15] ^= (uint8_t)random_below(random, 3);
        }
        const struct model_route *expected = model_lookup(&ip);
        const struct next_hop *hop = fib_lookup(fib, &ip);
        struct fib_entry entry;
        assert_int_equal(hop != NULL, expected != NULL);
        assert_int_equal(fib_find(fib, &ip, NULL, &entry), expected != NULL);
        if (!expected)
            continue;
        struct ip gateway = gateway_of(family, expected->gateway);
        assert_true(ip_equal(&hop->gateway, &gateway));
        assert_ptr_equal(entry.hop, hop);
        assert_int_equal(entry.destination.length, expected->prefix.length);
    }
}

static void against_the_model(uint8_t family)
{
    struct random random;
    random_seed(&random, family, "test_fib");
    struct fib fib;
    fib_init(&fib, family);
    memset(model, 0, sizeof model);
    size_t present = 0;
    for (size_t i = 0; i < MODEL_ROUTES; i++) {
        uint8_t bits = family == 4 ? 32 : 128;
        model[i].prefix.address = random_ip(&random, family);
        model[i].prefix.length = (uint8_t)random_below(&random, bits + 1u);
        model[i].gateway = (uint32_t)random_below(&random, 300);
        model[i].metric = (uint32_t)i; /* distinct, so that the model needs no ages */
        struct fib_change change = change_of(&model[i]);
        assert_int_equal(fib_add(&fib, &change), 0);
        assert_int_equal(fib_add(&fib, &change), IMP_IN_USE);
        model[i].present = true;
        model_count = ++present;
        if (i == 50 || i == FIB_FAST_ROUTES - 2 || i == FIB_FAST_ROUTES + 50 || i == MODEL_ROUTES / 2)
            compare(&fib, &random, family, 200);
    }
    assert_non_null(fib.fast);
    assert_true(poptrie_bytes(fib.fast) > 0);
    compare(&fib, &random, family, 1500);
    /* The listing has them all, each once, in order. */
    struct fib_entry entry;
    struct prefix last = {.address = ip_any(family)};
    for (size_t i = 0; i < present; i++) {
        assert_true(fib_at(&fib, i, &entry));
        int order = ip_compare(&last.address, &entry.destination.address);
        assert_true(order < 0 || (order == 0 && last.length <= entry.destination.length));
        last = entry.destination;
    }
    assert_false(fib_at(&fib, present, &entry));
    for (size_t i = 0; i < MODEL_ROUTES; i += 1 + random_below(&random, 2)) {
        struct fib_change change = change_of(&model[i]);
        assert_int_equal(fib_remove(&fib, &change, false), 0);
        assert_int_equal(fib_remove(&fib, &change, false), IMP_NOT_FOUND);
        model[i].present = false;
        if (i % 1000 < 2)
            compare(&fib, &random, family, 50);
    }
    compare(&fib, &random, family, 1000);
    for (size_t i = 0; i < MODEL_ROUTES; i++)
        if (model[i].present) {
            struct fib_change change = change_of(&model[i]);
            assert_int_equal(fib_remove(&fib, &change, false), 0);
        }
    assert_null(fib.root);
    assert_int_equal(fib.route_count, 0);
    fib_free(&fib);
}

static void ipv4_like_the_model(void **state)
{
    (void)state;
    against_the_model(4);
}

static void ipv6_like_the_model(void **state)
{
    (void)state;
    against_the_model(6);
}

static void own_addresses_go_first_then_metrics(void **state)
{
    (void)state;
    struct fib fib;
    fib_init(&fib, 4);
    struct fib_change change = {.destination = prefix_of("10.0.0.1/32"), .kind = HOP_UNICAST, .gateway = ip_of("10.9.9.9")};
    assert_int_equal(fib_add(&fib, &change), 0);
    change = (struct fib_change){.destination = prefix_of("10.0.0.1/32"), .kind = HOP_LOCAL};
    assert_int_equal(fib_add(&fib, &change), 0);
    struct ip own = ip_of("10.0.0.1"), other = ip_of("10.0.0.2");
    assert_int_equal(fib_lookup(&fib, &own)->kind, HOP_LOCAL);
    assert_null(fib_lookup(&fib, &other));
    static const uint32_t metrics[] = {20, 5, 10};
    for (size_t i = 0; i < count_of(metrics); i++) {
        change = (struct fib_change){.destination = prefix_of("0.0.0.0/0"),
                                     .kind = HOP_UNICAST,
                                     .metric = metrics[i],
                                     .gateway = gateway_of(4, metrics[i])};
        assert_int_equal(fib_add(&fib, &change), 0);
    }
    struct ip five = gateway_of(4, 5), ten = gateway_of(4, 10);
    assert_true(ip_equal(&fib_lookup(&fib, &other)->gateway, &five));
    change.gateway = five;
    assert_int_equal(fib_remove(&fib, &change, true), 0);
    assert_true(ip_equal(&fib_lookup(&fib, &other)->gateway, &ten));
    /* The listing shows unicast routes only. */
    struct fib_entry entry;
    assert_true(fib_at(&fib, 2, &entry));
    assert_false(fib_at(&fib, 3, &entry));
    fib_free(&fib);
}

static void an_interface_takes_its_routes(void **state)
{
    (void)state;
    struct fib fib;
    fib_init(&fib, 4);
    struct ip_interface *one = (struct ip_interface *)&fib,
                        *two = (struct ip_interface *)model; /* only their addresses are used */
    for (uint32_t i = 0; i < 1000; i++) {
        struct fib_change change = {
            .destination = {ip4(0x0a000000 + (i << 8)), 24}, .kind = HOP_UNICAST, .on = i % 2 ? one : two};
        assert_int_equal(fib_add(&fib, &change), 0);
    }
    struct ip odd = ip_of("10.0.3.1"), even = ip_of("10.0.4.1");
    struct fib_entry entry;
    assert_false(fib_find(&fib, &odd, two, &entry));
    assert_true(fib_find(&fib, &odd, one, &entry));
    fib_remove_interface(&fib, one);
    assert_int_equal(fib.route_count, 500);
    assert_null(fib_lookup(&fib, &odd));
    assert_ptr_equal(fib_lookup(&fib, &even)->on, two);
    fib_free(&fib);
}

/* ---- both forms of a small table ---- */

static bool same_hop(const struct next_hop *a, const struct next_hop *b)
{
    return a && b
               ? a->on == b->on && a->kind == b->kind && ip_equal(&a->gateway, &b->gateway) && ip_equal(&a->source, &b->source)
               : !a && !b;
}

static bool same_entry(const struct fib_entry *a, const struct fib_entry *b)
{
    return prefix_equal(&a->destination, &b->destination) && a->metric == b->metric && a->origin == b->origin &&
           same_hop(a->hop, b->hop);
}

static void forms_agree(struct fib *array, struct fib *trie, struct random *random, struct ip_interface *const on[2])
{
    assert_int_equal(array->route_count, trie->route_count);
    assert_int_equal(fib_unicast_count(array), fib_unicast_count(trie));
    struct fib_entry a, b;
    for (size_t i = 0; i < 12; i++) {
        bool there = fib_at(array, i, &a);
        assert_int_equal(there, fib_at(trie, i, &b));
        if (there)
            assert_true(same_entry(&a, &b));
    }
    for (unsigned i = 0; i < 12; i++) {
        struct ip ip = random_ip(random, array->family);
        ip.b[1] = (uint8_t)random_below(random, 2);
        memset(ip.b + 2, 0, 14);
        ip.b[array->family == 4 ? 3 : 15] = (uint8_t)random_below(random, 3);
        const struct next_hop *x = fib_lookup(array, &ip), *y = fib_lookup(trie, &ip);
        assert_true(same_hop(x, y));
        const struct ip_interface *over = i % 3 < 2 ? on[i % 3] : NULL;
        bool found = fib_find(array, &ip, over, &a);
        assert_int_equal(found, fib_find(trie, &ip, over, &b));
        if (found)
            assert_true(same_entry(&a, &b));
    }
}

static struct fib_change random_change(struct random *random, uint8_t family, struct ip_interface *const on[2])
{
    uint8_t bits = family == 4 ? 32 : 128;
    static const uint8_t lengths[] = {0, 7, 8, 15, 16, 24, 31};
    struct fib_change change = {.destination = {.address = {.family = family}}};
    change.destination.address.b[0] = (uint8_t)random_below(random, 4);
    change.destination.address.b[1] = (uint8_t)random_below(random, 2);
    change.destination.address.b[bits / 8 - 1] = (uint8_t)random_below(random, 3);
    change.destination.length = random_below(random, 4) ? lengths[random_below(random, count_of(lengths))] : bits;
    change.kind = (enum hop_kind)random_below(random, 3);
    change.on = on[random_below(random, 2)];
    change.metric = (uint32_t)random_below(random, 2);
    change.origin = (uint8_t)random_below(random, 3);
    if (change.kind == HOP_UNICAST && random_below(random, 2))
        change.gateway = gateway_of(family, (uint32_t)random_below(random, 2));
    if (random_below(random, 2))
        change.source = gateway_of(family, 7);
    return change;
}

/* The same changes to a table that is an array while it can be and to one that is a trie from its second route on: a route that is never taken
 * away keeps it one. */
static void array_and_trie_agree(void **state)
{
    (void)state;
    struct ip_interface *const on[2] = {(struct ip_interface *)(uintptr_t)64, (struct ip_interface *)(uintptr_t)128};
    unsigned small = 0, large = 0;
    for (unsigned seed = 0; seed < 600; seed++) {
        uint8_t family = seed % 2 ? 6 : 4;
        struct random random;
        random_seed(&random, seed, "two forms");
        struct fib array, trie;
        fib_init(&array, family);
        fib_init(&trie, family);
        struct fib_change keep = {.destination = {.address = gateway_of(family, 1), .length = 8}, .on = (void *)(uintptr_t)192};
        assert_int_equal(fib_add(&array, &keep), 0);
        assert_int_equal(fib_add(&trie, &keep), 0);
        fib_branch(&trie);
        unsigned room = (family == 4 ? 4u : 6u) + (unsigned)random_below(&random, 5); /* around the limit of an array */
        for (unsigned i = 0; i < 120; i++) {
            struct fib_change change = random_change(&random, family, on);
            bool any_metric = random_below(&random, 2);
            if (random_below(&random, 40) == 0) {
                fib_remove_interface(&array, change.on);
                fib_remove_interface(&trie, change.on);
            } else if (array.route_count < room && random_below(&random, 3)) {
                assert_int_equal(fib_add(&array, &change), fib_add(&trie, &change));
            } else {
                assert_int_equal(fib_remove(&array, &change, any_metric), fib_remove(&trie, &change, any_metric));
            }
            assert_non_null(trie.root);
            assert_true(array.root || array.route_count == array.flat_count);
            *(array.root ? &large : &small) += 1;
            forms_agree(&array, &trie, &random, on);
        }
        fib_free(&array);
        fib_free(&trie);
    }
    assert_true(small > 10000 && large > 10000);
}

static void an_emptied_trie_is_an_array_again(void **state)
{
    (void)state;
    struct fib fib;
    fib_init(&fib, 4);
    struct fib_change change = {.kind = HOP_UNICAST, .on = (struct ip_interface *)(uintptr_t)64};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < FIB_FAST_ROUTES + 1; i++) {
            change.destination = (struct prefix){ip4(0x0a000000 + i), 32};
            assert_int_equal(fib_add(&fib, &change), 0);
            assert_int_equal(fib.root == NULL, i < FIB_FLAT_ROUTES_IPV4);
            assert_ptr_equal(fib_lookup(&fib, &change.destination.address)->on, change.on);
        }
        assert_non_null(fib.fast);
        fib_remove_interface(&fib, change.on);
        assert_null(fib.root);
        assert_null(fib.fast);
        assert_null(fib_lookup(&fib, &change.destination.address));
    }
    fib_free(&fib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_like_the_model),
        cmocka_unit_test(ipv6_like_the_model),
        cmocka_unit_test(own_addresses_go_first_then_metrics),
        cmocka_unit_test(an_interface_takes_its_routes),
        cmocka_unit_test(array_and_trie_agree),
        cmocka_unit_test(an_emptied_trie_is_an_array_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
