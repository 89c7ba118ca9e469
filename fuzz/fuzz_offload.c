/* Feeds the edge of a TAP device what a hostile kernel might: (a byte, length in two bytes, virtio header and frame) again and again. What the header
 * asks for is done; the pieces and the whole frames are then joined as if they were for the kernel, and every byte is looked at. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "engine/engine.h"
#include "host/virtio_header.h"
#include "transport/offload/cut.h"
#include "transport/offload/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAME_BYTES_MAX = 1514 };

static volatile uint32_t seen; /* so that the bytes are read */

static void deliver(void *context, const struct joined *joined)
{
    (void)context;
    if (!joined->headers) {
        assert(joined->count == 1);
        return;
    }
    uint8_t start[OFFLOAD_HEADERS_MAX];
    joined_headers(joined, start);
    struct offload_headers h;
    uint32_t total = joined->headers->payload + joined->payload_bytes, sum = 0;
    assert(offload_headers_find(start, joined->headers->payload, total, 0, &h) && h.end == total);
    for (uint32_t i = 0; i < joined->count; i++) {
        struct joined_payload payload = joined_payload(joined, i);
        sum = checksum_partial(payload.linear, payload.linear_bytes, sum);
        sum = checksum_partial(payload.tail, payload.tail_bytes, sum);
        total -= payload.linear_bytes + payload.tail_bytes;
    }
    assert(total == joined->headers->payload);
    seen = sum;
}

static void keep(void *context, struct frame *frame)
{
    assert(frame_total(frame) <= FRAME_BYTES_MAX);
    join_add(context, frame);
}

static void send(struct engine *engine, struct join *join, const uint8_t *bytes, size_t length)
{
    struct virtio_header virtio;
    if (length < VIRTIO_HEADER_BYTES)
        return;
    uint32_t rest = (uint32_t)(length - VIRTIO_HEADER_BYTES);
    if (virtio_header_parse(bytes, rest, &virtio) != 0)
        return;
    if (virtio.segmentation != VIRTIO_WHOLE) {
        struct block *block = block_create((uint32_t)length);
        memcpy(block->data, bytes, length);
        const struct offload_large large = {.block = block,
                                            .offset = VIRTIO_HEADER_BYTES,
                                            .length = rest,
                                            .family = virtio.segmentation == VIRTIO_TCP_IPV4 ? 4 : 6,
                                            .transport = virtio.checksum_start,
                                            .segment_bytes = virtio.segment_bytes,
                                            .frame_bytes_max = FRAME_BYTES_MAX};
        (void)offload_cut(engine, &large, keep, join);
        block_release(block);
        return;
    }
    struct frame *frame = frame_create(engine, 0, rest);
    memcpy(frame_append(frame, rest), bytes + VIRTIO_HEADER_BYTES, rest);
    if (virtio.needs_checksum)
        offload_complete_checksum(frame, virtio.checksum_start, virtio.checksum_offset);
    join_add(join, frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct engine *engine = engine_create(1);
    static struct join join;
    join_init(&join, deliver, NULL);
    struct reader reader = reader_of(data, size);
    while (reader_left(&reader) > 3) {
        uint8_t control = reader_u8(&reader);
        size_t length = reader_u16(&reader) & 0xfff;
        length = length < reader_left(&reader) ? length : reader_left(&reader);
        send(engine, &join, reader_take(&reader, length), length);
        if ((control & 7) == 0)
            join_flush(&join);
    }
    join_flush(&join);
    assert(engine_counts(engine).frames_alive == 0);
    engine_destroy(engine);
    return 0;
}
