/* iperf3 -s: the side that answers, as a tool and as a service of a lab's node.
 *
 * One test at a time, as with the real one: who comes while a test runs is told to try again later. A connection to the port is either a new
 * client's control connection or, while the streams of the present test are being opened, one of them: it shows the same cookie.
 *
 * A client that asks for a window, a segment size, a type of service or a congestion control, or for Nagle's delay, which is the usual, gets
 * them on a listener of its own, opened anew for its streams, since a window's scale is agreed upon in the handshake.
 *
 * What the client says is checked (iperf3_message.c); a client that falls silent is let go after IPERF3_ANSWER_S, or, while data flows,
 * when its connection fails. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/service.h"
#include "tools/iperf3.h"

static const char LINE[] = "-----------------------------------------------------------\n";

static struct instant answer_by(const struct iperf3_test *test)
{
    return instant_add(net_now(test->net), IPERF3_ANSWER_S * NS_PER_S);
}

static int local_of(struct iperf3_test *test, struct endpoint *out)
{
    *out = (struct endpoint){.port = test->port};
    int error = iperf3_bind_address(test, &out->address);
    if (!error && !test->bind && test->family)
        out->address = ip_any(test->family);
    return error;
}

static int listen_at(struct iperf3_test *test, const struct stream_options *options)
{
    struct endpoint local;
    int error = local_of(test, &local);
    return error ? error : net_listen_tuned(test->net, &local, options, &test->listener);
}

/* The next connection that shows a cookie. */
static int accept_with_cookie(struct iperf3_test *test, struct instant deadline, struct stream *out,
                              char cookie[IPERF3_COOKIE_BYTES])
{
    for (;;) {
        int error = listener_accept(test->listener, deadline, out);
        if (error)
            return error;
        if (stream_read_all(*out, cookie, IPERF3_COOKIE_BYTES, answer_by(test)) == 0)
            return 0;
        (void)stream_reset(*out);
    }
}

static int refuse_parameters(struct iperf3_test *test)
{
    uint8_t numbers[8] = {0, 0, 0, 5}; /* its "bad parameter" */
    int error = iperf3_state_send(test, IPERF3_SERVER_ERROR);
    if (!error)
        error = stream_write(test->control, numbers, sizeof numbers, answer_by(test));
    return error ? error : IMP_INVALID;
}

static int take_parameters(struct iperf3_test *test)
{
    size_t length;
    int error = iperf3_state_send(test, IPERF3_PARAM_EXCHANGE);
    char *json = error ? NULL : iperf3_json_receive(test, &length, &error);
    if (!json)
        return error;
    error = iperf3_parameters_parse(json, length, &test->parameters);
    memory_free(json);
    iperf3_report_control(test);
    return error ? refuse_parameters(test) : 0;
}

/* Whether the streams of this test need a listener of their own. */
static bool tuned(const struct iperf3_test *test)
{
    const struct iperf3_parameters *p = &test->parameters;
    return !p->udp && (p->window_bytes || p->mss || *p->congestion || p->traffic_class || !p->no_delay);
}

static int listen_for_streams(struct iperf3_test *test)
{
    const struct iperf3_parameters *p = &test->parameters;
    struct stream_options options = {.buffer_bytes = p->window_bytes,
                                     .maximum_segment = (uint16_t)p->mss,
                                     .traffic_class = p->traffic_class,
                                     .delay = !p->no_delay,
                                     .congestion = *p->congestion ? p->congestion : NULL};
    struct udp_options udp = {.traffic_class = p->traffic_class, .dont_fragment = p->dont_fragment};
    if (p->udp) {
        int error = local_of(test, &udp.local);
        if (!error)
            error = net_udp(test->net, &udp, &test->udp);
        test->udp_open = error == 0;
        return error;
    }
    if (!tuned(test))
        return 0;
    (void)listener_close(test->listener);
    int error = listen_at(test, &options);
    if (error != IMP_NOT_FOUND)
        return error;
    options.congestion =
        NULL; /* not known here: if the client knows it, its word is enough for what it sends (as in the real one) */
    return listen_at(test, &options);
}

static int accept_tcp(struct iperf3_test *test, struct iperf3_stream *stream, struct instant deadline)
{
    char cookie[IPERF3_COOKIE_BYTES];
    for (;;) {
        int error = accept_with_cookie(test, deadline, &stream->tcp, cookie);
        if (error || memcmp(cookie, test->cookie, sizeof cookie) == 0)
            return error;
        (void)stream_write_some(stream->tcp, &(int8_t){IPERF3_ACCESS_DENIED}, 1, INSTANT_ZERO);
        (void)stream_close(stream->tcp);
    }
}

