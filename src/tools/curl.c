/* curl: fetches URLs, and speaks as curl 7.88 does.
 *
 * For each URL: build the request head in curl's order of fields, make the call (application/http/client.h), follow redirects if asked
 * to, write the body to where it belongs, say what -v, -i and -w want to hear, and end with curl's own exit status. One client serves all
 * URLs of an invocation, so that a connection is used again.
 *
 * The body goes to standard output or a file as it comes. With -f nothing of an error's page is written; with -L the body of
 * a redirect is not either. The progress meter is shown, as by curl, when standard output is not a terminal and neither -s nor
 * silence of another kind was asked for; it is drawn at the end only.
 *
 * curl_options.c has the command line, curl_write_out.c has -w. Left out on purpose, and refused with a clear message: TLS (exit status 1, as
 * a curl built without it), proxies, cookies, forms, uploads by -T, --retry, --compressed. */
#include "tools/curl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"

static const char AGENT[] = "curl/8.0.0-imp";
static const char SUPPORTED_FORMS[] = "Usage: curl [options...] <url>\n"
                                      " -d, --data <data>          HTTP POST data\n"
                                      " -f, --fail                 Fail fast with no output on HTTP errors\n"
                                      " -G, --get                  Put the post data in the URL and use GET\n"
                                      " -H, --header <header>      Pass custom header(s) to server\n"
                                      " -i, --include              Include protocol response headers in the output\n"
                                      " -I, --head                 Show document info only\n"
                                      " -L, --location             Follow redirects\n"
                                      " -m, --max-time <seconds>   Maximum time allowed for transfer\n"
                                      " -o, --output <file>        Write to file instead of stdout\n"
                                      " -O, --remote-name          Write output to a file named as the remote file\n"
                                      " -r, --range <range>        Retrieve only the bytes within RANGE\n"
                                      " -s, --silent               Silent mode\n"
                                      " -S, --show-error           Show error even when -s is used\n"
                                      " -u, --user <user:password> Server user and password\n"
                                      " -A, --user-agent <name>    Send User-Agent <name> to server\n"
                                      " -v, --verbose              Make the operation more talkative\n"
                                      " -w, --write-out <format>   What to print after completion\n"
                                      " -X, --request <method>     Specify request method to use\n"
                                      " -4, --ipv4  -6, --ipv6     Resolve names to addresses of one family only\n"
                                      "     --connect-timeout <seconds>, --max-redirs <num>, --resolve <host:port:addr>,\n"
                                      "     --limit-rate <bytes per second>, --tcp-fastopen\n";

enum { CHUNK_BYTES = 65536 };

struct transfer {
    struct tool_run *run;
    const struct curl_options *options;
    struct http_client *client;
    const char *path;         /* of the output file; NULL: standard output */
    bool file_begun, discard; /* discard: this answer's body is not wanted */
    bool data_told;           /* "{ [5 bytes data]" was said */
    bool write_failed;
    uint64_t written, paced; /* paced: bytes since paced_from, with --limit-rate */
    struct instant paced_from;
    struct http_call call;
    struct curl_report report;
    struct arena arena;
    struct text error;
    const char *authorized; /* whose name and password go along; NULL: nobody\'s */
    bool post;              /* still a POST: a redirect may have made it a GET */
};

/* ---- what the person sees ---- */

static void say(void *context, const char *text)
{
    struct transfer *t = context;
    t->data_told = false;
    if (t->options->verbose)
        tool_complain(t->run, "* %s\n", text);
}

static void said_sent(void *context, const char *head, size_t body_bytes)
{
    struct transfer *t = context;
    t->report.request_bytes += strlen(head) + body_bytes;
    t->report.upload_bytes += body_bytes;
    if (!t->options->verbose)
        return;
    if (t->authorized)
        tool_complain(t->run, "* Server auth using Basic with user '%s'\n", t->authorized);
    for (const char *line = head; *line;) {
        size_t n = strcspn(line, "\n") + 1;
        tool_complain(t->run, "> %.*s", (int)n, line);
        line += n;
    }
    if (body_bytes && !t->run->io->out_is_terminal)
        tool_complain(t->run, "} [%zu bytes data]\n", body_bytes);
}

