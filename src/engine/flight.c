/* The ring behind a direction of a wire.
 *
 * A frame may be on several wires at once (a switch floods by reference), so what belongs to one journey - when it arrives, and
 * the tie-break of who sent it - is kept here and not in the frame. Entries are 24 bytes, the capacity is a power of two that starts at 2
 * and doubles. When the last frame has arrived the ring is given back: in a large lab most wires are idle most of the
 * time, and a hundred thousand rings that remember a few frames would be much of its memory. But a small ring that has been
 * made time and again belongs to a wire in use, one that has had to grow time and again to a busy one, and they are kept.
 *
 * There is no limit here: a wire's own queue limits bound what is waiting, and rate times delay bounds what is travelling. */
#include "engine/flight.h"

#include "base/memory.h"

void flight_grow(struct flight *flight)
{
    uint32_t capacity = flight->capacity ? flight->capacity * 2 : (uint32_t)FLIGHT_SMALL;
    struct flight_entry *ring = memory_take((size_t)capacity * sizeof *ring);
    for (uint32_t i = 0; i < flight->count; i++)
        ring[i] = flight->ring[(flight->first + i) & (flight->capacity - 1)];
    memory_free(flight->ring);
    flight->ring = ring;
    flight->first = 0;
    flight->capacity = capacity;
    uint16_t *times = flight->capacity == FLIGHT_SMALL ? &flight->starts : &flight->growths;
    *times = (uint16_t)(*times + (*times < UINT16_MAX));
}

void flight_free(struct flight *flight)
{
    memory_free(flight->ring);
    *flight = (struct flight){.starts = flight->starts, .growths = flight->growths};
}
