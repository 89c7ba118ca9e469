/* What an authoritative server answers, question by question, and what every server says to what makes no sense. No network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "application/dns/authoritative.h"
#include "application/dns/server.h"
#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"

static const char EXAMPLE[] = "$TTL 1h\n"
                              "@ SOA ns hostmaster 1 1h 15m 1w 5m\n"
                              "@ NS ns\n"
                              "ns A 192.0.2.53\n"
                              "www A 192.0.2.80\n"
                              "www A 192.0.2.81\n"
                              "www AAAA 2001:db8::80\n"
                              "alias CNAME www\n"
                              "far CNAME www.other.test.\n"
                              "near CNAME x.sub2\n"
                              "away CNAME www.nowhere.test.\n"
                              "gone CNAME nothing\n"
                              "one CNAME two\n"
                              "two CNAME one\n"
                              "*.wild MX 10 mail\n"
                              "mail AAAA 2001:db8::25\n"
                              "sub NS ns.sub\n"
                              "sub NS ns.other.test.\n"
                              "ns.sub A 192.0.2.54\n"
                              "sub2 NS ns.sub\n";
static const char OTHER[] = "@ 1 SOA ns hm 1 1 1 1 600\n@ NS ns\nns 30 A 198.51.100.53\nwww 30 A 198.51.100.80\n";
static const char DEEP[] = "@ SOA ns.example. hm.example. 1 1 1 1 600\n@ NS ns.example.\nwww 30 A 198.51.100.99\n";

static struct arena arena;
static struct dns_zone zone_list[3];
static struct dns_zones zones = {.list = zone_list, .count = 3};

static int set_up(void **state)
{
    (void)state;
    static const struct {
        const char *origin, *text;
    } ZONES[] = {{"example", EXAMPLE}, {"other.test", OTHER}, {"deep.example", DEEP}};
    struct text errors = {0};
    for (size_t i = 0; i < count_of(ZONES); i++) {
        struct dns_name origin;
        assert_int_equal(dns_name_parse(ZONES[i].origin, NULL, &origin), 0);
        dns_zone_init(&zone_list[i], &arena, &origin);
        if (dns_zone_parse(&zone_list[i], ZONES[i].text, strlen(ZONES[i].text), ZONES[i].origin, &errors) != 0)
            fail_msg("%s", text_string(&errors));
    }
    text_free(&errors);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < count_of(zone_list); i++)
        dns_zone_free(&zone_list[i]);
    arena_free(&arena);
    return 0;
}

/* "NOERROR aa: owner TTL TYPE data; ... | authority | additional" */
static const char *dump(const struct dns_message *m)
{
    static char out[2048];
    struct text text = {0};
    char name[DNS_NAME_TEXT_BYTES], type[DNS_TYPE_TEXT_BYTES];
    text_format(&text, "%s%s%s:", dns_rcode_name(m->rcode), m->authoritative ? " aa" : "", m->truncated ? " tc" : "");
    for (unsigned s = 0; s < DNS_SECTIONS; s++) {
        text_add(&text, s ? " |" : "");
        for (size_t i = 0; i < m->section[s].count; i++) {
            const struct dns_record *r = &m->section[s].list[i];
            text_format(&text, "%s %s %u %s ", i ? ";" : "", dns_name_print_plain(&r->name, name), r->ttl_s,
                        dns_type_print(r->type, type));
            dns_rdata_print(r->type, r->data, &text);
        }
    }
    snprintf(out, sizeof out, "%s", text_string(&text));
    text_free(&text);
    return out;
}

static const char *ask(const char *text, uint16_t type)
{
    static struct arena scratch;
    struct dns_name name;
    arena_free(&scratch);
    assert_int_equal(dns_name_parse(text, NULL, &name), 0);
    struct dns_message query = dns_query(1, &name, type, false, 1232), response = {.question = query.question};
    dns_zones_answer(&zones, &scratch, &query, &response);
    const char *out = dump(&response);
    arena_free(&scratch);
    return out;
}

