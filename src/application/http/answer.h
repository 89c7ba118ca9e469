#ifndef IMP_APPLICATION_HTTP_ANSWER_H
#define IMP_APPLICATION_HTTP_ANSWER_H

#include "application/http/http1.h"
#include "application/http/site.h"
#include "base/text.h"

/* From a request to its answer, with no network: what a web server decides. */
struct web_answer {
    unsigned status;
    bool keep_alive; /* in: what the connection allows; out: what was promised */
    bool chunked;
    struct text head;                            /* status line and fields, with the empty line */
    struct text body;                            /* literal: an error's page, an echo */
    const struct web_page *page;                 /* where the ranges are cut from; NULL: the body is the literal one */
    struct http_range ranges[LIMIT_HTTP_RANGES]; /* of the page, to be sent in this order */
    int range_count;
    bool multipart;
    char boundary[32];
    uint64_t body_bytes; /* all that follows the head, without chunk framing; 0 for HEAD */
};

struct web_moment {
    int64_t unix_s;          /* for Date; negative: no clock, no Date */
    const char *server_name; /* for Server; NULL: none */
};

/* May this request go on to have its body read? Finds the page. 0, or the status to answer: 404, 405, 501, 301 (*location is then where to) ... */
unsigned web_route(const struct web_site *site, const struct http1_head *head, const struct web_page **page,
                   struct text *location);
/* The answer for a request that web_route() let pass. `request_body` is for a page that echoes. */
void web_answer_page(struct web_answer *answer, const struct web_page *page, const struct http1_head *head,
                     struct bytes request_body, const struct web_moment *moment);
/* The answer for one that it did not, or that could not be parsed (head may then be NULL). `location`: for redirects.
 * answer->page may be set to the page that a 405 is about. */
void web_answer_status(struct web_answer *answer, unsigned status, const struct http1_head *head, const char *location,
                       const char *why, const struct web_moment *moment);
/* What goes before range i of a multipart body, and (i = range_count) what ends it. Appends to `out`. */
void web_answer_part(const struct web_answer *answer, int i, struct text *out);
void web_answer_free(struct web_answer *answer);

#endif
