/* The web server: connections in, answers out.
 *
 * Each connection is one task and reads like the protocol does: a head, the decision, the body if there is one, the answer, and
 * again (RFC 9112 section 9). What to answer is decided in answer.c, what there is to show in site.c, and the bytes are taken apart in
 * http1.c; this file only moves them. Requests that were sent ahead (pipelining) wait in the connection's own buffer and are
 * answered in order. A long body is not copied: the blocks in which it lies are lent to the connection (net/net_lend.h).
 *
 * Timers: an idle connection is closed after idle_timeout without a word; a head that has begun must be complete within
 * request_timeout (408), and so must each step of a body and of a write. When the server ends a connection, it first finishes
 * its own direction and reads on for a moment (RFC 9112 section 9.6), since a reset could destroy the answer on its way.
 *
 * A request that cannot be understood is answered and its connection ended: nobody knows where the next one would begin. The
 * body of a request that is refused is not read, unless "100 Continue" was asked for and then nothing was sent.
 *
 * Left out on purpose: TLS (a stream on a stream, later), HTTP/2, virtual hosts (one service per name and address). */
#include "application/http/server.h"

#include <stdio.h>
#include <string.h>

#include "application/http/answer.h"
#include "application/http/http1.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"
#include "net/net_lend.h"

enum { READ_BYTES = 4096, WRITE_BYTES = 16384, LEND_BYTES = 1 << 20, LINGER_BYTES = 256 * 1024 };
static const int64_t LINGER_NS = NS_PER_S;

struct web {
    const struct web_config *config;
    struct web_site site;
    struct listener listener;
    uint32_t connections;
};

struct connection {
    struct web *web;
    struct net *net;
    struct stream stream;
    struct ip peer;
    struct http1_parser parser;
    struct web_answer answer;
    struct text request_body;
    uint32_t requests;
    uint8_t in[READ_BYTES];
    size_t in_at, in_length; /* read and not yet parsed: in[in_at..in_length) */
    struct text out;
};

static const struct event_type WEB_ANSWER = {.name = "http-answer",
                                             .protocol = "HTTP",
                                             .story = "{method} {path} → {status}, {bytes} bytes",
                                             .fields = {{"to", FIELD_IP},
                                                        {"method", FIELD_TEXT},
                                                        {"path", FIELD_TEXT},
                                                        {"status", FIELD_NUMBER},
                                                        {"bytes", FIELD_NUMBER},
                                                        {"host", FIELD_TEXT}}};

static struct web_moment moment_of(const struct connection *c)
{
    const char *name = c->web->config->server_name;
    int64_t unix_s = (net_now(c->net).ns + net_wall_offset_ns(c->net)) / NS_PER_S;
    return (struct web_moment){unix_s, name && *name ? name : NULL};
}

static struct instant in_ns(const struct connection *c, int64_t ns) { return instant_add(net_now(c->net), ns); }

/* ---- reading ---- */

/* Parses what is there, reading more as needed. HTTP1_MORE stands for the end of the connection, with the error in *error (0: in order). */
static enum http1_event next_event(struct connection *c, struct bytes *data, struct instant deadline, int *error)
{
    for (;;) {
        size_t consumed;
        enum http1_event event = http1_parse(&c->parser, c->in + c->in_at, c->in_length - c->in_at, &consumed, data);
        c->in_at += consumed;
        if (event != HTTP1_MORE)
            return event;
        ssize_t n = stream_read(c->stream, c->in, sizeof c->in, deadline);
        c->in_at = 0;
        c->in_length = n > 0 ? (size_t)n : 0;
        *error = n < 0 ? (int)n : 0;
        if (n <= 0)
            return n == 0 && http1_parse_eof(&c->parser) == HTTP1_ERROR ? HTTP1_ERROR : HTTP1_MORE;
        if (!http1_in_message(&c->parser)) /* the first bytes after a pause: now the head's own time runs */
            deadline = in_ns(c, c->web->config->request_timeout_ns);
    }
}

