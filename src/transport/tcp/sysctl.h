#ifndef IMP_TRANSPORT_TCP_SYSCTL_H
#define IMP_TRANSPORT_TCP_SYSCTL_H

#include <stdint.h>

enum tcp_ecn { /* what incoming connections may have, and outgoing ones ask for */
               TCP_ECN_NEVER,
               TCP_ECN_BOTH,
               TCP_ECN_ACCEPTED,
               TCP_ECN_ACCURATE_BOTH,
               TCP_ECN_ACCURATE_ACCEPTED, /* and classic ECN asked for */
               TCP_ECN_ACCURATE_ACCEPTED_ONLY,
};
enum {
    TCP_TIMESTAMPS_PLAIN = 2
}; /* without an offset of their own for each pair of hosts (RFC 7323 section 7.1 has it so): the node's clock shows */
/* tcp_recovery. STATIC_WINDOW: the reordering window stays a quarter of the least RTT. NO_DUPLICATES: so many duplicates do not make it zero. */
enum rack_bit { RACK_ON = 1, RACK_STATIC_WINDOW = 2, RACK_NO_DUPLICATES = 4 };
/* A node's TCP settings, by the names that Linux gives them (Documentation/networking/ip-sysctl). */
struct tcp_sysctls {
    uint32_t sack, dsack, timestamps, window_scaling, frto;
    uint32_t ecn;                 /* enum tcp_ecn */
    uint32_t ecn_fallback;        /* 0: what looks mangled or dropped on the way is not taken for it */
    uint32_t ecn_option;          /* enum accurate_option */
    uint32_t ecn_option_beacon;   /* times in a round trip, at least */
    uint32_t syncookies;          /* 0 never, 1 when the queue is full, 2 always */
    uint32_t syn_linear_timeouts; /* so many SYNs more than syn_retries, all as long after the one before */
    uint32_t syn_retries, synack_retries, retries2, orphan_retries;
    uint32_t fin_timeout_s, keepalive_time_s, keepalive_intvl_s, keepalive_probes;
    uint32_t slow_start_after_idle, moderate_rcvbuf, abort_on_overflow, tw_reuse, tw_reuse_delay_ms, max_tw_buckets,
        max_syn_backlog;
    uint32_t
        mtu_probing; /* 1: a silence may mean a black hole for large packets (RFC 8899); 2: the path's size is searched from the start */
    uint32_t base_mss, mtu_probe_floor, min_snd_mss; /* bytes: where the search begins, and how low it and any segment may go */
    uint32_t probe_threshold, probe_interval_s;      /* bytes: narrower than this the search ends; and when it begins anew */
    uint32_t paced; /* 1: segments leave at the pace of sk_pacing_rate, as where Linux's device has fq; imp's own */
    uint32_t prr;   /* 0: cwnd falls at once (RFC 6675), not in proportion to what is delivered (RFC 6937); imp's own */
    uint32_t window_validation;                                                /* 1: by RFC 7661, 0: as Linux; imp's own */
    uint32_t user_timeout_option_s, user_timeout_least_s, user_timeout_most_s; /* imp's own: see user_timeout.c */
    uint32_t retries1;
    uint32_t stdurg;         /* 1: the urgent pointer is the last urgent byte's number, 0: that of the byte behind it */
    uint32_t whole_segments; /* imp's own: what ends beyond the window is not cut; see input.c */
    uint32_t fastopen;       /* enum fast_open_bit */
    uint32_t fastopen_blackhole_timeout_s;
    uint32_t rto_min_us, rto_max_ms;
    uint32_t thin_linear_timeouts; /* 1: where few segments are out, the first timeouts are not doubled */
    uint32_t min_rtt_wlen_s;       /* how long the least round trip is remembered */
    uint32_t max_reordering;       /* segments */
    uint32_t invalid_ratelimit_ms; /* between two answers to what is unacceptable and carries nothing */
    uint32_t challenge_ack_limit;  /* of the node, a second (RFC 5961 section 7); INT32_MAX: none */
    uint32_t rfc1337;              /* 1: no RST ends TIME-WAIT */
    uint32_t reflect_tos;          /* 1: what accepts marks its packets with the service class of the peer's SYN */
    uint32_t challenge_future_ack; /* 0: what acknowledges data never sent is dropped without a word, as by Linux */
    uint32_t early_retrans;        /* 0: no tail loss probe */
    uint32_t reordering, initial_window;
    uint32_t cubic_hystart;                            /* enum congestion_exit */
    uint32_t cubic_hystart_detect, cubic_friendliness; /* enum congestion_sign; 0: without RFC 9438 section 4.3 */
    uint32_t min_tso_segs, tso_rtt_log;                /* how much leaves in one piece (burst.c) */
    uint32_t pacing_ss_ratio, pacing_ca_ratio;
    uint32_t small_queues;     /* 1: what waits at the node's own wire is little, and the rest in the send buffer */
    uint32_t wmem_overhead;    /* 1: the send buffer counts memory (send_memory.c), */
    uint32_t rmem_overhead;    /* and the receive buffer (receive_memory.c) */
    uint32_t joined_mss;       /* what is larger was joined of pieces of this size; 0: nobody told */
    uint32_t shrink_window;    /* 1: the window's right edge may move left (receive_window.c) */
    uint32_t notsent_lowat;    /* bytes, for sockets without TCP_NOTSENT_LOWAT */
    uint32_t rmem[3], wmem[3]; /* least, default, most; bytes */
    uint32_t recovery;         /* enum rack_bit; RACK itself is always on */
    uint32_t pingpong_thresh;  /* so many quick answers make a conversation, whose ACKs ride on data */
    uint32_t workaround_signed_windows;
    uint32_t rmem_max, wmem_max, somaxconn; /* net.core: what a socket may ask for; bytes, connections */
};

extern const struct tcp_sysctls TCP_SYSCTLS_STANDARD; /* what a node begins with */

#endif
