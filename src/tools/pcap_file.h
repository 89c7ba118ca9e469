#ifndef IMP_TOOLS_PCAP_FILE_H
#define IMP_TOOLS_PCAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Capture files. Written is the classic format (draft-ietf-opsawg-pcap): a header, then a record for each packet, with microseconds in
 * little-endian order, as tcpdump does on most machines. Read is that format in either order, with micro- or nanoseconds, and pcapng
 * (draft-ietf-opsawg-pcapng), which `imp run --pcap` and Wireshark write. */
enum { PCAP_LINK_ETHERNET = 1, PCAP_LINK_COOKED_2 = 276 };
enum { PCAP_FILE_HEADER_BYTES = 24, PCAP_RECORD_HEADER_BYTES = 16, PCAP_COOKED_2_BYTES = 20, PCAP_SNAPSHOT_BYTES = 262144 };

void pcap_file_header(uint8_t out[PCAP_FILE_HEADER_BYTES], uint32_t link_type, uint32_t snapshot_bytes);
void pcap_record_header(uint8_t out[PCAP_RECORD_HEADER_BYTES], int64_t unix_ns, size_t captured_bytes, size_t length_bytes);

enum { PCAPNG_INTERFACES_MAX = 64 };

struct pcap_file { /* being read; the bytes stay the caller's */
    struct bytes rest;
    bool swapped, nanoseconds;
    bool blocks; /* it is a pcapng file */
    uint32_t link_type, snapshot_bytes;
    unsigned interface_count;                  /* of a pcapng file: as many as have been met */
    uint8_t resolution[PCAPNG_INTERFACES_MAX]; /* of their times: n for 10^-n s, 128 + n for 2^-n s */
};
struct pcap_packet {
    int64_t unix_ns;
    struct bytes data;   /* what was captured */
    size_t length_bytes; /* on the wire */
};
/* 0, IMP_MALFORMED (not such a file) or IMP_TRUNCATED. */
int pcap_file_open(struct pcap_file *file, const uint8_t *data, size_t length);
bool pcapng_file_is(const uint8_t *data, size_t length); /* these three serve the two around them */
int pcapng_file_open(struct pcap_file *file, const uint8_t *data, size_t length);
int pcapng_file_next(struct pcap_file *file, struct pcap_packet *out);
/* The next packet: 0, IMP_NOT_FOUND at the end, IMP_TRUNCATED when the file ends in the middle of one, IMP_MALFORMED. */
int pcap_file_next(struct pcap_file *file, struct pcap_packet *out);

/* LINUX_SLL2: what a capture on "any" is written as. In place of an Ethernet header it has the interface, the direction and the
 * sender's address. */
struct pcap_cooked {
    uint16_t ethertype;
    uint32_t interface_index;
    uint8_t direction; /* 0 to us, 1 broadcast, 2 multicast, 3 to others, 4 sent by us */
    uint8_t source[6];
};
void pcap_cooked_build(const struct pcap_cooked *cooked, bool loopback, uint8_t out[PCAP_COOKED_2_BYTES]);
int pcap_cooked_parse(const uint8_t *data, size_t length, struct pcap_cooked *out); /* 0 or IMP_TRUNCATED */

#endif
