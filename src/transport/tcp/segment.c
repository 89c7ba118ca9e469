/* The TCP header on the wire (RFC 9293 section 3.1).
 *
 * Twenty fixed bytes, then options, padded to a multiple of four by the data offset. Options are kind-length-value, except for the two
 * one-byte ones (0 ends the list, 1 fills). parse() turns the bytes into struct tcp_segment and judges only what cannot be a
 * header; whether a segment makes sense is the state machine's affair. build() writes options in the order and with the filling that
 * Linux uses, so that captures look familiar and the timestamps are aligned.
 *
 * In a running connection nearly every header is either 20 bytes or the 32 of "NOP NOP timestamps", so that one layout is
 * recognised by a single comparison (RFC 7323 Appendix A recommends it for this very purpose).
 *
 * The order of SACK and window scale never matters: they are not on one segment.
 *
 * Left out on purpose: TCP-MD5 and TCP-AO (no key management here), and MPTCP, which are passed over. */
#include "transport/tcp/segment.h"

#include <assert.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"

enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WINDOW_SCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_USER_TIMEOUT = 28,
    KIND_FAST_OPEN = 34,
    KIND_ACCURATE_ECN_0 = 172,
    KIND_ACCURATE_ECN_1 = 174,
    KIND_EXPERIMENT = 254,
    EXPERIMENT_FAST_OPEN = 0xf989, /* RFC 6994's number of the experiment that became RFC 7413 */
};
enum {
    USER_TIMEOUT_MINUTES = 0x8000, /* the granularity bit */
    FLAGS_MASK = 0x1ff,
    ECN_FIELD_BYTES = 3,
};
#define TIMESTAMPS_ALIGNED UINT32_C(0x0101080a) /* NOP, NOP, kind 8, length 10 */

static void parse_sack(struct reader *value, struct tcp_segment *out)
{
    size_t count = value->length / 8;
    if (count == 0 || count > TCP_SACK_BLOCKS_MAX || value->length % 8 != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        out->sack[i].start.n = reader_u32(value);
        out->sack[i].end.n = reader_u32(value);
    }
    out->sack_count = (uint8_t)count;
    out->options |= TCP_OPTION_SACK;
}

static void parse_cookie(struct reader *value, bool experimental, struct tcp_segment *out)
{
    size_t length = reader_left(value);
    if (length != 0 && (length < 4 || length > TCP_FAST_OPEN_COOKIE_MAX || length % 2 != 0))
        return;
    out->experimental = experimental;
    out->cookie_length = (uint8_t)length;
    reader_copy(value, out->cookie, length);
    out->options |= TCP_OPTION_FAST_OPEN;
}

/* RFC 9768 section 3.2.3: of any other length, the whole fields count and the rest is filling. */
static void parse_ecn(struct reader *value, bool order_1, struct tcp_segment *out)
{
    size_t count = value->length / ECN_FIELD_BYTES;
    count = count < TCP_ECN_COUNTS_MAX ? count : TCP_ECN_COUNTS_MAX;
    out->ecn = (struct tcp_ecn_counts){.order_1 = order_1, .count = (uint8_t)count};
    for (size_t i = 0; i < out->ecn.count; i++) {
        uint32_t high = reader_u8(value);
        out->ecn.field[i] = high << 16 | reader_u16(value);
    }
    out->options |= TCP_OPTION_ACCURATE_ECN;
}

