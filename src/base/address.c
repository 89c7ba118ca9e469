/* Addresses of layers 2 to 4: text forms, classes, and the addresses that are made from others.
 *
 * Reading is strict, because an address that two programs read differently is a hole: IPv4 is four decimal numbers without leading
 * zeros (inet_aton's octal and short forms are not accepted), IPv6 is the grammar of RFC 4291 section 2.2 with at most four digits
 * a group, one "::" which stands for at least one group, and an IPv4 tail allowed. There are no zones ("%eth0") in an ip; an
 * endpoint takes a numeric one. Printing follows RFC 5952: lower case, no leading zeros, the longest run of at least two zero groups
 * (the first of equals) shortened, and the IPv4-mapped prefix written with a dotted tail (section 5).
 *
 * A `struct ip` of family 4 keeps its unused twelve bytes zero, so that two equal addresses are equal bytes; every constructor here
 * sees to that. The derived addresses cite their RFC at each function. */
#include "base/address.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"

const struct mac MAC_BROADCAST = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, MAC_NONE = {{0}};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int mac_parse(const char *text, struct mac *out)
{
    struct mac mac;
    for (int i = 0; i < 6; i++) {
        if (i > 0 && *text != ':' && *text != '-')
            return IMP_MALFORMED;
        text += i > 0;
        int high = hex_value(text[0]);
        int low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0)
            return IMP_MALFORMED;
        mac.b[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text)
        return IMP_MALFORMED;
    *out = mac;
    return 0;
}

char *mac_print(struct mac mac, char *out, size_t size_bytes)
{
    const uint8_t *b = mac.b;
    (void)snprintf(out, size_bytes, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    return out;
}

/* Reads a dotted quad that ends the string. */
static int ip4_parse(const char *text, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.')
            return IMP_MALFORMED;
        unsigned value = 0, digits = 0;
        for (; *text >= '0' && *text <= '9'; text++) {
            if (digits++ == 3 || (digits > 1 && value == 0))
                return IMP_MALFORMED;
            value = value * 10 + (unsigned)(*text - '0');
        }
        if (digits == 0 || value > 255)
            return IMP_MALFORMED;
        out[i] = (uint8_t)value;
    }
    return *text ? IMP_MALFORMED : 0;
}

static int ip6_parse(const char *text, uint8_t out[16])
{
    uint8_t b[16] = {0};
    int at = 0, gap = -1; /* bytes filled; where the "::" stood */
    if (text[0] == ':' && text[1] != ':')
        return IMP_MALFORMED;
    text += text[0] == ':'; /* of a leading "::" the second colon is seen below, as after a group */
    while (*text) {
        if (*text == ':') { /* a second colon in a row */
            if (gap >= 0)
                return IMP_MALFORMED;
            gap = at;
            text++;
            continue;
        }
        unsigned value = 0, digits = 0;
        const char *group = text;
        for (int digit; (digit = hex_value(*text)) >= 0 && digits <= 4; text++, digits++)
            value = value << 4 | (unsigned)digit;
        if (*text == '.') {
            if (at > 12 || ip4_parse(group, b + at))
                return IMP_MALFORMED;
            at += 4;
            break;
        }
        if (digits == 0 || digits > 4 || at > 14)
            return IMP_MALFORMED;
        store_u16(b + at, (uint16_t)value);
        at += 2;
        if (*text && (*text++ != ':' || !*text)) /* between groups a colon, and something behind it */
            return IMP_MALFORMED;
    }
    if (gap < 0 ? at != 16 : at > 14)
        return IMP_MALFORMED;
    if (gap >= 0) { /* what came behind the "::" moves to the end */
        size_t behind = (size_t)(at - gap);
        memmove(b + 16 - behind, b + gap, behind);
        memset(b + gap, 0, (size_t)(16 - at));
    }
    memcpy(out, b, 16);
    return 0;
}

int ip_parse(const char *text, struct ip *out)
{
    struct ip ip = {.family = strchr(text, ':') ? 6 : 4};
    int error = ip.family == 6 ? ip6_parse(text, ip.b) : ip4_parse(text, ip.b);
    if (error == 0)
        *out = ip;
    return error;
}

