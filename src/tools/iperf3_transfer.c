/* iperf3: moving the data of a test, and the small change of its control connection.
 *
 * One task does it all, as the real iperf3's one thread does: it writes where there is room, reads where there is something, and waits for any of
 * the connections, for the next report, or for the moment when a paced stream may go on. Nothing is started beside it, so a test leaves nothing
 * behind when its node loses power.
 *
 * A stream with a rate sends a block whenever what it has sent is behind what the rate allows since the test began; the next moment
 * is computed, not polled. Data is a block of pseudo-random bytes, the same for all streams; a UDP datagram begins with the time and its
 * number, from which the receiver tells jitter (RFC 3550 section 6.4.1) and loss.
 *
 * With -O the figures, and the clock, begin anew after some seconds. With -Z the block is lent and not copied (net/net_lend.h); with -F a file is
 * sent in its place, and the test ends with it.
 *
 * The server has one socket for all UDP streams of a test, and tells them apart by their peers; the client has one for each. On this machine
 * the clock only moves while a task waits, so after a number of blocks without a wait there is a short sleep. */
#include <math.h>
#include <string.h>

#include "application/dns/stub.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "net/net_config.h"
#include "net/net_lend.h"
#include "tools/iperf3.h"

enum { BLOCKS_WITHOUT_REST = 64 };

bool iperf3_interrupted(struct iperf3_test *test)
{
    const struct tool_io *io = test->run->io;
    if (io->interrupted && io->interrupted(io->context))
        test->interrupted = true;
    return test->interrupted;
}

static struct instant answer_by(const struct iperf3_test *test)
{
    return instant_add(net_now(test->net), IPERF3_ANSWER_S * NS_PER_S);
}

int iperf3_state_send(struct iperf3_test *test, enum iperf3_state state)
{
    return stream_write(test->control, &(int8_t){(int8_t)state}, 1, answer_by(test));
}

int iperf3_json_send(struct iperf3_test *test, const struct text *json)
{
    uint8_t length[4];
    store_u32(length, (uint32_t)json->length);
    int error = stream_write(test->control, length, sizeof length, answer_by(test));
    return error ? error : stream_write(test->control, json->data, json->length, answer_by(test));
}

char *iperf3_json_receive(struct iperf3_test *test, size_t *length, int *error)
{
    uint8_t header[4];
    if ((*error = stream_read_all(test->control, header, sizeof header, answer_by(test))) != 0)
        return NULL;
    *length = load_u32(header);
    if (*length == 0 || *length > IPERF3_JSON_BYTES_MAX) {
        *error = IMP_TOO_BIG;
        return NULL;
    }
    char *json = memory_take(*length);
    if ((*error = stream_read_all(test->control, json, *length, answer_by(test))) == 0)
        return json;
    memory_free(json);
    return NULL;
}

int iperf3_bind_address(struct iperf3_test *test, struct ip *out)
{
    bool known = !test->bind || test->bound.family ||
                 dns_resolve(test->net, test->bind, test->family, answer_by(test), &test->bound, 1) == 1;
    *out = test->bound;
    return known ? 0 : IMP_NOT_FOUND;
}

int iperf3_file_read(struct iperf3_test *test)
{
    const struct tool_io *io = test->run->io;
    int error = IMP_UNSUPPORTED;
    if (!test->file || test->file_bytes)
        return 0;
    if (io->file_read)
        test->file_bytes = io->file_read(io->context, test->file, IPERF3_FILE_BYTES_MAX, &test->file_length, &error);
    if (!test->file_bytes)
        return iperf3_complain(test, "error - unable to open %s: %s", test->file, imp_error_text(error));
    return 0;
}

struct iperf3_stream *iperf3_stream_add(struct iperf3_test *test, bool sends)
{
    unsigned index = test->stream_count++;
    struct iperf3_stream *stream = &test->streams[index];
    /* The numbers are what the real one's descriptors would be: the connections, and the server's listeners between them. */
    *stream = (struct iperf3_stream){.sends = sends,
                                     .id = iperf3_stream_id(index),
                                     .number = test->server && !test->parameters.udp ? (index ? 7 + (int)index : 5)
                                               : test->server                        ? 5 + (int)index
                                                                                     : 5 + 2 * (int)index};
    return stream;
}

