/* Three hashes, each for its own purpose.
 *
 * SipHash-2-4 (Aumasson and Bernstein) is keyed: who does not know the key cannot choose inputs that collide, nor foretell the
 * output. Tables whose keys a peer chooses, initial sequence numbers (RFC 6528) and cookies use it.
 *
 * stream_hash digests the frames of a run: 128 bits of state, 16 bytes a step, mixed as in MurmurHash3's 128-bit form. Each step
 * is a bijection of the state, so that a difference never cancels by itself; each call ends with a step that carries what is left
 * over and its length, so "ab" then "c" differs from "a" then "bc". It is quick and not cryptographic: it finds accidents, it does
 * not stop a forger.
 *
 * SHA-256 (FIPS 180-4) is for the hashes that a lab's expectations compare; OpenSSL is not asked because base/ has no dependency.
 *
 * All of them read bytes little- or big-endian by arithmetic, so that results are the same on any machine. */
#include "base/hash.h"

#include <string.h>

static uint64_t rotate_left(uint64_t x, unsigned n) { return x << n | x >> (64 - n); }

static uint64_t load_little_endian(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word : __builtin_bswap64(word);
}

static uint64_t load_partial(const uint8_t *p, size_t length) /* 0..8 bytes, the rest zeros */
{
    uint8_t padded[8] = {0};
    if (length)
        memcpy(padded, p, length);
    return load_little_endian(padded);
}

static void sip_rounds(uint64_t v[4], int rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate_left(v[1], 13) ^ v[0];
        v[3] = rotate_left(v[3], 16) ^ v[2];
        v[0] = rotate_left(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate_left(v[1], 17) ^ v[2];
        v[3] = rotate_left(v[3], 21) ^ v[0];
        v[2] = rotate_left(v[2], 32);
    }
}

uint64_t hash_keyed(struct hash_key key, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    uint64_t v[4] = {key.k[0] ^ UINT64_C(0x736f6d6570736575), key.k[1] ^ UINT64_C(0x646f72616e646f6d),
                     key.k[0] ^ UINT64_C(0x6c7967656e657261), key.k[1] ^ UINT64_C(0x7465646279746573)};
    size_t left = length;
    for (; left >= 8; left -= 8, bytes += 8) {
        uint64_t word = load_little_endian(bytes);
        v[3] ^= word;
        sip_rounds(v, 2);
        v[0] ^= word;
    }
    uint64_t last = load_partial(bytes, left) | (uint64_t)length << 56;
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void stream_step(struct stream_hash *hash, uint64_t first, uint64_t second)
{
    const uint64_t c1 = UINT64_C(0x87c37b91114253d5), c2 = UINT64_C(0x4cf5ad432745937f);
    hash->a ^= rotate_left(first * c1, 31) * c2;
    hash->a = (rotate_left(hash->a, 27) + hash->b) * 5 + 0x52dce729;
    hash->b ^= rotate_left(second * c2, 33) * c1;
    hash->b = (rotate_left(hash->b, 31) + hash->a) * 5 + 0x38495ab5;
}

static const uint8_t *stream_steps(struct stream_hash *hash, const uint8_t *bytes,
                                   size_t length) /* returns what is left over */
{
    for (; length >= 16; length -= 16, bytes += 16)
        stream_step(hash, load_little_endian(bytes), load_little_endian(bytes + 8));
    return bytes;
}

static void stream_last_step(struct stream_hash *hash, const uint8_t *bytes, size_t left)
{
    size_t low = left < 8 ? left : 8;
    uint64_t second = load_partial(left > 8 ? bytes + 8 : bytes, left - low); /* at most 7 bytes: the top one is free */
    stream_step(hash, load_partial(bytes, low), second | (uint64_t)(left | 0x80) << 56);
}

void stream_hash_add(struct stream_hash *hash, const void *data, size_t length)
{
    stream_last_step(hash, stream_steps(hash, data, length), length % 16);
    hash->count += length;
}

void stream_hash_add_joined(struct stream_hash *hash, const void *first, size_t first_length, const void *second,
                            size_t second_length)
{
    uint8_t border[16];
    const uint8_t *bytes = second;
    size_t over = first_length % 16, more = second_length < 16 - over ? second_length : 16 - over;
    const uint8_t *rest = stream_steps(hash, first, first_length);
    if (over)
        memcpy(border, rest, over);
    if (more)
        memcpy(border + over, bytes, more);
    hash->count += first_length + second_length;
    if (over + more < 16) {
        stream_last_step(hash, border, over + more);
        return;
    }
    (void)stream_steps(hash, border, 16);
    second_length -= more;
    stream_last_step(hash, stream_steps(hash, bytes + more, second_length), second_length % 16);
}

void stream_hash_add_u64(struct stream_hash *hash, uint64_t value)
{
    stream_step(hash, value, (uint64_t)0x90 << 56); /* a mark that no tail of stream_hash_add() has */
    hash->count += 8;
}

static uint64_t avalanche(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

void stream_hash_finish(const struct stream_hash *hash, uint8_t out[16])
{
    uint64_t a = hash->a ^ hash->count, b = hash->b ^ hash->count;
    a += b;
    b += a;
    a = avalanche(a);
    b = avalanche(b);
    a += b;
    b += a;
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(a >> (56 - 8 * i));
        out[8 + i] = (uint8_t)(b >> (56 - 8 * i));
    }
}

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 section 4.2.2). */
static const uint32_t SHA256_K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_right(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

static void sha256_block(uint32_t state[8], const uint8_t block[64])
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 |
               block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    uint32_t v[8]; /* a..h of the standard */
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t s1 = rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + choice + SHA256_K[i] + w[i];
        uint32_t s0 = rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (int i = 0; i < 8; i++)
        state[i] += v[i];
}

void sha256(const void *data, size_t length, uint8_t out[32])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint8_t *bytes = data;
    size_t left = length;
    for (; left >= 64; left -= 64, bytes += 64)
        sha256_block(state, bytes);
    uint8_t last[128] = {0}; /* what is left, a one bit, zeros, the length in bits */
    if (left)
        memcpy(last, bytes, left);
    last[left] = 0x80;
    size_t total = left < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)length * 8;
    for (unsigned i = 0; i < 8; i++)
        last[total - 1 - i] = (uint8_t)(bits >> (8 * i));
    sha256_block(state, last);
    if (total == 128)
        sha256_block(state, last + 64);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 4; j++)
            out[4 * i + j] = (uint8_t)(state[i] >> (24 - 8 * j));
}
