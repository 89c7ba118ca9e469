#ifndef IMP_ENGINE_FRAME_H
#define IMP_ENGINE_FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct frame_pool;

/* A refcounted run of bytes that several frames may point into: a stretch of a TCP send buffer, or an application's own bytes. Never
 * written once shared. */
struct block {
    uint32_t refs;
    uint32_t capacity;
    uint32_t *sums; /* NULL, or what block_sum() noted */
    uint8_t data[];
};
struct block *block_create(uint32_t capacity); /* one reference, the caller's */
/* The block is filled and will not change: its bytes are summed now, once, so that block_checksum() looks at a few of them only. */
void block_sum(struct block *block);
uint32_t block_checksum(const struct block *block, uint32_t offset, uint32_t length); /* checksum_partial() over a slice */
static inline struct block *block_hold(struct block *block)
{
    block->refs++;
    return block;
}
void block_release(struct block *block); /* NULL is allowed */

/* A frame: `length` bytes at `data` (the linear part, with headroom before it), then `tail_length` bytes at frame_tail(), a slice
 * of `block`. All headers are in the linear part; only a TCP payload is ever in the tail. Whoever is handed a frame by a function
 * that "takes" it owns one reference and must pass it on or release it. A frame on a wire is immutable: to edit it, go through
 * frame_own() first. link/network/transport mark where headers start, as offsets from `room` (0 = not yet known), so that an
 * ICMP error can quote a packet and a capture can show it. */
enum frame_flag {
    FRAME_SUMS_GOOD = 1,   /* built by this program and not corrupted since: checksums need no verification */
    FRAME_TAIL_SUMMED = 2, /* tail_sum holds checksum_partial() over the tail */
    FRAME_BROADCAST = 4,   /* arrived addressed to a group, not to us: no TCP, no ICMP error for it (RFC 1122 3.2.2) */
};
struct frame {          /* one cache line; the headers lie in the next ones */
    struct frame *next; /* for the FIFO of whoever owns it */
    uint8_t *data;
    struct block *block;
    struct frame_pool *pool;
    uint32_t length;
    uint32_t tail_length;
    uint32_t tail_at; /* the tail's place in the block: frame_tail() */
    union {
        uint32_t tail_sum;
        uint32_t charge; /* when it waits to be read from a TCP: what it costs there, and nobody sums it any more */
    };
    uint32_t refs;
    uint32_t room_bytes;
    uint16_t link, network, transport;
    uint16_t flags;
    uint8_t room[];
};

enum { FRAME_HEADROOM = 128, FRAME_SMALL = 256, FRAME_MIDDLE = 512, FRAME_LARGE = 2048, FRAME_MAXIMUM = 65535 + 256 };

/* A frame with no bytes, `headroom` free bytes in front and room for `capacity` behind. One reference. Never NULL. */
struct frame *frame_create(struct engine *engine, uint32_t headroom, uint32_t capacity);
static inline struct frame *frame_hold(struct frame *frame)
{
    frame->refs++;
    return frame;
}
void frame_release(struct frame *frame);                                                    /* NULL is allowed */
__attribute__((cold)) struct frame *frame_own_copy(struct frame *frame, uint32_t headroom); /* frame_own()'s other case */
static inline uint32_t frame_headroom(const struct frame *frame) { return (uint32_t)(frame->data - frame->room); }
/* Takes a frame, gives one that nobody else holds: itself, or a copy of the linear part sharing the tail. `headroom`: bytes wanted
 * in front. */
static inline struct frame *frame_own(struct frame *frame, uint32_t headroom)
{
    return frame->refs == 1 && frame_headroom(frame) >= headroom ? frame : frame_own_copy(frame, headroom);
}
/* Takes a frame, gives one whose bytes are all linear. */
struct frame *frame_linear(struct frame *frame);
/* Makes n more bytes at the front part of the frame and returns their address. The frame must be the caller's alone; asserts that the headroom
 * suffices. */
static inline uint8_t *frame_push(struct frame *frame, uint32_t n)
{
    assert(frame->refs == 1 && frame_headroom(frame) >= n);
    frame->data -= n;
    frame->length += n;
    return frame->data;
}
uint8_t *frame_append(struct frame *frame, uint32_t n); /* n more linear bytes at the end; no tail yet; asserts there is room */
static inline void frame_pull(struct frame *frame,
                              uint32_t n) /* drops n bytes from the front of the linear part; n <= length */
{
    frame->data += n;
    frame->length -= n;
}
void frame_trim(struct frame *frame, uint32_t total); /* shortens to `total` bytes over both parts, as padding is cut off */
/* Points the tail at `length` bytes of `block` (a new reference is taken). */
void frame_set_tail(struct frame *frame, struct block *block, const uint8_t *data, uint32_t length);
static inline const uint8_t *frame_tail(const struct frame *frame) /* with tail_length > 0 */
{
    return frame->block->data + frame->tail_at;
}
static inline uint32_t frame_total(const struct frame *frame) { return frame->length + frame->tail_length; }
/* Copies out bytes [offset, offset + n) of the whole frame; the range must lie inside. */
void frame_copy_out(const struct frame *frame, uint32_t offset, void *out, uint32_t n);
/* checksum_partial() over bytes [offset, end), both parts. */
uint32_t frame_checksum(struct frame *frame, uint32_t offset, uint32_t sum);
static inline uint16_t frame_mark(const struct frame *frame) { return (uint16_t)(frame->data - frame->room); }

#endif
