/* The data of records, by type.
 *
 * Each type is one line in TYPES: its number, its name, and its layout, a string with a letter for each field:
 *
 *   n  a name, which a message may compress            1 2 4  a number of so many bytes
 *   N  a name, which it may not (RFC 3597 section 4)   t      a duration in seconds: 4 bytes; a master file may write 1h30m
 *   a  an IPv4 address                                 s      a character string (RFC 1035 section 3.3)
 *   q  an IPv6 address                                 S      one or more character strings, to the end
 *   w  a character string printed bare                 v      the rest, printed as one quoted string
 *   x  the rest, in hexadecimal
 *
 * Four walks over that line do all the work: a message's bytes to plain bytes (names uncompressed), plain bytes to a message, plain
 * bytes to text, and text to plain bytes. A type without a line is `\# length hex` (RFC 3597 section 5), a form in which any type may
 * be written. DNSSEC's types will each be a line, with letters for base64, times and type bitmaps.
 *
 * A reader decompresses names in every type whose layout it knows, SRV too, as RFC 3597 section 4 asks. Left out on purpose: the
 * types of RFC 1035 that died (MB, MG, MR, MD, MF, WKS, NULL); they pass through as unknown types do. */
#include "application/dns/rdata.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"

struct type_line {
    uint16_t type;
    const char *name;
    const char *layout; /* NULL: a type of questions only */
};
static const struct type_line TYPES[] = {
    {DNS_TYPE_A, "A", "a"},           {DNS_TYPE_NS, "NS", "n"},    {DNS_TYPE_CNAME, "CNAME", "n"},
    {DNS_TYPE_SOA, "SOA", "nn4tttt"}, {DNS_TYPE_PTR, "PTR", "n"},  {DNS_TYPE_HINFO, "HINFO", "ss"},
    {DNS_TYPE_MX, "MX", "2n"},        {DNS_TYPE_TXT, "TXT", "S"},  {DNS_TYPE_AAAA, "AAAA", "q"},
    {DNS_TYPE_SRV, "SRV", "222N"},    {DNS_TYPE_OPT, "OPT", NULL}, {DNS_TYPE_IXFR, "IXFR", NULL},
    {DNS_TYPE_AXFR, "AXFR", NULL},    {DNS_TYPE_ANY, "ANY", NULL}, {DNS_TYPE_CAA, "CAA", "1wv"},
};

static const char *layout_of(uint16_t type)
{
    for (size_t i = 0; i < count_of(TYPES); i++)
        if (TYPES[i].type == type && TYPES[i].layout)
            return TYPES[i].layout;
    return "x";
}

static bool type_is_known(uint16_t type) { return layout_of(type)[0] != 'x'; }

char *dns_type_print(uint16_t type, char out[DNS_TYPE_TEXT_BYTES])
{
    for (size_t i = 0; i < count_of(TYPES); i++)
        if (TYPES[i].type == type) {
            snprintf(out, DNS_TYPE_TEXT_BYTES, "%s", TYPES[i].name);
            return out;
        }
    snprintf(out, DNS_TYPE_TEXT_BYTES, "TYPE%u", type);
    return out;
}

/* "TYPE65280", "CLASS32" (RFC 3597 section 5). */
static int generic_parse(const char *text, const char *word, uint16_t *out)
{
    uint64_t number;
    size_t length = strlen(word);
    if (strncasecmp(text, word, length) != 0 || number_parse(text + length, UINT16_MAX, &number) != 0)
        return IMP_MALFORMED;
    *out = (uint16_t)number;
    return 0;
}

int dns_type_parse(const char *text, uint16_t *out)
{
    for (size_t i = 0; i < count_of(TYPES); i++)
        if (text_equal_fold(text, TYPES[i].name)) {
            *out = TYPES[i].type;
            return 0;
        }
    return generic_parse(text, "TYPE", out);
}

static const struct {
    uint16_t class;
    const char *name;
} CLASSES[] = {{DNS_CLASS_IN, "IN"}, {DNS_CLASS_CH, "CH"}, {DNS_CLASS_HS, "HS"}, {DNS_CLASS_ANY, "ANY"}};

