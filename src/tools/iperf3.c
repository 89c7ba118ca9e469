/* iperf3: how fast, and how well. Speaks to the real iperf3 (3.12) over a wire, and prints what it prints.
 *
 * This file reads the options; iperf3_client.c and iperf3_server.c lead the test, iperf3_transfer.c moves the data, iperf3_report.c writes, and
 * iperf3_message.c knows the words of the control connection.
 *
 * Left out, and said so when asked for: CPU affinity, authentication, SCTP, flow labels, the daemon and its pid file, and what paces or times out
 * in the kernel. CPU use is reported as 0, since in a lab it means nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "tools/iperf3.h"
#include "tools/options.h"

struct arguments {
    struct iperf3_test *test;
    bool client, server, once, time_given;
    const char *client_only; /* an option that only a client has, if one was given */
};

/* Those that have no letter. */
enum { BIDIR = 1, FLUSH, CPORT, CONNECT_TIMEOUT, SERVER_OUTPUT, LOG_FILE, DSCP, COUNTERS_64BIT, REPEATING, WHOLE };
static const struct long_option {
    const char *name;
    char letter;
    bool valued, of_client;
} LONG[] = {{"--server", 's', false, false},
            {"--client", 'c', true, false},
            {"--one-off", '1', false, false},
            {"--port", 'p', true, false},
            {"--interval", 'i', true, false},
            {"--format", 'f', true, false},
            {"--json", 'J', false, false},
            {"--verbose", 'V', false, false},
            {"--bind", 'B', true, false},
            {"--file", 'F', true, false},
            {"--logfile", LOG_FILE, true, false},
            {"--forceflush", FLUSH, false, false},
            {"--version", 'v', false, false},
            {"--help", 'h', false, false},
            {"--version4", '4', false, false},
            {"--version6", '6', false, false},
            {"--time", 't', true, true},
            {"--bytes", 'n', true, true},
            {"--blockcount", 'k', true, true},
            {"--bitrate", 'b', true, true},
            {"--bandwidth", 'b', true, true},
            {"--parallel", 'P', true, true},
            {"--reverse", 'R', false, true},
            {"--bidir", BIDIR, false, true},
            {"--congestion", 'C', true, true},
            {"--linux-congestion", 'C', true, true},
            {"--window", 'w', true, true},
            {"--set-mss", 'M', true, true},
            {"--no-delay", 'N', false, true},
            {"--udp", 'u', false, true},
            {"--length", 'l', true, true},
            {"--omit", 'O', true, true},
            {"--tos", 'S', true, true},
            {"--dscp", DSCP, true, true},
            {"--title", 'T', true, true},
            {"--zerocopy", 'Z', false, true},
            {"--cport", CPORT, true, true},
            {"--connect-timeout", CONNECT_TIMEOUT, true, true},
            {"--get-server-output", SERVER_OUTPUT, false, true},
            {"--udp-counters-64bit", COUNTERS_64BIT, false, true},
            {"--repeating-payload", REPEATING, false, true},
            {"--dont-fragment", WHOLE, false, true}};
static const char ACCEPTED[] = "sc:1p:t:n:b:P:Ri:C:w:M:NuJl:46k:vhf:O:VS:B:F:T:Z";

/* What the real one has beside these, and why not here. */
static const struct left_out {
    char letter; /* 0: none */
    const char *name, *why;
} LEFT_OUT[] = {
    {'A', "--affinity", "it would bind the test to processors, and a node has none of its own"},
    {'D', "--daemon", "write `&` behind the command, or give the node the service iperf3-server"},
    {'I', "--pidfile", "a node's tools are no processes"},
    {'X', "--xbind", "there is no SCTP"},
    {0, "--sctp", "there is no SCTP"},
    {0, "--nstreams", "there is no SCTP"},
    {'L', "--flowlabel", "flow labels cannot be chosen"},
    {'d', "--debug", "try -V, or tcpdump"},
    {0, "--bind-dev", "-B takes an address"},
    {0, "--timestamps", NULL},
    {0, "--rcv-timeout", NULL},
    {0, "--snd-timeout", NULL},
    {0, "--idle-timeout", NULL},
    {0, "--server-bitrate-limit", NULL},
    {0, "--pacing-timer", "the moment of each block is reckoned, not polled"},
    {0, "--fq-rate", "use -b, or sysctl net.imp.tcp_paced"},
    {0, "--extra-data", NULL},
    {0, "--username", "there is no authentication"},
    {0, "--rsa-public-key-path", "there is no authentication"},
    {0, "--rsa-private-key-path", "there is no authentication"},
    {0, "--authorized-users-path", "there is no authentication"},
    {0, "--time-skew-threshold", "there is no authentication"},
};

