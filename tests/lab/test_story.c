/* The story's shortness: what repeats is told once with a count, a large lab's settling is summed up, --verbose has neither; and what
 * typesetting does to tabs and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/scenario.h"
#include "lab/story.h"
#include "lab/story_text.h"
#include "load.h"

static void write_text(void *context, const char *text, size_t length) { text_add_bytes(context, text, length); }

static void tell(const char *source, bool verbose, struct text *out)
{
    struct lab *lab = lab_of(source);
    struct story_settings settings = {.write = write_text, .context = out, .verbose = verbose};
    struct scenario *scenario = scenario_create(lab);
    struct story *story = story_create(lab, &settings);
    struct world_options options = {.observers = {scenario_observer(scenario), story_observer(story)}};
    struct text error = {0};
    struct world *world;
    assert_int_equal(world_create(lab, &options, &error, &world), 0);
    story_begin(story, world);
    struct scenario_result result;
    scenario_run(scenario, world, INSTANT_NEVER, story_watcher(story), &result);
    story_end(story, &result);
    world_destroy(world, NULL);
    scenario_destroy(scenario);
    story_destroy(story);
    lab_free(lab);
    text_free(&error);
}

static size_t count_of_text(const struct text *in, const char *what)
{
    size_t count = 0;
    for (const char *p = text_string(in); (p = strstr(p, what)); p += strlen(what))
        count++;
    return count;
}

static const char UNREACHABLE[] = "nodes: {a: {address: 10.0.0.1/24}, b: {address: 10.0.0.2/24}}\n"
                                  "wires: [a - b]\n"
                                  "scenario: [{run: a$ ping -c 3 -i 0.5 10.0.0.9}]\n";

static void test_repeats(void **state)
{
    (void)state;
    struct text out = {0};
    tell(UNREACHABLE, false, &out);
    assert_int_equal(count_of_text(&out, "host unreachable"), 1);
    assert_int_equal(count_of_text(&out, "(the same 2 times more)\n"), 1);
    text_clear(&out);
    tell(UNREACHABLE, true, &out);
    assert_int_equal(count_of_text(&out, "host unreachable"), 3);
    assert_int_equal(count_of_text(&out, "(the same"), 0);
    text_free(&out);
}

static const char HANDED_ON[] =
    "nodes: {'a[1-2]': {address: dhcp}, sw: {kind: switch}, r: {kind: router, ports: {p: {address: 10.0.0.1/24}}, services: "
    "{dhcp-server: {port: p, range: 10.0.0.10-10.0.0.10}}}}\n"
    "wires: ['a[1-2] - sw', r - sw]\n"
    "scenario: [{at: 2s, run: a1$ ping -c 1 10.0.0.1}, {run: a1$ dhclient -r}, {expect: {event: dhcp-bound, node: a2, within: "
    "2min}},\n"
    "  {run: r$ ping -c 1 10.0.0.10}]\n";

/* An address that one host gave back and another one got has the name of the one that has it now. */
static void test_address_changes_hands(void **state)
{
    (void)state;
    struct text out = {0};
    tell(HANDED_ON, false, &out);
    const char *later = strstr(text_string(&out), "r$ ping");
    assert_non_null(later);
    assert_non_null(strstr(text_string(&out), "a1 → r"));
    assert_non_null(strstr(later, "r → a2"));
    assert_null(strstr(later, "a1"));
    text_free(&out);
}

static const char LARGE[] =
    "nodes: {'a[1-40]': , sw: {kind: switch}, r: {kind: router, ports: {p: {address: 10.0.0.1/24}}, services: "
    "{dhcp-server: {port: p, range: 10.0.0.10-10.0.0.99}}}}\n"
    "wires: ['a[1-40] - sw', r - sw]\n"
    "scenario: [{run: a1$ ping -c 1 10.0.0.1}]\n";

static void test_settling(void **state)
{
    (void)state;
    struct text out = {0};
    tell(LARGE, false, &out);
    assert_int_equal(count_of_text(&out, "Discover:"), 3);
    assert_int_equal(count_of_text(&out, " like these while the lab settled: "), 1);
    assert_true(strstr(text_string(&out), " of DHCP") != NULL);
    assert_int_equal(count_of_text(&out, "echo request"), 1); /* after settling everything is told */
    text_clear(&out);
    tell(LARGE, true, &out);
    assert_int_equal(count_of_text(&out, "Discover:"), 40);
    text_free(&out);
}

static void test_tabs(void **state)
{
    (void)state;
    struct text out = {0}, in = {0};
    text_add(&in, "a\tb\n12345678\tc\n\xc3\xa9\td\n");
    story_output(&out, &in, 2, 10);
    assert_string_equal(text_string(&out), "  a       b\n  12345678        c\n  \xc3\xa9       d\n");
    text_free(&out);
    text_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_repeats), cmocka_unit_test(test_address_changes_hands),
                                       cmocka_unit_test(test_settling), cmocka_unit_test(test_tabs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
