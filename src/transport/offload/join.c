/* Joining (receive offload): the segments of a flow that arrive in one go reach the kernel as one.
 *
 * A write to a TAP device costs the same for 60 bytes as for 60,000: the way through the kernel's bridge hooks, IP and TCP. So frames for the kernel that
 * arrive at the same moment are held until the moment is over (the host's loop says when: join_flush()), and those that continue one another go as one
 * large segment with the length of its pieces beside it. The kernel cuts it again at those places should it have to. Nothing waits for a frame
 * that has not arrived yet, so that the time at which the kernel sees a byte stays the wire's.
 *
 * Which may be joined (as Linux's tcp_gro_receive() decides, so that nothing is lost that the receiver could have seen):
 *
 *     the same flow, MACs, TTL, traffic class, DF, options (a timestamp too), acknowledgement number, window and flags
 *     no flag but ACK, PSH and ECE; PSH ends the large segment, and so does a piece shorter than the first
 *     the next in sequence; IPv4 identifications that count up, or stay the same
 *     IP and TCP checksums known to be good: made by this program and not damaged since, or added up here
 *
 * Acknowledgements without data are joined too, which leaves the last of them: the receiver of a large segment would have sent just that one, and
 * the kernel pays as much for each as for 64 KiB of data. The last one says all that those before it did when it acknowledges more, the flags are the
 * same, and there are no options but a timestamp: so a duplicate, a window update, a SACK or ECN's news is never lost. They stand for 64 KiB at most, as
 * much as a large segment does.
 *
 * What is no candidate is delivered at once, behind what is held of its flow, so that the order within a flow is the wire's. The last rule lets the
 * large segment claim a checksum that only its pieces had. A damaged segment is delivered alone, as it is, for the receiver to find out. */
#include "transport/offload/join.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "transport/tcp/segment.h"

enum { CHECKSUM_AT = 16, FLAGS_AT = 13, SEQUENCE_AT = 4, ACKNOWLEDGEMENT_AT = 8, PORTS_BYTES = 4, IPV4_LEAST = 20 };

void join_init(struct join *join, void (*deliver)(void *context, const struct joined *joined), void *context)
{
    memset(join, 0, sizeof *join);
    join->deliver = deliver;
    join->context = context;
}

static void deliver_alone(struct join *join, struct frame *frame)
{
    join->deliver(join->context, &(struct joined){.frames = &frame, .count = 1});
    frame_release(frame);
}

static void flow_flush(struct join *join, struct join_flow *flow)
{
    if (!flow->count)
        return;
    struct joined joined = {.frames = flow->frames,
                            .count = flow->count,
                            .headers = flow->payload_bytes ? &flow->headers : NULL,
                            .payload_bytes = flow->payload_bytes,
                            .segment_bytes = flow->segment_bytes};
    join->deliver(join->context, &joined);
    for (uint32_t i = 0; i < flow->count; i++)
        frame_release(flow->frames[i]);
    flow->count = 0;
}

void join_flush(struct join *join)
{
    for (unsigned i = 0; i < JOIN_FLOWS; i++)
        flow_flush(join, &join->flows[i]);
}

static bool same_flow(const struct join_flow *flow, const uint8_t *start, const struct offload_headers *h)
{
    const uint8_t *first = flow->frames[0]->data;
    if (flow->headers.family != h->family || flow->headers.network != h->network || flow->headers.transport != h->transport)
        return false;
    uint32_t at = h->network + (h->family == 4 ? 12u : 8u), bytes = h->family == 4 ? 8 : 32;
    return memcmp(first + at, start + at, bytes) == 0 && memcmp(first + h->transport, start + h->transport, PORTS_BYTES) == 0;
}

static bool sums_good(struct frame *frame, const struct offload_headers *h)
{
    if (frame->flags & FRAME_SUMS_GOOD)
        return true;
    if (frame_total(frame) != h->end) /* padding is no part of the sum */
        return false;
    const uint8_t *ip = frame->data + h->network;
    if (h->family == 4 && checksum_finish(checksum_partial(ip, (size_t)h->transport - h->network, 0)) != 0)
        return false;
    uint32_t sum = checksum_combine(offload_pseudo_sum(frame->data, h), h->end - h->transport);
    return checksum_finish(frame_checksum(frame, h->transport, sum)) == 0;
}

