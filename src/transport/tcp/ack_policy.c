/* When to acknowledge (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2).
 *
 * Acknowledging each segment at once wastes segments; waiting too long starves the sender's clock. So, as in Linux:
 *   - at least every second full segment is acknowledged at once (of a counted buffer, receive_window.c, when the window's edge can move)
 *   - at the start of a connection, after a gap and after a loss, every segment is ("quick" ACKs, up to 16), since the sender is in slow start
 *   - otherwise the ACK waits for company, 40 ms at first, adapting to the gaps between segments, at most 200 ms
 *   - once data goes both ways (pingpong), ACKs ride on the answers, and quick ACKs end
 *   - what is out of order, fills a gap, or is a FIN, is acknowledged now
 *
 * Answers to unacceptable segments are limited to one in half a second per connection, and challenges to 1000 a second for the node (RFC
 * 5961 section 7), so that two confused peers do not shout at each other for ever. */
#include <assert.h>

#include "base/number.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/receive_memory.h"
#include "transport/tcp/receive_window.h"
#include "transport/tcp/rooms.h"

enum { QUICK_ACKS_MAX = 16 };
#define ACK_DELAY_MIN_NS (40 * NS_PER_MS)
#define ACK_DELAY_MAX_NS (200 * NS_PER_MS)

void ack_quickly(struct tcp_connection *c, unsigned count)
{
    unsigned worth = c->rcv.wnd / (2u * (c->rcv.mss ? c->rcv.mss : 536u));
    if (worth < 2)
        worth = 2;
    if (worth > count)
        worth = count;
    if (worth > c->ack.quick)
        c->ack.quick = (uint8_t)worth;
}

void ack_conversation_over(struct tcp_connection *c)
{
    c->ack.pingpong = false;
    c->ack.answers = 0;
}

static bool quick(const struct tcp_connection *c) { return c->ack.quick && !c->ack.pingpong; }

static void measure_round_trip(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    if (!(c->flags & CONNECTION_TIMESTAMPS) || !(segment->options & TCP_OPTION_TIMESTAMPS) ||
        segment->payload_bytes < c->rcv.mss)
        return;
    uint32_t ms = timestamp_clock(now) + c->ts.offset - segment->timestamp_echo;
    if (ms > 60000)
        return;
    int64_t sample = (ms ? ms : 1) * NS_PER_MS;
    if (c->rcv.rtt_ns == 0 || sample < c->rcv.rtt_ns)
        c->rcv.rtt_ns = sample;
    else
        c->rcv.rtt_ns += (sample - c->rcv.rtt_ns) / 8;
}

/* What is larger than we said we take was joined of smaller pieces on its way; these are what both sides take. So it is of a peer whose full
 * segments are those that it takes itself. Where whoever joined them tells their size (net.imp.tcp_joined_mss), that counts. */
static uint16_t piece_bytes(const struct tcp_connection *c, uint32_t payload_bytes)
{
    uint32_t most = receive_mss_told(c), told = c->socket.tcp->sysctls->joined_mss;
    if (told && payload_bytes > told)
        payload_bytes = told;
    if (payload_bytes > most || (payload_bytes > c->mss_peer && c->rcv.mss == c->mss_peer))
        payload_bytes = c->mss_peer < most ? c->mss_peer : most;
    return (uint16_t)payload_bytes;
}

static void measure_segment(struct tcp_connection *c, uint32_t payload_bytes, uint32_t memory)
{
    if (payload_bytes < c->rcv.mss)
        return;
    uint16_t mss = piece_bytes(c, payload_bytes);
    if (mss < c->rcv.mss && c->socket.tcp->sysctls->joined_mss)
        return;
    if (mss != c->rcv.mss && receive_memory_counted(c))
        receive_ratio_learn(c, payload_bytes, memory);
    c->rcv.mss = mss;
}

void ack_data_received(struct tcp_connection *c, const struct tcp_segment *segment, uint32_t memory, struct instant now)
{
    c->ack.pending |= ACK_WANTED;
    if (segment->flags & TCP_PSH)
        c->ack.pending |= ACK_PUSHED;
    measure_segment(c, segment->payload_bytes, memory);
    measure_round_trip(c, segment, now);
    int64_t gap = instant_since(now, c->ack.last_receive);
    if (c->ack.timeout_ns == 0) {
        ack_quickly(c, QUICK_ACKS_MAX);
        c->ack.timeout_ns = ACK_DELAY_MIN_NS;
    } else if (gap <= ACK_DELAY_MIN_NS / 2) {
        c->ack.timeout_ns = c->ack.timeout_ns / 2 + ACK_DELAY_MIN_NS / 2;
    } else if (gap < c->ack.timeout_ns) {
        int64_t rto = rtt_timeout_ns(&c->rtt);
        c->ack.timeout_ns = c->ack.timeout_ns / 2 + gap;
        if (c->ack.timeout_ns > rto)
            c->ack.timeout_ns = rto;
    } else if (gap > rtt_timeout_ns(&c->rtt)) {
        ack_quickly(c, QUICK_ACKS_MAX); /* the sender starts anew after the gap */
    }
    c->ack.last_receive = now;
}

