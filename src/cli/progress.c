/* The progress line: what a long run is doing, for who waits at a terminal.
 *
 * An interval timer of the operating system interrupts the run four times a second; the handler reads the engine's clock, which is
 * one aligned word, and writes one line. The run itself is not touched: it neither asks for the time nor counts, so progress can
 * not change what it shows. Nothing is written when standard error is not a terminal.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static struct progress *current;

static void write_line(const char *line, size_t length)
{
    ssize_t ignored = write(STDERR_FILENO, line, length);
    (void)ignored;
}

/* Digits of a number, from the right; snprintf() is not for signal handlers. */
static size_t add_number(char *out, size_t room, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    size_t length = 0;
    while (count && length < room)
        out[length++] = digits[--count];
    return length;
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    if (!current)
        return;
    char line[160] = "\r\033[K";
    size_t length = strlen(line), name = strnlen(current->what, 60);
    memcpy(line + length, current->what, name);
    length += name;
    memcpy(line + length, ": virtual time ", 15);
    length += 15;
    length += add_number(line + length, 20, (uint64_t)engine_now(current->engine).ns / NS_PER_S);
    memcpy(line + length, " s", 2);
    write_line(line, length + 2);
    current->shown = true;
}

static void set_alarm(suseconds_t first_us, suseconds_t interval_us)
{
    struct itimerval when = {{0, interval_us}, {first_us / 1000000, first_us % 1000000}};
    setitimer(ITIMER_REAL, &when, NULL);
}

void progress_begin(struct progress *progress, struct engine *engine, const char *what)
{
    *progress = (struct progress){.engine = engine, .what = what};
    if (!isatty(STDERR_FILENO))
        return;
    current = progress;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    set_alarm(1000000, 250000);
}

void progress_clear(void)
{
    if (!current || !current->shown)
        return;
    write_line("\r\033[K", 4);
    current->shown = false;
}

void progress_end(struct progress *progress)
{
    if (current != progress)
        return;
    set_alarm(0, 0);
    progress_clear();
    current = NULL;
}
