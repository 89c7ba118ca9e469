#ifndef IMP_LAB_PCAPNG_H
#define IMP_LAB_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/time.h"

/* The pcapng file format (draft-ietf-opsawg-pcapng), as much as captures of virtual wires need: a section, its interfaces (Ethernet, times in
 * nanoseconds), and packets. Each function adds one block to `out`; blocks are little-endian on every machine. Times count from
 * instant 0, which stands for the Unix epoch. */
void pcapng_section(struct text *out, const char *application);
void pcapng_interface(struct text *out, const char *name, const char *description);
struct pcapng_packet {
    uint32_t interface; /* in the order in which they were added, from 0 */
    struct instant time;
    uint32_t length; /* of the whole frame, which follows */
};
/* The block up to the packet's bytes; then come the bytes themselves, and pcapng_packet_end() with the same packet. */
void pcapng_packet_begin(struct text *out, const struct pcapng_packet *packet);
void pcapng_packet_end(struct text *out, const struct pcapng_packet *packet);

#endif
