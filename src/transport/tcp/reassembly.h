#ifndef IMP_TRANSPORT_TCP_REASSEMBLY_H
#define IMP_TRANSPORT_TCP_REASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "engine/frame.h"
#include "transport/tcp/segment.h"

/* What arrived ahead of its turn: islands of contiguous bytes in the order of the stream, each a chain of frames. They are at once the
 * blocks that a selective acknowledgement reports (RFC 2018). NULL is empty: there is one only while there are gaps. */
struct island {
    struct sequence start, end;
    struct frame *first, *last;
    uint32_t touched; /* when it last grew, as a count: RFC 2018 section 4 reports the latest first */
};
struct reassembly {
    uint16_t count, capacity; /* of islands; at least one */
    uint32_t memory;          /* what the frames are charged with */
    uint32_t touches;
    struct island islands[];
};
static inline uint32_t reassembly_count(const struct reassembly *queue) { return queue ? queue->count : 0; }
static inline uint32_t reassembly_memory(const struct reassembly *queue) { return queue ? queue->memory : 0; }

/* Takes a payload frame that starts at `start` (at least one byte). Bytes that are there already are kept, the new copy of them is cut off. IMP_LIMIT when it
 * would open more than LIMIT_TCP_ISLANDS (the frame is released). *duplicate: the part that was there already, empty when none was. */
int reassembly_add(struct reassembly **queue, struct sequence start, struct frame *payload_taken, struct sack_block *duplicate);
/* Frames whose turn has come: when the first island starts at or before `next`, gives its chain (owned by the caller, linked by `next`, cut so that
 * it begins exactly at `next`) and how many bytes it holds; else NULL. */
struct frame *reassembly_take(struct reassembly **queue, struct sequence next, uint32_t *bytes);
/* The islands for a SACK option, latest first; returns how many. */
unsigned reassembly_blocks(const struct reassembly *queue, struct sack_block *out, unsigned capacity);
/* Gives up the latest bytes, frame by frame, until that has freed `goal` of memory, but of no island that starts before `start`. False: none. */
bool reassembly_prune(struct reassembly **queue, struct sequence start, uint32_t goal);
void reassembly_free(struct reassembly **queue);

#endif
