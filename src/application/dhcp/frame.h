#ifndef IMP_APPLICATION_DHCP_FRAME_H
#define IMP_APPLICATION_DHCP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/bytes.h"

/* Whole Ethernet frames, for who has no address yet, or speaks to one who has none: DHCP's datagrams and ARP probes through packet sockets. */
enum { DHCP_FRAME_HEADERS_BYTES = 14 + 20 + 8, DHCP_FRAME_BYTES_MAX = 1514, ARP_FRAME_BYTES = 42 };
struct dhcp_frame {
    struct mac source_mac, destination_mac;
    struct endpoint source, destination; /* IPv4 */
};
/* Ethernet, IPv4 and UDP around a payload, checksums filled in. The length, or IMP_NO_SPACE. */
int dhcp_frame_build(const struct dhcp_frame *frame, struct bytes payload, void *out, size_t capacity);
/* The reverse: 0 with the payload (inside `data`), IMP_NOT_FOUND when it is something else (no UDP over IPv4, a fragment), IMP_MALFORMED when
 * a length or a checksum is wrong. */
int dhcp_frame_parse(const void *data, size_t length, struct dhcp_frame *out, struct bytes *payload);

/* An ARP probe for `address` (RFC 5227 section 2.1.1): "who has it?", asked from 0.0.0.0. */
void dhcp_probe_build(struct mac mac, const struct ip *address, uint8_t out[ARP_FRAME_BYTES]);
/* Does this frame say that someone else has, or is about to take, the address? *who is then that station. */
bool dhcp_probe_conflict(const void *data, size_t length, struct mac mac, const struct ip *address, struct mac *who);

#endif
