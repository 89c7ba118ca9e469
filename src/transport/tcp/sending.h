#ifndef IMP_TRANSPORT_TCP_SENDING_H
#define IMP_TRANSPORT_TCP_SENDING_H

#include <stdint.h>

#include "base/memory.h"
#include "base/time.h"
#include "transport/tcp/burst.h"
#include "transport/tcp/segment.h"

/* What only a connection that has sent data has to know. */
struct validation {       /* validation.c */
    uint32_t used;        /* the most segments out since cwnd was last used to the full, */
    struct instant since; /* which was then; or when cwnd was last shrunk for that */
    /* RFC 7661 */
    uint32_t pipe[2]; /* segments acknowledged in a round trip: the most of this half period, and of the one before */
    struct instant pipe_since, validated;
    struct sequence round_end;
    uint64_t round_delivered;
    bool begun, measured;
};
struct sending {
    struct validation validation;
    struct { /* rate.c */
        struct instant delivered_time, first_sent;
        uint64_t bytes_per_s; /* the last good sample; 0 = none */
        uint64_t app_limited; /* until this much is delivered, samples say what the application did; 0 = not */
    } rate;
    struct burst_queue burst;
    struct sequence urgent_end; /* behind the last urgent byte; with CONNECTION_URGENT */
    struct waiting_piece {      /* small_queue.c: the last two that left, the older first */
        struct instant first,
            departure; /* when its first segment was handed to the wire, and when its last one will have left */
        bool ended;
    } waiting[2];
    struct { /* busy.c */
        enum busy { BUSY_NOT, BUSY_SENDING, BUSY_WINDOW, BUSY_BUFFER, BUSY_KINDS } kind;
        struct instant since;
        int64_t spent_ns[BUSY_KINDS];
        bool wants_room; /* a write found the send buffer full */
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
