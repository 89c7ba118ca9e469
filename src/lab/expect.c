/* Judging what a scenario expects: of events, of drops, of a command's result.
 *
 * Events are counted as they happen, by an observer that holds one counter for each expected event of the whole scenario; a step
 * that asks later for "dhcp-ack on laptop" needs no recording of all events. A field matches when its value, printed as the story
 * and --json print it, is the text expected; a number may also be compared ("> 3"), and a text may be a /regex/.
 *
 * A sentence says both sides, because who reads it has the lab file in an editor and not the run: what was expected, what was seen.
 * For an event that never came, it tells the nearest name among those that did.
 */
#include "lab/expect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "lab/regex.h"

enum { VALUE_TEXT_BYTES = 512 };

static int parse_number(const char *text, int64_t *out)
{
    uint64_t number;
    int result = number_parse(text, INT64_MAX, &number);
    if (result)
        result = duration_parse(text, out);
    else
        *out = (int64_t)number;
    return result;
}

static bool field_matches(const struct event *event, const char *name, const char *expected)
{
    enum field_kind kind;
    const union event_value *value = event_value_find(event, name, &kind);
    char text[VALUE_TEXT_BYTES];
    if (!value)
        return false;
    event_value_print(kind, value, text, sizeof text);
    if (strcmp(text, expected) == 0)
        return true;
    char address[IP_TEXT_BYTES]; /* an address is enough where a prefix length or a port stands behind it */
    if (kind == FIELD_PREFIX && strcmp(ip_print(&value->prefix.address, address, sizeof address), expected) == 0)
        return true;
    if (kind == FIELD_ENDPOINT && strcmp(ip_print(&value->endpoint.address, address, sizeof address), expected) == 0)
        return true;
    struct bound bound;
    if (kind == FIELD_NUMBER || kind == FIELD_DURATION || kind == FIELD_BYTES)
        return bound_parse(expected, parse_number, &bound) && bound_holds(&bound, value->number);
    return *expected == '/' && regex_holds(expected, text, strlen(text));
}

static bool event_matches(const struct event *event, const struct event_match *match)
{
    if (match->expect.node && strcmp(event->node->name, match->expect.node) != 0)
        return false;
    if (match->expect.before_ns && event->time.ns >= match->expect.before_ns)
        return false;
    for (size_t i = 0; i < match->field_count; i++)
        if (!field_matches(event, match->fields[i].name, match->fields[i].value))
            return false;
    return true;
}

static void on_event(struct observer *observer, const struct event *event)
{
    struct event_tally *tally = container_of(observer, struct event_tally, observer);
    for (size_t i = 0; i < tally->counter_count; i++) {
        struct tally_counter *counter = &tally->counters[i];
        if (counter->type != event->type) {
            if (strcmp(counter->match->expect.event, event->type->name) != 0)
                continue;
            counter->type = event->type;
        }
        if (event_matches(event, counter->match)) {
            counter->count++;
            engine_stop(event->node->engine); /* a step may wait for it: let it look */
        }
    }
}

void event_tally_create(struct event_tally *tally, const struct lab *lab)
{
    *tally = (struct event_tally){.observer = {.event = on_event}, .lab = lab};
    for (size_t i = 0; i < lab->step_count; i++)
        tally->counter_count += lab->steps[i].event_count;
    if (!tally->counter_count)
        return;
    tally->counters = memory_take_zeroed(tally->counter_count, sizeof *tally->counters);
    size_t at = 0;
    for (size_t i = 0; i < lab->step_count; i++)
        for (size_t k = 0; k < lab->steps[i].event_count; k++)
            tally->counters[at++].match = &lab->steps[i].events[k];
}

void event_tally_destroy(struct event_tally *tally) { memory_free(tally->counters); }

bool event_tally_judge(const struct event_tally *tally, const struct event_match *match, struct text *sentence)
{
    int64_t count = 0;
    for (size_t i = 0; i < tally->counter_count; i++)
        if (tally->counters[i].match == match)
            count = tally->counters[i].count;
    text_format(sentence, "event %s", match->expect.event);
    if (match->expect.node)
        text_format(sentence, " on %s", match->expect.node);
    for (size_t i = 0; i < match->field_count; i++)
        text_format(sentence, "%s %s %s", i ? "," : " with", match->fields[i].name, match->fields[i].value);
    text_add(sentence, ": expected ");
    bound_print(&match->count, sentence);
    text_format(sentence, ", seen %" PRId64, count);
    return bound_holds(&match->count, count);
}

