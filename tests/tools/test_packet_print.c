/* The packet printer against the real tcpdump: the same capture, the same options, the same bytes (tests/tools/packets). And what the
 * printer does on its own: summaries, the bound of its table, cut frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "lab/pcapng.h"
#include "tools/packet_print.h"
#include "tools/pcap_file.h"

static uint8_t *read_file(const char *name, size_t *length)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/tools/packets/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *data = memory_take(1 << 20);
    *length = fread(data, 1, (1 << 20) - 1, file);
    data[*length] = 0;
    assert_int_equal(fclose(file), 0);
    return data;
}

/* Compares line by line, so that a failure shows the line. */
static void compare(const char *name, const char *got, const char *wanted)
{
    for (unsigned line = 1; *got || *wanted; line++) {
        size_t g = strcspn(got, "\n"), w = strcspn(wanted, "\n");
        if (g != w || memcmp(got, wanted, g) != 0)
            fail_msg("%s line %u:\ngot    '%.*s'\nwanted '%.*s'", name, line, (int)g, got, (int)w, wanted);
        got += g + (got[g] == '\n');
        wanted += w + (wanted[w] == '\n');
    }
}

static void golden(const char *name, struct packet_print_options options, unsigned count)
{
    size_t capture_length, wanted_length;
    uint8_t *capture = read_file("packets.pcap", &capture_length), *wanted = read_file(name, &wanted_length);
    struct packet_printer *printer = packet_printer_create(&options);
    struct text text = {0};
    struct pcap_file file;
    struct pcap_packet packet;
    assert_int_equal(pcap_file_open(&file, capture, capture_length), 0);
    assert_int_equal(file.link_type, PCAP_LINK_ETHERNET);
    for (unsigned i = 0; i < count && pcap_file_next(&file, &packet) == 0; i++)
        packet_print(printer, packet.data.data, packet.data.length,
                     &(struct packet_about){.unix_ns = packet.unix_ns, .length_bytes = packet.length_bytes}, &text);
    assert_true(wanted_length > 500);
    compare(name, text_string(&text), (const char *)wanted);
    text_free(&text);
    packet_printer_destroy(printer);
    memory_free(capture);
    memory_free(wanted);
}

static void as_tcpdump_prints(void **state)
{
    (void)state;
    golden("n.txt", (struct packet_print_options){.numeric = true}, 1000);
    golden("names.txt", (struct packet_print_options){0}, 1000);
    golden("n_v.txt", (struct packet_print_options){.numeric = true, .verbose = 1}, 1000);
    golden("n_vvv.txt", (struct packet_print_options){.numeric = true, .verbose = 3}, 1000);
    golden("e_v.txt", (struct packet_print_options){.link = true, .verbose = 1}, 1000);
    golden("n_e_q.txt", (struct packet_print_options){.numeric = true, .link = true, .quiet = true}, 1000);
    golden("n_S_t.txt", (struct packet_print_options){.numeric = true, .absolute_sequence = true, .stamp = PACKET_STAMP_NONE},
           1000);
}

static void dumps_and_times(void **state)
{
    (void)state;
    golden("n_X_ttt.txt", (struct packet_print_options){.numeric = true, .dump = PACKET_DUMP_BOTH, .stamp = PACKET_STAMP_DELTA},
           20);
    golden(
        "n_xx_tttt.txt",
        (struct packet_print_options){.numeric = true, .dump = PACKET_DUMP_HEX, .dump_link = true, .stamp = PACKET_STAMP_DATE},
        20);
    golden("n_A_tt.txt", (struct packet_print_options){.numeric = true, .dump = PACKET_DUMP_TEXT, .stamp = PACKET_STAMP_UNIX},
           50);
    golden("n_XX_ttttt.txt",
           (struct packet_print_options){
               .numeric = true, .dump = PACKET_DUMP_BOTH, .dump_link = true, .stamp = PACKET_STAMP_SINCE},
           12);
}

