#ifndef IMP_BASE_LIST_H
#define IMP_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/* A circular doubly-linked list of intrusive links. A list is a link whose neighbours are itself when empty. A link that is in
 * no list is {NULL, NULL}; list_remove() leaves it so, and removing it again does nothing. */
struct list {
    struct list *next, *previous;
};

static inline void list_init(struct list *list) { list->next = list->previous = list; }
static inline bool list_empty(const struct list *list) { return list->next == list; }
static inline bool list_linked(const struct list *link) { return link->next != NULL; }
static inline void list_insert_between(struct list *link, struct list *previous, struct list *next)
{
    link->previous = previous;
    link->next = next;
    previous->next = link;
    next->previous = link;
}
static inline void list_push_back(struct list *list, struct list *link) { list_insert_between(link, list->previous, list); }
static inline void list_push_front(struct list *list, struct list *link) { list_insert_between(link, list, list->next); }
static inline void list_remove(struct list *link)
{
    if (!link->next)
        return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = link->previous = NULL;
}
static inline struct list *list_pop_front(struct list *list)
{
    struct list *first = list->next;
    if (first == list)
        return NULL;
    list_remove(first);
    return first;
}

#define list_entry(link, type, member) container_of(link, type, member)
/* `link` may be removed inside the loop, its successor may not. */
#define list_each(member_, list_)                                                                                              \
    for (struct list *member_ = (list_)->next, *member_##_next = member_->next; member_ != (list_);                            \
         member_ = member_##_next, member_##_next = member_->next)

#endif
