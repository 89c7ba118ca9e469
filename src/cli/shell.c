/* `imp shell LAB NODE`: a real shell in which ping, dig, curl, ip ... are imp's own tools, acting as a node of the lab.
 *
 * The shell is the user's own, in their own folder, with their own files: only its PATH starts with a private folder that has a link to imp
 * for every tool, and its environment names the socket of this process. A tool started by the shell is imp again, as a thin client
 * (shell_client.c) of the server here (shell_server.c), which runs the tool as a task on the node. The lab has settled in virtual time before, and
 * runs by the wall clock as long as the shell does.
 *
 * The prompt names the node. bash gets that by a start file of its own that reads the user's first; other shells by PS1.
 *
 * The folder is removed by a guard process (host/files.c) when this process ends, by whatever end. The shell is told to go (SIGHUP) when we
 * die, since its tools are useless without us; or SIGTERM under nohup, where hanging up is ignored and a shell cannot change that. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/live.h"
#include "cli/shell_protocol.h"
#include "cli/shell_server.h"
#include "host/files.h"
#include "host/namespace.h"
#include "tools/tool.h"

static int shell_run(int argc, char **argv);

extern const struct command COMMAND_SHELL;
const struct command COMMAND_SHELL = {
    .name = "shell",
    .arguments = "LAB NODE [-c 'COMMANDS']",
    .summary = "a real shell in which ping, dig, curl, ip ... act as a node of the lab",
    .details = "  -c 'COMMANDS'  runs them with sh, instead of a shell to type in\n\n"
               "The lab settles in virtual time, then runs by the wall clock. Pipes and redirections work\n"
               "as in any shell; programs that are not imp's own tools see this machine, not the lab\n"
               "(`imp exec` is for those).\n\n"
               "exit status: the shell's; 128 + n when signal n ended it; 2 for a fault in the lab file\n",
    .run = shell_run,
    .group = "real programs",
};

enum { PATH_BYTES = 4096, EXIT_NO_SHELL = 127 };
static const char BASH_FILE[] = ".bashrc";

static int link_tool(const char *folder, const char *program, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return symlink(program, path) == 0 || errno == EEXIST ? 0 : host_error(errno);
}

static int link_tools(const char *folder)
{
    char program[PATH_BYTES];
    int error = host_program_path(program, sizeof(program));
    for (size_t i = 0; !error && TOOLS[i]; i++) {
        error = link_tool(folder, program, TOOLS[i]->name);
        for (const char *const *alias = TOOLS[i]->aliases; !error && alias && *alias; alias++)
            error = link_tool(folder, program, *alias);
    }
    return error;
}

/* What bash reads instead of ~/.bashrc; its start files might set PATH and the prompt anew. */
static int write_bash_file(const char *folder, const char *prompt)
{
    char path[PATH_BYTES];
    struct text text = {0};
    snprintf(path, sizeof(path), "%s/%s", folder, BASH_FILE);
    text_format(&text, "[ -r ~/.bashrc ] && . ~/.bashrc\nPROMPT_COMMAND=\nPS1='%s'\nPATH='%s':\"$PATH\"\n", prompt, folder);
    int error = host_file_write(path, text.data, text.length, 0600);
    text_free(&text);
    return error;
}

