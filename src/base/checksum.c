/* The Internet checksum (RFC 1071), fast.
 *
 * The sum is over 16-bit big-endian words in ones'-complement arithmetic. Two facts of RFC 1071 section 2 make it quick. It does
 * not depend on byte order: the words may be added as the machine loads them and the result swapped once at the end. And it does
 * not depend on word size: 32-bit pieces may be added into 64-bit lanes and folded once at the end, because 2^16 = 1 modulo
 * 2^16 - 1. So the inner loop adds the low and the high halves of 64-bit lanes in vector registers (the compiler's own vector
 * type: AVX2 on x86-64 where the processor has it, SSE2 else, NEON on AArch64, plain words elsewhere). A lane overflows only past 2^32 additions, 64 GiB.
 *
 * checksum_copy() is the same loop with a store in it, because data that is being copied is already in registers; that is what
 * lets a TCP payload be touched once. A trailing odd byte counts as the high half of a last word (RFC 1071 section 4.1). */
#include "base/checksum.h"

#include <stdbool.h>
#include <string.h>

enum { PIECE = 64 };
typedef uint64_t lanes __attribute__((vector_size(PIECE / 2)));

static inline uint64_t add_carry(uint64_t a, uint64_t b) { return a + b + (a > UINT64_MAX - b); }

static uint16_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint16_t to_big_endian(uint16_t word)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(word) : word;
}

/* The tail: fewer than 64 bytes. Native byte order, like the loop. */
static uint64_t sum_rest(const uint8_t *data, size_t length)
{
    uint64_t sum = 0;
    for (; length >= 8; length -= 8, data += 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        sum = add_carry(sum, word);
    }
    if (length & 4) {
        uint32_t word;
        memcpy(&word, data, 4);
        sum = add_carry(sum, word);
        data += 4;
    }
    if (length & 3) { /* zeros behind the last bytes add nothing, in either byte order */
        uint16_t words[2] = {0, 0};
        memcpy(words, data, length & 1 ? 1 : 2);
        if ((length & 3) == 3) {
            memcpy(words, data, 2);
            memcpy(words + 1, data + 2, 1);
        }
        sum = add_carry(sum, (uint32_t)words[0] + words[1]);
    }
    return sum;
}

/* Whole pieces of 64 bytes. `out` is a constant NULL in the caller that only sums, so that each caller gets its own loop, and in the registers that it
 * may use. */
static inline __attribute__((always_inline)) uint64_t sum_pieces(uint8_t *out, const uint8_t *data, size_t pieces)
{
    const lanes low_half = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
    lanes low = {0}, high = {0};
    for (; pieces > 0; pieces--, data += PIECE) {
        lanes a, b; /* not an array, which would go to memory and back */
        memcpy(&a, data, sizeof a);
        memcpy(&b, data + sizeof a, sizeof b);
        if (out) {
            memcpy(out, &a, sizeof a);
            memcpy(out + sizeof a, &b, sizeof b);
            out += PIECE;
        }
        low += (a & low_half) + (b & low_half);
        high += (a >> 32) + (b >> 32);
    }
    lanes both = low + high;
    return add_carry(add_carry(both[0], both[1]), add_carry(both[2], both[3]));
}

#if defined(__x86_64__)
#define HAS_WIDE __builtin_cpu_supports("avx2")
#define WIDE     __attribute__((target("avx2")))
#else
#define HAS_WIDE false
#define WIDE
#endif
static WIDE uint64_t sum_pieces_wide(const uint8_t *data, size_t pieces) { return sum_pieces(NULL, data, pieces); }
static WIDE uint64_t copy_pieces_wide(uint8_t *out, const uint8_t *data, size_t pieces)
{
    return sum_pieces(out, data, pieces);
}

uint32_t checksum_partial(const void *data, size_t length, uint32_t sum)
{
    size_t pieces = length / PIECE, whole = pieces * PIECE;
    uint64_t total = pieces == 0 ? 0 : HAS_WIDE ? sum_pieces_wide(data, pieces) : sum_pieces(NULL, data, pieces);
    total = add_carry(total, sum_rest((const uint8_t *)data + whole, length - whole));
    return checksum_combine(sum, to_big_endian(fold(total)));
}

uint32_t checksum_copy(void *out, const void *data, size_t length, uint32_t sum)
{
    if (length == 0) /* so that `out` may be NULL too */
        return sum;
    size_t pieces = length / PIECE, whole = pieces * PIECE;
    const uint8_t *rest = (const uint8_t *)data + whole;
    uint64_t total = HAS_WIDE ? copy_pieces_wide(out, data, pieces) : sum_pieces(out, data, pieces);
    total = add_carry(total, sum_rest(rest, length - whole));
    memcpy((uint8_t *)out + whole, rest, length - whole);
    return checksum_combine(sum, to_big_endian(fold(total)));
}
