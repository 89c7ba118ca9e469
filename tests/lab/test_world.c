/* Worlds and scenarios: labs brought up, broken, mended, judged, and taken apart without a rest; and what their readers tell. */
#include "base/error.h"
#include "lab/json.h"
#include "lab/scenario.h"
#include "lab/story.h"
#include "lab/world.h"
#include "load.h"

/* What a run told its watcher, one word or sentence a line. */
struct notes {
    struct scenario_watcher watcher;
    struct text text;
};

static void on_said(struct scenario_watcher *watcher, struct instant now, const char *sentence)
{
    struct notes *notes = container_of(watcher, struct notes, watcher);
    text_format(&notes->text, "%lld ms: %s\n", (long long)(now.ns / NS_PER_MS), sentence);
}

static void on_judged(struct scenario_watcher *watcher, struct instant now, struct position at, bool held, const char *sentence)
{
    struct notes *notes = container_of(watcher, struct notes, watcher);
    (void)at;
    text_format(&notes->text, "%lld ms: %s: %s\n", (long long)(now.ns / NS_PER_MS), held ? "held" : "failed", sentence);
}

static void run(const char *text, struct instant until, struct notes *notes, struct scenario_result *result, char digest[33])
{
    struct lab *lab = lab_of(text);
    struct scenario *scenario = scenario_create(lab);
    struct world_options options = {.digest = true, .observers = {scenario_observer(scenario)}};
    struct world_leaks leaks;
    struct world *world;
    struct text error = {0};
    notes->watcher = (struct scenario_watcher){.said = on_said, .fault = on_said, .judged = on_judged};
    assert_int_equal(world_create(lab, &options, &error, &world), 0);
    scenario_run(scenario, world, until, &notes->watcher, result);
    if (digest)
        engine_digest(world_engine(world), digest);
    world_destroy(world, &leaks);
    assert_int_equal(leaks.frames, 0);
    assert_int_equal(leaks.tasks, 0);
    scenario_destroy(scenario);
    lab_free(lab);
}

/* All expectations of the lab hold, and there are so many. */
static void expect_held(size_t held, const char *lab)
{
    struct notes notes = {0};
    struct scenario_result result;
    run(lab, INSTANT_NEVER, &notes, &result, NULL);
    if (result.held != held || result.failed)
        fail_msg("%zu held, %zu failed:\n%s", result.held, result.failed, text_string(&notes.text));
    text_free(&notes.text);
}

static void expect_notes(const char *lab, const char *expected)
{
    struct notes notes = {0};
    struct scenario_result result;
    run(lab, INSTANT_NEVER, &notes, &result, NULL);
    assert_string_equal(text_string(&notes.text), expected);
    text_free(&notes.text);
}

#define PAIR "nodes: {a: {address: 10.0.0.1/24}, b: {address: 10.0.0.2/24}}\nwires: [a - b]\n"

static void steps_are_done_at_their_times(void **state)
{
    (void)state;
    expect_notes(PAIR "scenario:\n"
                      "  - { at: 0s, say: begin }\n"
                      "  - { wait: 1500ms, say: later }\n"
                      "  - { at: 5s, fault: { wire: a.eth0, down: 2s } }\n"
                      "  - { wait: 3s, say: after }\n"
                      "  - run: a$ ping -c 3 10.0.0.2\n"
                      "  - { at: 9s, say: past }\n",
                 "0 ms: begin\n"
                 "1500 ms: later\n"
                 "5000 ms: the wire a.eth0 - b.eth0 goes down\n"
                 "7000 ms: the wire a.eth0 - b.eth0 is up again\n"
                 "8000 ms: after\n"
                 "10000 ms: failed: at 9 s: expected to get there, but it is 10.000002952 s already\n"
                 "10000 ms: past\n");
}

static void settings_change_for_a_while(void **state)
{
    (void)state;
    expect_notes(PAIR
                 "scenario:\n"
                 "  - { at: 1s, fault: { wire: b, loss: 100%, for: 500ms } }\n"
                 "  - { run: a$ ping -c 1 -W 1 10.0.0.2, expect: { exit: 1, output: 0 received } }\n"
                 "  - { run: a$ ping -c 1 -W 1 10.0.0.2, expect: { exit: 0, output: [1 received, '/time=[0-9.]+ ms/'] } }\n"
                 "  - { expect: { drops: { wire-lost: \">= 1\" } } }\n",
                 "1000 ms: the wire a.eth0 - b.eth0 changes: loss 100% for 500ms\n"
                 "1500 ms: the wire a.eth0 - b.eth0 is as before\n"
                 "2000 ms: held: a$ ping -c 1 -W 1 10.0.0.2: as expected\n"
                 "2000 ms: held: a$ ping -c 1 -W 1 10.0.0.2: as expected\n"
                 "2000 ms: held: drops wire-lost: expected at least 1, seen 1\n");
}

