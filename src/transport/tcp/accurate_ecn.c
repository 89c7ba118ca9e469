/* Accurate ECN (RFC 9768): agreeing on it, and telling the peer what arrived. accurate_feedback.c understands what the peer tells.
 *
 * Classic ECN tells a sender that something was marked in the last round trip, once. Here the receiver counts. Three bits of the header, ACE (the
 * flags AE, CWR and ECE read as one number), carry the count of packets that came marked CE, modulo eight, on every segment. An
 * option carries the counts of payload bytes by what the IP header's ECN field said when they came. So the sender knows how much was
 * marked, and whether some middlebox rewrites or erases the field.
 *
 *   SYN                ACE 111 asks. The second retransmission asks for nothing: a middlebox may drop such SYNs (section 3.1.4.1)
 *   SYN+ACK            010, 011, 100, 110 say yes, and tell how the SYN came (not-ECT, ECT(1), ECT(0), CE); 001 falls back to classic ECN; 000
 *                      and 111 to none. 101 is kept for the future and means yes (section 3.1.3). The first retransmission goes without
 *                      the option, the second without ACE
 *   ACK of SYN+ACK     tells in the same way how the SYN+ACK came, provided it carries no data; each repeated SYN+ACK is answered so
 *   everything else    5 + the count. All of it is sent as ECT(0), also pure ACKs and retransmissions
 *
 * The count begins at five, the byte counts of ECT(0) and ECT(1) at one, so that a middlebox that zeroes them is seen. Where the handshake shows
 * that flags or fields were mangled on the way, this side tells its peer on, but no longer sends anything that could be marked
 * (section 3.2.2.3). tcp_ecn_fallback 0 takes both of these fallbacks away.
 *
 * An ACK leaves at once when data came whose field differs from that of the segment before, or when a second mark waits to be told; on ACKs
 * without data, when three wait, and then only with SACK, since else they would look like duplicates (section 3.2.2.5.1).
 *
 * The option goes on every segment that has room (tcp_ecn_option 2), or where it matters (1): in the two segments after a change or a mark,
 * whenever a count passes a multiple of 2^22, and tcp_ecn_option_beacon times in a round trip. It must have the counts that moved since it
 * was last sent, CE before ECT(0) (it is sent in order 1 only); with none of the others it may be shorter. For its sake
 * there are fewer SACK blocks, but never fewer than two. It is sent once the peer's own was seen, so a path that drops segments for it
 * is not troubled; and no more when two ACKs with it were lost, so that the peer sent the same data a third time (section 3.2.3.2.2).
 *
 * Without this agreement nothing here runs: others look at one pointer. No timers. */
#include "transport/tcp/accurate_ecn.h"

#include "base/memory.h"
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

enum {
    ACE_SHIFT = 6, /* TCP_ECE, TCP_CWR and TCP_AE are neighbours */
    ACE_MASK = 7,
    CEP_FIRST = 5,
    MARKS_TO_TELL = 2,      /* with data to acknowledge: section 3.2.2.5.1's n */
    MARKS_TO_TELL_ACKS = 3, /* without; less would never end */
    WAITING_MAX = 15,
    OPTIONS_AFTER_CHANGE = 2,
    SYN_RETRIES_ASKING = 1,
    SYN_ACK_RETRIES_TELLING = 1,
    SACK_BLOCKS_LEAST = 2,
};
#define BEACON_BYTES UINT32_C(0x400000) /* section 3.2.3.3: long before 2^24 bytes go by */

static uint16_t ace_flags(unsigned ace) { return (uint16_t)((ace & ACE_MASK) << ACE_SHIFT); }
static unsigned ace_of(const struct tcp_segment *segment) { return segment->flags >> ACE_SHIFT & ACE_MASK; }

/* Table 2's and table 3's code for how a SYN or SYN+ACK came. */
uint16_t accurate_handshake_code(uint8_t field)
{
    static const uint8_t codes[ECN_MASK + 1] = {[ECN_NOT_ECT] = 2, [ECN_ECT_1] = 3, [ECN_ECT_0] = 4, [ECN_CE] = 6};
    return ace_flags(codes[field & ECN_MASK]);
}

