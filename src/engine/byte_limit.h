#ifndef IMP_ENGINE_BYTE_LIMIT_H
#define IMP_ENGINE_BYTE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* How many bytes a device's own queue should hold: enough that the line never waits, no more (Linux's byte queue limits). All zero bytes
 * is the beginning. Counts run on and wrap around. */
struct byte_limit {
    uint32_t queued, completed;                             /* ever */
    uint32_t limit, adjusted;                               /* adjusted: limit + completed */
    uint32_t last_bytes;                                    /* of the latest */
    uint32_t previous_over, previous_queued, previous_last; /* at the last completion */
    uint32_t least_slack;
    int64_t slack_since_ns;
};
void byte_limit_queued(struct byte_limit *limit, uint32_t bytes);
/* It leaves the device's queue for the line. The limit shrinks when for hold_ns it was too large all the time. */
void byte_limit_completed(struct byte_limit *limit, uint32_t bytes, int64_t now_ns, int64_t hold_ns);
static inline bool byte_limit_has_room(const struct byte_limit *limit)
{
    return (int32_t)(limit->adjusted - limit->queued) >= 0;
}

#endif
