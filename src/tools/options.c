/* Options of tools.
 *
 * getopt(3) keeps its place in global variables, and tools run as tasks, several at once; so here the place is in a structure of the
 * caller's. Only what the small tools need: short options, clusters, attached values, "--", operands in between. A word that begins
 * with two dashes is returned as unknown with the letter '-', for who has long options to look at himself.
 *
 * A lone "-" is an operand, as it is everywhere. */
#include "tools/options.h"

#include <stddef.h>
#include <string.h>

struct options options_of(int argc, char **argv, const char *accepted)
{
    return (struct options){.argc = argc, .argv = argv, .accepted = accepted, .at = 1};
}

static int next_in_cluster(struct options *options)
{
    char letter = *options->cluster++;
    const char *known = letter == ':' ? NULL : strchr(options->accepted, letter);
    const char *rest = options->cluster;
    if (*rest == '\0')
        options->cluster = NULL;
    options->letter = letter;
    options->value = NULL;
    if (!known)
        return OPTIONS_UNKNOWN;
    if (known[1] != ':')
        return letter;
    options->cluster = NULL;
    if (*rest)
        options->value = rest;
    else if (options->at < options->argc)
        options->value = options->argv[options->at++];
    else
        return OPTIONS_NO_VALUE;
    return letter;
}

int options_next(struct options *options)
{
    if (options->cluster)
        return next_in_cluster(options);
    if (options->at >= options->argc)
        return OPTIONS_END;
    const char *word = options->argv[options->at++];
    if (!options->only_operands && strcmp(word, "--") == 0) {
        options->only_operands = 1;
        return options_next(options);
    }
    if (options->only_operands || word[0] != '-' || word[1] == '\0') {
        options->value = word;
        return OPTIONS_OPERAND;
    }
    if (word[1] == '-') {
        options->value = word;
        options->letter = '-';
        return OPTIONS_UNKNOWN;
    }
    options->cluster = word + 1;
    return next_in_cluster(options);
}
