/* dig: asks a name server, and shows its answer as it is.
 *
 *   dig [@server] [name] [type] [class] [-options] [+flags] [more names, each with its own flags]
 *
 * Words are told apart by their look, as dig does: @server, -x and +y, a word that is a type or a class, any other a name. Flags before the
 * first name hold for all; flags behind a name hold for that one. Each name becomes a lookup: it goes to the servers in turn, `tries` times
 * over, until one answers; over TCP when asked for or when the answer was cut short.
 *
 * +trace plays the recursive resolver by hand: it asks for the root's servers, then the question itself, of one server after the other,
 * following referrals, and shows what each said.
 *
 * Exit status, as dig's: 0 an answer came (whatever it says), 1 wrong usage, 8 (batch files) never, 9 no server answered, 10 anything else.
 *
 * Left out on purpose, with a clear error: batch files (-f), keys (-y, -k), DoH and DoT, +multiline, +nssearch, cookies. */
#include <stdio.h>
#include <string.h>

#include "application/dns/exchange.h"
#include "application/dns/story.h"
#include "application/dns/stub.h"
#include "application/http/message.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/net_config.h"
#include "tools/dig_print.h"

enum { EXIT_USAGE = 1, EXIT_NO_REPLY = 9, EXIT_INTERNAL = 10 };
enum { LOOKUPS_MAX = 64, SERVERS_MAX = 16, TRACE_STEPS_MAX = 32 };

struct lookup {
    const char *name; /* NULL: "." */
    uint16_t type, class;
    bool type_given, reverse;
    struct dig_display display;
    bool trace, tcp, recurse, edns, dnssec, ad, cd, ignore_tc;
    uint16_t bufsize;
    unsigned time_s, tries;
};
struct dig {
    struct tool_run *run;
    const char *server; /* as given with @ */
    uint8_t family;
    uint16_t port;
    struct ip local;
    bool show_cmd, banner_done, tell_found;
    struct lookup defaults, lookups[LOOKUPS_MAX];
    size_t count;
    struct ip servers[SERVERS_MAX];
    size_t server_count;
};

/* ---- arguments ---- */

static int usage(struct dig *d, const char *option)
{
    if (option)
        tool_complain(d->run, "Invalid option: %s\n", option);
    tool_complain(d->run, "Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n"
                          "            {global-d-opt} host [@local-server] {local-d-opt}\n"
                          "            [ host [@local-server] {local-d-opt} [...]]\n\n"
                          "Options: -4 -6 -b ADDRESS -c CLASS -p PORT -q NAME -t TYPE -x ADDRESS\n"
                          "Flags:   +[no]all +[no]cmd +[no]comments +[no]question +[no]answer +[no]authority +[no]additional\n"
                          "         +[no]stats +[no]ttlid +[no]class +[no]short +[no]trace +[no]tcp +[no]recurse +[no]edns\n"
                          "         +[no]dnssec +[no]adflag +[no]cdflag +[no]ignore +bufsize=N +time=N +tries=N +retry=N\n");
    return EXIT_USAGE;
}

static struct lookup *present(struct dig *d) { return d->count ? &d->lookups[d->count - 1] : &d->defaults; }

static struct lookup *lookup_add(struct dig *d, const char *name)
{
    if (d->count == LOOKUPS_MAX)
        return NULL;
    d->lookups[d->count] = d->defaults;
    d->lookups[d->count].name = name;
    d->lookups[d->count].type_given = false; /* a type behind the name overrides one before all names */
    return &d->lookups[d->count++];
}

static int number_of(struct dig *d, const char *option, const char *text, uint64_t max, uint64_t *out)
{
    if (text && number_parse(text, max, out) == 0)
        return 0;
    tool_complain(d->run, "Couldn't parse %s: a number from 0 to %llu was expected\n", option, (unsigned long long)max);
    return EXIT_USAGE;
}

static void set_all(struct lookup *l, bool on)
{
    l->display.comments = l->display.question = l->display.answer = l->display.authority = l->display.additional =
        l->display.stats = on;
}

