/* nslookup: a name's addresses, in the form that people remember from long ago.
 *
 *   nslookup [-type=TYPE] [-port=N] [-timeout=N] [-retry=N] NAME [SERVER]
 *
 * Without a type it asks for A and then AAAA, of the server given or the first of the node's that answers, following no aliases itself: the
 * resolver did. An address as the name asks for its PTR record. Output and exit status (0, or 1 when nothing was found) are those of
 * BIND 9.18's nslookup.
 *
 * Left out on purpose: the interactive mode, and `set` with its many words; dig shows more and says it better. */
#include <stdio.h>
#include <string.h>

#include "application/dns/exchange.h"
#include "application/dns/story.h"
#include "application/dns/stub.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/net_config.h"
#include "tools/tool.h"

enum { SERVERS_MAX = 8 };

struct nslookup {
    struct tool_run *run;
    const char *name, *server;
    uint16_t type; /* 0: A and AAAA */
    uint16_t port;
    unsigned timeout_s, tries;
    struct ip servers[SERVERS_MAX];
    size_t server_count;
    bool server_shown;
};

static int read_option(struct nslookup *n, const char *word)
{
    const char *value = strchr(word, '=');
    char key[16];
    uint64_t number = 0;
    snprintf(key, sizeof key, "%.*s", value ? (int)(value - word - 1) : (int)sizeof key - 1, word + 1);
    bool good = value != NULL;
    if (good &&
        (strcmp(key, "type") == 0 || strcmp(key, "query") == 0 || strcmp(key, "q") == 0 || strcmp(key, "querytype") == 0)) {
        if (dns_type_parse(value + 1, &n->type) != 0) {
            tool_print(n->run, "unknown query type: %s\n", value + 1);
            n->type = 0;
        }
        return 0;
    }
    good = good && number_parse(value + 1, 65535, &number) == 0;
    if (good && strcmp(key, "port") == 0)
        n->port = (uint16_t)number;
    else if (good && strcmp(key, "timeout") == 0 && number > 0)
        n->timeout_s = (unsigned)number;
    else if (good && strcmp(key, "retry") == 0)
        n->tries = (unsigned)number + 1;
    else {
        tool_print(n->run, "*** Invalid option: %s\n", word + 1);
        return 1;
    }
    return 0;
}

static int find_servers(struct nslookup *n)
{
    struct net *net = n->run->net;
    if (n->server) {
        int count = dns_resolve(net, n->server, 0, instant_add(net_now(net), 30 * NS_PER_S), n->servers, SERVERS_MAX);
        if (count < 0) {
            tool_print(n->run, "nslookup: couldn't get address for '%s': %s\n", n->server, imp_error_text(count));
            return 1;
        }
        n->server_count = (size_t)count;
        return 0;
    }
    const struct resolver_config *config = net_resolver(net);
    for (unsigned i = 0; i < config->server_count; i++)
        n->servers[n->server_count++] = config->servers[i].address;
    if (n->server_count == 0)
        n->servers[n->server_count++] = ip4(0x7f000001);
    return 0;
}

/* Asks the servers in turn. Over TCP when the answer was cut short. */
static int ask(struct nslookup *n, struct arena *arena, const struct dns_question *question, struct dns_message *response,
               struct ip *server)
{
    struct net *net = n->run->net;
    char text[IP_TEXT_BYTES];
    for (unsigned try = 0; try < n->tries; try++)
        for (size_t i = 0; i < n->server_count; i++) {
            struct dns_exchange x = {.net = net,
                                     .arena = arena,
                                     .server = {.address = n->servers[i], .port = n->port},
                                     .query = dns_query((uint16_t)net_random(net), &question->name, question->type, true, 0),
                                     .deadline = instant_add(net_now(net), n->timeout_s * NS_PER_S)};
            dns_story_question(net, &x.server, question, "nslookup asks");
            int error = dns_exchange(&x, response);
            if (!error && response->truncated) {
                dns_story_over_tcp(net, &x.server, question);
                x.tcp = true;
                error = dns_exchange(&x, response);
            }
            if (error == IMP_CANCELLED)
                return error;
            *server = n->servers[i];
            if (!error)
                return 0;
            tool_print(n->run, ";; communications error to %s#%u: %s\n", ip_print(server, text, sizeof text), n->port,
                       error == IMP_REFUSED ? "connection refused" : imp_error_text(error));
        }
    return IMP_TIMEOUT;
}

/* ---- output ---- */

static void print_soa(struct tool_run *run, struct bytes data)
{
    static const char *const FIELDS[] = {"serial", "refresh", "retry", "expire", "minimum"};
    char text[DNS_NAME_TEXT_BYTES];
    struct dns_name server = dns_rdata_name(data, 0), mail = dns_rdata_name(data, server.length);
    tool_print(run, "\torigin = %s\n", dns_name_print_plain(&server, text));
    tool_print(run, "\tmail addr = %s\n", dns_name_print_plain(&mail, text));
    for (size_t i = 0; i < count_of(FIELDS); i++)
        tool_print(run, "\t%s = %u\n", FIELDS[i], load_u32(data.data + data.length - 20 + 4 * i));
}

