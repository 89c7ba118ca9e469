#ifndef IMP_TRANSPORT_TCP_RETRANSMIT_QUEUE_H
#define IMP_TRANSPORT_TCP_RETRANSMIT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "transport/tcp/sequence.h"

/* The retransmission queue (RFC 9293 3.10.8): what was sent and is not yet acknowledged, a record a segment in the order of the
 * stream. The bytes themselves stay in the send buffer. It is also the scoreboard of RFC 6675 and what RFC 8985 dates its
 * losses by. A ring that grows by doubling; all zero bytes is empty, and it holds no memory until something is sent. */
enum sent_flag {
    SENT_SACKED = 1 << 0,             /* the peer said that it has it */
    SENT_LOST = 1 << 1,               /* taken for lost, and to be sent again */
    SENT_RETRANSMITTED = 1 << 2,      /* the copy now under way is a retransmission */
    SENT_EVER_RETRANSMITTED = 1 << 3, /* Karn: says nothing about the round trip */
    SENT_FIN = 1 << 4,                /* a FIN follows the payload */
    SENT_SUMMED = 1 << 5,             /* `sum` holds */
    SENT_APP_LIMITED = 1 << 6, /* sent while the application had nothing more to send: says nothing about the path's rate */
    SENT_PROBE_MTU = 1 << 7,   /* larger than the path is known to carry (RFC 8899) */
    SENT_PUSH = 1 << 8,        /* the end of a write, or of a piece: has PSH, whenever it is sent */
    SENT_BURST_END = 1 << 9,   /* the last of a departure of several: has PSH this time */
    SENT_EDGE = 1 << 10,       /* the next record left, or leaves again, in another departure */
    SENT_SEAM = 1 << 11,       /* no segment goes across its end: of a record, or of a piece of Linux's */
    SENT_CUT = 1 << 12,        /* it left alone, and an ACK covered a part of it: somebody on the way cuts segments anew */
};
struct sent {
    struct sequence start;
    uint32_t length; /* payload bytes */
    uint32_t sum;    /* checksum_partial() of the payload, with SENT_SUMMED */
    uint16_t flags;
    uint16_t transmissions;
    struct instant time; /* of the last transmission */
    /* What had been delivered when it left, for the rate at which the path delivers (rate.c). */
    uint64_t delivered;
    struct instant delivered_time, first_sent_time;
    uint32_t in_flight, lost; /* segments out with it, and the connection's count of losses, when it left */
};
struct retransmit_queue {
    struct sent *ring;
    uint32_t first, count, capacity;      /* capacity is a power of two, or 0 */
    uint32_t sacked, lost, retransmitted; /* records with those flags; without SACK, `sacked` counts duplicate ACKs */
};

static inline struct sent *sent_at(const struct retransmit_queue *queue, uint32_t index) /* 0 is the oldest; index < count */
{
    return &queue->ring[(queue->first + index) & (queue->capacity - 1)];
}
static inline struct sequence sent_end(const struct sent *sent)
{
    return sequence_add(sent->start, sent->length + ((sent->flags & SENT_FIN) != 0));
}
/* Segments that are probably in the network (RFC 6675 pipe, counted in segments). */
static inline uint32_t retransmit_queue_in_flight(const struct retransmit_queue *queue)
{
    uint32_t gone = queue->sacked + queue->lost, out = queue->count + queue->retransmitted;
    return out > gone ? out - gone : 0;
}
struct sent *retransmit_queue_push(struct retransmit_queue *queue,
                                   struct sent sent);      /* the address holds until the next change */
void retransmit_queue_pop(struct retransmit_queue *queue); /* drops the oldest; its flags leave the counts */
/* Index of the first record that ends after `at`; count when there is none. */
uint32_t retransmit_queue_find(const struct retransmit_queue *queue, struct sequence at);
/* Splits record `index` so that its first part has `length` payload bytes. */
void retransmit_queue_split(struct retransmit_queue *queue, uint32_t index, uint32_t length);
/* Leaves record `index` with `length` payload bytes, and gives the rest to the next one, which is to be sent again like it. */
void retransmit_queue_shift(struct retransmit_queue *queue, uint32_t index, uint32_t length);
/* Cuts every record down to at most `maximum` payload bytes, since the path's MTU shrank. True when one was larger. */
bool retransmit_queue_resegment(struct retransmit_queue *queue, uint32_t maximum);
void retransmit_queue_mark_lost(struct retransmit_queue *queue,
                                struct sent *sent); /* its retransmission too, if one was under way */
void retransmit_queue_mark_sacked(struct retransmit_queue *queue, struct sent *sent);
void retransmit_queue_free(struct retransmit_queue *queue);

#endif
