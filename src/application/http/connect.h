#ifndef IMP_APPLICATION_HTTP_CONNECT_H
#define IMP_APPLICATION_HTTP_CONNECT_H

#include "application/limits.h"
#include "net/net.h"

/* Connecting to a host that has several addresses (RFC 8305, in a lean form): inside a task. Tries the addresses in their order,
 * the families by turns, each 250 ms after the one before or as soon as that has failed; the first connection wins, the others are
 * given up. `told` (may be NULL) hears of each attempt: error 1 when it begins, else how it failed.
 * 0 with *out and *chosen; or the last failure; IMP_TIMEOUT at the deadline; IMP_CANCELLED. */
struct connect_hooks {
    void (*told)(void *context, const struct endpoint *remote, int error);
    void *context;
    bool fast_open; /* TCP Fast Open, when there is but one address */
};
int http_connect(struct net *net, const struct ip *addresses, size_t count, uint16_t port, struct instant deadline,
                 const struct connect_hooks *hooks, struct stream *out, struct endpoint *chosen);

#endif
