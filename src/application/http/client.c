/* The HTTP client: resolve, connect, send, read, as a person would tell it.
 *
 * http_client_call() is a row of steps that each set what failed and stop. Times are noted as each step ends, so that a caller can
 * show where the time went. The body is handed on piece by piece and never gathered, whatever its size.
 *
 * A kept connection may have been closed by the server in the meantime. Before it is used again it is asked without waiting; if
 * it nevertheless dies before the first byte of an answer, the request is sent once more on a new connection (RFC 9112 section
 * 9.3.1), which is safe since no answer had begun and is done once only.
 *
 * Interim responses (1xx) are told to the caller and skipped. A request that expects "100 Continue" waits for it a second, then sends its
 * body anyway (RFC 9110 section 10.1.1); a final answer that comes first means the body is not wanted.
 *
 * Left out on purpose: pipelining, a pool of connections, proxies, cookies, TLS (which will be a stream on this stream). */
#include "application/http/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "application/dns/stub.h"
#include "application/http/connect.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/event.h"

static const int64_t CONTINUE_WAIT_NS = NS_PER_S;

static const struct event_type REQUEST = {
    .name = "http-request",
    .protocol = "HTTP",
    .story = "asks {method} {path} of {host}",
    .fields = {{"to", FIELD_IP}, {"method", FIELD_TEXT}, {"path", FIELD_TEXT}, {"host", FIELD_TEXT}}};
static const struct event_type RESPONSE = {.name = "http-response",
                                           .protocol = "HTTP",
                                           .story = "gets {status} {phrase}, {bytes} bytes",
                                           .fields = {{"from", FIELD_IP},
                                                      {"status", FIELD_NUMBER},
                                                      {"phrase", FIELD_TEXT},
                                                      {"bytes", FIELD_NUMBER},
                                                      {"dns", FIELD_DURATION},
                                                      {"connect", FIELD_DURATION},
                                                      {"wait", FIELD_DURATION},
                                                      {"total", FIELD_DURATION}}};

struct http_client *http_client_create(struct net *net)
{
    struct http_client *client = memory_take_zeroed(1, sizeof *client);
    client->net = net;
    http1_init(&client->parser, true);
    return client;
}

static void disconnect(struct http_client *client)
{
    if (client->open)
        stream_close(client->stream);
    client->open = false;
    client->in_at = client->in_length = 0;
}

void http_client_free(struct http_client *client)
{
    disconnect(client);
    http1_free(&client->parser);
    memory_free(client);
}

const struct http1_head *http_client_head(const struct http_client *client) { return &client->parser.head; }

__attribute__((format(printf, 2, 3))) static void note(const struct http_call *call, const char *format, ...)
{
    if (!call->hooks.note)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->hooks.note(call->hooks.context, text);
}

static bool fail(struct http_call *call, enum http_failure failure)
{
    call->failure = failure;
    return false;
}

/* ---- connecting ---- */

static bool resolve(struct http_client *client, struct http_call *call, struct ip *out, size_t *count)
{
    *count = 1;
    if (call->address) {
        out[0] = *call->address;
        note(call, "Hostname %s was found in DNS cache", call->url->host);
    } else if (ip_parse(call->url->host, out) != 0) {
        struct instant deadline = instant_min(call->deadline, call->connect_deadline);
        int found = dns_resolve(client->net, call->url->host, call->family, deadline, out, LIMIT_HTTP_ADDRESSES);
        if (found == IMP_CANCELLED)
            return fail(call, HTTP_CANCELLED);
        if (found == IMP_TIMEOUT && instant_reached(net_now(client->net), deadline))
            return fail(call, HTTP_RESOLVE_TIMEOUT);
        if (found <= 0) {
            note(call, "Could not resolve host: %s", call->url->host);
            return fail(call, HTTP_RESOLVE_FAILED);
        }
        *count = (size_t)found;
    }
    if (call->family && call->family != out[0].family)
        return fail(call, HTTP_CONNECT_FAILED);
    call->times.resolved = net_now(client->net);
    return true;
}

static void told_attempt(void *context, const struct endpoint *remote, int error)
{
    const struct http_call *call = context;
    char text[ENDPOINT_TEXT_BYTES];
    if (error == 1)
        note(call, "  Trying %s...", endpoint_print(remote, text, sizeof text));
    else
        note(call, "connect to %s port %u failed: %s", ip_print(&remote->address, text, sizeof text), remote->port,
             error == IMP_REFUSED       ? "Connection refused"
             : error == IMP_TIMEOUT     ? "Connection timed out"
             : error == IMP_UNREACHABLE ? "No route to host"
                                        : imp_error_text(error));
}

