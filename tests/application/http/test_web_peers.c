/* The web server and the curl tool on this machine's loopback, against a real curl: each command line is given to both, and both
 * must say the same and end with the same status. What differs on purpose (the name in User-Agent, dates) is kept out of sight.
 * Without a curl on this machine, only imp's own is run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "application/http/server.h"
#include "base/error.h"
#include "base/memory.h"
#include "host/loop.h"
#include "net/net_host.h"
#include "tools/curl.h"

static struct engine *engine;
static struct loop *loop;
static struct net *net;
static struct arena arena;
static void *web;
static struct endpoint at;

static const struct web_header MOVED[] = {{"Location", "/"}};
static const struct web_header MOVED_ROUND[] = {{"Location", "/round"}};
static char file_name[] = "/tmp/imp-web-XXXXXX";
static struct web_page_config PAGES[] = {
    {.path = "/", .text = "<h1>Hello</h1>\n"},
    {.path = "/digits", .body = "0123456789", .type = "text/plain"},
    {.path = "/big", .size = 300000},
    {.path = "/file", .file = file_name},
    {.path = "/echo", .echo = true, .type = "text/plain"},
    {.path = "/chunked", .body = "abc\n", .chunked = true},
    {.path = "/moved", .text = "elsewhere", .status = 302, .headers = MOVED, .header_count = 1},
    {.path = "/round", .text = "", .status = 301, .headers = MOVED_ROUND, .header_count = 1},
    {.path = "/slow", .text = "late", .delay_ns = 3 * NS_PER_S},
    {.path = "/folder/index.html", .text = "in a folder"},
    {.path = "/error", .text = "sorry", .status = 503},
};

static uint8_t file_bytes[300000];

static void make_file(void)
{
    strcpy(strrchr(file_name, '-'), "-XXXXXX");
    int fd = mkstemp(file_name);
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof file_bytes; i++)
        file_bytes[i] = (uint8_t)('a' + i * 2654435761u % 4294967291u % 26);
    assert_int_equal(write(fd, file_bytes, sizeof file_bytes), sizeof file_bytes);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    make_file();
    static struct web_config config = {.pages = PAGES,
                                       .page_count = count_of(PAGES),
                                       .server_name = "imp",
                                       .idle_timeout_ns = 5 * NS_PER_S,
                                       .request_timeout_ns = NS_PER_S,
                                       .body_max_bytes = 3 << 20,
                                       .connections_max = 100,
                                       .requests_max = 50};
    char error[200];
    config.address = ip4(0x7f000001);
    engine = engine_create(1);
    loop = loop_create(engine);
    net = net_host_create(loop);
    struct service_start start = {.net = net, .config = &config, .arena = &arena, .error = error, .error_bytes = sizeof error};
    assert_int_equal(web_start(&start, &web), 0);
    assert_int_equal(web_local(web, &at), 0);
    unlink(file_name); /* it is in memory */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    net_host_destroy(net);
    web_stop(web);
    loop_destroy(loop);
    assert_int_equal(engine_counts(engine).tasks_alive, 0);
    engine_destroy(engine);
    arena_free(&arena);
    return 0;
}

/* ---- running one command line: what it said and how it ended ---- */

struct outcome {
    struct text out, error;
    int status;
};

static void outcome_free(struct outcome *outcome)
{
    text_free(&outcome->out);
    text_free(&outcome->error);
}

