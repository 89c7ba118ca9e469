/* ss: a node's sockets, in the columns of iproute2's ss; netstat's older form of the same is in netstat.c.
 *
 * The sockets are walked through net_config.h, chosen by protocol, family, state and the few filters that are given, and gathered as rows of
 * text first: every column is as wide as its widest cell, so nothing can be printed before all is known. Addresses end on
 * a column's right edge and ports begin on the next one's left, which keeps the colons aligned.
 *
 * Without -l or -a only sockets that have a peer are shown. What follows a row is ss_detail.c's; which sockets are meant, beside their states,
 * ss_filter.c's; -s counts. No state, no timers. Left out on purpose: sockets that no node of imp has (unix, netlink, raw), killing, and the names of
 * hosts. */
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
#include "tools/ss_detail.h"
#include "tools/ss_filter.h"
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
    struct endpoint local, remote;
};
struct ss {
    struct tool_run *run;
    struct net *net;
    struct arena arena;
    struct row *rows;
    size_t row_count;
    bool tcp, udp, numeric, all, listening, processes, summary, no_header, kill;
    struct ss_detail detail;
    struct text filter; /* its words, as ss_filter.h takes them */
    uint8_t family;     /* 0 both */
    unsigned states;
    bool states_given;
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

/* "state X" and "exclude X"; all else is the filter's. 0 or the exit status. */
static int read_operand(struct ss *ss, const char *word, struct options *options)
{
    bool exclude = strcmp(word, "exclude") == 0;
    if (options->at >= options->argc || (!exclude && strcmp(word, "state") != 0)) {
        text_format(&ss->filter, "%s%s", ss->filter.length ? " " : "", word);
        return 0;
    }
    const char *value = options->argv[options->at++];
    unsigned bits = state_bits(value);
    if (bits == 0) {
        tool_complain(ss->run, "ss: wrong state name: %s\n", value);
        return 255;
    }
    ss->states = exclude ? (ss->states_given ? ss->states : STATES_ALL) & ~bits : (ss->states_given ? ss->states : 0) | bits;
    ss->states_given = true;
    return 0;
}

static int check_filter(struct ss *ss)
{
    struct text message = {0};
    int error = ss_filter_check(text_string(&ss->filter), &message);
    if (error)
        tool_complain(ss->run, "%s", text_string(&message));
    text_free(&message);
    return error == IMP_INVALID ? 1 : error ? 255 : 0; /* as ss */
}

static int usage(struct ss *ss, int status)
{
    void (*say)(struct tool_run *, const char *, ...) = status ? tool_complain : tool_print;
    say(ss->run, "Usage: ss [ OPTIONS ]\n"
                 "       ss [ OPTIONS ] [ FILTER ]\n"
                 "   -n, --numeric       don't resolve service names\n"
                 "   -a, --all           display all sockets\n"
                 "   -l, --listening     display listening sockets\n"
                 "   -o, --options       show timer information\n"
                 "   -e, --extended      show detailed socket information\n"
                 "   -m, --memory        show socket memory usage\n"
                 "   -p, --processes     show process using socket\n"
                 "   -i, --info          show internal TCP information\n"
                 "   -s, --summary       show socket usage summary\n"
                 "   -4, --ipv4          display only IP version 4 sockets\n"
                 "   -6, --ipv6          display only IP version 6 sockets\n"
                 "   -t, --tcp           display only TCP sockets\n"
                 "   -u, --udp           display only UDP sockets\n"
                 "   -K, --kill          forcibly close sockets, display what was closed\n"
                 "   -H, --no-header     Suppress header line\n"
                 "   -O, --oneline       socket's data printed on a single line\n"
                 "       FILTER := [ state STATE-FILTER ] [ EXPRESSION ]\n"
                 "       STATE-FILTER := {all|connected|synchronized|bucket|big|TCP-STATES}\n"
                 "         TCP-STATES := "
                 "{established|syn-sent|syn-recv|fin-wait-{1,2}|time-wait|closed|close-wait|last-ack|listening|closing}\n"
                 "       EXPRESSION := {src|dst} [=|!=] ADDRESS[/LENGTH][:PORT], {sport|dport} [=|!=|<|<=|>|>=] :PORT; and, "
                 "or, not, ( )\n");
    return status;
}

static int long_letter(const char *word)
{
    static const struct {
        const char *name;
        char letter;
    } NAMES[] = {{"--numeric", 'n'}, {"--all", 'a'},       {"--listening", 'l'}, {"--processes", 'p'}, {"--info", 'i'},
                 {"--summary", 's'}, {"--ipv4", '4'},      {"--ipv6", '6'},      {"--kill", 'K'},      {"--tcp", 't'},
                 {"--udp", 'u'},     {"--no-header", 'H'}, {"--extended", 'e'},  {"--options", 'o'},   {"--oneline", 'O'},
                 {"--memory", 'm'},  {"--help", 'h'}};
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
    case 'i': ss->detail.inside = true; break;
    case 'o': ss->detail.timers = true; break;
    case 'e': ss->detail.extended = true; break;
    case 'm': ss->detail.memory = true; break;
    case 'O': ss->detail.one_line = true; break;
    case 's': ss->summary = true; break;
    case 't': ss->tcp = true; break;
    case 'u': ss->udp = true; break;
    case '4': ss->family = 4; break;
    case '6': ss->family = 6; break;
    case 'H': ss->no_header = true; break;
    case 'K': ss->kill = true; break;
    case 'h': return 1;
    default: break;
    }
    return 0;
}

