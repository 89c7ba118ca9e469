/* Loading a lab for a command, and printing its faults.
 *
 * Every command that takes a lab file loads it first and does nothing else when it is faulty: the faults go to standard error and
 * the command ends with status 2. Only `imp check` prints them on standard output.
 */
#include "cli/faults.h"

#include <inttypes.h>

void faults_print(FILE *out, const struct fault_list *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->faults[i];
        fprintf(out, "%s:%" PRIu32 ":%" PRIu32 ": %s\n", fault->at.file, fault->at.line, fault->at.column, fault->text);
    }
    if (faults->left_out)
        fprintf(out, "... and %zu more faults\n", faults->left_out);
}

struct lab *faults_load(const char *path)
{
    struct fault_list faults = {0};
    struct lab *lab;
    if (lab_load(path, &faults, &lab))
        faults_print(stderr, &faults);
    fault_list_free(&faults);
    return lab;
}
