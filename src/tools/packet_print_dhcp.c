/* The packet printer's DHCP (RFC 2131, options of RFC 2132).
 *
 * Without -v a line says who asks; with -v each field of the fixed part that is not zero and each option has a line of its own, in the
 * order of the wire, with padding counted. The bytes are walked here and not by application/dhcp/message.c, which keeps the meaning of
 * the options that imp knows and forgets their order: a capture shall also show those that nobody knows, and a message that breaks the rules.
 *
 * Structures: a table from an option's code to tcpdump's name for it and to how its value reads. No state, no timers. Left out on purpose:
 * the file and sname fields when they hold options (option 52), and vendors' own options beyond their bytes. */
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "tools/packet_print_rooms.h"

enum { FIXED_BYTES = 236, COOKIE = 0x63825363 };
enum value_kind {
    VALUE_BYTES,
    VALUE_ADDRESSES,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_TYPE,
    VALUE_WANTED,
    VALUE_CLIENT,
    VALUE_ROUTES
};
static const struct option_name {
    uint8_t code;
    enum value_kind kind;
    const char *name;
} OPTIONS[] = {
    {1, VALUE_ADDRESSES, "Subnet-Mask"},
    {3, VALUE_ADDRESSES, "Default-Gateway"},
    {6, VALUE_ADDRESSES, "Domain-Name-Server"},
    {12, VALUE_TEXT, "Hostname"},
    {15, VALUE_TEXT, "Domain-Name"},
    {26, VALUE_NUMBER, "MTU"},
    {28, VALUE_ADDRESSES, "BR"},
    {33, VALUE_BYTES, "Static-Route"},
    {42, VALUE_ADDRESSES, "NTP"},
    {44, VALUE_ADDRESSES, "Netbios-Name-Server"},
    {50, VALUE_ADDRESSES, "Requested-IP"},
    {51, VALUE_NUMBER, "Lease-Time"},
    {53, VALUE_TYPE, "DHCP-Message"},
    {54, VALUE_ADDRESSES, "Server-ID"},
    {55, VALUE_WANTED, "Parameter-Request"},
    {56, VALUE_TEXT, "MSG"},
    {57, VALUE_NUMBER, "MSZ"},
    {58, VALUE_NUMBER, "RN"},
    {59, VALUE_NUMBER, "RB"},
    {60, VALUE_TEXT, "Vendor-Class"},
    {61, VALUE_CLIENT, "Client-ID"},
    {119, VALUE_BYTES, "Unknown"},
    {121, VALUE_ROUTES, "Classless-Static-Route"},
    {255, VALUE_BYTES, "END"},
};

static const struct option_name *option_of(uint8_t code)
{
    static const struct option_name UNKNOWN = {0, VALUE_BYTES, "Unknown"};
    for (size_t i = 0; i < count_of(OPTIONS); i++)
        if (OPTIONS[i].code == code)
            return &OPTIONS[i];
    return &UNKNOWN;
}

/* ---- values ---- */

static void print_addresses(struct print *print, struct reader *value)
{
    for (const char *separator = ""; reader_left(value) >= 4; separator = ",") {
        struct ip address = ip4_of_bytes(reader_take(value, 4));
        text_add(print->out, separator);
        print_address(print, &address);
    }
}

static void print_text(struct print *print, struct reader *value)
{
    text_add_char(print->out, '"');
    while (reader_left(value)) {
        uint8_t c = reader_u8(value);
        text_add_char(print->out, c >= 0x20 && c < 0x7f ? (char)c : '.');
    }
    text_add_char(print->out, '"');
}

static void print_number(struct print *print, struct reader *value)
{
    uint32_t number = 0;
    while (reader_left(value))
        number = number << 8 | reader_u8(value);
    text_format(print->out, "%u", number);
}

static void print_bytes(struct print *print, struct reader *value)
{
    uint32_t number = 0;
    if (reader_left(value) <= 4) {
        while (reader_left(value))
            number = number << 8 | reader_u8(value);
        text_format(print->out, "%u", number);
        return;
    }
    for (unsigned i = 0; reader_left(value); i++)
        text_format(print->out, i ? ".%u" : "%u", reader_u8(value));
}

static void print_type(struct print *print, struct reader *value)
{
    static const char *const NAMES[] = {"", "Discover", "Offer", "Request", "Decline", "ACK", "NACK", "Release", "Inform"};
    uint8_t type = reader_u8(value);
    if (type > 0 && type < count_of(NAMES))
        text_add(print->out, NAMES[type]);
    else
        text_format(print->out, "type-#%u", type);
}

static void print_wanted(struct print *print, struct reader *value)
{
    for (unsigned i = 0; reader_left(value); i++) {
        uint8_t code = reader_u8(value);
        text_add(print->out, i % 4 == 0 ? "\n\t      " : "");
        text_format(print->out, "%s (%u)%s", option_of(code)->name, code, reader_left(value) ? ", " : "");
    }
}

