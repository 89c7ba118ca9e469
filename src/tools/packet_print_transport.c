/* The packet printer's transport layer: TCP and UDP.
 *
 * TCP's sequence numbers are printed relative to the connection's first ones, unless -S is given. The printer learns those from the first
 * segment with an ACK that it sees of a connection, or from a new SYN; both directions share one entry, keyed by the two endpoints in a fixed
 * order. When the table is full it is emptied: the connections that go on then print absolute numbers once more, which is true if less handy.
 *
 * With -v the checksum is verified, when all of the segment is here and it is not a fragment. Facts come from transport/tcp/segment.c and
 * transport/udp.c. Only TCP's options are walked here a second time: their order and the padding between them are what a
 * reader of a capture wants to see, and no stack needs. RFC 9293, 7323, 2018, 7413; RFC 768.
 *
 * What a payload is, is told by the ports: 53 DNS, 67 and 68 DHCP, 80 and 8080 HTTP. No timers. */
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "internet/stack.h"
#include "tools/packet_print_rooms.h"
#include "transport/tcp/segment.h"
#include "transport/udp.h"

enum { PORT_DNS = 53, PORT_DHCP_SERVER = 67, PORT_DHCP_CLIENT = 68, PORT_HTTP = 80, PORT_HTTP_ALTERNATE = 8080 };

static bool either_port(uint16_t a, uint16_t b, uint16_t port) { return a == port || b == port; }

/* ---- relative sequence numbers ---- */

struct connection { /* the first numbers, of the lower and of the higher endpoint */
    uint32_t lower, higher;
};
struct relative { /* what to take off a segment's numbers */
    uint32_t sequence, acknowledgement;
};

static struct connection *connection_of(struct packet_printer *printer, const struct print_ip *ip,
                                        const struct tcp_segment *segment, bool *reversed, bool *is_new)
{
    struct {
        struct ip a, b;
        uint16_t a_port, b_port;
    } key;
    memset(&key, 0, sizeof key);
    int order = ip_compare(&ip->source, &ip->destination);
    *reversed = order > 0 || (order == 0 && segment->source_port > segment->destination_port);
    key.a = *reversed ? ip->destination : ip->source;
    key.b = *reversed ? ip->source : ip->destination;
    key.a_port = *reversed ? segment->destination_port : segment->source_port;
    key.b_port = *reversed ? segment->source_port : segment->destination_port;
    struct connection *connection = map_get(&printer->connections, &key, sizeof key);
    *is_new = !connection;
    if (connection)
        return connection;
    if (map_count(&printer->connections) >= LIMIT_PACKET_PRINT_CONNECTIONS) {
        void *old;
        for (size_t at = 0; map_next(&printer->connections, &at, NULL, NULL, &old);)
            memory_free(old);
        map_free(&printer->connections);
        printer->connections = (struct map){0};
    }
    connection = memory_take_zeroed(1, sizeof *connection);
    map_put(&printer->connections, &key, sizeof key, connection);
    return connection;
}

static struct relative relative_numbers(struct print *print, const struct print_ip *ip, const struct tcp_segment *segment)
{
    if (print->options->absolute_sequence || print->quotes || !(segment->flags & TCP_ACK))
        return (struct relative){0, 0};
    bool reversed, is_new;
    struct connection *connection = connection_of(print->printer, ip, segment, &reversed, &is_new);
    uint32_t *ours = reversed ? &connection->higher : &connection->lower;
    uint32_t *theirs = reversed ? &connection->lower : &connection->higher;
    if (is_new || (segment->flags & TCP_SYN)) {
        *ours = segment->sequence.n;
        *theirs = segment->acknowledgement.n - 1;
        return (struct relative){0, 0};
    }
    return (struct relative){*ours, *theirs};
}

/* ---- TCP ---- */

/* RFC 9768 section 3.2.3: three counts of 24 bits in one of two orders, left off from the end. */
static void print_accurate_ecn(struct print *print, bool order_1, struct reader *value)
{
    static const char *const NAMES[2][3] = {{"e0b", "ceb", "e1b"}, {"e1b", "ceb", "e0b"}};
    text_add(print->out, order_1 ? "accecn1" : "accecn0");
    for (unsigned i = 0; i < 3 && reader_left(value) >= 3; i++) {
        uint32_t high = reader_u8(value);
        text_format(print->out, " %s %u", NAMES[order_1][i], high << 16 | reader_u16(value));
    }
}

