#ifndef IMP_BASE_ADDRESS_H
#define IMP_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Addresses of layers 2, 3 and 4 as one-field structs, so that they cannot be mixed. Text forms follow RFC 4632 and
 * RFC 5952; the bytes are in network order, as on the wire. Parsers take the whole string and return 0 or IMP_MALFORMED;
 * printers write a NUL-terminated string into `out` and return it (the *_TEXT_BYTES sizes always suffice). */
struct mac {
    uint8_t b[6];
};
struct ip {         /* an IPv4 or IPv6 address; family 0 means "none" or "any family" */
    uint8_t family; /* 0, 4 or 6 */
    uint8_t b[16];  /* IPv4: the first four, the others zero */
};
struct prefix {
    struct ip address; /* host bits are kept: 192.168.1.1/24 is also an interface address */
    uint8_t length;    /* 0..32 or 0..128 */
};
struct endpoint {
    struct ip address;
    uint16_t port;      /* host order, 0 = any */
    uint16_t interface; /* scope for link-local IPv6 and multicast: an interface index, 0 = none */
};

enum { MAC_TEXT_BYTES = 18, IP_TEXT_BYTES = 46, PREFIX_TEXT_BYTES = 50, ENDPOINT_TEXT_BYTES = 60 };

int mac_parse(const char *text, struct mac *out); /* aa:bb:cc:dd:ee:ff, also with '-' */
char *mac_print(struct mac mac, char *out, size_t size_bytes);
static inline bool mac_equal(struct mac a, struct mac b) { return memcmp(a.b, b.b, 6) == 0; }
static inline bool mac_is_group(struct mac mac) { return mac.b[0] & 1; } /* broadcast or multicast: the I/G bit */
extern const struct mac MAC_BROADCAST, MAC_NONE;

int ip_parse(const char *text, struct ip *out); /* either family; no zone */
char *ip_print(const struct ip *ip, char *out, size_t size_bytes);
int ip_compare(const struct ip *a, const struct ip *b); /* family first, then numerically: -1, 0, 1 */
bool ip_equal(const struct ip *a, const struct ip *b);
struct ip ip4(uint32_t host_order);
struct ip ip4_of_bytes(const uint8_t bytes[4]);
/* The same into `out`, in whole words: what is written in pieces and soon read as a whole makes the processor wait. */
static inline void ip4_store(struct ip *out, const uint8_t bytes[4])
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    uint64_t first = little ? (uint64_t)number << 8 | 4 : (uint64_t)4 << 56 | (uint64_t)number << 24;
    memcpy(out, &first, sizeof first);
    memset(out->b + 7, 0, sizeof out->b - 7);
}
struct ip ip6_of_bytes(const uint8_t bytes[16]);
uint32_t ip4_number(const struct ip *ip); /* host order; 0 unless IPv4 */
unsigned ip_bits(const struct ip *ip);    /* 32, 128, or 0 for family 0 */
struct ip ip_any(uint8_t family);         /* 0.0.0.0 or :: */
bool ip_is_any(const struct ip *ip);      /* family 0 too */
bool ip_is_loopback(const struct ip *ip);
bool ip_is_private(const struct ip *ip); /* RFC 1918, fc00::/7 */
/* These are asked of every packet. */
static inline bool ip_is_multicast(const struct ip *ip)
{
    return ip->family == 4 ? ip->b[0] >> 4 == 14 : ip->family == 6 && ip->b[0] == 0xff;
}
static inline bool ip_is_link_local(const struct ip *ip) /* 169.254/16, fe80::/10 */
{
    return ip->family == 4 ? ip->b[0] == 169 && ip->b[1] == 254 : ip->family == 6 && ip->b[0] == 0xfe && ip->b[1] >> 6 == 2;
}
static inline bool ip_is_broadcast(const struct ip *ip) /* 255.255.255.255 only */
{
    return ip->family == 4 && (ip->b[0] & ip->b[1] & ip->b[2] & ip->b[3]) == 255;
}

int prefix_parse(const char *text, struct prefix *out); /* without "/n": the full length */
char *prefix_print(const struct prefix *prefix, char *out, size_t size_bytes);
bool prefix_contains(const struct prefix *prefix, const struct ip *ip);
struct prefix prefix_network(const struct prefix *prefix); /* host bits cleared */
struct ip prefix_broadcast(const struct prefix *prefix);   /* IPv4: all host bits set (for /31 and /32: none, family 0) */
bool prefix_equal(const struct prefix *a, const struct prefix *b);

int endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out); /* 1.2.3.4:80, [::1]:80 */
char *endpoint_print(const struct endpoint *endpoint, char *out, size_t size_bytes);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* The IPv6 interface identifier made from a MAC: modified EUI-64 (RFC 4291 Appendix A), put behind fe80::/64 or any /64. */
struct ip ip6_from_prefix_and_mac(const struct ip *network, struct mac mac);
struct ip ip6_link_local(struct mac mac);
struct ip ip6_solicited_node(const struct ip *target); /* RFC 4291 section 2.7.1 */
struct mac mac_of_multicast(const struct ip *group);   /* RFC 1112 section 6.4; RFC 2464 section 7 */

#endif
