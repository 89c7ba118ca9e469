/* Runs a fuzz target without libFuzzer: a repeatable, short stretch of fuzzing in any build, with any compiler.
 *
 *   fuzz_NAME --count N --seed S [FILE or DIRECTORY ...]
 *
 * The seeds are the files given, an empty input and a few random ones. Each of the N inputs is a seed changed by one to eight
 * mutations: flipped bits, bytes set to interesting values, cut, extended, a block copied or doubled, the head of one seed joined
 * to the tail of another. The same count, seed and files give the same inputs. First every seed is run as it is.
 *
 * An input that crashes is written to `crash-NAME-SEED-N` in the current folder by the signal handler, which uses only functions
 * that POSIX allows there; running the program on that file alone, with --count 0, repeats the crash. A hang is ended by the test
 * runner. What is not here on purpose: coverage guidance. That is libFuzzer's job (`make fuzz`). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* The sanitizers' own door, there only in a sanitized build: a function to call before they end the process. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
/* UBSan has a runtime of its own with gcc, and does not know that callback: it is told to abort. */
const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "print_stacktrace=1:abort_on_error=1"; }

enum { INPUT_MAX_BYTES = 4096, RANDOM_SEEDS = 8, MUTATIONS_MAX = 8 };

struct input {
    uint8_t *data;
    size_t length;
};

static struct input *seeds;
static size_t seed_count;
static struct random dice;

/* What the crash handler needs, kept ready before each call. */
static const char *target_name;
static uint64_t run_seed, run_number;
static char crash_path[256], crash_note[320];
static struct input running;

static void save_input(void)
{
    int file = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file >= 0) {
        for (size_t at = 0; at < running.length;) {
            ssize_t n = write(file, running.data + at, running.length - at);
            if (n <= 0)
                break;
            at += (size_t)n;
        }
        close(file);
        ssize_t ignored = write(STDERR_FILENO, crash_note, strlen(crash_note));
        (void)ignored;
    }
}

static void on_crash(int number)
{
    save_input();
    signal(number, SIG_DFL); /* and die of it */
    raise(number);
}

static void watch_for_crashes(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    size_t count = count_of(signals);
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(save_input);
        count = 1; /* assertions; the sanitizers explain the other signals better */
    }
    for (size_t i = 0; i < count; i++)
        signal(signals[i], on_crash);
}

static void seed_add(const uint8_t *data, size_t length)
{
    if (length > INPUT_MAX_BYTES)
        length = INPUT_MAX_BYTES;
    seeds = memory_grow(seeds, seed_count + 1, sizeof *seeds);
    seeds[seed_count] = (struct input){memory_take(length), length};
    if (length)
        memcpy(seeds[seed_count].data, data, length);
    seed_count++;
}

static int compare_names(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }
static int not_hidden(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void seeds_load(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, not_hidden, compare_names); /* sorted: the order must not be the file system's */
    for (int i = 0; i < count; i++) {
        char child[4096];
        int length = snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        if (length > 0 && (size_t)length < sizeof child)
            seeds_load(child);
        free(entries[i]); /* scandir's own memory */
    }
    if (count >= 0) {
        free(entries);
        return;
    }
    FILE *file = fopen(path, "rb");
    if (!file) {
        (void)fprintf(stderr, "fuzz_%s: %s: %s\n", target_name, path, strerror(errno));
        exit(2);
    }
    uint8_t data[INPUT_MAX_BYTES];
    seed_add(data, fread(data, 1, sizeof data, file));
    (void)fclose(file);
}

static size_t below(size_t bound) { return (size_t)random_below(&dice, bound); }

static size_t mutate(uint8_t *data, size_t length)
{
    static const uint8_t interesting[] = {0,    1,   2,   0x7f, 0x80, 0xfe, 0xff, 0x3f, 0x40,
                                          0xc0, ' ', '0', '9',  '.',  ':',  '/',  '\n', '\r'};
    size_t from = length ? below(length) : 0, to = length ? below(length) : 0;
    size_t run = length ? 1 + below(length - (from > to ? from : to)) : 0;
    size_t room = INPUT_MAX_BYTES - length, more = room ? 1 + below(room < 64 ? room : 64) : 0;
    switch (below(7)) {
    case 0: /* flip a bit */
        if (length)
            data[from] ^= (uint8_t)(1U << below(8));
        return length;
    case 1: /* set a byte to something that is often special */
        if (length)
            data[from] = interesting[below(count_of(interesting))];
        return length;
    case 2: /* cut */ return from;
    case 3: /* extend */ random_fill(&dice, data + length, more); return length + more;
    case 4: /* copy a block over another */ memmove(data + to, data + from, run); return length;
    case 5: /* double a block */
        if (run > room)
            run = room;
        memmove(data + from + run, data + from, length - from);
        return length + run;
    default: { /* the head of this one, the tail of another seed */
        const struct input *other = &seeds[below(seed_count)];
        size_t skip = other->length ? below(other->length) : 0, tail = other->length - skip;
        if (tail > INPUT_MAX_BYTES - from)
            tail = INPUT_MAX_BYTES - from;
        if (tail)
            memcpy(data + from, other->data + skip, tail);
        return from + tail;
    }
    }
}

/* The input is on the heap with exactly its size, so that a sanitizer sees a read past its end. */
static void run_one(const uint8_t *data, size_t length)
{
    running = (struct input){memory_take(length), length};
    if (length)
        memcpy(running.data, data, length);
    (void)snprintf(crash_path, sizeof crash_path, "crash-%s-%" PRIu64 "-%" PRIu64, target_name, run_seed, run_number);
    (void)snprintf(crash_note, sizeof crash_note, "\nfuzz_%s: crashed; the input is in %s\n", target_name, crash_path);
    (void)LLVMFuzzerTestOneInput(running.data, running.length);
    memory_free(running.data);
    run_number++;
}

static uint64_t number_argument(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text ? text : "", &end, 10);
    if (!text || end == text || *end) {
        (void)fprintf(stderr, "usage: fuzz_%s [--count N] [--seed S] [FILE or DIRECTORY ...]\n", target_name);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    uint64_t count = 10000;
    const char *slash = strrchr(argv[0], '/');
    target_name = slash ? slash + 1 : argv[0];
    if (strncmp(target_name, "fuzz_", 5) == 0)
        target_name += 5;
    run_seed = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--count") == 0)
            count = number_argument(argv[++i]);
        else if (strcmp(argv[i], "--seed") == 0)
            run_seed = number_argument(argv[++i]);
        else
            seeds_load(argv[i]);
    }
    random_seed(&dice, run_seed, target_name);
    seed_add(NULL, 0);
    for (int i = 0; i < RANDOM_SEEDS; i++) {
        uint8_t noise[64];
        random_fill(&dice, noise, sizeof noise);
        seed_add(noise, 1 + below(sizeof noise));
    }
    watch_for_crashes();
    for (size_t i = 0; i < seed_count; i++)
        run_one(seeds[i].data, seeds[i].length);
    static uint8_t data[INPUT_MAX_BYTES];
    for (uint64_t i = 0; i < count; i++) {
        const struct input *seed = &seeds[below(seed_count)];
        size_t length = seed->length;
        if (length)
            memcpy(data, seed->data, length);
        for (size_t changes = 1 + below(MUTATIONS_MAX); changes > 0; changes--)
            length = mutate(data, length);
        run_one(data, length);
    }
    printf("fuzz_%s: %" PRIu64 " inputs\n", target_name, run_number);
    for (size_t i = 0; i < seed_count; i++)
        memory_free(seeds[i].data);
    memory_free(seeds);
    return 0;
}
