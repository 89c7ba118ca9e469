#ifndef IMP_BASE_TIME_H
#define IMP_BASE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A point in time, in nanoseconds since the world began: the start of the lab, or of the process on a host. Durations are
 * plain int64_t whose name ends in _ns. Nothing here reads a clock; time arrives as an argument. */
struct instant {
    int64_t ns;
};

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

static const struct instant INSTANT_ZERO = {0};
static const struct instant INSTANT_NEVER = {INT64_MAX}; /* as a deadline: wait for ever */

static inline struct instant instant_add(struct instant t, int64_t ns) /* saturates at INSTANT_NEVER */
{
    int64_t sum;
    return __builtin_add_overflow(t.ns, ns, &sum) ? INSTANT_NEVER : (struct instant){sum};
}
static inline int64_t instant_since(struct instant later, struct instant earlier) { return later.ns - earlier.ns; }
static inline bool instant_before(struct instant a, struct instant b) { return a.ns < b.ns; }
static inline bool instant_reached(struct instant now, struct instant due) { return now.ns >= due.ns; }
static inline bool instant_is_never(struct instant t) { return t.ns == INT64_MAX; }
static inline struct instant instant_min(struct instant a, struct instant b) { return a.ns < b.ns ? a : b; }
static inline struct instant instant_max(struct instant a, struct instant b) { return a.ns > b.ns ? a : b; }

/* "1.5s", "20ms", "300us", "5 min", "12h", "2d", "0": a number with a unit (ns us ms s min m h d); a bare 0 is allowed.
 * Returns 0, or IMP_MALFORMED, or IMP_INVALID when it does not fit 64 bits. Negative durations are malformed. */
int duration_parse(const char *text, int64_t *ns_out);
/* The shortest plain form a person would write: "1.5 s", "20 ms", "12 h". Returns `out`. 32 bytes always suffice. */
char *duration_print(int64_t ns, char *out, size_t size_bytes);

#endif
