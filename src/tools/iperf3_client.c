/* iperf3 -c: the side that asks.
 *
 * Connect, send the cookie, and from then on do what the server's states say: send the parameters, open the streams, start, and at the end,
 * which the client decides, exchange results. Each stream is a connection of its own to the same port and begins with the cookie too; a
 * UDP stream begins with a datagram that the server answers.
 *
 * The data's clock starts with TEST_START. When the time is over or everything is sent, TEST_END goes out; what arrives after that is not
 * counted, as in the real one. */
#include <string.h>

#include "application/dns/stub.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/net_config.h"
#include "tools/iperf3.h"

static const char *why(int error)
{
    switch (error) {
    case IMP_REFUSED: return "Connection refused";
    case IMP_UNREACHABLE: return "No route to host";
    case IMP_TIMEOUT: return "Connection timed out";
    case IMP_RESET: return "Connection reset by peer";
    case IMP_NOT_FOUND: return "unable to set TCP_CONGESTION: Supplied congestion control algorithm not supported on this host";
    default: return imp_error_text(error);
    }
}

static struct instant answer_by(const struct iperf3_test *test)
{
    return instant_add(net_now(test->net), IPERF3_ANSWER_S * NS_PER_S);
}

static struct endpoint server_of(struct iperf3_test *test)
{
    struct endpoint server = {0};
    (void)stream_remote(test->control, &server);
    return server;
}

static int connect_to_server(struct iperf3_test *test)
{
    uint8_t random[IPERF3_COOKIE_BYTES - 1];
    struct endpoint server = {.port = test->port};
    struct dial_options options = {.local = {.port = 0}};
    if (dns_resolve(test->net, test->host, test->family, answer_by(test), &server.address, 1) < 1)
        return iperf3_complain(test, "error - unable to connect to server: Name or service not known");
    if (iperf3_bind_address(test, &options.local.address) ||
        (test->bind && options.local.address.family != server.address.family))
        return iperf3_complain(test, "error - unable to connect to server: no address of this end to bind to: %s", test->bind);
    struct instant deadline = test->connect_ns ? instant_add(net_now(test->net), test->connect_ns) : answer_by(test);
    int error = net_dial(test->net, &server, &options, deadline, &test->control);
    if (error)
        return iperf3_complain(test, "error - unable to connect to server: %s", why(error));
    test->control_open = true;
    net_random_fill(test->net, random, sizeof random);
    iperf3_cookie_make(random, test->cookie);
    iperf3_report_control(test);
    test->error = stream_write(test->control, test->cookie, IPERF3_COOKIE_BYTES, answer_by(test));
    return 0;
}

static int send_parameters(struct iperf3_test *test)
{
    struct text json = {0};
    struct socket_inside inside;
    if (!test->parameters.block_bytes) { /* datagrams that fit the path, as far as TCP knows it */
        bool known = net_stream_inside(test->control, &inside) == 0 && inside.mss_bytes >= 16;
        test->parameters.block_bytes = !test->parameters.udp ? IPERF3_BLOCK_TCP : known ? inside.mss_bytes : 1448;
    }
    iperf3_parameters_build(&test->parameters, &json);
    int error = iperf3_json_send(test, &json);
    text_free(&json);
    return error;
}

/* Where the stream that was added last is bound to: -B and --cport, whose port is the first stream's. */
static struct endpoint local_of(struct iperf3_test *test)
{
    struct endpoint local = {.port = 0};
    (void)iperf3_bind_address(test, &local.address);
    if (test->client_port)
        local.port = (uint16_t)(test->client_port + test->stream_count - 1);
    if (local.port && !local.address.family)
        local.address = ip_any(server_of(test).address.family);
    return local;
}

static int open_udp(struct iperf3_test *test, struct iperf3_stream *stream)
{
    enum { TRIES = 10, WAIT_MS = 1000 };
    uint32_t ask = IPERF3_UDP_ASK, answer;
    stream->udp_remote = server_of(test);
    const struct iperf3_parameters *p = &test->parameters;
    struct udp_options options = {.remote = stream->udp_remote,
                                  .traffic_class = p->traffic_class,
                                  .dont_fragment = p->dont_fragment,
                                  .local = local_of(test)};
    int error = net_udp(test->net, &options, &stream->udp);
    if (error) {
        test->stream_count--;
        return error;
    }
    for (unsigned i = 0; i < TRIES; i++) {
        if ((error = udp_send(stream->udp, &ask, sizeof ask, NULL)) != 0)
            return error;
        ssize_t got =
            udp_receive(stream->udp, &answer, sizeof answer, NULL, instant_add(net_now(test->net), WAIT_MS * NS_PER_MS));
        if (got >= 0)
            return 0;
        if (got != IMP_TIMEOUT)
            return (int)got;
    }
    return IMP_TIMEOUT;
}

