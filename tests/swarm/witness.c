/* The witness: what a checksum can know, and what it cannot.
 *
 * Each bit that a wire flips is found by the Internet checksum. Two are not always: where one wire turns a bit of one 16-bit word from 0 to 1,
 * and another wire the same bit of another word from 1 to 0, the sum is what it was (RFC 1071), and no TCP can know. Seed 1163 was such a case:
 * bit 7 of byte 142 of a packet on the first wire, bit 7 of byte 156 on the third. Swapped fragments are another, since a sum does not know
 * of order. So that the swarm may corrupt wherever it likes and still say exactly what is imp's fault, the witness decides for each segment
 * between the internet layer and TCP, by means of its own:
 *
 *     its bytes and addresses are among those that a host sent: let through
 *     they are not, and it is marked FRAME_SUMS_GOOD: a fault, for TCP would believe it unread
 *     they are not, and the sum (added up here, two bytes at a time) is wrong: let through, and TCP must drop it at once
 *     they are not, and the sum is right: nobody could tell. It is counted, and taken out
 *
 * So everything that reaches a reader and differs from what was written is a fault without an excuse, and what is taken out is as if it had
 * been lost. How often that may be is known too: swarm.c compares the counts at the end.
 *
 * Left alone: ICMP, ARP and neighbour discovery, which have no stream to spoil. */
#include "witness.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "internet/ipv4.h"
#include "internet/ipv6.h"
#include "internet/stack_internal.h"
#include "link/ethernet.h"
#include "transport/tcp/segment.h"

enum { IPV6_NEXT_AT = 6, IPV6_LENGTH_AT = 4, IPV6_SOURCE_AT = 8, FLAGS_AT = 13 };

static struct witness *standing; /* a transport's context must stay its own */

struct mark {
    uint8_t b[16];
};

static struct mark mark_of(const struct ip *source, const struct ip *destination, const uint8_t *segment, size_t length)
{
    struct stream_hash hash = {0};
    struct mark mark;
    stream_hash_add(&hash, source->b, sizeof source->b);
    stream_hash_add(&hash, destination->b, sizeof destination->b);
    stream_hash_add(&hash, segment, length);
    stream_hash_finish(&hash, mark.b);
    return mark;
}

static void segment_sent(struct witness *witness, const struct ip *source, const struct ip *destination, const uint8_t *segment,
                         size_t length)
{
    struct mark mark = mark_of(source, destination, segment, length);
    if (!map_get(&witness->sent, &mark, sizeof mark))
        map_put(&witness->sent, &mark, sizeof mark, witness);
}

/* A fragment as its sender cut it. Where one is missing, its queue had no room for it, and the whole will not arrive. */
static void piece_sent(struct witness *witness, struct witness_pieces *pieces, const struct ipv4_header *header,
                       const uint8_t *piece, size_t length)
{
    if (header->offset_bytes == 0) {
        pieces->identification = header->identification;
        pieces->length = 0;
    }
    if (header->identification != pieces->identification || header->offset_bytes != pieces->length ||
        length > sizeof pieces->bytes - pieces->length)
        return;
    memcpy(pieces->bytes + pieces->length, piece, length);
    pieces->length += (uint32_t)length;
    if (!header->more_fragments)
        segment_sent(witness, &header->source, &header->destination, pieces->bytes, pieces->length);
}

static void packet_sent(struct witness *witness, unsigned side, uint16_t type, const uint8_t *packet, size_t length)
{
    struct ipv4_header header;
    if (type == ETHERTYPE_IPV4 && ipv4_parse(packet, length, &header) == 0 && header.protocol == PROTOCOL_TCP) {
        const uint8_t *payload = packet + header.header_bytes;
        size_t bytes = (size_t)header.total_bytes - header.header_bytes;
        if (header.more_fragments || header.offset_bytes)
            piece_sent(witness, &witness->pieces[side], &header, payload, bytes);
        else
            segment_sent(witness, &header.source, &header.destination, payload, bytes);
    } else if (type == ETHERTYPE_IPV6 && length >= IPV6_HEADER_BYTES && packet[IPV6_NEXT_AT] == PROTOCOL_TCP) {
        struct ip source = ip6_of_bytes(packet + IPV6_SOURCE_AT), destination = ip6_of_bytes(packet + IPV6_SOURCE_AT + 16);
        segment_sent(witness, &source, &destination, packet + IPV6_HEADER_BYTES, load_u16(packet + IPV6_LENGTH_AT));
    }
}

