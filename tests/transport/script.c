/* Runs a TCP script: segments go in, answers are checked at exact virtual times. The language is described in scripts/README.md.
 *
 * The host under test is a whole stack on a wire without delay; its peer is a bare port that captures what comes and injects what the
 * script says, with true checksums. Payload follows a pattern by its place in the stream, so that a byte in the wrong place is seen.
 * Sequence numbers in scripts count from each side's initial one.
 *
 * The first fault ends a script; `fault` then says file, line, virtual time, what was expected and what came. A frame that leaks is a fault too.
 * It is included as text, since every test is one program of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "engine/node.h"
#include "engine/wire.h"
#include "internet/config.h"
#include "internet/stack.h"
#include "transport/tcp/options.h"
#include "transport/tcp/segment.h"
#include "transport/tcp/tcp.h"

enum { SCRIPT_CAPTURED_MAX = 4096, SCRIPT_FLOWS = 16, SCRIPT_WORDS = 64 };

struct captured {
    struct instant time;
    struct tcp_segment segment;
    bool wrong_payload, bad_checksum;
    uint8_t traffic_class;
};
struct flow { /* one peer port */
    uint16_t port;
    bool known; /* the host's ISN */
    uint32_t iss;
    uint32_t last_timestamp;
};
struct script {
    const char *path;
    unsigned line;
    char fault[1024];
    bool failed;
    struct engine *engine;
    struct node *host, *peer;
    struct stack *stack;
    struct tcp *tcp;
    struct interface *interface;
    struct port *port;
    struct tcp_settings settings;
    struct tcp_socket *socket, *listener;
    struct captured captured[SCRIPT_CAPTURED_MAX];
    unsigned captured_count, captured_at;
    struct flow flows[SCRIPT_FLOWS];
    struct flow *flow;
    uint32_t peer_iss, host_iss_offset;
    uint16_t host_port;
    uint8_t host_class;       /* traffic class of what the peer sends */
    uint32_t timestamp_shift; /* added to the peer's timestamps */
    struct instant at;
    uint64_t written, read;
    struct ip host_ip, peer_ip;
    char congestion[32];
};

static inline uint8_t script_pattern(uint64_t offset, uint8_t key) { return (uint8_t)(offset * 7 + offset / 253 + key); }

__attribute__((format(printf, 2, 3))) static inline void script_fail(struct script *s, const char *format, ...)
{
    if (s->failed)
        return;
    s->failed = true;
    int n = snprintf(s->fault, sizeof s->fault, "%s:%u: at %.6f s: ", s->path, s->line, (double)s->at.ns / 1e9 - 10);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->fault + n, sizeof s->fault - (size_t)n, format, arguments);
    va_end(arguments);
}

static inline struct flow *script_flow(struct script *s, uint16_t port)
{
    for (unsigned i = 0; i < SCRIPT_FLOWS; i++)
        if (s->flows[i].port == port || s->flows[i].port == 0) {
            s->flows[i].port = port;
            return &s->flows[i];
        }
    return &s->flows[0];
}

/* ---- the peer's end of the wire ---- */

static inline void script_receive(struct port *port, struct frame *frame, struct instant now)
{
    struct script *s = port->owner;
    frame = frame_linear(frame);
    const uint8_t *ip = frame->data + 14;
    if (frame->length >= 54 && frame->data[12] == 8 && frame->data[13] == 0 && ip[9] == PROTOCOL_TCP &&
        (load_u16(ip + 6) & 0x3fff) == 0 && s->captured_count < SCRIPT_CAPTURED_MAX) {
        struct captured *c = &s->captured[s->captured_count++];
        uint32_t total = load_u16(ip + 2) - 20u;
        *c = (struct captured){.time = now, .traffic_class = ip[1]};
        uint32_t sum = stack_pseudo_sum(&s->host_ip, &s->peer_ip, PROTOCOL_TCP, total);
        c->bad_checksum = tcp_segment_parse(ip + 20, total, total, &c->segment) != 0 ||
                          checksum_finish(checksum_partial(ip + 20, total, sum)) != 0;
        struct flow *flow = script_flow(s, c->segment.destination_port);
        if (c->segment.flags & TCP_SYN) {
            flow->iss = c->segment.sequence.n;
            flow->known = true;
        }
        s->host_port = c->segment.source_port;
        if (c->segment.options & TCP_OPTION_TIMESTAMPS)
            flow->last_timestamp = c->segment.timestamp;
        uint32_t syn = (c->segment.flags & TCP_SYN) != 0;
        for (uint32_t i = 0; i < c->segment.payload_bytes; i++)
            c->wrong_payload |=
                ip[20 + c->segment.header_bytes + i] != script_pattern(c->segment.sequence.n + syn - flow->iss - 1 + i, 1);
    }
    frame_release(frame);
}

