/* Retransmissions in the order of time.
 *
 * RACK (RFC 8985 section 6.2 step 5) asks which segments were sent before a certain time. What was sent once lies in the retransmission
 * queue in the order of the stream, which is also the order of time; what was sent again does not, and looking through the whole
 * window for it with every ACK made losing a thousand segments cost a million steps. So each retransmission leaves a note here. Notes are
 * never searched for and never corrected: one whose segment has since been acknowledged, SACKed, given up or sent once more is passed over
 * when it comes to the front.
 *
 * The ring exists only while something sent again is under way. No timers. */
#include "transport/tcp/resend_order.h"

#include "base/memory.h"

enum { CAPACITY_FIRST = 16 };

void resend_order_push(struct resend_order *order, struct resend resend)
{
    if (order->count == order->capacity) {
        uint32_t capacity = order->capacity ? order->capacity * 2 : CAPACITY_FIRST;
        struct resend *ring = memory_grow(NULL, capacity, sizeof *ring);
        for (uint32_t i = 0; i < order->count; i++)
            ring[i] = *resend_order_at(order, i);
        memory_free(order->ring);
        order->ring = ring;
        order->first = 0;
        order->capacity = capacity;
    }
    *resend_order_at(order, order->count++) = resend;
}

void resend_order_free(struct resend_order *order)
{
    memory_free(order->ring);
    *order = (struct resend_order){0};
}
