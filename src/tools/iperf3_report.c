/* iperf3: what it prints, in the columns and words of the real one, or as one JSON document (-J).
 *
 * Each report covers the time since the last one. A sender on TCP shows what was sent again and the congestion window; a receiver of UDP shows jitter
 * and loss. The summary has both ends' figures on the client, which has got the server's, and the server's own on the server.
 *
 * A server keeps what it said of a test, since a client may ask for it (--get-server-output). CPU use is not told: in a lab it means nothing.
 *
 * With -J nothing is printed until the test is over; intervals are gathered as JSON text meanwhile. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "application/http/message.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/net_config.h"
#include "tools/iperf3.h"
#include "tools/iperf3_json.h"

static const char OMITTED[] = "(omitted)"; /* behind an interval that does not count */
static const char LINE[] = "- - - - - - - - - - - - - - - - - - - - - - - - -\n";

/* To where the output goes: the standard output, or the log. */
static void put_raw(struct iperf3_test *test, const char *data, size_t length)
{
    const struct tool_io *io = test->run->io;
    if (test->log && io->file_write)
        (void)io->file_write(io->context, test->log, data, length);
    else
        io->out(io->context, data, length);
}

/* Likewise, each line with its title; and the server remembers what it said, for a client that asks. */
static void put(struct iperf3_test *test, const char *data, size_t length)
{
    struct text text = {0};
    if (test->server && test->control_open && test->told.length + length <= IPERF3_JSON_BYTES_MAX / 2)
        text_add_bytes(&test->told, data, length);
    for (size_t at = 0; at < length; at++) {
        if (test->title && !test->inside_line)
            text_format(&text, "%s:  ", test->title);
        text_add_char(&text, data[at]);
        test->inside_line = data[at] != '\n';
    }
    put_raw(test, text_string(&text), text.length);
    text_free(&text);
}

int iperf3_log_open(struct iperf3_test *test)
{
    const struct tool_io *io = test->run->io;
    const char *log = test->log;
    size_t length = 0;
    int error = log && !io->file_write ? IMP_UNSUPPORTED : 0;
    uint8_t *before = NULL;
    if (log && !error && io->file_read && !(before = io->file_read(io->context, log, IPERF3_LOG_BYTES_MAX, &length, &error)))
        error = error == IMP_NOT_FOUND ? 0 : error; /* what is there and cannot be read must not be written over */
    if (log && !error)
        error = io->file_write(io->context, log, before ? (const char *)before : "", length);
    memory_free(before);
    if (!error)
        return 0;
    test->log = NULL;
    return iperf3_complain(test, "error - unable to open log file: %s", imp_error_text(error));
}

void iperf3_say(struct iperf3_test *test, const char *format, ...)
{
    va_list arguments;
    struct text text = {0};
    if (test->json)
        return;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    put(test, text_string(&text), text.length);
    text_free(&text);
}

int iperf3_complain(struct iperf3_test *test, const char *format, ...)
{
    va_list arguments;
    struct text text = {0}, json = {0};
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    if (test->json) {
        text_add(&json, "{\n\t\"error\":\t");
        text_add_json(&json, text_string(&text), text.length);
        text_add(&json, "\n}\n");
        put_raw(test, json.data, json.length);
    } else if (test->log) {
        text_format(&json, "iperf3: %s\n", text_string(&text));
        put_raw(test, json.data, json.length);
    } else {
        tool_complain(test->run, "iperf3: %s\n", text_string(&text));
    }
    text_free(&text);
    text_free(&json);
    return 1;
}

void iperf3_report_connected(struct iperf3_test *test, const struct iperf3_stream *stream)
{
    struct endpoint local = {0}, remote = stream->udp_remote;
    char here[IP_TEXT_BYTES] = "", there[IP_TEXT_BYTES] = "";
    if (test->parameters.udp) {
        udp_local(stream->udp, &local);
    } else {
        stream_local(stream->tcp, &local);
        stream_remote(stream->tcp, &remote);
    }
    if (!local.address.family) { /* a socket for any address: the one that the control connection uses */
        struct endpoint control;
        if (stream_local(test->control, &control) == 0)
            local.address = control.address;
    }
    ip_print(&local.address, here, sizeof here);
    ip_print(&remote.address, there, sizeof there);
    iperf3_say(test, "[%3d] local %s port %u connected to %s port %u\n", stream->number, here, local.port, there, remote.port);
    text_format(&test->connected,
                "%s{\"socket\":%d,\"local_host\":\"%s\",\"local_port\":%u,\"remote_host\":\"%s\",\"remote_port\":%u}",
                test->connected.length ? "," : "", stream->number, here, local.port, there, remote.port);
}

