/* The format of ICMP messages (RFC 792): type, code, checksum, four bytes whose meaning depends on the type, then either an echo's data or
 * the quoted head of the packet that an error is about.
 *
 * For echoes the four bytes are identifier and sequence; for "fragmentation needed" the low half is the next hop's MTU (RFC 1191
 * section 4); for parameter problem the first byte points at the fault. Both views are offered. Nothing here looks at the checksum:
 * it covers the payload too, which the caller has. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "internet/icmp.h"

int icmp_parse(const void *data, size_t length, struct icmp_header *out)
{
    struct reader r = reader_of(data, length);
    out->type = reader_u8(&r);
    out->code = reader_u8(&r);
    out->checksum = reader_u16(&r);
    out->parameter = reader_u32(&r);
    out->identifier = (uint16_t)(out->parameter >> 16);
    out->sequence = (uint16_t)out->parameter;
    return r.failed ? IMP_TRUNCATED : 0;
}

void icmp_build(const struct icmp_header *header, uint8_t out[ICMP_HEADER_BYTES])
{
    bool echo = header->type == ICMP_ECHO_REQUEST || header->type == ICMP_ECHO_REPLY;
    struct writer w = writer_of(out, ICMP_HEADER_BYTES);
    writer_u8(&w, header->type);
    writer_u8(&w, header->code);
    writer_u16(&w, 0);
    writer_u32(&w, echo ? (uint32_t)header->identifier << 16 | header->sequence : header->parameter);
}

const char *icmp_unreachable_text(uint8_t code)
{
    static const char *const texts[] = {"net", "host", "protocol", "port", "fragmentation needed", "source route failed"};
    return code < count_of(texts) ? texts[code] : code == ICMP_PROHIBITED ? "prohibited" : "other";
}

char *icmp_print(const struct icmp_header *header, size_t length, char *out, size_t size_bytes)
{
    switch (header->type) {
    case ICMP_ECHO_REQUEST:
    case ICMP_ECHO_REPLY:
        snprintf(out, size_bytes, "ICMP echo %s, id %u, seq %u, length %zu",
                 header->type == ICMP_ECHO_REPLY ? "reply" : "request", header->identifier, header->sequence, length);
        break;
    case ICMP_UNREACHABLE:
        if (header->code == ICMP_FRAGMENTATION_NEEDED)
            snprintf(out, size_bytes, "ICMP unreachable - need to frag (mtu %u), length %zu", header->sequence, length);
        else
            snprintf(out, size_bytes, "ICMP %s unreachable, length %zu", icmp_unreachable_text(header->code), length);
        break;
    case ICMP_TIME_EXCEEDED:
        snprintf(out, size_bytes, "ICMP %s, length %zu",
                 header->code == ICMP_REASSEMBLY ? "ip reassembly time exceeded" : "time exceeded in-transit", length);
        break;
    case ICMP_PARAMETER_PROBLEM:
        snprintf(out, size_bytes, "ICMP parameter problem - octet %u, length %zu", header->parameter >> 24, length);
        break;
    default: snprintf(out, size_bytes, "ICMP type %u code %u, length %zu", header->type, header->code, length);
    }
    return out;
}
