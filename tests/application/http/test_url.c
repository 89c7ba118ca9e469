/* URLs: taken apart, resolved (RFC 3986 section 5.4's own examples), and made safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "application/http/url.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"

static void a_url_is_taken_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct url url;
    assert_int_equal(url_parse("HTTP://me:p%40ss@Www.Shop.example:8080/a/b?c=d#e", &arena, &url, NULL), 0);
    assert_string_equal(url.scheme, "http");
    assert_string_equal(url.user, "me");
    assert_string_equal(url.password, "p@ss");
    assert_string_equal(url.host, "www.shop.example");
    assert_int_equal(url.port, 8080);
    assert_string_equal(url.path, "/a/b");
    assert_string_equal(url.query, "c=d");
    assert_string_equal(url.fragment, "e");
    assert_string_equal(url_print(&url, &arena), "http://www.shop.example:8080/a/b?c=d#e");
    assert_string_equal(url_target(&url, &arena), "/a/b?c=d");
    assert_int_equal(url_parse("https://[2001:db8::1]", &arena, &url, NULL), 0);
    assert_string_equal(url.host, "2001:db8::1");
    assert_int_equal(url.port, 443);
    assert_string_equal(url.path, "/");
    assert_string_equal(url_host_field(&url, &arena), "[2001:db8::1]");
    assert_int_equal(url_parse("http://a?b/c", &arena, &url, NULL), 0);
    assert_string_equal(url_target(&url, &arena), "/?b/c");
    static const char *const BAD[] = {"",
                                      "a",
                                      "/a",
                                      "http:",
                                      "http://",
                                      "http:///a",
                                      "http://a b/",
                                      "http://a\r\nX: y/",
                                      "http://a:b/",
                                      "http://a:65536/",
                                      "http://[::1/",
                                      "http://[::g]/",
                                      "http://[::1]x/",
                                      "http://a^b/",
                                      "http://%zz@a/",
                                      "1http://a/"};
    for (size_t i = 0; i < count_of(BAD); i++)
        if (url_parse(BAD[i], &arena, &url, NULL) != IMP_MALFORMED)
            fail_msg("accepted: %s", BAD[i]);
    char *longest = arena_take(&arena, LIMIT_HTTP_URL_BYTES + 20);
    memset(longest, 'a', LIMIT_HTTP_URL_BYTES + 10);
    memcpy(longest, "http://", 7);
    assert_int_equal(url_parse(longest, &arena, &url, NULL), IMP_LIMIT);
    arena_free(&arena);
}

static void references_are_resolved(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"g", "http://a/b/c/g"},      {"./g", "http://a/b/c/g"},      {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},         {"//g", "http://g/"},           {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},  {"#s", "http://a/b/c/d;p?q#s"}, {"g#s", "http://a/b/c/g#s"},
        {";x", "http://a/b/c/;x"},    {"", "http://a/b/c/d;p?q"},     {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},      {"..", "http://a/b/"},          {"../g", "http://a/b/g"},
        {"../..", "http://a/"},       {"../../g", "http://a/g"},      {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},       {"/../g", "http://a/g"},        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},  {"./../g", "http://a/b/g"},     {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"}, {"https://x/y", "https://x/y"},
    };
    struct arena arena = {0};
    struct url base, url;
    assert_int_equal(url_parse("http://a/b/c/d;p?q", &arena, &base, NULL), 0);
    for (size_t i = 0; i < count_of(CASES); i++) {
        assert_int_equal(url_resolve(&base, CASES[i][0], &arena, &url), 0);
        assert_string_equal(url_print(&url, &arena), CASES[i][1]);
    }
    assert_int_equal(url_resolve(&base, "a b", &arena, &url), IMP_MALFORMED);
    arena_free(&arena);
}

static void a_path_cannot_climb(void **state)
{
    (void)state;
    static const struct {
        const char *target, *want; /* NULL: refused */
    } CASES[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a%20b", "/a b"},
        {"/../../etc/passwd", "/etc/passwd"},
        {"/%2e%2e/%2e%2e/etc", "/etc"},
        {"/a/..%2f..%2fetc", "/etc"},
        {"/a/./b/../c", "/a/c"},
        {"//a///b", "/a/b"},
        {"/a/..", "/"},
        {"/a?b/../..", "/a"},
        {"/%252e%252e/x", "/%2e%2e/x"},
        {"/..%5c..%5cx", NULL},
        {"/a%00b", NULL},
        {"/%", NULL},
        {"/%4", NULL},
        {"/%gg", NULL},
        {"a", NULL},
        {"", NULL},
        {"/...", "/..."},
        {"/.hidden", "/.hidden"},
    };
    char out[64];
    for (size_t i = 0; i < count_of(CASES); i++) {
        int error = url_safe_path(CASES[i].target, out, sizeof out);
        if (CASES[i].want) {
            assert_int_equal(error, 0);
            assert_string_equal(out, CASES[i].want);
        } else {
            assert_int_equal(error, IMP_MALFORMED);
        }
    }
    assert_int_equal(url_safe_path("/0123456789", out, 8), IMP_NO_SPACE);
}

static void encoding_is_undone_by_decoding(void **state)
{
    (void)state;
    struct arena arena = {0};
    char every[256], back[256];
    for (int i = 1; i < 256; i++)
        every[i - 1] = (char)i;
    every[255] = 0;
    const char *encoded = url_encode(every, false, &arena);
    assert_int_equal(url_decode(encoded, strlen(encoded), back, sizeof back), 255);
    assert_string_equal(back, every);
    assert_string_equal(url_encode("/a b", true, &arena), "/a%20b");
    assert_string_equal(url_encode("/~", false, &arena), "%2F~");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_taken_apart),
        cmocka_unit_test(references_are_resolved),
        cmocka_unit_test(a_path_cannot_climb),
        cmocka_unit_test(encoding_is_undone_by_decoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
