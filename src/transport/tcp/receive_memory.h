#ifndef IMP_TRANSPORT_TCP_RECEIVE_MEMORY_H
#define IMP_TRANSPORT_TCP_RECEIVE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/tcp/connection.h"

/* The receive buffer in memory instead of bytes, the way Linux reckons (receive_memory.c): for connections whose rcv.ratio is not 0.
 * Elsewhere a charge is nothing. */
enum { RECEIVE_RATIO_FIRST = 128 }; /* rcv.ratio until data was seen: half of the memory holds payload */
struct receive_charge {
    uint32_t memory; /* bytes that a packet costs, */
    uint16_t spare;  /* and how many more of payload would have fitted in */
};
struct receive_charge receive_memory_charge(uint32_t packet_bytes); /* from its IP header on */

static inline bool receive_memory_counted(const struct tcp_connection *c) { return c->rcv.ratio > 0; }
static inline uint32_t receive_memory_used(const struct tcp_connection *c)
{
    return c->rcv.memory + reassembly_memory(c->reassembly);
}

/* `length` bytes from `start` on came: room is made for them. False: there is none. */
bool receive_memory_make_room(struct tcp_connection *c, struct sequence start, uint32_t length);
static inline bool receive_memory_admit(struct tcp_connection *c, struct sequence start, uint32_t length)
{
    return !receive_memory_counted(c) || (receive_memory_used(c) <= c->rcv.limit && length <= c->rcv.limit) ||
           receive_memory_make_room(c, start, length);
}

#endif
