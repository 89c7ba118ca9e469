/* Messages: bytes to facts, facts to bytes.
 *
 *   +------------+  12 bytes: id, flags, four counts       (RFC 1035 section 4.1.1)
 *   |   header   |
 *   +------------+  name, type, class                      (section 4.1.2)
 *   |  question  |
 *   +------------+  records of one shape: name, type, class, TTL, length, data (section 4.1.3)
 *   |   answer   |    the records asked for, or the CNAMEs that lead there
 *   | authority  |    in a referral who knows more, in a denial the zone's SOA
 *   | additional |    addresses of the servers named above; OPT
 *   +------------+
 *
 * The OPT record (RFC 6891 section 6.1) is no record but a second header: its class is a size, its TTL holds more response code and
 * flags. So it is taken out on reading, and put back as the last record on writing; room for it is set aside first.
 *
 * Parsing copies all data, uncompressed, into the caller's arena, so the packet's bytes can go. Building writes set by set, and takes
 * back a set (with all behind it) that does not fit; a partial set never goes out (RFC 2181 section 9).
 *
 * Left out on purpose: several questions in a message, which nobody sends (RFC 9619); updates (RFC 2136) and their classes. */
#include "application/dns/message.h"

#include <string.h>

#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"

enum {
    FLAG_QR = 0x8000,
    FLAG_AA = 0x0400,
    FLAG_TC = 0x0200,
    FLAG_RD = 0x0100,
    FLAG_RA = 0x0080,
    FLAG_AD = 0x0020,
    FLAG_CD = 0x0010
};
enum { OPT_BYTES = 11, OPT_DO = 0x8000 };

void dns_records_add(struct arena *arena, struct dns_records *records, const struct dns_record *record)
{
    if (records->count == records->capacity) { /* the old list is left to the arena */
        size_t capacity = records->capacity ? records->capacity * 2 : 4;
        struct dns_record *list = arena_take(arena, capacity * sizeof *list);
        if (records->count)
            memcpy(list, records->list, records->count * sizeof *list);
        records->list = list;
        records->capacity = capacity;
    }
    records->list[records->count++] = *record;
}

bool dns_records_have(const struct dns_records *records, const struct dns_name *name, uint16_t type)
{
    for (size_t i = 0; i < records->count; i++)
        if (records->list[i].type == type && dns_name_equal(&records->list[i].name, name))
            return true;
    return false;
}

/* ---- parse ---- */

/* OPT: the name must be the root, and there may be one only. */
static int read_opt(struct arena *arena, const struct dns_record *record, struct reader *r, size_t length,
                    struct dns_message *out)
{
    const uint8_t *options = reader_take(r, length);
    if (!options || out->edns.present || record->name.length != 1)
        return IMP_MALFORMED;
    out->edns = (struct dns_edns){.present = true,
                                  .version = (uint8_t)(record->ttl_s >> 16),
                                  .dnssec_ok = record->ttl_s & OPT_DO,
                                  .udp_bytes = record->class,
                                  .options = {(uint8_t *)arena_copy_bytes(arena, options, length), length}};
    out->rcode = (uint16_t)(out->rcode | (record->ttl_s >> 24) << 4);
    struct reader check = reader_of(options, length);
    while (reader_left(&check) > 0) {
        reader_skip(&check, 2);
        reader_skip(&check, reader_u16(&check));
    }
    return check.failed ? IMP_MALFORMED : 0;
}

static int read_record(struct arena *arena, struct reader *r, enum dns_section section, struct writer *scratch,
                       struct dns_message *out)
{
    struct dns_record record;
    dns_name_read(r, &record.name);
    record.type = reader_u16(r);
    record.class = reader_u16(r);
    record.ttl_s = reader_u32(r);
    size_t length = reader_u16(r);
    if (r->failed)
        return IMP_MALFORMED;
    if (record.type == DNS_TYPE_OPT)
        return section == DNS_ADDITIONAL ? read_opt(arena, &record, r, length, out) : IMP_MALFORMED;
    if (record.ttl_s > INT32_MAX)
        record.ttl_s = 0; /* RFC 2181 section 8 */
    scratch->at = 0;
    int error = dns_rdata_read(r, record.type, length, scratch);
    if (error)
        return error;
    record.data = (struct bytes){(uint8_t *)arena_copy_bytes(arena, scratch->data, scratch->at), scratch->at};
    dns_records_add(arena, &out->section[section], &record);
    return 0;
}