static void delay(struct tcp_connection *c, struct instant now)
{
    int64_t wait = c->ack.timeout_ns ? c->ack.timeout_ns : ACK_DELAY_MIN_NS;
    if (wait > ACK_DELAY_MIN_NS) {
        int64_t most = c->ack.pingpong || c->ack.pending & ACK_PUSHED ? ACK_DELAY_MAX_NS : 500 * NS_PER_MS;
        int64_t rtt = c->rtt.smoothed_ns > ACK_DELAY_MIN_NS ? c->rtt.smoothed_ns : ACK_DELAY_MIN_NS;
        if (c->rtt.smoothed_ns && rtt < most)
            most = rtt;
        wait = wait < most ? wait : most;
    }
    wait = wait < ACK_DELAY_MAX_NS ? wait : ACK_DELAY_MAX_NS;
    struct instant due = instant_add(now, wait);
    if (instant_before(due, timer_when(c, TIMER_ACK)))
        timer_due(c, TIMER_ACK, due);
}

void ack_decide(struct tcp_connection *c, struct instant now)
{
    if (!c->ack.pending)
        return;
    bool two = sequence_distance(c->rcv.wup, c->rcv.nxt) > c->rcv.mss && receive_window_advances(c);
    bool bare_fin =
        c->flags & CONNECTION_FIN_RECEIVED && !c->ack.timeout_ns; /* no data ever came: there is no rhythm to wait for */
    if (c->ack.pending & ACK_NOW || two || quick(c) || bare_fin)
        output_ack(c, now);
    else
        delay(c, now);
}

/* The SYN+ACK is to be acknowledged, but whoever waits to write does so in a moment, and a request begins a conversation (as Linux). */
void ack_with_request(struct tcp_connection *c, struct instant now)
{
    c->ack.pending |= ACK_WANTED;
    ack_conversation_over(c);
    c->ack.timeout_ns = ACK_DELAY_MIN_NS;
    c->ack.last_receive = now;
    ack_quickly(c, QUICK_ACKS_MAX);
    timer_due(c, TIMER_ACK, instant_add(now, ACK_DELAY_MAX_NS));
}

void ack_sent(struct tcp_connection *c, struct instant now)
{
    (void)now;
    if (c->ack.pending && c->ack.quick) {
        if (--c->ack.quick == 0)
            c->ack.timeout_ns = ACK_DELAY_MIN_NS;
    }
    c->ack.pending = 0;
    c->ack.duplicate.end = c->ack.duplicate.start;
    timer_clear(c, TIMER_ACK);
}

void ack_data_sent(struct tcp_connection *c, struct instant now)
{
    if (c->ack.timeout_ns && instant_since(now, c->ack.last_receive) < c->ack.timeout_ns)
        c->ack.answers = (uint8_t)least(c->ack.answers + 1u, UINT8_MAX); /* that soon: enough of them are a conversation */
    if (c->ack.answers && c->ack.answers >= c->socket.tcp->sysctls->pingpong_thresh)
        c->ack.pingpong = true;
}

void ack_timer(struct tcp_connection *c, struct instant now)
{
    if (!c->ack.pending)
        return;
    if (!c->ack.pingpong) {
        int64_t rto = rtt_timeout_ns(&c->rtt);
        c->ack.timeout_ns = c->ack.timeout_ns * 2 < rto ? c->ack.timeout_ns * 2 : rto;
    } else { /* no answer came to ride on */
        ack_conversation_over(c);
        c->ack.timeout_ns = ACK_DELAY_MIN_NS;
    }
    output_ack(c, now);
}

void ack_after_read(struct tcp_connection *c, struct instant now)
{
    if (c->socket.state < TCP_ESTABLISHED || c->flags & CONNECTION_FIN_RECEIVED)
        return;
    bool due = c->ack.pending && (sequence_distance(c->rcv.wup, c->rcv.nxt) > c->rcv.mss ||
                                  (c->ack.pending & ACK_PUSHED && !c->ack.pingpong && c->receive.length == 0 && quick(c)));
    if (due || receive_window_doubles(c))
        output_ack(c, now);
}

/* ---- answers to what is not acceptable ---- */

bool ack_rate_limited(struct tcp_connection *c, struct instant now)
{
    if (c->seldom->last_oow.ns &&
        instant_since(now, c->seldom->last_oow) < c->socket.tcp->sysctls->invalid_ratelimit_ms * NS_PER_MS)
        return true;
    seldom_of(&c->seldom)->last_oow = now;
    return false;
}

void ack_duplicate(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    struct sequence end = tcp_segment_end(segment);
    if (sequence_before(segment->sequence, c->rcv.nxt) && segment->payload_bytes) { /* a retransmission: our ACK was lost */
        ack_quickly(c, QUICK_ACKS_MAX);
        if (c->accurate)
            accurate_duplicate(c, segment->sequence);
        if (c->flags & CONNECTION_SACK) {
            if (sequence_after(end, c->rcv.nxt))
                end = c->rcv.nxt;
            c->ack.duplicate = (struct sack_block){segment->sequence, end};
        }
        output_ack(c, now);
        return;
    }
    if ((segment->payload_bytes && !(segment->flags & TCP_SYN)) || !ack_rate_limited(c, now))
        output_ack(c, now);
}

void ack_challenge(struct tcp_connection *c, struct instant now)
{
    struct tcp *tcp = c->socket.tcp;
    if (ack_rate_limited(c, now))
        return;
    if (instant_since(now, tcp->challenge_second) >= NS_PER_S) {
        tcp->challenge_second = now;
        tcp->challenge_count = 0;
    }
    if (tcp->sysctls->challenge_ack_limit == INT32_MAX || tcp->challenge_count++ < tcp->sysctls->challenge_ack_limit)
        output_ack(c, now);
}