static inline void script_send_ip(struct script *s, uint8_t protocol, const uint8_t *payload, uint32_t length)
{
    struct frame *frame = frame_create(s->engine, FRAME_HEADROOM, length + 64);
    uint8_t *p = frame_append(frame, 34 + length);
    memset(p, 0, 34);
    memcpy(p, s->interface->mac.b, 6);
    memcpy(p + 6, (const uint8_t[]){2, 0, 0, 0, 0, 9}, 6);
    p[12] = 8;
    uint8_t *ip = p + 14;
    ip[0] = 0x45;
    ip[1] = s->host_class;
    store_u16(ip + 2, (uint16_t)(20 + length));
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, s->peer_ip.b, 4);
    memcpy(ip + 16, s->host_ip.b, 4);
    store_u16(ip + 10, checksum_finish(checksum_partial(ip, 20, 0)));
    memcpy(ip + 20, payload, length);
    port_transmit(s->port, frame, s->at);
}

static inline void script_send(struct script *s, struct tcp_segment *segment, uint32_t payload, const uint8_t *raw,
                               unsigned raw_bytes)
{
    static uint8_t bytes[65535];
    uint32_t header = tcp_segment_build(segment, bytes);
    memcpy(bytes + header, raw, raw_bytes); /* options that tcp_segment_build() would not make, in whole words */
    header += raw_bytes;
    bytes[12] = (uint8_t)(header / 4 << 4 | (bytes[12] & 15));
    uint32_t syn = (segment->flags & TCP_SYN) != 0;
    for (uint32_t i = 0; i < payload; i++)
        bytes[header + i] = script_pattern(segment->sequence.n + syn - s->peer_iss - 1 + i, 2);
    uint32_t sum = stack_pseudo_sum(&s->peer_ip, &s->host_ip, PROTOCOL_TCP, header + payload);
    store_u16(bytes + 16, checksum_finish(checksum_partial(bytes, header + payload, sum)));
    script_send_ip(s, PROTOCOL_TCP, bytes, header + payload);
}

/* ---- setting up ---- */

static inline void script_begin(struct script *s, const char *path)
{
    *s = (struct script){.path = path, .peer_iss = 1000000};
    s->engine = engine_create(1);
    s->host = node_create(s->engine, "host");
    s->peer = node_create(s->engine, "peer");
    s->stack = stack_create(s->host, &(struct stack_settings){.default_ttl = 64});
    struct port *port = port_create(s->host, "eth0");
    s->port = port_create(s->peer, "eth0");
    s->port->receive = script_receive;
    s->port->owner = s;
    s->interface = stack_interface_add(s->stack, port, MAC_NONE, 1500);
    s->tcp = tcp_create(s->stack);
    s->host_ip = ip4(0xc0a80001);
    s->peer_ip = ip4(0xc0a80002);
    struct wire_settings none = {0};
    wire_create(port, s->port, "w", &none, &none);
    struct address_info address = {.interface = s->interface->index,
                                   .prefix = {s->host_ip, 24},
                                   .origin = ADDRESS_STATIC,
                                   .state = ADDRESS_PREFERRED,
                                   .preferred_until = INSTANT_NEVER,
                                   .valid_until = INSTANT_NEVER};
    if (stack_address_add(s->stack, &address) != 0 ||
        stack_neighbour_set(s->stack, s->interface->index, &s->peer_ip, (struct mac){{2, 0, 0, 0, 0, 9}}) != 0)
        script_fail(s, "the host could not be set up");
    s->flow = script_flow(s, 8080);
    s->host_port = 80;
    engine_run(s->engine,
               (struct instant){10 * NS_PER_S}); /* duplicate address detection and the like are over; time 0 is then */
    s->at = (struct instant){10 * NS_PER_S};
    s->captured_count = s->captured_at = 0;
}

