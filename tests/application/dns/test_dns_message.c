/* Names, data of every type, and whole messages: round trips, limits, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "application/dns/message.h"
#include "base/error.h"
#include "base/memory.h"

static struct dns_name name(const char *text)
{
    struct dns_name out;
    assert_int_equal(dns_name_parse(text, NULL, &out), 0);
    return out;
}

static void test_name_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } GOOD[] = {
        {"www.Example.", "www.Example."},
        {".", "."},
        {"example", "example."},
        {"a\\.b.c", "a\\.b.c."},
        {"\\097b.", "ab."},
        {"\\000x", "\\000x."},
        {"a\\ b", "a\\032b."},
        {"*.example", "*.example."},
        {"_sip._tcp.example", "_sip._tcp.example."},
    };
    char out[DNS_NAME_TEXT_BYTES];
    for (size_t i = 0; i < count_of(GOOD); i++) {
        struct dns_name n = name(GOOD[i].text);
        assert_string_equal(dns_name_print(&n, out), GOOD[i].printed);
        struct dns_name again = name(out);
        assert_true(dns_name_equal(&n, &again));
    }
    static const char *const BAD[] = {"", "..", ".a", "a..b", "a\\25", "a\\256", "a\\"};
    struct dns_name n;
    for (size_t i = 0; i < count_of(BAD); i++)
        assert_int_equal(dns_name_parse(BAD[i], NULL, &n), IMP_MALFORMED);
    struct dns_name origin = name("example.");
    assert_int_equal(dns_name_parse("www", &origin, &n), 0);
    assert_string_equal(dns_name_print_plain(&n, out), "www.example");
    assert_int_equal(dns_name_parse("@", &origin, &n), 0);
    assert_true(dns_name_equal(&n, &origin));
}

static void test_name_limits(void **state)
{
    (void)state;
    char text[300];
    struct dns_name n;
    memset(text, 'a', sizeof text);
    text[63] = '\0';
    assert_int_equal(dns_name_parse(text, NULL, &n), 0);
    text[63] = 'a', text[64] = '\0';
    assert_int_equal(dns_name_parse(text, NULL, &n), IMP_LIMIT);
    /* Three labels of 63 and one of 61 make 3*64 + 62 + 1 = 255 bytes: the longest name there is. */
    memset(text, 'a', sizeof text);
    text[63] = text[127] = text[191] = '.';
    text[192 + 61] = '\0';
    assert_int_equal(dns_name_parse(text, NULL, &n), 0);
    assert_int_equal(n.length, 255);
    text[192 + 61] = 'a', text[192 + 62] = '\0';
    assert_int_equal(dns_name_parse(text, NULL, &n), IMP_LIMIT);
    char out[DNS_NAME_TEXT_BYTES];
    for (size_t i = 0; i < 255; i++) /* the longest text: every byte an escape */
        n.b[i] = (i % 64 == 0) ? 63 : 1;
    n.b[192] = 61, n.b[254] = 0, n.length = 255;
    assert_true(strlen(dns_name_print(&n, out)) < DNS_NAME_TEXT_BYTES);
}