/* Says nothing but how far everything has come: a header without options, or with a timestamp as everybody lays it out (RFC 7323 appendix A). */
static bool is_acknowledgement(const uint8_t *start, const struct offload_headers *h)
{
    static const uint8_t timestamp[4] = {1, 1, 8, 10};
    const uint8_t *tcp = start + h->transport;
    uint32_t bytes = h->payload - h->transport;
    bool plain = bytes == TCP_HEADER_BYTES || (bytes == TCP_HEADER_BYTES + TCP_TIMESTAMPS_BYTES &&
                                               memcmp(tcp + TCP_HEADER_BYTES, timestamp, sizeof timestamp) == 0);
    return plain && h->end == h->payload && (tcp[FLAGS_AT] & ~TCP_ECE) == TCP_ACK && !(tcp[12] & 0x0f);
}

static bool may_be_joined(struct frame *frame, const struct offload_headers *h)
{
    const uint8_t *tcp = frame->data + h->transport;
    bool data = h->end > h->payload && !(tcp[12] & 0x0f) && (tcp[FLAGS_AT] & ~(TCP_PSH | TCP_ECE)) == TCP_ACK;
    return (data || is_acknowledgement(frame->data, h)) && sums_good(frame, h);
}

/* Is everything that all pieces of a large segment share the same? */
static bool continues(const struct join_flow *flow, const uint8_t *start, const struct offload_headers *h)
{
    const uint8_t *first = flow->frames[0]->data;
    const uint8_t *ip = start + h->network, *ip_first = first + h->network;
    const uint8_t *tcp = start + h->transport, *tcp_first = first + h->transport;
    if (h->payload != flow->headers.payload || memcmp(start, first, h->network) != 0)
        return false;
    if (h->family == 4) {
        uint16_t number = load_u16(ip + 4), number_first = load_u16(ip_first + 4);
        if (ip[1] != ip_first[1] || memcmp(ip + 6, ip_first + 6, 3) != 0 ||
            (number != number_first && number != (uint16_t)(number_first + flow->count)) ||
            memcmp(ip + IPV4_LEAST, ip_first + IPV4_LEAST, (size_t)h->transport - h->network - IPV4_LEAST) != 0)
            return false;
    } else if (memcmp(ip, ip_first, 4) != 0 || memcmp(ip + 6, ip_first + 6, 2) != 0) {
        return false;
    }
    return load_u32(tcp + SEQUENCE_AT) == flow->next_sequence && memcmp(tcp + 8, tcp_first + 8, 5) == 0 &&
           ((tcp[FLAGS_AT] ^ tcp_first[FLAGS_AT]) & ~TCP_PSH) == 0 && memcmp(tcp + 14, tcp_first + 14, 2) == 0 &&
           memcmp(tcp + 18, tcp_first + 18, (size_t)h->payload - h->transport - 18) == 0;
}

/* Does this acknowledgement say all that the held one does, and more? */
static bool supersedes(const struct join_flow *flow, const uint8_t *start, const struct offload_headers *h)
{
    const uint8_t *held = flow->frames[0]->data + h->transport, *tcp = start + h->transport;
    if (flow->payload_bytes || h->end != h->payload || h->payload != flow->headers.payload)
        return false;
    uint32_t more = load_u32(tcp + ACKNOWLEDGEMENT_AT) - flow->first_acknowledgement;
    int32_t newer = (int32_t)(load_u32(tcp + ACKNOWLEDGEMENT_AT) - load_u32(held + ACKNOWLEDGEMENT_AT));
    const uint8_t *ip = start + h->network, *ip_held = flow->frames[0]->data + h->network;
    if (h->family == 4 ? ip[1] != ip_held[1] : load_u16(ip) != load_u16(ip_held)) /* DSCP and ECN */
        return false;
    return newer > 0 && more <= JOIN_BYTES_MAX && load_u32(tcp + SEQUENCE_AT) == load_u32(held + SEQUENCE_AT) &&
           memcmp(tcp + 12, held + 12, 2) == 0;
}

