/* Small queues: what a connection keeps waiting at its own node's wire.
 *
 * Where a host's own wire is the bottleneck, everything that cwnd allows would wait in that wire's queue: behind it wait the ACKs and everybody
 * else's segments, the round trip that is measured is mostly that queue, and when it is full segments are lost that never left the house.
 * Linux therefore lets a connection have two pieces (burst.c) there; the rest stays in the send buffer, and goes when the older piece has left.
 * (With many connections even two pieces of each are a long queue; but it is fair, and each ACK is behind no more than that.)
 *
 * A wire knows when a frame will have left as soon as it is handed over. So two departures are remembered, and no completion has to be told:
 * TIMER_PACE stands at the older of them. What waits there was not yet lost, so neither the RTO nor the tail loss probe sends it again; the
 * timer starts anew from its departure (as Linux, which does not send again what is still in the host's queue).
 *
 * Off unless net.imp.tcp_small_queues is 1: with it a host's own wire loses nothing, and so shows no sawtooth. */
#include "transport/tcp/rooms.h"

void small_queue_before(struct tcp_connection *c, struct instant now)
{
    c->socket.tcp->node->departed_ns =
        now.ns; /* unless a wire says otherwise: the frame may have to wait for an address first */
}

void small_queue_sent(struct tcp_connection *c, const struct sent *sent)
{
    struct waiting_piece *piece = seldom_of(&c->seldom)->waiting;
    if (piece[1].ended) {
        piece[0] = piece[1];
        piece[1].first = sent->time;
    }
    piece[1].departure.ns = c->socket.tcp->node->departed_ns;
    piece[1].ended = sent->flags & SENT_EDGE;
}

bool small_queue_full(struct tcp_connection *c, struct instant now)
{
    if (!c->socket.tcp->sysctls->small_queues)
        return false;
    const struct waiting_piece *piece = c->seldom->waiting;
    if (!piece[1].ended || instant_reached(now, piece[0].departure))
        return false;
    timer_due(c, TIMER_PACE, piece[0].departure);
    return true;
}

struct instant small_queue_departure(const struct tcp_connection *c, const struct sent *sent)
{
    if (!c->socket.tcp->sysctls->small_queues || !c->sending)
        return sent->time;
    const struct waiting_piece *piece = c->seldom->waiting;
    for (unsigned i = 0; i < 2; i++)
        if (!instant_before(sent->time, piece[i].first) && (i == 1 || instant_before(sent->time, piece[1].first)))
            return piece[i].departure;
    return sent->time;
}
