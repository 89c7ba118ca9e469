/* curl's command line.
 *
 * One table says what imp's curl knows: each option's letter, its long name, and whether it takes a value. Short options may be clustered
 * ("-sSv"), a value may be attached ("-ofile") or follow; long names may be shortened as long as they stay unique, as in curl. What
 * curl knows and imp does not yet is refused in so many words, so that nobody takes silence for support; what neither knows gets curl's own
 * complaint, on standard error, with exit status 2.
 *
 * Data of several -d are joined by '&'. "@file" and "@-" read through the tool's own door to files and standard input. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tools/curl.h"

enum option_id {
    SILENT,
    SHOW_ERROR,
    VERBOSE,
    INCLUDE,
    HEAD,
    REQUEST,
    DATA,
    DATA_RAW,
    DATA_BINARY,
    HEADER,
    OUTPUT,
    REMOTE_NAME,
    WRITE_OUT,
    LOCATION,
    MAX_REDIRS,
    FAIL,
    IPV4,
    IPV6,
    RANGE,
    USER_AGENT,
    REFERER,
    USER,
    PROXY,
    MAX_TIME,
    CONNECT_TIMEOUT,
    LIMIT_RATE,
    FAST_OPEN,
    RESOLVE,
    INSECURE,
    GET,
    HTTP11,
    HTTP10,
    URL,
    NO_PROGRESS,
    VERSION,
    HELP,
    NO_BUFFER,
    GLOBOFF,
    UNSUPPORTED_FLAG,
    UNSUPPORTED_VALUE,
};
static const struct known_option {
    char letter;
    const char *name;
    bool value;
    enum option_id id;
} OPTIONS[] = {
    {'s', "silent", false, SILENT},
    {'S', "show-error", false, SHOW_ERROR},
    {'v', "verbose", false, VERBOSE},
    {'i', "include", false, INCLUDE},
    {'I', "head", false, HEAD},
    {'X', "request", true, REQUEST},
    {'d', "data", true, DATA},
    {0, "data-ascii", true, DATA},
    {0, "data-raw", true, DATA_RAW},
    {0, "data-binary", true, DATA_BINARY},
    {'H', "header", true, HEADER},
    {'o', "output", true, OUTPUT},
    {'O', "remote-name", false, REMOTE_NAME},
    {'w', "write-out", true, WRITE_OUT},
    {'L', "location", false, LOCATION},
    {0, "max-redirs", true, MAX_REDIRS},
    {'f', "fail", false, FAIL},
    {'4', "ipv4", false, IPV4},
    {'6', "ipv6", false, IPV6},
    {'r', "range", true, RANGE},
    {'A', "user-agent", true, USER_AGENT},
    {'e', "referer", true, REFERER},
    {'u', "user", true, USER},
    {'x', "proxy", true, PROXY},
    {'m', "max-time", true, MAX_TIME},
    {0, "connect-timeout", true, CONNECT_TIMEOUT},
    {0, "limit-rate", true, LIMIT_RATE},
    {0, "tcp-fastopen", false, FAST_OPEN},
    {0, "resolve", true, RESOLVE},
    {'k', "insecure", false, INSECURE},
    {'G', "get", false, GET},
    {0, "http1.1", false, HTTP11},
    {'0', "http1.0", false, HTTP10},
    {0, "url", true, URL},
    {'#', "progress-bar", false, NO_PROGRESS},
    {0, "no-progress-meter", false, NO_PROGRESS},
    {'N', "no-buffer", false, NO_BUFFER},
    {'g', "globoff", false, GLOBOFF},
    {'V', "version", false, VERSION},
    {'h', "help", false, HELP},
    {'T', "upload-file", true, UNSUPPORTED_VALUE},
    {'F', "form", true, UNSUPPORTED_VALUE},
    {'b', "cookie", true, UNSUPPORTED_VALUE},
    {'c', "cookie-jar", true, UNSUPPORTED_VALUE},
    {'C', "continue-at", true, UNSUPPORTED_VALUE},
    {'K', "config", true, UNSUPPORTED_VALUE},
    {'D', "dump-header", true, UNSUPPORTED_VALUE},
    {'J', "remote-header-name", false, UNSUPPORTED_FLAG},
    {'Z', "parallel", false, UNSUPPORTED_FLAG},
    {'n', "netrc", false, UNSUPPORTED_FLAG},
    {0, "compressed", false, UNSUPPORTED_FLAG},
    {0, "http2", false, UNSUPPORTED_FLAG},
    {0, "http3", false, UNSUPPORTED_FLAG},
    {0, "retry", true, UNSUPPORTED_VALUE},
    {0, "cacert", true, UNSUPPORTED_VALUE},
    {0, "interface", true, UNSUPPORTED_VALUE},
    {0, "data-urlencode", true, UNSUPPORTED_VALUE},
    {0, "unix-socket", true, UNSUPPORTED_VALUE},
};

static int complain(struct tool_run *run, const char *word, const char *what)
{
    tool_complain(run, "curl: option %s: %s\ncurl: try 'curl --help' for more information\n", word, what);
    return CURL_USAGE;
}

/* "20k": bytes a second, powers of 1024. */
static bool parse_rate(const char *text, uint64_t *bytes)
{
    char *end;
    double number = strtod(text, &end);
    int shift = *end == 'k' || *end == 'K' ? 10 : *end == 'm' || *end == 'M' ? 20 : *end == 'g' || *end == 'G' ? 30 : 0;
    if (end == text || end[shift != 0] || !(number > 0) || number > 1e9)
        return false;
    *bytes = (uint64_t)(number * (double)(UINT64_C(1) << shift));
    return *bytes > 0;
}

