#ifndef IMP_APPLICATION_HTTP_HTTP1_H
#define IMP_APPLICATION_HTTP_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/http/message.h"
#include "application/limits.h"
#include "base/bytes.h"
#include "base/text.h"

/* HTTP/1.1 on the wire (RFC 9112), with no network: a parser that is fed bytes as they come, and a builder.
 *
 * The parser is strict where leniency lets two parties disagree about where a message ends (request smuggling). Feed it with
 * http1_parse() until HTTP1_END, then http1_next() for the following message of the connection. Bytes that it did not consume
 * belong to that one. */
struct http1_head {
    /* a request's */
    enum http_method method;
    const char *method_name;
    const char *target; /* as sent; of an absolute one, only where it starts is of use: see path and host */
    const char *
        path; /* origin form: the target, or what follows an absolute one's authority; "*" for OPTIONS *; authority for CONNECT */
    const char *host; /* from the absolute target or the Host field; NULL for an HTTP/1.0 request without */
    bool expects_continue;
    /* a response's */
    unsigned status; /* 100..599 */
    const char *reason;
    /* of both */
    unsigned minor; /* HTTP/1.minor: 0 or 1 (a greater one counts as 1) */
    struct http_fields fields;
    bool keep_alive; /* the sender is willing to go on after this message (RFC 9112 section 9.3) */
};

enum http1_body { HTTP1_NO_BODY, HTTP1_LENGTH, HTTP1_CHUNKED, HTTP1_UNTIL_CLOSE };
enum http1_event {
    HTTP1_MORE, /* everything was consumed, and more is needed */
    HTTP1_HEAD, /* parser->head is complete; valid until http1_next() */
    HTTP1_DATA, /* a piece of the body, without its framing; points into what was fed */
    HTTP1_END,  /* the message is complete; parser->trailers are valid */
    HTTP1_ERROR /* parser->status says what a server answers, parser->why says what is wrong; the connection is of no use any more */
};

struct http1_parser {
    bool response;
    bool
        to_head; /* a response to HEAD: set it before feeding, after http1_next(); the body is then empty whatever the fields say */
    unsigned status;
    const char *why;
    struct http1_head head;
    enum http1_body body;
    uint64_t content_length; /* when body is HTTP1_LENGTH */
    struct http_fields trailers;
    uint64_t body_bytes; /* given out so far */
    /* the rest is the parser's own */
    int state;
    uint64_t left; /* of the present chunk or the body */
    unsigned blank_lines, lines;
    unsigned line_bytes;
    bool digits_done;
    struct text text; /* the head, or the trailer, as it comes in */
    struct text trailer_text;
    struct http_field list[LIMIT_HTTP_FIELDS];
    struct http_field trailer_list[LIMIT_HTTP_TRAILERS];
};

void http1_init(struct http1_parser *parser, bool response);
void http1_free(struct http1_parser *parser);
void http1_next(struct http1_parser *parser); /* ready for the connection's next message */
/* Looks at `length` bytes, consumes *consumed of them, and tells what they were. With HTTP1_DATA, *data is the piece. Call again with the
 * rest. */
enum http1_event http1_parse(struct http1_parser *parser, const uint8_t *bytes, size_t length, size_t *consumed,
                             struct bytes *data);
/* The connection ended: HTTP1_END when that ends the message properly (HTTP1_UNTIL_CLOSE), HTTP1_MORE when none had begun, else HTTP1_ERROR. */
enum http1_event http1_parse_eof(struct http1_parser *parser);
bool http1_in_message(const struct http1_parser *parser); /* some of a message has arrived and it is not at its end */

/* Building: each appends to `out`. Names and values that could break the framing (CR, LF, NUL) are refused with IMP_MALFORMED. */
int http1_build_request_line(struct text *out, const char *method, const char *target, unsigned minor);
int http1_build_status_line(struct text *out, unsigned status);
int http1_build_field(struct text *out, const char *name, const char *value);
void http1_build_number(struct text *out, const char *name, uint64_t value);
void http1_build_end(struct text *out); /* the empty line */
/* What goes before a chunk of so many bytes; HTTP1_CHUNK_END goes behind each, HTTP1_LAST_CHUNK behind all. `out`: 20 bytes; returns the length. */
size_t http1_build_chunk(char *out, size_t size_bytes, uint64_t length);
#define HTTP1_CHUNK_END  "\r\n"
#define HTTP1_LAST_CHUNK "0\r\n\r\n"

#endif
