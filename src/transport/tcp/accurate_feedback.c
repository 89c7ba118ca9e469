/* What the peer's accurate ECN tells the sender (RFC 9768 section 3.2.2.5 and appendix A): how many packets were marked since it last told.
 *
 * ACE has three bits. An acknowledgement of at most seven segments tells exactly: the difference to what is known, modulo eight. One of more may
 * hide whole rounds of eight. Then the greatest count that the segments allow is the safe one, and it is taken, unless something speaks for the
 * small one: no byte was marked, by the option; or by far not enough bytes for the safe count; or the path thins ACKs out all the time
 * (four segments to an ACK, on average), so that to be safe would be to see marks for ever.
 *
 * Only an acknowledgement that brings something new is listened to (news of data, or a newer timestamp): an old one that arrives late would
 * tell an old count, which, modulo eight, looks like a new one.
 *
 * An ACK without option, between others with it, is taken to go on with the one count that moved in the last option; the next option puts it
 * right. A count that is zero where it began at one was erased on the way, and the option is not read any more. One that turns up
 * late, after 2^23 bytes, may have wrapped unseen, and is not either.
 *
 * No state but struct accurate_ecn's, no timers. */
#include "base/number.h"
#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

enum {
    ACE_SHIFT = 6,
    ACE_MASK = 7,
    CEP_FIRST = 5,
    ROUND = 8,
    MEAN_SHIFT = 6,   /* the mean's unit, and its weight */
    MEAN_THINNED = 4, /* segments */
    SAFETY_SHIFT = 1, /* appendix A.2.2's SAFETY_FACTOR, 2 */
};
#define LATE_BYTES ((UINT64_C(1) << 23) - 1)

void accurate_option_seen(struct tcp_connection *c, const struct tcp_ecn_counts *ecn)
{
    struct accurate_ecn *a = c->accurate;
    if (a->seen >= ACCURATE_SEEN_COUNTS)
        return;
    bool erased = (ecn->count > 0 && ecn->field[0] == 0) || (ecn->count == TCP_ECN_COUNTS_MAX && ecn->field[2] == 0);
    a->seen = erased ? ACCURATE_SEEN_ZEROED : ecn->count ? ACCURATE_SEEN_COUNTS : ACCURATE_SEEN_EMPTY;
    if (!erased)
        return;
    a->failed |= ACCURATE_OPTION_RECEIVING;
    event_ecn_failed(c, "the option's counts were erased on the way");
}

/* How far the peer's count is from ours: at most 2^23 either way. */
static int32_t moved(const struct accurate_ecn *a, uint8_t field, uint32_t told)
{
    uint32_t first = field == ECN_CE ? 0 : 1;
    uint32_t distance = (told - first - a->delivered_bytes[field]) & ECN_COUNT_MASK;
    return distance > ECN_COUNT_MASK / 2 ? (int32_t)distance - (int32_t)(ECN_COUNT_MASK + 1) : (int32_t)distance;
}

/* False: which bytes this acknowledgement was about is not clear. */
static bool option_read(struct accurate_ecn *a, const struct tcp_ecn_counts *ecn)
{
    static const uint8_t fields[2][TCP_ECN_COUNTS_MAX] = {{ECN_ECT_0, ECN_CE, ECN_ECT_1}, {ECN_ECT_1, ECN_CE, ECN_ECT_0}};
    uint8_t estimate = a->estimate, first = ECN_NOT_ECT;
    bool clear = estimate != ECN_NOT_ECT, muddled = false;
    for (unsigned i = 0; i < ecn->count; i++) {
        uint8_t field = fields[ecn->order_1][i];
        int32_t distance = moved(a, field, ecn->field[i]);
        if (distance == 0)
            continue;
        if (distance < 0 && a->delivered_bytes[field] < (uint32_t)-distance) { /* it cannot be below its beginning */
            muddled = true;
            continue;
        }
        a->delivered_bytes[field] += (uint32_t)distance;
        muddled |= distance < 0 || (field != estimate && first != ECN_NOT_ECT);
        if (field != estimate && first == ECN_NOT_ECT)
            first = field;
    }
    if (first != ECN_NOT_ECT)
        a->estimate = first;
    if (muddled)
        a->estimate = ECN_NOT_ECT;
    return clear && !muddled;
}

