#ifndef IMP_CLI_COMMAND_H
#define IMP_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

/* A sub-command of imp: one file, one table, one line in commands.c. `run` gets its own name as argv[0] and parses its options with
 * getopt_long (command_parse_error() says what to do with a '?'). It returns the exit status. */
struct command {
    const char *name;
    const char *arguments; /* "LAB [--seed N] ..." as `imp help` shows them */
    const char *summary;   /* one line */
    const char *details;   /* what --help says below that: the options, one a line, and the exit status */
    int (*run)(int argc, char **argv);
    const char *group; /* heading in `imp help`: "labs", "shell" ... NULL: not listed */
};
extern const struct command *const COMMANDS[]; /* ends with NULL; commands.c */

/* The exit statuses of every command that judges a lab. */
enum { EXIT_HELD = 0, EXIT_EXPECTATION = 1, EXIT_FAULT = 2 };

const struct command *command_find(const char *name); /* NULL when there is none */
void command_help(const struct command *command);     /* to standard output */
/* To standard error: "imp run: <message>", and where help is. Returns EXIT_FAULT. */
int command_usage_error(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* getopt_long() with opterr = 0 returned '?' or ':': says in one sentence what was wrong with which argument, with a "did you
 * mean" for a misspelt long option. Returns EXIT_FAULT. `options` is the table given to getopt_long(). */
struct option;
int command_parse_error(const struct command *command, const struct option *options, int result, char **argv);

#endif
