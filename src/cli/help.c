/* `imp help`: the list of commands, and the help of one of them.
 *
 * The list is made from the table in commands.c, grouped by the headings that the commands name, so that a new command appears
 * here by itself. `imp help run` and `imp run --help` print the same page. Printing help on request goes to standard output with
 * status 0; `imp` without arguments prints the same page on standard error with status 2, because nothing was asked for.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/main.h"
#include "tools/tool.h"

void help_print(FILE *out)
{
    fprintf(out, "imp: an internet in one C program. You write a network down in one file; imp runs it.\n\n"
                 "usage: imp COMMAND [ARGUMENTS]\n");
    const char *group = NULL;
    for (size_t i = 0; COMMANDS[i]; i++) {
        const struct command *command = COMMANDS[i];
        if (!command->group)
            continue;
        if (!group || strcmp(group, command->group) != 0)
            fprintf(out, "\n%s\n", command->group);
        group = command->group;
        fprintf(out, "  %-9s %s\n", command->name, command->summary);
    }
    fprintf(out, "\ntools, on this machine (on a lab's node: imp shell)\n ");
    for (size_t i = 0; TOOLS[i]; i++)
        if (!TOOLS[i]->lab_only)
            fprintf(out, " %s", TOOLS[i]->name);
    fprintf(out, "\n\n`imp COMMAND --help` tells more. `imp --version` says which imp this is.\n");
}

int command_unknown(const char *name)
{
    const char *names[64] = {NULL};
    size_t count = 0;
    for (size_t i = 0; COMMANDS[i] && count < 63; i++)
        names[count++] = COMMANDS[i]->name;
    for (size_t i = 0; TOOLS[i] && count < 63; i++)
        names[count++] = TOOLS[i]->name;
    const char *nearest = text_nearest(name, names);
    if (nearest)
        fprintf(stderr, "imp: there is no command '%s' (did you mean '%s'?)\n", name, nearest);
    else
        fprintf(stderr, "imp: there is no command '%s'; `imp help` lists them\n", name);
    return EXIT_FAULT;
}

static int help_run(int argc, char **argv)
{
    if (argc < 2) {
        help_print(stdout);
        return EXIT_HELD;
    }
    const struct command *command = command_find(argv[1]);
    if (!command)
        return command_unknown(argv[1]);
    command_help(command);
    return EXIT_HELD;
}

extern const struct command COMMAND_HELP;
const struct command COMMAND_HELP = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "lists the commands, or explains one",
    .run = help_run,
    .group = "about imp",
};
