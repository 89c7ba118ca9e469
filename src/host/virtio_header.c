/* The virtio-net header, as a TAP device speaks it.
 *
 *     flags 1 | segmentation kind 1 | header length 2 | segment length 2 | checksum start 2 | checksum offset 2
 *
 * A frame may come with its transport checksum half done: the field then holds the folded sum of the pseudo-header, and whoever puts the
 * frame on a wire adds the bytes from `checksum_start` to the end. A TCP segment may come larger than any wire takes (up to 64 KiB), to be cut into
 * pieces of `segment_bytes`; it is always half summed too (section 5.1.6.2: a driver that sets a segmentation kind must set
 * NEEDS_CSUM), since each piece has a checksum of its own.
 *
 * What the kernel says here is input like any other: the two places are checked against the frame before anybody follows them. DATA_VALID, by
 * which the kernel says that it has verified a checksum, is not read, because what crosses here goes onto a wire where the checksum is real. It is not
 * written either: the TAP driver does not look at it. */
#include "host/virtio_header.h"

#include <string.h>

#include "base/error.h"

enum { FLAG_NEEDS_CHECKSUM = 1, SEGMENTATION_ECN = 0x80, CHECKSUM_BYTES = 2 };

static uint16_t load_little(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static void store_little(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

int virtio_header_parse(const uint8_t header[VIRTIO_HEADER_BYTES], uint32_t frame_bytes, struct virtio_header *out)
{
    uint8_t kind = header[1] & (uint8_t)~SEGMENTATION_ECN;
    *out = (struct virtio_header){.needs_checksum = header[0] & FLAG_NEEDS_CHECKSUM,
                                  .ecn = header[1] & SEGMENTATION_ECN,
                                  .header_bytes = load_little(header + 2)};
    if (out->needs_checksum) {
        out->checksum_start = load_little(header + 6);
        out->checksum_offset = load_little(header + 8);
        if ((uint32_t)out->checksum_start + out->checksum_offset + CHECKSUM_BYTES > frame_bytes)
            return IMP_MALFORMED;
    }
    if (kind == VIRTIO_WHOLE)
        return out->ecn ? IMP_MALFORMED : 0;
    if (kind != VIRTIO_TCP_IPV4 && kind != VIRTIO_TCP_IPV6)
        return IMP_UNSUPPORTED;
    out->segmentation = (enum virtio_segmentation)kind;
    out->segment_bytes = load_little(header + 4);
    return out->needs_checksum && out->segment_bytes > 0 ? 0 : IMP_MALFORMED;
}

void virtio_header_build(const struct virtio_header *header, uint8_t out[VIRTIO_HEADER_BYTES])
{
    memset(out, 0, VIRTIO_HEADER_BYTES);
    out[0] = header->needs_checksum ? FLAG_NEEDS_CHECKSUM : 0;
    out[1] = (uint8_t)((uint8_t)header->segmentation | (header->ecn ? SEGMENTATION_ECN : 0));
    store_little(out + 2, header->header_bytes);
    store_little(out + 4, header->segment_bytes);
    store_little(out + 6, header->checksum_start);
    store_little(out + 8, header->checksum_offset);
}
