#ifndef IMP_TOOLS_CURL_H
#define IMP_TOOLS_CURL_H

#include "application/http/client.h"
#include "tools/tool.h"

/* curl's rooms: curl.c has the transfers, curl_options.c the command line, curl_write_out.c the -w formats. */
enum { CURL_URLS_MAX = 64, CURL_HEADERS_MAX = 64, CURL_RESOLVES_MAX = 16, CURL_DATA_BYTES_MAX = 64 << 20 };
enum curl_code { /* curl's own exit statuses */
                 CURL_OK = 0,
                 CURL_UNSUPPORTED_PROTOCOL = 1,
                 CURL_USAGE = 2,
                 CURL_BAD_URL = 3,
                 CURL_RESOLVE = 6,
                 CURL_CONNECT = 7,
                 CURL_WEIRD_REPLY = 1,
                 CURL_PARTIAL = 18,
                 CURL_HTTP_ERROR = 22,
                 CURL_WRITE = 23,
                 CURL_TIMEOUT = 28,
                 CURL_REDIRECTS = 47,
                 CURL_EMPTY = 52,
                 CURL_SEND = 55,
                 CURL_RECEIVE = 56,
                 CURL_INTERRUPTED = 130,
};

struct curl_target {
    const char *url;
    const char *output; /* -o; NULL: standard output */
    bool remote_name;   /* -O */
};
struct curl_resolve {
    const char *host;
    uint16_t port;
    struct ip address;
};
struct curl_options {
    struct curl_target targets[CURL_URLS_MAX];
    size_t target_count, output_count;
    const char *headers[CURL_HEADERS_MAX];
    size_t header_count;
    struct curl_resolve resolves[CURL_RESOLVES_MAX];
    size_t resolve_count;
    struct text data; /* -d */
    bool has_data, get, head, include, verbose, silent, show_error, follow, fail, version, help, http10;
    const char *method, *user_agent, *referer, *user, *range, *write_out;
    uint8_t family;
    long redirects_max;                  /* -1: without end */
    int64_t time_max_ns, connect_max_ns; /* 0: none */
    bool fast_open;
    uint64_t rate_bytes; /* to read in a second; 0: no limit */
    struct arena arena;
};
/* 0, or curl's exit status: the complaint has been printed. */
int curl_parse_options(struct tool_run *run, struct curl_options *options);

/* What -w can tell about a transfer: the last call of it, and what came before. */
struct curl_report {
    const char *url, *url_effective, *redirect_url, *content_type, *output, *method, *error, *scheme;
    const struct http_call *call; /* NULL: it did not come to one */
    unsigned redirects, connects, response_headers;
    uint64_t request_bytes, upload_bytes;
    struct instant started, last_started;
    int exit_code;
    unsigned number, minor;
};
void curl_write_out(struct tool_run *run, const char *format, const struct curl_report *report);

extern const struct tool CURL_TOOL;

#endif