/* +flag, +noflag: where the switch is; NULL for what has no switch of that name. dig takes any unmistakable beginning; we take those that
 * people type. */
static bool *flag_of(struct dig *d, struct lookup *l, const char *name)
{
    const struct {
        const char *name, *other;
        bool *flag;
    } FLAGS[] = {
        {"cmd", NULL, &d->show_cmd},
        {"comments", "comment", &l->display.comments},
        {"question", NULL, &l->display.question},
        {"answer", NULL, &l->display.answer},
        {"authority", "auth", &l->display.authority},
        {"additional", "add", &l->display.additional},
        {"stats", NULL, &l->display.stats},
        {"ttlid", "ttl", &l->display.ttl},
        {"class", "cl", &l->display.class},
        {"short", "sh", &l->display.short_form},
        {"trace", NULL, &l->trace},
        {"tcp", "vc", &l->tcp},
        {"recurse", "rec", &l->recurse},
        {"rdflag", "rd", &l->recurse},
        {"edns", NULL, &l->edns},
        {"dnssec", "do", &l->dnssec},
        {"adflag", "ad", &l->ad},
        {"cdflag", "cd", &l->cd},
        {"ignore", NULL, &l->ignore_tc},
    };
    for (size_t i = 0; i < count_of(FLAGS); i++)
        if (strcmp(name, FLAGS[i].name) == 0 || (FLAGS[i].other && strcmp(name, FLAGS[i].other) == 0))
            return FLAGS[i].flag;
    return NULL;
}

static void implied(struct lookup *l, bool *flag)
{
    if (flag == &l->trace && l->trace) { /* only what each server said, please */
        l->display.comments = l->display.question = l->display.additional = l->display.stats = false;
        l->recurse = false;
    }
    if (flag == &l->dnssec && l->dnssec)
        l->edns = true;
}

static int read_plus(struct dig *d, const char *word)
{
    struct lookup *l = present(d);
    const char *name = word + 1, *value = strchr(word, '=');
    char key[32];
    snprintf(key, sizeof key, "%.*s", value ? (int)(value - name) : (int)sizeof key - 1, name);
    value = value ? value + 1 : NULL;
    uint64_t number;
    int error = 0;
    if (strcmp(key, "all") == 0 || strcmp(key, "noall") == 0) {
        set_all(l, key[0] == 'a');
        d->show_cmd = key[0] == 'a';
    } else if (strcmp(key, "bufsize") == 0) {
        error = number_of(d, "buffer size", value ? value : "1232", UINT16_MAX, &number);
        l->bufsize = error ? l->bufsize : (uint16_t)number;
        l->edns = true;
    } else if (strcmp(key, "time") == 0 || strcmp(key, "timeout") == 0) {
        error = number_of(d, "timeout", value, 300, &number);
        l->time_s = error ? l->time_s : number ? (unsigned)number : 1;
    } else if (strcmp(key, "tries") == 0 || strcmp(key, "retry") == 0) {
        error = number_of(d, key, value, 100, &number);
        l->tries = error ? l->tries : key[0] == 'r' ? (unsigned)number + 1 : number ? (unsigned)number : 1;
    } else {
        bool on = strncmp(key, "no", 2) != 0;
        bool *flag = value ? NULL : flag_of(d, l, on ? key : key + 2);
        if (!flag)
            return usage(d, word);
        *flag = on;
        implied(l, flag);
    }
    return error;
}

static int set_type(struct dig *d, struct lookup *l, const char *text)
{
    if (dns_type_parse(text, &l->type) != 0) {
        tool_complain(d->run, ";; Warning, ignoring invalid type %s\n", text);
        return 0;
    }
    l->type_given = true;
    return 0;
}

static int add_reverse(struct dig *d, const char *text)
{
    struct ip address;
    if (ip_parse(text, &address) != 0) {
        tool_complain(d->run, "Invalid IP address %s\n", text);
        return EXIT_USAGE;
    }
    struct lookup *l = lookup_add(d, text);
    if (!l)
        return EXIT_INTERNAL;
    l->reverse = true;
    if (!d->defaults.type_given)
        l->type = DNS_TYPE_PTR;
    l->type_given = true;
    return 0;
}