bool drops_judge(struct world *world, const struct step *step, const struct drop_match *match, struct text *sentence)
{
    uint64_t count = 0;
    for (struct node *node = NULL; (node = node_next(world->engine, node));)
        if (!step->node || strcmp(step->node->name, node->name) == 0)
            count += node->drops[match->reason];
    text_format(sentence, "drops %s", drop_reason_name((enum drop_reason)match->reason));
    if (step->node)
        text_format(sentence, " on %s", step->node->name);
    text_add(sentence, ": expected ");
    bound_print(&match->bound, sentence);
    text_format(sentence, ", seen %" PRIu64, count);
    return bound_holds(&match->bound, (int64_t)count);
}

/* ---- a command's result ---- */

/* The beginning of an output, on one line, for a sentence. */
static void add_excerpt(struct text *sentence, const struct text *output)
{
    enum { EXCERPT_BYTES = 200 };
    if (!output->length) {
        text_add(sentence, "nothing");
        return;
    }
    size_t length = output->length < EXCERPT_BYTES ? output->length : EXCERPT_BYTES;
    text_add_json(sentence, output->data, length);
    if (length < output->length)
        text_format(sentence, "... (%zu bytes)", output->length);
}

static void add_fault(struct text *sentence, bool *held)
{
    if (!*held)
        text_add(sentence, "; ");
    *held = false;
}

static void judge_texts(const char *what, const char **expected, size_t count, const struct text *seen, bool wanted,
                        struct text *sentence, bool *held)
{
    for (size_t i = 0; i < count; i++) {
        if (regex_holds(expected[i], text_string(seen), seen->length) == wanted)
            continue;
        add_fault(sentence, held);
        text_format(sentence, "%s: expected %s ", what,
                    wanted ? expected[i][0] == '/' ? "a match of" : "to find" : "not to find");
        text_add_json(sentence, expected[i], strlen(expected[i]));
        text_add(sentence, ", seen ");
        add_excerpt(sentence, seen);
    }
}

static void judge_hash(const struct job *job, const char *expected, struct text *sentence, bool *held)
{
    uint8_t hash[32];
    char seen[65];
    sha256(text_string(&job->output), job->output.length, hash);
    for (size_t i = 0; i < sizeof hash; i++)
        snprintf(seen + 2 * i, 3, "%02x", hash[i]);
    if (strcmp(seen, expected) == 0 && !job->output_cut)
        return;
    add_fault(sentence, held);
    text_format(sentence, "sha256 of the output: expected %s, seen %s of %zu bytes%s", expected, seen, job->output.length,
                job->output_cut ? " (cut: more than is kept)" : "");
}

bool job_judge(const struct job *job, const struct step *step, struct text *sentence)
{
    const struct run_expect *expect = &step->expect;
    bool held = true;
    if (step->expects_exit && job->status != expect->exit) {
        add_fault(sentence, &held);
        text_format(sentence, "exit status: expected %u, seen %d", expect->exit, job->status);
        if (job->error.length) {
            text_add(sentence, ", with ");
            add_excerpt(sentence, &job->error);
        }
    }
    judge_texts("output", expect->output, expect->output_count, &job->output, true, sentence, &held);
    judge_texts("error output", expect->error, expect->error_count, &job->error, true, sentence, &held);
    judge_texts("output", expect->without, expect->without_count, &job->output, false, sentence, &held);
    int64_t took = instant_since(job->ended, job->started);
    char seen[32];
    if (step->expects_time && !bound_holds(&step->time, took)) {
        add_fault(sentence, &held);
        text_format(sentence, "time: expected %s, seen %s", expect->time, duration_print(took, seen, sizeof seen));
    }
    if (expect->sha256)
        judge_hash(job, expect->sha256, sentence, &held);
    return held;
}
