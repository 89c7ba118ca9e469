#ifndef IMP_BASE_RANDOM_H
#define IMP_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* A stream of pseudo-random numbers (xoshiro256**). Each node and each wire direction has its own, derived from the lab's seed
 * and its name, so that adding a node does not change what another one draws. Not for secrets on a host: net_random() there
 * asks the kernel. */
struct random {
    uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed, const char *name);
uint64_t random_u64(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound); /* uniform in 0..bound-1; bound > 0 */
double random_unit(struct random *random);                    /* uniform in [0, 1) */
void random_fill(struct random *random, void *out, size_t length);

#endif
