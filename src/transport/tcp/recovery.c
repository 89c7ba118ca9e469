/* Loss: noticing it, repairing it, and shrinking the congestion window once for it.
 *
 * The sender is in one of five states, which are Linux's (and ss shows them):
 *
 *   open       nothing amiss; the window grows by the congestion control's avoid()
 *   disorder   duplicate ACKs came, too few to mean loss; new segments still go out for them (RFC 3042)
 *   reducing   ECN told of congestion: the window shrinks, nothing is lost
 *   recovery   fast retransmit happened; what is taken for lost is sent again, until everything that was out at the start
 *              (recovery.high) is acknowledged (RFC 6582; RFC 6675 with SACK)
 *   loss       a retransmission timeout: everything out is taken for lost, the window starts from one (RFC 5681, RFC 6298)
 *
 * How many segments are in the network is counted, never guessed from the window: out - sacked - lost + retransmitted. Without SACK,
 * each duplicate ACK says that one segment has left the network, so it counts as one sacked (as Linux does); an ACK that advances
 * takes those back. That makes RFC 6582's window inflation unnecessary: one rule, "send while in flight < cwnd", serves all states.
 *
 * In recovery the window follows Proportional Rate Reduction (RFC 6937): for each segment delivered, ssthresh / prior cwnd segments
 * are sent, so the flow halves smoothly over a round trip instead of falling silent.
 *
 * A loss that was none is undone: when an ACK echoes a timestamp from before the first retransmission, the original had arrived (Eifel,
 * RFC 3522, RFC 4015), or when after a timeout the ACKs go on for segments that were never sent again (F-RTO, RFC 5682). The timers
 * are timers.c's. */
#include <assert.h>

#include "transport/tcp/burst.h"
#include "transport/tcp/events.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/validation.h"

static bool selective(const struct tcp_connection *c) { return c->flags & CONNECTION_SACK; }

bool recovery_in_reduction(const struct tcp_connection *c)
{
    return c->recovery.state == RECOVERY_REDUCING || c->recovery.state == RECOVERY_RECOVERY;
}

static void tell(struct tcp_connection *c, enum congestion_event event, struct instant now)
{
    if (c->congestion.ops->event)
        c->congestion.ops->event(&c->congestion, event, now);
}

void recovery_mark_lost(struct tcp_connection *c, struct sent *sent)
{
    struct repair *repair = repair_of(&c->repair);
    if (c->sent.lost == c->sent.retransmitted || sequence_before(sent->start, repair->retransmit_hint))
        repair->retransmit_hint = sent->start;
    uint32_t was = c->sent.lost;
    retransmit_queue_mark_lost(&c->sent, sent);
    if (c->sent.lost == was)
        return;
    c->lost++;
    if (c->congestion.ops->lost)
        c->congestion.ops->lost(&c->congestion, &(struct congestion_loss){.now = tcp_now(c->socket.tcp),
                                                                          .in_flight = sent->in_flight,
                                                                          .lost_since = c->lost - sent->lost,
                                                                          .delivered = c->delivered,
                                                                          .app_limited = sent->flags & SENT_APP_LIMITED});
}

/* ---- undoing ---- */

static void undo_prepare(struct tcp_connection *c)
{
    struct repair *repair = repair_of(&c->repair);
    c->recovery.undo_possible = true;
    repair->undo_marker = c->snd.una;
    repair->undo_retransmits = c->sent.retransmitted ? c->sent.retransmitted : UINT32_MAX;
}

/* The ACK answers a copy from before the first retransmission. */
static bool answers_original(const struct tcp_connection *c, const struct ack_news *news)
{
    return c->repair->retransmit_stamp && news->segment->options & TCP_OPTION_TIMESTAMPS && c->flags & CONNECTION_TIMESTAMPS &&
           (int32_t)(news->segment->timestamp_echo - c->repair->retransmit_stamp) < 0;
}

static bool undo_due(const struct tcp_connection *c, const struct ack_news *news)
{
    return c->recovery.undo_possible && (c->repair->undo_retransmits == 0 || answers_original(c, news));
}

