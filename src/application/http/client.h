#ifndef IMP_APPLICATION_HTTP_CLIENT_H
#define IMP_APPLICATION_HTTP_CLIENT_H

#include "application/http/http1.h"
#include "application/http/url.h"
#include "net/net.h"

/* An HTTP/1.1 client: one request and its answer at a time, inside a task. A connection that the server keeps open is used again for the next
 * request to the same host and port. Redirects are the caller's to follow (url_resolve()). */
enum http_failure {
    HTTP_DONE = 0,
    HTTP_RESOLVE_FAILED,
    HTTP_RESOLVE_TIMEOUT,
    HTTP_CONNECT_FAILED,
    HTTP_CONNECT_TIMEOUT, /* the connect deadline passed */
    HTTP_TIMEOUT,         /* the deadline passed */
    HTTP_SEND_FAILED,
    HTTP_RECEIVE_FAILED, /* a reset */
    HTTP_EMPTY,          /* the connection ended without a byte */
    HTTP_PARTIAL,        /* it ended inside the body */
    HTTP_NOT_HTTP,       /* what came is no HTTP/1.x head */
    HTTP_BAD_BODY,       /* its chunks break their format */
    HTTP_STOPPED,        /* the caller's data() said so */
    HTTP_CANCELLED,
};
struct http_times { /* INSTANT_NEVER where the call did not come so far */
    struct instant start, resolved, connected, sent, first_byte, done;
};
struct http_hooks { /* each may be NULL */
    void *context;
    void (*note)(void *context, const char *text); /* a step, as curl -v says it */
    void (*sent)(void *context, const char *head, size_t body_bytes);
    void (*head)(void *context, const struct http1_head *head); /* of each response, 1xx too */
    int (*data)(void *context, struct bytes data);              /* of the final one's body; not 0 stops */
};
struct http_call {
    /* in */
    const struct url *url;
    const char *method;
    const char *head; /* the whole request head, built with http1.h, with its empty line */
    struct bytes body;
    bool fast_open;        /* TCP Fast Open (RFC 7413), where there is one address */
    bool expects_continue; /* the head says so: wait a second for 100 before the body */
    uint8_t family;        /* 4, 6 or 0 */
    struct instant deadline, connect_deadline;
    const struct ip *address; /* go there instead of resolving the name; NULL: resolve */
    struct http_hooks hooks;
    /* out */
    enum http_failure failure;
    const char *why;                    /* more about HTTP_NOT_HTTP and HTTP_BAD_BODY */
    unsigned status;                    /* 0: none came */
    bool reused;                        /* the connection of the call before */
    uint64_t body_bytes, body_expected; /* expected: from Content-Length; UINT64_MAX: not known */
    uint64_t header_bytes;
    struct endpoint remote, local;
    struct http_times times;
};
struct http_client {
    struct net *net;
    bool open; /* a connection is kept */
    struct stream stream;
    struct endpoint remote;
    char host[256];
    uint16_t port;
    unsigned connections; /* opened so far */
    struct http1_parser parser;
    uint8_t in[8192];
    size_t in_at, in_length;
};
/* Large: allocate it, do not put it on a task's stack. */
struct http_client *http_client_create(struct net *net);
void http_client_call(struct http_client *client, struct http_call *call);
const struct http1_head *
http_client_head(const struct http_client *client); /* of the last final response; until the next call */
void http_client_free(struct http_client *client);

#endif
