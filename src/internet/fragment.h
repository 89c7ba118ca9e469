#ifndef IMP_INTERNET_FRAGMENT_H
#define IMP_INTERNET_FRAGMENT_H

#include "internet/stack_internal.h"

/* Reassembly for both families (RFC 791 section 3.2, RFC 8200 section 4.5) and the cutting of IPv4 packets. A datagram whose fragments
 * overlap is refused as a whole (RFC 5722); an exact duplicate is ignored. */
enum { LIMIT_REASSEMBLIES = 64, LIMIT_REASSEMBLY_FRAGMENTS = 256, LIMIT_REASSEMBLY_BYTES = 4 << 20 };
#define REASSEMBLY_IPV4_NS (30 * NS_PER_S) /* as Linux; RFC 791 suggests 15 s */
#define REASSEMBLY_IPV6_NS (60 * NS_PER_S) /* RFC 8200 section 4.5 */

struct fragment {
    struct ip source, destination;
    uint32_t identification;
    uint8_t protocol;      /* IPv4: part of the key; IPv6: 0 */
    uint32_t offset_bytes; /* of its payload in the whole */
    bool more;
};
/* Takes a fragment: data at the fragment's payload, already trimmed to the IP length; packet->network marks the IP header. When it was the last
 * one missing, returns the whole as a frame that is the caller's alone: data at the payload, all linear, and in front of it, from the
 * `network` mark, the headers of the first fragment exactly as they came. Otherwise NULL: kept, or dropped and counted. After the time limit the first
 * fragment, if it came, is given to ipv4_ or ipv6_reassembly_timeout() (data at its IP header). */
struct frame *fragment_add(struct ip_interface *on, const struct fragment *fragment, struct frame *packet_taken,
                           struct instant now);
void fragment_table_free(struct stack *stack);
size_t fragment_waiting(const struct stack *stack); /* unfinished reassemblies */

/* Cuts an IPv4 packet (taken; data at its header; options are copied as RFC 791 says) into pieces of at most `mtu_bytes` and hands each
 * to `send`. Returns the number of pieces, 0 when the MTU has no room for any (the packet is then dropped). */
unsigned fragment_cut_ipv4(struct stack *stack, struct frame *packet_taken, uint32_t mtu_bytes,
                           void (*send)(void *context, struct frame *piece_taken), void *context);

#endif
