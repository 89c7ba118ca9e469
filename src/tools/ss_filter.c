/* The filter of ss: which sockets are meant.
 *
 *   or    := and { ("or" | "|" | "||") and }
 *   and   := not { ["and" | "&" | "&&"] not }               side by side is "and", too
 *   not   := ("not" | "!") not | "(" or ")" | test
 *   test  := ("sport" | "dport") [compare] [":"] PORT
 *          | ("src" | "dst") [compare] HOST                   HOST := ADDRESS[/LENGTH][:PORT] | [ADDRESS]:PORT | "*:PORT" | ":PORT"
 *
 * Compare is =, !=, <, <=, >, >= or the words eq, ne, lt, le, gt, ge; addresses are only equal or not. A filter is a handful of words and is asked
 * for a node's few sockets, so nothing is kept of it: it is read anew for each socket, by the same functions that check it. They
 * go on to the end whatever the outcome, so that every mistake is found at the first reading.
 *
 * No state, no timers. Left out: what no node of imp has (dev, fwmark, cgroup, autobound, names of hosts). */
#include "tools/ss_filter.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tools/port_name.h"

enum { WORD_BYTES = 96, DEPTH_MAX = 32 };
enum compare { EQUAL, UNEQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL };
struct parser {
    const char *at;
    char word[WORD_BYTES]; /* the next one, empty at the end */
    const struct socket_info *socket;
    struct text *message;
    unsigned depth;
    int error;
};

static void next(struct parser *p)
{
    static const char ALONE[] = "()!&|";
    p->at += strspn(p->at, " \t");
    size_t length = 0;
    if (*p->at && strchr(ALONE, *p->at) && !(p->at[0] == '!' && p->at[1] == '='))
        length = (p->at[0] == '&' || p->at[0] == '|') && p->at[1] == p->at[0] ? 2 : 1;
    else if (*p->at && strchr("=<>!", *p->at))
        length = p->at[1] == '=' ? 2 : 1;
    else
        length = strcspn(p->at, " \t()!&|=<>");
    size_t kept = length < sizeof p->word ? length : sizeof p->word - 1;
    memcpy(p->word, p->at, kept);
    p->word[kept] = 0;
    p->at += length;
}

static bool is(const struct parser *p, const char *a, const char *b, const char *c)
{
    return strcmp(p->word, a) == 0 || strcmp(p->word, b) == 0 || strcmp(p->word, c) == 0;
}

__attribute__((format(printf, 3, 0))) static void fail(struct parser *p, int error, const char *format, const char *word)
{
    if (!p->error && p->message)
        text_format(p->message, format, word);
    p->error = p->error ? p->error : error;
}

static void fail_syntax(struct parser *p)
{
    fail(p, IMP_MALFORMED, "ss: bison bellows (while parsing filter): \"%s!\" Sorry.\n", "syntax error");
}

static void fail_host(struct parser *p)
{
    fail(p, IMP_INVALID, "Error: an inet prefix is expected rather than \"%s\".\nCannot parse dst/src address.\n", p->word);
}

static enum compare read_compare(struct parser *p)
{
    static const struct {
        const char *words[3];
        enum compare compare;
    } ALL[] = {{{"=", "==", "eq"}, EQUAL},           {{"!=", "ne", "neq"}, UNEQUAL}, {{"<", "lt", "lt"}, LESS},
               {{"<=", "le", "leq"}, LESS_OR_EQUAL}, {{">", "gt", "gt"}, GREATER},   {{">=", "ge", "geq"}, GREATER_OR_EQUAL}};
    for (size_t i = 0; i < count_of(ALL); i++) {
        if (is(p, ALL[i].words[0], ALL[i].words[1], ALL[i].words[2])) {
            next(p);
            return ALL[i].compare;
        }
    }
    return EQUAL;
}

static bool holds(enum compare compare, unsigned a, unsigned b)
{
    switch (compare) {
    case EQUAL: return a == b;
    case UNEQUAL: return a != b;
    case LESS: return a < b;
    case LESS_OR_EQUAL: return a <= b;
    case GREATER: return a > b;
    default: return a >= b;
    }
}

static bool port_test(struct parser *p, const struct endpoint *endpoint)
{
    enum compare compare = read_compare(p);
    int port = port_parse(0, p->word + (p->word[0] == ':'));
    if (port < 0) {
        fail_syntax(p);
        return false;
    }
    next(p);
    return holds(compare, endpoint->port, (unsigned)port);
}

