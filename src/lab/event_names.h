#ifndef IMP_LAB_EVENT_NAMES_H
#define IMP_LAB_EVENT_NAMES_H

/* The name of every typed event in the program, sorted, ended by NULL; made by `make docs`. */
extern const char *const EVENT_NAMES[];

#endif
