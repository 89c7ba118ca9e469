/* Bursts: the pieces in which a stream leaves.
 *
 * Linux keeps a stream as a queue of large pieces and lets the device cut each into segments (segmentation offload). Here every segment is
 * made singly, and yet the pieces can be seen from outside: the last segment of what leaves as one has PSH, when it is more than one segment
 * or when the application's mark lies in it; and MSG_EOR ends a record, which no segment goes across. So the marks and the records' ends
 * (where memory is counted, every piece's end) are kept as seams, and only of what was not yet sent: a record in the retransmission queue
 * has its PSH from the day when it left.
 *
 * How much leaves at once is what the pace of the connection brings in a millisecond, but at least tcp_min_tso_segs, more on very short
 * paths, and never more than half of cwnd. The pace is that of sk_pacing_rate, which Linux reckons for every connection: twice the rate
 * of a window each round trip in slow start, 1.2 times later.
 *
 * A write marks its end, unless it says that more follows; the mark goes away when the next write adds to the same piece. A piece holds at
 * most what the device takes and half the largest window that the peer ever offered. A long write fills several: when half a window was
 * written since the last mark, the full piece is marked, and all that may go goes before the write has ended; and a full piece at the
 * head of the queue goes at once, too. (RFC 9293 3.9.1.2 leaves to the sender where PSH is set between the application's own.) */
#include "transport/tcp/burst.h"

#include "base/memory.h"
#include "transport/tcp/rooms.h"
#include "transport/tcp/send_memory.h"

enum {
    BURST_BYTES = 65215,   /* the largest packet, less headroom: Linux's sk_gso_max_size */
    BURST_RATE_SHIFT = 10, /* of the pace's second: about a millisecond of it leaves at once */
    BURST_SEAMS = 4,
    BURST_COST = 960, /* of memory, for each piece beside its bytes: Linux's struct sk_buff and what hangs on it */
    USUAL_MSS = 536,
};

/* ---- seams ---- */

static struct seam *seam_at(const struct burst_queue *queue, uint32_t index)
{
    return &queue->seams[(queue->first + index) & (queue->capacity - 1)];
}

static void seam_add(struct burst_queue *queue, struct sequence at)
{
    if (queue->count == queue->capacity) {
        uint32_t capacity = queue->capacity ? queue->capacity * 2 : BURST_SEAMS;
        struct seam *seams = memory_take(capacity * sizeof *seams);
        for (uint32_t i = 0; i < queue->count; i++)
            seams[i] = *seam_at(queue, i);
        memory_free(queue->seams);
        queue->seams = seams;
        queue->capacity = capacity;
        queue->first = 0;
    }
    queue->count++;
    *seam_at(queue, queue->count - 1) = (struct seam){at, queue->tail_push, queue->tail_record};
}

void burst_free(struct burst_queue *queue)
{
    memory_free(queue->seams);
    queue->seams = NULL;
    queue->first = queue->count = queue->capacity = 0;
}

struct burst_piece burst_next(struct tcp_connection *c)
{
    if (!c->sending)
        return (struct burst_piece){.last = true}; /* nothing was written yet */
    struct burst_queue *queue = &c->sending->burst;
    while (queue->count && !sequence_after(seam_at(queue, 0)->at, c->snd.nxt)) {
        queue->first++;
        queue->count--;
    }
    for (uint32_t i = 0; i < queue->count; i++)
        if (seam_at(queue, i)->record || c->flags & CONNECTION_SEND_MEMORY)
            return (struct burst_piece){.length = sequence_distance(c->snd.nxt, seam_at(queue, i)->at)};
    if (queue->capacity && !queue->count && c->sent.count == 0) /* at rest: an idle connection holds no memory here */
        burst_free(queue);
    return (struct burst_piece){.length = sequence_distance(c->snd.nxt, output_end(c)), .last = !queue->tail_record};
}

bool burst_pushed(const struct tcp_connection *c, struct sequence end)
{
    if (!c->sending)
        return false;
    const struct burst_queue *queue = &c->sending->burst;
    for (uint32_t i = 0; i < queue->count && !sequence_after(seam_at(queue, i)->at, end); i++)
        if (seam_at(queue, i)->push)
            return true;
    return queue->tail_push && sequence_equal(end, output_end(c));
}

/* ---- sizes ---- */

static uint32_t piece_bytes(struct tcp_connection *c)
{
    if (c->socket.state < TCP_ESTABLISHED)
        return UINT32_MAX; /* the segments' size is not known yet */
    uint32_t most = BURST_BYTES, half = c->snd.wnd_max > USUAL_MSS ? c->snd.wnd_max / 2 : c->snd.wnd_max;
    if (half && most > half)
        most = half;
    uint32_t mss = c->mss;
    return most > mss ? most - most % mss : mss;
}

static uint64_t rate_of_window(const struct tcp_connection *c)
{
    if (c->congestion.pacing_bytes_per_s)
        return c->congestion.pacing_bytes_per_s;
    if (c->rtt.smoothed_ns <= 0)
        return UINT64_MAX;
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    const struct congestion *cc = &c->congestion;
    uint64_t ratio = cc->cwnd < cc->ssthresh / 2 ? sysctls->pacing_ss_ratio : sysctls->pacing_ca_ratio;
    uint64_t window = cc->cwnd > c->sent.count ? cc->cwnd : c->sent.count;
    uint64_t rtt_us = (uint64_t)c->rtt.smoothed_ns / 1000;
    return window * c->mss * ratio * 10000 / (rtt_us ? rtt_us : 1);
}

uint64_t burst_rate(const struct tcp_connection *c)
{
    uint64_t rate = rate_of_window(c), most = c->seldom->personal.pacing_most;
    return most && most < rate ? most : rate;
}