static void parse_option(uint8_t kind, struct reader value, struct tcp_segment *out)
{
    size_t length = value.length;
    if (kind == KIND_MSS && length == 2) {
        out->mss = reader_u16(&value);
        out->options |= TCP_OPTION_MSS;
    } else if (kind == KIND_WINDOW_SCALE && length == 1) {
        uint8_t scale = reader_u8(&value);
        out->window_scale = scale > TCP_WINDOW_SCALE_MAX ? TCP_WINDOW_SCALE_MAX : scale; /* RFC 7323 2.3 */
        out->options |= TCP_OPTION_WINDOW_SCALE;
    } else if (kind == KIND_SACK_PERMITTED && length == 0) {
        out->options |= TCP_OPTION_SACK_PERMITTED;
    } else if (kind == KIND_TIMESTAMPS && length == 8) {
        out->timestamp = reader_u32(&value);
        out->timestamp_echo = reader_u32(&value);
        out->options |= TCP_OPTION_TIMESTAMPS;
    } else if (kind == KIND_SACK) {
        parse_sack(&value, out);
    } else if (kind == KIND_FAST_OPEN) {
        parse_cookie(&value, false, out);
    } else if (kind == KIND_EXPERIMENT && length >= 2 && reader_u16(&value) == EXPERIMENT_FAST_OPEN) {
        parse_cookie(&value, true, out);
    } else if (kind == KIND_USER_TIMEOUT && length == 2) {
        uint16_t word = reader_u16(&value);
        out->user_timeout_minutes = word & USER_TIMEOUT_MINUTES;
        out->user_timeout = word & (USER_TIMEOUT_MINUTES - 1);
        out->options |= TCP_OPTION_USER_TIMEOUT;
    } else if (kind == KIND_ACCURATE_ECN_0 || kind == KIND_ACCURATE_ECN_1) {
        parse_ecn(&value, kind == KIND_ACCURATE_ECN_1, out);
    }
}

static void parse_options(struct reader options, struct tcp_segment *out)
{
    while (reader_left(&options) > 0) {
        uint8_t kind = reader_u8(&options);
        if (kind == KIND_END)
            return;
        if (kind == KIND_NOP)
            continue;
        uint8_t length = reader_u8(&options);
        if (options.failed || length < 2)
            return;
        const uint8_t *value = reader_take(&options, (size_t)length - 2);
        if (!value)
            return;
        parse_option(kind, reader_of(value, (size_t)length - 2), out);
    }
}

int tcp_segment_parse(const uint8_t *data, size_t length, uint32_t total, struct tcp_segment *out)
{
    if (length < TCP_HEADER_BYTES || total < length)
        return IMP_MALFORMED;
    uint32_t header = (uint32_t)(data[12] >> 4) * 4;
    if (header < TCP_HEADER_BYTES || header > length)
        return IMP_MALFORMED;
    out->source_port = load_u16(data);
    out->destination_port = load_u16(data + 2);
    out->sequence.n = load_u32(data + 4);
    out->acknowledgement.n = load_u32(data + 8);
    out->header_bytes = (uint8_t)header;
    out->flags = load_u16(data + 12) & FLAGS_MASK;
    out->window = load_u16(data + 14);
    out->urgent = load_u16(data + 18);
    out->payload_bytes = total - header;
    out->options = 0;
    out->sack_count = 0;
    if (header == TCP_HEADER_BYTES)
        return 0;
    if (header == TCP_HEADER_BYTES + TCP_TIMESTAMPS_BYTES && load_u32(data + 20) == TIMESTAMPS_ALIGNED) {
        out->timestamp = load_u32(data + 24);
        out->timestamp_echo = load_u32(data + 28);
        out->options = TCP_OPTION_TIMESTAMPS;
        return 0;
    }
    parse_options(reader_of(data + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES), out);
    return 0;
}

static uint32_t fast_open_base(const struct tcp_segment *segment) { return segment->experimental ? 4 : 2; }

/* Most options are led by NOPs that align them; the end of the accurate ECN option, which aligns nothing, may lie in the place of those of the
 * option behind it. */
static unsigned leading_nops(const struct tcp_segment *segment)
{
    uint8_t options = segment->options;
    if (options & TCP_OPTION_SACK ||
        (options & (TCP_OPTION_SACK_PERMITTED | TCP_OPTION_TIMESTAMPS)) == TCP_OPTION_SACK_PERMITTED)
        return 2;
    return options & TCP_OPTION_WINDOW_SCALE ? 1 : 0;
}

