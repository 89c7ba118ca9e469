/* `imp plot LAB`: what TCP did in a run, as a picture.
 *
 * The lab runs to the end of its scenario, as with `imp run --quiet`, while a recorder (lab/plot.h) takes a sample with each ACK. Then the chart is
 * written as an SVG, and the same chart is drawn on standard output: in braille dots and colours on a terminal, in plain ASCII in a pipe.
 *
 * A flow is named by the nodes at its ends, as the person knows them: the one that opened the connection first. When nothing fits, the
 * connections that there were are listed, since a misspelt or swapped name is the usual reason. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/faults.h"
#include "cli/progress.h"
#include "host/file.h"
#include "lab/plot.h"
#include "lab/scenario.h"

static int plot_run(int argc, char **argv);

extern const struct command COMMAND_PLOT;
const struct command COMMAND_PLOT = {
    .name = "plot",
    .arguments = "LAB [--flow CLIENT:SERVER[:PORT]]... [--cwnd|--rtt|--throughput|--seq] [--out FILE.svg] ...",
    .summary = "runs a lab and draws what TCP did: window, round trip, throughput, sequence",
    .details = "  --flow C:S[:PORT]  the connections that node C opened to node S; may be given again.\n"
               "                     Otherwise all connections that carried much\n"
               "  --cwnd             the congestion window, with ssthresh and retransmissions (the default)\n"
               "  --rtt              the round-trip time: each measurement, and smoothed\n"
               "  --throughput       bytes acknowledged over time\n"
               "  --seq              each segment sent, retransmissions, and what was acknowledged\n"
               "  --from T, --to T   only between these virtual times, such as 1.5s\n"
               "  --out FILE         where the SVG goes; otherwise LAB-METRIC.svg here. `-`: standard output,\n"
               "                     and nothing else is drawn\n"
               "  --width N          columns of the drawing in the terminal\n"
               "  --seed N           use this seed instead of the lab's\n\n"
               "exit status: 0; 1 when an expectation of the lab fails; 2 for a fault in the lab file or the\n"
               "arguments, and when there is no such flow\n",
    .run = plot_run,
    .group = "labs",
};

enum { FLOWS_MAX = 12, COLUMNS_PIPED = 80 };
struct flow_name {
    char *client, *server; /* NULL: any */
    uint16_t port;         /* 0: any */
};
struct plot {
    const char *path, *out;
    struct flow_name flows[FLOWS_MAX];
    unsigned flow_count, columns;
    int metric; /* enum plot_metric, -1: not told */
    struct plot_range range;
    struct world_options options;
    struct lab *lab;
    struct plot_recorder *recorder;
    struct scenario_result result;
};

static const struct option OPTIONS[] = {
    {"flow", required_argument, NULL, 'f'}, {"cwnd", no_argument, NULL, 'c'},     {"rtt", no_argument, NULL, 'r'},
    {"throughput", no_argument, NULL, 't'}, {"seq", no_argument, NULL, 'q'},      {"out", required_argument, NULL, 'o'},
    {"from", required_argument, NULL, 'F'}, {"to", required_argument, NULL, 'T'}, {"width", required_argument, NULL, 'w'},
    {"seed", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},     {NULL, 0, NULL, 0}};
static const char *const METRIC_NAMES[] = {"cwnd", "rtt", "throughput", "seq"};

/* ---- arguments ---- */

