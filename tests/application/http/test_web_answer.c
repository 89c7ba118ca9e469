/* What a web server decides, without a network: routes, preconditions, ranges, and the site's loading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "application/http/answer.h"
#include "base/error.h"
#include "base/memory.h"

static struct arena arena;
static struct web_site site;

static const struct web_header GONE_HEADERS[] = {{"Location", "/other"}};
static const struct web_page_config PAGES[] = {
    {.path = "/", .text = "<h1>Hello</h1>"},
    {.path = "digits",
     .body = "0123456789",
     .etag = "\"v1\"",
     .modified = "Sun, 06 Nov 1994 08:49:37 GMT",
     .type = "text/plain"},
    {.path = "/big", .size = 1000},
    {.path = "/echo", .echo = true},
    {.path = "/chunked.txt", .body = "abc", .chunked = true},
    {.path = "/moved", .text = "", .status = 302, .headers = GONE_HEADERS, .header_count = 1},
    {.path = "/folder/index.html", .text = "in a folder"},
    {.path = "/empty", .text = ""},
};

/* One exchange: what the server would answer; the whole of it, as bytes, in *out. */
static unsigned ask(const char *request, struct text *out)
{
    struct http1_parser parser;
    struct web_answer answer = {.keep_alive = true};
    struct web_moment moment = {784111777, "imp"};
    struct text location = {0};
    const struct web_page *page;
    struct bytes data, body = {0};
    size_t length = strlen(request), at = 0, used;
    http1_init(&parser, false);
    enum http1_event event = http1_parse(&parser, (const uint8_t *)request, length, &used, &data);
    assert_int_equal(event, HTTP1_HEAD);
    at += used;
    while ((event = http1_parse(&parser, (const uint8_t *)request + at, length - at, &used, &data)) != HTTP1_END) {
        assert_int_equal(event, HTTP1_DATA);
        body = data;
        at += used;
    }
    unsigned status = web_route(&site, &parser.head, &page, &location);
    answer.page = page;
    if (status)
        web_answer_status(&answer, status, &parser.head, text_string(&location), NULL, &moment);
    else
        web_answer_page(&answer, page, &parser.head, body, &moment);
    status = answer.status;
    text_clear(out);
    text_add_bytes(out, answer.head.data, answer.head.length);
    size_t head = out->length;
    text_add_bytes(out, text_string(&answer.body), answer.body.length);
    for (int i = 0; i < answer.range_count; i++) {
        uint8_t piece[4096];
        size_t n = (size_t)(answer.ranges[i].last - answer.ranges[i].first + 1);
        if (answer.multipart)
            web_answer_part(&answer, i, out);
        web_page_copy(answer.page, answer.ranges[i].first, piece, n);
        text_add_bytes(out, piece, n);
    }
    if (answer.multipart)
        web_answer_part(&answer, answer.range_count, out);
    assert_int_equal(out->length - head, answer.body_bytes);
    web_answer_free(&answer);
    text_free(&location);
    http1_free(&parser);
    return status;
}

