/* The story: a run as a person would tell it.
 *
 *    0.000 412  home → laptop        DHCP  Offer: 192.168.1.100 for 12 h, router 192.168.1.1
 *
 * Each line is one event. The sentence comes from the event's type, written by whoever knows the protocol, with the fields filled
 * in; the "who → whom" column comes from the fields named "to" and "from" through the address book. Nothing here knows any
 * protocol, with one exception: the summary, which divides the time of a fetched page into the phases that people ask about.
 *
 * The world does not exist yet when the observer is handed over (events happen while it is being made); events that come before
 * story_begin() only set up what the lab file says, and are told with --verbose alone. To keep columns straight the widths are settled beforehand from the names in the lab.
 *
 * Two things keep it short enough to be read; --verbose has neither. What happens several times in a row is told once, and then how often
 * more. And while a large lab settles (a hundred hosts that all ask for an address) only the first few events of each kind are told; the
 * others are counted, and the counts are told when the scenario begins.
 *
 * The phases of a fetch are found from the first events of TCP and HTTP on the node that fetched, while its command ran: before the
 * first TCP event it was looking for the address, before the first HTTP event it was connecting.
 */
#include "lab/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "lab/address_book.h"
#include "lab/story_text.h"

enum { WHO_WIDTH_MIN = 18, WHO_WIDTH_MAX = 30, PROTOCOL_WIDTH = 9, TIME_WIDTH = 10, OUTPUT_LINES_MAX = 24 };
enum { LARGE_LAB_NODES = 30, OF_A_KIND_TOLD = 3, KINDS_MAX = 64 };

/* What was told last, and how often it has happened again since. */
struct repeats {
    struct text told; /* who, protocol and sentence */
    size_t count;
    struct instant last;
};
/* Kinds of events while a large lab settles. */
struct kinds {
    struct {
        const struct event_type *type;
        size_t told, left_out;
    } list[KINDS_MAX];
    size_t count;
    bool open;
};

struct story {
    struct observer observer;
    struct scenario_watcher watcher;
    struct story_settings settings;
    const struct lab *lab;
    struct world *world; /* NULL before story_begin() */
    struct address_book book;
    unsigned who_width;
    bool ended;    /* what happens while the world is taken apart is no part of the story */
    bool in_block; /* the last thing was a command's output: a blank line before events go on */
    struct text line;
    struct repeats repeats;
    struct kinds kinds;
    struct story_phases phases;
};

static void story_write(struct story *story)
{
    story->settings.write(story->settings.context, text_string(&story->line), story->line.length);
    text_clear(&story->line);
}

static void paint(struct story *story, const char *colour)
{
    if (story->settings.colour)
        text_format(&story->line, "\033[%sm", colour);
}

static const char *protocol_colour(const char *protocol)
{
    static const struct {
        const char *protocol, *colour;
    } colours[] = {{"DHCP", "33"}, {"DNS", "35"},  {"TCP", "36"},  {"HTTP", "32"}, {"ARP", "34"},
                   {"NDP", "34"},  {"ICMP", "94"}, {"drop", "31"}, {"IPv4", "96"}, {"IPv6", "96"}};
    for (size_t i = 0; i < count_of(colours); i++)
        if (strncmp(colours[i].protocol, protocol, strlen(colours[i].protocol)) == 0)
            return colours[i].colour;
    return "37";
}

static const char *name_of(struct story *story, const struct event *event, const char *field, char *out, size_t size_bytes)
{
    enum field_kind kind;
    const union event_value *value = event_value_find(event, field, &kind);
    if (!value || (kind == FIELD_TEXT && !value->text))
        return NULL;
    return address_book_field(&story->book, kind, value, out, size_bytes);
}

static void who_print(struct story *story, const struct event *event, struct text *out)
{
    char from_text[80], to_text[80];
    const char *from = name_of(story, event, "from", from_text, sizeof from_text);
    const char *to = name_of(story, event, "to", to_text, sizeof to_text);
    text_add(out, from && to ? from : event->node->name);
    if (to)
        text_format(out, " → %s", to);
    else if (from)
        text_format(out, " ← %s", from); /* the node acts upon what it heard */
}

static void time_column(struct story *story, struct instant time)
{
    struct text text = {0};
    story_time_print(&text, time);
    paint(story, "2");
    text_format(&story->line, "%*s  ", TIME_WIDTH, text_string(&text));
    paint(story, "0");
    text_free(&text);
}

static void block_end(struct story *story)
{
    if (story->in_block)
        text_add_char(&story->line, '\n');
    story->in_block = false;
}

/* A detail that is the point of this lab. */
static bool asked_for(const struct lab *lab, const char *event)
{
    for (size_t i = 0; i < lab->config.tell_count; i++)
        if (strcmp(lab->config.tell[i], event) == 0)
            return true;
    return false;
}

/* ---- what is not told ---- */

static void repeats_end(struct story *story)
{
    struct repeats *repeats = &story->repeats;
    if (repeats->count) {
        time_column(story, repeats->last);
        text_format(&story->line, "%*s(the same %zu time%s more)\n", (int)(story->who_width + 2 + PROTOCOL_WIDTH + 1), "",
                    repeats->count, repeats->count == 1 ? "" : "s");
        story_write(story);
    }
    repeats->count = 0;
    text_clear(&repeats->told);
}

