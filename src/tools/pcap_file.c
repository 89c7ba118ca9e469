/* Capture files: what tcpdump -w writes and -r reads.
 *
 * The classic format (draft-ietf-opsawg-pcap) is a header of 24 bytes, whose first four tell the byte order and the resolution of
 * time, and then a record header of 16 bytes in front of each packet's bytes. Data flows through plain buffers: the tool gets whole files and
 * gives pieces of them, so there is no state but the place in the file being read, and there are no timers.
 *
 * A capture on "any" mixes interfaces, so its packets have a "cooked" header in place of Ethernet's (LINKTYPE_LINUX_SLL2), big-endian unlike
 * the file around it, with the interface's index and the direction.
 *
 * A pcapng file is handed on to pcapng_file.c, for reading. Left out on purpose: writing one; tcpdump too writes the classic format. */
#include "tools/pcap_file.h"

#include <string.h>

#include "base/error.h"
#include "base/time.h"

enum { MAGIC_MICRO = (int)0xa1b2c3d4, MAGIC_NANO = (int)0xa1b23c4d };
enum { HARDWARE_ETHERNET = 1, HARDWARE_LOOPBACK = 772 };

static void store_u32_little(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

void pcap_file_header(uint8_t out[PCAP_FILE_HEADER_BYTES], uint32_t link_type, uint32_t snapshot_bytes)
{
    memset(out, 0, PCAP_FILE_HEADER_BYTES);
    store_u32_little(out, (uint32_t)MAGIC_MICRO);
    out[4] = 2; /* version 2.4 */
    out[6] = 4;
    store_u32_little(out + 16, snapshot_bytes);
    store_u32_little(out + 20, link_type);
}

void pcap_record_header(uint8_t out[PCAP_RECORD_HEADER_BYTES], int64_t unix_ns, size_t captured_bytes, size_t length_bytes)
{
    store_u32_little(out, (uint32_t)(unix_ns / NS_PER_S));
    store_u32_little(out + 4, (uint32_t)(unix_ns % NS_PER_S / NS_PER_US));
    store_u32_little(out + 8, (uint32_t)captured_bytes);
    store_u32_little(out + 12, (uint32_t)length_bytes);
}

static uint32_t file_u32(const struct pcap_file *file, const uint8_t *p)
{
    uint32_t big = load_u32(p);
    return file->swapped ? big : __builtin_bswap32(big);
}

int pcap_file_open(struct pcap_file *file, const uint8_t *data, size_t length)
{
    if (pcapng_file_is(data, length))
        return pcapng_file_open(file, data, length);
    *file = (struct pcap_file){0};
    if (length < PCAP_FILE_HEADER_BYTES)
        return IMP_TRUNCATED;
    uint32_t magic = load_u32(data);
    file->swapped = magic == (uint32_t)MAGIC_MICRO || magic == (uint32_t)MAGIC_NANO; /* the file is big-endian */
    magic = file_u32(file, data);
    if (magic != (uint32_t)MAGIC_MICRO && magic != (uint32_t)MAGIC_NANO)
        return IMP_MALFORMED;
    file->nanoseconds = magic == (uint32_t)MAGIC_NANO;
    file->snapshot_bytes = file_u32(file, data + 16);
    file->link_type = file_u32(file, data + 20) & 0xfffffff;
    file->rest = (struct bytes){data + PCAP_FILE_HEADER_BYTES, length - PCAP_FILE_HEADER_BYTES};
    return 0;
}

int pcap_file_next(struct pcap_file *file, struct pcap_packet *out)
{
    if (file->blocks)
        return pcapng_file_next(file, out);
    if (file->rest.length == 0)
        return IMP_NOT_FOUND;
    if (file->rest.length < PCAP_RECORD_HEADER_BYTES)
        return IMP_TRUNCATED;
    const uint8_t *header = file->rest.data;
    uint32_t captured = file_u32(file, header + 8);
    if (captured > PCAP_SNAPSHOT_BYTES)
        return IMP_MALFORMED;
    if (captured > file->rest.length - PCAP_RECORD_HEADER_BYTES)
        return IMP_TRUNCATED;
    out->unix_ns =
        (int64_t)file_u32(file, header) * NS_PER_S + (int64_t)file_u32(file, header + 4) * (file->nanoseconds ? 1 : NS_PER_US);
    out->data = (struct bytes){header + PCAP_RECORD_HEADER_BYTES, captured};
    out->length_bytes = file_u32(file, header + 12);
    size_t taken = PCAP_RECORD_HEADER_BYTES + (size_t)captured;
    file->rest = (struct bytes){file->rest.data + taken, file->rest.length - taken};
    return 0;
}

void pcap_cooked_build(const struct pcap_cooked *cooked, bool loopback, uint8_t out[PCAP_COOKED_2_BYTES])
{
    memset(out, 0, PCAP_COOKED_2_BYTES);
    store_u16(out, cooked->ethertype);
    store_u32(out + 4, cooked->interface_index);
    store_u16(out + 8, loopback ? HARDWARE_LOOPBACK : HARDWARE_ETHERNET);
    out[10] = cooked->direction;
    out[11] = 6;
    memcpy(out + 12, cooked->source, 6);
}

int pcap_cooked_parse(const uint8_t *data, size_t length, struct pcap_cooked *out)
{
    if (length < PCAP_COOKED_2_BYTES)
        return IMP_TRUNCATED;
    *out = (struct pcap_cooked){.ethertype = load_u16(data), .interface_index = load_u32(data + 4), .direction = data[10]};
    memcpy(out->source, data + 12, 6);
    return 0;
}
