/* RACK-TLP (RFC 8985): telling losses by time, and finding them at the tail.
 *
 * RACK keeps the send time of the latest segment that is known to have arrived. Whatever was sent before that, and a reordering window
 * earlier than now less its round trip, is lost: no counting of duplicates, so that a lost retransmission, a small window and a
 * reordered one are all seen for what they are. As long as no reordering was ever seen on the path, three SACKed segments need no window at
 * all, and neither does a recovery under way (section 6.2 step 4). Else it is a quarter of the least RTT, a quarter more for each round trip
 * in which a duplicate was reported (at most one SRTT), back to one quarter after 16 recoveries. What is not yet old enough is looked at
 * again by TIMER_REORDER.
 *
 * A tail loss shows no ACK at all. So two round trips after the last sending (and not before the RTO would) a probe goes out: the next new
 * segment, or the last one again (section 7). Its ACK brings the SACKs that RACK needs. When the probe itself repaired the loss, nobody
 * else would notice, so the window is reduced for it once (section 7.4.2).
 *
 * All of this needs SACK. Linux's figures are kept: 2 ms slack on the timers, 200 ms for a lone segment that may face a delayed ACK. */
#include "transport/tcp/events.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/rooms.h"

#define TIMER_SLACK_NS (2 * NS_PER_MS)
enum { PERSIST_RECOVERIES = 16 };

static bool sent_after(struct instant a, struct sequence a_end, struct instant b, struct sequence b_end)
{
    return instant_before(b, a) || (a.ns == b.ns && sequence_after(a_end, b_end));
}

void rack_advance(struct tcp_connection *c, const struct sent *sent, struct instant now)
{
    int64_t rtt = instant_since(now, sent->time);
    if (sent->flags & SENT_EVER_RETRANSMITTED && rtt < c->rtt.minimum_ns)
        return; /* the answer is to an earlier copy (section 6.2 step 2) */
    c->rack.advanced = true;
    c->rack.rtt_ns = rtt;
    if (sent_after(sent->time, sent_end(sent), c->rack.time, c->rack.end)) {
        c->rack.time = sent->time;
        c->rack.end = sent_end(sent);
    }
}

static int64_t reordering_window(const struct tcp_connection *c)
{
    bool count = !(c->socket.tcp->sysctls->recovery & RACK_NO_DUPLICATES);
    if (!c->recovery.reordering_seen &&
        (c->recovery.state >= RECOVERY_RECOVERY || (count && c->sent.sacked >= c->recovery.reordering)))
        return 0;
    int64_t window = c->rtt.minimum_ns / 4 * c->rack.steps;
    return window < c->rtt.smoothed_ns ? window : c->rtt.smoothed_ns;
}

static int64_t time_left(const struct tcp_connection *c, const struct sent *sent, int64_t window, struct instant now)
{
    return c->rack.rtt_ns + window - instant_since(now, sent->time);
}

bool rack_recent(const struct tcp_connection *c, const struct sent *sent, struct instant now)
{
    return c->flags & CONNECTION_SACK && c->rack.rtt_ns && time_left(c, sent, 0, now) > 0;
}

/* What RACK looks at: in the network, and sent before what is known to have arrived. */
static bool judged(const struct tcp_connection *c, const struct sent *sent)
{
    return sent_after(c->rack.time, c->rack.end, sent->time, sent_end(sent));
}

/* Lost by now, or how much longer until it is, if that is more than `wait`. */
static void judge(struct tcp_connection *c, struct sent *sent, int64_t window, struct instant now, int64_t *wait)
{
    int64_t left = time_left(c, sent, window, now);
    if (left <= 0)
        recovery_mark_lost(c, sent);
    else if (left > *wait)
        *wait = left;
}

/* What was sent once: in the order of the stream, which is the order of time. */
static void detect_once(struct tcp_connection *c, int64_t window, struct instant now, int64_t *wait)
{
    struct repair *repair = repair_of(&c->repair);
    if (sequence_before(repair->settled, c->snd.una) || sequence_after(repair->settled, c->snd.nxt))
        repair->settled = c->snd.una;
    bool settling = true;
    for (uint32_t i = retransmit_queue_find(&c->sent, repair->settled); i < c->sent.count; i++) {
        struct sent *sent = sent_at(&c->sent, i);
        if (!(sent->flags & (SENT_SACKED | SENT_LOST | SENT_RETRANSMITTED))) {
            bool was_again = sent->flags & SENT_EVER_RETRANSMITTED; /* and that was undone: later than its neighbours */
            if (!judged(c, sent) && !was_again)
                return;
            if (judged(c, sent))
                judge(c, sent, window, now, wait);
        }
        settling = settling && sent->flags & (SENT_SACKED | SENT_LOST | SENT_RETRANSMITTED);
        if (settling)
            repair->settled = sent_end(sent);
    }
}

static struct sent *resend_sent(const struct tcp_connection *c, const struct resend *resend)
{
    uint32_t index = retransmit_queue_find(&c->sent, resend->start);
    struct sent *sent = index < c->sent.count ? sent_at(&c->sent, index) : NULL;
    bool holds = sent && sequence_equal(sent->start, resend->start) && sent->time.ns == resend->time.ns &&
                 (sent->flags & (SENT_SACKED | SENT_RETRANSMITTED)) == SENT_RETRANSMITTED;
    return holds ? sent : NULL;
}

