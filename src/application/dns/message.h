#ifndef IMP_APPLICATION_DNS_MESSAGE_H
#define IMP_APPLICATION_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/name.h"
#include "application/dns/rdata.h"
#include "base/arena.h"
#include "base/bytes.h"

/* A DNS message (RFC 1035 section 4) with EDNS0 (RFC 6891): bytes to facts and back. No I/O, no time. */
enum dns_opcode { DNS_QUERY = 0, DNS_IQUERY = 1, DNS_STATUS = 2, DNS_NOTIFY = 4, DNS_UPDATE = 5 };
enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16, /* above 15: only with EDNS0 */
};
enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };
enum { DNS_HEADER_BYTES = 12 };

struct dns_question {
    struct dns_name name;
    uint16_t type, class;
};
struct dns_record {
    struct dns_name name;
    uint16_t type, class;
    uint32_t ttl_s;
    struct bytes data; /* uncompressed (rdata.h); borrowed, as a rule from an arena */
};
struct dns_records {
    struct dns_record *list;
    size_t count, capacity;
};
struct dns_edns { /* the OPT record, taken apart; it is never among the records of the additional section */
    bool present;
    uint8_t version;
    bool dnssec_ok;
    uint16_t udp_bytes;   /* what the sender can receive */
    struct bytes options; /* as on the wire */
};
struct dns_message {
    uint16_t id;
    uint8_t opcode;
    bool response;            /* QR */
    bool authoritative;       /* AA */
    bool truncated;           /* TC */
    bool recursion_desired;   /* RD */
    bool recursion_available; /* RA */
    bool authentic_data;      /* AD (RFC 4035) */
    bool checking_disabled;   /* CD */
    uint16_t rcode;           /* extended by EDNS0's eight bits */
    bool has_question;
    struct dns_question question;
    struct dns_records section[DNS_SECTIONS];
    struct dns_edns edns;
};

/* Takes a message apart. Everything is copied into the arena. The header's fields are filled in whenever twelve bytes are there, also
 * when the rest is malformed, so that an error can be answered. IMP_TRUNCATED without a header; IMP_MALFORMED; IMP_LIMIT for too many
 * records. More than one question is malformed (RFC 9619). */
int dns_message_parse(struct arena *arena, const uint8_t *data, size_t length, struct dns_message *out);

/* Puts a message together in at most `capacity` bytes. When not everything fits, whole record sets are left out: from the answer or the
 * authority section, or a referral's addresses, with TC set (RFC 2181 section 9, RFC 9471); other additional ones silently. Returns the
 * length, or IMP_NO_SPACE when not even header, question and OPT fit. */
int dns_message_build(const struct dns_message *message, uint8_t *out, size_t capacity);

void dns_records_add(struct arena *arena, struct dns_records *records,
                     const struct dns_record *record); /* the data stays borrowed */
bool dns_records_have(const struct dns_records *records, const struct dns_name *name, uint16_t type); /* of class IN */

/* A query for one name, recursion desired or not, with a fresh OPT when edns_udp_bytes is not 0. */
struct dns_message dns_query(uint16_t id, const struct dns_name *name, uint16_t type, bool recursion_desired,
                             uint16_t edns_udp_bytes);
/* Is this a response to that query: same id, same question (but for case)? A response may leave the question out only to say that it
 * could not read it. */
bool dns_message_answers(const struct dns_message *response, const struct dns_message *query);

const char *dns_rcode_name(uint16_t rcode);  /* "NXDOMAIN"; "RESERVED12" for the unassigned, as dig prints them */
const char *dns_opcode_name(uint8_t opcode); /* "QUERY" */

#endif
