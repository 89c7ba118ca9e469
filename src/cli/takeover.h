#ifndef IMP_CLI_TAKEOVER_H
#define IMP_CLI_TAKEOVER_H

#include "base/text.h"
#include "cli/live.h"

/* The kernel takes over a virtual node: one TAP device for each of its network interfaces, with the node's own MAC, MTU, addresses and
 * routes. What the node's services hold open stays theirs (takeover.c says how frames are told apart). */
struct takeover;

/* The resolver's files as the node has them. */
void takeover_resolv_conf(const struct live *live, struct text *out);
void takeover_hosts(const struct live *live, struct text *out);
/* In the network namespace that this process is in. 0, or an error and a sentence for the person, and then nothing is changed. */
int takeover_start(const struct live *live, struct takeover **out, char *error, size_t error_bytes);
void takeover_end(struct takeover *takeover); /* the virtual node has its ports back; NULL is allowed */

#endif