static void undo_window(struct tcp_connection *c, bool unmark)
{
    struct congestion *cc = &c->congestion;
    if (unmark) {
        rack_scoreboard_changed(c);
        for (uint32_t i = 0; i < c->sent.count && c->sent.lost; i++) {
            struct sent *sent = sent_at(&c->sent, i);
            if (sent->flags & SENT_LOST) {
                sent->flags &= (uint16_t)~SENT_LOST;
                c->sent.lost--;
            }
        }
    }
    const struct repair *repair = c->repair; /* undo_prepare() took it */
    if (repair->prior_ssthresh) {
        cc->cwnd = cc->ops->undo(cc, repair->prior_cwnd);
        if (repair->prior_ssthresh > cc->ssthresh)
            cc->ssthresh = repair->prior_ssthresh;
    }
    c->recovery.undo_possible = false;
    c->flags &= ~(uint32_t)CONNECTION_ECN_REDUCED;
    event_recovery(c, cc->cwnd, "the loss was none: the window is restored");
}

/* ---- entering and leaving ---- */

static void open(struct tcp_connection *c, struct instant now)
{
    c->recovery.state = RECOVERY_OPEN;
    if (c->repair && c->sent.retransmitted == 0)
        c->repair->retransmit_stamp = 0;
    tell(c, CONGESTION_OPEN, now);
}

static void reduction_begin(struct tcp_connection *c, struct instant now)
{
    struct congestion *cc = &c->congestion;
    struct repair *repair = repair_of(&c->repair);
    c->recovery.high = c->snd.nxt;
    validation_loss(c);
    repair->prior_cwnd = cc->cwnd;
    repair->prior_ssthresh = cc->ssthresh;
    repair->prr_delivered = repair->prr_out = 0;
    c->rack.probe_out = false;
    cc->count = 0; /* growth towards the next segment was a part of the window that falls */
    cc->ssthresh = cc->ops->ssthresh(cc, now);
    c->flags |= CONNECTION_ECN_REDUCED;
}

void recovery_reduce_once(struct tcp_connection *c, struct instant now)
{
    if (recovery_in_reduction(c) || c->recovery.state == RECOVERY_LOSS)
        return;
    reduction_begin(c, now);
    c->congestion.cwnd = c->congestion.ops->own_window ? c->congestion.cwnd : c->congestion.ssthresh;
    c->recovery.undo_possible = false;
    tell(c, CONGESTION_REDUCED, now);
    event_recovery(c, c->repair->prior_cwnd, "a loss that the probe repaired");
}

void recovery_first_segment(struct tcp_connection *c)
{
    if (c->congestion.ops->control || c->repair->prr_out)
        return;
    c->congestion.cwnd = retransmit_queue_in_flight(&c->sent) + 1;
}

static void reduction_end(struct tcp_connection *c)
{
    struct congestion *cc = &c->congestion;
    if (cc->ops->own_window)
        return;
    if (cc->ssthresh < UINT32_MAX && (c->recovery.undo_possible || c->recovery.state == RECOVERY_REDUCING))
        cc->cwnd = cc->ssthresh;
}

void recovery_enter(struct tcp_connection *c, struct instant now)
{
    uint32_t cwnd = c->congestion.cwnd;
    undo_prepare(c);
    if (!recovery_in_reduction(c))
        reduction_begin(c, now);
    c->recovery.state = RECOVERY_RECOVERY;
    tell(c, CONGESTION_RECOVERY, now);
    event_recovery(c, cwnd, "fast retransmit");
}

/* PRR (RFC 6937 section 3, with the slow start reduction bound). */
static void reduce(struct tcp_connection *c, const struct ack_news *news)
{
    struct congestion *cc = &c->congestion;
    struct repair *repair = c->repair; /* reduction_begin() took it */
    uint32_t in_flight = retransmit_queue_in_flight(&c->sent);
    bool newly_lost = c->sent.lost > news->prior_lost;
    if (news->delivered == 0 || repair->prior_cwnd == 0)
        return;
    if (!c->socket.tcp->sysctls->prr) {
        /* RFC 6675 section 5 (4.2): at once; then nothing leaves until the flight is as small */
        bool first = c->sent.lost > c->sent.retransmitted && !repair->prr_out; /* that one goes (4.3) */
        cc->cwnd = first && in_flight >= cc->ssthresh ? in_flight + 1 : cc->ssthresh;
        return;
    }
    repair->prr_delivered += news->delivered;
    int64_t delivered = repair->prr_delivered, out = repair->prr_out, send;
    if (in_flight > cc->ssthresh) {
        send = ((int64_t)cc->ssthresh * delivered + repair->prior_cwnd - 1) / repair->prior_cwnd - out;
    } else {
        int64_t room = (int64_t)cc->ssthresh - in_flight;
        send = delivered - out > news->delivered ? delivered - out : news->delivered;
        if (news->advanced && !newly_lost)
            send++;
        send = send < room ? send : room;
    }
    if (send < (out ? 0 : 1)) /* the first retransmission always goes */
        send = out ? 0 : 1;
    cc->cwnd = in_flight + (uint32_t)send;
    if (cc->cwnd == 0)
        cc->cwnd = 1;
}

