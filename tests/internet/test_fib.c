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
        assert_ptr_equal(entry.route->hop, hop);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_like_the_model),
        cmocka_unit_test(ipv6_like_the_model),
        cmocka_unit_test(own_addresses_go_first_then_metrics),
        cmocka_unit_test(an_interface_takes_its_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
