/* Sending (RFC 9293 sections 3.7 and 3.8.6.2.1): what leaves, when, and in what pieces.
 *
 * output() sends new data while four things allow it: the congestion window, the peer's window, Nagle's rule with the sender's half of silly
 * window avoidance, and (for controls that pace) the clock. Each new segment gets a record in the retransmission queue; output_sent()
 * puts any record on the wire, the first time or again.
 *
 * A segment is a small frame that holds headers only; its payload is the frame's tail, a slice of the send buffer's block. The sum over the
 * payload is taken at the first transmission and kept in the record, so a retransmission costs the sum of its header. Every frame
 * carries a real checksum and says so (FRAME_SUMS_GOOD), so that the receiver need not add up again what no one damaged.
 *
 * Nagle (RFC 9293 3.7.4) in Minshall's variant, as Linux: a segment that is not full waits only while another one that was not full is
 * unacknowledged. Silly window: a piece smaller than a segment is sent only when it is all there is or half the largest window ever
 * seen; else the persist timer overrides.
 *
 * Every segment with an ACK tells the present window and settles a pending acknowledgement. The peer's window and ours, the timers, and
 * ICMP's influence on the segment size live elsewhere. */
#include <assert.h>
#include <string.h>

#include "base/checksum.h"
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
#include "transport/tcp/validation.h"

enum {
    PACED_HEADERS = 52, /* IP, TCP and timestamps use the path too */
    /* Where the TCP header ends in a new frame. With the usual headers (Ethernet 14, IPv4 20, TCP and timestamps 32) the first of them
     * then starts a cache line, so that a router looks at one line of them. */
    HEADERS_BEHIND = FRAME_HEADROOM + 14 + 20 + 32,
};
_Static_assert(HEADERS_BEHIND >= TCP_HEADER_MAXIMUM_BYTES + 60 + 14, "room for all of them");

static struct sequence output_first(const struct tcp_connection *c)
{
    uint32_t syn = sequence_equal(c->snd.una, c->snd.iss); /* the buffer starts behind the SYN */
    return sequence_add(c->snd.una, syn);
}

/* A SYN takes no room in the window that the peer's SYN told (as Linux). */
static uint32_t window_used(const struct tcp_connection *c) { return sequence_distance(output_first(c), c->snd.nxt); }

struct sequence output_end(const struct tcp_connection *c) { return sequence_add(output_first(c), c->send.length); }

static bool nothing_received(const struct tcp_connection *c)
{
    return !c->reassembly && sequence_equal(c->ack.duplicate.start, c->ack.duplicate.end);
}

static unsigned sack_room(const struct tcp_connection *c) { return c->flags & CONNECTION_TIMESTAMPS ? 3 : 4; }

static uint32_t mss_less_options(const struct tcp_connection *c, bool sack)
{
    uint32_t blocks =
        sack ? reassembly_count(c->reassembly) + !sequence_equal(c->ack.duplicate.start, c->ack.duplicate.end) : 0;
    uint32_t most = sack_room(c);
    blocks = blocks < most ? blocks : most;
    uint32_t options = c->accurate ? accurate_option_bytes(c, blocks) : 4 + 8 * blocks;
    return c->mss > options + 8 ? c->mss - options : 8;
}

/* What a full segment carries, when SACK blocks and accurate ECN's option take their room from the payload. */
static inline uint32_t mss_beside_options(const struct tcp_connection *c)
{
    bool sack = c->flags & CONNECTION_SACK && !nothing_received(c);
    return sack || c->accurate ? mss_less_options(c, sack) : c->mss;
}

uint32_t output_mss(struct tcp_connection *c)
{
    return c->seldom->user_timeout.telling ? mss_beside_options(c) - user_timeout_room(c) : mss_beside_options(c);
}

/* RFC 2018 section 4: the latest first; RFC 2883 section 4: a duplicate before all. */
static void add_sack(const struct tcp_connection *c, struct tcp_segment *segment)
{
    if (!(c->flags & CONNECTION_SACK) || nothing_received(c))
        return;
    unsigned count = 0, most = sack_room(c);
    if (!sequence_equal(c->ack.duplicate.start, c->ack.duplicate.end))
        segment->sack[count++] = c->ack.duplicate;
    count += reassembly_blocks(c->reassembly, segment->sack + count, most - count);
    segment->sack_count = (uint8_t)count;
    if (count)
        segment->options |= TCP_OPTION_SACK;
}

