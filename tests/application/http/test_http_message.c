/* HTTP's vocabulary: lists, quality values, entity tags, dates and ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "application/http/message.h"
#include "base/error.h"
#include "base/memory.h"

static void methods_and_phrases(void **state)
{
    (void)state;
    for (int i = HTTP_GET; i <= HTTP_PATCH; i++)
        assert_int_equal(http_method_find(http_method_name((enum http_method)i)), i);
    assert_int_equal(http_method_find("get"), HTTP_OTHER);
    assert_string_equal(http_status_phrase(404), "Not Found");
    assert_string_equal(http_status_phrase(499), "Client Error");
    assert_string_equal(http_status_phrase(999), "Unknown");
}

static void lists_are_split(void **state)
{
    (void)state;
    const char *at = " a,, \"b, c\" ;x , d\\e,\t";
    static const char *const WANT[] = {"a", "\"b, c\" ;x", "d\\e"};
    struct bytes element;
    size_t n = 0;
    while (http_list_next(&at, &element)) {
        assert_true(n < count_of(WANT));
        assert_int_equal(element.length, strlen(WANT[n]));
        assert_memory_equal(element.data, WANT[n++], element.length);
    }
    assert_int_equal(n, 3);
    struct http_field list[] = {{"Connection", "keep-alive, Upgrade"}, {"connection", "close"}};
    struct http_fields fields = {list, 2};
    assert_true(http_field_has_token(&fields, "CONNECTION", "upgrade"));
    assert_true(http_field_has_token(&fields, "Connection", "close"));
    assert_false(http_field_has_token(&fields, "Connection", "clos"));
}

static void quality_values(void **state)
{
    (void)state;
    static const struct {
        const char *list, *offer;
        unsigned want;
    } CASES[] = {
        {"text/html", "text/html", 1000},
        {"text/*;q=0.5", "text/html", 500},
        {"*/*;q=0.1, text/html;q=0.75", "text/html", 750},
        {"gzip, *;q=0", "br", 0},
        {"gzip;q=0", "gzip", 0},
        {"TEXT/HTML; level=1; Q=0.123", "text/html", 123},
        {"text/*, text/html;q=0", "text/html", 0},
        {"application/json", "text/html", 0},
    };
    for (size_t i = 0; i < count_of(CASES); i++)
        assert_int_equal(http_quality(CASES[i].list, CASES[i].offer), CASES[i].want);
}

static void entity_tags(void **state)
{
    (void)state;
    assert_true(http_etag_listed("*", "\"x\"", true));
    assert_true(http_etag_listed("\"a\", \"x\"", "\"x\"", true));
    assert_false(http_etag_listed("W/\"x\"", "\"x\"", true));
    assert_true(http_etag_listed("W/\"x\"", "\"x\"", false));
    assert_false(http_etag_listed("\"x", "\"x\"", false));
    assert_false(http_etag_listed("", "", false));
    assert_true(http_etag_is_valid("W/\"\""));
    assert_false(http_etag_is_valid("x"));
}

static void dates_go_both_ways(void **state)
{
    (void)state;
    char out[HTTP_DATE_BYTES];
    int64_t s;
    assert_int_equal(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &s), 0);
    assert_int_equal(s, 784111777);
    assert_int_equal(http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &s), 0);
    assert_int_equal(s, 784111777);
    assert_int_equal(http_date_parse("Sun Nov  6 08:49:37 1994", &s), 0);
    assert_int_equal(s, 784111777);
    assert_string_equal(http_date_print(784111777, out, sizeof out), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(http_date_print(0, out, sizeof out), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(http_date_print(1709210096, out, sizeof out), "Thu, 29 Feb 2024 12:34:56 GMT");
    for (int64_t t = -86400; t < INT64_C(5000000000); t += 86399 * 17) {
        int64_t back;
        assert_int_equal(http_date_parse(http_date_print(t, out, sizeof out), &back), 0);
        assert_int_equal(back, t);
    }
    static const char *const BAD[] = {"",
                                      "now",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Xyz 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMTX",
                                      "Sun, 00 Nov 1994 08:49:37 GMT"};
    for (size_t i = 0; i < count_of(BAD); i++)
        assert_int_equal(http_date_parse(BAD[i], &s), IMP_MALFORMED);
}

static void ranges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t size;
        int count;
        struct http_range want[2];
    } CASES[] = {
        {"bytes=0-99", 1000, 1, {{0, 99}}},
        {"bytes=0-", 1000, 1, {{0, 999}}},
        {"bytes=-100", 1000, 1, {{900, 999}}},
        {"bytes=-2000", 1000, 1, {{0, 999}}},
        {"bytes=900-2000", 1000, 1, {{900, 999}}},
        {"bytes=0-0, -1", 1000, 2, {{0, 0}, {999, 999}}},
        {"bytes=1000-", 1000, 0, {{0, 0}}},
        {"bytes=-0", 1000, 0, {{0, 0}}},
        {"bytes=0-0", 0, 0, {{0, 0}}},
        {"bytes=5000-,1-2", 1000, 1, {{1, 2}}},
        {"bytes=99999999999999999999-", 1000, 0, {{0, 0}}},
        {"bytes=2-1", 1000, IMP_MALFORMED, {{0, 0}}},
        {"bytes=-", 1000, IMP_MALFORMED, {{0, 0}}},
        {"bytes=a-b", 1000, IMP_MALFORMED, {{0, 0}}},
        {"bytes=", 1000, IMP_MALFORMED, {{0, 0}}},
        {"lines=1-2", 1000, IMP_UNSUPPORTED, {{0, 0}}},
        {"bytes=0-0,1-1,2-2", 1000, IMP_LIMIT, {{0, 0}}},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct http_range out[2];
        int count = http_range_parse(CASES[i].text, CASES[i].size, out, 2);
        if (count != CASES[i].count)
            fail_msg("%s: %d", CASES[i].text, count);
        for (int k = 0; k < count; k++) {
            assert_int_equal(out[k].first, CASES[i].want[k].first);
            assert_int_equal(out[k].last, CASES[i].want[k].last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_and_phrases), cmocka_unit_test(lists_are_split),    cmocka_unit_test(quality_values),
        cmocka_unit_test(entity_tags),         cmocka_unit_test(dates_go_both_ways), cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