/* The body of a request that may have one. 0, a status to answer, or a negative error. */
static int read_body(struct connection *c)
{
    const struct web_config *config = c->web->config;
    if (c->parser.body == HTTP1_LENGTH && c->parser.content_length > config->body_max_bytes)
        return 413;
    if (c->parser.head.expects_continue && c->in_at == c->in_length) {
        static const char CONTINUE[] = "HTTP/1.1 100 Continue\r\n\r\n";
        int error = stream_write(c->stream, CONTINUE, sizeof CONTINUE - 1, in_ns(c, config->request_timeout_ns));
        if (error)
            return error;
    }
    text_clear(&c->request_body);
    for (;;) {
        struct bytes data;
        int error = 0;
        switch (next_event(c, &data, in_ns(c, config->request_timeout_ns), &error)) {
        case HTTP1_DATA:
            if (c->request_body.length + data.length > config->body_max_bytes)
                return 413;
            text_add_bytes(&c->request_body, data.data, data.length);
            break;
        case HTTP1_END: return 0;
        case HTTP1_ERROR: return (int)c->parser.status;
        default: return error == IMP_TIMEOUT ? 408 : error ? error : IMP_CLOSED;
        }
    }
}

/* ---- writing ---- */

static int flush(struct connection *c)
{
    int error =
        c->out.length ? stream_write(c->stream, c->out.data, c->out.length, in_ns(c, c->web->config->request_timeout_ns)) : 0;
    text_clear(&c->out);
    return error;
}

/* `length` bytes that lie in a block; whatever moved within the time of a step is a step. */
static int lend(struct connection *c, struct block *block, uint64_t at, uint64_t length)
{
    while (length > 0) {
        uint32_t most = length < LEND_BYTES ? (uint32_t)length : LEND_BYTES;
        ssize_t n = stream_lend_some(c->stream, block, (uint32_t)at, most, in_ns(c, c->web->config->request_timeout_ns));
        if (n < 0)
            return (int)n;
        at += (uint64_t)n;
        length -= (uint64_t)n;
    }
    return 0;
}

/* A long range without a copy: out of the file's own block, or of blocks that are made for a generated body. What is in `out` goes in front. */
static int lend_range(struct connection *c, const struct http_range *range)
{
    const struct web_page *page = c->answer.page;
    uint64_t length = range->last - range->first + 1;
    int error = stream_write_more(c->stream, c->out.data, c->out.length, in_ns(c, c->web->config->request_timeout_ns));
    text_clear(&c->out);
    if (page->block)
        return error ? error : lend(c, page->block, range->first, length);
    for (uint64_t done = 0; done < length && !error;) {
        struct block *block = block_create(length - done < LEND_BYTES ? (uint32_t)(length - done) : LEND_BYTES);
        web_page_copy(page, range->first + done, block->data, block->capacity);
        done += block->capacity;
        error = lend(c, block, 0, block->capacity);
        block_release(block);
    }
    return error;
}

/* Bytes [first, last] of the page, gathered so that a small answer is one write, head and all. */
static int write_range(struct connection *c, const struct http_range *range)
{
    if (!c->answer.chunked && range->last - range->first >= WRITE_BYTES && (c->answer.page->block || !c->answer.page->data))
        return lend_range(c, range);
    uint8_t piece[2048];
    for (uint64_t at = range->first; at <= range->last;) {
        uint64_t left = range->last - at + 1;
        size_t n = left < sizeof piece ? (size_t)left : sizeof piece;
        char size[20];
        web_page_copy(c->answer.page, at, piece, n);
        if (c->answer.chunked)
            text_add_bytes(&c->out, size, http1_build_chunk(size, sizeof size, n));
        text_add_bytes(&c->out, piece, n);
        if (c->answer.chunked)
            text_add(&c->out, HTTP1_CHUNK_END);
        at += n;
        int error = c->out.length >= WRITE_BYTES ? flush(c) : 0;
        if (error)
            return error;
    }
    return 0;
}

static int write_answer(struct connection *c)
{
    struct web_answer *answer = &c->answer;
    text_add_bytes(&c->out, answer->head.data, answer->head.length);
    if (answer->body.length)
        text_add_bytes(&c->out, answer->body.data, answer->body.length);
    for (int i = 0; i < answer->range_count; i++) {
        if (answer->multipart)
            web_answer_part(answer, i, &c->out);
        int error = write_range(c, &answer->ranges[i]);
        if (error)
            return error;
    }
    if (answer->multipart)
        web_answer_part(answer, answer->range_count, &c->out);
    if (answer->chunked)
        text_add(&c->out, HTTP1_LAST_CHUNK);
    return flush(c);
}