static void header_prepare(struct tcp_connection *c, struct tcp_segment *segment, uint16_t flags, struct sequence sequence,
                           struct instant now)
{
    segment->source_port = c->socket.local.port;
    segment->destination_port = c->socket.remote.port;
    segment->flags = flags;
    segment->sequence = sequence;
    segment->acknowledgement = flags & TCP_ACK ? c->rcv.nxt : (struct sequence){0};
    segment->urgent = 0;
    segment->options = 0;
    segment->sack_count = 0;
    if (flags & TCP_SYN)
        return;
    if (c->flags & CONNECTION_URGENT)
        urgent_tell(c, segment);
    uint32_t window = receive_window_select(c) >> c->rcv.scale;
    segment->window = (uint16_t)window;
    if (c->flags & CONNECTION_TIMESTAMPS) { /* a reset has them too (RFC 7323 section 3.2) */
        segment->options = TCP_OPTION_TIMESTAMPS;
        segment->timestamp = timestamp_clock(now) + c->ts.offset;
        segment->timestamp_echo = c->ts.recent;
    }
    if (flags & TCP_RST)
        return;
    receive_window_told(c, window << c->rcv.scale);
    add_sack(c, segment);
    if (c->accurate)
        accurate_option_add(c, segment, now);
}

/* Puts header and checksum in front of what the frame holds, and sends it. */
static int transmit(struct tcp_connection *c, const struct tcp_segment *segment, struct frame *frame, uint32_t payload_sum,
                    uint8_t ecn, struct instant now)
{
    uint32_t bytes = tcp_segment_header_bytes(segment);
    uint8_t *header = frame_push(frame, bytes);
    uint32_t sum = checksum_combine(checksum_combine(c->pseudo_sum, frame_total(frame)), payload_sum);
    tcp_segment_build_summed(segment, header, sum);
    frame->transport = frame_mark(frame);
    frame->flags |= FRAME_SUMS_GOOD;
    c->count.segments_sent++;
    if (segment->flags & TCP_ACK)
        ack_sent(c, now);
    struct packet_info info = {.source = c->socket.local.address,
                               .destination = c->socket.remote.address,
                               .protocol = PROTOCOL_TCP,
                               .ttl = c->ttl,
                               .traffic_class = (uint8_t)(ecn | c->seldom->personal.traffic_class),
                               .dont_fragment = !(c->flags & CONNECTION_MAY_FRAGMENT),
                               .interface = c->seldom->interface};
    return stack_send(c->socket.tcp->stack, &info, frame);
}

static struct frame *empty_frame(const struct tcp *tcp, uint32_t capacity)
{
    return frame_create(tcp->node->engine, HEADERS_BEHIND, capacity);
}

static int send_bare(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    return transmit(c, segment, empty_frame(c->socket.tcp, 0), 0, segment->flags & TCP_SYN ? 0 : ecn_mark(c, false), now);
}

int output_segment(struct tcp *tcp, const struct packet_info *info, const struct tcp_segment *segment)
{
    struct frame *frame = empty_frame(tcp, 0);
    uint32_t bytes = tcp_segment_header_bytes(segment);
    uint8_t *header = frame_push(frame, bytes);
    tcp_segment_build_summed(segment, header, stack_pseudo_sum(&info->source, &info->destination, PROTOCOL_TCP, bytes));
    frame->transport = frame_mark(frame);
    frame->flags |= FRAME_SUMS_GOOD;
    return stack_send(tcp->stack, info, frame);
}

void reply_reset(struct tcp *tcp, const struct packet_info *info, const struct tcp_segment *segment)
{
    if (segment->flags & TCP_RST)
        return;
    struct tcp_segment reset = {
        .source_port = segment->destination_port, .destination_port = segment->source_port, .flags = TCP_RST};
    if (segment->flags & TCP_ACK) {
        reset.sequence = segment->acknowledgement;
    } else {
        reset.flags |= TCP_ACK;
        reset.acknowledgement = tcp_segment_end(segment);
    }
    struct packet_info back = {.source = info->destination,
                               .destination = info->source,
                               .protocol = PROTOCOL_TCP,
                               .dont_fragment = true,
                               .interface = ip_is_link_local(&info->source) ? info->interface : 0};
    (void)output_segment(tcp, &back, &reset);
}

