#ifndef IMP_BASE_CHECKSUM_H
#define IMP_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The Internet checksum (RFC 1071). A partial sum is an unfolded ones'-complement sum of big-endian 16-bit words; partial sums
 * of runs that start at even offsets may be added with checksum_combine(), and a run at an odd offset is first swapped. */
uint32_t checksum_partial(const void *data, size_t length, uint32_t sum);         /* `sum`: what came before, 0 to start */
uint32_t checksum_copy(void *out, const void *data, size_t length, uint32_t sum); /* copies and sums in one pass */
static inline uint32_t checksum_combine(uint32_t a, uint32_t b)
{
    uint32_t sum = a + b;
    return sum + (sum < a); /* the carry comes in again at the low end: 2^32 = 1 modulo 2^16 - 1 */
}
static inline uint16_t checksum_fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)(sum + (sum >> 16));
}
/* checksum_partial() for headers: a few whole 32-bit words. */
static inline uint32_t checksum_words(const uint8_t *data, size_t count, uint32_t sum)
{
    uint64_t total = 0; /* in the machine's byte order, as RFC 1071 section 2 allows */
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, data + 4 * i, 4);
        total += word;
    }
    uint16_t folded = checksum_fold(checksum_combine((uint32_t)total, (uint32_t)(total >> 32)));
    return checksum_combine(sum, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(folded) : folded);
}
/* For a run that starts at an odd offset. */
static inline uint32_t checksum_swap(uint32_t sum) { return __builtin_bswap16(checksum_fold(sum)); }
/* Folded and complemented: what goes into the header, in host order. */
static inline uint16_t checksum_finish(uint32_t sum) { return (uint16_t)~checksum_fold(sum); }
/* RFC 1624 equation 3 (and not RFC 1141's, which gets the two zeros of the arithmetic wrong): the new checksum when one 16-bit word
 * of what it covers changes from `old_word` to `new_word`. */
static inline uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word)
{
    return checksum_finish((uint32_t)(uint16_t)~checksum + (uint16_t)~old_word + new_word);
}

#endif