static bool any_sends(const struct iperf3_test *test, bool sends)
{
    for (unsigned i = 0; i < test->stream_count; i++)
        if (test->streams[i].sends == sends)
            return true;
    return false;
}

/* ---- what -V says beside ---- */

void iperf3_report_control(struct iperf3_test *test)
{
    char date[HTTP_DATE_BYTES], address[IP_TEXT_BYTES];
    struct socket_inside inside = {0};
    struct endpoint client = {0};
    const struct iperf3_parameters *p = &test->parameters;
    int64_t now_s = (net_now(test->net).ns + net_wall_offset_ns(test->net)) / NS_PER_S;
    if (test->verbose && !test->server && net_stream_inside(test->control, &inside) == 0)
        iperf3_say(test, "Control connection MSS %u\n", inside.mss_bytes);
    if (test->verbose)
        iperf3_say(test, "Time: %s\n", http_date_print(now_s, date, sizeof date));
    (void)stream_remote(test->control, &client);
    if (test->server)
        iperf3_say(test, "Accepted connection from %s, port %u\n", ip_print(&client.address, address, sizeof address),
                   client.port);
    else
        iperf3_say(test, "Connecting to host %s, port %u\n", test->host, test->port);
    if (!test->verbose)
        return;
    iperf3_say(test, "      Cookie: %s\n", test->cookie);
    if (p->udp)
        iperf3_say(test, "      Target Bitrate: %" PRIu64 "\n", p->rate_bps);
    else if (p->mss)
        iperf3_say(test, "      TCP MSS: %u\n", p->mss);
    else
        iperf3_say(test, "      TCP MSS: %u (default)\n", test->server ? 0 : inside.mss_bytes);
}

void iperf3_report_begin(struct iperf3_test *test)
{
    const struct iperf3_parameters *p = &test->parameters;
    if (!test->verbose)
        return;
    iperf3_say(test, "Starting Test: protocol: %s, %u streams, %u byte blocks, omitting %u seconds, ", p->udp ? "UDP" : "TCP",
               p->parallel, p->block_bytes, p->omit_s);
    if (p->blocks)
        iperf3_say(test, "%" PRIu64 " blocks to send, tos %u\n", p->blocks, p->traffic_class);
    else if (p->bytes)
        iperf3_say(test, "%" PRIu64 " bytes to send, tos %u\n", p->bytes, p->traffic_class);
    else
        iperf3_say(test, "%u second test, tos %u\n", p->time_s, p->traffic_class);
}

/* Whose congestion control is whose; the server knows its own only. */
static void report_congestion(struct iperf3_test *test)
{
    struct iperf3_results mine;
    iperf3_results_mine(test, &mine);
    bool sends = any_sends(test, true);
    const char *sender = sends ? mine.congestion : test->theirs.congestion;
    const char *receiver = sends ? test->theirs.congestion : mine.congestion;
    if (!test->verbose || test->parameters.udp)
        return;
    if (*sender)
        iperf3_say(test, "snd_tcp_congestion %s\n", sender);
    if (*receiver)
        iperf3_say(test, "rcv_tcp_congestion %s\n", receiver);
}

static void report_file(struct iperf3_test *test)
{
    char sent[32], whole[32];
    const struct iperf3_stream *stream = &test->streams[0];
    if (!test->file_bytes || !stream->sends)
        return;
    iperf3_bytes_print((double)stream->file_at, sent, sizeof sent);
    iperf3_bytes_print((double)test->file_length, whole, sizeof whole);
    unsigned percent = test->file_length ? (unsigned)(stream->file_at * 100 / test->file_length) : 100;
    iperf3_say(test, "        Sent %s / %s (%u%%) of %s\n", sent, whole, percent, test->file);
}

