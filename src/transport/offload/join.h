#ifndef IMP_TRANSPORT_OFFLOAD_JOIN_H
#define IMP_TRANSPORT_OFFLOAD_JOIN_H

#include <stdint.h>

#include "engine/frame.h"
#include "transport/offload/headers.h"

/* Joins consecutive TCP segments of a flow into one large segment (receive offload), for a receiver that takes such: the kernel, behind a TAP device. What
 * cutting makes of a large segment, joining makes whole again. Only segments whose checksums are known to be good are joined. Of acknowledgements
 * without data that follow one another the last remains. */
enum { JOIN_FLOWS = 8, JOIN_FRAMES_MAX = 128, JOIN_BYTES_MAX = 65535 };

struct join_flow {                         /* frames that wait for the next of their flow */
    struct frame *frames[JOIN_FRAMES_MAX]; /* or one, without data: the latest acknowledgement */
    uint32_t count;                        /* 0: the place is free */
    struct offload_headers headers;        /* of the first */
    uint32_t payload_bytes, segment_bytes, next_sequence, first_acknowledgement;
};
/* One or more frames, in order, to be handed on as one: all headers from the first, the payloads one after the other. Borrowed for the call. */
struct joined {
    struct frame *const *frames;
    uint32_t count;
    const struct offload_headers *headers; /* NULL: a frame to be handed on as it is */
    uint32_t payload_bytes, segment_bytes;
};
struct join {
    struct join_flow flows[JOIN_FLOWS];
    uint64_t superseded; /* acknowledgements that a later one made needless */
    uint32_t next;       /* the place that must make room when all are taken */
    void (*deliver)(void *context, const struct joined *joined);
    void *context;
};
void join_init(struct join *join, void (*deliver)(void *context, const struct joined *joined), void *context);
void join_add(struct join *join, struct frame *frame_taken); /* a whole Ethernet frame: delivers it, or keeps it for a moment */
void join_flush(struct join *join);                          /* delivers what is kept */

/* The headers of the large segment, `joined->headers->payload` bytes (at most OFFLOAD_HEADERS_MAX): lengths of the whole, and in the checksum's place the
 * pseudo-header's sum. */
void joined_headers(const struct joined *joined, uint8_t *out);
/* The run of payload bytes of one of its frames: linear ones, and those in the tail; either may be empty. */
struct joined_payload {
    const uint8_t *linear, *tail;
    uint32_t linear_bytes, tail_bytes;
};
struct joined_payload joined_payload(const struct joined *joined, uint32_t index);

#endif
