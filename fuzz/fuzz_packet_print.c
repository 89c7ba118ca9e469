/* The packet printer: any bytes, whole or cut, with any options, print lines that end, and nothing breaks. The first byte of the input chooses the
 * options, the second how much of the frame was captured. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/packet_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    uint8_t choice = data[0], cut = data[1];
    data += 2;
    size -= 2;
    struct packet_print_options options = {.numeric = choice & 1,
                                           .link = choice & 2,
                                           .quiet = (choice & 0x0c) == 0x0c,
                                           .verbose = choice >> 4 & 3,
                                           .dump = (enum packet_dump)(choice >> 6),
                                           .dump_link = choice & 8};
    struct packet_printer *printer = packet_printer_create(&options);
    struct text text = {0};
    size_t captured = cut < 128 ? size : size * (cut - 128u) / 128;
    for (unsigned i = 0; i < 2; i++) { /* twice: now the connection is known */
        struct packet_about about = {.unix_ns = 1, .length_bytes = size, .interface = choice & 4 ? "eth0" : NULL};
        packet_print(printer, data, captured, &about, &text);
        assert(text.length > 0 && text.data[text.length - 1] == '\n');
    }
    char summary[PACKET_SUMMARY_BYTES];
    packet_summary(data, captured, summary, sizeof summary);
    packet_summary_ip(data, captured, summary, sizeof summary);
    text_free(&text);
    packet_printer_destroy(printer);
    return 0;
}
