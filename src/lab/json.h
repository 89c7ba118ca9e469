#ifndef IMP_LAB_JSON_H
#define IMP_LAB_JSON_H

#include "engine/event.h"
#include "lab/scenario.h"

/* The event stream and the scenario's steps as JSON, one object a line. Times are nanoseconds of virtual time.
 *   {"time":412000,"node":"home","event":"dhcp-offer","protocol":"DHCP","fields":{"to":"02:...","address":"192.168.1.100"}}
 *   {"time":412000,"step":"run","node":"laptop","command":"curl -s http://www.shop.example/"}
 * Numbers, sizes and durations (in ns) are JSON numbers; all other values are text. */
struct json_stream {
    struct observer observer;
    struct scenario_watcher watcher;
    void (*write)(void *context, const char *text, size_t length);
    void *context;
    struct text line;
};
void json_stream_create(struct json_stream *json, void (*write)(void *context, const char *text, size_t length), void *context);
void json_stream_result(struct json_stream *json, const struct scenario_result *result);
void json_stream_destroy(struct json_stream *json);

#endif
