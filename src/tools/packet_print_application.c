/* The packet printer's application layer: DNS and HTTP. (DHCP has its own room.)
 *
 * DNS: "13169* 1/0/1 A 10.0.0.9 (61)" is the message's number, what is special about it, the numbers of answer, authority and additional records, and the
 * answers; -v adds the names, -vv the question and the other sections, -vvv the times to live. The message is taken apart by
 * application/dns/message.c into an arena that ends with the packet. That parser gathers the OPT record (RFC 6891) apart from the others, so
 * it is printed behind them, where servers put it. A message that breaks its format shows what its header says, and "[|domain]".
 *
 * HTTP: the first line of a request or response; -v shows all lines of text. A segment in the middle of a body is just "HTTP": a printer of
 * packets does not reassemble streams. RFC 1035 section 4, RFC 9112 section 2. No state, no timers. */
#include <ctype.h>
#include <string.h>

#include "application/dns/message.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "tools/packet_print_rooms.h"

/* ---- DNS ---- */

static const char *const DNS_OPERATIONS[16] = {"",         " inv_q",    " stat",     " op3",     " notify",  " update",
                                               " op6",     " op7",      " op8",      " updateA", " updateD", " updateDA",
                                               " updateM", " updateMA", " zoneInit", " zoneRef"};
static const char *const DNS_RESULTS[11] = {"",          " FormErr", " ServFail", " NXDomain", " NotImp", " Refused",
                                            " YXDomain", " YXRRSet", " NXRRSet",  " NotAuth",  " NotZone"};

static void print_name(struct print *print, const struct dns_name *name)
{
    char text[DNS_NAME_TEXT_BYTES];
    text_add(print->out, dns_name_print(name, text));
}

static void print_type(struct print *print, uint16_t type)
{
    char text[DNS_TYPE_TEXT_BYTES];
    dns_type_print(type, text);
    if (strncmp(text, "TYPE", 4) == 0)
        text_format(print->out, " Type%u", type);
    else
        text_format(print->out, " %s", text);
}

static void print_class(struct print *print, uint16_t class)
{
    if (class == DNS_CLASS_IN)
        return;
    text_format(print->out,
                class == DNS_CLASS_CH    ? " CHAOS"
                : class == DNS_CLASS_HS  ? " HS"
                : class == DNS_CLASS_ANY ? " ANY"
                                         : " (Class %u)",
                class);
}

static void print_texts(struct print *print, struct bytes data)
{
    struct reader reader = reader_of(data.data, data.length);
    while (reader_left(&reader)) {
        uint8_t length = reader_u8(&reader);
        const uint8_t *text = reader_take(&reader, length);
        text_add(print->out, " \"");
        for (unsigned i = 0; text && i < length; i++)
            text_add_char(print->out, text[i] >= 0x20 && text[i] < 0x7f ? (char)text[i] : '.');
        text_add_char(print->out, '"');
    }
}

static void print_soa(struct print *print, struct bytes data)
{
    struct reader reader = reader_of(data.data, data.length);
    struct dns_name name;
    for (unsigned i = 0; i < 2; i++) {
        dns_name_read(&reader, &name);
        text_add_char(print->out, ' ');
        print_name(print, &name);
    }
    for (unsigned i = 0; i < 5; i++)
        text_format(print->out, " %u", reader_u32(&reader));
}

