/* Byte queue limits, as Linux has them for network cards (dynamic queue limits; also in ns-3).
 *
 * Behind a queue discipline that wants to decide late there is the device's own queue, which it must fill early enough that the line does not
 * run dry. How early nobody knows beforehand; so the limit is learned from what happens between completions:
 *
 *   starved   the queue had been at its limit and ran empty before more came: the limit rises by what was missing
 *   slack     it never ran empty, and more was there than twice of what was completed meanwhile: the least such excess that was seen in a hold time is
 *             taken off
 *
 * A packet may pass the limit, which is looked at only afterwards; the part above it (`over`) is remembered, since it is what had been asked for in
 * vain. With a line that takes packets one by one the limit swings between one and a few, so that the discipline's queue is emptied now one by
 * one and now by two: how long a packet has waited then varies by a packet's time, and a marking threshold is met by some packets before it is
 * met by all. (Without it, by none and then by all. docs/tcp-bands.md shows what that does to DCTCP.)
 *
 * No timers: times come with completions. */
#include "engine/byte_limit.h"

static uint32_t above(uint32_t a, uint32_t b) { return (int32_t)(a - b) > 0 ? a - b : 0; }

void byte_limit_queued(struct byte_limit *l, uint32_t bytes)
{
    l->last_bytes = bytes;
    l->queued += bytes;
}

static void slack_begin(struct byte_limit *l, int64_t now_ns)
{
    l->slack_since_ns = now_ns;
    l->least_slack = UINT32_MAX;
}

void byte_limit_completed(struct byte_limit *l, uint32_t bytes, int64_t now_ns, int64_t hold_ns)
{
    uint32_t completed = l->completed + bytes, limit = l->limit;
    uint32_t over = above(l->queued - l->completed, limit);
    uint32_t left = l->queued - completed, left_before = l->previous_queued - l->completed;
    bool all_before = (int32_t)(completed - l->previous_queued) >= 0;
    if ((over && !left) || (l->previous_over && all_before)) {
        limit += above(completed, l->previous_queued) + l->previous_over;
        slack_begin(l, now_ns);
    } else if (left && left_before && !all_before) {
        uint32_t slack = above(limit + l->previous_over, 2 * (completed - l->completed));
        uint32_t last = l->previous_over ? above(l->previous_last, l->previous_over) : 0;
        slack = slack > last ? slack : last;
        l->least_slack = slack < l->least_slack ? slack : l->least_slack;
        if (now_ns > l->slack_since_ns + hold_ns) {
            limit = above(limit, l->least_slack);
            slack_begin(l, now_ns);
        }
    }
    if (limit != l->limit) {
        l->limit = limit;
        over = 0;
    }
    l->adjusted = limit + completed;
    l->previous_over = over;
    l->previous_last = l->last_bytes;
    l->completed = completed;
    l->previous_queued = l->queued;
}
