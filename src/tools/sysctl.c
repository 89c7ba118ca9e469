/* sysctl: the settings of a node's TCP and IP, by their Linux names, as the real one (procps) reads and writes them.
 *
 * It is a thin coat over net_sysctl_*(): `sysctl NAME` shows, `sysctl NAME=VALUE` (with or without -w) sets and shows, `-a` lists all in the order of
 * their names. Dots and slashes both separate, as in the real one. What is set counts for connections that begin afterwards.
 *
 * Left out: files (-p, --system), patterns (-r), and every setting of a kernel that imp's stack has no use for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/net_config.h"
#include "tools/options.h"
#include "tools/tool.h"

enum { NAME_MAX_BYTES = 96, NAMES_MAX = 256 };
struct sysctl {
    struct tool_run *run;
    bool all, only_values, only_names, ignore_unknown, quiet;
};

static const char USAGE[] = "\nUsage:\n sysctl [options] [variable[=value] ...]\n\nOptions:\n"
                            "  -a        display all variables\n"
                            "  -e        ignore unknown variables\n"
                            "  -N        print variable names without values\n"
                            "  -n        print only values of the given variables\n"
                            "  -q        do not echo variable set\n"
                            "  -w        enable writing a value to variable\n";

static void show(const struct sysctl *s, const char *name, const char *value)
{
    if (s->only_names)
        tool_print(s->run, "%s\n", name);
    else if (s->only_values)
        tool_print(s->run, "%s\n", value);
    else
        tool_print(s->run, "%s = %s\n", name, value);
}

static int fail(const struct sysctl *s, const char *name, int error)
{
    char path[NAME_MAX_BYTES];
    switch (error) {
    case IMP_NOT_FOUND:
        if (s->ignore_unknown)
            return 0;
        snprintf(path, sizeof path, "%s", name);
        for (char *c = path; *c; c++)
            *c = *c == '.' ? '/' : *c;
        tool_complain(s->run, "sysctl: cannot stat /proc/sys/%s: No such file or directory\n", path);
        return 1;
    case IMP_DENIED: tool_complain(s->run, "sysctl: permission denied on key \"%s\"\n", name); return 1;
    case IMP_UNSUPPORTED: tool_complain(s->run, "sysctl: this machine's settings are for its own sysctl\n"); return 1;
    default: tool_complain(s->run, "sysctl: setting key \"%s\": Invalid argument\n", name); return 1;
    }
}

static int take(const struct sysctl *s, const char *word)
{
    char name[NAME_MAX_BYTES], value[SYSCTL_TEXT_BYTES];
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    if (length >= sizeof name)
        length = sizeof name - 1;
    memcpy(name, word, length);
    name[length] = '\0';
    for (char *c = name; *c; c++)
        *c = *c == '/' ? '.' : *c;
    while (length && name[length - 1] == ' ')
        name[--length] = '\0';
    int error = 0;
    if (equals) {
        const char *text = equals + 1 + strspn(equals + 1, " ");
        if ((error = net_sysctl_set(s->run->net, name, text)) == IMP_NOT_FOUND &&
            net_sysctl_get(s->run->net, name, value, sizeof value) == 0)
            error = IMP_INVALID; /* the setting is there: it is the value that is not, such as a congestion control */
        if (error || s->quiet)
            return error ? fail(s, name, error) : 0;
    }
    if ((error = net_sysctl_get(s->run->net, name, value, sizeof value)) != 0)
        return fail(s, name, error);
    show(s, name, value);
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int show_all(const struct sysctl *s)
{
    char name[NAME_MAX_BYTES], value[SYSCTL_TEXT_BYTES], *names[NAMES_MAX];
    size_t count = 0;
    for (const char *next; count < NAMES_MAX && (next = net_sysctl_name(count, name, sizeof name)) != NULL;)
        names[count++] = memory_copy_text(next);
    qsort(names, count, sizeof *names, by_name);
    int status = 0;
    for (size_t i = 0; i < count; i++) {
        int error = net_sysctl_get(s->run->net, names[i], value, sizeof value);
        if (error == 0)
            show(s, names[i], value);
        else if (!status)
            status = fail(s, names[i], error);
        memory_free(names[i]);
    }
    return status;
}

static int sysctl_run(struct tool_run *run)
{
    struct sysctl s = {.run = run};
    struct options options = options_of(run->argc, run->argv, "aAXewnNqbh");
    const char *words[64];
    size_t count = 0;
    for (int option; (option = options_next(&options)) != OPTIONS_END;) {
        switch (option) {
        case 'a':
        case 'A':
        case 'X': s.all = true; break;
        case 'e': s.ignore_unknown = true; break;
        case 'n': s.only_values = true; break;
        case 'N': s.only_names = true; break;
        case 'q': s.quiet = true; break;
        case 'w':
        case 'b': break;
        case OPTIONS_OPERAND:
            if (count < count_of(words))
                words[count++] = options.value;
            break;
        case 'h': tool_print(run, "%s", USAGE); return 0;
        default:
            if (options.letter == '-')
                tool_complain(run, "sysctl: unrecognized option '%s'\n%s", options.value, USAGE);
            else
                tool_complain(run, "sysctl: invalid option -- '%c'\n%s", options.letter, USAGE);
            return 1;
        }
    }
    if (s.all)
        return show_all(&s);
    if (!count) {
        tool_complain(run, "sysctl: no variables specified\nTry `sysctl -h' for more information.\n");
        return 1;
    }
    int status = 0;
    for (size_t i = 0; i < count; i++)
        status |= take(&s, words[i]);
    return status;
}

const struct tool SYSCTL_TOOL = {
    .name = "sysctl", .summary = "show or change settings of TCP and IP", .run = sysctl_run, .lab_only = true};
