#ifndef IMP_TESTS_SWARM_PLAN_H
#define IMP_TESTS_SWARM_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/wire.h"

/* What happens in one seed of the swarm, drawn from the seed alone: the chain of nodes and wires, TCP's settings, the conversations, and what
 * goes wrong when. Everything is drawn even if it is then switched off, so that leaving one thing out changes nothing else. */
enum plan_feature { /* what `--without` can leave out */
                    PLAN_LOSS = 1,
                    PLAN_REORDER = 2,
                    PLAN_DUPLICATE = 4,
                    PLAN_CORRUPT = 8,
                    PLAN_JITTER = 16,
                    PLAN_QUEUE = 32,
                    PLAN_MTU = 64,
                    PLAN_FLAP = 128,
                    PLAN_CUT = 256,
                    PLAN_ABORT = 512,
                    PLAN_PAUSE = 1024,
                    PLAN_SYSCTL = 2048,
                    PLAN_BUFFER = 4096,
                    PLAN_OTHERS = 8192, /* all conversations but the first */
                    PLAN_OPENING = 16384,
                    PLAN_ROUNDS = 32768,
                    PLAN_HOLE = 65536,
                    PLAN_CHANGE = 131072,
                    PLAN_LEND = 262144,
                    PLAN_URGENT = 524288,
};
uint32_t plan_feature_find(const char *name); /* 0: unknown */
void plan_features_print(FILE *out);

enum { PLAN_NODES = 5, PLAN_WIRES = 4, PLAN_TALKS = 4, PLAN_FAULTS = 3, PLAN_SYSCTLS = 36 };

struct plan_side { /* one end of a conversation */
    uint32_t send_bytes;
    uint32_t write_most;      /* bytes a call */
    int64_t write_pause_ns;   /* between writes; 0 = none */
    uint32_t read_most;       /* bytes a call */
    uint32_t stop_reading_at; /* then nothing is read for stop_ns; UINT32_MAX: never */
    int64_t stop_ns;
    bool waits_for_end;   /* finishes only when the peer has: else as soon as it has written */
    bool finish_together; /* at an agreed instant, so that FINs cross */
    uint32_t abort_at;    /* aborts when so much was written and read together; UINT32_MAX: never */
    bool no_delay;
    uint16_t maximum_segment;
    uint32_t send_buffer, receive_buffer; /* 0: the node's default */
    const char *congestion;
    bool lends;              /* every other write is a block, half of these with their sums known */
    uint32_t defer_accept_s; /* as a listener */
    uint32_t not_sent_low;   /* bytes; 0: no such rule */
    bool urges;              /* the last byte of every third write that is copied is urgent */
    bool marks;              /* as a reader it is told of the mark; urgent bytes stay in line */
};
enum plan_opening { OPENING_PLAIN, OPENING_FAST, OPENING_CROSSED };
struct plan_talk {
    int64_t start_ns;
    unsigned from; /* 0: the first host connects, 1: the last */
    enum plan_opening opening;
    unsigned rounds;          /* on the same ports */
    int64_t pause_ns;         /* the client's, between them */
    struct plan_side side[2]; /* who connects, who accepts */
};
enum fault_kind { FAULT_NONE, FAULT_WIRE, FAULT_CHANGE, FAULT_NODE, FAULT_NODE_FOR_EVER };
struct plan_fault {
    enum fault_kind kind;
    unsigned which;
    int64_t at_ns, for_ns;
    int64_t delay_ns; /* FAULT_CHANGE: the wire's, and its rate, for so long */
    uint64_t rate_bps;
};
struct plan {
    uint64_t seed;
    bool ipv6;
    unsigned nodes; /* in a chain; the first and the last are hosts */
    uint32_t mtu[PLAN_WIRES];
    struct wire_settings wire[PLAN_WIRES][2];
    unsigned talk_count;
    struct plan_talk talk[PLAN_TALKS];
    struct plan_fault fault[PLAN_FAULTS];   /* in order of time, not overlapping */
    const char *sysctl[2][PLAN_SYSCTLS][2]; /* of each host: name, value; NULL ends */
    bool harsh;                             /* a timeout is no surprise */
};
void plan_make(struct plan *plan, uint64_t seed, uint32_t without);
void plan_print(const struct plan *plan, FILE *out);

#endif
