#ifndef IMP_LAB_STORY_H
#define IMP_LAB_STORY_H

#include "engine/event.h"
#include "lab/scenario.h"

/* The story of a run, told on the terminal: a line for each notable event, with its virtual time, who, to whom, and what; the
 * scenario's steps with their output; and at the end where the time went. UTF-8. */
struct story_settings {
    void (*write)(void *context, const char *text, size_t length);
    void *context;
    bool colour;
    bool verbose;     /* events of EVENT_DETAIL too */
    unsigned columns; /* wrap at so many; 0: never */
};
struct story;

struct story *story_create(const struct lab *lab, const struct story_settings *settings);
struct observer *story_observer(struct story *story);                      /* for world_options.observers */
struct scenario_watcher *story_watcher(struct story *story);               /* for scenario_run() */
void story_begin(struct story *story, struct world *world);                /* right after world_create() */
void story_end(struct story *story, const struct scenario_result *result); /* the summary; the world still exists */
void story_destroy(struct story *story);

/* Pieces, for tests and others who show events. */
void story_time_print(struct text *out, struct instant time);          /* "0.031 877": seconds, then ms and us */
void story_fill_template(struct text *out, const struct event *event); /* the type's sentence with its {fields} filled */

#endif