static void tell(const struct connection *c, bool parsed)
{
    struct node *node = net_node(c->net);
    if (!event_wanted(node))
        return;
    const struct http1_head *head = &c->parser.head;
    event_emit(node, &WEB_ANSWER,
               (union event_value[]){{.ip = c->peer},
                                     {.text = parsed ? head->method_name : "a request that is not HTTP"},
                                     {.text = parsed ? head->path : ""},
                                     {.number = c->answer.status},
                                     {.number = (int64_t)c->answer.body_bytes},
                                     {.text = parsed && head->host ? head->host : ""}});
}

/* An answer that is not a page. The connection goes on only when the request was read to its end. */
static int answer_status(struct connection *c, unsigned status, const char *location, bool parsed, bool complete)
{
    struct web_moment moment = moment_of(c);
    const struct http1_head *head = parsed ? &c->parser.head : NULL;
    if (!complete)
        c->answer.keep_alive = false;
    web_answer_status(&c->answer, status, head, location, parsed ? NULL : c->parser.why, &moment);
    tell(c, parsed);
    return write_answer(c);
}

/* ---- one request ---- */

static int answer_request(struct connection *c)
{
    const struct web_page *page;
    struct text location = {0};
    bool has_body = c->parser.body != HTTP1_NO_BODY;
    unsigned status = web_route(&c->web->site, &c->parser.head, &page, &location);
    int error = 0;
    c->answer.page = page;
    if (status) {
        error = answer_status(c, status, text_string(&location), true, !has_body);
        text_free(&location);
        return error;
    }
    int body = read_body(c);
    if (body < 0)
        return body;
    if (body > 0)
        return answer_status(c, (unsigned)body, NULL, true, false);
    if (page && page->delay_ns && (error = net_sleep(c->net, in_ns(c, page->delay_ns))) != 0)
        return error;
    static const struct web_page WHOLE_SERVER = {
        .status = 200, .data = (const uint8_t *)"", .type = "text/plain", .modified_s = -1};
    if (!page) /* OPTIONS * */
        page = &WHOLE_SERVER;
    struct web_moment moment = moment_of(c);
    web_answer_page(&c->answer, page, &c->parser.head,
                    (struct bytes){(const uint8_t *)c->request_body.data, c->request_body.length}, &moment);
    tell(c, true);
    return write_answer(c);
}

/* One round: true when the connection goes on. */
static bool serve_request(struct connection *c)
{
    const struct web_config *config = c->web->config;
    struct bytes data;
    int error = 0;
    bool waiting = c->in_at == c->in_length;
    enum http1_event event =
        next_event(c, &data, in_ns(c, waiting ? config->idle_timeout_ns : config->request_timeout_ns), &error);
    c->answer.keep_alive = ++c->requests < config->requests_max;
    if (event == HTTP1_ERROR) {
        if (error == 0)
            answer_status(c, c->parser.status, NULL, false, false);
        return false;
    }
    if (event == HTTP1_MORE) { /* the end of the connection, or of our patience */
        if (error == IMP_TIMEOUT && http1_in_message(&c->parser)) {
            c->parser.why = "the request took too long";
            answer_status(c, 408, NULL, false, false);
        }
        return false;
    }
    error = answer_request(c);
    http1_next(&c->parser);
    return !error && c->answer.keep_alive;
}

/* RFC 9112 section 9.6: end our direction, then read on until the client has seen it. */
static void linger(struct connection *c)
{
    if (stream_finish(c->stream))
        return;
    struct instant deadline = in_ns(c, LINGER_NS);
    for (size_t total = 0; total < LINGER_BYTES;) {
        ssize_t n = stream_read(c->stream, c->in, sizeof c->in, deadline);
        if (n <= 0)
            return;
        total += (size_t)n;
    }
}