/* The command line with PORT filled in, as words. */
static int words_of(const char *line, char *buffer, size_t size, char **argv, int max)
{
    char port[8];
    const char *mark;
    size_t n = 0;
    snprintf(port, sizeof port, "%u", at.port);
    while ((mark = strstr(line, "PORT")) != NULL) {
        n += (size_t)snprintf(buffer + n, size - n, "%.*s%s", (int)(mark - line), line, port);
        line = mark + 4;
    }
    snprintf(buffer + n, size - n, "%s", line);
    int argc = 0;
    for (char *word = strtok(buffer, " "); word && argc < max - 1; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    return argc;
}

static void sink_out(void *context, const void *data, size_t length)
{
    text_add_bytes(&((struct outcome *)context)->out, data, length);
}
static void sink_error(void *context, const void *data, size_t length)
{
    text_add_bytes(&((struct outcome *)context)->error, data, length);
}

static struct tool_run our_run;
static struct tool_io our_io;

static void our_curl(struct net *unused, void *argument)
{
    (void)unused;
    ((struct outcome *)argument)->status = CURL_TOOL.run(&our_run);
    loop_stop(loop);
}

static void run_ours(const char *line, struct outcome *outcome)
{
    char buffer[1000], *argv[40];
    int argc = words_of(line, buffer, sizeof buffer, argv, 40);
    our_io = (struct tool_io){.context = outcome, .out = sink_out, .error = sink_error};
    our_run = (struct tool_run){.net = net, .io = &our_io, .argc = argc, .argv = argv};
    assert_int_equal(net_spawn(net, "curl", our_curl, outcome), 0);
    assert_int_equal(loop_run(loop, instant_add(loop_now(loop), 20 * NS_PER_S)), 0);
}

static void read_all(int fd, struct text *out)
{
    char piece[4096];
    ssize_t n;
    lseek(fd, 0, SEEK_SET);
    while ((n = read(fd, piece, sizeof piece)) > 0)
        text_add_bytes(out, piece, (size_t)n);
    close(fd);
}

/* The real one, as a child, while the loop serves it. False: there is none here. */
static bool run_real(const char *line, struct outcome *outcome)
{
    char buffer[1000], *argv[40], out_name[] = "/tmp/imp-curl-XXXXXX", error_name[] = "/tmp/imp-curl-XXXXXX";
    words_of(line, buffer, sizeof buffer, argv, 40);
    int out = mkstemp(out_name), error = mkstemp(error_name);
    assert_true(out >= 0 && error >= 0);
    unlink(out_name);
    unlink(error_name);
    pid_t child = fork();
    if (child == 0) {
        dup2(out, 1);
        dup2(error, 2);
        execvp("curl", argv);
        _exit(127);
    }
    int status = 0;
    for (int i = 0; i < 1000 && waitpid(child, &status, WNOHANG) == 0; i++)
        loop_run(loop, instant_add(loop_now(loop), 20 * NS_PER_MS));
    read_all(out, &outcome->out);
    read_all(error, &outcome->error);
    outcome->status = WEXITSTATUS(status);
    return outcome->status != 127;
}

/* ---- the same from both ---- */

/* Lines that differ on purpose, or that tell of libcurl's inside, are taken out; so are dates, and the milliseconds of a message. */
static void normalise(struct text *text)
{
    static const char *const NOT_COMPARED[] = {"Date: ",
                                               "< Date: ",
                                               "> User-Agent: ",
                                               "* Found bundle",
                                               "* Can not multiplex",
                                               "* Hostname",
                                               "* Please",
                                               "* Mark bundle",
                                               "* Added ",
                                               "} [",
                                               "{ [",
                                               "* We are completely",
                                               "* upload completely",
                                               "* Connection died"};
    struct text kept = {0};
    for (const char *line = text_string(text); *line;) {
        size_t n = strcspn(line, "\n");
        n += line[n] != 0;
        bool keep = true;
        for (size_t i = 0; i < count_of(NOT_COMPARED); i++)
            keep = keep && strncmp(line, NOT_COMPARED[i], strlen(NOT_COMPARED[i])) != 0;
        const char *after = memmem(line, n, " after ", 7);
        size_t digits = after ? strspn(after + 7, "0123456789") : 0;
        if (keep && digits && strncmp(after + 7 + digits, " m", 2) == 0) /* "12 ms", "12 milliseconds" */
            text_format(&kept, "%.*s after N%.*s", (int)(after - line), line, (int)(line + n - after - 7) - (int)digits,
                        after + 7 + digits);
        else if (keep)
            text_add_bytes(&kept, line, n);
        line += n;
    }
    text_free(text);
    *text = kept;
}

#define URL "http://127.0.0.1:PORT"
static const char *const LINES[] = {
    "curl -s " URL "/",
    "curl -si " URL "/digits",
    "curl -sI " URL "/digits",
    "curl -sv " URL "/digits",
    "curl -sv " URL "/ " URL "/digits",
    "curl -sv -o /dev/null " URL "/big",
    "curl -s " URL "/big",
    "curl -si " URL "/file",
    "curl -s -r 99-200123 " URL "/file " URL "/digits",
    "curl -s " URL "/chunked",
    "curl -si --http1.0 " URL "/chunked",
    "curl -s0 " URL "/chunked",
    "curl -s -r 2-4 " URL "/digits",
    "curl -si -r 0-0,5-6 " URL "/digits",
    "curl -si -r 20- " URL "/digits",
    "curl -s -d hello " URL "/echo",
    "curl -sv -d a=b -d c=d -H X:y " URL "/echo",
    "curl -s -d @/nonexistent " URL "/echo",
    "curl -s -X PUT --data-raw @x " URL "/echo",
    "curl -s -X DELETE " URL "/",
    "curl -s -X BREW " URL "/",
    "curl -sv -G -d a=b " URL "/?x=y",
    "curl -sv -u me:secret -A agent -e ref -H Accept: -H Empty; " URL "/",
    "curl -s " URL "/moved",
    "curl -sL " URL "/moved",
    "curl -sL -d a=b " URL "/moved",
    "curl -sSL --max-redirs 3 " URL "/round",
    "curl -sL " URL "/folder",
    "curl -sf " URL "/error",
    "curl -sSf " URL "/none",
    "curl -s " URL "/none -w %{http_code}:%{size_download}:%{num_redirects}:%{content_type}:%{remote_ip}:%{url_effective}\\n",
    ("curl -sL " URL
     "/moved -o /dev/null -w %{http_code}:%{num_redirects}:%{num_connects}:%{method}:%{scheme}:%{http_version}:%{exitcode}"),
    "curl -s " URL "/moved -o /dev/null -w %{redirect_url}|%{unknown}|%%|%{response_code}\\t\\n",
    "curl -sS -m 0.3 " URL "/slow",
    "curl -sS http://127.0.0.1:1/",
    "curl -s http://127.0.0.1:1/",
    "curl -sS gopherx://127.0.0.1/",
    "curl -sS http://127.0.0.1:99999/",
    "curl -sS --resolve shop.example:PORT:127.0.0.1 http://shop.example:PORT/",
    "curl -s -H Host:other " URL "/",
    "curl -sSv http://127.0.0.1:1/",
    "curl",
    "curl --nope",
    "curl -o",
    "curl -m abc " URL "/",
    "curl -sS --path-as-is-not " URL,
    "curl -s 127.0.0.1:PORT/digits",
};

static void both_curls_say_the_same(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (size_t i = 0; i < count_of(LINES); i++) {
        struct outcome ours = {0}, real = {0};
        run_ours(LINES[i], &ours);
        if (run_real(LINES[i], &real)) {
            char *unsupported = real.error.data ? strstr(real.error.data, " or disabled in libcurl") : NULL;
            if (unsupported)
                memmove(unsupported, unsupported + 23, strlen(unsupported + 23) + 1);
            char *manual = real.error.data ? strstr(real.error.data, " or 'curl --manual'") : NULL;
            if (manual)
                memmove(manual, manual + 19, strlen(manual + 19) + 1);
            normalise(&ours.out);
            normalise(&ours.error);
            normalise(&real.out);
            normalise(&real.error);
            if (ours.status != real.status || strcmp(text_string(&ours.out), text_string(&real.out)) != 0 ||
                strcmp(text_string(&ours.error), text_string(&real.error)) != 0)
                wrong++, print_message("%s\nours (%d):\n%.2000s\n%s\nreal (%d):\n%.2000s\n%s", LINES[i], ours.status,
                                       text_string(&ours.out), text_string(&ours.error), real.status, text_string(&real.out),
                                       text_string(&real.error));
        }
        outcome_free(&ours);
        outcome_free(&real);
    }
    assert_int_equal(wrong, 0);
}

/* Long bodies are lent and not copied: each byte must be where it belongs, whatever is before and behind. */
static void expect_file(const char *line, size_t from, size_t length)
{
    struct outcome ours = {0};
    run_ours(line, &ours);
    assert_int_equal(ours.status, 0);
    assert_int_equal(ours.out.length, length);
    assert_memory_equal(ours.out.data, file_bytes + from, length);
    outcome_free(&ours);
}

static void long_bodies_are_whole(void **state)
{
    (void)state;
    struct outcome parts = {0};
    expect_file("curl -s " URL "/file", 0, sizeof file_bytes);
    expect_file("curl -s -r 1- " URL "/file", 1, sizeof file_bytes - 1);
    expect_file("curl -s -r 77777-277777 " URL "/file", 77777, 200001);
    expect_file("curl -s -r -16385 " URL "/file", sizeof file_bytes - 16385, 16385);
    expect_file("curl -s -r -16384 " URL "/file", sizeof file_bytes - 16384, 16384); /* copied: as much as one write takes */
    run_ours("curl -s -r 5-100004,200000-200009,100-99999 " URL "/file", &parts);
    const char *body = strstr(text_string(&parts.out), "\r\n\r\n") + 4;
    assert_memory_equal(body, file_bytes + 5, 100000);
    body = strstr(body + 100000, "\r\n\r\n") + 4;
    assert_memory_equal(body, file_bytes + 200000, 10);
    body = strstr(body + 10, "\r\n\r\n") + 4;
    assert_memory_equal(body, file_bytes + 100, 99900);
    assert_memory_equal(body + 99900, "\r\n--imp-part-", 13);
    outcome_free(&parts);
}

/* ---- by hand: what no client would send ---- */

static struct text dialogue;
static const char *to_send;

static void talk(struct net *unused, void *argument)
{
    struct stream stream;
    char piece[2048];
    ssize_t n;
    (void)unused;
    (void)argument;
    assert_int_equal(net_dial(net, &at, NULL, INSTANT_NEVER, &stream), 0);
    assert_int_equal(stream_write(stream, to_send, strlen(to_send), INSTANT_NEVER), 0);
    while ((n = stream_read(stream, piece, sizeof piece, instant_add(net_now(net), 4 * NS_PER_S))) > 0)
        text_add_bytes(&dialogue, piece, (size_t)n);
    stream_close(stream);
    loop_stop(loop);
}

/* How many times `word` is in what the server answered to `request`, until it ended the connection. */
static unsigned answers(const char *request, const char *word)
{
    unsigned count = 0;
    text_clear(&dialogue);
    to_send = request;
    assert_int_equal(net_spawn(net, "talk", talk, NULL), 0);
    assert_int_equal(loop_run(loop, instant_add(loop_now(loop), 20 * NS_PER_S)), 0);
    for (const char *p = text_string(&dialogue); (p = strstr(p, word)) != NULL; p++)
        count++;
    return count;
}

static void connections_are_handled_as_they_should(void **state)
{
    (void)state;
    /* three requests sent ahead are answered in order, then the connection ends as asked */
    assert_int_equal(
        answers("GET /digits HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                "HTTP/1.1 200 OK"),
        3);
    assert_true(strstr(dialogue.data, "0123456789") < strstr(dialogue.data, "xyz"));
    assert_non_null(strstr(dialogue.data, "Hello"));
    /* a half request, then silence: 408 */
    assert_int_equal(answers("GET / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 408 "), 1);
    /* a body that never comes */
    assert_int_equal(answers("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 408 "), 1);
    /* what is not HTTP ends the connection; nothing behind it is looked at */
    assert_int_equal(answers("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nGET / "
                             "HTTP/1.1\r\nHost: a\r\n\r\n",
                             "HTTP/1.1 "),
                     1);
    assert_non_null(strstr(dialogue.data, "400 Bad Request"));
    assert_non_null(strstr(dialogue.data, "Connection: close"));
    assert_int_equal(answers("GET / HTTP/3.0\r\n\r\n", "HTTP/1.1 505 "), 1);
    /* "100 Continue" is said before the body is read, and not when the answer is no anyway */
    assert_int_equal(
        answers("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n",
                "HTTP/1.1 100 Continue"),
        1);
    assert_int_equal(
        answers("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 100 Continue"), 0);
    assert_non_null(strstr(dialogue.data, "405 Method Not Allowed"));
    assert_int_equal(answers("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", "HTTP/1.1 413 "), 1);
    assert_int_equal(answers("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 204 "), 1);
    text_free(&dialogue);
    dialogue = (struct text){0};
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_curls_say_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_bodies_are_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(connections_are_handled_as_they_should, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