char *dns_class_print(uint16_t class, char out[DNS_TYPE_TEXT_BYTES])
{
    snprintf(out, DNS_TYPE_TEXT_BYTES, "CLASS%u", class);
    for (size_t i = 0; i < count_of(CLASSES); i++)
        if (CLASSES[i].class == class)
            snprintf(out, DNS_TYPE_TEXT_BYTES, "%s", CLASSES[i].name);
    return out;
}

int dns_class_parse(const char *text, uint16_t *out)
{
    for (size_t i = 0; i < count_of(CLASSES); i++)
        if (text_equal_fold(text, CLASSES[i].name)) {
            *out = CLASSES[i].class;
            return 0;
        }
    return generic_parse(text, "CLASS", out);
}

/* ---- fields of a fixed size, and the size of the others ---- */

static size_t fixed_bytes(char field)
{
    switch (field) {
    case '1': return 1;
    case '2': return 2;
    case '4':
    case 't':
    case 'a': return 4;
    case 'q': return 16;
    default: return 0;
    }
}

/* ---- from a message to plain bytes ---- */

static void read_field(struct reader *message, char field, size_t end, struct writer *out)
{
    size_t left = message->at < end ? end - message->at : 0, n;
    switch (field) {
    case 'n':
    case 'N': {
        struct dns_name name;
        if (dns_name_read(message, &name) == 0)
            writer_bytes(out, name.b, name.length);
        return;
    }
    case 'S':
        for (bool first = true; first || (message->at < end && !message->failed); first = false)
            read_field(message, 's', end, out);
        return;
    case 's':
    case 'w': n = left ? message->data[message->at] + 1u : 1; break;
    case 'v':
    case 'x': n = left; break;
    default: n = fixed_bytes(field); break;
    }
    const uint8_t *p = n <= left ? reader_take(message, n) : NULL;
    if (p)
        writer_bytes(out, p, n);
    else
        message->failed = true;
}

int dns_rdata_read(struct reader *message, uint16_t type, size_t length, struct writer *out)
{
    if (length > reader_left(message)) {
        message->failed = true;
        return IMP_MALFORMED;
    }
    size_t end = message->at + length;
    for (const char *field = layout_of(type); *field && !message->failed; field++)
        read_field(message, *field, end, out);
    if (message->at != end)
        message->failed = true;
    return message->failed ? IMP_MALFORMED : out->failed ? IMP_NO_SPACE : 0;
}

/* ---- from plain bytes to a message ---- */

/* How many bytes the field at the front of sound plain data takes. */
static size_t plain_bytes(char field, struct bytes left)
{
    switch (field) {
    case 'n':
    case 'N': {
        size_t at = 0;
        while (left.data[at])
            at += left.data[at] + 1u;
        return at + 1;
    }
    case 's':
    case 'w': return left.data[0] + 1u;
    case 'S':
    case 'v':
    case 'x': return left.length;
    default: return fixed_bytes(field);
    }
}

static struct bytes take(struct bytes *left, size_t n)
{
    struct bytes front = {left->data, n};
    left->data += n;
    left->length -= n;
    return front;
}

static struct dns_name name_of(struct bytes plain)
{
    struct dns_name name = {.length = (uint8_t)plain.length};
    memcpy(name.b, plain.data, plain.length);
    return name;
}

void dns_rdata_write(struct writer *message, uint16_t type, struct bytes data, struct dns_compression *table)
{
    for (const char *field = layout_of(type); *field; field++) {
        struct bytes part = take(&data, plain_bytes(*field, data));
        if (*field == 'n' || *field == 'N') {
            struct dns_name name = name_of(part);
            dns_name_write(message, &name, table, *field == 'n');
        } else {
            writer_bytes(message, part.data, part.length);
        }
    }
}

/* ---- from plain bytes to text ---- */

static void print_string(struct text *out, const uint8_t *data, size_t length, bool quoted)
{
    if (quoted)
        text_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (data[i] < ' ' || data[i] >= 127)
            text_format(out, "\\%03u", data[i]);
        else if (data[i] == '"' || data[i] == '\\')
            text_format(out, "\\%c", data[i]);
        else
            text_add_char(out, (char)data[i]);
    }
    if (quoted)
        text_add_char(out, '"');
}

static void print_hex(struct text *out, struct bytes data)
{
    for (size_t i = 0; i < data.length; i++) /* in words of 28 bytes, as dig breaks them */
        text_format(out, "%s%02X", i && i % 28 == 0 ? " " : "", data.data[i]);
}

