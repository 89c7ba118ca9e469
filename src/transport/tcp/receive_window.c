/* The window that is offered (RFC 9293 sections 3.8.6.2.2 and 3.8.6.3), and how large the receive buffer is.
 *
 * The window is what is free of the buffer, never less than was promised before (its right edge does not move left: section 3.8.6), and
 * zero rather than silly: below one segment or a sixteenth of the buffer it closes. After a read the opened window is told when it has at
 * least doubled, or a delayed ACK is due anyway.
 *
 * Where the buffer counts memory (receive_memory.c), things are as in Linux. What is free counts by the ratio of payload in it, so the edge may
 * come to lie beyond what there is memory for. To keep that rare, the window starts with what the SYN told and grows with what comes
 * (rcv.most): by two segments, or twice the newcomer, when packets like it would fill the buffer well, less where they are
 * mostly overhead, not at all where they would fill it with too little. When the bound is met all the same, the window falls back to two
 * segments. With a window scale it is rounded up to its unit, without one down to whole segments. And while free memory does not
 * allow to move the edge, two segments are no reason to acknowledge at once: the reader's next call tells more.
 *
 * tcp_shrink_window lets the right edge move left where there is a window scale: rounding is down then, and memory is never
 * promised twice. The peer may have sent up to the old edge already, so the furthest one that was told is remembered, and what
 * lies before it is not an answer's worth of a wrong sequence number (RFC 7323 section 2.4).
 *
 * Auto-tuning: the buffer grows to twice what the application read in the last round trip, so that the sender's slow start is never
 * limited by it, up to tcp_rmem. Sizes that were asked for stay. A counted buffer also grows to hold what waits out of order, since the reader,
 * by whose pace it is measured, gets nothing meanwhile. */
#include "transport/tcp/receive_window.h"

#include "base/number.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/receive_memory.h"
#include "transport/tcp/rooms.h"

enum {
    TINY_SEGMENT = 128, /* says nothing of how others will fill the buffer */
    SPARE_SEGMENTS = 16,
    FULL_RATIO = 256,
    SEGMENT_GUESS = 536, /* of the peer's, until one came: rather too little than too much, since the ACKs depend on it; but */
    SEGMENT_LEAST = 88
};

/* Without a scale the peer may take the field for a signed number, where tcp_workaround_signed_windows says so. */
static uint32_t field_most(const struct tcp_connection *c)
{
    if (c->rcv.scale == 0 && c->socket.tcp->sysctls->workaround_signed_windows)
        return INT16_MAX;
    return (uint32_t)UINT16_MAX << c->rcv.scale;
}

static uint32_t payload_in(const struct tcp_connection *c, uint32_t memory)
{
    return receive_memory_counted(c) ? (uint32_t)((uint64_t)memory * c->rcv.ratio / FULL_RATIO) : memory;
}

static uint32_t space(const struct tcp_connection *c)
{
    uint32_t used = receive_memory_counted(c) ? receive_memory_used(c) : c->receive.length;
    return c->rcv.limit > used ? payload_in(c, c->rcv.limit - used) : 0;
}

uint32_t receive_mss_told(const struct tcp_connection *c)
{
    uint32_t mss = c->mtu_told - connection_headers(c);
    return c->seldom->mss_asked ? least(mss, c->seldom->mss_asked) : mss;
}

/* ---- what was told ---- */

uint32_t receive_window(const struct tcp_connection *c)
{
    int32_t left = sequence_compare(sequence_add(c->rcv.wup, c->rcv.wnd), c->rcv.nxt);
    return left > 0 ? (uint32_t)left : 0;
}

struct sequence receive_edge(const struct tcp_connection *c)
{
    struct sequence now = sequence_add(c->rcv.nxt, receive_window(c));
    return sequence_after(c->ack.edge, now) ? c->ack.edge : now;
}