static uint8_t handshake_field(unsigned ace)
{
    static const uint8_t fields[ACE_MASK + 1] = {[3] = ECN_ECT_1, [4] = ECN_ECT_0, [6] = ECN_CE};
    return fields[ace]; /* what is not in use stands for "as it was sent", and we send these not-ECT */
}

/* Only a peer that was told of it sends these with its ACK of a SYN cookie. */
bool accurate_code_possible(const struct tcp_segment *ack) { return ace_of(ack) > 1; }

static void fail(struct tcp_connection *c, uint8_t how, const char *why)
{
    if ((c->accurate->failed & how) == how)
        return;
    c->accurate->failed |= how;
    event_ecn_failed(c, why);
}

/* ---- the handshake ---- */

static struct accurate_ecn *begin(struct tcp_connection *c)
{
    if (!c->accurate)
        c->accurate = memory_take_zeroed(1, sizeof *c->accurate);
    return c->accurate;
}

void accurate_ask(struct tcp_connection *c) { (void)begin(c); }

void accurate_drop(struct tcp_connection *c)
{
    memory_free(c->accurate);
    c->accurate = NULL;
}

void accurate_asked(struct tcp_connection *c, const struct tcp_segment *syn)
{
    struct accurate_ecn *a = begin(c);
    a->syn_received = a->last = syn->ip_ecn;
    a->demand = 1;
}

/* A field that we sent not-ECT can only have become another one by mangling (section 3.2.2.2). */
static bool reached_whole(struct tcp_connection *c, unsigned ace)
{
    if (handshake_field(ace) == ECN_NOT_ECT || !c->socket.tcp->sysctls->ecn_fallback)
        return true;
    fail(c, ACCURATE_ACE_RECEIVING, "the IP header's field was rewritten on the way");
    return false;
}

bool accurate_answered(struct tcp_connection *c, const struct tcp_segment *syn_ack)
{
    struct accurate_ecn *a = c->accurate;
    unsigned ace = ace_of(syn_ack);
    if (ace == 0 || ace == 1 || ace == ACE_MASK) {
        accurate_drop(c);
        return false;
    }
    a->syn_received = syn_ack->ip_ecn;
    a->reflects = true;
    bool whole = reached_whole(c, ace);
    if (syn_ack->options & TCP_OPTION_ACCURATE_ECN) {
        accurate_option_seen(c, &syn_ack->ecn);
        a->demand = OPTIONS_AFTER_CHANGE;
    }
    if (syn_ack->ip_ecn == ECN_CE && whole)
        a->received_ce = a->waiting = 1;
    return true;
}

uint16_t accurate_syn_flags(struct tcp_connection *c)
{
    struct accurate_ecn *a = c->accurate;
    if (c->socket.state == TCP_SYN_SENT)
        return c->opening->syn_retries <= SYN_RETRIES_ASKING || !c->socket.tcp->sysctls->ecn_fallback
                   ? TCP_AE | TCP_CWR | TCP_ECE
                   : 0;
    if (c->opening->syn_retries <= SYN_ACK_RETRIES_TELLING)
        return accurate_handshake_code(a->syn_received);
    fail(c, ACCURATE_ACE_SENDING, "the SYN+ACK with its flags was not answered");
    return 0;
}

/* Section 3.1.5: the one connection that the first SYN opened goes on, and a later one only tells of the path. */
void accurate_syn_again(struct tcp_connection *c, const struct tcp_segment *syn)
{
    c->accurate->syn_received = syn->ip_ecn;
    if (!(syn->flags & TCP_ACK) && ace_of(syn) == 0)
        fail(c, ACCURATE_ACE_SENDING | ACCURATE_ACE_RECEIVING, "the peer's second SYN does not ask any more");
    if (syn->flags & TCP_ACK && syn->options & TCP_OPTION_ACCURATE_ECN)
        accurate_option_seen(c, &syn->ecn);
}