/* What was sent again: in the order in which it was. */
static void detect_again(struct tcp_connection *c, int64_t window, struct instant now, int64_t *wait)
{
    struct resend_order *again = &c->repair->again;
    while (again->count && !resend_sent(c, resend_order_at(again, 0)))
        resend_order_pop(again);
    for (uint32_t i = 0; i < again->count; i++) {
        struct sent *sent = resend_sent(c, resend_order_at(again, i));
        if (sent && !judged(c, sent))
            return;
        if (sent)
            judge(c, sent, window, now, wait);
    }
}

void rack_sent_again(struct tcp_connection *c, const struct sent *sent)
{
    if (c->flags & CONNECTION_SACK)
        resend_order_push(&repair_of(&c->repair)->again, (struct resend){sent->start, sent->time});
}

void rack_scoreboard_changed(struct tcp_connection *c) { repair_of(&c->repair)->settled = c->snd.una; }

/* Marks what is lost; returns how long until the next may be (0: nothing to wait for). */
static int64_t detect(struct tcp_connection *c, struct instant now)
{
    int64_t window = reordering_window(c), wait = 0;
    detect_once(c, window, now, &wait);
    detect_again(c, window, now, &wait);
    return wait;
}

void rack_mark_lost(struct tcp_connection *c, const struct ack_news *news)
{
    if (!c->rack.advanced)
        return;
    c->rack.advanced = false;
    int64_t wait = detect(c, news->now);
    if (wait)
        timer_due(c, TIMER_REORDER, instant_add(news->now, wait + TIMER_SLACK_NS));
    else
        timer_clear(c, TIMER_REORDER);
}

/* Section 6.2 step 4: the window adapts, at most once a round trip. */
void rack_adjust(struct tcp_connection *c, const struct ack_news *news)
{
    if (c->socket.tcp->sysctls->recovery & RACK_STATIC_WINDOW)
        return;
    if (news->prior_delivered < c->rack.adjusted)
        c->rack.dsack_seen = false;
    if (c->rack.dsack_seen) {
        if (c->rack.steps < UINT8_MAX)
            c->rack.steps++;
        c->rack.dsack_seen = false;
        c->rack.adjusted = c->delivered;
        c->rack.persist = PERSIST_RECOVERIES;
    } else if (!c->rack.persist) {
        c->rack.steps = 1;
    }
}

void rack_reorder_timeout(struct tcp_connection *c, struct instant now)
{
    uint32_t lost = c->sent.lost;
    if (!c->sent.count)
        return;
    int64_t wait = detect(c, now);
    if (c->sent.lost > lost) {
        if (c->recovery.state != RECOVERY_RECOVERY && c->recovery.state != RECOVERY_LOSS && !path_probe_lost(c, now)) {
            recovery_enter(c, now);
            recovery_first_segment(c);
        }
        recovery_retransmit(c, now);
    }
    if (wait)
        timer_due(c, TIMER_REORDER, instant_add(now, wait + TIMER_SLACK_NS));
    if (instant_is_never(timer_when(c, TIMER_RETRANSMIT)))
        timer_restart_retransmit(c, now);
}

/* ---- tail loss probe ---- */

bool probe_schedule(struct tcp_connection *c, struct instant now, bool after_ack)
{
    bool calm = c->recovery.state == RECOVERY_OPEN || c->recovery.state == RECOVERY_REDUCING;
    if (!c->sent.count || !(c->flags & CONNECTION_SACK) || !calm || !c->socket.tcp->sysctls->early_retrans ||
        c->rack.probe_out || c->socket.state < TCP_ESTABLISHED)
        return false;
    (void)after_ack;
    int64_t wait = TCP_RTO_INITIAL_NS;
    if (c->rtt.smoothed_ns)
        wait = 2 * c->rtt.smoothed_ns + (c->sent.count == 1 ? rtt_least_ns(&c->rtt) : TIMER_SLACK_NS);
    int64_t rto = instant_since(instant_add(sent_at(&c->sent, 0)->time, rtt_backed_off_ns(&c->rtt, c->backoff)), now);
    if (after_ack)
        rto = rtt_backed_off_ns(&c->rtt, c->backoff);
    if (rto > 0 && rto < wait)
        wait = rto;
    timer_due(c, TIMER_PROBE, instant_add(now, wait));
    timer_clear(c, TIMER_RETRANSMIT);
    return true;
}

void probe_send(struct tcp_connection *c, struct instant now)
{
    if (!c->sent.count)
        return;
    if (!instant_reached(now, small_queue_departure(c, sent_at(&c->sent, c->sent.count - 1)))) {
        timer_restart_retransmit(c, now);
        return;
    }
    bool gone = output_one_more(c, now);
    c->rack.probe_retransmitted = false;
    if (!gone && !sequence_before(c->snd.nxt, output_end(c))) {
        uint32_t last = c->sent.count - 1;
        gone = c->sent.count > 0 && output_sent(c, last, now) == 0;
        c->rack.probe_retransmitted = true;
        event_retransmit(c, sent_at(&c->sent, last), "tail loss probe");
    }
    if (gone) {
        c->rack.probe_out = true;
        c->rack.probe_end = c->snd.nxt;
    }
    timer_restart_retransmit(c, now);
}

void probe_acknowledged(struct tcp_connection *c, const struct ack_news *news)
{
    struct sequence ack = news->segment->acknowledgement;
    if (sequence_before(ack, c->rack.probe_end))
        return;
    if (!c->rack.probe_retransmitted || news->dsack_of_probe) {
        c->rack.probe_out = false;
    } else if (sequence_after(ack, c->rack.probe_end)) { /* the probe was needed: a loss that only it repaired */
        c->rack.probe_out = false;
        recovery_reduce_once(c, news->now);
    } else if (!news->advanced && news->duplicate && !news->newly_sacked) { /* both copies arrived */
        c->rack.probe_out = false;
    }
}
