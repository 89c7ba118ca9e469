/* The heap's door: zeroing, copying, and the one sentence when it cannot give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    uint8_t *block = memory_take_zeroed(1000, 3);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(block[i], 0);
    memory_free(block);
}

static void nothing_can_be_taken(void **state)
{
    (void)state;
    void *a = memory_take(0), *b = memory_take_zeroed(0, 8), *c = memory_grow(NULL, 0, 8);
    assert_true(a && b && c);
    memory_free(a);
    memory_free(b);
    memory_free(c);
    memory_free(NULL);
}

static void growing_keeps_what_was_there(void **state)
{
    (void)state;
    uint32_t *numbers = memory_grow(NULL, 4, sizeof *numbers);
    for (uint32_t i = 0; i < 4; i++)
        numbers[i] = i * i;
    numbers = memory_grow(numbers, 40000, sizeof *numbers);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(numbers[i], i * i);
    memory_free(numbers);
}

static void text_is_copied_with_its_end(void **state)
{
    (void)state;
    char original[] = "imp";
    char *copy = memory_copy_text(original);
    original[0] = 'x';
    assert_string_equal(copy, "imp");
    memory_free(copy);
}

/* What a child process writes to stderr before it aborts over a product that does not fit. */
static void a_size_that_overflows_ends_the_process(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        volatile size_t many = SIZE_MAX / 2;
        memory_free(memory_grow(NULL, many, 3));
        _exit(0);
    }
    close(ends[1]);
    char said[200] = "";
    assert_true(read(ends[0], said, sizeof said - 1) > 0);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(said, "imp: out of memory"));
}

struct holder {
    int before;
    int member;
};

static void the_container_of_a_member_is_found(void **state)
{
    (void)state;
    struct holder holder = {1, 2};
    int *member = &holder.member;
    assert_ptr_equal(container_of(member, struct holder, member), &holder);
    assert_int_equal(count_of("abc"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(zeroed_memory_is_zero),
                                       cmocka_unit_test(nothing_can_be_taken),
                                       cmocka_unit_test(growing_keeps_what_was_there),
                                       cmocka_unit_test(text_is_copied_with_its_end),
                                       cmocka_unit_test(a_size_that_overflows_ends_the_process),
                                       cmocka_unit_test(the_container_of_a_member_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