/* Options with a value, which may follow at once or as the next word. */
static int read_dash(struct dig *d, char **argv, int *at)
{
    const char *word = argv[*at];
    char option = word[1];
    if ((option == '4' || option == '6') && word[2] == '\0') {
        d->family = (uint8_t)(option - '0');
        return 0;
    }
    if (option == 'r' || option == 'm' || option == 'u' || option == 'i')
        return option == 'r' ? 0 : usage(d, word); /* there is no ~/.digrc to be skipped */
    if (strchr("fky", option) && option) {
        tool_complain(d->run, "dig: -%c is not supported\n", option);
        return EXIT_USAGE;
    }
    const char *value = word[2] ? word + 2 : option ? argv[*at + 1] : NULL;
    if (!option || !strchr("bcpqtx", option) || !value)
        return usage(d, word);
    if (word[2] == '\0')
        ++*at;
    uint64_t number;
    int error = 0;
    switch (option) {
    case 'b':
        error = ip_parse(value, &d->local) == 0 ? 0 : EXIT_INTERNAL;
        if (error)
            tool_complain(d->run, "dig: invalid address %s\n", value);
        return error;
    case 'c': return dns_class_parse(value, &present(d)->class) == 0 ? 0 : usage(d, word);
    case 'p':
        error = number_of(d, "port number", value, UINT16_MAX, &number);
        d->port = error ? d->port : (uint16_t)number;
        return error;
    case 'q': return lookup_add(d, value) ? 0 : EXIT_INTERNAL;
    case 't': return set_type(d, present(d), value);
    default: return add_reverse(d, value);
    }
}

/* A bare word: a type or a class when it is one and none was given yet for this name, else a name. */
static int read_word(struct dig *d, const char *word)
{
    struct lookup *l = present(d);
    uint16_t number;
    if (!l->type_given && dns_type_parse(word, &number) == 0) {
        l->type = number;
        l->type_given = true;
        return 0;
    }
    if (dns_class_parse(word, &number) == 0) {
        l->class = number;
        return 0;
    }
    if (!lookup_add(d, word)) {
        tool_complain(d->run, "dig: too many names\n");
        return EXIT_INTERNAL;
    }
    return 0;
}

static int read_arguments(struct dig *d, int argc, char **argv)
{
    int error = 0;
    for (int i = 1; i < argc && !error; i++) {
        if (argv[i][0] == '@') {
            d->server = argv[i] + 1;
            d->tell_found = d->count == 0; /* dig says so when it meets the first name, of the servers before it */
        } else if (argv[i][0] == '+')
            error = read_plus(d, argv[i]);
        else if (argv[i][0] == '-')
            error = read_dash(d, argv, &i);
        else
            error = read_word(d, argv[i]);
    }
    if (!error && d->count == 0) { /* dig alone asks who serves the root */
        struct lookup *l = lookup_add(d, ".");
        if (!d->defaults.type_given)
            l->type = DNS_TYPE_NS;
    }
    return error;
}

/* ---- asking ---- */

static int find_servers(struct dig *d)
{
    struct net *net = d->run->net;
    if (d->server) {
        int count = dns_resolve(net, d->server, d->family, instant_add(net_now(net), 30 * NS_PER_S), d->servers, SERVERS_MAX);
        if (count < 0) {
            tool_complain(d->run, "dig: couldn't get address for '%s': %s\n", d->server, imp_error_text(count));
            return EXIT_USAGE;
        }
        d->server_count = (size_t)count;
        return 0;
    }
    const struct resolver_config *config = net_resolver(net);
    for (unsigned i = 0; i < config->server_count; i++)
        if (!d->family || config->servers[i].address.family == d->family)
            d->servers[d->server_count++] = config->servers[i].address;
    if (d->server_count == 0) /* as resolv.conf's default has it */
        d->servers[d->server_count++] = d->family == 6 ? ip6_of_bytes((const uint8_t[16]){[15] = 1}) : ip4(0x7f000001);
    return 0;
}