static void serve(struct stream stream, void *argument)
{
    struct web *web = argument;
    struct connection *c = memory_take_zeroed(1, sizeof *c);
    struct endpoint peer = {0};
    stream_remote(stream, &peer);
    *c = (struct connection){.web = web, .net = stream.net, .stream = stream, .peer = peer.address};
    http1_init(&c->parser, false);
    if (web->connections++ >= web->config->connections_max) {
        c->parser.why = "too many connections";
        answer_status(c, 503, NULL, false, false);
    } else {
        while (serve_request(c))
            ;
    }
    linger(c);
    web->connections--;
    web_answer_free(&c->answer);
    http1_free(&c->parser);
    text_free(&c->request_body);
    text_free(&c->out);
    memory_free(c);
}

/* ---- the service ---- */

void web_stop(void *state)
{
    struct web *web = state;
    web_site_free(&web->site);
}

int web_local(const void *state, struct endpoint *out)
{
    const struct web *web = state;
    return listener_local(web->listener, out);
}

int web_start(const struct service_start *start, void **state)
{
    struct web *web = arena_take(start->arena, sizeof *web);
    const struct web_config *config = start->config;
    web->config = config;
    int error = 0;
    for (size_t i = 0; i < config->page_count && !error; i++)
        error = web_site_add(&web->site, &config->pages[i], start->arena, start->error, start->error_bytes);
    if (!error && config->root)
        error = web_site_add_folder(&web->site, config->root, start->arena, start->error, start->error_bytes);
    struct endpoint local = {.address = config->address, .port = config->port};
    if (!error && (error = net_listen(start->net, &local, &web->listener)) != 0)
        snprintf(start->error, start->error_bytes, "cannot listen on port %u: %s", config->port, service_listen_error(error));
    if (!error)
        error = listener_serve(web->listener, "web", serve, web);
    if (error) {
        web_site_free(&web->site);
        return error;
    }
    *state = web;
    return 0;
}

#define PAGE(member) offsetof(struct web_page_config, member)
static const struct config_key HEADER_KEYS[] = {{.name = "value",
                                                 .kind = CONFIG_TEXT,
                                                 .required = true,
                                                 .offset = offsetof(struct web_header, value),
                                                 .about = "The field's value."},
                                                {.name = NULL}};
static const struct config_key PAGE_KEYS[] = {
    {.name = "value",
     .kind = CONFIG_TEXT,
     .offset = PAGE(text),
     .about = "The page's text, when the page is nothing but that."},
    {.name = "body", .kind = CONFIG_TEXT, .offset = PAGE(body), .about = "The page's text."},
    {.name = "file", .kind = CONFIG_FILE, .offset = PAGE(file), .about = "A file that holds the page's bytes."},
    {.name = "size",
     .kind = CONFIG_SIZE,
     .offset = PAGE(size),
     .maximum = UINT64_C(1) << 40,
     .about = "A generated page of so many bytes, such as 10MB: numbered lines of text."},
    {.name = "echo", .kind = CONFIG_BOOL, .offset = PAGE(echo), .about = "Answers POST and PUT with the request's own body."},
    {.name = "type",
     .kind = CONFIG_TEXT,
     .offset = PAGE(type),
     .about = "Content-Type; found from the name's ending unless given."},
    {.name = "status",
     .kind = CONFIG_NUMBER,
     .offset = PAGE(status),
     .bytes = 2,
     .minimum = 200,
     .maximum = 599,
     .fallback = "200",
     .about = "The status code that the page is answered with."},
    {.name = "headers",
     .kind = CONFIG_MAP,
     .offset = PAGE(headers),
     .count_offset = PAGE(header_count),
     .keys = HEADER_KEYS,
     .element_bytes = sizeof(struct web_header),
     .about = "Further header fields, such as Location or Cache-Control."},
    {.name = "etag",
     .kind = CONFIG_TEXT,
     .offset = PAGE(etag),
     .about = "The entity tag, with its quotes; the content's hash unless given."},
    {.name = "modified",
     .kind = CONFIG_TEXT,
     .offset = PAGE(modified),
     .about = "Last-Modified, such as \"Sun, 06 Nov 1994 08:49:37 GMT\"."},
    {.name = "chunked",
     .kind = CONFIG_BOOL,
     .offset = PAGE(chunked),
     .about = "Sends the page in chunks, as a server does that does not know the length beforehand."},
    {.name = "delay",
     .kind = CONFIG_DURATION,
     .offset = PAGE(delay_ns),
     .maximum = (uint64_t)(3600 * NS_PER_S),
     .about = "The time that the server takes to make the page."},
    {.name = NULL}};

