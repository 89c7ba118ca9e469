#ifndef IMP_TRANSPORT_TCP_URGENT_H
#define IMP_TRANSPORT_TCP_URGENT_H

#include <stddef.h>
#include <stdint.h>

#include "transport/tcp/sequence.h"

/* Urgent data (RFC 9293 section 3.8.5, RFC 6093): what came of it, and what is under way. */
enum urgent_state {
    URGENT_NONE,
    URGENT_ANNOUNCED, /* a pointer came, the byte it means did not yet */
    URGENT_HERE,
    URGENT_TAKEN, /* it was read apart from the stream; its place is still ahead of the reader */
};
struct urgent {
    struct sequence at; /* the byte that is urgent; with `state` */
    uint8_t state;      /* enum urgent_state */
    uint8_t byte;
    uint32_t notices; /* pointers that came: each is a SIGURG in Unix */
};
struct tcp_connection;
struct tcp_segment;
struct frame;

/* A segment came that has URG, or may hold the byte that was announced; before its data is queued. `frame` starts with the TCP header. */
void urgent_received(struct tcp_connection *c, const struct tcp_segment *segment, const struct frame *frame);
/* How many of `capacity` bytes may be read now; takes an urgent byte that is read apart out of the way. Only while there is a mark. */
uint32_t urgent_limit(struct tcp_connection *c, uint32_t capacity);
void urgent_passed(struct tcp_connection *c); /* something was read */
/* The same for who only looks: *skip is 1 when the first byte is not to be seen. */
uint32_t urgent_look(const struct tcp_connection *c, uint32_t capacity, uint32_t *skip);

void urgent_written(struct tcp_connection *c); /* the last byte in the send buffer is urgent */
/* Pointer and flag for a segment that begins at segment->sequence. Only with CONNECTION_URGENT. */
void urgent_tell(const struct tcp_connection *c, struct tcp_segment *segment);
void urgent_acknowledged(struct tcp_connection *c);

#endif
