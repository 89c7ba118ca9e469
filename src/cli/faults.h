#ifndef IMP_CLI_FAULTS_H
#define IMP_CLI_FAULTS_H

#include <stdio.h>

#include "lab/lab.h"

void faults_print(FILE *out, const struct fault_list *faults); /* one a line */
/* Loads a lab; on faults, prints them on standard error and returns NULL. */
struct lab *faults_load(const char *path);

#endif