static int write_output(struct transfer *t, const void *data, size_t length)
{
    if (length == 0)
        return 0;
    t->written += length;
    if (!t->path) {
        t->run->io->out(t->run->io->context, data, length);
        return 0;
    }
    if (strcmp(t->path, "/dev/null") == 0)
        return 0;
    t->file_begun = true;
    t->write_failed = !t->run->io->file_write || t->run->io->file_write(t->run->io->context, t->path, data, length) != 0;
    return t->write_failed ? IMP_DENIED : 0;
}

/* Is this a redirect that will be followed? */
static const char *redirect_of(const struct transfer *t, const struct http1_head *head)
{
    const char *location = http_field_find(&head->fields, "Location");
    return head->status >= 300 && head->status < 400 && head->status != 304 && t->options->follow ? location : NULL;
}

static void said_head(void *context, const struct http1_head *head)
{
    struct transfer *t = context;
    struct text lines = {0};
    text_format(&lines, "HTTP/1.%u %u%s%s\r\n", head->minor, head->status, *head->reason ? " " : "", head->reason);
    for (size_t i = 0; i < head->fields.count; i++)
        text_format(&lines, "%s: %s\r\n", head->fields.list[i].name, head->fields.list[i].value);
    text_add(&lines, "\r\n");
    t->report.response_headers = (unsigned)head->fields.count;
    t->data_told = false;
    if (t->options->verbose) {
        if (head->minor == 0)
            tool_complain(t->run, "* HTTP 1.0, assume close after body\n");
        for (const char *line = lines.data; *line; line += strcspn(line, "\n") + 1)
            tool_complain(t->run, "< %.*s", (int)strcspn(line, "\n") + 1, line);
    }
    t->discard = (t->options->fail && head->status >= 400) || redirect_of(t, head);
    if (t->options->verbose && redirect_of(t, head) && t->client->parser.body != HTTP1_NO_BODY)
        tool_complain(t->run, "* Ignoring the response-body\n");
    if (t->options->include && !(t->options->fail && head->status >= 400))
        write_output(t, lines.data, lines.length);
    text_free(&lines);
}

/* With --limit-rate: what is not read yet waits in the socket, and its window tells the sender. */
static int read_slowly(struct transfer *t, size_t length)
{
    if (t->paced == 0)
        t->paced_from = net_now(t->run->net);
    t->paced += length;
    double seconds = (double)t->paced / (double)t->options->rate_bytes;
    int error = net_sleep(t->run->net, instant_add(t->paced_from, (int64_t)(seconds * (double)NS_PER_S)));
    return error == IMP_CANCELLED ? error : 0;
}

static int got_data(void *context, struct bytes data)
{
    struct transfer *t = context;
    if (t->options->verbose && !t->data_told && (!t->run->io->out_is_terminal || t->path))
        tool_complain(t->run, "{ [%zu bytes data]\n", data.length);
    t->data_told = true;
    if (t->run->io->interrupted && t->run->io->interrupted(t->run->io->context))
        return IMP_CANCELLED;
    int error = t->discard ? 0 : write_output(t, data.data, data.length);
    return error || !t->options->rate_bytes ? error : read_slowly(t, data.length);
}

/* A number in five characters, as the progress meter has it. */
static const char *five(uint64_t n, char out[8])
{
    if (n < 100000)
        snprintf(out, 8, "%5u", (unsigned)n);
    else if (n < UINT64_C(10000) << 10)
        snprintf(out, 8, "%4uk", (unsigned)(n >> 10));
    else if (n < UINT64_C(10000) << 20)
        snprintf(out, 8, "%4uM", (unsigned)(n >> 20));
    else
        snprintf(out, 8, "%4uG", (unsigned)(n >> 30) % 10000);
    return out;
}

static bool meter_wanted(const struct transfer *t) { return !t->options->silent && (t->path || !t->run->io->out_is_terminal); }

static void meter_begin(const struct transfer *t)
{
    if (meter_wanted(t))
        tool_complain(t->run, "  %% Total    %% Received %% Xferd  Average Speed   Time    Time     Time  Current\n"
                              "                                 Dload  Upload   Total   Spent    Left  Speed\n"
                              "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0");
}

