#ifndef IMP_APPLICATION_HTTP_MESSAGE_H
#define IMP_APPLICATION_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* What every version of HTTP shares (RFC 9110): methods, status codes, header fields, lists, quality values, entity tags and dates.
 * Nothing here allocates; texts are borrowed from the caller. */
enum http_method {
    HTTP_OTHER, /* a token that is none of those below */
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_CONNECT,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_PATCH,
};
enum http_method http_method_find(const char *name); /* case-sensitive (section 9.1) */
const char *http_method_name(enum http_method method);
/* "Not Found"; for a code without a registered phrase, that of its class ("Client Error"), never NULL. */
const char *http_status_phrase(unsigned status);

/* A message's fields in order of arrival. Names keep the case they were sent in and compare without it. */
struct http_field {
    const char *name, *value; /* the value has no space around it */
};
struct http_fields {
    struct http_field *list;
    size_t count;
};
const char *http_field_find(const struct http_fields *fields, const char *name); /* the first one's value, or NULL */
size_t http_field_count(const struct http_fields *fields, const char *name);
/* True when one of the comma-separated elements, over all fields of that name, is `token` (case folded), as in "Connection: close". */
bool http_field_has_token(const struct http_fields *fields, const char *name, const char *token);

/* Walks a comma-separated list (section 5.6.1): quoted strings stay whole, empty elements are skipped, space is trimmed. */
bool http_list_next(const char **at, struct bytes *element);
/* How much a list such as Accept or Accept-Encoding wants `offer`: 0 (not at all) to 1000 (section 12.4.2). Understands "*", and "a/" followed by "*". */
unsigned http_quality(const char *list, const char *offer);

bool http_is_token(const char *text, size_t length);       /* tchar, at least one (section 5.6.2) */
bool http_is_field_value(const char *text, size_t length); /* no control characters but tab (section 5.5) */

/* Does `list` ("*" or entity tags, as in If-None-Match) name `etag` (with its quotes)? Strong comparison wants both to be strong (section 8.8.3.2). */
bool http_etag_listed(const char *list, const char *etag, bool strong);
bool http_etag_is_valid(const char *etag);

/* Dates (section 5.6.7). Seconds since 1970. Printed as IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT"; parsed in the two obsolete forms too. */
enum { HTTP_DATE_BYTES = 30 };
int http_date_parse(const char *text, int64_t *unix_s_out);          /* 0 or IMP_MALFORMED */
char *http_date_print(int64_t unix_s, char *out, size_t size_bytes); /* years 0..9999; returns `out` */

/* One range of a Range field, resolved against a body of known size: first <= last < size. */
struct http_range {
    uint64_t first, last;
};
/* "bytes=0-99,200-,-50" (section 14.1.2). Returns how many of them can be satisfied, 0 when none can (416), or
 * IMP_MALFORMED (ignore the field, section 14.2), IMP_UNSUPPORTED (another unit), IMP_LIMIT (more than max: ignore too). */
int http_range_parse(const char *text, uint64_t size_bytes, struct http_range *out, size_t max);

#endif