static _Noreturn void become_shell(const struct live *live, const char *folder, const char *commands, const sigset_t *mask)
{
    char path[PATH_BYTES], prompt[128];
    const char *shell = commands ? "/bin/sh" : getenv("SHELL"), *before = getenv("PATH");
    if (!shell || !*shell)
        shell = "/bin/sh";
    struct sigaction hang_up;
    bool ignored = sigaction(SIGHUP, NULL, &hang_up) == 0 && hang_up.sa_handler == SIG_IGN;
    prctl(PR_SET_PDEATHSIG, ignored ? SIGTERM : SIGHUP);
    sigprocmask(SIG_SETMASK, mask, NULL);
    struct text value = {0};
    text_format(&value, "%s:%s", folder, before ? before : "/usr/bin:/bin");
    setenv("PATH", text_string(&value), 1);
    snprintf(path, sizeof(path), "%s/%s", folder, SHELL_SOCKET_NAME);
    setenv(SHELL_SOCKET_VARIABLE, path, 1);
    setenv("IMP_NODE", live->node_name, 1);
    snprintf(prompt, sizeof(prompt), "%s$ ", live->node_name);
    setenv("PS1", prompt, 1);
    const char *name = strrchr(shell, '/') ? strrchr(shell, '/') + 1 : shell;
    snprintf(path, sizeof(path), "%s/%s", folder, BASH_FILE);
    if (commands)
        execl(shell, "sh", "-c", commands, (char *)NULL);
    else if (strcmp(name, "bash") == 0)
        execl(shell, "bash", "--rcfile", path, (char *)NULL);
    else
        execl(shell, name, (char *)NULL);
    fprintf(stderr, "imp shell: cannot run '%s': %s\n", shell, strerror(errno));
    _exit(EXIT_NO_SHELL);
}

static struct net *node_net(void *context)
{
    const struct live *live = context;
    return world_net(live->world, live->node_name);
}

/* After an interactive shell the terminal belongs to its process group; we are to have it back. */
static void take_terminal_back(void)
{
    sigset_t mask, before;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTTOU);
    sigprocmask(SIG_BLOCK, &mask, &before);
    if (isatty(STDIN_FILENO))
        (void)tcsetpgrp(STDIN_FILENO, getpgrp());
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static int serve_shell(struct live *live, const char *folder, const char *commands)
{
    char path[PATH_BYTES], prompt[128];
    struct shell_server *server;
    sigset_t mask;
    snprintf(path, sizeof(path), "%s/%s", folder, SHELL_SOCKET_NAME);
    snprintf(prompt, sizeof(prompt), "\\[\\e[1m\\]%s\\[\\e[0m\\]:\\w\\$ ", live->node_name);
    int error = link_tools(folder);
    if (!error)
        error = write_bash_file(folder, prompt);
    if (!error)
        error = shell_server_create(live->loop, path, node_net, live, &server);
    if (error) {
        fprintf(stderr, "imp shell: the folder %s cannot be filled: %s\n", folder, imp_error_text(error));
        return EXIT_FAULT;
    }
    live_hold_signals(&mask);
    pid_t child = fork();
    if (child == 0)
        become_shell(live, folder, commands, &mask);
    int status = EXIT_FAULT;
    if (child > 0)
        status = namespace_exit_status(live_run_child(live, child));
    else
        fprintf(stderr, "imp shell: no process for the shell: %s\n", strerror(errno));
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (!commands)
        take_terminal_back();
    shell_server_destroy(server);
    return status;
}

static int shell_run(int argc, char **argv)
{
    struct live live;
    char folder[PATH_BYTES / 2];
    const char *words[2], *commands = NULL;
    int count = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0) {
            if (++i == argc)
                return command_usage_error(&COMMAND_SHELL, "-c needs a value");
            commands = argv[i];
        } else if (argv[i][0] == '-') {
            return command_usage_error(&COMMAND_SHELL, "there is no option %s", argv[i]);
        } else if (count == 2) {
            return command_usage_error(&COMMAND_SHELL, "there is nothing to do with '%s'", argv[i]);
        } else {
            words[count++] = argv[i];
        }
    }
    if (count < 2)
        return command_usage_error(&COMMAND_SHELL, "which %s?", count == 0 ? "lab" : "node");
    int status = live_start(&live, "shell", words[0], words[1]);
    if (status)
        return status;
    struct host_guard guard;
    int error = host_folder_create("imp-", folder, sizeof(folder));
    if (!error && (error = host_guard_start(folder, &guard)) != 0)
        host_folder_remove(folder);
    if (error) {
        fprintf(stderr, "imp shell: no private folder can be made: %s\n", imp_error_text(error));
        status = EXIT_FAULT;
    } else {
        status = serve_shell(&live, folder, commands);
        host_guard_end(&guard);
    }
    live_end(&live);
    return status;
}
