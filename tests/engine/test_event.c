/* Events: observers see what was emitted, values print as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/frame.h"
#include "engine/node.h"

static const struct event_type GREETING = {
    .name = "greeting",
    .protocol = "TEST",
    .story = "{word} lasts {lease}",
    .fields = {{"word", FIELD_TEXT}, {"lease", FIELD_DURATION}, {"size", FIELD_BYTES}},
};

struct listener {
    struct observer observer;
    unsigned count;
    char name[32], words[64];
    int64_t time_ns;
};

static void hear(struct observer *observer, const struct event *event)
{
    struct listener *listener = (struct listener *)observer;
    listener->count++;
    listener->time_ns = event->time.ns;
    strcpy(listener->name, event->type->name);
    enum field_kind kind;
    const union event_value *value =
        event_value_find(event, strcmp(event->type->protocol, "TEST") == 0 ? "lease" : "reason", &kind);
    assert_non_null(value);
    event_value_print(kind, value, listener->words, sizeof listener->words);
    assert_null(event_value_find(event, "absent", NULL));
}

static void observers_see_events(void **state)
{
    (void)state;
    struct engine *engine = engine_create(1);
    struct node *node = node_create(engine, "n");
    assert_false(event_wanted(node));
    struct listener listener = {.observer.event = hear};
    observer_add(engine, &listener.observer);
    assert_true(event_wanted(node));
    assert_int_equal(event_field_count(&GREETING), 3);
    event_emit(node, &GREETING, (union event_value[]){{.text = "hello"}, {.number = 90 * NS_PER_S}, {.number = 1}});
    assert_int_equal(listener.count, 1);
    assert_string_equal(listener.words, "90 s");
    node_drop(node, frame_create(engine, 0, 0), DROP_IP_NO_ROUTE);
    assert_string_equal(listener.name, "packet-drop");
    assert_string_equal(listener.words, "ip-no-route");
    observer_remove(engine, &listener.observer);
    assert_false(event_wanted(node));
    engine_destroy(engine);
}

static void samples_reach_only_who_asked(void **state)
{
    (void)state;
    static const struct event_type HEARTBEAT = {
        .name = "heartbeat", .protocol = "TEST", .level = EVENT_SAMPLE, .fields = {{"lease", FIELD_DURATION}}};
    struct engine *engine = engine_create(1);
    struct node *node = node_create(engine, "n");
    struct listener story = {.observer.event = hear}, plot = {.observer = {.event = hear, .samples = true}};
    observer_add(engine, &story.observer);
    assert_true(event_wanted(node));
    assert_false(event_sampled(node));
    observer_add(engine, &plot.observer);
    assert_true(event_sampled(node));
    event_emit(node, &HEARTBEAT, (union event_value[]){{.number = NS_PER_S}});
    assert_int_equal(story.count, 0);
    assert_int_equal(plot.count, 1);
    node_drop(node, frame_create(engine, 0, 0), DROP_IP_NO_ROUTE);
    assert_int_equal(story.count, 1);
    assert_int_equal(plot.count, 2);
    observer_remove(engine, &plot.observer);
    assert_false(event_sampled(node));
    observer_remove(engine, &story.observer);
    engine_destroy(engine);
}

static void values_print(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(event_value_print(FIELD_BYTES, &(union event_value){.number = 1}, out, sizeof out), "1 byte");
    assert_string_equal(event_value_print(FIELD_NUMBER, &(union event_value){.number = -5}, out, sizeof out), "-5");
    assert_string_equal(event_value_print(FIELD_TEXT, &(union event_value){.text = NULL}, out, sizeof out), "");
    assert_string_equal(event_value_print(FIELD_IP, &(union event_value){.ip = ip4(0xc0000201)}, out, sizeof out), "192.0.2.1");
    assert_string_equal(event_value_print(FIELD_IP, &(union event_value){.ip = {0}}, out, sizeof out), "none");
    assert_string_equal(event_value_print(FIELD_MAC, &(union event_value){.mac = MAC_BROADCAST}, out, sizeof out),
                        "ff:ff:ff:ff:ff:ff");
    assert_string_equal(event_value_print(FIELD_ENDPOINT,
                                          &(union event_value){.endpoint = {.address = ip4(0xc0000201), .port = 80}}, out,
                                          sizeof out),
                        "192.0.2.1:80");
    assert_string_equal(event_value_print(FIELD_PREFIX, &(union event_value){.prefix = {ip4(0xc0000200), 24}}, out, sizeof out),
                        "192.0.2.0/24");
    assert_string_equal(event_value_print(FIELD_END, &(union event_value){.number = 0}, out, sizeof out), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(observers_see_events), cmocka_unit_test(samples_reach_only_who_asked),
                                       cmocka_unit_test(values_print)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
