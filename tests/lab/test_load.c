/* Loading: ranges on nodes and wires, ports made and found, addresses and routes, settings of wires, includes, schemas filled. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/fill.h"
#include "load.h"

static const char *wire_names(const struct lab *lab)
{
    static char names[2000];
    *names = 0;
    for (size_t i = 0; i < lab->wire_count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? "; " : "", lab->wires[i]->name);
    return names;
}

static void expect_wires(const char *text, const char *names)
{
    struct lab *lab = lab_of(text);
    assert_string_equal(wire_names(lab), names);
    lab_free(lab);
}

static void wires_find_and_make_ports(void **state)
{
    (void)state;
    expect_wires("nodes: {a: , b: }\nwires: [a - b]\n", "a.eth0 - b.eth0");
    expect_wires("nodes: {a: , s: {kind: switch}, b: }\nwires: [a - s, s - b]\n", "a.eth0 - s.p1; s.p2 - b.eth0");
    /* a named port is taken before numbers are given out, wherever it stands */
    expect_wires("nodes: {a: , s: {kind: switch}, b: }\nwires: [a - s, s.p1 - b]\n", "a.eth0 - s.p2; s.p1 - b.eth0");
    expect_wires("nodes: {r: {kind: router, ports: {x: , y: , z: }}, a: , b: }\nwires: [a - r, r.x - b, a - r]\n",
                 "a.eth0 - r.y; r.x - b.eth0; a.eth1 - r.z");
    expect_wires("nodes: {a: , b: }\nwires:\n- a - b: {name: uplink}\n- a.left - b.right\n", "uplink; a.left - b.right");
}

static void ranges_are_dealt(void **state)
{
    (void)state;
    expect_wires("nodes: {'h[1-3]': , s: {kind: switch}}\nwires: ['h[1-3] - s']\n",
                 "h1.eth0 - s.p1; h2.eth0 - s.p2; h3.eth0 - s.p3");
    expect_wires("nodes: {'h[1-4]': , 's[1-2]': {kind: switch}}\nwires: ['h[1-4] - s[1-2]']\n",
                 "h1.eth0 - s1.p1; h2.eth0 - s1.p2; h3.eth0 - s2.p1; h4.eth0 - s2.p2");
    expect_wires("nodes: {'h[1-3]': , 's[1-2]': {kind: hub}}\nwires: ['s[1-2] - h[1-3]']\n",
                 "s1.p1 - h1.eth0; s1.p2 - h2.eth0; s2.p1 - h3.eth0");
    expect_wires("nodes: {'a[1-2]': , 'b[1-2]': }\nwires: ['a[1-2] - b[1-2]': {name: w}]\n", "w-1; w-2");
    expect_wires("nodes: {r: {kind: router}, 'a[1-2]': }\nwires: ['r.lan[1-2] - a[1-2]']\n",
                 "r.lan1 - a1.eth0; r.lan2 - a2.eth0");
}

static void addresses_count_up(void **state)
{
    (void)state;
    struct ip first, last;
    assert_int_equal(ip_parse("10.0.0.250", &first), 0);
    assert_int_equal(ip_parse("10.0.1.4", &last), 0);
    struct ip seen = lab_address_step(first, 10);
    assert_true(ip_equal(&seen, &last));
    assert_int_equal(ip_parse("2001:db8::ffff", &first), 0);
    assert_int_equal(ip_parse("2001:db8::1:0", &last), 0);
    seen = lab_address_step(first, 1);
    assert_true(ip_equal(&seen, &last));
    assert_int_equal(ip_parse("255.255.255.255", &first), 0);
    seen = lab_address_step(first, 1);
    assert_int_equal(seen.family, 0);
}

