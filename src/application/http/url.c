/* URLs: taking them apart, putting them together, and making their paths safe.
 *
 * A URL is split by the grammar of RFC 3986 at its first ':', "//", '/', '?' and '#'; nothing is guessed. Text that could
 * break a message's framing (control characters, spaces) is refused at the door, so that what url_parse() let through can be
 * written into a request line as it is. Percent-encoding in paths and queries is kept as the person wrote it, since a server
 * may tell %2F and '/' apart; only user and password are decoded.
 *
 * References (the Location of a redirect, a link) are resolved by the algorithm of section 5.2: take from the base what the
 * reference leaves out, merge paths, remove dot segments.
 *
 * For a server the dangerous part is the way from a request target to a name: url_safe_path() decodes exactly once, then
 * removes dot segments, and refuses NUL and backslash, so that "/%2e%2e/secret" cannot climb out of the root
 * (RFC 3986 section 7.3, RFC 9110 section 17.3).
 *
 * Left out on purpose: international names (they arrive as "xn--"), IPv6 zones and URLs without a host. */
#include "application/http/url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "application/limits.h"
#include "base/address.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

static int fail(const char **why, const char *sentence)
{
    if (why)
        *why = sentence;
    return IMP_MALFORMED;
}

static uint16_t default_port(const char *scheme)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } PORTS[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}, {"ftp", 21}};
    for (size_t i = 0; i < count_of(PORTS); i++)
        if (!strcmp(PORTS[i].scheme, scheme))
            return PORTS[i].port;
    return 0;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int url_decode(const char *text, size_t length, char *out, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        int c = (unsigned char)text[i];
        if (c == '%') {
            if (length - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
                return IMP_MALFORMED;
            c = hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]);
            i += 2;
        }
        if (c == 0)
            return IMP_MALFORMED;
        if (n + 1 >= capacity)
            return IMP_NO_SPACE;
        out[n++] = (char)c;
    }
    if (n >= capacity)
        return IMP_NO_SPACE;
    out[n] = 0;
    return (int)n;
}

const char *url_encode(const char *text, bool keep_slash, struct arena *arena)
{
    static const char HEX[] = "0123456789ABCDEF";
    char *out = arena_take(arena, 3 * strlen(text) + 1), *p = out;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (alnum || strchr("-._~", c) || (keep_slash && c == '/')) {
            *p++ = (char)c;
        } else {
            *p++ = '%';
            *p++ = HEX[c >> 4];
            *p++ = HEX[c & 15];
        }
    }
    return out;
}

static char *copy_lower(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_copy_bytes(arena, text, length);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static bool host_is_valid(const char *host, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)host[i]) && !strchr("-._~!$&'()*+,;=%", host[i]))
            return false;
    return length > 0;
}

static int parse_port(const char *text, size_t length, uint16_t *out)
{
    unsigned port = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || (port = port * 10 + (unsigned)(text[i] - '0')) > 65535)
            return IMP_MALFORMED;
    }
    *out = (uint16_t)port;
    return 0;
}

/* host [":" port], an IPv6 address in brackets. The host is given without them. */
static int split_authority(const char *text, size_t length, const char **host, size_t *host_length, const char **port,
                           size_t *port_length)
{
    const char *colon;
    if (length && *text == '[') {
        const char *end = memchr(text, ']', length);
        char address[IP_TEXT_BYTES];
        struct ip ip;
        size_t n = end ? (size_t)(end - text - 1) : 0;
        if (!end || n >= sizeof address)
            return IMP_MALFORMED;
        memcpy(address, text + 1, n);
        address[n] = 0;
        if (ip_parse(address, &ip) || ip.family != 6)
            return IMP_MALFORMED;
        *host = text + 1;
        *host_length = n;
        colon = end + 1;
        if (colon < text + length && *colon != ':')
            return IMP_MALFORMED;
    } else {
        colon = memchr(text, ':', length);
        if (!colon)
            colon = text + length;
        *host = text;
        *host_length = (size_t)(colon - text);
        if (!host_is_valid(text, *host_length))
            return IMP_MALFORMED;
    }
    *port = colon < text + length ? colon + 1 : NULL;
    *port_length = *port ? (size_t)(text + length - *port) : 0;
    return 0;
}

bool url_authority_is_valid(const char *authority)
{
    const char *host, *port;
    size_t host_length, port_length;
    uint16_t number;
    return !split_authority(authority, strlen(authority), &host, &host_length, &port, &port_length) &&
           (!port || !parse_port(port, port_length, &number));
}

static int parse_user(const char *text, size_t length, struct arena *arena, struct url *out)
{
    const char *colon = memchr(text, ':', length);
    size_t user_length = colon ? (size_t)(colon - text) : length;
    char *user = arena_take(arena, user_length + 1);
    if (url_decode(text, user_length, user, user_length + 1) < 0)
        return IMP_MALFORMED;
    out->user = user;
    if (colon) {
        size_t n = length - user_length - 1;
        char *password = arena_take(arena, n + 1);
        if (url_decode(colon + 1, n, password, n + 1) < 0)
            return IMP_MALFORMED;
        out->password = password;
    }
    return 0;
}