static void meter_end(const struct transfer *t)
{
    char total[8], received[8], speed[8];
    if (!meter_wanted(t))
        return;
    uint64_t got = t->call.body_bytes, size = t->call.body_expected == UINT64_MAX ? got : t->call.body_expected;
    int64_t ns = instant_is_never(t->call.times.done) ? 0 : instant_since(t->call.times.done, t->report.started);
    int64_t s = ns / NS_PER_S;
    unsigned percent = size ? (unsigned)(got * 100 / size) : 0;
    char spent[16] = "--:--:--";
    if (s > 0)
        snprintf(spent, sizeof spent, "%2d:%02d:%02d", (int)(s / 3600 % 100), (int)(s / 60 % 60), (int)(s % 60));
    five(ns > 0 ? (uint64_t)((double)got * 1e9 / (double)ns) : 0, speed);
    tool_complain(t->run, "\r%3u %s  %3u %s    0     0  %s      0 --:--:-- %s --:--:-- %s\n", percent, five(size, total),
                  percent, five(got, received), speed, spent, speed);
}

/* ---- the request ---- */

/* What stands behind the name of a header field that -H gave; NULL when it gave none of that name. */
static const char *custom_value(const struct curl_options *options, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < options->header_count; i++) {
        const char *header = options->headers[i];
        if (!strncasecmp(header, name, length) && (header[length] == ':' || header[length] == ';'))
            return header + length + 1 + strspn(header + length + 1, " ");
    }
    return NULL;
}

static bool custom_header(const struct curl_options *options, const char *name) { return custom_value(options, name) != NULL; }

/* -H may ask for a chunked request, or for the server's word before the body is sent; HTTP/1.0 knows neither. */
static bool custom_says(const struct curl_options *options, const char *name, const char *value)
{
    const char *given = custom_value(options, name);
    return given && !options->http10 && text_equal_fold(given, value);
}

/* A field that -H may have replaced or, by "Name:", removed. */
static void add_field(const struct curl_options *options, struct text *head, const char *name, const char *value)
{
    if (value && !custom_header(options, name))
        http1_build_field(head, name, value);
}

static void add_custom_headers(const struct curl_options *options, struct text *head)
{
    for (size_t i = 0; i < options->header_count; i++) {
        const char *header = options->headers[i];
        size_t name = strcspn(header, ":;");
        const char *value = header + name + (header[name] != 0);
        while (*value == ' ')
            value++;
        if (header[name] == ';' && !*value)
            text_format(head, "%.*s:\r\n", (int)name, header); /* "Name;" sends it empty */
        else if (header[name] == ':' && *value)
            text_format(head, "%s\r\n", header); /* as the person wrote it */
    }
}

static const char *basic_authorization(struct arena *arena, const char *user)
{
    static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(user);
    char *out = arena_take(arena, 6 + (length + 2) / 3 * 4 + 1), *p = out + 6;
    memcpy(out, "Basic ", 6);
    for (size_t i = 0; i < length; i += 3) {
        uint32_t b = (uint32_t)(uint8_t)user[i] << 16;
        b |= i + 1 < length ? (uint32_t)(uint8_t)user[i + 1] << 8 : 0;
        b |= i + 2 < length ? (uint8_t)user[i + 2] : 0;
        *p++ = ALPHABET[b >> 18];
        *p++ = ALPHABET[b >> 12 & 63];
        *p++ = i + 1 < length ? ALPHABET[b >> 6 & 63] : '=';
        *p++ = i + 2 < length ? ALPHABET[b & 63] : '=';
    }
    return out;
}

static const char *method_of(const struct transfer *t)
{
    const struct curl_options *o = t->options;
    return o->method ? o->method : o->head ? "HEAD" : t->post ? "POST" : "GET";
}

