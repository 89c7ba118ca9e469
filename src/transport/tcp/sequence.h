#ifndef IMP_TRANSPORT_TCP_SEQUENCE_H
#define IMP_TRANSPORT_TCP_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* A place in a TCP stream (RFC 9293 3.4): numbers modulo 2^32, compared by the shorter way around the circle, so that two of them
 * may be compared when they are less than 2^31 apart. A struct, so that it is not mixed with lengths. */
struct sequence {
    uint32_t n;
};

static inline struct sequence sequence_add(struct sequence s, uint32_t count) { return (struct sequence){s.n + count}; }
static inline struct sequence sequence_back(struct sequence s, uint32_t count) { return (struct sequence){s.n - count}; }
static inline int32_t sequence_compare(struct sequence a, struct sequence b) { return (int32_t)(a.n - b.n); }
static inline bool sequence_before(struct sequence a, struct sequence b) { return sequence_compare(a, b) < 0; }
static inline bool sequence_after(struct sequence a, struct sequence b) { return sequence_compare(a, b) > 0; }
static inline bool sequence_equal(struct sequence a, struct sequence b) { return a.n == b.n; }
static inline bool sequence_at_most(struct sequence a, struct sequence b) { return sequence_compare(a, b) <= 0; }
/* How far `later` is behind `earlier` in the stream; only when it is not before it. */
static inline uint32_t sequence_distance(struct sequence earlier, struct sequence later) { return later.n - earlier.n; }
static inline struct sequence sequence_max(struct sequence a, struct sequence b) { return sequence_before(a, b) ? b : a; }

#endif
