#ifndef IMP_TRANSPORT_TCP_RECEIVE_BUFFER_H
#define IMP_TRANSPORT_TCP_RECEIVE_BUFFER_H

#include <stdint.h>

#include "engine/engine.h"
#include "engine/frame.h"

/* What arrived in order and the application has not yet read: a chain of the frames themselves, payload only. All zero bytes is empty. */
struct receive_buffer {
    struct frame *first, *last;
    uint32_t length;       /* bytes to read */
    uint16_t gather_bytes; /* room left in `last`, when it is a frame of our own that gathers small payloads */
    uint16_t spare;        /* and behind the last segment in the memory that is charged for it */
};

/* Takes the frame, whose whole content is payload, at least one byte. Its charge, beside which `spare` bytes more would have had room, is not made when
 * the segment before it has room for it; returns what was. */
uint32_t receive_buffer_add(struct receive_buffer *buffer, struct engine *engine, struct frame *payload_taken, uint16_t spare);
/* Bytes copied and dropped; *memory is lowered by the charges of what was read to its end. */
uint32_t receive_buffer_read(struct receive_buffer *buffer, void *out, uint32_t capacity, uint32_t *memory);
void receive_buffer_free(struct receive_buffer *buffer);
void frame_skip(struct frame *frame, uint32_t n); /* drops n bytes from the front, over both parts; n at most the total */

#endif
