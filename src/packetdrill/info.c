/* TCP_INFO: Linux's struct tcp_info, filled in from TCP's own account of a socket.
 *
 * Nothing is kept here: each call asks anew.
 *
 * States and recovery states have Linux's numbers here (TCP_ESTABLISHED is 1 there). A caller that knows only a shorter struct gets the
 * beginning of ours. Times are microseconds; the "last" ones milliseconds ago. ssthresh that was never set is Linux's 2^31 - 1. */
#include <string.h>

#include "internet/ecn.h"
#include "packetdrill/linux_tcp.h"
#include "packetdrill/socket.h"

_Static_assert(sizeof(struct linux_tcp_info) == 280, "as Linux 7.0's");

static uint8_t linux_state(enum tcp_state state)
{
    static const uint8_t numbers[] = {[TCP_CLOSED] = 7,      [TCP_LISTEN] = 10,    [TCP_SYN_SENT] = 2,   [TCP_SYN_RECEIVED] = 3,
                                      [TCP_ESTABLISHED] = 1, [TCP_FIN_WAIT_1] = 4, [TCP_FIN_WAIT_2] = 5, [TCP_CLOSE_WAIT] = 8,
                                      [TCP_CLOSING] = 11,    [TCP_LAST_ACK] = 9,   [TCP_TIME_WAIT] = 6};
    return numbers[state];
}

static uint32_t microseconds(int64_t ns) { return (uint32_t)(ns / NS_PER_US); }

static void times_fill(struct linux_tcp_info *out, const struct tcp_info *info)
{
    out->rto = microseconds(info->rto_ns);
    out->ato = microseconds(info->ack_timeout_ns);
    out->rtt = microseconds(info->rtt_ns);
    out->rtt_variation = microseconds(info->rtt_variation_ns);
    out->minimum_rtt = info->minimum_rtt_ns ? microseconds(info->minimum_rtt_ns) : UINT32_MAX;
    out->receive_rtt = microseconds(info->receive_rtt_ns);
    out->last_data_sent = (uint32_t)(info->last_send_ns / NS_PER_MS);
    out->last_data_received = (uint32_t)(info->last_receive_ns / NS_PER_MS);
    out->last_ack_received = (uint32_t)(info->last_ack_ns / NS_PER_MS);
}

static void counts_fill(struct linux_tcp_info *out, const struct tcp_info *info)
{
    out->total_retransmits = (uint32_t)info->retransmits;
    out->bytes_acked = info->bytes_acked;
    out->bytes_received = info->bytes_received;
    out->segments_out = (uint32_t)info->segments_sent;
    out->segments_in = (uint32_t)info->segments_received;
    out->delivered = (uint32_t)info->delivered;
    out->bytes_retransmitted = info->bytes_retransmitted;
    out->data_segments_out = info->data_segments_sent;
    out->data_segments_in = info->data_segments_received;
    out->dsack_duplicates = info->duplicates_reported;
    out->reordering_seen = info->reorderings;
    out->bytes_sent = info->bytes_sent;
}

static void ecn_fill(struct linux_tcp_info *out, const struct tcp_info *info)
{
    out->delivered_ce = info->delivered_ce;
    out->received_ce = info->received_ce;
    out->delivered_ect1_bytes = info->delivered_ecn_bytes[ECN_ECT_1];
    out->delivered_ect0_bytes = info->delivered_ecn_bytes[ECN_ECT_0];
    out->delivered_ce_bytes = info->delivered_ecn_bytes[ECN_CE];
    out->received_ect1_bytes = info->received_ecn_bytes[ECN_ECT_1];
    out->received_ect0_bytes = info->received_ecn_bytes[ECN_ECT_0];
    out->received_ce_bytes = info->received_ecn_bytes[ECN_CE];
    out->ecn_mode = info->accurate_ecn_asked ? LINUX_TCPI_ECN_PENDING
                    : info->accurate_ecn     ? LINUX_TCPI_ECN_ACCURATE
                    : info->ecn              ? LINUX_TCPI_ECN_RFC3168
                                             : LINUX_TCPI_ECN_DISABLED;
    out->accurate_option_seen = info->accurate_ecn_option_seen & 3u;
    out->accurate_failed = info->accurate_ecn_failed & 15u;
}

static void sending_fill(struct linux_tcp_info *out, const struct tcp_info *info, int32_t pacing_most)
{
    out->send_mss = info->mss;
    out->unacked = info->unacked;
    out->sacked = info->sacked;
    out->lost = info->lost;
    out->retrans = info->retransmitted;
    out->send_ssthresh = info->ssthresh_segments == UINT32_MAX ? INT32_MAX : info->ssthresh_segments;
    out->send_cwnd = info->cwnd_segments;
    out->reordering = info->reordering;
    out->path_mtu = info->path_mtu;
    out->advertised_mss = info->advertised_mss;
    out->not_sent_bytes = info->not_sent;
    out->send_window = info->send_window;
    out->pacing_rate = info->pacing_rate ? info->pacing_rate : UINT64_MAX;
    out->maximum_pacing_rate = pacing_most == -1 ? UINT64_MAX : (uint32_t)pacing_most;
    out->delivery_rate = info->delivery_rate;
    out->busy_time = (uint64_t)(info->busy_ns / NS_PER_US);
    out->window_limited = (uint64_t)(info->window_limited_ns / NS_PER_US);
    out->buffer_limited = (uint64_t)(info->buffer_limited_ns / NS_PER_US);
    out->rate_app_limited = info->app_limited;
}

int info_get(struct socket *socket, void *value, socklen_t *length)
{
    struct linux_tcp_info out = {.state = linux_state(TCP_CLOSED)};
    struct tcp_info info;
    if (socket->tcp) {
        tcp_socket_info(socket->tcp, &info);
        out.state = linux_state(info.state);
    }
    if (socket->tcp && socket->listening) {
        out.unacked = info.receive_queue;
        out.sacked = info.send_queue ? info.send_queue - 1 : 0;
        out.send_cwnd = 10;
        out.send_ssthresh = INT32_MAX;
        out.reordering = 3;
        out.rto = 1000000;
    } else if (socket->tcp) {
        out.ca_state = info.recovery_state;
        out.retransmits = (uint8_t)info.timeouts_in_a_row;
        out.probes = info.probes;
        out.backoff = info.backoff;
        out.options = (uint8_t)((info.timestamps ? LINUX_TCPI_TIMESTAMPS : 0) | (info.sack ? LINUX_TCPI_SACK : 0) |
                                (info.window_scaling ? LINUX_TCPI_WSCALE : 0) | (info.ecn ? LINUX_TCPI_ECN : 0) |
                                (info.ecn_seen ? LINUX_TCPI_ECN_SEEN : 0) | (info.syn_data ? LINUX_TCPI_SYN_DATA : 0) |
                                (info.fast_open_child ? LINUX_TCPI_FAST_OPEN_CHILD : 0));
        out.fast_open_client_fail = info.fast_open_failure & 3u;
        out.send_scale = info.window_scale_send & 15;
        out.receive_scale = info.window_scale_receive & 15;
        out.receive_mss = info.receive_mss;
        out.receive_space = info.receive_space;
        out.receive_window = info.receive_window;
        out.receive_ssthresh = info.receive_window_most;
        times_fill(&out, &info);
        counts_fill(&out, &info);
        ecn_fill(&out, &info);
        sending_fill(&out, &info, option_value(socket, SOL_SOCKET, SO_MAX_PACING_RATE));
    }
    if (*length > sizeof out)
        *length = sizeof out;
    memcpy(value, &out, *length);
    return 0;
}