static const struct answer_case {
    const char *request;
    unsigned status;
    const char *holds, *lacks, *body;
} CASES[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Content-Type: text/html", "Connection:", "<h1>Hello</h1>"},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: imp\r\n", NULL, NULL},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, "Connection: close", NULL, NULL},
    {"GET / HTTP/1.0\r\n\r\n", 200, "Connection: close", NULL, NULL},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "Connection: keep-alive", NULL, NULL},
    {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Content-Length: 14", NULL, ""},
    {"HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, "Content-Length: ", NULL, ""},
    {"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", 204, "Allow: GET, HEAD, OPTIONS\r\n", "Content-Length", ""},
    {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, "text/html", NULL, NULL},
    {"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404, NULL, NULL, NULL},
    {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, NULL, NULL, NULL},
    {"GET /folder HTTP/1.1\r\nHost: a\r\n\r\n", 301, "Location: /folder/\r\n", NULL, NULL},
    {"GET //folder?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", 301, "Location: /folder/?x=1\r\n", NULL, NULL},
    {"GET /folder/ HTTP/1.1\r\nHost: a\r\n\r\n", 200, NULL, NULL, "in a folder"},
    {"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: GET, HEAD, OPTIONS\r\n", NULL, NULL},
    {"DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n", 405, "Allow: GET, HEAD, OPTIONS, POST, PUT\r\n", NULL, NULL},
    {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, NULL, NULL, NULL},
    {"POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", 411, NULL, NULL, NULL},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Type: x/y\r\n\r\nhello", 200, "Content-Type: x/y", NULL,
     "hello"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405, NULL, NULL, NULL},
    {"GET /moved HTTP/1.1\r\nHost: a\r\n\r\n", 302, "Location: /other\r\n", NULL, ""},
    {"GET /chunked.txt HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Transfer-Encoding: chunked", "Content-Length", "abc"},
    {"GET /chunked.txt HTTP/1.0\r\n\r\n", 200, "Connection: close", "Transfer-Encoding", "abc"},
    {"GET /empty HTTP/1.1\r\nHost: a\r\n\r\n", 200, "Content-Length: 0", NULL, ""},
    /* preconditions, RFC 9110 section 13.2.2 */
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v1\"\r\n\r\n", 304,
     "ETag: \"v1\"\r\nLast-Modified: ", "Content-Length", ""},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-None-Match: W/\"v1\"\r\n\r\n", 304, NULL, NULL, ""},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v2\"\r\n\r\n", 200, NULL, NULL, "0123456789"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v2\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
     200, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", 304, NULL, NULL, ""},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n\r\n", 200, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: yesterday\r\n\r\n", 200, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Match: \"v2\"\r\n\r\n", 412, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Match: W/\"v1\"\r\n\r\n", 412, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Match: *\r\n\r\n", 200, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n\r\n", 412, NULL, NULL, NULL},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", 200, NULL, NULL, NULL},
    /* ranges */
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=2-4\r\n\r\n", 206, "Content-Range: bytes 2-4/10\r\n", NULL, "234"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=-3\r\n\r\n", 206, "Content-Length: 3\r\n", NULL, "789"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=20-\r\n\r\n", 416, "Content-Range: bytes */10\r\n", NULL, ""},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=4-2\r\n\r\n", 200, NULL, "Content-Range", "0123456789"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: lines=1-2\r\n\r\n", 200, NULL, NULL, "0123456789"},
    {"HEAD /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=2-4\r\n\r\n", 200, "Content-Length: 10", NULL, ""},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0,5-6\r\n\r\n", 206, "multipart/byteranges; boundary=imp-part-v1-",
     NULL,
     "\r\n--imp-part-v1-\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-0/10\r\n\r\n0"
     "\r\n--imp-part-v1-\r\nContent-Type: text/plain\r\nContent-Range: bytes 5-6/10\r\n\r\n56\r\n--imp-part-v1---\r\n"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=1-1\r\nIf-Range: \"v1\"\r\n\r\n", 206, NULL, NULL, "1"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=1-1\r\nIf-Range: \"v2\"\r\n\r\n", 200, NULL, NULL, "0123456789"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=1-1\r\nIf-Range: W/\"v1\"\r\n\r\n", 200, NULL, NULL, "0123456789"},
    {"GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=1-1\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", 206, NULL, NULL,
     "1"},
    {"GET /moved HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\n\r\n", 302, NULL, "Content-Range", ""},
    {"GET /big HTTP/1.1\r\nHost: a\r\nRange: bytes=64-75\r\n\r\n", 206, NULL, NULL, "000000000001"},
};

static void every_answer_is_as_the_rfc_says(void **state)
{
    (void)state;
    struct text out = {0};
    for (size_t i = 0; i < count_of(CASES); i++) {
        const struct answer_case *c = &CASES[i];
        unsigned status = ask(c->request, &out);
        const char *body = strstr(text_string(&out), "\r\n\r\n");
        assert_non_null(body);
        if (status != c->status || (c->holds && !strstr(out.data, c->holds)) || (c->lacks && strstr(out.data, c->lacks)) ||
            (c->body && strcmp(body + 4, c->body) != 0))
            fail_msg("case %zu:\n%s\nwas answered:\n%s", i, c->request, out.data);
    }
    text_free(&out);
}

static void too_many_ranges_get_the_whole(void **state)
{
    (void)state;
    struct text request = {0}, out = {0};
    text_add(&request, "GET /digits HTTP/1.1\r\nHost: a\r\nRange: bytes=0-0");
    for (int i = 0; i < LIMIT_HTTP_RANGES; i++)
        text_add(&request, ",0-");
    text_add(&request, "\r\n\r\n");
    assert_int_equal(ask(request.data, &out), 200);
    text_free(&request);
    text_free(&out);
}

