#ifndef IMP_LAB_STORY_TEXT_H
#define IMP_LAB_STORY_TEXT_H

#include "base/arena.h"
#include "base/text.h"
#include "engine/event.h"
#include "lab/job.h"

/* What the story is written with: columns, wrapped lines, a command's output, and the phases of a fetched page. */

/* Blanks behind `text` (already added to `out`) up to `width` columns; UTF-8 counts a column a character. */
void story_pad(struct text *out, const struct text *text, unsigned width);
/* Adds `text`, broken at blanks so that no line is wider than `columns`; the first begins at column `indent`, as do the others. */
void story_wrap(struct text *out, const char *text, unsigned indent, unsigned columns);
/* A command's output, indented, at most `lines_max` lines; binary data is only counted. */
void story_output(struct text *out, const struct text *output, unsigned indent, size_t lines_max);

/* A duration as exact as a reader wants it: microseconds below a second, milliseconds above. */
char *story_duration(int64_t ns, char *out, size_t size_bytes);

/* One fetch (a curl that ended well): when its node first spoke TCP and HTTP. */
struct story_fetch {
    const struct job *job; /* NULL once ended */
    const struct node *node;
    const char *command;
    struct instant started, first_tcp, first_http, ended; /* INSTANT_NEVER: not seen */
    bool good;
};
struct story_phases {
    struct arena arena;
    struct story_fetch fetches[32]; /* further ones are not summed up */
    size_t fetch_count;
    struct {
        const struct node *node;
        struct instant first, last;
    } leases[32]; /* nodes that spoke DHCP as clients would: the first ones */
    size_t lease_count;
};
void story_phases_note(struct story_phases *phases, const struct event *event);
void story_phases_start(struct story_phases *phases, const struct job *job);
void story_phases_end(struct story_phases *phases, const struct job *job);
void story_phases_print(const struct story_phases *phases, struct text *out);
void story_phases_free(struct story_phases *phases);

#endif
