#ifndef IMP_TRANSPORT_TCP_COOKIE_H
#define IMP_TRANSPORT_TCP_COOKIE_H

#include "base/address.h"
#include "base/hash.h"
#include "base/time.h"
#include "transport/tcp/segment.h"

/* SYN cookies (RFC 4987 section 3.6, Appendix A): the half-open connection, kept in its own sequence number and timestamp. */
struct cookie {
    uint16_t mss;         /* one of a few, at most what the peer's SYN said */
    uint8_t window_scale; /* with the option bits TCP_OPTION_WINDOW_SCALE ... in `options` */
    uint8_t options;
    bool ecn;
};

struct sequence cookie_make(struct hash_key key, const struct endpoint *local, const struct endpoint *remote,
                            struct sequence peer, const struct cookie *cookie, struct instant now);
/* Is `ours` (the peer's acknowledgement less one) a cookie that we made in the last two minutes for `peer`, its initial number? Fills in mss. */
bool cookie_check(struct hash_key key, const struct endpoint *local, const struct endpoint *remote, struct sequence peer,
                  struct sequence ours, struct instant now, struct cookie *out);
/* What does not fit the sequence number lies in the low bits of our timestamp, which the peer echoes. */
uint32_t cookie_timestamp(uint32_t timestamp, const struct cookie *cookie); /* at most 64 ms before `timestamp` */
void cookie_timestamp_read(uint32_t echo, struct cookie *out);

#endif