static void print_record(struct print *print, const struct dns_record *record)
{
    struct ip address;
    struct dns_name name;
    if (print->options->verbose) {
        text_add_char(print->out, ' ');
        print_name(print, &record->name);
    }
    print_class(print, record->class);
    if (print->options->verbose > 2) {
        text_add(print->out, " [");
        print_seconds(print, record->ttl_s);
        text_add(print->out, "]");
    }
    print_type(print, record->type);
    switch (record->type) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
        text_add_char(print->out, ' ');
        address = record->type == DNS_TYPE_A ? ip4_of_bytes(record->data.data) : ip6_of_bytes(record->data.data);
        print_address(print, &address);
        break;
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
    case DNS_TYPE_MX:
    case DNS_TYPE_SRV:
        name = dns_rdata_name(record->data, record->type == DNS_TYPE_MX ? 2 : record->type == DNS_TYPE_SRV ? 6 : 0);
        text_add_char(print->out, ' ');
        print_name(print, &name);
        if (record->type == DNS_TYPE_MX)
            text_format(print->out, " %u", load_u16(record->data.data));
        else if (record->type == DNS_TYPE_SRV)
            text_format(print->out, ":%u %u %u", load_u16(record->data.data + 4), load_u16(record->data.data),
                        load_u16(record->data.data + 2));
        break;
    case DNS_TYPE_SOA:
        if (print->options->verbose)
            print_soa(print, record->data);
        break;
    case DNS_TYPE_TXT: print_texts(print, record->data); break;
    default: break;
    }
}

static void print_edns(struct print *print, const struct dns_edns *edns)
{
    if (print->options->verbose)
        text_add(print->out, " .");
    text_format(print->out, " OPT UDPsize=%u%s", edns->udp_bytes, edns->dnssec_ok ? " DO" : "");
    struct reader reader = reader_of(edns->options.data, edns->options.length);
    const char *separator = " [";
    while (reader_left(&reader) >= 4) {
        uint16_t code = reader_u16(&reader), length = reader_u16(&reader);
        const uint8_t *value = reader_take(&reader, length);
        text_format(print->out, code == 10 ? "%sCOOKIE " : "%sOpt%u ", separator, code);
        for (unsigned i = 0; value && i < length; i++)
            text_format(print->out, "%02x", value[i]);
        separator = ",";
    }
    if (separator[0] == ',')
        text_add_char(print->out, ']');
}

static void print_section(struct print *print, const char *title, const struct dns_records *records,
                          const struct dns_edns *edns)
{
    if (records->count == 0 && !edns)
        return;
    text_add(print->out, title);
    for (size_t i = 0; i < records->count; i++) {
        if (i)
            text_add_char(print->out, ',');
        print_record(print, &records->list[i]);
    }
    if (edns) {
        if (records->count)
            text_add_char(print->out, ',');
        print_edns(print, edns);
    }
}

static void print_question(struct print *print, const struct dns_message *dns)
{
    print_type(print, dns->question.type);
    print_class(print, dns->question.class);
    text_add(print->out, "? ");
    print_name(print, &dns->question.name);
}

static void print_other_sections(struct print *print, const struct dns_message *dns)
{
    print_section(print, " ns:", &dns->section[DNS_AUTHORITY], NULL);
    print_section(print, " ar:", &dns->section[DNS_ADDITIONAL], dns->edns.present ? &dns->edns : NULL);
}

static void print_dns_result(struct print *print, const struct dns_message *dns)
{
    unsigned result = dns->rcode & 15; /* the header's four bits */
    if (result < 11)
        text_add(print->out, DNS_RESULTS[result]);
    else
        text_format(print->out, " Resp%u", result);
    text_format(print->out, "%s%s%s%s", dns->authoritative ? "*" : "", dns->recursion_available ? "" : "-",
                dns->truncated ? "|" : "", dns->authentic_data ? "$" : "");
}

static void print_dns_response(struct print *print, const struct dns_message *dns)
{
    print_dns_result(print, dns);
    if (!dns->has_question)
        text_add(print->out, " [0q]");
    else if (print->options->verbose > 1) {
        text_add(print->out, " q:");
        print_question(print, dns);
    }
    text_format(print->out, " %zu/%zu/%zu", dns->section[DNS_ANSWER].count, dns->section[DNS_AUTHORITY].count,
                dns->section[DNS_ADDITIONAL].count + dns->edns.present);
    print_section(print, "", &dns->section[DNS_ANSWER], NULL);
    if (print->options->verbose > 1)
        print_other_sections(print, dns);
}

