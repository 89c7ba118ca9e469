#ifndef IMP_TRANSPORT_TCP_BURST_H
#define IMP_TRANSPORT_TCP_BURST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "transport/tcp/sequence.h"

/* The stream in the pieces in which Linux would hand it to a device that cuts segments itself. All zero bytes, with `tail` and `pushed` at
 * the stream's start, is a stream of which nothing was written. */
struct tcp_connection;
struct block;
struct seam { /* in what was not yet sent */
    struct sequence at;
    bool push, record;
};
struct burst_queue {
    struct seam *seams; /* a ring that grows by doubling, no memory while there are none */
    uint32_t first, count, capacity;
    struct sequence tail;   /* where the last piece begins, to which a write may still add */
    struct sequence pushed; /* the end of what was last marked to be pushed */
    bool tail_push;         /* its last segment tells the receiver to hand it up */
    bool tail_record;       /* a record ends with it: nothing is added (MSG_EOR) */
};
struct burst_piece { /* what comes next */
    uint32_t length;
    bool last; /* to the end of what was written, and more may be added */
};

/* Takes `length` bytes, or as many as there is room for, and sends on the way what Linux sends before a long write has ended. */
struct burst_write {
    const uint8_t *data; /* to be copied, or NULL: */
    struct block *block; /* lent, from `offset` on */
    uint32_t offset, length;
    bool more, record, urgent;
};
uint32_t burst_write(struct tcp_connection *c, const struct burst_write *write, struct instant now); /* how many it took */
uint32_t burst_room(struct tcp_connection *c); /* bytes that may be written now; 0: the send buffer is full */
/* A departure of so much leaves now: sets when the next may. Who was late may be early by as much, up to half of it (as Linux). */
void burst_pace(struct tcp_connection *c, uint64_t bytes, uint32_t segments, struct instant now);
uint64_t burst_held(const struct tcp_connection *c);                    /* what of the send buffer's limit is used */
struct burst_piece burst_next(struct tcp_connection *c);                /* from SND.NXT on */
bool burst_pushed(const struct tcp_connection *c, struct sequence end); /* a mark lies between SND.NXT and `end` */
uint32_t burst_most(const struct tcp_connection *c);                    /* segments that may leave as one */
uint64_t burst_rate(const struct tcp_connection *c);                    /* bytes a second; UINT64_MAX: nothing is known yet */
/* Segments of one departure: `quota` is what cwnd allows, `window` what is left of the peer's. */
uint32_t burst_segments(struct tcp_connection *c, const struct burst_piece *piece, uint32_t quota, uint32_t window);
void burst_free(struct burst_queue *queue);

/* busy.c: what a sender waits for */
struct tcp_info;
void busy_written(struct tcp_connection *c, struct instant now);
void busy_wants_room(struct tcp_connection *c); /* a write found the send buffer full */
void busy_has_room(struct tcp_connection *c);
void busy_sent(struct tcp_connection *c, bool any, bool cwnd_limited, bool window_limited, struct instant now);
bool busy_acknowledged(struct tcp_connection *c, struct instant now); /* true: a writer waited for room, and has it */
void busy_info(const struct tcp_connection *c, struct tcp_info *out, struct instant now);

/* In output.c, for the above: sends one burst at most; may the last `length` bytes of a piece, less than a full segment, leave (Nagle, cork)? */
void output_burst(struct tcp_connection *c, struct instant now);
bool output_small_may_go(const struct tcp_connection *c, uint32_t length, const struct burst_piece *piece);

#endif
