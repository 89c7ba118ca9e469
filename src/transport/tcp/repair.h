#ifndef IMP_TRANSPORT_TCP_REPAIR_H
#define IMP_TRANSPORT_TCP_REPAIR_H

#include "base/memory.h"
#include "base/time.h"
#include "transport/tcp/resend_order.h"
#include "transport/tcp/segment.h"

/* What a connection has to know while it repairs a loss, or might have to. Taken when something is lost, selectively acknowledged or sent
 * again; given back when nothing is out any more and the peer can hardly say any more that the repair was needless, an RTO after the last segment
 * (timers.c): none of it means anything then. */
struct repair {
    struct sequence undo_marker; /* SND.UNA when it began */
    uint32_t undo_retransmits;   /* retransmissions not yet shown to be unneeded; with undo_possible */
    uint32_t retransmit_stamp;   /* timestamp of the first retransmission (Eifel, RFC 3522) */
    uint32_t prior_cwnd, prior_ssthresh;
    uint32_t prr_delivered, prr_out;
    struct sequence retransmit_hint; /* nothing before this waits to be sent again */
    struct sequence highest_sacked;  /* end of it; with sent.sacked > 0 */
    struct sequence settled;         /* nothing before this waits for RACK's judgement, unless it was sent again */
    struct instant first_retransmit; /* when the present silence began; with connection.retries or .probes */
    struct resend_order again;       /* what was sent again */
    /* The last SACK option, in order of the stream: what is known need not be looked at again. */
    struct sack_block sack_cache[TCP_SACK_BLOCKS_MAX];
};

/* Takes it when it is not there yet. */
static inline struct repair *repair_of(struct repair **repair)
{
    if (!*repair)
        *repair = memory_take_zeroed(1, sizeof **repair);
    return *repair;
}
static inline void repair_free(struct repair **repair)
{
    if (*repair)
        resend_order_free(&(*repair)->again);
    memory_free(*repair);
    *repair = NULL;
}

#endif