/* ---- without SACK: duplicate ACKs stand for segments that arrived ---- */

static void reno_duplicate(struct tcp_connection *c, struct ack_news *news)
{
    uint32_t holes = c->sent.lost > 1 ? c->sent.lost : 1;
    if (holes > c->sent.count)
        holes = c->sent.count;
    if (c->sent.sacked + 1 + holes <= c->sent.count) {
        c->sent.sacked++;
        news->delivered++;
    }
}

static void reno_advanced(struct tcp_connection *c, struct ack_news *news)
{
    news->original_acked &= !news->retransmitted_acked; /* which of the two came, nobody can tell */
    uint32_t acked = news->acked_segments;              /* one filled the hole, the others were counted as duplicates came */
    news->delivered = acked > c->sent.sacked + 1 ? acked - c->sent.sacked : 1;
    c->sent.sacked = acked > c->sent.sacked ? 0 : c->sent.sacked - (acked - 1);
    if (c->sent.sacked > c->sent.count)
        c->sent.sacked = c->sent.count;
}

static void reno_mark_head(struct tcp_connection *c, const struct ack_news *news)
{
    bool now_lost = c->recovery.state < RECOVERY_RECOVERY ? c->sent.sacked >= c->recovery.reordering
                                                          : c->recovery.state == RECOVERY_RECOVERY && news->advanced;
    if (!now_lost || !c->sent.count)
        return;
    struct sent *head = sent_at(&c->sent, 0);
    if (!(head->flags & (SENT_LOST | SENT_RETRANSMITTED)))
        recovery_mark_lost(c, head);
}

/* ---- the states ---- */

static void mark_losses(struct tcp_connection *c, const struct ack_news *news)
{
    if (selective(c))
        rack_mark_lost(c, news);
    else
        reno_mark_head(c, news);
}

/* Every retransmission was reported as a duplicate (RFC 2883): nothing had been lost. */
static bool undo_by_duplicates(struct tcp_connection *c)
{
    if (!c->recovery.undo_possible || c->repair->undo_retransmits != 0)
        return false;
    if (c->rack.persist < 16)
        c->rack.persist = 16;
    undo_window(c, false);
    return true;
}

void recovery_duplicate_reported(struct tcp_connection *c)
{
    if (c->recovery.state <= RECOVERY_DISORDER)
        (void)undo_by_duplicates(c);
}

static void try_open(struct tcp_connection *c, const struct ack_news *news)
{
    if (news->echo && c->recovery.state <= RECOVERY_DISORDER) { /* RFC 3168 6.1.2: as for a loss, once a round trip */
        uint32_t cwnd = c->congestion.cwnd;
        c->recovery.undo_possible = false;
        reduction_begin(c, news->now);
        c->repair->prior_ssthresh = 0;
        c->recovery.state = RECOVERY_REDUCING;
        tell(c, CONGESTION_REDUCED, news->now);
        event_recovery(c, cwnd, "congestion was marked");
    }
    if (c->recovery.state == RECOVERY_REDUCING)
        return;
    uint8_t state = c->sent.sacked || c->sent.retransmitted || c->sent.lost ? RECOVERY_DISORDER : RECOVERY_OPEN;
    if (state == c->recovery.state)
        return;
    if (state == RECOVERY_OPEN)
        open(c, news->now);
    else
        c->recovery.state = state;
    c->recovery.high = c->snd.nxt;
}

