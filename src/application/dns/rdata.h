#ifndef IMP_APPLICATION_DNS_RDATA_H
#define IMP_APPLICATION_DNS_RDATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/dns/name.h"
#include "base/bytes.h"
#include "base/text.h"

/* Record types, and what is in a record of each. Everywhere but on the wire a record's data is its wire form with its names
 * uncompressed, so that any two can be compared byte by byte and an unknown type is no special case (RFC 3597). What a type looks
 * like is one line in a table (rdata.c); reading, writing, printing and parsing all follow that line. */
enum dns_type {
    DNS_TYPE_NONE = 0,
    DNS_TYPE_A = 1,
    DNS_TYPE_NS = 2,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_HINFO = 13,
    DNS_TYPE_MX = 15,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_SRV = 33,
    DNS_TYPE_OPT = 41,
    DNS_TYPE_IXFR = 251,
    DNS_TYPE_AXFR = 252,
    DNS_TYPE_ANY = 255,
    DNS_TYPE_CAA = 257,
};
enum dns_class { DNS_CLASS_IN = 1, DNS_CLASS_CH = 3, DNS_CLASS_HS = 4, DNS_CLASS_ANY = 255 };
enum { DNS_TYPE_TEXT_BYTES = 12, DNS_RDATA_BYTES_MAX = 65535 };

/* "AAAA", or "TYPE1234" for what has no name here (RFC 3597 section 5). Printers return `out`. Parsers ignore case; 0 or IMP_MALFORMED. */
char *dns_type_print(uint16_t type, char out[DNS_TYPE_TEXT_BYTES]);
int dns_type_parse(const char *text, uint16_t *out);
char *dns_class_print(uint16_t class, char out[DNS_TYPE_TEXT_BYTES]);
int dns_class_parse(const char *text, uint16_t *out);

/* Reads the next `length` bytes of a message as the data of a record of that type and writes it uncompressed. A message's reader is
 * over the whole message. 0; IMP_MALFORMED when it breaks the type's format; IMP_NO_SPACE when `out` is too small. */
int dns_rdata_read(struct reader *message, uint16_t type, size_t length, struct writer *out);
/* Writes uncompressed data into a message, compressing the names where RFC 3597 section 4 lets it. The data must be sound. */
void dns_rdata_write(struct writer *message, uint16_t type, struct bytes data, struct dns_compression *table);
/* Adds the presentation form, as dig prints it. */
void dns_rdata_print(uint16_t type, struct bytes data, struct text *out);

/* A word or a "quoted string" of a master file, escapes still in it. */
struct dns_token {
    const char *text;
    bool quoted;
    uint32_t line, column; /* from 1 */
};
/* Master-file words into data. On failure *error is a phrase such as "an IPv4 address was expected", and *at the index of the word at
 * fault (`count`: behind the last). */
int dns_rdata_parse(uint16_t type, const struct dns_token *words, size_t count, const struct dns_name *origin,
                    struct writer *out, const char **error, size_t *at);

int dns_ttl_parse(const char *text,
                  uint32_t *out); /* "3600", "1h", "1w2d3h4m5s": seconds. IMP_MALFORMED; IMP_INVALID past 2^31 - 1 */

/* The name that begins at `offset` of sound uncompressed data: NS, CNAME, PTR and SOA 0, MX 2, SRV 6. */
struct dns_name dns_rdata_name(struct bytes data, size_t offset);
/* Where the name of a server stands whose addresses a reader of such a record wants next (NS, MX, SRV); -1 for other types. */
int dns_rdata_target_offset(uint16_t type);
uint32_t dns_soa_minimum_s(struct bytes data); /* SOA's MINIMUM: how long an absence may be remembered (RFC 2308 section 4) */

#endif
