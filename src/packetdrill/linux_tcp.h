#ifndef IMP_PACKETDRILL_LINUX_TCP_H
#define IMP_PACKETDRILL_LINUX_TCP_H

#include <stdint.h>

/* Linux's numbers for the socket options of IPPROTO_TCP and its struct tcp_info, under names of our own: the system's headers use names that
 * transport/tcp/tcp.h has too. Times in microseconds but where the name says otherwise. */
enum linux_tcp_option {
    LINUX_TCP_NODELAY = 1,
    LINUX_TCP_MAXSEG = 2,
    LINUX_TCP_CORK = 3,
    LINUX_TCP_KEEPIDLE = 4,
    LINUX_TCP_KEEPINTVL = 5,
    LINUX_TCP_KEEPCNT = 6,
    LINUX_TCP_SYNCNT = 7,
    LINUX_TCP_LINGER2 = 8,
    LINUX_TCP_DEFER_ACCEPT = 9,
    LINUX_TCP_INFO = 11,
    LINUX_TCP_QUICKACK = 12,
    LINUX_TCP_CONGESTION = 13,
    LINUX_TCP_THIN_LINEAR_TIMEOUTS = 16,
    LINUX_TCP_THIN_DUPACK = 17,
    LINUX_TCP_USER_TIMEOUT = 18,
    LINUX_TCP_REPAIR = 19,
    LINUX_TCP_FASTOPEN = 23,
    LINUX_TCP_NOTSENT_LOWAT = 25,
    LINUX_TCP_CC_INFO = 26,
    LINUX_TCP_FASTOPEN_CONNECT = 30,
    LINUX_TCP_FASTOPEN_KEY = 33,
    LINUX_TCP_FASTOPEN_NO_COOKIE = 34,
    LINUX_TCP_INQ = 36,
    LINUX_TCP_RTO_MAX_MS = 44,
};
enum linux_ip_option { LINUX_IP_LOCAL_PORT_RANGE = 51 }; /* the first port, and 65536 times the last one */
enum linux_tcp_info_option {                             /* tcpi_options */
                             LINUX_TCPI_TIMESTAMPS = 1,
                             LINUX_TCPI_SACK = 2,
                             LINUX_TCPI_WSCALE = 4,
                             LINUX_TCPI_ECN = 8,
                             LINUX_TCPI_ECN_SEEN = 16,
                             LINUX_TCPI_SYN_DATA = 32,
                             LINUX_TCPI_FAST_OPEN_CHILD = 128,
};

enum linux_tcp_info_ecn { LINUX_TCPI_ECN_DISABLED, LINUX_TCPI_ECN_RFC3168, LINUX_TCPI_ECN_ACCURATE, LINUX_TCPI_ECN_PENDING };
struct linux_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options;
    uint8_t send_scale : 4, receive_scale : 4;
    uint8_t rate_app_limited : 1, fast_open_client_fail : 2;
    uint32_t rto, ato, send_mss, receive_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;                              /* segments */
    uint32_t last_data_sent, last_ack_sent, last_data_received, last_ack_received; /* ms ago */
    uint32_t path_mtu, receive_ssthresh, rtt, rtt_variation, send_ssthresh, send_cwnd, advertised_mss, reordering;
    uint32_t receive_rtt, receive_space, total_retransmits;
    uint64_t pacing_rate, maximum_pacing_rate; /* bytes a second */
    uint64_t bytes_acked, bytes_received;
    uint32_t segments_out, segments_in;
    uint32_t not_sent_bytes, minimum_rtt, data_segments_in, data_segments_out;
    uint64_t delivery_rate, busy_time, window_limited, buffer_limited;
    uint32_t delivered, delivered_ce;
    uint64_t bytes_sent, bytes_retransmitted;
    uint32_t dsack_duplicates, reordering_seen, received_out_of_order, send_window;
    uint32_t receive_window, rehash;
    uint16_t total_rto, total_rto_recoveries;
    uint32_t total_rto_time;
    uint32_t received_ce; /* packets */
    uint32_t delivered_ect1_bytes, delivered_ect0_bytes, delivered_ce_bytes;
    uint32_t received_ect1_bytes, received_ect0_bytes, received_ce_bytes;
    uint32_t ecn_mode : 2, accurate_option_seen : 2, accurate_failed : 4, options_2 : 24;
};

#endif