static bool is_repeat(struct story *story, const struct event *event, const struct text *who, const struct text *sentence)
{
    struct repeats *repeats = &story->repeats;
    struct text now = {0};
    text_format(&now, "%s|%s|%s", text_string(who), event->type->protocol, text_string(sentence));
    bool same = !story->settings.verbose && strcmp(text_string(&now), text_string(&repeats->told)) == 0;
    if (!same) {
        repeats_end(story);
        text_add(&repeats->told, text_string(&now));
    } else {
        repeats->count++;
        repeats->last = event->time;
    }
    text_free(&now);
    return same;
}

static bool is_left_out(struct kinds *kinds, const struct event *event)
{
    size_t i = 0;
    while (i < kinds->count && kinds->list[i].type != event->type)
        i++;
    if (!kinds->open || i == KINDS_MAX)
        return false;
    if (i == kinds->count)
        kinds->list[kinds->count++].type = event->type;
    if (kinds->list[i].told++ < OF_A_KIND_TOLD)
        return false;
    kinds->list[i].left_out++;
    return true;
}

/* The lab is settled, or the run over: how much was left out, by protocol in the order in which each first appeared. */
static void kinds_end(struct story *story)
{
    struct kinds *kinds = &story->kinds;
    struct text sum = {0};
    size_t all = 0;
    for (size_t i = 0; i < kinds->count; i++) {
        const char *protocol = kinds->list[i].type->protocol;
        size_t of_it = 0;
        for (size_t k = 0; k < kinds->count; k++)
            if (strcmp(kinds->list[k].type->protocol, protocol) == 0) {
                of_it += kinds->list[k].left_out;
                kinds->list[k].left_out = 0;
            }
        all += of_it;
        if (of_it)
            text_format(&sum, "%s%zu of %s", sum.length ? ", " : "", of_it, protocol);
    }
    kinds->open = false;
    if (all) {
        text_format(&story->line, "%*s... and %zu like these while the lab settled: ", TIME_WIDTH + 2, "", all);
        story_wrap(&story->line, text_string(&sum), TIME_WIDTH + 2, story->settings.columns);
        text_add(&story->line, " (--verbose tells them)\n");
        story_write(story);
    }
    text_free(&sum);
}

/* Before anything but an event is told. */
static void events_end(struct story *story)
{
    repeats_end(story);
    kinds_end(story);
}

/* ---- events ---- */

static void event_tell(struct story *story, const struct event *event, const struct text *who, const struct text *sentence)
{
    block_end(story);
    time_column(story, event->time);
    text_add(&story->line, text_string(who));
    story_pad(&story->line, who, story->who_width);
    paint(story, protocol_colour(event->type->protocol));
    text_format(&story->line, "  %-*s", PROTOCOL_WIDTH - 1, event->type->protocol);
    paint(story, "0");
    text_add(&story->line, "  ");
    unsigned indent = TIME_WIDTH + 2 + story->who_width + 2 + PROTOCOL_WIDTH + 1;
    story_wrap(&story->line, text_string(sentence), indent, story->settings.columns);
    text_add_char(&story->line, '\n');
    story_write(story);
}

static void on_event(struct observer *observer, const struct event *event)
{
    struct story *story = container_of(observer, struct story, observer);
    if (story->ended)
        return;
    story_phases_note(&story->phases, event);
    address_book_event(&story->book, event);
    bool notable = story->world && (event->type->level == EVENT_STORY || asked_for(story->lab, event->type->name));
    if (!event->type->story || !(notable || story->settings.verbose) || is_left_out(&story->kinds, event))
        return;
    struct text who = {0}, sentence = {0};
    who_print(story, event, &who);
    story_fill_template(&sentence, event);
    if (!is_repeat(story, event, &who, &sentence))
        event_tell(story, event, &who, &sentence);
    text_free(&who);
    text_free(&sentence);
}

/* ---- the scenario's steps ---- */

static void aside(struct story *story, struct instant now, const char *colour, const char *mark, const char *sentence)
{
    events_end(story);
    if (!story->in_block)
        text_add_char(&story->line, '\n');
    story->in_block = true;
    time_column(story, now);
    paint(story, colour);
    text_add(&story->line, mark);
    story_wrap(&story->line, sentence, TIME_WIDTH + 2, story->settings.columns);
    paint(story, "0");
    text_add_char(&story->line, '\n');
    story_write(story);
}

static void on_said(struct scenario_watcher *watcher, struct instant now, const char *sentence)
{
    struct story *story = container_of(watcher, struct story, watcher);
    aside(story, now, "1", "", sentence);
}

static void on_fault(struct scenario_watcher *watcher, struct instant now, const char *sentence)
{
    struct story *story = container_of(watcher, struct story, watcher);
    aside(story, now, "1;33", "! ", sentence);
}

