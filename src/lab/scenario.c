/* Doing a scenario: one step after the other, in the world's own time.
 *
 * The scenario stands outside the world, as a person at a desk would: it lets the world run until something (an instant, the end of a
 * command, an expected event), then acts at exactly that instant, between two events. So a step is plain code, and what it does
 * to the world depends on virtual time alone.
 *
 * Things that end by themselves are kept in a list of restorations, ordered by time: a wire that is down for 5 s, a loss rate
 * that holds for a while. Every run of the world is cut at the next of them. Background commands are kept in a list too and are judged
 * when they end, or at the end of the scenario, which waits for all of them.
 *
 * world_interrupt() (Ctrl-C) is as if `until` were now: nothing is judged any more.
 * `until` bounds everything: when the clock gets there the scenario stops, and steps not reached are counted, not judged.
 */
#include "lab/scenario.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "engine/task.h"
#include "engine/wire.h"
#include "lab/expect.h"
#include "lab/limits.h"

struct restoration { /* what ends at `due` */
    struct list link;
    struct instant due;
    const struct step *step;
    struct wire_settings before[2]; /* for changed settings */
};
struct background { /* a job and the step that started it */
    struct list link;
    struct job *job;
    const struct step *step;
    struct instant deadline;
};
struct scenario {
    const struct lab *lab;
    struct event_tally tally;
    struct world *world;
    struct instant until;
    struct scenario_watcher *watcher;
    struct scenario_result *result;
    struct list restorations; /* soonest first */
    struct list backgrounds;
    struct list unfinished; /* jobs that the end of the run interrupted: their tasks end with the world */
};

struct scenario *scenario_create(const struct lab *lab)
{
    struct scenario *s = memory_take_zeroed(1, sizeof *s);
    s->lab = lab;
    event_tally_create(&s->tally, lab);
    list_init(&s->restorations);
    list_init(&s->backgrounds);
    list_init(&s->unfinished);
    return s;
}

struct observer *scenario_observer(struct scenario *s) { return s->tally.counter_count ? &s->tally.observer : NULL; }

void scenario_destroy(struct scenario *s)
{
    if (!s)
        return;
    list_each (link, &s->backgrounds) {
        struct background *background = list_entry(link, struct background, link);
        job_free(background->job);
        memory_free(background);
    }
    list_each (link, &s->unfinished)
        job_free(list_entry(link, struct job, link));
    list_each (link, &s->restorations)
        memory_free(list_entry(link, struct restoration, link));
    event_tally_destroy(&s->tally);
    memory_free(s);
}

/* ---- telling ---- */

static void tell_fault(struct scenario *s, const char *sentence)
{
    if (s->watcher && s->watcher->fault)
        s->watcher->fault(s->watcher, world_now(s->world), sentence);
}

static void judged(struct scenario *s, struct position at, bool held, const char *sentence)
{
    if (held)
        s->result->held++;
    else
        s->result->failed++;
    if (s->watcher && s->watcher->judged)
        s->watcher->judged(s->watcher, world_now(s->world), at, held, sentence);
}

/* ---- faults and their ends ---- */

static void power(struct scenario *s, const struct lab_node *node, bool on)
{
    struct text sentence = {0}, error = {0};
    text_format(&sentence, "%s %s", node->name, on ? "is switched on" : "loses its power");
    tell_fault(s, text_string(&sentence));
    if (world_power(s->world, node->name, on, &error) && error.length)
        judged(s, node->group->at, false, text_string(&error));
    text_free(&sentence);
    text_free(&error);
}

static void plug(struct scenario *s, const struct lab_wire *wire, bool up)
{
    struct text sentence = {0};
    text_format(&sentence, "the wire %s %s", wire->name, up ? "is up again" : "goes down");
    tell_fault(s, text_string(&sentence));
    text_free(&sentence);
    wire_set_up(world_wire_of(s->world, wire), up);
}

