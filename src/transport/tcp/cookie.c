/* SYN cookies (RFC 4987 section 3.6): opening connections without remembering that they are half open.
 *
 * When a flood of SYNs has filled the listener's queue, the SYN+ACK's sequence number is made to say what would have been remembered:
 *
 *     hash(endpoints) + peer's number + (minute << 24) + (hash'(endpoints, peer's number, minute) + index of MSS) mod 2^24
 *
 * in the manner of Bernstein's and Linux's. An ACK whose number, less what we can compute, leaves an index within the table was made by us
 * for this peer at most two minutes ago: the chance to guess one is 8 in 2^24. In Linux the second hash does not cover the peer's number. Then a
 * first segment of one byte that is lost does harm: the next one, numbered one higher, makes an index that is one lower but good, and the
 * stream begins behind the byte that is missing.
 *
 * With timestamps on both sides, the low six bits of ours carry the peer's window scale, whether SACK was offered, and ECN: the peer echoes them in
 * its ACK. Without timestamps these are given up, as they must be.
 *
 * No state and no timers: that is the point. listener.c decides when to use this. */
#include "transport/tcp/cookie.h"

#include <string.h>

#include "base/memory.h"

static const uint16_t MSS_TABLE[] = {536, 1024, 1220, 1300, 1400, 1440, 1452, 1460};
enum { COUNTER_SHIFT = 24, COUNTER_AGE_MAX = 2, TIMESTAMP_BITS = 6, SCALE_NONE = 15 };
#define LOW_MASK   UINT32_C(0xffffff)
#define COUNTER_NS (60 * NS_PER_S)

static uint32_t hash(struct hash_key key, const struct endpoint *local, const struct endpoint *remote, uint32_t a, uint32_t b)
{
    struct {
        uint8_t local[16], remote[16];
        uint32_t a, b;
        uint16_t local_port, remote_port;
        uint32_t family;
    } data;
    memset(&data, 0, sizeof data);
    memcpy(data.local, local->address.b, sizeof data.local);
    memcpy(data.remote, remote->address.b, sizeof data.remote);
    data.a = a;
    data.b = b;
    data.local_port = local->port;
    data.remote_port = remote->port;
    data.family = local->address.family;
    return (uint32_t)hash_keyed(key, &data, sizeof data);
}

static uint32_t counter(struct instant now) { return (uint32_t)(now.ns / COUNTER_NS); }

struct sequence cookie_make(struct hash_key key, const struct endpoint *local, const struct endpoint *remote,
                            struct sequence peer, const struct cookie *cookie, struct instant now)
{
    uint32_t index = 0, minute = counter(now);
    while (index + 1 < count_of(MSS_TABLE) && MSS_TABLE[index + 1] <= cookie->mss)
        index++;
    uint32_t low = (hash(key, local, remote, minute + 1, peer.n) + index) & LOW_MASK;
    return (struct sequence){hash(key, local, remote, 0, 0) + peer.n + (minute << COUNTER_SHIFT) + low};
}

bool cookie_check(struct hash_key key, const struct endpoint *local, const struct endpoint *remote, struct sequence peer,
                  struct sequence ours, struct instant now, struct cookie *out)
{
    uint32_t rest = ours.n - hash(key, local, remote, 0, 0) - peer.n;
    uint32_t age = (counter(now) - (rest >> COUNTER_SHIFT)) & (UINT32_MAX >> COUNTER_SHIFT);
    if (age >= COUNTER_AGE_MAX)
        return false;
    uint32_t index = (rest - hash(key, local, remote, counter(now) - age + 1, peer.n)) & LOW_MASK;
    if (index >= count_of(MSS_TABLE))
        return false;
    *out = (struct cookie){.mss = MSS_TABLE[index]};
    return true;
}

uint32_t cookie_timestamp(uint32_t timestamp, const struct cookie *cookie)
{
    uint32_t bits = cookie->options & TCP_OPTION_WINDOW_SCALE ? cookie->window_scale : SCALE_NONE;
    bits |= cookie->options & TCP_OPTION_SACK_PERMITTED ? 16 : 0;
    bits |= cookie->ecn ? 32 : 0;
    uint32_t made = (timestamp & ~((1u << TIMESTAMP_BITS) - 1)) | bits;
    return (int32_t)(made - timestamp) > 0 ? made - (1u << TIMESTAMP_BITS) : made; /* never ahead of the clock */
}

void cookie_timestamp_read(uint32_t echo, struct cookie *out)
{
    uint32_t scale = echo & 15;
    out->options = TCP_OPTION_TIMESTAMPS;
    if (scale != SCALE_NONE) {
        out->options |= TCP_OPTION_WINDOW_SCALE;
        out->window_scale = (uint8_t)scale;
    }
    if (echo & 16)
        out->options |= TCP_OPTION_SACK_PERMITTED;
    out->ecn = echo & 32;
}
