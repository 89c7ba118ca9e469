/* Word splitting as sh does it, patterns of names, and regular expressions. */
#include "lab/pattern.h"
#include "lab/regex.h"
#include "lab/words.h"
#include "load.h"

static void expect_words(const char *text, const char *joined, bool background)
{
    struct arena arena = {0};
    struct words words;
    const char *error;
    struct text seen = {0};
    assert_int_equal(words_split(text, &arena, &words, &error), 0);
    for (int i = 0; i < words.count; i++)
        text_format(&seen, "<%s>", words.words[i]);
    assert_string_equal(text_string(&seen), joined);
    assert_null(words.words[words.count]);
    assert_int_equal(words.background, background);
    text_free(&seen);
    arena_free(&arena);
}

static void refuse_words(const char *text, const char *sentence)
{
    struct arena arena = {0};
    struct words words;
    const char *error;
    assert_int_not_equal(words_split(text, &arena, &words, &error), 0);
    if (!strstr(error, sentence))
        fail_msg("%s: '%s' is not in '%s'", text, sentence, error);
    arena_free(&arena);
}

static void words_are_split_as_sh_does(void **state)
{
    (void)state;
    expect_words("ping -c 1 10.0.0.1", "<ping><-c><1><10.0.0.1>", false);
    expect_words("  a\tb \n", "<a><b>", false);
    expect_words("curl 'a b' \"c d\"e", "<curl><a b><c de>", false);
    expect_words("a '' \"\"", "<a><><>", false);
    expect_words("a\\ b c\\\\d", "<a b><c\\d>", false);
    expect_words("\"a\\\"b\\n\" '\\'", "<a\"b\\n><\\>", false);
    expect_words("'$x|y'", "<$x|y>", false);
    expect_words("ping x &", "<ping><x>", true);
    expect_words("a#b", "<a#b>", false);
    expect_words("a \\", "<a><\\>", false);
}

static void what_needs_a_shell_is_refused(void **state)
{
    (void)state;
    refuse_words("a | b", "'|' is for a shell");
    refuse_words("a > b", "'>' is for a shell");
    refuse_words("a; b", "';' is for a shell");
    refuse_words("a & b", "'&' is for a shell");
    refuse_words("a $HOME", "'$' is for a shell");
    refuse_words("a \"$HOME\"", "for a shell");
    refuse_words("a `b`", "'`' is for a shell");
    refuse_words("a 'b", "a ' without its end");
    refuse_words("a \"b", "a \" without its end");
    refuse_words("", "no command");
    refuse_words("&", "no command");
}

static void expect_names(const char *text, size_t count, const char *first, const char *second, const char *last)
{
    struct arena arena = {0};
    struct pattern pattern;
    const char *error = "";
    assert_int_equal(pattern_parse(text, &pattern, &error), 0);
    assert_int_equal(pattern.count, count);
    assert_string_equal(pattern_name(&pattern, 0, &arena), first);
    assert_string_equal(pattern_name(&pattern, count > 1, &arena), second);
    assert_string_equal(pattern_name(&pattern, count - 1, &arena), last);
    arena_free(&arena);
}

static void patterns_stand_for_names(void **state)
{
    (void)state;
    expect_names("laptop", 1, "laptop", "laptop", "laptop");
    expect_names("h[1-100]", 100, "h1", "h2", "h100");
    expect_names("h[01-20]", 20, "h01", "h02", "h20");
    expect_names("h[098-101]", 4, "h098", "h099", "h101");
    expect_names("p[1-4]h[1-16]x", 64, "p1h1x", "p1h2x", "p4h16x");
    expect_names("[7-7]", 1, "7", "7", "7");
    static const char *const bad[] = {"h[",
                                      "h[1",
                                      "h[1-",
                                      "h[1-]",
                                      "h[-1]",
                                      "h[a-b]",
                                      "h]",
                                      "h[1-2]]",
                                      "h[2-1]",
                                      "h[1-999999999]",
                                      "h[1-1000]x[1-1000]",
                                      "[1-2][1-2][1-2][1-2][1-2]",
                                      "h[1-9999999999]",
                                      "h[[1-2]"};
    for (size_t i = 0; i < count_of(bad); i++) {
        struct pattern pattern;
        const char *error = NULL;
        assert_int_not_equal(pattern_parse(bad[i], &pattern, &error), 0);
        assert_non_null(error);
    }
}

static bool holds(const char *expected, const char *text) { return regex_holds(expected, text, strlen(text)); }

static void texts_and_expressions_are_looked_for(void **state)
{
    (void)state;
    assert_true(holds("Hello", "a Hello b"));
    assert_false(holds("hello", "a Hello b"));
    assert_true(holds("", "x"));
    assert_true(holds("/^b$/", "a\nb\nc"));
    assert_false(holds("/^b$/", "abc"));
    assert_true(holds("/HELLO/i", "hello"));
    assert_true(holds("/a.c/s", "a\nc"));
    assert_false(holds("/a.c/", "a\nc"));
    assert_true(holds("/usr/bin", "in /usr/bin today")); /* no pattern: more than flags behind the last slash */
    assert_true(regex_holds("/b/", "a\0b", 3));
    /* exponential backtracking ends at the limit, and does not hold */
    assert_false(holds("/^(a+)+$/", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
    char error[120];
    assert_int_equal(regex_check("/[a/", error, sizeof error), -1);
    assert_int_equal(regex_check("[a", error, sizeof error), 0);
}

static int parse_count(const char *text, int64_t *out)
{
    uint64_t number;
    int result = number_parse(text, INT64_MAX, &number);
    *out = result ? 0 : (int64_t)number;
    return result;
}

static void bounds_compare(void **state)
{
    (void)state;
    struct bound bound;
    assert_true(bound_parse("3", parse_count, &bound));
    assert_true(bound_holds(&bound, 3) && !bound_holds(&bound, 4));
    assert_true(bound_parse("< 3", parse_count, &bound));
    assert_true(bound_holds(&bound, 2) && !bound_holds(&bound, 3));
    assert_true(bound_parse("<=3", parse_count, &bound));
    assert_true(bound_holds(&bound, 3) && !bound_holds(&bound, 4));
    assert_true(bound_parse(">3", parse_count, &bound));
    assert_true(bound_holds(&bound, 4) && !bound_holds(&bound, 3));
    assert_true(bound_parse(">= 20ms", duration_parse, &bound));
    assert_true(bound_holds(&bound, 20000000) && !bound_holds(&bound, 19999999));
    assert_false(bound_parse("> ", parse_count, &bound));
    assert_false(bound_parse("many", parse_count, &bound));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_as_sh_does),
        cmocka_unit_test(what_needs_a_shell_is_refused),
        cmocka_unit_test(patterns_stand_for_names),
        cmocka_unit_test(bounds_compare),
        cmocka_unit_test(texts_and_expressions_are_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
