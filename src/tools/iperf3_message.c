/* iperf3's messages: the JSON of its two exchanges, its cookie, its way of writing numbers.
 *
 * The real iperf3 (3.12) is the reference: names and types of the fields are those that it sends and reads, and unknown ones are passed over.
 * Its numbers may be larger than a JSON library's integers: a counter that is not known is sent as 2^64 - 1. So every number is
 * read as a real, clamped, and cast.
 *
 * What comes from the other side is limited here: the number of streams, the block, and the length of each text. Nothing in this file waits or
 * keeps state; it is tested and fuzzed by itself. */
#include "tools/iperf3_message.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* ---- JSON ---- */

static void dump(json_t *object, struct text *out)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
    text_add(out, text ? text : "{}");
    free(text);
    json_decref(object);
}

static json_t *load(const char *json, size_t length)
{
    json_error_t error;
    json_t *object = json_loadb(json, length, JSON_DECODE_INT_AS_REAL, &error);
    if (object && !json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static void set_number(json_t *object, const char *key, uint64_t number)
{
    json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* A number of a field, 0 when it is absent. *bad when it is no number, or not within the limits. */
static uint64_t number_of(const json_t *object, const char *key, double most, bool *bad)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return 0;
    double number = json_is_true(value) ? 1 : json_number_value(value);
    if (!(json_is_number(value) || json_is_boolean(value)) || !(number >= 0 && number <= most)) {
        *bad = true;
        return 0;
    }
    return (uint64_t)number;
}

static int64_t signed_of(const json_t *object, const char *key)
{
    double number = json_number_value(json_object_get(object, key));
    return fabs(number) < 9e15 ? (int64_t)number : -1; /* 2^64 - 1 means: not known */
}

static void copy_word(const json_t *object, const char *key, char *out, size_t size)
{
    const char *word = json_string_value(json_object_get(object, key));
    snprintf(out, size, "%s", word ? word : "");
}

/* ---- the test's parameters ---- */

void iperf3_parameters_build(const struct iperf3_parameters *p, struct text *out)
{
    json_t *object = json_object();
    json_object_set_new(object, p->udp ? "udp" : "tcp", json_true());
    set_number(object, "omit", p->omit_s);
    set_number(object, "time", p->time_s);
    set_number(object, "num", p->bytes);
    set_number(object, "blockcount", p->blocks);
    if (p->mss)
        set_number(object, "MSS", p->mss);
    if (p->no_delay)
        json_object_set_new(object, "nodelay", json_true());
    set_number(object, "parallel", p->parallel);
    if (p->reverse)
        json_object_set_new(object, "reverse", json_true());
    if (p->bidirectional)
        json_object_set_new(object, "bidirectional", json_true());
    if (p->window_bytes)
        set_number(object, "window", p->window_bytes);
    set_number(object, "len", p->block_bytes);
    if (p->rate_bps)
        set_number(object, "bandwidth", p->rate_bps);
    if (p->burst)
        set_number(object, "burst", p->burst);
    set_number(object, "pacing_timer", 1000);
    if (p->traffic_class)
        set_number(object, "TOS", p->traffic_class);
    if (p->server_output)
        set_number(object, "get_server_output", 1);
    if (p->counters_64bit)
        set_number(object, "udp_counters_64bit", 1);
    if (p->repeating)
        set_number(object, "repeating_payload", 1);
    if (p->dont_fragment)
        set_number(object, "dont_fragment", 1);
    if (*p->congestion)
        json_object_set_new(object, "congestion", json_string(p->congestion));
    json_object_set_new(object, "client_version", json_string("3.12"));
    dump(object, out);
}

int iperf3_parameters_parse(const char *json, size_t length, struct iperf3_parameters *p)
{
    json_t *object = load(json, length);
    bool bad = false;
    *p = (struct iperf3_parameters){.parallel = 1};
    if (!object)
        return IMP_MALFORMED;
    p->udp = number_of(object, "udp", 1, &bad) != 0;
    p->reverse = number_of(object, "reverse", 1, &bad) != 0;
    p->bidirectional = number_of(object, "bidirectional", 1, &bad) != 0;
    p->no_delay = number_of(object, "nodelay", 1, &bad) != 0;
    p->counters_64bit = number_of(object, "udp_counters_64bit", 1, &bad) != 0;
    p->server_output = number_of(object, "get_server_output", 1, &bad) != 0;
    p->repeating = number_of(object, "repeating_payload", 1, &bad) != 0;
    p->dont_fragment = number_of(object, "dont_fragment", 1, &bad) != 0;
    p->traffic_class = (uint8_t)number_of(object, "TOS", 255, &bad);
    p->burst = (uint32_t)number_of(object, "burst", IPERF3_BURST_MAX, &bad);
    p->omit_s = (uint32_t)number_of(object, "omit", 600, &bad);
    p->time_s = (uint32_t)number_of(object, "time", 86400, &bad);
    p->bytes = number_of(object, "num", 1e18, &bad);
    p->blocks = number_of(object, "blockcount", 1e18, &bad);
    p->mss = (uint32_t)number_of(object, "MSS", 65535, &bad);
    p->window_bytes = (uint32_t)number_of(object, "window", 1 << 30, &bad);
    p->rate_bps = number_of(object, "bandwidth", 1e15, &bad);
    p->block_bytes = (uint32_t)number_of(object, "len", IPERF3_BLOCK_MAX, &bad);
    if (json_object_get(object, "parallel"))
        p->parallel = (uint32_t)number_of(object, "parallel", IPERF3_STREAMS_MAX, &bad);
    copy_word(object, "congestion", p->congestion, sizeof p->congestion);
    json_decref(object);
    if (p->block_bytes == 0)
        p->block_bytes = p->udp ? 1448 : IPERF3_BLOCK_TCP;
    if (p->udp && (p->block_bytes > IPERF3_UDP_MAX || p->block_bytes < 16))
        bad = true;
    if (p->parallel == 0 || p->parallel * (p->bidirectional ? 2 : 1) > IPERF3_STREAMS_MAX)
        bad = true;
    return bad ? IMP_INVALID : 0;
}

/* ---- the results ---- */

void iperf3_results_build(const struct iperf3_results *results, struct text *out)
{
    json_t *object = json_object(), *streams = json_array();
    json_object_set_new(object, "cpu_util_total", json_real(0));
    json_object_set_new(object, "cpu_util_user", json_real(0));
    json_object_set_new(object, "cpu_util_system", json_real(0));
    json_object_set_new(object, "sender_has_retransmits", json_integer(results->sender_has_retransmits ? 1 : 0));
    if (*results->congestion)
        json_object_set_new(object, "congestion_used", json_string(results->congestion));
    for (size_t i = 0; i < results->count; i++) {
        const struct iperf3_stream_result *from = &results->streams[i];
        json_t *stream = json_object();
        json_object_set_new(stream, "id", json_integer(from->id));
        set_number(stream, "bytes", from->bytes);
        json_object_set_new(stream, "retransmits", json_integer(from->retransmits));
        json_object_set_new(stream, "jitter", json_real(from->jitter_s));
        json_object_set_new(stream, "errors", json_integer(from->errors));
        json_object_set_new(stream, "packets", json_integer(from->packets));
        json_object_set_new(stream, "start_time", json_real(from->start_s));
        json_object_set_new(stream, "end_time", json_real(from->end_s));
        json_array_append_new(streams, stream);
    }
    json_object_set_new(object, "streams", streams);
    if (results->output && results->output_json)
        json_object_set_new(object, "server_output_json", json_loads(results->output, 0, NULL));
    else if (results->output)
        json_object_set_new(object, "server_output_text", json_string(results->output));
    dump(object, out);
}

/* What the server said of the test, when it was asked for that. */
static void take_output(const json_t *object, struct iperf3_results *results)
{
    const json_t *text = json_object_get(object, "server_output_text"),
                 *document = json_object_get(object, "server_output_json");
    if (json_is_string(text)) {
        results->their_output = memory_copy_text(json_string_value(text));
    } else if (json_is_object(document)) {
        char *printed = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(12));
        results->their_output = memory_copy_text(printed ? printed : "{}");
        results->output_json = true;
        free(printed);
    }
}

int iperf3_results_parse(const char *json, size_t length, struct iperf3_results *results)
{
    json_t *object = load(json, length), *stream;
    size_t at;
    bool bad = false;
    *results = (struct iperf3_results){.count = 0};
    if (!object)
        return IMP_MALFORMED;
    results->sender_has_retransmits = signed_of(object, "sender_has_retransmits") > 0;
    copy_word(object, "congestion_used", results->congestion, sizeof results->congestion);
    json_t *streams = json_object_get(object, "streams");
    bad = !json_is_array(streams) || json_array_size(streams) > IPERF3_STREAMS_MAX;
    if (!bad)
        json_array_foreach(streams, at, stream)
        {
            bad |= !json_is_object(stream);
            results->streams[results->count++] =
                (struct iperf3_stream_result){.id = (int)(uint8_t)number_of(stream, "id", 255, &bad),
                                              .bytes = number_of(stream, "bytes", 1e18, &bad),
                                              .retransmits = signed_of(stream, "retransmits"),
                                              .jitter_s = json_number_value(json_object_get(stream, "jitter")),
                                              .errors = signed_of(stream, "errors"),
                                              .packets = signed_of(stream, "packets"),
                                              .start_s = json_number_value(json_object_get(stream, "start_time")),
                                              .end_s = json_number_value(json_object_get(stream, "end_time"))};
        }
    if (!bad)
        take_output(object, results);
    json_decref(object);
    return bad ? IMP_MALFORMED : 0;
}

/* ---- small things ---- */

int iperf3_stream_id(unsigned index) { return index == 0 ? 1 : (int)index + 2; }

void iperf3_cookie_make(const uint8_t random[IPERF3_COOKIE_BYTES - 1], char out[IPERF3_COOKIE_BYTES])
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (unsigned i = 0; i < IPERF3_COOKIE_BYTES - 1; i++)
        out[i] = LETTERS[random[i] % 32];
    out[IPERF3_COOKIE_BYTES - 1] = '\0';
}

