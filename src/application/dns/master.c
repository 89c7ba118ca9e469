/* Master files: a zone as text (RFC 1035 section 5).
 *
 *   $ORIGIN shop.example.        what relative names are relative to
 *   $TTL 5m                      for records that do not say (RFC 2308 section 4)
 *   @    IN SOA ns hostmaster (  parentheses join lines
 *            2026010100 1h 15m 1w 5m )   ; a comment
 *        NS  ns                  a line that begins with a blank goes on with the same owner
 *   ns   A   203.0.113.53
 *   www  300 IN AAAA 2001:db8::80       TTL and class may stand in either order, or be missing
 *
 * Two layers. The lexer cuts one entry (a line, or several within parentheses) into words and quoted strings, each with its place and
 * with its escapes still in it, since names and strings undo them differently. The reader then takes an entry's words: a directive,
 * or owner, TTL, class, type, data. After a fault it goes on with the next entry, so that all faults are told at once.
 *
 * A record without TTL takes $TTL, else the TTL of the record before, else the SOA's MINIMUM.
 *
 * Left out on purpose: $INCLUDE, because a zone's text should not read files; $GENERATE, which is BIND's own; classes but IN. */
#include "application/dns/zone.h"

#include <stdlib.h>
#include <string.h>

#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"

struct master {
    struct dns_zone *zone;
    const char *file;
    struct text *errors;
    unsigned error_count;
    /* lexer */
    const char *text, *end;
    uint32_t line, column;
    struct arena scratch; /* the present entry's words */
    struct dns_token *words;
    size_t word_count, word_capacity;
    bool leading_blank;
    /* reader */
    struct dns_name origin, owner;
    bool has_owner, has_default_ttl, has_last_ttl;
    uint32_t default_ttl_s, last_ttl_s;
    struct writer data;
};

static void fault(struct master *m, uint32_t line, uint32_t column, const char *what)
{
    if (m->error_count++ < LIMIT_DNS_ZONE_ERRORS)
        text_format(m->errors, "%s:%u:%u: %s\n", m->file, line, column, what);
}

static void fault_at(struct master *m, const struct dns_token *word, const char *what)
{
    fault(m, word->line, word->column, what);
}

/* ---- the lexer ---- */

static int peek(const struct master *m) { return m->text < m->end ? (unsigned char)*m->text : -1; }

static void advance(struct master *m)
{
    if (*m->text++ == '\n') {
        m->line++;
        m->column = 1;
    } else {
        m->column++;
    }
}

static void skip_line(struct master *m)
{
    while (peek(m) != -1 && peek(m) != '\n')
        advance(m);
}

/* Takes a word or a string; false when it has no end. */
static bool lex_word(struct master *m)
{
    struct dns_token word = {.quoted = peek(m) == '"', .line = m->line, .column = m->column};
    if (word.quoted)
        advance(m);
    const char *start = m->text;
    for (int c; (c = peek(m)) != -1; advance(m)) {
        if (word.quoted ? c == '"' || c == '\n' : strchr(" \t\r\n;()\"", c) != NULL)
            break;
        if (c == '\\' && m->text + 1 < m->end && m->text[1] != '\n')
            advance(m);
    }
    word.text = arena_copy_bytes(&m->scratch, start, (size_t)(m->text - start));
    if (m->word_count == m->word_capacity) {
        m->word_capacity = m->word_capacity ? m->word_capacity * 2 : 16;
        m->words = memory_grow(m->words, m->word_capacity, sizeof *m->words);
    }
    m->words[m->word_count++] = word;
    if (!word.quoted)
        return true;
    if (peek(m) != '"') {
        fault_at(m, &word, "the quoted string has no end on this line");
        return false;
    }
    advance(m);
    return true;
}

