#ifndef IMP_ENGINE_WIRE_H
#define IMP_ENGINE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/node.h"

/* A wire joins two ports. Each direction has a rate, a delay, and faults; departure is computed when a frame is handed over, so a
 * frame costs one event (two if it has to wait in a CoDel queue). A direction keeps its frames in flight in a FIFO of its own and has one timer, for the first of them.
 * Frames keep their order, unless `reorder` says otherwise. */
enum queue_discipline {
    DISCIPLINE_TAIL,  /* drops what finds no room */
    DISCIPLINE_CODEL, /* RFC 8289: drops or marks what has waited too long, when it leaves the queue */
    DISCIPLINE_STEP,  /* marks what finds more than mark_frames before it (RFC 8257 section 3.1) */
};
struct wire_settings {
    uint64_t rate_bps; /* bits per second; 0 = no limit: no time to serialise, no queue */
    int64_t delay_ns;  /* propagation, at least 0 */
    int64_t jitter_ns; /* adds a uniform 0..jitter to the delay, order kept */
    uint32_t loss_ppm; /* each frame's chance to be lost, in millionths; likewise below */
    uint32_t duplicate_ppm;
    uint32_t corrupt_ppm; /* one bit is flipped behind the first 14 bytes */
    uint32_t reorder_ppm; /* held back by reorder_ns */
    uint32_t
        largest_bytes; /* larger frames vanish, as in a tunnel or a switch with a smaller MTU than its neighbours; 0 = no limit */
    uint32_t mark_frames;  /* DISCIPLINE_STEP */
    uint32_t queue_frames; /* drop-tail limit of frames that wait for the wire, the one being sent included; 0 = no limit */
    uint32_t queue_bytes;  /* likewise in bytes; 0 = no limit */
    int32_t
        overhead_bytes; /* counted per frame when serialising: preamble, FCS and gap of Ethernet are 24; -14: IP packets alone count */
    int discipline; /* enum queue_discipline; it needs a rate */
    bool ecn;       /* CoDel marks ECN-capable packets where it would drop them (RFC 3168); DISCIPLINE_STEP always does */
    int64_t reorder_ns;
    uint32_t device_frames; /* CoDel: the queue of the device behind it, into which frames go before they are sent */
    int64_t device_hold_ns; /* CoDel: the device has byte limits too, which shrink after so long (byte_limit.h); 0 = none */
    int64_t target_ns, interval_ns; /* CoDel: 0 is 5 ms and 100 ms */
    int64_t mark_delay_ns; /* CoDel: marks every ECN-capable packet that has waited longer (Linux's ce_threshold); 0 = off */
};

struct wire_profile {
    const char *name;              /* "ethernet-1g", "wifi", "dsl" ... */
    const char *summary;           /* one line: what it stands for, where the figures come from */
    struct wire_settings up, down; /* first port to second, and back; the same unless the medium is asymmetric */
};
const struct wire_profile *wire_profile_find(const char *name); /* NULL when unknown */
const struct wire_profile *wire_profiles(size_t *count);

/* Both ports must be free. `name` is copied; unique names keep digests and captures apart. The ports' `carrier` is told. */
struct wire *wire_create(struct port *a, struct port *b, const char *name, const struct wire_settings *ab,
                         const struct wire_settings *ba);
const char *wire_name(const struct wire *wire);
struct port *wire_end(const struct wire *wire, unsigned side); /* 0 or 1 */
struct port *wire_peer(const struct port *port);               /* the port at the far end; NULL when unplugged */
struct wire *wire_find(struct engine *engine, const char *name);
struct wire *wire_next(struct engine *engine, const struct wire *wire); /* in order of creation; NULL starts and ends */
struct wire_settings *wire_direction_settings(struct wire *wire, unsigned from_side); /* may be changed while it runs */
bool wire_is_up(const struct wire *wire);
void wire_set_up(struct wire *wire, bool up); /* down: what is in flight is lost, ports lose carrier */

struct wire_counts {
    uint64_t frames, bytes; /* handed over and not refused by the queue */
    uint64_t queue_frames_peak;
    uint64_t lost, queue_drops, duplicated, corrupted;
    uint64_t early_drops, marked; /* by the queue's discipline */
};
struct wire_counts wire_counts(const struct wire *wire, unsigned from_side);
uint32_t wire_queue_length(struct wire *wire, unsigned from_side, struct instant now); /* frames waiting or being sent */

/* How a packet gets the mark "congestion experienced": the layers above know (internet/ecn.h), frames being opaque here. False: it is not
 * ECN-capable, and is as it was. Without a hook nothing can be marked. */
void wires_mark_with(struct engine *engine, bool (*mark)(struct frame **frame));

/* A tap sees each frame as it is handed to the wire (as it leaves a CoDel queue, marks on it; also one that the wire then loses, as a capture on the sender would). The
 * frame is borrowed. The tap belongs to the caller and is a member of a list until removed. */
struct wire_tap {
    struct list link;
    void (*frame)(struct wire_tap *tap, struct wire *wire, unsigned from_side, const struct frame *frame, struct instant now);
};
void wire_tap_add(struct wire *wire, struct wire_tap *tap);
void wire_tap_remove(struct wire_tap *tap);

#endif
