/* Frames: the bytes that travel.
 *
 * A frame is one piece of memory: the structure, then `room_bytes` of room in which the linear part lies somewhere in the middle, so that
 * each layer can prepend its header in place. Three sizes are pooled per engine (most frames are small: headers and nothing else in the room; some have
 * a short message, the others are an Ethernet frame); anything larger is allocated for the occasion. A bulk payload is not in the room at all: it is the tail, a
 * slice of a refcounted block that the sender's buffer also holds, so a payload byte is copied once on its way from application to
 * application however many hops, retransmissions and captures it meets.
 *
 * References are plain counters: one world runs on one thread. Under AddressSanitizer the pools are bypassed, so that a use after
 * release is seen. */
#include "engine/frame.h"

#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "engine/engine_internal.h"
#include "engine/sanitizer.h"

enum { POOL_FREE_MAX = 65536, POOL_KEPT = 64, POOL_SHRINK = 16, CACHE_LINE = 64, SUM_STRIDE = 64 };
_Static_assert(sizeof(struct frame) == CACHE_LINE, "what every hop looks at is one line");

struct block *block_create(uint32_t capacity)
{
    struct block *block = memory_take(sizeof *block + capacity);
    block->refs = 1;
    block->capacity = capacity;
    block->sums = NULL;
    return block;
}

/* sums[i] is over the first i strides, modulo 2^16 - 1: the sum over strides a to b is sums[b] - sums[a]. */
void block_sum(struct block *block)
{
    if (block->sums)
        return;
    block->sums = memory_take((block->capacity / SUM_STRIDE + 1) * sizeof *block->sums);
    block->sums[0] = 0;
    for (uint32_t i = 0; i < block->capacity / SUM_STRIDE; i++)
        block->sums[i + 1] = checksum_partial(block->data + i * SUM_STRIDE, SUM_STRIDE, block->sums[i]);
}

uint32_t block_checksum(const struct block *block, uint32_t offset, uint32_t length)
{
    assert(offset <= block->capacity && length <= block->capacity - offset);
    uint32_t first = (offset + SUM_STRIDE - 1) / SUM_STRIDE, end = (offset + length) / SUM_STRIDE;
    if (!block->sums || first >= end)
        return checksum_partial(block->data + offset, length, 0);
    uint32_t before = first * SUM_STRIDE - offset, behind = offset + length - end * SUM_STRIDE;
    uint32_t sum = checksum_combine(block->sums[end], ~block->sums[first]); /* minus, in ones' complement */
    sum = checksum_partial(block->data + end * SUM_STRIDE, behind, sum);
    if (before & 1)
        sum = checksum_swap(sum);
    return checksum_partial(block->data + offset, before, sum);
}

void block_release(struct block *block)
{
    if (!block)
        return;
    assert(block->refs > 0);
    if (--block->refs > 0)
        return;
    memory_free(block->sums);
    memory_free(block);
}

static inline unsigned size_class(uint32_t room_bytes)
{
    return room_bytes <= FRAME_SMALL ? 0 : room_bytes <= FRAME_MIDDLE ? 1 : room_bytes <= FRAME_LARGE ? 2 : FRAME_CLASSES;
}

static struct frame *frame_obtain(struct frame_pool *pool, uint32_t wanted)
{
    static const uint32_t rooms[FRAME_CLASSES] = {FRAME_SMALL, FRAME_MIDDLE, FRAME_LARGE};
    unsigned which = size_class(wanted);
    struct frame *frame = which < FRAME_CLASSES ? pool->free[which] : NULL;
    if (frame) {
        pool->free[which] = frame->next;
        pool->free_count[which]--;
        __builtin_prefetch(frame->next); /* its link is read when it is taken, probably soon */
        return frame;
    }
    uint32_t room = which < FRAME_CLASSES ? rooms[which] : wanted;
    frame = memory_take_aligned(CACHE_LINE, sizeof *frame + room);
    frame->room_bytes = room;
    frame->pool = pool;
    return frame;
}

struct frame *frame_create(struct engine *engine, uint32_t headroom, uint32_t capacity)
{
    assert(capacity <= FRAME_MAXIMUM && headroom <= FRAME_MAXIMUM);
    struct frame *frame = frame_obtain(&engine->frames, headroom + capacity);
    engine->frames.alive++;
    frame->next = NULL;
    frame->data = frame->room + headroom;
    frame->length = frame->tail_length = 0;
    frame->tail_at = 0;
    frame->block = NULL;
    frame->refs = 1;
    frame->tail_sum = 0;
    frame->link = frame->network = frame->transport = frame->flags = 0;
    return frame;
}

/* Nothing is under way: a little of what the last burst left behind is given back, so that a busy moment costs no memory for ever, and a world of
 * bursts hardly anything else. */
static void pool_shrink(struct frame **list, uint32_t *count)
{
    for (uint32_t n = (*count - POOL_KEPT + POOL_SHRINK - 1) / POOL_SHRINK; n > 0; n--, (*count)--) {
        struct frame *frame = *list;
        *list = frame->next;
        memory_free(frame);
    }
}