static void test_name_relations(void **state)
{
    (void)state;
    struct dns_name www = name("WWW.shop.example"), shop = name("shop.EXAMPLE"), workshop = name("workshop.example"),
                    star = name("*.example");
    assert_true(dns_name_within(&www, &shop));
    assert_true(dns_name_within(&shop, &shop));
    assert_true(dns_name_within(&shop, &DNS_ROOT));
    assert_false(dns_name_within(&shop, &www));
    assert_false(dns_name_within(&workshop, &shop));
    assert_int_equal(dns_name_labels(&www), 3);
    assert_int_equal(dns_name_labels(&DNS_ROOT), 0);
    struct dns_name suffix = dns_name_suffix(&www, 2), parent = dns_name_parent(&www), root = dns_name_parent(&DNS_ROOT);
    assert_true(dns_name_equal(&suffix, &shop) && dns_name_equal(&parent, &shop) && dns_name_equal(&root, &DNS_ROOT));
    assert_true(dns_name_is_wildcard(&star));
    assert_false(dns_name_is_wildcard(&shop));
    /* RFC 4034 section 6.1's own example of the order. */
    static const char *const ORDER[] = {"example",         "a.example",      "yljkjljk.a.example",
                                        "Z.a.example",     "zABC.a.EXAMPLE", "z.example",
                                        "\\001.z.example", "*.z.example",    "\\200.z.example"};
    for (size_t i = 0; i + 1 < count_of(ORDER); i++) {
        struct dns_name a = name(ORDER[i]), b = name(ORDER[i + 1]);
        assert_int_equal(dns_name_compare(&a, &b), -1);
        assert_int_equal(dns_name_compare(&b, &a), 1);
        assert_int_equal(dns_name_compare(&a, &a), 0);
    }
}

static void test_compression_hostile(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t bytes[12];
        size_t length, at;
    } BAD[] = {
        {"a pointer to itself", {0xc0, 0}, 2, 0},
        {"a pointer forward", {0xc0, 2, 1, 'a', 0}, 5, 0},
        {"two pointers to each other", {0xc0, 2, 0xc0, 0}, 4, 2},
        {"a loop over a label", {1, 'a', 0xc0, 0}, 4, 0},
        {"a pointer into its own run", {1, 'a', 1, 'b', 0xc0, 2}, 6, 0},
        {"a pointer past the end", {0xff, 0xff}, 2, 0},
        {"half a pointer", {0xc0}, 1, 0},
        {"label type 01", {0x41, 'a', 0}, 3, 0},
        {"label type 10", {0x80, 'a', 0}, 3, 0},
        {"no end", {1, 'a'}, 2, 0},
        {"a label past the end", {5, 'a', 'b'}, 3, 0},
    };
    for (size_t i = 0; i < count_of(BAD); i++) {
        struct reader r = reader_of(BAD[i].bytes, BAD[i].length);
        r.at = BAD[i].at;
        struct dns_name n;
        assert_int_equal(dns_name_read(&r, &n), IMP_MALFORMED);
        assert_true(r.failed);
    }
    /* A name that only pointers make longer than 255 bytes. */
    uint8_t chain[600] = {0};
    size_t at = 1, previous = 0;
    for (int i = 0; i < 6; i++) {
        size_t start = at;
        chain[at] = 60;
        at += 61;
        store_u16(chain + at, (uint16_t)(0xc000 | previous));
        at += 2;
        previous = start;
    }
    struct reader r = reader_of(chain, at);
    struct dns_name n;
    r.at = 1 + 63 * 3; /* four labels: 4 * 61 + 1 = 245 */
    assert_int_equal(dns_name_read(&r, &n), 0);
    assert_int_equal(n.length, 245);
    r.at = 1 + 63 * 4; /* five: 306 */
    assert_int_equal(dns_name_read(&r, &n), IMP_MALFORMED);
}

static void test_compression_good(void **state)
{
    (void)state;
    uint8_t out[200];
    struct writer w = writer_of(out, sizeof out);
    struct dns_compression table = {0};
    static const char *const NAMES[] = {"a.a.a.example", "www.shop.example", "shop.example",
                                        "a.a.example",   "WWW.shop.example", "."};
    for (size_t i = 0; i < count_of(NAMES); i++) {
        struct dns_name n = name(NAMES[i]);
        dns_name_write(&w, &n, &table, true);
    }
    assert_false(w.failed);
    /* 15 + (9 + 2) + 2 + 2 + (4 + 2) + 1: "WWW" differs in case, and shop.example follows as a pointer */
    assert_int_equal(w.at, 15 + 11 + 2 + 2 + 6 + 1);
    struct reader r = reader_of(out, w.at);
    for (size_t i = 0; i < count_of(NAMES); i++) {
        struct dns_name n, expected = name(NAMES[i]);
        assert_int_equal(dns_name_read(&r, &n), 0);
        assert_int_equal(n.length, expected.length);
        assert_memory_equal(n.b, expected.b, n.length);
    }
    assert_int_equal(r.at, w.at);
}

