/* docs/lab-format.md, generated.
 *
 * The page is prose that says how things hang together, which stands in reference_text.h, and tables of keys, which come from
 * the schemas. A table has a row for each key: its name, what it holds with its range, its default, and the sentence that the
 * schema's author wrote. Keys of nested mappings follow their parent as `parent.key`. The sections "Services", "Wire profiles" and
 * "Drop reasons" are made from their registries whole, so a new service is documented by the commit that adds it; a test compares the
 * committed page with what this file makes.
 */
#include "lab/reference.h"

#include <string.h>

#include "base/arena.h"
#include "engine/drop.h"
#include "lab/fill.h"
#include "lab/reference_text.h"
#include "lab/schema.h"

struct page {
    struct text *out;
    struct arena arena;
};

/* "a number from 1 to 65535" without its article: what stands in a table. */
static const char *holds(struct page *page, const struct config_key *key)
{
    const char *text;
    if (key->kind == CONFIG_MAP || key->kind == CONFIG_RECORD)
        text = key->kind == CONFIG_MAP ? "mapping, free keys" : "mapping";
    else
        text = config_expected(key, &page->arena);
    if (strncmp(text, "a ", 2) == 0)
        text += 2;
    else if (strncmp(text, "an ", 3) == 0)
        text += 3;
    return key->list ? arena_format(&page->arena, "%s, or a list", text) : text;
}

/* A cell of a Markdown table: no pipes, no line ends. */
static void cell(struct page *page, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            text_add_char(page->out, '\\');
        text_add_char(page->out, *text == '\n' ? ' ' : *text);
    }
}

static void rows(struct page *page, const struct config_key *keys, const char *prefix)
{
    for (; keys->name; keys++) {
        const char *name = arena_format(&page->arena, "%s%s", prefix, keys->name);
        text_format(page->out, "| `%s` | ", name);
        cell(page, holds(page, keys));
        text_add(page->out, " | ");
        if (keys->required)
            text_add(page->out, "required");
        else if (keys->fallback)
            text_format(page->out, "`%s`", keys->fallback);
        text_add(page->out, " | ");
        cell(page, keys->about ? keys->about : "");
        text_add(page->out, " |\n");
        if (keys->keys)
            rows(page, keys->keys, arena_format(&page->arena, keys->kind == CONFIG_MAP ? "%s.NAME." : "%s.", name));
    }
}

static void table(struct page *page, const struct config_key *keys)
{
    if (!keys || !keys->name) {
        text_add(page->out, "It has no keys.\n\n");
        return;
    }
    text_add(page->out, "| key | holds | default | |\n|---|---|---|---|\n");
    rows(page, keys, "");
    text_add_char(page->out, '\n');
}

/* The keys of the lab, without those of nodes, which have a section of their own. */
static void lab_table(struct page *page)
{
    text_add(page->out, "| key | holds | default | |\n|---|---|---|---|\n");
    for (const struct config_key *key = LAB_KEYS; key->name; key++) {
        struct config_key alone[2] = {*key, {.name = NULL}};
        alone[0].keys = NULL;
        rows(page, alone, "");
    }
    text_add_char(page->out, '\n');
}

static void direction(struct text *out, const struct wire_settings *settings)
{
    char text[32];
    text_format(out, "%s", settings->rate_bps ? rate_print(settings->rate_bps, text, sizeof text) : "no limit");
    text_format(out, ", %s", duration_print(settings->delay_ns, text, sizeof text));
    if (settings->jitter_ns)
        text_format(out, " + 0..%s", duration_print(settings->jitter_ns, text, sizeof text));
    if (settings->loss_ppm)
        text_format(out, ", loss %.4g%%", (double)settings->loss_ppm / 1e4);
    if (settings->queue_frames)
        text_format(out, ", queue %u", settings->queue_frames);
}

static void profiles(struct page *page)
{
    size_t count;
    const struct wire_profile *all = wire_profiles(&count);
    text_add(page->out, "| profile | stands for | first end to second | back |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        text_format(page->out, "| `%s` | ", all[i].name);
        cell(page, all[i].summary);
        text_add(page->out, " | ");
        direction(page->out, &all[i].up);
        text_add(page->out, " | ");
        if (memcmp(&all[i].up, &all[i].down, sizeof all[i].up) == 0)
            text_add(page->out, "the same");
        else
            direction(page->out, &all[i].down);
        text_add(page->out, " |\n");
    }
    text_add_char(page->out, '\n');
}

static void services(struct page *page)
{
    for (size_t i = 0; SERVICES[i]; i++) {
        text_format(page->out, "### %s\n\n%s\n\n", SERVICES[i]->name, SERVICES[i]->summary);
        table(page, SERVICES[i]->keys);
    }
}

static void drops(struct page *page)
{
    text_add(page->out, "| reason | means |\n|---|---|\n");
    for (int i = 0; i < DROP_REASON_COUNT; i++)
        text_format(page->out, "| `%s` | %s |\n", drop_reason_name((enum drop_reason)i),
                    drop_reason_sentence((enum drop_reason)i));
    text_add_char(page->out, '\n');
}

void reference_page(struct text *out)
{
    struct page page = {.out = out};
    text_add(out, REFERENCE_HEAD);
    lab_table(&page);
    text_add(out, REFERENCE_NODES);
    table(&page, NODE_KEYS);
    text_add(out, REFERENCE_WIRES);
    table(&page, WIRE_KEYS);
    text_add(out, REFERENCE_WIRE_SETTINGS);
    table(&page, WIRE_SETTING_KEYS);
    text_add(out, REFERENCE_PROFILES);
    profiles(&page);
    text_add(out, REFERENCE_SCENARIO);
    table(&page, STEP_KEYS);
    text_add(out, REFERENCE_RUN);
    table(&page, RUN_EXPECT_KEYS);
    text_add(out, REFERENCE_EVENTS);
    table(&page, EVENT_EXPECT_KEYS);
    text_add(out, REFERENCE_DROPS);
    table(&page, DROPS_EXPECT_KEYS);
    text_add(out, REFERENCE_FAULTS);
    table(&page, FAULT_KEYS);
    text_add(out, REFERENCE_SERVICES);
    services(&page);
    text_add(out, REFERENCE_REASONS);
    drops(&page);
    text_add(out, REFERENCE_WORDS);
    while (out->length > 1 && out->data[out->length - 1] == '\n' && out->data[out->length - 2] == '\n')
        out->data[--out->length] = 0;
    arena_free(&page.arena);
}
