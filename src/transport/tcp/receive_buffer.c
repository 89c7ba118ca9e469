/* The receive buffer: the bytes between the wire and the application.
 *
 * A frame that arrives in order is queued as it is, its headers cut off, and its payload is copied once: to the reader. With a stream
 * from our own kind the payload still lies in the sender's block then; nobody has touched it on the way.
 *
 * A peer that sends many tiny segments would make us hold a frame of half a kilobyte for each byte of its window. So a payload below
 * GATHER_BELOW is copied into a gathering frame when something waits in front of it already, and the memory held stays in
 * proportion to the window.
 *
 * Each frame keeps what it is charged with (receive_memory.c), the gathering ones the sum, until its last byte is read. There is no
 * timer here; the window that bounds `length` is receive_window.c's. */
#include "transport/tcp/receive_buffer.h"

#include <assert.h>

enum { GATHER_BELOW = 512 };

void frame_skip(struct frame *frame, uint32_t n)
{
    assert(n <= frame_total(frame));
    uint32_t linear = n < frame->length ? n : frame->length;
    frame_pull(frame, linear);
    n -= linear;
    if (n > 0) {
        frame->tail_at += n;
        frame->tail_length -= n;
        frame->flags &= (uint16_t)~FRAME_TAIL_SUMMED;
    }
}

static void append(struct receive_buffer *buffer, struct frame *frame)
{
    frame->next = NULL;
    if (buffer->last)
        buffer->last->next = frame;
    else
        buffer->first = frame;
    buffer->last = frame;
}

static void gather(struct receive_buffer *buffer, struct engine *engine, struct frame *payload, uint32_t n)
{
    if (buffer->gather_bytes < n) {
        append(buffer, frame_create(engine, 0, FRAME_LARGE - 512));
        buffer->last->charge = 0;
        buffer->gather_bytes = FRAME_LARGE - 512;
    }
    frame_copy_out(payload, 0, frame_append(buffer->last, n), n);
    buffer->last->charge += payload->charge;
    buffer->gather_bytes = (uint16_t)(buffer->gather_bytes - n);
    frame_release(payload);
}

uint32_t receive_buffer_add(struct receive_buffer *buffer, struct engine *engine, struct frame *payload, uint16_t spare)
{
    uint32_t n = frame_total(payload);
    assert(n > 0 && payload->refs == 1);
    buffer->length += n;
    if (n <= buffer->spare) {
        payload->charge = 0;
        buffer->spare = (uint16_t)(buffer->spare - n);
    } else {
        buffer->spare = spare;
    }
    uint32_t charge = payload->charge;
    if (n >= GATHER_BELOW || !buffer->first) {
        append(buffer, payload);
        buffer->gather_bytes = 0;
    } else {
        gather(buffer, engine, payload, n);
    }
    return charge;
}

uint32_t receive_buffer_read(struct receive_buffer *buffer, void *out, uint32_t capacity, uint32_t *memory)
{
    uint8_t *to = out;
    uint32_t done = 0;
    while (done < capacity && buffer->first) {
        struct frame *frame = buffer->first;
        uint32_t held = frame_total(frame);
        uint32_t n = held < capacity - done ? held : capacity - done;
        frame_copy_out(frame, 0, to + done, n);
        done += n;
        if (n < held) {
            frame_skip(frame, n);
            break;
        }
        buffer->first = frame->next;
        *memory -= frame->charge;
        if (!buffer->first) {
            buffer->last = NULL;
            buffer->gather_bytes = buffer->spare = 0;
        }
        frame->next = NULL;
        frame_release(frame);
    }
    buffer->length -= done;
    return done;
}

void receive_buffer_free(struct receive_buffer *buffer)
{
    while (buffer->first) {
        struct frame *frame = buffer->first;
        buffer->first = frame->next;
        frame->next = NULL;
        frame_release(frame);
    }
    *buffer = (struct receive_buffer){0};
}