static void set_power_of(struct scenario *s, const struct step *step, bool up)
{
    if (step->node)
        power(s, step->node, up);
    else
        plug(s, step->wire, up);
}

static struct restoration *restoration_add(struct scenario *s, const struct step *step, int64_t after_ns)
{
    struct restoration *restoration = memory_take_zeroed(1, sizeof *restoration);
    restoration->step = step;
    restoration->due = instant_add(world_now(s->world), after_ns);
    struct list *place = s->restorations.next; /* behind those due at the same time */
    while (place != &s->restorations && !instant_before(restoration->due, list_entry(place, struct restoration, link)->due))
        place = place->next;
    list_insert_between(&restoration->link, place->previous, place);
    return restoration;
}

static void change_settings(struct scenario *s, const struct step *step)
{
    struct wire *wire = world_wire_of(s->world, step->wire);
    struct restoration *restoration = step->fault.for_ns ? restoration_add(s, step, step->fault.for_ns) : NULL;
    struct text sentence = {0};
    text_format(&sentence, "the wire %s changes:", step->wire->name);
    for (size_t i = 0; i < step->fault_yaml->count; i++) {
        const struct yaml_item *item = &step->fault_yaml->items[i];
        if (strcmp(item->key->text, "wire") != 0)
            text_format(&sentence, " %s %s", item->key->text, item->value->text);
    }
    tell_fault(s, text_string(&sentence));
    text_free(&sentence);
    for (unsigned side = 0; side < 2; side++) {
        struct wire_settings *settings = wire_direction_settings(wire, side);
        if (restoration)
            restoration->before[side] = *settings;
        wire_settings_apply(step->fault_yaml, &step->fault.settings, settings);
    }
}

static void restore(struct scenario *s, struct restoration *restoration)
{
    const struct step *step = restoration->step;
    if (step->goes_down) {
        set_power_of(s, step, true);
    } else {
        struct wire *wire = world_wire_of(s->world, step->wire);
        for (unsigned side = 0; side < 2; side++)
            wire_settings_apply(step->fault_yaml, &restoration->before[side], wire_direction_settings(wire, side));
        struct text sentence = {0};
        text_format(&sentence, "the wire %s is as before", step->wire->name);
        tell_fault(s, text_string(&sentence));
        text_free(&sentence);
    }
    list_remove(&restoration->link);
    memory_free(restoration);
}

/* ---- letting the world run ---- */

static void backgrounds_settle(struct scenario *s);

struct waiting {
    struct scenario *scenario;
    bool (*done)(void *context);
    void *context;
};

static bool is_done(void *context)
{
    struct waiting *waiting = context;
    backgrounds_settle(waiting->scenario);
    return waiting->done && waiting->done(waiting->context);
}

/* Runs until `target`, or until `done`, or until the end of the run. True when done. */
static bool run_until(struct scenario *s, struct instant target, bool (*done)(void *), void *context)
{
    struct waiting waiting = {s, done, context};
    target = instant_min(target, s->until);
    for (;;) {
        struct restoration *next =
            list_empty(&s->restorations) ? NULL : list_entry(s->restorations.next, struct restoration, link);
        bool first = next && !instant_before(target, next->due);
        if (first && instant_reached(world_now(s->world), next->due) && !world_interrupted(s->world)) {
            restore(s, next); /* before anything else happens at that instant */
            continue;
        }
        if (world_run(s->world, first ? next->due : target, is_done, &waiting))
            return true;
        if (!first || world_interrupted(s->world))
            return false;
        restore(s, next);
    }
}

static bool over(const struct scenario *s)
{
    return world_interrupted(s->world) || (!instant_is_never(s->until) && instant_reached(world_now(s->world), s->until));
}

/* ---- commands ---- */

