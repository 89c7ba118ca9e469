/* What ss shows of a socket beyond its row: its timer (-o), its two halves (-e), its memory (-m) and TCP's inside (-i), in the words and the
 * order of iproute2's ss.
 *
 * A value that says nothing (0, or not yet known) is left out, as there. What was agreed on in the handshake (ts, sack, ecn ...) is shown
 * with -o or -e only. Of the memory, imp knows what waits in the two buffers and their sizes; of -e's numbers (inode, cookie, control group)
 * a node has none. The numbers behind the protocol's names are those of RFC 9293, 6298, 5681, 7323 and 2018, in Linux's units: milliseconds,
 * segments, bytes. */
#include "tools/ss_detail.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "internet/stack.h"

/* A line of the table below: a member of struct socket_inside by name, or a function for what is not a name and a number. */
enum kind { COUNT, TIME, SINCE, WORD, SPECIAL }; /* " name:5", " name:0.5" (ms), " name:500" (ms, whole), " name" */
struct figure {
    enum kind kind;
    const char *name;
    size_t offset, bytes;
    void (*print)(struct text *out, const struct socket_inside *info);
};

static double milliseconds(int64_t ns) { return (double)ns / 1e6; }

static int64_t number_of(const struct socket_inside *info, const struct figure *figure)
{
    const char *at = (const char *)info + figure->offset;
    uint32_t small;
    int64_t large;
    if (figure->kind == WORD)
        return *(const bool *)at;
    memcpy(figure->bytes == sizeof small ? (void *)&small : (void *)&large, at, figure->bytes);
    return figure->bytes == sizeof small ? (int64_t)small : large;
}

static void figure_print(struct text *out, const struct socket_inside *info, const struct figure *figure)
{
    if (figure->kind == SPECIAL) {
        figure->print(out, info);
        return;
    }
    int64_t number = number_of(info, figure);
    if (figure->kind == SINCE)
        number /= NS_PER_MS;
    if (number <= 0)
        return;
    text_format(out, " %s", figure->name);
    if (figure->kind == TIME)
        text_format(out, ":%.6g", milliseconds(number));
    else if (figure->kind != WORD)
        text_format(out, ":%" PRId64, number);
}

static void congestion(struct text *out, const struct socket_inside *info)
{
    if (info->congestion)
        text_format(out, " %s", info->congestion);
}

static void scales(struct text *out, const struct socket_inside *info)
{
    if (info->window_scaling)
        text_format(out, " wscale:%u,%u", info->window_scale_send, info->window_scale_receive);
}

static void rtt(struct text *out, const struct socket_inside *info)
{
    if (info->rtt_ns)
        text_format(out, " rtt:%.6g/%.6g", milliseconds(info->rtt_ns), milliseconds(info->rtt_variation_ns));
}

static void ssthresh(struct text *out, const struct socket_inside *info)
{
    if (info->ssthresh_segments && info->ssthresh_segments < UINT16_MAX)
        text_format(out, " ssthresh:%u", info->ssthresh_segments);
}

static void congestion_state(struct text *out, const struct socket_inside *info)
{
    if (*info->congestion_state)
        text_format(out, " %s", info->congestion_state);
    if (info->rtt_ns > 0)
        text_format(out, " send %.0fbps", (double)info->cwnd_segments * info->mss_bytes * 8e9 / (double)info->rtt_ns);
}

static void rates(struct text *out, const struct socket_inside *info)
{
    if (info->pacing_bytes_per_s)
        text_format(out, " pacing_rate %" PRIu64 "bps", info->pacing_bytes_per_s * 8);
    if (info->delivery_bytes_per_s)
        text_format(out, " delivery_rate %" PRIu64 "bps", info->delivery_bytes_per_s * 8);
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

static void retransmits(struct text *out, const struct socket_inside *info)
{
    if (info->retransmitted || info->retransmits)
        text_format(out, " retrans:%u/%" PRIu64, info->retransmitted, info->retransmits);
}

static void reordering(struct text *out, const struct socket_inside *info)
{
    if (info->reordering && info->reordering != 3)
        text_format(out, " reordering:%u", info->reordering);
}

#define FIGURE(kind_, name_, member_)                                                                                          \
    {                                                                                                                          \
        kind_, name_, offsetof(struct socket_inside, member_), sizeof(((struct socket_inside *)0)->member_), NULL              \
    }
#define BY(function_)                                                                                                          \
    {                                                                                                                          \
        SPECIAL, NULL, 0, 0, function_                                                                                         \
    }
static const struct figure AGREED[] = {
    FIGURE(WORD, "ts", timestamps),    FIGURE(WORD, "sack", sack),           FIGURE(WORD, "ecn", ecn),
    FIGURE(WORD, "ecnseen", ecn_seen), FIGURE(WORD, "accecn", accurate_ecn), FIGURE(WORD, "fastopen", syn_data)};
static const struct figure INSIDE[] = {
    BY(congestion),
    BY(scales),
    FIGURE(TIME, "rto", rto_ns),
    FIGURE(COUNT, "backoff", backoff),
    BY(rtt),
    FIGURE(TIME, "ato", ack_timeout_ns),
    FIGURE(COUNT, "mss", mss_bytes),
    FIGURE(COUNT, "pmtu", path_mtu),
    FIGURE(COUNT, "rcvmss", receive_mss),
    FIGURE(COUNT, "advmss", advertised_mss),
    FIGURE(COUNT, "cwnd", cwnd_segments),
    BY(ssthresh),
    FIGURE(COUNT, "bytes_sent", bytes_sent),
    FIGURE(COUNT, "bytes_retrans", bytes_retransmitted),
    FIGURE(COUNT, "bytes_acked", bytes_acked),
    FIGURE(COUNT, "bytes_received", bytes_received),
    FIGURE(COUNT, "segs_out", segments_sent),
    FIGURE(COUNT, "segs_in", segments_received),
    FIGURE(COUNT, "data_segs_out", data_segments_sent),
    FIGURE(COUNT, "data_segs_in", data_segments_received),
    BY(congestion_state),
    FIGURE(SINCE, "lastsnd", last_send_ns),
    FIGURE(SINCE, "lastrcv", last_receive_ns),
    FIGURE(SINCE, "lastack", last_ack_ns),
    BY(rates),
    FIGURE(COUNT, "delivered", delivered),
    FIGURE(COUNT, "delivered_ce", delivered_ce),
    FIGURE(WORD, "app_limited", app_limited),
    BY(busy),
    FIGURE(COUNT, "unacked", unacked),
    BY(retransmits),
    FIGURE(COUNT, "lost", lost),
    FIGURE(COUNT, "sacked", sacked),
    FIGURE(COUNT, "dsack_dups", duplicates_reported),
    BY(reordering),
    FIGURE(COUNT, "reord_seen", reorderings),
    FIGURE(TIME, "rcv_rtt", receive_rtt_ns),
    FIGURE(COUNT, "rcv_space", receive_space_bytes),
    FIGURE(COUNT, "rcv_ssthresh", receive_window_most_bytes),
    FIGURE(COUNT, "notsent", not_sent_bytes),
    FIGURE(TIME, "minrtt", minimum_rtt_ns),
    FIGURE(COUNT, "snd_wnd", send_window_bytes),
    FIGURE(COUNT, "rcv_wnd", receive_window_bytes),
};

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
    for (size_t i = 0; i < count_of(AGREED) && (wanted->timers || wanted->extended); i++)
        figure_print(out, &socket->inside, &AGREED[i]);
    for (size_t i = 0; i < count_of(INSIDE); i++)
        figure_print(out, &socket->inside, &INSIDE[i]);
}