#define SOA_LINE "example 300 SOA ns.example. hostmaster.example. 1 3600 900 604800 300"

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t type;
        const char *expected;
    } CASES[] = {
        {"www.example", DNS_TYPE_A, "NOERROR aa: www.example 3600 A 192.0.2.80; www.example 3600 A 192.0.2.81 | |"},
        {"WWW.Example", DNS_TYPE_AAAA, "NOERROR aa: WWW.Example 3600 AAAA 2001:db8::80 | |"},
        {"www.example", DNS_TYPE_TXT, "NOERROR aa: | " SOA_LINE " |"},
        {"nothing.example", DNS_TYPE_A, "NXDOMAIN aa: | " SOA_LINE " |"},
        {"wild.example", DNS_TYPE_MX, "NOERROR aa: | " SOA_LINE " |"},
        {"a.wild.example", DNS_TYPE_MX,
         "NOERROR aa: a.wild.example 3600 MX 10 mail.example. | | mail.example 3600 AAAA 2001:db8::25"},
        {"alias.example", DNS_TYPE_AAAA,
         "NOERROR aa: alias.example 3600 CNAME www.example.; www.example 3600 AAAA 2001:db8::80 | |"},
        {"alias.example", DNS_TYPE_CNAME, "NOERROR aa: alias.example 3600 CNAME www.example. | |"},
        {"far.example", DNS_TYPE_A,
         "NOERROR aa: far.example 3600 CNAME www.other.test.; www.other.test 30 A 198.51.100.80 | |"},
        {"away.example", DNS_TYPE_A, "NOERROR aa: away.example 3600 CNAME www.nowhere.test. | |"},
        {"gone.example", DNS_TYPE_A, "NXDOMAIN aa: gone.example 3600 CNAME nothing.example. | " SOA_LINE " |"},
        {"one.example", DNS_TYPE_A, "NOERROR aa: one.example 3600 CNAME two.example.; two.example 3600 CNAME one.example. | |"},
        {"example", DNS_TYPE_NS, "NOERROR aa: example 3600 NS ns.example. | | ns.example 3600 A 192.0.2.53"},
        {"x.sub.example", DNS_TYPE_A,
         "NOERROR: | sub.example 3600 NS ns.sub.example.; sub.example 3600 NS ns.other.test. | ns.sub.example 3600 A "
         "192.0.2.54; "
         "ns.other.test 30 A 198.51.100.53"},
        {"ns.sub.example", DNS_TYPE_A,
         "NOERROR: | sub.example 3600 NS ns.sub.example.; sub.example 3600 NS ns.other.test. | ns.sub.example 3600 A "
         "192.0.2.54; "
         "ns.other.test 30 A 198.51.100.53"},
        {"near.example", DNS_TYPE_A,
         "NOERROR aa: near.example 3600 CNAME x.sub2.example. | sub2.example 3600 NS ns.sub.example. | ns.sub.example 3600 A "
         "192.0.2.54"},
        {"www.deep.example", DNS_TYPE_A, "NOERROR aa: www.deep.example 30 A 198.51.100.99 | |"}, /* the nearest zone of ours */
        {"www.example", DNS_TYPE_ANY, "NOERROR aa: www.example 3600 A 192.0.2.80; www.example 3600 A 192.0.2.81 | |"},
        {"other.test", DNS_TYPE_A,
         "NOERROR aa: | other.test 1 SOA ns.other.test. hm.other.test. 1 1 1 1 600 |"}, /* its TTL is less */
        {"test", DNS_TYPE_A, "REFUSED: | |"},
        {"example.com", DNS_TYPE_A, "REFUSED: | |"},
    };
    for (size_t i = 0; i < count_of(CASES); i++)
        assert_string_equal(ask(CASES[i].name, CASES[i].type), CASES[i].expected);
}

static void test_rotation(void **state)
{
    (void)state;
    static const char FIRST[] = "NOERROR aa: www.example 3600 A 192.0.2.80; www.example 3600 A 192.0.2.81 | |";
    assert_string_equal(ask("www.example", DNS_TYPE_A), FIRST);
    assert_string_equal(ask("www.example", DNS_TYPE_A), FIRST);
    zones.rotate = true;
    assert_string_equal(ask("www.example", DNS_TYPE_A), FIRST);
    assert_string_equal(ask("www.example", DNS_TYPE_A),
                        "NOERROR aa: www.example 3600 A 192.0.2.81; www.example 3600 A 192.0.2.80 | |");
    assert_string_equal(ask("www.example", DNS_TYPE_A), FIRST);
    zones.rotate = false;
}

/* ---- what every server does ---- */

static const char *answer_many(void *context, struct arena *a, const struct dns_client *client, const struct dns_message *query,
                               struct dns_message *response)
{
    (void)client;
    for (unsigned i = 0; i < *(unsigned *)context; i++) {
        uint8_t *address = arena_take(a, 4);
        address[3] = (uint8_t)i;
        dns_records_add(a, &response->section[DNS_ANSWER],
                        &(struct dns_record){
                            .name = query->question.name, .type = DNS_TYPE_A, .class = DNS_CLASS_IN, .data = {address, 4}});
    }
    return NULL;
}