/* ADDRESS[/LENGTH][:PORT]: the port behind the last colon, unless that is a part of a bare IPv6 address. */
static bool host_read(const char *word, struct prefix *prefix, int *port)
{
    char address[WORD_BYTES];
    (void)snprintf(address, sizeof address, "%s", word + (word[0] == '['));
    char *bracket = word[0] == '[' ? strchr(address, ']') : NULL, *colon = strrchr(address, ':');
    *prefix = (struct prefix){.length = 0};
    *port = 0;
    if (word[0] == '[' && !bracket)
        return false;
    if (bracket) {
        if (bracket[1] != 0 && bracket[1] != ':' && bracket[1] != '/')
            return false;
        if (bracket[1] == '/') { /* [fd00::]/8 */
            memmove(bracket, bracket + 1, strlen(bracket));
            return prefix_parse(address, prefix) == 0;
        }
        colon = bracket[1] ? bracket + 1 : NULL;
        *bracket = 0;
    } else if (colon && strchr(address, ':') != colon) {
        colon = NULL;
    }
    if (colon) {
        *port = colon[1] == '*' ? 0 : port_parse(0, colon + 1);
        *colon = 0;
    }
    return *port >= 0 && (address[0] == 0 || strcmp(address, "*") == 0 || prefix_parse(address, prefix) == 0);
}

static bool host_test(struct parser *p, const struct endpoint *endpoint)
{
    enum compare compare = read_compare(p);
    struct prefix prefix;
    int port;
    if (compare > UNEQUAL || !host_read(p->word, &prefix, &port)) {
        fail_host(p);
        return false;
    }
    next(p);
    bool same =
        (prefix.address.family == 0 || prefix_contains(&prefix, &endpoint->address)) && (!port || port == endpoint->port);
    return same == (compare == EQUAL);
}

static bool read_or(struct parser *p);

static bool host_here(const struct parser *p)
{
    return p->word[0] && !strchr("()!&|=<>", p->word[0]) && !is(p, "and", "or", "not");
}

static bool read_not(struct parser *p)
{
    static const struct socket_info none;
    const struct socket_info *socket = p->socket ? p->socket : &none;
    if (++p->depth > DEPTH_MAX)
        fail_syntax(p);
    bool matches = false, sport = is(p, "sport", "sport", "sport"), dport = is(p, "dport", "dport", "dport");
    bool source = is(p, "src", "src", "src"), destination = is(p, "dst", "dst", "dst");
    if (p->error) {
    } else if (is(p, "not", "!", "!")) {
        next(p);
        matches = !read_not(p);
    } else if (is(p, "(", "(", "(")) {
        next(p);
        matches = read_or(p);
        if (!is(p, ")", ")", ")"))
            fail_syntax(p);
        else
            next(p);
    } else if (sport || dport) {
        next(p);
        matches = port_test(p, sport ? &socket->local : &socket->remote);
    } else if (source || destination || host_here(p)) { /* a host by itself is dst's */
        if (source || destination)
            next(p);
        matches = host_test(p, source ? &socket->local : &socket->remote);
    } else {
        fail_syntax(p);
    }
    p->depth--;
    return matches;
}

static bool read_and(struct parser *p)
{
    bool matches = read_not(p);
    while (!p->error && p->word[0] && !is(p, ")", "or", "|") && !is(p, "||", "||", "||")) {
        if (is(p, "and", "&", "&&"))
            next(p);
        bool right = read_not(p);
        matches = matches && right;
    }
    return matches;
}

static bool read_or(struct parser *p)
{
    bool matches = read_and(p);
    while (!p->error && is(p, "or", "|", "||")) {
        next(p);
        bool right = read_and(p);
        matches = matches || right;
    }
    return matches;
}

static bool read_all(struct parser *p)
{
    next(p);
    if (!p->word[0])
        return true;
    bool matches = read_or(p);
    if (p->word[0])
        fail_syntax(p);
    return matches && !p->error;
}

int ss_filter_check(const char *filter, struct text *message)
{
    struct parser p = {.at = filter, .message = message};
    (void)read_all(&p);
    return p.error;
}

bool ss_filter_matches(const char *filter, const struct socket_info *socket)
{
    struct parser p = {.at = filter, .socket = socket};
    return read_all(&p);
}
