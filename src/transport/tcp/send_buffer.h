#ifndef IMP_TRANSPORT_TCP_SEND_BUFFER_H
#define IMP_TRANSPORT_TCP_SEND_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/frame.h"

/* What the application wrote and the peer has not yet acknowledged: a chain of blocks. Frames in flight point into the blocks and hold
 * them, so acknowledged bytes leave the buffer even while a copy still lingers in some queue. All zero bytes is an empty buffer. */
struct send_block {
    struct send_block *next;
    struct block *block;
    uint32_t first, end; /* of block->data: what is in the buffer */
    uint32_t unit,
        phase; /* sums are kept of runs of `unit` bytes, the first of which begins at block->data + phase; 0: of none */
    bool lent; /* the block is not ours to write to */
    uint32_t sums[];
};
struct send_buffer {
    struct send_block *head, *last;
    struct send_block *cursor; /* where the last slice ended, */
    uint32_t cursor_offset;    /* and the buffer offset of cursor->first: bulk sending never searches */
    uint32_t length;           /* bytes in it */
    uint32_t unit, written;    /* the last write's unit, and the bytes written since a unit began */
};

/* Copies; the caller minds the limit. `unit`: the payload of a full segment, 0 when not yet known: runs of so many bytes are summed while they
 * are copied. */
void send_buffer_write(struct send_buffer *buffer, const void *data, uint32_t length, uint32_t unit);
/* Takes a slice of someone else's block as it is: a reference to it, no copy. */
void send_buffer_lend(struct send_buffer *buffer, struct block *block, uint32_t offset, uint32_t length);
/* The sum over [offset, offset + length), when it is known: just one of the runs that were summed, or all in one lent block. */
bool send_buffer_sum(struct send_buffer *buffer, uint32_t offset, uint32_t length, uint32_t *sum);
void send_buffer_drop(struct send_buffer *buffer, uint32_t length); /* from the front; at most what is in it */
void send_buffer_free(struct send_buffer *buffer);
/* Up to `length` bytes from `offset` on, as far as they are in one block: their address and (returned) number; *block is borrowed. */
uint32_t send_buffer_slice(struct send_buffer *buffer, uint32_t offset, uint32_t length, struct block **block,
                           const uint8_t **data);
void send_buffer_copy(struct send_buffer *buffer, uint32_t offset, void *out, uint32_t length);

#endif