/* 0, or the exit status + 1. */
static int read_options(struct ss *ss)
{
    struct options options = options_of(ss->run->argc, ss->run->argv, "alnpistu46HheomOK");
    for (int letter; (letter = options_next(&options)) != OPTIONS_END;) {
        if (letter == OPTIONS_OPERAND) {
            int status = read_operand(ss, options.value, &options);
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
    int status = check_filter(ss);
    if (status)
        return status + 1;
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
           (bit_of(socket) & ss->states) && ss_filter_matches(text_string(&ss->filter), socket);
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

static void add_row(struct ss *ss, const struct socket_info *socket)
{
    uint8_t family = socket->local.address.family;
    ss->rows = memory_grow(ss->rows, ss->row_count + 1, sizeof *ss->rows);
    struct row *row = &ss->rows[ss->row_count++];
    *row = (struct row){.cell = {socket->protocol == PROTOCOL_TCP ? "tcp" : "udp", socket->state,
                                 arena_format(&ss->arena, "%u", socket->receive_queue),
                                 arena_format(&ss->arena, "%u", socket->send_queue), address_cell(ss, &socket->local, 0),
                                 port_cell(ss, socket->protocol, socket->local.port), address_cell(ss, &socket->remote, family),
                                 port_cell(ss, socket->protocol, socket->remote.port), ""}};
    row->local = socket->local;
    row->remote = socket->remote;
    struct text more = {0};
    if (ss->processes && socket->owner)
        text_format(&more, " users:((\"%s\"))", socket->owner);
    ss_detail_print(&ss->detail, socket, net_now(ss->net), &more);
    row->cell[COLUMN_PROCESS] = arena_copy_text(&ss->arena, text_string(&more));
    text_free(&more);
}

/* -K: what is shown is ended, and what could not be ended is not shown. All were found before the first ends. */
static void kill_all(struct ss *ss)
{
    size_t kept = 0;
    for (size_t i = 0; i < ss->row_count; i++)
        if (net_socket_kill(ss->net, &ss->rows[i].local, &ss->rows[i].remote) == 0)
            ss->rows[kept++] = ss->rows[i];
    ss->row_count = kept;
}

static void gather(struct ss *ss)
{
    struct socket_info socket;
    for (int pass = 0; pass < 2; pass++) /* UDP first, as ss does */
        for (size_t at = 0; net_socket_next(ss->net, &at, &socket) == 0;)
            if ((socket.protocol == PROTOCOL_TCP) == (pass == 1) && wanted(ss, &socket))
                add_row(ss, &socket);
    if (ss->kill)
        kill_all(ss);
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
        .cell = {"Netid", "State", "Recv-Q", "Send-Q", "Local Address:", "Port", "Peer Address:", "Port", "Process"}};
    size_t widths[COLUMNS] = {0};
    bool one_state = (ss->states & (ss->states - 1)) == 0;
    bool hidden[COLUMNS] = {[COLUMN_NETID] = !(ss->tcp && ss->udp), [COLUMN_STATE] = one_state};
    struct text out = {0};
    for (int column = 0; column < COLUMNS; column++) {
        widths[column] = ss->no_header ? 0 : strlen(HEADER.cell[column]);
        for (size_t i = 0; i < ss->row_count; i++)
            if (strcspn(ss->rows[i].cell[column], "\n") > widths[column]) /* the lines below it may be longer */
                widths[column] = strcspn(ss->rows[i].cell[column], "\n");
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
    unsigned tcp[2] = {0}, udp[2] = {0}, established = 0, waiting = 0, closed = 0, orphaned = 0, total = 0;
    for (size_t at = 0; net_socket_next(ss->net, &at, &socket) == 0; total++) {
        unsigned bit = bit_of(&socket), six = socket.local.address.family != 4;
        if (socket.protocol != PROTOCOL_TCP) {
            udp[six]++;
            continue;
        }
        established += bit == STATE_ESTABLISHED;
        waiting += bit == STATE_TIME_WAIT;
        orphaned += socket.orphaned;
        closed += bit == STATE_TIME_WAIT || bit == STATE_UNCONNECTED;
        tcp[six] += bit != STATE_TIME_WAIT;
    }
    tool_print(ss->run, "Total: %u\nTCP:   %u (estab %u, closed %u, orphaned %u, timewait %u)\n\n", total - waiting,
               tcp[0] + tcp[1] + waiting, established, closed, orphaned, waiting);
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

static int ss_show(struct ss *ss)
{
    struct socket_info socket;
    size_t at = 0;
    if (net_socket_next(ss->net, &at, &socket) == IMP_UNSUPPORTED) {
        tool_complain(ss->run, "ss: this machine's sockets are not imp's to show: use its own ss\n");
        return 1;
    }
    if (ss->summary) {
        print_summary(ss);
        return 0;
    }
    gather(ss);
    print_table(ss);
    return 0;
}

static int ss_run(struct tool_run *run)
{
    struct ss ss = {.run = run, .net = run->net};
    int status = read_options(&ss);
    status = status ? status - 1 : ss_show(&ss);
    memory_free(ss.rows);
    arena_free(&ss.arena);
    text_free(&ss.filter);
    return status;
}

const struct tool SS_TOOL = {.name = "ss", .summary = "show a node's sockets", .run = ss_run, .lab_only = true};
