#ifndef IMP_BASE_HASH_H
#define IMP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4: for tables keyed by what a peer chooses, for RFC 6528 sequence numbers, and for cookies. */
struct hash_key {
    uint64_t k[2];
};
uint64_t hash_keyed(struct hash_key key, const void *data, size_t length);

/* A fast 128-bit running hash for digests: not cryptographic, sensitive to order and length. All zero bytes to start. */
struct stream_hash {
    uint64_t a, b, count;
};
void stream_hash_add(struct stream_hash *hash, const void *data, size_t length);
/* As stream_hash_add() over both runs, one behind the other in one piece. */
void stream_hash_add_joined(struct stream_hash *hash, const void *first, size_t first_length, const void *second,
                            size_t second_length);
void stream_hash_add_u64(struct stream_hash *hash, uint64_t value);
void stream_hash_finish(const struct stream_hash *hash, uint8_t out[16]);

/* SHA-256 (FIPS 180-4), for the hashes that expectations compare. */
void sha256(const void *data, size_t length, uint8_t out[32]);

#endif