static void cut_anywhere(void **state) /* any prefix of any frame prints one line, and says when something is missing */
{
    (void)state;
    size_t length;
    uint8_t *capture = read_file("packets.pcap", &length);
    struct packet_print_options options = {.numeric = true};
    struct packet_printer *printer = packet_printer_create(&options);
    struct pcap_file file;
    struct pcap_packet packet;
    unsigned cuts = 0, told = 0;
    assert_int_equal(pcap_file_open(&file, capture, length), 0);
    while (pcap_file_next(&file, &packet) == 0)
        for (size_t cut = 0; cut < 54 && cut < packet.data.length; cut++) {
            struct text text = {0};
            packet_print(printer, packet.data.data, cut, &(struct packet_about){.length_bytes = packet.length_bytes}, &text);
            assert_non_null(strchr(text_string(&text), '\n'));
            assert_ptr_equal(strchr(text_string(&text), '\n'), text_string(&text) + text.length - 1);
            cuts++;
            told += strstr(text_string(&text), "[|") != NULL;
            text_free(&text);
        }
    assert_true(told > cuts / 2);
    packet_printer_destroy(printer);
    memory_free(capture);
}

static const uint8_t SYN[] = {0x02, 0,  0, 0, 0,  2, 0x02, 0, 0,  0, 0,    1, 8,    0,    0x45, 0, 0,    40,
                              0,    1,  0, 0, 64, 6, 0,    0, 10, 0, 0,    1, 10,   0,    0,    2, 0xc0, 0,
                              0,    80, 0, 0, 0,  9, 0,    0, 0,  0, 0x50, 2, 0xfa, 0xf0, 0,    0, 0,    0};

static void summaries(void **state)
{
    (void)state;
    char out[PACKET_SUMMARY_BYTES], small[12];
    assert_string_equal(packet_summary(SYN, sizeof SYN, out, sizeof out),
                        "IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 9, win 64240, length 0");
    assert_string_equal(packet_summary_ip(SYN + 14, sizeof SYN - 14, out, sizeof out),
                        "IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], seq 9, win 64240, length 0");
    assert_string_equal(packet_summary(SYN, sizeof SYN, small, sizeof small), "IP 10.0.0.1");
    assert_string_equal(packet_summary(SYN, 3, out, sizeof out), " [|ether]");
    assert_string_equal(packet_summary_ip(NULL, 0, out, sizeof out), "IP  [|ip]");
}

/* The table of connections is bounded, and a connection it forgot is printed with absolute numbers. */
static void many_connections(void **state)
{
    (void)state;
    uint8_t frame[sizeof SYN];
    struct packet_print_options options = {.numeric = true, .stamp = PACKET_STAMP_NONE};
    struct packet_printer *printer = packet_printer_create(&options);
    struct packet_about about = {.length_bytes = sizeof frame};
    struct text text = {0};
    memcpy(frame, SYN, sizeof frame);
    frame[47] = 0x18; /* PSH, ACK */
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned port = 0; port <= LIMIT_PACKET_PRINT_CONNECTIONS; port++) {
            frame[34] = (uint8_t)(port >> 8);
            frame[35] = (uint8_t)port;
            text_clear(&text);
            packet_print(printer, frame, sizeof frame, &about, &text);
        }
    frame[47] = 0x11; /* FIN, ACK */
    text_clear(&text);
    packet_print(printer, frame, sizeof frame, &about, &text);
    assert_non_null(strstr(text_string(&text), "seq 0, ack 1,")); /* known: relative */
    text_free(&text);
    packet_printer_destroy(printer);
}

static void capture_file_faults(void **state)
{
    (void)state;
    size_t length;
    uint8_t *capture = read_file("packets.pcap", &length);
    struct pcap_file file;
    struct pcap_packet packet;
    assert_int_equal(pcap_file_open(&file, capture, 10), -2); /* IMP_TRUNCATED */
    assert_int_equal(pcap_file_open(&file, capture, 50), 0);
    assert_int_equal(pcap_file_next(&file, &packet), -2);
    capture[0] ^= 1;
    assert_int_equal(pcap_file_open(&file, capture, length), -1);
    capture[0] ^= 1;
    uint8_t big[PCAP_FILE_HEADER_BYTES] = {0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, [18] = 1, [23] = 1};
    assert_int_equal(pcap_file_open(&file, big, sizeof big), 0); /* big-endian, nanoseconds */
    assert_true(file.swapped && file.nanoseconds && file.snapshot_bytes == 256 && file.link_type == 1);
    assert_int_equal(pcap_file_next(&file, &packet), -13); /* IMP_NOT_FOUND */
    memory_free(capture);
}

