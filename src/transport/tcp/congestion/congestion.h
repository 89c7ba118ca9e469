#ifndef IMP_TRANSPORT_TCP_CONGESTION_CONGESTION_H
#define IMP_TRANSPORT_TCP_CONGESTION_CONGESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/time.h"
#include "transport/tcp/sequence.h"

/* Congestion control as a table of functions (RFC 5681 says when, the table says how much). Windows count segments, as in Linux and ss.
 * A control sees only what is in this header: it has no timers, sends nothing, and can be tested without a connection. */
struct congestion_ops;
struct congestion {
    const struct congestion_ops *ops;
    uint32_t cwnd;           /* congestion window, at least 1 */
    uint32_t ssthresh;       /* UINT32_MAX: not set yet */
    uint32_t count;          /* segments acknowledged since cwnd last grew, in congestion avoidance */
    bool paced;              /* segments leave at a pace, whatever the control does (net.imp.tcp_paced, SO_MAX_PACING_RATE) */
    uint8_t slow_start_exit; /* enum congestion_exit, for controls that know several */
    uint8_t classic_signs;   /* CUBIC's classic HyStart: which count, CONGESTION_SIGN_TRAIN and _DELAY; 0 = both */
    bool unfriendly;         /* CUBIC: never as fast as Reno where the cubic is slower */
    uint64_t pacing_bytes_per_s; /* set by controls that pace; else 0 */
    void *state;                 /* the control's own: congestion_state() */
};

/* When slow start ends though nothing was lost: never, by HyStart++ (RFC 9406), by Linux's older HyStart. */
enum congestion_sign { CONGESTION_SIGN_TRAIN = 1, CONGESTION_SIGN_DELAY = 2 }; /* as Linux's hystart_detect */
enum congestion_exit { CONGESTION_EXIT_NONE, CONGESTION_EXIT_PLUS, CONGESTION_EXIT_CLASSIC };
enum { CONGESTION_INITIAL_WINDOW = 10 /* RFC 6928 */, CONGESTION_WINDOW_LEAST = 2 };

struct congestion_ack { /* what one acknowledgement told */
    struct instant now;
    uint32_t acked;     /* segments newly acknowledged, selectively or not */
    uint32_t in_flight; /* segments, before this acknowledgement */
    uint32_t mss_bytes;
    int64_t rtt_ns; /* a sample from it, or -1 */
    int64_t smoothed_rtt_ns, minimum_rtt_ns;
    struct sequence una, nxt; /* SND.UNA, SND.NXT */
    bool window_limited;      /* the sender used the whole cwnd in the last round trip (RFC 7661: else it must not grow) */
    bool echo;                /* the peer told of marks */
    uint32_t marked;          /* how many segments, as far as it tells */
    uint32_t acked_bytes;
    /* The rate sample (rate.c): bytes delivered over an interval; interval_ns <= 0 when there is none. */
    uint64_t delivered,
        prior_delivered; /* segments over the connection's life, now and when the newest acknowledged one left */
    uint32_t rate_segments;
    int64_t interval_ns;
    bool app_limited;
    uint32_t lost; /* segments taken for lost since the last ACK */
    /* Of the newest segment acknowledged: how many were out when it had left, and how many were lost between then and now. */
    uint32_t sample_in_flight, sample_lost;
    bool cwnd_limited; /* the whole cwnd was in use at some instant of the last round trip */
};
struct congestion_loss { /* a segment is taken for lost */
    struct instant now;
    uint32_t in_flight;  /* segments, when it had left */
    uint32_t lost_since; /* segments, it included */
    uint64_t delivered;
    bool app_limited; /* it left while the application had nothing more to send */
};
enum congestion_event {
    CONGESTION_RECOVERY, /* fast recovery begins */
    CONGESTION_TIMEOUT,  /* a retransmission timeout */
    CONGESTION_REDUCED,  /* ECN made the window shrink */
    CONGESTION_OPEN,     /* recovery is over */
    CONGESTION_RESTART,  /* sending again after an idle time */
    CONGESTION_START,    /* data after everything had been acknowledged */
};
struct congestion_ops {
    const char *name;
    const char *summary; /* one line, for people */
    bool ecn;            /* wants ECN on every packet (DCTCP) */
    bool own_window;     /* control() sets cwnd in every state; recovery leaves it alone (BBR) */
    void (*start)(struct congestion *cc, struct instant now);
    uint32_t (*ssthresh)(struct congestion *cc, struct instant now);        /* the new threshold after a loss; at least 2 */
    void (*avoid)(struct congestion *cc, const struct congestion_ack *ack); /* grow; called when growing is allowed */
    void (*acked)(struct congestion *cc,
                  const struct congestion_ack *ack); /* every ACK that acknowledges anything; may be NULL */
    void (*control)(struct congestion *cc,
                    const struct congestion_ack *ack);                       /* instead of avoid(), on every ACK; may be NULL */
    void (*lost)(struct congestion *cc, const struct congestion_loss *loss); /* each segment; may be NULL */
    uint32_t (*undo)(struct congestion *cc, uint32_t prior_cwnd);            /* the loss was none: the window to go back to */
    void (*event)(struct congestion *cc, enum congestion_event event, struct instant now); /* may be NULL */
    void (*describe)(const struct congestion *cc, char *out, size_t size_bytes);           /* for ss -i; may be NULL */
};

/* NULL or an unknown name: NULL. */
const struct congestion_ops *congestion_find(const char *name);
const struct congestion_ops *const *congestion_all(size_t *count); /* the default first */
void congestion_start(struct congestion *cc, const struct congestion_ops *ops,
                      struct instant now); /* keeps cwnd and ssthresh when set */
/* A control's own state, all zero at first: taken when it is first asked for, so that a connection that never sends has none. */
static inline void *congestion_state(struct congestion *cc, size_t bytes)
{
    if (!cc->state)
        cc->state = memory_take_zeroed(1, bytes);
    return cc->state;
}
void congestion_end(struct congestion *cc); /* gives it back */
/* Shared by the window-based controls (RFC 5681 3.1): slow start takes what it can of `acked`, and returns the rest. */
static inline bool congestion_in_slow_start(const struct congestion *cc) { return cc->cwnd < cc->ssthresh; }
uint32_t congestion_slow_start(struct congestion *cc, uint32_t acked);
/* snprintf, for describe(). */
void congestion_describe(char *out, size_t size_bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
void congestion_additive(struct congestion *cc, uint32_t per,
                         uint32_t acked); /* one segment more for each `per` acknowledged */

extern const struct congestion_ops CONGESTION_CUBIC, CONGESTION_RENO, CONGESTION_NEWRENO, CONGESTION_BBR, CONGESTION_BBR3,
    CONGESTION_DCTCP, CONGESTION_VEGAS;

#endif
