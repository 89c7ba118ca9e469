/* What a web server answers: the decisions of RFC 9110, with no socket in sight.
 *
 *   web_route()        method known? path safe? page there? method allowed there?         -> 301 400 404 405 411 501
 *   web_answer_page()  preconditions (section 13.2.2), then ranges (section 14), then 200 -> 200 206 304 412 416
 *   web_answer_status() everything that is not a page
 *
 * Preconditions are evaluated in the order that section 13.2.2 gives: If-Match, else If-Unmodified-Since; If-None-Match, else
 * If-Modified-Since; and a Range counts only when If-Range agrees. They and ranges apply to pages whose own status is 200.
 * One satisfiable range is answered as it is; several as multipart/byteranges (section 14.6), in the order asked; too many, or
 * nonsense, with the whole page, as section 14.2 allows. A body is described as ranges of its page and never copied here.
 *
 * Left out on purpose: content negotiation, TRACE, CONNECT, and methods that change a page. */
#include "application/http/answer.h"

#include <stdio.h>
#include <string.h>

#include "application/http/url.h"
#include "base/error.h"

static const char *allowed_methods(const struct web_page *page)
{
    return page && page->echo ? "GET, HEAD, OPTIONS, POST, PUT" : "GET, HEAD, OPTIONS";
}

static bool method_allowed(const struct web_page *page, enum http_method method)
{
    switch (method) {
    case HTTP_GET:
    case HTTP_HEAD:
    case HTTP_OPTIONS: return true;
    case HTTP_POST:
    case HTTP_PUT: return page && page->echo;
    default: return false;
    }
}

unsigned web_route(const struct web_site *site, const struct http1_head *head, const struct web_page **page,
                   struct text *location)
{
    *page = NULL;
    if (head->method == HTTP_OTHER || head->method == HTTP_CONNECT || head->method == HTTP_TRACE)
        return 501;
    if (!strcmp(head->path, "*")) /* OPTIONS *: the server as a whole */
        return 0;
    char path[LIMIT_WEB_PATH_BYTES + 16];
    int error = url_safe_path(head->path, path, LIMIT_WEB_PATH_BYTES);
    if (error)
        return error == IMP_NO_SPACE ? 414 : 400;
    size_t length = strlen(path);
    *page = web_site_find(site, path);
    if (!*page && path[length - 1] == '/') {
        strcpy(path + length, "index.html");
        *page = web_site_find(site, path);
    } else if (!*page) { /* a folder asked for without its slash: links in its page need it */
        strcpy(path + length, "/");
        bool folder = web_site_find(site, path) != NULL;
        strcpy(path + length, "/index.html");
        if (folder || web_site_find(site, path)) {
            size_t raw = strcspn(head->path, "?#");
            const char *from = head->path; /* "//evil.example" as a Location would name another host */
            while (raw > 1 && from[1] == '/') {
                from++;
                raw--;
            }
            text_format(location, "%.*s/%s", (int)raw, from,
                        head->path[strcspn(head->path, "?")] ? strchr(head->path, '?') : "");
            return 301;
        }
    }
    if (!*page)
        return 404;
    if (!method_allowed(*page, head->method))
        return 405;
    if ((head->method == HTTP_POST || head->method == HTTP_PUT) && !http_field_find(&head->fields, "Content-Length") &&
        !http_field_find(&head->fields, "Transfer-Encoding"))
        return 411;
    return 0;
}

static void begin(struct web_answer *answer, unsigned status, const struct web_moment *moment)
{
    char date[HTTP_DATE_BYTES];
    answer->status = status;
    text_clear(&answer->head);
    http1_build_status_line(&answer->head, status);
    if (moment->unix_s >= 0)
        http1_build_field(&answer->head, "Date", http_date_print(moment->unix_s, date, sizeof date));
    if (moment->server_name)
        http1_build_field(&answer->head, "Server", moment->server_name);
}

/* Connection is said when it is not what the version means by default. */
static void end(struct web_answer *answer, const struct http1_head *head)
{
    if (head && !head->keep_alive)
        answer->keep_alive = false;
    if (!answer->keep_alive)
        http1_build_field(&answer->head, "Connection", "close");
    else if (head && head->minor == 0)
        http1_build_field(&answer->head, "Connection", "keep-alive");
    http1_build_end(&answer->head);
}