static void job_end(struct scenario *s, struct job *job, const struct step *step)
{
    if (s->watcher && s->watcher->ended)
        s->watcher->ended(s->watcher, world_now(s->world), job);
    if (!step->has_expect)
        return;
    struct text sentence = {0};
    text_format(&sentence, "%s$ %s: ", job->node->name, job->command);
    bool held = job_judge(job, step, &sentence);
    if (held)
        text_add(&sentence, "as expected");
    judged(s, step->expect_at, held, text_string(&sentence));
    text_free(&sentence);
}

/* A job whose node lost its power was cancelled, perhaps before it ever ran. */
static bool job_is_done(void *context)
{
    struct job *job = context;
    if (!job->done && !job->node->up) {
        job->done = true;
        job->task = NULL;
        job->status = 255;
        job->ended = world_now(job->world);
    }
    return job->done;
}

static void backgrounds_settle(struct scenario *s)
{
    list_each (link, &s->backgrounds) {
        struct background *background = list_entry(link, struct background, link);
        if (!job_is_done(background->job))
            continue;
        list_remove(link);
        job_end(s, background->job, background->step);
        job_free(background->job);
        memory_free(background);
    }
}

/* Waits for a job to its deadline, then interrupts it, and after a while cancels it. False when the run is over. */
static bool job_wait(struct scenario *s, struct job *job, const struct step *step, struct instant deadline)
{
    if (run_until(s, deadline, job_is_done, job))
        return true;
    if (over(s))
        return false;
    struct text sentence = {0};
    char limit[32];
    text_format(&sentence, "%s$ %s: still running after %s", job->node->name, job->command,
                duration_print(step->config.timeout_ns, limit, sizeof limit));
    judged(s, step->at, false, text_string(&sentence));
    text_free(&sentence);
    job_interrupt(job);
    if (!run_until(s, instant_add(world_now(s->world), 2 * NS_PER_S), job_is_done, job) && job->task) {
        task_cancel(job->task);
        run_until(s, instant_add(world_now(s->world), NS_PER_S), job_is_done, job);
    }
    return job_is_done(job);
}

/* Waits for a job, judges it, and lets go of it. */
static void job_finish(struct scenario *s, struct job *job, const struct step *step, struct instant deadline)
{
    if (job_wait(s, job, step, deadline)) {
        job_end(s, job, step);
        job_free(job);
    } else {
        list_push_back(&s->unfinished, &job->link);
    }
}

static void step_run(struct scenario *s, const struct step *step)
{
    struct world_node *node = world_node_of(s->world, step->node->name);
    struct job *job = job_start(s->world, node, step->command, step->word_count, step->words);
    struct instant deadline = instant_add(world_now(s->world), step->config.timeout_ns);
    if (s->watcher && s->watcher->started)
        s->watcher->started(s->watcher, world_now(s->world), job);
    if (step->config.background) {
        struct background *background = memory_take_zeroed(1, sizeof *background);
        *background = (struct background){.job = job, .step = step, .deadline = deadline};
        list_push_back(&s->backgrounds, &background->link);
        return;
    }
    job_finish(s, job, step, deadline);
}

/* ---- the other steps ---- */

static void step_fault(struct scenario *s, const struct step *step)
{
    if (!step->goes_down && !step->goes_up) {
        change_settings(s, step);
        return;
    }
    set_power_of(s, step, step->goes_up);
    if (step->goes_down && step->down_ns)
        restoration_add(s, step, step->down_ns);
}

struct event_wait {
    const struct event_tally *tally;
    const struct event_match *match;
};

static bool event_holds(void *context)
{
    const struct event_wait *wait = context;
    struct text sentence = {0};
    bool held = event_tally_judge(wait->tally, wait->match, &sentence);
    text_free(&sentence);
    return held;
}

/* An upper bound may still be broken within the time given, so it is looked at when that has passed. */
static bool must_wait_it_out(const struct bound *count)
{
    return count->how == COMPARE_LESS || count->how == COMPARE_LESS_EQUAL || (count->how == COMPARE_EQUAL && count->value == 0);
}