/* "1.5" seconds. */
static bool parse_seconds(const char *text, int64_t *ns)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0) || seconds > 1e9)
        return false;
    *ns = (int64_t)(seconds * (double)NS_PER_S);
    return true;
}

/* All of standard input, into `out`. */
static int read_input(struct tool_run *run, struct text *out)
{
    char piece[4096];
    for (;;) {
        ssize_t n = run->io->in ? run->io->in(run->io->context, piece, sizeof piece, INSTANT_NEVER) : 0;
        if (n <= 0)
            return n < 0 ? (int)n : 0;
        if (out->length + (size_t)n > CURL_DATA_BYTES_MAX)
            return IMP_LIMIT;
        text_add_bytes(out, piece, (size_t)n);
    }
}

static int read_file(struct tool_run *run, const char *path, struct text *out)
{
    size_t length;
    int error = IMP_NOT_FOUND;
    uint8_t *bytes =
        run->io->file_read ? run->io->file_read(run->io->context, path, CURL_DATA_BYTES_MAX, &length, &error) : NULL;
    if (!bytes)
        return error;
    text_add_bytes(out, bytes, length);
    memory_free(bytes);
    return 0;
}

/* -d: "@file" loses its line ends, as curl has it; --data-binary keeps them; --data-raw knows no '@'. */
static void add_data(struct tool_run *run, struct curl_options *options, const char *value, enum option_id id)
{
    struct text read = {0};
    if (options->has_data && options->data.length)
        text_add_char(&options->data, '&');
    options->has_data = true;
    if (*value != '@' || id == DATA_RAW) {
        text_add(&options->data, value);
        return;
    }
    if ((strcmp(value, "@-") == 0 ? read_input(run, &read) : read_file(run, value + 1, &read)) && !options->silent)
        tool_complain(run, "Warning: Couldn't read data from file \"%s\", this makes an empty POST.\n", value + 1);
    for (size_t i = 0; i < read.length; i++)
        if (id == DATA_BINARY || (read.data[i] != '\r' && read.data[i] != '\n' && read.data[i]))
            text_add_bytes(&options->data, read.data + i, 1);
    text_free(&read);
}