double iperf3_elapsed_s(const struct iperf3_test *test)
{
    return (double)instant_since(net_now(test->net), test->begin) / (double)NS_PER_S;
}

/* ---- sending ---- */

/* When the stream may send its next block; now or earlier: at once. */
static struct instant due(const struct iperf3_test *test, const struct iperf3_stream *stream)
{
    if (!test->parameters.rate_bps)
        return test->begin;
    if (test->parameters.burst > 1 && stream->blocks % test->parameters.burst)
        return test->begin; /* the rest of a burst goes at once */
    double seconds = (double)stream->bytes * 8 / (double)test->parameters.rate_bps;
    return instant_add(test->begin, (int64_t)(seconds * (double)NS_PER_S));
}

static bool all_sent(const struct iperf3_test *test)
{
    uint64_t bytes = 0, blocks = 0;
    if (test->omitting)
        return false;
    for (unsigned i = 0; i < test->stream_count; i++) {
        const struct iperf3_stream *stream = &test->streams[i];
        bytes += stream->bytes;
        blocks += stream->blocks;
        if (test->file_bytes && stream->sends && stream->file_at == test->file_length)
            return true;
    }
    return (test->parameters.bytes && bytes >= test->parameters.bytes) ||
           (test->parameters.blocks && blocks >= test->parameters.blocks);
}

static int udp_send_block(struct iperf3_test *test, struct iperf3_stream *stream)
{
    int64_t wall = net_now(test->net).ns + net_wall_offset_ns(test->net);
    uint32_t number = (uint32_t)(stream->sequence + 1);
    store_u32(test->block, (uint32_t)(wall / NS_PER_S));
    store_u32(test->block + 4, (uint32_t)(wall % NS_PER_S / NS_PER_US));
    store_u32(test->block + 8, test->parameters.counters_64bit ? 0 : number);
    if (test->parameters.counters_64bit)
        store_u32(test->block + 12, number);
    int error = udp_send(stream->udp, test->block, test->parameters.block_bytes, &stream->udp_remote);
    if (error == IMP_BUSY)
        return error;
    stream->sequence++; /* one that could not be sent is lost: the receiver sees the gap */
    stream->packets = stream->sequence - stream->sequence_omitted;
    return (int)test->parameters.block_bytes;
}

static ssize_t tcp_send_block(struct iperf3_test *test, struct iperf3_stream *stream)
{
    uint32_t bytes = test->parameters.block_bytes;
    if (!test->file_bytes)
        return test->zero_copy ? stream_lend_some(stream->tcp, test->lent, 0, bytes, INSTANT_ZERO)
                               : stream_write_some(stream->tcp, test->block, bytes, INSTANT_ZERO);
    size_t left = test->file_length - stream->file_at, n = left < bytes ? left : bytes;
    if (n == 0)
        return IMP_TIMEOUT;
    ssize_t sent = test->zero_copy
                       ? stream_lend_some(stream->tcp, test->lent, (uint32_t)stream->file_at, (uint32_t)n, INSTANT_ZERO)
                       : stream_write_some(stream->tcp, test->file_bytes + stream->file_at, n, INSTANT_ZERO);
    stream->file_at += sent > 0 ? (size_t)sent : 0;
    return sent;
}

/* One block, or what fits. IMP_BUSY when nothing may go now. */
static int send_block(struct iperf3_test *test, struct iperf3_stream *stream)
{
    if (!instant_reached(net_now(test->net), due(test, stream)))
        return IMP_BUSY;
    ssize_t sent = test->parameters.udp ? udp_send_block(test, stream) : tcp_send_block(test, stream);
    if (sent == IMP_TIMEOUT)
        return IMP_BUSY;
    if (sent < 0)
        return (int)sent;
    stream->bytes += (uint64_t)sent;
    stream->blocks += (size_t)sent == test->parameters.block_bytes;
    return 0;
}

