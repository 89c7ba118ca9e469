/* The program `imp`: the first argument names a sub-command, which gets the rest.
 *
 * Everything else is in libimp, so that tests, benchmarks and fuzz targets link the same code. Here are only the forms that
 * belong to no command: `imp`, `imp --help`, `imp --version`, and `imp COMMAND --help`, which every command answers alike; `imp TOOL`,
 * a tool on this machine; and the program's second nature, the thin client that a tool's name stands for inside `imp shell`. A
 * reader that goes away (imp run ... | head) ends the program quietly, as any filter's writer does.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/main.h"
#include "cli/shell_client.h"
#include "cli/tool_host.h"
#include "tools/tool.h"

/* `--help` before a "--": behind that, the words belong to the command that exec runs. */
static bool asks_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    int status;
    if (shell_client_run(argc, argv, &status))
        return status;
    if (argc < 2) {
        help_print(stderr);
        return EXIT_FAULT;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("imp %s\n", IMP_VERSION);
        return EXIT_HELD;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_print(stdout);
        return EXIT_HELD;
    }
    const struct command *command = command_find(argv[1]);
    const struct tool *tool = tool_find(argv[1]);
    if (!command && tool)
        return tool_host_run(tool, argc - 1, argv + 1);
    if (!command)
        return command_unknown(argv[1]);
    if (asks_help(argc, argv)) {
        command_help(command);
        return EXIT_HELD;
    }
    return command->run(argc - 1, argv + 1);
}
