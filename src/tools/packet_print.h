#ifndef IMP_TOOLS_PACKET_PRINT_H
#define IMP_TOOLS_PACKET_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/text.h"

/* Frames as tcpdump 4.99 prints them, a line each (more with -v and -x). Any bytes are allowed, also cut or malformed ones: what cannot be
 * read ends in "[|name]". Nothing here waits, but for `name_of`. */
enum packet_stamp {                     /* -t, -tt ... */
                    PACKET_STAMP_CLOCK, /* 02:49:25.673172, UTC */
                    PACKET_STAMP_NONE,  /* -t */
                    PACKET_STAMP_UNIX,  /* -tt */
                    PACKET_STAMP_DELTA, /* -ttt: since the packet before */
                    PACKET_STAMP_DATE,  /* -tttt */
                    PACKET_STAMP_SINCE, /* -ttttt: since the first packet */
};
enum packet_dump { /* a second form of the bytes, behind the line */
                   PACKET_DUMP_NONE,
                   PACKET_DUMP_HEX,  /* -x */
                   PACKET_DUMP_BOTH, /* -X: hexadecimal and characters */
                   PACKET_DUMP_TEXT, /* -A */
};
struct packet_print_options {
    bool numeric;           /* -n: no names for addresses and ports */
    bool link;              /* -e: the link header too */
    bool quiet;             /* -q */
    bool absolute_sequence; /* -S */
    bool dump_link;         /* -xx, -XX, -AA: the dump begins at the link header */
    unsigned verbose;       /* -v, -vv, -vvv */
    enum packet_stamp stamp;
    enum packet_dump dump;
    /* The name of an address, or NULL when it has none: borrowed, and valid until the next call. May itself be NULL. */
    const char *(*name_of)(void *context, const struct ip *address);
    void *context;
};
struct packet_about {
    int64_t unix_ns;       /* when it was captured */
    size_t length_bytes;   /* on the wire: at least what was captured */
    const char *interface; /* NULL, or shown in front with its direction, as on "any" */
    unsigned interface_index;
    bool outgoing;
};

/* What lasts between packets: the connections' first sequence numbers (at most LIMIT_PACKET_PRINT_CONNECTIONS, then it starts afresh) and the
 * last time. The options are copied. */
enum { LIMIT_PACKET_PRINT_CONNECTIONS = 4096 };
struct packet_printer;
struct packet_printer *packet_printer_create(const struct packet_print_options *options);
void packet_printer_destroy(struct packet_printer *printer);
/* Adds the lines of one Ethernet frame, each with its newline. */
void packet_print(struct packet_printer *printer, const uint8_t *frame, size_t captured_bytes, const struct packet_about *about,
                  struct text *out);

/* One short line without time and newline, "IP 10.0.0.1.49152 > 10.0.0.2.80: Flags [S], ...", cut to size: what a dropped packet was. Starts at
 * the Ethernet header, or, with the second, at the IP header. PACKET_SUMMARY_BYTES is a good size. Returns `out`. */
enum { PACKET_SUMMARY_BYTES = 200 };
char *packet_summary(const uint8_t *frame, size_t length, char *out, size_t size_bytes);
char *packet_summary_ip(const uint8_t *packet, size_t length, char *out, size_t size_bytes);

#endif
