/* `imp TOOL ...`: a tool on this machine, without a lab: `imp dig`, `imp curl http://127.0.0.1:8080/`, `imp ping`.
 *
 * The tool runs as a task of a world made of the kernel's sockets (net_host), driven by an event loop, and talks to this process's own
 * standard input, output and files. Output is written as it comes; if its reader is gone, SIGPIPE ends the process as it ends any filter.
 * Input is waited for in epoll, except where that is impossible and unneeded (a plain file is always ready).
 *
 * Ctrl-C is a call between two events (tool_task.c says what it does). The exit status is the tool's. */
#include "cli/tool_host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/tool_files.h"
#include "cli/tool_task.h"
#include "engine/task.h"
#include "host/files.h"
#include "host/loop.h"
#include "net/net_host.h"

struct tool_host {
    struct tool_task task;
    struct loop *loop;
    struct tool_files files;
    struct loop_source input;
    struct condition input_ready;
    bool input_watched, input_plain;
    int status;
};

static void host_out(void *context, const void *data, size_t length)
{
    (void)context;
    (void)host_write_all(STDOUT_FILENO, data, length);
}

static void host_complain(void *context, const void *data, size_t length)
{
    (void)context;
    (void)host_write_all(STDERR_FILENO, data, length);
}

static void input_came(struct loop_source *source, uint32_t events)
{
    (void)events;
    condition_wake(&container_of(source, struct tool_host, input)->input_ready);
}

static ssize_t host_in(void *context, void *data, size_t capacity, struct instant deadline)
{
    struct tool_host *host = container_of((struct tool_task *)context, struct tool_host, task);
    uint32_t events = EPOLLIN | EPOLLONESHOT;
    host->input.ready = input_came;
    if (!host->input_plain) {
        int error = host->input_watched ? loop_change(host->loop, &host->input, events)
                                        : loop_add(host->loop, &host->input, STDIN_FILENO, events);
        host->input_watched = host->input_watched || !error;
        host->input_plain = error != 0; /* epoll refuses plain files: they never let one wait */
        if (!error && (error = condition_wait(&host->input_ready, deadline)) != 0)
            return error;
    }
    ssize_t got = read(STDIN_FILENO, data, capacity);
    return got >= 0 ? got : host_error(errno);
}

static int host_file_write_part(void *context, const char *path, const void *data, size_t length)
{
    return tool_files_write(&container_of((struct tool_task *)context, struct tool_host, task)->files, path, data, length);
}

static uint8_t *host_file_read_whole(void *context, const char *path, size_t limit, size_t *length, int *error_out)
{
    (void)context;
    return host_file_read(path, limit, length, error_out);
}

static bool host_interrupted(void *context) { return tool_task_interrupted(context); }

static void host_signal(void *context, const struct signalfd_siginfo *info)
{
    struct tool_host *host = context;
    if (info->ssi_signo == SIGINT)
        tool_task_interrupt(&host->task);
    else
        tool_task_cancel(&host->task);
}

static void host_ended(struct tool_task *task, int status)
{
    struct tool_host *host = container_of(task, struct tool_host, task);
    host->status = status;
    loop_stop(host->loop);
}

int tool_host_run(const struct tool *tool, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("imp %s: %s\n\nIt takes its namesake's options, and says so of one that it does not: see `man %s`.\n", argv[0],
               tool->summary, argv[0]);
        return 0;
    }
    if (tool->lab_only) {
        fprintf(stderr, "imp %s: works on the nodes of a lab: imp shell LAB NODE -c '%s ...'\n", argv[0], argv[0]);
        return EXIT_FAULT;
    }
    struct engine *engine = engine_create(0);
    struct tool_host host = {.loop = loop_create(engine), .status = EXIT_FAULT};
    if (!host.loop) {
        fprintf(stderr, "imp %s: no event loop: %s\n", argv[0], strerror(errno));
        engine_destroy(engine);
        return EXIT_FAULT;
    }
    condition_init(&host.input_ready);
    struct net *net = net_host_create(host.loop);
    host.task = (struct tool_task){.tool = tool,
                                   .net = net,
                                   .argc = argc,
                                   .argv = argv,
                                   .ended = host_ended,
                                   .io = {.context = &host.task,
                                          .out = host_out,
                                          .error = host_complain,
                                          .in = host_in,
                                          .file_write = host_file_write_part,
                                          .file_read = host_file_read_whole,
                                          .interrupted = host_interrupted,
                                          .out_is_terminal = isatty(STDOUT_FILENO),
                                          .error_is_terminal = isatty(STDERR_FILENO),
                                          .wall_offset_ns = loop_wall_offset_ns(host.loop)}};
    loop_signals(host.loop, (int[]){SIGINT, SIGTERM, SIGHUP}, 3, host_signal, &host);
    if (tool_task_start(&host.task) == 0)
        (void)loop_run(host.loop, INSTANT_NEVER);
    if (host.input_watched)
        loop_remove(host.loop, &host.input);
    tool_files_close(&host.files);
    net_host_destroy(net);
    loop_destroy(host.loop);
    engine_destroy(engine);
    return host.status;
}
