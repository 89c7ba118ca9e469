/* pcapng files, read (draft-ietf-opsawg-pcapng): what `imp run --pcap` writes, and Wireshark.
 *
 * The file is a row of blocks, each with its type, its length, a body, and the length once more. A section header tells the byte order;
 * interface descriptions follow, numbered from 0 in each section, with the link type and the resolution of times; then packets, each naming
 * its interface. Blocks of other types are passed over, which is what the format asks of a reader.
 *
 * As in libpcap all interfaces must be of one link type, since one filter serves the whole file. The state is the place in the file and
 * the interfaces' resolutions. Left out on purpose: simple packets, which have no time, the obsolete packet block, and options other than the
 * resolution (names, comments, the offset of times). */
#include <string.h>

#include "base/error.h"
#include "base/time.h"
#include "tools/pcap_file.h"

enum { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BYTE_ORDER_MAGIC = 0x1a2b3c4d };
enum { BLOCK_BYTES_MIN = 12, SECTION_BYTES_MIN = 28, INTERFACE_BYTES_MIN = 20, PACKET_BYTES_MIN = 32 };
enum { OPTION_END = 0, OPTION_RESOLUTION = 9, RESOLUTION_MICRO = 6, RESOLUTION_BINARY = 128 };

struct block {
    uint32_t type;
    struct bytes body;
};

static uint32_t u32(const struct pcap_file *file, const uint8_t *p)
{
    uint32_t big = load_u32(p);
    return file->swapped ? big : __builtin_bswap32(big);
}

static uint16_t u16(const struct pcap_file *file, const uint8_t *p)
{
    return file->swapped ? load_u16(p) : __builtin_bswap16(load_u16(p));
}

bool pcapng_file_is(const uint8_t *data, size_t length) { return length >= 4 && load_u32(data) == BLOCK_SECTION; }

/* A section header begins anew, perhaps in another byte order. */
static int section_begin(struct pcap_file *file)
{
    const uint8_t *p = file->rest.data;
    if (file->rest.length < SECTION_BYTES_MIN)
        return IMP_TRUNCATED;
    file->swapped = load_u32(p + 8) == BYTE_ORDER_MAGIC; /* the file is big-endian */
    file->interface_count = 0;
    return u32(file, p + 8) == BYTE_ORDER_MAGIC && u16(file, p + 12) == 1 ? 0 : IMP_MALFORMED; /* version 1.x */
}

static int block_take(struct pcap_file *file, struct block *out)
{
    const uint8_t *p = file->rest.data;
    if (file->rest.length == 0)
        return IMP_NOT_FOUND;
    if (file->rest.length < BLOCK_BYTES_MIN)
        return IMP_TRUNCATED;
    if (load_u32(p) == BLOCK_SECTION) { /* reads the same in both byte orders */
        int error = section_begin(file);
        if (error)
            return error;
    }
    uint32_t length = u32(file, p + 4);
    if (length < BLOCK_BYTES_MIN || length % 4)
        return IMP_MALFORMED;
    if (length > file->rest.length)
        return IMP_TRUNCATED;
    if (u32(file, p + length - 4) != length)
        return IMP_MALFORMED;
    *out = (struct block){u32(file, p), {p + 8, length - BLOCK_BYTES_MIN}};
    file->rest = (struct bytes){p + length, file->rest.length - length};
    return 0;
}

static uint8_t resolution_of(const struct pcap_file *file, struct bytes options)
{
    while (options.length >= 4 && u16(file, options.data) != OPTION_END) {
        size_t length = u16(file, options.data + 2), whole = 4 + ((length + 3) & ~(size_t)3);
        if (whole > options.length)
            break;
        if (u16(file, options.data) == OPTION_RESOLUTION && length == 1)
            return options.data[4];
        options = (struct bytes){options.data + whole, options.length - whole};
    }
    return RESOLUTION_MICRO;
}

static int interface_take(struct pcap_file *file, const struct block *block, bool first)
{
    if (block->body.length < INTERFACE_BYTES_MIN - BLOCK_BYTES_MIN || file->interface_count == PCAPNG_INTERFACES_MAX)
        return IMP_MALFORMED;
    uint32_t link_type = u16(file, block->body.data), snapshot_bytes = u32(file, block->body.data + 4);
    if (!first && link_type != file->link_type)
        return IMP_MALFORMED;
    file->link_type = link_type;
    if (first)
        file->snapshot_bytes = snapshot_bytes ? snapshot_bytes : PCAP_SNAPSHOT_BYTES;
    struct bytes options = {block->body.data + 8, block->body.length - 8};
    file->resolution[file->interface_count++] = resolution_of(file, options);
    return 0;
}

static int64_t unix_ns_of(uint64_t units, uint8_t resolution)
{
    unsigned digits = resolution & 127u;
    unsigned __int128 ns = units;
    if (resolution & RESOLUTION_BINARY)
        return digits < 64 ? (int64_t)(ns * NS_PER_S >> digits) : 0;
    for (; digits < 9; digits++)
        ns *= 10;
    for (; digits > 9 && ns; digits--)
        ns /= 10;
    return (int64_t)ns;
}

static int packet_take(const struct pcap_file *file, const struct block *block, struct pcap_packet *out)
{
    const uint8_t *p = block->body.data;
    if (block->body.length < PACKET_BYTES_MIN - BLOCK_BYTES_MIN)
        return IMP_MALFORMED;
    uint32_t interface = u32(file, p), captured = u32(file, p + 12);
    if (interface >= file->interface_count || captured > block->body.length - (PACKET_BYTES_MIN - BLOCK_BYTES_MIN) ||
        captured > PCAP_SNAPSHOT_BYTES)
        return IMP_MALFORMED;
    uint64_t units = (uint64_t)u32(file, p + 4) << 32 | u32(file, p + 8);
    *out = (struct pcap_packet){.unix_ns = unix_ns_of(units, file->resolution[interface]),
                                .data = {p + 20, captured},
                                .length_bytes = u32(file, p + 16)};
    return 0;
}

/* As far as the first interface, which tells the link type. */
int pcapng_file_open(struct pcap_file *file, const uint8_t *data, size_t length)
{
    *file = (struct pcap_file){.rest = {data, length}, .blocks = true};
    for (;;) {
        struct block block;
        int error = block_take(file, &block);
        if (error)
            return error == IMP_NOT_FOUND ? IMP_TRUNCATED : error;
        if (block.type == BLOCK_INTERFACE)
            return interface_take(file, &block, true);
    }
}

int pcapng_file_next(struct pcap_file *file, struct pcap_packet *out)
{
    for (;;) {
        struct block block;
        int error = block_take(file, &block);
        if (!error && block.type == BLOCK_PACKET)
            return packet_take(file, &block, out);
        if (!error && block.type == BLOCK_INTERFACE)
            error = interface_take(file, &block, false);
        if (error)
            return error;
    }
}
