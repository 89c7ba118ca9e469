/* HTTP's vocabulary: what its versions have in common.
 *
 * RFC 9110 separates what messages mean from how a version writes them down. This file is the meaning's small change: the
 * names of methods and status codes, fields compared without regard to case, comma-separated lists, quality values, entity
 * tags, byte ranges and dates. http1.c turns bytes into these; server.c and client.c act on them.
 *
 * Dates are converted by arithmetic on the proleptic Gregorian calendar (the days-from-civil method: years start in March, so
 * that the leap day is the last), because the C library's own functions look at time zones and locales, and a lab's bytes
 * must not depend on the machine. Two-digit years of the obsolete RFC 850 form are taken as 1970..2069.
 *
 * RFC 9110 sections 5.5, 5.6 (fields, lists, dates), 8.8.3 (entity tags), 9 (methods), 12.4.2 (quality), 14.1.2 (ranges), 15 (status).
 * Left out on purpose: parameters of media types, structured fields (RFC 8941), the whole of content negotiation. */
#include "application/http/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"

static const char *const METHODS[] = {
    [HTTP_OTHER] = "",      [HTTP_GET] = "GET",       [HTTP_HEAD] = "HEAD",       [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",     [HTTP_DELETE] = "DELETE", [HTTP_CONNECT] = "CONNECT", [HTTP_OPTIONS] = "OPTIONS",
    [HTTP_TRACE] = "TRACE", [HTTP_PATCH] = "PATCH"};

enum http_method http_method_find(const char *name)
{
    for (size_t i = HTTP_OTHER + 1; i < count_of(METHODS); i++)
        if (!strcmp(METHODS[i], name))
            return (enum http_method)i;
    return HTTP_OTHER;
}

const char *http_method_name(enum http_method method) { return METHODS[method]; }

static const struct {
    unsigned status;
    const char *phrase;
} PHRASES[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

const char *http_status_phrase(unsigned status)
{
    static const char *const CLASSES[] = {"Unknown", "Informational", "Success", "Redirection", "Client Error", "Server Error"};
    for (size_t i = 0; i < count_of(PHRASES); i++)
        if (PHRASES[i].status == status)
            return PHRASES[i].phrase;
    return CLASSES[status / 100 < count_of(CLASSES) ? status / 100 : 0];
}

const char *http_field_find(const struct http_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (!strcasecmp(fields->list[i].name, name))
            return fields->list[i].value;
    return NULL;
}

size_t http_field_count(const struct http_fields *fields, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++)
        count += !strcasecmp(fields->list[i].name, name);
    return count;
}

static bool element_is(struct bytes element, const char *word)
{
    return element.length == strlen(word) && !strncasecmp((const char *)element.data, word, element.length);
}

bool http_field_has_token(const struct http_fields *fields, const char *name, const char *token)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (strcasecmp(fields->list[i].name, name) != 0)
            continue;
        const char *at = fields->list[i].value;
        struct bytes element;
        while (http_list_next(&at, &element))
            if (element_is(element, token))
                return true;
    }
    return false;
}

bool http_list_next(const char **at, struct bytes *element)
{
    const char *p = *at;
    while (*p == ',' || *p == ' ' || *p == '\t')
        p++;
    const char *start = p;
    bool quoted = false;
    for (; *p && (quoted || *p != ','); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (quoted && *p == '\\' && p[1])
            p++;
    }
    *at = p;
    while (p > start && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    *element = (struct bytes){(const uint8_t *)start, (size_t)(p - start)};
    return p > start;
}

/* The weight behind ";q=": up to three decimals. A missing or broken one counts as 1, as the element was asked for. */
static unsigned weight_of(const char *parameters, size_t length)
{
    const char *end = parameters + length;
    for (const char *p = parameters; p < end; p++) {
        if (*p != ';')
            continue;
        do
            p++;
        while (p < end && (*p == ' ' || *p == '\t'));
        if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=')
            continue;
        unsigned weight = p[2] == '1' ? 1000 : 0, unit = 100;
        if (weight == 0 && end - p > 3 && p[3] == '.')
            for (p += 4; p < end && *p >= '0' && *p <= '9' && unit; p++, unit /= 10)
                weight += (unsigned)(*p - '0') * unit;
        return weight;
    }
    return 1000;
}

unsigned http_quality(const char *list, const char *offer)
{
    struct bytes element;
    unsigned best = 0, best_rank = 0; /* the most specific element decides, not the greatest weight */
    size_t offer_length = strlen(offer);
    while (http_list_next(&list, &element)) {
        const char *text = (const char *)element.data;
        size_t name = 0;
        while (name < element.length && text[name] != ';' && text[name] != ' ')
            name++;
        unsigned rank = 0;
        if (name == offer_length && !strncasecmp(text, offer, name))
            rank = 3;
        else if (name > 2 && text[name - 1] == '*' && text[name - 2] == '/' && name - 1 <= offer_length &&
                 !strncasecmp(text, offer, name - 1))
            rank = 2;
        else if ((name == 1 && *text == '*') || (name == 3 && !strncmp(text, "*/*", 3)))
            rank = 1;
        if (rank > best_rank) {
            best_rank = rank;
            best = weight_of(text + name, element.length - name);
        }
    }
    return best;
}

bool http_is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return length > 0;
}