void burst_pace(struct tcp_connection *c, uint64_t bytes, uint32_t segments, struct instant now)
{
    struct sending *sending = sending_of(&c->sending);
    uint64_t rate = burst_rate(c);
    struct instant from = instant_max(sending->pace_next, now);
    int64_t late = sending->pace_next.ns ? instant_since(from, sending->pace_next) : INT64_MAX;
    bool begun = c->count.data_segments_sent + segments >= CONGESTION_INITIAL_WINDOW; /* the first ones are not held up */
    int64_t ns = begun && rate && rate != UINT64_MAX ? (int64_t)(bytes * NS_PER_S / rate) : 0;
    sending->pace_next = instant_add(from, late < ns / 2 ? ns - late : ns - ns / 2);
}

uint32_t burst_most(const struct tcp_connection *c)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    uint64_t bytes = burst_rate(c) >> BURST_RATE_SHIFT;
    if (c->rtt.smoothed_ns > 0) {
        uint64_t distance = ((uint64_t)c->rtt.minimum_ns / 1000) >> sysctls->tso_rtt_log;
        bytes += distance < 32 ? (uint64_t)BURST_BYTES >> distance : 0;
    }
    bytes = bytes < BURST_BYTES ? bytes : BURST_BYTES;
    uint32_t segments = (uint32_t)bytes / c->mss;
    return segments > sysctls->min_tso_segs ? segments : sysctls->min_tso_segs;
}

uint32_t burst_segments(struct tcp_connection *c, const struct burst_piece *piece, uint32_t quota, uint32_t window)
{
    uint32_t mss = output_mss(c);
    uint64_t most = (uint64_t)quota * mss;
    uint32_t bytes = piece->length < window ? piece->length : window;
    if (bytes >= most)
        return quota;
    return bytes / mss + (bytes % mss != 0 && output_small_may_go(c, bytes % mss, piece));
}

/* ---- room ---- */

static uint32_t departures(const struct tcp_connection *c)
{
    uint32_t half = c->congestion.cwnd > 1 ? c->congestion.cwnd / 2 : 1, most = burst_most(c);
    most = most < half ? most : half;
    return (c->sent.count + most - 1) / most;
}

uint64_t burst_held(const struct tcp_connection *c)
{
    if (!(c->flags & CONNECTION_SEND_MEMORY) || !c->sending)
        return c->send.length;
    const struct burst_queue *queue = &c->sending->burst;
    struct sequence end = output_end(c);
    uint32_t gone = 0;
    while (gone < queue->count && !sequence_after(seam_at(queue, gone)->at, c->snd.nxt))
        gone++;
    bool tail = queue->count ? sequence_before(seam_at(queue, queue->count - 1)->at, end) : sequence_before(c->snd.nxt, end);
    return c->send.length + (uint64_t)BURST_COST * (departures(c) + queue->count - gone + tail);
}

uint32_t burst_room(struct tcp_connection *c)
{
    if (c->flags & CONNECTION_SEND_MEMORY)
        return UINT32_MAX; /* burst_write() stops at a piece's end */
    return c->send.length < c->snd.limit ? c->snd.limit - c->send.length : 0;
}

/* ---- writing ---- */

static bool long_unpushed(const struct tcp_connection *c)
{
    return sequence_after(output_end(c), sequence_add(c->sending->burst.pushed, c->snd.wnd_max / 2));
}

static void mark_push(struct tcp_connection *c)
{
    c->sending->burst.tail_push = true;
    c->sending->burst.pushed = output_end(c);
}

/* The room of the piece to which the next byte goes: the last one, or a new one behind it, for which there may be no memory (0). */
static uint32_t piece_room(struct tcp_connection *c, uint32_t goal)
{
    struct burst_queue *queue = &c->sending->burst;
    struct sequence end = output_end(c);
    if (sequence_before(queue->tail, c->snd.nxt))
        queue->tail = c->snd.nxt; /* its front has left */
    uint32_t held = sequence_before(queue->tail, end) ? sequence_distance(queue->tail, end) : 0;
    bool full = held && (queue->tail_record || held >= goal);
    if ((full || !held) && !send_memory_room(c))
        return 0;
    if (full) {
        if (queue->tail_record || queue->tail_push || c->flags & CONNECTION_SEND_MEMORY)
            seam_add(queue, end);
        held = 0;
    }
    if (!held) {
        queue->tail = end;
        queue->tail_record = queue->tail_push = false;
    }
    return goal - held;
}

uint32_t burst_write(struct tcp_connection *c, const struct burst_write *write, struct instant now)
{
    struct burst_queue *queue = &sending_of(&c->sending)->burst;
    if (c->send.length == 0)
        queue->tail = queue->pushed = output_end(c);
    busy_written(c, now);
    uint32_t goal = piece_bytes(c), done = 0, unit = c->socket.state >= TCP_ESTABLISHED ? c->mss : 0, room;
    while (done < write->length && (room = piece_room(c, goal)) > 0) {
        uint32_t left = write->length - done, part = left < room ? left : room;
        if (done == 0)
            queue->tail_push = false; /* a mark set while writing stays with the piece's end */
        if (write->data)
            send_buffer_write(&c->send, write->data + done, part, unit);
        else
            send_buffer_lend(&c->send, write->block, write->offset + done, part);
        done += part;
        if (done == write->length)
            break;
        if (long_unpushed(c)) {
            mark_push(c);
            output(c, now);
        } else if (sequence_equal(queue->tail, c->snd.nxt)) {
            output_burst(c, now);
        }
    }
    bool whole = done == write->length;
    if (done && (!write->more || !whole || long_unpushed(c)))
        mark_push(c);
    if (done)
        queue->tail_record = write->record && whole;
    return done;
}
