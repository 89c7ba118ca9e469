/* The scenario of a lab file: its steps, read and checked before anything runs.
 *
 * A step may wait (`at`, `wait`), say a sentence, and then does at most one thing: run a tool, cause a fault, or judge what
 * happened so far. Names of nodes, wires, tools, events and drop reasons are looked up here, so that a misspelt one is found without
 * waiting for the step: an expectation of a name that does not exist would hold for ever when it expects none.
 */
#include "lab/loader.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/drop.h"
#include "engine/event.h"
#include "lab/event_names.h"
#include "lab/regex.h"
#include "lab/words.h"
#include "tools/tool.h"

static int parse_count(const char *text, int64_t *out)
{
    uint64_t number;
    int result = number_parse(text, INT64_MAX, &number);
    *out = result ? 0 : (int64_t)number;
    return result;
}

static void bound_load(struct loader *l, const char *text, int (*parse)(const char *, int64_t *), const char *expected,
                       struct position at, struct bound *out)
{
    if (text && !bound_parse(text, parse, out))
        fault_add(l->faults, at, "'%.80s', expected %s", text, expected);
}

/* ---- run ---- */

static const char *const *tool_names(struct loader *l)
{
    size_t count = 0;
    while (TOOLS[count])
        count++;
    const char **names = arena_take(&l->lab->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = TOOLS[i]->name;
    return names;
}

static void run_load(struct loader *l, struct step *step, struct position at)
{
    const char *dollar = strchr(step->config.run, '$');
    if (!dollar) {
        fault_add(l->faults, at, "'%.80s' as a run, expected NODE$ COMMAND, such as laptop$ ping -c 1 10.0.0.1",
                  step->config.run);
        return;
    }
    size_t length = (size_t)(dollar - step->config.run);
    while (length && step->config.run[length - 1] == ' ')
        length--;
    const char *name = arena_copy_bytes(&l->lab->arena, step->config.run, length);
    struct words words;
    const char *error;
    step->command = dollar + 1 + strspn(dollar + 1, " ");
    struct lab_node *node = loader_node(l, name, at);
    if (node && (node->group->config.kind == NODE_SWITCH || node->group->config.kind == NODE_HUB))
        fault_add(l->faults, at, "%s is a %s and runs nothing, expected a host or a router", name,
                  NODE_KINDS[node->group->config.kind]);
    step->node = node;
    if (words_split(dollar + 1, &l->lab->arena, &words, &error)) {
        fault_add(l->faults, at, "'%.80s': %s", step->config.run, error);
        return;
    }
    step->words = words.words;
    step->word_count = words.count;
    step->config.background |= words.background;
    if (!tool_find(words.words[0]))
        fault_add(l->faults, at, "there is no tool '%.80s'%s", words.words[0],
                  fault_did_you_mean(l->faults, words.words[0], tool_names(l)));
}

static void check_patterns(struct loader *l, const struct yaml *given, const char *key, const char **texts, size_t count)
{
    char error[160];
    for (size_t i = 0; i < count; i++)
        if (texts[i] && regex_check(texts[i], error, sizeof error))
            fault_add(l->faults, yaml_position(given, key, i), "'%.80s' as a regular expression: %s", texts[i], error);
}

static void run_expect_load(struct loader *l, struct load_file *file, struct step *step, const struct yaml *given)
{
    struct fill fill = loader_fill(l, file);
    if (!fill_record(&fill, RUN_EXPECT_KEYS, given, &step->expect, "the expectation of a run"))
        return;
    const struct run_expect *expect = &step->expect;
    step->has_expect = true;
    step->expect_at = given->at;
    step->expects_exit = yaml_find(given, "exit") != NULL;
    step->expects_time = expect->time != NULL;
    bound_load(l, expect->time, duration_parse, "a comparison with a duration, such as < 2s", yaml_position(given, "time", 0),
               &step->time);
    check_patterns(l, given, "output", expect->output, expect->output_count);
    check_patterns(l, given, "error", expect->error, expect->error_count);
    check_patterns(l, given, "without", expect->without, expect->without_count);
    if (expect->sha256 && (strlen(expect->sha256) != 64 || expect->sha256[strspn(expect->sha256, "0123456789abcdef")]))
        fault_add(l->faults, yaml_position(given, "sha256", 0), "'%.80s' for 'sha256', expected 64 lower-case hex digits",
                  expect->sha256);
}

/* ---- faults ---- */

static const struct config_key *fault_keys(struct loader *l)
{
    size_t own = 0, settings = 0;
    while (FAULT_KEYS[own].name)
        own++;
    while (WIRE_SETTING_KEYS[settings].name)
        settings++;
    struct config_key *keys = arena_take(&l->lab->arena, (own + settings + 1) * sizeof *keys);
    memcpy(keys, FAULT_KEYS, own * sizeof *keys);
    memcpy(keys + own, WIRE_SETTING_KEYS, settings * sizeof *keys);
    for (size_t i = own; i < own + settings; i++)
        keys[i].offset += offsetof(struct fault_config, settings);
    return keys;
}

static void wire_unknown(struct loader *l, const char *asked, struct position at)
{
    const struct lab_node *node = lab_node_find(l->lab, asked);
    const struct lab_port *wired = NULL;
    size_t wires = 0;
    for (size_t i = 0; node && i < node->port_count; i++)
        if (node->ports[i]->wire && ++wires == 1)
            wired = node->ports[i];
    if (wired) {
        fault_add(l->faults, at, "'%.80s' has %zu wires, expected one of them by its name or its end, such as %s.%s", asked,
                  wires, node->name, wired->name);
        return;
    }
    const char **names = arena_take(&l->lab->arena, (3 * l->lab->wire_count + 1) * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < l->lab->wire_count; i++) {
        names[count++] = l->lab->wires[i]->name;
        for (int side = 0; side < 2; side++) {
            const struct lab_port *end = l->lab->wires[i]->ends[side];
            names[count++] = arena_format(&l->lab->arena, "%s.%s", end->node->name, end->name);
        }
    }
    fault_add(l->faults, at, "there is no wire '%.80s', expected its name or one of its ends%s", asked,
              fault_did_you_mean(l->faults, asked, names));
}

static void fault_target(struct loader *l, struct step *step, const struct yaml *given)
{
    const struct fault_config *fault = &step->fault;
    if (!fault->wire == !fault->node) {
        fault_add(l->faults, given->at, "a fault of nothing or of two things, expected either 'wire' or 'node'");
        return;
    }
    if (fault->node) {
        step->node = loader_node(l, fault->node, yaml_position(given, "node", 0));
        return;
    }
    step->wire = lab_wire_find(l->lab, fault->wire);
    if (!step->wire)
        wire_unknown(l, fault->wire, yaml_position(given, "wire", 0));
}

/* The queue disciplines that the wire may have when the step comes: its own, and those that faults up to here give it. */
static unsigned disciplines_at(const struct loader *l, const struct step *step)
{
    unsigned disciplines = loader_disciplines(step->wire);
    for (const struct step *one = l->lab->steps; one <= step; one++)
        if (one->wire == step->wire && one->fault_yaml && yaml_find(one->fault_yaml, "queue-discipline"))
            disciplines |= 1u << one->fault.settings.discipline;
    return disciplines;
}

static void fault_load(struct loader *l, struct load_file *file, struct step *step, const struct yaml *given)
{
    struct fill fill = loader_fill(l, file);
    step->action = STEP_FAULT;
    step->fault_yaml = given;
    if (!fill_record(&fill, fault_keys(l), given, &step->fault, "a fault") || given->kind != YAML_MAP)
        return;
    fault_target(l, step, given);
    const struct fault_config *fault = &step->fault;
    bool settings = false;
    for (const struct config_key *key = WIRE_SETTING_KEYS; key->name; key++)
        settings |= yaml_find(given, key->name) != NULL;
    step->goes_up = fault->up != NULL;
    step->goes_down = fault->down != NULL;
    if (fault->up && strcmp(fault->up, "true") != 0)
        fault_add(l->faults, yaml_position(given, "up", 0), "'%.80s' for 'up', expected true", fault->up);
    if (fault->down && strcmp(fault->down, "true") != 0 && (duration_parse(fault->down, &step->down_ns) || step->down_ns == 0))
        fault_add(l->faults, yaml_position(given, "down", 0), "'%.80s' for 'down', expected true or a duration such as 5s",
                  fault->down);
    if (step->goes_up + step->goes_down + settings != 1)
        fault_add(l->faults, given->at,
                  "a fault that does nothing or several things, expected one of 'down', 'up', or a wire's settings");
    if (settings && step->wire)
        loader_discipline_check(l, given, disciplines_at(l, step));
    if (settings && fault->node)
        fault_add(l->faults, given->at, "a wire's settings on a node, expected 'down' or 'up'");
    if (fault->for_ns && !settings)
        fault_add(l->faults, yaml_position(given, "for", 0), "'for' without a wire's settings, expected `down: 5s`");
}

/* ---- events and drops ---- */

static void event_name_check(struct loader *l, const char *name, struct position at)
{
    for (size_t i = 0; EVENT_NAMES[i]; i++)
        if (strcmp(EVENT_NAMES[i], name) == 0)
            return;
    fault_add(l->faults, at, "there is no event '%.80s'%s", name, fault_did_you_mean(l->faults, name, EVENT_NAMES));
}

static void event_load(struct loader *l, struct load_file *file, const struct yaml *given, struct event_match *match)
{
    struct lab *lab = l->lab;
    struct yaml *known = yaml_make_map(&lab->arena, given->at, given->count);
    known->count = 0;
    for (size_t i = 0; i < given->count; i++) { /* other keys are fields of the event */
        const struct yaml_item *item = &given->items[i];
        bool own = false;
        for (const struct config_key *key = EVENT_EXPECT_KEYS; key->name; key++)
            own |= strcmp(key->name, item->key->text) == 0;
        if (own) {
            known->items[known->count++] = *item;
        } else if (item->value->kind != YAML_SCALAR) {
            fault_add(l->faults, item->value->at, "%s for the field '%.80s', expected its value as text",
                      yaml_kind_name(item->value), item->key->text);
        } else if (match->field_count == count_of(match->fields)) {
            fault_add(l->faults, item->key->at, "more than 10 fields");
        } else {
            match->fields[match->field_count].name = item->key->text;
            match->fields[match->field_count++].value = item->value->text;
        }
    }
    struct fill fill = loader_fill(l, file);
    if (!fill_record(&fill, EVENT_EXPECT_KEYS, known, &match->expect, "an expected event"))
        return;
    event_name_check(l, match->expect.event, yaml_position(given, "event", 0));
    if (match->expect.node && *match->expect.node)
        loader_node(l, match->expect.node, yaml_position(given, "node", 0));
    bound_load(l, match->expect.count, parse_count, "a count, such as 3 or > 2", yaml_position(given, "count", 0),
               &match->count);
}

static void drops_load(struct loader *l, struct load_file *file, struct step *step, const struct yaml *given)
{
    struct drops_expect expect = {0};
    struct fill fill = loader_fill(l, file);
    step->action = STEP_EXPECT_DROPS;
    if (!fill_record(&fill, DROPS_EXPECT_KEYS, given, &expect, "an expectation of drops"))
        return;
    if (expect.node)
        step->node = loader_node(l, expect.node, yaml_position(given, "node", 0));
    const char *names[DROP_REASON_COUNT + 1] = {NULL};
    for (int i = 0; i < DROP_REASON_COUNT; i++)
        names[i] = drop_reason_name((enum drop_reason)i);
    step->drops = arena_take(&l->lab->arena, (expect.drop_count + 1) * sizeof *step->drops);
    for (size_t i = 0; i < expect.drop_count; i++) {
        struct drop_match *match = &step->drops[step->drop_count];
        const struct yaml_item *item = &yaml_find(given, "drops")->items[i];
        for (match->reason = 0; match->reason < DROP_REASON_COUNT; match->reason++)
            if (strcmp(names[match->reason], expect.drops[i].reason) == 0)
                break;
        if (match->reason == DROP_REASON_COUNT) {
            fault_add(l->faults, item->key->at, "there is no drop reason '%.80s'%s", expect.drops[i].reason,
                      fault_did_you_mean(l->faults, expect.drops[i].reason, names));
            continue;
        }
        bound_load(l, expect.drops[i].value, parse_count, "a count, such as 3 or > 2", item->value->at, &match->bound);
        step->drop_count++;
    }
}

static void expect_load(struct loader *l, struct load_file *file, struct step *step, const struct yaml *given)
{
    const struct yaml *first = given->kind == YAML_LIST && given->count ? given->items[0].value : given;
    if (yaml_find(first, "drops")) {
        drops_load(l, file, step, given);
        return;
    }
    step->action = STEP_EXPECT_EVENTS;
    step->event_count = given->kind == YAML_LIST ? given->count : 1;
    step->events = arena_take(&l->lab->arena, (step->event_count + 1) * sizeof *step->events);
    for (size_t i = 0; i < step->event_count; i++) {
        const struct yaml *one = given->kind == YAML_LIST ? given->items[i].value : given;
        if (one->kind != YAML_MAP)
            fault_add(l->faults, one->at, "%s as an expectation, expected a mapping with 'event' or 'drops'",
                      yaml_kind_name(one));
        else
            event_load(l, file, one, &step->events[i]);
    }
}

static void step_load(struct loader *l, struct load_file *file, struct step *step, const struct yaml *given)
{
    struct fill fill = loader_fill(l, file);
    step->at = given->at;
    if (!fill_record(&fill, STEP_KEYS, given, &step->config, "a step of the scenario") || given->kind != YAML_MAP)
        return;
    const struct yaml *fault = yaml_find(given, "fault"), *expect = yaml_find(given, "expect");
    step->has_at = yaml_find(given, "at") != NULL;
    if (step->has_at && yaml_find(given, "wait"))
        fault_add(l->faults, given->at, "both 'at' and 'wait', expected one of them");
    if (step->config.run && fault)
        fault_add(l->faults, given->at, "both 'run' and 'fault', expected a step for each");
    if (!step->config.run && (yaml_find(given, "background") || yaml_find(given, "timeout")))
        fault_add(l->faults, given->at, "'background' or 'timeout' without 'run'");
    if (step->config.run) {
        step->action = STEP_RUN;
        run_load(l, step, yaml_position(given, "run", 0));
        if (expect)
            run_expect_load(l, file, step, expect);
    } else if (fault) {
        if (expect)
            fault_add(l->faults, expect->at, "'expect' beside 'fault', expected a step for each");
        fault_load(l, file, step, fault);
    } else if (expect) {
        expect_load(l, file, step, expect);
    } else if (!step->has_at && !yaml_find(given, "wait") && !step->config.say) {
        fault_add(l->faults, given->at, "a step that does nothing, expected 'run', 'fault', 'expect', 'at', 'wait' or 'say'");
    }
}

void load_scenario(struct loader *l, struct load_file *file)
{
    for (size_t i = 0; i < file->config.tell_count; i++)
        event_name_check(l, file->config.tell[i], yaml_position(file->root, "tell", i));
    const struct yaml *steps = yaml_find(file->root, "scenario");
    if (!steps || yaml_is_null(steps))
        return;
    if (steps->kind != YAML_LIST) {
        fault_add(l->faults, steps->at, "%s for 'scenario', expected a list of steps", yaml_kind_name(steps));
        return;
    }
    if (steps->count > LIMIT_LAB_STEPS) {
        fault_add(l->faults, steps->at, "%zu steps, expected at most %d", steps->count, LIMIT_LAB_STEPS);
        return;
    }
    l->lab->step_count = steps->count;
    l->lab->steps = arena_take(&l->lab->arena, (steps->count + 1) * sizeof *l->lab->steps);
    int64_t earliest_ns = 0; /* that the steps so far allow; a run may take longer */
    for (size_t i = 0; i < steps->count; i++) {
        struct step *step = &l->lab->steps[i];
        step_load(l, file, step, steps->items[i].value);
        if (step->has_at && step->config.at_ns < earliest_ns) {
            char text[32];
            fault_add(l->faults, yaml_position(steps->items[i].value, "at", 0),
                      "this step goes back in time, expected 'at' of %s or later: steps are done one after the other",
                      duration_print(earliest_ns, text, sizeof text));
        }
        earliest_ns = step->has_at && step->config.at_ns > earliest_ns ? step->config.at_ns : earliest_ns;
        if (!step->has_at && step->config.wait_ns < INT64_MAX - earliest_ns)
            earliest_ns += step->config.wait_ns;
    }
}
