/* The event loop and the file helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "engine/node.h"
#include "host/files.h"
#include "host/loop.h"

static struct engine *engine;
static struct node *node;
static struct loop *loop;

static int set_up(void **state)
{
    (void)state;
    engine = engine_create(1);
    node = node_create(engine, "n");
    engine_run(engine, (struct instant){1000 * NS_PER_S}); /* a lab that ran ahead */
    loop = loop_create(engine);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_destroy(loop);
    engine_destroy(engine);
    return 0;
}

static unsigned fired;
static void fire(struct timer *timer, struct instant now)
{
    (void)timer;
    (void)now;
    fired++;
}

static void timers_fire_by_the_wall_clock(void **state)
{
    (void)state;
    struct timer timer = {0};
    struct instant start = loop_now(loop);
    assert_true(start.ns >= 1000 * NS_PER_S && start.ns < 1010 * NS_PER_S);
    fired = 0;
    timer_set(node, &timer, instant_add(start, 30 * NS_PER_MS), fire);
    assert_int_equal(loop_run(loop, instant_add(start, 10 * NS_PER_MS)), IMP_TIMEOUT);
    assert_int_equal(fired, 0);
    assert_int_equal(loop_run(loop, instant_add(start, 60 * NS_PER_MS)), IMP_TIMEOUT);
    assert_int_equal(fired, 1);
    assert_true(instant_since(loop_now(loop), start) >= 60 * NS_PER_MS);
}

static struct loop_source sources[2];
static unsigned readied;
static void ready(struct loop_source *source, uint32_t events)
{
    readied++;
    assert_true(events & EPOLLIN);
    loop_remove(loop, &sources[source == &sources[0]]); /* the other one, which is ready in the same batch */
    loop_stop(loop);
}

static void a_source_may_remove_another_in_the_same_batch(void **state)
{
    (void)state;
    int pipes[2][2];
    readied = 0;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        assert_int_equal(write(pipes[i][1], "x", 1), 1);
        sources[i].ready = ready;
        assert_int_equal(loop_add(loop, &sources[i], pipes[i][0], EPOLLIN), 0);
    }
    assert_int_equal(loop_run(loop, instant_add(loop_now(loop), NS_PER_S)), 0);
    assert_int_equal(readied, 1);
    for (unsigned i = 0; i < 4; i++)
        close(pipes[i / 2][i % 2]);
}

static unsigned turns, fired_at_turn;
static void turn_ended(struct loop_turn *turn)
{
    (void)turn;
    turns++;
    fired_at_turn = fired;
}

/* What is due at one moment is one turn, however much it is; nothing has to come for it to end. */
static void a_turn_ends_when_what_is_due_has_fired(void **state)
{
    (void)state;
    struct timer timers[10] = {0};
    struct loop_turn turn = {.ended = turn_ended};
    struct instant due = instant_add(loop_now(loop), 20 * NS_PER_MS);
    fired = turns = 0;
    loop_turn_add(loop, &turn);
    for (unsigned i = 0; i < 10; i++)
        timer_set(node, &timers[i], due, fire);
    assert_int_equal(loop_run(loop, instant_add(due, 10 * NS_PER_MS)), IMP_TIMEOUT);
    assert_int_equal(fired_at_turn, 10);
    assert_in_range(turns, 2, 6); /* before the sleep, behind the ten, at the deadline */
    loop_turn_remove(&turn);
    assert_int_equal(loop_run(loop, instant_add(due, 11 * NS_PER_MS)), IMP_TIMEOUT);
    assert_in_range(turns, 2, 6);
}

static void caught(void *context, const struct signalfd_siginfo *info)
{
    *(int *)context = (int)info->ssi_signo;
    loop_stop(loop);
}

static void signals_are_plain_calls(void **state)
{
    (void)state;
    int signal_number = 0;
    loop_signals(loop, (int[]){SIGUSR1}, 1, caught, &signal_number);
    kill(getpid(), SIGUSR1);
    assert_int_equal(loop_run(loop, instant_add(loop_now(loop), NS_PER_S)), 0);
    assert_int_equal(signal_number, SIGUSR1);
    loop_signals_release(loop);
}

static void files_are_whole_or_not_there(void **state)
{
    (void)state;
    char folder[200], path[256];
    size_t length;
    int error;
    struct stat info;
    assert_int_equal(host_folder_create("imp-test-", folder, sizeof(folder)), 0);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    snprintf(path, sizeof(path), "%s/file", folder);
    assert_null(host_file_read(path, 100, &length, &error));
    assert_int_equal(error, IMP_NOT_FOUND);
    assert_int_equal(host_file_write(path, "hello", 5, 0600), 0);
    uint8_t *data = host_file_read(path, 100, &length, &error);
    assert_int_equal(length, 5);
    assert_string_equal((char *)data, "hello");
    memory_free(data);
    assert_null(host_file_read(path, 4, &length, &error));
    assert_int_equal(error, IMP_TOO_BIG);
    assert_null(host_file_read(folder, 100, &length, &error));
    assert_int_equal(error, IMP_INVALID);
    assert_null(host_file_read("/dev/zero", 100000, &length, &error));
    assert_int_equal(error, IMP_TOO_BIG);
    assert_true(host_file_write("/dev/full", "hello", 5, 0600) < 0);
    assert_int_equal(stat("/dev/full", &info), 0); /* a device stays */
    host_folder_remove(folder);
    assert_int_equal(stat(folder, &info), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_fire_by_the_wall_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_may_remove_another_in_the_same_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_ends_when_what_is_due_has_fired, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_are_plain_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_whole_or_not_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