bool http_is_field_value(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return true;
}

bool http_etag_is_valid(const char *etag)
{
    if (!strncmp(etag, "W/", 2))
        etag += 2;
    size_t length = strlen(etag);
    return length >= 2 && etag[0] == '"' && etag[length - 1] == '"' && !memchr(etag + 1, '"', length - 2);
}

bool http_etag_listed(const char *list, const char *etag, bool strong)
{
    if (!strcmp(list, "*"))
        return true;
    bool weak_etag = !strncmp(etag, "W/", 2);
    if (strong && weak_etag)
        return false;
    const char *opaque = weak_etag ? etag + 2 : etag;
    struct bytes element;
    while (http_list_next(&list, &element)) {
        const char *text = (const char *)element.data;
        bool weak = element.length > 2 && !strncmp(text, "W/", 2);
        if (strong && weak)
            continue;
        size_t skip = weak ? 2 : 0;
        if (element.length - skip == strlen(opaque) && !memcmp(text + skip, opaque, element.length - skip))
            return true;
    }
    return false;
}

/* ---- dates ---- */

static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char DAYS[] = "SunMonTueWedThuFriSat";

static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* months from March */
    *day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int month_find(const char *name)
{
    for (int i = 0; i < 12; i++)
        if (!strncmp(MONTHS + 3 * i, name, 3))
            return i + 1;
    return 0;
}

int http_date_parse(const char *text, int64_t *unix_s_out)
{
    char month_name[4] = "", rest;
    int day, year, hour, minute, second;
    if (strlen(text) > 40)
        return IMP_MALFORMED;
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GM%c", &day, month_name, &year, &hour, &minute, &second,
               &rest) == 7) {
        if (strlen(text) != 29 || text[28] != 'T')
            return IMP_MALFORMED;
    } else if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GM%c", &day, month_name, &year, &hour, &minute,
                      &second, &rest) == 7) {
        year += year < 70 ? 2000 : 1900; /* RFC 850's two digits */
    } else if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%c", month_name, &day, &hour, &minute, &second, &year,
                      &rest) != 6) {
        return IMP_MALFORMED; /* not asctime's form either */
    }
    int month = month_find(month_name);
    if (!month || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        year < 0)
        return IMP_MALFORMED;
    *unix_s_out = days_from_civil(year, (unsigned)month, (unsigned)day) * 86400 + hour * 3600 + minute * 60 + second;
    return 0;
}

char *http_date_print(int64_t unix_s, char *out, size_t size_bytes)
{
    int64_t days = unix_s / 86400, second = unix_s % 86400;
    if (second < 0) {
        second += 86400;
        days--;
    }
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    int weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1 January 1970 was a Thursday */
    snprintf(out, size_bytes, "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT", DAYS + 3 * weekday, day, MONTHS + 3 * (month - 1),
             (int)(year % 10000), (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
    return out;
}

/* ---- ranges ---- */

/* Digits into a number, which sticks at its greatest value instead of wrapping; the number of digits read. */
static size_t digits_read(const char *text, size_t length, uint64_t *out)
{
    size_t n = 0;
    *out = 0;
    for (; n < length && text[n] >= '0' && text[n] <= '9'; n++) {
        unsigned digit = (unsigned)(text[n] - '0');
        *out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
    }
    return n;
}

int http_range_parse(const char *text, uint64_t size_bytes, struct http_range *out, size_t max)
{
    if (strncasecmp(text, "bytes", 5) != 0 || text[5] != '=')
        return strchr(text, '=') ? IMP_UNSUPPORTED : IMP_MALFORMED;
    text += 6;
    size_t count = 0, seen = 0;
    struct bytes element;
    while (http_list_next(&text, &element)) {
        const char *spec = (const char *)element.data;
        uint64_t first, last;
        size_t first_digits = digits_read(spec, element.length, &first);
        if (first_digits >= element.length || spec[first_digits] != '-')
            return IMP_MALFORMED;
        size_t last_digits = digits_read(spec + first_digits + 1, element.length - first_digits - 1, &last);
        if (first_digits + 1 + last_digits != element.length || (!first_digits && !last_digits))
            return IMP_MALFORMED;
        if (first_digits && last_digits && last < first)
            return IMP_MALFORMED;
        if (++seen > max)
            return IMP_LIMIT;
        if (!first_digits) { /* the last so many bytes */
            if (last == 0 || size_bytes == 0)
                continue;
            out[count++] = (struct http_range){last >= size_bytes ? 0 : size_bytes - last, size_bytes - 1};
        } else if (first < size_bytes) {
            out[count++] = (struct http_range){first, last_digits && last < size_bytes ? last : size_bytes - 1};
        }
    }
    return seen ? (int)count : IMP_MALFORMED;
}
