/* `imp exec LAB NODE -- COMMAND...`: a real program whose only network is the lab.
 *
 * The lab is brought up in virtual time until it has settled, so that the node has its lease and its routes at once. Then this process
 * moves into namespaces of its own (host/namespace.c), the kernel takes over the node (takeover.c), and the command starts there, while the
 * loop runs the lab by the wall clock. When the command ends, everything does, with its exit status.
 *
 * The order matters for what a failure leaves behind: the lab file is read before anything else; namespaces, devices and mounts are
 * anonymous and end with the processes in them, by whatever end they come. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/beside.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/takeover.h"
#include "host/namespace.h"
#include "internet/config.h"

static int exec_run(int argc, char **argv);

extern const struct command COMMAND_EXEC;
const struct command COMMAND_EXEC = {
    .name = "exec",
    .arguments = "LAB NODE [--with 'NODE$ COMMAND'] -- COMMAND [ARGUMENT...]",
    .summary = "runs a real program on a node: its only network is the lab",
    .details = "The lab settles in virtual time, then runs by the wall clock while the command runs. The\n"
               "command sees the node's interfaces, addresses, routes, resolver and host name. Ports that\n"
               "services of the node have open stay theirs. Needs Linux namespaces and TAP devices; an\n"
               "ordinary user is root inside, and has no more rights outside than before.\n\n"
               "  --with 'NODE$ COMMAND'  one of imp's tools on another node, a second after the command began;\n"
               "                          what it says follows on standard error when the command has ended\n\n"
               "exit status: the command's; 128 + n when signal n ended it; 126 or 127 when it cannot be run\n"
               "or is not found; 2 for a fault in the lab file, or when the namespaces cannot be made\n",
    .run = exec_run,
    .group = "real programs",
};

static int run_in_lab(struct live *live, struct beside *beside, char **command)
{
    char error[256] = "";
    struct text resolv_conf = {0}, hosts = {0};
    struct takeover *takeover = NULL;
    int status = EXIT_FAULT;
    sigset_t mask;
    pid_t process;
    takeover_resolv_conf(live, &resolv_conf);
    takeover_hosts(live, &hosts);
    live_hold_signals(&mask);
    struct namespace_settings settings = {.host_name = live->node_name,
                                          .resolv_conf = text_string(&resolv_conf),
                                          .hosts = text_string(&hosts),
                                          .forwarding = stack_forwarding(world_stack(live->world, live->node_name))};
    if (namespace_enter(&settings, error, sizeof(error)) == 0 && takeover_start(live, &takeover, error, sizeof(error)) == 0 &&
        namespace_spawn(command, &mask, &process, error, sizeof(error)) == 0)
        status = namespace_exit_status(live_run_child(live, process));
    else
        fprintf(stderr, "imp exec: %s\n", error);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (beside)
        beside_end(beside);
    takeover_end(takeover);
    text_free(&resolv_conf);
    text_free(&hosts);
    return status;
}

static int exec_run(int argc, char **argv)
{
    struct live live;
    struct beside *beside = NULL;
    char *words[3] = {NULL}, *with = NULL;
    int count = 0, at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strcmp(argv[at], "--with") == 0 && !with && at + 1 < argc) {
            with = argv[++at];
            continue;
        }
        if (argv[at][0] == '-')
            return command_usage_error(&COMMAND_EXEC, "there is no option %s", argv[at]);
        if (count == 2)
            return command_usage_error(&COMMAND_EXEC, "a '--' is missing before the command '%s'", argv[at]);
        words[count++] = argv[at];
    }
    if (count < 2)
        return command_usage_error(&COMMAND_EXEC, "which %s?", count == 0 ? "lab" : "node");
    if (at + 1 >= argc)
        return command_usage_error(&COMMAND_EXEC, "which command? It comes behind a '--'");
    int status = live_start(&live, "exec", words[0], words[1]);
    if (status)
        return status;
    if (with && !(beside = beside_create(&live, with)))
        status = EXIT_FAULT;
    else
        status = run_in_lab(&live, beside, argv + at + 1);
    live_end(&live);
    return status;
}