/* Words split at blanks, quotes kept together: enough of a lexer for these tests. */
static size_t words_of(char *text, struct dns_token *words)
{
    size_t count = 0;
    while (*text) {
        bool quoted = *text == '"';
        char *start = quoted ? ++text : text;
        while (*text && *text != (quoted ? '"' : ' ')) {
            if (*text == '\\')
                text++;
            text++;
        }
        words[count++] = (struct dns_token){.text = start, .quoted = quoted};
        if (*text)
            *text++ = '\0';
        while (*text == ' ')
            text++;
    }
    return count;
}

static int parse_words(uint16_t type, const char *text, struct writer *w)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", text);
    struct dns_token words[64];
    struct dns_name origin = name("origin.example");
    const char *error;
    size_t at;
    int result = dns_rdata_parse(type, words, words_of(copy, words), &origin, w, &error, &at);
    assert_int_equal(result == IMP_MALFORMED, error != NULL);
    return result;
}

static void test_rdata_every_type(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text, *printed; /* printed NULL: as `text` */
    } CASES[] = {
        {"A", "192.0.2.1", NULL},
        {"AAAA", "2001:DB8:0::1", "2001:db8::1"},
        {"CNAME", "www", "www.origin.example."},
        {"NS", "ns1.example.", NULL},
        {"PTR", "host.example.", NULL},
        {"SOA", "ns. host\\.master 2026010100 2h 900 1w 5m",
         "ns. host\\.master.origin.example. 2026010100 7200 900 604800 300"},
        {"MX", "10 mail.example.", NULL},
        {"MX", "0 .", NULL},
        {"TXT", "\"v=spf1 -all\" bare \"a\\\"b\\\\c\\200\"", "\"v=spf1 -all\" \"bare\" \"a\\\"b\\\\c\\200\""},
        {"TXT", "\"\"", NULL},
        {"SRV", "0 5 5060 sip.example.", NULL},
        {"HINFO", "\"PDP-10\" \"ITS\"", NULL},
        {"CAA", "0 issue \"letsencrypt.org\"", NULL},
        {"TYPE65280", "\\# 4 0A000001", NULL},
        {"TYPE65280", "\\# 0", NULL},
        {"A", "\\# 4 c0000201", "192.0.2.1"},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        uint16_t type;
        uint8_t plain[512], wire[512], again[512];
        char type_text[DNS_TYPE_TEXT_BYTES];
        assert_int_equal(dns_type_parse(CASES[i].type, &type), 0);
        assert_string_equal(dns_type_print(type, type_text), CASES[i].type);
        struct writer w = writer_of(plain, sizeof plain);
        assert_int_equal(parse_words(type, CASES[i].text, &w), 0);
        struct bytes data = {plain, w.at};
        struct text text = {0};
        dns_rdata_print(type, data, &text);
        assert_string_equal(text_string(&text), CASES[i].printed ? CASES[i].printed : CASES[i].text);
        text_free(&text);
        /* Onto the wire and back, compressed against a name before it. */
        struct writer m = writer_of(wire, sizeof wire);
        struct dns_compression table = {0};
        struct dns_name before = name("www.origin.example.");
        dns_name_write(&m, &before, &table, true);
        size_t start = m.at;
        dns_rdata_write(&m, type, data, &table);
        struct reader r = reader_of(wire, m.at);
        r.at = start;
        struct writer back = writer_of(again, sizeof again);
        assert_int_equal(dns_rdata_read(&r, type, m.at - start, &back), 0);
        assert_int_equal(back.at, data.length);
        assert_memory_equal(again, plain, back.at);
        /* One byte short is malformed, except where any length is sound. */
        if (data.length > 0 && type != 65280 && type != DNS_TYPE_CAA) {
            r = reader_of(wire, m.at);
            r.at = start;
            back.at = 0;
            assert_int_equal(dns_rdata_read(&r, type, m.at - start - 1, &back), IMP_MALFORMED);
        }
    }
}