/* ---- without data ---- */

void output_ack(struct tcp_connection *c, struct instant now)
{
    struct tcp_segment segment;
    header_prepare(c, &segment, TCP_ACK | ecn_flags(c, false), c->snd.nxt, now);
    user_timeout_offer(c, &segment);
    (void)send_bare(c, &segment, now);
}

void output_reset(struct tcp_connection *c, struct instant now)
{
    struct tcp_segment segment;
    bool known = c->socket.state != TCP_SYN_SENT; /* until the peer spoke there is nothing to acknowledge */
    header_prepare(c, &segment, known ? TCP_RST | TCP_ACK : TCP_RST, c->snd.nxt, now);
    (void)send_bare(c, &segment, now);
}

/* What is on a SYN is copied: it is at most one segment, and may have to go again as ordinary data, cut differently. */
static void send_syn(struct tcp_connection *c, const struct tcp_segment *segment, uint32_t data, struct instant now)
{
    struct frame *frame = empty_frame(c->socket.tcp, data);
    uint32_t sum = 0;
    if (data) {
        uint8_t *to = frame_append(frame, data);
        send_buffer_copy(&c->send, 0, to, data);
        sum = checksum_partial(to, data, 0);
        c->count.bytes_sent += data;
        c->count.data_segments_sent++;
    }
    (void)transmit(c, segment, frame, sum, 0, now);
}

void output_syn(struct tcp_connection *c, const struct fast_open_cookie *cookie, struct instant now)
{
    struct tcp_segment segment;
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    bool answer = c->socket.state == TCP_SYN_RECEIVED;
    header_prepare(c, &segment, (uint16_t)((answer ? TCP_SYN | TCP_ACK : TCP_SYN) | ecn_syn_flags(c)), c->snd.iss, now);
    uint32_t headers = connection_headers(c);
    uint32_t mss =
        c->mtu_told > headers + LIMIT_TCP_MSS_LEAST ? c->mtu_told - headers : LIMIT_TCP_MSS_LEAST; /* RFC 9293 3.7.1 */
    if (c->seldom->mss_asked && mss > c->seldom->mss_asked)
        mss = c->seldom->mss_asked;
    segment.options = TCP_OPTION_MSS;
    segment.mss = (uint16_t)mss;
    if (answer ? c->flags & CONNECTION_WINDOW_SCALE : sysctls->window_scaling)
        segment.options |= TCP_OPTION_WINDOW_SCALE;
    segment.window_scale = c->rcv.scale;
    if (answer ? c->flags & CONNECTION_SACK : sysctls->sack)
        segment.options |= TCP_OPTION_SACK_PERMITTED;
    if (answer ? c->flags & CONNECTION_TIMESTAMPS : sysctls->timestamps) {
        segment.options |= TCP_OPTION_TIMESTAMPS;
        segment.timestamp = timestamp_clock(now) + c->ts.offset;
        segment.timestamp_echo = c->ts.recent;
    }
    uint32_t unit = answer && c->flags & CONNECTION_TIMESTAMPS ? mss - TCP_TIMESTAMPS_BYTES : mss;
    uint32_t window = receive_window_first(c, unit); /* whole segments, and then what the field holds: Linux's order */
    segment.window = (uint16_t)(window < UINT16_MAX ? window : UINT16_MAX);
    receive_window_begin(c, window);
    if (cookie) {
        segment.options |= TCP_OPTION_FAST_OPEN;
        segment.experimental = cookie->experimental;
        segment.cookie_length = cookie->length;
        memcpy(segment.cookie, cookie->bytes, cookie->length);
    }
    user_timeout_offer(c, &segment);
    if (answer && c->accurate)
        accurate_syn_option(c, &segment);
    struct opening *opening = c->opening;
    if (sequence_equal(c->snd.nxt, c->snd.iss)) {
        c->snd.nxt = sequence_add(c->snd.iss, 1u + opening->syn_data);
        opening->first_syn = now;
    }
    c->last_send = opening->syn_sent = now;
    if (answer)
        event_syn_ack(c, opening->syn_retries > 0);
    else
        event_syn(c, opening->syn_retries > 0);
    send_syn(c, &segment, answer || opening->syn_retries || opening->syn_plain ? 0 : opening->syn_data, now);
    timer_restart_retransmit(c, now);
}