static void print_tcp_option(struct print *print, uint8_t kind, struct reader *value, uint32_t acknowledged)
{
    size_t length = reader_left(value);
    switch (kind) {
    case 2: text_add(print->out, "mss"); break;
    case 3: text_add(print->out, "wscale"); break;
    case 4: text_add(print->out, "sackOK"); return;
    case 5: text_add(print->out, "sack"); break;
    case 8: text_add(print->out, "TS"); break;
    case 28: text_add(print->out, "uto"); break;
    case 34: text_add(print->out, "tfo"); break;
    case 172:
    case 174: print_accurate_ecn(print, kind == 174, value); return;
    default: text_format(print->out, "unknown-%u", kind); break;
    }
    if (kind == 2 && length == 2) {
        text_format(print->out, " %u", reader_u16(value));
    } else if (kind == 3 && length == 1) {
        text_format(print->out, " %u", reader_u8(value));
    } else if (kind == 8 && length == 8) {
        uint32_t stamp = reader_u32(value);
        text_format(print->out, " val %u ecr %u", stamp, reader_u32(value));
    } else if (kind == 5 && length % 8 == 0) {
        text_format(print->out, " %zu ", length / 8);
        while (reader_left(value)) {
            uint32_t start = reader_u32(value) - acknowledged;
            text_format(print->out, "{%u:%u}", start, reader_u32(value) - acknowledged);
        }
    } else if (kind == 28 && length == 2) {
        unsigned word =
            reader_u16(value); /* the real one takes the last bit for the granularity, where RFC 5482 has the first */
        text_format(print->out, " 0x%x %u", word, word & 1 ? (word >> 1) * 60 : word >> 1);
    } else if (length) {
        text_add(print->out, kind == 34 ? "  cookie " : " 0x");
        while (reader_left(value))
            text_format(print->out, "%02x", reader_u8(value));
    } else if (kind == 34) {
        text_add(print->out, "  cookiereq");
    }
}

/* False when an option breaks its format: then nothing that follows can be trusted. */
static bool print_tcp_options(struct print *print, struct bytes options, uint32_t acknowledged)
{
    struct reader reader = reader_of(options.data, options.length);
    const char *separator = ", options [";
    while (reader_left(&reader)) {
        uint8_t kind = reader_u8(&reader);
        text_add(print->out, separator);
        separator = ",";
        if (kind <= 1) {
            text_add(print->out, kind ? "nop" : "eol");
            if (kind == 0)
                break;
            continue;
        }
        uint8_t length = reader_u8(&reader);
        const uint8_t *value = length >= 2 ? reader_take(&reader, (size_t)length - 2) : NULL;
        if (!value) {
            text_add(print->out, "[bad opt]");
            return false;
        }
        struct reader inside = reader_of(value, (size_t)length - 2);
        print_tcp_option(print, kind, &inside, acknowledged);
    }
    text_add(print->out, "]");
    return true;
}

static void print_tcp_flags(struct print *print, uint16_t flags)
{
    static const char LETTERS[9] = "FSRP.UEWe"; /* "e" is AE, as in tcpdump 5 */
    text_add(print->out, "Flags [");
    for (unsigned bit = 0; bit < sizeof LETTERS; bit++)
        if (flags >> bit & 1)
            text_add_char(print->out, LETTERS[bit]);
    text_add(print->out, flags ? "]" : "none]");
}

static void print_tcp_numbers(struct print *print, const struct tcp_segment *tcp, struct relative relative)
{
    uint32_t first = tcp->sequence.n - relative.sequence;
    if (print->options->verbose > 1 || tcp->payload_bytes || (tcp->flags & (TCP_SYN | TCP_FIN | TCP_RST))) {
        text_format(print->out, ", seq %u", first);
        if (tcp->payload_bytes)
            text_format(print->out, ":%u", first + tcp->payload_bytes);
    }
    if (tcp->flags & TCP_ACK)
        text_format(print->out, ", ack %u", tcp->acknowledgement.n - relative.acknowledgement);
    text_format(print->out, ", win %u", tcp->window);
    if (tcp->flags & TCP_URG)
        text_format(print->out, ", urg %u", tcp->urgent);
}

static void print_tcp_payload(struct print *print, const struct tcp_segment *tcp, struct view payload)
{
    if (either_port(tcp->source_port, tcp->destination_port, PORT_HTTP) ||
        either_port(tcp->source_port, tcp->destination_port, PORT_HTTP_ALTERNATE)) {
        text_add(print->out, ": HTTP");
        print_http(print, payload);
    } else if (either_port(tcp->source_port, tcp->destination_port, PORT_DNS) && payload.have > 2) {
        text_add_char(print->out, ' ');
        print_dns(print, view_cut(view_from(payload, 2), load_u16(payload.data))); /* behind the length (RFC 1035 4.2.2) */
    }
}

static void print_bad_header(struct print *print, unsigned header_bytes, struct view segment)
{
    if (header_bytes < TCP_HEADER_BYTES) {
        text_format(print->out, " tcp %zu [bad hdr length %u - too short, < 20]", segment.length - header_bytes, header_bytes);
        return;
    }
    print_tcp_flags(print, load_u16(segment.data + 12) & 0x1ff);
    text_format(print->out, " [bad hdr length %u - too long, > %zu]", header_bytes, segment.length);
}

