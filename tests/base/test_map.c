/* The map against a naive model: an array in order of insertion, searched from end to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"

static void an_empty_map_is_valid(void **state)
{
    (void)state;
    struct map map = {0};
    size_t at = 0;
    assert_null(map_get(&map, "a", 1));
    assert_null(map_remove(&map, "a", 1));
    assert_false(map_next(&map, &at, NULL, NULL, NULL));
    assert_int_equal(map_count(&map), 0);
    map_free(&map);
}

static void values_are_put_replaced_and_removed(void **state)
{
    (void)state;
    struct map map = {0};
    int one, two;
    assert_null(map_put(&map, "key", 3, &one));
    assert_ptr_equal(map_put(&map, "key", 3, &two), &one);
    assert_ptr_equal(map_get(&map, "key", 3), &two);
    assert_null(map_get(&map, "ke", 2));
    assert_null(map_put(&map, "", 0, &one)); /* the empty key is a key */
    assert_ptr_equal(map_get(&map, NULL, 0), &one);
    char stored[] = "a key that is longer than sixteen bytes";
    map_put(&map, stored, sizeof stored, &one);
    stored[0] = 'A'; /* the map has its own copy */
    assert_null(map_get(&map, stored, sizeof stored));
    stored[0] = 'a';
    assert_ptr_equal(map_remove(&map, stored, sizeof stored), &one);
    assert_null(map_remove(&map, stored, sizeof stored));
    assert_int_equal(map_count(&map), 2);
    map_free(&map);
    assert_int_equal(map_count(&map), 0);
}

enum { MODEL_MAX = 400 };
struct model {
    char keys[MODEL_MAX][40];
    void *values[MODEL_MAX];
    size_t count;
};

static size_t model_find(const struct model *model, const char *key)
{
    size_t i = 0;
    while (i < model->count && strcmp(model->keys[i], key) != 0)
        i++;
    return i;
}

static void model_remove(struct model *model, size_t i)
{
    model->count--;
    memmove(model->keys + i, model->keys + i + 1, (model->count - i) * sizeof model->keys[0]);
    memmove(model->values + i, model->values + i + 1, (model->count - i) * sizeof model->values[0]);
}

static void check_same(const struct map *map, const struct model *model)
{
    const void *key;
    void *value;
    size_t at = 0, length, seen = 0;
    while (map_next(map, &at, &key, &length, &value)) {
        assert_int_equal(length, strlen(model->keys[seen]));
        assert_memory_equal(key, model->keys[seen], length);
        assert_ptr_equal(value, model->values[seen]);
        seen++;
    }
    assert_int_equal(seen, model->count);
    assert_int_equal(map_count(map), model->count);
}

static void random_operations_agree_with_the_model(void **state)
{
    (void)state;
    static struct model model;
    static char values[64];
    struct map map = {0};
    struct random random;
    random_seed(&random, 11, "map");
    for (int i = 0; i < 60000; i++) {
        char key[40];
        int n = (int)random_below(&random, MODEL_MAX);
        (void)snprintf(key, sizeof key, n % 2 ? "%d" : "a long key, kept outside: %d", n);
        size_t at = model_find(&model, key), choice = random_below(&random, i / 10000 % 2 ? 8 : 4);
        void *value = &values[random_below(&random, sizeof values)], *expected = at < model.count ? model.values[at] : NULL;
        if (choice < 2) {
            assert_ptr_equal(map_put(&map, key, strlen(key), value), expected);
            if (at == model.count)
                strcpy(model.keys[model.count++], key);
            model.values[at] = value;
        } else if (choice == 2 || choice > 4) { /* in some stretches more is removed than put */
            assert_ptr_equal(map_remove(&map, key, strlen(key)), expected);
            if (at < model.count)
                model_remove(&model, at);
        } else {
            assert_ptr_equal(map_get(&map, key, strlen(key)), expected);
        }
        if (i % 500 == 0)
            check_same(&map, &model);
    }
    check_same(&map, &model);
    map_free(&map);
}

static void the_given_entry_may_be_removed_while_iterating(void **state)
{
    (void)state;
    struct map map = {0};
    int value;
    for (uint32_t i = 0; i < 100; i++)
        map_put(&map, &i, sizeof i, &value);
    const void *key;
    uint32_t expected = 0;
    for (size_t at = 0; map_next(&map, &at, &key, NULL, NULL); expected++) {
        uint32_t number;
        memcpy(&number, key, sizeof number);
        assert_int_equal(number, expected);
        if (number % 3)
            assert_ptr_equal(map_remove(&map, &number, sizeof number), &value);
    }
    assert_int_equal(expected, 100);
    assert_int_equal(map_count(&map), 34);
    map_free(&map);
}

/* A queue's pattern: the table must not grow when entries only come and go. */
static void coming_and_going_does_not_grow_it(void **state)
{
    (void)state;
    struct map map = {0};
    int value;
    for (uint32_t i = 0; i < 100000; i++) {
        map_put(&map, &i, sizeof i, &value);
        if (i >= 10) {
            uint32_t old = i - 10;
            assert_ptr_equal(map_remove(&map, &old, sizeof old), &value);
        }
    }
    assert_int_equal(map_count(&map), 10);
    assert_true(map.slot_count <= 64);
    map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_is_valid), cmocka_unit_test(values_are_put_replaced_and_removed),
        cmocka_unit_test(random_operations_agree_with_the_model),
        cmocka_unit_test(the_given_entry_may_be_removed_while_iterating), cmocka_unit_test(coming_and_going_does_not_grow_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
