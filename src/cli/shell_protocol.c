/* The messages between a tool's thin client and `imp shell`: framing, and the one body with a structure of its own.
 *
 * Both ends are the same program of the same user, and the socket lies in a folder that only that user can enter. Still every length is
 * checked before it is believed, on both sides: a message is at most SHELL_BODY_MAX long, types are known, and the argument list must fill its
 * message exactly. The client asks nothing by itself but START and INTERRUPT; everything else it sends answers a request, so neither side
 * ever has to buffer more than one message. */
#include "cli/shell_protocol.h"

#include "base/error.h"

void shell_header_build(uint8_t out[SHELL_HEADER_BYTES], enum shell_message type, size_t body_bytes)
{
    store_u32(out, (uint32_t)(body_bytes + 1));
    out[4] = (uint8_t)type;
}

int shell_message_parse(const uint8_t *data, size_t length, enum shell_message *type, struct bytes *body)
{
    if (length < SHELL_HEADER_BYTES)
        return 0;
    uint32_t size = load_u32(data);
    uint8_t code = data[4];
    if (size < 1 || size > SHELL_BODY_MAX + 1)
        return IMP_MALFORMED;
    if (!(code >= SHELL_START && code <= SHELL_FILE_RESULT) && !(code >= SHELL_OUT && code <= SHELL_EXIT))
        return IMP_MALFORMED;
    if (length < 4 + (size_t)size)
        return 0;
    *type = (enum shell_message)code;
    *body = (struct bytes){data + SHELL_HEADER_BYTES, size - 1};
    return (int)(4 + size);
}

bool shell_start_build(struct writer *out, uint8_t bits, int argc, char *const argv[])
{
    if (argc > SHELL_ARGUMENTS_MAX)
        return false;
    writer_u8(out, bits);
    writer_u16(out, (uint16_t)argc);
    for (int i = 0; i < argc; i++)
        writer_bytes(out, argv[i], strlen(argv[i]) + 1);
    return !out->failed;
}

int shell_start_parse(struct bytes body, uint8_t *bits, int *argc, char **argv)
{
    struct reader r = reader_of(body.data, body.length);
    *bits = reader_u8(&r);
    uint16_t count = reader_u16(&r);
    if (r.failed || count == 0 || count > SHELL_ARGUMENTS_MAX)
        return IMP_MALFORMED;
    for (uint16_t i = 0; i < count; i++) {
        const uint8_t *text = r.data + r.at;
        const uint8_t *end = memchr(text, 0, reader_left(&r));
        if (!end)
            return IMP_MALFORMED;
        reader_skip(&r, (size_t)(end - text) + 1);
        argv[i] = (char *)(uintptr_t)text;
    }
    argv[count] = NULL;
    *argc = count;
    return reader_left(&r) == 0 ? 0 : IMP_MALFORMED;
}
