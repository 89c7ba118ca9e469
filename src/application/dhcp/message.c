/* DHCP's message format: BOOTP's fixed fields, the magic cookie, and options.
 *
 * An option's value may be cut into several pieces of the same code (RFC 3396), and pieces may lie in three places: the options field and,
 * when option 52 says so, the file and sname fields. The parser therefore never looks at an option where it lies: it gathers all
 * pieces of one code, in the order that RFC 3396 section 5 gives (options, file, sname), into a small buffer, and reads that. A
 * message holds few options and each is a few bytes, so walking it once per known code is cheaper than a table.
 *
 * The builder does the reverse: each option goes whole into the first of the three fields that has room.
 *
 * Lengths in options are a hostile peer's to choose; all reading is by bounds-checked cursors. A value of the wrong length
 * makes the message malformed only when it is one that the protocol stands on (type, addresses, times); text is cut, not trusted:
 * control characters in names end the name.
 *
 * Left out on purpose: relay agent information (82), vendor options, TFTP names, the many options for services long gone. */
#include "application/dhcp/message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"

enum {
    OPTION_PAD = 0,
    OPTION_MASK = 1,
    OPTION_ROUTER = 3,
    OPTION_DNS = 6,
    OPTION_HOST_NAME = 12,
    OPTION_DOMAIN = 15,
    OPTION_MTU = 26,
    OPTION_BROADCAST = 28,
    OPTION_NTP = 42,
    OPTION_REQUESTED = 50,
    OPTION_LEASE = 51,
    OPTION_OVERLOAD = 52,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_WANTED = 55,
    OPTION_TEXT = 56,
    OPTION_SIZE_MAX = 57,
    OPTION_RENEW = 58,
    OPTION_REBIND = 59,
    OPTION_CLIENT_ID = 61,
    OPTION_ROUTES = 121,
    OPTION_END = 255,
};
enum {
    SNAME_AT = 44,
    SNAME_BYTES = 64,
    FILE_AT = 108,
    FILE_BYTES = 128,
    COOKIE_AT = 236,
    OPTIONS_AT = 240,
    BOOTP_MINIMUM_BYTES = 300,
    GATHERED_BYTES = 1024, /* the longest option value that is of use */
};
static const uint32_t COOKIE = 0x63825363;

const char *dhcp_type_name(enum dhcp_type type)
{
    static const char *const NAMES[] = {"BOOTP", "Discover", "Offer", "Request", "Decline", "Ack", "Nak", "Release", "Inform"};
    return (size_t)type < count_of(NAMES) ? NAMES[type] : "unknown";
}

/* ---- parsing ---- */

struct areas { /* where options lie, in the order in which their pieces join */
    struct bytes area[3];
    size_t count;
};

struct gathered {
    uint8_t data[GATHERED_BYTES];
    size_t length;
    bool present;
};

/* Joins all pieces of one option. False when the options' own lengths are broken. */
static bool gather(const struct areas *areas, uint8_t code, struct gathered *out)
{
    out->length = 0;
    out->present = false;
    for (size_t i = 0; i < areas->count; i++) {
        struct reader r = reader_of(areas->area[i].data, areas->area[i].length);
        while (reader_left(&r)) {
            uint8_t found = reader_u8(&r);
            if (found == OPTION_PAD)
                continue;
            if (found == OPTION_END)
                break;
            size_t length = reader_u8(&r);
            const uint8_t *value = reader_take(&r, length);
            if (r.failed)
                return false;
            if (found != code)
                continue;
            if (length > sizeof out->data - out->length)
                return false;
            memcpy(out->data + out->length, value, length);
            out->length += length;
            out->present = true;
        }
    }
    return true;
}

static struct ip address_or_none(const uint8_t *bytes)
{
    struct ip ip = ip4_of_bytes(bytes);
    return ip_is_any(&ip) ? (struct ip){0} : ip;
}

static void read_addresses(const struct gathered *value, struct ip *out)
{
    size_t count = value->length / 4 < LIMIT_DHCP_ADDRESSES ? value->length / 4 : LIMIT_DHCP_ADDRESSES;
    for (size_t i = 0, n = 0; i < count; i++) { /* 0.0.0.0 is nobody's address, and would look like the end of the list */
        out[n] = address_or_none(value->data + 4 * i);
        n += out[n].family != 0;
    }
}

static void read_text(const struct gathered *value, char *out)
{
    size_t n = value->length < LIMIT_DHCP_TEXT_BYTES - 1 ? value->length : LIMIT_DHCP_TEXT_BYTES - 1;
    for (size_t i = 0; i < n; i++) {
        if (value->data[i] < ' ' || value->data[i] == 0x7f)
            n = i;
        else
            out[i] = (char)value->data[i];
    }
    out[n] = 0;
}