static void plans_follow_the_words(void **state)
{
    (void)state;
    struct lab *lab = lab_of("nodes:\n"
                             "  quiet: \n"
                             "  fixed: { address: [10.0.0.2/24, 'fd00::2/64'], gateway: [10.0.0.1, 'fe80::1'] }\n"
                             "  both: { address: [10.0.0.3/24, auto] }\n"
                             "  none: { address: none }\n"
                             "  r: { kind: router, address: dhcp, routes: [10.9.0.0/16 via 10.0.0.2 metric 7] }\n"
                             "  s: { kind: switch }\n"
                             "wires: [quiet - s, fixed - s, both - s, none - s, r - s]\n");
    const struct port_plan *plan = lab_node_find(lab, "quiet")->group->plans;
    assert_true(plan->dhcp && plan->accept_advertisements && plan->prefix_count == 0);
    const struct lab_group *fixed = lab_node_find(lab, "fixed")->group;
    assert_true(!fixed->plans->dhcp && !fixed->accept_advertisements && fixed->plans->prefix_count == 2);
    assert_int_equal(fixed->route_count, 2);
    assert_int_equal(fixed->routes[1].destination.address.family, 6);
    assert_int_equal(fixed->routes[1].destination.length, 0);
    plan = lab_node_find(lab, "both")->group->plans;
    assert_true(!plan->dhcp && plan->accept_advertisements && plan->prefix_count == 1);
    plan = lab_node_find(lab, "none")->group->plans;
    assert_true(!plan->dhcp && !plan->accept_advertisements && plan->prefix_count == 0);
    const struct lab_group *router = lab_node_find(lab, "r")->group;
    assert_true(router->forwarding && router->plans->dhcp && !router->accept_advertisements);
    assert_int_equal(router->routes[0].metric, 7);
    assert_non_null(lab_node_find(lab, "quiet")->ports[0]->dhcp_client);
    assert_null(lab_node_find(lab, "fixed")->ports[0]->dhcp_client);
    assert_ptr_equal(lab_wire_find(lab, "quiet"), lab->wires[0]);
    assert_ptr_equal(lab_wire_find(lab, "s.p2"), lab->wires[1]);
    assert_ptr_equal(lab_wire_find(lab, "both.eth0 - s.p3"), lab->wires[2]);
    assert_null(lab_wire_find(lab, "s"));
    lab_free(lab);
}

static void settings_come_in_layers(void **state)
{
    (void)state;
    struct lab *lab = lab_of("defaults: { profile: dsl, delay: 3ms }\n"
                             "nodes: {a: , b: }\n"
                             "wires:\n"
                             "  - a - b\n"
                             "  - a - b: { loss: 0.5%, delay: 4ms, down: { rate: 1M } }\n"
                             "  - a - b: { profile: ideal, up: { delay: 9us } }\n");
    const struct wire_profile *dsl = wire_profile_find("dsl");
    const struct wire_settings *plain = lab->wires[0]->settings, *changed = lab->wires[1]->settings,
                               *own = lab->wires[2]->settings;
    assert_int_equal(plain[0].delay_ns, 3 * NS_PER_MS);
    assert_int_equal(plain[0].rate_bps, dsl->up.rate_bps);
    assert_int_equal(plain[1].rate_bps, dsl->down.rate_bps);
    assert_int_equal(changed[0].delay_ns, 4 * NS_PER_MS);
    assert_int_equal(changed[0].loss_ppm, 5000);
    assert_int_equal(changed[0].rate_bps, dsl->up.rate_bps);
    assert_int_equal(changed[1].rate_bps, 1000000);
    assert_int_equal(own[0].delay_ns, 9000);
    assert_int_equal(own[1].delay_ns, 0);
    assert_int_equal(own[0].rate_bps, 0);
    lab_free(lab);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void files_include_files(void **state)
{
    (void)state;
    char folder[] = "/tmp/imp-test-XXXXXX", path[300];
    assert_non_null(mkdtemp(folder));
    write_file(folder, "main.yaml",
               "lab: main\nseed: 7\ninclude: [home.yaml]\nnodes: {isp: {kind: router}}\nwires: [home - isp]\n");
    write_file(folder, "home.yaml", "lab: home\nseed: 3\nnodes: {home: , pc: }\nwires: [pc - home]\nscenario: [{wait: 1s}]\n");
    snprintf(path, sizeof path, "%s/main.yaml", folder);
    struct fault_list faults = {0};
    struct lab *lab;
    assert_int_equal(lab_load(path, &faults, &lab), 0);
    assert_string_equal(lab_name(lab), "main");
    assert_int_equal(lab->config.seed, 7);
    assert_int_equal(lab->node_count, 3);
    assert_int_equal(lab->wire_count, 2);
    assert_int_equal(lab->step_count, 0);
    lab_free(lab);
    write_file(folder, "home.yaml", "include: main.yaml\nnodes: {x: {kind: y}}\n");
    assert_int_not_equal(lab_load(path, &faults, &lab), 0);
    assert_null(lab);
    assert_true(faults.count >= 3); /* the circle, the kind, and the node that is gone */
    assert_non_null(strstr(faults.faults[0].at.file, "home.yaml"));
    assert_non_null(strstr(faults.faults[0].text, "included already"));
    fault_list_free(&faults);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, i ? "home.yaml" : "main.yaml");
        unlink(path);
    }
    rmdir(folder);
}

