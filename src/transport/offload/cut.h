#ifndef IMP_TRANSPORT_OFFLOAD_CUT_H
#define IMP_TRANSPORT_OFFLOAD_CUT_H

#include <stdint.h>

#include "engine/frame.h"

/* Finishes what a sender left to its device: a checksum that is half done, a TCP segment larger than the wire takes. The kernel's frames come so from a
 * TAP device. */

/* Adds the bytes from `start` to the end of the frame to the sum at `start + offset`, where the pseudo-header's stands, and puts the checksum there. The
 * frame is linear and the caller's alone; the field lies inside. */
void offload_complete_checksum(struct frame *frame, uint32_t start, uint32_t offset);

struct
    offload_large { /* `length` bytes of a frame at `offset` of a block; held by the pieces afterwards, never written again */
    struct block *block;
    uint32_t offset, length;
    uint8_t family;           /* 4 or 6: what the sender says that it is */
    uint16_t transport;       /* where the TCP header is, as the sender says */
    uint32_t segment_bytes;   /* of payload in each piece but the last */
    uint32_t frame_bytes_max; /* a piece may be no longer: the MTU and the Ethernet header */
};
/* Cuts it: each piece is a frame of its own with all headers and true checksums, whose payload is a slice of the block. Calls `piece` (which takes the
 * frame) for each, in order. Returns their number, at least 1; IMP_MALFORMED when the headers are not as told; IMP_TOO_BIG when a piece would not
 * fit. */
int offload_cut(struct engine *engine, const struct offload_large *large,
                void (*piece)(void *context, struct frame *frame_taken), void *context);

#endif