void iperf3_report_head(struct iperf3_test *test)
{
    const char *role = test->parameters.bidirectional ? "[Role]" : "", *rest = "";
    if (test->parameters.udp)
        rest = any_sends(test, false) ? "Jitter    Lost/Total Datagrams" : "Total Datagrams";
    else if (any_sends(test, true))
        rest = "Retr  Cwnd";
    iperf3_say(test, "[ ID]%s Interval           Transfer     Bitrate%s%s\n", role, *rest ? "         " : "", rest);
}

static const char *role_of(const struct iperf3_test *test, bool sends)
{
    if (!test->parameters.bidirectional)
        return "";
    return sends ? (test->server ? "[TX-S]" : "[TX-C]") : (test->server ? "[RX-S]" : "[RX-C]");
}

/* ---- a line ---- */

struct line {
    const char *name;         /* "[  5]", "[SUM]" */
    const char *role, *whose; /* "sender" in the summary; "" in an interval */
    double start_s, end_s;
    uint64_t bytes;
    int64_t retransmits, cwnd; /* -1: not shown */
    double jitter_s;
    int64_t lost, packets; /* packets -1: no UDP; lost -1: a sender's */
};

static void line_print(struct iperf3_test *test, const struct line *line)
{
    char bytes[32], bits[32], cwnd[32];
    double seconds = line->end_s - line->start_s;
    iperf3_bytes_print((double)line->bytes, bytes, sizeof bytes);
    iperf3_bits_print(seconds > 0 ? (double)line->bytes * 8 / seconds : 0, test->format, bits, sizeof bits);
    iperf3_say(test, "%s%s %6.2f-%-6.2f sec  %s  %s/sec", line->name, line->role, line->start_s, line->end_s, bytes, bits);
    if (line->packets >= 0 && line->lost < 0)
        iperf3_say(test, " %s %" PRId64 "  %s\n", test->parameters.bidirectional ? "          " : "", line->packets,
                   line->whose);
    else if (line->packets >= 0)
        iperf3_say(test, "  %5.3f ms  %" PRId64 "/%" PRId64 " (%.2g%%)  %s\n", line->jitter_s * 1e3, line->lost, line->packets,
                   line->packets ? (double)line->lost * 100 / (double)line->packets : 0.0, line->whose);
    else if (line->retransmits >= 0 && line->cwnd >= 0)
        iperf3_say(test, "  %3" PRId64 "   %s       %s\n", line->retransmits,
                   iperf3_bytes_print((double)line->cwnd, cwnd, sizeof cwnd), line->whose);
    else if (line->retransmits >= 0)
        iperf3_say(test, "  %3" PRId64 "             %s\n", line->retransmits, line->whose);
    else
        iperf3_say(test, "                  %s\n", line->whose);
}

static void line_json(const struct iperf3_test *test, const struct iperf3_stream *stream, const struct line *line, bool sends,
                      struct text *out)
{
    double seconds = line->end_s - line->start_s;
    text_add_char(out, '{');
    if (stream)
        text_format(out, "\"socket\":%d,", stream->number);
    text_format(out, "\"start\":%.6f,\"end\":%.6f,\"seconds\":%.6f,\"bytes\":%" PRIu64 ",\"bits_per_second\":%.3f",
                line->start_s, line->end_s, seconds, line->bytes, seconds > 0 ? (double)line->bytes * 8 / seconds : 0.0);
    if (line->retransmits >= 0)
        text_format(out, ",\"retransmits\":%" PRId64, line->retransmits);
    if (stream && line->cwnd >= 0)
        text_format(out,
                    ",\"snd_cwnd\":%" PRId64 ",\"snd_wnd\":%" PRId64 ",\"rtt\":%" PRId64 ",\"rttvar\":%" PRId64
                    ",\"pmtu\":%" PRId64,
                    line->cwnd, stream->window_bytes, stream->rtt_us, stream->rtt_variation_us, stream->path_mtu);
    else if (stream && line->retransmits >= 0)
        text_format(out,
                    ",\"max_snd_cwnd\":%" PRId64 ",\"max_snd_wnd\":%" PRId64 ",\"max_rtt\":%" PRId64 ",\"min_rtt\":%" PRId64
                    ",\"mean_rtt\":%" PRId64,
                    stream->cwnd_most, stream->window_most, stream->rtt_most, stream->rtt_least,
                    stream->rtt_count ? stream->rtt_sum / stream->rtt_count : 0);
    if (test->parameters.udp && line->lost >= 0)
        text_format(out, ",\"jitter_ms\":%.6f,\"lost_packets\":%" PRId64 ",\"packets\":%" PRId64 ",\"lost_percent\":%.6f",
                    line->jitter_s * 1e3, line->lost, line->packets,
                    line->packets ? (double)line->lost * 100 / (double)line->packets : 0.0);
    else if (test->parameters.udp)
        text_format(out, ",\"packets\":%" PRId64, line->packets);
    bool interval = !*line->whose || line->whose == OMITTED;
    text_format(out, "%s%s,\"sender\":%s}", interval ? ",\"omitted\":" : "",
                !interval      ? ""
                : *line->whose ? "true"
                               : "false",
                sends ? "true" : "false");
}

