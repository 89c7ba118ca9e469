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
 * No timers. AccECN (three counters in the header) is not spoken: a SYN that asks for it is understood as one that asks for ECN. */
#include "transport/tcp/events.h"
#include "transport/tcp/rooms.h"

enum { ECN_ECT0 = 2, ECN_CE = 3, ECN_MASK = 3 };

static bool precise(const struct tcp_connection *c) { return c->congestion.ops->ecn; }

uint8_t ecn_syn_flags(const struct tcp_connection *c)
{
    if (c->socket.state == TCP_SYN_RECEIVED)
        return c->flags & CONNECTION_ECN ? TCP_ECE : 0;
    bool ask = (c->socket.tcp->sysctls.ecn == 1 || precise(c)) &&
               c->syn_retries == 0; /* a middlebox may drop such SYNs: then without */
    return ask ? TCP_ECE | TCP_CWR : 0;
}

void ecn_handshake(struct tcp_connection *c, const struct tcp_segment *syn)
{
    uint8_t both = syn->flags & (TCP_ECE | TCP_CWR);
    bool answer = syn->flags & TCP_ACK;
    bool willing = c->socket.tcp->sysctls.ecn > 0 || precise(c);
    bool asked = c->socket.tcp->sysctls.ecn == 1 || precise(c);
    if (answer ? asked && both == TCP_ECE : willing && both == (TCP_ECE | TCP_CWR))
        c->flags |= CONNECTION_ECN;
}

uint8_t ecn_mark(struct tcp_connection *c, bool new_data)
{
    if (!(c->flags & CONNECTION_ECN))
        return 0;
    return new_data || precise(c) ? ECN_ECT0 : 0;
}

/* The flags of a segment about to leave. */
uint8_t ecn_flags(struct tcp_connection *c, bool new_data)
{
    if (!(c->flags & CONNECTION_ECN))
        return 0;
    uint8_t flags = c->flags & CONNECTION_ECN_ECHO ? TCP_ECE : 0;
    if (new_data && c->flags & CONNECTION_ECN_REDUCED) {
        c->flags &= ~(uint32_t)CONNECTION_ECN_REDUCED;
        flags |= TCP_CWR;
    }
    return flags;
}

/* A segment with data has come; `traffic_class` is its IP header's. */
void ecn_received(struct tcp_connection *c, const struct tcp_segment *segment, uint8_t traffic_class, struct instant now)
{
    if (!(c->flags & CONNECTION_ECN) || segment->payload_bytes == 0)
        return;
    bool marked = (traffic_class & ECN_MASK) == ECN_CE, echoing = c->flags & CONNECTION_ECN_ECHO;
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
    if (marked) {
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
