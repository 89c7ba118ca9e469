/* Cutting (segmentation offload): one large TCP segment becomes what a wire carries.
 *
 * The kernel's TCP makes segments of up to 64 KiB and leaves it to the device to cut them; a read of the TAP device then costs what one frame costs, in
 * place of forty-four. Each piece has the headers of the whole, with these differences (the rules are those of every network card):
 *
 *     sequence number     advanced by what came before
 *     FIN and PSH         on the last piece only
 *     CWR                 on the first only (RFC 3168 section 6.1.2: once for each reduction)
 *     IPv4 identification counted up; lengths and checksums of its own
 *
 * No payload is copied: a piece is a small frame whose tail is a slice of the block into which the whole was read.
 *
 * The checksum of the whole is half done. Its field holds the sum over the pseudo-header, from which the whole's length is taken and each piece's
 * put in. If that field is what the addresses say, the pieces are marked as known to be good (FRAME_SUMS_GOOD); else a receiver will find them
 * wrong, as on a real wire. With an IPv6 routing header the sum is over the final destination, which only the sender knows: the field is
 * believed, and the receiver verifies. */
#include "transport/offload/cut.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "transport/offload/headers.h"
#include "transport/tcp/segment.h"

enum { CHECKSUM_AT = 16, FLAGS_AT = 13, SEQUENCE_AT = 4 };

void offload_complete_checksum(struct frame *frame, uint32_t start, uint32_t offset)
{
    uint16_t sum = checksum_finish(checksum_partial(frame->data + start, frame->length - start, 0));
    store_u16(frame->data + start + offset, sum ? sum : 0xffff); /* for UDP, 0 would say that there is none (RFC 768) */
}

struct cutting {
    struct engine *engine;
    const struct offload_large *large;
    const uint8_t *start; /* of the whole */
    struct offload_headers headers;
    uint32_t pseudo_sum; /* without the length */
    bool sums_good;
};

static struct frame *piece_make(const struct cutting *cutting, uint32_t at, uint32_t bytes, bool first, bool last,
                                uint16_t number)
{
    const struct offload_headers *h = &cutting->headers;
    struct frame *frame = frame_create(cutting->engine, FRAME_HEADROOM, h->payload);
    uint8_t *start = frame_append(frame, h->payload);
    memcpy(start, cutting->start, h->payload);
    if (h->family == 4)
        store_u16(start + h->network + 4, (uint16_t)(load_u16(start + h->network + 4) + number));
    offload_set_length(start, h, bytes);
    uint8_t *tcp = start + h->transport;
    store_u32(tcp + SEQUENCE_AT, load_u32(tcp + SEQUENCE_AT) + at);
    uint8_t cleared = (uint8_t)((first ? 0 : TCP_CWR) | (last ? 0 : TCP_FIN | TCP_PSH));
    tcp[FLAGS_AT] = (uint8_t)(tcp[FLAGS_AT] & ~cleared);
    store_u16(tcp + CHECKSUM_AT, 0);
    frame_set_tail(frame, cutting->large->block, cutting->start + h->payload + at, bytes);
    uint32_t tcp_bytes = h->payload - h->transport + bytes;
    uint32_t sum = frame_checksum(frame, h->transport, checksum_combine(cutting->pseudo_sum, tcp_bytes));
    store_u16(tcp + CHECKSUM_AT, checksum_finish(sum));
    if (cutting->sums_good)
        frame->flags |= FRAME_SUMS_GOOD;
    return frame;
}

int offload_cut(struct engine *engine, const struct offload_large *large,
                void (*piece)(void *context, struct frame *frame_taken), void *context)
{
    struct cutting cutting = {.engine = engine, .large = large, .start = large->block->data + large->offset};
    struct offload_headers *h = &cutting.headers;
    if (!offload_headers_find(cutting.start, large->length, large->length, large->transport, h) || h->family != large->family ||
        h->end != large->length || large->segment_bytes == 0)
        return IMP_MALFORMED;
    uint32_t payload = h->end - h->payload, whole_tcp = h->end - h->transport;
    if (payload == 0)
        return IMP_MALFORMED;
    uint32_t most = payload < large->segment_bytes ? payload : large->segment_bytes;
    if (h->payload + most > large->frame_bytes_max)
        return IMP_TOO_BIG;
    uint16_t field = load_u16(cutting.start + h->transport + CHECKSUM_AT), folded = checksum_finish(whole_tcp);
    cutting.pseudo_sum = checksum_combine(field, folded); /* subtracting is adding the complement */
    uint16_t expected = checksum_finish(offload_pseudo_sum(cutting.start, h));
    cutting.sums_good = checksum_finish(cutting.pseudo_sum) == expected;
    uint16_t number = 0;
    for (uint32_t at = 0; at < payload; at += most, number++) {
        uint32_t bytes = payload - at < most ? payload - at : most;
        piece(context, piece_make(&cutting, at, bytes, at == 0, at + bytes == payload, number));
    }
    return number;
}