static void ip6_print(const uint8_t b[16], char *out, size_t size_bytes)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(b, mapped, 12) == 0) {
        (void)snprintf(out, size_bytes, "::ffff:%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
        return;
    }
    int best = -1, best_length = 1; /* the run of zero groups to shorten: RFC 5952 section 4.2 */
    for (int i = 0; i < 8; i++) {
        int length = 0;
        while (i + length < 8 && load_u16(b + 2 * (i + length)) == 0)
            length++;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
        i += length;
    }
    char text[IP_TEXT_BYTES];
    size_t at = 0;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            text[at++] = ':';
            if (i + best_length == 8)
                text[at++] = ':';
            i += best_length - 1;
            continue;
        }
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%x", i ? ":" : "", load_u16(b + 2 * i));
    }
    text[at] = 0;
    (void)snprintf(out, size_bytes, "%s", text);
}

char *ip_print(const struct ip *ip, char *out, size_t size_bytes)
{
    if (ip->family == 4)
        (void)snprintf(out, size_bytes, "%u.%u.%u.%u", ip->b[0], ip->b[1], ip->b[2], ip->b[3]);
    else if (ip->family == 6)
        ip6_print(ip->b, out, size_bytes);
    else
        (void)snprintf(out, size_bytes, "none");
    return out;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
    int order = a->family != b->family ? a->family - b->family : memcmp(a->b, b->b, 16);
    return (order > 0) - (order < 0);
}

bool ip_equal(const struct ip *a, const struct ip *b) { return ip_compare(a, b) == 0; }

struct ip ip4(uint32_t host_order)
{
    struct ip ip = {.family = 4};
    store_u32(ip.b, host_order);
    return ip;
}

struct ip ip4_of_bytes(const uint8_t bytes[4]) { return ip4(load_u32(bytes)); }

struct ip ip6_of_bytes(const uint8_t bytes[16])
{
    struct ip ip = {.family = 6};
    memcpy(ip.b, bytes, 16);
    return ip;
}

uint32_t ip4_number(const struct ip *ip) { return ip->family == 4 ? load_u32(ip->b) : 0; }
unsigned ip_bits(const struct ip *ip) { return ip->family == 4 ? 32 : ip->family == 6 ? 128 : 0; }
struct ip ip_any(uint8_t family) { return (struct ip){.family = family}; }

bool ip_is_any(const struct ip *ip)
{
    static const uint8_t zeros[16];
    return memcmp(ip->b, zeros, 16) == 0;
}

bool ip_is_loopback(const struct ip *ip)
{
    static const uint8_t one[16] = {[15] = 1};
    return ip->family == 4 ? ip->b[0] == 127 : ip->family == 6 && memcmp(ip->b, one, 16) == 0;
}

bool ip_is_private(const struct ip *ip)
{
    if (ip->family == 4)
        return ip->b[0] == 10 || (ip->b[0] == 172 && ip->b[1] >> 4 == 1) || (ip->b[0] == 192 && ip->b[1] == 168);
    return ip->family == 6 && ip->b[0] >> 1 == 0xfc >> 1;
}

int prefix_parse(const char *text, struct prefix *out)
{
    char address[IP_TEXT_BYTES];
    size_t length = strcspn(text, "/");
    if (length >= sizeof address)
        return IMP_MALFORMED;
    memcpy(address, text, length);
    address[length] = 0;
    struct prefix prefix;
    if (ip_parse(address, &prefix.address))
        return IMP_MALFORMED;
    uint64_t bits = ip_bits(&prefix.address);
    if (text[length] == '/' && number_parse(text + length + 1, bits, &bits))
        return IMP_MALFORMED;
    prefix.length = (uint8_t)bits;
    *out = prefix;
    return 0;
}

char *prefix_print(const struct prefix *prefix, char *out, size_t size_bytes)
{
    char address[IP_TEXT_BYTES];
    (void)snprintf(out, size_bytes, "%s/%u", ip_print(&prefix->address, address, sizeof address), prefix->length);
    return out;
}

/* Sets the bits from `length` on to zeros or to ones. */
static struct ip with_host_bits(const struct prefix *prefix, bool ones)
{
    struct ip ip = prefix->address;
    assert(prefix->length <= ip_bits(&ip));
    for (unsigned at = prefix->length / 8, kept = prefix->length % 8; at < ip_bits(&ip) / 8; at++, kept = 0) {
        uint8_t host = (uint8_t)(0xff >> kept);
        ip.b[at] = (uint8_t)(ones ? ip.b[at] | host : ip.b[at] & ~host);
    }
    return ip;
}

bool prefix_contains(const struct prefix *prefix, const struct ip *ip)
{
    if (prefix->address.family != ip->family || ip->family == 0)
        return false;
    size_t whole = prefix->length / 8;
    unsigned rest = prefix->length % 8;
    if (memcmp(prefix->address.b, ip->b, whole) != 0)
        return false;
    return rest == 0 || (prefix->address.b[whole] ^ ip->b[whole]) >> (8 - rest) == 0;
}