void frame_release(struct frame *frame)
{
    if (!frame)
        return;
    assert(frame->refs > 0);
    if (--frame->refs)
        return;
    block_release(frame->block);
    frame->block = NULL;
    struct frame_pool *pool = frame->pool;
    pool->alive--;
    unsigned which = size_class(frame->room_bytes);
    if (IMP_ADDRESS_SANITIZER || which == FRAME_CLASSES || pool->free_count[which] >= POOL_FREE_MAX) {
        memory_free(frame);
        return;
    }
    frame->next = pool->free[which];
    pool->free[which] = frame;
    pool->free_count[which]++;
    if (pool->alive == 0 && pool->free_count[which] > POOL_KEPT)
        pool_shrink(&pool->free[which], &pool->free_count[which]);
}

static void free_all(struct frame *frame)
{
    while (frame) {
        struct frame *next = frame->next;
        memory_free(frame);
        frame = next;
    }
}

void frames_free(struct frame_pool *pool)
{
    for (unsigned which = 0; which < FRAME_CLASSES; which++)
        free_all(pool->free[which]);
    *pool = (struct frame_pool){0};
}

/* Where the bytes worth keeping start: the first header that is marked, though it may have been pulled already. */
static uint16_t first_mark(const struct frame *frame)
{
    uint16_t first = frame_mark(frame);
    const uint16_t marks[] = {frame->link, frame->network, frame->transport};
    for (unsigned i = 0; i < count_of(marks); i++)
        if (marks[i] && marks[i] < first)
            first = marks[i];
    return first;
}

/* A new frame with the same flags, marked headers and linear part, and room for `more` bytes behind; no tail yet. */
static struct frame *frame_copy(const struct frame *old, uint32_t headroom, uint32_t more)
{
    struct engine *engine = container_of(old->pool, struct engine, frames);
    uint16_t first = first_mark(old);
    uint32_t pulled = (uint32_t)frame_mark(old) - first;
    headroom = (headroom < FRAME_HEADROOM ? (uint32_t)FRAME_HEADROOM : headroom) + pulled;
    struct frame *copy = frame_create(engine, headroom, old->length + more);
    memcpy(copy->data - pulled, old->data - pulled, pulled + old->length);
    copy->length = old->length;
    uint16_t shift = (uint16_t)(headroom - pulled - first); /* modulo 2^16, as the sums below */
    copy->link = old->link ? (uint16_t)(old->link + shift) : 0;
    copy->network = old->network ? (uint16_t)(old->network + shift) : 0;
    copy->transport = old->transport ? (uint16_t)(old->transport + shift) : 0;
    copy->flags = old->flags;
    return copy;
}

struct frame *frame_own_copy(struct frame *frame, uint32_t headroom)
{
    struct frame *copy = frame_copy(frame, headroom, 0);
    if (frame->tail_length) {
        frame_set_tail(copy, frame->block, frame_tail(frame), frame->tail_length);
        copy->tail_sum = frame->tail_sum;
        copy->flags = frame->flags;
    }
    frame_release(frame);
    return copy;
}

struct frame *frame_linear(struct frame *frame)
{
    if (!frame->tail_length)
        return frame;
    struct frame *copy = frame_copy(frame, 0, frame->tail_length);
    memcpy(copy->data + copy->length, frame_tail(frame), frame->tail_length);
    copy->length += frame->tail_length;
    copy->flags = (uint16_t)(frame->flags & ~FRAME_TAIL_SUMMED);
    frame_release(frame);
    return copy;
}

uint8_t *frame_append(struct frame *frame, uint32_t n)
{
    assert(!frame->tail_length && frame_headroom(frame) + frame->length + n <= frame->room_bytes);
    uint8_t *at = frame->data + frame->length;
    frame->length += n;
    return at;
}

void frame_trim(struct frame *frame, uint32_t total)
{
    if (total >= frame_total(frame))
        return;
    if (total <= frame->length) {
        frame->length = total;
        frame->tail_length = 0;
        block_release(frame->block);
        frame->block = NULL;
    } else {
        frame->tail_length = total - frame->length;
    }
    frame->flags = (uint16_t)(frame->flags & ~FRAME_TAIL_SUMMED);
}

void frame_set_tail(struct frame *frame, struct block *block, const uint8_t *data, uint32_t length)
{
    assert(data >= block->data && data + length <= block->data + block->capacity);
    struct block *old = frame->block;
    frame->block = block_hold(block);
    block_release(old);
    frame->tail_at = (uint32_t)(data - block->data);
    frame->tail_length = length;
    frame->flags = (uint16_t)(frame->flags & ~FRAME_TAIL_SUMMED);
}

void frame_copy_out(const struct frame *frame, uint32_t offset, void *out, uint32_t n)
{
    assert(offset <= frame_total(frame) && n <= frame_total(frame) - offset);
    uint8_t *to = out;
    if (offset < frame->length) {
        uint32_t part = frame->length - offset < n ? frame->length - offset : n;
        memcpy(to, frame->data + offset, part);
        to += part;
        n -= part;
        offset += part;
    }
    if (n)
        memcpy(to, frame_tail(frame) + (offset - frame->length), n);
}

uint32_t frame_checksum(struct frame *frame, uint32_t offset, uint32_t sum)
{
    assert(offset <= frame->length);
    uint32_t linear = frame->length - offset;
    sum = checksum_partial(frame->data + offset, linear, sum);
    if (!frame->tail_length)
        return sum;
    if (!(frame->flags & FRAME_TAIL_SUMMED)) {
        frame->tail_sum = checksum_partial(frame_tail(frame), frame->tail_length, 0);
        frame->flags |= FRAME_TAIL_SUMMED;
    }
    return checksum_combine(sum, linear & 1 ? checksum_swap(frame->tail_sum) : frame->tail_sum);
}
