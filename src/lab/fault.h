#ifndef IMP_LAB_FAULT_H
#define IMP_LAB_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The faults of a lab file. Loading goes on after a fault, so that a person sees all of them at once. Each is one line:
 * "file:line:column: what is wrong, what was expected". Lines and columns count from 1, columns in characters. */
struct position {
    const char *file; /* as the person named it; lives as long as the list that it is added to */
    uint32_t line, column;
};
struct fault {
    struct position at;
    const char *text;
};
struct fault_list {
    struct fault *faults;
    size_t count, room;
    size_t left_out; /* past LIMIT_LAB_FAULTS: counted only */
    struct arena arena;
};

/* Adds one. The same text at the same place is added once. */
void fault_add(struct fault_list *list, struct position at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* " (did you mean 'x'?)" for the candidate nearest to `word`, or "". `candidates` ends with NULL. Lives as long as the list. */
const char *fault_did_you_mean(struct fault_list *list, const char *word, const char *const *candidates);
/* Orders them by file, line and column. */
void fault_list_sort(struct fault_list *list);
void fault_list_free(struct fault_list *list);

#endif