static bool connect_fresh(struct http_client *client, struct http_call *call)
{
    struct ip addresses[LIMIT_HTTP_ADDRESSES];
    size_t count;
    if (!resolve(client, call, addresses, &count))
        return false;
    struct connect_hooks hooks = {told_attempt, call, .fast_open = call->fast_open};
    struct instant deadline = instant_min(call->deadline, call->connect_deadline);
    int error =
        http_connect(client->net, addresses, count, call->url->port, deadline, &hooks, &client->stream, &client->remote);
    if (error == IMP_CANCELLED)
        return fail(call, HTTP_CANCELLED);
    if (error == IMP_TIMEOUT && instant_reached(net_now(client->net), call->deadline))
        return fail(call, HTTP_TIMEOUT);
    if (error) {
        long long ms = instant_since(net_now(client->net), call->times.start) / NS_PER_MS;
        note(call, "Failed to connect to %s port %u after %lld ms: %s", call->url->host, call->url->port, ms,
             error == IMP_TIMEOUT ? "Timeout was reached" : "Couldn't connect to server");
        return fail(call, error == IMP_TIMEOUT ? HTTP_CONNECT_TIMEOUT : HTTP_CONNECT_FAILED);
    }
    client->open = true;
    client->port = call->url->port;
    snprintf(client->host, sizeof client->host, "%s", call->url->host);
    char text[IP_TEXT_BYTES];
    note(call, "Connected to %s (%s) port %u (#%u)", call->url->host, ip_print(&client->remote.address, text, sizeof text),
         client->port, client->connections++);
    return true;
}

/* Is the kept connection to this host, and still alive? Something to read on it can only be its end, or an answer that nobody asked for. */
static bool can_reuse(struct http_client *client, const struct http_call *call)
{
    if (!client->open || client->port != call->url->port || strcmp(client->host, call->url->host) != 0)
        return false;
    return stream_read(client->stream, client->in, sizeof client->in, net_now(client->net)) == IMP_TIMEOUT;
}

static bool connect_for(struct http_client *client, struct http_call *call)
{
    call->reused = can_reuse(client, call);
    if (call->reused) {
        call->times.resolved = net_now(client->net);
        note(call, "Re-using existing connection #%u with host %s", client->connections - 1, client->host);
    } else {
        if (client->open)
            note(call, "Closing connection %u", client->connections - 1);
        disconnect(client);
        if (!connect_fresh(client, call))
            return false;
    }
    call->times.connected = net_now(client->net);
    call->remote = client->remote;
    stream_local(client->stream, &call->local);
    return true;
}

/* ---- sending and reading ---- */

static bool transport_failed(struct http_client *client, struct http_call *call, int error, enum http_failure otherwise)
{
    if (error == IMP_CANCELLED)
        return fail(call, HTTP_CANCELLED);
    if (error == IMP_TIMEOUT && instant_reached(net_now(client->net), call->deadline))
        return fail(call, HTTP_TIMEOUT);
    return fail(call, otherwise);
}

static bool send_bytes(struct http_client *client, struct http_call *call, const void *data, size_t length)
{
    int error = length ? stream_write(client->stream, data, length, call->deadline) : 0;
    return !error || transport_failed(client, call, error, HTTP_SEND_FAILED);
}

/* More bytes into the empty buffer. Returns what stream_read() does. */
static ssize_t fill(struct http_client *client, struct http_call *call, struct instant deadline)
{
    ssize_t n = stream_read(client->stream, client->in, sizeof client->in, deadline);
    client->in_at = 0;
    client->in_length = n > 0 ? (size_t)n : 0;
    if (n > 0 && instant_is_never(call->times.first_byte))
        call->times.first_byte = net_now(client->net);
    return n;
}

static bool ended(struct http_client *client, struct http_call *call, ssize_t n)
{
    bool begun = !instant_is_never(call->times.first_byte);
    if (n < 0 && n != IMP_RESET && n != IMP_CLOSED)
        return transport_failed(client, call, (int)n, HTTP_RECEIVE_FAILED);
    if (n == IMP_RESET)
        return fail(call, HTTP_RECEIVE_FAILED);
    if (http1_parse_eof(&client->parser) == HTTP1_END)
        return true;
    return fail(call, !begun ? HTTP_EMPTY : call->status ? HTTP_PARTIAL : HTTP_NOT_HTTP);
}

static bool take_head(struct http_client *client, struct http_call *call)
{
    const struct http1_parser *parser = &client->parser;
    if (call->hooks.head)
        call->hooks.head(call->hooks.context, &parser->head);
    call->header_bytes += parser->text.length;
    call->status = parser->head.status;
    call->body_expected = parser->body == HTTP1_LENGTH    ? parser->content_length
                          : parser->body == HTTP1_NO_BODY ? 0
                                                          : UINT64_MAX;
    return true;
}

/* Reads one response, to its end. */
static bool read_response(struct http_client *client, struct http_call *call)
{
    for (;;) {
        size_t consumed;
        struct bytes data;
        enum http1_event event =
            http1_parse(&client->parser, client->in + client->in_at, client->in_length - client->in_at, &consumed, &data);
        client->in_at += consumed;
        switch (event) {
        case HTTP1_HEAD: take_head(client, call); break;
        case HTTP1_DATA:
            call->body_bytes += data.length;
            if (call->hooks.data && call->hooks.data(call->hooks.context, data))
                return fail(call, HTTP_STOPPED);
            break;
        case HTTP1_END: return true;
        case HTTP1_ERROR: call->why = client->parser.why; return fail(call, call->status ? HTTP_BAD_BODY : HTTP_NOT_HTTP);
        case HTTP1_MORE: {
            ssize_t n = fill(client, call, call->deadline);
            if (n <= 0)
                return ended(client, call, n);
        }
        }
    }
}

