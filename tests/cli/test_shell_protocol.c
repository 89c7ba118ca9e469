/* The messages between a tool's client and `imp shell`: round trips, and every way in which they can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/shell_protocol.h"

static void messages_are_framed(void **state)
{
    (void)state;
    uint8_t data[SHELL_HEADER_BYTES + 5];
    enum shell_message type;
    struct bytes body;
    shell_header_build(data, SHELL_OUT, 5);
    memcpy(data + SHELL_HEADER_BYTES, "hello", 5);
    for (size_t length = 0; length < sizeof(data); length++) /* whatever part has come, it waits for the rest */
        assert_int_equal(shell_message_parse(data, length, &type, &body), 0);
    assert_int_equal(shell_message_parse(data, sizeof(data), &type, &body), sizeof(data));
    assert_int_equal(type, SHELL_OUT);
    assert_int_equal(body.length, 5);
    assert_memory_equal(body.data, "hello", 5);
    shell_header_build(data, SHELL_INTERRUPT, 0);
    assert_int_equal(shell_message_parse(data, sizeof(data), &type, &body), SHELL_HEADER_BYTES);
    assert_int_equal(body.length, 0);
}

static void wrong_frames_are_refused(void **state)
{
    (void)state;
    uint8_t data[SHELL_HEADER_BYTES];
    enum shell_message type;
    struct bytes body;
    static const uint8_t TYPES[] = {0, SHELL_FILE_RESULT + 1, SHELL_OUT - 1, SHELL_EXIT + 1, 255};
    for (size_t i = 0; i < sizeof(TYPES); i++) {
        shell_header_build(data, (enum shell_message)TYPES[i], 0);
        assert_int_equal(shell_message_parse(data, sizeof(data), &type, &body), IMP_MALFORMED);
    }
    shell_header_build(data, SHELL_OUT, SHELL_BODY_MAX);
    assert_int_equal(shell_message_parse(data, sizeof(data), &type, &body), 0);
    shell_header_build(data, SHELL_OUT, SHELL_BODY_MAX + 1);
    assert_int_equal(shell_message_parse(data, sizeof(data), &type, &body), IMP_MALFORMED);
    memset(data, 0, 4); /* not even a type */
    assert_int_equal(shell_message_parse(data, sizeof(data), &type, &body), IMP_MALFORMED);
}

static void arguments_go_and_come(void **state)
{
    (void)state;
    static char *const WORDS[] = {"ping", "", "-c", "a b\n"};
    uint8_t data[100], bits;
    char *argv[SHELL_ARGUMENTS_MAX + 1];
    int argc;
    struct writer w = writer_of(data, sizeof(data));
    assert_true(shell_start_build(&w, SHELL_ERROR_IS_TERMINAL, 4, WORDS));
    assert_int_equal(shell_start_parse((struct bytes){data, w.at}, &bits, &argc, argv), 0);
    assert_int_equal(bits, SHELL_ERROR_IS_TERMINAL);
    assert_int_equal(argc, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(argv[i], WORDS[i]);
    assert_null(argv[4]);
    for (size_t length = 0; length < w.at; length++)
        assert_int_equal(shell_start_parse((struct bytes){data, length}, &bits, &argc, argv), IMP_MALFORMED);
    data[w.at] = 0; /* one byte too many */
    assert_int_equal(shell_start_parse((struct bytes){data, w.at + 1}, &bits, &argc, argv), IMP_MALFORMED);
    data[1] = data[2] = 0; /* no argument at all, not even a name */
    assert_int_equal(shell_start_parse((struct bytes){data, 3}, &bits, &argc, argv), IMP_MALFORMED);
    data[1] = 0xff; /* more than there is room for */
    assert_int_equal(shell_start_parse((struct bytes){data, w.at}, &bits, &argc, argv), IMP_MALFORMED);
    w = writer_of(data, 12);
    assert_false(shell_start_build(&w, 0, 4, WORDS));
    assert_false(shell_start_build(&w, 0, SHELL_ARGUMENTS_MAX + 1, WORDS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_framed),
        cmocka_unit_test(wrong_frames_are_refused),
        cmocka_unit_test(arguments_go_and_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
