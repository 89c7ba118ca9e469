#ifndef IMP_CLI_BESIDE_H
#define IMP_CLI_BESIDE_H

#include "cli/live.h"

/* Tools that run on other nodes of the lab while `imp exec` runs a real program on one: "client$ iperf3 -c server". */
struct beside;

/* "NODE$ COMMAND", to be started a second after the loop runs, when the program has had time to begin. The text is borrowed. NULL after a
 * sentence on standard error. */
struct beside *beside_create(struct live *live, const char *what);
/* Lets it finish, for two seconds at most, prints what it said on standard error, and ends it. */
void beside_end(struct beside *beside);

#endif
