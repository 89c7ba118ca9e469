/* The retransmission queue: one record for each segment that is out.
 *
 * A ring of records in the order of the stream. New segments are pushed at the back, acknowledged ones popped at the front, and a
 * place in the stream is found by a binary search, so that a SACK block costs a logarithm and its own length; or at once, when the
 * segments are all as long as the first, as in a bulk transfer. The records carry
 * the segment's boundaries (a retransmission sends the same bytes again, so the sum over its payload is kept and never computed
 * twice), when it was last sent, and its flags.
 *
 * The counts of flagged records are kept exact here, in the few functions that change flags, because how many segments are in
 * flight is asked before every transmission: out - sacked - lost + retransmitted (RFC 6675 section 4, in segments).
 *
 * The ring is given back when a connection has been quiet for a while (timers.c). No timers here. */
#include "transport/tcp/retransmit_queue.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

enum { CAPACITY_FIRST = 16, GUESS_FROM = 8 };

static void grow(struct retransmit_queue *queue)
{
    uint32_t capacity = queue->capacity ? queue->capacity * 2 : CAPACITY_FIRST;
    struct sent *ring = memory_grow(NULL, capacity, sizeof *ring);
    for (uint32_t i = 0; i < queue->count; i++)
        ring[i] = *sent_at(queue, i);
    memory_free(queue->ring);
    queue->ring = ring;
    queue->first = 0;
    queue->capacity = capacity;
}

struct sent *retransmit_queue_push(struct retransmit_queue *queue, struct sent sent)
{
    if (queue->count == queue->capacity)
        grow(queue);
    struct sent *place = sent_at(queue, queue->count++);
    *place = sent;
    return place;
}

static void counts_leave(struct retransmit_queue *queue, const struct sent *sent)
{
    queue->sacked -= (sent->flags & SENT_SACKED) != 0;
    queue->lost -= (sent->flags & SENT_LOST) != 0;
    queue->retransmitted -= (sent->flags & SENT_RETRANSMITTED) != 0;
}

void retransmit_queue_pop(struct retransmit_queue *queue)
{
    assert(queue->count > 0);
    counts_leave(queue, sent_at(queue, 0));
    queue->first = (queue->first + 1) & (queue->capacity - 1);
    queue->count--;
}

uint32_t retransmit_queue_find(const struct retransmit_queue *queue, struct sequence at)
{
    uint32_t low = 0, high = queue->count;
    const struct sent *first = high ? sent_at(queue, 0) : NULL;
    if (high > GUESS_FROM && first->length && sequence_after(at, first->start)) {
        uint32_t guess = sequence_distance(first->start, at) / first->length;
        if (guess < high && sequence_after(sent_end(sent_at(queue, guess)), at)) {
            high = guess;
            if (guess == 0 || sequence_at_most(sent_end(sent_at(queue, guess - 1)), at))
                return guess;
        }
    }
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (sequence_at_most(sent_end(sent_at(queue, middle)), at))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void retransmit_queue_split(struct retransmit_queue *queue, uint32_t index, uint32_t length)
{
    struct sent first = *sent_at(queue, index);
    assert(length < first.length);
    (void)retransmit_queue_push(queue, first); /* makes room; the records behind move up by one */
    for (uint32_t i = queue->count - 1; i > index + 1; i--)
        *sent_at(queue, i) = *sent_at(queue, i - 1);
    struct sent *second = sent_at(queue, index + 1);
    *second = first;
    second->start = sequence_add(first.start, length);
    second->length = first.length - length;
    second->flags &= (uint16_t)~SENT_SUMMED;
    first.length = length;
    first.flags &= (uint16_t) ~(SENT_SUMMED | SENT_FIN | SENT_PUSH | SENT_EDGE | SENT_SEAM);
    *sent_at(queue, index) = first;
    queue->sacked += (first.flags & SENT_SACKED) != 0;
    queue->lost += (first.flags & SENT_LOST) != 0;
    queue->retransmitted += (first.flags & SENT_RETRANSMITTED) != 0;
}

void retransmit_queue_shift(struct retransmit_queue *queue, uint32_t index, uint32_t length)
{
    struct sent *sent = sent_at(queue, index), *next = sent_at(queue, index + 1);
    uint32_t rest = sent->length - length;
    assert(length < sent->length && sequence_equal(sent_end(sent), next->start));
    sent->length = length;
    next->start = sent_end(sent);
    next->length += rest;
    sent->flags &= (uint16_t)~SENT_SUMMED;
    next->flags &= (uint16_t)~SENT_SUMMED;
}

bool retransmit_queue_resegment(struct retransmit_queue *queue, uint32_t maximum)
{
    bool any = false;
    for (uint32_t i = 0; i < queue->count; i++)
        any |= sent_at(queue, i)->length > maximum;
    if (!any)
        return false;
    struct retransmit_queue old = *queue;
    *queue = (struct retransmit_queue){0};
    for (uint32_t i = 0; i < old.count; i++) {
        struct sent whole = *sent_at(&old, i);
        bool cut = whole.length > maximum;
        do {
            struct sent part = whole;
            part.length = whole.length < maximum ? whole.length : maximum;
            if (part.length < whole.length)
                part.flags &= (uint16_t) ~(SENT_FIN | SENT_PUSH | SENT_EDGE | SENT_SEAM);
            if (cut)
                part.flags &= (uint16_t)~SENT_SUMMED;
            retransmit_queue_push(queue, part);
            queue->sacked += (part.flags & SENT_SACKED) != 0;
            queue->lost += (part.flags & SENT_LOST) != 0;
            queue->retransmitted += (part.flags & SENT_RETRANSMITTED) != 0;
            whole.start = sequence_add(whole.start, part.length);
            whole.length -= part.length;
        } while (whole.length > 0);
    }
    memory_free(old.ring);
    return true;
}

void retransmit_queue_mark_lost(struct retransmit_queue *queue, struct sent *sent)
{
    if (sent->flags & SENT_RETRANSMITTED) {
        sent->flags &= (uint16_t)~SENT_RETRANSMITTED;
        queue->retransmitted--;
    }
    if (sent->flags & (SENT_LOST | SENT_SACKED))
        return;
    sent->flags |= SENT_LOST;
    queue->lost++;
}

void retransmit_queue_mark_sacked(struct retransmit_queue *queue, struct sent *sent)
{
    assert(!(sent->flags & SENT_SACKED));
    counts_leave(queue, sent);
    sent->flags = (uint16_t)((sent->flags & ~(SENT_LOST | SENT_RETRANSMITTED)) | SENT_SACKED);
    queue->sacked++;
}

void retransmit_queue_free(struct retransmit_queue *queue)
{
    memory_free(queue->ring);
    *queue = (struct retransmit_queue){0};
}
