/* The registry of congestion controls, and the arithmetic that the window-based ones share.
 *
 * A control is one static table (congestion.h); adding one is a file and a line here. The first is the default of a node.
 *
 * Slow start grows by one segment for each segment acknowledged until the threshold (RFC 5681 section 3.1, with RFC 3465's byte counting
 * taken to its end, as Linux does: an ACK for many segments counts for all of them, because pacing and IW10 have made bursts the
 * smaller evil). Additive increase carries the remainder, so that no acknowledgement is rounded away.
 *
 * No timers, and nothing about loss: when to shrink is recovery.c's affair. */
#include "transport/tcp/congestion/congestion.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct congestion_ops *const ALL[] = {&CONGESTION_CUBIC, &CONGESTION_RENO,  &CONGESTION_NEWRENO, &CONGESTION_BBR,
                                                   &CONGESTION_BBR3,  &CONGESTION_DCTCP, &CONGESTION_VEGAS};

const struct congestion_ops *congestion_find(const char *name)
{
    if (!name)
        return NULL;
    for (size_t i = 0; i < sizeof ALL / sizeof ALL[0]; i++)
        if (strcmp(ALL[i]->name, name) == 0)
            return ALL[i];
    return NULL;
}

const struct congestion_ops *const *congestion_all(size_t *count)
{
    *count = sizeof ALL / sizeof ALL[0];
    return ALL;
}

void congestion_start(struct congestion *cc, const struct congestion_ops *ops, struct instant now)
{
    cc->ops = ops;
    cc->count = 0;
    cc->pacing_bytes_per_s = 0;
    congestion_end(cc);
    if (cc->cwnd == 0) {
        cc->cwnd = CONGESTION_INITIAL_WINDOW;
        cc->ssthresh = UINT32_MAX;
    }
    if (ops->start)
        ops->start(cc, now);
}

void congestion_end(struct congestion *cc)
{
    memory_free(cc->state);
    cc->state = NULL;
}

uint32_t congestion_slow_start(struct congestion *cc, uint32_t acked)
{
    uint32_t target = cc->ssthresh - cc->cwnd < acked ? cc->ssthresh : cc->cwnd + acked;
    acked -= target - cc->cwnd;
    cc->cwnd = target;
    return acked;
}

void congestion_additive(struct congestion *cc, uint32_t per, uint32_t acked)
{
    if (cc->count >= per) { /* what was collected while `per` was larger counts once */
        cc->count = 0;
        cc->cwnd++;
    }
    cc->count += acked;
    if (cc->count >= per) {
        cc->cwnd += cc->count / per;
        cc->count %= per;
    }
}

void congestion_describe(char *out, size_t size_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out, size_bytes, format, arguments);
    va_end(arguments);
}