static int open_tcp(struct iperf3_test *test, struct iperf3_stream *stream)
{
    const struct iperf3_parameters *p = &test->parameters;
    struct endpoint server = server_of(test);
    struct dial_options options = {.local = local_of(test),
                                   .stream = {.buffer_bytes = p->window_bytes,
                                              .traffic_class = p->traffic_class,
                                              .delay = !p->no_delay,
                                              .maximum_segment = (uint16_t)p->mss,
                                              .congestion = *p->congestion ? p->congestion : NULL}};
    int error = net_dial(test->net, &server, &options, answer_by(test), &stream->tcp);
    if (error) {
        test->stream_count--;
        return error;
    }
    return stream_write(stream->tcp, test->cookie, IPERF3_COOKIE_BYTES, answer_by(test));
}

static int open_streams(struct iperf3_test *test)
{
    const struct iperf3_parameters *p = &test->parameters;
    if (p->reverse && !p->bidirectional)
        iperf3_say(test, "Reverse mode, remote host %s is sending\n", test->host);
    for (unsigned i = 0; i < p->parallel * (p->bidirectional ? 2 : 1); i++) {
        struct iperf3_stream *stream = iperf3_stream_add(test, p->bidirectional ? i < p->parallel : !p->reverse);
        int error = p->udp ? open_udp(test, stream) : open_tcp(test, stream);
        if (error)
            return error;
    }
    for (unsigned i = 0; i < test->stream_count; i++)
        iperf3_report_connected(test, &test->streams[i]);
    return 0;
}

static int exchange_results(struct iperf3_test *test)
{
    struct iperf3_results mine;
    struct text json = {0};
    size_t length;
    int error;
    iperf3_results_mine(test, &mine);
    iperf3_results_build(&mine, &json);
    error = iperf3_json_send(test, &json);
    text_free(&json);
    char *theirs = error ? NULL : iperf3_json_receive(test, &length, &error);
    if (theirs && (error = iperf3_results_parse(theirs, length, &test->theirs)) == 0)
        iperf3_results_theirs(test);
    test->their_output = test->theirs.their_output;
    test->their_output_json = test->theirs.output_json;
    memory_free(theirs);
    return error;
}

static int run_data(struct iperf3_test *test, int *state)
{
    const struct iperf3_parameters *p = &test->parameters;
    bool endless = p->bytes || p->blocks || p->time_s == 0;
    struct instant until = endless ? INSTANT_NEVER : instant_add(test->begin, (p->omit_s + p->time_s) * NS_PER_S);
    int error = iperf3_transfer(test, until, state);
    if (error && error != IMP_CANCELLED)
        return error;
    if (*state == 0 && instant_before(test->last_report, net_now(test->net)))
        iperf3_report_interval(test);
    if (test->interrupted) {
        (void)iperf3_state_send(test, IPERF3_CLIENT_TERMINATE);
        return IMP_CANCELLED;
    }
    return error || *state ? error : iperf3_state_send(test, IPERF3_TEST_END);
}

static int refused(struct iperf3_test *test, int state)
{
    uint8_t numbers[8];
    if (state == IPERF3_ACCESS_DENIED)
        return iperf3_complain(test, "error - the server is busy running a test. try again later");
    if (state == IPERF3_SERVER_TERMINATE)
        return iperf3_complain(test, "error - the server has terminated");
    if (state == IPERF3_SERVER_ERROR && stream_read_all(test->control, numbers, sizeof numbers, answer_by(test)) == 0)
        return iperf3_complain(test, "error - the server refuses the test (its error number %u)", load_u32(numbers));
    return iperf3_complain(test, "error - received an unknown control message");
}

/* One state of the server's. 1: the test is over; 0: go on; negative: an error. */
static int follow(struct iperf3_test *test, int state)
{
    int next = 0, error;
    switch (state) {
    case IPERF3_PARAM_EXCHANGE: return send_parameters(test);
    case IPERF3_CREATE_STREAMS: return open_streams(test);
    case IPERF3_TEST_START:
        iperf3_report_begin(test);
        iperf3_report_head(test);
        iperf3_transfer_begin(test);
        return 0;
    case IPERF3_TEST_RUNNING: error = run_data(test, &next); return error || next == 0 ? error : follow(test, next);
    case IPERF3_EXCHANGE_RESULTS: return exchange_results(test);
    case IPERF3_DISPLAY_RESULTS:
        iperf3_report_summary(test);
        (void)iperf3_state_send(test, IPERF3_DONE);
        return 1;
    default: return refused(test, state) ? 2 : 0;
    }
}

int iperf3_client(struct iperf3_test *test)
{
    int status = connect_to_server(test), step = test->error;
    while (!status && step == 0) {
        int8_t state;
        step = stream_read_all(test->control, &state, 1, answer_by(test));
        if (step == 0)
            step = follow(test, state);
    }
    if (!status && step == IMP_CANCELLED && test->interrupted) {
        iperf3_report_summary(test);
        status = iperf3_complain(test, "interrupt - the client has terminated");
    } else if (!status && step < 0) {
        status = step == IMP_CLOSED ? iperf3_complain(test, "error - control socket has closed unexpectedly")
                                    : iperf3_complain(test, "error - %s", why(step));
    } else if (!status && step == 2) {
        status = 1;
    }
    if (!status)
        iperf3_say(test, "\niperf Done.\n");
    iperf3_test_end(test);
    return status;
}