static void step_events(struct scenario *s, const struct step *step)
{
    for (size_t i = 0; i < step->event_count && !over(s); i++) {
        const struct event_match *match = &step->events[i];
        struct event_wait wait = {&s->tally, match};
        struct instant deadline = instant_add(world_now(s->world), match->expect.within_ns);
        if (match->expect.within_ns)
            run_until(s, deadline, must_wait_it_out(&match->count) ? NULL : event_holds, &wait);
        struct text sentence = {0};
        bool held = event_tally_judge(&s->tally, match, &sentence);
        judged(s, step->at, held, text_string(&sentence));
        text_free(&sentence);
    }
}

static void step_drops(struct scenario *s, const struct step *step)
{
    for (size_t i = 0; i < step->drop_count; i++) {
        struct text sentence = {0};
        bool held = drops_judge(s->world, step, &step->drops[i], &sentence);
        judged(s, step->at, held, text_string(&sentence));
        text_free(&sentence);
    }
}

/* Goes on to the time that the step wants to begin at. False when it has passed, or the run is over. */
static bool step_time(struct scenario *s, const struct step *step)
{
    struct instant now = world_now(s->world), at = {step->config.at_ns};
    if (!step->has_at)
        at = instant_add(now, step->config.wait_ns);
    if (instant_before(at, now)) {
        struct text sentence = {0};
        char wanted[32], is[32];
        text_format(&sentence, "at %s: expected to get there, but it is %s already",
                    duration_print(at.ns, wanted, sizeof wanted), duration_print(now.ns, is, sizeof is));
        judged(s, step->at, false, text_string(&sentence));
        text_free(&sentence);
        return true;
    }
    if (instant_before(now, at))
        run_until(s, at, NULL, NULL);
    return !over(s) || world_now(s->world).ns == at.ns;
}

static bool step_do(struct scenario *s, const struct step *step)
{
    if (!step_time(s, step))
        return false;
    if (step->config.say && s->watcher && s->watcher->said)
        s->watcher->said(s->watcher, world_now(s->world), step->config.say);
    switch (step->action) {
    case STEP_NONE: break;
    case STEP_RUN: step_run(s, step); break;
    case STEP_FAULT: step_fault(s, step); break;
    case STEP_EXPECT_EVENTS: step_events(s, step); break;
    case STEP_EXPECT_DROPS: step_drops(s, step); break;
    }
    return true;
}

static void backgrounds_wait(struct scenario *s)
{
    backgrounds_settle(s);
    while (!list_empty(&s->backgrounds) && !over(s)) {
        struct background *first = list_entry(s->backgrounds.next, struct background, link);
        const struct step *step = first->step;
        struct job *job = first->job;
        struct instant deadline = first->deadline;
        list_remove(&first->link); /* waited for by name: not settled in passing */
        memory_free(first);
        job_finish(s, job, step, deadline);
    }
}

void scenario_run(struct scenario *s, struct world *world, struct instant until, struct scenario_watcher *watcher,
                  struct scenario_result *result)
{
    const struct lab *lab = s->lab;
    *result = (struct scenario_result){.settled = true};
    s->world = world;
    s->until = until;
    s->watcher = watcher;
    s->result = result;
    bool at_once = lab->step_count && lab->steps[0].has_at;
    struct instant limit = instant_min(until, instant_add(world_now(world), WORLD_SETTLE_LIMIT_S * NS_PER_S));
    if (!at_once && !world_settle_by(world, limit))
        result->settled = world_interrupted(world); /* then nothing is said of it */
    size_t done = 0;
    for (; done < lab->step_count && !over(s); done++)
        if (!step_do(s, &lab->steps[done]))
            break;
    result->steps_left = lab->step_count - done;
    if (!result->steps_left)
        backgrounds_wait(s);
    if (!instant_is_never(until) && !over(s))
        run_until(s, until, NULL, NULL);
    result->ended = world_now(world);
}
