#ifndef IMP_TRANSPORT_TCP_SEGMENT_H
#define IMP_TRANSPORT_TCP_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/tcp/sequence.h"

/* The TCP header and its options as plain values (RFC 9293 3.1, 3.2; RFC 7323 windows and timestamps; RFC 2018 SACK; RFC 7413 Fast Open;
 * RFC 5482 user timeout; RFC 9768 accurate ECN).
 * Parsing reads facts and changes nothing. All numbers are in host order. */
enum tcp_flag {
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
    TCP_URG = 32,
    TCP_ECE = 64,
    TCP_CWR = 128,
    TCP_AE = 256, /* RFC 9768: with CWR and ECE the three bits of ACE */
};
enum tcp_option {
    TCP_OPTION_MSS = 1,
    TCP_OPTION_WINDOW_SCALE = 2,
    TCP_OPTION_SACK_PERMITTED = 4,
    TCP_OPTION_TIMESTAMPS = 8,
    TCP_OPTION_SACK = 16,
    TCP_OPTION_FAST_OPEN = 32,
    TCP_OPTION_USER_TIMEOUT = 64,
    TCP_OPTION_ACCURATE_ECN = 128,
};
enum {
    TCP_HEADER_BYTES = 20,
    TCP_HEADER_MAXIMUM_BYTES = 60,
    TCP_SACK_BLOCKS_MAX = 4,
    TCP_WINDOW_SCALE_MAX = 14,
    TCP_TIMESTAMPS_BYTES = 12,
    TCP_FAST_OPEN_COOKIE_MAX = 16,
    TCP_ECN_COUNTS_MAX = 3,
    TCP_SEGMENT_TEXT_BYTES = 384,
};

struct sack_block { /* [start, end) was received */
    struct sequence start, end;
};
/* The option of accurate ECN (RFC 9768 section 3.2.3): payload bytes received, by the IP header's ECN field, modulo 2^24, the counts of ECT(0)
 * and ECT(1) beginning at one. Fields are left off from the end. */
struct tcp_ecn_counts {
    bool order_1;  /* ECT(1), CE, ECT(0): kind 174; else ECT(0), CE, ECT(1): kind 172 */
    uint8_t count; /* 0..3 */
    uint32_t field[TCP_ECN_COUNTS_MAX];
};
struct tcp_segment {
    uint16_t source_port, destination_port;
    struct sequence sequence, acknowledgement;
    uint16_t window; /* as on the wire: not yet scaled */
    uint16_t urgent;
    uint16_t flags;         /* enum tcp_flag */
    uint8_t header_bytes;   /* 20..60; set by parse */
    uint8_t options;        /* enum tcp_option: which of the following are there */
    uint8_t sack_count;     /* 1..4 with TCP_OPTION_SACK */
    uint32_t payload_bytes; /* set by parse */
    uint32_t timestamp, timestamp_echo;
    uint16_t mss;
    uint8_t window_scale;      /* 0..14; parse clamps (RFC 7323 2.3) */
    uint8_t cookie_length;     /* with TCP_OPTION_FAST_OPEN: 0 asks for a cookie, else 4..16 */
    bool experimental;         /* and whether the option is in its form of before RFC 7413 */
    bool user_timeout_minutes; /* with TCP_OPTION_USER_TIMEOUT (RFC 5482 section 3.4): else it is in seconds */
    uint16_t user_timeout;     /* 0..2^15 - 1 */
    struct sack_block sack[TCP_SACK_BLOCKS_MAX];
    uint8_t cookie[TCP_FAST_OPEN_COOKIE_MAX];
    struct tcp_ecn_counts ecn; /* with TCP_OPTION_ACCURATE_ECN */
    uint8_t ip_ecn;            /* no part of the header: who receives the segment puts here the ECN field of its IP header */
};

/* Reads the header at `data`, of which `length` bytes are in one run, of a segment that is `total` bytes long, payload included. The
 * fields of options that are absent are left as they were. An option that breaks its format is passed over when its length can be trusted, and ends the
 * options otherwise (as peers do; a connection should not die of an option). 0, or IMP_MALFORMED for a header that cannot be. */
int tcp_segment_parse(const uint8_t *data, size_t length, uint32_t total, struct tcp_segment *out);
/* The bytes of its options, filling included: at most 40, or the segment cannot be built. */
uint32_t tcp_segment_option_bytes(const struct tcp_segment *segment);
/* The length of the header that tcp_segment_build() makes: options are padded to 4 bytes; asserts that they fit. */
uint32_t tcp_segment_header_bytes(const struct tcp_segment *segment);
/* Writes the header (checksum 0) into `out`, which has room for tcp_segment_header_bytes(); returns that length. */
uint32_t tcp_segment_build(const struct tcp_segment *segment, uint8_t *out);
/* The same with its checksum. `sum` is checksum_partial() over all else that it covers: pseudo header and payload. */
void tcp_segment_build_summed(const struct tcp_segment *segment, uint8_t *out, uint32_t sum);
/* "40000 > 80 [S.] seq 1 ack 2 win 64240 <mss 1460,sack ok,ts 1 0,wscale 7> length 0", in the manner of tcpdump. Returns `out`. */
char *tcp_segment_print(const struct tcp_segment *segment, char *out, size_t size_bytes);

enum { TCP_CHECKSUM_OFFSET = 16 };
/* The sequence space it takes: payload, SYN and FIN. */
static inline uint32_t tcp_segment_span(const struct tcp_segment *segment)
{
    return segment->payload_bytes + ((segment->flags & TCP_SYN) != 0) + ((segment->flags & TCP_FIN) != 0);
}
static inline struct sequence tcp_segment_end(const struct tcp_segment *segment)
{
    return sequence_add(segment->sequence, tcp_segment_span(segment));
}

#endif
