/* Any bytes as a lab file: faults or a lab, never a crash, and never long. A lab that loads is not run here. */
#include <string.h>

#include "lab/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault_list faults = {0};
    struct lab *lab;
    lab_load_bytes("fuzz.yaml", data, size, &faults, &lab);
    lab_free(lab);
    fault_list_free(&faults);
    return 0;
}
