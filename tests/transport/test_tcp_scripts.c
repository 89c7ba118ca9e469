/* Runs every script under tests/transport/scripts/: one test each, named by its topic and file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>

#include "script.c"

static void runs(void **state)
{
    struct script *script = memory_take(sizeof *script);
    bool good = script_run_file(script, *state);
    if (!good)
        print_error("%s\n", script->fault);
    memory_free(script);
    assert_true(good);
}

int main(int count, char **arguments)
{
    glob_t found;
    const char *pattern = count > 1 ? arguments[1] : "tests/transport/scripts/*/*.tcp";
    if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0) {
        fprintf(stderr, "no scripts: %s\n", pattern);
        return 1;
    }
    struct CMUnitTest *tests = memory_take_zeroed(found.gl_pathc, sizeof *tests);
    for (size_t i = 0; i < found.gl_pathc; i++)
        tests[i] = (struct CMUnitTest){.name = found.gl_pathv[i], .test_func = runs, .initial_state = found.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("tcp scripts", tests, found.gl_pathc, NULL, NULL);
    memory_free(tests);
    globfree(&found);
    return failed;
}
