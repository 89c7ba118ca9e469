#ifndef IMP_TRANSPORT_OFFLOAD_HEADERS_H
#define IMP_TRANSPORT_OFFLOAD_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

/* Where the headers of a frame with a TCP segment lie, as offsets from its Ethernet header. */
enum {
    OFFLOAD_HEADERS_MAX = 256
}; /* bytes of headers that are looked at: Ethernet with two tags, IPv6 with some options, TCP with all */
struct offload_headers {
    uint8_t family; /* 4 or 6 */
    uint16_t network, transport, payload;
    uint32_t end; /* of the packet, as IP tells it; behind it is padding */
};
/* `start_bytes` of the frame are at `start`; it is `total_bytes` long. False: no TCP, a fragment, or headers that are broken or longer than what
 * can be seen. VLAN tags are passed over. IPv4 options are; IPv6 extension headers are only when `transport` says where they end (0: not known). */
bool offload_headers_find(const uint8_t *start, uint32_t start_bytes, uint32_t total_bytes, uint16_t transport,
                          struct offload_headers *out);
/* The pseudo-header's sum without the length, from the addresses in the header. */
uint32_t offload_pseudo_sum(const uint8_t *start, const struct offload_headers *headers);
/* Writes the lengths into the IP header for a packet of that many payload bytes, and the IPv4 checksum anew. */
void offload_set_length(uint8_t *start, const struct offload_headers *headers, uint32_t payload_bytes);

#endif
