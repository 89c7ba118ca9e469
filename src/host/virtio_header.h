#ifndef IMP_HOST_VIRTIO_HEADER_H
#define IMP_HOST_VIRTIO_HEADER_H

#include <stdbool.h>
#include <stdint.h>

/* The header that stands before each frame of a TAP device with IFF_VNET_HDR: struct virtio_net_hdr of virtio 1.2, section 5.1.6, without the
 * buffer count, little-endian (TUNSETVNETLE). It says what of the frame is still to be done: the transport checksum, the cutting into segments. */
enum { VIRTIO_HEADER_BYTES = 10 };

enum virtio_segmentation { /* section 5.1.6.1: the kinds that a TAP device hands out when asked for TCP alone */
                           VIRTIO_WHOLE = 0,
                           VIRTIO_TCP_IPV4 = 1,
                           VIRTIO_TCP_IPV6 = 4,
};
struct virtio_header {
    bool
        needs_checksum; /* the field at checksum_start + checksum_offset holds the pseudo-header's sum; the rest is to be added */
    enum virtio_segmentation segmentation;
    bool ecn;               /* the TCP header has CWR: it belongs to the first piece only */
    uint16_t header_bytes;  /* of all headers, a hint; 0 = not told */
    uint16_t segment_bytes; /* of the payload, in each piece but the last */
    uint16_t checksum_start, checksum_offset;
};

/* Reads the header of a frame of `frame_bytes` (header not counted). 0; IMP_MALFORMED when it points outside the frame or contradicts
 * itself; IMP_UNSUPPORTED for a kind of segmentation that was not asked for. */
int virtio_header_parse(const uint8_t header[VIRTIO_HEADER_BYTES], uint32_t frame_bytes, struct virtio_header *out);
void virtio_header_build(const struct virtio_header *header, uint8_t out[VIRTIO_HEADER_BYTES]);

#endif