/* ---- schemas ---- */

struct page {
    const char *path, *value;
    uint16_t status;
};
struct inner {
    bool enabled;
    int64_t wait_ns;
};
struct outer {
    uint8_t small;
    uint64_t big;
    bool flag;
    int choice;
    const char *port;
    struct endpoint *upstreams;
    size_t upstream_count;
    struct config_range range;
    struct inner inner;
    struct page *pages;
    size_t page_count;
    uint64_t size, rate;
    uint32_t percent;
};
static const char *const CHOICES[] = {"red", "green", NULL};
static const struct config_key PAGE_KEYS[] = {
    {.name = "value", .kind = CONFIG_TEXT, .offset = offsetof(struct page, value)},
    {.name = "status", .kind = CONFIG_NUMBER, .bytes = 2, .offset = offsetof(struct page, status), .fallback = "200"},
    {.name = NULL}};
static const struct config_key INNER_KEYS[] = {
    {.name = "enabled", .kind = CONFIG_BOOL, .offset = offsetof(struct inner, enabled)},
    {.name = "wait", .kind = CONFIG_DURATION, .offset = offsetof(struct inner, wait_ns), .fallback = "5s"},
    {.name = NULL}};
static const struct config_key OUTER_KEYS[] = {
    {.name = "small", .kind = CONFIG_NUMBER, .bytes = 1, .offset = offsetof(struct outer, small), .fallback = "9"},
    {.name = "big", .kind = CONFIG_NUMBER, .bytes = 8, .offset = offsetof(struct outer, big)},
    {.name = "flag", .kind = CONFIG_BOOL, .offset = offsetof(struct outer, flag), .fallback = "true"},
    {.name = "choice", .kind = CONFIG_CHOICE, .choices = CHOICES, .offset = offsetof(struct outer, choice)},
    {.name = "port", .kind = CONFIG_PORT_NAME, .offset = offsetof(struct outer, port)},
    {.name = "upstream",
     .kind = CONFIG_ENDPOINT,
     .minimum = 53,
     .list = true,
     .offset = offsetof(struct outer, upstreams),
     .count_offset = offsetof(struct outer, upstream_count),
     .fallback = "9.9.9.9"},
    {.name = "range", .kind = CONFIG_RANGE, .offset = offsetof(struct outer, range)},
    {.name = "inner",
     .kind = CONFIG_RECORD,
     .keys = INNER_KEYS,
     .offset = offsetof(struct outer, inner),
     .element_bytes = sizeof(struct inner)},
    {.name = "pages",
     .kind = CONFIG_MAP,
     .keys = PAGE_KEYS,
     .offset = offsetof(struct outer, pages),
     .count_offset = offsetof(struct outer, page_count),
     .element_bytes = sizeof(struct page)},
    {.name = "size", .kind = CONFIG_SIZE, .offset = offsetof(struct outer, size)},
    {.name = "rate", .kind = CONFIG_RATE, .offset = offsetof(struct outer, rate)},
    {.name = "percent", .kind = CONFIG_PERCENT, .offset = offsetof(struct outer, percent)},
    {.name = NULL}};

static bool fill_text(const char *text, struct arena *arena, struct outer *out)
{
    static const char *const ports[] = {"lan", "wan", NULL};
    struct fault_list faults = {0};
    struct fill fill = {.arena = arena, .faults = &faults, .ports = ports};
    *out = (struct outer){0};
    const struct yaml *yaml = yaml_parse("x", text, strlen(text), arena, &faults);
    bool good = yaml && fill_record(&fill, OUTER_KEYS, yaml, out, "it");
    assert_int_equal(good, faults.count == 0);
    fault_list_free(&faults);
    return good;
}