/* Table 4. What carries data carries the count already. */
void accurate_third(struct tcp_connection *c, const struct tcp_segment *ack)
{
    struct accurate_ecn *a = c->accurate;
    unsigned ace = ace_of(ack);
    if (ack->flags & TCP_SYN) { /* both asked at once: this is the peer's SYN+ACK */
        a->syn_received = ack->ip_ecn;
        a->reflects = true;
        return;
    }
    a->third = a->heard = true;
    if (ack->options & TCP_OPTION_ACCURATE_ECN)
        accurate_option_seen(c, &ack->ecn);
    if (ace == 0)
        fail(c, ACCURATE_ACE_RECEIVING, "the flags were erased on the way");
    else if (ack->payload_bytes == 0 && reached_whole(c, ace) && handshake_field(ace) == ECN_CE)
        c->delivered_ce = 1;
}

/* ---- what comes ---- */

static void count(struct accurate_ecn *a, uint8_t field, uint32_t bytes)
{
    static const uint8_t places[ECN_MASK + 1] = {[ECN_ECT_1] = 1, [ECN_CE] = 2, [ECN_ECT_0] = 3}; /* in order 1 */
    if (field == ECN_CE) {
        a->received_ce++;
        if (a->waiting < WAITING_MAX)
            a->waiting++;
    }
    if (!bytes)
        return;
    uint32_t before = a->received_bytes[field];
    a->received_bytes[field] += bytes;
    if (places[field] > a->needed)
        a->needed = places[field];
    if (before / BEACON_BYTES != a->received_bytes[field] / BEACON_BYTES && a->demand == 0)
        a->demand = 1;
}

void accurate_received(struct tcp_connection *c, const struct tcp_segment *segment)
{
    struct accurate_ecn *a = c->accurate;
    uint8_t field = segment->ip_ecn;
    a->newer = c->flags & CONNECTION_TIMESTAMPS && segment->options & TCP_OPTION_TIMESTAMPS &&
               sequence_at_most(segment->sequence, c->rcv.wup) && (int32_t)(segment->timestamp - c->ts.recent) > 0;
    if (segment->flags & TCP_SYN)
        return;
    if (!a->heard && ace_of(segment) == 0 && c->sent.count < ACE_MASK + 1 - CEP_FIRST) /* three marks would be zero, too */
        fail(c, ACCURATE_ACE_RECEIVING | ACCURATE_OPTION_RECEIVING, "the flags were erased on the way");
    a->heard = true;
    if (field != ECN_NOT_ECT) {
        c->flags |= CONNECTION_ECN_SEEN;
        count(a, field, segment->payload_bytes);
    }
    if (field != a->last || field == ECN_CE) {
        a->untold |= field != a->last;
        a->last = field;
        a->demand = OPTIONS_AFTER_CHANGE;
    }
    bool tell = segment->payload_bytes ? a->untold || a->waiting >= MARKS_TO_TELL
                                       : field == ECN_CE && a->waiting >= MARKS_TO_TELL_ACKS && c->flags & CONNECTION_SACK;
    if (tell)
        c->ack.pending |= ACK_WANTED | ACK_NOW;
}

void accurate_duplicate(struct tcp_connection *c, struct sequence start)
{
    if (c->accurate->duplicate_told && sequence_equal(c->accurate->duplicate, start))
        fail(c, ACCURATE_OPTION_SENDING, "ACKs with the option do not arrive");
}

/* ---- what goes ---- */

uint8_t accurate_mark(const struct tcp_connection *c)
{
    bool trusted = !(c->accurate->failed & (ACCURATE_ACE_SENDING | ACCURATE_ACE_RECEIVING));
    return trusted && c->socket.state != TCP_SYN_SENT ? ECN_ECT_0 : ECN_NOT_ECT;
}

uint16_t accurate_flags(struct tcp_connection *c)
{
    struct accurate_ecn *a = c->accurate;
    if (a->over)
        return 0;
    if (a->reflects) {
        a->reflects = false;
        return accurate_handshake_code(a->syn_received);
    }
    a->waiting = 0;
    a->untold = false;
    return ace_flags(CEP_FIRST + a->received_ce);
}