static int accept_udp(struct iperf3_test *test, struct iperf3_stream *stream, struct instant deadline)
{
    uint32_t ask, answer = IPERF3_UDP_ANSWER;
    stream->udp = test->udp;
    for (;;) {
        struct endpoint from;
        ssize_t got = udp_receive(test->udp, &ask, sizeof ask, &from, deadline);
        if (got < 0)
            return (int)got;
        bool again = false; /* its answer was lost */
        for (unsigned i = 0; i + 1 < test->stream_count; i++)
            again |=
                test->streams[i].udp_remote.port == from.port && ip_equal(&test->streams[i].udp_remote.address, &from.address);
        (void)udp_send(test->udp, &answer, sizeof answer, &from);
        stream->udp_remote = from;
        if (!again)
            return 0;
    }
}

static int open_streams(struct iperf3_test *test)
{
    const struct iperf3_parameters *p = &test->parameters;
    int error = listen_for_streams(test);
    struct instant deadline = answer_by(test);
    if (!error)
        error = iperf3_state_send(test, IPERF3_CREATE_STREAMS);
    for (unsigned i = 0; i < p->parallel * (p->bidirectional ? 2 : 1) && !error; i++) {
        struct iperf3_stream *stream = iperf3_stream_add(test, p->bidirectional ? i >= p->parallel : p->reverse);
        error = p->udp ? accept_udp(test, stream, deadline) : accept_tcp(test, stream, deadline);
        if (error)
            test->stream_count--;
        else
            iperf3_report_connected(test, stream);
    }
    return error;
}

static int exchange_results(struct iperf3_test *test)
{
    struct iperf3_results mine;
    struct text json = {0};
    size_t length;
    int error = iperf3_state_send(test, IPERF3_EXCHANGE_RESULTS);
    char *theirs = error ? NULL : iperf3_json_receive(test, &length, &error);
    if (theirs && (error = iperf3_results_parse(theirs, length, &test->theirs)) == 0)
        iperf3_results_theirs(test);
    memory_free(theirs);
    if (error)
        return error;
    iperf3_results_mine(test, &mine);
    if (test->parameters.server_output) {
        mine.output = text_string(&test->told);
        mine.output_json = test->json;
    }
    iperf3_results_build(&mine, &json);
    error = iperf3_json_send(test, &json);
    text_free(&json);
    return error ? error : iperf3_state_send(test, IPERF3_DISPLAY_RESULTS);
}

/* The real client waits for the rest of a block that it began to read; the end of the stream tells it that none will come. */
static void finish_streams(struct iperf3_test *test)
{
    for (unsigned i = 0; i < test->stream_count; i++)
        if (test->streams[i].sends && !test->parameters.udp)
            (void)stream_finish(test->streams[i].tcp);
}

/* From the parameters to the results. */
static int serve(struct iperf3_test *test)
{
    int state, error = take_parameters(test);
    if (!error && (test->parameters.reverse || test->parameters.bidirectional) && iperf3_file_read(test))
        error = IMP_NOT_FOUND;
    if (!error)
        error = open_streams(test);
    if (!error)
        error = iperf3_state_send(test, IPERF3_TEST_START);
    if (error)
        return error;
    iperf3_report_begin(test);
    iperf3_report_head(test);
    iperf3_transfer_begin(test);
    error = iperf3_state_send(test, IPERF3_TEST_RUNNING);
    if (!error)
        error = iperf3_transfer(test, INSTANT_NEVER, &state);
    if (instant_before(test->last_report, net_now(test->net)))
        iperf3_report_interval(test);
    if (!error && state == IPERF3_CLIENT_TERMINATE) {
        iperf3_report_summary(test);
        return iperf3_complain(test, "error - the client has terminated") ? 0 : 0;
    }
    if (!error && state != IPERF3_TEST_END)
        error = IMP_MALFORMED;
    if (error)
        return error;
    finish_streams(test);
    iperf3_report_summary(test); /* before the exchange, which may carry it */
    if ((error = exchange_results(test)) != 0)
        return error;
    int8_t done;
    (void)stream_read_all(test->control, &done, 1, answer_by(test)); /* IPERF_DONE, or the end */
    return 0;
}

