/* The packet printer: from the bytes of a frame to the line that tcpdump would print.
 *
 * It serves tcpdump, and the events that say which packet was dropped. The layers are taken off one after the other, each by
 * the parse function of its own protocol's room, so that the printer and the stack can never disagree on what a packet says; what is left to the
 * printer is the wording. One room of the printer for each kind of layer: link, ip, icmp, icmpv6, transport, application, dhcp.
 *
 * Data flows one way: packet_print() writes the time, hands a view of the bytes to print_ethernet(), and appends the dump that -x, -X or -A want.
 * A view knows how many bytes are here and how many were on the wire, since a capture may have cut the frame.
 *
 * What lasts from packet to packet is in struct packet_printer: the first sequence numbers of each connection, which make later ones
 * readable (relative numbers), and the time of the packet before. There are no timers; time arrives with each packet.
 *
 * The forms are those of tcpdump 4.99. Left out on purpose: protocols that imp does not speak (they print as "UDP, length 20" or by their
 * protocol number), and tcpdump's guesses about ports other than DNS, DHCP and HTTP. */
#include "tools/packet_print.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "base/time.h"
#include "internet/stack.h"
#include "link/interface.h"
#include "tools/packet_print_rooms.h"
#include "tools/port_name.h"

struct packet_printer *packet_printer_create(const struct packet_print_options *options)
{
    struct packet_printer *printer = memory_take_zeroed(1, sizeof *printer);
    printer->options = *options;
    return printer;
}

void packet_printer_destroy(struct packet_printer *printer)
{
    if (!printer)
        return;
    void *connection;
    for (size_t at = 0; map_next(&printer->connections, &at, NULL, NULL, &connection);)
        memory_free(connection);
    map_free(&printer->connections);
    memory_free(printer);
}

/* ---- what the rooms share ---- */

void print_address(struct print *print, const struct ip *address)
{
    char text[IP_TEXT_BYTES];
    const char *name = NULL;
    if (!print->options->numeric && print->options->name_of)
        name = print->options->name_of(print->options->context, address);
    text_add(print->out, name ? name : ip_print(address, text, sizeof text));
}

void print_port(struct print *print, uint8_t protocol, uint16_t port)
{
    const char *name = print->options->numeric ? NULL : port_name(protocol, port);
    if (name)
        text_add(print->out, name);
    else
        text_format(print->out, "%u", port);
}

void print_endpoints(struct print *print, const struct print_ip *ip, uint16_t source_port, uint16_t destination_port)
{
    print_address(print, &ip->source);
    text_add_char(print->out, '.');
    print_port(print, ip->protocol, source_port);
    text_add(print->out, " > ");
    print_address(print, &ip->destination);
    text_add_char(print->out, '.');
    print_port(print, ip->protocol, destination_port);
    text_add(print->out, ": ");
}

void print_hosts(struct print *print, const struct print_ip *ip)
{
    print_address(print, &ip->source);
    text_add(print->out, " > ");
    print_address(print, &ip->destination);
    text_add(print->out, ": ");
}

