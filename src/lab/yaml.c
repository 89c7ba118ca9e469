/* YAML, from libfyaml's events to our own small tree.
 *
 * libfyaml's event interface gives one event per scalar, start or end of a collection, and alias, each with a token that knows its
 * line and column. This file keeps a stack of the open collections and gathers their items; when one closes, its items are
 * copied into the arena in one run. Nothing recurses, and the tree is free of libfyaml, so that no pointer of that library lives
 * longer than the call.
 *
 * What a hostile file could try, and what stands against it:
 *   - deep nesting: LIMIT_LAB_NESTING, looked at as each collection opens;
 *   - an alias bomb ("billion laughs"): an alias shares the value of its anchor, and each value carries its weight, the number
 *     of values that a walk over it would meet. The weight of the document is limited to LIMIT_LAB_VALUES, so that whoever walks
 *     the tree later need not care. An alias within its own anchor finds no finished anchor: a cycle cannot be built;
 *   - a huge file: limited by its reader; a NUL inside a scalar: refused, since names are C strings;
 *   - two keys alike: a fault that names the first one's line. Long maps (100,000 nodes) are checked through a hash map.
 *
 * What is left out on purpose: tags other than YAML's own for strings, complex keys, several documents in one file, and merge
 * keys (<<), each of which is a fault with a sentence.
 */
#include "lab/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "lab/limits.h"

struct open_collection {
    struct yaml *value;
    const char *anchor;
    size_t first;           /* of its items in the gathered ones */
    const struct yaml *key; /* read, its value not yet */
    bool key_refused;
};
struct builder {
    const char *file;
    struct arena *arena;
    struct fault_list *faults;
    struct map anchors;
    struct yaml_item *gathered;
    size_t gathered_count, gathered_room;
    struct open_collection open[LIMIT_LAB_NESTING];
    size_t depth;
    const struct yaml *root;
    unsigned documents;
    bool failed;
};

static struct position token_position(const struct builder *b, struct fy_token *token)
{
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (mark)
        return (struct position){b->file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1};
    if (b->depth) {
        const struct open_collection *open = &b->open[b->depth - 1];
        return open->key ? open->key->at : open->value->at;
    }
    return (struct position){b->file, 1, 1};
}

static void refuse(struct builder *b, struct position at, const char *sentence)
{
    fault_add(b->faults, at, "%s", sentence);
    b->failed = true;
}

/* A token's text as a C string in the arena; NULL (with a fault) when it has a NUL inside. */
static const char *token_text(struct builder *b, struct fy_token *token)
{
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : NULL;
    if (!text)
        return "";
    if (memchr(text, 0, length)) {
        refuse(b, token_position(b, token), "a NUL character, expected text");
        return NULL;
    }
    return arena_copy_bytes(b->arena, text, length);
}

/* A finished value goes where it belongs: to the root, a list, or as a key or value of a map. */
static void place(struct builder *b, const struct yaml *value)
{
    if (b->depth == 0) {
        b->root = value;
        return;
    }
    struct open_collection *open = &b->open[b->depth - 1];
    uint64_t weight = (uint64_t)open->value->weight + value->weight;
    if (weight > LIMIT_LAB_VALUES) {
        char sentence[120];
        snprintf(sentence, sizeof sentence, "more than %d values with aliases expanded: too large for a lab file",
                 LIMIT_LAB_VALUES);
        refuse(b, value->at, sentence);
        return;
    }
    open->value->weight = (uint32_t)weight;
    if (open->value->kind == YAML_MAP && !open->key) {
        open->key = value;
        if (value->kind != YAML_SCALAR)
            refuse(b, value->at, "a mapping or a list as a key, expected a name");
        return;
    }
    if (b->gathered_count == b->gathered_room) {
        b->gathered_room = b->gathered_room ? 2 * b->gathered_room : 64;
        b->gathered = memory_grow(b->gathered, b->gathered_room, sizeof *b->gathered);
    }
    b->gathered[b->gathered_count++] = (struct yaml_item){open->key, value};
    open->key = NULL;
}

static void anchor_set(struct builder *b, const char *anchor, const struct yaml *value)
{
    if (anchor)
        map_put(&b->anchors, anchor, strlen(anchor), (void *)(uintptr_t)value);
}