static char *print_number(double number, const char *unit, char *out, size_t size)
{
    snprintf(out, size, number < 9.995 ? "%4.2f %s" : number < 99.95 ? "%4.1f %s" : "%4.0f %s", number, unit);
    return out;
}

static char *print(double number, double base, const char *const *units, char *out, size_t size)
{
    unsigned unit = 0;
    while (number >= base && unit < 4) {
        number /= base;
        unit++;
    }
    return print_number(number, units[unit], out, size);
}

char *iperf3_bytes_print(double bytes, char *out, size_t size)
{
    static const char *const UNITS[] = {"Bytes", "KBytes", "MBytes", "GBytes", "TBytes"};
    return print(bytes, 1024, UNITS, out, size);
}

char *iperf3_bits_print(double bits, char format, char *out, size_t size)
{
    static const char *const UNITS[] = {"bits", "Kbits", "Mbits", "Gbits", "Tbits"}, *const BYTES[] = {"Bytes", "KBytes",
                                                                                                       "MBytes", "GBytes",
                                                                                                       "TBytes"};
    static const char LETTERS[] = "kmgtKMGT";
    const char *letter = format ? strchr(LETTERS, format) : NULL;
    if (!letter)
        return print(bits, 1000, UNITS, out, size);
    unsigned place = (unsigned)(letter - LETTERS), unit = place % 4 + 1;
    bool bytes = place >= 4;
    double number = bytes ? bits / 8 : bits;
    for (unsigned i = 0; i < unit; i++)
        number /= bytes ? 1024 : 1000;
    return print_number(number, bytes ? BYTES[unit] : UNITS[unit], out, size);
}

static int suffixed(const char *text, double base, uint64_t *out)
{
    char *end;
    double number = strtod(text, &end), factor = 1;
    const char *letters = "kmgt", *letter = *end ? strchr(letters, *end | 0x20) : NULL;
    if (end == text || !(number >= 0))
        return IMP_MALFORMED;
    for (const char *l = letters; letter && l <= letter; l++)
        factor *= base;
    if (*end && (!letter || end[1]))
        return IMP_MALFORMED;
    if (number * factor > 1e18)
        return IMP_MALFORMED;
    *out = (uint64_t)(number * factor);
    return 0;
}

int iperf3_size_parse(const char *text, uint64_t *out) { return suffixed(text, 1024, out); }
int iperf3_rate_parse(const char *text, uint64_t *out) { return suffixed(text, 1000, out); }
