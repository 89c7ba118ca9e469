/* --json: the event stream for programs.
 *
 * Every event is a line, also those that the story leaves out. The names of events and fields are those of the event types, so a
 * program written against one protocol's events needs to know nothing of others. The steps of the scenario are lines too,
 * with "step" in the place of "event"; the last line tells the result.
 *
 * Lines are built by hand on base/text, whose JSON helper quotes and repairs UTF-8: an object model for one flat line would only
 * allocate.
 */
#include "lab/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"

static void add_string(struct text *out, const char *key, const char *value)
{
    text_format(out, ",\"%s\":", key);
    text_add_json(out, value, strlen(value));
}

static void line_end(struct json_stream *json)
{
    text_add(&json->line, "}\n");
    json->write(json->context, text_string(&json->line), json->line.length);
    text_clear(&json->line);
}

static void on_event(struct observer *observer, const struct event *event)
{
    struct json_stream *json = container_of(observer, struct json_stream, observer);
    struct text *line = &json->line;
    text_format(line, "{\"time\":%" PRId64, event->time.ns);
    add_string(line, "node", event->node->name);
    add_string(line, "event", event->type->name);
    add_string(line, "protocol", event->type->protocol);
    text_add(line, ",\"fields\":{");
    size_t count = event_field_count(event->type);
    for (size_t i = 0; i < count; i++) {
        const struct event_field *field = &event->type->fields[i];
        const union event_value *value = &event->values[i];
        text_format(line, "%s\"%s\":", i ? "," : "", field->name);
        if (field->kind == FIELD_NUMBER || field->kind == FIELD_DURATION || field->kind == FIELD_BYTES) {
            text_format(line, "%" PRId64, value->number);
        } else if (field->kind == FIELD_TEXT) {
            const char *text = value->text ? value->text : "";
            text_add_json(line, text, strlen(text));
        } else {
            char text[ENDPOINT_TEXT_BYTES];
            event_value_print(field->kind, value, text, sizeof text);
            text_add_json(line, text, strlen(text));
        }
    }
    text_add_char(line, '}');
    line_end(json);
}

static struct json_stream *step_line(struct scenario_watcher *watcher, struct instant now, const char *step)
{
    struct json_stream *json = container_of(watcher, struct json_stream, watcher);
    text_format(&json->line, "{\"time\":%" PRId64 ",\"step\":\"%s\"", now.ns, step);
    return json;
}

static void on_said(struct scenario_watcher *watcher, struct instant now, const char *sentence)
{
    struct json_stream *json = step_line(watcher, now, "say");
    add_string(&json->line, "text", sentence);
    line_end(json);
}

static void on_fault(struct scenario_watcher *watcher, struct instant now, const char *sentence)
{
    struct json_stream *json = step_line(watcher, now, "fault");
    add_string(&json->line, "text", sentence);
    line_end(json);
}

static void on_started(struct scenario_watcher *watcher, struct instant now, const struct job *job)
{
    struct json_stream *json = step_line(watcher, now, "run");
    add_string(&json->line, "node", job->node->name);
    add_string(&json->line, "command", job->command);
    line_end(json);
}

static void on_ended(struct scenario_watcher *watcher, struct instant now, const struct job *job)
{
    struct json_stream *json = step_line(watcher, now, "ended");
    add_string(&json->line, "node", job->node->name);
    add_string(&json->line, "command", job->command);
    text_format(&json->line, ",\"exit\":%d,\"took\":%" PRId64 ",\"output\":", job->status,
                instant_since(job->ended, job->started));
    text_add_json(&json->line, text_string(&job->output), job->output.length);
    text_add(&json->line, ",\"error\":");
    text_add_json(&json->line, text_string(&job->error), job->error.length);
    line_end(json);
}

static void on_judged(struct scenario_watcher *watcher, struct instant now, struct position at, bool held, const char *sentence)
{
    struct json_stream *json = step_line(watcher, now, "expect");
    text_format(&json->line, ",\"held\":%s", held ? "true" : "false");
    add_string(&json->line, "file", at.file);
    text_format(&json->line, ",\"line\":%" PRIu32, at.line);
    add_string(&json->line, "text", sentence);
    line_end(json);
}

void json_stream_create(struct json_stream *json, void (*write)(void *context, const char *text, size_t length), void *context)
{
    *json = (struct json_stream){
        .observer = {.event = on_event},
        .watcher = {.said = on_said, .started = on_started, .ended = on_ended, .fault = on_fault, .judged = on_judged},
        .write = write,
        .context = context};
}

void json_stream_result(struct json_stream *json, const struct scenario_result *result)
{
    text_format(&json->line,
                "{\"time\":%" PRId64 ",\"step\":\"end\",\"held\":%zu,\"failed\":%zu,\"steps_left\":%zu,\"settled\":%s",
                result->ended.ns, result->held, result->failed, result->steps_left, result->settled ? "true" : "false");
    line_end(json);
}

void json_stream_destroy(struct json_stream *json) { text_free(&json->line); }