static struct yaml *value_create(struct builder *b, enum yaml_kind kind, struct fy_token *token)
{
    struct yaml *value = arena_take(b->arena, sizeof *value);
    *value = (struct yaml){.kind = kind, .weight = 1, .at = token_position(b, token), .text = ""};
    return value;
}

static void on_scalar(struct builder *b, const struct fy_event *event)
{
    struct yaml *value = value_create(b, YAML_SCALAR, event->scalar.value);
    const char *text = token_text(b, event->scalar.value);
    if (!text)
        return;
    value->text = text;
    enum fy_scalar_style style = event->scalar.value ? fy_token_scalar_style(event->scalar.value) : FYSS_PLAIN;
    value->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && value->at.column > 1)
        value->at.column--; /* libfyaml's mark is behind the quote */
    if (event->scalar.anchor)
        anchor_set(b, token_text(b, event->scalar.anchor), value);
    place(b, value);
}

static void on_start(struct builder *b, enum yaml_kind kind, struct fy_token *token, struct fy_token *anchor)
{
    struct yaml *value = value_create(b, kind, token);
    if (b->depth == LIMIT_LAB_NESTING) {
        char sentence[80];
        snprintf(sentence, sizeof sentence, "nested deeper than %d levels", LIMIT_LAB_NESTING);
        refuse(b, value->at, sentence);
        return;
    }
    b->open[b->depth++] =
        (struct open_collection){.value = value, .anchor = anchor ? token_text(b, anchor) : NULL, .first = b->gathered_count};
}

/* Drops items whose key was there before. */
static void refuse_duplicates(struct builder *b, struct yaml *map)
{
    struct map seen = {0};
    size_t kept = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct yaml *key = map->items[i].key;
        const struct yaml *before = map_get(&seen, key->text, strlen(key->text));
        if (before) {
            fault_add(b->faults, key->at, "'%s' is here twice, expected once: the first is in line %u", key->text,
                      before->at.line);
            continue;
        }
        map_put(&seen, key->text, strlen(key->text), (void *)(uintptr_t)key);
        map->items[kept++] = map->items[i];
    }
    map->count = kept;
    map_free(&seen);
}

static void on_end(struct builder *b)
{
    struct open_collection *open = &b->open[b->depth - 1];
    struct yaml *value = open->value;
    value->count = b->gathered_count - open->first;
    if (value->count) {
        value->items = arena_take(b->arena, value->count * sizeof *value->items);
        memcpy(value->items, b->gathered + open->first, value->count * sizeof *value->items);
    }
    b->gathered_count = open->first;
    b->depth--;
    if (value->kind == YAML_MAP)
        refuse_duplicates(b, value);
    anchor_set(b, open->anchor, value);
    place(b, value);
}

static void on_alias(struct builder *b, const struct fy_event *event)
{
    const char *name = token_text(b, event->alias.anchor);
    if (!name)
        return;
    const struct yaml *value = map_get(&b->anchors, name, strlen(name));
    if (value) {
        place(b, value);
        return;
    }
    struct yaml *nothing = value_create(b, YAML_SCALAR, event->alias.anchor);
    fault_add(b->faults, nothing->at, "the alias *%s has no anchor &%s before it", name, name);
    place(b, nothing);
}

static void on_event(struct builder *b, const struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (b->documents++)
            refuse(b, token_position(b, event->document_start.document_start), "a second document, expected one lab in a file");
        break;
    case FYET_SCALAR: on_scalar(b, event); break;
    case FYET_ALIAS: on_alias(b, event); break;
    case FYET_SEQUENCE_START: on_start(b, YAML_LIST, event->sequence_start.sequence_start, event->sequence_start.anchor); break;
    case FYET_MAPPING_START: on_start(b, YAML_MAP, event->mapping_start.mapping_start, event->mapping_start.anchor); break;
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END: on_end(b); break;
    default: break;
    }
}

/* What libfyaml says against the text itself. It tells one cause, sometimes with followers; the first is the one to mend. */
static void syntax_fault(struct builder *b, struct fy_diag *diag)
{
    void *at = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &at);
    if (!error || !error->msg) {
        fault_add(b->faults, (struct position){b->file, 1, 1}, "this is not YAML");
        return;
    }
    uint32_t line = error->line > 0 ? (uint32_t)error->line : 1, column = error->column > 0 ? (uint32_t)error->column : 1;
    fault_add(b->faults, (struct position){b->file, line, column}, "not YAML: %.*s", (int)strcspn(error->msg, "\n"),
              error->msg);
}