static void test_rdata_errors(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *text;
    } BAD[] = {
        {DNS_TYPE_A, "192.0.2"},
        {DNS_TYPE_A, "::1"},
        {DNS_TYPE_A, ""},
        {DNS_TYPE_A, "192.0.2.1 192.0.2.2"},
        {DNS_TYPE_AAAA, "192.0.2.1"},
        {DNS_TYPE_MX, "mail"},
        {DNS_TYPE_MX, "65536 mail"},
        {DNS_TYPE_MX, "10"},
        {DNS_TYPE_MX, "-1 mail"},
        {DNS_TYPE_NS, "a..b"},
        {DNS_TYPE_SOA, "ns h 1 2 3 4"},
        {DNS_TYPE_SOA, "ns h 1 2x 3 4 5"},
        {DNS_TYPE_SOA, "ns h 1 99999999999 3 4 5"},
        {DNS_TYPE_TXT, ""},
        {DNS_TYPE_TXT, "a\\25"},
        {DNS_TYPE_TXT, "a\\999"},
        {DNS_TYPE_CAA, "256 issue x"},
        {65280, "10.0.0.1"},
        {65280, "\\# 3 0A000001"},
        {65280, "\\# 4 0A00000"},
        {65280, "\\#"},
        {65280, "\\# 1 zz"},
        {DNS_TYPE_A, "\\# 3 0a0000"},
        {DNS_TYPE_NS, "\\# 2 c000"},
        {DNS_TYPE_SOA, "\\# 24 0161 00 c000 00000001 00000001 00000001 00000001 00000001"},
    };
    for (size_t i = 0; i < count_of(BAD); i++) {
        uint8_t plain[512];
        struct writer w = writer_of(plain, sizeof plain);
        if (parse_words(BAD[i].type, BAD[i].text, &w) != IMP_MALFORMED)
            fail_msg("accepted: %s", BAD[i].text);
    }
    char longer[300] = "";
    memset(longer, 'x', 256);
    uint8_t plain[512];
    struct writer w = writer_of(plain, sizeof plain);
    assert_int_equal(parse_words(DNS_TYPE_TXT, longer, &w), IMP_MALFORMED);
    w = writer_of(plain, 3);
    assert_int_equal(parse_words(DNS_TYPE_A, "192.0.2.1", &w), IMP_NO_SPACE);
}

static void add(struct arena *arena, struct dns_message *m, enum dns_section section, const char *owner, uint16_t type,
                const char *text)
{
    uint8_t plain[512];
    struct writer w = writer_of(plain, sizeof plain);
    assert_int_equal(parse_words(type, text, &w), 0);
    struct dns_record record = {.name = name(owner), .type = type, .class = DNS_CLASS_IN, .ttl_s = 300};
    record.data = (struct bytes){(uint8_t *)arena_copy_bytes(arena, plain, w.at), w.at};
    dns_records_add(arena, &m->section[section], &record);
}