static int read_sections(struct arena *arena, struct reader *r, const uint16_t counts[DNS_SECTIONS], struct dns_message *out)
{
    /* Uncompressed data can be longer than the message: two or three names at most, 255 bytes each. */
    struct writer scratch = writer_of(memory_take(DNS_RDATA_BYTES_MAX), DNS_RDATA_BYTES_MAX);
    int error = 0;
    for (enum dns_section section = DNS_ANSWER; section < DNS_SECTIONS && !error; section++)
        for (unsigned i = 0; i < counts[section] && !error; i++)
            error = read_record(arena, r, section, &scratch, out);
    memory_free(scratch.data);
    return error;
}

int dns_message_parse(struct arena *arena, const uint8_t *data, size_t length, struct dns_message *out)
{
    *out = (struct dns_message){0};
    struct reader r = reader_of(data, length);
    out->id = reader_u16(&r);
    uint16_t flags = reader_u16(&r), questions = reader_u16(&r), counts[DNS_SECTIONS];
    for (unsigned i = 0; i < DNS_SECTIONS; i++)
        counts[i] = reader_u16(&r);
    if (r.failed)
        return IMP_TRUNCATED;
    out->opcode = (uint8_t)(flags >> 11 & 15);
    out->response = flags & FLAG_QR;
    out->authoritative = flags & FLAG_AA;
    out->truncated = flags & FLAG_TC;
    out->recursion_desired = flags & FLAG_RD;
    out->recursion_available = flags & FLAG_RA;
    out->authentic_data = flags & FLAG_AD;
    out->checking_disabled = flags & FLAG_CD;
    out->rcode = flags & 15;
    if (questions > 1)
        return IMP_MALFORMED;
    if (questions == 1) {
        dns_name_read(&r, &out->question.name);
        out->question.type = reader_u16(&r);
        out->question.class = reader_u16(&r);
        if (r.failed)
            return IMP_MALFORMED;
        out->has_question = true;
    }
    if (counts[DNS_ANSWER] + counts[DNS_AUTHORITY] + counts[DNS_ADDITIONAL] > LIMIT_DNS_RECORDS)
        return IMP_LIMIT;
    int error = read_sections(arena, &r, counts, out);
    return error ? error : reader_left(&r) > 0 ? IMP_MALFORMED : 0;
}

/* ---- build ---- */

struct build {
    struct writer w;
    struct dns_compression names;
    uint16_t counts[DNS_SECTIONS];
};

static void write_record(struct build *b, const struct dns_record *record)
{
    dns_name_write(&b->w, &record->name, &b->names, true);
    writer_u16(&b->w, record->type);
    writer_u16(&b->w, record->class);
    writer_u32(&b->w, record->ttl_s);
    size_t length_at = b->w.at;
    writer_u16(&b->w, 0);
    dns_rdata_write(&b->w, record->type, record->data, &b->names);
    writer_patch_u16(&b->w, length_at, (uint16_t)(b->w.at - length_at - 2));
}

/* Records of one name and type that stand together are a set. */
static size_t set_end(const struct dns_records *records, size_t from)
{
    size_t end = from + 1;
    while (end < records->count && records->list[end].type == records->list[from].type &&
           dns_name_equal(&records->list[end].name, &records->list[from].name))
        end++;
    return end;
}

/* False when a set did not fit: it and those behind it are left out. */
static bool write_section(struct build *b, const struct dns_records *records, enum dns_section section)
{
    for (size_t at = 0, end; at < records->count; at = end) {
        size_t start = b->w.at;
        end = set_end(records, at);
        for (size_t i = at; i < end; i++)
            write_record(b, &records->list[i]);
        if (b->w.failed) {
            b->w.at = start;
            b->w.failed = false;
            while (b->names.count > 0 && b->names.offset[b->names.count - 1] >= start)
                b->names.count--;
            return false;
        }
        b->counts[section] = (uint16_t)(b->counts[section] + end - at);
    }
    return true;
}

static void write_opt(struct writer *w, const struct dns_message *m)
{
    writer_u8(w, 0);
    writer_u16(w, DNS_TYPE_OPT);
    writer_u16(w, m->edns.udp_bytes);
    writer_u8(w, (uint8_t)(m->rcode >> 4));
    writer_u8(w, m->edns.version);
    writer_u16(w, m->edns.dnssec_ok ? OPT_DO : 0);
    writer_u16(w, (uint16_t)m->edns.options.length);
    writer_bytes(w, m->edns.options.data, m->edns.options.length);
}

