/* Explicit congestion notification, a router's half (RFC 3168).
 *
 * A queue that would drop a packet to tell its sender to slow down can write so into the packet instead, if both ends of the
 * connection have agreed to look there: then the packet carries ECT(0) or ECT(1), and the queue makes that CE (section 5). The queue is a
 * wire's (engine/wire.c), to which frames are opaque; this is the hook through which it marks.
 *
 * IPv4 has the bits in the TOS octet, under the header checksum, which is updated by the difference (RFC 1624). IPv6 has them in the traffic
 * class, which straddles the first two octets (RFC 8200 section 3), under no checksum. A frame on the wires may be shared (a switch
 * floods by reference), so a copy is made if need be; a packet that is marked already is left as it is.
 *
 * Left out: packets inside tunnels (RFC 6040): there are none yet. */
#include "internet/ecn.h"

#include "base/checksum.h"
#include "engine/frame.h"
#include "link/ethernet.h"

enum { TAG_BYTES = 4, ETHERTYPE_TAG = 0x8100 };

static uint16_t word(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void mark_ipv4(uint8_t *header)
{
    uint16_t before = word(header);
    header[1] |= ECN_CE;
    uint16_t sum = checksum_update(word(header + 10), before, word(header));
    header[10] = (uint8_t)(sum >> 8);
    header[11] = (uint8_t)sum;
}

bool ecn_mark_frame(struct frame **frame)
{
    const uint8_t *data = (*frame)->data;
    uint32_t length = (*frame)->length, at = ETHERNET_HEADER_BYTES;
    if (length >= at + TAG_BYTES && word(data + at - 2) == ETHERTYPE_TAG)
        at += TAG_BYTES;
    if (length < at + 20)
        return false;
    uint16_t type = word(data + at - 2);
    if (type != ETHERTYPE_IPV4 && type != ETHERTYPE_IPV6)
        return false;
    unsigned codepoint = (type == ETHERTYPE_IPV4 ? data[at + 1] : data[at + 1] >> 4) & ECN_MASK;
    if (codepoint == ECN_NOT_ECT || codepoint == ECN_CE)
        return codepoint == ECN_CE;
    *frame = frame_own(*frame, 0);
    uint8_t *header = (*frame)->data + at;
    if (type == ETHERTYPE_IPV4)
        mark_ipv4(header);
    else
        header[1] |= ECN_CE << 4;
    return true;
}
