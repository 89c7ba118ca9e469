#ifndef IMP_TOOLS_IPERF3_MESSAGE_H
#define IMP_TOOLS_IPERF3_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* What two iperf3 say to each other on the control connection, as version 3.12 does: a cookie, states of one byte, and two exchanges of
 * JSON, each a length of four bytes (big-endian) and a text. The client asks, the server answers by naming the next state. */
enum iperf3_state {
    IPERF3_TEST_START = 1,
    IPERF3_TEST_RUNNING = 2,
    IPERF3_TEST_END = 4,
    IPERF3_PARAM_EXCHANGE = 9,
    IPERF3_CREATE_STREAMS = 10,
    IPERF3_SERVER_TERMINATE = 11,
    IPERF3_CLIENT_TERMINATE = 12,
    IPERF3_EXCHANGE_RESULTS = 13,
    IPERF3_DISPLAY_RESULTS = 14,
    IPERF3_START = 15,
    IPERF3_DONE = 16,
    IPERF3_ACCESS_DENIED = -1,
    IPERF3_SERVER_ERROR = -2,
};
enum {
    IPERF3_PORT = 5201,
    IPERF3_COOKIE_BYTES = 37, /* 36 letters and digits, and a NUL */
    IPERF3_JSON_BYTES_MAX = 1 << 20,
    IPERF3_STREAMS_MAX = 60, /* of a test, both directions together: what one net_wait can watch */
    IPERF3_BLOCK_MAX = 1 << 20,
    IPERF3_BLOCK_TCP = 128 * 1024,
    IPERF3_UDP_HEADER = 12, /* seconds, microseconds, number; with 64-bit counters 16 */
    IPERF3_UDP_MAX = 65507,
    IPERF3_BURST_MAX = 1000,
    IPERF3_LOG_BYTES_MAX = 16 << 20,  /* of a log that is there already, */
    IPERF3_FILE_BYTES_MAX = 64 << 20, /* and of a file to send */
};
/* The first datagram of a UDP stream, and its answer: numbers of this machine's byte order, as the real one sends. */
#define IPERF3_UDP_ASK    UINT32_C(0x36373839)
#define IPERF3_UDP_ANSWER UINT32_C(0x39383736)

struct iperf3_parameters {
    bool udp, reverse, bidirectional, no_delay, counters_64bit, repeating, dont_fragment;
    bool server_output; /* the client wants to see what the server says */
    uint8_t traffic_class;
    uint32_t burst;          /* blocks that go at once when a rate is kept; 0: one */
    uint32_t omit_s, time_s; /* time 0: until `bytes` or for ever */
    uint64_t bytes, blocks;  /* to be sent in all, 0: no limit */
    uint32_t parallel;       /* streams in each direction, 1..IPERF3_STREAMS_MAX */
    uint32_t block_bytes;
    uint32_t window_bytes, mss; /* 0: the system's */
    uint64_t rate_bps;          /* of each stream; 0: as fast as it goes */
    char congestion[16];        /* empty: the system's */
};
void iperf3_parameters_build(const struct iperf3_parameters *parameters, struct text *out);
/* 0, IMP_MALFORMED, or IMP_INVALID when a number is out of range. What is not said is as the client's default. */
int iperf3_parameters_parse(const char *json, size_t length, struct iperf3_parameters *out);

struct iperf3_stream_result {
    int id; /* 1, 3, 4, 5 ... */
    uint64_t bytes;
    int64_t retransmits; /* -1: this end cannot tell */
    double jitter_s;
    int64_t errors, packets; /* of UDP: lost, and the highest number */
    double start_s, end_s;
};
struct iperf3_results {
    bool sender_has_retransmits;
    char congestion[16];
    const char *output; /* building: what the server said, or NULL, */
    bool output_json;   /* and whether it is a document, not text; both directions */
    char *their_output; /* parsing: likewise, to be ended with memory_free(), or NULL */
    struct iperf3_stream_result streams[IPERF3_STREAMS_MAX];
    size_t count;
};
void iperf3_results_build(const struct iperf3_results *results, struct text *out);
int iperf3_results_parse(const char *json, size_t length, struct iperf3_results *out);

int iperf3_stream_id(unsigned index); /* 1, 3, 4, 5 ... */
/* A cookie from 36 random bytes. */
void iperf3_cookie_make(const uint8_t random[IPERF3_COOKIE_BYTES - 1], char out[IPERF3_COOKIE_BYTES]);
/* A number in iperf3's manner: three digits and a unit, "1.25 MBytes" (1024) or "48.0 Mbits" (1000). Returns `out`. */
char *iperf3_bytes_print(double bytes, char *out, size_t size_bytes);
/* `format`: a unit of its own, bits (k, m, g, t) or bytes (K, M, G, T); 0: the fitting one. */
char *iperf3_bits_print(double bits, char format, char *out, size_t size_bytes);
/* "128K", "1.5M": powers of 1024 for sizes, of 1000 for rates. 0 or IMP_MALFORMED. */
int iperf3_size_parse(const char *text, uint64_t *out);
int iperf3_rate_parse(const char *text, uint64_t *out);

#endif
