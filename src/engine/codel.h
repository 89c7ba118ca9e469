#ifndef IMP_ENGINE_CODEL_H
#define IMP_ENGINE_CODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* CoDel (RFC 8289): decides, for each frame that leaves a queue, whether it should have been dropped, from how long it had waited. Pure: it
 * holds no frames. A zeroed struct is ready. */
struct codel {
    int64_t first_above_ns; /* when the delay will have been above target for an interval; 0: it is not above */
    int64_t drop_next_ns;   /* while dropping: when the next frame goes */
    uint32_t count, last_count;
    bool dropping;
};
struct codel_frame {
    int64_t now_ns, waited_ns;
    uint32_t bytes_behind;          /* still in the queue */
    int64_t target_ns, interval_ns; /* the interval: at most CODEL_INTERVAL_MAX_NS */
};
#define CODEL_INTERVAL_MAX_NS (4 * NS_PER_S)
enum { CODEL_TARGET_MS = 5, CODEL_INTERVAL_MS = 100, CODEL_MAXPACKET_BYTES = 1514 };

/* True: this frame is to be dropped, and the next one asked about; or, if the caller can, marked and sent. */
bool codel_dequeue(struct codel *codel, const struct codel_frame *frame);
void codel_empty(struct codel *codel); /* a frame was wanted and none was there */

#endif
