/* The wires of a lab file: which port is joined with which, and how well.
 *
 *   wires:
 *     - laptop - sw                               each end takes a port that is free
 *     - home.wan - isp.customer1: { profile: dsl, loss: 0.1% }
 *     - h[1-100] - sw                             a hundred wires
 *     - h[1-50] - s[1-5]                          ten hosts to each switch: h1 ... h10 to s1, and so on
 *
 * An end is a node or node.port, and may be a range. Two ends of the same length are paired in order; otherwise the longer one
 * is dealt in even, consecutive blocks over the shorter. An end that names no port takes the node's next listed port that
 * no wire names; a node that lists no ports grows them: eth0, eth1 ... or, on a switch or hub, p1, p2 ... For that, all wires are read
 * first and claim the ports that they name; then the others get theirs, in the order of the file.
 *
 * Settings start from the file's `defaults`, which start from their profile; a wire that names a profile of its own starts from that.
 */
#include "lab/loader.h"

#include <string.h>

#include "base/memory.h"
#include "lab/pattern.h"

struct wire_text { /* one entry of `wires` */
    const char *ends;
    struct position at;
    const struct yaml *settings; /* NULL: none */
};

/* ---- settings ---- */

static const struct wire_profile *profile_of(struct loader *l, const struct yaml *given)
{
    const struct yaml *name = yaml_find(given, "profile");
    if (!name || name->kind != YAML_SCALAR)
        return NULL;
    const struct wire_profile *profile = wire_profile_find(name->text);
    if (profile)
        return profile;
    size_t count;
    const struct wire_profile *all = wire_profiles(&count);
    const char **names = arena_take(&l->lab->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = all[i].name;
    fault_add(l->faults, name->at, "there is no wire profile '%.80s'%s", name->text,
              fault_did_you_mean(l->faults, name->text, names));
    return NULL;
}

/* WIRE_KEYS and WIRE_SETTING_KEYS in one table: what may stand in a wire's mapping. */
static const struct config_key *wire_keys(struct loader *l)
{
    size_t settings = 0, own = 0;
    while (WIRE_SETTING_KEYS[settings].name)
        settings++;
    while (WIRE_KEYS[own].name)
        own++;
    struct config_key *keys = arena_take(&l->lab->arena, (settings + own + 1) * sizeof *keys);
    memcpy(keys, WIRE_KEYS, own * sizeof *keys);
    memcpy(keys + own, WIRE_SETTING_KEYS, settings * sizeof *keys);
    for (size_t i = own; i < own + settings; i++)
        keys[i].offset += offsetof(struct wire_config, settings);
    return keys;
}

static void settings_over(struct loader *l, const struct load_file *file, const struct yaml *given, struct wire_config *config,
                          struct wire_settings *ab, struct wire_settings *ba)
{
    if (!given)
        return;
    struct fill fill = loader_fill(l, file);
    fill_record(&fill, wire_keys(l), given, config, "the wire");
    wire_settings_apply(given, &config->settings, ab);
    wire_settings_apply(given, &config->settings, ba);
    const struct yaml *one_way[2] = {yaml_find(given, "up"), yaml_find(given, "down")};
    for (int i = 0; i < 2; i++)
        if (one_way[i])
            fill_record(&fill, WIRE_SETTING_KEYS, one_way[i], i == 0 ? ab : ba, i == 0 ? "'up'" : "'down'");
}

static unsigned disciplines_of(const struct wire_settings *settings, size_t count)
{
    unsigned disciplines = 0;
    for (size_t i = 0; i < count; i++)
        disciplines |= 1u << settings[i].discipline;
    return disciplines;
}

unsigned loader_disciplines(const struct lab_wire *wire) { return disciplines_of(wire->settings, 2); }

void loader_discipline_check(struct loader *l, const struct yaml *given, unsigned disciplines)
{
    static const struct {
        const char *key;
        int discipline;
    } of[] = {{"target", DISCIPLINE_CODEL},       {"interval", DISCIPLINE_CODEL},     {"ecn", DISCIPLINE_CODEL},
              {"mark-delay", DISCIPLINE_CODEL},   {"device-queue", DISCIPLINE_CODEL}, {"device-hold", DISCIPLINE_CODEL},
              {"mark-threshold", DISCIPLINE_STEP}};
    for (size_t i = 0; i < count_of(of); i++) {
        const struct yaml_item *item = given && given->kind == YAML_MAP ? yaml_find_item(given, of[i].key) : NULL;
        if (item && !(disciplines & 1u << of[i].discipline))
            fault_add(l->faults, item->key->at, "'%s' without 'queue-discipline: %s', which alone heeds it", of[i].key,
                      QUEUE_DISCIPLINES[of[i].discipline]);
    }
}

static void wire_settings_load(struct loader *l, const struct load_file *file, const struct yaml *given, const char **name,
                               struct wire_settings settings[2])
{
    struct wire_config config = {0};
    const struct wire_profile *own = given ? profile_of(l, given) : NULL;
    const struct wire_profile *start = own;
    if (!start && file->defaults_yaml)
        start = profile_of(l, file->defaults_yaml);
    if (!start)
        start = wire_profile_find(WIRE_KEYS[1].fallback);
    settings[0] = start->up;
    settings[1] = start->down;
    if (!own)
        settings_over(l, file, file->defaults_yaml, &config, &settings[0], &settings[1]);
    config.name = NULL;
    settings_over(l, file, given, &config, &settings[0], &settings[1]);
    loader_discipline_check(l, given, disciplines_of(settings, 2));
    if (given) {
        loader_discipline_check(l, yaml_find(given, "up"), disciplines_of(&settings[0], 1));
        loader_discipline_check(l, yaml_find(given, "down"), disciplines_of(&settings[1], 1));
    }
    *name = given && yaml_find(given, "name") ? config.name : NULL;
}

/* ---- ends ---- */

static void port_claim(struct loader *l, struct lab_wire *wire, unsigned side, struct lab_port *port)
{
    if (port->wire) {
        fault_add(l->faults, wire->at, "the port %s.%s has two wires: the other is in line %u of %s", port->node->name,
                  port->name, port->wire->at.line, port->wire->at.file);
        return;
    }
    port->wire = wire;
    port->side = (uint8_t)side;
    wire->ends[side] = port;
}

/* "node" or "node.port": finds or makes the port, if one is named. False after a fault. */
static bool end_resolve(struct loader *l, struct lab_wire *wire, unsigned side, char *name)
{
    char *dot = strchr(name, '.');
    if (dot)
        *dot++ = 0;
    struct lab_node *node = loader_node(l, name, wire->at);
    wire->nodes[side] = node;
    if (!node || !dot)
        return node != NULL;
    struct lab_port *port = lab_port_find(node, dot);
    const struct lab_group *group = node->group;
    bool may_grow = group->config.port_count == 0 || group->config.kind == NODE_SWITCH || group->config.kind == NODE_HUB;
    if (!port && !may_grow) {
        fault_add(l->faults, wire->at, "%s has no port '%.80s'%s", node->name, dot,
                  fault_did_you_mean(l->faults, dot, lab_port_names(l->lab, node)));
        return false;
    }
    if (!port && !loader_name_good(dot, LIMIT_LAB_PORT_NAME_BYTES)) {
        fault_add(l->faults, wire->at, "'%.80s' as the name of a port, expected at most %d letters, digits, '-' or '_'", dot,
                  LIMIT_LAB_PORT_NAME_BYTES);
        return false;
    }
    if (!port)
        port = loader_port_add(l, node, dot, group->config.port_count ? NULL : &group->plans[0]);
    port_claim(l, wire, side, port);
    return wire->ends[side] != NULL;
}

static const char *name_numbered(struct loader *l, const char *name, size_t index, size_t count)
{
    return count == 1 ? name : arena_format(&l->lab->arena, "%s-%zu", name, index + 1);
}

static void wire_name_claim(struct loader *l, struct lab_wire *wire)
{
    const struct lab_wire *before = map_put(&l->wire_names, wire->name, strlen(wire->name), wire);
    if (before)
        fault_add(l->faults, wire->at, "there is a wire '%s' already, in line %u", wire->name, before->at.line);
}

static void wires_add(struct loader *l, struct load_file *file, const struct wire_text *text, const struct pattern ends[2])
{
    struct lab *lab = l->lab;
    struct wire_settings *settings = arena_take(&lab->arena, 2 * sizeof *settings);
    const char *name;
    wire_settings_load(l, file, text->settings, &name, settings);
    size_t count = ends[0].count > ends[1].count ? ends[0].count : ends[1].count;
    if (lab->wire_count + count > LIMIT_LAB_WIRES) {
        fault_add(l->faults, text->at, "more than %d wires with this one", LIMIT_LAB_WIRES);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct lab_wire *wire = arena_take(&lab->arena, sizeof *wire);
        *wire = (struct lab_wire){.settings = settings, .at = text->at};
        bool good = true;
        for (unsigned side = 0; side < 2; side++) /* even, consecutive blocks of the longer end to each of the shorter */
            good &= end_resolve(l, wire, side, pattern_name(&ends[side], i * ends[side].count / count, &lab->arena));
        if (!good)
            continue;
        if (name) {
            wire->name = name_numbered(l, name, i, count);
            wire_name_claim(l, wire);
        }
        if (lab->wire_count == lab->wire_room) {
            lab->wire_room = lab->wire_room ? 2 * lab->wire_room : 16;
            lab->wires = memory_grow(lab->wires, lab->wire_room, sizeof *lab->wires);
        }
        lab->wires[lab->wire_count++] = wire;
    }
}

static void wire_load(struct loader *l, struct load_file *file, const struct wire_text *text)
{
    const char *dash = strstr(text->ends, " - ");
    if (!dash || strstr(dash + 3, " - ")) {
        fault_add(l->faults, text->at, "'%.80s' as a wire, expected two ends such as laptop - sw or a.eth0 - b.eth1",
                  text->ends);
        return;
    }
    struct pattern ends[2];
    for (int side = 0; side < 2; side++) {
        const char *start = side == 0 ? text->ends : dash + 3, *end = side == 0 ? dash : dash + strlen(dash);
        while (start < end && *start == ' ')
            start++;
        while (start < end && end[-1] == ' ')
            end--;
        const char *error;
        if (pattern_parse(arena_copy_bytes(&l->lab->arena, start, (size_t)(end - start)), &ends[side], &error)) {
            fault_add(l->faults, text->at, "'%.*s' as the end of a wire: %s", (int)(end - start < 80 ? end - start : 80), start,
                      error);
            return;
        }
    }
    wires_add(l, file, text, ends);
}

void load_wires(struct loader *l, struct load_file *file)
{
    struct wire_settings unused[2];
    const char *name;
    size_t before = l->lab->wire_count;
    if (file->defaults_yaml) /* its faults, also when no wire uses them */
        wire_settings_load(l, file, NULL, &name, unused);
    const struct yaml *wires = yaml_find(file->root, "wires");
    if (!wires || yaml_is_null(wires))
        return;
    if (wires->kind != YAML_LIST) {
        fault_add(l->faults, wires->at, "%s for 'wires', expected a list: a '- ' before each wire", yaml_kind_name(wires));
        return;
    }
    for (size_t i = 0; i < wires->count; i++) {
        const struct yaml *entry = wires->items[i].value;
        struct wire_text text = {.ends = entry->text, .at = entry->at};
        if (entry->kind == YAML_MAP && entry->count == 1) {
            text = (struct wire_text){entry->items[0].key->text, entry->items[0].key->at, entry->items[0].value};
            if (yaml_is_null(text.settings))
                text.settings = NULL;
        } else if (entry->kind != YAML_SCALAR) {
            fault_add(l->faults, entry->at, "%s as a wire, expected a - b, or a - b: { settings }", yaml_kind_name(entry));
            continue;
        }
        wire_load(l, file, &text);
    }
    unsigned disciplines = 0;
    for (size_t i = before; i < l->lab->wire_count; i++)
        disciplines |= loader_disciplines(l->lab->wires[i]);
    if (disciplines)
        loader_discipline_check(l, file->defaults_yaml, disciplines); /* what no wire of the file heeds */
}

/* A port for an end that named none: the next listed one that is free, or a new one. */
static struct lab_port *port_pick(struct loader *l, struct lab_node *node, const struct lab_wire *wire)
{
    const struct lab_group *group = node->group;
    bool is_switch = group->config.kind == NODE_SWITCH || group->config.kind == NODE_HUB;
    for (; node->next_listed < group->config.port_count; node->next_listed++)
        if (!node->ports[node->next_listed]->wire)
            return node->ports[node->next_listed];
    if (group->config.port_count && !is_switch) {
        fault_add(l->faults, wire->at, "%s has no free port, expected a port listed for each of its wires", node->name);
        return NULL;
    }
    if (node->port_count >= LIMIT_LAB_PORTS_PER_NODE) {
        fault_add(l->faults, wire->at, "%s has more than %d ports with this wire", node->name, LIMIT_LAB_PORTS_PER_NODE);
        return NULL;
    }
    const char *name;
    do {
        uint32_t number = node->next_number++;
        name = is_switch ? arena_format(&l->lab->arena, "p%u", number + 1) : arena_format(&l->lab->arena, "eth%u", number);
    } while (lab_port_find(node, name));
    return loader_port_add(l, node, name, is_switch ? NULL : &group->plans[0]);
}

void load_wires_finish(struct loader *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->lab->wire_count; i++) {
        struct lab_wire *wire = l->lab->wires[i];
        for (unsigned side = 0; side < 2; side++) {
            struct lab_port *port = wire->ends[side] ? NULL : port_pick(l, wire->nodes[side], wire);
            if (port)
                port_claim(l, wire, side, port);
        }
        if (!wire->ends[0] || !wire->ends[1])
            continue;
        if (!wire->name) {
            wire->name = arena_format(&l->lab->arena, "%s.%s - %s.%s", wire->nodes[0]->name, wire->ends[0]->name,
                                      wire->nodes[1]->name, wire->ends[1]->name);
            wire_name_claim(l, wire);
        }
        l->lab->wires[kept++] = wire;
    }
    l->lab->wire_count = kept;
}