/* True when the recovery is not over after all: without SACK, it must hold until something behind `high` is acknowledged, or duplicates
 * from the recovery itself would start another one (RFC 6582 section 4, "careful"). */
static bool leave_recovery(struct tcp_connection *c, struct ack_news *news)
{
    if (undo_due(c, news)) {
        undo_window(c, false);
    } else if (!selective(c) && sequence_equal(c->snd.una, c->recovery.high) && c->sent.count) {
        return true;
    } else if (c->recovery.state == RECOVERY_RECOVERY) {
        reduction_end(c); /* after a timeout slow start goes on from where it is */
    }
    if (c->rack.persist)
        c->rack.persist--;
    open(c, news->now);
    return false;
}

static void loss_state(struct tcp_connection *c, struct ack_news *news)
{
    bool recovered = !sequence_before(c->snd.una, c->recovery.high);
    if (news->advanced && undo_due(c, news)) {
        undo_window(c, true);
        c->retries = 0;
        open(c, news->now);
        return;
    }
    if (c->recovery.frto) {
        if (news->original_acked && c->recovery.undo_possible) { /* RFC 5682 section 3.1 step 3b: spurious */
            undo_window(c, true);
            open(c, news->now);
            return;
        }
        if (sequence_after(c->snd.nxt, c->recovery.high)) {
            if (news->newly_sacked || news->duplicate)
                c->recovery.frto = false; /* step 3a: the loss was real */
        } else if (news->advanced && !recovered) {
            c->recovery.high = c->snd.nxt;
            uint32_t window = sequence_distance(c->snd.una, c->snd.nxt);
            if (sequence_before(c->snd.nxt, output_end(c)) && c->snd.wnd > window) {
                news->new_data_first = true; /* step 2b: new data asks the question */
                return;
            }
            c->recovery.frto = false;
        }
    }
    if (recovered) {
        (void)leave_recovery(c, news);
        return;
    }
    if (!selective(c)) {
        if (sequence_after(c->snd.nxt, c->recovery.high) && news->duplicate)
            reno_duplicate(c, news);
        else if (news->advanced)
            c->sent.sacked = 0;
    }
}

static bool dubious(const struct tcp_connection *c, const struct ack_news *news)
{
    return c->recovery.state != RECOVERY_OPEN || news->duplicate || news->newly_sacked || news->dsack || news->echo;
}

static void judge(struct tcp_connection *c, struct ack_news *news)
{
    if (c->recovery.state != RECOVERY_OPEN && c->recovery.state != RECOVERY_LOSS &&
        !sequence_before(c->snd.una, c->recovery.high)) {
        if (c->recovery.state == RECOVERY_REDUCING && !sequence_equal(c->snd.una, c->recovery.high)) {
            reduction_end(c);
            open(c, news->now);
        } else if (c->recovery.state == RECOVERY_RECOVERY) {
            if (!selective(c))
                c->sent.sacked = 0;
            if (leave_recovery(c, news))
                return;
        }
    }
    switch ((enum recovery_state)c->recovery.state) {
    case RECOVERY_RECOVERY:
        if (!news->advanced) {
            if (!selective(c) && news->duplicate)
                reno_duplicate(c, news);
        } else if (c->recovery.undo_possible && answers_original(c, news) && c->sent.retransmitted == 0) {
            undo_window(c, true);
            try_open(c, news);
            return;
        }
        if (undo_by_duplicates(c))
            try_open(c, news);
        mark_losses(c, news);
        if (c->recovery.state == RECOVERY_RECOVERY)
            return;
        break;
    case RECOVERY_LOSS:
        loss_state(c, news);
        mark_losses(c, news);
        if (c->recovery.state == RECOVERY_LOSS)
            return;
        break;
    default:
        if (!selective(c)) {
            if (news->advanced)
                c->sent.sacked = 0;
            if (news->duplicate)
                reno_duplicate(c, news);
        }
        if (c->recovery.state <= RECOVERY_DISORDER)
            (void)undo_by_duplicates(c);
        mark_losses(c, news);
    }
    if (!c->sent.lost)
        try_open(c, news);
    else if (!path_probe_lost(c, news->now))
        recovery_enter(c, news->now);
}

