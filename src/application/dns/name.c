/* Domain names.
 *
 * A name is kept as its wire bytes, since that is how it arrives, how it leaves and what its limits (63 bytes a label, 255 a name,
 * RFC 1035 section 2.3.4) are counted in. Text appears only where people are: zone files, tools, events.
 *
 * Comparing folds ASCII case and nothing else (RFC 4343); label lengths are below 64 and so are never taken for letters, which lets
 * two names be compared as runs of bytes.
 *
 * Compression (section 4.1.4): a name may end in a pointer to an earlier place in the message. A reader that follows pointers as
 * they come can be sent in circles, so each pointer must lead to before the run of labels that it ends. The places then only fall,
 * and the walk ends. A writer remembers where it wrote each label, and looks there for the longest tail of the next name.
 *
 * Left out on purpose: internationalised names (they reach us as A-labels, RFC 5890) and bit-string labels (RFC 6891 section 5
 * buried them): any label type but 00 and 11 is malformed. */
#include "application/dns/name.h"

#include <string.h>

#include "application/limits.h"
#include "base/error.h"
#include "base/memory.h"

const struct dns_name DNS_ROOT = {.length = 1, .b = {0}};

static uint8_t fold(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

static bool equal_fold(const uint8_t *a, const uint8_t *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return true;
}

/* One byte of text, an escape undone. Returns how many characters it took, 0 when the escape is malformed. */
static size_t unescape(const char *text, uint8_t *out)
{
    if (text[0] != '\\') {
        *out = (uint8_t)text[0];
        return 1;
    }
    if (text[1] < '0' || text[1] > '9') {
        *out = (uint8_t)text[1];
        return text[1] ? 2 : 0;
    }
    unsigned value = 0;
    for (int i = 1; i <= 3; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *out = (uint8_t)value;
    return value <= 255 ? 4 : 0;
}

static int append_origin(struct dns_name *name, size_t at, const struct dns_name *origin)
{
    if (at + origin->length > DNS_NAME_BYTES_MAX)
        return IMP_LIMIT;
    memcpy(name->b + at, origin->b, origin->length);
    name->length = (uint8_t)(at + origin->length);
    return 0;
}

int dns_name_parse(const char *text, const struct dns_name *origin, struct dns_name *out)
{
    struct dns_name name = {0};
    size_t at = 1, label = 0; /* `label`: where the present label's length byte is */
    if (!origin)
        origin = &DNS_ROOT;
    if (strcmp(text, ".") == 0 || strcmp(text, "@") == 0) {
        *out = text[0] == '.' ? DNS_ROOT : *origin;
        return 0;
    }
    while (*text) {
        if (*text == '.') {
            if (at == label + 1)
                return IMP_MALFORMED; /* an empty label */
            name.b[label] = (uint8_t)(at - label - 1);
            label = at++;
            text++;
            if (label >= DNS_NAME_BYTES_MAX)
                return IMP_LIMIT;
            continue;
        }
        uint8_t byte = 0;
        size_t taken = unescape(text, &byte);
        if (taken == 0)
            return IMP_MALFORMED;
        if (at - label > DNS_LABEL_BYTES_MAX || at >= DNS_NAME_BYTES_MAX)
            return IMP_LIMIT;
        name.b[at++] = byte;
        text += taken;
    }
    if (at == 1)
        return IMP_MALFORMED; /* an empty string */
    int error;
    if (at == label + 1) { /* it ended with a dot */
        error = append_origin(&name, label, &DNS_ROOT);
    } else {
        name.b[label] = (uint8_t)(at - label - 1);
        error = append_origin(&name, at, origin);
    }
    if (!error)
        *out = name;
    return error;
}

char *dns_name_print(const struct dns_name *name, char *out)
{
    char *p = out;
    if (name->length == 1)
        *p++ = '.';
    for (size_t at = 0; name->b[at];) {
        for (size_t n = name->b[at++]; n > 0; n--) {
            uint8_t c = name->b[at++];
            if (c <= ' ' || c >= 127) {
                *p++ = '\\';
                *p++ = (char)('0' + c / 100);
                *p++ = (char)('0' + c / 10 % 10);
                *p++ = (char)('0' + c % 10);
            } else {
                if (strchr(".\\\"();@$", c))
                    *p++ = '\\';
                *p++ = (char)c;
            }
        }
        *p++ = '.';
    }
    *p = '\0';
    return out;
}

char *dns_name_print_plain(const struct dns_name *name, char *out)
{
    dns_name_print(name, out);
    size_t length = strlen(out);
    if (length > 1)
        out[length - 1] = '\0';
    return out;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
    return a->length == b->length && equal_fold(a->b, b->b, a->length);
}

unsigned dns_name_labels(const struct dns_name *name)
{
    unsigned labels = 0;
    for (size_t at = 0; name->b[at]; at += name->b[at] + 1u)
        labels++;
    return labels;
}

/* Where the last `labels` labels begin. */
static size_t suffix_at(const struct dns_name *name, unsigned labels)
{
    unsigned have = dns_name_labels(name);
    size_t at = 0;
    for (; have > labels; have--)
        at += name->b[at] + 1u;
    return at;
}

struct dns_name dns_name_suffix(const struct dns_name *name, unsigned labels)
{
    size_t at = suffix_at(name, labels);
    struct dns_name out = {.length = (uint8_t)(name->length - at)};
    memcpy(out.b, name->b + at, out.length);
    return out;
}

struct dns_name dns_name_parent(const struct dns_name *name)
{
    unsigned labels = dns_name_labels(name);
    return dns_name_suffix(name, labels ? labels - 1 : 0);
}

bool dns_name_within(const struct dns_name *name, const struct dns_name *ancestor)
{
    if (name->length < ancestor->length)
        return false;
    size_t at = suffix_at(name, dns_name_labels(ancestor));
    return name->length - at == ancestor->length && equal_fold(name->b + at, ancestor->b, ancestor->length);
}

static int label_compare(const uint8_t *a, const uint8_t *b)
{
    for (unsigned i = 1; i <= a[0] && i <= b[0]; i++)
        if (fold(a[i]) != fold(b[i]))
            return fold(a[i]) < fold(b[i]) ? -1 : 1;
    return a[0] == b[0] ? 0 : a[0] < b[0] ? -1 : 1;
}

int dns_name_compare(const struct dns_name *a, const struct dns_name *b)
{
    unsigned a_labels = dns_name_labels(a), b_labels = dns_name_labels(b);
    for (unsigned i = 1; i <= a_labels && i <= b_labels; i++) {
        int order = label_compare(a->b + suffix_at(a, i), b->b + suffix_at(b, i));
        if (order)
            return order;
    }
    return a_labels == b_labels ? 0 : a_labels < b_labels ? -1 : 1;
}

struct dns_name dns_name_fold(const struct dns_name *name)
{
    struct dns_name out = {.length = name->length};
    for (size_t i = 0; i < name->length; i++)
        out.b[i] = fold(name->b[i]);
    return out;
}

int dns_name_child(const struct dns_name *parent, const char *label, struct dns_name *out)
{
    struct dns_name name = {0};
    size_t length = strlen(label);
    if (length == 0 || length > DNS_LABEL_BYTES_MAX)
        return IMP_LIMIT;
    name.b[0] = (uint8_t)length;
    memcpy(name.b + 1, label, length);
    int error = append_origin(&name, length + 1, parent);
    if (!error)
        *out = name;
    return error;
}

bool dns_name_is_wildcard(const struct dns_name *name) { return name->b[0] == 1 && name->b[1] == '*'; }

int dns_name_read(struct reader *message, struct dns_name *out)
{
    struct reader r = *message; /* walks; `message` itself moves only past the name's own bytes */
    struct dns_name name = {0};
    size_t length = 0, run = r.at; /* `run`: where the present run of labels began */
    unsigned pointers = 0;
    for (;;) {
        size_t here = r.at;
        uint8_t first = reader_u8(&r);
        if (r.failed)
            break;
        if ((first & 0xc0) == 0xc0) {
            size_t target = (size_t)(first & 0x3f) << 8 | reader_u8(&r);
            if (r.failed || target >= run || ++pointers > LIMIT_DNS_POINTERS)
                break;
            if (pointers == 1)
                message->at = here + 2;
            r.at = run = target;
            continue;
        }
        const uint8_t *label = first & 0xc0 ? NULL : reader_take(&r, first);
        if (!label || length + 1 + first > DNS_NAME_BYTES_MAX)
            break;
        name.b[length] = first;
        memcpy(name.b + length + 1, label, first);
        length += 1u + first;
        if (first == 0) {
            if (pointers == 0)
                message->at = r.at;
            name.length = (uint8_t)length;
            *out = name;
            return 0;
        }
    }
    message->failed = true;
    *out = DNS_ROOT;
    return IMP_MALFORMED;
}

/* Does the name written at `at` (by ourselves, hence sound) equal the labels at `labels`? */
static bool written_equals(const struct writer *w, size_t at, const uint8_t *labels)
{
    for (;;) {
        while (at < w->at && (w->data[at] & 0xc0) == 0xc0)
            at = (size_t)(w->data[at] & 0x3f) << 8 | w->data[at + 1];
        if (at >= w->at)
            return false; /* the very name being written */
        /* Case matters here: a pointer to the same name in another case would change what the sender spelt. */
        if (w->data[at] != labels[0] || memcmp(w->data + at, labels, labels[0] + 1u) != 0)
            return false;
        if (labels[0] == 0)
            return true;
        at += labels[0] + 1u;
        labels += labels[0] + 1u;
    }
}

void dns_name_write(struct writer *message, const struct dns_name *name, struct dns_compression *table, bool compress)
{
    for (size_t at = 0; !message->failed; at += name->b[at] + 1u) {
        const uint8_t *labels = name->b + at;
        if (labels[0] == 0) {
            writer_u8(message, 0);
            return;
        }
        for (unsigned i = 0; table && compress && i < table->count; i++)
            if (written_equals(message, table->offset[i], labels)) {
                writer_u16(message, (uint16_t)(0xc000 | table->offset[i]));
                return;
            }
        if (table && table->count < count_of(table->offset) && message->at < 0x4000)
            table->offset[table->count++] = (uint16_t)message->at;
        writer_bytes(message, labels, labels[0] + 1u);
    }
}