static void print_field(struct text *out, char field, struct bytes part)
{
    char buffer[DNS_NAME_TEXT_BYTES];
    switch (field) {
    case 'n':
    case 'N': {
        struct dns_name name = name_of(part);
        text_add(out, dns_name_print(&name, buffer));
        return;
    }
    case '1': text_format(out, "%u", part.data[0]); return;
    case '2': text_format(out, "%u", load_u16(part.data)); return;
    case '4':
    case 't': text_format(out, "%u", load_u32(part.data)); return;
    case 'a':
    case 'q': {
        struct ip ip = field == 'a' ? ip4_of_bytes(part.data) : ip6_of_bytes(part.data);
        text_add(out, ip_print(&ip, buffer, sizeof buffer));
        return;
    }
    case 's':
    case 'w': print_string(out, part.data + 1, part.length - 1, field == 's'); return;
    case 'S':
        for (bool first = true; part.length > 0; first = false) {
            struct bytes string = take(&part, plain_bytes('s', part));
            if (!first)
                text_add_char(out, ' ');
            print_field(out, 's', string);
        }
        return;
    case 'v': print_string(out, part.data, part.length, true); return;
    default: print_hex(out, part); return;
    }
}

void dns_rdata_print(uint16_t type, struct bytes data, struct text *out)
{
    if (!type_is_known(type)) {
        text_format(out, "\\# %zu%s", data.length, data.length ? " " : "");
        print_hex(out, data);
        return;
    }
    const char *layout = layout_of(type);
    for (const char *field = layout; *field; field++) {
        if (field != layout)
            text_add_char(out, ' ');
        print_field(out, *field, take(&data, plain_bytes(*field, data)));
    }
}

/* ---- from text to plain bytes; each returns NULL, or what was expected instead ---- */

static const char *parse_number(const char *text, char field, struct writer *out)
{
    uint64_t number;
    uint64_t max = field == '1' ? UINT8_MAX : field == '2' ? UINT16_MAX : UINT32_MAX;
    if (number_parse(text, max, &number) != 0)
        return field == '1'   ? "a number from 0 to 255 was expected"
               : field == '2' ? "a number from 0 to 65535 was expected"
                              : "a number from 0 to 4294967295 was expected";
    uint8_t bytes[4];
    store_u32(bytes, (uint32_t)number);
    size_t n = fixed_bytes(field);
    writer_bytes(out, bytes + 4 - n, n);
    return NULL;
}

int dns_ttl_parse(const char *text, uint32_t *out)
{
    uint64_t total = 0;
    const char *p = text;
    while (*p >= '0' && *p <= '9' && total <= INT32_MAX) {
        char *end;
        uint64_t number = strtoull(p, &end, 10), unit = 1;
        if (end - p > 10)
            break;
        switch (tolower((unsigned char)*end)) {
        case 'w': unit = 7 * 86400; break;
        case 'd': unit = 86400; break;
        case 'h': unit = 3600; break;
        case 'm': unit = 60; break;
        default: break;
        }
        total += number * unit;
        p = *end && strchr("wWdDhHmMsS", *end) ? end + 1 : end;
    }
    *out = (uint32_t)total;
    return *text == '\0' || *p != '\0' ? IMP_MALFORMED : total > INT32_MAX ? IMP_INVALID : 0;
}

static const char *parse_duration(const char *text, struct writer *out)
{
    uint32_t seconds;
    if (dns_ttl_parse(text, &seconds) != 0)
        return "a time in seconds, or such as 1h30m, was expected";
    writer_u32(out, seconds);
    return NULL;
}

