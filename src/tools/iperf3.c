/* iperf3: how fast, and how well. Speaks to the real iperf3 (3.12) over a wire, and prints what it prints.
 *
 * This file reads the options; iperf3_client.c and iperf3_server.c lead the test, iperf3_transfer.c moves the data, iperf3_report.c writes, and
 * iperf3_message.c knows the words of the control connection.
 *
 * Left out: what needs the other machine's clock or files (-F, --logfile), authentication, SCTP, CPU affinity, flow labels, DSCP, --omit
 * and --get-server-output, which say so when asked for. CPU use is reported as 0, since in a lab it means nothing. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "tools/iperf3.h"
#include "tools/options.h"

struct arguments {
    struct iperf3_test *test;
    bool client, server, once, bidirectional, time_given;
};

/* Long options, as the short ones that they stand for; capital letters beyond the real ones are our own. */
static const struct long_option {
    const char *name;
    char letter;
} LONG[] = {{"--server", 's'},   {"--client", 'c'},     {"--one-off", '1'},    {"--port", 'p'},     {"--time", 't'},
            {"--bytes", 'n'},    {"--bitrate", 'b'},    {"--bandwidth", 'b'},  {"--parallel", 'P'}, {"--reverse", 'R'},
            {"--bidir", 'D'},    {"--interval", 'i'},   {"--congestion", 'C'}, {"--window", 'w'},   {"--set-mss", 'M'},
            {"--no-delay", 'N'}, {"--udp", 'u'},        {"--json", 'J'},       {"--length", 'l'},   {"--version4", '4'},
            {"--version6", '6'}, {"--blockcount", 'k'}, {"--version", 'v'},    {"--help", 'h'},     {"--forceflush", 'U'},
            {"--format", 'f'}};
static const char ACCEPTED[] = "sc:1p:t:n:b:P:Ri:C:w:M:NuJl:46k:vhDUf:";

static const char LEFT_OUT[] = "ABFILOSTVXZ"; /* what the real one has beside these */

static const char USAGE[] = "Usage: iperf3 [-s|-c host] [options]\n"
                            "  -p PORT   server port (5201)            -J        output in JSON\n"
                            "  -i SECS   between reports (1; 0: none)  -4, -6    only IPv4, only IPv6\n"
                            "  -f UNIT   of rates: k, m, g, t for bits; K, M, G, T for bytes\n"
                            "Server:\n"
                            "  -s        serve tests                   -1        one test, then exit\n"
                            "Client:\n"
                            "  -c HOST   ask that server               -t SECS   how long (10; 0: until Ctrl-C)\n"
                            "  -n BYTES  how much instead              -k BLOCKS how many blocks instead\n"
                            "  -b RATE   of each stream (UDP: 1M)      -P N      parallel streams\n"
                            "  -R        the server sends              --bidir   both send\n"
                            "  -u        UDP                           -l BYTES  block to write or datagram\n"
                            "  -w BYTES  socket buffers                -M BYTES  maximum segment size\n"
                            "  -C NAME   congestion control            -N        no Nagle's delay\n";

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

static int take_valued(const struct arguments *a, int option, const char *value)
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
    case 'b': error = iperf3_rate_parse(value, &p->rate_bps) ? wrong(a, "not a rate:", value) : 0; break;
    default: /* C */
        if (strlen(value) >= sizeof p->congestion)
            return wrong(a, "no such congestion control:", value);
        strcpy(p->congestion, value);
    }
    return error;
}

static int take_option(struct arguments *a, int option, const char *value)
{
    struct iperf3_test *test = a->test;
    switch (option) {
    case 's': a->server = true; return 0;
    case 'c':
        a->client = true;
        test->host = value;
        return 0;
    case '1': a->once = true; return 0;
    case 'R': test->parameters.reverse = true; return 0;
    case 'D': test->parameters.bidirectional = true; return 0;
    case 'N': test->parameters.no_delay = true; return 0;
    case 'u': test->parameters.udp = true; return 0;
    case 'J': test->json = true; return 0;
    case '4': test->family = 4; return 0;
    case '6': test->family = 6; return 0;
    case 'U': return 0; /* every line is written at once */
    case 'i': return take_interval(a, value);
    case 'v': iperf3_say(test, "iperf 3.12 (imp)\n"); return -1;
    case 'h': iperf3_say(test, "%s", USAGE); return -1;
    default: return take_valued(a, option, value);
    }
}

/* "--time=5" and "--time 5". */
static int take_long(struct arguments *a, struct options *options)
{
    const char *word = options->value, *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    for (size_t i = 0; i < count_of(LONG); i++) {
        if (strlen(LONG[i].name) != length || strncmp(LONG[i].name, word, length) != 0)
            continue;
        const char *accepted = strchr(ACCEPTED, LONG[i].letter);
        bool valued = accepted[1] == ':';
        const char *value = equals ? equals + 1 : valued && options->at < options->argc ? options->argv[options->at++] : NULL;
        if (valued != (value != NULL))
            return wrong(a, valued ? "a value is missing for" : "no value goes with", LONG[i].name);
        return take_option(a, LONG[i].letter, value);
    }
    if (strcmp(word, "--get-server-output") == 0 || strncmp(word, "--omit", 6) == 0)
        return wrong(a, "imp's iperf3 does not have", word);
    return wrong(a, "unknown option", word);
}

/* -1: nothing more to do; 0; or the exit status. */
static int arguments_read(struct arguments *a)
{
    struct iperf3_parameters *p = &a->test->parameters;
    struct options options = options_of(a->test->run->argc, a->test->run->argv, ACCEPTED);
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        int status;
        char letter[3] = {'-', options.letter, '\0'};
        if (option == OPTIONS_UNKNOWN && options.letter == '-')
            status = take_long(a, &options);
        else if (option == OPTIONS_OPERAND)
            status = wrong(a, "unexpected argument", options.value);
        else if (option == OPTIONS_UNKNOWN && strchr(LEFT_OUT, options.letter))
            status = wrong(a, "imp's iperf3 does not have", letter);
        else if (option == OPTIONS_UNKNOWN || option == OPTIONS_NO_VALUE)
            status = wrong(a, option == OPTIONS_UNKNOWN ? "unknown option" : "a value is missing for", letter);
        else
            status = take_option(a, option, options.value);
        if (status)
            return status;
    }
    if (a->client == a->server)
        return wrong(a, a->client ? "cannot be both server and client" : "must either be a client (-c) or server (-s)", NULL);
    if (p->reverse && p->bidirectional)
        return wrong(a, "cannot be both bidirectional and reverse", NULL);
    if (p->bytes && p->blocks)
        return wrong(a, "only one test end condition (-t, -n, -k) may be specified", NULL);
    if (p->parallel * (p->bidirectional ? 2 : 1) > IPERF3_STREAMS_MAX)
        return wrong(a, "too many streams", NULL);
    if (p->udp && (p->block_bytes > IPERF3_UDP_MAX || (p->block_bytes && p->block_bytes < 16)))
        return wrong(a, "block size invalid (UDP: 16 to 65507 bytes)", NULL);
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
        status = arguments.server ? iperf3_server(test, arguments.once) : iperf3_client(test);
    memory_free(test);
    return status < 0 ? 0 : status;
}

const struct tool IPERF3_TOOL = {.name = "iperf3", .summary = "measure throughput between two hosts", .run = iperf3_run};