/* The head, in the order in which curl sends it. IMP_MALFORMED for a method that is none. */
static int build_head(struct transfer *t, const struct url *url, bool first_host, struct text *head)
{
    const struct curl_options *o = t->options;
    struct arena *arena = &t->arena;
    int error = http1_build_request_line(head, method_of(t), url_target(url, arena), o->http10 ? 0 : 1);
    if (error)
        return error;
    add_field(o, head, "Host", url_host_field(url, arena));
    const char *user = o->user     ? o->user
                       : url->user ? arena_format(arena, "%s:%s", url->user, url->password ? url->password : "")
                                   : NULL;
    if (user && first_host) {
        t->authorized = arena_copy_bytes(arena, user, strcspn(user, ":"));
        add_field(o, head, "Authorization", basic_authorization(arena, user));
    }
    if (o->range)
        add_field(o, head, "Range", arena_format(arena, "bytes=%s", o->range));
    add_field(o, head, "User-Agent", !o->user_agent ? AGENT : *o->user_agent ? o->user_agent : NULL);
    add_field(o, head, "Accept", "*/*");
    add_field(o, head, "Referer", o->referer);
    add_custom_headers(o, head);
    if (t->post) {
        if (!custom_header(o, "Content-Length") && !custom_says(o, "Transfer-Encoding", "chunked"))
            http1_build_number(head, "Content-Length", o->data.length);
        add_field(o, head, "Content-Type", "application/x-www-form-urlencoded");
        if (o->data.length > 1024 * 1024 && !o->http10 && !custom_header(o, "Expect")) {
            http1_build_field(head, "Expect", "100-continue");
            t->call.expects_continue = true;
        }
        t->call.expects_continue |= custom_says(o, "Expect", "100-continue");
    }
    http1_build_end(head);
    return 0;
}

/* The body in the chunked coding (RFC 9112 section 7.1). */
static void put_in_chunks(const struct text *body, struct text *out)
{
    for (size_t at = 0; at < body->length; at += CHUNK_BYTES) {
        size_t length = body->length - at < CHUNK_BYTES ? body->length - at : CHUNK_BYTES;
        text_format(out, "%zx\r\n", length);
        text_add_bytes(out, body->data + at, length);
        text_add(out, "\r\n");
    }
    text_add(out, "0\r\n\r\n");
}

/* ---- errors ---- */

