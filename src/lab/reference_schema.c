/* The JSON Schema of the lab file, generated from the same tables as the reference page.
 *
 * Editors that know YAML (through yaml-language-server) complete keys and underline mistakes by it. It is looser than the loader,
 * which also knows what is where: it describes the shape of each value, its choices and ranges, and closes every mapping against
 * unknown keys. Each schema table becomes an object; a key that takes a list takes one bare value too; a mapping with a key
 * "value" or "enabled" may be that value alone.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "lab/fill.h"
#include "lab/reference.h"
#include "lab/schema.h"

static void add_string(struct text *out, const char *string) { text_add_json(out, string, strlen(string)); }

static void add_object(struct text *out, const struct config_key *const *tables, size_t count, bool open);

static void add_scalar(struct text *out, const struct config_key *key)
{
    switch (key->kind) {
    case CONFIG_NUMBER:
        text_format(out, "\"type\":\"integer\",\"minimum\":%" PRIu64, key->minimum);
        if (key->maximum)
            text_format(out, ",\"maximum\":%" PRIu64, key->maximum);
        break;
    case CONFIG_BOOL: text_add(out, "\"type\":\"boolean\""); break;
    case CONFIG_CHOICE:
        text_add(out, "\"enum\":[");
        for (size_t i = 0; key->choices[i]; i++) {
            text_add(out, i ? "," : "");
            add_string(out, key->choices[i]);
        }
        text_add(out, "]");
        break;
    default: text_add(out, "\"type\":[\"string\",\"number\",\"boolean\"]"); break;
    }
}

static const struct config_key *stand_in(const struct config_key *keys)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, "value") == 0 || strcmp(keys->name, "enabled") == 0)
            return keys;
    return NULL;
}

static void add_one(struct text *out, const struct config_key *key)
{
    if (key->kind == CONFIG_MAP && key->keys) {
        const struct config_key *scalar = stand_in(key->keys);
        text_add(out, "{\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"anyOf\":[");
        add_object(out, &key->keys, 1, false);
        text_add(out, ",{\"type\":\"null\"}");
        if (scalar)
            text_add(out, ",{\"type\":[\"string\",\"number\",\"boolean\",\"array\"]}");
        text_add(out, "]}}");
    } else if (key->kind == CONFIG_RECORD && key->keys) {
        const struct config_key *scalar = stand_in(key->keys);
        text_add(out, scalar ? "{\"anyOf\":[" : "");
        add_object(out, &key->keys, 1, false);
        text_add(out, scalar ? ",{\"type\":[\"string\",\"number\",\"boolean\"]}]}" : "");
    } else if (key->kind == CONFIG_MAP || key->kind == CONFIG_RECORD) {
        text_add(out, "{\"type\":\"object\"}");
    } else {
        text_add_char(out, '{');
        add_scalar(out, key);
        text_add_char(out, '}');
    }
}

static void add_key(struct text *out, const struct config_key *key)
{
    add_string(out, key->name);
    text_add(out, ":{\"description\":");
    add_string(out, key->about ? key->about : "");
    text_add(out, ",\"anyOf\":[");
    add_one(out, key);
    if (key->list) {
        text_add(out, ",{\"type\":\"array\",\"items\":");
        add_one(out, key);
        text_add_char(out, '}');
    }
    text_add(out, "]}");
}

/* One object with the keys of several tables; `open` allows further ones. */
static void add_object(struct text *out, const struct config_key *const *tables, size_t count, bool open)
{
    bool first = true;
    text_format(out, "{\"type\":\"object\",\"additionalProperties\":%s,\"properties\":{", open ? "true" : "false");
    for (size_t i = 0; i < count; i++)
        for (const struct config_key *key = tables[i]; key->name; key++) {
            text_add(out, first ? "" : ",");
            first = false;
            add_key(out, key);
        }
    text_add(out, "}}");
}

static void add_definition(struct text *out, const char *name, const struct config_key *const *tables, size_t count, bool open)
{
    text_format(out, "%s\"%s\":", strcmp(name, "node") == 0 ? "" : ",\n", name);
    add_object(out, tables, count, open);
}

static void add_services(struct text *out)
{
    text_add(out, ",\n\"services\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{");
    for (size_t i = 0; SERVICES[i]; i++) {
        text_add(out, i ? ",\n" : "\n");
        add_string(out, SERVICES[i]->name);
        text_add(out, ":{\"description\":");
        add_string(out, SERVICES[i]->summary);
        text_add(out, ",\"anyOf\":[");
        add_object(out, &SERVICES[i]->keys, 1, false);
        text_add(out, ",{\"type\":\"null\"},{\"type\":\"array\",\"items\":");
        add_object(out, &SERVICES[i]->keys, 1, false);
        text_add(out, "}]}");
    }
    text_add(out, "}}");
}

/* The node's keys, with `services` pointing at its own definition. */
static void add_node(struct text *out)
{
    text_add(out, "\"node\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{\n");
    for (const struct config_key *key = NODE_KEYS; key->name; key++) {
        text_add(out, key == NODE_KEYS ? "" : ",\n");
        if (strcmp(key->name, "services") == 0)
            text_add(out, "\"services\":{\"$ref\":\"#/$defs/services\"}");
        else
            add_key(out, key);
    }
    text_add(out, "}}");
}

void reference_schema(struct text *out)
{
    text_add(out, "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n\"title\":\"imp lab file\",\n\"$defs\":{\n");
    add_node(out);
    add_services(out);
    add_definition(out, "settings", (const struct config_key *const[]){WIRE_SETTING_KEYS}, 1, false);
    add_definition(out, "wire", (const struct config_key *const[]){WIRE_KEYS, WIRE_SETTING_KEYS}, 2, false);
    add_definition(out, "fault", (const struct config_key *const[]){FAULT_KEYS, WIRE_SETTING_KEYS}, 2, false);
    add_definition(out, "run-expect", (const struct config_key *const[]){RUN_EXPECT_KEYS}, 1, false);
    add_definition(out, "event-expect", (const struct config_key *const[]){EVENT_EXPECT_KEYS}, 1, true);
    add_definition(out, "drops-expect", (const struct config_key *const[]){DROPS_EXPECT_KEYS}, 1, false);
    add_definition(out, "step", (const struct config_key *const[]){STEP_KEYS}, 1, false);
    text_add(out, "},\n\"type\":\"object\",\n\"additionalProperties\":false,\n\"properties\":{\n");
    for (const struct config_key *key = LAB_KEYS; key->name; key++) {
        text_add(out, key == LAB_KEYS ? "" : ",\n");
        if (strcmp(key->name, "nodes") == 0)
            text_add(out, "\"nodes\":{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/node\"}}");
        else if (strcmp(key->name, "wires") == 0)
            text_add(out, "\"wires\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"object\","
                          "\"maxProperties\":1,\"additionalProperties\":{\"$ref\":\"#/$defs/wire\"}}]}}");
        else if (strcmp(key->name, "scenario") == 0)
            text_add(out, "\"scenario\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/step\"}}");
        else
            add_key(out, key);
    }
    text_add(out, "\n}}\n");
}
