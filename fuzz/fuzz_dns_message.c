/* DNS messages: any bytes may be parsed; what was parsed prints, is built again, and then means the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "application/dns/message.h"
#include "application/limits.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool records_equal(const struct dns_records *a, const struct dns_records *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct dns_record *x = &a->list[i], *y = &b->list[i];
        if (!dns_name_equal(&x->name, &y->name) || x->type != y->type || x->class != y->class || x->ttl_s != y->ttl_s ||
            x->data.length != y->data.length || memcmp(x->data.data, y->data.data, x->data.length) != 0)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct dns_message first, second;
    if (dns_message_parse(&arena, data, size, &first) == 0) {
        struct text text = {0};
        char name[DNS_NAME_TEXT_BYTES];
        for (unsigned s = 0; s < DNS_SECTIONS; s++)
            for (size_t i = 0; i < first.section[s].count; i++) {
                dns_name_print(&first.section[s].list[i].name, name);
                dns_rdata_print(first.section[s].list[i].type, first.section[s].list[i].data, &text);
            }
        text_free(&text);
        uint8_t *out = memory_take(LIMIT_DNS_MESSAGE_BYTES);
        int length = dns_message_build(&first, out, LIMIT_DNS_MESSAGE_BYTES);
        assert(length > 0);
        assert(dns_message_parse(&arena, out, (size_t)length, &second) == 0);
        for (unsigned s = 0; s < DNS_SECTIONS; s++)
            assert((second.truncated && !first.truncated) || records_equal(&first.section[s], &second.section[s]));
        assert(first.rcode == second.rcode && first.edns.present == second.edns.present);
        for (size_t capacity = 0; capacity < 600; capacity += 97) { /* short of room: an error or a sound, shorter message */
            length = dns_message_build(&first, out, capacity);
            assert(length < 0 || ((size_t)length <= capacity && dns_message_parse(&arena, out, (size_t)length, &second) == 0));
        }
        memory_free(out);
    }
    arena_free(&arena);
    return 0;
}
