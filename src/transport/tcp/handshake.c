/* Opening a connection (RFC 9293 section 3.5): what the SYNs agree on, and the answers to our own SYN.
 *
 * Options count only when both sides sent them: window scale (RFC 7323 section 2), timestamps (section 3), SACK (RFC 2018). The
 * maximum segment size is what each side says about itself; without it 536 bytes over IPv4 and 1220 over IPv6 are assumed.
 *
 * SYN-SENT is the one state with rules of its own (section 3.10.7.3), so its input is here. A SYN without ACK in it is a simultaneous
 * open: both sides asked at once, and one connection comes of it. The handshake gives the first round-trip sample. When the SYN was
 * retransmitted only a timestamp can: without one the RTO is 3 s to begin with (RFC 6298 section 5.7). And RFC 5681 asks for an
 * initial window of one segment then. RFC 6928 section 2 lets the first such loss pass, since a timer of one second goes off early on many a path;
 * and where the peer's timestamp shows that it answers the first of them, nothing was lost at all (as Linux).
 *
 * Timers: the retransmission of SYN and SYN+ACK is timers.c's. */
#include <assert.h>

#include "base/error.h"
#include "transport/limits.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/fast_open.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/receive_window.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/send_memory.h"
#include "transport/tcp/user_timeout.h"

void handshake_options(struct tcp_connection *c, const struct tcp_segment *syn, struct instant now)
{
    c->rcv.irs = syn->sequence;
    c->rcv.nxt = c->rcv.wup = c->ack.edge = sequence_add(syn->sequence, 1);
    if (syn->options & TCP_OPTION_MSS && syn->mss > 0)
        c->mss_peer = syn->mss < LIMIT_TCP_MSS_LEAST ? LIMIT_TCP_MSS_LEAST : syn->mss;
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    ecn_handshake(c, syn);
    if (syn->options & TCP_OPTION_WINDOW_SCALE && sysctls->window_scaling) {
        c->flags |= CONNECTION_WINDOW_SCALE;
        c->snd.scale = syn->window_scale;
    } else {
        c->rcv.scale = 0;
    }
    if (syn->options & TCP_OPTION_SACK_PERMITTED && sysctls->sack)
        c->flags |= CONNECTION_SACK;
    if (syn->options & TCP_OPTION_TIMESTAMPS && sysctls->timestamps) {
        c->flags |= CONNECTION_TIMESTAMPS;
        c->ts.recent = syn->timestamp;
        c->ts.recent_time = now;
    }
    if (syn->options & TCP_OPTION_USER_TIMEOUT)
        user_timeout_received(c, syn);
    c->snd.wnd = c->snd.wnd_max = syn->window; /* a SYN's window is never scaled (RFC 7323 2.2) */
    c->snd.wl1 = syn->sequence;
    connection_update_mss(c);
}

/* Data on our SYN (RFC 7413 section 4.2.2): what the peer took is acknowledged. The rest is lost, by which nothing is said of congestion, and
 * waits in the retransmission queue, cut as the peer now says. */
static void syn_data_answered(struct tcp_connection *c, struct sequence ack)
{
    struct opening *opening = c->opening;
    uint32_t taken = sequence_distance(c->snd.una, ack), left = opening->syn_data - taken;
    struct fast_open *facts = &seldom_of(&c->seldom)->fast_open;
    facts->data_taken = left == 0;
    if (left)
        facts->failure = opening->syn_retries || opening->syn_plain ? FAST_OPEN_FAILED_LATE : FAST_OPEN_FAILED_NOT_TAKEN;
    send_buffer_drop(&c->send, taken);
    c->count.bytes_acked += taken;
    c->snd.una = c->snd.partial_end = ack;
    opening->syn_data = 0;
    for (uint32_t length; left; left -= length) {
        length = left < c->mss ? left : c->mss;
        struct sent sent = {.start = ack,
                            .length = length,
                            .flags = length == left ? SENT_PUSH : 0,
                            .transmissions = 1,
                            .time = opening->syn_sent};
        recovery_mark_lost(c, retransmit_queue_push(&c->sent, sent));
        ack = sequence_add(ack, length);
    }
}

static bool has_echo(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    return c->flags & CONNECTION_TIMESTAMPS && segment->options & TCP_OPTION_TIMESTAMPS && segment->timestamp_echo;
}

static void first_round_trip(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    bool again = c->opening->syn_retries || c->opening->syn_plain || c->flags & CONNECTION_COOKIE;
    uint32_t ms = timestamp_clock(now) + c->ts.offset - segment->timestamp_echo;
    if (!again)
        rtt_sample(&c->rtt, instant_since(now, c->opening->syn_sent), c->snd.una, c->snd.nxt, now);
    else if (has_echo(c, segment) && ms < RTT_ECHO_MAX_MS)
        rtt_sample(&c->rtt, (ms ? ms : 1) * NS_PER_MS, c->snd.una, c->snd.nxt, now);
    else
        rtt_unknown(&c->rtt);
}

/* More than one SYN was lost, as far as anybody can tell. */
static bool congested(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    uint32_t first = timestamp_clock(c->opening->first_syn) + c->ts.offset;
    return c->opening->syn_retries > 1 && !(has_echo(c, segment) && segment->timestamp_echo == first);
}

