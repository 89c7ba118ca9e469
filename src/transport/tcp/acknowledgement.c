/* What the peer's acknowledgements say (RFC 9293 section 3.10.7.4, fifth step).
 *
 * An ACK may do four things: free what it covers (send buffer, retransmission queue), time the round trip (RFC 6298; never from a segment
 * that was sent twice, unless a timestamp tells which copy was meant: RFC 7323 section 4), move the send window (section 3.8.6), and
 * hint at loss. This file does the first three and gathers the facts in struct ack_news; recovery.c judges loss and moves
 * the congestion window.
 *
 * An ACK for what was never sent, or for what is older than any window we were ever offered, is an attack or a stray (RFC 5961 section
 * 5): challenge and drop. A merely old one is ignored but for its SACK blocks and data.
 *
 * The window update rule is Linux's: an ACK that advances always brings its window; one that does not must come from a later segment, or
 * widen the window. The retransmission timer starts anew with each ACK that acknowledges something (RFC 6298 5.3), which only writes
 * a deadline: see timers.c. */
#include <assert.h>

#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/rooms.h"

#define RENEGED_WAIT_LEAST_NS (10 * NS_PER_MS)

static bool window_moves(const struct tcp_connection *c, const struct tcp_segment *segment, uint32_t window)
{
    return sequence_after(segment->acknowledgement, c->snd.una) || sequence_after(segment->sequence, c->snd.wl1) ||
           (sequence_equal(segment->sequence, c->snd.wl1) && (window > c->snd.wnd || segment->window == 0));
}

/* True when it is another one. */
static inline bool update_window(struct tcp_connection *c, const struct tcp_segment *segment)
{
    uint32_t window = (uint32_t)segment->window << (segment->flags & TCP_SYN ? 0 : c->snd.scale);
    if (!window_moves(c, segment, window))
        return false;
    c->snd.wl1 = segment->sequence;
    if (window == c->snd.wnd)
        return false;
    if ((window == 0) != (c->snd.wnd == 0))
        event_zero_window(c, window == 0);
    c->snd.wnd = window;
    if (window > c->snd.wnd_max)
        c->snd.wnd_max = window;
    return true;
}

/* Pops what is acknowledged, and takes the times of what was sent only once. */
static void pop_acknowledged(struct tcp_connection *c, struct sequence ack, struct ack_news *news)
{
    struct instant oldest = INSTANT_NEVER, newest = INSTANT_NEVER;
    struct sequence low = c->snd.nxt; /* the lowest that was sent once and not SACKed before */
    bool first = true; /* of a departure: what was ahead of it in the same one would be popped with it, or was before */
    while (c->sent.count) {
        struct sent *sent = sent_at(&c->sent, 0);
        if (sequence_after(sent_end(sent), ack)) {
            if (sequence_before(sent->start, ack)) { /* a part of it: its boundaries change */
                sent->length -= sequence_distance(sent->start, ack);
                sent->start = ack;
                sent->flags &= (uint16_t)~SENT_SUMMED;
                if (first && sent->flags & SENT_EDGE)
                    sent->flags |= SENT_CUT;
            }
            break;
        }
        first = sent->flags & SENT_EDGE;
        if (sent->flags & SENT_EVER_RETRANSMITTED) {
            news->retransmitted_acked = true;
        } else if (!(sent->flags & SENT_SACKED)) {
            news->original_acked |= sequence_at_most(sent_end(sent), c->recovery.high);
            if (instant_is_never(oldest))
                oldest = sent->time;
            newest = sent->time;
            struct sequence start = sent->flags & SENT_CUT ? sequence_back(sent->start, 1) : sent->start;
            if (sequence_before(start, low))
                low = start;
        }
        if (!(sent->flags & SENT_SACKED)) {
            news->delivered++;
            news->delivered_bytes += sent->length;
            rack_advance(c, sent, news->now);
            rate_delivered(c, sent, news);
        }
        news->acked_segments++;
        retransmit_queue_pop(&c->sent);
    }
    news->data_acked = news->acked_segments > 0;
    if (c->flags & CONNECTION_SACK && sequence_before(low, news->prior_highest)) /* what this very ACK SACKs proves nothing */
        sack_reordering_seen(c, low, c->sent.sacked ? c->repair->highest_sacked : ack);
    if (!instant_is_never(oldest) && !news->retransmitted_acked) { /* wins over what the SACK blocks gave */
        news->rtt_ns = instant_since(news->now, oldest);
        news->congestion_rtt_ns = instant_since(news->now, newest);
    }
}

static void time_round_trip(struct tcp_connection *c, struct ack_news *news)
{
    const struct tcp_segment *segment = news->segment;
    if (news->rtt_ns < 0 && news->data_acked && segment->options & TCP_OPTION_TIMESTAMPS && segment->timestamp_echo) {
        uint32_t ms = timestamp_clock(news->now) + c->ts.offset - segment->timestamp_echo;
        if (ms < RTT_ECHO_MAX_MS)
            news->rtt_ns = news->congestion_rtt_ns = (ms ? ms : 1) * NS_PER_MS;
    }
    if (news->rtt_ns < 0)
        return;
    rtt_sample(&c->rtt, news->rtt_ns, segment->acknowledgement, c->snd.nxt, news->now);
    c->backoff = 0;
}

