/* `imp test LAB...`: labs as tests.
 *
 * Each lab is run in virtual time with nothing on the terminal but one line: its result, how much virtual time it covered, and how
 * long that took. What failed is told below its line. With --twice each lab is run a second time and the digests of all bytes on all
 * wires must be equal, which is what makes imp's runs evidence. Frames or tasks that are left over when a lab has ended are a failure
 * too, of imp rather than of the lab. A folder stands for the labs in it (*.yaml), in the order of their names.
 */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/faults.h"
#include "cli/progress.h"
#include "lab/scenario.h"

static int test_run(int argc, char **argv);

extern const struct command COMMAND_TEST;
const struct command COMMAND_TEST = {
    .name = "test",
    .arguments = "LAB... [--twice] [--seed N]",
    .summary = "runs labs as tests: a line each, then \"N passed, N failed\"",
    .details = "  --twice      run each lab twice: the digests must be equal\n"
               "  --seed N     use this seed instead of the labs' own\n\n"
               "A folder stands for the *.yaml files in it.\n\n"
               "exit status: 0 when all pass, 1 when an expectation fails, 2 for a fault in a lab file or the arguments\n",
    .run = test_run,
    .group = "labs",
};

struct test {
    bool twice, seed_given;
    uint64_t seed;
    size_t passed, failed;
    int status;
};
struct outcome {
    struct text failures;
    struct scenario_watcher watcher;
    struct scenario_result result;
    struct world_leaks leaks;
    char digest[33];
};

static void on_judged(struct scenario_watcher *watcher, struct instant now, struct position at, bool held, const char *sentence)
{
    struct outcome *outcome = container_of(watcher, struct outcome, watcher);
    (void)now;
    if (!held)
        text_format(&outcome->failures, "  %s:%" PRIu32 ":%" PRIu32 ": %s\n", at.file, at.line, at.column, sentence);
}

/* One run of a lab. False when it could not start. */
static bool run_once(const struct test *test, const struct lab *lab, struct outcome *outcome)
{
    struct scenario *scenario = scenario_create(lab);
    struct world_options options = {
        .digest = true, .seed_given = test->seed_given, .seed = test->seed, .observers = {scenario_observer(scenario)}};
    struct world *world;
    struct text error = {0};
    struct progress progress = {0};
    outcome->watcher = (struct scenario_watcher){.judged = on_judged};
    bool started = world_create(lab, &options, &error, &world) == 0;
    if (started) {
        progress_begin(&progress, world_engine(world), lab_name(lab));
        scenario_run(scenario, world, INSTANT_NEVER, &outcome->watcher, &outcome->result);
        progress_end(&progress);
        engine_digest(world_engine(world), outcome->digest);
    } else {
        text_format(&outcome->failures, "  %s\n", text_string(&error));
    }
    text_free(&error);
    if (started)
        world_destroy(world, &outcome->leaks);
    scenario_destroy(scenario);
    if (outcome->leaks.frames || outcome->leaks.tasks)
        text_format(&outcome->failures, "  left over at the end: %" PRIu64 " frames, %" PRIu64 " tasks\n",
                    outcome->leaks.frames, outcome->leaks.tasks);
    return started;
}

static double wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void test_lab(struct test *test, const char *path)
{
    struct lab *lab = faults_load(path);
    if (!lab) {
        printf("FAIL  %s  (faults in the file)\n", path);
        test->failed++;
        test->status = EXIT_FAULT;
        return;
    }
    struct outcome first = {0}, second = {0};
    double start = wall_seconds();
    bool started = run_once(test, lab, &first);
    double took = wall_seconds() - start;
    if (started && test->twice && run_once(test, lab, &second) && strcmp(first.digest, second.digest) != 0)
        text_format(&first.failures, "  two runs, two digests: %s and %s\n", first.digest, second.digest);
    bool good = !first.failures.length && !second.failures.length;
    char virtual_time[32];
    printf("%s  %-40s %3zu held  %9s virtual  %7.1f ms\n", good ? "ok  " : "FAIL", path, first.result.held,
           duration_print(first.result.ended.ns / 1000000 * 1000000, virtual_time, sizeof virtual_time), took * 1e3);
    fputs(first.failures.length ? text_string(&first.failures) : text_string(&second.failures), stdout);
    fflush(stdout);
    if (good)
        test->passed++;
    else
        test->failed++;
    if (!good && !test->status)
        test->status = EXIT_EXPECTATION;
    text_free(&first.failures);
    text_free(&second.failures);
    lab_free(lab);
}

static int is_lab(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static void test_path(struct test *test, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode)) {
        test_lab(test, path);
        return;
    }
    struct dirent **entries;
    int count = scandir(path, &entries, is_lab, alphasort);
    if (count <= 0) {
        fprintf(stderr, "imp test: there is no lab in the folder '%s'\n", path);
        test->failed++;
        test->status = EXIT_FAULT;
    }
    for (int i = 0; i < count; i++) {
        struct text lab = {0};
        text_format(&lab, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", entries[i]->d_name);
        test_lab(test, text_string(&lab));
        text_free(&lab);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static int test_run(int argc, char **argv)
{
    static const struct option options[] = {{"twice", no_argument, NULL, 't'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct test test = {0};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (option == '?' || option == ':')
            return command_parse_error(&COMMAND_TEST, options, option, argv);
        if (option == 't')
            test.twice = true;
        test.seed_given |= option == 's';
        if (option == 's' && number_parse(optarg, UINT64_MAX, &test.seed))
            return command_usage_error(&COMMAND_TEST, "'%s' for --seed, expected a number", optarg);
    }
    if (optind == argc)
        return command_usage_error(&COMMAND_TEST, "which labs? It takes paths of lab files or folders");
    for (int i = optind; i < argc; i++)
        test_path(&test, argv[i]);
    printf("%zu passed, %zu failed\n", test.passed, test.failed);
    return test.status;
}