static int flow_parse(struct plot *plot, const char *text)
{
    uint64_t port = 0;
    if (plot->flow_count == FLOWS_MAX)
        return command_usage_error(&COMMAND_PLOT, "at most %d --flow", FLOWS_MAX);
    struct flow_name *flow = &plot->flows[plot->flow_count];
    const char *first = strchr(text, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    size_t server = first ? (second ? (size_t)(second - first - 1) : strlen(first + 1)) : 0;
    if (!first || first == text || server == 0 || (second && number_parse(second + 1, UINT16_MAX, &port) != 0))
        return command_usage_error(&COMMAND_PLOT, "'%s' for --flow, expected CLIENT:SERVER or CLIENT:SERVER:PORT", text);
    flow->client = memory_copy_text(text);
    flow->client[first - text] = '\0';
    flow->server = memory_copy_text(first + 1);
    flow->server[server] = '\0';
    flow->port = (uint16_t)port;
    plot->flow_count++;
    return 0;
}

static int metric_take(struct plot *plot, enum plot_metric metric)
{
    if (plot->metric >= 0 && plot->metric != (int)metric)
        return command_usage_error(&COMMAND_PLOT, "--%s or --%s? One picture shows one of them", METRIC_NAMES[plot->metric],
                                   METRIC_NAMES[metric]);
    plot->metric = (int)metric;
    return 0;
}

static int time_take(const char *option, const char *text, struct instant *out)
{
    int64_t ns;
    if (duration_parse(text, &ns))
        return command_usage_error(&COMMAND_PLOT, "'%s' for %s, expected a virtual time such as 30s or 1.5ms", text, option);
    out->ns = ns;
    return 0;
}

static int option_take(struct plot *plot, int option)
{
    uint64_t number;
    switch (option) {
    case 'f': return flow_parse(plot, optarg);
    case 'c': return metric_take(plot, PLOT_CWND);
    case 'r': return metric_take(plot, PLOT_RTT);
    case 't': return metric_take(plot, PLOT_THROUGHPUT);
    case 'q': return metric_take(plot, PLOT_SEQUENCE);
    case 'F': return time_take("--from", optarg, &plot->range.from);
    case 'T': return time_take("--to", optarg, &plot->range.to);
    case 'w':
        if (number_parse(optarg, 400, &number) || number < 40)
            return command_usage_error(&COMMAND_PLOT, "'%s' for --width, expected 40 to 400", optarg);
        plot->columns = (unsigned)number;
        return 0;
    case 's':
        plot->options.seed_given = true;
        if (number_parse(optarg, UINT64_MAX, &plot->options.seed))
            return command_usage_error(&COMMAND_PLOT, "'%s' for --seed, expected a number", optarg);
        return 0;
    default: plot->out = optarg; return 0;
    }
}

static int arguments_parse(struct plot *plot, int argc, char **argv)
{
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", OPTIONS, NULL)) != -1;) {
        if (option == '?' || option == ':')
            return command_parse_error(&COMMAND_PLOT, OPTIONS, option, argv);
        int status = option_take(plot, option);
        if (status)
            return status;
    }
    if (argc - optind != 1)
        return command_usage_error(&COMMAND_PLOT,
                                   optind == argc ? "which lab? It takes the path of a lab file" : "it takes one lab");
    plot->path = argv[optind];
    if (plot->metric < 0)
        plot->metric = PLOT_CWND;
    if (!instant_before(plot->range.from, plot->range.to))
        return command_usage_error(&COMMAND_PLOT, "--from is not before --to");
    return 0;
}

/* ---- the run ---- */

static void on_failure(struct scenario_watcher *watcher, struct instant now, struct position at, bool held,
                       const char *sentence)
{
    (void)watcher;
    (void)now;
    if (!held)
        fprintf(stderr, "%s:%" PRIu32 ":%" PRIu32 ": %s\n", at.file, at.line, at.column, sentence);
}

static int lab_run(struct plot *plot)
{
    struct world *world;
    struct text error = {0};
    struct progress progress = {0};
    struct scenario_watcher watcher = {.judged = on_failure};
    struct scenario *scenario = scenario_create(plot->lab);
    plot->options.observers[0] = scenario_observer(scenario);
    plot->options.observers[1] = plot_recorder_observer(plot->recorder);
    int result = world_create(plot->lab, &plot->options, &error, &world);
    if (result == 0) {
        plot_recorder_begin(plot->recorder, world);
        progress_begin(&progress, world_engine(world), lab_name(plot->lab));
        scenario_run(scenario, world, INSTANT_NEVER, &watcher, &plot->result);
        progress_end(&progress);
        plot_recorder_end(plot->recorder);
        world_destroy(world, NULL);
    } else {
        fprintf(stderr, "imp plot: %s\n", text_string(&error));
    }
    scenario_destroy(scenario);
    text_free(&error);
    return result ? EXIT_FAULT : EXIT_HELD;
}

