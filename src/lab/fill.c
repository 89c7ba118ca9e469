/* Filling C structs from YAML by a typed schema.
 *
 * A schema is a table of struct config_key: a name, a kind, an offset. This file is the only reader of those tables that turns
 * values into bytes: scalars by kind (`parse_scalar`), lists into arrays in the arena, records in place, maps with free keys
 * into arrays of structs whose first member is the key. The lab file's own parts (schema.c) and every service's configuration go
 * through here, so both have the same checks and the same sentences: what was found, what was expected, "did you mean".
 *
 * Defaults are texts in the schema and are parsed by the same code, after the values: a key that is absent gets its default,
 * also inside a record that is absent, so that a service may rely on them. A default that does not parse is a programmer's error.
 *
 * Conveniences, each because the lab file reads better with it: one bare value is a list of one; a scalar for a record that
 * has a key "value" or "enabled" fills that key; likewise a scalar or a list for an entry of a map with free keys. A key with
 * neither a kind's value nor `keys` (CONFIG_MAP without keys) is left to its owner: `services`, whose keys each have a schema of their own.
 */
#include "lab/fill.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "host/file.h"

size_t config_element_bytes(const struct config_key *key)
{
    switch (key->kind) {
    case CONFIG_NUMBER: return key->bytes;
    case CONFIG_BOOL: return sizeof(bool);
    case CONFIG_TEXT:
    case CONFIG_PORT_NAME:
    case CONFIG_FILE: return sizeof(const char *);
    case CONFIG_CHOICE: return sizeof(int);
    case CONFIG_DURATION: return sizeof(int64_t);
    case CONFIG_SIZE:
    case CONFIG_RATE: return sizeof(uint64_t);
    case CONFIG_PERCENT: return sizeof(uint32_t);
    case CONFIG_IP: return sizeof(struct ip);
    case CONFIG_PREFIX: return sizeof(struct prefix);
    case CONFIG_ENDPOINT: return sizeof(struct endpoint);
    case CONFIG_MAC: return sizeof(struct mac);
    case CONFIG_RANGE: return sizeof(struct config_range);
    case CONFIG_RECORD:
    case CONFIG_MAP: return key->element_bytes;
    }
    return 0;
}

const char *const *config_names(const struct config_key *keys, struct arena *arena)
{
    size_t count = 0;
    while (keys[count].name)
        count++;
    const char **names = arena_take(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    return names;
}

static const char *choices_text(const struct config_key *key, struct arena *arena)
{
    struct text text = {0};
    text_add(&text, "one of ");
    for (size_t i = 0; key->choices[i]; i++)
        text_format(&text, "%s%s", i == 0 ? "" : key->choices[i + 1] ? ", " : " or ", key->choices[i]);
    char *copy = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return copy;
}

static uint64_t number_maximum(const struct config_key *key)
{
    return key->maximum ? key->maximum : key->bytes >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * key->bytes)) - 1;
}

const char *config_expected(const struct config_key *key, struct arena *arena)
{
    char low[32], high[32];
    switch (key->kind) {
    case CONFIG_NUMBER:
        if (key->maximum || key->minimum || key->bytes < 4)
            return arena_format(arena, "a number from %" PRIu64 " to %" PRIu64, key->minimum, number_maximum(key));
        return "a number";
    case CONFIG_BOOL: return "true or false";
    case CONFIG_TEXT: return "text";
    case CONFIG_CHOICE: return choices_text(key, arena);
    case CONFIG_DURATION:
        if (key->maximum)
            return arena_format(arena, "a duration from %s to %s", duration_print((int64_t)key->minimum, low, sizeof low),
                                duration_print((int64_t)key->maximum, high, sizeof high));
        if (key->minimum)
            return arena_format(arena, "a duration of at least %s", duration_print((int64_t)key->minimum, low, sizeof low));
        return "a duration, such as 1.5s or 20ms";
    case CONFIG_SIZE: return "a size, such as 1500, 64k or 2MiB";
    case CONFIG_RATE: return "a rate, such as 100M or 2.5Gbit/s";
    case CONFIG_PERCENT: return "a percentage from 0% to 100%, such as 0.1%";
    case CONFIG_IP: return "an address, such as 192.168.1.1 or 2001:db8::1";
    case CONFIG_PREFIX: return "an address with its prefix length, such as 192.168.1.1/24 or 2001:db8::1/64";
    case CONFIG_ENDPOINT: return "an address with a port, such as 192.168.1.1:80 or [2001:db8::1]:80";
    case CONFIG_MAC: return "a MAC address, such as 02:00:00:00:00:01";
    case CONFIG_RANGE: return "a range of addresses, such as 192.168.1.100-192.168.1.199";
    case CONFIG_PORT_NAME: return "the name of a port of the node";
    case CONFIG_FILE: return "the path of a file, relative to the lab file";
    case CONFIG_RECORD:
    case CONFIG_MAP: return "a mapping";
    }
    return "a value";
}