/* host:port:address */
static bool add_resolve(struct curl_options *options, const char *value)
{
    struct curl_resolve *to = &options->resolves[options->resolve_count];
    const char *colon = strchr(value, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
    uint64_t port;
    if (!second || options->resolve_count == CURL_RESOLVES_MAX)
        return false;
    char *text = arena_copy_bytes(&options->arena, colon + 1, (size_t)(second - colon - 1));
    char *address = arena_copy_text(&options->arena, *++second == '[' ? second + 1 : second);
    address[strcspn(address, "],")] = 0;
    if (number_parse(text, 65535, &port) || ip_parse(address, &to->address))
        return false;
    to->host = arena_copy_bytes(&options->arena, value, (size_t)(colon - value));
    to->port = (uint16_t)port;
    options->resolve_count++;
    return true;
}

/* Outputs are for URLs in their order, wherever they stand on the line. */
static int add_output(struct tool_run *run, struct curl_options *options, const char *path, bool remote_name)
{
    if (options->output_count == CURL_URLS_MAX)
        return complain(run, "-o", "too many of them");
    struct curl_target *target = &options->targets[options->output_count++];
    target->output = path;
    target->remote_name = remote_name;
    return 0;
}

static int add_url(struct tool_run *run, struct curl_options *options, const char *url)
{
    if (options->target_count == CURL_URLS_MAX)
        return complain(run, url, "too many URLs");
    options->targets[options->target_count++].url = url;
    return 0;
}

static int take_flag(struct tool_run *run, struct curl_options *o, enum option_id id, const char *word)
{
    switch (id) {
    case SILENT: o->silent = true; return 0;
    case SHOW_ERROR: o->show_error = true; return 0;
    case VERBOSE: o->verbose = true; return 0;
    case INCLUDE: o->include = true; return 0;
    case HEAD: o->head = o->include = true; return 0;
    case REMOTE_NAME: return add_output(run, o, NULL, true);
    case LOCATION: o->follow = true; return 0;
    case FAIL: o->fail = true; return 0;
    case IPV4: o->family = 4; return 0;
    case IPV6: o->family = 6; return 0;
    case GET: o->get = true; return 0;
    case FAST_OPEN: o->fast_open = true; return 0;
    case HTTP10: o->http10 = true; return 0;
    case VERSION: o->version = true; return 0;
    case HELP: o->help = true; return 0;
    case UNSUPPORTED_FLAG: return complain(run, word, "imp's curl does not support this option yet");
    default: return 0; /* what is so anyway: --http1.1, -k, -N, -g, the progress meter's form */
    }
}

static int take_value(struct tool_run *run, struct curl_options *o, enum option_id id, const char *word, const char *value)
{
    uint64_t number;
    switch (id) {
    case REQUEST: o->method = value; return 0;
    case DATA:
    case DATA_RAW:
    case DATA_BINARY: add_data(run, o, value, id); return 0;
    case HEADER:
        if (o->header_count == CURL_HEADERS_MAX)
            return complain(run, word, "too many of them");
        if (!http_is_field_value(value, strlen(value)))
            return complain(run, word, "a line break in a header");
        o->headers[o->header_count++] = value;
        return 0;
    case OUTPUT: return add_output(run, o, value, false);
    case WRITE_OUT: o->write_out = value; return 0;
    case MAX_REDIRS:
        if (strcmp(value, "-1") == 0)
            o->redirects_max = -1;
        else if (number_parse(value, 1000000, &number))
            return complain(run, word, "expected a proper numerical parameter");
        else
            o->redirects_max = (long)number;
        return 0;
    case RANGE: o->range = value; return 0;
    case USER_AGENT: o->user_agent = value; return 0;
    case REFERER: o->referer = value; return 0;
    case USER: o->user = value; return 0;
    case MAX_TIME:
    case CONNECT_TIMEOUT:
        if (!parse_seconds(value, id == MAX_TIME ? &o->time_max_ns : &o->connect_max_ns))
            return complain(run, word, "expected a proper numerical parameter");
        return 0;
    case LIMIT_RATE:
        return parse_rate(value, &o->rate_bytes) ? 0 : complain(run, word, "expected a number of bytes, such as 20k");
    case RESOLVE: return add_resolve(o, value) ? 0 : complain(run, word, "expected HOST:PORT:ADDRESS");
    case URL: return add_url(run, o, value);
    case PROXY: return complain(run, word, "imp's curl does not support proxies yet");
    default: return complain(run, word, "imp's curl does not support this option yet");
    }
}

static const struct known_option *find_letter(char letter)
{
    for (size_t i = 0; i < count_of(OPTIONS); i++)
        if (OPTIONS[i].letter == letter)
            return &OPTIONS[i];
    return NULL;
}

/* The whole name, or a beginning that only one has. */
static const struct known_option *find_name(const char *name)
{
    const struct known_option *found = NULL;
    for (size_t i = 0; i < count_of(OPTIONS); i++) {
        if (strcmp(OPTIONS[i].name, name) == 0)
            return &OPTIONS[i];
        if (strncmp(OPTIONS[i].name, name, strlen(name)) == 0) {
            if (found)
                return NULL;
            found = &OPTIONS[i];
        }
    }
    return found;
}

/* "-sSo file": each letter in turn; one with a value takes the rest of the word, or the next one. */
static int take_cluster(struct tool_run *run, struct curl_options *options, int *at)
{
    for (const char *p = run->argv[*at] + 1; *p; p++) {
        char word[3] = {'-', *p, 0};
        const struct known_option *option = find_letter(*p);
        int error;
        if (!option)
            return complain(run, word, "is unknown");
        if (!option->value) {
            error = take_flag(run, options, option->id, word);
        } else {
            const char *value = p[1] ? p + 1 : *at + 1 < run->argc ? run->argv[++*at] : NULL;
            return value ? take_value(run, options, option->id, word, value) : complain(run, word, "requires parameter");
        }
        if (error)
            return error;
    }
    return 0;
}

static int take_long(struct tool_run *run, struct curl_options *options, int *at)
{
    const char *word = run->argv[*at];
    const struct known_option *option = find_name(word + 2);
    if (!option)
        return complain(run, word, "is unknown");
    if (!option->value)
        return take_flag(run, options, option->id, word);
    if (*at + 1 >= run->argc)
        return complain(run, word, "requires parameter");
    return take_value(run, options, option->id, word, run->argv[++*at]);
}

int curl_parse_options(struct tool_run *run, struct curl_options *options)
{
    bool only_urls = false;
    options->redirects_max = 50;
    for (int at = 1; at < run->argc; at++) {
        const char *word = run->argv[at];
        int error = 0;
        if (only_urls || word[0] != '-' || !word[1])
            error = add_url(run, options, word);
        else if (strcmp(word, "--") == 0)
            only_urls = true;
        else
            error = word[1] == '-' ? take_long(run, options, &at) : take_cluster(run, options, &at);
        if (error)
            return error;
    }
    if (options->write_out && *options->write_out == '@') {
        struct text format = {0};
        if (read_file(run, options->write_out + 1, &format)) {
            text_free(&format);
            return complain(run, "-w", "error encountered when reading a file");
        }
        options->write_out = arena_copy_text(&options->arena, text_string(&format));
        text_free(&format);
    }
    if (!options->version && !options->help && options->target_count == 0) {
        tool_complain(run, "curl: try 'curl --help' for more information\n");
        return CURL_USAGE;
    }
    return 0;
}
