#ifndef IMP_APPLICATION_HTTP_URL_H
#define IMP_APPLICATION_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* URLs (RFC 3986), as far as HTTP needs them. All texts come from the arena and live as long as it does. */
struct url {
    const char *scheme;   /* lower case: "http" */
    const char *user;     /* percent-decoded; NULL: none */
    const char *password; /* percent-decoded; NULL: none */
    const char *host;     /* lower case, without the brackets of an IPv6 address; never empty */
    uint16_t port;        /* the scheme's default when not given */
    bool port_given;
    const char *path;     /* as written, percent-encoding kept; at least "/" */
    const char *query;    /* without '?'; NULL: none */
    const char *fragment; /* without '#'; NULL: none */
};

/* An absolute URL with a host. 0 or IMP_MALFORMED (no scheme, no host, a control character or a space, a bad port or escape),
 * IMP_LIMIT when longer than LIMIT_HTTP_URL_BYTES. `why` (may be NULL) then says what is wrong. */
int url_parse(const char *text, struct arena *arena, struct url *out, const char **why);
/* Resolves a reference, such as a Location field, against a base (section 5.2); dot segments are removed. */
int url_resolve(const struct url *base, const char *reference, struct arena *arena, struct url *out);
const char *url_print(const struct url *url, struct arena *arena);  /* the whole, without user and password */
const char *url_target(const struct url *url, struct arena *arena); /* what a request line says: path?query */
const char *url_host_field(const struct url *url,
                           struct arena *arena); /* what Host says: brackets, and the port unless default */

/* Removes "." and ".." segments in place (section 5.2.4). "/a/../../b" becomes "/b". */
void url_remove_dots(char *path);
/* Percent-decodes `length` bytes into out (capacity length + 1 suffices), with a NUL behind. Returns the length or IMP_MALFORMED: a
 * broken escape, or one that stands for NUL, which no path and no name may hold. */
int url_decode(const char *text, size_t length, char *out, size_t capacity);
/* The path of a request target made safe to look up: query cut off, decoded once, "//" folded, dot segments removed. It starts with '/',
 * and has no "..", NUL or backslash. 0, IMP_MALFORMED or IMP_NO_SPACE. */
int url_safe_path(const char *target, char *out, size_t capacity);
/* Percent-encodes everything but unreserved characters (and '/' when keep_slash). */
const char *url_encode(const char *text, bool keep_slash, struct arena *arena);
/* Can `host` stand in a Host field: a name, an IPv4 address or an IPv6 one in brackets, with an optional port? */
bool url_authority_is_valid(const char *host);

#endif
