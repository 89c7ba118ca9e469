/* `imp check LAB`: all faults of a lab file, and nothing else.
 *
 * Loading a lab is checking it, so this command only loads and prints. The faults go to standard output, since they are what was
 * asked for, in the form that editors understand (file:line:column: text); the other commands print the same lines on
 * standard error. A lab without faults gets one line that says what is in it.
 */
#include "cli/command.h"

#include <stdio.h>

#include "cli/faults.h"
#include "lab/model.h"

static int check_run(int argc, char **argv);

extern const struct command COMMAND_CHECK;
const struct command COMMAND_CHECK = {
    .name = "check",
    .arguments = "LAB...",
    .summary = "finds the faults of a lab file, all of them",
    .details = "Each fault is one line: file:line:column: what is wrong, what was expected.\n\n"
               "exit status: 0 when there is none, 2 otherwise\n",
    .run = check_run,
    .group = "labs",
};

static int check_one(const char *path)
{
    struct fault_list faults = {0};
    struct lab *lab;
    int result = lab_load(path, &faults, &lab);
    if (result)
        faults_print(stdout, &faults);
    else
        printf("%s: no faults: %zu node%s, %zu wire%s, %zu step%s\n", path, lab->node_count, lab->node_count == 1 ? "" : "s",
               lab->wire_count, lab->wire_count == 1 ? "" : "s", lab->step_count, lab->step_count == 1 ? "" : "s");
    lab_free(lab);
    fault_list_free(&faults);
    return result ? EXIT_FAULT : EXIT_HELD;
}

static int check_run(int argc, char **argv)
{
    if (argc < 2)
        return command_usage_error(&COMMAND_CHECK, "which lab? It takes the path of a lab file");
    int status = EXIT_HELD;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1])
            return command_usage_error(&COMMAND_CHECK, "there is no option %s", argv[i]);
        if (check_one(argv[i]))
            status = EXIT_FAULT;
    }
    return status;
}