static inline void script_end(struct script *s)
{
    if (s->socket)
        tcp_close(s->socket);
    if (s->listener)
        tcp_close(s->listener);
    tcp_destroy(s->tcp);
    stack_destroy(s->stack);
    engine_run(s->engine, engine_now(s->engine));
    if (!s->failed && engine_counts(s->engine).frames_alive)
        script_fail(s, "%llu frames leaked", (unsigned long long)engine_counts(s->engine).frames_alive);
    engine_destroy(s->engine);
}

#include "script_words.c"

/* ---- what a line does ---- */

static inline void script_run_to(struct script *s, struct instant until)
{
    s->at = until;
    engine_run(s->engine, until);
}

static inline void script_expect_quiet(struct script *s)
{
    if (s->captured_at < s->captured_count) {
        const struct captured *c = &s->captured[s->captured_at];
        script_fail(s, "the host sent unexpectedly, at %.6f s: %s", (double)c->time.ns / 1e9 - 10,
                    script_segment_text(s, &c->segment, true));
    }
}

static inline bool sack_same(const struct tcp_segment *a, const struct tcp_segment *b)
{
    unsigned na = a->options & TCP_OPTION_SACK ? a->sack_count : 0, nb = b->options & TCP_OPTION_SACK ? b->sack_count : 0;
    return na == nb && memcmp(a->sack, b->sack, na * sizeof a->sack[0]) == 0;
}

static inline void script_expect(struct script *s, char *text)
{
    if (s->captured_at == s->captured_count) {
        script_fail(s, "the host sent nothing; expected %s", text);
        return;
    }
    const struct captured *c = &s->captured[s->captured_at];
    s->flow = script_flow(s, c->segment.destination_port);
    struct expectation e;
    char copy[256];
    snprintf(copy, sizeof copy, "%s", text);
    if (!script_segment(s, copy, &e, true))
        return;
    s->captured_at++;
    const struct tcp_segment *seen = &c->segment, *want = &e.segment;
    const char *what = NULL;
    int64_t late = instant_since(s->at, c->time);
    if (late > 1000 || late < -1000)
        what = "time";
    else if (c->bad_checksum)
        what = "checksum";
    else if (c->wrong_payload)
        what = "payload";
    else if (seen->flags != want->flags)
        what = "flags";
    else if (seen->urgent != want->urgent)
        what = "urgent pointer";
    else if (seen->sequence.n != want->sequence.n && !(want->flags & TCP_SYN))
        what = "sequence number";
    else if (seen->payload_bytes != e.length)
        what = "length";
    else if (want->flags & TCP_ACK && seen->acknowledgement.n != want->acknowledgement.n)
        what = "acknowledgement";
    else if (e.has_window && seen->window != want->window)
        what = "window";
    else if (!sack_same(seen, want))
        what = "SACK blocks";
    else if (want->options & ~seen->options)
        what = "options";
    else if (e.echo_given && want->timestamp_echo != seen->timestamp_echo)
        what = "timestamp echo";
    else if (want->options & TCP_OPTION_MSS && want->mss != seen->mss)
        what = "MSS";
    else if (want->options & TCP_OPTION_WINDOW_SCALE && want->window_scale != seen->window_scale)
        what = "window scale";
    else if (e.has_options && want->flags & TCP_SYN && want->options != (seen->options & ~TCP_OPTION_SACK))
        what = "options of the SYN";
    else if ((e.has_options || !(seen->flags & TCP_SYN)) &&
             ((want->options ^ seen->options) & TCP_OPTION_USER_TIMEOUT ||
              (want->options & TCP_OPTION_USER_TIMEOUT &&
               (want->user_timeout != seen->user_timeout || want->user_timeout_minutes != seen->user_timeout_minutes))))
        what = "user timeout";
    else if (want->options & TCP_OPTION_FAST_OPEN &&
             (want->experimental != seen->experimental || want->cookie_length != seen->cookie_length ||
              memcmp(want->cookie, seen->cookie, seen->cookie_length) != 0))
        what = "Fast Open option";
    else if (e.has_options &&
             ((seen->options ^ want->options) & TCP_OPTION_ACCURATE_ECN ||
              (want->options & TCP_OPTION_ACCURATE_ECN && memcmp(&seen->ecn, &want->ecn, sizeof want->ecn) != 0)))
        what = "ECN counts";
    else if (e.has_ce && (c->traffic_class & 3) != e.ecn)
        what = "ECN field";
    else if (e.has_service && (c->traffic_class & 0xfc) != e.service)
        what = "service class";
    if (what)
        script_fail(s, "wrong %s: expected %s; the host sent, at %.6f s: %s", what, text, (double)c->time.ns / 1e9 - 10,
                    script_segment_text(s, seen, true));
}

