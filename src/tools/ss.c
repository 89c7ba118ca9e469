/* ss: a node's sockets, in the columns of iproute2's ss; netstat's older form of the same is in netstat.c.
 *
 * The sockets are walked through net_config.h, chosen by protocol, family, state and the few filters that are supported, and gathered as rows of
 * text first: every column is as wide as its widest cell, so nothing can be printed before all is known. Addresses end on
 * a column's right edge and ports begin on the next one's left, which keeps the colons aligned.
 *
 * Without -l or -a only sockets that have a peer are shown. -i adds a line about TCP's inside, from struct socket_inside (RFC 9293, 6298, 5681), -s
 * counts. No state, no timers. Left out on purpose: sockets that no node of imp has (unix, netlink, raw), killing, and the full filter
 * language: `state`, `exclude`, `sport` and `dport` are read, anything else is refused. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "internet/stack.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/port_name.h"
#include "tools/tool.h"

enum column {
    COLUMN_NETID,
    COLUMN_STATE,
    COLUMN_RECEIVE,
    COLUMN_SEND,
    COLUMN_LOCAL,
    COLUMN_LOCAL_PORT,
    COLUMN_PEER,
    COLUMN_PEER_PORT,
    COLUMN_PROCESS,
    COLUMNS
};
enum state_bit { /* one bit a state, in the order of STATES */
                 STATE_ESTABLISHED = 1,
                 STATE_SYN_SENT = 2,
                 STATE_SYN_RECEIVED = 4,
                 STATE_FIN_WAIT_1 = 8,
                 STATE_FIN_WAIT_2 = 16,
                 STATE_TIME_WAIT = 32,
                 STATE_UNCONNECTED = 64,
                 STATE_CLOSE_WAIT = 128,
                 STATE_LAST_ACK = 256,
                 STATE_LISTEN = 512,
                 STATE_CLOSING = 1024,
                 STATES_ALL = 2047,
                 STATES_CONNECTED = STATES_ALL & ~(STATE_UNCONNECTED | STATE_LISTEN | STATE_TIME_WAIT | STATE_SYN_RECEIVED),
};
static const struct {
    const char *shown, *filter;
} STATES[] = {{"ESTAB", "established"},     {"SYN-SENT", "syn-sent"},   {"SYN-RECV", "syn-recv"}, {"FIN-WAIT-1", "fin-wait-1"},
              {"FIN-WAIT-2", "fin-wait-2"}, {"TIME-WAIT", "time-wait"}, {"UNCONN", "closed"},     {"CLOSE-WAIT", "close-wait"},
              {"LAST-ACK", "last-ack"},     {"LISTEN", "listening"},    {"CLOSING", "closing"}};

struct row {
    const char *cell[COLUMNS];
};
struct ss {
    struct tool_run *run;
    struct net *net;
    struct arena arena;
    struct row *rows; /* the first is the header */
    size_t row_count;
    bool tcp, udp, numeric, all, listening, processes, inside, summary, no_header;
    uint8_t family; /* 0 both */
    unsigned states;
    bool states_given;
    int source_port, destination_port; /* 0: any */
};

/* ---- the command line ---- */

static unsigned state_bits(const char *word)
{
    static const struct {
        const char *name;
        unsigned bits;
    } GROUPS[] = {{"all", STATES_ALL},
                  {"connected", STATES_ALL & ~(STATE_UNCONNECTED | STATE_LISTEN)},
                  {"synchronized", STATES_ALL & ~(STATE_UNCONNECTED | STATE_LISTEN | STATE_SYN_SENT)},
                  {"bucket", STATE_SYN_RECEIVED | STATE_TIME_WAIT},
                  {"big", STATES_ALL & ~(STATE_SYN_RECEIVED | STATE_TIME_WAIT)},
                  {"listen", STATE_LISTEN},
                  {"unconnected", STATE_UNCONNECTED}};
    for (size_t i = 0; i < count_of(GROUPS); i++)
        if (strcmp(GROUPS[i].name, word) == 0)
            return GROUPS[i].bits;
    for (size_t i = 0; i < count_of(STATES); i++)
        if (strcmp(STATES[i].filter, word) == 0)
            return 1u << i;
    return 0;
}

