/* What ss shows of a socket beyond its row: its timer (-o), its two halves (-e), its memory (-m) and TCP's inside (-i), in the words and the
 * order of iproute2's ss.
 *
 * A value that says nothing (0, or not yet known) is left out, as there. What was agreed on in the handshake (ts, sack, ecn ...) is shown with -o or -e
 * only. Of the memory, imp knows what waits in the two buffers and their sizes; of -e's numbers (inode, cookie, control group) a node has none. The
 * numbers behind the protocol's names are those of RFC 9293, 6298, 5681, 7323 and 2018, in Linux's units: milliseconds, segments, bytes. */
#include "tools/ss_detail.h"

#include <inttypes.h>
#include <string.h>

#include "internet/stack.h"

static double milliseconds(int64_t ns) { return (double)ns / 1e6; }

static void count(struct text *out, const char *name, uint64_t value)
{
    if (value)
        text_format(out, " %s:%" PRIu64, name, value);
}

static void time_ms(struct text *out, const char *name, int64_t ns)
{
    if (ns > 0)
        text_format(out, " %s:%.6g", name, milliseconds(ns));
}

static void word(struct text *out, const char *name, bool shown)
{
    if (shown)
        text_format(out, " %s", name);
}

static void counts(struct text *out, const struct socket_inside *info)
{
    count(out, "bytes_sent", info->bytes_sent);
    count(out, "bytes_retrans", info->bytes_retransmitted);
    count(out, "bytes_acked", info->bytes_acked);
    count(out, "bytes_received", info->bytes_received);
    count(out, "segs_out", info->segments_sent);
    count(out, "segs_in", info->segments_received);
    count(out, "data_segs_out", info->data_segments_sent);
    count(out, "data_segs_in", info->data_segments_received);
}

static void rates(struct text *out, const struct socket_inside *info)
{
    if (*info->congestion_state)
        text_format(out, " %s", info->congestion_state);
    if (info->rtt_ns > 0)
        text_format(out, " send %.0fbps", (double)info->cwnd_segments * info->mss_bytes * 8e9 / (double)info->rtt_ns);
    count(out, "lastsnd", (uint64_t)(info->last_send_ns / NS_PER_MS));
    count(out, "lastrcv", (uint64_t)(info->last_receive_ns / NS_PER_MS));
    count(out, "lastack", (uint64_t)(info->last_ack_ns / NS_PER_MS));
    if (info->pacing_bytes_per_s)
        text_format(out, " pacing_rate %" PRIu64 "bps", info->pacing_bytes_per_s * 8);
    if (info->delivery_bytes_per_s)
        text_format(out, " delivery_rate %" PRIu64 "bps", info->delivery_bytes_per_s * 8);
    count(out, "delivered", info->delivered);
    count(out, "delivered_ce", info->delivered_ce);
    word(out, "app_limited", info->app_limited);
}

static void share(struct text *out, const char *name, int64_t part_ns, int64_t whole_ns)
{
    if (part_ns / NS_PER_US)
        text_format(out, " %s:%" PRId64 "ms(%.1f%%)", name, part_ns / NS_PER_MS, 100.0 * (double)part_ns / (double)whole_ns);
}

static void busy(struct text *out, const struct socket_inside *info)
{
    if (info->busy_ns < NS_PER_US)
        return;
    text_format(out, " busy:%" PRId64 "ms", info->busy_ns / NS_PER_MS);
    share(out, "rwnd_limited", info->window_limited_ns, info->busy_ns);
    share(out, "sndbuf_limited", info->buffer_limited_ns, info->busy_ns);
}

static void losses(struct text *out, const struct socket_inside *info)
{
    count(out, "unacked", info->unacked);
    if (info->retransmitted || info->retransmits)
        text_format(out, " retrans:%u/%" PRIu64, info->retransmitted, info->retransmits);
    count(out, "lost", info->lost);
    count(out, "sacked", info->sacked);
    count(out, "dsack_dups", info->duplicates_reported);
    if (info->reordering != 3)
        count(out, "reordering", info->reordering);
    count(out, "reord_seen", info->reorderings);
}