static inline void script_inject(struct script *s, char *text)
{
    struct expectation e;
    script_expect_quiet(s);
    if (!script_segment(s, text, &e, false))
        return;
    s->host_class = e.ecn | e.service;
    script_send(s, &e.segment, e.length, e.raw, e.raw_bytes);
    script_run_to(s, s->at);
}

static inline void script_icmp(struct script *s, const char *text)
{
    char kind[32];
    unsigned value = 0, sequence = 1;
    if (sscanf(text, "%31s %u %u", kind, &value, &sequence) < 1)
        return;
    uint8_t message[36] = {0};
    message[0] = 3;
    if (strcmp(kind, "too-big") == 0) {
        message[1] = 4;
        store_u16(message + 6, (uint16_t)value);
    } else {
        message[1] = strcmp(kind, "host") == 0 ? 1 : strcmp(kind, "port") == 0 ? 3 : strcmp(kind, "prohibited") == 0 ? 13 : 0;
        sequence = value;
    }
    uint8_t *ip = message + 8;
    ip[0] = 0x45;
    store_u16(ip + 2, 1500);
    ip[8] = 64;
    ip[9] = PROTOCOL_TCP;
    memcpy(ip + 12, s->host_ip.b, 4);
    memcpy(ip + 16, s->peer_ip.b, 4);
    store_u16(ip + 10, checksum_finish(checksum_partial(ip, 20, 0)));
    store_u16(ip + 20, s->host_port);
    store_u16(ip + 22, s->flow->port);
    store_u32(ip + 24, s->flow->iss + sequence);
    store_u16(message + 2, checksum_finish(checksum_partial(message, sizeof message, 0)));
    script_send_ip(s, PROTOCOL_ICMP, message, sizeof message);
    script_run_to(s, s->at);
}

static inline void script_result(struct script *s, const char *call, int got, int want)
{
    if (got != want)
        script_fail(s, "%s gave %s (%d), expected %s (%d)", call, got < 0 ? imp_error_text(got) : "a value", got,
                    want < 0 ? imp_error_text(want) : "a value", want);
}