static struct congestion_ack summary(const struct tcp_connection *c, const struct ack_news *news)
{
    return (struct congestion_ack){.now = news->now,
                                   .acked = news->delivered,
                                   .in_flight = news->prior_in_flight,
                                   .mss_bytes = c->mss,
                                   .rtt_ns = news->congestion_rtt_ns,
                                   .smoothed_rtt_ns = c->rtt.smoothed_ns,
                                   .minimum_rtt_ns = c->rtt.minimum_ns,
                                   .una = c->snd.una,
                                   .nxt = c->snd.nxt,
                                   .window_limited = validation_growth(c),
                                   .echo = news->echo,
                                   .marked = news->marked,
                                   .acked_bytes = news->acked_bytes,
                                   .delivered = c->delivered,
                                   .cwnd_limited = (c->flags & CONNECTION_CWND_LIMITED) != 0,
                                   .lost = c->sent.lost > news->prior_lost ? c->sent.lost - news->prior_lost : 0};
}

/* What arrives in order lets cwnd grow (RFC 5681 section 3.1). Where the path reorders more than three duplicates' worth, order says nothing
 * of congestion, and whatever arrives does, as in Linux. */
static bool may_grow(const struct tcp_connection *c, const struct ack_news *news)
{
    return news->data_acked || (news->newly_sacked && c->recovery.reordering > c->socket.tcp->sysctls->reordering);
}

void recovery_acknowledged(struct tcp_connection *c, struct ack_news *news)
{
    struct congestion *cc = &c->congestion;
    if (!selective(c) && news->acked_segments)
        reno_advanced(c, news);
    if (news->echo && !c->accurate)
        news->marked = news->delivered; /* all of it, as far as ECE tells */
    if (cc->ops->acked && news->delivered) {
        struct congestion_ack early = summary(c, news);
        cc->ops->acked(cc, &early); /* before the window may shrink (RFC 8257 section 3.3 steps 1 to 9, Linux) */
    }
    if (dubious(c, news))
        judge(c, news);
    c->delivered += news->delivered;
    if (news->echo && !c->accurate)
        c->delivered_ce += news->marked = news->delivered;
    if (c->socket.tcp->sysctls->window_validation)
        validation_acknowledged(c, news->now);
    if (selective(c))
        rack_adjust(c, news);
    struct congestion_ack ack = summary(c, news);
    rate_sample(c, news, &ack);
    if (cc->ops->control)
        cc->ops->control(cc, &ack);
    else if (recovery_in_reduction(c))
        reduce(c, news);
    else if (may_grow(c, news))
        cc->ops->avoid(cc, &ack);
    event_acknowledged(c, news);
    if (news->new_data_first) {
        output(c, news->now);
        if (sequence_after(c->snd.nxt, c->recovery.high))
            return;
        c->recovery.frto = false;
    }
    if (c->sent.lost)
        recovery_retransmit(c, news->now);
}

static bool to_be_sent_again(const struct sent *sent) { return (sent->flags & (SENT_LOST | SENT_RETRANSMITTED)) == SENT_LOST; }

/* How many records, from this one on, go again as one: what left together and is lost, as far as cwnd allows. */
static uint32_t piece_again(const struct tcp_connection *c, uint32_t index)
{
    uint32_t in_flight = retransmit_queue_in_flight(&c->sent), most = burst_most(c), count = 1;
    uint32_t room = c->congestion.cwnd > in_flight ? c->congestion.cwnd - in_flight : 1;
    most = most < room ? most : room;
    while (count < most && !(sent_at(&c->sent, index + count - 1)->flags & SENT_EDGE) && index + count < c->sent.count &&
           to_be_sent_again(sent_at(&c->sent, index + count)))
        count++;
    return count;
}

