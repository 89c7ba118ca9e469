#ifndef IMP_CLI_SHELL_SERVER_H
#define IMP_CLI_SHELL_SERVER_H

#include "host/loop.h"
#include "net/net.h"

/* The server's side of `imp shell`: runs tools as tasks on one node for thin clients that connect to a Unix socket. */
struct shell_server;

/* Listens at `path`. The net is asked for anew for each tool (NULL: the node is off). 0, or an error with errno set. */
int shell_server_create(struct loop *loop, const char *path, struct net *(*net)(void *context), void *context,
                        struct shell_server **out);
/* Cancels what still runs and lets it end, closes everything. */
void shell_server_destroy(struct shell_server *server);

#endif