static void on_started(struct scenario_watcher *watcher, struct instant now, const struct job *job)
{
    struct story *story = container_of(watcher, struct story, watcher);
    struct text command = {0};
    text_format(&command, "%s$ %s", job->node->name, job->command);
    aside(story, now, "1", "", text_string(&command));
    text_free(&command);
    story_phases_start(&story->phases, job);
}

static void on_ended(struct scenario_watcher *watcher, struct instant now, const struct job *job)
{
    struct story *story = container_of(watcher, struct story, watcher);
    events_end(story);
    story_phases_end(&story->phases, job);
    if (!story->in_block)
        text_add_char(&story->line, '\n');
    story->in_block = true;
    story_output(&story->line, &job->output, TIME_WIDTH + 2, OUTPUT_LINES_MAX);
    story_output(&story->line, &job->error, TIME_WIDTH + 2, OUTPUT_LINES_MAX);
    char took[32];
    time_column(story, now);
    paint(story, "2");
    text_format(&story->line, "%s$ %s ended", job->node->name, job->tool ? job->tool->name : job->command);
    if (job->status)
        text_format(&story->line, " with status %d", job->status);
    text_format(&story->line, ", after %s\n", story_duration(instant_since(job->ended, job->started), took, sizeof took));
    paint(story, "0");
    story_write(story);
}

static void on_judged(struct scenario_watcher *watcher, struct instant now, struct position at, bool held, const char *sentence)
{
    struct story *story = container_of(watcher, struct story, watcher);
    struct text text = {0};
    if (held)
        text_format(&text, "%s", sentence);
    else
        text_format(&text, "%s:%" PRIu32 ": %s", at.file, at.line, sentence);
    aside(story, now, held ? "32" : "1;31", held ? "✓ " : "✗ ", text_string(&text));
    text_free(&text);
}

/* ---- begin, end ---- */

/* "name: what it is about", wrapped as one, the name in bold where it came through whole. */
static void headline(struct story *story)
{
    struct text plain = {0}, wrapped = {0};
    const char *name = lab_name(story->lab), *about = lab_about(story->lab);
    text_format(&plain, *about ? "%s: %s" : "%s%s", name, about);
    while (plain.length && plain.data[plain.length - 1] == '\n')
        plain.data[--plain.length] = 0;
    story_wrap(&wrapped, text_string(&plain), 0, story->settings.columns);
    size_t bold = strncmp(text_string(&wrapped), name, strlen(name)) == 0 ? strlen(name) : 0;
    paint(story, "1");
    text_add_bytes(&story->line, text_string(&wrapped), bold);
    paint(story, "0");
    text_add(&story->line, text_string(&wrapped) + bold);
    text_free(&plain);
    text_free(&wrapped);
}

struct story *story_create(const struct lab *lab, const struct story_settings *settings)
{
    struct story *story = memory_take_zeroed(1, sizeof *story);
    story->observer.event = on_event;
    story->watcher = (struct scenario_watcher){
        .said = on_said, .started = on_started, .ended = on_ended, .fault = on_fault, .judged = on_judged};
    story->settings = *settings;
    story->kinds.open = !settings->verbose && lab->node_count > LARGE_LAB_NODES;
    story->lab = lab;
    address_book_open(&story->book, NULL);
    size_t longest = 0;
    for (size_t i = 0; i < lab->node_count; i++) {
        size_t length = strlen(lab->nodes[i]->name);
        longest = length > longest ? length : longest;
    }
    size_t width = 2 * longest + 3;
    story->who_width = width < WHO_WIDTH_MIN ? WHO_WIDTH_MIN : width > WHO_WIDTH_MAX ? WHO_WIDTH_MAX : (unsigned)width;
    headline(story);
    text_add(&story->line, "\n\n");
    story_write(story);
    return story;
}

struct observer *story_observer(struct story *story) { return &story->observer; }
struct scenario_watcher *story_watcher(struct story *story) { return &story->watcher; }

void story_begin(struct story *story, struct world *world)
{
    story->world = world;
    story->book.world = world;
}

void story_end(struct story *story, const struct scenario_result *result)
{
    story->ended = true;
    events_end(story);
    text_add_char(&story->line, '\n');
    if (!result->settled && !result->steps_left) {
        text_add(&story->line, "Not settled after 30 s: ");
        world_unsettled(story->world, &story->line);
        text_add(&story->line, "\n");
    }
    story_phases_print(&story->phases, &story->line);
    size_t judged = result->held + result->failed;
    char ended[32];
    if (judged) {
        paint(story, result->failed ? "1;31" : "1;32");
        text_format(&story->line, "%zu of %zu expectation%s held. ", result->held, judged, judged == 1 ? "" : "s");
        paint(story, "0");
    }
    text_format(&story->line, "Virtual time: %s.", story_duration(result->ended.ns, ended, sizeof ended));
    if (result->steps_left)
        text_format(&story->line, " %zu step%s not reached.", result->steps_left, result->steps_left == 1 ? "" : "s");
    text_add_char(&story->line, '\n');
    story_write(story);
}

void story_destroy(struct story *story)
{
    if (!story)
        return;
    address_book_close(&story->book);
    story_phases_free(&story->phases);
    text_free(&story->line);
    text_free(&story->repeats.told);
    memory_free(story);
}
