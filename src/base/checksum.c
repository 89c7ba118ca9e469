/* The Internet checksum (RFC 1071), fast.
 *
 * The sum is over 16-bit big-endian words in ones'-complement arithmetic. Two facts of RFC 1071 section 2 make it quick. It does
 * not depend on byte order: the words may be added as the machine loads them and the result swapped once at the end. And it does
 * not depend on word size: 32-bit pieces may be added into 64-bit lanes and folded once at the end, because 2^16 = 1 modulo
 * 2^16 - 1. So the inner loop adds the low and the high halves of 64-bit lanes in vector registers (the compiler's own vector
 * type: SSE2 on x86-64, NEON on AArch64, plain words elsewhere). A lane overflows only past 2^32 additions: 64 GiB.
 *
 * checksum_copy() is the same loop with a store in it, because data that is being copied is already in registers; that is what
 * lets a TCP payload be touched once. A trailing odd byte counts as the high half of a last word (RFC 1071 section 4.1). */
#include "base/checksum.h"

#include <string.h>

typedef uint64_t lanes __attribute__((vector_size(16)));

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

/* `out` is a constant NULL in the caller that only sums, so that each caller gets its own loop. */
static inline __attribute__((always_inline)) uint32_t sum_bytes(uint8_t *out, const uint8_t *data, size_t length,
                                                                uint32_t before)
{
    const lanes low_half = {0xffffffff, 0xffffffff};
    lanes low0 = {0}, low1 = {0}, high0 = {0}, high1 = {0};
    while (length >= 64) {
        lanes a, b, c, d; /* not an array, which would go to memory and back */
        memcpy(&a, data, sizeof a);
        memcpy(&b, data + 16, sizeof b);
        memcpy(&c, data + 32, sizeof c);
        memcpy(&d, data + 48, sizeof d);
        if (out) {
            memcpy(out, &a, sizeof a);
            memcpy(out + 16, &b, sizeof b);
            memcpy(out + 32, &c, sizeof c);
            memcpy(out + 48, &d, sizeof d);
            out += 64;
        }
        low0 += (a & low_half) + (b & low_half);
        low1 += (c & low_half) + (d & low_half);
        high0 += (a >> 32) + (b >> 32);
        high1 += (c >> 32) + (d >> 32);
        data += 64;
        length -= 64;
    }
    lanes both = low0 + low1 + high0 + high1;
    uint64_t sum = add_carry(add_carry(both[0], both[1]), sum_rest(data, length));
    if (out && length)
        memcpy(out, data, length);
    return checksum_combine(before, to_big_endian(fold(sum)));
}

uint32_t checksum_partial(const void *data, size_t length, uint32_t sum) { return sum_bytes(NULL, data, length, sum); }

uint32_t checksum_copy(void *out, const void *data, size_t length, uint32_t sum)
{
    if (length == 0) /* so that `out` may be NULL too */
        return sum;
    return sum_bytes(out, data, length, sum);
}
