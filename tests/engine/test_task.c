/* Tasks: parking, waking, deadlines, cancelling, conditions, thousands at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/node.h"
#include "engine/task.h"

static struct engine *engine;
static struct node *node;

static int set_up(void **state)
{
    (void)state;
    engine = engine_create(1);
    node = node_create(engine, "n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    engine_destroy(engine);
    return 0;
}

struct sleeper {
    int64_t woke_ns;
    int result;
    int64_t for_ns;
};

static void sleep_once(void *argument)
{
    struct sleeper *sleeper = argument;
    assert_non_null(task_current());
    assert_ptr_equal(task_node(task_current()), node);
    assert_string_equal(task_name(task_current()), "sleeper");
    sleeper->result = task_sleep(instant_add(engine_now(engine), sleeper->for_ns));
    sleeper->woke_ns = engine_now(engine).ns;
}

static void tasks_sleep_and_end(void **state)
{
    (void)state;
    struct sleeper a = {.for_ns = 500}, b = {.for_ns = 300};
    task_start(node, "sleeper", sleep_once, &a);
    task_start(node, "sleeper", sleep_once, &b);
    assert_int_equal(engine_counts(engine).tasks_alive, 2);
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(a.woke_ns, 500);
    assert_int_equal(b.woke_ns, 300);
    assert_int_equal(a.result, 0);
    assert_int_equal(engine_counts(engine).tasks_alive, 0);
    assert_null(task_current());
}

struct mailbox {
    struct condition changed;
    int value;
    int got[2];
    int result[2];
};

static void take(void *argument)
{
    struct mailbox *box = argument;
    for (int i = 0; i < 2; i++) {
        while (box->value == 0) {
            box->result[i] = condition_wait(&box->changed, instant_add(engine_now(engine), 1000));
            if (box->result[i] < 0)
                return;
        }
        box->got[i] = box->value;
        box->value = 0;
    }
}

static void give(void *argument)
{
    struct mailbox *box = argument;
    task_sleep((struct instant){100});
    box->value = 7;
    condition_wake(&box->changed);
    condition_wake(&box->changed);
}

static void conditions_wake_and_time_out(void **state)
{
    (void)state;
    struct mailbox box = {0};
    condition_init(&box.changed);
    task_start(node, "take", take, &box);
    task_start(node, "give", give, &box);
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(box.got[0], 7);
    assert_int_equal(box.result[1], IMP_TIMEOUT);
    assert_int_equal(engine_now(engine).ns, 1100);
    assert_true(list_empty(&box.changed.waiters));
}

static void wait_for_ever(void *argument)
{
    struct mailbox *box = argument;
    box->result[0] = condition_wait(&box->changed, INSTANT_NEVER);
    box->result[1] = task_sleep(instant_add(engine_now(engine), 50));
    box->got[0]++;
}

static void cancelling_ends_whoever_waits(void **state)
{
    (void)state;
    struct mailbox box = {0};
    condition_init(&box.changed);
    struct task *task = task_start(node, "wait", wait_for_ever, &box);
    task_start(node, "wait", wait_for_ever, &box);
    engine_run(engine, (struct instant){10});
    task_cancel(task);
    engine_run(engine, (struct instant){20});
    assert_int_equal(box.got[0], 1);
    assert_int_equal(box.result[0], IMP_CANCELLED);
    assert_int_equal(box.result[1], IMP_CANCELLED);
    node_power_off(node);
    assert_int_equal(box.got[0], 2);
    assert_int_equal(engine_counts(engine).tasks_alive, 0);
    assert_false(node->up);
}

static void told_at_once(void *argument) { *(int *)argument = task_park(INSTANT_NEVER); }

static void a_task_cancelled_before_it_ran_is_told_at_its_first_wait(void **state)
{
    (void)state;
    int ran = 0;
    task_cancel(task_start(node, "new", told_at_once, &ran));
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(ran, IMP_CANCELLED);
}

static void switch_off(void *argument) { node_power_off(argument); }

static void one_task_may_switch_another_node_off(void **state)
{
    (void)state;
    struct node *other = node_create(engine, "other");
    struct mailbox box = {0};
    condition_init(&box.changed);
    task_start(node, "wait", wait_for_ever, &box);
    engine_run(engine, (struct instant){10});
    task_start(other, "off", switch_off, node);
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(box.got[0], 1);
    assert_int_equal(engine_counts(engine).tasks_alive, 0);
}

static void nothing_waits_past_its_deadline(void *argument)
{
    *(int *)argument = task_park(engine_now(engine)); /* a deadline that has come: asks without waiting */
}

static void a_past_deadline_does_not_wait(void **state)
{
    (void)state;
    int result = 1;
    task_start(node, "poll", nothing_waits_past_its_deadline, &result);
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(result, IMP_TIMEOUT);
}

static void use_stack(void *argument)
{
    volatile char bytes[TASK_STACK_BYTES / 2];
    memset((void *)(uintptr_t)bytes, 1, sizeof bytes);
    task_sleep(instant_add(engine_now(engine), 1000));
    *(unsigned *)argument += (unsigned)bytes[100];
}

static void ten_thousand_tasks(void **state)
{
    (void)state;
    unsigned done = 0;
    for (int i = 0; i < 1000; i++)
        task_start(node, "many", use_stack, &done);
    engine_run(engine, INSTANT_NEVER);
    assert_int_equal(done, 1000);
    for (int round = 0; round < 9; round++) { /* stacks are used again */
        for (int i = 0; i < 1000; i++)
            task_start(node, "many", use_stack, &done);
        engine_run(engine, INSTANT_NEVER);
    }
    assert_int_equal(done, 10000);
    assert_int_equal(engine_counts(engine).tasks_alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tasks_sleep_and_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(conditions_wake_and_time_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelling_ends_whoever_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_task_cancelled_before_it_ran_is_told_at_its_first_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_task_may_switch_another_node_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_past_deadline_does_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ten_thousand_tasks, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
