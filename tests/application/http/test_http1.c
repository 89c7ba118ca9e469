/* HTTP/1.1's parser and builder: each case is fed whole, byte by byte, and in pieces, and must come out the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "application/http/http1.h"
#include "base/error.h"
#include "base/memory.h"

/* Feeds `text` in pieces of `step` bytes; gathers the body; the last event. *used: bytes of the first message. */
static enum http1_event feed(struct http1_parser *parser, const char *text, size_t length, size_t step, struct text *body,
                             size_t *used)
{
    enum http1_event event = HTTP1_MORE;
    *used = 0;
    text_clear(body);
    for (;;) {
        size_t n = length - *used < step ? length - *used : step, consumed;
        struct bytes data;
        event = http1_parse(parser, (const uint8_t *)text + *used, n, &consumed, &data);
        assert_true(consumed <= n);
        *used += consumed;
        if (event == HTTP1_DATA)
            text_add_bytes(body, data.data, data.length);
        if (event == HTTP1_END || event == HTTP1_ERROR)
            return event;
        if (event == HTTP1_MORE && *used == length)
            return event;
    }
}

struct request_case {
    const char *text;
    unsigned status; /* 0: accepted */
    const char *body;
};

#define HOST "Host: a\r\n"
static const struct request_case REQUESTS[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 0, ""},
    {"GET / HTTP/1.0\r\n\r\n", 0, ""},
    {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, ""},
    {"GET / HTTP/1.1\nHost: a\n\n", 0, ""},
    {"GET http://b.example:80/x?y HTTP/1.1\r\n" HOST "\r\n", 0, ""},
    {"GET http://b.example?y HTTP/1.1\r\n" HOST "\r\n", 0, ""},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, ""},
    {"CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 0, ""},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, ""},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0, ""},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 0, "hello"},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 005\r\n\r\nhello", 0, "hello"},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, ""},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0\r\n\r\n", 0,
     "hello world"},
    {"POST / HTTP/1.1\r\n" HOST "transfer-encoding: CHUNKED\r\n\r\nA\r\n0123456789\r\n000\r\nX: y\r\n\r\n", 0, "0123456789"},
    {"POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 0, "x"},
    /* the request line */
    {"GET /\r\n\r\n", 400, NULL},
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET / HTTP/1.1 \r\n" HOST "\r\n", 400, NULL},
    {" GET / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"G@T / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET / http/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET / HTTP/1.10\r\n" HOST "\r\n", 400, NULL},
    {"GET / HTTP/2.0\r\n" HOST "\r\n", 505, NULL},
    {"GET x HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET * HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET http:/// HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"CONNECT a HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"\r\n\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    /* Host */
    {"GET / HTTP/1.1\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n", 400, NULL},
    /* fields */
    {"GET / HTTP/1.1\r\n" HOST "Bad : x\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A: b\r\n folded\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n folded: b\r\n" HOST "\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A: b\x07\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\r\n" HOST "\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "Expect: a miracle\r\n\r\n", 417, NULL},
    /* framing, where smuggling begins */
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n", 413, NULL},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 501, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5;\nhello\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\rX", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX y\r\n\r\n", 400, NULL},
};

static void requests_are_taken_or_refused(void **state)
{
    (void)state;
    static const size_t STEPS[] = {100000, 1, 2, 7};
    struct text body = {0};
    for (size_t i = 0; i < count_of(REQUESTS); i++) {
        const struct request_case *c = &REQUESTS[i];
        for (size_t s = 0; s < count_of(STEPS); s++) {
            struct http1_parser parser;
            size_t used;
            http1_init(&parser, false);
            enum http1_event event = feed(&parser, c->text, strlen(c->text), STEPS[s], &body, &used);
            if (event != (c->status ? HTTP1_ERROR : HTTP1_END) || parser.status != c->status)
                fail_msg("case %zu, step %zu: event %d, status %u (%s):\n%s", i, STEPS[s], event, parser.status, parser.why,
                         c->text);
            if (c->body)
                assert_string_equal(text_string(&body), c->body);
            if (!c->status)
                assert_int_equal(used, strlen(c->text));
            http1_free(&parser);
        }
    }
    text_free(&body);
}

static void a_nul_is_refused_anywhere_in_a_head(void **state)
{
    (void)state;
    static const char TEXT[] = "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n";
    struct text body = {0};
    struct http1_parser parser;
    size_t used;
    http1_init(&parser, false);
    assert_int_equal(feed(&parser, TEXT, sizeof TEXT - 1, 1000, &body, &used), HTTP1_ERROR);
    assert_int_equal(parser.status, 400);
    http1_free(&parser);
    text_free(&body);
}

static void a_head_is_taken_apart(void **state)
{
    (void)state;
    struct text body = {0};
    struct http1_parser parser;
    size_t used;
    http1_init(&parser, false);
    const char *text = "GET http://www.shop.example:8080?q=1 HTTP/1.1\r\nHost: other\r\nAccept:  a , b \t\r\nConnection: "
                       "Close\r\naccept: c\r\n\r\nrest";
    assert_int_equal(feed(&parser, text, strlen(text), 5, &body, &used), HTTP1_END);
    assert_string_equal(text + used, "rest");
    assert_int_equal(parser.head.method, HTTP_GET);
    assert_string_equal(parser.head.host, "www.shop.example:8080"); /* the URL's, not the field's */
    assert_string_equal(parser.head.path, "/?q=1");
    assert_int_equal(parser.head.fields.count, 4);
    assert_string_equal(http_field_find(&parser.head.fields, "ACCEPT"), "a , b");
    assert_int_equal(http_field_count(&parser.head.fields, "Accept"), 2);
    assert_false(parser.head.keep_alive);
    http1_free(&parser);
    text_free(&body);
}

static void limits_hold(void **state)
{
    (void)state;
    struct text text = {0}, body = {0};
    struct http1_parser parser;
    size_t used;
    text_add(&text, "GET /");
    for (int i = 0; i < LIMIT_HTTP_URL_BYTES; i++)
        text_add_char(&text, 'a');
    text_add(&text, " HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int step = 1; step < 20000; step += 9999) {
        http1_init(&parser, false);
        assert_int_equal(feed(&parser, text.data, text.length, (size_t)step, &body, &used), HTTP1_ERROR);
        assert_int_equal(parser.status, 414);
        http1_free(&parser);
    }
    text_clear(&text);
    text_add(&text, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < LIMIT_HTTP_FIELDS - 1; i++)
        text_format(&text, "X-%d: y\r\n", i);
    size_t just_enough = text.length;
    text_add(&text, "\r\n");
    http1_init(&parser, false);
    assert_int_equal(feed(&parser, text.data, text.length, 100, &body, &used), HTTP1_END);
    http1_free(&parser);
    text.length = just_enough;
    text_add(&text, "One: more\r\n\r\n");
    http1_init(&parser, false);
    assert_int_equal(feed(&parser, text.data, text.length, 100, &body, &used), HTTP1_ERROR);
    assert_int_equal(parser.status, 431);
    http1_free(&parser);
    text_clear(&text);
    text_add(&text, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < LIMIT_HTTP_HEAD_BYTES; i++)
        text_add_char(&text, 'a');
    http1_init(&parser, false);
    assert_int_equal(feed(&parser, text.data, text.length, 1000, &body, &used), HTTP1_ERROR);
    assert_int_equal(parser.status, 431);
    http1_free(&parser);
    text_free(&text);
    text_free(&body);
}

static void pipelined_requests_come_one_by_one(void **state)
{
    (void)state;
    const char *text = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                       "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n";
    struct text body = {0};
    struct http1_parser parser;
    http1_init(&parser, false);
    for (int i = 1; i <= 3; i++) {
        size_t used;
        char path[4];
        assert_int_equal(feed(&parser, text, strlen(text), 11, &body, &used), HTTP1_END);
        snprintf(path, sizeof path, "/%d", i);
        assert_string_equal(parser.head.path, path);
        if (i == 3)
            assert_string_equal(http_field_find(&parser.trailers, "t"), "u");
        text += used;
        http1_next(&parser);
        assert_false(http1_in_message(&parser));
    }
    assert_string_equal(text, "");
    http1_free(&parser);
    text_free(&body);
}

static const struct response_case {
    const char *text;
    bool to_head;
    enum http1_event event; /* after the end of the connection */
    enum http1_body framing;
    const char *body;
    bool keep_alive;
} RESPONSES[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, HTTP1_END, HTTP1_LENGTH, "hi", true},
    {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", false, HTTP1_END, HTTP1_LENGTH, "hi", true},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", false, HTTP1_END, HTTP1_UNTIL_CLOSE, "until the end", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", false, HTTP1_END, HTTP1_LENGTH, "hi", true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", false, HTTP1_END, HTTP1_LENGTH, "hi", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", false, HTTP1_END, HTTP1_CHUNKED, "hi", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true, HTTP1_END, HTTP1_NO_BODY, "", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", false, HTTP1_END, HTTP1_NO_BODY, "", true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 200\r\n\r\n", false, HTTP1_END, HTTP1_NO_BODY, "", true},
    {"HTTP/1.1 100 Continue\r\n\r\n", false, HTTP1_END, HTTP1_NO_BODY, "", true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", false, HTTP1_ERROR, HTTP1_LENGTH, "hi", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", false, HTTP1_ERROR, HTTP1_CHUNKED, "hi", true},
    {"HTTP/1.1 200 OK\r\nContent-Le", false, HTTP1_ERROR, HTTP1_NO_BODY, "", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false, HTTP1_ERROR, HTTP1_NO_BODY, "",
     false},
    {"HTTP/1.1 2000 OK\r\n\r\n", false, HTTP1_ERROR, HTTP1_NO_BODY, "", false},
    {"HTTP/1.1 099 OK\r\n\r\n", false, HTTP1_ERROR, HTTP1_NO_BODY, "", false},
    {"ICY 200 OK\r\n\r\n", false, HTTP1_ERROR, HTTP1_NO_BODY, "", false},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", false, HTTP1_ERROR, HTTP1_NO_BODY, "", false},
    {"", false, HTTP1_MORE, HTTP1_NO_BODY, "", false},
};

static void responses_end_where_they_say(void **state)
{
    (void)state;
    struct text body = {0};
    for (size_t i = 0; i < count_of(RESPONSES); i++) {
        const struct response_case *c = &RESPONSES[i];
        for (size_t step = 1; step < 1000; step += 499) {
            struct http1_parser parser;
            size_t used;
            http1_init(&parser, true);
            parser.to_head = c->to_head;
            enum http1_event event = feed(&parser, c->text, strlen(c->text), step, &body, &used);
            if (event == HTTP1_MORE)
                event = http1_parse_eof(&parser);
            if (event != c->event)
                fail_msg("case %zu, step %zu: event %d (%s)", i, step, event, parser.why);
            if (event == HTTP1_END) {
                assert_int_equal(parser.body, c->framing);
                assert_int_equal(parser.head.keep_alive, c->keep_alive);
            }
            assert_string_equal(text_string(&body), c->body);
            http1_free(&parser);
        }
    }
    text_free(&body);
}

static void what_is_built_can_be_parsed(void **state)
{
    (void)state;
    struct text out = {0}, body = {0};
    char size[20];
    assert_int_equal(http1_build_request_line(&out, "PUT", "/a?b", 1), 0);
    assert_int_equal(http1_build_field(&out, "Host", "a.example"), 0);
    assert_int_equal(http1_build_field(&out, "Transfer-Encoding", "chunked"), 0);
    http1_build_end(&out);
    text_add_bytes(&out, size, http1_build_chunk(size, sizeof size, 300));
    for (int i = 0; i < 300; i++)
        text_add_char(&out, 'z');
    text_add(&out, HTTP1_CHUNK_END HTTP1_LAST_CHUNK);
    struct http1_parser parser;
    size_t used;
    http1_init(&parser, false);
    assert_int_equal(feed(&parser, out.data, out.length, 33, &body, &used), HTTP1_END);
    assert_int_equal(used, out.length);
    assert_int_equal(body.length, 300);
    assert_int_equal(parser.body_bytes, 300);
    http1_free(&parser);
    text_clear(&out);
    assert_int_equal(http1_build_field(&out, "X", "a\r\nY: b"), IMP_MALFORMED); /* no header injection */
    assert_int_equal(http1_build_field(&out, "X Y", "a"), IMP_MALFORMED);
    assert_int_equal(http1_build_request_line(&out, "GET", "/ HTTP/1.1\r\nX: y", 1), IMP_MALFORMED);
    assert_int_equal(http1_build_status_line(&out, 99), IMP_INVALID);
    assert_int_equal(out.length, 0);
    text_free(&out);
    text_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_taken_or_refused),
        cmocka_unit_test(a_nul_is_refused_anywhere_in_a_head),
        cmocka_unit_test(a_head_is_taken_apart),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(pipelined_requests_come_one_by_one),
        cmocka_unit_test(responses_end_where_they_say),
        cmocka_unit_test(what_is_built_can_be_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
