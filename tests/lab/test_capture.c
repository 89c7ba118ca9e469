/* Captures: written, and read back by libpcap, which knows the format from elsewhere; and what cannot be written. */
#include <pcap/pcap.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "lab/capture.h"
#include "lab/pcapng.h"
#include "lab/scenario.h"
#include "load.h"

#define PAIR "nodes: {a: {address: 10.0.0.1/24}, b: {address: 10.0.0.2/24}}\nwires: [a - b]\n"

static void blocks_are_as_the_format_says(void **state)
{
    (void)state;
    struct text out = {0};
    pcapng_section(&out, "imp");
    static const uint8_t section[] = {0x0a, 0x0d, 0x0d, 0x0a, 0x28, 0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, 1, 0,
                                      0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 4,    0,    3, 0,
                                      'i',  'm',  'p',  0,    0,    0,    0,    0,    0x28, 0,    0,    0};
    assert_int_equal(out.length, sizeof section);
    assert_memory_equal(out.data, section, sizeof section);
    text_clear(&out);
    struct pcapng_packet packet = {.interface = 1, .time = {INT64_C(0x123456789a)}, .length = 5};
    pcapng_packet_begin(&out, &packet);
    text_add_bytes(&out, "hello", 5);
    pcapng_packet_end(&out, &packet);
    static const uint8_t block[] = {6,    0,    0, 0, 0x34, 0, 0, 0, 1, 0, 0,   0,   0x12, 0,   0,   0, 0x9a, 0x78,
                                    0x56, 0x34, 5, 0, 0,    0, 5, 0, 0, 0, 'h', 'e', 'l',  'l', 'o', 0, 0,    0,
                                    2,    0,    4, 0, 2,    0, 0, 0, 0, 0, 0,   0,   0x34, 0,   0,   0};
    assert_int_equal(out.length, sizeof block);
    assert_memory_equal(out.data, block, sizeof block);
    text_free(&out);
}

static void names_become_file_names(void **state)
{
    (void)state;
    struct text name = {0};
    capture_file_name("laptop.eth0 - sw.p1", &name);
    assert_string_equal(text_string(&name), "laptop.eth0-sw.p1.pcapng");
    text_clear(&name);
    capture_file_name("../etc/\xc3\xa9", &name);
    assert_string_equal(text_string(&name), ".._etc___.pcapng");
    text_free(&name);
}

static void a_capture_is_read_back(void **state)
{
    (void)state;
    char folder[] = "/tmp/imp-test-XXXXXX", path[200], message[PCAP_ERRBUF_SIZE];
    assert_non_null(mkdtemp(folder));
    struct lab *lab = lab_of(PAIR "scenario:\n  - { at: 1ms, run: a$ ping -c 1 10.0.0.2 }\n");
    struct scenario *scenario = scenario_create(lab);
    struct scenario_result result;
    struct world *world;
    struct capture *capture;
    struct text error = {0};
    assert_int_equal(world_create(lab, NULL, &error, &world), 0);
    assert_int_equal(capture_start(world, folder, &error, &capture), 0);
    scenario_run(scenario, world, (struct instant){100 * NS_PER_MS}, NULL, &result);
    assert_int_equal(capture_finish(capture, &error), 0);
    world_destroy(world, NULL);
    scenario_destroy(scenario);
    lab_free(lab);
    snprintf(path, sizeof path, "%s/a.eth0-b.eth0.pcapng", folder);
    pcap_t *file = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, message);
    if (!file)
        fail_msg("%s", message);
    assert_int_equal(pcap_datalink(file), DLT_EN10MB);
    struct bpf_program filter;
    assert_int_equal(pcap_compile(file, &filter, "icmp", 1, PCAP_NETMASK_UNKNOWN), 0);
    struct pcap_pkthdr *header;
    const u_char *data;
    int echoes = 0, status;
    while ((status = pcap_next_ex(file, &header, &data)) == 1)
        if (pcap_offline_filter(&filter, header, data)) {
            assert_int_equal(header->caplen, 98);
            assert_int_equal(header->ts.tv_sec, 0);
            assert_true(header->ts.tv_usec >= 1000000 && header->ts.tv_usec < 2000000); /* ns */
            echoes++;
        }
    assert_int_equal(status, PCAP_ERROR_BREAK);
    assert_int_equal(echoes, 2);
    pcap_freecode(&filter);
    pcap_close(file);
    unlink(path);
    rmdir(folder);
}

static void what_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct lab *lab = lab_of(PAIR);
    struct world *world;
    struct capture *capture;
    struct text error = {0};
    assert_int_equal(world_create(lab, NULL, &error, &world), 0);
    assert_int_not_equal(capture_start(world, "/proc/nowhere", &error, &capture), 0);
    assert_null(capture);
    assert_non_null(strstr(text_string(&error), "'/proc/nowhere'"));
    world_destroy(world, NULL);
    lab_free(lab);
    text_free(&error);
    /* a full disk: the writer says so at the end */
    const char *why = NULL;
    struct file_writer *writer = file_writer_create("/dev/full", &why);
    if (!writer)
        skip();
    file_writer_add(writer, "x", 1);
    assert_false(file_writer_failed(writer)); /* it is in the buffer */
    assert_int_not_equal(file_writer_close(writer, &why), 0);
    assert_string_equal(why, "No space left on device");
    assert_true(file_readable("/dev/full")); /* only regular files are removed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_as_the_format_says),
        cmocka_unit_test(names_become_file_names),
        cmocka_unit_test(a_capture_is_read_back),
        cmocka_unit_test(what_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