static bool bytes_learn(struct tcp_connection *c, const struct ack_news *news)
{
    struct accurate_ecn *a = c->accurate;
    if (a->failed & ACCURATE_OPTION_RECEIVING)
        return false;
    if (news->segment->options & TCP_OPTION_ACCURATE_ECN) {
        accurate_option_seen(c, &news->segment->ecn);
        return !(a->failed & ACCURATE_OPTION_RECEIVING) && option_read(a, &news->segment->ecn);
    }
    if (a->seen == ACCURATE_SEEN_NONE && c->count.bytes_sent >= LATE_BYTES)
        a->failed |= ACCURATE_OPTION_RECEIVING;
    if (a->seen == ACCURATE_SEEN_NONE || a->estimate == ECN_NOT_ECT)
        return false;
    a->delivered_bytes[a->estimate] += news->delivered_bytes;
    return true;
}

static bool path_thins_out(struct accurate_ecn *a, uint32_t segments)
{
    if (segments && a->segments_mean)
        a->segments_mean = ((a->segments_mean << MEAN_SHIFT) - a->segments_mean + (segments << MEAN_SHIFT)) >> MEAN_SHIFT;
    else if (segments)
        a->segments_mean = segments << MEAN_SHIFT;
    return a->segments_mean > MEAN_THINNED << MEAN_SHIFT;
}

/* Appendix A.2: of `segments`, more than one round of them, at least `few` were marked, or as many as modulo eight are no more than all. */
static uint32_t marks_of_many(const struct tcp_connection *c, const struct ack_news *news, uint32_t segments, uint32_t few,
                              uint32_t marked_bytes)
{
    uint32_t safe = segments - ((segments - few) & ACE_MASK), bytes = news->delivered_bytes;
    bool counted = c->flags & CONNECTION_SACK || c->recovery.state == RECOVERY_OPEN || c->recovery.state == RECOVERY_REDUCING;
    if (marked_bytes == 0)
        return few;
    if (segments >= 2 * ROUND && counted) { /* by the share of bytes */
        if (bytes <= marked_bytes)
            return safe;
        uint32_t estimate = (uint32_t)(((uint64_t)marked_bytes * segments + bytes - 1) / bytes);
        return least(safe, few + (estimate & ~(uint32_t)ACE_MASK));
    }
    if (marked_bytes > few * c->mss)
        return safe;
    return marked_bytes < safe * c->mss >> SAFETY_SHIFT ? few : safe;
}

/* Segments that this acknowledgement tells of for the first time; without SACK, duplicates told of some already. */
static uint32_t segments_delivered(const struct tcp_connection *c, const struct ack_news *news)
{
    if (c->flags & CONNECTION_SACK || !news->acked_segments)
        return news->delivered;
    return news->acked_segments > c->sent.sacked + 1 ? news->acked_segments - c->sent.sacked : 1;
}

/* The ACK of our SYN+ACK, whose ACE is a code and no count; and each further one when that was sent again. */
static bool opens_connection(struct tcp_connection *c, const struct ack_news *news)
{
    struct accurate_ecn *a = c->accurate;
    bool third = a->third;
    a->third = false;
    return third || (a->answered_twice && !news->advanced && news->segment->payload_bytes == 0 &&
                     sequence_equal(news->segment->acknowledgement, sequence_add(c->snd.iss, 1)) &&
                     sequence_equal(news->segment->sequence, sequence_add(c->rcv.irs, 1)));
}

void accurate_feedback(struct tcp_connection *c, struct ack_news *news)
{
    struct accurate_ecn *a = c->accurate;
    if (opens_connection(c, news) || news->segment->flags & TCP_SYN || !(news->advanced || news->newly_sacked || a->newer))
        return;
    uint32_t had = a->delivered_bytes[ECN_CE], segments = segments_delivered(c, news);
    bool clear = bytes_learn(c, news), thinned = path_thins_out(a, segments);
    if (a->failed & ACCURATE_ACE_RECEIVING)
        return;
    unsigned ace = news->segment->flags >> ACE_SHIFT & ACE_MASK;
    uint32_t marks = (ace - CEP_FIRST - c->delivered_ce) & ACE_MASK;
    if (segments > ACE_MASK && clear)
        marks = marks_of_many(c, news, segments, marks, a->delivered_bytes[ECN_CE] - had);
    else if (segments > ACE_MASK && !thinned)
        marks = segments - ((segments - marks) & ACE_MASK);
    c->delivered_ce += marks;
    news->marked = marks;
    news->echo = marks > 0;
}