static void print_banner(struct dig *d)
{
    if (!d->show_cmd || d->banner_done)
        return;
    d->banner_done = true;
    tool_print(d->run, "\n; <<>> DiG 9.18-imp <<>>");
    for (int i = 1; i < d->run->argc; i++)
        tool_print(d->run, " %s", d->run->argv[i]);
    tool_print(d->run, "\n");
    if (d->tell_found)
        tool_print(d->run, "; (%zu server%s found)\n", d->server_count, d->server_count == 1 ? "" : "s");
    tool_print(d->run, ";; global options: +cmd\n");
}

struct reply {
    struct dns_message query, response;
    struct ip server;
    size_t bytes;
    int64_t took_ns;
    bool tcp;
};

static int ask_once(struct dig *d, struct arena *arena, const struct lookup *l, const struct dns_question *question,
                    const struct ip *server, bool tcp, struct reply *reply)
{
    struct net *net = d->run->net;
    struct instant start = net_now(net);
    struct dns_exchange x = {.net = net,
                             .arena = arena,
                             .server = {.address = *server, .port = d->port},
                             .deadline = instant_add(start, l->time_s * NS_PER_S),
                             .tcp = tcp,
                             .local = d->local};
    x.query = dns_query((uint16_t)net_random(net), &question->name, question->type, l->recurse, l->edns ? l->bufsize : 0);
    x.query.question.class = question->class;
    x.query.authentic_data = l->ad;
    x.query.checking_disabled = l->cd;
    x.query.edns.dnssec_ok = l->dnssec;
    dns_story_question(net, &x.server, question, tcp ? "dig asks, over TCP" : "dig asks");
    int error = dns_exchange(&x, &reply->response);
    reply->query = x.query;
    reply->server = *server;
    reply->bytes = x.response_bytes;
    reply->took_ns = instant_since(net_now(net), start);
    reply->tcp = tcp;
    return error;
}

static void complain_of(struct dig *d, const struct lookup *l, const struct ip *server, int error, bool tcp)
{
    char text[IP_TEXT_BYTES];
    const char *why = error == IMP_REFUSED ? "connection refused" : error == IMP_TIMEOUT ? "timed out" : imp_error_text(error);
    ip_print(server, text, sizeof text);
    if (tcp)
        tool_print(d->run, ";; Connection to %s#%u(%s) for %s failed: %s.\n", text, d->port, d->server ? d->server : text,
                   l->name, why);
    else
        tool_print(d->run, ";; communications error to %s#%u: %s\n", text, d->port, why);
}

/* Asks the servers in turn. 0 with a reply, or the exit status. */
static int ask(struct dig *d, struct arena *arena, const struct lookup *l, const struct dns_question *question,
               const struct ip *servers, size_t count, struct reply *reply)
{
    for (unsigned try = 0; try < l->tries; try++)
        for (size_t i = 0; i < count; i++) {
            bool tcp = l->tcp;
            int error = ask_once(d, arena, l, question, &servers[i], tcp, reply);
            if (!error && reply->response.truncated && !tcp && !l->ignore_tc) {
                if (l->display.comments)
                    tool_print(d->run, ";; Truncated, retrying in TCP mode.\n");
                tcp = true;
                error = ask_once(d, arena, l, question, &servers[i], tcp, reply);
            }
            if (error == IMP_CANCELLED || (d->run->io->interrupted && d->run->io->interrupted(d->run->io->context)))
                return EXIT_INTERNAL;
            if (!error && reply->response.rcode == DNS_SERVFAIL && i + 1 < count)
                continue; /* perhaps the next one knows */
            if (!error)
                return 0;
            complain_of(d, l, &servers[i], error, tcp);
        }
    if (!l->tcp)
        print_banner(d);
    tool_print(d->run, ";; no servers could be reached\n");
    return EXIT_NO_REPLY;
}

