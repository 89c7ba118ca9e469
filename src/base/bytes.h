#ifndef IMP_BASE_BYTES_H
#define IMP_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Cursors for wire formats, with a sticky error: read or write a whole header, then look at `failed` once. All multi-byte
 * numbers are big-endian (network order). A failed reader gives zeros and NULLs; a failed writer writes nothing more.
 * Neither owns its memory. */
struct bytes { /* a borrowed run of bytes */
    const uint8_t *data;
    size_t length;
};
struct reader {
    const uint8_t *data;
    size_t length, at;
    bool failed;
};

static inline struct reader reader_of(const void *data, size_t length)
{
    return (struct reader){.data = data, .length = length};
}
static inline size_t reader_left(const struct reader *r) { return r->failed ? 0 : r->length - r->at; }
/* A pointer to the next n bytes, which are consumed; NULL (and failed) when there are fewer. n = 0 gives a non-NULL pointer. */
static inline const uint8_t *reader_take(struct reader *r, size_t n)
{
    if (r->failed || n > r->length - r->at) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->data + r->at;
    r->at += n;
    return p;
}
static inline void reader_skip(struct reader *r, size_t n) { (void)reader_take(r, n); }
static inline void reader_copy(struct reader *r, void *out, size_t n)
{
    const uint8_t *p = reader_take(r, n);
    if (p)
        memcpy(out, p, n);
    else
        memset(out, 0, n);
}
static inline uint8_t reader_u8(struct reader *r)
{
    const uint8_t *p = reader_take(r, 1);
    return p ? p[0] : 0;
}
static inline uint16_t reader_u16(struct reader *r)
{
    const uint8_t *p = reader_take(r, 2);
    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}
static inline uint32_t reader_u24(struct reader *r)
{
    const uint8_t *p = reader_take(r, 3);
    return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}
static inline uint32_t reader_u32(struct reader *r)
{
    const uint8_t *p = reader_take(r, 4);
    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}
static inline uint64_t reader_u64(struct reader *r)
{
    uint64_t high = reader_u32(r);
    return high << 32 | reader_u32(r);
}
static inline struct bytes reader_rest(struct reader *r) /* everything left, consumed */
{
    size_t n = reader_left(r);
    return (struct bytes){reader_take(r, n), n};
}

struct writer {
    uint8_t *data;
    size_t capacity, at;
    bool failed;
};

static inline struct writer writer_of(void *data, size_t capacity)
{
    return (struct writer){.data = data, .capacity = capacity};
}
/* Room for n bytes, to be filled by the caller; NULL (and failed) when there is less. */
static inline uint8_t *writer_take(struct writer *w, size_t n)
{
    if (w->failed || n > w->capacity - w->at) {
        w->failed = true;
        return NULL;
    }
    uint8_t *p = w->data + w->at;
    w->at += n;
    return p;
}
static inline void writer_bytes(struct writer *w, const void *data, size_t n)
{
    uint8_t *p = writer_take(w, n);
    if (p && n)
        memcpy(p, data, n);
}
static inline void writer_zeros(struct writer *w, size_t n)
{
    uint8_t *p = writer_take(w, n);
    if (p)
        memset(p, 0, n);
}
static inline void store_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void store_u32(uint8_t *p, uint32_t v)
{
    store_u16(p, (uint16_t)(v >> 16));
    store_u16(p + 2, (uint16_t)v);
}
static inline uint16_t load_u16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t load_u32(const uint8_t *p) { return (uint32_t)load_u16(p) << 16 | load_u16(p + 2); }
static inline void writer_u8(struct writer *w, uint8_t v) { writer_bytes(w, &v, 1); }
static inline void writer_u16(struct writer *w, uint16_t v)
{
    uint8_t *p = writer_take(w, 2);
    if (p)
        store_u16(p, v);
}
static inline void writer_u32(struct writer *w, uint32_t v)
{
    uint8_t *p = writer_take(w, 4);
    if (p)
        store_u32(p, v);
}
static inline void writer_u64(struct writer *w, uint64_t v)
{
    writer_u32(w, (uint32_t)(v >> 32));
    writer_u32(w, (uint32_t)v);
}
/* Overwrites two bytes that were written before, such as a length; out of range sets failed. */
static inline void writer_patch_u16(struct writer *w, size_t at, uint16_t v)
{
    if (w->at < 2 || at > w->at - 2)
        w->failed = true;
    else
        store_u16(w->data + at, v);
}

#endif
