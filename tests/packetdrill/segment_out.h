#ifndef TESTS_PACKETDRILL_SEGMENT_OUT_H
#define TESTS_PACKETDRILL_SEGMENT_OUT_H

/* Packets from the stack, and what they are expected to be. */
#include "segment_in.h"

static void print_options(const uint8_t *options, size_t n, char *out, size_t room)
{
    size_t done = (size_t)snprintf(out, room, " <");
    for (size_t i = 0; i < n && options[i];) {
        size_t length = options[i] == 1 ? 1 : options[i + 1];
        const uint8_t *value = options + i + 2;
        const char *comma = done > 2 ? "," : "";
        if (options[i] == 2)
            done += (size_t)snprintf(out + done, room - done, "%smss %u", comma, get16(value));
        else if (options[i] == 3)
            done += (size_t)snprintf(out + done, room - done, "%sws %u", comma, value[0]);
        else if (options[i] == 4)
            done += (size_t)snprintf(out + done, room - done, "%ssackOK", comma);
        else if (options[i] == 5)
            for (size_t k = 0; k + 8 <= length - 2; k += 8)
                done += (size_t)snprintf(out + done, room - done, "%ssack %u:%u", done > 2 ? "," : "", get32(value + k),
                                         get32(value + k + 4));
        else if (options[i] == 8) {
            ts_echo = get32(value);
            done += (size_t)snprintf(out + done, room - done, "%sTS", comma);
        } else if (options[i] == 34) {
            done += (size_t)snprintf(out + done, room - done, "%sFO%s", comma, length > 2 ? " " : "");
            for (size_t k = 0; k + 2 < length; k++)
                done += (size_t)snprintf(out + done, room - done, "%02x", value[k]);
        } else if (options[i] == 174 && length == 11)
            done += (size_t)snprintf(out + done, room - done, "%sECN %u %u %u", comma, get32(value) >> 8, get32(value + 3) >> 8,
                                     get32(value + 6) >> 8);
        i += length;
    }
    snprintf(out + done, room - done, ">");
}

static uint8_t received[66000];
static size_t received_bytes, received_header; /* of the last packet: all of it, and its IP header */
static int64_t received_us;

static bool next_packet(void)
{
    long long time;
    received_bytes = sizeof received;
    assert_int_equal(table.netdev_receive(world, received, &received_bytes, &time), 0);
    received_us = since_start(time);
    if (!received_bytes)
        return false;
    assert_int_equal(received[0] >> 4, six ? 6 : 4);
    received_header = six ? 40 : 20;
    return true;
}

/* The next packet left at that time, and begins so. */
static void out(double at_s, const char *text)
{
    if (!next_packet())
        fail_msg("no packet came; expected %s", text);
    const uint8_t *segment = received + received_header;
    size_t header = (size_t)(segment[12] >> 4) * 4;
    uint8_t bits = segment[13];
    if (!local_known && bits & 2) {
        local_known = true;
        local_first = get32(segment + 4);
        local_port = (uint16_t)get16(segment);
        remote_port = (uint16_t)get16(segment + 2);
    }
    unsigned bytes = (unsigned)(received_bytes - received_header - header);
    uint32_t first = get32(segment + 4) - local_first;
    char line[256], options[160] = "";
    if (header > 20)
        print_options(segment + 20, header - 20, options, sizeof options);
    int n = snprintf(line, sizeof line, "%s%s%s%s%s%s%s%s%s %u:%u(%u)", bits & 1 ? "F" : "", bits & 2 ? "S" : "",
                     bits & 4 ? "R" : "", bits & 8 ? "P" : "", bits & 32 ? "U" : "", bits & 64 ? "E" : "",
                     bits & 128 ? "W" : "", segment[12] & 1 ? "A" : "", bits & 16 ? "." : "", first, first + bytes, bytes);
    if (bits & 16)
        n += snprintf(line + n, sizeof line - (size_t)n, " ack %u", get32(segment + 8));
    if (bits & 32)
        n += snprintf(line + n, sizeof line - (size_t)n, " urg %u", get16(segment + 18));
    snprintf(line + n, sizeof line - (size_t)n, " win %u%s", get16(segment + 14), options);
    if (strncmp(line, text, strlen(text)) != 0)
        fail_msg("at %.6f s came \"%s\", not \"%s\"", (double)received_us / 1e6, line, text);
    int64_t off = received_us - (int64_t)(at_s * 1e6);
    if (at_s >= 0 && (off < -20 || off > 120)) /* negative: at any time */
        fail_msg("\"%s\" came at %.6f s, not %.6f", line, (double)received_us / 1e6, at_s);
}

#endif
