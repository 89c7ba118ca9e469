#ifndef IMP_TOOLS_TCPDUMP_FILTER_H
#define IMP_TOOLS_TCPDUMP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "net/net.h"

/* tcpdump's filter expressions, compiled by libpcap for Ethernet frames. Names of hosts are resolved through `net` and names of ports by
 * port_name.h before libpcap sees the expression, so that it never asks this machine's resolver. Inside a task. */
enum {
    LIMIT_FILTER_BYTES = 512
}; /* of an expression, once its names are replaced: what a task's stack can compile (see the .c) */
struct filter;
/* NULL and a sentence in `error` when it cannot be compiled. An empty expression gives a filter that takes every frame. */
struct filter *filter_create(struct net *net, const char *expression, bool optimize, struct instant deadline,
                             struct text *error);
void filter_destroy(struct filter *filter);
bool filter_takes(const struct filter *filter, const uint8_t *frame, size_t captured_bytes, size_t length_bytes);
/* The program in words, as tcpdump -d prints it. */
void filter_print(const struct filter *filter, struct text *out);

/* Replaces the names in an expression: 0, or an error with a sentence. `resolve` gives up to `max` addresses of a name, or a negative error. */
struct filter_names {
    int (*resolve)(void *context, const char *name, uint8_t family, struct ip *out, size_t max);
    void *context;
};
int filter_replace_names(const char *expression, const struct filter_names *names, struct text *out, struct text *error);

#endif
