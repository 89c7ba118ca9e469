#ifndef IMP_TOOLS_OPTIONS_H
#define IMP_TOOLS_OPTIONS_H

/* Command-line options in the manner of getopt(3), without its global state: several tools run at once. Clustered short options ("-sv"),
 * attached values ("-c3"), "--" as the end; operands and options may be mixed, as GNU tools allow. */
struct options {
    int argc;
    char **argv;
    const char *accepted; /* "c:nq": a colon behind a letter that takes a value */
    int at;               /* the next word */
    const char *cluster;  /* the rest of a word of clustered options */
    const char *value;    /* of the option just returned */
    char letter;          /* of the option at fault */
    int only_operands;    /* "--" was seen */
};

enum { OPTIONS_END = 0, OPTIONS_OPERAND = 1, OPTIONS_UNKNOWN = 2, OPTIONS_NO_VALUE = 3 };

struct options options_of(int argc, char **argv, const char *accepted);
/* A letter, OPTIONS_OPERAND (the word in `value`), OPTIONS_UNKNOWN or OPTIONS_NO_VALUE (the letter in `letter`), or OPTIONS_END. */
int options_next(struct options *options);

#endif