/* ---- receiving ---- */

static int receive_block(struct iperf3_test *test, struct iperf3_stream *stream)
{
    ssize_t got = stream_read(stream->tcp, test->block, test->parameters.block_bytes, INSTANT_ZERO);
    if (got == IMP_TIMEOUT)
        return IMP_BUSY;
    if (got <= 0) {
        stream->ended = true;
        return IMP_BUSY;
    }
    if (test->file && !stream->sends && test->run->io->file_write)
        (void)test->run->io->file_write(test->run->io->context, test->file, test->block, (size_t)got);
    stream->bytes += (uint64_t)got;
    stream->blocks += (size_t)got == test->parameters.block_bytes;
    return 0;
}

static void count_datagram(const struct iperf3_test *test, struct iperf3_stream *stream, struct reader *r, size_t length)
{
    double sent = reader_u32(r), micro = reader_u32(r);
    int64_t number = reader_u32(r);
    if (test->parameters.counters_64bit)
        number = number << 32 | reader_u32(r);
    if (r->failed)
        return;
    stream->bytes += length;
    if (number > stream->sequence) {
        stream->lost += number - stream->sequence - 1;
        stream->sequence = number;
        stream->packets = number - stream->sequence_omitted;
    } else {
        stream->out_of_order++;
        stream->lost -= stream->lost > 0;
    }
    double now = (double)(net_now(test->net).ns + net_wall_offset_ns(test->net)) / (double)NS_PER_S;
    double transit = now - (sent + micro / 1e6);
    if (stream->transit_known)
        stream->jitter_s += (fabs(transit - stream->transit_s) - stream->jitter_s) / 16;
    stream->transit_s = transit;
    stream->transit_known = true;
}

static struct iperf3_stream *stream_from(struct iperf3_test *test, const struct endpoint *from)
{
    for (unsigned i = 0; i < test->stream_count; i++) {
        struct iperf3_stream *stream = &test->streams[i];
        if (stream->udp_remote.port == from->port && ip_equal(&stream->udp_remote.address, &from->address))
            return stream;
    }
    return NULL;
}

/* `stream`: whose socket it is; NULL: the server's, for all. */
static int receive_datagram(struct iperf3_test *test, struct iperf3_stream *stream)
{
    struct endpoint from;
    ssize_t got = udp_receive(stream ? stream->udp : test->udp, test->block, test->parameters.block_bytes, &from, INSTANT_ZERO);
    if (got < 0)
        return got == IMP_TIMEOUT ? IMP_BUSY : (int)got;
    if (!stream)
        stream = stream_from(test, &from);
    if (stream && !stream->sends) {
        struct reader r = reader_of(test->block, (size_t)got);
        count_datagram(test, stream, &r, (size_t)got);
    }
    return 0;
}

/* ---- the loop ---- */

/* Everything that can go now, a block at a time and in turns. False when it has to rest before more. */
static int move(struct iperf3_test *test)
{
    for (unsigned round = 0; round < BLOCKS_WITHOUT_REST; round++) {
        bool moved = false;
        if (!test->server && all_sent(test))
            return 0;
        for (unsigned i = 0; i < test->stream_count; i++) {
            struct iperf3_stream *stream = &test->streams[i];
            int result = IMP_BUSY;
            if (stream->sends && !stream->ended && !(test->server && all_sent(test)))
                result = send_block(test, stream);
            else if (!stream->sends && !stream->ended && !test->parameters.udp)
                result = receive_block(test, stream);
            else if (!stream->sends && !stream->ended && !test->server)
                result = receive_datagram(test, stream);
            if (result != 0 && result != IMP_BUSY)
                stream->ended = true; /* the control connection tells what happened, or fails too */
            moved |= result == 0;
        }
        if (test->udp_open) {
            int result = receive_datagram(test, NULL);
            moved |= result == 0;
        }
        if (!moved)
            return 0;
    }
    return net_sleep(test->net, instant_add(net_now(test->net), 1));
}