/* The length of the UTF-8 character at `p` (RFC 3629), or 0 when there is none. */
static size_t character_length(const uint8_t *p, size_t left)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t i = 0; i < count_of(forms); i++) {
        if ((p[0] & forms[i].mask) != forms[i].lead)
            continue;
        if (left <= i)
            return 0;
        uint32_t code = p[0] & (uint8_t)~forms[i].mask;
        for (size_t k = 1; k <= i; k++) {
            if ((p[k] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (p[k] & 0x3f);
        }
        return code < forms[i].least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : i + 1;
    }
    return 0;
}

/* libfyaml takes broken UTF-8 in some places for an empty value; a lab file must be all text. */
static bool is_text(const char *file, const uint8_t *data, size_t length, struct fault_list *faults)
{
    struct position at = {file, 1, 1};
    for (size_t i = 0, step; i < length; i += step, at.column++) {
        step = character_length(data + i, length - i);
        if (!step || !data[i]) {
            fault_add(faults, at, "the byte 0x%02x is no UTF-8 text, expected a text file", data[i]);
            return false;
        }
        if (data[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    }
    return true;
}

const struct yaml *yaml_parse(const char *file, const void *data, size_t length, struct arena *arena, struct fault_list *faults)
{
    if (!is_text(file, data, length, faults))
        return NULL;
    struct builder *b = memory_take_zeroed(1, sizeof *b);
    b->file = file;
    b->arena = arena;
    b->faults = faults;
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    struct fy_diag *diag = fy_diag_create(&diag_config);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    if (length == 0 || !parser || fy_parser_set_string(parser, data, length)) {
        fault_add(faults, (struct position){file, 1, 1}, "the file is empty, expected a lab");
        b->failed = true;
    }
    struct fy_event *event;
    while (!b->failed && (event = fy_parser_parse(parser))) {
        on_event(b, event);
        fy_parser_event_free(parser, event);
    }
    if (!b->failed && fy_parser_get_stream_error(parser)) {
        syntax_fault(b, diag);
        b->failed = true;
    }
    const struct yaml *root = b->failed ? NULL : b->root;
    if (!b->failed && !root)
        root = yaml_make_map(arena, (struct position){file, 1, 1}, 0);
    if (parser)
        fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    map_free(&b->anchors);
    memory_free(b->gathered);
    memory_free(b);
    return root;
}

const struct yaml_item *yaml_find_item(const struct yaml *map, const char *key)
{
    if (map && map->kind == YAML_MAP)
        for (size_t i = 0; i < map->count; i++)
            if (strcmp(map->items[i].key->text, key) == 0)
                return &map->items[i];
    return NULL;
}

const struct yaml *yaml_find(const struct yaml *map, const char *key)
{
    const struct yaml_item *item = yaml_find_item(map, key);
    return item ? item->value : NULL;
}

bool yaml_is_null(const struct yaml *value)
{
    return value->kind == YAML_SCALAR && !value->quoted &&
           (!*value->text || strcmp(value->text, "~") == 0 || strcmp(value->text, "null") == 0);
}

const char *yaml_kind_name(const struct yaml *value)
{
    if (value->kind == YAML_MAP)
        return "a mapping";
    if (value->kind == YAML_LIST)
        return "a list";
    return yaml_is_null(value) ? "nothing" : "a value";
}

struct position yaml_position(const struct yaml *map, const char *key, size_t index)
{
    const struct yaml *value = yaml_find(map, key);
    if (!value)
        return map->at;
    return value->kind == YAML_LIST && index < value->count ? value->items[index].value->at : value->at;
}

struct yaml *yaml_make_scalar(struct arena *arena, struct position at, const char *text)
{
    struct yaml *value = arena_take(arena, sizeof *value);
    *value = (struct yaml){.kind = YAML_SCALAR, .weight = 1, .at = at, .text = text};
    return value;
}

struct yaml *yaml_make_map(struct arena *arena, struct position at, size_t count)
{
    struct yaml *value = arena_take(arena, sizeof *value);
    *value = (struct yaml){.kind = YAML_MAP, .weight = 1, .at = at, .text = "", .count = count};
    if (count)
        value->items = arena_take(arena, count * sizeof *value->items);
    return value;
}