/* ---- intervals ---- */

static void look_inside(struct iperf3_test *test, struct iperf3_stream *stream)
{
    struct socket_inside inside;
    if (test->parameters.udp || !stream->sends || net_stream_inside(stream->tcp, &inside) != 0)
        return;
    stream->retransmits = (int64_t)inside.retransmits - stream->retransmits_omitted;
    stream->cwnd_bytes = (int64_t)inside.cwnd_segments * inside.mss_bytes;
    stream->window_bytes = inside.send_window_bytes;
    stream->window_most = stream->window_bytes > stream->window_most ? stream->window_bytes : stream->window_most;
    stream->rtt_us = inside.rtt_ns / NS_PER_US;
    stream->rtt_variation_us = inside.rtt_variation_ns / NS_PER_US;
    stream->path_mtu = inside.path_mtu;
    stream->cwnd_most = stream->cwnd_bytes > stream->cwnd_most ? stream->cwnd_bytes : stream->cwnd_most;
    stream->rtt_most = stream->rtt_us > stream->rtt_most ? stream->rtt_us : stream->rtt_most;
    stream->rtt_least = stream->rtt_count == 0 || stream->rtt_us < stream->rtt_least ? stream->rtt_us : stream->rtt_least;
    stream->rtt_sum += stream->rtt_us;
    stream->rtt_count++;
}

static struct line interval_line(struct iperf3_test *test, struct iperf3_stream *stream, double start, double end)
{
    bool udp = test->parameters.udp;
    look_inside(test, stream);
    struct line line = {.role = role_of(test, stream->sends),
                        .whose = test->omitting ? OMITTED : "",
                        .start_s = start,
                        .end_s = end,
                        .bytes = stream->bytes - stream->bytes_reported,
                        .retransmits = stream->sends && !udp ? stream->retransmits - stream->retransmits_reported : -1,
                        .cwnd = stream->sends && !udp ? stream->cwnd_bytes : -1,
                        .jitter_s = stream->jitter_s,
                        .packets = udp ? stream->packets - stream->packets_reported : -1,
                        .lost = udp && !stream->sends ? stream->lost - stream->lost_reported : -1};
    stream->bytes_reported = stream->bytes;
    stream->retransmits_reported = stream->retransmits;
    stream->packets_reported = stream->packets;
    stream->lost_reported = stream->lost;
    return line;
}

static void sum_add(const struct iperf3_test *test, struct line *sum, const struct line *line)
{
    sum->bytes += line->bytes;
    sum->retransmits =
        line->retransmits >= 0 ? (sum->retransmits > 0 ? sum->retransmits : 0) + line->retransmits : sum->retransmits;
    sum->packets = line->packets >= 0 ? (sum->packets > 0 ? sum->packets : 0) + line->packets : sum->packets;
    sum->lost = line->lost >= 0 ? (sum->lost > 0 ? sum->lost : 0) + line->lost : sum->lost;
    sum->jitter_s += line->jitter_s / test->parameters.parallel; /* the mean */
}

static struct line sum_begin(const struct iperf3_test *test, bool sends, double start, double end, const char *whose)
{
    return (struct line){.name = "[SUM]",
                         .role = role_of(test, sends),
                         .whose = whose,
                         .start_s = start,
                         .end_s = end,
                         .retransmits = -1,
                         .cwnd = -1,
                         .packets = -1,
                         .lost = -1};
}