/* An old byte's number, without the byte: unacceptable, so it must be answered with an ACK that tells the window (RFC 9293 3.10.7.4). */
void output_probe(struct tcp_connection *c, struct instant now)
{
    struct tcp_segment segment;
    if (c->flags & CONNECTION_URGENT) { /* with the number that is next, so that its pointer is not taken for an old one */
        header_prepare(c, &segment, TCP_ACK | ecn_flags(c, false), c->snd.una, now);
        (void)send_bare(c, &segment, now);
    }
    header_prepare(c, &segment, TCP_ACK | ecn_flags(c, false), sequence_back(c->snd.una, 1), now);
    (void)send_bare(c, &segment, now);
}

/* ---- data ---- */

static uint32_t payload_attach(struct tcp_connection *c, struct frame **frame, struct sent *sent, uint32_t offset)
{
    struct block *block;
    const uint8_t *data;
    uint32_t run = send_buffer_slice(&c->send, offset, sent->length, &block, &data);
    if (run == sent->length) {
        *frame = empty_frame(c->socket.tcp, 0);
        frame_set_tail(*frame, block, data, run);
        if (!(sent->flags & SENT_SUMMED)) {
            if (!send_buffer_sum(&c->send, offset, run, &sent->sum))
                sent->sum = checksum_partial(data, run, 0);
            sent->flags |= SENT_SUMMED;
        }
        (*frame)->tail_sum = sent->sum;
        (*frame)->flags |= FRAME_TAIL_SUMMED;
    } else { /* across two blocks */
        *frame = empty_frame(c->socket.tcp, sent->length);
        uint8_t *to = frame_append(*frame, sent->length);
        send_buffer_copy(&c->send, offset, to, sent->length);
        if (!(sent->flags & SENT_SUMMED)) {
            sent->sum = checksum_partial(to, sent->length, 0);
            sent->flags |= SENT_SUMMED;
        }
    }
    return sent->sum;
}

/* Another connection has learnt that the path takes less: the stack knows how much. What is out is cut anew when the present call is over. */
static void path_refused(struct tcp_connection *c, struct instant now)
{
    struct path path;
    if (stack_path(c->socket.tcp->stack, &c->socket.remote.address, c->seldom->interface, &path) != 0 || path.mtu >= c->mtu)
        return;
    if (!connection_shrink_mtu(c, path.mtu))
        return;
    c->flags |= CONNECTION_PATH_SHRANK;
    timer_due(c, TIMER_RETRANSMIT, now);
}

static bool takes_the_rest(const struct tcp_connection *c, uint32_t index)
{
    const struct sent *sent = sent_at(&c->sent, index), *next;
    if (index + 1 >= c->sent.count || sent->flags & (SENT_PUSH | SENT_FIN | SENT_SEAM))
        return false;
    next = sent_at(&c->sent, index + 1);
    return (next->flags & (SENT_LOST | SENT_RETRANSMITTED)) == SENT_LOST && next->length;
}

/* What does not fit beside SACK blocks goes to the front of the next segment when that is to be sent again too. Else each of a run of lost
 * segments would leave a crumb of a dozen bytes behind, with headers of its own (RFC 9293 section 3.8.1 leaves to the sender how a
 * retransmission is cut). */
static void cut_again(struct tcp_connection *c, uint32_t index, uint32_t mss)
{
    if (takes_the_rest(c, index))
        retransmit_queue_shift(&c->sent, index, mss);
    else
        retransmit_queue_split(&c->sent, index, mss);
}

