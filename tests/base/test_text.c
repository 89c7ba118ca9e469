/* Growing strings, JSON strings, numbers with units, and "did you mean". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

static void a_text_grows_and_stays_terminated(void **state)
{
    (void)state;
    struct text text = {0};
    assert_string_equal(text_string(&text), "");
    text_clear(&text);
    text_add(&text, "");
    assert_non_null(text.data);
    for (int i = 0; i < 1000; i++) {
        text_format(&text, "%d,", i % 10);
        text_add_char(&text, 'x');
        text_add_bytes(&text, "yz", 2);
        assert_int_equal(strlen(text_string(&text)), text.length);
    }
    assert_int_equal(text.length, 5000);
    assert_memory_equal(text.data, "0,xyz1,xyz2,xyz", 15);
    text_clear(&text);
    assert_string_equal(text_string(&text), "");
    text_format(&text, "%s", "");
    text_format(&text, "%0200d", 1); /* longer than what is left */
    assert_int_equal(text.length, 200);
    text_free(&text);
    assert_null(text.data);
}

static void check_json(const char *in, size_t length, const char *expected)
{
    struct text text = {0};
    text_add_json(&text, in, length);
    assert_string_equal(text_string(&text), expected);
    text_free(&text);
}

static void json_strings_are_always_valid(void **state)
{
    (void)state;
    check_json("", 0, "\"\"");
    check_json("a\"b\\c\n\t\x01", 8, "\"a\\\"b\\\\c\\n\\u0009\\u0001\"");
    check_json("a\0b", 3, "\"a\\u0000b\"");
    check_json("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x99", 9, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x99\"");
    check_json("\xff", 1, "\"\xef\xbf\xbd\"");
    check_json("\xc3", 1, "\"\xef\xbf\xbd\"");                                                 /* cut short */
    check_json("\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");                                 /* overlong */
    check_json("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");                 /* a surrogate */
    check_json("\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* past U+10FFFF */
}

static void numbers_are_plain_decimals(void **state)
{
    (void)state;
    uint64_t n = 9;
    assert_int_equal(number_parse("0", 0, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(number_parse("65535", 65535, &n), 0);
    assert_int_equal(n, 65535);
    assert_int_equal(number_parse("18446744073709551615", UINT64_MAX, &n), 0);
    assert_true(n == UINT64_MAX);
    assert_int_equal(number_parse("65536", 65535, &n), IMP_INVALID);
    assert_int_equal(number_parse("18446744073709551616", UINT64_MAX, &n), IMP_INVALID);
    assert_int_equal(number_parse("99999999999999999999999", UINT64_MAX, &n), IMP_INVALID);
    static const char *const malformed[] = {"", " 1", "1 ", "-1", "+1", "0x10", "1.0", "1a", "99999999999999999999999x"};
    for (size_t i = 0; i < count_of(malformed); i++)
        assert_int_equal(number_parse(malformed[i], UINT64_MAX, &n), IMP_MALFORMED);
    assert_true(n == UINT64_MAX); /* untouched by the failures */
}

static void sizes_have_units_of_1000_and_1024(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"1500", 1500},     {"64k", 64000},    {"2M", 2000000},    {"1.5G", 1500000000},  {"64KiB", 65536},
                {"1 MiB", 1048576}, {"1.5KiB", 1536},  {"10B", 10},        {"3kB", 3000},         {"0", 0},
                {"1Ki", 1024},      {"1GiB", 1 << 30}, {"0.3MiB", 314572}, {"1TB", 1000000000000}};
    uint64_t n;
    for (size_t i = 0; i < count_of(good); i++) {
        assert_int_equal(size_parse(good[i].text, &n), 0);
        assert_int_equal(n, good[i].bytes);
    }
    static const char *const malformed[] = {"", "k", "1x", "1kk", "1kbit", "-1", "1 k B", "1.k", "1KIB"};
    for (size_t i = 0; i < count_of(malformed); i++)
        assert_int_equal(size_parse(malformed[i], &n), IMP_MALFORMED);
    assert_int_equal(size_parse("18446744073709551615", &n), 0);
    assert_int_equal(size_parse("18446744073709551616", &n), IMP_INVALID);
    assert_int_equal(size_parse("20000000000G", &n), IMP_INVALID);
}

static void rates_are_bits_per_second(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t rate;
    } good[] = {{"100k", 100000}, {"10M", 10000000},    {"1G", 1000000000},      {"2.5Gbit/s", 2500000000}, {"56kbps", 56000},
                {"1200", 1200},   {"9600 bit/s", 9600}, {"100 Mbit", 100000000}, {"1Tb/s", 1000000000000},  {"0", 0}};
    uint64_t n;
    for (size_t i = 0; i < count_of(good); i++) {
        assert_int_equal(rate_parse(good[i].text, &n), 0);
        assert_int_equal(n, good[i].rate);
    }
    static const char *const malformed[] = {"", "M", "1MB/s", "1MiB", "fast", "1 Mbit/", "-1M"};
    for (size_t i = 0; i < count_of(malformed); i++)
        assert_int_equal(rate_parse(malformed[i], &n), IMP_MALFORMED);
    assert_int_equal(rate_parse("99999999999T", &n), IMP_INVALID);
}

