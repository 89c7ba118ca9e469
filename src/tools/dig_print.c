/* How dig shows a message.
 *
 * Everything is as BIND 9.18's dig prints it, since people and scripts read it by heart: the header's two lines, the OPT pseudosection,
 * sections under a heading and followed by a blank line, and records in columns that begin at 24, 32, 40 and 48, reached with tabs, or with
 * one blank when a field is too long for its column. Without comments only the records are left. A column that is not shown
 * (+nottlid, +noclass) moves the ones behind it to the left.
 *
 * Left out on purpose: +multiline, +rrcomments, and names in Unicode. */
#include "tools/dig_print.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { TAB = 8, NAME_COLUMN = 24 };

/* A line being laid out: the text so far and the column it has reached, as BIND counts it. */
struct layout {
    struct text text;
    unsigned column, target; /* `target`: where the next field begins */
};

static void field(struct layout *l, const char *text)
{
    if (l->target > 0) {
        if (l->column >= l->target) {
            text_add_char(&l->text, ' ');
            l->column++;
        }
        for (; l->column / TAB < l->target / TAB; l->column = (l->column / TAB + 1) * TAB)
            text_add_char(&l->text, '\t');
    }
    text_add(&l->text, text);
    l->column += (unsigned)strlen(text);
}

static void print_record(struct tool_run *run, const struct dig_display *display, const struct dns_record *record)
{
    struct layout l = {0};
    char text[DNS_NAME_TEXT_BYTES];
    field(&l, dns_name_print(&record->name, text));
    l.target = NAME_COLUMN;
    if (display->ttl) {
        snprintf(text, sizeof text, "%u", record->ttl_s);
        field(&l, text);
        l.target += TAB;
    }
    if (display->class) {
        field(&l, dns_class_print(record->class, text));
        l.target += TAB;
    }
    field(&l, dns_type_print(record->type, text));
    l.target += TAB;
    struct text data = {0};
    dns_rdata_print(record->type, record->data, &data);
    field(&l, text_string(&data));
    tool_print(run, "%s\n", text_string(&l.text));
    text_free(&data);
    text_free(&l.text);
}

void dig_print_records(struct tool_run *run, const struct dig_display *display, const struct dns_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        print_record(run, display, &records->list[i]);
}

static void print_section(struct tool_run *run, const struct dig_display *display, const char *title,
                          const struct dns_records *records)
{
    if (records->count == 0)
        return;
    if (display->comments)
        tool_print(run, ";; %s SECTION:\n", title);
    dig_print_records(run, display, records);
    if (display->comments)
        tool_print(run, "\n");
}

static void print_question(struct tool_run *run, const struct dig_display *display, const struct dns_question *question)
{
    struct layout l = {0};
    char text[DNS_NAME_TEXT_BYTES];
    if (display->comments)
        tool_print(run, ";; QUESTION SECTION:\n");
    field(&l, dns_name_print(&question->name, text));
    /* The class is shown even with +noclass, yet the columns are where the records' are. */
    l.target = NAME_COLUMN + (display->ttl && display->class ? TAB : 0);
    field(&l, dns_class_print(question->class, text));
    l.target = NAME_COLUMN + (display->ttl ? 1u : 0u) * TAB + (display->class ? 1u : 0u) * TAB;
    field(&l, dns_type_print(question->type, text));
    tool_print(run, ";%s\n%s", text_string(&l.text), display->comments ? "\n" : "");
    text_free(&l.text);
}

static void print_header(struct tool_run *run, const struct dns_message *query, const struct dns_message *m)
{
    tool_print(run, ";; ->>HEADER<<- opcode: %s, status: %s, id: %u\n", dns_opcode_name(m->opcode), dns_rcode_name(m->rcode),
               m->id);
    tool_print(run, ";; flags:%s%s%s%s%s%s%s; QUERY: %d, ANSWER: %zu, AUTHORITY: %zu, ADDITIONAL: %zu\n",
               m->response ? " qr" : "", m->authoritative ? " aa" : "", m->truncated ? " tc" : "",
               m->recursion_desired ? " rd" : "", m->recursion_available ? " ra" : "", m->authentic_data ? " ad" : "",
               m->checking_disabled ? " cd" : "", m->has_question, m->section[DNS_ANSWER].count,
               m->section[DNS_AUTHORITY].count, m->section[DNS_ADDITIONAL].count + m->edns.present);
    if (query->recursion_desired && m->recursion_desired && !m->recursion_available)
        tool_print(run, ";; WARNING: recursion requested but not available\n");
    tool_print(run, "\n");
}

/* RFC 8914's codes that servers in the field use most. */
static const char *extended_error(uint16_t code)
{
    static const struct {
        uint16_t code;
        const char *name;
    } CODES[] = {{0, "Other"},
                 {3, "Stale Answer"},
                 {15, "Blocked"},
                 {16, "Censored"},
                 {17, "Filtered"},
                 {18, "Prohibited"},
                 {20, "Not Authoritative"},
                 {21, "Not Supported"},
                 {22, "No Reachable Authority"},
                 {23, "Network Error"},
                 {24, "Invalid Data"}};
    for (size_t i = 0; i < count_of(CODES); i++)
        if (CODES[i].code == code)
            return CODES[i].name;
    return "Unknown";
}

static void print_opt(struct tool_run *run, const struct dns_edns *edns)
{
    tool_print(run, ";; OPT PSEUDOSECTION:\n; EDNS: version: %u, flags:%s; udp: %u\n", edns->version,
               edns->dnssec_ok ? " do" : "", edns->udp_bytes);
    struct reader r = reader_of(edns->options.data, edns->options.length);
    while (reader_left(&r) > 0) {
        uint16_t code = reader_u16(&r), length = reader_u16(&r);
        const uint8_t *data = reader_take(&r, length);
        if (!data)
            return;
        if (code == 15 && length >= 2) {
            tool_print(run, "; EDE: %u (%s)", load_u16(data), extended_error(load_u16(data)));
            if (length > 2)
                tool_print(run, ": (%.*s)", length - 2, (const char *)data + 2);
        } else {
            tool_print(run, code == 10 ? "; COOKIE: " : "; OPT=%u:", code);
            for (size_t i = 0; i < length; i++)
                tool_print(run, code == 10 ? "%02x" : " %02x", data[i]);
        }
        tool_print(run, "\n");
    }
}

void dig_print_message(struct tool_run *run, const struct dig_display *display, const struct dns_message *query,
                       const struct dns_message *m)
{
    if (display->short_form) {
        for (size_t i = 0; i < m->section[DNS_ANSWER].count; i++) {
            struct text data = {0};
            dns_rdata_print(m->section[DNS_ANSWER].list[i].type, m->section[DNS_ANSWER].list[i].data, &data);
            tool_print(run, "%s\n", text_string(&data));
            text_free(&data);
        }
        return;
    }
    if (display->comments) {
        tool_print(run, ";; Got answer:\n");
        print_header(run, query, m);
        if (m->edns.present)
            print_opt(run, &m->edns);
    }
    if (display->question && m->has_question)
        print_question(run, display, &m->question);
    if (display->answer)
        print_section(run, display, "ANSWER", &m->section[DNS_ANSWER]);
    if (display->authority)
        print_section(run, display, "AUTHORITY", &m->section[DNS_AUTHORITY]);
    if (display->additional)
        print_section(run, display, "ADDITIONAL", &m->section[DNS_ADDITIONAL]);
}