static int parse_authority(const char *text, size_t length, struct arena *arena, struct url *out, const char **why)
{
    for (size_t i = length; i-- > 0;) { /* the last '@' ends the user part */
        if (text[i] != '@')
            continue;
        if (parse_user(text, i, arena, out))
            return fail(why, "Bad user name or password in the URL");
        text += i + 1;
        length -= i + 1;
        break;
    }
    const char *host, *port;
    size_t host_length, port_length;
    if (length == 0)
        return fail(why, "No host part in the URL");
    if (split_authority(text, length, &host, &host_length, &port, &port_length))
        return fail(why, *text == '[' ? "Bad IPv6 address" : *text == ':' ? "No host part in the URL" : "Bad hostname");
    out->host = copy_lower(arena, host, host_length);
    out->port = default_port(out->scheme);
    if (port && port_length) {
        if (parse_port(port, port_length, &out->port))
            return fail(why, "Port number was not a decimal number between 0 and 65535");
        out->port_given = true;
    }
    return 0;
}

/* path ["?" query] ["#" fragment] */
static void parse_path(const char *text, struct arena *arena, struct url *out)
{
    size_t path = strcspn(text, "?#");
    out->path = path ? arena_copy_bytes(arena, text, path) : "/";
    text += path;
    if (*text == '?') {
        size_t query = strcspn(++text, "#");
        out->query = arena_copy_bytes(arena, text, query);
        text += query;
    }
    if (*text == '#')
        out->fragment = arena_copy_text(arena, text + 1);
}

static int check_characters(const char *text, const char **why)
{
    if (strlen(text) > LIMIT_HTTP_URL_BYTES) {
        fail(why, "The URL is too long");
        return IMP_LIMIT;
    }
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return fail(why, "Malformed input to a URL function");
    return 0;
}

static size_t scheme_length(const char *text)
{
    size_t n = 0;
    if (!isalpha((unsigned char)*text))
        return 0;
    while (isalnum((unsigned char)text[n]) || text[n] == '+' || text[n] == '-' || text[n] == '.')
        n++;
    return text[n] == ':' ? n : 0;
}

int url_parse(const char *text, struct arena *arena, struct url *out, const char **why)
{
    *out = (struct url){0};
    int error = check_characters(text, why);
    if (error)
        return error;
    size_t scheme = scheme_length(text);
    if (!scheme || strncmp(text + scheme, "://", 3) != 0)
        return fail(why, "Bad scheme");
    out->scheme = copy_lower(arena, text, scheme);
    text += scheme + 3;
    size_t authority = strcspn(text, "/?#");
    error = parse_authority(text, authority, arena, out, why);
    if (error)
        return error;
    parse_path(text + authority, arena, out);
    return 0;
}

void url_remove_dots(char *path)
{
    char *out = path;
    const char *in = path;
    while (*in) { /* one segment, with its leading slash, at a time */
        const char *segment = *in == '/' ? in + 1 : in;
        size_t length = strcspn(segment, "/");
        bool last = segment[length] == 0;
        if (length == 1 && segment[0] == '.') {
            if (last)
                *out++ = '/';
        } else if (length == 2 && segment[0] == '.' && segment[1] == '.') {
            while (out > path && *--out != '/')
                ;
            if (last)
                *out++ = '/';
        } else {
            size_t n = (size_t)(segment - in) + length;
            memmove(out, in, n);
            out += n;
        }
        in = segment + length;
    }
    *out = 0;
}

int url_resolve(const struct url *base, const char *reference, struct arena *arena, struct url *out)
{
    int error = check_characters(reference, NULL);
    if (error)
        return error;
    if (scheme_length(reference))
        error = url_parse(reference, arena, out, NULL);
    else if (!strncmp(reference, "//", 2))
        error = url_parse(arena_format(arena, "%s:%s", base->scheme, reference), arena, out, NULL);
    else {
        *out = *base;
        out->query = out->fragment = NULL;
        if (*reference == 0 || *reference == '#' || *reference == '?') {
            parse_path(reference, arena, out);
            out->path = base->path;
            if (*reference != '?')
                out->query = base->query;
        } else {
            size_t folder = *reference == '/' ? 0 : (size_t)(strrchr(base->path, '/') + 1 - base->path);
            parse_path(arena_format(arena, "%.*s%s", (int)folder, base->path, reference), arena, out);
        }
    }
    if (error)
        return error;
    char *path = arena_copy_text(arena, out->path);
    url_remove_dots(path);
    out->path = *path ? path : "/";
    return 0;
}

const char *url_host_field(const struct url *url, struct arena *arena)
{
    bool six = strchr(url->host, ':') != NULL;
    const char *host = six ? arena_format(arena, "[%s]", url->host) : url->host;
    return url->port == default_port(url->scheme) ? host : arena_format(arena, "%s:%u", host, url->port);
}

const char *url_target(const struct url *url, struct arena *arena)
{
    return url->query ? arena_format(arena, "%s?%s", url->path, url->query) : url->path;
}

const char *url_print(const struct url *url, struct arena *arena)
{
    const char *text = arena_format(arena, "%s://%s%s", url->scheme, url_host_field(url, arena), url_target(url, arena));
    return url->fragment ? arena_format(arena, "%s#%s", text, url->fragment) : text;
}

int url_safe_path(const char *target, char *out, size_t capacity)
{
    size_t length = strcspn(target, "?#");
    if (length == 0 || *target != '/')
        return IMP_MALFORMED;
    int error = url_decode(target, length, out, capacity);
    if (error < 0)
        return error;
    char *to = out;
    for (const char *from = out; *from; from++) { /* "//" is one slash, so that every name has one spelling */
        if (*from == '\\')
            return IMP_MALFORMED;
        if (*from != '/' || to == out || to[-1] != '/')
            *to++ = *from;
    }
    *to = 0;
    url_remove_dots(out);
    return 0;
}