static const char USAGE[] = "Usage: iperf3 [-s|-c host] [options]\n"
                            "  -p PORT   server port (5201)            -J        output in JSON\n"
                            "  -i SECS   between reports (1; 0: none)  -4, -6    only IPv4, only IPv6\n"
                            "  -f UNIT   of rates: k, m, g, t for bits; K, M, G, T for bytes\n"
                            "  -B HOST   bind to this end's address    -V        tell more\n"
                            "  -F FILE   send it, or write to it       --logfile FILE  write there\n"
                            "Server:\n"
                            "  -s        serve tests                   -1        one test, then exit\n"
                            "Client:\n"
                            "  -c HOST   ask that server               -t SECS   how long (10; 0: until Ctrl-C)\n"
                            "  -n BYTES  how much instead              -k BLOCKS how many blocks instead\n"
                            "  -b RATE   of each stream (UDP: 1M), RATE/N: in bursts of N blocks\n"
                            "  -P N      parallel streams              -O SECS   before the test, not counted\n"
                            "  -R        the server sends              --bidir   both send\n"
                            "  -u        UDP                           -l BYTES  block to write or datagram\n"
                            "  -w BYTES  socket buffers                -M BYTES  maximum segment size\n"
                            "  -C NAME   congestion control            -N        no Nagle's delay\n"
                            "  -S TOS    type of service (0x10)        --dscp N  or a name: ef, af11, cs1\n"
                            "  -Z        lend the data, do not copy    -T TEXT   before each line\n"
                            "  --cport PORT, --connect-timeout MS, --get-server-output, --udp-counters-64bit,\n"
                            "  --repeating-payload, --dont-fragment\n";

static int wrong(const struct arguments *a, const char *what, const char *value)
{
    return iperf3_complain(a->test, "parameter error - %s%s%s%s", what, value ? " '" : "", value ? value : "",
                           value ? "'" : "");
}

static int take_number(const struct arguments *a, const char *value, uint64_t most, uint64_t *out)
{
    return number_parse(value, most, out) ? wrong(a, "not a number in range:", value) : 0;
}

static int take_size(const struct arguments *a, const char *value, uint64_t most, uint64_t *out)
{
    return iperf3_size_parse(value, out) || *out > most ? wrong(a, "not a size in range:", value) : 0;
}

static int take_interval(const struct arguments *a, const char *value)
{
    struct text text = {0};
    int64_t ns;
    text_format(&text, "%ss", value);
    int error = duration_parse(text_string(&text), &ns);
    text_free(&text);
    if (error || (ns && (ns < 100 * NS_PER_MS || ns > 60 * NS_PER_S)))
        return wrong(a, "invalid report interval (0, or 0.1 to 60):", value);
    a->test->interval_ns = ns;
    return 0;
}

static int take_traffic_class(const struct arguments *a, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 0);
    if (*end || end == value || number > 255)
        return wrong(a, "bad TOS value (must be between 0 and 255 inclusive):", value);
    a->test->parameters.traffic_class = (uint8_t)number;
    return 0;
}

/* RFC 2474, 2597, 3246, 8622: the names of code points; a number is one itself. */
static int take_dscp(const struct arguments *a, const char *value)
{
    char *end;
    unsigned long number = strtoul(value, &end, 0);
    bool class_selector = strlen(value) == 3 && strncmp(value, "cs", 2) == 0 && value[2] >= '0' && value[2] <= '7';
    bool assured = strlen(value) == 4 && strncmp(value, "af", 2) == 0 && value[2] >= '1' && value[2] <= '4' &&
                   value[3] >= '1' && value[3] <= '3';
    if (class_selector)
        number = (unsigned long)(value[2] - '0') << 3;
    else if (assured)
        number = (unsigned long)(value[2] - '0') << 3 | (unsigned long)(value[3] - '0') << 1;
    else if (strcmp(value, "ef") == 0)
        number = 46;
    else if (strcmp(value, "le") == 0)
        number = 1;
    else if (*end || end == value || number > 63)
        return wrong(a, "bad DSCP value (0 to 63, or a name such as ef, af11, cs1):", value);
    a->test->parameters.traffic_class = (uint8_t)(number << 2);
    return 0;
}

/* "10M", or "10M/5": five blocks at once. */
static int take_rate(const struct arguments *a, const char *value)
{
    const char *slash = strchr(value, '/');
    struct text rate = {0};
    uint64_t burst = 0;
    text_add_bytes(&rate, value, slash ? (size_t)(slash - value) : strlen(value));
    int error = iperf3_rate_parse(text_string(&rate), &a->test->parameters.rate_bps);
    text_free(&rate);
    if (error || (slash && (number_parse(slash + 1, IPERF3_BURST_MAX, &burst) || burst == 0)))
        return wrong(a, "not a rate:", value);
    a->test->parameters.burst = (uint32_t)burst;
    return 0;
}