static inline int script_error(const char *word)
{
    static const struct {
        const char *word;
        int error;
    } words[] = {{"ok", 0},
                 {"busy", IMP_BUSY},
                 {"reset", IMP_RESET},
                 {"refused", IMP_REFUSED},
                 {"timeout", IMP_TIMEOUT},
                 {"closed", IMP_CLOSED},
                 {"unreachable", IMP_UNREACHABLE},
                 {"in-use", IMP_IN_USE},
                 {"end", 0},
                 {"invalid", IMP_INVALID},
                 {"denied", IMP_DENIED}};
    for (size_t i = 0; i < count_of(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].error;
    return 12345;
}

static inline void script_write(struct script *s, uint32_t count, unsigned flags)
{
    uint8_t *data = memory_take(count + 1);
    for (uint32_t i = 0; i < count; i++)
        data[i] = script_pattern(s->written + i, 1);
    ssize_t n = tcp_send(s->socket, data, count, flags);
    memory_free(data);
    if (n > 0)
        s->written += (uint64_t)n;
    script_result(s, "write", (int)n, (int)count);
}

static inline void script_read(struct script *s, const char *argument)
{
    static uint8_t data[8 << 20];
    char *end;
    unsigned long count = strtoul(argument, &end, 10);
    if (end == argument) {
        script_result(s, "read", (int)tcp_read(s->socket, data, sizeof data), script_error(argument));
        return;
    }
    ssize_t n = tcp_read(s->socket, data, count);
    script_result(s, "read", (int)n, (int)count);
    for (ssize_t i = 0; i < n; i++)
        if (data[i] != script_pattern(s->read + (uint64_t)i, 2)) {
            script_fail(s, "byte %llu read is wrong", (unsigned long long)s->read + (unsigned long long)i);
            break;
        }
    s->read += n > 0 ? (uint64_t)n : 0;
}

/* The urgent byte that is apart: "here" and "look" (it stays) when it is there, else the result. */
static inline void script_read_urgent(struct script *s, const char *want)
{
    struct tcp_urgent about;
    tcp_urgent(s->socket, &about);
    uint8_t byte = 0;
    bool there = strcmp(want, "here") == 0 || strcmp(want, "look") == 0;
    script_result(s, "read-urgent", tcp_urgent_read(s->socket, &byte, strcmp(want, "look") == 0),
                  there ? 1 : script_error(want));
    if (there && byte != script_pattern(s->read + about.ahead, 2))
        script_fail(s, "the urgent byte is wrong");
}

static inline void script_info(struct script *s, const char *name, double want)
{
    struct tcp_info info;
    struct tcp_urgent urgent;
    if (!s->socket) {
        script_fail(s, "no socket to ask for its %s", name);
        return;
    }
    tcp_socket_info(s->socket, &info);
    tcp_urgent(s->socket, &urgent);
    unsigned alpha = 0;
    (void)sscanf(info.congestion_state, "dctcp:(alpha:%u", &alpha);
    const struct {
        const char *name;
        double value;
    } values[] = {{"cwnd", info.cwnd_segments},
                  {"ssthresh", info.ssthresh_segments},
                  {"retransmits", (double)info.retransmits},
                  {"reorderings", (double)info.reorderings},
                  {"mss", info.mss},
                  {"rto", (double)info.rto_ns / 1e6},
                  {"rtt", (double)info.rtt_ns / 1e6},
                  {"receive-queue", info.receive_queue},
                  {"send-queue", info.send_queue},
                  {"send-window", info.send_window},
                  {"receive-window", info.receive_window},
                  {"receive-window-most", info.receive_window_most},
                  {"receive-memory", info.receive_memory},
                  {"receive-buffer", info.receive_buffer},
                  {"receive-mss", info.receive_mss},
                  {"alpha", alpha},
                  {"delivered-ce", info.delivered_ce},
                  {"received-ce", info.received_ce},
                  {"delivered-ect1-bytes", info.delivered_ecn_bytes[1]},
                  {"delivered-ect0-bytes", info.delivered_ecn_bytes[2]},
                  {"delivered-ce-bytes", info.delivered_ecn_bytes[3]},
                  {"accurate-ecn", info.accurate_ecn},
                  {"ecn", info.ecn},
                  {"at-mark", urgent.at_mark},
                  {"readable", urgent.readable},
                  {"urgent-here", urgent.here},
                  {"urgent-notices", urgent.notices},
                  {"ecn-failed", info.accurate_ecn_failed},
                  {"ecn-option-seen", info.accurate_ecn_option_seen}};
    for (size_t i = 0; i < count_of(values); i++)
        if (strcmp(values[i].name, name) == 0) {
            if (values[i].value - want > 0.5 || want - values[i].value > 0.5)
                script_fail(s, "%s is %g, expected %g", name, values[i].value, want);
            return;
        }
    script_fail(s, "unknown value \"%s\"", name);
}

static inline void script_drops(struct script *s, const char *name, unsigned want)
{
    for (int i = 0; i < DROP_REASON_COUNT; i++)
        if (strcmp(drop_reason_name((enum drop_reason)i), name) == 0) {
            if (s->host->drops[i] != want)
                script_fail(s, "%u drops as %s, expected %u", (unsigned)s->host->drops[i], name, want);
            return;
        }
    script_fail(s, "unknown reason \"%s\"", name);
}

static inline void script_state(struct script *s, const char *want)
{
    const char *seen = "none";
    struct tcp_info info;
    for (struct tcp_socket *t = NULL; (t = tcp_socket_next(s->tcp, t));) {
        tcp_socket_info(t, &info);
        if (info.state != TCP_LISTEN && info.remote.port == s->flow->port)
            seen = tcp_state_name(info.state);
    }
    if (strcmp(seen, want) != 0)
        script_fail(s, "state %s, expected %s", seen, want);
}

static inline void script_line(struct script *s, char *line);

/* "established [rtt S] [win N] [<options>]": a passive open, accepted. */
static inline void script_established(struct script *s, const char *arguments)
{
    char line[256], options[128] = "<mss 1000>";
    double rtt = 0;
    unsigned window = 65535;
    const char *p;
    if ((p = strstr(arguments, "rtt ")))
        rtt = strtod(p + 4, NULL);
    if ((p = strstr(arguments, "win ")))
        window = (unsigned)strtoul(p + 4, NULL, 10);
    if ((p = strchr(arguments, '<')))
        snprintf(options, sizeof options, "%s", p);
    bool ts = strstr(options, "ts") != NULL;
    s->settings.local = (struct endpoint){.port = s->host_port};
    script_result(s, "listen", tcp_listen(s->tcp, &s->settings, &s->listener), 0);
    if (s->failed)
        return;
    snprintf(line, sizeof line, "< S 0:0 win %u %s", window < 65535 ? window : 65535, options);
    script_line(s, line);
    if (s->captured_at == s->captured_count || !(s->captured[s->captured_at].segment.flags & TCP_SYN)) {
        script_fail(s, "no SYN+ACK");
        return;
    }
    s->captured_at++;
    snprintf(line, sizeof line, "+%.9f < . 1:1 ack 1 win %u %s", rtt, window, ts ? "<ts>" : "");
    script_line(s, line);
    script_result(s, "accept", tcp_accept(s->listener, NULL, NULL, &s->socket), 0);
}

static inline void script_option(struct script *s, const char *text)
{
    unsigned value = 0;
    char name[32] = "", word[32] = "";
    sscanf(text, "%31s %31s", name, word);
    value = (unsigned)strtoul(word, NULL, 10);
    if (strcmp(name, "receive-buffer") == 0)
        s->settings.receive_buffer_bytes = value;
    else if (strcmp(name, "send-buffer") == 0)
        s->settings.send_buffer_bytes = value;
    else if (strcmp(name, "no-delay") == 0)
        s->settings.no_delay = true;
    else if (strcmp(name, "fast-open") == 0)
        s->settings.fast_open = true;
    else if (strcmp(name, "fast-open-queue") == 0)
        s->settings.fast_open_queue = value;
    else if (strcmp(name, "defer-accept") == 0)
        s->settings.defer_accept_s = value;
    else if (strcmp(name, "linger2") == 0)
        s->settings.personal.linger2_s = atoi(word);
    else if (strcmp(name, "syn-count") == 0)
        s->settings.personal.syn_count = (uint8_t)value;
    else if (strcmp(name, "user-timeout") == 0)
        s->settings.personal.user_timeout_ms = value;
    else if (strcmp(name, "not-sent-low") == 0)
        s->settings.personal.not_sent_low = value;
    else if (strcmp(name, "urgent") == 0)
        s->settings.personal.urgent = strcmp(word, "apart") == 0 ? TCP_URGENT_APART : TCP_URGENT_MARKED;
    else if (strcmp(name, "port") == 0)
        s->settings.local.port = (uint16_t)value;
    else if (strcmp(name, "keep-alive") == 0)
        s->settings.keep_alive = true;
    else if (strcmp(name, "backlog") == 0)
        s->settings.backlog = (int)value;
    else if (strcmp(name, "mss") == 0)
        s->settings.maximum_segment = (uint16_t)value;
    else if (strcmp(name, "peer-isn") == 0)
        s->peer_iss = value;
    else if (strcmp(name, "mtu") == 0)
        (void)stack_interface_set_mtu(s->stack, s->interface->index, value);
    else if (strcmp(name, "congestion") == 0)
        s->settings.congestion = strcpy(s->congestion, word);
    else
        script_fail(s, "unknown option \"%s\"", name);
}

static inline void script_set(struct script *s, const char *name, uint32_t value)
{
    static const struct {
        const char *name;
        enum tcp_knob knob;
    } knobs[] = {{"cork", TCP_KNOB_CORK},
                 {"more", TCP_KNOB_MORE},
                 {"no-delay", TCP_KNOB_NO_DELAY},
                 {"keep-alive", TCP_KNOB_KEEP_ALIVE},
                 {"keep-idle", TCP_KNOB_KEEP_IDLE_S},
                 {"keep-interval", TCP_KNOB_KEEP_INTERVAL_S},
                 {"keep-count", TCP_KNOB_KEEP_COUNT},
                 {"quick-ack", TCP_KNOB_QUICK_ACK},
                 {"pacing-most", TCP_KNOB_PACING_MOST},
                 {"user-timeout", TCP_KNOB_USER_TIMEOUT_MS},
                 {"user-timeout-option", TCP_KNOB_USER_TIMEOUT_OPTION},
                 {"receive-buffer", TCP_KNOB_RECEIVE_BUFFER}};
    for (size_t i = 0; i < count_of(knobs); i++)
        if (strcmp(knobs[i].name, name) == 0) {
            script_result(s, "set", tcp_set(s->socket, knobs[i].knob, value), 0);
            return;
        }
    script_fail(s, "unknown setting \"%s\"", name);
}

static inline void script_command(struct script *s, char *text)
{
    char word[32] = "", a[64] = "", b[64] = "";
    sscanf(text, "%31s %63s %63s", word, a, b);
    if (strcmp(word, "connect") == 0) {
        s->settings.remote = (struct endpoint){.address = s->peer_ip, .port = s->flow->port};
        script_result(s, "connect", tcp_connect(s->tcp, &s->settings, &s->socket), *a ? script_error(a) : 0);
        s->written = s->read = 0;
        script_run_to(s, s->at);
    } else if (strcmp(word, "listen") == 0) {
        s->settings.local = (struct endpoint){.port = s->host_port};
        struct tcp_socket *out = s->listener;
        script_result(s, "listen", tcp_listen(s->tcp, &s->settings, &out), *a ? script_error(a) : 0);
        s->listener = out;
    } else if (strcmp(word, "accept") == 0) {
        script_result(s, "accept", tcp_accept(s->listener, NULL, NULL, &s->socket), *a ? script_error(a) : 0);
        s->written = s->read = 0;
    } else if (strcmp(word, "established") == 0) {
        script_established(s, text + strlen("established"));
    } else if (strcmp(word, "write") == 0 || strcmp(word, "record") == 0) {
        if (*b || (*a && strspn(a, "0123456789") < strlen(a)))
            script_result(s, "write", (int)tcp_write(s->socket, "x", 1), script_error(*b ? b : a));
        else
            script_write(s, (uint32_t)strtoul(a, NULL, 10), *word == 'r' ? TCP_SEND_RECORD : 0);
    } else if (strcmp(word, "urgent") == 0) {
        script_write(s, (uint32_t)strtoul(a, NULL, 10), TCP_SEND_URGENT);
    } else if (strcmp(word, "read-urgent") == 0) {
        script_read_urgent(s, a);
    } else if (strcmp(word, "passed") == 0) {
        s->read += strtoul(a, NULL, 10);
    } else if (strcmp(word, "read") == 0) {
        script_read(s, a);
    } else if (strcmp(word, "connected") == 0) {
        script_result(s, "connected", tcp_connected(s->socket), script_error(a));
    } else if (strcmp(word, "finish") == 0) {
        script_result(s, "finish", tcp_finish(s->socket), *a ? script_error(a) : 0);
    } else if (strcmp(word, "close") == 0 || strcmp(word, "abort") == 0) {
        struct tcp_socket *socket = s->socket;
        s->socket = NULL;
        (*word == 'c' ? tcp_close : tcp_abort)(socket);
    } else if (strcmp(word, "close-listener") == 0) {
        tcp_close(s->listener);
        s->listener = NULL;
    } else if (strcmp(word, "state") == 0) {
        script_state(s, a);
    } else if (strcmp(word, "set") == 0) {
        script_set(s, a, (uint32_t)strtoul(b, NULL, 10));
    } else if (strcmp(word, "writable") == 0) {
        script_result(s, "writable", tcp_writable(s->socket), strcmp(a, "yes") == 0);
    } else if (strcmp(word, "info") == 0) {
        script_info(s, a, strtod(b, NULL));
    } else if (strcmp(word, "drops") == 0) {
        script_drops(s, a, (unsigned)strtoul(b, NULL, 10));
    } else if (strcmp(word, "quiet") == 0) {
        script_expect_quiet(s);
    } else if (strcmp(word, "icmp") == 0) {
        script_icmp(s, text + 5);
    } else if (strcmp(word, "sysctl") == 0) {
        char name[96];
        snprintf(name, sizeof name, "net.%s%s", strncmp(a, "imp.", 4) == 0 ? "" : "ipv4.", a);
        char *value = strstr(text, a) + strlen(a);
        script_result(s, "sysctl", tcp_sysctl_set(s->tcp, name, value + strspn(value, " ")), 0);
    } else if (strcmp(word, "peer") == 0) {
        s->flow = script_flow(s, (uint16_t)strtoul(a, NULL, 10));
    } else if (strcmp(word, "option") == 0) {
        script_option(s, text + 7);
    } else if (strcmp(word, "skip") == 0) { /* takes what was sent, whatever it was */
        s->captured_at = s->captured_count;
    } else {
        script_fail(s, "unknown word \"%s\"", word);
    }
    script_run_to(s, s->at);
}

static inline void script_line(struct script *s, char *line)
{
    char *hash = strchr(line, '#');
    if (hash)
        *hash = 0;
    size_t length = strlen(line);
    while (length && strchr(" \t\r\n", line[length - 1]))
        line[--length] = 0;
    while (*line == ' ' || *line == '\t')
        line++;
    if (!*line)
        return;
    if (*line == '+' || (*line >= '0' && *line <= '9')) {
        char *end;
        bool relative = *line == '+';
        int64_t ns = (int64_t)(strtod(line, &end) * 1e9 + 0.5);
        struct instant base = relative ? s->at : (struct instant){10 * NS_PER_S};
        script_run_to(s, instant_add(base, ns));
        line = end;
        while (*line == ' ' || *line == '\t')
            line++;
        if (!*line)
            return;
    }
    if (*line == '>')
        script_expect(s, line + 1);
    else if (*line == '<')
        script_inject(s, line + 1);
    else
        script_command(s, line);
}

static inline bool script_run_file(struct script *s, const char *path)
{
    script_begin(s, path);
    FILE *file = fopen(path, "r");
    if (!file)
        script_fail(s, "cannot be read");
    char line[512];
    while (file && !s->failed && fgets(line, sizeof line, file)) {
        s->line++;
        script_line(s, line);
    }
    if (!s->failed)
        script_expect_quiet(s);
    if (file)
        fclose(file);
    script_end(s);
    return !s->failed;
}
