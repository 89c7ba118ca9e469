#ifndef IMP_TRANSPORT_TCP_SEND_MEMORY_H
#define IMP_TRANSPORT_TCP_SEND_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* How full a send buffer is, the way Linux reckons (send_memory.c): for connections with CONNECTION_SEND_MEMORY. And TCP_NOTSENT_LOWAT, for all. */
struct tcp_connection;
void send_memory_begin(struct tcp_connection *c);           /* the connection is open */
bool send_memory_room(const struct tcp_connection *c);      /* a new piece may be begun (of others: always) */
bool send_memory_writable(const struct tcp_connection *c);  /* a third is free: a writer may be woken */
bool send_memory_held_back(const struct tcp_connection *c); /* so much was not sent yet that nothing more shall be written */
void send_memory_check(struct tcp_connection *c);           /* room may have come: grows the buffer, wakes the writer */

#endif
