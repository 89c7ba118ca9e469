/* The list of a lab file's faults.
 *
 * A loader that stops at the first fault makes a person run it ten times; this one notes each fault where it stands and goes on
 * with what it understood. That has two consequences which live here. First, one cause may be met several times (a bad address
 * in the value shared by an alias), so the same text at the same place is kept once. Second, faults are found in the order of
 * the loader's passes, so they are sorted by place before a person sees them.
 *
 * Texts live in the list's arena. Only LIMIT_LAB_FAULTS are kept, the others are counted: a binary file given by mistake must
 * not print a megabyte.
 */
#include "lab/fault.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "lab/limits.h"

static int position_compare(const struct position *a, const struct position *b)
{
    int order = strcmp(a->file, b->file);
    if (order)
        return order;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

void fault_add(struct fault_list *list, struct position at, const char *format, ...)
{
    va_list arguments;
    struct text text = {0};
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < list->count; i++)
        if (position_compare(&list->faults[i].at, &at) == 0 && strcmp(list->faults[i].text, text_string(&text)) == 0)
            goto out;
    if (list->count == LIMIT_LAB_FAULTS) {
        list->left_out++;
        goto out;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->faults = memory_grow(list->faults, list->room, sizeof *list->faults);
    }
    at.file = arena_copy_text(&list->arena, at.file);
    list->faults[list->count++] = (struct fault){at, arena_copy_text(&list->arena, text_string(&text))};
out:
    text_free(&text);
}

const char *fault_did_you_mean(struct fault_list *list, const char *word, const char *const *candidates)
{
    const char *nearest = text_nearest(word, candidates);
    return nearest ? arena_format(&list->arena, " (did you mean '%s'?)", nearest) : "";
}

static int fault_compare(const void *a, const void *b)
{
    const struct fault *x = a, *y = b;
    int order = position_compare(&x->at, &y->at);
    return order ? order : strcmp(x->text, y->text);
}

void fault_list_sort(struct fault_list *list)
{
    if (list->count)
        qsort(list->faults, list->count, sizeof *list->faults, fault_compare);
}

void fault_list_free(struct fault_list *list)
{
    memory_free(list->faults);
    arena_free(&list->arena);
    *list = (struct fault_list){0};
}