/* "state X", "exclude X", "sport = :80", "dport = :80", with "and" between. 0 or the exit status. */
static int read_filter(struct ss *ss, const char *word, struct options *options)
{
    const char *value = options->at < options->argc ? options->argv[options->at] : NULL;
    if (strcmp(word, "and") == 0)
        return 0;
    if (value && (strcmp(word, "state") == 0 || strcmp(word, "exclude") == 0)) {
        unsigned bits = state_bits(value);
        options->at++;
        if (bits == 0) {
            tool_complain(ss->run, "ss: wrong state name: %s\n", value);
            return 255;
        }
        bool exclude = word[0] == 'e';
        ss->states =
            exclude ? (ss->states_given ? ss->states : STATES_ALL) & ~bits : (ss->states_given ? ss->states : 0) | bits;
        ss->states_given = true;
        return 0;
    }
    bool source = strcmp(word, "sport") == 0, destination = strcmp(word, "dport") == 0;
    if (value && (source || destination)) {
        if (strcmp(value, "=") == 0 || strcmp(value, "==") == 0 || strcmp(value, "eq") == 0)
            value = ++options->at < options->argc ? options->argv[options->at] : "";
        int port = value[0] == ':' ? port_parse(0, value + 1) : -1;
        options->at++;
        if (port > 0) {
            *(source ? &ss->source_port : &ss->destination_port) = port;
            return 0;
        }
    }
    tool_complain(ss->run, "ss: imp's ss has no such filter: \"%s\" (it knows state, exclude, sport = :PORT, dport = :PORT)\n",
                  word);
    return 255;
}

static int usage(struct ss *ss, int status)
{
    void (*say)(struct tool_run *, const char *, ...) = status ? tool_complain : tool_print;
    say(ss->run, "Usage: ss [ OPTIONS ]\n"
                 "       ss [ OPTIONS ] [ FILTER ]\n"
                 "   -n, --numeric       don't resolve service names\n"
                 "   -a, --all           display all sockets\n"
                 "   -l, --listening     display listening sockets\n"
                 "   -p, --processes     show process using socket\n"
                 "   -i, --info          show internal TCP information\n"
                 "   -s, --summary       show socket usage summary\n"
                 "   -4, --ipv4          display only IP version 4 sockets\n"
                 "   -6, --ipv6          display only IP version 6 sockets\n"
                 "   -t, --tcp           display only TCP sockets\n"
                 "   -u, --udp           display only UDP sockets\n"
                 "   -H, --no-header     Suppress header line\n"
                 "       FILTER := [ state STATE ] [ exclude STATE ] [ sport = :PORT ] [ dport = :PORT ]\n");
    return status;
}

static int long_letter(const char *word)
{
    static const struct {
        const char *name;
        char letter;
    } NAMES[] = {{"--numeric", 'n'}, {"--all", 'a'},     {"--listening", 'l'}, {"--processes", 'p'},
                 {"--info", 'i'},    {"--summary", 's'}, {"--ipv4", '4'},      {"--ipv6", '6'},
                 {"--tcp", 't'},     {"--udp", 'u'},     {"--no-header", 'H'}, {"--extended", 'e'},
                 {"--options", 'o'}, {"--oneline", 'O'}, {"--memory", 'm'},    {"--help", 'h'}};
    for (size_t i = 0; i < count_of(NAMES); i++)
        if (strcmp(NAMES[i].name, word) == 0)
            return NAMES[i].letter;
    return 0;
}

static int set_option(struct ss *ss, int letter)
{
    switch (letter) {
    case 'a': ss->all = true; break;
    case 'l': ss->listening = true; break;
    case 'n': ss->numeric = true; break;
    case 'p': ss->processes = true; break;
    case 'i': ss->inside = true; break;
    case 's': ss->summary = true; break;
    case 't': ss->tcp = true; break;
    case 'u': ss->udp = true; break;
    case '4': ss->family = 4; break;
    case '6': ss->family = 6; break;
    case 'H': ss->no_header = true; break;
    case 'h': return 1;
    default: break; /* -e, -o, -m, -r: a lab's sockets have nothing more to say */
    }
    return 0;
}

