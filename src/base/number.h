#ifndef IMP_BASE_NUMBER_H
#define IMP_BASE_NUMBER_H

#include <stdint.h>

static inline uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }
/* The next multiple of `unit`, a power of two, that is not below n; 0 where 32 bits do not hold it. */
static inline uint32_t round_up(uint32_t n, uint32_t unit) { return (n + unit - 1) & ~(unit - 1); }

#endif