static void print_stats(struct dig *d, const struct reply *reply)
{
    char server[IP_TEXT_BYTES], date[40];
    http_date_print((net_now(d->run->net).ns + d->run->io->wall_offset_ns) / NS_PER_S, date, sizeof date);
    ip_print(&reply->server, server, sizeof server);
    tool_print(d->run, ";; Query time: %lld msec\n", (long long)(reply->took_ns / NS_PER_MS));
    tool_print(d->run, ";; SERVER: %s#%u(%s) (%s)\n", server, d->port, d->server ? d->server : server,
               reply->tcp ? "TCP" : "UDP");
    /* "Sun, 06 Nov 1994 08:49:37 GMT", its parts put as date(1) does */
    tool_print(d->run, ";; WHEN: %.3s %.3s %.2s %.8s UTC %.4s\n", date, date + 8, date + 5, date + 17, date + 12);
    tool_print(d->run, ";; MSG SIZE  rcvd: %zu\n\n", reply->bytes);
}

/* ---- +trace ---- */

/* The next servers to ask: the addresses of the first server named by the NS records that has any. */
static const struct dns_record *trace_servers(struct dig *d, const struct dns_message *m, enum dns_section section,
                                              struct ip *out, size_t *count)
{
    const struct dns_records *records = &m->section[section], *more = &m->section[DNS_ADDITIONAL];
    struct net *net = d->run->net;
    const struct dns_record *last = NULL;
    *count = 0;
    for (size_t i = 0; i < records->count && *count == 0; i++) {
        if (records->list[i].type != DNS_TYPE_NS)
            continue;
        struct dns_name target = dns_rdata_name(records->list[i].data, 0);
        last = &records->list[i];
        for (size_t j = 0; j < more->count && *count < SERVERS_MAX; j++) {
            const struct dns_record *r = &more->list[j];
            if (!dns_name_equal(&r->name, &target))
                continue;
            if (r->type == DNS_TYPE_A && d->family != 6)
                out[(*count)++] = ip4_of_bytes(r->data.data);
            else if (r->type == DNS_TYPE_AAAA && d->family != 4)
                out[(*count)++] = ip6_of_bytes(r->data.data);
        }
        char text[DNS_NAME_TEXT_BYTES];
        dns_name_print(&target, text);
        int found = *count ? (int)*count
                           : dns_resolve(net, text, d->family, instant_add(net_now(net), 20 * NS_PER_S), out, SERVERS_MAX);
        *count = found > 0 ? (size_t)found : 0;
        if (*count)
            return &records->list[i];
        tool_complain(d->run, "couldn't get address for '%s': not found\n", dns_name_print_plain(&target, text));
    }
    if (last)
        tool_complain(d->run, "dig: couldn't get address for any name server: no more\n");
    return NULL;
}

static void print_received(struct dig *d, const struct reply *reply, const char *name)
{
    char server[IP_TEXT_BYTES];
    ip_print(&reply->server, server, sizeof server);
    tool_print(d->run, ";; Received %zu bytes from %s#%u(%s) in %lld ms\n\n", reply->bytes, server, d->port,
               name ? name : server, (long long)(reply->took_ns / NS_PER_MS));
}

