/* Every error has a phrase of its own, in lower case, and no other number has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "base/error.h"

static void every_error_has_its_own_phrase(void **state)
{
    (void)state;
    for (int error = IMP_BUSY; error <= IMP_OK; error++) {
        const char *text = imp_error_text(error);
        assert_true(strlen(text) > 3);
        assert_string_not_equal(text, "unknown error");
        assert_true(islower((unsigned char)text[0]));
        for (int other = IMP_BUSY; other < error; other++)
            assert_string_not_equal(text, imp_error_text(other));
    }
}

static void other_numbers_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(imp_error_text(1), "unknown error");
    assert_string_equal(imp_error_text(IMP_BUSY - 1), "unknown error");
    assert_string_equal(imp_error_text(INT32_MIN), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_error_has_its_own_phrase),
                                       cmocka_unit_test(other_numbers_are_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
