/* Settings by their Linux names, from a file.
 *
 * Scripts set sysctls through a shell, where a stand-in for sysctl(8) appends lines "name=value" to the file that IMP_SYSCTL_FILE names.
 * It is read when the world is made, and again, when it has changed, before calls and packets that settings bear on; a later line
 * overrides an earlier one, so the whole file is read each time. Names with "/" for "." are understood, also whole ones from /proc/sys;
 * blanks and quotation marks around names and values are not part of them; a line may be all of sysctl's words, with options and several
 * settings ("-q -w a=1 b=2 3 4"); "#" and ";" start comments. What nobody here knows is ignored, as are values out of range: the
 * kernel's sysctl would complain on the terminal, and go on.
 *
 * Where the public scripts count on something else than our default, sysctl_default() has it.
 *
 * Two lines are commands: "net.ipv4.tcp_fastopen_cookies=0" (a size of the cookie cache that some kernels have) and "tcp_metrics=flush" (for
 * "ip tcp_metrics flush all") make TCP forget what it knows of its peers, each once.
 *
 * A shell line may leave a job in the background ("sysctl ... &", and what is written "&>" for bash is that to other shells), to which a
 * script then gives time. Virtual time is none to a job. So when a child of the program has ended since a socket was last made, the next sleep
 * takes a little real time, too. What starts before the first socket has the program's own start-up time.
 *
 * "net.ipv4.tcp_..." is TCP's own business; a few of "net.core" are this program's. fq as "net.core.default_qdisc", or put on the device by
 * a line "tc=qdisc replace dev tun0 root fq" (of a stand-in for tc(8)), is a pace for all of TCP: what fq does to a single flow. */
#include <stdio.h>
#include <stdlib.h> /* getenv */
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "packetdrill/drill.h"
#include "transport/tcp/options.h"

enum { LIMIT_LINE = 4096, SHELL_JOB_US = 50000, SHELL_SLEEP_LEAST_US = 10000 };
static const char BLANKS[] = " \t\r\n\"'";

static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);
    while (length && strchr(BLANKS, text[length - 1]))
        text[--length] = 0;
    return text;
}

static bool forgets(const char *name, const char *value)
{
    return (strcmp(name, "net.ipv4.tcp_fastopen_cookies") == 0 && strcmp(value, "0") == 0) ||
           (strcmp(name, "tcp_metrics") == 0 && strcmp(value, "flush") == 0);
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += length)
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static void backlog_set(struct drill *drill, const char *value)
{
    uint64_t most;
    if (number_parse(value, INT32_MAX, &most) == 0)
        drill->backlog_most = (uint32_t)most;
}

static void set(struct drill *drill, const char *name, const char *value)
{
    if (strcmp(name, "net.core.somaxconn") == 0)
        backlog_set(drill, value);
    else if (strcmp(name, "net.core.default_qdisc") == 0)
        (void)tcp_sysctl_set(drill->tcp, "net.imp.tcp_paced", strcmp(value, "fq") == 0 ? "1" : "0");
    else if (strcmp(name, "tc") == 0 && strncmp(value, "qdisc ", 6) == 0)
        (void)tcp_sysctl_set(drill->tcp, "net.imp.tcp_paced", has_word(value, "fq") && !has_word(value, "del") ? "1" : "0");
    else
        (void)tcp_sysctl_set(drill->tcp, name, value);
}

/* `forgotten` counts the commands of the file so far. */
static void assignment(struct drill *drill, char *name, char *value, uint32_t *forgotten)
{
    static const char PROC[] = "/proc/sys/";
    if (strncmp(name, PROC, sizeof PROC - 1) == 0)
        name += sizeof PROC - 1;
    for (char *at = name; *at; at++)
        if (*at == '/')
            *at = '.';
    if (!forgets(name, value)) {
        set(drill, name, value);
    } else if (++*forgotten > drill->forgotten) {
        drill->forgotten = *forgotten;
        tcp_forget_peers(drill->tcp);
    }
}

/* Cuts off and returns the last word: the name that stands before a "=". */
static char *last_word(char *text)
{
    text = trim(text);
    size_t at = strlen(text);
    while (at && !strchr(BLANKS, text[at - 1]))
        at--;
    if (at)
        text[at - 1] = 0;
    return text + at;
}

static void line_read(struct drill *drill, char *line, uint32_t *forgotten)
{
    line = trim(line);
    char *equals = strchr(line, '=');
    if (*line == '#' || *line == ';' || !equals)
        return;
    *equals = 0;
    char *name = last_word(line); /* before it may be sysctl's own words, such as -w */
    while (name) {
        char *value = equals + 1, *next = NULL;
        equals = strchr(value, '=');
        if (equals) {
            *equals = 0;
            value = trim(value);
            next = last_word(value);
            if (next == value)
                value = equals; /* nothing is left for it */
        }
        assignment(drill, name, trim(value), forgotten);
        name = next;
    }
}

static uint64_t mark_of(const struct stat *file)
{
    uint64_t mark = (uint64_t)file->st_mtim.tv_sec * 1000000007u + (uint64_t)file->st_mtim.tv_nsec;
    return mark * 31 + (uint64_t)file->st_size * 1000003u + file->st_ino + 1;
}

void sysctl_default(struct drill *drill)
{
    set(drill, "net.imp.tcp_challenge_future_ack", "0");
    char joined[16];
    snprintf(joined, sizeof joined, "%u", drill->flags.joined_mss);
    set(drill, "net.imp.tcp_joined_mss", joined);
    set(drill, "net.imp.tcp_whole_segments", "1");
    set(drill, "net.imp.tcp_rmem_overhead", "1");
    set(drill, "net.imp.tcp_wmem_overhead", "1");
    set(drill, "net.ipv4.tcp_cubic_hystart", "2");
    set(drill, "net.ipv4.tcp_fastopen", "0x70403");
    set(drill, "net.ipv4.tcp_fastopen_key", "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4");
    set(drill, "net.ipv4.tcp_rmem", "4096 540000 15728640");
    set(drill, "net.ipv4.tcp_wmem", "4096 262144 4194304");
}

void sysctl_refresh(struct drill *drill)
{
    const char *path = getenv("IMP_SYSCTL_FILE");
    struct stat about;
    if (!path || stat(path, &about) != 0 || mark_of(&about) == drill->sysctl_mark)
        return;
    drill->sysctl_mark = mark_of(&about);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    char line[LIMIT_LINE];
    uint32_t forgotten = 0;
    while (fgets(line, sizeof line, file))
        line_read(drill, line, &forgotten);
    fclose(file);
}

/* A measure that grows with each child of the program that ends. */
static int64_t children_used(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_CHILDREN, &usage) == 0 ? usage.ru_minflt + usage.ru_majflt : 0;
}

void sysctl_shells_seen(struct drill *drill) { drill->children_used = children_used(); }

void sysctl_shells_wait(struct drill *drill, uint64_t us)
{
    int64_t used = children_used();
    pthread_mutex_lock(&drill->lock);
    bool ran = used != drill->children_used;
    drill->children_used = used;
    pthread_mutex_unlock(&drill->lock);
    if (ran && us >= SHELL_SLEEP_LEAST_US && getenv("IMP_SYSCTL_FILE"))
        usleep(us < SHELL_JOB_US ? (useconds_t)us : SHELL_JOB_US);
}