static void power_cuts_end_and_begin_anew(void **state)
{
    (void)state;
    expect_held(4, PAIR "scenario:\n"
                        "  - run: b$ ping 10.0.0.1 &\n"
                        "  - run: a$ ping -c 1 10.0.0.2\n"
                        "    expect: { exit: 0 }\n"
                        "  - fault: { node: b, down: true }\n"
                        "  - run: a$ ping -c 1 -W 1 10.0.0.2\n"
                        "    expect: { exit: 1 }\n"
                        "  - run: b$ ping -c 1 10.0.0.1\n"
                        "    expect: { exit: 127, error: the node is off }\n"
                        "  - fault: { node: b, up: true }\n"
                        "  - wait: 3s\n"
                        "  - run: a$ ping -c 1 10.0.0.2\n"
                        "    expect: { exit: 0 }\n");
}

/* A server may have an IPv6 address of its own that duplicate address detection has yet to clear, also after a power cut. */
static void services_listen_on_ipv6_addresses(void **state)
{
    (void)state;
    expect_held(
        3,
        "nodes:\n"
        "  a: { address: 'fd00::1/64', dns: 'fd00::2' }\n"
        "  b:\n"
        "    address: ['fd00::2/64', 'fd00::3/64']\n"
        "    services:\n"
        "      web: { address: 'fd00::2', pages: { /: second } }\n"
        "      dns-authoritative:\n"
        "        - { listen: 'fd00::2', zones: { example: \"$TTL 60\\n@ SOA ns a 1 1 1 1 1\\n@ NS ns\\nns AAAA fd00::2\\n\" } "
        "}\n"
        "wires: [a - b]\n"
        "scenario:\n"
        "  - run: a$ curl -s http://ns.example/\n"
        "    expect: { exit: 0, output: second }\n"
        "  - run: a$ curl -sS 'http://[fd00::3]/'\n"
        "    expect: { exit: 7 }\n"
        "  - fault: { node: b, down: 1s }\n"
        "  - wait: 5s\n"
        "  - run: a$ curl -s http://ns.example/\n"
        "    expect: { exit: 0, output: second }\n");
}

/* The last word of a host that gives its address back is answered when it has none: the router is there all the same. */
static void who_has_no_address_hears_answers(void **state)
{
    (void)state;
    expect_held(
        4, "nodes:\n"
           "  a: { address: dhcp }\n"
           "  r: { kind: router, ports: { l: { address: 10.0.0.1/24 } }, services: { dhcp-server: { port: l, range: "
           "10.0.0.5-10.0.0.9 } } }\n"
           "wires: [a - r.l]\n"
           "scenario:\n"
           "  - run: a$ dhclient -r\n"
           "    expect: { exit: 0 }\n"
           "  - wait: 30s\n"
           "  - expect: [{ event: dhcp-release, node: a }, { event: arp-probe, node: a }, { event: neighbour-failed, count: 0 "
           "}]\n");
}

/* What loading cannot see, since addresses may come later. That two services share a port it does see: test_faults.c. */
static void services_need_their_address(void **state)
{
    static const char *const SERVICES_OF_B[] = {"dns-forwarder: {listen: 10.0.0.7, upstream: 10.0.0.9}",
                                                "web: {address: 10.0.0.7, pages: {/: a}}"};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct text source = {0}, error = {0};
        text_format(&source, "nodes: {a: {address: 10.0.0.1/24}, b: {address: 10.0.0.2/24, services: {%s}}}\nwires: [a - b]\n",
                    SERVICES_OF_B[i]);
        struct lab *lab = lab_of(text_string(&source));
        struct world_options options = {0};
        struct world *world;
        assert_int_equal(world_create(lab, &options, &error, &world), IMP_INVALID);
        assert_non_null(strstr(text_string(&error), i ? "web cannot start" : "dns-forwarder cannot start"));
        assert_non_null(strstr(text_string(&error), "the node does not have that address"));
        lab_free(lab);
        text_free(&source);
        text_free(&error);
    }
}

