#ifndef IMP_TOOLS_TOOL_H
#define IMP_TOOLS_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

/* A tool (ping, dig, curl, ip ...) is one exported table. It speaks its namesake's options, output and exit status, and runs as a
 * task: on a lab node, in a scenario's `run` or through `imp shell`, or on this machine (`imp dig ...`). It touches the world only
 * through `net` and `struct tool_io`, never stdio, files or the clock. Messages for the person go to the error output in its namesake's manner. */
struct tool_io {
    void *context;
    void (*out)(void *context, const void *data, size_t length);   /* standard output */
    void (*error)(void *context, const void *data, size_t length); /* standard error */
    /* Standard input: bytes read, 0 at its end, or an error. May wait. */
    ssize_t (*in)(void *context, void *data, size_t capacity, struct instant deadline);
    /* A whole file as the person sees it (relative to where they stand), such as curl -o or tcpdump -w write. 0 or an error. Data may come in
     * several calls; the first truncates. NULL data ends it. */
    int (*file_write)(void *context, const char *path, const void *data, size_t length);
    /* The whole of a file, at most `limit` bytes, to be ended with memory_free(); NULL and *error_out otherwise. */
    uint8_t *(*file_read)(void *context, const char *path, size_t limit, size_t *length, int *error_out);
    bool (*interrupted)(void *context); /* the person pressed Ctrl-C: finish, print the summary, exit */
    bool out_is_terminal;
    bool error_is_terminal;
    bool virtual_time;      /* in a lab that runs in virtual time: no real device is near */
    int64_t wall_offset_ns; /* Unix time of instant 0, for what prints dates */
};
struct tool_run {
    struct net *net;
    const struct tool_io *io;
    int argc;
    char **argv; /* argv[0] is the tool's name as called; argv[argc] is NULL */
};
struct tool {
    const char *name;
    const char *summary;
    int (*run)(struct tool_run *run); /* inside a task; returns the exit status, 0..255 */
    const char *const *aliases;       /* further names, ends with NULL; or NULL */
    bool lab_only;                    /* needs a capability that this machine's door does not offer */
};
extern const struct tool *const TOOLS[]; /* ends with NULL; src/tools/tools.c, one line a tool */
const struct tool *tool_find(const char *name);

void tool_print(struct tool_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tool_complain(struct tool_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