/* ---- scalars: each returns whether the text is what its kind expects ---- */

static bool parse_bool(const char *text, bool *out)
{
    *out = text_equal_fold(text, "true") || text_equal_fold(text, "yes") || text_equal_fold(text, "on");
    return *out || text_equal_fold(text, "false") || text_equal_fold(text, "no") || text_equal_fold(text, "off");
}

static bool parse_number(const struct config_key *key, const char *text, void *out)
{
    uint64_t number;
    if (number_parse(text, number_maximum(key), &number) || number < key->minimum)
        return false;
    switch (key->bytes) {
    case 1: *(uint8_t *)out = (uint8_t)number; return true;
    case 2: *(uint16_t *)out = (uint16_t)number; return true;
    case 4: *(uint32_t *)out = (uint32_t)number; return true;
    case 8: *(uint64_t *)out = number; return true;
    default: assert(key->bytes == 1 || key->bytes == 2 || key->bytes == 4 || key->bytes == 8); return false;
    }
}

static bool parse_percent(const char *text, uint32_t *out)
{
    static const struct unit UNITS[] = {{"%", 10000}};
    uint64_t ppm = 0;
    if (strcmp(text, "0") != 0 && decimal_parse(text, UNITS, 1, 1000000, &ppm))
        return false;
    *out = (uint32_t)ppm;
    return true;
}

static bool parse_range(const char *text, struct config_range *out)
{
    char first[IP_TEXT_BYTES];
    size_t length = strcspn(text, "- ");
    const char *last = text + length + strspn(text + length, "- ");
    if (length >= sizeof first || !memchr(text + length, '-', (size_t)(last - text) - length))
        return false;
    memcpy(first, text, length);
    first[length] = 0;
    return ip_parse(first, &out->first) == 0 && ip_parse(last, &out->last) == 0 && out->first.family == out->last.family &&
           ip_compare(&out->first, &out->last) <= 0;
}

static bool in_bounds(const struct config_key *key, uint64_t value)
{
    return value >= key->minimum && (!key->maximum || value <= key->maximum);
}

static bool parse_duration(const struct config_key *key, const char *text, int64_t *out)
{
    return duration_parse(text, out) == 0 && in_bounds(key, (uint64_t)*out);
}