void iperf3_report_interval(struct iperf3_test *test)
{
    struct instant now = net_now(test->net);
    double start = (double)instant_since(test->last_report, test->begin) / (double)NS_PER_S, end = iperf3_elapsed_s(test);
    char name[16];
    struct text streams = {0}, sums_json = {0};
    struct line sums[2] = {sum_begin(test, true, start, end, test->omitting ? OMITTED : ""),
                           sum_begin(test, false, start, end, test->omitting ? OMITTED : "")};
    if (test->parameters.parallel > 1 && test->intervals_shown)
        iperf3_say(test, "%s", LINE);
    for (unsigned i = 0; i < test->stream_count; i++) {
        struct iperf3_stream *stream = &test->streams[i];
        struct line line = interval_line(test, stream, start, end);
        snprintf(name, sizeof name, "[%3d]", stream->number);
        line.name = name;
        line_print(test, &line);
        text_add(&streams, streams.length ? "," : "");
        line_json(test, stream, &line, stream->sends, &streams);
        sum_add(test, &sums[!stream->sends], &line);
    }
    for (unsigned receives = 0; receives < 2; receives++) {
        if (!any_sends(test, !receives))
            continue;
        if (test->parameters.parallel > 1)
            line_print(test, &sums[receives]);
        text_add(&sums_json, sums_json.length ? ",\"sum_bidir_reverse\":" : ",\"sum\":");
        line_json(test, NULL, &sums[receives], !receives, &sums_json);
    }
    if (test->json)
        text_format(&test->intervals, "%s{\"streams\":[%s]%s}", test->intervals.length ? "," : "", text_string(&streams),
                    text_string(&sums_json));
    text_free(&streams);
    text_free(&sums_json);
    test->last_report = now;
    test->intervals_shown++;
}

/* ---- the summary ---- */

/* One end's figures of a stream; `mine`: this end's. */
static struct line summary_line(const struct iperf3_test *test, const struct iperf3_stream *stream, bool sender, double end)
{
    bool udp = test->parameters.udp, mine = stream->sends == sender;
    int64_t packets = stream->packets > stream->other.packets ? stream->packets : stream->other.packets;
    return (struct line){.role = role_of(test, stream->sends),
                         .whose = sender ? "sender" : "receiver",
                         .end_s = mine || test->server ? end : stream->other.end_s,
                         .bytes = mine ? stream->bytes : stream->other.bytes,
                         .retransmits = !sender || udp ? -1
                                        : mine         ? stream->retransmits
                                                       : stream->other.retransmits,
                         .cwnd = -1,
                         .jitter_s = sender ? 0
                                     : mine ? stream->jitter_s
                                            : stream->other.jitter_s,
                         .packets = udp ? (test->server || sender ? packets
                                           : mine                 ? stream->packets
                                                                  : stream->other.packets)
                                        : -1,
                         .lost = !udp     ? -1
                                 : sender ? 0
                                 : mine   ? stream->lost
                                          : stream->other.errors};
}

static void document_start(struct iperf3_test *test, struct text *out)
{
    const struct iperf3_parameters *p = &test->parameters;
    int64_t now_s = (net_now(test->net).ns + net_wall_offset_ns(test->net)) / NS_PER_S;
    struct socket_inside inside;
    text_format(out, "{\"start\":{\"connected\":[%s],\"version\":\"iperf 3.12\",\"timestamp\":{\"timesecs\":%" PRId64 "},",
                text_string(&test->connected), now_s);
    if (!test->server) {
        text_add(out, "\"connecting_to\":{\"host\":");
        text_add_json(out, test->host, strlen(test->host));
        text_format(out, ",\"port\":%u},", test->port);
    }
    text_format(out, "\"cookie\":\"%s\",", test->cookie);
    if (!p->udp && test->stream_count && net_stream_inside(test->streams[0].tcp, &inside) == 0)
        text_format(out, "\"tcp_mss_default\":%u,", inside.mss_bytes);
    text_format(out,
                "\"target_bitrate\":%" PRIu64 ",\"sock_bufsize\":%u,\"test_start\":{\"protocol\":\"%s\",\"num_streams\":%u,"
                "\"blksize\":%u,\"omit\":%u,\"duration\":%u,\"bytes\":%" PRIu64 ",\"blocks\":%" PRIu64
                ",\"reverse\":%d,\"tos\":%u,\"target_bitrate\":%" PRIu64 "}},",
                p->rate_bps, p->window_bytes, p->udp ? "UDP" : "TCP", p->parallel, p->block_bytes, p->omit_s,
                p->bytes || p->blocks ? 0 : p->time_s, p->bytes, p->blocks, p->reverse, p->traffic_class, p->rate_bps);
}

