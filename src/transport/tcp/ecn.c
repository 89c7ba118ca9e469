/* Explicit Congestion Notification (RFC 3168; DCTCP's use of it, RFC 8257).
 *
 * A queue that grows marks packets CE instead of dropping them, when their sender said that it understands (ECT). Both ends agree on this in
 * the handshake: SYN with ECE and CWR asks, SYN+ACK with ECE alone says yes. Then a receiver that sees CE sets ECE on every ACK until the
 * sender answers CWR; the sender, on ECE, shrinks its window once a round trip, as for a loss, but sends nothing again.
 *
 * Only new data is sent as ECT(0): not pure ACKs, not retransmissions (RFC 3168 section 6.1.5), since nobody would slow down for those. DCTCP
 * marks everything, and wants each ACK to tell exactly whether what it covers was marked: its receiver acknowledges at once when the
 * marking changes (RFC 8257 section 3.2).
 *
 * This is the classic form; accurate_ecn.c has the one that counts. Here both are told apart: by tcp_ecn, a connection asks for one of them or
 * for none, and accepts what its peer asks for. A SYN that asks for accurate ECN where it is not accepted is understood as one that asks
 * for the classic form, as its flags are made to be. No timers. */
#include "transport/tcp/ecn.h"

#include "transport/tcp/accurate_ecn.h"
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

static bool precise(const struct tcp_connection *c) { return c->congestion.ops->ecn; }

static bool asks(const struct tcp_connection *c)
{
    uint32_t ecn = c->socket.tcp->sysctls->ecn;
    return ecn == TCP_ECN_BOTH || ecn == TCP_ECN_ACCURATE_BOTH || ecn == TCP_ECN_ACCURATE_ACCEPTED || precise(c);
}

uint16_t ecn_syn_flags(struct tcp_connection *c)
{
    const struct tcp_sysctls *sysctls = c->socket.tcp->sysctls;
    if (!c->accurate && c->socket.state == TCP_SYN_SENT && c->opening->syn_retries == 0 &&
        sysctls->ecn == TCP_ECN_ACCURATE_BOTH)
        accurate_ask(c);
    if (c->accurate)
        return accurate_syn_flags(c);
    if (c->socket.state == TCP_SYN_RECEIVED)
        return c->flags & CONNECTION_ECN ? TCP_ECE : 0;
    bool again = c->opening->syn_retries > 0 && sysctls->ecn_fallback; /* a middlebox may drop such SYNs: then without */
    return asks(c) && !again ? TCP_ECE | TCP_CWR : 0;
}

void ecn_handshake(struct tcp_connection *c, const struct tcp_segment *syn)
{
    const uint16_t accurate = TCP_AE | TCP_CWR | TCP_ECE, classic = TCP_ECE | TCP_CWR;
    uint16_t both = syn->flags & classic;
    uint32_t ecn = c->socket.tcp->sysctls->ecn;
    if (syn->flags & TCP_ACK) {
        bool asked = c->accurate || asks(c);
        if ((!c->accurate || !accurate_answered(c, syn)) && asked && both == TCP_ECE)
            c->flags |= CONNECTION_ECN;
        return;
    }
    /* RFC 9768 section 3.1.3: what is none of the known codes asks for it, too. */
    bool asked = (syn->flags & accurate) != 0 && (syn->flags & accurate) != classic;
    if (asked && ecn >= TCP_ECN_ACCURATE_BOTH) {
        accurate_asked(c, syn);
        return;
    }
    accurate_drop(c);
    if ((ecn > TCP_ECN_NEVER || precise(c)) && both == classic)
        c->flags |= CONNECTION_ECN;
}

void ecn_established(const struct tcp_connection *c)
{
    if (c->accurate || c->flags & CONNECTION_ECN)
        event_ecn(c, c->accurate ? "accurate ECN" : "ECN");
}

uint8_t ecn_mark(struct tcp_connection *c, bool new_data)
{
    if (c->accurate)
        return accurate_mark(c);
    if (!(c->flags & CONNECTION_ECN))
        return 0;
    return new_data || precise(c) ? ECN_ECT_0 : 0;
}

/* The flags of a segment about to leave. */
uint16_t ecn_flags(struct tcp_connection *c, bool new_data)
{
    if (c->accurate)
        return accurate_flags(c);
    if (!(c->flags & CONNECTION_ECN))
        return 0;
    uint16_t flags = c->flags & CONNECTION_ECN_ECHO ? TCP_ECE : 0;
    if (new_data && c->flags & CONNECTION_ECN_REDUCED) {
        c->flags &= ~(uint32_t)CONNECTION_ECN_REDUCED;
        flags |= TCP_CWR;
    }
    return flags;
}

/* A segment with data has come. */
void ecn_received(struct tcp_connection *c, const struct tcp_segment *segment, struct instant now)
{
    if (!(c->flags & CONNECTION_ECN) || segment->payload_bytes == 0)
        return;
    if (segment->ip_ecn != ECN_NOT_ECT)
        c->flags |= CONNECTION_ECN_SEEN;
    bool marked = segment->ip_ecn == ECN_CE, echoing = c->flags & CONNECTION_ECN_ECHO;
    if (precise(c)) {
        if (marked != echoing && c->ack.pending)
            output_ack(c, now); /* of what came before, with the old mark */
        c->flags = marked ? c->flags | CONNECTION_ECN_ECHO : c->flags & ~(uint32_t)CONNECTION_ECN_ECHO;
        if (marked != echoing)
            c->ack.pending |= ACK_WANTED | ACK_NOW;
        return;
    }
    if (segment->flags & TCP_CWR) {
        c->flags &= ~(uint32_t)CONNECTION_ECN_ECHO;
        c->ack.pending |= ACK_WANTED | ACK_NOW;
    }
    if (marked && sequence_after(tcp_segment_end(segment), c->rcv.nxt)) { /* section 6.1.5: not where all of it is known */
        if (!(c->flags & CONNECTION_ECN_ECHO))
            ack_quickly(c, 2);
        c->flags |= CONNECTION_ECN_ECHO;
    }
}

/* Does this ACK tell of congestion? */
bool ecn_echoed(const struct tcp_connection *c, const struct tcp_segment *segment)
{
    return c->flags & CONNECTION_ECN && (segment->flags & (TCP_ECE | TCP_SYN)) == TCP_ECE;
}