static bool parse_choice(const struct config_key *key, const char *text, int *out)
{
    for (int i = 0; key->choices[i]; i++)
        if (strcmp(key->choices[i], text) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static const char *path_of(const struct fill *fill, const char *text)
{
    return *text == '/' ? text : arena_format(fill->arena, "%s%s", fill->folder ? fill->folder : "", text);
}

static bool parse_scalar(const struct fill *fill, const struct config_key *key, const char *text, void *out)
{
    switch (key->kind) {
    case CONFIG_NUMBER: return parse_number(key, text, out);
    case CONFIG_BOOL: return parse_bool(text, out);
    case CONFIG_TEXT:
    case CONFIG_PORT_NAME: *(const char **)out = text; return true;
    case CONFIG_FILE: *(const char **)out = path_of(fill, text); return true;
    case CONFIG_CHOICE: return parse_choice(key, text, out);
    case CONFIG_DURATION: return parse_duration(key, text, out);
    case CONFIG_SIZE: return size_parse(text, out) == 0 && in_bounds(key, *(uint64_t *)out);
    case CONFIG_RATE: return rate_parse(text, out) == 0 && in_bounds(key, *(uint64_t *)out);
    case CONFIG_PERCENT: return parse_percent(text, out);
    case CONFIG_IP: return ip_parse(text, out) == 0;
    case CONFIG_PREFIX: return prefix_parse(text, out) == 0;
    case CONFIG_ENDPOINT: return endpoint_parse(text, (uint16_t)key->minimum, out) == 0;
    case CONFIG_MAC: return mac_parse(text, out) == 0;
    case CONFIG_RANGE: return parse_range(text, out);
    case CONFIG_RECORD:
    case CONFIG_MAP: break;
    }
    return false;
}

static bool names_have(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* " for 'rate'"; nothing for a key that the person need not have written. */
static const char *for_key(const struct fill *fill, const struct config_key *key)
{
    return strcmp(key->name, "value") == 0 ? "" : arena_format(fill->arena, " for '%s'", key->name);
}

bool fill_scalar(const struct fill *fill, const struct config_key *key, const struct yaml *value, void *out)
{
    if (value->kind != YAML_SCALAR || (yaml_is_null(value) && key->kind != CONFIG_TEXT)) {
        fault_add(fill->faults, value->at, "%s%s, expected %s", yaml_kind_name(value), for_key(fill, key),
                  config_expected(key, fill->arena));
        return false;
    }
    unsigned char room[64] = {0}; /* a value that is refused leaves the struct as it was */
    size_t bytes = config_element_bytes(key);
    assert(bytes <= sizeof room);
    if (!parse_scalar(fill, key, value->text, room)) {
        const char *nearest = key->choices ? fault_did_you_mean(fill->faults, value->text, key->choices) : "";
        fault_add(fill->faults, value->at, "'%.80s'%s, expected %s%s", value->text, for_key(fill, key),
                  config_expected(key, fill->arena), nearest);
        return false;
    }
    memcpy(out, room, bytes);
    if (key->kind == CONFIG_PORT_NAME && fill->ports && !names_have(fill->ports, value->text)) {
        fault_add(fill->faults, value->at, "the node has no port '%.80s'%s", value->text,
                  fault_did_you_mean(fill->faults, value->text, fill->ports));
        return false;
    }
    if (key->kind == CONFIG_FILE && !file_readable(*(const char **)out)) {
        fault_add(fill->faults, value->at, "'%.200s' cannot be read, expected a file", *(const char **)out);
        return false;
    }
    return true;
}

/* ---- lists, records, maps ---- */

static const struct config_key *key_find(const struct config_key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

/* A scalar or list that stands for a record fills its key "value" or "enabled", if it has one. */
static const struct yaml *as_mapping(const struct fill *fill, const struct config_key *keys, const struct yaml *value)
{
    if (value->kind == YAML_MAP || yaml_is_null(value))
        return value;
    const struct config_key *main = key_find(keys, "value");
    if (!main && value->kind == YAML_SCALAR)
        main = key_find(keys, "enabled");
    if (!main || (value->kind == YAML_LIST && !main->list))
        return value;
    struct yaml *map = yaml_make_map(fill->arena, value->at, 1);
    map->items[0] = (struct yaml_item){yaml_make_scalar(fill->arena, value->at, main->name), value};
    return map;
}

static bool fill_element(const struct fill *fill, const struct config_key *key, const struct yaml *value, void *out)
{
    if (key->kind == CONFIG_RECORD)
        return fill_record(fill, key->keys, as_mapping(fill, key->keys, value), out,
                           arena_format(fill->arena, "'%s'", key->name));
    return fill_scalar(fill, key, value, out);
}

static bool fill_list(const struct fill *fill, const struct config_key *key, const struct yaml *value, unsigned char *out)
{
    size_t bytes = config_element_bytes(key), count = value->kind == YAML_LIST ? value->count : 1;
    unsigned char *elements = count ? arena_take(fill->arena, count * bytes) : NULL;
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good &= fill_element(fill, key, value->kind == YAML_LIST ? value->items[i].value : value, elements + i * bytes);
    *(void **)(out + key->offset) = elements;
    *(size_t *)(out + key->count_offset) = count;
    return good;
}

static bool fill_map(const struct fill *fill, const struct config_key *key, const struct yaml *value, unsigned char *out)
{
    if (yaml_is_null(value))
        return true;
    if (value->kind != YAML_MAP) {
        fault_add(fill->faults, value->at, "%s for '%s', expected a mapping", yaml_kind_name(value), key->name);
        return false;
    }
    unsigned char *elements = value->count ? arena_take(fill->arena, value->count * key->element_bytes) : NULL;
    bool good = true;
    for (size_t i = 0; i < value->count; i++) {
        unsigned char *element = elements + i * key->element_bytes;
        const struct yaml_item *item = &value->items[i];
        *(const char **)element = item->key->text;
        const struct yaml *entry = as_mapping(fill, key->keys, item->value);
        good &= fill_record(fill, key->keys, entry, element, arena_format(fill->arena, "'%.80s'", item->key->text));
    }
    *(void **)(out + key->offset) = elements;
    *(size_t *)(out + key->count_offset) = value->count;
    return good;
}

static bool fill_key(const struct fill *fill, const struct config_key *key, const struct yaml *value, unsigned char *out)
{
    if (!key->keys && (key->kind == CONFIG_MAP || key->kind == CONFIG_RECORD))
        return true; /* its owner looks into it */
    if (key->kind == CONFIG_MAP)
        return fill_map(fill, key, value, out);
    if (key->list)
        return fill_list(fill, key, value, out);
    return fill_element(fill, key, value, out + key->offset);
}

static void fill_default(const struct fill *fill, const struct config_key *key, unsigned char *out)
{
    if (key->kind == CONFIG_RECORD && !key->list && key->keys) {
        for (const struct config_key *inner = key->keys; inner->name; inner++)
            fill_default(fill, inner, out + key->offset);
        return;
    }
    if (!key->fallback)
        return;
    unsigned char *at = out + key->offset;
    if (key->list) {
        at = arena_take(fill->arena, config_element_bytes(key));
        *(void **)(out + key->offset) = at;
        *(size_t *)(out + key->count_offset) = 1;
    }
    bool good = parse_scalar(fill, key, key->fallback, at);
    assert(good);
    (void)good;
}

bool fill_record(const struct fill *fill, const struct config_key *keys, const struct yaml *value, void *out, const char *what)
{
    bool good = true;
    for (const struct config_key *key = keys; key->name; key++)
        if (!yaml_find(value, key->name))
            fill_default(fill, key, out);
    if (value->kind != YAML_MAP && !yaml_is_null(value)) {
        fault_add(fill->faults, value->at, "%s for %s, expected a mapping", yaml_kind_name(value), what);
        return false;
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct yaml_item *item = &value->items[i];
        const struct config_key *key = key_find(keys, item->key->text);
        if (key) {
            good &= fill_key(fill, key, item->value, out);
            continue;
        }
        const char *nearest = fault_did_you_mean(fill->faults, item->key->text, config_names(keys, fill->arena));
        fault_add(fill->faults, item->key->at, "%s has no key '%.80s'%s", what, item->key->text, nearest);
        good = false;
    }
    for (const struct config_key *key = keys; key->name; key++)
        if (key->required && !yaml_find(value, key->name)) {
            fault_add(fill->faults, value->at, "%s has no '%s', expected %s", what, key->name,
                      config_expected(key, fill->arena));
            good = false;
        }
    return good;
}