static void agreed(struct text *out, const struct socket_inside *info)
{
    word(out, "ts", info->timestamps);
    word(out, "sack", info->sack);
    word(out, "ecn", info->ecn);
    word(out, "ecnseen", info->ecn_seen);
    word(out, "accecn", info->accurate_ecn);
    word(out, "fastopen", info->syn_data);
}

static void inside(struct text *out, const struct socket_inside *info)
{
    if (info->congestion)
        text_format(out, " %s", info->congestion);
    if (info->window_scaling)
        text_format(out, " wscale:%u,%u", info->window_scale_send, info->window_scale_receive);
    time_ms(out, "rto", info->rto_ns);
    count(out, "backoff", info->backoff);
    if (info->rtt_ns)
        text_format(out, " rtt:%.6g/%.6g", milliseconds(info->rtt_ns), milliseconds(info->rtt_variation_ns));
    time_ms(out, "ato", info->ack_timeout_ns);
    count(out, "mss", info->mss_bytes);
    count(out, "pmtu", info->path_mtu);
    count(out, "rcvmss", info->receive_mss);
    count(out, "advmss", info->advertised_mss);
    count(out, "cwnd", info->cwnd_segments);
    if (info->ssthresh_segments < UINT16_MAX)
        count(out, "ssthresh", info->ssthresh_segments);
    counts(out, info);
    rates(out, info);
    busy(out, info);
    losses(out, info);
    time_ms(out, "rcv_rtt", info->receive_rtt_ns);
    count(out, "rcv_space", info->receive_space_bytes);
    count(out, "notsent", info->not_sent_bytes);
    time_ms(out, "minrtt", info->minimum_rtt_ns);
    count(out, "snd_wnd", info->send_window_bytes);
    count(out, "rcv_wnd", info->receive_window_bytes);
}

/* "1min5sec", "59sec", "1.200ms", "200ms": ss's own way to say it. */
static void timer_time(struct text *out, int64_t ns)
{
    int64_t ms = ns > 0 ? ns / NS_PER_MS : 0, minutes = ms / 60000, seconds = ms / 1000 % 60, rest = minutes ? 0 : ms % 1000;
    if (minutes)
        text_format(out, "%" PRId64 "min", minutes);
    if (seconds && minutes <= 9) {
        rest = seconds > 9 ? 0 : rest;
        text_format(out, "%" PRId64 "%s", seconds, rest ? "." : "sec");
    }
    if (rest)
        text_format(out, "%03" PRId64 "ms", rest);
}

static void timer(struct text *out, const struct socket_info *socket, struct instant now)
{
    if (!socket->timer)
        return;
    text_format(out, " timer:(%s,", socket->timer);
    timer_time(out, instant_since(socket->timer_due, now));
    text_format(out, ",%u)", socket->timer_tries);
}

/* Which ways are still open: "<" to read, ">" to write. */
static void halves(struct text *out, const char *state)
{
    if (strcmp(state, "TIME-WAIT") == 0)
        return;
    bool both = strcmp(state, "LAST-ACK") == 0 || strcmp(state, "CLOSING") == 0;
    bool read_ended = both || strcmp(state, "CLOSE-WAIT") == 0, write_ended = both || strncmp(state, "FIN-WAIT", 8) == 0;
    text_format(out, " %c-%c", read_ended ? '-' : '<', write_ended ? '-' : '>');
}

void ss_detail_print(const struct ss_detail *wanted, const struct socket_info *socket, struct instant now, struct text *out)
{
    bool tcp = socket->protocol == PROTOCOL_TCP, inner = wanted->inside && tcp;
    if (wanted->timers || wanted->extended)
        timer(out, socket, now);
    if (wanted->extended)
        halves(out, socket->state);
    if ((wanted->memory || inner) && !wanted->one_line)
        text_add(out, "\n\t");
    if (wanted->memory)
        text_format(out, " skmem:(r%u,rb%u,t0,tb%u,f0,w%u,o0,bl0,d0)", socket->receive_memory, socket->receive_buffer_bytes,
                    socket->send_buffer_bytes, socket->listens ? 0 : socket->send_queue);
    if (!inner)
        return;
    if (wanted->timers || wanted->extended)
        agreed(out, &socket->inside);
    inside(out, &socket->inside);
}