void print_seconds(struct print *print, uint32_t seconds)
{
    static const struct {
        uint32_t seconds;
        char letter;
    } UNITS[] = {{604800, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    if (seconds == 0)
        text_add(print->out, "0s");
    for (size_t i = 0; i < count_of(UNITS); i++) {
        if (seconds >= UNITS[i].seconds)
            text_format(print->out, "%u%c", seconds / UNITS[i].seconds, UNITS[i].letter);
        seconds %= UNITS[i].seconds;
    }
}

uint16_t print_sum(const struct print_ip *ip, struct view payload)
{
    uint32_t sum = 0;
    if (ip->protocol != PROTOCOL_ICMP) /* which covers no pseudo-header */
        sum = stack_pseudo_sum(&ip->source, &ip->destination, ip->protocol, (uint32_t)payload.length);
    return checksum_finish(checksum_partial(payload.data, payload.length, sum));
}

uint16_t print_sum_should_be(uint16_t found, uint16_t remainder)
{
    uint32_t sum = (uint32_t)found + remainder;
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* ---- the time ---- */

static void print_clock(struct text *out, int64_t ns)
{
    int64_t second = ns / NS_PER_S, us = ns % NS_PER_S / NS_PER_US;
    text_format(out, "%02d:%02d:%02d.%06" PRId64 " ", (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60), us);
}

/* Days since 1970-01-01 to a date of the Gregorian calendar: counts eras of 400 years from 0000-03-01. */
static void print_date(struct text *out, int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* months since March */
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    text_format(out, "%04" PRId64 "-%02d-%02d ", year_of_era + era * 400 + (month <= 2), month,
                (int)(day_of_year - (153 * shifted + 2) / 5 + 1));
}

static void print_stamp(struct packet_printer *printer, int64_t unix_ns, struct text *out)
{
    int64_t day_ns = 86400 * NS_PER_S;
    int64_t of_day = ((unix_ns % day_ns) + day_ns) % day_ns;
    if (!printer->started)
        printer->first_ns = printer->last_ns = unix_ns;
    printer->started = true;
    switch (printer->options.stamp) {
    case PACKET_STAMP_CLOCK: print_clock(out, of_day); break;
    case PACKET_STAMP_NONE: break;
    case PACKET_STAMP_UNIX:
        text_format(out, "%" PRId64 ".%06" PRId64 " ", (unix_ns - of_day) / NS_PER_S + of_day / NS_PER_S,
                    of_day % NS_PER_S / NS_PER_US);
        break;
    case PACKET_STAMP_DATE:
        print_date(out, (unix_ns - of_day) / day_ns);
        print_clock(out, of_day);
        break;
    case PACKET_STAMP_DELTA:
    case PACKET_STAMP_SINCE: {
        int64_t from = printer->options.stamp == PACKET_STAMP_DELTA ? printer->last_ns : printer->first_ns;
        /* Whole microseconds are what the reader sees, so they are what is subtracted. */
        int64_t us = unix_ns / NS_PER_US - from / NS_PER_US;
        text_add_char(out, us < 0 ? '-' : ' ');
        print_clock(out, (us < 0 ? -us : us) * NS_PER_US);
        break;
    }
    }
    printer->last_ns = unix_ns;
}

/* ---- the dumps ---- */

static char visible(uint8_t byte) { return byte > 0x20 && byte < 0x7f ? (char)byte : '.'; }

static void dump_hex(struct text *out, const char *indent, const uint8_t *data, size_t length, bool characters)
{
    for (size_t line = 0; line < length; line += 16) {
        text_format(out, "%s0x%04zx: ", indent, line);
        char shown[17];
        size_t i = 0;
        for (; i < 16 && line + i < length; i++) {
            text_format(out, i % 2 ? "%02x" : " %02x", data[line + i]);
            shown[i] = visible(data[line + i]);
        }
        shown[i] = '\0';
        if (characters)
            text_format(out, "%*s  %s", (int)((16 - i) * 2 + (16 - i) / 2), "", shown);
    }
}

void print_hex(struct print *print, const char *indent, const uint8_t *data, size_t length)
{
    dump_hex(print->out, indent, data, length, false);
}

static void dump_text(struct text *out, const uint8_t *data, size_t length)
{
    text_add_char(out, '\n');
    for (size_t i = 0; i < length; i++) {
        bool line_end = data[i] == '\r' && (i + 1 == length || data[i + 1] == '\n');
        if (line_end)
            continue;
        if (data[i] == '\n' || data[i] == '\t' || (data[i] >= 0x20 && data[i] < 0x7f))
            text_add_char(out, (char)data[i]);
        else
            text_add_char(out, '.');
    }
}

static void print_dump(struct packet_printer *printer, const uint8_t *frame, size_t length, struct text *out)
{
    size_t from = printer->options.dump_link ? 0 : ETHERNET_HEADER_BYTES;
    if (from > length)
        from = length;
    switch (printer->options.dump) {
    case PACKET_DUMP_NONE: break;
    case PACKET_DUMP_HEX: dump_hex(out, "\n\t", frame + from, length - from, false); break;
    case PACKET_DUMP_BOTH: dump_hex(out, "\n\t", frame + from, length - from, true); break;
    case PACKET_DUMP_TEXT: dump_text(out, frame + from, length - from); break;
    }
}

/* ---- a packet ---- */

void packet_print(struct packet_printer *printer, const uint8_t *frame, size_t captured_bytes, const struct packet_about *about,
                  struct text *out)
{
    struct print print = {.printer = printer, .options = &printer->options, .out = out};
    size_t length = about->length_bytes < captured_bytes ? captured_bytes : about->length_bytes;
    print_stamp(printer, about->unix_ns, out);
    if (about->interface) {
        bool group = captured_bytes > 0 && (frame[0] & 1);
        bool everyone = group && captured_bytes >= 6 && memcmp(frame, MAC_BROADCAST.b, 6) == 0;
        text_format(out, "%-5s %-3s ", about->interface, about->outgoing ? "Out" : everyone ? "B" : group ? "M" : "In");
    }
    print_ethernet(&print, (struct view){frame, captured_bytes, length});
    print_dump(printer, frame, captured_bytes, out);
    text_add_char(out, '\n');
}

static char *summary(const uint8_t *data, size_t length, bool link, char *out, size_t size_bytes)
{
    struct packet_printer printer = {.options = {.numeric = true, .absolute_sequence = true}};
    struct text text = {0};
    struct print print = {.printer = &printer, .options = &printer.options, .out = &text};
    struct view view = {data, length, length};
    if (link)
        print_ethernet(&print, view);
    else
        print_by_ethertype(&print, length > 0 && data[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4, view);
    (void)snprintf(out, size_bytes, "%s", text_string(&text));
    text_free(&text);
    return out;
}

char *packet_summary(const uint8_t *frame, size_t length, char *out, size_t size_bytes)
{
    return summary(frame, length, true, out, size_bytes);
}

char *packet_summary_ip(const uint8_t *packet, size_t length, char *out, size_t size_bytes)
{
    return summary(packet, length, false, out, size_bytes);
}