static void schemas_fill_structs(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct outer outer;
    assert_true(fill_text("{}", &arena, &outer));
    assert_true(outer.small == 9 && outer.flag && outer.inner.wait_ns == 5 * NS_PER_S && !outer.inner.enabled);
    assert_int_equal(outer.upstream_count, 1);
    assert_int_equal(outer.upstreams[0].port, 53);
    assert_true(fill_text("small: 255\nbig: 18446744073709551615\nflag: no\nchoice: green\nport: wan\n"
                          "upstream: [1.2.3.4, '[::1]:5353']\nrange: 10.0.0.1 - 10.0.0.9\ninner: true\n"
                          "pages: {/: hello, /x: {status: 404}, /y: }\nsize: 2KiB\nrate: 1.5M\npercent: 2.5%\n",
                          &arena, &outer));
    assert_true(outer.small == 255 && outer.big == UINT64_MAX && !outer.flag && outer.choice == 1);
    assert_string_equal(outer.port, "wan");
    assert_true(outer.upstream_count == 2 && outer.upstreams[0].port == 53 && outer.upstreams[1].port == 5353);
    assert_int_equal(ip4_number(&outer.range.last), 0x0a000009);
    assert_true(outer.inner.enabled && outer.inner.wait_ns == 5 * NS_PER_S);
    assert_int_equal(outer.page_count, 3);
    assert_string_equal(outer.pages[0].value, "hello");
    assert_true(outer.pages[0].status == 200 && outer.pages[1].status == 404 && outer.pages[2].status == 200);
    assert_true(outer.size == 2048 && outer.rate == 1500000 && outer.percent == 25000);
    static const char *const bad[] = {"small: 256",
                                      "small: x",
                                      "small: 1.5",
                                      "flag: maybe",
                                      "choice: blue",
                                      "port: dmz",
                                      "range: 10.0.0.9-10.0.0.1",
                                      "range: 10.0.0.1",
                                      "upstream: [x]",
                                      "inner: [1]",
                                      "pages: [1]",
                                      "size: -1",
                                      "percent: 3",
                                      "percent: 101%",
                                      "unknown: 1",
                                      "inner: {wait: 1}",
                                      "flag: {}"};
    for (size_t i = 0; i < count_of(bad); i++)
        if (fill_text(bad[i], &arena, &outer))
            fail_msg("taken: %s", bad[i]);
    arena_free(&arena);
}

static void a_hundred_thousand_nodes_load(void **state)
{
    (void)state;
    struct lab *lab =
        lab_of("nodes: {'h[1-99000]': {address: none}, 's[1-990]': {kind: switch}}\nwires: ['h[1-99000] - s[1-990]']\n");
    assert_int_equal(lab->node_count, 99990);
    assert_int_equal(lab->wire_count, 99000);
    assert_string_equal(lab->wires[98999]->name, "h99000.eth0 - s990.p100");
    lab_free(lab);
}

/* Ports that wires make on a switch step over those that the file names, however many there are, and every one is found by its name. */
static void ports_of_a_large_switch_are_all_apart(void **state)
{
    (void)state;
    struct lab *lab =
        lab_of("nodes: {'h[1-3000]': {address: none}, x: {address: none}, y: {address: none}, s: {kind: switch}}\n"
               "wires: ['h[1-3000] - s', x - s.p2, y - s.p2500]\n");
    const struct lab_node *s = map_get(&lab->node_names, "s", 1);
    assert_int_equal(s->port_count, 3002);
    assert_string_equal(lab->wires[1]->name, "h2.eth0 - s.p3");
    assert_string_equal(lab->wires[2999]->name, "h3000.eth0 - s.p3002");
    for (size_t i = 0; i < s->port_count; i++)
        assert_ptr_equal(lab_port_find(s, s->ports[i]->name), s->ports[i]);
    assert_string_equal(lab_port_find(s, "p2500")->wire->nodes[0]->name, "y");
    assert_null(lab_port_find(s, "p3003"));
    lab_free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wires_find_and_make_ports),
        cmocka_unit_test(ranges_are_dealt),
        cmocka_unit_test(addresses_count_up),
        cmocka_unit_test(plans_follow_the_words),
        cmocka_unit_test(settings_come_in_layers),
        cmocka_unit_test(files_include_files),
        cmocka_unit_test(schemas_fill_structs),
        cmocka_unit_test(a_hundred_thousand_nodes_load),
        cmocka_unit_test(ports_of_a_large_switch_are_all_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
