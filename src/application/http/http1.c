/* HTTP/1.1 message syntax: the parser and the builder.
 *
 * The parser gathers a head (start line and fields) into one text, line by line, checking limits as bytes arrive, and takes it
 * apart in place once the empty line is there: names and values then point into that text. The body is not gathered: each
 * piece is handed back as it lies in the caller's buffer. So memory per connection is the head's size, whatever is sent.
 *
 *   START -> LINES -> (head) -> BODY -> END           body by Content-Length or until close
 *                            \-> SIZE -> CHUNK -> CHUNK_END -> SIZE ... -> TRAILER -> END
 *
 * Where two parsers disagree about the end of a message, the next request can be smuggled past a proxy. Hence (RFC 9112
 * sections 2.2, 5.1, 5.2, 6.1, 6.3, 7.1, 11.2) these are errors here although some may be repaired: a bare CR; NUL; space
 * before a colon; folded lines; Content-Length twice, or not a plain number, or beside Transfer-Encoding; Transfer-Encoding in
 * HTTP/1.0; a transfer coding that is not exactly "chunked"; bare LF or space in chunk framing. A bare LF as the end of a head's
 * line is accepted, which section 2.2 allows, so that a person may type a request by hand.
 *
 * A server answers parser->status: 400 in general, 414 and 431 for what is too long, 417, 501 and 505 for what is not known.
 *
 * Left out on purpose: HTTP/0.9; CONNECT's tunnel (its 2xx response reads until close); other transfer codings. */
#include "application/http/http1.h"

#include <stdio.h>
#include <strings.h>

#include "application/http/url.h"
#include "base/error.h"
#include "base/memory.h"

enum { START, LINES, BODY, SIZE, EXTENSION, SIZE_LF, CHUNK, CHUNK_CR, CHUNK_LF, TRAILER, AT_END, END, FAILED };

void http1_init(struct http1_parser *parser, bool response)
{
    memset(parser, 0, sizeof *parser);
    parser->response = response;
}

void http1_free(struct http1_parser *parser)
{
    text_free(&parser->text);
    text_free(&parser->trailer_text);
}

void http1_next(struct http1_parser *parser)
{
    struct text text = parser->text, trailer = parser->trailer_text;
    text_clear(&text);
    text_clear(&trailer);
    bool response = parser->response;
    http1_init(parser, response);
    parser->text = text;
    parser->trailer_text = trailer;
}

bool http1_in_message(const struct http1_parser *parser)
{
    return parser->state != START && parser->state != END && parser->state != FAILED;
}

static enum http1_event fail(struct http1_parser *parser, unsigned status, const char *why)
{
    parser->state = FAILED;
    parser->status = status;
    parser->why = why;
    return HTTP1_ERROR;
}

/* ---- the head, once it is complete ---- */

/* Splits "name: value" lines in place. NULL, or what is wrong. */
static const char *parse_fields(char *text, struct http_field *list, size_t max, struct http_fields *out)
{
    *out = (struct http_fields){list, 0};
    while (*text) {
        char *end = strchr(text, '\n');
        char *next = end + 1;
        if (end > text && end[-1] == '\r')
            end--;
        if (end == text)
            break;
        *end = 0;
        if (*text == ' ' || *text == '\t')
            return "a folded header line (obs-fold)";
        char *colon = strchr(text, ':');
        if (!colon || !http_is_token(text, (size_t)(colon - text)))
            return "a header line without a valid name before its colon";
        *colon = 0;
        char *value = colon + 1;
        while (*value == ' ' || *value == '\t')
            value++;
        while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
            *--end = 0;
        if (!http_is_field_value(value, (size_t)(end - value)))
            return "a control character in a header's value";
        if (out->count == max)
            return "too many header fields";
        list[out->count++] = (struct http_field){text, value};
        text = next;
    }
    return NULL;
}

/* "HTTP/1.1": 0, 400 or 505. */
static unsigned parse_version(const char *text, unsigned *minor)
{
    if (strlen(text) != 8 || strncmp(text, "HTTP/", 5) != 0 || text[6] != '.' || text[5] < '0' || text[5] > '9' ||
        text[7] < '0' || text[7] > '9')
        return 400;
    *minor = text[7] > '0';
    return text[5] == '1' ? 0 : 505;
}

