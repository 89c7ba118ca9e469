#ifndef IMP_TOOLS_IPERF3_H
#define IMP_TOOLS_IPERF3_H

#include "net/service.h"
#include "tools/iperf3_message.h"
#include "tools/tool.h"

/* What the rooms of iperf3 share: one test, seen from either end. iperf3.c reads options, iperf3_client.c and iperf3_server.c lead the
 * conversation, iperf3_transfer.c moves data, iperf3_report.c writes. Nobody else includes this but the registry of services. */
enum { IPERF3_TICK_MS = 250, IPERF3_ANSWER_S = 30 }; /* how soon Ctrl-C is noticed; how long an answer may take */

struct iperf3_stream {
    struct stream tcp;          /* TCP, */
    struct udp udp;             /* or UDP: the client's own socket, the server's one for all, */
    struct endpoint udp_remote; /* and the peer */
    bool sends, ended;
    int id, number; /* number: as it is shown, "[  5]" */
    uint64_t bytes;
    uint64_t blocks;
    /* UDP */
    int64_t packets, lost, out_of_order;
    double jitter_s, transit_s;
    bool transit_known;
    /* at the last report */
    uint64_t bytes_reported;
    int64_t retransmits_reported, packets_reported, lost_reported;
    int64_t retransmits, cwnd_bytes, window_bytes, rtt_us, rtt_variation_us, path_mtu;
    int64_t cwnd_most, window_most, rtt_most, rtt_least, rtt_sum, rtt_count;
    struct iperf3_stream_result other; /* what the other end says of it */
};
struct iperf3_test {
    struct tool_run *run;
    struct net *net;
    bool server, json;
    char format;    /* of rates; 0: the fitting one */
    uint8_t family; /* 4, 6, or 0 for either */
    const char *host;
    uint16_t port;
    int64_t interval_ns;
    struct iperf3_parameters parameters;
    char cookie[IPERF3_COOKIE_BYTES];
    struct stream control;
    struct listener listener; /* server */
    bool control_open, udp_open;
    struct udp udp; /* server */
    struct iperf3_stream streams[IPERF3_STREAMS_MAX];
    unsigned stream_count;
    struct instant begin, next_report, last_report;
    int error; /* of a connection */
    bool interrupted;
    uint8_t *block;
    struct iperf3_results theirs;
    struct text intervals; /* JSON of the intervals so far */
    struct text connected; /* and of the connections */
    unsigned intervals_shown;
};

int iperf3_client(struct iperf3_test *test); /* exit status */
/* Serves tests, one after the other; `once`: one. */
int iperf3_server(struct iperf3_test *test, bool once);

/* iperf3_transfer.c */
bool iperf3_interrupted(struct iperf3_test *test); /* and takes note */
int iperf3_state_send(struct iperf3_test *test, enum iperf3_state state);
int iperf3_json_send(struct iperf3_test *test, const struct text *json);
/* The text, to be ended with memory_free(); NULL on an error. */
char *iperf3_json_receive(struct iperf3_test *test, size_t *length, int *error);
struct iperf3_stream *iperf3_stream_add(struct iperf3_test *test, bool sends);
double iperf3_elapsed_s(const struct iperf3_test *test);
void iperf3_transfer_begin(struct iperf3_test *test);
/* Moves data and reports intervals, until `until`, or all was sent (the client), or the control connection has something to say: then its state, in
 * *state. 0, or an error. */
int iperf3_transfer(struct iperf3_test *test, struct instant until, int *state);
void iperf3_results_mine(struct iperf3_test *test, struct iperf3_results *out);
void iperf3_results_theirs(struct iperf3_test *test);
void iperf3_test_end(struct iperf3_test *test); /* closes and frees what the test holds, but the listener */

/* iperf3_report.c */
void iperf3_say(struct iperf3_test *test, const char *format, ...) __attribute__((format(printf, 2, 3)));     /* not with -J */
int iperf3_complain(struct iperf3_test *test, const char *format, ...) __attribute__((format(printf, 2, 3))); /* returns 1 */
void iperf3_report_connected(struct iperf3_test *test, const struct iperf3_stream *stream);
void iperf3_report_head(struct iperf3_test *test);
void iperf3_report_interval(struct iperf3_test *test);
void iperf3_report_summary(struct iperf3_test *test);

extern const struct service IPERF3_SERVER_SERVICE;

#endif
