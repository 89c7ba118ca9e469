/* The send buffer: the bytes between the application and the peer's acknowledgement.
 *
 * tcp_write() copies the application's bytes once, into refcounted blocks. A segment is a small frame with the headers, whose tail
 * points into a block: sending and retransmitting copy nothing. A segment that straddles two blocks is the exception, and is
 * copied together by output.c; blocks are cut so that full segments do not.
 *
 * A byte is touched once here and not again until the reader copies it: while the application's bytes are copied, they are summed in
 * runs of a full segment, counted from where the stream began. A bulk transfer's segments are just these runs, so their checksums
 * need no second look at bytes that have long left the cache; a segment cut differently is summed when it is sent, and from the next block on
 * the runs are counted from it, since the segments behind a short one all begin elsewhere.
 *
 * An application that has its bytes in a block already, and will not change them, lends it (tcp_write_block()): a slice of it is chained in,
 * and nothing is copied; such a block may know the sums over its strides, so that not even they need a look at the bytes. A file that is
 * served to a hundred clients is in memory, and is summed, once.
 *
 * Blocks begin small and double while a stream goes on, so that a connection with one short request holds two kilobytes and an idle
 * one none. Bytes behind the used part of the last block may still be written when frames point at earlier parts of it: no frame
 * sees those. Offsets count from the first unacknowledged byte; a cursor remembers the block in which sending goes on.
 *
 * There is no timer here and no limit: socket.c keeps to the socket's buffer size. */
#include "transport/tcp/send_buffer.h"

#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "transport/limits.h"

static void chain(struct send_buffer *buffer, struct send_block *b)
{
    if (buffer->last)
        buffer->last->next = b;
    else
        buffer->head = b;
    buffer->last = b;
}

static struct send_block *block_append(struct send_buffer *buffer, uint32_t wanted)
{
    uint32_t capacity = buffer->last ? buffer->last->block->capacity * 2 : LIMIT_TCP_BLOCK_LEAST;
    while (capacity < wanted && capacity < LIMIT_TCP_BLOCK)
        capacity *= 2;
    if (capacity > LIMIT_TCP_BLOCK)
        capacity = LIMIT_TCP_BLOCK;
    uint32_t unit = buffer->unit, phase = 0, runs = 0;
    if (unit) { /* ends where a segment will probably end */
        phase = (unit - buffer->written % unit) % unit;
        runs = capacity > phase + unit ? (capacity - phase) / unit : 1;
        capacity = phase + runs * unit;
    }
    struct send_block *b = memory_take(sizeof *b + runs * sizeof b->sums[0]);
    *b = (struct send_block){.block = block_create(capacity), .unit = unit, .phase = phase};
    chain(buffer, b);
    return b;
}

/* Copies n bytes to the block's end, and sums them into their runs. */
static void block_fill(struct send_block *b, const uint8_t *from, uint32_t n)
{
    while (n > 0) {
        uint8_t *to = b->block->data + b->end;
        bool summed = b->unit && b->end >= b->phase;
        uint32_t inside = summed ? (b->end - b->phase) % b->unit : 0;
        uint32_t most = summed ? b->unit - inside : b->unit ? b->phase - b->end : n;
        uint32_t part = n < most ? n : most;
        if (summed) {
            uint32_t *sum = &b->sums[(b->end - b->phase) / b->unit], more = checksum_copy(to, from, part, 0);
            *sum = inside ? checksum_combine(*sum, inside & 1 ? checksum_swap(more) : more) : more;
        } else {
            memcpy(to, from, part);
        }
        b->end += part;
        from += part;
        n -= part;
    }
}

void send_buffer_write(struct send_buffer *buffer, const void *data, uint32_t length, uint32_t unit)
{
    const uint8_t *from = data;
    if (unit != buffer->unit) {
        buffer->unit = unit;
        buffer->written = 0;
    }
    while (length > 0) {
        struct send_block *b = buffer->last;
        if (!b || b->lent || b->end == b->block->capacity)
            b = block_append(buffer, length);
        uint32_t room = b->block->capacity - b->end;
        uint32_t n = length < room ? length : room;
        block_fill(b, from, n);
        buffer->length += n;
        buffer->written = unit ? (buffer->written + n) % unit : 0;
        from += n;
        length -= n;
    }
}

void send_buffer_lend(struct send_buffer *buffer, struct block *block, uint32_t offset, uint32_t length)
{
    assert(length > 0 && offset <= block->capacity && length <= block->capacity - offset);
    struct send_block *b = buffer->last;
    if (b && b->lent && b->block == block && b->end == offset) { /* goes on where the last slice ended */
        b->end += length;
    } else {
        b = memory_take(sizeof *b);
        *b = (struct send_block){.block = block_hold(block), .first = offset, .end = offset + length, .lent = true};
        chain(buffer, b);
    }
    buffer->length += length;
    buffer->written = buffer->unit ? (buffer->written + length) % buffer->unit : 0;
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

bool send_buffer_sum(struct send_buffer *buffer, uint32_t offset, uint32_t length, uint32_t *sum)
{
    uint32_t inside;
    struct send_block *b = block_at(buffer, offset, &inside);
    uint32_t at = b->first + inside;
    if (b->lent && length <= b->end - at) {
        *sum = block_checksum(b->block, at, length);
        return true;
    }
    if (length == 0 || length != b->unit || at < b->phase || length > b->end - at)
        return false;
    if ((at - b->phase) % length) { /* cut elsewhere, and so will be those that follow it: the blocks to come are for them */
        buffer->written = (buffer->length - offset) % length;
        return false;
    }
    *sum = b->sums[(at - b->phase) / length];
    return true;
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