static void generated_pages_are_the_same_from_anywhere(void **state)
{
    (void)state;
    struct web_page page = {.size = 1000};
    char whole[1000], piece[100];
    web_page_copy(&page, 0, whole, sizeof whole);
    for (size_t at = 0; at + sizeof piece < sizeof whole; at += 37) {
        web_page_copy(&page, at, piece, sizeof piece);
        assert_memory_equal(piece, whole + at, sizeof piece);
    }
    assert_int_equal(whole[63], '\n');
}

static void put(const char *folder, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_folder_is_loaded_without_its_secrets(void **state)
{
    (void)state;
    char base[] = "/tmp/imp-test-XXXXXX", root[64], path[128], error[200];
    struct arena memory = {0};
    struct web_site folder = {0};
    assert_non_null(mkdtemp(base));
    snprintf(root, sizeof root, "%s/root", base);
    snprintf(path, sizeof path, "%s/sub", root);
    mkdir(root, 0700);
    mkdir(path, 0700);
    put(base, "secret.txt", "secret");
    put(root, "index.html", "index");
    put(root, ".htpasswd", "hidden");
    put(path, "a.css", "css");
    snprintf(path, sizeof path, "%s/out.txt", root);
    assert_int_equal(symlink("../secret.txt", path), 0);
    snprintf(path, sizeof path, "%s/up", root);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/in.txt", root);
    assert_int_equal(symlink("index.html", path), 0);
    assert_int_equal(web_site_add_folder(&folder, root, &memory, error, sizeof error), 0);
    assert_int_equal(map_count(&folder.pages), 3);
    assert_non_null(web_site_find(&folder, "/in.txt"));
    assert_string_equal(web_site_find(&folder, "/sub/a.css")->type, "text/css");
    assert_memory_equal(web_site_find(&folder, "/index.html")->data, "index", 5);
    assert_null(web_site_find(&folder, "/out.txt"));
    assert_int_equal(web_site_add_folder(&folder, "/nonexistent", &memory, error, sizeof error), IMP_NOT_FOUND);
    web_site_free(&folder);
    arena_free(&memory);
    static const char *const NAMES[] = {"root/in.txt",    "root/up",         "root/out.txt", "root/sub/a.css", "root/sub",
                                        "root/.htpasswd", "root/index.html", "root",         "secret.txt",     ""};
    for (size_t i = 0; i < count_of(NAMES); i++) {
        snprintf(path, sizeof path, "%s/%s", base, NAMES[i]);
        assert_int_equal(remove(path), 0);
    }
}

static void bad_pages_are_explained(void **state)
{
    (void)state;
    static const struct web_header INJECTION[] = {{"X", "a\r\nSet-Cookie: b"}};
    static const struct web_page_config BAD[] = {
        {.path = "/a", .body = "x", .size = 5},        {.path = "/a", .text = "", .etag = "x"},
        {.path = "/a", .text = "", .modified = "now"}, {.path = "/%zz", .text = ""},
        {.path = "/a", .file = "/nonexistent"},        {.path = "/a", .text = "", .headers = INJECTION, .header_count = 1},
        {.path = "/a", .text = "", .type = "a\nb"},
    };
    struct web_site bad = {0};
    for (size_t i = 0; i < count_of(BAD); i++) {
        char error[200] = "";
        assert_int_not_equal(web_site_add(&bad, &BAD[i], &arena, error, sizeof error), 0);
        assert_true(strstr(error, "page /") != NULL);
    }
    assert_int_equal(map_count(&bad.pages), 0);
    web_site_free(&bad);
}

static int set_up(void **state)
{
    (void)state;
    char error[200];
    for (size_t i = 0; i < count_of(PAGES); i++)
        assert_int_equal(web_site_add(&site, &PAGES[i], &arena, error, sizeof error), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    web_site_free(&site);
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_as_the_rfc_says),
        cmocka_unit_test(too_many_ranges_get_the_whole),
        cmocka_unit_test(generated_pages_are_the_same_from_anywhere),
        cmocka_unit_test(a_folder_is_loaded_without_its_secrets),
        cmocka_unit_test(bad_pages_are_explained),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