void receive_window_told(struct tcp_connection *c, uint32_t window)
{
    c->rcv.wnd = window;
    c->rcv.wup = c->rcv.nxt;
    c->ack.by_syn = false;
    struct sequence edge = sequence_add(c->rcv.wup, window);
    if (sequence_after(edge, c->ack.edge))
        c->ack.edge = edge;
}

uint32_t receive_window_full(const struct tcp_connection *c) { return least(payload_in(c, c->rcv.limit), field_most(c)); }

uint32_t receive_window_first(const struct tcp_connection *c, uint32_t unit)
{
    uint32_t window = payload_in(c, c->rcv.limit);
    window = window > unit ? window - window % unit : window;
    return c->socket.tcp->sysctls->workaround_signed_windows ? least(window, INT16_MAX) : window;
}

/* Linux counts with all of it, though a SYN cannot tell more than 65535. */
void receive_window_begin(struct tcp_connection *c, uint32_t window)
{
    c->rcv.wnd = c->rcv.most = receive_memory_counted(c) ? window : least(window, UINT16_MAX);
    c->rcv.wup = c->ack.edge = c->rcv.nxt;
    c->ack.by_syn = !receive_memory_counted(c);
}

static uint32_t segment_guess(const struct tcp_connection *c)
{
    uint32_t mss = least(least(receive_mss_told(c), c->mss), least(c->rcv.wnd / 2, SEGMENT_GUESS));
    return mss > SEGMENT_LEAST ? mss : SEGMENT_LEAST;
}

void receive_window_settle(struct tcp_connection *c, struct instant now)
{
    c->rcv.most = least(c->rcv.most, receive_window_full(c));
    c->rcv.mss = (uint16_t)segment_guess(c);
    c->rcv.tune_start = c->rcv.nxt;
    c->rcv.tune_time = now;
    c->rcv.tune_space = least(c->rcv.wnd, 10u * c->mss);
}

/* ---- what is to be told ---- */

static uint32_t by_bytes(const struct tcp_connection *c, uint32_t promised)
{
    uint32_t room = space(c), segment = least(c->rcv.mss, c->rcv.limit);
    if (room < c->rcv.limit / 16 || room < segment)
        return 0;
    if (c->rcv.scale == 0 && c->rcv.mss > 0 && room > promised && room < promised + segment)
        return promised; /* the edge moves by whole segments */
    return room & ~((1u << c->rcv.scale) - 1);
}

static bool may_shrink(const struct tcp_connection *c) { return c->socket.tcp->sysctls->shrink_window && c->rcv.scale; }

static uint32_t by_memory(struct tcp_connection *c)
{
    uint32_t unit = 1u << c->rcv.scale, room = space(c), all = payload_in(c, c->rcv.limit);
    uint32_t full = least(all, field_most(c)), segment = least(c->rcv.mss, least(full, c->rcv.most));
    bool shrinks = may_shrink(c);
    if (segment == 0)
        return 0;
    if (shrinks)
        room &= ~(unit - 1);
    if (room < full / 2) {
        c->ack.quick = 0;
        room &= ~(unit - 1);
        if (room < all / 16 || room < segment || (shrinks && room < unit))
            return 0;
    }
    if (room > c->rcv.most)
        room = round_up(c->rcv.most, unit);
    if (c->rcv.scale)
        return shrinks ? room : round_up(room, unit);
    uint32_t window = c->rcv.wnd;
    if (window + segment <= room || window > room)
        window = room - room % segment;
    else if (segment == full && room > window + full / 2)
        window = room;
    return window;
}

uint32_t receive_window_select(struct tcp_connection *c)
{
    if (c->ack.pending & ACK_NO_MEMORY)
        return 0;
    uint32_t promised = may_shrink(c) ? 0 : receive_window(c);
    uint32_t window = receive_memory_counted(c) ? by_memory(c) : by_bytes(c, promised);
    if (window < promised)
        window = round_up(promised, 1u << c->rcv.scale);
    return least(window, field_most(c));
}

bool receive_window_advances(struct tcp_connection *c) { return !receive_memory_counted(c) || by_memory(c) >= c->rcv.wnd; }

