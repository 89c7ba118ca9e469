/* The DNS's part of the story.
 *
 * A lookup is a dialogue, and reads as one when each line says what a person would say who stands there:
 *
 *   laptop -> home        A www.shop.example?  (asks its resolver)
 *   resolver -> root      A www.shop.example?  (its cache is empty, so it starts at the root)
 *   root -> resolver      Ask the servers of example: ns.tld.example (192.0.2.53)
 *   resolver -> tld       A www.shop.example?  (a server of example)
 *   ...
 *   shop-dns -> resolver  A www.shop.example = 203.0.113.80, good for 5 min  (from its own zone)
 *
 * One event type for each kind of line, so that an expectation can name it ("dns-referral") and look at its fields. The words come
 * from what the message holds, never from what a server meant to say, and the message is told by its sender, once.
 *
 * Left out on purpose: an event for a message received; it would tell the same line twice, and a loss is the wire's to tell. */
#include "application/dns/story.h"

#include "base/memory.h"
#include "engine/event.h"

static const struct event_type DNS_QUESTION = {
    .name = "dns-question",
    .protocol = "DNS",
    .story = "{type} {name}?{note}",
    .fields = {{"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"note", FIELD_TEXT}}};
static const struct event_type DNS_RETRY = {
    .name = "dns-retry",
    .protocol = "DNS",
    .story = "{type} {name}?  (once more: no useful answer in {waited})",
    .fields = {{"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"waited", FIELD_DURATION}}};
static const struct event_type DNS_OVER_TCP = {.name = "dns-over-tcp",
                                               .protocol = "DNS",
                                               .story = "{type} {name}?  (over TCP now: the answer did not fit a datagram)",
                                               .fields = {{"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}}};
static const struct event_type DNS_ANSWERED = {.name = "dns-answer",
                                               .protocol = "DNS",
                                               .story = "{type} {name} = {answer}, good for {ttl}{note}",
                                               .fields = {{"to", FIELD_ENDPOINT},
                                                          {"type", FIELD_TEXT},
                                                          {"name", FIELD_TEXT},
                                                          {"answer", FIELD_TEXT},
                                                          {"ttl", FIELD_DURATION},
                                                          {"note", FIELD_TEXT}}};
static const struct event_type DNS_REFERRAL = {
    .name = "dns-referral",
    .protocol = "DNS",
    .story = "Ask the servers of {zone}: {servers}",
    .fields = {
        {"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"zone", FIELD_TEXT}, {"servers", FIELD_TEXT}}};
static const struct event_type DNS_NO_NAME = {
    .name = "dns-nxdomain",
    .protocol = "DNS",
    .story = "{name} does not exist{note}",
    .fields = {
        {"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"ttl", FIELD_DURATION}, {"note", FIELD_TEXT}}};
static const struct event_type DNS_NO_DATA = {
    .name = "dns-nodata",
    .protocol = "DNS",
    .story = "{name} exists, but has no {type} record{note}",
    .fields = {
        {"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"ttl", FIELD_DURATION}, {"note", FIELD_TEXT}}};
static const struct event_type DNS_FAILURE = {
    .name = "dns-failure",
    .protocol = "DNS",
    .story = "{rcode} for {type} {name}{note}",
    .fields = {
        {"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"rcode", FIELD_TEXT}, {"note", FIELD_TEXT}}};
static const struct event_type DNS_TRUNCATED = {.name = "dns-truncated",
                                                .protocol = "DNS",
                                                .story = "{type} {name}: the answer does not fit a datagram; ask over TCP",
                                                .fields = {{"to", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}}};
static const struct event_type DNS_CACHED = {.name = "dns-cache-hit",
                                             .protocol = "DNS",
                                             .story = "remembers {type} {name}, for another {left}",
                                             .fields = {{"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"left", FIELD_DURATION}}};
static const struct event_type DNS_USELESS = {
    .name = "dns-useless",
    .protocol = "DNS",
    .level = EVENT_DETAIL,
    .story = "cannot use what {from} says of {type} {name}: {why}",
    .fields = {{"from", FIELD_ENDPOINT}, {"type", FIELD_TEXT}, {"name", FIELD_TEXT}, {"why", FIELD_TEXT}}};

enum { ANSWER_SHOWN_BYTES = 120 }; /* of a long answer */

/* What every line needs, as text. */
struct line {
    struct node *node;
    char type[DNS_TYPE_TEXT_BYTES], name[DNS_NAME_TEXT_BYTES];
    struct text note, text;
};

static bool line_begin(struct line *line, struct net *net, const struct dns_question *question, const char *note)
{
    line->node = net ? net_node(net) : NULL; /* NULL: a message handled without a network, in a test */
    if (!line->node || !event_wanted(line->node))
        return false;
    dns_type_print(question->type, line->type);
    struct dns_name folded = dns_name_fold(&question->name); /* a resolver's random capitals would only distract */
    dns_name_print_plain(&folded, line->name);
    line->note = line->text = (struct text){0};
    if (note)
        text_format(&line->note, "  (%s)", note);
    return true;
}

static void line_end(struct line *line)
{
    text_free(&line->note);
    text_free(&line->text);
}

void dns_story_question(struct net *net, const struct endpoint *to, const struct dns_question *question, const char *note)
{
    struct line l;
    if (!line_begin(&l, net, question, note))
        return;
    event_emit(l.node, &DNS_QUESTION,
               (union event_value[]){{.endpoint = *to}, {.text = l.type}, {.text = l.name}, {.text = text_string(&l.note)}});
    line_end(&l);
}

void dns_story_retry(struct net *net, const struct endpoint *to, const struct dns_question *question, int64_t waited_ns)
{
    struct line l;
    if (!line_begin(&l, net, question, NULL))
        return;
    event_emit(l.node, &DNS_RETRY,
               (union event_value[]){{.endpoint = *to}, {.text = l.type}, {.text = l.name}, {.number = waited_ns}});
    line_end(&l);
}

void dns_story_over_tcp(struct net *net, const struct endpoint *to, const struct dns_question *question)
{
    struct line l;
    if (!line_begin(&l, net, question, NULL))
        return;
    event_emit(l.node, &DNS_OVER_TCP, (union event_value[]){{.endpoint = *to}, {.text = l.type}, {.text = l.name}});
    line_end(&l);
}

void dns_story_cached(struct net *net, const struct dns_question *question, int64_t left_ns)
{
    struct line l;
    if (!line_begin(&l, net, question, NULL))
        return;
    event_emit(l.node, &DNS_CACHED, (union event_value[]){{.text = l.type}, {.text = l.name}, {.number = left_ns}});
    line_end(&l);
}

void dns_story_useless(struct net *net, const struct endpoint *from, const struct dns_question *question, const char *why)
{
    struct line l;
    if (!line_begin(&l, net, question, NULL))
        return;
    event_emit(l.node, &DNS_USELESS,
               (union event_value[]){{.endpoint = *from}, {.text = l.type}, {.text = l.name}, {.text = why}});
    line_end(&l);
}

/* ---- responses ---- */

void dns_answer_print(const struct dns_message *response, struct text *out)
{
    const struct dns_records *answer = &response->section[DNS_ANSWER];
    struct dns_name owner = response->question.name;
    char name[DNS_NAME_TEXT_BYTES];
    bool alias = false, first = true;
    for (size_t i = 0; i < answer->count; i++) { /* aliases stand in the order in which they lead on */
        const struct dns_record *record = &answer->list[i];
        if (record->type == DNS_TYPE_CNAME && response->question.type != DNS_TYPE_CNAME &&
            dns_name_equal(&record->name, &owner)) {
            owner = dns_rdata_name(record->data, 0);
            alias = true;
        }
    }
    if (alias)
        text_format(out, "%s", dns_name_print_plain(&owner, name));
    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_record *record = &answer->list[i];
        if ((record->type != response->question.type && response->question.type != DNS_TYPE_ANY) ||
            !dns_name_equal(&record->name, &owner))
            continue;
        text_add(out, !first ? ", " : alias ? " = " : "");
        dns_rdata_print(record->type, record->data, out);
        first = false;
    }
}

/* "ns1.example (192.0.2.1, 2001:db8::1), ns2.example" */
static void print_servers(const struct dns_message *m, struct text *out)
{
    const struct dns_records *servers = &m->section[DNS_AUTHORITY], *more = &m->section[DNS_ADDITIONAL];
    char name[DNS_NAME_TEXT_BYTES];
    for (size_t i = 0; i < servers->count; i++) {
        if (servers->list[i].type != DNS_TYPE_NS)
            continue;
        struct dns_name target = dns_rdata_name(servers->list[i].data, 0);
        text_format(out, "%s%s", out->length ? ", " : "", dns_name_print_plain(&target, name));
        const char *before = " (";
        for (size_t j = 0; j < more->count; j++)
            if ((more->list[j].type == DNS_TYPE_A || more->list[j].type == DNS_TYPE_AAAA) &&
                dns_name_equal(&more->list[j].name, &target)) {
                text_add(out, before);
                dns_rdata_print(more->list[j].type, more->list[j].data, out);
                before = ", ";
            }
        text_add(out, before[0] == ',' ? ")" : "");
    }
}

static const struct dns_record *find_type(const struct dns_records *records, uint16_t type)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->list[i].type == type)
            return &records->list[i];
    return NULL;
}

static void tell_denial(struct line *l, const struct endpoint *to, const struct dns_message *m)
{
    const struct dns_record *soa = find_type(&m->section[DNS_AUTHORITY], DNS_TYPE_SOA);
    int64_t ttl_s = soa ? dns_soa_minimum_s(soa->data) : 0;
    if (soa && soa->ttl_s < ttl_s)
        ttl_s = soa->ttl_s;
    event_emit(l->node, m->rcode == DNS_NXDOMAIN ? &DNS_NO_NAME : &DNS_NO_DATA,
               (union event_value[]){{.endpoint = *to},
                                     {.text = l->type},
                                     {.text = l->name},
                                     {.number = ttl_s * NS_PER_S},
                                     {.text = text_string(&l->note)}});
}

void dns_story_response(struct net *net, const struct endpoint *to, const struct dns_message *m, const char *note)
{
    struct line l;
    if (!m->has_question || !line_begin(&l, net, &m->question, note))
        return;
    const struct dns_records *answer = &m->section[DNS_ANSWER];
    const struct dns_record *servers = find_type(&m->section[DNS_AUTHORITY], DNS_TYPE_NS);
    if (m->truncated) {
        event_emit(l.node, &DNS_TRUNCATED, (union event_value[]){{.endpoint = *to}, {.text = l.type}, {.text = l.name}});
    } else if (m->rcode != DNS_NOERROR && m->rcode != DNS_NXDOMAIN) {
        event_emit(l.node, &DNS_FAILURE,
                   (union event_value[]){{.endpoint = *to},
                                         {.text = l.type},
                                         {.text = l.name},
                                         {.text = dns_rcode_name(m->rcode)},
                                         {.text = text_string(&l.note)}});
    } else if (answer->count > 0) {
        uint32_t ttl_s = answer->list[0].ttl_s;
        for (size_t i = 1; i < answer->count; i++)
            ttl_s = answer->list[i].ttl_s < ttl_s ? answer->list[i].ttl_s : ttl_s;
        dns_answer_print(m, &l.text);
        if (l.text.length > ANSWER_SHOWN_BYTES) {
            l.text.data[l.text.length = ANSWER_SHOWN_BYTES - 3] = '\0';
            text_add(&l.text, "...");
        }
        event_emit(l.node, &DNS_ANSWERED,
                   (union event_value[]){{.endpoint = *to},
                                         {.text = l.type},
                                         {.text = l.name},
                                         {.text = text_string(&l.text)},
                                         {.number = ttl_s * NS_PER_S},
                                         {.text = text_string(&l.note)}});
    } else if (servers && !m->authoritative) {
        char zone[DNS_NAME_TEXT_BYTES];
        print_servers(m, &l.text);
        event_emit(l.node, &DNS_REFERRAL,
                   (union event_value[]){{.endpoint = *to},
                                         {.text = l.type},
                                         {.text = l.name},
                                         {.text = dns_name_print_plain(&servers->name, zone)},
                                         {.text = text_string(&l.text)}});
    } else {
        tell_denial(&l, to, m);
    }
    line_end(&l);
}
