#ifndef IMP_INTERNET_ICMP_H
#define IMP_INTERNET_ICMP_H

#include <stddef.h>
#include <stdint.h>

#include "engine/frame.h"
#include "internet/stack_internal.h"

/* ICMP for IPv4 (RFC 792, RFC 1122 section 3.2.2, RFC 1812 section 4.3): format, echo, and errors. */
enum icmp_type {
    ICMP_ECHO_REPLY = 0,
    ICMP_UNREACHABLE = 3,
    ICMP_REDIRECT = 5,
    ICMP_ECHO_REQUEST = 8,
    ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
};
enum icmp_unreachable_code {
    ICMP_NET_UNREACHABLE = 0,
    ICMP_HOST_UNREACHABLE = 1,
    ICMP_PROTOCOL_UNREACHABLE = 2,
    ICMP_PORT_UNREACHABLE = 3,
    ICMP_FRAGMENTATION_NEEDED = 4,
    ICMP_PROHIBITED = 13, /* communication administratively prohibited */
};
enum icmp_time_exceeded_code { ICMP_TTL_IN_TRANSIT = 0, ICMP_REASSEMBLY = 1 };
enum { ICMP_HEADER_BYTES = 8, ICMP_QUOTE_BYTES = 548 /* RFC 1812 4.3.2.3: an error is at most 576 bytes long */ };

struct icmp_header {
    uint8_t type, code;
    uint16_t checksum;
    uint16_t identifier, sequence; /* echo */
    uint32_t parameter; /* the same four bytes as one number: next-hop MTU in the low 16 bits, pointer in the high 8 */
};
int icmp_parse(const void *data, size_t length, struct icmp_header *out); /* 0 or IMP_TRUNCATED; checksum not looked at */
/* Writes the header, from `parameter` or, for echo types, from identifier and sequence; the checksum field is 0. */
void icmp_build(const struct icmp_header *header, uint8_t out[ICMP_HEADER_BYTES]);
/* "ICMP echo request, id 7, seq 1, length 64", as tcpdump prints it. Returns `out`. 120 bytes always suffice. */
char *icmp_print(const struct icmp_header *header, size_t length, char *out, size_t size_bytes);
const char *icmp_unreachable_text(uint8_t code); /* "host", "port" ... */

/* A message for this node (taken; data at the ICMP header, transport marked, network marking the IP header). */
void icmp_input(struct ip_interface *on, const struct packet_info *info, struct frame *message_taken, struct instant now);
/* Tells observers of an echo request that is about to leave. The message is borrowed. */
void icmp_tell_sent(struct stack *stack, const struct ip *destination, const struct frame *message);

#endif
