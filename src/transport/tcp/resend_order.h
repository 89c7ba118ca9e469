#ifndef IMP_TRANSPORT_TCP_RESEND_ORDER_H
#define IMP_TRANSPORT_TCP_RESEND_ORDER_H

#include <stdint.h>

#include "base/time.h"
#include "transport/tcp/sequence.h"

/* Retransmissions in the order in which they were sent, for RACK: a ring of what was sent again and when. An entry is only a note; whether it
 * still holds is for who reads it to see, by the record of the retransmission queue. All zero bytes is empty. */
struct resend {
    struct sequence start;
    struct instant time;
};
struct resend_order {
    struct resend *ring;
    uint32_t first, count, capacity; /* capacity is a power of two, or 0 */
};

void resend_order_push(struct resend_order *order, struct resend resend);
void resend_order_free(struct resend_order *order);
static inline struct resend *resend_order_at(const struct resend_order *order, uint32_t index) /* 0 is the oldest */
{
    return &order->ring[(order->first + index) & (order->capacity - 1)];
}
static inline void resend_order_pop(struct resend_order *order)
{
    order->first = (order->first + 1) & (order->capacity - 1);
    order->count--;
}

#endif