/* Waits until something can go on. 1 when the control connection can be read, 2 for the listener, 0 otherwise. */
static int wait_for_more(struct iperf3_test *test, struct instant until)
{
    struct wait_source sources[IPERF3_STREAMS_MAX + 3];
    size_t count = 0;
    struct instant now = net_now(test->net), wake = instant_min(until, instant_add(now, IPERF3_TICK_MS * NS_PER_MS));
    sources[count++] = wait_on(WAIT_READ, test->control);
    if (test->server)
        sources[count++] = wait_on(WAIT_ACCEPT, test->listener);
    bool done = all_sent(test);
    for (unsigned i = 0; i < test->stream_count; i++) {
        const struct iperf3_stream *stream = &test->streams[i];
        struct instant next = due(test, stream);
        if (stream->ended || (stream->sends && done))
            continue;
        if (stream->sends && !instant_reached(now, next))
            wake = instant_min(wake, next);
        else if (!test->parameters.udp)
            sources[count++] = wait_on(stream->sends ? WAIT_WRITE : WAIT_READ, stream->tcp);
        else if (!stream->sends && !test->server)
            sources[count++] = wait_on(WAIT_UDP, stream->udp);
    }
    if (test->udp_open)
        sources[count++] = wait_on(WAIT_UDP, test->udp);
    int ready = net_wait(test->net, sources, count, wake);
    if (ready == IMP_TIMEOUT)
        return 0;
    return ready < 0 ? ready : ready == 0 ? 1 : ready == 1 && test->server ? 2 : 0;
}

/* Someone else wants a test while this one goes on. */
static void turn_away(struct iperf3_test *test)
{
    struct stream stranger;
    if (listener_accept(test->listener, INSTANT_ZERO, &stranger) != 0)
        return;
    (void)stream_write_some(stranger, &(int8_t){IPERF3_ACCESS_DENIED}, 1, INSTANT_ZERO);
    (void)stream_close(stranger);
}

void iperf3_transfer_begin(struct iperf3_test *test)
{
    test->begin = test->last_report = net_now(test->net);
    test->next_report = test->interval_ns ? instant_add(test->begin, test->interval_ns) : INSTANT_NEVER;
    uint32_t bytes = test->parameters.block_bytes;
    test->omitting = test->parameters.omit_s > 0;
    test->omit_end = instant_add(test->begin, test->parameters.omit_s * NS_PER_S);
    test->block = memory_take_zeroed(bytes > 64 ? bytes : 64, 1);
    if (test->parameters.repeating)
        for (uint32_t i = 0; i < bytes; i++)
            test->block[i] = (uint8_t)('0' + i % 10);
    else
        net_random_fill(test->net, test->block, bytes);
    if (!test->zero_copy)
        return;
    test->lent = block_create(test->file_bytes ? (uint32_t)test->file_length : bytes);
    memcpy(test->lent->data, test->file_bytes ? test->file_bytes : test->block, test->lent->capacity);
    block_sum(test->lent);
}

/* The time that does not count is over (-O): all figures begin anew, and with them the clock. */
static void omit_ends(struct iperf3_test *test)
{
    struct socket_inside inside;
    struct instant now = net_now(test->net);
    if (instant_before(test->last_report, now) && test->interval_ns)
        iperf3_report_interval(test);
    test->omitting = false;
    test->begin = test->last_report = now;
    test->next_report = test->interval_ns ? instant_add(now, test->interval_ns) : INSTANT_NEVER;
    for (unsigned i = 0; i < test->stream_count; i++) {
        struct iperf3_stream *stream = &test->streams[i];
        bool tcp = !test->parameters.udp && stream->sends;
        if (tcp && net_stream_inside(stream->tcp, &inside) == 0)
            stream->retransmits_omitted = (int64_t)inside.retransmits;
        stream->sequence_omitted = stream->sequence;
        stream->lost_omitted += stream->lost;
        stream->bytes = stream->bytes_reported = stream->blocks = 0;
        stream->packets = stream->packets_reported = stream->lost = stream->lost_reported = stream->out_of_order = 0;
        stream->retransmits = stream->retransmits_reported = 0;
    }
}

