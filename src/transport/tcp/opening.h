#ifndef IMP_TRANSPORT_TCP_OPENING_H
#define IMP_TRANSPORT_TCP_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/time.h"

/* What a connection has to know until its handshake is over and its owner has it: there from its creation on, and NULL from
 * opening_over() on. */
struct tcp_connection;
struct tcp_listener;
struct fast_open_queue;
struct opening {
    struct tcp_connection *connection;
    struct tcp_listener *listener;     /* until accepted; NULL for one that asked */
    struct list waiting;               /* in the listener's half_open or ready */
    struct fast_open_queue *fast_open; /* with CONNECTION_FAST_OPEN */
    struct instant first_syn, syn_sent;
    uint16_t syn_data;           /* payload bytes on our SYN, until it is answered */
    bool syn_plain;              /* ours went again without it before the retransmission timer said so */
    uint8_t syn_retries;         /* SYNs, or SYN+ACKs, that the timer sent again */
    bool fast_open_experimental; /* with CONNECTION_FAST_ASKED: the form of the option */
    bool writer_waits;           /* for the connection to open: data follows at once (TCP_KNOB_WRITER) */
};
/* Gives it back, if nobody needs it any more. */
void opening_over(struct tcp_connection *c);

#endif