/* Cuts the next entry into words; false at the end of the file. An entry with a fault is left without words. */
static bool lex_entry(struct master *m)
{
    struct dns_token open = {0}; /* where the parenthesis was opened */
    bool good = true;
    arena_free(&m->scratch);
    m->word_count = 0;
    m->leading_blank = peek(m) == ' ' || peek(m) == '\t';
    for (;;) {
        int c = peek(m);
        if (c == -1) {
            if (open.line) {
                fault_at(m, &open, "the parenthesis is never closed");
                m->word_count = 0;
                return false;
            }
            break;
        }
        if (c == '\n' && !open.line) {
            advance(m);
            break;
        }
        if (c == ';') {
            skip_line(m);
        } else if (c == '(' || c == ')') {
            if ((c == '(') == (open.line != 0)) {
                fault(m, m->line, m->column, c == '(' ? "parentheses do not nest" : "no parenthesis is open here");
                good = false;
            }
            open = c == '(' ? (struct dns_token){.line = m->line, .column = m->column} : (struct dns_token){0};
            advance(m);
        } else if (c == 0) {
            fault(m, m->line, m->column, "a zero byte has no place in a zone file");
            good = false;
            advance(m);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            advance(m);
        } else if (!lex_word(m)) {
            good = false;
        } else if (m->word_count > LIMIT_DNS_ZONE_TOKENS) {
            fault(m, m->line, m->column, "the record has too many parts");
            good = false;
            m->word_count = 0;
        }
    }
    if (!good)
        m->word_count = 0;
    return m->word_count > 0 || peek(m) != -1;
}

/* ---- the reader ---- */

static void read_directive(struct master *m)
{
    const struct dns_token *word = &m->words[0], *value = m->word_count == 2 ? &m->words[1] : NULL;
    if (text_equal_fold(word->text, "$ORIGIN")) {
        struct dns_name origin;
        if (!value || dns_name_parse(value->text, &m->origin, &origin) != 0)
            fault_at(m, value ? value : word, "a domain name was expected behind $ORIGIN");
        else
            m->origin = origin;
    } else if (text_equal_fold(word->text, "$TTL")) {
        if (!value || dns_ttl_parse(value->text, &m->default_ttl_s) != 0)
            fault_at(m, value ? value : word, "a time in seconds, or such as 1h30m, was expected behind $TTL");
        else
            m->has_default_ttl = true;
    } else {
        fault_at(m, word, "the directives known here are $ORIGIN and $TTL");
    }
}

static const size_t NO_PLACE = SIZE_MAX;

/* TTL and class, each at most once, in either order. Returns the place of what follows, or NO_PLACE after a fault. */
static size_t read_ttl_and_class(struct master *m, size_t at, uint32_t *ttl_s, bool *has_ttl)
{
    bool has_class = false;
    for (; at < m->word_count && !m->words[at].quoted; at++) {
        const struct dns_token *word = &m->words[at];
        uint16_t class;
        if (!*has_ttl && word->text[0] >= '0' && word->text[0] <= '9') {
            if (dns_ttl_parse(word->text, ttl_s) != 0) {
                fault_at(m, word, "a time to live in seconds, or such as 1h30m, was expected");
                return NO_PLACE;
            }
            *has_ttl = true;
        } else if (!has_class && dns_class_parse(word->text, &class) == 0 && class != DNS_CLASS_ANY) {
            if (class != DNS_CLASS_IN) {
                fault_at(m, word, "only class IN is served");
                return NO_PLACE;
            }
            has_class = true;
        } else {
            break;
        }
    }
    return at;
}

static const char *const TYPE_NAMES[] = {"A", "AAAA", "CAA", "CNAME", "HINFO", "MX", "NS", "PTR", "SOA", "SRV", "TXT", NULL};

static int read_type(struct master *m, size_t at, uint16_t *type)
{
    const struct dns_token *word = &m->words[at];
    if (!word->quoted && dns_type_parse(word->text, type) == 0 && *type != DNS_TYPE_OPT && (*type < 128 || *type > 255) &&
        *type != 0)
        return 0;
    const char *nearest = word->quoted ? NULL : text_nearest(word->text, TYPE_NAMES);
    struct text message = {0};
    text_format(&message, "\"%.40s\" is no record type%s%s%s", word->text, nearest ? "; did you mean " : "",
                nearest ? nearest : "", nearest ? "?" : "");
    fault_at(m, word, text_string(&message));
    text_free(&message);
    return IMP_MALFORMED;
}

