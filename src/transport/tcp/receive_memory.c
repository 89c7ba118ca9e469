/* The receive buffer's memory, as Linux reckons it.
 *
 * In imp a receive buffer holds as many bytes as its size says, and what is free of it is the window. Linux counts memory. A packet that
 * waits, in order or not, costs the whole of what was allocated for it: a small one many times its payload, a large one little more.
 * The size of the buffer bounds the sum. Who compares with Linux (the packetdrill plug-in) wants that, and sets
 * net.imp.tcp_rmem_overhead to 1; everybody else gets the bytes they asked for.
 *
 * What a packet costs depends on who received it. The model is Linux's TUN device on a 64-bit machine, in the numbers below: a packet
 * that fits in a page with its headroom lies in one piece, whose size the allocator rounds up to a power of two; of a larger one the first
 * page holds what it can, and whole pages the rest. To either come two structures that keep track of it. A segment that finds room behind the one
 * before it is copied there and costs nothing. A segment stays charged until its last byte is read.
 *
 * From the first full segments (whenever the estimate of the peer's segment size moves) the connection learns what part of memory is payload,
 * its ratio; half, until then. Free memory times the ratio is the window (receive_window.c).
 *
 * When the buffer is over its limit, which an application brings about by lowering it, or a peer by segments smaller than those before:
 *   - a buffer that tunes itself is enlarged to what it holds, as far as tcp_rmem allows
 *   - what waits is repacked densely, where that helps
 *   - what waits out of order is given up, the latest first, an eighth of the buffer at a time, but nothing that comes before the newcomer
 *   - then the newcomer is refused. If it is next in order and nothing waits to be read, it is taken all the same: a receiver
 *     that refuses everything would never make progress. Either way the ACK says that the window is closed (RFC 9293 3.8.6 asks not
 *     to take back what was offered, and to bear with those who do)
 *
 * Linux up to 6.16 refuses when the buffer is over its limit, 6.17 to 6.19 when it would be, with the newcomer's payload, and 7.0 went back
 * to the former. Here the former rule holds, and a segment that is larger than all of the buffer is refused too.
 *
 * There are no timers here. The cost is a handful of additions for a segment; only a buffer over its limit is walked through. */
#include "transport/tcp/receive_memory.h"

#include "base/number.h"
#include "transport/tcp/path_mtu.h"
#include "transport/tcp/receive_window.h"
#include "transport/tcp/rooms.h"

enum {                      /* Linux's sizes on x86-64, bytes */
       PACKET_BYTES = 256,  /* struct sk_buff, */
       SHARED_BYTES = 320,  /* and struct skb_shared_info, which lies behind the data */
       HEADROOM_BYTES = 64, /* in front of what a device receives */
       SMALL_BYTES = 640,   /* the least that is allocated for data and what lies behind, */
       SECOND_BYTES = 1024, /* and the next size; then they double */
       CACHE_LINE_BYTES = 64,
       PAGE_BYTES = 4096,
};
enum { PRUNE_SHARE = 8 };

/* What the allocator gives for n bytes of data in one piece. */
static uint32_t piece(uint32_t n)
{
    uint32_t wanted = round_up(n, CACHE_LINE_BYTES) + SHARED_BYTES, given = SECOND_BYTES;
    if (wanted <= SMALL_BYTES)
        return SMALL_BYTES;
    while (given < wanted)
        given *= 2;
    return given;
}

struct receive_charge receive_memory_charge(uint32_t packet_bytes)
{
    uint32_t wanted = HEADROOM_BYTES + packet_bytes;
    if (wanted < PAGE_BYTES) {
        uint32_t given = piece(wanted);
        return (struct receive_charge){PACKET_BYTES + given, (uint16_t)(given - SHARED_BYTES - wanted)};
    }
    uint32_t rest = wanted - (PAGE_BYTES - SHARED_BYTES);
    return (struct receive_charge){PACKET_BYTES + PAGE_BYTES + round_up(rest, PAGE_BYTES), 0};
}

/* ---- too much ---- */

/* What n bytes cost when they are packed into pages. */
static uint32_t dense(uint32_t n)
{
    uint32_t page = PAGE_BYTES - SHARED_BYTES, rest = n % page;
    return n / page * (PACKET_BYTES + PAGE_BYTES) + (rest ? PACKET_BYTES + piece(rest) : 0);
}

/* Packs a chain densely, if that takes less than now; returns what is saved. */
static uint32_t repack(struct frame *first, uint32_t bytes, uint32_t memory)
{
    uint32_t left = dense(bytes);
    if (left >= memory)
        return 0;
    uint32_t saved = memory - left;
    for (struct frame *frame = first; frame; frame = frame->next) {
        uint32_t n = frame_total(frame);
        frame->charge = bytes ? (uint32_t)((uint64_t)left * n / bytes) : 0;
        left -= frame->charge;
        bytes -= n;
    }
    return saved;
}

static void repack_all(struct tcp_connection *c)
{
    for (uint32_t i = 0; i < reassembly_count(c->reassembly); i++) {
        struct island *island = &c->reassembly->islands[i];
        uint32_t memory = 0;
        for (const struct frame *frame = island->first; frame; frame = frame->next)
            memory += frame->charge;
        c->reassembly->memory -= repack(island->first, sequence_distance(island->start, island->end), memory);
    }
    c->rcv.memory -= repack(c->receive.first, c->receive.length, c->rcv.memory);
    c->receive.spare = 0;
}

static bool fits(const struct tcp_connection *c, uint32_t length)
{
    return receive_memory_used(c) <= c->rcv.limit && length <= c->rcv.limit;
}

/* The buffer has met its bound: it gets what it needs, if it may grow by itself; else less is offered from now on. */
static void clamp(struct tcp_connection *c)
{
    uint32_t used = receive_memory_used(c), most = c->socket.tcp->sysctls->rmem[2];
    c->ack.quick = 0;
    if (used > c->rcv.limit && !(c->flags & CONNECTION_RECEIVE_FIXED) && c->rcv.limit < most)
        c->rcv.limit = used < most ? used : most;
    if (used > c->rcv.limit)
        receive_window_narrow(c);
}

bool receive_memory_make_room(struct tcp_connection *c, struct sequence start, uint32_t length)
{
    if (receive_memory_used(c) == 0)
        return false;
    clamp(c);
    if (fits(c, length))
        return true;
    repack_all(c);
    while (!fits(c, length) && reassembly_prune(&c->reassembly, start, c->rcv.limit / PRUNE_SHARE))
        ;
    return fits(c, length);
}
