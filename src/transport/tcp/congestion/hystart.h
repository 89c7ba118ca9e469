#ifndef IMP_TRANSPORT_TCP_CONGESTION_HYSTART_H
#define IMP_TRANSPORT_TCP_CONGESTION_HYSTART_H

#include "transport/tcp/congestion/congestion.h"

/* HyStart++ (RFC 9406): when to leave slow start before it loses. A member of a control's state. All zero bytes: not begun. */
struct hystart {
    struct sequence round_end;
    uint8_t samples; /* of this round */
    uint8_t conservative_rounds;
    bool conservative, begun;
    uint32_t fraction; /* of a segment, in quarters, left over in conservative slow start */
    int64_t last_ns, current_ns,
        baseline_ns; /* least RTT of the last round, of this one, and when conservative slow start began; 0 = none */
};

/* An acknowledgement in slow start. True when slow start is over: the caller sets ssthresh to cwnd. */
bool hystart_acknowledged(struct hystart *hystart, const struct congestion_ack *ack);
uint32_t hystart_growth(struct hystart *hystart, uint32_t acked); /* how much of `acked` the window may grow by */

/* Its forerunner, HyStart (2008) as Linux has it. All zero bytes: not begun. */
struct hystart_classic {
    struct sequence round_end;
    uint8_t samples; /* of this round */
    bool begun, found;
    int64_t current_ns; /* least RTT of this round; 0 = none */
    struct instant round_start, train_end;
};

/* An acknowledgement in slow start with a round-trip sample; `delay_min_ns` is the least ever. True as above, at most once. */
bool hystart_classic_acknowledged(struct hystart_classic *hystart, const struct congestion *cc, int64_t delay_min_ns,
                                  const struct congestion_ack *ack);

#endif