/* How many bytes of the accurate ECN option lie there. */
static unsigned ecn_overlap(const struct tcp_segment *segment)
{
    unsigned over = (2u + ECN_FIELD_BYTES * segment->ecn.count) % 4;
    return over <= leading_nops(segment) ? over : 0;
}

/* Timestamps take 12 bytes with their filling, except that on a SYN the two NOPs give way to "SACK permitted". */
uint32_t tcp_segment_option_bytes(const struct tcp_segment *segment)
{
    uint32_t n = 0;
    uint8_t options = segment->options;
    if (options & TCP_OPTION_MSS)
        n += 4;
    if (options & TCP_OPTION_TIMESTAMPS)
        n += 12;
    else if (options & TCP_OPTION_SACK_PERMITTED)
        n += 4;
    if (options & TCP_OPTION_ACCURATE_ECN)
        n += (2u + ECN_FIELD_BYTES * segment->ecn.count - ecn_overlap(segment) + 3) & ~3u;
    if (options & TCP_OPTION_WINDOW_SCALE)
        n += 4;
    if (options & TCP_OPTION_SACK)
        n += 4 + 8 * (uint32_t)segment->sack_count;
    if (options & TCP_OPTION_FAST_OPEN)
        n += (fast_open_base(segment) + segment->cookie_length + 3) & ~UINT32_C(3);
    if (options & TCP_OPTION_USER_TIMEOUT)
        n += 4;
    return n;
}

uint32_t tcp_segment_header_bytes(const struct tcp_segment *segment)
{
    if (segment->options == TCP_OPTION_TIMESTAMPS) /* nearly all */
        return TCP_HEADER_BYTES + TCP_TIMESTAMPS_BYTES;
    uint32_t n = TCP_HEADER_BYTES + (segment->options ? tcp_segment_option_bytes(segment) : 0);
    assert(n <= TCP_HEADER_MAXIMUM_BYTES);
    return n;
}

static void write_timestamps(struct writer *w, const struct tcp_segment *segment)
{
    if (segment->options & TCP_OPTION_SACK_PERMITTED) {
        writer_u32(w, (uint32_t)KIND_SACK_PERMITTED << 24 | 2 << 16 | KIND_TIMESTAMPS << 8 | 10);
    } else {
        writer_u32(w, TIMESTAMPS_ALIGNED);
    }
    writer_u32(w, segment->timestamp);
    writer_u32(w, segment->timestamp_echo);
}

static void write_nops(struct writer *w, unsigned count)
{
    while (count--)
        writer_u8(w, KIND_NOP);
}

/* Returns how many of its bytes take the place of the next option's NOPs. */
static unsigned write_ecn(struct writer *w, const struct tcp_segment *segment)
{
    const struct tcp_ecn_counts *ecn = &segment->ecn;
    unsigned length = 2u + ECN_FIELD_BYTES * ecn->count, overlap = ecn_overlap(segment);
    writer_u8(w, ecn->order_1 ? KIND_ACCURATE_ECN_1 : KIND_ACCURATE_ECN_0);
    writer_u8(w, (uint8_t)length);
    for (unsigned i = 0; i < ecn->count; i++) {
        writer_u8(w, (uint8_t)(ecn->field[i] >> 16));
        writer_u16(w, (uint16_t)ecn->field[i]);
    }
    write_nops(w, overlap ? 0 : (4 - length % 4) % 4);
    return overlap;
}

static void write_sack(struct writer *w, const struct tcp_segment *segment, unsigned nops)
{
    write_nops(w, nops);
    writer_u16(w, (uint16_t)(KIND_SACK << 8 | (2u + 8u * segment->sack_count)));
    for (unsigned i = 0; i < segment->sack_count; i++) {
        writer_u32(w, segment->sack[i].start.n);
        writer_u32(w, segment->sack[i].end.n);
    }
}

