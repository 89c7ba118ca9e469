#ifndef IMP_CLI_SHELL_CLIENT_H
#define IMP_CLI_SHELL_CLIENT_H

#include <stdbool.h>

/* True when this process was called under a tool's name inside an `imp shell`: then *status is the exit status that main() returns. */
bool shell_client_run(int argc, char **argv, int *status);

#endif
