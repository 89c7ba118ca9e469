#ifndef IMP_TOOLS_PACKET_PRINT_ROOMS_H
#define IMP_TOOLS_PACKET_PRINT_ROOMS_H

#include "base/map.h"
#include "tools/packet_print.h"

/* What the rooms of the packet printer share. Each prints one layer and hands the rest to the next. */

/* Some bytes of a packet: `have` of them are here, `length` were on the wire. have <= length. */
struct view {
    const uint8_t *data;
    size_t have, length;
};
static inline struct view view_from(struct view view,
                                    size_t offset) /* what is behind the first `offset` bytes; empty past the end */
{
    size_t here = offset < view.have ? offset : view.have;
    return (struct view){view.data + here, view.have - here, offset < view.length ? view.length - offset : 0};
}
static inline struct view view_cut(struct view view, size_t length) /* at most `length` bytes of it */
{
    return (struct view){view.data, view.have < length ? view.have : length, view.length < length ? view.length : length};
}

struct packet_printer {
    struct packet_print_options options;
    struct map connections; /* by both endpoints: struct connection, packet_print_transport.c */
    int64_t first_ns, last_ns;
    bool started;
};
struct print { /* one packet being printed */
    struct packet_printer *printer;
    const struct packet_print_options *options;
    struct text *out;
    unsigned quotes; /* how many ICMP errors we are inside */
};
struct print_ip { /* the packet's addresses, for the layer above */
    struct ip source, destination;
    uint8_t protocol;
    bool fragmented; /* the rest of it is elsewhere: no checksum can be verified */
};
enum { LIMIT_PACKET_PRINT_QUOTES = 2 };

/* packet_print.c */
void print_address(struct print *print, const struct ip *address);
void print_port(struct print *print, uint8_t protocol, uint16_t port);
/* "10.0.0.1.80 > 10.0.0.2.1234: " */
void print_endpoints(struct print *print, const struct print_ip *ip, uint16_t source_port, uint16_t destination_port);
void print_hosts(struct print *print, const struct print_ip *ip);                            /* "10.0.0.1 > 10.0.0.2: " */
void print_hex(struct print *print, const char *indent, const uint8_t *data, size_t length); /* lines as -x writes them */
void print_seconds(struct print *print, uint32_t seconds);                                   /* "1d2h3m4s" */
/* The whole of the checksum, its own field included, with the pseudo-header: 0 when it is right. */
uint16_t print_sum(const struct print_ip *ip, struct view payload);
uint16_t print_sum_should_be(uint16_t found, uint16_t remainder);

/* packet_print_link.c */
void print_mac(struct print *print, struct mac mac); /* with its maker, unless -n */
void print_ethernet(struct print *print, struct view frame);
void print_by_ethertype(struct print *print, uint16_t ethertype, struct view packet);
/* packet_print_ip.c */
void print_ipv4(struct print *print, struct view packet);
void print_ipv6(struct print *print, struct view packet);
/* packet_print_icmp.c, packet_print_icmpv6.c */
void print_icmp(struct print *print, const struct print_ip *ip, struct view message);
void print_icmpv6(struct print *print, const struct print_ip *ip, struct view message);
/* packet_print_transport.c */
void print_tcp(struct print *print, const struct print_ip *ip, struct view segment);
void print_udp(struct print *print, const struct print_ip *ip, struct view datagram);
/* packet_print_application.c, packet_print_dhcp.c */
void print_dns(struct print *print, struct view message);
void print_http(struct print *print, struct view text);
void print_dhcp(struct print *print, struct view message);

#endif