/* The send buffer is worth twice the window: one under way, one ready to follow. */
static void tune_send_buffer(struct tcp_connection *c)
{
    if (c->flags & (CONNECTION_SEND_FIXED | CONNECTION_SEND_MEMORY)) /* send_memory.c has its own rule */
        return;
    uint64_t wanted = 2ull * c->congestion.cwnd * (c->mss + 512u);
    if (wanted > c->socket.tcp->sysctls->wmem[2])
        wanted = c->socket.tcp->sysctls->wmem[2];
    if (wanted > c->snd.limit)
        c->snd.limit = (uint32_t)wanted;
}

static void free_acknowledged(struct tcp_connection *c, struct sequence ack, struct instant now)
{
    uint32_t bytes = sequence_distance(c->snd.una, ack);
    if (c->flags & CONNECTION_FIN_SENT && bytes > c->send.length)
        bytes--; /* the FIN */
    bool full = c->snd.limit < c->send.length + c->snd.limit / 3 && !(c->flags & CONNECTION_SEND_MEMORY);
    send_buffer_drop(&c->send, bytes);
    c->snd.una = ack;
    if (c->flags & CONNECTION_URGENT)
        urgent_acknowledged(c);
    c->count.bytes_acked += bytes;
    tune_send_buffer(c);
    bool awaited = busy_acknowledged(c, now);
    if (awaited || (full && tcp_writable(&c->socket)))
        connection_tell(c);
}

/* What was selectively acknowledged is now the first that is missing: the peer may have thrown it away (RFC 2018 section 8). It is given half
 * a round trip to say otherwise, as in Linux; then it counts as a timeout. */
static void doubt_selection(struct tcp_connection *c, struct instant now)
{
    if (!c->sent.count || !(sent_at(&c->sent, 0)->flags & SENT_SACKED))
        return;
    int64_t wait = c->rtt.smoothed_ns / 2;
    timer_due(c, TIMER_RETRANSMIT, instant_add(now, wait > RENEGED_WAIT_LEAST_NS ? wait : RENEGED_WAIT_LEAST_NS));
}

/* Nothing is out, nothing is said of what was, and nothing of it is open (a D-SACK may still tell that a repair was needless): so it is with every
 * segment of a peer who only sends. Just the window may be another one. */
static inline bool says_nothing(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    return !c->sent.count && sequence_equal(segment->acknowledgement, c->snd.una) && !c->accurate && !c->repair &&
           !c->rack.probe_out;
}

bool acknowledgement_input(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    struct sequence ack = segment->acknowledgement;
    if (says_nothing(c, segment)) {
        c->probes = 0;
        if (update_window(c, segment) && c->snd.wnd != 0)
            timer_clear(c, TIMER_PERSIST);
        return true;
    }
    if (sequence_after(ack, c->snd.nxt) || sequence_before(ack, sequence_back(c->snd.una, c->snd.wnd_max))) {
        bool future = sequence_after(ack, c->snd.nxt) && c->socket.state == TCP_ESTABLISHED;
        if (!future || c->socket.tcp->sysctls->challenge_future_ack) /* RFC 5961 section 5.2; Linux says nothing */
            ack_challenge(c, now);
        return false;
    }
    struct ack_news news = {.now = now,
                            .prior_una = c->snd.una,
                            .prior_highest =
                                c->sent.sacked && c->flags & CONNECTION_SACK ? c->repair->highest_sacked : c->snd.una,
                            .prior_in_flight = retransmit_queue_in_flight(&c->sent),
                            .prior_lost = c->sent.lost,
                            .rtt_ns = -1,
                            .congestion_rtt_ns = -1,
                            .segment = segment,
                            .advanced = sequence_after(ack, c->snd.una),
                            .echo = ecn_echoed(c, segment)};
    bool old = sequence_before(ack, c->snd.una);
    uint32_t had = c->sent.count;
    c->probes = 0;
    if (!old)
        news.window_update = update_window(c, segment);
    bool reports = c->flags & CONNECTION_SACK && segment->options & TCP_OPTION_SACK;
    if (reports && (had || c->repair || c->rack.probe_out)) /* with nothing out there may still be duplicates to report */
        sack_input(c, &news);
    if (news.advanced) {
        news.acked_bytes = sequence_distance(c->snd.una, ack);
        pop_acknowledged(c, ack, &news);
        time_round_trip(c, &news);
        c->retries = 0;
        free_acknowledged(c, ack, now);
        if (c->seldom->path_probe.size)
            path_probe_acknowledged(c);
        stack_confirm(c->socket.tcp->stack, &c->socket.remote.address);
    }
    news.duplicate =
        !news.advanced && !old && segment->payload_bytes == 0 && !news.window_update && !(segment->flags & (TCP_SYN | TCP_FIN));
    if (c->accurate)
        accurate_feedback(c, &news);
    if (had)
        recovery_acknowledged(c, &news);
    else if (news.dsack)
        recovery_duplicate_reported(c);
    if (c->rack.probe_out)
        probe_acknowledged(c, &news);
    if (news.advanced || news.newly_sacked) {
        if (!probe_schedule(c, now, true))
            timer_restart_retransmit(c, now);
    }
    if (news.advanced && c->sent.sacked)
        doubt_selection(c, now);
    if (c->snd.wnd != 0 && news.window_update)
        timer_clear(c, TIMER_PERSIST);
    return true;
}