static uint8_t wire[LIMIT_DNS_MESSAGE_BYTES];

static int handle_bytes(struct dns_server *server, bool tcp, const uint8_t *data, size_t length, struct dns_message *response)
{
    struct dns_client client = {.tcp = tcp};
    int built = dns_server_handle(server, &client, data, length, wire);
    if (built > 0)
        assert_int_equal(dns_message_parse(&arena, wire, (size_t)built, response), 0);
    return built;
}

static int handle(struct dns_server *server, bool tcp, const struct dns_message *query, struct dns_message *response)
{
    uint8_t in[600];
    int length = dns_message_build(query, in, sizeof in);
    assert_true(length > 0);
    return handle_bytes(server, tcp, in, (size_t)length, response);
}

static void test_senseless(void **state)
{
    (void)state;
    unsigned one = 1;
    struct dns_server server = {.answer = answer_many, .context = &one};
    struct dns_name name;
    struct dns_message response;
    assert_int_equal(dns_name_parse("www.example", NULL, &name), 0);
    struct dns_message good = dns_query(77, &name, DNS_TYPE_A, true, 0), query = good;
    good.checking_disabled = true;

    assert_true(handle(&server, false, &good, &response) > 0);
    assert_string_equal(dump(&response), "NOERROR: www.example 0 A 0.0.0.0 | |");
    assert_true(response.response && response.recursion_desired && response.checking_disabled && !response.edns.present);
    assert_int_equal(response.id, 77);

    query.response = true; /* a response is never answered */
    assert_int_equal(handle(&server, false, &query, &response), 0);
    assert_int_equal(handle_bytes(&server, false, wire, 11, &response), 0);

    query = good;
    query.opcode = DNS_UPDATE;
    assert_true(handle(&server, false, &query, &response) > 0);
    assert_int_equal(response.rcode, DNS_NOTIMP);
    assert_int_equal(response.opcode, DNS_UPDATE);

    query = good;
    query.has_question = false;
    assert_true(handle(&server, false, &query, &response) > 0);
    assert_int_equal(response.rcode, DNS_FORMERR);

    query = good;
    query.question.class = DNS_CLASS_CH;
    assert_true(handle(&server, false, &query, &response) > 0);
    assert_int_equal(response.rcode, DNS_REFUSED);

    query = good;
    query.question.type = DNS_TYPE_AXFR;
    assert_true(handle(&server, true, &query, &response) > 0);
    assert_int_equal(response.rcode, DNS_NOTIMP);

    query = dns_query(77, &name, DNS_TYPE_A, true, 1232);
    query.edns.version = 1;
    assert_true(handle(&server, false, &query, &response) > 0);
    assert_int_equal(response.rcode, DNS_BADVERS);
    assert_int_equal(response.edns.version, 0);
    assert_int_equal(response.section[DNS_ANSWER].count, 0);

    uint8_t junk[14] = {0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0x0c}; /* a name that points to itself */
    assert_true(handle_bytes(&server, false, junk, sizeof junk, &response) > 0);
    assert_int_equal(response.rcode, DNS_FORMERR);
    assert_int_equal(response.id, 0x1234);
    assert_false(response.has_question);
}

static void test_sizes(void **state)
{
    (void)state;
    unsigned count = 60; /* 60 * 16 + 29 = 989 bytes */
    struct dns_server server = {.answer = answer_many, .context = &count};
    struct dns_name name;
    struct dns_message response;
    assert_int_equal(dns_name_parse("www.example", NULL, &name), 0);
    static const struct {
        uint16_t offered;
        bool tcp, cut;
        uint16_t server_bytes;
    } CASES[] = {
        {0, false, true, 0},   {512, false, true, 0},   {1000, false, false, 0},  {999, false, true, 0},
        {100, false, true, 0}, {4096, false, false, 0}, {4096, false, true, 900}, {0, true, false, 0},
    };
    for (size_t i = 0; i < count_of(CASES); i++) {
        struct dns_message query = dns_query(1, &name, DNS_TYPE_A, true, CASES[i].offered);
        server.udp_bytes = CASES[i].server_bytes;
        int length = handle(&server, CASES[i].tcp, &query, &response);
        assert_true(length > 0);
        assert_int_equal(response.truncated, CASES[i].cut);
        assert_int_equal(response.section[DNS_ANSWER].count, CASES[i].cut ? 0 : 60);
        assert_int_equal(response.edns.present, CASES[i].offered != 0);
        if (response.edns.present)
            assert_int_equal(response.edns.udp_bytes, CASES[i].server_bytes ? CASES[i].server_bytes : LIMIT_DNS_UDP_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_senseless),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