static int complain(struct transfer *t, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int complain(struct transfer *t, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_clear(&t->error);
    text_format_list(&t->error, format, arguments);
    va_end(arguments);
    return code;
}

static int complain_of_timeout(struct transfer *t)
{
    const struct http_call *call = &t->call;
    long long ms = instant_since(call->times.done, t->report.started) / NS_PER_MS;
    if (instant_is_never(call->times.connected))
        return complain(t, CURL_TIMEOUT, "Connection timed out after %lld milliseconds", ms);
    if (call->status && call->body_expected != UINT64_MAX)
        return complain(t, CURL_TIMEOUT, "Operation timed out after %lld milliseconds with %llu out of %llu bytes received", ms,
                        (unsigned long long)call->body_bytes, (unsigned long long)call->body_expected);
    return complain(t, CURL_TIMEOUT, "Operation timed out after %lld milliseconds with %llu bytes received", ms,
                    (unsigned long long)call->body_bytes);
}

/* What went wrong in a call, in curl's words and numbers. */
static int explain(struct transfer *t)
{
    const struct http_call *call = &t->call;
    long long ms = instant_since(call->times.done, call->times.start) / NS_PER_MS;
    switch (call->failure) {
    case HTTP_DONE: return CURL_OK;
    case HTTP_RESOLVE_FAILED: return complain(t, CURL_RESOLVE, "Could not resolve host: %s", call->url->host);
    case HTTP_RESOLVE_TIMEOUT: return complain(t, CURL_TIMEOUT, "Resolving timed out after %lld milliseconds", ms);
    case HTTP_CONNECT_FAILED:
        return complain(t, CURL_CONNECT, "Failed to connect to %s port %u after %lld ms: Couldn't connect to server",
                        call->url->host, call->url->port, ms);
    case HTTP_CONNECT_TIMEOUT:
        return complain(t, CURL_TIMEOUT, "Failed to connect to %s port %u after %lld ms: Timeout was reached", call->url->host,
                        call->url->port, ms);
    case HTTP_TIMEOUT: return complain_of_timeout(t);
    case HTTP_SEND_FAILED: return complain(t, CURL_SEND, "Send failure: Connection reset by peer");
    case HTTP_RECEIVE_FAILED: return complain(t, CURL_RECEIVE, "Recv failure: Connection reset by peer");
    case HTTP_EMPTY: return complain(t, CURL_EMPTY, "Empty reply from server");
    case HTTP_PARTIAL:
        if (call->body_expected == UINT64_MAX)
            return complain(t, CURL_PARTIAL, "transfer closed with outstanding read data remaining");
        return complain(t, CURL_PARTIAL, "transfer closed with %llu bytes remaining to read",
                        (unsigned long long)(call->body_expected - call->body_bytes));
    case HTTP_NOT_HTTP: return complain(t, CURL_WEIRD_REPLY, "Received HTTP/0.9 when not allowed");
    case HTTP_BAD_BODY: return complain(t, CURL_RECEIVE, "Illegal or missing hexadecimal sequence in chunked-encoding");
    case HTTP_STOPPED:
        return t->write_failed ? complain(t, CURL_WRITE, "Failed writing received data to disk/application") : CURL_INTERRUPTED;
    case HTTP_CANCELLED: return CURL_INTERRUPTED;
    }
    return CURL_RECEIVE;
}

/* ---- a transfer ---- */

static const struct ip *find_resolved(const struct curl_options *options, const struct url *url)
{
    for (size_t i = 0; i < options->resolve_count; i++)
        if (options->resolves[i].port == url->port && text_equal_fold(options->resolves[i].host, url->host))
            return &options->resolves[i].address;
    return NULL;
}

/* One request and its answer. */
static int call_once(struct transfer *t, const struct url *url, bool first_host)
{
    const struct curl_options *o = t->options;
    struct net *net = t->run->net;
    struct text head = {0};
    t->call = (struct http_call){.url = url,
                                 .method = method_of(t),
                                 .family = o->family,
                                 .fast_open = o->fast_open,
                                 .address = find_resolved(o, url),
                                 .deadline = o->time_max_ns ? instant_add(t->report.started, o->time_max_ns) : INSTANT_NEVER,
                                 .connect_deadline =
                                     instant_add(net_now(net), o->connect_max_ns ? o->connect_max_ns : 300 * NS_PER_S),
                                 .hooks = {.context = t, .note = say, .sent = said_sent, .head = said_head, .data = got_data}};
    t->discard = t->data_told = false;
    t->paced = 0;
    t->authorized = NULL;
    t->report.last_started = net_now(net);
    t->report.method = t->call.method;
    if (build_head(t, url, first_host, &head)) {
        text_free(&head);
        return complain(t, CURL_BAD_URL, "not a request method: %s", t->call.method);
    }
    t->call.head = head.data;
    struct text chunks = {0};
    if (t->post && custom_says(o, "Transfer-Encoding", "chunked")) {
        put_in_chunks(&o->data, &chunks);
        t->call.body = (struct bytes){(const uint8_t *)text_string(&chunks), chunks.length};
    } else if (t->post) {
        t->call.body = (struct bytes){(const uint8_t *)text_string(&o->data), o->data.length};
    }
    http_client_call(t->client, &t->call);
    text_free(&chunks);
    t->call.body = (struct bytes){0};
    t->report.call = &t->call;
    t->report.connects += !t->call.reused;
    t->report.minor = http_client_head(t->client)->minor;
    text_free(&head);
    return explain(t);
}

/* The URL that the answer leads to, in *next. False: it leads nowhere. */
static bool follow(struct transfer *t, const struct url *url, struct url *next)
{
    const struct http1_head *head = http_client_head(t->client);
    const char *location = http_field_find(&head->fields, "Location");
    if (head->status < 300 || head->status >= 400 || !location || url_resolve(url, location, &t->arena, next))
        return false;
    t->report.redirect_url = url_print(next, &t->arena);
    return t->options->follow;
}

static int check_scheme(struct transfer *t, const struct url *url)
{
    if (strcmp(url->scheme, "http") != 0)
        return complain(t, CURL_UNSUPPORTED_PROTOCOL, "Protocol \"%s\" not supported", url->scheme);
    t->report.scheme = "HTTP";
    return 0;
}

/* Follows redirects to the end (section 15.4 of RFC 9110): after 301, 302 and 303 a POST becomes a GET, as every browser does it. */
static int run_calls(struct transfer *t, struct url url)
{
    struct url *here = arena_take(&t->arena, sizeof *here), *first = here;
    *here = url;
    for (;;) {
        struct url *next = arena_take(&t->arena, sizeof *next);
        bool same_host =
            !strcmp(here->host, first->host) && here->port == first->port; /* else user and password stay at home */
        int code = call_once(t, here, same_host);
        t->report.url_effective = url_print(here, &t->arena);
        if (code || !follow(t, here, next))
            return code;
        t->report.redirect_url = NULL;
        if (t->options->redirects_max >= 0 && t->report.redirects >= (unsigned long)t->options->redirects_max)
            return complain(t, CURL_REDIRECTS, "Maximum (%ld) redirects followed", t->options->redirects_max);
        t->report.redirects++;
        say(t, arena_format(&t->arena, "Issue another request to this URL: '%s'", url_print(next, &t->arena)));
        if (t->post && t->call.status <= 303) {
            say(t, "Switch from POST to GET");
            t->post = false;
        }
        here = next;
        code = check_scheme(t, here);
        if (code)
            return code;
    }
}

static int parse_target(struct transfer *t, const char *text, struct url *url)
{
    const struct curl_options *o = t->options;
    const char *full = strstr(text, "://") ? text : arena_format(&t->arena, "http://%s", text); /* as curl guesses */
    if (o->get && o->has_data) {
        size_t end = strcspn(full, "#");
        bool query = memchr(full, '?', end) != NULL;
        full = arena_format(&t->arena, "%.*s%c%s", (int)end, full, query ? '&' : '?', text_string(&o->data));
    }
    if (url_parse(full, &t->arena, url, NULL))
        return complain(t, CURL_BAD_URL, "URL using bad/illegal format or missing URL");
    t->report.url_effective = url_print(url, &t->arena);
    return check_scheme(t, url);
}

/* Where the body goes: -o, or with -O the last part of the URL's path. */
static int choose_output(struct transfer *t, const struct curl_target *target, const struct url *url)
{
    t->path = target->output && strcmp(target->output, "-") != 0 ? target->output : NULL;
    if (!target->remote_name)
        return 0;
    t->path = arena_copy_text(&t->arena, strrchr(url->path, '/') + 1);
    if (*t->path)
        return 0;
    tool_complain(t->run, "curl: Remote file name has no length!\n");
    return CURL_WRITE;
}

static void finish_output(struct transfer *t)
{
    if (t->file_begun)
        t->run->io->file_write(t->run->io->context, t->path, NULL, 0);
    t->report.output = t->path;
}

static void show_error(struct transfer *t, int code)
{
    if (code && t->error.length && (!t->options->silent || t->options->show_error))
        tool_complain(t->run, "curl: (%d) %s\n", code, t->error.data);
    t->report.error = text_string(&t->error);
    t->report.exit_code = code;
}

static int transfer(struct tool_run *run, const struct curl_options *options, struct http_client *client, size_t number)
{
    const struct curl_target *target = &options->targets[number];
    struct transfer *t = memory_take_zeroed(1, sizeof *t);
    struct url url;
    t->run = run;
    t->options = options;
    t->client = client;
    t->post = options->has_data && !options->get && !options->head;
    t->report = (struct curl_report){.url = target->url, .started = net_now(run->net), .number = (unsigned)number};
    int code = parse_target(t, target->url, &url);
    if (!code)
        code = choose_output(t, target, &url);
    if (!code) {
        meter_begin(t);
        code = run_calls(t, url);
        meter_end(t);
        if (!code && options->fail && t->call.status >= 400)
            code = complain(t, CURL_HTTP_ERROR, "The requested URL returned error: %u", t->call.status);
        finish_output(t);
        t->report.content_type = t->call.status ? http_field_find(&http_client_head(client)->fields, "Content-Type") : NULL;
    }
    show_error(t, code);
    if (options->write_out)
        curl_write_out(run, options->write_out, &t->report);
    text_free(&t->error);
    arena_free(&t->arena);
    memory_free(t);
    return code;
}

static int curl_run(struct tool_run *run)
{
    struct curl_options *options = memory_take_zeroed(1, sizeof *options);
    int code = curl_parse_options(run, options);
    if (!code && options->version)
        tool_print(run, "curl 8.0.0-imp (imp) imp/" IMP_VERSION "\nProtocols: http\nFeatures: IPv6\n");
    else if (!code && options->help)
        tool_print(run, "%s", SUPPORTED_FORMS);
    else if (!code) {
        struct http_client *client = http_client_create(run->net);
        for (size_t i = 0; i < options->target_count && code != CURL_INTERRUPTED; i++)
            code = transfer(run, options, client, i);
        http_client_free(client);
    }
    text_free(&options->data);
    arena_free(&options->arena);
    memory_free(options);
    return code;
}

const struct tool CURL_TOOL = {.name = "curl", .summary = "fetch URLs over HTTP", .run = curl_run};