void web_answer_status(struct web_answer *answer, unsigned status, const struct http1_head *head, const char *location,
                       const char *why, const struct web_moment *moment)
{
    begin(answer, status, moment);
    const char *phrase = http_status_phrase(status);
    text_clear(&answer->body);
    if (status != 204 && status != 304) {
        text_format(&answer->body, "<!doctype html><title>%u %s</title><h1>%u %s</h1>", status, phrase, status, phrase);
        if (why)
            text_format(&answer->body, "<p>%s</p>", why);
        text_add(&answer->body, "\n");
        http1_build_field(&answer->head, "Content-Type", "text/html; charset=utf-8");
        http1_build_number(&answer->head, "Content-Length", answer->body.length);
    }
    if (status == 405) /* section 15.5.6: says what would be allowed */
        http1_build_field(&answer->head, "Allow", allowed_methods(answer->page));
    answer->page = NULL;
    if (location && *location)
        http1_build_field(&answer->head, "Location", location);
    if (head && head->method == HTTP_HEAD)
        text_clear(&answer->body);
    answer->body_bytes = answer->body.length;
    end(answer, head);
}

/* ---- preconditions ---- */

static bool modified_since(const struct web_page *page, const char *date)
{
    int64_t since;
    return page->modified_s < 0 || http_date_parse(date, &since) || page->modified_s > since;
}

/* RFC 9110 section 13.2.2: 0 (go on), 304 or 412. */
static unsigned check_preconditions(const struct web_page *page, const struct http1_head *head)
{
    const struct http_fields *fields = &head->fields;
    const char *value;
    if ((value = http_field_find(fields, "If-Match")) != NULL) {
        if (!http_etag_listed(value, page->etag ? page->etag : "", true))
            return 412;
    } else if ((value = http_field_find(fields, "If-Unmodified-Since")) != NULL) {
        int64_t since;
        if (page->modified_s >= 0 && !http_date_parse(value, &since) && page->modified_s > since)
            return 412;
    }
    bool reads = head->method == HTTP_GET || head->method == HTTP_HEAD;
    if ((value = http_field_find(fields, "If-None-Match")) != NULL) {
        if (http_etag_listed(value, page->etag ? page->etag : "", false))
            return reads ? 304 : 412;
    } else if (reads && (value = http_field_find(fields, "If-Modified-Since")) != NULL) {
        if (!modified_since(page, value))
            return 304;
    }
    return 0;
}

/* Section 13.1.5: the range counts if what the client has is exactly this page. */
static bool if_range_agrees(const struct web_page *page, const struct http1_head *head)
{
    const char *value = http_field_find(&head->fields, "If-Range");
    if (!value)
        return true;
    if (*value == '"')
        return page->etag && !strcmp(value, page->etag);
    int64_t date;
    return page->modified_s >= 0 && !http_date_parse(value, &date) && date == page->modified_s;
}

static void page_fields(struct web_answer *answer, const struct web_page *page)
{
    char date[HTTP_DATE_BYTES];
    if (page->etag)
        http1_build_field(&answer->head, "ETag", page->etag);
    if (page->modified_s >= 0)
        http1_build_field(&answer->head, "Last-Modified", http_date_print(page->modified_s, date, sizeof date));
    for (size_t i = 0; i < page->header_count; i++)
        http1_build_field(&answer->head, page->headers[i].name, page->headers[i].value);
}

/* ---- bodies ---- */

void web_answer_part(const struct web_answer *answer, int i, struct text *out)
{
    if (i == answer->range_count) {
        text_format(out, "\r\n--%s--\r\n", answer->boundary);
        return;
    }
    const struct http_range *range = &answer->ranges[i];
    text_format(out, "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n\r\n", answer->boundary,
                answer->page->type, (unsigned long long)range->first, (unsigned long long)range->last,
                (unsigned long long)answer->page->size);
}