static const char *parse_string(const char *text, bool with_length, struct writer *out)
{
    size_t start = out->at;
    if (with_length)
        writer_u8(out, 0);
    for (size_t n = 0; *text; n++) {
        unsigned value = (uint8_t)*text;
        if (*text == '\\' && text[1] >= '0' && text[1] <= '9') {
            if (text[2] < '0' || text[2] > '9' || text[3] < '0' || text[3] > '9')
                return "three digits were expected behind the backslash";
            value = (unsigned)((text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0'));
            text += 3;
        } else if (*text == '\\') {
            value = (uint8_t) * ++text;
            if (value == 0)
                return "a character was expected behind the backslash";
        }
        if (value > 255)
            return "an escape of at most \\255 was expected";
        if (with_length && n == 255)
            return "a string of at most 255 bytes was expected";
        writer_u8(out, (uint8_t)value);
        text++;
    }
    if (with_length && !out->failed)
        out->data[start] = (uint8_t)(out->at - start - 1);
    return NULL;
}

static const char *parse_address(const char *text, char field, struct writer *out)
{
    struct ip ip;
    uint8_t family = field == 'a' ? 4 : 6;
    if (ip_parse(text, &ip) != 0 || ip.family != family)
        return family == 4 ? "an IPv4 address was expected" : "an IPv6 address was expected";
    writer_bytes(out, ip.b, fixed_bytes(field));
    return NULL;
}

static const char *parse_field(const struct dns_token *word, char field, const struct dns_name *origin, struct writer *out)
{
    struct dns_name name;
    switch (field) {
    case 'n':
    case 'N':
        if (dns_name_parse(word->text, origin, &name) != 0)
            return "a domain name was expected (labels of 1 to 63 bytes, 255 in all)";
        writer_bytes(out, name.b, name.length);
        return NULL;
    case '1':
    case '2':
    case '4': return parse_number(word->text, field, out);
    case 't': return parse_duration(word->text, out);
    case 'a':
    case 'q': return parse_address(word->text, field, out);
    case 'v': return parse_string(word->text, false, out);
    default: return parse_string(word->text, true, out); /* s, S, w */
    }
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* \# LENGTH HEX... (RFC 3597 section 5); `words` begins at \#. The result is checked against the type's layout. */
static const char *parse_generic(uint16_t type, const struct dns_token *words, size_t count, struct writer *out, size_t *at)
{
    uint64_t length;
    size_t start = out->at;
    *at = 1;
    if (count < 2 || number_parse(words[1].text, DNS_RDATA_BYTES_MAX, &length) != 0)
        return "the number of bytes was expected behind \\#";
    for (*at = 2; *at < count; (*at)++)
        for (const char *p = words[*at].text; *p; p += 2) {
            int high = hex_value(p[0]), low = high < 0 ? -1 : hex_value(p[1]);
            if (low < 0)
                return "pairs of hexadecimal digits were expected";
            writer_u8(out, (uint8_t)(high << 4 | low));
        }
    if (out->at - start != length)
        return "as many bytes as announced behind \\# were expected";
    if (type_is_known(type) && !out->failed) {
        struct reader check = reader_of(out->data + start, length);
        struct writer plain = writer_of(memory_take(length + DNS_NAME_BYTES_MAX), length);
        int error = dns_rdata_read(&check, type, length, &plain);
        memory_free(plain.data);
        if (error || plain.at != length) /* a pointer in it would mean something else in every message */
            return "data in that type's own format was expected behind \\#";
    }
    return NULL;
}

int dns_rdata_parse(uint16_t type, const struct dns_token *words, size_t count, const struct dns_name *origin,
                    struct writer *out, const char **error, size_t *at)
{
    *at = 0;
    *error = NULL;
    if (count > 0 && !words[0].quoted && strcmp(words[0].text, "\\#") == 0) {
        *error = parse_generic(type, words, count, out, at);
    } else if (!type_is_known(type)) {
        *error = "\\# with a length and hexadecimal digits was expected for a type without a format of its own";
    } else {
        for (const char *field = layout_of(type); *field && !*error; field++) {
            do {
                if (*at == count)
                    *error = "more was expected";
                else if ((*error = parse_field(&words[*at], *field, origin, out)) == NULL)
                    ++*at;
            } while (*field == 'S' && !*error && *at < count);
        }
        if (!*error && *at < count)
            *error = "the end of the record was expected";
    }
    return *error ? IMP_MALFORMED : out->failed ? IMP_NO_SPACE : 0;
}

struct dns_name dns_rdata_name(struct bytes data, size_t offset)
{
    struct bytes left = {data.data + offset, data.length - offset};
    return name_of((struct bytes){left.data, plain_bytes('n', left)});
}

int dns_rdata_target_offset(uint16_t type)
{
    return type == DNS_TYPE_NS ? 0 : type == DNS_TYPE_MX ? 2 : type == DNS_TYPE_SRV ? 6 : -1;
}

uint32_t dns_soa_minimum_s(struct bytes data) { return load_u32(data.data + data.length - 4); }
