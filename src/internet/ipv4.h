#ifndef IMP_INTERNET_IPV4_H
#define IMP_INTERNET_IPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

/* The IPv4 header (RFC 791 section 3.1), with options. */
enum { IPV4_HEADER_BYTES = 20, IPV4_HEADER_MAXIMUM = 60, IPV4_MINIMUM_MTU = 68, IPV4_TOTAL_MAXIMUM = 65535 };
struct ipv4_header {
    uint8_t header_bytes;  /* 20..60 in steps of 4 */
    uint8_t traffic_class; /* DSCP and ECN */
    uint16_t total_bytes;  /* header and payload */
    uint16_t identification;
    bool dont_fragment, more_fragments;
    uint16_t offset_bytes; /* of this fragment's payload, a multiple of 8 */
    uint8_t ttl, protocol;
    uint16_t checksum;      /* as read; ipv4_build() computes its own */
    const uint8_t *options; /* header_bytes - 20 of them, in the caller's memory */
    struct ip source, destination;
};

/* 0; IMP_TRUNCATED: fewer bytes than the header says; IMP_MALFORMED: another version, or lengths that contradict each other. `length` may
 * be less than total_bytes (a quoted packet, a payload elsewhere). The checksum is not looked at. */
int ipv4_parse(const void *data, size_t length, struct ipv4_header *out);
bool ipv4_checksum_good(const void *header, size_t header_bytes);
/* Writes header_bytes bytes, checksum done. header_bytes must be right, and `options` present when it is above 20. */
void ipv4_build(const struct ipv4_header *header, uint8_t *out);
/* "10.0.0.1 > 10.0.0.2: proto ICMP (1), ttl 64, id 1, length 84, flags [DF]". Returns `out`. 200 bytes always suffice. */
char *ipv4_print(const struct ipv4_header *header, char *out, size_t size_bytes);
const char *protocol_name(uint8_t protocol); /* "TCP" ...; "unknown" */

/* Whether each option's length stays inside the header (RFC 791 section 3.1); `at` is told where the first fault is, from the header's start. */
bool ipv4_options_sound(const struct ipv4_header *header, uint8_t *at);

#endif