static bool has_room(const struct join_flow *flow, uint32_t payload)
{
    uint32_t headers = flow->headers.payload - flow->headers.network;
    return flow->count < JOIN_FRAMES_MAX && payload > 0 && payload <= flow->segment_bytes &&
           headers + flow->payload_bytes + payload <= JOIN_BYTES_MAX;
}

static void flow_push(struct join *join, struct join_flow *flow, struct frame *frame, const struct offload_headers *h)
{
    uint32_t payload = h->end - h->payload;
    const uint8_t *tcp = frame->data + h->transport;
    if (flow->count == 0) {
        flow->headers = *h;
        flow->segment_bytes = payload;
        flow->payload_bytes = 0;
        flow->next_sequence = load_u32(tcp + SEQUENCE_AT);
        flow->first_acknowledgement = load_u32(tcp + ACKNOWLEDGEMENT_AT);
    }
    flow->frames[flow->count++] = frame;
    flow->payload_bytes += payload;
    flow->next_sequence += payload;
    if (tcp[FLAGS_AT] & TCP_PSH || payload < flow->segment_bytes)
        flow_flush(join, flow);
}

static struct join_flow *place_take(struct join *join)
{
    struct join_flow *flow = &join->flows[join->next];
    for (unsigned i = 0; i < JOIN_FLOWS; i++)
        if (join->flows[i].count == 0)
            return &join->flows[i];
    join->next = (join->next + 1) % JOIN_FLOWS;
    flow_flush(join, flow);
    return flow;
}

void join_add(struct join *join, struct frame *frame)
{
    struct offload_headers h;
    if (!offload_headers_find(frame->data, frame->length, frame_total(frame), 0, &h)) {
        deliver_alone(join, frame);
        return;
    }
    struct join_flow *flow = NULL;
    for (unsigned i = 0; !flow && i < JOIN_FLOWS; i++)
        if (join->flows[i].count && same_flow(&join->flows[i], frame->data, &h))
            flow = &join->flows[i];
    bool candidate = may_be_joined(frame, &h);
    if (flow && candidate && supersedes(flow, frame->data, &h)) {
        frame_release(flow->frames[0]);
        flow->frames[0] = frame;
        join->superseded++;
        return;
    }
    if (flow && !(candidate && continues(flow, frame->data, &h) && has_room(flow, h.end - h.payload)))
        flow_flush(join, flow);
    if (candidate)
        flow_push(join, flow ? flow : place_take(join), frame, &h);
    else
        deliver_alone(join, frame);
}

void joined_headers(const struct joined *joined, uint8_t *out)
{
    const struct offload_headers *h = joined->headers;
    const uint8_t *last = joined->frames[joined->count - 1]->data;
    memcpy(out, joined->frames[0]->data, h->payload);
    offload_set_length(out, h, joined->payload_bytes);
    uint8_t *tcp = out + h->transport;
    tcp[FLAGS_AT] |= last[h->transport + FLAGS_AT] & TCP_PSH;
    uint32_t bytes = h->payload - h->transport + joined->payload_bytes;
    uint16_t sum = checksum_finish(checksum_combine(offload_pseudo_sum(out, h), bytes));
    store_u16(tcp + CHECKSUM_AT, (uint16_t)~sum); /* folded, and not complemented: the rest is still to be added */
}

struct joined_payload joined_payload(const struct joined *joined, uint32_t index)
{
    const struct frame *frame = joined->frames[index];
    uint32_t first = joined->headers->payload;
    uint32_t bytes = index + 1 < joined->count ? joined->segment_bytes : joined->payload_bytes - index * joined->segment_bytes;
    uint32_t linear = frame->length - first < bytes ? frame->length - first : bytes;
    assert(first + bytes <= frame_total(frame));
    return (struct joined_payload){frame->data + first, bytes > linear ? frame_tail(frame) : NULL, linear, bytes - linear};
}