static void failures_say_what_was_seen(void **state)
{
    (void)state;
    struct notes notes = {0};
    struct scenario_result result;
    run(PAIR "scenario:\n"
             "  - run: a$ ping -c 1 10.0.0.2\n"
             "    expect: { exit: 3, output: 7 received, without: /PING/, time: '> 1h' }\n"
             "  - expect: { event: address-removed, count: 2 }\n"
             "  - expect: [{ event: address-added, node: a, prefix: 10.0.0.1 }, { event: address-added, count: 0 }]\n"
             "  - expect: { drops: { wire-lost: 3 } }\n",
        INSTANT_NEVER, &notes, &result, NULL);
    const char *seen = text_string(&notes.text);
    assert_non_null(strstr(seen, "exit status: expected 3, seen 0"));
    assert_non_null(strstr(seen, "; output: expected to find \"7 received\", seen \"PING 10.0.0.2"));
    assert_non_null(strstr(seen, "; output: expected not to find \"/PING/\""));
    assert_non_null(strstr(seen, "; time: expected > 1h, seen "));
    assert_non_null(strstr(seen, "event address-removed: expected 2, seen 0"));
    assert_non_null(strstr(seen, "held: event address-added on a with prefix 10.0.0.1: expected at least 1, seen 1"));
    assert_non_null(strstr(seen, "drops wire-lost: expected 3, seen 0"));
    assert_int_equal(result.held, 1);
    assert_int_equal(result.failed, 4);
    text_free(&notes.text);
}

static void runs_end_at_until_or_at_their_timeout(void **state)
{
    (void)state;
    struct notes notes = {0};
    struct scenario_result result;
    run(PAIR "scenario:\n  - run: a$ ping 10.0.0.2\n  - say: never\n", (struct instant){10 * NS_PER_S}, &notes, &result, NULL);
    assert_string_equal(text_string(&notes.text), "");
    assert_int_equal(result.ended.ns, 10 * NS_PER_S);
    assert_int_equal(result.steps_left, 1);
    run(PAIR "scenario:\n  - { run: a$ ping 10.0.0.2, timeout: 5s }\n  - say: then\n", INSTANT_NEVER, &notes, &result, NULL);
    assert_non_null(strstr(text_string(&notes.text), "a$ ping 10.0.0.2: still running after 5 s"));
    assert_non_null(strstr(text_string(&notes.text), "then"));
    assert_int_equal(result.failed, 1);
    run(PAIR "scenario: [{at: 1s}]\n", (struct instant){7 * NS_PER_S}, &notes, &result, NULL);
    assert_int_equal(result.ended.ns, 7 * NS_PER_S);
    text_free(&notes.text);
}

static void the_same_lab_is_the_same_run(void **state)
{
    (void)state;
    struct notes notes = {0};
    struct scenario_result result;
    char first[33], second[33], third[33];
    const char *lab = PAIR "scenario:\n  - { run: a$ ping -c 3 10.0.0.2 }\n";
    run(lab, INSTANT_NEVER, &notes, &result, first);
    run(lab, INSTANT_NEVER, &notes, &result, second);
    run("seed: 2\n" PAIR "scenario:\n  - { run: a$ ping -c 3 10.0.0.2 }\n", INSTANT_NEVER, &notes, &result, third);
    assert_string_equal(first, second);
    assert_string_not_equal(first, third);
    text_free(&notes.text);
}

static void a_thousand_hosts_come_and_go(void **state)
{
    (void)state;
    struct notes notes = {0};
    struct scenario_result result;
    run("nodes: {'h[1-1000]': {address: 10.0.0.1/16}, 's[1-10]': {kind: switch}, c: {kind: switch}}\n"
        "wires: ['h[1-1000] - s[1-10]', 's[1-10] - c']\n"
        "scenario:\n  - { run: h1$ ping -c 1 10.0.3.232, expect: { exit: 0 } }\n",
        INSTANT_NEVER, &notes, &result, NULL);
    assert_true(result.settled);
    assert_int_equal(result.held, 1);
    text_free(&notes.text);
}

/* ---- readers ---- */

static void keep(void *context, const char *text, size_t length) { text_add_bytes(context, text, length); }