#define WEB(member) offsetof(struct web_config, member)
static const struct config_key WEB_KEYS[] = {
    {.name = "port",
     .kind = CONFIG_NUMBER,
     .offset = WEB(port),
     .bytes = 2,
     .minimum = 1,
     .maximum = 65535,
     .fallback = "80",
     .about = "The TCP port to listen on."},
    {.name = "address",
     .kind = CONFIG_IP,
     .offset = WEB(address),
     .about = "The address to listen on; all of the node's unless given."},
    {.name = "pages",
     .kind = CONFIG_MAP,
     .offset = WEB(pages),
     .count_offset = WEB(page_count),
     .keys = PAGE_KEYS,
     .element_bytes = sizeof(struct web_page_config),
     .about = "Paths and what they show: a text, or a mapping with one of body, file, size and echo."},
    {.name = "root",
     .kind = CONFIG_FILE,
     .offset = WEB(root),
     .about = "A folder whose files are served, loaded at start-up; hidden files are not."},
    {.name = "server",
     .kind = CONFIG_TEXT,
     .offset = WEB(server_name),
     .fallback = "imp",
     .about = "What the Server field says; empty: no such field."},
    {.name = "idle-timeout",
     .kind = CONFIG_DURATION,
     .offset = WEB(idle_timeout_ns),
     .minimum = (uint64_t)NS_PER_MS,
     .maximum = (uint64_t)(86400 * NS_PER_S),
     .fallback = "60s",
     .about = "How long a connection may be silent between two requests."},
    {.name = "request-timeout",
     .kind = CONFIG_DURATION,
     .offset = WEB(request_timeout_ns),
     .minimum = (uint64_t)NS_PER_MS,
     .maximum = (uint64_t)(86400 * NS_PER_S),
     .fallback = "15s",
     .about = "How long a request's head may take, and each step of a body (408)."},
    {.name = "body-limit",
     .kind = CONFIG_SIZE,
     .offset = WEB(body_max_bytes),
     .maximum = UINT64_C(1) << 30,
     .fallback = "1MB",
     .about = "The greatest request body that is taken (413)."},
    {.name = "connections",
     .kind = CONFIG_NUMBER,
     .offset = WEB(connections_max),
     .bytes = 4,
     .minimum = 1,
     .maximum = 1000000,
     .fallback = "10000",
     .about = "How many connections are served at once (503)."},
    {.name = "requests",
     .kind = CONFIG_NUMBER,
     .offset = WEB(requests_max),
     .bytes = 4,
     .minimum = 1,
     .maximum = 1000000,
     .fallback = "1000",
     .about = "How many requests one connection may make."},
    {.name = NULL}};

static int check(const void *config, const char **key_out, char *error, size_t error_bytes)
{
    const struct web_config *web = config;
    *key_out = "pages";
    if (!web->page_count && !web->root) {
        snprintf(error, error_bytes, "a web server wants pages or a root folder");
        return IMP_INVALID;
    }
    struct web_site site = {0};
    struct arena arena = {0};
    int result = 0;
    for (size_t i = 0, at = 0; i < web->page_count && at + 2 < error_bytes; i++) { /* each fault on a line of its own */
        int one = web_site_add(&site, &web->pages[i], &arena, error + at, error_bytes - at - 1);
        if (!one)
            continue;
        at += strlen(error + at);
        error[at++] = '\n';
        error[at] = '\0';
        result = one;
    }
    web_site_free(&site);
    arena_free(&arena);
    return result;
}

const struct service WEB_SERVICE = {
    .name = "web",
    .summary = "An HTTP/1.1 server: pages from the lab file or a folder, with ranges, conditional requests and keep-alive.",
    .config_bytes = sizeof(struct web_config),
    .keys = WEB_KEYS,
    .check = check,
    .start = web_start,
    .stop = web_stop,
};