int output_sent(struct tcp_connection *c, uint32_t index, struct instant now)
{
    struct sent *sent = sent_at(&c->sent, index);
    uint32_t mss = mss_beside_options(c);
    if (sent->length > mss && sent->transmissions > 0) {
        cut_again(c, index, mss);
        sent = sent_at(&c->sent, index);
    }
    struct frame *frame;
    uint32_t sum = 0;
    if (sent->length)
        sum = payload_attach(c, &frame, sent, sequence_distance(output_first(c), sent->start));
    else
        frame = empty_frame(c->socket.tcp, 0);
    struct tcp_segment segment;
    bool push = sent->length && sent->flags & (SENT_PUSH | SENT_BURST_END);
    uint16_t flags = (uint16_t)(TCP_ACK | (push ? TCP_PSH : 0) | (sent->flags & SENT_FIN ? TCP_FIN : 0));
    sent->flags &= (uint16_t)~SENT_BURST_END;
    bool fresh = sent->transmissions == 0 && sent->length > 0;
    flags |= ecn_flags(c, fresh);
    header_prepare(c, &segment, flags, sent->start, now);
    if (c->seldom->user_timeout.telling &&
        sent->length + user_timeout_room(c) <= mss) { /* a retransmission may have been full without it */
        user_timeout_offer(c, &segment);
        if (segment.options & TCP_OPTION_USER_TIMEOUT)
            user_timeout_carried(c, sent_end(sent));
    }
    if (sent->transmissions > 0) {
        if (c->seldom->path_probe.size)
            seldom_of(&c->seldom)->path_probe.size = 0; /* something is lost: the probe's fate proves nothing */
        if (!(sent->flags & SENT_RETRANSMITTED))
            c->sent.retransmitted++;
        sent->flags |= SENT_RETRANSMITTED | SENT_EVER_RETRANSMITTED;
        struct repair *repair = repair_of(&c->repair);
        if (!repair->retransmit_stamp)
            repair->retransmit_stamp = (timestamp_clock(now) + c->ts.offset) | (c->flags & CONNECTION_TIMESTAMPS ? 0 : 1);
        repair->undo_retransmits = repair->undo_retransmits == UINT32_MAX ? 1 : repair->undo_retransmits + 1;
        c->count.retransmits++;
        c->count.bytes_retransmitted += sent->length;
    }
    sent->time = now;
    if (sent->transmissions > 0)
        rack_sent_again(c, sent);
    rate_sent(c, sent, now);
    if (c->congestion.pacing_bytes_per_s) {
        struct instant from = instant_max(c->sending->pace_next, now);
        uint64_t ns =
            (uint64_t)sent->length * NS_PER_S / c->congestion.pacing_bytes_per_s; /* payload, as the rates are, and as Linux */
        c->sending->pace_next = instant_add(from, (int64_t)ns);
    }
    if (!fresh && c->congestion.paced && !c->congestion.pacing_bytes_per_s)
        burst_pace(c, sent->length, 1, now);
    sent->transmissions++;
    event_segment(c, sent);
    c->count.bytes_sent += sent->length;
    c->count.data_segments_sent += sent->length > 0;
    ack_data_sent(c, now);
    c->last_send = now;
    if (c->socket.tcp->sysctls->small_queues)
        small_queue_before(c, now);
    int error = transmit(c, &segment, frame, sum, ecn_mark(c, fresh), now);
    if (c->socket.tcp->sysctls->small_queues)
        small_queue_sent(c, sent);
    if (error == IMP_TOO_BIG)
        path_refused(c, now);
    return 0;
}

bool output_paced(struct tcp_connection *c, struct instant now)
{
    bool paced = c->congestion.pacing_bytes_per_s || c->congestion.paced;
    if (!paced || !c->sending || instant_reached(now, c->sending->pace_next))
        return false;
    timer_due(c, TIMER_PACE, c->sending->pace_next);
    return true;
}

bool output_small_may_go(const struct tcp_connection *c, uint32_t length, const struct burst_piece *piece)
{
    if (!piece->last || c->flags & CONNECTION_URGENT) /* nothing will ever be added to it; or it is urgent */
        return true;
    if (length == piece->length && c->flags & CONNECTION_FIN_QUEUED)
        return true;
    if (c->flags & CONNECTION_CORKED)
        return false;
    if (c->flags & CONNECTION_NO_DELAY || c->sent.count == 0)
        return true;
    return !sequence_after(c->snd.partial_end, c->snd.una); /* Minshall */
}