static uint8_t mask_length(uint32_t mask)
{
    uint8_t length = 0;
    while (length < 32 && mask & UINT32_C(0x80000000) >> length)
        length++;
    return length == 32 || !(mask << length) ? length : 0; /* ones after a zero: not a mask */
}

/* RFC 3442: destination descriptors (a length and as many bytes as it needs), each with a router. */
static bool read_routes(const struct gathered *value, struct dhcp_message *out)
{
    struct reader r = reader_of(value->data, value->length);
    while (reader_left(&r)) {
        uint8_t length = reader_u8(&r), address[4] = {0}, gateway[4];
        if (length > 32)
            return false;
        reader_copy(&r, address, (length + 7u) / 8u);
        reader_copy(&r, gateway, 4);
        if (r.failed)
            return false;
        if (out->route_count == LIMIT_DHCP_ROUTES)
            return true;
        struct prefix destination = {ip4_of_bytes(address), length};
        out->routes[out->route_count++] = (struct dhcp_route){prefix_network(&destination), ip4_of_bytes(gateway)};
    }
    return true;
}

/* One option's value into its field. False: a length that it cannot have. */
static bool read_option(uint8_t code, const struct gathered *value, struct dhcp_message *out)
{
    const uint8_t *data = value->data;
    size_t length = value->length;
    switch (code) {
    case OPTION_TYPE:
        out->type = length == 1 && data[0] <= DHCP_INFORM ? (enum dhcp_type)data[0] : DHCP_BOOTP;
        return out->type != DHCP_BOOTP;
    case OPTION_MASK: out->prefix_length = length == 4 ? mask_length(load_u32(data)) : 0; return length == 4;
    case OPTION_ROUTER: read_addresses(value, out->routers); return length % 4 == 0;
    case OPTION_DNS: read_addresses(value, out->dns); return length % 4 == 0;
    case OPTION_NTP: read_addresses(value, out->ntp); return length % 4 == 0;
    case OPTION_BROADCAST: out->broadcast_address = length == 4 ? address_or_none(data) : (struct ip){0}; return length == 4;
    case OPTION_REQUESTED: out->requested = length == 4 ? address_or_none(data) : (struct ip){0}; return length == 4;
    case OPTION_SERVER: out->server = length == 4 ? address_or_none(data) : (struct ip){0}; return length == 4;
    case OPTION_LEASE: out->lease_s = length == 4 ? load_u32(data) : 0; return length == 4;
    case OPTION_RENEW: out->renew_s = length == 4 ? load_u32(data) : 0; return length == 4;
    case OPTION_REBIND: out->rebind_s = length == 4 ? load_u32(data) : 0; return length == 4;
    case OPTION_MTU: out->mtu = length == 2 ? load_u16(data) : 0; return length == 2;
    case OPTION_SIZE_MAX: out->size_max = length == 2 ? load_u16(data) : 0; return length == 2;
    case OPTION_HOST_NAME: read_text(value, out->host_name); return true;
    case OPTION_DOMAIN: read_text(value, out->domain); return true;
    case OPTION_TEXT: read_text(value, out->text); return true;
    case OPTION_CLIENT_ID:
        out->client_id_length = length < LIMIT_DHCP_CLIENT_ID_BYTES ? length : LIMIT_DHCP_CLIENT_ID_BYTES;
        memcpy(out->client_id, data, out->client_id_length);
        return length >= 2; /* RFC 2132 section 9.14 */
    case OPTION_WANTED:
        out->wanted_count = length < LIMIT_DHCP_CLIENT_ID_BYTES ? length : LIMIT_DHCP_CLIENT_ID_BYTES;
        memcpy(out->wanted, data, out->wanted_count);
        return true;
    default: /* OPTION_ROUTES */ return read_routes(value, out);
    }
}

static const uint8_t KNOWN[] = {OPTION_TYPE,      OPTION_MASK,      OPTION_ROUTER,   OPTION_DNS,       OPTION_NTP,
                                OPTION_BROADCAST, OPTION_REQUESTED, OPTION_SERVER,   OPTION_LEASE,     OPTION_RENEW,
                                OPTION_REBIND,    OPTION_MTU,       OPTION_SIZE_MAX, OPTION_HOST_NAME, OPTION_DOMAIN,
                                OPTION_TEXT,      OPTION_CLIENT_ID, OPTION_WANTED,   OPTION_ROUTES};

