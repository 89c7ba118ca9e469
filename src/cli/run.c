/* `imp run LAB`: a lab from its file to the end of its scenario.
 *
 * Standard output has one of three forms: the story (for people), the event stream (--json, for programs), or nothing but failures
 * (--quiet). Whatever the form, the exit status says whether the expectations held, and `--digest` adds its one line at the
 * very end. Messages about the command itself go to standard error, and so does the progress, which is shown only there on a
 * terminal and only when the story is not on one too.
 *
 * Ctrl-C and SIGTERM end a run early, but in good order: the captures are complete up to that moment, and the story says how far it got. Who
 * cannot wait even for that presses it twice more.
 *
 * By the wall clock (--live) the host's loop drives the engine; the scenario waits for it through struct world_clock and does not know.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/faults.h"
#include "cli/progress.h"
#include "host/loop.h"
#include "lab/capture.h"
#include "lab/json.h"
#include "lab/scenario.h"
#include "lab/story.h"

static int run_run(int argc, char **argv);

extern const struct command COMMAND_RUN;
const struct command COMMAND_RUN = {
    .name = "run",
    .arguments = "LAB [--seed N] [--until T] [--live] [--pcap DIR] [--digest] [--json] [--quiet] [--verbose]",
    .summary = "runs a lab to the end of its scenario and tells the story",
    .details =
        "  --seed N     use this seed instead of the lab's\n"
        "  --until T    run to this virtual time (such as 30s), whether the scenario ends sooner or not\n"
        "  --live       run by the wall clock\n"
        "  --pcap DIR   capture every wire into a pcapng file in DIR\n"
        "  --digest     print the digest of all bytes on all wires as the last line\n"
        "  --json       print the event stream, one JSON object a line, instead of the story\n"
        "  --quiet      print only what failed\n"
        "  --verbose    tell the details too\n\n"
        "exit status: 0 when every expectation holds, 1 when one fails, 2 for a fault in the lab file or the arguments\n",
    .run = run_run,
    .group = "labs",
};

struct run {
    const char *path, *pcap;
    bool live, digest, json, quiet, verbose;
    struct world_options options;
    struct instant until;
    struct lab *lab;
    struct world *world;
    struct scenario *scenario;
    struct story *story;
    struct json_stream stream;
    struct capture *capture;
    struct scenario_watcher quiet_watcher;
    struct scenario_result result;
};

static const struct option OPTIONS[] = {{"seed", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},
                                        {"live", no_argument, NULL, 'l'},       {"pcap", required_argument, NULL, 'p'},
                                        {"digest", no_argument, NULL, 'd'},     {"json", no_argument, NULL, 'j'},
                                        {"quiet", no_argument, NULL, 'q'},      {"verbose", no_argument, NULL, 'v'},
                                        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};

static int option_take(struct run *run, int option)
{
    int64_t until_ns;
    switch (option) {
    case 's':
        run->options.seed_given = true;
        if (number_parse(optarg, UINT64_MAX, &run->options.seed))
            return command_usage_error(&COMMAND_RUN, "'%s' for --seed, expected a number", optarg);
        return 0;
    case 'u':
        if (duration_parse(optarg, &until_ns))
            return command_usage_error(&COMMAND_RUN, "'%s' for --until, expected a virtual time such as 30s or 1.5ms", optarg);
        run->until.ns = until_ns;
        return 0;
    case 'p': run->pcap = optarg; return 0;
    case 'l': run->live = true; return 0;
    case 'd': run->digest = run->options.digest = true; return 0;
    case 'j': run->json = true; return 0;
    case 'q': run->quiet = true; return 0;
    default: run->verbose = true; return 0;
    }
}

static int arguments_parse(struct run *run, int argc, char **argv)
{
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", OPTIONS, NULL)) != -1;) {
        if (option == '?' || option == ':')
            return command_parse_error(&COMMAND_RUN, OPTIONS, option, argv);
        int status = option_take(run, option);
        if (status)
            return status;
    }
    if (argc - optind != 1)
        return command_usage_error(&COMMAND_RUN, optind == argc ? "which lab? It takes the path of a lab file"
                                                                : "it takes one lab (`imp test` takes several)");
    run->path = argv[optind];
    if (run->json && (run->quiet || run->verbose))
        return command_usage_error(&COMMAND_RUN, "--json goes without --quiet and --verbose");
    if (run->quiet && run->verbose)
        return command_usage_error(&COMMAND_RUN, "either --quiet or --verbose");
    return 0;
}

static void write_out(void *context, const char *text, size_t length)
{
    (void)context;
    progress_clear();
    fwrite(text, 1, length, stdout);
}

static void on_failure(struct scenario_watcher *watcher, struct instant now, struct position at, bool held,
                       const char *sentence)
{
    (void)watcher;
    (void)now;
    if (!held)
        printf("%s:%" PRIu32 ":%" PRIu32 ": %s\n", at.file, at.line, at.column, sentence);
}

static unsigned terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 100;
}

static struct scenario_watcher *readers_create(struct run *run)
{
    run->options.observers[0] = scenario_observer(run->scenario);
    if (run->json) {
        json_stream_create(&run->stream, write_out, NULL);
        run->options.observers[1] = &run->stream.observer;
        return &run->stream.watcher;
    }
    if (run->quiet) {
        run->quiet_watcher.judged = on_failure;
        return &run->quiet_watcher;
    }
    bool terminal = isatty(STDOUT_FILENO);
    struct story_settings settings = {.write = write_out,
                                      .colour = terminal && !getenv("NO_COLOR"),
                                      .verbose = run->verbose,
                                      .columns = terminal ? terminal_columns() : 0};
    run->story = story_create(run->lab, &settings);
    run->options.observers[1] = story_observer(run->story);
    return story_watcher(run->story);
}

/* ---- by the wall clock ---- */

