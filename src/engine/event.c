/* Typed events: one stream, many readers.
 *
 * A protocol states a fact (event_emit with a static type and an array of values); the engine adds the time and the node and hands it to each
 * observer in turn. Nothing is stored and nothing is formatted here unless a reader asks: event_wanted() is a load and a branch, so
 * a run that nobody watches pays only that. Samples, which come with every packet, have a question of their own (event_sampled), so that the
 * story's readers do not make TCP measure anything.
 *
 * Printing a value is here rather than in the readers so that the story, the JSON stream and expectations agree on how an address
 * or a duration looks. */
#include "engine/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine_internal.h"

void observer_add(struct engine *engine, struct observer *observer)
{
    list_push_back(&engine->observers, &observer->link);
    engine->samplers += observer->samples;
}

void observer_remove(struct engine *engine, struct observer *observer)
{
    list_remove(&observer->link);
    engine->samplers -= observer->samples;
}

bool event_wanted(const struct node *node) { return !list_empty(&node->engine->observers); }
bool event_sampled(const struct node *node) { return node->engine->samplers > 0; }

void event_emit(struct node *node, const struct event_type *type, const union event_value *values)
{
    struct event event = {.time = node->engine->now, .node = node, .type = type, .values = values};
    list_each (link, &node->engine->observers) {
        struct observer *observer = list_entry(link, struct observer, link);
        if (type->level != EVENT_SAMPLE || observer->samples)
            observer->event(observer, &event);
    }
}

size_t event_field_count(const struct event_type *type)
{
    size_t count = 0;
    while (count < EVENT_FIELDS_MAX && type->fields[count].kind != FIELD_END)
        count++;
    return count;
}

const union event_value *event_value_find(const struct event *event, const char *field, enum field_kind *kind)
{
    size_t count = event_field_count(event->type);
    for (size_t i = 0; i < count; i++)
        if (strcmp(event->type->fields[i].name, field) == 0) {
            if (kind)
                *kind = event->type->fields[i].kind;
            return &event->values[i];
        }
    return NULL;
}

char *event_value_print(enum field_kind kind, const union event_value *value, char *out, size_t size_bytes)
{
    switch (kind) {
    case FIELD_NUMBER: snprintf(out, size_bytes, "%" PRId64, value->number); break;
    case FIELD_DURATION: duration_print(value->number, out, size_bytes); break;
    case FIELD_BYTES: snprintf(out, size_bytes, "%" PRId64 " %s", value->number, value->number == 1 ? "byte" : "bytes"); break;
    case FIELD_TEXT: snprintf(out, size_bytes, "%s", value->text ? value->text : ""); break;
    case FIELD_IP:
        if (value->ip.family)
            ip_print(&value->ip, out, size_bytes);
        else
            snprintf(out, size_bytes, "none");
        break;
    case FIELD_MAC: mac_print(value->mac, out, size_bytes); break;
    case FIELD_PREFIX: prefix_print(&value->prefix, out, size_bytes); break;
    case FIELD_ENDPOINT: endpoint_print(&value->endpoint, out, size_bytes); break;
    case FIELD_END:
        if (size_bytes)
            out[0] = '\0';
        break;
    }
    return out;
}
