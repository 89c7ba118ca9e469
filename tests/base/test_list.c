/* Intrusive lists: order, removal while walking, removal twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/memory.h"

struct item {
    int number;
    struct list link;
};

static void check_order(struct list *list, const int *numbers, size_t count)
{
    size_t i = 0;
    list_each (link, list) {
        assert_true(i < count);
        assert_int_equal(list_entry(link, struct item, link)->number, numbers[i++]);
    }
    assert_int_equal(i, count);
}

static void items_keep_their_order(void **state)
{
    (void)state;
    struct list list;
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&list);
    assert_true(list_empty(&list));
    assert_null(list_pop_front(&list));
    assert_false(list_linked(&items[0].link));
    list_push_back(&list, &items[1].link);
    list_push_back(&list, &items[2].link);
    list_push_front(&list, &items[0].link);
    check_order(&list, (const int[]){1, 2, 3}, 3);
    assert_true(list_linked(&items[0].link));
    assert_ptr_equal(list_pop_front(&list), &items[0].link);
    assert_false(list_linked(&items[0].link));
    check_order(&list, (const int[]){2, 3}, 2);
    list_remove(&items[2].link);
    list_remove(&items[2].link); /* again does nothing */
    check_order(&list, (const int[]){2}, 1);
}

static void the_present_link_may_be_removed_while_walking(void **state)
{
    (void)state;
    struct list list;
    struct item items[5];
    list_init(&list);
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        list_push_back(&list, &items[i].link);
    }
    list_each (link, &list)
        if (list_entry(link, struct item, link)->number % 2 == 0)
            list_remove(link);
    check_order(&list, (const int[]){1, 3}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(items_keep_their_order),
                                       cmocka_unit_test(the_present_link_may_be_removed_while_walking)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
