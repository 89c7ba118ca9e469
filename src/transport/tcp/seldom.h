#ifndef IMP_TRANSPORT_TCP_SELDOM_H
#define IMP_TRANSPORT_TCP_SELDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/time.h"
#include "transport/tcp/sequence.h"
#include "transport/tcp/tcp.h"
#include "transport/tcp/urgent.h"

/* What most connections have nothing of. All of them point to SELDOM_NOTHING, which is all zero, until one has something of its own. So it is
 * read through the pointer at any time, and written through seldom_of(). */
struct seldom {
    struct tcp_personal personal; /* what the socket has different from its node */
    uint16_t mss_asked;           /* the socket's own clamp; 0 = none */
    uint16_t interface;           /* of a link-local peer; 0: any */
    struct urgent urgent;         /* of what is received */
    struct user_timeout {         /* user_timeout.c: the option */
        uint32_t remote_s;        /* what the peer told; 0: nothing */
        uint8_t telling;
        struct sequence told_end; /* of the first data that carried it */
    } user_timeout;
    struct path_probe {     /* path_mtu.c: the search for the path's MTU */
        uint16_t low, high; /* MTUs: known to pass; known, or told, not to be passed by anything larger (0: not begun) */
        uint16_t size;      /* of the probe that is out; 0: none */
        bool searching;     /* `low` bounds the segments */
        struct sequence start, end; /* of the probe */
        struct instant since;       /* when the present search began */
    } path_probe;
    struct fast_open {   /* fast_open.c */
        bool used;       /* our SYN had the option, or data */
        bool data_taken; /* data on a SYN counted, ours (all of it) or the peer's */
        bool child;      /* it was open before our SYN was acknowledged */
        bool on_trial;   /* the first after a pause of Fast Open: if it receives data, all is well again */
        uint8_t failure; /* enum fast_open_failure */
    } fast_open;
    struct waiting_piece { /* small_queue.c: the last two that left, the older first */
        struct instant first,
            departure; /* when its first segment was handed to the wire, and when its last one will have left */
        bool ended;
    } waiting[2];
    struct pipe_ack {         /* validation.c, RFC 7661 */
        uint32_t most[2];     /* segments acknowledged in a round trip: the most of this half period, and of the one before */
        struct instant since; /* when this half began */
        struct instant validated;
        struct sequence round_end;
        uint64_t round_delivered;
        bool begun, measured;
    } pipe;
    struct sequence urgent_end; /* behind the last urgent byte of ours; with CONNECTION_URGENT */
    int soft_error;             /* the last ICMP complaint, told when the connection times out (RFC 1122 4.2.3.9) */
    struct sequence fin;        /* of the peer's, with CONNECTION_FIN_AHEAD */
    struct instant last_oow;    /* when something unacceptable was last answered */
};
extern const struct seldom SELDOM_NOTHING;

/* To be written: the connection's own. */
static inline struct seldom *seldom_of(const struct seldom **seldom)
{
    if (*seldom == &SELDOM_NOTHING)
        *seldom = memory_take_zeroed(1, sizeof **seldom);
    return (struct seldom *)(uintptr_t)*seldom;
}
static inline void seldom_free(const struct seldom **seldom)
{
    if (*seldom != &SELDOM_NOTHING)
        memory_free((struct seldom *)(uintptr_t)*seldom);
    *seldom = &SELDOM_NOTHING;
}

#endif
