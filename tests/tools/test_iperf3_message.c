/* iperf3's messages: round trips, what the real one sends, what nobody should send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tools/iperf3_json.h"
#include "tools/iperf3_message.h"

static void parameters_go_there_and_back(void **state)
{
    (void)state;
    struct iperf3_parameters in = {.reverse = true,
                                   .server_output = true,
                                   .counters_64bit = true,
                                   .repeating = true,
                                   .dont_fragment = true,
                                   .traffic_class = 0xb8,
                                   .burst = 7,
                                   .omit_s = 3,
                                   .no_delay = true,
                                   .time_s = 10,
                                   .bytes = UINT64_C(5000000000),
                                   .parallel = 4,
                                   .block_bytes = 131072,
                                   .window_bytes = 65536,
                                   .mss = 1400,
                                   .rate_bps = 25000000,
                                   .congestion = "cubic"},
                             out;
    struct text text = {0};
    iperf3_parameters_build(&in, &text);
    assert_int_equal(iperf3_parameters_parse(text.data, text.length, &out), 0);
    assert_memory_equal(&in, &out, sizeof in);
    text_clear(&text);
    in = (struct iperf3_parameters){.udp = true, .bidirectional = true, .time_s = 1, .parallel = 30, .block_bytes = 1448};
    iperf3_parameters_build(&in, &text);
    assert_int_equal(iperf3_parameters_parse(text.data, text.length, &out), 0);
    assert_memory_equal(&in, &out, sizeof in);
    text_free(&text);
}

static void the_real_ones_parameters(void **state)
{
    (void)state;
    static const char REAL[] = "{\"udp\":true,\"omit\":0,\"time\":1,\"num\":0,\"blockcount\":0,\"parallel\":1,\"len\":32768,"
                               "\"bandwidth\":1048576,\"pacing_timer\":1000,\"client_version\":\"3.12\"}";
    struct iperf3_parameters out;
    assert_int_equal(iperf3_parameters_parse(REAL, sizeof REAL - 1, &out), 0);
    assert_true(out.udp && !out.reverse && out.time_s == 1 && out.parallel == 1);
    assert_int_equal(out.block_bytes, 32768);
    assert_int_equal(out.rate_bps, 1048576);
}

static void wrong_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int error;
    } CASES[] = {{"", IMP_MALFORMED},
                 {"[1]", IMP_MALFORMED},
                 {"{\"tcp\":true", IMP_MALFORMED},
                 {"{\"parallel\":0}", IMP_INVALID},
                 {"{\"parallel\":61}", IMP_INVALID},
                 {"{\"parallel\":31,\"bidirectional\":true}", IMP_INVALID},
                 {"{\"parallel\":-1}", IMP_INVALID},
                 {"{\"len\":1e300}", IMP_INVALID},
                 {"{\"len\":\"x\"}", IMP_INVALID},
                 {"{\"udp\":true,\"len\":70000}", IMP_INVALID},
                 {"{\"udp\":true,\"len\":4}", IMP_INVALID},
                 {"{\"time\":99999999999999999999}", IMP_INVALID}};
    struct iperf3_parameters out;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        assert_int_equal(iperf3_parameters_parse(CASES[i].json, strlen(CASES[i].json), &out), CASES[i].error);
    assert_int_equal(iperf3_parameters_parse("{}", 2, &out), 0);
    assert_int_equal(out.block_bytes, IPERF3_BLOCK_TCP);
    assert_int_equal(out.parallel, 1);
}

static void results_go_there_and_back(void **state)
{
    (void)state;
    struct iperf3_results in = {.sender_has_retransmits = true, .congestion = "bbr", .count = 2}, out;
    struct text text = {0};
    in.streams[0] = (struct iperf3_stream_result){.id = 1, .bytes = 661913600, .retransmits = 7, .end_s = 1.5};
    in.streams[1] = (struct iperf3_stream_result){
        .id = 3, .bytes = 4, .retransmits = -1, .jitter_s = 0.125, .errors = 3, .packets = 39, .end_s = 2};
    iperf3_results_build(&in, &text);
    assert_int_equal(iperf3_results_parse(text.data, text.length, &out), 0);
    assert_memory_equal(&in, &out, sizeof in);
    text_free(&text);
}

static void the_real_ones_results(void **state)
{
    (void)state;
    static const char REAL[] = "{\"cpu_util_total\":1.6,\"sender_has_retransmits\":18446744073709551615,\"streams\":[{\"id\":1,"
                               "\"bytes\":131072,\"retransmits\":18446744073709551615,\"jitter\":0.000146554443359375,"
                               "\"errors\":0,\"packets\":4,\"start_time\":0,\"end_time\":1.000353}]}";
    struct iperf3_results out;
    assert_int_equal(iperf3_results_parse(REAL, sizeof REAL - 1, &out), 0);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.streams[0].bytes, 131072);
    assert_int_equal(out.streams[0].retransmits, -1);
    assert_int_equal(out.streams[0].packets, 4);
    assert_false(out.sender_has_retransmits);
    assert_int_equal(iperf3_results_parse("{}", 2, &out), IMP_MALFORMED);
    assert_int_equal(iperf3_results_parse("{\"streams\":[1]}", 15, &out), IMP_MALFORMED);
    assert_int_equal(iperf3_results_parse("{\"streams\":[{\"id\":1,\"bytes\":-1}]}", 33, &out), IMP_MALFORMED);
}

static void numbers_as_iperf3_writes_them(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(iperf3_bytes_print(0, out, sizeof out), "0.00 Bytes");
    assert_string_equal(iperf3_bytes_print(640 * 1024, out, sizeof out), " 640 KBytes");
    assert_string_equal(iperf3_bytes_print(1024 * 1024, out, sizeof out), "1.00 MBytes");
    assert_string_equal(iperf3_bytes_print(1073741824.0 * 12.34, out, sizeof out), "12.3 GBytes");
    assert_string_equal(iperf3_bits_print(9.43e9, 0, out, sizeof out), "9.43 Gbits");
    assert_string_equal(iperf3_bits_print(9.43e9, 'm', out, sizeof out), "9430 Mbits");
    assert_string_equal(iperf3_bits_print(8 * 1536, 'K', out, sizeof out), "1.50 KBytes");
    assert_string_equal(iperf3_bits_print(999, 0, out, sizeof out), " 999 bits");
    uint64_t number;
    assert_int_equal(iperf3_size_parse("128K", &number), 0);
    assert_int_equal(number, 131072);
    assert_int_equal(iperf3_rate_parse("2.5m", &number), 0);
    assert_int_equal(number, 2500000);
    assert_int_equal(iperf3_rate_parse("5x", &number), IMP_MALFORMED);
    assert_int_equal(iperf3_rate_parse("", &number), IMP_MALFORMED);
    assert_int_equal(iperf3_rate_parse("-5", &number), IMP_MALFORMED);
    assert_int_equal(iperf3_rate_parse("5MM", &number), IMP_MALFORMED);
    assert_int_equal(iperf3_stream_id(0), 1);
    assert_int_equal(iperf3_stream_id(1), 3);
    assert_int_equal(iperf3_stream_id(2), 4);
}

static void a_cookie_is_letters_and_digits(void **state)
{
    (void)state;
    uint8_t random[IPERF3_COOKIE_BYTES - 1];
    char cookie[IPERF3_COOKIE_BYTES];
    for (unsigned i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(i * 37);
    iperf3_cookie_make(random, cookie);
    assert_int_equal(strlen(cookie), IPERF3_COOKIE_BYTES - 1);
    assert_int_equal(strspn(cookie, "abcdefghijklmnopqrstuvwxyz234567"), IPERF3_COOKIE_BYTES - 1);
}

static void json_is_laid_out(void **state)
{
    struct text out = {0};
    (void)state;
    iperf3_json_lay_out("{\"a\":[{\"b\":1,\"c\":\"x:{},y\"},{\"d\":true}],\"e\":{},\"f\":[]}", &out);
    assert_string_equal(text_string(&out),
                        "{\n\t\"a\":\t[{\n\t\t\t\"b\":\t1,\n\t\t\t\"c\":\t\"x:{},y\"\n\t\t}, {\n\t\t\t\"d\":\ttrue\n\t\t}],\n"
                        "\t\"e\":\t{},\n\t\"f\":\t[]\n}\n");
    text_clear(&out);
    iperf3_json_lay_out("{\"a\":\"\\\\\",\"b\":\"\\\"{\"}",
                        &out); /* a string that ends in a backslash, and one with a quotation mark */
    assert_string_equal(text_string(&out), "{\n\t\"a\":\t\"\\\\\",\n\t\"b\":\t\"\\\"{\"\n}\n");
    text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_laid_out),
        cmocka_unit_test(parameters_go_there_and_back),
        cmocka_unit_test(the_real_ones_parameters),
        cmocka_unit_test(wrong_parameters),
        cmocka_unit_test(results_go_there_and_back),
        cmocka_unit_test(the_real_ones_results),
        cmocka_unit_test(numbers_as_iperf3_writes_them),
        cmocka_unit_test(a_cookie_is_letters_and_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