static void write_options(struct writer *w, const struct tcp_segment *segment)
{
    uint8_t options = segment->options;
    unsigned overlap = 0;
    if (options & TCP_OPTION_MSS)
        writer_u32(w, (uint32_t)KIND_MSS << 24 | 4 << 16 | segment->mss);
    if (options & TCP_OPTION_TIMESTAMPS)
        write_timestamps(w, segment);
    if (options & TCP_OPTION_ACCURATE_ECN)
        overlap = write_ecn(w, segment);
    if ((options & (TCP_OPTION_TIMESTAMPS | TCP_OPTION_SACK_PERMITTED)) == TCP_OPTION_SACK_PERMITTED) {
        write_nops(w, 2 - overlap);
        writer_u16(w, KIND_SACK_PERMITTED << 8 | 2);
        overlap = 0;
    }
    if (options & TCP_OPTION_SACK) {
        write_sack(w, segment, 2 - overlap);
        overlap = 0;
    }
    if (options & TCP_OPTION_WINDOW_SCALE) {
        write_nops(w, 1 - overlap);
        writer_u8(w, KIND_WINDOW_SCALE);
        writer_u16(w, (uint16_t)(3 << 8 | segment->window_scale));
    }
    if (options & TCP_OPTION_FAST_OPEN) {
        unsigned length = fast_open_base(segment) + segment->cookie_length;
        writer_u8(w, segment->experimental ? KIND_EXPERIMENT : KIND_FAST_OPEN);
        writer_u8(w, (uint8_t)length);
        if (segment->experimental)
            writer_u16(w, EXPERIMENT_FAST_OPEN);
        writer_bytes(w, segment->cookie, segment->cookie_length);
        write_nops(w, (4u - length % 4u) % 4u);
    }
    if (options & TCP_OPTION_USER_TIMEOUT)
        writer_u32(w, (uint32_t)KIND_USER_TIMEOUT << 24 | 4 << 16 |
                          (segment->user_timeout_minutes ? (uint32_t)USER_TIMEOUT_MINUTES : 0) | segment->user_timeout);
}

static inline uint32_t first_word(const struct tcp_segment *segment)
{
    return (uint32_t)segment->source_port << 16 | segment->destination_port;
}
static inline uint32_t fourth_word(const struct tcp_segment *segment, uint32_t header_bytes)
{
    return (header_bytes / 4 << 12 | (segment->flags & FLAGS_MASK)) << 16 | segment->window;
}

uint32_t tcp_segment_build(const struct tcp_segment *segment, uint8_t *out)
{
    uint32_t header = tcp_segment_header_bytes(segment);
    /* In whole words, since its sum may be taken at once by words: a word that was just written in halves makes the processor wait. */
    store_u32(out, first_word(segment));
    store_u32(out + 4, segment->sequence.n);
    store_u32(out + 8, segment->acknowledgement.n);
    store_u32(out + 12, fourth_word(segment, header));
    store_u32(out + 16, segment->urgent); /* no checksum yet */
    if (segment->options == TCP_OPTION_TIMESTAMPS) {
        store_u32(out + 20, TIMESTAMPS_ALIGNED);
        store_u32(out + 24, segment->timestamp);
        store_u32(out + 28, segment->timestamp_echo);
    } else if (segment->options) {
        struct writer w = writer_of(out + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES);
        write_options(&w, segment);
        assert(!w.failed && w.at == w.capacity);
    }
    return header;
}

/* The words of nearly all headers are at hand, and need not be read again to be summed. */
void tcp_segment_build_summed(const struct tcp_segment *segment, uint8_t *out, uint32_t sum)
{
    uint32_t header = tcp_segment_build(segment, out);
    if (segment->options == TCP_OPTION_TIMESTAMPS) {
        uint64_t words = (uint64_t)first_word(segment) + segment->sequence.n + segment->acknowledgement.n +
                         fourth_word(segment, header) + segment->urgent + TIMESTAMPS_ALIGNED + segment->timestamp +
                         segment->timestamp_echo + sum;
        sum = checksum_combine((uint32_t)words, (uint32_t)(words >> 32));
    } else {
        sum = checksum_words(out, header / 4, sum);
    }
    store_u16(out + TCP_CHECKSUM_OFFSET, checksum_finish(sum));
}