struct prefix prefix_network(const struct prefix *prefix)
{
    return (struct prefix){.address = with_host_bits(prefix, false), .length = prefix->length};
}

struct ip prefix_broadcast(const struct prefix *prefix)
{
    if (prefix->address.family != 4 || prefix->length > 30) /* RFC 3021: a /31 has no broadcast address */
        return (struct ip){0};
    return with_host_bits(prefix, true);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
    return a->length == b->length && ip_equal(&a->address, &b->address);
}

/* The host part of an endpoint, which stands alone: an address, "*" for any of either family, an IPv6 address with "%interface". */
static int endpoint_host_parse(const char *host, struct endpoint *out)
{
    char address[IP_TEXT_BYTES];
    size_t length = strcspn(host, "%");
    if (strcmp(host, "*") == 0)
        return 0;
    if (length >= sizeof address)
        return IMP_MALFORMED;
    memcpy(address, host, length);
    address[length] = 0;
    if (ip_parse(address, &out->address))
        return IMP_MALFORMED;
    if (!host[length])
        return 0;
    uint64_t interface;
    if (number_parse(host + length + 1, UINT16_MAX, &interface))
        return IMP_MALFORMED;
    out->interface = (uint16_t)interface;
    return 0;
}

int endpoint_parse(const char *text, uint16_t default_port, struct endpoint *out)
{
    char host[ENDPOINT_TEXT_BYTES];
    const char *port_text = NULL;
    size_t length = strlen(text);
    if (text[0] == '[') { /* [IPv6] or [IPv6]:port */
        length = strcspn(++text, "]");
        if (text[length] != ']' || (text[length + 1] && text[length + 1] != ':') || !memchr(text, ':', length))
            return IMP_MALFORMED;
        if (text[length + 1])
            port_text = text + length + 2;
    } else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) { /* one colon: IPv4:port */
        length = strcspn(text, ":");
        port_text = text + length + 1;
    }
    if (length >= sizeof host)
        return IMP_MALFORMED;
    memcpy(host, text, length);
    host[length] = 0;
    struct endpoint endpoint = {.port = default_port};
    uint64_t port;
    if (endpoint_host_parse(host, &endpoint) || (port_text && number_parse(port_text, UINT16_MAX, &port)))
        return IMP_MALFORMED;
    if (port_text)
        endpoint.port = (uint16_t)port;
    *out = endpoint;
    return 0;
}

char *endpoint_print(const struct endpoint *endpoint, char *out, size_t size_bytes)
{
    char address[IP_TEXT_BYTES] = "*", scope[8] = "";
    if (endpoint->address.family)
        ip_print(&endpoint->address, address, sizeof address);
    if (endpoint->interface && endpoint->address.family)
        (void)snprintf(scope, sizeof scope, "%%%u", endpoint->interface);
    const char *form = endpoint->address.family == 6 ? "[%s%s]:%u" : "%s%s:%u";
    (void)snprintf(out, size_bytes, form, address, scope, endpoint->port);
    return out;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && a->interface == b->interface && ip_equal(&a->address, &b->address);
}

struct ip ip6_from_prefix_and_mac(const struct ip *network, struct mac mac)
{
    assert(network->family == 6);
    struct ip ip = *network;
    const uint8_t *m = mac.b;
    /* The universal/local bit is inverted: RFC 4291 section 2.5.1. */
    const uint8_t identifier[8] = {m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
    memcpy(ip.b + 8, identifier, 8);
    return ip;
}

struct ip ip6_link_local(struct mac mac)
{
    const struct ip network = {.family = 6, .b = {0xfe, 0x80}};
    return ip6_from_prefix_and_mac(&network, mac);
}

struct ip ip6_solicited_node(const struct ip *target)
{
    assert(target->family == 6);
    struct ip ip = {.family = 6, .b = {0xff, 0x02, [11] = 0x01, [12] = 0xff}};
    memcpy(ip.b + 13, target->b + 13, 3);
    return ip;
}

struct mac mac_of_multicast(const struct ip *group)
{
    const uint8_t *b = group->b;
    assert(ip_is_multicast(group));
    if (group->family == 4) /* the low 23 bits: 32 groups share one MAC */
        return (struct mac){{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}};
    return (struct mac){{0x33, 0x33, b[12], b[13], b[14], b[15]}};
}
