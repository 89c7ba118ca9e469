/* pcapng, the capture format of Wireshark and tshark, written block by block.
 *
 * A block is: type, total length, body padded to 32 bits, total length again. Three types are used. The Section Header Block opens the
 * file. An Interface Description Block names an interface; its option if_tsresol says that times are in units of 10^-9 s. An
 * Enhanced Packet Block holds a frame with its interface and time; its flags word says that the frame was outbound, because
 * a frame is captured at the end of the wire that sends it.
 *
 * Left out on purpose: comments, name resolution and statistics blocks, and any snap length: frames are always whole.
 */
#include "lab/pcapng.h"

#include <string.h>

enum { BLOCK_SECTION = 0x0A0D0D0A, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BYTE_ORDER_MAGIC = 0x1A2B3C4D };
enum {
    OPTION_END = 0,
    OPTION_APPLICATION = 4,
    OPTION_NAME = 2,
    OPTION_DESCRIPTION = 3,
    OPTION_RESOLUTION = 9,
    OPTION_FLAGS = 2
};
enum { LINK_ETHERNET = 1, FLAGS_OUTBOUND = 2, PACKET_HEAD_BYTES = 28, PACKET_OPTIONS_BYTES = 12 };

static void add_u16(struct text *out, uint16_t value)
{
    text_add_bytes(out, (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8)}, 2);
}

static void add_u32(struct text *out, uint32_t value)
{
    add_u16(out, (uint16_t)value);
    add_u16(out, (uint16_t)(value >> 16));
}

static uint32_t padding(size_t length) { return (uint32_t)(-length & 3); }

static void add_padding(struct text *out, size_t length) { text_add_bytes(out, "\0\0\0", padding(length)); }

static void add_option(struct text *out, uint16_t code, const void *value, size_t length)
{
    if (length > UINT16_MAX)
        length = UINT16_MAX;
    add_u16(out, code);
    add_u16(out, (uint16_t)length);
    text_add_bytes(out, value, length);
    add_padding(out, length);
}

/* A whole block around a body whose length is a multiple of 4. */
static void add_block(struct text *out, uint32_t type, const struct text *body)
{
    uint32_t total = (uint32_t)body->length + 12;
    add_u32(out, type);
    add_u32(out, total);
    text_add_bytes(out, body->data, body->length);
    add_u32(out, total);
}

void pcapng_section(struct text *out, const char *application)
{
    struct text body = {0};
    add_u32(&body, BYTE_ORDER_MAGIC);
    add_u16(&body, 1); /* version 1.0 */
    add_u16(&body, 0);
    add_u32(&body, UINT32_MAX); /* the section's length is not told */
    add_u32(&body, UINT32_MAX);
    add_option(&body, OPTION_APPLICATION, application, strlen(application));
    add_option(&body, OPTION_END, NULL, 0);
    add_block(out, BLOCK_SECTION, &body);
    text_free(&body);
}

void pcapng_interface(struct text *out, const char *name, const char *description)
{
    struct text body = {0};
    add_u16(&body, LINK_ETHERNET);
    add_u16(&body, 0);
    add_u32(&body, 0); /* no snap length */
    add_option(&body, OPTION_NAME, name, strlen(name));
    add_option(&body, OPTION_DESCRIPTION, description, strlen(description));
    add_option(&body, OPTION_RESOLUTION, (uint8_t[]){9}, 1);
    add_option(&body, OPTION_END, NULL, 0);
    add_block(out, BLOCK_INTERFACE, &body);
    text_free(&body);
}

static uint32_t packet_block_bytes(const struct pcapng_packet *packet)
{
    return PACKET_HEAD_BYTES + packet->length + padding(packet->length) + PACKET_OPTIONS_BYTES + 4;
}

void pcapng_packet_begin(struct text *out, const struct pcapng_packet *packet)
{
    uint64_t time = (uint64_t)packet->time.ns;
    add_u32(out, BLOCK_PACKET);
    add_u32(out, packet_block_bytes(packet));
    add_u32(out, packet->interface);
    add_u32(out, (uint32_t)(time >> 32));
    add_u32(out, (uint32_t)time);
    add_u32(out, packet->length); /* captured */
    add_u32(out, packet->length); /* original */
}

void pcapng_packet_end(struct text *out, const struct pcapng_packet *packet)
{
    add_padding(out, packet->length);
    add_u16(out, OPTION_FLAGS);
    add_u16(out, 4);
    add_u32(out, FLAGS_OUTBOUND);
    add_u32(out, OPTION_END);
    add_u32(out, packet_block_bytes(packet));
}