static void answer_ranges(struct web_answer *answer)
{
    const struct web_page *page = answer->page;
    answer->multipart = answer->range_count > 1;
    answer->body_bytes = 0;
    for (int i = 0; i < answer->range_count; i++)
        answer->body_bytes += answer->ranges[i].last - answer->ranges[i].first + 1;
    if (!answer->multipart) {
        char value[80];
        snprintf(value, sizeof value, "bytes %llu-%llu/%llu", (unsigned long long)answer->ranges[0].first,
                 (unsigned long long)answer->ranges[0].last, (unsigned long long)page->size);
        http1_build_field(&answer->head, "Content-Range", value);
        http1_build_field(&answer->head, "Content-Type", page->type);
    } else {
        snprintf(answer->boundary, sizeof answer->boundary, "imp-part-%.16s", page->etag ? page->etag + 1 : "0000000000000000");
        for (char *p = answer->boundary; *p; p++)
            if (!http_is_token(p, 1))
                *p = '-';
        struct text parts = {0};
        for (int i = 0; i <= answer->range_count; i++)
            web_answer_part(answer, i, &parts);
        answer->body_bytes += parts.length;
        text_free(&parts);
        text_format(&answer->head, "Content-Type: multipart/byteranges; boundary=%s\r\n", answer->boundary);
    }
    http1_build_number(&answer->head, "Content-Length", answer->body_bytes);
}

static void answer_whole(struct web_answer *answer, const struct http1_head *head, struct bytes request_body)
{
    const struct web_page *page = answer->page;
    bool echo = page->echo && (head->method == HTTP_POST || head->method == HTTP_PUT);
    const char *type = echo ? http_field_find(&head->fields, "Content-Type") : NULL;
    http1_build_field(&answer->head, "Content-Type", type ? type : page->type);
    if (page->status == 200 && !echo && !page->chunked)
        http1_build_field(&answer->head, "Accept-Ranges", "bytes");
    if (echo) {
        text_add_bytes(&answer->body, request_body.data, request_body.length);
        answer->page = NULL;
        answer->body_bytes = request_body.length;
    } else {
        answer->body_bytes = page->size;
        if (page->size)
            answer->ranges[answer->range_count++] = (struct http_range){0, page->size - 1};
    }
    answer->chunked = page->chunked && head->minor >= 1;
    if (answer->chunked)
        http1_build_field(&answer->head, "Transfer-Encoding", "chunked");
    else if (page->chunked) /* HTTP/1.0: the end of the connection ends it */
        answer->keep_alive = false;
    else if (page->status != 204 && page->status >= 200)
        http1_build_number(&answer->head, "Content-Length", answer->body_bytes);
}

void web_answer_page(struct web_answer *answer, const struct web_page *page, const struct http1_head *head,
                     struct bytes request_body, const struct web_moment *moment)
{
    answer->page = page;
    answer->range_count = 0;
    answer->body_bytes = 0;
    if (head->method == HTTP_OPTIONS) {
        begin(answer, 204, moment);
        http1_build_field(&answer->head, "Allow", allowed_methods(page));
        answer->page = NULL;
        end(answer, head);
        return;
    }
    unsigned status = page->status == 200 ? check_preconditions(page, head) : 0;
    if (status == 412) {
        web_answer_status(answer, 412, head, NULL, NULL, moment);
        return;
    }
    if (status == 304) {
        begin(answer, 304, moment);
        page_fields(answer, page);
        end(answer, head);
        return;
    }
    const char *range = http_field_find(&head->fields, "Range");
    int count = -1; /* of ranges: negative means the whole */
    if (range && head->method == HTTP_GET && page->status == 200 && !page->chunked && !page->echo &&
        if_range_agrees(page, head))
        count = http_range_parse(range, page->size, answer->ranges, LIMIT_HTTP_RANGES);
    if (count == 0) {
        begin(answer, 416, moment);
        text_format(&answer->head, "Content-Range: bytes */%llu\r\n", (unsigned long long)page->size);
        http1_build_number(&answer->head, "Content-Length", 0);
        answer->page = NULL;
        end(answer, head);
        return;
    }
    begin(answer, count > 0 ? 206 : page->status, moment);
    page_fields(answer, page);
    if (count > 0) {
        answer->range_count = count;
        answer_ranges(answer);
    } else {
        answer_whole(answer, head, request_body);
    }
    if (head->method == HTTP_HEAD || page->status == 204 || page->status == 304) {
        answer->body_bytes = 0;
        answer->range_count = 0;
        answer->chunked = answer->multipart = false;
        text_clear(&answer->body);
    }
    end(answer, head);
}

void web_answer_free(struct web_answer *answer)
{
    text_free(&answer->head);
    text_free(&answer->body);
}