/* 0, or the exit status + 1. */
static int read_options(struct ss *ss)
{
    struct options options = options_of(ss->run->argc, ss->run->argv, "alnpistu46HheomOr");
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        if (letter == OPTIONS_OPERAND) {
            int status = read_filter(ss, options.value, &options);
            if (status)
                return status + 1;
            continue;
        }
        if (letter == OPTIONS_UNKNOWN && options.letter == '-') {
            letter = long_letter(options.argv[options.at - 1]);
            options.cluster = NULL;
            if (letter == 0) {
                tool_complain(ss->run, "ss: unrecognized option '%s'\n", options.argv[options.at - 1]);
                return usage(ss, 255) + 1;
            }
        } else if (letter == OPTIONS_UNKNOWN) {
            tool_complain(ss->run, "ss: invalid option -- '%c'\n", options.letter);
            return usage(ss, 255) + 1;
        }
        if (set_option(ss, letter))
            return usage(ss, 0) + 1;
    }
    if (!ss->tcp && !ss->udp)
        ss->tcp = ss->udp = true;
    if (!ss->states_given)
        ss->states = ss->all ? STATES_ALL : ss->listening ? STATE_LISTEN | STATE_UNCONNECTED : STATES_CONNECTED;
    return 0;
}

/* ---- the sockets ---- */

static unsigned bit_of(const struct socket_info *socket)
{
    for (size_t i = 0; i < count_of(STATES); i++)
        if (strcmp(STATES[i].shown, socket->state) == 0)
            return 1u << i;
    return STATE_UNCONNECTED;
}

static bool wanted(const struct ss *ss, const struct socket_info *socket)
{
    uint8_t family = socket->local.address.family ? socket->local.address.family : 6; /* both: an IPv6 socket that takes IPv4 */
    return (socket->protocol == PROTOCOL_TCP ? ss->tcp : ss->udp) && (ss->family == 0 || ss->family == family) &&
           (bit_of(socket) & ss->states) && (ss->source_port == 0 || ss->source_port == socket->local.port) &&
           (ss->destination_port == 0 || ss->destination_port == socket->remote.port);
}

static const char *address_cell(struct ss *ss, const struct endpoint *endpoint, uint8_t family_of_socket)
{
    char text[IP_TEXT_BYTES];
    uint8_t family = endpoint->address.family;
    if (family == 0 && family_of_socket == 4)
        return "0.0.0.0:";
    if (family == 0 && family_of_socket == 6)
        return "[::]:";
    if (family == 0)
        return "*:";
    ip_print(&endpoint->address, text, sizeof text);
    return arena_format(&ss->arena, family == 6 ? "[%s]:" : "%s:", text);
}

static const char *port_cell(struct ss *ss, uint8_t protocol, uint16_t port)
{
    const char *name = port && !ss->numeric ? port_name(protocol, port) : NULL;
    return port == 0 ? "*" : name ? name : arena_format(&ss->arena, "%u", port);
}

static double milliseconds(int64_t ns) { return (double)ns / 1e6; }

/* What a counter says when it is not zero, which iproute2's ss leaves out otherwise. */
static void inside_count(struct text *text, const char *name, uint64_t value)
{
    if (value)
        text_format(text, " %s:%" PRIu64, name, value);
}

static void inside_counts(struct text *text, const struct socket_inside *info)
{
    inside_count(text, "bytes_sent", info->bytes_sent);
    inside_count(text, "bytes_retrans", info->bytes_retransmitted);
    inside_count(text, "bytes_acked", info->bytes_acked);
    inside_count(text, "bytes_received", info->bytes_received);
    inside_count(text, "segs_out", info->segments_sent);
    inside_count(text, "segs_in", info->segments_received);
    inside_count(text, "data_segs_out", info->data_segments_sent);
    inside_count(text, "data_segs_in", info->data_segments_received);
}

static void inside_losses(struct text *text, const struct socket_inside *info)
{
    inside_count(text, "unacked", info->unacked);
    if (info->retransmitted || info->retransmits)
        text_format(text, " retrans:%u/%" PRIu64, info->retransmitted, info->retransmits);
    inside_count(text, "lost", info->lost);
    inside_count(text, "sacked", info->sacked);
    inside_count(text, "dsack_dups", info->duplicates_reported);
    if (info->reordering && info->reordering != 3)
        text_format(text, " reordering:%u", info->reordering);
    inside_count(text, "reord_seen", info->reorderings);
}