static void send_new(struct tcp_connection *c, uint32_t length, uint16_t how, struct instant now)
{
    struct sent sent = {.start = c->snd.nxt, .length = length, .flags = how};
    bool fin = how & SENT_FIN;
    if (c->sent.count == 0 && c->congestion.ops->event)
        c->congestion.ops->event(&c->congestion, CONGESTION_START, now);
    retransmit_queue_push(&c->sent, sent);
    c->snd.nxt = sent_end(&sent);
    if (length < c->mss && length < output_mss(c))
        c->snd.partial_end = c->snd.nxt;
    if (fin)
        c->flags |= CONNECTION_FIN_SENT;
    (void)output_sent(c, c->sent.count - 1, now);
    if (recovery_in_reduction(c))
        c->repair->prr_out++;
    if (fin)
        event_fin(c);
}

static uint16_t seam_mark(const struct burst_piece *piece, uint32_t length)
{
    return !piece->last && length == piece->length ? SENT_SEAM : 0;
}

void output_new(struct tcp_connection *c, uint32_t length, bool fin, struct instant now)
{
    bool push = burst_pushed(c, sequence_add(c->snd.nxt, length));
    struct burst_piece piece = burst_next(c);
    uint16_t seam = seam_mark(&piece, length);
    send_new(c, length, (uint16_t)(SENT_EDGE | (fin ? SENT_FIN : 0) | (push ? SENT_PUSH : 0) | seam), now);
}

static bool may_send(const struct tcp_connection *c)
{
    return c->socket.state == TCP_ESTABLISHED || c->socket.state == TCP_CLOSE_WAIT || c->socket.state == TCP_FIN_WAIT_1 ||
           c->socket.state == TCP_CLOSING || c->socket.state == TCP_LAST_ACK || c->flags & CONNECTION_FAST_OPEN;
}

static void after_sending(struct tcp_connection *c, bool sent, bool limited, struct instant now)
{
    rate_check_app_limited(c);
    if (sent || limited)
        validation_sent(c, limited, now);
    if (sent && !probe_schedule(c, now, false) && instant_is_never(timer_when(c, TIMER_RETRANSMIT)))
        timer_restart_retransmit(c, now);
    bool stuck = c->sent.count == 0 && (sequence_before(c->snd.nxt, output_end(c)));
    if (stuck && instant_is_never(timer_when(c, TIMER_PERSIST)))
        timer_due(c, TIMER_PERSIST, instant_add(now, rtt_backed_off_ns(&c->rtt, c->backoff)));
    else if (!stuck)
        timer_clear(c, TIMER_PERSIST);
}

/* The next segment's payload bytes, or -1: none may go now. */
static int64_t next_length(struct tcp_connection *c, const struct burst_piece *piece, uint32_t window, bool fin_wanted)
{
    uint32_t mss = output_mss(c), length = piece->length < mss ? piece->length : mss;
    if (length > window)
        length = window;
    bool fin = fin_wanted && piece->last && length == piece->length;
    if (fin || length == mss)
        return length;
    if (length == 0)
        return -1;
    if (length < piece->length && length < c->snd.wnd_max / 2) /* the window cuts it: silly window avoidance */
        return -1;
    return length < piece->length || output_small_may_go(c, length, piece) ? (int64_t)length : -1;
}