static void frame_seen(struct wire_tap *tap, struct wire *wire, unsigned from_side, const struct frame *frame,
                       struct instant now)
{
    (void)wire;
    (void)now;
    struct witness *witness = standing;
    if (tap != &witness->tap[from_side])
        return;
    uint32_t total = frame_total(frame);
    assert(total >= ETHERNET_HEADER_BYTES && total <= sizeof witness->bytes);
    frame_copy_out(frame, 0, witness->bytes, total);
    packet_sent(witness, from_side, load_u16(witness->bytes + ETHERNET_HEADER_BYTES - 2),
                witness->bytes + ETHERNET_HEADER_BYTES, total - ETHERNET_HEADER_BYTES);
}

static uint32_t words_sum(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0; /* 64 KiB do not fill it */
    for (size_t i = 0; i < length; i++)
        sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static bool sum_right(const struct packet_info *info, const uint8_t *segment, size_t length)
{
    uint64_t sum = (uint64_t)words_sum(info->source.b, sizeof info->source.b) +
                   words_sum(info->destination.b, sizeof info->destination.b) + PROTOCOL_TCP + length +
                   words_sum(segment, length);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

static uint64_t refused(const struct stack *stack)
{
    const uint32_t *drops = stack_node(stack)->drops;
    return (uint64_t)drops[DROP_TCP_CHECKSUM] + drops[DROP_TCP_MALFORMED] + drops[DROP_TCP_INVALID];
}

static void segment_arrives(struct stack *stack, void *context, const struct packet_info *info, struct frame *packet_taken)
{
    struct witness *witness = standing;
    uint32_t length = frame_total(packet_taken);
    assert(length <= sizeof witness->bytes);
    frame_copy_out(packet_taken, 0, witness->bytes, length);
    struct mark mark = mark_of(&info->source, &info->destination, witness->bytes, length);
    if (map_get(&witness->sent, &mark, sizeof mark)) {
        bool asks = (witness->bytes[FLAGS_AT] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
        witness->counts.fast_opens += asks && length > (uint32_t)(witness->bytes[FLAGS_AT - 1] >> 4) * 4;
        witness->tcp->input(stack, context, info, packet_taken);
        return;
    }
    if (packet_taken->flags & FRAME_SUMS_GOOD)
        witness->counts.trusted++;
    if (sum_right(info, witness->bytes, length)) {
        witness->counts.undetectable++;
        frame_release(packet_taken);
        return;
    }
    witness->counts.damaged++;
    uint64_t before = refused(stack);
    witness->tcp->input(stack, context, info, packet_taken);
    witness->counts.heeded += refused(stack) != before + 1;
}

static bool error_arrives(struct stack *stack, void *context, const struct packet_info *info, struct bytes quoted,
                          const struct stack_error *error)
{
    return standing->tcp->error(stack, context, info, quoted, error);
}

void witness_begin(struct witness *witness)
{
    memset(witness, 0, sizeof *witness);
    standing = witness;
}

void witness_watch(struct witness *witness, struct wire *wire, unsigned from_side)
{
    struct wire_tap *tap = &witness->tap[from_side];
    tap->frame = frame_seen;
    wire_tap_add(wire, tap);
}

void witness_stand(struct witness *witness, struct stack *stack)
{
    static const struct transport_ops OPS = {.input = segment_arrives, .error = error_arrives};
    bool found = false;
    for (unsigned i = 0; i < LIMIT_TRANSPORTS && !found; i++)
        if (stack->transports[i].ops && stack->transports[i].protocol == PROTOCOL_TCP) {
            found = true;
            witness->tcp = stack->transports[i].ops;
            stack_transport_register(stack, PROTOCOL_TCP, &OPS, stack->transports[i].context);
        }
    assert(found); /* else nobody would look */
}

void witness_judge(const struct witness *witness, struct text *faults)
{
    const struct witness_counts *c = &witness->counts;
    if (c->trusted)
        text_format(faults, "%" PRIu64 " segments that nobody sent were marked good; ", c->trusted);
    if (c->heeded)
        text_format(faults, "%" PRIu64 " damaged segments were not dropped; ", c->heeded);
}

void witness_end(struct witness *witness)
{
    map_free(&witness->sent);
    standing = NULL;
}
