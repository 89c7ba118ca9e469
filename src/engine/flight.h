#ifndef IMP_ENGINE_FLIGHT_H
#define IMP_ENGINE_FLIGHT_H

#include <stdint.h>

/* A ring of what is on its way, oldest first: the frames in flight in one direction of a wire, or the moments at which queued frames leave. It grows
 * by doubling and holds no memory while nothing was ever sent, or little was and it has arrived. */
struct frame;
struct flight_entry {
    struct frame *frame; /* a reference of the ring's own */
    int64_t when_ns;     /* arrival at the far end, or departure */
    uint64_t tie;        /* the sender's tie-break; or, for departures, the bytes */
};
struct flight {
    struct flight_entry *ring;
    uint32_t first, count, capacity; /* capacity is a power of two, or 0 */
    uint16_t starts, growths;        /* how often it was made, and had to grow (at most UINT16_MAX) */
};

enum {
    FLIGHT_SMALL = 2,      /* the capacity to start with */
    FLIGHT_KEEP_AFTER = 32 /* made so often, a small one is kept when idle; grown so often, any: its bursts will come again */
};

__attribute__((cold)) void flight_grow(struct flight *flight);
void flight_free(struct flight *flight);              /* the frames are not released here */
static inline void flight_rest(struct flight *flight) /* the wire has fallen quiet: gives back what a burst had taken */
{
    flight->count = 0;
    if (flight->growths < FLIGHT_KEEP_AFTER && (flight->capacity > FLIGHT_SMALL || flight->starts < FLIGHT_KEEP_AFTER))
        flight_free(flight);
}

static inline void flight_push(struct flight *flight, struct frame *frame, int64_t when_ns, uint64_t tie)
{
    if (flight->count == flight->capacity)
        flight_grow(flight);
    struct flight_entry *entry = &flight->ring[(flight->first + flight->count++) & (flight->capacity - 1)];
    entry->frame = frame;
    entry->when_ns = when_ns;
    entry->tie = tie;
}
static inline struct flight_entry *flight_front(const struct flight *flight) /* NULL when empty */
{
    return flight->count ? &flight->ring[flight->first] : 0;
}
static inline void flight_pop(struct flight *flight)
{
    flight->first = (flight->first + 1) & (flight->capacity - 1);
    flight->count--;
}

#endif