/* What `imp run --pcap` writes is read packet by packet, with its nanoseconds; cut anywhere it is a fault and nothing worse. */
static void captures_of_wires(void **state)
{
    (void)state;
    static const uint8_t FRAME[61] = {[12] = 8, [60] = 7};
    struct text text = {0};
    struct pcapng_packet packets[] = {{0, {1500000001}, 61}, {1, {2000000002}, 60}};
    pcapng_section(&text, "imp");
    pcapng_interface(&text, "a.eth0", "a to b");
    pcapng_interface(&text, "b.eth0", "b to a");
    for (unsigned i = 0; i < 2; i++) {
        pcapng_packet_begin(&text, &packets[i]);
        text_add_bytes(&text, FRAME, packets[i].length);
        pcapng_packet_end(&text, &packets[i]);
    }
    struct pcap_file file;
    struct pcap_packet packet;
    const uint8_t *data = (const uint8_t *)text.data;
    assert_int_equal(pcap_file_open(&file, data, text.length), 0);
    assert_int_equal(file.link_type, PCAP_LINK_ETHERNET);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pcap_file_next(&file, &packet), 0);
        assert_int_equal(packet.unix_ns, packets[i].time.ns);
        assert_int_equal(packet.length_bytes, packets[i].length);
        assert_int_equal(packet.data.length, packets[i].length);
        assert_memory_equal(packet.data.data, FRAME, packets[i].length);
    }
    assert_int_equal(pcap_file_next(&file, &packet), IMP_NOT_FOUND);
    for (size_t cut = 4; cut < text.length; cut++) {
        int error = pcap_file_open(&file, data, cut);
        while (!error)
            error = pcap_file_next(&file, &packet);
        assert_true(error == IMP_TRUNCATED || (error == IMP_NOT_FOUND && file.rest.length == 0));
    }
    text_free(&text);

    /* Big-endian, microseconds because nothing else is said, a block nobody knows, and an interface of another kind. */
    static const uint8_t BIG[] = {0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0,  255, 255, 255, 255,
                                  255,  255,  255,  255,  0, 0, 0, 28, 0,    0,    0,    1,    0, 0, 0, 20, 0,   1,   0,   0,
                                  0,    0,    1,    0,    0, 0, 0, 20,                                      /* an interface */
                                  0,    0,    0,    99,   0, 0, 0, 16, 1,    2,    3,    4,    0, 0, 0, 16, /* unknown */
                                  0,    0,    0,    6,    0, 0, 0, 36, 0,    0,    0,    0,    0, 0, 0, 1,  0,   0,   0,   5,
                                  0,    0,    0,    2,    0, 0, 0, 9,  8,    9,    0,    0,    0, 0, 0, 36, /* a packet */
                                  0,    0,    0,    1,    0, 0, 0, 20, 0,    113,  0,    0,    0, 0, 1, 0,  0,   0,   0,   20};
    assert_int_equal(pcap_file_open(&file, BIG, sizeof BIG), 0);
    assert_true(file.swapped && file.snapshot_bytes == 256);
    assert_int_equal(pcap_file_next(&file, &packet), 0);
    assert_int_equal(packet.unix_ns, ((INT64_C(1) << 32) + 5) * 1000);
    assert_true(packet.data.length == 2 && packet.data.data[1] == 9 && packet.length_bytes == 9);
    assert_int_equal(pcap_file_next(&file, &packet), IMP_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_tcpdump_prints), cmocka_unit_test(dumps_and_times),  cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(summaries),         cmocka_unit_test(many_connections), cmocka_unit_test(capture_file_faults),
        cmocka_unit_test(captures_of_wires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
