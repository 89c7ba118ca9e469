/* Small questions to a loaded lab: finding nodes, ports and wires by name, counting addresses up, and comparing numbers.
 *
 * Nodes are found through a hash map, since a lab may have 100,000 of them; a node's ports and the wires of the few names that a
 * scenario uses are found by walking. Comparisons ("> 3", "<= 2s", "5") are parsed once, at load time, into a bound.
 */
#include "lab/model.h"

#include <inttypes.h>
#include <string.h>

#include "lab/fill.h"

struct lab_node *lab_node_find(const struct lab *lab, const char *name)
{
    return map_get(&lab->node_names, name, strlen(name));
}

struct lab_port *lab_port_find(const struct lab_node *node, const char *name)
{
    if (node->port_names)
        return map_get(node->port_names, name, strlen(name));
    for (size_t i = 0; i < node->port_count; i++)
        if (strcmp(node->ports[i]->name, name) == 0)
            return node->ports[i];
    return NULL;
}

const char *const *lab_port_names(struct lab *lab, const struct lab_node *node)
{
    const char **names = arena_take(&lab->arena, (node->port_count + 1) * sizeof *names);
    for (size_t i = 0; i < node->port_count; i++)
        names[i] = node->ports[i]->name;
    return names;
}

struct lab_wire *lab_wire_find(const struct lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->wire_count; i++)
        if (strcmp(lab->wires[i]->name, name) == 0)
            return lab->wires[i];
    char node_name[64];
    const char *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : strlen(name);
    if (length >= sizeof node_name)
        return NULL;
    memcpy(node_name, name, length);
    node_name[length] = 0;
    const struct lab_node *node = lab_node_find(lab, node_name);
    if (!node)
        return NULL;
    if (dot) {
        const struct lab_port *port = lab_port_find(node, dot + 1);
        return port ? port->wire : NULL;
    }
    struct lab_wire *only = NULL;
    for (size_t i = 0; i < node->port_count; i++)
        if (node->ports[i]->wire) {
            if (only)
                return NULL;
            only = node->ports[i]->wire;
        }
    return only;
}

struct ip lab_address_step(struct ip first, uint32_t index)
{
    unsigned carry = 0;
    for (int i = (int)ip_bits(&first) / 8 - 1; i >= 0; i--, index >>= 8) {
        unsigned sum = first.b[i] + (index & 0xff) + carry;
        first.b[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return carry || index ? (struct ip){0} : first;
}

void wire_settings_apply(const struct yaml *given, const struct wire_settings *from, struct wire_settings *to)
{
    for (const struct config_key *key = WIRE_SETTING_KEYS; key->name; key++)
        if (yaml_find(given, key->name))
            memcpy((char *)to + key->offset, (const char *)from + key->offset, config_element_bytes(key));
}

bool bound_parse(const char *text, int (*parse)(const char *, int64_t *), struct bound *out)
{
    static const struct {
        const char *sign;
        enum comparison how;
    } signs[] = {
        {"<=", COMPARE_LESS_EQUAL}, {">=", COMPARE_MORE_EQUAL}, {"<", COMPARE_LESS}, {">", COMPARE_MORE}, {"=", COMPARE_EQUAL}};
    out->how = COMPARE_EQUAL;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(text, signs[i].sign, strlen(signs[i].sign)) == 0) {
            out->how = signs[i].how;
            text += strlen(signs[i].sign);
            break;
        }
    return parse(text + strspn(text, " "), &out->value) == 0;
}

bool bound_holds(const struct bound *bound, int64_t value)
{
    switch (bound->how) {
    case COMPARE_EQUAL: return value == bound->value;
    case COMPARE_LESS: return value < bound->value;
    case COMPARE_LESS_EQUAL: return value <= bound->value;
    case COMPARE_MORE: return value > bound->value;
    case COMPARE_MORE_EQUAL: return value >= bound->value;
    }
    return false;
}

void bound_print(const struct bound *bound, struct text *out)
{
    static const char *const words[] = {"", "less than ", "at most ", "more than ", "at least "};
    text_format(out, "%s%" PRId64, words[bound->how], bound->value);
}