static void sizes_and_rates_read_back_as_printed(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(size_print(0, out, sizeof out), "0 B");
    assert_string_equal(size_print(1500, out, sizeof out), "1500 B");
    assert_string_equal(size_print(65536, out, sizeof out), "64 KiB");
    assert_string_equal(size_print(2000000, out, sizeof out), "2 MB");
    assert_string_equal(rate_print(0, out, sizeof out), "0 bit/s");
    assert_string_equal(rate_print(2500000000, out, sizeof out), "2.5 Gbit/s");
    assert_string_equal(rate_print(56000, out, sizeof out), "56 kbit/s");
    struct random random;
    random_seed(&random, 1, "sizes");
    for (int i = 0; i < 20000; i++) {
        uint64_t value = random_u64(&random) >> random_below(&random, 64), back = 0;
        if (i % 3 == 0)
            value &= ~(uint64_t)0xfffff;
        assert_int_equal(size_parse(size_print(value, out, sizeof out), &back), 0);
        assert_true(back == value);
        assert_int_equal(rate_parse(rate_print(value, out, sizeof out), &back), 0);
        assert_true(back == value);
    }
}

static void case_is_folded_in_ascii_only(void **state)
{
    (void)state;
    assert_true(text_equal_fold("Content-Length", "content-LENGTH"));
    assert_true(text_equal_fold("", ""));
    assert_false(text_equal_fold("a", "ab"));
    assert_false(text_equal_fold("ab", "a"));
    assert_false(text_equal_fold("\xc3\x89", "\xc3\xa9"));
    assert_false(text_equal_fold("@", "`")); /* 32 apart, and no letters */
}

static void distances_count_slips(void **state)
{
    (void)state;
    assert_int_equal(text_distance("", ""), 0);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("abc", ""), 3);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("router", "rotuer"), 1);
    assert_int_equal(text_distance("ca", "abc"), 3); /* optimal string alignment, not full Damerau-Levenshtein */
    assert_int_equal(text_distance("address", "adress"), 1);
}

static void only_near_words_are_suggested(void **state)
{
    (void)state;
    static const char *const keys[] = {"kind", "ports", "services", "address", "dns", NULL};
    assert_string_equal(text_nearest("adress", keys), "address");
    assert_string_equal(text_nearest("port", keys), "ports");
    assert_string_equal(text_nearest("sevrices", keys), "services");
    assert_string_equal(text_nearest("kidn", keys), "kind");
    assert_string_equal(text_nearest("dns", keys), "dns");
    assert_null(text_nearest("bandwidth", keys));
    assert_null(text_nearest("xyz", keys));
    assert_null(text_nearest("", keys));
    static const char *const none[] = {NULL};
    assert_null(text_nearest("kind", none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows_and_stays_terminated), cmocka_unit_test(json_strings_are_always_valid),
        cmocka_unit_test(numbers_are_plain_decimals),        cmocka_unit_test(sizes_have_units_of_1000_and_1024),
        cmocka_unit_test(rates_are_bits_per_second),         cmocka_unit_test(sizes_and_rates_read_back_as_printed),
        cmocka_unit_test(case_is_folded_in_ascii_only),      cmocka_unit_test(distances_count_slips),
        cmocka_unit_test(only_near_words_are_suggested)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
