/* The committed reference is what the program makes: docs/lab-format.md and docs/lab.schema.json. When this fails, `make docs`. */
#include <jansson.h>

#include "lab/reference.h"
#include "load.h"

static void expect_file(const char *path, const struct text *expected)
{
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing: run `make docs`", path);
    struct text seen = {0};
    char part[4096];
    for (size_t n; (n = fread(part, 1, sizeof part, file)) > 0;)
        text_add_bytes(&seen, part, n);
    fclose(file);
    bool same = seen.length == expected->length && memcmp(seen.data, expected->data, seen.length) == 0;
    text_free(&seen);
    if (!same)
        fail_msg("%s is out of date: run `make docs` and commit it", path);
}

static void the_page_is_up_to_date(void **state)
{
    (void)state;
    struct text page = {0};
    reference_page(&page);
    expect_file("docs/lab-format.md", &page);
    text_free(&page);
}

static void the_schema_is_up_to_date_and_json(void **state)
{
    (void)state;
    struct text schema = {0};
    reference_schema(&schema);
    json_error_t error;
    json_t *json = json_loadb(schema.data, schema.length, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("line %d: %s", error.line, error.text);
    json_decref(json);
    expect_file("docs/lab.schema.json", &schema);
    text_free(&schema);
}

/* Every key has its sentence, and every service too. */
static void check_keys(const char *where, const struct config_key *keys)
{
    for (; keys && keys->name; keys++) {
        if (!keys->about || !*keys->about)
            fail_msg("%s: the key '%s' has no sentence", where, keys->name);
        check_keys(where, keys->keys);
    }
}

static void every_key_is_explained(void **state)
{
    (void)state;
    check_keys("lab", LAB_KEYS);
    for (size_t i = 0; SERVICES[i]; i++) {
        assert_true(SERVICES[i]->summary && *SERVICES[i]->summary);
        check_keys(SERVICES[i]->name, SERVICES[i]->keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_up_to_date),
        cmocka_unit_test(the_schema_is_up_to_date_and_json),
        cmocka_unit_test(every_key_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