void print_tcp(struct print *print, const struct print_ip *ip, struct view segment)
{
    struct tcp_segment tcp;
    if (segment.have < 4 || (segment.have < TCP_HEADER_BYTES && !print->quotes)) {
        print_hosts(print, ip);
        text_add(print->out, " [|tcp]");
        return;
    }
    print_endpoints(print, ip, load_u16(segment.data), load_u16(segment.data + 2));
    if (segment.have < TCP_HEADER_BYTES) { /* an ICMP error quotes eight bytes: the ports and the sequence number */
        text_add(print->out, " [|tcp]");
        return;
    }
    if (tcp_segment_parse(segment.data, segment.have, (uint32_t)segment.length, &tcp) != 0) {
        unsigned header_bytes = (unsigned)segment.data[12] >> 4 << 2;
        if (segment.have < segment.length && header_bytes >= TCP_HEADER_BYTES && header_bytes <= segment.length)
            text_add(print->out, " [|tcp]");
        else
            print_bad_header(print, header_bytes, segment);
        return;
    }
    if (print->options->quiet) {
        text_format(print->out, "tcp %u", tcp.payload_bytes);
        return;
    }
    print_tcp_flags(print, tcp.flags);
    struct relative relative = relative_numbers(print, ip, &tcp);
    if (print->options->verbose && !ip->fragmented && segment.have == segment.length) {
        uint16_t found = load_u16(segment.data + TCP_CHECKSUM_OFFSET), remainder = print_sum(ip, segment);
        text_format(print->out, ", cksum 0x%04x", found);
        if (remainder)
            text_format(print->out, " (incorrect -> 0x%04x)", print_sum_should_be(found, remainder));
        else
            text_add(print->out, " (correct)");
    }
    print_tcp_numbers(print, &tcp, relative);
    struct bytes options = {segment.data + TCP_HEADER_BYTES, (size_t)tcp.header_bytes - TCP_HEADER_BYTES};
    if (options.length && !print_tcp_options(print, options, relative.acknowledgement))
        return;
    text_format(print->out, ", length %u", tcp.payload_bytes);
    if (tcp.payload_bytes)
        print_tcp_payload(print, &tcp, view_from(segment, tcp.header_bytes));
}

/* ---- UDP ---- */

static void print_udp_sum(struct print *print, const struct print_ip *ip, const struct udp_header *udp, struct view datagram)
{
    if (udp->checksum == 0) {
        text_add(print->out, "[no cksum] ");
    } else if (!ip->fragmented && datagram.have == datagram.length) {
        uint16_t remainder = print_sum(ip, datagram);
        if (remainder)
            text_format(print->out, "[bad udp cksum 0x%04x -> 0x%04x!] ", udp->checksum,
                        print_sum_should_be(udp->checksum, remainder));
        else
            text_add(print->out, "[udp sum ok] ");
    }
}

void print_udp(struct print *print, const struct print_ip *ip, struct view datagram)
{
    struct udp_header udp;
    struct reader reader = reader_of(datagram.data, datagram.have);
    int error = udp_header_parse(&reader, &udp);
    if (reader.failed) {
        print_hosts(print, ip);
        text_add(print->out, " [|udp]");
        return;
    }
    print_endpoints(print, ip, udp.source_port, udp.destination_port);
    if (error) {
        text_format(print->out, "truncated-udplength %u", udp.length_bytes);
        return;
    }
    size_t there = datagram.length - UDP_HEADER_BYTES, stated = udp.length_bytes - (size_t)UDP_HEADER_BYTES;
    datagram = view_cut(datagram, udp.length_bytes);
    if (print->options->verbose > (ip->source.family == 4 ? 1 : 0) && !print->options->quiet) /* as tcpdump has it */
        print_udp_sum(print, ip, &udp, datagram);
    struct view payload = view_from(datagram, UDP_HEADER_BYTES);
    bool dhcp = either_port(udp.source_port, udp.destination_port, PORT_DHCP_SERVER) ||
                either_port(udp.source_port, udp.destination_port, PORT_DHCP_CLIENT);
    if (stated > there && !ip->fragmented && !print->quotes)
        text_format(print->out, "UDP, bad length %zu > %zu", stated, there);
    else if (print->options->quiet || payload.length == 0)
        text_format(print->out, "UDP, length %u", udp.length_bytes - UDP_HEADER_BYTES);
    else if (either_port(udp.source_port, udp.destination_port, PORT_DNS))
        print_dns(print, payload);
    else if (dhcp)
        print_dhcp(print, payload);
    else
        text_format(print->out, "UDP, length %u", udp.length_bytes - UDP_HEADER_BYTES);
}
