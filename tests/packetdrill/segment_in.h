#ifndef TESTS_PACKETDRILL_SEGMENT_IN_H
#define TESTS_PACKETDRILL_SEGMENT_IN_H

/* Packets from the remote host, written as driver.h says. */
#include "guest.h"

static void put16(uint8_t *at_, uint32_t v) { at_[0] = (uint8_t)(v >> 8), at_[1] = (uint8_t)v; }
static void put32(uint8_t *at_, uint32_t v) { put16(at_, v >> 16), put16(at_ + 2, v); }
static void put24(uint8_t *at_, uint32_t v) { at_[0] = (uint8_t)(v >> 16), put16(at_ + 1, v); }
static uint32_t get16(const uint8_t *at_) { return (uint32_t)at_[0] << 8 | at_[1]; }
static uint32_t get32(const uint8_t *at_) { return get16(at_) << 16 | get16(at_ + 2); }

static uint32_t sum_of(const uint8_t *bytes, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += (i & 1) ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static const uint8_t LOCAL4[4] = {192, 168, 0, 1}, REMOTE4[4] = {192, 0, 2, 1};
static const uint8_t LOCAL6[16] = {0xfd, 0x3d, 0x0a, 0x0b, 0x17, 0xd6, [15] = 1};
static const uint8_t REMOTE6[16] = {0xfd, 0x3d, 0xfa, 0x7b, 0xd1, 0x7d, [15] = 1};

/* Sends payload `bytes` (a transport header and what follows; its checksum field at `sum_at` still zero) from the remote host. */
static void inject(uint8_t protocol, uint8_t *transport, size_t bytes, size_t sum_at, uint8_t traffic_class)
{
    static uint8_t packet[66000];
    const uint8_t *from = six ? REMOTE6 : REMOTE4, *to = six ? LOCAL6 : LOCAL4;
    size_t address = six ? 16 : 4, header = six ? 40 : 20;
    uint32_t sum = protocol == IPPROTO_ICMP ? 0 : sum_of(from, address, sum_of(to, address, (uint32_t)(protocol + bytes)));
    put16(transport + sum_at, fold(sum_of(transport, bytes, sum)));
    memset(packet, 0, header);
    if (six) {
        packet[0] = 0x60;
        put16(packet + 4, (uint32_t)bytes);
        packet[6] = protocol;
        packet[7] = 64;
        memcpy(packet + 8, from, 16);
        memcpy(packet + 24, to, 16);
    } else {
        packet[0] = 0x45;
        packet[1] = traffic_class;
        put16(packet + 2, (uint32_t)(header + bytes));
        packet[8] = 64;
        packet[9] = protocol;
        memcpy(packet + 12, from, 4);
        memcpy(packet + 16, to, 4);
        put16(packet + 10, fold(sum_of(packet, 20, 0)));
    }
    memcpy(packet + header, transport, bytes);
    assert_int_equal(table.netdev_send(world, packet, header + bytes), 0);
}

static size_t put_options(const char *text, uint8_t *out)
{
    size_t n = 0;
    unsigned a, b, c;
    for (const char *p = text; p && *p && *p != '>'; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        if (sscanf(p, "mss %u", &a) == 1)
            out[n] = 2, out[n + 1] = 4, put16(out + n + 2, a), n += 4;
        else if (sscanf(p, "ws %u", &a) == 1)
            out[n] = 3, out[n + 1] = 3, out[n + 2] = (uint8_t)a, n += 3;
        else if (strncmp(p, "sackOK", 6) == 0)
            out[n] = 4, out[n + 1] = 2, n += 2;
        else if (sscanf(p, "sack %u:%u", &a, &b) == 2)
            out[n] = 5, out[n + 1] = 10, put32(out + n + 2, local_first + a), put32(out + n + 6, local_first + b), n += 10;
        else if (strncmp(p, "TS", 2) == 0)
            out[n] = 8, out[n + 1] = 10, put32(out + n + 2, peer_ts), put32(out + n + 6, ts_echo), n += 10;
        else if (strncmp(p, "FO", 2) == 0) {
            size_t length = 0;
            for (unsigned byte; sscanf(p + 3 + 2 * length, "%2x", &byte) == 1 && length < 16; length++)
                out[n + 2 + length] = (uint8_t)byte;
            out[n] = 34, out[n + 1] = (uint8_t)(2 + length), n += 2 + length;
        } else if (sscanf(p, "ECN %u %u %u", &a, &b, &c) == 3) /* order 1: ECT(1), CE, ECT(0) */
            out[n] = 174, out[n + 1] = 11, put24(out + n + 2, a), put24(out + n + 5, b), put24(out + n + 8, c), n += 11;
        else
            fail_msg("an option is not understood: %s", p);
    }
    while (n & 3)
        out[n++] = 1;
    return n;
}

static void in(const char *text) /* a segment from the remote host arrives now */
{
    static uint8_t segment[66000];
    char flags[8], options[96] = "";
    unsigned first, last, bytes, ack = 0, window = 0, ecn = 0, urgent = 0;
    if (sscanf(text, "%7s %u:%u(%u)", flags, &first, &last, &bytes) != 4)
        fail_msg("not a segment: %s", text);
    const char *place = strstr(text, "ack ");
    if (place)
        (void)sscanf(place, "ack %u", &ack);
    place = strstr(text, "win ");
    if (place)
        (void)sscanf(place, "win %u", &window);
    place = strchr(text, '<');
    if (place)
        (void)sscanf(place, "<%95[^>]", options);
    memset(segment, 0, 60);
    size_t header = 20 + put_options(options, segment + 20);
    put16(segment, remote_port);
    put16(segment + 2, local_port);
    put32(segment + 4, first);
    bool acks = strchr(flags, '.') != NULL;
    put32(segment + 8, acks ? local_first + ack : 0);
    segment[12] = (uint8_t)(header / 4 << 4 | (strchr(flags, 'A') ? 1 : 0));
    segment[13] = (uint8_t)((strchr(flags, 'F') ? 1 : 0) | (strchr(flags, 'S') ? 2 : 0) | (strchr(flags, 'R') ? 4 : 0) |
                            (strchr(flags, 'P') ? 8 : 0) | (acks ? 16 : 0) | (strchr(flags, 'U') ? 32 : 0) |
                            (strchr(flags, 'E') ? 64 : 0) | (strchr(flags, 'W') ? 128 : 0));
    put16(segment + 14, window);
    place = strstr(text, "urg ");
    if (place) {
        (void)sscanf(place, "urg %u", &urgent);
        put16(segment + 18, urgent);
    }
    for (unsigned i = 0; i < bytes; i++)
        segment[header + i] = (uint8_t)('a' + (first + i) % 26);
    place = strstr(text, "ect ");
    if (place)
        (void)sscanf(place, "ect %u", &ecn);
    inject(IPPROTO_TCP, segment, header + bytes, 16, (uint8_t)ecn);
}

#endif