static bool read_final(struct http_client *client, struct http_call *call)
{
    for (unsigned i = 0; i < LIMIT_HTTP_INTERIM_RESPONSES; i++) {
        http1_next(&client->parser);
        client->parser.to_head = !strcmp(call->method, "HEAD");
        call->status = 0;
        if (!read_response(client, call))
            return false;
        if (call->status >= 200)
            return true;
    }
    call->why = "interim responses without end";
    return fail(call, HTTP_NOT_HTTP);
}

/* Sends the request. With "100 Continue" asked for, something to read before the body goes out is looked at first. */
static bool send_request(struct http_client *client, struct http_call *call)
{
    struct text out = {0};
    bool together = !call->expects_continue && call->body.length <= 65536; /* one write: one segment, when it fits */
    text_add(&out, call->head);
    if (together)
        text_add_bytes(&out, call->body.data, call->body.length);
    bool sent = send_bytes(client, call, out.data, out.length);
    text_free(&out);
    if (sent && call->hooks.sent)
        call->hooks.sent(call->hooks.context, call->head, call->body.length);
    if (sent && call->expects_continue) {
        struct wait_source source = wait_on(WAIT_READ, client->stream);
        int ready = net_wait(client->net, &source, 1, instant_add(net_now(client->net), CONTINUE_WAIT_NS));
        if (ready == IMP_CANCELLED)
            return fail(call, HTTP_CANCELLED);
        if (ready >= 0) { /* the interim response, or already the final one: then the body is not wanted */
            static const char FINAL[] = "HTTP/1.1 1";
            ssize_t n = fill(client, call, call->deadline);
            if (n <= 0)
                return ended(client, call, n);
            if ((size_t)n >= sizeof FINAL - 1 && memcmp(client->in, FINAL, sizeof FINAL - 1) != 0) {
                call->times.sent = net_now(client->net);
                return true;
            }
        } else {
            note(call, "Done waiting for 100-continue");
        }
    }
    if (sent && !together)
        sent = send_bytes(client, call, call->body.data, call->body.length);
    call->times.sent = net_now(client->net);
    return sent;
}

static void tell_request(const struct http_client *client, const struct http_call *call)
{
    struct node *node = net_node(client->net);
    if (event_wanted(node))
        event_emit(
            node, &REQUEST,
            (union event_value[]){
                {.ip = call->remote.address}, {.text = call->method}, {.text = call->url->path}, {.text = call->url->host}});
}

static int64_t phase(struct instant end, struct instant begin)
{
    return instant_is_never(end) || instant_is_never(begin) ? 0 : instant_since(end, begin);
}

static void tell_response(const struct http_client *client, const struct http_call *call)
{
    struct node *node = net_node(client->net);
    const struct http_times *t = &call->times;
    if (event_wanted(node))
        event_emit(node, &RESPONSE,
                   (union event_value[]){{.ip = call->remote.address},
                                         {.number = call->status},
                                         {.text = http_status_phrase(call->status)},
                                         {.number = (int64_t)call->body_bytes},
                                         {.number = phase(t->resolved, t->start)},
                                         {.number = phase(t->connected, t->resolved)},
                                         {.number = phase(t->first_byte, t->sent)},
                                         {.number = phase(t->done, t->start)}});
}

static bool exchange(struct http_client *client, struct http_call *call)
{
    for (;;) {
        if (!connect_for(client, call))
            return false;
        tell_request(client, call);
        if (send_request(client, call) && read_final(client, call))
            return true;
        bool died = call->failure == HTTP_EMPTY || call->failure == HTTP_RECEIVE_FAILED || call->failure == HTTP_SEND_FAILED;
        if (!call->reused || !died || !instant_is_never(call->times.first_byte))
            return false;
        note(call, "Connection died, retrying a fresh connect (retry count: 1)");
        disconnect(client);
        call->failure = HTTP_DONE;
    }
}

void http_client_call(struct http_client *client, struct http_call *call)
{
    call->failure = HTTP_DONE;
    call->why = NULL;
    call->status = 0;
    call->body_bytes = call->header_bytes = 0;
    call->body_expected = UINT64_MAX;
    call->times =
        (struct http_times){net_now(client->net), INSTANT_NEVER, INSTANT_NEVER, INSTANT_NEVER, INSTANT_NEVER, INSTANT_NEVER};
    bool good = exchange(client, call);
    call->times.done = net_now(client->net);
    if (good)
        tell_response(client, call);
    bool was_open = client->open;
    if (!good || !client->parser.head.keep_alive || client->in_at != client->in_length) {
        disconnect(client);
        if (was_open || call->failure)
            call->hooks.note ? note(call, "Closing connection %u", client->connections ? client->connections - 1 : 0) : (void)0;
    } else {
        note(call, "Connection #%u to host %s left intact", client->connections - 1, client->host);
    }
}
