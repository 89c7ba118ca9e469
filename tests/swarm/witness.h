#ifndef IMP_TESTS_SWARM_WITNESS_H
#define IMP_TESTS_SWARM_WITNESS_H

#include "base/map.h"
#include "base/text.h"
#include "engine/wire.h"
#include "internet/stack.h"

/* Sees every segment as its sender hands it to a wire, and as it is about to reach TCP: so it knows which were damaged on the way, without asking any
 * of imp's checks. One world at a time. */
struct witness_counts {
    uint64_t damaged;      /* segments that nobody sent so, and whose checksum says so */
    uint64_t undetectable; /* likewise, but the checksum is right: they were taken out */
    uint64_t trusted;      /* nobody sent them so, and yet they came as FRAME_SUMS_GOOD */
    uint64_t heeded;       /* damaged, and TCP did not drop them */
    uint64_t fast_opens;   /* good SYNs with data that arrived */
};
struct witness_pieces { /* of a segment that its sender cuts: they leave one behind the other */
    uint16_t identification;
    uint32_t length; /* so far; 0: none */
    uint8_t bytes[65536];
};
struct witness {
    struct map sent; /* hashes of addresses and segment */
    struct wire_tap tap[2];
    struct witness_pieces pieces[2];
    struct witness_counts counts;
    const struct transport_ops *tcp; /* before which it stands */
    uint8_t bytes[65536];
};
void witness_begin(struct witness *witness);
void witness_watch(struct witness *witness, struct wire *wire, unsigned from_side); /* a host's way out; two at most */
void witness_stand(struct witness *witness, struct stack *stack); /* before the TCP of this stack, just made */
void witness_judge(const struct witness *witness, struct text *faults);
void witness_end(struct witness *witness);

#endif