int dhcp_parse(const void *data, size_t length, struct dhcp_message *out)
{
    const uint8_t *bytes = data;
    memset(out, 0, sizeof *out);
    if (length < OPTIONS_AT)
        return IMP_TRUNCATED;
    /* op, htype (1: Ethernet), hlen */
    if ((bytes[0] != 1 && bytes[0] != 2) || bytes[1] != 1 || bytes[2] != 6 || load_u32(bytes + COOKIE_AT) != COOKIE)
        return IMP_MALFORMED;
    out->reply = bytes[0] == 2;
    out->hops = bytes[3];
    out->xid = load_u32(bytes + 4);
    out->seconds = load_u16(bytes + 8);
    out->broadcast = (bytes[10] & 0x80) != 0;
    out->client = address_or_none(bytes + 12);
    out->your = address_or_none(bytes + 16);
    out->next = address_or_none(bytes + 20);
    out->relay = address_or_none(bytes + 24);
    memcpy(out->mac.b, bytes + 28, 6);
    struct areas areas = {.area = {{bytes + OPTIONS_AT, length - OPTIONS_AT}}, .count = 1};
    struct gathered value;
    if (!gather(&areas, OPTION_OVERLOAD, &value))
        return IMP_MALFORMED;
    if (value.present && (value.length != 1 || value.data[0] < 1 || value.data[0] > 3))
        return IMP_MALFORMED;
    if (value.present && value.data[0] & 1)
        areas.area[areas.count++] = (struct bytes){bytes + FILE_AT, FILE_BYTES};
    if (value.present && value.data[0] & 2)
        areas.area[areas.count++] = (struct bytes){bytes + SNAME_AT, SNAME_BYTES};
    for (size_t i = 0; i < count_of(KNOWN); i++)
        if (!gather(&areas, KNOWN[i], &value) || (value.present && !read_option(KNOWN[i], &value, out)))
            return IMP_MALFORMED;
    return 0;
}

/* ---- building ---- */

struct building {
    struct writer options, file, sname; /* each keeps a byte free for the end mark */
    bool failed;
};

static void write_option(struct building *b, uint8_t code, const void *value, size_t length)
{
    struct writer *places[] = {&b->options, &b->file, &b->sname};
    assert(length <= 255); /* the limits see to it: nothing that is built needs RFC 3396's pieces */
    for (size_t i = 0; i < count_of(places); i++) {
        struct writer *w = places[i];
        if (w->capacity - w->at < length + 2)
            continue;
        writer_u8(w, code);
        writer_u8(w, (uint8_t)length);
        writer_bytes(w, value, length);
        return;
    }
    b->failed = true;
}

static void write_number(struct building *b, uint8_t code, uint32_t value, size_t length)
{
    uint8_t bytes[4];
    store_u32(bytes, value);
    if (value)
        write_option(b, code, bytes + 4 - length, length);
}

static void write_address(struct building *b, uint8_t code, const struct ip *address)
{
    if (address->family)
        write_option(b, code, address->b, 4);
}

static void write_addresses(struct building *b, uint8_t code, const struct ip *list)
{
    uint8_t bytes[4 * LIMIT_DHCP_ADDRESSES];
    size_t n = 0;
    while (n < LIMIT_DHCP_ADDRESSES && list[n].family) {
        memcpy(bytes + 4 * n, list[n].b, 4);
        n++;
    }
    if (n)
        write_option(b, code, bytes, 4 * n);
}

static void write_text(struct building *b, uint8_t code, const char *text)
{
    if (*text)
        write_option(b, code, text, strlen(text));
}

static void write_routes(struct building *b, const struct dhcp_message *message)
{
    uint8_t bytes[9 * LIMIT_DHCP_ROUTES];
    struct writer w = writer_of(bytes, sizeof bytes);
    for (size_t i = 0; i < message->route_count; i++) {
        const struct dhcp_route *route = &message->routes[i];
        writer_u8(&w, route->destination.length);
        writer_bytes(&w, route->destination.address.b, (route->destination.length + 7u) / 8u);
        writer_bytes(&w, route->gateway.b, 4);
    }
    if (w.at)
        write_option(b, OPTION_ROUTES, bytes, w.at);
}