static void print_client(struct print *print, struct reader *value)
{
    char text[MAC_TEXT_BYTES];
    uint8_t type = reader_u8(value);
    if (type == 1 && reader_left(value) == 6) {
        struct mac mac;
        reader_copy(value, mac.b, 6);
        text_format(print->out, "ether %s", mac_print(mac, text, sizeof text));
        return;
    }
    text_format(print->out, "hardware-type %u, ", type);
    for (unsigned i = 0; reader_left(value); i++)
        text_format(print->out, i ? ":%02x" : "%02x", reader_u8(value));
}

static void print_routes(struct print *print, struct reader *value)
{
    char text[PREFIX_TEXT_BYTES];
    for (const char *separator = ""; reader_left(value); separator = ",") { /* RFC 3442 */
        struct prefix destination = {.address = ip4(0), .length = reader_u8(value)};
        if (destination.length > 32)
            break;
        reader_copy(value, destination.address.b, (destination.length + 7u) / 8);
        const uint8_t *bytes = reader_take(value, 4);
        if (!bytes)
            break;
        struct ip gateway = ip4_of_bytes(bytes);
        text_format(print->out, "%s(%s:", separator, prefix_print(&destination, text, sizeof text));
        print_address(print, &gateway);
        text_add_char(print->out, ')');
    }
}

static void print_option(struct print *print, uint8_t code, struct reader value)
{
    const struct option_name *option = option_of(code);
    text_format(print->out, "\n\t    %s (%u), length %zu: ", option->name, code, reader_left(&value));
    switch (option->kind) {
    case VALUE_BYTES: print_bytes(print, &value); break;
    case VALUE_ADDRESSES: print_addresses(print, &value); break;
    case VALUE_NUMBER: print_number(print, &value); break;
    case VALUE_TEXT: print_text(print, &value); break;
    case VALUE_TYPE: print_type(print, &value); break;
    case VALUE_WANTED: print_wanted(print, &value); break;
    case VALUE_CLIENT: print_client(print, &value); break;
    case VALUE_ROUTES: print_routes(print, &value); break;
    }
}

/* ---- the message ---- */

static void print_options(struct print *print, struct reader *reader)
{
    text_add(print->out, "\n\t  Vendor-rfc1048 Extensions");
    text_format(print->out, "\n\t    Magic Cookie 0x%08x", reader_u32(reader));
    while (reader_left(reader)) {
        uint8_t code = reader_u8(reader);
        if (code == 0) {
            unsigned count = 1;
            for (; reader_left(reader) && reader->data[reader->at] == 0; count++)
                reader_skip(reader, 1);
            if (count > 0 && print->options->verbose > 2)
                text_format(print->out, "\n\t    PAD (0), length 0, occurs %u", count);
        } else if (code == 255) {
            if (print->options->verbose > 2)
                text_add(print->out, "\n\t    END (255), length 0");
        } else {
            uint8_t length = reader_u8(reader);
            const uint8_t *value = reader_take(reader, length);
            if (!value) {
                text_add(print->out, "[|bootp]");
                return;
            }
            print_option(print, code, reader_of(value, length));
        }
    }
}

static void print_fixed_address(struct print *print, const char *name, const uint8_t *bytes)
{
    struct ip address = ip4_of_bytes(bytes);
    if (ip_is_any(&address))
        return;
    text_format(print->out, "\n\t  %s ", name);
    print_address(print, &address);
}

void print_dhcp(struct print *print, struct view message)
{
    struct mac mac;
    text_add(print->out, "BOOTP/DHCP, ");
    if (message.have < FIXED_BYTES) {
        text_add(print->out, "[|bootp]");
        return;
    }
    const uint8_t *data = message.data;
    memcpy(mac.b, data + 28, sizeof mac.b);
    text_add(print->out, data[0] == 1 ? "Request from " : data[0] == 2 ? "Reply" : "unknown operation");
    if (data[0] == 1)
        print_mac(print, mac);
    text_format(print->out, ", length %zu", message.length);
    if (!print->options->verbose)
        return;
    if (data[3])
        text_format(print->out, ", hops %u", data[3]);
    if (load_u32(data + 4))
        text_format(print->out, ", xid 0x%x", load_u32(data + 4));
    if (load_u16(data + 8))
        text_format(print->out, ", secs %u", load_u16(data + 8));
    uint16_t flags = load_u16(data + 10);
    text_format(print->out, ", Flags [%s]", flags & 0x8000 ? "Broadcast" : "none");
    if (print->options->verbose > 1)
        text_format(print->out, " (0x%04x)", flags);
    print_fixed_address(print, "Client-IP", data + 12);
    print_fixed_address(print, "Your-IP", data + 16);
    print_fixed_address(print, "Server-IP", data + 20);
    print_fixed_address(print, "Gateway-IP", data + 24);
    text_add(print->out, "\n\t  Client-Ethernet-Address ");
    print_mac(print, mac);
    struct reader reader = reader_of(data, message.have);
    reader_skip(&reader, FIXED_BYTES);
    if (reader_left(&reader) >= 4 && load_u32(data + FIXED_BYTES) == COOKIE)
        print_options(print, &reader);
}
