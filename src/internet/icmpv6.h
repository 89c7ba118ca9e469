#ifndef IMP_INTERNET_ICMPV6_H
#define IMP_INTERNET_ICMPV6_H

#include "base/bytes.h"
#include "internet/stack_internal.h"

/* ICMPv6 (RFC 4443): the format, echo, errors out (icmpv6_send_error in stack_internal.h) and errors in. Neighbour discovery's
 * messages are ICMPv6 too and go on to ndp.h. */
enum icmpv6_type {
    ICMPV6_UNREACHABLE = 1,
    ICMPV6_TOO_BIG = 2,
    ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_PROBLEM = 4,
    ICMPV6_ECHO_REQUEST = 128,
    ICMPV6_ECHO_REPLY = 129,
    ICMPV6_ROUTER_SOLICITATION = 133,
    ICMPV6_ROUTER_ADVERTISEMENT = 134,
    ICMPV6_NEIGHBOUR_SOLICITATION = 135,
    ICMPV6_NEIGHBOUR_ADVERTISEMENT = 136,
    ICMPV6_REDIRECT = 137,
};
enum { /* codes of "unreachable" */
       ICMPV6_NO_ROUTE = 0,
       ICMPV6_PROHIBITED = 1,
       ICMPV6_BEYOND_SCOPE = 2,
       ICMPV6_ADDRESS_UNREACHABLE = 3,
       ICMPV6_PORT_UNREACHABLE = 4,
};
enum { ICMPV6_HEADER_BYTES = 8 };

struct icmpv6_header { /* errors and echo alike begin with these eight bytes */
    uint8_t type, code;
    uint16_t checksum;
    uint32_t parameter; /* the MTU, the pointer, or an echo's identifier and sequence */
};
int icmpv6_header_parse(struct reader *reader, struct icmpv6_header *out); /* 0 or IMP_TRUNCATED */
void icmpv6_header_build(struct writer *writer, const struct icmpv6_header *header);
/* "echo request", "no route to destination" ...: a static phrase for a type and its code. */
const char *icmpv6_print(uint8_t type, uint8_t code);

/* A packet a node sent, as an ICMPv6 error quotes it. */
struct icmpv6_quote {
    struct packet_info info; /* interface 0 */
    bool has_transport;      /* at least eight bytes of its transport header are there */
    struct bytes transport;
};
int icmpv6_quote_parse(const uint8_t *quoted, size_t length, struct icmpv6_quote *out); /* 0, IMP_TRUNCATED, IMP_MALFORMED */
/* What an error means to the transports. False: the type and code are not an error we know. */
bool icmpv6_error_meaning(const struct icmpv6_header *header, struct stack_error *out);

/* A message for this node: taken, data at the ICMPv6 header, trimmed; packet->network marks the IPv6 header. `source`: the station it
 * came from. */
void icmpv6_input(struct ip_interface *on, const struct packet_info *info, struct frame *packet_taken, struct mac source,
                  struct instant now);
/* Tells of an echo request or reply (borrowed, data at its ICMPv6 header) that leaves; says nothing of other messages. */
void icmpv6_tell_sent(struct stack *stack, const struct ip *destination, const struct frame *message);

#endif