/* The TTL of a record that does not give one. */
static bool find_ttl(struct master *m, uint16_t type, uint32_t *ttl_s)
{
    const struct dns_zone_node *apex = dns_zone_find(m->zone, &m->zone->origin);
    const struct dns_set *soa = apex ? dns_node_set(apex, DNS_TYPE_SOA) : NULL;
    if (m->has_default_ttl)
        *ttl_s = m->default_ttl_s;
    else if (m->has_last_ttl)
        *ttl_s = m->last_ttl_s;
    else if (soa)
        *ttl_s = dns_soa_minimum_s(soa->data[0]);
    else if (type == DNS_TYPE_SOA)
        *ttl_s = dns_soa_minimum_s((struct bytes){m->data.data, m->data.at});
    else
        return false;
    return true;
}

static void read_record(struct master *m)
{
    size_t at = 0;
    if (!m->leading_blank) {
        if (dns_name_parse(m->words[0].text, &m->origin, &m->owner) != 0) {
            fault_at(m, &m->words[0], "a domain name was expected (labels of 1 to 63 bytes, 255 in all)");
            return;
        }
        m->has_owner = true;
        at = 1;
    } else if (!m->has_owner) {
        fault_at(m, &m->words[0], "the line begins with a blank, yet no record before it has a name to go on with");
        return;
    }
    uint32_t ttl_s = 0;
    bool has_ttl = false;
    uint16_t type;
    at = read_ttl_and_class(m, at, &ttl_s, &has_ttl);
    if (at == NO_PLACE)
        return;
    if (at == m->word_count) {
        fault_at(m, &m->words[m->word_count - 1], "a record type was expected behind this");
        return;
    }
    if (read_type(m, at, &type) != 0)
        return;
    const struct dns_token *type_word = &m->words[at++];
    const char *error;
    size_t bad;
    m->data.at = 0;
    m->data.failed = false;
    int result = dns_rdata_parse(type, m->words + at, m->word_count - at, &m->origin, &m->data, &error, &bad);
    if (result != 0) {
        fault_at(m, &m->words[at + bad < m->word_count ? at + bad : m->word_count - 1],
                 error ? error : "the record is too long");
        return;
    }
    if (!has_ttl && !find_ttl(m, type, &ttl_s)) {
        fault_at(m, type_word, "the record has no TTL, and neither $TTL nor a SOA record stands before it");
        return;
    }
    if (has_ttl) {
        m->last_ttl_s = ttl_s;
        m->has_last_ttl = true;
    }
    if (dns_zone_add(m->zone, &m->owner, type, ttl_s, (struct bytes){m->data.data, m->data.at}, &error) != 0)
        fault_at(m, &m->words[0], error);
}

int dns_zone_parse(struct dns_zone *zone, const char *text, size_t length, const char *file, struct text *errors)
{
    struct master m = {.zone = zone,
                       .file = file,
                       .errors = errors,
                       .text = text,
                       .end = text + length,
                       .line = 1,
                       .column = 1,
                       .origin = zone->origin,
                       .data = writer_of(memory_take(DNS_RDATA_BYTES_MAX), DNS_RDATA_BYTES_MAX)};
    if (length > LIMIT_DNS_ZONE_BYTES) {
        fault(&m, 1, 1, "the zone file is larger than 16 MiB");
        m.text = m.end;
    }
    while (lex_entry(&m)) {
        if (m.word_count == 0)
            continue;
        if (m.words[0].text[0] == '$' && !m.words[0].quoted && !m.leading_blank)
            read_directive(&m);
        else
            read_record(&m);
    }
    const char *missing = m.error_count == 0 ? dns_zone_fault(zone) : NULL;
    if (missing)
        fault(&m, m.line, m.column, missing);
    if (m.error_count > LIMIT_DNS_ZONE_ERRORS)
        text_format(errors, "%s: and %u faults more\n", file, m.error_count - LIMIT_DNS_ZONE_ERRORS);
    arena_free(&m.scratch);
    memory_free(m.words);
    memory_free(m.data.data);
    return m.error_count ? IMP_MALFORMED : 0;
}