static int trace(struct dig *d, struct arena *arena, const struct lookup *l, const struct dns_question *question)
{
    struct dns_question root = {.name = DNS_ROOT, .type = DNS_TYPE_NS, .class = DNS_CLASS_IN};
    struct lookup first = *l;
    struct ip servers[SERVERS_MAX];
    struct reply reply;
    size_t count;
    first.recurse = true;
    int status = ask(d, arena, &first, &root, d->servers, d->server_count, &reply);
    if (status)
        return status;
    print_banner(d);
    dig_print_records(d->run, &l->display, &reply.response.section[DNS_ANSWER]);
    print_received(d, &reply, d->server);
    const struct dns_record *server = trace_servers(d, &reply.response, DNS_ANSWER, servers, &count);
    unsigned depth = 0; /* labels of the zone asked: must grow with each referral */
    for (unsigned step = 0; server && step < TRACE_STEPS_MAX; step++) {
        char name[DNS_NAME_TEXT_BYTES];
        struct dns_name target = dns_rdata_name(server->data, 0);
        dns_name_print_plain(&target, name);
        status = ask(d, arena, l, question, servers, count, &reply);
        if (status)
            return status;
        const struct dns_message *m = &reply.response;
        dig_print_records(d->run, &l->display, &m->section[DNS_ANSWER]);
        dig_print_records(d->run, &l->display, &m->section[DNS_AUTHORITY]);
        print_received(d, &reply, name);
        if (m->section[DNS_ANSWER].count > 0 || m->authoritative || m->rcode != DNS_NOERROR)
            return 0;
        server = trace_servers(d, m, DNS_AUTHORITY, servers, &count);
        if (server && dns_name_labels(&server->name) <= depth) {
            tool_print(d->run, ";; BAD (HORIZONTAL) REFERRAL\n");
            return 0;
        }
        depth = server ? dns_name_labels(&server->name) : 0;
    }
    return server ? 0 : EXIT_INTERNAL;
}

/* ---- a lookup ---- */

static int look_up(struct dig *d, const struct lookup *l)
{
    struct dns_question question = {.type = l->type, .class = l->class};
    struct ip address;
    if (l->reverse && ip_parse(l->name, &address) == 0) {
        dns_reverse_name(&address, &question.name);
    } else {
        int error = dns_name_parse(l->name, NULL, &question.name);
        if (error) {
            tool_complain(d->run, "dig: '%s' is not a legal name (%s)\n", l->name,
                          error == IMP_LIMIT      ? "label too long"
                          : strstr(l->name, "..") ? "empty label"
                                                  : "bad escape");
            return EXIT_INTERNAL;
        }
    }
    if (l->type == DNS_TYPE_AXFR || l->type == DNS_TYPE_IXFR) {
        tool_complain(d->run, "dig: zone transfers are not supported\n");
        return EXIT_INTERNAL;
    }
    struct arena arena = {0};
    struct reply reply;
    int status;
    if (l->trace) {
        status = trace(d, &arena, l, &question);
    } else {
        status = ask(d, &arena, l, &question, d->servers, d->server_count, &reply);
        if (!status) {
            if (!l->display.short_form)
                print_banner(d);
            dig_print_message(d->run, &l->display, &reply.query, &reply.response);
            if (l->display.stats && !l->display.short_form)
                print_stats(d, &reply);
        }
    }
    arena_free(&arena);
    return status;
}

static int dig_run(struct tool_run *run)
{
    struct dig *d = memory_take_zeroed(1, sizeof *d);
    *d = (struct dig){.run = run,
                      .port = 53,
                      .show_cmd = true,
                      .defaults = {.type = DNS_TYPE_A,
                                   .class = DNS_CLASS_IN,
                                   .display = {true, true, true, true, true, true, true, true, false},
                                   .recurse = true,
                                   .edns = true,
                                   .ad = true,
                                   .bufsize = LIMIT_DNS_UDP_BYTES,
                                   .time_s = 5,
                                   .tries = 3}};
    int status = 0;
    if (run->argc == 2 && strcmp(run->argv[1], "-v") == 0) {
        tool_complain(run, "DiG 9.18-imp\n");
    } else if (run->argc == 2 && strcmp(run->argv[1], "-h") == 0) {
        (void)usage(d, NULL);
    } else {
        status = read_arguments(d, run->argc, run->argv);
        if (!status)
            status = find_servers(d);
        for (size_t i = 0; i < d->count && status != EXIT_USAGE; i++) {
            d->lookups[i].tcp |= d->lookups[i].type == DNS_TYPE_ANY; /* as dig does: it is likely to be large */
            int one = look_up(d, &d->lookups[i]);
            status = one ? one : status;
        }
    }
    memory_free(d);
    return status;
}

const struct tool DIG_TOOL = {
    .name = "dig",
    .summary = "asks a name server and shows its answer",
    .run = dig_run,
};
