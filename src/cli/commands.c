/* The table of sub-commands, and what they share: finding one by name, its help, and the sentences for wrong arguments.
 *
 * A sub-command lives in a file of its own (run.c, check.c ...), exports one `struct command`, and is listed below in the order in
 * which `imp help` shows it. main.c knows none of them: it looks the first argument up here and hands the rest over.
 *
 * Wrong arguments are answered with one sentence on standard error, a "did you mean" where a name is near, and status 2, the same
 * as for a fault in a lab file; the standard output stays empty, so that a script that reads it is not misled.
 */
#include "cli/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

extern const struct command COMMAND_CHECK, COMMAND_DOCS, COMMAND_EXEC, COMMAND_HELP, COMMAND_PLOT, COMMAND_RUN, COMMAND_SHELL,
    COMMAND_TEST;

/* clang-format off */
const struct command *const COMMANDS[] = {
    &COMMAND_RUN,
    &COMMAND_CHECK,
    &COMMAND_TEST,
    &COMMAND_PLOT,
    &COMMAND_SHELL,
    &COMMAND_EXEC,
    &COMMAND_HELP,
    &COMMAND_DOCS,
    NULL,
};
/* clang-format on */

const struct command *command_find(const char *name)
{
    for (size_t i = 0; COMMANDS[i]; i++)
        if (strcmp(COMMANDS[i]->name, name) == 0)
            return COMMANDS[i];
    return NULL;
}

void command_help(const struct command *command)
{
    printf("usage: imp %s %s\n\n%s\n", command->name, command->arguments, command->summary);
    if (command->details)
        printf("\n%s", command->details);
}

int command_usage_error(const struct command *command, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "imp %s: ", command->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n`imp %s --help` tells more.\n", command->name);
    return EXIT_FAULT;
}

enum { OPTIONS_MAX = 32 };

int command_parse_error(const struct command *command, const struct option *options, int result, char **argv)
{
    const char *word = argv[optind - 1];
    if (result == ':')
        return command_usage_error(command, "%s needs a value", word);
    if (strncmp(word, "--", 2) != 0)
        return command_usage_error(command, "there is no option -%c", optopt);
    const char *names[OPTIONS_MAX + 1] = {NULL};
    for (size_t i = 0; options[i].name && i < OPTIONS_MAX; i++)
        names[i] = options[i].name;
    size_t length = strcspn(word + 2, "=");
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), word + 2);
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return command_usage_error(command, "--%s takes no value", name);
    const char *nearest = text_nearest(name, names);
    if (nearest)
        return command_usage_error(command, "there is no option --%s (did you mean --%s?)", name, nearest);
    return command_usage_error(command, "there is no option --%s", name);
}
