#ifndef IMP_CLI_MAIN_H
#define IMP_CLI_MAIN_H

#include <stdio.h>

/* `imp` with no file to build on: what main.c needs of help.c, so that the tests can call it too. */
void help_print(FILE *out);
int command_unknown(const char *name); /* says so on standard error, with a "did you mean"; returns EXIT_FAULT */

#endif