static void write_options(struct building *b, const struct dhcp_message *m)
{
    write_number(b, OPTION_TYPE, m->type, 1);
    write_address(b, OPTION_SERVER, &m->server);
    if (m->client_id_length)
        write_option(b, OPTION_CLIENT_ID, m->client_id, m->client_id_length);
    write_address(b, OPTION_REQUESTED, &m->requested);
    write_number(b, OPTION_LEASE, m->lease_s, 4);
    write_number(b, OPTION_RENEW, m->renew_s, 4);
    write_number(b, OPTION_REBIND, m->rebind_s, 4);
    write_number(b, OPTION_MASK, m->prefix_length ? UINT32_MAX << (32 - m->prefix_length) : 0, 4);
    write_address(b, OPTION_BROADCAST, &m->broadcast_address);
    write_routes(b, m); /* before the router, RFC 3442 */
    write_addresses(b, OPTION_ROUTER, m->routers);
    write_addresses(b, OPTION_DNS, m->dns);
    write_text(b, OPTION_DOMAIN, m->domain);
    write_addresses(b, OPTION_NTP, m->ntp);
    write_number(b, OPTION_MTU, m->mtu, 2);
    write_number(b, OPTION_SIZE_MAX, m->size_max, 2);
    write_text(b, OPTION_HOST_NAME, m->host_name);
    write_text(b, OPTION_TEXT, m->text);
    if (m->wanted_count)
        write_option(b, OPTION_WANTED, m->wanted, m->wanted_count);
}

static void write_fixed(uint8_t *bytes, const struct dhcp_message *m)
{
    memset(bytes, 0, OPTIONS_AT);
    bytes[0] = m->reply ? 2 : 1;
    bytes[1] = 1;
    bytes[2] = 6;
    bytes[3] = m->hops;
    store_u32(bytes + 4, m->xid);
    store_u16(bytes + 8, m->seconds);
    bytes[10] = m->broadcast ? 0x80 : 0;
    memcpy(bytes + 12, m->client.b, 4);
    memcpy(bytes + 16, m->your.b, 4);
    memcpy(bytes + 20, m->next.b, 4);
    memcpy(bytes + 24, m->relay.b, 4);
    memcpy(bytes + 28, m->mac.b, 6);
    store_u32(bytes + COOKIE_AT, COOKIE);
}

int dhcp_build(const struct dhcp_message *message, void *out, size_t capacity)
{
    uint8_t *bytes = out;
    if (capacity < BOOTP_MINIMUM_BYTES)
        return IMP_NO_SPACE;
    write_fixed(bytes, message);
    enum { OVERLOAD_BYTES = 3 }; /* kept free at the start of the options until it is known whether option 52 is needed */
    struct building b = {.options = writer_of(bytes + OPTIONS_AT, capacity - OPTIONS_AT - OVERLOAD_BYTES - 1),
                         .file = writer_of(bytes + FILE_AT, FILE_BYTES - 1),
                         .sname = writer_of(bytes + SNAME_AT, SNAME_BYTES - 1)};
    write_options(&b, message);
    if (b.failed)
        return IMP_NO_SPACE;
    size_t at = OPTIONS_AT + b.options.at;
    if (b.file.at || b.sname.at) {
        bytes[at++] = OPTION_OVERLOAD;
        bytes[at++] = 1;
        bytes[at++] = (uint8_t)((b.file.at ? 1 : 0) | (b.sname.at ? 2 : 0));
        if (b.file.at)
            bytes[FILE_AT + b.file.at] = OPTION_END;
        if (b.sname.at)
            bytes[SNAME_AT + b.sname.at] = OPTION_END;
    }
    bytes[at++] = OPTION_END;
    if (at < BOOTP_MINIMUM_BYTES) {
        memset(bytes + at, 0, BOOTP_MINIMUM_BYTES - at);
        at = BOOTP_MINIMUM_BYTES;
    }
    return (int)at;
}

/* ---- printing ---- */

static void print_address(struct text *out, const char *word, const struct ip *ip)
{
    char text[IP_TEXT_BYTES];
    if (ip->family)
        text_format(out, " %s %s", word, ip_print(ip, text, sizeof text));
}

void dhcp_print(const struct dhcp_message *m, struct text *out)
{
    char text[MAC_TEXT_BYTES];
    text_format(out, "%s xid %08x %s", dhcp_type_name(m->type), m->xid, mac_print(m->mac, text, sizeof text));
    print_address(out, "client", &m->client);
    print_address(out, "your", &m->your);
    print_address(out, "relay", &m->relay);
    print_address(out, "requested", &m->requested);
    print_address(out, "server", &m->server);
    if (m->lease_s)
        text_format(out, " lease %u s", m->lease_s);
    if (m->prefix_length)
        text_format(out, " mask /%u", m->prefix_length);
    for (size_t i = 0; i < LIMIT_DHCP_ADDRESSES; i++)
        print_address(out, "router", &m->routers[i]);
    for (size_t i = 0; i < LIMIT_DHCP_ADDRESSES; i++)
        print_address(out, "dns", &m->dns[i]);
    if (*m->domain)
        text_format(out, " domain %s", m->domain);
    if (*m->host_name)
        text_format(out, " host %s", m->host_name);
    if (*m->text)
        text_format(out, " (%s)", m->text);
}
