/* Fuzzes the HTTP/1.1 response parser: whole and in pieces, the same bytes must give the same events, body and error. */
#include <assert.h>

#include "application/http/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The messages of `data`, fed in pieces of `step` bytes, as one number that stands for everything they held. */
static uint64_t digest_of(const uint8_t *data, size_t size, size_t step)
{
    struct http1_parser parser;
    uint64_t digest = 14695981039346656037u;
    size_t at = 0;
    http1_init(&parser, true);
    for (;;) {
        size_t n = size - at < step ? size - at : step, consumed;
        struct bytes piece;
        enum http1_event event = http1_parse(&parser, data + at, n, &consumed, &piece);
        assert(consumed <= n && piece.length <= consumed);
        at += consumed;
        for (size_t i = 0; i < piece.length; i++)
            digest = (digest ^ piece.data[i]) * 1099511628211u;
        if (event == HTTP1_HEAD)
            digest = (digest ^ parser.head.fields.count ^ parser.head.status ^ (uint64_t)parser.head.method) * 1099511628211u;
        else if (event == HTTP1_END)
            http1_next(&parser);
        else if (event == HTTP1_ERROR)
            digest = (digest ^ parser.status) * 1099511628211u;
        if (event == HTTP1_ERROR || (event == HTTP1_MORE && at == size))
            break;
    }
    digest ^= http1_parse_eof(&parser);
    http1_free(&parser);
    return digest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = digest_of(data, size, size + 1);
    assert(whole == digest_of(data, size, 1));
    assert(whole == digest_of(data, size, 13));
    return 0;
}