int iperf3_transfer(struct iperf3_test *test, struct instant until, int *state)
{
    int8_t byte;
    *state = 0;
    for (;;) {
        struct instant now = net_now(test->net);
        if (iperf3_interrupted(test))
            return IMP_CANCELLED;
        if (instant_reached(now, test->next_report) && (test->server || instant_before(now, until))) {
            iperf3_report_interval(test);
            test->next_report = instant_add(test->next_report, test->interval_ns);
        }
        if (test->omitting && instant_reached(now, test->omit_end))
            omit_ends(test);
        if (!test->server && (instant_reached(now, until) || all_sent(test)))
            return 0;
        int error = move(test);
        if (!error && !test->server && all_sent(test))
            return 0;
        struct instant wake = instant_min(until, test->next_report);
        if (test->omitting)
            wake = instant_min(wake, test->omit_end);
        int ready = error ? error : wait_for_more(test, wake);
        if (ready < 0)
            return ready;
        if (ready == 2)
            turn_away(test);
        if (ready == 1) {
            ssize_t got = stream_read(test->control, &byte, 1, answer_by(test));
            if (got <= 0)
                return got == 0 ? IMP_CLOSED : (int)got;
            *state = byte;
            return 0;
        }
    }
}

/* ---- results ---- */

void iperf3_results_mine(struct iperf3_test *test, struct iperf3_results *out)
{
    struct socket_inside inside;
    double end = (double)instant_since(test->last_report, test->begin) / (double)NS_PER_S;
    *out = (struct iperf3_results){.count = test->stream_count};
    for (unsigned i = 0; i < test->stream_count; i++) {
        const struct iperf3_stream *stream = &test->streams[i];
        bool counts = stream->sends && !test->parameters.udp;
        out->sender_has_retransmits |= counts;
        out->streams[i] = (struct iperf3_stream_result){.id = stream->id,
                                                        .bytes = stream->bytes,
                                                        .retransmits = counts ? stream->retransmits : -1,
                                                        .jitter_s = stream->jitter_s,
                                                        .errors = stream->lost + stream->lost_omitted,
                                                        .packets = stream->sequence,
                                                        .end_s = end};
        if (!test->parameters.udp && net_stream_inside(stream->tcp, &inside) == 0 && inside.congestion)
            memcpy(out->congestion, inside.congestion,
                   strlen(inside.congestion) < sizeof out->congestion ? strlen(inside.congestion) : sizeof out->congestion - 1);
    }
}

void iperf3_results_theirs(struct iperf3_test *test)
{
    for (unsigned i = 0; i < test->stream_count; i++)
        for (size_t k = 0; k < test->theirs.count; k++)
            if (test->theirs.streams[k].id == test->streams[i].id) {
                test->streams[i].other = test->theirs.streams[k];
                test->streams[i].other.packets -= test->streams[i].sequence_omitted; /* they count all, as version 3.12 does */
            }
}

void iperf3_test_end(struct iperf3_test *test)
{
    for (unsigned i = 0; i < test->stream_count; i++)
        if (!test->parameters.udp)
            (void)(test->streams[i].sends ? stream_close(test->streams[i].tcp) : stream_reset(test->streams[i].tcp));
        else if (!test->server)
            (void)udp_close(test->streams[i].udp);
    if (test->udp_open)
        (void)udp_close(test->udp);
    if (test->control_open)
        (void)stream_close(test->control);
    test->control_open = test->udp_open = false;
    test->stream_count = 0;
    memory_free(test->block);
    block_release(test->lent);
    memory_free(test->their_output);
    if (test->file && !test->file_bytes && test->run->io->file_write)
        (void)test->run->io->file_write(test->run->io->context, test->file, NULL, 0);
    test->block = NULL;
    test->lent = NULL;
    test->their_output = NULL;
    text_free(&test->told);
    text_free(&test->intervals);
    text_free(&test->connected);
}