static void print_record(struct tool_run *run, const struct dns_record *record)
{
    static const struct {
        uint16_t type;
        const char *words;
    } FORMS[] = {{DNS_TYPE_CNAME, "canonical name"}, {DNS_TYPE_NS, "nameserver"}, {DNS_TYPE_PTR, "name"},
                 {DNS_TYPE_MX, "mail exchanger"},    {DNS_TYPE_TXT, "text"},      {DNS_TYPE_SRV, "service"}};
    char name[DNS_NAME_TEXT_BYTES];
    struct text data = {0};
    const char *words = NULL;
    dns_name_print_plain(&record->name, name);
    dns_rdata_print(record->type, record->data, &data);
    for (size_t i = 0; i < count_of(FORMS); i++)
        if (FORMS[i].type == record->type)
            words = FORMS[i].words;
    if (record->type == DNS_TYPE_A || record->type == DNS_TYPE_AAAA) {
        tool_print(run, "Name:\t%s\nAddress: %s\n", name, text_string(&data));
    } else if (record->type == DNS_TYPE_SOA) {
        tool_print(run, "%s\n", name);
        print_soa(run, record->data);
    } else if (words) {
        tool_print(run, "%s\t%s = %s\n", name, words, text_string(&data));
    } else {
        tool_print(run, "%s\trdata_%u = %s\n", name, record->type, text_string(&data));
    }
    text_free(&data);
}

static void show_server(struct nslookup *n, const struct ip *server)
{
    char text[IP_TEXT_BYTES];
    if (n->server_shown)
        return;
    n->server_shown = true;
    ip_print(server, text, sizeof text);
    tool_print(n->run, "Server:\t\t%s\nAddress:\t%s#%u\n\n", n->server ? n->server : text, text, n->port);
}

/* One type. `again`: aliases were shown with the type before. */
static int look_up(struct nslookup *n, const struct dns_question *question, bool again)
{
    struct arena arena = {0};
    struct dns_message m;
    struct ip server;
    const struct dns_records *answer = &m.section[DNS_ANSWER];
    char name[DNS_NAME_TEXT_BYTES];
    int status = ask(n, &arena, question, &m, &server) ? 1 : 0;
    if (status) {
        tool_print(n->run, ";; no servers could be reached\n");
        arena_free(&arena);
        return status;
    }
    bool reverse = question->type == DNS_TYPE_PTR;
    if (!reverse)
        show_server(n, &server);
    if (m.rcode != DNS_NOERROR) {
        tool_print(n->run, "** server can't find %s: %s\n", dns_name_print_plain(&question->name, name),
                   dns_rcode_name(m.rcode));
        status = 1;
    } else {
        if (!m.authoritative && !again && !reverse)
            tool_print(n->run, "Non-authoritative answer:\n");
        if (answer->count == 0 && !again)
            tool_print(n->run, "*** Can't find %s: No answer\n", dns_name_print_plain(&question->name, name));
        for (size_t i = 0; i < answer->count; i++)
            if (!again || answer->list[i].type != DNS_TYPE_CNAME)
                print_record(n->run, &answer->list[i]);
        if (answer->count > 0 && !m.authoritative && !again && question->type != DNS_TYPE_A) {
            tool_print(n->run, "\nAuthoritative answers can be found from:\n");
            for (size_t i = 0; i < m.section[DNS_AUTHORITY].count; i++)
                print_record(n->run, &m.section[DNS_AUTHORITY].list[i]);
        }
    }
    arena_free(&arena);
    return status;
}

static int nslookup_run(struct tool_run *run)
{
    struct nslookup n = {.run = run, .port = 53, .timeout_s = 5, .tries = 3};
    for (int i = 1; i < run->argc; i++) {
        if (run->argv[i][0] == '-') {
            if (read_option(&n, run->argv[i]) != 0)
                return 1;
        } else if (!n.name) {
            n.name = run->argv[i];
        } else {
            n.server = run->argv[i];
        }
    }
    if (!n.name) {
        tool_complain(run, "nslookup: the interactive mode is not supported: give a name\n");
        return 1;
    }
    struct dns_question question = {.type = n.type, .class = DNS_CLASS_IN};
    struct ip address;
    if (ip_parse(n.name, &address) == 0 && !n.type) {
        dns_reverse_name(&address, &question.name);
        question.type = DNS_TYPE_PTR;
    } else if (dns_name_parse(n.name, NULL, &question.name) != 0) {
        tool_print(run, "nslookup: '%s' is not a legal name\n", n.name);
        return 1;
    }
    if (find_servers(&n) != 0)
        return 1;
    bool both = question.type == 0;
    if (both)
        question.type = DNS_TYPE_A;
    int status = look_up(&n, &question, false);
    if (!status && both) {
        question.type = DNS_TYPE_AAAA;
        status = look_up(&n, &question, true);
    }
    tool_print(run, "\n");
    return status;
}

const struct tool NSLOOKUP_TOOL = {
    .name = "nslookup",
    .summary = "looks a name's addresses up",
    .run = nslookup_run,
};