static void print_dns_query(struct print *print, const struct dns_message *dns, uint16_t flags)
{
    enum { ODD_IN_A_QUERY = 0x06cf }; /* AA, TC, RA, Z, a response code */
    size_t additional = dns->section[DNS_ADDITIONAL].count + dns->edns.present;
    text_format(print->out, "%s%s", dns->recursion_desired ? "+" : "", dns->checking_disabled ? "%" : "");
    if (flags & ODD_IN_A_QUERY)
        text_format(print->out, " [b2&3=0x%x]", flags);
    if (dns->section[DNS_ANSWER].count)
        text_format(print->out, " [%zua]", dns->section[DNS_ANSWER].count);
    if (!dns->has_question)
        text_add(print->out, " [0q]");
    if (dns->section[DNS_AUTHORITY].count)
        text_format(print->out, " [%zun]", dns->section[DNS_AUTHORITY].count);
    if (additional)
        text_format(print->out, " [%zuau]", additional);
    if (dns->has_question)
        print_question(print, dns);
    if (print->options->verbose > 1) {
        print_section(print, " an:", &dns->section[DNS_ANSWER], NULL);
        print_other_sections(print, dns);
    }
}

/* What the header says of a message whose rest cannot be read. */
static void print_dns_broken(struct print *print, const struct dns_message *dns)
{
    if (dns->response)
        print_dns_result(print, dns);
    else
        text_format(print->out, "%s%s", dns->recursion_desired ? "+" : "", dns->checking_disabled ? "%" : "");
    text_add(print->out, " [|domain]");
}

void print_dns(struct print *print, struct view message)
{
    struct arena arena = {0};
    struct dns_message dns = {0};
    int error = dns_message_parse(&arena, message.data, message.have, &dns);
    if (message.have < DNS_HEADER_BYTES) {
        text_format(print->out, message.have < message.length ? " [|domain]" : "domain [length %zu < 12] (invalid)",
                    message.length);
        arena_free(&arena);
        return;
    }
    text_format(print->out, "%u%s", dns.id, DNS_OPERATIONS[dns.opcode & 15]);
    if (error)
        print_dns_broken(print, &dns);
    else if (dns.response)
        print_dns_response(print, &dns);
    else
        print_dns_query(print, &dns, load_u16(message.data + 2));
    if (!error)
        text_format(print->out, " (%zu)", message.length);
    arena_free(&arena);
}

/* ---- HTTP ---- */

/* The length of the first line without its end, if it is all text; 0 otherwise. *next: where the line after it starts. */
static size_t line_of_text(const uint8_t *data, size_t length, size_t *next)
{
    for (size_t i = 0; i < length; i++) {
        if (data[i] == '\n') {
            *next = i + 1;
            return i > 0 && data[i - 1] == '\r' ? i - 1 : i;
        }
        if (data[i] != '\r' && data[i] != '\t' && (data[i] < 0x20 || data[i] >= 0x7f)) {
            *next = 0;
            return 0;
        }
    }
    *next = length;
    return length;
}

static bool begins_message(struct view text)
{
    static const char *const WORDS[] = {"GET ",   "HEAD ",    "POST ",    "PUT ",   "DELETE ",
                                        "PATCH ", "OPTIONS ", "CONNECT ", "TRACE ", "HTTP/1."};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        size_t length = strlen(WORDS[i]);
        if (text.have >= length && memcmp(text.data, WORDS[i], length) == 0)
            return true;
    }
    return false;
}

void print_http(struct print *print, struct view text)
{
    size_t next;
    if (!begins_message(text))
        return;
    if (!print->options->verbose) {
        size_t line = line_of_text(text.data, text.have, &next);
        text_add(print->out, ": ");
        text_add_bytes(print->out, text.data, line);
        return;
    }
    text_format(print->out, ", length: %zu", text.length);
    for (size_t at = 0; at < text.have; at += next) {
        size_t line = line_of_text(text.data + at, text.have - at, &next);
        if (next == 0)
            break;
        text_add(print->out, "\n\t");
        text_add_bytes(print->out, text.data + at, line);
    }
}
