#ifndef IMP_ENGINE_EVENT_H
#define IMP_ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "base/time.h"

struct engine;
struct node;

/* Typed events: everything notable that a node does. The story on the terminal, --json, expectations, diagrams and metrics are all
 * readers of this one stream. A protocol declares its event types once, as static tables:
 *
 *   static const struct event_type DHCP_OFFER = {
 *       .name = "dhcp-offer", .protocol = "DHCP", .story = "Offer: {address} for {lease}, router {router}",
 *       .fields = {{"to", FIELD_MAC}, {"address", FIELD_IP}, {"lease", FIELD_DURATION}, {"router", FIELD_IP}}};
 *
 *   if (event_wanted(node))
 *       event_emit(node, &DHCP_OFFER, (union event_value[]){{.mac = m}, {.ip = a}, {.number = lease_ns}, {.ip = r}});
 *
 * In a story's template {field} stands for the printed value. The fields named "to" and "from" say whom the node spoke to or heard from; the story
 * shows them as names in its "who -> whom" column. Texts are borrowed for the call. Values are printed the same everywhere. */
enum field_kind {
    FIELD_END = 0,  /* ends the list of fields */
    FIELD_NUMBER,   /* .number */
    FIELD_DURATION, /* .number, nanoseconds */
    FIELD_BYTES,    /* .number, a size in bytes */
    FIELD_TEXT,     /* .text, NULL prints as nothing */
    FIELD_IP,       /* .ip */
    FIELD_MAC,      /* .mac */
    FIELD_PREFIX,   /* .prefix */
    FIELD_ENDPOINT, /* .endpoint */
};
struct event_field {
    const char *name;
    enum field_kind kind;
};
enum event_level {
    EVENT_STORY = 0, /* a step of the story */
    EVENT_DETAIL,    /* of interest to who studies that protocol: --json and expectations see it, the story with --verbose */
    EVENT_SAMPLE,    /* a measurement that comes with every packet: for plots, and only for observers that ask for samples */
};
enum { EVENT_FIELDS_MAX = 13 };
struct event_type {
    const char *name;     /* "tcp-state", lower case with dashes, unique: what expectations and JSON name */
    const char *protocol; /* "TCP", as a reader of the story would call it */
    const char *story;
    enum event_level level;
    struct event_field fields[EVENT_FIELDS_MAX];
};
union event_value {
    int64_t number;
    const char *text;
    struct ip ip;
    struct mac mac;
    struct prefix prefix;
    struct endpoint endpoint;
};
struct event {
    struct instant time;
    struct node *node;
    const struct event_type *type;
    const union event_value *values; /* as many as the type has fields */
};

/* Readers. `event` is borrowed for the call. An observer must not change the world from inside the call, but may engine_stop(). */
struct observer {
    struct list link;
    bool samples; /* wants events of EVENT_SAMPLE too; set before observer_add() */
    void (*event)(struct observer *observer, const struct event *event);
};
void observer_add(struct engine *engine, struct observer *observer);
void observer_remove(struct engine *engine, struct observer *observer);

bool event_wanted(const struct node *node);  /* one load and one branch: ask before computing values */
bool event_sampled(const struct node *node); /* likewise before an event of EVENT_SAMPLE */
__attribute__((cold)) void event_emit(struct node *node, const struct event_type *type, const union event_value *values);

size_t event_field_count(const struct event_type *type);
/* The value of a field by name; NULL when the type has none of that name. `kind` may be NULL. */
const union event_value *event_value_find(const struct event *event, const char *field, enum field_kind *kind);
/* Prints one value as people and expectations see it: "192.168.1.100", "12 h", "1500". Returns `out`, cut to size. */
char *event_value_print(enum field_kind kind, const union event_value *value, char *out, size_t size_bytes);

#endif
