/* Repeatable randomness: xoshiro256** streams named by (seed, name).
 *
 * A lab must come out the same from the same seed, also when a node is added to it. So there is no global generator: each node and
 * each wire direction draws from a stream of its own. The stream's start is SipHash of the name under the seed as key, spread over
 * the 256 bits of state by splitmix64, as xoshiro's authors (Blackman and Vigna) advise; neighbouring seeds and similar names thus
 * give unrelated streams. Bounded numbers use Lemire's multiplication, with rejection, so that they are exactly uniform.
 *
 * Bytes and numbers do not depend on the machine's byte order. Not for secrets: whoever has seen a few outputs can compute the rest. */
#include "base/random.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"

static uint64_t rotate_left(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void random_seed(struct random *random, uint64_t seed, const char *name)
{
    struct hash_key key = {{seed, UINT64_C(0x696d702072616e64)}}; /* "imp rand": any constant would do */
    uint64_t state = hash_keyed(key, name, strlen(name));
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&state);
}

uint64_t random_u64(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    assert(bound > 0);
    unsigned __int128 product = (unsigned __int128)random_u64(random) * bound;
    if ((uint64_t)product < bound) { /* maybe in the uneven part, which must be drawn again */
        uint64_t uneven = -bound % bound;
        while ((uint64_t)product < uneven)
            product = (unsigned __int128)random_u64(random) * bound;
    }
    return (uint64_t)(product >> 64);
}

double random_unit(struct random *random) { return (double)(random_u64(random) >> 11) * 0x1p-53; }

void random_fill(struct random *random, void *out, size_t length)
{
    uint8_t *bytes = out;
    for (size_t at = 0; at < length;) {
        uint64_t word = random_u64(random);
        for (int i = 0; i < 8 && at < length; i++, word >>= 8)
            bytes[at++] = (uint8_t)word;
    }
}
