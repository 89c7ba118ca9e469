#ifndef IMP_CLI_TOOL_HOST_H
#define IMP_CLI_TOOL_HOST_H

struct tool;

/* Runs a tool on this machine, on the process's own input and output, with argv[0] as its name. Returns the exit status. */
int tool_host_run(const struct tool *tool, int argc, char **argv);

#endif
