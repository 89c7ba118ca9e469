#ifndef IMP_TOOLS_IPERF3_H
#define IMP_TOOLS_IPERF3_H

#include "engine/frame.h"
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
    int64_t sequence, sequence_omitted, lost_omitted; /* the last (sender) or highest number; what was before -O ended */
    double jitter_s, transit_s;
    bool transit_known;
    /* at the last report */
    uint64_t bytes_reported;
    int64_t retransmits_reported, packets_reported, lost_reported;
    int64_t retransmits_omitted, retransmits, cwnd_bytes, window_bytes, rtt_us, rtt_variation_us, path_mtu;
    int64_t cwnd_most, window_most, rtt_most, rtt_least, rtt_sum, rtt_count;
    size_t file_at;                    /* -F: what of the file has gone */
    struct iperf3_stream_result other; /* what the other end says of it */
};
struct iperf3_test {
    struct tool_run *run;
    struct net *net;
    bool server, json, verbose;
    bool zero_copy;    /* -Z: the block is lent, not copied */
    const char *title; /* before each line; or NULL */
    const char *log;   /* a file instead of the standard output; or NULL */
    bool inside_line;
    const char *file; /* -F: what is sent comes from it, or what is received goes there; or NULL */
    uint8_t *file_bytes;
    size_t file_length;
    const char *bind;     /* a name or an address of this end; or NULL */
    struct ip bound;      /* what it stands for, once that was looked up */
    uint16_t client_port; /* of the first stream; 0: chosen */
    int64_t connect_ns;   /* how long connecting may take; 0: as an answer */
    bool omitting;        /* nothing counts yet (-O) */
    struct instant omit_end;
    struct text told;       /* server: what it said of this test, for a client that wants to know; a document with -J */
    char *their_output;     /* client: likewise, */
    bool their_output_json; /* and whether it is a document */
    char format;            /* of rates; 0: the fitting one */
    uint8_t family;         /* 4, 6, or 0 for either */
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
    struct block *lent; /* with zero_copy: the same bytes to lend */
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
/* The address that -B names, family 0 without it. 0 or an error. */
int iperf3_bind_address(struct iperf3_test *test, struct ip *out);
/* -F where this end sends: the file into memory. 0, or 1 and it was said. */
int iperf3_file_read(struct iperf3_test *test);
double iperf3_elapsed_s(const struct iperf3_test *test);
void iperf3_transfer_begin(struct iperf3_test *test);
/* Moves data and reports intervals, until `until`, or all was sent (the client), or the control connection has something to say: then its state, in
 * *state. 0, or an error. */
int iperf3_transfer(struct iperf3_test *test, struct instant until, int *state);
void iperf3_results_mine(struct iperf3_test *test, struct iperf3_results *out);
void iperf3_results_theirs(struct iperf3_test *test);
void iperf3_test_end(struct iperf3_test *test); /* closes and frees what the test holds, but the listener */

/* iperf3_report.c */
void iperf3_say(struct iperf3_test *test, const char *format, ...) __attribute__((format(printf, 2, 3))); /* not with -J */
int iperf3_log_open(
    struct iperf3_test *test); /* --logfile: what is written goes behind what is there. 0, or 1 and it was said */
int iperf3_complain(struct iperf3_test *test, const char *format, ...) __attribute__((format(printf, 2, 3))); /* returns 1 */
void iperf3_report_connected(struct iperf3_test *test, const struct iperf3_stream *stream);
void iperf3_report_control(struct iperf3_test *test); /* what -V says once the control connection stands, and of the test */
void iperf3_report_begin(struct iperf3_test *test);
void iperf3_report_head(struct iperf3_test *test);
void iperf3_report_interval(struct iperf3_test *test);
void iperf3_report_summary(struct iperf3_test *test);

extern const struct service IPERF3_SERVER_SERVICE;

#endif
