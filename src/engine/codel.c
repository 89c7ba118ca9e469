/* CoDel: controlled delay (RFC 8289).
 *
 * A standing queue does no good: it only delays. CoDel looks at how long each frame has waited when it leaves. When that has been more
 * than `target` for a whole `interval`, it drops one frame, and then further ones ever faster, at intervals of interval / sqrt(count), until
 * the delay is below target again (section 3). So a burst passes, and a window that is too large by a little is told soon.
 *
 * RFC 8289 section 5 writes the algorithm as a loop inside dequeue(). Here it is a question asked of each frame in turn, by whoever
 * owns the queue, so that this file needs to know nothing of frames. One thing differs by a hair: drop_next moves on with the drop itself,
 * not when the frame behind it has proved to be late too; it is then read only to see how long ago dropping ended.
 *
 * Starting again soon after the last time (within 16 intervals) resumes the rate that had been reached (section 5.4). Square roots are of
 * integers: the same on every machine.
 *
 * Left out: Linux's threshold for ECN alone (ce_threshold) is not CoDel's; the wire has it (`mark-delay`). */
#include "engine/codel.h"

#include <assert.h>

static uint64_t square_root(uint64_t value) /* rounded down */
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 62; bit; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

/* Section 5.6: interval / sqrt(count) later. */
static int64_t control_law(const struct codel *codel, const struct codel_frame *frame, int64_t from_ns)
{
    assert(frame->interval_ns <= CODEL_INTERVAL_MAX_NS);
    uint64_t interval = (uint64_t)frame->interval_ns;
    return from_ns + (int64_t)square_root(interval * interval / codel->count);
}

/* Has the delay been above target for an interval? (the RFC's dodequeue and its ok_to_drop) */
static bool above(struct codel *codel, const struct codel_frame *frame)
{
    if (frame->waited_ns < frame->target_ns || frame->bytes_behind <= CODEL_MAXPACKET_BYTES) {
        codel->first_above_ns = 0;
        return false;
    }
    if (codel->first_above_ns == 0) {
        codel->first_above_ns = frame->now_ns + frame->interval_ns;
        return false;
    }
    return frame->now_ns >= codel->first_above_ns;
}

static void start_dropping(struct codel *codel, const struct codel_frame *frame)
{
    uint32_t delta = codel->count - codel->last_count;
    codel->count = 1;
    if (delta > 1 && frame->now_ns - codel->drop_next_ns < 16 * frame->interval_ns)
        codel->count = delta;
    codel->drop_next_ns = control_law(codel, frame, frame->now_ns);
    codel->last_count = codel->count;
    codel->dropping = true;
}

bool codel_dequeue(struct codel *codel, const struct codel_frame *frame)
{
    if (!above(codel, frame)) {
        codel->dropping = false;
        return false;
    }
    if (!codel->dropping) {
        start_dropping(codel, frame);
        return true;
    }
    if (frame->now_ns < codel->drop_next_ns)
        return false;
    codel->count++;
    codel->drop_next_ns = control_law(codel, frame, codel->drop_next_ns);
    return true;
}

void codel_empty(struct codel *codel)
{
    codel->first_above_ns = 0;
    codel->dropping = false;
}