static void document_print(struct iperf3_test *test, const struct text *streams, const struct line sums[2])
{
    const struct iperf3_parameters *p = &test->parameters;
    struct text out = {0}, sent = {0}, received = {0}, lines = {0};
    struct iperf3_results mine;
    iperf3_results_mine(test, &mine);
    line_json(test, NULL, &sums[0], !p->reverse, &sent);
    line_json(test, NULL, &sums[1], !p->reverse, &received);
    document_start(test, &out);
    text_format(&out, "\"intervals\":[%s],\"end\":{\"streams\":[%s],\"sum_sent\":%s,\"sum_received\":%s",
                text_string(&test->intervals), text_string(streams), text_string(&sent), text_string(&received));
    if (p->udp)
        text_format(&out, ",\"sum\":%s", text_string(&received));
    text_add(&out, ",\"cpu_utilization_percent\":{\"host_total\":0,\"host_user\":0,\"host_system\":0,\"remote_total\":0,"
                   "\"remote_user\":0,\"remote_system\":0}");
    if (!p->udp)
        text_format(&out, ",\"sender_tcp_congestion\":\"%s\",\"receiver_tcp_congestion\":\"%s\"",
                    p->reverse ? test->theirs.congestion : mine.congestion,
                    p->reverse ? mine.congestion : test->theirs.congestion);
    text_add(&out, "}");
    if (test->server) {
        text_clear(&test->told);
        text_format(&test->told, "%s}", text_string(&out));
    } else if (test->their_output && test->their_output_json) {
        text_format(&out, ",\"server_output_json\":%s", test->their_output);
    } else if (test->their_output) {
        text_add(&out, ",\"server_output_text\":");
        text_add_json(&out, test->their_output, strlen(test->their_output));
    }
    text_add(&out, "}");
    iperf3_json_lay_out(text_string(&out), &lines);
    put_raw(test, lines.data, lines.length);
    text_free(&out);
    text_free(&sent);
    text_free(&received);
    text_free(&lines);
}

void iperf3_report_summary(struct iperf3_test *test)
{
    double end = (double)instant_since(test->last_report, test->begin) / (double)NS_PER_S;
    struct line sums[2] = {sum_begin(test, true, 0, end, "sender"), sum_begin(test, false, 0, end, "receiver")};
    struct text streams = {0};
    char name[16];
    iperf3_say(test, "%s%s", LINE, test->verbose ? "Test Complete. Summary Results:\n" : "");
    iperf3_say(test, "[ ID]%s Interval           Transfer     Bitrate%s\n", test->parameters.bidirectional ? "[Role]" : "",
               test->parameters.udp                     ? "         Jitter    Lost/Total Datagrams"
               : !test->server || any_sends(test, true) ? "         Retr"
                                                        : "");
    for (unsigned i = 0; i < test->stream_count; i++) {
        const struct iperf3_stream *stream = &test->streams[i];
        struct text ends = {0};
        snprintf(name, sizeof name, "[%3d]", stream->number);
        for (unsigned receiver = 0; receiver < 2; receiver++) {
            if (test->server && stream->sends == (receiver == 1)) /* it does not know the client's */
                continue;
            struct line line = summary_line(test, stream, !receiver, end);
            line.name = name;
            line_print(test, &line);
            sum_add(test, &sums[receiver], &line);
            sums[receiver].end_s = line.end_s;
            text_format(&ends, "%s\"%s\":", ends.length ? "," : "",
                        test->parameters.udp ? (receiver ? "udp" : "sent") : line.whose);
            line_json(test, stream, &line, stream->sends, &ends);
        }
        text_format(&streams, "%s{%s}", streams.length ? "," : "", text_string(&ends));
        text_free(&ends);
    }
    for (unsigned receiver = 0; receiver < 2 && test->parameters.parallel > 1 && !test->parameters.bidirectional; receiver++)
        if (!test->server || any_sends(test, !receiver))
            line_print(test, &sums[receiver]);
    report_file(test);
    report_congestion(test);
    if (test->their_output)
        iperf3_say(test, "\nServer output:\n%s\n", test->their_output);
    if (test->json)
        document_print(test, &streams, sums);
    text_free(&streams);
}
