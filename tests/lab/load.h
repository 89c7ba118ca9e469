#ifndef IMP_TESTS_LAB_LOAD_H
#define IMP_TESTS_LAB_LOAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "lab/model.h"

/* A lab from a text, which must have no faults. */
static inline struct lab *lab_of(const char *text)
{
    struct fault_list faults = {0};
    struct lab *lab;
    if (lab_load_bytes("lab.yaml", text, strlen(text), &faults, &lab))
        for (size_t i = 0; i < faults.count; i++)
            print_error("%u:%u: %s\n", faults.faults[i].at.line, faults.faults[i].at.column, faults.faults[i].text);
    assert_non_null(lab);
    fault_list_free(&faults);
    return lab;
}

/* The faults of a text, one a line: "line:column: text". The caller frees it. */
static inline char *faults_of(const char *text)
{
    struct fault_list faults = {0};
    struct lab *lab;
    struct text out = {0};
    int result = lab_load_bytes("lab.yaml", text, strlen(text), &faults, &lab);
    assert_int_equal(result != 0, faults.count != 0);
    assert_int_equal(result != 0, lab == NULL);
    for (size_t i = 0; i < faults.count; i++)
        text_format(&out, "%u:%u: %s\n", faults.faults[i].at.line, faults.faults[i].at.column, faults.faults[i].text);
    lab_free(lab);
    fault_list_free(&faults);
    return out.data ? out.data : memory_copy_text("");
}

#endif