static uint16_t flags_of(const struct dns_message *m, bool truncated)
{
    return (uint16_t)((m->response ? FLAG_QR : 0) | m->opcode << 11 | (m->authoritative ? FLAG_AA : 0) |
                      (truncated ? FLAG_TC : 0) | (m->recursion_desired ? FLAG_RD : 0) |
                      (m->recursion_available ? FLAG_RA : 0) | (m->authentic_data ? FLAG_AD : 0) |
                      (m->checking_disabled ? FLAG_CD : 0) | (m->rcode & 15));
}

int dns_message_build(const struct dns_message *m, uint8_t *out, size_t capacity)
{
    if (capacity > LIMIT_DNS_MESSAGE_BYTES)
        capacity = LIMIT_DNS_MESSAGE_BYTES;
    size_t opt_bytes = m->edns.present ? OPT_BYTES + m->edns.options.length : 0;
    if (capacity < DNS_HEADER_BYTES + opt_bytes)
        return IMP_NO_SPACE;
    struct build b = {.w = writer_of(out, capacity - opt_bytes)};
    writer_zeros(&b.w, DNS_HEADER_BYTES);
    if (m->has_question) {
        dns_name_write(&b.w, &m->question.name, &b.names, true);
        writer_u16(&b.w, m->question.type);
        writer_u16(&b.w, m->question.class);
    }
    if (b.w.failed)
        return IMP_NO_SPACE;
    bool fits =
        write_section(&b, &m->section[DNS_ANSWER], DNS_ANSWER) && write_section(&b, &m->section[DNS_AUTHORITY], DNS_AUTHORITY);
    if (fits && !write_section(&b, &m->section[DNS_ADDITIONAL], DNS_ADDITIONAL))
        fits = m->section[DNS_ANSWER].count > 0; /* a referral needs its addresses, an answer is whole without them */
    b.w.capacity += opt_bytes;
    if (m->edns.present)
        write_opt(&b.w, m);
    struct writer header = writer_of(out, DNS_HEADER_BYTES);
    writer_u16(&header, m->id);
    writer_u16(&header, flags_of(m, m->truncated || !fits));
    writer_u16(&header, m->has_question);
    writer_u16(&header, b.counts[DNS_ANSWER]);
    writer_u16(&header, b.counts[DNS_AUTHORITY]);
    writer_u16(&header, (uint16_t)(b.counts[DNS_ADDITIONAL] + m->edns.present));
    return (int)b.w.at;
}

/* ---- queries ---- */

struct dns_message dns_query(uint16_t id, const struct dns_name *name, uint16_t type, bool recursion_desired,
                             uint16_t edns_udp_bytes)
{
    return (struct dns_message){.id = id,
                                .recursion_desired = recursion_desired,
                                .has_question = true,
                                .question = {.name = *name, .type = type, .class = DNS_CLASS_IN},
                                .edns = {.present = edns_udp_bytes != 0, .udp_bytes = edns_udp_bytes}};
}

bool dns_message_answers(const struct dns_message *response, const struct dns_message *query)
{
    if (!response->response || response->id != query->id || response->opcode != query->opcode)
        return false;
    if (!response->has_question)
        return response->rcode == DNS_FORMERR || response->rcode == DNS_NOTIMP || response->rcode == DNS_SERVFAIL ||
               response->rcode == DNS_REFUSED;
    return response->question.type == query->question.type && response->question.class == query->question.class &&
           dns_name_equal(&response->question.name, &query->question.name);
}

const char *dns_rcode_name(uint16_t rcode)
{
    static const char *const NAMES[] = {"NOERROR",    "FORMERR",    "SERVFAIL",   "NXDOMAIN",   "NOTIMP",  "REFUSED",
                                        "YXDOMAIN",   "YXRRSET",    "NXRRSET",    "NOTAUTH",    "NOTZONE", "RESERVED11",
                                        "RESERVED12", "RESERVED13", "RESERVED14", "RESERVED15", "BADVERS"};
    return rcode < count_of(NAMES) ? NAMES[rcode] : rcode == 23 ? "BADCOOKIE" : "an unassigned code";
}

const char *dns_opcode_name(uint8_t opcode)
{
    static const char *const NAMES[] = {"QUERY",      "IQUERY",     "STATUS",     "RESERVED3", "NOTIFY",     "UPDATE",
                                        "RESERVED6",  "RESERVED7",  "RESERVED8",  "RESERVED9", "RESERVED10", "RESERVED11",
                                        "RESERVED12", "RESERVED13", "RESERVED14", "RESERVED15"};
    return NAMES[opcode & 15];
}
