#ifndef IMP_APPLICATION_DNS_NAME_H
#define IMP_APPLICATION_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/limits.h"
#include "base/bytes.h"

/* A domain name as it stands in a message, uncompressed (RFC 1035 section 3.1): labels, each behind a byte with its length, up to
 * the root's empty label. Case is kept and never matters (RFC 4343). A plain value, always absolute, always valid. */
enum { DNS_NAME_BYTES_MAX = 255, DNS_LABEL_BYTES_MAX = 63, DNS_NAME_TEXT_BYTES = 1024 };
struct dns_name {
    uint8_t length; /* of all labels with the root's, 1..255 */
    uint8_t b[DNS_NAME_BYTES_MAX];
};
extern const struct dns_name DNS_ROOT;

/* Master-file form (RFC 1035 section 5.1): "www.example." or, when it does not end with a dot, relative to `origin` (NULL: the
 * root). `\.` and `\097` stand for a byte that would otherwise mean something. "@" is the origin. IMP_MALFORMED, or IMP_LIMIT when
 * a label passes 63 bytes or the name 255. */
int dns_name_parse(const char *text, const struct dns_name *origin, struct dns_name *out);
/* The same form, absolute: "www.example.", "." for the root. `out` holds DNS_NAME_TEXT_BYTES; returns it. */
char *dns_name_print(const struct dns_name *name, char *out);
char *dns_name_print_plain(const struct dns_name *name,
                           char *out); /* without the last dot, as people write it; the root is "." */

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
int dns_name_compare(const struct dns_name *a, const struct dns_name *b); /* canonical order (RFC 4034 section 6.1): -1, 0, 1 */
bool dns_name_within(const struct dns_name *name, const struct dns_name *ancestor); /* the ancestor itself, or below it */
unsigned dns_name_labels(const struct dns_name *name);                              /* 0 for the root */
/* The last `labels` labels: suffix 1 of www.shop.example is example. All of the name when it has fewer. */
struct dns_name dns_name_suffix(const struct dns_name *name, unsigned labels);
struct dns_name dns_name_parent(const struct dns_name *name); /* the root's parent is the root */
struct dns_name dns_name_fold(const struct dns_name *name);   /* in lower case: a key */
/* label + parent, such as "*" + example. IMP_LIMIT when too long. */
int dns_name_child(const struct dns_name *parent, const char *label, struct dns_name *out);
bool dns_name_is_wildcard(const struct dns_name *name); /* its first label is "*" */

/* Reads a name at the reader's place. The reader must be over the whole message, for the pointers' sake (RFC 1035 section 4.1.4).
 * A pointer must lead strictly backwards, before the run of labels that it ends; so none can loop. Malformed: the reader fails. */
int dns_name_read(struct reader *message, struct dns_name *out);

/* Writes names, pointing to what was written before where allowed. All zero bytes is a valid empty table. The writer must start
 * at the message's first byte. */
struct dns_compression {
    uint16_t count;
    uint16_t offset[LIMIT_DNS_COMPRESSED_NAMES];
};
/* `table` NULL: uncompressed. `compress` false: the name is written in full, yet later ones may point to it. */
void dns_name_write(struct writer *message, const struct dns_name *name, struct dns_compression *table, bool compress);

#endif