static int one_test(struct iperf3_test *test)
{
    test->parameters = (struct iperf3_parameters){.parallel = 1};
    test->intervals_shown = 0;
    for (int error = IMP_TIMEOUT; error == IMP_TIMEOUT;) {
        if (iperf3_interrupted(test))
            return IMP_CANCELLED;
        bool watched = test->run->io->interrupted != NULL; /* by someone who may press Ctrl-C */
        struct instant tick = instant_add(net_now(test->net), IPERF3_TICK_MS * NS_PER_MS);
        error = accept_with_cookie(test, watched ? tick : INSTANT_NEVER, &test->control, test->cookie);
        if (error && error != IMP_TIMEOUT)
            return error;
    }
    test->control_open = true;
    test->cookie[IPERF3_COOKIE_BYTES - 1] = '\0';
    int error = serve(test);
    if (error && test->interrupted)
        (void)iperf3_state_send(test, IPERF3_SERVER_TERMINATE);
    else if (error)
        iperf3_complain(test, "error - %s",
                        error == IMP_CLOSED ? "control socket has closed unexpectedly" : imp_error_text(error));
    bool anew = tuned(test);
    iperf3_test_end(test);
    if (anew) {
        (void)listener_close(test->listener);
        int failed = listen_at(test, &(struct stream_options){.buffer_bytes = 0});
        if (failed)
            return failed;
    }
    return test->interrupted ? IMP_CANCELLED : 0;
}

/* One test after the other, on a port that is open already. */
static int serve_tests(struct iperf3_test *test, bool once)
{
    int error;
    unsigned number = 0;
    do {
        iperf3_say(test, "%sServer listening on %u (test #%u)\n%s", LINE, test->port, ++number, LINE);
        error = one_test(test);
    } while (!error && !once);
    (void)listener_close(test->listener);
    if (test->interrupted)
        return iperf3_complain(test, "interrupt - the server has terminated");
    return error ? 1 : 0;
}

int iperf3_server(struct iperf3_test *test, bool once)
{
    int error = listen_at(test, &(struct stream_options){.buffer_bytes = 0});
    if (error)
        return iperf3_complain(test, "error - unable to start listener for connections: %s",
                               error == IMP_IN_USE ? "Address already in use" : imp_error_text(error));
    return serve_tests(test, once);
}

/* ---- the service ---- */

struct server_config {
    uint16_t port;
};
struct server {
    struct iperf3_test test;
    struct tool_run run;
    struct tool_io io;
};

static const struct config_key SERVER_KEYS[] = {{.name = "port",
                                                 .kind = CONFIG_NUMBER,
                                                 .offset = offsetof(struct server_config, port),
                                                 .bytes = 2,
                                                 .minimum = 1,
                                                 .maximum = 65535,
                                                 .fallback = "5201",
                                                 .about = "TCP (and, in UDP tests, UDP) port to listen on."},
                                                {.name = NULL}};

static void unheard(void *context, const void *data, size_t length)
{
    (void)context;
    (void)data;
    (void)length;
}

static void server_run(struct net *net, void *argument)
{
    struct server *server = argument;
    (void)net;
    (void)serve_tests(&server->test, false);
}

static int server_start(const struct service_start *start, void **state)
{
    const struct server_config *config = start->config;
    struct server *server = arena_take(start->arena, sizeof *server);
    memset(server, 0, sizeof *server);
    server->io = (struct tool_io){.out = unheard, .error = unheard, .wall_offset_ns = net_wall_offset_ns(start->net)};
    server->run = (struct tool_run){.net = start->net, .io = &server->io};
    server->test = (struct iperf3_test){.run = &server->run, .net = start->net, .server = true, .port = config->port};
    *state = server;
    int error = listen_at(&server->test, &(struct stream_options){.buffer_bytes = 0});
    if (error) {
        snprintf(start->error, start->error_bytes, "cannot listen on port %u: %s", config->port, service_listen_error(error));
        return error;
    }
    return net_spawn(start->net, "iperf3-server", server_run, server);
}

const struct service IPERF3_SERVER_SERVICE = {.name = "iperf3-server",
                                              .udp = true,
                                              .summary = "measures throughput: the other end of iperf3",
                                              .config_bytes = sizeof(struct server_config),
                                              .keys = SERVER_KEYS,
                                              .start = server_start};