/* All that may go, or (`once`) what goes as one piece. */
static void send_some(struct tcp_connection *c, bool once, struct instant now)
{
    bool fin_wanted = c->flags & CONNECTION_FIN_QUEUED, limited = false, held_back = false;
    if (c->sent.count == 0)
        validation_after_idle(c, now);
    if (c->flags & CONNECTION_PATH_SHORT)
        connection_grow_mtu(c);
    enum path_probe_answer probe = c->seldom->path_probe.searching && !once ? path_probe_send(c, now) : PATH_PROBE_NONE;
    if (probe == PATH_PROBE_WAIT)
        return;
    bool any = probe == PATH_PROBE_SENT;
    uint32_t most = burst_most(c), left = 0, bursts = 0; /* left: segments of the present departure, */
    uint16_t end = 0;                                    /* and what the last of them is */
    while (!(c->flags & CONNECTION_FIN_SENT)) {
        struct burst_piece piece = burst_next(c);
        if (piece.length == 0 && !fin_wanted)
            break;
        uint32_t in_flight = retransmit_queue_in_flight(&c->sent), cwnd = c->congestion.cwnd;
        bool bare_fin = piece.length == 0; /* it takes no room worth speaking of: cwnd does not hold it back */
        if (in_flight >= cwnd && !bare_fin) {
            limited = true;
            break;
        }
        uint32_t used = window_used(c);
        uint32_t window = c->snd.wnd > used ? c->snd.wnd - used : 0;
        int64_t length = next_length(c, &piece, window, fin_wanted);
        if (length < 0) {
            held_back = window < piece.length && window < output_mss(c);
            break;
        }
        if (once && left == 0 && bursts > 0)
            break;
        bool whole = c->congestion.paced && !c->congestion.pacing_bytes_per_s; /* departures are, not segments */
        if (c->sent.count >= LIMIT_TCP_FLIGHT || (!(whole && left) && output_paced(c, now)) ||
            (left == 0 && small_queue_full(c, now)))
            break;
        if (left == 0 && !bare_fin) {
            uint32_t half = cwnd > 1 ? cwnd / 2 : 1, quota = cwnd - in_flight < half ? cwnd - in_flight : half;
            left = c->flags & CONNECTION_URGENT ? 1 : burst_segments(c, &piece, quota < most ? quota : most, window);
            end = left > 1 ? SENT_BURST_END : 0;
            uint64_t bytes = (uint64_t)left * output_mss(c);
            if (burst_pushed(c, sequence_add(c->snd.nxt, bytes < piece.length ? (uint32_t)bytes : piece.length)))
                end = SENT_PUSH;
            bursts++;
            if (whole)
                burst_pace(c, bytes < piece.length ? bytes : piece.length, left, now);
        }
        left -= left > 0;
        bool fin = fin_wanted && piece.last && (uint32_t)length == piece.length;
        uint16_t how = (uint16_t)((fin ? SENT_FIN : 0) | (left == 0 ? end | SENT_EDGE : 0));
        send_new(c, (uint32_t)length, how | seam_mark(&piece, (uint32_t)length), now);
        any = true;
        if (left == 0)
            send_memory_check(c); /* while the window is not yet full */
    }
    after_sending(c, any, limited, now);
    busy_sent(c, any, limited, held_back, now);
}

static bool wants_to_send(const struct tcp_connection *c)
{
    return may_send(c) && !(c->flags & CONNECTION_FIN_SENT) && (c->send.length > 0 || c->flags & CONNECTION_FIN_QUEUED);
}

void output(struct tcp_connection *c, struct instant now)
{
    if (wants_to_send(c))
        send_some(c, false, now);
    send_memory_check(c);
}

void output_burst(struct tcp_connection *c, struct instant now)
{
    if (wants_to_send(c))
        send_some(c, true, now);
}

bool output_one_more(struct tcp_connection *c, struct instant now)
{
    if (!may_send(c) || !sequence_before(c->snd.nxt, output_end(c)))
        return false;
    uint32_t used = window_used(c);
    struct burst_piece piece = burst_next(c);
    uint32_t length = piece.length < output_mss(c) ? piece.length : output_mss(c);
    if (c->snd.wnd < used + length)
        return false;
    output_new(c, length, c->flags & CONNECTION_FIN_QUEUED && piece.last && length == piece.length, now);
    return true;
}

void output_persist(struct tcp_connection *c, struct instant now)
{
    uint32_t used = window_used(c);
    struct burst_piece piece = burst_next(c);
    uint32_t window = c->snd.wnd > used ? c->snd.wnd - used : 0;
    uint32_t length = piece.length < output_mss(c) ? piece.length : output_mss(c);
    if (length > window)
        length = window;
    if (length > 0) { /* the override of silly window avoidance: what fits, though it is little */
        bool fin = c->flags & CONNECTION_FIN_QUEUED && piece.last && length == piece.length;
        send_new(c, length, (uint16_t)(SENT_PUSH | SENT_EDGE | (fin ? SENT_FIN : 0)), now);
        after_sending(c, true, false, now);
    } else {
        event_probe(c, "asks a receiver with a closed window");
        output_probe(c, now);
    }
}