static int flows_choose(struct plot *plot)
{
    size_t before = 0;
    if (plot->flow_count == 0)
        before = plot_flows_choose(plot->recorder, NULL, NULL, 0);
    for (unsigned i = 0; i < plot->flow_count; i++) {
        const struct flow_name *flow = &plot->flows[i];
        size_t now = plot_flows_choose(plot->recorder, flow->client, flow->server, flow->port);
        if (now == before) {
            fprintf(stderr, "imp plot: %s opened no connection to %s", flow->client, flow->server);
            if (flow->port)
                fprintf(stderr, " at port %" PRIu16, flow->port);
            before = 0;
            break;
        }
        before = now;
    }
    if (before)
        return EXIT_HELD;
    struct text seen = {0};
    plot_flows_list(plot->recorder, &seen);
    if (!seen.length)
        fprintf(stderr, "%sthe lab had no TCP connection that carried data\n", plot->flow_count ? "; " : "imp plot: ");
    else
        fprintf(stderr, ". There were:\n%s", text_string(&seen));
    text_free(&seen);
    return EXIT_FAULT;
}

/* ---- the picture ---- */

static int svg_write(const struct plot *plot, const struct plot_chart *chart)
{
    struct text svg = {0}, name = {0};
    const char *why = NULL;
    int result = 0;
    plot_svg(chart, &svg);
    if (plot->out)
        text_add(&name, plot->out);
    else
        text_format(&name, "%s-%s.svg", lab_name(plot->lab), METRIC_NAMES[plot->metric]);
    if (strcmp(text_string(&name), "-") == 0) {
        fwrite(svg.data, 1, svg.length, stdout);
    } else {
        struct file_writer *writer = file_writer_create(text_string(&name), &why);
        if (writer) {
            file_writer_add(writer, svg.data, svg.length);
            result = file_writer_close(writer, &why);
        }
        if (!writer || result) {
            fprintf(stderr, "imp plot: %s cannot be written: %s\n", text_string(&name), why);
            result = EXIT_FAULT;
        } else {
            fprintf(stderr, "imp plot: written to %s\n", text_string(&name));
        }
    }
    text_free(&svg);
    text_free(&name);
    return result ? EXIT_FAULT : EXIT_HELD;
}

static void terminal_draw(const struct plot *plot, const struct plot_chart *chart)
{
    enum { ROWS = 20 };
    bool terminal = isatty(STDOUT_FILENO);
    struct winsize size;
    struct plot_terminal_settings settings = {
        .columns = COLUMNS_PIPED, .rows = ROWS, .plain = !terminal, .colour = terminal && !getenv("NO_COLOR")};
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        settings.columns = size.ws_col;
    if (plot->columns)
        settings.columns = plot->columns;
    struct text text = {0};
    plot_terminal(chart, &settings, &text);
    fwrite(text.data, 1, text.length, stdout);
    text_free(&text);
}

static int picture_make(const struct plot *plot)
{
    static const char *const TITLES[] = {"Congestion window", "Round-trip time", "Throughput", "Segments sent"};
    struct text title = {0};
    text_format(&title, "%s in %s", TITLES[plot->metric], lab_name(plot->lab));
    struct plot_chart *chart =
        plot_chart_create(plot->recorder, (enum plot_metric)plot->metric, &plot->range, text_string(&title));
    text_free(&title);
    if (!chart) {
        fprintf(stderr, "imp plot: nothing was sent in that time\n");
        return EXIT_FAULT;
    }
    int status = svg_write(plot, chart);
    if (!plot->out || strcmp(plot->out, "-") != 0)
        terminal_draw(plot, chart);
    plot_chart_destroy(chart);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("imp plot: the output cannot be written");
        status = EXIT_FAULT;
    }
    return status;
}

static int plot_run(int argc, char **argv)
{
    struct plot plot = {.metric = -1, .range = {INSTANT_ZERO, INSTANT_NEVER}};
    int status = arguments_parse(&plot, argc, argv);
    if (status == EXIT_HELD && !(plot.lab = faults_load(plot.path)))
        status = EXIT_FAULT;
    if (status == EXIT_HELD) {
        plot.recorder = plot_recorder_create(plot.metric == PLOT_SEQUENCE);
        status = lab_run(&plot);
        if (status == EXIT_HELD)
            status = flows_choose(&plot);
        if (status == EXIT_HELD)
            status = picture_make(&plot);
        if (status == EXIT_HELD && plot.result.failed)
            status = EXIT_EXPECTATION;
        plot_recorder_destroy(plot.recorder);
    }
    for (unsigned i = 0; i < plot.flow_count; i++) {
        memory_free(plot.flows[i].client);
        memory_free(plot.flows[i].server);
    }
    if (plot.lab)
        lab_free(plot.lab);
    return status;
}