struct live_clock {
    struct world_clock clock;
    struct loop *loop;
    struct world *world;
    volatile sig_atomic_t *signal_seen;
};

static struct instant live_wait(struct world_clock *clock, struct instant due)
{
    struct live_clock *live = container_of(clock, struct live_clock, clock);
    fflush(stdout);
    loop_run(live->loop, due);
    return engine_now(loop_engine(live->loop));
}

static void on_signal(void *context, const struct signalfd_siginfo *info)
{
    struct live_clock *live = context;
    *live->signal_seen = (int)info->ssi_signo;
    world_interrupt(live->world);
    loop_stop(live->loop);
}

/* ---- interrupted ---- */

static struct world *interruptible;
static volatile sig_atomic_t signal_seen, signal_count;

static void on_interrupt(int number)
{
    enum { PATIENCE = 3 };
    if (++signal_count == PATIENCE)
        _exit(128 + number);
    signal_seen = number;
    world_interrupt(interruptible);
}

static void signals_take(void (*handler)(int number))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void scenario_go(struct run *run, struct scenario_watcher *watcher)
{
    struct live_clock *live = run->live ? container_of(run->options.clock, struct live_clock, clock) : NULL;
    if (live) {
        live->world = run->world;
        live->signal_seen = &signal_seen;
        live->loop = loop_create(world_engine(run->world));
        loop_signals(live->loop, (int[]){SIGINT, SIGTERM}, 2, on_signal, live);
    }
    interruptible = run->world;
    if (!live)
        signals_take(on_interrupt);
    scenario_run(run->scenario, run->world, run->until, watcher, &run->result);
    if (!live)
        signals_take(SIG_DFL);
    if (live) {
        loop_signals_release(live->loop);
        loop_destroy(live->loop);
    }
}

/* ---- the run ---- */

static int world_begin(struct run *run)
{
    struct text error = {0};
    int result = world_create(run->lab, &run->options, &error, &run->world);
    if (result == 0 && run->pcap && (result = capture_start(run->world, run->pcap, &error, &run->capture)) != 0) {
        world_destroy(run->world, NULL);
        run->world = NULL;
    }
    if (result)
        fprintf(stderr, "imp run: %s\n", text_string(&error));
    text_free(&error);
    return result ? EXIT_FAULT : EXIT_HELD;
}

static int world_end(struct run *run)
{
    struct text error = {0};
    char digest[33];
    int status = run->result.failed ? EXIT_EXPECTATION : EXIT_HELD;
    if (run->story)
        story_end(run->story, &run->result);
    if (run->json)
        json_stream_result(&run->stream, &run->result);
    if (capture_finish(run->capture, &error)) {
        fprintf(stderr, "imp run: %s\n", text_string(&error));
        status = EXIT_EXPECTATION;
    }
    text_free(&error);
    if (signal_seen) {
        fflush(stdout);
        fprintf(stderr, "imp run: interrupted\n");
        status = 128 + signal_seen;
    }
    if (run->digest) {
        engine_digest(world_engine(run->world), digest);
        printf("digest: %s\n", digest);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("imp run: the output cannot be written");
        status = EXIT_EXPECTATION;
    }
    return status;
}

static int run_run(int argc, char **argv)
{
    struct run run = {.until = INSTANT_NEVER};
    struct live_clock live = {.clock = {.wait = live_wait}};
    int status = arguments_parse(&run, argc, argv);
    if (status)
        return status;
    run.lab = faults_load(run.path);
    if (!run.lab)
        return EXIT_FAULT;
    if (run.live)
        run.options.clock = &live.clock;
    run.scenario = scenario_create(run.lab);
    struct scenario_watcher *watcher = readers_create(&run);
    struct progress progress = {0};
    status = world_begin(&run);
    if (status == EXIT_HELD) {
        if (run.story)
            story_begin(run.story, run.world);
        if (!isatty(STDOUT_FILENO))
            progress_begin(&progress, world_engine(run.world), lab_name(run.lab));
        scenario_go(&run, watcher);
        progress_end(&progress);
        status = world_end(&run);
    }
    world_destroy(run.world, NULL);
    scenario_destroy(run.scenario);
    story_destroy(run.story);
    if (run.json)
        json_stream_destroy(&run.stream);
    lab_free(run.lab);
    return status;
}