static void the_story_is_told(void **state)
{
    (void)state;
    struct lab *lab = lab_of("lab: pair\nabout: Two hosts.\n" PAIR "scenario:\n  - { at: 2s, run: a$ ping -c 1 10.0.0.2 }\n");
    struct text told = {0}, error = {0};
    struct story_settings settings = {.write = keep, .context = &told};
    struct story *story = story_create(lab, &settings);
    struct scenario *scenario = scenario_create(lab);
    struct world_options options = {.observers = {scenario_observer(scenario), story_observer(story)}};
    struct scenario_result result;
    struct world *world;
    assert_int_equal(world_create(lab, &options, &error, &world), 0);
    story_begin(story, world);
    scenario_run(scenario, world, INSTANT_NEVER, story_watcher(story), &result);
    story_end(story, &result);
    world_destroy(world, NULL);
    const char *seen = text_string(&told);
    assert_int_equal(strncmp(seen, "pair: Two hosts.\n\n", 18), 0);
    assert_non_null(strstr(seen, "\n 2.000 000  a$ ping -c 1 10.0.0.2\n\n"));
    assert_non_null(strstr(seen, "\n 2.000 000  a → everyone        ARP       who has 10.0.0.2? tell 10.0.0.1\n"));
    assert_non_null(strstr(seen, "  b → a               ARP       10.0.0.2 is at 02:"));
    assert_non_null(strstr(seen, "            1 packets transmitted, 1 received, 0% packet loss"));
    assert_non_null(strstr(seen, "Virtual time: 2"));
    assert_null(strstr(seen, "\033["));
    story_destroy(story);
    scenario_destroy(scenario);
    text_free(&told);
    lab_free(lab);
}

static void json_is_one_object_a_line(void **state)
{
    (void)state;
    struct lab *lab = lab_of(PAIR "scenario:\n  - { at: 2s, say: 'a \"quote\"' }\n");
    struct text told = {0}, error = {0};
    struct json_stream json;
    json_stream_create(&json, keep, &told);
    struct scenario *scenario = scenario_create(lab);
    struct world_options options = {.observers = {scenario_observer(scenario), &json.observer}};
    struct scenario_result result;
    struct world *world;
    assert_int_equal(world_create(lab, &options, &error, &world), 0);
    scenario_run(scenario, world, INSTANT_NEVER, &json.watcher, &result);
    json_stream_result(&json, &result);
    world_destroy(world, NULL);
    const char *seen = text_string(&told);
    assert_non_null(strstr(
        seen, "{\"time\":0,\"node\":\"a\",\"event\":\"address-added\",\"protocol\":\"IP\",\"fields\":{\"interface\":\"eth0\","
              "\"prefix\":\"10.0.0.1/24\",\"origin\":\"set by hand\"}}\n"));
    assert_non_null(strstr(seen, "{\"time\":2000000000,\"step\":\"say\",\"text\":\"a \\\"quote\\\"\"}\n"));
    assert_non_null(strstr(seen, "\"step\":\"end\",\"held\":0,\"failed\":0,\"steps_left\":0,\"settled\":true}\n"));
    json_stream_destroy(&json);
    scenario_destroy(scenario);
    text_free(&told);
    lab_free(lab);
}

static void times_are_grouped(void **state)
{
    (void)state;
    struct text text = {0};
    story_time_print(&text, (struct instant){31877000});
    text_add(&text, "|");
    story_time_print(&text, (struct instant){INT64_C(3600000001999)});
    assert_string_equal(text_string(&text), "0.031 877|3600.000 001");
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_done_at_their_times),
        cmocka_unit_test(settings_change_for_a_while),
        cmocka_unit_test(power_cuts_end_and_begin_anew),
        cmocka_unit_test(services_listen_on_ipv6_addresses),
        cmocka_unit_test(who_has_no_address_hears_answers),
        cmocka_unit_test(services_need_their_address),
        cmocka_unit_test(failures_say_what_was_seen),
        cmocka_unit_test(runs_end_at_until_or_at_their_timeout),
        cmocka_unit_test(the_same_lab_is_the_same_run),
        cmocka_unit_test(a_thousand_hosts_come_and_go),
        cmocka_unit_test(the_story_is_told),
        cmocka_unit_test(json_is_one_object_a_line),
        cmocka_unit_test(times_are_grouped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
