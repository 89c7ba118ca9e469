/* Fuzzes what a tool's client and `imp shell` read from their socket: frames in sequence, and START's arguments. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "cli/shell_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void start(struct bytes body)
{
    static char *argv[SHELL_ARGUMENTS_MAX + 1];
    static uint8_t again[SHELL_BODY_MAX];
    uint8_t bits;
    int argc;
    uint8_t *copy = memory_take(body.length); /* exactly as large, so that a step too far is seen */
    memcpy(copy, body.data, body.length);
    if (shell_start_parse((struct bytes){copy, body.length}, &bits, &argc, argv) == 0) {
        struct writer w = writer_of(again, sizeof(again));
        assert(shell_start_build(&w, bits, argc, argv));
        assert(w.at == body.length && memcmp(again, copy, w.at) == 0);
    }
    memory_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum shell_message type;
    struct bytes body;
    int used;
    if (size <= SHELL_BODY_MAX)
        start((struct bytes){data, size});
    for (; (used = shell_message_parse(data, size, &type, &body)) > 0; data += used, size -= (size_t)used) {
        assert((size_t)used <= size && body.length == (size_t)used - SHELL_HEADER_BYTES);
        if (type == SHELL_START)
            start(body);
    }
    return 0;
}