void handshake_done(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    c->snd.una = sequence_add(c->snd.iss, 1);
    c->ack.last_receive = c->last_heard = now;
    if (c->opening->syn_data)
        syn_data_answered(c, segment->acknowledgement);
    fast_open_end(c, false);
    timer_clear(c, TIMER_RETRANSMIT);
    first_round_trip(c, segment, now);
    if (congested(c, segment))
        c->congestion.cwnd = 1; /* RFC 5681 section 3.1, RFC 6928 section 2 */
    c->delivered++;
    c->rcv.rtt_ns = c->rtt.smoothed_ns;
    c->retries = c->backoff = 0;
    receive_window_settle(c, now);
    if (!c->sent.count)
        c->snd.partial_end = c->snd.una;
    c->recovery.high = c->snd.una;
    path_probe_begin(c, now);
    send_memory_begin(c);
    user_timeout_changed(c);
    set_state(c, TCP_ESTABLISHED);
    event_established(c);
    ecn_established(c);
    if (c->sent.lost)
        recovery_without_congestion(c);
    if (c->flags & CONNECTION_KEEP_ALIVE)
        timer_keep_alive(c, now);
    struct tcp_listener *listener = c->opening->listener;
    if (listener && listener->socket.changed)
        listener->socket.changed(&listener->socket, listener->socket.owner);
    connection_tell(c);
    opening_over(c);
}

/* Both asked at once (RFC 9293 figure 8): our SYN goes out again, now with an ACK. Its timer runs on (RFC 6298 section 5.1). */
static void simultaneous_open(struct tcp_connection *c, const struct tcp_segment *syn, struct instant now)
{
    handshake_options(c, syn, now);
    set_state(c, TCP_SYN_RECEIVED);
    struct instant due = timer_when(c, TIMER_RETRANSMIT);
    output_syn(c, NULL, now);
    timer_due(c, TIMER_RETRANSMIT, due);
}

/* SEG.ACK =< ISS or > SND.NXT is not; nor is an echo of a timestamp that no SYN of ours had (as Linux; RFC 7323 section 3.2 has it unsaid). */
static bool about_our_syn(const struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    struct sequence ack = segment->acknowledgement;
    if (!sequence_after(ack, c->snd.iss) || sequence_after(ack, c->snd.nxt))
        return false;
    if (!(segment->options & TCP_OPTION_TIMESTAMPS) || !segment->timestamp_echo || !c->socket.tcp->sysctls->timestamps)
        return true;
    uint32_t first = timestamp_clock(c->opening->first_syn), last = timestamp_clock(now);
    return segment->timestamp_echo - c->ts.offset - first <= last - first;
}

void syn_data_again(struct tcp_connection *c, struct instant now)
{
    if (!c->sent.lost)
        return;
    recovery_retransmit(c, now);
    timer_restart_retransmit(c, now);
}

static void syn_ack_acknowledge(struct tcp_connection *c, bool waits, struct instant now)
{
    if (waits && !c->accurate && !c->sent.lost && !(c->ack.pending & ACK_NOW)) {
        ack_with_request(c, now);
        output(c, now);
        return;
    }
    c->ack.pending |= ACK_WANTED | ACK_NOW;
    if (c->accurate) /* RFC 9768 section 3.2.2.1: first an ACK alone, which tells how the SYN+ACK came */
        output_ack(c, now);
    syn_data_again(c, now);
    output(c, now); /* data that was written meanwhile carries the ACK */
    ack_decide(c, now);
}

void syn_sent_input(struct tcp_connection *c, const struct tcp_segment *segment, struct frame *frame, struct instant now)
{
    struct node *node = c->socket.tcp->node;
    struct packet_info info = {.source = c->socket.remote.address, .destination = c->socket.local.address};
    bool acknowledges = segment->flags & TCP_ACK;
    if (acknowledges && !about_our_syn(c, segment, now)) {
        if (!(segment->flags & TCP_RST)) {
            event_reset_sent(c->socket.tcp, &c->socket.remote, c->socket.local.port, "acknowledges what was never sent");
            reply_reset(c->socket.tcp, &info, segment);
        }
        node_drop(node, frame, DROP_TCP_INVALID);
        return;
    }
    if (segment->flags & TCP_RST) {
        if (acknowledges) { /* without ACK it proves nothing (RFC 5961) */
            event_reset_received(c);
            connection_end(c, IMP_REFUSED);
            frame_release(frame);
        } else {
            node_drop(node, frame, DROP_TCP_INVALID);
        }
        return;
    }
    if (!(segment->flags & TCP_SYN)) {
        node_drop(node, frame, DROP_TCP_INVALID);
        return;
    }
    if (!acknowledges) {
        simultaneous_open(c, segment, now);
        frame_release(frame);
        return;
    }
    handshake_options(c, segment, now);
    fast_open_answered(c, segment, now);
    bool writer_waits = c->opening->writer_waits;
    handshake_done(c, segment, now);
    bool waits = writer_waits || c->ack.pingpong;
    if (segment->payload_bytes || segment->flags & TCP_FIN) {
        receive_data(c, segment, frame, now);
        frame = NULL;
    }
    if (c->socket.state != TCP_CLOSED && c->socket.state != TCP_TIME_WAIT)
        syn_ack_acknowledge(c, waits, now);
    frame_release(frame);
}