static enum http1_event parse_request_line(struct http1_parser *parser, char *line)
{
    struct http1_head *head = &parser->head;
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || !http_is_token(line, (size_t)(target - line)))
        return fail(parser, 400, "not a request line: METHOD target HTTP/1.1");
    *target++ = 0;
    *version++ = 0;
    unsigned status = parse_version(version, &head->minor);
    if (status)
        return fail(parser, status, status == 505 ? "an HTTP version that is not 1.x" : "not an HTTP version");
    for (const char *p = target; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return fail(parser, 400, "a control character in the request target");
    if (strlen(target) > LIMIT_HTTP_URL_BYTES)
        return fail(parser, 414, "the request target is too long");
    head->method_name = line;
    head->method = http_method_find(line);
    head->target = head->path = target;
    return HTTP1_MORE;
}

static enum http1_event parse_status_line(struct http1_parser *parser, char *line)
{
    struct http1_head *head = &parser->head;
    char *code = strchr(line, ' ');
    if (!code)
        return fail(parser, 502, "not a status line: HTTP/1.1 200 OK");
    *code++ = 0;
    if (parse_version(line, &head->minor))
        return fail(parser, 502, "not an HTTP/1.x version");
    for (int i = 0; i < 3; i++)
        if (code[i] < '0' || code[i] > '9')
            return fail(parser, 502, "a status code that is not three digits");
    if ((code[3] != ' ' && code[3] != 0) || code[0] < '1' || code[0] > '5')
        return fail(parser, 502, "a status code out of range");
    head->status = (unsigned)((code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0');
    head->reason = code[3] ? code + 4 : "";
    return HTTP1_MORE;
}

/* The forms of a request target (RFC 9112 section 3.2) and the rules for Host. */
static enum http1_event check_target(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    size_t hosts = http_field_count(&head->fields, "Host");
    if (hosts > 1 || (hosts == 0 && head->minor >= 1))
        return fail(parser, 400, hosts ? "more than one Host field" : "no Host field");
    head->host = http_field_find(&head->fields, "Host");
    if (head->host && *head->host && !url_authority_is_valid(head->host))
        return fail(parser, 400, "not a valid Host");
    if (head->method == HTTP_CONNECT) {
        if (!url_authority_is_valid(head->target) || !strchr(head->target, ':'))
            return fail(parser, 400, "CONNECT wants host:port");
        return HTTP1_MORE;
    }
    if (!strcmp(head->target, "*"))
        return head->method == HTTP_OPTIONS ? HTTP1_MORE : fail(parser, 400, "'*' is for OPTIONS only");
    if (*head->target == '/')
        return HTTP1_MORE;
    if (strncasecmp(head->target, "http://", 7) != 0 && strncasecmp(head->target, "https://", 8) != 0)
        return fail(parser, 400, "a request target that is neither a path nor a URL");
    /* Absolute form: its authority overrides Host (section 3.2.2). It is moved over the "//" in place, which leaves room for a NUL and
     * for the '/' of a URL without a path. */
    char *authority = (char *)(uintptr_t)strstr(head->target, "//") + 2;
    size_t length = strcspn(authority, "/?");
    char *path = authority + length;
    memmove(authority - 2, authority, length);
    path[-2] = 0;
    if (*path != '/')
        *--path = '/';
    head->host = authority - 2;
    head->path = path;
    if (!url_authority_is_valid(head->host))
        return fail(parser, 400, "not a valid authority in the request target");
    return HTTP1_MORE;
}

static enum http1_event content_length_parse(struct http1_parser *parser, const char *value)
{
    unsigned status = parser->response ? 502 : 400;
    uint64_t number = 0;
    if (!*value)
        return fail(parser, status, "an empty Content-Length");
    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return fail(parser, status, "a Content-Length that is not a number");
        if (number > (INT64_MAX - 9) / 10)
            return fail(parser, parser->response ? 502 : 413, "a Content-Length beyond all bounds");
        number = number * 10 + (uint64_t)(*value - '0');
    }
    parser->content_length = parser->left = number;
    parser->body = number ? HTTP1_LENGTH : HTTP1_NO_BODY;
    return HTTP1_MORE;
}

/* RFC 9112 section 6.3: how the end of the body will be known. */
static enum http1_event check_framing(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    unsigned status = parser->response ? 502 : 400;
    const char *coding = http_field_find(&head->fields, "Transfer-Encoding");
    const char *length = http_field_find(&head->fields, "Content-Length");
    if (coding && length)
        return fail(parser, status, "both Transfer-Encoding and Content-Length");
    if (http_field_count(&head->fields, "Content-Length") > 1)
        return fail(parser, status, "Content-Length twice");
    if (coding) {
        if (head->minor == 0)
            return fail(parser, status, "Transfer-Encoding in HTTP/1.0");
        if (http_field_count(&head->fields, "Transfer-Encoding") > 1 || strcasecmp(coding, "chunked") != 0)
            return fail(parser, parser->response ? 502 : 501, "a transfer coding other than chunked");
        parser->body = HTTP1_CHUNKED;
    } else if (length) {
        if (content_length_parse(parser, length) == HTTP1_ERROR)
            return HTTP1_ERROR;
    } else {
        parser->body = parser->response ? HTTP1_UNTIL_CLOSE : HTTP1_NO_BODY;
    }
    if (parser->response && (parser->to_head || head->status < 200 || head->status == 204 || head->status == 304))
        parser->body = HTTP1_NO_BODY;
    bool close = http_field_has_token(&head->fields, "Connection", "close");
    head->keep_alive = !close && (head->minor >= 1 || http_field_has_token(&head->fields, "Connection", "keep-alive"));
    if (parser->body == HTTP1_UNTIL_CLOSE)
        head->keep_alive = false;
    return HTTP1_MORE;
}

static enum http1_event check_expect(struct http1_parser *parser)
{
    struct http1_head *head = &parser->head;
    const char *expect = http_field_find(&head->fields, "Expect");
    if (!expect || head->minor == 0) /* RFC 9110 section 10.1.1: HTTP/1.0 does not know it */
        return HTTP1_MORE;
    if (strcasecmp(expect, "100-continue") != 0)
        return fail(parser, 417, "an expectation other than 100-continue");
    head->expects_continue = parser->body != HTTP1_NO_BODY;
    return HTTP1_MORE;
}

static enum http1_event head_complete(struct http1_parser *parser)
{
    char *line = parser->text.data;
    char *end = strchr(line, '\n');
    char *fields = end + 1;
    *end = 0;
    if (end > line && end[-1] == '\r')
        end[-1] = 0;
    if ((parser->response ? parse_status_line : parse_request_line)(parser, line) == HTTP1_ERROR)
        return HTTP1_ERROR;
    const char *why = parse_fields(fields, parser->list, LIMIT_HTTP_FIELDS, &parser->head.fields);
    if (why)
        return fail(parser, parser->response ? 502 : 400, why);
    if (!parser->response && check_target(parser) == HTTP1_ERROR)
        return HTTP1_ERROR;
    if (check_framing(parser) == HTTP1_ERROR || (!parser->response && check_expect(parser) == HTTP1_ERROR))
        return HTTP1_ERROR;
    parser->state = parser->body == HTTP1_NO_BODY ? AT_END : parser->body == HTTP1_CHUNKED ? SIZE : BODY;
    return HTTP1_HEAD;
}

/* ---- bytes as they come ---- */

/* Takes bytes up to the end of one line into `text`. True when the line is complete; *bad is set at a byte no line may hold. */
static bool take_line(struct text *text, const uint8_t *bytes, size_t length, size_t limit, size_t *consumed, const char **bad)
{
    const uint8_t *end = memchr(bytes, '\n', length);
    size_t n = end ? (size_t)(end - bytes) + 1 : length;
    if (memchr(bytes, 0, n))
        *bad = "a NUL byte";
    const uint8_t *cr = text->length && text->data[text->length - 1] == '\r' ? bytes - 1 : memchr(bytes, '\r', n);
    if (cr && cr + 1 < bytes + n && cr + 1 != end)
        *bad = "a CR that is not followed by LF";
    if (text->length + n > limit)
        n = limit + 1 - text->length; /* one too many tells the caller */
    text_add_bytes(text, bytes, n);
    *consumed += n;
    return end && text->length <= limit;
}

/* True when the text's last line is empty. */
static bool at_blank_line(const struct text *text, size_t line_start)
{
    size_t n = text->length - line_start;
    return n == 1 || (n == 2 && text->data[line_start] == '\r');
}

static size_t last_line_start(const struct text *text)
{
    const char *newline = text->length > 1 ? memrchr(text->data, '\n', text->length - 1) : NULL;
    return newline ? (size_t)(newline + 1 - text->data) : 0;
}

static enum http1_event take_head(struct http1_parser *parser, const uint8_t *bytes, size_t length, size_t *consumed)
{
    unsigned status = parser->response ? 502 : 400;
    while (*consumed < length) {
        const char *bad = NULL;
        bool complete = take_line(&parser->text, bytes + *consumed, length - *consumed, LIMIT_HTTP_HEAD_BYTES, consumed, &bad);
        if (bad)
            return fail(parser, status, bad);
        if (parser->lines == 0 && parser->text.length > LIMIT_HTTP_URL_BYTES + 64 && !complete)
            return fail(parser, parser->response ? 502 : 414, "the start line is too long");
        if (parser->text.length > LIMIT_HTTP_HEAD_BYTES)
            return fail(parser, parser->response ? 502 : 431, "the header is too large");
        parser->state = LINES;
        if (!complete)
            return HTTP1_MORE;
        if (!at_blank_line(&parser->text, last_line_start(&parser->text))) {
            if (++parser->lines > LIMIT_HTTP_FIELDS + 1)
                return fail(parser, parser->response ? 502 : 431, "too many header fields");
        } else if (parser->lines) {
            return head_complete(parser);
        } else if (parser->response || ++parser->blank_lines > LIMIT_HTTP_BLANK_LINES) {
            return fail(parser, status, "empty lines instead of a message");
        } else { /* RFC 9112 section 2.2: a server ignores an empty line before a request */
            text_clear(&parser->text);
            parser->state = START;
        }
    }
    return HTTP1_MORE;
}

static enum http1_event take_trailer(struct http1_parser *parser, const uint8_t *bytes, size_t length, size_t *consumed)
{
    unsigned status = parser->response ? 502 : 400;
    struct text *text = &parser->trailer_text;
    while (*consumed < length) {
        const char *bad = NULL;
        bool complete = take_line(text, bytes + *consumed, length - *consumed, LIMIT_HTTP_HEAD_BYTES, consumed, &bad);
        if (text->length > LIMIT_HTTP_HEAD_BYTES)
            return fail(parser, parser->response ? 502 : 431, "the trailer is too large");
        if (complete && (text->length < 2 || text->data[text->length - 2] != '\r'))
            bad = "a bare LF in a chunked message's trailer";
        if (bad)
            return fail(parser, status, bad);
        if (!complete)
            return HTTP1_MORE;
        if (at_blank_line(text, last_line_start(text))) {
            bad = parse_fields(text->data, parser->trailer_list, LIMIT_HTTP_TRAILERS, &parser->trailers);
            if (bad)
                return fail(parser, status, bad);
            parser->state = END;
            return HTTP1_END;
        }
    }
    return HTTP1_MORE;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a chunk's size line or of the CR LF behind a chunk (RFC 9112 section 7.1). */
static enum http1_event take_framing(struct http1_parser *parser, uint8_t c)
{
    unsigned status = parser->response ? 502 : 400;
    if (++parser->line_bytes > LIMIT_HTTP_CHUNK_LINE_BYTES)
        return fail(parser, status, "a chunk's size line is too long");
    switch (parser->state) {
    case SIZE:
        if (hex_digit(c) >= 0) {
            if (parser->left > INT64_MAX >> 4)
                return fail(parser, status, "a chunk beyond all bounds");
            parser->left = parser->left << 4 | (unsigned)hex_digit(c);
            parser->digits_done = true;
            return HTTP1_MORE;
        }
        if (!parser->digits_done || (c != ';' && c != '\r'))
            return fail(parser, status, "a chunk size that is not hexadecimal");
        parser->state = c == ';' ? EXTENSION : SIZE_LF;
        return HTTP1_MORE;
    case EXTENSION: /* extensions are read over (section 7.1.1) */
        if (c == '\r')
            parser->state = SIZE_LF;
        else if ((c < ' ' && c != '\t') || c == 0x7f)
            return fail(parser, status, "a control character in a chunk extension");
        return HTTP1_MORE;
    case CHUNK_CR:
        if (c != '\r')
            return fail(parser, status, "a chunk longer than its size says");
        parser->state = CHUNK_LF;
        return HTTP1_MORE;
    default: /* SIZE_LF, CHUNK_LF */
        if (c != '\n')
            return fail(parser, status, "a CR that is not followed by LF in chunk framing");
        parser->line_bytes = 0;
        if (parser->state == SIZE_LF)
            parser->state = parser->left ? CHUNK : TRAILER;
        else
            parser->state = SIZE;
        parser->digits_done = false;
        return HTTP1_MORE;
    }
}

static enum http1_event take_data(struct http1_parser *parser, const uint8_t *bytes, size_t length, size_t *consumed,
                                  struct bytes *data)
{
    size_t n = length - *consumed;
    if (parser->body != HTTP1_UNTIL_CLOSE) {
        if (n > parser->left)
            n = (size_t)parser->left;
        parser->left -= n;
        if (parser->left == 0)
            parser->state = parser->body == HTTP1_CHUNKED ? CHUNK_CR : AT_END;
    }
    *data = (struct bytes){bytes + *consumed, n};
    *consumed += n;
    parser->body_bytes += n;
    return HTTP1_DATA;
}

enum http1_event http1_parse(struct http1_parser *parser, const uint8_t *bytes, size_t length, size_t *consumed,
                             struct bytes *data)
{
    *consumed = 0;
    *data = (struct bytes){0};
    if (parser->state == AT_END) {
        parser->state = END;
        return HTTP1_END;
    }
    while (*consumed < length) {
        switch (parser->state) {
        case START:
        case LINES: return take_head(parser, bytes, length, consumed);
        case BODY:
        case CHUNK: return take_data(parser, bytes, length, consumed, data);
        case TRAILER: return take_trailer(parser, bytes, length, consumed);
        case END: return HTTP1_END;
        case FAILED: return HTTP1_ERROR;
        default:
            if (take_framing(parser, bytes[(*consumed)++]) == HTTP1_ERROR)
                return HTTP1_ERROR;
        }
    }
    return HTTP1_MORE;
}

enum http1_event http1_parse_eof(struct http1_parser *parser)
{
    if (parser->state == AT_END || (parser->state == BODY && parser->body == HTTP1_UNTIL_CLOSE)) {
        parser->state = END;
        return HTTP1_END;
    }
    if (parser->state == START)
        return HTTP1_MORE;
    return fail(parser, parser->response ? 502 : 400, "the connection ended inside a message");
}

/* ---- building ---- */

int http1_build_request_line(struct text *out, const char *method, const char *target, unsigned minor)
{
    if (!http_is_token(method, strlen(method)) || !*target)
        return IMP_MALFORMED;
    for (const char *p = target; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return IMP_MALFORMED;
    text_format(out, "%s %s HTTP/1.%u\r\n", method, target, minor);
    return 0;
}

int http1_build_status_line(struct text *out, unsigned status)
{
    if (status < 100 || status > 599)
        return IMP_INVALID;
    text_format(out, "HTTP/1.1 %u %s\r\n", status, http_status_phrase(status));
    return 0;
}

int http1_build_field(struct text *out, const char *name, const char *value)
{
    if (!http_is_token(name, strlen(name)) || !http_is_field_value(value, strlen(value)))
        return IMP_MALFORMED;
    text_format(out, "%s: %s\r\n", name, value);
    return 0;
}

void http1_build_number(struct text *out, const char *name, uint64_t value)
{
    text_format(out, "%s: %llu\r\n", name, (unsigned long long)value);
}

void http1_build_end(struct text *out) { text_add(out, "\r\n"); }

size_t http1_build_chunk(char *out, size_t size_bytes, uint64_t length)
{
    return (size_t)snprintf(out, size_bytes, "%llx\r\n", (unsigned long long)length);
}