void recovery_retransmit(struct tcp_connection *c, struct instant now)
{
    struct repair *repair = repair_of(&c->repair);
    uint32_t i = retransmit_queue_find(&c->sent, repair->retransmit_hint), left = 0;
    bool alone = true; /* in its departure */
    for (; i < c->sent.count && c->sent.lost > c->sent.retransmitted; i++) {
        struct sent *sent = sent_at(&c->sent, i);
        if (!to_be_sent_again(sent))
            continue;
        repair->retransmit_hint = sent->start;
        if (retransmit_queue_in_flight(&c->sent) >= c->congestion.cwnd || output_paced(c, now) ||
            (left == 0 && small_queue_full(c, now)))
            return;
        if (left == 0) {
            left = piece_again(c, i);
            alone = left == 1;
        }
        if (--left == 0)
            sent->flags |= alone ? SENT_EDGE : SENT_EDGE | SENT_BURST_END;
        if (output_sent(c, i, now) != 0)
            return;
        if (recovery_in_reduction(c))
            repair->prr_out++;
        event_retransmit(c, sent_at(&c->sent, i), c->recovery.state == RECOVERY_LOSS ? "timeout" : "fast");
    }
}

/* RFC 6298 section 5.4 to 5.6 and RFC 5681 section 3.1: the timer went off. */
void recovery_timeout(struct tcp_connection *c, struct instant now)
{
    struct congestion *cc = &c->congestion;
    struct repair *repair = repair_of(&c->repair);
    bool first = c->recovery.state <= RECOVERY_DISORDER || !sequence_after(c->recovery.high, c->snd.una) ||
                 (c->recovery.state == RECOVERY_LOSS && c->retries == 0);
    if (first) {
        validation_loss(c);
        repair->prior_ssthresh = cc->ssthresh;
        repair->prior_cwnd = cc->cwnd;
        cc->ssthresh = cc->ops->ssthresh(cc, now);
        undo_prepare(c);
        event_recovery(c, cc->cwnd, "timeout");
    }
    tell(c, CONGESTION_TIMEOUT, now);
    c->flags |= CONNECTION_ECN_REDUCED;
    if (!selective(c))
        c->sent.sacked = 0;
    bool reneged =
        c->sent.count && sent_at(&c->sent, 0)->flags & SENT_SACKED; /* RFC 2018 section 8: a peer may take SACKs back */
    for (uint32_t i = 0; i < c->sent.count; i++) {
        struct sent *sent = sent_at(&c->sent, i);
        if (reneged && i == 0)
            rack_scoreboard_changed(c);
        if (reneged && sent->flags & SENT_SACKED) {
            sent->flags &= (uint16_t)~SENT_SACKED;
            c->sent.sacked--;
        }
        if (!(sent->flags & SENT_SACKED) && (i == 0 || reneged || !rack_recent(c, sent, now)))
            recovery_mark_lost(c, sent);
    }
    c->rack.probe_out = false;
    cc->cwnd = retransmit_queue_in_flight(&c->sent) + 1;
    cc->count = 0;
    sending_of(&c->sending)->pace_next = now;
    c->recovery.state = RECOVERY_LOSS;
    c->recovery.high = c->snd.nxt;
    c->recovery.frto = (first || c->retries > 0) && c->socket.tcp->sysctls->frto;
    repair->retransmit_hint = c->snd.una;
    event_window(c);
    if (c->sent.count)
        sent_at(&c->sent, 0)->flags |= SENT_EDGE;
    if (c->sent.count && output_sent(c, 0, now) == 0)
        event_retransmit(c, sent_at(&c->sent, 0), "timeout");
}

/* What is marked lost was not lost to congestion: recovery without a reduction (as Linux, which calls it Loss too). */
void recovery_without_congestion(struct tcp_connection *c)
{
    if (!selective(c))
        c->sent.sacked = 0;
    if (c->recovery.state == RECOVERY_LOSS)
        return;
    c->recovery.high = c->snd.nxt;
    c->recovery.undo_possible = false;
    c->recovery.state = RECOVERY_LOSS;
    c->recovery.frto = false;
}

/* The path takes less than it did (RFC 1191, RFC 8201): what is too large goes again, cut smaller; the window stays, since nothing says
 * congestion. */
void recovery_path_shrank(struct tcp_connection *c, struct instant now)
{
    uint32_t mss = output_mss(c);
    for (uint32_t i = 0; i < c->sent.count; i++)
        if (sent_at(&c->sent, i)->length > mss && !(sent_at(&c->sent, i)->flags & SENT_SACKED))
            recovery_mark_lost(c, sent_at(&c->sent, i));
    if (!retransmit_queue_resegment(&c->sent, mss))
        return;
    recovery_without_congestion(c);
    recovery_retransmit(c, now);
}