static void test_message_round_trip(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct dns_name www = name("www.shop.example");
    struct dns_message m = dns_query(0x1234, &www, DNS_TYPE_A, true, 1232), back;
    m.response = m.authoritative = m.recursion_available = m.authentic_data = m.checking_disabled = true;
    m.rcode = DNS_BADVERS;
    m.edns.dnssec_ok = true;
    m.edns.options = (struct bytes){(const uint8_t *)"\0\x0a\0\x02hi", 6};
    add(&arena, &m, DNS_ANSWER, "www.shop.example", DNS_TYPE_CNAME, "web.shop.example.");
    add(&arena, &m, DNS_ANSWER, "web.shop.example", DNS_TYPE_A, "192.0.2.1");
    add(&arena, &m, DNS_AUTHORITY, "shop.example", DNS_TYPE_NS, "ns.shop.example.");
    add(&arena, &m, DNS_ADDITIONAL, "ns.shop.example", DNS_TYPE_AAAA, "2001:db8::1");
    uint8_t wire[512], wire2[512];
    int length = dns_message_build(&m, wire, sizeof wire);
    assert_true(length > 0);
    assert_int_equal(dns_message_parse(&arena, wire, (size_t)length, &back), 0);
    assert_true(back.response && back.authoritative && back.recursion_available && back.authentic_data &&
                back.checking_disabled);
    assert_true(back.recursion_desired && !back.truncated && back.edns.present && back.edns.dnssec_ok);
    assert_int_equal(back.rcode, DNS_BADVERS);
    assert_int_equal(back.edns.udp_bytes, 1232);
    assert_int_equal(back.edns.options.length, 6);
    assert_int_equal(back.section[DNS_ANSWER].count, 2);
    assert_int_equal(back.section[DNS_AUTHORITY].count, 1);
    assert_int_equal(back.section[DNS_ADDITIONAL].count, 1);
    assert_true(dns_records_have(&back.section[DNS_ADDITIONAL], &back.section[DNS_ADDITIONAL].list[0].name, DNS_TYPE_AAAA));
    int length2 = dns_message_build(&back, wire2, sizeof wire2);
    assert_int_equal(length, length2);
    assert_memory_equal(wire, wire2, (size_t)length);
    assert_true(dns_message_answers(&back, &m));
    back.id++;
    assert_false(dns_message_answers(&back, &m));
    for (size_t cut = 0; cut < (size_t)length; cut++) /* every shorter one is refused */
        assert_true(dns_message_parse(&arena, wire, cut, &back) < 0);
    wire2[length] = 0;
    assert_int_equal(dns_message_parse(&arena, wire2, (size_t)length + 1, &back), IMP_MALFORMED);
    arena_free(&arena);
}

static void test_message_truncation(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct dns_name www = name("www.shop.example");
    struct dns_message m = dns_query(1, &www, DNS_TYPE_A, true, 1232), back;
    m.response = true;
    for (int i = 0; i < 40; i++) {
        char text[32];
        snprintf(text, sizeof text, "192.0.2.%d", i);
        add(&arena, &m, DNS_ANSWER, "www.shop.example", DNS_TYPE_A, text);
    }
    uint8_t wire[2000];
    int full = dns_message_build(&m, wire, sizeof wire);
    assert_int_equal(full, 12 + 18 + 4 + 40 * 16 + 11);
    assert_int_equal(dns_message_build(&m, wire, (size_t)full), full);
    assert_int_equal(dns_message_parse(&arena, wire, (size_t)full, &back), 0);
    assert_false(back.truncated);
    int cut = dns_message_build(&m, wire, 512);
    assert_int_equal(cut, 12 + 18 + 4 + 11);
    assert_int_equal(dns_message_parse(&arena, wire, (size_t)cut, &back), 0);
    assert_true(back.truncated && back.edns.present);
    assert_int_equal(back.section[DNS_ANSWER].count, 0); /* never part of a set */
    assert_int_equal(dns_message_build(&m, wire, 30), IMP_NO_SPACE);

    /* Additional records are dropped silently from an answer, but not from a referral. */
    struct dns_message referral = dns_query(1, &www, DNS_TYPE_A, false, 0);
    add(&arena, &referral, DNS_AUTHORITY, "shop.example", DNS_TYPE_NS, "ns.shop.example.");
    struct dns_message answer = dns_query(1, &www, DNS_TYPE_A, false, 0);
    add(&arena, &answer, DNS_ANSWER, "www.shop.example", DNS_TYPE_A, "192.0.2.1");
    for (int i = 0; i < 40; i++) {
        add(&arena, &referral, DNS_ADDITIONAL, "ns.shop.example", DNS_TYPE_A, "192.0.2.1");
        add(&arena, &answer, DNS_ADDITIONAL, "ns.shop.example", DNS_TYPE_A, "192.0.2.1");
    }
    int length = dns_message_build(&referral, wire, 512);
    assert_int_equal(dns_message_parse(&arena, wire, (size_t)length, &back), 0);
    assert_true(back.truncated);
    length = dns_message_build(&answer, wire, 512);
    assert_int_equal(dns_message_parse(&arena, wire, (size_t)length, &back), 0);
    assert_false(back.truncated);
    assert_int_equal(back.section[DNS_ANSWER].count, 1);
    arena_free(&arena);
}

