/* The send buffer: the bytes between the application and the peer's acknowledgement.
 *
 * tcp_write() copies the application's bytes once, into refcounted blocks. A segment is a small frame with the headers, whose tail
 * points into a block: sending and retransmitting copy nothing. A segment that straddles two blocks is the exception, and is
 * copied together by output.c; with 64 KiB blocks that is one in forty-five.
 *
 * Blocks begin small and double while a stream goes on, so that a connection with one short request holds two kilobytes and an idle
 * one none. Bytes behind the used part of the last block may still be written when frames point at earlier parts of it: no frame
 * sees those. Offsets count from the first unacknowledged byte; a cursor remembers the block in which sending goes on.
 *
 * There is no timer here and no limit: socket.c keeps to the socket's buffer size. */
#include "transport/tcp/send_buffer.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "transport/limits.h"

static struct send_block *block_append(struct send_buffer *buffer, uint32_t wanted)
{
    uint32_t capacity = buffer->last ? buffer->last->block->capacity * 2 : LIMIT_TCP_BLOCK_LEAST;
    while (capacity < wanted && capacity < LIMIT_TCP_BLOCK)
        capacity *= 2;
    if (capacity > LIMIT_TCP_BLOCK)
        capacity = LIMIT_TCP_BLOCK;
    struct send_block *b = memory_take(sizeof *b);
    *b = (struct send_block){.block = block_create(capacity)};
    if (buffer->last)
        buffer->last->next = b;
    else
        buffer->head = b;
    buffer->last = b;
    return b;
}

void send_buffer_write(struct send_buffer *buffer, const void *data, uint32_t length)
{
    const uint8_t *from = data;
    while (length > 0) {
        struct send_block *b = buffer->last;
        if (!b || b->end == b->block->capacity)
            b = block_append(buffer, length);
        uint32_t room = b->block->capacity - b->end;
        uint32_t n = length < room ? length : room;
        memcpy(b->block->data + b->end, from, n);
        b->end += n;
        buffer->length += n;
        from += n;
        length -= n;
    }
}

void send_buffer_drop(struct send_buffer *buffer, uint32_t length)
{
    assert(length <= buffer->length);
    buffer->length -= length;
    while (length > 0 || (buffer->head && buffer->length == 0)) {
        struct send_block *b = buffer->head;
        uint32_t held = b->end - b->first;
        if (length < held) {
            b->first += length;
            buffer->cursor_offset = buffer->cursor == b ? 0 : buffer->cursor_offset - length;
            return;
        }
        length -= held;
        if (buffer->cursor == b || !buffer->cursor) {
            buffer->cursor = b->next;
            buffer->cursor_offset = 0;
        } else {
            buffer->cursor_offset -= held;
        }
        buffer->head = b->next;
        if (!buffer->head)
            buffer->last = NULL;
        block_release(b->block);
        memory_free(b);
    }
}

void send_buffer_free(struct send_buffer *buffer)
{
    send_buffer_drop(buffer, buffer->length);
    assert(!buffer->head);
}

static struct send_block *block_at(struct send_buffer *buffer, uint32_t offset, uint32_t *inside)
{
    struct send_block *b = buffer->cursor;
    uint32_t start = buffer->cursor_offset;
    if (!b || offset < start) {
        b = buffer->head;
        start = 0;
    }
    while (offset - start >= b->end - b->first && b->next) {
        start += b->end - b->first;
        b = b->next;
    }
    buffer->cursor = b;
    buffer->cursor_offset = start;
    *inside = offset - start;
    return b;
}

uint32_t send_buffer_slice(struct send_buffer *buffer, uint32_t offset, uint32_t length, struct block **block,
                           const uint8_t **data)
{
    assert(offset < buffer->length && length <= buffer->length - offset);
    uint32_t inside;
    struct send_block *b = block_at(buffer, offset, &inside);
    uint32_t run = b->end - b->first - inside;
    *block = b->block;
    *data = b->block->data + b->first + inside;
    return length < run ? length : run;
}

void send_buffer_copy(struct send_buffer *buffer, uint32_t offset, void *out, uint32_t length)
{
    uint8_t *to = out;
    while (length > 0) {
        struct block *block;
        const uint8_t *data;
        uint32_t n = send_buffer_slice(buffer, offset, length, &block, &data);
        memcpy(to, data, n);
        to += n;
        offset += n;
        length -= n;
    }
}
