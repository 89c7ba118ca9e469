#ifndef IMP_TRANSPORT_TCP_SENDING_H
#define IMP_TRANSPORT_TCP_SENDING_H

#include <stdint.h>

#include "base/memory.h"
#include "base/time.h"
#include "transport/tcp/burst.h"
#include "transport/tcp/sequence.h"

/* What only a connection that has sent data has to know. It is kept from then on: most of it is what was learnt of the path. */
enum busy { BUSY_NOT, BUSY_SENDING, BUSY_WINDOW, BUSY_BUFFER, BUSY_KINDS };
struct sending {
    struct { /* rate.c */
        struct instant delivered_time, first_sent;
        uint64_t bytes_per_s; /* the last good sample; 0 = none */
        uint64_t app_limited; /* until this much is delivered, samples say what the application did; 0 = not */
    } rate;
    struct burst_queue burst;
    struct validation {            /* validation.c */
        struct sequence usage_end; /* a round trip of sending ends here, */
        uint32_t usage_out;        /* and the most segments out in it */
        uint32_t used;             /* the most segments out since cwnd was last used to the full, */
        struct instant since;      /* which was then; or when cwnd was last shrunk for that */
    } validation;
    struct instant pace_next; /* when the next segment may leave, where the control, or the socket, paces */
    struct {                  /* busy.c */
        struct instant since;
        int64_t spent_ns[BUSY_KINDS - 1]; /* from BUSY_SENDING on */
        uint8_t kind;                     /* enum busy */
        bool wants_room;                  /* a write found the send buffer full */
    } busy;
};

/* Takes it when it is not there yet. */
static inline struct sending *sending_of(struct sending **sending)
{
    if (!*sending)
        *sending = memory_take_zeroed(1, sizeof **sending);
    return *sending;
}

#endif
