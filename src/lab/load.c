/* Loading a lab file: from bytes to a checked `struct lab`.
 *
 * The order is: parse the YAML of the file and of what it includes; then, over all files, nodes, wires, addresses, services, the
 * checks that need the whole lab, and last the scenario, which names all of those. Each pass adds its faults and leaves out
 * what it could not understand, so that one run tells everything. To keep one slip from causing ten faults, later passes say
 * nothing about a name whose own definition was faulty.
 *
 * Includes are read depth first, each file once: a file that is included twice, or by itself, is a fault. Paths in a file
 * (`include`, and services' files) are relative to that file, so that a folder of labs can be moved as a whole.
 *
 * Texts and structs live in the lab's arena; the YAML trees too, since expectations and faults point at their places.
 */
#include "lab/loader.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "host/files.h"
#include "lab/limits.h"

struct fill loader_fill(struct loader *l, const struct load_file *file)
{
    return (struct fill){.arena = &l->lab->arena, .faults = l->faults, .folder = file ? file->folder : ""};
}

bool loader_name_good(const char *name, size_t limit_bytes)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return length > 0 && length <= limit_bytes && !name[length] && *name != '-';
}

struct lab_node *loader_node(struct loader *l, const char *name, struct position at)
{
    struct lab_node *node = lab_node_find(l->lab, name);
    if (node)
        return node;
    if (!l->node_names) {
        l->node_names = arena_take(&l->lab->arena, (l->lab->node_count + 1) * sizeof *l->node_names);
        for (size_t i = 0; i < l->lab->node_count; i++)
            l->node_names[i] = l->lab->nodes[i]->name;
    }
    fault_add(l->faults, at, "there is no node '%.80s'%s", name, fault_did_you_mean(l->faults, name, l->node_names));
    return NULL;
}

static const char *folder_of(struct loader *l, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_copy_bytes(&l->lab->arena, path, (size_t)(slash + 1 - path)) : "";
}

static void load_file(struct loader *l, const char *path, const void *data, size_t length, unsigned depth);

/* What host_file_read() found, said of a file. */
static const char *read_error_text(int error)
{
    return error == IMP_INVALID ? "it is a folder" : error == IMP_TOO_BIG ? "it is larger than 16 MiB" : imp_error_text(error);
}

static void load_include(struct loader *l, const struct load_file *file, const char *name, struct position at, unsigned depth)
{
    const char *path = *name == '/' ? name : arena_format(&l->lab->arena, "%s%s", file->folder, name);
    for (size_t i = 0; i < l->file_count; i++)
        if (strcmp(l->files[i]->path, path) == 0) {
            fault_add(l->faults, at, "'%.200s' is included already, expected each file once", name);
            return;
        }
    if (l->file_count == LIMIT_LAB_FILES || depth == LIMIT_LAB_INCLUDE_DEPTH) {
        fault_add(l->faults, at, "too many files, or included too deep");
        return;
    }
    size_t length;
    int error;
    uint8_t *data = host_file_read(path, LIMIT_LAB_FILE_BYTES, &length, &error);
    if (!data) {
        fault_add(l->faults, at, "'%.200s' cannot be read: %s", path, read_error_text(error));
        return;
    }
    load_file(l, path, data, length, depth + 1);
    memory_free(data);
}

static void load_file(struct loader *l, const char *path, const void *data, size_t length, unsigned depth)
{
    struct load_file *file = arena_take(&l->lab->arena, sizeof *file);
    file->path = arena_copy_text(&l->lab->arena, path);
    file->folder = folder_of(l, path);
    l->files[l->file_count++] = file;
    file->root = yaml_parse(file->path, data, length, &l->lab->arena, l->faults);
    if (!file->root) {
        file->root = yaml_make_map(&l->lab->arena, (struct position){file->path, 1, 1}, 0);
        return;
    }
    struct fill fill = loader_fill(l, file);
    fill_record(&fill, LAB_KEYS, file->root, &file->config, "the lab");
    file->defaults_yaml = yaml_find(file->root, "defaults");
    if (depth == 0 && !yaml_find(file->root, "nodes"))
        if (file->root->kind == YAML_MAP && !file->config.include_count)
            fault_add(l->faults, file->root->at, "the lab has no 'nodes', expected a mapping of nodes by name");
    for (size_t i = 0; i < file->config.include_count; i++)
        if (file->config.includes[i]) /* NULL where the file has no text: a fault already told */
            load_include(l, file, file->config.includes[i], yaml_position(file->root, "include", i), depth);
}

int lab_load_bytes(const char *path, const void *data, size_t length, struct fault_list *faults, struct lab **out)
{
    struct lab *lab = memory_take_zeroed(1, sizeof *lab);
    struct loader *l = memory_take_zeroed(1, sizeof *l);
    l->lab = lab;
    l->faults = faults;
    lab->path = arena_copy_text(&lab->arena, path);
    load_file(l, path, data, length, 0);
    lab->config = l->files[0]->config;
    for (size_t i = 0; i < l->file_count; i++)
        load_nodes(l, l->files[i]);
    for (size_t i = 0; i < l->file_count; i++)
        load_wires(l, l->files[i]);
    load_wires_finish(l);
    load_addresses(l);
    load_services(l);
    load_checks(l);
    load_scenario(l, l->files[0]);
    map_free(&l->wire_names);
    map_free(&l->dhcp_clients);
    memory_free(l);
    *out = NULL;
    if (faults->count) {
        fault_list_sort(faults);
        lab_free(lab);
        return IMP_MALFORMED;
    }
    *out = lab;
    return 0;
}

int lab_load(const char *path, struct fault_list *faults, struct lab **out)
{
    size_t length;
    int error;
    uint8_t *data = host_file_read(path, LIMIT_LAB_FILE_BYTES, &length, &error);
    *out = NULL;
    if (!data) {
        fault_add(faults, (struct position){path, 1, 1}, "the file cannot be read: %s", read_error_text(error));
        return IMP_MALFORMED;
    }
    int result = lab_load_bytes(path, data, length, faults, out);
    memory_free(data);
    return result;
}

void lab_free(struct lab *lab)
{
    if (!lab)
        return;
    for (size_t i = 0; i < lab->node_count; i++) {
        struct lab_node *node = lab->nodes[i];
        if (node->port_names)
            map_free(node->port_names);
        memory_free(node->port_names);
        memory_free(node->ports);
    }
    map_free(&lab->node_names);
    memory_free(lab->groups);
    memory_free(lab->nodes);
    memory_free(lab->wires);
    arena_free(&lab->arena);
    memory_free(lab);
}

const char *lab_name(const struct lab *lab)
{
    if (lab->config.name)
        return lab->config.name;
    const char *slash = strrchr(lab->path, '/');
    return slash ? slash + 1 : lab->path;
}

const char *lab_about(const struct lab *lab) { return lab->config.about ? lab->config.about : ""; }
