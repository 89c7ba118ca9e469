/* Selective acknowledgements (RFC 2018, RFC 6675): keeping the scoreboard; duplicates (RFC 2883).
 *
 * Each record of the retransmission queue that a SACK block covers is marked; it is out of the network and safe. What is marked for the
 * first time counts as delivered. A block that repeats what the last option said is skipped at once (repair.sack_cache), so that the
 * work of an ACK is its news, not its window.
 *
 * The first block may instead report a duplicate: when it lies below the acknowledgement, or inside the second block (RFC 2883 section
 * 4). Each duplicate explains one retransmission that was not needed; when all are explained, recovery.c undoes the reduction, and RACK
 * widens its reordering window.
 *
 * When something arrives that was sent before what is already marked, and was sent only once, the network has reordered: that is
 * remembered, and from then on a gap is given time before it is called a loss.
 *
 * Blocks that no honest peer could send (beyond SND.NXT, inverted, below what was ever sent) are passed over. No timers. */
#include <string.h>

#include "transport/tcp/rooms.h"

void sack_reordering_seen(struct tcp_connection *c, struct sequence low, struct sequence high)
{
    uint32_t distance = sequence_distance(low, high);
    uint32_t segments = (distance + c->mss - 1) / c->mss;
    uint32_t most = c->socket.tcp->sysctls->max_reordering;
    if (segments > c->recovery.reordering)
        c->recovery.reordering = segments < most ? segments : most;
    c->recovery.reordering_seen = true;
    c->count.reorderings++;
}

static void mark(struct tcp_connection *c, struct sent *sent, struct ack_news *news, struct instant *oldest,
                 struct instant *newest)
{
    struct repair *repair = c->repair; /* sack_input() took it */
    if (!(sent->flags & SENT_EVER_RETRANSMITTED)) {
        if (c->sent.sacked && sequence_before(sent->start, repair->highest_sacked))
            sack_reordering_seen(c, sent->start, repair->highest_sacked);
        news->original_acked |= sequence_at_most(sent_end(sent), c->recovery.high);
        if (instant_is_never(*oldest))
            *oldest = sent->time;
        *newest = sent->time;
    }
    rack_advance(c, sent, news->now);
    rate_delivered(c, sent, news);
    retransmit_queue_mark_sacked(&c->sent, sent);
    if (c->sent.sacked == 1 || sequence_before(repair->highest_sacked, sent_end(sent)))
        repair->highest_sacked = sent_end(sent);
    news->newly_sacked++;
    news->delivered++;
    news->delivered_bytes += sent->length;
}

/* Marks what lies wholly in [start, end). */
static void mark_range(struct tcp_connection *c, struct sequence start, struct sequence end, struct ack_news *news,
                       struct instant *oldest, struct instant *newest)
{
    for (uint32_t i = retransmit_queue_find(&c->sent, start); i < c->sent.count; i++) {
        struct sent *sent = sent_at(&c->sent, i);
        if (sequence_after(sent_end(sent), end))
            return;
        if (!(sent->flags & SENT_SACKED) && !sequence_before(sent->start, start))
            mark(c, sent, news, oldest, newest);
    }
}

static bool is_duplicate(const struct tcp_segment *segment)
{
    const struct sack_block *first = &segment->sack[0];
    if (sequence_before(first->start, segment->acknowledgement))
        return true;
    return segment->sack_count > 1 && !sequence_before(first->start, segment->sack[1].start) &&
           sequence_at_most(first->end, segment->sack[1].end);
}

static void duplicate_reported(struct tcp_connection *c, const struct sack_block *block, struct ack_news *news)
{
    if (sequence_after(block->end, c->snd.nxt) || sequence_before(block->start, sequence_back(c->snd.una, c->snd.wnd_max)))
        return;
    news->dsack = true;
    c->count.duplicates_reported++;
    c->rack.dsack_seen = true;
    news->dsack_of_probe = c->rack.probe_out && sequence_equal(block->end, c->rack.probe_end);
    struct repair *repair = c->repair;
    if (c->recovery.undo_possible && repair->undo_retransmits > 0 && repair->undo_retransmits != UINT32_MAX &&
        sequence_after(block->end, repair->undo_marker) && !news->dsack_of_probe)
        repair->undo_retransmits--;
}

/* Copies the plausible blocks in the order of the stream; returns how many. */
static unsigned sort_blocks(const struct tcp_connection *c, const struct tcp_segment *segment, unsigned first,
                            struct sack_block *out)
{
    unsigned count = 0;
    for (unsigned i = first; i < segment->sack_count; i++) {
        struct sack_block block = segment->sack[i];
        if (!sequence_before(block.start, block.end) || sequence_after(block.end, c->snd.nxt) ||
            sequence_at_most(block.end, segment->acknowledgement) || sequence_before(block.start, c->snd.una))
            continue;
        unsigned at = count++;
        while (at > 0 && sequence_before(block.start, out[at - 1].start)) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = block;
    }
    return count;
}

void sack_input(struct tcp_connection *c, struct ack_news *news)
{
    const struct tcp_segment *segment = news->segment;
    struct sack_block *cache = repair_of(&c->repair)->sack_cache;
    struct instant oldest = INSTANT_NEVER, newest = INSTANT_NEVER;
    struct sack_block blocks[TCP_SACK_BLOCKS_MAX] = {0};
    bool duplicate = is_duplicate(segment);
    if (duplicate)
        duplicate_reported(c, &segment->sack[0], news);
    unsigned count = sort_blocks(c, segment, duplicate, blocks);
    for (unsigned i = 0; i < count; i++) {
        struct sequence at = blocks[i].start;
        for (unsigned k = 0; k < TCP_SACK_BLOCKS_MAX; k++) { /* what the last option said of this range is known */
            const struct sack_block *known = &cache[k];
            if (sequence_equal(known->start, known->end) || sequence_before(known->start, at) ||
                sequence_after(known->end, blocks[i].end))
                continue;
            mark_range(c, at, known->start, news, &oldest, &newest);
            at = known->end;
        }
        mark_range(c, at, blocks[i].end, news, &oldest, &newest);
    }
    memcpy(cache, blocks, sizeof blocks);
    if (!instant_is_never(oldest)) {
        news->rtt_ns = instant_since(news->now, oldest);
        news->congestion_rtt_ns = instant_since(news->now, newest);
    }
}
