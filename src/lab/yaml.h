#ifndef IMP_LAB_YAML_H
#define IMP_LAB_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "lab/fault.h"

/* A YAML document as a tree of values, each with its place in the file. A lab's loader sees only this, never libfyaml. Values that
 * came through an alias are shared: the tree is read-only. Everything lives in the arena given to yaml_parse(). */
enum yaml_kind {
    YAML_SCALAR,
    YAML_LIST,
    YAML_MAP,
};
struct yaml;
struct yaml_item {
    const struct yaml *key; /* in a map: a scalar. In a list: NULL */
    const struct yaml *value;
};
struct yaml {
    enum yaml_kind kind;
    bool quoted;     /* a scalar written in quotes or as a block: never null, never a number */
    uint32_t weight; /* values below and itself, aliases expanded */
    struct position at;
    const char *text; /* scalar: NUL-terminated UTF-8 without NULs inside. "" for null */
    struct yaml_item *items;
    size_t count;
};

/* The value of a document of `length` bytes, or NULL after adding at least one fault. An empty document is an empty map. `file`
 * is borrowed for the tree's life. Duplicate keys of a map are faults; the first one stays. */
const struct yaml *yaml_parse(const char *file, const void *data, size_t length, struct arena *arena,
                              struct fault_list *faults);

const struct yaml *yaml_find(const struct yaml *map, const char *key);           /* NULL: absent, or not a map */
const struct yaml_item *yaml_find_item(const struct yaml *map, const char *key); /* likewise */
bool yaml_is_null(const struct yaml *value);                                     /* an empty or "null" or "~" plain scalar */
const char *yaml_kind_name(const struct yaml *value); /* "a mapping", "a list", "nothing", "a value" */
/* Where the value of `key` stands, or item `index` of it if it is a list; the map's own place when there is no such key. */
struct position yaml_position(const struct yaml *map, const char *key, size_t index);

/* Making values, for what a shorthand stands for. */
struct yaml *yaml_make_scalar(struct arena *arena, struct position at, const char *text);
struct yaml *yaml_make_map(struct arena *arena, struct position at, size_t count); /* the caller fills `items` */

#endif
