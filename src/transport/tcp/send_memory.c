/* The send buffer's memory, as Linux reckons it.
 *
 * In imp a send buffer holds as many bytes as its size says. Linux counts memory: each piece of the stream (burst.c), waiting or sent, costs
 * its bytes and what the kernel needs to keep track of it, and half of a size that was asked for is meant for that. The limit is soft: as
 * long as all pieces together stay below it a new one may be begun, and is then filled to the end, however large. So how many bytes a write()
 * takes that must not wait, when a writer is woken, and how the buffer grows, all depend on the pieces. Who compares with Linux (the
 * packetdrill plug-in) wants that, and sets net.imp.tcp_wmem_overhead to 1; everybody else gets the bytes they asked for. One socket
 * may ask for it alone (TCP_KNOB_SEND_MEMORY).
 *
 * A writer that meets the limit is remembered (busy.wants_room). It is woken when a third of the memory is free (and TCP_NOTSENT_LOWAT allows);
 * only then, and only while cwnd is not used up, does the buffer grow, to twice what the window needs if each segment were alone. Where memory is
 * not counted, TCP_NOTSENT_LOWAT alone holds a writer back, who is woken when enough has left. No timers. */
#include "transport/tcp/send_memory.h"

#include "transport/limits.h"
#include "transport/tcp/rooms.h"

enum {
    SEGMENT_BYTES = 640, /* what keeping track of a segment that is alone takes, before it is rounded up to a power of two, */
    SEGMENT_BYTES_MORE = 256 /* and after */
};

static uint32_t not_sent(const struct tcp_connection *c) { return sequence_distance(c->snd.nxt, output_end(c)); }

static uint64_t not_sent_most(const struct tcp_connection *c)
{
    return c->seldom->personal.not_sent_low ? c->seldom->personal.not_sent_low : c->socket.tcp->sysctls->notsent_lowat;
}

bool send_memory_room(const struct tcp_connection *c)
{
    return !(c->flags & CONNECTION_SEND_MEMORY) || (burst_held(c) < c->snd.limit && not_sent(c) < not_sent_most(c));
}

bool send_memory_writable(const struct tcp_connection *c)
{
    uint64_t used = burst_held(c);
    return used < c->snd.limit && c->snd.limit - used >= used / 2 && 2ull * not_sent(c) < not_sent_most(c);
}

static void grow(struct tcp_connection *c)
{
    if (c->flags & CONNECTION_SEND_FIXED)
        return;
    uint32_t mss = c->mss_peer > c->mss ? c->mss_peer : c->mss, each = 1;
    while (each < mss + SEGMENT_BYTES)
        each *= 2;
    uint32_t segments = c->congestion.cwnd > CONGESTION_INITIAL_WINDOW ? c->congestion.cwnd : CONGESTION_INITIAL_WINDOW;
    if (segments < c->recovery.reordering + 1)
        segments = c->recovery.reordering + 1;
    uint64_t wanted = 2ull * segments * (each + SEGMENT_BYTES_MORE);
    uint32_t most = c->socket.tcp->sysctls->wmem[2];
    uint32_t limit = wanted < most ? (uint32_t)wanted : most;
    if (limit > c->snd.limit)
        c->snd.limit = limit;
}

void send_memory_begin(struct tcp_connection *c)
{
    if (c->flags & CONNECTION_SEND_MEMORY)
        grow(c);
}

bool send_memory_held_back(const struct tcp_connection *c) { return not_sent(c) >= not_sent_most(c); }

void send_memory_check(struct tcp_connection *c)
{
    if (!c->sending || !c->sending->busy.wants_room)
        return;
    if (!(c->flags & CONNECTION_SEND_MEMORY)) { /* room comes with an acknowledgement, but what was held back leaves now */
        if (not_sent_most(c) == UINT32_MAX || !tcp_writable(&c->socket))
            return;
        busy_has_room(c);
        connection_tell(c);
        return;
    }
    if (retransmit_queue_in_flight(&c->sent) < c->congestion.cwnd)
        grow(c);
    if (!send_memory_writable(c))
        return;
    busy_has_room(c);
    connection_tell(c);
}
