#ifndef IMP_INTERNET_POPTRIE_H
#define IMP_INTERNET_POPTRIE_H

#include <stdint.h>

#include "internet/fib.h"

/* A forwarding table compiled for speed (Asai and Ohara, "Poptrie", SIGCOMM 2015): gives the index of the best next hop, 0 for none.
 * It is made from the fib's trie piece by piece, when an address of the piece is first looked up after a change. */
struct poptrie;

struct poptrie *poptrie_create(const struct fib *fib); /* the fib is borrowed, and outlives it */
void poptrie_free(struct poptrie *poptrie);            /* NULL is allowed */
uint32_t poptrie_lookup(struct poptrie *poptrie, struct fib_key key);
void poptrie_forget(struct poptrie *poptrie, struct fib_key key, unsigned length); /* that prefix's routes have changed */
size_t poptrie_bytes(const struct poptrie *poptrie);                               /* memory compiled so far */

#endif