static bool option_wanted(const struct tcp_connection *c, struct instant now)
{
    const struct accurate_ecn *a = c->accurate;
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    bool troubled = a->failed & ACCURATE_OPTION_SENDING && sysctls->ecn_option < ACCURATE_OPTION_ALWAYS;
    if (a->seen == ACCURATE_SEEN_NONE || troubled || a->over || sysctls->ecn_option == ACCURATE_OPTION_NEVER)
        return false;
    bool due =
        sysctls->ecn_option_beacon && instant_since(now, a->option_time) * sysctls->ecn_option_beacon >= c->rtt.smoothed_ns;
    return sysctls->ecn_option >= ACCURATE_OPTION_FULL || a->demand || due;
}

/* The most counts that fit, but at least `needed`, for which SACK blocks give way. False: there is no room. */
static bool option_fit(struct tcp_segment *segment, unsigned needed)
{
    const uint32_t room = TCP_HEADER_MAXIMUM_BYTES - TCP_HEADER_BYTES;
    uint8_t blocks = segment->sack_count;
    segment->options |= TCP_OPTION_ACCURATE_ECN;
    for (;;) {
        for (unsigned n = TCP_ECN_COUNTS_MAX + 1; n-- > needed;) {
            segment->ecn.count = (uint8_t)n;
            if (tcp_segment_option_bytes(segment) <= room)
                return true;
        }
        if (!(segment->options & TCP_OPTION_SACK) || segment->sack_count <= SACK_BLOCKS_LEAST || needed == 0)
            break;
        segment->sack_count--;
    }
    segment->options &= (uint8_t)~TCP_OPTION_ACCURATE_ECN;
    segment->sack_count = blocks;
    return false;
}

static void option_fill(struct tcp_ecn_counts *ecn, const uint32_t *bytes)
{
    ecn->order_1 = true;
    ecn->field[0] = (bytes[ECN_ECT_1] + 1) & ECN_COUNT_MASK;
    ecn->field[1] = bytes[ECN_CE] & ECN_COUNT_MASK;
    ecn->field[2] = (bytes[ECN_ECT_0] + 1) & ECN_COUNT_MASK;
}

/* No data can have come yet. A SYN+ACK that is sent again goes without (section 3.2.3.2.2). */
void accurate_syn_option(struct tcp_connection *c, struct tcp_segment *answer)
{
    struct accurate_ecn *a = c->accurate;
    a->answered_twice = a->option_tried;
    if (!a->option_tried && c->socket.tcp->sysctls->ecn_option != ACCURATE_OPTION_NEVER && option_fit(answer, 0))
        option_fill(&answer->ecn, (const uint32_t[ECN_MASK + 1]){0});
    a->option_tried = true;
}

void accurate_option_add(struct tcp_connection *c, struct tcp_segment *segment, struct instant now)
{
    struct accurate_ecn *a = c->accurate;
    a->duplicate_told = false;
    if (!option_wanted(c, now) || !option_fit(segment, a->needed))
        return;
    option_fill(&segment->ecn, a->received_bytes);
    a->needed = 0;
    a->option_time = now;
    if (a->demand)
        a->demand--;
    a->duplicate_told = !sequence_equal(c->ack.duplicate.start, c->ack.duplicate.end);
    a->duplicate = c->ack.duplicate.start;
}

uint32_t accurate_option_bytes(const struct tcp_connection *c, unsigned sack_count)
{
    struct tcp_segment segment;
    uint32_t stamps = c->flags & CONNECTION_TIMESTAMPS ? TCP_TIMESTAMPS_BYTES : 0;
    segment.options = (uint8_t)((stamps ? TCP_OPTION_TIMESTAMPS : 0) | (sack_count ? TCP_OPTION_SACK : 0));
    segment.sack_count = (uint8_t)sack_count;
    if (option_wanted(c, tcp_now(c->socket.tcp)))
        (void)option_fit(&segment, c->accurate->needed);
    return tcp_segment_option_bytes(&segment) - stamps;
}
