#ifndef IMP_INTERNET_IPV6_H
#define IMP_INTERNET_IPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/bytes.h"

/* IPv6 (RFC 8200): its formats. Parsers borrow the bytes, return facts and change nothing; what the node does with a packet is
 * declared in stack_internal.h (ipv6_input, ipv6_send ...) and told in ipv6.c. */
enum { IPV6_HEADER_BYTES = 40, IPV6_FRAGMENT_HEADER_BYTES = 8, IPV6_MTU_MINIMUM = 1280, IPV6_PAYLOAD_MAXIMUM = 65535 };
enum { LIMIT_IPV6_EXTENSIONS = 8, LIMIT_IPV6_OPTIONS = 16 }; /* headers a packet; options a header, padding included */
enum {                                                       /* next header values that are not transports */
       NEXT_HOP_BY_HOP = 0,
       NEXT_ROUTING = 43,
       NEXT_FRAGMENT = 44,
       NEXT_NONE = 59,
       NEXT_DESTINATION = 60,
};

struct ipv6_header {
    uint8_t traffic_class;
    uint32_t flow_label; /* 20 bits */
    uint16_t payload_bytes;
    uint8_t next_header, hop_limit;
    struct ip source, destination;
};
/* 0, IMP_TRUNCATED, or IMP_MALFORMED for another version. */
int ipv6_header_parse(struct reader *reader, struct ipv6_header *out);
void ipv6_header_build(struct writer *writer, const struct ipv6_header *header);
/* One line: "2001:db8::1 > ff02::1 next 58 hops 255 payload 24". Returns `out`; IPV6_TEXT_BYTES always suffice. */
enum { IPV6_TEXT_BYTES = 160 };
char *ipv6_header_print(const struct ipv6_header *header, char *out, size_t size_bytes);

struct ipv6_fragment {
    uint8_t next_header;
    uint32_t offset_bytes; /* a multiple of 8 */
    bool more;
    uint32_t identification;
};
int ipv6_fragment_parse(struct reader *reader, struct ipv6_fragment *out);
void ipv6_fragment_build(struct writer *writer, const struct ipv6_fragment *fragment);

/* The walk along the extension headers (RFC 8200 section 4). It stops at the first header that is not an extension, or at a fragment
 * header, which it parses but does not pass: after reassembly the walk goes on from there. */
enum ipv6_verdict {
    IPV6_GO_ON,    /* to `next_header` at `offset_bytes` */
    IPV6_FRAGMENT, /* `fragment` is filled in, `offset_bytes` is behind its header, `next_header` what that header says */
    IPV6_DISCARD,  /* malformed, or an option asks for it: without a word */
    IPV6_PROBLEM,  /* discard, and send an ICMPv6 parameter problem with `code` and `pointer_bytes` */
};
struct ipv6_walk {
    uint8_t next_header;      /* in: what comes at offset_bytes; out: likewise */
    uint32_t offset_bytes;    /* from the start of the IPv6 header */
    uint32_t named_at_bytes;  /* where the next-header field that names it is: the pointer of "unrecognized next header" */
    uint8_t extensions, code; /* passed so far */
    bool problem_to_group;    /* the problem is reported even when the packet was sent to a group (RFC 8200 4.2, action 10) */
    uint32_t pointer_bytes;
    struct ipv6_fragment fragment;
};
struct ipv6_walk ipv6_walk_start(const struct ipv6_header *header);
/* `packet` starts at the IPv6 header; what it holds must include every extension header. */
enum ipv6_verdict ipv6_walk_on(struct ipv6_walk *walk, const uint8_t *packet, size_t length);

/* The reach of an address (RFC 4291 section 2.7, RFC 6724 section 3.1): 1 interface, 2 link, 5 site, 8 organisation, 14 global. */
unsigned ipv6_scope(const struct ip *address);
unsigned ipv6_common_bits(const struct ip *a, const struct ip *b); /* 0..128 */

#endif