/* In the order of iproute2's ss. */
static const char *inside_cell(struct ss *ss, const struct socket_inside *info)
{
    struct text text = {0};
    text_format(&text, "\n\t%s%s%s%s%s %s wscale:%u,%u", info->timestamps ? " ts" : "", info->sack ? " sack" : "",
                info->ecn ? " ecn" : "", info->ecn_seen ? " ecnseen" : "", info->accurate_ecn ? " accecn" : "",
                info->congestion ? info->congestion : "reno", info->window_scale_send, info->window_scale_receive);
    text_format(&text, " rto:%.6g", milliseconds(info->rto_ns));
    inside_count(&text, "backoff", info->backoff);
    if (info->rtt_ns)
        text_format(&text, " rtt:%.6g/%.6g", milliseconds(info->rtt_ns), milliseconds(info->rtt_variation_ns));
    if (info->ack_timeout_ns)
        text_format(&text, " ato:%.6g", milliseconds(info->ack_timeout_ns));
    text_format(&text, " mss:%u", info->mss_bytes);
    inside_count(&text, "pmtu", info->path_mtu);
    inside_count(&text, "rcvmss", info->receive_mss);
    inside_count(&text, "advmss", info->advertised_mss);
    text_format(&text, " cwnd:%u", info->cwnd_segments);
    if (info->ssthresh_segments != UINT32_MAX)
        text_format(&text, " ssthresh:%u", info->ssthresh_segments);
    inside_counts(&text, info);
    if (*info->congestion_state)
        text_format(&text, " %s", info->congestion_state);
    if (info->rtt_ns > 0)
        text_format(&text, " send %.0fbps", (double)info->cwnd_segments * info->mss_bytes * 8e9 / (double)info->rtt_ns);
    inside_count(&text, "lastsnd", (uint64_t)(info->last_send_ns / NS_PER_MS));
    inside_count(&text, "lastrcv", (uint64_t)(info->last_receive_ns / NS_PER_MS));
    if (info->pacing_bytes_per_s)
        text_format(&text, " pacing_rate %" PRIu64 "bps", info->pacing_bytes_per_s * 8);
    if (info->delivery_bytes_per_s)
        text_format(&text, " delivery_rate %" PRIu64 "bps", info->delivery_bytes_per_s * 8);
    inside_count(&text, "delivered", info->delivered);
    if (info->app_limited)
        text_format(&text, " app_limited");
    inside_losses(&text, info);
    if (info->receive_rtt_ns > 0)
        text_format(&text, " rcv_rtt:%.6g", milliseconds(info->receive_rtt_ns));
    inside_count(&text, "rcv_space", info->receive_space_bytes);
    inside_count(&text, "notsent", info->not_sent_bytes);
    if (info->minimum_rtt_ns > 0)
        text_format(&text, " minrtt:%.6g", milliseconds(info->minimum_rtt_ns));
    text_format(&text, " snd_wnd:%u rcv_wnd:%u", info->send_window_bytes, info->receive_window_bytes);
    const char *cell = arena_copy_text(&ss->arena, text.data);
    text_free(&text);
    return cell;
}

static void add_row(struct ss *ss, const struct socket_info *socket)
{
    uint8_t family = socket->local.address.family;
    ss->rows = memory_grow(ss->rows, ss->row_count + 1, sizeof *ss->rows);
    struct row *row = &ss->rows[ss->row_count++];
    *row =
        (struct row){{socket->protocol == PROTOCOL_TCP ? "tcp" : "udp", socket->state,
                      arena_format(&ss->arena, "%u", socket->receive_queue), arena_format(&ss->arena, "%u", socket->send_queue),
                      address_cell(ss, &socket->local, 0), port_cell(ss, socket->protocol, socket->local.port),
                      address_cell(ss, &socket->remote, family), port_cell(ss, socket->protocol, socket->remote.port), ""}};
    if (ss->processes && socket->owner)
        row->cell[COLUMN_PROCESS] = arena_format(&ss->arena, " users:((\"%s\"))", socket->owner);
    if (ss->inside && socket->protocol == PROTOCOL_TCP && !(bit_of(socket) & (STATE_LISTEN | STATE_TIME_WAIT)))
        row->cell[COLUMN_PROCESS] =
            arena_format(&ss->arena, "%s%s", row->cell[COLUMN_PROCESS], inside_cell(ss, &socket->inside));
}

static void gather(struct ss *ss)
{
    struct socket_info socket;
    for (int pass = 0; pass < 2; pass++) /* UDP first, as ss does */
        for (size_t at = 0; net_socket_next(ss->net, &at, &socket) == 0;)
            if ((socket.protocol == PROTOCOL_TCP) == (pass == 1) && wanted(ss, &socket))
                add_row(ss, &socket);
}