/* "ecn e1b 1 ceb 0 e0b 1001" */
static const char *print_ecn(const struct tcp_ecn_counts *ecn, char *out, size_t size)
{
    static const char *const names[2][TCP_ECN_COUNTS_MAX] = {{"e0b", "ceb", "e1b"}, {"e1b", "ceb", "e0b"}};
    int at = snprintf(out, size, ecn->count ? "ecn" : ecn->order_1 ? "ecn 1" : "ecn 0");
    for (unsigned i = 0; i < ecn->count && at >= 0 && (size_t)at < size; i++)
        at += snprintf(out + at, size - (size_t)at, " %s %u", names[ecn->order_1][i], ecn->field[i]);
    return out;
}

static void print_options(const struct tcp_segment *s, char *out, size_t size, size_t at)
{
    const char *separator = " <";
#define ADD(...)                                                                                                               \
    do {                                                                                                                       \
        at += (size_t)snprintf(out + at, at < size ? size - at : 0, __VA_ARGS__);                                              \
        if (at > size)                                                                                                         \
            at = size;                                                                                                         \
        separator = ",";                                                                                                       \
    } while (0)
    if (s->options & TCP_OPTION_MSS)
        ADD("%smss %u", separator, s->mss);
    if (s->options & TCP_OPTION_SACK_PERMITTED)
        ADD("%ssack ok", separator);
    if (s->options & TCP_OPTION_TIMESTAMPS)
        ADD("%sts %u %u", separator, s->timestamp, s->timestamp_echo);
    if (s->options & TCP_OPTION_ACCURATE_ECN)
        ADD("%s%s", separator, print_ecn(&s->ecn, (char[64]){0}, 64));
    if (s->options & TCP_OPTION_WINDOW_SCALE)
        ADD("%swscale %u", separator, s->window_scale);
    for (unsigned i = 0; i < s->sack_count && s->options & TCP_OPTION_SACK; i++)
        ADD("%ssack %u:%u", separator, s->sack[i].start.n, s->sack[i].end.n);
    if (s->options & TCP_OPTION_FAST_OPEN)
        ADD("%s%sfast open %u", separator, s->experimental ? "experimental " : "", s->cookie_length);
    if (s->options & TCP_OPTION_USER_TIMEOUT)
        ADD("%suto %u%s", separator, s->user_timeout, s->user_timeout_minutes ? "min" : "s");
    if (s->options)
        ADD(">");
    ADD(" length %u", s->payload_bytes);
#undef ADD
    (void)separator;
}

char *tcp_segment_print(const struct tcp_segment *s, char *out, size_t size_bytes)
{
    static const struct {
        uint16_t flag;
        char letter;
    } letters[] = {{TCP_SYN, 'S'}, {TCP_FIN, 'F'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'}, {TCP_URG, 'U'},
                   {TCP_ECE, 'E'}, {TCP_CWR, 'W'}, {TCP_AE, 'e'},  {TCP_ACK, '.'}};
    char flags[10];
    size_t n = 0;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (s->flags & letters[i].flag)
            flags[n++] = letters[i].letter;
    flags[n] = 0;
    int at = snprintf(out, size_bytes, "%u > %u [%s] seq %u", s->source_port, s->destination_port, flags, s->sequence.n);
    size_t end = at < 0 ? 0 : (size_t)at < size_bytes ? (size_t)at : size_bytes;
    if (s->flags & TCP_ACK)
        end += (size_t)snprintf(out + end, size_bytes - end, " ack %u", s->acknowledgement.n);
    if (end > size_bytes)
        end = size_bytes;
    end += (size_t)snprintf(out + end, size_bytes - end, " win %u", s->window);
    print_options(s, out, size_bytes, end > size_bytes ? size_bytes : end);
    return out;
}