/* Options whose value is kept as a text, or is a number of the test. */
static int take_of_test(const struct arguments *a, int option, const char *value)
{
    struct iperf3_test *test = a->test;
    uint64_t number = 0;
    int error = 0;
    switch (option) {
    case 'B': test->bind = value; return strchr(value, '%') ? wrong(a, "imp's iperf3 does not bind to a device:", value) : 0;
    case 'F': test->file = value; return 0;
    case 'T': test->title = value; return 0;
    case LOG_FILE: test->log = value; return 0;
    case 'S': return take_traffic_class(a, value);
    case DSCP: return take_dscp(a, value);
    case 'O':
        error = take_number(a, value, 600, &number);
        test->parameters.omit_s = (uint32_t)number;
        return error;
    case CPORT:
        error = take_number(a, value, 65535, &number);
        test->client_port = (uint16_t)number;
        return error;
    default: /* CONNECT_TIMEOUT */
        error = take_number(a, value, 86400000, &number);
        test->connect_ns = (int64_t)number * NS_PER_MS;
        return error;
    }
}

static int take_valued(struct arguments *a, int option, const char *value)
{
    struct iperf3_parameters *p = &a->test->parameters;
    uint64_t number = 0;
    int error = 0;
    switch (option) {
    case 'p':
        error = take_number(a, value, 65535, &number);
        a->test->port = (uint16_t)number;
        break;
    case 't':
        error = take_number(a, value, 86400, &number);
        p->time_s = (uint32_t)number;
        a->time_given = true;
        break;
    case 'P':
        error = take_number(a, value, IPERF3_STREAMS_MAX, &number);
        p->parallel = number ? (uint32_t)number : 1;
        break;
    case 'n': error = take_size(a, value, UINT64_MAX, &p->bytes); break;
    case 'k': error = take_size(a, value, UINT64_MAX, &p->blocks); break;
    case 'l':
        error = take_size(a, value, IPERF3_BLOCK_MAX, &number);
        p->block_bytes = (uint32_t)number;
        break;
    case 'w':
        error = take_size(a, value, 512 << 20, &number);
        p->window_bytes = (uint32_t)number;
        break;
    case 'M':
        error = take_number(a, value, 9176, &number);
        p->mss = (uint32_t)number;
        break;
    case 'f':
        if (strlen(value) != 1 || !strchr("kmgtKMGT", value[0]))
            return wrong(a, "bad format specifier (valid formats are in the set [kmgtKMGT])", NULL);
        a->test->format = value[0];
        break;
    case 'b': return take_rate(a, value);
    case 'C':
        if (strlen(value) >= sizeof p->congestion)
            return wrong(a, "no such congestion control:", value);
        strcpy(p->congestion, value);
        break;
    default: return take_of_test(a, option, value);
    }
    return error;
}

static int take_option(struct arguments *a, int option, const char *value)
{
    struct iperf3_test *test = a->test;
    for (size_t i = 0; i < count_of(LONG); i++)
        if (LONG[i].letter == option && LONG[i].of_client)
            a->client_only = LONG[i].name;
    switch (option) {
    case 's': a->server = true; return 0;
    case 'c':
        a->client = true;
        test->host = value;
        return 0;
    case '1': a->once = true; return 0;
    case 'R': test->parameters.reverse = true; return 0;
    case BIDIR: test->parameters.bidirectional = true; return 0;
    case 'N': test->parameters.no_delay = true; return 0;
    case 'u': test->parameters.udp = true; return 0;
    case 'J': test->json = true; return 0;
    case '4': test->family = 4; return 0;
    case '6': test->family = 6; return 0;
    case 'V': test->verbose = true; return 0;
    case 'Z': test->zero_copy = true; return 0;
    case SERVER_OUTPUT: test->parameters.server_output = true; return 0;
    case COUNTERS_64BIT: test->parameters.counters_64bit = true; return 0;
    case REPEATING: test->parameters.repeating = true; return 0;
    case WHOLE: test->parameters.dont_fragment = true; return 0;
    case FLUSH: return 0; /* every line is written at once */
    case 'i': return take_interval(a, value);
    case 'v': iperf3_say(test, "iperf 3.12 (imp)\n"); return -1;
    case 'h': iperf3_say(test, "%s", USAGE); return -1;
    default: return take_valued(a, option, value);
    }
}

static int refuse(const struct arguments *a, const struct left_out *what)
{
    return iperf3_complain(a->test, "parameter error - imp's iperf3 does not have '%s'%s%s", what->name, what->why ? ": " : "",
                           what->why ? what->why : "");
}