/* ---- the table ---- */

static void print_row(const struct row *row, const size_t widths[COLUMNS], const bool hidden[COLUMNS], struct text *out)
{
    bool first = true;
    for (int column = 0; column < COLUMNS; column++) {
        bool joined = column == COLUMN_LOCAL_PORT || column == COLUMN_PEER_PORT || column == COLUMN_PROCESS;
        bool right = column == COLUMN_LOCAL || column == COLUMN_PEER;
        if (hidden[column])
            continue;
        text_format(out, right ? "%s%*s" : "%s%-*s", first || joined ? "" : " ", (int)widths[column], row->cell[column]);
        first = false;
    }
    text_add_char(out, '\n');
}

static void print_table(struct ss *ss)
{
    static const struct row HEADER = {
        {"Netid", "State", "Recv-Q", "Send-Q", "Local Address:", "Port", "Peer Address:", "Port", "Process"}};
    size_t widths[COLUMNS] = {0};
    bool one_state = (ss->states & (ss->states - 1)) == 0;
    bool hidden[COLUMNS] = {[COLUMN_NETID] = !(ss->tcp && ss->udp), [COLUMN_STATE] = one_state};
    struct text out = {0};
    for (int column = 0; column < COLUMNS; column++) {
        widths[column] = ss->no_header ? 0 : strlen(HEADER.cell[column]);
        for (size_t i = 0; i < ss->row_count; i++)
            if (strlen(ss->rows[i].cell[column]) > widths[column])
                widths[column] = strlen(ss->rows[i].cell[column]);
    }
    if (!ss->no_header)
        print_row(&HEADER, widths, hidden, &out);
    for (size_t i = 0; i < ss->row_count; i++)
        print_row(&ss->rows[i], widths, hidden, &out);
    ss->run->io->out(ss->run->io->context, out.data, out.length);
    text_free(&out);
}

static void print_summary(struct ss *ss)
{
    struct socket_info socket;
    unsigned tcp[2] = {0}, udp[2] = {0}, established = 0, waiting = 0, closed = 0, total = 0;
    for (size_t at = 0; net_socket_next(ss->net, &at, &socket) == 0; total++) {
        unsigned bit = bit_of(&socket), six = socket.local.address.family != 4;
        if (socket.protocol != PROTOCOL_TCP) {
            udp[six]++;
            continue;
        }
        established += bit == STATE_ESTABLISHED;
        waiting += bit == STATE_TIME_WAIT;
        closed += bit == STATE_TIME_WAIT || bit == STATE_UNCONNECTED;
        tcp[six] += bit != STATE_TIME_WAIT;
    }
    tool_print(ss->run, "Total: %u\nTCP:   %u (estab %u, closed %u, orphaned 0, timewait %u)\n\n", total - waiting,
               tcp[0] + tcp[1] + waiting, established, closed, waiting);
    tool_print(ss->run, "Transport Total     IP        IPv6\n");
    const struct {
        const char *name;
        unsigned four, six;
    } LINES[] = {{"RAW", 0, 0},
                 {"UDP", udp[0], udp[1]},
                 {"TCP", tcp[0], tcp[1]},
                 {"INET", udp[0] + tcp[0], udp[1] + tcp[1]},
                 {"FRAG", 0, 0}};
    for (size_t i = 0; i < count_of(LINES); i++)
        tool_print(ss->run, "%s\t  %-9u %-9u %-9u\n", LINES[i].name, LINES[i].four + LINES[i].six, LINES[i].four, LINES[i].six);
    tool_print(ss->run, "\n");
}

static int ss_run(struct tool_run *run)
{
    struct ss ss = {.run = run, .net = run->net};
    struct socket_info socket;
    size_t at = 0;
    int status = read_options(&ss);
    if (status)
        return status - 1;
    if (net_socket_next(run->net, &at, &socket) == IMP_UNSUPPORTED) {
        tool_complain(run, "ss: this machine's sockets are not imp's to show: use its own ss\n");
        return 1;
    }
    if (ss.summary) {
        print_summary(&ss);
        return 0;
    }
    gather(&ss);
    print_table(&ss);
    memory_free(ss.rows);
    arena_free(&ss.arena);
    return 0;
}

const struct tool SS_TOOL = {.name = "ss", .summary = "show a node's sockets", .run = ss_run, .lab_only = true};