static void test_message_hostile(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct dns_message m;
    uint8_t wire[64] = {0xab, 0xcd, 0x01, 0x00, 0, 2};
    assert_int_equal(dns_message_parse(&arena, wire, 11, &m), IMP_TRUNCATED);
    assert_int_equal(dns_message_parse(&arena, wire, 12, &m), IMP_MALFORMED); /* two questions */
    assert_int_equal(m.id, 0xabcd);
    assert_true(m.recursion_desired);
    store_u16(wire + 4, 0);
    store_u16(wire + 6, 0xffff);
    assert_int_equal(dns_message_parse(&arena, wire, 12, &m), IMP_LIMIT);
    store_u16(wire + 6, 1); /* one answer, and nothing there */
    assert_int_equal(dns_message_parse(&arena, wire, 12, &m), IMP_MALFORMED);
    /* Two OPT records, and one outside the additional section (RFC 6891 section 6.1.1). */
    static const uint8_t OPT[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
    memcpy(wire + 12, OPT, sizeof OPT);
    memcpy(wire + 12 + sizeof OPT, OPT, sizeof OPT);
    assert_int_equal(dns_message_parse(&arena, wire, 12 + sizeof OPT, &m), IMP_MALFORMED);
    store_u16(wire + 6, 0);
    store_u16(wire + 10, 1);
    assert_int_equal(dns_message_parse(&arena, wire, 12 + sizeof OPT, &m), 0);
    store_u16(wire + 10, 2);
    assert_int_equal(dns_message_parse(&arena, wire, 12 + 2 * sizeof OPT, &m), IMP_MALFORMED);
    /* An option that runs past its record. */
    store_u16(wire + 10, 1);
    static const uint8_t OVERRUN[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, 3, 0, 9};
    memcpy(wire + 12, OVERRUN, sizeof OVERRUN);
    assert_int_equal(dns_message_parse(&arena, wire, 12 + sizeof OVERRUN, &m), IMP_MALFORMED);
    /* A TTL with the top bit set counts as 0 (RFC 2181 section 8). */
    static const uint8_t RECORD[] = {0, 0, 1, 0, 1, 0x80, 0, 0, 1, 0, 4, 192, 0, 2, 1};
    memcpy(wire + 12, RECORD, sizeof RECORD);
    assert_int_equal(dns_message_parse(&arena, wire, 12 + sizeof RECORD, &m), 0);
    assert_int_equal(m.section[DNS_ADDITIONAL].list[0].ttl_s, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_text),          cmocka_unit_test(test_name_limits),
        cmocka_unit_test(test_name_relations),     cmocka_unit_test(test_compression_hostile),
        cmocka_unit_test(test_compression_good),   cmocka_unit_test(test_rdata_every_type),
        cmocka_unit_test(test_rdata_errors),       cmocka_unit_test(test_message_round_trip),
        cmocka_unit_test(test_message_truncation), cmocka_unit_test(test_message_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