static const struct left_out *left_out_find(char letter)
{
    for (size_t i = 0; i < count_of(LEFT_OUT); i++)
        if (LEFT_OUT[i].letter == letter)
            return &LEFT_OUT[i];
    return NULL;
}

/* "--time=5" and "--time 5". */
static int take_long(struct arguments *a, struct options *options)
{
    const char *word = options->value, *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < count_of(LONG); i++) {
        if (strlen(LONG[i].name) != length || strncmp(LONG[i].name, word, length) != 0)
            continue;
        bool valued = LONG[i].valued;
        const char *value = equals ? equals + 1 : valued && options->at < options->argc ? options->argv[options->at++] : NULL;
        if (valued != (value != NULL))
            return wrong(a, valued ? "a value is missing for" : "no value goes with", LONG[i].name);
        return take_option(a, LONG[i].letter, value);
    }
    for (size_t i = 0; i < count_of(LEFT_OUT); i++)
        if (strlen(LEFT_OUT[i].name) == length && strncmp(LEFT_OUT[i].name, word, length) == 0)
            return refuse(a, &LEFT_OUT[i]);
    return wrong(a, "unknown option", word);
}

/* -1: nothing more to do; 0; or the exit status. */
static int arguments_read(struct arguments *a)
{
    struct options options = options_of(a->test->run->argc, a->test->run->argv, ACCEPTED);
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        int status;
        char letter[3] = {'-', options.letter, '\0'};
        if (option == OPTIONS_UNKNOWN && options.letter == '-')
            status = take_long(a, &options);
        else if (option == OPTIONS_OPERAND)
            status = wrong(a, "unexpected argument", options.value);
        else if (option == OPTIONS_UNKNOWN && left_out_find(options.letter))
            status = refuse(a, left_out_find(options.letter));
        else if (option == OPTIONS_UNKNOWN || option == OPTIONS_NO_VALUE)
            status = wrong(a, option == OPTIONS_UNKNOWN ? "unknown option" : "a value is missing for", letter);
        else
            status = take_option(a, option, options.value);
        if (status)
            return status;
    }
    return 0;
}

/* What does not go together. */
static int arguments_check(const struct arguments *a)
{
    struct iperf3_parameters *p = &a->test->parameters;
    if (a->client == a->server)
        return wrong(a, a->client ? "cannot be both server and client" : "must either be a client (-c) or server (-s)", NULL);
    if (a->server && a->client_only)
        return wrong(a, "some option you are trying to set is client only:", a->client_only);
    if (a->client && a->once)
        return wrong(a, "some option you are trying to set is server only:", "-1");
    if (p->reverse && p->bidirectional)
        return wrong(a, "cannot be both bidirectional and reverse", NULL);
    if ((p->bytes != 0) + (p->blocks != 0) + a->time_given > 1)
        return wrong(a, "only one test end condition (-t, -n, -k) may be specified", NULL);
    if (p->parallel * (p->bidirectional ? 2 : 1) > IPERF3_STREAMS_MAX)
        return wrong(a, "too many streams", NULL);
    if (p->udp && (p->block_bytes > IPERF3_UDP_MAX || (p->block_bytes && p->block_bytes < 16)))
        return wrong(a, "block size invalid (UDP: 16 to 65507 bytes)", NULL);
    if (p->udp && (a->test->zero_copy || a->test->file))
        return wrong(a, "only TCP goes with", a->test->zero_copy ? "-Z" : "-F");
    if (p->udp && !p->rate_bps)
        p->rate_bps = 1024 * 1024;
    return 0;
}

static int iperf3_run(struct tool_run *run)
{
    struct iperf3_test *test = memory_take_zeroed(1, sizeof *test);
    *test = (struct iperf3_test){
        .run = run, .net = run->net, .port = IPERF3_PORT, .interval_ns = NS_PER_S, .parameters = {.time_s = 10, .parallel = 1}};
    struct arguments arguments = {.test = test};
    int status = arguments_read(&arguments);
    test->server = arguments.server;
    if (status == 0)
        status = arguments_check(&arguments);
    if (status == 0)
        status = iperf3_log_open(test);
    if (status == 0 && !test->server && !test->parameters.reverse)
        status = iperf3_file_read(test);
    if (status == 0)
        status = arguments.server ? iperf3_server(test, arguments.once) : iperf3_client(test);
    if (test->log && run->io->file_write)
        (void)run->io->file_write(run->io->context, test->log, NULL, 0);
    memory_free(test->file_bytes);
    memory_free(test);
    return status < 0 ? 0 : status;
}

const struct tool IPERF3_TOOL = {.name = "iperf3", .summary = "measure throughput between two hosts", .run = iperf3_run};