bool receive_window_doubles(struct tcp_connection *c)
{
    uint32_t now_open = receive_window(c);
    if (c->ack.by_syn || 2ull * now_open > receive_window_full(c))
        return false;
    uint32_t window = receive_memory_counted(c) ? by_memory(c) : receive_window_select(c);
    return window && window >= 2ull * now_open;
}

/* ---- counted buffers: how far the window may go ---- */

void receive_ratio_learn(struct tcp_connection *c, uint32_t payload, uint32_t memory)
{
    uint32_t ratio = (uint32_t)((uint64_t)payload * FULL_RATIO / memory);
    c->rcv.ratio = (uint8_t)(ratio ? ratio : 1);
    c->rcv.tune_space = least(c->rcv.tune_space, payload_in(c, c->rcv.limit));
}

/* Packets that hold little payload may still be welcome while the window is small: each halving of it makes their overhead count half. */
static uint32_t growth(const struct tcp_connection *c, uint32_t payload, uint32_t memory)
{
    if (payload_in(c, memory) <= payload)
        return 2 * receive_mss_told(c);
    uint32_t cost = payload_in(c, memory) / 2, window = payload_in(c, c->socket.tcp->sysctls->rmem[2]) / 2;
    while (c->rcv.most <= window) {
        if (cost <= payload)
            return 2u * c->rcv.mss;
        cost /= 2;
        window /= 2;
    }
    return 0;
}

void receive_window_grow(struct tcp_connection *c, uint32_t payload, uint32_t memory, bool in_order)
{
    uint32_t most = least(receive_window_full(c), space(c));
    if (most <= c->rcv.most || (in_order && payload < TINY_SEGMENT))
        return;
    uint32_t by = growth(c, payload, memory);
    if (!by)
        return;
    if (by < 2 * payload)
        by = 2 * payload;
    c->rcv.most += least(by, most - c->rcv.most);
    c->ack.quick |= 1;
}

void receive_window_narrow(struct tcp_connection *c) { c->rcv.most = least(receive_window_full(c), 2 * receive_mss_told(c)); }

/* ---- the buffer's size ---- */

static bool tunes(const struct tcp_connection *c)
{
    return !(c->flags & CONNECTION_RECEIVE_FIXED) && c->socket.tcp->sysctls->moderate_rcvbuf;
}

/* For a reader of so many bytes a round trip. */
static void enlarge(struct tcp_connection *c, uint32_t read)
{
    uint32_t before = c->rcv.tune_space ? c->rcv.tune_space : 1, most = c->socket.tcp->sysctls->rmem[2];
    uint64_t window = 2ull * read + (uint64_t)SPARE_SEGMENTS * c->mss; /* twice: slow start doubles in a round trip */
    window += 2 * (window * (read - c->rcv.tune_space) / before);
    if (receive_memory_counted(c)) {
        if (c->reassembly)
            window += sequence_distance(c->rcv.nxt, c->reassembly->islands[c->reassembly->count - 1].end);
        window = window * FULL_RATIO / c->rcv.ratio;
    }
    if (window > most)
        window = most;
    if (window > c->rcv.limit)
        c->rcv.limit = (uint32_t)window;
    c->rcv.tune_space = read;
}

void receive_tune(struct tcp_connection *c, struct instant now)
{
    if (!tunes(c) || c->rcv.rtt_ns == 0 || instant_since(now, c->rcv.tune_time) < c->rcv.rtt_ns)
        return;
    struct sequence read_up_to = sequence_back(c->rcv.nxt, c->receive.length);
    uint32_t copied = sequence_distance(c->rcv.tune_start, read_up_to);
    c->rcv.tune_start = read_up_to;
    c->rcv.tune_time = now;
    if (copied > c->rcv.tune_space)
        enlarge(c, copied);
}

void receive_tune_ahead(struct tcp_connection *c)
{
    if (tunes(c) && !(c->flags & CONNECTION_FRESH))
        enlarge(c, c->rcv.tune_space);
}
